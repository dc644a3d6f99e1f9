"""A lost phone: all other sign-ins end, and what was paid last is looked through."""

from typing import Any, Final

from flask import Blueprint, redirect, render_template, url_for
from flask_babel import gettext as _

from appliance.ledger.book.command import Receipt
from appliance.ledger.keys import member_authority
from appliance.ledger.money.disputes import Dispute
from appliance.ledger.people import pins
from appliance.ledger.reads.member import statement
from appliance.ledger.reads.troubles import open_disputes
from appliance.ledger.values import AccountNumber, RecordId
from appliance.web.acting import REFUSED, Problem, act, key_for
from appliance.web.here import the_hub, the_keys
from appliance.web.secure import keeper_at_own_screen, member_or_redirect
from appliance.web.session import end_sign_ins, this_session

bp = Blueprint("lost", __name__)

SHOWN: Final = 10
"""So many of the last payments are looked through here; the statement has them all."""


@bp.get("/me/lost")
def page() -> Any:
    """What to do when a phone is gone."""
    return _page(member_or_redirect().number)


def _page(number: AccountNumber, ended: bool = False, problem: Problem | None = None) -> str:
    with the_hub().reading() as tx:
        lines = [line for line in statement(tx, number, limit=5 * SHOWN).lines if line.amount < 0][:SHOWN]
        contested = {one.transfer for one in open_disputes(tx, the_hub().clock.now(), number)}
    return render_template("lost.html", lines=lines, contested=contested, ended=ended, problem=problem)


@bp.post("/me/lost")
def end() -> Any:
    """Every other phone is signed out, and none but this one is known any more."""
    me, session = member_or_redirect(), this_session()
    mine = the_keys().borrow(session.digest, member_authority(me.number))
    end_sign_ins(me.number, keep=session.digest)
    if mine is not None:  # this phone's own key stays open: each tap below would ask for the PIN otherwise
        the_keys().keep(session.digest, mine)
        mine.close()
    pins.renewed(the_hub().store, me.number, session.device)
    return _page(me.number, ended=True)


@bp.post("/me/lost/<record>")
def contest(record: str) -> Any:
    """One tap: this payment was not mine."""
    me = member_or_redirect()
    try:
        transfer = RecordId(bytes.fromhex(record))
    except ValueError:
        transfer = RecordId(b"")
    why = _("My phone was lost. I did not make this payment.")
    result = act(Dispute(transfer, why), key_for("lost", transfer))
    if not isinstance(result, Receipt):
        return _page(me.number, problem=result), REFUSED
    return redirect(url_for(".page"))


@bp.post("/desk/people/<number:number>/sign-out")
def end_for(number: int) -> Any:
    """A keeper does it for somebody who has no other phone."""
    keeper_at_own_screen()
    end_sign_ins(number)
    pins.renewed(the_hub().store, number)
    return redirect(url_for("desk.person", number=number, done="signed_out"))
