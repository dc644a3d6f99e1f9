"""Somebody says that care is not right; a keeper without any part in it ends that at the desk."""

from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for

from appliance.ledger.book.command import Receipt
from appliance.ledger.care.objections import VERDICTS, EndObjection, ObjectClaim
from appliance.ledger.errors import Action
from appliance.ledger.people.words import LONGEST_LINE
from appliance.ledger.reads import care as reads
from appliance.ledger.reads.care import ClaimView
from appliance.ledger.values import parse_code
from appliance.web.ground.acting import REFUSED, Problem, act, form_key, fresh_key
from appliance.web.ground.here import the_hub
from appliance.web.ground.secure import active_member_or_redirect, as_keeper, keeper_at_own_screen
from appliance.web.wording import care_words

bp = Blueprint("objecting", __name__)


def _claim(code: str, viewer: int, keeper: bool) -> ClaimView:
    hub, normal = the_hub(), parse_code(code)
    with hub.reading() as tx:
        found = None if normal is None else reads.claim_by_code(tx, normal, viewer, keeper, hub.clock.now())
    return found or abort(404)


@bp.get("/C/<code>/object")
def form(code: str) -> Any:
    """What is not right?"""
    me = active_member_or_redirect()
    c = _claim(code, me.number, as_keeper(me))
    if Action.OBJECT not in c.actions:
        return redirect(url_for("care.claim", code=c.code))
    return _form(c, fresh_key())


def _form(c: ClaimView, key: str, problem: Problem | None = None, reason: str = "") -> str:
    return render_template(
        "care/object.html", c=c, key=key, problem=problem, reason=reason, longest_line=LONGEST_LINE
    )


@bp.post("/C/<code>/object")
def send(code: str) -> Any:
    """Tell the keepers."""
    me = active_member_or_redirect()
    key, c = form_key(), _claim(code, me.number, as_keeper(me))
    reason = request.form.get("reason", "").strip()
    result = act(ObjectClaim(c.id, reason), key)
    if isinstance(result, Receipt):
        return redirect(url_for("care.claim", code=c.code))
    return _form(c, key.hex(), result, reason), REFUSED


@bp.get("/desk/objections")
def waiting() -> Any:
    """What somebody objects to now."""
    keeper_at_own_screen()
    hub = the_hub()
    with hub.reading() as tx:
        found = reads.objected(tx, hub.clock.now())
    return render_template("desk/objections.html", found=found)


@bp.get("/desk/objections/<code>")
def one(code: str) -> Any:
    """One of them, with what is to be decided."""
    me = keeper_at_own_screen()
    c = _claim(code, me.number, True)
    return _one(c, me.number, fresh_key()) if c.objections else abort(404)


def _one(c: ClaimView, keeper: int, key: str, problem: Problem | None = None, reason: str = "") -> str:
    with the_hub().reading() as tx:
        able = reads.may_end(tx, c.objections[0].id)
    return render_template(
        "desk/objection.html",
        c=c,
        key=key,
        problem=problem,
        reason=reason,
        waits=care_words.waits(c),
        able=able,
        mine=any(one.number == keeper for one in able),
        longest_line=LONGEST_LINE,
    )


@bp.post("/desk/objections/<code>")
def end(code: str) -> Any:
    """Write down what was found."""
    me = keeper_at_own_screen()
    key, c = form_key(), _claim(code, me.number, True)
    verdict, reason = request.form.get("verdict", ""), request.form.get("reason", "").strip()
    if not c.objections or verdict not in VERDICTS:
        abort(400)
    result = act(EndObjection(c.objections[0].id, verdict, reason), key)
    if isinstance(result, Receipt):
        return redirect(url_for("objecting.one", code=c.code))
    return _one(c, me.number, key.hex(), result, reason), REFUSED
