"""Stories of the market."""

import re

import pytest

from appliance.ledger.market import marks
from appliance.ledger.market.listings import OpenListing
from appliance.ledger.tend import tend
from appliance.ledger.values import Amount
from appliance.web.market.forms import STEPS
from tests.web.conftest import OWN_SCREEN

SMALL = 30 * 1024
DAY_MS = 86_400_000


def lists(village, name: str, kind: str, category: str, title: str, price: Amount | None = None) -> str:
    command = OpenListing(village.numbers[name], kind, category, title, "", price)
    return village.do(name, command).record.hex()


def says(browser, kind: str = "offer", start=None, **said: str):
    """Goes through the pages of the form, and types on each what belongs there; the answer to the last."""
    page = start or browser.get(f"/market/new?kind={kind}")
    for fields in STEPS.values():
        here = {name: said[name] for name in fields if name in said}
        page = browser.fill(page, "/market/new", **here)
        if page.status_code != 200:
            return page
    return page


def test_alice_offers_bread_and_bob_finds_it_and_can_pay_her(village, signed_in) -> None:
    alice, bob = signed_in("Alice"), signed_in("Bob")
    done = says(
        alice,
        title="Fresh bread",
        text="On <Fridays>",
        category="bread",
        price="0.5",
        unit="piece",
        quantity="12",
        times="Friday mornings",
        place="by the mill",
    )
    assert done.status_code == 302
    photo = alice.get(done.location)
    assert "“Fresh bread” is on the market." in photo.text
    shown = alice.get(done.location.replace("/photo?new=1", ""))
    for word in ("Fresh bread", "On &lt;Fridays&gt;", "0.50", "a piece", "Bread and cakes", "Take it down"):
        assert word in shown.text
    for word in ("12", "Friday mornings", "by the mill", "Change it"):
        assert word in shown.text
    assert "Pay this person" not in shown.text
    assert "Keep it on the market" not in shown.text  # it has three months
    found = bob.get("/market?q=BREA")
    assert "Fresh bread" in found.text
    assert "Alice" in found.text
    listing = bob.get(shown.request.path)
    assert "Take it down" not in listing.text
    assert "Change it" not in listing.text
    assert f'href="/P/{village.account("Alice").compact}?amount=0.50&amp;category=food"' in listing.text


def test_the_same_form_sent_twice_lists_once(village, signed_in) -> None:
    alice = signed_in("Alice")
    page = alice.get("/market/new?kind=want")
    first = says(alice, start=page, title="A ladder", category="tools")
    second = says(alice, start=page, title="A ladder", category="tools")
    assert first.location == second.location
    assert alice.get("/market/mine").text.count("A ladder") == 1


def test_each_page_says_what_is_not_right_and_keeps_what_was_typed(signed_in) -> None:
    alice = signed_in("Alice")
    start = alice.get("/market/new?kind=offer")
    missing = alice.fill(start, "/market/new", title=" ", text="rye")
    assert missing.status_code == 422
    assert "must not be empty" in missing.text
    assert "rye" in missing.text
    unkind = says(alice, start=start, title="Bread", text="rye", category="gold")
    assert unkind.status_code == 422
    assert "choose a kind" in unkind.text
    wrong = says(alice, start=start, title="Bread", text="rye", category="food", price="two")
    assert wrong.status_code == 422
    assert "amount" in wrong.text
    assert 'value="two"' in wrong.text
    many = alice.fill(wrong, "/market/new", price="", quantity="a few")
    assert many.status_code == 422
    assert "whole number" in many.text
    when = alice.fill(many, "/market/new", quantity="٣")
    long = alice.fill(when, "/market/new", times="x" * 61)
    assert long.status_code == 422
    done = alice.fill(long, "/market/new", times="any time", follow=True)
    assert "is on the market" in done.text
    assert ">3<" in alice.get(done.request.path.removesuffix("/photo")).text


def test_the_last_page_alone_is_not_enough(signed_in) -> None:
    """Who sends it by hand reads what is missing on the page where it belongs."""
    alice = signed_in("Alice")
    page = alice.get("/market/new?kind=offer")
    sent = alice.fill(page, "/market/new", step="when", times="now")
    assert sent.status_code == 422
    assert "must not be empty" in sent.text
    assert alice.fill(page, "/market/new", step="nowhere").status_code == 400


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("fontaneria", "plumbing"),
        ("Fontanería urgente", "plumbing"),
        ("mkate", "bread"),
        ("ताज़ी रोटी", "bread"),
        ("خبز طازج", "bread"),
        ("Clases de guitarra", "music_lessons"),
        ("Fix bicycles", "bicycle_repair"),
    ],
)
def test_the_kind_is_proposed_from_the_words_in_any_language(signed_in, title: str, kind: str) -> None:
    alice = signed_in("Alice")
    page = alice.fill("/market/new?kind=offer", "/market/new", title=title)
    assert f'value="{kind}" checked' in page.text
    assert len(page.data) < SMALL


