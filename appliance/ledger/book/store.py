"""The ledger's database: opened, migrated, read and written.

``ledger.db`` runs WAL with ``synchronous=FULL``: what has been acknowledged survives a power
cut (with NORMAL, SQLite may roll a commit back, and a signed number would be given twice;
https://www.sqlite.org/pragma.html#pragma_synchronous).

There is one way to write: ``Store.write()``, which takes SQLite's write lock at once
(``BEGIN IMMEDIATE``) and refuses to nest. peewee's ``atomic()`` is not used: it begins
deferred, so that two writers can both read before one of them is turned away, and nested it
becomes a savepoint without the lock.
"""

import contextlib
import logging
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeVar

import peewee as pw
from playhouse.migrations import Runner
from playhouse.pool import PooledSqliteDatabase

from appliance.ledger.book import checkpoints, presence, recheck
from appliance.ledger.book.presence import Presence
from appliance.ledger.book.schema import Table
from appliance.ledger.errors import BookDamaged, CannotWrite, DataDirectoryError, NestedWrite, NotSure
from appliance.ledger.lane import THE_LANE

_log = logging.getLogger(__name__)

MIGRATIONS: Final = Path(__file__).parent / "migrations"
LEDGER_FILE: Final = "ledger.db"

_LOCK_SECONDS: Final = 10.0
"""How long a writer waits for its turn before it gives up with ``WriteBusy``."""

_SEEN_ROWS: Final = 64
"""How many single rows of a table a transaction remembers: a replay is one transaction of any length."""

Row = TypeVar("Row", bound=Table)


class WriteBusy(DataDirectoryError):
    """Other writers kept the lock too long. Nothing was written; trying again is safe."""


