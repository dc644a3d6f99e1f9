"""Stories of messages, marks, the directory and complaints, through the portal; and the one list of the first page."""

import re
from collections.abc import Callable

import pytest

from appliance.ledger.errors import BookClosed
from appliance.ledger.hub import new_key
from appliance.ledger.market import talks
from appliance.ledger.market.complaints import QUIET, AnswerComplaint
from appliance.ledger.market.listings import CloseListing, OpenListing
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.people.life import Away, Back
from appliance.ledger.values import Amount, RecordId
from tests.support.village import Village
from tests.web.conftest import OWN_SCREEN, Browser

SMALL = 30 * 1024
Enter = Callable[..., Browser]


def lists(village: Village, name: str, title: str, kind: str = "offer", **also: object) -> RecordId:
    command = OpenListing(village.numbers[name], kind, "food", title, **also)  # type: ignore[arg-type]
    return RecordId(village.do(name, command).record)


def write(village: Village, sender: str, receiver: str, text: str) -> int:
    pair = village.numbers[sender], village.numbers[receiver]
    sent = talks.send(village.hub.store, *pair, text, village.clock.now(), new_key())
    assert isinstance(sent, talks.Sent)
    return sent.seq


def press(browser: Browser, page: str, says: str, **typed: str):
    """Tap the button that ``says`` so, in whichever form it is."""
    text = browser.get(page).text
    for form in re.findall(r"<form.*?</form>", text, re.DOTALL):
        if says in form:
            action = re.search(r'action="([^"]*)"', form)
            fields = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form))
            assert action is not None
            return browser.client.post(
                action[1],
                data={**fields, **typed},
                follow_redirects=True,
                environ_overrides={"REMOTE_ADDR": browser.address},
            )
    raise AssertionError(f"no button {says} on {page}: {text}")


def test_alice_finds_bob_writes_about_his_bread_and_he_answers(village: Village, signed_in: Enter) -> None:
    bread = lists(village, "Bob", "Roggenbrot")
    alice, bob = signed_in("Alice"), signed_in("Bob")
    found = alice.get("/people?q=bo")
    assert "Roggenbrot" in found.text
    number = village.numbers["Bob"]
    assert f'href="/people/{number}"' in found.text
    page = alice.get(f"/market/{bread.hex()}").text
    assert f"/talks/{number}?about=listing&amp;item={bread.hex()}" in page
    sent = alice.fill(
        f"/talks/{number}?about=listing&item={bread.hex()}",
        f"/talks/{number}",
        follow=True,
        text="Is it <fresh>?",
    )
    assert "Is it &lt;fresh&gt;?" in sent.text
    assert "Roggenbrot" in sent.text
    home = bob.get("/").text
    assert "Waits for you" in home
    assert "Alice wrote to you" in home
    assert '<em class="new">new</em>' in home
    assert '<em class="new">new</em>' not in bob.get("/").text, "seen once"
    assert "Alice wrote to you" in bob.get("/").text, "it still waits"
    thread = bob.get(f"/talks/{village.numbers['Alice']}").text
    assert "Is it &lt;fresh&gt;?" in thread
    assert "Alice wrote to you" not in bob.get("/").text
    bob.fill(f"/talks/{village.numbers['Alice']}", f"/talks/{village.numbers['Alice']}", text="Sí, de hoy")
    assert "Sí, de hoy" in alice.get("/talks").text
    assert "Sí, de hoy" in alice.get(f"/talks/{number}").text
    assert len(alice.get(f"/talks/{number}").data) < SMALL


def test_nobody_opens_a_talk_of_others(village: Village, signed_in: Enter) -> None:
    write(village, "Alice", "Bob", "between us")
    for name in ("Chandra", "Kira"):
        browser = signed_in(name, OWN_SCREEN)
        for path in (
            "/talks",
            f"/talks/{village.numbers['Alice']}",
            f"/talks/{village.numbers['Bob']}",
            "/",
            "/desk",
        ):
            assert "between us" not in browser.get(path).text, path
    assert signed_in("Chandra").get("/talks/99").status_code == 404
    assert signed_in("Chandra").get(f"/talks/{village.numbers['Chandra']}").status_code == 404


def test_who_is_not_signed_in_or_waits_to_be_let_in_sees_nothing(village: Village, phone: Enter) -> None:
    for path in ("/talks", "/talks/2", "/people", "/people/2", "/favourites", "/complain/message/0/1"):
        assert phone().get(path).status_code == 302, path
    phone().fill("/join", "/join", name="Emil", pin="2580", pin2="2580")


