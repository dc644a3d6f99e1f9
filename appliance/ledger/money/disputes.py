"""Disputes: somebody says that a transfer is wrong, and keepers have some days to end it.

::

    (nothing) --dispute (by a party)--> open --reverse (by payee or keeper)--> reversed
    (nothing) --dispute_for (by a keeper)--> open
                                        open --end_dispute (by a keeper, in writing)--> settled
                                        open --withdraw_dispute (by who opened it)--> withdrawn

The note and the outcome are read by the parties and the keepers. While it is open nothing is
blocked: the credit stays where it is. Past the deadline it is late, on the keepers' list and on
the parties' pages; silence decides nothing. One that was withdrawn may be opened again.

Who is frozen moves nothing, and can still say that a payment on an own account is wrong: perhaps
that is what the freezing was about.

For somebody who has no key, a keeper who is no party notes what that person says
(``dispute_for``): it is the person's dispute, and the book says who noted it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import rules
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.schema import Member, MemberKey, Transfer
from appliance.ledger.book.schema_credit import Dispute as DisputeRow
from appliance.ledger.book.schema_credit import Slip
from appliance.ledger.book.shape import MEMBER, RECORD
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.money import accounts
from appliance.ledger.money.reversals import acts_on, helped, party, sides, still_in
from appliance.ledger.money.transfers import ARRIVED, DONE, FINAL, ON_WAY
from appliance.ledger.people import powers
from appliance.ledger.people.words import LONGEST_TEXT, tidy, too_long
from appliance.ledger.values import AccountNumber, RecordId

OPEN: Final = "open"
REVERSED: Final = "reversed"
SETTLED: Final = "settled"
WITHDRAWN: Final = "withdrawn"

DEFAULT_DAYS: Final = 14
"""How long keepers have where the community's rules are older than this question."""

DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class Dispute:
    """Say that a transfer is wrong, and what is wrong with it."""

    KIND: ClassVar[str] = "dispute"
    VERSION: ClassVar[int] = 1

    transfer: RecordId
    note: str

    def payload(self) -> codec.Body:
        return {"transfer": self.transfer}

    def private(self) -> dict[str, str]:
        return {"text": self.note}


@dataclass(frozen=True, slots=True)
class DisputeFor:
    """A keeper who is no party notes what a member without a key says is wrong."""

    KIND: ClassVar[str] = "dispute_for"
    VERSION: ClassVar[int] = 1

    transfer: RecordId
    member: AccountNumber
    note: str

    def payload(self) -> codec.Body:
        return {"transfer": self.transfer, "member": self.member}

    def private(self) -> dict[str, str]:
        return {"text": self.note}


@dataclass(frozen=True, slots=True)
class WithdrawDispute(Wordless):
    """Who opened it says that all is well."""

    KIND: ClassVar[str] = "withdraw_dispute"
    VERSION: ClassVar[int] = 1

    transfer: RecordId

    def payload(self) -> codec.Body:
        return {"transfer": self.transfer}


@dataclass(frozen=True, slots=True)
class EndDispute:
    """A keeper who is no party writes down how it ended. The credit stays where it is."""

    KIND: ClassVar[str] = "end_dispute"
    VERSION: ClassVar[int] = 1

    transfer: RecordId
    outcome: str

    def payload(self) -> codec.Body:
        return {"transfer": self.transfer}

    def private(self) -> dict[str, str]:
        return {"text": self.outcome}


def can_be_disputed(transfer: Transfer) -> bool:
    """Whether credit moved by ``transfer`` in a way that still stands."""
    moved = transfer.state in (DONE, ON_WAY, ARRIVED)
    return moved and transfer.kind not in FINAL and transfer.reversed_by is None


def is_open(tx: Tx, transfer: bytes) -> bool:
    """Whether somebody contests the transfer now."""
    row = tx.get(DisputeRow, transfer=transfer)
    return row is not None and row.state == OPEN


def may_contest(tx: Tx, transfer: Transfer, member: int | None) -> bool:
    """Whether ``member`` may say that the transfer is wrong: who may act on a side of it, and a frozen owner."""
    return acts_on(tx, transfer, member) or _own_and_frozen(tx, still_in(tx, transfer), member)


