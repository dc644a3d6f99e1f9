"""Messages between people of two hubs: short, sealed for the other hub, after everything else that wants the air.

::

    (nothing) --write (by a member)--> waits (beside the book)
    waits --carry_message (by rule, when the radio has nothing else to say)--> said: a MESSAGE record, and an ABOUT record (``talks_about``)
    said --take_back (by who wrote it, or with all that is theirs)--> gone --unsay_message (by rule)--> an UNMESSAGE record

The words, and who writes to whom, stand beside the book like those of ``talks``; the book has only that a
message went to that hub, as a record of a feed follows from it. What comes is kept beside the book, too: nobody answers
for it, and whom somebody has blocked reaches that person with nothing, without learning of it.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import feed, letters_talk, shape, wiping
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.feed import FarListing, FarPerson
from appliance.ledger.book.letters_talk import LONGEST
from appliance.ledger.book.records import Kind, Record
from appliance.ledger.book.schema import Neighbour, Outgoing
from appliance.ledger.book.schema_talk import FarMessage, MessageSaid
from appliance.ledger.book.store import Store, Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless
from appliance.ledger.clock import Instant
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.market import complaints, marks, talks_about
from appliance.ledger.market.talks import DAY_MS, KEPT_MS, Sent
from appliance.ledger.market.talks_about import Of
from appliance.ledger.money.trunks import HUB
from appliance.ledger.people import forks, powers
from appliance.ledger.people.words import tidy, too_long

MOST_A_DAY: Final = 5
"""Messages to other hubs that one member writes within a day."""

MOST_OF_HUB: Final = 40
"""Messages that a hub puts on the air within a day, of all its members: about a minute of airtime."""

MOST_FROM_HUB: Final = 200
"""Messages of one other hub that are taken in within a day; a well hub sends a fifth of that to all."""

UNSENT_MS: Final = 14 * DAY_MS
"""A message that had no turn for so long is not sent any more."""

SAID, UNSAID = "said", "unsaid"


@dataclass(frozen=True, slots=True)
class CarryMessage(Wordless):
    """By rule: put a message on the feed. ``message`` is not in the book: it is nobody's to keep for ever.

    ``about``: whether it is about a listing; which one the book has not, either.
    """

    KIND: ClassVar[str] = "carry_message"
    VERSION: ClassVar[int] = 2

    hub: int
    message: bytes
    about: bool = False

    def payload(self) -> codec.Body:
        return {"hub": self.hub, "about": self.about}


@dataclass(frozen=True, slots=True)
class UnsayMessage(Wordless):
    """By rule: a message was taken back; the hub that has it is told."""

    KIND: ClassVar[str] = "unsay_message"
    VERSION: ClassVar[int] = 1

    entry: int

    def payload(self) -> codec.Body:
        return {"entry": self.entry}


# ---------------------------------------------------------------------------------------- writing


def write(
    store: Store,
    sender: int,
    hub: int,
    reader: int,
    text: str,
    at: Instant,
    key: bytes,
    of: Of | None = None,
) -> Sent | Refusal:
    """Keep a message of ``sender`` for member ``reader`` of ``hub``, once under ``key``, until the air has room for it.

    ``of``: the listing of one of the two that it is about.

    Raises:
        WriteBusy, DataDirectoryError: it could not be written.
    """
    ident = codec.digest("tch.far_message", sender.to_bytes(8, "big") + key)[:16]
    said = " ".join(tidy("text", text).split())  # a line end costs a byte, and a short word needs none
    with store.write() as tx:
        known = tx.get(FarMessage, id=ident)
        if known is not None:
            same = (known.hub, known.other, known.text) == (hub, reader, said)
            return Sent(known.seq, True) if same else Refusal(Code.KEY_REUSED, {}, (Action.TRY_AGAIN,))
        if refusal := (
            refuse_to_write(tx, sender, hub, reader, at)
            or _refuse_words(said)
            or talks_about.refuse(tx, sender, hub, reader, of)
        ):
            return refusal
        _keep(tx, ident, hub, sender, reader, said, at, mine=True, entry=None, of=of)
        row = tx.get(FarMessage, id=ident)
        assert row is not None  # it was just put there
        return Sent(row.seq)


def _keep(
    tx: Tx,
    ident: bytes,
    hub: int,
    member: int,
    other: int,
    text: str,
    at: Instant,
    *,
    mine: bool,
    entry: int | None,
    of: Of | None = None,
) -> None:
    who = {"hub": hub, "member": member, "other": other, "mine": mine}
    seen = {"at_ms": at.ms, "quality": int(at.quality), "read": False, "gone": False}
    about = {} if of is None else {"about_hub": of.hub, "about": of.listing}
    tx.insert(FarMessage, id=ident, text=text, entry=entry, **who, **seen, **about)


def _refuse_words(text: str) -> Refusal | None:
    if not text:
        return Refusal(Code.TEXT_MISSING, {}, (Action.TRY_AGAIN,))
    if refusal := too_long(text, LONGEST):
        return refusal
    return too_long(text, letters_talk.fits(text))


def refuse_to_write(tx: Tx, sender: int, hub: int, reader: int, at: Instant) -> Refusal | None:
    """Why ``sender`` can write nothing to ``reader`` of ``hub`` now, whatever it is."""
    if refusal := powers.refuse_unless_active(tx, sender):
        return refusal
    until = complaints.quiet_until(tx, sender, at)
    if until is not None:
        return Refusal(Code.QUIETED, {"until_ms": until}, (Action.ASK_KEEPER,))
    if tx.get(Neighbour, hub=hub) is None:
        return Refusal(Code.UNKNOWN_HUB, {"hub": hub}, (Action.HOME,))
    if refusal := forks.refuse_forked(tx, hub):
        return refusal
    if not is_known(tx, sender, hub, reader):
        return Refusal(Code.UNKNOWN_ACCOUNT, {}, (Action.CHECK_NUMBER,))
    if marks.blocks(tx, sender, hub, reader):
        return Refusal(Code.YOU_BLOCKED, {}, (Action.SHOW,))
    sent = tx.first(_TODAY, sender, at.ms - DAY_MS)
    if sent is not None and sent[0] >= MOST_A_DAY:
        return Refusal(Code.TOO_MANY_MESSAGES, {"most": MOST_A_DAY}, (Action.WAIT,))
    return None


_TODAY: Final = "SELECT COUNT(*) FROM far_message WHERE member = ? AND at_ms > ? AND mine"


def is_known(tx: Tx, member: int, hub: int, other: int) -> bool:
    """Whether ``other`` of ``hub`` is somebody of whom this hub has heard: a word to nobody would cost airtime for nothing.

    Who lets us know the name, has an offer or want, has written to ``member``, or has traded with somebody here.
    """
    told = tx.get(FarPerson, hub=hub, number=other)
    if told is not None and told.name:
        return True
    if any(row.open for row in tx.found(FarListing, "hub = ? AND owner = ?", hub, other)):
        return True
    return tx.first(_MET, hub, other, member, hub, other) is not None


_MET: Final = """
SELECT 1 FROM far_message WHERE hub = ? AND other = ? AND member = ? AND NOT mine
UNION ALL SELECT 1 FROM crossing WHERE hub = ? AND far = ? LIMIT 1
"""


def keep_read(store: Store, reader: int, hub: int, other: int, upto: int) -> None:
    """``reader`` has read what ``other`` of ``hub`` wrote, up to message ``upto``.

    Raises:
        WriteBusy, DataDirectoryError: it could not be written.
    """
    with store.write() as tx:
        for (seq,) in tx.select(_UNREAD_OF, reader, hub, other, upto):
            tx.update(FarMessage, {"seq": seq}, read=True)


_UNREAD_OF: Final = "SELECT seq FROM far_message WHERE member = ? AND read = 0 AND NOT mine AND hub = ? AND other = ? AND seq <= ?"


def take_back(store: Store, member: int, seq: int) -> bool:
    """Erase an own message here, and have it erased there; False when it is not the member's, or not there.

    Raises:
        WriteBusy, DataDirectoryError: it could not be written.
    """
    with store.write() as tx:
        row = tx.get(FarMessage, seq=seq)
        if row is None or row.member != member or not row.mine or row.gone:
            return False
        if row.entry is None:
            tx.delete(FarMessage, FarMessage.seq == seq)
        else:
            tx.update(FarMessage, {"seq": seq}, text="", gone=True, about_hub=None, about=None)
        wiping.due(tx)
    return True


def drop_old(store: Store, at: Instant) -> int:
    """Erase messages of more than a year ago; how many. The caller vouches for the time.

    Raises:
        WriteBusy, DataDirectoryError: it could not be written.
    """
    with store.read() as tx:
        if tx.first("SELECT 1 FROM far_message WHERE at_ms < ? LIMIT 1", at.ms - KEPT_MS) is None:
            return 0
    with store.write() as tx:
        gone = tx.delete(FarMessage, FarMessage.at_ms < at.ms - KEPT_MS)
        wiping.due(tx)
    return gone


# ---------------------------------------------------------------------------------------- leaving


def to_carry(tx: Tx, at: Instant, most: int) -> tuple[CarryMessage, ...]:
    """Messages that wait and that there is a budget for, the oldest first."""
    left = min(most, MOST_OF_HUB - _said_today(tx, at))
    rows = tx.select(_WAITING, at.ms - UNSENT_MS, max(0, left)) if left > 0 else ()
    return tuple(CarryMessage(int(hub), bytes(ident), bool(about)) for hub, ident, about in rows)


_WAITING: Final = """
SELECT hub, id, about IS NOT NULL FROM far_message WHERE mine AND entry IS NULL AND NOT gone AND at_ms >= ?
AND hub IN (SELECT hub FROM neighbour) ORDER BY seq LIMIT ?
"""


def to_unsay(tx: Tx, most: int) -> tuple[UnsayMessage, ...]:
    """Messages that were taken back after they went out."""
    rows = tx.select("SELECT entry FROM far_message WHERE mine AND gone ORDER BY seq LIMIT ?", most)
    return tuple(UnsayMessage(int(entry)) for (entry,) in rows)


def key_of(command: CarryMessage | UnsayMessage) -> bytes:
    """So that two processes do it once."""
    what = command.message if isinstance(command, CarryMessage) else command.entry.to_bytes(8, "big")
    return codec.digest(f"tch.{command.KIND}"[:16], what)[:16]


def _said_today(tx: Tx, at: Instant) -> int:
    ((count,),) = tx.select("SELECT COUNT(*) FROM message_said WHERE at_ms > ?", at.ms - DAY_MS)
    return int(count)


def _refuse_carrying(tx: Tx, hub: int, at: Instant) -> Refusal | None:
    if tx.get(Neighbour, hub=hub) is None:
        return Refusal(Code.UNKNOWN_HUB, {"hub": hub}, ())
    if _said_today(tx, at) >= MOST_OF_HUB:
        return Refusal(Code.TOO_MANY_MESSAGES, {"most": MOST_OF_HUB}, ())
    return forks.refuse_forked(tx, hub)


def _decide_carry(tx: Tx, command: CarryMessage, asking: Asking) -> codec.Body | Refusal:
    row = tx.get(FarMessage, id=command.message)
    if row is None or not row.mine or row.gone or row.entry is not None or row.hub != command.hub:
        return Refusal(Code.NOT_PENDING, {}, ())
    if command.about != (row.about is not None):
        return Refusal(Code.NOT_PENDING, {}, ())
    return _refuse_carrying(tx, command.hub, asking.at) or {}


def _may_carry(tx: Tx, entry: Entry) -> bool:
    return _refuse_carrying(tx, entry.act.payload["hub"], entry.act.at) is None


def _apply_carry(tx: Tx, entry: Entry) -> None:
    hub = entry.act.payload["hub"]
    number = feed.emit(tx, entry, Kind.MESSAGE, hub, letters_talk.empty(entry.number))
    # The words are looked up by this when the frame is packed (``leaving``), in whichever life of the hub that is.
    tx.update(Outgoing, {"number": number}, text_entry=entry.number, text_field=FIELD)
    if entry.act.payload.get("about"):  # not in version 1
        number = feed.emit(tx, entry, Kind.ABOUT, hub, letters_talk.empty(entry.number))
        tx.update(Outgoing, {"number": number}, text_entry=entry.number, text_field=talks_about.FIELD)
    tx.insert(MessageSaid, entry=entry.number, hub=hub, at_ms=entry.act.at.ms, state=SAID)


FIELD: Final = "far_message"
"""In ``outgoing.text_field``: the words stand in the table of that name."""


def _attach_carry(tx: Tx, entry: Entry, command: CarryMessage) -> None:
    tx.update(FarMessage, {"id": command.message}, entry=entry.number)


def _refuse_unsaying(tx: Tx, entry: int) -> Refusal | None:
    row = tx.get(MessageSaid, entry=entry)
    return None if row is not None and row.state == SAID else Refusal(Code.NOT_PENDING, {}, ())


def _decide_unsay(tx: Tx, command: UnsayMessage, asking: Asking) -> codec.Body | Refusal:
    return _refuse_unsaying(tx, command.entry) or {}


def _may_unsay(tx: Tx, entry: Entry) -> bool:
    return _refuse_unsaying(tx, entry.act.payload["entry"]) is None


def _apply_unsay(tx: Tx, entry: Entry) -> None:
    said = entry.act.payload["entry"]
    row = tx.get(MessageSaid, entry=said)
    assert row is not None  # the warrant has asked
    tx.update(MessageSaid, {"entry": said}, state=UNSAID)
    feed.emit(tx, entry, Kind.UNMESSAGE, row.hub, letters_talk.unmessage(said))


def _attach_unsay(tx: Tx, entry: Entry, command: UnsayMessage) -> None:
    tx.delete(FarMessage, FarMessage.mine & (FarMessage.entry == command.entry))


def words_of(tx: Tx, said: int) -> bytes:
    """The sealed part's plain text of the message that entry ``said`` put on the feed."""
    rows = tx.found(FarMessage, "mine AND entry = ? AND NOT gone", said)
    if not rows:
        return letters_talk.empty(said)
    row = rows[0]
    return letters_talk.message(letters_talk.Said(said, row.member, row.other, row.text))


