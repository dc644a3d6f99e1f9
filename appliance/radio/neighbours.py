"""Who was heard, what each claims to hold, and whom we have told what.

All of it comes from control frames, so none of it is believed: it decides what to ask for and
whether to speak. Its size is bounded by the roster, squared.
"""

from collections import OrderedDict
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
        self._highest: dict[int, int] = {}
        self.loss = pace.loss_at_first
        """The share of what is said that does not arrive here, lately, from 0 to 1."""
        self._claims: dict[int, dict[int, Mark]] = {}
        self._told: dict[tuple[int, int], tuple[Mark, float, float]] = {}
        self._furthest: dict[int, Mark] | None = {}
        self._written: dict[int, float] = {}
        # Who was heard to speak or write, and when last; the one heard longest ago first.
        self._lately: OrderedDict[int, float] = OrderedDict()

    def beat(self, hub: int, beat: int, now: float) -> bool:
        """A control frame of ``hub``. False when it is no newer than one heard before.

        A beat is remembered while its hub goes on speaking, and a while after.
        """
        last, when = self._beats.get(hub, (0, now))
        if beat <= last and now - when < self._pace.beat_memory_seconds:
            return False
        self._count_lost(beat - last - 1)
        self._beats[hub] = (beat, now)
        self._highest[hub] = max(beat, self._highest.get(hub, 0))
        self._there(hub, now)
        return True

    def highest_beat(self, hub: int) -> int:
        """The highest beat that was heard of ``hub`` in this life; 0 where none was. What is not above it may be old."""
        return self._highest.get(hub, 0)

    def _count_lost(self, missed: int) -> None:
        """A control frame came, and so many before it did not. A long gap is a hub that began anew, or was off."""
        if 0 <= missed <= self._pace.beats_missed:
            for lost in (*(1.0,) * missed, 0.0):
                self.loss += (lost - self.loss) / self._pace.beats_counted

    def _there(self, hub: int, now: float) -> None:
        self._lately[hub] = now
        self._lately.move_to_end(hub)

    def heard(self, now: float) -> tuple[int, ...]:
        """Hubs heard within the hour."""
        since = now - self._pace.neighbour_seconds
        return tuple(sorted(hub for hub, (_, when) in self._beats.items() if when >= since))

    def wrote(self, hub: int, now: float) -> None:
        """New records of ``hub`` came in: most likely it is there."""
        self._written[hub] = now
        self._there(hub, now)

    def silent(self, now: float) -> bool:
        """Whether no control frame of anybody came in for as long as beats are remembered."""
        since = now - self._pace.beat_memory_seconds
        return all(when < since for _, when in self._beats.values())

    def alone(self, now: float) -> bool:
        """Whether nobody was heard for as long as a neighbour is remembered as one who listens."""
        since = now - self._pace.alone_seconds
        return all(when < since for _, when in self._beats.values()) and all(
            when < since for when in self._written.values()
        )

    def behind(self, about: int, held: Mark, now: float) -> int | None:
        """How many records of the feed of ``about``, held up to ``held``, somebody lacks who was heard
        lately, whatever it said; the most that one lacks, all of this life where it tells of another. None when none of
        those has told what it holds of that feed.
        """
        since, most = now - self._pace.beat_memory_seconds, None
        for hub, claims in self._claims.items():
            claim = claims.get(about)
            if claim is None or self._lately.get(hub, since - 1) < since:
                continue
            there = claim.number if claim.incarnation == held.incarnation else 0
            most = max(most or 0, held.number - there if claim < held else 0)
        return most

    def count(self, now: float) -> int:
        """How many may be listening: at least one, or there would be no need to speak."""
        since = now - self._pace.neighbour_seconds
        while self._lately and next(iter(self._lately.values())) < since:
            self._lately.popitem(last=False)
        return max(1, len(self._lately))

    def claims(self, hub: int, positions: Mapping[int, Mark]) -> dict[int, Mark]:
        """``hub`` claims to hold feeds up to ``positions``. Those that it did not claim before."""
        before = self._claims.setdefault(hub, {})
        news: dict[int, Mark] = {}
        other = [(about, mark) for about, mark in positions.items() if before.get(about) != mark]
        for about, mark in other:
            if mark > before.get(about, NOTHING):
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
        if self._furthest is None or mark <= self._furthest.get(about, NOTHING):
            return
        if self._usable(about, mark):
            self._furthest[about] = mark

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

    def tell(self, hub: int, about: int, held: Mark, now: float) -> bool:
        """``hub`` was found behind ``held``. True when that is news since we hold this much; and again ever
        more rarely while it stays behind: what we said may have been lost, and it may hear nobody but us.
        """
        before, due, wait = self._told.get((hub, about), (NOTHING, 0.0, 0.0))
        if before >= held and now < due:
            return False
        again = self._pace.tell_again_seconds
        wait = min(2 * wait, self._pace.tell_most_seconds) if before >= held else again
        self._told[hub, about] = (held, now + wait, wait)
        return True

    def change_directory(self, directory: Directory) -> None:
        """The roster has changed. A hub that begins a new life counts its beats anew."""
        for index, member in directory.members.items():
            old = self._directory.members.get(index)
            if old and old.incarnation != member.incarnation:
                self._beats.pop(member.hub, None)
                self._highest.pop(member.hub, None)
                self._claims.pop(member.hub, None)
        self._directory, self._furthest = directory, None
