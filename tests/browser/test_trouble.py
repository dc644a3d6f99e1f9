"""When something is not right with a payment: phones and the keeper's desk, script off."""

from collections.abc import Callable

import pytest

from appliance.ledger.book.verify import verify
from tests.browser.conftest import Phone
from tests.support import taps
from tests.support.village import PIN, Village

pytestmark = pytest.mark.browser
Phones = Callable[..., Phone]


def pay(payer: Phone, village: Village, payee: str, amount: str) -> str:
    """``payer`` pays; the receipt's address."""
    payer.open(f"/P/{village.account(payee).compact}")
    payer.type(amount=amount)
    payer.tap("Go on")
    payer.type(pin=PIN)
    payer.tap("Pay")
    assert payer.reads("You have paid")
    return payer.page.url


def pin(someone: Phone, button: str) -> None:
    """Type the PIN where the page asks for it, and tap."""
    form = someone.page.locator("form", has=someone.page.get_by_role("button", name=button))
    field = form.locator("[name=pin]")
    if field.count():
        field.first.fill(PIN)
    taps.tap(form.get_by_role("button", name=button))


def test_a_payment_is_undone_in_each_of_three_ways(phone: Phones, village: Village) -> None:
    alice, bob, kira = phone("Alice"), phone("Bob"), phone("Kira", desk=True)
    by_bob = pay(alice, village, "Bob", "1")
    by_both = pay(alice, village, "Bob", "2")
    by_kira = pay(alice, village, "Bob", "3")

    bob.open(by_bob)
    bob.tap("Give it back")
    pin(bob, "Yes, give it back")
    assert bob.reads("Given back")

    alice.open(by_both)
    alice.tap("A mistake? Ask for it back")
    alice.type(words="It was meant for Chandra")
    pin(alice, "Ask for it back")
    assert alice.reads("Alice asks for it back")
    bob.open("/")
    assert bob.reads("Waits for you")
    bob.tap("Alice asks for it back")
    assert bob.reads("It was meant for Chandra")
    bob.tap("Give it back")
    pin(bob, "Yes, give it back")

    kira.open(f"/desk/people/{village.numbers['Bob']}")
    kira.press(f"a[href='/t/{by_kira.rsplit('/', 1)[1]}']")
    kira.tap("Give it back")
    kira.type(reason="Alice paid twice")
    pin(kira, "Yes, give it back")
    assert kira.reads("Cancelled by the keeper Kira")

    for someone in (alice, bob):
        someone.open("/statement")
        assert someone.text().count("cancelled") == 3, "each is one line"
        assert someone.page.locator("ul.lines li").count() == 3
        assert someone.balance() == "You are even with the village 0.00 h"
    alice.open(by_kira)
    assert alice.reads("Alice paid twice")
    verify(village.hub.store)


def test_a_dispute_goes_to_its_end(phone: Phones, village: Village) -> None:
    alice, bob, kira = phone("Alice"), phone("Bob"), phone("Kira", desk=True)
    paid = pay(alice, village, "Bob", "2.5")
    alice.tap("Something is wrong")
    assert alice.reads("The keepers have 14 days")
    alice.type(words="The bread never came")
    pin(alice, "Tell the keepers")
    assert alice.reads("You said that something is wrong")

    bob.open("/")
    bob.tap("Alice says that something is wrong")
    assert bob.reads("The bread never came")

    kira.open("/desk")
    kira.tap("1 payment is contested")
    kira.press("ul.lines a")
    kira.tap("Write down how it ended")
    kira.type(words="Bob brings two loaves on Friday")
    pin(kira, "It has ended like this")
    assert kira.reads("Bob brings two loaves on Friday")

    for someone in (alice, bob):
        someone.open(paid)
        assert someone.reads("Kira wrote down how that ended")
        assert someone.reads("Bob brings two loaves on Friday")
        someone.open("/")
        assert not someone.reads("something is wrong")
    alice.open("/me/acts")
    assert alice.reads("Bob brings two loaves on Friday")
    verify(village.hub.store)


def test_the_levy_is_switched_on_and_off(phone: Phones, village: Village) -> None:
    alice, bob, kira = phone("Alice"), phone("Bob"), phone("Kira", desk=True)

    def levy(rate: str) -> None:
        kira.open("/desk/rules")
        assert kira.reads("The commons keeps")
        kira.tap("Change what the commons keeps")
        kira.type(levy_rate=rate, reason="The assembly of May")
        pin(kira, "Change the rules")
        assert kira.reads("The rules are changed")

    pay(alice, village, "Bob", "1")
    levy("4")
    alice.open(f"/P/{village.account('Bob').compact}")
    alice.type(amount="2")
    alice.tap("Go on")
    assert alice.reads("Bob gets 1.92 h; 0.08 h go to the commons")
    alice.type(pin=PIN)
    alice.tap("Pay")
    assert alice.reads("Of it went to the commons")
    assert bob.balance() == "The village owes you 2.92 h"
    kira.open("/desk")
    assert kira.reads("0.08 h")
    bob.open("/commons")
    assert bob.reads("Part of payments (the levy) +0.08 h")
    assert bob.reads("One by one") is False, "a line each would tell what others trade"
    levy("0")
    pay(alice, village, "Bob", "3")
    assert bob.balance() == "The village owes you 5.92 h"
    bob.open("/")
    bob.tap("The commons")
    bob.tap("Give to the commons")
    bob.type(amount="0.5")
    bob.tap("Go on")
    bob.type(pin=PIN)
    bob.tap("Pay")
    assert bob.reads("You have given to the commons")
    alice.open("/commons")
    assert alice.reads("+0.58 h")
    assert alice.reads("Part of payments (the levy) +0.08 h"), "off: the last payment brought nothing"
    assert not alice.reads("Bob")
    assert alice.balance() == "You owe the village 6.00 h"
    verify(village.hub.store)
