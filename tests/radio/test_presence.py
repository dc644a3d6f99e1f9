"""Who comes back says so on a channel that strangers keep busy, and is answered; and nobody is silenced for good."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import ClassVar

import pytest

from appliance.ledger.book import startup
from appliance.ledger.book.startup import CLEAN
from appliance.radio.bundle import split
from appliance.radio.control import Mark, Summary, read
from appliance.radio.engine import Engine
from appliance.radio.events import HeardHub, Sending
from appliance.radio.owed import Owed
from appliance.radio.pace import Pace
from appliance.radio.ports import Airtime, Position
from appliance.radio.presence import BEATS_PER_START, Presence, begins
from appliance.radio.telling import Telling, timer
from tests.radio.community import a_directory
from tests.radio.test_engine import FRAME, HILL, LAKE, RIVER, Hub, airtime
from tests.support.radio_hubs import Shelf, directory
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
        assert min(apart) > Pace().presence_answer_seconds - 1e-6

    def test_who_holds_less_does_not_stand_for_all(self) -> None:
        """Hill said twelve records before its box was set back: River holds them, Lake has not heard one."""
        river, lake, hill = Hub(RIVER), Hub(LAKE, seed=2), Hub(HILL)
        river.hear(hill.summary(11))
        blank = hill.summary(ANEW)
        for _ in range(12):
            hill.write()
        for data in hill.send_all():
            river.hear(data)
        spoke(river, BUSY, 600)
        river.hear(blank)
        river.hear(lake.summary(11))
        assert len(spoke(river, BUSY, 120)) == 1

    def test_of_many_who_begin_together_each_tells_all_of_the_others(self) -> None:
        """One that waits itself is heard as any other: else all would answer each other again and again."""
        river, lake, hill = Hub(RIVER), Hub(LAKE, seed=2), Hub(HILL)
        for other in (lake, hill):
            river.hear(other.summary(11))
        spoke(river, BUSY, 600)
        for other in (lake, hill):
            river.hear(other.summary(ANEW))
        assert len(spoke(river, BUSY, 300)) == 1
        said = []
        for beat in range(1, 12):
            for other in (lake, hill):
                river.hear(other.summary(ANEW + beat))
            said += spoke(river, BUSY, 300)
        assert len(said) <= 2

        presence = Presence(Random(1), FRAME, Pace(), first=0.0)
        for number in (HILL, LAKE):
            presence.began(number, 2, 0.0)
        presence.heard(HILL, {LAKE: Mark(1, 0)}, lambda _: Mark(1, 0), RIVER, 2, 1.0)
        assert presence.waiting == {HILL}

    def test_one_that_the_radio_does_not_take_is_due_again(self) -> None:
        river, hill = Hub(RIVER), Hub(HILL)
        river.hear(hill.summary(11))
        spoke(river, BUSY, 600)
        river.hear(hill.summary(ANEW))
        river.engine.radio_measured(Airtime(BUSY, 0.0), river.now)
        river.now += 10 * FRAME
        packet = river.engine.transmit(river.now)
        assert packet is not None
        assert packet.sending is Sending.SUMMARY
        river.engine.refused(river.now, 5.0)
        (again,) = spoke(river, BUSY, HOUR / 2)
        assert 5 <= again < 10

    def test_an_old_one_played_again_is_no_start_and_tells_nothing(self) -> None:
        """After twenty minutes of silence it is taken, as one of a hub that was set back would be."""
        river, hill = Hub(RIVER), Hub(HILL)
        for beat in (11, ANEW, 2 * BEATS_PER_START + 1):
            river.hear(hill.summary(beat))
        spoke(river, BUSY, HOUR / 2)
        said = []
        for half_hour in range(12):
            (told,) = river.hear(hill.summary((ANEW, 2 * BEATS_PER_START + 1)[half_hour % 2]))
            assert isinstance(told, HeardHub)
            assert RIVER not in told.positions
            said += [half_hour * HOUR / 2 + when for when in spoke(river, BUSY, HOUR / 2)]
        assert 4 <= len(said) <= 6, "one an hour, as if nothing had been heard"

    def test_among_many_one_never_heard_before_needs_no_answer(self) -> None:
        """As when all begin after a power cut: they would all be answered."""
        for hubs, beat, answers in ((16, ANEW + 1, 1), (17, ANEW, 0)):
            everybody = range(101, 101 + hubs)
            river = Hub(RIVER, hubs=everybody)
            river.engine.radio_measured(Airtime(BUSY, 0.0), river.now)
            river.hear(Hub(HILL, hubs=everybody).summary(beat))
            assert len(spoke(river, BUSY, 60)) == answers, (hubs, beat)


def test_the_first_need_not_be_said_when_another_has_said_all_of_it() -> None:
    everybody = range(101, 117)
    hill = Hub(HILL, hubs=everybody)
    for heard in (False, True):
        shelf = Shelf(directory(RIVER, everybody))
        engine = Engine(shelf.directory, shelf, airtime, Random(3), None, now=0.0)
        if heard:
            engine.receive(hill.summary(11), 0.1)
        said = [engine.transmit(tenth * FRAME / 10) for tenth in range(1, 170)]
        assert any(said) is not heard


class TestParts:
    """A community whose whole summary takes more than one packet."""

    HUBS = 64
    VECTOR: ClassVar = {hub: Position(1, 70_000, bytes([hub])) for hub in range(101, 101 + HUBS)}

    def telling(self) -> tuple[Telling, Presence]:
        pace = Pace()
        presence = Presence(Random(1), FRAME, pace, first=0.0)
        owed = Owed(RIVER, Random(1), FRAME, pace)
        return Telling(1, timer(pace, self.HUBS, FRAME, Random(1), 0.0), owed, presence, pace), presence

    def named(self, data: bytes) -> set[int]:
        frame = read(data, a_directory(self.HUBS, me=HILL))
        assert isinstance(frame, Summary)
        return set(frame.positions)

    def test_an_answer_is_the_part_that_names_who_waits(self) -> None:
        directory = a_directory(self.HUBS)
        for waiting in (110, 160):
            for already in range(3):
                telling, presence = self.telling()
                for _ in range(already):
                    telling.whole(self.VECTOR, directory, 1.0)
                presence.began(waiting, 5, 2.0)
                assert waiting in self.named(telling.present(self.VECTOR, directory, 3.0))
                assert presence.waiting == frozenset()

    def test_refused_again_and_again_it_tells_nobody_more_often(self) -> None:
        """Only whom the refused part named is to be told once more."""
        directory = a_directory(self.HUBS)
        telling, presence = self.telling()
        for waiting in (110, 160):
            presence.began(waiting, 5, 2.0)
        for _ in range(9):
            waited = presence.waiting
            telling.present(self.VECTOR, directory, 3.0)
            presence.refused(waited, 3.0)
        for now in range(100, 900, 100):
            if presence.waiting:
                telling.present(self.VECTOR, directory, float(now))
            for hub in (110, 160):
                presence.heard(hub, {}, lambda _: Mark(1, 0), RIVER, 5, float(now))
        assert presence.waiting == frozenset(), "three times each, and no more"

    def test_it_leaves_the_turn_of_the_parts_and_so_does_one_that_was_not_taken(self) -> None:
        directory = a_directory(self.HUBS)
        telling, presence = self.telling()
        first = self.named(telling.whole(self.VECTOR, directory, 1.0))
        presence.began(110, 5, 2.0)
        telling.present(self.VECTOR, directory, 3.0)
        rest = self.named(telling.whole(self.VECTOR, directory, 4.0))
        assert first | rest == set(self.VECTOR)
        telling.not_taken()
        assert self.named(telling.whole(self.VECTOR, directory, 5.0)) == rest

    def test_the_first_is_left_to_others_who_said_all_of_it_in_parts(self) -> None:
        _, presence = self.telling()
        names = sorted(self.VECTOR)
        presence.alike(names[:40], self.HUBS, 1.0)
        assert presence.due == 0.0
        presence.alike(names[40:], self.HUBS, 2.0)
        assert presence.due > 60


def test_a_start_is_seen_by_the_beats() -> None:
    assert begins(7, ANEW, 0)
    assert begins(0, ANEW + 1, 8)
    assert not begins(0, ANEW, 0), "of those who begin together somebody tells soon"
    assert not begins(0, BEATS_PER_START + 400, 8), "it has been at work for long, and we were not"
    assert not begins(ANEW, ANEW + 9, 8)


def test_the_first_is_said_again_ever_more_rarely_until_somebody_tells() -> None:
    presence, now, said = Presence(Random(1), FRAME, Pace(), first=1.0), 0.0, []
    while now < 5 * HOUR:
        now = presence.due
        said.append(now)
        presence.said({RIVER, HILL}, now)
    waits = [later - before for before, later in pairwise(said)]
    assert waits[0] < 80
    assert all(later > 1.5 * before for before, later in pairwise(waits[:6]))
    assert HOUR <= waits[-1] <= 1.25 * HOUR
    presence.heard(HILL, {RIVER: Mark(1, 0)}, lambda _: Mark(1, 0), RIVER, 1, now)
    assert presence.due >= now + HOUR
