"""Which listing a message to another hub is about: said in a record of its own, after the message.

A hub of an earlier release does not know this record: it keeps it, passes it on, and shows the message without it
(``docs/decisions/0060-what-a-message-is-about.md``). What comes is believed where it can be: of the reader's own
listings, and of those that the writer lists.
"""

from dataclasses import dataclass
from typing import Final

from appliance.ledger.book import letters_talk
from appliance.ledger.book.feed import FarListing
from appliance.ledger.book.records import Record
from appliance.ledger.book.schema import Listing
from appliance.ledger.book.schema_talk import FarMessage
from appliance.ledger.book.store import Tx
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.people.roster import own_place

FIELD: Final = "far_about"
"""In ``outgoing.text_field``: which listing it is stands with the message."""


@dataclass(frozen=True, slots=True)
class Of:
    """A listing: the hub it is of, and its number there."""

    hub: int
    listing: int


def refuse(tx: Tx, sender: int, hub: int, reader: int, of: Of | None) -> Refusal | None:
    """Why a message of ``sender`` to ``reader`` of ``hub`` is not about ``of``: one of the two has to list it."""
    if of is None:
        return None
    row: Listing | FarListing | None = None
    if of.hub == hub:
        row, owner = tx.get(FarListing, hub=hub, listing=of.listing), reader
    elif of.hub == own_place(tx).hub:
        row, owner = tx.get(Listing, opened_entry=of.listing), sender
    fits = row is not None and row.owner == owner
    return None if fits else Refusal(Code.UNKNOWN_LISTING, {}, (Action.HOME,))


def letter_of(tx: Tx, said: int) -> bytes:
    """The sealed part's plain text of what the message that entry ``said`` put on the feed is about."""
    rows = tx.found(FarMessage, "mine AND entry = ? AND NOT gone AND about IS NOT NULL", said)
    if not rows:
        return letters_talk.empty(said)
    row = rows[0]
    assert row.about is not None  # so they were asked for
    return letters_talk.about(letters_talk.About(said, row.about, row.about_hub == row.hub))


def take_in(tx: Tx, record: Record, plain: bytes) -> None:
    """Keep what a message is about that has come before it, once. Of no message that is here, nothing is kept.

    Raises:
        BadEncoding: it is not what its kind holds.
    """
    said = letters_talk.read_about(plain)
    rows = () if said is None else tx.found(FarMessage, _CAME, record.hub, said.number)
    if said is None or not rows:
        return
    row = rows[0]
    if not said.yours:
        tx.update(FarMessage, {"seq": row.seq}, about_hub=record.hub, about=said.listing)
        return
    own = tx.get(Listing, opened_entry=said.listing)
    if own is not None and own.owner == row.member:
        tx.update(FarMessage, {"seq": row.seq}, about_hub=own_place(tx).hub, about=said.listing)


_CAME: Final = "NOT mine AND hub = ? AND entry = ? AND about IS NULL"
