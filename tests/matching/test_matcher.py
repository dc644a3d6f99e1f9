import pytest

from appliance.ledger.market.changing import EditListing
from appliance.matching import Why
from tests.matching.market import Market


def test_alice_wants_what_bob_offers_and_both_are_told_why(market) -> None:
    want = market.wants("Alice", "repair", "Someone to fix my bicycle")
    offer = market.offers("Bob", "repair", "Bicycle repairs", "also on Sundays")
    (told,) = market.suggested("Alice")
    assert (told.mine, told.theirs, told.kind) == (want, offer, "offer")
    assert told.owner == market.village.numbers["Bob"]
    assert told.why == Why("same", "bicycle", "bicycle", "bicycle_repair")
    assert told.same_category
    (back,) = market.suggested("Bob")
    assert (back.mine, back.theirs, back.kind) == (offer, want, "want")
    assert market.suggested("Dina") == ()


def test_her_own_offer_never_serves_her_own_want(market) -> None:
    market.wants("Alice", "food", "Honey")
    market.offers("Alice", "food", "Honey")
    assert market.suggested("Alice") == ()


def test_a_closed_listing_serves_nobody(market) -> None:
    market.wants("Alice", "food", "Honey")
    honey = market.offers("Bob", "food", "Honey")
    assert len(market.suggested("Alice")) == 1
    market.closes("Bob", honey)
    assert market.suggested("Alice") == ()


def test_two_offers_do_not_serve_each_other(market) -> None:
    market.offers("Alice", "food", "Honey")
    market.offers("Bob", "food", "Honey")
    assert market.suggested("Alice") == ()


SILLY = [
    (("building", "Painting"), ("building", "Printing")),
    (("crafts", "Painting lessons"), ("crafts", "Printing lessons")),
    (("food", "Bread"), ("food", "Honey")),
    (("repair", "Repair my bicycle"), ("repair", "I repair radios")),
    (("teaching", "Spanish lessons"), ("teaching", "Guitar lessons")),
    (("transport", "Car ride to town"), ("repair", "Car repair")),
    (("children", "Someone to look after two children"), ("children", "Toys for children")),
    (("garden", "Help in the garden"), ("tools", "Garden tools to lend")),
    (("household", "Clean the house on Friday"), ("household", "House painting every Friday")),
    (("children", "Child care"), ("transport", "Cars")),
    (("food", "2 kg of rice"), ("food", "2 kg of beans")),
    (("teaching", "Clases de guitarra"), ("events", "Guitarra")),
    (("tools", "Herramientas de jardín"), ("tools", "Herramientas de carpintero")),
]


@pytest.mark.parametrize(("want", "offer"), SILLY)
def test_no_suggestion_is_better_than_a_silly_one(market, want, offer) -> None:
    market.wants("Alice", *want)
    market.offers("Bob", *offer)
    assert market.suggested("Alice") == ()


GOOD = [
    (("food", "Bread every Friday"), ("food", "Fresh bread")),
    (("food", "Eggs"), ("animals", "Fresh eggs")),
    (("garden", "Someone to prune apple trees"), ("garden", "Pruning trees")),
    (("clothing", "Coser unos pantalones"), ("clothing", "Arreglo pantalones y faldas")),
    (("teaching", "Clases de guitarra"), ("teaching", "Guitar lessons")),
    (("food", "Vegetables"), ("garden", "Tomates de mi huerta")),
    (("digital", "मोबाइल ठीक करना"), ("repair", "मोबाइल ठीक करना")),
    (("transport", "Ride to the market"), ("transport", "Rides to market and hospital")),
]


@pytest.mark.parametrize(("want", "offer"), GOOD)
def test_what_fits_is_found(market, want, offer) -> None:
    market.wants("Alice", *want)
    theirs = market.offers("Bob", *offer)
    assert [told.theirs for told in market.suggested("Alice")] == [theirs]


def test_the_closer_one_comes_first_and_of_equals_the_newer(market) -> None:
    market.wants("Alice", "food", "Goat cheese")
    old = market.offers("Bob", "food", "Goat cheese")
    market.village.clock.advance(40 * 86_400_000)
    new = market.offers("Chandra", "food", "Goat cheese")
    loose = market.offers("Dina", "food", "Cheese and olives")
    assert [told.theirs for told in market.suggested("Alice")] == [new, old, loose]


def test_an_offer_that_serves_two_wants_is_told_once(market) -> None:
    market.wants("Alice", "food", "Goat cheese")
    market.wants("Alice", "food", "Cheese")
    market.offers("Bob", "food", "Cheese")
    assert len(market.suggested("Alice")) == 1


def test_a_word_that_half_the_village_uses_tells_nothing(market) -> None:
    for number in range(40):
        market.offers("Bob", "other", f"Riverside thing{number}x{number}")
    market.wants("Alice", "other", "Riverside bench")
    assert market.suggested("Alice") == ()


def test_what_changes_again_while_it_is_looked_at_is_looked_at_again(market: Market) -> None:
    listing = market.wants("Alice", "food", "Honey")
    market.follow()
    for title in ("Bread", "Eggs"):
        market.village.do("Alice", EditListing(listing, "food", title))
        market.follow()
        if title == "Bread":
            looked_at = market.index.changed(9)
    market.index.tick_off(looked_at)
    (again,) = market.index.changed(9)
    market.index.tick_off([again])
    assert market.index.changed(9) == []
