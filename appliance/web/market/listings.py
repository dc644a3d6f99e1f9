"""The market: what people offer and want, here and in other villages, and who could trade with whom."""

from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.schema_market import OfferAsked
from appliance.ledger.book.store import Tx
from appliance.ledger.book.taxonomy import for_payment
from appliance.ledger.errors import Action
from appliance.ledger.market import marks, visits
from appliance.ledger.market.changing import RenewListing
from appliance.ledger.market.listings import OFFER, WANT, CloseListing
from appliance.ledger.people.words import LONGEST_LINE
from appliance.ledger.reads import listings as reads
from appliance.ledger.reads.far_listings import (
    FarListingView,
    Spread,
    far_listing,
    minutes_on_foot,
    spread,
    trading_hubs,
)
from appliance.ledger.reads.listings import ListingView
from appliance.ledger.reads.people import Person
from appliance.ledger.reads.trading import Answers, answers, loops_of
from appliance.ledger.reads.village import not_trading
from appliance.ledger.values import RecordId
from appliance.matching import (
    BEST,
    NEWEST,
    FarId,
    Found,
    Index,
    Known,
    ListingId,
    Query,
    Suggestion,
    Useful,
    Why,
    beside,
    find,
    near,
    suggestions,
    useful,
)
from appliance.web.ground.acting import REFUSED, Problem, act, key_for
from appliance.web.ground.here import the_hub, the_kinds
from appliance.web.ground.numbers import number_asked
from appliance.web.ground.searching import searching
from appliance.web.ground.secure import (
    active_member_or_redirect,
    as_keeper,
    local_path,
    owner_or_keeper_present,
)
from appliance.web.market.filters import Filters, Where
from appliance.web.people.notices import remembered
from appliance.web.wording import labels, meeting_words
from appliance.web.wording.amounts import account_of, typed
from appliance.web.wording.labels import as_of, date_words

bp = Blueprint("market", __name__, url_prefix="/market")
bp.record_once(lambda state: labels.init_app(state.app))
bp.record_once(lambda state: meeting_words.init_app(state.app))

PAGE = 15


