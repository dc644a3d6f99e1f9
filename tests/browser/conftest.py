"""Phones: Debian's chromium at 360x640 with script off, one profile a person."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, Response, ViewportSize, sync_playwright

from tests.support import taps
from tests.support.chromium import launch
from tests.support.portal import Portal
from tests.support.village import PIN, Village, a_copied_village

PHONE: Final[ViewportSize] = {"width": 360, "height": 640}
DESK: Final[ViewportSize] = {"width": 1024, "height": 768}
"""The hub's own screen."""

LARGEST_PAGE: Final = 30 * 1024


@dataclass
class Phone:
    """Somebody's phone, with what a person can do on it."""

    page: Page
    portal: Portal

    def open(self, path: str) -> None:
        """Type an address, or follow one that a camera read."""
        self.page.goto(path if path.lower().startswith("http") else self.portal.address + path)

    def sign_in(self, number: str, pin: str = PIN) -> None:
        self.open("/signin")
        self.page.fill("[name=number]", number)
        self.page.fill("[name=pin]", pin)
        self.press("form[action='/signin'] button")

    def named(self, words: str) -> Locator:
        """The button or link with these words on it."""
        return (
            self.page.get_by_role("button", name=words).or_(self.page.get_by_role("link", name=words)).first
        )

    def tap(self, words: str) -> None:
        """Tap a button or link by the words on it, and be on the page that it leads to."""
        taps.tap(self.named(words))

    def press(self, selector: str) -> None:
        """As `tap`, for the first one that fits a selector."""
        taps.tap(self.page.locator(selector).first)

    def type(self, **typed: str) -> None:
        """Fill in fields by their names."""
        for name, text in typed.items():
            self.page.fill(f"[name={name}]", text)

    def reads(self, words: str) -> bool:
        """Whether the page says ``words`` (line ends and spaces do not matter)."""
        return " ".join(words.split()) in self.text()

    def text(self) -> str:
        return " ".join(self.page.locator("body").inner_text().split())

    def camera(self, other: "Phone") -> str:
        """Point this phone's camera at another's screen: the address in the QR code there."""
        picture = Image.open(io.BytesIO(other.page.screenshot(full_page=True)))
        codes = zxingcpp.read_barcodes(picture)
        assert len(codes) == 1, f"{len(codes)} codes on {other.page.url}"
        return codes[0].text

    def balance(self) -> str:
        """What home says stands on the account, with its words."""
        self.open("/")
        return " ".join(self.page.locator("h1").inner_text().split())


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright.chromium)
        yield browser
        browser.close()


@pytest.fixture
def village(tmp_path: Path) -> Iterator[Village]:
    """River, with its ledger free for the portal's process."""
    with a_copied_village(tmp_path / "river") as made:
        made.hub.close()
        yield made


@pytest.fixture
def portal(village: Village) -> Iterator[Portal]:
    """The portal's process; a flag file beside the data cuts its power between commit and answer."""
    with Portal(village.hub.data, dies_before_answering=village.hub.data.parent / "cut") as running:
        yield running
    # A person read "something went wrong" and a test may only have waited for other words.
    assert "Traceback" not in running.log.read_text("utf-8")


@pytest.fixture
def phone(chromium: Browser, portal: Portal, village: Village) -> Iterator[Callable[[str], Phone]]:
    """``phone("Alice")``: Alice's phone, signed in; ``phone("")``: a stranger's; ``script``: with script on."""
    contexts = []
    too_large: list[str] = []

    def measure(answer: Response) -> None:
        photo = (
            answer.headers.get("content-type") == "image/jpeg"
        )  # it comes after the page, and has a bound of its own
        if not photo and int(answer.headers.get("content-length", "0")) > LARGEST_PAGE:
            too_large.append(answer.url)

    def make(name: str, language: str = "en", desk: bool = False, script: bool = False) -> Phone:
        context = chromium.new_context(
            viewport=DESK if desk else PHONE, java_script_enabled=script, locale=language
        )
        contexts.append(context)
        context.set_default_timeout(30_000)  # a busy machine is slow, not wrong
        context.on("response", measure)
        page = context.new_page()
        phone = Phone(page, portal)
        if name:
            phone.sign_in(village.account(name).short)
        return phone

    yield make
    for context in contexts:
        context.close()
    assert not too_large
