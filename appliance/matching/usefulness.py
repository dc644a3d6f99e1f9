"""The market in the order of what is of use to one member: first what fits an own offer or want, in the order of the
suggestions; then the rest, by what the ledger knows (``ranking``): room on both sides for the price, the same place,
trade before, how new it is, how far the village. This hub's before other hubs'; own listings last.

The work is bounded, however large the market: of the rest the newest ``LOOKED_AT`` are compared, and after them it goes on
newest first.
"""

import json
from dataclasses import dataclass, field, replace
from typing import Final

from appliance.ledger.book.store import Tx
from appliance.ledger.market.listings import OFFER
from appliance.matching.index import OWN, FarId, Index
from appliance.matching.matcher import Suggestion, fitting
from appliance.matching.ranking import Known, Ranking, Theirs
from appliance.matching.search import MOST_HITS, NEWEST, Hit, Query, among, find, way

LOOKED_AT: Final = 150


@dataclass(frozen=True, slots=True)
class Useful:
    """A listing and what speaks for it. ``fits``: the own listing that it fits, and why; None when it fits none."""

    hit: Hit
    fits: Suggestion | None = None
    known: Known = field(default_factory=Known)


@dataclass(frozen=True, slots=True)
class UsefulPage:
    """One page; ``more`` continues after it, None at the end."""

    shown: tuple[Useful, ...]
    more: str | None


def useful(
    index: Index, tx: Tx, member: int, query: Query, now_ms: int, after: str | None = None, limit: int = 20
) -> UsefulPage:
    """One page of the open listings that ``query`` asks for, the most useful to ``member`` first.

    Args:
        index: has followed the ledger.
        query: without words; of one kind, offers where it names none.
        after: ``more`` of the page before; something else is taken as the beginning.
        limit: 1 to ``MOST_HITS``.
    """
    limit = max(1, min(limit, MOST_HITS))
    query = replace(query, order=NEWEST)
    fits = {_node(one): one for one in fitting(index, tx, member, now_ms, query.kind or OFFER)}
    rest = replace(query, but=tuple(fits))
    if after is not None and not after.startswith(_HEAD):
        found = find(index, rest, after, limit)
        return UsefulPage(tuple(map(Useful, found.hits)), found.more)
    head, tail = _head(index, tx, member, query, rest, fits, now_ms)
    start = int(after[1:]) if after is not None and after[1:].isdecimal() and len(after) < 8 else 0
    end = start + limit
    return UsefulPage(tuple(head[start:end]), f"{_HEAD}{end}" if end < len(head) else tail)


_HEAD: Final = "u"
"""Begins what continues within what is compared; after that it is the search's own."""


def _node(one: Suggestion) -> tuple[int, int]:
    """The other's listing, as a query names it."""
    _hub, number = one.pair[0 if one.kind == OFFER else 1]
    return (one.theirs.hub if isinstance(one.theirs, FarId) else OWN), number


def _head(
    index: Index,
    tx: Tx,
    member: int,
    query: Query,
    rest: Query,
    fits: dict[tuple[int, int], Suggestion],
    now_ms: int,
) -> tuple[list[Useful], str | None]:
    """What is compared, in its order; and where it goes on, newest first, None when that is all."""
    served = list(among(index, query, [one.place for one in fits.values()])) if fits else []
    hits, tail = _pages(index, rest, LOOKED_AT)
    facts = _facts(index, [hit.place for hit in (*served, *hits)])
    order = {node: place for place, node in enumerate(fits)}
    # Near first, when that is asked for; in places that are equally far what is of use.
    served.sort(key=lambda hit: (way(query, facts[hit.place].node[0]), order[facts[hit.place].node]))
    head = [Useful(hit, fits[facts[hit.place].node], fits[facts[hit.place].node].known) for hit in served]

    ranking, here = Ranking(tx, member, now_ms), _own_places(index, member)
    close = frozenset(query.close or ())
    scored: list[tuple[tuple[bool, bool, int, bool, float, int], Useful]] = []
    for hit in hits:
        fact = facts[hit.place]
        hub, number = fact.node
        theirs = Theirs(None if hub == OWN else hub, number, hit.owner, hit.kind)
        known = ranking.known(theirs, both_ways=False, near=not here.isdisjoint(fact.where))
        added = ranking.adds(theirs, known, fact.opened_ms)
        mine = hub == OWN and hit.owner == member
        key = (hub != OWN, fact.node not in close, way(query, hub), mine, -added, -hit.place)
        scored.append((key, Useful(hit, None, known)))
    scored.sort(key=lambda one: one[0])
    return [*head, *(one for _key, one in scored)], tail


def _pages(index: Index, query: Query, most: int) -> tuple[list[Hit], str | None]:
    """The first ``most`` hits, and what continues after them."""
    hits: list[Hit] = []
    after: str | None = None
    while len(hits) < most:
        found = find(index, query, after, MOST_HITS)
        hits += found.hits
        after = found.more
        if after is None:
            break
    return hits, after


@dataclass(frozen=True, slots=True)
class _Fact:
    node: tuple[int, int]
    opened_ms: int
    where: frozenset[str]


def _facts(index: Index, places: list[int]) -> dict[int, _Fact]:
    rows = index.rows(_OF, (json.dumps(places),))
    return {
        int(place): _Fact((int(hub), int(number)), int(opened), frozenset((where or "").split()))
        for place, hub, number, opened, where in rows
    }


_OF: Final = """
SELECT place, hub, number, opened_ms, place_words FROM listing WHERE place IN (SELECT value FROM json_each(?))
"""


def _own_places(index: Index, member: int) -> frozenset[str]:
    """The words of the places that the member's own listings name."""
    rows = index.rows(
        "SELECT place_words FROM listing WHERE hub = ? AND owner = ? AND place_words IS NOT NULL",
        (OWN, member),
    )
    return frozenset(word for (words,) in rows for word in words.split())
