"""Paper at the desk: cards to carry, and the list of offers and wants."""

import re

import pytest
import zxingcpp

from appliance.ledger.errors import HubError
from appliance.ledger.market.listings import OpenListing
from appliance.ledger.money.transfers import Pay
from appliance.ledger.people.life import Away
from appliance.ledger.people.members import Approve
from appliance.ledger.people.showing import ShowName
from appliance.ledger.reads.directory import LINES
from appliance.ledger.values import Amount
from appliance.web import create_app
from appliance.web.desk.printing import CARDS
from appliance.web.server import base_address
from tests.ledger.people.test_further import bakery
from tests.support.drawn import drawn
from tests.web.conftest import OWN_SCREEN, Browser

SMALL = 30 * 1024


@pytest.fixture
def kira(signed_in):
    """Kira, signed in at the hub's own screen."""
    return signed_in("Kira", OWN_SCREEN)


def names(page) -> list[str]:
    return re.findall(r'<p class="name[^"]*">([^<]*)</p>', page.text)


def test_cards_for_those_who_have_none_until_everybody_has_one(village, kira) -> None:
    for n in range(CARDS):
        village.do("Kira", Approve(village.join(f"Person {n}")))
    assert f"{5 + CARDS} people have no card yet" in kira.get("/desk/print").text
    first = kira.get("/desk/print/cards")
    assert names(first)[:4] == ["Alice", "Bob", "Chandra", "Dina"]
    assert len(names(first)) == CARDS
    assert len(first.data) < SMALL - 9000  # the style sheets come beside it
    assert "101-0002-0" in first.text
    form = {"csrf_token": re.findall(r'name="csrf_token" value="([^"]+)"', first.text)[0]}
    numbers = re.findall(r'name="n" value="(\d+)"', first.text)
    second = kira.post("/desk/print/cards", {**form, "n": numbers}, follow_redirects=True)
    assert "8 cards are printed" in second.text
    assert len(names(second)) == 5
    numbers = re.findall(r'name="n" value="(\d+)"', second.text)
    last = kira.post("/desk/print/cards", {**form, "n": numbers}, follow_redirects=True)
    assert "Everybody has a card" in last.text
    assert "Everybody has a card" in kira.get("/desk/print").text


def test_cards_for_some_people(village, kira) -> None:
    page = kira.get("/desk/print/cards/choose")
    assert len(page.data) < SMALL
    n = village.numbers
    chosen = kira.get(f"/desk/print/cards?n={n['Bob']}&n={n['Dina']}&n=999&n=x&n={'9' * 30}")
    assert names(chosen) == ["Bob", "Dina"]
    token = re.findall(r'name="csrf_token" value="([^"]+)"', chosen.text)[0]
    kira.post("/desk/print/cards", {"csrf_token": token, "n": [str(n["Bob"]), "999", "x"]})
    assert page.text.count("has a card") == 0
    assert kira.get("/desk/print/cards/choose").text.count("has a card") == 1


def test_the_card_of_one_person_is_noted_too(village, kira) -> None:
    kira.fill(f"/desk/people/{village.numbers['Bob']}/card", "/cards")
    assert "4 people have no card yet" in kira.get("/desk/print").text


def test_a_further_account_has_a_card_and_a_statement_too(village, kira, signed_in) -> None:
    number = bakery(village, "Alice", "business")
    village.do("Bob", Pay(village.numbers["Bob"], number, Amount(120)))
    assert kira.get(f"/desk/print/cards?n={number}").text.count('class="wallet"') == 1
    page = kira.get(f"/desk/people/{number}/card").text
    assert f"/desk/accounts/{number}" in page
    paper = kira.fill(f"/desk/people/{number}/statements", "/statements", follow=True).text
    assert "+1.20" in paper
    assert f"/desk/accounts/{number}" in paper
    for link in ("/card", "/statements"):
        assert f"/desk/people/{number}{link}" in kira.get(f"/desk/accounts/{number}").text
    alice = signed_in("Alice")
    assert f'value="{number}" selected' in alice.get(f"/statements?account={number}").text


def test_the_code_on_a_card_leads_to_paying_its_owner(village, kira) -> None:
    page = kira.get(f"/desk/print/cards?n={village.numbers['Bob']}").text
    (code,) = zxingcpp.read_barcodes(drawn(page))
    assert code.text.endswith(f"/P/{village.account('Bob').compact.upper()}")


