"""Summaries and asks: what River says it holds and misses is what Hill reads."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.ledger import codec
from appliance.ledger.book.schema import RosterRow
from appliance.ledger.book.schema_hubs import LifeRow
from appliance.radio import control
from appliance.radio.control import Ask, Mark, Summary
from appliance.radio.directory import Directory, Member, of_roster
from appliance.radio.errors import BadFrame, CannotPack, Reason
from appliance.radio.ports import Position, Span
from tests.radio.community import GROUP_KEY, HILL, LAKE, RIVER, ROSTER, a_directory

DIRECTORY = a_directory()
VILLAGES = a_directory(hubs=64)
HEADS = bytes(range(8))

MARKS = st.builds(Mark, st.sampled_from([1, 1, 1, 2, 300, 65535]), st.integers(0, 70_000))


def refusal(data: bytes, directory: Directory = DIRECTORY) -> Reason:
    with pytest.raises(BadFrame) as caught:
        control.read(data, directory)
    return caught.value.reason


def maced(content: bytes, directory: Directory = DIRECTORY) -> bytes:
    """``content`` with the community's good MAC, whatever it says."""
    return content + directory.mac(content)


def a_summary(**changes: object) -> Summary:
    positions = {RIVER: Mark(1, 12), HILL: Mark(1, 300), LAKE: Mark(2, 0)}
    return replace(Summary(RIVER, 7, ROSTER, positions, HEADS), **changes)  # type: ignore[arg-type]


@st.composite
def spans(draw: st.DrawFn, most: int = 40) -> list[Span]:
    """Spans of any feeds, in any order; they may overlap."""
    drawn = draw(
        st.lists(
            st.tuples(
                st.integers(101, 110), st.sampled_from([1, 2, 400]), st.integers(1, 500), st.integers(0, 9)
            ),
            min_size=1,
            max_size=most,
        )
    )
    return [Span(hub, incarnation, first, first + more) for hub, incarnation, first, more in drawn]


def numbers(spans: list[Span] | tuple[Span, ...]) -> set[tuple[int, int, int]]:
    return {(s.hub, s.incarnation, number) for s in spans for number in range(s.first, s.last + 1)}


class TestSummaries:
    def test_hill_reads_what_river_holds(self) -> None:
        data = control.pack_summary(a_summary(), DIRECTORY)
        assert control.read(data, a_directory(me=HILL)) == a_summary()
        assert len(data) == 2 + 1 + 5 + 1 + 1 + (1 + 3 + 3) + 9 + 8

    @given(st.lists(MARKS, min_size=1, max_size=40), st.integers(0, 24), st.integers(1, (1 << 40) - 1))
    def test_any_summary_comes_back(self, marks: list[Mark], start: int, beat: int) -> None:
        positions = {101 + start + at: mark for at, mark in enumerate(marks)}
        summary = Summary(RIVER, beat, ROSTER, positions, HEADS)
        assert control.read(control.pack_summary(summary, VILLAGES), VILLAGES) == summary

    def test_what_a_small_community_holds_is_one_summary(self) -> None:
        vector = {hub: Position(1, hub, bytes([hub]) * 32) for hub in (HILL, RIVER, LAKE)}
        (summary,) = control.summaries(5, vector, DIRECTORY)
        assert summary.positions == {RIVER: Mark(1, RIVER), HILL: Mark(1, HILL), LAKE: Mark(1, LAKE)}
        assert (summary.hub, summary.beat, summary.roster) == (RIVER, 5, ROSTER)
        links = b"".join(bytes([hub]) * 32 for hub in (RIVER, HILL, LAKE))
        assert summary.heads == codec.digest("tch.heads", DIRECTORY.community + links)[:8]

    def test_a_large_community_takes_more_than_one_and_all_fit(self) -> None:
        vector = {hub: Position(65535, (1 << 40) - 1, bytes(32)) for hub in range(101, 165)}
        parts = control.summaries(1, vector, VILLAGES)
        assert [part.beat for part in parts] == list(range(1, len(parts) + 1))
        assert max(len(control.pack_summary(part, VILLAGES)) for part in parts) <= control.USUAL_CONTROL
        held = [hub for part in parts for hub in part.positions]
        assert held == sorted(vector)

    def test_64_hubs_of_a_year_fit_two_summaries(self) -> None:
        vector = {hub: Position(1, 40 * (hub - 90), bytes(32)) for hub in range(101, 165)}
        sizes = [len(control.pack_summary(s, VILLAGES)) for s in control.summaries(1, vector, VILLAGES)]
        assert len(sizes) <= 2

    def test_other_links_at_the_same_positions_show(self) -> None:
        held = {RIVER: Position(1, 5, b"a" * 32)}
        other = {RIVER: Position(1, 5, b"b" * 32)}
        (mine,), (theirs,) = control.summaries(1, held, DIRECTORY), control.summaries(1, other, DIRECTORY)
        assert mine.positions == theirs.positions
        assert mine.heads != theirs.heads

    def test_hubs_that_we_do_not_know_yet_are_passed_over(self) -> None:
        positions = {hub: Mark(1, hub) for hub in range(101, 110)}
        data = control.pack_summary(Summary(RIVER, 1, b"more", positions, HEADS), VILLAGES)
        heard = control.read(data, DIRECTORY)
        assert isinstance(heard, Summary)
        assert heard.positions == {hub: Mark(1, hub) for hub in (RIVER, HILL, LAKE)}
        assert heard.roster != DIRECTORY.roster

    def test_a_later_life_is_further_than_any_number(self) -> None:
        assert Mark(2, 0) > Mark(1, 10**6) > Mark(1, 3)

    @pytest.mark.parametrize(
        "changes",
        [
            {"positions": {}},
            {"positions": {RIVER: Mark(1, 1), LAKE: Mark(1, 1)}},
            {"positions": {999: Mark(1, 1)}},
            {"positions": {RIVER: Mark(0, 1)}},
            {"positions": {RIVER: Mark(1, -1)}},
            {"positions": {RIVER: Mark(1, 1 << 40)}},
            {"beat": 0},
            {"beat": 1 << 40},
            {"hub": 999},
            {"roster": b"long roster"},
            {"heads": b""},
        ],
        ids=lambda changes: next(iter(changes)) + str(next(iter(changes.values())))[:20],
    )
    def test_what_is_no_summary_is_our_mistake(self, changes: dict[str, object]) -> None:
        with pytest.raises(CannotPack):
            control.pack_summary(a_summary(**changes), DIRECTORY)

    def test_too_many_positions_are_our_mistake(self) -> None:
        positions = {hub: Mark(1, 1 << 30) for hub in range(101, 165)}
        with pytest.raises(CannotPack):
            control.pack_summary(Summary(RIVER, 1, ROSTER, positions, HEADS), VILLAGES)


