"""When own records leave: at once when somebody waits, else once they have had company.

A frame of one record costs almost as much as one of five, and is repaired as often. So what nobody waits
for stays for some minutes, less where much is lost, unless a frame is full before.

While nobody is heard, nobody can be served at once: frames are then made full, since whoever comes
back is told the same frames. Of one record each they cost five times the airtime.
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
        self._alone = False

    def look(self, waiting: Waiting, loss: float, now: float, *, alone: bool = False) -> None:
        """So much waits now, and so much of what is said is lost (0 to 1); ``alone``: nobody is heard."""
        self.waiting, self._alone = waiting, alone
        if not waiting.records:
            self._since = _NEVER
            return
        if self._since == _NEVER:
            self._since = now
        if alone:
            self._patience = self._pace.alone_most_seconds
            return
        # What is lost has to be asked for and said again: the worse they hear each other, the earlier it leaves.
        self._patience = self._pace.batch_seconds * (1 - loss / 2)

    def put_off(self, until: float) -> None:
        """The library packs nothing now."""
        self._not_before = until

    @property
    def due(self) -> float:
        """When to pack; infinite when nothing waits."""
        if not self.waiting.records:
            return _NEVER
        if self._alone:
            at_once = self.waiting.records >= self._pace.alone_records
        else:
            at_once = self.waiting.urgent or self.waiting.records >= self._pace.full_records
        return max(self._not_before, self._since + (0.0 if at_once else self._patience))
