"""Who could serve whom: for a member's wants the offers of others, for the offers their wants.

What two listings say is compared by ``scoring``, the same for this page, for ``hub match`` and for trade loops: below
its threshold nothing is said, for no suggestion is better than a silly one. What the ledger knows (``ranking``) then
orders what fits.

People of this hub come before those of other hubs, whatever the score: they live nearer. Of other
hubs only those are looked at with which this one trades now (``reads.far_listings``).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from appliance.ledger.book import rules
from appliance.ledger.book.store import Tx
from appliance.ledger.market import marks
from appliance.ledger.market.listings import WANT
from appliance.ledger.market.matches import Node
from appliance.ledger.people import powers
from appliance.ledger.people.roster import own_place
from appliance.ledger.reads import trading
from appliance.ledger.reads.far_listings import trading_hubs
from appliance.ledger.reads.village import not_trading
from appliance.ledger.values import RecordId
from appliance.matching import times
from appliance.matching.apart import Apart
from appliance.matching.comparing import DEEPEST, ENOUGH, FEW, OTHER, Comparing, candidates, of_kind
from appliance.matching.index import OWN, FarId, Index, ListingId, listing_id
from appliance.matching.ranking import Known, Ranking, Theirs
from appliance.matching.reading import read
from appliance.matching.scoring import THRESHOLD, Why, fit
from appliance.matching.search import NAMED, named

MOST_OWN: Final = 50
MOST_SUGGESTIONS: Final = 30
MOST_FITTING: Final = 100


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
        pair: offer and want, each by hub and number.
        hours: those of the week in which both could (``times``), 0 for none; None when one has said nothing of it.
        known: what the ledger knows of the two, as the member may be told.
        place: of ``theirs`` in the index.
    """

    mine: RecordId
    theirs: ListingId
    owner: int
    kind: str
    why: Why
    same_category: bool
    score: float
    pair: trading.Pair
    hours: times.Hours | None = None
    known: Known = field(default_factory=Known)
    place: int = 0


@dataclass(frozen=True, slots=True)
class _Listing:
    place: int
    id: ListingId
    hub: int
    number: int
    owner: int
    kind: str
    category: str
    opened_ms: int
    meaning: str
    node: Node
    hours: times.Hours | None
    where: frozenset[str]

    @property
    def whose(self) -> tuple[int, int]:
        """Its owner, by hub (``OWN`` for this one) and number."""
        return self.hub, self.owner

    @property
    def theirs(self) -> Theirs:
        """As ``ranking`` asks for it."""
        return Theirs(None if self.hub == OWN else self.hub, self.number, self.owner, self.kind)


@dataclass(frozen=True, slots=True)
class _Met:
    """Two listings that fit: ``mine``, and ``theirs`` of somebody else."""

    mine: _Listing
    theirs: _Listing
    pair: trading.Pair
    score: float

    @property
    def near(self) -> bool:
        return not self.mine.where.isdisjoint(self.theirs.where)

    @property
    def hours(self) -> times.Hours | None:
        return times.meeting(self.mine.hours, self.theirs.hours)


_COLUMNS: Final = "l.place, l.id, l.hub, l.number, l.owner, l.kind, l.category, l.opened_ms, l.meaning, l.hours, l.place_words"


def suggestions(index: Index, tx: Tx, member: int, now_ms: int, limit: int = 10) -> tuple[Suggestion, ...]:
    """What ``member`` could trade with others, this hub's people first, the best first; each listing of others once.

    Left out is what the member has answered otherwise than with yes, and terms of which somebody has said here, in any of
    their forms, that they are no match (``ledger.market.matches``), until a keeper takes that back.

    Left out are the member's own listings and those of the own household (who holds an account together with the
    member; unless the village wants them), of whom the member has blocked or who has blocked the member, of members who are not active, and of hubs with which this one does not trade.

    Args:
        index: has followed the ledger.
        tx: the ledger.
        now_ms: the present time, for freshness.
        limit: 1 to ``MOST_SUGGESTIONS``.
    """
    return tuple(islice(_ranked(index, tx, member, now_ms), max(1, min(limit, MOST_SUGGESTIONS))))


