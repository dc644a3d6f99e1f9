"""Payments to another hub: send, ask back, and what the other hub answers.

::

    (nothing) --send--> on_way --ACCEPTED comes--> arrived
                        on_way --RETURNED comes--> returned (refunded)
                        on_way --recall--> on_way, and the other hub is asked to return it

The credit leaves the payer at once, for the trunk; only the payee's hub ends the transfer. A
wait of any length refunds nothing here: the other hub may have accepted long ago.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import feed, letters, shape
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.clock_changes import seconds_ago
from appliance.ledger.book.letters import LONGEST_MEMO, Named, Sent, Why, room_for
from appliance.ledger.book.records import Kind, position
from appliance.ledger.book.schema import AccountRow, Crossing, Neighbour, Transfer
from appliance.ledger.book.shape import ACCOUNT, AMOUNT, RECORD, word
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless
from appliance.ledger.errors import Action, BookDamaged, Code, Refusal
from appliance.ledger.money import accounts, trunks
from appliance.ledger.money.postings import post
from appliance.ledger.money.transfers import ARRIVED, DONE, ON_WAY, REFUND, RETURNED, SENT, own, refuse_basics
from appliance.ledger.people import forks, powers, restoring
from appliance.ledger.people.roster import trunk_of
from appliance.ledger.people.words import LONGEST_LINE, tidy, too_long
from appliance.ledger.values import AccountNumber, Amount, RecordId


@dataclass(frozen=True, slots=True)
class Send:
    """Pay an account of another hub. ``again``: an equal payment a moment ago is no mistake."""

    KIND: ClassVar[str] = "send"
    VERSION: ClassVar[int] = 1

    payer: AccountNumber
    hub: int
    payee: AccountNumber
    amount: Amount
    category: str = "other"
    note: str = ""
    again: bool = False

    def payload(self) -> codec.Body:
        return {
            "payer": self.payer,
            "hub": self.hub,
            "payee": self.payee,
            "amount": self.amount,
            "category": self.category,
        }

    def private(self) -> dict[str, str]:
        return {"note": self.note} if self.note else {}


@dataclass(frozen=True, slots=True)
class Recall:
    """Ask the other hub for a payment back, as long as it has not accepted it; a keeper says why."""

    KIND: ClassVar[str] = "recall"
    VERSION: ClassVar[int] = 1

    transfer: RecordId
    reason: str = ""

    def payload(self) -> codec.Body:
        return {"transfer": self.transfer}

    def private(self) -> dict[str, str]:
        return {"reason": self.reason} if self.reason else {}


@dataclass(frozen=True, slots=True)
class ArriveAnswer(Wordless, trunks.Arrival):
    """A neighbour's answer to a payment of ours has come: accepted (``why`` None), or returned."""

    KIND: ClassVar[str] = "arrive_answer"
    VERSION: ClassVar[int] = 1

    answered: Named
    why: Why | None

    def payload(self) -> codec.Body:
        return self.named() | {
            "our_incarnation": self.answered.incarnation,
            "our_number": self.answered.number,
            "why": None if self.why is None else str(self.why),
        }


