"""Telling the keepers of a message or a listing, and what they do about it.

::

    (nothing) --tell (by whom it troubles)--> waiting --answer_complaint (by a keeper)--> answered

The complaint itself is private, beside the book; keepers see it and the words that it is about, and nothing
else of anybody's messages. The answer is a keeper's act, in the book with its reason: *nothing* to be done,
a *word* to the member, no messages for some days (*quiet*), or *let*: messages may be sent again. Who
complained does not stand in it.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import shape
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.feed import FarListing
from appliance.ledger.book.private import PrivateText
from appliance.ledger.book.schema import Listing, Member
from appliance.ledger.book.schema_talk import Complaint, FarMessage, KeeperWord, Message
from appliance.ledger.book.store import Store, Tx
from appliance.ledger.book.subject import Asking, Handler
from appliance.ledger.clock import Instant
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.market.listings import HIDDEN
from appliance.ledger.money import accounts, dues
from appliance.ledger.people import powers
from appliance.ledger.people.life import refuse_reason
from appliance.ledger.people.words import LONGEST_LINE, tidy, too_long
from appliance.ledger.values import AccountNumber

NOTHING: Final = "nothing"
WORD: Final = "word"
QUIET: Final = "quiet"
LET: Final = "let"
MEASURES: Final = (NOTHING, WORD, QUIET, LET)

MOST_DAYS: Final = 30
"""For how long one act stops somebody's messages at most."""

DAY_MS: Final = 24 * 3_600_000

MOST_A_DAY: Final = 10
"""Complaints of one member within a day."""

MESSAGE: Final = "message"
LISTING: Final = "listing"


@dataclass(frozen=True, slots=True)
class AnswerComplaint:
    """A keeper answers a complaint, or what was said by word of mouth (``complaint`` None).

    ``member``: who is meant; 0 for somebody of another hub, of whom only *nothing* can be said here.
    ``days``: with *quiet*, for how many days; else 0.
    """

    KIND: ClassVar[str] = "answer_complaint"
    VERSION: ClassVar[int] = 1

    complaint: bytes | None
    member: AccountNumber
    measure: str
    days: int
    reason: str

    def payload(self) -> codec.Body:
        return {
            "complaint": self.complaint,
            "member": self.member,
            "measure": self.measure,
            "days": self.days,
        }

    def private(self) -> dict[str, str]:
        return {"reason": self.reason}


def tell(
    store: Store, ident: bytes, member: int, what: tuple[str, int, int], words: str, at: Instant
) -> Refusal | None:
    """Tell the keepers of ``what`` (kind, hub, item); once under ``ident``.

    Raises:
        WriteBusy, DataDirectoryError: it could not be written.
    """
    ident = codec.digest("tch.complaint", member.to_bytes(8, "big") + ident)[:16]
    kind, hub, item = what
    words = tidy("text", words)
    with store.write() as tx:
        if tx.get(Complaint, id=ident) is not None:
            return None
        if refusal := powers.refuse_unless_active(tx, member):
            return refusal
        found = about(tx, member, kind, hub, item)
        if isinstance(found, Refusal):
            return found
        if not words:
            return Refusal(Code.TEXT_MISSING, {}, (Action.TRY_AGAIN,))
        if refusal := too_long(words, LONGEST_LINE):
            return refusal
        ((count,),) = tx.select(_TODAY, member, at.ms - DAY_MS)
        if count >= MOST_A_DAY:
            return Refusal(Code.TOO_MANY_MESSAGES, {"most": MOST_A_DAY}, (Action.ASK_KEEPER,))
        said = {"hub": hub, "accused": found[0], "said": found[1], "kind": kind, "item": item}
        seen = {"at_ms": at.ms, "quality": int(at.quality)}
        tx.insert(Complaint, id=ident, member=member, words=words, closed_entry=None, **said, **seen)
    return None


_TODAY: Final = "SELECT COUNT(*) FROM complaint WHERE member = ? AND at_ms > ?"


def about(tx: Tx, member: int, kind: str, hub: int, item: int) -> tuple[int, str] | Refusal:
    """Who wrote the thing that ``member`` tells of, and its words; nobody tells of what others wrote to others."""
    if kind == MESSAGE and hub == 0:
        message = tx.get(Message, seq=item)
        if message is not None and message.receiver == member:
            return int(message.sender), str(message.text)
    if kind == MESSAGE and hub != 0:
        far_message = tx.get(FarMessage, seq=item)
        if far_message is not None and (far_message.hub, far_message.member, far_message.mine) == (
            hub,
            member,
            False,
        ):
            return int(far_message.other), str(far_message.text)
    if kind == LISTING and hub == 0:
        listing = tx.get(Listing, opened_entry=item)
        # What is hidden nobody else reads: keepers have seen to it already.
        if listing is not None and listing.owner != member and listing.state != HIDDEN:
            return int(listing.owner), _words_of(tx, listing.text_entry)
    if kind == LISTING and hub != 0:
        far = tx.get(FarListing, hub=hub, listing=item)
        if far is not None:
            return int(far.owner), str(far.title)
    return Refusal(Code.UNKNOWN_LISTING if kind == LISTING else Code.NOT_YOURS, {}, (Action.HOME,))


