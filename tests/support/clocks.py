"""A machine whose clocks a test moves by hand, and a village that lives on it."""

import time

from appliance.ledger.clock import Instant, ManualClock, Millis, Uptime
from appliance.ledger.hub import Hub
from appliance.ledger.timekeeper import HubClock
from tests.support.village import MONDAY_NOON, Village

IN_1970 = 60_000
"""What a Pi's wall clock says a minute after it was switched on, if nobody helps it."""
IN_2040 = 2_208_988_800_000


class HandMachine:
    """The clocks of a machine. ``rtc`` and ``wall`` run along with the time since boot."""

    def __init__(self, wall_ms: int = IN_1970) -> None:
        self.boots = 1
        self.up_ms = 60_000
        self.wall_off = wall_ms - self.up_ms
        self.rtc_off: int | None = None
        self.kept = False

    def uptime(self) -> Uptime:
        return Uptime(f"boot-{self.boots}", self.up_ms)

    def wall_ms(self) -> int:
        return self.wall_off + self.up_ms

    def synchronised(self) -> bool:
        return self.kept

    def rtc_ms(self) -> int | None:
        return None if self.rtc_off is None else (self.rtc_off + self.up_ms) // 1000 * 1000

    def pass_ms(self, ms: int) -> None:
        """Time passes."""
        self.up_ms += ms

    def step(self, wall_ms: int, kept: bool = False) -> None:
        """Somebody sets the wall clock, by hand or (``kept``) from the internet."""
        self.wall_off, self.kept = wall_ms - self.up_ms, kept

    def set_rtc(self, ms: int | None) -> None:
        """Put in an RTC that says ``ms``, or take it out."""
        self.rtc_off = None if ms is None else ms - self.up_ms

    def reboot(self, off_ms: int = 0, wall_ms: int = IN_1970) -> None:
        """Power off for a while, and on again. Only an RTC runs on."""
        at = None if self.rtc_off is None else self.rtc_off + self.up_ms + off_ms
        self.boots, self.up_ms, self.kept = self.boots + 1, 5_000, False
        self.wall_off = wall_ms - self.up_ms
        self.set_rtc(at)


def process(village: Village, machine: HandMachine) -> Hub:
    """One more process on the village's data, on ``machine``; close it."""
    hub = Hub.open(village.hub.data, village.clock)
    hub.clock = HubClock(hub.book, machine)
    return hub


def live_on(village: Village, machine: HandMachine) -> HubClock:
    """Let the village live by a clock of its own on ``machine``, as after a start of its process."""
    clock = HubClock(village.hub.book, machine)
    village.hub.clock = clock
    return clock


__all__ = ["IN_1970", "IN_2040", "MONDAY_NOON", "HandMachine", "live_on", "process"]


class RunningClock(ManualClock):
    """A hub's clock that runs by itself, ``speed`` times as fast as the wall: for processes in real time."""

    def __init__(self, speed: float, ms: int = MONDAY_NOON) -> None:
        super().__init__(ms)
        self.speed = speed
        self._begun = time.monotonic()

    def _passed_ms(self) -> int:
        return round((time.monotonic() - self._begun) * 1000 * self.speed)

    def now(self) -> Instant:
        return Instant(Millis(self.instant.ms + self._passed_ms()), self.instant.quality)

    def uptime(self) -> Uptime:
        return Uptime(self.up.boot, self.up.ms + self._passed_ms())
