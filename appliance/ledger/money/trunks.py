"""Trunks: the accounts that hubs keep toward each other, and whether both sides agree.

As between correspondent banks: paying somebody at Hill debits the payer at River and credits
River's trunk toward Hill; Hill debits its own trunk toward River and credits the payee. A
trunk's balance is what we owe the neighbour's members (negative: what it owes ours). Both
sides set limits: ``high`` bounds what we send, ``low`` what a stolen or mad hub can cost us.

A *checkpoint* tells a neighbour our totals over our feed up to that record and over what we
have seen of its feed. It compares them with its own over the same records; what does not add
up marks the neighbour, and trading at home goes on.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import feed, letters, shape
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.letters import Checkpoint
from appliance.ledger.book.records import Kind, life_and_number, position
from appliance.ledger.book.schema import AccountRow, Neighbour
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless
from appliance.ledger.errors import Action, BookDamaged, Code, Refusal
from appliance.ledger.people import powers
from appliance.ledger.people.roster import member_of, own_place, trunk_of
from appliance.ledger.people.words import LONGEST_LINE, tidy, too_long
from appliance.ledger.values import HUB_NUMBERS, MAX_AMOUNT

HUB: Final = shape.whole(HUB_NUMBERS.start, HUB_NUMBERS.stop - 1)
INCARNATION: Final = shape.whole(1, (1 << 16) - 1)
NUMBER: Final = shape.whole(1, (1 << 40) - 1)
TOTAL: Final = shape.whole(0, 1 << 62)


LINK_TO_COME: Final = bytes(32)
"""Stands in a checkpoint's plain text for the link that is known when it is sealed."""


def trunk(tx: Tx, hub: int) -> AccountRow:
    """The account toward ``hub``.

    Raises:
        BookDamaged: the hub is no neighbour.
    """
    row = tx.get(AccountRow, number=trunk_of(hub))
    if row is None:
        raise BookDamaged(f"hub {hub} has no trunk")
    return row


def can_send(tx: Tx, hub: int) -> int:
    """How much more may go to ``hub`` before its trunk is at our limit."""
    row = trunk(tx, hub)
    return MAX_AMOUNT if row.high is None else max(0, row.high - row.balance)


def can_take(tx: Tx, hub: int) -> int:
    """How much more of ``hub``'s payments we accept before its trunk is at our limit."""
    row = trunk(tx, hub)
    return MAX_AMOUNT if row.low is None else max(0, row.balance - row.low)


def count(tx: Tx, hub: int, **more: int) -> None:
    """Add to the totals that are kept with ``hub``; a negative number takes away."""
    row = tx.get(Neighbour, hub=hub)
    if row is None:
        raise BookDamaged(f"hub {hub} is no neighbour")
    tx.update(Neighbour, {"hub": hub}, **{name: getattr(row, name) + n for name, n in more.items()})


@dataclass(frozen=True, slots=True)
class SetTrunk:
    """A keeper gives a trunk other limits, and says why."""

    KIND: ClassVar[str] = "set_trunk"
    VERSION: ClassVar[int] = 1

    hub: int
    low: int
    high: int
    reason: str

    def payload(self) -> codec.Body:
        return {"hub": self.hub, "low": self.low, "high": self.high}

    def private(self) -> dict[str, str]:
        return {"reason": self.reason}


def _decide_set(tx: Tx, command: SetTrunk, asking: Asking) -> codec.Body | Refusal:
    if refusal := powers.refuse_unless_keeper(tx, asking.actor):
        return refusal
    if tx.get(Neighbour, hub=command.hub) is None:
        return Refusal(Code.UNKNOWN_HUB, {"hub": command.hub}, (Action.HOME,))
    if not -MAX_AMOUNT <= command.low <= 0 <= command.high <= MAX_AMOUNT:
        return Refusal(Code.LIMITS_WRONG, {}, (Action.TRY_AGAIN,))
    if not tidy("reason", command.reason):
        return Refusal(Code.TEXT_MISSING, {}, (Action.TRY_AGAIN,))
    return too_long(command.reason, LONGEST_LINE) or {}


