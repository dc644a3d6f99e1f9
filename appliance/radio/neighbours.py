"""Who was heard, what each claims to hold, and whom we have told what.

All of it comes from control frames, so none of it is believed: it decides what to ask for and
whether to speak. Its size is bounded by the roster, squared.
"""

from collections.abc import Mapping
from typing import Final

from appliance.radio.control import Mark
from appliance.radio.directory import Directory
from appliance.radio.pace import Pace

NOTHING: Final = Mark(0, 0)
"""Before any position."""


class Neighbours:
    """What one hub knows of those it hears."""

    def __init__(self, directory: Directory, pace: Pace) -> None:
        self._directory, self._pace = directory, pace
        self._beats: dict[int, tuple[int, float]] = {}
        self._claims: dict[int, dict[int, Mark]] = {}
        self._told: dict[tuple[int, int], Mark] = {}
        self._furthest: dict[int, Mark] | None = {}
        self._counted = (-1.0, 0)
        self._written: dict[int, float] = {}

    def beat(self, hub: int, beat: int, now: float) -> bool:
        """A control frame of ``hub``. False when it is no newer than one heard before.

        A beat is remembered while its hub goes on speaking, and a while after.
        """
        last, when = self._beats.get(hub, (0, now))
        if beat <= last and now - when < self._pace.beat_memory_seconds:
            return False
        self._beats[hub] = (beat, now)
        self._counted = (-1.0, 0)
        return True

    def heard(self, now: float) -> tuple[int, ...]:
        """Hubs heard within the hour."""
        since = now - self._pace.neighbour_seconds
        return tuple(sorted(hub for hub, (_, when) in self._beats.items() if when >= since))

    def wrote(self, hub: int, now: float) -> None:
        """New records of ``hub`` came in: most likely it is there."""
        self._written[hub] = now

    def silent(self, now: float) -> bool:
        """Whether no control frame of anybody came in for as long as beats are remembered."""
        since = now - self._pace.beat_memory_seconds
        return all(when < since for _, when in self._beats.values())

    def count(self, now: float) -> int:
        """How many may be listening: at least one, or there would be no need to speak."""
        if self._counted[0] != now:
            since = now - self._pace.neighbour_seconds
            lately = {hub for hub, (_, when) in self._beats.items() if when >= since}
            lately.update(hub for hub, when in self._written.items() if when >= since)
            self._counted = now, max(1, len(lately))
        return self._counted[1]

    def claims(self, hub: int, positions: Mapping[int, Mark]) -> dict[int, Mark]:
        """``hub`` claims to hold feeds up to ``positions``. Those that it did not claim before."""
        before = self._claims.setdefault(hub, {})
        news: dict[int, Mark] = {}
        for about, mark in positions.items():
            last = before.get(about, NOTHING)
            if mark == last:
                continue
            if mark > last:
                news[about] = mark
                self._further(about, mark)
            else:
                self._furthest = None
            before[about] = mark
        return news

    def exists(self, hub: int, mark: Mark) -> bool:
        """A signed frame shows that ``hub`` wrote records up to ``mark``. True when that is news."""
        claims = self._claims.setdefault(hub, {})
        if mark <= claims.get(hub, NOTHING):
            return False
        claims[hub] = mark
        self._further(hub, mark)
        return True

    def _further(self, about: int, mark: Mark) -> None:
        if self._furthest is not None and self._usable(about, mark):
            self._furthest[about] = max(mark, self._furthest.get(about, mark))

    def _usable(self, about: int, mark: Mark) -> bool:
        """A claim of a life that the roster does not know is no use: its frames could not be checked."""
        index = self._directory.index(about)
        return index is not None and self._directory.key(index, mark.incarnation) is not None

    def furthest(self) -> Mapping[int, Mark]:
        """Up to where somebody claims to hold each feed, as far as the roster knows its incarnation."""
        if self._furthest is None:
            self._furthest = {}
            for claims in self._claims.values():
                for about, mark in claims.items():
                    self._further(about, mark)
        return self._furthest

    def tell(self, hub: int, about: int, held: Mark) -> bool:
        """``hub`` was found behind ``held``. True when that is news since we hold this much."""
        if self._told.get((hub, about), NOTHING) >= held:
            return False
        self._told[hub, about] = held
        return True

    def change_directory(self, directory: Directory) -> None:
        """The roster has changed. A hub that begins a new life counts its beats anew."""
        for index, member in directory.members.items():
            old = self._directory.members.get(index)
            if old and old.incarnation != member.incarnation:
                self._beats.pop(member.hub, None)
                self._claims.pop(member.hub, None)
        self._directory, self._furthest = directory, None
