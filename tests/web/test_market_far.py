"""Stories of the market across villages: what Chandra of Hill offers, as Alice of River sees it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from appliance.ledger.book.schema import Listing
from appliance.ledger.market.listings import CloseListing, OpenListing
from appliance.ledger.people.showing import ShowName
from appliance.ledger.values import Account, Amount, RecordId
from appliance.web import create_app
from tests.support.two_villages import HILL, RIVER, TwoVillages, two_villages
from tests.web.conftest import OWN_SCREEN, PHONE, Browser, without_our_scripts

SMALL = 30 * 1024


@pytest.fixture
def two(tmp_path: Path) -> Iterator[TwoVillages]:
    with two_villages(tmp_path) as made:
        yield made


@pytest.fixture
def at(two: TwoVillages) -> Callable[..., Browser]:
    """``at("Alice")``: a phone on which she has signed in at her own village's portal."""
    apps = {
        hub: create_app(two.at(hub).hub, TESTING=True, PROPAGATE_EXCEPTIONS=False) for hub in (RIVER, HILL)
    }

    def new(name: str, address: str = PHONE) -> Browser:
        home = two.home_of(name)
        browser = Browser(apps[home.hub.number].test_client(), address)
        assert browser.sign_in(home.account(name).short).status_code == 302
        return browser

    return new


def lists(
    two: TwoVillages, name: str, kind: str, category: str, title: str, price: int | None = None
) -> RecordId:
    home = two.home_of(name)
    asked = None if price is None else Amount(price)
    return home.do(name, OpenListing(home.numbers[name], kind, category, title, "", asked)).record


def post_goes(two: TwoVillages) -> None:
    for post in two.posts.values():
        post.publish(50)
    two.carry()


def path_of(two: TwoVillages, record: RecordId) -> str:
    """Where River shows a listing of Hill."""
    with two.hill.hub.reading() as tx:
        row = tx.get(Listing, id=record)
    assert row is not None
    return f"/market/{HILL}/{row.opened_entry}"


def chandra_agrees(two: TwoVillages) -> None:
    two.hill.do("Chandra", ShowName(two.hill.numbers["Chandra"], True))


def test_alice_finds_chandras_bread_and_comes_from_it_to_paying_her(two, at) -> None:
    chandra_agrees(two)
    bread = lists(two, "Chandra", "offer", "food", "Bread every Friday", 50)
    alice = at("Alice")
    assert "Bread" not in alice.get("/market").text
    post_goes(two)
    two.hear(RIVER)
    market = alice.get("/market").text
    assert "Bread every Friday" in market
    assert "Chandra of Hill · Food" in market
    assert path_of(two, bread) in market
    page = alice.get(path_of(two, bread))
    text = page.text.replace("\u00a0", " ")
    account = Account(HILL, two.hill.numbers["Chandra"])
    assert "Chandra of Hill" in text
    assert account.full in text
    assert "0.50 h" in text
    assert "Hill was last heard" in text
    assert f'href="/P/{account.compact}?amount=0.50&amp;category=food"' in text
    assert alice.get(f"/P/{account.compact}?amount=0.50&category=food").status_code == 200
    assert len(page.data) < SMALL
    assert "<script" not in without_our_scripts(text)


def test_who_gave_no_name_is_a_number_and_a_village_that_was_never_heard_says_so(two, at) -> None:
    cake = lists(two, "Dina", "offer", "food", "Cake")
    post_goes(two)
    text = at("Alice").get(path_of(two, cake)).text
    assert f"{two.hill.account('Dina').full} of Hill" in text
    assert "Dina" not in text
    assert "not yet" in text
    assert "to agree" in text


def test_here_everywhere_or_only_the_others(two, at) -> None:
    lists(two, "Alice", "offer", "food", "Bread of ours")
    lists(two, "Chandra", "offer", "food", "Bread of theirs")
    post_goes(two)
    alice = at("Alice")
    everywhere = alice.get("/market?q=bread").text
    assert everywhere.index("Bread of ours") < everywhere.index("Bread of theirs")
    here, others = (alice.get(f"/market?q=bread&where={where}").text for where in ("here", "others"))
    assert "Bread of ours" in here
    assert "Bread of theirs" not in here
    assert "Bread of theirs" in others
    assert "Bread of ours" not in others
    assert 'name="where" value="here"' in here  # the next search stays here
    nothing = alice.get("/market?q=elephant&where=here").text
    assert "Nobody has this" in nothing
    assert "Look in all villages" in nothing
    assert "Other villages have told of nothing yet" in alice.get("/market?kind=want&where=others").text


def test_more_than_a_page_of_both_villages_is_all_there(two, at) -> None:
    for number in range(9):
        lists(two, "Alice", "offer", "food", f"Loaf {number:02}")
        lists(two, "Chandra", "offer", "food", f"Cake {number:02}")
    post_goes(two)
    alice = at("Alice")
    first = alice.get("/market").text
    more = first.split("after=")[1].split('"')[0]
    second = alice.get(f"/market?kind=offer&after={more}").text
    for number in range(9):
        assert f"Loaf {number:02}" in first
        assert f"Cake {number:02}" in (second if number < 3 else first)


