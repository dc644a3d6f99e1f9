"""A damaged book: phones without script still read, every attempt to write says what to do next, and nothing is written."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.browser.conftest import Phone
from tests.browser.test_trouble import pay
from tests.support.portal import Portal
from tests.support.village import PIN, Village

pytestmark = pytest.mark.browser
Phones = Callable[..., Phone]


def tear(data: Path) -> None:
    """Damage the last entry of a book that nobody has open."""
    with closing(sqlite3.connect(data / "ledger.db")) as db:
        db.execute("UPDATE entry SET body = zeroblob(40) WHERE number = (SELECT max(number) FROM entry)")
        db.commit()


def rows(data: Path) -> list[tuple[str, int]]:
    """How many rows each table has."""
    with closing(sqlite3.connect(f"file:{data / 'ledger.db'}?mode=ro", uri=True)) as db:
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return [(name, db.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]) for name in sorted(names)]


def test_a_damaged_book_is_read_and_every_write_says_what_to_do(
    phone: Phones, village: Village, portal: Portal
) -> None:
    alice, kira = phone("Alice"), phone("Kira", desk=True)
    pay(alice, village, "Bob", "1")
    portal.stop()
    tear(village.hub.data)
    portal.start(well=False)
    before = rows(village.hub.data)

    # Reading goes on for who is signed in, and each page says how it is.
    for path in ("/", "/statement", "/market", "/me", "/commons"):
        alice.open(path)
        if "There is no such page" in alice.text():
            continue
        assert alice.reads("The book is damaged: it can only be read"), path
        assert alice.reads("hub restore"), path
    alice.open("/")
    assert alice.reads("Bob"), "the payment is there to be read"
    kira.open("/desk")
    assert kira.reads("The keeper's desk")
    assert kira.reads("hub restore")

    # Paying: the check page comes, the payment does not.
    alice.open(f"/P/{village.account('Bob').compact}")
    alice.type(amount="2")
    alice.tap("Go on")
    field = alice.page.locator("[name=pin]")
    if field.count():
        field.first.fill(PIN)
    alice.tap("Pay")
    assert alice.reads("nobody can pay now") or alice.reads("it can only be read")
    assert alice.reads("Nothing was moved")
    assert alice.reads("paper slip")

    # A stranger who wants to sign in, or to join, reads why not.
    stranger = phone("")
    stranger.sign_in(village.account("Bob").short)
    assert stranger.reads("Nobody can sign in now")
    assert stranger.reads("Who is signed in can read on")
    assert stranger.reads("paper slips")

    assert rows(village.hub.data) == before
    assert portal.running
