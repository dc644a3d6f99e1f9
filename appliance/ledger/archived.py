"""What lies in the archive beside a book, and whether it is what the closings commit to."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from appliance.ledger.book import archive, chain, closings
from appliance.ledger.book.archive import Archive, Seal, entries_name, snapshot_name
from appliance.ledger.book.replay_room import passing
from appliance.ledger.book.schema_closing import Closing
from appliance.ledger.book.store import Store, Tx
from appliance.ledger.errors import BadEncoding, BookDamaged
from appliance.ledger.hub import Hub

CHECKING = "checking"

Progress = Callable[[str, int, int], None]
"""Called now and then with what is being done, how much of it, and of how much."""


@dataclass(frozen=True, slots=True)
class OfClosing:
    """A closing, the entries that it moved, and what can be said of its files at a glance."""

    seq: int
    first: int
    upto: int
    entry: int
    files: tuple[tuple[Path, str], ...]


@dataclass(frozen=True, slots=True)
class Shelf:
    """All closings in order, and files that are of none of them."""

    closings: tuple[OfClosing, ...]
    others: tuple[Path, ...]

    @property
    def missing(self) -> tuple[Path, ...]:
        """Entries' files that should be there."""
        return tuple(path for one in self.closings for path, state in one.files if state == MISSING)


MISSING, REMOVED = "missing", "not kept: a later closing has its own"


def shelf(hub: Hub) -> Shelf:
    """What there is, by names and lengths; nothing is read through.

    Raises:
        DataDirectoryError, BookDamaged: the book cannot be read.
    """
    folder = hub.store.archive.folder
    with hub.reading() as tx:
        rows = _rows(tx)
    found, known, first = [], set(), 1
    for row in rows:
        entries, snapshot = (folder / name(row.seq, row.upto) for name in (entries_name, snapshot_name))
        last = row is rows[-1]
        files = (
            (entries, _glance(entries, row.entries_size, MISSING)),
            (
                snapshot,
                _glance(
                    snapshot, row.snapshot_size, "missing: a full check makes it anew" if last else REMOVED
                ),
            ),
        )
        found.append(OfClosing(row.seq, first, row.upto, row.entry, files))
        known |= {entries, snapshot}
        first = row.upto + 1
    there = sorted(folder.iterdir()) if folder.is_dir() else []
    return Shelf(tuple(found), tuple(path for path in there if path not in known))


def _rows(tx: Tx) -> list[Closing]:
    return tx.found(Closing, "1 ORDER BY seq")


def _glance(path: Path, size: int, otherwise: str) -> str:
    try:
        there = path.stat().st_size
    except OSError:
        return otherwise
    return f"{there} bytes" if there == size else f"{there} bytes, and should have {size}"


def check(hub: Hub, file: Path | None, tell: Progress) -> tuple[Path, ...]:
    """Look through the archive, or one file of it; what was found right.

    Raises:
        BookDamaged: the first difference.
        ArchiveMissing: a file is not there.
        DataDirectoryError: one cannot be read, or there is no room for what it unpacks.
    """
    folder = hub.store.archive.folder
    right = []
    with hub.reading() as tx:
        before = 0
        rows = _rows(tx)
        for row in rows:
            entries, snapshot = (folder / name(row.seq, row.upto) for name in (entries_name, snapshot_name))
            if file is None or _same(file, entries):
                _check_entries(tx, file or entries, row, before, tell)
                right.append(file or entries)
            if (file is None and row is rows[-1] and snapshot.exists()) or (
                file is not None and _same(file, snapshot)
            ):
                _check_snapshot(tx, file or snapshot, row, hub.data)
                right.append(file or snapshot)
            before = row.upto
    if file is not None and not right:
        raise BookDamaged(f"{file}: this book has no closing that names such a file")
    return tuple(right)


def _same(file: Path, meant: Path) -> bool:
    # A copy on a stick keeps its name, and is as good.
    return file.name == meant.name


def _seal(path: Path, meant: Seal, row: Closing) -> None:
    if archive.seal_of(path) != meant:
        raise BookDamaged(f"{path} is not the file that the closing commits to", row.entry)


def _check_entries(tx: Tx, path: Path, row: Closing, before: int, tell: Progress) -> None:
    _seal(path, Seal(row.entries_size, bytes(row.entries_digest)), row)
    held = Archive(path.parent)
    held.use(path, row.upto)
    try:
        words = held.digests(before + 1, row.upto)
        previous = tx.first("SELECT hash FROM entry WHERE number = ?", before)
        link = bytes(previous[0]) if previous else chain.GENESIS
        for number, hashed, *columns in tx.stream(_INDEX, before, row.upto):
            stored = (number, hashed, held.body(number), *columns)
            entry, link = chain.checked(stored, number, link)
            kept = entry.act.private_digest
            if kept is not None and next(words, None) != (number, kept):
                raise BookDamaged(f"{path} says otherwise of its personal text", number)
            if number % 500 == 0 or number == row.upto:
                tell(CHECKING, number - before, row.upto - before)
    except BadEncoding as error:
        raise BookDamaged(f"{path}: {error}") from error
    finally:
        held.close()
    if link != bytes(row.hash):
        raise BookDamaged(f"{path} does not end where its closing says", row.entry)


_INDEX = (
    "SELECT number, hash, authority, key, kind FROM entry WHERE number > ? AND number <= ? ORDER BY number"
)


def _check_snapshot(tx: Tx, path: Path, row: Closing, room: Path) -> None:
    entry = chain.by_number(tx, row.entry)
    if entry is None:
        raise BookDamaged("the closing's own entry is not there", row.entry)
    start = closings.of_entry(entry)
    with passing(room) as place:
        into = place / "state.db"
        closings.unpack(path, start, into)
        store = Store.open(into)
        try:
            with store.read() as other:
                closings.check_tables(other, start)
                closings.check_before(tx, other, start)
        finally:
            store.close()
