"""The sheet at home: a secret on paper with which somebody who forgot the PIN chooses a new one.

::

    (nothing) --ask_reentry (with the sheet)--> asked --allow_reentry (by a keeper)--> allowed
                      asked (after a day's wait), allowed --reenter (with the sheet, a new PIN)--> done
                      asked, allowed --stop_reentry (by the member or a keeper)--> stopped

The sheet opens the member's own key, which stays the same: what it signed stands, and no keeper
learns or chooses a PIN. A sheet may be stolen, so it alone is not enough: a keeper must see the
person, or a day must pass, in which whoever still has the PIN reads of it and stops it. The day
counts only by a clock that somebody vouches for (``money.dues``). A new sheet makes the old one
worthless, and so does a new key.
"""

import base64
from dataclasses import dataclass
from typing import ClassVar, Final

from appliance.ledger import codec, keys
from appliance.ledger.book import chain, shape
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.private import SealedSheet
from appliance.ledger.book.schema import Member
from appliance.ledger.book.schema_sheets import Reentry, Sheet
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless
from appliance.ledger.clock import Instant
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.keys import SealedKey
from appliance.ledger.money import accounts, dues
from appliance.ledger.people import members, powers
from appliance.ledger.values import AccountNumber, RecordId

ASKED: Final = "asked"
ALLOWED: Final = "allowed"
STOPPED: Final = "stopped"
DONE: Final = "done"
OPEN: Final = (ASKED, ALLOWED)

DAY_MS: Final = 86_400_000

_SLIPS: Final = str.maketrans({"0": "O", "1": "I", "8": "B", "-": None, " ": None})
"""What people read into the letters of RFC 4648's base 32, which has no 0, 1, 8 and 9."""
_CHECK: Final = 4  # letters: one slip in a million is not seen
_GROUP: Final = 4


def letters_of(secret: bytes) -> str:
    """A sheet's secret as printed: 24 letters and digits, and 4 that check them."""
    plain = base64.b32encode(secret).decode("ascii")
    return plain + _check(plain)


def _check(plain: str) -> str:
    digest = codec.digest("tch.sheet.check", plain.encode("ascii"))
    return base64.b32encode(digest[:5]).decode("ascii")[:_CHECK]


def show_letters(letters: str) -> str:
    """In groups of four, as they are read aloud and typed."""
    return " ".join(letters[i : i + _GROUP] for i in range(0, len(letters), _GROUP))


def parse_letters(text: str) -> bytes | None:
    """The secret that somebody typed; None when a letter is wrong or missing. Case, spaces and hyphens do not matter."""
    letters = text.strip().upper().translate(_SLIPS)
    plain, check = letters[:-_CHECK], letters[-_CHECK:]
    try:
        secret = base64.b32decode(plain)
    except ValueError:
        return None
    return secret if len(secret) == keys.SHEET_BYTES and _check(plain) == check else None


@dataclass(frozen=True, slots=True)
class MakeSheet(Wordless):
    """A member gets a sheet; the one before opens nothing any more. ``box`` is never in the book."""

    KIND: ClassVar[str] = "make_sheet"
    VERSION: ClassVar[int] = 1

    key: bytes
    box: bytes

    def payload(self) -> codec.Body:
        return {"key": self.key}


@dataclass(frozen=True, slots=True)
class AskReentry(Wordless):
    """Somebody has the sheet of a member, and asks to choose a new PIN with it."""

    KIND: ClassVar[str] = "ask_reentry"
    VERSION: ClassVar[int] = 1

    key: bytes

    def payload(self) -> codec.Body:
        return {"key": self.key}


@dataclass(frozen=True, slots=True)
class _About(Wordless):
    """What answers somebody's wish names it and the member, so that the log can say whose it is."""

    reentry: RecordId
    member: AccountNumber

    def payload(self) -> codec.Body:
        return {"reentry": self.reentry, "member": self.member}


@dataclass(frozen=True, slots=True)
class AllowReentry(_About):
    """A keeper has the person in front of them: it need not wait for a day."""

    KIND: ClassVar[str] = "allow_reentry"
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class StopReentry(_About):
    """It was not the member: whoever has the PIN, or a keeper, stops it. The sheet is worthless from then on."""

    KIND: ClassVar[str] = "stop_reentry"
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class Reenter(Wordless):
    """The member's key is sealed under a new PIN, opened by the sheet."""

    KIND: ClassVar[str] = "reenter"
    VERSION: ClassVar[int] = 1

    reentry: RecordId
    sealed: SealedKey

    def payload(self) -> codec.Body:
        return {"reentry": self.reentry, "key": self.sealed.public}


@dataclass(frozen=True, slots=True)
class Waiting:
    """What was asked for with a sheet. ``until_ms``: when it needs no keeper any more; None: nobody knows yet."""

    id: RecordId
    member: AccountNumber
    allowed: bool
    asked: Instant
    until_ms: int | None