@pytest.mark.parametrize(
    "title", ["日本語を教えます", "¿Quién cuida gallinas?", "3D printing", "24/7 plumber"]
)
def test_a_title_is_kept_as_it_was_typed(signed_in, title: str) -> None:
    alice = signed_in("Alice")
    done = says(alice, title=title, category="other")
    assert title in alice.get(done.location.replace("/photo?new=1", "")).text
    assert title in signed_in("Bob").get("/market").text


def test_alice_changes_her_offer_part_by_part_and_search_follows(village, signed_in) -> None:
    record = lists(village, "Alice", "offer", "food", "Bread", Amount(50))
    alice, bob = signed_in("Alice"), signed_in("Bob")
    parts = alice.get(f"/market/{record}/edit").text
    for step in STEPS:
        assert f"/market/{record}/edit/{step}" in parts
    words = alice.get(f"/market/{record}/edit/words")
    assert 'value="Bread"' in words.text
    assert alice.fill(words, "/edit/words", title="").status_code == 422
    assert alice.fill(words, "/edit/words", title="Cake").status_code == 302
    assert alice.fill(f"/market/{record}/edit/sort", "/edit/sort", category="bread").status_code == 302
    price = alice.fill(f"/market/{record}/edit/price", "/edit/price", price="1.5", unit="kg", follow=True)
    assert "1.50" in price.text
    assert "a kilo" in price.text
    assert alice.fill(f"/market/{record}/edit/when", "/edit/when", times="Sundays").status_code == 302
    assert "Cake" in bob.get("/market?q=cake").text
    assert "Bread" not in bob.get("/market").text.replace("Bread and cakes", "")
    shown = bob.get(f"/market/{record}").text
    assert "Sundays" in shown
    assert "Bread and cakes" in shown
    assert bob.get(f"/market/{record}/edit").status_code == 302
    assert bob.get(f"/market/{record}/edit/words").status_code == 302
    assert alice.get(f"/market/{record}/edit/nothing").status_code == 404


def test_a_price_can_be_taken_away_again(village, signed_in) -> None:
    record = lists(village, "Alice", "offer", "food", "Bread", Amount(50))
    alice = signed_in("Alice")
    cleared = alice.fill(f"/market/{record}/edit/price", "/edit/price", price="", follow=True)
    assert "to agree" in cleared.text
    free = alice.fill(f"/market/{record}/edit/price", "/edit/price", price="0", follow=True)
    assert "free" in free.text


def test_a_week_before_the_end_the_first_page_asks_and_one_tap_renews(village, signed_in) -> None:
    record = lists(village, "Alice", "offer", "food", "Bread")
    alice, bob = signed_in("Alice"), signed_in("Bob")
    assert "leaves the market soon" not in alice.get("/").text
    village.clock.advance(84 * DAY_MS)
    alice = signed_in("Alice")
    home = alice.get("/")
    assert "“Bread” leaves the market soon." in home.text
    assert "1 thing waits for you" in home.text, "it stands in the one list, and counts"
    assert home.text.index('id="waits"') < home.text.index("leaves the market soon")
    assert alice.fill(home, "/renew").location == "/"
    assert "leaves the market soon" not in alice.get("/").text
    village.clock.advance(91 * DAY_MS)
    tend(village.hub)
    alice, bob = signed_in("Alice"), signed_in("Bob")
    assert "Bread" not in bob.get("/market").text
    assert "Its time on the market is over" in bob.get(f"/market/{record}").text
    assert "Pay this person" not in bob.get(f"/market/{record}").text
    assert "is not on the market any more" in alice.get("/").text
    mine = alice.get("/market/mine")
    assert "its time on the market is over." in mine.text
    assert alice.fill(mine, "/renew").location == "/market/mine"
    assert "Bread" in bob.get("/market").text


def test_who_never_offered_anything_is_asked_and_may_say_not_now(village, signed_in) -> None:
    alice, bob = signed_in("Alice"), signed_in("Bob")
    assert "What can you offer?" in alice.get("/").text
    assert alice.fill("/", "/market/later").location == "/"
    assert "What can you offer?" not in alice.get("/").text
    assert "What can you offer?" in bob.get("/").text
    lists(village, "Bob", "want", "food", "Eggs")
    assert "What can you offer?" not in bob.get("/").text


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
    assert "<details open" not in first.text, "what narrows it stands not before what there is"
    narrowed = dina.get("/market?new=1&category=food").text
    assert "<details open" in narrowed
    assert "new=1" in narrowed.split("kind=want")[1].split('"')[0], (
        "from offers to wants with the same switches"
    )
    for page in (first, second):
        assert len(page.data) < SMALL


