"""Where a verification keeps its second database, so that an interrupted one goes on.

The room lies beside the book: the temporary directory of a Pi is a small part of its memory. The second
database commits as it goes, and its own chain says how far it is: the hash of its last entry stands
for every byte of the book up to there. After Ctrl-C, a kill or a power cut the next run finds it and
need not check those signatures and fold those entries again. A run that ends leaves nothing.

A room is no proof: who can write beside the book could write one. It is used with a book whose chain
is walked in full each time and gives the same hash at that entry; what differs after that
is looked at from the start before anybody reads of it (``verify.py``).
"""

import contextlib
import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import peewee as pw

from appliance import __version__
from appliance.ledger.book.store import MIGRATIONS, Store
from appliance.ledger.errors import BookDamaged, DataDirectoryError

ROOM: Final = "verifying"
"""The directory beside the book."""

_REPLAY: Final = "replay.db"
_MADE_BY: Final = "made-by.json"
PASSING: Final = "hub-passing-"
"""How the names of rooms begin that are kept for nobody."""

_LOCK: Final = "lock"  # a file of its own: the store locks its directory while it makes tables


@dataclass(slots=True)
class Room:
    """A place for one run's second database.

    Attributes:
        keep: whether an interrupted run may leave it for the next one.
    """

    path: Path
    keep: bool

    def open(self, from_start: bool, origin: str = "", seed: Callable[[Path], None] | None = None) -> Store:
        """The database that an interrupted run left, or a new one: empty, or as ``seed`` makes it.

        Args:
            origin: names what the new one begins with; another run's is used only when its was the same.

        Raises:
            DataDirectoryError: it cannot be written. Besides, whatever ``seed`` raises.
        """
        if not from_start and _read(self.path / _MADE_BY) == _maker(origin):
            try:
                return Store.open(self.path / _REPLAY)
            except (DataDirectoryError, BookDamaged, pw.DatabaseError):
                pass  # a torn one is no reason to say anything of the book
        self.empty()
        if seed is None:
            store = Store.create(self.path / _REPLAY)
        else:
            seed(self.path / _REPLAY)
            store = Store.open(self.path / _REPLAY)
        (self.path / _MADE_BY).write_text(json.dumps(_maker(origin)), "utf-8")
        return store

    def empty(self) -> None:
        """Remove what is in it."""
        for file in self.path.iterdir():
            if file.name != _LOCK:
                file.unlink()


@contextmanager
def room(beside: Path | None) -> Iterator[Room]:
    """A room for this run alone, removed when the run ends; one that is interrupted leaves it.

    Args:
        beside: the data directory. None is for a run that nothing need be kept of: its room is in the
            system's temporary directory. So it is beside the book while another run has the kept one.
    """
    kept = None if beside is None else beside / ROOM
    held = None if kept is None else _hold(kept)
    if kept is None or held is None:
        with passing(beside) as place:
            yield Room(place, keep=False)
        return
    try:
        yield Room(kept, keep=True)
    except (Exception, GeneratorExit):
        shutil.rmtree(kept, ignore_errors=True)
        raise
    else:
        shutil.rmtree(kept, ignore_errors=True)
    finally:
        os.close(held)


@contextmanager
def passing(beside: Path | None) -> Iterator[Path]:
    """A room that is kept for nobody; those that killed processes left beside the book go first.

    Raises:
        DataDirectoryError: it cannot be made.
    """
    if beside is not None:
        _sweep(beside)
    with contextlib.ExitStack() as held:
        try:
            place = Path(held.enter_context(tempfile.TemporaryDirectory(prefix=PASSING, dir=beside)))
            lock = os.open(place / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise DataDirectoryError(f"{beside or tempfile.gettempdir()}: {error.strerror}") from error
        held.callback(os.close, lock)
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield place


def _sweep(beside: Path) -> None:
    """Remove rooms whose process is gone: it held the room's lock for as long as it lived."""
    for left in beside.glob(f"{PASSING}*"):
        with contextlib.suppress(OSError):
            lock = os.open(left / _LOCK, os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(left)
            finally:
                os.close(lock)


def _hold(path: Path) -> int | None:
    """A descriptor that keeps other runs out for as long as this process lives; None when another has it."""
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        held = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise DataDirectoryError(f"{path}: {error.strerror}") from error
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Another run may have ended, and removed the room, between the two.
        if os.path.samestat(os.fstat(held), (path / _LOCK).stat()):
            return held
    except OSError:
        pass
    os.close(held)
    return None


def _maker(origin: str) -> dict[str, str]:
    """Which release folds, and from where: another one may fold otherwise, and begins anew."""
    tables = sorted(file.name for file in MIGRATIONS.glob("0*.py"))
    return {"release": __version__, "tables": tables[-1], "origin": origin}


def _read(path: Path) -> object:
    try:
        found: object = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found
