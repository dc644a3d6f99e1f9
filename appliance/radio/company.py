"""When own records leave: at once when somebody waits, else once they have had company.

A frame of one record costs almost as much as one of five. So what nobody waits for stays for some
minutes, longer the fuller the channel is, unless a frame is full before.
"""

from typing import Final

from appliance.radio.pace import Pace
from appliance.radio.ports import Waiting

_NEVER: Final = float("inf")


class Company:
    """The own records of one hub that no frame carries yet."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self.waiting = Waiting()
        self._since = _NEVER
        self._patience = pace.batch_seconds
        self._not_before = float("-inf")

    def look(self, waiting: Waiting, use: float, now: float) -> None:
        """So much waits now, and so much of the channel is in use (0 to 1)."""
        self.waiting = waiting
        if not waiting.records:
            self._since = _NEVER
            return
        if self._since == _NEVER:
            self._since = now
        fuller = 1 + use / self._pace.batch_use
        self._patience = min(self._pace.batch_seconds * fuller, self._pace.batch_most_seconds)

    def put_off(self, until: float) -> None:
        """The library packs nothing now."""
        self._not_before = until

    @property
    def due(self) -> float:
        """When to pack; infinite when nothing waits."""
        if not self.waiting.records:
            return _NEVER
        at_once = self.waiting.urgent or self.waiting.records >= self._pace.full_records
        return max(self._not_before, self._since + (0.0 if at_once else self._patience))
