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

    def call(self) -> "Call":
        """A wait of this thread that another one ends, out of the lane if this thread is in it."""
        return Call(self, self.held())

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
            before = self._hurry(before)

    def _hurry(self, before: Any) -> Any:
        """Somebody in the queue has waited for ``PATIENCE``. Who holds the lane."""
        with self._changing:
            if self._holder is before:  # nothing has moved for so long: whoever it is is left behind
                self._next()
            return self._holder

    def _leave(self) -> None:
        ticket, self._mine.ticket = self._mine.ticket, None
        with self._changing:
            if self._holder is ticket:  # else it was left behind
                self._next()

    def _next(self) -> None:
        self._holder = self._queue.popleft() if self._queue else None
        if self._holder is not None:
            self._holder.release()


class Call:
    """One thread's wait for another, with its place in the lane: to be woken costs a thread more than
    most of what it does then, so it is woken once, when it has been called and it is its turn.
    """

    def __init__(self, lane: Lane, from_lane: bool) -> None:
        self._lane = lane
        self._from_lane = from_lane
        self._called = False
        self._ticket = threading.Lock()
        self._ticket.acquire()

    def wait(self) -> None:
        """Until ``end`` is called, also when it was already; then in the lane again, if this thread was in it."""
        lane, ticket = self._lane, self._ticket
        if not self._from_lane:
            ticket.acquire()
            return
        lane._leave()  # noqa: SLF001 - a part of the lane
        lane._mine.ticket = ticket  # noqa: SLF001
        before = lane._holder  # noqa: SLF001
        while not ticket.acquire(timeout=lane._patience):  # noqa: SLF001
            before = lane._hurry(before) if self._called else None  # noqa: SLF001

    def end(self) -> None:
        """Whoever waits need not wait any more: it goes on, from its place at the end of the queue."""
        lane = self._lane
        if not self._from_lane:
            self._ticket.release()
            return
        with lane._changing:  # noqa: SLF001
            self._called = True
            lane._queue.append(self._ticket)  # noqa: SLF001
            if lane._holder is None:  # noqa: SLF001
                lane._next()  # noqa: SLF001


THE_LANE: Final = Lane()
"""This process's. Threads that never go in, and other processes, have nothing to do with it."""
