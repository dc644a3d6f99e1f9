"""How often a hub says what it holds: by how many there are, and by how much of it is lost."""

from random import Random

import pytest

from appliance.radio.neighbours import Neighbours
from appliance.radio.owed import Owed
from appliance.radio.pace import Pace
from appliance.radio.presence import Presence
from appliance.radio.telling import Telling, timer
from tests.radio.community import HILL, RIVER, a_directory

FRAME = 0.64


def quiet_hours(hubs: int, every: int | None) -> float:
    """The interval after hours without news, when each ``every``-th control frame of Hill is heard; None: none at all."""
    pace = Pace()
    neighbours = Neighbours(a_directory(hubs), pace)
    owed = Owed(RIVER, Random(1), FRAME, pace)
    presence = Presence(Random(1), FRAME, pace, first=0.0)
    telling = Telling(1, timer(pace, hubs, FRAME, Random(1), 0.0), owed, presence, pace)
    for now in range(0, 4 * 3600, 30):
        if every:
            neighbours.beat(HILL, 1 + every * (1 + now // 30), float(now))
        telling.tick(hubs, neighbours, float(now))
    return telling.trickle.interval


def test_the_more_is_lost_the_more_often_it_is_said() -> None:
    assert quiet_hours(8, 1) == pytest.approx(600, rel=0.02)
    assert quiet_hours(8, 2) == pytest.approx(300, rel=0.05)
    assert quiet_hours(64, 2) == 600, "where there are many, somebody speaks often anyway"


def test_not_into_silence() -> None:
    assert quiet_hours(8, None) == 600
    assert quiet_hours(2, None) == 420


def test_two_who_hear_each_other_say_it_often_whatever_is_lost() -> None:
    assert quiet_hours(2, 1) == quiet_hours(2, 2) == 100


def test_few_take_turns_and_many_leave_the_window_wide() -> None:
    """After being silenced: of eight a hub comes earlier, of 64 it does not, or too many would speak at once."""
    parts = {}
    for hubs in (8, 64):
        drawn = []
        for seed in range(50):
            trickle = timer(Pace(), hubs, FRAME, Random(seed), 0.0)
            for _ in range(3):
                trickle.consistent()
                trickle.due(trickle.wake)
                begun = trickle.wake
                trickle.advance(begun)
            drawn.append((trickle.wake - begun) / trickle.interval)
        parts[hubs] = max(drawn)
    assert parts[8] <= 0.625
    assert parts[64] > 0.9
