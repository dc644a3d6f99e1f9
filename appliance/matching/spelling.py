"""From what was typed to concepts: languages told apart, phrases found, mistyped words understood.

A word is looked up as it stands, then by its stem, first in the languages that the text seems to be in, then in the
others. A word that nobody knows may be a mistyped one: one edit away from a word of the lexicon, two when it is
long, the first letter right. Words of everyday language are never taken for mistyped: *printing* is not *painting*.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from rapidfuzz import process
from rapidfuzz.distance import OSA

from appliance.matching import hindi, text
from appliance.matching.lexicon import LANGUAGES, LATIN, LONGEST_PHRASE, Lexicon, lexicon
from appliance.matching.meaning import RUN, WORD, Topic
from appliance.matching.stems import stem

OTHER_LANGUAGE: Final = 0.9
MISTYPED: Final = 0.9
_SHORTEST_MISTYPED: Final = 4
_GENDERED: Final = frozenset(("es", "fr", "pt"))
_SHORT_STEM: Final = 3
_TWO_EDITS_FROM: Final = 10
_FIRST_LETTER_FROM: Final = 6
"""Of shorter words the first letter is right: *rasta* is no *pasta*."""


@dataclass(frozen=True, slots=True)
class Found:
    """Some words in a row that mean something: how many words, and what. No topic: they say nothing."""

    length: int
    topic: Topic | None


_THREE: Final = {"eng": "en", "spa": "es", "fra": "fr", "fre": "fr", "por": "pt", "swa": "sw", "swh": "sw", "hin": "hi"} | {
    "ara": "ar", "arb": "ar", "arz": "ar", "apc": "ar", "ary": "ar",
}  # fmt: skip


def language_hint(said: str | None) -> str | None:
    """The language that a text is said to be in (``es``, ``es-MX``, ``spa``), by its two letters; None when nothing is."""
    first = re.split(r"[-_.]", (said or "").strip().casefold(), maxsplit=1)[0]
    return first if len(first) == 2 else _THREE.get(first)


def languages_of(words: Sequence[str], hint: str | None = None) -> tuple[str, ...]:
    """The languages ``words`` seem to be in, the likeliest only; all of a script when nothing tells them apart."""
    if hint in ("hi", "ar"):
        return (hint,)
    joined = "".join(words)
    if any("\u0900" <= char <= "\u097f" for char in joined):
        return ("hi",)
    if any("\u0600" <= char <= "\u06ff" for char in joined):
        return ("ar",)
    if hint not in LATIN and hindi.is_typed_in_latin(words):
        return ("hi",)
    lex = lexicon()
    points = {language: _points(lex, words, language) for language in LATIN}
    if hint in points:
        points[hint] += 1.0
    best = max(points.values())
    return tuple(language for language in LATIN if points[language] > best - 0.3)


def _points(lex: Lexicon, words: Sequence[str], language: str) -> float:
    small, exact, stemmed = lex.small[language], lex.exact[language], lex.stemmed[language]
    points = 0.0
    for word in words:
        if word in small.stop or word in small.negation:
            points += 0.7
        elif (word,) in exact:
            points += 1.0
        elif (stem(word, language),) in stemmed:
            points += 0.7
    return points


class Speller:
    """Looks words up for one text, in the languages it is in."""

    def __init__(self, languages: Iterable[str], marked: Mapping[str, str] | None = None) -> None:
        """``marked``: words of the text that have accents (``text.marked``)."""
        self._lex = lexicon()
        self._marked = marked or {}
        self.languages = tuple(languages)
        others = LATIN if self.languages[0] in LATIN else LANGUAGES
        self._others = tuple(language for language in others if language not in self.languages)
        # Typed in Spanish, it is a slip in a Spanish word; only of a text in any language it may be one in any.
        self._meant_in = self.languages if len(self.languages) < len(LATIN) else LANGUAGES
        self.small = [self._lex.small[language] for language in self.languages]

    def words(self, written: str) -> list[str]:
        """The words of a piece of the text, folded; those of Hindi as the lexicon spells them."""
        found = text.words(written)
        return [hindi.spelled(word) for word in found] if self.languages == ("hi",) else found

    def stops(self, word: str) -> bool:
        """Whether a word says nothing in any of the languages."""
        return any(word in one.stop for one in self.small)

    def joins(self, word: str) -> bool:
        """Whether it parts a list (and, or)."""
        return any(word in one.conjunction for one in self.small)

    def denies(self, word: str) -> bool:
        """Whether it takes back what follows (not, without)."""
        return any(word in one.negation for one in self.small)

    def ends_head(self, word: str) -> bool:
        """Whether the chief word stood before it, in a language where it comes last otherwise (of, for)."""
        return any(word in one.preposition for one in self.small)

    def at(self, words: Sequence[str], place: int) -> Found:
        """What the words from ``place`` on mean: the longest phrase that means something."""
        for length in range(min(LONGEST_PHRASE, len(words) - place), 0, -1):
            part = tuple(words[place : place + length])
            if length == 1 and self.stops(part[0]) and not self._is_exact(part):
                return Found(1, None)
            if names := self._named(part, self.languages):
                return Found(length, Topic(names, " ".join(part)))
            if length > 1 and (names := self._named(part, self._others)):
                return Found(length, Topic(names, " ".join(part), OTHER_LANGUAGE))
            if length == 2 and (topic := self._joined(part)):
                return Found(2, topic)
        return Found(1, self._one(words[place]))

    def _is_exact(self, part: tuple[str, ...]) -> bool:
        return any(part in self._lex.exact[language] for language in self.languages)

    def _named(self, part: tuple[str, ...], languages: Iterable[str]) -> tuple[str, ...]:
        """What a phrase may mean: as it stands in any of ``languages``, else by stems in any."""
        if len(part) == 1 and self._is_another(part[0]):
            return ()
        names: dict[str, None] = {}
        for language in languages:
            names.update(dict.fromkeys(self._lex.exact[language].get(part, ())))
        if names:
            return tuple(names)
        for language in languages:
            if language in _GENDERED and len(part) == 1 and _says_little(part[0], language):
                continue
            key = tuple(stem(word, language) for word in part)
            names.update(dict.fromkeys(self._lex.stemmed[language].get(key, ())))
        return tuple(names)

    def _is_another(self, word: str) -> bool:
        """Whether its accents make it another word than all that are spelled so without them."""
        right = self._lex.written.get(word)
        typed = self._marked.get(word, word)
        return right is not None and all(text.at_odds(typed, one) for one in right)

    def _joined(self, part: tuple[str, ...]) -> Topic | None:
        """Two words that are written as one elsewhere: *fire wood*."""
        if any(len(word) < 2 or self.stops(word) or self.joins(word) or self.denies(word) for word in part):
            return None
        joined = "".join(part)
        if names := self._named((joined,), self.languages):
            return Topic(names, joined)
        everyday = self._lex.everyday
        if part[0] in everyday and part[1] in everyday:
            return None
        return self._mistyped(joined) if min(map(len, part)) >= 3 else None

    def _mistyped(self, *typed: str) -> Topic | None:
        for word in typed:
            if (meant := mistyped(word, self._meant_in)) is not None:
                return Topic(self._lex.single(self._meant_in)[meant], meant, MISTYPED)
        return None

    def _one(self, word: str) -> Topic | None:
        if word.isdigit() or (len(word) < 2 and not _spaceless(word)):
            return None
        if self.languages[0] == "ar" and word[0] == "و" and len(word) > 3:
            names = self._named((word[1:],), ("ar",))
            if names:
                return Topic(names, word[1:])
        if len(word) >= _SHORTEST_MISTYPED or not word.isascii():
            if names := self._named((word,), self._others):
                return Topic(names, word, OTHER_LANGUAGE)
            slip = self._mistyped(word, *([word[:-1]] if word.endswith("s") else []))
            if slip is not None and sound(slip.word) == sound(word):
                return slip
            if len(self.languages) == len(LATIN) and (names := self._named((hindi.spelled(word),), ("hi",))):
                return Topic(names, word, OTHER_LANGUAGE)
            if slip is not None:
                return slip
        elif meant := halved(word, self._meant_in):
            return Topic(self._lex.single(self._meant_in)[meant], meant, MISTYPED)
        if _spaceless(word):
            return Topic((RUN + word,), word)
        if len(word) < 3 and word.isascii():
            return None
        return Topic((WORD + stem(word, self.languages[0]),), word)


@lru_cache(maxsize=20_000)
def mistyped(word: str, languages: tuple[str, ...]) -> str | None:
    """The word of the lexicon, in one of ``languages``, that ``word`` was meant to be; None when it is none, or spelled right."""
    edits = edits_allowed(word)
    lex = lexicon()
    if (
        not edits
        or word in lex.everyday
        or any(stem(word, name) in lex.everyday_stems[name] for name in LATIN)
    ):
        return None
    alike = [meant for meant in _by_sound(languages).get(sound(word), ()) if OSA.distance(word, meant) <= 2]
    if alike:
        return min(alike, key=lambda meant: (OSA.distance(word, meant), meant))
    right = lex.single(languages)
    best = process.extract(word, list(right), scorer=OSA.distance, score_cutoff=edits, limit=8)
    long = len(word) >= _FIRST_LETTER_FROM or not word.isascii()
    near = [
        (int(distance), meant)
        for meant, distance, _ in best
        if meant[0] == word[0] or (long and distance == 1)
    ]
    near = [(distance, meant) for distance, meant in near if edits_allowed(meant) >= distance]
    return min(near, key=lambda one: (one[0], one[1][0] != word[0], one[1]), default=(0, None))[1]


def doublings(word: str) -> tuple[str, ...]:
    """The words that a short one may be in which a doubled letter was typed once: *egs*, *bok*, *wol*; none for others."""
    if len(word) != _SHORTEST_MISTYPED - 1 or not word.isascii() or not word.isalpha():
        return ()
    return tuple(word[: place + 1] + word[place:] for place in range(len(word)))


@lru_cache(maxsize=20_000)
def halved(word: str, languages: tuple[str, ...]) -> str | None:
    """The word of the lexicon, in one of ``languages``, that a short one was meant to be, if a doubled letter was typed once; None when there is none."""
    lex = lexicon()
    if word in lex.everyday or any((word,) in lex.exact[language] for language in LANGUAGES):
        return None
    return next((meant for meant in doublings(word) if meant in lex.single(languages)), None)


_SOUNDS: Final = str.maketrans({"y": "i", "z": "s", "q": "k", "c": "k", "v": "b", "h": None})


def sound(word: str) -> str:
    """A word as it may be heard, in any of the languages: letters that are taken for one another made one."""
    word = word.replace("ph", "f").replace("ck", "k").replace("qu", "k").translate(_SOUNDS)
    return "".join(char for place, char in enumerate(word) if not place or char != word[place - 1])


@cache
def _by_sound(languages: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for word in lexicon().single(languages):
        if len(word) > _SHORTEST_MISTYPED and word.isascii():
            heard = sound(word)
            found[heard] = (*found.get(heard, ()), word)
    return found


def edits_allowed(word: str) -> int:
    """How many edits away a mistyped word may be from what was meant."""
    if len(word) < _SHORTEST_MISTYPED:
        return 0
    if not word.isascii() and len(word) <= _SHORTEST_MISTYPED:
        return 0
    return 1 if len(word) < _TWO_EDITS_FROM else 2


def _says_little(word: str, language: str) -> bool:
    """Whether a stem is so short that it joins what has nothing in common: *pino* and *piña*."""
    return len(stem(word, language)) <= _SHORT_STEM and not word.endswith(("s", "x"))


def _spaceless(word: str) -> bool:
    return text.script_of(word).startswith(text.SPACELESS)
