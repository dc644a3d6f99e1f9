"""After the disk has refused a write: what has to hold before anything more is acknowledged.

When the last step of a commit fails, the sync of SQLite's log, the transaction stands in the log whole: SQLite's
account of it, in memory, leaves it out, but a process that opens the database anew after all were killed
finds it there. So nobody knows yet whether it will have been (``NotSure``). A small transaction of our own
settles it: it is written in the place of the other one, which then is gone for good.
"""

import errno
import logging
import os
import secrets
from pathlib import Path
from typing import Any, Final

import peewee as pw

from appliance.ledger.book import room
from appliance.ledger.errors import BookDamaged, CannotWrite, NotSure

_log = logging.getLogger(__name__)

_FULL: Final = "disk is full"
_REFUSED: Final = ("disk i/o error", _FULL, "readonly database", "unable to open database file")
"""What SQLite says when the disk refuses (https://www.sqlite.org/rescode.html)."""

_NOT_WRITTEN: Final = ("SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_READONLY", "SQLITE_CANTOPEN")
"""Failures before the sync: the log lacks the page that would end the transaction."""

PROBE: Final = "probe"
_PROBE_BYTES: Final = 256 * 1024
"""Room for a new log's shared memory and a few payments."""


def refused(error: Exception) -> bool:
    """Whether SQLite means the disk, and not our question."""
    return any(words in str(error).lower() for words in _REFUSED)


def is_full(error: Exception) -> bool:
    """Whether it is about a card without room, and nothing worse."""
    return _FULL in str(error).lower()


def of_commit(database: Path, error: pw.OperationalError) -> Exception:
    """What a COMMIT that failed is to whoever asked: when its last page could not be written, nothing was; else nobody knows."""
    return error if not refused(error) or not_written(error) else NotSure(f"{database}: {error}")


def not_written(error: pw.OperationalError) -> bool:
    """Whether the disk refused a write, so that nothing came to the sync; else the sync itself may have failed."""
    return getattr(error.__context__, "sqlite_errorname", "").startswith(_NOT_WRITTEN)


def probe(folder: Path) -> None:
    """Write a little, durably, and remove it again: whether the disk takes anything at all now.

    On a full card the reserve is given up for it (``room``).

    Raises:
        CannotWrite: it takes nothing.
    """
    try:
        _try(folder / PROBE)
    except OSError as error:
        if error.errno != errno.ENOSPC or not room.give_up(folder):
            raise CannotWrite(f"{folder}: {error.strerror}") from error
        _log.warning("reserve=given_up")
        _probe_again(folder)
    sync_names(folder)


def _probe_again(folder: Path) -> None:
    try:
        _try(folder / PROBE)
    except OSError as error:
        raise CannotWrite(f"{folder}: {error.strerror}") from error


def _try(path: Path) -> None:
    held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(held, bytes(_PROBE_BYTES))
        os.fsync(held)
    finally:
        os.close(held)
        path.unlink(missing_ok=True)


def sync_names(folder: Path) -> None:
    """Make sure of the names in a folder: SQLite syncs its new log's name, but not whether that succeeds.

    Raises:
        CannotWrite: the disk refuses.
    """
    try:
        held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(held)
        finally:
            os.close(held)
    except OSError as error:
        raise CannotWrite(f"{folder}: {error.strerror}") from error


def settle(database: Any) -> None:
    """Write over what a failed commit has left in the log, durably.

    Args:
        database: a connection inside no transaction.

    Raises:
        peewee.OperationalError: it cannot be written now.
    """
    database.execute_sql("BEGIN IMMEDIATE")
    try:
        # Another value each time: equal bytes would leave the other transaction as it stands.
        database.execute_sql(
            "INSERT OR REPLACE INTO note (name, value) VALUES ('made_sure', ?)", (secrets.token_hex(8),)
        )
        database.execute_sql("COMMIT")
    except BaseException:
        if database.connection().in_transaction:
            database.execute_sql("ROLLBACK")
        raise


def look(database: Any, acknowledged: tuple[int, bytes] | None) -> None:
    """Read whether the last entry whose receipt was given is there: its number and hash.

    Raises:
        BookDamaged: it is gone.
    """
    if acknowledged is None:
        return
    number, link = acknowledged
    row = database.execute_sql("SELECT hash FROM entry WHERE number = ?", (number,)).fetchone()
    if row is None or bytes(row[0]) != link:
        raise BookDamaged("an entry that was acknowledged is gone", number)
