"""What comes first after a long time without a neighbour (``docs/decisions/0048``).

Payments, answers and recalls stand on the feed as they were made; names, listings and checkpoints
are put there later, by rule (``chores``). So what is owed comes first, on a feed that is read in its
order, as long as those are not put there too early:

1. *Alone*, nothing is: whoever comes back would have to read it before the payments after it, in
   the form that it had then.
2. *Catching up*, nothing is either: where many records are on their way already, from here or to here.
"""

from collections.abc import Iterable

from appliance.radio.control import Mark
from appliance.radio.neighbours import Neighbours
from appliance.radio.pace import Pace
from appliance.radio.ports import Span
from appliance.radio.spans import records_in

_NEVER = float("inf")


class Returning:
    """Whether this hub is alone, or is catching up with others, or they with it.

    Args:
        begun: when this hub began to listen.
    """

    def __init__(self, neighbours: Neighbours, pace: Pace, *, begun: float) -> None:
        self._neighbours, self._pace, self._begun = neighbours, pace, begun
        self._behind_since = _NEVER

    def alone(self, now: float) -> bool:
        """Whether nobody has been heard for an hour: what is said now is most likely said to nobody."""
        return now - self._begun >= self._pace.alone_seconds and self._neighbours.alone(now)

    def leisure(self, hub: int, held: Mark, missing: Iterable[Span], now: float) -> bool:
        """Whether what is no hurry may be put on the feed of ``hub``, which is this one.

        A neighbour that is behind, or says so, or none that tells what it holds, hold it up for an hour, not for good.

        Args:
            held: up to where that feed has been said.
            missing: what this hub lacks of others' feeds.
        """
        if self.alone(now):
            self._behind_since = _NEVER
            return False
        lacks = self._neighbours.behind(hub, held, now)
        lag = records_in(missing) if lacks is None else max(lacks, records_in(missing))
        if lacks is not None and lag <= self._pace.behind_records:
            self._behind_since = _NEVER
            return True
        self._behind_since = min(self._behind_since, now)
        return now - self._behind_since >= self._pace.behind_most_seconds