def _own_and_frozen(tx: Tx, numbers: Iterable[int], member: int | None) -> bool:
    who = tx.get(Member, number=member)
    if who is None or who.status != powers.FROZEN:
        return False
    found = (accounts.get(tx, number) for number in numbers)
    return any(account is not None and account.owner == member for account in found)


def without_key(tx: Tx, transfer: Transfer) -> tuple[int, ...]:
    """The parties to ``transfer`` who have no key: they can contest it through a keeper only."""
    found = (accounts.get(tx, number) for number in sides(tx, transfer))
    owners = {account.owner for account in found if account is not None and account.owner is not None}
    return tuple(o for o in sorted(owners) if not _has_key(tx, o) and may_contest(tx, transfer, o))


def _has_key(tx: Tx, member: int) -> bool:
    return tx.get(MemberKey, member=member, ended_entry=None) is not None


def _decide_dispute(tx: Tx, command: Dispute, asking: Asking) -> codec.Body | Refusal:
    transfer = tx.get(Transfer, id=command.transfer)
    if transfer is None:
        return Refusal(Code.UNKNOWN_TRANSFER, {}, (Action.HOME,))
    if not may_contest(tx, transfer, asking.actor):
        return Refusal(Code.NOT_YOURS, {}, (Action.HOME,))
    return _refuse_opening(tx, transfer, command.note) or {}


def _decide_for(tx: Tx, command: DisputeFor, asking: Asking) -> codec.Body | Refusal:
    if refusal := powers.refuse_unless_keeper(tx, asking.actor):
        return refusal
    transfer = tx.get(Transfer, id=command.transfer)
    if transfer is None:
        return Refusal(Code.UNKNOWN_TRANSFER, {}, (Action.HOME,))
    if party(tx, transfer, asking.actor):
        return Refusal(Code.PARTY, {}, (Action.ASK_KEEPER,))
    if _has_key(tx, command.member):
        return Refusal(Code.HAS_KEY, {}, (Action.SHOW,))
    if command.member not in without_key(tx, transfer):
        return Refusal(Code.NOT_YOURS, {}, (Action.SHOW, Action.HOME))
    return _refuse_opening(tx, transfer, command.note) or {}


def _refuse_opening(tx: Tx, transfer: Transfer, note: str) -> Refusal | None:
    """The refusal when ``transfer`` cannot be contested now, or nobody says what is wrong."""
    if transfer.reversed_by is not None:
        return Refusal(Code.ALREADY_REVERSED, {}, (Action.SHOW, Action.HOME))
    if not can_be_disputed(transfer):
        return Refusal(Code.NOT_REVERSIBLE, {}, (Action.SHOW, Action.HOME))
    row = tx.get(DisputeRow, transfer=transfer.id)
    if row is not None and row.state != WITHDRAWN:
        return Refusal(Code.DISPUTED, {}, (Action.SHOW, Action.ASK_KEEPER))
    if not tidy("text", note):
        return Refusal(Code.TEXT_MISSING, {}, (Action.TRY_AGAIN,))
    return too_long(note, LONGEST_TEXT)


def _apply_dispute(tx: Tx, entry: Entry) -> None:
    days = rules.kept(tx, "credit").get("dispute_days", DEFAULT_DAYS)
    tx.put(
        DisputeRow,
        transfer=entry.act.payload["transfer"],
        member=entry.act.payload.get("member", entry.actor),
        state=OPEN,
        until_ms=entry.act.at.ms + days * DAY_MS,
        entry=entry.number,
        closed_entry=None,
    )


def _may_dispute(tx: Tx, entry: Entry) -> bool:
    transfer = tx.get(Transfer, id=entry.act.payload["transfer"])
    return transfer is not None and _opens(tx, transfer) and may_contest(tx, transfer, entry.actor)


def _opens(tx: Tx, transfer: Transfer) -> bool:
    row = tx.get(DisputeRow, transfer=transfer.id)
    return can_be_disputed(transfer) and (row is None or row.state == WITHDRAWN)


def _may_for(tx: Tx, entry: Entry) -> bool:
    transfer = tx.get(Transfer, id=entry.act.payload["transfer"])
    if transfer is None or not _opens(tx, transfer):
        return False
    theirs = entry.act.payload["member"] in without_key(tx, transfer)
    return theirs and powers.by_keeper(tx, entry) and not party(tx, transfer, entry.actor)