# ---------------------------------------------------------------------------------------- arriving


def take_in(tx: Tx, record: Record, plain: bytes, at: Instant) -> None:
    """Keep a message that has come for somebody here, or erase one that was taken back. It moves nothing.

    For who is not here any more, or has blocked the writer, nothing is kept; nobody is told.

    Raises:
        BadEncoding: it is not what its kind holds.
    """
    if record.kind == Kind.UNMESSAGE:
        _erase(tx, record.hub, letters_talk.read_unmessage(plain))
        return
    if record.kind == Kind.ABOUT:
        talks_about.take_in(tx, record, plain)
        return
    said = letters_talk.read_message(plain)
    text = "" if said is None else " ".join(tidy("text", said.text).split())[: 2 * LONGEST]
    if said is None or not text:
        return
    ident = codec.digest("tch.far_message", b"%d %d" % (record.hub, said.number))[:16]
    if tx.get(FarMessage, id=ident) is not None:
        return
    if not marks.exists(tx, marks.OWN, said.reader) or marks.blocks(tx, said.reader, record.hub, said.writer):
        return
    ((count,),) = tx.select(_CAME, record.hub, at.ms - DAY_MS)
    if count < MOST_FROM_HUB:
        _keep(tx, ident, record.hub, said.reader, said.writer, text, at, mine=False, entry=said.number)


_CAME: Final = "SELECT COUNT(*) FROM far_message WHERE hub = ? AND NOT mine AND at_ms > ?"


def _erase(tx: Tx, hub: int, number: int) -> None:
    one = (FarMessage.hub == hub) & (FarMessage.entry == number)
    if tx.delete(FarMessage, one & ~FarMessage.mine):
        wiping.due(tx)


HANDLERS = (
    Handler(
        CarryMessage,
        _decide_carry,
        _apply_carry,
        _may_carry,
        {"hub": HUB, "about": shape.yes_or_no},
        ("hub",),
        _attach_carry,
    ),
    Handler(
        UnsayMessage,
        _decide_unsay,
        _apply_unsay,
        _may_unsay,
        {"entry": shape.MEMBER},
        ("hub",),
        _attach_unsay,
    ),
)

OLD: Final = {
    ("carry_message", 1): Handler(
        CarryMessage, _decide_carry, _apply_carry, _may_carry, {"hub": HUB}, ("hub",)
    )
}
"""How earlier versions are folded."""
