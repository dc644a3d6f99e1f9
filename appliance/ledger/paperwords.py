"""A root secret as 24 words that people can write, read aloud and type.

They are those of BIP-39 (https://github.com/bitcoin/bips/blob/master/bip-0039.mediawiki) by its reference
package: 2,048 words a language, chosen so that four letters tell them apart; the last word carries a
check of 8 bits. What is typed may be in any of the languages, whatever the paper's was, in capitals,
without accents, numbered, with commas, cut to four letters, a word torn in two or two run together.
What is wrong all the same is looked for by ``papermend``.
"""

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import Final

from mnemonic import Mnemonic

from appliance.ledger.errors import BadPaper

WORDS: Final = 24
LANGUAGES: Final = {"en": "english", "es": "spanish", "fr": "french", "pt": "portuguese"}
"""Languages that have words, and how the package calls them. Papers in another have English words."""

_PREFIX: Final = 4
_LETTERS: Final = re.compile(r"[^\W\d_]+")


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
    tokens = tokens_of(text)
    if len(tokens) < 3:
        return False
    whole, language = typed(text)
    return 2 * len(_unknown(whole, language)) < len(whole)


def place_of(word: str, language: str) -> int | None:
    """Where a word that was typed stands in a language's list, from 0; None when it does not."""
    return _places(language).get(_plain("".join(_LETTERS.findall(word))))


def word_at(place: int, language: str) -> str:
    """The word at a place of a language's list, as it is printed."""
    return unicodedata.normalize("NFC", _list(language).wordlist[place])


@cache
def plain_list(language: str) -> tuple[str, ...]:
    """A language's words in their order, without accents."""
    return tuple(_plain(word) for word in _list(language).wordlist)


def from_words(text: str) -> bytes:
    """The secret of 32 bytes whose words were typed.

    Raises:
        BadPaper: a word is in no list (the text says which by its place), there are not 24, or they
            do not belong together. The text says, too, which word looks wrong, when that can be seen.
    """
    from appliance.ledger import papermend

    tokens = tokens_of(text)
    # A few words stand in two lists; the check then shows whose list is meant.
    for language in LANGUAGES:
        whole = _mended_spaces(tokens, language)
        if len(whole) == WORDS and not _unknown(whole, language):
            secret = secret_of([_places(language)[token] for token in whole])
            if secret is not None:
                return secret
    tokens, language = typed(text)
    unknown = _unknown(tokens, language)
    hint = papermend.hint_for_words(tokens, language)
    if unknown:
        places = ", ".join(str(place) for place in unknown)
        which = f"word {places} is" if len(unknown) == 1 else f"words {places} are"
        raise BadPaper(f"{which} not in the list{hint or ': look again at how it is written'}")
    if len(tokens) != WORDS:
        raise BadPaper(f"{WORDS} words are needed, these are {len(tokens)}")
    raise BadPaper(
        "every word is in the list, but they do not belong together"
        + (hint or ": one is another, or two are swapped")
    )


def secret_of(places: Sequence[int]) -> bytes | None:
    """The secret that 24 places in a list say; None when the check in the last does not fit."""
    bits = 0
    for place in places:
        bits = bits << 11 | place
    secret = (bits >> 8).to_bytes(32, "big")
    return secret if hashlib.sha256(secret).digest()[0] == bits & 0xFF else None


def tokens_of(text: str) -> list[str]:
    """What was typed, word by word, plain; without numbers and signs."""
    return _LETTERS.findall(_plain(text))


@cache
def _whole(language: str) -> frozenset[str]:
    return frozenset(plain_list(language))


def _mended_spaces(tokens: list[str], language: str) -> list[str]:
    """``tokens`` with words put together that were torn in two, and apart that were run together."""
    known, whole = _places(language), _whole(language)
    found: list[str] = []
    for token in tokens:
        if found and (found[-1] not in known or token not in known) and found[-1] + token in whole:
            found[-1] += token
            continue
        cuts = () if token in known else range(3, len(token) - 2)
        parts = [(token[:at], token[at:]) for at in cuts if token[:at] in whole and token[at:] in whole]
        found.extend(parts[0] if len(parts) == 1 else (token,))
    return found


def typed(text: str) -> tuple[list[str], str]:
    """What was typed, word by word, plain, and the language in which most of them are words."""
    tokens = tokens_of(text)
    whole = {language: _mended_spaces(tokens, language) for language in LANGUAGES}
    language = min(LANGUAGES, key=lambda one: len(_unknown(whole[one], one)))
    return whole[language], language


def _unknown(tokens: list[str], language: str) -> list[int]:
    """The places, from 1, of what is no word of the language."""
    return [place for place, token in enumerate(tokens, 1) if token not in _places(language)]
