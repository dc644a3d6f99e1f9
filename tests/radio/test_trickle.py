"""The Trickle timer, rule by rule of RFC 6206, section 4.2."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.radio.trickle import Trickle

SHORTEST, LONGEST = 40.0, 600.0


def timer(seed: int = 1, now: float = 0.0) -> Trickle:
    return Trickle(SHORTEST, LONGEST, 1, Random(seed), now=now)


def silent(trickle: Trickle, now: float, until: float) -> list[float]:
    """The moments at which it speaks, when nothing is heard."""
    spoken = []
    while trickle.wake <= until:
        now = trickle.wake
        if trickle.due(now):
            trickle.spoke()
            spoken.append(now)
    return spoken


@given(st.integers(0, 10_000))
def test_the_first_half_of_an_interval_is_for_listening(seed: int) -> None:
    trickle = timer(seed)
    assert SHORTEST / 2 <= trickle.wake < SHORTEST
    assert not trickle.due(SHORTEST / 2 - 0.001)


def test_intervals_double_to_the_longest_and_no_further() -> None:
    trickle = timer()
    intervals = []
    for _ in range(7):
        intervals.append(trickle.interval)
        end = trickle.wake
        assert trickle.due(end)
        trickle.spoke()
        trickle.due(trickle.wake)
    assert intervals == [40, 80, 160, 320, 600, 600, 600]


def test_a_quiet_day_costs_about_one_message_in_ten_minutes() -> None:
    assert 140 <= len(silent(timer(), 0.0, 86_400.0)) <= 150


def test_who_heard_it_said_keeps_silent_for_this_interval() -> None:
    trickle = timer()
    trickle.consistent()
    moment = trickle.wake
    assert not trickle.due(moment)
    assert trickle.wake == SHORTEST, "the next thing to happen is the end of the interval"
    assert trickle.advance(SHORTEST)
    assert trickle.due(trickle.wake), "what was heard before counts no more"


def test_news_begins_a_short_interval() -> None:
    trickle = timer()
    silent(trickle, 0.0, 2000.0)
    assert trickle.interval == LONGEST
    assert trickle.inconsistent(2001.0)
    assert trickle.interval == SHORTEST
    assert 2001 + SHORTEST / 2 <= trickle.wake < 2001 + SHORTEST


def test_news_in_a_short_interval_does_not_put_it_off() -> None:
    # Else a hub that gets news every few seconds would never speak.
    trickle = timer()
    moment = trickle.wake
    assert not trickle.inconsistent(10.0)
    assert trickle.wake == moment


def test_what_was_said_before_the_news_does_not_silence_it() -> None:
    trickle = timer()
    trickle.consistent()
    trickle.inconsistent(10.0)
    assert trickle.due(trickle.wake)


def test_news_after_having_spoken_does_not_wait_for_the_interval_to_end() -> None:
    trickle = timer()
    spoken = trickle.wake
    assert trickle.due(spoken)
    trickle.spoke()
    assert trickle.inconsistent(spoken + 1)
    assert trickle.wake >= spoken + 1 + SHORTEST / 2, "and still not more often than once in half of Imin"


def test_it_stays_due_until_it_could_be_said() -> None:
    trickle = timer()
    moment = trickle.wake
    assert trickle.due(moment)
    assert trickle.due(moment + 1)
    trickle.spoke()
    assert not trickle.due(moment + 2)


@given(st.floats(0, 1e7), st.integers(0, 1000))
def test_a_long_sleep_is_skipped_not_made_up_for(slept: float, seed: int) -> None:
    trickle = timer(seed)
    trickle.advance(slept)
    assert trickle.wake <= slept + LONGEST
    assert len(silent(trickle, slept, slept + LONGEST)) <= 5


@pytest.mark.parametrize(("shortest", "longest", "k"), [(0, 10, 1), (20, 10, 1), (10, 20, 0)])
def test_a_timer_that_makes_no_sense_is_refused(shortest: float, longest: float, k: int) -> None:
    with pytest.raises(ValueError, match="Trickle"):
        Trickle(shortest, longest, k, Random(1), now=0)
