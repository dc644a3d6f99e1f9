"""The market as Alice opens it: what fits her first, and why on the card; or the newest; or what is new since she was there."""

import re

from appliance.ledger.market.listings import OFFER, WANT, OpenListing
from appliance.ledger.values import Amount
from tests.support.village import Village
from tests.web.conftest import Browser
from tests.web.money.test_crossing import words

SMALL = 30 * 1024
HOUR_MS = 3_600_000


def lists(
    village: Village, name: str, kind: str, title: str, price: int | None = None, place: str = ""
) -> None:
    asked = None if price is None else Amount(price)
    number = village.numbers[name]
    village.do(name, OpenListing(number, kind, "other", title, "", asked, place=place))


def titles(page: str) -> list[str]:
    """What is listed, in its order."""
    return re.findall(r"<strong>([^<]*)</strong>\s*<small>", page)


def test_what_fits_her_want_comes_first_and_the_card_says_why(village: Village, signed_in) -> None:
    lists(village, "Alice", WANT, "Honey", place="by the mill")
    lists(village, "Bob", OFFER, "Miel de abeja")
    lists(village, "Chandra", OFFER, "Wardrobe", place="Old mill")
    lists(village, "Dina", OFFER, "Fence")
    alice: Browser = signed_in("Alice")
    page = alice.get("/market")
    assert titles(page.text) == ["Miel de abeja", "Wardrobe", "Fence"]
    said = words(page)
    assert "most useful to you first" in said
    assert "You need “Honey”. “miel de abeja” and “honey” are much the same" in said
    assert said.count("Both of you name the same place.") == 1
    assert len(page.data) < SMALL
    lists(village, "Alice", OFFER, "Knitting")
    lists(village, "Bob", WANT, "Somebody who knits")
    assert "You offer “Knitting”." in words(alice.get("/market?kind=want"))
    assert "Each of you has something that the other needs." in words(alice.get("/market?kind=want"))
    bob = words(signed_in("Bob").get("/market"))
    assert "You need “Honey”" not in bob, "what Alice needs is no reason for Bob"


def test_newest_first_is_a_tap_away_and_stays(village: Village, signed_in) -> None:
    lists(village, "Alice", WANT, "Honey")
    lists(village, "Bob", OFFER, "Honey")
    lists(village, "Dina", OFFER, "Fence")
    alice: Browser = signed_in("Alice")
    assert 'href="/market?kind=offer&amp;sort=new"' in alice.get("/market").text
    page = alice.get("/market?sort=new").text
    assert titles(page) == ["Fence", "Honey"]
    assert "You need" not in page
    assert 'href="/market?kind=offer"' in page, "the way back"
    assert 'href="/market?kind=want&amp;sort=new"' in page
    assert '<input type="hidden" name="sort" value="new">' in page
    assert "now=1&amp;sort=new" in page


def test_page_after_page_each_once(village: Village, signed_in) -> None:
    lists(village, "Alice", WANT, "Honey")
    lists(village, "Bob", OFFER, "Honey")
    for n in range(40):
        lists(village, "Chandra", OFFER, f"Thing {n}")
    alice: Browser = signed_in("Alice")
    path: str | None = "/market"
    seen: list[str] = []
    while path is not None:
        page = alice.get(path).text
        seen += titles(page)
        more = re.search(r'href="([^"]*after=[^"]*)"', page)
        path = more[1].replace("&amp;", "&") if more else None
    assert seen[0] == "Honey"
    assert len(seen) == len(set(seen)) == 41


def test_what_is_new_since_her_last_visit(village: Village, signed_in) -> None:
    lists(village, "Bob", OFFER, "Fence")
    alice: Browser = signed_in("Alice")
    first = alice.get("/market").text
    assert "New since my last visit" not in first, "there was none"
    assert titles(alice.get("/market?last=1").text) == ["Fence"]
    village.clock.advance(HOUR_MS * 20)
    lists(village, "Bob", OFFER, "Wardrobe")
    village.clock.advance(HOUR_MS)
    page = alice.get("/market").text
    assert "New since my last visit" in page
    link = re.search(r'href="([^"]*last=1[^"]*)"', page)
    assert link
    assert titles(alice.get(link[1].replace("&amp;", "&")).text) == ["Wardrobe"]
    village.clock.advance(HOUR_MS // 2)
    assert titles(alice.get("/market?last=1").text) == ["Wardrobe"], "while she looks it stays new"
    village.clock.advance(HOUR_MS * 3)
    assert titles(alice.get("/market?last=1").text) == []
    assert titles(signed_in("Chandra").get("/market?last=1").text) == ["Wardrobe", "Fence"], (
        "of each their own"
    )


def test_on_a_box_that_can_only_read_it_is_shown_all_the_same(village: Village, signed_in) -> None:
    from appliance.ledger.errors import BookClosed

    lists(village, "Bob", OFFER, "Fence")
    alice: Browser = signed_in("Alice")
    village.hub.store.only_read(BookClosed("the card is worn out"))
    assert titles(alice.get("/market").text) == ["Fence"]
    village.hub.store.only_read(None)
