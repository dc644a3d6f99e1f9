"""One thread at a time does the work; who waits for something steps aside meanwhile.

Python runs one thread at a time anyway. But sixteen that are all under way take the interpreter
from each other at every query (each lets it go for some microseconds), and what that costs is
more than the query. So the portal's threads queue once for a whole request (``inside``), and step
out of the lane for what takes long and needs no Python: the sync of the disk, a turn in the book,
the derivation of a PIN (``aside``).

The lane orders nothing and guards nothing: everything is right without it. So nobody waits in
it for long. Who has held it for ``PATIENCE`` while others wait is left behind: it goes on, and the
others queue anew without it. A long report, or a phone that is slow to take a file, delays one
step of the others by that much, once.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

PATIENCE: Final = 0.1
"""Seconds. Far more than a page or a payment takes, on a small board as well."""


class Lane:
    """A lane for the threads of one process."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._lock = threading.Lock()
        self._changing = threading.Lock()
        self._mine = threading.local()

    def held(self) -> bool:
        """Whether this thread is in the lane."""
        return getattr(self._mine, "lock", None) is not None

    @contextmanager
    def inside(self) -> Iterator[None]:
        """A block in the lane; nothing changes when this thread is in it already."""
        if self.held():
            yield
            return
        self._enter()
        try:
            yield
        finally:
            self._leave()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """A block out of the lane, and in it again afterwards; nothing changes when this thread was not in it."""
        if not self.held():
            yield
            return
        self._leave()
        try:
            yield
        finally:
            self._enter()

    def _enter(self) -> None:
        while True:
            lock = self._lock
            if lock.acquire(timeout=self._patience):
                self._mine.lock = lock
                return
            with self._changing:
                if self._lock is lock:  # several have lost patience: the first of them opens the new lane
                    self._lock = threading.Lock()

    def _leave(self) -> None:
        lock: threading.Lock = self._mine.lock
        self._mine.lock = None
        lock.release()


THE_LANE: Final = Lane()
"""This process's. Threads that never go in, and other processes, have nothing to do with it."""
