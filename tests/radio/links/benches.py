"""Radios to torment: the rude peers as benches of the contract."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from appliance.ledger.clock import SystemClock
from appliance.radio.links.open import open_link
from appliance.radio.links.session import Patience
from appliance.radio.ports import Link
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


@contextlib.contextmanager
def tcp_bench() -> Iterator[TcpBench]:
    with tcp_peer() as peer:
        yield TcpBench(peer)


@contextlib.contextmanager
def pty_bench(folder: Path) -> Iterator[PtyBench]:
    with pty_peer(folder / "radio") as peer:
        yield PtyBench(peer)
