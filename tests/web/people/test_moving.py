"""Alice moves from River to Hill: her pages, the desks of both villages, what others read of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from appliance.ledger.market.listings import OFFER, WANT, OpenListing
from appliance.ledger.people.members import Approve
from appliance.ledger.tend import tend
from tests.support.two_villages import RIVER, two_villages
from tests.support.village import PIN
from tests.web.conftest import OWN_SCREEN, Browser
from tests.web.market.test_trading import match_path
from tests.web.money.test_crossing import words
from tests.web.villages import Portals, portals

NEW = "Alice of Hill"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Portals]:
    with two_villages(tmp_path) as two:
        two.hill.do("Hana", Approve(two.hill.join(NEW)))
        yield portals(two)


def move(here: Portals, alice: Browser, told: str = "1") -> TestResponse:
    page = alice.fill("/me/move", "/me/move/check", there=here.number(NEW), told=told)
    return alice.fill(page, "/me/move", pin=PIN, follow=True)


def test_with_credit_it_is_one_tap(here: Portals) -> None:
    here.two.river.pay("Bob", "Alice", 750)
    alice = here.at("Alice")
    page = alice.fill("/me/move", "/me/move/check", there=here.number(NEW), told="1")
    assert "When it stands at zero it is closed" in words(page)
    assert here.number(NEW) in page.text
    page = move(here, alice)
    assert "Send 7.50 h to my account in Hill" in words(page)
    assert "You are moving to another village" in words(alice.get("/"))
    receipt = alice.fill(page, "/me/move/send", pin=PIN, follow=True)
    assert "on its way" in words(receipt)
    assert "not finished yet" in words(alice.get("/me/move"))
    here.two.carry()
    assert "closed by itself in a moment" in words(alice.get("/me/move"))
    assert tend(here.two.river.hub) == 1
    assert alice.get("/me").status_code == 302  # her sign-in has ended with the account
    assert here.two.hill.balance(NEW) == 750
    bob = here.at("Bob")
    assert f"Alice has moved to Hill, number {here.number(NEW)}" in words(
        bob.get("/pay?to=Alice", follow_redirects=True)
    )
    page = bob.get(f"/P/{here.two.river.account('Alice').compact}")
    assert page.status_code == 422
    assert "Pay there" in page.text


@pytest.mark.parametrize("told", ["1", ""])
def test_a_match_with_alice_says_what_she_lets_be_known(here: Portals, told: str) -> None:
    river = here.two.river
    for name, kind, title in (("Alice", OFFER, "Bicycle repair"), ("Bob", WANT, "Bike repair")):
        river.do(name, OpenListing(river.numbers[name], kind, "other", title))
    bob, alice = here.at("Bob"), here.at("Alice")
    path = match_path(bob.get("/market/suggestions").text)
    assert "Yes, let us trade" in bob.get(path).text
    move(here, alice, told)
    moving, moved = (
        f"Alice {way} Hill, number {here.number(NEW)}" for way in ("is moving to", "has moved to")
    )
    page = words(bob.get(path))
    assert (moving in page, "Nothing on the market just now." in page) == (bool(told), not told)
    assert tend(river.hub) == 1
    page = words(bob.get(path))
    assert (moved in page, "Alice is not a member here any more." in page) == (bool(told), not told)
    for wrong in ("taken down", "away for a while", "Yes, let us trade"):
        assert wrong not in page


def test_with_a_debt_each_side_says_what_to_do_there(here: Portals) -> None:
    here.two.river.pay("Alice", "Bob", 1150)
    here.two.hill.pay(NEW, "Chandra", 300)  # she has spent already where she lives now
    alice = here.at("Alice")
    page = words(move(here, alice))
    assert "still owes 11.50" in page
    assert here.number("Alice") in page
    new = here.at(NEW)
    refused = here.pay(new, "Alice", "11.50")
    assert refused.status_code == 422
    hana = here.at("Hana", OWN_SCREEN)
    number = here.two.hill.numbers[NEW]
    path = f"/desk/people/{number}"
    assert "Comes from another village with a debt" in hana.get(path).text
    typed = hana.fill(f"{path}/comes", f"{path}/comes", debt="x", days="365")
    assert typed.status_code == 422
    page = words(hana.fill(f"{path}/comes", f"{path}/comes", debt="11.50", days="365", follow=True))
    assert "The limits are set" in page
    assert "−14.50" in page
    assert here.pay(new, "Alice", "11.50").status_code == 200
    here.two.carry()
    assert tend(here.two.river.hub) == 1
    assert here.two.hill.balance(NEW) == -1450


def test_only_a_part_goes_when_the_trunk_has_no_more_room(here: Portals) -> None:
    here.two.river.pay("Bob", "Alice", 750)
    here.two.limit(RIVER, high=500)
    alice = here.at("Alice")
    page = move(here, alice)
    assert "Send 5.00" in words(page)
    assert "the rest" in words(page)
    alice.fill(page, "/me/move/send", pin=PIN)
    page = alice.get("/me/move")
    assert "Send" not in words(page)
    assert "limit between the villages is reached" in words(page)


def test_called_off_and_not_told(here: Portals) -> None:
    alice, bob = here.at("Alice"), here.at("Bob")
    move(here, alice, "0")
    assert "not told where" in words(alice.get("/me/move"))
    path = f"/P/{here.two.river.account('Alice').compact}"
    assert "moving" not in words(bob.get(path))
    assert "You stay" in words(alice.fill("/me/move", "/me/move/stay", follow=True))
    assert "I am away for a while" in alice.get("/me").text
    assert alice.get("/me/move/send").status_code == 302


@pytest.mark.parametrize("typed", ["", "x", "2-4", "102-0004-0", "103-0004-1", "9" * 500])
def test_a_number_that_is_none_of_another_village_is_refused(here: Portals, typed: str) -> None:
    alice = here.at("Alice")
    page = alice.fill("/me/move", "/me/move/check", there=typed)
    assert page.status_code == 422
    assert "/me/move/check" in page.text


def test_a_keeper_writes_it_down_and_it_is_told_in_the_log(here: Portals) -> None:
    kira = here.at("Kira", OWN_SCREEN)
    here.two.river.pay("Bob", "Alice", 100)
    number = here.two.river.numbers["Alice"]
    path = f"/desk/people/{number}"
    nowhere = kira.fill(f"{path}/move", f"{path}/move", there="2-4", reason="told me")
    assert nowhere.status_code == 422
    page = kira.fill(f"{path}/move", f"{path}/move", there=here.number(NEW), reason="told me", follow=True)
    assert "Moves to Hill" in words(page)
    assert "wrote down that Alice moves to another village" in words(kira.get("/desk/log"))
    assert "wrote down that Alice moves" in words(here.at("Alice").get("/me/acts"))
    page = kira.fill(f"{path}/stay", f"{path}/life/stay", reason="she stays", follow=True)
    assert "Moves to another village" in page.text
    assert "stays here" in words(kira.get("/desk/log"))


def test_nobody_moves_out_of_a_village_that_knows_no_other(village, signed_in) -> None:
    alice, kira = signed_in("Alice"), signed_in("Kira", OWN_SCREEN)
    assert alice.get("/me/move").status_code == 404
    assert "move to another village" not in alice.get("/me").text
    assert kira.get(f"/desk/people/{village.numbers['Alice']}/move").status_code == 404
    assert "Moves to another" not in kira.get(f"/desk/people/{village.numbers['Alice']}").text
