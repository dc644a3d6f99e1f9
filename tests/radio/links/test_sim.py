"""The link straight onto the emulated ether keeps the same promises, and meets hubs that have a node."""

import contextlib
import socket
from collections.abc import Iterator
from typing import Self

import pytest

from appliance.radio.emulated.background import emulated_ether, emulated_node
from appliance.radio.emulated.ether import Conditions
from appliance.radio.emulated.settings import Setup
from appliance.radio.links.sim import SimLink
from appliance.radio.ports import Heard, Link, Sent
from tests.radio.links.benches import link_to
from tests.radio.links.contract import HELLO, LinkContract, is_up, opened, until

SHORT = Conditions(preset="SHORT_TURBO")


class SimBench:
    """An ether where Hill listens; when it goes, so does the radio."""

    def __init__(self) -> None:
        self._ether = contextlib.ExitStack()
        self._port = 0
        self._sent: list[bytes] = []

    def __enter__(self) -> Self:
        self.come()
        self._hill = SimLink("127.0.0.1", self._port, "Hill")
        self._hill.start()
        until(self._hill, is_up)
        return self

    def __exit__(self, *_: object) -> None:
        self._hill.close()
        self._ether.close()

    def link(self) -> Link:
        return SimLink("127.0.0.1", self._port, "River")

    def lost_link(self) -> Link:
        with socket.create_server(("127.0.0.1", 0)) as nobody:
            return SimLink("127.0.0.1", nobody.getsockname()[1])

    def hear(self, data: bytes) -> None:
        while not self._hill.ready():
            self._hill.wait(1)
            self._take_in()
        self._hill.send(data)

    def sent(self) -> list[bytes]:
        while True:
            self._hill.wait(0.3)
            if not self._take_in():
                return self._sent

    def _take_in(self) -> bool:
        events = self._hill.poll()
        self._sent += [event.data for event in events if isinstance(event, Heard)]
        return bool(events)

    def go(self) -> None:
        self._ether.close()

    def come(self) -> None:
        self._port = self._ether.enter_context(emulated_ether(SHORT, speed=10, port=self._port)).port


class TestSim(LinkContract):
    @pytest.fixture
    def bench(self) -> Iterator[SimBench]:
        with SimBench() as bench:
            yield bench


def test_a_hub_without_a_node_and_one_with_a_node_hear_each_other() -> None:
    setup = Setup("Hill", preset="SHORT_TURBO", relays=False)
    with (
        emulated_ether(SHORT, speed=10) as ether,
        emulated_node(ether.port, setup, tcp=0) as node,
        opened(SimLink("127.0.0.1", ether.port, "River")) as river,
        opened(link_to(f"tcp://127.0.0.1:{node.tcp_port}")) as hill,
    ):
        for sender, receiver in ((river, hill), (hill, river)):
            sender.send(HELLO)
            until(sender, lambda e: isinstance(e, Sent))
            until(receiver, lambda e: isinstance(e, Heard) and e.data == HELLO)
