"""What keepers do about other people's listings: hide and show again, move to another kind, put two together.

One keeper suffices, never about a listing of somebody in whose accounts the keeper has a part. What is
hidden is on no market and no feed until a keeper shows it again; its owner reads why, and can
still say it otherwise or take it down.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import shape, taxonomy
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.schema import Listing
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.market import listings
from appliance.ledger.market.listings import HIDDEN, OPEN, STANDING
from appliance.ledger.money import accounts
from appliance.ledger.people import powers
from appliance.ledger.people.life import refuse_reason
from appliance.ledger.values import RecordId


@dataclass(frozen=True, slots=True)
class HideListing:
    """A keeper takes a listing off the market until it is shown again; its owner reads the reason."""

    KIND: ClassVar[str] = "hide_listing"
    VERSION: ClassVar[int] = 1

    listing: RecordId
    reason: str

    def payload(self) -> codec.Body:
        return {"listing": self.listing}

    def private(self) -> dict[str, str]:
        return {"reason": self.reason}


@dataclass(frozen=True, slots=True)
class ShowListing:
    """A keeper puts a listing that was hidden back on the market."""

    KIND: ClassVar[str] = "show_listing"
    VERSION: ClassVar[int] = 1

    listing: RecordId
    reason: str

    def payload(self) -> codec.Body:
        return {"listing": self.listing}

    def private(self) -> dict[str, str]:
        return {"reason": self.reason}


@dataclass(frozen=True, slots=True)
class MoveListing:
    """A keeper puts a listing under another kind, where people look for it."""

    KIND: ClassVar[str] = "move_listing"
    VERSION: ClassVar[int] = 1

    listing: RecordId
    category: str
    reason: str

    def payload(self) -> codec.Body:
        return {"listing": self.listing, "category": self.category}

    def private(self) -> dict[str, str]:
        return {"reason": self.reason}


@dataclass(frozen=True, slots=True)
class MergeListing:
    """Somebody has said one thing twice: the first of the two is closed, ``into`` stays."""

    KIND: ClassVar[str] = "merge_listing"
    VERSION: ClassVar[int] = 1

    listing: RecordId
    into: RecordId
    reason: str

    def payload(self) -> codec.Body:
        return {"listing": self.listing, "into": self.into}

    def private(self) -> dict[str, str]:
        return {"reason": self.reason}


_Command = HideListing | ShowListing | MoveListing | MergeListing


def _asked(tx: Tx, command: _Command, asking: Asking) -> Listing | Refusal:
    """The listing that a keeper may act on, or why not."""
    if refusal := powers.refuse_unless_keeper(tx, asking.actor):
        return refusal
    listing = listings.standing(tx, command.listing)
    if isinstance(listing, Refusal):
        return listing
    if accounts.has_part(tx, listing.owner, asking.actor):
        return Refusal(Code.PARTY, {}, (Action.ASK_KEEPER,))
    return refuse_reason(command.reason) or listing


def _decide_hide(tx: Tx, command: HideListing, asking: Asking) -> codec.Body | Refusal:
    listing = _asked(tx, command, asking)
    if isinstance(listing, Refusal):
        return listing
    return Refusal(Code.LISTING_HIDDEN, {}, (Action.HOME,)) if listing.state == HIDDEN else {}


def _decide_show(tx: Tx, command: ShowListing, asking: Asking) -> codec.Body | Refusal:
    listing = _asked(tx, command, asking)
    if isinstance(listing, Refusal):
        return listing
    return {} if listing.state == HIDDEN else Refusal(Code.LISTING_SHOWN, {}, (Action.HOME,))


def _decide_move(tx: Tx, command: MoveListing, asking: Asking) -> codec.Body | Refusal:
    listing = _asked(tx, command, asking)
    if isinstance(listing, Refusal):
        return listing
    if not taxonomy.of(tx).offered(command.category) or command.category == listing.category:
        return Refusal(Code.UNKNOWN_CATEGORY, {}, (Action.TRY_AGAIN,))
    return {}


def _decide_merge(tx: Tx, command: MergeListing, asking: Asking) -> codec.Body | Refusal:
    listing = _asked(tx, command, asking)
    if isinstance(listing, Refusal):
        return listing
    into = listings.standing(tx, command.into)
    if isinstance(into, Refusal):
        return into
    return {} if _twice(listing, into) else Refusal(Code.NOT_THE_SAME, {}, (Action.TRY_AGAIN,))


def _twice(one: Listing, other: Listing) -> bool:
    """Whether two may be one thing, said twice: another listing of the same owner, and both offers or both wants."""
    return one.id != other.id and (one.owner, one.kind) == (other.owner, other.kind)


def _may(tx: Tx, entry: Entry, *states: str) -> Listing | None:
    listing = tx.get(Listing, id=entry.act.payload["listing"])
    if listing is None or listing.state not in states:
        return None
    mine = accounts.has_part(tx, listing.owner, entry.actor)
    return listing if powers.by_keeper(tx, entry) and not mine else None


def _may_hide(tx: Tx, entry: Entry) -> bool:
    return _may(tx, entry, listings.OPEN, listings.EXPIRED) is not None


def _may_show(tx: Tx, entry: Entry) -> bool:
    return _may(tx, entry, HIDDEN) is not None


def _may_move(tx: Tx, entry: Entry) -> bool:
    known = entry.act.payload["category"] in taxonomy.of(tx).all
    return known and _may(tx, entry, *STANDING) is not None


def _may_merge(tx: Tx, entry: Entry) -> bool:
    listing, into = _may(tx, entry, *STANDING), tx.get(Listing, id=entry.act.payload["into"])
    return listing is not None and into is not None and into.state in STANDING and _twice(listing, into)


def _apply(tx: Tx, entry: Entry) -> None:
    p = entry.act.payload
    listing = tx.get(Listing, id=p["listing"])
    assert listing is not None  # the warrant has seen it
    if entry.act.kind == MoveListing.KIND:
        tx.update(Listing, {"id": listing.id}, category=p["category"])
    elif entry.act.kind == MergeListing.KIND:
        listings.end(tx, entry, listing.id)
        listings.change_terms(tx, entry, listing, merged_into=p["into"])
    else:
        tx.update(Listing, {"id": listing.id}, state=HIDDEN if entry.act.kind == HideListing.KIND else OPEN)
    listings.change_terms(tx, entry, listing, kept=entry.number)


_LISTING: Final = {"listing": shape.RECORD}

HANDLERS = (
    Handler(HideListing, _decide_hide, _apply, _may_hide, _LISTING),
    Handler(ShowListing, _decide_show, _apply, _may_show, _LISTING),
    Handler(MoveListing, _decide_move, _apply, _may_move, _LISTING | {"category": shape.word}),
    Handler(MergeListing, _decide_merge, _apply, _may_merge, _LISTING | {"into": shape.RECORD}),
)
