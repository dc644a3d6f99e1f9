"""Whom one listing concerns: the members of this hub for whom it makes a match, found from the listing itself.

What is asked of index and ledger is what this one listing touches: its candidates, and one query for each kind of fact
about all of them. It does not look through what each of these people could be suggested; so what it costs does not grow with
how much they have listed. Who is left out of suggestions is left out here (``matcher.suggestions``).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, Final

from appliance.ledger.book import rules
from appliance.ledger.book.store import Tx
from appliance.ledger.market import marks
from appliance.ledger.market.listings import OFFER
from appliance.ledger.market.matches import Node
from appliance.ledger.people import powers
from appliance.ledger.people.roster import own_place
from appliance.ledger.reads import trading
from appliance.ledger.reads.far_listings import trading_hubs
from appliance.ledger.reads.trading import Pair
from appliance.matching.apart import Apart
from appliance.matching.comparing import DEEPEST, ENOUGH, OTHER, Comparing, candidates, of_kind
from appliance.matching.index import OWN, Index
from appliance.matching.ranking import household

MOST_TOLD: Final = 100
"""People at most whom one listing concerns: those whom it fits best, of equals those with the newest listings."""
MOST_OF_ONE: Final = 30
"""Matches at most that its owner is told of, the best."""
_MOST_OWN: Final = 50

COLUMNS: Final = "l.place, l.hub, l.number, l.owner, l.kind, l.category, l.meaning"


@dataclass(frozen=True, slots=True)
class One:
    """A listing as the index has it: ``hub`` is ``OWN`` for this one, ``node`` has its number."""

    place: int
    hub: int
    number: int
    owner: int
    kind: str
    category: str
    meaning: str
    node: Node


@dataclass(frozen=True, slots=True)
class Concerned:
    """``member`` of this hub for whom ``pair`` is a match of this ``score``; ``other``: the listing with which it is one."""

    member: int
    pair: Pair
    other: One
    score: float


class Looking:
    """One run over some listings: what holds for all of them is read once.

    Args:
        index: has followed the ledger.
        tx: the ledger.
    """

    def __init__(self, index: Index, tx: Tx) -> None:
        self._index, self._tx = index, tx
        self.here = own_place(tx).hub
        self._comparing = Comparing(index)
        self._trading = tuple(trading_hubs(tx))

    @cached_property
    def _not_there(self) -> tuple[frozenset[tuple[int, int]], frozenset[tuple[int, int]]]:
        """Who is told nothing, and whose listings rest though they are told: by hub and number."""
        gone, resting = set[tuple[int, int]](), set[tuple[int, int]]()
        for number, status in self._tx.select("SELECT number, status FROM member WHERE status != 'active'"):
            (resting if status in powers.STANDING else gone).add((OWN, int(number)))
        return frozenset(gone), frozenset(resting)

    @cached_property
    def _unfit(self) -> Apart:
        return Apart((one.offered, one.wanted) for one in trading.unfit(self._tx))

    def one(self, row: Iterable[Any]) -> One:
        """A row of ``COLUMNS``."""
        place, hub, number, owner, kind, category, meaning = row
        node = (self.here if hub == OWN else hub, number)
        return One(place, hub, number, owner, kind, category, meaning, node)

    def fits(self, one: One, other: One) -> float:
        """How well two listings of both kinds fit; 0 when not well enough."""
        return self._fitted((one.category, one.meaning), one.kind, other)

    def _fitted(self, said: tuple[str, str], kind: str, other: One) -> float:
        category, meaning = said
        offer, want = (meaning, other.meaning) if kind == OFFER else (other.meaning, meaning)
        return self._comparing.score(offer, want, category, other.category)

    def concerned(self, listing: One, before: tuple[str, str] | None = None) -> list[Concerned]:
        """Whom ``listing`` concerns, by one match each: the best, of equals that with the newest listing of theirs.

        Args:
            before: category and meaning that it had; a match that it made then is none that is asked for.
        """
        left_out = self._left_out(listing)
        met = [] if left_out is None else self._met(listing, left_out)
        if not met:
            return []
        over, (_, resting) = trading.over(self._tx, listing.node), self._not_there
        rests = (listing.hub, listing.owner) in resting
        best: dict[int, tuple[float, int, Concerned]] = {}
        own: list[tuple[bool, float, int, Concerned]] = []
        for score, other in met:
            pair = _pair(listing, other)
            if other.hub == OWN and not rests and (other.owner, pair) not in over:
                known = best.get(other.owner)
                if known is None or score > known[0]:  # they come newest first
                    best[other.owner] = (score, other.place, Concerned(other.owner, pair, other, score))
            their_rest = (other.hub, other.owner) in resting
            if listing.hub == OWN and not their_rest and (listing.owner, pair) not in over:
                told = Concerned(listing.owner, pair, other, score)
                own.append((other.hub != OWN, -score, -other.place, told))
        theirs = sorted(best.values(), key=lambda one: (-one[0], -one[1]))
        own.sort(key=lambda one: one[:3])
        both = (one[2] for one in theirs), self._best_of_owner(listing, (one[3] for one in own))
        return [
            told
            for found, most in zip(both, (MOST_TOLD, MOST_OF_ONE), strict=True)
            for told in islice((one for one in found if self._is_new(listing, before, one.other)), most)
        ]

    def _is_new(self, listing: One, before: tuple[str, str] | None, other: One) -> bool:
        return before is None or not self._fitted(before, listing.kind, other)

    def _best_of_owner(self, listing: One, found: Iterable[Concerned]) -> Iterator[Concerned]:
        """Without what another listing of the owner fits better: each listing of others is told once."""
        rows = self._index.rows(
            f"""SELECT {COLUMNS} FROM listing l WHERE l.hub = ? AND l.owner = ? AND l.kind = ? AND l.place != ?
            ORDER BY l.place DESC LIMIT ?""",  # noqa: S608 - columns of ours
            (OWN, listing.owner, listing.kind, listing.place, _MOST_OWN),
        )
        others = [self.one(row) for row in rows]
        over = trading.over_of(self._tx, listing.owner) if others else frozenset()
        for told in found:
            mine = (told.score, listing.place)
            if not any(
                (self.fits(one, told.other), one.place) > mine
                and _pair(one, told.other) not in over
                and not self._is_apart(one, told.other)
                for one in others
            ):
                yield told

    def _met(self, listing: One, left_out: frozenset[tuple[int, int]]) -> list[tuple[float, One]]:
        """What fits ``listing``, with its score, the newest first."""
        hubs = (OWN, *self._trading) if listing.hub == OWN else (OWN,)
        keys = self._comparing.wanted(listing.meaning)
        found: list[tuple[float, One]] = []
        looked = 0
        for row in candidates(self._index, COLUMNS, keys, *of_kind(OTHER[listing.kind], hubs)):
            if (row[1], row[3]) in left_out:
                continue
            if looked >= DEEPEST or (looked >= ENOUGH and len(found) >= MOST_TOLD):
                break
            looked += 1
            other = self.one(row)
            score = self.fits(listing, other)
            if score and not self._is_apart(listing, other):
                found.append((score, other))
        return found

    def _is_apart(self, one: One, other: One) -> bool:
        """Whether somebody said that the two terms are no match."""
        if not self._unfit:
            return False
        offer, want = (one, other) if one.kind == OFFER else (other, one)
        if not self.fits(offer, want):
            return False
        why = self._comparing.why(offer.meaning, want.meaning)
        return self._unfit(why.offered, why.wanted)

    def _left_out(self, listing: One) -> frozenset[tuple[int, int]] | None:
        """Who is not told of it, by hub and number; None when nobody is."""
        gone, _ = self._not_there
        if listing.hub != OWN:
            if listing.hub not in self._trading:
                return None
            return gone | {(OWN, one) for one in marks.blockers(self._tx, listing.hub, listing.owner)}
        if (OWN, listing.owner) in gone:
            return None
        together = frozenset[int]() if self._household_too else household(self._tx, listing.owner)
        family = {(OWN, one) for one in (listing.owner, *together)}
        return gone | marks.apart(self._tx, listing.owner) | family

    @cached_property
    def _household_too(self) -> bool:
        return rules.load(self._tx).market.match_household


def _pair(one: One, other: One) -> Pair:
    return (one.node, other.node) if one.kind == OFFER else (other.node, one.node)
