"""Offers and wants of this hub as their reader sees them, with what that one may do about each."""

from dataclasses import dataclass
from typing import Final

import peewee as pw

from appliance.ledger.book import chain
from appliance.ledger.book.schema import Listing
from appliance.ledger.book.schema_market import ListingPhoto, Photo
from appliance.ledger.book.store import Tx
from appliance.ledger.clock import Instant, Millis
from appliance.ledger.errors import Action
from appliance.ledger.market import changing, listings
from appliance.ledger.money import dues
from appliance.ledger.people import powers
from appliance.ledger.reads.people import Person, person, text_of
from appliance.ledger.reads.told import words_of
from appliance.ledger.values import RecordId

_LONGEST_LIST: Final = 50


@dataclass(frozen=True, slots=True)
class Kept:
    """What a keeper did last about a listing: the kind of act, who, and the reason."""

    kind: str
    keeper: Person | None
    reason: str


@dataclass(frozen=True, slots=True)
class ListingView:
    """An offer or want; ``price`` None: to be agreed.

    Attributes:
        state: open, expired, hidden or closed (``market.listings``).
        unit: what the price is for; None: for all of it.
        quantity: how many are left; None: not counted.
        times, place: when and where, as its owner says it.
        until: when it expires, in milliseconds; None: never, or nobody knows yet.
        photo: the entry that brought its photo; None without one.
        kept: what a keeper did last about it, for its owner and for keepers.
        merged_into: the listing that it was put together with.
        number: the entry that opened it, by which other hubs name it.
    """

    id: RecordId
    owner: Person
    kind: str
    category: str
    price: int | None
    title: str
    text: str
    state: str
    at: Millis
    actions: tuple[Action, ...]
    unit: str | None = None
    quantity: int | None = None
    times: str = ""
    place: str = ""
    until: int | None = None
    photo: int | None = None
    kept: Kept | None = None
    merged_into: RecordId | None = None
    number: int = 0


def listing(
    tx: Tx, record: bytes, viewer: int, as_keeper: bool = False, now: Instant | None = None
) -> ListingView | None:
    """One listing. With ``now`` its owner is told whether it can be renewed.

    What a keeper has hidden only its owner and keepers read; others see no more than that it is hidden.
    """
    row = tx.get(Listing, id=record)
    return None if row is None else _view(tx, row, viewer, as_keeper, now)


def title_of(tx: Tx, record: bytes) -> tuple[str, Person | None]:
    """What stands over a listing, and whose it is: for sentences about what was done to it."""
    row = tx.get(Listing, id=record)
    return ("", None) if row is None else (words_of(tx, row.text_entry, "title"), person(tx, row.owner))


def title_for(tx: Tx, row: Listing, viewer: int) -> str:
    """What stands over a listing, where another thing speaks of it; empty for others when a keeper has hidden it."""
    hidden = row.state == listings.HIDDEN and row.owner != viewer
    return "" if hidden else text_of(tx, row.text_entry, "title")


def listings_of(tx: Tx, owner: int, viewer: int, now: Instant | None = None) -> tuple[ListingView, ...]:
    """A member's listings, open ones first, newest first."""
    order = pw.Case(Listing.state, ((listings.OPEN, 0), (listings.EXPIRED, 1), (listings.HIDDEN, 1)), 2)
    query = (
        Listing.select()
        .where(Listing.owner == owner)
        .order_by(order, Listing.opened_entry.desc())
        .limit(_LONGEST_LIST)
    )
    return tuple(_view(tx, row, viewer, False, now) for row in tx.rows(query))


@dataclass(frozen=True, slots=True)
class Listings:
    """One page of somebody's listings."""

    views: tuple[ListingView, ...]
    page: int
    pages: int


