"""What a stranger, a mad neighbour or a replaying listener can make a hub do: count, ask and answer a little."""

from functools import partial
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.ledger.book.records import Kind
from appliance.radio.airtime import frame_airtime
from appliance.radio.control import Ask, Mark, Summary, pack_ask, pack_summary, summaries
from appliance.radio.directory import Directory
from appliance.radio.engine import Engine
from appliance.radio.events import Arrived, HeardHub, Ignored, Sending
from appliance.radio.ports import Airtime, Span
from tests.support.radio_hubs import Channel, Shelf, directory

RIVER, HILL, LAKE = 101, 102, 103
HUBS = (RIVER, HILL, LAKE)
HUGE = (1 << 40) - 1
NOW = 1000.0


def airtime(size: int) -> float:
    return frame_airtime(size, "MEDIUM_FAST")


def engine(shelf: Shelf, seed: int = 1) -> Engine:
    return Engine(shelf.directory, shelf, airtime, Random(seed), now=0.0)


def shelf(hub: int, records: int = 0) -> Shelf:
    made = Shelf(directory(hub, HUBS))
    for _ in range(records):
        made.write()
    while made.pack(200):
        pass
    return made


def frames_of(made: Shelf) -> list[bytes]:
    return [data for _, data in made._frames.values()]


def summary(sender: int, beat: int, positions: dict[int, Mark] | None = None) -> bytes:
    """One that only needs the group key: in any hub's name, claiming anything."""
    marks = {hub: Mark(1, 0) for hub in HUBS} | (positions or {})
    return pack_summary(Summary(sender, beat, b"head", marks, bytes(8)), directory(sender, HUBS))


def ask(sender: int, beat: int, *spans: Span) -> bytes:
    return pack_ask(Ask(sender, beat, spans), directory(sender, HUBS))


def sent_until(hub: Engine, now: float, until: float) -> list[tuple[float, Sending]]:
    out = []
    while (wake := max(hub.next_wake(now), now)) <= until:
        now = wake
        if packet := hub.transmit(now):
            out.append((now, packet.sending))
            now += airtime(len(packet.data))
            hub.sent(now, len(packet.data))
        else:
            assert hub.next_wake(now) > now, "a wake-up without progress"
    return out


class TestStrangers:
    def test_noise_and_mutations_are_counted_and_change_nothing(self) -> None:
        rng = Random(7)
        ours, theirs = shelf(RIVER), shelf(HILL, records=20)
        genuine = [*frames_of(theirs), summary(HILL, 5), ask(HILL, 6, Span(RIVER, 1, 1, 5))]
        hub = engine(ours)
        wake, before = hub.next_wake(NOW), ours.held
        for turn in range(3000):
            data = bytearray(rng.choice(genuine))
            match turn % 4:
                case 0:
                    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
                case 1:
                    del data[rng.randrange(len(data)) :]
                case 2:
                    data += rng.randbytes(rng.randint(1, 40))
                case _:
                    data = bytearray(rng.randbytes(rng.randint(0, 231)))
            assert [type(event) for event in hub.receive(bytes(data), NOW)] == [Ignored]
        counts = hub.status(NOW).counts
        assert sum(count for name, count in counts.items() if name.startswith("ignored_")) == 3000
        assert ours.held == before
        assert hub.next_wake(NOW + 3600) <= max(wake, NOW + 3600)
        assert hub.status(NOW).missing == {}

    def test_another_communitys_frames_are_foreign(self) -> None:
        here = directory(HILL, HUBS)
        there = Directory(b"another valley!!", here.group_key, HILL, here.members, here.roster)
        data = pack_summary(summaries(1, shelf(HILL).vector(), here)[0], there)
        assert engine(shelf(RIVER)).receive(data, NOW) == [Ignored("unsigned")]


