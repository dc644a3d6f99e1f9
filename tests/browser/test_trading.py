"""Alice and Bob of River find each other and trade; then a loop of three with Chandra of Hill, agreed and paid; then one with a no.

Phones of 360x640, script off; River and Hill run as on two boxes, with a radio and an ether between them
(``test_two_villages`` says how).
"""

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from appliance.ledger.book.store import LEDGER_FILE, Store
from appliance.ledger.book.verify import verify
from appliance.ledger.market.listings import OFFER, WANT, OpenListing
from appliance.ledger.people.showing import ShowName
from appliance.ledger.values import Amount
from tests.browser.conftest import DESK, PHONE, Phone
from tests.support.live_hubs import Box, LiveHubs, live_hubs
from tests.support.two_villages import HILL, RIVER, TwoVillages, two_villages
from tests.support.village import PIN

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

PROMISED = 120.0
"""Seconds of wall time for what goes by radio."""

HAVE = {"Alice": "Bread", "Bob": "Haircut", "Chandra": "Bicycle repair"}
NEED = {"Alice": "Haircut", "Bob": "Bicycle repair", "Chandra": "Bread"}


@pytest.fixture
def villages(tmp_path) -> Iterator[TwoVillages]:
    """What they have and need is on the market, and the hubs have heard of each other."""
    with two_villages(tmp_path) as made:
        made.clock.set(int(time.time() * 1000))
        for name, has in HAVE.items():
            home = made.home_of(name)
            number = home.numbers[name]
            home.do(name, ShowName(number, True))
            home.do(name, OpenListing(number, OFFER, "other", has, "", Amount(100)))
            home.do(name, OpenListing(number, WANT, "other", NEED[name]))
        for hub in (RIVER, HILL):
            made.posts[hub].publish(9)
        made.carry()
        made.close()
        yield made


@pytest.fixture
def live(villages: TwoVillages) -> Iterator[LiveHubs]:
    data = villages.river.hub.data, villages.hill.hub.data
    with live_hubs(*data, link="tcp", preset="MEDIUM_FAST", loss=0.0) as running:
        yield running


@pytest.fixture
def phone(chromium: Browser, live: LiveHubs, villages: TwoVillages):
    made: list[Phone] = []

    def new(name: str) -> Phone:
        home = villages.home_of(name)
        box: Box = live.river if home is villages.river else live.hill
        context = chromium.new_context(viewport=DESK if name == "Kira" else PHONE, java_script_enabled=False)
        context.set_default_timeout(30_000)
        one = Phone(context.new_page(), box.portal)
        made.append(one)
        one.sign_in(home.account(name).short)
        return one

    yield new
    for one in made:
        one.page.context.close()


def waits_for(one: Phone, path: str, words: str) -> None:
    """Until a page says ``words``."""
    began = time.monotonic()
    while True:
        one.open(path)
        if one.reads(words):
            return
        assert time.monotonic() - began < PROMISED, one.text()
        one.page.wait_for_timeout(500)


def pays(one: Phone, whom: str) -> None:
    """From the page that offers it to the receipt; payee and amount are filled in."""
    one.tap(f"Pay {whom}")
    one.tap("Go on")
    one.type(pin=PIN)
    one.tap("Pay ")
    if one.reads("Pay again?"):  # as much as for the match a moment ago
        one.type(pin=PIN)
        one.tap("Yes, pay again")


def the_loop(one: Phone) -> str:
    """The page of the newest loop that waits for somebody."""
    waits_for(one, "/market/loops", "waits for you")
    one.tap("→")
    return one.page.url


def test_a_match_a_loop_of_two_villages_and_a_no(phone, villages: TwoVillages, live: LiveHubs) -> None:
    alice, bob, chandra, kira = (phone(name) for name in ("Alice", "Bob", "Chandra", "Kira"))

    # (a) A match, accepted by both, paid, and marked.
    alice.open("/market/suggestions")
    alice.tap("Look at it")
    match = alice.page.url
    alice.tap("Yes, let us trade")
    assert alice.reads("You have said yes. Bob can see that.")
    bob.open(match)
    assert bob.reads("Alice has said yes. And you?")
    bob.tap("Yes, let us trade")
    assert bob.reads("You have both said yes.")
    alice.open(match)
    pays(alice, "Bob")
    alice.open(match)
    assert alice.reads("It happened, and it is paid.")
    bob.open(match)
    assert bob.reads("It happened, and it is paid.")

    # (b) Three people of two villages. A keeper need not wait for the week to be over.
    kira.open("/desk/matching")
    kira.tap("Look for trade loops now")
    assert kira.reads("1 trade loop is proposed")
    pages = {}
    for name, one in (("Alice", alice), ("Bob", bob), ("Chandra", chandra)):
        pages[name] = the_loop(one)
        assert (one.page.locator("svg.chart desc").text_content() or "").count("→") == 3
        one.tap("Yes, I am in")
    waits_for(alice, pages["Alice"], "All have said yes")
    waits_for(chandra, pages["Chandra"], "All have said yes")
    for name, one, giver in (("Alice", alice, "Bob"), ("Bob", bob, "Chandra"), ("Chandra", chandra, "Alice")):
        one.open(pages[name])
        pays(one, giver)
        one.open(pages[name])
        assert one.reads("The receipt")
    waits_for(bob, pages["Bob"], "paid")
    began = time.monotonic()
    while alice.balance() != "You owe the village 1.00 h":
        # Two hours to Bob, one from Chandra once it has crossed.
        assert time.monotonic() - began < PROMISED, alice.text()
        alice.page.wait_for_timeout(500)

    # (c) Once more, and Chandra says no: everybody reads it, in words, and pays and is paid as always.
    kira.open("/desk/matching")
    kira.tap("Look for trade loops now")
    for one in (alice, bob):
        pages["Alice" if one is alice else "Bob"] = the_loop(one)
        one.tap("Yes, I am in")
    pages["Chandra"] = the_loop(chandra)
    chandra.tap("No, not this time")
    assert chandra.reads("has said no")
    for name, one in (("Alice", alice), ("Bob", bob), ("Chandra", chandra)):
        waits_for(one, pages[name], "Somebody said no")
        assert one.reads("This loop paid nobody. You can still trade with each of them and pay as always.")
        assert one.reads("Chandra of Hill has said no" if one is not chandra else "Chandra has said no")
        assert not one.reads("Yes, I am in")
        one.open("/market/loops")
        assert one.reads("somebody said no")
        assert not one.reads("waits for you")

    # Bob's bicycle is repaired all the same: he pays Chandra by ordinary credit, and nobody else anything.
    bob.open(pages["Bob"])
    pays(bob, "Chandra")
    assert bob.balance() == "You are even with the village 0.00 h"
    began = time.monotonic()
    while chandra.balance() != "The village owes you 1.00 h":
        assert time.monotonic() - began < PROMISED, chandra.text()
        chandra.page.wait_for_timeout(500)
    assert alice.balance() == "You owe the village 1.00 h"
    bob.open(pages["Bob"])
    assert bob.reads("Somebody said no")
    assert not bob.reads("paid:")

    for box in (live.river, live.hill):
        store = Store.open(box.data / LEDGER_FILE)
        try:
            verify(store)
        finally:
            store.close()
