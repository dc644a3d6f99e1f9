"""Sums of frames: the arithmetic, the form, what is solved, and that nothing in them is believed."""

from collections.abc import Callable
from functools import partial
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.ledger.book.records import Kind
from appliance.radio.coding import (
    ROW_SECONDS,
    Coded,
    Decoder,
    Name,
    added,
    inverse,
    open_coded,
    pack_coded,
    product,
    scaled,
)
from appliance.radio.control import Ask, read
from appliance.radio.directory import Directory
from appliance.radio.errors import BadFrame, CannotPack, Reason
from appliance.radio.events import Arrived, Ignored, Sending
from appliance.radio.frames import DataFrame, open_data
from appliance.radio.ports import Span
from tests.radio.community import HILL, LAKE, RIVER, a_directory, a_record, pack
from tests.radio.test_engine import Hub
from tests.support.radio_hubs import Channel

ELEMENTS = st.integers(0, 255)
HUBS = (RIVER, HILL, LAKE)
DIRECTORY = a_directory()


def frame(hub: int, first: int, count: int = 1) -> DataFrame:
    to = HILL if hub != HILL else LAKE
    data = pack([a_record(number, to, hub) for number in range(first, first + count)], DIRECTORY)
    return open_data(data, DIRECTORY)


FRAMES = [frame(hub, first, 1 + first % 3) for hub in HUBS for first in (1, 5, 200)]
BY_NAME = {(one.hub, one.first, one.last): one.data for one in FRAMES}


class TestTheField:
    @given(ELEMENTS, ELEMENTS, ELEMENTS)
    def test_it_is_one(self, a: int, b: int, c: int) -> None:
        assert product(a, b) == product(b, a)
        assert product(a, product(b, c)) == product(product(a, b), c)
        assert product(a, b ^ c) == product(a, b) ^ product(a, c)
        assert product(a, 1) == a
        if a:
            assert product(a, inverse(a)) == 1

    def test_by_the_polynomial(self) -> None:
        """Two times 0x80 leaves the byte, and is brought back by 0x11D."""
        assert product(2, 0x80) == 0x1D
        assert scaled(b"\x80\x01", 2) == b"\x1d\x02"
        assert added(b"\x01\x02\x03", b"\x01") == b"\x00\x02\x03"


class TestTheForm:
    @given(
        st.lists(st.sampled_from(sorted(BY_NAME)), min_size=2, max_size=5, unique=True), st.integers(0, 99)
    )
    def test_what_was_put_in_comes_out(self, names: list[tuple[int, int, int]], seed: int) -> None:
        data = pack_coded({name: BY_NAME[name] for name in names}, DIRECTORY, Random(seed))
        coded = read(data, DIRECTORY)
        assert isinstance(coded, Coded)
        assert coded.names == tuple(names)
        assert coded.hub == DIRECTORY.hub
        total = b""
        for name, factor in coded.factors.items():
            total = added(total, scaled(bytes([len(BY_NAME[name])]) + BY_NAME[name], factor))
        assert coded.sum == total

    def test_one_bit_more_or_less_is_refused(self) -> None:
        data = a_sum(FRAMES[:3])
        for place in range(len(data)):
            with pytest.raises(BadFrame):
                open_coded(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :], DIRECTORY)
        for cut in range(len(data)):
            with pytest.raises(BadFrame):
                open_coded(data[:cut], DIRECTORY)

    @pytest.mark.parametrize(
        ("head", "why"),
        [
            (b"\x02\x01\x05\x01\x01\x01\x07\x01\x01", Reason.MALFORMED),
            (b"\x02\x01\x00\x01\x01\x02\x07\x01\x01", Reason.MALFORMED),
            (b"\x02\x01\x05\x01\x00\x02\x07\x01\x01", Reason.MALFORMED),
            (b"\x01\x01\x05\x01\x01", Reason.MALFORMED),
            (b"\x02\x01\x05\x01\x01\x09\x07\x01\x01", Reason.UNKNOWN_HUB),
            (b"\x08\x01\x05\x01\x01\x02", Reason.TRUNCATED),
        ],
    )
    def test_what_is_none_under_a_good_mac(self, head: bytes, why: Reason) -> None:
        """A frame twice, without a factor, of record nought, of one alone, of a stranger, cut short."""
        content = b"\x7a\x01" + head + (bytes(40) if why is not Reason.TRUNCATED else b"")
        with pytest.raises(BadFrame) as raised:
            open_coded(content + DIRECTORY.mac(content), DIRECTORY)
        assert raised.value.reason is why

    def test_what_cannot_be_packed(self) -> None:
        for few in (FRAMES[:1], FRAMES * 1):
            with pytest.raises(CannotPack):
                pack_coded({(one.hub, one.first, one.last): one.data for one in few}, DIRECTORY, Random(1))