def test_a_refused_message_says_why_and_keeps_what_was_typed(village: Village, signed_in: Enter) -> None:
    alice, path = signed_in("Alice"), f"/talks/{village.numbers['Bob']}"
    long = alice.fill(path, path, text="y" * 301)
    assert long.status_code == 422
    assert "y" * 301 in long.text
    assert "300" in long.text
    assert alice.fill(path, path, text="  ").status_code == 422
    village.do("Kira", AnswerComplaint(None, village.numbers["Alice"], QUIET, 7, "too loud"))
    stopped = alice.get(path).text
    assert "A keeper has stopped your messages until" in stopped
    assert "<textarea" not in stopped
    assert "too loud" in alice.get("/").text
    assert "too loud" in alice.get("/me/acts").text


def test_a_blocked_one_reads_it_and_the_other_can_take_it_away(village: Village, signed_in: Enter) -> None:
    alice, bob = signed_in("Alice"), signed_in("Bob")
    to_bob, to_alice = f"/talks/{village.numbers['Bob']}", f"/talks/{village.numbers['Alice']}"
    write(village, "Bob", "Alice", "hey")
    assert "Nothing that Bob writes reaches you any more" in press(alice, to_bob, "Block Bob").text
    assert "takes no messages from you" in bob.get(to_alice).text
    assert "You have blocked this person" in alice.get(to_bob).text
    assert "wrote to you" not in alice.get("/").text
    press(alice, to_bob, "Let Bob write to me again")
    assert "<textarea" in bob.get(to_alice).text


def test_a_blocked_one_is_not_suggested_either_way(village: Village, signed_in: Enter) -> None:
    lists(village, "Bob", "Honey")
    lists(village, "Alice", "Honey", kind="want")
    alice, bob = signed_in("Alice"), signed_in("Bob")
    assert "Bob" in alice.get("/market/suggestions").text
    press(alice, f"/people/{village.numbers['Bob']}", "Block Bob")
    assert "Bob" not in alice.get("/market/suggestions").text
    assert "Alice" not in bob.get("/market/suggestions").text


def test_take_back_erases_for_both(village: Village, signed_in: Enter) -> None:
    alice, path = signed_in("Alice"), f"/talks/{village.numbers['Bob']}"
    alice.fill(path, path, text="oh no")
    assert "erased, for both" in press(alice, path, "Take it back").text
    assert "oh no" not in signed_in("Bob").get(f"/talks/{village.numbers['Alice']}").text


def test_favourites_are_kept_found_filtered_and_go_in_words(village: Village, signed_in: Enter) -> None:
    bread = lists(village, "Bob", "Roggenbrot")
    lists(village, "Chandra", "Weizenbrot")
    alice, bob = signed_in("Alice"), village.numbers["Bob"]
    press(alice, f"/people/{bob}", "Make a favourite")
    press(alice, f"/market/{bread.hex()}", "Make a favourite")
    mine = alice.get("/favourites").text
    assert "Bob" in mine
    assert "Roggenbrot" in mine
    assert "Chandra" not in alice.get("/people?marked=1").text.split("<main")[1].split("<footer")[0]
    marked = alice.get("/market?marked=1").text
    assert "Roggenbrot" in marked
    assert "Weizenbrot" not in marked
    village.do("Bob", Away(bob))
    assert "Roggenbrot" not in alice.get("/favourites").text, "it rests while he is away"
    village.do("Bob", Back(bob))
    village.do("Bob", CloseListing(bread))
    assert "“Roggenbrot” has been taken down." in alice.get("/favourites").text
    assert "“Roggenbrot”" not in press(alice, "/favourites", "Forget it").text
    token = alice.get("/me").text.split('csrf_token" value="')[1].split('"')[0]
    for typed, status in (
        ({"what": "member", "hub": "0", "item": "77", "on": "1"}, 422),
        ({"what": "listing", "hub": "0", "item": "1", "on": "1"}, 422),
        ({"what": "gossip", "hub": "0", "item": "2", "on": "1"}, 400),
        ({"what": "member", "hub": "-1", "item": "2", "on": "1"}, 400),
        ({"what": "member", "hub": "0", "item": "9" * 30, "on": "1"}, 400),
    ):
        assert alice.post("/marks", {"csrf_token": token, **typed}).status_code == status, typed


