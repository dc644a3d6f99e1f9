"""Days as people write them on paper and type them in: 3.11., 3/11/26, 2026-11-03, ٣/١١.

The day comes first, then the month, as in all of our languages; the year may be left out. What
could be meant in no way is refused, and it is said what is not right. Words ("yesterday", "3 Nov")
are not read: on a slip that was written last week they mean another day.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from typing import Final

from flask_babel import gettext as _

from appliance.ledger.values import western_digits

_UNSEEN: Final = re.compile("[\u200e\u200f\u061c\u200b\u2066-\u2069]")
_YEAR_FIRST: Final = re.compile(r"(\d{4})[-./](\d{1,2})[-./](\d{1,2})")
_DAY_FIRST: Final = re.compile(r"(\d{1,2})[-./](\d{1,2})(?:[-./](\d{4}|\d{2})?)?")


class WhyNot(StrEnum):
    """What is not right about a day."""

    NO_DATE = "no_date"
    MONTH_FIRST = "month_first"
    NO_SUCH_DAY = "no_such_day"


class BadDay(ValueError):
    """Text that names no day. ``why``: one of ``WhyNot``."""

    def __init__(self, text: str, why: WhyNot) -> None:
        super().__init__(f"{text!r}: {why}")
        self.why = why


SAID: Final[Mapping[WhyNot, Callable[[], str]]] = {
    WhyNot.NO_DATE: lambda: _("This is no date. Type it in digits: the day, then the month, like 3/11."),
    WhyNot.MONTH_FIRST: lambda: _("There is no such month. Type the day first, then the month, like 25/3."),
    WhyNot.NO_SUCH_DAY: lambda: _("This day is not in the calendar."),
}
"""What people read of each."""


def read_day(text: str, today: date) -> date:
    """The day that ``text`` names; without a year the last one that has been, or is tomorrow.

    Raises:
        BadDay: it names none.
    """
    plain = western_digits(_UNSEEN.sub("", text)).replace("\u066b", ".").strip()
    plain = re.sub(r"\s*([-./])\s*", r"\1", plain)
    plain = re.sub(r"(?<=\d)\s+(?=\d)", "/", plain)
    if found := _YEAR_FIRST.fullmatch(plain):
        year, month, day = (int(part) for part in found.groups())
        return _made(text, year, month, day)
    found = _DAY_FIRST.fullmatch(plain)
    if found is None:
        raise BadDay(text, WhyNot.NO_DATE)
    day, month, year_text = int(found[1]), int(found[2]), found[3]
    if month > 12 >= day:
        raise BadDay(text, WhyNot.MONTH_FIRST)
    if year_text is not None:
        return _made(text, int(year_text) + (2000 if len(year_text) == 2 else 0), month, day)
    return _last(text, month, day, today)


def _made(text: str, year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise BadDay(text, WhyNot.NO_SUCH_DAY) from None


def _last(text: str, month: int, day: int, today: date) -> date:
    """The last 3 November, say. One of tomorrow is no mistake of a year: it is said to be too early."""
    found = _made(text, today.year, month, day)
    if found.toordinal() <= today.toordinal() + 1:
        return found
    return _made(text, today.year - 1, month, day)