def fitting(index: Index, tx: Tx, member: int, now_ms: int, kind: str) -> tuple[Suggestion, ...]:
    """As ``suggestions``, where what the other lists is of ``kind``, offer or want: the ``MOST_FITTING`` whose words fit best."""
    return tuple(_ranked(index, tx, member, now_ms, kind))


def _ranked(index: Index, tx: Tx, member: int, now_ms: int, kind: str | None = None) -> Iterator[Suggestion]:
    """All that may be suggested, in its order; of one ``kind`` only so many that what the ledger is asked has an end.

    Of those that are not asked for it is not worked out why.
    """
    ranking = Ranking(tx, member, now_ms)
    village = _Village(index, tx, member, ranking)
    kept = _kept_of(village, tx, member, kind)
    ways = {(met.theirs.whose, met.theirs.kind) for met in kept}
    if kind is not None:
        kept = sorted((met for met in kept if met.theirs.kind == kind), key=_words_fit)[:MOST_FITTING]
    ranking.read(met.theirs.theirs for met in kept)
    ranked = []
    for met in kept:
        theirs = met.theirs.theirs
        said = ranking.known(theirs, (met.theirs.whose, OTHER[theirs.kind]) in ways, met.near)
        worth = met.score + ranking.adds(theirs, said, met.theirs.opened_ms, met.hours)
        ranked.append(((met.theirs.hub != OWN, -worth, -met.theirs.place), met, said))
    ranked.sort(key=lambda one: one[0])
    return (_suggestion(village, met, said) for _, met, said in ranked)


def _words_fit(met: _Met) -> tuple[bool, float, int]:
    """This hub's before others', the best fit first."""
    return met.theirs.hub != OWN, -met.score, -met.theirs.place


def _suggestion(village: "_Village", met: _Met, known: Known) -> Suggestion:
    mine, theirs = met.mine, met.theirs
    said = (theirs.meaning, mine.meaning) if mine.kind == WANT else (mine.meaning, theirs.meaning)
    assert not isinstance(mine.id, FarId)  # looked up among the member's own
    return Suggestion(
        mine.id,
        theirs.id,
        theirs.owner,
        theirs.kind,
        village.comparing.why(*said),
        mine.category == theirs.category,
        met.score,
        met.pair,
        met.hours,
        known,
        theirs.place,
    )


def known(index: Index, tx: Tx, member: int, pair: trading.Pair, now_ms: int) -> Known:
    """What the ledger knows of one match of ``member`` and somebody else, whether it is still suggested or not.

    Args:
        index: has followed the ledger.
    """
    here, ranking = own_place(tx).hub, Ranking(tx, member, now_ms)
    sides = [
        _listing(row, here)
        for hub, number in pair
        for row in index.rows(
            f"SELECT {_COLUMNS} FROM listing l WHERE l.hub = ? AND l.number = ?",  # noqa: S608 - columns of ours
            (OWN if hub == here else hub, number),
        )
    ]
    others = [one for one in sides if one.whose != (OWN, member)]
    if len(sides) != len(pair) or len(others) != 1:
        return Known()  # one of them is on no market
    (theirs,) = others
    way = (theirs.whose, OTHER[theirs.kind])
    kept = _kept_of(_Village(index, tx, member, ranking), tx, member)
    both = any((met.theirs.whose, met.theirs.kind) == way for met in kept)
    return ranking.known(theirs.theirs, both, not sides[0].where.isdisjoint(sides[1].where))


