"""Stories of two markets: what Hill tells of its offers and wants is found at River, and goes again."""

import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from appliance.ledger.book.schema import Listing
from appliance.ledger.market.listings import CloseListing, OpenListing
from appliance.ledger.reads.far_listings import far_listing, trading_hubs
from appliance.ledger.values import Amount, RecordId
from appliance.matching import BEST, CACHE_FILE, FarId, Index, Query, Suggestion, far, find, suggestions
from appliance.matching.search import Hit
from tests.support.two_villages import HILL, RIVER, TwoVillages, make_two_villages


@dataclass
class Markets:
    """Both villages, and River's index. Listings are named by their titles."""

    two: TwoVillages
    index: Index
    opened: dict[str, RecordId] = field(default_factory=dict)

    def lists(self, name: str, kind: str, category: str, title: str) -> RecordId:
        home = self.two.home_of(name)
        made = home.do(name, OpenListing(home.numbers[name], kind, category, title, "", Amount(100)))
        self.opened[title] = made.record
        return made.record

    def closes(self, name: str, title: str) -> None:
        self.two.home_of(name).do(name, CloseListing(self.opened[title]))

    def post_goes(self) -> None:
        """Both hubs put on their feeds what is new, and the post is carried over."""
        for post in self.two.posts.values():
            post.publish(50)
        self.two.carry()

    def far(self, title: str) -> FarId:
        """What River calls a listing of Hill: its number there, which is the entry that opened it."""
        with self.two.hill.hub.reading() as tx:
            row = tx.get(Listing, id=self.opened[title])
        assert row is not None
        return FarId(HILL, row.opened_entry)

    def follow(self) -> int:
        with self.two.river.hub.reading() as tx:
            return self.index.follow(tx)

    def hits(self, text: str = "", hubs: tuple[int, ...] = (HILL,), **also) -> tuple[Hit, ...]:
        self.follow()
        return find(self.index, Query(text, hubs=hubs, **also)).hits

    def search(self, text: str = "", **also) -> list[object]:
        return [hit.id for hit in self.hits(text, **also)]

    def suggested(self, name: str) -> tuple[Suggestion, ...]:
        self.follow()
        with self.two.river.hub.reading() as tx:
            return suggestions(self.index, tx, self.two.river.numbers[name], self.two.clock.now().ms)

    def forks(self) -> None:
        """Hill's feed is found to tell two stories."""
        with self.two.river.hub.store.write() as tx:
            found = tx.select("UPDATE feed SET forked = 1 WHERE hub = ? RETURNING hub", HILL)
        assert found == [(HILL,)]

    def anew(self) -> None:
        """River's cache is deleted, as anybody may do at any time."""
        path = self.index.path
        self.index.close()
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        self.index = Index.open(path)


@pytest.fixture
def markets(tmp_path: Path) -> Iterator[Markets]:
    two = make_two_villages(tmp_path)
    made = Markets(two, Index.open(two.river.hub.data / CACHE_FILE))
    yield made
    made.index.close()
    two.close()


def test_chandras_bread_is_found_at_river_once_the_post_has_come(markets) -> None:
    markets.lists("Chandra", "offer", "food", "Bread every Friday")
    assert markets.search("bread") == []
    markets.post_goes()
    (hit,) = markets.hits("bread")
    assert hit.id == markets.far("Bread every Friday")
    assert (hit.owner, hit.kind, hit.category) == (markets.two.hill.numbers["Chandra"], "offer", "food")
    assert markets.search("bread", hubs=()) == []
    assert markets.search("bread", hubs=(103,)) == []


def test_what_was_withdrawn_at_hill_leaves(markets) -> None:
    markets.lists("Chandra", "offer", "food", "Bread")
    markets.lists("Dina", "offer", "food", "Bread and cake")
    markets.post_goes()
    assert len(markets.search("bread")) == 2
    markets.closes("Chandra", "Bread")
    assert len(markets.search("bread")) == 2  # nobody has told River yet
    markets.post_goes()
    assert markets.search("bread") == [markets.far("Bread and cake")]
    assert markets.index.rows("SELECT COUNT(*) FROM page") == [(1,)]


@pytest.mark.parametrize("order", ["newest", BEST])
def test_the_own_village_comes_first_and_in_each_the_newer(markets, order: str) -> None:
    # The own ones speak of much besides bread, so they fit less well.
    own = [markets.lists("Alice", "offer", "food", "Cheese, olives, honey, old bread, and lemons")]
    markets.lists("Chandra", "offer", "food", "Bread, older")
    markets.lists("Chandra", "offer", "food", "Bread, newer")
    markets.post_goes()
    own.append(markets.lists("Bob", "offer", "food", "Cheese, olives, honey, new bread, and lemons"))
    far = [markets.far("Bread, newer"), markets.far("Bread, older")]
    assert markets.search("bread", order=order) == [*reversed(own), *far]


