"""The matcher over many listings at once, in memory: for ``hub match``, for trade loops, for the bench.

Reading, scoring and threshold are the portal's. Candidates come from an inverted index, never from all pairs. Listings
that say the same are compared once. With ``most`` each want keeps its best so many offers, found among those that are
nearest and newest; so the work grows with the number of listings, not with its square.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from appliance.ledger.market.listings import OFFER
from appliance.matching.listings_file import Edge, Listed
from appliance.matching.matcher import COMMON_FROM, COMMON_PART
from appliance.matching.meaning import WORD, Meaning
from appliance.matching.reading import read
from appliance.matching.scoring import THRESHOLD, Fit, fit, keys_of, wanted_keys, with_category

MOST_EACH: Final = 10
"""How many offers a want keeps where not all are asked for."""
LOOKED_AT: Final = 4
"""How many are looked at for each that is kept."""

Place = tuple[str, str | None]
"""Where an offer is looked for first: its hub; and its category, which changes the score."""


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
        self._meaning: dict[str, Meaning] = {}
        self._said: Counter[str] = Counter()
        # Offers and wants by what they say, and what is said by key; newest last.
        self._saying: dict[bool, dict[Meaning, dict[str, None]]] = {True: {}, False: {}}
        self._keyed: dict[bool, defaultdict[str, dict[Meaning, None]]] = {
            True: defaultdict(dict),
            False: defaultdict(dict),
        }
        for listed in listings:
            self.add(listed)

    def add(self, listed: Listed) -> None:
        """Take a listing in."""
        meaning = read(listed.title, listed.description, listed.lang)
        self.listings[listed.id], self._meaning[listed.id] = listed, meaning
        self._said.update(_heads(meaning))
        side = listed.kind == OFFER
        saying = self._saying[side].setdefault(meaning, {})
        if not saying:
            for key in keys_of(meaning):
                self._keyed[side][key][meaning] = None
        saying[listed.id] = None

    def remove(self, listing: str) -> None:
        """Take a listing out that is in."""
        listed, meaning = self.listings.pop(listing), self._meaning.pop(listing)
        self._said.subtract(_heads(meaning))
        side = listed.kind == OFFER
        saying = self._saying[side][meaning]
        del saying[listing]
        if not saying:
            del self._saying[side][meaning]
            for key in keys_of(meaning):
                del self._keyed[side][key][meaning]

    def matches(self, most: int | None = None) -> Iterator[Match]:
        """Who serves whom: for each want its offers, the best first; at most ``most`` each."""
        known: dict[Meaning, Sequence[tuple[Meaning, Fit]]] = {}
        for listed in self.listings.values():
            if listed.kind != OFFER:
                yield from self._of(listed, most, known)

    def matches_of(self, listing: str, most: int | None = MOST_EACH) -> tuple[Match, ...]:
        """What serves one listing, or is served by it; the best first."""
        return tuple(self._of(self.listings[listing], most, {}))

    def _of(
        self, listed: Listed, most: int | None, known: dict[Meaning, Sequence[tuple[Meaning, Fit]]]
    ) -> Iterable[Match]:
        meaning = self._meaning[listed.id]
        if meaning not in known:
            known[meaning] = self._fitting(meaning, offered=listed.kind == OFFER)
        found: list[Match] = []
        others = self._saying[listed.kind != OFFER]
        enough = None if most is None else most * LOOKED_AT
        for other, fits in known[meaning]:
            for name in reversed(others.get(other, {})):
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

    def _fitting(self, meaning: Meaning, *, offered: bool) -> Sequence[tuple[Meaning, Fit]]:
        """What is said on the other side and fits, the best first."""
        mine = self._without_common(meaning)
        keyed = self._keyed[not offered]
        met = dict.fromkeys(other for key in sorted(wanted_keys(mine)) for other in keyed.get(key, ()))
        found = []
        for other in met:
            theirs = self._without_common(other)
            fits = fit(mine, theirs) if offered else fit(theirs, mine)
            if fits is not None and fits.score >= THRESHOLD:
                found.append((other, fits))
        found.sort(key=lambda one: -one[1].score)
        return found

    def _without_common(self, meaning: Meaning) -> Meaning:
        if len(self.listings) < COMMON_FROM:
            return meaning
        return tuple(
            one
            for one in meaning
            if one.head.known or self._said[one.head.keys[0]] * COMMON_PART <= len(self.listings)
        )


def _heads(meaning: Meaning) -> frozenset[str]:
    return frozenset(one.head.keys[0] for one in meaning if one.head.keys[0].startswith(WORD))
