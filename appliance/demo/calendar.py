"""The past of the sample villages: what will happen, in the order of time, up to now."""

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from appliance.ledger.clock import ManualClock

DAYS: Final = 92
DAY_MS: Final = 86_400_000
HOUR_MS: Final = 3_600_000
MINUTE_MS: Final = 60_000


class _Event(NamedTuple):
    """Something that will happen; ``order`` decides between equal times."""

    at: int
    order: int
    act: Callable[[], None]


@dataclass
class Calendar:
    """Events of all villages, on one clock that walks to ``now``."""

    clock: ManualClock
    now: int
    _events: list[_Event] = field(default_factory=list)
    _order: Any = field(default_factory=itertools.count)

    def at(self, ms: int, act: Callable[[], None]) -> None:
        heapq.heappush(self._events, _Event(ms, next(self._order), act))

    def on(self, day_ms: int, act: Callable[[], None], chance: random.Random) -> None:
        """On this day, at some time between six and twenty o'clock."""
        self.at(day_ms + chance.randint(6 * 60, 20 * 60) * MINUTE_MS, act)

    def soon(self, hours: int, act: Callable[[], None], chance: random.Random) -> None:
        """Within so many hours from the event that happens now."""
        self.at(self.clock.now().ms + chance.randint(5, hours * 60) * MINUTE_MS, act)

    def live(self, month: Callable[[int], None]) -> None:
        """Let everything happen in its order, up to now; ``month`` is called as each begins."""
        start, shown = self.clock.now().ms, -1
        while self._events:
            event = heapq.heappop(self._events)
            if event.at >= self.now:
                break  # answers that would come later than now stay open
            self.clock.set(max(event.at, self.clock.now().ms))
            reached = (event.at - start) // (31 * DAY_MS)
            if reached != shown:
                shown = reached
                month(shown + 1)
            event.act()
