"""The yearly closing: old entries move to the archive, and later checks begin where they were moved.

``close`` verifies the book, from the last closing on, and what the replay has made is the state that is closed: so a
state that is not the book's is never committed to. People go on trading meanwhile; the closing's entry
comes after theirs.

1. the replay is compared with the live state (``book.verify``);
2. its entries and its state are written beside the book, synced, renamed (``book.archive_make``);
3. the closing's entry, which names both files by their digests, is committed: **now the year is closed**;
4. the entries' bytes are taken out of the book, some at a time; the snapshot of the closing before goes;
5. the file gives its free pages back.

A power cut before 3 leaves files that no entry names: the next closing, or ``finish``, removes them. After 3,
``finish`` goes on with what is left; the portal asks for that once a minute (``tend``).
"""

import contextlib
import fcntl
import json
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from appliance.ledger.book import archive, archive_make, chain, local, verify
from appliance.ledger.book.archive_make import WRITING
from appliance.ledger.book.backup_form import sync
from appliance.ledger.book.chain import Head
from appliance.ledger.book.command import Receipt
from appliance.ledger.book.local import Note
from appliance.ledger.book.schema_closing import Closing
from appliance.ledger.book.store import Store, Tx
from appliance.ledger.clock import Instant, Quality
from appliance.ledger.errors import BookDamaged, CannotWrite, DataDirectoryError, HubError, Refusal
from appliance.ledger.hub import Hub
from appliance.ledger.keys import Signer
from appliance.ledger.people import closing, powers

_log = logging.getLogger(__name__)

CHECKING, MOVING, TIDYING = "checking", "moving", "tidying"
PHASES: Final = (CHECKING, WRITING, MOVING, TIDYING)
"""What is told of, in this order."""

YEAR_MS: Final = 365 * 24 * 60 * 60 * 1000
FEW: Final = 500
"""With fewer entries than that since the last one, nobody is reminded of a closing."""

_LOCK: Final = "closing.lock"
_NOTE: Final = "closing"
_AT_ONCE: Final = 500
"""Entries that are moved in one transaction: people wait for one at most."""

_SPARE_BYTES: Final = 64 * 1024 * 1024

Progress = Callable[[str, int, int], None]
"""Called now and then with one of ``PHASES``, how much of it is done, and of how much."""


class Busy(DataDirectoryError):
    """The year is being closed at this moment."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a closing now would be.

    Attributes:
        head: where the book ends; the closing would be made up to about there.
        last: up to which entry the last closing was made; 0 when there is none.
        last_ms: when that was, or the founding where there was none; None when no clock knew.
        size: bytes of ``ledger.db``.
        needs: bytes of room that it needs on the way.
        free: bytes that there are.
        unfinished: whether the last closing still has entries to move.
    """

    head: Head
    last: int
    last_ms: int | None
    size: int
    needs: int
    free: int
    unfinished: bool

    @property
    def entries(self) -> int:
        """How many would be moved."""
        return self.head.number - self.last

    @property
    def room(self) -> bool:
        """Whether there is room enough."""
        return self.free >= self.needs


@dataclass(frozen=True, slots=True)
class Closed:
    """A closing that was made: up to which entry, by which receipt; bytes of the book before and after.

    ``left``: why something of it is still to be done, which ``finish`` does later; empty when nothing is.
    """

    upto: int
    receipt: Receipt
    before: int
    after: int
    archived: int
    left: str = ""


def outlook(hub: Hub) -> Outlook:
    """What a closing now would be; nothing is changed.

    Raises:
        DataDirectoryError, BookDamaged: the book cannot be read.
    """
    with hub.reading() as tx:
        head, last, when = chain.head(tx), closing.last(tx), since_ms(tx)
        unfinished = last is not None and not _moved(tx, last)
    size = _size(hub.store.path)
    return Outlook(
        head,
        last.upto if last else 0,
        when,
        size,
        2 * size + _SPARE_BYTES,  # the replay, and its copy while it is packed
        shutil.disk_usage(hub.data).free,
        unfinished,
    )


