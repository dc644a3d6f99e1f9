"""Erasing: a member's personal text goes, and the book stays whole.

::

    (nothing) --ask_erase (by the member)--> asked --erase (by a keeper)--> waiting
    (nothing) --erase (by a keeper, at the word of somebody who can no longer sign in)--> waiting
    asked, waiting --keep_texts (taken back)--> kept
    waiting --erase_now (by rule, after a week, once nothing is under way)--> done

A text belongs to who wrote it: a payment's note goes with the member who wrote it, on both
statements; what others wrote about their own payments stays. Of somebody who has left, *all* goes:
the name, notes, offers and wants, reasons, care texts, and what keepers wrote about the person.
What a keeper wrote in office about others stays: they rely on it. A member who stays can have a
single text erased that nobody waits for: the note of a payment that is done and not contested, an
offer or want that is closed, care that was withdrawn. Amounts, numbers, days and kinds stay: the
balances of others follow from them.

Which entries lose their text is decided when it becomes final, and stands in that entry. The week
counts by a time that somebody vouches for (``money.dues``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import chain, shape, wiping
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.schema import Listing, Member, Transfer
from appliance.ledger.book.schema_erased import Erased, Erasure
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless
from appliance.ledger.care import claims
from appliance.ledger.clock import Instant
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.market import listings
from appliance.ledger.money import accounts, dues, transfers
from appliance.ledger.people import leaving, members, powers
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


def is_erased(tx: Tx, entry: int | None) -> bool:
    """Whether the personal text of this entry was erased."""
    return entry is not None and tx.get(Erased, entry=entry) is not None


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
    return refuse_single(tx, row.member, row.entry) is not None


# ---------------------------------------------------------------------------------------- whose text it is


def refuse_single(tx: Tx, member: int | None, entry: int) -> Refusal | None:
    """Why ``member`` cannot have the text of this one entry erased."""
    found = chain.by_number(tx, entry)
    if found is None or found.actor != member or found.act.private_digest is None or is_erased(tx, entry):
        return Refusal(Code.NOT_YOURS, {}, (Action.HOME,))
    ended = _ended(tx, entry)
    if ended is None:
        return Refusal(Code.WRONG_STATUS, {}, (Action.ASK_KEEPER,))
    return None if ended else Refusal(Code.UNDER_WAY, {}, (Action.WAIT, Action.ASK_KEEPER))


def _ended(tx: Tx, entry: int) -> bool | None:
    """Whether what this text is about is ended; None when others rely on the text itself."""
    found = tx.first("SELECT id, state FROM transfer WHERE text_entry = ? AND opened_entry = ?", entry, entry)
    if found is not None:
        contested = tx.first("SELECT 1 FROM dispute WHERE transfer = ? AND state = 'open'", bytes(found[0]))
        return found[1] not in _UNENDED and contested is None
    listing = tx.first("SELECT state FROM listing WHERE text_entry = ?", entry)
    if listing is not None:
        return bool(listing[0] == listings.CLOSED)
    claim = tx.first("SELECT state FROM claim WHERE text_entry = ?", entry)
    if claim is not None and claim[0] in (claims.WITHDRAWN, claims.OPEN):
        return bool(claim[0] == claims.WITHDRAWN)
    return None


_UNENDED: Final = (transfers.PENDING, transfers.ON_WAY, transfers.HELD)


def theirs(tx: Tx, member: int) -> list[int]:
    """The entries whose personal text goes when all of this member's goes, in order."""
    found = {entry for (entry,) in tx.select(_NAMED, *(member,) * 5)}
    for entry in chain.acts_of(tx, f"member:{member}"):
        if entry.act.private_digest is not None and (entry.act.kind in _OWN or _about(tx, entry, member)):
            found.add(entry.number)
    own = {member, *_accounts(tx, member)}
    for entry in chain.acts_of_kinds(tx, tuple(_OF_KEEPERS)):
        if entry.act.payload.get(_OF_KEEPERS[entry.act.kind]) in own:
            found.add(entry.number)
    return sorted(entry for entry in found if not is_erased(tx, entry) and _has_text(tx, entry))


