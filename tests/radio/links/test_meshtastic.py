"""The link to a real radio: the real library against a rude peer, and against the emulated node.

(The emulated node's serial line is in ``test_with_node.py``.)
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.radio.links.benches import NodeBench, PtyBench, TcpBench, node_bench, pty_bench, tcp_bench
from tests.radio.links.contract import LinkContract


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
