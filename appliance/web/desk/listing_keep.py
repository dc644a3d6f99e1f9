"""What keepers do about listings, at the hub's own screen: hide, show again, move to another kind, put two together."""

from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for

from appliance.ledger.book.command import Receipt
from appliance.ledger.errors import Action, Code
from appliance.ledger.market.keeping import HideListing, MergeListing, MoveListing, ShowListing
from appliance.ledger.market.listings import HIDDEN, STANDING
from appliance.ledger.people.words import LONGEST_LINE
from appliance.ledger.reads import listings as reads
from appliance.ledger.reads.listings import ListingView
from appliance.ledger.values import RecordId
from appliance.web.ground.acting import REFUSED, Problem, act, form_key, fresh_key
from appliance.web.ground.here import the_hub, the_kinds
from appliance.web.ground.secure import keeper_at_own_screen
from appliance.web.market.listings import listing_or_404
from appliance.web.wording.words import refusal

bp = Blueprint("listing_keep", __name__, url_prefix="/market")


@bp.get("/<record>/hide")
def ask_hide(record: str) -> Any:
    return _ask(record, "hide")


@bp.post("/<record>/hide")
def hide(record: str) -> Any:
    """Off the market, with a reason that the owner reads."""
    return _do(record, "hide")


@bp.get("/<record>/show")
def ask_show(record: str) -> Any:
    return _ask(record, "show")


@bp.post("/<record>/show")
def show(record: str) -> Any:
    """Back on the market."""
    return _do(record, "show")


@bp.get("/<record>/move")
def ask_move(record: str) -> Any:
    return _ask(record, "move")


@bp.post("/<record>/move")
def move(record: str) -> Any:
    """Under another kind."""
    return _do(record, "move")


@bp.get("/<record>/merge")
def ask_merge(record: str) -> Any:
    return _ask(record, "merge")


@bp.post("/<record>/merge")
def merge(record: str) -> Any:
    """One of two that say the same is closed."""
    return _do(record, "merge")


def _ask(record: str, what: str) -> Any:
    me = keeper_at_own_screen()
    view = listing_or_404(record, me)
    if view.state not in STANDING or (
        what in ("hide", "show") and (what == "show") != (view.state == HIDDEN)
    ):
        return redirect(url_for("market.show", record=record))
    return _page(view, what)


def _page(view: ListingView, what: str, problem: Problem | None = None) -> str:
    same: list[ListingView] = []
    if what == "merge":
        with the_hub().reading() as tx:
            theirs = reads.listings_of(tx, view.owner.number, view.owner.number)
        same = [
            one for one in theirs if one.kind == view.kind and one.id != view.id and one.state in STANDING
        ]
    kinds = the_kinds()
    return render_template(
        "desk/listing_keep.html",
        listing=view,
        what=what,
        same=same,
        groups=[(group, kinds.children(group.key)) for group in kinds.groups()] if what == "move" else [],
        key=fresh_key(),
        longest=LONGEST_LINE,
        problem=problem,
    )


def _do(record: str, what: str) -> Any:
    me = keeper_at_own_screen()
    view = listing_or_404(record, me)
    key, reason = form_key(), request.form.get("reason", "").strip()
    if what == "hide":
        result = act(HideListing(view.id, reason), key)
    elif what == "show":
        result = act(ShowListing(view.id, reason), key)
    elif what == "move":
        result = act(MoveListing(view.id, request.form.get("category", ""), reason), key)
    else:
        into = _into()
        if into is None:
            return _page(view, what, refusal(Code.NOT_THE_SAME, Action.TRY_AGAIN)), REFUSED
        result = act(MergeListing(view.id, into, reason), key)
    if isinstance(result, Receipt):
        return redirect(url_for("market.show", record=record))
    return _page(view, what, result), REFUSED


def _into() -> RecordId | None:
    """The listing that was chosen to stay."""
    typed = request.form.get("into", "")
    if not typed:
        return None
    try:
        return RecordId(bytes.fromhex(typed))
    except ValueError:
        abort(400)
