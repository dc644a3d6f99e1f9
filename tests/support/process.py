"""A program as its own process group: started, waited for, killed as a power cut would."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from tests.support import warm

START_SECONDS = 60.0
"""For a machine that does ten other things; a start takes a second or two."""


class Process:
    """``python ARGUMENTS`` in a process group of its own.

    Args:
        name: names it in the log file's name and in failures.
        arguments: what follows ``python``.
        folder: where its log goes; a second life goes on in the same log.
        up: whether it is at work now; asked until it says yes. Without it, nobody waits.
    """

    def __init__(
        self, name: str, arguments: Sequence[str], folder: Path, up: Callable[[], bool] | None = None
    ) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self._arguments = tuple(arguments)
        self._up = up
        self._process: warm.Started | None = None

    def start(self) -> Self:
        """Start it, and wait until it is up."""
        self._process = warm.start(self._arguments, self.log)
        deadline = time.monotonic() + START_SECONDS
        while self._up is not None and not self._up():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"{self.name} did not start:\n{self.tail()}")
            time.sleep(0.05)
        return self

    @property
    def running(self) -> bool:
        """Whether it is alive."""
        return self._process is not None and self._process.poll() is None

    def ended(self, seconds: float) -> int:
        """Wait for its end; its code, which is -9 after a kill."""
        assert self._process is not None
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} is still there after {seconds} s:\n{self.tail()}") from None

    def kill(self) -> None:
        """``kill -9`` of the whole group; it may have ended already."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def tail(self) -> str:
        """The end of what it wrote."""
        return self.log.read_text(errors="replace")[-3000:] if self.log.exists() else ""
