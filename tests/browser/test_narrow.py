"""Whatever another village says fits on a screen 360 wide: its names, words and amounts are nobody's choice here.

So are the names of our own people.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from appliance.ledger.book import letters
from appliance.ledger.book.letters import FarListing
from appliance.ledger.book.records import EVERYONE, Kind
from appliance.ledger.market.listings import LONGEST_TITLE
from appliance.ledger.people.members import Approve
from appliance.ledger.values import MAX_AMOUNT, Account, AccountNumber
from tests.browser.conftest import Phone
from tests.support.mad_hub import MadHub, Word
from tests.support.portal import Portal
from tests.support.two_villages import HILL, RIVER, TwoVillages, directory, two_villages
from tests.support.village import a_village

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


FAR_FROM_HERE = "عبد الرحمن بن محمد الأنصاري القرطبي"
LONG = "Maximiliana-Konstantinopolitanskaya Xoa"


def test_names_of_any_script_leave_numbers_and_the_village_readable(
    tmp_path: Path, chromium: Browser
) -> None:
    with a_village(tmp_path / "river") as river:
        for name in (FAR_FROM_HERE, LONG):
            river.do("Kira", Approve(river.join(name)))
            river.pay("Alice", name, 125)
        river.hub.close()
        with Portal(river.hub.data) as portal:
            for name in (FAR_FROM_HERE, LONG):
                context = chromium.new_context(
                    viewport={"width": 360, "height": 640}, java_script_enabled=False
                )
                phone = Phone(context.new_page(), portal)
                phone.sign_in(river.account(name).short)
                village = phone.page.locator("header .where span").evaluate(LINES)
                assert village == 1, f"the village stands in {village} lines beside {name}"
                assert wide(phone) <= 360
                context.close()
            context = chromium.new_context(viewport={"width": 360, "height": 640}, java_script_enabled=False)
            alice = Phone(context.new_page(), portal)
            alice.sign_in(river.account("Alice").short)
            alice.open(f"/P/{river.account(FAR_FROM_HERE).compact}")
            number = alice.page.locator("h1 .number")
            assert number.inner_text() == river.account(FAR_FROM_HERE).short
            first, last = number.evaluate(ENDS)
            assert first < last, "a number is read from left to right, after Arabic, too"
            context.close()


LINES = (
    "it => { const r = document.createRange(); r.selectNodeContents(it); return r.getClientRects().length }"
)
ENDS = """it => { const t = it.firstChild, at = n => { const r = document.createRange(); r.setStart(t, n);
    r.setEnd(t, n + 1); return r.getBoundingClientRect().left }; return [at(0), at(t.length - 1)] }"""
