"""Feeds as they are kept: gaps, repeats, overlaps, any order; and two stories of one feed."""

from collections.abc import Iterator, Sequence
from itertools import permutations
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.ledger.book import feed
from appliance.ledger.book.feed import CUT_BYTES, Kept, Taken
from appliance.ledger.book.records import FEED_BEGIN, Kind, Record
from appliance.ledger.book.store import LEDGER_FILE, Store

COMMUNITY = bytes(range(16))
RIVER = 101


class Feed:
    """River's feed as River has it: records 1 to 12, and frames of any of them."""

    def __init__(self, length: int = 12, story: str = "") -> None:
        self.records = [
            Record(RIVER, 1, n, Kind.SENT, 102, n * 10, f"{story}{n}".encode()) for n in range(1, length + 1)
        ]
        self.links = [FEED_BEGIN]
        for record in self.records:
            self.links.append(record.link(COMMUNITY, self.links[-1]))

    def frame(self, first: int, last: int, cut: bytes | None = None) -> Kept:
        """The frame of records ``first`` to ``last``. Its bytes only have to be others than any other's."""
        data = b"frame %d %d " % (first, last) + self.links[last] + (cut or b"")
        return Kept(data, cut or self.links[first - 1][:CUT_BYTES], tuple(self.records[first - 1 : last]))


FEED = Feed()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store.create(tmp_path / LEDGER_FILE)
    yield made
    made.close()


def take(store: Store, *frames: Kept) -> list[Taken]:
    found = []
    for kept in frames:
        with store.write() as tx:
            found.append(feed.take(tx, COMMUNITY, kept))
    return found


def linked(store: Store) -> tuple[int, bytes]:
    with store.read() as tx:
        state = feed.state(tx, RIVER, 1)
    return state.linked, bytes(state.link)


def forked(store: Store) -> bool:
    with store.read() as tx:
        return bool(feed.state(tx, RIVER, 1).forked)


def frames_kept(store: Store) -> list[bytes]:
    with store.read() as tx:
        return [bytes(data) for (data,) in tx.select("SELECT data FROM frame ORDER BY first, last")]


def test_a_feed_of_which_nothing_has_come_stands_at_its_beginning(store: Store) -> None:
    assert linked(store) == (0, FEED_BEGIN)
    with store.read() as tx:
        assert feed.holes(tx, RIVER, 1, 3) == [(1, 3)]
        assert feed.holes(tx, RIVER, 1, 0) == []
        assert feed.frame_with(tx, RIVER, 1, 1) is None
        assert feed.record(tx, RIVER, 1, 1) is None


def test_frames_in_order_are_linked_as_they_come(store: Store) -> None:
    assert take(store, FEED.frame(1, 3), FEED.frame(4, 4)) == [Taken.NEW, Taken.NEW]
    assert linked(store) == (4, FEED.links[4])


def test_what_lies_beyond_a_gap_waits(store: Store) -> None:
    take(store, FEED.frame(1, 2), FEED.frame(5, 6), FEED.frame(9, 9))
    assert linked(store) == (2, FEED.links[2])
    with store.read() as tx:
        assert feed.holes(tx, RIVER, 1, 12) == [(3, 4), (7, 8), (10, 12)]
        assert feed.holes(tx, RIVER, 1, 8) == [(3, 4), (7, 8)]
        assert feed.holes(tx, RIVER, 1, 6) == [(3, 4)]
        assert feed.record(tx, RIVER, 1, 9) == FEED.records[8]
    take(store, FEED.frame(3, 4))
    assert linked(store) == (6, FEED.links[6])
    take(store, FEED.frame(7, 8))
    assert linked(store) == (9, FEED.links[9])


@pytest.mark.parametrize("order", list(permutations(range(4))), ids=lambda order: "".join(map(str, order)))
def test_any_order_ends_the_same(store: Store, order: Sequence[int]) -> None:
    frames = [FEED.frame(1, 3), FEED.frame(4, 4), FEED.frame(5, 8), FEED.frame(9, 12)]
    assert take(store, *(frames[i] for i in order)) == [Taken.NEW] * 4
    assert linked(store) == (12, FEED.links[12])


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.integers(1, 12), st.integers(0, 5)), min_size=1, max_size=14), st.integers())
def test_any_frames_overlapping_and_again_end_the_same(
    tmp_path_factory: pytest.TempPathFactory, spans: list[tuple[int, int]], seed: int
) -> None:
    """Records ride again in later frames: whatever comes of them, each is kept once."""
    store = Store.create(tmp_path_factory.mktemp("feed") / LEDGER_FILE)
    try:
        frames = [FEED.frame(first, min(12, first + more)) for first, more in spans]
        assert Taken.FORKED not in take(store, *frames, *frames)
        rest = [FEED.frame(n, n) for n in range(1, 13)]
        Random(seed).shuffle(rest)
        take(store, *rest)
        assert linked(store) == (12, FEED.links[12])
        with store.read() as tx:
            assert tx.select("SELECT COUNT(*) FROM record")[0][0] == 12
            assert [feed.record(tx, RIVER, 1, n) for n in range(1, 13)] == FEED.records
            assert feed.holes(tx, RIVER, 1, 12) == []
    finally:
        store.close()


