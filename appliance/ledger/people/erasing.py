"""Erasing: a member's personal text goes, and the book stays whole.

::

    (nothing) --ask_erase (by the member)--> asked --erase (by a keeper)--> waiting
    (nothing) --erase (by a keeper: of somebody who has left; or of a single text)--> waiting
    asked, waiting --keep_texts (taken back)--> kept
    waiting --erase_now (by rule, after a week, once nothing is under way)--> done

Of somebody who has left, or was turned away, *all* goes; a single text when nobody waits for it
(``own_texts`` says whose it is, and when). A keeper can have a single text erased without being
asked, and says why: who wrote it reads that, and a no within the week ends it for good. Amounts,
numbers, days and kinds stay: the balances of others follow from them.

Which entries lose their text is decided when it becomes final, and stands in that entry. The week
counts by a time that somebody vouches for (``money.dues``).
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import chain, shape, wiping
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.schema import Member
from appliance.ledger.book.schema_erased import Erased, Erasure
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless
from appliance.ledger.clock import Instant
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.money import accounts, dues
from appliance.ledger.people import leaving, own_texts, powers
from appliance.ledger.people.life import refuse_reason
from appliance.ledger.values import AccountNumber, EntryNumber, RecordId

ASKED: Final = "asked"
WAITING: Final = "waiting"
KEPT: Final = "kept"
DONE: Final = "done"
OPEN: Final = (ASKED, WAITING)

ALL: Final = EntryNumber(0)
"""In place of an entry: everything that is theirs."""

WEEK_MS: Final = 7 * 24 * 3600 * 1000
"""How long an erasure can still be taken back."""

_AT_ONCE: Final = 10


@dataclass(frozen=True, slots=True)
class AskErase(Wordless):
    """A member asks that all the own texts be erased once the account is closed; or one text now."""

    KIND: ClassVar[str] = "ask_erase"
    VERSION: ClassVar[int] = 1

    member: AccountNumber
    entry: EntryNumber = ALL

    def payload(self) -> codec.Body:
        return {"member": self.member, "entry": self.entry}


@dataclass(frozen=True, slots=True)
class Erase:
    """A keeper has somebody's texts erased in a week, and says why: who asked, when and how."""

    KIND: ClassVar[str] = "erase"
    VERSION: ClassVar[int] = 1

    member: AccountNumber
    reason: str
    entry: EntryNumber = ALL

    def payload(self) -> codec.Body:
        return {"member": self.member, "entry": self.entry}

    def private(self) -> dict[str, str]:
        return {"reason": self.reason}


@dataclass(frozen=True, slots=True)
class KeepTexts:
    """An erasure is taken back: by the member, or by a keeper with a reason."""

    KIND: ClassVar[str] = "keep_texts"
    VERSION: ClassVar[int] = 1

    member: AccountNumber
    erasure: RecordId
    reason: str = ""

    def payload(self) -> codec.Body:
        return {"member": self.member, "erasure": self.erasure}

    def private(self) -> dict[str, str]:
        return {"reason": self.reason} if self.reason else {}


@dataclass(frozen=True, slots=True)
class EraseNow(Wordless):
    """By rule: the week is over, and the texts go."""

    KIND: ClassVar[str] = "erase_now"
    VERSION: ClassVar[int] = 1

    member: AccountNumber
    erasure: RecordId

    def payload(self) -> codec.Body:
        return {"member": self.member, "erasure": self.erasure}


def open_one(tx: Tx, member: int, entry: int = ALL) -> Erasure | None:
    """The erasure of this text (or of all) that was asked for or waits."""
    found = tx.first(_OPEN_ONE, member, entry)
    return None if found is None else tx.get(Erasure, id=bytes(found[0]))


_OPEN_ONE: Final = """
SELECT id FROM erasure WHERE member = ? AND entry = ? AND state IN ('asked', 'waiting')
"""


def wholly(tx: Tx, member: int) -> bool:
    """Whether all texts of this member have been erased."""
    return (
        tx.first("SELECT 1 FROM erasure WHERE member = ? AND entry = 0 AND state = 'done'", member)
        is not None
    )


