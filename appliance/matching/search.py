"""Search over open listings: by words, kind, category and owner, page by page. Own ones come first,
after them those of the other hubs that are asked for.

What people type is never a query language here: it is cut into words, each quoted, each found
as the beginning of a word; all must be there. So ``"``, ``*``, ``OR`` or ``NEAR(`` are harmless.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from appliance.matching import text
from appliance.matching.index import OWN, Index, ListingId, listing_id
from appliance.matching.scoring import Why
from appliance.matching.vocabulary import STOP_WORDS

NEWEST: Final = "newest"
BEST: Final = "best"

MOST_WORDS: Final = 8
MOST_HITS: Final = 50
DEEPEST: Final = 1000
"""How far *best first* can be paged; nobody reads on after twenty pages."""

TITLE_WEIGHT, TEXT_WEIGHT = 4.0, 1.0
"""A word in the title says what a listing is about."""


@dataclass(frozen=True, slots=True)
class Query:
    """What is searched for. Empty fields do not restrict.

    ``categories`` are keys of kinds, any of which will do. ``owner`` is a member of this hub; ``hidden`` are members whose listings are not shown (those
    who are not active); ``without`` are people of any hub whose listings the reader does not want, by hub and number.
    ``hubs`` are the other hubs whose listings are looked at; own ones are, too,
    unless ``own`` is false. ``since_ms``: only what came here since then. ``only``: only these, by hub (``OWN`` for this
    one) and number; with ``people`` those of these owners, too; ``within``: of all that, only these.
    ``close``: own ones come first all the same, and of these those that are named here; then, by ``minutes``, those of nearer
    hubs before those of farther ones, and of hubs that are not in it last. ``but``: none of these.
    """

    text: str = ""
    kind: str | None = None
    categories: Collection[str] = ()
    owner: int | None = None
    order: str = NEWEST
    hidden: Collection[int] = ()
    without: Collection[tuple[int, int]] = ()
    hubs: Collection[int] = ()
    own: bool = True
    since_ms: int = 0
    only: Collection[tuple[int, int]] | None = None
    people: Collection[tuple[int, int]] | None = None
    within: Collection[tuple[int, int]] | None = None
    close: Collection[tuple[int, int]] | None = None
    but: Collection[tuple[int, int]] = ()
    minutes: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hit:
    """An open listing. ``place`` orders them: own before others, in each the newer first.

    ``why`` it is shown though it has not the words themselves: ``offered`` are its own words, ``wanted`` those that were typed.
    """

    id: ListingId
    place: int
    owner: int
    kind: str
    category: str
    why: Why | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Found:
    """A page of hits; ``more`` continues after it, None at the end."""

    hits: tuple[Hit, ...]
    more: str | None


def fts_query(typed: str) -> str | None:
    """``typed`` as a safe FTS5 query; None when there is no word in it."""
    found = list(dict.fromkeys(text.words(typed)))
    telling = [word for word in found if word not in STOP_WORDS] or found
    parts = []
    for word in telling[:MOST_WORDS]:
        others = [f'"{form}"' for form in sorted(text.forms(word) - {word})]
        # In a script without spaces a word is a row of signs somewhere in a longer one.
        signs = " ".join(text.pieces(word))
        parts.append("(" + " OR ".join([f'"{signs}" *', *others]) + ")")
    return " AND ".join(parts) or None


def find(index: Index, query: Query, after: str | None = None, limit: int = 20) -> Found:
    """One page of open listings that fit.

    Args:
        after: ``more`` of the page before; something else is taken as the beginning.
        limit: 1 to ``MOST_HITS``.
    """
    limit = max(1, min(limit, MOST_HITS))
    match = fts_query(query.text)
    if query.text.strip() and match is None:
        return Found((), None)  # only punctuation: nothing fits it
    where, values = filters(query)
    sql = "SELECT l.id, l.hub, l.number, l.place, l.owner, l.kind, l.category FROM listing l"
    if match is not None:
        sql += " JOIN page ON page.rowid = l.place"
        where.append("page MATCH ?")
        values.append(match)
    best = match is not None and query.order == BEST
    ranked = best or query.close is not None
    start = _start(after, "b" if ranked else "n")
    if start and not ranked:
        where.append("l.place < ?")
        values.append(start)
    sql += " WHERE " + " AND ".join(where)
    if ranked:
        start = min(start, DEEPEST)
        order = [f"l.hub != {OWN}"]
        if query.close is not None:
            order.append(f"NOT {NAMED.format(column='number')}")
            values.append(named(query.close))
            order += [_how_far(query.minutes)] if query.minutes else []
        if best:
            order.append(f"bm25(page, {TITLE_WEIGHT}, {TEXT_WEIGHT})")
        sql += f" ORDER BY {', '.join(order)}, l.place DESC LIMIT ? OFFSET ?"
        values += [limit + 1, start]
    else:
        sql += " ORDER BY l.place DESC LIMIT ?"
        values.append(limit + 1)
    rows = index.rows(sql, values)
    hits = tuple(Hit(listing_id(*row[:3]), *row[3:]) for row in rows[:limit])
    if len(rows) <= limit or (ranked and start + limit > DEEPEST):
        return Found(hits, None)
    return Found(hits, f"b{start + limit}" if ranked else f"n{hits[-1].place}")


def among(index: Index, query: Query, places: Collection[int]) -> tuple[Hit, ...]:
    """Which of the listings at ``places`` fit a query without words; in no order."""
    where, values = filters(query)
    sql = f"""SELECT l.id, l.hub, l.number, l.place, l.owner, l.kind, l.category FROM listing l
    WHERE l.place IN (SELECT value FROM json_each(?)) AND {" AND ".join(where)}"""  # noqa: S608 - conditions of ours
    rows = index.rows(sql, [json.dumps([*places]), *values])
    return tuple(Hit(listing_id(*row[:3]), *row[3:]) for row in rows)


def counts(index: Index, query: Query) -> dict[str, int]:
    """How many open listings there are of each kind; words are not looked at."""
    where, values = filters(query)
    sql = f"SELECT l.category, COUNT(*) FROM listing l WHERE {' AND '.join(where)} GROUP BY l.category"  # noqa: S608 - conditions of ours
    return {str(category): int(number) for category, number in index.rows(sql, values)}


def filters(query: Query) -> tuple[list[str], list[Any]]:
    """What a query asks beside its words, as conditions on the table ``listing l``, and their values."""
    hubs = [] if query.owner is not None else list(query.hubs)
    if query.own:
        hubs.append(OWN)
    # With the +, SQLite walks by place, which is the order of the answer, and stops when it has enough; by the index of
    # hubs and owners it would take up all listings of the village and sort them.
    column = "l.hub" if query.owner is not None else "+l.hub"
    where = [f"{column} IN ({', '.join('?' * len(hubs))})"]
    values: list[Any] = [*hubs]
    if query.categories:
        where.append(f"l.category IN ({', '.join('?' * len(query.categories))})")
        values += query.categories
    for column, value in (("kind", query.kind), ("owner", query.owner)):
        if value is not None:
            where.append(f"l.{column} = ?")
            values.append(value)
    if query.since_ms:
        where.append("l.opened_ms >= ?")
        values.append(query.since_ms)
    for meant in _meant(query):
        where.append(meant[0])
        values += meant[1]
    if query.hidden:
        where.append(f"(l.hub != {OWN} OR l.owner NOT IN ({', '.join('?' * len(query.hidden))}))")
        values += query.hidden
    if query.but:
        where.append(f"NOT {NAMED.format(column='number')}")
        values.append(named(query.but))
    if query.without:
        where.append(f"NOT {NAMED.format(column='owner')}")
        values.append(named(query.without))
    return where, values


def _meant(query: Query) -> list[tuple[str, list[Any]]]:
    """The conditions that it is one of those that are asked for by number, or of those people."""
    asked = [[("number", query.only), ("owner", query.people)], [("number", query.within)]]
    found: list[tuple[str, list[Any]]] = []
    for either in asked:
        given = [(column, those) for column, those in either if those is not None]
        parts = [NAMED.format(column=column) for column, _ in given]
        values = [named(those) for _, those in given]
        if given:
            found.append((f"({' OR '.join(parts)})", values))
    return found


def named(those: Collection[tuple[int, int]]) -> str:
    """Listings or people, by hub and number, as the value that ``NAMED`` asks for."""
    return json.dumps([(hub << _BITS) | number for hub, number in those])


_BITS: Final = 44
NAMED: Final = "((l.hub << 44) | l.{column}) IN (SELECT value FROM json_each(?))"
"""Numbers of listings and people take fewer bits; above them stands the hub."""


def way(query: Query, hub: int) -> int:
    """How far ``hub`` is, in minutes, where what is near comes first; else all are equally far."""
    return 0 if query.close is None or hub == OWN else query.minutes.get(hub, _NOWHERE)


_NOWHERE: Final = 1 << 30
"""More than any way has, for hubs of which nobody has said how far they are."""


def _how_far(minutes: Mapping[int, int]) -> str:
    """The minutes to a listing's hub, as a column."""
    told = " ".join(f"WHEN {int(hub)} THEN {int(far)}" for hub, far in minutes.items())
    return f"CASE l.hub {told} ELSE {_NOWHERE} END"


def _start(after: str | None, order: str) -> int:
    digits = after[1:] if after and after.startswith(order) else ""
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 15 else 0
