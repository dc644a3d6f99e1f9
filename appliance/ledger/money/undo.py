"""Asking a payment back: who paid asks, who got it gives it back or keeps it.

::

    (nothing) --ask_back (by the payer)--> open --reverse (by the payee)--> agreed
                                           open --keep_it (by the payee)--> declined
                                           open --withdraw_ask (by the payer)--> withdrawn

So an undo by both is a reversal that the payee signs, with the payer's words beside it. Nothing
moves by silence. It can be asked once of a payment; a keeper can still be asked (``disputes.py``).
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.schema import Transfer
from appliance.ledger.book.schema_credit import UndoAsk
from appliance.ledger.book.shape import RECORD
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.money import accounts
from appliance.ledger.money.reversals import of_somebody_gone
from appliance.ledger.money.transfers import CARE, CROSSING, DONE, SPLIT, UNDOING
from appliance.ledger.people.words import LONGEST_LINE, tidy, too_long
from appliance.ledger.values import COMMONS, RecordId

OPEN: Final = "open"
AGREED: Final = "agreed"
DECLINED: Final = "declined"
WITHDRAWN: Final = "withdrawn"


@dataclass(frozen=True, slots=True)
class AskBack:
    """Ask the payee to give a payment back, and say why."""

    KIND: ClassVar[str] = "ask_back"
    VERSION: ClassVar[int] = 1

    transfer: RecordId
    reason: str

    def payload(self) -> codec.Body:
        return {"transfer": self.transfer}

    def private(self) -> dict[str, str]:
        return {"reason": self.reason}


@dataclass(frozen=True, slots=True)
class _Of(Wordless):
    """What ends an ask names the transfer only."""

    transfer: RecordId

    def payload(self) -> codec.Body:
        return {"transfer": self.transfer}


@dataclass(frozen=True, slots=True)
class KeepIt(_Of):
    """The payee says: it was right, I keep it."""

    KIND: ClassVar[str] = "keep_it"
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class WithdrawAsk(_Of):
    """The payer does not ask any more."""

    KIND: ClassVar[str] = "withdraw_ask"
    VERSION: ClassVar[int] = 1


def can_be_asked_back(transfer: Transfer) -> bool:
    """Whether a payee at this hub could give ``transfer`` back when asked."""
    plain = transfer.kind not in (*UNDOING, *CROSSING, CARE, SPLIT) and transfer.payee != COMMONS
    return plain and transfer.state == DONE and transfer.reversed_by is None


def _decide_ask(tx: Tx, command: AskBack, asking: Asking) -> codec.Body | Refusal:
    transfer = tx.get(Transfer, id=command.transfer)
    if transfer is None:
        return Refusal(Code.UNKNOWN_TRANSFER, {}, (Action.HOME,))
    if not accounts.owned(tx, transfer.payer, asking.actor):
        return Refusal(Code.NOT_YOURS, {}, (Action.HOME,))
    if transfer.reversed_by is not None:
        return Refusal(Code.ALREADY_REVERSED, {}, (Action.SHOW, Action.HOME))
    if not can_be_asked_back(transfer):
        return Refusal(Code.NOT_REVERSIBLE, {}, (Action.SHOW, Action.HOME))
    if of_somebody_gone(tx, transfer):  # who could give it back?
        return Refusal(Code.ACCOUNT_CLOSED, {}, (Action.ASK_KEEPER,))
    if tx.get(UndoAsk, transfer=command.transfer) is not None:
        return Refusal(Code.ALREADY_ASKED, {}, (Action.SHOW, Action.DISPUTE))
    if not tidy("reason", command.reason):
        return Refusal(Code.TEXT_MISSING, {}, (Action.TRY_AGAIN,))
    return too_long(command.reason, LONGEST_LINE) or {}


def _apply_ask(tx: Tx, entry: Entry) -> None:
    tx.insert(
        UndoAsk,
        transfer=entry.act.payload["transfer"],
        member=entry.actor,
        state=OPEN,
        entry=entry.number,
        closed_entry=None,
    )


def _may_ask(tx: Tx, entry: Entry) -> bool:
    transfer = tx.get(Transfer, id=entry.act.payload["transfer"])
    if transfer is None or not can_be_asked_back(transfer) or of_somebody_gone(tx, transfer):
        return False
    return accounts.owned(tx, transfer.payer, entry.actor) and not tx.get(UndoAsk, transfer=transfer.id)


def _decide_end(tx: Tx, command: KeepIt | WithdrawAsk, asking: Asking) -> codec.Body | Refusal:
    transfer = tx.get(Transfer, id=command.transfer)
    if transfer is None:
        return Refusal(Code.UNKNOWN_TRANSFER, {}, (Action.HOME,))
    side = transfer.payee if isinstance(command, KeepIt) else transfer.payer
    if not accounts.owned(tx, side, asking.actor):
        return Refusal(Code.NOT_YOURS, {}, (Action.HOME,))
    if not _open(tx, command.transfer):
        return Refusal(Code.NOT_PENDING, {}, (Action.SHOW, Action.HOME))
    return {}


def _open(tx: Tx, transfer: bytes) -> bool:
    ask = tx.get(UndoAsk, transfer=transfer)
    return ask is not None and ask.state == OPEN


def _apply_end(tx: Tx, entry: Entry) -> None:
    state = DECLINED if entry.act.kind == KeepIt.KIND else WITHDRAWN
    record = entry.act.payload["transfer"]
    tx.update(UndoAsk, {"transfer": record}, state=state, closed_entry=entry.number)


def _may_end(tx: Tx, entry: Entry) -> bool:
    transfer = tx.get(Transfer, id=entry.act.payload["transfer"])
    if transfer is None or not _open(tx, transfer.id):
        return False
    side = transfer.payee if entry.act.kind == KeepIt.KIND else transfer.payer
    return accounts.owned(tx, side, entry.actor)


_SHAPE: Final = {"transfer": RECORD}

HANDLERS = (
    Handler(AskBack, _decide_ask, _apply_ask, _may_ask, _SHAPE),
    Handler(KeepIt, _decide_end, _apply_end, _may_end, _SHAPE),
    Handler(WithdrawAsk, _decide_end, _apply_end, _may_end, _SHAPE),
)