def a_sum(frames: list[DataFrame], seed: int = 1) -> bytes:
    return pack_coded({(one.hub, one.first, one.last): one.data for one in frames}, DIRECTORY, Random(seed))


def nothing(_: Name) -> bytes | None:
    return None


def holding(held: dict[Name, bytes]) -> Callable[[Name], bytes | None]:
    return lambda name: held.get(name)  # noqa: PLW0108 - of one type, unlike the method


def heard(data: bytes) -> Coded:
    return open_coded(data, DIRECTORY)


class TestSolving:
    def test_one_sum_mends_another_loss_at_each(self) -> None:
        data = a_sum(FRAMES[:4])
        for lost in range(4):
            held = {name: one for name, one in list(BY_NAME.items())[:4] if name != list(BY_NAME)[lost]}
            assert Decoder(holding(held), 64).add(heard(data), 0.0) == [FRAMES[lost].data]

    def test_two_sums_mend_two(self) -> None:
        decoder = Decoder(nothing, 64)
        assert decoder.add(heard(a_sum(FRAMES[:2], 1)), 0.0) == []
        assert decoder.pivots(0.0) == ((FRAMES[0].hub, FRAMES[0].first, FRAMES[0].last),)
        found = decoder.add(heard(a_sum(FRAMES[:2], 2)), 0.0)
        assert sorted(found) == sorted(one.data for one in FRAMES[:2])
        assert decoder.pivots(0.0) == ()

    def test_a_frame_that_comes_later_brings_the_rest(self) -> None:
        for known in (0, 1):
            decoder = Decoder(nothing, 64)
            decoder.add(heard(a_sum(FRAMES[:2])), 0.0)
            assert decoder.learn(FRAMES[known], 1.0) == [FRAMES[1 - known].data]

    def test_what_nothing_solves_is_forgotten(self) -> None:
        decoder = Decoder(nothing, 2)
        decoder.add(heard(a_sum(FRAMES[:2])), 0.0)
        assert len(decoder.pivots(ROW_SECONDS - 1)) == 1
        assert decoder.pivots(ROW_SECONDS) == ()
        for first in (0, 2, 4, 6):
            decoder.add(heard(a_sum(FRAMES[first : first + 2])), 0.0)
        assert len(decoder.pivots(0.0)) == 2

    @settings(max_examples=60, deadline=None)
    @given(st.data(), st.integers(0, 1 << 32))
    def test_whatever_is_lost_only_what_was_put_in_comes_out(self, data: st.DataObject, seed: int) -> None:
        """Sums of any frames and frames alone, in any order; enough of them bring all to light."""
        rng = Random(seed)
        known = data.draw(st.sets(st.sampled_from(sorted(BY_NAME)), max_size=5))
        held = {name: BY_NAME[name] for name in known}
        decoder = Decoder(holding(held), 64)
        missing = {name: one for name, one in BY_NAME.items() if name not in known}

        def comes(found: list[bytes]) -> None:
            for one in found:
                opened = open_data(one, DIRECTORY)
                name = (opened.hub, opened.first, opened.last)
                assert BY_NAME[name] == one
                held[name] = one
                missing.pop(name, None)
                comes(decoder.learn(opened, 0.0))

        for _ in range(40):
            if rng.random() < 0.1:
                comes([rng.choice(FRAMES).data])
            else:
                comes(
                    decoder.add(heard(a_sum(rng.sample(FRAMES, rng.randint(2, 4)), rng.randrange(1000))), 0.0)
                )
        assert not missing


def valley(hub: int) -> Directory:
    return Hub(hub).shelf.directory


