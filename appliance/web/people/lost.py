"""A lost phone: all other sign-ins end, and what was paid last is looked through."""

from typing import Any, Final

from flask import Blueprint, redirect, render_template, url_for
from flask_babel import gettext as _

from appliance.ledger.book.command import Receipt
from appliance.ledger.keys import KeySigner
from appliance.ledger.money.disputes import Dispute
from appliance.ledger.people import pins
from appliance.ledger.reads.member import statement
from appliance.ledger.reads.troubles import open_disputes
from appliance.ledger.values import AccountNumber, RecordId
from appliance.web.ground.acting import ALWAYS, REFUSED, Problem, act, acting_signer, key_for
from appliance.web.ground.here import the_hub, the_keys
from appliance.web.ground.secure import keeper_at_own_screen, member_or_redirect
from appliance.web.ground.session import end_sign_ins, this_session

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
    return render_template("people/lost.html", lines=lines, contested=contested, ended=ended, problem=problem)


@bp.post("/me/lost")
def end() -> Any:
    """Every other phone is signed out, and none but this one is known any more.

    With the PIN: whoever found the phone could keep its owner out otherwise, whose own phone would be a
    strange one, which waits when somebody types wrong PINs.
    """
    me, session = member_or_redirect(), this_session()
    mine = acting_signer(ALWAYS)
    if not isinstance(mine, KeySigner):
        return _page(me.number, problem=mine), REFUSED
    end_sign_ins(me.number, keep=session.digest)
    # This phone's own key stays open: each tap below would ask for the PIN otherwise.
    the_keys().keep(session.digest, mine)
    mine.close()
    pins.forget_devices(the_hub().store, me.number, session.device)
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
    pins.forget_devices(the_hub().store, number)
    return redirect(url_for("desk.person", number=number, done="signed_out"))
