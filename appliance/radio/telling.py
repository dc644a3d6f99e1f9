"""What a hub says of itself in control frames: summaries of what it holds, and asks; with their beats.

Three kinds of summary, of one form on the wire:

* *whole*: of every feed, when Trickle says so; in large communities in several parts, in turn.
* *some*: of the few feeds for whose records somebody waits (``owed``). It is short, and by being of few
  feeds it says that what it names is wanted soon.
* *riding*: a whole one that goes along in a packet that is sent anyway, or as large a part as fits it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Final

from appliance.radio.bundle import EACH_BYTES
from appliance.radio.control import (
    FEW_FEEDS,
    USUAL_CONTROL,
    Summary,
    ask_for,
    pack_ask,
    pack_summary,
    part_of,
    summaries,
)
from appliance.radio.directory import Directory
from appliance.radio.neighbours import Neighbours
from appliance.radio.owed import Owed
from appliance.radio.pace import Pace
from appliance.radio.ports import Position, Span
from appliance.radio.presence import Presence
from appliance.radio.recent import Recent
from appliance.radio.trickle import Trickle

_NEVER: Final = float("inf")


def timer(pace: Pace, hubs: int, frame: float, rng: Random, now: float) -> Trickle:
    """When a community of so many ``hubs`` repeats what it holds; ``frame`` is the frame time in seconds.

    Where there are many, somebody speaks often anyway; two alone must not wait for each other for long.
    """
    shortest = max(pace.summary_min * frame, min(pace.summary_least_each * hubs, pace.summary_least))
    longest = _longest(pace, hubs)
    turns = pace.summary_turns if hubs <= pace.some_hubs else 0
    return Trickle(shortest, max(shortest, longest), pace.redundancy, rng, now=now, turns=turns)


def _longest(pace: Pace, hubs: int) -> float:
    return min(max(pace.summary_most_each * hubs, pace.summary_most_least), pace.summary_max_seconds)


class Telling:
    """The control frames of one hub.

    Args:
        beat: that of the first frame.

    Attributes:
        again: when to say one again that the radio did not take; infinite when none.
    """

    def __init__(self, beat: int, trickle: Trickle, owed: Owed, presence: Presence, pace: Pace) -> None:
        self.beat, self.trickle = beat, trickle
        self.again, self._presence = _NEVER, presence
        self._owed, self._pace = owed, pace
        self._said = Recent(pace.frames_remembered)
        self._part = self._turn = self._before = 0

    def tick(self, hubs: int, neighbours: Neighbours, now: float) -> bool:
        """Let time pass in a community of so many ``hubs``. True when another interval has begun.

        Of two or three who lose each other's packets each must speak more often than one of many, and of some the more
        often the more is lost: who misses one summary else waits ten minutes for the next. Not into silence, though.
        """
        if hubs <= self._pace.some_hubs:
            longest = _longest(self._pace, hubs)
            if not neighbours.silent(now):
                few = hubs <= self._pace.few_hubs
                longest = self._pace.summary_most_few if few else longest * (1 - neighbours.loss)
            self.trickle.longest = max(self.trickle.shortest, longest)
        return self.trickle.advance(now)

    def is_ours(self, data: bytes) -> bool:
        """Whether this control frame is one that we sent lately."""
        return data in self._said

    @property
    def due(self) -> float:
        """When a whole summary is due that has begun, or that the radio did not take."""
        return float("-inf") if self._part else self.again

    def whole(self, vector: Mapping[int, Position], directory: Directory, now: float) -> bytes:
        """The next of the summaries that together say all we hold; one in all but large communities."""
        parts = summaries(self.beat, vector, directory)
        part = parts[self._part] if self._part < len(parts) else parts[0]
        self._before, self._part = self._part, (self._part + 1) % len(parts)
        self._presence.said(part.positions, now)
        if self._part == 0:
            self._spoke()
        return self._tell(part, directory, now)

    def present(self, vector: Mapping[int, Position], directory: Directory, now: float) -> bytes:
        """A whole summary that cannot wait (``presence``); in large communities one part, that which most of those wait for
        who wait: the rest may not be allowed for long. It leaves the turn of the parts as it is.
        """
        parts = summaries(self.beat, vector, directory)
        if len(parts) == 1:
            return self.whole(vector, directory, now)
        self._before, self._turn = self._part, self._turn + 1
        waiting, turn = self._presence.waiting, self._turn
        in_turn = [*parts[turn % len(parts) :], *parts[: turn % len(parts)]]
        part = max(in_turn, key=lambda one: len(waiting & one.positions.keys()))
        self._presence.said(part.positions, now)
        return self._tell(part, directory, now)

    def not_taken(self) -> None:
        """The radio did not take what was said last: where that was a part of a whole one, it is its turn again."""
        self._part = self._before

    def some(
        self, vector: Mapping[int, Position], hubs: Iterable[int], directory: Directory, now: float
    ) -> bytes:
        """A summary of what somebody waits for, and no more."""
        self._before = self._part
        return self._tell(part_of(self.beat, vector, hubs, directory), directory, now)

    def riding(
        self, vector: Mapping[int, Position], directory: Directory, now: float, room: int
    ) -> bytes | None:
        """A summary for a packet that has ``room`` bytes left; None when Trickle or the room forbids."""
        if self._part or not self.trickle.rides(now):
            return None
        parts = summaries(self.beat, vector, directory, min(room - EACH_BYTES, USUAL_CONTROL))
        self._turn += 1
        part = parts[self._turn % len(parts)]
        if len(parts) > 1 and len(part.positions) <= FEW_FEEDS:
            return None  # it would be taken for one of those that say that somebody waits
        if len(pack_summary(part, directory)) + EACH_BYTES > room:
            return None
        self._before = self._part
        self._presence.said(part.positions, now)
        if len(parts) == 1:
            self._spoke()
        return self._tell(part, directory, now)

    def _spoke(self) -> None:
        self.again = _NEVER
        self.trickle.spoke()

    def _tell(self, part: Summary, directory: Directory, now: float) -> bytes:
        self._owed.said(part.positions, now)
        return self._keep(pack_summary(replace(part, beat=self.beat), directory))

    def ask(
        self, spans: Sequence[Span], directory: Directory, room: int = USUAL_CONTROL
    ) -> tuple[bytes, tuple[Span, ...]] | None:
        """An ask for as many of ``spans`` as fit, and which; None for none."""
        ask = ask_for(self.beat, spans, directory, room)
        if not ask.spans:
            return None
        return self._keep(pack_ask(ask, directory)), ask.spans

    def _keep(self, data: bytes) -> bytes:
        self._said.add(data)
        self.beat += 1
        return data
