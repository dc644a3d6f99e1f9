"""Trade loops across hubs: what a hub that has found one asks here, what others answer, how it ended. All by rule, as they arrive.

Who is asked and is not there, or has taken the listing down, is answered for at once: no. The end that the finding hub
says holds, also of a loop that had lapsed here meanwhile.

Two hubs that look at one moment can ask the same people. Then the loop of the hub with the lower number goes on, in both: that hub does not take up
the other's, and the other one ends its own as *joined*, which nobody reads of; who has said yes to it for the same trade has said yes.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import feed, letters_loops, shape
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.letters import Named
from appliance.ledger.book.letters_loops import ENDS, LAPSED, MOST, Leg
from appliance.ledger.book.records import Kind
from appliance.ledger.book.schema import Neighbour
from appliance.ledger.book.schema_trading import LoopLeg, LoopTold, TradeLoop
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless
from appliance.ledger.errors import Code, Refusal
from appliance.ledger.market import loops
from appliance.ledger.market.listings import OPEN
from appliance.ledger.market.loops import AMOUNT, DAY_MS, LEGS
from appliance.ledger.money import trunks
from appliance.ledger.people.roster import own_place
from appliance.ledger.values import RecordId


@dataclass(frozen=True, slots=True)
class ArriveLoop(Wordless, trunks.Arrival):
    """Another hub proposes a loop in which members of this hub are."""

    KIND: ClassVar[str] = "arrive_loop"
    VERSION: ClassVar[int] = 1

    until: int
    legs: tuple[Leg, ...]

    def payload(self) -> codec.Body:
        return self.named() | {"until": self.until, "legs": [list(astuple(leg)) for leg in self.legs]}


@dataclass(frozen=True, slots=True)
class ArriveLoopAnswer(Wordless, trunks.Arrival):
    """A member of another hub has answered a loop of ours."""

    KIND: ClassVar[str] = "arrive_loop_answer"
    VERSION: ClassVar[int] = 1

    asked: Named
    member: int
    yes: bool
    amount: int | None

    def payload(self) -> codec.Body:
        return self.named() | {
            "our_incarnation": self.asked.incarnation,
            "our_number": self.asked.number,
            "member": self.member,
            "yes": self.yes,
            "amount": self.amount,
        }


@dataclass(frozen=True, slots=True)
class ArriveLoopEnd(Wordless, trunks.Arrival):
    """The hub that proposed a loop says how it ended, and what each pays."""

    KIND: ClassVar[str] = "arrive_loop_end"
    VERSION: ClassVar[int] = 1

    asked: Named
    how: str
    amounts: tuple[int | None, ...]

    def payload(self) -> codec.Body:
        return self.named() | {
            "their_incarnation": self.asked.incarnation,
            "their_number": self.asked.number,
            "how": self.how,
            "amounts": list(self.amounts),
        }


def _known(tx: Tx, hub: int) -> Refusal | None:
    return None if tx.get(Neighbour, hub=hub) is not None else Refusal(Code.UNKNOWN_HUB, {"hub": hub}, ())


# ------------------------------------------------------------------------------------ a loop comes


def _nobody(tx: Tx, p: codec.Body) -> list[int]:
    """Who of this hub is asked and cannot say yes."""
    here, legs = own_place(tx).hub, [Leg(*values) for values in p["legs"]]
    return [leg.member for n, leg in enumerate(legs) if leg.hub == here and not loops.can(tx, legs, n)]


def _twin(tx: Tx, p: codec.Body) -> RecordId | None:
    """The loop with the same people that this hub has proposed, while it is open."""
    here, legs = own_place(tx).hub, [Leg(*values) for values in p["legs"]]
    asked = {(leg.hub, leg.member) for leg in legs}
    for leg in legs:
        for (record,) in tx.select(_OWN_OPEN, here, leg.hub, leg.member):
            if {(one.hub, one.member) for one in loops.legs_of(tx, record)} == asked:
                return RecordId(bytes(record))
    return None


_OWN_OPEN: Final = """
SELECT trade_loop.id FROM trade_loop JOIN loop_leg ON loop_leg.loop = trade_loop.id
WHERE trade_loop.hub = ? AND trade_loop.state = 'open' AND loop_leg.hub = ? AND loop_leg.member = ?
"""


def _found_at_once(tx: Tx, p: codec.Body) -> str | None:
    """Whose loop goes on where two hubs have asked the same people; None where they have not."""
    if _twin(tx, p) is None:
        return None
    return OURS if own_place(tx).hub < p["hub"] else THEIRS


OURS, THEIRS = "ours", "theirs"


def _outcome(tx: Tx, p: codec.Body) -> codec.Body:
    return {"nobody": _nobody(tx, p), "at_once": _found_at_once(tx, p)}


def _decide_loop(tx: Tx, command: ArriveLoop, asking: Asking) -> codec.Body | Refusal:
    return _known(tx, command.hub) or _outcome(tx, command.payload())


def _loop_stands(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    told = _outcome(tx, p)
    # Entries from before have no word on who else has asked: there both loops go on.
    return _known(tx, p["hub"]) is None and entry.outcome in (told, {"nobody": told["nobody"]})


def _apply_loop(tx: Tx, entry: Entry) -> None:
    p, here = entry.act.payload, entry.act.place.hub
    at_once = entry.outcome.get("at_once")
    if at_once == OURS:
        return
    twin = _twin(tx, p) if at_once == THEIRS else None
    legs = [Leg(*values) for values in p["legs"]]
    named = {name: p[name] for name in ("hub", "incarnation", "number")}
    loops.begin(tx, entry, legs, p["until"] * DAY_MS, named)
    for member in entry.outcome["nobody"]:
        _answered(tx, entry, here, member, None, yes=False)
    if twin is not None:
        for member, amount in _said_yes(tx, twin, here, legs):
            if member not in entry.outcome["nobody"]:
                _answered(tx, entry, here, member, amount, yes=True)
        loops.join(tx, entry, twin, p["hub"])


def _answered(tx: Tx, entry: Entry, here: int, member: int, amount: int | None, *, yes: bool) -> None:
    p = entry.act.payload
    loops.take(tx, entry, entry.record, here, member, amount, yes=yes)
    body = letters_loops.answer(Named(p["incarnation"], p["number"]), member, amount, yes=yes)
    feed.emit(tx, entry, Kind.LOOP_ANSWER, p["hub"], body)


def _said_yes(tx: Tx, twin: bytes, here: int, legs: Sequence[Leg]) -> list[tuple[int, int | None]]:
    """Who of this hub has said yes to giving and getting just this, and what they want for it."""
    before = loops.legs_of(tx, twin)
    trades = {(leg.hub, leg.member): (leg.offer, legs[n - 1].want) for n, leg in enumerate(legs)}
    return [
        (leg.member, leg.amount)
        for n, leg in enumerate(before)
        if leg.hub == here
        and leg.answer == loops.YES
        and trades[leg.hub, leg.member] == (leg.offer, before[n - 1].want)
    ]


# ------------------------------------------------------------------------------------ an answer comes


def _fits(tx: Tx, p: codec.Body) -> bytes | None:
    """The loop of ours that an answer is about, when it can still be given."""
    told = tx.get(LoopTold, incarnation=p["our_incarnation"], number=p["our_number"])
    row = None if told is None or told.hub != p["hub"] else tx.get(TradeLoop, id=bytes(told.loop))
    if row is None or row.state != OPEN:
        return None
    asked: Sequence[LoopLeg] = loops.legs_of(tx, bytes(row.id))
    waits = any((leg.hub, leg.member) == (p["hub"], p["member"]) for leg in asked)
    return bytes(row.id) if waits else None


def _decide_answer(tx: Tx, command: ArriveLoopAnswer, asking: Asking) -> codec.Body | Refusal:
    return _known(tx, command.hub) or {"fits": _fits(tx, command.payload()) is not None}


def _answer_stands(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    return _known(tx, p["hub"]) is None and entry.outcome["fits"] is (_fits(tx, p) is not None)


def _apply_answer(tx: Tx, entry: Entry) -> None:
    p = entry.act.payload
    loop = _fits(tx, p)
    if loop is not None:
        loops.take(tx, entry, loop, p["hub"], p["member"], p["amount"], yes=p["yes"])
        loops.settle(tx, entry, loop)


# ------------------------------------------------------------------------------------ its end comes


def _decide_end(tx: Tx, command: ArriveLoopEnd, asking: Asking) -> codec.Body | Refusal:
    return _known(tx, command.hub) or {}


def _end_stands(tx: Tx, entry: Entry) -> bool:
    return _known(tx, entry.act.payload["hub"]) is None


def _apply_end(tx: Tx, entry: Entry) -> None:
    p = entry.act.payload
    place = (p["hub"], p["their_incarnation"], p["their_number"])
    for row in tx.found(TradeLoop, "hub = ? AND incarnation = ? AND number = ?", *place):
        legs = loops.legs_of(tx, bytes(row.id))
        if row.state not in (OPEN, LAPSED) or len(legs) != len(p["amounts"]):
            continue
        for leg, amount in zip(legs, p["amounts"], strict=True):
            tx.update(LoopLeg, {"loop": leg.loop, "place": leg.place}, amount=amount)
        tx.update(TradeLoop, {"id": row.id}, state=p["how"], closed_entry=entry.number)


def _amounts(value: object) -> bool:
    return type(value) is list and len(value) <= MOST and all(map(AMOUNT, value))


_LOOP: Final = trunks.ARRIVED | {"until": shape.whole(0, 10**6), "legs": LEGS}
_ANSWER: Final = trunks.ARRIVED | {
    "our_incarnation": trunks.INCARNATION,
    "our_number": trunks.NUMBER,
    "member": shape.MEMBER,
    "yes": shape.yes_or_no,
    "amount": AMOUNT,
}
_END: Final = trunks.ARRIVED | {
    "their_incarnation": trunks.INCARNATION,
    "their_number": trunks.NUMBER,
    "how": shape.one_of(*ENDS),
    "amounts": _amounts,
}

HANDLERS = (
    Handler(ArriveLoop, _decide_loop, _apply_loop, _loop_stands, _LOOP, ("hub",)),
    Handler(ArriveLoopAnswer, _decide_answer, _apply_answer, _answer_stands, _ANSWER, ("hub",)),
    Handler(ArriveLoopEnd, _decide_end, _apply_end, _end_stands, _END, ("hub",)),
)
