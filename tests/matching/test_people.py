"""Who gives or needs what was typed: people, by their listings."""

from appliance.matching import OWN, Hit, Query, who_lists
from tests.matching.market import Market


def who(market: Market, typed: str, **also: object) -> dict[str, list[str]]:
    """Names, each with the kinds of the listings that were found."""
    market.follow()
    names = {(OWN, int(number)): name for name, number in market.village.numbers.items()}
    found: dict[tuple[int, int], tuple[Hit, ...]] = who_lists(market.index, Query(typed, **also))  # type: ignore[arg-type]
    return {names[one]: [hit.kind for hit in hits] for one, hits in found.items()}


def test_by_word_slip_other_word_and_language(market: Market) -> None:
    market.offers("Alice", "food", "Fresh eggs")
    market.wants("Bob", "food", "Huevos")
    market.offers("Chandra", "repair", "Bicycle repair")
    assert who(market, "eggs") == {"Alice": ["offer"], "Bob": ["want"]}
    assert who(market, "eggs", kind="want") == {"Bob": ["want"]}
    assert who(market, "egggs") == {"Alice": ["offer"], "Bob": ["want"]}
    assert who(market, "bycicle") == {"Chandra": ["offer"]}
    assert who(market, "violin") == {}


def test_each_stands_once_with_all_that_was_found(market: Market) -> None:
    market.offers("Alice", "food", "Eggs")
    market.wants("Alice", "food", "Goose eggs")
    assert who(market, "eggs") == {"Alice": ["offer", "want"]} or who(market, "eggs") == {
        "Alice": ["want", "offer"]
    }


def test_numbers_and_beginnings_of_names_find_nobody(market: Market) -> None:
    market.offers("Alice", "food", "Bread 1200 for you")
    assert who(market, "1200") == {}
    assert who(market, "br") == {}
    assert who(market, "") == {}
    assert who(market, "*") == {}
    assert who(market, "bre") == {"Alice": ["offer"]}
    market.offers("Bob", "food", "卵")
    assert who(market, "卵") == {"Bob": ["offer"]}


def test_more_than_a_page_of_listings(market: Market) -> None:
    for n in range(60):
        market.offers("Alice", "food", f"Bread of day {n}")
    market.village.clock.advance(1)
    market.offers("Bob", "food", "Bread")
    found = who(market, "bread")
    assert set(found) == {"Alice", "Bob"}
    assert len(found["Alice"]) == 60
