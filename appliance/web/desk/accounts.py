"""Further accounts and helpers at the desk: opening, consent on paper, ending, closing; each with its reason."""

from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.schema import AccountRow
from appliance.ledger.book.schema_credit import Terms
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Command
from appliance.ledger.clock import Instant, Millis, Quality
from appliance.ledger.errors import Action, Code
from appliance.ledger.people import powers
from appliance.ledger.people.further import CloseAccount, OpenAccount
from appliance.ledger.people.grants import HELPER, KINDS, EndGrant, WriteGrant
from appliance.ledger.people.words import LONGEST_LINE, LONGEST_NAME
from appliance.ledger.reads import desk as reads
from appliance.ledger.reads import held
from appliance.ledger.reads.held import GrantView
from appliance.ledger.reads.member import statement
from appliance.ledger.reads.people import Person, person
from appliance.ledger.values import AccountNumber
from appliance.web.ground.acting import REFUSED, Problem, act, form_key, fresh_key
from appliance.web.ground.here import the_hub
from appliance.web.ground.secure import keeper_at_own_screen
from appliance.web.people.whom import fits_nobody, look_up
from appliance.web.wording import labels
from appliance.web.wording.amounts import name_of
from appliance.web.wording.words import refusal

bp = Blueprint("desk_accounts", __name__, url_prefix="/desk")


def beside(tx: Tx, number: int) -> dict[str, Any]:
    """What the page of a member or of an account says of accounts and helpers there."""
    who = person(tx, number)
    owner = who.owner.number if who is not None and who.owner is not None else number
    rows = tx.rows(AccountRow.select().where(AccountRow.owner == owner).order_by(AccountRow.number))
    return {
        "further": [
            (person(tx, row.number), row.balance) for row in rows if row.number not in (owner, number)
        ],
        "grants": held.of_account(tx, number),
        "on_paper": held.without_key(tx, owner),
    }


@bp.get("/accounts/<number:number>")
def account(number: int) -> Any:
    """A further account: how it stands, its limits, who may act on it."""
    me = keeper_at_own_screen()
    return show(number, me.number, done=request.args.get("done"))


def show(
    number: int, keeper: int, problem: Problem | None = None, about: str = "", done: str | None = None
) -> str:
    """The page of a further account."""
    with the_hub().reading() as tx:
        line, terms = reads.account_line(tx, number), tx.get(Terms, account=number)
        page, more = statement(tx, number), beside(tx, number)
    if line is None or line.who.owner is None or terms is None:
        abort(404)
    until = None if terms.until_ms is None else Instant(Millis(terms.until_ms), Quality.KEEPER)
    balance = line.balance or 0
    below = line.low is not None and balance < line.low
    return render_template(
        "desk/account.html",
        line=line,
        group=labels.group_word(terms.grp),
        until=until,
        outside=below or (line.high is not None and balance > line.high),
        own=line.who.owner.number == keeper,
        closed=line.who.status == powers.CLOSED,
        recent=page.lines,
        key=fresh_key() if problem is None else request.form.get("key", ""),
        problem=problem,
        about_form=about,
        done=done,
        longest_line=LONGEST_LINE,
        **more,
    )


def _who(number: int) -> Person:
    with the_hub().reading() as tx:
        who = person(tx, number)
    if who is None or who.commons:
        abort(404)
    return who


def _page_of(who: Person, done: str | None = None) -> str:
    page = "desk.person" if who.owner is None else "desk_accounts.account"
    return url_for(page, number=who.number, done=done)


@bp.get("/people/<number:number>/account")
def new(number: int) -> Any:
    """The form for one more account of somebody."""
    keeper_at_own_screen()
    return _new(_who(number), fresh_key())


def _new(who: Person, key: str, problem: Problem | None = None) -> str:
    return render_template(
        "desk/account_new.html",
        who=who,
        key=key,
        problem=problem,
        typed=request.form,
        groups=labels.group_choices(),
        longest_name=LONGEST_NAME,
        longest_line=LONGEST_LINE,
    )


@bp.post("/people/<number:number>/account")
def open_now(number: int) -> Any:
    """Open it: the number is given at once."""
    keeper_at_own_screen()
    key, form, who = form_key(), request.form, _who(number)
    command = OpenAccount(
        AccountNumber(number), form.get("group", ""), form.get("name", ""), form.get("reason", "")
    )
    result = act(command, key)
    if isinstance(result, Receipt):
        return redirect(url_for(".account", number=result.outcome["number"], done="open"))
    return _new(who, key.hex(), result), REFUSED


