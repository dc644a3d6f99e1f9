"""Payments between hubs that only the neighbours' books remember, posted again after a restore.

::

    (nothing here) --recover_sent--> arrived    a member paid in the lost time, the neighbour accepted
    (nothing here) --recover_sent--> returned   it came back: counted, moves nothing
    (nothing, held) --recover_received--> arrived, or returned   this hub had answered in the lost time
    (on its way)  --arrive_seen--> on its way   said again in the new life: the neighbour had not read it

Two records prove each: the neighbour's, which names this hub's own of the life that was closed, and
that own one, which this hub signed and anybody may have kept. What was accepted stands: it is posted
outside all limits, and nothing goes on the feed, as the neighbour has had its answer. The account
may have been opened in the lost time, too; then it goes to *unresolved* (``unresolved.py``).
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import chain, feed, letters, shape
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.letters import Named, Why
from appliance.ledger.book.records import Kind, position
from appliance.ledger.book.schema import Crossing, Member, Neighbour, Transfer
from appliance.ledger.book.schema_far import CareAsk
from appliance.ledger.book.schema_hubs import OutgoingPast
from appliance.ledger.book.schema_recovery import Awaited, Recovered, Restored
from appliance.ledger.book.shape import ACCOUNT, AMOUNT, word
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless
from appliance.ledger.errors import Code, Refusal
from appliance.ledger.money import accounts, trunks
from appliance.ledger.money.crossings import close, move, open_transfer
from appliance.ledger.money.transfers import ARRIVED, HELD, ON_WAY, RECEIVED, RETURNED, SENT
from appliance.ledger.people import powers, restoring
from appliance.ledger.people.roster import own_place, trunk_of
from appliance.ledger.values import COMMONS, UNRESOLVED


@dataclass(frozen=True, slots=True)
class _Recovery(trunks.Arrival):
    """What both kinds name: the neighbour's record, and the own one of a life that was closed.

    ``near`` is the account here, ``far`` the one at the neighbour; ``why`` it came back, or None.
    """

    ours: Named
    our_record: bytes
    near: int
    far: int
    amount: int
    why: Why | None
    category: str = "other"
    note: str = ""

    def payload(self) -> codec.Body:
        return self.named() | {
            "our_incarnation": self.ours.incarnation,
            "our_number": self.ours.number,
            "our_record": self.our_record,
            "near": self.near,
            "far": self.far,
            "amount": self.amount,
            "category": self.category,
            "why": None if self.why is None else str(self.why),
        }

    def private(self) -> dict[str, str]:
        return {"note": self.note} if self.note else {}


@dataclass(frozen=True, slots=True)
class RecoverSent(_Recovery):
    """A payment that left here in the lost time, and the neighbour's answer to it."""

    KIND: ClassVar[str] = "recover_sent"
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class RecoverReceived(_Recovery):
    """A neighbour's payment that this hub answered in the lost time."""

    KIND: ClassVar[str] = "recover_received"
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class ArriveSeen(Wordless, trunks.Arrival):
    """A neighbour says up to where it had read the own life ``old`` when it saw ``seen``, the new one.

    Whatever it had read and accepted stands; what it had not read never takes effect, and is said again.
    """

    KIND: ClassVar[str] = "arrive_seen"
    VERSION: ClassVar[int] = 1

    seen: int
    old: int
    read: int

    def payload(self) -> codec.Body:
        return self.named() | {"seen": self.seen, "old": self.old, "read": self.read}


def home(tx: Tx, near: int, life: int) -> int:
    """Where a recovered payment of or for account ``near`` is posted: there, or *unresolved*.

    An account that was opened after the restore is another's, whatever its number; one whose owner
    has left stays at zero.
    """
    ended, account = restoring.closing(tx, life), accounts.get(tx, near)
    if ended is None or account is None or account.entry >= ended.entry:
        return UNRESOLVED
    if account.kind == accounts.COMMONS_KIND:
        return COMMONS
    owner = tx.get(Member, number=account.owner)
    gone = owner is None or owner.status in (powers.APPLIED, powers.CLOSED) or accounts.closed(tx, account)
    return UNRESOLVED if account.kind != accounts.MEMBER or gone else near


def _after_close(tx: Tx, payload: codec.Body) -> bool:
    """Whether the own record is of a life that was closed, and after its end as the book knew it."""
    ended = restoring.closing(tx, payload["our_incarnation"])
    return (
        ended is not None
        and (payload["our_incarnation"] > ended.old or payload["our_number"] > ended.closed)
        and tx.get(Neighbour, hub=payload["hub"]) is not None
    )


def _outcome(tx: Tx, payload: codec.Body) -> codec.Body:
    posted = None if payload["why"] else home(tx, payload["near"], payload["our_incarnation"])
    return {"account": posted}


