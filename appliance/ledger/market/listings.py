"""Listings: what members offer and want. ``open`` until their owner or a keeper closes them."""

from dataclasses import dataclass
from typing import ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import shape
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.rules import CATEGORIES
from appliance.ledger.book.schema import Listing
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.people import powers
from appliance.ledger.people.words import LONGEST_LINE, LONGEST_TEXT, tidy, too_long
from appliance.ledger.values import MAX_AMOUNT, AccountNumber, Amount, RecordId

OFFER = "offer"
WANT = "want"
OPEN = "open"
CLOSED = "closed"
LONGEST_TITLE = 60


@dataclass(frozen=True, slots=True)
class OpenListing:
    """Offer or want something. ``price`` None: to be agreed."""

    KIND: ClassVar[str] = "open_listing"
    VERSION: ClassVar[int] = 1

    owner: AccountNumber
    kind: str
    category: str
    title: str
    text: str = ""
    price: Amount | None = None

    def payload(self) -> codec.Body:
        return {"owner": self.owner, "kind": self.kind, "category": self.category, "price": self.price}

    def private(self) -> dict[str, str]:
        return {"title": self.title, "text": self.text} if self.text else {"title": self.title}


@dataclass(frozen=True, slots=True)
class CloseListing:
    """Take a listing down: by its owner, or by a keeper with a reason."""

    KIND: ClassVar[str] = "close_listing"
    VERSION: ClassVar[int] = 1

    listing: RecordId
    reason: str = ""

    def payload(self) -> codec.Body:
        return {"listing": self.listing}

    def private(self) -> dict[str, str]:
        return {"reason": self.reason} if self.reason else {}


def _decide_open(tx: Tx, command: OpenListing, asking: Asking) -> codec.Body | Refusal:
    if refusal := powers.refuse_unless_active(tx, asking.actor):
        return refusal
    if command.owner != asking.actor:
        return Refusal(Code.NOT_YOURS, {}, (Action.HOME,))
    return refuse_terms(command.kind, command.category, command.title, command.text, command.price) or {}


def refuse_terms(kind: str, category: str, title: str, text: str, price: int | None) -> Refusal | None:
    """The refusal when the terms of a listing cannot be, whoever opens it."""
    if category not in CATEGORIES or kind not in (OFFER, WANT):
        return Refusal(Code.UNKNOWN_CATEGORY, {}, (Action.TRY_AGAIN,))
    if not tidy("title", title):
        return Refusal(Code.TEXT_MISSING, {}, (Action.TRY_AGAIN,))
    if price is not None and not 0 <= price <= MAX_AMOUNT:
        return Refusal(Code.AMOUNT_WRONG, {"amount": price}, (Action.TRY_AGAIN,))
    return too_long(title, LONGEST_TITLE) or too_long(text, LONGEST_TEXT)


def open_one(tx: Tx, entry: Entry) -> None:
    """Add the listing that ``entry`` opens."""
    p = entry.act.payload
    tx.insert(
        Listing,
        id=entry.record,
        owner=p["owner"],
        kind=p["kind"],
        category=p["category"],
        price=p["price"],
        state=OPEN,
        text_entry=entry.number,
        opened_entry=entry.number,
        opened_ms=entry.act.at.ms,
    )


def _decide_close(tx: Tx, command: CloseListing, asking: Asking) -> codec.Body | Refusal:
    listing = tx.get(Listing, id=command.listing)
    if listing is None:
        return Refusal(Code.UNKNOWN_LISTING, {}, (Action.HOME,))
    if listing.owner != asking.actor and powers.refuse_unless_keeper(tx, asking.actor):
        return Refusal(Code.NOT_YOURS, {}, (Action.HOME,))
    if listing.state != OPEN:
        return Refusal(Code.LISTING_CLOSED, {}, (Action.HOME,))
    if listing.owner != asking.actor and not tidy("reason", command.reason):
        return Refusal(Code.TEXT_MISSING, {}, (Action.TRY_AGAIN,))
    return too_long(command.reason, LONGEST_LINE) or {}


def _apply_close(tx: Tx, entry: Entry) -> None:
    tx.update(Listing, {"id": entry.act.payload["listing"]}, state=CLOSED, closed_entry=entry.number)


def _own(tx: Tx, entry: Entry) -> bool:
    return entry.act.payload["owner"] == entry.actor and powers.active(tx, entry.actor)


def _may_close(tx: Tx, entry: Entry) -> bool:
    listing = tx.get(Listing, id=entry.act.payload["listing"])
    if listing is None or listing.state != OPEN:
        return False
    return listing.owner == entry.actor or powers.by_keeper(tx, entry)


_OPEN: Final = {
    "owner": shape.MEMBER,
    "kind": shape.one_of(OFFER, WANT),
    "category": shape.word,
    "price": shape.or_none(shape.whole(0, MAX_AMOUNT)),
}

HANDLERS = (
    Handler(OpenListing, _decide_open, open_one, _own, _OPEN),
    Handler(CloseListing, _decide_close, _apply_close, _may_close, {"listing": shape.RECORD}),
)
