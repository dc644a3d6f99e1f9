"""Stems: what the inflected forms of one word have in common, by language.

Snowball's stemmers where there is one for the language; what they do not reach (Swahili, the Arabic article, Hindi's
dotted letters) is done here. A stem is for looking up and comparing, nobody reads it.
"""

import re
from functools import cache
from typing import Final

from snowballstemmer import stemmer

_ALGORITHMS: Final = {
    "en": "english",
    "es": "spanish",
    "fr": "french",
    "pt": "portuguese",
    "hi": "hindi",
    "ar": "arabic",
}

_SWAHILI_BEGINNINGS: Final = (
    *("nina", "ana", "tuna", "wana", "una", "nita", "ata", "tuta", "wata", "nime", "ame", "tume", "wame"),
    *("nili", "ali", "tuli", "wali", "ku", "na"),
)
_SWAHILI_DONE: Final = re.compile("(?<=[a-z]{2})(?:l?[ie])?wa$")
"""Of verbs: it is done to somebody or for somebody. *Kukamuliwa*, *kukamua*; *kusukwa*, *kusuka*."""
_SPANISH_ENDINGS: Final = re.compile(r"(?<=[aei]r)(?:me|te|se|le|lo|la|nos|les|los|las)$")
"""Who it is done to, written onto the infinitive: *llevarte*."""
_FRENCH_PLURAL: Final = re.compile(r"(?<=..)(?<!e)aux$")
"""*Bocaux*, *bocal*; not *bateaux*."""
_ARABIC_BEGINNINGS: Final = ("وال", "بال", "كال", "فال", "لل", "ال")
_ARABIC_ENDINGS: Final = re.compile("(?<=...)(?:\u0627\u062a|\u0647)$")
"""Feminine, one and many: *washing machine*, *washing machines*."""
_ONE_LETTER: Final = str.maketrans(
    {
        "\u0629": "\u0647",
        "\u0638": "\u0636",
        "\u0649": "\u064a",
        "\u0640": None,
        "\u093c": None,
        "\u0901": "\u0902",
    }
)
"""Arabic ta marbuta, alif maqsura and dha as people type them; Hindi without dots, one nasal sign."""


@cache
def _stemmer(language: str) -> object:
    return stemmer(_ALGORITHMS[language])


@cache
def stem(word: str, language: str) -> str:
    """The stem of a folded word in ``language``; the word itself where nothing is known of the language."""
    word = word.translate(_ONE_LETTER)
    if language == "ar":
        word = _without(word, _ARABIC_BEGINNINGS, 2)
        word = _ARABIC_ENDINGS.sub("", word)
    if language == "es":
        word = _SPANISH_ENDINGS.sub("", word)
    if language == "fr":
        word = _FRENCH_PLURAL.sub("al", word)
    if language == "sw":
        root = _without(word, _SWAHILI_BEGINNINGS, 4)
        return _SWAHILI_DONE.sub("a", root) if root != word else word
    if language not in _ALGORITHMS:
        return word
    found = str(_stemmer(language).stemWord(word))  # type: ignore[attr-defined]
    return found if len(found) >= 2 else word


def _without(word: str, beginnings: tuple[str, ...], least: int) -> str:
    for beginning in beginnings:
        if word.startswith(beginning) and len(word) - len(beginning) >= least:
            return word[len(beginning) :]
    return word
