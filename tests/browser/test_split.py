"""Several pay one, one pays several, and a keeper gives one of it back: phones and the desk, script off."""

from collections.abc import Callable

import pytest

from appliance.ledger.book.schema_credit import Aside
from appliance.ledger.book.verify import verify
from appliance.ledger.hub import Hub
from appliance.ledger.people.members import Approve
from tests.browser.conftest import Phone
from tests.browser.test_trouble import pin
from tests.support.portal import Portal
from tests.support.village import Village

pytestmark = pytest.mark.browser
Phones = Callable[..., Phone]


def a_sixth(village: Village) -> None:
    """Emeka joins: a feast for six."""
    village.hub = Hub.open(village.hub.data, village.clock)
    village.do("Kira", Approve(village.join("Emeka")))
    village.hub.close()


def test_a_split(phone: Phones, village: Village, portal: Portal) -> None:
    del portal
    a_sixth(village)
    five = ("Bob", "Chandra", "Dina", "Emeka", "Kira")
    phones = {name: phone(name) for name in ("Alice", *five[:-1])}
    phones["Kira"], desk = phone("Kira"), phone("Kira", desk=True)
    alice = phones["Alice"]

    # Alice asks five for a feast of 20.00 h for six; one part is her own. The rest of two goes to the first.
    alice.open("/ask")
    alice.tap("Ask several people")
    alice.tap("More people")
    for n, name in enumerate(five, 1):
        alice.page.fill(f"[name=who{n}]", name if n % 2 else village.account(name).short)
    alice.type(whole="20", note="The feast of June")
    alice.page.check("[name=mine]")
    alice.page.select_option("[name=category]", "events")
    alice.tap("Go on")
    assert alice.reads("You ask 5 people 16.67 h")
    assert alice.text().count("3.34 h") == 2
    assert alice.text().count("3.33 h") == 4, "three others, and the own part"
    assert alice.reads("Your own part, which nobody pays 3.33 h")
    pin(alice, "Ask them")
    feast = alice.page.url
    assert alice.reads("0 of 5 have agreed")
    assert alice.reads("It waits for")

    # They agree one by one; who looks again sees how far it is.
    for n, (name, part) in enumerate((("Bob", "3.34"), ("Chandra", "3.34"), ("Emeka", "3.33")), 1):
        one = phones[name]
        one.open("/")
        assert one.reads("Waits for you")
        one.tap("Alice asks you for your part")
        assert one.reads(f"{part} h To Alice")
        assert one.reads("Your part of 16.67 h")
        pin(one, f"Agree to pay {part} h")
        assert one.reads("You have agreed")
        assert one.reads(f"{n} of 5 have agreed")
        assert one.balance() == "You are even with the village 0.00 h"
        assert one.reads(f"Kept aside for what you agreed to {part} h")
    alice.open("/")
    assert alice.reads("You asked 5 people for 3 of 5 have agreed")
    # Dina says no, kindly; everybody with a part reads it, and Alice is asked how it shall go on.
    dina = phones["Dina"]
    dina.open(feast)
    dina.page.select_option("[name=phrase]", "not_now")
    pin(dina, "No, do not pay")
    assert dina.reads("You have said no")
    phones["Bob"].open(feast)
    assert phones["Bob"].reads("said no: Not now: please ask me again later")
    alice.open("/")
    alice.tap("Dina said no: how shall it go on?")
    assert alice.reads("Without Dina you get 13.34 h instead of 16.67 h.")
    pin(alice, "Go on without Dina")
    assert alice.reads("3 of 4 have agreed")
    # Bob takes his yes back, and gives it again; the last of them is Kira: then all of it is paid at once.
    bob = phones["Bob"]
    bob.open(feast)
    pin(bob, "Take my yes back")
    assert bob.reads("2 of 4 have agreed")
    pin(bob, "Agree to pay 3.34 h")
    kira = phones["Kira"]
    kira.open(feast)
    assert kira.reads("You are the last: when you agree, all pay at once.")
    pin(kira, "Agree to pay 3.33 h")
    assert kira.reads("You have paid 3.33 h")
    assert kira.reads("Your part of 13.34 h")
    assert alice.balance() == "The village owes you 13.34 h"
    assert alice.reads("with 3 others")
    assert bob.balance() == "You owe the village 3.34 h"
    assert dina.balance() == "You are even with the village 0.00 h"
    dina.open(feast)
    assert dina.reads("There is no such page"), "who was left out has no part in it any more"
    stranger = phone("")
    stranger.open(feast)
    assert not stranger.reads("13.34")

    # Alice pays three at once, own amounts; a page that says what is wrong in which row comes first.
    alice.open("/pay")
    alice.tap("Pay several people")
    for n, (who, amount) in enumerate((("Bob", "2"), ("Dina", "1.5"), ("Nobody", "0.25")), 1):
        alice.page.fill(f"[name=who{n}]", who)
        alice.page.fill(f"[name=amount{n}]", amount)
    alice.tap("Go on")
    assert alice.reads("Row 3: Nobody here fits “Nobody”")
    alice.page.fill("[name=who3]", "Chandra")
    alice.tap("Go on")
    assert alice.reads("You pay 3 people 3.75 h")
    assert alice.reads("After that you can still give 21.59 h")
    pin(alice, "Pay 3.75 h")
    assert alice.reads("You have paid 3.75 h")
    paid = alice.page.url
    dina.open("/")
    assert dina.reads("Alice")
    assert dina.reads("with 2 others")
    dina.open(paid)
    assert dina.reads("You have been paid 1.50 h")
    dina.tap("Pay my part back")
    assert dina.page.input_value("[name=amount]") == "1.50"

    # A keeper gives the payment of three back: one line each, struck out; nobody but the four reads of it.
    desk.open(f"/desk/people/{village.numbers['Dina']}")
    desk.press(f"a[href='/t/{paid.rsplit('/', 1)[1]}']")
    desk.tap("Give all of it back")
    desk.type(reason="The wood was never brought")
    pin(desk, "Yes, give it back")
    assert desk.reads("Cancelled by the keeper Kira")
    for name, stands in (
        ("Alice", "The village owes you 13.34 h"),
        ("Bob", "You owe the village 3.34 h"),
        ("Chandra", "You owe the village 3.34 h"),
        ("Dina", "You are even with the village 0.00 h"),
        ("Emeka", "You owe the village 3.33 h"),
        ("Kira", "You owe the village 3.33 h"),
    ):
        assert phones[name].balance() == stands
    dina.open("/statement")
    assert dina.text().count("cancelled") == 1
    assert dina.page.locator("ul.lines li").count() == 1
    dina.open(paid)
    assert dina.reads("Paid, and cancelled by the keeper Kira")
    assert dina.reads("The wood was never brought")
    bob.open("/me/acts")
    assert bob.reads("gave back 3.75 h from 3 people to Alice")

    report = verify(village.hub.store)
    assert report.head.number > 0
    with village.hub.reading() as tx:
        assert tx.rows(Aside.select()) == []
        assert tx.first("SELECT SUM(balance), SUM(held) FROM account") == (0, 0)
