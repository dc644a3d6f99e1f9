"""Finding each other and writing: phones and the keeper's desk, script off."""

from collections.abc import Callable

import pytest

from appliance.ledger.market.listings import OpenListing
from tests.browser.conftest import Phone
from tests.browser.test_trouble import pin
from tests.support.village import Village

pytestmark = pytest.mark.browser
Phones = Callable[..., Phone]


def test_alice_finds_bob_writes_marks_him_and_carol_is_stopped(phone: Phones, village: Village) -> None:
    village.do("Bob", OpenListing(village.numbers["Bob"], "offer", "food", "Pan de centeno"))
    alice, bob, carol, kira = phone("Alice"), phone("Bob"), phone("Chandra"), phone("Kira", desk=True)

    # Alice finds Bob in the directory, looks at his bread and writes about it.
    alice.open("/")
    alice.tap("People")
    assert alice.reads("5 people, by name")
    alice.type(q="bo")
    alice.press("form[role=search] button")
    assert alice.reads("1 person, by name")
    assert alice.reads("Gives: Pan de centeno")
    alice.press("ul.lines a")
    alice.tap("Pan de centeno")
    alice.tap("Write to Bob")
    assert alice.reads("About: Pan de centeno")
    alice.type(text="Is there any left for Friday?")
    alice.tap("Send")
    assert alice.reads("Is there any left for Friday?")

    # Bob reads it on his first page, and answers in Spanish.
    bob.open("/language/es")
    bob.open("/")
    assert bob.reads("Te espera")
    bob.tap("Alice te escribió")
    assert bob.reads("Is there any left for Friday?")
    bob.type(text="Sí, te guardo una hogaza. ¡Hasta el viernes!")
    bob.tap("Enviar")
    assert bob.reads("te guardo una hogaza")
    bob.open("/")
    assert not bob.reads("Te espera")
    alice.open("/")
    alice.tap("Bob wrote to you")
    assert alice.reads("Sí, te guardo una hogaza. ¡Hasta el viernes!")

    # She makes him a favourite, and finds him and his bread there.
    alice.tap("More about Bob")
    alice.tap("Make a favourite")
    assert alice.reads("No favourite any more")
    alice.open("/market?marked=1")
    assert alice.reads("Pan de centeno")
    alice.open("/favourites")
    assert alice.reads("Bob")

    # Carol is unkind: Alice tells the keepers, and blocks her.
    carol.open(f"/talks/{village.numbers['Alice']}")
    carol.type(text="You smell of goat")
    carol.tap("Send")
    alice.open("/")
    alice.tap("Chandra wrote to you")
    alice.tap("Tell the keepers of this")
    assert alice.reads("none of your other messages")
    alice.type(words="this is not the first time")
    alice.tap("Tell the keepers")
    assert alice.reads("The keepers are told")
    alice.tap("Back")
    alice.tap("Block Chandra")
    assert alice.reads("Nothing that Chandra writes reaches you any more.")
    carol.open(f"/talks/{village.numbers['Alice']}")
    assert carol.reads("This person takes no messages from you.")
    assert not carol.page.locator("textarea").count()

    # A keeper reads these words alone, and stops Carol's messages for a week.
    kira.open("/desk")
    kira.tap("A member is troubled by a message or an offer")
    kira.tap("A message of Chandra")
    assert kira.reads("You smell of goat")
    assert not kira.reads("hogaza")
    kira.page.get_by_text("No messages for a week").click()
    kira.type(reason="we are kind to each other here")
    pin(kira, "Write it into the book")
    assert kira.reads("Whose messages are stopped")
    carol.open("/")
    assert carol.reads("A keeper has stopped your messages")
    assert carol.reads("we are kind to each other here")
    carol.open(f"/talks/{village.numbers['Bob']}")
    assert carol.reads("A keeper has stopped your messages until")
    alice.open("/")
    assert alice.reads("The keepers have looked at what you told them")
