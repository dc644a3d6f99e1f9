"""The Trickle timer, rule by rule of RFC 6206, section 4.2."""

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.radio.trickle import Trickle

SHORTEST, LONGEST = 40.0, 600.0


def timer(seed: int = 1, now: float = 0.0) -> Trickle:
    return Trickle(SHORTEST, LONGEST, 1, Random(seed), now=now, turns=3)


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


@given(st.integers(0, 10_000))
def test_whoever_was_silenced_comes_earlier_the_next_time_until_it_has_spoken(seed: int) -> None:
    trickle, begun = timer(seed), 0.0
    parts = []
    for _ in range(6):
        parts.append((trickle.wake - begun) / trickle.interval)
        trickle.consistent()
        assert not trickle.due(trickle.wake)
        begun = trickle.wake
        trickle.advance(begun)
    assert all(0.5 <= part <= 0.5 + 0.5 / min(place, 4) for place, part in enumerate(parts, 1))
    assert trickle.due(trickle.wake)
    trickle.spoke()
    assert trickle._silenced == 0


def speakers(seed: int) -> list[int]:
    """Four who hear each other, on a channel without news, for a day: who spoke, in turn."""
    hubs = [Trickle(SHORTEST, LONGEST, 1, Random(10 * seed + place), now=0.0, turns=3) for place in range(4)]
    said: list[int] = []
    while (now := min(hub.wake for hub in hubs)) < 86_400:
        for place, hub in enumerate(hubs):
            if hub.wake <= now and hub.due(now):
                hub.spoke()
                said.append(place)
                for other in hubs:
                    if other is not hub:
                        other.consistent()
    return said


def test_of_those_who_hear_each_other_all_get_their_turn() -> None:
    """Drawn without a memory, one of four is silent for 18 turns on an ordinary day; nobody speaks more often for it."""
    longest = []
    for seed in range(20):
        said = speakers(seed)
        assert 140 <= len(said) <= 150
        turns = [[turn for turn, one in enumerate(said) if one == place] for place in range(4)]
        longest.append(max(b - a for own in turns for a, b in pairwise(own)))
    assert sum(longest) / len(longest) < 15


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
