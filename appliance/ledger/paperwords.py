"""A root secret as 24 words that people can write, read aloud and type.

They are those of BIP-39 (https://github.com/bitcoin/bips/blob/master/bip-0039.mediawiki) by its reference
package: 2,048 words a language, chosen so that four letters tell them apart; the last word carries a
check of 8 bits. What is typed may be in any of the languages, whatever the paper's was, in capitals,
without accents, numbered, and cut to four letters.
"""

import re
import unicodedata
from functools import cache
from typing import Final

from mnemonic import Mnemonic

from appliance.ledger.errors import BadPaper

WORDS: Final = 24
LANGUAGES: Final = {"en": "english", "es": "spanish", "fr": "french", "pt": "portuguese"}
"""Languages that have words, and how the package calls them. Papers in another have English words."""

_PREFIX: Final = 4
_NUMBERING: Final = re.compile(r"\d{1,2}[.):]?")


@cache
def _list(language: str) -> Mnemonic:
    return Mnemonic(LANGUAGES[language])


@cache
def _places(language: str) -> dict[str, int]:
    """Where a word stands in the list, by all that may be typed for it: whole, or at least its first four letters."""
    found: dict[str, int] = {}
    for place, word in enumerate(_list(language).wordlist):
        plain = _plain(word)
        # A word of three letters goes before the longer one that begins with it.
        for length in range(_PREFIX, len(plain)):
            found.setdefault(plain[:length], place)
        found[plain] = place
    return found


def _plain(word: str) -> str:
    apart = unicodedata.normalize("NFKD", word.casefold())
    return "".join(c for c in apart if not unicodedata.combining(c))


def to_words(secret: bytes, language: str = "en") -> tuple[str, ...]:
    """The 24 words of a secret of 32 bytes. A language without words has the English ones."""
    known = language if language in LANGUAGES else "en"
    text = _list(known).to_mnemonic(secret)
    return tuple(unicodedata.normalize("NFC", word) for word in text.split())


def look_like(text: str) -> bool:
    """Whether ``text`` was meant to be words: most of it stands in one of the lists."""
    tokens = _tokens(text)
    return len(tokens) >= 3 and 2 * len(_unknown(tokens, _language(tokens))) < len(tokens)


def from_words(text: str) -> bytes:
    """The secret of 32 bytes whose words were typed.

    Raises:
        BadPaper: a word is in no list (the text says which by its place), there are not 24, or they
            do not belong together.
    """
    tokens = _tokens(text)
    # A few words stand in two lists; the check then shows whose list is meant.
    for language in LANGUAGES:
        if len(tokens) == WORDS and not _unknown(tokens, language):
            words = [_list(language).wordlist[_places(language)[token]] for token in tokens]
            try:
                return bytes(_list(language).to_entropy(words))
            except ValueError:
                continue
    unknown = _unknown(tokens, _language(tokens))
    if unknown:
        places = ", ".join(str(place) for place in unknown)
        which = f"word {places} is" if len(unknown) == 1 else f"words {places} are"
        raise BadPaper(f"{which} not in the list: look again at how it is written")
    if len(tokens) != WORDS:
        raise BadPaper(f"{WORDS} words are needed, these are {len(tokens)}")
    raise BadPaper(
        "every word is in the list, but they do not belong together: one is another, or two are swapped"
    )


def _tokens(text: str) -> list[str]:
    return [_plain(one.strip(".,;:")) for one in text.split() if not _NUMBERING.fullmatch(one)]


def _language(tokens: list[str]) -> str:
    """The language in which most of them are words."""
    return min(LANGUAGES, key=lambda language: len(_unknown(tokens, language)))


def _unknown(tokens: list[str], language: str) -> list[int]:
    """The places, from 1, of what is no word of the language."""
    return [place for place, token in enumerate(tokens, 1) if token not in _places(language)]
