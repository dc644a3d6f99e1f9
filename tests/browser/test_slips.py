"""Forty paper slips are typed in at the hub's own screen, three of them badly; phones read and contest them. Script off."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from appliance.ledger.book.verify import verify
from appliance.ledger.clock import SystemClock
from appliance.ledger.money.transfers import SLIP
from appliance.ledger.values import Account, AccountNumber
from tests.browser.conftest import DESK, Phone
from tests.browser.test_narrow import wide
from tests.support import taps
from tests.support.portal import Portal
from tests.support.village import PIN, Village

pytestmark = pytest.mark.browser
Phones = Callable[..., Phone]

NOBODY = Account(101, AccountNumber(77)).short


def days_ago(days: int) -> str:
    """As people write it on paper: the day, then the month."""
    then = datetime.fromtimestamp(SystemClock().now().ms / 1000, UTC) - timedelta(days=days)
    return f"{then.day}/{then.month}/{then.year}"


def slips(village: Village) -> list[tuple[str, ...]]:
    """Forty slips of four people: 10.70 h in all, and three that cannot be typed in."""
    ring = ("Alice", "Bob", "Chandra", "Dina")
    found: list[tuple[str, ...]] = []
    for n in range(40):
        payer, payee = ring[n % 4], ring[(n + 1) % 4]
        amount = f"0.{25 + n % 4}"
        note = f"bread {n}" if n % 3 else ""
        found.append((payer, village.account(payee).short, amount, days_ago(n // 4 + 1), "fo", note))
    found[6] = (*found[6][:1], NOBODY, *found[6][2:])
    found[20] = ("Alice", "Bob", "90", *found[20][3:])
    found[33] = ("Bob", "Kira", *found[33][2:])
    return found


def fill(kira: Phone, n: int, row: tuple[str, ...]) -> None:
    for letter, text in zip("abcdef", row, strict=True):
        kira.page.fill(f"[name={letter}{n}]", text)


def row_says(kira: Phone, n: int) -> str:
    return " ".join(kira.page.locator(f"#e{n}").inner_text().split())


def test_forty_slips_with_three_bad_rows(phone: Phones, village: Village, portal: Portal) -> None:
    kira = phone("Kira", desk=True)
    assert kira.page.viewport_size == DESK
    pile = slips(village)
    kira.open("/desk")
    kira.tap("Paper slips")
    kira.tap("Type in a pile")

    # Nine of them; then somebody is at the door, and in the night the power goes.
    for n, row in enumerate(pile[:9], 1):
        fill(kira, n, row)
    kira.tap("Go on later")
    assert kira.reads("9 slips")
    portal.kill()
    portal.start()
    kira.open("/desk/slips")
    assert kira.reads("Begun, not in the book yet")
    kira.tap("9 slips")
    assert kira.page.input_value("[name=f9]") == "bread 8"
    for _tap in range(3):
        kira.tap("More rows")
    for n, row in enumerate(pile[9:], 10):
        fill(kira, n, row)

    # Counted one too few, and added up wrong.
    assert wide(kira) <= DESK["width"]
    kira.type(count="39", total="10")
    kira.tap("Check the pile")
    assert kira.reads("3 rows are not right yet")
    assert kira.reads("You counted 39, but 40 slips are typed in.")
    assert kira.reads("By hand you added up 10.00 h. The rows add up to 100.35 h: 90.35 h more.")
    assert row_says(kira, 7) == f"Nobody here has the number {NOBODY}."
    assert "Alice can give only 1" in row_says(kira, 21)
    assert row_says(kira, 34) == "You have a part in this slip yourself: another keeper must type it in."
    kira.tap("Row 21")
    assert kira.page.evaluate("document.activeElement.name") == "c21", "the cursor stands where it is wrong"
    assert kira.page.input_value("[name=c21]") == "90"

    # The number was misread, the comma overlooked, and Kira's own slip goes to another keeper.
    kira.page.fill("[name=b7]", "Dina")
    kira.page.fill("[name=c21]", "0.90")
    for letter in "abcdef":
        kira.page.fill(f"[name={letter}34]", "")
    kira.tap("Check the pile")
    assert not kira.reads("not right yet")
    assert kira.reads("The pile does not add up yet.")
    kira.type(count="39", total="11")
    kira.tap("Check the pile")
    assert kira.reads("By hand you added up 11.00 h. The rows add up to 10.99 h: 0.01 h less.")
    kira.type(total="10.99")
    kira.tap("Check the pile")
    assert kira.reads("Type this pile in?")
    assert kira.reads("39 slips, 10.99 h")
    assert "You are even" in phone("Alice").balance(), "nothing has happened yet"
    kira.type(pin="8642")
    kira.tap("Type in 39 slips")
    assert kira.reads("The PIN is not right")
    # The pile is in the book, the answer never left; her browser sends it once more.
    kira.type(pin=PIN)
    assert portal.flag is not None
    portal.flag.touch()
    taps.tap_in_vain(kira.named("Type in 39 slips"))
    portal.ended(20)
    portal.kill()
    portal.start()
    kira.page.reload()
    assert kira.reads("39 slips, 10.99 h"), "sent twice, it is the one pile"
    kira.open("/desk/log")
    assert kira.text().count("Kira typed in 39 paper slips, 10.99 h in all.") == 1
    kira.open("/desk/slips")
    assert not kira.reads("Begun")

    # At the next sign-in both sides of a slip read it; the one calls it right, the other does not.
    alice, bob = phone("Alice"), phone("Bob")
    alice.open("/")
    assert alice.reads("The keeper Kira typed in 20 paper slips of yours")
    bob.open("/")
    assert bob.reads("The keeper Kira typed in 19 paper slips of yours")
    bob.tap("Show all")
    assert bob.reads("You paid Chandra")
    bob.tap("are right")
    assert not bob.reads("paper slips of yours")
    alice.tap("You paid Bob")
    assert alice.reads("From a paper slip of")
    assert alice.reads("Kira typed it in")
    alice.tap("Something is wrong")
    alice.type(words="It was half of that")
    if alice.page.locator("[name=pin]").count():
        alice.type(pin=PIN)
    alice.tap("Tell the keepers")
    assert alice.reads("The keepers have until")
    alice.open("/")
    assert alice.reads("The keeper Kira typed in 19 paper slips of yours")
    assert alice.reads("You said that something is wrong")
    bob.open("/")
    assert bob.reads("Alice says that something is wrong")
    kira.open("/desk")
    kira.tap("1 payment is contested")
    assert kira.reads("It was half of that")

    verify(village.hub.store)
    with village.hub.reading() as tx:
        found = tx.first("SELECT COUNT(*), SUM(amount) FROM transfer WHERE kind = ?", SLIP)
    assert found == (39, 1099)


def test_the_table_works_on_a_phone_sized_screen(phone: Phones, village: Village) -> None:
    kira = phone("Kira")
    kira.open("/desk/slips/new")
    fill(kira, 1, ("Alice", "Bob", "0.5", days_ago(1), "", "bread"))
    kira.type(count="1", total="0.5")
    kira.page.fill("[name=c2]", "W" * 60)
    kira.tap("Check the pile")
    assert kira.reads("Who gave? Type the number or the name.")
    assert kira.page.get_by_text("Who got it").nth(1).is_visible(), "each field says what it is for"
    assert wide(kira) <= 360
    kira.page.fill("[name=c2]", "")
    kira.tap("Check the pile")
    assert wide(kira) <= 360
    assert kira.reads("1 slip, 0.50 h")


def test_a_sheet_of_slips_is_one_page_of_paper(phone: Phones) -> None:
    kira = phone("Kira", desk=True)
    kira.open("/desk/slips/blank")
    sheet = kira.page.pdf(prefer_css_page_size=True)
    assert sheet.count(b"/Type /Page\n") + sheet.count(b"/Type/Page\n") + sheet.count(b"/Type /Page ") == 1
