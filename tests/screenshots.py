"""`make screenshots`: every kind of page of a fresh sample village, as a cheap phone without script shows it.

Starts ``hub serve`` on a village of its own, walks through the pages as Alice, Bob, Dina, Kira, the newcomer and a
stranger, and takes a picture of each: 360x640, script off. The few that the documentation shows go to docs/images/, all of
them to --to (default build/screenshots, which git ignores). Prints a table of page, status and bytes, and fails when a page
with its style sheet is over 30 KB, or when one has another status than it should.
"""

import argparse
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, Response, sync_playwright

from appliance.demo import PIN, prepare
from appliance.demo.village import ALICE, BOB, DINA, KIRA
from appliance.ledger.hub import Hub
from appliance.ledger.keys import KdfCost
from appliance.ledger.reads import desk, member
from appliance.ledger.values import Account, AccountNumber

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
MOST_BYTES = 30 * 1024
IN_THE_DOCS = ("home", "pay_check", "claim_confirm")
POST_BUTTON = "main form[method=post] button"
OK, REFUSED, FORBIDDEN, MISSING = 200, 422, 403, 404


@dataclass(frozen=True)
class Shot:
    """A page to look at: who sees it, how to get there, with which status it answers."""

    name: str
    who: AccountNumber | None
    go: Callable[[Page], Response | None]
    status: int = OK
    language: str = "en"


def at(path: str) -> Callable[[Page], Response | None]:
    """By its address."""
    return lambda page: page.goto(path)


def sent(path: str, button: str = POST_BUTTON, **fields: str) -> Callable[[Page], Response | None]:
    """By filling in the form at ``path`` and sending it."""

    def go(page: Page) -> Response | None:
        page.goto(path)
        return send(page, button, **fields)

    return go


def send(page: Page, button: str, **fields: str) -> Response | None:
    """Fill in the form on the page and send it; the answer at the end of all redirects."""
    for name, value in fields.items():
        boxes = page.locator(f"main [name={name}]")
        if boxes.first.get_attribute("type") == "radio":
            page.locator(f"main [name={name}][value='{value}']").check()
        elif page.locator(f"main select[name={name}]").count():
            boxes.first.select_option(value)
        else:
            boxes.first.fill(value)
    return click(page, button)


def click(page: Page, what: str) -> Response | None:
    with page.expect_navigation() as navigated:
        page.locator(what).first.click()
    return navigated.value


def tapped(path: str, link: str) -> Callable[[Page], Response | None]:
    """By the first link like ``link`` on the page at ``path``."""

    def go(page: Page) -> Response | None:
        page.goto(path)
        return click(page, f"main a[href*='{link}']")

    return go


def paid(path: str, **fields: str) -> Callable[[Page], Response | None]:
    """By paying: the amount at ``path``, the check page, the PIN."""

    def go(page: Page) -> Response | None:
        sent(path, **fields)(page)
        return send(page, POST_BUTTON, pin=PIN)

    return go


