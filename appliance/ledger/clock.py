"""Time as a value with a quality, and the only place that reads a clock.

A Pi has no clock of its own, so the wall time may be wrong by decades. Order in the book
never comes from it (design.md 6). Everything else takes an ``Instant`` as an argument.
"""

import time
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Final, NewType, Protocol

Millis = NewType("Millis", int)
"""Milliseconds since 1970-01-01 UTC."""


class Quality(IntEnum):
    """How far a time can be trusted, worst first."""

    NONE = 0
    FLOOR = 1
    MESH = 2
    KEEPER = 3
    RTC = 4
    NTP = 5


@dataclass(frozen=True, slots=True)
class Instant:
    """A moment as this hub believes it, and how far it believes it."""

    ms: Millis
    quality: Quality


@dataclass(frozen=True, slots=True)
class Uptime:
    """Time that no clock setting can move: the boot it belongs to, and milliseconds since then."""

    boot: str
    ms: int


class Clock(Protocol):
    """Where instants come from."""

    def now(self) -> Instant: ...

    def uptime(self) -> Uptime: ...


_SYNCHRONISED: Final = Path("/run/systemd/timesync/synchronized")
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


class SystemClock:
    """The machine's clocks. The wall time counts as NTP once systemd-timesyncd has set it."""

    def __init__(self) -> None:
        self._boot = _BOOT_ID.read_text("ascii").strip() if _BOOT_ID.exists() else "unknown"

    def now(self) -> Instant:
        quality = Quality.NTP if _SYNCHRONISED.exists() else Quality.FLOOR
        return Instant(Millis(time.time_ns() // 1_000_000), quality)

    def uptime(self) -> Uptime:
        return Uptime(self._boot, time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000)


class ManualClock:
    """A clock that stands still until told: for tests, and for making a village's past."""

    def __init__(self, ms: int, quality: Quality = Quality.NTP, boot: str = "boot-1") -> None:
        self.instant = Instant(Millis(ms), quality)
        self.up = Uptime(boot, 0)

    def now(self) -> Instant:
        return self.instant

    def uptime(self) -> Uptime:
        return self.up

    def advance(self, ms: int) -> None:
        """Let ``ms`` milliseconds pass, on the wall and since boot."""
        self.instant = Instant(Millis(self.instant.ms + ms), self.instant.quality)
        self.up = Uptime(self.up.boot, self.up.ms + ms)

    def set(self, ms: int, quality: Quality | None = None) -> None:
        """Set the wall time; the time since boot is not moved."""
        self.instant = Instant(Millis(ms), self.instant.quality if quality is None else quality)

    def reboot(self, boot: str) -> None:
        """Begin a new boot: time since boot starts at zero."""
        self.up = Uptime(boot, 0)
