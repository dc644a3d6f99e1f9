"""What a daemon looks at before it works with the book, and what it does about damage."""

import resource
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from appliance.ledger import start
from appliance.ledger.book import startup
from appliance.ledger.book.store import Tx
from appliance.ledger.errors import BookClosed, BookDamaged, Code, Refusal
from appliance.ledger.hub import Hub
from appliance.ledger.money.transfers import Pay
from appliance.ledger.values import Amount
from tests.support.two_villages import RIVER, two_villages
from tests.support.village import Village


def spoil(hub: Hub, statement: str) -> None:
    hub.store.close()
    with closing(sqlite3.connect(hub.data / "ledger.db")) as db:
        db.execute(statement)
        db.commit()


def test_a_sound_book_is_opened_for_writing(river: Village) -> None:
    start.begin(river.hub, "portal")
    assert river.hub.store.closed == ""
    river.pay("Alice", "Bob", 100)


def test_a_last_entry_that_was_torn_closes_the_book_and_is_kept_aside(river: Village) -> None:
    river.pay("Alice", "Bob", 100)
    spoil(river.hub, "UPDATE entry SET body = zeroblob(40) WHERE number = (SELECT max(number) FROM entry)")
    start.begin(river.hub, "portal")
    assert "hub restore" in river.hub.store.closed
    assert (river.hub.data / start.ASIDE / "1" / "ledger.db").exists()
    asked = Pay(river.numbers["Alice"], river.numbers["Bob"], Amount(5))
    refused = river.ask("Alice", asked)
    assert isinstance(refused, Refusal)
    assert refused.code is Code.BOOK_DAMAGED
    with pytest.raises(BookClosed, match="damaged"), river.hub.store.write():
        pass
    assert river.balance("Bob") == 100, "what can be read is read"


def test_copies_are_bounded_and_never_written_over(river: Village) -> None:
    made = [start.keep_aside(river.hub.data) for _ in range(start.COPIES + 2)]
    room = river.hub.data / start.ASIDE
    assert made == [*(room / str(n + 1) for n in range(start.COPIES)), None, None]


def test_a_book_older_than_what_was_said_sends_nothing(tmp_path: Path) -> None:
    with two_villages(tmp_path) as villages:
        villages.send("Alice", "Chandra", 100)
        villages.carry(RIVER)
        start.examine(villages.river.hub, thorough=True)
        spoil(villages.river.hub, "DELETE FROM outgoing WHERE number = (SELECT max(number) FROM outgoing)")
        with pytest.raises(BookDamaged, match="older than what this hub has told"):
            start.examine(villages.river.hub, thorough=False)


def _after_a_power_cut(hub: Hub) -> None:
    """As a box finds itself whose process of an earlier boot never said that it stopped."""
    startup.begins(hub.store, "portal", "an earlier boot")


def test_after_a_power_cut_a_large_book_can_be_read_while_its_pages_are_looked_at(
    river: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on, pages = threading.Event(), start._pages

    def slowly(tx: Tx) -> None:
        assert goes_on.wait(60)
        pages(tx)

    monkeypatch.setattr(start, "AT_ONCE", 0)
    monkeypatch.setattr(start, "_pages", slowly)
    river.pay("Alice", "Bob", 100)
    _after_a_power_cut(river.hub)
    start.begin(river.hub, "portal", serving=True)
    asked = Pay(river.numbers["Alice"], river.numbers["Bob"], Amount(5))
    refused = river.ask("Alice", asked)
    assert isinstance(refused, Refusal)
    assert refused.code is Code.LOOKED_AT
    assert river.balance("Bob") == 100
    goes_on.set()
    _until(lambda: not river.hub.store.closed)
    river.pay("Alice", "Bob", 5)


def test_what_is_found_then_closes_the_book(river: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "AT_ONCE", 0)
    for _ in range(300):
        river.pay("Alice", "Bob", 1, again=True)
        river.pay("Bob", "Alice", 1, again=True)
    river.hub.close()
    with closing(sqlite3.connect(river.hub.data / "ledger.db")) as db:
        (root,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'posting'").fetchone()
        (size,) = db.execute("PRAGMA page_size").fetchone()
    with (river.hub.data / "ledger.db").open("r+b") as file:
        file.seek((root - 1) * size + 12)
        file.write(b"\xff\xff\xff\xff")
    _after_a_power_cut(river.hub)
    start.begin(river.hub, "portal", serving=True)
    _until(lambda: river.hub.store.closed and not river.hub.store.looked_at)
    assert "damaged" in river.hub.store.closed


def test_after_an_orderly_stop_nobody_waits(river: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "AT_ONCE", 0)
    start.begin(river.hub, "portal", serving=True)
    assert river.hub.store.closed == ""


def _until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_copy_that_the_card_refuses_half_way_takes_no_place_of_a_whole_one(river: Village) -> None:
    river.hub.store.close()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(
        resource.RLIMIT_FSIZE, (8192, before[1])
    )  # so much of a file may anybody write, cp too
    try:
        assert [start.keep_aside(river.hub.data) for _ in range(start.COPIES + 1)] == [None] * 4
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    kept = start.keep_aside(river.hub.data)
    assert kept == river.hub.data / start.ASIDE / "1"
    assert (kept / "ledger.db").read_bytes() == (river.hub.data / "ledger.db").read_bytes()
    assert list((river.hub.data / start.ASIDE).iterdir()) == [kept]
