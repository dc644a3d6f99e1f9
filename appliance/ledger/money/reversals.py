"""Undoing: a new transfer, linked to the one that it undoes; to people, one cancelled line.

Who gave it back by themselves keeps to the own lower limit: else a friend's payment, spent and
then given back, would pass it (``docs/decisions/0004``). A keeper may put right others'
payments whatever the limits say, and whoever gets credit back may stand above the upper one.

A split is given back whole: by its one payee where several paid, else by a keeper.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.schema import Posting, Transfer
from appliance.ledger.book.schema_credit import Dispute, Grant, Share, UndoAsk
from appliance.ledger.book.shape import RECORD
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler
from appliance.ledger.clock import Instant
from appliance.ledger.errors import Action, BookDamaged, Code, Refusal
from appliance.ledger.money import accounts, commons
from appliance.ledger.money.postings import post
from appliance.ledger.money.transfers import DONE, FINAL, REVERSAL, SPLIT
from appliance.ledger.people import powers
from appliance.ledger.people.words import LONGEST_LINE, tidy, too_long
from appliance.ledger.values import COMMONS, AccountNumber, Amount, RecordId

OPEN: Final = "open"
"""State of a dispute, and of an ask to give something back, that has not ended."""


@dataclass(frozen=True, slots=True)
class Reverse:
    """Give back what was received: by the payee, or by a keeper with a reason."""

    KIND: ClassVar[str] = "reverse"
    VERSION: ClassVar[int] = 2

    transfer: RecordId
    reason: str = ""

    def payload(self) -> codec.Body:
        return {"transfer": self.transfer}

    def private(self) -> dict[str, str]:
        return {"reason": self.reason} if self.reason else {}


def _decide_reverse(tx: Tx, command: Reverse, asking: Asking) -> codec.Body | Refusal:
    transfer = tx.get(Transfer, id=command.transfer)
    if transfer is None:
        return Refusal(Code.UNKNOWN_TRANSFER, {}, (Action.HOME,))
    payee = accounts.get(tx, transfer.payee)
    mine = payee is not None and gives_back(tx, transfer, asking.actor)
    keeper = powers.refuse_unless_keeper(tx, asking.actor) is None
    if not mine and not keeper:
        return Refusal(Code.NOT_YOURS, {}, (Action.ASK_KEEPER,))
    if not mine and party(tx, transfer, asking.actor):
        return Refusal(Code.PARTY, {}, (Action.ASK_BACK, Action.ASK_KEEPER))
    if not mine and not tidy("reason", command.reason):
        return Refusal(Code.TEXT_MISSING, {}, (Action.TRY_AGAIN,))
    if refusal := too_long(command.reason, LONGEST_LINE):
        return refusal
    if transfer.reversed_by is not None:
        return Refusal(Code.ALREADY_REVERSED, {}, (Action.SHOW, Action.HOME))
    if transfer.state != DONE or transfer.kind in FINAL:
        return Refusal(Code.NOT_REVERSIBLE, {}, (Action.SHOW, Action.HOME))
    if of_somebody_gone(tx, transfer):
        return Refusal(Code.ACCOUNT_CLOSED, {}, (Action.ASK_KEEPER,))
    if refusal := _refuse_commons(tx, transfer, mine, asking.actor, asking.at):
        return refusal
    return (accounts.refuse_giving(payee, got(tx, transfer)) if mine and payee else None) or {}


def gives_back(tx: Tx, transfer: Transfer, member: int | None) -> bool:
    """Whether ``member`` may act for the one who was paid. Where several were, nobody may for all of them."""
    several_paid = transfer.kind == SPLIT and transfer.payer == transfer.payee
    return not several_paid and accounts.owned(tx, transfer.payee, member)


def _refuse_commons(
    tx: Tx, transfer: Transfer, mine: bool, keeper: int | None, at: Instant
) -> Refusal | None:
    """What a keeper cannot undo alone: what two agreed on, and more of a gift than one pays alone."""
    if mine:
        return None
    if commons.by_two(tx, transfer.id):
        return Refusal(Code.TWO_AGREED, {}, (Action.SHOW,))
    given = _given_to_commons(tx, transfer)
    return (commons.refuse_floor(tx, given) or commons.refuse_alone(tx, given, keeper, at)) if given else None


def _given_to_commons(tx: Tx, transfer: Transfer) -> int:
    """What the commons was paid by ``transfer``, alone or as one of several; a levy is none of it."""
    if transfer.payee == COMMONS:
        return got(tx, transfer)
    share = tx.get(Share, transfer=transfer.id, account=COMMONS) if transfer.kind == SPLIT else None
    return 0 if share is None else int(share.amount)


def got(tx: Tx, transfer: Transfer) -> int:
    """What the payee of ``transfer`` got of it, minor units: the amount less the levy."""
    posting = tx.get(Posting, transfer=transfer.id, account=transfer.payee)
    return posting.amount if posting is not None else transfer.amount


def party(tx: Tx, transfer: Transfer, member: int | None) -> bool:
    """Whether ``member`` has a part in any account that the transfer moves or would move."""
    return any(
        (account := accounts.get(tx, number)) is not None and accounts.reaches(tx, account, member)
        for number in sides(tx, transfer)
    )


def acts_on(tx: Tx, transfer: Transfer, member: int | None) -> bool:
    """Whether ``member`` may act now on any account that the transfer moves or would move; left out is none."""
    return any(accounts.owned(tx, number, member) for number in still_in(tx, transfer))


def still_in(tx: Tx, transfer: Transfer) -> set[int]:
    """``sides``, without those who were left out of a split."""
    out = {n for (n,) in tx.select(f"{_SHARES} AND state = 'left_out'", transfer.id)}
    return sides(tx, transfer) - out


def sides(tx: Tx, transfer: Transfer) -> set[int]:
    """Every account that the transfer moves, would move, or would have moved."""
    numbers = {n for (n,) in tx.select("SELECT account FROM posting WHERE transfer = ?", transfer.id)}
    numbers |= {n for (n,) in tx.select(_SHARES, transfer.id)}
    numbers |= {transfer.payer, transfer.payee}
    return {number for number in numbers if number is not None}


_SHARES: Final = "SELECT account FROM share WHERE transfer = ?"


def of_somebody_gone(tx: Tx, transfer: Transfer) -> bool:
    """Whether the transfer moved credit on an account that is closed: it stands at zero, for good."""
    return tx.first(_GONE, transfer.id) is not None


_GONE: Final = """
SELECT 1 FROM posting JOIN account ON account.number = posting.account
JOIN member ON member.number = account.owner LEFT JOIN further ON further.account = account.number
WHERE posting.transfer = ? AND (member.status = 'closed' OR further.state = 'closed') LIMIT 1
"""


def helped(tx: Tx, account: int, member: int | None) -> bool:
    """Whether ``member``, who is not its owner, acts on ``account`` or did so once."""
    grant = tx.get(Grant, account=account, member=member)
    return grant is not None and grant.agreed_entry is not None


def _apply_reverse_1(tx: Tx, entry: Entry) -> Transfer:
    return give_back(tx, entry, entry.act.payload["transfer"])


def give_back(tx: Tx, entry: Entry, undone: bytes) -> Transfer:
    """Undo transfer ``undone`` by ``entry``, line by line, with a transfer linked to it; what was undone.

    Raises:
        BookDamaged: it is not there.
    """
    original = tx.get(Transfer, id=undone)
    if original is None or (original.payer is None and original.kind != SPLIT):
        raise BookDamaged("undoes a transfer that is not there", entry.number)
    payer, payee = original.payee, original.payer
    several_paid = original.kind == SPLIT and payer == payee
    # As with splits: the one stands in its column, several stand in none.
    gives, gets = (None, payee) if several_paid else (payer, payer if payee is None else payee)
    tx.insert(
        Transfer,
        id=entry.record,
        kind=REVERSAL,
        state=DONE,
        payer=gives,
        payee=gets,
        amount=original.amount,
        category=original.category,
        text_entry=entry.number if entry.act.private_digest else None,
        opened_entry=entry.number,
        opened_ms=entry.act.at.ms,
        closed_entry=entry.number,
        closed_ms=entry.act.at.ms,
        closed_quality=int(entry.act.at.quality),
        reverses=undone,
    )
    tx.update(Transfer, {"id": undone}, reversed_by=entry.record)
    tx.update(UndoAsk, {"transfer": undone, "state": OPEN}, state="agreed", closed_entry=entry.number)
    tx.update(Dispute, {"transfer": undone, "state": OPEN}, state="reversed", closed_entry=entry.number)
    # Line by line, so that a levy and all parts of a split come back too.
    lines = tuple(
        (AccountNumber(row.account), Amount(-row.amount))
        for row in tx.rows(Posting.select().where(Posting.transfer == undone).order_by(Posting.account))
    )
    post(tx, RecordId(entry.record), lines, entry.number)
    return original


def _apply_reverse(tx: Tx, entry: Entry) -> None:
    original = _apply_reverse_1(tx, entry)
    given = _given_to_commons(tx, original)
    if given and not gives_back(tx, original, entry.actor):  # a keeper took it out again
        commons.keep_spending(tx, entry, given)


def _may_reverse(tx: Tx, entry: Entry) -> bool:
    transfer = tx.get(Transfer, id=entry.act.payload["transfer"])
    if transfer is None or transfer.state != DONE or transfer.kind in FINAL or transfer.reversed_by:
        return False
    payee = accounts.get(tx, transfer.payee)
    if payee is not None and gives_back(tx, transfer, entry.actor):
        return accounts.refuse_giving(payee, got(tx, transfer)) is None
    return powers.by_keeper(tx, entry)


def _may_reverse_2(tx: Tx, entry: Entry) -> bool:
    """Since version 2 a keeper has no power over what the keeper is a party to, and closed accounts stay at zero."""
    transfer = tx.get(Transfer, id=entry.act.payload["transfer"])
    if transfer is None or not _may_reverse(tx, entry) or of_somebody_gone(tx, transfer):
        return False
    if gives_back(tx, transfer, entry.actor):
        return True
    refused = _refuse_commons(tx, transfer, False, entry.actor, entry.act.at)
    return refused is None and not party(tx, transfer, entry.actor)


def _fold_1(tx: Tx, entry: Entry) -> None:
    """Version 1 did not count what came out of the commons."""
    _apply_reverse_1(tx, entry)


HANDLERS = (Handler(Reverse, _decide_reverse, _apply_reverse, _may_reverse_2, {"transfer": RECORD}),)

OLD: Final = {("reverse", 1): Handler(Reverse, _decide_reverse, _fold_1, _may_reverse, {"transfer": RECORD})}
"""How earlier versions are folded."""
