"""When a whole summary is said though the channel is fuller than summaries may make it: up to where own records stop.

Summaries stop early (``governor``), or many hubs fill a channel with them. Three cannot wait for a quieter one:

1. *The first after a start*, again and ever more rarely until somebody has told how much of our feed they hold: a box that lost
   its power says no record before it has heard that (``shelf.Shelf.quiet``).
2. *An answer to it.* Who hears that a hub has begun anew says soon what is held here of it, unless another does; again
   each time that it says a summary before records, as the answer may have been lost, but only so many times.
3. *After an hour* in which nobody was heard to tell what they hold, nor we have: else strangers who keep the channel busy would
   silence all hubs at once, for good.

Each is rare by what it waits for, so it cannot fill a channel: many hubs need one every hour among them.
"""

from collections.abc import Container
from random import Random
from typing import Final

from appliance.radio.pace import Between, Pace

_NEVER: Final = float("inf")

_FIRST_BEATS: Final = 8
"""What a hub says first may be lost."""

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
        self._begun: dict[int, int] = {}  # how many more times to answer
        self._answer = self._not_before = _NEVER
        self._not_before = float("-inf")

    @property
    def due(self) -> float:
        """When a whole summary is due for one of these reasons."""
        return min(self._due, max(self._answer, self._not_before))

    def said(self, now: float) -> None:
        """We said one, for whatever reason."""
        self._spoken = True
        self._begun = {hub: left - 1 for hub, left in self._begun.items() if left > 1}
        self._answer, self._not_before = _NEVER, now + self._pace.presence_answer_seconds
        self._later(now)
        if not self._told:
            self._wait = min(2 * self._wait, self._pace.presence_seconds)

    def heard(self, hub: int, names: Container[int], ours: int, neighbours: int, now: float) -> None:
        """``hub`` told how much it holds of the feeds of these hubs; so many may answer."""
        if hub in self._begun:
            self._answer = min(self._answer, now + self._spread(neighbours))
        elif any(one in names for one in self._begun):
            self._answer = _NEVER  # of those that are left out one will speak again
        if ours not in names:
            return
        self._told, self._wait = True, self._pace.presence_seconds
        if self._spoken:
            self._later(now)

    def served(self, now: float) -> None:
        """Another said all that we would say, before our first one."""
        self._spoken = True
        self._later(now)

    def began(self, hub: int, neighbours: int, now: float) -> None:
        """``hub`` has begun anew, and waits to hear what is held of its feed; so many may answer."""
        self._begun[hub] = self._pace.presence_answers
        self._answer = min(self._answer, now + self._spread(neighbours))

    def wrote(self, hub: int) -> None:
        """New records of ``hub`` came in: it waits no more."""
        self._begun.pop(hub, None)

    def _spread(self, neighbours: int) -> float:
        return Between(1.0, 2.0 + neighbours).draw(self._rng, self.frame_time)

    def _later(self, now: float) -> None:
        self._due = now + self._wait * self._rng.uniform(1.0, 1.25)


def begins(before: int, beat: int, *, crowded: bool) -> bool:
    """Whether a hub whose last beat heard was ``before`` (0: none) has begun anew when it says ``beat``.

    Args:
        crowded: whether few hubs are on a channel that allows no summaries. Else one never heard before, as after a power cut
            of all, needs no answer of its own: soon somebody says what they hold of it.
    """
    if before:
        return beat - before >= BEATS_PER_START // 2
    return crowded and beat % BEATS_PER_START < _FIRST_BEATS
