"""``hub verify``: is the book what it was, and is the state what the book says?

Checked, in this order, each entry as it comes: the chain (numbers, links, hashes, columns
against bytes), the signature of the authority that each entry names, the personal text
against its salted digest (unless erased), that no act stands there twice, and that whoever
signed it could move what it moves, within the limits and rules of that moment, by folding it
into a second, empty database. Then: every row of every truth table against that database's,
value by value and type by type; the tables, indexes and triggers of the file themselves; that
private text and sealed keys belong to what is there; that the kept post is what the book says
of it (``postcheck.py``); that the postings of each transfer and all balances sum to zero; and
that the book still holds the heads that were kept elsewhere.

The first thing that does not hold ends it.

A run that was interrupted left its second database (``replay_room.py``). The next one walks the whole
chain all the same, but goes on with signatures and folding after the entry that the other had come to,
when the hash there is the same. If it finds anything, all is done again from the start: a
difference is never the fault of what was left.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import peewee as pw

from appliance.ledger.book import chain, fold, postcheck
from appliance.ledger.book.authority import Keyring
from appliance.ledger.book.chain import Entry, Head
from appliance.ledger.book.command import CHECKS, FOLDS
from appliance.ledger.book.private import PrivateSalt, PrivateText, private_digest
from appliance.ledger.book.replay_room import room
from appliance.ledger.book.schema import (
    TRUTH_TABLES,
    Table,
    primary_key,
)
from appliance.ledger.book.schema import Entry as EntryRow
from appliance.ledger.book.schema_erased import Erased
from appliance.ledger.book.store import Store, Tx
from appliance.ledger.errors import BookDamaged

_FOLD_BATCH = 5_000
"""Entries folded in one transaction of the second database: what an interruption loses at most."""

_TELL_EVERY = 500

Progress = Callable[[int, int], None]
"""Called now and then with entries done and entries in all."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a clean verification counted.

    Attributes:
        head: where the book ends.
        root_key: the hub root's public key that the book names; compare it with the root paper.
        signatures, rows, postings: how many were checked; all sums were zero.
        erased: entries whose personal text has been erased.
        records: own and foreign ones that are kept and linked.
        resumed: up to which entry signatures and folding were those of an interrupted run; 0 when
            this run did all of it.
    """

    head: Head
    root_key: bytes
    signatures: int
    rows: int
    postings: int
    erased: int
    records: int
    resumed: int = 0


def verify(
    store: Store,
    kept: Sequence[Head] = (),
    root_key: bytes | None = None,
    progress: Progress | None = None,
    work: Path | None = None,
    from_start: bool = False,
) -> Report:
    """Verify the book and the state in ``store``; nothing in it is changed.

    Args:
        kept: heads noted earlier, on paper or by a neighbour; the book must still hold them.
        root_key: the root's public key as known from elsewhere.
        work: the directory in which an interrupted run's work is kept and found again. By default
            nothing is kept, and the second database is in the system's temporary directory.
        from_start: use nothing that an interrupted run left.

    Raises:
        BookDamaged: the first difference, in words.
    """
    with room(work) as place:
        second = place.open(from_start)
        try:
            return _verify(store, second, kept, root_key, progress)
        except (BookDamaged, pw.DatabaseError):
            with second.read() as other:
                resumed = chain.head(other).number if place.keep else 0
            if from_start or not resumed:
                raise
        finally:
            second.close()
        second = place.open(from_start=True)
        try:
            return _verify(store, second, kept, root_key, progress)
        finally:
            second.close()


def _verify(
    store: Store,
    second: Store,
    kept: Sequence[Head],
    root_key: bytes | None,
    progress: Progress | None,
) -> Report:
    with store.read() as tx:
        replayed = _Replay(tx, second, progress)
        replayed.run()
        if root_key is not None and replayed.keyring.root != root_key:
            raise BookDamaged("is not signed by the root that was named", 1)
        end = chain.head(tx)
        for head in kept:
            _check_kept(tx, end, head)
        with second.read() as other:
            _compare_schema(tx, other)
            rows = sum(_compare(tx, other, model) for model in TRUTH_TABLES)
        _check_belonging(tx, end)
        records = postcheck.check(tx)
        postings = sum(check(tx) for check in CHECKS)
    root = replayed.keyring.root or b""
    return Report(
        end, root, replayed.signatures, rows, postings, replayed.erased, records, replayed.begun.number
    )


class _Replay:
    """One pass over the book: chain, signatures, personal text, fold."""

    def __init__(self, tx: Tx, second: Store, progress: Progress | None) -> None:
        self.keyring = Keyring()
        self.signatures = 0
        self.erased = 0
        self._tx = tx
        self._second = second
        self._progress = progress
        with second.read() as other:
            self.begun = chain.head(other)
        """How far an interrupted run had come."""

    def run(self) -> None:
        total = chain.count(self._tx)
        if not total:
            raise BookDamaged("the book is empty: it has no founding")
        if self.begun.number > total:
            raise BookDamaged("what an interrupted verification left is of a longer book")
        batch: list[Entry] = []
        for entry, link in chain.entries(self._tx):
            known = entry.number <= self.begun.number
            self.keyring.check(entry, known)
            self.signatures += 1
            self._check_private(entry)
            if not known:
                batch.append(entry)
            elif entry.number == self.begun.number and link != self.begun.hash:
                raise BookDamaged("what an interrupted verification left is of another book", entry.number)
            if len(batch) == _FOLD_BATCH:
                self._fold(batch)
                batch = []
            if self._progress and (not (batch or known) or entry.number % _TELL_EVERY == 0):
                self._progress(entry.number, total)
        self._fold(batch)
        if self._progress:
            self._progress(total, total)

    def _fold(self, batch: list[Entry]) -> None:
        with self._second.write() as other:
            for entry in batch:
                try:
                    # In the second book too: it lets no authority use a key twice.
                    chain.append(other, entry)
                    fold.apply(other, entry, FOLDS)
                except pw.DatabaseError as error:
                    raise BookDamaged(f"cannot be folded: {error}", entry.number) from error

    def _check_private(self, entry: Entry) -> None:
        rows = self._tx.rows(PrivateText.select().where(PrivateText.entry == entry.number))
        words = {row.field: row.text for row in rows}
        salt = self._tx.get(PrivateSalt, entry=entry.number)
        kept = entry.act.private_digest
        erased = self._tx.get(Erased, entry=entry.number) is not None
        if erased and (words or salt):
            raise BookDamaged("its personal text was erased, and is there again", entry.number)
        if kept is None:
            if words or salt:
                raise BookDamaged("has personal text that the book does not know of", entry.number)
        elif erased:
            self.erased += 1
        elif salt is None and not words:
            raise BookDamaged("its personal text is missing, and no entry erased it", entry.number)
        elif salt is None or private_digest(bytes(salt.salt), words) != kept:
            raise BookDamaged("its personal text is not what was written", entry.number)


def _check_kept(tx: Tx, end: Head, head: Head) -> None:
    if head.number > end.number:
        raise BookDamaged(
            f"the book ends at entry {end.number}, but entry {head.number} was seen before", head.number
        )
    row = tx.get(EntryRow, number=head.number)
    if head.number and (row is None or bytes(row.hash) != head.hash):
        raise BookDamaged("is not the entry that was seen under this number before", head.number)


def _compare_schema(tx: Tx, other: Tx) -> None:
    """The same tables and indexes, and no trigger, as the migrations make."""
    mine, fresh = ({(kind, name): sql for kind, name, sql in each.select(_SCHEMA)} for each in (tx, other))
    for kind, name in sorted(mine.keys() | fresh.keys()):
        if mine.get((kind, name)) != fresh.get((kind, name)):
            raise BookDamaged(f"{kind} {name} of the file is not what this release makes")


_SCHEMA = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL"


def _check_belonging(tx: Tx, end: Head) -> None:
    """Private text belongs to entries that are there, sealed keys to the keys in force."""
    for table in ("private_text", "private_salt"):
        stray = tx.first(f"SELECT entry FROM {table} WHERE entry NOT BETWEEN 1 AND ? LIMIT 1", end.number)  # noqa: S608 - our names
        if stray is not None:
            raise BookDamaged(f"table {table}: a row of entry {stray[0]}, which is not there")
    stray = tx.first(_STRAY_KEY)
    if stray is not None:
        raise BookDamaged(f"table sealed_key: member {stray[0]}'s key is not sealed there, or another one is")


_STRAY_KEY = """
SELECT member_key.member FROM member_key
LEFT JOIN sealed_key ON sealed_key.member = member_key.member
WHERE member_key.ended_entry IS NULL
  AND (sealed_key.public IS NULL OR sealed_key.public <> member_key.public)