def test_who_lists_much_finds_all_of_it_page_by_page(village, signed_in) -> None:
    number, bob = village.numbers["Alice"], village.numbers["Bob"]
    titles = [f"Loaf {n}" for n in range(26)]
    for title in titles:
        for kind in ("offer", "want"):
            seq = village.do("Alice", OpenListing(number, kind, "food", f"{title} {kind}")).entry
            assert (
                marks.keep(village.hub.store, bob, marks.LISTING, marks.OWN, seq, village.clock.now()) is None
            )
    for name, path in (("Alice", "/market/mine"), ("Bob", f"/people/{number}"), ("Bob", "/favourites")):
        reader = signed_in(name)
        seen: set[str] = set()
        (last,) = re.findall(r"Page 1 of ([0-9]+)", reader.get(path).text)
        for page in range(1, int(last) + 1):
            text = reader.get(f"{path}?page={page}").text
            assert len(text) < SMALL // 2
            found = set(re.findall(r"<strong>(Loaf [0-9]+ (?:offer|want))</strong>", text))
            assert not found & seen
            seen |= found
        assert len(seen) == 2 * len(titles), path
        assert f"Page {last} of {last}" in reader.get(f"{path}?page=99").text


def test_alice_and_bob_could_trade_and_read_why(village, signed_in) -> None:
    lists(village, "Alice", "want", "repair", "Somebody to fix my bicycle")
    record = lists(village, "Bob", "offer", "repair", "Bicycle repairs")
    page = signed_in("Alice").get("/market/suggestions")
    assert "Bob offers “Bicycle repairs”" in page.text
    assert "Both speak of: bicycle" in page.text
    assert "both under Repair" in page.text
    look = re.search(r'href="(/market/match/[^"]+)"', page.text)
    assert look
    assert f"/market/{record}" in signed_in("Alice").get(look[1]).text
    assert "Alice needs" in signed_in("Bob").get("/market/suggestions").text
    nobody = signed_in("Dina").get("/market/suggestions")
    assert "can only look for people who fit when it knows" in nobody.text


@pytest.mark.parametrize(
    "path",
    [
        *("/market/abc", "/market/zz", f"/market/{'00' * 16}"),
        *(f"/market/photo/{'9' * 30}/large.jpg", f"/complain/listing/{'9' * 30}/5", f"/people/{'9' * 30}"),
    ],
)
def test_what_is_not_there_is_a_plain_page(signed_in, path: str) -> None:
    assert signed_in("Alice").get(path).status_code == 404


@pytest.mark.parametrize("path", ["/market", "/market/mine", "/market/new", "/market/suggestions"])
def test_strangers_sign_in_first(phone, path: str) -> None:
    answer = phone().get(path)
    assert answer.status_code == 302
    assert "/signin" in answer.location


def test_whom_bob_has_blocked_is_not_on_his_market_and_he_reads_it(village, signed_in) -> None:
    alice, bob = signed_in("Alice"), signed_in("Bob")
    bread = lists(village, "Alice", "offer", "bread", "Rye bread")
    lists(village, "Bob", "offer", "bread", "Flat bread")
    lists(village, "Chandra", "offer", "bread", "White bread")
    number = village.numbers["Alice"]
    pages = ("/market", "/market?q=bread", "/market?q=braed", "/market?category=food")
    assert all("Rye bread" in bob.get(path).text for path in pages)
    counted = re.compile(r"Bread and cakes</span><span class=\"sum[^>]*>(\d)<")
    assert counted.findall(bob.get("/market/kinds/food").text) == ["3"]
    marks.block(village.hub.store, village.numbers["Bob"], marks.OWN, number, village.clock.now())
    for path in pages:
        page = bob.get(path).text
        assert "Rye bread" not in page
        assert "White bread" in page
        assert "Without what people offer and need whom you have blocked" in page
    assert counted.findall(bob.get("/market/kinds/food").text) == ["2"]
    shown = bob.get(f"/market/{bread}").text  # by an old link it is there, and says how it stands
    assert "You have blocked Alice" in shown
    assert "Write to Alice" not in shown
    assert "Alice" in bob.get("/people/blocked").text
    assert "What Alice offers and needs is not on your market." in bob.get(f"/people/{number}").text
    # She is not told, and misses nothing.
    page = alice.get("/market").text
    assert "Flat bread" in page
    assert "whom you have blocked" not in page
    assert "You have blocked nobody." in alice.get("/people/blocked").text
    marks.unblock(village.hub.store, village.numbers["Bob"], marks.OWN, number)
    assert "Rye bread" in bob.get("/market").text
