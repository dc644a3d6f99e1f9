"""Moving between villages at the desk: a member who goes, and one who comes with a debt."""

from typing import Any, Final

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from appliance.ledger.book.command import Receipt
from appliance.ledger.errors import BadAmount, Code, Refusal
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.people.moving import Move
from appliance.ledger.people.words import LONGEST_LINE
from appliance.ledger.reads import desk as reads
from appliance.ledger.reads.crossings import other_hubs
from appliance.ledger.reads.desk import AccountLine
from appliance.ledger.values import MAX_AMOUNT, AccountNumber, western_digits
from appliance.web.desk.front import set_or_propose
from appliance.web.ground.acting import REFUSED, Problem, act, form_key, fresh_key
from appliance.web.ground.here import the_hub
from appliance.web.ground.secure import keeper_at_own_screen
from appliance.web.people.moving import far_account, whole
from appliance.web.wording.amounts import read_amount
from appliance.web.wording.words import amount_refusal, refusal

bp = Blueprint("desk_move", __name__, url_prefix="/desk/people/<number:number>")

DAY_MS: Final = 86_400_000
A_YEAR: Final = 365


def _line(number: int) -> AccountLine:
    with the_hub().reading() as tx:
        line = reads.account_line(tx, number)
        if not other_hubs(tx):
            abort(404)
    if line is None or line.who.commons or line.balance is None:
        abort(404)
    return line


@bp.get("/move")
def move(number: int) -> Any:
    """The form: where somebody moves who cannot say it here."""
    keeper_at_own_screen()
    return _move(number, fresh_key())


def _move(number: int, key: str, problem: Problem | None = None) -> str:
    return render_template(
        "desk/move.html",
        line=_line(number),
        typed=request.form,
        key=key,
        problem=problem,
        longest_line=LONGEST_LINE,
    )


@bp.post("/move")
def move_now(number: int) -> Any:
    """Write down where somebody moves, with the reason."""
    keeper_at_own_screen()
    key, there = form_key(), far_account(whole(request.form.get("there", "")))
    if isinstance(there, Refusal) or there.hub is None:
        return _move(number, key.hex(), there if isinstance(there, Refusal) else None), REFUSED
    told, reason = request.form.get("told") == "1", request.form.get("reason", "")
    result = act(Move(AccountNumber(number), there.hub, there.number, told, reason), key)
    if isinstance(result, Receipt):
        return redirect(url_for("desk.person", number=number, done="life"))
    return _move(number, key.hex(), result), REFUSED


@bp.get("/comes")
def comes(number: int) -> Any:
    """The form: room for the debt that a newcomer brings from another village."""
    keeper_at_own_screen()
    return _comes(number, fresh_key())


def _comes(number: int, key: str, problem: Problem | None = None) -> str:
    form = request.form
    return render_template(
        "desk/comes.html",
        line=_line(number),
        debt=form.get("debt", ""),
        days=form.get("days", str(A_YEAR)),
        reason=form.get("reason", _("Comes from another village with a debt")),
        key=key,
        problem=problem,
        longest_line=LONGEST_LINE,
    )


@bp.post("/comes")
def comes_now(number: int) -> Any:
    """Give the account room for the debt, for a while."""
    keeper_at_own_screen()
    key, line = form_key(), _line(number)
    try:
        debt = read_amount(request.form.get("debt", ""))
    except BadAmount as error:
        return _comes(number, key.hex(), amount_refusal(error)), REFUSED
    days = western_digits(request.form.get("days", "")).strip()
    if not (days.isascii() and days.isdigit() and 0 < len(days) <= 4 and int(days)):
        return _comes(number, key.hex(), refusal(Code.TIME_WRONG)), REFUSED
    if line.low is None:
        return redirect(url_for("desk.person", number=number))
    # Never less room than before; the debt on top of what stands there now.
    low = max(min(line.low, (line.balance or 0) - debt), -MAX_AMOUNT)
    until = the_hub().clock.now().ms + int(days) * DAY_MS
    command = SetLimits(AccountNumber(number), low, line.high, request.form.get("reason", ""), until)
    result = set_or_propose(command, key)
    if isinstance(result, Response):
        return result
    if isinstance(result, Receipt):
        return redirect(url_for("desk.person", number=number, done="limits"))
    return _comes(number, key.hex(), result), REFUSED