class TestAsks:
    def test_hill_reads_what_river_misses(self) -> None:
        ask = Ask(
            RIVER, 8, (Span(HILL, 1, 4, 4), Span(HILL, 1, 9, 20), Span(HILL, 2, 1, 3), Span(LAKE, 1, 1, 1))
        )
        data = control.pack_ask(ask, DIRECTORY)
        assert control.read(data, a_directory(me=HILL)) == ask
        body = "8602010300030b" + "8402020002" + "8403010000"
        assert data[2:-8].hex() == "08" + body

    @given(spans(), st.integers(1, (1 << 40) - 1))
    def test_any_ask_comes_back_in_order_and_joined(self, wanted: list[Span], beat: int) -> None:
        ask = control.ask_for(beat, wanted, VILLAGES)
        data = control.pack_ask(ask, VILLAGES)
        assert len(data) <= control.USUAL_CONTROL
        assert control.read(data, VILLAGES) == ask
        assert ask.spans
        assert numbers(ask.spans) <= numbers(wanted)

    @given(spans(most=12))
    def test_a_short_ask_is_whole(self, wanted: list[Span]) -> None:
        assert numbers(control.ask_for(1, wanted, VILLAGES).spans) == numbers(wanted)

    def test_what_does_not_fit_is_left_for_another_time(self) -> None:
        wanted = [Span(hub, 1, 10**9 + n, 10**9 + n) for hub in range(101, 165) for n in (1, 4, 9)]
        ask = control.ask_for(1, wanted, VILLAGES)
        assert ask.spans == tuple(wanted[: len(ask.spans)])
        assert 20 < len(ask.spans) < len(wanted)

    def test_hubs_that_we_do_not_know_are_not_asked_about(self) -> None:
        ask = control.ask_for(1, [Span(140, 1, 1, 2), Span(HILL, 1, 1, 2)], DIRECTORY)
        assert ask.spans == (Span(HILL, 1, 1, 2),)

    def test_what_is_asked_of_a_hub_that_we_do_not_know_is_passed_over(self) -> None:
        data = control.pack_ask(Ask(RIVER, 1, (Span(HILL, 1, 5, 6), Span(150, 1, 1, 2))), VILLAGES)
        assert control.read(data, DIRECTORY) == Ask(RIVER, 1, (Span(HILL, 1, 5, 6),))

    @pytest.mark.parametrize(
        "wanted",
        [
            (),
            (Span(HILL, 1, 2, 1),),
            (Span(HILL, 1, 0, 1),),
            (Span(HILL, 0, 1, 1),),
            (Span(HILL, 1, 1, 1 << 40),),
            (Span(999, 1, 1, 1),),
            (Span(HILL, 1, 1, 2), Span(HILL, 1, 3, 4)),
            (Span(HILL, 1, 1, 5), Span(HILL, 1, 3, 4)),
            (Span(HILL, 1, 8, 9), Span(HILL, 1, 3, 4)),
            (Span(LAKE, 1, 1, 1), Span(HILL, 1, 1, 1)),
        ],
    )
    def test_what_is_no_ask_is_our_mistake(self, wanted: tuple[Span, ...]) -> None:
        with pytest.raises(CannotPack):
            control.pack_ask(Ask(RIVER, 1, wanted), DIRECTORY)

    def test_an_ask_without_spans_cannot_be_packed(self) -> None:
        with pytest.raises(CannotPack):
            control.pack_ask(control.ask_for(1, [], DIRECTORY), DIRECTORY)


