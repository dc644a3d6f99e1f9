"""Hindi as it is typed: in Latin letters (*doodh chahiye*), and in Devanagari with one of several spellings (अण्डा, अंडा).

A word is brought to what is heard of it whoever writes it: consonants without breath (*bh*, *b*), one nasal, vowels without
length, no *a* but a first one, as nobody types it the same way twice. Two words that sound so are taken for one, and what
was typed is put as the lexicon spells it. Long *ai* is two sounds or one (*silai*, *bhains*), so both are tried.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import Final

from rapidfuzz.distance import OSA

from appliance.matching.lexicon import lexicon
from appliance.matching.stems import stem

_CONSONANTS: Final = {
    letter: sound
    for sound, letters in {
        "k": "क", "kh": "ख", "g": "ग", "gh": "घ", "c": "च", "ch": "छ", "j": "ज", "jh": "झ", "t": "टत", "th": "ठथ", "d": "डद",
        "dh": "ढध", "n": "ङञणन", "p": "प", "f": "फ", "b": "ब", "bh": "भ", "m": "म", "y": "य", "r": "र", "l": "लळ", "v": "व",
        "sh": "शष", "s": "स", "h": "ह",
    }.items()
    for letter in letters
}  # fmt: skip
_VOWELS: Final = {
    letter: sound
    for sound, letters in {
        "a": "अ", "aa": "आ\u093e", "I": "इई\u093f\u0940", "U": "उऊ\u0941\u0942", "E": "एऐऍ\u0947\u0948\u0945", "O": "ओऔऑ\u094b\u094c\u0949",
        "rI": "ऋ\u0943",
    }.items()
    for letter in letters
}  # fmt: skip
_VIRAMA, _NUKTA, _NASAL = "\u094d", "\u093c", "\u0901\u0902"

_LATIN: Final = (
    ("chh", "CH"), ("ch", "C"), ("ph", "f"), ("x", "ks"), ("[qc]", "k"), ("CH", "ch"), ("C", "c"), ("w", "v"), ("z", "j"),
    ("ee+|ii+", "I"), ("oo+|uu+", "U"), ("ei|ey(?![aeiou])", "E"), ("ou", "O"), ("e", "E"), ("i", "I"), ("o", "O"), ("u", "U"),
)  # fmt: skip
"""What is typed for a sound, in the order in which it is looked for."""

_LOANS: Final = {
    "machine": "mashin",
    "cycle": "saikil",
    "cylinder": "silindar",
    "chair": "cheyar",
    "mobile": "mobail",
    "fridge": "frij",
}
"""English words that keep their English spelling."""

_INFINITIVE: Final = re.compile("(?:[vw]a)?(?:ta|ti|te|na|ni|ne|unga|ungi|enge|kar)$")
"""*sikhata*, *sikhane*, *sikhwana*: all of *sikhana*, to teach."""
_DONE: Final = re.compile("(?:a?v)?aa?(?:t|n)(?:aa|I|E)$")
"""The same in Devanagari, as ``_of_devanagari`` has it: *bunvaanI*, *bunatE*, of *bunanaa*."""
_MANY: Final = ((re.compile("(?:y?[ao]n|yaan)$"), ("", "a")), (re.compile("(?:e|en)$"), ("", "a")))

_SAID: Final = frozenset(
    [
        "chahiye",
        "chaiye",
        "chahie",
        "chahiye",
        "hai",
        "hain",
        "hu",
        "hun",
        "hoon",
        "karna",
        "karni",
        "karta",
        "karti",
        "karte",
        "karwana",
        "karwani",
        "karvana",
        "ke",
        "ki",
        "ka",
        "ko",
        "liye",
        "mujhe",
        "mera",
        "meri",
        "mere",
        "wala",
        "wali",
        "wale",
        "dena",
        "deta",
        "deti",
        "leni",
        "lena",
        "sikhana",
        "sikhata",
        "sikhati",
        "banata",
        "banati",
        "ghar",
        "kaam",
        "milega",
        "milegi",
    ]
)
"""What hardly any sentence of Hindi is without, as it is typed: by these it is told from other languages."""


def is_typed_in_latin(words: Iterable[str]) -> bool:
    """Whether a text in Latin letters is Hindi: by two of its small words, or one beside a word that is traded under and of no other language."""
    said = [word in _SAID for word in words]
    if not any(said):
        return False
    known = lexicon().everyday
    return sum(said) >= 2 or any(word not in _SAID and word not in known and _known(word) for word in words)


def spelled(word: str) -> str:
    """A folded word as the lexicon spells it; as it is when nothing there sounds like it."""
    return _spelled(word) or word


@lru_cache(maxsize=20_000)
def _spelled(word: str) -> str | None:
    if word in _words() or stem(word, "hi") in lexicon().everyday_stems["hi"]:
        return None
    if word.isascii() and word.isalpha():
        return _known(word)
    heard = _of_devanagari(word)
    return _sounding(heard) or (_sounding(base + "na") if (base := _DONE.sub("", heard)) != heard else None)


def _known(word: str) -> str | None:
    """The word in Devanagari for one in Latin letters, in that form or as it stands in the lexicon."""
    for form in _forms(word):
        found = [(meant, heard) for heard in _of_latin(form) if (meant := _sounding(heard)) is not None]
        if found:
            return min(found, key=lambda one: _apart(_of_devanagari(one[0]), one[1]))[0]
    return None


def _forms(word: str) -> Iterator[str]:
    yield word
    if (base := _INFINITIVE.sub("", word)) != word:
        yield base + "na"
    for ending, others in _MANY:
        if (base := ending.sub("", word)) != word and len(base) >= 3:
            yield from (base + other for other in others)


def _sounding(heard: str) -> str | None:
    """The word that sounds so; of several (*gaadi*, a car, and *ghadi*, a clock) the one with the same breath and length."""
    key = _bare(heard)
    words = _by_sound().get(key, ()) if len(key) >= 2 else ()
    return min(words, key=lambda word: _apart(_of_devanagari(word), heard), default=None)


def _apart(one: str, other: str) -> tuple[int, int, int]:
    """How far two ways of saying are apart: breath counts more than length, which is seldom typed."""
    short = OSA.distance(one.replace("aa", "a"), other.replace("aa", "a"))
    return abs(one.count("h") - other.count("h")), short, OSA.distance(one, other)


@cache
def _words() -> frozenset[str]:
    small = lexicon().small["hi"]
    inside = (word for key in lexicon().exact["hi"] for word in key)
    return frozenset((*small.stop, *small.negation, *small.conjunction, *small.preposition, *inside))


@cache
def _by_sound() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for word in sorted(_words(), key=lambda word: (len(word), word)):
        heard = _of_devanagari(word)
        for one in (heard, heard.removesuffix("n")) if word[-1] in _NASAL else (heard,):
            found[_bare(one)] = (*found.get(_bare(one), ()), word)
    return found


def _of_devanagari(word: str) -> str:
    """Sounds: consonants with their breath, ``a`` and ``aa``, the other vowels in capitals."""
    heard: list[str] = []
    open_ = False  # a consonant is said with an *a*, unless a vowel or nothing follows
    for char in word:
        if char in _CONSONANTS:
            heard += ["a" * open_, _CONSONANTS[char]]
            open_ = True
        elif char in _VOWELS:
            heard.append(_VOWELS[char])
            open_ = False
        elif char in _NASAL:
            heard += ["a" * open_, "n"]
            open_ = False
        elif char != _NUKTA:
            open_ = open_ and char != _VIRAMA
    return "".join(heard)


def _of_latin(word: str) -> Iterator[str]:
    word = re.sub("(?<=[bdgjkptszr])y(?=[bdgjkptszrlmn])", "i", _LOANS.get(word, word))
    ways = [(word, "E", "O"), (word, "aI", "aU")]
    if (other := re.sub("eh(?=[a-z])", "ah", word)) != word:  # *shehad*, *shahad*
        ways.append((other, "E", "O"))
    for typed_so, one, other in ways:
        heard = re.sub("ai|ay(?![aeiou])", one, typed_so)
        heard = re.sub("au|aw(?![aeiou])", other, heard)
        for typed, sound in _LATIN:
            heard = re.sub(typed, sound, heard)
        yield heard


def _bare(heard: str) -> str:
    """What two spellings have in common."""
    heard = re.sub("(?<=[aIUEO])y(?=[aIUEO])", "", heard)
    heard = re.sub("(?<=[aIUEO])y$", "I", heard)
    heard = heard[:1] + heard[1:].replace("h", "")
    heard = re.sub("m(?=[pbf])", "n", heard)
    heard = heard[:1] + heard[1:].replace("a", "")
    return re.sub(r"(.)\1+", r"\1", heard)
