"""A serial line that is full but for four bytes: the real library writes in part, waits, or gives up; nothing is lost."""

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.radio.emulated.background import BackgroundNode
from appliance.radio.emulated.clog import ROOM
from appliance.radio.emulated.faults import Fault
from appliance.radio.links import meshtastic
from appliance.radio.links.session import Trouble
from appliance.radio.ports import Changed, Heard, Refused, Sent
from tests.radio.links.benches import BRISK, link_to
from tests.radio.links.contract import PATIENCE, is_down, is_up, is_verdict, opened, until
from tests.radio.links.test_with_node import HILL, RIVER, air, send, setting

pytestmark = pytest.mark.timeout(90)

LONG = bytes(range(200))
"""Far more than goes out."""


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[list[BackgroundNode]]:
    """River's at a serial line, Hill's on the network."""
    with air(RIVER, HILL, pty=tmp_path / "ttyRiver") as both:
        yield both


def clog(node: BackgroundNode, log: pytest.LogCaptureFixture, seconds: float = 0.0) -> None:
    """Returns when the line is full."""
    log.clear()
    with log.at_level("INFO", "appliance.radio.emulated"):
        node.fault(Fault.CLOGGED, seconds)
        end = time.monotonic() + PATIENCE
        while "node_pty_full" not in log.text:
            assert time.monotonic() < end
            time.sleep(0.01)


def goes_out(node: BackgroundNode, data: bytes) -> int:
    """How much of ``data`` the line takes at once."""
    assert node.pty is not None
    line = os.open(node.pty, os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        return os.write(line, data)
    finally:
        os.close(line)


@pytest.mark.parametrize("before", [0, 7])
def test_four_bytes_go_out_and_no_more(
    nodes: list[BackgroundNode], caplog: pytest.LogCaptureFixture, before: int
) -> None:
    node = nodes[0]
    for _ in range(before):
        goes_out(node, bytes(150))
    clog(node, caplog)
    assert goes_out(node, LONG) == ROOM
    with pytest.raises(BlockingIOError):
        goes_out(node, LONG)
    node.fault(Fault.SPEAK)
    end = time.monotonic() + PATIENCE
    while True:  # until it has read all of it
        try:
            assert goes_out(node, LONG) == len(LONG)
            break
        except BlockingIOError:
            assert time.monotonic() < end
            time.sleep(0.01)


def test_a_message_cut_short_arrives_whole_once_the_node_reads_again(
    nodes: list[BackgroundNode], caplog: pytest.LogCaptureFixture
) -> None:
    at_river, at_hill = nodes
    with opened(link_to(setting(at_river))) as river, opened(link_to(setting(at_hill))) as hill:
        clog(at_river, caplog)
        river.send(LONG)
        river.wait(0.5)
        assert [event for event in river.poll() if is_verdict(event)] == []
        at_river.fault(Fault.SPEAK)
        assert until(river, is_verdict)[-1] == Sent()
        assert [e.data for e in until(hill, lambda e: isinstance(e, Heard)) if isinstance(e, Heard)] == [LONG]
        send(river, b"and the next one too")
        heard = until(hill, lambda e: isinstance(e, Heard))[-1]
        assert isinstance(heard, Heard)
        assert heard.data == b"and the next one too"


def test_a_line_that_stays_full_ends_the_session_and_not_the_link(
    nodes: list[BackgroundNode], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meshtastic, "_WRITE_SECONDS", 0.5)  # ten, in the village
    with opened(link_to(setting(nodes[0]), replace(BRISK, handshake=2.0))) as river:
        clog(nodes[0], caplog)
        river.send(LONG)
        seen = until(river, is_down)
        down = seen[-1]
        assert isinstance(down, Changed)
        assert down.reason == Trouble.RESET
        assert not any(isinstance(event, Sent) for event in seen)
        nodes[0].fault(Fault.SPEAK)
        until(river, is_up)
        send(river, LONG)


@pytest.mark.parametrize("sending", [False, True])
def test_a_goodbye_that_does_not_go_out_is_cut_and_leaves_nothing(
    nodes: list[BackgroundNode], caplog: pytest.LogCaptureFixture, sending: bool
) -> None:
    before = {thread for thread in threading.enumerate() if thread.name != "publishing"}
    river = link_to(setting(nodes[0]), replace(BRISK, goodbye=1.0))
    river.start()
    until(river, is_up)
    clog(nodes[0], caplog)
    if sending:
        river.send(LONG)
    began = time.monotonic()
    river.close()
    took = time.monotonic() - began
    assert 1.0 <= took < 1.0 + PATIENCE, "it had to be cut"
    left = [
        thread for thread in threading.enumerate() if thread not in before and thread.name != "publishing"
    ]
    for thread in left:
        thread.join(PATIENCE)
    assert [thread.name for thread in left if thread.is_alive()] == []
    assert "link_thread_left_behind" not in caplog.text
    nodes[0].fault(Fault.SPEAK)
    with opened(link_to(setting(nodes[0]))) as again:
        again.send(LONG)
        assert not isinstance(until(again, is_verdict)[-1], Refused)
