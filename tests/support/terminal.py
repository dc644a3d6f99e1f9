"""Somebody at a terminal: a command in a process of its own on a pseudo-terminal, read and typed to as it goes."""

import codecs
import fcntl
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE = 60.0


def _sits_down() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # a question for a secret is asked at the controlling terminal
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a run in the background has it ignored


class Terminal:
    """A command at work. ``screen`` is all that it has written."""

    def __init__(self, *words: object) -> None:
        self._ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "appliance.cli", *map(str, words)],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=_sits_down,  # noqa: PLW1509 - the child does nothing else before it begins
        )
        os.close(theirs)
        self.screen = ""
        self._read = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def until(self, pattern: str) -> re.Match[str]:
        """Read on until something new matches ``pattern``."""
        deadline = time.monotonic() + PATIENCE
        while (found := re.search(pattern, self.screen[self._read :], re.DOTALL)) is None:
            if not self._more(deadline):
                raise AssertionError(f"{pattern!r} was never said; it said {self.screen[self._read :]!r}")
        self._read += found.end()
        return found

    def types(self, line: str) -> None:
        os.write(self._ours, f"{line}\n".encode())

    def stops(self) -> None:
        """Ctrl-C, and again when it goes on: as people do."""
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < deadline:
            os.write(self._ours, b"\x03")
            again = time.monotonic() + 3
            while self.process.poll() is None and time.monotonic() < again:
                self._more(min(again, time.monotonic() + 0.2))

    def ends(self) -> int:
        """Read to the end; the exit code."""
        deadline = time.monotonic() + PATIENCE
        while self._more(deadline):
            pass
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._ours)

    def _more(self, deadline: float) -> bool:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([self._ours], [], [], left)[0]:
            return False
        try:
            got = os.read(self._ours, 65536)
        except OSError:  # the other end is closed
            return False
        self.screen += self._decoder.decode(got).replace("\r", "")
        return bool(got)


@contextmanager
def at_terminal(*words: object) -> Iterator[Terminal]:
    """``hub`` with these words, at a terminal."""
    terminal = Terminal(*words)
    try:
        yield terminal
    finally:
        terminal.close()
