"""Alice moves from River to Hill with a debt: her phone at both portals, Hana's screen at Hill; script off."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from appliance.ledger.book.verify import verify
from appliance.ledger.clock import SystemClock
from appliance.ledger.people.members import Approve
from appliance.ledger.tend import tend
from tests.browser.conftest import DESK, PHONE, Phone
from tests.support.portal import Portal
from tests.support.two_villages import HILL, RIVER, TwoVillages, two_villages
from tests.support.village import PIN

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

NEW = "Alice of Hill"


@pytest.fixture
def villages(tmp_path: Path) -> Iterator[TwoVillages]:
    """Alice owes eleven hours at River, and has joined Hill; the portals share the books with the story."""
    with two_villages(tmp_path) as made:
        made.clock.set(SystemClock().now().ms)
        made.hill.do("Hana", Approve(made.hill.join(NEW)))
        made.hill.pay(NEW, "Dina", 200)
        made.river.pay("Alice", "Bob", 1100)
        yield made


@pytest.fixture
def at(chromium: Browser, villages: TwoVillages) -> Iterator[Callable[..., Phone]]:
    """``at(HILL, "Hana", desk=True)``: somebody at the portal of a village."""
    contexts = []
    with Portal(villages.river.hub.data) as river, Portal(villages.hill.hub.data) as hill:

        def make(hub: int, name: str, desk: bool = False) -> Phone:
            context = chromium.new_context(viewport=DESK if desk else PHONE, java_script_enabled=False)
            contexts.append(context)
            context.set_default_timeout(15_000)
            phone = Phone(context.new_page(), river if hub == RIVER else hill)
            phone.sign_in(villages.at(hub).account(name).short)
            return phone

        yield make
        for context in contexts:
            context.close()


def test_a_debt_moves_with_whom_it_belongs_to(villages: TwoVillages, at: Callable[..., Phone]) -> None:
    old, new = villages.river.account("Alice").full, villages.hill.account(NEW).full
    alice = at(RIVER, "Alice")
    alice.open("/me")
    alice.tap("I move to another village")
    alice.type(there=new)
    alice.tap("Go on")
    assert alice.reads("You move to Hill")
    alice.type(pin=PIN)
    alice.tap("Yes, I move there")
    assert alice.reads("Your account here still owes 11.00 h")
    assert alice.reads(old)

    there = at(HILL, NEW)
    assert there.balance() == "You owe the village 2.00 h"

    def pays() -> None:
        there.open("/pay")
        there.type(to=old)
        there.tap("Go on")
        there.type(amount="11")
        there.tap("Go on")
        there.type(pin=PIN)
        there.tap("Pay")

    pays()
    assert there.reads("more than you can give now")

    hana = at(HILL, "Hana", desk=True)
    hana.open("/desk")
    hana.tap("Find somebody")
    hana.tap(NEW)
    hana.tap("Comes from another village with a debt")
    hana.type(debt="11", days="200")
    hana.tap("Give room for it")
    assert hana.reads("The limits are set")
    assert hana.reads("These limits hold until")

    pays()
    assert there.reads("on its way")
    villages.carry()
    alice.open("/me/move")
    assert alice.reads("Your account here is at zero")
    assert tend(villages.river.hub) <= 1  # the portal may have been quicker
    alice.open("/me")
    assert alice.reads("Sign in")
    assert there.balance() == "You owe the village 13.00 h"

    bob = at(RIVER, "Bob")
    bob.open("/pay")
    bob.type(to="Alice")
    bob.tap("Go on")
    assert bob.reads(f"Alice has moved to Hill, number {new}")
    bob.tap("Pay there")
    assert bob.reads(new)
    assert villages.river.balance("Alice") == 0
    for village in (villages.river, villages.hill):
        verify(village.hub.store)
