"""A week of somebody without a phone: a card to be paid with, slips on paper, a statement in the hand. Script off."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from appliance.ledger.book.verify import verify
from appliance.ledger.clock import SystemClock
from appliance.ledger.values import Account, AccountNumber
from tests.browser.conftest import Phone
from tests.support import taps
from tests.support.village import PIN, Village

pytestmark = pytest.mark.browser
Phones = Callable[..., Phone]


def days_ago(count: int) -> str:
    """A day as somebody writes it on a slip."""
    day = datetime.fromtimestamp(SystemClock().now().ms / 1000, UTC).astimezone() - timedelta(count)
    return f"{day.day}.{day.month}.{day.year}"


def sign(someone: Phone, button: str) -> None:
    """Type the PIN where the page asks for it, and tap."""
    form = someone.page.locator("form", has=someone.page.get_by_role("button", name=button))
    if form.locator("[name=pin]").count():
        form.locator("[name=pin]").first.fill(PIN)
    taps.tap(form.get_by_role("button", name=button))


def type_in(kira: Phone, total: str, *slips: tuple[str, str, str, str, str]) -> None:
    """A pile: its total as counted by hand; who gave, who got it, amount, day, note."""
    kira.open("/desk")
    kira.tap("Paper slips")
    kira.tap("Type in a pile")
    for row, (payer, payee, amount, day, note) in enumerate(slips, 1):
        kira.type(**{f"a{row}": payer, f"b{row}": payee, f"c{row}": amount, f"d{row}": day, f"f{row}": note})
    kira.type(count=str(len(slips)), total=total)
    kira.press("form[action*='/draft/'] button[value=check]")
    assert kira.reads("Type this pile in?")
    sign(kira, f"Type in {len(slips)} slip")
    assert kira.reads("in the book")


def on_paper(kira: Phone) -> list[list[str]]:
    """The printed page: only the sheet is on it, and it fits on one A4. The rows of its table."""
    kira.page.emulate_media(media="print")
    try:
        assert not kira.page.locator(".button:visible, header:visible, footer:visible").count()
        pdf = kira.page.pdf(prefer_css_page_size=True)
        assert len(re.findall(rb"/Type\s*/Page[^s]", pdf)) == 1
        rows = kira.page.locator(".sheet tr").all()
        return [[cell.inner_text() for cell in row.locator("th, td").all()] for row in rows]
    finally:
        kira.page.emulate_media(media="screen")


def adds_up(rows: list[list[str]]) -> tuple[int, int, int, int]:
    """Opening, came in, went out and closing, once the sums were done with a pencil."""

    def minor(text: str) -> int:
        return round(float(text.replace("\u2212", "-").replace("+", "")) * 100)

    totals = {row[1]: row[2] or row[3] for row in rows}
    balance = opening = minor(totals["Balance before"])
    came_in, went_out, closing = (minor(totals[name]) for name in ("Came in", "Went out", "Balance after"))
    lines = [row for row in rows if "#" in row[0]]
    for _day, _what, moved, after in lines:
        balance += minor(moved)
        assert minor(after) == balance
    assert sum(minor(row[2]) for row in lines if "+" in row[2]) == came_in
    assert sum(minor(row[2]) for row in lines if "\u2212" in row[2]) == went_out
    assert balance == closing == opening + came_in + went_out
    return opening, came_in, went_out, closing


def test_a_week_of_somebody_without_a_phone(phone: Phones, village: Village) -> None:
    alice, bob, kira = phone("Alice"), phone("Bob"), phone("Kira", desk=True)
    kira.open("/desk")
    kira.tap("Take in somebody without a phone")
    kira.type(name="Emma", reason="Lives at the mill, has no phone")
    sign(kira, "Take in")
    assert kira.reads("Emma is in now")
    emma = Account(village.hub.number, AccountNumber(max(village.numbers.values()) + 1))
    person = f"/desk/people/{emma.number}"

    # The card, as it comes out of the printer: one code, her number. Alice's phone reads it.
    kira.page.emulate_media(media="print")
    assert emma.full in kira.text()
    card = kira.page.locator(".wallet").bounding_box()
    assert card is not None
    assert (round(card["width"]), round(card["height"])) == (321, 204)  # 85 x 54 mm
    code = alice.camera(kira)
    kira.page.emulate_media(media="screen")
    kira.tap("It is printed")
    alice.open(code)
    assert alice.reads("Emma")
    alice.type(amount="3")
    alice.tap("Go on")
    alice.type(pin=PIN)
    alice.tap("Pay")
    assert alice.reads("You have paid")

    # Slips that she and others wrote during the week; Kira has no part in them.
    type_in(
        kira,
        "3.50",
        (emma.short, village.account("Bob").short, "1.50", days_ago(4), "eggs"),
        ("Chandra", "Emma", "2", days_ago(3), "mending"),
    )
    type_in(kira, "0.75", ("Emma", "Dina", "0.75", days_ago(1), "honey"))

    # The statement in her hand at the end of the week.
    kira.open(person)
    kira.tap("Statement to print")
    kira.tap("Since the last one printed")
    rows = on_paper(kira)
    assert adds_up(rows) == (0, 500, -225, 275)
    told = " ".join(" ".join(row) for row in rows)
    assert "Alice" in told
    assert "eggs · from a paper slip of" in told
    assert "typed in by Kira" in told
    assert kira.reads("Is something wrong? Tell a keeper")
    assert kira.reads(f"Emma {emma.full}")

    # The eggs were half of that, she says; Kira notes it, and Bob reads it on his phone.
    kira.open(person)
    taps.tap(kira.page.locator("ul.lines a", has_text="eggs"))
    kira.tap("Somebody without a PIN says it is wrong")
    kira.type(words="It was one dozen, not two. She says it at the desk.")
    sign(kira, "Note it")
    assert kira.reads("Emma says that something is wrong")
    assert kira.reads("Noted by the keeper Kira for Emma")
    bob.open("/")
    bob.tap("Emma says that something is wrong")
    assert bob.reads("It was one dozen, not two")
    bob.tap("Give it back")
    sign(bob, "Yes, give it back")
    assert bob.reads("Given back")

    # The next statement begins where the last one ended.
    kira.open(person)
    kira.tap("Statement to print")
    kira.tap("Since the last one printed")
    rows = on_paper(kira)
    assert adds_up(rows) == (275, 150, 0, 425)
    assert "gives back a payment of" in " ".join(rows[2])
    verify(village.hub.store)
