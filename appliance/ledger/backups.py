"""Backups as the box makes them: each day by itself, now when asked, on sticks, thinned out, never in the way.

A backup that fails changes nothing: it is noted for the keepers, the older ones stay, and it is tried
again an hour later. Whether one is due follows from the book and from time since boot, so that a
wrong clock cannot stop it: a day after the last one, or at once after a start when the last one was
made in another boot; never when nothing was written since. What was made when is kept in a row of
this box (``book.local.Note``); which backups there are is read from the files alone.
"""

import contextlib
import fcntl
import json
import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from appliance.ledger import backup_shelf, settings
from appliance.ledger.backup_shelf import Copy
from appliance.ledger.book import backup_make
from appliance.ledger.book.backup_form import MAKING, Progress
from appliance.ledger.book.local import Note
from appliance.ledger.book.store import LEDGER_FILE
from appliance.ledger.clock import Instant, Millis, Quality, Uptime
from appliance.ledger.errors import BackupFailed, DataDirectoryError, HubError
from appliance.ledger.hub import Hub
from appliance.ledger.settings import BackupSettings

_log = logging.getLogger(__name__)

DAY_MS: Final = 24 * 60 * 60 * 1000
SETTLE_MS: Final = 2 * 60 * 1000
"""Time after a start before a missed backup is made up for: people are served first."""

RETRY_MS: Final = 60 * 60 * 1000
STICK_FRESH_MS: Final = 60 * 60 * 1000
"""A stick that is plugged in gets a backup of its own when the last one is older than that."""

_BESIDE_PLAIN: Final = 1024 * 1024
"""What stays free beside the plain copy of a backup that is made on another disk."""

COPYING_TO_STICK: Final = "stick"
_LOCK: Final = "backup.lock"
_NOTE: Final = "backup"


@dataclass(frozen=True, slots=True)
class Done:
    """A backup that was made: where, how large, how far the book went, and when (by both clocks)."""

    path: str
    size: int
    number: int
    at_ms: int
    quality: int
    boot: str
    up_ms: int

    @property
    def at(self) -> Instant:
        return Instant(Millis(self.at_ms), Quality(self.quality))


@dataclass(frozen=True, slots=True)
class Failed:
    """What could not be done, and when. ``stick``: on which; empty for the box's own."""

    reason: str
    at_ms: int
    quality: int
    stick: str = ""

    @property
    def at(self) -> Instant:
        return Instant(Millis(self.at_ms), Quality(self.quality))


@dataclass(frozen=True, slots=True)
class State:
    """What is known of backups. ``failed``: what failed since the last good one, if something did."""

    good: Done | None = None
    failed: Failed | None = None
    sticks: tuple[Done, ...] = ()
    """The last backup on each stick that is plugged in now, or was."""

    stick_failed: Failed | None = None


@dataclass(frozen=True, slots=True)
class Working:
    """What is being done at this moment, and how much of it."""

    what: str
    done: int
    total: int


class Busy(BackupFailed):
    """Another one is being made at this moment."""


