"""Alice keeps a sheet at home, forgets her PIN, and comes in again; and her phone is lost."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.ledger.book.verify import verify
from tests.browser.conftest import Phone
from tests.support.village import PIN, Village

pytestmark = pytest.mark.browser

NEW = "7391"


def look(phone: Phone, name: str) -> None:
    """A picture, where somebody wants to see the pages."""
    if folder := os.environ.get("HUB_PICTURES"):
        (Path(folder) / f"{name}.png").write_bytes(phone.page.screenshot(full_page=True))


def test_who_forgot_the_pin_comes_in_with_the_sheet_and_a_keeper(
    phone: Callable[..., Phone], village: Village
) -> None:
    alice, other, kira = phone("Alice"), phone(""), phone("Kira", desk=True)
    alice.open("/me")
    alice.tap("My sheet at home")
    look(alice, "sheet")
    alice.type(pin=PIN)
    alice.tap("Make my sheet")
    look(alice, "sheet_paper")
    address = other.camera(alice)
    assert address == address.upper(), "capitals make a code of bigger dots"
    letters = " ".join(alice.page.locator(".code").all_inner_texts())
    assert len(letters.split()) == 7

    other.open("/signin")
    other.tap("I forgot my PIN")
    other.type(number=village.account("Alice").short, letters=letters.lower())
    look(other, "reentry")
    other.tap("Go on")
    look(other, "reentry_right")
    other.tap("I ask to choose a new PIN")
    assert other.reads("Go to a keeper with this sheet")
    look(other, "reentry_waits")

    alice.open("/")
    assert alice.reads("Somebody has asked, with your sheet, to choose a new PIN")
    look(alice, "home_reentry")
    kira.open("/desk")
    kira.tap("1 person asks for a new PIN with the sheet")
    look(kira, "desk_sheets")
    kira.page.fill("form[action$=allow] [name=pin]", PIN)
    kira.tap("I see Alice: yes")
    assert kira.reads("The person can choose a new PIN now")

    other.open(address)
    other.tap("Go on")
    look(other, "reentry_pin")
    other.type(new=NEW, new2=NEW)
    other.tap("This is my new PIN")
    assert other.reads("You have a new PIN")
    look(other, "reentry_done")
    other.sign_in(village.account("Alice").short, NEW)
    assert other.balance().startswith("You are even with the village")
    alice.open("/me")
    assert alice.reads("Sign in"), "every sign-in from before has ended"
    verify(village.hub.store)


def test_a_lost_phone_is_signed_out_and_its_payment_contested(
    phone: Callable[..., Phone], village: Village
) -> None:
    gone, alice = phone("Alice"), phone("Alice")
    gone.open(f"/P/{village.account('Bob').compact}")
    gone.type(amount="1.50")
    gone.press("main form button")
    gone.type(pin=PIN)
    gone.press("main form button")
    assert gone.reads("Bob")

    alice.open("/me")
    alice.tap("I lost my phone")
    look(alice, "lost")
    alice.type(pin=PIN)
    alice.tap("Sign out every other phone")
    assert alice.reads("every other phone is signed out")
    gone.open("/me")
    assert gone.reads("Sign in")
    alice.tap("This was not me")
    assert alice.reads("You have said that something is wrong")
    look(alice, "lost_contested")
    bob = phone("Bob")
    bob.open("/")
    assert bob.reads("something is wrong")