def test_kind_and_category_narrow_it_and_an_owner_is_of_this_hub(markets) -> None:
    markets.lists("Chandra", "offer", "food", "Bread")
    markets.lists("Chandra", "want", "garden", "Spade")
    own = markets.lists("Alice", "offer", "tools", "Hammer")
    markets.post_goes()
    assert markets.search(categories=("food",)) == [markets.far("Bread")]
    assert markets.search(kind="want") == [markets.far("Spade")]
    # Alice and Chandra have the same number, each at her own hub.
    assert markets.two.river.numbers["Alice"] == markets.two.hill.numbers["Chandra"] == 2
    assert markets.search(owner=2) == [own]
    assert markets.search(kind="offer", hidden=(2,)) == [markets.far("Bread")]


def test_pages_hold_every_listing_of_both_once(markets) -> None:
    opened: list[object] = [markets.lists("Alice", "offer", "food", f"Bread {n}") for n in range(4)]
    for number in range(5):
        markets.lists("Chandra", "offer", "food", f"Bread of Hill {number}")
    markets.post_goes()
    markets.follow()
    opened += [markets.far(f"Bread of Hill {n}") for n in range(5)]
    for order in ("newest", BEST):
        seen, after = [], None
        while True:
            page = find(markets.index, Query("bread", order=order, hubs=(HILL,)), after, limit=2)
            seen += [hit.id for hit in page.hits]
            if (after := page.more) is None:
                break
        assert len(seen) == len(opened)
        assert set(seen) == set(opened)


def test_only_what_is_new_is_read_and_a_deleted_cache_comes_back_the_same(markets) -> None:
    markets.lists("Alice", "offer", "food", "Bread")
    markets.lists("Chandra", "offer", "food", "Bread of Hill")
    markets.post_goes()
    assert markets.follow() == 2
    assert markets.follow() == 0
    markets.lists("Dina", "offer", "food", "Honey")
    markets.post_goes()
    assert markets.follow() == 1
    markets.two.send("Chandra", "Alice", 100)
    markets.two.carry()
    assert markets.follow() == 0  # Hill's feed went on, but said nothing of listings
    before = markets.hits()
    markets.anew()
    assert markets.hits() == before


class TestSuggestions:
    def test_alice_is_told_what_chandra_of_hill_offers_and_why(self, markets) -> None:
        want = markets.lists("Alice", "want", "repair", "Someone to fix my bicycle")
        markets.lists("Chandra", "offer", "repair", "Bicycle repairs")
        markets.post_goes()
        (told,) = markets.suggested("Alice")
        assert (told.mine, told.theirs) == (want, markets.far("Bicycle repairs"))
        assert (told.owner, told.kind) == (markets.two.hill.numbers["Chandra"], "offer")
        assert told.why.offered == "bicycle"
        assert told.same_category
        assert markets.suggested("Bob") == ()
        markets.closes("Chandra", "Bicycle repairs")
        markets.post_goes()
        assert markets.suggested("Alice") == ()

    def test_somebody_here_comes_first_even_when_the_other_fits_better(self, markets) -> None:
        markets.lists("Alice", "want", "food", "Goat cheese")
        markets.lists("Chandra", "offer", "food", "Goat cheese")
        near = markets.lists("Bob", "offer", "food", "Cheese and olives")
        markets.post_goes()
        here, there = markets.suggested("Alice")
        assert (here.theirs, there.theirs) == (near, markets.far("Goat cheese"))
        assert there.score > here.score

    def test_somebody_there_with_the_same_number_is_somebody_else(self, markets) -> None:
        assert markets.two.river.numbers["Bob"] == markets.two.hill.numbers["Dina"]
        markets.lists("Bob", "want", "food", "Honey")
        markets.lists("Dina", "offer", "food", "Honey")
        markets.post_goes()
        assert len(markets.suggested("Bob")) == 1

    def test_a_hub_that_tells_two_stories_is_not_suggested(self, markets) -> None:
        markets.lists("Alice", "want", "food", "Goat cheese")
        markets.lists("Chandra", "offer", "food", "Goat cheese")
        markets.post_goes()
        with markets.two.river.hub.reading() as tx:
            assert trading_hubs(tx) == {HILL: "Hill"}
        assert len(markets.suggested("Alice")) == 1
        markets.forks()
        assert markets.suggested("Alice") == ()
        with markets.two.river.hub.reading() as tx:
            assert trading_hubs(tx) == {}
            view = far_listing(tx, HILL, markets.far("Goat cheese").listing)
        assert view is not None
        assert not view.trading

    def test_a_hub_that_is_no_neighbour_is_not_suggested_whatever_the_tables_hold(self, markets) -> None:
        markets.lists("Alice", "want", "food", "Goat cheese")
        markets.lists("Chandra", "offer", "food", "Goat cheese")
        markets.post_goes()
        with markets.two.river.hub.store.write() as tx:
            tx.select("UPDATE far_listing SET hub = 103 RETURNING id")
            tx.select("UPDATE feed SET hub = 103 WHERE hub = ? RETURNING hub", HILL)
        assert markets.suggested("Alice") == ()
        assert markets.search(kind="offer", hubs=(HILL, 103)) == []


