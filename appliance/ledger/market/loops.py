"""Trade loops: each of two to four people serves the next one. Proposed, answered, ended; no credit moves by itself.

::

    (nothing) --propose_loop--> open (a LOOP record goes to each other hub whose members are in it)
    open --answer_loop: yes of all--> agreed: each leg is paid by its own payment (``pay_leg`` notes which)
    open --answer_loop: a no--> declined
    open --lapse_loop--> lapsed
    open --another hub has asked the same people (``loops_far``)--> joined

Whatever ends a loop, everybody can still pay everybody by ordinary credit. What other hubs ask and answer is ``loops_far``.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Any, ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import feed, letters_loops, shape
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.letters import Named
from appliance.ledger.book.letters_loops import AGREED, DECLINED, FEWEST, LAPSED, MOST, Leg
from appliance.ledger.book.records import Kind
from appliance.ledger.book.schema import Listing, Member, Neighbour
from appliance.ledger.book.schema_trading import LoopLeg, LoopTold, TradeLoop
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless
from appliance.ledger.clock import Instant
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.market.listings import OFFER, OPEN, WANT
from appliance.ledger.market.matches import goes
from appliance.ledger.money import dues
from appliance.ledger.money.trunks import HUB, NUMBER
from appliance.ledger.people import forks, powers
from appliance.ledger.people.roster import own_place
from appliance.ledger.values import MAX_AMOUNT, RecordId

ASKED, YES, NO = "asked", "yes", "no"
JOINED: Final = "joined"
"""State of a loop that has come together with the same one of another hub: nobody reads of it."""
DAY_MS: Final = 86_400_000
GRACE_DAYS: Final = 14
"""How long after its last day a loop of another hub waits for that hub's word on how it ended."""


@dataclass(frozen=True, slots=True)
class ProposeLoop(Wordless):
    """By rule: ask the people of a loop. Each leg serves the next one, the last the first."""

    KIND: ClassVar[str] = "propose_loop"
    VERSION: ClassVar[int] = 1

    legs: tuple[Leg, ...]
    until_ms: int

    def payload(self) -> codec.Body:
        return {"legs": [list(astuple(leg)) for leg in self.legs], "until_ms": self.until_ms}


@dataclass(frozen=True, slots=True)
class AnswerLoop(Wordless):
    """Say yes or no. ``amount``: what the next one shall pay for what one gives; None: as it stands."""

    KIND: ClassVar[str] = "answer_loop"
    VERSION: ClassVar[int] = 1

    loop: RecordId
    yes: bool
    amount: int | None = None

    def payload(self) -> codec.Body:
        return {"loop": self.loop, "yes": self.yes, "amount": self.amount}


@dataclass(frozen=True, slots=True)
class PayLeg(Wordless):
    """Note by which payment one has paid for what one got in a loop that all agreed to."""

    KIND: ClassVar[str] = "pay_leg"
    VERSION: ClassVar[int] = 1

    loop: RecordId
    transfer: RecordId

    def payload(self) -> codec.Body:
        return {"loop": self.loop, "transfer": self.transfer}


@dataclass(frozen=True, slots=True)
class LapseLoop(Wordless):
    """By rule: not all have answered a loop in time; or its hub has not said how it ended."""

    KIND: ClassVar[str] = "lapse_loop"
    VERSION: ClassVar[int] = 1

    loop: RecordId

    def payload(self) -> codec.Body:
        return {"loop": self.loop}


def legs_of(tx: Tx, loop: bytes) -> list[LoopLeg]:
    """The legs of a loop in their order."""
    return tx.found(LoopLeg, "loop = ? ORDER BY place", loop)


def can(tx: Tx, legs: Sequence[Leg], place: int) -> bool:
    """Whether the person at ``place``, of this hub, is there and has what the loop says, for both sides."""
    leg, before = legs[place], legs[place - 1]
    who = tx.get(Member, number=leg.member)
    offer, want = tx.get(Listing, opened_entry=leg.offer), tx.get(Listing, opened_entry=before.want)
    if who is None or who.status != powers.ACTIVE or offer is None or want is None:
        return False
    return (offer.owner, offer.kind, offer.state) == (leg.member, OFFER, OPEN) and (
        want.owner,
        want.kind,
        want.state,
    ) == (leg.member, WANT, OPEN)


