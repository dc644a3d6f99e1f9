"""What stands in a cell: text that no spreadsheet takes for a formula, amounts, days."""

import re
from datetime import UTC, date, datetime, time
from typing import Final

from appliance.ledger.amounts import parse_amount
from appliance.ledger.errors import BadAmount
from appliance.ledger.values import Unit, western_digits

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")
"""What a cell begins with that a spreadsheet may run; full-width forms too."""

_SPACES: Final = " \u00a0\u3000"
_MARK: Final = "'"
_EPOCH: Final = date(1970, 1, 1).toordinal()


def safe(text: str) -> str:
    """``text`` so that a spreadsheet shows it and does not run it; space before it hides nothing.

    ``plain`` undoes it: so a text that begins with an apostrophe gets one more.
    """
    return _MARK + text if _marked(text) else text


def plain(text: str) -> str:
    """The text that ``safe`` was given. A lone apostrophe at the front stays."""
    return text[1:] if text.startswith(_MARK) and _marked(text[1:]) else text


def _marked(text: str) -> bool:
    return text.startswith(_MARK) or text.lstrip(_SPACES).startswith(_FORMULA)


def amount(text: str, unit: Unit) -> int:
    """A signed amount as a decimal: ``-12.50``, ``12,5``. Zero is one.

    Raises:
        BadAmount: it is none, or could be two.
    """
    typed = western_digits(text.strip()).replace("\u2212", "-")
    sign = -1 if typed.startswith("-") else 1
    digits = typed[1:].strip() if typed[:1] in ("+", "-") else typed
    if digits[:1] in ("+", "-"):
        raise BadAmount(text)
    if "0" in digits and not digits.strip("0.,"):
        return 0
    return sign * parse_amount(digits, unit)


def minor(text: str) -> int:
    """A signed whole number of minor units. Raises BadAmount."""
    typed = western_digits(text.strip()).replace("\u2212", "-")
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", typed):
        raise BadAmount(text)
    return int(typed)


_ISO: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ].*)?")
_DOTTED: Final = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")


def day(text: str) -> int | None:
    """``2024-05-31`` (a time behind it is passed over) or ``31.5.2024`` as days since 1970; None when it is neither.

    With slashes a day could be a month: it is not guessed.
    """
    typed = western_digits(text.strip())
    if iso := _ISO.fullmatch(typed):
        year, month, number = (int(part) for part in iso.groups())
    elif dotted := _DOTTED.fullmatch(typed):
        number, month, year = (int(part) for part in dotted.groups())
    else:
        return None
    try:
        return date(year, month, number).toordinal() - _EPOCH
    except ValueError:
        return None


def last_ms(days: int) -> int:
    """The last second of a day, counted since 1970-01-01, where the village is; ``day_of`` gives that day back."""
    return int(datetime.combine(date.fromordinal(_EPOCH + days), time(23, 59, 59)).timestamp()) * 1000


def show_day(days: int) -> str:
    """A day counted since 1970-01-01 as ``2024-05-31``."""
    return date.fromordinal(_EPOCH + days).isoformat()


def day_of(ms: int) -> str:
    """The village's own day of a moment, as ``2024-05-31``."""
    return datetime.fromtimestamp(ms / 1000, UTC).astimezone().date().isoformat()