def test_carol_is_told_of_and_a_keeper_acts(village: Village, signed_in: Enter) -> None:
    seq = write(village, "Chandra", "Alice", "you are a goat")
    write(village, "Chandra", "Alice", "something private")
    alice, kira = signed_in("Alice"), signed_in("Kira", OWN_SCREEN)
    path = f"/complain/message/0/{seq}"
    assert "you are a goat" in alice.get(path).text
    assert signed_in("Bob").get(path).status_code == 404
    assert alice.fill(path, path, words=" ").status_code == 422
    assert "The keepers are told" in alice.fill(path, path, words="it hurts").text
    assert "A member is troubled" in kira.get("/desk").text
    own = write(village, "Kira", "Bob", "go home")
    signed_in("Bob").fill(f"/complain/message/0/{own}", f"/complain/message/0/{own}", words="not kind")
    assert "One more is about words of yours" in kira.get("/desk/complaints").text
    assert "not kind" not in kira.get("/desk/complaints").text
    waiting = kira.get("/desk/complaints").text
    one = re.search(r'href="(/desk/complaints/[0-9a-f]{32})"', waiting)
    assert one is not None
    page = kira.get(one[1]).text
    assert "you are a goat" in page
    assert "it hurts" in page
    assert "something private" not in page
    assert kira.fill(one[1], one[1], step="week", reason=" ").status_code == 422
    done = kira.fill(one[1], one[1], follow=True, step="week", reason="we are kind here")
    assert "Nothing waits." in done.text
    assert "Whose messages are stopped" in done.text
    chandra = signed_in("Chandra")
    assert "we are kind here" in chandra.get("/").text
    assert "A keeper has stopped your messages until" in chandra.get(f"/talks/{village.numbers['Bob']}").text
    assert "The keepers have looked at what you told them" in alice.get("/").text
    assert "Alice" not in kira.get("/desk/log").text.split("stopped the messages")[0].rsplit("<li", 1)[1]
    about = f"/desk/complaints/about/{village.numbers['Chandra']}"
    kira.fill(about, about, step="let", reason="she said sorry")
    assert "<textarea" in chandra.get(f"/talks/{village.numbers['Bob']}").text


def test_the_first_page_tells_the_newest_first_and_what_waits_before_news(
    village: Village, signed_in: Enter
) -> None:
    village.request("Bob", "Alice", 100, note="for the eggs")
    village.clock.advance(60_000)
    write(village, "Chandra", "Alice", "good morning")
    village.clock.advance(60_000)
    village.do("Kira", AnswerComplaint(None, village.numbers["Alice"], "word", 0, "a kind word"))
    home = signed_in("Alice").get("/").text
    places = [home.index(words) for words in ("good morning", "for the eggs", "a kind word")]
    assert places == sorted(places)
    assert home.count("Waits for you") == 1
    assert len(home.encode()) < SMALL


def test_the_market_says_its_order_and_narrows(village: Village, signed_in: Enter) -> None:
    lists(village, "Bob", "Fontanería", price=Amount(900))
    lists(village, "Bob", "Pan", price=Amount(100))
    alice = signed_in("Alice")
    assert "most useful to you first" in alice.get("/market").text
    assert "newest first" in alice.get("/market?sort=new").text
    assert "best fit first" in alice.get("/market?q=pan").text
    mistyped = alice.get("/market?q=fontanria").text
    assert "Fontanería" in mistyped
    assert "These come near" in mistyped
    assert "“fontaneria” and “fontanria” are much the same" in mistyped
    lists(village, "Bob", "Bread")
    in_other_words = alice.get("/market?q=pan").text.partition("The same in other words")
    assert ("Pan" in in_other_words[0], "Bread" in in_other_words[2]) == (True, True)
    assert "“bread” and “pan” are much the same" in in_other_words[2], "why it is shown"
    assert "much the same" not in in_other_words[0], "what has the word itself needs no reason"
    village.do("Kira", SetLimits(village.numbers["Alice"], -500, 1000, "to see"))
    now = alice.get("/market?now=1").text
    assert ("Pan" in now, "Fontanería" in now) == (True, False)
    village.clock.advance(8 * 86_400_000)
    lists(village, "Chandra", "Queso")
    new = alice.get("/market?new=1").text
    assert ("Queso" in new, "Pan" in new) == (True, False)
    assert 'href="/market?kind=offer"' in new, "a tap more takes the switch away"


@pytest.mark.parametrize(
    "query", ["page=0", "page=-1", "page=99999999999999999999", "page=x", "size=0", "size=100000"]
)
def test_pages_out_of_bounds_are_brought_within_them(village: Village, signed_in: Enter, query: str) -> None:
    alice = signed_in("Alice")
    for path in ("/people", "/talks", "/favourites"):
        assert alice.get(f"{path}?{query}").status_code == 200
    assert "Bob" in alice.get(f"/people?{query}").text or "size=0" in query


def test_on_a_box_that_can_only_read_all_is_shown_and_stays_new(village: Village, signed_in: Enter) -> None:
    write(village, "Bob", "Alice", "good morning")
    alice, path = signed_in("Alice"), f"/talks/{village.numbers['Bob']}"
    village.hub.store.only_read(BookClosed("the card is worn out"))
    for page in (path, "/", "/", path):
        answer = alice.get(page)
        assert answer.status_code == 200, page
        assert 'class="new"' in answer.text, page
    village.hub.store.only_read(None)
    assert 'class="new"' in alice.get("/").text
    assert 'class="new"' not in alice.get("/").text
