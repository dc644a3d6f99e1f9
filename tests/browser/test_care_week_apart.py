"""Alice of River asks Chandra of Hill to confirm care, and Hill's radio is off for a week.

Two browser profiles of 360x640, script off; every part runs as on two boxes (``test_care_two_villages``). Both boxes
are off for six days and a bit: what waits gets its whole time where a clock only jumps, so the days must pass.
"""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from appliance.ledger.book.store import LEDGER_FILE, Store
from appliance.ledger.book.verify import verify
from appliance.ledger.care.states import DAY_MS
from appliance.ledger.clock import TRIAL
from appliance.ledger.reads.crossings import last_heard
from tests.browser.conftest import PHONE, Phone
from tests.browser.test_care_two_villages import now_reads, waits_for
from tests.support.live_hubs import Box, LiveHubs, live_hubs
from tests.support.two_villages import HILL, TwoVillages, two_villages
from tests.support.village import PIN

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

RULES = {"quorum": 2, "expire_days": 30, "far_most": 160, "household_days": 30}


@pytest.fixture
def week(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """``week(7)``: what the machines' clocks say after so many days, with the power off."""
    clocks = tmp_path / "clocks.json"

    def say(days: int) -> None:
        said = {"shift_ms": days * DAY_MS, "synchronised": True, "boot": f"boot after {days}"}
        clocks.write_text(json.dumps(said), "utf-8")

    say(0)
    monkeypatch.setenv(TRIAL, str(clocks))
    return say


@pytest.fixture
def villages(tmp_path: Path) -> Iterator[TwoVillages]:
    with two_villages(tmp_path, care=RULES) as made:
        made.close()
        yield made


@pytest.fixture
def live(week: Callable[[int], None], villages: TwoVillages) -> Iterator[LiveHubs]:
    data = villages.river.hub.data, villages.hill.hub.data
    with live_hubs(*data, link="sim", preset="MEDIUM_FAST") as running:
        yield running


@pytest.fixture
def phones(chromium: Browser) -> Iterator[Callable[..., Phone]]:
    made: list[Phone] = []

    def phone(box: Box, number: str, language: str = "en") -> Phone:
        context = chromium.new_context(viewport=PHONE, java_script_enabled=False, locale=language)
        context.set_default_timeout(30_000)
        made.append(Phone(context.new_page(), box.portal))
        made[-1].sign_in(number)
        return made[-1]

    yield phone
    for one in made:
        one.page.context.close()


def write(alice: Phone, chandra: str, hours: str, day: str) -> str:
    """Alice writes care down and asks Chandra; where its page is."""
    alice.open("/care/new")
    alice.page.check("[name=category][value=elder]")
    alice.page.check(f"[name=day][value='{day}']")
    alice.type(hours=hours, cared_for="Old Tom")
    alice.tap("Write it down")
    now_reads(alice, "Now others confirm it")
    path = "/" + alice.page.url.split("/", 3)[3]
    alice.tap("Ask somebody of another village")
    now_reads(alice, "Who was there?")
    alice.type(who=chandra)
    alice.tap("Go on")
    now_reads(alice, "Nobody on the way can read it")
    alice.tap("Yes, ask")
    now_reads(alice, "The question goes there by radio")
    return path


def has_heard(box: Box, hub: int) -> None:
    """Until the box has heard the hub: its first summary may take a while."""
    store, began = Store.open(box.data / LEDGER_FILE), time.monotonic()
    try:
        while True:
            with store.read() as tx:
                if last_heard(tx, hub) is not None:
                    return
            assert time.monotonic() - began < 60, "never heard"
            time.sleep(0.25)
    finally:
        store.close()


def confirm(phone: Phone) -> None:
    phone.type(pin=PIN)
    phone.press("form[action$='/confirm'] button")


def test_a_week_without_the_radio_of_hill(
    phones: Callable[..., Phone], live: LiveHubs, villages: TwoVillages, week: Callable[[int], None]
) -> None:
    has_heard(live.river, HILL)
    live.hill.radio.kill()
    chandra_number = villages.hill.account("Chandra").full
    alice = phones(live.river, villages.river.account("Alice").short)
    path = write(alice, chandra_number, "1", "0")
    too_much = write(alice, chandra_number, "1", "1")
    bob = phones(live.river, villages.river.account("Bob").short)
    bob.open(path)
    confirm(bob)
    now_reads(bob, "You have confirmed the care of Alice")

    # A week: what was asked is kept, and waits in plain words.
    for box in live.both():
        box.kill()
    week(7)
    live.river.start()
    live.hill.portal.start(well=False)  # its radio is missing, and it says so
    alice.open(path)
    for words in (
        "1 more person must confirm.",
        "It can be confirmed until",
        "on its way to Hill",
        "Hill was last heard",
        "days ago.",
        "The question is kept here and goes there by itself when the radio hears it.",
    ):
        assert alice.reads(words), (words, alice.text())
    chandra = phones(live.hill, villages.hill.account("Chandra").short, "es")
    assert not chandra.reads("Alice")

    # Hill's radio is back: the question arrives, she signs in Spanish, and it comes back and is paid.
    live.hill.radio.start()
    asks = "te pide confirmar un cuidado"
    for at in range(2):
        waits_for(chandra, "/", asks)
        chandra.page.get_by_text(asks).last.click()  # what was asked first
        chandra.page.wait_for_url("**/care/elsewhere/*")
        assert chandra.reads("Old Tom")
        confirm(chandra)
        now_reads(chandra, "Tu palabra va de camino a River")
        if at == 0:
            answered = "/" + chandra.page.url.split("/", 3)[3]
    waits_for(alice, path, "Confirmed and paid")
    assert alice.balance() == "The village owes you 1.00 h"
    waits_for(alice, too_much, "no more is paid on the word of that village now")
    waits_for(chandra, answered, "Está confirmado.")
    for box in live.both():
        store = Store.open(box.data / LEDGER_FILE)
        try:
            verify(store)
        finally:
            store.close()