def test_hill_never_finds_its_own_listings_as_those_of_another(markets) -> None:
    bread = markets.lists("Chandra", "offer", "food", "Bread")
    markets.post_goes()
    index = Index.open(markets.two.hill.hub.data / CACHE_FILE)
    try:
        with markets.two.hill.hub.reading() as tx:
            index.follow(tx)
        assert [hit.id for hit in find(index, Query(hubs=(RIVER, HILL))).hits] == [bread]
    finally:
        index.close()


def test_tables_that_were_set_back_and_counted_anew_leave_no_listing_of_before(markets) -> None:
    # Places are the ledger's count of arrivals. After a restore it may count in another order.
    markets.lists("Chandra", "offer", "food", "Bread")
    markets.lists("Chandra", "offer", "food", "Honey")
    markets.post_goes()
    assert len(markets.search()) == 2
    with markets.two.river.hub.store.write() as tx:
        tx.select("UPDATE far_listing SET id = 3 - id + 10 RETURNING id")
        tx.select("UPDATE far_listing SET id = id - 10 RETURNING id")
        tx.select("UPDATE feed SET read = read - 1 WHERE hub = ? RETURNING hub", HILL)
    assert markets.search() == [markets.far("Bread"), markets.far("Honey")]
    assert markets.search("honey") == [markets.far("Honey")]
    assert markets.index.rows("SELECT COUNT(*) FROM page") == [(2,)]


def test_a_place_that_another_hubs_listing_had_is_cleared_of_its_words(markets) -> None:
    markets.lists("Chandra", "offer", "food", "Honey from the hill")
    markets.post_goes()
    markets.follow()
    words = markets.index.rows("SELECT * FROM topic ORDER BY key")
    with sqlite3.connect(markets.index.path) as cache:
        cache.execute("UPDATE listing SET hub = 103")
        cache.execute("UPDATE topic SET key = key || 'x'")
        cache.execute("DELETE FROM note WHERE name = 'hub:102'")
    cache.close()
    markets.follow()
    assert markets.index.rows("SELECT * FROM topic ORDER BY key") == words


def test_who_read_the_post_first_and_writes_last_brings_nothing_back(markets, monkeypatch) -> None:
    markets.lists("Chandra", "offer", "food", "Bread")
    markets.post_goes()
    read = far.open_listings

    def others() -> None:
        markets.closes("Chandra", "Bread")
        markets.post_goes()
        index = Index.open(markets.index.path)
        with markets.two.river.hub.reading() as tx:
            index.follow(tx)
        index.close()

    def meanwhile(tx, hub):
        found = read(tx, hub)
        monkeypatch.setattr(far, "open_listings", read)
        with ThreadPoolExecutor(1) as thread:  # another thread reads and writes for itself
            thread.submit(others).result()
        return found

    monkeypatch.setattr(far, "open_listings", meanwhile)
    markets.follow()
    assert markets.index.rows("SELECT COUNT(*) FROM listing") == [(0,)]
    assert markets.search("bread") == []


def test_many_may_follow_at_once_while_the_post_comes_and_goes(markets) -> None:
    path, problems = markets.index.path, []

    def reader() -> None:
        for _page in range(25):
            index = Index.open(path)
            try:
                with markets.two.river.hub.reading() as tx:
                    index.follow(tx)
            except Exception as error:  # noqa: BLE001 - whatever it is, the story tells it
                problems.append(error)
            finally:
                index.close()

    readers = [threading.Thread(target=reader) for _ in range(3)]
    for thread in readers:
        thread.start()
    for number in range(10):
        markets.lists("Chandra", "offer", "food", f"Bread {number}")
        markets.post_goes()
        if number % 2:
            markets.closes("Chandra", f"Bread {number - 1}")
            markets.post_goes()
    for thread in readers:
        thread.join()
    assert problems == []
    assert markets.search() == [markets.far(f"Bread {number}") for number in (9, 7, 5, 3, 1)]
    assert markets.index.rows("SELECT COUNT(*) FROM page") == [(5,)]
