"""Closings as a verification meets them: where it may begin, and whether what they commit to is so.

A verification from the first entry makes each closing's state itself and compares. One that begins at the last
closing takes the state from the archive: the file must be what the closing's entry commits to, byte
for byte, and its tables what that entry says of them. The entries before are not replayed then; that they
are those of then is seen by their numbers, hashes and keys, which the file holds too.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final

from appliance.ledger.book import chain, state_digest
from appliance.ledger.book.archive import (
    COPY_BYTES,
    Archive,
    Seal,
    entries_name,
    seal_of,
    snapshot_name,
)
from appliance.ledger.book.authority import KINDS, Keyring
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.schema_closing import Closing
from appliance.ledger.book.store import Store, Tx
from appliance.ledger.errors import BookDamaged, DataDirectoryError
from appliance.ledger.values import EntryNumber

KIND: Final = "close_year"


@dataclass(frozen=True, slots=True)
class Start:
    """Where a replay may begin: closing ``seq``, made by entry ``entry``, of the state after ``upto``."""

    seq: int
    upto: int
    hash: bytes
    tables: state_digest.Tables
    entries: Seal
    snapshot: Seal
    entry: EntryNumber


def of_entry(entry: Entry) -> Start:
    """What the closing ``entry`` says.

    Raises:
        BookDamaged: its fields are not those of a closing.
    """
    p: Any = entry.act.payload
    try:
        return Start(
            int(entry.outcome["closing"]),
            int(p["upto"]),
            bytes(p["hash"]),
            dict(p["tables"]),
            Seal(p["entries"]["size"], p["entries"]["digest"]),
            Seal(p["snapshot"]["size"], p["snapshot"]["digest"]),
            entry.number,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BookDamaged(f"its fields are not those of {KIND}", entry.number) from error


def each(tx: Tx) -> Iterator[Start]:
    """All closings that the book names, in order."""
    return map(of_entry, chain.acts_of_kinds(tx, (KIND,)))


def last(tx: Tx) -> Start | None:
    """The last closing that the book names."""
    row = tx.first("SELECT number FROM entry WHERE kind = ? ORDER BY number DESC LIMIT 1", KIND)
    entry = None if row is None else chain.by_number(tx, row[0])
    return None if entry is None else of_entry(entry)


def snapshot_of(archive: Archive, start: Start) -> Path:
    """Where the state at ``start`` should lie."""
    return archive.folder / snapshot_name(start.seq, start.upto)


def unpack(path: Path, start: Start, into: Path) -> None:
    """Write the state at ``start``, packed in ``path``, to the new database ``into``.

    Raises:
        ArchiveMissing: its file is not there.
        BookDamaged: it is not the one that the closing commits to.
        DataDirectoryError: it cannot be read, or ``into`` not be written.
    """
    _check_seal(path, start.snapshot, start)
    unpacked = zlib.decompressobj(wbits=31)
    try:
        into.touch(mode=0o600, exist_ok=False)
        with path.open("rb") as source, into.open("wb") as out:
            while piece := source.read(COPY_BYTES):
                out.write(unpacked.decompress(piece))
            out.write(unpacked.flush())
    except OSError as error:
        raise DataDirectoryError(f"{into}: {error.strerror}") from error
    except zlib.error as error:
        raise BookDamaged(f"{path} cannot be unpacked: {error}", start.entry) from error


def check_tables(other: Tx, start: Start) -> None:
    """That the tables which were unpacked are what the closing says of them.

    Raises:
        BookDamaged: one is not.
    """
    if (name := state_digest.differing(other, start.tables)) is not None:
        raise BookDamaged(f"its snapshot has another table {name} than it says", start.entry)


def check_before(tx: Tx, other: Tx, start: Start) -> None:
    """That the entries up to the closing are, by number, hash, key and kind, those of its snapshot.

    Raises:
        BookDamaged: the first that is not.
    """
    found = 0
    for mine, theirs in zip_longest(tx.stream(_INDEX, start.upto), other.stream(_INDEX, start.upto)):
        found += 1
        if mine is None or theirs is None or mine[:-1] != theirs[:-1] or mine[0] != found:
            raise BookDamaged("is not the one of the closing's snapshot", found)
        if type(mine[-1]) is not bytes or (mine[-1] and chain.entry_hash(mine[-1]) != mine[1]):
            raise BookDamaged("its hash does not fit its bytes", found)
    row = tx.first("SELECT hash FROM entry WHERE number = ?", start.upto)
    if found != start.upto or row is None or row[0] != start.hash:
        raise BookDamaged("is not the one up to which the closing was made", start.upto)


_INDEX: Final = (
    "SELECT number, hash, authority, key, kind, typeof(number), typeof(authority), body "
    "FROM entry WHERE number <= ? ORDER BY number"
)


def keyring_at(other: Tx, start: Start) -> Keyring:
    """The keys in force at the closing.

    Raises:
        BookDamaged, ArchiveMissing: an entry that brought one cannot be read.
    """
    ring = Keyring()
    for entry in chain.acts_of_kinds(other, KINDS, start.upto):
        ring.check(entry, known=True)
    return ring


def check_files(tx: Tx) -> None:
    """That the archive's files are those that the closings commit to.

    Raises:
        ArchiveMissing: the entries' file of one is not there. A snapshot may be missing: replay makes it again.
        BookDamaged: a file is another one, or a byte of it.
    """
    folder = tx.archive.folder
    rows = tx.rows(Closing.select().order_by(Closing.seq))
    for row in rows:
        entries = Seal(row.entries_size, bytes(row.entries_digest))
        _check_seal(folder / entries_name(row.seq, row.upto), entries, row)
        snapshot = folder / snapshot_name(row.seq, row.upto)
        if snapshot.exists():
            _check_seal(snapshot, Seal(row.snapshot_size, bytes(row.snapshot_digest)), row)


def check_snapshot(tx: Tx, room: Path) -> None:
    """That the last closing's snapshot, unpacked in ``room``, has the tables that the closing says.

    Raises:
        BookDamaged: it has not.
        DataDirectoryError: there is no room to unpack it.
    """
    start = last(tx)
    if start is None or not snapshot_of(tx.archive, start).exists():
        return
    path = room / "snapshot.db"
    path.unlink(missing_ok=True)
    unpack(snapshot_of(tx.archive, start), start, path)
    store = Store.open(path)
    try:
        with store.read() as other:
            check_tables(other, start)
            check_before(tx, other, start)
    finally:
        store.close()
        for one in room.glob("snapshot.db*"):
            one.unlink()


def _check_seal(path: Path, meant: Seal, of: Start | Closing) -> None:
    if seal_of(path) != meant:
        raise BookDamaged(f"{path} is not the file that the closing commits to", of.entry)