def page_of(tx: Tx, owner: int, viewer: int, page: int, now: Instant | None = None) -> Listings:
    """All listings of a member, ``PAGE`` a page: for the owner open ones first, newest first; for others the open ones,
    offers before wants. A page beyond the last is the last.
    """
    own = owner == viewer
    ((count,),) = tx.select(_COUNT.format("1" if own else "state = 'open'"), owner)
    pages = max(1, -(-int(count) // PAGE))
    page = max(1, min(page, pages))
    found = tx.select(_PAGE_OWN if own else _PAGE_OTHERS, owner, PAGE, (page - 1) * PAGE)
    rows = [row for (record,) in found if (row := tx.get(Listing, id=bytes(record))) is not None]
    return Listings(tuple(_view(tx, row, viewer, False, now) for row in rows), page, pages)


PAGE: Final = 15
_COUNT: Final = "SELECT COUNT(*) FROM listing WHERE owner = ? AND {}"
_PAGE_OWN: Final = """
SELECT id FROM listing WHERE owner = ?
ORDER BY CASE state WHEN 'open' THEN 0 WHEN 'closed' THEN 2 ELSE 1 END, opened_entry DESC LIMIT ? OFFSET ?
"""
_PAGE_OTHERS: Final = "SELECT id FROM listing WHERE owner = ? AND state = 'open' ORDER BY kind, opened_entry DESC LIMIT ? OFFSET ?"


def to_renew(tx: Tx, owner: int, now: Instant) -> tuple[ListingView, ...]:
    """The member's listings that expire within a week, or did within the last month; the soonest first."""
    low, high = (
        now.ms - _TOLD_DAYS * listings.DAY_MS,
        dues.latest(tx, now) + changing.REMIND_DAYS * listings.DAY_MS,
    )
    found = tx.select(_TO_RENEW, owner, low, high)
    rows = [row for (record,) in found if (row := tx.get(Listing, id=bytes(record))) is not None]
    return tuple(_view(tx, row, owner, False, now) for row in rows if changing.can_renew(tx, row, now))


_TOLD_DAYS: Final = 30
_TO_RENEW: Final = """
SELECT listing.id FROM listing JOIN listing_terms ON listing_terms.listing = listing.id
WHERE listing.owner = ? AND listing.state IN ('open', 'expired') AND listing_terms.until_ms BETWEEN ? AND ?
ORDER BY listing_terms.until_ms LIMIT 50
"""


def never_offered(tx: Tx, member: int) -> bool:
    """Whether this member has never put anything on the market, and has not said "not now" to being asked."""
    return tx.first(_ASKED, member, member) is None


_ASKED: Final = (
    "SELECT 1 FROM listing WHERE owner = ? UNION ALL SELECT 1 FROM offer_asked WHERE member = ? LIMIT 1"
)


def photo(tx: Tx, entry: int, small: bool) -> tuple[RecordId, bytes] | None:
    """The picture that ``entry`` brought, JPEG, with its listing; None when it is shown no more."""
    shown = tx.first("SELECT listing FROM listing_photo WHERE entry = ?", entry)
    row = tx.get(Photo, entry=entry) if shown is not None else None
    if shown is None or row is None:
        return None
    return RecordId(bytes(shown[0])), bytes(row.small if small else row.large)


def _view(tx: Tx, row: Listing, viewer: int, as_keeper: bool, now: Instant | None) -> ListingView:
    owner = person(tx, row.owner)
    assert owner is not None  # members are never removed
    me = person(tx, viewer)
    terms, shown = listings.terms(tx, row.id), tx.get(ListingPhoto, listing=row.id)
    concerns = row.owner == viewer or (as_keeper and me is not None and me.keeper)
    into = None if terms is None else terms.merged_into
    if row.state == listings.HIDDEN and not concerns:
        return ListingView(
            RecordId(bytes(row.id)), owner, row.kind, row.category, None, "", "", row.state, Millis(0), ()
        )
    return ListingView(
        RecordId(bytes(row.id)),
        owner,
        row.kind,
        row.category,
        row.price,
        words_of(tx, row.text_entry, "title"),
        text_of(tx, row.text_entry, "text"),
        row.state,
        Millis(row.opened_ms),
        _actions(tx, row, me, as_keeper, now),
        None if terms is None else terms.unit,
        None if terms is None else terms.quantity,
        text_of(tx, row.text_entry, "times"),
        text_of(tx, row.text_entry, "place"),
        changing.ends(tx, row.id),
        None if shown is None else shown.entry,
        _kept(tx, terms.kept) if concerns and terms is not None else None,
        None if into is None else RecordId(bytes(into)),
        row.opened_entry,
    )


def _kept(tx: Tx, entry: int | None) -> Kept | None:
    found = None if entry is None else chain.by_number(tx, entry)
    if found is None:
        return None
    keeper = None if found.actor is None else person(tx, found.actor)
    return Kept(found.act.kind, keeper, words_of(tx, entry, "reason"))


def _actions(
    tx: Tx, row: Listing, me: Person | None, as_keeper: bool, now: Instant | None
) -> tuple[Action, ...]:
    if me is None or me.status not in powers.STANDING or row.state not in listings.STANDING:
        return ()
    if row.owner == me.number:
        renew = now is not None and changing.can_renew(tx, row, now)
        return ((Action.RENEW,) if renew else ()) + (Action.EDIT, Action.CLOSE)
    keeper = (Action.CLOSE,) if as_keeper and me.keeper else ()
    return ((Action.PAY,) if row.state == listings.OPEN else ()) + keeper