class Tx:
    """One transaction's view of the database. Every query names its database through it."""

    def __init__(self, database: pw.Database) -> None:
        self._db = database
        self._connection: sqlite3.Connection = database.connection()  # type: ignore[no-untyped-call]
        self._seen: dict[type[Table], dict[tuple[Any, ...], tuple[Any, ...] | None]] = {}
        # Single rows that were asked for, until their table is written. Deciding, the warrant and applying ask
        # for the same few; nobody else can change them within the transaction.

    def get(self, model: type[Row], **key: Any) -> Row | None:
        """The one row whose columns are ``key``, or None."""
        seen = self._seen.get(model)
        if seen is None:
            seen = self._seen[model] = {}
        question = (*key, *key.values())
        if question in seen:
            found = seen[question]
        else:
            if len(seen) >= _SEEN_ROWS:
                seen.clear()
            values = tuple(value for value in key.values() if value is not None)
            sql = _select(model, tuple(key), tuple(value is None for value in key.values()))
            found = seen[question] = self._run(sql, values).fetchone()
        return None if found is None else _row(model, found)

    def found(self, model: type[Row], where: str, *values: Any) -> list[Row]:
        """The rows of a table that fit a condition written out in SQL: for what every page asks (see ``first``).

        Args:
            where: what follows WHERE: the condition, and perhaps an order and a limit. Values stand as ``?``.
        """
        return [_row(model, row) for row in self._run(f"{_all_of(model)} WHERE {where}", values)]

    def rows(self, query: Any) -> list[Any]:
        """All rows of a select."""
        return list(query.execute(self._db))

    def each(self, query: Any) -> Iterator[Any]:
        """The rows of a select one by one, for tables of any length."""
        yield from query.iterator(self._db)

    def scalar(self, query: Any) -> Any:
        """The first column of the first row."""
        return query.scalar(self._db)

    def first(self, sql: str, *values: Any) -> tuple[Any, ...] | None:
        """The first row of a query written out in SQL: for the few that every payment runs.

        peewee writes a query's text anew each time, which costs more than running it.
        """
        row: tuple[Any, ...] | None = self._run(sql, values).fetchone()
        return row

    def select(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """All rows of such a query."""
        return list(self._run(sql, values).fetchall())

    def stream(self, sql: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        """The rows of such a query one by one, just as SQLite has them."""
        yield from self._run(sql, values)

    def columns(self, model: type[Table]) -> tuple[str, ...]:
        """The columns of a table, in the model's order."""
        return _columns(model)

    def dump(self, model: type[Table], order: Iterable[str]) -> Iterator[tuple[Any, ...]]:
        """All rows of a table in the order of some columns, just as SQLite has them."""
        names, table = _names(self.columns(model)), _table(model)
        yield from self.stream(f"SELECT {names} FROM {table} ORDER BY {_names(order)}")  # noqa: S608 - names are the models'

    def insert(self, model: type[Table], **values: Any) -> None:
        """Add a row; it must be new."""
        self._add("INSERT", model, values)

    def put(self, model: type[Table], **values: Any) -> None:
        """Add a row, or take the place of the one with its key."""
        self._add("INSERT OR REPLACE", model, values)

    def update(self, model: type[Table], key: Mapping[str, Any], **values: Any) -> int:
        """Change the rows whose columns are ``key``; how many there were."""
        test, keys = _test(key)
        changes = ", ".join(f"{_name(column)} = ?" for column in values)
        sql = f"UPDATE {_table(model)} SET {changes} WHERE {test}"  # noqa: S608 - names are the models'
        self._seen.pop(model, None)
        return int(self._run(sql, (*values.values(), *keys)).rowcount)

    def add(self, model: type[Table], key: Mapping[str, Any], column: str, amount: int) -> int | None:
        """Add ``amount`` to a column of the one row whose columns are ``key``; what it is then.

        None when there is no such row.
        """
        test, keys = _test(key)
        name = _name(column)
        sql = f"UPDATE {_table(model)} SET {name} = {name} + ? WHERE {test} RETURNING {name}"  # noqa: S608 - names are the models'
        self._seen.pop(model, None)
        after = self._run(sql, (amount, *keys)).fetchall()
        return int(after[0][0]) if after else None

    def delete(self, model: type[Table], *where: Any) -> int:
        """Remove the rows that fit; how many there were."""
        self._seen.pop(model, None)
        return int(model.delete().where(*where).execute(self._db))

    def rewrite(self, table: str) -> None:
        """Write all rows of a table anew and overwrite the pages in which they were (``wiping``).

        The rows wait in this very file meanwhile: a temporary table may be a file elsewhere.
        """
        name, kept = _name(table), _name(f"kept_{table}")
        for sql in (
            f"CREATE TABLE {kept} AS SELECT * FROM {name} ORDER BY rowid",  # noqa: S608 - our names
            f"DELETE FROM {name}",  # noqa: S608 - our names
            f"INSERT INTO {name} SELECT * FROM {kept} ORDER BY rowid",  # noqa: S608 - our names
            f"DROP TABLE {kept}",
        ):
            self._run(sql, ())

    def _run(self, sql: str, values: tuple[Any, ...]) -> Any:
        # SQLite's connection itself: peewee's way there costs as much as a small query. Its errors are peewee's.
        try:
            return self._connection.execute(sql, values)
        except sqlite3.Error as error:
            raise getattr(pw, type(error).__name__, pw.DatabaseError)(*error.args) from error

    def _add(self, how: str, model: type[Table], values: Mapping[str, Any]) -> None:
        marks = ", ".join("?" * len(values))
        self._seen.pop(model, None)
        self._run(f"{how} INTO {_table(model)} ({_names(values)}) VALUES ({marks})", tuple(values.values()))


def _row(model: type[Row], found: tuple[Any, ...]) -> Row:
    """A row as a model: as peewee's own __init__ leaves it, without the detour of a call for each column."""
    row = model.__new__(model)
    vars(row).update(__data__=dict(zip(_columns(model), found, strict=True)), __rel__={}, _dirty=set())
    return row


@lru_cache(maxsize=128)
def _columns(model: type[Table]) -> tuple[str, ...]:
    return tuple(model._meta.sorted_field_names)  # noqa: SLF001 - peewee's documented metadata


@lru_cache(maxsize=128)
def _all_of(model: type[Table]) -> str:
    table = _table(model)
    columns = ", ".join(f"{table}.{_name(c)}" for c in _columns(model))
    return f"SELECT {columns} FROM {table}"  # noqa: S608 - names are the models'


@lru_cache(maxsize=512)
def _select(model: type[Table], key: tuple[str, ...], nulls: tuple[bool, ...]) -> str:
    """The text that asks for one row: written once for each question of the code."""
    test, _ = _test({name: None if null else "" for name, null in zip(key, nulls, strict=True)})
    return f"{_all_of(model)} WHERE {test} LIMIT 1"


def _name(column: str) -> str:
    return f'"{column}"'


def _names(columns: Iterable[str]) -> str:
    return ", ".join(map(_name, columns))


def _table(model: type[Table]) -> str:
    return _name(model._meta.table_name)  # noqa: SLF001 - peewee's documented metadata


def _test(key: Mapping[str, Any]) -> tuple[str, tuple[Any, ...]]:
    """A WHERE clause for equality, and its values. Names come from our code, values are bound."""
    parts = (f"{_name(c)} IS NULL" if value is None else f"{_name(c)} = ?" for c, value in key.items())
    return " AND ".join(parts), tuple(value for value in key.values() if value is not None)


class Store:
    """The database of one hub. Threads may share it; each transaction takes its own connection."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._db = PooledSqliteDatabase(
            str(path),
            max_connections=64,
            timeout=30,
            check_same_thread=False,
            pragmas={
                "journal_mode": "wal",
                "synchronous": "full",
                "foreign_keys": 1,
                "busy_timeout": int(_LOCK_SECONDS * 1000),
                # By us, after a write: SQLite would not say when it fails (``checkpoints``).
                "wal_autocheckpoint": 0,
                "trusted_schema": 0,
                # What is deleted is overwritten: personal text must not stay in free pages (``wiping``).
                "secure_delete": 1,
            },
        )
        # Threads of one process queue here rather than in SQLite's busy handler, which
        # sleeps and retries and can starve one of them.
        self._turn = threading.Lock()
        self._inside = threading.local()
        self._presence = Presence(path)
        self._due = checkpoints.Due(path)
        self._doubted = self._unsure = False
        self._closed = ""
        self._acknowledged: tuple[int, bytes] | None = None

    @classmethod
    def create(cls, path: Path) -> "Store":
        """A new, empty database at ``path``.

        Raises:
            DataDirectoryError: something is there already, or it cannot be written.
        """
        try:
            # Before SQLite opens it: the files beside it (-wal, -shm) take their mode from it.
            path.touch(mode=0o600, exist_ok=False)
        except FileExistsError as error:
            raise DataDirectoryError(f"{path} exists already") from error
        except OSError as error:
            raise DataDirectoryError(f"{path}: {error}") from error
        store = cls(path)
        store.migrate()
        return store

    @classmethod
    def open(cls, path: Path) -> "Store":
        """The database at ``path``, brought to this release's tables.

        Raises:
            DataDirectoryError: there is none, it cannot be written, or a newer release wrote it.
            BookDamaged: it is no SQLite database.
        """
        if not path.exists():
            raise DataDirectoryError(f"no hub at {path.parent}: there is no {path.name} (see: hub init)")
        store = cls(path)
        store.migrate()
        return store

    def migrate(self) -> None:
        """Apply the migrations that are not applied yet, each in one transaction.

        When that cannot be done, the database is closed again.
        """
        with contextlib.ExitStack() as undo:
            undo.callback(self.close)
            with self._named(), self._db.connection_context():
                runner = Runner(self._db, str(MIGRATIONS))
                gone = [m.name for m in runner.status() if m.path is None]
                if gone:
                    raise DataDirectoryError(
                        f"{self.path} was written by a newer release (it knows {gone[-1]}): update this hub first"
                    )
                if any(not m.applied for m in runner.status()):
                    # After an update the portal and the radio start together.
                    with presence.one_at_a_time(self.path.parent):
                        runner = Runner(self._db, str(MIGRATIONS))
                        if any(not m.applied for m in runner.status()):
                            runner.up()
                recheck.sync_names(self.path.parent)
            undo.pop_all()

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """A transaction that holds the write lock from its first moment.

        What it wrote is durable when the block has ended, and gone when the block raised.

        Raises:
            NestedWrite: this thread is already inside a transaction of this store.
            WriteBusy: other writers kept the lock; nothing was written.
            CannotWrite: the disk is full or cannot be written; nothing was written.
            NotSure: the disk refused the last step. Whether it was written is known once something can be written again.
            BookDamaged: the file is torn; nothing was written.
        """
        self.refuse_nested()
        if self._closed:
            raise CannotWrite(self._closed)
        self._take_turn()
        try:
            if self._doubted:
                self._make_sure()
            with self._named(), self._db.connection_context(), self._marked() as tx:
                self._begin("IMMEDIATE")
                try:
                    yield tx
                    with THE_LANE.aside():
                        self._commit()
                except BaseException:
                    self._rollback()
                    raise
            if self._due.wrote():
                with THE_LANE.aside():
                    self._take_log_in()
        except CannotWrite as error:
            self._doubted = True
            self._unsure = self._unsure or isinstance(error, NotSure)
            if self._unsure and not isinstance(error, NotSure):
                raise NotSure(str(error)) from error  # who asks again still does not know of the first time
            raise
        finally:
            self._turn.release()

    def _take_turn(self) -> None:
        if self._turn.acquire(blocking=False):
            return
        with THE_LANE.aside():
            if self._turn.acquire(timeout=_LOCK_SECONDS):
                return
        raise WriteBusy("the book is busy")

    def _commit(self) -> None:
        try:
            self._db.execute_sql("COMMIT")
        except pw.OperationalError as error:
            raise recheck.of_commit(self.path, error) from error

    def _make_sure(self) -> None:
        """The disk refused something before: settle what became of it, before anything else is written (``recheck``)."""
        recheck.probe(self.path.parent)
        with self._named(), self._db.connection_context():
            recheck.settle(self._db)
            recheck.look(self._db, self._acknowledged)
        self._doubted = self._unsure = False

    def _take_log_in(self, mode: str = "PASSIVE") -> bool:
        """Take the log into the file, as far as nobody reads what was before; whether all of it.

        What was written stays written, whatever happens here. Not while the file is in doubt.
        """
        if self.in_doubt:
            return False
        try:
            with self._named(), self._db.connection_context():
                busy, _, _ = self._db.execute_sql(f"PRAGMA wal_checkpoint({mode})").fetchone()
        except CannotWrite as error:
            # Even if it is only full: what SQLite then counts as done is not worth finding out.
            presence.put_in_doubt(self.path)
            _log.error("book=in_doubt reason=%s", error)
            return False
        return not busy

    @property
    def in_doubt(self) -> bool:
        """Whether pages of the file may be lost that its log has: all who have it open should close it soon.

        Until then all goes on, and the log grows.
        """
        return presence.in_doubt(self.path)

    def acknowledge(self, number: int, link: bytes) -> None:
        """A receipt is given for this entry: from now on the file must hold it."""
        if self._acknowledged is None or number > self._acknowledged[0]:
            self._acknowledged = (number, link)

    def only_read(self, why: str) -> None:
        """Close the book for writing: from now on every ``write`` is refused with these words."""
        self._closed = why

    @property
    def closed(self) -> str:
        """Why the book is closed for writing; empty while it is not."""
        return self._closed

    def refuse_nested(self) -> None:
        """Raises NestedWrite when this thread is already inside a transaction of this store."""
        if getattr(self._inside, "tx", None) is not None:
            raise NestedWrite("a write inside a transaction")

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A transaction in which all reads see one state. Inside a write it sees the write's.

        Raises:
            DataDirectoryError, BookDamaged: the file is gone, cannot be read, or is torn.
        """
        inside: Tx | None = getattr(self._inside, "tx", None)
        if inside is not None:
            yield inside
            return
        with self._named(), self._db.connection_context(), self._marked() as tx:
            self._begin("DEFERRED")
            try:
                yield tx
            finally:
                self._rollback()

    def truncate_log(self) -> bool:
        """Take all of the write-ahead log into the file and cut it to nothing; False while somebody reads.

        Raises:
            NestedWrite: this thread is inside a transaction.
            DataDirectoryError, BookDamaged: the disk refused.
        """
        self.refuse_nested()
        return self._take_log_in("TRUNCATE")

    def close(self) -> None:
        """Close every connection; the store may be opened again by its next use."""
        if self.in_doubt and self.path.exists():
            presence.close_leaving_log(self.path, self._db.close_all)
        else:
            self._db.close_all()
        self._presence.leave()

    @contextmanager
    def _named(self) -> Iterator[None]:
        """What SQLite says of the disk and the file, by our names; a mistake of ours keeps its own."""
        self._presence.enter()
        try:
            yield
        except pw.OperationalError as error:
            raise self._of_the_disk(error) from error
        except pw.DatabaseError as error:
            if "not a database" in str(error) or "malformed" in str(error):
                raise BookDamaged(f"{self.path}: {error}") from error
            raise

    def _begin(self, mode: str) -> None:
        try:
            self._db.execute_sql(f"BEGIN {mode}")
        except pw.OperationalError as error:
            if "locked" in str(error) or "busy" in str(error):
                raise WriteBusy("the book is busy") from error
            raise self._of_the_disk(error) from error

    def _of_the_disk(self, error: Exception) -> DataDirectoryError:
        kind = CannotWrite if recheck.refused(error) else DataDirectoryError
        return kind(f"{self.path}: {error}")

    def _rollback(self) -> None:
        connection = self._db.connection()
        if isinstance(connection, sqlite3.Connection) and connection.in_transaction:
            self._db.execute_sql("ROLLBACK")

    @contextmanager
    def _marked(self) -> Iterator[Tx]:
        self._inside.tx = Tx(self._db)
        try:
            yield self._inside.tx
        finally:
            self._inside.tx = None
