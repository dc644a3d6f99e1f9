"""What other hubs may know: the names of members who agree, and open offers and wants.

A member's consent is the member's act. What then goes on the feed is the hub's, by rule, a few
at a time when the air is free (``Publish``): so a payment never waits behind a village's worth
of listings, and what was closed or withdrawn in between is never said at all.
"""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import feed, letters, shape, taxonomy
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.letters import FarListing
from appliance.ledger.book.records import EVERYONE, Kind
from appliance.ledger.book.schema import Listing, Member, NameConsent, Outgoing, Shown
from appliance.ledger.book.schema_market import ListingTerms
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless
from appliance.ledger.errors import Action, BookDamaged, Code, Refusal
from appliance.ledger.people import powers
from appliance.ledger.values import AccountNumber

PERSON: Final = "person"
LISTING: Final = "listing"
_OPEN: Final = "open"
_WANT: Final = "want"
_DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class ShowName(Wordless):
    """A member lets other hubs know number and name; or no longer."""

    KIND: ClassVar[str] = "show_name"
    VERSION: ClassVar[int] = 1

    member: AccountNumber
    shown: bool

    def payload(self) -> codec.Body:
        return {"member": self.member, "shown": self.shown}


@dataclass(frozen=True, slots=True)
class Publish(Wordless):
    """By rule: say on the feed what is new of names and listings; or that it is gone.

    ``subject`` and ``item`` name one of them (``Shown``), ``shown`` what is said of it.
    """

    KIND: ClassVar[str] = "publish"
    VERSION: ClassVar[int] = 1

    subject: str
    item: int
    shown: bool

    def payload(self) -> codec.Body:
        return {"subject": self.subject, "item": self.item, "shown": self.shown}


def _decide_show(tx: Tx, command: ShowName, asking: Asking) -> codec.Body | Refusal:
    if refusal := powers.refuse_unless_active(tx, asking.actor):
        return refusal
    if command.member != asking.actor:
        return Refusal(Code.NOT_YOURS, {}, (Action.HOME,))
    return {}


def _own_name(tx: Tx, entry: Entry) -> bool:
    return entry.act.payload["member"] == entry.actor and powers.active(tx, entry.actor)


def _apply_show(tx: Tx, entry: Entry) -> None:
    member = entry.act.payload["member"]
    if entry.act.payload["shown"]:
        tx.put(NameConsent, member=member, entry=entry.number)
    else:
        tx.delete(NameConsent, NameConsent.member == member)


def unsaid(tx: Tx, most: int) -> list[Publish]:
    """What the feed should say next of names and listings, at most ``most``: names first."""
    people = tx.select(_PEOPLE, most)
    found = [Publish(PERSON, item, bool(shown)) for item, shown in people]
    items = tx.select(_LISTINGS, most - len(found))
    return found + [Publish(LISTING, item, bool(shown)) for item, shown in items]


# Names whose consent differs from what was last said, where nothing said counts as not shown.
_PEOPLE: Final = """
SELECT member.number, name_consent.member IS NOT NULL AND member.status IN ('active', 'away', 'moving') AS now
FROM member
LEFT JOIN name_consent ON name_consent.member = member.number
LEFT JOIN shown ON shown.subject = 'person' AND shown.item = member.number
WHERE (name_consent.member IS NOT NULL AND member.status IN ('active', 'away', 'moving')) <> COALESCE(shown.shown, 0)
ORDER BY member.number LIMIT ?
"""
# Of listings also those that were changed or renewed since. One that expired as it was told it would is not told to be gone.
_LISTINGS: Final = """
SELECT listing.opened_entry, listing.state = 'open' AND member.status = 'active' AS now
FROM listing
JOIN member ON member.number = listing.owner
LEFT JOIN listing_terms ON listing_terms.listing = listing.id
LEFT JOIN shown ON shown.subject = 'listing' AND shown.item = listing.opened_entry
WHERE ((listing.state = 'open' AND member.status = 'active') <> COALESCE(shown.shown, 0)
    AND NOT (listing.state = 'expired' AND listing_terms.until_ms IS NOT NULL AND listing_terms.entry <= shown.entry))
  OR (listing.state = 'open' AND member.status = 'active' AND listing_terms.entry > shown.entry AND shown.shown)
ORDER BY now, shown.entry IS NOT NULL, listing.opened_entry LIMIT ?
"""