def _sent_of(tx: Tx, p: codec.Body) -> Crossing | None:
    key = {"incarnation": p["our_incarnation"], "number": p["our_number"]}
    return tx.get(Crossing, hub=p["hub"], outgoing=True, **key)


def _received_of(tx: Tx, p: codec.Body) -> Crossing | None:
    return tx.get(Crossing, hub=p["hub"], outgoing=False, incarnation=p["incarnation"], number=p["number"])


def _sent_fits(tx: Tx, p: codec.Body) -> bool:
    return _after_close(tx, p) and _sent_of(tx, p) is None


def _received_fits(tx: Tx, p: codec.Body) -> bool:
    known = _received_of(tx, p)
    same = known is None or (
        known.state == HELD and (known.near, known.far, known.amount) == (p["near"], p["far"], p["amount"])
    )
    return same and _after_close(tx, p)


_NOT_AWAITED: Final = Refusal(Code.NOT_AWAITED, {}, ())


def _decide_sent(tx: Tx, command: RecoverSent, asking: Asking) -> codec.Body | Refusal:
    p = command.payload()
    return _outcome(tx, p) if _sent_fits(tx, p) else _NOT_AWAITED


def _decide_received(tx: Tx, command: RecoverReceived, asking: Asking) -> codec.Body | Refusal:
    p = command.payload()
    return _outcome(tx, p) if _received_fits(tx, p) else _NOT_AWAITED


