"""Offers and wants out of a file: a keeper opens them for their owners (``people.imports``)."""

from dataclasses import dataclass
from typing import ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import shape
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.schema_market import ListingTerms
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler
from appliance.ledger.book.taxonomy import SHIPPED_PARENT
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.market import listings
from appliance.ledger.people import imports, powers
from appliance.ledger.values import MAX_AMOUNT, AccountNumber, Amount

_OPENED_BY: Final = (imports.LISTINGS,)

MOST_DAYS: Final = 366
"""How far ahead the end of a listing out of a file may be: as far as a rule can set it."""


@dataclass(frozen=True, slots=True)
class ImportListing:
    """What somebody offers or wants, out of a file.

    Attributes:
        price: minor units; None: to be agreed.
        unit, quantity, times, place: as of ``listings.OpenListing``.
        until_ms: when it expires; None: as the rules say, once a time is known that somebody vouches for.
    """

    KIND: ClassVar[str] = "import_listing"
    VERSION: ClassVar[int] = 2

    digest: bytes
    line: int
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
    until_ms: int | None = None

    def payload(self) -> codec.Body:
        return {
            "digest": self.digest,
            "line": self.line,
            "owner": self.owner,
            "kind": self.kind,
            "category": self.category,
            "price": self.price,
            "unit": self.unit,
            "quantity": self.quantity,
            "until_ms": self.until_ms,
        }

    def private(self) -> dict[str, str]:
        return listings.words_of(self.title, self.text, self.times, self.place)


def _decide(tx: Tx, command: ImportListing, asking: Asking) -> codec.Body | Refusal:
    file = imports.asked(tx, command.digest, _OPENED_BY, asking)
    if isinstance(file, Refusal):
        return file
    if refusal := powers.refuse_unless_active(tx, command.owner):
        return refusal
    c, until = command, command.until_ms
    if until is not None and not asking.at.ms < until <= asking.at.ms + MOST_DAYS * listings.DAY_MS:
        return Refusal(Code.TIME_WRONG, {}, (Action.TRY_AGAIN,))
    return (
        # A shipped kind that keepers have hidden or put together since is understood all the same.
        listings.refuse_terms(
            tx,
            c.kind,
            c.category,
            c.title,
            c.text,
            c.price,
            stays=c.category if c.category in SHIPPED_PARENT else None,
        )
        or listings.refuse_more(c.unit, c.quantity, c.times, c.place)
        or {}
    )


def _may(tx: Tx, entry: Entry) -> bool:
    file = imports.by_importer(tx, entry, _OPENED_BY)
    return file is not None and powers.active(tx, entry.act.payload["owner"])


def _apply_1(tx: Tx, entry: Entry) -> None:
    listings.open_one(tx, entry)
    imports.count_row(tx, entry, _OPENED_BY)


def _apply(tx: Tx, entry: Entry) -> None:
    _apply_1(tx, entry)
    p = entry.act.payload
    said = {"unit": p["unit"], "quantity": p["quantity"], "until_ms": p["until_ms"]}
    tx.insert(ListingTerms, listing=entry.record, **said, begun=entry.number, entry=entry.number)


_SHAPE_1: Final = {
    "digest": shape.DIGEST,
    "line": imports.LINE,
    "owner": shape.MEMBER,
    "kind": shape.one_of(listings.OFFER, listings.WANT),
    "category": shape.word,
    "price": shape.or_none(shape.whole(0, MAX_AMOUNT)),
}
_UNTIL: Final = shape.or_none(shape.whole(0, 1 << 53))

HANDLERS = (Handler(ImportListing, _decide, _apply, _may, {**_SHAPE_1, **listings.MORE, "until_ms": _UNTIL}),)

OLD: Final = {("import_listing", 1): Handler(ImportListing, _decide, _apply_1, _may, _SHAPE_1)}
"""How earlier versions are folded."""
