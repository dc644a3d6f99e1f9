"""The processes of the sample villages: started together, kept alive, ended together.

Each hub has its portal, its radio process and its radio, an emulated node; the nodes share one
emulated channel. All are the product's own commands, so ``ps`` shows what runs and any of them
may be killed to see what happens: it is started again.

None outlives us: each asks the kernel for SIGTERM when its parent dies (prctl(2),
PR_SET_PDEATHSIG), so that even after a ``kill -9`` of this process nobody stays behind.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from appliance.ledger.clock import Clock
from appliance.ledger.errors import DataDirectoryError

_PR_SET_PDEATHSIG: Final = 1
_LOOK_SECONDS: Final = 0.25
_STOP_SECONDS: Final = 15.0
"""The portal may take ten to finish its answers."""

_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 60.0
_STEADY_SECONDS: Final = 60.0
_LIBC: Final = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Job:
    """A process to keep alive: what to call it, and what to type after ``hub``."""

    name: str
    words: tuple[str, ...]


@dataclass(slots=True)
class _Child:
    job: Job
    process: "subprocess.Popen[bytes] | None" = None
    began: float = 0.0
    pause: float = _FIRST_PAUSE
    again_at: float = 0.0


@dataclass
class Household:
    """Processes that live and end together. Start it in the main thread.

    Args:
        jobs: ended in the reverse of this order.
        logs: a directory; each process writes its words to a file there.
        told: called with a line when one ended by itself.
    """

    jobs: Sequence[Job]
    logs: Path
    clock: Clock
    told: Callable[[str], None]
    _children: list[_Child] = field(default_factory=list)

    def start(self) -> None:
        """Start all.

        Raises:
            DataDirectoryError: the logs cannot be written, or a process cannot be started.
        """
        self._children = [_Child(job) for job in self.jobs]
        for child in self._children:
            self._start(child)

    def _now(self) -> float:
        return self.clock.uptime().ms / 1000

    def _start(self, child: _Child) -> None:
        parent = os.getpid()

        def die_with_us() -> None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:  # it died before we could ask
                os._exit(1)

        words = [sys.executable, "-m", "appliance.cli", *child.job.words]
        try:
            self.logs.mkdir(exist_ok=True)
            with (self.logs / f"{child.job.name}.log").open("ab") as log:
                child.process = subprocess.Popen(
                    words,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    # Their own session: Ctrl-C in the terminal reaches us alone, and we end them in order.
                    start_new_session=True,
                    preexec_fn=die_with_us,  # noqa: PLW1509 - we have one thread
                )
        except OSError as error:
            raise DataDirectoryError(f"{child.job.name} cannot be started: {error}") from error
        child.began = self._now()

    def look(self) -> None:
        """Start again whoever ended, after 1 s, then 2, up to 60; from 1 after a minute of life."""
        now = self._now()
        for child in self._children:
            if child.process is None:
                if now >= child.again_at:
                    self._start(child)
                continue
            code = child.process.poll()
            if code is None:
                continue
            if now - child.began >= _STEADY_SECONDS:
                child.pause = _FIRST_PAUSE
            child.process, child.again_at = None, now + child.pause
            self.told(
                f"{child.job.name} ended ({_how(code)}); again in {child.pause:.0f} s. Its words:"
                f" {self.logs / child.job.name}.log"
            )
            child.pause = min(2 * child.pause, _LONGEST_PAUSE)

    def stop(self) -> None:
        """End all, the last first; whoever takes longer than 15 s is killed."""
        alive = [child.process for child in reversed(self._children) if child.process is not None]
        for process in alive:
            process.terminate()
        until = self._now() + _STOP_SECONDS
        for process in alive:
            try:
                process.wait(max(0.0, until - self._now()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def pids(self) -> dict[str, int]:
        """Whoever is alive now, by name."""
        return {child.job.name: child.process.pid for child in self._children if child.process is not None}


def _how(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


def until_told_to_end(look: Callable[[], None]) -> None:
    """Call ``look`` four times a second until Ctrl-C or SIGTERM. For the main thread."""
    told: list[int] = []
    ends = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(one, lambda number, _frame: told.append(number)) for one in ends]
    try:
        while not told:
            look()
            time.sleep(_LOOK_SECONDS)
    finally:
        for one, handler in zip(ends, before, strict=True):
            signal.signal(one, handler)
