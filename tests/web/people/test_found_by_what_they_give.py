"""People found by what they give and need, as the market finds it; the list says by which offer or want."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.ledger.market import marks
from appliance.ledger.market.listings import OFFER, WANT, OpenListing
from appliance.ledger.people.life import Away
from appliance.ledger.people.showing import ShowName
from tests.support.two_villages import two_villages
from tests.support.village import Village
from tests.web.conftest import Browser
from tests.web.money.test_crossing import words
from tests.web.people.test_talks_far import speak
from tests.web.villages import Portals, portals


def lists(village: Village, name: str, kind: str, title: str) -> None:
    village.do(name, OpenListing(village.numbers[name], kind, "food", title))


def test_by_offer_by_want_by_slip_and_by_another_word(village: Village, signed_in) -> None:
    lists(village, "Bob", OFFER, "Fresh <eggs>")
    lists(village, "Chandra", WANT, "Huevos de corral")
    lists(village, "Dina", OFFER, "Firewood")
    alice: Browser = signed_in("Alice")
    for typed in ("eggs", "egs", "eggz"):
        page = alice.get(f"/people?q={typed}")
        said = words(page)
        assert "2 people" in said, typed
        assert "Fresh &lt;eggs&gt;" in page.text
        assert "Dina" not in said
    assert "“huevos” and “eggs” are much the same" in said
    assert words(alice.get("/people?q=eggs&kind=want")).count("Chandra") == 1
    assert "Bob" not in words(alice.get("/people?q=eggs&kind=want"))
    assert "Nobody here fits" in words(alice.get("/people?q=violin"))


def test_names_come_before_listings_and_numbers_are_numbers(village: Village, signed_in) -> None:
    lists(village, "Alice", OFFER, "Bobbins of thread")
    lists(village, "Alice", OFFER, f"Route {village.numbers['Bob']} by bus")
    chandra: Browser = signed_in("Chandra")
    page = chandra.get("/people?q=bob").text
    assert page.index("<strong>Bob</strong>") < page.index("<strong>Alice</strong>")
    assert "Bobbins of thread" in page
    number = words(chandra.get(f"/people?q={village.numbers['Bob']}"))
    assert ("1 person" in number, "Route" in number) == (True, False)


def test_who_is_away_or_blocked_is_not_found_by_it(village: Village, signed_in) -> None:
    lists(village, "Bob", OFFER, "Honey")
    lists(village, "Chandra", OFFER, "Honey")
    alice: Browser = signed_in("Alice")
    assert "2 people" in words(alice.get("/people?q=honey"))
    village.do("Bob", Away(village.numbers["Bob"]))
    marks.block(
        village.hub.store,
        village.numbers["Alice"],
        marks.OWN,
        village.numbers["Chandra"],
        village.clock.now(),
    )
    assert "Nobody here fits" in words(alice.get("/people?q=honey"))


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Portals]:
    with two_villages(tmp_path) as two:
        made = portals(two)
        for name in ("Chandra", "Dina"):
            two.hill.do(name, OpenListing(two.hill.numbers[name], OFFER, "food", f"Honey of {name}"))
        two.hill.do("Chandra", ShowName(two.hill.numbers["Chandra"], True))
        speak(made)
        yield made


def test_of_other_villages_who_lets_the_name_be_known(here: Portals) -> None:
    alice = here.at("Alice")
    page = words(alice.get("/people?q=miel"))
    assert "Honey of Chandra · “honey” and “miel” are much the same" in page
    assert "Honey of Dina" not in page, "her name is not known here"
    assert "Honey of Chandra" not in words(alice.get("/people?q=miel&where=here"))