class TestReplays:
    def test_an_old_control_frame_is_ignored_and_counted(self) -> None:
        hub = engine(shelf(RIVER, records=5))
        old = ask(HILL, 7, Span(RIVER, 1, 1, 5))
        hub.receive(old, NOW)
        hub.receive(summary(HILL, 8), NOW + 1)
        for _ in range(50):
            assert hub.receive(old, NOW + 2) == [Ignored("old_beat")]
        assert hub.status(NOW).counts["ignored_old_beat"] == 50

    def test_a_data_frame_replayed_is_known(self) -> None:
        ours, theirs = shelf(RIVER), shelf(HILL, records=3)
        hub = engine(ours)
        (arrived,) = [e for e in hub.receive(frames_of(theirs)[0], NOW) if isinstance(e, Arrived)]
        ours.keep(arrived.frame)
        hub.stored(NOW)
        for _ in range(50):
            assert hub.receive(frames_of(theirs)[0], NOW + 1) == [Ignored("known")]

    def test_a_forged_beat_does_not_make_a_hub_unheard_for_good(self) -> None:
        hub = engine(shelf(RIVER))
        hub.receive(summary(HILL, HUGE), NOW)
        assert hub.receive(summary(HILL, 10), NOW + 60) == [Ignored("old_beat")]
        assert hub.receive(summary(HILL, 12), NOW + 1300) != [Ignored("old_beat")]

    def test_a_hub_in_a_new_life_counts_anew_at_once(self) -> None:
        hub = engine(shelf(RIVER))
        hub.receive(summary(HILL, 5000), NOW)
        here = directory(RIVER, HUBS)
        reborn = here.members[2].__class__(HILL, 2, bytes(32), ((1, here.members[2].public),))
        members = {**here.members, 2: reborn}
        later = Directory(here.community, here.group_key, RIVER, members, b"next")
        hub.change_directory(later, NOW + 1)
        data = pack_summary(
            Summary(HILL, 1, b"next", {hub: Mark(1, 0) for hub in HUBS}, bytes(8)), directory(HILL, HUBS)
        )
        assert hub.receive(data, NOW + 2) != [Ignored("old_beat")]


class TestMadNeighbour:
    """It holds the group key, and says what it likes in everybody's name."""

    def test_claims_of_what_is_not_there_cost_an_ask_now_and_then(self) -> None:
        hub = engine(shelf(RIVER))
        hub.receive(summary(HILL, 1, {LAKE: Mark(1, HUGE), HILL: Mark(1, HUGE)}), NOW)
        asks = [when for when, kind in sent_until(hub, NOW, NOW + 6 * 3600) if kind is Sending.ASK]
        assert len(asks) <= 60
        assert hub.status(NOW).missing == {HILL: 64, LAKE: 64}

    def test_nor_do_claims_repeated_for_hours_make_it_ask_for_hours(self) -> None:
        hub, now, asks = engine(shelf(RIVER)), NOW, 0
        for beat in range(1, 1000):
            hub.receive(summary(HILL, beat, {LAKE: Mark(1, HUGE)}), now)
            asks += sum(kind is Sending.ASK for _, kind in sent_until(hub, now, now + 20))
            now += 20
        assert asks <= 60

    def test_what_is_there_is_still_asked_for(self) -> None:
        hub, now = engine(shelf(RIVER)), NOW
        hub.receive(summary(HILL, 1, {LAKE: Mark(1, HUGE)}), now)
        sent_until(hub, now, now := now + 7200)
        hub.receive(summary(LAKE, 1, {HILL: Mark(1, 3)}), now)
        assert Sending.ASK in [kind for _, kind in sent_until(hub, now, now + 10)]

    def test_a_life_that_the_roster_does_not_know_is_not_asked_for(self) -> None:
        hub = engine(shelf(RIVER))
        hub.receive(summary(HILL, 1, {LAKE: Mark(9, 5)}), NOW)
        assert Sending.ASK not in [kind for _, kind in sent_until(hub, NOW, NOW + 600)]

    def test_asks_without_end_are_answered_within_the_allowance(self) -> None:
        """Five minutes of asks for everything, in two names, as fast as the channel takes them."""
        hub, now, beat = engine(shelf(RIVER, records=300)), NOW, 0
        spans = [Span(RIVER, 1, 1 + 5 * n, 3 + 5 * n) for n in range(60)]
        busy = 0.0
        while now < NOW + 300:
            beat += 1
            for sender in (HILL, LAKE):
                hub.receive(ask(sender, beat, *spans), now)
            for _ in sent_until(hub, now, now + 1):
                busy += airtime(200)
            now += 1
        print(f"\nsent {busy:.0f} s of {now - NOW:.0f}")
        assert busy <= 0.25 * (now - NOW)
        assert len(hub._parts.answering._answers) <= 32
        assert len(hub._parts.answering._aired) <= 256

    def test_memory_is_bounded_by_the_roster(self) -> None:
        hub, rng = engine(shelf(RIVER, records=50)), Random(3)
        for beat in range(1, 600):
            sender, about = rng.choice((HILL, LAKE)), rng.choice(HUBS)
            first = rng.randrange(1, HUGE // 2)
            hub.receive(ask(sender, 2 * beat, Span(about, rng.randint(1, 60_000), first, HUGE)), NOW + beat)
            claims = {about: Mark(rng.randint(1, 60_000), first)}
            hub.receive(summary(sender, 2 * beat + 1, claims), NOW + beat)
        assert len(hub._parts.answering._answers) <= 32
        assert len(hub._parts.answering._asked_before) <= 64
        assert len(hub._parts.asking._recent) <= 16
        assert len(hub._parts.neighbours._told) <= len(HUBS) ** 2
        assert all(len(claims) <= len(HUBS) for claims in hub._parts.neighbours._claims.values())

    def test_a_hole_of_a_trillion_records_is_not_walked_through(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Asked for a life before this one, of which we hold nothing: it is looked for in a few places.
        hub = engine(shelf(RIVER, records=5))
        lookups = 0
        find = hub._parts.library.frame_with

        def counted(*wanted: int) -> bytes | None:
            nonlocal lookups
            lookups += 1
            return find(*wanted)

        hub._parts.feeds.vector = {RIVER: hub._parts.feeds.vector[RIVER].__class__(2, 5, bytes(32))}
        monkeypatch.setattr(hub._parts.library, "frame_with", counted)
        hub.receive(ask(HILL, 1, Span(RIVER, 1, 1, HUGE)), NOW)
        sent_until(hub, NOW, NOW + 60)
        assert lookups <= 40

    def test_the_rest_of_the_village_goes_on(self) -> None:
        """River and Hill trade while Lake shouts."""
        channel = Channel(HUBS, seed=2, answers=0.5)
        channel.run(100)
        channel.off(LAKE)
        for second in range(600):
            beat = 100 + second
            data = (
                summary(LAKE, beat, {HILL: Mark(1, HUGE)})
                if second % 2
                else ask(LAKE, beat, Span(RIVER, 1, 1, HUGE), Span(HILL, 1, 1, HUGE))
            )
            for hub in (RIVER, HILL):
                channel.at(100 + second, partial(channel.deliver, hub, data))
        channel.run(400)
        channel.write(RIVER, Kind.SENT, HILL)
        shelves = [channel.stations[hub].shelf for hub in (RIVER, HILL)]
        assert channel.run(460, lambda: shelves[0].held[HILL] == shelves[1].held[HILL] == 1)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("pass"), st.floats(0, 1000)),
        st.tuples(st.just("write"), st.sampled_from([(Kind.SENT, HILL), (Kind.CHECKPOINT, 0)])),
        st.tuples(st.just("hear"), st.integers(0, 30)),
        st.tuples(st.just("refused"), st.floats(0, 5000)),
        st.tuples(st.just("radio"), st.floats(0, 1)),
        st.tuples(st.just("send"), st.just(0)),
    ),
    max_size=40,
)


