"""The market: what people offer and want, here and in other villages, and who could trade with whom."""

from dataclasses import dataclass, field
from typing import Any, Final

from flask import Blueprint, abort, redirect, render_template, request, url_for

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.rules import CATEGORIES
from appliance.ledger.book.store import Tx
from appliance.ledger.errors import Action, BadAmount, Code
from appliance.ledger.market.listings import LONGEST_TITLE, OFFER, WANT, CloseListing, OpenListing
from appliance.ledger.people.words import LONGEST_LINE, LONGEST_TEXT
from appliance.ledger.reads import member as reads
from appliance.ledger.reads.far_listings import FarListingView, Spread, far_listing, spread, trading_hubs
from appliance.ledger.reads.member import ListingView
from appliance.ledger.reads.people import Person
from appliance.ledger.reads.village import not_trading
from appliance.ledger.values import Amount, RecordId
from appliance.matching import BEST, NEWEST, FarId, ListingId, Query, Suggestion, find, suggestions
from appliance.web import labels
from appliance.web.acting import REFUSED, Problem, act, form_key, fresh_key, key_for
from appliance.web.amounts import account_of, read_amount, typed
from appliance.web.finding import searching
from appliance.web.here import the_hub
from appliance.web.secure import active_member_or_redirect, as_keeper, owner_or_keeper_present
from appliance.web.words import refusal

bp = Blueprint("market", __name__, url_prefix="/market")
bp.record_once(lambda state: labels.init_app(state.app))

PAGE = 15
HERE: Final = "here"
OTHERS: Final = "others"
"""Ask the market to leave out other villages, or the own one."""


@bp.get("")
def browse() -> Any:
    """Offers or wants, newest first; with words to search for, the best first."""
    me = active_member_or_redirect()
    kind = WANT if request.args.get("kind") == WANT else OFFER
    category = request.args.get("category")
    category = category if category in CATEGORIES else None
    words = request.args.get("q", "")[:100].strip()
    where = request.args.get("where")
    with searching() as (index, tx):
        villages = trading_hubs(tx)
        where = where if where in (HERE, OTHERS) and villages else None
        hubs = () if where == HERE else tuple(villages)
        order = BEST if words else NEWEST
        query = Query(words, kind, category, None, order, not_trading(tx), hubs, own=where != OTHERS)
        found = find(index, query, request.args.get("after"), PAGE)
        listings = [view for hit in found.hits if (view := _view(tx, hit.id, me)) is not None]
    return render_template(
        "market_browse.html",
        kind=kind,
        category=category,
        q=words,
        villages=villages,
        where=where,
        listings=listings,
        more=found.more,
        first=not request.args.get("after"),
        choices=labels.category_choices(),
    )


@bp.get("/<record>")
def show(record: str) -> Any:
    """One listing, with what its reader can do about it."""
    me = active_member_or_redirect()
    view = _listing(record, me)
    return _shown(view, me)


@bp.get("/<number:hub>/<number:listing>")
def far(hub: int, listing: int) -> str:
    """A listing of another village. Who lists it, and whether it is still there, only that village knows."""
    active_member_or_redirect()
    with the_hub().reading() as tx:
        view = far_listing(tx, hub, listing)
    if view is None:
        abort(404)
    return render_template("market_far.html", listing=view, pay=_pay(view))


@bp.post("/<record>/close")
def close(record: str) -> Any:
    """Take one's own listing down; a keeper may do it to any, at the hub's own screen."""
    me = active_member_or_redirect()
    view = _listing(record, me)
    owner_or_keeper_present(me, view.owner)
    result = act(CloseListing(view.id, request.form.get("reason", "")), key_for("close", view.id))
    if isinstance(result, Receipt):
        return redirect(url_for("market.show", record=record))
    return _shown(view, me, result), REFUSED


def _shown(view: ListingView, me: Person, problem: Problem | None = None) -> str:
    told: Spread | None = None
    if view.owner.number == me.number:
        with the_hub().reading() as tx:
            told = spread(tx, view.id)
    return render_template(
        "market_listing.html",
        longest_line=LONGEST_LINE,
        listing=view,
        me=me,
        pay=_pay(view),
        told=told,
        problem=problem,
    )


