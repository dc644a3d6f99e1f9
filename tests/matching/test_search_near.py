"""Searches that no word answers letter for letter, scripts without spaces, and what narrows a search."""

import pytest

from appliance.ledger.market.listings import OpenListing
from appliance.matching import OWN, Query, beside, find, near
from tests.matching.market import Market


def nearly(market: Market, typed: str, **also: object) -> list[object]:
    market.follow()
    return [hit.id for hit in near(market.index, Query(typed, **also)).hits]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("title", "typed"),
    [
        ("Fontanería", "fontaneria"),
        ("Bicycle repair", "bicycel repair"),
        ("Bicycle repair", "bycicle"),  # as it is heard
        ("Babysitting", "childcare"),
        ("Tomates", "tomatoes"),
        ("Zurcido de Quimbamba", "quimbamva"),  # no lexicon has it: a slip in a word of the village's own
        ("سباكة", "plumber"),
        ("Fresh eggs", "egs"),  # a doubled letter, typed once
        ("Huevos de corral", "egs"),
        ("Ammo of the forest", "amo"),  # no lexicon has it, a listing has
    ],
)
def test_mistyped_other_words_and_other_languages_come_near(market: Market, title: str, typed: str) -> None:
    wanted = market.offers("Alice", "repair", title)
    market.offers("Bob", "food", "Honey")
    assert wanted in [*market.search(typed), *nearly(market, typed)]
    assert wanted not in [*market.search("violin"), *nearly(market, "violin")]


def test_that_somebody_else_has_mistyped_it_too_hides_nothing(market: Market) -> None:
    wanted = market.offers("Alice", "repair", "Bicycle repair")
    market.wants("Bob", "repair", "Fix my bycicle")
    assert nearly(market, "bycicle", kind="offer") == [wanted]
    (hit,) = near(market.index, Query("a bycicle", "offer")).hits
    assert hit.why is not None
    assert (hit.why.offered, hit.why.wanted) == ("bicycle", "bycicle")


@pytest.mark.parametrize(
    ("title", "typed"),
    [
        ("Beef", "bet"),
        ("Beetroot", "bet"),
        ("Weeding", "wed"),
        ("Ball", "bal"),
        ("Eggs", "eg"),
        ("Eggs", "ags"),
        ("Seeds", "sed"),
    ],
)
def test_short_words_that_are_words_are_meant(market: Market, title: str, typed: str) -> None:
    market.offers("Alice", "food", title)
    assert nearly(market, typed) == []


def test_what_only_looks_alike_does_not_come_near(market: Market) -> None:
    market.offers("Alice", "crafts", "Printing")
    market.offers("Bob", "health", "Massage")
    assert nearly(market, "painting") == []
    assert nearly(market, "message") == []
    assert nearly(market, '"*:(') == []


def test_the_best_comes_first_and_own_before_far(market: Market) -> None:
    apples = market.offers("Alice", "food", "Apples")
    fruit = market.offers("Bob", "food", "Fruit")
    assert nearly(market, "manzanas")[0] == apples
    assert set(nearly(market, "manzanas")) <= {apples, fruit}
    assert nearly(market, "manzanas", kind="want") == []
    assert nearly(market, "manzanas", hidden=(market.village.numbers["Alice"],)) in ([], [fruit])


def test_the_same_in_other_words_stands_beside_what_has_the_words_themselves(market: Market) -> None:
    eggs = market.offers("Alice", "food", "Eggs")
    huevos, fresh = market.offers("Bob", "food", "Huevos"), market.offers("Bob", "food", "🥚")
    market.offers("Bob", "food", "Honey")
    market.follow()
    query = Query("eggs")
    found = find(market.index, query)
    assert [hit.id for hit in found.hits] == [eggs]
    others = beside(market.index, query, found)
    assert {hit.id for hit in others} == {huevos, fresh}
    (why,) = [hit.why for hit in others if hit.id == huevos]
    assert why is not None
    assert (why.relation, why.offered, why.wanted) == ("means", "huevos", "eggs")
    assert len(beside(market.index, query, found, 1)) == 1


@pytest.mark.parametrize(
    ("title", "typed", "other"),
    [
        ("日本語を教えます", "日本語", "中国語"),
        ("新鮮な野菜とたまごの直売", "たまご", "たぬき"),
        ("ซ่อมจักรยาน", "จักรยาน", "จักรเย็บ"),
        ("自行車修理", "修理", "理修"),
    ],
)
def test_in_scripts_without_spaces_a_word_is_found_anywhere(
    market: Market, title: str, typed: str, other: str
) -> None:
    found = market.offers("Alice", "other", title)
    assert market.search(typed) == [found]
    assert market.search(title) == [found]
    assert market.search(other) == []


def test_the_end_of_a_long_title_without_spaces_is_found(market: Market) -> None:
    found = market.offers("Alice", "other", "字" * 55 + "終点駅")
    assert market.search("終点") == [found]


@pytest.mark.parametrize("title", ["Straße", "№5", "ﬁlet"])
def test_signs_that_stand_for_several_are_found_as_they_were_typed(market: Market, title: str) -> None:
    market.offers("Alice", "food", title)
    assert len(market.search(title)) == 1


def test_where_it_is_is_found_and_says_nothing(market: Market) -> None:
    number = market.village.numbers["Alice"]
    listing = OpenListing(number, "offer", "other", "Honey", place="Mill Lane")
    record = market.village.do("Alice", listing).record
    assert market.search("mill la") == [record]
    assert nearly(market, "flour mill") == []


def test_since_only_people_and_within_narrow_it(market: Market) -> None:
    village = market.village
    old = market.offers("Alice", "food", "Bread")
    village.clock.advance(1000)
    new = market.offers("Bob", "food", "Bread rolls")
    market.follow()
    numbers = {bytes(row[0]): row[1] for row in market.index.rows("SELECT id, number FROM listing")}
    first, second = numbers[old], numbers[new]
    bob = (OWN, village.numbers["Bob"])
    assert market.search(since_ms=village.clock.now().ms) == [new]
    assert market.search(since_ms=village.clock.now().ms + 1) == []
    assert market.search("bread", only={(OWN, first)}) == [old]
    assert market.search(only=()) == []
    assert market.search(only=(), people=[bob]) == [new]
    assert market.search(only={(OWN, first)}, people=[bob]) == [new, old]
    assert market.search(only={(OWN, first)}, people=[bob], within={(OWN, second)}) == [new]
    assert market.search(only={(102, first)}) == [], "the same number elsewhere is another listing"
