"""The village in numbers: for every member to read, to print, and as a file.

Nobody can be read out of it (``reads/reports.py``). Months that are over are kept in memory, so that
a village that looks at it together reads the book of the present month only.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from babel import dates
from flask import Blueprint, current_app, render_template, request
from flask_babel import get_locale
from flask_babel import gettext as _

from appliance.ledger.reads.reports import FEWEST, Known, Month, Report, report
from appliance.web.ground import csvfile, svg
from appliance.web.ground.csvfile import Figure, decimal
from appliance.web.ground.here import the_hub, the_unit
from appliance.web.ground.secure import active_member_or_redirect, as_keeper
from appliance.web.ground.svg import Bar
from appliance.web.wording.amounts import figure, hundredths, money
from appliance.web.wording.labels import as_date, starts, today

bp = Blueprint("report", __name__)

MONTHS: Final = 12


@dataclass(frozen=True, slots=True)
class Column:
    """A column of figures: its heading, its words for each month (None is hidden)."""

    head: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report: what it says, a chart or none, the figures."""

    title: str
    words: str
    chart: str
    columns: tuple[Column, ...]

    @property
    def heads(self) -> list[str]:
        return [_("Month"), *(column.head for column in self.columns)]

    def rows(self, months: list[str]) -> list[tuple[str, ...]]:
        """The figures, a row for each of ``months``."""
        return list(zip(months, *(column.cells for column in self.columns), strict=True))


