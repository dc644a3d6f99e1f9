"""Complaints at the desk: what somebody was troubled by, and what a keeper does about it."""

from typing import Any, Final

from flask import Blueprint, abort, redirect, render_template, request, url_for

from appliance.ledger.book.command import Receipt
from appliance.ledger.market.complaints import LET, NOTHING, QUIET, WORD, AnswerComplaint
from appliance.ledger.people.words import LONGEST_LINE
from appliance.ledger.reads import talks as reads
from appliance.ledger.reads.people import Person, person
from appliance.ledger.values import AccountNumber
from appliance.web.ground.acting import REFUSED, Problem, act, form_key, fresh_key
from appliance.web.ground.here import the_hub
from appliance.web.ground.secure import keeper_at_own_screen

bp = Blueprint("desk_talks", __name__, url_prefix="/desk/complaints")

_STEPS: Final = {
    "nothing": (NOTHING, 0),
    "word": (WORD, 0),
    "day": (QUIET, 1),
    "week": (QUIET, 7),
    "month": (QUIET, 30),
}
"""What can be chosen: the measure, and for how many days."""


@bp.get("")
def waiting() -> Any:
    """What waits for a keeper, and whose messages are stopped."""
    me = keeper_at_own_screen()
    with the_hub().reading() as tx:
        found = reads.complaints_waiting(tx, me.number)
        own = reads.complaints_of(tx, me.number)
        quieted = reads.quieted(tx, the_hub().clock.now())
    return render_template("desk/complaints.html", me=me, complaints=found, own=own, quieted=quieted)


@bp.get("/<record>")
def one(record: str) -> Any:
    """One complaint: the words it is about, and nothing else that those two wrote."""
    return _page(_found(record, keeper_at_own_screen()), fresh_key())


@bp.post("/<record>")
def answer(record: str) -> Any:
    """Do something about it, or nothing, with a reason."""
    me, key = keeper_at_own_screen(), form_key()
    found = _found(record, me)
    measure, days = _STEPS.get(request.form.get("step", ""), ("", 0))
    local = found.accused is not None and not found.accused.far
    accused = found.accused.number if found.accused is not None and local else AccountNumber(0)
    reason = request.form.get("reason", "")
    result = act(AnswerComplaint(found.id, accused, measure, days, reason), key)
    if isinstance(result, Receipt):
        return redirect(url_for(".waiting"))
    return _page(found, key.hex(), result), REFUSED


@bp.get("/about/<number:member>")
def about(member: int) -> Any:
    """A word to somebody, or none of the messages for some days, without a written complaint; or let write again."""
    keeper_at_own_screen()
    return _about(member, fresh_key())


@bp.post("/about/<number:member>")
def say(member: int) -> Any:
    """Do it."""
    keeper_at_own_screen()
    key = form_key()
    step = request.form.get("step", "")
    measure, days = (LET, 0) if step == "let" else _STEPS.get(step, ("", 0))
    command = AnswerComplaint(None, AccountNumber(member), measure, days, request.form.get("reason", ""))
    result = act(command, key)
    if isinstance(result, Receipt):
        return redirect(url_for(".waiting"))
    return _about(member, key.hex(), result), REFUSED


def _found(record: str, me: Person) -> reads.ComplaintView:
    try:
        ident = bytes.fromhex(record)
    except ValueError:
        abort(404)
    with the_hub().reading() as tx:
        found = reads.complaint(tx, ident, me.number)
    if found is None:
        abort(404)
    return found


def _page(found: reads.ComplaintView, key: str, problem: Problem | None = None) -> str:
    return render_template(
        "desk/complaint.html",
        c=found,
        key=key,
        problem=problem,
        typed=request.form,
        longest_line=LONGEST_LINE,
        far=found.accused is None or found.accused.far,
    )


def _about(member: int, key: str, problem: Problem | None = None) -> str:
    with the_hub().reading() as tx:
        who = person(tx, member)
        quieted = [one for one in reads.quieted(tx, the_hub().clock.now()) if one.who.number == member]
    if who is None or who.owner is not None or who.unresolved:
        abort(404)
    return render_template(
        "desk/quiet.html",
        who=who,
        quieted=quieted[0] if quieted else None,
        key=key,
        problem=problem,
        typed=request.form,
        longest_line=LONGEST_LINE,
    )
