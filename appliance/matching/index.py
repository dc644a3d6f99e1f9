"""What search and matcher read: open listings and their words, in ``cache.db``.

Derived from the book alone. A cursor (the last entry read and its hash) says how far; each
``follow`` reads on from there. A cache of another book, of a book that was set back, or of
another form is thrown away and made anew: deleting the file costs a rebuild, never data. So it
runs with ``synchronous=NORMAL``. It shares no transaction with ``ledger.db``.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import peewee as pw
from playhouse.pool import PooledSqliteDatabase

from appliance.ledger.book import chain
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.schema import Entry as EntryRow
from appliance.ledger.book.store import Tx
from appliance.ledger.reads.people import text_of
from appliance.matching import text

CACHE_FILE: Final = "cache.db"

FORM: Final = "1"
"""Form of the tables and of the words in them. Another one: the cache is made anew."""

BATCH: Final = 500
_KINDS: Final = ("open_listing", "close_listing")

_SCHEMA: Final = (
    "CREATE TABLE note (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL)",
    """CREATE TABLE listing (entry INTEGER NOT NULL PRIMARY KEY, id BLOB NOT NULL UNIQUE, owner INTEGER NOT NULL,
    kind TEXT NOT NULL, category TEXT NOT NULL, opened_ms INTEGER NOT NULL)""",
    "CREATE INDEX listing_owner ON listing (owner)",
    # The text is folded before it comes here; marks that are vowels (M) belong to their words.
    """CREATE VIRTUAL TABLE page USING fts5 (title, text, prefix = '2 3',
    tokenize = "unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'")""",
    """CREATE TABLE word (form TEXT NOT NULL, entry INTEGER NOT NULL, word TEXT NOT NULL, title INTEGER NOT NULL,
    PRIMARY KEY (form, entry, title, word)) WITHOUT ROWID""",
    "CREATE INDEX word_entry ON word (entry)",
)
_TABLES: Final = ("note", "listing", "page", "word")


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
            pragmas={"journal_mode": "wal", "synchronous": "normal", "busy_timeout": 10_000},
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
        return bool(found) and self._note("form") == FORM

    def close(self) -> None:
        """Close every connection."""
        self._db.close_all()  # type: ignore[attr-defined]

    def follow(self, tx: Tx) -> int:
        """Read what the book holds after the cursor; how many entries concerned listings.

        Several may follow at once, in threads or processes: each batch is kept only when the
        cursor still stands where the batch began, so none is applied twice or out of order.

        Args:
            tx: the ledger, for reading; nothing has been read from it yet, so that its state
                is no older than the cursor, which is looked at first.
        """
        with self._db.connection_context():
            kept = self._note("cursor")
        head = chain.head(tx)
        if kept is not None and not _in_book(tx, kept):
            kept = self._thrown_away(kept)
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
                        self._take(tx, chain.parse(bytes(row.body)))
                    now = str(at)
                    self._keep_note("cursor", now)
                    followed += len(rows)
            kept = now
        return followed

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

    def _take(self, tx: Tx, entry: Entry) -> None:
        p = entry.act.payload
        if entry.act.kind == "close_listing":
            for (number,) in self._rows("SELECT entry FROM listing WHERE id = ?", (p["listing"],)):
                for table, column in (("word", "entry"), ("page", "rowid"), ("listing", "entry")):
                    self._do(f"DELETE FROM {table} WHERE {column} = ?", (number,))  # noqa: S608 - names of ours
            return
        title, more = text_of(tx, entry.number, "title"), text_of(tx, entry.number, "text")
        self._do(
            "INSERT OR REPLACE INTO listing VALUES (?, ?, ?, ?, ?, ?)",
            (entry.number, entry.record, p["owner"], p["kind"], p["category"], entry.act.at.ms),
        )
        self._do(
            "INSERT OR REPLACE INTO page (rowid, title, text) VALUES (?, ?, ?)",
            (entry.number, " ".join(text.words(title)), " ".join(text.words(more))),
        )
        in_title = text.meaningful(title)
        in_text = [word for word in text.meaningful(more) if word not in in_title]
        for where, found in ((1, in_title), (0, in_text)):
            for word in found:
                for form in text.forms(word):
                    self._do(
                        "INSERT OR REPLACE INTO word VALUES (?, ?, ?, ?)", (form, entry.number, word, where)
                    )

    def _start_over(self) -> None:
        for table in _TABLES:
            self._do(f"DROP TABLE IF EXISTS {table}")
        for statement in _SCHEMA:
            self._do(statement)
        self._keep_note("form", FORM)

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


def _in_book(tx: Tx, kept: str) -> bool:
    """Whether the book has the entry that a cursor names."""
    try:
        cursor = chain.Head.parse(kept)
    except ValueError:
        return False
    row = tx.get(EntryRow, number=cursor.number)
    return row is not None and bytes(row.hash) == cursor.hash
