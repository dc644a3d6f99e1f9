"""Stories of the market across villages: what Chandra of Hill offers, as Alice of River sees it."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from appliance.ledger.book.schema import Listing
from appliance.ledger.market.distances import SetDistance
from appliance.ledger.market.listings import CloseListing, OpenListing
from appliance.ledger.people.showing import ShowName
from appliance.ledger.values import Account, Amount, RecordId
from appliance.web import create_app
from appliance.web.market.filters import Where
from appliance.web.market.finding import keep_up
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
        assert re.findall(r'<form method="post" action="([^"]*)"', page) == ["/marks"], (
            "a favourite, and nothing else"
        )
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
    look = re.search(r'href="(/market/match/[^"]+)"', page.text)
    assert look
    there = at("Alice").get(look[1]).text
    assert path_of(two, repairs) in there
    assert "Hill" in there
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


def test_alice_goes_by_kinds_through_both_villages_or_one(two, at) -> None:
    lists(two, "Chandra", "offer", "bread", "Rye bread of Hill")
    lists(two, "Alice", "offer", "bread", "Bread of River")
    post_goes(two)
    two.hear(RIVER)
    alice = at("Alice")
    counted = {}
    for where in ("", "here", "others"):
        page = alice.get(f"/market/kinds/food?where={where}").text
        counted[where] = int(page.split("Bread and cakes</span>")[1].split(">", 1)[1].split("<")[0])
    assert counted == {"": 2, "here": 1, "others": 1}
    others = alice.get("/market?category=bread&where=others").text
    assert "Rye bread of Hill" in others
    assert "Bread of River" not in others


def test_what_alice_reads_of_a_far_offer_has_its_unit_and_how_many_are_left(two, at) -> None:
    home = two.hill
    command = OpenListing(home.numbers["Chandra"], "offer", "dairy", "Eggs", "", Amount(50), "dozen", 12)
    record = home.do("Chandra", command).record
    post_goes(two)
    two.hear(RIVER)
    page = at("Alice").get(path_of(two, record)).text
    for words in ("a dozen", "How many are left", "12", "Milk, cheese, eggs"):
        assert words in page


def test_one_village_by_its_name(two, at) -> None:
    lists(two, "Alice", "offer", "food", "Bread of River")
    lists(two, "Chandra", "offer", "food", "Bread of Hill")
    post_goes(two)
    alice = at("Alice")
    hill = alice.get(f"/market?where={HILL}").text
    assert "Bread of Hill" in hill
    assert "Bread of River" not in hill
    assert f"where={HILL}" in hill, "it stays when one goes on"
    assert "Bread of Hill" not in alice.get("/market?where=here").text
    assert "Bread of River" in alice.get("/market?where=999").text, "no such village: all"
    groups = alice.get(f"/market/kinds?where={HILL}")
    assert f"where={HILL}" in groups.text


def test_villages_are_named_once_there_are_several() -> None:
    assert Where.of("102", {102: "Hill"}).by_name == []
    three = Where.of("103", {102: "Hill", 103: "Lake"})
    assert (three.asked, three.hubs, three.own) == ("103", (103,), False)
    assert [(asked, name) for asked, _picture, name in three.by_name] == [("102", "Hill"), ("103", "Lake")]
    assert (Where.of("here", {102: "Hill"}).hubs, Where.of("here", {102: "Hill"}).own) == ((), True)
    assert Where.of("102", {}).asked is None


def test_villages_that_are_chosen_from_say_how_far_they_are(app) -> None:
    with app.test_request_context():
        three = Where.of(None, {103: "Lake", 102: "Hill"}, {103: 25, 999: 5})
        assert [name for _asked, _picture, name in three.by_name] == ["Lake · 25 min on foot", "Hill"]
        assert three.others == Where.of(None, {102: "Hill"}, {999: 5}).others == "Others"
        assert Where.of(None, {102: "Hill"}, {102: 120}).others == "Hill · 2 h on foot"
    with app.test_request_context(headers={"Accept-Language": "ar"}):
        # Else the number would go to the Latin name, and be read before it.
        assert Where.of(None, {102: "Hill"}, {102: 40}).others == "Hill · \u206840 د مشيًا\u2069"


def test_near_me_first_is_this_village_and_the_same_neighbourhood(two, at) -> None:
    def at_place(name: str, title: str, place: str) -> None:
        home = two.home_of(name)
        home.do(name, OpenListing(home.numbers[name], "offer", "food", title, place=place))

    at_place("Bob", "Bread from the mill", "behind the old MILL")
    at_place("Kira", "Bread of the square", "the square")
    at_place("Bob", "Bread of nowhere", "")
    at_place("Chandra", "Bread of Hill", "the mill")
    post_goes(two)
    alice = at("Alice")

    def order(page: str) -> list[str]:
        return re.findall(r"Bread (?:from the mill|of the square|of nowhere|of Hill)", page)

    newest = ["Bread of nowhere", "Bread of the square", "Bread from the mill", "Bread of Hill"]
    assert order(alice.get("/market").text) == newest
    assert order(alice.get("/market?near=1").text) == newest, "Alice has not said where she is"
    at_place("Alice", "Eggs", "at the mill")
    near = ["Bread from the mill", "Bread of nowhere", "Bread of the square", "Bread of Hill"]
    assert order(alice.get("/market?near=1").text) == near
    assert order(alice.get("/market?near=1&q=bread").text)[0] == near[0]
    for n in range(20):
        at_place("Bob", f"Soap {n}", "the mill")
    first = alice.get("/market?near=1").text
    more = re.search(r'href="([^"]*after=[^"]*)"', first)
    assert more is not None
    assert "near=1" in more[1]
    assert order(first + alice.get(more[1].replace("&amp;", "&")).text) == near


def test_a_match_with_another_village_is_news_on_the_first_page(two, at) -> None:
    lists(two, "Alice", "want", "food", "Honey")
    alice = at("Alice")
    alice.get("/market")
    keep_up(two.river.hub)
    two.hill.do("Chandra", ShowName(two.hill.numbers["Chandra"], True))
    lists(two, "Chandra", "offer", "food", "Fresh honey")
    post_goes(two)
    keep_up(two.river.hub)
    home = alice.get("/").text
    assert "You could trade with Chandra of Hill" in home
    assert f'href="/market/match/{HILL}/' in home


def test_how_far_hill_is_stands_wherever_something_of_hill_does(two, at) -> None:
    chandra_agrees(two)
    lists(two, "Alice", "want", "food", "Honey")
    honey = lists(two, "Chandra", "offer", "food", "Fresh honey")
    post_goes(two)
    alice = at("Alice")
    assert "on foot" not in alice.get("/market").text
    two.river.do("Kira", SetDistance(HILL, 40))
    market = alice.get("/market").text
    assert "Chandra of Hill · 40 min on foot · Food" in market
    assert "<span>Hill · 40 min on foot</span>" in market
    assert "<span>Hill · 40 min on foot</span>" in alice.get("/market/kinds").text
    assert "nearer villages before farther ones" not in market
    assert "nearer villages before farther ones" in alice.get("/market?near=1").text
    assert "Hill · 40 min on foot</dd>" in alice.get(path_of(two, honey)).text
    assert "Hill · 40 min on foot</dd>" in alice.get(f"/people/{HILL}/{two.hill.numbers['Chandra']}").text
    told = alice.get("/market/suggestions").text
    assert "Hill is near: 40 min on foot." in told
    look = re.search(r'href="(/market/match/[^"]+)"', told)
    assert look
    assert "Hill is near: 40 min on foot." in alice.get(look[1]).text
    two.river.do("Kira", SetDistance(HILL, 60))
    assert "Hill is farther away: 1 h on foot." in alice.get("/market/suggestions").text
    two.river.do("Kira", SetDistance(HILL, 95))
    assert "Hill is farther away: 1 h 35 min on foot." in alice.get(look[1]).text
    # Hill has its own word for the way, and none yet.
    assert "on foot" not in at("Chandra").get("/market/suggestions").text
    two.river.do("Kira", SetDistance(HILL, None))
    for page in ("/market", "/market/suggestions", look[1], path_of(two, honey)):
        assert "on foot" not in alice.get(page).text
