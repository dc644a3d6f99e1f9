"""Who is here: the directory, somebody's own page, favourites."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from flask import Blueprint, abort, redirect, render_template, request, url_for

from appliance.ledger.book.schema import Listing
from appliance.ledger.book.store import Tx
from appliance.ledger.market import marks
from appliance.ledger.people import powers
from appliance.ledger.reads import listings as listing_reads
from appliance.ledger.reads import who_is_here as reads
from appliance.ledger.reads.crossings import far_person
from appliance.ledger.reads.far_listings import FarListingView, far_listing, minutes_on_foot, trading_hubs
from appliance.ledger.reads.listings import ListingView
from appliance.ledger.reads.people import Person, person
from appliance.ledger.reads.village import not_trading
from appliance.ledger.reads.who_is_here import Looking
from appliance.matching import FarId, Hit, Index, Lister, Query, Why, who_lists
from appliance.web.ground.here import the_hub
from appliance.web.ground.numbers import number_asked
from appliance.web.ground.searching import searching
from appliance.web.ground.secure import active_member_or_redirect

bp = Blueprint("who", __name__)
T = TypeVar("T")

_SHOWN: Final = (powers.ACTIVE, powers.AWAY, powers.MOVING, powers.FROZEN)
HERE: Final = "here"
OTHERS: Final = "others"


@bp.get("/people")
def people() -> Any:
    """Everybody who is here, and of other villages who let us know the name; by name."""
    me = active_member_or_redirect()
    q = request.args.get("q", "")[:60].strip()
    kind = request.args.get("kind")
    kind = kind if kind in (reads.OFFERS, reads.WANTS) else None
    marked = request.args.get("marked") == "1"
    if q:
        with searching() as (index, tx):
            villages, found, hits = _found(tx, me, Looking(q, kind, marked), index)
    else:
        with the_hub().reading() as tx:
            villages, found, hits = _found(tx, me, Looking(q, kind, marked), None)
    where = request.args.get("where") if villages else None
    where = where if where in (HERE, OTHERS) else None
    asked = {"q": q or None, "kind": kind, "marked": 1 if marked else None, "where": where}
    return render_template(
        "people/people.html",
        me=me,
        found=found,
        hits=hits,
        key_of=_key,
        asked=asked,
        villages=villages,
        q=q,
        kind=kind,
        marked=marked,
        where=where,
    )


def _found(
    tx: Tx, me: Person, looking: Looking, index: Index | None
) -> tuple[dict[int, str], reads.Directory, dict[Lister, tuple["Listed", ...]]]:
    """The villages there are, one page of the directory, and of each on it the listings by which they were found."""
    villages = trading_hubs(tx)
    where = request.args.get("where") if villages else None
    here, elsewhere = where != OTHERS, where != HERE
    listers: Mapping[Lister, tuple[Hit, ...]] = {}
    if index is not None:
        hubs, blocked = tuple(villages) if elsewhere else (), marks.blocked_by(tx, me.number)
        asked = Query(looking.text, looking.kind, (), hidden=not_trading(tx), without=blocked, hubs=hubs)
        listers = who_lists(index, replace(asked, own=here))
    looking = replace(looking, here=here, elsewhere=elsewhere, listers=listers)
    found = reads.directory(tx, me.number, looking, *_page_asked())
    return villages, found, {_key(e.who): _hits(tx, me, listers.get(_key(e.who), ())) for e in found.entries}


@dataclass(frozen=True, slots=True)
class Listed:
    """A listing by which somebody was found: offer or want, its title, and why, where it has other words than those typed."""

    kind: str
    title: str
    why: Why | None


def _key(who: Person) -> Lister:
    return who.hub or marks.OWN, who.number


def _hits(tx: Tx, me: Person, hits: Sequence[Hit]) -> tuple[Listed, ...]:
    """The best of them."""
    found = []
    for hit in hits[:_MOST_HITS]:
        view = (
            far_listing(tx, hit.id.hub, hit.id.listing)
            if isinstance(hit.id, FarId)
            else listing_reads.listing(tx, hit.id, me.number)
        )
        if view is not None:
            found.append(Listed(view.kind, view.title, hit.why))
    return tuple(found)


_MOST_HITS: Final = 2
"""So many listings are named by which somebody was found."""


def _page_asked() -> tuple[int, int]:
    """Page and size, as they were asked for; what is out of bounds is brought within them."""
    size = number_asked("size")
    return number_asked("page") or 1, reads.PAGE if size is None else size


@bp.get("/people/<number:number>")
def person_here(number: int) -> Any:
    """Somebody of this village."""
    return person_page(marks.OWN, number)


@bp.get("/people/<number:hub>/<number:number>")
def person_there(hub: int, number: int) -> Any:
    """Somebody of another village, who lets us know the name."""
    return person_page(hub, number)


def person_page(hub: int, number: int) -> Any:
    """What somebody gives and needs, and what the reader can do: write, pay, mark."""
    me = active_member_or_redirect()
    if hub == the_hub().number:
        return redirect(url_for(".person_here", number=number))
    with the_hub().reading() as tx:
        who = person(tx, number) if hub == marks.OWN else far_person(tx, hub, number)
        if who is None or not _is_shown(tx, who):
            abort(404)
        found = _listings(tx, who, me, number_asked("page") or 1)
        favourite = (marks.MEMBER, hub, number) in marks.favourites(tx, me.number)
        blocked, minutes = marks.blocks(tx, me.number, hub, number), minutes_on_foot(tx).get(hub)
    return render_template(
        "people/person.html",
        me=me,
        who=who,
        hub=hub,
        found=found,
        favourite=favourite,
        blocked=blocked,
        minutes=minutes,
    )


def _is_shown(tx: Tx, who: Person) -> bool:
    if who.far:
        return marks.exists(tx, who.hub or 0, who.number)
    return not who.commons and not who.unresolved and who.owner is None and who.status in _SHOWN


@dataclass(frozen=True, slots=True)
class Shown:
    """One page of what somebody has on the market."""

    listings: tuple[ListingView | FarListingView, ...]
    page: int = 1
    pages: int = 1


def _listings(tx: Tx, who: Person, me: Person, page: int) -> Shown:
    """What is open of theirs; nothing of who is away."""
    if not who.far:
        if who.status != powers.ACTIVE and who.number != me.number:
            return Shown(())
        own = listing_reads.page_of(tx, who.number, 0, page)
        return Shown(own.views, own.page, own.pages)
    numbers = [number for (number,) in tx.select(_FAR, who.hub, who.number)]
    page = max(1, min(page, _pages(numbers)))
    found = (far_listing(tx, who.hub or 0, number) for number in _part(numbers, page))
    return Shown(tuple(one for one in found if one is not None), page, _pages(numbers))


_FAR: Final = (
    "SELECT listing FROM far_listing WHERE hub = ? AND owner = ? AND open ORDER BY kind, id DESC LIMIT 1000"
)


def _pages(those: Sequence[object]) -> int:
    return max(1, -(-len(those) // listing_reads.PAGE))


def _part(those: Sequence[T], page: int) -> Sequence[T]:
    return those[(page - 1) * listing_reads.PAGE : page * listing_reads.PAGE]


@bp.get("/favourites")
def favourites() -> Any:
    """Who and what I have marked; what is gone says so once more, and can be dropped."""
    me = active_member_or_redirect()
    with the_hub().reading() as tx:
        asked = number_asked("page") or 1
        found = reads.directory(tx, me.number, Looking(favourites=True), asked)
        views = [_kept(tx, hub, item, me) for hub, item in reads.kept_listings(tx, me.number)]
        listings = [view for view in views if view is not None]
        gone = [(one, _name_of_gone(tx, one)) for one in reads.gone(tx, me.number)]
    # The three lists are turned together: a shorter one is over before.
    pages = max(found.pages, *(_pages(those) for those in (listings, gone)))
    page = max(1, min(asked, pages))
    return render_template(
        "people/favourites.html",
        me=me,
        people=found.entries if page == found.page else (),
        listings=_part(listings, page),
        gone=_part(gone, page),
        page=page,
        pages=pages,
    )


@bp.get("/people/blocked")
def blocked() -> Any:
    """Whom I have blocked; each leads to where it can be taken back."""
    me = active_member_or_redirect()
    with the_hub().reading() as tx:
        those = sorted(marks.blocked_by(tx, me.number))
        found = [person(tx, item) if hub == marks.OWN else far_person(tx, hub, item) for hub, item in those]
        people = [who for who in found if who is not None and _is_shown(tx, who)]
    return render_template("people/blocked.html", people=people)


def _kept(tx: Tx, hub: int, item: int, me: Person) -> ListingView | FarListingView | None:
    if hub != marks.OWN:
        return far_listing(tx, hub, item)
    row = tx.get(Listing, opened_entry=item)
    view = None if row is None else listing_reads.listing(tx, row.id, me.number)
    return (
        view if view is not None and view.owner.status == powers.ACTIVE else None
    )  # it rests with its owner


def _name_of_gone(tx: Tx, one: reads.Gone) -> str:
    """What is still known of it: a title, or a name; empty when nothing is."""
    if one.kind == marks.LISTING:
        if one.hub != marks.OWN:
            far = far_listing(tx, one.hub, one.item)
            return "" if far is None else far.title
        row = tx.get(Listing, opened_entry=one.item)
        view = None if row is None else listing_reads.listing(tx, row.id, 0)
        return "" if view is None else view.title
    who = person(tx, one.item) if one.hub == marks.OWN else far_person(tx, one.hub, one.item)
    return "" if who is None else who.name
