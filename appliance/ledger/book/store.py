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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import peewee as pw
from playhouse.migrations import Runner

from appliance.ledger.book import checkpoints, presence, recheck, room
from appliance.ledger.book.archive import FOLDER, Archive
from appliance.ledger.book.connections import Connections
from appliance.ledger.book.presence import Presence
from appliance.ledger.book.tx import Tx
from appliance.ledger.errors import (
    BookClosed,
    BookDamaged,
    BookLookedAt,
    CannotWrite,
    DataDirectoryError,
    NestedWrite,
    NotSure,
)
from appliance.ledger.lane import THE_LANE

_log = logging.getLogger(__name__)

MIGRATIONS: Final = Path(__file__).parent / "migrations"
LEDGER_FILE: Final = "ledger.db"

__all__ = ["LEDGER_FILE", "MIGRATIONS", "Store", "Tx", "WriteBusy"]

_LOCK_SECONDS: Final = 10.0
"""How long a writer waits for its turn before it gives up with ``WriteBusy``."""


class WriteBusy(DataDirectoryError):
    """Other writers kept the lock too long. Nothing was written; trying again is safe."""


class _Named:
    """A block in which what SQLite says of the disk and the file has our names; a mistake of ours keeps its own."""

    __slots__ = ("_store",)

    def __init__(self, store: "Store") -> None:
        self._store = store

    def __enter__(self) -> None:
        self._store.present()

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, pw.OperationalError):
            raise self._store.of_the_disk(error) from error
        if isinstance(error, pw.DatabaseError) and (
            "not a database" in str(error) or "malformed" in str(error)
        ):
            raise BookDamaged(f"{self._store.path}: {error}") from error


class Store:
    """The database of one hub. Threads may share it; each transaction takes its own connection."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.archive = Archive(path.parent / FOLDER)
        self._db = Connections(
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
        self._closed: BookClosed | None = None
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
        try:
            store.migrate()
        except CannotWrite:
            # A full card: what SQLite needs to begin is what the reserve is for.
            if not room.give_up(path.parent):
                raise
            store.migrate()
        return store

    def migrate(self) -> None:
        """Apply the migrations that are not applied yet, each in one transaction.

        When that cannot be done, the database is closed again.
        """
        with contextlib.ExitStack() as undo:
            undo.callback(self.close)
            with _Named(self), self._db.connection_context():
                steps = Runner(self._db, str(MIGRATIONS)).status()
                gone = [m.name for m in steps if m.path is None]
                if gone:
                    raise DataDirectoryError(
                        f"{self.path} was written by a newer release (it knows {gone[-1]}): update this hub first"
                    )
                if any(not m.applied for m in steps):
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
            NotSure: the disk refused the last step; what became of it is known once something can be written.
            BookClosed: it can only be read.
            BookDamaged: the file is torn; nothing was written.
        """
        self.refuse_nested()
        if self._closed is not None:
            raise type(self._closed)(str(self._closed))
        self._take_turn()
        try:
            if self._doubted:
                self._make_sure()
            with _Named(self), self._marked() as tx:
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
        with _Named(self), self._db.connection_context():
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
            with _Named(self), self._db.connection_context():
                busy, _, _ = self._checkpoint(mode)
        except CannotWrite as error:
            _log.error("book=log_stays reason=%s", error)
            return False
        return not busy

    def _checkpoint(self, mode: str) -> tuple[int, int, int]:
        try:
            found: tuple[int, int, int] = self._db.execute_sql(f"PRAGMA wal_checkpoint({mode})").fetchone()
        except pw.OperationalError as error:
            if recheck.refused(error) and not recheck.not_written(error):
                presence.put_in_doubt(self.path)
                _log.error("book=in_doubt")
            raise
        return found

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

    def only_read(self, why: BookClosed | None) -> None:
        """Close the book for writing: from now on every ``write`` is refused with this. None opens it again."""
        self._closed = why

    @property
    def closed(self) -> str:
        """Why the book is closed for writing; empty while it is not."""
        return "" if self._closed is None else str(self._closed)

    @property
    def looked_at(self) -> bool:
        """Whether it is closed only while it is being looked at."""
        return isinstance(self._closed, BookLookedAt)

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
        # Written out: every page comes through here, and layers cost as much as what is asked within them.
        with _Named(self):
            self._db.take()
            try:
                tx = self._inside.tx = Tx(self._db, self.archive)
                try:
                    tx.begin()
                    yield tx
                finally:
                    self._inside.tx = None
                    tx.end()
            finally:
                self._db.give_back()

    def truncate_log(self) -> bool:
        """Take all of the write-ahead log into the file and cut it to nothing; False while somebody reads.

        Raises:
            NestedWrite: this thread is inside a transaction.
            DataDirectoryError, BookDamaged: the disk refused.
        """
        self.refuse_nested()
        return self._take_log_in("TRUNCATE")

    def copy_into(self, path: Path) -> None:
        """Write the database as it stands, without its free pages, to the new file ``path``.

        Raises:
            NestedWrite: this thread is inside a transaction.
            DataDirectoryError, BookDamaged: it cannot be read, or there is no room.
        """
        self.refuse_nested()
        with _Named(self), self._db.connection_context():
            self._db.execute_sql("VACUUM INTO ?", (str(path),))

    def compact(self) -> None:
        """Give the file's free pages back to the disk. Nobody can write meanwhile; it needs the file's size as room.

        Raises:
            NestedWrite: this thread is inside a transaction.
            DataDirectoryError, BookDamaged: somebody else writes, or the disk refused; the file is as it was.
        """
        self.refuse_nested()
        with _Named(self), self._db.connection_context():
            self._db.execute_sql("VACUUM")

    def close(self) -> None:
        """Close every connection; the store may be opened again by its next use."""
        if self.in_doubt and self.path.exists():
            presence.close_leaving_log(self.path, self._db.close_all)
        else:
            self._db.close_all()
        self._presence.leave()
        self.archive.close()

    def present(self) -> None:
        """This process is about to use the file."""
        self._presence.enter()

    def _begin(self, mode: str) -> None:
        try:
            self._db.execute_sql(f"BEGIN {mode}")
        except pw.OperationalError as error:
            if "locked" in str(error) or "busy" in str(error):
                raise WriteBusy("the book is busy") from error
            raise self.of_the_disk(error) from error

    def of_the_disk(self, error: Exception) -> DataDirectoryError:
        """What SQLite says of the disk and the file, by our names."""
        kind = CannotWrite if recheck.refused(error) else DataDirectoryError
        return kind(f"{self.path}: {error}")

    def _rollback(self) -> None:
        connection = self._db.connection()
        if isinstance(connection, sqlite3.Connection) and connection.in_transaction:
            self._db.execute_sql("ROLLBACK")

    @contextmanager
    def _marked(self) -> Iterator[Tx]:
        self._db.take(to_write=True)
        try:
            self._inside.tx = Tx(self._db, self.archive)
            yield self._inside.tx
        finally:
            self._inside.tx = None
            self._db.give_back(to_write=True)
