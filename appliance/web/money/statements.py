"""The statement of a period: to read, to print, and as a file for spreadsheets.

Seen by who owns the account or may act on it, and by keepers at the hub's own screen. Days are the
village's own; the order, and what belongs to a period, is the book's (``reads/periods.py``).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _

from appliance.ledger.book.local import Printed
from appliance.ledger.book.store import Tx
from appliance.ledger.clock import Instant
from appliance.ledger.money import accounts
from appliance.ledger.people import printing
from appliance.ledger.reads import statements as reads
from appliance.ledger.reads.people import Person, person
from appliance.ledger.reads.periods import first_from
from appliance.ledger.reads.statements import Line, Statement
from appliance.web.ground import csvfile
from appliance.web.ground.acting import REFUSED
from appliance.web.ground.csvfile import Figure, decimal
from appliance.web.ground.here import the_hub
from appliance.web.ground.numbers import number_asked
from appliance.web.ground.secure import as_keeper, keeper_at_own_screen, member_or_redirect
from appliance.web.wording.amounts import account_of, date_of, doubtful, name_and_number, plain_name
from appliance.web.wording.labels import as_date, read_date, starts, today
from appliance.web.wording.words import about

bp = Blueprint("statements", __name__)

EARLIEST: Final = date(2000, 1, 1)
LATEST: Final = date(2199, 12, 31)
"""No hub has kept a book outside of these; a day beyond is a slip of the finger."""


@dataclass(frozen=True, slots=True)
class Period:
    """What was asked for: entries of the book, and the days when it was days. ``problem``: why it is none."""

    first: int
    end: int
    begins: date | None = None
    ends: date | None = None
    problem: str = ""

    @property
    def asked(self) -> dict[str, Any]:
        """It again, as addresses carry it."""
        if self.begins is not None and self.ends is not None:
            return {"from": self.begins.isoformat(), "to": self.ends.isoformat()}
        return {"first": self.first, "end": self.end}


def of_days(tx: Tx, begins: date, ends: date) -> Period:
    """The entries from the beginning of one day to the end of another."""
    return Period(first_from(tx, starts(begins)), first_from(tx, starts(ends + timedelta(1))), begins, ends)


def this_month() -> tuple[date, date]:
    """From the first of the village's month to today."""
    now = as_date(today())
    return now.replace(day=1), now


def last_month() -> tuple[date, date]:
    """The whole month before this one."""
    last = this_month()[0] - timedelta(1)
    return last.replace(day=1), last


def asked_period(tx: Tx) -> Period:
    """The period that the address names: ``from`` and ``to``, or ``first`` and ``end``; else this month."""
    first, end = number_asked("first"), number_asked("end")
    if first is not None and end is not None and 0 < first <= end:
        return Period(first, end)
    typed = request.args.get("from", ""), request.args.get("to", "")
    if not any(typed):
        return of_days(tx, *this_month())
    days = [read_date(text) for text in typed]
    if any(day is None for day in days):
        return Period(1, 1, problem=_("Please give both days, like 2026-06-01."))
    begins, ends = (as_date(day or 0) for day in days)
    if not EARLIEST <= begins <= ends <= LATEST:
        return Period(1, 1, problem=_("The first day must come before the last."))
    return of_days(tx, begins, ends)


def account_seen(tx: Tx, number: int, me: Person) -> Person:
    """The account; ends the request when ``me`` may not see its statement."""
    row = accounts.get(tx, number)
    who = person(tx, number) if row is not None and row.owner is not None else None
    if who is None or not (_reads(tx, number, me) or as_keeper(me)):
        abort(404)
    return who


def _reads(tx: Tx, number: int, me: Person) -> bool:
    """An own account, whatever its state; that of somebody else only while ``me`` may act on it."""
    row = accounts.get(tx, number)
    return row is not None and (row.owner == me.number or accounts.owned(tx, number, me.number))


@bp.get("/statements")
def choose() -> str:
    """Which account, which days."""
    me = member_or_redirect()
    with the_hub().reading() as tx:
        found = _mine(tx, me)
    if not found:
        abort(404)
    asked = number_asked("account")
    return _choose(found, next((one for one in found if one.number == asked), found[0]), "")


def _choose(mine: list[Person], account: Person, problem: str, printed: Printed | None = None) -> str:
    begins, ends = last_month()
    return render_template(
        "money/statements.html",
        mine=mine,
        account=account,
        problem=problem,
        months={"this": this_month(), "last": (begins, ends)},
        begins=request.args.get("from", begins.isoformat()),
        ends=request.args.get("to", ends.isoformat()),
        printed=printed,
        at_desk=request.path.startswith("/desk"),
        accounts_of=lambda found: [(who.number, name_and_number(who)) for who in found],
    )


def _mine(tx: Tx, me: Person) -> list[Person]:
    """The accounts of which ``me`` may read the statement: the own one first."""
    found = [account_seen(tx, n, me) for (n,) in tx.select(_MINE, me.number, me.number) if _reads(tx, n, me)]
    return sorted(found, key=lambda who: (who.number != me.number, who.number))


