"""New matches, for the first page of those whom they are about: looked for when a listing has come or was changed, not when a page is opened.

A listing that is new here, or says something else than before, own or of another hub, is looked at once: whom it concerns
(``concerned``), with the rules of the suggestions. What a changed listing had in common with another one before is no
news. Each member keeps ``MOST_NEWS``, those that fit best, of equals the newest: the first page tells no more.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from appliance.ledger.book.schema_talk import MatchNew
from appliance.ledger.book.store import Tx
from appliance.ledger.hub import Hub
from appliance.ledger.reads.trading import MOST_NEWS, NEW_DAYS, Pair
from appliance.matching.concerned import COLUMNS, Looking, One
from appliance.matching.index import OWN, OWN_PLACES, Changed, Index

AT_ONCE: Final = 20
"""So many new listings at most are looked at in one go."""

_NOTE: Final = "matches_told"
DAY_MS: Final = 86_400_000

News = tuple[int, Pair]
"""A member, and the match that is news."""


def tell_new(hub: Hub, index: Index) -> int:
    """Find what the listings that came since the last time have brought, and keep it for the first pages; how many matches.

    What could not be kept is looked for again the next time. A cache that was made anew tells nothing of what it finds: it would all be new.
    Nobody is kept from writing while it looks.

    Args:
        index: has followed the ledger.

    Raises:
        DataDirectoryError: it could not be kept.
    """
    noted, changed = index.noted(_NOTE), index.changed(AT_ONCE)
    tops = [_top(index, own) for own in (True, False)]
    if noted is None:
        index.tick_off(changed)
        index.note(_NOTE, _mark(tops))
        return 0
    since = [int(number) for number in noted.split()]
    if tops == since and not changed:
        return 0
    rows = [row for own, place in zip((True, False), since, strict=True) for row in _came(index, own, place)]
    rows = rows[:AT_ONCE]
    with hub.reading() as tx:
        looking = Looking(index, tx)
        found = {
            (one.member, one.pair): one.score for row in rows for one in looking.concerned(looking.one(row))
        }
        gone: set[News] = set()
        for change in changed:
            new, over = _changed(index, tx, looking, change)
            found.update(new)
            gone |= over
    if found or gone:
        _keep(hub, found, gone)
    # Only what is kept is done with: a full card, or a power cut before this line, loses no news.
    index.tick_off(changed)
    index.note(_NOTE, _mark(_done(rows, since, tops)))
    return len(found)


def _mark(tops: list[int]) -> str:
    return " ".join(map(str, tops))


def _done(rows: list[tuple[Any, ...]], since: list[int], tops: list[int]) -> list[int]:
    """Up to where own and others were looked at; a top that fell, when the last one was taken down, is where to go on from."""
    reached = [
        max((row[0] for row in rows if (row[1] == OWN) == own), default=before)
        for own, before in zip((True, False), since, strict=True)
    ]
    return [min(one, top) for one, top in zip(reached, tops, strict=True)]


def _top(index: Index, own: bool) -> int:
    ((top,),) = index.rows(f"SELECT COALESCE(MAX(place), 0) FROM listing WHERE {_WHOSE[own]}")  # noqa: S608 - ours
    return int(top)


def _came(index: Index, own: bool, since: int) -> list[tuple[Any, ...]]:
    sql = f"SELECT {COLUMNS} FROM listing l WHERE {_WHOSE[own]} AND place > ?"  # noqa: S608 - ours
    return index.rows(sql + " ORDER BY place LIMIT ?", (since, AT_ONCE))


_WHOSE: Final = {True: f"place >= {OWN_PLACES}", False: f"place < {OWN_PLACES}"}


def _changed(index: Index, tx: Tx, looking: Looking, change: Changed) -> tuple[dict[News, float], set[News]]:
    """Of a listing that says something else: what is a match that was none before, and what was news and is no match any more."""
    rows = index.rows(f"SELECT {COLUMNS} FROM listing l WHERE l.place = ?", (change.place,))  # noqa: S608 - columns of ours
    if not rows:
        return {}, set()  # it has been taken down since, and nobody is shown it
    listing = looking.one(rows[0])
    new = {(one.member, one.pair): one.score for one in looking.concerned(listing, change.before)}
    told = {(row.member, _pair_of(row)) for row in tx.found(MatchNew, _WITH, *listing.node, *listing.node)}
    return new, {news for news in told if not _stands(index, looking, listing, news[1])}


def _stands(index: Index, looking: Looking, listing: One, pair: Pair) -> bool:
    """Whether the two of a match still fit."""
    hub, number = next(node for node in pair if node != listing.node)
    rows = index.rows(_THAT, (OWN if hub == looking.here else hub, number))
    return any(looking.fits(listing, looking.one(row)) for row in rows)


_THAT: Final = f"SELECT {COLUMNS} FROM listing l WHERE l.hub = ? AND l.number = ?"  # noqa: S608 - columns of ours


def _pair_of(row: MatchNew) -> Pair:
    return (row.offer_hub, row.offer), (row.want_hub, row.want)


def _keep(hub: Hub, found: Mapping[News, float], gone: set[News]) -> None:
    now_ms = hub.clock.now().ms
    with hub.store.write() as tx:
        tx.delete(MatchNew, MatchNew.at_ms < now_ms - NEW_DAYS * DAY_MS)
        for member, pair in gone:
            tx.select(_DROP, member, *pair[0], *pair[1])
        for (member, ((offer_hub, offer), (want_hub, want))), score in sorted(found.items()):
            sides = {"offer_hub": offer_hub, "offer": offer, "want_hub": want_hub, "want": want}
            tx.put(MatchNew, member=member, at_ms=now_ms, fit=round(score * 1000), **sides)
        members = json.dumps(sorted({member for member, _ in found}))
        for (member,) in tx.select(_WITH_MANY, members, MOST_NEWS):
            tx.select(_ONLY_THE_BEST, member, member, MOST_NEWS)


_WITH: Final = "offer_hub = ? AND offer = ? OR want_hub = ? AND want = ?"
_DROP: Final = """
DELETE FROM match_new WHERE member = ? AND offer_hub = ? AND offer = ? AND want_hub = ? AND want = ? RETURNING member
"""
_WITH_MANY: Final = """
SELECT member FROM match_new WHERE member IN (SELECT value FROM json_each(?)) GROUP BY member HAVING COUNT(*) > ?
"""
_ONLY_THE_BEST: Final = """
DELETE FROM match_new WHERE member = ? AND rowid NOT IN (
  SELECT rowid FROM match_new WHERE member = ? ORDER BY fit DESC, at_ms DESC, rowid DESC LIMIT ?) RETURNING member
"""
