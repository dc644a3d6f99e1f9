import sqlite3
import threading
from collections.abc import Sequence

import pytest

from appliance.matching import BEST, Index, Query, find
from tests.matching.market import Market


def test_a_word_is_found_by_its_beginning_and_without_accents(market) -> None:
    bread = market.offers("Alice", "food", "Pan de maíz", "horneado el viernes")
    market.offers("Bob", "food", "Honey")
    assert market.search("MAIZ") == [bread]
    assert market.search("horn") == [bread]
    assert market.search("pan honey") == []


def test_the_plural_finds_the_singular(market) -> None:
    bicycle = market.offers("Alice", "repair", "Bicycle repair")
    assert market.search("bicycles") == [bicycle]


def test_vowel_marks_of_other_scripts_are_letters(market) -> None:
    book = market.offers("Alice", "teaching", "हिन्दी की किताब")
    assert market.search("किताब") == [book]
    assert market.search("कताब") == []


@pytest.mark.parametrize(
    "typed", ['"', "'", "* OR", 'NEAR("a b")', "title:x", "a AND (z", "-", "\x00", "%' --"]
)
def test_what_people_type_is_never_a_query(market, typed: str) -> None:
    market.offers("Alice", "food", "Bread")
    assert market.search(typed) == []


def test_kind_category_and_owner_narrow_it(market) -> None:
    offer = market.offers("Alice", "food", "Bread")
    want = market.wants("Bob", "food", "Bread")
    garden = market.wants("Bob", "garden", "Spade")
    assert market.search(kind="offer") == [offer]
    assert market.search(categories=("food",)) == [want, offer]
    assert market.search(owner=market.village.numbers["Bob"]) == [garden, want]
    assert market.search("bread", kind="want") == [want]
    assert market.search(hidden=(market.village.numbers["Bob"],)) == [offer]


def test_a_word_in_the_title_comes_before_one_in_the_text(market) -> None:
    title = market.offers("Alice", "food", "Honey")
    text = market.offers("Bob", "food", "Cake", "sweetened with our own honey, which we love, from the hill")
    assert market.search("honey", order=BEST) == [title, text]
    assert market.search("honey") == [text, title]


@pytest.mark.parametrize("order", ["newest", BEST])
def test_pages_hold_every_listing_once(market, order: str) -> None:
    opened = [market.offers("Alice", "food", f"Bread {n}") for n in range(7)]
    market.follow()
    seen: list[object] = []
    after = None
    while True:
        page = find(market.index, Query("bread", order=order), after, limit=3)
        seen += [hit.id for hit in page.hits]
        if (after := page.more) is None:
            break
    assert len(seen) == len(opened)
    assert {*seen} == {*opened}
    assert find(market.index, Query("bread"), "n-nonsense", limit=3).hits[0].id == opened[-1]


def test_a_closed_listing_is_not_found(market) -> None:
    bread = market.offers("Alice", "food", "Bread")
    assert market.search("bread") == [bread]
    market.closes("Alice", bread)
    assert market.search("bread") == []
    assert market.index.rows("SELECT COUNT(*) FROM topic") == [(0,)]


class TestTheCache:
    def test_it_follows_only_what_is_new(self, market) -> None:
        market.offers("Alice", "food", "Bread")
        assert market.follow() == 1
        assert market.follow() == 0
        market.village.pay("Alice", "Bob", 100)
        assert market.follow() == 0
        market.offers("Bob", "food", "Honey")
        assert market.follow() == 1

    def test_it_may_be_deleted_at_any_time(self, market) -> None:
        bread = market.offers("Alice", "food", "Bread")
        market.follow()
        path = market.index.path
        market.index.close()
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        market.index = type(market.index).open(path)
        assert market.search("bread") == [bread]
        market.index.close()

    def test_rubbish_in_its_place_is_made_anew(self, market) -> None:
        bread = market.offers("Alice", "food", "Bread")
        path = market.index.path
        market.index.close()
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        path.write_bytes(b"this is no database, " * 400)
        market.index = type(market.index).open(path)
        assert market.search("bread") == [bread]
        market.index.close()

    @pytest.mark.parametrize(
        "harm",
        [
            f"UPDATE note SET value = '2:{'ab' * 32}' WHERE name = 'cursor'",
            f"UPDATE note SET value = '99999:{'ab' * 32}' WHERE name = 'cursor'",
            "UPDATE note SET value = 'what' WHERE name = 'cursor'",
            "UPDATE note SET value = 'newer' WHERE name = 'form'",
        ],
    )
    def test_one_of_another_book_or_form_is_thrown_away(self, market, harm: str) -> None:
        bread = market.offers("Alice", "food", "Bread")
        market.follow()
        path = market.index.path
        market.index.close()
        connection = sqlite3.connect(path)
        connection.execute("DELETE FROM listing")
        connection.execute(harm)
        connection.commit()
        connection.close()
        market.index = type(market.index).open(path)
        assert market.search("bread") == [bread]
        market.index.close()

    def test_many_may_follow_at_once_while_listings_come_and_go(self, market) -> None:
        # Each page of the portal opens the cache for itself. A batch that was read before another
        # follower went further must not bring a closed listing back.
        path, problems = market.index.path, []

        def reader() -> None:
            for _page in range(25):
                index = type(market.index).open(path)
                try:
                    with market.village.hub.reading() as tx:
                        index.follow(tx)
                except Exception as error:  # noqa: BLE001 - whatever it is, the story tells it
                    problems.append(error)
                finally:
                    index.close()

        readers = [threading.Thread(target=reader) for _ in range(4)]
        for thread in readers:
            thread.start()
        opened = [market.offers("Alice", "food", "Bread")]
        for number in range(60):
            opened.append(market.offers("Alice", "food", f"Bread {number}"))
            market.closes("Alice", opened.pop(number % 2))
        for thread in readers:
            thread.join()
        assert problems == []
        market.follow()
        rows = market.index.rows("SELECT id FROM listing ORDER BY place")
        assert [bytes(row[0]) for row in rows] == opened
        assert market.index.rows("SELECT COUNT(*) FROM page") == [(1,)]


def test_what_a_page_asks_takes_up_no_more_than_it_shows(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest, and what may fit, are met in the order in which they are shown: nothing takes up all listings to sort them."""
    market.wants("Alice", "food", "Eggs")
    for title in ("Eggs", "Bread"):
        market.offers("Bob", "food", title)
    market.follow()
    asked: list[tuple[str, Sequence[object]]] = []
    rows = Index.rows

    def listening(index: Index, sql: str, values: Sequence[object] = ()) -> list[tuple[object, ...]]:
        asked.append((sql, values))
        return rows(index, sql, values)

    with monkeypatch.context() as patch:
        patch.setattr(Index, "rows", listening)
        find(market.index, Query(kind="offer"))
        market.suggested("Alice")
    paged = [one for one in asked if "ORDER BY l.place DESC LIMIT" in one[0] and "l.owner = ?" not in one[0]]
    assert len(paged) == 2
    for sql, values in paged:
        steps = [row[3] for row in market.index.rows(f"EXPLAIN QUERY PLAN {sql}", values)]
        assert not any("TEMP B-TREE" in step for step in steps), steps
