"""Dina cared for old Tom; Bob and Chandra were there, and say so with their phones."""

from collections.abc import Callable

import pytest

from appliance.ledger.book.verify import verify
from tests.browser.conftest import Phone
from tests.support.village import PIN, Village

pytestmark = pytest.mark.browser


def test_care_is_confirmed_by_two_and_paid_from_the_commons(
    phone: Callable[..., Phone], village: Village
) -> None:
    dina, bob, chandra = phone("Dina"), phone("Bob"), phone("Chandra", "es")
    dina.open("/care/new")
    dina.page.check("[name=category][value=elder]")
    dina.type(hours="1", rest="30", cared_for="old Tom", what="washed him and cooked")
    dina.page.locator("[name=witness]").first.fill("Bob")
    dina.tap("Write it down")
    assert dina.reads("Now others confirm it")
    address = bob.camera(dina)
    assert address == address.upper()

    bob.open("/")
    assert bob.reads("Dina asks you to confirm care"), "it waits for the one who was named"
    bob.open(address)
    for words in ("Dina", "old Tom", "washed him and cooked", "1.50 h"):
        assert bob.reads(words)
    bob.type(pin=PIN)
    bob.tap("Yes, I confirm this")
    assert bob.reads("Thank you")
    dina.page.reload()
    assert dina.reads("Bob")

    chandra.open(address)
    assert chandra.page.locator("html").get_attribute("lang") == "es"
    assert "1,50 h" in chandra.text()
    chandra.type(pin=PIN)
    chandra.press("form[action$='/confirm'] button")
    assert chandra.reads("Gracias")

    dina.page.reload()
    assert dina.reads("Confirmed and paid")
    assert dina.balance() == "The village owes you 1.50 h"
    assert verify(village.hub.store).postings == 2


def test_ones_own_care_cannot_be_confirmed(phone: Callable[..., Phone], village: Village) -> None:
    dina = phone("Dina")
    dina.open("/care/new")
    dina.page.check("[name=category][value=child]")
    dina.page.check("[name=minutes][value='60']")
    dina.type(cared_for="Mia")
    dina.tap("Write it down")
    assert dina.page.locator("form[action$='/confirm']").count() == 0
