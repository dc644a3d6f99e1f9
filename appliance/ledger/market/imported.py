"""Offers and wants out of a file: a keeper opens them for their owners (``people.imports``)."""

from dataclasses import dataclass
from typing import ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import shape
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler
from appliance.ledger.errors import Refusal
from appliance.ledger.market import listings
from appliance.ledger.people import imports, powers
from appliance.ledger.values import MAX_AMOUNT, AccountNumber, Amount

_OPENED_BY: Final = (imports.LISTINGS,)


@dataclass(frozen=True, slots=True)
class ImportListing:
    """What somebody offers or wants, out of a file. ``price`` None: to be agreed."""

    KIND: ClassVar[str] = "import_listing"
    VERSION: ClassVar[int] = 1

    digest: bytes
    line: int
    owner: AccountNumber
    kind: str
    category: str
    title: str
    text: str = ""
    price: Amount | None = None

    def payload(self) -> codec.Body:
        return {
            "digest": self.digest,
            "line": self.line,
            "owner": self.owner,
            "kind": self.kind,
            "category": self.category,
            "price": self.price,
        }

    def private(self) -> dict[str, str]:
        return {"title": self.title, "text": self.text} if self.text else {"title": self.title}


def _decide(tx: Tx, command: ImportListing, asking: Asking) -> codec.Body | Refusal:
    file = imports.asked(tx, command.digest, _OPENED_BY, asking)
    if isinstance(file, Refusal):
        return file
    if refusal := powers.refuse_unless_active(tx, command.owner):
        return refusal
    return (
        listings.refuse_terms(command.kind, command.category, command.title, command.text, command.price)
        or {}
    )


def _may(tx: Tx, entry: Entry) -> bool:
    file = imports.by_importer(tx, entry, _OPENED_BY)
    return file is not None and powers.active(tx, entry.act.payload["owner"])


def _apply(tx: Tx, entry: Entry) -> None:
    listings.open_one(tx, entry)
    imports.count_row(tx, entry, _OPENED_BY)


HANDLERS = (
    Handler(
        ImportListing,
        _decide,
        _apply,
        _may,
        {
            "digest": shape.DIGEST,
            "line": imports.LINE,
            "owner": shape.MEMBER,
            "kind": shape.one_of(listings.OFFER, listings.WANT),
            "category": shape.word,
            "price": shape.or_none(shape.whole(0, MAX_AMOUNT)),
        },
    ),
)
