"""The matcher over many listings at once, in memory: for ``hub match``, for trade loops, for the bench.

Reading, scoring and threshold are the portal's. Candidates come from an inverted index, never from all pairs. Listings
that say the same, in whichever words and languages (``meaning.signature``), are compared once: a village has many more
listings than things to say, so the larger it is, the less each one costs. With ``most`` each want keeps its best so many
offers, found among those that are nearest and newest; so the work grows with the number of listings, not with its square.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple

from appliance.ledger.market.listings import OFFER
from appliance.matching.comparing import COMMON_FROM, COMMON_PART
from appliance.matching.listings_file import Edge, Listed
from appliance.matching.meaning import WORD, Meaning, Signature, signature
from appliance.matching.reading import read
from appliance.matching.scoring import (
    THRESHOLD,
    Closeness,
    Fit,
    Numbered,
    fit,
    keys_of,
    wanted_keys,
    with_category,
)

MOST_EACH: Final = 10
"""How many offers a want keeps where not all are asked for."""
LOOKED_AT: Final = 2
"""How many are looked at for each that is kept, of those that say the same, and under each key ..."""
CANDIDATES: Final = 3
"""... and under all keys together."""

_FURTHER: Final = 8
"""How many times as many are looked at where some were left out."""

May = Callable[[Listed, Listed], bool]
"""Whether an offer and a want that fit may be a match."""


class Match(NamedTuple):
    """An offer that serves a want; ``score`` is that of the fit with the categories seen."""

    offer: Listed
    want: Listed
    score: float
    pool: "Pool"

    @property
    def fit(self) -> Fit:
        """Why, in the words of the two: found when it is asked for, which must be while they are in the pool."""
        return self.pool.why(self.offer, self.want)

    @property
    def edge(self) -> Edge:
        """As a line of a file."""
        return Edge(self.offer.id, self.want.id, self.score)


class Pool:
    """Listings that come and go, and who serves whom among them."""

    def __init__(self, listings: Iterable[Listed] = ()) -> None:
        self.listings: dict[str, Listed] = {}
        # What is said, each once, by number; of each listing the number, and how it says it itself.
        self._numbers: dict[Signature, int] = {}
        self._meanings: list[Meaning] = []
        self._says: dict[str, int] = {}
        self._own: dict[str, Meaning] = {}
        self._said: Counter[str] = Counter()
        self._closeness = Closeness()
        # Of what is said: without the words that tell nothing here, while no listing comes or goes.
        self._telling: dict[int, Numbered] = {}
        # For offers (True) and wants: the listings that say it, newest last, and what is said by key.
        self._saying: dict[bool, defaultdict[int, dict[str, None]]] = {
            True: defaultdict(dict),
            False: defaultdict(dict),
        }
        self._keyed: dict[bool, defaultdict[str, dict[int, None]]] = {
            True: defaultdict(dict),
            False: defaultdict(dict),
        }
        for listed in listings:
            self.add(listed)

    def add(self, listed: Listed, meaning: Meaning | None = None) -> None:
        """Take a listing in; ``meaning``: what it says, where that has been read before."""
        if meaning is None:
            meaning = read(listed.title, listed.description, listed.lang)
        number = self._numbers.setdefault(signature(meaning), len(self._meanings))
        if number == len(self._meanings):
            self._meanings.append(meaning)
        self.listings[listed.id], self._says[listed.id] = listed, number
        self._own[listed.id] = meaning
        self._said.update(_heads(meaning))
        self._telling.clear()
        side = listed.kind == OFFER
        if not self._saying[side][number]:
            for key in keys_of(meaning):
                self._keyed[side][key][number] = None
        self._saying[side][number][listed.id] = None

    def remove(self, listing: str) -> None:
        """Take a listing out that is in."""
        listed, number = self.listings.pop(listing), self._says.pop(listing)
        del self._own[listing]
        meaning = self._meanings[number]
        self._said.subtract(_heads(meaning))
        self._telling.clear()
        side = listed.kind == OFFER
        del self._saying[side][number][listing]
        if not self._saying[side][number]:
            for key in keys_of(meaning):
                del self._keyed[side][key][number]

    def matches(self, most: int | None = None, may: May | None = None) -> Iterator[Match]:
        """Who serves whom: for each want its offers, the best first; at most ``most`` each, of those that ``may``."""
        known: dict[int, _Fitting] = {}
        for listed in self.listings.values():
            if listed.kind != OFFER:
                yield from self._of(listed, most, known, may)

    def matches_of(self, listing: str, most: int | None = MOST_EACH) -> tuple[Match, ...]:
        """What serves one listing, or is served by it; the best first."""
        return tuple(self._of(self.listings[listing], most, {}))

    def _of(
        self,
        listed: Listed,
        most: int | None,
        known: dict[int, "_Fitting"],
        may: May | None = None,
    ) -> Iterable[Match]:
        number = self._says[listed.id]
        if number not in known:
            known[number] = _Fitting(self, number, most, offered=listed.kind == OFFER)
        found: list[tuple[float, bool, str, Listed]] = []
        offered, others, listings = listed.kind == OFFER, self._saying[listed.kind != OFFER], self.listings
        enough = len(listings) if most is None else most * LOOKED_AT
        # More are looked at only when somebody was left out: others must not stand behind who may not trade.
        refused: list[Listed] = []
        for other, close in known[number].each(refused):
            for name in reversed(others[other]):
                met = listings[name]
                score = with_category(close, listed.category, met.category)
                if score < THRESHOLD or met.person == listed.person:
                    continue
                # Before they are counted: who may not trade takes nobody's place.
                if may is None or (may(listed, met) if offered else may(met, listed)):
                    found.append((-score, met.hub != listed.hub, name, met))
                    if len(found) >= enough:
                        break
                else:
                    refused.append(met)
            if len(found) >= enough:
                break
        found.sort()
        if listed.kind == OFFER:
            return [Match(listed, met, -score, self) for score, _, _, met in found[:most]]
        return [Match(met, listed, -score, self) for score, _, _, met in found[:most]]

    def why(self, offer: Listed, want: Listed) -> Fit:
        """Why two that match do, in their own words."""
        found = fit(*(self._without_common(self._own[one.id]) for one in (offer, want)))
        assert found is not None  # what they say is the same as what was compared
        return found

    def fitting(
        self, number: int, most: int | None, seen: set[int], *, offered: bool
    ) -> Sequence[tuple[int, float]]:
        """What is said on the other side and fits what is said as ``number``, the best first; what is ``seen`` from now on is not looked at again."""
        found = []
        mine, between = self._told(number), self._closeness.between
        meaning = self._without_common(self._meanings[number])
        for other in self._candidates(meaning, most, self._keyed[not offered]):
            if other in seen:
                continue
            seen.add(other)
            theirs = self._told(other)
            close = between(mine, theirs) if offered else between(theirs, mine)
            if close:
                found.append((other, close))
        found.sort(key=lambda one: -one[1])
        return found

    def _told(self, number: int) -> Numbered:
        if number not in self._telling:
            self._telling[number] = self._closeness.numbered(self._without_common(self._meanings[number]))
        return self._telling[number]

    def _candidates(
        self, meaning: Meaning, most: int | None, keyed: dict[str, dict[int, None]]
    ) -> Iterable[int]:
        """What may fit, by keys: the own ones first, of each the newest; all of it where all is asked for."""
        own = keys_of(meaning)
        met: dict[int, None] = {}
        for key in sorted(wanted_keys(meaning), key=lambda key: (key not in own, key)):
            said = keyed.get(key)
            if not said:
                continue
            if most is None:
                met.update(said)
                continue
            met.update(dict.fromkeys(islice(reversed(said), most * LOOKED_AT)))
            if len(met) >= most * CANDIDATES:
                break
        return met

    def _without_common(self, meaning: Meaning) -> Meaning:
        if len(self.listings) < COMMON_FROM or all(one.head.known for one in meaning):
            return meaning
        return tuple(
            one
            for one in meaning
            if one.head.known or self._said[one.head.keys[0]] * COMMON_PART <= len(self.listings)
        )


class _Fitting:
    """What fits one thing that is said, in batches: as much as is wanted, then the rest."""

    def __init__(self, pool: Pool, number: int, most: int | None, *, offered: bool) -> None:
        self._pool, self._number, self._most, self._offered = pool, number, most, offered
        self._seen: set[int] = set()
        self._found: list[tuple[int, float]] = []
        self._grow()

    def each(self, refused: Sequence[Listed]) -> Iterator[tuple[int, float]]:
        """One after the other, those found first in front; beyond them only if some were ``refused`` by then."""
        place = 0
        while True:
            while place < len(self._found):
                yield self._found[place]
                place += 1
            if self._most is None or not refused or not self._grow():
                return

    def _grow(self) -> bool:
        """Look further; whether there was something to look at."""
        before = len(self._seen)
        self._found += self._pool.fitting(self._number, self._most, self._seen, offered=self._offered)
        self._most = None if self._most is None else self._most * _FURTHER
        return len(self._seen) > before


def _heads(meaning: Meaning) -> frozenset[str]:
    return frozenset(one.head.keys[0] for one in meaning if one.head.keys[0].startswith(WORD))