def heard(which: int, beat: int) -> bytes:
    pool = frames_of(HILLS)
    spans = [Span(RIVER, 1, 1, 3), Span(HILL, 1, 1, HUGE), Span(LAKE, 1, 2, 2)]
    match which % 4:
        case 0:
            return pool[which % len(pool)]
        case 1:
            return ask(HILL, beat, *spans[: 1 + which % 3])
        case 2:
            return summary(LAKE, beat, {HILL: Mark(1, which), LAKE: Mark(1 + which % 2, HUGE)})
        case _:
            return bytes([which]) * which


HILLS = shelf(HILL, records=30)


@settings(max_examples=60, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 1000), steps)
def test_no_wake_up_is_lost(seed: int, todo: list[tuple[str, object]]) -> None:
    """Whatever happened, the next wake-up is finite, and leads to a packet or to a later one."""
    ours = shelf(RIVER)
    hub, now = engine(ours, seed), 0.0
    for beat, (what, how) in enumerate(todo, 1):
        match what, how:
            case "pass", float(seconds):
                now += seconds
            case "write", (Kind() as kind, int(to)):
                ours.write(kind, to)
                hub.stored(now)
            case "hear", int(which):
                for event in hub.receive(heard(which, beat), now):
                    if isinstance(event, Arrived):
                        ours.keep(event.frame)
                        hub.stored(now)
            case "refused", float(wait):
                hub.refused(now, wait)
            case "radio", float(use):
                hub.radio_measured(Airtime(use, use), now)
            case _:
                hub.transmit(now)
        wake = hub.next_wake(now)
        assert wake < now + 2 * 3700
    for _ in range(60):
        wake = max(hub.next_wake(now), now)
        assert wake < now + 2 * 3700
        now = wake
        packet = hub.transmit(now)
        if packet:
            now += airtime(len(packet.data))
            hub.sent(now, len(packet.data))
        else:
            assert hub.next_wake(now) > now


def test_a_large_community_takes_turns_over_several_summaries() -> None:
    hubs = range(101, 301)
    river = Shelf(directory(101, hubs))
    hub, hill = engine(river), engine(Shelf(directory(102, hubs)))
    sent: list[int] = []
    now = 0.0
    while len(sent) < 400:
        now = max(now, hub.next_wake(now))
        if packet := hub.transmit(now):
            assert len(packet.data) <= 200
            now += airtime(len(packet.data))
            hub.sent(now, len(packet.data))
            (event,) = hill.receive(packet.data, now)
            assert isinstance(event, HeardHub)
            sent += event.positions
    assert sent == [*hubs, *hubs]
