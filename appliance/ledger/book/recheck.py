"""After the disk has refused a write: what has to hold before anything more is acknowledged.

A failed ``fsync`` leaves the kernel's copy of the pages clean and the disk without them, and the next
``fsync`` succeeds (https://wiki.postgresql.org/wiki/Fsync_Errors). So what is in memory is not believed:
SQLite's log is synced anew and dropped from the kernel's memory, idle connections are closed by who
calls, and what then is read must be whole and must hold the last entry that was acknowledged.
"""

import os
from pathlib import Path
from typing import Any, Final

from appliance.ledger.errors import BookDamaged, CannotWrite

_REFUSED: Final = ("disk i/o error", "disk is full", "readonly database", "unable to open database file")
"""What SQLite says when the disk refuses (https://www.sqlite.org/rescode.html)."""

PROBE: Final = "probe"
_PROBE_BYTES: Final = 256 * 1024
"""Room for a new log's shared memory and a few payments."""


def refused(error: Exception) -> bool:
    """Whether SQLite means the disk, and not our question."""
    return any(words in str(error).lower() for words in _REFUSED)


def probe(folder: Path) -> None:
    """Write a little, durably, and remove it again: whether the disk takes anything at all now.

    Before any connection is closed: the last one to close takes SQLite's log with it, and without room
    for a new one nobody could read either.

    Raises:
        CannotWrite: it takes nothing.
    """
    path = folder / PROBE
    try:
        held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.write(held, bytes(_PROBE_BYTES))
            os.fsync(held)
        finally:
            os.close(held)
            path.unlink(missing_ok=True)
    except OSError as error:
        raise CannotWrite(f"{folder}: {error.strerror}") from error


def sync_log(database: Path) -> None:
    """Sync SQLite's log and forget the kernel's copy of it.

    The log alone: closing another descriptor of the database would drop SQLite's locks on it.

    Raises:
        CannotWrite: the disk still refuses.
    """
    log = database.with_name(database.name + "-wal")
    try:
        held = os.open(log, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    except OSError as error:
        raise CannotWrite(f"{log}: {error.strerror}") from error
    try:
        os.fsync(held)
        os.posix_fadvise(held, 0, 0, os.POSIX_FADV_DONTNEED)
    except OSError as error:
        raise CannotWrite(f"{log}: {error.strerror}") from error
    finally:
        os.close(held)


def look(database: Any, acknowledged: tuple[int, bytes] | None) -> None:
    """Read the file as it now is.

    Args:
        database: a fresh connection, inside no transaction.
        acknowledged: number and hash of the last entry whose receipt was given.

    Raises:
        BookDamaged: pages are damaged, or that entry is gone.
    """
    said = database.execute_sql("PRAGMA quick_check(1)").fetchone()
    if said != ("ok",):
        raise BookDamaged(
            f"the disk refused a write, and now the file is damaged: {said[0] if said else 'no answer'}"
        )
    if acknowledged is None:
        return
    number, link = acknowledged
    row = database.execute_sql("SELECT hash FROM entry WHERE number = ?", (number,)).fetchone()
    if row is None or bytes(row[0]) != link:
        raise BookDamaged("an entry that was acknowledged is gone", number)
