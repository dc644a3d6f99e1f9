"""Room on the card: how much is left, when keepers are told, and a reserve that is given up before nothing is left.

The reserve is a file of zeros beside the book. When hardly anything is free, or the disk says that it is
full, it goes: then the hub can go on reading, start again (SQLite needs a little room for that), note
sign-ins, and make the plain copy out of which a backup goes to a stick. So it is as large as the book,
and a little more. People's acts are refused only when that is nearly gone, too. Once there is room
again the reserve is made anew.
"""

import contextlib
import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from appliance.ledger.errors import DataDirectoryError

RESERVE: Final = "reserve"
MB: Final = 1024 * 1024
LEAST: Final = 16 * MB
"""The reserve without what the book itself needs."""

FLOOR: Final = 4 * MB
"""With less than that the reserve is given up; when it is gone, nobody's act is written any more."""

_TO_SPARE: Final = 32 * MB
"""What the making of the reserve leaves free: a card that is nearly full is not filled by it."""

_GROWN: Final = 8 * MB


class Level(StrEnum):
    """How it stands: ``LOW`` below what the settings say, ``RESERVE`` on the reserve, ``FULL`` when acts are refused."""

    WELL = "well"
    LOW = "low"
    RESERVE = "reserve"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Room:
    """The card as it stands; bytes. ``low`` is below what keepers are told."""

    free: int
    total: int
    low: int
    reserve: bool

    @property
    def level(self) -> Level:
        """The worst that holds."""
        if not self.reserve and self.free < FLOOR:
            return Level.FULL
        if self.free >= self.low:
            return Level.WELL
        return Level.LOW if self.reserve else Level.RESERVE

    @property
    def free_mb(self) -> int:
        return self.free // MB


def look(data: Path, low_mb: int) -> Room:
    """How much room there is where the hub's data are.

    Raises:
        DataDirectoryError: it cannot be asked.
    """
    free, total = _free(data)
    return Room(free, total, low_mb * MB, (data / RESERVE).exists())


def full(data: Path) -> bool:
    """Whether hardly anything is left, the reserve included: then only what reading needs is written."""
    try:
        free, _ = _free(data)
    except DataDirectoryError:
        return False  # whoever writes will see
    return free < FLOOR and not (data / RESERVE).exists()


def give_up(data: Path) -> bool:
    """Let the reserve go; whether there was one."""
    try:
        (data / RESERVE).unlink()
    except OSError:
        return False
    return True


def tend(data: Path, book: Path) -> None:
    """Give the reserve up when there is hardly any room, make it anew (or larger, with the book) when there is.

    Raises:
        DataDirectoryError: it cannot be asked, or not made.
    """
    free, _ = _free(data)
    if free < FLOOR:
        give_up(data)
        return
    have, want = _size(data / RESERVE), LEAST + -(-_size(book) // MB) * MB
    if have < want and (have == 0 or want - have >= _GROWN) and free - (want - have) >= _TO_SPARE:
        _make(data / RESERVE, want)


def _make(path: Path, size: int) -> None:
    try:
        held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(held, 0, size)
            os.fsync(held)
        finally:
            os.close(held)
    except OSError as error:
        with contextlib.suppress(OSError):
            path.unlink()
        raise DataDirectoryError(f"{path}: {error.strerror}") from error


def _free(data: Path) -> tuple[int, int]:
    try:
        found: Any = os.statvfs(data)
    except OSError as error:
        raise DataDirectoryError(f"{data}: {error.strerror}") from error
    return found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
