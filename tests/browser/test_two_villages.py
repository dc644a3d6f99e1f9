"""Alice of River pays Chandra of Hill with her phone; what lies between is a real radio library and an ether.

Two browser profiles, script off. Every part runs as on two boxes: portal, radio's process with the
real ``meshtastic`` library, an emulated node on TCP or on a serial line, MEDIUM_FAST at its true
airtime. Waiting is bounded by what is promised: a minute of wall time.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from appliance.ledger.book.store import LEDGER_FILE, Store
from appliance.ledger.book.verify import verify
from appliance.ledger.people.showing import ShowName
from appliance.ledger.values import Account, AccountNumber
from tests.browser.conftest import Phone
from tests.support.live_hubs import Box, Link, LiveHubs, live_hubs
from tests.support.two_villages import HILL, TwoVillages, two_villages
from tests.support.village import PIN

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

PROMISED = 60.0
"""Seconds of wall time within which Alice reads *arrived* when nothing is lost."""

LOSSY = 240.0
"""The same when three packets of ten are lost: an answer may be lost several times."""

ROADS: list[tuple[Link, float]] = [("tcp", 0.0), ("pty", 0.3)]
if os.environ.get("HUB_ROADS") == "all":
    ROADS += [("pty", 0.0), ("tcp", 0.3)]

CREDIT = {"credit": {"high": 1000}}
"""Chandra can stand at most ten hours above zero."""


@pytest.fixture(params=ROADS, ids=lambda road: f"{road[0]}-{round(road[1] * 100)}-lost")
def road(request: pytest.FixtureRequest) -> tuple[Link, float]:
    """How the hubs reach the air, and what share of packets it loses."""
    road: tuple[Link, float] = request.param
    return road


@pytest.fixture
def villages(tmp_path: Path) -> Iterator[TwoVillages]:
    """River and Hill on disk, their books free for the processes. Chandra shows her name, Dina does not."""
    with two_villages(tmp_path, **CREDIT) as made:
        made.hill.do("Chandra", ShowName(made.hill.numbers["Chandra"], True))
        made.posts[HILL].publish(6)
        made.carry()
        made.close()
        yield made


class Scene:
    """Two phones and the two hubs."""

    def __init__(self, chromium: Browser, live: LiveHubs, villages: TwoVillages, loss: float) -> None:
        self.live, self.villages = live, villages
        self.promised = LOSSY if loss else PROMISED
        self._contexts = [self._profile(chromium) for _ in range(2)]
        self.alice = Phone(self._contexts[0].new_page(), live.river.portal)
        self.chandra = Phone(self._contexts[1].new_page(), live.hill.portal)
        self.alice.sign_in(villages.river.account("Alice").short)

    def _profile(self, chromium: Browser):
        context = chromium.new_context(viewport={"width": 360, "height": 640}, java_script_enabled=False)
        context.set_default_timeout(15_000)
        return context

    def close(self) -> None:
        for context in self._contexts:
            context.close()

    def check(self, payee: str, amount: str, note: str = "") -> None:
        """Alice goes as far as the page that asks whether this is right."""
        self.alice.open(f"/P/{payee}")
        self.alice.type(amount=amount, note=note)
        self.alice.tap("Go on")

    def pay(self, payee: str, amount: str, note: str = "") -> None:
        """Alice pays; her phone stands on the receipt."""
        self.check(payee, amount, note)
        self.alice.type(pin=PIN)
        self.alice.tap("Pay")

    def has_heard(self, number: str) -> None:
        """Until River has heard the hub of this number: its first summary may take a while."""
        began = time.monotonic()
        while True:
            self.check(number, "1")
            if self.alice.reads("was last heard"):
                return
            assert time.monotonic() - began < self.promised, self.alice.text()
            self.alice.page.wait_for_timeout(500)

    def waits_for(self, words: str) -> float:
        """Until Alice's receipt says ``words``: it loads itself anew. How long that took."""
        began = time.monotonic()
        while not self.alice.reads(words):
            assert time.monotonic() - began < self.promised, self.alice.text()
            self.alice.page.wait_for_timeout(250)
        return time.monotonic() - began