# Names, offers and wants that a file brought, and notes on paper or in files of what the member paid: keepers
# wrote these down, and they are the member's all the same.
_NAMED: Final = """
SELECT name_entry FROM member WHERE number = ?
UNION SELECT further.name_entry FROM further JOIN account ON account.number = further.account WHERE account.owner = ?
UNION SELECT text_entry FROM listing WHERE owner = ?
UNION SELECT slip.entry FROM slip JOIN account ON account.number = slip.payer WHERE account.owner = ?
UNION SELECT transfer.text_entry FROM transfer JOIN account ON account.number = transfer.payer
  WHERE account.owner = ? AND transfer.kind = 'imported' AND transfer.text_entry IS NOT NULL
"""

_OWN: Final = frozenset(
    {
        *("join", "pay", "send", "request", "pay_split", "ask_split", "ask_back", "dispute"),
        *("open_listing", "claim_care", "move"),
    }
)
"""What members write as themselves, whatever their office."""

_OF_KEEPERS: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        (
            "approve",
            "turn_away",
            "away",
            "back",
            "freeze",
            "unfreeze",
            "reopen",
            "close_member",
            "move",
            "stay",
        ),
        "member",
    ),
    **dict.fromkeys(("dispute_for", "replace_key"), "member"),
    **dict.fromkeys(("set_limits", "move_group", "close_account", "end_grant", "write_grant"), "account"),
    "open_account": "owner",
}
"""What keepers write about one member, by the field that names the member or an account."""


def _accounts(tx: Tx, member: int) -> list[int]:
    return [number for (number,) in tx.select("SELECT number FROM account WHERE owner = ?", member)]


def _about(tx: Tx, entry: Entry, member: int) -> bool:
    """Whether an act is about the member's own: an act of office about others is not."""
    p = entry.act.payload
    if p.get("member") == member or p.get("account") in _accounts(tx, member):
        return True
    if "listing" in p:
        listing = tx.get(Listing, id=p["listing"])
        return listing is not None and listing.owner == member
    transfer = tx.get(Transfer, id=p["transfer"]) if "transfer" in p else None
    sides = () if transfer is None else (transfer.payer, transfer.payee)
    return any(number in sides for number in _accounts(tx, member))


def _has_text(tx: Tx, entry: int) -> bool:
    return tx.first("SELECT 1 FROM private_salt WHERE entry = ?", entry) is not None


# ------------------------------------------------------------------------------------------------ deciding


def _decide_ask(tx: Tx, command: AskErase, asking: Asking) -> codec.Body | Refusal:
    if refusal := powers.refuse_unless_active(tx, asking.actor):
        return refusal
    if command.member != asking.actor:
        return Refusal(Code.NOT_YOURS, {}, (Action.HOME,))
    if command.entry != ALL and (refusal := refuse_single(tx, asking.actor, command.entry)):
        return refusal
    if open_one(tx, command.member, command.entry):
        return Refusal(Code.ALREADY_ASKED, {}, (Action.HOME,))
    return {}


def _may_ask(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    own = p["member"] == entry.actor and powers.active(tx, entry.actor)
    return own and open_one(tx, p["member"], p["entry"]) is None and not is_erased(tx, p["entry"])


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
    if asked is None and members.key_in_force(tx, member.number) is not None:
        return Refusal(Code.NOT_YOURS, {}, (Action.SHOW,))  # who can sign in asks for it
    return None if asked is not None else refuse_single(tx, member.number, entry)


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
    return {"entries": theirs(tx, row.member) if row.entry == ALL else [row.entry]}


def _may_now(tx: Tx, entry: Entry) -> bool:
    row = _waiting(tx, entry.act.payload, WAITING)
    named = entry.outcome.get("entries")
    if row is None or not shape.members(named):
        return False
    if any(number >= entry.number or is_erased(tx, number) for number in named or ()):
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
