"""Hearsay: what other hubs let everyone know, taken in for showing. It moves nothing.

Names and listings are another hub's word, and shown as such; that a hub has told two stories is a reason
to look for the other one (``people.forks``). What cannot be read is left out.
"""

import logging
from collections.abc import Mapping
from typing import Final

from appliance.ledger.book import feed, letters
from appliance.ledger.book.local import Suspect
from appliance.ledger.book.records import EVERYONE, Kind, Record
from appliance.ledger.book.schema import RosterRow
from appliance.ledger.book.store import Tx
from appliance.ledger.clock import Instant
from appliance.ledger.errors import BadEncoding
from appliance.ledger.market import talks_far
from appliance.ledger.market.listings import DAY_MS, LONGEST_TITLE
from appliance.ledger.people.words import LONGEST_NAME, tidy

_log = logging.getLogger(__name__)

OF_PEOPLE: Final = (Kind.MESSAGE, Kind.UNMESSAGE, Kind.ABOUT)
"""For one hub, and no matter of its book: kept beside it, like what is for everyone."""


def take_in(tx: Tx, record: Record, plain: bytes, now: Instant) -> None:
    """Take in what another hub lets everyone know, and messages for people here. It moves nothing; unreadable, it is left out."""
    try:
        if record.kind == Kind.PERSON:
            number, told = letters.read_person(plain)
            if name := tidy("name", told)[:LONGEST_NAME]:
                tx.put(feed.FarPerson, hub=record.hub, number=number, name=name)
            else:
                tx.delete(
                    feed.FarPerson, (feed.FarPerson.hub == record.hub) & (feed.FarPerson.number == number)
                )
        elif record.kind == Kind.LISTING:
            _show_listing(tx, record.hub, letters.read_listing(plain), now.ms)
        elif record.kind == Kind.FORK:
            _suspect(tx, record.hub, *letters.read_fork(plain))
        elif record.kind in OF_PEOPLE and record.to != EVERYONE:
            talks_far.take_in(tx, record, plain, now)
        elif record.kind == Kind.UNLISTING:
            _take_down(tx, record.hub, letters.read_unlisting(plain))
    except BadEncoding as error:
        _log.warning("post=unreadable hub=%s number=%s reason=%s", record.hub, record.number, error)


def any_over(tx: Tx, now_ms: int) -> bool:
    """Whether a listing of another hub has come to the end that its hub told."""
    return tx.first(f"SELECT 1 FROM far_listing WHERE {_OVER} LIMIT 1", now_ms) is not None  # noqa: S608 - a condition of ours


def drop_over(tx: Tx, now_ms: int) -> int:
    """Take down the listings of other hubs that have come to their end; how many. Their words go."""
    found = tx.select(f"SELECT hub, listing FROM far_listing WHERE {_OVER}", now_ms)  # noqa: S608 - as above
    for hub, listing in found:
        _take_down(tx, hub, listing)
    return len(found)


_OVER = "open AND until_ms <= ?"


def _take_down(tx: Tx, hub: int, listing: int) -> None:
    """The row stays, so that search takes it down; its words go, as its owner's may have been erased."""
    tx.update(feed.FarListing, {"hub": hub, "listing": listing}, open=False, title="", price=None)


def _suspect(tx: Tx, said_by: int, hub: int, incarnation: int, number: int) -> None:
    """Another hub says that a third one has told two stories. Look for the one that we do not have:
    the word alone proves nothing.
    """
    row = tx.get(RosterRow, hub=hub)
    if row is None or hub == said_by or incarnation > row.incarnation:
        return
    if not feed.state(tx, hub, incarnation).forked:
        tx.put(Suspect, hub=hub, incarnation=incarnation, number=max(1, number), said_by=said_by)


def _show_listing(tx: Tx, hub: int, item: letters.FarListing, now_ms: int) -> None:
    values: Mapping[str, object] = {
        "owner": item.owner,
        "kind": "want" if item.want else "offer",
        "category": item.category,
        "price": item.price,
        "title": tidy("title", item.title)[:LONGEST_TITLE],
        "open": True,
        "seen_ms": now_ms,
        "unit": item.unit,
        "quantity": item.quantity,
        "until_ms": None if item.until_day is None else item.until_day * DAY_MS,
    }
    if not tx.update(feed.FarListing, {"hub": hub, "listing": item.listing}, **values):
        tx.insert(feed.FarListing, hub=hub, listing=item.listing, **values)
