"""What search and matcher read: open listings, their words and what they say, in ``cache.db``.

Derived from the book, and from what other hubs have told of their listings. For the book a
cursor (the last entry read and its hash) says how far; each ``follow`` reads on from there. For
each other hub a mark says how far its feed had been read (``far.py``); when it has moved, the
hub's listings are compared with those kept here. A cache of another book, of a book that was
set back, or of another form is thrown away and made anew: deleting the file costs a rebuild,
never data. So it runs with ``synchronous=NORMAL``. It shares no transaction with ``ledger.db``.

A listing's *place* orders them: own ones before those of other hubs, newer before older.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import peewee as pw
from playhouse.pool import PooledSqliteDatabase

from appliance.ledger.book import chain
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.schema import Entry as EntryRow
from appliance.ledger.book.schema import Listing
from appliance.ledger.book.store import Tx
from appliance.ledger.market.listings import OPEN
from appliance.ledger.reads import neighbourhood
from appliance.ledger.reads.people import text_of
from appliance.ledger.values import RecordId
from appliance.matching import far, text, times
from appliance.matching.lexicon import fingerprint
from appliance.matching.meaning import to_text
from appliance.matching.reading import read
from appliance.matching.scoring import keys_of
from appliance.matching.vocabulary import telling_words

CACHE_FILE: Final = "cache.db"

FORM: Final = "11"
"""Form of the tables and of the words in them. Another one, or another lexicon: the cache is made anew."""

BATCH: Final = 500
_MARK: Final = "hub:"
"""Begins the names of the notes that say how far a neighbour's feed had been read."""
_MERGED: Final = "merge_category"
_KINDS: Final = (
    *("open_listing", "import_listing", "edit_listing", "renew_listing", "expire_listing", "close_listing"),
    *("hide_listing", "show_listing", "move_listing", "merge_listing", _MERGED),
)

OWN: Final = 0
"""Stands for this hub among the hubs of listings."""

OWN_PLACES: Final = 1 << 40
"""Own listings have their places from here on; those of other hubs, counted as they arrive, below."""

_SCHEMA: Final = (
    "CREATE TABLE note (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL)",
    # ``number`` is the entry that opened it, at its own hub; ``id`` is null for those of other hubs,
    # ``said`` (what the hub said of it) for own ones. ``hours``: when it could be (``times``), as hexadecimal
    # digits; ``place_words``: those that name where it is. Null where nothing is known of it.
    """CREATE TABLE listing (place INTEGER NOT NULL PRIMARY KEY, hub INTEGER NOT NULL, number INTEGER NOT NULL,
    id BLOB UNIQUE, owner INTEGER NOT NULL, kind TEXT NOT NULL, category TEXT NOT NULL,
    opened_ms INTEGER NOT NULL, said TEXT, meaning TEXT NOT NULL, hours TEXT, place_words TEXT)""",
    "CREATE INDEX listing_owner ON listing (hub, owner)",
    # The text is folded before it comes here; marks that are vowels (M) belong to their words.
    """CREATE VIRTUAL TABLE page USING fts5 (title, text, prefix = '2 3',
    tokenize = "unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'")""",
    # The words there are, for those that are mistyped.
    "CREATE VIRTUAL TABLE word USING fts5vocab (page, row)",
    # Under which keys the matcher finds a listing (``scoring.keys_of``).
    """CREATE TABLE topic (key TEXT NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (key, place)) WITHOUT ROWID""",
    "CREATE INDEX topic_place ON topic (place)",
    # Listings whose words or category were changed: what they had said before, until that is ticked off.
    "CREATE TABLE changed (place INTEGER NOT NULL PRIMARY KEY, category TEXT NOT NULL, meaning TEXT NOT NULL)",
)
_TABLES: Final = ("note", "listing", "word", "page", "topic", "changed")


_CATEGORIES_OF_OPEN: Final = "SELECT id, category FROM listing WHERE state = 'open'"
_LAST_ERASED: Final = "SELECT COALESCE(MAX(closed_entry), 0) FROM erasure WHERE state = 'done'"