def test_a_village_alone_is_not_asked_where(signed_in) -> None:
    alice = signed_in("Alice")
    assert "where=" not in alice.get("/market").text
    assert "where=" not in alice.get("/market?where=others").text
    assert "Other villages" not in alice.get("/market/new?kind=offer").text


def test_what_chandra_takes_down_leaves_the_market_and_its_page_says_so(two, at) -> None:
    bread = lists(two, "Chandra", "offer", "food", "Bread")
    post_goes(two)
    two.hill.do("Chandra", CloseListing(bread))
    post_goes(two)
    alice = at("Alice")
    assert "Bread" not in alice.get("/market").text
    text = alice.get(path_of(two, bread)).text
    assert "has been taken down" in text
    assert "/P/" not in text


def test_nobody_here_takes_down_what_stands_in_hill_not_even_a_keeper(two, at) -> None:
    bread = lists(two, "Chandra", "offer", "food", "Bread")
    post_goes(two)
    for name, address in (("Alice", PHONE), ("Kira", OWN_SCREEN)):
        browser, path = at(name, address), path_of(two, bread)
        page = browser.get(path).text
        assert "Take it down" not in page
        assert "<form" not in page
        token = browser.get("/market/new?kind=offer").text.split('csrf_token" value="')[1].split('"')[0]
        # The record's own name, were it known here, names nothing of River's; nor does its path.
        for target in (f"/market/{bread.hex()}/close", f"{path}/close", path):
            assert browser.post(target, {"csrf_token": token}).status_code in (404, 405)
    assert "Bread" in at("Alice").get("/market").text


def test_a_want_of_hill_says_how_to_be_paid(two, at) -> None:
    chandra_agrees(two)
    want = lists(two, "Chandra", "want", "garden", "Someone to prune apple trees")
    post_goes(two)
    text = at("Alice").get(path_of(two, want)).text
    assert "Chandra of Hill can pay you" in text
    assert 'href="/me/qr"' in text
    assert "Someone to prune" in at("Alice").get("/market?kind=want").text


def test_alice_could_trade_with_chandra_of_hill_and_reads_why(two, at) -> None:
    chandra_agrees(two)
    lists(two, "Alice", "want", "repair", "Somebody to fix my bicycle")
    repairs = lists(two, "Chandra", "offer", "repair", "Bicycle repairs")
    post_goes(two)
    page = at("Alice").get("/market/suggestions")
    assert "Chandra of Hill offers “Bicycle repairs”" in page.text
    assert "Both speak of: bicycle" in page.text
    assert "both under Repair" in page.text
    assert path_of(two, repairs) in page.text
    assert len(page.data) < SMALL
    # At Hill it is Chandra who is told of Alice.
    assert "of River needs “Somebody to fix my bicycle”" in at("Chandra").get("/market/suggestions").text


def test_a_village_whose_post_tells_two_stories_is_left_out(two, at) -> None:
    lists(two, "Alice", "want", "food", "Goat cheese")
    cheese = lists(two, "Chandra", "offer", "food", "Goat cheese")
    post_goes(two)
    with two.river.hub.store.write() as tx:
        tx.select("UPDATE feed SET forked = 1 WHERE hub = ? RETURNING hub", HILL)
    alice = at("Alice")
    assert "Goat cheese" not in alice.get("/market").text
    assert "Nobody fits right now" in alice.get("/market/suggestions").text
    text = alice.get(path_of(two, cheese)).text
    assert "does not trade with Hill now" in text
    assert "/P/" not in text


def test_her_own_listing_says_how_far_the_news_of_it_has_come(two, at) -> None:
    bread = lists(two, "Alice", "offer", "food", "Bread")
    alice, path = at("Alice"), f"/market/{bread.hex()}"
    assert "not told yet" in alice.get(path).text
    assert "Other villages see it, too" in alice.get("/market/new?kind=offer").text
    two.posts[RIVER].publish(5)
    assert "on its way to them" in alice.get(path).text
    two.carry()
    two.hear(RIVER)
    assert "known in Hill" in alice.get(path).text
    assert "known in" not in at("Bob").get(path).text  # it is Alice's matter
    alice.fill(path, "/close")
    assert "not told yet that it is gone" in alice.get(path).text
    two.posts[RIVER].publish(5)
    assert "word that it is gone is on its way" in alice.get(path).text
    two.carry()
    two.hear(RIVER)
    assert "known to be gone in Hill" in alice.get(path).text
    never = lists(two, "Alice", "offer", "food", "Cake")
    alice.fill(f"/market/{never.hex()}", "/close")
    assert "never told of it" in alice.get(f"/market/{never.hex()}").text


@pytest.mark.parametrize(
    "path", [f"/market/{HILL}/1", "/market/103/1", f"/market/{RIVER}/1", f"/market/{HILL}/x"]
)
def test_what_no_village_has_told_is_a_plain_page(two, at, path: str) -> None:
    assert at("Alice").get(path).status_code == 404


def test_strangers_sign_in_first(phone) -> None:
    assert "/signin" in phone().get(f"/market/{HILL}/1").location
