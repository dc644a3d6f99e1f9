"""Who has a database open now; and what the first one does before SQLite opens it: nothing is read out of memory that no disk has.

A sync that fails leaves the kernel's pages clean and the disk without them; the next sync succeeds
(https://wiki.postgresql.org/wiki/Fsync_Errors). SQLite bears that as long as it keeps its own account of
its log, in memory that all processes share: what failed is not in it. When the first process opens a
database anew (all were killed), SQLite makes that account from the log *as it reads it*, and that may be
pages that only memory has. So the first one writes the log again, byte for byte, and syncs it: then what
SQLite reads is on the disk, whatever memory may forget later.

A sync of the database file is another matter: pages that were brought there before, without a sync, may
be the lost ones, and SQLite counts them as done. Then the log is the one good copy. Such a database is
*in doubt* (a file beside it says so): nobody takes its log in or away until all have closed it, and the
first one to open it again takes all of the log into the file anew.
"""

import contextlib
import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from appliance.ledger.errors import CannotWrite, DataDirectoryError

_PIECE: Final = 256 * 1024

WAIT_SECONDS: Final = 60.0
"""How long the opening of a database in doubt waits for the others to close it."""

_LOOK_SECONDS: Final = 0.1


class Presence:
    """One store's place among those that have ``database`` open. It is let go by ``leave``, or with the process."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._turn = threading.Lock()
        self._held: int | None = None

    def enter(self) -> None:
        """Be one of them; the first one makes the log sure. Returns at once when it is one already.

        Raises:
            CannotWrite: the disk refuses it; nobody may open the database now.
        """
        if self._held is not None:
            return
        with self._turn:
            if self._held is None:
                self._held = self._entered()

    def leave(self) -> None:
        """Be none of them any more."""
        with self._turn:
            held, self._held = self._held, None
        if held is not None:
            os.close(held)

    def _entered(self) -> int:
        path = self._database.with_name(f"{self._database.name}-open")
        try:
            held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise CannotWrite(f"{path}: {error.strerror}") from error
        try:
            if _alone(held, self._database):
                write_log_again(self._database)
                if in_doubt(self._database):
                    _take_in(self._database)
            # Between the two locks somebody else may be the first: then it did the same before we open anything.
            fcntl.flock(held, fcntl.LOCK_SH)
        except BaseException:
            os.close(held)
            raise
        return held


def _alone(held: int, database: Path) -> bool:
    """Whether nobody else has it open. While it is in doubt they get ``WAIT_SECONDS`` to close it.

    Who was here first may have made it sure meanwhile, and keep it open for good: then nobody need wait for that.
    """
    for _ in range(round(WAIT_SECONDS / _LOOK_SECONDS)):
        if _taken(held):
            return True
        if not in_doubt(database):
            return False
        time.sleep(_LOOK_SECONDS)
    return _taken(held)


def _taken(held: int) -> bool:
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


@contextmanager
def one_at_a_time(directory: Path) -> Iterator[None]:
    """Let no other process of this machine into the same block for the same directory.

    Raises:
        DataDirectoryError: there is no such directory.
    """
    try:
        held = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise DataDirectoryError(f"{directory}: {error.strerror}") from error
    try:
        # The directory, not the database: closing a second descriptor of that would drop SQLite's own locks.
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def write_log_again(database: Path) -> None:
    """Write what memory has of SQLite's log to the disk, byte for byte. Only while nobody has the database open.

    Raises:
        CannotWrite: the disk refuses.
    """
    log = database.with_name(f"{database.name}-wal")
    try:
        held = os.open(log, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    except OSError as error:
        raise CannotWrite(f"{log}: {error.strerror}") from error
    try:
        at = 0
        while data := os.pread(held, _PIECE, at):
            at += os.pwrite(held, data, at)
        os.fsync(held)
    except OSError as error:
        raise CannotWrite(f"{log}: {error.strerror}") from error
    finally:
        os.close(held)


# ------------------------------------------------------------------------------------------------ in doubt


def _doubt(database: Path) -> Path:
    return database.with_name(f"{database.name}-doubt")


def in_doubt(database: Path) -> bool:
    """Whether pages of the file may be lost that its log still has."""
    return _doubt(database).exists()


def put_in_doubt(database: Path) -> None:
    """Say to all processes that the log must stay. It need not survive a power cut: nor does what memory has."""
    with contextlib.suppress(OSError):
        _doubt(database).touch(mode=0o600)


def close_leaving_log(database: Path, close_all: Callable[[], object]) -> None:
    """Close connections so that SQLite does not take its log in and away, as the last one otherwise does.

    For that it needs the file to itself, which another connection prevents; and one that can only read
    has no way to take it for itself.
    """
    guard = sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False)
    try:
        guard.execute("SELECT count(*) FROM sqlite_master").fetchone()
        close_all()
    finally:
        guard.close()


def _take_in(database: Path) -> None:
    """Bring all of the log into the file, from its beginning, durably. Nobody else has it open."""
    try:
        with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as alone:
            alone.execute("PRAGMA synchronous=FULL")
            busy, _, _ = alone.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.Error as error:
        raise CannotWrite(f"{database}: {error}") from error
    if busy:
        raise CannotWrite(f"{database}: somebody else has it open")
    _doubt(database).unlink(missing_ok=True)
