"""Who could serve whom: for a member's wants the offers of others, for the offers their wants.

What two listings say is compared by ``scoring``, the same for this page, for ``hub match`` and for trade loops: below
its threshold nothing is said, for no suggestion is better than a silly one. What the ledger knows (``ranking``) then
orders what fits.

People of this hub come before those of other hubs, whatever the score: they live nearer. Of other
hubs only those are looked at with which this one trades now (``reads.far_listings``).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from appliance.ledger.book.schema import Member
from appliance.ledger.book.store import Tx
from appliance.ledger.market.listings import OFFER, WANT
from appliance.ledger.people import powers
from appliance.ledger.reads.far_listings import trading_hubs
from appliance.ledger.values import RecordId
from appliance.matching.index import OWN, FarId, Index, ListingId, listing_id
from appliance.matching.meaning import WORD, Meaning, from_text
from appliance.matching.ranking import Ranking
from appliance.matching.scoring import THRESHOLD, Why, fit, wanted_keys, with_category

COMMON_PART: Final = 5
"""A word in more than one of five listings of a village tells nothing there ..."""
COMMON_FROM: Final = 40
"""... once the village has this many. Of words in the lexicon this is not said: many may have eggs."""

MOST_OWN: Final = 50
MOST_SUGGESTIONS: Final = 30
MOST_CANDIDATES: Final = 400
"""Of more listings that might fit one, the nearest and newest are looked at."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Two listings that could serve each other, and why.

    Attributes:
        mine: the listing of the member who is told.
        theirs: the listing of ``owner``, who lives at the hub that a ``FarId`` names, or at this one.
        kind: of ``theirs``: offer or want.
        why: the words that made them fit.
        same_category: whether both are of one category.
        score: how well they fit by what they say, 0 to 1, at least ``scoring.THRESHOLD``.
    """

    mine: RecordId
    theirs: ListingId
    owner: int
    kind: str
    why: Why
    same_category: bool
    score: float


@dataclass(frozen=True, slots=True)
class _Listing:
    place: int
    id: ListingId
    owner: int
    kind: str
    category: str
    opened_ms: int
    meaning: Meaning


@dataclass(frozen=True, slots=True)
class _Met:
    told: Suggestion
    theirs: _Listing


_COLUMNS: Final = "l.place, l.id, l.hub, l.number, l.owner, l.kind, l.category, l.opened_ms, l.meaning"


def suggestions(index: Index, tx: Tx, member: int, now_ms: int, limit: int = 10) -> tuple[Suggestion, ...]:
    """What ``member`` could trade with others, this hub's people first, the best first; each listing of others once.

    Left out are the member's own listings and those of the own household (who holds an account together with the
    member), of members who are not active, and of hubs with which this one does not trade.

    Args:
        index: has followed the ledger.
        tx: the ledger.
        now_ms: the present time, for freshness.
        limit: 1 to ``MOST_SUGGESTIONS``.
    """
    if powers.refuse_unless_active(tx, member):
        return ()
    found: dict[ListingId, _Met] = {}
    common, hubs, ranking = _Common(index), (OWN, *trading_hubs(tx)), Ranking(tx, member, now_ms)
    own = index.rows(
        f"SELECT {_COLUMNS} FROM listing l WHERE l.hub = ? AND l.owner = ? ORDER BY l.place DESC LIMIT ?",  # noqa: S608 - columns of ours
        (OWN, member, MOST_OWN),
    )
    for row in own:
        for met in _for_one(index, _listing(row), hubs, common):
            best = found.get(met.told.theirs)
            if best is None or met.told.score > best.told.score:
                found[met.told.theirs] = met
    kept = [met for met in found.values() if not _left_out(tx, met.told, ranking)]
    ways = {(_whose(met), met.told.kind) for met in kept}

    def rank(met: _Met) -> tuple[bool, float, int]:
        far = isinstance(met.told.theirs, FarId)
        both = (_whose(met), WANT if met.told.kind == OFFER else OFFER) in ways
        added = ranking.adds(met.told.kind, met.theirs.opened_ms, None if far else met.told.owner, both)
        return far, -(met.told.score + added), -met.theirs.place

    return tuple(met.told for met in sorted(kept, key=rank)[: max(1, min(limit, MOST_SUGGESTIONS))])


def _whose(met: _Met) -> tuple[int, int]:
    theirs = met.told.theirs
    return (theirs.hub if isinstance(theirs, FarId) else OWN), met.told.owner


def _left_out(tx: Tx, told: Suggestion, ranking: Ranking) -> bool:
    """Whether the owner, if of this hub, is of the household or not there. Other hubs take down what theirs had listed."""
    if isinstance(told.theirs, FarId):
        return False
    if told.owner in ranking.household:
        return True
    return (who := tx.get(Member, number=told.owner)) is None or who.status != powers.ACTIVE


class _Common:
    """Which words so many listings share that they tell nothing."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._all = int(index.rows("SELECT COUNT(*) FROM listing")[0][0])
        self._known: dict[str, bool] = {}

    def __call__(self, key: str) -> bool:
        if self._all < COMMON_FROM or not key.startswith(WORD):
            return False
        if key not in self._known:
            rows = self._index.rows("SELECT COUNT(*) FROM topic WHERE key = ?", (key,))
            self._known[key] = int(rows[0][0]) * COMMON_PART > self._all
        return self._known[key]

    def without(self, meaning: Meaning) -> Meaning:
        """``meaning`` without the segments that are about such a word."""
        return tuple(one for one in meaning if not self(one.head.keys[0]))


def _for_one(index: Index, mine: _Listing, hubs: Sequence[int], common: _Common) -> Iterable[_Met]:
    """What fits ``mine`` among the open listings of ``hubs``."""
    meaning = common.without(mine.meaning)
    keys = sorted(wanted_keys(meaning))
    if not keys:
        return
    candidates = index.rows(
        f"""SELECT {_COLUMNS} FROM listing l WHERE l.hub IN ({", ".join("?" * len(hubs))})
        AND l.place IN (SELECT place FROM topic WHERE key IN ({", ".join("?" * len(keys))}))
        AND l.kind = ? AND (l.hub != ? OR l.owner != ?) ORDER BY l.place DESC LIMIT ?""",  # noqa: S608 - columns of ours
        (*hubs, *keys, WANT if mine.kind == OFFER else OFFER, OWN, mine.owner, MOST_CANDIDATES),
    )
    for row in candidates:
        theirs = _listing(row)
        other = common.without(theirs.meaning)
        found = fit(other, meaning) if mine.kind == WANT else fit(meaning, other)
        if found is None or found.score < THRESHOLD:
            continue
        score = with_category(found.score, mine.category, theirs.category)
        if score < THRESHOLD:
            continue
        assert not isinstance(mine.id, FarId)  # looked up among the member's own
        same = mine.category == theirs.category
        told = Suggestion(mine.id, theirs.id, theirs.owner, theirs.kind, found.why, same, score)
        yield _Met(told, theirs)


_kept = lru_cache(maxsize=4096)(from_text)


def _listing(row: tuple[Any, ...]) -> _Listing:
    place, record, hub, number, owner, kind, category, opened_ms, meaning = row
    return _Listing(place, listing_id(record, hub, number), owner, kind, category, opened_ms, _kept(meaning))
