"""Files that keepers have brought, looked at and taken in: long work, beside the answering of pages.

A file waits in ``incoming`` in the data directory, for nobody else to read, and goes when it was
taken in, when another took its place, and when the portal starts. Work runs in a thread of the
portal, one file at a time; pages ask how far it is. When the portal ends in the middle, SQLite
undoes what was not committed: ``Jobs.after_restart`` says which it was.
"""

import contextlib
import io
import logging
import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from appliance.ledger.book.command import Receipt
from appliance.ledger.errors import HubError
from appliance.ledger.files.checking import Plan, check, digest_of, name_of
from appliance.ledger.files.reading import MOST_BYTES, Problem
from appliance.ledger.files.taking import CHECKING, Brought, Changed, No, Taken, take_in
from appliance.ledger.hub import Hub
from appliance.ledger.keys import KeySigner
from appliance.ledger.people.imports import WHAT, taken_in

_log = logging.getLogger(__name__)

FOLDER: Final = "incoming"
MOST: Final = 8
"""How many files may wait; the one that was brought first goes."""

SHOWN: Final = 60
"""How many errors a page shows; the file of errors has all."""


class State(StrEnum):
    """How far a file is."""

    CHECKING = "checking"
    WRONG = "wrong"
    READY = "ready"
    WRITING = "writing"
    DONE = "done"
    FAILED = "failed"
    """The disk, or the book, refused while it was looked at: nothing was taken in."""


class NoRoom(HubError, OSError):
    """The disk has no room for the file, or cannot be written. Nothing was kept."""


class Limited(io.BytesIO):
    """What comes of a file, as far as anybody would read it; the rest is counted and let go."""

    def write(self, some: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]  # typeshed takes any buffer
        """Keep what fits, and say that all of it was taken."""
        super().write(some[: max(0, MOST_BYTES + 1 - self.tell())])
        return len(some)


@dataclass(slots=True)
class Job:
    """A file and how far it is. ``no`` and ``changed`` say why it was not taken in the last time it was tried."""

    id: str
    what: str
    name: str
    numbers: str
    path: Path
    digest: bytes
    state: State = State.CHECKING
    done: int = 0
    total: int = 0
    plan: Plan | None = None
    problems: tuple[Problem, ...] = ()
    wrong: int = 0
    wrong_rows: int = 0
    no: No | None = None
    changed: bool = False
    receipt: Receipt | None = None
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def busy(self) -> bool:
        return self.state in (State.CHECKING, State.WRITING)


