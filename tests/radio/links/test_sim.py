"""The link straight onto the emulated ether keeps the promises of every link."""

import contextlib
import logging
import re
import socket
import threading
from collections.abc import Iterator

import pytest

from appliance.radio.emulated.background import emulated_ether, emulated_node
from appliance.radio.emulated.packet import BROADCAST, PRIVATE_APP, Packet, encode_message
from appliance.radio.emulated.server import EtherServer
from appliance.radio.emulated.settings import Setup
from appliance.radio.links.session import Patience, Trouble
from appliance.radio.links.sim import SimLink
from appliance.radio.ports import Changed, Heard, Link, LinkState, Sent
from tests.radio.links.benches import BRISK, link_to
from tests.radio.links.contract import LinkContract, is_down, is_up, opened, until


class SimBench:
    """An ether, with Hill on it; River is the link under test."""

    def __init__(self) -> None:
        self._running = contextlib.ExitStack()
        self._ether = self._running.enter_context(emulated_ether(speed=20.0))
        self._port = self._ether.port
        self._hill = SimLink("127.0.0.1", self._port, "Hill", BRISK)
        self._hill.start()
        until(self._hill, is_up)
        self._heard: list[bytes] = []

    def link(self) -> Link:
        return link_to(f"sim://127.0.0.1:{self._port}/River")

    def lost_link(self) -> Link:
        return link_to("sim://127.0.0.1:9/River")

    def hear(self, data: bytes) -> None:
        self._hill.send(data)
        self._keep(until(self._hill, lambda event: isinstance(event, Sent)))

    def sent(self) -> list[bytes]:
        while True:
            self._hill.wait(0.3)
            events = self._hill.poll()
            self._keep(events)
            if not any(isinstance(event, Heard) for event in events):
                return self._heard

    def go(self) -> None:
        self._running.close()

    def come(self) -> None:
        self._running.enter_context(emulated_ether(speed=20.0, port=self._port))
        until(self._hill, is_up)

    def close(self) -> None:
        self._hill.close()
        self._running.close()

    def _keep(self, events) -> None:
        self._heard += [event.data for event in events if isinstance(event, Heard)]


class TestTheLinkOntoTheEther(LinkContract):
    @pytest.fixture
    def bench(self) -> Iterator[SimBench]:
        with contextlib.closing(SimBench()) as bench:
            yield bench


def test_a_hub_with_a_node_and_a_hub_without_hear_each_other():
    with (
        emulated_ether(speed=20.0) as ether,
        emulated_node(ether.port, Setup(name="River"), tcp=0) as node,
        opened(link_to(f"tcp://127.0.0.1:{node.tcp_port}")) as river,
        opened(link_to(f"sim://127.0.0.1:{ether.port}/Hill")) as hill,
    ):
        river.send(b"by a node")
        until(hill, lambda event: isinstance(event, Heard) and event.data == b"by a node")
        until(river, lambda event: isinstance(event, Sent))
        hill.send(b"without one")
        until(river, lambda event: isinstance(event, Heard) and event.data == b"without one")


def test_what_is_no_packet_of_ours_is_not_told():
    def on_loop(ether: EtherServer, *packets: bytes) -> None:
        """Let the ether say things to Hill that no station of ours would."""
        done = threading.Event()

        def say() -> None:
            peer = ether._stations["Hill"]
            for packet in packets:
                peer.tell("heard", packet, 1.0, -90)
            peer.writer.write(encode_message("news", 5))
            done.set()

        loop = ether._tasks[0].get_loop()
        loop.call_soon_threadsafe(say)
        assert done.wait(10)

    ours = Packet(1, BROADCAST, 1, 0, 0, PRIVATE_APP, b"ours")
    with emulated_ether() as ether, opened(link_to(f"sim://127.0.0.1:{ether.port}/Hill")) as hill:
        on_loop(
            ether,
            b"nonsense",
            Packet(1, BROADCAST, 2, 0, 0, 1, b"a text").pack(),
            Packet(1, 77, 3, 0, 0, PRIVATE_APP, b"to another").pack(),
            ours.pack(),
        )
        seen = until(hill, lambda event: isinstance(event, Heard))
        assert [event.data for event in seen if isinstance(event, Heard)] == [b"ours"]


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        return int(nobody.getsockname()[1])


def test_an_ether_that_is_not_there_is_told_once_and_looked_for_less_and_less(
    caplog: pytest.LogCaptureFixture,
):
    caplog.set_level(logging.DEBUG, logger="appliance.radio.links.sim")
    with contextlib.closing(link_to(f"sim://127.0.0.1:{closed_port()}/River")) as river:
        river.start()
        seen = until(river, is_down)
        for _ in range(400):
            river.wait(0.05)
            seen += river.poll()
            again = [float(wait) for wait in re.findall(r"again_s=([0-9.]+)", caplog.text)]
            if len(again) >= 5:
                break
    assert seen == [Changed(LinkState.CONNECTING), Changed(LinkState.DOWN, Trouble.UNREACHABLE)]
    assert again == sorted(again)
    assert again[-1] == BRISK.last_back_off
    assert len([one for one in caplog.records if one.levelno >= logging.INFO]) == 1


def test_by_itself_it_waits_a_second_and_at_most_a_minute():
    assert SimLink("127.0.0.1", 4600)._patience == Patience()
    assert (Patience().first_back_off, Patience().last_back_off) == (1.0, 60.0)


def why_down(link: Link) -> str:
    last = until(link, is_down)[-1]
    assert isinstance(last, Changed)
    return last.reason


def test_why_it_is_down_is_one_of_the_words_that_the_desk_explains():
    with emulated_ether() as ether:
        river = link_to(f"sim://127.0.0.1:{ether.port}/River")
        river.start()
        until(river, is_up)
    assert why_down(river) in (Trouble.CLOSED.value, Trouble.RESET.value)
    river.close()
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        river = link_to(f"sim://127.0.0.1:{stranger.getsockname()[1]}/River")
        river.start()
        visitor, _ = stranger.accept()
        visitor.close()
        assert why_down(river) == Trouble.NO_HANDSHAKE
        river.close()
