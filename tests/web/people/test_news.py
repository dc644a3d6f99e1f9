"""Bob does not want to be told of new matches; then he does again."""

from appliance.ledger.book import wiping
from appliance.ledger.book.schema_market import NoMatchNews
from appliance.ledger.market.listings import OFFER, WANT
from appliance.web.market.finding import keep_up
from tests.support.village import Village
from tests.web.conftest import Browser
from tests.web.market.test_new_matches import begin, lists
from tests.web.money.test_crossing import words

TOLD = "You could trade with Alice"


def test_off_and_on_again(village: Village, signed_in) -> None:
    bob: Browser = signed_in("Bob")
    begin(village, bob)
    lists(village, "Bob", WANT, "Honey")
    lists(village, "Alice", OFFER, "Fresh honey")
    keep_up(village.hub)
    assert TOLD in words(bob.get("/")), "on, unless somebody says otherwise"
    assert 'href="/me/news"' in bob.get("/me").text
    page = bob.get("/me/news")
    assert "tells you when somebody offers what you need" in words(page)
    page = bob.fill(page, "/me/news", follow=True)
    assert "does not tell you of new matches" in words(page)
    assert TOLD not in words(bob.get("/"))
    assert "Fresh honey" in bob.get("/market/suggestions").text, "there they stand all the same"
    assert "You could trade with Bob" in words(signed_in("Alice").get("/")), "it is Bob's own"
    page = bob.fill("/me/news", "/me/news", follow=True)
    assert "tells you when" in words(page)
    assert TOLD in words(bob.get("/"))


def test_a_yes_of_somebody_is_told_all_the_same(village: Village, signed_in) -> None:
    alice, bob = signed_in("Alice"), signed_in("Bob")
    bob.fill("/me/news", "/me/news")
    lists(village, "Bob", WANT, "Honey")
    lists(village, "Alice", OFFER, "Fresh honey")
    path = alice.get("/market/suggestions").text.split('href="/market/match/', 1)[1].split('"', 1)[0]
    alice.fill(f"/market/match/{path}", f"/market/match/{path}", answer="accept")
    assert "Alice wants to trade with you" in words(bob.get("/"))


def test_it_goes_with_who_is_erased(village: Village, signed_in) -> None:
    signed_in("Bob").fill("/me/news", "/me/news")
    with village.hub.store.write() as tx:
        wiping._forget(tx, village.numbers["Bob"])
        assert tx.rows(NoMatchNews.select()) == []