@dataclass(frozen=True, slots=True)
class FarId:
    """A listing of another hub: the hub's number, and the listing's there."""

    hub: int
    listing: int


ListingId = RecordId | FarId
"""How a listing is named: an own one by its record, one of another hub by hub and number."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A listing that says something else: category and meaning of before, and of now; None when it has been taken down."""

    place: int
    before: tuple[str, str]
    now: tuple[str, str] | None


def listing_id(record: bytes | None, hub: int, number: int) -> ListingId:
    """The name of a row of the table ``listing``."""
    return FarId(hub, number) if record is None else RecordId(bytes(record))


class Index:
    """The cache of one hub, open. Threads may share it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._db = self._opened()

    @classmethod
    def open(cls, path: Path) -> "Index":
        """The cache at ``path``; made when it is missing, made anew when it cannot be read.

        It costs little: a portal opens it for one page and closes it, so that the file may be deleted under it.
        """
        index = cls(path)
        try:
            index._prepare()
        except pw.DatabaseError as error:
            index.close()
            if not any(words in str(error) for words in ("not a database", "malformed", "no such")):
                raise
            for suffix in ("", "-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
            index = cls(path)
            index._prepare()
        return index

    def _opened(self) -> pw.Database:
        return PooledSqliteDatabase(  # type: ignore[no-any-return]
            str(self.path),
            max_connections=64,
            timeout=30,
            check_same_thread=False,
            pragmas={
                "journal_mode": "wal",
                "synchronous": "normal",
                "busy_timeout": 10_000,
                "secure_delete": 1,
            },
        )

    def _prepare(self) -> None:
        with self._db.connection_context():
            if self._is_ours():
                return
        with self._writing():
            if not self._is_ours():  # another thread may just have made it
                self._start_over()

    def _is_ours(self) -> bool:
        found = self._rows("SELECT name FROM sqlite_master WHERE name = 'note'")
        return bool(found) and self._note("form") == _form()

    def close(self) -> None:
        """Close every connection."""
        self._db.close_all()  # type: ignore[attr-defined]

    def follow(self, tx: Tx) -> int:
        """Read what book and neighbours have said after the cursors; how many listings came or went.

        Several may follow at once, in threads or processes: each batch is kept only when the
        cursor still stands where the batch began, so none is applied twice or out of order.

        Args:
            tx: the ledger, for reading; nothing has been read from it yet, so that its state
                is no older than the cursors, which are looked at first.
        """
        with self._db.connection_context():
            kept, marks = self._note("cursor"), self._marks()
        head = chain.head(tx)
        if self._forget_erased(tx):
            kept, marks = None, {}
        if kept is not None and not _in_book(tx, kept):
            kept, marks = self._thrown_away(kept), {}
        return self._follow_book(tx, kept, head) + self._follow_neighbours(tx, marks)

    def _forget_erased(self, tx: Tx) -> bool:
        """Begin anew when words were erased since; True when it did.

        What is dropped is overwritten, and the log is cut, so that no byte of them stays. While
        somebody else reads that cannot be done; then it is tried again with the next page.
        """
        (last,) = tx.first(_LAST_ERASED) or (0,)
        with self._db.connection_context():
            if (self._note("erased") or "0") == str(last):
                return False
        with self._writing():
            self._start_over()
        if self._cut_to_nothing():
            with self._writing():
                self._keep_note("erased", str(last))
        return True

    def _cut_to_nothing(self) -> bool:
        """Give back all pages that are free, and cut the log; False while somebody else is at it."""
        try:
            with self._db.connection_context():
                self._do("VACUUM")
                ((busy, _, _),) = self._rows("PRAGMA wal_checkpoint(TRUNCATE)")
        except pw.OperationalError:
            return False
        return not busy

    def _follow_book(self, tx: Tx, kept: str | None, head: chain.Head) -> int:
        followed = 0
        while (after := chain.Head.parse(kept).number if kept else 0) < head.number:
            rows = tx.rows(
                EntryRow.select(EntryRow.number, EntryRow.hash, EntryRow.body)
                .where(EntryRow.kind.in_(_KINDS), EntryRow.number > after)
                .order_by(EntryRow.number)
                .limit(BATCH)
            )
            at = head if len(rows) < BATCH else chain.Head(rows[-1].number, bytes(rows[-1].hash))
            with self._writing():
                now = self._note("cursor")
                if now == kept:
                    for row in rows:
                        self._take(tx, chain.read(tx, row.number, row.hash, row.body))
                    now = str(at)
                    self._keep_note("cursor", now)
                    followed += len(rows)
            kept = now
        return followed

    def _follow_neighbours(self, tx: Tx, marks: Mapping[str, str]) -> int:
        followed = 0
        for hub, mark in far.marks(tx).items():
            note = _MARK + str(hub)
            if marks.get(note) == mark:
                continue
            told = far.open_listings(tx, hub)
            with self._writing():
                if self._note(note) == marks.get(note):
                    followed += self._compare(hub, told)
                    self._keep_note(note, mark)
        return followed

    def _compare(self, hub: int, told: set[str]) -> int:
        """Make the listings of ``hub`` what it has ``told``; how many were not so yet."""
        kept = {
            said: place for place, said in self._rows("SELECT place, said FROM listing WHERE hub = ?", (hub,))
        }
        gone = kept.keys() - told
        new = {said: far.Said.read(said) for said in sorted(told - kept.keys())}
        again = {one.place for one in new.values()}
        for said in gone:
            if kept[said] not in again:
                self._drop(kept[said])
        for said, one in new.items():
            before = self._before(one.place, hub)
            self._drop(one.place)  # of another hub, when the tables were set back and counted anew
            self._insert(
                one.place, hub, one.listing, None, one.owner, one.kind, one.category, one.seen_ms, said
            )
            self._read(one.place, one.title, "")
            self._note_change(one.place, before)
        return len(gone) + len(new)

    def _marks(self) -> dict[str, str]:
        return dict(self._rows("SELECT name, value FROM note WHERE name GLOB ?", (_MARK + "*",)))

    def _thrown_away(self, kept: str) -> str | None:
        """Begin anew, unless another thread has just done so; the cursor after it."""
        with self._writing():
            if self._note("cursor") == kept:
                self._start_over()
            return self._note("cursor")

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a select over the tables above."""
        with self._db.connection_context():
            return self._rows(sql, values)

    def noted(self, name: str) -> str | None:
        """What was noted under ``name``; None when nothing was, or the cache was made anew since."""
        with self._db.connection_context():
            return self._note(name)

    def note(self, name: str, value: str) -> None:
        """Note something that may be lost with the cache."""
        with self._writing():
            self._keep_note(name, value)

    def _take(self, tx: Tx, entry: Entry) -> None:
        """Make the cache what the book says now of the listing that ``entry`` is about: whatever came later shows, too."""
        if entry.act.kind == _MERGED:
            for record, category in tx.select(_CATEGORIES_OF_OPEN):
                self._do("UPDATE listing SET category = ? WHERE id = ?", (category, bytes(record)))
            return
        record, before = bytes(entry.act.payload.get("listing", entry.record)), None
        for (place,) in self._rows("SELECT place FROM listing WHERE id = ?", (record,)):
            before = self._before(place, OWN)
            self._drop(place)
        row = tx.get(Listing, id=record)
        if row is None or row.state != OPEN:
            return
        place = OWN_PLACES + row.opened_entry
        about = (row.owner, row.kind, row.category, row.opened_ms)
        self._insert(place, OWN, row.opened_entry, record, *about, None)
        self._read(place, *(text_of(tx, row.text_entry, field) for field in ("title", "text", "place")))
        if named := neighbourhood.place_words(text_of(tx, row.text_entry, "place"), telling_words):
            self._do("UPDATE listing SET place_words = ? WHERE place = ?", (" ".join(sorted(named)), place))
        if (hours := times.read(text_of(tx, row.text_entry, "times"))) is not None:
            self._do("UPDATE listing SET hours = ? WHERE place = ?", (f"{hours:x}", place))
        self._note_change(place, before)

    def _insert(self, *values: object) -> None:
        self._do(
            "INSERT OR REPLACE INTO listing VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '[]', NULL, NULL)", values
        )

    def _before(self, place: int, hub: int) -> tuple[Any, ...] | None:
        """Category and meaning of a listing before it is read anew."""
        found = self._rows("SELECT category, meaning FROM listing WHERE place = ? AND hub = ?", (place, hub))
        return found[0] if found else None

    def _says(self, place: int) -> tuple[Any, ...] | None:
        found = self._rows("SELECT category, meaning FROM listing WHERE place = ?", (place,))
        return found[0] if found else None

    def _note_change(self, place: int, before: tuple[Any, ...] | None) -> None:
        """Keep what a listing said before, if it says something else now; what it said first, when it changes often."""
        now = self._says(place)
        if before is not None and now is not None and now != before:
            self._do("INSERT OR IGNORE INTO changed VALUES (?, ?, ?)", (place, *before))

    def changed(self, most: int) -> list[Changed]:
        """Listings that say something else since they were last ticked off (``tick_off``); by their place, at most ``most``."""
        found = self.rows(
            """SELECT c.place, c.category, c.meaning, l.category, l.meaning FROM changed c
            LEFT JOIN listing l ON l.place = c.place ORDER BY c.place LIMIT ?""",
            (most,),
        )
        return [
            Changed(int(place), (category, meaning), None if now[0] is None else (now[0], now[1]))
            for place, category, meaning, *now in found
        ]

    def tick_off(self, changes: Iterable[Changed]) -> None:
        """Forget what these had said before; one that says something else again by now stays."""
        found = list(changes)
        if not found:
            return
        with self._writing():
            for one in found:
                if self._says(one.place) == one.now:
                    self._do("DELETE FROM changed WHERE place = ?", (one.place,))

    def _drop(self, place: int) -> None:
        for table, column in (("topic", "place"), ("page", "rowid"), ("listing", "place")):
            self._do(f"DELETE FROM {table} WHERE {column} = ?", (place,))  # noqa: S608 - names of ours

    def _read(self, place: int, title: str, more: str, where: str = "") -> None:
        """Keep the words of a listing, and what it says; ``where`` it is, is found and says nothing."""
        self._do(
            "INSERT OR REPLACE INTO page (rowid, title, text) VALUES (?, ?, ?)",
            (place, text.kept(title), text.kept(f"{more} {where}")),
        )
        meaning = read(title, more)
        self._do("UPDATE listing SET meaning = ? WHERE place = ?", (to_text(meaning), place))
        for key in sorted(keys_of(meaning)):
            self._do("INSERT OR REPLACE INTO topic VALUES (?, ?)", (key, place))

    def _start_over(self) -> None:
        for table in _TABLES:
            self._do(f"DROP TABLE IF EXISTS {table}")
        for statement in _SCHEMA:
            self._do(statement)
        self._keep_note("form", _form())

    def _note(self, name: str) -> str | None:
        found = self._rows("SELECT value FROM note WHERE name = ?", (name,))
        return str(found[0][0]) if found else None

    def _keep_note(self, name: str, value: str) -> None:
        self._do("INSERT OR REPLACE INTO note VALUES (?, ?)", (name, value))

    def _do(self, sql: str, values: Sequence[Any] = ()) -> None:
        self._run(sql, values)

    def _rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return list(self._run(sql, values).fetchall())

    def _run(self, sql: str, values: Sequence[Any]) -> Any:
        return self._db.execute_sql(sql, values)  # type: ignore[no-untyped-call]

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._db.connection_context():
            self._do("BEGIN IMMEDIATE")
            try:
                yield
                self._do("COMMIT")
            except BaseException:
                self._do("ROLLBACK")
                raise


def _form() -> str:
    return f"{FORM}.{fingerprint()}"


def _in_book(tx: Tx, kept: str) -> bool:
    """Whether the book has the entry that a cursor names."""
    try:
        cursor = chain.Head.parse(kept)
    except ValueError:
        return False
    row = tx.get(EntryRow, number=cursor.number)
    return row is not None and bytes(row.hash) == cursor.hash