_MINE: Final = """SELECT number FROM account WHERE owner = ? AND kind = 'member' UNION
SELECT account FROM "grant" WHERE member = ? AND state = 'agreed'"""


@bp.get("/statements/go")
def go() -> Any:
    """From the form, which sends the account as a field, to the page of the account."""
    member_or_redirect()
    number = number_asked("account") or 0
    days: dict[str, Any] = {name: request.args.get(name, "") for name in ("from", "to")}
    return redirect(url_for(".show", number=number, **days)) if number else redirect(url_for(".choose"))


@bp.get("/statements/<number:number>")
def show(number: int) -> Any:
    """One sheet, to read and to print."""
    me = member_or_redirect()
    now = the_hub().clock.now()
    with the_hub().reading() as tx:
        who = account_seen(tx, number, me)
        period = asked_period(tx)
        if period.problem:
            return _choose(_mine(tx, me), who, period.problem), REFUSED
        found = reads.statement(tx, number, period.first, period.end, number_asked("sheet") or 1)
        assert found is not None  # account_seen found it
        ends = (found.lines[0].at, found.lines[-1].at) if found.lines else None
        own = who.number in {mine.number for mine in _mine(tx, me)}
    return render_template(
        "money/statement_sheet.html",
        s=found,
        who=who,
        period=period,
        now=now,
        ends=ends,
        at_desk=not own,
        date_full=lambda day: date_of(day, "long"),
        date_short=lambda day: date_of(as_date(day)),
    )


@bp.get("/statements/<number:number>.csv")
def file(number: int) -> Any:
    """The same period as a file: every posting as the book has it, with both balances at the ends."""
    me = member_or_redirect()
    with the_hub().reading() as tx:
        who = account_seen(tx, number, me)
        period = asked_period(tx)
        if period.problem:
            abort(404)
        found = reads.statement(tx, number, period.first, period.end)
    assert found is not None  # account_seen found it
    name = f"statement-{account_of(who).full}-{found.first}-{found.end - 1}.csv"
    return csvfile.answer(name, _rows(found))


HEAD: Final = (
    *("entry", "date", "time", "clock", "kind", "with_number", "with_name", "what_for", "note"),
    *("amount", "amount_minor", "balance", "balance_minor", "said_date", "undoes", "undone", "by"),
)
"""The columns of the file. ``clock`` is ``certain`` or ``doubtful``; ``undoes`` and ``undone`` are days.
``said_date`` is the day on the slip, or in the file, by which it came."""


def _rows(s: Statement) -> Iterator[tuple[str | int, ...]]:
    yield HEAD
    yield _total(s.first, "opening", s.opening)
    balance = s.opening
    for line in reads.postings(the_hub().store, s.account.number, s.first, s.end):
        balance = line.balance
        yield _row(line)
    yield _total(s.end - 1, "closing", balance)


def _total(entry: int, kind: str, balance: int) -> tuple[str | int, ...]:
    blank = [""] * 4
    return (entry, "", "", "", kind, *blank, "", "", Figure(decimal(balance)), balance, *blank)


def _row(line: Line) -> tuple[str | int, ...]:
    at = _local(line.at)
    return (
        line.entry,
        at.date().isoformat(),
        at.strftime("%H:%M"),
        "doubtful" if doubtful(line.at) else "certain",
        line.kind,
        " ".join(account_of(who).full for who in line.others),
        ", ".join(plain_name(who) for who in line.others) + (f" +{line.more}" if line.more else ""),
        about(line.category),
        line.note,
        Figure(decimal(line.amount)),
        line.amount,
        Figure(decimal(line.balance)),
        line.balance,
        "" if line.said_day is None else as_date(line.said_day).isoformat(),
        "" if line.began is None else _local(line.began).date().isoformat(),
        "" if line.undone is None else _local(line.undone).date().isoformat(),
        plain_name(line.by) if line.by else "",
    )


def _local(at: Instant) -> datetime:
    return datetime.fromtimestamp(at.ms / 1000, UTC).astimezone()


@bp.get("/desk/people/<number:number>/statements")
def to_print(number: int) -> str:
    """At the desk: a statement on paper for somebody, of a month or since the last one."""
    me = keeper_at_own_screen()
    with the_hub().reading() as tx:
        who = account_seen(tx, number, me)
        printed = printing.last_statement(tx, number)
    return _choose([who], who, "", printed)


@bp.post("/desk/people/<number:number>/statements")
def since_last(number: int) -> Any:
    """Since the last one printed: the box remembers where this one ends, so that the next begins there."""
    me = keeper_at_own_screen()
    with the_hub().reading() as tx:
        account_seen(tx, number, me)
    first, end = printing.print_statement(the_hub().store, number, the_hub().clock.now())
    return redirect(url_for(".show", number=number, first=first, end=end))
