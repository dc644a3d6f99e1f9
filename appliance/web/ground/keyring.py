"""Members' keys that a sign-in has opened: in this process's memory only, for a short while.

A key is dropped at sign-out, after some idle minutes and when too many are open. Idle time is
counted on the time since boot, which no clock setting moves. Nothing here survives a restart;
whoever needs a key then types the PIN again.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from appliance.ledger.clock import Clock
from appliance.ledger.keys import KeySigner


@dataclass(slots=True)
class _Open:
    signer: KeySigner
    used_ms: int


class KeyRing:
    """Open keys by the digest of the session that opened them. Threads may share it.

    Args:
        idle_minutes: how long a key stays open without being used.
        most: how many stay open; the one not used for longest goes first.
    """

    def __init__(self, clock: Clock, idle_minutes: int, most: int) -> None:
        self._clock = clock
        self._idle_ms = idle_minutes * 60_000
        self._most = most
        self._open: OrderedDict[bytes, _Open] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, session: bytes, signer: KeySigner) -> None:
        """Keep a copy of ``signer`` open for ``session``."""
        with self._lock:
            self._drop(session)
            self._open[session] = _Open(signer.copy(), self._now())
            self._sweep()

    def borrow(self, session: bytes, authority: str) -> KeySigner | None:
        """A copy of the key that ``session`` has open for ``authority``; the caller closes it.

        It is a copy, so that a sign-out in another thread cannot close it half-way.
        """
        with self._lock:
            self._sweep()
            found = self._open.get(session)
            if found is None or found.signer.authority != authority:
                return None
            found.used_ms = self._now()
            self._open.move_to_end(session)
            return found.signer.copy()

    def has(self, session: bytes) -> bool:
        """Whether ``session`` has a key open now."""
        with self._lock:
            self._sweep()
            return session in self._open

    def drop(self, session: bytes) -> None:
        """Forget the key of ``session``."""
        with self._lock:
            self._drop(session)

    def drop_all_of(self, authority: str) -> None:
        """Forget every open key of ``authority``."""
        with self._lock:
            for session in [s for s, kept in self._open.items() if kept.signer.authority == authority]:
                self._drop(session)

    def sweep(self) -> None:
        """Forget the keys that have been idle for too long."""
        with self._lock:
            self._sweep()

    def _now(self) -> int:
        return self._clock.uptime().ms

    def _drop(self, session: bytes) -> None:
        found = self._open.pop(session, None)
        if found is not None:
            found.signer.close()

    def _sweep(self) -> None:
        oldest = self._now() - self._idle_ms
        for session in [s for s, kept in self._open.items() if kept.used_ms <= oldest]:
            self._drop(session)
        while len(self._open) > self._most:
            self._drop(next(iter(self._open)))
