"""Words of any script, made comparable.

``fold`` takes away what people leave out when they type on a phone: case, the accents of
Latin and Greek, the vowel points of Arabic and Hebrew. In other scripts a mark is a vowel (Hindi की and
का are two words), so it stays. Digits of every script become 0-9.

``forms`` gives the spellings under which two words count as the same: a word and what it may
be the plural or the -ing form of. Two words meet when they share a form. That is less than a
stemmer does, on purpose: a stemmer makes *care* and *cars* one word, and nothing here
may bring *painting* and *printing* together, so there is no guessing by likeness.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from appliance.ledger.values import western_digits

LONGEST_WORD: Final = 40

_MARKS_GO: Final = ("LATIN", "GREEK", "ARABIC", "HEBREW")
"""Scripts whose readers do without marks."""

_VOWELS: Final = frozenset("aeiouy")


def fold(text: str) -> str:
    """``text`` without case, and without the marks that people leave out."""
    kept: list[str] = []
    script_drops = False
    for char in unicodedata.normalize("NFKD", western_digits(text)):
        if unicodedata.combining(char):
            if not script_drops:
                kept.append(char)
            continue
        script_drops = unicodedata.name(char, "").startswith(_MARKS_GO)
        if char != "\u0640":  # the Arabic stretcher, which is only calligraphy
            kept.append(char)
    return unicodedata.normalize("NFC", "".join(kept).casefold())


def marked(text: str) -> dict[str, str]:
    """The words of ``text`` in Latin letters that have accents, each as it was typed, by what ``fold`` makes of them."""
    typed = (word.casefold() for word in _WORDS.findall(unicodedata.normalize("NFC", text)))
    return {fold(word): word for word in typed if not word.isascii() and fold(word).isascii()}


def at_odds(typed: str, right: str) -> bool:
    """Whether an accent that was typed makes it another word than ``right``: *cuña* (wedge) is no *cuna* (cradle), *papá* no *papa*.

    An accent that was left out says nothing, nor one within a word, which is often put in the wrong place. Both are folded to one.
    """
    if len(typed) != len(right):
        return False
    pairs = [
        (one, other) for one, other in zip(typed, right, strict=True) if one != other and other.isascii()
    ]
    last, first = typed.removesuffix("s")[-1:], right.removesuffix("s")[-1:]
    return any(one in _LETTERS for one, _ in pairs) or (last != first and first.isascii())


_NG: Final = re.compile("(?<=[a-z])ng['\u2019\u02bc](?=[a-z])|(?<![a-z])ng['\u2019\u02bc](?=[aeiou])")
"""Swahili *kung'oa*, *ng'ombe*: one letter, often typed without its mark."""
_WORDS: Final = re.compile(r"\w+")
_LETTERS: Final = frozenset("ñçãõ")
"""Letters of their own, rather than accents."""


def script_of(word: str) -> str:
    """The Unicode name of the first letter, which begins with its script; nothing for no letter."""
    return unicodedata.name(word[:1], "") if word else ""


def words(text: str, longest: int | None = LONGEST_WORD) -> list[str]:
    """The words of ``text``, folded, in their order; of each the first ``longest`` signs (None: all)."""
    found: list[str] = []
    word = ""
    for char in _NG.sub("ng", fold(text)) + " ":
        if char.isalnum() or (word and unicodedata.category(char).startswith("M")):
            word += char
        elif word:
            found.append(word[:longest])
            word = ""
    return found


def kept(text: str) -> str:
    """The words of ``text`` as the search keeps them."""
    return " ".join(piece for word in words(text, None) for piece in pieces(word))


def pieces(word: str) -> list[str]:
    """``word`` as the search keeps it: as it is; in scripts that write without spaces each sign apart, with its marks."""
    if word.isascii():
        return [word]
    found: list[str] = []
    apart = True
    for char in word:
        if found and unicodedata.category(char).startswith("M"):
            found[-1] += char
            continue
        alone = unicodedata.name(char, "").startswith(SPACELESS)
        if not found or alone or apart:
            found.append(char)
        else:
            found[-1] += char
        apart = alone
    return found


SPACELESS: Final = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN")
"""Beginnings of the Unicode names of signs of which words are not parted by spaces, or not always."""


def forms(word: str) -> frozenset[str]:
    """The spellings under which ``word`` meets others. ``word`` is folded already."""
    found = {word}
    if word.isascii() and word.isalpha():
        found.update(_singulars(word))
        for base in tuple(found):
            found.update(_bases(base))
    return frozenset(found)


def _singulars(word: str) -> Iterator[str]:
    if len(word) < 4 or not word.endswith(("s", "x")) or word.endswith(("ss", "us")):
        return
    if word.endswith("eaux"):
        yield word[:-1]
    if not word.endswith("s"):
        return
    yield word[:-1]
    if word.endswith("ies") and len(word) > 4:
        yield word[:-3] + "y"
    if word.endswith("ces") and len(word) > 4:
        yield word[:-3] + "z"  # Spanish: luces, luz
    if word.endswith(("xes", "shes", "ches", "sses")) or (word.endswith("es") and len(word) > 5):
        yield word[:-2]  # boxes, flores


def _bases(word: str) -> Iterator[str]:
    base = word.removesuffix("ing")
    if base == word or not _VOWELS & set(base):
        return
    if len(base) >= 4 or (len(base) == 3 and base[-1] in "wyx"):
        yield base
    if len(base) >= 4 and base[-1] == base[-2] and base[-1] not in _VOWELS:
        yield base[:-1]  # knitting, knit
    if len(base) >= 3:
        yield base + "e"  # baking, bake