def test_codes_that_lead_to_the_box_itself_are_told(village, kira) -> None:
    card = f"/desk/people/{village.numbers['Bob']}/card"
    assert "Phones cannot open these codes" in kira.get(card).text
    app = create_app(village.hub, ADDRESS="http://192.168.4.1:8080")
    told = Browser(app.test_client(), OWN_SCREEN)
    told.sign_in(village.account("Kira").short)
    page = told.get(card).text
    assert "Phones cannot open these codes" not in page
    assert "HTTP://192.168.4.1:8080/P/" in page


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("http://river.hub.internal", "http://river.hub.internal"),
        (" http://192.168.4.1:8080/ ", "http://192.168.4.1:8080"),
        ("https://[fd00::1]:8443", "https://[fd00::1]:8443"),
    ],
)
def test_addresses_for_phones(typed: str, kept: str) -> None:
    assert base_address(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "river",
        "ftp://x",
        "http://",
        "http://x/path",
        "http://x?y=1",
        "http://u@x",
        "http://x:99999",
        "http://[x",
    ],
)
def test_what_is_no_address_is_said_before_anything_starts(typed: str) -> None:
    with pytest.raises(HubError, match="is no address"):
        base_address(typed)


@pytest.mark.parametrize(
    "typed",
    ["http://" + "a" * 43, "https://" + "a" * 37 + ":8443", "http://" + "a_" * 13, "http://" + "a" * 3000],
)
def test_an_address_too_long_for_its_codes_is_refused_before_anything_starts(typed: str) -> None:
    with pytest.raises(HubError, match="Give the hub a shorter name"):
        base_address(typed)


def listed(
    village, who: str, title: str, kind: str = "offer", category: str = "food", price: int | None = 100
) -> None:
    number = village.numbers[who]
    village.do(who, OpenListing(number, kind, category, title, "", None if price is None else Amount(price)))


def test_the_list_of_offers_and_wants_by_category(village, kira) -> None:
    listed(village, "Bob", "Bread")
    listed(village, "Alice", "Apples", price=0)
    listed(village, "Alice", "Roof mended", "want", "repair", None)
    listed(village, "Dina", "Nothing while away")
    village.do("Dina", Away(village.numbers["Dina"]))
    page = kira.get("/desk/print/list").text
    places = [page.index(words) for words in ("Food", "Apples", "Bread", "Repair", "Roof mended")]
    assert places == sorted(places)
    assert "wanted:" in page
    assert "free" in page
    assert "Nothing while away" not in page


def test_a_long_list_comes_in_sheets(village, kira) -> None:
    for n in range(LINES + 2):
        listed(village, "Bob", f"{n:02} " + "ब" * 50)
    first = kira.get("/desk/print/list")
    assert "Sheet 1 of 2" in first.text
    assert len(first.data) < SMALL
    second = kira.get("/desk/print/list?sheet=2").text
    assert second.count("Bob") == 2
    assert kira.get("/desk/print/list?sheet=9999999999").text.count("Bob") == 2


def test_people_stand_in_the_list_only_when_they_have_shown_themselves(village, kira) -> None:
    listed(village, "Bob", "Bread")
    village.do("Alice", ShowName(village.numbers["Alice"], True))
    page = kira.get("/desk/print/list?of=people").text
    assert "Bob" in page
    assert "Alice" in page
    assert "Chandra" not in page


@pytest.mark.parametrize("path", ["", "/cards", "/cards/choose", "/list"])
def test_only_keepers_at_the_hubs_own_screen_print(village, signed_in, path: str) -> None:
    assert signed_in("Kira").get(f"/desk/print{path}").status_code == 403
    assert signed_in("Alice", OWN_SCREEN).get(f"/desk/print{path}").status_code == 403


def test_a_card_looks_like_no_message(signed_in) -> None:
    """It had the frame and the gaps of messages once, and its last line was cut off."""
    cards = signed_in("Kira", OWN_SCREEN).get("/desk/print/cards").text
    drawn = {
        name
        for names in re.findall(r'class="([^"]*)"', cards.split('class="cards"')[1].split("</form>")[0])
        for name in names.split()
    }
    assert "wallet" in drawn
    assert not drawn & {"says", "mine", "card"}
