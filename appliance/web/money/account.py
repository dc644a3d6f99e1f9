"""Accounts beside the own first one: a further one, one held jointly, one of somebody whom I help."""

from typing import Any

from flask import Blueprint, abort, redirect, render_template, url_for

from appliance.ledger.book.command import Receipt
from appliance.ledger.money.limits import level_high, level_low
from appliance.ledger.people.further import CloseAccount
from appliance.ledger.reads import held as reads
from appliance.ledger.reads.held import OWN, Held
from appliance.ledger.reads.member import statement as lines_of
from appliance.ledger.reads.people import Person
from appliance.web.ground import qr
from appliance.web.ground.acting import REFUSED, Problem, act, form_key, fresh_key
from appliance.web.ground.here import the_hub
from appliance.web.ground.numbers import number_asked
from appliance.web.ground.secure import active_member_or_redirect
from appliance.web.people.home import bar_of
from appliance.web.people.whose import account_of_others
from appliance.web.wording.amounts import account_of
from appliance.web.wording.labels import group_word

bp = Blueprint("account", __name__, url_prefix="/account")


def _or_404(number: int) -> tuple[Person, Held]:
    me = active_member_or_redirect()
    found = account_of_others(me, number)
    if found is None:
        abort(404)
    return me, found


@bp.get("/<number:number>")
def account(number: int) -> Any:
    """How it stands, what waits there, what I can do, who may act on it."""
    me, one = _or_404(number)
    with the_hub().reading() as tx:
        to_pay = reads.requests(tx, number, me.number, asked=False)
        asked = reads.requests(tx, number, me.number, asked=True)
        recent = lines_of(tx, number, limit=5).lines
        holders = reads.of_account(tx, number)
    return render_template(
        "money/account.html",
        me=me,
        one=one,
        group=group_word(one.group),
        bar=bar_of(one.low, one.high, one.balance),
        owes=level_low(one.balance, one.low),
        has=level_high(one.balance, one.high),
        to_pay=to_pay,
        asked=asked,
        recent=recent,
        holders=holders,
    )


@bp.get("/<number:number>/statement")
def statement(number: int) -> Any:
    """All lines of the account, newest first, a page at a time."""
    _me, one = _or_404(number)
    before = number_asked("before") or None
    with the_hub().reading() as tx:
        page = lines_of(tx, number, before)
    return render_template("money/account_statement.html", one=one, page=page, first=before is None)


@bp.get("/<number:number>/qr")
def code(number: int) -> Any:
    """The QR code by which others pay into the account."""
    _me, one = _or_404(number)
    where = account_of(one.account)
    address = qr.address("pay.to", account=where.compact)
    return render_template("money/account_qr.html", one=one, account=where, address=address)


@bp.get("/<number:number>/close")
def close(number: int) -> Any:
    """Close a further account of one's own?"""
    _me, one = _or_404(number)
    return _close(one, fresh_key())


def _close(one: Held, key: str, problem: Problem | None = None) -> str:
    if one.kind != OWN:
        abort(404)
    return render_template("money/account_close.html", one=one, key=key, problem=problem)


@bp.post("/<number:number>/close")
def close_now(number: int) -> Any:
    """Close it: at zero, with nothing under way."""
    me, key = active_member_or_redirect(), form_key()
    result = act(CloseAccount(account_of(number).number), key)
    if isinstance(result, Receipt):
        return redirect(url_for("home.home"))
    one = account_of_others(me, number)
    if one is None:
        abort(404)
    return _close(one, key.hex(), result), REFUSED