def refuse_memo(note: str) -> Refusal | None:
    """The refusal when a note has no room on the air."""
    note = tidy("note", note)
    taken = room_for(note)
    if taken <= LONGEST_MEMO:
        return None
    longest = max(1, len(note) * LONGEST_MEMO // taken)
    return Refusal(Code.TEXT_TOO_LONG, {"longest": longest, "length": len(note)}, (Action.TRY_AGAIN,))


def _decide_send(tx: Tx, command: Send, asking: Asking) -> codec.Body | Refusal:
    if refusal := refuse_basics(command.amount, command.category, command.note) or refuse_memo(command.note):
        return refusal
    payer = own(tx, command.payer, asking)
    if isinstance(payer, Refusal):
        return payer
    if tx.get(Neighbour, hub=command.hub) is None:
        return Refusal(Code.UNKNOWN_HUB, {"hub": command.hub}, (Action.CHECK_NUMBER,))
    if refusal := forks.refuse_forked(tx, command.hub) or restoring.refuse_recovering(tx):
        return refusal
    if not ACCOUNT(command.payee):
        return Refusal(Code.UNKNOWN_ACCOUNT, {}, (Action.CHECK_NUMBER,))
    if refusal := accounts.refuse_giving(payer, command.amount):
        return refusal
    room = trunks.can_send(tx, command.hub)
    if command.amount > room:
        steps = (Action.PAY_LESS, Action.ASK_KEEPER) if room else (Action.ASK_KEEPER,)
        numbers = {"amount": command.amount, "can_send": room, "hub": command.hub}
        return Refusal(Code.TRUNK_LIMIT, numbers, steps)
    if not command.again and (ago := _equal(tx, command, asking)) is not None:
        return Refusal(
            Code.SAME_AGAIN, {"amount": command.amount, "seconds": ago}, (Action.PAY_AGAIN, Action.HOME)
        )
    return {}


def _equal(tx: Tx, command: Send, asking: Asking) -> int | None:
    """How many seconds ago the same was sent, when that is within the community's window."""

    def latest(since: int, until: int) -> int | None:
        line = (command.payer, command.hub, command.payee, command.amount)
        found = tx.first(_LAST_EQUAL, *line, since, until)
        return None if found is None else int(found[0])

    return seconds_ago(tx, asking.at, asking.rules.credit.again_minutes, latest)


_LAST_EQUAL: Final = """
SELECT opened_ms FROM crossing
WHERE outgoing AND near = ? AND hub = ? AND far = ? AND amount = ? AND opened_ms > ? AND opened_ms <= ?
  AND state <> 'returned'
ORDER BY opened_ms DESC LIMIT 1
"""


def _apply_send(tx: Tx, entry: Entry) -> None:
    p, at = entry.act.payload, entry.act.at
    letter = Sent(p["payer"], p["payee"], p["category"])
    number = feed.emit(tx, entry, Kind.SENT, p["hub"], letters.sent(letter), p["amount"], "note")
    open_transfer(tx, entry, SENT, ON_WAY, p["payer"], trunk_of(p["hub"]), p)
    tx.insert(
        Crossing,
        id=entry.record,
        outgoing=True,
        hub=p["hub"],
        incarnation=entry.act.place.incarnation,
        number=number,
        near=p["payer"],
        far=p["payee"],
        amount=p["amount"],
        state=ON_WAY,
        recalled=False,
        opened_entry=entry.number,
        opened_ms=at.ms,
    )
    move(tx, entry, entry.record, p["payer"], trunk_of(p["hub"]), p["amount"])
    trunks.count(tx, p["hub"], sent=p["amount"])


def open_transfer(
    tx: Tx, entry: Entry, kind: str, state: str, payer: int, payee: int, terms: codec.Body
) -> None:
    """The row that a member's statement and receipts are made of."""
    at, closed = entry.act.at, state == ARRIVED
    tx.insert(
        Transfer,
        id=entry.record,
        code=None,
        kind=kind,
        state=state,
        payer=payer,
        payee=payee,
        amount=terms["amount"],
        category=terms["category"],
        text_entry=entry.number if entry.act.private_digest else None,
        opened_entry=entry.number,
        opened_ms=at.ms,
        # A payment that has left has moved credit: a statement shows it by this moment.
        closed_entry=entry.number if closed else None,
        closed_ms=at.ms,
        closed_quality=int(at.quality),
    )


def move(tx: Tx, entry: Entry, transfer: bytes, payer: int, payee: int, amount: int) -> None:
    """Post a movement between two accounts here, one of which may be a trunk."""
    lines = ((AccountNumber(payer), Amount(-amount)), (AccountNumber(payee), Amount(amount)))
    post(tx, RecordId(transfer), lines, entry.number)


def close(
    tx: Tx, entry: Entry, crossing: Crossing, state: str, why: str | None = None, answer: int | None = None
) -> None:
    """End a crossing, and the transfer that members see of it."""
    key = {"id": bytes(crossing.id)}
    tx.update(Crossing, key, state=state, why=why, answer=answer, closed_entry=entry.number)
    tx.update(Transfer, key, state=state, closed_entry=entry.number)


def _decide_recall(tx: Tx, command: Recall, asking: Asking) -> codec.Body | Refusal:
    crossing = tx.get(Crossing, id=command.transfer)
    if crossing is None or not crossing.outgoing:
        return Refusal(Code.UNKNOWN_TRANSFER, {}, (Action.HOME,))
    mine = accounts.owned(tx, crossing.near, asking.actor)
    if not mine and powers.refuse_unless_keeper(tx, asking.actor):
        return Refusal(Code.NOT_YOURS, {}, (Action.HOME,))
    if crossing.state != ON_WAY or crossing.recalled:
        return Refusal(Code.NOT_ON_WAY, {}, (Action.SHOW, Action.HOME))
    if not mine and not tidy("reason", command.reason):
        return Refusal(Code.TEXT_MISSING, {}, (Action.TRY_AGAIN,))
    return too_long(command.reason, LONGEST_LINE) or {}


def _may_recall(tx: Tx, entry: Entry) -> bool:
    crossing = tx.get(Crossing, id=entry.act.payload["transfer"])
    if crossing is None or not crossing.outgoing or crossing.state != ON_WAY or crossing.recalled:
        return False
    return accounts.owned(tx, crossing.near, entry.actor) or powers.by_keeper(tx, entry)


def _apply_recall(tx: Tx, entry: Entry) -> None:
    crossing = tx.get(Crossing, id=entry.act.payload["transfer"])
    if crossing is None:
        raise BookDamaged("asks back a payment that is not there", entry.number)
    named = Named(crossing.incarnation, crossing.number)
    feed.emit(tx, entry, Kind.RECALL, crossing.hub, letters.answer(named))
    tx.update(Crossing, {"id": bytes(crossing.id)}, recalled=True)


def _answered(tx: Tx, payload: codec.Body) -> Crossing | None:
    """Our payment that an answer names, while it is still on its way."""
    crossing = tx.get(
        Crossing,
        hub=payload["hub"],
        outgoing=True,
        incarnation=payload["our_incarnation"],
        number=payload["our_number"],
    )
    return crossing if crossing is not None and crossing.state == ON_WAY else None


def _decide_answer(tx: Tx, command: ArriveAnswer, asking: Asking) -> codec.Body | Refusal:
    if tx.get(Neighbour, hub=command.hub) is None:
        return Refusal(Code.UNKNOWN_HUB, {"hub": command.hub}, ())
    return {"fits": _answered(tx, command.payload()) is not None}


def _answer_stands(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    known = tx.get(Neighbour, hub=p["hub"]) is not None
    return known and entry.outcome["fits"] is (_answered(tx, p) is not None)


def _apply_answer(tx: Tx, entry: Entry) -> None:
    p = entry.act.payload
    crossing = _answered(tx, p)
    if crossing is None:
        # An answer to nothing, or a second one: the neighbour's book is not what it was.
        trunks.mark(tx, entry, p["hub"], fits=False)
        return
    if p["why"] is None:
        close(tx, entry, crossing, ARRIVED, answer=position(p["incarnation"], p["number"]))
        trunks.count(tx, p["hub"], arrived=crossing.amount)
        return
    close(tx, entry, crossing, RETURNED, p["why"], position(p["incarnation"], p["number"]))
    _refund(tx, entry, crossing)
    trunks.count(tx, p["hub"], refunded=crossing.amount)


def _refund(tx: Tx, entry: Entry, crossing: Crossing) -> None:
    """The credit comes back by a transfer of its own, linked to the one that it undoes."""
    payer: AccountRow | None = accounts.get(tx, crossing.near)
    original = tx.get(Transfer, id=bytes(crossing.id))
    if payer is None or original is None:
        raise BookDamaged("refunds a payment that is not there", entry.number)
    at = entry.act.at
    tx.insert(
        Transfer,
        id=entry.record,
        code=None,
        kind=REFUND,
        state=DONE,
        payer=trunk_of(crossing.hub),
        payee=crossing.near,
        amount=crossing.amount,
        category=original.category,
        text_entry=None,
        opened_entry=entry.number,
        opened_ms=at.ms,
        closed_entry=entry.number,
        closed_ms=at.ms,
        closed_quality=int(at.quality),
        reverses=bytes(crossing.id),
    )
    tx.update(Transfer, {"id": bytes(crossing.id)}, reversed_by=entry.record)
    move(tx, entry, entry.record, trunk_of(crossing.hub), crossing.near, crossing.amount)


def _may_send(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    account = accounts.get(tx, p["payer"])
    if account is None or tx.get(Neighbour, hub=p["hub"]) is None:
        return False
    room = accounts.refuse_giving(account, p["amount"]) is None and p["amount"] <= trunks.can_send(
        tx, p["hub"]
    )
    return room and accounts.owned(tx, p["payer"], entry.actor)


_SEND: Final = {"payer": ACCOUNT, "hub": trunks.HUB, "payee": ACCOUNT, "amount": AMOUNT, "category": word}
_ANSWER: Final = {
    "our_incarnation": trunks.INCARNATION,
    "our_number": trunks.NUMBER,
    "why": shape.or_none(shape.one_of(*Why)),
}

HANDLERS = (
    Handler(Send, _decide_send, _apply_send, _may_send, _SEND),
    Handler(Recall, _decide_recall, _apply_recall, _may_recall, {"transfer": RECORD}),
    Handler(ArriveAnswer, _decide_answer, _apply_answer, _answer_stands, trunks.ARRIVED | _ANSWER, ("hub",)),
)
