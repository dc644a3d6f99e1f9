"""A photo of what is offered or wanted: at most one a listing, beside the book, where it can be erased.

The book has its size and a salted digest. The portal has made the picture small and taken everything
else out of the file (``web/market/pictures.py``); here it is only bytes with an upper bound. All photos
together take no more than the community's rules say (``Market.photo_megabytes``).
"""

from dataclasses import dataclass, field
from typing import ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import rules, shape
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.rules import PHOTO_MEGABYTES_0034
from appliance.ledger.book.schema import Listing
from appliance.ledger.book.schema_market import ListingPhoto, Photo
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.market import listings
from appliance.ledger.market.listings import STANDING
from appliance.ledger.people import powers
from appliance.ledger.people.words import LONGEST_LINE, tidy, too_long
from appliance.ledger.values import RecordId

MOST_BYTES: Final = 160 * 1024
"""A photo with its small one takes no more."""

MEGABYTE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class SetPhoto(Wordless):
    """The owner shows a photo, in place of the one before. ``large`` and ``small`` are the same picture, JPEG."""

    KIND: ClassVar[str] = "set_photo"
    VERSION: ClassVar[int] = 1

    listing: RecordId
    large: bytes = field(repr=False)
    small: bytes = field(repr=False)
    salt: bytes = field(repr=False)

    @property
    def size(self) -> int:
        return len(self.large) + len(self.small)

    def payload(self) -> codec.Body:
        return {
            "listing": self.listing,
            "size": self.size,
            "digest": digest(self.salt, self.large, self.small),
        }


@dataclass(frozen=True, slots=True)
class DropPhoto:
    """The photo goes: by the owner, or by a keeper with a reason."""

    KIND: ClassVar[str] = "drop_photo"
    VERSION: ClassVar[int] = 1

    listing: RecordId
    reason: str = ""

    def payload(self) -> codec.Body:
        return {"listing": self.listing}

    def private(self) -> dict[str, str]:
        return {"reason": self.reason} if self.reason else {}


def digest(salt: bytes, large: bytes, small: bytes) -> bytes:
    """What the book has of a photo."""
    return codec.digest("tch.photo", len(large).to_bytes(8, "big") + large + small, key=salt)


def taken(tx: Tx) -> int:
    """Bytes of all photos."""
    (total,) = tx.first("SELECT COALESCE(SUM(size), 0) FROM listing_photo") or (0,)
    return int(total)


def room(tx: Tx) -> int:
    """Bytes that photos may take in all."""
    return int(rules.kept(tx, "market").get("photo_megabytes", PHOTO_MEGABYTES_0034)) * MEGABYTE


def _decide_set(tx: Tx, command: SetPhoto, asking: Asking) -> codec.Body | Refusal:
    if refusal := powers.refuse_unless_active(tx, asking.actor):
        return refusal
    listing = listings.standing(tx, command.listing)
    if isinstance(listing, Refusal):
        return listing
    if listing.owner != asking.actor:
        return Refusal(Code.NOT_YOURS, {}, (Action.HOME,))
    if not command.large or not command.small or command.size > MOST_BYTES:
        return Refusal(Code.PHOTO_WRONG, {}, (Action.TRY_AGAIN,))
    before = tx.get(ListingPhoto, listing=command.listing)
    if taken(tx) - (before.size if before else 0) + command.size > room(tx):
        return Refusal(Code.PHOTO_ROOM, {"megabytes": room(tx) // MEGABYTE}, (Action.ASK_KEEPER,))
    return {}


def _may_set(tx: Tx, entry: Entry) -> bool:
    listing = tx.get(Listing, id=entry.act.payload["listing"])
    own = listing is not None and listing.owner == entry.actor and listing.state in STANDING
    return own and powers.active(tx, entry.actor)


def _apply_set(tx: Tx, entry: Entry) -> None:
    p = entry.act.payload
    tx.put(ListingPhoto, listing=p["listing"], size=p["size"], digest=p["digest"], entry=entry.number)


def _keep(tx: Tx, entry: Entry, command: SetPhoto) -> None:
    forget_unused(tx)
    tx.insert(Photo, entry=entry.number, salt=command.salt, large=command.large, small=command.small)


def _decide_drop(tx: Tx, command: DropPhoto, asking: Asking) -> codec.Body | Refusal:
    listing = tx.get(Listing, id=command.listing)
    if listing is None or tx.get(ListingPhoto, listing=command.listing) is None:
        return Refusal(Code.UNKNOWN_LISTING, {}, (Action.HOME,))
    own = listing.owner == asking.actor
    if own and (refusal := powers.refuse_unless_active(tx, asking.actor)):
        return refusal
    if not own and powers.refuse_unless_keeper(tx, asking.actor):
        return Refusal(Code.NOT_YOURS, {}, (Action.HOME,))
    if not own and not tidy("reason", command.reason):
        return Refusal(Code.TEXT_MISSING, {}, (Action.TRY_AGAIN,))
    return too_long(command.reason, LONGEST_LINE) or {}


def _may_drop(tx: Tx, entry: Entry) -> bool:
    listing = tx.get(Listing, id=entry.act.payload["listing"])
    if listing is None or tx.get(ListingPhoto, listing=listing.id) is None:
        return False
    own = listing.owner == entry.actor and powers.active(tx, entry.actor)
    return own or (listing.owner != entry.actor and powers.by_keeper(tx, entry))


def _apply_drop(tx: Tx, entry: Entry) -> None:
    tx.delete(ListingPhoto, ListingPhoto.listing == entry.act.payload["listing"])


def _drop(tx: Tx, entry: Entry, command: DropPhoto) -> None:
    forget_unused(tx)


def any_unused(tx: Tx) -> bool:
    """Whether there is a photo that no listing shows any more."""
    return tx.first(f"SELECT 1 FROM photo WHERE {_UNUSED} LIMIT 1") is not None  # noqa: S608 - a condition of ours


def forget_unused(tx: Tx) -> int:
    """Delete photos that no listing shows any more: nobody reads them again. How many there were."""
    found = [entry for (entry,) in tx.select(f"SELECT entry FROM photo WHERE {_UNUSED}")]  # noqa: S608 - as above
    for entry in found:
        tx.delete(Photo, Photo.entry == entry)
    return len(found)


_UNUSED: Final = "entry NOT IN (SELECT entry FROM listing_photo)"


_SIZE: Final = shape.whole(1, MOST_BYTES)
_LISTING: Final = {"listing": shape.RECORD}

HANDLERS = (
    Handler(
        SetPhoto,
        _decide_set,
        _apply_set,
        _may_set,
        _LISTING | {"size": _SIZE, "digest": shape.DIGEST},
        attach=_keep,
    ),
    Handler(DropPhoto, _decide_drop, _apply_drop, _may_drop, _LISTING, attach=_drop),
)