def _pay(view: ListingView | FarListingView) -> str:
    price = typed(view.price) if view.price else None
    return url_for("pay.to", account=account_of(view.owner).compact, amount=price, category=view.category)


def _view(tx: Tx, listing: ListingId, me: Person) -> ListingView | FarListingView | None:
    """A listing that was found, of whichever village."""
    if isinstance(listing, FarId):
        return far_listing(tx, listing.hub, listing.listing)
    return reads.listing(tx, listing, me.number)


@dataclass(frozen=True, slots=True)
class Draft:
    """A listing as it is being typed."""

    kind: str
    key: str
    category: str = ""
    title: str = ""
    text: str = ""
    price: str = ""
    problem: Problem | None = None
    choices: tuple[labels.Choice, ...] = field(default_factory=labels.category_choices)


@bp.get("/new")
def new() -> Any:
    """The form for an offer or a want; first the question which of the two."""
    active_member_or_redirect()
    kind = request.args.get("kind")
    if kind not in (OFFER, WANT):
        return render_template("market_which.html")
    return _draft(Draft(kind, fresh_key()))


@bp.post("/new")
def add() -> Any:
    """Put it on the market."""
    me = active_member_or_redirect()
    form: dict[str, Any] = {
        name: request.form.get(name, "").strip() for name in ("kind", "category", "title", "text", "price")
    }
    if form["kind"] not in (OFFER, WANT):
        abort(400)
    key = form_key()
    price = _price(form["price"])
    if isinstance(price, str):
        problem: Problem = refusal(Code.AMOUNT_WRONG)
    else:
        command = OpenListing(me.number, form["kind"], form["category"], form["title"], form["text"], price)
        result = act(command, key)
        if isinstance(result, Receipt):
            return redirect(url_for("market.show", record=result.record.hex()))
        problem = result
    return _draft(Draft(**form, key=key.hex(), problem=problem)), REFUSED


def _draft(draft: Draft) -> str:
    with the_hub().reading() as tx:
        villages = trading_hubs(tx)
    return render_template(
        "market_new.html",
        draft=draft,
        longest_title=LONGEST_TITLE,
        longest_text=LONGEST_TEXT,
        villages=villages,
    )


def _price(text: str) -> Amount | str | None:
    """The price; None when it is to be agreed; the text itself when it is no amount."""
    if not text:
        return None
    try:
        return read_amount(text)
    except BadAmount:
        return text


@bp.get("/mine")
def mine() -> Any:
    """One's own listings."""
    me = active_member_or_redirect()
    with the_hub().reading() as tx:
        listings = reads.listings_of(tx, me.number, me.number)
    return render_template("market_mine.html", listings=listings)


@dataclass(frozen=True, slots=True)
class Told:
    """A suggestion with the two listings it is about."""

    mine: ListingView
    theirs: ListingView | FarListingView
    why: Suggestion


@bp.get("/suggestions")
def could_trade() -> Any:
    """Whom one could trade with, and why."""
    me = active_member_or_redirect()
    with searching() as (index, tx):
        told = []
        for why in suggestions(index, tx, me.number, the_hub().clock.now().ms):
            own, theirs = reads.listing(tx, why.mine, me.number), _view(tx, why.theirs, me)
            if own is not None and theirs is not None:
                told.append(Told(own, theirs, why))
        own_count = sum(
            1 for view in reads.listings_of(tx, me.number, me.number) if Action.CLOSE in view.actions
        )
    return render_template("market_suggestions.html", told=told, own_count=own_count)


def _listing(record: str, me: Person) -> ListingView:
    try:
        wanted = RecordId(bytes.fromhex(record))
    except ValueError:
        abort(404)
    with the_hub().reading() as tx:
        view = reads.listing(tx, wanted, me.number, as_keeper(me))
    if view is None:
        abort(404)
    return view
