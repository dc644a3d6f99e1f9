"""Writing what a closing leaves in the archive, out of a verification's second database.

That database is the replay, found equal to the live state just before; it holds no personal text. Both files
are written under names that begin with ``.making-``, synced, renamed, and the directory synced; only then
may the book commit to them. Their digests are those of the bytes that the disk gives back.
"""

import os
import sqlite3
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from appliance.ledger import codec
from appliance.ledger.book import chain, state_digest
from appliance.ledger.book.archive import COPY_BYTES, Seal, entries_name, seal_of, snapshot_name
from appliance.ledger.book.backup_form import MAKING, sync
from appliance.ledger.book.schema import Entry as EntryRow
from appliance.ledger.book.store import Store, Tx
from appliance.ledger.errors import CannotWrite, DataDirectoryError

WRITING: Final = "writing"
FOUNDING: Final = 1
"""The number of the first entry."""

_AT_ONCE: Final = 1_000

Progress = Callable[[str, int, int], None]
"""Called now and then with what is being done, how much of it, and of how much."""


@dataclass(frozen=True, slots=True)
class Made:
    """What was written, for the closing to commit to."""

    upto: int
    link: bytes
    tables: codec.Body
    entries: Seal
    snapshot: Seal


def make(second: Store, folder: Path, seq: int, before: int, tell: Progress) -> Made:
    """Write the entries after ``before`` and the state of ``second`` to ``folder``, as those of closing ``seq``.

    ``second`` is used up: its entries lose their bytes.

    Raises:
        CannotWrite: the disk refused. What was begun begins with ``.making-``, or is named as it would have been.
    """
    with second.read() as tx:
        head = chain.head(tx)
        tables = state_digest.of_state(tx)
    entries, snapshot = (folder / name(seq, head.number) for name in (entries_name, snapshot_name))
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        sync(folder.parent)
        sweep(folder)
        with second.read() as tx:
            _write_entries(tx, _part(entries), before, head.number, tell)
        _forget_bytes(second, before, head.number)
        _write_snapshot(second, _part(snapshot))
        for path in (entries, snapshot):
            _part(path).rename(path)
        sync(folder)
        return Made(head.number, head.hash, tables, read_back(entries), read_back(snapshot))
    except sqlite3.Error as error:
        raise CannotWrite(f"{folder}: {error}") from error
    except OSError as error:
        if isinstance(error, DataDirectoryError):
            raise
        raise CannotWrite(f"{folder}: {error.strerror or error}") from error


def sweep(folder: Path) -> None:
    """Remove what a closing that was interrupted had begun to write."""
    for path in folder.glob(f"{MAKING}*"):
        path.unlink(missing_ok=True)


def read_back(path: Path) -> Seal:
    """Length and digest of what the disk, and not the kernel's memory, has of ``path``.

    Raises:
        ArchiveMissing, DataDirectoryError: it is not there, or cannot be read.
    """
    try:
        opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return seal_of(path)  # says what is wrong
    try:
        os.posix_fadvise(opened, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(opened)
    return seal_of(path)


def _part(path: Path) -> Path:
    return path.with_name(f"{MAKING}{path.name}")


_TABLES: Final = """
CREATE TABLE entry (number INTEGER NOT NULL PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE private (number INTEGER NOT NULL PRIMARY KEY, digest BLOB NOT NULL);
"""


def _write_entries(tx: Tx, path: Path, before: int, last: int, tell: Progress) -> None:
    path.touch(mode=0o600)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        # It is synced as a whole below, and thrown away when the power goes before that.
        db.execute("PRAGMA journal_mode=OFF")
        db.execute("PRAGMA synchronous=OFF")
        db.executescript(_TABLES)
        rows = tx.stream("SELECT number, body FROM entry WHERE number > ? ORDER BY number", before)
        for some in _batches(rows):
            bodies = [(number, bytes(body)) for number, body in some]
            db.execute("BEGIN")
            db.executemany("INSERT INTO entry VALUES (?, ?)", bodies)
            kept = ((number, chain.parse(body).act.private_digest) for number, body in bodies)
            db.executemany("INSERT INTO private VALUES (?, ?)", (one for one in kept if one[1] is not None))
            db.execute("COMMIT")
            tell(WRITING, bodies[-1][0] - before, last - before)
    sync(path)


def _batches(rows: Iterator[tuple[int, bytes]]) -> Iterator[list[tuple[int, bytes]]]:
    some: list[tuple[int, bytes]] = []
    for row in rows:
        some.append(row)
        if len(some) == _AT_ONCE:
            yield some
            some = []
    if some:
        yield some


def _forget_bytes(second: Store, before: int, last: int) -> None:
    """The snapshot names the entries; their bytes are in the archives."""
    for first in range(before + 1, last + 1, _AT_ONCE):
        with second.write() as tx:
            empty(tx, first, min(last, first + _AT_ONCE - 1))


def empty(tx: Tx, first: int, last: int) -> None:
    """Take the bytes of the entries from ``first`` to ``last`` out of the book: an archive holds them.

    All but the founding's, which says whose book it is: a hub opens without its archive.
    """
    for number in range(max(first, FOUNDING + 1), last + 1):
        tx.update(EntryRow, {"number": number}, body=b"")


def _write_snapshot(second: Store, path: Path) -> None:
    plain = path.with_suffix("")
    second.copy_into(plain)
    packed = zlib.compressobj(6, wbits=31)
    with plain.open("rb") as source, os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as out:
        while piece := source.read(COPY_BYTES):
            out.write(packed.compress(piece))
        out.write(packed.flush())
        out.flush()
        os.fsync(out.fileno())
    plain.unlink()
