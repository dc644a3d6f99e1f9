"""What a hub remembers of its air for people to look at: how full it was, hour by hour, and what is lost of whom.

Fixed in size, whatever is heard. Written to the card every ten minutes.
"""

from collections.abc import Mapping, Sequence
from typing import Final

HOURS: Final = 24
SAMPLE_SECONDS: Final = 10.0

_HOUR_MS: Final = 3_600_000
_FEWEST: Final = 10
_MOST: Final = 100
_JUMP: Final = 50


class Losses:
    """Which share of a hub's control frames does not reach us: its beats grow by one with each that it says.

    A beat far ahead is a new start of its process, or a forgery; counting begins anew.
    """

    def __init__(self) -> None:
        self._counted: dict[int, tuple[int, float, float]] = {}
        self._missed: dict[int, int] = {}

    def heard(self, hub: int, beat: int) -> None:
        """A control frame of ``hub`` that had not been heard before."""
        last, said, got = self._counted.get(hub, (0, 0.0, 0.0))
        self._missed[hub] = beat - last - 1 if last < beat <= last + _JUMP else 0
        if not last < beat <= last + _JUMP:
            self._counted[hub] = beat, 0.0, 0.0
            return
        said, got = said + beat - last, got + 1
        if said > _MOST:  # what was long ago counts ever less
            said, got = said / 2, got / 2
        self._counted[hub] = beat, said, got

    def missed(self, hub: int) -> int:
        """How many of its control frames were lost before the one that was heard last."""
        return self._missed.get(hub, 0)

    def shares(self) -> Mapping[int, float]:
        """From 0 to 1, by hub; only where enough has been heard to say."""
        return {
            hub: max(0.0, 1 - got / said) for hub, (_, said, got) in self._counted.items() if said >= _FEWEST
        }


class Hours:
    """The channel's mean use in each of the last 24 hours of the hub's clock.

    Args:
        kept: what an earlier process had counted: pairs of hour (since 1970) and thousandths.
    """

    def __init__(self, kept: Sequence[tuple[int, int]] = ()) -> None:
        self._hours = {hour: (use / 1000, 1) for hour, use in kept}
        self._next = float("-inf")

    def sample(self, now: float, at_ms: int, use: float) -> None:
        """The channel's use now; counted every ten seconds at most."""
        if now < self._next:
            return
        self._next = now + SAMPLE_SECONDS
        hour = at_ms // _HOUR_MS
        total, count = self._hours.get(hour, (0.0, 0))
        self._hours[hour] = total + min(use, 1.0), count + 1
        for old in [one for one in self._hours if not hour - HOURS < one <= hour]:
            del self._hours[old]

    def kept(self) -> tuple[tuple[int, int], ...]:
        """Pairs of hour (since 1970) and thousandths, in order."""
        return tuple((hour, round(1000 * total / n)) for hour, (total, n) in sorted(self._hours.items()))