def _present(tx: Tx, number: int) -> bool:
    """Whether the offers and wants of ``number`` are to be seen: not while somebody is away."""
    member = tx.get(Member, number=number)
    return member is not None and member.status == powers.ACTIVE


def _is_so(tx: Tx, subject: str, item: int, shown: bool) -> bool:
    """Whether that is how things stand, and not what the feed said last."""
    before = tx.get(Shown, subject=subject, item=item)
    said = (before is not None and bool(before.shown)) == shown
    if subject == PERSON:
        agreed = tx.get(NameConsent, member=item) is not None and powers.active(tx, item)
        return agreed == shown and not said
    row = tx.get(Listing, opened_entry=item)
    if row is None or (row.state == _OPEN and _present(tx, row.owner)) != shown:
        return False
    return not said or (shown and before is not None and _changed_since(tx, row, before.entry))


def _changed_since(tx: Tx, row: Listing, entry: int) -> bool:
    """Whether what others see of a listing was changed, or its time begun anew, after ``entry``."""
    terms = tx.get(ListingTerms, listing=row.id)
    return terms is not None and terms.entry > entry


def _decide_publish(tx: Tx, command: Publish, asking: Asking) -> codec.Body | Refusal:
    if _is_so(tx, command.subject, command.item, command.shown):
        return {}
    return Refusal(Code.TERMS_CHANGED, {}, ())


def _publish_stands(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    return _is_so(tx, p["subject"], p["item"], p["shown"])


def _apply_publish(tx: Tx, entry: Entry) -> None:
    p = entry.act.payload
    tx.put(Shown, subject=p["subject"], item=p["item"], shown=p["shown"], entry=entry.number)
    if p["subject"] == LISTING and not p["shown"]:
        feed.emit(tx, entry, Kind.UNLISTING, EVERYONE, letters.unlisting(p["item"]))
        return
    said = _listing(tx, entry, p["item"]) if p["subject"] == LISTING else _person(tx, entry, p)
    number = feed.last_outgoing(tx) + 1
    tx.insert(Outgoing, number=number, to=EVERYONE, amount=0, entry=entry.number, **said)


def _person(tx: Tx, entry: Entry, p: codec.Body) -> dict[str, Any]:
    """The record of a name; the name itself stays where it can be erased."""
    row = tx.get(Member, number=p["item"])
    if row is None:
        raise BookDamaged("tells the name of nobody", entry.number)
    text = {"text_entry": row.name_entry, "text_field": "name"} if p["shown"] else {}
    return {"kind": int(Kind.PERSON), "body": codec.encode(p["item"]), **text}


def _listing(tx: Tx, entry: Entry, item: int) -> dict[str, Any]:
    """The record of a listing, without its title."""
    row = tx.get(Listing, opened_entry=item)
    if row is None:
        raise BookDamaged("tells a listing that is not there", entry.number)
    kind, terms = taxonomy.of(tx).shipped(row.category), tx.get(ListingTerms, listing=row.id)
    far = FarListing(item, row.owner, row.kind == _WANT, kind, row.price, "")
    if terms is not None:
        until = None if terms.until_ms is None else -(-terms.until_ms // _DAY_MS)
        far = replace(far, until_day=until, unit=terms.unit, quantity=terms.quantity)
    text = {"text_entry": row.text_entry, "text_field": "title"}
    return {"kind": int(Kind.LISTING), "body": letters.listing_head(far), **text}


_SHOW: Final = {"member": shape.MEMBER, "shown": shape.yes_or_no}
_PUBLISH: Final = {
    "subject": shape.one_of(PERSON, LISTING),
    "item": shape.MEMBER,
    "shown": shape.yes_or_no,
}

HANDLERS = (
    Handler(ShowName, _decide_show, _apply_show, _own_name, _SHOW),
    Handler(Publish, _decide_publish, _apply_publish, _publish_stands, _PUBLISH, ("hub",)),
)
