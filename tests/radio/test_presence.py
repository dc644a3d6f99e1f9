"""Who comes back says so on a channel that strangers keep busy, and is answered; and nobody is silenced for good."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from appliance.ledger.book import startup
from appliance.ledger.book.startup import CLEAN
from appliance.radio.bundle import split
from appliance.radio.events import Sending
from appliance.radio.pace import Pace
from appliance.radio.ports import Airtime
from appliance.radio.presence import BEATS_PER_START, Presence, begins
from tests.radio.test_engine import FRAME, HILL, LAKE, RIVER, Hub
from tests.support.two_radios import TwoRadios, two_radios

BUSY, FULL = 0.20, 0.26
"""Of the channel, taken by strangers: more than summaries may use, and more than records may."""

HOUR = 3600.0
ANEW = BEATS_PER_START + 1


@pytest.fixture
def radios(tmp_path: Path) -> Iterator[TwoRadios]:
    with two_radios(tmp_path) as made:
        for name in ("river", "hill"):
            made.end(name)
        yield made


def strangers(radios: TwoRadios, use: float, minutes: int) -> bool:
    """So long the radios count that others fill the channel so far; whether Alice's payment arrived."""
    for _ in range(minutes):
        for link in radios.links.values():
            if link.up:
                link.events.append(Airtime(use, 0.0))
        if radios.live(60, lambda: radios.state() == [("arrived", None)]):
            return True
    return False


def power_cut(radios: TwoRadios, *names: str) -> None:
    for name in names:
        store = getattr(radios.villages, name).hub.store
        startup.begins(store, "radio", "before", f"board-{name}")
        startup.begins(store, "radio", "after", f"board-{name}")


def spoke(hub: Hub, use: float, seconds: float) -> list[float]:
    """When this hub said summaries, in seconds from now, while strangers fill the channel so far."""
    begun, said = hub.now, []
    while hub.now < begun + seconds:
        hub.engine.radio_measured(Airtime(use, 0.0), hub.now)
        said += [
            when - begun for when, packet in hub.until(hub.now + 60) if packet.sending is Sending.SUMMARY
        ]
    return said


class TestAfterAPowerCut:
    """River's box lost its power, and says no record until it has heard how much Hill holds of its feed."""

    def test_the_neighbour_answers_though_strangers_keep_the_channel_busy(self, radios: TwoRadios) -> None:
        radios.begin("hill")
        radios.live(HOUR)
        power_cut(radios, "river")
        radios.begin("river")
        radios.villages.send("Alice", "Chandra", 100)
        assert strangers(radios, BUSY, 5)
        assert startup.last_stop(radios.villages.river.hub.store) is CLEAN

    def test_both_lost_their_power_and_most_of_what_they_say_first_is_lost(self, radios: TwoRadios) -> None:
        chance = Random(5)
        for link in radios.links.values():
            link.hears = lambda _: chance.random() > 0.6
        power_cut(radios, "river", "hill")
        for name in ("river", "hill"):
            radios.begin(name)
        radios.villages.send("Alice", "Chandra", 100)
        assert strangers(radios, BUSY, 20)

    def test_nothing_is_said_where_they_fill_more_than_records_may(self, radios: TwoRadios) -> None:
        radios.begin("hill")
        radios.live(HOUR)
        power_cut(radios, "river")
        radios.begin("river")
        radios.links["river"].events.append(Airtime(FULL, 0.0))
        radios.villages.send("Alice", "Chandra", 100)
        said = len(radios.links["river"].sent)
        assert not strangers(radios, FULL, 30)
        assert len(radios.links["river"].sent) == said
        assert strangers(radios, BUSY, 10)


class TestAnHour:
    """Strangers silence all; one that has heard nobody tell what they hold, tells it."""

    def test_one_summary_about_every_hour(self) -> None:
        said = spoke(Hub(RIVER), BUSY, 6 * HOUR)
        assert 4 <= len(said) <= 6
        assert all(later - before >= HOUR for before, later in pairwise(said))

    def test_none_where_records_must_wait_too(self) -> None:
        assert spoke(Hub(RIVER), FULL, 6 * HOUR) == []

    def test_another_s_counts_as_ours(self) -> None:
        river, hill = Hub(RIVER), Hub(HILL)
        said = []
        for half_hour in range(12):
            river.hear(hill.summary(11 + half_hour))
            said += spoke(river, BUSY, HOUR / 2)
        assert said == []


class TestAnswers:
    """Hill has begun anew; River and Lake hear it."""

    def test_one_answers_and_the_other_leaves_it(self) -> None:
        river, lake, hill = Hub(RIVER), Hub(LAKE, seed=2), Hub(HILL)
        for hub in (river, lake):
            hub.hear(hill.summary(11))
            spoke(hub, BUSY, 600)
            hub.hear(hill.summary(ANEW))
            hub.engine.radio_measured(Airtime(BUSY, 0.0), hub.now)
        when, packet = river.next(Sending.SUMMARY, within=10 * FRAME)
        assert when >= FRAME
        for frame in split(packet.data):
            lake.hear(frame)
        assert spoke(lake, BUSY, HOUR / 2) == []

    def test_three_times_at_most_and_not_in_a_row(self) -> None:
        """Who restarts again and again is not answered each time at once: others need the channel too."""
        river, hill = Hub(RIVER), Hub(HILL)
        river.hear(hill.summary(11))
        spoke(river, BUSY, 600)
        answers = []
        river.hear(hill.summary(ANEW))
        for beat in range(2, 30):
            answers += [river.now + when for when in spoke(river, BUSY, 60)]
            river.hear(hill.summary(BEATS_PER_START + beat))
        assert len(answers) == 3
        restarts = []
        for start in range(2, 40):
            river.hear(hill.summary(start * BEATS_PER_START + 1))
            begun = river.now
            restarts += [begun + when for when in spoke(river, BUSY, 20)]
        apart = [later - before for before, later in pairwise(restarts)]
        assert apart
        assert min(apart) >= Pace().presence_answer_seconds

    def test_who_writes_waits_no_more(self) -> None:
        river, hill = Hub(RIVER), Hub(HILL)
        river.hear(hill.summary(11))
        spoke(river, BUSY, 600)
        hill.write()
        (data,) = hill.send_all()
        river.hear(hill.summary(ANEW))
        river.hear(data)
        assert len(spoke(river, BUSY, 300)) == 1  # the answer that was due
        river.hear(hill.summary(ANEW + 1))
        assert spoke(river, BUSY, 600) == []


def test_a_start_is_seen_by_the_beats() -> None:
    assert begins(7, ANEW, crowded=False)
    assert begins(0, ANEW, crowded=True)
    assert not begins(0, ANEW, crowded=False), "of those who begin together somebody tells soon"
    assert not begins(0, BEATS_PER_START + 400, crowded=True), "it has been at work for long, and we were not"
    assert not begins(ANEW, ANEW + 9, crowded=True)


def test_the_first_is_said_again_ever_more_rarely_until_somebody_tells() -> None:
    presence, now, said = Presence(Random(1), FRAME, Pace(), first=1.0), 0.0, []
    while now < 5 * HOUR:
        now = presence.due
        said.append(now)
        presence.said(now)
    waits = [later - before for before, later in pairwise(said)]
    assert waits[0] < 80
    assert all(later > 1.5 * before for before, later in pairwise(waits[:6]))
    assert HOUR <= waits[-1] <= 1.25 * HOUR
    presence.heard(HILL, {RIVER}, RIVER, 1, now)
    assert presence.due >= now + HOUR