def _sent_stands(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    return _sent_fits(tx, p) and entry.outcome == _outcome(tx, p)


def _received_stands(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    return _received_fits(tx, p) and entry.outcome == _outcome(tx, p)


def _apply_sent(tx: Tx, entry: Entry) -> None:
    p, account = entry.act.payload, entry.outcome["account"]
    names = {"incarnation": p["our_incarnation"], "number": p["our_number"]}
    names["answer"] = position(p["incarnation"], p["number"])
    _insert(tx, entry, outgoing=True, **names)
    if account is None:
        trunks.count(tx, p["hub"], sent=p["amount"], refunded=p["amount"])
        return
    trunk = trunk_of(p["hub"])
    open_transfer(tx, entry, SENT, ARRIVED, account, trunk, p)
    move(tx, entry, entry.record, account, trunk, p["amount"])
    trunks.count(tx, p["hub"], sent=p["amount"], arrived=p["amount"])
    _keep(tx, entry, entry.record)


def _insert(tx: Tx, entry: Entry, **names: object) -> None:
    p = entry.act.payload
    tx.insert(
        Crossing,
        id=entry.record,
        hub=p["hub"],
        near=p["near"],
        far=p["far"],
        amount=p["amount"],
        state=RETURNED if p["why"] else ARRIVED,
        why=p["why"],
        recalled=False,
        opened_entry=entry.number,
        opened_ms=entry.act.at.ms,
        closed_entry=entry.number,
        **names,
    )


def _said(p: codec.Body) -> int:
    """Where an own answer of the lost time stands in all lives of the feed."""
    return position(p["our_incarnation"], p["our_number"])


def _apply_received(tx: Tx, entry: Entry) -> None:
    p, account = entry.act.payload, entry.outcome["account"]
    known = _received_of(tx, p)
    if known is not None:
        # It was held when the backup was made.
        transfer = bytes(known.id)
        state = RETURNED if account is None else ARRIVED
        close(tx, entry, known, state, p["why"], _said(p))
        trunks.count(tx, p["hub"], held=-p["amount"])
    else:
        transfer = entry.record
        names = {"incarnation": p["incarnation"], "number": p["number"], "answer": _said(p)}
        _insert(tx, entry, outgoing=False, **names)
    if account is None:
        trunks.count(tx, p["hub"], returned=p["amount"])
        return
    trunk = trunk_of(p["hub"])
    if known is None:
        open_transfer(tx, entry, RECEIVED, ARRIVED, trunk, account, p)
    else:
        at = entry.act.at
        tx.update(Transfer, {"id": transfer}, payee=account, closed_ms=at.ms, closed_quality=int(at.quality))
    move(tx, entry, transfer, trunk, account, p["amount"])
    trunks.count(tx, p["hub"], accepted=p["amount"])
    _keep(tx, entry, transfer)


def _keep(tx: Tx, entry: Entry, transfer: bytes) -> None:
    p = entry.act.payload
    tx.insert(
        Recovered,
        transfer=transfer,
        hub=p["hub"],
        life=p["our_incarnation"],
        number=p["our_number"],
        near=p["near"],
        account=entry.outcome["account"],
        entry=entry.number,
    )


def _decide_seen(tx: Tx, command: ArriveSeen, asking: Asking) -> codec.Body | Refusal:
    return {} if _seen_fits(tx, command.payload()) else _NOT_AWAITED


def _seen_fits(tx: Tx, p: codec.Body) -> bool:
    return (
        p["old"] < p["seen"] <= own_place(tx).incarnation
        and tx.first(_AWAITED, p["hub"], p["seen"]) is not None
    )


_AWAITED: Final = "SELECT 1 FROM awaited WHERE hub = ? AND incarnation <= ? AND heard_entry IS NULL LIMIT 1"


def _seen_stands(tx: Tx, entry: Entry) -> bool:
    return _seen_fits(tx, entry.act.payload)


def _apply_seen(tx: Tx, entry: Entry) -> None:
    p = entry.act.payload
    rows = tx.rows(
        Awaited.select().where(
            (Awaited.hub == p["hub"]) & (Awaited.incarnation <= p["seen"]) & Awaited.heard_entry.is_null()
        )
    )
    said = {"life": p["incarnation"], "number": p["number"], "old": p["old"], "read": p["read"]}
    for row in rows:
        key = {"incarnation": row.incarnation, "hub": row.hub}
        tx.update(Awaited, key, heard_entry=entry.number, **said)
    for row in _unread(tx, p["hub"], p["seen"], p["old"], p["read"]):
        _say_again(tx, entry, row)


def _unread(tx: Tx, hub: int, seen: int, old: int, read: int) -> list[OutgoingPast]:
    """What the book put on the feed for a neighbour in earlier lives, and it never read nor will."""
    found: list[OutgoingPast] = []
    for ended in tx.rows(
        Restored.select().where(Restored.incarnation <= seen).order_by(Restored.incarnation)
    ):
        if ended.old < old:
            continue
        first = max(ended.closed, read if ended.old == old else 0)
        query = OutgoingPast.select().where(
            (OutgoingPast.to == hub) & (OutgoingPast.incarnation == ended.old) & (OutgoingPast.number > first)
        )
        found += tx.rows(query.order_by(OutgoingPast.number))
    return found


def _say_again(tx: Tx, entry: Entry, row: OutgoingPast) -> None:
    """Put a record of an earlier life on the feed of this one, if it still says something."""
    if row.kind == Kind.SENT:
        name = {"incarnation": row.incarnation, "number": row.number}
        crossing = tx.get(Crossing, hub=row.to, outgoing=True, **name)
        if crossing is not None and crossing.state == ON_WAY:
            number = feed.emit_again(tx, entry, row)
            renamed = {"incarnation": entry.act.place.incarnation, "number": number}
            tx.update(Crossing, {"id": bytes(crossing.id)}, **renamed)
    elif row.kind in (Kind.ACCEPTED, Kind.RETURNED):
        crossing = tx.get(Crossing, hub=row.to, outgoing=False, answer=position(row.incarnation, row.number))
        if crossing is not None:
            number = feed.emit_again(tx, entry, row)
            answer = position(entry.act.place.incarnation, number)
            tx.update(Crossing, {"id": bytes(crossing.id)}, answer=answer)
    elif row.kind == Kind.RECALL:
        asked = chain.by_number(tx, row.entry)
        crossing = None if asked is None else tx.get(Crossing, id=asked.act.payload["transfer"])
        if crossing is not None and crossing.state == ON_WAY:
            named = Named(crossing.incarnation, crossing.number)
            feed.emit(tx, entry, Kind.RECALL, row.to, letters.answer(named))
    elif row.kind == Kind.CARE_ASK:
        place = {"incarnation": row.incarnation, "number": row.number}
        ask = tx.get(CareAsk, **place)
        if ask is not None and ask.state == "open":
            number = feed.emit_again(tx, entry, row)
            tx.update(CareAsk, place, incarnation=entry.act.place.incarnation, number=number)
    elif row.kind in _SAID_AS_IT_WAS:
        feed.emit_again(tx, entry, row)


_SAID_AS_IT_WAS: Final = (Kind.SEEN, Kind.CARE_KEY, Kind.CARE_SIGN, Kind.CARE_NO, Kind.CARE_TOLD)
"""Who reads one of these twice, or one that is about nothing any more, does nothing."""


_BOTH: Final = trunks.ARRIVED | {
    "our_incarnation": trunks.INCARNATION,
    "our_number": trunks.NUMBER,
    "our_record": shape.DIGEST,
    "near": ACCOUNT,
    "far": ACCOUNT,
    "amount": AMOUNT,
    "category": word,
    "why": shape.or_none(shape.one_of(*Why)),
}

_SEEN: Final = {"seen": trunks.INCARNATION, "old": trunks.INCARNATION, "read": shape.whole(0, (1 << 40) - 1)}

HANDLERS = (
    Handler(RecoverSent, _decide_sent, _apply_sent, _sent_stands, _BOTH, ("hub",)),
    Handler(ArriveSeen, _decide_seen, _apply_seen, _seen_stands, trunks.ARRIVED | _SEEN, ("hub",)),
    Handler(RecoverReceived, _decide_received, _apply_received, _received_stands, _BOTH, ("hub",)),
)
