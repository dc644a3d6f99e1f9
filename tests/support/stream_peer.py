"""The far end of a Meshtastic client's stream, kept small and rude: for what a well-made node never does.

It shakes hands, takes packets and answers for its queue, over TCP or a pty, with the library's own
protobufs; and on demand it closes, resets, unplugs, falls silent, talks garbage, or stops in the
middle of the handshake. ``appliance/radio/emulated`` is the well-made one.
"""

import contextlib
import os
import select
import socket
import struct
import threading
import tty
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from meshtastic.protobuf import config_pb2, mesh_pb2, portnums_pb2, telemetry_pb2

ME: Final = 0x0A11CE01
BOB: Final = 0x0B0B0002
HUB_PORT: Final = 256
QUEUE_LENGTH: Final = 16

LORA: Final = config_pb2.Config.LoRaConfig


def lora(**fields: Any) -> Any:
    """Settings of a radio that may send, on the quickest preset."""
    settings = {
        "use_preset": True,
        "modem_preset": LORA.ModemPreset.SHORT_TURBO,
        "region": LORA.RegionCode.EU_868,
        "hop_limit": 2,
        "tx_enabled": True,
    }
    return LORA(**(settings | fields))


class _Wire:
    """Bytes in and out. Nobody blocks in it, so that an end or a reset takes effect at once."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._over = threading.Event()

    def read(self) -> bytes:
        while not self._over.is_set():
            if select.select([self._fd], [], [], 0.02)[0]:
                return os.read(self._fd, 4096)
        return b""

    def write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._fd, data) :]

    def end(self) -> None:
        """The reader will finish it."""
        self._over.set()

    def reset(self) -> None:
        self.end()

    def finish(self) -> None:
        """Called by the reader, once."""


class _Socket(_Wire):
    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock.fileno())
        self._sock = sock

    def reset(self) -> None:
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.end()

    def finish(self) -> None:
        self._sock.close()


class StreamPeer:
    """A node of a kind. Change its attributes to make it rude; everything is safe from the test's thread.

    Attributes:
        settings: the LoRa settings it tells in the handshake.
        answers: whether it says what became of packets.
        probed: whether it answers heartbeats.
        res: what it answers a packet with; 0 takes it.
        waiting: how many packets it claims to hold.
        handshake_stops: after how many messages it says no more; None for never.
        on_stop: what it does then.
        noise: what comes over the line before each message of the handshake.
        packets: what it was given.
    """

    def __init__(self) -> None:
        self.settings = lora()
        self.metrics: tuple[float, float] | None = None
        self.answers = True
        self.probed = True
        self.res = 0
        self.waiting = 0
        self.handshake_stops: int | None = None
        self.on_stop: Callable[[], None] = lambda: None
        self.before_answer: Callable[[int], None] = lambda _packet: None
        self.noise: Callable[[], bytes] = lambda: b""
        self.packets: list[Any] = []
        self.connections = 0
        self.heartbeats = 0
        self.taken = threading.Event()  # set whenever a packet comes
        self.setting = ""
        self._wire: _Wire | None = None
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()

    # ------------------------------------------------------------------------------- what it says

    def say(self, **fields: Any) -> None:
        """One FromRadio to whoever is connected."""
        message = mesh_pb2.FromRadio(**fields).SerializeToString()
        self.raw(b"\x94\xc3" + struct.pack(">H", len(message)) + message)

    def raw(self, data: bytes) -> None:
        with self._lock:
            if self._wire is not None:
                self._wire.write(data)

    def hear(self, data: bytes, sender: int = BOB, port: int = HUB_PORT, **fields: Any) -> None:
        """A packet that came in by radio."""
        packet = mesh_pb2.MeshPacket(
            to=0xFFFFFFFF, id=7, rx_snr=6.25, rx_rssi=-80, hop_limit=1, hop_start=2, **fields
        )
        setattr(packet, "from", sender)
        packet.decoded.portnum = port
        packet.decoded.payload = data
        self.say(packet=packet)

    def measure(self, channel: float, own: float, sender: int = ME) -> None:
        """Device metrics, in percent, as a node tells its client every minute."""
        told = telemetry_pb2.Telemetry()
        told.device_metrics.channel_utilization = channel
        told.device_metrics.air_util_tx = own
        self.hear(told.SerializeToString(), sender, portnums_pb2.PortNum.TELEMETRY_APP)

    def nak(self, packet: int, reason: str) -> None:
        """A routing error about one of the client's packets."""
        routing = mesh_pb2.Routing(error_reason=mesh_pb2.Routing.Error.Value(reason))
        message = mesh_pb2.MeshPacket(to=ME)
        setattr(message, "from", ME)
        message.decoded.portnum = portnums_pb2.PortNum.ROUTING_APP
        message.decoded.payload = routing.SerializeToString()
        message.decoded.request_id = packet
        self.say(packet=message)

    def status(self, packet: int, res: int = 0) -> None:
        """Its word on its queue."""
        free = QUEUE_LENGTH - self.waiting
        self.say(
            queueStatus=mesh_pb2.QueueStatus(res=res, free=free, maxlen=QUEUE_LENGTH, mesh_packet_id=packet)
        )

    def fin(self) -> None:
        """End the connection in peace."""
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.end()

    def rst(self) -> None:
        """Break it."""
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.reset()

    # ------------------------------------------------------------------------------ what it hears

    def _serve(self, wire: _Wire) -> None:
        self.connections += 1
        old, self._wire = self._wire, wire
        if old is not None:
            old.end()  # one client at a time, as the firmware
        pending = b""
        with contextlib.suppress(OSError):
            while data := wire.read():
                pending += data
                while (start := pending.find(b"\x94\xc3")) >= 0 and len(pending) >= start + 4:
                    (length,) = struct.unpack(">H", pending[start + 2 : start + 4])
                    if len(pending) < start + 4 + length:
                        break
                    message = mesh_pb2.ToRadio.FromString(pending[start + 4 : start + 4 + length])
                    pending = pending[start + 4 + length :]
                    self._understand(message)
        wire.finish()

    def _understand(self, message: Any) -> None:
        match message.WhichOneof("payload_variant"):
            case "want_config_id":
                self._handshake(message.want_config_id)
            case "packet":
                self.packets.append(message.packet)
                self.taken.set()
                if self.answers:
                    self.before_answer(message.packet.id)
                    self.status(message.packet.id, self.res)
            case "heartbeat":
                self.heartbeats += 1
                if self.probed:
                    self.status(0)

    def _handshake(self, nonce: int) -> None:
        node = mesh_pb2.NodeInfo(num=ME, user=mesh_pb2.User(id=f"!{ME:08x}", long_name="River"))
        if self.metrics is not None:
            node.device_metrics.channel_utilization, node.device_metrics.air_util_tx = self.metrics
        messages: list[dict[str, Any]] = [
            {"my_info": mesh_pb2.MyNodeInfo(my_node_num=ME)},
            {"node_info": node},
            {"metadata": mesh_pb2.DeviceMetadata(firmware_version="2.7.26.54e0d8d")},
            {"config": config_pb2.Config(lora=self.settings)},
            {"config_complete_id": nonce},
        ]
        for number, message in enumerate(messages):
            self.raw(self.noise())
            if number == self.handshake_stops:
                self.on_stop()
                return
            self.say(**message)

    def _thread(self, target: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, name="stream peer")
        self._threads.append(thread)
        thread.start()

    def _join(self) -> None:
        self.fin()
        for thread in self._threads:
            thread.join(10)


