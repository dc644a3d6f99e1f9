"""``hub verify``: is the book what it was, and is the state what the book says?

Checked, in this order, each entry as it comes: the chain (numbers, links, hashes, columns
against bytes), the signature of the authority that each entry names, the personal text
against its salted digest (unless erased), and the fold of the entry into a second, empty
database. Then: every row of every truth table against that database's, row by row; that the
postings of each transfer and all balances sum to zero; that each balance is the sum of its
postings and each hold that of its requests; and that the book still holds the heads that were
kept elsewhere.

The first thing that does not hold ends it.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import peewee as pw

from appliance.ledger.book import chain, fold
from appliance.ledger.book.authority import Keyring
from appliance.ledger.book.chain import Entry, Head
from appliance.ledger.book.command import CHECKS, FOLDS
from appliance.ledger.book.private import PrivateSalt, PrivateText, private_digest
from appliance.ledger.book.schema import (
    TRUTH_TABLES,
    Table,
    primary_key,
)
from appliance.ledger.book.schema import Entry as EntryRow
from appliance.ledger.book.store import Store, Tx
from appliance.ledger.errors import BookDamaged

_FOLD_BATCH = 5_000
"""Entries folded in one transaction of the second database."""

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
    """

    head: Head
    root_key: bytes
    signatures: int
    rows: int
    postings: int
    erased: int


def verify(
    store: Store,
    kept: Sequence[Head] = (),
    root_key: bytes | None = None,
    progress: Progress | None = None,
    work: Path | None = None,
) -> Report:
    """Verify the book and the state in ``store``; nothing in it is changed.

    Args:
        kept: heads noted earlier, on paper or by a neighbour; the book must still hold them.
        root_key: the root's public key as known from elsewhere.
        work: where the second database may be put; the system's temporary directory by default.

    Raises:
        BookDamaged: the first difference, in words.
    """
    with store.read() as tx, tempfile.TemporaryDirectory(prefix="hub-verify-", dir=work) as room:
        second = Store.create(Path(room) / "replay.db")
        try:
            replayed = _Replay(tx, second, progress)
            replayed.run()
            if root_key is not None and replayed.keyring.root != root_key:
                raise BookDamaged("is not signed by the root that was named", 1)
            end = chain.head(tx)
            for head in kept:
                _check_kept(tx, end, head)
            with second.read() as other:
                rows = sum(_compare(tx, other, model) for model in TRUTH_TABLES)
            postings = sum(check(tx) for check in CHECKS)
        finally:
            second.close()
    root = replayed.keyring.root or b""
    return Report(end, root, replayed.signatures, rows, postings, replayed.erased)


class _Replay:
    """One pass over the book: chain, signatures, personal text, fold."""

    def __init__(self, tx: Tx, second: Store, progress: Progress | None) -> None:
        self.keyring = Keyring()
        self.signatures = 0
        self.erased = 0
        self._tx = tx
        self._second = second
        self._progress = progress

    def run(self) -> None:
        total = chain.count(self._tx)
        if not total:
            raise BookDamaged("the book is empty: it has no founding")
        batch: list[Entry] = []
        for entry, _ in chain.entries(self._tx):
            self.keyring.check(entry)
            self.signatures += 1
            self._check_private(entry)
            batch.append(entry)
            if len(batch) == _FOLD_BATCH:
                self._fold(batch)
                batch = []
            if self._progress and entry.number % 500 == 0:
                self._progress(entry.number, total)
        self._fold(batch)
        if self._progress:
            self._progress(total, total)

    def _fold(self, batch: list[Entry]) -> None:
        with self._second.write() as other:
            for entry in batch:
                try:
                    fold.apply(other, entry, FOLDS)
                except pw.DatabaseError as error:
                    raise BookDamaged(f"cannot be folded: {error}", entry.number) from error

    def _check_private(self, entry: Entry) -> None:
        rows = self._tx.rows(PrivateText.select().where(PrivateText.entry == entry.number))
        words = {row.field: row.text for row in rows}
        salt = self._tx.get(PrivateSalt, entry=entry.number)
        kept = entry.act.private_digest
        if kept is None:
            if words or salt:
                raise BookDamaged("has personal text that the book does not know of", entry.number)
        elif salt is None and not words:
            self.erased += 1
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


def _rows(tx: Tx, model: type[Table]) -> Iterator[dict[str, Any]]:
    order = [getattr(model, name) for name in primary_key(model)]
    for row in tx.each(model.select().order_by(*order).dicts()):
        yield {name: bytes(v) if isinstance(v, memoryview) else v for name, v in row.items()}


def _compare(tx: Tx, other: Tx, model: type[Table]) -> int:
    """How many rows of ``model`` there are, once each is the one that the replay gives."""
    name = model._meta.table_name  # noqa: SLF001 - peewee's documented way to reach it
    keys = primary_key(model)
    checked = 0
    for mine, replayed in zip_longest(_rows(tx, model), _rows(other, model)):
        if mine == replayed:
            checked += 1
            continue
        if mine is None or (replayed is not None and _key(replayed, keys) < _key(mine, keys)):
            raise BookDamaged(
                f"table {name}: row {_show(replayed, keys)} of the book is missing from the state"
            )
        if replayed is None or _key(mine, keys) < _key(replayed, keys):
            raise BookDamaged(f"table {name}: row {_show(mine, keys)} of the state is not in the book")
        column = next(c for c in mine if mine[c] != replayed[c])
        raise BookDamaged(
            f"table {name}: row {_show(mine, keys)}: {column} is {mine[column]!r}, the book says {replayed[column]!r}"
        )
    return checked


def _key(row: dict[str, Any], keys: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(row[name] for name in keys)


def _show(row: dict[str, Any] | None, keys: tuple[str, ...]) -> str:
    shown = (row[name] for name in keys) if row else ()
    return " ".join(value.hex() if isinstance(value, bytes) else str(value) for value in shown)
