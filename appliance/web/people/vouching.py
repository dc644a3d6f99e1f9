"""Vouching: a member says of somebody who wants to join, I know this person."""

from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for

from appliance.ledger.book.command import Receipt
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.people import powers
from appliance.ledger.people.life import Vouch
from appliance.ledger.reads.life import vouchers
from appliance.ledger.reads.people import Person, person
from appliance.ledger.values import AccountNumber
from appliance.web.ground.acting import REFUSED, Problem, act, form_key, fresh_key
from appliance.web.ground.here import the_hub, the_rules
from appliance.web.ground.secure import active_member_or_redirect
from appliance.web.people.whom import account_in
from appliance.web.wording.amounts import account_of
from appliance.web.wording.words import refusal

bp = Blueprint("vouching", __name__, url_prefix="/me/vouch")


@bp.get("")
def whom() -> Any:
    """Type the newcomer's number; then read the name, and say yes."""
    me = active_member_or_redirect()
    if not the_rules().credit.vouchers:
        abort(404)  # this village asks for no vouching
    text = request.args.get("number", "").strip()[:40]
    if not text:
        return _whom("")
    found = _newcomer(text)
    if isinstance(found, Refusal):
        return _whom(text, found), REFUSED
    return _sure(me, found, fresh_key())


def _newcomer(text: str) -> Person | Refusal:
    account = account_in(text)
    if account is None or account.hub != the_hub().number:
        return refusal(Code.UNKNOWN_ACCOUNT, Action.CHECK_NUMBER)
    with the_hub().reading() as tx:
        found = person(tx, account.number)
    if found is None or found.commons:
        return refusal(Code.UNKNOWN_ACCOUNT, Action.CHECK_NUMBER)
    return found if found.status == powers.APPLIED else refusal(Code.NOT_APPLIED)


def _whom(text: str, problem: Problem | None = None) -> str:
    return render_template("people/vouch.html", text=text, problem=problem)


def _sure(me: Person, newcomer: Person, key: str, problem: Problem | None = None) -> str:
    with the_hub().reading() as tx:
        mine = any(who.number == me.number for who in vouchers(tx, newcomer.number))
    return render_template("people/vouch_sure.html", newcomer=newcomer, mine=mine, key=key, problem=problem)


@bp.post("")
def vouch() -> Any:
    """I know this person. It stands in the book."""
    me, key = active_member_or_redirect(), form_key()
    found = _newcomer(request.form.get("number", ""))
    if isinstance(found, Refusal):
        return _whom(request.form.get("number", "")[:40], found), REFUSED
    result = act(Vouch(AccountNumber(found.number)), key)
    if isinstance(result, Receipt):
        return redirect(url_for(".whom", number=account_of(found).short))
    return _sure(me, found, key.hex(), result), REFUSED
