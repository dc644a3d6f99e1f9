"""Steps of a session for whoever waits: each ends in its time, whatever it does, and so does the whole."""

import sys
import threading
from collections.abc import Iterator

import pytest

from appliance.ledger.clock import ManualClock, SystemClock
from appliance.radio.links.session import LinkLost, Trouble
from appliance.radio.links.steps import THREAD, Deadline, Steps

pytestmark = pytest.mark.timeout(30)

EVER = 3600.0


class Session:
    """Says what was done to it. It may hang in its goodbye until it is cut, or until it is freed."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.hangs = False
        self.heeds = True
        self.free = threading.Event()

    def wait(self) -> str:
        self.free.wait()
        return "freed"

    def close(self) -> None:
        self.done.append("close")
        if self.hangs:
            self.wait()

    def cut(self) -> None:
        self.done.append("cut")
        if self.heeds:
            self.free.set()


@pytest.fixture
def session() -> Iterator[Session]:
    made = Session()
    yield made
    made.free.set()
    for thread in threading.enumerate():
        if thread.name == THREAD:
            thread.join(1)


def steps(session: Session, whole: float = EVER) -> Steps:
    return Steps(session, Deadline(SystemClock(), whole), 0.2)


def test_one_after_the_other_on_a_thread_of_their_own(session: Session) -> None:
    run = steps(session)
    names = [run.do(lambda: threading.current_thread().name, EVER) for _ in range(2)]
    assert names == [THREAD, THREAD]
    assert run.let_go()
    assert session.done == ["close"]


@pytest.mark.parametrize(("seconds", "whole"), [(0.1, EVER), (EVER, 0.1)], ids=["its own", "the deadline"])
def test_a_step_that_does_not_end_in_time_cuts_the_session(
    session: Session, seconds: float, whole: float
) -> None:
    run = steps(session, whole)
    with pytest.raises(LinkLost) as lost:
        run.do(session.wait, seconds)
    assert lost.value.trouble is Trouble.SILENT
    assert session.done == ["cut"], "at once, not when it is let go"
    assert run.let_go()
    assert session.done == ["cut", "close"]


def test_after_the_deadline_nothing_is_waited_for(session: Session) -> None:
    run = steps(session, 0.0)
    with pytest.raises(LinkLost):
        run.do(session.wait, EVER)
    assert run.let_go()


def test_a_step_that_ends_the_program_ends_itself(session: Session) -> None:
    run = steps(session)
    with pytest.raises(LinkLost, match="SystemExit: 1") as lost:
        run.do(lambda: sys.exit(1), EVER)
    assert lost.value.trouble is Trouble.FAILED
    assert run.do(lambda: "and the next one runs", EVER)
    assert run.let_go()


def test_a_trouble_of_the_session_comes_out_as_it_is(session: Session) -> None:
    def unplugged() -> None:
        raise LinkLost(Trouble.UNPLUGGED, "no such device")

    run = steps(session)
    with pytest.raises(LinkLost, match="unplugged: no such device"):
        run.do(unplugged, EVER)
    assert run.let_go()


def test_a_goodbye_that_hangs_is_cut(session: Session) -> None:
    session.hangs = True
    assert steps(session).let_go()
    assert session.done == ["close", "cut"]


def test_a_thread_that_does_not_heed_it_is_left_behind(session: Session) -> None:
    session.hangs, session.heeds = True, False
    assert not steps(session).let_go()
    assert [thread.daemon for thread in threading.enumerate() if thread.name == THREAD] == [True]


def test_a_deadline_counts_down_to_nothing() -> None:
    clock = ManualClock(0)
    deadline = Deadline(clock, 2.5)
    left = [deadline.left()]
    for _ in range(2):
        clock.up = type(clock.up)(clock.up.boot, clock.up.ms + 1500)
        left.append(deadline.left())
    assert left == [2.5, 1.0, 0.0]
