"""Messages between two members of this hub: short, private, beside the book, erasable to the last byte.

A message moves no credit and proves nothing, so it is no entry: who writes to whom is nobody's to keep for
ever (``docs/decisions/0043-messages-beside-the-book.md``). It is kept once however often its form comes,
like everything else; what it may say, to whom and how often is decided here, in the transaction that keeps it.
"""

from dataclasses import dataclass
from typing import Final

from appliance.ledger import codec
from appliance.ledger.book import wiping
from appliance.ledger.book.schema import AccountRow, Listing, Member, Transfer
from appliance.ledger.book.schema_talk import Complaint, Message
from appliance.ledger.book.store import Store, Tx
from appliance.ledger.clock import Instant
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.market import complaints, marks
from appliance.ledger.people import powers
from appliance.ledger.people.words import tidy, too_long

LONGEST: Final = 300
"""Characters of a message."""

MOST_A_DAY: Final = 40
"""Messages that one member sends within ``DAY_MS``: enough for a market day, too few to trouble a village."""

DAY_MS: Final = 24 * 3_600_000

KEPT_MS: Final = 365 * DAY_MS
"""How long a message is kept."""

LISTING: Final = "listing"
TRANSFER: Final = "transfer"


@dataclass(frozen=True, slots=True)
class About:
    """What a message is about: ``kind`` is ``LISTING``, ``TRANSFER`` or empty; ``item`` its id."""

    kind: str = ""
    item: bytes | None = None


NOTHING: Final = About()


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that is kept; ``again``: it was already."""

    seq: int
    again: bool = False


def send(
    store: Store, sender: int, receiver: int, text: str, at: Instant, key: bytes, about: About = NOTHING
) -> Sent | Refusal:
    """Keep a message of ``sender`` for ``receiver``, once under ``key``.

    Raises:
        WriteBusy, DataDirectoryError: it could not be written.
    """
    ident = codec.digest("tch.message", sender.to_bytes(8, "big") + key)[:16]
    said = tidy("text", text)
    with store.write() as tx:
        known = tx.get(Message, id=ident)
        if known is not None:
            same = (known.receiver, known.text) == (receiver, said)
            return Sent(known.seq, True) if same else Refusal(Code.KEY_REUSED, {}, (Action.TRY_AGAIN,))
        if refusal := _refuse(tx, sender, receiver, said, at, about):
            return refusal
        tx.insert(
            Message,
            id=ident,
            sender=sender,
            receiver=receiver,
            about=about.kind,
            item=about.item,
            text=said,
            at_ms=at.ms,
            quality=int(at.quality),
            read=False,
        )
        row = tx.get(Message, id=ident)
        assert row is not None  # it was just put there
        return Sent(row.seq)


def _refuse(
    tx: Tx, sender: int, receiver: int, text: str, at: Instant, about: About = NOTHING
) -> Refusal | None:
    if refusal := refuse_to_write(tx, sender, receiver, at):
        return refusal
    if not text:
        return Refusal(Code.TEXT_MISSING, {}, (Action.TRY_AGAIN,))
    if refusal := too_long(text, LONGEST):
        return refusal
    return _refuse_about(tx, sender, receiver, about)


def refuse_to_write(tx: Tx, sender: int, receiver: int, at: Instant) -> Refusal | None:
    """Why ``sender`` can write nothing to ``receiver`` now, whatever it is."""
    if refusal := powers.refuse_unless_active(tx, sender):
        return refusal
    until = complaints.quiet_until(tx, sender, at)
    if until is not None:
        return Refusal(Code.QUIETED, {"until_ms": until}, (Action.ASK_KEEPER,))
    if sender == receiver:
        return Refusal(Code.OWN_ACCOUNT, {}, (Action.HOME,))
    other = tx.get(Member, number=receiver)
    if other is None or other.status == powers.APPLIED:
        return Refusal(Code.UNKNOWN_ACCOUNT, {}, (Action.CHECK_NUMBER,))
    if other.status == powers.CLOSED:
        return Refusal(Code.ACCOUNT_CLOSED, {}, (Action.HOME,))
    if marks.blocks(tx, sender, marks.OWN, receiver):
        return Refusal(Code.YOU_BLOCKED, {}, (Action.SHOW,))
    if marks.blocks(tx, receiver, marks.OWN, sender):
        return Refusal(Code.NO_MESSAGES, {}, (Action.HOME,))
    # One sent by a clock that was ahead counts as one of today.
    sent = tx.first(_TODAY, sender, at.ms - DAY_MS)
    if sent is not None and sent[0] >= MOST_A_DAY:
        return Refusal(Code.TOO_MANY_MESSAGES, {"most": MOST_A_DAY}, (Action.WAIT,))
    return None


_TODAY: Final = "SELECT COUNT(*) FROM message WHERE sender = ? AND at_ms > ?"


def _refuse_about(tx: Tx, sender: int, receiver: int, about: About) -> Refusal | None:
    """A message is about what one of the two lists, or about what passed between them."""
    if not about.kind:
        return None
    if about.kind == LISTING:
        row = tx.get(Listing, id=about.item)
        fits = row is not None and row.owner in (sender, receiver)
        return None if fits else Refusal(Code.UNKNOWN_LISTING, {}, (Action.HOME,))
    transfer = tx.get(Transfer, id=about.item) if about.kind == TRANSFER else None
    sides = () if transfer is None else (transfer.payer, transfer.payee)
    accounts = (tx.get(AccountRow, number=side) for side in sides)
    owners = {account.owner for account in accounts if account is not None}
    between = {sender, receiver} <= owners
    return None if between else Refusal(Code.UNKNOWN_TRANSFER, {}, (Action.HOME,))


def keep_read(store: Store, reader: int, other: int, upto: int) -> None:
    """``reader`` has read what ``other`` wrote, up to message ``upto``.

    Raises:
        WriteBusy, DataDirectoryError: it could not be written.
    """
    with store.write() as tx:
        for (seq,) in tx.select(_UNREAD_OF, reader, other, upto):
            tx.update(Message, {"seq": seq}, read=True)


_UNREAD_OF: Final = "SELECT seq FROM message WHERE receiver = ? AND read = 0 AND sender = ? AND seq <= ?"


def take_back(store: Store, sender: int, seq: int) -> bool:
    """Erase an own message, for both; False when it is not the sender's, or not there.

    Raises:
        WriteBusy, DataDirectoryError: it could not be written.
    """
    with store.write() as tx:
        gone = tx.delete(Message, (Message.seq == seq) & (Message.sender == sender))
        if gone:
            wiping.due(tx)
    return bool(gone)


def drop_old(store: Store, at: Instant) -> int:
    """Erase messages, and complaints that were answered, older than ``KEPT_MS``; how many. The caller vouches for the time.

    Raises:
        WriteBusy, DataDirectoryError: it could not be written.
    """
    with store.read() as tx:
        if tx.first(_ANY_OLD, at.ms - KEPT_MS, at.ms - KEPT_MS) is None:
            return 0
    with store.write() as tx:
        gone = tx.delete(Message, Message.at_ms < at.ms - KEPT_MS)
        answered = Complaint.closed_entry.is_null(False)
        gone += tx.delete(Complaint, (Complaint.at_ms < at.ms - KEPT_MS) & answered)
        wiping.due(tx)
    return gone


_ANY_OLD: Final = """
SELECT 1 FROM message WHERE at_ms < ? UNION ALL
SELECT 1 FROM complaint WHERE at_ms < ? AND closed_entry IS NOT NULL LIMIT 1
"""
