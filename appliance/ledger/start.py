"""Looking at the book before a daemon works with it: whole pages, a chain that holds, nothing said that it does not know.

What is found wrong closes the book for writing (``Store.only_read``); the file is kept aside as a copy first.
Restoring it is a keeper's deed: ``hub restore``.
"""

import contextlib
import logging
import shutil
import sqlite3
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import Final

import peewee as pw

from appliance.ledger.book import chain, feed, startup
from appliance.ledger.book.backup_form import MAKING, sync, sync_tree
from appliance.ledger.book.startup import Stop
from appliance.ledger.book.store import LEDGER_FILE, Tx
from appliance.ledger.errors import BookClosed, BookDamaged, BookLookedAt, DataDirectoryError, HubError
from appliance.ledger.hub import Hub

_log = logging.getLogger(__name__)

TAIL: Final = 500
"""Entries at the end of the chain that every start reads: a power cut hurts what was written last."""

AT_ONCE: Final = 32 * 1024 * 1024
"""Bytes of a book whose pages are all looked at before anybody is answered: a second or two on a slow card."""

ASIDE: Final = "damaged"
COPIES: Final = 3
"""How many damaged books are kept aside; the first ones are worth most, so they stay."""

_SPARE_BYTES: Final = 64 * 1024 * 1024
"""What a copy must leave free."""

NEXT_STEP: Final = "restore the hub from its backup: hub restore"


def begin(hub: Hub, process: str, serving: bool = False) -> Stop:
    """Let a daemon begin its work on ``hub``: note that it runs, and look at the book.

    When something is wrong the book can only be read afterwards, and ``hub.store.closed`` says why.

    Args:
        serving: it answers people. Then it does not wait until every page of a large book was looked at: a
            thread does that, and the book can only be read meanwhile.
    """
    uptime = hub.clock.uptime()
    try:
        stop = startup.begins(hub.store, process, uptime.boot)
    except (HubError, pw.PeeweeException) as error:
        _log.error("start=not_noted reason=%s", error)
        stop = Stop.UNCLEAN
    thorough = stop is not Stop.CLEAN
    later = thorough and serving and hub.store.path.stat().st_size > AT_ONCE
    try:
        examine(hub, thorough=thorough and not later)
    except BookDamaged as damage:
        close(hub, damage)
        return stop
    if later:
        hub.store.only_read(BookLookedAt("the book is being looked at after a power cut"))
        threading.Thread(target=_look, args=(hub,), name="look", daemon=True).start()
    return stop


def _look(hub: Hub) -> None:
    _log.info("start=looking bytes=%s", hub.store.path.stat().st_size)
    try:
        with hub.reading() as tx:
            _pages(tx)
    except BookDamaged as damage:
        close(hub, damage)
    except (HubError, pw.DatabaseError, sqlite3.DatabaseError) as error:
        close(hub, BookDamaged(f"the file cannot be read: {error}"))
    else:
        hub.store.only_read(None)
        _log.info("start=looked")


def examine(hub: Hub, thorough: bool) -> None:
    """Look at the end of the chain and at what was said; ``thorough``: at every page of the file, too.

    Raises:
        BookDamaged: the first thing that is wrong.
    """
    try:
        with hub.reading() as tx:
            if thorough:
                _pages(tx)
            _tail(tx)
            _said(tx, hub.book.place.hub, hub.book.place.incarnation)
    except (pw.DatabaseError, sqlite3.DatabaseError) as error:
        raise BookDamaged(f"the file cannot be read: {error}") from error
    except DataDirectoryError as error:
        raise BookDamaged(f"the file cannot be read: {error}") from error


def close(hub: Hub, damage: BookDamaged) -> None:
    """Keep the file aside and let it only be read from now on."""
    copy = keep_aside(hub.data)
    _log.error("start=damaged reason=%s kept=%s next=%s", damage, copy or "no", NEXT_STEP)
    hub.store.only_read(BookClosed(f"the book is damaged ({damage}); {NEXT_STEP}"))


def keep_aside(data: Path) -> Path | None:
    """Copy the book's files to ``damaged/N``; None when there is no room, or enough copies are kept.

    The bad file itself stays where it is and is not changed. A copy is never written over; one that could not be
    made whole goes again, so that it takes no place of a whole one.
    """
    files = [path for path in (data / LEDGER_FILE, data / f"{LEDGER_FILE}-wal") if path.exists()]
    room = data / ASIDE
    with contextlib.suppress(OSError):
        if shutil.disk_usage(data).free < sum(path.stat().st_size for path in files) + _SPARE_BYTES:
            return None
        room.mkdir(mode=0o700, exist_ok=True)
        free = [one for n in range(1, COPIES + 1) if not (one := room / str(n)).exists()]
        if not free:
            return None
        part = Path(tempfile.mkdtemp(prefix=MAKING, dir=room))
        try:
            if not all(_copied(path, part) for path in files):
                return None
            sync_tree(part)
            part.rename(free[0])
        finally:
            shutil.rmtree(part, ignore_errors=True)
        sync(room)
        return free[0]
    return None


def _copied(path: Path, folder: Path) -> bool:
    # Read by a program of its own: closing our descriptor of the database would drop SQLite's locks on it.
    done = subprocess.run(["/bin/cp", "--", str(path), str(folder)], check=False, capture_output=True)
    return done.returncode == 0


def _pages(tx: Tx) -> None:
    said = tx.first("PRAGMA quick_check(1)")
    if said != ("ok",):
        raise BookDamaged(f"damaged pages: {said[0] if said else 'no answer'}")


def _tail(tx: Tx) -> None:
    """Links, hashes and columns of the last entries, as far as they lie in this file and in no archive."""
    last, closed = chain.head(tx).number, tx.first("SELECT MAX(upto) FROM closing")
    for _ in chain.entries(tx, max(0, last - TAIL, closed[0] or 0 if closed else 0)):
        pass


def _said(tx: Tx, me: int, incarnation: int) -> None:
    """A record in a frame of ours that the book does not know: the book is older than what was said."""
    said = tx.first("SELECT linked FROM feed WHERE hub = ? AND incarnation = ?", me, incarnation)
    known = feed.last_outgoing(tx)
    if said and int(said[0]) > known:
        raise BookDamaged(
            f"it is older than what this hub has told its neighbours (record {said[0]}, the book knows {known})"
        )
    differs = tx.first(_OTHER, me, incarnation)
    if differs:
        raise BookDamaged(
            f"record {differs[0]} was told to neighbours with another content than the book has"
        )


_OTHER: Final = """
    SELECT r.number FROM record r JOIN outgoing o ON o.number = r.number
    WHERE r.hub = ? AND r.incarnation = ? AND (r.kind <> o.kind OR r."to" <> o."to" OR r.amount <> o.amount) LIMIT 1
"""