def overdue(tx: Tx, at: Instant) -> tuple[EraseNow, ...]:
    """Erasures that are to become final by ``at``; those of people with something under way wait on."""
    waiting = ((RecordId(bytes(i)), begun, until) for i, begun, until in tx.select(_WAITING))
    due = dues.those_over(tx, waiting, at, _AT_ONCE)
    rows = [row for record in due if (row := tx.get(Erasure, id=record)) is not None]
    return tuple(
        EraseNow(AccountNumber(row.member), RecordId(bytes(row.id))) for row in rows if not _hindered(tx, row)
    )


_WAITING: Final = "SELECT id, begun_entry, until_ms FROM erasure WHERE state = 'waiting' ORDER BY begun_entry"


def _waiting(tx: Tx, fields: codec.Body, *states: str) -> Erasure | None:
    """The erasure that a payload names, when it is that member's and in one of ``states``."""
    row = tx.get(Erasure, id=fields["erasure"])
    return row if row is not None and row.state in states and row.member == fields["member"] else None


def _over(tx: Tx, row: Erasure, at: Instant) -> bool:
    begun, until_ms = row.begun_entry, row.until_ms
    return begun is not None and until_ms is not None and dues.over(tx, begun, until_ms, at)


def _hindered(tx: Tx, row: Erasure) -> bool:
    """Whether something needs the words still: a contested payment, a request without an answer."""
    if row.entry == ALL:
        member = tx.get(Member, number=row.member)
        return member is None or member.status != powers.CLOSED or leaving.under_way(tx, row.member)
    return own_texts.refuse_single(tx, row.member, row.entry) is not None


# ------------------------------------------------------------------------------------------------ deciding


def _decide_ask(tx: Tx, command: AskErase, asking: Asking) -> codec.Body | Refusal:
    if refusal := powers.refuse_unless_active(tx, asking.actor):
        return refusal
    if command.member != asking.actor:
        return Refusal(Code.NOT_YOURS, {}, (Action.HOME,))
    if command.entry != ALL and (refusal := own_texts.refuse_single(tx, asking.actor, command.entry)):
        return refusal
    if open_one(tx, command.member, command.entry):
        return Refusal(Code.ALREADY_ASKED, {}, (Action.HOME,))
    return {}


