"""An hour of a village on the Wi-Fi, minute by minute: every request, answer and cookie is kept, searched and sent again.

Real phones (Chromium, with script) at a plain http address. The hub's clock is moved by hand, so that an hour is an hour
for the hub: sign-ins grow old, who borrowed a phone is signed out by idling, challenges run out. Alice signs in and leaves,
Bob has a phone that is not his, Chandra stays. What such an air gives away without script: ``test_air.py``.
"""

import os
import random
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from appliance.ledger.book import chain
from appliance.ledger.book.command import Receipt
from appliance.web import create_app
from appliance.web.ground.session import SHARED_IDLE_MINUTES
from tests.support.chromium import launch
from tests.support.listener import Heard, Listener, Said, say
from tests.support.overheard import overheard
from tests.support.taps import tap
from tests.support.village import PIN, Village, a_village

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800)]

HOST = "river.hub.internal"
PINS = {"Alice": "83920571", "Bob": "60417395", "Chandra": "95731824", "Dina": "71640283"}
"""Eight digits that nothing else has by chance."""

LONG = "HUB_AIR_HOUR" in os.environ
"""Something in every minute (``make test-long``); CI has the same hour with fewer people in the street."""

MINUTE_MS = 60_000
Happening = tuple[int, str, str]

QUARTER: tuple[Happening, ...] = (
    *((0, "Alice", "in"), (0, "Bob", "in"), (1, "Alice", "pay"), (2, "Bob", "pay"), (3, "Chandra", "pay")),
    *(
        (4, "Alice", "pay"),
        (5, "Chandra", "pay"),
        (6, "Alice", "pay"),
        (7, "Chandra", "pay"),
        (8, "Alice", "pay"),
    ),
    *((9, "Chandra", "pay"), (10, "Alice", "pay"), (11, "Chandra", "pay"), (12, "Alice", "leave")),
    *((13, "Chandra", "pay"), (14, "Bob", "is out")),
)
SHORT: tuple[Happening, ...] = (
    *((0, "Chandra", "in"), (1, "Alice", "in"), (2, "Bob", "in"), (3, "Bob", "pay"), (4, "Alice", "pay")),
    *((15, "Bob", "is out"), (31, "Alice", "leave"), (44, "Bob", "in"), (45, "Bob", "leave")),
    *((58, "Chandra", "pay"), (59, "Alice", "in")),
)
_QUARTERS: tuple[Happening, ...] = tuple(
    (15 * quarter + at, name, what) for quarter in range(4) for at, name, what in QUARTER
)
HOUR: tuple[Happening, ...] = ((0, "Chandra", "in"), *_QUARTERS) if LONG else SHORT


@dataclass
class Street:
    """The village, its portal under a clock that is moved by hand, who listens, and the phones."""

    village: Village
    portal: int
    listener: Listener
    browser: Browser
    pages: dict[str, Page] = field(default_factory=dict)
    paid: int = 0

    @property
    def at(self) -> str:
        return f"http://{HOST}:{self.listener.port}"

    def page(self, name: str) -> Page:
        if name not in self.pages:
            context = self.browser.new_context(java_script_enabled=name != "Dina")
            context.set_default_timeout(90_000)
            self.pages[name] = context.new_page()
        return self.pages[name]

    def sign_in(self, name: str) -> None:
        page = self.page(name)
        page.goto(f"{self.at}/signin")
        page.fill("[name=number]", self.village.account(name).short)
        page.fill("[name=pin]", PINS[name])
        if name == "Bob":
            page.check("[name=shared]")
        tap(page.locator("form[action='/signin'] button"))
        page.wait_for_url(f"{self.at}/")
        assert name == "Dina" or page.evaluate("window.isSecureContext") is False

    def pay(self, name: str) -> None:
        """A little; every third time enough to be asked for the PIN again."""
        page, self.paid = self.page(name), self.paid + 1
        whom = {"Alice": "Bob", "Bob": "Chandra", "Chandra": "Alice"}[name]
        page.goto(f"{self.at}/P/{self.village.account(whom).compact}")
        page.fill("[name=amount]", f"{1 if self.paid % 3 == 0 else 0}.{self.paid:02}")
        tap(page.locator("form[action='/pay/check'] button").first)
        page.wait_for_selector("form[action='/pay/send']")
        if page.locator("form[action='/pay/send'] [name=pin]").count():
            page.fill("form[action='/pay/send'] [name=pin]", PINS[name])
        tap(page.locator("form[action='/pay/send'] button").first)
        page.wait_for_url(re.compile("/t/"))

    def leave(self, name: str) -> None:
        page = self.page(name)
        page.goto(f"{self.at}/me")
        tap(page.locator("form[action='/leave'] button").first)
        page.wait_for_url(f"{self.at}/")
        assert page.evaluate("Object.keys(localStorage)") == [], "Leave wipes the key"

    def is_out(self, name: str) -> None:
        """Who borrowed a phone and went home: the next look at it asks for a sign-in."""
        page = self.page(name)
        page.goto(f"{self.at}/me")
        assert "/signin" in page.url, f"more than {SHARED_IDLE_MINUTES} idle minutes"

    def head(self) -> bytes:
        with self.village.hub.reading() as tx:
            return bytes(chain.head(tx).hash)