def shots(data: Path) -> list[Shot]:
    """Every kind of page, with what the village in ``data`` has for it."""
    hub = Hub.open(data)
    try:
        with hub.reading() as tx:
            alice, bob = member.home(tx, ALICE), member.home(tx, BOB)
            newcomer = desk.account_lines(tx, "applied")[0].who.number
            wants = [one for one in member.listings_of(tx, BOB, ALICE) if one.kind == "want"]
            offer = next(one for one in member.listings_of(tx, BOB, ALICE) if one.kind == "offer")
        to_bob = f"/P/{Account(hub.number, BOB).compact}"
    finally:
        hub.close()
    assert alice is not None
    assert bob is not None
    bobs = next(one for one in alice.to_pay if one.payee.number == BOB)
    other = next(one for one in alice.to_pay if one.payee.number != BOB)
    open_to_all = next(one for one in alice.asked if one.payer is None)
    dinas = next(one for one in alice.to_confirm if one.carer.number == DINA)
    return [
        # a stranger, a newcomer
        Shot("welcome", None, at("/")),
        Shot("join", None, at("/join")),
        Shot("join_refused", None, sent("/join", name="Moses", pin="1234", pin2="1234"), REFUSED),
        Shot("signin", None, at("/signin")),
        Shot("signin_wrong", None, sent("/signin", number="4-9", pin="8642"), REFUSED),
        Shot("keepers", None, at("/keepers")),
        Shot("missing", None, at("/nowhere"), MISSING),
        Shot("waiting", newcomer, at("/")),
        # Alice at home
        Shot("home", ALICE, at("/")),
        Shot("home_es", ALICE, at("/"), language="es"),
        Shot("statement", ALICE, at("/statement")),
        Shot("me", ALICE, at("/me")),
        Shot("my_qr", ALICE, at("/me/qr")),
        Shot("pin", ALICE, at("/me/pin")),
        Shot("forbidden", ALICE, at("/desk"), FORBIDDEN),
        # paying and asking
        Shot("pay_whom", ALICE, at("/pay")),
        Shot("pay_which", ALICE, at("/pay?to=a")),
        Shot("pay_nobody", ALICE, at("/pay?to=9999-1"), REFUSED),
        Shot("pay_amount", ALICE, at(to_bob)),
        Shot(
            "pay_check", ALICE, sent(to_bob, amount="1.25", category="repair", note="Bicycle, two punctures")
        ),
        Shot("pay_wrong_pin", ALICE, wrong_pin(to_bob, amount="1.25"), REFUSED),
        Shot("pay_over_limit", ALICE, paid(to_bob, amount="90"), REFUSED),
        Shot("receipt", ALICE, paid(to_bob, amount="1.25", category="repair", note="Bicycle, two punctures")),
        Shot("pay_again", ALICE, paid(to_bob, amount="1.25", category="repair"), REFUSED),
        Shot("receipt_bob", BOB, tapped("/statement", "/t/")),
        Shot("undo", BOB, undo_first),
        Shot("ask", ALICE, at("/ask")),
        Shot("request_qr", ALICE, at(f"/R/{open_to_all.code}")),
        Shot("request", ALICE, at(f"/R/{bobs.code}")),
        Shot("request_paid", ALICE, sent(f"/R/{bobs.code}", "form[action$=accept] button", pin=PIN)),
        Shot("request_declined", ALICE, sent(f"/R/{other.code}", "form[action$=decline] button")),
        # the market
        Shot("market", ALICE, at("/market")),
        Shot("market_wants", ALICE, at("/market?kind=want")),
        Shot("market_search", ALICE, at("/market?q=bread")),
        Shot("market_nothing", ALICE, at("/market?q=submarine")),
        Shot("market_listing", ALICE, at(f"/market/{offer.id.hex()}")),
        Shot("market_want", ALICE, at(f"/market/{wants[0].id.hex()}")),
        Shot("market_which", ALICE, at("/market/new")),
        Shot("market_new", ALICE, at("/market/new?kind=offer")),
        Shot("market_mine", ALICE, at("/market/mine")),
        Shot("market_suggestions", ALICE, at("/market/suggestions")),
        # care
        Shot("care", DINA, at("/care")),
        Shot("care_new", DINA, at("/care/new")),
        Shot("care_code", ALICE, at("/care/code")),
        Shot("claim_qr", DINA, at(f"/C/{dinas.code}")),
        Shot("claim_confirm", ALICE, at(f"/C/{dinas.code}")),
        Shot("claim_confirmed", ALICE, sent(f"/C/{dinas.code}", "form[action$=confirm] button", pin=PIN)),
        Shot("claim_paid", DINA, at(f"/C/{dinas.code}")),
        # the desk
        Shot("desk", KIRA, at("/desk")),
        Shot("desk_people", KIRA, at("/desk/people")),
        Shot("desk_newcomer", KIRA, at(f"/desk/people/{newcomer}")),
        Shot("desk_member", KIRA, at(f"/desk/people/{BOB}")),
        Shot("desk_log", KIRA, at("/desk/log")),
        Shot("desk_rules", KIRA, at("/desk/rules")),
        Shot("desk_rules_credit", KIRA, at("/desk/rules/credit")),
        Shot("desk_rules_care", KIRA, at("/desk/rules/care")),
    ]


def wrong_pin(path: str, **fields: str) -> Callable[[Page], Response | None]:
    def go(page: Page) -> Response | None:
        sent(path, **fields)(page)
        return send(page, POST_BUTTON, pin="8642")

    return go