def test_a_frame_that_brings_nothing_new_is_not_kept_twice(store: Store) -> None:
    assert take(store, FEED.frame(1, 4), FEED.frame(1, 4), FEED.frame(2, 3)) == [
        Taken.NEW,
        Taken.KNOWN,
        Taken.KNOWN,
    ]
    assert frames_kept(store) == [FEED.frame(1, 4).data]


def test_the_frame_that_reaches_furthest_mends_most(store: Store) -> None:
    take(store, FEED.frame(1, 2), FEED.frame(2, 5), FEED.frame(4, 7))
    with store.read() as tx:
        assert feed.frame_with(tx, RIVER, 1, 2) == FEED.frame(2, 5).data
        assert feed.frame_with(tx, RIVER, 1, 5) == FEED.frame(4, 7).data
        assert feed.frame_with(tx, RIVER, 1, 8) is None
        assert feed.frame_with(tx, RIVER, 2, 2) is None


def test_each_life_of_a_hub_has_a_feed_of_its_own(store: Store) -> None:
    take(store, FEED.frame(1, 3))
    with store.read() as tx:
        assert feed.state(tx, RIVER, 2).linked == 0


# ------------------------------------------------------------------------------------------------ two stories


OTHER = Feed(story="another ")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (FEED.frame(1, 3), OTHER.frame(1, 3)),
        (FEED.frame(1, 3), OTHER.frame(3, 5)),
        (FEED.frame(4, 6), OTHER.frame(5, 5)),
        (FEED.frame(5, 8), OTHER.frame(3, 6)),
    ],
    ids=["at the beginning", "at the end", "beyond a gap", "overlapping"],
)
def test_two_records_under_one_number_are_both_kept_and_stop_the_feed(
    store: Store, one: Kept, other: Kept
) -> None:
    assert take(store, one, other) == [Taken.NEW, Taken.FORKED]
    assert forked(store)
    assert set(frames_kept(store)) == {one.data, other.data}
    with store.read() as tx:
        first = one.records[0]
        assert feed.record(tx, RIVER, 1, first.number) == first, "what came first stays"
    before = linked(store)
    assert take(store, FEED.frame(1, 12)) == [Taken.FORKED]
    assert linked(store) == before


def test_another_link_before_known_records_is_another_story(store: Store) -> None:
    """The same record under the same number, but after another past."""
    take(store, FEED.frame(1, 3))
    assert take(store, FEED.frame(4, 4, cut=b"elsewise")) == [Taken.FORKED]


def test_another_link_beyond_a_gap_shows_when_the_gap_closes(store: Store) -> None:
    assert take(store, FEED.frame(4, 4, cut=b"elsewise"), FEED.frame(1, 2)) == [Taken.NEW, Taken.NEW]
    assert not forked(store)
    assert take(store, FEED.frame(3, 3)) == [Taken.FORKED]
    assert linked(store) == (3, FEED.links[3]), "what follows a link that fits is linked; no more"


def test_two_links_before_one_record_beyond_a_gap_are_another_story(store: Store) -> None:
    """Nothing in the second frame is new but what it says of the past."""
    lying = FEED.frame(4, 4, cut=b"elsewise")
    take(store, FEED.frame(4, 4), lying, lying)
    assert take(store, FEED.frame(1, 3)) == [Taken.FORKED]
    assert lying.data in frames_kept(store)


def test_an_old_record_with_another_link_before_it_is_another_story(store: Store) -> None:
    take(store, FEED.frame(1, 6))
    assert take(store, FEED.frame(3, 4, cut=b"elsewise")) == [Taken.FORKED]


def test_another_past_shows_by_its_link_alone(store: Store) -> None:
    """Feeds part at record 2; a frame of record 5, whose words are the same in both, tells."""
    changed = Feed()
    changed.records[1] = OTHER.records[1]
    changed.links[2:] = []
    for record in changed.records[1:]:
        changed.links.append(record.link(COMMUNITY, changed.links[-1]))
    take(store, FEED.frame(1, 4))
    assert changed.records[4] == FEED.records[4]
    assert take(store, changed.frame(5, 5)) == [Taken.FORKED]


# ------------------------------------------------------------------------------------------------ the own feed


def test_own_frames_are_kept_linked_and_read(store: Store) -> None:
    with store.write() as tx:
        feed.keep_own(tx, COMMUNITY, FEED.frame(1, 3))
        feed.keep_own(tx, COMMUNITY, FEED.frame(2, 5))
    with store.read() as tx:
        state = feed.state(tx, RIVER, 1)
        assert (state.linked, bytes(state.link), state.read) == (5, FEED.links[5], 5)
        assert feed.frame_with(tx, RIVER, 1, 3) == FEED.frame(2, 5).data


def test_links_are_those_that_any_reader_works_out(store: Store) -> None:
    """The own feed and the same feed taken in elsewhere have the same rows."""
    with store.write() as tx:
        feed.keep_own(tx, COMMUNITY, FEED.frame(1, 12))
        mine = tx.select("SELECT * FROM record ORDER BY number")
    second = Store.create(store.path.with_name("hill.db"))
    try:
        take(second, FEED.frame(7, 12), FEED.frame(1, 6))
        with second.read() as tx:
            assert tx.select("SELECT * FROM record ORDER BY number") == mine
    finally:
        second.close()