class TestOneSpelling:
    """Each of these has the community's good MAC, so only the spelling can be at fault."""

    ROSTER = "44a1b2c3d4"
    END = "480001020304050607"

    SUMMARIES = {
        "a beat with a needless byte": ("1807" + ROSTER + "018105" + END, Reason.NOT_CANONICAL),
        "beat 0": ("00" + ROSTER + "018105" + END, Reason.MALFORMED),
        "a beat beyond any": ("1b0000010000000000" + ROSTER + "018105" + END, Reason.MALFORMED),
        "a roster of another length": ("0743a1b2c3" + "018105" + END, Reason.MALFORMED),
        "no position": ("07" + ROSTER + "0180" + END, Reason.MALFORMED),
        "index 0": ("07" + ROSTER + "008105" + END, Reason.MALFORMED),
        "an index beyond any": ("07" + ROSTER + "18ff820505" + END, Reason.MALFORMED),
        "the first life, named": ("07" + ROSTER + "0181820105" + END, Reason.NOT_CANONICAL),
        "life 0": ("07" + ROSTER + "0181820005" + END, Reason.MALFORMED),
        "a life beyond any": ("07" + ROSTER + "0181821a0001000005" + END, Reason.MALFORMED),
        "a position of three": ("07" + ROSTER + "018183020505" + END, Reason.MALFORMED),
        "a number beyond any": ("07" + ROSTER + "01811b0000010000000000" + END, Reason.MALFORMED),
        "heads of another length": ("07" + ROSTER + "0181054100", Reason.MALFORMED),
        "a byte too many": ("07" + ROSTER + "018105" + END + "00", Reason.MALFORMED),
        "more positions than there are": ("07" + ROSTER + "018305" + END, Reason.MALFORMED),
        "nothing but a beat": ("07", Reason.MALFORMED),
    }

    ASKS = {
        "nothing": ("07", Reason.MALFORMED),
        "no span": ("07820201", Reason.MALFORMED),
        "half a span": ("078302010a", Reason.MALFORMED),
        "a feed twice": ("078402010000" + "8402010500", Reason.NOT_CANONICAL),
        "feeds out of order": ("078403010000" + "8402010500", Reason.NOT_CANONICAL),
        "index 0": ("078400010000", Reason.MALFORMED),
        "an index beyond any": ("0784190100010000", Reason.MALFORMED),
        "life 0": ("078402000000", Reason.MALFORMED),
        "a number with a needless byte": ("07840201180500", Reason.NOT_CANONICAL),
        "a number beyond any": ("078402011b000001000000000000", Reason.MALFORMED),
        "a byte too many": ("07840201000000", Reason.MALFORMED),
    }

    @pytest.mark.parametrize("name", SUMMARIES)
    def test_a_summary_has_one(self, name: str) -> None:
        body, why = self.SUMMARIES[name]
        assert refusal(maced(bytes.fromhex("4a01" + body))) is why

    @pytest.mark.parametrize("name", ASKS)
    def test_an_ask_has_one(self, name: str) -> None:
        body, why = self.ASKS[name]
        assert refusal(maced(bytes.fromhex("5201" + body))) is why

    @given(st.sampled_from([0x4A, 0x52]), st.binary(min_size=1, max_size=60))
    def test_any_body_under_a_good_mac_is_refused_or_has_one(self, first: int, body: bytes) -> None:
        data = maced(bytes([first, 1]) + body, VILLAGES)
        try:
            heard = control.read(data, VILLAGES)
        except BadFrame:
            return
        if isinstance(heard, Summary):
            assert control.pack_summary(heard, VILLAGES) == data
        else:
            assert isinstance(heard, Ask)
            assert control.pack_ask(heard, VILLAGES) == data


