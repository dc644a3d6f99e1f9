"""Which of two other villages comes first: Alice of River looks at what Hill and Lake have, and one is nearer."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from appliance.ledger.market.distances import FARTHEST, SetDistance
from appliance.ledger.market.listings import OpenListing
from appliance.ledger.reads.far_listings import minutes_on_foot
from appliance.ledger.values import AccountNumber
from appliance.matching import BEST, CACHE_FILE, FarId, Index, Query, Suggestion, find, near, suggestions
from appliance.matching.proposing import propose
from appliance.matching.usefulness import useful
from tests.support.valley import HILL, LAKE, RIVER, Valley

KIRA, ALICE, BOB = 1, 2, 3


@dataclass
class Markets:
    """Three villages, and River's index."""

    valley: Valley
    index: Index

    def lists(self, hub: int, who: int, kind: str, title: str) -> None:
        self.valley.do(hub, who, OpenListing(AccountNumber(who), kind, "food", title))

    def post_goes(self) -> None:
        for post in self.valley.posts.values():
            post.publish(50)
        self.valley.carry()

    def far(self, hub: int, minutes: int | None) -> None:
        self.valley.do(RIVER, KIRA, SetDistance(hub, minutes))

    def follow(self) -> None:
        with self.valley.hubs[RIVER].reading() as tx:
            self.index.follow(tx)

    def found(self, text: str = "", **also) -> list[int]:
        """The hubs of what is found near Alice, page by page."""
        self.follow()
        with self.valley.hubs[RIVER].reading() as tx:
            minutes = minutes_on_foot(tx)
        query = Query(text, hubs=(HILL, LAKE), close=frozenset(), minutes=minutes, **also)
        hits, after = [], None
        while True:
            page = find(self.index, query, after, limit=2)
            hits += [hit.id.hub if isinstance(hit.id, FarId) else RIVER for hit in page.hits]
            if (after := page.more) is None:
                return hits

    def useful(self, near_first: bool) -> list[tuple[int, bool]]:
        """The market as Alice sees it, page by page: the hub, and whether it fits something of hers."""
        self.follow()
        shown, after = [], None
        with self.valley.hubs[RIVER].reading() as tx:
            asked = Query(hubs=(HILL, LAKE), kind="offer", minutes=minutes_on_foot(tx) if near_first else {})
            asked = replace(asked, close=frozenset() if near_first else None)
            now = self.valley.clock.now().ms
            while True:
                page = useful(self.index, tx, ALICE, asked, now, after, limit=2)
                shown += [
                    (one.hit.id.hub if isinstance(one.hit.id, FarId) else RIVER, one.fits is not None)
                    for one in page.shown
                ]
                if (after := page.more) is None:
                    return shown

    def suggested(self) -> tuple[Suggestion, ...]:
        self.follow()
        with self.valley.hubs[RIVER].reading() as tx:
            return suggestions(self.index, tx, ALICE, self.valley.clock.now().ms)

    def told(self) -> list[tuple[int, int | None]]:
        """Of what Alice is told: the hub, and how far it is."""
        return [
            (one.theirs.hub, one.known.minutes) for one in self.suggested() if isinstance(one.theirs, FarId)
        ]


@pytest.fixture
def markets(tmp_path: Path) -> Iterator[Markets]:
    valley = Valley(tmp_path)
    made = Markets(valley, Index.open(valley.hubs[RIVER].data / CACHE_FILE))
    yield made
    made.index.close()
    valley.close()


@pytest.mark.parametrize(("text", "order"), [("", "newest"), ("bread", BEST)])
def test_near_me_first_is_this_village_then_the_nearer_one(markets: Markets, text: str, order: str) -> None:
    markets.lists(RIVER, BOB, "offer", "Bread")
    for hub in (LAKE, HILL):
        for number in range(2):
            markets.lists(hub, ALICE, "offer", f"Bread {number}")
        markets.post_goes()
    assert markets.found(text, order=order) == [RIVER, HILL, HILL, LAKE, LAKE], "the newer first"
    markets.far(LAKE, 300)
    assert markets.found(text, order=order) == [RIVER, LAKE, LAKE, HILL, HILL], "of Hill nobody knows"
    markets.far(HILL, 301)
    assert markets.found(text, order=order) == [RIVER, LAKE, LAKE, HILL, HILL]
    markets.far(HILL, 40)
    assert markets.found(text, order=order) == [RIVER, HILL, HILL, LAKE, LAKE]


