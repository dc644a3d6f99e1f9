"""Paper slips as their two people meet them: what a keeper typed in, and whether it is right."""

from typing import Any

from flask import Blueprint, redirect, render_template, request

from appliance.ledger.money import piles
from appliance.ledger.reads.slips import not_seen
from appliance.web.ground.acting import fresh_key
from appliance.web.ground.here import the_hub
from appliance.web.ground.secure import active_member_or_redirect

bp = Blueprint("slips_mine", __name__)


@bp.get("/slips")
def mine() -> Any:
    """All that wait to be read."""
    me = active_member_or_redirect()
    with the_hub().reading() as tx:
        waiting = not_seen(tx, me.number)
    return render_template(
        "money/slips_mine.html", me=me, slips=waiting, slips_on_home=len(waiting), key=fresh_key()
    )


@bp.post("/slips/right")
def right() -> Any:
    """These are right: they need not be shown any more. Twice is as good as once."""
    me = active_member_or_redirect()
    told = set(request.form.getlist("slip"))
    with the_hub().reading() as tx:
        meant = [one.transfer for one in not_seen(tx, me.number) if one.transfer.hex() in told]
    if meant:
        piles.keep_seen(the_hub().store, me.number, meant)
    return redirect("/")
