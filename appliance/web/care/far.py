"""Care and other villages: ask somebody there to confirm one's own, and confirm what somebody there gave.

::

    /C/<code>/elsewhere  --whom-->  is it this person?  --POST-->  /C/<code>
    waits for you  -->  /care/elsewhere/<ask>  --PIN-->  the same page, which says thank you
"""

from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.schema_far import AskedHere
from appliance.ledger.care.asks import AskFar
from appliance.ledger.care.elsewhere import DeclineFar, attested
from appliance.ledger.care.rings import Node
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.keys import KeySigner
from appliance.ledger.people.words import LONGEST_LINE
from appliance.ledger.reads import care, care_far
from appliance.ledger.reads.care import ClaimView
from appliance.ledger.reads.care_far import AskView
from appliance.ledger.reads.people import Person
from appliance.ledger.values import RecordId, parse_code
from appliance.web.ground.acting import ALWAYS, REFUSED, Problem, act, form_key, fresh_key, key_for, with_key
from appliance.web.ground.here import the_hub
from appliance.web.ground.secure import active_member_or_redirect
from appliance.web.people.whom import fits_nobody, look_up, payee
from appliance.web.wording import far_words
from appliance.web.wording.labels import date_words
from appliance.web.wording.words import refusal

bp = Blueprint("care_far", __name__)


# ------------------------------------------------------------------------------------ asking somebody there


def _own(code: str, me: Person) -> ClaimView:
    """The claim whose carer or writer ``me`` is; there is no such page for anybody else."""
    normal = parse_code(code)
    with the_hub().reading() as tx:
        view = None if normal is None else care.claim_by_code(tx, normal, me.number)
    if view is None or me.number not in (view.carer.number, view.writer.number if view.writer else None):
        abort(404)
    return view


@bp.get("/C/<code>/elsewhere")
def whom(code: str) -> Any:
    """Whom in another village? A number, a name, or what a card's QR code says."""
    me = active_member_or_redirect()
    view, text = _own(code, me), request.args.get("who", "").strip()[:120]
    if not text:
        return _whom(view, "")
    with the_hub().reading() as tx:
        found = look_up(tx, text, me.number, far=True)
    people = tuple(someone for someone in found.people if someone.far and not someone.commons)
    if len(people) == 1:
        return render_template("care/far_sure.html", c=view, who=people[0], key=fresh_key(), problem=None)
    if people:
        return _whom(view, text, people=people)
    if found.people:
        message = _("That is somebody of this village. They confirm with the code, or when you name them.")
        return _whom(view, text, message=message), REFUSED
    message = fits_nobody(text) if found.nobody else ""
    return _whom(view, text, problem=found.problem, message=message), REFUSED


def _whom(view: ClaimView, text: str, **more: Any) -> str:
    return render_template("care/far_whom.html", c=view, text=text, **more)


@bp.post("/C/<code>/elsewhere")
def ask(code: str) -> Any:
    """Send the question there."""
    me, key = active_member_or_redirect(), form_key()
    view, typed = _own(code, me), request.form.get("who", "")[:40]
    with the_hub().reading() as tx:
        who = payee(tx, typed, far=True)
    if isinstance(who, Refusal) or who.hub is None:
        problem = who if isinstance(who, Refusal) else refusal(Code.UNKNOWN_ACCOUNT, Action.CHECK_NUMBER)
        return _whom(view, typed, problem=problem), REFUSED
    result = act(AskFar(view.id, (Node(who.hub, who.number),)), key)
    if isinstance(result, Receipt):
        return redirect(url_for("care.claim", code=view.code, thanks="asked"))
    page = render_template("care/far_sure.html", c=view, who=who, key=key.hex(), problem=result)
    return page, REFUSED


# ------------------------------------------------------------------------------------ asked from there


def _asked(ask: str, me: Person) -> AskView:
    try:
        record = bytes.fromhex(ask)
    except ValueError:
        abort(404)
    with the_hub().reading() as tx:
        view = care_far.ask_view(tx, record, me.number)
    if view is None:
        abort(404)
    return view


def _page(view: AskView, problem: Problem | None = None) -> str:
    return render_template(
        "care/far_confirm.html",
        c=view,
        problem=problem,
        ended=far_words.ended(view),
        why=far_words.why_not(view.why) if view.why else "",
        until="" if view.until is None else date_words(view.until),
        longest_line=LONGEST_LINE,
    )


@bp.get("/care/elsewhere/<ask>")
def asked(ask: str) -> Any:
    """What somebody of another village asks one to confirm, and how that stands."""
    return _page(_asked(ask, active_member_or_redirect()))


@bp.post("/care/elsewhere/<ask>/confirm")
def confirm(ask: str) -> Any:
    """Sign that it is so: with the PIN each time, as it spends the credit of a commons."""
    me = active_member_or_redirect()
    view = _asked(ask, me)

    def sign(signer: KeySigner) -> Receipt | Refusal:
        with the_hub().reading() as tx:
            row = tx.get(AskedHere, id=view.id)
            if row is None:
                return refusal(Code.UNKNOWN_CLAIM, Action.HOME)
            command = attested(tx, row, me.number, signer)
        return the_hub().submit(command, signer, key_for("sign_far", view.id))

    return _answered(view, me, with_key(sign, ALWAYS))


@bp.post("/care/elsewhere/<ask>/decline")
def decline(ask: str) -> Any:
    """Say that one cannot confirm it, and why, if one cares to."""
    me = active_member_or_redirect()
    view = _asked(ask, me)
    said = DeclineFar(RecordId(view.id), request.form.get("reason", "").strip())
    return _answered(view, me, act(said, key_for("decline_far", view.id)))


def _answered(view: AskView, me: Person, result: Receipt | Problem) -> Any:
    if isinstance(result, Receipt):
        return redirect(url_for(".asked", ask=view.id.hex()))
    return _page(_asked(view.id.hex(), me), result), REFUSED
