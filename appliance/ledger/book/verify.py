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

A closing (``closings``) says what the state was: the replay makes that state and compares. A *quick* run begins
there instead, with the state out of the archive, and is as strict with all that came after, with every
live row, with every byte of the archive and with all personal text. What it does not do is to check the
signatures before the closing and to fold those entries again.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import peewee as pw

from appliance.ledger.book import chain, closings, fold, postcheck, state_digest
from appliance.ledger.book.authority import Keyring
from appliance.ledger.book.chain import Entry, Head
from appliance.ledger.book.command import CHECKS, FOLDS
from appliance.ledger.book.private import private_digest
from appliance.ledger.book.replay_room import Room, room
from appliance.ledger.book.schema import (
    TRUTH_TABLES,
    Table,
    primary_key,
)
from appliance.ledger.book.schema import Entry as EntryRow
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
        closing: after which entry it began, with the state that a closing commits to; 0: with the first.
    """

    head: Head
    root_key: bytes
    signatures: int
    rows: int
    postings: int
    erased: int
    records: int
    resumed: int = 0
    closing: int = 0


def verify(
    store: Store,
    kept: Sequence[Head] = (),
    root_key: bytes | None = None,
    progress: Progress | None = None,
    work: Path | None = None,
    from_start: bool = False,
    quick: bool = False,
    then: Callable[[Store, Report], None] | None = None,
) -> Report:
    """Verify the book and the state in ``store``; nothing in it is changed.

    Args:
        kept: heads noted earlier, on paper or by a neighbour; the book must still hold them.
        root_key: the root's public key as known from elsewhere.
        work: the directory in which an interrupted run's work is kept and found again. By default
            nothing is kept, and the second database is in the system's temporary directory.
        from_start: use nothing that an interrupted run left.
        quick: begin at the last closing, if there is one, with the state that it commits to.
        then: given the second database when all was found clean, before it is removed.

    Raises:
        BookDamaged: the first difference, in words.
        ArchiveMissing: what a closing moved to the archive is not there.
    """
    with room(work) as place:
        start = None
        if quick:
            with store.read() as tx:
                start = closings.last(tx)

        def opened(anew: bool) -> Store:
            if start is None:
                second = place.open(anew)
            else:
                second = place.open(
                    anew,
                    start.hash.hex(),
                    lambda path: closings.unpack(closings.snapshot_of(store.archive, start), start, path),
                )
            second.archive = store.archive  # what folding asks of archived entries
            return second

        second = opened(from_start)
        try:
            try:
                report = _verify(store, second, start, place, kept, root_key, progress)
            except (BookDamaged, pw.DatabaseError):
                with second.read() as other:
                    begun = chain.head(other).number
                if from_start or not place.keep or begun <= (start.upto if start else 0):
                    raise
                second.close()
                second = opened(anew=True)
                report = _verify(store, second, start, place, kept, root_key, progress)
            if then is not None:
                then(second, report)
            return report
        finally:
            second.close()


def _verify(
    store: Store,
    second: Store,
    start: closings.Start | None,
    place: Room,
    kept: Sequence[Head],
    root_key: bytes | None,
    progress: Progress | None,
) -> Report:
    with store.read() as tx:
        replayed = _Replay(tx, second, start, progress)
        replayed.run()
        if root_key is not None and replayed.keyring.root != root_key:
            raise BookDamaged("is not signed by the root that was named", 1)
        end = chain.head(tx)
        for head in kept:
            _check_kept(tx, end, head)
        with second.read() as other:
            _compare_schema(tx, other)
            rows = sum(_compare(tx, other, model) for model in TRUTH_TABLES)
        closings.check_files(tx)
        if start is None:
            closings.check_snapshot(tx, place.path)
        _check_belonging(tx, end)
        records = postcheck.check(tx)
        postings = sum(check(tx) for check in CHECKS)
    return Report(
        end,
        replayed.keyring.root or b"",
        replayed.signatures,
        rows,
        postings,
        replayed.erased,
        records,
        replayed.begun.number if replayed.begun.number > replayed.first else 0,
        replayed.first,
    )


class _Replay:
    """One pass over the book, or over what came after a closing: chain, signatures, personal text, fold."""

    def __init__(
        self, tx: Tx, second: Store, start: closings.Start | None, progress: Progress | None
    ) -> None:
        self.keyring = Keyring()
        self.signatures = 0
        self.erased = 0
        self.first = start.upto if start else 0
        """The entry after which it begins."""
        self._start = start
        self._tx = tx
        self._second = second
        self._progress = progress
        self._watched = {closing.upto: closing for closing in closings.each(tx)}
        self._stood: dict[int, str | None] = {}
        """By the entry up to which a closing was made: the first table that was otherwise then."""
        with second.read() as other:
            self.begun = chain.head(other)
        """How far an interrupted run had come."""

    def run(self) -> None:
        total = chain.count(self._tx)
        if not total:
            raise BookDamaged("the book is empty: it has no founding")
        if self.begun.number > total:
            raise BookDamaged("what an interrupted verification left is of a longer book")
        if self._start:
            self._begin_at(self._start)
        batch: list[Entry] = []
        archived = self._archived_digests()
        for entry, link in chain.entries(self._tx, self.first):
            known = entry.number <= self.begun.number
            self.keyring.check(entry, known)
            self.signatures += 1
            self._check_words(entry.number, entry.act.private_digest)
            self._check_archived(entry, archived)
            if not known:
                batch.append(entry)
            elif entry.number == self.begun.number and link != self.begun.hash:
                raise BookDamaged("what an interrupted verification left is of another book", entry.number)
            if len(batch) == _FOLD_BATCH or entry.number in self._watched:
                self._fold(batch)
                batch = []
            self._look_at_closing(entry, known)
            if self._progress and (not (batch or known) or entry.number % _TELL_EVERY == 0):
                self._progress(entry.number - self.first, total - self.first)
        self._fold(batch)
        if self._progress:
            self._progress(total - self.first, total - self.first)

    def _begin_at(self, start: closings.Start) -> None:
        """Take in what was before a closing, which its snapshot stands for."""
        with self._second.read() as other:
            closings.check_before(self._tx, other, start)
            if self.begun.number == start.upto:
                closings.check_tables(other, start)
            self.keyring = closings.keyring_at(other, start)
        self._stood[start.upto] = None
        for number, kept in _side_by_side(
            self._tx.archive.digests(1, start.upto), self._tx.stream(_WITH_WORDS, start.upto, start.upto)
        ):
            self._check_words(number, kept)

    def _archived_digests(self) -> Iterator[tuple[int, bytes]]:
        """What the archive says of personal text, to be held against the entries as they come."""
        last = max(self._watched, default=0)
        return iter(()) if self._start else self._tx.archive.digests(1, last)

    def _check_archived(self, entry: Entry, archived: Iterator[tuple[int, bytes]]) -> None:
        if self._start or entry.number > max(self._watched, default=0):
            return
        kept = entry.act.private_digest
        if kept is not None and next(archived, None) != (entry.number, kept):
            raise BookDamaged("the archive says otherwise of its personal text", entry.number)

    def _look_at_closing(self, entry: Entry, known: bool) -> None:
        """At the entry up to which one was made, look at the state; at its own, say what was seen."""
        closing = self._watched.get(entry.number)
        if closing is not None:
            with self._second.read() as other:
                if chain.head(other).number == entry.number:
                    self._stood[entry.number] = state_digest.differing(other, closing.tables)
        if entry.act.kind != closings.KIND or known:
            return
        upto = closings.of_entry(entry).upto
        if upto not in self._stood:
            raise BookDamaged("is a closing whose state has not been seen", entry.number)
        if (name := self._stood[upto]) is not None:
            raise BookDamaged(
                f"commits to another table {name} than the book gives at entry {upto}", entry.number
            )

    def _fold(self, batch: list[Entry]) -> None:
        with self._second.write() as other:
            for entry in batch:
                try:
                    # In the second book too: it lets no authority use a key twice.
                    chain.append(other, entry)
                    fold.apply(other, entry, FOLDS)
                except pw.DatabaseError as error:
                    raise BookDamaged(f"cannot be folded: {error}", entry.number) from error

    def _check_words(self, number: int, kept: bytes | None) -> None:
        """The personal text of entry ``number``, of which the book holds the digest ``kept``."""
        words = dict(self._tx.select("SELECT field, text FROM private_text WHERE entry = ?", number))
        salt = self._tx.first("SELECT salt FROM private_salt WHERE entry = ?", number)
        erased = self._tx.first("SELECT 1 FROM erased WHERE entry = ?", number) is not None
        if erased and (words or salt):
            raise BookDamaged("its personal text was erased, and is there again", number)
        if kept is None:
            if words or salt:
                raise BookDamaged("has personal text that the book does not know of", number)
        elif erased:
            self.erased += 1
        elif salt is None and not words:
            raise BookDamaged("its personal text is missing, and no entry erased it", number)
        elif salt is None or private_digest(bytes(salt[0]), words) != kept:
            raise BookDamaged("its personal text is not what was written", number)


_WITH_WORDS = """
SELECT entry FROM private_text WHERE entry <= ?
UNION SELECT entry FROM private_salt WHERE entry <= ? ORDER BY 1
"""


def _side_by_side(
    kept: Iterator[tuple[int, bytes]], written: Iterator[tuple[Any, ...]]
) -> Iterator[tuple[int, bytes | None]]:
    """Entries that had personal text or have some now, in order, with the digest that the book holds, if it does."""
    one, other = next(kept, None), next(written, None)
    while one is not None or other is not None:
        if one is not None and (other is None or one[0] <= other[0]):
            if other is not None and other[0] == one[0]:
                other = next(written, None)
            yield one
            one = next(kept, None)
        elif other is not None:
            yield int(other[0]), None
            other = next(written, None)


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
