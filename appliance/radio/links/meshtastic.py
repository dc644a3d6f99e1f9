"""A session with a real radio, through the ``meshtastic`` library (2.7), over TCP or a serial port.

The library does what follows the firmware: framing, waking the port, the handshake, the settings,
encoding what is sent. What it does badly is taken from it here, object by object:

* It tells of packets on topics that belong to the whole process, through one thread, to listeners
  it forgets, and of the radio's queue not at all. So each object hands what comes in to its own
  session instead, and two links cannot hear each other.
* ``sendData`` waits for ever while the last ``QueueStatus`` says that the queue is full. It never
  sees one here: we keep a single packet inside the radio.
* After the end of a TCP stream it connects again in silence. Here that is the end of the session.
* Its heartbeat is a chain of timers that nobody stops, every 300 s. The supervisor probes instead.
* Serial writes may come back half done without a word; here they are given time.
* A packet that cannot be read makes it print a trace. Here it is dropped.
* It keeps every node it is told of, for ever. Here it is told nothing once the greeting is over.
* It draws packet ids without looking at those it drew; radios drop a repeated one in silence.

Nothing outside this module and ``provision.py`` beside it knows the library.
"""

import contextlib
import logging
import re
import socket
import termios
import threading
from collections import deque
from collections.abc import Callable
from types import MappingProxyType
from typing import Any, Final

from meshtastic.protobuf import admin_pb2, config_pb2, mesh_pb2, portnums_pb2, telemetry_pb2
from meshtastic.serial_interface import SerialInterface
from meshtastic.stream_interface import StreamInterface
from meshtastic.tcp_interface import TCPInterface

from appliance.radio.airtime import LONGEST_FRAME, PRESETS, Preset
from appliance.radio.links.session import (
    Alive,
    LinkLost,
    Lost,
    Notice,
    Opened,
    Queue,
    Tell,
    Trouble,
    Undelivered,
    Written,
)
from appliance.radio.ports import Airtime, Heard, Radio

log = logging.getLogger(__name__)
# It reports as errors what is our daily bread; the supervisor says the same in our words.
logging.getLogger("meshtastic").setLevel(logging.CRITICAL)

PORT: Final[int] = portnums_pb2.PortNum.PRIVATE_APP
"""256: the port number on which hubs speak."""

_CONNECT_SECONDS: Final = 10.0
_HANDSHAKE_SECONDS: Final = 30
_WRITE_SECONDS: Final = 10.0
# Linux gives up on a TCP peer that acknowledges nothing for so long, and asks one for it of whom nothing was heard so
# long: a half-open connection ends, whoever waits at it, also when nobody writes. (Linux's own: after two hours.)
_UNACKNOWLEDGED_MS: Final = 60_000
_ASKED_AFTER: Final = 30
_ASKED_EACH: Final = 10

# QueueStatus.res is the firmware's ErrorCode (MeshTypes.h): these, or else a Routing.Error.
_ERRNO: Final = MappingProxyType({32: "QUEUE_FULL", 33: "NO_INTERFACES", 34: "TX_DISABLED"})
_IDS_KEPT: Final = 256
"""Packet ids that are not used again. The radio remembers our last 20, its neighbours some more."""

_SHOULD_RELEASE: Final = 35
"""ERRNO_SHOULD_RELEASE: "no error, but the packet should still be released"."""

_WAITS: Final = MappingProxyType(
    {
        "DUTY_CYCLE_LIMIT": 60.0,
        "RATE_LIMIT_EXCEEDED": 10.0,
        "QUEUE_FULL": 5.0,
        "NO_INTERFACE": 60.0,
        "NO_INTERFACES": 60.0,
        "TX_DISABLED": 60.0,
    }
)
"""Seconds to leave the radio alone after a refusal, unless it says itself how many."""

_LORA: Final = config_pb2.Config.LoRaConfig
_SLOWEST: Final = "LONG_SLOW"


