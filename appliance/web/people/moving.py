"""A member moves to another village: where to, what is left to do, calling it off."""

from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for

from appliance.ledger.book.command import Receipt
from appliance.ledger.errors import Code, Refusal
from appliance.ledger.money.crossings import Send
from appliance.ledger.people import powers
from appliance.ledger.people.moving import Move, Stay, left
from appliance.ledger.reads.crossings import far_person, other_hubs
from appliance.ledger.reads.life import only_keeper
from appliance.ledger.reads.people import Person
from appliance.ledger.values import AccountNumber, Amount
from appliance.web.ground.acting import ALWAYS, REFUSED, Problem, act, form_key, fresh_key
from appliance.web.ground.here import the_hub
from appliance.web.ground.secure import active_member_or_redirect
from appliance.web.people.whom import payee
from appliance.web.wording.words import refusal

bp = Blueprint("moving", __name__, url_prefix="/me/move")


def far_account(text: str) -> Person | Refusal:
    """The account of another village that was typed, or why it is none."""
    with the_hub().reading() as tx:
        found = payee(tx, text, far=True)
    if isinstance(found, Person) and not found.far:
        return refusal(Code.UNKNOWN_ACCOUNT)
    return found


def whole(text: str) -> str:
    """A number as forms carry it on: not longer than any number can be."""
    return text.strip()[:40]


@bp.get("")
def begin() -> Any:
    """Where to; or, once that is said, what is left to do."""
    me = active_member_or_redirect()
    with the_hub().reading() as tx:
        if not other_hubs(tx):
            abort(404)
    return (
        _going(me, fresh_key())
        if me.status == powers.MOVING
        else _where(whole(request.args.get("there", "")))
    )


def _where(text: str = "", problem: Problem | None = None) -> str:
    return render_template("people/move.html", typed=text, problem=problem)


@bp.post("/check")
def check() -> Any:
    """Is this right? Names the village and the number, and says what follows. Nothing changes yet."""
    me, text = active_member_or_redirect(), whole(request.form.get("there", ""))
    there = far_account(text)
    if isinstance(there, Refusal):
        return _where(text, there), REFUSED
    return _check(me, there, request.form.get("told") == "1", fresh_key())


def _check(me: Person, there: Person, told: bool, key: str, problem: Problem | None = None) -> str:
    with the_hub().reading() as tx:
        last = only_keeper(tx, me.number)
    return render_template(
        "people/move_check.html", there=there, told=told, key=key, problem=problem, only_keeper=last
    )


@bp.post("")
def move() -> Any:
    """I move: from now on my account here goes to zero."""
    me, key, text = active_member_or_redirect(), form_key(), whole(request.form.get("there", ""))
    there = far_account(text)
    if isinstance(there, Refusal) or there.hub is None:
        return _where(text, there if isinstance(there, Refusal) else None), REFUSED
    told = request.form.get("told") == "1"
    result = act(Move(me.number, there.hub, there.number, told), key, ALWAYS)
    if isinstance(result, Receipt):
        return redirect(url_for(".begin"))
    return _check(me, there, told, key.hex(), result), REFUSED


def _going(me: Person, key: str, problem: Problem | None = None) -> str:
    with the_hub().reading() as tx:
        todo = left(tx, me.number)
        there = None if todo is None else far_person(tx, todo.hub, todo.account)
    if todo is None or there is None:
        abort(404)
    return render_template(
        "people/moving.html", me=me, todo=todo, there=there, key=key, other_key=fresh_key(), problem=problem
    )


@bp.post("/send")
def send() -> Any:
    """Send what can go to my account there: as much as the trunk lets through now."""
    me, key = active_member_or_redirect(), form_key()
    with the_hub().reading() as tx:
        todo = left(tx, me.number)
    if todo is None:
        return redirect(url_for(".begin"))
    typed = request.form.get("amount", "")
    amount = Amount(int(typed)) if typed.isascii() and typed.isdigit() and len(typed) <= 15 else todo.can_go
    # What the page showed is what is sent; a second tap ends at the one receipt.
    command = Send(me.number, todo.hub, AccountNumber(todo.account), Amount(amount), again=True)
    result = act(command, key, amount)
    if isinstance(result, Receipt):
        return redirect(url_for("home.transfer", record=result.record.hex()))
    return _going(me, key.hex(), result), REFUSED


@bp.get("/check")
@bp.get("/send")
@bp.get("/stay")
def from_the_start() -> Any:
    """These are reached by forms; who reloads them begins anew."""
    return redirect(url_for(".begin"))


@bp.post("/stay")
def stay() -> Any:
    """I stay here after all."""
    me, key = active_member_or_redirect(), form_key()
    result = act(Stay(me.number), key)
    if isinstance(result, Receipt):
        return redirect(url_for("home.me", changed="stay"))
    if me.status != powers.MOVING:
        return redirect(url_for("home.me"))
    return _going(me, key.hex(), result), REFUSED
