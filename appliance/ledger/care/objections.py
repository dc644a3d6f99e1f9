"""A member says that a claim is not right; a keeper without any part in it ends that, in writing.

::

    (nothing) --object_claim (from the confirmation until a time after the payment)--> open
              open --end_objection, upheld--> upheld: the claim is refused; what was paid goes back to the commons
              open --end_objection, dismissed--> dismissed: the claim goes on
              open --(the carer withdraws the claim)--> moot

While it is open the claim is not paid. Each member objects to a claim once, so a no is final.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import chain, rules, shape
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.schema import Claim, Transfer
from appliance.ledger.book.schema_care import CareObjection
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler
from appliance.ledger.care import policy, telling
from appliance.ledger.care.households import household
from appliance.ledger.care.states import CONFIRMED, DAY_MS, DISMISSED, OBJECTED, PAID, REFUSED, UPHELD
from appliance.ledger.clock import Instant
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.money import dues, reversals
from appliance.ledger.people import powers
from appliance.ledger.people.life import refuse_reason
from appliance.ledger.values import RecordId

VERDICTS: Final = (UPHELD, DISMISSED)


@dataclass(frozen=True, slots=True)
class ObjectClaim:
    """Say that a claim is not right, and why. The note is for those involved and keepers."""

    KIND: ClassVar[str] = "object_claim"
    VERSION: ClassVar[int] = 1

    claim: RecordId
    reason: str

    def payload(self) -> codec.Body:
        return {"claim": self.claim}

    def private(self) -> dict[str, str]:
        return {"reason": self.reason}


@dataclass(frozen=True, slots=True)
class EndObjection:
    """A keeper ends an objection: ``verdict`` *upheld* or *dismissed*, and why."""

    KIND: ClassVar[str] = "end_objection"
    VERSION: ClassVar[int] = 1

    objection: RecordId
    verdict: str
    reason: str

    def payload(self) -> codec.Body:
        return {"objection": self.objection, "verdict": self.verdict}

    def private(self) -> dict[str, str]:
        return {"reason": self.reason}


def refuse_objecting(tx: Tx, record: bytes, member: int | None, at: Instant) -> Refusal | None:
    """Why ``member`` cannot object to a claim now."""
    if refusal := powers.refuse_unless_active(tx, member):
        return refusal
    claim = tx.get(Claim, id=record)
    if claim is None:
        return Refusal(Code.UNKNOWN_CLAIM, {}, (Action.HOME,))
    if claim.carer == member:
        return Refusal(Code.OWN_CLAIM, {}, (Action.WITHDRAW,))
    days = rules.load(tx).care.object_days
    if claim.state not in (CONFIRMED, PAID) or not days:
        return Refusal(Code.NOT_OBJECTABLE, {"days": days}, (Action.SHOW, Action.HOME))
    if claim.state == PAID:
        number = claim.closed_entry or 0
        paid = chain.by_number(tx, number)
        if paid is None or dues.over(tx, number, paid.act.at.ms + days * DAY_MS, at):
            return Refusal(Code.NOT_OBJECTABLE, {"days": days}, (Action.SHOW, Action.HOME))
    if tx.first(_AGAIN, record, member) is not None:
        return Refusal(Code.ALREADY_OBJECTED, {}, (Action.SHOW, Action.HOME))
    return None


_AGAIN: Final = "SELECT 1 FROM care_objection WHERE claim = ? AND (state = 'open' OR member = ?)"


def _decide_object(tx: Tx, command: ObjectClaim, asking: Asking) -> codec.Body | Refusal:
    refused = refuse_objecting(tx, command.claim, asking.actor, asking.at)
    return refused or refuse_reason(command.reason) or {}


def _may_object(tx: Tx, entry: Entry) -> bool:
    return refuse_objecting(tx, entry.act.payload["claim"], entry.actor, entry.act.at) is None


def _apply_object(tx: Tx, entry: Entry) -> None:
    claim = entry.act.payload["claim"]
    tx.insert(
        CareObjection, id=entry.record, claim=claim, member=entry.actor, state=OBJECTED, entry=entry.number
    )


def refuse_ending(tx: Tx, record: bytes, verdict: str, keeper: int | None) -> Refusal | None:
    """Why ``keeper`` cannot end an objection so."""
    if refusal := powers.refuse_unless_keeper(tx, keeper):
        return refusal
    objection = tx.get(CareObjection, id=record)
    claim = None if objection is None else tx.get(Claim, id=objection.claim)
    if objection is None or claim is None or objection.state != OBJECTED:
        return Refusal(Code.NOT_OBJECTED, {}, (Action.SHOW, Action.HOME))
    if _concerns(tx, objection, claim, keeper or 0):
        return Refusal(Code.PARTY, {}, (Action.ASK_KEEPER,))
    paid = _to_reverse(tx, claim) if verdict == UPHELD else None
    if paid is not None and reversals.of_somebody_gone(tx, paid):
        return Refusal(Code.ACCOUNT_CLOSED, {}, (Action.ASK_KEEPER,))
    return None


def who_may_end(tx: Tx, record: bytes) -> tuple[int, ...]:
    """The keepers who can end an open objection now: all who have no part in it. None: one more must be appointed."""
    objection = tx.get(CareObjection, id=record)
    claim = None if objection is None else tx.get(Claim, id=objection.claim)
    if objection is None or claim is None or objection.state != OBJECTED:
        return ()
    return tuple(one for one in powers.keepers(tx) if not _concerns(tx, objection, claim, one))


def _concerns(tx: Tx, objection: CareObjection, claim: Claim, keeper: int) -> bool:
    """Whether ``keeper`` or somebody of the household has a part in the claim or in what is said against it."""
    return policy.part_in(tx, claim, keeper) or objection.member in household(tx, keeper, claim.day)


def _to_reverse(tx: Tx, claim: Claim) -> Transfer | None:
    """What was paid for the claim and not given back."""
    paid = None if claim.transfer is None else tx.get(Transfer, id=claim.transfer)
    return paid if paid is not None and paid.reversed_by is None else None


def _decide_end(tx: Tx, command: EndObjection, asking: Asking) -> codec.Body | Refusal:
    if command.verdict not in VERDICTS:
        return Refusal(Code.SETTING_WRONG, {}, (Action.TRY_AGAIN,))
    refused = refuse_ending(tx, command.objection, command.verdict, asking.actor)
    return refused or refuse_reason(command.reason) or {}


def _may_end(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    return refuse_ending(tx, p["objection"], p["verdict"], entry.actor) is None


def _apply_end(tx: Tx, entry: Entry) -> None:
    p = entry.act.payload
    objection = tx.get(CareObjection, id=p["objection"])
    claim = None if objection is None else tx.get(Claim, id=objection.claim)
    if objection is None or claim is None:
        return
    ended = {"keeper": entry.actor, "closed_entry": entry.number}
    tx.update(CareObjection, {"id": objection.id}, state=p["verdict"], **ended)
    if p["verdict"] == UPHELD:
        if (paid := _to_reverse(tx, claim)) is not None:
            reversals.give_back(tx, entry, bytes(paid.id))
        tx.update(Claim, {"id": claim.id}, state=REFUSED, closed_entry=entry.number)
        telling.end(tx, entry, claim.id, REFUSED)


HANDLERS = (
    Handler(ObjectClaim, _decide_object, _apply_object, _may_object, {"claim": shape.RECORD}),
    Handler(
        EndObjection,
        _decide_end,
        _apply_end,
        _may_end,
        {"objection": shape.RECORD, "verdict": shape.one_of(*VERDICTS)},
    ),
)
