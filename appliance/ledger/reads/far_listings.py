"""Offers and wants of other villages as members see them, and what other villages know of own ones."""

from dataclasses import dataclass
from typing import Final

from appliance.ledger.book.feed import FarListing
from appliance.ledger.book.schema import Listing, Shown
from appliance.ledger.book.schema_market import HubDistance
from appliance.ledger.book.store import Tx
from appliance.ledger.clock import Instant
from appliance.ledger.market.listings import CLOSED, OPEN
from appliance.ledger.people.showing import LISTING
from appliance.ledger.reads.crossings import far_person, standing
from appliance.ledger.reads.people import Person


@dataclass(frozen=True, slots=True)
class FarListingView:
    """An offer or want of another hub.

    Attributes:
        number: its number at that hub.
        price: None: to be agreed.
        state: open, or closed once its hub has said so.
        heard: when the hub was last heard; None: never.
        trading: whether this hub trades with that one now.
        unit: what the price is for; None: for all of it.
        quantity: how many are left; None: not said.
        photo: never one; photos stay in their village.
        minutes: how far its hub is on foot; None: nobody said.
    """

    number: int
    owner: Person
    kind: str
    category: str
    price: int | None
    title: str
    state: str
    heard: Instant | None
    trading: bool
    unit: str | None = None
    quantity: int | None = None
    photo: None = None
    minutes: int | None = None


def trading_hubs(tx: Tx) -> dict[int, str]:
    """The names of the neighbours with which this hub trades, by number; the nearest first, after them those of which
    nobody has said how far they are, each in the order of admission.

    Not those whose feed tells two stories: nothing more of it takes effect until that is resolved.
    """
    return {int(hub): str(name) for hub, name in tx.select(_TRADING)}


_TRADING: Final = """
SELECT roster.hub, roster.name FROM roster
JOIN neighbour ON neighbour.hub = roster.hub
LEFT JOIN feed ON feed.hub = roster.hub AND feed.incarnation = roster.incarnation
LEFT JOIN hub_distance ON hub_distance.hub = roster.hub
WHERE NOT COALESCE(feed.forked, 0)
ORDER BY hub_distance.minutes IS NULL, hub_distance.minutes, roster.seq
"""


def minutes_on_foot(tx: Tx) -> dict[int, int]:
    """How far other hubs are, by number; of some nobody has said."""
    return {int(hub): int(minutes) for hub, minutes in tx.select("SELECT hub, minutes FROM hub_distance")}


def far_listing(tx: Tx, hub: int, number: int) -> FarListingView | None:
    """One listing of another hub; None when it has told of none by this number."""
    row = tx.get(FarListing, hub=hub, listing=number)
    owner = None if row is None else far_person(tx, hub, row.owner)
    there, far = standing(tx, hub), tx.get(HubDistance, hub=hub)
    if row is None or owner is None or there is None:
        return None
    return FarListingView(
        number,
        owner,
        row.kind,
        row.category,
        row.price,
        row.title,
        OPEN if row.open else CLOSED,
        there.heard,
        not there.stuck,
        row.unit,
        row.quantity,
        minutes=None if far is None else far.minutes,
    )


@dataclass(frozen=True, slots=True)
class Spread:
    """How far the news of an own listing has come: what was last put on the feed of it, and the names of
    the villages that said since that they have it. ``shown``: that it is there; else that it is
    gone, or, when ``said`` is false, nothing yet.
    """

    said: bool
    shown: bool
    known_in: tuple[str, ...]


def spread(tx: Tx, record: bytes) -> Spread | None:
    """How far the news of the own listing ``record`` has come; None when there is nobody to tell."""
    hubs, listing = trading_hubs(tx), tx.get(Listing, id=record)
    if not hubs or listing is None:
        return None
    said = tx.get(Shown, subject=LISTING, item=listing.opened_entry)
    if said is None:
        return Spread(False, False, ())
    known = {int(hub) for (hub,) in tx.select(_KNOWN, said.entry)}
    return Spread(True, bool(said.shown), tuple(name for hub, name in hubs.items() if hub in known))


_KNOWN: Final = """
SELECT hub_heard.hub FROM hub_heard JOIN outgoing ON outgoing.number <= hub_heard.ours WHERE outgoing.entry = ?
"""
