"""The first page tells of a new match: to both, once it has come about, until they answer or it is gone."""

from collections.abc import Callable

from appliance.ledger.book.schema_talk import MatchNew
from appliance.ledger.market import marks
from appliance.ledger.market.changing import EditListing
from appliance.ledger.market.listings import OFFER, WANT, CloseListing, OpenListing
from appliance.ledger.values import RecordId
from appliance.web.market.finding import keep_up
from tests.support.village import Village
from tests.web.conftest import Browser
from tests.web.money.test_crossing import words

Enter = Callable[..., Browser]


def lists(village: Village, name: str, kind: str, title: str) -> RecordId:
    return RecordId(village.do(name, OpenListing(village.numbers[name], kind, "food", title)).record)


def begin(village: Village, browser: Browser) -> None:
    """The index is there and has looked once."""
    browser.get("/market")
    keep_up(village.hub)


def test_both_are_told_and_it_is_new_once(village: Village, signed_in: Enter) -> None:
    lists(village, "Bob", WANT, "Honey")
    alice = signed_in("Alice")
    begin(village, alice)
    assert "You could trade with" not in alice.get("/").text, "nothing of what stood before is news"
    lists(village, "Alice", OFFER, "Fresh honey")
    keep_up(village.hub)
    bob = signed_in("Bob")
    home = bob.get("/")
    assert "You could trade with Alice new Fresh honey" in words(home)
    assert "waits for you" not in words(home), "it is news, and asks for nothing"
    again = bob.get("/")
    assert "You could trade with Alice Fresh honey" in words(again), "not new any more"
    assert "You could trade with Bob" in words(alice.get("/"))
    link = again.text.split('href="/market/match/', 1)[1].split('"', 1)[0]
    page = bob.get(f"/market/match/{link}")
    assert page.status_code == 200
    said = bob.fill(f"/market/match/{link}", f"/market/match/{link}", answer="dismiss", pin="2580")
    assert said.status_code == 302
    assert "You could trade with" not in bob.get("/").text, "Bob has said not for me"


def test_what_is_gone_or_blocked_is_not_told(village: Village, signed_in: Enter) -> None:
    alice, bob = signed_in("Alice"), signed_in("Bob")
    begin(village, alice)
    honey = lists(village, "Alice", OFFER, "Fresh honey")
    lists(village, "Bob", WANT, "Honey")
    keep_up(village.hub)
    assert "You could trade with Alice" in bob.get("/").text
    marks.block(village.hub.store, village.numbers["Alice"], 0, village.numbers["Bob"], village.clock.now())
    assert "You could trade with" not in bob.get("/").text
    marks.unblock(village.hub.store, village.numbers["Alice"], 0, village.numbers["Bob"])
    village.do("Alice", CloseListing(honey))
    assert "You could trade with" not in bob.get("/").text
    keep_up(village.hub)
    lists(village, "Alice", OFFER, "Honey of the hill")
    keep_up(village.hub)
    assert "Honey of the hill" in bob.get("/").text, "after the newest was taken down, too"
    for name in ("Chandra", "Dina"):
        lists(village, name, OFFER, f"Honey of {name}")
    keep_up(village.hub)
    assert "1 more could trade with you" in bob.get("/").text


def test_a_changed_listing_brings_news_and_takes_back_what_it_does_not_say_any_more(
    village: Village, signed_in: Enter
) -> None:
    alice, bob, chandra = (signed_in(name) for name in ("Alice", "Bob", "Chandra"))
    honey, eggs = lists(village, "Bob", WANT, "Honey"), lists(village, "Chandra", WANT, "Eggs")
    offer = lists(village, "Alice", OFFER, "Haircut")
    begin(village, alice)
    assert "You could trade with" not in bob.get("/").text
    village.do("Alice", EditListing(offer, "food", "Fresh honey"))
    keep_up(village.hub)
    assert "You could trade with Alice" in words(bob.get("/"))
    assert "You could trade with Alice" not in words(chandra.get("/"))
    with village.hub.store.write() as tx:
        tx.delete(MatchNew, MatchNew.member > 0)
    village.do("Alice", EditListing(offer, "food", "Fresh honey from the forest"))
    village.do("Bob", EditListing(honey, "food", "Honey"))
    keep_up(village.hub)
    assert "You could trade with" not in bob.get("/").text, "they had that in common before"
    village.do("Alice", EditListing(offer, "food", "Honey and eggs"))
    keep_up(village.hub)
    assert "You could trade with Alice" in words(chandra.get("/"))
    village.do("Chandra", EditListing(eggs, "food", "Firewood"))
    keep_up(village.hub)
    assert "You could trade with" not in chandra.get("/").text, "she does not need any now"
