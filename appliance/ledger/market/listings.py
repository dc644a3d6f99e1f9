"""Listings: what members offer and want.

::

    (nothing) --open_listing--> open --expire_listing (by rule)--> expired --renew_listing, edit_listing--> open
    open, expired --hide_listing (by a keeper)--> hidden --show_listing--> open
    open, expired, hidden --close_listing (by the owner, or a keeper)--> closed
    open, expired, hidden --merge_listing (by a keeper: the owner said it twice)--> closed

Only what is open is on the market, in the search and on the feed. ``changing`` has what owners do
later, ``keeping`` what keepers do.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import rules, shape, taxonomy
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.rules import LISTING_DAYS_0034
from appliance.ledger.book.schema import Listing
from appliance.ledger.book.schema_market import ListingPhoto, ListingTerms
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler
from appliance.ledger.clock import Instant
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.people import powers
from appliance.ledger.people.words import LONGEST_LINE, LONGEST_TEXT, tidy, too_long
from appliance.ledger.values import MAX_AMOUNT, AccountNumber, Amount, RecordId

OFFER = "offer"
WANT = "want"
OPEN = "open"
EXPIRED = "expired"
HIDDEN = "hidden"
CLOSED = "closed"
STANDING: Final = (OPEN, EXPIRED, HIDDEN)
"""States of what its owner has not ended."""

LONGEST_TITLE = 60
LONGEST_TIMES = 60
LONGEST_PLACE = 40
MOST_LEFT: Final = 9999
"""The largest quantity."""

DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class OpenListing:
    """Offer or want something.

    Attributes:
        price: minor units; None: to be agreed.
        unit: what the price is for (one of ``taxonomy.UNITS``); None: for all of it.
        quantity: how many are left; None: not counted.
        times, place: when and where, in a few words of the owner's.
    """

    KIND: ClassVar[str] = "open_listing"
    VERSION: ClassVar[int] = 2

    owner: AccountNumber
    kind: str
    category: str
    title: str
    text: str = ""
    price: Amount | None = None
    unit: str | None = None
    quantity: int | None = None
    times: str = ""
    place: str = ""

    def payload(self) -> codec.Body:
        return {
            "owner": self.owner,
            "kind": self.kind,
            "category": self.category,
            "price": self.price,
            "unit": self.unit,
            "quantity": self.quantity,
        }

    def private(self) -> dict[str, str]:
        return words_of(self.title, self.text, self.times, self.place)


def words_of(title: str, text: str, times: str, place: str) -> dict[str, str]:
    """The personal text of a listing: what is empty is left out."""
    said = {"text": text, "times": times, "place": place}
    return {"title": title, **{name: words for name, words in said.items() if words}}


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
    c = command
    return (
        refuse_terms(tx, c.kind, c.category, c.title, c.text, c.price)
        or refuse_more(c.unit, c.quantity, c.times, c.place)
        or {}
    )


def refuse_terms(
    tx: Tx, kind: str, category: str, title: str, text: str, price: int | None, stays: str | None = None
) -> Refusal | None:
    """The refusal when the terms of a listing cannot be, whoever opens it.

    Args:
        stays: the category that it has already, which it may keep though it is not offered any more.
    """
    unknown = category != stays and not taxonomy.of(tx).offered(category)
    if unknown or kind not in (OFFER, WANT):
        return Refusal(Code.UNKNOWN_CATEGORY, {}, (Action.TRY_AGAIN,))
    if not tidy("title", title):
        return Refusal(Code.TEXT_MISSING, {}, (Action.TRY_AGAIN,))
    if price is not None and not 0 <= price <= MAX_AMOUNT:
        return Refusal(Code.AMOUNT_WRONG, {"amount": price}, (Action.TRY_AGAIN,))
    return too_long(title, LONGEST_TITLE) or too_long(text, LONGEST_TEXT)


def refuse_more(unit: str | None, quantity: int | None, times: str, place: str) -> Refusal | None:
    """The refusal when what a listing says beside cannot be."""
    if unit is not None and unit not in taxonomy.UNITS:
        return Refusal(Code.SETTING_WRONG, {}, (Action.TRY_AGAIN,))
    if quantity is not None and not 0 <= quantity <= MOST_LEFT:
        return Refusal(Code.QUANTITY_WRONG, {"most": MOST_LEFT}, (Action.TRY_AGAIN,))
    return too_long(times, LONGEST_TIMES) or too_long(place, LONGEST_PLACE)


def open_one(tx: Tx, entry: Entry) -> None:
    """Add the listing that ``entry`` opens."""
    p = entry.act.payload
    tx.insert(
        Listing,
        id=entry.record,
        owner=p["owner"],
        kind=p["kind"],
        category=taxonomy.of(tx).get(p["category"]).key,
        price=p["price"],
        state=OPEN,
        text_entry=entry.number,
        opened_entry=entry.number,
        opened_ms=entry.act.at.ms,
    )


def _apply_open(tx: Tx, entry: Entry) -> None:
    open_one(tx, entry)
    p = entry.act.payload
    until = until_ms(tx, entry.act.at)
    tx.insert(
        ListingTerms,
        listing=entry.record,
        unit=p["unit"],
        quantity=p["quantity"],
        until_ms=until,
        begun=entry.number,
        entry=entry.number,
    )


def until_ms(tx: Tx, at: Instant) -> int | None:
    """When a listing that is opened or renewed at ``at`` expires by the rules in force; None: never. For folding."""
    days = int(rules.kept(tx, "market").get("listing_days", LISTING_DAYS_0034))
    return at.ms + days * DAY_MS if days else None


def terms(tx: Tx, record: bytes) -> ListingTerms | None:
    """The terms of a listing; None of one that an older release wrote and nobody has touched since."""
    return tx.get(ListingTerms, listing=record)


def change_terms(tx: Tx, entry: Entry, listing: Listing, **values: object) -> None:
    """Change what others see of a listing beyond its row, as ``entry`` says it."""
    if terms(tx, listing.id) is None:
        tx.insert(ListingTerms, listing=listing.id, begun=listing.opened_entry, entry=entry.number)
    tx.update(ListingTerms, {"listing": listing.id}, **{"entry": entry.number, **values})


def standing(tx: Tx, record: bytes) -> Listing | Refusal:
    """A listing that its owner has not ended, or why there is none."""
    listing = tx.get(Listing, id=record)
    if listing is None:
        return Refusal(Code.UNKNOWN_LISTING, {}, (Action.HOME,))
    if listing.state not in STANDING:
        return Refusal(Code.LISTING_CLOSED, {}, (Action.HOME,))
    return listing


def _decide_close(tx: Tx, command: CloseListing, asking: Asking) -> codec.Body | Refusal:
    listing = tx.get(Listing, id=command.listing)
    if listing is None:
        return Refusal(Code.UNKNOWN_LISTING, {}, (Action.HOME,))
    if listing.owner != asking.actor and powers.refuse_unless_keeper(tx, asking.actor):
        return Refusal(Code.NOT_YOURS, {}, (Action.HOME,))
    if listing.state not in STANDING:
        return Refusal(Code.LISTING_CLOSED, {}, (Action.HOME,))
    if listing.owner != asking.actor and not tidy("reason", command.reason):
        return Refusal(Code.TEXT_MISSING, {}, (Action.TRY_AGAIN,))
    return too_long(command.reason, LONGEST_LINE) or {}


def _apply_close(tx: Tx, entry: Entry) -> None:
    end(tx, entry, entry.act.payload["listing"])


def end(tx: Tx, entry: Entry, record: bytes) -> None:
    """Close a listing for good, as ``entry`` does it. Its photo goes with it."""
    tx.update(Listing, {"id": record}, state=CLOSED, closed_entry=entry.number)
    tx.delete(ListingPhoto, ListingPhoto.listing == record)


def _own(tx: Tx, entry: Entry) -> bool:
    return entry.act.payload["owner"] == entry.actor and powers.active(tx, entry.actor)


def _may_close(tx: Tx, entry: Entry) -> bool:
    listing = tx.get(Listing, id=entry.act.payload["listing"])
    if listing is None or listing.state not in STANDING:
        return False
    return listing.owner == entry.actor or powers.by_keeper(tx, entry)


_OPEN_1: Final = {
    "owner": shape.MEMBER,
    "kind": shape.one_of(OFFER, WANT),
    "category": shape.word,
    "price": shape.or_none(shape.whole(0, MAX_AMOUNT)),
}
MORE: Final = {"unit": shape.or_none(shape.word), "quantity": shape.or_none(shape.whole(0, MOST_LEFT))}
"""The fields of a payload that came with version 2."""

HANDLERS = (
    Handler(OpenListing, _decide_open, _apply_open, _own, _OPEN_1 | MORE),
    Handler(CloseListing, _decide_close, _apply_close, _may_close, {"listing": shape.RECORD}),
)

OLD: Final = {("open_listing", 1): Handler(OpenListing, _decide_open, open_one, _own, _OPEN_1)}
"""How earlier versions are folded."""