_used: Final[deque[int]] = deque(maxlen=_IDS_KEPT)
_using: Final = threading.Lock()


def fresh_id(draw: Callable[[], int]) -> int:
    """An id from ``draw`` that none of the last packets of this process had, over whichever session."""
    with _using:
        while (drawn := draw()) == 0 or drawn in _used:
            pass
        _used.append(drawn)
    return drawn


def refusal_name(res: int) -> str:
    """Why a QueueStatus refuses its packet, as the radio names it; empty when it does not."""
    if res in {0, _SHOULD_RELEASE}:
        return ""
    return _ERRNO.get(res) or _routing_name(res)


def _routing_name(code: int) -> str:
    try:
        return str(mesh_pb2.Routing.Error.Name(code))
    except ValueError:
        return f"ERROR_{code}"  # newer than our library


def asked_wait(text: str) -> float:
    """Seconds that a notice asks to wait: "You can send again in 12 mins"; 0 when it asks nothing."""
    found = re.search(r"again in (\d+) ?min", text)
    return 60.0 * min(int(found[1]), 60) if found else 0.0


def preset_of(lora: Any) -> str:
    """The preset a radio is set to. Of a modem set by hand, or one newer than we are: the fastest
    preset that is no faster, so that airtime is rather over- than underestimated.
    """
    if lora.use_preset:
        named = _LORA.ModemPreset.items()
        name = next((name for name, value in named if value == lora.modem_preset), "")
        return name if name in PRESETS else _SLOWEST
    if not (lora.spread_factor and lora.bandwidth and lora.coding_rate):
        return _SLOWEST
    mine = Preset("", lora.spread_factor, lora.bandwidth * 1000, lora.coding_rate).on_air(LONGEST_FRAME)
    slower = {name: preset.on_air(LONGEST_FRAME) for name, preset in PRESETS.items()}
    return min((name for name in slower if slower[name] >= mine), key=slower.__getitem__, default=_SLOWEST)


def heard(packet: Any) -> Heard:
    """What a packet on our port says, with how it was received."""
    unmeasured = packet.rx_rssi == 0  # protobuf sends no zeros, and no radio hears that loud
    hops: int | None = None
    # Old firmware does not say where a packet began; since 2.5 it sets the bitfield as well.
    if packet.hop_start >= packet.hop_limit and (packet.hop_start or packet.decoded.HasField("bitfield")):
        hops = packet.hop_start - packet.hop_limit
    return Heard(
        packet.decoded.payload,
        snr=None if unmeasured else round(packet.rx_snr, 2),
        rssi=None if unmeasured else packet.rx_rssi,
        hops=hops,
        at_ms=packet.rx_time * 1000 or None,  # a radio that was never told the time says 0
    )


