"""The sheet at home: made with the PIN, printed or written down; with it somebody who forgot the PIN comes in again."""

from typing import Any, Final

from flask import Blueprint, redirect, render_template, request, url_for

from appliance.ledger import reentry
from appliance.ledger.book.command import Receipt
from appliance.ledger.errors import Action, BadNumber, Code, Refusal
from appliance.ledger.keys import KeySigner
from appliance.ledger.people import sheets
from appliance.ledger.people.sheets import AllowReentry, StopReentry, Waiting
from appliance.ledger.reads.people import person
from appliance.ledger.values import Account, AccountNumber, RecordId, parse_account
from appliance.web.ground import qr
from appliance.web.ground.acting import (
    ALWAYS,
    REFUSED,
    Problem,
    act,
    acting_signer,
    form_key,
    fresh_key,
    key_for,
)
from appliance.web.ground.here import the_hub
from appliance.web.ground.secure import at_own_screen, keeper_at_own_screen, member_or_redirect
from appliance.web.ground.session import end_sign_ins, this_session
from appliance.web.wording.words import refusal

bp = Blueprint("sheets", __name__)


@bp.get("/me/sheet")
def mine() -> Any:
    """What the sheet is for, whether there is one, and whether somebody asked to come in with it."""
    return _mine(member_or_redirect().number, request.args.get("done", ""))


def _mine(number: AccountNumber, done: str = "", problem: Problem | None = None) -> str:
    with the_hub().reading() as tx:
        made, asked = sheets.made_at(tx, number), sheets.waiting_for(tx, number)
    return render_template("people/sheet.html", made=made, asked=asked, done=done, problem=problem)


@bp.post("/me/sheet")
def make() -> Any:
    """A new sheet. It is on this page and nowhere else; the one before opens nothing any more."""
    me = member_or_redirect()
    signer = acting_signer(ALWAYS)
    if not isinstance(signer, KeySigner):
        return _mine(me.number, problem=signer), REFUSED
    try:
        made = reentry.make(the_hub(), signer)
    finally:
        signer.close()
    if isinstance(made, Refusal):
        return _mine(me.number, problem=made), REFUSED
    account = Account(the_hub().number, AccountNumber(me.number))
    address = qr.address("sheets.scanned", account=number_in_code(account), letters=made.letters)
    return render_template(
        "people/sheet_paper.html",
        who=me,
        account=account,
        letters=sheets.show_letters(made.letters),
        address=address,
        at=made.receipt.at,
    )


@bp.post("/me/sheet/stop")
def stop() -> Any:
    """It was not I who asked: the sheet is worthless from now on."""
    me = member_or_redirect()
    record = _record()
    result = act(StopReentry(record, me.number), key_for("stop-reentry", record))
    if not isinstance(result, Receipt):
        return _mine(me.number, problem=result), REFUSED
    return redirect(url_for(".mine", done="stopped"))


def _record() -> RecordId:
    try:
        return RecordId(bytes.fromhex(request.form.get("reentry", "")))
    except ValueError:
        return RecordId(b"")


# ------------------------------------------------------------------------------ without the PIN


_SHORT: Final = 999_999
"""Up to here a number is told from a full one without its hub."""


def number_in_code(account: Account) -> str:
    """A number of this hub as the sheet's code has it: without the hub, which the address names anyway."""
    return account.short.replace("-", "") if account.number <= _SHORT else account.compact


@bp.get("/again")
def again() -> str:
    """The form for who forgot the PIN: the number, and what is on the sheet."""
    return render_template("people/reentry.html", typed="", letters="")


@bp.get("/S/<account>/<letters>")
@bp.get("/s/<account>/<letters>", alias=True)
def scanned(account: str, letters: str) -> str:
    """The same form, filled in by the sheet's code."""
    return render_template("people/reentry.html", typed=account, letters=letters)


@bp.post("/again")
def look() -> Any:
    """With the right sheet: how it stands, and what can be done next."""
    number, letters, problem = _sheet()
    if number is None:
        return _form(problem), REFUSED
    signer = reentry.open_with(the_hub(), number, letters)
    if isinstance(signer, Refusal):
        return _form(signer), REFUSED
    signer.close()
    return _state(number, letters)