LIMIT 1
"""


def _compare(tx: Tx, other: Tx, model: type[Table]) -> int:
    """How many rows of ``model`` there are, once each is the one that the replay gives."""
    name = model._meta.table_name  # noqa: SLF001 - peewee's documented way to reach it
    columns, keys = tx.columns(model), primary_key(model)
    places = [columns.index(key) for key in keys]
    checked = 0
    for mine, replayed in zip_longest(tx.dump(model, keys), other.dump(model, keys)):
        if mine is not None and replayed is not None and _typed(mine) == _typed(replayed):
            checked += 1
            continue
        my_key, its_key = _key(mine, places), _key(replayed, places)
        if mine is None or (its_key is not None and my_key is not None and its_key < my_key):
            raise BookDamaged(
                f"table {name}: row {_show(replayed, places)} of the book is missing from the state"
            )
        if replayed is None or my_key != its_key:
            raise BookDamaged(f"table {name}: row {_show(mine, places)} of the state is not in the book")
        at = next(
            i for i, pair in enumerate(zip(_typed(mine), _typed(replayed), strict=True)) if pair[0] != pair[1]
        )
        raise BookDamaged(
            f"table {name}: row {_show(mine, places)}: {columns[at]} is {mine[at]!r}, the book says {replayed[at]!r}"
        )
    return checked


def _typed(row: tuple[Any, ...]) -> tuple[tuple[str, Any], ...]:
    """A row that equals another only when the types do: 5 is not 5.0, and text no blob."""
    return tuple((type(value).__name__, value) for value in row)


def _key(row: tuple[Any, ...] | None, places: list[int]) -> tuple[tuple[int, Any], ...] | None:
    """What orders rows as SQLite does: null, numbers, text, blobs."""
    if row is None:
        return None
    ranks = {type(None): 0, int: 1, float: 1, str: 2, bytes: 3}
    return tuple((ranks[type(row[i])], row[i]) for i in places)


def _show(row: tuple[Any, ...] | None, places: list[int]) -> str:
    shown = (row[i] for i in places) if row else ()
    return " ".join(value.hex() if isinstance(value, bytes) else str(value) for value in shown)