class _Hooked(StreamInterface):  # type: ignore[misc]  # the library has no types
    """The library's object with its ears and its timers taken off. Names are the library's."""

    hub_receive: Callable[[Any], None]
    hub_lost: Callable[[LinkLost], None]
    hub_cause: LinkLost | None = None
    hub_greeted = False
    hub_unreadable = 0
    failure: Exception | None

    def _handleFromRadio(self, fromRadioBytes: bytes) -> None:  # noqa: N802, N803
        try:
            message = mesh_pb2.FromRadio.FromString(fromRadioBytes)
            kind = message.WhichOneof("payload_variant")
            if not self.hub_greeted and (kind in _HANDSHAKE or not self.isConnected.is_set()):
                super()._handleFromRadio(fromRadioBytes)
            self.hub_receive(message)
        except Exception as error:  # noqa: BLE001 whatever the radio sent; the library would print a trace
            self.hub_unreadable += 1
            if self.hub_unreadable.bit_count() == 1:  # the 1st, 2nd, 4th, ...: a card wears out by writing
                log.warning(
                    "radio_unreadable bytes=%d times=%d error=%r",
                    len(fromRadioBytes),
                    self.hub_unreadable,
                    error,
                )

    def _handleLogByte(self, b: bytes) -> None:  # noqa: N802
        """Not kept: a line of noise that never ends would grow without end."""

    def _handleQueueStatusFromRadio(self, queueStatus: Any) -> None:  # noqa: N802, N803
        """Not kept: a full queue on record makes ``sendData`` and ``close`` wait for ever."""

    def _handlePacketFromRadio(self, meshPacket: Any, hack: bool = False) -> None:  # noqa: N802, N803
        """Not published."""

    def _generatePacketId(self) -> int:  # noqa: N802
        return fresh_id(super()._generatePacketId)

    def _startHeartbeat(self) -> None:  # noqa: N802
        """The supervisor probes."""

    def _disconnected(self) -> None:
        """The reader has ended, and with it this object."""
        super()._disconnected()
        cause = self.hub_cause or LinkLost(Trouble.LET_GO if self._wantExit else Trouble.FAILED)
        self._fail(cause)
        self.hub_lost(cause)

    def _fail(self, cause: LinkLost) -> None:
        """Whoever waits for the handshake, or sends, would do so for 30 s: it raises this instead."""
        self.failure = self.failure or cause
        self.isConnected.set()

    def hub_cut(self) -> None:
        """Let every wait inside the library fail."""
        self._wantExit = True
        self._fail(LinkLost(Trouble.LET_GO))


_HANDSHAKE: Final = frozenset(
    {"my_info", "node_info", "metadata", "config_complete_id", "channel", "config", "moduleConfig"}
)


class _Tcp(_Hooked, TCPInterface):  # type: ignore[misc]
    def myConnect(self) -> None:  # noqa: N802
        """The library's own has no time limit and no keepalive."""
        sock = socket.create_connection((self.hostname, self.portNumber), _CONNECT_SECONDS)
        sock.settimeout(None)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _ASKED_AFTER)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _ASKED_EACH)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNACKNOWLEDGED_MS)
        self.socket = sock

    def _readBytes(self, length: int) -> bytes | None:  # noqa: N802
        try:
            data: bytes | None = super()._readBytes(length)
        except OSError as error:
            if self.hub_cause is None:
                self.hub_cause = LinkLost(Trouble.RESET, str(error))
            raise
        return data

    def _reconnect(self) -> None:
        """The end of the stream, or a write that failed: no second life for this object."""
        if self.hub_cause is None:
            self.hub_cause = LinkLost(Trouble.CLOSED)
        raise ConnectionResetError("the stream has ended")

    def hub_cut(self) -> None:
        super().hub_cut()
        sock = self.socket
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


class _Serial(_Hooked, SerialInterface):  # type: ignore[misc]
    def _readBytes(self, length: int) -> bytes | None:  # noqa: N802
        try:
            data: bytes | None = super()._readBytes(length)
        except (OSError, TypeError, termios.error) as error:  # pyserial, when the port is closed under it
            if self.hub_cause is None:
                self.hub_cause = LinkLost(Trouble.UNPLUGGED, str(error))
            raise OSError(str(error)) from error
        if self.stream is None:
            self.hub_cause = self.hub_cause or LinkLost(Trouble.UNPLUGGED)
            raise OSError("the port was closed")  # the library would spin
        return data

    def _writeBytes(self, b: bytes) -> None:  # noqa: N802
        stream = self.stream
        if stream is not None and not stream.write_timeout:
            stream.write_timeout = _WRITE_SECONDS  # 0, as the library opens it, writes what fits and no more
        try:
            super()._writeBytes(b)
        except termios.error as error:
            raise OSError(str(error)) from error

    def hub_cut(self) -> None:
        super().hub_cut()
        stream = self.stream
        if stream is not None:
            with contextlib.suppress(OSError, TypeError, AttributeError, termios.error):
                termios.tcflush(stream.fileno(), termios.TCOFLUSH)  # frees a flush that waits for the port
                stream.cancel_write()


