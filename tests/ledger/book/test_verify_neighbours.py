"""``verify`` finds what was done to the tables, entries and post between hubs, by whoever has the card or the box."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from appliance.ledger import boxfile
from appliance.ledger.book.feed import RecordRow, record_of
from appliance.ledger.book.letters import Named, Why
from appliance.ledger.book.records import FEED_BEGIN, Kind, Record
from appliance.ledger.book.schema import (
    Crossing,
    NameConsent,
    Neighbour,
    Outgoing,
    RosterRow,
    Shown,
    Table,
)
from appliance.ledger.book.store import Store
from appliance.ledger.book.subject import Command
from appliance.ledger.book.verify import Report, verify
from appliance.ledger.clock import ManualClock
from appliance.ledger.errors import BookDamaged
from appliance.ledger.hub import Hub
from appliance.ledger.keys import KeySigner
from appliance.ledger.money.arrivals import ArriveSent
from appliance.ledger.money.crossings import ArriveAnswer
from appliance.ledger.people.showing import ShowName
from tests.golden.make import trade
from tests.ledger.book import tampering
from tests.support.two_villages import HILL, RIVER, two_villages
from tests.support.village import MONDAY_NOON

NEW_TABLES: list[type[Table]] = [RosterRow, Neighbour, Crossing, Outgoing, Shown, NameConsent]


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """River and Hill after all that can happen between two hubs."""
    room = tmp_path_factory.mktemp("valley")
    with two_villages(room) as villages:
        trade(villages)
        villages.hill.do("Dina", ShowName(villages.hill.numbers["Dina"], True))
    return room


@pytest.fixture
def hill(lived_in: Path, tmp_path: Path) -> Path:
    """A copy of Hill's ledger file to break."""
    shutil.copytree(lived_in / "hill", tmp_path / "data")
    return tmp_path / "data" / "ledger.db"


def check(path: Path) -> Report:
    store = Store.open(path)
    try:
        return verify(store)
    finally:
        store.close()


def found(path: Path) -> str:
    with pytest.raises(BookDamaged) as caught:
        check(path)
    return str(caught.value)


def test_a_whole_book_with_its_post_is_counted(hill: Path) -> None:
    with tampering.card_in_hand(hill) as db:
        kept = db.execute("SELECT COUNT(*) FROM record").fetchone()[0]
    assert check(hill).records == kept > 25


# ------------------------------------------------------------------------------------------------ truth


@pytest.mark.parametrize("model", NEW_TABLES, ids=lambda model: model.__name__)
def test_any_changed_value_is_found(hill: Path, model: type[Table]) -> None:
    table = model._meta.table_name
    with tampering.card_in_hand(hill) as db:
        columns = [row[1] for row in db.execute(f"PRAGMA table_info('{table}')")]
    for column in columns:
        with tampering.card_in_hand(hill) as db:
            row, value = db.execute(
                f'SELECT rowid, "{column}" FROM "{table}" ORDER BY rowid LIMIT 1'
            ).fetchone()
            db.execute(f'UPDATE "{table}" SET "{column}" = ? WHERE rowid = ?', (another(value), row))
        assert f"table {table}" in found(hill), column
        with tampering.card_in_hand(hill) as db:
            db.execute(f'UPDATE "{table}" SET "{column}" = ? WHERE "{column}" IS ?', (value, another(value)))
    check(hill)


def another(value: Any) -> Any:
    if isinstance(value, bytes):
        return bytes(len(value)) if any(value) else b"\x01" * len(value)
    return 987_654 if value is None or isinstance(value, int) else f"{value}x"


@pytest.mark.parametrize("model", NEW_TABLES, ids=lambda model: model.__name__)
def test_a_removed_row_is_missed(hill: Path, model: type[Table]) -> None:
    table = model._meta.table_name
    with tampering.card_in_hand(hill) as db:
        db.execute(f'DELETE FROM "{table}" WHERE rowid = (SELECT MAX(rowid) FROM "{table}")')
    assert f"table {table}" in found(hill)


# ------------------------------------------------------------------------------------------------ entries


def of_the_box(path: Path, rule: str = "arrival") -> KeySigner:
    return KeySigner(f"hub:{rule}", boxfile.read(path.parent).signing)


ARRIVED = {"hub": RIVER, "incarnation": 1, "number": 500, "record": bytes(32)}
SENT = {**ARRIVED, "payer": 2, "payee": 2, "amount": 100, "category": "food"}
ANSWER = {**ARRIVED, "our_incarnation": 1, "our_number": 1, "why": None}


