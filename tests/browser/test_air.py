"""Somebody listens to the Wi-Fi while people sign in and pay, and then sends it all again.

Twice: from phones without script, where the PINs are heard and credit moves; and from phones with script, where
nothing is found and nothing moves. Real phones (Chromium) at a plain http address, the portal in its own process.
"""

import base64
import json
import os
import re
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from playwright.sync_api import TimeoutError as TooLong

from appliance.ledger.book.command import Receipt
from tests.support.chromium import launch
from tests.support.listener import Heard, Listener, Said, say
from tests.support.portal import Portal
from tests.support.taps import tap
from tests.support.village import PIN, Village, a_village

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

HOST = "river.hub.internal"
PINS = {"Alice": "83920571", "Bob": "60417395", "Chandra": "95731824"}
"""Eight digits that nothing else has by chance."""

ROUNDS = int(os.environ.get("HUB_AIR_ROUNDS", "2"))
"""Sign-ins of each, with three payments in each. Nine (``make test-long``) are a busy hour of a village; more would pay the same twice."""


@pytest.fixture
def village(tmp_path: Path) -> Iterator[Village]:
    with a_village(tmp_path / "river", credit={"pin_above": 100, "low": -10_000, "high": 10_000}) as made:
        for name, pin in PINS.items():
            assert isinstance(made.hub.change_pin(made.numbers[name], PIN, pin), Receipt)
        made.hub.close()
        yield made


@pytest.fixture
def portal(village: Village) -> Iterator[Portal]:
    with Portal(village.hub.data) as running:
        yield running
    assert "Traceback" not in running.log.read_text("utf-8")


@pytest.fixture
def listener(portal: Portal) -> Iterator[Listener]:
    with Listener(portal.port) as one:
        yield one


@pytest.fixture
def phones(chromium: Browser) -> Iterator[Browser]:
    """A browser to which the hub's name is the listener's address, so that it is no secure context."""
    started = launch(chromium.browser_type, f"--host-resolver-rules=MAP {HOST} 127.0.0.1")
    yield started
    started.close()


def look(page: Page, name: str) -> None:
    """A picture, where somebody wants to see the pages."""
    if folder := os.environ.get("HUB_PICTURES"):
        page.set_viewport_size({"width": 360, "height": 640})
        (Path(folder) / f"{name}.png").write_bytes(page.screenshot(full_page=True))


def sign_in(page: Page, at: str, number: str, pin: str) -> None:
    page.goto(f"{at}/signin")
    page.fill("[name=number]", number)
    page.fill("[name=pin]", pin)
    tap(page.locator("form[action='/signin'] button"))
    page.wait_for_url(f"{at}/")


def pay(page: Page, at: str, payee: str, amount: str, pin: str) -> None:
    page.goto(f"{at}/P/{payee}")
    page.fill("[name=amount]", amount)
    tap(page.locator("form[action='/pay/check'] button").first)
    page.wait_for_selector("form[action='/pay/send']")
    if page.locator("form[action='/pay/send'] [name=pin]").count():
        page.fill("form[action='/pay/send'] [name=pin]", pin)
    tap(page.locator("form[action='/pay/send'] button").first)
    try:
        page.wait_for_url(re.compile("/t/"))
    except TooLong:
        raise AssertionError(page.locator("main").inner_text()) from None


def an_hour(phones: Browser, listener: Listener, village: Village, script: bool) -> None:
    """Everybody signs in, pays below and above what asks for the PIN, and leaves; over and over."""
    at = f"http://{HOST}:{listener.port}"
    others = dict(zip(PINS, [*list(PINS)[1:], next(iter(PINS))], strict=True))
    for name, pin in PINS.items():
        context = phones.new_context(java_script_enabled=script)
        context.set_default_timeout(90_000)
        page = context.new_page()
        for turn in range(ROUNDS):
            sign_in(page, at, village.account(name).short, pin)
            if script:
                assert page.evaluate("window.isSecureContext") is False
                assert page.evaluate("Object.keys(localStorage).length") == 1
            for amount in (f"0.{turn + 1}1", f"0.{turn + 1}2", f"1.{turn}3"):
                pay(page, at, village.account(others[name]).compact, amount, pin)
            if turn == ROUNDS - 1:
                break  # the last one stays, as people do
            page.goto(f"{at}/me")
            tap(page.locator("form[action='/leave'] button"))
            page.wait_for_url(f"{at}/")
            if script:
                assert page.evaluate("Object.keys(localStorage)") == [], "Leave wipes the key"
        context.close()