def waiting(tx: Tx, member: int) -> Reentry | None:
    """What was asked for with a member's sheet, and is not over."""
    rows = tx.found(Reentry, "member = ? AND state IN ('asked', 'allowed')", member)
    return rows[0] if rows else None


def ready(tx: Tx, row: Reentry, at: Instant) -> bool:
    """Whether a new PIN can be chosen: a keeper has allowed it, or a day has passed."""
    return row.state == ALLOWED or dues.over(tx, row.asked_entry, row.until_ms, at)


def opens(tx: Tx, member: int) -> bool:
    """Whether the member's newest sheet opens the key that is in force."""
    sheet, key = tx.get(Sheet, member=member), members.key_in_force(tx, member)
    return sheet is not None and key is not None and bytes(sheet.key) == bytes(key.public)


def _present(tx: Tx, member: int | None) -> bool:
    """Whether somebody is a member here, let in or not yet, who has not left."""
    row = tx.get(Member, number=member)
    return row is not None and row.status != powers.CLOSED


def _decide_make(tx: Tx, command: MakeSheet, asking: Asking) -> codec.Body | Refusal:
    key = members.key_in_force(tx, asking.actor or 0)
    if key is None or bytes(key.public) != command.key or not _present(tx, asking.actor):
        return Refusal(Code.NOT_YOURS, {}, (Action.HOME,))
    return {}


def _may_make(tx: Tx, entry: Entry) -> bool:
    key = members.key_in_force(tx, entry.actor or 0)
    return key is not None and bytes(key.public) == entry.act.payload["key"] and _present(tx, entry.actor)


def _apply_make(tx: Tx, entry: Entry) -> None:
    tx.put(Sheet, member=entry.actor, key=entry.act.payload["key"], entry=entry.number)
    # Whoever asked with the sheet before has nothing any more to go on with.
    for row in tx.found(Reentry, "member = ? AND state IN ('asked', 'allowed')", entry.actor):
        tx.update(Reentry, {"id": row.id}, state=STOPPED, closed_entry=entry.number)


def _attach_make(tx: Tx, entry: Entry, command: MakeSheet) -> None:
    tx.put(SealedSheet, member=entry.actor or 0, public=command.key, box=command.box)


def _decide_ask(tx: Tx, command: AskReentry, asking: Asking) -> codec.Body | Refusal:
    member = asking.actor or 0
    if not opens(tx, member) or not _present(tx, member):
        return Refusal(Code.SHEET_WRONG, {}, (Action.TRY_AGAIN, Action.ASK_KEEPER))
    if waiting(tx, member) is not None:
        return Refusal(Code.ALREADY_ASKED, {}, (Action.WAIT, Action.ASK_KEEPER))
    return {"until_ms": asking.at.ms + DAY_MS}


def _may_ask(tx: Tx, entry: Entry) -> bool:
    member = entry.actor or 0
    day = entry.outcome.get("until_ms") == entry.act.at.ms + DAY_MS
    return day and _present(tx, member) and opens(tx, member) and waiting(tx, member) is None


def _apply_ask(tx: Tx, entry: Entry) -> None:
    tx.insert(
        Reentry,
        id=entry.record,
        member=entry.actor,
        state=ASKED,
        until_ms=entry.outcome["until_ms"],
        asked_entry=entry.number,
        keeper=None,
        closed_entry=None,
    )


def _unanswered(
    tx: Tx, record: bytes, states: tuple[str, ...], member: int | None = None
) -> Reentry | Refusal:
    """What was asked for under this id, when it is in one of ``states`` and about ``member``, if one is named."""
    row = tx.get(Reentry, id=record)
    if row is None or row.state not in states or member not in (None, row.member):
        return Refusal(Code.NO_REENTRY, {}, (Action.HOME,))
    return row


def _decide_allow(tx: Tx, command: AllowReentry, asking: Asking) -> codec.Body | Refusal:
    if refusal := powers.refuse_unless_keeper(tx, asking.actor):
        return refusal
    row = _unanswered(tx, command.reentry, (ASKED,), command.member)
    if isinstance(row, Refusal):
        return row
    if accounts.has_part(tx, row.member, asking.actor):
        return Refusal(Code.PARTY, {}, (Action.ASK_KEEPER,))
    return {}


