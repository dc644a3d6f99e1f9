"""The village lexicon: what people trade, as concepts in two levels and more, with their words in seven languages.

The data stands beside this file (``lexicon/``). A line is a concept: its name, what it is a kind of (``<``), what sort
of concept it is (``+``), the parent a change of form belongs to (``@``); then its words, one column a language, in the
order of ``LANGUAGES``. Sorts:

* ``root``: a heading of the taxonomy. Alone it says little.
* ``act``: work that is the heading of a listing; what it is done to comes second. ``vague`` acts say little without it.
* ``mode``: what is done with a thing (repair, teach, lend, ...). *Bicycle* and *bicycle repair* are not one thing.
* ``subject``: is taught, unless something else is said (English, yoga).
* ``makes``, ``sole``: see ``MAKES`` and ``SOLE`` below.
* ``ctx``: people, places and times that tell little by themselves.

``blends.txt`` says what act and thing are together: look after + child = babysitting. ``signs.txt``: what emoji name.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files
from typing import Final

from appliance.matching import text
from appliance.matching.stems import stem

LANGUAGES: Final = ("en", "es", "fr", "pt", "sw", "hi", "ar")
LATIN: Final = ("en", "es", "fr", "pt", "sw")
PARTS: Final = ("food", "garden", "animals", "home", "work", "people", "culture", "modes")

ROOT, ACT, MODE, SUBJECT, CONTEXT, VAGUE = "root", "act", "mode", "subject", "ctx", "vague"
MAKES: Final = "makes"
"""An act whose outcome is a thing: who bakes has cakes."""

SOLE: Final = "sole"
"""An act that is not done to things: a *gardening book* is a book, though *cleaning carpets* is cleaning."""

PART: Final = "@part"
"""A part of a thing, or what belongs to it: of that thing alone, and nothing without it, as any two things have parts."""

LONGEST_PHRASE: Final = 5

Spelling = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Concept:
    """Something that is traded. ``words`` are by language, the first of each is what people are shown."""

    id: str
    parents: tuple[str, ...]
    sorts: frozenset[str]
    words: dict[str, tuple[str, ...]] = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Small:
    """The small words of one language: said of anything, *not*, *and*, *of*."""

    stop: frozenset[str]
    negation: frozenset[str]
    conjunction: frozenset[str]
    preposition: frozenset[str]


class Lexicon:
    """All concepts. Made once a process (``lexicon()``)."""

    def __init__(self) -> None:
        self.concepts: dict[str, Concept] = {}
        for part in PARTS:
            for line in _lines(part):
                concept = _concept(line)
                assert concept.id not in self.concepts, concept.id
                self.concepts[concept.id] = concept
        self.small = dict(_small())
        self.lookalikes = frozenset(word for line in _lines("lookalikes") for word in line.split())
        self.signs = dict(pair for line in _lines("signs") for pair in _sign(line))
        self.blends = tuple(_blend(line) for line in _lines("blends"))
        self._single: dict[tuple[str, ...], dict[str, tuple[str, ...]]] = {}
        self._above = {name: self._distances(name) for name in self.concepts}
        self._below: dict[str, list[str]] = {}
        for name, above in self._above.items():
            for parent in above:
                self._below.setdefault(parent, []).append(name)

    def _distances(self, name: str) -> dict[str, int]:
        found: dict[str, int] = {}
        level = [name]
        while level:
            level = [parent for one in level for parent in self.concepts[one].parents]
            steps = 1 + max(found.values(), default=0)
            for parent in level:
                found.setdefault(parent, steps)
        return found

    def above(self, name: str) -> dict[str, int]:
        """What ``name`` is a kind of, with the number of steps; nothing for a word the lexicon has not."""
        return self._above.get(name, {})

    def below(self, name: str) -> list[str]:
        """What is a kind of ``name``."""
        return self._below.get(name, [])

    def sorts(self, name: str) -> frozenset[str]:
        """What sort of concept ``name`` is; none for a word the lexicon has not."""
        concept = self.concepts.get(name)
        return concept.sorts if concept else frozenset()

    def label(self, name: str, language: str) -> str | None:
        """The word for a concept in ``language``; None when it is none, or there is no such language."""
        concept = self.concepts.get(name)
        words = concept.words.get(language, ()) if concept else ()
        return words[0] if words else None

    @cached_property
    def exact(self) -> dict[str, dict[Spelling, tuple[str, ...]]]:
        """By language: the folded words of a phrase, and the concepts it may mean."""
        return {language: self._spelled(language, stemmed=False) for language in LANGUAGES}

    @cached_property
    def stemmed(self) -> dict[str, dict[Spelling, tuple[str, ...]]]:
        """As ``exact``, each word cut to its stem."""
        return {language: self._spelled(language, stemmed=True) for language in LANGUAGES}

    def _spelled(self, language: str, *, stemmed: bool) -> dict[Spelling, tuple[str, ...]]:
        found: dict[Spelling, tuple[str, ...]] = {}
        for concept in self.concepts.values():
            for written in concept.words.get(language, ()):
                words = text.words(written)
                key = tuple(stem(word, language) for word in words) if stemmed else tuple(words)
                known = found.get(key, ())
                if concept.id not in known:
                    found[key] = (*known, concept.id)
        return found

    def single(self, languages: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
        """Words of four letters and more of ``languages``, in an order that stays: what a mistyped one may be."""
        if (known := self._single.get(languages)) is not None:
            return known
        found: dict[str, tuple[str, ...]] = {}
        for language in languages:
            for key, names in self.exact[language].items():
                if len(key) == 1 and len(key[0]) >= 4:
                    found[key[0]] = tuple(dict.fromkeys((*found.get(key[0], ()), *names)))
        self._single[languages] = found = dict(sorted(found.items()))
        return found

    @cached_property
    def written(self) -> dict[str, frozenset[str]]:
        """Single words in Latin letters as they are written, by what is left without accents."""
        found: dict[str, set[str]] = {}
        for concept in self.concepts.values():
            for word in (word.casefold() for words in concept.words.values() for word in words):
                if " " not in word and (plain := text.fold(word)).isascii():
                    found.setdefault(plain, set()).add(word)
        return {plain: frozenset(words) for plain, words in found.items()}

    @cached_property
    def everyday(self) -> frozenset[str]:
        """Words that are spelled right, whatever they are like."""
        small = (word for one in self.small.values() for word in one.stop)
        inside = (word for table in self.exact.values() for key in table for word in key)
        return frozenset((*self.lookalikes, *small, *inside))

    @cached_property
    def everyday_stems(self) -> dict[str, frozenset[str]]:
        """By language: the stems of the words inside the lexicon's phrases. Inflected, they are spelled right too."""
        return {
            language: frozenset(word for key in self.stemmed[language] for word in key)
            for language in (*LATIN, "hi")
        }


