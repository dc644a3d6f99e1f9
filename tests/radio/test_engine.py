"""The engine, rule by rule: hubs River, Hill and Lake, packets handed over by hand."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from random import Random

import pytest

from appliance.ledger.book.records import EVERYONE, Kind
from appliance.radio.airtime import frame_airtime
from appliance.radio.bundle import split
from appliance.radio.control import (
    Ask,
    Mark,
    Summary,
    ask_for,
    pack_ask,
    pack_summary,
    part_of,
    read,
    summaries,
)
from appliance.radio.engine import Engine
from appliance.radio.events import Arrived, Config, HeardHub, Ignored, OwnVoice, Packet, Sending
from appliance.radio.frames import DataFrame
from appliance.radio.ports import Airtime, Span
from tests.support.radio_hubs import Shelf, directory

RIVER, HILL, LAKE = 101, 102, 103
HUBS = (RIVER, HILL, LAKE)
FRAME = frame_airtime(231, "MEDIUM_FAST")
LONG_AGO, NOW = 2500.0, 5000.0


def airtime(size: int) -> float:
    return frame_airtime(size, "MEDIUM_FAST")


def parts(packet: Packet) -> list[Packet]:
    """The frames of a packet, each as if it had been sent alone."""
    whys = [why for why, _ in packet.parts] or [packet.sending]
    return [Packet(why, data) for why, data in zip(whys, split(packet.data), strict=True)]


class Hub:
    """One hub, with what it holds, that can be asked what it would send."""

    def __init__(
        self, number: int, seed: int = 1, config: Config | None = None, hubs: Sequence[int] = HUBS
    ) -> None:
        self.shelf = Shelf(directory(number, hubs))
        self.engine = Engine(self.shelf.directory, self.shelf, airtime, Random(seed), config, now=LONG_AGO)
        self.now = LONG_AGO
        self.until(NOW)

    def until(self, when: float) -> list[tuple[float, Packet]]:
        """Let it run till then; what it sent, and when."""
        out = []
        while (wake := max(self.engine.next_wake(self.now), self.now)) <= when:
            self.now = wake
            packet = self.engine.transmit(self.now)
            if packet:
                out += [(self.now, part) for part in parts(packet)]
                self.now += airtime(len(packet.data))
                self.engine.sent(self.now, len(packet.data))
            else:
                assert self.engine.next_wake(self.now) > self.now, "a wake-up without progress"
        self.now = max(when, self.now)
        return out

    def next(self, sending: Sending, within: float = 700.0) -> tuple[float, Packet]:
        """The next packet of that kind: seconds from now, and the packet."""
        start = self.now
        for when, packet in self.until(self.now + within):
            if packet.sending is sending:
                return when - start, packet
        raise AssertionError(f"no {sending} within {within} s")

    def hear(self, data: bytes) -> list[object]:
        events = self.engine.receive(data, self.now)
        for event in events:
            if isinstance(event, Arrived):
                self.shelf.keep(event.frame)
                self.engine.stored(self.now)
        return list(events)

    def write(self, kind: Kind = Kind.CHECKPOINT, to: int = EVERYONE) -> None:
        self.shelf.write(kind, to)
        self.engine.stored(self.now)

    def send_all(self) -> list[bytes]:
        """The frames of what it has written, as if they had gone out."""
        frames = []
        while data := self.shelf.pack(200):
            frames.append(data)
        self.engine.stored(self.now)
        return frames

    def summary(self, beat: int) -> bytes:
        return pack_summary(
            summaries(beat, self.shelf.vector(), self.shelf.directory)[0], self.shelf.directory
        )

    def urgent(self, beat: int, *hubs: int) -> bytes:
        """A summary of these feeds alone: it says that somebody waits for them."""
        part = part_of(beat, self.shelf.vector(), hubs, self.shelf.directory)
        return pack_summary(part, self.shelf.directory)

    def ask(self, beat: int, *spans: Span) -> bytes:
        return pack_ask(ask_for(beat, spans, self.shelf.directory), self.shelf.directory)


@pytest.fixture
def river() -> Hub:
    return Hub(RIVER)


@pytest.fixture
def hill() -> Hub:
    return Hub(HILL, seed=2)


@pytest.fixture
def lake() -> Hub:
    return Hub(LAKE, seed=3)


def kinds(sent: list[tuple[float, Packet]]) -> list[str]:
    return [packet.sending.value for _, packet in sent]


class TestOwnRecords:
    def test_a_payment_leaves_at_once(self, river: Hub) -> None:
        river.write(Kind.SENT, HILL)
        (when, packet), *_ = river.until(river.now + 1)
        assert (when, packet.sending) == (NOW, Sending.DATA)
        frame = read(packet.data, river.shelf.directory)
        assert isinstance(frame, DataFrame)
        assert frame.records == (river.shelf.records[RIVER][1],)

    def test_what_nobody_waits_for_waits_some_minutes_for_company(self, river: Hub) -> None:
        river.write()
        assert "data" not in kinds(river.until(NOW + 100))
        river.write()
        waited, packet = river.next(Sending.DATA)
        assert 110 <= waited <= 140
        frame = read(packet.data, river.shelf.directory)
        assert isinstance(frame, DataFrame)
        assert len(frame.records) == 2

    def test_a_full_frame_does_not_wait(self, river: Hub) -> None:
        for _ in range(9):
            river.write()
        waited, _ = river.next(Sending.DATA)
        assert waited == 0

    def test_it_is_packed_when_it_can_be_sent_and_not_before(self, river: Hub) -> None:
        # The radio is busy: what is written meanwhile rides along.
        river.write(Kind.SENT, HILL)
        river.engine.refused(river.now, wait=20)
        assert river.shelf.held[RIVER] == 1
        assert river.shelf.vector()[RIVER].number == 0
        river.write(Kind.SENT, LAKE)
        _, packet = river.next(Sending.DATA)
        frame = read(packet.data, river.shelf.directory)
        assert isinstance(frame, DataFrame)
        assert [record.to for record in frame.records] == [HILL, LAKE]

    def test_a_library_that_will_not_pack_is_asked_again_later(
        self, river: Hub, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[float] = []

        def pack(room: int) -> None:
            asked.append(river.now)

        with monkeypatch.context() as patch:
            patch.setattr(river.shelf, "pack", pack)
            river.write(Kind.SENT, HILL)
            river.until(NOW + 60)
        assert 10 <= len(asked) <= 13
        assert river.next(Sending.DATA)[0] < 6


class TestRefused:
    def test_records_come_first_when_the_radio_takes_packets_again(self, river: Hub) -> None:
        river.write(Kind.SENT, HILL)
        packet = river.engine.transmit(river.now)
        assert packet
        river.engine.refused(river.now, wait=30)
        (when, again), *_ = river.until(NOW + 60)
        assert when == NOW + 30
        assert again.data == split(packet.data)[0], "the same bytes: a frame never changes"

    @pytest.mark.parametrize("kind", ["summary", "ask"])
    def test_the_rest_is_decided_anew(self, river: Hub, hill: Hub, kind: str) -> None:
        if kind == "ask":
            hill.write(Kind.SENT, LAKE)
            hill.send_all()
            river.hear(hill.summary(1))
        while not (packet := river.engine.transmit(river.now)) or packet.sending != kind:
            if packet:
                river.engine.sent(river.now, 30)
            river.now = river.engine.next_wake(river.now)
        river.engine.refused(river.now, wait=5)
        waited, again = river.next(Sending(kind), within=60)
        assert waited >= 5
        assert again.data not in split(packet.data), "with another beat"

    def test_nothing_inside_nothing_to_send_again(self, river: Hub) -> None:
        river.engine.refused(river.now)
        assert river.engine.transmit(river.now) is None


class TestAsking:
    def test_who_is_behind_asks_for_the_oldest_first(self, river: Hub, hill: Hub) -> None:
        for _ in range(100):
            hill.write()
        hill.send_all()
        river.hear(hill.urgent(1, HILL))
        waited, packet = river.next(Sending.ASK)
        assert waited <= 12 * FRAME
        ask = read(packet.data, river.shelf.directory)
        assert isinstance(ask, Ask)
        assert ask.spans == (Span(HILL, 1, 1, 64),)

    def test_where_nobody_waits_it_gathers_what_is_missing(self, hill: Hub) -> None:
        hill.write()
        hill.send_all()
        waits = []
        for seed in range(20):
            river = Hub(RIVER, seed)
            river.hear(hill.summary(1))
            waits.append(river.next(Sending.ASK)[0])
        assert min(waits) >= 5
        assert max(waits) > 12 * FRAME

    def test_who_is_ahead_in_anothers_feed_is_silent(self, river: Hub, hill: Hub, lake: Hub) -> None:
        lake.write()
        hill.hear(lake.send_all()[0])
        hill.hear(river.summary(1))
        assert set(kinds(hill.until(NOW + 600))) == {"summary"}

    def test_a_gap_in_data_frames_is_asked_for(self, river: Hub, hill: Hub) -> None:
        for _ in range(40):
            hill.write()
        *_, last = hill.send_all()
        frame = read(last, river.shelf.directory)
        assert isinstance(frame, DataFrame)
        river.hear(last)
        _, packet = river.next(Sending.ASK)
        ask = read(packet.data, river.shelf.directory)
        assert isinstance(ask, Ask)
        assert ask.spans == (Span(HILL, 1, 1, frame.first - 1),)

    def test_an_ask_that_is_heard_serves_for_ours(self, river: Hub, hill: Hub, lake: Hub) -> None:
        hill.write()
        hill.send_all()
        river.hear(hill.summary(1))
        river.hear(lake.ask(1, Span(HILL, 1, 1, 1)))
        waited, _ = river.next(Sending.ASK)
        assert waited > 12 * FRAME
        assert river.engine.status(river.now).counts["yielded_ask"] == 1

    def test_one_that_leaves_something_out_does_so_in_part(self, river: Hub, hill: Hub, lake: Hub) -> None:
        for _ in range(5):
            hill.write()
        hill.send_all()
        river.hear(hill.urgent(1, HILL))
        river.hear(lake.ask(1, Span(HILL, 1, 1, 2)))
        waited, packet = river.next(Sending.ASK)
        assert waited <= 12 * FRAME
        ask = read(packet.data, river.shelf.directory)
        assert isinstance(ask, Ask)
        assert ask.spans == (Span(HILL, 1, 3, 5),)

    def test_another_can_not_keep_it_silent_for_good(self, river: Hub, hill: Hub, lake: Hub) -> None:
        hill.write()
        hill.send_all()
        river.hear(hill.summary(1))
        asked = False
        for beat in range(1, 60):
            river.hear(lake.ask(beat, Span(HILL, 1, 1, 1)))
            asked = asked or "ask" in kinds(river.until(river.now + 3 * FRAME))
        assert asked

    def test_asked_in_vain_it_asks_ever_more_slowly_and_never_stops(self, river: Hub, hill: Hub) -> None:
        hill.write()
        hill.send_all()
        river.hear(hill.urgent(1, HILL))
        times = [when for when, packet in river.until(NOW + 7200) if packet.sending is Sending.ASK]
        pauses = [b - a for a, b in pairwise(times)]
        assert pauses[0] >= 4 * FRAME  # one neighbour: it has answered by then, or not heard
        assert all(b > a * 1.2 for a, b in pairwise(pauses[:7]))
        assert max(pauses) <= 700

    def test_a_neighbour_that_is_there_is_asked_again_soon(self, river: Hub, hill: Hub) -> None:
        hill.write()
        hill.send_all()
        river.hear(hill.urgent(1, HILL))
        river.until(NOW + 3600)  # all asks in vain
        river.hear(hill.urgent(2, HILL))
        assert river.next(Sending.ASK)[0] <= 12 * FRAME

    def test_a_box_that_was_set_back_asks_for_its_own_frames(self, river: Hub, hill: Hub) -> None:
        """What a neighbour says proves nothing; a frame that we signed and do not hold does."""
        said = Summary(HILL, 1, b"head", {RIVER: Mark(1, 5)}, bytes(8))
        events = river.hear(pack_summary(said, hill.shelf.directory))
        assert isinstance(events[0], HeardHub)
        assert events[0].positions[RIVER].number == 5
        assert "ask" in kinds(river.until(NOW + 600))


class TestAnswering:
    def test_the_feeds_own_hub_answers_first(self, river: Hub, hill: Hub, lake: Hub) -> None:
        hill.write()
        (data,) = hill.send_all()
        for hub in (hill, lake):
            if hub is lake:
                hub.hear(data)
            hub.hear(river.ask(1, Span(HILL, 1, 1, 1)))
        own, packet = hill.next(Sending.REPAIR)
        other, same = lake.next(Sending.REPAIR)
        assert own <= 1.5 * FRAME
        assert other >= 2.5 * FRAME
        assert packet.data == same.data == data, "the frame as it was first sent"

    def test_others_keep_silent_when_they_hear_the_answer(self, river: Hub, hill: Hub, lake: Hub) -> None:
        hill.write()
        (data,) = hill.send_all()
        lake.hear(data)
        lake.hear(river.ask(1, Span(HILL, 1, 1, 1)))
        lake.hear(data)
        assert "repair" not in kinds(lake.until(NOW + 60))
        assert lake.engine.status(lake.now).counts["yielded_answer"] == 1

    def test_the_same_frame_is_not_repeated_within_four_frame_times(self, river: Hub, hill: Hub) -> None:
        hill.write()
        hill.send_all()
        hill.hear(river.ask(1, Span(HILL, 1, 1, 1)))
        hill.next(Sending.REPAIR, within=2)
        start = hill.now
        hill.hear(river.ask(2, Span(HILL, 1, 1, 1)))
        sent = [when for when, packet in hill.until(start + 20) if packet.sending is Sending.REPAIR]
        assert len(sent) == 1
        assert sent[0] >= start - 2 + 4 * FRAME

    def test_an_ask_for_much_is_answered_with_a_few_frames(self, river: Hub, hill: Hub) -> None:
        for _ in range(200):
            hill.write()
        hill.send_all()
        hill.hear(river.ask(1, Span(HILL, 1, 1, 200)))
        sent = hill.until(NOW + 60)
        frames = [read(p.data, hill.shelf.directory) for _, p in sent if p.sending is Sending.REPAIR]
        assert len(frames) == 6
        assert isinstance(frames[0], DataFrame)
        assert frames[0].first == 1

    def test_for_what_nobody_has_there_is_no_answer(self, river: Hub, hill: Hub) -> None:
        hill.hear(river.ask(1, Span(HILL, 1, 1, 9), Span(LAKE, 1, 1, 9), Span(RIVER, 1, 1, 9)))
        assert "repair" not in kinds(hill.until(NOW + 60))

    def test_repairs_stop_in_a_crowded_channel_and_payments_do_not(
        self, river: Hub, hill: Hub, lake: Hub
    ) -> None:
        lake.write()
        hill.hear(lake.send_all()[0])
        hill.engine.radio_measured(Airtime(channel=0.22, own=0.0), hill.now)
        hill.hear(river.ask(99, Span(LAKE, 1, 1, 1)))  # not among the first of a start
        hill.write(Kind.SENT, RIVER)
        assert kinds(hill.until(NOW + 5)) == ["data"]
        assert hill.next(Sending.REPAIR)[0] >= 50


class TestSummaries:
    def test_the_first_tells_that_the_hub_is_back(self) -> None:
        hub = Hub.__new__(Hub)
        shelf = Shelf(directory(RIVER, HUBS))
        engine = Engine(shelf.directory, shelf, airtime, Random(5), now=0.0)
        hub.shelf, hub.engine, hub.now = shelf, engine, 0.0
        assert hub.next(Sending.SUMMARY)[0] <= 4 * FRAME

    def test_beats_count_on_from_where_the_service_says(self) -> None:
        hub = Hub(RIVER, config=Config(first_beat=5 << 20))
        _, packet = hub.next(Sending.SUMMARY)
        summary = read(packet.data, hub.shelf.directory)
        assert isinstance(summary, Summary)
        assert 5 << 20 < summary.beat < (5 << 20) + 100

    def test_it_says_what_is_durable_at_that_moment(self, river: Hub, hill: Hub) -> None:
        hill.write()
        (data,) = hill.send_all()
        river.hear(data)
        _, packet = river.next(Sending.SUMMARY)
        summary = read(packet.data, river.shelf.directory)
        assert isinstance(summary, Summary)
        assert summary.positions[HILL].number == 1

    def test_who_heard_all_of_it_said_keeps_silent(self, river: Hub, hill: Hub) -> None:
        spoken = 0
        for beat in range(1, 40):
            river.hear(hill.summary(beat))
            spoken += len(river.until(river.now + 30))
        assert spoken <= 1

    def test_who_knows_more_does_not(self, river: Hub, hill: Hub, lake: Hub) -> None:
        lake.write()
        (data,) = lake.send_all()
        river.hear(data)
        sent = []
        for beat in range(1, 20):
            river.hear(hill.summary(beat))  # Hill has not heard of it
            sent += river.until(river.now + 10)
        assert "summary" in kinds(sent)

    def test_the_newest_of_another_is_left_to_that_hub_to_announce(
        self, river: Hub, hill: Hub, lake: Hub
    ) -> None:
        # In a large community somebody always lacks the newest; nobody would ever be silent.
        lake.write()
        river.hear(lake.send_all()[0])
        river.hear(hill.summary(1))
        assert river.until(river.now + 40 * FRAME) == []

    def test_one_deaf_neighbour_does_not_keep_all_others_talking(self, river: Hub, hill: Hub) -> None:
        river.write()
        river.send_all()
        river.until(NOW + 4000)
        sent = []
        for beat in range(1, 400):
            river.hear(hill.summary(beat))
            sent += river.until(river.now + 10)
        said = kinds(sent)
        assert said.count("summary") <= 4000 / 100 + 6
        assert said.count("repair") == len(said) - said.count("summary") <= 16

    def test_equal_lengths_of_different_feeds_are_told_apart(self, river: Hub, hill: Hub) -> None:
        (event,) = river.hear(hill.summary(1))
        assert isinstance(event, HeardHub)
        assert event.same_heads is True
        forged = Summary(HILL, 2, b"head", {hub: Mark(1, 0) for hub in HUBS}, b"another!")
        (event,) = river.hear(pack_summary(forged, hill.shelf.directory))
        assert isinstance(event, HeardHub)
        assert event.same_heads is False


class TestOwed:
    def test_a_payment_is_said_again_until_its_hub_shows_to_hold_it(self, river: Hub, hill: Hub) -> None:
        river.write(Kind.SENT, HILL)
        waited, packet = river.next(Sending.DATA, within=1)
        assert waited == 0
        assert river.engine.status(river.now).owed == (HILL,)
        times = [when - NOW for when, _ in river.until(NOW + 120)]
        assert 8 * FRAME <= times[0] <= 13 * FRAME
        assert len(times) >= 5
        hill.hear(packet.data)
        river.hear(hill.summary(1))
        assert river.engine.status(river.now).owed == ()
        assert len(river.until(river.now + 120)) <= 3

    def test_the_answer_shows_it_too(self, river: Hub, hill: Hub) -> None:
        river.write(Kind.SENT, HILL)
        hill.hear(river.next(Sending.DATA, within=1)[1].data)
        hill.write(Kind.ACCEPTED, RIVER)
        river.hear(hill.next(Sending.DATA, within=5)[1].data)
        assert river.engine.status(river.now).owed == ()

    def test_but_the_answer_to_one_of_two_does_not(self, river: Hub, hill: Hub) -> None:
        river.write(Kind.SENT, HILL)
        hill.hear(river.next(Sending.DATA, within=1)[1].data)
        river.write(Kind.SENT, HILL)
        river.next(Sending.DATA, within=1)
        hill.write(Kind.ACCEPTED, RIVER)
        river.hear(hill.next(Sending.DATA, within=5)[1].data)
        assert river.engine.status(river.now).owed == (HILL,)

    def test_a_summary_that_does_not_reach_it_brings_the_frame_at_once(self, river: Hub, hill: Hub) -> None:
        river.write(Kind.SENT, HILL)
        _, packet = river.next(Sending.DATA, within=60)
        river.hear(hill.summary(1))
        waited, again = river.next(Sending.REPAIR)
        assert waited <= 2 * FRAME
        assert again.data == packet.data

    def test_a_feed_own_hub_says_again_what_a_summary_shows_to_be_missing(
        self, river: Hub, hill: Hub
    ) -> None:
        """Without an ask, and not at once: the summary may have crossed the record on its way."""
        hill.write()
        (data,) = (packet.data for _, packet in hill.until(NOW + 300) if packet.sending is Sending.DATA)
        hill.hear(river.summary(1))
        assert "repair" in kinds(hill.until(hill.now + 10))
        hill.hear(river.summary(2))
        assert "repair" not in kinds(hill.until(hill.now + 10)), "it has just been said"
        assert len(data) < 100

    def test_a_hub_that_stays_behind_is_told_ever_more_rarely(self, river: Hub, hill: Hub) -> None:
        hill.write()
        hill.until(NOW + 300)
        told = []
        for beat in range(1, 400):
            hill.hear(river.summary(beat))
            told += [when for when, packet in hill.until(hill.now + 10) if packet.sending is Sending.REPAIR]
        assert 3 <= len(told) < 25

    def test_who_was_paid_and_has_nothing_to_say_gives_a_receipt(self, river: Hub, hill: Hub) -> None:
        river.write(Kind.ACCEPTED, HILL)
        hill.hear(river.next(Sending.DATA, within=1)[1].data)
        waited, _ = hill.next(Sending.SUMMARY)
        assert 3 * FRAME <= waited <= 6 * FRAME

    def test_a_receipt_that_was_lost_is_given_again(self, river: Hub, hill: Hub) -> None:
        river.write(Kind.ACCEPTED, HILL)
        hill.hear(river.next(Sending.DATA, within=1)[1].data)
        hill.next(Sending.SUMMARY, within=6 * FRAME)
        for beat in (2, 3, 4, 5):
            hill.hear(river.urgent(beat, RIVER))  # River asks, in effect: did you get it?
            given = kinds(hill.until(hill.now + 3 * FRAME))
            assert given == (["summary"] if beat < 4 else []), "three times, no more"

    def test_a_bridge_between_two_who_do_not_hear_each_other(self, river: Hub, hill: Hub, lake: Hub) -> None:
        river.write(Kind.SENT, LAKE)
        data = river.next(Sending.DATA, within=1)[1].data
        hill.hear(data)
        assert hill.until(hill.now + 20 * FRAME) == [], "the two may well hear each other"
        hill.hear(river.next(Sending.SUMMARY)[1].data)  # River waits for a sign of Lake
        sent = hill.until(hill.now + 15 * FRAME)
        assert kinds(sent) == ["summary"]
        lake.hear(sent[0][1].data)
        ask = lake.next(Sending.ASK)[1].data
        hill.hear(ask)
        assert hill.next(Sending.REPAIR)[1].data == data


class TestEvents:
    def test_what_is_held_already_is_told_once(self, river: Hub, hill: Hub) -> None:
        hill.write()
        (data,) = hill.send_all()
        assert [type(event) for event in river.hear(data)] == [HeardHub, Arrived]
        assert river.hear(data) == [Ignored("known")]

    def test_until_it_is_kept_it_is_told_again(self, river: Hub, hill: Hub) -> None:
        hill.write()
        (data,) = hill.send_all()
        for _ in range(2):  # the disk was full, say
            assert Arrived in [type(event) for event in river.engine.receive(data, river.now)]

    def test_another_frame_with_records_that_are_held_is_for_the_ledger(self, river: Hub, hill: Hub) -> None:
        # It may say something else under the same number.
        hill.write()
        (first,) = hill.send_all()
        hill.write()
        (both,) = hill.send_all()
        river.hear(both)
        assert [type(event) for event in river.hear(first)] == [Arrived]

    def test_an_own_frame_from_another_hub_too(self, river: Hub) -> None:
        # An old box, restored from a backup, learns here that it is behind itself.
        river.write()
        (data,) = river.send_all()
        old = Hub(RIVER)
        assert [type(event) for event in old.hear(data)] == [Arrived]

    def test_its_own_echo_is_nothing(self, river: Hub) -> None:
        _, said = river.next(Sending.SUMMARY)
        assert river.hear(said.data) == [Ignored("echo")]

    def test_what_it_did_not_say_in_its_own_name_is_another_box(self, river: Hub) -> None:
        assert river.hear(river.summary(999)) == [OwnVoice(999, True)]


@pytest.mark.parametrize("change", ["directory", "preset"])
def test_what_changes_while_it_runs(river: Hub, hill: Hub, change: str) -> None:
    """A longer roster and another preset are taken up without a restart."""
    changes: dict[str, Callable[[], None]] = {
        "directory": lambda: river.engine.change_directory(river.shelf.directory, river.now),
        "preset": lambda: river.engine.retune(lambda size: frame_airtime(size, "SHORT_FAST"), 0.1, river.now),
    }
    changes[change]()
    hill.write()
    hill.send_all()
    river.hear(hill.urgent(50, HILL))
    waited, _ = river.next(Sending.ASK)
    assert waited <= 12 * (FRAME if change == "directory" else frame_airtime(231, "SHORT_FAST"))
