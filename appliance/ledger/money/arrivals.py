"""Payments from another hub: taken up, held, sent back.

::

    (SENT comes) --arrive--> arrived (the payee has it; ACCEPTED goes out)
                 --arrive--> returned (no such account, no room; RETURNED goes out, with why)
                 --arrive--> held (the trunk is at our limit, or others of that hub wait already)
    held --there is room--> arrived, or returned
    held --recall comes, or a keeper, or after so many days--> returned

Only this hub ends the transfer, by accepting or returning. Held ones move nothing; they are
taken up in the order in which they came, as soon as the trunk has room.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import feed, letters, shape
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.letters import Named, Why
from appliance.ledger.book.records import Kind, position
from appliance.ledger.book.schema import Crossing, Neighbour, Transfer
from appliance.ledger.book.shape import ACCOUNT, AMOUNT, RECORD, word
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless
from appliance.ledger.clock import Instant
from appliance.ledger.errors import Action, BookDamaged, Code, Refusal
from appliance.ledger.money import accounts, dues, trunks
from appliance.ledger.money.crossings import close, move, open_transfer
from appliance.ledger.money.transfers import ARRIVED, HELD, RECEIVED, RETURNED
from appliance.ledger.people import powers, restoring
from appliance.ledger.people.roster import trunk_of
from appliance.ledger.people.words import LONGEST_LINE, tidy, too_long
from appliance.ledger.values import RecordId

_DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class ArriveSent(trunks.Arrival):
    """A payment from another hub has come. Payer and payee are None when it cannot be read."""

    KIND: ClassVar[str] = "arrive_sent"
    VERSION: ClassVar[int] = 1

    payer: int | None
    payee: int | None
    amount: int
    category: str = "other"
    note: str = ""

    def payload(self) -> codec.Body:
        return self.named() | {
            "payer": self.payer,
            "payee": self.payee,
            "amount": self.amount,
            "category": self.category,
        }

    def private(self) -> dict[str, str]:
        return {"note": self.note} if self.note else {}


@dataclass(frozen=True, slots=True)
class ArriveRecall(Wordless, trunks.Arrival):
    """Another hub asks for a payment back."""

    KIND: ClassVar[str] = "arrive_recall"
    VERSION: ClassVar[int] = 1

    asked: Named

    def payload(self) -> codec.Body:
        return self.named() | {
            "their_incarnation": self.asked.incarnation,
            "their_number": self.asked.number,
        }


@dataclass(frozen=True, slots=True)
class TakeHeld(Wordless):
    """By rule: a held payment is taken up, now that its trunk has room."""

    KIND: ClassVar[str] = "take_held"
    VERSION: ClassVar[int] = 1

    transfer: RecordId

    def payload(self) -> codec.Body:
        return {"transfer": self.transfer}


@dataclass(frozen=True, slots=True)
class SendBack:
    """A held payment goes back: by a keeper with a reason, or by rule after so many days."""

    KIND: ClassVar[str] = "send_back"
    VERSION: ClassVar[int] = 1

    transfer: RecordId
    reason: str = ""

    def payload(self) -> codec.Body:
        return {"transfer": self.transfer}

    def private(self) -> dict[str, str]:
        return {"reason": self.reason} if self.reason else {}


def _verdict(tx: Tx, hub: int, payee: int | None, amount: int, waited: bool = False) -> codec.Body:
    """What becomes of a payment of ``hub`` now, as an outcome; ``waited``: it was held and is next."""
    if payee is None or amount <= 0:
        return _returned(Why.UNREADABLE)
    if not waited and _oldest_held(tx, hub) is not None:
        return _HOLD
    if amount > trunks.can_take(tx, hub):
        return _HOLD
    account = accounts.usable(tx, payee)
    if isinstance(account, Refusal):
        closed = account.code is Code.ACCOUNT_CLOSED
        return _returned(Why.ACCOUNT_CLOSED if closed else Why.UNKNOWN_ACCOUNT)
    if accounts.refuse_receiving(account, amount, own=False):
        return _returned(Why.PAYEE_LIMIT)
    return {"state": ARRIVED, "why": None}


_HOLD: Final[codec.Body] = {"state": HELD, "why": None}


def _returned(why: Why) -> codec.Body:
    return {"state": RETURNED, "why": str(why)}


def _oldest_held(tx: Tx, hub: int) -> bytes | None:
    found = tx.first(OLDEST_HELD, hub)
    return bytes(found[0]) if found else None


OLDEST_HELD: Final = "SELECT id FROM crossing WHERE state = 'held' AND hub = ? ORDER BY opened_entry LIMIT 1"


def next_with_room(tx: Tx) -> RecordId | None:
    """A held payment that its trunk has room for now, if it is the oldest of its hub."""
    for (hub,) in tx.known((Neighbour,), "SELECT hub FROM neighbour WHERE held > 0 ORDER BY hub"):
        if restoring.unheard(tx, hub):
            continue  # this hub may have answered it in the time that was lost
        oldest = _oldest_held(tx, hub)
        row = None if oldest is None else tx.get(Crossing, id=oldest)
        if row is not None and row.amount <= trunks.can_take(tx, hub):
            return RecordId(bytes(row.id))
    return None


def overdue(tx: Tx, now: Instant, held_days: int) -> list[RecordId]:
    """Held payments that are older than the rules let them be."""
    found = tx.select(
        "SELECT id, opened_entry, opened_ms FROM crossing WHERE state = 'held' AND opened_ms < ? ORDER BY opened_entry",
        dues.latest(tx, now) - held_days * _DAY_MS,
    )
    ends = ((record, begun, ms + held_days * _DAY_MS) for record, begun, ms in found)
    return [RecordId(bytes(record)) for record, begun, end in ends if dues.over(tx, begun, end, now)]


def _decide_arrive(tx: Tx, command: ArriveSent, asking: Asking) -> codec.Body | Refusal:
    if tx.get(Neighbour, hub=command.hub) is None:
        return Refusal(Code.UNKNOWN_HUB, {"hub": command.hub}, ())
    return _verdict(tx, command.hub, command.payee, command.amount)


def _arrival_stands(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    known = tx.get(Neighbour, hub=p["hub"]) is not None
    return known and entry.outcome == _verdict(tx, p["hub"], p["payee"], p["amount"])


def _apply_arrive(tx: Tx, entry: Entry) -> None:
    p, state = entry.act.payload, entry.outcome["state"]
    tx.insert(
        Crossing,
        id=entry.record,
        outgoing=False,
        hub=p["hub"],
        incarnation=p["incarnation"],
        number=p["number"],
        near=-1 if p["payee"] is None else p["payee"],
        far=-1 if p["payer"] is None else p["payer"],
        amount=p["amount"],
        state=HELD,
        recalled=False,
        opened_entry=entry.number,
        opened_ms=entry.act.at.ms,
    )
    trunks.count(tx, p["hub"], held=p["amount"])
    if state == RETURNED:
        _return(tx, entry, _held(tx, entry, entry.record), Why(entry.outcome["why"]))
        return
    # Also while it is held for an account that is not there: by its turn somebody may have it.
    open_transfer(tx, entry, RECEIVED, HELD, trunk_of(p["hub"]), p["payee"], p)
    if state == ARRIVED:
        _accept(tx, entry, _held(tx, entry, entry.record))


def _held(tx: Tx, entry: Entry, transfer: bytes) -> Crossing:
    crossing = tx.get(Crossing, id=transfer)
    if crossing is None or crossing.state != HELD:
        raise BookDamaged("ends a payment that is not held", entry.number)
    return crossing


def _accept(tx: Tx, entry: Entry, crossing: Crossing) -> None:
    named = Named(crossing.incarnation, crossing.number)
    number = feed.emit(tx, entry, Kind.ACCEPTED, crossing.hub, letters.answer(named))
    close(tx, entry, crossing, ARRIVED, answer=_here(entry, number))
    at = entry.act.at
    tx.update(Transfer, {"id": bytes(crossing.id)}, closed_ms=at.ms, closed_quality=int(at.quality))
    move(tx, entry, bytes(crossing.id), trunk_of(crossing.hub), crossing.near, crossing.amount)
    trunks.count(tx, crossing.hub, held=-crossing.amount, accepted=crossing.amount)


def _here(entry: Entry, number: int) -> int:
    """The place of one of our own records, of the life in which ``entry`` was made."""
    return position(entry.act.place.incarnation, number)


def send_back(tx: Tx, entry: Entry, crossing: Crossing, why: Why) -> None:
    """A held payment goes back, and the hub that sent it is told why: as a fold of ``entry``."""
    _return(tx, entry, crossing, why)


def _return(tx: Tx, entry: Entry, crossing: Crossing, why: Why) -> None:
    named = Named(crossing.incarnation, crossing.number)
    number = feed.emit(tx, entry, Kind.RETURNED, crossing.hub, letters.answer(named, why))
    close(tx, entry, crossing, RETURNED, str(why), _here(entry, number))
    trunks.count(tx, crossing.hub, held=-crossing.amount, returned=crossing.amount)


def _decide_take(tx: Tx, command: TakeHeld, asking: Asking) -> codec.Body | Refusal:
    crossing = tx.get(Crossing, id=command.transfer)
    if crossing is None or crossing.state != HELD or _oldest_held(tx, crossing.hub) != command.transfer:
        return Refusal(Code.NOT_HELD, {}, (Action.HOME,))
    outcome = _verdict(tx, crossing.hub, crossing.near, crossing.amount, waited=True)
    if outcome == _HOLD:
        numbers = {"amount": crossing.amount, "hub": crossing.hub}
        return Refusal(Code.TRUNK_LIMIT, numbers, (Action.WAIT,))
    return outcome


def _taking_stands(tx: Tx, entry: Entry) -> bool:
    crossing = tx.get(Crossing, id=entry.act.payload["transfer"])
    if crossing is None or crossing.state != HELD or _oldest_held(tx, crossing.hub) != bytes(crossing.id):
        return False
    outcome = _verdict(tx, crossing.hub, crossing.near, crossing.amount, waited=True)
    return outcome != _HOLD and entry.outcome == outcome


def _apply_take(tx: Tx, entry: Entry) -> None:
    crossing = _held(tx, entry, entry.act.payload["transfer"])
    if entry.outcome["state"] == ARRIVED:
        _accept(tx, entry, crossing)
    else:
        _return(tx, entry, crossing, Why(entry.outcome["why"]))


def _decide_send_back(tx: Tx, command: SendBack, asking: Asking) -> codec.Body | Refusal:
    crossing = tx.get(Crossing, id=command.transfer)
    if crossing is None or crossing.state != HELD:
        return Refusal(Code.NOT_HELD, {}, (Action.HOME,))
    if refusal := restoring.refuse_unheard(tx, crossing.hub):
        return refusal
    if asking.actor is None:
        # Nothing expires on a doubtful clock (design.md 6).
        until = crossing.opened_ms + asking.rules.credit.held_days * _DAY_MS
        old = dues.over(tx, crossing.opened_entry, until, asking.at)
        return {} if old else Refusal(Code.NOT_YET, {}, ())
    if refusal := powers.refuse_unless_keeper(tx, asking.actor):
        return refusal
    near = accounts.get(tx, crossing.near)
    if near is not None and accounts.reaches(tx, near, asking.actor):
        return Refusal(Code.PARTY, {}, (Action.ASK_KEEPER,))
    if not tidy("reason", command.reason):
        return Refusal(Code.TEXT_MISSING, {}, (Action.TRY_AGAIN,))
    return too_long(command.reason, LONGEST_LINE) or {}


def _back_stands(tx: Tx, entry: Entry) -> bool:
    crossing = tx.get(Crossing, id=entry.act.payload["transfer"])
    return crossing is not None and crossing.state == HELD and powers.by_keeper(tx, entry)


def _apply_send_back(tx: Tx, entry: Entry) -> None:
    why = Why.EXPIRED if entry.actor is None else Why.KEEPER
    _return(tx, entry, _held(tx, entry, entry.act.payload["transfer"]), why)


def _recalled(tx: Tx, p: codec.Body) -> Crossing | None:
    return tx.get(
        Crossing,
        hub=p["hub"],
        outgoing=False,
        incarnation=p["their_incarnation"],
        number=p["their_number"],
    )


def _decide_recall(tx: Tx, command: ArriveRecall, asking: Asking) -> codec.Body | Refusal:
    if tx.get(Neighbour, hub=command.hub) is None:
        return Refusal(Code.UNKNOWN_HUB, {"hub": command.hub}, ())
    return {"fits": _recalled(tx, command.payload()) is not None}


def _recall_stands(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    known = tx.get(Neighbour, hub=p["hub"]) is not None
    return known and entry.outcome["fits"] is (_recalled(tx, p) is not None)


def _apply_recall(tx: Tx, entry: Entry) -> None:
    crossing = _recalled(tx, entry.act.payload)
    if crossing is None:
        trunks.mark(tx, entry, entry.act.payload["hub"], fits=False)
    elif crossing.state == HELD:
        _return(tx, entry, crossing, Why.RECALLED)


_COMES: Final = {
    "payer": shape.or_none(ACCOUNT),
    "payee": shape.or_none(ACCOUNT),
    "amount": AMOUNT,
    "category": word,
}
_ASKS: Final = {"their_incarnation": trunks.INCARNATION, "their_number": trunks.NUMBER}

HANDLERS = (
    Handler(ArriveSent, _decide_arrive, _apply_arrive, _arrival_stands, trunks.ARRIVED | _COMES, ("hub",)),
    Handler(ArriveRecall, _decide_recall, _apply_recall, _recall_stands, trunks.ARRIVED | _ASKS, ("hub",)),
    Handler(TakeHeld, _decide_take, _apply_take, _taking_stands, {"transfer": RECORD}, ("hub",)),
    Handler(
        SendBack, _decide_send_back, _apply_send_back, _back_stands, {"transfer": RECORD}, ("member", "hub")
    ),
)