def test_what_means_the_same_in_other_words_is_near_me_first_too(markets: Markets) -> None:
    markets.lists(HILL, ALICE, "offer", "Huevos")
    markets.lists(LAKE, ALICE, "offer", "Huevos")
    markets.post_goes()
    markets.follow()
    asked = Query("eggs", hubs=(HILL, LAKE))

    def hubs(query: Query) -> list[int]:
        return [hit.id.hub for hit in near(markets.index, query).hits if isinstance(hit.id, FarId)]

    for minutes, nearest in (
        ({LAKE: 90, HILL: 300}, LAKE),
        ({LAKE: 90, HILL: 30}, HILL),
        ({HILL: 300}, HILL),
    ):
        assert hubs(replace(asked, close=frozenset(), minutes=minutes))[0] == nearest
    assert hubs(replace(asked, minutes={HILL: 300})) == hubs(replace(asked, minutes={LAKE: 300}))


def test_among_what_is_of_use_the_nearer_comes_first_and_with_near_me_first_whatever_else_speaks(
    markets: Markets,
) -> None:
    markets.lists(RIVER, ALICE, "want", "Eggs")
    markets.lists(RIVER, BOB, "offer", "Soap")
    for hub in (HILL, LAKE):
        for title in ("Eggs", "Soap"):
            markets.lists(hub, ALICE, "offer", title)
        markets.post_goes()
    newer_first = [(LAKE, True), (HILL, True), (RIVER, False), (LAKE, False), (HILL, False)]
    assert markets.useful(near_first=False) == markets.useful(near_first=True) == newer_first
    markets.far(HILL, 40)
    nearer_first = [(HILL, True), (LAKE, True), (RIVER, False), (HILL, False), (LAKE, False)]
    assert markets.useful(near_first=False) == markets.useful(near_first=True) == nearer_first
    # An hour and a minute is worse than nobody knows, but known to be a walk.
    markets.far(HILL, 61)
    assert markets.useful(near_first=False) == newer_first
    assert markets.useful(near_first=True) == nearer_first


def test_the_nearer_of_two_who_offer_the_same_comes_first_and_why_is_known(markets: Markets) -> None:
    markets.lists(RIVER, ALICE, "want", "Eggs")
    for hub in (HILL, LAKE):
        markets.lists(hub, ALICE, "offer", "Eggs")
        markets.post_goes()
    assert markets.told() == [(LAKE, None), (HILL, None)], "equals: the newer first"
    markets.far(HILL, 59)
    assert markets.told() == [(HILL, 59), (LAKE, None)], "within an hour is better than nobody knows"
    markets.far(HILL, 61)
    assert markets.told() == [(LAKE, None), (HILL, 61)]
    markets.far(LAKE, 62)
    assert markets.told() == [(HILL, 61), (LAKE, 62)]


def test_the_own_village_comes_first_however_near_another_is(markets: Markets) -> None:
    markets.lists(RIVER, ALICE, "want", "Goat cheese")
    markets.lists(HILL, ALICE, "offer", "Goat cheese")
    markets.lists(RIVER, BOB, "offer", "Cheese and olives")
    markets.post_goes()
    markets.far(HILL, 1)
    here, there = markets.suggested()
    assert (here.owner, here.known.minutes) == (BOB, None)
    assert isinstance(there.theirs, FarId)


def test_what_fits_better_by_its_words_comes_first_however_far_it_is(markets: Markets) -> None:
    markets.lists(RIVER, ALICE, "want", "Vegetables")
    markets.lists(HILL, ALICE, "offer", "Vegetables")
    markets.lists(LAKE, ALICE, "offer", "Carrots")
    markets.post_goes()
    assert markets.told() == [(HILL, None), (LAKE, None)]
    better, worse = markets.suggested()
    assert better.score > worse.score
    markets.far(HILL, FARTHEST)
    markets.far(LAKE, 1)
    assert markets.told() == [(HILL, FARTHEST), (LAKE, 1)]


def test_nearness_lifts_nothing_over_the_threshold(markets: Markets) -> None:
    markets.lists(RIVER, ALICE, "want", "Bicycle")
    markets.lists(HILL, ALICE, "offer", "Bicycle repair")
    markets.post_goes()
    markets.far(HILL, 1)
    assert markets.told() == []


@pytest.mark.parametrize(("near", "far"), [(HILL, LAKE), (LAKE, HILL)])
def test_of_two_loops_that_serve_the_same_the_shorter_way_is_proposed(
    markets: Markets, near: int, far: int
) -> None:
    markets.lists(RIVER, ALICE, "offer", "Bread")
    markets.lists(RIVER, ALICE, "want", "Eggs")
    for hub in (HILL, LAKE):
        markets.lists(hub, ALICE, "offer", "Eggs")
        markets.lists(hub, ALICE, "want", "Bread")
    markets.post_goes()
    markets.far(near, 40)
    markets.far(far, 45)
    markets.follow()
    assert propose(markets.valley.hubs[RIVER], markets.index) == 1
    with markets.valley.hubs[RIVER].reading() as tx:
        assert {hub for (hub,) in tx.select("SELECT hub FROM loop_leg")} == {RIVER, near}