class Jobs:
    """The files that wait at one portal. Threads may share it."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._room = hub.data / FOLDER
        if self._room.exists():  # of before the portal started: nobody asks for it any more
            for left in self._room.iterdir():
                left.unlink(missing_ok=True)

    def bring(self, what: str, name: str, numbers: str, data: bytes) -> Job:
        """Keep a file and begin to look at it.

        Raises:
            NoRoom: it could not be kept.
        """
        digest = digest_of(data)
        id_ = f"{what}-{digest.hex()}"
        job = Job(id_, what, name_of(name), numbers, self._room / f"{id_}.csv", digest)
        with self._lock:
            before = self._jobs.get(id_)
            if before is not None and before.busy:
                return before
            _keep(job.path, data)
            self._jobs[id_] = job
            self._jobs.move_to_end(id_)
            for old in [one for one in self._jobs.values() if not one.busy][: max(0, len(self._jobs) - MOST)]:
                self._forget(old)
        self._begin(job, lambda: self._check(job))
        return job

    def get(self, id_: str) -> Job | None:
        """The file of this name, when it is here."""
        with self._lock:
            return self._jobs.get(id_)

    def seen(self, job: Job) -> Job:
        """How it stands at this moment: a copy that does not change while a page is made of it."""
        with self._lock:
            return copy(job)

    def waiting(self) -> tuple[Job, ...]:
        """All files that wait for somebody, the last one first, as they stand at this moment."""
        with self._lock:
            return tuple(copy(job) for job in reversed(self._jobs.values()) if job.state is not State.DONE)

    def take(
        self, job: Job, terms: bytes, reason: str, keeper: KeySigner, second: KeySigner | None, key: bytes
    ) -> bool:
        """Begin to take it in; the keys are closed at the end. False when it is at something else, or done."""
        with self._lock:
            if job.state is not State.READY:
                return False
            job.state, job.done, job.total, job.no, job.changed = State.WRITING, 0, 0, None, False
        self._begin(job, lambda: self._take(job, terms, reason, keeper, second, key))
        return True

    def forget(self, job: Job) -> None:
        """Nobody wants it any more; what is being written goes on."""
        with self._lock:
            if not job.busy:
                self._forget(job)

    def after_restart(self, id_: str) -> int | None:
        """The entry with which a file that is not here any more was taken in; None when it was not."""
        what, _, digits = id_.partition("-")
        try:
            digest = bytes.fromhex(digits)
        except ValueError:
            return None
        if what not in WHAT:
            return None
        with self._hub.reading() as tx:
            return taken_in(tx, what, digest)

    def _forget(self, job: Job) -> None:
        self._jobs.pop(job.id, None)
        job.path.unlink(missing_ok=True)

    def _begin(self, job: Job, work: Callable[[], None]) -> None:
        job.ended.clear()
        threading.Thread(target=self._run, args=(job, work), name="file", daemon=True).start()

    def _run(self, job: Job, work: Callable[[], None]) -> None:
        with self._turn:
            try:
                work()
            except (HubError, OSError) as error:
                _log.error("file=failed what=%s reason=%s", job.what, error)
                self._stands(job, state=State.FAILED)
            finally:
                if job.busy:  # a mistake of ours: the page must not wait for ever
                    self._stands(job, state=State.FAILED)
                job.ended.set()

    def _stands(self, job: Job, **changes: Any) -> None:
        """Change several things about a file at once, for whoever looks at it (``seen``)."""
        with self._lock:
            for name, value in changes.items():
                setattr(job, name, value)

    def _check(self, job: Job) -> None:
        def tell(done: int, total: int) -> None:
            job.done, job.total = done, total

        self._look(job, check(self._hub, job.what, job.path.read_bytes(), job.name, job.numbers, tell))

    def _look(self, job: Job, plan: Plan, changed: bool = False) -> None:
        found = plan.problems
        state = State.READY if plan.clean else State.WRONG
        plan.problems, plan.commands = [], []  # thousands of them; they are made anew when it is taken in
        self._stands(
            job,
            wrong=len(found),
            wrong_rows=len({one.line for one in found}),
            problems=tuple(found[:SHOWN]),
            plan=plan,
            changed=changed,
            state=state,
        )

    def _take(
        self, job: Job, terms: bytes, reason: str, keeper: KeySigner, second: KeySigner | None, key: bytes
    ) -> None:
        def tell(phase: str, done: int, total: int) -> None:
            job.done, job.total = (0, total) if phase == CHECKING else (done, total)

        brought = Brought(job.what, job.path.read_bytes(), job.name, job.numbers)
        try:
            result = take_in(self._hub, brought, terms, reason, keeper, second, key, tell)
        finally:
            keeper.close()
            if second is not None:
                second.close()
        if isinstance(result, Taken):
            result.plan.commands = []
            job.path.unlink(missing_ok=True)
            self._stands(job, receipt=result.receipt, plan=result.plan, state=State.DONE)
            with self._lock:  # what was wrong with it before has been corrected
                for old in [
                    one for one in self._jobs.values() if (one.what, one.state) == (job.what, State.WRONG)
                ]:
                    self._forget(old)
        elif isinstance(result, Changed):
            self._look(job, result.plan, changed=True)
        else:
            self._stands(job, no=result, state=State.READY)


def _keep(path: Path, data: bytes) -> None:
    """Write a file that nobody else can read. Raises NoRoom; then nothing is left of it."""
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as opened:
            opened.write(data)
    except OSError as error:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
        raise NoRoom(str(error)) from error
