"""Asking for a payment to another village back, as long as it has not been taken there."""

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from appliance.ledger.book.command import Receipt
from appliance.ledger.errors import Action
from appliance.ledger.money.crossings import Recall
from appliance.ledger.money.transfers import SENT
from appliance.ledger.people.words import LONGEST_LINE
from appliance.ledger.reads.member import TransferView
from appliance.ledger.reads.people import Person
from appliance.web.ground.acting import REFUSED, act, key_for
from appliance.web.ground.secure import active_member_or_redirect, owner_or_keeper_present
from appliance.web.people.home import transfer_or_404
from appliance.web.people.whose import acts_for

bp = Blueprint("crossing", __name__)


def _payer_of(t: TransferView) -> Person:
    """Who sent a payment that left here."""
    assert t.payer is not None  # only requests have nobody yet
    return t.payer


@bp.get("/t/<record>/recall")
def recall(record: str) -> str | Response:
    """Really ask for it back? Says what that can do, and what not."""
    me = active_member_or_redirect()
    t = transfer_or_404(record, me, keeper=True)
    if t.kind != SENT or Action.RECALL not in t.actions:
        return redirect(url_for("home.transfer", record=record))
    if not acts_for(me, _payer_of(t)):
        owner_or_keeper_present(me, _payer_of(t))
    return render_template(
        "money/recall.html", t=t, mine=acts_for(me, _payer_of(t)), longest_line=LONGEST_LINE
    )


@bp.post("/t/<record>/recall")
def recall_now(record: str) -> tuple[str, int] | Response:
    """Ask the other village for it back; ends at the receipt, which says what came of it."""
    me = active_member_or_redirect()
    t = transfer_or_404(record, me, keeper=True)
    if t.kind != SENT:  # its receipt knows who may read it
        return redirect(url_for("home.transfer", record=record))
    if not acts_for(me, _payer_of(t)):
        owner_or_keeper_present(me, _payer_of(t))
    result = act(Recall(t.id, request.form.get("reason", "")), key_for("recall", t.id))
    if isinstance(result, Receipt):
        return redirect(url_for("home.transfer", record=record))
    links = {Action.SHOW: url_for("home.transfer", record=record)}
    mine = acts_for(me, _payer_of(t))
    page = render_template(
        "money/recall.html", t=t, problem=result, links=links, mine=mine, longest_line=LONGEST_LINE
    )
    return page, REFUSED