def _apply_set(tx: Tx, entry: Entry) -> None:
    p = entry.act.payload
    tx.update(AccountRow, {"number": trunk_of(p["hub"])}, low=p["low"], high=p["high"])


def _may_set(tx: Tx, entry: Entry) -> bool:
    return tx.get(Neighbour, hub=entry.act.payload["hub"]) is not None and powers.by_keeper(tx, entry)


@dataclass(frozen=True, slots=True)
class TellPosition(Wordless):
    """By rule: tell a neighbour where we stand toward it."""

    KIND: ClassVar[str] = "tell_position"
    VERSION: ClassVar[int] = 1

    hub: int

    def payload(self) -> codec.Body:
        return {"hub": self.hub}


def _decide_tell(tx: Tx, command: TellPosition, asking: Asking) -> codec.Body | Refusal:
    row = member_of(tx, command.hub)
    if row is None or tx.get(Neighbour, hub=command.hub) is None:
        return Refusal(Code.UNKNOWN_HUB, {"hub": command.hub}, (Action.HOME,))
    # Whatever stands up to there has taken effect here: the one who tells is the one who reads.
    return {"seen": position(row.incarnation, feed.state(tx, command.hub, row.incarnation).read)}


def _apply_tell(tx: Tx, entry: Entry) -> None:
    hub = entry.act.payload["hub"]
    row = tx.get(Neighbour, hub=hub)
    if row is None:
        raise BookDamaged(f"hub {hub} is no neighbour", entry.number)
    # The link is the feed's own; it is filled in when the record is sealed.
    position = Checkpoint(
        LINK_TO_COME,
        entry.outcome["seen"],
        row.sent,
        row.refunded,
        row.accepted,
        row.returned,
        row.held,
        entry.number - 1,
        entry.previous[:16],
    )
    feed.emit(tx, entry, Kind.CHECKPOINT, hub, letters.checkpoint(position))
    tx.update(Neighbour, {"hub": hub}, told_entry=entry.number, told_ms=entry.act.at.ms)


def _of_neighbour(tx: Tx, entry: Entry) -> bool:
    return tx.get(Neighbour, hub=entry.act.payload["hub"]) is not None


@dataclass(frozen=True, slots=True)
class Arrival:
    """What every command about an arrived record names: which one, and the digest of its content."""

    hub: int
    incarnation: int
    number: int
    record: bytes

    def named(self) -> codec.Body:
        """These fields, for the payload (``ARRIVED``)."""
        return {
            "hub": self.hub,
            "incarnation": self.incarnation,
            "number": self.number,
            "record": self.record,
        }


@dataclass(frozen=True, slots=True)
class ArriveCheckpoint(Wordless, Arrival):
    """A neighbour's checkpoint has come."""

    KIND: ClassVar[str] = "arrive_checkpoint"
    VERSION: ClassVar[int] = 1

    position: Checkpoint

    def payload(self) -> codec.Body:
        p = self.position
        return self.named() | {
            "link": p.link,
            "seen": p.seen,
            "sent": p.sent,
            "refunded": p.refunded,
            "accepted": p.accepted,
            "returned": p.returned,
            "held": p.held,
            "entry": p.entry,
            "head": p.head,
        }


def _adds_up(tx: Tx, said: codec.Body) -> bool:
    """Whether a neighbour's totals are ours, over the very same records.

    We have read its feed up to the checkpoint, so what it says of that is what we counted. Of
    our own feed it has seen a part: that part is summed anew.
    """
    mine = tx.get(Neighbour, hub=said["hub"])
    if mine is None:
        return False
    their_answers = (said["accepted"], said["returned"]) == (mine.arrived, mine.refunded)
    their_payments = said["sent"] == mine.accepted + mine.returned + mine.held
    sent, returned = (_sum(tx, sql, said["hub"], said["seen"]) for sql in (_SENT_SEEN, _RETURNED_SEEN))
    seen = sent == said["accepted"] + said["returned"] + said["held"] and returned == said["refunded"]
    # More than we have ever said: it makes things up, or this box has forgotten.
    life, number = life_and_number(said["seen"])
    present = own_place(tx).incarnation
    said_so = life < present or (life == present and number <= feed.last_outgoing(tx))
    return their_answers and their_payments and seen and said_so


