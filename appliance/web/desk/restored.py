"""The desk's page *This hub was restored*: what is back, what waits for whom, and what is lost for good."""

from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for

from appliance.ledger.book.command import Receipt
from appliance.ledger.errors import BadNumber, Code
from appliance.ledger.money.unresolved import ClaimUnresolved
from appliance.ledger.people.restoring import NameRisk, OpenSignIn
from appliance.ledger.people.words import LONGEST_LINE
from appliance.ledger.reads.restored import RestoredView, restored, unresolved_one
from appliance.ledger.values import AccountNumber, RecordId, parse_account
from appliance.web.ground.acting import REFUSED, Problem, act, form_key, fresh_key
from appliance.web.ground.here import the_hub
from appliance.web.ground.secure import keeper_at_own_screen
from appliance.web.wording.words import refusal

bp = Blueprint("desk_restored", __name__, url_prefix="/desk/restored")


def _found() -> RestoredView:
    with the_hub().reading() as tx:
        found = restored(tx)
    return found or abort(404)


@bp.get("")
def page() -> Any:
    """How it stands after the restore, in plain words."""
    keeper_at_own_screen()
    return render_template("desk/restored.html", r=_found(), done=request.args.get("done"))


@bp.get("/sign-in")
def sign_in() -> Any:
    """Really let members sign in again?"""
    keeper_at_own_screen()
    return _sign_in(_found(), fresh_key())


def _sign_in(found: RestoredView, key: str, problem: Problem | None = None) -> str:
    return render_template(
        "desk/restored_sign_in.html",
        r=found,
        key=key,
        problem=problem,
        reason=request.form.get("reason", ""),
        longest_line=LONGEST_LINE,
    )


@bp.post("/sign-in")
def open_sign_in() -> Any:
    """Let members sign in again; the keeper says how it was asked who changed a PIN."""
    keeper_at_own_screen()
    key, found = form_key(), _found()
    result = act(OpenSignIn(found.incarnation, request.form.get("reason", "").strip()), key)
    if isinstance(result, Receipt):
        return redirect(url_for(".page", done="sign_in"))
    return _sign_in(found, key.hex(), result), REFUSED


@bp.get("/risk/<number:number>")
def risk(number: int) -> Any:
    """Really go on without a village?"""
    keeper_at_own_screen()
    return _risk(number, fresh_key())


def _risk(number: int, key: str, problem: Problem | None = None) -> str:
    village = next((one.hub for one in _found().neighbours if one.hub.number == number), None)
    return render_template(
        "desk/restored_risk.html",
        village=village or abort(404),
        key=key,
        problem=problem,
        reason=request.form.get("reason", ""),
        longest_line=LONGEST_LINE,
    )


@bp.post("/risk/<number:number>")
def name_risk(number: int) -> Any:
    """Go on without a village, and say why."""
    keeper_at_own_screen()
    key = form_key()
    result = act(NameRisk(number, request.form.get("reason", "").strip()), key)
    if isinstance(result, Receipt):
        return redirect(url_for(".page", done="risk"))
    return _risk(number, key.hex(), result), REFUSED


@bp.get("/claim/<record>")
def claim(record: str) -> Any:
    """Whose is it?"""
    keeper_at_own_screen()
    return _claim(record, fresh_key())


def _claim(record: str, key: str, problem: Problem | None = None) -> Any:
    with the_hub().reading() as tx:
        found = unresolved_one(tx, _id(record))
    if found is None:
        return render_template("refused.html", problem=problem or refusal(Code.NOT_UNRESOLVED)), 404
    return render_template(
        "desk/restored_claim.html",
        u=found,
        key=key,
        problem=problem,
        account=request.form.get("account", ""),
        reason=request.form.get("reason", ""),
        longest_line=LONGEST_LINE,
    )


def _id(record: str) -> RecordId:
    try:
        return RecordId(bytes.fromhex(record))
    except ValueError:
        abort(404)


@bp.post("/claim/<record>")
def claim_now(record: str) -> Any:
    """Move a recovered payment to the account of whose it is, and say how that is known."""
    keeper_at_own_screen()
    key = form_key()
    try:
        account = parse_account(request.form.get("account", ""), the_hub().number)
        number = account.number if account.hub == the_hub().number else AccountNumber(0)
    except BadNumber:
        number = AccountNumber(0)
    result: Receipt | Problem = refusal(Code.UNKNOWN_ACCOUNT)
    if number > 0:
        result = act(ClaimUnresolved(_id(record), number, request.form.get("reason", "").strip()), key)
    if isinstance(result, Receipt):
        return redirect(url_for(".page", done="claim"))
    answer = _claim(record, key.hex(), result)
    return (answer, REFUSED) if isinstance(answer, str) else answer
