"""When a whole summary is said though the channel is fuller than summaries may make it: up to where own records stop.

Summaries stop early (``governor``), or many hubs fill a channel with them. Three cannot wait for a quieter one:

1. *The first after a start*, again and ever more rarely until somebody has told how much of our feed they hold: a box that lost
   its power says no record before it has heard that (``shelf.Shelf.quiet``).
2. *An answer to it.* Who hears that a hub has begun anew says soon what is held here of it, unless another says as much of it
   or more: one that holds less must not stand for all. Again when that hub says a summary, as the answer may have been lost; three times
   it is told, by whomever.
3. *After an hour* in which nobody was heard to tell what they hold of us, nor we have told: else strangers who keep the channel busy would
   silence all hubs at once, for good.

Nothing of this is done for what may be an old packet played again (``Neighbours.highest_beat``).
"""

from collections.abc import Callable, Collection, Mapping
from random import Random
from typing import Final

from appliance.radio.control import FEW_FEEDS, Mark
from appliance.radio.pace import Between, Pace

_NEVER: Final = float("inf")

BEATS_PER_START: Final = 1 << 20
"""A hub's beats go on from here, times the number of its starts: so its neighbours see that it has begun anew."""


class Presence:
    """Of one hub: when it says a whole summary for another reason than Trickle's.

    Args:
        first: when the first one is due.
        frame: the frame time in seconds.
    """

    def __init__(self, rng: Random, frame: float, pace: Pace, *, first: float) -> None:
        self._rng, self._pace = rng, pace
        self.frame_time = frame
        self._due, self._wait = first, pace.presence_again_seconds
        self._spoken = self._told = False
        self._alike: set[int] = set()
        self._begun: dict[int, int] = {}  # how many more times to tell it
        self._waiting: set[int] = set()
        self._answer, self._not_before = _NEVER, float("-inf")

    @property
    def due(self) -> float:
        """When a whole summary is due for one of these reasons."""
        return min(self._due, max(self._answer, self._not_before))

    @property
    def waiting(self) -> frozenset[int]:
        """The hubs that wait to hear what is held here of their feeds."""
        return frozenset(self._waiting)

    def said(self, names: Collection[int], now: float) -> None:
        """We said, for whatever reason, how much we hold of the feeds of these hubs."""
        self._spoken = True
        self._tell(set(names))
        self._not_before = now + self._pace.presence_answer_seconds
        self._later(now)
        if not self._told:
            self._wait = min(2 * self._wait, self._pace.presence_seconds)

    def refused(self, waited: Collection[int], now: float) -> None:
        """The radio did not take what was said for one of these reasons, while these hubs ``waited``: it is due again."""
        untold = set(waited) - self._waiting
        self._begun |= {hub: self._begun.get(hub, 0) + 1 for hub in untold}
        self._waiting |= untold
        self._due = now

    def heard(
        self,
        hub: int,
        positions: Mapping[int, Mark],
        held: Callable[[int], Mark],
        ours: int,
        count: int,
        now: float,
    ) -> None:
        """``hub`` told how much it holds of feeds; we hold of them so much, ``ours`` is our own, and so many may answer."""
        others = self._waiting - {hub}
        self._tell({one for one in others if one in positions and positions[one] >= held(one)})
        if hub in self._begun:
            self._wants(hub, count, now)
        if ours not in positions:
            return
        self._told, self._wait = True, self._pace.presence_seconds
        if self._spoken:
            self._later(now)

    def alike(self, names: Collection[int], feeds: int, now: float) -> None:
        """Another holds as much as we do of these, in a community of so many ``feeds``. When that has been said of all of
        many, our first summary need not be.
        """
        if self._spoken or feeds <= FEW_FEEDS:
            return
        self._alike |= set(names)
        if len(self._alike) >= feeds:
            self._spoken = True
            self._later(now)

    def began(self, hub: int, count: int, now: float) -> None:
        """``hub`` has begun anew, and waits to hear what is held of its feed; so many may answer."""
        self._begun[hub] = self._pace.presence_answers
        self._wants(hub, count, now)

    def _wants(self, hub: int, count: int, now: float) -> None:
        self._waiting.add(hub)
        if self._answer == _NEVER:
            self._answer = now + Between(1.0, 2.0 + count).draw(self._rng, self.frame_time)

    def _tell(self, hubs: set[int]) -> None:
        """These were told what they wait for."""
        for hub in hubs & self._waiting:
            self._waiting.discard(hub)
            self._begun[hub] -= 1
            if not self._begun[hub]:
                del self._begun[hub]
        if not self._waiting:
            self._answer = _NEVER

    def _later(self, now: float) -> None:
        self._due = now + self._wait * self._rng.uniform(1.0, 1.25)


def begins(before: int, beat: int, first: int) -> bool:
    """Whether a hub whose highest beat heard was ``before`` (0: none) has begun anew when it says ``beat``.

    Args:
        first: so many of its first beats tell that of a hub never heard before, as after a power cut of all; the first of
            all may be lost.
    """
    if before:
        return beat - before >= BEATS_PER_START // 2
    return beat % BEATS_PER_START <= first and first > 0
