"""``hub restore``: a hub out of its backup and its root paper, in a new life.

All is done in a room beside the new directory and put in its place at the end, in one step. Until then
the new directory is empty; a power cut leaves a room that the next attempt throws away, with all that was
unpacked. Nothing has been said in that new life by then, so that it can be begun anew, under another key, as
often as needed.

What the backup does not know is not here: it is learnt from the neighbours while the hub runs
(``recovering``), or lost and named (``reads.restored``).
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from appliance.ledger import boxfile
from appliance.ledger.book import chain, verify
from appliance.ledger.book.backup import open_backup, read_header
from appliance.ledger.book.backup_form import Header, Progress, sync, sync_tree
from appliance.ledger.book.chain import Place
from appliance.ledger.book.command import Book
from appliance.ledger.book.local import HubHeard, Session
from appliance.ledger.book.store import LEDGER_FILE, Store
from appliance.ledger.boxfile import Box
from appliance.ledger.clock import Clock, Instant
from appliance.ledger.errors import BackupDamaged, BookDamaged, DataDirectoryError, PaperDoesNotFit
from appliance.ledger.hub import Hub
from appliance.ledger.keys import KdfCost, RootPaper
from appliance.ledger.people import restoring
from appliance.ledger.reads.crossings import OtherHub, other_hubs
from appliance.ledger.timekeeper import HubClock

ROOM: Final = ".restoring-"
"""How the name begins of the room in which a restore is prepared, beside the new directory."""

VERIFYING: Final = "verifying"


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore gave.

    Attributes:
        last: when the last entry was written that came out of the backup, as the box believed then.
        entries: how many there are.
        members: how many people are in it.
        neighbours: who is waited for.
        admitted: whether the box knows the community's group key; if not, the roster file is needed.
    """

    header: Header
    incarnation: int
    entries: int
    last: Instant
    members: int
    neighbours: tuple[OtherHub, ...]
    admitted: bool


def refuse_directory(into: Path) -> None:
    """Return when a hub can be restored into ``into``.

    Raises:
        DataDirectoryError: it is not empty, no directory, a mounted disk, or has no parent.
    """
    place = into.resolve()
    try:
        if place.exists() and (not place.is_dir() or any(place.iterdir())):
            raise DataDirectoryError(
                f"{into} is not empty: a restored hub needs an empty or missing directory"
            )
        if place.is_mount():
            # What is prepared beside it is on another disk, and nothing can be put in a mount's place in one step.
            raise DataDirectoryError(
                f"{into} is where a disk is mounted: restore into a directory on it, such as {into / 'hub'}"
            )
    except OSError as error:
        if isinstance(error, DataDirectoryError):
            raise
        raise DataDirectoryError(f"{into}: {error.strerror}") from error
    if not place.parent.is_dir():
        raise DataDirectoryError(f"{place.parent} is not there")


def next_incarnation(path: Path) -> int:
    """The first life that a hub restored from the backup ``path`` can begin.

    Raises:
        BackupRefused: it is none, damaged, or of a newer release.
    """
    return read_header(path).place.incarnation + 1


def restore(
    path: Path,
    paper: RootPaper,
    into: Path,
    incarnation: int,
    clock: Clock | None,
    tell: Progress,
) -> Restored:
    """Make a hub in ``into`` out of the backup ``path``, and begin its life ``incarnation``.

    Raises:
        PaperDoesNotFit: the backup is another hub's, or another community's: not this paper's.
        BackupRefused: it is damaged, cut off, of a newer release, or its book does not verify.
        DataDirectoryError: ``into`` is not empty or cannot be written.
        ValueError: ``incarnation`` is not later than the backup's.
    """
    refuse_directory(into)
    header = read_header(path)
    if incarnation <= header.place.incarnation:
        raise ValueError(f"the backup is of incarnation {header.place.incarnation} itself")
    if header.reader != paper.backup_public:
        raise PaperDoesNotFit(
            f"this root paper is not that of {header.hub_name} ({header.place.hub}) of {header.community}"
        )
    place = into.resolve()
    try:
        with _room(place) as room:
            refuse_directory(into)  # somebody else may just have restored there
            fresh = room / "hub"
            open_backup(path, paper, fresh, tell)
            report = _renewed(fresh, header, paper, incarnation, clock, tell)
            sync_tree(fresh)
            fresh.rename(place)
            sync(place.parent)
    except OSError as error:
        if isinstance(error, DataDirectoryError):
            raise
        raise DataDirectoryError(f"{into}: {error.strerror or error}") from error
    return report


@contextmanager
def _room(place: Path) -> Iterator[Path]:
    """An empty room beside ``place`` for this process alone, which goes with all that is in it.

    Raises:
        DataDirectoryError: another process restores there now, or it cannot be made.
    """
    room = place.parent / f"{ROOM}{place.name}"
    room.mkdir(mode=0o700, exist_ok=True)
    held = os.open(room, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The other one may have ended, and removed its room, between the two.
            mine = os.path.samestat(os.fstat(held), room.stat())
        except (BlockingIOError, FileNotFoundError):
            mine = False
        if not mine:
            raise DataDirectoryError(f"{place} is being restored already, by another command")
        try:
            _empty(room)
            yield room
        finally:
            shutil.rmtree(room, ignore_errors=True)
    finally:
        os.close(held)


def _empty(room: Path) -> None:
    for left in room.iterdir():
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left)
        else:
            left.unlink()


def _renewed(
    room: Path, header: Header, paper: RootPaper, incarnation: int, clock: Clock | None, tell: Progress
) -> Restored:
    store = Store.open(room / LEDGER_FILE)
    try:
        _check(store, paper, room, tell)
        box = _box(room, header.place, paper)
        book = Book(store, box.place, box.signing)
        hub = Hub(room, book, clock or HubClock(book), box)
        with store.read() as tx:
            end = chain.by_number(tx, chain.head(tx).number)
        assert end is not None  # it has been verified
        hub.renew(paper, incarnation)
        with store.write() as tx:
            # Whoever was signed in may have been signed out since; whom we heard, we hear anew.
            tx.delete(Session, Session.token.is_null(False))
            tx.delete(HubHeard, HubHeard.hub.is_null(False))
        with store.read() as tx:
            people = tx.first("SELECT COUNT(*) FROM member WHERE status NOT IN ('closed', 'applied')")
            waited = set(restoring.missing(tx))
            near = tuple(one for one in other_hubs(tx) if one.number in waited)
        return Restored(
            header,
            incarnation,
            end.number,
            end.act.at,
            int(people[0]) if people else 0,
            near,
            hub.box.group_key is not None,
        )
    finally:
        store.close()


def _check(store: Store, paper: RootPaper, room: Path, tell: Progress) -> None:
    try:
        verify.verify(
            store,
            root_key=paper.public,
            progress=lambda done, total: tell(VERIFYING, done, total),
            work=room,
        )
    except BookDamaged as error:
        raise BackupDamaged(f"the book in it does not verify: {error}") from error


def _box(room: Path, place: Place, paper: RootPaper) -> Box:
    """The box's secrets: those of the backup; where they are missing, what the paper gives."""
    if (room / boxfile.KEYS).is_dir():
        return boxfile.read(room)
    (room / boxfile.KEYS).mkdir(mode=0o700, exist_ok=True)
    return Box(place, os.urandom(32), paper.pepper, paper.public, KdfCost()).with_paper(paper)
