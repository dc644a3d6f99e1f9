"""What comes near to the words of a search that nothing answers word for word: mistyped, another word for the same,
another language, a kind of it. First by the words that listings have, then by what they say (``scoring``), as between offers and wants; the best first.
"""

from dataclasses import replace
from typing import Any, Final

from rapidfuzz import process
from rapidfuzz.distance import OSA

from appliance.matching import text
from appliance.matching.comparing import DEEPEST, ENOUGH, candidates, meaning_of
from appliance.matching.index import OWN, Index, listing_id
from appliance.matching.lexicon import LANGUAGES, lexicon
from appliance.matching.reading import read
from appliance.matching.scoring import SLIP, THRESHOLD, Fit, Why, fit, wanted_keys
from appliance.matching.search import MOST_HITS, MOST_WORDS, Found, Hit, Query, filters, find, way
from appliance.matching.spelling import doublings, edits_allowed, sound

_MOST_KEYS: Final = 400
_HEARD_EDITS: Final = 2


def near(index: Index, query: Query, limit: int = 20) -> Found:
    """Open listings that mean much the same as ``query.text``, the best first; all on one page.

    Args:
        limit: 1 to ``MOST_HITS``.
    """
    limit = max(1, min(limit, MOST_HITS))
    respelled: tuple[Hit, ...] = ()
    for anew in (False, True):
        put_right = _spelled(index, query.text, anew)
        meant = " ".join(right for _, right in put_right)
        respelled = find(index, replace(query, text=meant), None, limit).hits if meant else ()
        if respelled:
            slips = [(word, right) for word, right in put_right if word != right]
            typed, right = (" ".join(words) for words in zip(*slips, strict=True))
            why = Why(SLIP, right, typed, None)
            respelled = tuple(replace(hit, why=why) for hit in respelled)
            break
    others = [hit for hit in _alike(index, query) if hit not in respelled]
    return Found((*respelled, *others)[:limit], None)


def beside(index: Index, query: Query, found: Found, limit: int = 20) -> tuple[Hit, ...]:
    """What means much the same as ``query.text`` in other words or another language, and is not in ``found``.

    One who looks for eggs wants to see *Huevos*, too, where somebody else has written *Eggs*.

    Args:
        found: what has the words themselves, whole: nothing continues after it.
        limit: 1 to ``MOST_HITS``.
    """
    return tuple(hit for hit in _alike(index, query) if hit not in found.hits)[
        : max(1, min(limit, MOST_HITS))
    ]


def _alike(index: Index, query: Query) -> list[Hit]:
    """Those that mean much the same, the best first; where what is near comes first, of each village."""
    wanted = read(query.text)
    keys = sorted(wanted_keys(wanted))[:_MOST_KEYS]
    if not keys:
        return []
    known: dict[str, Fit | None] = {}
    close = query.close or ()
    scored: list[tuple[tuple[Any, ...], Hit]] = []
    for looked, row in enumerate(candidates(index, _COLUMNS, keys, *filters(query))):
        if looked >= DEEPEST or (looked >= ENOUGH and len(scored) >= MOST_HITS):
            break
        place, record, hub, number, owner, kind, category, meaning = row
        if meaning not in known:
            known[meaning] = fit(meaning_of(meaning), wanted)
        found = known[meaning]
        if found is not None and found.score >= THRESHOLD:
            hit = Hit(listing_id(record, hub, number), place, owner, kind, category, found.why)
            near_by = (hub != OWN, (hub, number) not in close, way(query, hub))
            scored.append(((*near_by, -found.score, -place), hit))
    scored.sort(key=lambda one: one[0])
    return [hit for _, hit in scored]


_COLUMNS: Final = "l.place, l.id, l.hub, l.number, l.owner, l.kind, l.category, l.meaning"


def _spelled(index: Index, typed: str, anew: bool) -> list[tuple[str, str]]:
    """The words of ``typed``, each with what was meant: those that no listing has are put right by one that some has.
    Empty when nothing is put right.

    ``anew``: also words that some listing has, as somebody may have made the same slip in one that is not looked for.
    """
    found: list[tuple[str, str]] = []
    for word in text.words(typed)[:MOST_WORDS]:
        right = word
        # A word that means something is meant: *painting* is no mistyped *printing*.
        edits = 0 if _is_a_word(word) else edits_allowed(word)
        if edits and (anew or not index.rows(_ANY, _from(word))):
            terms = [str(term) for (term,) in index.rows(_BEGINS, _from(word[0])) if term != word]
            right = _meant(word, terms, edits)
        elif not _is_a_word(word):
            right = next((whole for whole in doublings(word) if index.rows(_HAS, (whole,))), word)
        found.append((word, right))
    return found if any(word != right for word, right in found) else []


def _meant(word: str, terms: list[str], edits: int) -> str:
    """The one of ``terms`` that a mistyped word was meant to be; ``word`` itself when none is."""
    best = process.extractOne(word, terms, scorer=OSA.distance, score_cutoff=edits)
    if best:
        return str(best[0])
    heard = sound(word)  # written as it is heard: *bycicle*
    alike = [term for term in terms if sound(term) == heard and OSA.distance(word, term) <= _HEARD_EDITS]
    return min(alike, key=lambda term: (OSA.distance(word, term), term), default=word)


def _is_a_word(word: str) -> bool:
    known = lexicon()
    return word in known.everyday or any((word,) in known.exact[language] for language in LANGUAGES)


def _from(beginning: str) -> tuple[str, str]:
    """From where to where the words with this beginning stand."""
    return beginning, beginning + chr(0x10FFFF)


_ANY: Final = "SELECT 1 FROM word WHERE term >= ? AND term < ? LIMIT 1"
_HAS: Final = "SELECT 1 FROM word WHERE term = ?"
_BEGINS: Final = "SELECT term FROM word WHERE term >= ? AND term < ?"