def last_months(day: date) -> list[date]:
    """The first days of the last twelve months, the present one last."""
    count = day.year * 12 + day.month - 1
    return [date(n // 12, n % 12 + 1, 1) for n in range(count - MONTHS + 1, count + 1)]


def _found() -> tuple[list[date], Report]:
    """The months and their report; months that are over come from memory."""
    firsts = last_months(as_date(today()))
    known: Known = dict(current_app.extensions.get("report", {}))
    with the_hub().reading() as tx:
        found = report(tx, [starts(day) for day in firsts], known)
    # Put in place whole: other threads read it meanwhile.
    current_app.extensions["report"] = known
    return firsts, found


@bp.get("/report")
def show() -> str:
    """Charts, with the figures below each: folded in, or open to be printed."""
    me = active_member_or_redirect()
    firsts, found = _found()
    names = [dates.format_skeleton("yMMM", day, locale=get_locale()) for day in firsts]
    return render_template(
        "money/report.html",
        sections=_sections(found, firsts),
        months=names,
        spread=found.spread,
        spread_chart=_spread_chart(found),
        bands=[
            (_band_words(i, len(found.spread.bands)), _count(n)) for i, n in enumerate(found.spread.bands)
        ],
        median=None if found.spread.median is None else _whole(found.spread.median),
        count=_count,
        fewest=FEWEST,
        last=found.last,
        now=the_hub().clock.now(),
        opened=request.args.get("open") == "1",
        at_desk=as_keeper(me),
    )


def _count(number: int | None) -> str:
    return _("hidden") if number is None else str(number)


def _whole(amount: int) -> int:
    """To whole units, toward zero: the middle one of a few balances is somebody's."""
    one = 10 ** the_unit().decimals
    return (abs(amount) // one) * one * (-1 if amount < 0 else 1)


def _amount(amount: int | None) -> str:
    return _("hidden") if amount is None else figure(amount).lstrip("+")


def _hours(minutes: int | None) -> str:
    return _("hidden") if minutes is None else f"{minutes // 60}:{minutes % 60:02}"


def _times(number: int | None) -> str:
    return "–" if number is None else hundredths(number)


def _sections(found: Report, firsts: list[date]) -> list[Section]:
    def column(head: str, of: Callable[[Month], str]) -> Column:
        return Column(head, tuple(of(month) for month in found.months))

    def chart(ident: str, title: str, of: Callable[[Month], int | None], words: Callable[[int], str]) -> str:
        values = [of(month) for month in found.months]
        most = max((value or 0 for value in values), default=0)
        highest = values.index(most) if most else -1
        told = _("At most %(most)s in a month. The figures are in the table.", most=words(most))
        drawn = [
            Bar(value, _month(firsts[i]) if i % 2 else "", words(most) if i == highest else "")
            for i, value in enumerate(values)
        ]
        return svg.bars(ident, title, told, drawn)

    traded, credit = _("How many traded"), _("What was paid")
    pace, care = _("How fast credit goes round"), _("Care")
    return [
        Section(
            traded,
            _("Who gave or received anything in the month, of all who had an account at its end."),
            chart("traded", traded, lambda m: m.traded, str),
            (column(_("Traded"), lambda m: _count(m.traded)), column(_("Members"), lambda m: str(m.members))),
        ),
        Section(
            credit,
            _(
                "All payments between people, the commons and other villages, without those that were cancelled."
            ),
            chart("paid", credit, lambda m: m.volume, money),
            (
                column(_("Payments"), lambda m: _count(m.payments)),
                column(the_unit().symbol, lambda m: _amount(m.volume)),
            ),
        ),
        Section(
            pace,
            _(
                "What was paid in the month, divided by all that the village owed its people at the month's end. "
                "1 means: all of it was spent once."
            ),
            chart("pace", pace, lambda m: m.velocity, hundredths),
            (column(_("Times a month"), lambda m: _times(m.velocity)),),
        ),
        Section(
            care,
            _("Care that was confirmed and paid by the commons."),
            chart("care", care, lambda m: m.care_minutes, _hours),
            (
                column(_("Hours"), lambda m: _hours(m.care_minutes)),
                column(_("Paid, %(unit)s", unit=the_unit().symbol), lambda m: _amount(m.care_paid)),
            ),
        ),
        Section(
            _("The commons"),
            _("What the commons received and gave: care, gifts, and what it keeps of payments."),
            "",
            (
                column(_("In, %(unit)s", unit=the_unit().symbol), lambda m: _amount(m.commons_in)),
                column(_("Out, %(unit)s", unit=the_unit().symbol), lambda m: _amount(m.commons_out)),
            ),
        ),
        Section(
            _("Coming and going, asking and answering"),
            _(
                "People let in and people who left; requests that were paid or declined, and those nobody answered in time."
            ),
            "",
            (
                column(_("Came"), lambda m: str(m.newcomers)),
                column(_("Left"), lambda m: str(m.leavers)),
                column(_("Answered"), lambda m: str(m.answered)),
                column(_("Lapsed"), lambda m: str(m.lapsed)),
            ),
        ),
    ]


def _month(day: date) -> str:
    return str(dates.format_date(day, "LLL", locale=get_locale()))


def _spread_chart(found: Report) -> str:
    bands = found.spread.bands
    middle = len(bands) // 2
    drawn = [
        Bar(n, "0" if i == middle else "", str(n) if n else "", hollow=i < middle)
        for i, n in enumerate(bands)
    ]
    told = _("From those who owe most, in outline, over those at zero to those who are owed most, full.")
    return svg.bars("spread", _("How the balances lie"), told, drawn)


def _band_words(place: int, many: int) -> str:
    """What a band holds: how much of the limit on its side is used."""
    parts = many // 2
    band = abs(place - parts)
    if band == 0:
        return _("even, at zero")
    begins, ends = (band - 1) * 100 // parts, band * 100 // parts
    if band == parts:
        if place < parts:
            return _("owe more than %(part)s %% of what they may", part=begins)
        return _("are owed more than %(part)s %% of what they may", part=begins)
    if place < parts:
        return _("owe %(begins)s to %(ends)s %% of what they may", begins=begins, ends=ends)
    return _("are owed %(begins)s to %(ends)s %% of what they may", begins=begins, ends=ends)


HEAD: Final = (
    *("month", "members", "traded", "payments", "volume", "volume_minor", "velocity", "commons_in_minor"),
    *("commons_out_minor", "care_minutes", "care_paid_minor", "newcomers", "leavers", "answered", "lapsed"),
)
"""The columns of the file. What is hidden for the sake of people is empty."""


@bp.get("/report.csv")
def file() -> Any:
    """The months as a file for spreadsheets."""
    active_member_or_redirect()
    return csvfile.answer("report.csv", _rows(*_found()))


def _rows(firsts: list[date], found: Report) -> Iterator[tuple[str | int, ...]]:
    yield HEAD
    for day, m in zip(firsts, found.months, strict=True):
        volume = Figure("" if m.volume is None else decimal(m.volume))
        pace = Figure("" if m.velocity is None else f"{m.velocity // 100}.{m.velocity % 100:02}")
        figures = (m.commons_in, m.commons_out, m.care_minutes, m.care_paid)
        yield (
            day.strftime("%Y-%m"),
            *(_cell(n) for n in (m.members, m.traded, m.payments)),
            volume,
            _cell(m.volume),
            pace,
            *(_cell(n) for n in figures),
            *(m.newcomers, m.leavers, m.answered, m.lapsed),
        )


def _cell(number: int | None) -> str | int:
    return "" if number is None else number
