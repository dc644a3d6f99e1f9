"""The hub's clock as a keeper meets it: doubtful, set from the phone, set by two. The machine's own is at 1970."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from appliance.ledger import settings
from appliance.ledger.book.verify import verify
from appliance.ledger.clock import TRIAL, Quality
from appliance.ledger.people.members import AppointKeeper
from appliance.ledger.tend import tend
from tests.browser.conftest import PHONE
from tests.browser.conftest import Phone as Screen
from tests.support.portal import Portal
from tests.support.village import MONDAY_NOON, PIN, Village, a_village

pytestmark = pytest.mark.browser
Phones = Callable[..., Screen]
DAY_MS = 86_400_000


@pytest.fixture
def village(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Village]:
    """River on a box without any good clock."""
    clocks = tmp_path / "clocks.json"
    clocks.write_text(json.dumps({"shift_ms": -1_700_000_000_000, "synchronised": False}), "utf-8")
    monkeypatch.setenv(TRIAL, str(clocks))
    with a_village(tmp_path / "river") as made:
        made.hub.close()
        settings.write(made.hub.data, "# its own clock\n")
        yield made


def test_the_only_keeper_sets_it_by_hand_and_what_is_over_lapses_then(
    phone: Phones, village: Village
) -> None:
    asked = village.request("Chandra", "Alice", 75, note="mending")
    alice, kira = phone("Alice"), phone("Kira", desk=True)
    kira.open("/desk")
    assert kira.reads("The clock of this hub is doubtful. Nothing lapses until it is set")
    kira.tap("Set the hub's clock")
    assert kira.reads("Nobody has set it since the hub was switched on")
    kira.type(day="32/6/2026", time="10:15")
    kira.tap("Look at it")
    assert kira.reads("This day is not in the calendar")
    kira.type(day="16/6/2026", time="10:15")
    kira.tap("Look at it")
    assert kira.reads("later than now")
    assert kira.reads("You are the only keeper, so say why")
    kira.type(reason="The power was off for two weeks", pin=PIN)
    kira.tap("Set the clock")
    assert kira.reads("The clock is set")
    assert kira.reads("16 Jun 2026, 10:15")
    kira.open("/desk")
    assert not kira.reads("The clock of this hub is doubtful")
    alice.open("/me/acts")
    assert alice.reads("Kira set the hub's clock from 1 Jun 2026")
    assert alice.reads("The power was off for two weeks")
    village.clock.set(MONDAY_NOON + 15 * DAY_MS, Quality.KEEPER)
    assert tend(village.hub) == 1
    alice.open(f"/R/{asked.outcome['code']}")
    assert alice.reads("Nobody answered in time: nothing was paid")
    verify(village.hub.store)


def test_a_phone_with_script_offers_its_own_time_and_two_keepers_set_it(
    phone: Phones, village: Village, portal: Portal, chromium: Browser
) -> None:
    village.root(AppointKeeper(village.numbers["Bob"]))
    # A browser on this machine is the hub's own screen, unless something stands between.
    context = chromium.new_context(viewport=PHONE, locale="en", extra_http_headers={"Via": "1.1 a-phone"})
    try:
        kira = Screen(context.new_page(), portal)
        kira.sign_in(village.account("Kira").short)
        kira.open("/me")
        kira.tap("Set the hub's clock")
        kira.page.wait_for_selector("#phone-says:not([hidden])")
        assert kira.reads("Your phone says:")
        kira.tap("Yes, that is right")
        assert kira.reads("a second one must agree")
        kira.type(reason="A new box", pin=PIN)
        kira.tap("Ask a second keeper")
        assert kira.reads("It is proposed")
    finally:
        context.close()
    bob = phone("Bob", desk=True)
    bob.open("/desk/two")
    bob.tap("Kira proposes to set the hub's clock forward")
    assert bob.reads("The hub's clock will say")
    bob.tap("I agree: do it")
    assert bob.reads("Two keepers agreed, and it is done")
    bob.open("/clock")
    assert bob.reads("Keepers set it")
    verify(village.hub.store)
