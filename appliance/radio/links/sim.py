"""A link straight onto the emulated ether: ``sim://HOST:PORT`` or ``sim://HOST:PORT/NAME``.

No node stands between, so this is the shortest way to try the engine over lossy air; what a node
adds (its handshake, its queues, its refusals) is left out. The packets are those of a node, so
hubs on links of both kinds hear each other.

One thread reads and reconnects; ``send`` writes from the caller's thread. A packet goes out only
on the connection whose ``Changed(UP)`` has been polled: otherwise an answer to it could not be
told from one to the packet before.

A lost ether is looked for again after 1 s, then 2, up to 60; from 1 again once a connection has
lasted until the ether's next sign of life. It is told once that the link is down, not at each try.
"""

import logging
import random
import socket
import threading
from collections import deque
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from appliance.radio.airtime import LONGEST_PAYLOAD
from appliance.radio.emulated.packet import (
    BROADCAST,
    DEFAULT_KEY,
    PRIVATE_APP,
    BadMessage,
    Messages,
    Packet,
    channel_hash,
    encode_message,
    preset_channel,
)
from appliance.radio.links.session import LinkLost, Patience, Trouble
from appliance.radio.ports import Airtime, Changed, Heard, LinkEvent, LinkState, Radio, Refused, Sent

log = logging.getLogger(__name__)

SILENCE: Final = 15.0
"""Seconds without a word from the ether, which speaks every three, until the link counts as down."""

_CONNECT_PATIENCE: Final = 5.0


def parse(url: str) -> tuple[str, int, str]:
    """Host, port and station name of a ``sim://`` address.

    Raises:
        ValueError: it is none.
    """
    parts = urlsplit(url)
    if parts.scheme != "sim" or not parts.hostname or not parts.port:
        raise ValueError(f"not an address of an emulated ether: {url!r}; it looks like sim://127.0.0.1:4600")
    return parts.hostname, parts.port, unquote(parts.path.strip("/"))


