"""A burglar's tools: change a stored book the way somebody with the card in hand would.

They write straight to the SQLite file. ``rechain`` then makes every hash fit again, as a
burglar who has read our source would.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from appliance.ledger.book import chain
from appliance.ledger.book.chain import Act, Entry
from appliance.ledger.keys import KeySigner
from appliance.ledger.values import EntryNumber


@contextmanager
def card_in_hand(path: Path) -> Iterator[sqlite3.Connection]:
    """The ledger's file, open for anything."""
    db = sqlite3.connect(path)
    try:
        yield db
        db.commit()
    finally:
        db.close()


def entry_of(db: sqlite3.Connection, number: int) -> Entry:
    """The entry as it is stored."""
    return chain.parse(db.execute("SELECT body FROM entry WHERE number = ?", (number,)).fetchone()[0])


def numbers_of(db: sqlite3.Connection, kind: str) -> list[int]:
    """The numbers of all entries of a kind."""
    return [row[0] for row in db.execute("SELECT number FROM entry WHERE kind = ? ORDER BY number", (kind,))]


def store(db: sqlite3.Connection, entry: Entry) -> None:
    """Write ``entry`` under its number, with a hash that fits it."""
    db.execute(
        "UPDATE entry SET body = ?, hash = ?, authority = ?, key = ?, kind = ? WHERE number = ?",
        (entry.body(), entry.hash(), entry.act.authority, entry.act.key, entry.act.kind, entry.number),
    )


def rechain(db: sqlite3.Connection, after: int) -> None:
    """Make every entry after ``after`` follow the one before it."""
    previous = entry_of(db, after).hash()
    last = db.execute("SELECT MAX(number) FROM entry").fetchone()[0]
    for number in range(after + 1, last + 1):
        entry = replace(entry_of(db, number), previous=previous)
        store(db, entry)
        previous = entry.hash()


def with_payload(entry: Entry, **changes: object) -> Entry:
    """``entry`` with other words in its payload, and the old signature."""
    return replace(entry, act=replace(entry.act, payload=entry.act.payload | changes))


def swap(db: sqlite3.Connection, first: int) -> None:
    """Exchange entry ``first`` and the next, and make all hashes fit."""
    a, b = entry_of(db, first), entry_of(db, first + 1)
    db.execute("UPDATE entry SET authority = 'x', key = x'' WHERE number = ?", (first + 1,))
    store(db, replace(b, number=EntryNumber(first), previous=a.previous))
    store(db, replace(a, number=EntryNumber(first + 1)))
    rechain(db, first)


def append_signed(
    db: sqlite3.Connection,
    kind: str,
    payload: dict[str, object],
    signer: KeySigner,
    outcome: dict[str, object] | Callable[[Act], dict[str, object]] | None = None,
    version: int = 1,
) -> int:
    """Write one more entry with a good signature and a good link, past the write path.

    ``outcome``: what the hub decided, or how that follows from the act.
    """
    last = entry_of(db, db.execute("SELECT MAX(number) FROM entry").fetchone()[0])
    act = replace(
        last.act,
        authority=signer.authority,
        key=bytes(16),
        kind=kind,
        version=version,
        payload=payload,
        private_digest=None,
    )
    decided = outcome(act) if callable(outcome) else outcome or {}
    entry = Entry(EntryNumber(last.number + 1), last.hash(), act, decided, signer.sign(act.form()))
    db.execute(
        "INSERT INTO entry (number, hash, body, authority, key, kind) VALUES (?, x'', x'', '', x'', '')",
        (entry.number,),
    )
    store(db, entry)
    return entry.number
