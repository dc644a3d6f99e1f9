"""Time as a value with a quality, and the only place that reads a clock.

A Pi has no clock of its own, so the wall time may be wrong by decades. Order in the book
never comes from it (design.md 6). Everything else takes an ``Instant`` as an argument.
"""

import ctypes
import json
import os
import time
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, Final, NewType, Protocol

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


BUILT: Final = Millis(1_780_272_000_000)
"""2026-06-01: this release was made after it, so no hub of it lives before. Set anew with each release."""

LATEST: Final = Millis(4_102_444_800_000)
"""2100-01-01: what says it is later is no clock."""


class Clock(Protocol):
    """Where instants come from."""

    def now(self) -> Instant: ...

    def uptime(self) -> Uptime: ...

    def look(self, at_once: bool = False) -> None:
        """Look whether a better source has come up; called now and then, outside of transactions.

        It looks once a second at most, unless somebody has just set the time: ``at_once``.
        """
        ...

    def mesh(self, at_ms: int) -> None:
        """The radio's node says that it is ``at_ms`` now."""
        ...


class Machine(Protocol):
    """The clocks of a machine, none of which need be right."""

    def uptime(self) -> Uptime:
        """Time since boot: it never jumps."""
        ...

    def wall_ms(self) -> int:
        """What the machine takes the time to be: anybody with root may have set it, or nobody."""
        ...

    def synchronised(self) -> bool:
        """Whether the wall time is kept right from outside now (NTP, or a GPS receiver)."""
        ...

    def rtc_ms(self) -> int | None:
        """What a clock with a battery says; None when there is none, or it has lost the time."""
        ...


_SYNCHRONISED: Final = Path("/run/systemd/timesync/synchronized")
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_RTC: Final = Path("/sys/class/rtc/rtc0")

_TIME_ERROR: Final = 5
"""What adjtimex(2) returns while nothing keeps the clock; setting it by hand makes it so at once."""

_LEAST_MICROVOLT: Final = 2_000_000
"""A Pi 5 tells its battery's voltage. Without one its clock starts anew, or stands, while it is off."""


class LinuxMachine:
    """This machine. Its time is read without root and never set.

    Args:
        rtc: where the kernel shows the clock with a battery.
    """

    def __init__(self, rtc: Path = _RTC) -> None:
        self._boot = _BOOT_ID.read_text("ascii").strip() if _BOOT_ID.exists() else "unknown"
        self._rtc = rtc
        self._libc = ctypes.CDLL(None, use_errno=True)

    def uptime(self) -> Uptime:
        return Uptime(self._boot, time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000)

    def wall_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def synchronised(self) -> bool:
        # struct timex differs between machines: all zeros asks and changes nothing, whatever its length.
        said = self._libc.adjtimex(ctypes.create_string_buffer(512))
        return _SYNCHRONISED.exists() if said < 0 else said != _TIME_ERROR

    def rtc_ms(self) -> int | None:
        try:
            volts = self._rtc / "battery_voltage"
            if volts.exists() and int(volts.read_text("ascii")) < _LEAST_MICROVOLT:
                return None
            return int((self._rtc / "since_epoch").read_text("ascii")) * 1000
        except (OSError, ValueError):  # a driver that knows its clock has stopped refuses to be read
            return None


TRIAL: Final = "HUB_TRIAL_CLOCKS"
"""An environment variable for trying out: a JSON file that says what a machine's clocks do."""


class TrialMachine(LinuxMachine):
    """This machine with clocks as a file says, read again at each look: for trying out, and for tests.

    ``shift_ms`` is added to the wall time, ``rtc_shift_ms`` (null: no RTC) to what the RTC says,
    ``synchronised`` and ``boot`` are said outright.
    """

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file

    def _said(self) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self._file.read_text("utf-8"))
        return said

    def uptime(self) -> Uptime:
        found = super().uptime()
        return Uptime(str(self._said().get("boot", found.boot)), found.ms)

    def wall_ms(self) -> int:
        return super().wall_ms() + int(self._said()["shift_ms"])

    def synchronised(self) -> bool:
        return bool(self._said()["synchronised"])

    def rtc_ms(self) -> int | None:
        shift = self._said().get("rtc_shift_ms")
        return None if shift is None else super().wall_ms() + int(shift)


def this_machine() -> Machine:
    """The machine that we run on, or the one that is tried out."""
    file = os.environ.get(TRIAL)
    return TrialMachine(Path(file)) if file else LinuxMachine()


class SystemClock:
    """The machine's own clock, believed as far as it is kept right: for programs beside a hub.

    A hub has ``ledger.timekeeper.HubClock``.
    """

    def __init__(self) -> None:
        self._machine = LinuxMachine()

    def now(self) -> Instant:
        quality = Quality.NTP if self._machine.synchronised() else Quality.FLOOR
        return Instant(Millis(self._machine.wall_ms()), quality)

    def uptime(self) -> Uptime:
        return self._machine.uptime()

    def look(self, at_once: bool = False) -> None:
        """It has no other source."""

    def mesh(self, at_ms: int) -> None:
        """It has no other source."""


class ManualClock:
    """A clock that stands still until told: for tests, and for making a village's past."""

    def __init__(self, ms: int, quality: Quality = Quality.NTP, boot: str = "boot-1") -> None:
        self.instant = Instant(Millis(ms), quality)
        self.up = Uptime(boot, 0)

    def now(self) -> Instant:
        return self.instant

    def uptime(self) -> Uptime:
        return self.up

    def look(self, at_once: bool = False) -> None:
        """It says what it was told."""

    def mesh(self, at_ms: int) -> None:
        """It says what it was told."""

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
