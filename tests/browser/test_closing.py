"""Somebody who owes leaves the village: a phone and the keepers' desk, script off."""

from collections.abc import Callable

import pytest

from appliance.ledger.book.verify import verify
from tests.browser.conftest import Phone
from tests.browser.test_trouble import pay, pin
from tests.support.keepers import appoint, commons
from tests.support.village import PIN, Village

pytestmark = pytest.mark.browser
Phones = Callable[..., Phone]


def test_who_owes_leaves_and_two_keepers_let_the_commons_carry_it(phone: Phones, village: Village) -> None:
    appoint(village, "Kofi")
    alice, bob = phone("Alice"), phone("Bob")
    pay(alice, village, "Bob", "9")
    alice.open("/me")
    alice.tap("Close my account")
    alice.type(pin=PIN)
    alice.tap("Close my account")
    assert alice.reads("This account still owes 9.00 h")
    assert alice.reads("two keepers let the commons carry it")

    # Kira alone cannot, and is led to what two can.
    desk = phone("Kira", desk=True)
    desk.open(f"/desk/people/{village.numbers['Alice']}")
    desk.tap("Has left: close the account")
    assert desk.reads("The balance is −9.00 h. It must be zero before this can be done.")
    assert desk.page.locator("main form").count() == 0
    desk.tap("Bring the account to zero")
    desk.type(reason="Moves to the coast, and has nothing")
    pin(desk, "Ask a second keeper")
    proposal = desk.page.url
    assert desk.reads("Kira proposes to let the commons carry the 9.00 h that Alice owes")
    assert not desk.reads("I agree: do it")
    assert (village.balance("Alice"), commons(village)) == (-900, 0)

    # Kofi signs in at the same screen, and is where Kira was.
    desk.tap("Leave, and let the second keeper sign in")
    desk.page.fill("[name=number]", village.account("Kofi").short)
    desk.page.fill("[name=pin]", PIN)
    desk.press("form[action='/signin'] button")
    assert desk.page.url == proposal
    assert desk.reads("Moves to the coast, and has nothing")
    assert desk.reads("the account stands at zero")
    pin(desk, "I agree: do it")
    assert desk.reads("Two keepers agreed, and it is done")
    assert (village.balance("Alice"), commons(village)) == (0, -900)

    alice.open("/me/acts")
    assert alice.reads("Kira and Kofi agreed, and it is done")
    assert alice.reads("Moves to the coast, and has nothing")
    bob.open("/")
    bob.tap("The commons")
    assert bob.reads("A debt carried: Alice")
    assert bob.reads("Agreed by the keepers Kira and Kofi")
    assert bob.reads("−9.00 h")

    desk.tap("Has left: close the account")
    desk.type(reason="Moves to the coast")
    pin(desk, "Has left: close the account")
    assert desk.reads("It is done, and stands in the log of acts")
    assert desk.reads("This person has left")
    alice.open("/")
    assert not alice.reads("Your last payments")
    verify(village.hub.store)


def test_nothing_is_agreed_when_the_second_keeper_says_no(phone: Phones, village: Village) -> None:
    appoint(village, "Kofi")
    kira, kofi = phone("Kira", desk=True), phone("Kofi", desk=True)
    kira.open("/desk")
    kira.tap("Pay from the commons")
    assert kira.reads("You alone can still pay 5.00 h")
    kira.type(whom="Bob", amount="9", reason="A new roof for the school")
    kira.tap("Go on")
    assert kira.reads("Two keepers must agree on 9.00 h")
    pin(kira, "Ask a second keeper")
    kofi.open("/desk")
    kofi.tap("1 act waits for a second keeper")
    kofi.tap("Kira proposes to pay Bob 9.00 h from the commons")
    kofi.type(reason="The roof can wait")
    pin(kofi, "Say no")
    assert kofi.reads("Kofi said no: nothing was done")
    kira.page.reload()
    assert kira.reads("The roof can wait")
    assert commons(village) == 0
    verify(village.hub.store)
