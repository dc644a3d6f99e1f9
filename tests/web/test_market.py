"""Stories of the market."""

import pytest

from appliance.ledger.market.listings import OpenListing
from appliance.ledger.values import Amount
from tests.web.conftest import OWN_SCREEN

SMALL = 30 * 1024


def lists(village, name: str, kind: str, category: str, title: str, price: Amount | None = None) -> str:
    command = OpenListing(village.numbers[name], kind, category, title, "", price)
    return village.do(name, command).record.hex()


def test_alice_offers_bread_and_bob_finds_it_and_can_pay_her(village, signed_in) -> None:
    alice, bob = signed_in("Alice"), signed_in("Bob")
    page = alice.get("/market/new?kind=offer")
    shown = alice.fill(
        page,
        "/market/new",
        follow=True,
        title="Fresh bread",
        text="On <Fridays>",
        price="0.5",
        category="food",
    )
    assert shown.status_code == 200
    assert "Fresh bread" in shown.text
    assert "On &lt;Fridays&gt;" in shown.text
    assert "0.50" in shown.text
    assert "Take it down" in shown.text
    assert "Pay this person" not in shown.text
    found = bob.get("/market?q=BREA")
    assert "Fresh bread" in found.text
    assert "Alice" in found.text
    listing = bob.get(shown.request.path)
    assert "Take it down" not in listing.text
    assert f'href="/P/{village.account("Alice").compact}?amount=0.50&amp;category=food"' in listing.text


def test_the_same_form_sent_twice_lists_once(village, signed_in) -> None:
    alice = signed_in("Alice")
    page = alice.get("/market/new?kind=want")
    first = alice.fill(page, "/market/new", title="A ladder", category="tools")
    second = alice.fill(page, "/market/new", title="A ladder", category="tools")
    assert first.location == second.location
    assert alice.get("/market/mine").text.count("A ladder") == 1


def test_a_form_without_words_or_with_a_wrong_price_comes_back_as_it_was(signed_in) -> None:
    alice = signed_in("Alice")
    again = alice.fill(
        "/market/new?kind=offer", "/market/new", title="Bread", price="two", category="food", text="rye"
    )
    assert again.status_code == 422
    assert 'value="Bread"' in again.text
    assert "rye" in again.text
    assert "amount" in again.text
    missing = alice.fill(again, "/market/new", title=" ", price="", category="food")
    assert missing.status_code == 422
    assert "must not be empty" in missing.text
    unkind = alice.fill("/market/new?kind=offer", "/market/new", title="Bread", category="gold")
    assert "choose a kind" in unkind.text


def test_alice_takes_her_offer_down_and_bob_cannot(village, signed_in) -> None:
    record = lists(village, "Alice", "offer", "food", "Bread")
    alice, bob = signed_in("Alice"), signed_in("Bob")
    alices_page = alice.get(f"/market/{record}")
    token = {
        "csrf_token": bob.get("/market/new?kind=offer").text.split('csrf_token" value="')[1].split('"')[0]
    }
    refused = bob.post(f"/market/{record}/close", token)
    assert refused.status_code == 422
    assert "not yours" in refused.text
    done = alice.fill(alices_page, "/close", follow=True)
    assert "taken down" in done.text
    assert "Bread" not in alice.get("/market").text
    assert "has been taken down" in bob.get(f"/market/{record}").text


def test_kira_takes_an_offer_down_at_the_hubs_own_screen_and_the_log_says_so(village, signed_in) -> None:
    record = lists(village, "Alice", "offer", "food", "Snake oil")
    assert "/close" not in signed_in("Kira").get(f"/market/{record}").text
    kira = signed_in("Kira", OWN_SCREEN)
    page = f"/market/{record}"
    assert "must not be empty" in kira.fill(page, "/close", reason=" ").text
    assert "has been taken down" in kira.fill(page, "/close", follow=True, reason="it cures nothing").text
    assert "Kira took down “Snake oil” of Alice" in kira.get("/desk/log").text
    assert "it cures nothing" in signed_in("Alice").get("/me/acts").text


def test_tabs_kinds_and_pages(village, signed_in) -> None:
    for number in range(17):
        lists(village, "Alice", "offer", "food", f"Loaf {number:02}")
    lists(village, "Bob", "want", "garden", "Spade")
    dina = signed_in("Dina")
    first = dina.get("/market")
    assert "Loaf 16" in first.text
    assert "Loaf 01" not in first.text
    assert "Spade" not in first.text
    more = first.text.split("after=")[1].split('"')[0]
    second = dina.get(f"/market?kind=offer&after={more}")
    assert "Loaf 01" in second.text
    assert "Loaf 16" not in second.text
    assert "Spade" in dina.get("/market?kind=want&category=garden").text
    assert "Nothing of this kind" in dina.get("/market?kind=want&category=food").text
    assert "Nobody has this" in dina.get("/market?q=elephant").text
    for page in (first, second):
        assert len(page.data) < SMALL


def test_alice_and_bob_could_trade_and_read_why(village, signed_in) -> None:
    lists(village, "Alice", "want", "repair", "Somebody to fix my bicycle")
    record = lists(village, "Bob", "offer", "repair", "Bicycle repairs")
    page = signed_in("Alice").get("/market/suggestions")
    assert "Bob offers “Bicycle repairs”" in page.text
    assert "Both speak of: bicycle" in page.text
    assert "both under Repair" in page.text
    assert f"/market/{record}" in page.text
    assert "Alice needs" in signed_in("Bob").get("/market/suggestions").text
    nobody = signed_in("Dina").get("/market/suggestions")
    assert "can only look for people who fit when it knows" in nobody.text


@pytest.mark.parametrize("path", ["/market/abc", "/market/zz", f"/market/{'00' * 16}"])
def test_what_is_not_there_is_a_plain_page(signed_in, path: str) -> None:
    assert signed_in("Alice").get(path).status_code == 404


@pytest.mark.parametrize("path", ["/market", "/market/mine", "/market/new", "/market/suggestions"])
def test_strangers_sign_in_first(phone, path: str) -> None:
    answer = phone().get(path)
    assert answer.status_code == 302
    assert "/signin" in answer.location
