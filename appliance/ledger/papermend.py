"""What is wrong in a root paper that was typed in: which word or group, as far as that can be known.

A tired person writes one word for another, leaves one out, swaps two, or a letter. The check of the words
has 8 bits only, so it cannot say alone which word is wrong: of all words in all places some 190 would fit.
Three things help. A word that is nearly the one that was typed is more likely than any other; where only
one such would fit, it is named as what *looks* wrong. The letters carry a check of 24 bits, which names the
place by itself. And where the root's public key is known (the box's own, or a backup's header), the right
secret is told from all others (``find``).

Nothing is ever taken in by itself: the paper is to be put right, and typed again.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from appliance.ledger import paperwords
from appliance.ledger.keys import RootPaper, letters_of
from appliance.ledger.paperwords import WORDS

_BASE32: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_LETTERS: Final = 56
_GROUP: Final = 4
_LIST: Final = 2048

Places = tuple[int, ...]
Fits = Callable[[RootPaper], bool]


@dataclass(frozen=True, slots=True)
class Mended:
    """A paper that differs in one thing from what was typed, and what that is."""

    secret: bytes = field(repr=False)
    said: str


def find(text: str, fits: Fits) -> Mended | None:
    """What one mistake in ``text`` was, when the paper that is meant can be told by ``fits``.

    Words: one is another or none, one is missing or too many, two are swapped. Letters: one is
    another, missing or too many, or two neighbours are swapped.
    Takes up to a few seconds on a small board.
    """
    if not paperwords.look_like(text):
        found = _of_letters(letters_of(text))
        return found if found is not None and fits(RootPaper(found.secret)) else None
    tokens, language = paperwords.typed(text)
    for one in _changes([paperwords.place_of(token, language) for token in tokens], language):
        if fits(RootPaper(one.secret)):
            return one
    return None


# ------------------------------------------------------------------------------------------------ words


def _changes(places: Sequence[int | None], language: str) -> Iterator[Mended]:
    """Every paper that one mistake in the words leads to and whose check fits."""
    unknown = [at for at, place in enumerate(places) if place is None]
    if len(unknown) > 1:
        return
    known = [place for place in places if place is not None]
    if len(places) == WORDS:
        for at in unknown or range(WORDS):
            yield from _with_another(places, at, range(_LIST), language)
    if len(known) == len(places) == WORDS:
        yield from _swapped(known, ((a, b) for a in range(WORDS) for b in range(a + 1, WORDS)))
    if len(known) == len(places) == WORDS - 1:
        for at in range(WORDS):
            for word in range(_LIST):
                yield from _fitting(
                    (*known[:at], word, *known[at:]),
                    f"word {at + 1} is missing: {paperwords.word_at(word, language)!r}",
                )
    if len(places) == WORDS + 1:
        for at in unknown or range(WORDS + 1):
            rest = [place for other, place in enumerate(places) if other != at]
            yield from _fitting(tuple(place or 0 for place in rest), f"word {at + 1} is one too many")


def _with_another(
    places: Sequence[int | None], at: int, words: Sequence[int], language: str
) -> Iterator[Mended]:
    for word in words:
        if word != places[at]:
            changed = [word if other == at else place or 0 for other, place in enumerate(places)]
            yield from _fitting(
                tuple(changed), f"word {at + 1} is wrong: {paperwords.word_at(word, language)!r} would fit"
            )


def _swapped(places: Sequence[int], pairs: Iterator[tuple[int, int]]) -> Iterator[Mended]:
    for a, b in pairs:
        if places[a] != places[b]:
            changed = list(places)
            changed[a], changed[b] = changed[b], changed[a]
            yield from _fitting(tuple(changed), f"words {a + 1} and {b + 1} are swapped")


def _fitting(places: Places, said: str) -> Iterator[Mended]:
    secret = paperwords.secret_of(places)
    if secret is not None:
        yield Mended(secret, said)


def hint_for_words(tokens: Sequence[str], language: str) -> str:
    """What looks wrong in 24 words whose check does not fit, or of which one is none; empty when that cannot be seen.

    Without a key that tells the right secret this is likely, not sure.
    """
    places = [paperwords.place_of(token, language) for token in tokens]
    unknown = [at for at, place in enumerate(places) if place is None]
    if len(places) != WORDS or len(unknown) > 1:
        return ""
    found: list[Mended] = []
    for at in unknown or range(WORDS):
        found.extend(_with_another(places, at, _near(tokens[at], language), language))
    if not unknown:
        known = [place for place in places if place is not None]
        found.extend(_swapped(known, ((at, at + 1) for at in range(WORDS - 1))))
    if len(found) != 1:
        return ""
    return f"; it looks as if {found[0].said}"


@cache
def _near(token: str, language: str) -> tuple[int, ...]:
    """The words that differ in one letter from what was typed, or in two neighbours swapped."""
    return tuple(
        place
        for place, word in enumerate(paperwords.plain_list(language))
        if word != token and _one_apart(token, word)
    )


def _one_apart(one: str, other: str) -> bool:
    """Whether one letter more, less or other, or two neighbours swapped, makes ``other`` out of ``one``."""
    if abs(len(one) - len(other)) > 1:
        return False
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    a, b = one[start:], other[start:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])


# ------------------------------------------------------------------------------------------------ letters


def said_of_letters(letters: str) -> str:
    """Why capitals without spaces are not the letters of a root paper, and which group is wrong when that can be seen."""
    found = _of_letters(letters)
    if found is not None:
        return found.said
    foreign = [at for at, letter in enumerate(letters) if letter not in _BASE32]
    if len(letters) in range(_LETTERS - 8, _LETTERS + 9) and 0 < len(foreign) <= 3:
        groups = sorted({at // _GROUP + 1 for at in foreign})
        return f"what no paper has stands in group {', '.join(map(str, groups))}"
    if abs(len(letters) - _LETTERS) <= 8 and not foreign:
        count = f"{_LETTERS} letters and digits are needed, these are {len(letters)}"
        return "a letter is wrong, or two are swapped" if len(letters) == _LETTERS else count
    return "not the letters of a root paper"


def _of_letters(letters: str) -> Mended | None:
    """The paper that one letter, one swap of neighbours, one letter missing or too many lead to."""
    if abs(len(letters) - _LETTERS) > 1:
        return None
    for at, changed in _letters_changed(letters):
        paper = RootPaper.of_letters(changed)
        if paper is not None:
            group = min(at // _GROUP, _LETTERS // _GROUP - 1)
            return Mended(
                paper.secret, f"group {group + 1} is wrong: {paper.text().split()[group]} would fit"
            )
    return None


def _letters_changed(letters: str) -> Iterator[tuple[int, str]]:
    for at in range(len(letters) + 1):
        before, after = letters[:at], letters[at:]
        if len(letters) == _LETTERS and after:
            yield from ((at, before + one + after[1:]) for one in _BASE32 if one != after[0])
            yield at, before + after[1:2] + after[0] + after[2:]
        elif len(letters) == _LETTERS - 1:
            yield from ((at, before + one + after) for one in _BASE32)
        elif len(letters) == _LETTERS + 1 and after:
            yield at, before + after[1:]
