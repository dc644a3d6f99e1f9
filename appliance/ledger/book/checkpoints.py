"""When SQLite's log is taken into the file: by us, so that a sync that fails there is seen.

SQLite would do it by itself after a commit, and swallow what goes wrong. That is not good enough
(``presence``): a reader lets only a part of the log be taken in, which SQLite does not sync then.
"""

from pathlib import Path
from typing import Final

WRITES: Final = 64
"""Transactions after which the log is taken in: with a payment's dozen pages, about SQLite's own thousand pages."""

GROWN: Final = 4 * 1024 * 1024
"""Bytes by which the log may have grown before."""


class Due:
    """Counts one store's writes."""

    def __init__(self, database: Path) -> None:
        self._log = database.with_name(f"{database.name}-wal")
        self._writes = 0
        self._size = 0

    def wrote(self) -> bool:
        """One more transaction was written; whether the log is to be taken in now."""
        self._writes += 1
        size = self._bytes()
        if self._writes < WRITES and size < self._size + GROWN:
            return False
        self._writes, self._size = 0, size
        return True

    def _bytes(self) -> int:
        try:
            return self._log.stat().st_size
        except OSError:
            return 0
