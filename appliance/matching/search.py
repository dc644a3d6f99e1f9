"""Search over open listings: by words, kind, category and owner, page by page.

What people type is never a query language here: it is cut into words, each quoted, each found
as the beginning of a word; all must be there. So ``"``, ``*``, ``OR`` or ``NEAR(`` are harmless.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from appliance.ledger.values import RecordId
from appliance.matching import text
from appliance.matching.index import Index
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

    ``hidden`` are owners whose listings are not shown (members who are not active).
    """

    text: str = ""
    kind: str | None = None
    category: str | None = None
    owner: int | None = None
    order: str = NEWEST
    hidden: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """An open listing. ``entry`` is where the book opened it: newer is larger."""

    id: RecordId
    entry: int
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
    sql = "SELECT l.id, l.entry, l.owner, l.kind, l.category FROM listing l"
    if match is not None:
        sql += " JOIN page ON page.rowid = l.entry"
        where.append("page MATCH ?")
        values.append(match)
    ranked = match is not None and query.order == BEST
    start = _start(after, "b" if ranked else "n")
    if start and not ranked:
        where.append("l.entry < ?")
        values.append(start)
    if where:
        sql += " WHERE " + " AND ".join(where)
    if ranked:
        start = min(start, DEEPEST)
        sql += f" ORDER BY bm25(page, {TITLE_WEIGHT}, {TEXT_WEIGHT}), l.entry DESC LIMIT ? OFFSET ?"
        values += [limit + 1, start]
    else:
        sql += " ORDER BY l.entry DESC LIMIT ?"
        values.append(limit + 1)
    rows = index.rows(sql, values)
    hits = tuple(Hit(RecordId(bytes(row[0])), row[1], row[2], row[3], row[4]) for row in rows[:limit])
    if len(rows) <= limit or (ranked and start + limit > DEEPEST):
        return Found(hits, None)
    return Found(hits, f"b{start + limit}" if ranked else f"n{hits[-1].entry}")


def _filters(query: Query) -> tuple[list[str], list[Any]]:
    where: list[str] = []
    values: list[Any] = []
    for column, value in (("kind", query.kind), ("category", query.category), ("owner", query.owner)):
        if value is not None:
            where.append(f"l.{column} = ?")
            values.append(value)
    if query.hidden:
        where.append(f"l.owner NOT IN ({', '.join('?' * len(query.hidden))})")
        values += query.hidden
    return where, values


def _start(after: str | None, order: str) -> int:
    digits = after[1:] if after and after.startswith(order) else ""
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 15 else 0