class TestInTheEngine:
    """Hubs of three villages, of which each lacks something else."""

    def test_an_answer_mends_what_two_lack(self) -> None:
        river, hill, lake = Hub(RIVER), Hub(HILL, seed=2), Hub(LAKE, seed=3)
        river.write(Kind.SENT, HILL)
        hill.write(Kind.SENT, LAKE)
        (rivers,), (hills,) = river.send_all(), hill.send_all()
        river.hear(hills)
        lake.hear(rivers)
        river.until(river.now + 60)
        river.hear(lake.ask(1, Span(HILL, 1, 1, 1)))
        river.hear(hill.ask(1, Span(RIVER, 1, 1, 1)))
        _, packet = river.next(Sending.REPAIR)
        coded = read(packet.data, valley(RIVER))
        assert isinstance(coded, Coded)
        assert coded.names == ((RIVER, 1, 1), (HILL, 1, 1))
        assert Arrived(open_data(rivers, valley(HILL))) in hill.hear(packet.data)
        assert Arrived(open_data(hills, valley(LAKE))) in lake.hear(packet.data)
        assert hill.shelf.held == lake.shelf.held == river.shelf.held

    def test_one_who_lacks_both_is_given_one_after_the_other(self) -> None:
        river, hill, lake = Hub(RIVER), Hub(HILL, seed=2), Hub(LAKE, seed=3)
        river.write(Kind.SENT, HILL)
        lake.write(Kind.SENT, HILL)
        (rivers,), (lakes,) = river.send_all(), lake.send_all()
        river.hear(lakes)
        river.until(river.now + 60)
        river.hear(hill.ask(1, Span(RIVER, 1, 1, 1), Span(LAKE, 1, 1, 1)))
        assert river.next(Sending.REPAIR, within=30)[1].data == rivers

    def test_who_asks_again_and_again_gets_the_frame_itself(self) -> None:
        river, hill, lake = Hub(RIVER), Hub(HILL, seed=2), Hub(LAKE, seed=3)
        river.write(Kind.SENT, HILL)
        hill.write(Kind.SENT, LAKE)
        (rivers,), (hills,) = river.send_all(), hill.send_all()
        river.hear(hills)
        river.until(river.now + 60)
        given = []
        for beat in range(1, 5):
            river.hear(lake.ask(beat, Span(HILL, 1, 1, 1)))
            river.hear(hill.ask(beat, Span(RIVER, 1, 1, 1)))
            given.append(river.next(Sending.REPAIR)[1].data)
            river.until(river.now + 30)
        assert isinstance(read(given[0], valley(RIVER)), Coded)
        assert rivers in given[2:]

    def test_an_equation_is_one_ask_less(self) -> None:
        """Lake hears one sum of two frames that it lacks, and asks for one of them."""
        lake = Hub(LAKE, seed=3)
        river, hill = Hub(RIVER), Hub(HILL, seed=2)
        river.write()
        hill.write()
        (rivers,), (hills,) = river.send_all(), hill.send_all()
        both = {(RIVER, 1, 1): rivers, (HILL, 1, 1): hills}
        lake.hear(pack_coded(both, river.shelf.directory, Random(1)))
        river.hear(hills)
        lake.hear(river.summary(1))
        asked = read(lake.next(Sending.ASK, within=100)[1].data, valley(LAKE))
        assert isinstance(asked, Ask)
        assert asked.spans == (Span(HILL, 1, 1, 1),)
        lake.hear(hills)
        assert lake.shelf.held == {RIVER: 1, HILL: 1, LAKE: 0}

    def test_a_lie_brings_nothing_and_is_forgotten(self) -> None:
        """Lake says a sum that is none: River drops what comes out of it, and gets the frame all the same."""
        river, hill, lake = Hub(RIVER), Hub(HILL, seed=2), Hub(LAKE, seed=3)
        hill.write()
        (true,) = hill.send_all()
        river.write()
        (own,) = river.send_all()
        false = {(RIVER, 1, 1): own, (HILL, 1, 1): true[:-1] + bytes([true[-1] ^ 1])}
        assert river.hear(pack_coded(false, lake.shelf.directory, Random(1))) == [Ignored("unsigned")]
        assert river.shelf.held[HILL] == 0
        river.hear(true)
        assert river.shelf.held[HILL] == 1


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(ELEMENTS, ELEMENTS, st.binary(min_size=1, max_size=40)), max_size=12))
def test_whatever_a_mad_hub_says_in_sums_nothing_breaks(said: list[tuple[int, int, bytes]]) -> None:
    """Under a good MAC: any count, any names. Nothing is raised, nothing believed, and the frame comes through."""
    river, hill, lake = Hub(RIVER), Hub(HILL, seed=2), Hub(LAKE, seed=3)
    for count, factor, tail in said:
        content = bytes([0x7A, 3, count % 10]) + bytes([2, factor, 1, 1, 1, factor, 1, 1]) + tail
        river.hear(content + lake.shelf.directory.mac(content))
    assert river.shelf.held == {RIVER: 0, HILL: 0, LAKE: 0}
    hill.write()
    (true,) = hill.send_all()
    river.hear(hill.summary(1))
    asked = read(river.next(Sending.ASK)[1].data, valley(RIVER))
    assert isinstance(asked, Ask)
    river.hear(true)
    assert river.shelf.held[HILL] == 1


def test_it_is_said_where_many_lose_much() -> None:
    """Eight hubs that lose half of what they hear: sums are among the answers, and all arrives."""
    channel = Channel(tuple(range(101, 109)), loss=0.5, seed=3)
    for round_ in range(6):
        for hub in channel.hubs:
            channel.at(300 + 60 * round_ + hub % 7, partial(channel.write, hub, Kind.SENT, 101 + hub % 8))
    channel.run(300 + 400)
    assert channel.run(channel.now + 3600, channel.in_step)
    solved = sum(one.engine.status(channel.now).counts.get("decoded", 0) for one in channel.stations.values())
    print(f"\n{solved} frames out of sums")
    assert solved > 10