class TestStrangers:
    DATA = control.pack_summary(a_summary(), DIRECTORY)

    def test_another_group_key(self) -> None:
        other = replace(DIRECTORY, group_key=bytes(reversed(GROUP_KEY)))
        assert refusal(self.DATA, other) is Reason.UNSIGNED

    def test_another_community_with_the_same_key(self) -> None:
        assert refusal(self.DATA, a_directory(community=bytes(16))) is Reason.UNSIGNED

    def test_a_body_without_a_good_mac_is_not_parsed(self) -> None:
        assert refusal(bytes.fromhex("4a01") + b"\xff" * 30) is Reason.UNSIGNED

    def test_a_hub_that_was_never_admitted(self) -> None:
        assert refusal(maced(b"\x4a\x09" + self.DATA[2:-8])) is Reason.UNKNOWN_SENDER

    @pytest.mark.parametrize("first", [0x49, 0x4B, 0x51, 0x53])
    def test_another_suite(self, first: int) -> None:
        assert refusal(maced(bytes([first]) + self.DATA[1:-8])) is Reason.UNKNOWN_SUITE

    def test_longer_than_any_radio_carries(self) -> None:
        assert refusal(maced(self.DATA[:2] + bytes(250))) is Reason.TOO_LONG

    def test_shorter_than_a_mac(self) -> None:
        assert refusal(self.DATA[:10]) is Reason.TRUNCATED

    def test_a_summary_is_no_data_and_data_no_summary(self) -> None:
        with pytest.raises(BadFrame, match="unknown_type"):
            control.open_control(bytes.fromhex("4101") + bytes(90), DIRECTORY)


class TestDirectory:
    @pytest.mark.parametrize(
        "changes",
        [
            {"community": b"short"},
            {"group_key": b"short"},
            {"roster": b""},
            {"hub": 140},
            {"members": {**DIRECTORY.members, 9: DIRECTORY.members[1]}},
            {"members": {**DIRECTORY.members, 0: replace(DIRECTORY.members[1], hub=150)}},
            {"members": {**DIRECTORY.members, 256: replace(DIRECTORY.members[1], hub=150)}},
            {"members": {**DIRECTORY.members, 4: replace(DIRECTORY.members[1], hub=7)}},
        ],
        ids=["community", "group key", "roster", "not in it", "twice", "index 0", "index 256", "hub 7"],
    )
    def test_what_is_no_directory_is_our_mistake(self, changes: dict[str, object]) -> None:
        with pytest.raises(ValueError, match="not a directory"):
            replace(DIRECTORY, **changes)  # type: ignore[arg-type]

    def test_the_ledgers_roster_makes_one(self) -> None:
        rows = [
            RosterRow(
                seq=seq,
                hub=100 + seq,
                incarnation=seq,
                signing_key=bytes([seq]) * 32,
                root_key=bytes([16 + seq]) * 32,
                hash=bytes([seq]) * 32,
            )
            for seq in (2, 1)
        ]
        lives = [LifeRow(hub=HILL, incarnation=life, signing_key=bytes([life + 6]) * 32) for life in (1, 2)]
        directory = of_roster(rows, DIRECTORY.community, GROUP_KEY, HILL, lives)
        assert directory.members == {
            1: Member(RIVER, 1, b"\1" * 32, (), b"\x11" * 32),
            2: Member(HILL, 2, b"\2" * 32, ((1, b"\7" * 32),), b"\x12" * 32),
        }
        assert (directory.hub, directory.roster) == (HILL, b"\2" * 4)
        assert of_roster(rows, DIRECTORY.community, GROUP_KEY, HILL, (), b"\3" * 32).roster == b"\3" * 4
        with pytest.raises(ValueError, match="not a directory"):
            of_roster([], DIRECTORY.community, GROUP_KEY, HILL)

    def test_it_knows_hubs_by_number_and_by_index(self) -> None:
        assert (DIRECTORY.index(HILL), DIRECTORY.hub_at(2)) == (2, HILL)
        assert (DIRECTORY.index(150), DIRECTORY.hub_at(50)) == (None, None)