def _may_allow(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    row = _unanswered(tx, p["reentry"], (ASKED,), p["member"])
    apart = not isinstance(row, Refusal) and not accounts.has_part(tx, row.member, entry.actor)
    return apart and powers.refuse_unless_keeper(tx, entry.actor) is None


def _apply_allow(tx: Tx, entry: Entry) -> None:
    tx.update(Reentry, {"id": entry.act.payload["reentry"]}, state=ALLOWED, keeper=entry.actor)


def _decide_stop(tx: Tx, command: StopReentry, asking: Asking) -> codec.Body | Refusal:
    row = _unanswered(tx, command.reentry, OPEN, command.member)
    if isinstance(row, Refusal):
        return row
    if row.member != asking.actor and powers.refuse_unless_keeper(tx, asking.actor):
        return Refusal(Code.NOT_YOURS, {}, (Action.HOME,))
    return {}


def _may_stop(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    row = _unanswered(tx, p["reentry"], OPEN, p["member"])
    if isinstance(row, Refusal):
        return False
    return row.member == entry.actor or powers.refuse_unless_keeper(tx, entry.actor) is None


def _apply_stop(tx: Tx, entry: Entry) -> None:
    row = tx.get(Reentry, id=entry.act.payload["reentry"])
    assert row is not None  # the warrant has looked at it
    tx.update(Reentry, {"id": row.id}, state=STOPPED, closed_entry=entry.number)
    tx.delete(Sheet, Sheet.member == row.member)


def _attach_stop(tx: Tx, _entry: Entry, command: StopReentry) -> None:
    row = tx.get(Reentry, id=command.reentry)
    if row is not None:
        tx.delete(SealedSheet, SealedSheet.member == row.member)


def _decide_reenter(tx: Tx, command: Reenter, asking: Asking) -> codec.Body | Refusal:
    row = _unanswered(tx, command.reentry, OPEN)
    if isinstance(row, Refusal):
        return row
    key = members.key_in_force(tx, asking.actor or 0)
    if row.member != asking.actor or key is None or bytes(key.public) != command.sealed.public:
        return Refusal(Code.NOT_YOURS, {}, (Action.HOME,))
    if not opens(tx, row.member) or not _present(tx, row.member):
        return Refusal(Code.SHEET_WRONG, {}, (Action.ASK_KEEPER,))
    if not ready(tx, row, asking.at):
        return Refusal(Code.REENTRY_WAITS, {}, (Action.WAIT, Action.ASK_KEEPER))
    return {}


def _may_reenter(tx: Tx, entry: Entry) -> bool:
    p, member = entry.act.payload, entry.actor or 0
    row, key = _unanswered(tx, p["reentry"], OPEN), members.key_in_force(tx, member)
    if isinstance(row, Refusal) or row.member != member or key is None or bytes(key.public) != p["key"]:
        return False
    return opens(tx, member) and _present(tx, member) and ready(tx, row, entry.act.at)


def _apply_reenter(tx: Tx, entry: Entry) -> None:
    tx.update(Reentry, {"id": entry.act.payload["reentry"]}, state=DONE, closed_entry=entry.number)


def _attach_reenter(tx: Tx, entry: Entry, command: Reenter) -> None:
    members.keep_sealed(tx, entry.actor or 0, command.sealed)


def sealed(tx: Tx, member: int) -> tuple[bytes, bytes] | None:
    """Public key and sealed seed of a member's sheet, when it opens the key in force."""
    row = tx.get(SealedSheet, member=member)
    if row is None or not opens(tx, member):
        return None
    return bytes(row.public), bytes(row.box)


def to_allow(tx: Tx) -> tuple[Waiting, ...]:
    """What waits for a keeper, oldest first."""
    rows = tx.found(Reentry, "state = 'asked' ORDER BY asked_entry")
    return tuple(_shown(tx, row) for row in rows)


def waiting_for(tx: Tx, member: int) -> Waiting | None:
    """``waiting``, as pages show it."""
    row = waiting(tx, member)
    return None if row is None else _shown(tx, row)


def _shown(tx: Tx, row: Reentry) -> Waiting:
    entry = chain.by_number(tx, row.asked_entry)
    assert entry is not None  # a row is folded from its entry
    until = dues.ends(tx, row.asked_entry, row.until_ms)
    return Waiting(
        RecordId(bytes(row.id)), AccountNumber(row.member), row.state == ALLOWED, entry.act.at, until
    )


def made_at(tx: Tx, member: int) -> Instant | None:
    """When the sheet was made that opens the member's key; None without one."""
    row = tx.get(Sheet, member=member) if opens(tx, member) else None
    entry = None if row is None else chain.by_number(tx, row.entry)
    return None if entry is None else entry.act.at


_KEY: Final = {"key": shape.PUBLIC_KEY}
_OF: Final = {"reentry": shape.RECORD}
_ABOUT: Final = _OF | {"member": shape.MEMBER}

HANDLERS = (
    Handler(MakeSheet, _decide_make, _apply_make, _may_make, _KEY, attach=_attach_make),
    Handler(AskReentry, _decide_ask, _apply_ask, _may_ask, _KEY),
    Handler(AllowReentry, _decide_allow, _apply_allow, _may_allow, _ABOUT),
    Handler(StopReentry, _decide_stop, _apply_stop, _may_stop, _ABOUT, attach=_attach_stop),
    Handler(Reenter, _decide_reenter, _apply_reenter, _may_reenter, _OF | _KEY, attach=_attach_reenter),
)