class SimLink:
    """A ``Link`` (``appliance/radio/ports.py``) that is itself a station of an emulated ether."""

    def __init__(self, host: str, port: int, name: str = "", patience: Patience | None = None) -> None:
        self._address = (host, port)
        self._patience = patience or Patience()
        self._pause = self._patience.first_back_off
        self._down = ""  # why, when it was told that the link is down
        # Not seeded: two links that draw the same number would take each other's place.
        draw = random.SystemRandom()
        self._number = draw.randrange(1 << 16, BROADCAST)
        self._ident = draw.randrange(1 << 32)
        self._name = name or f"sim-{self._number:08x}"
        self._lock = threading.Condition()
        self._events: deque[tuple[int, LinkEvent]] = deque()
        self._connection = 0
        self._socket: socket.socket | None = None
        self._polled = 0
        self._state = LinkState.NONE
        self._inside = False
        self._welcomed = False  # on this connection
        self._radio: Radio | None = None
        self._channel = 0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sim link", daemon=True)

    @classmethod
    def at(cls, url: str, patience: Patience | None = None) -> "SimLink":
        """The link for a ``sim://`` address. Of ``patience`` only the back-off counts.

        Raises:
            ValueError: it is none.
        """
        return cls(*parse(url), patience)

    # ------------------------------------------------------------------------ Link

    def start(self) -> None:
        self._thread.start()

    def ready(self) -> bool:
        with self._lock:
            return self._could_send()

    def send(self, data: bytes) -> None:
        if len(data) > LONGEST_PAYLOAD:
            raise ValueError(f"{len(data)} bytes; a packet carries {LONGEST_PAYLOAD}")
        with self._lock:
            if not self._could_send():
                raise RuntimeError("the link is not ready")
            self._inside = True
            if self._polled != self._connection or self._socket is None:
                return  # that connection is gone; its end waits to be polled
            self._ident = (self._ident + 1) % (1 << 32)
            packet = Packet(self._number, BROADCAST, self._ident, 0, 0, PRIVATE_APP, data, self._channel)
            sock = self._socket
        try:
            sock.sendall(encode_message("send", packet.pack(), packet.length))
        except OSError:
            self._hang_up(sock)

    def poll(self) -> Sequence[LinkEvent]:
        with self._lock:
            events = []
            while self._events:
                connection, event = self._events.popleft()
                if isinstance(event, Changed):
                    self._state, self._polled = event.state, connection
                if isinstance(event, Changed | Sent | Refused):
                    self._inside = False
                events.append(event)
            return events

    def wait(self, seconds: float) -> None:
        with self._lock:
            self._lock.wait_for(lambda: self._events or self._closing.is_set(), timeout=seconds)

    def set_time(self, at_ms: int) -> None:
        """There is no node in between that keeps a time."""

    def radio(self) -> Radio | None:
        return self._radio

    def close(self) -> None:
        self._closing.set()
        with self._lock:
            self._lock.notify_all()
            sock = self._socket
        if sock is not None:
            self._hang_up(sock)
        if self._thread.is_alive():
            self._thread.join(_CONNECT_PATIENCE + 1)

    def _could_send(self) -> bool:
        return self._state is LinkState.UP and not self._inside and not self._closing.is_set()

    # ------------------------------------------------------------------------ the thread

    @staticmethod
    def _hang_up(sock: socket.socket) -> None:
        # Wakes the thread in recv, which then closes the socket: nobody else does.
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError as error:
            log.debug("sim_link_already_down reason=%s", error)

    def _happened(self, *events: LinkEvent) -> None:
        with self._lock:
            self._events.extend((self._connection, event) for event in events)
            self._lock.notify_all()

    def _run(self) -> None:
        self._happened(Changed(LinkState.CONNECTING))
        while not self._closing.is_set():
            try:
                self._connect()
            except LinkLost as lost:
                self._lost(lost.trouble, lost.detail)
            self._closing.wait(self._pause)
            self._pause = min(2 * self._pause, self._patience.last_back_off)

    def _lost(self, trouble: Trouble, detail: str) -> None:
        with self._lock:
            self._socket = None
        if self._closing.is_set():
            trouble = Trouble.LET_GO
        if trouble == self._down:
            log.debug("link_lost radio=sim again_s=%.1f detail=%r", self._pause, detail)
            return
        self._down = trouble
        if trouble is not Trouble.LET_GO:
            log.warning(
                "link_lost radio=sim reason=%s again_s=%.1f detail=%r", trouble.value, self._pause, detail
            )
        self._happened(Changed(LinkState.DOWN, trouble))

    def _connect(self) -> None:
        """One connection from its beginning to its end.

        Raises:
            LinkLost: always; why it ended, or why there was none.
        """
        try:
            sock = socket.create_connection(self._address, timeout=_CONNECT_PATIENCE)
        except OSError as error:
            raise LinkLost(Trouble.UNREACHABLE, str(error)) from error
        with sock:
            with self._lock:
                self._connection += 1
                self._socket = sock
            try:
                self._converse(sock)
            except (OSError, BadMessage) as error:
                why = Trouble.SILENT if isinstance(error, TimeoutError) else Trouble.RESET
                if isinstance(error, BadMessage):
                    why = Trouble.FAILED
                raise LinkLost(why if self._welcomed else Trouble.NO_HANDSHAKE, str(error)) from error
            raise LinkLost(Trouble.CLOSED if self._welcomed else Trouble.NO_HANDSHAKE, "the ether hung up")

    def _converse(self, sock: socket.socket) -> None:
        """Join and listen until the other side hangs up."""
        self._welcomed = False
        sock.settimeout(SILENCE)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(encode_message("join", self._name))
        messages = Messages()
        while not self._closing.is_set():
            data = sock.recv(4096)
            if not data:
                return
            for message in messages.feed(data):
                if message[0] == "welcome":
                    self._welcome(message)
                else:
                    self._understand(message)

    def _welcome(self, message: list[Any]) -> None:
        match message:
            case ["welcome", str(preset), int() | float()]:
                self._radio = Radio(preset=preset, name=self._name, firmware="emulated ether")
                # The channel of a node that nobody has set: or none would read us.
                self._channel = channel_hash(preset_channel(preset), DEFAULT_KEY)
                if not self._welcomed:
                    self._welcomed, self._down = True, ""
                    self._happened(Changed(LinkState.UP))
            case _:
                raise BadMessage("not a welcome")

    def _understand(self, message: list[Any]) -> None:
        match message:
            case ["left", *_]:
                self._happened(Sent())
            case ["refused", str(why)]:
                self._happened(Refused(why))
            case ["heard", bytes(data), int() | float() as snr, int(rssi)]:
                try:
                    packet = Packet.unpack(data)
                except BadMessage as error:
                    log.debug("sim_link_not_a_packet reason=%s", error)
                    return
                if packet.port == PRIVATE_APP and packet.to == BROADCAST and packet.sender != self._number:
                    hops = packet.hop_start - packet.hop_limit
                    self._happened(Heard(packet.payload, float(snr), rssi, hops))
            case ["air", int() | float() as channel, int() | float() as own]:
                self._pause = self._patience.first_back_off
                self._happened(Airtime(float(channel), float(own)))
            case _:
                log.debug("sim_link_unknown_message name=%.20s", message[0])
