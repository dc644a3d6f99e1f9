"""The link to a real radio: the real library against a rude peer, and against the emulated node.

(The emulated node's serial line is in ``test_with_node.py``.)
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.radio.links.meshtastic import fresh_id
from tests.radio.links.benches import NodeBench, PtyBench, TcpBench, node_bench, pty_bench, tcp_bench
from tests.radio.links.contract import HELLO, LinkContract, is_verdict, opened, until


class TestOverTcp(LinkContract):
    @pytest.fixture
    def bench(self) -> Iterator[TcpBench]:
        with tcp_bench() as bench:
            yield bench


class TestOverSerial(LinkContract):
    @pytest.fixture
    def bench(self, tmp_path: Path) -> Iterator[PtyBench]:
        with pty_bench(tmp_path) as bench:
            yield bench


class TestTheEmulatedNodeOverTcp(LinkContract):
    @pytest.fixture
    def bench(self) -> Iterator[NodeBench]:
        with node_bench() as bench:
            yield bench


class TestIds:
    def test_an_id_that_was_drawn_before_is_drawn_again(self) -> None:
        # Hardware drops a packet whose id is one of the last twenty, without a word.
        drawn = iter([0, 4711, 4711, 4711, 4712])
        assert [fresh_id(drawn.__next__), fresh_id(drawn.__next__)] == [4711, 4712]

    def test_no_session_uses_an_id_of_the_one_before(self, monkeypatch: pytest.MonkeyPatch) -> None:
        # A library that begins at the same number each time, as a poor source of chance might.
        monkeypatch.setattr("random.randint", lambda low, high: 1000)
        with tcp_bench() as bench:
            for _ in range(4):
                with opened(bench.link()) as link:
                    for _ in range(3):
                        link.send(HELLO)
                        until(link, is_verdict)
            ids = [packet.id for packet in bench.peer.packets]
        assert len(set(ids)) == len(ids) == 12
