"""Who gives or needs what was typed: people by their listings, for the directory."""

from dataclasses import replace
from typing import Final

from appliance.matching import text
from appliance.matching.index import OWN, FarId, Index
from appliance.matching.near import beside, near
from appliance.matching.search import BEST, MOST_HITS, Found, Hit, Query, find

Lister = tuple[int, int]
"""Somebody who lists: hub (``OWN`` for this one) and number."""

MOST_PAGES: Final = 6
"""So many pages of ``MOST_HITS`` listings are looked at; a directory with more people would say too little."""

_SHORTEST: Final = 3
"""Fewer letters, of an alphabet, are the beginning of a name and of too many words."""


def who_lists(index: Index, query: Query) -> dict[Lister, tuple[Hit, ...]]:
    """Who lists what ``query.text`` asks for, as the market finds it: mistyped, in other words, in other languages.

    Each with the listings that were found, the best first. Nobody where it is a number, or too short to be a word.
    """
    words = [word for word in text.words(query.text) if not word.isdecimal()]
    if not any(len(word) >= _SHORTEST or not word.isascii() for word in words):
        return {}
    found: dict[Lister, tuple[Hit, ...]] = {}
    for hit in _hits(index, replace(query, order=BEST)):
        who = (hit.id.hub if isinstance(hit.id, FarId) else OWN, hit.owner)
        found[who] = (*found.get(who, ()), hit)
    return found


def _hits(index: Index, query: Query) -> tuple[Hit, ...]:
    hits: tuple[Hit, ...] = ()
    after: str | None = None
    for _page in range(MOST_PAGES):
        found = find(index, query, after, MOST_HITS)
        hits, after = (*hits, *found.hits), found.more
        if after is None:
            break
    if not hits:
        return near(index, query, MOST_HITS).hits
    return (*hits, *beside(index, query, Found(hits, None), MOST_HITS)) if after is None else hits
