"""A member's own steps: away for a while, back again, leaving for good."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from appliance.ledger.book.command import Receipt, Refused
from appliance.ledger.errors import Refusal
from appliance.ledger.keys import KeySigner
from appliance.ledger.people.erasing import AskErase, open_one
from appliance.ledger.people.leaving import Leave
from appliance.ledger.people.life import Away, Back
from appliance.ledger.reads.crossings import other_hubs
from appliance.ledger.reads.life import only_keeper
from appliance.ledger.reads.people import Person
from appliance.ledger.values import AccountNumber
from appliance.web.ground.acting import ALWAYS, REFUSED, Problem, act, form_key, fresh_key, with_key
from appliance.web.ground.here import the_hub
from appliance.web.ground.secure import active_member_or_redirect
from appliance.web.ground.session import end_sign_ins, this_session

bp = Blueprint("me_life", __name__, url_prefix="/me")


@bp.get("/away")
def away() -> Any:
    """The form for being away, or back again."""
    return _away(fresh_key())


def _away(key: str, problem: Problem | None = None) -> str:
    return render_template("people/away.html", me=active_member_or_redirect(), key=key, problem=problem)


@bp.post("/away")
def away_now() -> Any:
    """Hide my offers and wants for a while, or show them again."""
    me, key = active_member_or_redirect(), form_key()
    step = Back if request.form.get("back") == "1" else Away
    result = act(step(me.number), key)
    if isinstance(result, Receipt):
        return redirect(url_for("home.me", changed="away"))
    return _away(key.hex(), result), REFUSED


@bp.get("/close")
def leave() -> Any:
    """What leaving means, and the last question."""
    return _leave(active_member_or_redirect(), fresh_key())


def _leave(me: Person, key: str, problem: Problem | None = None) -> str:
    with the_hub().reading() as tx:
        last = only_keeper(tx, me.number)
        far = bool(other_hubs(tx))
        asked = open_one(tx, me.number) is not None
    return render_template(
        "people/leave.html",
        key=key,
        problem=problem,
        only_keeper=last,
        far=far,
        erase_asked=asked,
        erase=request.form.get("erase") == "1",
    )


def _leaves(number: AccountNumber, signer: KeySigner, key: bytes) -> Receipt | Refusal:
    """Leaves; and before it, in the same moment, asks that all words be erased, when that was ticked."""
    with the_hub().reading() as tx:
        wanted = request.form.get("erase") == "1" and open_one(tx, number) is None
    if not wanted:
        return the_hub().submit(Leave(number), signer, key)
    done = the_hub().submit_all((AskErase(number), Leave(number)), signer, key)
    return done.refusal if isinstance(done, Refused) else done[-1]


@bp.post("/close")
def leave_now() -> Any:
    """Close my account. It asks for the PIN each time."""
    me, key = active_member_or_redirect(), form_key()
    result = with_key(lambda signer: _leaves(me.number, signer, key), ALWAYS)
    if not isinstance(result, Receipt):
        return _leave(me, key.hex(), result), REFUSED
    this_session().sign_out()
    end_sign_ins(me.number)
    return redirect("/")