def _may_ask(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    own = p["member"] == entry.actor and powers.active(tx, entry.actor)
    return own and open_one(tx, p["member"], p["entry"]) is None and not own_texts.is_erased(tx, p["entry"])


def _apply_ask(tx: Tx, entry: Entry) -> None:
    p = entry.act.payload
    about = {"member": p["member"], "entry": p["entry"], "asked_entry": entry.number}
    tx.insert(Erasure, id=entry.record, state=ASKED, **about)


def _decide_erase(tx: Tx, command: Erase, asking: Asking) -> codec.Body | Refusal:
    if refusal := powers.refuse_unless_keeper(tx, asking.actor):
        return refusal
    member = tx.get(Member, number=command.member)
    if member is None:
        return Refusal(Code.UNKNOWN_ACCOUNT, {}, (Action.CHECK_NUMBER,))
    if accounts.has_part(tx, command.member, asking.actor):
        return Refusal(Code.PARTY, {}, (Action.ASK_KEEPER,))
    if refusal := refuse_reason(command.reason):
        return refusal
    return _refuse_begin(tx, member, command.entry) or {}


def _refuse_begin(tx: Tx, member: Member, entry: int) -> Refusal | None:
    asked = open_one(tx, member.number, entry)
    if asked is not None and asked.state == WAITING:
        return Refusal(Code.ALREADY_ASKED, {}, (Action.SHOW,))
    if entry == ALL:
        if member.status != powers.CLOSED or wholly(tx, member.number):
            return Refusal(Code.WRONG_STATUS, {}, (Action.SHOW,))
        return None
    if asked is not None:
        return None
    if said_no(tx, member.number, entry):
        return Refusal(Code.NOT_YOURS, {}, (Action.SHOW,))
    return own_texts.refuse_single(tx, member.number, entry)


def said_no(tx: Tx, member: int, entry: int) -> bool:
    """Whether who wrote this text has taken back what a keeper began unasked: then it stays."""
    closed = (number for (number,) in tx.select(_UNASKED_AND_KEPT, member, entry))
    return any((act := chain.by_number(tx, number)) is not None and act.actor == member for number in closed)


_UNASKED_AND_KEPT: Final = """
SELECT closed_entry FROM erasure WHERE member = ? AND entry = ? AND state = 'kept' AND asked_entry IS NULL
"""


def _may_erase(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    member = tx.get(Member, number=p["member"])
    if member is None or accounts.has_part(tx, p["member"], entry.actor):
        return False
    return powers.by_keeper(tx, entry) and _refuse_begin(tx, member, p["entry"]) is None


def _apply_erase(tx: Tx, entry: Entry) -> None:
    p = entry.act.payload
    begun = {
        "state": WAITING,
        "keeper": entry.actor,
        "until_ms": entry.act.at.ms + WEEK_MS,
        "begun_entry": entry.number,
    }
    asked = open_one(tx, p["member"], p["entry"])
    if asked is not None:
        tx.update(Erasure, {"id": bytes(asked.id)}, **begun)
        return
    tx.insert(Erasure, id=entry.record, member=p["member"], entry=p["entry"], **begun)


def _decide_keep(tx: Tx, command: KeepTexts, asking: Asking) -> codec.Body | Refusal:
    row = _waiting(tx, command.payload(), *OPEN)
    if row is None:
        return Refusal(Code.NOT_PENDING, {}, (Action.SHOW,))
    if row.member == asking.actor:
        return {}
    if refusal := powers.refuse_unless_keeper(tx, asking.actor):
        return refusal
    if accounts.has_part(tx, row.member, asking.actor):
        return Refusal(Code.PARTY, {}, (Action.ASK_KEEPER,))
    return refuse_reason(command.reason) or {}


def _may_keep(tx: Tx, entry: Entry) -> bool:
    row = _waiting(tx, entry.act.payload, *OPEN)
    if row is None:
        return False
    own = row.member == entry.actor
    return own or (powers.by_keeper(tx, entry) and not accounts.has_part(tx, row.member, entry.actor))


def _apply_keep(tx: Tx, entry: Entry) -> None:
    tx.update(Erasure, {"id": entry.act.payload["erasure"]}, state=KEPT, closed_entry=entry.number)


def _decide_now(tx: Tx, command: EraseNow, asking: Asking) -> codec.Body | Refusal:
    row = _waiting(tx, command.payload(), WAITING)
    if row is None:
        return Refusal(Code.NOT_PENDING, {}, ())
    if not _over(tx, row, asking.at):
        return Refusal(Code.NOT_YET, {}, (Action.WAIT,))
    if _hindered(tx, row):
        return Refusal(Code.UNDER_WAY, {}, (Action.WAIT,))
    return {"entries": own_texts.theirs(tx, row.member) if row.entry == ALL else [row.entry]}


def _may_now(tx: Tx, entry: Entry) -> bool:
    row = _waiting(tx, entry.act.payload, WAITING)
    named = entry.outcome.get("entries")
    if row is None or not shape.members(named):
        return False
    if any(number >= entry.number or own_texts.is_erased(tx, number) for number in named or ()):
        return False
    if row.entry != ALL and named != [row.entry]:
        return False
    return _over(tx, row, entry.act.at) and not _hindered(tx, row)


def _apply_now(tx: Tx, entry: Entry) -> None:
    record = entry.act.payload["erasure"]
    for number in entry.outcome["entries"]:
        tx.insert(Erased, entry=number, erasure=record)
    tx.update(Erasure, {"id": record}, state=DONE, closed_entry=entry.number)


def _wipe(tx: Tx, entry: Entry, command: EraseNow) -> None:
    wiping.wipe(tx)


_WHAT: Final = {"member": shape.MEMBER, "entry": shape.ACCOUNT}
_WHICH: Final = {"member": shape.MEMBER, "erasure": shape.RECORD}

HANDLERS = (
    Handler(AskErase, _decide_ask, _apply_ask, _may_ask, _WHAT),
    Handler(Erase, _decide_erase, _apply_erase, _may_erase, _WHAT),
    Handler(KeepTexts, _decide_keep, _apply_keep, _may_keep, _WHICH),
    Handler(EraseNow, _decide_now, _apply_now, _may_now, _WHICH, ("hub",), attach=_wipe),
)