def _refuse_proposal(tx: Tx, p: codec.Body) -> Refusal | None:
    here, legs = own_place(tx).hub, [Leg(*values) for values in p["legs"]]
    if all(leg.hub != here for leg in legs):
        return Refusal(Code.NOT_YOURS, {}, ())
    for place, leg in enumerate(legs):
        if leg.hub != here:
            if tx.get(Neighbour, hub=leg.hub) is None:
                return Refusal(Code.UNKNOWN_HUB, {"hub": leg.hub}, ())
            if refusal := forks.refuse_forked(tx, leg.hub):
                return refusal
        elif not can(tx, legs, place):
            return Refusal(Code.UNKNOWN_LISTING, {}, ())
        if in_open_loop(tx, leg.hub, leg.member):
            return Refusal(Code.ALREADY_ASKED, {}, ())
    if not letters_loops.fits(p["until_ms"] // DAY_MS, legs):
        return Refusal(Code.TEXT_TOO_LONG, {}, ())
    return None


def in_open_loop(tx: Tx, hub: int, member: int) -> bool:
    """Whether somebody has a loop to answer, or has answered one that waits for others."""
    return tx.first(_OPEN_LOOP, hub, member) is not None


_OPEN_LOOP: Final = """
SELECT 1 FROM loop_leg JOIN trade_loop ON trade_loop.id = loop_leg.loop
WHERE loop_leg.hub = ? AND loop_leg.member = ? AND trade_loop.state = 'open' LIMIT 1
"""


def _decide_propose(tx: Tx, command: ProposeLoop, asking: Asking) -> codec.Body | Refusal:
    p = command.payload()
    if not _legs(p["legs"]):
        return Refusal(Code.SETTING_WRONG, {}, ())
    return _refuse_proposal(tx, p) or {}


def _propose_stands(tx: Tx, entry: Entry) -> bool:
    return _refuse_proposal(tx, entry.act.payload) is None


def _apply_propose(tx: Tx, entry: Entry) -> None:
    p, here = entry.act.payload, entry.act.place
    legs = [Leg(*values) for values in p["legs"]]
    named = {"hub": here.hub, "incarnation": 0, "number": 0}
    begin(tx, entry, legs, p["until_ms"], named)
    for hub in sorted({leg.hub for leg in legs} - {here.hub}):
        number = feed.emit(tx, entry, Kind.LOOP, hub, letters_loops.loop(p["until_ms"] // DAY_MS, legs))
        tx.insert(LoopTold, loop=entry.record, hub=hub, incarnation=here.incarnation, number=number)


def begin(tx: Tx, entry: Entry, legs: Sequence[Leg], until_ms: int, named: dict[str, int]) -> None:
    """Keep a loop that ``entry`` proposes, and ask its people."""
    tx.insert(
        TradeLoop,
        id=entry.record,
        state=OPEN,
        until_ms=until_ms,
        entry=entry.number,
        closed_entry=None,
        **named,
    )
    for place, leg in enumerate(legs):
        tx.insert(
            LoopLeg,
            loop=entry.record,
            place=place,
            hub=leg.hub,
            member=leg.member,
            offer=leg.offer,
            want=leg.want,
            amount=leg.amount,
            answer=ASKED,
            transfer=None,
            entry=entry.number,
        )


# ------------------------------------------------------------------------------------ answers


def _own_leg(tx: Tx, loop: bytes, actor: int | None) -> tuple[TradeLoop, LoopLeg] | Refusal:
    if refusal := powers.refuse_unless_active(tx, actor):
        return refusal
    row, here = tx.get(TradeLoop, id=loop), own_place(tx).hub
    leg = next((leg for leg in legs_of(tx, loop) if (leg.hub, leg.member) == (here, actor)), None)
    if row is None or leg is None:
        return Refusal(Code.UNKNOWN_LOOP, {}, (Action.HOME,))
    return row, leg


def _refuse_answer(tx: Tx, p: codec.Body, actor: int | None, at: Instant) -> Refusal | None:
    found = _own_leg(tx, p["loop"], actor)
    if isinstance(found, Refusal):
        return found
    row, leg = found
    if row.state != OPEN or leg.answer == NO or dues.over(tx, row.entry, row.until_ms, at):
        return Refusal(Code.LOOP_CLOSED, {}, (Action.SHOW, Action.HOME))
    return None


def _decide_answer(tx: Tx, command: AnswerLoop, asking: Asking) -> codec.Body | Refusal:
    if command.amount is not None and not 0 <= command.amount <= MAX_AMOUNT:
        return Refusal(Code.AMOUNT_WRONG, {"amount": command.amount}, (Action.TRY_AGAIN,))
    return _refuse_answer(tx, command.payload(), asking.actor, asking.at) or {}


def _may_answer(tx: Tx, entry: Entry) -> bool:
    return _refuse_answer(tx, entry.act.payload, entry.actor, entry.act.at) is None


def _apply_answer(tx: Tx, entry: Entry) -> None:
    p, here = entry.act.payload, entry.act.place.hub
    row = tx.get(TradeLoop, id=p["loop"])
    assert row is not None  # the warrant has asked
    take(tx, entry, p["loop"], here, entry.actor or 0, p["amount"], yes=p["yes"])
    if row.hub != here:
        asked = Named(row.incarnation, row.number)
        body = letters_loops.answer(asked, entry.actor or 0, p["amount"], yes=p["yes"])
        feed.emit(tx, entry, Kind.LOOP_ANSWER, row.hub, body)
    else:
        settle(tx, entry, p["loop"])


def take(tx: Tx, entry: Entry, loop: bytes, hub: int, member: int, amount: int | None, *, yes: bool) -> None:
    """Keep the answer of one person of a loop."""
    for leg in legs_of(tx, loop):
        if (leg.hub, leg.member) == (hub, member):
            worth = amount if yes and amount is not None else leg.amount
            said = {"answer": YES if yes else NO, "amount": worth, "entry": entry.number}
            tx.update(LoopLeg, {"loop": loop, "place": leg.place}, **said)


def settle(tx: Tx, entry: Entry, loop: bytes) -> None:
    """End a loop of this hub when nobody is left to answer, or somebody has said no."""
    answers = {leg.answer for leg in legs_of(tx, loop)}
    if NO in answers:
        end(tx, entry, loop, DECLINED)
    elif answers == {YES}:
        end(tx, entry, loop, AGREED)


def end(tx: Tx, entry: Entry, loop: bytes, how: str) -> None:
    """A loop has ended; the other hubs that were asked are told."""
    tx.update(TradeLoop, {"id": loop}, state=how, closed_entry=entry.number)
    _tell_end(tx, entry, loop, how)


def join(tx: Tx, entry: Entry, loop: bytes, hub: int) -> None:
    """A loop has come together with that of ``hub``, which never took it up; others that were asked are told that it is over."""
    tx.update(TradeLoop, {"id": loop}, state=JOINED, closed_entry=entry.number)
    _tell_end(tx, entry, loop, LAPSED, but=hub)


def _tell_end(tx: Tx, entry: Entry, loop: bytes, how: str, but: int | None = None) -> None:
    amounts = [leg.amount for leg in legs_of(tx, loop)]
    for told in tx.found(LoopTold, "loop = ? ORDER BY hub", loop):
        if told.hub != but:
            body = letters_loops.end(Named(told.incarnation, told.number), how, amounts)
            feed.emit(tx, entry, Kind.LOOP_END, told.hub, body)


# ------------------------------------------------------------------------------------ paid, lapsed


def _refuse_paid(tx: Tx, p: codec.Body, actor: int | None) -> Refusal | None:
    found = _own_leg(tx, p["loop"], actor)
    if isinstance(found, Refusal):
        return found
    row, mine = found
    giver = _giver(tx, p["loop"], mine)
    here = own_place(tx).hub
    if row.state != AGREED or giver.transfer is not None:
        return Refusal(Code.LOOP_CLOSED, {}, (Action.SHOW, Action.HOME))
    used = tx.first("SELECT 1 FROM loop_leg WHERE transfer = ?", p["transfer"])
    hub = None if giver.hub == here else giver.hub
    if used is not None or not goes(tx, p["transfer"], actor or 0, hub, giver.member):
        return Refusal(Code.UNKNOWN_TRANSFER, {}, (Action.HOME,))
    return None


def _giver(tx: Tx, loop: bytes, mine: LoopLeg) -> LoopLeg:
    legs = legs_of(tx, loop)
    return legs[mine.place - 1]


def _decide_paid(tx: Tx, command: PayLeg, asking: Asking) -> codec.Body | Refusal:
    return _refuse_paid(tx, command.payload(), asking.actor) or {}


def _may_pay(tx: Tx, entry: Entry) -> bool:
    return _refuse_paid(tx, entry.act.payload, entry.actor) is None


def _apply_paid(tx: Tx, entry: Entry) -> None:
    p = entry.act.payload
    found = _own_leg(tx, p["loop"], entry.actor)
    assert not isinstance(found, Refusal)
    place = _giver(tx, p["loop"], found[1]).place
    tx.update(LoopLeg, {"loop": p["loop"], "place": place}, transfer=p["transfer"], entry=entry.number)


def _until(tx: Tx, row: TradeLoop) -> int:
    return row.until_ms + (0 if row.hub == own_place(tx).hub else GRACE_DAYS * DAY_MS)


def overdue(tx: Tx, now: Instant, most: int = 50) -> tuple[RecordId, ...]:
    """Loops that wait although their time is over, the longest overdue first."""
    rows = tx.found(TradeLoop, "state = 'open' ORDER BY until_ms LIMIT ?", dues.MOST_LOOKED_AT)
    waiting = [(RecordId(bytes(row.id)), row.entry, _until(tx, row)) for row in rows]
    return dues.those_over(tx, waiting, now, most)


def _refuse_lapse(tx: Tx, loop: bytes, at: Instant) -> Refusal | None:
    row = tx.get(TradeLoop, id=loop)
    if row is None or row.state != OPEN:
        return Refusal(Code.LOOP_CLOSED, {}, ())
    return None if dues.over(tx, row.entry, _until(tx, row), at) else Refusal(Code.NOT_YET, {}, ())


def _decide_lapse(tx: Tx, command: LapseLoop, asking: Asking) -> codec.Body | Refusal:
    return _refuse_lapse(tx, command.loop, asking.at) or {}


def _may_lapse(tx: Tx, entry: Entry) -> bool:
    return _refuse_lapse(tx, entry.act.payload["loop"], entry.act.at) is None


def _apply_lapse(tx: Tx, entry: Entry) -> None:
    end(tx, entry, entry.act.payload["loop"], LAPSED)


AMOUNT: Final = shape.or_none(shape.whole(0, MAX_AMOUNT))
_LEG: Final = (HUB, shape.MEMBER, NUMBER, NUMBER, AMOUNT)


def _legs(value: Any) -> bool:
    """Two to four legs, each person once."""
    if type(value) is not list or not FEWEST <= len(value) <= MOST:
        return False
    fine = all(
        type(leg) is list and len(leg) == 5 and all(check(one) for check, one in zip(_LEG, leg, strict=True))
        for leg in value
    )
    return fine and len({(leg[0], leg[1]) for leg in value}) == len(value)


LEGS: Final = _legs
_PROPOSED: Final = {"legs": _legs, "until_ms": shape.whole(0, 1 << 50)}
_ANSWER: Final = {"loop": shape.RECORD, "yes": shape.yes_or_no, "amount": AMOUNT}

HANDLERS = (
    Handler(ProposeLoop, _decide_propose, _apply_propose, _propose_stands, _PROPOSED, ("hub",)),
    Handler(AnswerLoop, _decide_answer, _apply_answer, _may_answer, _ANSWER),
    Handler(PayLeg, _decide_paid, _apply_paid, _may_pay, {"loop": shape.RECORD, "transfer": shape.RECORD}),
    Handler(LapseLoop, _decide_lapse, _apply_lapse, _may_lapse, {"loop": shape.RECORD}, ("hub",)),
)
