"""What happens to a listing later, by its owner or by rule: edited, renewed, expired.

An offer or want stays for as long as the community's rules say (``Market.listing_days``), counted by a
time that somebody vouches for (``money.dues``). Its owner can renew it with one tap from a week
before, and whoever edits it renews it, too. What has expired is on no market and no feed until then.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import shape
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.schema import Listing
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless
from appliance.ledger.clock import Instant, Millis, Quality
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.market import listings
from appliance.ledger.market.listings import DAY_MS, EXPIRED, OPEN, STANDING
from appliance.ledger.money import dues
from appliance.ledger.people import powers
from appliance.ledger.values import MAX_AMOUNT, Amount, RecordId

REMIND_DAYS: Final = 7
"""How long before a listing expires its owner is reminded, and can renew it."""

_AT_ONCE: Final = 20


@dataclass(frozen=True, slots=True)
class EditListing:
    """The owner says it otherwise: all but whether it is an offer or a want. Its time begins anew."""

    KIND: ClassVar[str] = "edit_listing"
    VERSION: ClassVar[int] = 1

    listing: RecordId
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
            "listing": self.listing,
            "category": self.category,
            "price": self.price,
            "unit": self.unit,
            "quantity": self.quantity,
        }

    def private(self) -> dict[str, str]:
        return listings.words_of(self.title, self.text, self.times, self.place)


@dataclass(frozen=True, slots=True)
class RenewListing(Wordless):
    """The owner wants it to stay, or to be back: its time begins anew."""

    KIND: ClassVar[str] = "renew_listing"
    VERSION: ClassVar[int] = 1

    listing: RecordId

    def payload(self) -> codec.Body:
        return {"listing": self.listing}


@dataclass(frozen=True, slots=True)
class ExpireListing(Wordless):
    """By rule: its time is over."""

    KIND: ClassVar[str] = "expire_listing"
    VERSION: ClassVar[int] = 1

    listing: RecordId

    def payload(self) -> codec.Body:
        return {"listing": self.listing}


@dataclass(frozen=True, slots=True)
class DateListing(Wordless):
    """By rule: a listing that nobody has dated yet (an older release or a file brought it, or listings did not
    expire then) has its time from now on.
    """

    KIND: ClassVar[str] = "date_listing"
    VERSION: ClassVar[int] = 1

    listing: RecordId

    def payload(self) -> codec.Body:
        return {"listing": self.listing}


def ends(tx: Tx, record: bytes) -> int | None:
    """When a listing expires, in milliseconds; None: never, or nobody knows yet."""
    terms = listings.terms(tx, record)
    if terms is None or terms.until_ms is None:
        return None
    return dues.ends(tx, terms.begun, terms.until_ms)


def can_renew(tx: Tx, listing: Listing, now: Instant) -> bool:
    """Whether it is time to renew it: it has expired, or will within a week."""
    end = ends(tx, listing.id)
    soon = end is not None and end - now.ms <= REMIND_DAYS * DAY_MS
    return listing.state == EXPIRED or (listing.state == OPEN and soon)


def overdue(tx: Tx, now: Instant) -> tuple[RecordId, ...]:
    """Open listings whose time is over, the longest overdue first."""
    found = tx.select(_OVERDUE, dues.latest(tx, now), dues.MOST_LOOKED_AT)
    waiting = ((RecordId(bytes(record)), begun, until) for record, begun, until in found)
    return dues.those_over(tx, waiting, now, _AT_ONCE)


_OVERDUE: Final = """
SELECT listing_terms.listing, listing_terms.begun, listing_terms.until_ms FROM listing_terms
JOIN listing ON listing.id = listing_terms.listing
WHERE listing.state = 'open' AND listing_terms.until_ms <= ? ORDER BY listing_terms.until_ms LIMIT ?
"""


def undated(tx: Tx) -> Iterable[RecordId]:
    """Open listings that nobody has dated, some of them, where listings expire."""
    if listings.until_ms(tx, _ANY_TIME) is None:
        return ()
    return [RecordId(bytes(record)) for (record,) in tx.select(_UNDATED, _AT_ONCE)]


_ANY_TIME: Final = Instant(Millis(0), Quality.NONE)
_UNDATED: Final = """
SELECT listing.id FROM listing LEFT JOIN listing_terms ON listing_terms.listing = listing.id
WHERE listing.state = 'open' AND listing_terms.until_ms IS NULL ORDER BY listing.opened_entry LIMIT ?
"""


def _own(tx: Tx, record: bytes, asking: Asking) -> Listing | Refusal:
    if refusal := powers.refuse_unless_active(tx, asking.actor):
        return refusal
    listing = tx.get(Listing, id=record)
    if listing is not None and listing.owner != asking.actor:
        return Refusal(Code.NOT_YOURS, {}, (Action.HOME,))
    return listings.standing(tx, record)


def _decide_edit(tx: Tx, command: EditListing, asking: Asking) -> codec.Body | Refusal:
    listing = _own(tx, command.listing, asking)
    if isinstance(listing, Refusal):
        return listing
    c, stays = command, listing.category
    return (
        listings.refuse_terms(tx, listing.kind, c.category, c.title, c.text, c.price, stays)
        or listings.refuse_more(c.unit, c.quantity, c.times, c.place)
        or {}
    )


def _decide_renew(tx: Tx, command: RenewListing, asking: Asking) -> codec.Body | Refusal:
    listing = _own(tx, command.listing, asking)
    if isinstance(listing, Refusal):
        return listing
    if listing.state == listings.HIDDEN:
        return Refusal(Code.LISTING_HIDDEN, {}, (Action.ASK_KEEPER,))
    if not can_renew(tx, listing, asking.at):
        return Refusal(Code.NOT_YET, {}, (Action.HOME,))
    return {}


def _of_owner(tx: Tx, entry: Entry) -> bool:
    listing = tx.get(Listing, id=entry.act.payload["listing"])
    own = listing is not None and listing.owner == entry.actor and listing.state in STANDING
    return own and powers.active(tx, entry.actor)


def _may_renew(tx: Tx, entry: Entry) -> bool:
    listing = tx.get(Listing, id=entry.act.payload["listing"])
    return _of_owner(tx, entry) and listing is not None and listing.state in (OPEN, EXPIRED)


def _apply_edit(tx: Tx, entry: Entry) -> None:
    p = entry.act.payload
    listing = tx.get(Listing, id=p["listing"])
    assert listing is not None  # the warrant has seen it
    said = {"category": p["category"], "price": p["price"], "text_entry": entry.number}
    tx.update(Listing, {"id": listing.id}, state=_back(listing.state), **said)
    _begin_anew(tx, entry, listing, unit=p["unit"], quantity=p["quantity"])


def _apply_renew(tx: Tx, entry: Entry) -> None:
    listing = tx.get(Listing, id=entry.act.payload["listing"])
    assert listing is not None  # the warrant has seen it
    tx.update(Listing, {"id": listing.id}, state=_back(listing.state))
    _begin_anew(tx, entry, listing)


def _back(state: str) -> str:
    return OPEN if state == EXPIRED else state


def _begin_anew(tx: Tx, entry: Entry, listing: Listing, **also: object) -> None:
    until = listings.until_ms(tx, entry.act.at)
    listings.change_terms(tx, entry, listing, until_ms=until, begun=entry.number, **also)


def _decide_expire(tx: Tx, command: ExpireListing, asking: Asking) -> codec.Body | Refusal:
    listing = tx.get(Listing, id=command.listing)
    if listing is None or listing.state != OPEN:
        return Refusal(Code.LISTING_CLOSED, {}, ())
    return {} if _is_over(tx, command.listing, asking.at) else Refusal(Code.NOT_YET, {}, ())


def _is_over(tx: Tx, record: bytes, at: Instant) -> bool:
    terms = listings.terms(tx, record)
    until = None if terms is None else terms.until_ms
    return terms is not None and until is not None and dues.over(tx, terms.begun, until, at)


def _may_expire(tx: Tx, entry: Entry) -> bool:
    record = entry.act.payload["listing"]
    listing = tx.get(Listing, id=record)
    return listing is not None and listing.state == OPEN and _is_over(tx, record, entry.act.at)


def _apply_expire(tx: Tx, entry: Entry) -> None:
    tx.update(Listing, {"id": entry.act.payload["listing"]}, state=EXPIRED)


def _is_undated(tx: Tx, record: bytes) -> bool:
    listing, terms = tx.get(Listing, id=record), listings.terms(tx, record)
    return listing is not None and listing.state == OPEN and (terms is None or terms.until_ms is None)


def _decide_date(tx: Tx, command: DateListing, asking: Asking) -> codec.Body | Refusal:
    return {} if _is_undated(tx, command.listing) else Refusal(Code.LISTING_CLOSED, {}, ())


def _may_date(tx: Tx, entry: Entry) -> bool:
    return _is_undated(tx, entry.act.payload["listing"])


_LISTING: Final = {"listing": shape.RECORD}
_EDIT: Final = {
    **_LISTING,
    "category": shape.word,
    "price": shape.or_none(shape.whole(0, MAX_AMOUNT)),
    **listings.MORE,
}

HANDLERS = (
    Handler(EditListing, _decide_edit, _apply_edit, _of_owner, _EDIT),
    Handler(RenewListing, _decide_renew, _apply_renew, _may_renew, _LISTING),
    Handler(ExpireListing, _decide_expire, _apply_expire, _may_expire, _LISTING, ("hub",)),
    Handler(DateListing, _decide_date, _apply_renew, _may_date, _LISTING, ("hub",)),
)