@bp.get("")
def browse() -> Any:
    """Offers or wants, the most useful to the reader first, or the newest; with words to search for, the best first."""
    me = active_member_or_redirect()
    kind = WANT if request.args.get("kind") == WANT else OFFER
    category = request.args.get("category")
    category = the_kinds().get(category).key if category in the_kinds().all else None
    words = request.args.get("q", "")[:100].strip()
    with searching() as (index, tx):
        villages = trading_hubs(tx)
        where = Where.of(request.args.get("where"), villages, minutes_on_foot(tx))
        order = BEST if words else NEWEST
        under = the_kinds().under(category) if category else ()
        filters = Filters.asked()
        blocked = marks.blocked_by(tx, me.number)
        asked = Query(words, kind, under, None, order, not_trading(tx), blocked, where.hubs, own=where.own)
        query = filters.narrow(tx, me, asked)
        after, now = request.args.get("after"), the_hub().clock.now()
        reasons: list[Reason | None] = []
        if words or filters.newest:
            found = find(index, query, after, PAGE)
        else:
            found, reasons = _most_useful(index, tx, me, query, now.ms, after)
        nearly = bool(words) and not found.hits and not after
        if nearly:  # nothing word for word: what comes near to it
            found = near(index, query, PAGE)
        last = bool(words) and not nearly and found.more is None
        others = beside(index, query, found, PAGE) if last and not after else ()
        reasons = reasons or [None] * len(found.hits)
        listings = [
            (view, hit.why or reason)
            for hit, reason in zip(found.hits, reasons, strict=True)
            if (view := _view(tx, hit.id, me)) is not None
        ]
        also = [(view, hit.why) for hit in others if (view := _view(tx, hit.id, me)) is not None]
        visited, due = visits.last(tx, me.number, now) is not None, visits.is_due(tx, me.number, now)
    if due:
        remembered(lambda: visits.keep(the_hub().store, me.number, now))
    return render_template(
        "market/browse.html",
        kind=kind,
        category=category,
        q=words,
        villages=villages,
        by_village=where.by_name,
        others=where.others,
        where=where.asked,
        how_far=bool(where.minutes),
        listings=[view for view, _ in listings],
        whys=[why for _, why in listings],
        also=[view for view, _ in also],
        also_whys=[why for _, why in also],
        more=found.more,
        nearly=nearly,
        blocked=len(blocked),
        filters=filters,
        visited=visited,
        first=not after,
        choices=labels.group_choices_of_kinds(),
    )


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a listing stands where it does. ``mine``: the title of the own listing that it fits; empty when it fits none."""

    kind: str
    mine: str
    why: Why | None
    known: Known


def _most_useful(
    index: Index, tx: Tx, me: Person, query: Query, now_ms: int, after: str | None
) -> tuple[Found, list[Reason | None]]:
    """A page, the most useful to ``me`` first, and why; None for what nothing speaks for but its time."""
    page = useful(index, tx, me.number, query, now_ms, after, PAGE)
    return Found(tuple(one.hit for one in page.shown), page.more), [
        _reason(tx, me, one) for one in page.shown
    ]


def _reason(tx: Tx, me: Person, one: Useful) -> Reason | None:
    known = one.known
    if one.fits is None:
        said = known.near or known.traded
        return Reason(one.hit.kind, "", None, replace(known, room=True)) if said else None
    own = reads.listing(tx, one.fits.mine, me.number)
    return Reason(one.hit.kind, "" if own is None else own.title, one.fits.why, known)


@bp.get("/<record>")
def show(record: str) -> Any:
    """One listing, with what its reader can do about it."""
    me = active_member_or_redirect()
    view = listing_or_404(record, me)
    return _shown(view, me)


@bp.get("/<number:hub>/<number:listing>")
def far(hub: int, listing: int) -> str:
    """A listing of another village. Who lists it, and whether it is still there, only that village knows."""
    active_member_or_redirect()
    with the_hub().reading() as tx:
        view = far_listing(tx, hub, listing)
    if view is None:
        abort(404)
    return render_template("market/far.html", listing=view, pay=_pay(view))


@bp.post("/<record>/close")
def close(record: str) -> Any:
    """Take one's own listing down; a keeper may do it to any, at the hub's own screen."""
    me = active_member_or_redirect()
    view = listing_or_404(record, me)
    owner_or_keeper_present(me, view.owner)
    result = act(CloseListing(view.id, request.form.get("reason", "")), key_for("close", view.id))
    if isinstance(result, Receipt):
        return redirect(url_for("market.show", record=record))
    return _shown(view, me, result), REFUSED


@bp.post("/<record>/renew")
def renew(record: str) -> Any:
    """Its owner wants it to stay, or to be back."""
    me = active_member_or_redirect()
    view = listing_or_404(record, me)
    key = key_for(f"renew {view.until}", view.id)
    result = act(RenewListing(view.id), key)
    if isinstance(result, Receipt):
        return redirect(local_path(request.form.get("next") or url_for("market.show", record=record)))
    return _shown(view, me, result), REFUSED


def _shown(view: ListingView, me: Person, problem: Problem | None = None) -> str:
    told: Spread | None = None
    if view.owner.number == me.number:
        with the_hub().reading() as tx:
            told = spread(tx, view.id)
    return render_template(
        "market/listing.html",
        longest_line=LONGEST_LINE,
        listing=view,
        me=me,
        pay=_pay(view),
        told=told,
        until=None if view.until is None else date_words(as_of(view.until)),
        problem=problem,
    )


def _pay(view: ListingView | FarListingView) -> str:
    price = typed(view.price) if view.price else None
    return url_for(
        "pay.to",
        account=account_of(view.owner).compact,
        amount=price,
        category=for_payment(the_kinds().shipped(view.category)),
    )


def _view(tx: Tx, listing: ListingId, me: Person) -> ListingView | FarListingView | None:
    """A listing that was found, of whichever village."""
    if isinstance(listing, FarId):
        return far_listing(tx, listing.hub, listing.listing)
    return reads.listing(tx, listing, me.number)


@bp.get("/mine")
def mine() -> Any:
    """One's own listings."""
    me = active_member_or_redirect()
    with the_hub().reading() as tx:
        found = reads.page_of(tx, me.number, me.number, number_asked("page") or 1, the_hub().clock.now())
    return render_template("market/mine.html", found=found, listings=found.views)


@dataclass(frozen=True, slots=True)
class Told:
    """A suggestion with the two listings it is about."""

    mine: ListingView
    theirs: ListingView | FarListingView
    why: Suggestion
    said: Answers


@bp.post("/later")
def later() -> Any:
    """Who has nothing to offer yet is not asked on the first page any more."""
    me = active_member_or_redirect()
    with the_hub().store.write() as tx:
        tx.put(OfferAsked, member=me.number)
    return redirect("/")


@bp.get("/suggestions")
def could_trade() -> Any:
    """Whom one could trade with, and why."""
    me = active_member_or_redirect()
    with searching() as (index, tx):
        told = []
        for why in suggestions(index, tx, me.number, the_hub().clock.now().ms):
            own, theirs = reads.listing(tx, why.mine, me.number), _view(tx, why.theirs, me)
            if own is not None and theirs is not None:
                told.append(Told(own, theirs, why, answers(tx, why.pair, me.number)))
        loops = sum(view.waits_for_me for view in loops_of(tx, me.number, the_hub().clock.now()))
        own_count = sum(
            1 for view in reads.listings_of(tx, me.number, me.number) if Action.CLOSE in view.actions
        )
    return render_template("market/suggestions.html", told=told, own_count=own_count, loops=loops)


def listing_or_404(record: str, me: Person) -> ListingView:
    """The own hub's listing of this id, as ``me`` may see it."""
    try:
        wanted = RecordId(bytes.fromhex(record))
    except ValueError:
        abort(404)
    with the_hub().reading() as tx:
        view = reads.listing(tx, wanted, me.number, as_keeper(me), the_hub().clock.now())
    if view is None:
        abort(404)
    return view
