"""Amounts as people type them, in the ways of their language.

``1.500,00`` in Spanish and ``1,500.00`` in English are the same amount; ``1.500`` alone is fifteen
hundred in one and nothing we could be sure of in the other. What has one meaning in the reader's
language is read, what has one meaning in any language is read too (``2.5`` typed by a Spaniard),
and what could be two things is refused rather than guessed. Digits of every script count.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from appliance.ledger.errors import BadAmount
from appliance.ledger.values import MAX_AMOUNT, Amount, Unit, western_digits


class Why(StrEnum):
    """What is not right with an amount that somebody typed."""

    NOTHING = "nothing"
    NO_NUMBER = "no_number"
    NEGATIVE = "negative"
    ZERO = "zero"
    TOO_FINE = "too_fine"
    TOO_LARGE = "too_large"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Notation:
    """How a language writes numbers.

    Attributes:
        decimal: the sign before the parts of a whole: ``.`` or ``,``.
        grouping: the sign between thousands: ``.``, ``,``, a space, or empty.
        pairs: the groups before the last three digits have two digits, as in Hindi (1,00,000).
    """

    decimal: str = "."
    grouping: str = ""
    pairs: bool = False


PLAIN: Final = Notation()
"""As programs write numbers: a point, no grouping."""

_ARABIC_DECIMAL: Final = "\u066b"
_ARABIC_GROUP: Final = "\u066c"
_ARABIC_COMMA: Final = "\u060c"
"""Typed for either of the two, as phones offer it and not them."""

_SAME: Final = str.maketrans({"，": ",", "．": ".", "’": "'"})
_SPACES: Final = re.compile(r"[\s\u00a0\u2009\u202f']+")
_UNSEEN: Final = re.compile("[\u200b-\u200f\u061c\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
"""Marks of direction and spaces without width, which come along when somebody pastes."""

_TYPED: Final = re.compile(f"[0-9., {_ARABIC_DECIMAL}{_ARABIC_GROUP}{_ARABIC_COMMA}]+")
_NEVER_DECIMAL: Final = " " + _ARABIC_GROUP
_MINUS: Final = "-\u2212\u2013"


def parse_amount(text: str, unit: Unit, notation: Notation = PLAIN) -> Amount:
    """Read a positive amount as people type it: ``2``, ``2.5``, ``1.500,00``, ``٢٫٥``, ``3 h``.

    The unit may stand behind it. A single sign that is not the language's decimal sign, with
    three digits behind it, is grouping where the language groups so, and refused elsewhere.

    Raises:
        BadAmount: it is no amount, or could be two; its ``why`` says what is not right (``Why``).
    """
    plain = _UNSEEN.sub("", text).translate(_SAME)
    plain = _without_unit(_SPACES.sub(" ", western_digits(plain)).strip(), unit)
    if not plain:
        raise BadAmount(text, Why.NOTHING)
    if plain[0] in _MINUS or plain[-1] in _MINUS:
        raise BadAmount(text, Why.NEGATIVE)
    if not _TYPED.fullmatch(plain):
        raise BadAmount(text, Why.NO_NUMBER)
    whole, part = _split(text, plain, unit.decimals, notation)
    if len(part) > unit.decimals:
        raise BadAmount(text, Why.TOO_FINE)
    whole = whole.lstrip("0")  # Python reads no number of thousands of digits, not even of noughts
    if len(whole) > len(str(MAX_AMOUNT)):
        raise BadAmount(text, Why.TOO_LARGE)
    amount = int(whole or "0") * 10**unit.decimals + int((part or "0").ljust(unit.decimals, "0") or "0")
    if not amount:
        raise BadAmount(text, Why.ZERO)
    if amount > MAX_AMOUNT:
        raise BadAmount(text, Why.TOO_LARGE)
    return Amount(amount)


def _without_unit(plain: str, unit: Unit) -> str:
    for word in (unit.symbol, unit.name):
        if word and plain.casefold().endswith(word.casefold()):
            return plain[: -len(word)].rstrip()
    return plain


def _split(text: str, plain: str, decimals: int, notation: Notation) -> tuple[str, str]:
    """The digits before and after the decimal sign; grouping taken out."""
    signs = re.findall(r"[^0-9]", plain)
    if not signs:
        return plain, ""
    decimal = _decimal_sign(text, plain, signs, decimals, notation)
    if decimal is None:
        return _grouped(text, plain, notation), ""
    whole, _, part = plain.partition(decimal)
    if not part.isdigit():
        raise BadAmount(text, Why.UNCLEAR)
    return _grouped(text, whole, notation) if whole else "", part


def _decimal_sign(text: str, plain: str, signs: list[str], decimals: int, notation: Notation) -> str | None:
    """Which of the signs in ``plain`` is the decimal one; None when all are grouping."""
    kinds, last = set(signs), signs[-1]
    if len(kinds) > 2 or signs.count(_ARABIC_DECIMAL) > 1:
        raise BadAmount(text, Why.UNCLEAR)
    if len(kinds) == 2:
        # One of each kind, or many of the first: the last one is the decimal sign.
        if signs.count(last) != 1 or last in _NEVER_DECIMAL:
            raise BadAmount(text, Why.UNCLEAR)
        return last
    if last == _ARABIC_DECIMAL:
        return last
    if last in _NEVER_DECIMAL or len(signs) > 1:
        return None
    head, _, tail = plain.partition(last)
    if last == notation.decimal or not _could_group(head, tail):
        return last
    # Three digits behind a sign that is not ours for decimals: thousands, or a finer unit's parts.
    if last != notation.grouping or decimals >= len(tail):
        raise BadAmount(text, Why.UNCLEAR)
    return None


def _could_group(head: str, tail: str) -> bool:
    return len(tail) == 3 and 1 <= len(head) <= 3 and not head.startswith("0")


def _grouped(text: str, whole: str, notation: Notation) -> str:
    """The digits of ``whole``, when its groups are as people write them. Raises BadAmount."""
    if whole.isdigit():
        return whole
    first, *groups = re.split(r"[^0-9]", whole)
    *inner, end = groups
    sizes = {len(group) for group in inner}
    fits = len(end) == 3 and (sizes <= {3} or (notation.pairs and sizes == {2}))
    longest = 2 if notation.pairs and sizes == {2} else 3
    if not fits or not 1 <= len(first) <= longest or first.startswith("0"):
        raise BadAmount(text, Why.UNCLEAR)
    return first + "".join(groups)
