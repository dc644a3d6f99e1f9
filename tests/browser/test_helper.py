"""Helpers and households: phones and the keeper's desk, script off."""

from collections.abc import Callable

import pytest

from appliance.ledger.book.verify import verify
from appliance.ledger.people.life import Register
from appliance.ledger.values import Account, AccountNumber
from tests.browser.conftest import Phone
from tests.browser.test_trouble import pin
from tests.support.village import Village

pytestmark = pytest.mark.browser
Phones = Callable[..., Phone]


def emma(village: Village) -> AccountNumber:
    """An old member without a phone."""
    number = AccountNumber(village.do("Kira", Register("Emma", "has no phone")).outcome["number"])
    village.numbers["Emma"] = number
    return number


def test_a_helper_from_consent_to_revocation(phone: Phones, village: Village) -> None:
    number = emma(village)
    alice, bob, kira = phone("Alice"), phone("Bob"), phone("Kira", desk=True)

    # Emma signs a paper at the desk: the keeper writes it down, the helper agrees on the own phone.
    kira.open("/desk/people")
    kira.tap("Emma")
    kira.tap("Write down consent on paper")
    assert kira.reads("Read aloud what that means")
    kira.type(of=village.account("Kira").short, reason="signed at the desk on 1 June")
    pin(kira, "Write it down")
    assert kira.reads("You have a part in this yourself"), "the keeper cannot be the helper"
    kira.type(of="Bob")
    pin(kira, "Write it down")
    assert kira.reads("asked; has not answered yet")
    bob.open("/")
    assert not bob.reads("I act for")
    bob.tap("Emma asks you to act as helper")
    assert bob.reads("A keeper wrote down the consent, given on paper.")
    pin(bob, "Yes, I agree")
    assert bob.reads("You act as helper. Every receipt says that it was you.")

    # He pays for her: each page says whose account it is.
    bob.open("/")
    assert bob.reads("I act for")
    bob.tap("Emma")
    bob.tap("Pay")
    says = "From the account of Emma. You act as helper."
    assert bob.reads(says)
    bob.type(to="Alice")
    bob.tap("Go on")
    assert bob.reads(says)
    bob.type(amount="2.5", note="eggs")
    bob.tap("Go on")
    assert bob.reads(says)
    assert bob.reads("Emma pays")
    pin(bob, "Pay 2.50")
    assert bob.reads("Emma has paid")
    assert bob.reads("Bob, for Emma")
    receipt = bob.page.url
    alice.open(receipt)
    assert alice.reads("Who acted")
    assert alice.reads("Bob, for Emma")
    assert bob.balance() == "You are even with the village 0.00 h"

    # Alice asks Emma for something; he answers.
    asked = village.request("Alice", "Emma", 75, note="the fence")
    bob.open("/")
    assert bob.reads("1 request waits for an answer")
    bob.tap("Emma")
    bob.tap("Alice asks Emma for")
    assert bob.reads(says)
    pin(bob, "Pay 0.75")
    assert bob.reads("Bob, for Emma")
    alice.open(f"/R/{asked.outcome['code']}")
    assert alice.reads("Bob, for Emma")
    assert alice.balance() == "The village owes you 3.25 h"

    # He cooked for her: that he can claim, and nobody confirms it in her name.
    bob.open("/care/new")
    bob.page.locator("[name=category][value=elder]").check()
    bob.page.locator("[name=minutes][value='60']").check()
    bob.type(cared_for="Emma")
    bob.page.locator("[name=witness]").first.fill("Emma")
    pin(bob, "Write it down")
    claim = bob.page.url
    bob.open(claim)
    assert bob.reads("Caring for an old person")
    assert not bob.page.locator("form[action$=confirm]").count()
    bob.open(f"/account/{number}")
    assert not bob.reads("care"), "what waits for Emma's own signature is not shown to a helper"
    tried = bob.page.request.post(f"{claim}/confirm", form=_hidden(bob, claim))
    assert tried.status == 422
    assert "Nobody confirms their own care" in tried.text()

    # A form that he has not sent yet.
    bob.open(f"/P/{village.account('Alice').compact}?acting={number}")
    bob.type(amount="1.5")
    bob.tap("Go on")
    old_form = bob.page.content()

    # On Emma's word the keeper ends it: the page is gone, and a form of before is refused.
    kira.open(f"/desk/people/{number}")
    assert kira.reads("acts as helper since")
    assert kira.reads("by Bob")
    kira.tap("End it")
    kira.type(reason="Emma said so")
    pin(kira, "End it")
    assert not kira.reads("acts as helper since")
    kira.open("/desk/log")
    assert kira.reads("Kira ended that Bob may act on the account of Emma.")
    assert kira.reads("Emma said so")
    bob.open(f"/account/{number}")
    assert bob.reads("There is no such page")
    bob.open("/")
    assert not bob.reads("I act for")
    bob.open("/me/acts")
    assert bob.reads("Kira wrote down that Emma wants Bob as helper.")
    before = alice.balance()
    bob.page.set_content(old_form.replace('action="/', f'action="{bob.portal.address}/'))
    pin(bob, "Pay 1.50")
    assert bob.reads("Nobody's consent to this stands any more. Nothing was done.")
    bob.open(receipt)
    assert bob.reads("There is no such page")
    assert alice.balance() == before
    alice.open(receipt)
    assert alice.reads("Bob, for Emma"), "who acted stays on the receipt"
    verify(village.hub.store)


