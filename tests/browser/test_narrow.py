"""Whatever another village says fits on a screen 360 wide: its names, words and amounts are nobody's choice here."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from appliance.ledger.book import letters
from appliance.ledger.book.letters import FarListing
from appliance.ledger.book.records import EVERYONE, Kind
from appliance.ledger.market.listings import LONGEST_TITLE
from appliance.ledger.values import MAX_AMOUNT, Account, AccountNumber
from tests.browser.conftest import Phone
from tests.support.mad_hub import MadHub, Word
from tests.support.portal import Portal
from tests.support.two_villages import HILL, RIVER, TwoVillages, directory, two_villages

pytestmark = pytest.mark.browser

ONE_WORD = "W" * 40


@pytest.fixture
def told(tmp_path: Path) -> Iterator[TwoVillages]:
    """River has heard from Hill, gone mad, what it could think of; Alice has paid there before."""
    with two_villages(tmp_path) as two:
        two.send("Alice", "Chandra", 125, note="hello")
        two.carry()
        post = two.posts[HILL]
        boxes = {row.hub: bytes(row.box_key) for row in post.roster()}
        mad = MadHub(two.hill.hub, directory(two.hill.hub, post), boxes)
        alice, chandra = two.river.numbers["Alice"], two.hill.numbers["Chandra"]
        huge = letters.sent(letters.Sent(chandra, alice, "food", ONE_WORD * 3))
        listing = FarListing(1, chandra, False, "food", MAX_AMOUNT, ONE_WORD * 3)
        for data in mad.say(
            Word(Kind.PERSON, EVERYONE, 0, letters.person(chandra, ONE_WORD)),
            Word(Kind.LISTING, EVERYONE, 0, letters.listing(listing)),
            mad.pay(RIVER, alice, 300),
            Word(Kind.SENT, RIVER, MAX_AMOUNT, huge),
        ):
            two.deliver(data, RIVER)
        two.close()
        yield two


def test_nothing_is_wider_than_the_screen(told: TwoVillages, chromium: Browser) -> None:
    with Portal(told.river.hub.data) as portal:
        context = chromium.new_context(viewport={"width": 360, "height": 640}, java_script_enabled=False)
        alice = Phone(context.new_page(), portal)
        alice.sign_in(told.river.account("Alice").short)
        chandra = Account(HILL, AccountNumber(told.hill.numbers["Chandra"])).compact
        alice.open("/")
        lines = [link.get_attribute("href") or "" for link in alice.page.locator("ul.lines a").all()]
        assert len(lines) == 3, alice.text()
        for path in ("/", "/statement", *lines, "/market", f"/market/{HILL}/1", f"/P/{chandra}"):
            alice.open(path)
            assert wide(alice) <= 360, path
        alice.open(f"/market/{HILL}/1")
        assert alice.reads("W" * LONGEST_TITLE)
        assert not alice.reads("W" * (LONGEST_TITLE + 1)), "no longer than titles here"
        alice.open(f"/P/{chandra}")
        alice.type(amount="1")
        alice.tap("Go on")
        assert alice.reads("Is this right?")
        assert wide(alice) <= 360
        context.close()


def wide(phone: Phone) -> int:
    """How wide the page is; more than the screen, and it has to be pushed to and fro."""
    return int(phone.page.evaluate("document.documentElement.scrollWidth"))
