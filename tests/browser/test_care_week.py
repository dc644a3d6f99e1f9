"""Dina looks after old Tom every morning; at a bedside nobody has a phone at hand; a page that follows by itself."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.ledger.book.verify import verify
from appliance.ledger.clock import TRIAL
from tests.browser.conftest import Phone
from tests.support import taps
from tests.support.portal import Portal
from tests.support.village import PIN, Village

pytestmark = pytest.mark.browser
Phones = Callable[..., Phone]
DAY_MS = 86_400_000


@pytest.fixture
def tomorrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """``tomorrow()``: a day passes on the hub's machine."""
    clocks = tmp_path / "clocks.json"

    def say(days: int) -> None:
        clocks.write_text(json.dumps({"shift_ms": days * DAY_MS, "synchronised": True}), "utf-8")

    say(0)
    monkeypatch.setenv(TRIAL, str(clocks))
    return lambda: say(1)


def test_a_week_of_mornings_is_confirmed_at_once_in_english_and_spanish(
    phone: Phones, village: Village
) -> None:
    dina, bob, chandra = phone("Dina"), phone("Bob"), phone("Chandra", "es")
    dina.open("/care")
    dina.tap("I care every day: a week at once")
    dina.page.check("[name=category][value=elder]")
    dina.type(hours="0", rest="30", begun="", ended="", cared_for="old Tom", what="washed him")
    for box in dina.page.locator("[name=on]").all():
        box.check()
    dina.page.locator("p.field > [name^=long_]").last.fill("1:00")
    dina.tap("Write it down")
    assert dina.reads("Now others confirm it")
    assert dina.reads("0 of 7 rows are confirmed.")
    address = bob.camera(dina)
    assert address == address.upper()
    assert dina.reads(address), "under every QR is what it says"

    bob.open(address)
    for words in ("Dina asks you to confirm a week of care", "old Tom", "washed him", "4.00 h"):
        assert bob.reads(words)
    assert bob.page.locator("[name=row]:checked").count() == 7
    bob.type(pin=PIN)
    bob.tap("Yes, I confirm these")
    assert bob.reads("Thank you")

    dina.tap("On paper")
    chandra.open(chandra.camera(dina))
    assert chandra.reads("te pide confirmar una semana de cuidado")
    chandra.page.locator("[name=row]").first.uncheck()  # the first day she was away
    chandra.type(pin=PIN)
    chandra.press("form[action$='/confirm'] button")
    assert chandra.reads("Gracias")
    assert dina.balance() == "The village owes you 3.50 h"
    assert verify(village.hub.store).postings == 12


def test_at_a_bedside_two_are_named_and_sign_the_next_day(
    tomorrow: Callable[[], None], phone: Phones, portal: Portal, village: Village
) -> None:
    dina = phone("Dina")
    dina.open("/care/new")
    dina.page.check("[name=category][value=sick]")
    dina.type(hours="8", cared_for="Bob's mother", place="at her bed", what="sat up with her all night")
    for at, name in enumerate(("Alice", "Bob")):
        dina.page.locator("[name=witness]").nth(at).fill(name)
    dina.tap("Write it down")
    assert dina.reads("has not answered")
    tomorrow()
    for name, language, waits, thanks in (
        ("Alice", "en", "Dina asks you to confirm care", "Thank you"),
        ("Bob", "es", "Dina te pide confirmar un cuidado", "Gracias"),
    ):
        one = phone(name, language)
        one.open("/")
        taps.tap(one.page.get_by_text(waits))
        one.page.wait_for_url("**/C/*")
        assert one.reads("sat up with her all night")
        yesterday = "yesterday" if language == "en" else "ayer"
        for _ in range(100):  # the hub looks at its machine's clock once a second
            if one.reads(yesterday):
                break
            one.page.wait_for_timeout(100)
            one.page.reload()
        assert one.reads(yesterday), one.text()
        one.type(pin=PIN)
        one.press("form[action$='/confirm'] button")
        assert one.reads(thanks)
    dina.page.reload()
    assert dina.reads("Confirmed and paid")
    assert dina.balance() == "The village owes you 8.00 h"


def test_the_page_follows_by_itself_where_script_is_on_and_at_the_kiosk_a_card_is_enough(
    phone: Phones, village: Village
) -> None:
    dina = phone("Dina", script=True)
    errors: list[str] = []
    dina.page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    dina.open("/care/new")
    dina.page.check("[name=category][value=elder]")
    dina.type(hours="1", cared_for="old Tom")
    dina.tap("Write it down")
    code = dina.page.locator(".code").inner_text()
    was = dina.page.evaluate("window.same = 1")

    kiosk = phone("Bob", desk=True)  # number from the card, and the PIN
    kiosk.open("/care/code")
    kiosk.type(code=code)
    kiosk.tap("Show it to me")
    kiosk.type(pin=PIN)
    kiosk.tap("Yes, I confirm this")
    assert kiosk.reads("Thank you")
    dina.page.get_by_text("1 of 2 have confirmed.").wait_for()
    assert dina.page.evaluate("window.same") == was, "the page was not loaded again"
    kira = phone("Kira", "es")
    kira.open(f"/C/{code}")
    kira.type(pin=PIN)
    kira.press("form[action$='/confirm'] button")
    dina.page.get_by_text("Confirmed and paid").wait_for()
    assert not errors, errors
