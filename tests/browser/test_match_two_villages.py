"""Alice of River needs what Chandra of Hill offers: both say yes, write, meet, and Alice pays; all of it over the air.

Two browser profiles of 360x640, script off; every part runs as on two boxes, and the ether loses three packets of
ten (``test_two_villages`` says how).
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from appliance.ledger.book.store import LEDGER_FILE, Store
from appliance.ledger.book.verify import verify
from appliance.ledger.market.listings import OFFER, WANT, OpenListing
from appliance.ledger.people.showing import ShowName
from appliance.ledger.values import Amount
from tests.browser.conftest import PHONE, Phone
from tests.support.live_hubs import Box, LiveHubs, live_hubs
from tests.support.two_villages import HILL, RIVER, TwoVillages, two_villages
from tests.support.village import PIN

pytestmark = [pytest.mark.browser, pytest.mark.timeout(2000)]

PROMISED = 600.0
"""Seconds of wall time for what goes by radio: a minute until the hub puts it on the feed, five for company there
(``Pace.batch_seconds``), and it may be lost several times. Written before a yes, as here, a word leaves with it."""


@pytest.fixture
def villages(tmp_path: Path) -> Iterator[TwoVillages]:
    """Both hubs have heard of what the other's people have and need."""
    with two_villages(tmp_path) as made:
        made.clock.set(int(time.time() * 1000))
        for name, kind, title in (("Alice", WANT, "Bike repair"), ("Chandra", OFFER, "Bicycle repair")):
            home = made.home_of(name)
            home.do(name, ShowName(home.numbers[name], True))
            home.do(name, OpenListing(home.numbers[name], kind, "other", title, "", Amount(100)))
        for hub in (RIVER, HILL):
            made.posts[hub].publish(9)
        made.carry()
        made.close()
        yield made


@pytest.fixture
def live(villages: TwoVillages) -> Iterator[LiveHubs]:
    data = villages.river.hub.data, villages.hill.hub.data
    with live_hubs(*data, link="tcp", preset="MEDIUM_FAST", loss=0.3) as running:
        yield running


@pytest.fixture
def phones(chromium: Browser) -> Iterator[list[Phone]]:
    made: list[Phone] = []
    yield made
    for phone in made:
        phone.page.context.close()


def a_phone(chromium: Browser, phones: list[Phone], box: Box, number: str) -> Phone:
    context = chromium.new_context(viewport=PHONE, java_script_enabled=False)
    context.set_default_timeout(30_000)
    phones.append(Phone(context.new_page(), box.portal))
    phones[-1].sign_in(number)
    return phones[-1]


def waits_for(phone: Phone, path: str, *words: str) -> float:
    """Until a page says all ``words``; how long that took."""
    began = time.monotonic()
    while True:
        phone.open(path)
        if all(phone.reads(one) for one in words):
            return time.monotonic() - began
        assert time.monotonic() - began < PROMISED, phone.text()
        phone.page.wait_for_timeout(500)


def writes(phone: Phone, other: str, text: str, about: str) -> None:
    """From the page of the match, so about what is the other's; it waits for its turn on the air."""
    phone.tap(f"Write to {other}")
    assert phone.reads(f"About: {about}")
    phone.type(text=text)
    phone.tap("Send")
    assert phone.reads(text)
    assert phone.page.get_by_role("link", name=about, exact=True).count() == 1


def test_two_people_of_two_villages_say_yes_write_and_pay_by_radio(
    chromium: Browser,
    phones: list[Phone],
    live: LiveHubs,
    villages: TwoVillages,
    capsys: pytest.CaptureFixture[str],
) -> None:
    alice = a_phone(chromium, phones, live.river, villages.river.account("Alice").short)
    chandra = a_phone(chromium, phones, live.hill, villages.hill.account("Chandra").short)
    alice.open("/market/suggestions")
    alice.tap("Look at it")
    match = "/" + alice.page.url.split("/", 3)[3]
    writes(alice, "Chandra of Hill", "The chain is off. On Tuesday?", "Bicycle repair")
    alice.open(match)
    alice.tap("Yes, let us trade")
    assert alice.reads("You have said yes. It")  # goes to Hill by radio; or is on its way already

    there = waits_for(chandra, "/", "Alice of River wants to trade with you", "Alice of River wrote to you")
    chandra.tap("Alice of River wants to trade with you")
    assert chandra.reads("Alice of River has said yes. And you?")
    asked = "/" + chandra.page.url.split("/", 3)[3]
    writes(chandra, "Alice of River", "Yes, after the market.", "Bike repair")
    assert chandra.reads("The chain is off. On Tuesday?")
    chandra.open(asked)
    chandra.tap("Yes, let us trade")
    assert chandra.reads("You have both said yes.")
    chandra.open("/talks")
    chandra.tap("Alice of River")
    chandra.page.get_by_role("link", name="Bicycle repair", exact=True).click()
    assert chandra.reads("This is yours. Others see it on the market.")

    back = waits_for(alice, "/", "You and Chandra of Hill have both said yes", "Chandra of Hill wrote to you")
    alice.open(match)
    assert alice.reads("You have both said yes.")
    alice.tap("It happened")
    alice.tap("Go on")
    alice.type(pin=PIN)
    alice.tap("Pay ")
    assert alice.balance() == "You owe the village 1.00 h"

    began = time.monotonic()
    while chandra.balance() != "The village owes you 1.00 h":
        assert time.monotonic() - began < PROMISED, chandra.text()
        chandra.page.wait_for_timeout(300)
    paid = time.monotonic() - began
    alice.open(match)
    assert alice.reads("It happened, and it is paid.")
    for box in (live.river, live.hill):
        store = Store.open(box.data / LEDGER_FILE)
        try:
            verify(store)
        finally:
            store.close()
    with capsys.disabled():
        print(
            f"\n30% lost: yes and word after {there:.1f} s, back after {back:.1f} s, paid after {paid:.1f} s"
        )