@pytest.mark.parametrize(
    ("kind", "payload", "reason"),
    [
        ("arrive_sent", SENT, "may not"),
        ("arrive_sent", SENT | {"hub": 103}, "may not"),
        ("arrive_sent", SENT | {"amount": -100}, "its fields"),
        ("arrive_sent", SENT | {"payee": -RIVER}, "its fields"),
        ("arrive_answer", ANSWER, "folded"),
        ("arrive_answer", ANSWER | {"why": "because"}, "its fields"),
        ("arrive_recall", {**ARRIVED, "their_incarnation": 1, "their_number": 1}, "folded"),
        ("take_held", {"transfer": bytes(16)}, "may not"),
        ("send_back", {"transfer": bytes(16)}, "may not"),
        ("publish", {"subject": "person", "item": 2, "shown": True}, "may not"),
        ("publish", {"subject": "secret", "item": 2, "shown": True}, "its fields"),
        ("tell_position", {"hub": RIVER}, "folded"),
        ("tell_position", {"hub": 103}, "may not"),
        ("set_trunk", {"hub": RIVER, "low": -(10**9), "high": 10**9}, "may not"),
        ("send", {"payer": 2, "hub": RIVER, "payee": 2, "amount": 1, "category": "food"}, "may not"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_entry_that_the_box_signed_by_hand_is_found(
    hill: Path, kind: str, payload: dict[str, object], reason: str
) -> None:
    """The thief has the signing key of the box, and writes entries past the write path."""
    with tampering.card_in_hand(hill) as db:
        number = tampering.append_signed(db, kind, payload, of_the_box(hill))
    said = found(hill)
    assert f"entry {number}: " in said
    assert reason in said


def test_a_hub_that_the_founders_did_not_admit_is_found(hill: Path) -> None:
    with tampering.card_in_hand(hill) as db:
        admitted = tampering.entry_of(db, tampering.numbers_of(db, "admit_hub")[-1])
        forged = admitted.act.payload | {"seq": 3, "hub": 999}
        number = tampering.append_signed(db, "admit_hub", forged, of_the_box(hill, "roster"))
    assert f"entry {number}: hub:roster may not admit_hub this" in found(hill)


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("arrive_sent", {"amount": 2000}),
        ("arrive_sent", {"payee": 1}),
        ("arrive_answer", {"why": "keeper"}),
        ("arrive_recall", {"their_number": 1}),
        ("send", {"amount": 1}),
        ("set_trunk", {"low": -5}),
    ],
)
def test_changed_terms_break_the_signature(hill: Path, kind: str, changes: dict[str, object]) -> None:
    with tampering.card_in_hand(hill) as db:
        number = tampering.numbers_of(db, kind)[0]
        tampering.store(db, tampering.with_payload(tampering.entry_of(db, number), **changes))
        tampering.rechain(db, number)
    assert f"entry {number}: is not signed by" in found(hill)


# ------------------------------------------------------------------------------------------------ the post


def by_rule(path: Path, command: Command) -> None:
    """The thief uses the write path itself, with the box's key: book and state agree."""
    hub = Hub.open(path.parent, ManualClock(MONDAY_NOON))
    try:
        hub.by_rule(command, "arrival")
    finally:
        hub.close()


def kept(path: Path, hub: int, kind: Kind) -> tuple[int, bytes]:
    """Number and digest of a kept record."""
    hub_of_it = Hub.open(path.parent, ManualClock(MONDAY_NOON))
    try:
        with hub_of_it.reading() as tx:
            row = tx.get(RecordRow, hub=hub, incarnation=1, kind=int(kind))
            assert row is not None
            return row.number, record_of(row).digest(hub_of_it.box.place.community)
    finally:
        hub_of_it.close()


def test_an_arrival_that_the_kept_record_does_not_bear_out_is_found(hill: Path) -> None:
    number, digest = kept(hill, RIVER, Kind.RECALL)
    by_rule(hill, ArriveSent(RIVER, 1, number, bytes(32), 2, 2, 5))
    assert f"record {number} of hub {RIVER} is not the one that arrived" in found(hill)
    assert len(digest) == 32


def test_an_arrival_of_another_kind_than_the_kept_record_is_found(hill: Path) -> None:
    number, digest = kept(hill, RIVER, Kind.PERSON)
    by_rule(hill, ArriveSent(RIVER, 1, number, digest, 2, 2, 5))
    assert f"it is not what record {number} of hub {RIVER} says" in found(hill)


def test_an_answer_out_of_a_payment_is_found(hill: Path) -> None:
    number, digest = kept(hill, RIVER, Kind.LISTING)
    by_rule(hill, ArriveAnswer(RIVER, 1, number, digest, Named(1, 1), Why.KEEPER))
    assert f"it is not what record {number} of hub {RIVER} says" in found(hill)


POST: list[tuple[str, str]] = [
    ("UPDATE record SET amount = amount + 1 WHERE hub = 101 AND number = 1", "hub 101: record 1 was changed"),
    ("UPDATE record SET amount = amount + 1 WHERE hub = 102 AND number = 1", "hub 102: record 1 was changed"),
    ("UPDATE record SET sealed = x'00' WHERE hub = 101 AND number = 3", "hub 101: record 3 was changed"),
    ("UPDATE record SET link = NULL WHERE hub = 101 AND number = 3", "hub 101: record 3 was changed"),
    ("DELETE FROM record WHERE hub = 101 AND number = 2", "hub 101: record 2 is missing"),
    ("UPDATE feed SET link = x'00' WHERE hub = 101", "hub 101: its feed does not stand"),
    (
        "UPDATE feed SET linked = linked - 1, read = read - 1 WHERE hub = 101",
        "hub 101: its feed does not stand",
    ),
    ("UPDATE feed SET read = linked + 1 WHERE hub = 101", "hub 101: its feed does not stand"),
    ("UPDATE record SET amount = -1 WHERE hub = 101 AND number = 1", "the post cannot be read"),
    ("UPDATE record SET kind = 'x' WHERE hub = 101 AND number = 1", "the post cannot be read"),
    ("UPDATE record SET sealed = 7 WHERE hub = 102 AND number = 1", "hub 102: record 1 was changed"),
    ("UPDATE record SET sealed = 'text' WHERE hub = 102 AND number = 1", "the post cannot be read"),
    ("UPDATE feed SET linked = 'x' WHERE hub = 101", "hub 101: its feed does not stand"),
    ("UPDATE frame SET digest = 7 WHERE hub = 101 AND first = 1", "hub 101: a kept frame"),
    ("DELETE FROM feed WHERE hub = 101", "the post has linked records that are of no feed"),
    ("UPDATE frame SET data = x'00' WHERE hub = 101 AND first = 1", "hub 101: a kept frame"),
    ("UPDATE frame SET data = x'00' WHERE hub = 102 AND first = 1", "hub 102: a kept frame"),
]


@pytest.mark.parametrize(("sql", "reason"), POST, ids=[sql for sql, _ in POST])
def test_a_changed_post_is_found(hill: Path, sql: str, reason: str) -> None:
    with tampering.card_in_hand(hill) as db:
        assert db.execute(sql).rowcount >= 1
    assert reason in found(hill)


def relinked(db: sqlite3.Connection, hub: int, change: Callable[[Record], Record], community: bytes) -> None:
    """Change records and make all links of the feed fit again."""
    link = FEED_BEGIN
    rows = db.execute(
        'SELECT number, kind, "to", amount, sealed FROM record WHERE hub = ? ORDER BY number', (hub,)
    ).fetchall()
    for number, kind, to, amount, sealed in rows:
        record = change(Record(hub, 1, number, kind, to, amount, sealed))
        link = record.link(community, link)
        db.execute(
            'UPDATE record SET kind = ?, "to" = ?, amount = ?, sealed = ?, link = ? WHERE hub = ? AND number = ?',
            (record.kind, record.to, record.amount, record.sealed, link, hub, number),
        )
    db.execute("UPDATE feed SET link = ? WHERE hub = ?", (link, hub))


def one_more(record: Record) -> Record:
    if record.kind != Kind.SENT or record.number > 2:
        return record
    return Record(record.hub, 1, record.number, record.kind, record.to, record.amount + 1, record.sealed)


@pytest.mark.parametrize(
    ("hub", "reason"),
    [
        (HILL, "own record 1 is not what the book puts on the feed"),
        (RIVER, "record 1 of hub 101 is not the one"),
    ],
)
def test_a_changed_post_with_all_links_mended_is_found(hill: Path, hub: int, reason: str) -> None:
    community = boxfile.read(hill.parent).place.community
    with tampering.card_in_hand(hill) as db:
        relinked(db, hub, one_more, community)
    assert reason in found(hill)


def test_a_payment_that_was_read_over_is_found(hill: Path) -> None:
    """Somebody moved the cursor beyond a payment: it would never be accepted, nor come back."""
    community = boxfile.read(hill.parent).place.community
    with tampering.card_in_hand(hill) as db:
        last, link = db.execute("SELECT linked, link FROM feed WHERE hub = ?", (RIVER,)).fetchone()
        record = Record(RIVER, 1, last + 1, Kind.SENT, HILL, 40, b"sealed")
        link = record.link(community, link)
        db.execute(
            'INSERT INTO record (hub, incarnation, number, kind, "to", amount, sealed, link)'
            " VALUES (?, 1, ?, ?, ?, ?, ?, ?)",
            (RIVER, last + 1, 0, HILL, 40, b"sealed", link),
        )
        db.execute("UPDATE feed SET linked = linked + 1, link = ? WHERE hub = ?", (link, RIVER))
    check(hill)  # not read yet: no harm
    with tampering.card_in_hand(hill) as db:
        db.execute("UPDATE feed SET read = linked WHERE hub = ?", (RIVER,))
    assert f"the payment in record {last + 1} of hub {RIVER} was read, but is not in the book" in found(hill)