def _decide_withdraw(tx: Tx, command: WithdrawDispute, asking: Asking) -> codec.Body | Refusal:
    row = tx.get(DisputeRow, transfer=command.transfer)
    if row is None or row.state != OPEN:
        return Refusal(Code.NOT_DISPUTED, {}, (Action.SHOW, Action.HOME))
    return {} if may_withdraw(tx, row, asking.actor) else Refusal(Code.NOT_YOURS, {}, (Action.HOME,))


def may_withdraw(tx: Tx, row: DisputeRow, actor: int | None) -> bool:
    """Whether ``actor`` may say that all is well: whoever may act for the side that contests.

    So an owner can withdraw what a helper said in her name, and a helper of old cannot.
    """
    transfer = tx.get(Transfer, id=row.transfer)
    if transfer is None:
        return False
    theirs = _contesting(tx, transfer, row.member)
    return any(accounts.owned(tx, number, actor) for number in theirs) or _own_and_frozen(tx, theirs, actor)


def _contesting(tx: Tx, transfer: Transfer, member: int) -> tuple[int, ...]:
    """The accounts for which ``member`` contests: own ones; only without any, those of people helped.

    Who helps somebody, and contests what the two paid each other, does it on the own side.
    """
    found = {number: account for number in sides(tx, transfer) if (account := accounts.get(tx, number))}
    own = tuple(number for number, account in found.items() if account.owner == member)
    return own or tuple(number for number in found if helped(tx, number, member))


def _may_withdraw(tx: Tx, entry: Entry) -> bool:
    row = tx.get(DisputeRow, transfer=entry.act.payload["transfer"])
    return row is not None and row.state == OPEN and may_withdraw(tx, row, entry.actor)


def _decide_end(tx: Tx, command: EndDispute, asking: Asking) -> codec.Body | Refusal:
    if refusal := powers.refuse_unless_keeper(tx, asking.actor):
        return refusal
    transfer = tx.get(Transfer, id=command.transfer)
    if transfer is None or not is_open(tx, command.transfer):
        return Refusal(Code.NOT_DISPUTED, {}, (Action.SHOW, Action.HOME))
    if not can_judge(tx, transfer, asking.actor):
        return Refusal(Code.PARTY, {}, (Action.ASK_KEEPER,))
    if not tidy("text", command.outcome):
        return Refusal(Code.TEXT_MISSING, {}, (Action.TRY_AGAIN,))
    return too_long(command.outcome, LONGEST_TEXT) or {}


def _may_end(tx: Tx, entry: Entry) -> bool:
    transfer = tx.get(Transfer, id=entry.act.payload["transfer"])
    if transfer is None or not is_open(tx, transfer.id):
        return False
    return powers.by_keeper(tx, entry) and can_judge(tx, transfer, entry.actor)


def can_judge(tx: Tx, transfer: Transfer, keeper: int | None) -> bool:
    """Whether ``keeper`` may write down how a dispute about ``transfer`` ended: not a party to it.

    Nor who typed it in from a slip, when there is another keeper who could.
    """
    if party(tx, transfer, keeper):
        return False
    slip = tx.get(Slip, transfer=transfer.id)
    if slip is None or slip.keeper != keeper:
        return True
    return all(other == keeper or party(tx, transfer, other) for other in powers.keepers(tx))


def _apply_close(tx: Tx, entry: Entry) -> None:
    state = SETTLED if entry.act.kind == EndDispute.KIND else WITHDRAWN
    record = entry.act.payload["transfer"]
    tx.update(DisputeRow, {"transfer": record}, state=state, closed_entry=entry.number)


_SHAPE: Final = {"transfer": RECORD}

HANDLERS = (
    Handler(Dispute, _decide_dispute, _apply_dispute, _may_dispute, _SHAPE),
    Handler(DisputeFor, _decide_for, _apply_dispute, _may_for, _SHAPE | {"member": MEMBER}),
    Handler(WithdrawDispute, _decide_withdraw, _apply_close, _may_withdraw, _SHAPE),
    Handler(EndDispute, _decide_end, _apply_close, _may_end, _SHAPE),
)
