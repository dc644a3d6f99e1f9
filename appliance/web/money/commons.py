"""The commons, open to all members: what it has, what came in and went out, a month at a time."""

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any, Final

from babel import dates
from flask import Blueprint, abort, render_template, request
from flask_babel import get_locale
from flask_babel import gettext as _

from appliance.ledger.reads import commons as reads
from appliance.ledger.reads.commons import Movement, Sum
from appliance.ledger.reads.periods import first_from
from appliance.web.ground.here import the_hub
from appliance.web.ground.numbers import number_asked
from appliance.web.ground.secure import active_member_or_redirect
from appliance.web.wording.labels import as_date, starts, today

bp = Blueprint("commons", __name__)

PAGE: Final = 20

WIDTH: Final = 300
"""Of the bars, in their own units."""

KINDS: Final[Mapping[str, Callable[[], str]]] = {
    reads.LEVY: lambda: _("Part of payments (the levy)"),
    reads.GIFT: lambda: _("Gifts"),
    reads.LEFT: lambda: _("Left by people who went"),
    reads.CARE: lambda: _("Care"),
    reads.PAID: lambda: _("Paid by keepers"),
    reads.DEBT: lambda: _("Debts carried"),
    reads.BACK: lambda: _("Given back"),
    reads.OTHER: lambda: _("Other"),
}
"""What brings in or takes out, in words."""

_ONE: Final[Mapping[str, Callable[[], str]]] = {
    reads.GIFT: lambda: _("A gift"),
    reads.DEBT: lambda: _("A debt carried"),
}
"""What one movement is called, where that is not the same."""


@bp.get("/commons")
def page() -> Any:
    """Balance and what it means, the sums of a month by kind, its movements."""
    me = active_member_or_redirect()
    month = _month()
    after = (month + timedelta(32)).replace(day=1)
    with the_hub().reading() as tx:
        first, end = first_from(tx, starts(month)), first_from(tx, starts(after))
        before = min(end, number_asked("before") or end)
        sums = reads.sums(tx, first, end)
        lines, older = reads.movements(tx, me.number, first, before, PAGE)
        earlier = reads.earlier(tx, first)
        now = reads.standing(tx)
    this = as_date(today()).replace(day=1)
    return render_template(
        "money/commons.html",
        now=now,
        month=month,
        month_words=_month_words(month),
        newer=after.strftime("%Y-%m") if month < this else None,
        earlier=(month - timedelta(1)).strftime("%Y-%m") if earlier else None,
        sums=sums,
        bars=_bars(sums),
        came=sum(one.came for one in sums),
        went=sum(one.went for one in sums),
        lines=lines,
        older=older,
        first_page=before == end,
        kind_words=KINDS,
        title_of=title_of,
    )


def _month() -> date:
    """The month that the address asks for, by its first day; this one when it asks for none."""
    asked = request.args.get("month")
    if asked is None:
        return as_date(today()).replace(day=1)
    if not re.fullmatch(r"2[01]\d\d-(0[1-9]|1[0-2])", asked, re.ASCII):
        abort(404)
    return date.fromisoformat(f"{asked}-01")


def _month_words(month: date) -> str:
    return dates.format_skeleton("yMMMM", month, locale=get_locale())


def _bars(sums: tuple[Sum, ...]) -> dict[str, tuple[int, int]]:
    """How long the bars of each kind are: what came in, what went out."""
    longest = max((max(one.came, one.went) for one in sums), default=0) or 1
    return {one.kind: (one.came * WIDTH // longest, one.went * WIDTH // longest) for one in sums}


def title_of(line: Movement) -> str:
    """What a movement was, in a word or two."""
    return _ONE.get(line.kind, KINDS[line.kind])()