@pytest.fixture
def street(tmp_path: Path, chromium: Browser) -> Iterator[Street]:
    with a_village(tmp_path / "river", credit={"pin_above": 100, "low": -10_000, "high": 10_000}) as village:
        for name, pin in PINS.items():
            assert isinstance(village.hub.change_pin(village.numbers[name], PIN, pin), Receipt)
        server = make_server("127.0.0.1", 0, create_app(village.hub), threaded=True)
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        serving.start()
        phones = launch(chromium.browser_type, f"--host-resolver-rules=MAP {HOST} 127.0.0.1")
        try:
            with Listener(server.server_port) as listener:
                yield Street(village, server.server_port, listener, phones)
        finally:
            phones.close()
            server.shutdown()
            server.server_close()
            serving.join(10)


def live_the_hour(street: Street) -> None:
    acts = {"in": street.sign_in, "pay": street.pay, "leave": street.leave, "is out": street.is_out}
    now = 0
    for minute, happening in groupby(HOUR, key=lambda one: one[0]):
        street.village.clock.advance((minute - now) * MINUTE_MS)
        now = minute
        for _, name, what in happening:
            acts[what](name)
    street.village.clock.advance((60 - now) * MINUTE_MS)


def send_again(street: Street, heard: list[Heard]) -> list[tuple[Heard, Said]]:
    return [(one, say(street.portal, one.method, one.path, one.headers, one.body)) for one in heard]


def signed_in_again(answers: list[tuple[Heard, Said]]) -> int:
    return sum(one.path == "/signin" and one.method == "POST" and said.status == 302 for one, said in answers)


def test_an_hour_gives_no_pin_away_and_moves_nothing_when_it_is_sent_again(street: Street) -> None:
    began = street.village.clock.uptime().ms
    live_the_hour(street)
    assert street.village.clock.uptime().ms - began == 60 * MINUTE_MS
    heard, before = list(street.listener.heard), street.head()
    said = [what for _, _, what in HOUR]
    done = [one for one in heard if one.method == "POST" and one.status == 302]
    assert len([one for one in done if one.path == "/pay/send"]) == said.count("pay")
    assert len([one for one in done if one.path == "/signin"]) == said.count("in")
    assert overheard(heard, PINS.values()) == set()
    assert sum(bool(one.cookie) for one in heard) > len(done), "cookies are on the air, and are kept"

    shuffled = random.Random(7).sample(heard, len(heard))
    for order, again in (("as it was", heard), ("backwards", heard[::-1]), ("shuffled", shuffled)):
        answers = send_again(street, again)
        assert signed_in_again(answers) == 0, order
        for one, answer in answers:
            if one.method == "POST":
                # Who has left has no sign-in any more: that one leaves once more moves nothing.
                fine = answer.status in (400, 403) or (one.path, answer.status) == ("/leave", 302)
                assert fine, (order, one.path, answer.status)
        assert street.head() == before, order
        told = [
            Heard(one.method, one.path, (), b"", said.status, said.text.encode(), said.headers)
            for one, said in answers
        ]
        assert overheard(told, PINS.values()) == set(), order

    # The same ears and the same hands, and a phone without script: found, and signed in again.
    street.sign_in("Dina")
    dina = street.listener.heard[len(heard) :]
    assert {pin for pin, _, _ in overheard(dina, PINS.values())} == {PINS["Dina"]}
    assert signed_in_again(send_again(street, dina)) == 1
