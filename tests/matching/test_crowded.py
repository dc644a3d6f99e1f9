"""Five hundred offers that are nearly one: whoever asks for something else beside them finds it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.ledger.book.feed import FarListing
from appliance.ledger.market import marks
from appliance.ledger.market.listings import OpenListing
from appliance.ledger.people.showing import ShowName
from appliance.ledger.values import Amount
from appliance.matching import CACHE_FILE, FarId, Index, Query, find, near
from appliance.matching.concerned import COLUMNS, Looking
from appliance.matching.search import MOST_HITS
from tests.matching.test_far import Markets
from tests.support.two_villages import HILL, make_two_villages

MANY = 500
FIRST = 10_000
"""The numbers at Hill of the many begin here."""


@pytest.fixture
def markets(tmp_path: Path) -> Iterator[Markets]:
    two = make_two_villages(tmp_path)
    made = Markets(two, Index.open(two.river.hub.data / CACHE_FILE))
    yield made
    made.index.close()
    two.close()


def many(markets: Markets, owner: str, title: str) -> None:
    """Hill has told of many offers by ``owner``, as if its post had brought them one by one."""
    values = {"hub": HILL, "owner": markets.two.hill.numbers[owner], "kind": "offer", "category": "food"}
    with markets.two.river.hub.store.write() as tx:
        for n in range(MANY):
            values |= {
                "listing": FIRST + n,
                "title": f"{title} {n}",
                "price": 2,
                "open": True,
                "seen_ms": n + 1,
            }
            tx.insert(FarListing, **values, unit=None, quantity=None, until_ms=None)
    hill = markets.two.hill
    hill.do(owner, ShowName(hill.numbers[owner], True))
    markets.lists("Chandra", "want", "tools", "Ladder")  # with which the post comes
    markets.post_goes()


def test_whom_alice_has_blocked_hides_nobody_from_her(markets: Markets) -> None:
    markets.lists("Dina", "offer", "food", "Eggs of the hill")
    markets.lists("Alice", "want", "food", "Eggs")
    markets.post_goes()
    many(markets, "Chandra", "Eggs")
    river, chandra = markets.two.river, markets.two.hill.numbers["Chandra"]
    assert all(one.owner == chandra for one in markets.suggested("Alice")), (
        "the newest of all that fit as well"
    )
    assert marks.block(river.hub.store, river.numbers["Alice"], HILL, chandra, river.clock.now()) is None
    assert [one.theirs for one in markets.suggested("Alice")] == [markets.far("Eggs of the hill")]


def test_what_only_may_fit_hides_nothing_that_does(markets: Markets) -> None:
    markets.lists("Dina", "offer", "food", "Huevos")
    markets.lists("Alice", "want", "food", "Eggs")
    markets.post_goes()
    many(markets, "Chandra", "Food")  # which might be anything to eat, and serves nobody who wants eggs
    huevos = markets.far("Huevos")
    assert [one.theirs for one in markets.suggested("Alice")] == [huevos]
    found = near(markets.index, Query("eggs", "offer", hubs=(HILL,)))
    assert [hit.id for hit in found.hits] == [huevos]


def test_each_filter_is_asked_before_so_many_are_taken(markets: Markets) -> None:
    own = markets.lists("Bob", "offer", "food", "Bread of River")
    want = markets.lists("Bob", "want", "food", "Bread wanted at River")
    many(markets, "Chandra", "Bread")
    markets.follow()
    far = FarId(HILL, FIRST)

    def found(text: str = "bread", **also: object) -> list[object]:
        query = Query(text, **also)  # type: ignore[arg-type]
        word = [one.id for one in find(markets.index, query).hits]
        if text:
            like = [one.id for one in near(markets.index, query).hits]
            assert like[0] in word, "what comes near is asked for the same"
            assert set(like) <= set(word) or len(word) == 20
        return word  # type: ignore[return-value]

    assert found(kind="offer") == [own], "of this village alone"
    assert found(kind="want", hubs=(HILL,)) == [want]
    assert own not in found(kind="offer", hubs=(HILL,), own=False)
    assert found(kind="offer", hubs=(HILL,), within=[(HILL, FIRST)]) == [far], (
        "the one that can be traded now"
    )
    assert found(kind="offer", hubs=(HILL,), only=[(HILL, FIRST)]) == [far]
    assert found(kind="offer", hubs=(HILL,), close=[(HILL, FIRST)])[:2] == [own, far], "near comes first"
    assert found("", kind="offer", hubs=(HILL,), within=[(HILL, FIRST)]) == [far]
    assert found(kind="offer", hubs=(HILL,), without=[(HILL, markets.two.hill.numbers["Chandra"])]) == [own]


def test_all_five_hundred_are_reached_page_by_page(markets: Markets) -> None:
    many(markets, "Chandra", "Bread")
    markets.follow()
    query, after, seen = Query("bread", "offer", hubs=(HILL,)), None, list[object]()
    while True:
        page = find(markets.index, query, after, MOST_HITS)
        seen += [hit.id for hit in page.hits]
        after = page.more
        if after is None:
            break
    assert len(seen) == len(set(seen)) == MANY


def test_a_new_offer_concerns_who_needs_it_behind_five_hundred_of_somebody_blocked(markets: Markets) -> None:
    river = markets.two.river
    alice = river.numbers["Alice"]
    markets.lists("Alice", "want", "food", "Eggs")
    wants = [
        OpenListing(river.numbers["Bob"], "want", "food", f"Eggs {n}", "", Amount(2)) for n in range(MANY)
    ]
    for place in range(0, MANY, 50):
        river.hub.submit_all(wants[place : place + 50], river.signers["Bob"])
    hill = markets.two.hill
    chandra = hill.numbers["Chandra"]
    hill.do("Chandra", ShowName(chandra, True))
    markets.lists("Chandra", "offer", "food", "Eggs of Chandra")
    markets.post_goes()
    assert marks.block(river.hub.store, river.numbers["Bob"], HILL, chandra, river.clock.now()) is None
    markets.follow()
    with river.hub.reading() as tx:
        looking = Looking(markets.index, tx)
        (row,) = markets.index.rows(f"SELECT {COLUMNS} FROM listing l WHERE l.hub = ?", (HILL,))
        assert [one.member for one in looking.concerned(looking.one(row))] == [alice]
