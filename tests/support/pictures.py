"""Pictures of pages, as a cheap phone without script shows them: how to get to a page, who looks, what it weighs."""

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, Response

from appliance.demo import PIN
from appliance.ledger.values import Account, AccountNumber
from tests.support import taps

MOST_BYTES = 30 * 1024
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
    return taps.tap(page.locator(what).first)


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


def wrong_pin(path: str, **fields: str) -> Callable[[Page], Response | None]:
    def go(page: Page) -> Response | None:
        sent(path, **fields)(page)
        return send(page, POST_BUTTON, pin="8642")

    return go


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
        except OSError:  # refused, or too busy to answer yet
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
                locale={"en": "en-GB"}.get(language, language),
            )
            context.set_default_timeout(30_000 if language == "en" else 4_000)
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
        links = page.locator("link[rel=stylesheet], link[rel=icon]").all()
        styles = [link.get_attribute("href") for link in links]
        others = sum(len(page.request.get(link).body()) for link in styles if link)
        page.screenshot(path=folder / f"{shot.name}.png", full_page=full)
        return Taken(shot, answer.status, html, html + others)
    finally:
        page.close()