@bp.get("/people/<number:number>/consent")
def consent(number: int) -> Any:
    """The form for consent that somebody without a phone gave on paper."""
    keeper_at_own_screen()
    return _consent(_who(number), fresh_key())


def _consent(
    who: Person,
    key: str,
    problem: Problem | None = None,
    choices: tuple[Person, ...] = (),
    message: str = "",
) -> str:
    return render_template(
        "desk/consent.html",
        who=who,
        key=key,
        problem=problem,
        typed=request.form,
        choices=choices,
        message=message,
        back=_page_of(who),
        longest_line=LONGEST_LINE,
    )


@bp.post("/people/<number:number>/consent")
def consent_now(number: int) -> Any:
    """Write it down; who is to help still agrees on the own phone."""
    keeper_at_own_screen()
    key, form, who = form_key(), request.form, _who(number)
    typed = form.get("of", "").strip()
    with the_hub().reading() as tx:
        found = look_up(tx, typed, 0)
    people = tuple(someone for someone in found.people if someone.owner is None)
    if len(people) != 1:
        problem = found.problem
        if found.page or (not people and not found.nobody and problem is None):
            problem = refusal(Code.UNKNOWN_ACCOUNT, Action.CHECK_NUMBER)
        message = fits_nobody(typed) if found.nobody else ""
        return _consent(who, key.hex(), problem, people, message), REFUSED
    kind = form.get("kind", HELPER)
    command = WriteGrant(
        AccountNumber(number),
        people[0].number,
        kind if kind in KINDS else HELPER,
        form.get("reason", ""),
    )
    result = act(command, key)
    if isinstance(result, Receipt):
        return redirect(_page_of(who, "life"))
    return _consent(who, key.hex(), result), REFUSED


@bp.get("/grants/<number:number>/<number:member>/end")
def end(number: int, member: int) -> Any:
    """End that somebody may act for somebody: why?"""
    keeper_at_own_screen()
    return _end(_grant_or_404(number, member), fresh_key())


def _grant_or_404(number: int, member: int) -> GrantView:
    with the_hub().reading() as tx:
        grant = held.one(tx, number, member)
    if grant is None:
        abort(404)
    return grant


def _end(grant: GrantView, key: str, problem: Problem | None = None) -> str:
    helper, name = name_of(grant.member), name_of(grant.account)
    return render_template(
        "desk/reason.html",
        title=_("%(helper)s acts no more for %(name)s", helper=helper, name=name),
        what=_("It ends at once. What was paid until now stays, and its receipts go on saying who it was."),
        who=grant.account,
        button=_("End it"),
        key=key,
        problem=problem,
        back=_page_of(grant.account),
        longest_line=LONGEST_LINE,
        reason=request.form.get("reason", ""),
    )


@bp.post("/grants/<number:number>/<number:member>/end")
def end_now(number: int, member: int) -> Any:
    """End it, with the reason that was typed."""
    keeper_at_own_screen()
    key, who = form_key(), _who(number)
    result = act(EndGrant(AccountNumber(number), AccountNumber(member), request.form.get("reason", "")), key)
    if isinstance(result, Receipt):
        return redirect(_page_of(who, "life"))
    return _end(_grant_or_404(number, member), key.hex(), result), REFUSED


@bp.get("/accounts/<number:number>/close")
def close(number: int) -> Any:
    """Close a further account: why?"""
    keeper_at_own_screen()
    return _close(_who(number), fresh_key())


def _close(who: Person, key: str, problem: Problem | None = None) -> str:
    if who.owner is None:
        abort(404)
    return render_template(
        "desk/reason.html",
        title=_("Close this account"),
        what=_("The balance must be zero. Open requests are cancelled, and nobody acts on it any more."),
        who=who,
        button=_("Close this account"),
        key=key,
        problem=problem,
        back=_page_of(who),
        longest_line=LONGEST_LINE,
        reason=request.form.get("reason", ""),
    )


@bp.post("/accounts/<number:number>/close")
def close_now(number: int) -> Any:
    """Close it, with the reason that was typed."""
    keeper_at_own_screen()
    key, who = form_key(), _who(number)
    command: Command = CloseAccount(AccountNumber(number), request.form.get("reason", ""))
    result = act(command, key)
    if isinstance(result, Receipt):
        return redirect(_page_of(who, "life"))
    return _close(who, key.hex(), result), REFUSED