def _kept_of(village: "_Village", tx: Tx, member: int, kind: str | None = None) -> list[_Met]:
    """All that may be suggested, each listing of others once; in no order. With ``kind``, of the other kind only
    what those have who have some of this.
    """
    if powers.refuse_unless_active(tx, member):
        return []
    found: dict[int, _Met] = {}
    own = village.index.rows(
        f"SELECT {_COLUMNS} FROM listing l WHERE l.hub = ? AND l.owner = ? ORDER BY l.place DESC LIMIT ?",  # noqa: S608 - columns of ours
        (OWN, member, MOST_OWN),
    )

    def look(mine: Iterable[_Listing], owners: frozenset[tuple[int, int]] | None = None) -> None:
        for one in mine:
            for met in _for_one(village, one, owners):
                best = found.get(met.theirs.place)
                if best is None or met.score > best.score:
                    found[met.theirs.place] = met

    listed = [_listing(row, village.here) for row in own]
    look(one for one in listed if one.kind != kind)
    if kind is not None and found:
        look(
            (one for one in listed if one.kind == kind), frozenset(met.theirs.whose for met in found.values())
        )
    return list(found.values())


class _Village:
    """What is the same for all listings of one member: who is left out, and what is known of what is said here."""

    def __init__(self, index: Index, tx: Tx, member: int, ranking: Ranking) -> None:
        self.index, self.comparing = index, Comparing(index)
        self.hubs, self.here = (OWN, *trading_hubs(tx)), own_place(tx).hub
        self.apart = Apart((one.offered, one.wanted) for one in trading.unfit(tx))
        self.over = {pair for pair, said in trading.answered(tx, member).items() if said.over}
        household = frozenset[int]() if rules.load(tx).market.match_household else ranking.household
        away = {(OWN, one) for one in (member, *household, *not_trading(tx))}
        self.left_out = marks.apart(tx, member) | away
        """Whose listings are not told: by hub and number. Other hubs take down what those who are away had listed."""

    def is_apart(self, offer: str, want: str) -> bool:
        """Whether somebody said that the terms of two that fit are no match."""
        if not self.apart:
            return False
        why = self.comparing.why(offer, want)
        return self.apart(why.offered, why.wanted)


def _for_one(
    village: _Village, mine: _Listing, owners: frozenset[tuple[int, int]] | None = None
) -> Iterable[_Met]:
    """What fits ``mine`` among the open listings of others, or of ``owners`` alone, without what is not told; who is left out
    takes nobody's place.
    """
    looked = kept = 0
    keys = village.comparing.wanted(mine.meaning)
    where, values = of_kind(OTHER[mine.kind], village.hubs)
    if owners is not None:
        where, values = [*where, NAMED.format(column="owner")], [*values, named(owners)]
    for row in candidates(village.index, _COLUMNS, keys, where, values):
        _, _, hub, number, owner, _, category, _, meaning, *_ = row
        if (hub, owner) in village.left_out:
            continue
        theirs = (hub if hub != OWN else village.here, number)
        pair = (theirs, mine.node) if mine.kind == WANT else (mine.node, theirs)
        if pair in village.over:
            continue
        if looked >= DEEPEST or (looked >= ENOUGH and kept >= FEW):
            return
        looked += 1
        offer, want = (meaning, mine.meaning) if mine.kind == WANT else (mine.meaning, meaning)
        score = village.comparing.score(offer, want, mine.category, category)
        if not score:
            continue
        if village.is_apart(offer, want):
            continue
        kept += 1
        yield _Met(mine, _listing(row, village.here), pair, score)


def _listing(row: tuple[Any, ...], here: int) -> _Listing:
    place, record, hub, number, owner, kind, category, opened_ms, meaning, hours, where = row
    node = (hub if hub != OWN else here, number)
    return _Listing(
        place,
        listing_id(record, hub, number),
        hub,
        number,
        owner,
        kind,
        category,
        opened_ms,
        meaning,
        node,
        None if hours is None else int(hours, 16),
        frozenset((where or "").split()),
    )


def why(offer: tuple[str, str], want: tuple[str, str]) -> Why | None:
    """Why an offer and a want (title and text) fit; None when they do not, any more."""
    found = fit(read(*offer), read(*want))
    return None if found is None or found.score < THRESHOLD else found.why
