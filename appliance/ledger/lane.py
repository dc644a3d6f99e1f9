"""One thread at a time does the work; who waits for something steps aside meanwhile.

Python runs one thread at a time anyway. But sixteen that are all under way take the interpreter
from each other at every query (each lets it go for some microseconds), and what that costs is
more than the query. So the portal's threads queue once for a whole request (``inside``), and step
out of the lane for what takes long and needs no Python: the sync of the disk, a turn in the book,
the derivation of a PIN (``aside``).

The lane guards nothing: everything is right without it. It is first come first served, and nobody waits
in it for long. Who has held it for ``PATIENCE`` while others wait is left behind: it goes on, and the
next ones go on without it. A long report, or a phone that is slow to take a file, delays one step of
the others by that much, once.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

PATIENCE: Final = 0.1
"""Seconds. Far more than a page or a payment takes, on a small board as well."""


class Lane:
    """A lane for the threads of one process, first come first served."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._changing = threading.Lock()
        self._queue: deque[Any] = deque()
        """A lock for each thread that waits; let go of when it is that thread's turn."""
        self._holder: Any = None
        self._mine = threading.local()

    def held(self) -> bool:
        """Whether this thread is in the lane."""
        return getattr(self._mine, "ticket", None) is not None

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

    def let_pass(self) -> None:
        """Let those who wait now go first; nothing changes when nobody waits, or this thread was not in it."""
        if self._queue and self.held():
            self._leave()
            self._enter()

    def _enter(self) -> None:
        ticket = self._mine.ticket = threading.Lock()
        with self._changing:
            if self._holder is None:
                self._holder = ticket
                return
            ticket.acquire()
            self._queue.append(ticket)
        before = self._holder
        while not ticket.acquire(timeout=self._patience):
            with self._changing:
                if self._holder is before:  # nothing has moved for so long: whoever it is is left behind
                    self._next()
                before = self._holder

    def _leave(self) -> None:
        ticket, self._mine.ticket = self._mine.ticket, None
        with self._changing:
            if self._holder is ticket:  # else it was left behind
                self._next()

    def _next(self) -> None:
        self._holder = self._queue.popleft() if self._queue else None
        if self._holder is not None:
            self._holder.release()


THE_LANE: Final = Lane()
"""This process's. Threads that never go in, and other processes, have nothing to do with it."""
