"""How the listings of one village fit by what they say, for as long as one page or one run takes.

What is compared once is known: a village has many more listings than things to say. Words that so many listings share
that they tell nothing here are left out. Candidates come from the index by key, the nearest and newest first.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

from appliance.ledger.market.listings import OFFER, WANT
from appliance.matching.index import Index
from appliance.matching.meaning import WORD, Meaning, from_text
from appliance.matching.scoring import THRESHOLD, Closeness, Numbered, Why, fit, wanted_keys, with_category

COMMON_PART: Final = 5
"""A word in more than one of five listings of a village tells nothing there ..."""
COMMON_FROM: Final = 40
"""... once the village has this many. Of words in the lexicon this is not said: many may have eggs."""

ENOUGH: Final = 400
"""So many listings that might fit one are looked at, the nearest and newest; more only while few of them do ..."""
FEW: Final = 30
"""... and so few is few ..."""
DEEPEST: Final = 4_000
"""... up to here."""

_AT_ONCE: Final = 400

OTHER: Final = {OFFER: WANT, WANT: OFFER}

meaning_of = lru_cache(maxsize=4096)(from_text)


class Comparing:
    """Compares what listings say. Meanings are texts, as the index keeps them: equal texts are equal meanings."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._all = int(index.rows("SELECT COUNT(*) FROM listing")[0][0])
        self._closeness = Closeness()
        self._common: dict[str, bool] = {}
        self._told: dict[str, tuple[Numbered, bool]] = {}
        self._telling: dict[str, Numbered] = {}
        self._scores: dict[tuple[str, str], float] = {}

    def score(self, offer: str, want: str, category: str, other: str) -> float:
        """How well ``offer`` serves ``want``, seen with the categories of both; 0 when that is less than the threshold."""
        close = self._scores.get((offer, want))
        if close is None:
            close = self._scores[offer, want] = self._close(offer, want)
        if not close:
            return 0.0
        score = with_category(close, category, other)
        return score if score >= THRESHOLD else 0.0

    def why(self, offer: str, want: str) -> Why:
        """Why two fit that do."""
        found = fit(self.without_common(meaning_of(offer)), self.without_common(meaning_of(want)))
        assert found is not None  # they have a score
        return found.why

    def wanted(self, kept: str) -> list[str]:
        """The keys under which those stand that may fit a meaning; none when it tells nothing here."""
        return sorted(wanted_keys(self.without_common(meaning_of(kept))))

    def without_common(self, meaning: Meaning) -> Meaning:
        """``meaning`` without the segments that are about a word that tells nothing here."""
        return tuple(one for one in meaning if not self._tells_nothing(one.head.keys[0]))

    def _close(self, offer: str, want: str) -> float:
        (mine, plain), (theirs, plainly) = self._numbered(offer), self._numbered(want)
        close = self._closeness.between(mine, theirs)
        # With segments left out it can only be less.
        if not close or (plain and plainly):
            return close
        return self._closeness.between(self._without(offer), self._without(want))

    def _numbered(self, kept: str) -> tuple[Numbered, bool]:
        """A meaning for the comparison, and whether all of it is about things that the lexicon has."""
        found = self._told.get(kept)
        if found is None:
            meaning = meaning_of(kept)
            plain = not any(one.head.keys[0].startswith(WORD) for one in meaning)
            found = self._told[kept] = self._closeness.numbered(meaning), plain
        return found

    def _without(self, kept: str) -> Numbered:
        found = self._telling.get(kept)
        if found is None:
            telling = self.without_common(meaning_of(kept))
            found = self._telling[kept] = self._closeness.numbered(telling)
        return found

    def _tells_nothing(self, key: str) -> bool:
        if self._all < COMMON_FROM or not key.startswith(WORD):
            return False
        if key not in self._common:
            rows = self._index.rows("SELECT COUNT(*) FROM topic WHERE key = ?", (key,))
            self._common[key] = int(rows[0][0]) * COMMON_PART > self._all
        return self._common[key]


def candidates(
    index: Index, columns: str, keys: Sequence[str], where: Sequence[str], values: Sequence[Any]
) -> Iterator[tuple[Any, ...]]:
    """Listings that stand under one of ``keys``, the nearest and newest first, one by one.

    Args:
        columns: of the table ``listing l``; the place is the first.
        where, values: further conditions on it, and what they ask for: who does not fulfil them takes nobody's place.
    """
    sql = f"""SELECT {columns} FROM listing l WHERE {" AND ".join(where)}
    AND l.place IN (SELECT place FROM topic WHERE key IN ({", ".join("?" * len(keys))}) AND place < ?)
    ORDER BY l.place DESC LIMIT ?"""  # noqa: S608 - columns and conditions of ours, and marks
    before = 1 << 62
    while keys:
        rows = index.rows(sql, (*values, *keys, before, _AT_ONCE))
        yield from rows
        if len(rows) < _AT_ONCE:
            return
        before = rows[-1][0]


def of_kind(kind: str, hubs: Sequence[int]) -> tuple[list[str], list[Any]]:
    """The conditions for ``candidates`` that it is one of this kind, at one of these hubs; +: see ``search.filters``."""
    return [f"+l.hub IN ({', '.join('?' * len(hubs))})", "l.kind = ?"], [*hubs, kind]
