"""Up to where a hub holds each feed, as the engine compares it: marks beside the library's positions."""

from collections.abc import Mapping
from typing import Final

from appliance.radio.control import Mark
from appliance.radio.ports import Library, Position

_NO_FEED: Final = Mark(1, 0)


class Feeds:
    """The library's ``vector`` when ``look`` was called last."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self.vector: Mapping[int, Position] = {}
        self._marks: dict[int, Mark] = {}
        self.look()

    def held(self, hub: int) -> Mark:
        """Up to where the feed of ``hub`` is held; before its first record where nothing is."""
        return self._marks.get(hub, _NO_FEED)

    def unlike(self, positions: Mapping[int, Mark]) -> dict[int, Mark]:
        """Those of ``positions`` that are not where we hold the feed up to."""
        marks = self._marks
        return {hub: mark for hub, mark in positions.items() if marks.get(hub, _NO_FEED) != mark}

    def look(self) -> frozenset[int]:
        """Look at the library anew; the hubs of whose feeds it holds another stretch than before."""
        vector = self._library.vector()
        if vector is self.vector:
            return frozenset()
        before, self.vector = self.vector, vector
        changed = {
            hub: Mark(place.incarnation, place.number)
            for hub, place in vector.items()
            if before.get(hub) is not place
        }
        news = frozenset(hub for hub, mark in changed.items() if self._marks.get(hub) != mark)
        self._marks |= changed
        for hub in self._marks.keys() - vector.keys():
            del self._marks[hub]
        return news
