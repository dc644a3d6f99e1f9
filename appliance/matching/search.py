"""Search over open listings: by words, kind, category and owner, page by page. Own ones come first,
after them those of the other hubs that are asked for.

What people type is never a query language here: it is cut into words, each quoted, each found
as the beginning of a word; all must be there. So ``"``, ``*``, ``OR`` or ``NEAR(`` are harmless.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from appliance.matching import text
from appliance.matching.index import OWN, Index, ListingId, listing_id
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

    ``owner`` is a member of this hub; ``hidden`` are members whose listings are not shown (those
    who are not active). ``hubs`` are the other hubs whose listings are looked at; own ones are, too,
    unless ``own`` is false.
    """

    text: str = ""
    kind: str | None = None
    category: str | None = None
    owner: int | None = None
    order: str = NEWEST
    hidden: Collection[int] = ()
    hubs: Collection[int] = ()
    own: bool = True


@dataclass(frozen=True, slots=True)
class Hit:
    """An open listing. ``place`` orders them: own before others, in each the newer first."""

    id: ListingId
    place: int
    owner: int
    kind: str
    category: str


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
        parts.append("(" + " OR ".join([f'"{word}" *', *others]) + ")")
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
    where, values = _filters(query)
    sql = "SELECT l.id, l.hub, l.number, l.place, l.owner, l.kind, l.category FROM listing l"
    if match is not None:
        sql += " JOIN page ON page.rowid = l.place"
        where.append("page MATCH ?")
        values.append(match)
    ranked = match is not None and query.order == BEST
    start = _start(after, "b" if ranked else "n")
    if start and not ranked:
        where.append("l.place < ?")
        values.append(start)
    sql += " WHERE " + " AND ".join(where)
    if ranked:
        start = min(start, DEEPEST)
        best = f"l.hub != {OWN}, bm25(page, {TITLE_WEIGHT}, {TEXT_WEIGHT}), l.place DESC"
        sql += f" ORDER BY {best} LIMIT ? OFFSET ?"
        values += [limit + 1, start]
    else:
        sql += " ORDER BY l.place DESC LIMIT ?"
        values.append(limit + 1)
    rows = index.rows(sql, values)
    hits = tuple(Hit(listing_id(*row[:3]), *row[3:]) for row in rows[:limit])
    if len(rows) <= limit or (ranked and start + limit > DEEPEST):
        return Found(hits, None)
    return Found(hits, f"b{start + limit}" if ranked else f"n{hits[-1].place}")


def _filters(query: Query) -> tuple[list[str], list[Any]]:
    hubs = [] if query.owner is not None else list(query.hubs)
    if query.own:
        hubs.append(OWN)
    where = [f"l.hub IN ({', '.join('?' * len(hubs))})"]
    values: list[Any] = [*hubs]
    for column, value in (("kind", query.kind), ("category", query.category), ("owner", query.owner)):
        if value is not None:
            where.append(f"l.{column} = ?")
            values.append(value)
    if query.hidden:
        where.append(f"(l.hub != {OWN} OR l.owner NOT IN ({', '.join('?' * len(query.hidden))}))")
        values += query.hidden
    return where, values


def _start(after: str | None, order: str) -> int:
    digits = after[1:] if after and after.startswith(order) else ""
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 15 else 0
