"""Who may act for me, and for whom I act: asking, agreeing, looking what was done, ending with one tap."""

from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.schema import AccountRow
from appliance.ledger.errors import Action, Code
from appliance.ledger.money import accounts
from appliance.ledger.people.grants import AGREED, ASKED, HELPER, KINDS, AgreeGrant, AskGrant, EndGrant
from appliance.ledger.reads import held as reads
from appliance.ledger.reads.held import GrantView
from appliance.ledger.reads.people import Person, person
from appliance.ledger.values import AccountNumber
from appliance.web.ground.acting import REFUSED, Problem, act, form_key, fresh_key
from appliance.web.ground.here import the_hub
from appliance.web.ground.secure import active_member_or_redirect
from appliance.web.people.whom import fits_nobody, look_up
from appliance.web.wording.words import refusal

bp = Blueprint("grants", __name__)


@bp.get("/me/helpers")
def mine() -> Any:
    """Who may act on my accounts, or was asked to; one tap ends each."""
    me = active_member_or_redirect()
    with the_hub().reading() as tx:
        found = reads.granted(tx, me.number)
    return render_template("money/helpers.html", me=me, found=found, ended=request.args.get("ended"))


@bp.get("/me/helpers/ask")
def ask() -> Any:
    """Ask somebody to help me, or to hold an account jointly."""
    me = active_member_or_redirect()
    return _ask(me, request.args.get("account", ""), fresh_key())


def _ask(
    me: Person,
    account: str,
    key: str,
    problem: Problem | None = None,
    choices: tuple[Person, ...] = (),
    message: str = "",
) -> str:
    with the_hub().reading() as tx:
        own = [
            someone
            for row in tx.rows(AccountRow.select().where(AccountRow.owner == me.number))
            if not accounts.closed(tx, row) and (someone := person(tx, row.number)) is not None
        ]
    return render_template(
        "money/helper_ask.html",
        me=me,
        own=own,
        account=account,
        kind=request.form.get("kind", ""),
        of=request.form.get("of", ""),
        key=key,
        problem=problem,
        choices=choices,
        message=message,
    )


@bp.post("/me/helpers/ask")
def ask_now() -> Any:
    """Ask; it counts only when the other agrees."""
    me, key, form = active_member_or_redirect(), form_key(), request.form
    typed, account = form.get("of", "").strip(), form.get("account", "")
    with the_hub().reading() as tx:
        found = look_up(tx, typed, me.number)
    people = tuple(someone for someone in found.people if someone.owner is None)
    if len(people) != 1:
        problem = found.problem
        if found.page or (not people and not found.nobody and problem is None):
            problem = refusal(Code.UNKNOWN_ACCOUNT, Action.CHECK_NUMBER)
        message = fits_nobody(typed) if found.nobody else ""
        return _ask(me, account, key.hex(), problem, people, message), REFUSED
    number = int(account) if account.isascii() and account.isdigit() and len(account) < 12 else me.number
    kind = form.get("kind", HELPER)
    result = act(AskGrant(AccountNumber(number), people[0].number, kind if kind in KINDS else HELPER), key)
    if isinstance(result, Receipt):
        return redirect(url_for(".mine"))
    return _ask(me, account, key.hex(), result), REFUSED


@bp.get("/me/helpers/<number:account>/<number:member>")
def one(account: int, member: int) -> Any:
    """What somebody who may act for me has done."""
    me = active_member_or_redirect()
    grant = _grant_or_404(account, member)
    if grant.owner.number != me.number:
        abort(404)
    with the_hub().reading() as tx:
        done = reads.done_by(tx, account, member, me.number)
    return render_template("money/helper.html", me=me, grant=grant, done=done)


def _grant_or_404(account: int, member: int) -> GrantView:
    with the_hub().reading() as tx:
        grant = reads.one(tx, account, member)
    if grant is None:
        abort(404)
    return grant


@bp.post("/me/helpers/<number:account>/<number:member>/end")
def end(account: int, member: int) -> Any:
    """One tap: this person does not act for me any more."""
    active_member_or_redirect()
    result = act(EndGrant(AccountNumber(account), AccountNumber(member)), form_key())
    return _ended(result, url_for(".mine", ended=1))


def _ended(result: Receipt | Problem, then: str) -> Any:
    if isinstance(result, Receipt):
        return redirect(then)
    return render_template("refused.html", problem=result, links={Action.SHOW: url_for(".mine")}), REFUSED


@bp.get("/help/<number:account>")
def asked(account: int) -> Any:
    """Somebody asks me to help, or to hold an account together: yes or no."""
    me = active_member_or_redirect()
    grant = _grant_or_404(account, me.number)
    if grant.state == AGREED:
        return redirect(url_for("account.account", number=account))
    return _asked(grant, fresh_key())


def _asked(grant: GrantView, key: str, problem: Problem | None = None) -> str:
    return render_template("money/helper_asked.html", grant=grant, key=key, problem=problem)


@bp.post("/help/<number:account>/agree")
def agree(account: int) -> Any:
    """Yes: to just what the page said."""
    me, key = active_member_or_redirect(), form_key()
    kind = request.form.get("kind", "")
    if kind not in KINDS:
        abort(400)
    result = act(AgreeGrant(AccountNumber(account), kind), key)
    if isinstance(result, Receipt):
        return redirect(url_for("account.account", number=account))
    with the_hub().reading() as tx:
        grant = reads.one(tx, account, me.number)
    if grant is None or grant.state != ASKED:
        return render_template("refused.html", problem=result, links={}), REFUSED
    return _asked(grant, key.hex(), result), REFUSED


@bp.post("/help/<number:account>/end")
def leave(account: int) -> Any:
    """No, or no more."""
    me = active_member_or_redirect()
    return _ended(act(EndGrant(AccountNumber(account), me.number), form_key()), url_for("home.home"))