@bp.post("/again/ask")
def ask() -> Any:
    """Ask to choose a new PIN."""
    number, letters, problem = _sheet()
    if number is None:
        return _form(problem), REFUSED
    result = reentry.ask(the_hub(), number, letters, form_key())
    if isinstance(result, Refusal) and result.code is Code.SHEET_WRONG:
        return _form(result), REFUSED
    if isinstance(result, Refusal) and result.code is not Code.ALREADY_ASKED:
        return _state(number, letters, result), REFUSED
    return _state(number, letters)


@bp.post("/again/pin")
def choose() -> Any:
    """The new PIN, when a keeper has said yes or a day has passed; all sign-ins from before end."""
    number, letters, problem = _sheet()
    if number is None:
        return _form(problem), REFUSED
    new = request.form.get("new", "")
    if new != request.form.get("new2", ""):
        return _state(number, letters, differs=True), REFUSED
    session = this_session()
    result = reentry.choose_pin(the_hub(), number, letters, new, session.device, request.remote_addr or "")
    if isinstance(result, Refusal):
        wrong = result.code is Code.SHEET_WRONG
        return (_form(result) if wrong else _state(number, letters, result)), REFUSED
    end_sign_ins(number)
    account = Account(the_hub().number, number)
    return render_template("people/reentry_done.html", account=account)


def _sheet() -> tuple[AccountNumber | None, str, Refusal | None]:
    """The member's number and the letters as typed; why not, when the number is none of this hub."""
    letters = request.form.get("letters", "")[:80]
    try:
        account = parse_account(request.form.get("number", "")[:40], the_hub().number)
    except BadNumber:
        return None, letters, refusal(Code.UNKNOWN_ACCOUNT, Action.TRY_AGAIN)
    if account.hub != the_hub().number:
        return None, letters, refusal(Code.UNKNOWN_ACCOUNT, Action.TRY_AGAIN)
    return account.number, letters, None


def _form(problem: Refusal | None) -> str:
    typed = request.form.get("number", "")[:40]
    return render_template(
        "people/reentry.html", typed=typed, letters=request.form.get("letters", "")[:80], problem=problem
    )


def _state(number: AccountNumber, letters: str, problem: Refusal | None = None, differs: bool = False) -> str:
    now = the_hub().clock.now()
    with the_hub().reading() as tx:
        asked, who, row = sheets.waiting_for(tx, number), person(tx, number), sheets.waiting(tx, number)
        ready = row is not None and sheets.ready(tx, row, now)
    return render_template(
        "people/reentry_state.html",
        who=who,
        number=Account(the_hub().number, number).full,
        letters=letters,
        asked=asked,
        ready=ready,
        key=fresh_key(),
        problem=problem,
        differs=differs,
        at_desk=at_own_screen(),
    )


# ------------------------------------------------------------------------------ the keeper's part


@bp.get("/desk/sheets")
def waiting() -> str:
    """Who asks to come in with a sheet."""
    keeper_at_own_screen()
    return _waiting(done=request.args.get("done", ""))


def _waiting(problem: Problem | None = None, done: str = "") -> str:
    with the_hub().reading() as tx:
        found: list[tuple[Waiting, Any]] = [(one, person(tx, one.member)) for one in sheets.to_allow(tx)]
    return render_template("desk/sheets.html", waiting=found, problem=problem, done=done)


@bp.post("/desk/sheets/allow")
def allow() -> Any:
    """The keeper has the person in front of them."""
    keeper_at_own_screen()
    record, member = _asked_for()
    return _answered(act(AllowReentry(record, member), key_for("allow-reentry", record), ALWAYS), "allow")


@bp.post("/desk/sheets/stop")
def stop_for() -> Any:
    """The keeper knows that it is somebody else."""
    keeper_at_own_screen()
    record, member = _asked_for()
    return _answered(act(StopReentry(record, member), key_for("stop-reentry", record)), "stop")


def _asked_for() -> tuple[RecordId, AccountNumber]:
    record = _record()
    with the_hub().reading() as tx:
        found = [one.member for one in sheets.to_allow(tx) if one.id == record]
    return record, found[0] if found else AccountNumber(0)


def _answered(result: Receipt | Problem, done: str) -> Any:
    if not isinstance(result, Receipt):
        return _waiting(result), REFUSED
    return redirect(url_for(".waiting", done=done))
