"""Matches that people act on, and trade loops, as they are read and answered on phones; across villages, too."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.ledger.book.schema import Listing
from appliance.ledger.book.schema_hubs import LifeRow
from appliance.ledger.book.subject import Command
from appliance.ledger.market import marks
from appliance.ledger.market.keeping import HideListing, ShowListing
from appliance.ledger.market.listings import OFFER, WANT, CloseListing, OpenListing
from appliance.ledger.market.loops import AnswerLoop
from appliance.ledger.people.leaving import DIED, LEFT, CloseMember
from appliance.ledger.people.life import Away, Back, Freeze
from appliance.ledger.people.showing import ShowName
from appliance.ledger.reads import trading
from appliance.ledger.values import Amount, RecordId
from appliance.matching import CACHE_FILE, Index
from appliance.matching.proposing import due, propose, ran
from tests.ledger.market.test_loops import across, loop_at
from tests.ledger.market.test_talks_far import speak
from tests.support.two_villages import TwoVillages, two_villages
from tests.support.village import PIN, Village
from tests.web.conftest import OWN_SCREEN, Browser, forms
from tests.web.money.test_crossing import words
from tests.web.villages import Portals, portals

SMALL = 30 * 1024


def lists(village: Village, name: str, kind: str, title: str, price: int | None = None) -> int:
    asked = None if price is None else Amount(price)
    made = village.do(name, OpenListing(village.numbers[name], kind, "other", title, "", asked))
    return int(made.entry)


def match_path(page: str) -> str:
    found = re.search(r'href="(/market/match/[0-9/]+)"', page)
    assert found, page
    return found[1]


Phones = Callable[..., Browser]


def test_both_say_yes_bob_pays_and_it_has_happened(village: Village, signed_in: Phones) -> None:
    lists(village, "Alice", OFFER, "Bicycle repair", 150)
    lists(village, "Bob", WANT, "Somebody to fix my bike")
    alice, bob = signed_in("Alice"), signed_in("Bob")
    path = match_path(alice.get("/market/suggestions").text)
    page = alice.get(path)
    assert len(page.data) < SMALL
    assert "You have" not in page.text
    page = alice.fill(page, path, follow=True, answer="accept")
    assert "You have said yes. Bob can see that." in page.text
    assert f'href="/talks/{village.numbers["Bob"]}?' in page.text, "to agree they have to talk"
    assert "both under" not in page.text, "Other is nothing to have in common"
    assert "Alice wants to trade with you" in words(bob.get("/"))
    page = bob.get(path)
    assert "Alice has said yes. And you?" in page.text
    assert "/p/" not in page.text.lower().split("<dl>")[1], "nobody pays before both want to"
    page = bob.fill(page, path, follow=True, answer="accept")
    assert "You have both said yes." in page.text
    assert "You and Bob have both said yes" in words(alice.get("/"))
    pay = re.search(r'href="(/P/[^"]+)"', page.text)
    assert pay
    page = bob.get(pay[1].replace("&amp;", "&"))
    assert 'value="1.50"' in page.text
    page = bob.fill(page, "/pay/check", follow=True)
    receipt = bob.fill(page, "/pay/send", follow=True, pin=PIN)
    assert village.balance("Alice") == 150
    for who in (alice, bob):
        assert "It happened, and it is paid." in who.get(path).text
    assert receipt.request.path in bob.get(path).text
    assert "Bicycle repair" not in bob.get("/market/suggestions").text


def test_it_happened_opens_the_payment_whether_the_other_has_said_yes_or_not(
    village: Village, signed_in: Phones
) -> None:
    lists(village, "Alice", OFFER, "Bicycle repair", 150)
    lists(village, "Bob", WANT, "Somebody to fix my bike")
    alice, bob = signed_in("Alice"), signed_in("Bob")
    path = match_path(bob.get("/market/suggestions").text)

    def happened(who: Browser) -> Any:
        (form,) = [f for f in forms(who.get(path)) if f.fields.get("answer") == "happened"]
        return who.post(form.action, form.fields, follow_redirects=True)

    alice.fill(path, path, answer="accept")
    page = happened(alice)
    assert page.request.path == path
    assert "It happened." in page.text
    assert "Ask for payment" in page.text
    bob.fill(path, path, answer="accept")
    page = happened(bob)
    assert page.request.path.startswith("/P/")
    assert 'value="1.50"' in page.text
    again = bob.get(path).text
    assert 'href="/P/' in again, "who turned back finds the way again"
    assert "Agree first" not in again, "it has happened"
    page = bob.fill(page, "/pay/check", follow=True)
    bob.fill(page, "/pay/send", follow=True, pin=PIN)
    assert village.balance("Alice") == 150
    assert "It happened, and it is paid." in alice.get(path).text


def test_not_for_me_and_no_match_are_kept_and_a_keeper_takes_it_back(
    village: Village, signed_in: Phones
) -> None:
    lists(village, "Alice", OFFER, "Bread")
    lists(village, "Bob", WANT, "Bread")
    lists(village, "Chandra", WANT, "Bread")
    alice, bob, chandra = signed_in("Alice"), signed_in("Bob"), signed_in("Chandra")
    path = match_path(bob.get("/market/suggestions").text)
    assert chandra.get(path).status_code == 404, "nobody reads of a match of others"
    alice.fill(path, path, answer="accept")
    bob.fill(path, path, answer="dismiss")
    assert "does not want to" not in alice.get(path).text + alice.get("/").text, "at home a no is Bob's alone"
    assert "/market/match" not in bob.get("/market/suggestions").text
    assert "/market/match" in chandra.get("/market/suggestions").text
    other = match_path(chandra.get("/market/suggestions").text)
    chandra.fill(other, other, answer="wrong")
    for who in (alice, chandra):
        assert "/market/match" not in who.get("/market/suggestions").text, "the whole village has learnt it"
    lists(village, "Dina", WANT, "Breads")
    assert "/market/match" not in signed_in("Dina").get("/market/suggestions").text, (
        "in any form of the words"
    )
    kira = signed_in("Kira", OWN_SCREEN)
    page = kira.get("/desk/matching")
    assert "“bread” · “bread”" in page.text
    page = kira.fill(page, "/allow", follow=True)
    assert "“bread” · “bread”" not in page.text
    assert "/market/match" in alice.get("/market/suggestions").text
    log = kira.get("/desk/log").text
    assert "lets the hub suggest “bread” and “bread” again." in log


def test_a_keeper_has_the_hub_look_and_three_agree(village: Village, signed_in: Phones) -> None:
    for name, has, needs in (
        ("Alice", "Bread", "Haircut"),
        ("Bob", "Peluquero", "Bicycle repair"),
        ("Chandra", "Réparation de vélos", "Pan casero"),
    ):
        lists(village, name, OFFER, has, 100)
        lists(village, name, WANT, needs)
    kira = signed_in("Kira", OWN_SCREEN)
    page = kira.fill("/desk/matching", "/desk/matching/loops", follow=True)
    assert "1 trade loop is proposed" in page.text
    assert "Alice" not in page.text
    loop = f"/market/loops/{loop_at(village).hex()}"
    assert signed_in("Dina").get(loop).status_code == 404
    alice = signed_in("Alice")
    assert loop in alice.get("/").text
    page = alice.get(loop)
    assert len(page.data) < SMALL
    assert "<desc" in page.text
    assert "Alice gives “Bread” to Chandra" in page.text
    page = alice.fill(page, loop, follow=True, say="yes", amount="1.20")
    assert "You have said yes. The others are asked." in page.text
    assert "waits for others" in alice.get("/market/loops").text
    for name in ("Bob", "Chandra"):
        one = signed_in(name)
        one.fill(loop, loop, say="yes")
    assert "Write to" not in page.text, "nobody is agreed yet"
    page = signed_in("Chandra").get(loop)
    assert "All have said yes" in page.text
    for other in ("Alice", "Bob"):
        assert f'href="/talks/{village.numbers[other]}#last"' in page.text, (
            "when and where is for them to say"
        )
    chandra = signed_in("Chandra")
    pay = re.search(r'href="(/P/[^"]+)"', page.text)
    assert pay
    page = chandra.fill(pay[1].replace("&amp;", "&"), "/pay/check", follow=True)
    chandra.fill(page, "/pay/send", follow=True, pin=PIN)
    assert (village.balance("Alice"), village.balance("Chandra")) == (120, -120)
    assert "paid" in alice.get(loop).text


def test_a_match_that_is_there_no_more_says_so_and_asks_nothing(village: Village, signed_in: Phones) -> None:
    offer = lists(village, "Alice", OFFER, "Bicycle repair", 150)
    lists(village, "Bob", WANT, "Bike repair")
    bob, alice = signed_in("Bob"), village.numbers["Alice"]
    path = match_path(bob.get("/market/suggestions").text)
    yes = "Yes, let us trade"
    assert yes in bob.get(path).text
    village.do("Alice", Away(alice))
    page = bob.get(path).text
    assert "Alice is away for a while." in page
    assert yes not in page
    village.do("Alice", Back(alice))
    with village.hub.reading() as tx:
        row = tx.get(Listing, opened_entry=offer)
        assert row is not None
        record = RecordId(bytes(row.id))
    village.do("Kira", HideListing(record, "it cures nothing"))
    page = bob.get(path).text
    assert "A keeper has hidden this." in page
    assert yes not in page
    assert "“”" not in page
    village.do("Kira", ShowListing(record, "it does"))
    assert yes in bob.get(path).text
    village.do("Alice", CloseListing(record))
    page = bob.get(path).text
    assert "This has been taken down." in page
    assert yes not in page


@pytest.mark.parametrize("gone", ["left", "died", "frozen"])
def test_of_who_is_gone_the_match_says_so_and_not_that_it_was_taken_down(
    village: Village, signed_in: Phones, gone: str
) -> None:
    lists(village, "Alice", OFFER, "Bicycle repair", 150)
    lists(village, "Bob", WANT, "Bike repair")
    bob, alice = signed_in("Bob"), village.numbers["Alice"]
    path = match_path(bob.get("/market/suggestions").text)
    acts: dict[str, tuple[Command, str]] = {
        "left": (CloseMember(alice, LEFT, "as she asked"), "Alice is not a member here any more."),
        "died": (CloseMember(alice, DIED, "rest in peace"), "Alice has died."),
        "frozen": (Freeze(alice, "the phone was stolen"), "Alice cannot be paid now. A keeper knows more."),
    }
    act, said = acts[gone]
    village.do("Kira", act)
    page = bob.get(path).text
    assert said in page
    assert "taken down" not in page
    assert "away for a while" not in page
    assert "Yes, let us trade" not in page


def test_who_is_blocked_comes_to_no_match_by_an_old_link(village: Village, signed_in: Phones) -> None:
    lists(village, "Alice", OFFER, "Bicycle repair", 150)
    lists(village, "Bob", WANT, "Bike repair")
    bob, (one, other) = signed_in("Bob"), (village.numbers[name] for name in ("Alice", "Bob"))
    path = match_path(bob.get("/market/suggestions").text)
    assert marks.block(village.hub.store, one, marks.OWN, other, village.clock.now()) is None
    assert bob.get(path).status_code == 404
    assert signed_in("Alice").get(path).status_code == 404


def test_once_a_week_and_not_twice(village: Village) -> None:
    index = Index.open(village.hub.data / CACHE_FILE)
    try:
        now = village.clock.now().ms
        assert due(index, now)
        assert due(index, now), "a run that came to nothing is still to be done"
        ran(index, now)
        assert not due(index, now + 1)
        assert due(index, now + 7 * 86_400_000)
    finally:
        index.close()


def test_who_said_no_is_not_asked_the_same_again(village: Village) -> None:
    for name, has, needs in (("Alice", "Bread", "Eggs"), ("Bob", "Eggs", "Bread")):
        lists(village, name, OFFER, has)
        lists(village, name, WANT, needs)
    index = Index.open(village.hub.data / CACHE_FILE)
    try:
        with village.hub.reading() as tx:
            index.follow(tx)
        assert propose(village.hub, index) == 1
        assert propose(village.hub, index) == 0, "they have one to answer"
        village.do("Alice", AnswerLoop(loop_at(village), False))
        assert propose(village.hub, index) == 0
    finally:
        index.close()


def test_nobody_is_in_a_loop_with_whom_one_of_them_has_blocked(village: Village) -> None:
    for name, has, needs in (("Alice", "Bread", "Eggs"), ("Bob", "Eggs", "Bread")):
        lists(village, name, OFFER, has)
        lists(village, name, WANT, needs)
    alice, bob = village.numbers["Alice"], village.numbers["Bob"]
    index = Index.open(village.hub.data / CACHE_FILE)
    try:
        with village.hub.reading() as tx:
            index.follow(tx)
        assert marks.block(village.hub.store, bob, marks.OWN, alice, village.clock.now()) is None
        assert propose(village.hub, index) == 0
        marks.unblock(village.hub.store, bob, marks.OWN, alice)
        assert propose(village.hub, index) == 1
    finally:
        index.close()


def test_not_even_where_others_stand_between_them(village: Village) -> None:
    goods = ("Bread", "Eggs", "Honey", "Firewood")
    names = ("Alice", "Bob", "Chandra", "Dina")
    for n, name in enumerate(names):
        lists(village, name, OFFER, goods[n])
        lists(village, name, WANT, goods[n - 1])
    alice, chandra = village.numbers["Alice"], village.numbers["Chandra"]
    index = Index.open(village.hub.data / CACHE_FILE)
    try:
        with village.hub.reading() as tx:
            index.follow(tx)
        assert marks.block(village.hub.store, alice, marks.OWN, chandra, village.clock.now()) is None
        assert propose(village.hub, index) == 0
        marks.unblock(village.hub.store, alice, marks.OWN, chandra)
        assert propose(village.hub, index) == 1
    finally:
        index.close()


def test_rules_of_the_desk(village: Village, signed_in: Phones) -> None:
    kira = signed_in("Kira", OWN_SCREEN)
    page = kira.fill("/desk/matching", "/rules", follow=True, loop_days="10", reason="we are slow")
    assert page.status_code == 200
    assert village.hub.rules().market.loop_days == 10
    assert kira.fill("/desk/matching", "/rules", loop_days="0", reason="x").status_code == 422
    assert kira.fill("/desk/matching", "/rules", loop_days="many", reason="x").status_code == 422


# ------------------------------------------------------------------------------------ two villages


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[TwoVillages, Portals]]:
    with two_villages(tmp_path) as made:
        yield made, portals(made)


def test_a_loop_of_two_villages_and_a_no_in_words(both: tuple[TwoVillages, Portals]) -> None:
    two, seen = both
    across(two)
    two.carry()
    far, near = f"/market/loops/{loop_at(two.hill).hex()}", f"/market/loops/{loop_at(two.river).hex()}"
    chandra, alice = seen.at("Chandra"), seen.at("Alice")
    page = chandra.get(far)
    assert page.status_code == 200
    chandra.fill(page, far, say="no")
    two.carry()
    page = alice.get(near)
    assert "Somebody said no" in page.text
    assert "Write to Chandra of Hill" in page.text or "Write to Bob" in page.text
    assert "This loop paid nobody. You can still trade with each of them and pay as always." in page.text
    assert "/P/" in page.text


def meet(two: TwoVillages) -> None:
    """Chandra of Hill repairs bicycles, Alice of River needs it, and both hubs have heard."""
    for name in ("Chandra", "Alice"):
        home = two.home_of(name)
        home.do(name, ShowName(home.numbers[name], True))
    lists(two.hill, "Chandra", OFFER, "Bicycle repair", 100)
    lists(two.river, "Alice", WANT, "Somebody to fix my bike")
    speak(two)


def test_two_people_of_two_villages_say_yes_write_and_pay(both: tuple[TwoVillages, Portals]) -> None:
    two, seen = both
    meet(two)
    alice, chandra = seen.at("Alice"), seen.at("Chandra")
    path = match_path(alice.get("/market/suggestions").text)
    page = alice.fill(path, path, follow=True, answer="accept")
    assert "You have said yes. It goes to Hill by radio" in page.text
    assert "/P/" not in page.text, "nobody pays before both want to"
    assert len(page.data) < SMALL
    speak(two)
    assert "You have said yes. It is on its way to Hill." in alice.get(path).text
    two.hear(two.river.hub.number)
    assert "Alice of River wants to trade with you" in words(chandra.get("/"))
    assert "You have said yes. Chandra of Hill can see that." in alice.get(path).text
    page = chandra.get(path)
    assert "Alice of River has said yes. And you?" in page.text
    assert "Alice of River reads that you do not want to, and not why." in page.text
    page = chandra.fill(page, path, follow=True, answer="accept")
    assert "You have both said yes." in page.text
    talk = f"/talks/{two.river.hub.number}/{two.river.numbers['Alice']}"
    (asked,) = re.findall(rf'href="({talk}\?[^"]+)#last"', page.text)
    assert "About: Somebody to fix my bike" in chandra.get(asked.replace("&amp;", "&")).text
    speak(two)
    assert "You and Chandra of Hill have both said yes" in words(alice.get("/"))
    page = alice.get(path)
    assert "You have both said yes." in page.text
    assert "Tap it when you have received it: then you pay." in page.text
    (happened,) = [f for f in forms(page) if f.fields.get("answer") == "happened"]
    page = alice.post(happened.action, happened.fields, follow_redirects=True)
    assert 'value="1.00"' in page.text
    page = alice.fill(page, "/pay/check", follow=True)
    assert "On its way" in alice.fill(page, "/pay/send", follow=True, pin=PIN).text
    speak(two)
    for who in (alice, chandra):
        page = who.get(path)
        assert "It happened, and it is paid." in page.text
        assert "The receipt" in page.text
    assert two.hill.balance("Chandra") == 100


def test_a_no_to_a_yes_is_read_in_words_and_it_is_not_suggested_any_more(
    both: tuple[TwoVillages, Portals],
) -> None:
    two, seen = both
    meet(two)
    alice, chandra = seen.at("Alice"), seen.at("Chandra")
    path = match_path(alice.get("/market/suggestions").text)
    alice.fill(path, path, answer="accept")
    speak(two)
    chandra.fill(path, path, answer="wrong")
    speak(two)
    page = alice.get(path)
    assert "Chandra of Hill does not want to, this time." in page.text
    assert "no match" not in page.text.split("<h1>")[1].split("<dl>")[0], "not why"
    assert "Chandra of Hill does not want to trade, this time" in words(alice.get("/"))
    assert path not in alice.get("/market/suggestions").text
    with two.river.hub.reading() as tx:
        one, offer, other, want = map(int, path.split("/")[-4:])
        assert trading.refused(tx) == {((one, offer), (other, want))}, "nor in a trade loop"
    with (
        two.hill.hub.store.write() as tx
    ):  # as if River had been restored out of a backup from before all of this
        life = {"signing_key": bytes(32), "closed_head": bytes(32), "certificate": b"", "read": 0, "entry": 1}
        tx.put(LifeRow, hub=two.river.hub.number, incarnation=2, closed_number=0, **life)
    assert "Alice of River said yes before the hub of River was restored." in chandra.get(path).text


def test_whether_both_have_time_is_said_on_the_list_and_on_the_page(
    village: Village, signed_in: Phones
) -> None:
    for name, kind, title, times in (
        ("Bob", "want", "Bike repair", "Saturdays and Sundays"),
        ("Alice", "offer", "Bicycle repair", "Saturday mornings"),
        ("Chandra", "want", "Bike repairs", "Monday evenings"),
    ):
        village.do(name, OpenListing(village.numbers[name], kind, "repair", title, times=times))
    bob, chandra = signed_in("Bob"), signed_in("Chandra")
    for page in (
        bob.get("/market/suggestions").text,
        bob.get(match_path(bob.get("/market/suggestions").text)).text,
    ):
        assert "Your times meet: Saturday, in the morning." in page
    page = chandra.get("/market/suggestions").text
    assert "Your times do not meet. Agree on another one." in page
    assert "Alice" in page, "it hides nothing"
    bob.get("/language/es")
    assert "sábado" in bob.get("/market/suggestions").text


def test_what_else_speaks_for_it_is_said_on_the_list_and_on_the_page_and_the_others_balance_is_not(
    village: Village, signed_in: Phones
) -> None:
    n = village.numbers
    for name, kind, title, place, price in (
        ("Bob", "want", "Bread", "", None),
        ("Alice", "offer", "Bread", "", None),
        ("Bob", "want", "Bike repair", "at the mill", 200),
        ("Alice", "offer", "Bicycle repair", "The mill", None),
        ("Alice", "want", "Honey", "", None),
        ("Bob", "offer", "Honey", "", None),
    ):
        asked = None if price is None else Amount(price)
        village.do(name, OpenListing(n[name], kind, "other", title, "", asked, place=place))
    alice, no_room = signed_in("Alice"), "Right now your account has no room to be paid for this."
    reasons = "Each of you has something that the other needs.", "Both of you name the same place."

    def pages() -> tuple[str, str]:
        told = words(alice.get("/market/suggestions"))
        path = match_path(alice.get("/market/suggestions").text.split("Bike repair")[1])
        return told, words(alice.get(path))

    for page in pages():
        assert all(page.count(one) for one in reasons)
        assert "You have traded before." not in page
        assert no_room not in page
    village.pay("Bob", "Alice", 1100)
    village.pay("Dina", "Alice", 1200)
    for page in pages():
        assert "You have traded before." in page
        assert page.count(no_room) == 1, "of the bicycle, which is 2.00"
    village.pay("Alice", "Dina", 1200)
    assert all("no room" not in page for page in pages()), "Bob could not pay it, and that is his own"