@cache
def lexicon() -> Lexicon:
    """The lexicon; read once."""
    return Lexicon()


@cache
def fingerprint() -> str:
    """A mark of the lexicon's data: another one, and what was read with it is read anew."""
    mark = 0
    for part in (*PARTS, "stop", "blends", "signs", "times", "lookalikes"):
        mark = zlib.crc32(_page(part).encode("utf-8"), mark)
    return f"{mark:08x}"


def _page(part: str) -> str:
    return files("appliance.matching").joinpath("lexicon", f"{part}.txt").read_text("utf-8")


def _lines(part: str) -> Iterator[str]:
    return (line for line in _page(part).splitlines() if line.strip() and not line.startswith("#"))


def _concept(line: str) -> Concept:
    head, *columns = (part.strip() for part in line.split("|"))
    assert len(columns) == len(LANGUAGES), line
    name, *marks = head.split()
    words = {
        language: tuple(word.strip() for word in column.split(",") if word.strip())
        for language, column in zip(LANGUAGES, columns, strict=True)
    }
    marked = {sign: [mark[1:] for mark in marks if mark[0] == sign] for sign in "<+@"}
    # The name of a mode begins with @; a concept that gives one (seed) is that mode.
    name = "@" + marked["@"][0] if marked["@"] else name
    return Concept(name, tuple(marked["<"]), frozenset(marked["+"]), words)


def _sign(line: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    names, _, signs = line.partition("|")
    for sign in signs.split():
        yield sign, tuple(names.split())


def _blend(line: str) -> tuple[str, str, str]:
    what, _, outcome = line.partition("=")
    act, _, thing = what.partition("+")
    return act.strip(), thing.strip(), outcome.strip()


def _small() -> Iterator[tuple[str, Small]]:
    found: dict[tuple[str, str], frozenset[str]] = {}
    for line in _lines("stop"):
        head, _, body = line.partition(":")
        language, kind = head.split()
        found[language, kind] = frozenset(text.words(body))
    for language in LANGUAGES:
        kinds = [found.get((language, kind), frozenset()) for kind in ("stop", "not", "and", "of")]
        yield language, Small(*kinds)
