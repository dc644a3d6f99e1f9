"""Radios to torment: the rude peers and the emulated node, as benches of the contract."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from appliance.ledger.clock import SystemClock
from appliance.radio.emulated.background import BackgroundNode, emulated_ether, emulated_node
from appliance.radio.emulated.ether import Conditions
from appliance.radio.emulated.faults import Fault
from appliance.radio.emulated.settings import Setup
from appliance.radio.links.open import open_link
from appliance.radio.links.session import Patience
from appliance.radio.ports import Heard, Link
from tests.radio.links.contract import is_up, until
from tests.support.stream_peer import PtyPeer, TcpPeer, pty_peer, tcp_peer

# As in the village, but for the waits between tries.
BRISK = Patience(first_back_off=0.05, last_back_off=0.5, look=0.02, look_most=0.1)


def link_to(setting: str, patience: Patience = BRISK, hops: int | None = None) -> Link:
    return open_link(setting, SystemClock(), patience=patience, hops=hops)


class TcpBench:
    def __init__(self, peer: TcpPeer) -> None:
        self.peer = peer

    def link(self) -> Link:
        return link_to(self.peer.setting)

    def lost_link(self) -> Link:
        self.peer.leave()
        return link_to(self.peer.setting)

    def hear(self, data: bytes) -> None:
        self.peer.hear(data)

    def sent(self) -> list[bytes]:
        return [packet.decoded.payload for packet in self.peer.packets]

    def go(self) -> None:
        self.peer.leave()
        self.peer.fin()

    def come(self) -> None:
        self.peer.listen()


class PtyBench:
    def __init__(self, peer: PtyPeer) -> None:
        self.peer = peer

    def link(self) -> Link:
        return link_to(self.peer.setting)

    def lost_link(self) -> Link:
        return link_to("serial:/dev/serial/by-id/no-such-radio")

    def hear(self, data: bytes) -> None:
        self.peer.hear(data)

    def sent(self) -> list[bytes]:
        return [packet.decoded.payload for packet in self.peer.packets]

    def go(self) -> None:
        self.peer.unplug()

    def come(self) -> None:
        self.peer.plug()


class NodeBench:
    """The emulated node of River on an ether where Hill has one too."""

    AWAY = 0.6

    def __init__(self, node: BackgroundNode, hill: Link, setting: str) -> None:
        self.node = node
        self.hill = hill
        self.setting = setting
        self._sent: list[bytes] = []

    def link(self) -> Link:
        return link_to(self.setting)

    def lost_link(self) -> Link:
        if self.setting.startswith("serial:"):
            return link_to("serial:/dev/serial/by-id/no-such-radio")
        with socket.create_server(("127.0.0.1", 0)) as nobody:
            port = nobody.getsockname()[1]
        return link_to(f"tcp://127.0.0.1:{port}")

    def hear(self, data: bytes) -> None:
        while not self.hill.ready():
            self.hill.wait(1)
            self._take_in()
        self.hill.send(data)

    def sent(self) -> list[bytes]:
        while True:
            self.hill.wait(0.3)
            if not self._take_in():
                return self._sent

    def _take_in(self) -> bool:
        events = self.hill.poll()
        self._sent += [event.data for event in events if isinstance(event, Heard)]
        return bool(events)

    def go(self) -> None:
        """Pulled out; it comes back by itself, as faults with a duration do."""
        self.node.fault(Fault.UNPLUG, self.AWAY)
        while self._is_there():
            threading.Event().wait(0.01)

    def _is_there(self) -> bool:
        if self.node.pty is not None:
            return self.node.pty.is_symlink()
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", self.node.tcp_port))
            except OSError:
                return True
        return False

    def come(self) -> None:
        """It does."""


@contextlib.contextmanager
def node_bench(pty: Path | None = None, setup: Setup | None = None) -> Iterator[NodeBench]:
    setup = setup or Setup("River", preset="SHORT_TURBO", relays=False)
    tcp = 0 if pty is None else None
    with (
        emulated_ether(Conditions(preset=setup.preset), speed=10) as ether,
        emulated_node(ether.port, setup, tcp=tcp, pty=pty, seed=1) as node,
        emulated_node(ether.port, replace(setup, name="Hill", number=0), tcp=0, seed=2) as other,
    ):
        hill = link_to(f"tcp://127.0.0.1:{other.tcp_port}")
        hill.start()
        until(hill, is_up)
        try:
            yield NodeBench(node, hill, f"serial:{pty}" if pty else f"tcp://127.0.0.1:{node.tcp_port}")
        finally:
            hill.close()


@contextlib.contextmanager
def tcp_bench() -> Iterator[TcpBench]:
    with tcp_peer() as peer:
        yield TcpBench(peer)


@contextlib.contextmanager
def pty_bench(folder: Path) -> Iterator[PtyBench]:
    with pty_peer(folder / "radio") as peer:
        yield PtyBench(peer)