def found(heard: list[Heard], words: list[str]) -> set[str]:
    """Which of ``words`` are somewhere in what was heard: as they are, quoted, in hex or in base64."""
    everything = b"\n".join(one.everything() for one in heard)
    looked = {everything, urllib.parse.unquote_to_bytes(everything)}
    for text in re.findall(rb"[0-9a-f]{16,}", everything):
        looked.add(bytes.fromhex(text[: len(text) // 2 * 2].decode()))
    for text in re.findall(rb"[A-Za-z0-9_+/-]{16,}", everything):
        cut = text[: len(text) // 4 * 4].replace(b"-", b"+").replace(b"_", b"/")
        looked.add(base64.b64decode(cut))
    return {word for word in words if any(word.encode() in text for text in looked)}


def head(portal: Portal) -> str:
    return str(json.loads(say(portal.port, "GET", "/health", ()).text)["ledger"]["head"])


def replay(portal: Portal, heard: list[Heard]) -> list[tuple[Heard, Said]]:
    return [(one, say(portal.port, one.method, one.path, one.headers, one.body)) for one in heard]


def act_with_what_was_heard(portal: Portal, village: Village, heard: list[Heard]) -> Said:
    """The thief pays Dina out of the account of whoever signed in last, with the cookie and all that was in the clear."""
    last = next(one for one in reversed(heard) if one.path == "/pay/send")
    sent = dict(urllib.parse.parse_qsl(last.body.decode()))
    payee, with_cookie = village.account("Dina").full, (("Cookie", last.cookie),)
    typed = {"csrf_token": sent["csrf_token"], "to": payee, "amount": "0.9", "category": "other"}
    form = {**typed, "key": "ab" * 16, "note": "", "again": "1", "pin": sent.get("pin", "83920571")}
    form["air_challenge"], form["air_mac"] = sent.get("air_challenge", ""), sent.get("air_mac", "")
    if "air_mac" not in sent:
        del form["air_challenge"], form["air_mac"]
    body = urllib.parse.urlencode(form).encode()
    kind = (("Content-Type", "application/x-www-form-urlencoded"),)
    return say(portal.port, "POST", "/pay/send", (*with_cookie, *kind), body)


def came_in(answers: list[tuple[Heard, Said]]) -> int:
    """How many recorded sign-ins signed somebody in again."""
    return sum(one.path == "/signin" and one.method == "POST" and said.status == 302 for one, said in answers)


def test_from_phones_without_script_a_listener_gets_the_pins_and_moves_credit(
    phones: Browser, listener: Listener, portal: Portal, village: Village
) -> None:
    an_hour(phones, listener, village, script=False)
    heard, before = list(listener.heard), head(portal)
    assert found(heard, list(PINS.values())) == set(PINS.values())
    assert came_in(replay(portal, heard)) == ROUNDS * len(PINS)
    assert act_with_what_was_heard(portal, village, heard).status == 302
    assert head(portal) != before


def test_from_phones_with_script_nothing_is_found_and_nothing_moves(
    phones: Browser, listener: Listener, portal: Portal, village: Village
) -> None:
    an_hour(phones, listener, village, script=True)
    heard, before = list(listener.heard), head(portal)
    forms = [one for one in heard if one.method == "POST"]
    assert len([one for one in forms if one.path == "/pay/send" and one.status == 302]) == 3 * ROUNDS * len(
        PINS
    )
    assert found(heard, list(PINS.values())) == set()
    for when in ("at once", "after a restart"):
        answers = replay(portal, heard)
        assert came_in(answers) == 0, when
        for one, said in answers:
            if one.method == "POST":
                # Who has left already has no sign-in any more: of them no form counts either.
                assert said.status in (400, 403) or (one.path, said.status) == ("/leave", 302), (
                    when,
                    one.path,
                )
        assert act_with_what_was_heard(portal, village, heard).status == 403, when
        assert head(portal) == before, when
        portal.stop()
        portal.start()
    # What the page says of a stolen cookie: it may read.
    last = forms[-1]
    assert "Chandra" in say(portal.port, "GET", "/", (("Cookie", last.cookie),)).text


def test_with_script_people_join_change_the_pin_and_are_told_when_the_key_is_gone(
    phones: Browser, listener: Listener, portal: Portal, village: Village
) -> None:
    """Other forms with a PIN in them, and a phone whose memory was cleared."""
    at = f"http://{HOST}:{listener.port}"
    page = phones.new_context().new_page()
    page.set_default_timeout(90_000)
    page.goto(f"{at}/join")
    page.fill("[name=name]", "Erin")
    page.fill("[name=pin]", "49172638")
    page.fill("[name=pin2]", "49172638")
    tap(page.locator("form[action='/join'] button"))
    page.wait_for_selector("text=A keeper must say yes")
    look(page, "waiting_sealed")
    page.goto(f"{at}/me/pin")
    page.fill("[name=pin]", "49172638")
    page.fill("[name=new]", "52906417")
    page.fill("[name=new2]", "52906417")
    tap(page.locator("form[action='/me/pin'] button"))
    page.wait_for_selector("text=Your PIN has been changed")
    assert found(list(listener.heard), ["49172638", "52906417"]) == set()

    page.evaluate("localStorage.clear()")
    page.goto(f"{at}/me/pin")
    page.fill("[name=pin]", "52906417")
    page.fill("[name=new]", "83615290")
    page.fill("[name=new2]", "83615290")
    tap(page.locator("form[action='/me/pin'] button"))
    page.wait_for_selector("text=This sign-in is sealed, and what came was not")
    look(page, "not_sealed")
    tap(page.get_by_role("link", name="Sign in again"))
    page.wait_for_selector("form[action='/signin']")
    look(page, "signin_sealed")
    assert found(list(listener.heard), ["52906417", "83615290"]) == set(), (
        "even then no PIN goes out in the open"
    )
