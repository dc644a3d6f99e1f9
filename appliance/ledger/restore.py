"""``hub restore``: a hub out of its backup and its root paper, in a new life.

All is done in a directory beside the new one and put in its place at the end, in one step. Until then
the new directory is empty; a power cut leaves a room that the next attempt throws away. Nothing has
been said in that new life by then, so that it can be begun anew, under another key, as often as needed.

What the backup does not know is not here: it is learnt from the neighbours while the hub runs
(``recovering``), or lost and named (``reads.restored``).
"""

import os
import shutil
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
        DataDirectoryError: it is not empty, no directory, or has no parent.
    """
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise DataDirectoryError(f"{into} is not empty: a restored hub needs an empty or missing directory")
    if not into.absolute().parent.is_dir():
        raise DataDirectoryError(f"{into.absolute().parent} is not there")


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
    room = into.absolute().parent / f"{ROOM}{into.name}"
    shutil.rmtree(room, ignore_errors=True)
    try:
        open_backup(path, paper, room, tell)
        report = _renewed(room, header, paper, incarnation, clock, tell)
        sync_tree(room)
        room.rename(into)
        sync(into.absolute().parent)
    except OSError as error:
        if isinstance(error, DataDirectoryError):
            raise
        raise DataDirectoryError(f"{into}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(room, ignore_errors=True)
    return report


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
            people = tx.first("SELECT COUNT(*) FROM member WHERE status <> 'closed'")
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