@pytest.fixture
def scene(chromium: Browser, villages: TwoVillages, road: tuple[Link, float]) -> Iterator[Scene]:
    data = villages.river.hub.data, villages.hill.hub.data
    with live_hubs(*data, link=road[0], preset="MEDIUM_FAST", loss=road[1]) as live:
        made = Scene(chromium, live, villages, road[1])
        yield made
        made.close()


def book(box: Box) -> Store:
    return Store.open(box.data / LEDGER_FILE)


def on_the_way(box: Box) -> int:
    store = book(box)
    try:
        with store.read() as tx:
            found = tx.first("SELECT COUNT(*) FROM crossing WHERE state IN ('on_way', 'held')")
            return int(found[0]) if found else 0
    finally:
        store.close()


def trunk(box: Box, toward: int) -> int:
    store = book(box)
    try:
        verify(store)
        with store.read() as tx:
            found = tx.first("SELECT balance FROM account WHERE number = ?", -toward)
            return int(found[0]) if found else 0
    finally:
        store.close()


def test_a_payment_crosses_waits_for_a_silent_hub_and_comes_back(
    scene: Scene, road: tuple[Link, float], capsys: pytest.CaptureFixture[str]
) -> None:
    alice, villages, live = scene.alice, scene.villages, scene.live
    chandra = villages.hill.account("Chandra")
    scene.has_heard(chandra.compact)

    # Alice types the number on Chandra's card; River has heard her name.
    alice.open("/pay")
    alice.type(to=chandra.full)
    alice.press("main form button, form button")
    assert alice.reads("Pay Chandra")
    scene.check(chandra.compact, "2.5", "two jars of honey")
    for words in ("Chandra", "Hill", "2.50 h", "was last heard", "leaves your account now"):
        assert alice.reads(words), words
    alice.type(pin=PIN)
    alice.tap("Pay")
    assert alice.reads("On its way to Hill") or alice.reads("Arrived at Hill")
    took = [scene.waits_for("Arrived at Hill")]

    scene.chandra.sign_in(chandra.short)
    assert scene.chandra.balance() == "The village owes you 2.50 h"
    scene.chandra.open("/statement")
    assert scene.chandra.reads("Alice") or scene.chandra.reads("River")

    # Hill goes off. Nothing says "arrived", however often she looks.
    live.hill.kill()
    scene.pay(chandra.compact, "1")
    until = time.monotonic() + 12
    while time.monotonic() < until:
        assert alice.reads("On its way to Hill")
        alice.page.wait_for_timeout(500)
    live.hill.start()
    took.append(scene.waits_for("Arrived at Hill"))

    # More than Chandra may have: it comes back, with the reason, and so does the credit.
    scene.pay(chandra.compact, "7")
    took.append(scene.waits_for("Came back from Hill"))
    assert alice.reads("cannot receive that much")
    assert alice.balance() == "You owe the village 3.50 h"

    # A number that nobody has: the check page warns, and it comes back.
    nobody = Account(HILL, AccountNumber(77)).compact
    scene.check(nobody, "0.5")
    assert alice.reads("We have no name for this number")
    alice.type(pin=PIN)
    alice.tap("Pay")
    took.append(scene.waits_for("Came back from Hill"))
    assert alice.reads("Nobody in Hill has this number")

    deadline = time.monotonic() + PROMISED
    while on_the_way(live.river) or on_the_way(live.hill):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert trunk(live.river, HILL) == 350
    assert trunk(live.hill, 101) == -350
    with capsys.disabled():
        print(f"\n{road[0]}, {road[1]:.0%} lost: told after {', '.join(f'{s:.1f} s' for s in took)}")