class MeshtasticSession:
    """One use of the library. See ``Session`` for what each method promises.

    Args:
        make: makes the library's object, not yet connected.
        channel: index of the channel to send on.
        hops: hop limit of what is sent; None takes the radio's own.
    """

    def __init__(self, make: Callable[[], Any], channel: int = 0, hops: int | None = None) -> None:
        self._make = make
        self._channel = channel
        self._hops = hops
        self._interface: Any = None
        self._tell: Tell = _nobody
        self._me = 0
        self._open = False  # written and read on the reader thread
        self._cut = False

    def open(self, tell: Tell) -> None:
        self._tell = tell
        interface = self._make()
        interface.hub_receive = self._receive
        interface.hub_lost = self._lost
        self._interface = interface
        if self._cut:
            raise LinkLost(Trouble.LET_GO)
        try:
            interface.connect()  # returns, or raises, when the handshake is over
        except LinkLost:
            raise
        except (OSError, termios.error) as error:
            raise interface.hub_cause or _unreachable(error) from error
        except interface.MeshInterfaceError as error:
            raise interface.hub_cause or LinkLost(Trouble.NO_HANDSHAKE, str(error)) from error

    def _about(self) -> tuple[Radio, Trouble | None]:
        """What the radio told of itself, and what will keep it from sending."""
        interface = self._interface
        lora = interface.localNode.localConfig.lora
        node = (interface.nodesByNum or {}).get(self._me, {})
        region = next((n for n, value in _LORA.RegionCode.items() if value == lora.region), str(lora.region))
        radio = Radio(
            preset=preset_of(lora),
            name=node.get("user", {}).get("longName", ""),
            firmware="" if interface.metadata is None else interface.metadata.firmware_version,
            region=region,
            hop_limit=lora.hop_limit if self._hops is None else self._hops,
        )
        if lora.region == _LORA.RegionCode.UNSET:
            return radio, Trouble.REGION_UNSET
        return radio, None if lora.tx_enabled else Trouble.TX_DISABLED

    def send(self, data: bytes) -> None:
        interface = self._interface
        hops = interface.localNode.localConfig.lora.hop_limit if self._hops is None else self._hops
        try:
            packet = interface.sendData(
                data,
                portNum=PORT,
                wantAck=False,
                channelIndex=self._channel,
                hopLimit=hops,
                priority=mesh_pb2.MeshPacket.Priority.DEFAULT,
            )
        except OSError as error:
            raise interface.hub_cause or LinkLost(Trouble.RESET, str(error)) from error
        self._tell(Written(packet.id))

    def set_time(self, at_ms: int) -> None:
        told = admin_pb2.AdminMessage(set_time_only=at_ms // 1000)
        try:
            # Not the library's own: without a session key it asks for one, and waits.
            self._interface.sendData(told, self._me, portNum=portnums_pb2.PortNum.ADMIN_APP)
        except OSError as error:
            raise self._interface.hub_cause or LinkLost(Trouble.RESET, str(error)) from error

    def probe(self) -> None:
        try:
            self._interface.sendHeartbeat()
        except OSError as error:
            raise self._interface.hub_cause or LinkLost(Trouble.RESET, str(error)) from error

    def close(self) -> None:
        if self._interface is not None:
            self._interface.queueStatus = None  # or what is left of its queue holds up the goodbye
            try:
                self._interface.close()
            finally:
                self._interface.hub_cut()  # a port that fails on goodbye must still be let go by its reader

    def cut(self) -> None:
        self._cut = True
        if self._interface is not None:
            self._interface.hub_cut()

    # -------------------------------------------------------------- on the library's reader thread

    def _lost(self, cause: LinkLost) -> None:
        self._tell(Lost(cause.trouble, cause.detail))

    def _opened(self) -> None:
        """The radio has told everything. On this thread, so nothing that follows comes before it."""
        interface = self._interface
        if interface.myInfo is None:
            self._tell(Lost(Trouble.NO_HANDSHAKE, "the radio did not say who it is"))
            return
        self._me = interface.myInfo.my_node_num
        self._open = interface.hub_greeted = True
        self._tell(Opened(*self._about()))
        metrics = (interface.nodesByNum or {}).get(self._me, {}).get("deviceMetrics", {})
        if "channelUtilization" in metrics or "airUtilTx" in metrics:
            self._tell(_airtime(metrics.get("channelUtilization", 0.0), metrics.get("airUtilTx", 0.0)))

    def _receive(self, message: Any) -> None:
        kind = message.WhichOneof("payload_variant")
        if not self._open:
            if kind == "config_complete_id" and self._interface.isConnected.is_set():
                self._opened()
            return
        match kind:
            case "packet":
                self._packet(message.packet)
            case "queueStatus":
                status = message.queueStatus
                refusal = refusal_name(status.res)
                waiting = max(0, status.maxlen - status.free)
                self._tell(Queue(status.mesh_packet_id, waiting, refusal, _WAITS.get(refusal, 0.0)))
            case "clientNotification":
                text = message.clientNotification.message
                self._tell(Notice(text, asked_wait(text)))
            case "rebooted" if message.rebooted:
                self._tell(Lost(Trouble.REBOOTED))
            case _:
                self._tell(Alive())

    def _packet(self, packet: Any) -> None:
        sender = getattr(packet, "from")
        decoded = packet.decoded
        if not packet.HasField("decoded"):
            self._tell(Alive())  # of a channel that is not ours
        elif decoded.portnum == PORT and sender not in {0, self._me}:
            self._tell(heard(packet))
        elif decoded.portnum == portnums_pb2.PortNum.ROUTING_APP and decoded.request_id:
            self._routing(decoded)
        elif decoded.portnum == portnums_pb2.PortNum.TELEMETRY_APP and sender == self._me:
            self._telemetry(decoded.payload)
        else:
            self._tell(Alive())

    def _routing(self, decoded: Any) -> None:
        code = mesh_pb2.Routing.FromString(decoded.payload).error_reason
        if code == mesh_pb2.Routing.Error.NONE:
            self._tell(Alive())
        else:
            reason = _routing_name(code)
            self._tell(Undelivered(decoded.request_id, reason, _WAITS.get(reason, 0.0)))

    def _telemetry(self, payload: bytes) -> None:
        told = telemetry_pb2.Telemetry.FromString(payload)
        if told.HasField("device_metrics"):
            metrics = told.device_metrics
            self._tell(_airtime(metrics.channel_utilization, metrics.air_util_tx))
        else:
            self._tell(Alive())


def _airtime(channel_percent: float, own_percent: float) -> Airtime:
    return Airtime(min(channel_percent / 100, 1.0), min(own_percent / 100, 1.0))


def _nobody(_told: object) -> None:
    """Before ``open`` nobody listens."""


def _unreachable(error: Exception) -> LinkLost:
    busy = "exclusively lock" in str(error)
    return LinkLost(Trouble.PORT_BUSY if busy else Trouble.UNREACHABLE, str(error))


def make_tcp(host: str, port: int) -> Callable[[], Any]:
    """What makes the library's object for the radio that listens there, not yet connected."""
    return lambda: _Tcp(host, portNumber=port, connectNow=False, noNodes=True, timeout=_HANDSHAKE_SECONDS)


def make_serial(path: str) -> Callable[[], Any]:
    """The same for the radio at a serial port."""
    return lambda: _Serial(path, connectNow=False, noNodes=True, timeout=_HANDSHAKE_SECONDS)


def over_tcp(host: str, port: int, channel: int = 0, hops: int | None = None) -> MeshtasticSession:
    """A session with the radio that listens there."""
    return MeshtasticSession(make_tcp(host, port), channel, hops)


def over_serial(path: str, channel: int = 0, hops: int | None = None) -> MeshtasticSession:
    """A session with the radio at this serial port; take a name that stays, ``/dev/serial/by-id/...``."""
    return MeshtasticSession(make_serial(path), channel, hops)