class TcpPeer(StreamPeer):
    """At a port of loopback."""

    def __init__(self) -> None:
        super().__init__()
        self._listener: socket.socket | None = None
        self._port = 0
        self.listen()

    def listen(self) -> None:
        """Be there (again), at the same address."""
        listener = socket.create_server(("127.0.0.1", self._port))
        self._port = listener.getsockname()[1]
        self.setting = f"tcp://127.0.0.1:{self._port}"
        self._listener = listener
        self._thread(self._accept, listener)

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError), listener:
            while True:
                sock, _ = listener.accept()
                self._thread(self._serve, _Socket(sock))

    def leave(self) -> None:
        """Take no new connection; ``fin`` or ``rst`` ends the one there is."""
        listener, self._listener = self._listener, None
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)


class PtyPeer(StreamPeer):
    """Behind a serial port that a link holds by a name which stays, as under ``/dev/serial/by-id``."""

    def __init__(self, name: Path) -> None:
        super().__init__()
        self._name = name
        self.setting = f"serial:{self._name}"
        self.plug()

    def plug(self) -> None:
        """Appear, under whatever number the kernel gives."""
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self._name.symlink_to(os.ttyname(self._slave))
        self._thread(self._serve, _Wire(self._master))

    def unplug(self) -> None:
        """Go away under whoever holds the port."""
        self._name.unlink()
        self.fin()
        self._threads[-1].join(10)
        os.close(self._slave)
        os.close(self._master)


@contextlib.contextmanager
def tcp_peer() -> Iterator[TcpPeer]:
    peer = TcpPeer()
    try:
        yield peer
    finally:
        peer.leave()
        peer._join()


@contextlib.contextmanager
def pty_peer(name: Path) -> Iterator[PtyPeer]:
    peer = PtyPeer(name)
    try:
        yield peer
    finally:
        if name.is_symlink():
            peer.unplug()
        peer._join()