class Backups:
    """The backups of one hub. Threads may share it; one backup is made at a time, across processes."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._turn = threading.Lock()
        self._tried: Uptime | None = None
        self._stick_tried: dict[Path, int] = {}
        self._unkept: State | None = None
        self.working: Working | None = None

    # ------------------------------------------------------------------ what is known

    def settings(self) -> BackupSettings:
        """What ``hub.toml`` says now; how it is without, when the file is wrong (the radio's start says so)."""
        try:
            return settings.read(self._hub.data).backup
        except HubError:
            return BackupSettings()

    def folder(self) -> Path:
        """Where this box keeps backups."""
        return self._hub.data / self.settings().folder

    def state(self) -> State:
        """What was done last, as it is remembered."""
        if self._unkept is not None:  # the disk is full: what could not be written is known all the same
            return self._unkept
        with self._hub.reading() as tx:
            row = tx.get(Note, name=_NOTE)
        try:
            return _state(json.loads(row.value)) if row else State()
        except (ValueError, TypeError, KeyError, AttributeError):
            return State()

    def copies(self) -> tuple[Copy, ...]:
        """The backups on this box, the newest first."""
        return backup_shelf.listed(self.folder(), self._hub.book.place)

    def sticks(self) -> tuple[Path, ...]:
        """The sticks that are plugged in now."""
        return backup_shelf.sticks(self.settings().sticks, self._hub.data)

    # ------------------------------------------------------------------ doing

    def run(self, target: Path | None = None, progress: Progress | None = None) -> Copy:
        """Make a backup now, and put it on every stick. Without ``target`` it goes into the folder.

        Args:
            target: a new file, or a directory in which it gets a name.

        When the card is too full for one in the folder, it is made on each stick that is plugged in.

        Raises:
            Busy: one is being made.
            BackupFailed: it could not be made; that is noted. Older ones are as they were.
        """
        with self._alone():
            tell = self._telling(progress)
            try:
                return self._made(target, tell)
            finally:
                # Not before it is noted: a page in between would say that there is no backup.
                self.working = None

    def _made(self, target: Path | None, tell: Progress) -> Copy:
        try:
            copy = self._make(target, tell)
        except BackupFailed as error:
            self._note(replace(self.state(), failed=self._failed(error)))
            full = target is None and isinstance(error, backup_shelf.NoRoom)
            straight = self._straight_to_sticks(tell) if full else None
            if straight is None:
                raise
            return straight
        now, up = self._hub.clock.now(), self._hub.clock.uptime()
        if target is None:
            done = _done(copy, now, up)
            self._note(replace(self.state(), good=done, failed=None))
        self._to_sticks(copy, tell)
        return copy

    def tend(self) -> bool:
        """Do what is due; whether something was. Never raises for a backup that fails: that is noted."""
        try:
            self._tidy()
            if self._due():
                self._tried = self._hub.clock.uptime()
                self.run()
                return True
            return self._tend_sticks()
        except Busy:
            return False
        except (HubError, OSError) as error:
            _log.error("backup=failed reason=%s", error)
            return True

    def _tidy(self) -> None:
        """What a killed process left of the plain copy of a backup goes at once: it has everybody's words in it."""
        if any(self._hub.data.glob(f"{MAKING}*")):
            with self._alone():
                backup_shelf.sweep(self._hub.data)

    def _due(self) -> bool:
        if not self.settings().daily or self._hub.box.backup_public is None:
            return False
        good, up = self.state().good, self._hub.clock.uptime()
        if self._tried is not None and up.boot == self._tried.boot and up.ms - self._tried.ms < RETRY_MS:
            return False
        if good is None:
            return True
        if self._hub.head().number == good.number and Path(good.path).exists():
            return False
        return up.ms - good.up_ms >= DAY_MS if up.boot == good.boot else up.ms >= SETTLE_MS

    def _tend_sticks(self) -> bool:
        """Give each stick that lacks it the newest backup; a newer one, when that is old."""
        plugged, up = self.sticks(), self._hub.clock.uptime()
        # Who pulls a stick out and plugs it in again wants it to be tried at once.
        self._stick_tried = {one: at for one, at in self._stick_tried.items() if one in plugged}
        copies = self.copies() if plugged else ()
        lacking = [
            one
            for one in plugged
            if not (copies and self._has(one, copies[0]))
            and up.ms - self._stick_tried.get(one, -RETRY_MS) >= RETRY_MS
        ]
        if not lacking or self._hub.box.backup_public is None:
            return False
        self._stick_tried |= dict.fromkeys(lacking, up.ms)
        good = self.state().good
        fresh = good is not None and good.boot == up.boot and up.ms - good.up_ms < STICK_FRESH_MS
        if not copies or not (fresh or self._hub.head() == copies[0].header.head):
            try:
                self.run()
            except BackupFailed:
                if not copies:
                    raise
            else:
                return True
        with self._alone():
            self._to_sticks(copies[0], self._telling(None))
        return True

    def _has(self, stick: Path, copy: Copy) -> bool:
        return (stick / backup_shelf.STICK_FOLDER / copy.path.name).exists()

    def _make(self, target: Path | None, tell: Progress) -> Copy:
        hub, public = self._hub, self._hub.box.backup_public
        if public is None:
            raise BackupFailed(
                "this hub was founded before there were backups: type its root paper once (hub paper check)"
            )
        folder = self.folder() if target is None else target
        try:
            if target is None:
                folder.mkdir(mode=0o700, exist_ok=True)
                backup_shelf.sweep(folder)
            backup_shelf.sweep(hub.data)
            copies = self.copies()
            size = _size(hub.data)
            if _elsewhere(hub.data, folder):
                # Here only the plain copy lies, for minutes: that is what the reserve is for (``book.room``).
                backup_shelf.make_room(hub.data, copies, size, _BESIDE_PLAIN)
            else:
                backup_shelf.make_room(hub.data, copies, size + (size if target is None else 0))
            serial = 1 + max((copy.header.serial for copy in copies), default=0)
            named = backup_shelf.name_of if folder.is_dir() else None
            now = hub.clock.now()
            header = backup_make.make(hub.data, hub.book.place, public, folder, now, serial, tell, named)
            path = folder / named(header) if named else folder
            if target is None:
                backup_shelf.thin_out(self.copies())
            return Copy(path, header, path.stat().st_size)
        except OSError as error:
            raise BackupFailed(f"{folder}: {error.strerror or error}") from error

    def _straight_to_sticks(self, tell: Progress) -> Copy | None:
        """A backup made on each stick, past the full card; the last one, or None when there is none."""
        last = None
        for stick in self.sticks():
            folder, now, up = (
                stick / backup_shelf.STICK_FOLDER,
                self._hub.clock.now(),
                self._hub.clock.uptime(),
            )
            try:
                folder.mkdir(exist_ok=True)
                last = self._make(folder, tell)
            except (BackupFailed, OSError) as error:
                _log.error("backup=stick reason=%s", error)
                failed = replace(self._failed(BackupFailed(str(error))), stick=str(stick))
                self._note(replace(self.state(), stick_failed=failed))
                continue
            backup_shelf.thin_out(backup_shelf.listed(folder, self._hub.book.place))
            state = self.state()
            others = tuple(done for done in state.sticks if done.path != str(stick))
            done = replace(_done(last, now, up), path=str(stick))
            self._note(replace(state, sticks=(*others, done), stick_failed=None))
        return last

    def _to_sticks(self, copy: Copy, tell: Progress) -> None:
        state = self.state()
        by_stick = {done.path: done for done in state.sticks}
        failed = None
        for stick in self.sticks():
            try:
                put = backup_shelf.put_on_stick(
                    copy, stick, lambda done, all_: tell(COPYING_TO_STICK, done, all_)
                )
            except BackupFailed as error:
                _log.error("backup=stick reason=%s", error)
                failed = replace(self._failed(error), stick=str(stick))
                continue
            finally:
                self.working = None
            now, up = self._hub.clock.now(), self._hub.clock.uptime()
            by_stick[str(stick)] = replace(_done(put, now, up), path=str(stick))
        if by_stick != {done.path: done for done in state.sticks} or failed != state.stick_failed:
            self._note(replace(self.state(), sticks=tuple(by_stick.values()), stick_failed=failed))

    # ------------------------------------------------------------------ beneath

    def _telling(self, progress: Progress | None) -> Progress:
        def tell(what: str, done: int, total: int) -> None:
            self.working = Working(what, done, total)
            if progress is not None:
                progress(what, done, total)

        return tell

    def _failed(self, error: BackupFailed) -> Failed:
        now = self._hub.clock.now()
        return Failed(str(error), now.ms, int(now.quality))

    def _note(self, state: State) -> None:
        try:
            with self._hub.store.write() as tx:
                tx.put(Note, name=_NOTE, value=json.dumps(asdict(state)))
            self._unkept = None
        except DataDirectoryError:  # full, or busy: the next one is written
            self._unkept = state

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let nobody else make one, in this process or another. Raises Busy."""
        with contextlib.ExitStack() as held:
            if not self._turn.acquire(blocking=False):
                raise Busy("a backup is being made already")
            held.callback(self._turn.release)
            try:
                lock = os.open(self._hub.data / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except OSError as error:
                raise BackupFailed(f"{self._hub.data}: {error.strerror}") from error
            held.callback(os.close, lock)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise Busy("a backup is being made already") from error
            yield


def _size(data: Path) -> int:
    """Bytes that a copy of the book and what lies beside it may take."""
    names = [LEDGER_FILE, f"{LEDGER_FILE}-wal"]
    files = [data / name for name in names] + [*(data / "archive").rglob("*")]
    return sum(one.stat().st_size for one in files if one.is_file())


def _done(copy: Copy, now: Instant, up: Uptime) -> Done:
    return Done(str(copy.path), copy.size, copy.header.head.number, now.ms, int(now.quality), up.boot, up.ms)


def _state(kept: dict[str, Any]) -> State:
    def one(cls: Callable[..., Any], value: dict[str, Any] | None) -> Any:
        return None if value is None else cls(**value)

    return State(
        one(Done, kept["good"]),
        one(Failed, kept["failed"]),
        tuple(Done(**done) for done in kept["sticks"]),
        one(Failed, kept["stick_failed"]),
    )


def _elsewhere(data: Path, folder: Path) -> bool:
    """Whether a backup's file, or the folder it gets a name in, is on another disk than the hub's data."""
    place = folder if folder.exists() else folder.parent
    try:
        return place.stat().st_dev != data.stat().st_dev
    except OSError:
        return False