def _sum(tx: Tx, sql: str, hub: int, number: int) -> int:
    found = tx.first(sql, hub, number)
    return int(found[0] or 0) if found else 0


_SENT_SEEN: Final = (
    "SELECT SUM(amount) FROM crossing WHERE outgoing AND hub = ? AND ((incarnation - 1) << 40 | number) <= ?"
)
_RETURNED_SEEN: Final = (
    "SELECT SUM(amount) FROM crossing WHERE NOT outgoing AND hub = ? AND state = 'returned' AND answer <= ?"
)


def _decide_checkpoint(tx: Tx, command: ArriveCheckpoint, asking: Asking) -> codec.Body | Refusal:
    if tx.get(Neighbour, hub=command.hub) is None:
        return Refusal(Code.UNKNOWN_HUB, {"hub": command.hub}, ())
    row = feed.state(tx, command.hub, command.incarnation)
    linked = feed.link_before(tx, row, command.number) == command.position.link
    return {"fits": linked and _adds_up(tx, command.payload())}


def _may_fit(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    known = tx.get(Neighbour, hub=p["hub"]) is not None
    return known and (entry.outcome["fits"] is False or _adds_up(tx, p))


def _apply_checkpoint(tx: Tx, entry: Entry) -> None:
    mark(tx, entry, entry.act.payload["hub"], entry.outcome["fits"])
    tx.update(Neighbour, {"hub": entry.act.payload["hub"]}, checked_entry=entry.number)


def mark(tx: Tx, entry: Entry, hub: int, fits: bool) -> None:
    """Remember that what a neighbour said did not add up; or that it does again."""
    row = tx.get(Neighbour, hub=hub)
    if row is None:
        raise BookDamaged(f"hub {hub} is no neighbour", entry.number)
    since = None if fits else row.mismatch_entry or entry.number
    tx.update(Neighbour, {"hub": hub}, mismatch_entry=since)


ARRIVED: Final[dict[str, Any]] = {
    "hub": HUB,
    "incarnation": INCARNATION,
    "number": NUMBER,
    "record": shape.DIGEST,
}
"""What every entry about an arrived record names: which record, and the digest of its content."""

# A clock that ran ahead and was set back must not keep us silent until it gets there again.
POSITION_DUE: Final = """
SELECT hub FROM neighbour
WHERE (COALESCE(told_ms, 0) <= ? OR told_ms > ?) AND EXISTS (
    SELECT 1 FROM crossing WHERE crossing.hub = neighbour.hub
    AND MAX(crossing.opened_entry, COALESCE(crossing.closed_entry, 0)) > COALESCE(neighbour.told_entry, 0))
ORDER BY hub
"""
"""To whom a position is due: who was told last before the first moment given, or behind the second."""

_SET: Final = {"hub": HUB, "low": shape.whole(-MAX_AMOUNT, 0), "high": shape.whole(0, MAX_AMOUNT)}
_POSITION: Final = {
    **dict.fromkeys(("sent", "refunded", "accepted", "returned", "held"), TOTAL),
    "link": shape.DIGEST,
    "seen": shape.whole(0, 1 << 56),
    "entry": TOTAL,
    "head": shape.blob(16),
}

HANDLERS = (
    Handler(SetTrunk, _decide_set, _apply_set, _may_set, _SET),
    Handler(TellPosition, _decide_tell, _apply_tell, _of_neighbour, {"hub": HUB}, ("hub",)),
    Handler(
        ArriveCheckpoint,
        _decide_checkpoint,
        _apply_checkpoint,
        _may_fit,
        ARRIVED | _POSITION,
        ("hub",),
    ),
)