def since_ms(tx: Tx) -> int | None:
    """When the year that is running began: at the last closing, or the founding. None: no clock knew."""
    last = closing.last(tx)
    entry = chain.by_number(tx, 1 if last is None else last.entry)
    return None if entry is None or entry.act.at.quality < Quality.KEEPER else int(entry.act.at.ms)


def due(tx: Tx, now: Instant) -> bool:
    """Whether a year has passed since the last closing, and enough has been written to be worth one."""
    if now.quality < Quality.KEEPER:
        return False
    last = closing.last(tx)
    if chain.head(tx).number - (last.upto if last else 0) < FEW:
        return False
    begun = since_ms(tx)
    return begun is not None and now.ms - begun >= YEAR_MS


def close(
    hub: Hub, signer: Signer, progress: Progress | None = None, from_first: bool = False
) -> Closed | Refusal:
    """Close the book up to where it ends now, for the keeper whose open key is ``signer``.

    Args:
        from_first: check it from the first entry on, and not from the last closing.

    Raises:
        Busy: it is being done.
        CannotWrite: there is no room, or the disk refused.
        BookDamaged: the book or its state do not hold. Nothing was closed.
        ArchiveMissing: what the last closing left is not there.

    What fails after the closing's entry is in the book is told by ``Closed.left``: the year is closed then.
    """
    tell = progress or _silent
    with _alone(hub.data):
        actor = signer.authority.partition(":")[2]
        with hub.reading() as tx:
            last = closing.last(tx)
            if refusal := powers.refuse_unless_keeper(tx, int(actor) if actor.isdecimal() else None):
                return refusal
        seen = outlook(hub)
        if not seen.room:
            raise CannotWrite(
                f"{hub.data}: a closing needs {seen.needs} bytes of room, and {seen.free} are free"
            )
        _sweep(hub.store)
        seq, before = (last.seq + 1, last.upto) if last else (1, 0)
        made: list[archive_make.Made] = []

        def keep(second: Store, report: verify.Report) -> None:
            names = [name(seq, report.head.number) for name in (archive.entries_name, archive.snapshot_name)]
            with hub.store.write() as tx:
                tx.put(Note, name=_NOTE, value=json.dumps(names))
            made.append(archive_make.make(second, hub.store.archive.folder, seq, before, tell))

        with hub.reading() as tx:
            kept = local.last_verified(tx)
        verify.verify(
            hub.store,
            (kept.head,) if kept else (),
            hub.box.root_public,
            lambda done, total: tell(CHECKING, done, total),
            hub.data,
            quick=not from_first,
            then=keep,
        )
        new = made[0]
        asked = closing.CloseYear(new.upto, new.link, new.tables, new.entries, new.snapshot)
        result = hub.submit(asked, signer)
        if isinstance(result, Refusal):
            _sweep(hub.store)
            return result
        _log.info("closing=%d upto=%d entry=%d", seq, new.upto, result.entry)
        left = _after(hub.store, tell)
        archived = new.entries.size + new.snapshot.size
        return Closed(new.upto, result, seen.size, _size(hub.store.path), archived, left)


def _after(store: Store, tell: Progress) -> str:
    """What follows the entry; why it could not be done, for the year is closed all the same."""
    try:
        _finish(store, tell)
        tell(TIDYING, 0, 1)
        tidy(store)
        tell(TIDYING, 1, 1)
    except HubError as error:
        _log.error("closing=unfinished reason=%s", error)
        return " ".join(str(error).split())
    return ""


def finish(hub: Hub, progress: Progress | None = None) -> bool:
    """Go on with what the last closing left to be done, if it did; whether it had.

    Raises:
        Busy: a closing is being made.
        ArchiveMissing, BookDamaged: the archive's file is not what the closing commits to: nothing is moved.
        DataDirectoryError: the disk refused; it goes on the next time.
    """
    with hub.reading() as tx:
        last = closing.last(tx)
        if (last is None or _moved(tx, last)) and tx.get(Note, name=_NOTE) is None:
            return False
    with _alone(hub.data):
        _finish(hub.store, progress or _silent)
    return True


