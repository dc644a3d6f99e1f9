"""Terms of which somebody in this village said that they are no match, and what is another form of them.

*No match* is said of two terms as they stand in two listings (*saw*, *saws*). It holds for all forms of these words, as the matcher
knows forms: what has one stem in one of its languages, and is one thing in the lexicon (*care* and *cars* have one stem in
French). It does not hold for other words of the same meaning: a village that keeps *bread* from *rolls* may want *pan* and *rolls*.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from appliance.matching import text
from appliance.matching.lexicon import LANGUAGES
from appliance.matching.meaning import RUN, WORD
from appliance.matching.reading import read
from appliance.matching.stems import stem

Form = tuple[str, tuple[str, ...]]
"""A language, and the stems of a term's words in it."""


class Apart:
    """Pairs of terms that are kept apart, in both directions.

    Args:
        pairs: what was offered and what was wanted, as somebody said it.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._pairs = tuple(pairs)
        self._known: dict[tuple[str, str], bool] = {}

    def __bool__(self) -> bool:
        return bool(self._pairs)

    def __call__(self, offered: str, wanted: str) -> bool:
        """Whether these two terms are kept apart."""
        if not self._pairs:
            return False
        terms = (offered, wanted) if offered <= wanted else (wanted, offered)
        if terms not in self._known:
            self._known[terms] = any(
                (one_word(terms[0], one) and one_word(terms[1], other))
                or (one_word(terms[0], other) and one_word(terms[1], one))
                for one, other in self._pairs
            )
        return self._known[terms]


def one_word(one: str, other: str) -> bool:
    """Whether two terms are forms of the same words."""
    if one == other:
        return True
    mine, theirs = _keys(one), _keys(other)
    unknown = all(key.startswith((WORD, RUN)) for key in mine | theirs)
    if not unknown and mine.isdisjoint(theirs):
        return False
    if not _forms(one).isdisjoint(_forms(other)):
        return True
    return not unknown and not _swahili(one).isdisjoint(_swahili(other))


@lru_cache(maxsize=4096)
def _forms(term: str) -> frozenset[Form]:
    words = text.words(term)
    return frozenset((name, tuple(stem(word, name) for word in words)) for name in LANGUAGES if words)


_CLASSES: Final = ("mi", "m", "wa", "ki", "vi", "ma", "ji", "u", "n")
"""How Swahili nouns begin, one and many: *mkate*, *mikate*. Too short to tell words apart that the lexicon has not."""


@lru_cache(maxsize=4096)
def _swahili(term: str) -> frozenset[str]:
    """What may be left of a single word without its class; the word itself, too (*tunda*, *matunda*)."""
    words = text.words(term)
    if len(words) != 1:
        return frozenset()
    left = {words[0].removeprefix(beginning) for beginning in _CLASSES}
    return frozenset(root for root in left if len(root) >= 2)


@lru_cache(maxsize=4096)
def _keys(term: str) -> frozenset[str]:
    """What a term may be about, and what is done with it."""
    found = {key for segment in read(term) for topic in segment.topics for key in topic.keys}
    return frozenset(found.union(*(segment.modes for segment in read(term))))