def _words_of(tx: Tx, entry: int) -> str:
    rows = (tx.get(PrivateText, entry=entry, field=field) for field in ("title", "text"))
    return "\n".join(row.text for row in rows if row is not None)


def quiet_until(tx: Tx, member: int, at: Instant) -> int | None:
    """Until when keepers have stopped this member's messages; None when they have not, or it is over."""
    row = _last(tx, member)
    if row is None or row.measure != QUIET or row.until_ms is None:
        return None
    return None if dues.over(tx, row.entry, row.until_ms, at) else int(row.until_ms)


def _last(tx: Tx, member: int) -> KeeperWord | None:
    found = tx.first(_LAST, member)
    return None if found is None else tx.get(KeeperWord, entry=found[0])


_LAST: Final = "SELECT MAX(entry) FROM keeper_word WHERE member = ? AND measure IN ('quiet', 'let')"


def _decide(tx: Tx, command: AnswerComplaint, asking: Asking) -> codec.Body | Refusal:
    if refusal := powers.refuse_unless_keeper(tx, asking.actor):
        return refusal
    if command.complaint is not None:
        row = tx.get(Complaint, id=command.complaint)
        if row is None or row.closed_entry is not None:
            return Refusal(Code.NOT_PENDING, {}, (Action.SHOW,))
        if accounts.has_part(tx, row.member, asking.actor):
            return Refusal(Code.PARTY, {}, (Action.ASK_KEEPER,))
        if command.member != (row.accused if row.hub == 0 else 0):
            return Refusal(Code.TERMS_CHANGED, {}, (Action.SHOW,))
    if refusal := refuse_reason(command.reason):
        return refusal
    if accounts.has_part(tx, command.member, asking.actor):
        return Refusal(Code.PARTY, {}, (Action.ASK_KEEPER,))
    return _refuse_measure(tx, command.payload()) or {}


def _refuse_measure(tx: Tx, p: codec.Body) -> Refusal | None:
    """The refusal of a measure that cannot be: nobody is meant, days that are none, nothing to let."""
    measure, days = p["measure"], p["days"]
    if p["member"] == 0:
        return (
            None
            if (measure, days) == (NOTHING, 0)
            else Refusal(Code.UNKNOWN_ACCOUNT, {}, (Action.TRY_AGAIN,))
        )
    member = tx.get(Member, number=p["member"])
    if member is None or member.status == powers.APPLIED:
        return Refusal(Code.UNKNOWN_ACCOUNT, {}, (Action.CHECK_NUMBER,))
    if measure not in MEASURES or not (1 <= days <= MOST_DAYS if measure == QUIET else days == 0):
        return Refusal(Code.SETTING_WRONG, {}, (Action.TRY_AGAIN,))
    last = _last(tx, p["member"])
    if measure == LET and (last is None or last.measure != QUIET):
        return Refusal(Code.WRONG_STATUS, {}, (Action.SHOW,))
    return None


def _may(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    if accounts.has_part(tx, p["member"], entry.actor):
        return False
    return powers.by_keeper(tx, entry) and _refuse_measure(tx, p) is None


def _apply(tx: Tx, entry: Entry) -> None:
    p, at = entry.act.payload, entry.act.at
    if p["measure"] == NOTHING:
        return
    until = at.ms + p["days"] * DAY_MS if p["measure"] == QUIET else None
    said = {"member": p["member"], "measure": p["measure"], "until_ms": until}
    tx.insert(KeeperWord, entry=entry.number, at_ms=at.ms, quality=int(at.quality), **said)


def _close(tx: Tx, entry: Entry, command: AnswerComplaint) -> None:
    if command.complaint is not None:
        tx.update(Complaint, {"id": command.complaint}, closed_entry=entry.number)


_SHAPE: Final = {
    "complaint": shape.or_none(shape.blob(16)),
    "member": shape.ACCOUNT,
    "measure": shape.one_of(*MEASURES),
    "days": shape.whole(0, MOST_DAYS),
}

HANDLERS = (Handler(AnswerComplaint, _decide, _apply, _may, _SHAPE, attach=_close),)
