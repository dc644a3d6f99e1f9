"""What a daemon looks at before it works with the book, and what it does about damage."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from appliance.ledger import start
from appliance.ledger.errors import BookDamaged, CannotWrite, Code, Refusal
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
    assert refused.code is Code.CANNOT_WRITE
    with pytest.raises(CannotWrite, match="damaged"), river.hub.store.write():
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
