"""What the fields of a payload may be: checked of every entry before it is folded.

A signature says who wrote an entry, not that it makes sense: a member with the card in hand
could sign a payment of minus ninety. Types are exact (true is no number), and a field more or
less than the kind has is refused.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from appliance.ledger.values import MAX_AMOUNT

Check = Callable[[Any], bool]
Shape = Mapping[str, Check]


def fits(fields: Mapping[str, Any], shape: Shape) -> bool:
    """Whether ``fields`` has just the fields of ``shape``, each as it must be."""
    return fields.keys() == shape.keys() and all(check(fields[name]) for name, check in shape.items())


def whole(low: int, high: int) -> Check:
    """A whole number from ``low`` to ``high``."""
    return lambda value: type(value) is int and low <= value <= high


def or_none(check: Check) -> Check:
    """Null, or what ``check`` accepts."""
    return lambda value: value is None or check(value)


def blob(length: int) -> Check:
    """Exactly ``length`` bytes."""
    return lambda value: type(value) is bytes and len(value) == length


def one_of(*words: str) -> Check:
    """One of ``words``."""
    return lambda value: type(value) is str and value in words


def word(value: Any) -> bool:
    """A short name out of a list that later releases may lengthen: a category, say."""
    return type(value) is str and 0 < len(value) <= 40


def mapping(value: Any) -> bool:
    """A map; what is in it is the subject's to check."""
    return type(value) is dict


def yes_or_no(value: Any) -> bool:
    """True or false."""
    return type(value) is bool


def members(value: Any) -> bool:
    """A list of members' numbers, none twice."""
    return type(value) is list and all(map(MEMBER, value)) and len(set(value)) == len(value)


AMOUNT: Final = whole(1, MAX_AMOUNT)
MEMBER: Final = whole(1, 10**9)
ACCOUNT: Final = whole(0, 10**9)
RECORD: Final = blob(16)
DIGEST: Final = blob(32)
PUBLIC_KEY: Final = blob(32)