def try_finish(hub: Hub) -> None:
    """As ``finish``, for who has something else to do: what fails now is tried again later."""
    try:
        finish(hub)
    except Busy:
        pass
    except HubError as error:
        _log.warning("closing=unfinished reason=%s", error)


def tidy(store: Store) -> None:
    """Give the file's free pages back to the disk, if that can be done now; they are used again anyhow."""
    with contextlib.suppress(DataDirectoryError):
        if (
            not store.in_doubt
            and shutil.disk_usage(store.path.parent).free >= 2 * _size(store.path) + _SPARE_BYTES
        ):
            store.compact()
        store.truncate_log()


def _finish(store: Store, tell: Progress) -> None:
    with store.read() as tx:
        last = closing.last(tx)
        moved = last is None or _moved(tx, last)
        before = tx.first("SELECT upto FROM closing ORDER BY seq DESC LIMIT 1 OFFSET 1")
    if last is not None and not moved:
        _check(store, last)
        first = before[0] if before else 0
        for begun in range(first + 1, last.upto + 1, _AT_ONCE):
            with store.write() as tx:
                archive_make.empty(tx, begun, min(last.upto, begun + _AT_ONCE - 1))
            tell(MOVING, min(last.upto, begun + _AT_ONCE - 1) - first, last.upto - first)
        store.truncate_log()
    _sweep(store)


def _check(store: Store, last: Closing) -> None:
    """That the disk has what the closing commits to: only then do the entries leave the book."""
    path = store.archive.folder / archive.entries_name(last.seq, last.upto)
    if archive_make.read_back(path) != archive.Seal(last.entries_size, bytes(last.entries_digest)):
        raise BookDamaged(f"{path} is not the file that the closing commits to", last.entry)


def _moved(tx: Tx, last: Closing) -> bool:
    """Whether all entries up to the closing have left the book; the closing's own last one leaves last."""
    row = tx.first("SELECT length(body) FROM entry WHERE number = ?", last.upto)
    return row is not None and row[0] == 0


def _sweep(store: Store) -> None:
    """Remove files that were written for a closing which was not made, and snapshots of earlier closings.

    Only what this box wrote down before it wrote it: what else lies there may be somebody's only copy.
    """
    folder = store.archive.folder
    archive_make.sweep(folder)
    with store.read() as tx:
        note, last = tx.get(Note, name=_NOTE), closing.last(tx)
        past = tx.rows(Closing.select())
    named = {
        name(row.seq, row.upto) for row in past for name in (archive.entries_name, archive.snapshot_name)
    }
    strays = [name for name in _names(note) if archive.number_in(name) is not None and name not in named]
    old = [archive.snapshot_name(row.seq, row.upto) for row in past if last and row.seq < last.seq]
    for name in (*strays, *old):
        (folder / name).unlink(missing_ok=True)
    if (strays or old) and folder.is_dir():
        sync(folder)  # or they come back after a cut, when nobody looks for them any more
    if note is not None:
        with store.write() as tx:
            tx.delete(Note, Note.name == _NOTE)


def _names(note: Note | None) -> list[str]:
    try:
        return [str(name) for name in json.loads(note.value)] if note else []
    except (ValueError, TypeError):
        return []


@contextmanager
def _alone(data: Path) -> Iterator[None]:
    """Let nobody else close, in this process or another. Raises Busy."""
    try:
        held = os.open(data / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise CannotWrite(f"{data}: {error.strerror}") from error
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Busy("the year is being closed already") from error
        yield
    finally:
        os.close(held)


def _size(path: Path) -> int:
    files = (path, path.with_name(f"{path.name}-wal"))
    return sum(one.stat().st_size for one in files if one.exists())


def _silent(_what: str, _done: int, _total: int) -> None:
    pass