def _hidden(someone: Phone, claim: str) -> dict[str, str | float | bool]:
    """The token that every form of the page carries."""
    someone.open(claim)
    token = someone.page.locator("[name=csrf_token]").first.get_attribute("value")
    return {"csrf_token": token or "", "terms": "00", "pin": "2580"}


def test_two_people_pay_from_one_household(phone: Phones, village: Village) -> None:
    alice, bob, kira, dina = phone("Alice"), phone("Bob"), phone("Kira", desk=True), phone("Dina")
    kira.open(f"/desk/people/{village.numbers['Alice']}")
    kira.tap("Open a further account")
    kira.type(name="Family Okoro", reason="they keep house together")
    pin(kira, "Open the account")
    assert kira.reads("The account is open.")
    family = int(kira.page.url.split("/")[-1].split("?")[0])

    alice.open("/")
    assert alice.reads("My accounts")
    alice.tap("Family Okoro")
    assert alice.reads("Your further account: Household")
    alice.tap("Ask somebody")
    alice.type(of="Bob")
    alice.page.locator("[name=kind][value=joint]").check()
    alice.page.select_option("[name=account]", str(family))
    pin(alice, "Ask")
    assert alice.reads("asked; has not answered yet")
    bob.open("/")
    bob.tap("Alice asks you to hold an account together")
    pin(bob, "Yes, I agree")

    for someone, amount in ((alice, "0.5"), (bob, "0.6")):
        someone.open("/")
        someone.tap("Family Okoro")
        someone.tap("Pay")
        someone.type(to="Dina")
        someone.tap("Go on")
        someone.type(amount=amount)
        someone.tap("Go on")
        assert someone.reads("Family Okoro (Alice) pays")
        pin(someone, f"Pay {amount}0")
        assert someone.reads("Family Okoro (Alice) has paid")
        assert someone.reads("Bob, for Family Okoro (Alice)") == (someone is bob)
    dina.open(f"/P/{Account(village.hub.number, AccountNumber(family)).compact}")
    assert dina.reads("Pay Family Okoro (Alice)")
    dina.open("/statement")
    assert dina.text().count("Family Okoro (Alice)") == 2
    alice.open(f"/account/{family}")
    assert alice.reads("This account owes the village 1.10 h")
    assert alice.reads("by Bob")

    # One tap of Alice ends it.
    alice.open("/")
    alice.tap("Bob may act for you")
    alice.tap("What Bob did")
    assert alice.reads("to Dina")
    pin(alice, "End it")
    assert alice.reads("It has ended.")
    bob.open(f"/account/{family}")
    assert bob.reads("There is no such page")
    verify(village.hub.store)
