"""Alice of River cared for somebody; Bob is there, and Chandra of Hill, whose phone is at the Wi-Fi of Hill.

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
from tests.browser.conftest import PHONE, Phone
from tests.support.live_hubs import Box, LiveHubs, live_hubs
from tests.support.two_villages import TwoVillages, two_villages
from tests.support.village import PIN

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

PROMISED = 240.0
"""Seconds of wall time for a question, or an answer: it may be lost several times."""


@pytest.fixture
def villages(tmp_path: Path) -> Iterator[TwoVillages]:
    with two_villages(tmp_path, care={"quorum": 2}) as made:
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


def waits_for(phone: Phone, path: str, words: str) -> float:
    """Until a page says ``words``; how long that took."""
    began = time.monotonic()
    while True:
        phone.open(path)
        if phone.reads(words):
            return time.monotonic() - began
        assert time.monotonic() - began < PROMISED, phone.text()
        phone.page.wait_for_timeout(500)


def now_reads(phone: Phone, words: str) -> None:
    """The page that a tap leads to says ``words``."""
    phone.page.get_by_text(words).first.wait_for()


def test_chandra_of_hill_confirms_by_radio_and_the_commons_of_river_pays(
    chromium: Browser,
    phones: list[Phone],
    live: LiveHubs,
    villages: TwoVillages,
    capsys: pytest.CaptureFixture[str],
) -> None:
    alice = a_phone(chromium, phones, live.river, villages.river.account("Alice").short)
    alice.open("/care/new")
    alice.page.check("[name=category][value=elder]")
    alice.type(hours="1", rest="30", cared_for="Old Tom")
    alice.page.check("[name=day][value='0']")
    alice.tap("Write it down")
    now_reads(alice, "Now others confirm it")
    claim = "/" + alice.page.url.split("/", 3)[3]

    alice.tap("Ask somebody of another village")
    now_reads(alice, "Who was there?")
    alice.type(who=villages.hill.account("Chandra").full)
    alice.tap("Go on")
    now_reads(alice, "Nobody on the way can read it")
    alice.tap("Yes, ask")
    now_reads(alice, "The question goes there by radio")
    assert alice.reads("on its way to Hill") or alice.reads("has not answered")

    bob = a_phone(chromium, phones, live.river, villages.river.account("Bob").short)
    bob.open(claim)
    bob.type(pin=PIN)
    bob.tap("Yes, I confirm this")
    now_reads(bob, "You have confirmed the care of Alice")

    chandra = a_phone(chromium, phones, live.hill, villages.hill.account("Chandra").short)
    there = waits_for(chandra, "/", "Alice of River asks you to confirm care")
    chandra.tap("Alice of River asks you to confirm care")
    now_reads(chandra, "The commons of River will pay")
    for said in ("Old Tom", "1 hour 30 minutes", "1.50 h", "today"):
        assert chandra.reads(said), said
    chandra.type(pin=PIN)
    chandra.tap("Yes, I confirm this")
    now_reads(chandra, "Your word is on its way to River")
    page = "/" + chandra.page.url.split("/", 3)[3]

    back = waits_for(alice, claim, "Confirmed and paid")
    assert alice.balance() == "The village owes you 1.50 h"
    told = waits_for(chandra, page, "It is confirmed.")
    for box in (live.river, live.hill):
        store = Store.open(box.data / LEDGER_FILE)
        try:
            verify(store)
        finally:
            store.close()
    with capsys.disabled():
        print(f"\n30% lost: asked after {there:.1f} s, paid after {back:.1f} s, told after {told:.1f} s")
