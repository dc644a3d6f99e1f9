"""Who was heard, what each claims to hold, and whom we have told what.

All of it comes from control frames, so none of it is believed: it decides what to ask for and
whether to speak. Its size is bounded by the roster, squared.
"""

from collections.abc import Mapping

from appliance.radio.control import Mark
from appliance.radio.directory import Directory
from appliance.radio.pace import Pace


class Neighbours:
    """What one hub knows of those it hears."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._beats: dict[int, tuple[int, float]] = {}
        self._claims: dict[int, dict[int, Mark]] = {}
        self._told: dict[tuple[int, int], Mark] = {}

    def beat(self, hub: int, beat: int, now: float) -> bool:
        """A control frame of ``hub``. False when it is no newer than one heard before.

        A beat is remembered while its hub goes on speaking, and a while after.
        """
        last, when = self._beats.get(hub, (0, now))
        if beat <= last and now - when < self._pace.beat_memory_seconds:
            return False
        self._beats[hub] = (beat, now)
        return True

    def heard(self, now: float) -> tuple[int, ...]:
        """Hubs heard within the hour."""
        since = now - self._pace.neighbour_seconds
        return tuple(sorted(hub for hub, (_, when) in self._beats.items() if when >= since))

    def count(self, now: float) -> int:
        """How many may be listening: at least one, or there would be no need to speak."""
        since = now - self._pace.neighbour_seconds
        return max(1, sum(when >= since for _, when in self._beats.values()))

    def claims(self, hub: int, positions: Mapping[int, Mark]) -> dict[int, Mark]:
        """``hub`` claims to hold feeds up to ``positions``. Those that it did not claim before."""
        before = self._claims.setdefault(hub, {})
        news = {about: mark for about, mark in positions.items() if mark > before.get(about, Mark(0, 0))}
        before.update(positions)
        return news

    def exists(self, hub: int, mark: Mark) -> bool:
        """A signed frame shows that ``hub`` wrote records up to ``mark``. True when that is news."""
        claims = self._claims.setdefault(hub, {})
        if mark <= claims.get(hub, Mark(0, 0)):
            return False
        claims[hub] = mark
        return True

    def furthest(self, directory: Directory) -> dict[int, Mark]:
        """Up to where somebody claims to hold each feed, as far as the roster knows its incarnation.

        A claim of a life that the roster does not know yet is no use: its frames could not be checked.
        """
        out: dict[int, Mark] = {}
        for claims in self._claims.values():
            for hub, mark in claims.items():
                index = directory.index(hub)
                known = index is not None and directory.key(index, mark.incarnation) is not None
                if known and mark > out.get(hub, Mark(0, 0)):
                    out[hub] = mark
        return out

    def tell(self, hub: int, about: int, held: Mark) -> bool:
        """``hub`` was found behind ``held``. True when that is news since we hold this much."""
        if self._told.get((hub, about), Mark(0, 0)) >= held:
            return False
        self._told[hub, about] = held
        return True

    def forget(self, hub: int) -> None:
        """``hub`` begins a new life: it counts its beats anew."""
        self._beats.pop(hub, None)
        self._claims.pop(hub, None)
