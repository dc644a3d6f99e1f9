"""The matcher over many listings at once, in memory: for ``hub match``, for trade loops, for the bench.

Reading, scoring and threshold are the portal's. Candidates come from an inverted index, never from all pairs. Listings
that say the same are compared once. With ``most`` each want keeps its best so many offers, found among those that are
nearest and newest; so the work grows with the number of listings, not with its square.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from appliance.ledger.market.listings import OFFER
from appliance.matching.listings_file import Edge, Listed
from appliance.matching.matcher import COMMON_FROM, COMMON_PART
from appliance.matching.meaning import WORD, Meaning
from appliance.matching.reading import read
from appliance.matching.scoring import THRESHOLD, Fit, fit, keys_of, wanted_keys, with_category

MOST_EACH: Final = 10
"""How many offers a want keeps where not all are asked for."""
LOOKED_AT: Final = 3
"""How many are looked at for each that is kept, of those that say the same, and under each key ..."""
CANDIDATES: Final = 6
"""... and under all keys together."""


@dataclass(frozen=True, slots=True)
class Match:
    """An offer that serves a want; ``fit`` says why, ``score`` is that of the fit with the categories seen."""

    offer: Listed
    want: Listed
    score: float
    fit: Fit

    @property
    def edge(self) -> Edge:
        """As a line of a file."""
        return Edge(self.offer.id, self.want.id, self.score)


class Pool:
    """Listings that come and go, and who serves whom among them."""

    def __init__(self, listings: Iterable[Listed] = ()) -> None:
        self.listings: dict[str, Listed] = {}
        # What is said, each once, by number; of each listing the number.
        self._numbers: dict[Meaning, int] = {}
        self._meanings: list[Meaning] = []
        self._says: dict[str, int] = {}
        self._said: Counter[str] = Counter()
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

    def add(self, listed: Listed) -> None:
        """Take a listing in."""
        meaning = read(listed.title, listed.description, listed.lang)
        number = self._numbers.setdefault(meaning, len(self._meanings))
        if number == len(self._meanings):
            self._meanings.append(meaning)
        self.listings[listed.id], self._says[listed.id] = listed, number
        self._said.update(_heads(meaning))
        side = listed.kind == OFFER
        if not self._saying[side][number]:
            for key in keys_of(meaning):
                self._keyed[side][key][number] = None
        self._saying[side][number][listed.id] = None

    def remove(self, listing: str) -> None:
        """Take a listing out that is in."""
        listed, number = self.listings.pop(listing), self._says.pop(listing)
        meaning = self._meanings[number]
        self._said.subtract(_heads(meaning))
        side = listed.kind == OFFER
        del self._saying[side][number][listing]
        if not self._saying[side][number]:
            for key in keys_of(meaning):
                del self._keyed[side][key][number]

    def matches(self, most: int | None = None) -> Iterator[Match]:
        """Who serves whom: for each want its offers, the best first; at most ``most`` each."""
        known: dict[int, Sequence[tuple[int, Fit]]] = {}
        for listed in self.listings.values():
            if listed.kind != OFFER:
                yield from self._of(listed, most, known)

    def matches_of(self, listing: str, most: int | None = MOST_EACH) -> tuple[Match, ...]:
        """What serves one listing, or is served by it; the best first."""
        return tuple(self._of(self.listings[listing], most, {}))

    def _of(
        self, listed: Listed, most: int | None, known: dict[int, Sequence[tuple[int, Fit]]]
    ) -> Iterable[Match]:
        number = self._says[listed.id]
        if number not in known:
            known[number] = self._fitting(self._meanings[number], most, offered=listed.kind == OFFER)
        found: list[Match] = []
        others = self._saying[listed.kind != OFFER]
        enough = None if most is None else most * LOOKED_AT
        for other, fits in known[number]:
            for name in reversed(others[other]):
                match = self._match(listed, self.listings[name], fits)
                if match is not None:
                    found.append(match)
                if enough is not None and len(found) >= enough:
                    break
            if enough is not None and len(found) >= enough:
                break
        found.sort(key=lambda m: (-m.score, m.offer.hub != m.want.hub, m.offer.id, m.want.id))
        return found if most is None else found[:most]

    def _match(self, listed: Listed, other: Listed, fits: Fit) -> Match | None:
        if listed.person == other.person:
            return None
        score = with_category(fits.score, listed.category, other.category)
        if score < THRESHOLD:
            return None
        offer, want = (listed, other) if listed.kind == OFFER else (other, listed)
        return Match(offer, want, score, fits)

    def _fitting(self, meaning: Meaning, most: int | None, *, offered: bool) -> Sequence[tuple[int, Fit]]:
        """What is said on the other side and fits, the best first."""
        mine = self._without_common(meaning)
        found = []
        for number in self._candidates(mine, most, self._keyed[not offered]):
            theirs = self._without_common(self._meanings[number])
            fits = fit(mine, theirs) if offered else fit(theirs, mine)
            if fits is not None and fits.score >= THRESHOLD:
                found.append((number, fits))
        found.sort(key=lambda one: -one[1].score)
        return found

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


def _heads(meaning: Meaning) -> frozenset[str]:
    return frozenset(one.head.keys[0] for one in meaning if one.head.keys[0].startswith(WORD))