def undo_first(page: Page) -> Response | None:
    tapped("/statement", "/t/")(page)
    return click(page, "main a[href$='/undo']")


@contextmanager
def serving(data: Path, log: Path) -> Iterator[str]:
    """The address of ``hub serve`` for ``data``, once it answers."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [
        str(Path(sys.executable).parent / "hub"),
        "serve",
        "--data",
        str(data),
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as server:
        try:
            address = f"http://localhost:{port}"
            _wait_for(f"{address}/health", server)
            yield address
        finally:
            server.terminate()


def _wait_for(address: str, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            urllib.request.urlopen(address, timeout=5).close()
        except urllib.error.URLError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


class Visitors:
    """A browser of its own for each person, signed in when first needed."""

    def __init__(self, browser: Browser, address: str, hub_number: int) -> None:
        self._browser, self._address, self._hub = browser, address, hub_number
        self._contexts: dict[tuple[AccountNumber | None, str], BrowserContext] = {}

    def page(self, who: AccountNumber | None, language: str) -> Page:
        context = self._contexts.get((who, language))
        if context is None:
            context = self._contexts[who, language] = self._browser.new_context(
                base_url=self._address,
                viewport={"width": 360, "height": 640},
                device_scale_factor=2,
                java_script_enabled=False,
                locale={"en": "en-GB", "es": "es-ES"}[language],
            )
            if who is not None:
                page = context.new_page()
                answer = sent("/signin", number=Account(self._hub, who).short, pin=PIN)(page)
                assert answer is not None
                assert answer.ok, answer.url
                page.close()
        return context.new_page()


@dataclass(frozen=True)
class Taken:
    shot: Shot
    status: int
    html: int
    all: int

    @property
    def wrong(self) -> str:
        """What should not be, in words; empty when all is well."""
        if self.status != self.shot.status:
            return f"should be {self.shot.status}"
        return "too large" if self.all > MOST_BYTES else ""


def take(visitors: Visitors, shot: Shot, folder: Path, full: bool) -> Taken:
    """Go to the page and take its picture; with what it says and weighs."""
    page = visitors.page(shot.who, shot.language)
    try:
        answer = shot.go(page)
        assert answer is not None
        html = len(answer.body())
        styles = [
            page.locator("link[rel=stylesheet], link[rel=icon]").nth(n).get_attribute("href")
            for n in range(2)
        ]
        others = sum(len(page.request.get(link).body()) for link in styles if link)
        page.screenshot(path=folder / f"{shot.name}.png", full_page=full)
        return Taken(shot, answer.status, html, html + others)
    finally:
        page.close()


def main() -> int:
    words = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    words.add_argument(
        "--to", type=Path, default=ROOT / "build" / "screenshots", help="where all pictures go"
    )
    words.add_argument(
        "--full", action="store_true", help="the whole length of each page, not the first 640 pixels"
    )
    words.add_argument(
        "--only", default="", help="only pages whose name contains this (states made on the way are missing)"
    )
    asked = words.parse_args()
    asked.to.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "river"
        prepare(data, cost=KdfCost(1, 8 * 1024 * 1024))  # cheap keys: nobody looks at how long a PIN takes
        address = stack.enter_context(serving(data, asked.to / "server.log"))
        browser = stack.enter_context(sync_playwright()).chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        visitors = Visitors(browser, address, 101)
        wanted = [shot for shot in shots(data) if asked.only in shot.name]
        taken = [take(visitors, shot, asked.to, asked.full) for shot in wanted]
        browser.close()
    print(f"{'page':<20}{'status':>7}{'html':>8}{'with style':>12}")
    for one in taken:
        print(f"{one.shot.name:<20}{one.status:>7}{one.html:>8}{one.all:>12}  {one.wrong}".rstrip())
    if not asked.full:
        IMAGES.mkdir(parents=True, exist_ok=True)
        for name in IN_THE_DOCS:
            picture = asked.to / f"{name}.png"
            if picture.exists():
                # Few colours are enough for a page, and a third of the bytes.
                with Image.open(picture) as image:
                    image.convert("RGB").quantize(96).save(IMAGES / picture.name, optimize=True)
    wrong = [one.shot.name for one in taken if one.wrong]
    if wrong:
        print(f"screenshots: not as they should be: {', '.join(wrong)}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
