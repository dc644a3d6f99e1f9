"""By rule: a confirmed claim is paid from the commons, and one that too few confirmed in time expires.

Confirmed claims wait in the order in which they were written down. What holds up the commons (its floor,
its budget) holds up all of them, so a small claim does not overtake a large one; what holds up one claim
(an objection, the waiting time of a large one, its carer's limit) holds up nobody else.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import rules, shape
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.schema import Claim, Transfer
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless
from appliance.ledger.care import policy, signing, telling
from appliance.ledger.care.claims import open_claim
from appliance.ledger.care.states import CONFIRMED, EXPIRED, LAPSED, OPEN, PAID
from appliance.ledger.clock import Instant
from appliance.ledger.errors import Action, BookDamaged, Code, Refusal
from appliance.ledger.money import accounts, dues
from appliance.ledger.money.postings import post
from appliance.ledger.money.transfers import CARE, DONE
from appliance.ledger.values import COMMONS, AccountNumber, Amount, RecordId


@dataclass(frozen=True, slots=True)
class Settle(Wordless):
    """The hub pays a confirmed claim from the commons (rule *quorum*)."""

    KIND: ClassVar[str] = "settle"
    VERSION: ClassVar[int] = 2

    claim: RecordId

    def payload(self) -> codec.Body:
        return {"claim": self.claim}


@dataclass(frozen=True, slots=True)
class ExpireClaim(Wordless):
    """By rule: a claim that too few confirmed in time ends."""

    KIND: ClassVar[str] = "expire_claim"
    VERSION: ClassVar[int] = 1

    claim: RecordId

    def payload(self) -> codec.Body:
        return {"claim": self.claim}


def _confirmed(tx: Tx, record: bytes) -> Claim | Refusal:
    claim = tx.get(Claim, id=record)
    if claim is None:
        return Refusal(Code.UNKNOWN_CLAIM, {}, (Action.HOME,))
    if claim.state == OPEN:
        missing = max(1, claim.quorum - policy.progress(tx, rules.load(tx).care, claim).counted)
        return Refusal(Code.QUORUM_MISSING, {"missing": missing}, (Action.COSIGN, Action.WAIT))
    if claim.state != CONFIRMED:
        return Refusal(Code.CLAIM_CLOSED, {}, (Action.SHOW, Action.HOME))
    return claim


def _decide_settle(tx: Tx, command: Settle, asking: Asking) -> codec.Body | Refusal:
    claim = _confirmed(tx, command.claim)
    if isinstance(claim, Refusal):
        return claim
    return policy.refuse_paying(tx, asking.rules.care, claim, asking.at) or _no_room(tx, claim) or {}


def _no_room(tx: Tx, claim: Claim) -> Refusal | None:
    """Why the commons or the carer's account cannot take part in the payment now."""
    carer = accounts.usable(tx, claim.carer)
    if isinstance(carer, Refusal):
        return carer
    carer.moving = False  # what was earned before is paid, and goes along
    commons = accounts.get(tx, COMMONS)
    if commons is None or accounts.refuse_giving(commons, claim.amount):
        return Refusal(Code.COMMONS_FLOOR, {"amount": claim.amount}, (Action.WAIT,))
    if rules.load(tx).care.beyond_limit:
        return None
    return accounts.refuse_receiving(carer, claim.amount, own=False)


def _apply_settle(tx: Tx, entry: Entry) -> None:
    claim, at = tx.get(Claim, id=entry.act.payload["claim"]), entry.act.at
    if claim is None:
        raise BookDamaged("pays a claim that is not there", entry.number)
    paid = entry.record if claim.amount else None
    tx.update(Claim, {"id": claim.id}, state=PAID, closed_entry=entry.number, transfer=paid)
    if paid is None:
        return
    tx.insert(
        Transfer,
        id=paid,
        kind=CARE,
        state=DONE,
        payer=COMMONS,
        payee=claim.carer,
        amount=claim.amount,
        category=claim.category,
        opened_entry=entry.number,
        opened_ms=at.ms,
        closed_entry=entry.number,
        closed_ms=at.ms,
        closed_quality=int(at.quality),
        claim=claim.id,
    )
    lines = ((COMMONS, Amount(-claim.amount)), (AccountNumber(claim.carer), Amount(claim.amount)))
    post(tx, paid, lines, entry.number)


def next_to_pay(tx: Tx, at: Instant) -> RecordId | None:
    """The first confirmed claim that nothing of its own holds up: what the commons has is still to be asked."""
    beyond = rules.load(tx).care.beyond_limit
    for record, cools in tx.select(_READY, dues.latest(tx, at), int(beyond)):
        if not cools or not policy.still_cools(tx, record, at):
            return RecordId(bytes(record))
    return None


# The carers' room is looked at here, so that those without any cost nobody else time.
_READY: Final = """
SELECT claim.id, care_cooling.claim IS NOT NULL FROM claim
JOIN account ON account.number = claim.carer
JOIN member ON member.number = account.owner AND member.status IN ('active', 'away', 'moving')
LEFT JOIN care_cooling ON care_cooling.claim = claim.id
WHERE claim.state = 'confirmed' AND (care_cooling.until_ms IS NULL OR care_cooling.until_ms <= ?)
  AND (? OR account.high IS NULL OR claim.amount <= MAX(0, account.high - account.balance - account.held))
  AND NOT EXISTS (SELECT 1 FROM care_objection WHERE care_objection.claim = claim.id AND care_objection.state = 'open')
ORDER BY claim.opened_entry
"""


def _may_settle(tx: Tx, entry: Entry) -> bool:
    claim = _confirmed(tx, entry.act.payload["claim"])
    if isinstance(claim, Refusal):
        return False
    refused = policy.refuse_paying(tx, rules.load(tx).care, claim, entry.act.at) or _no_room(tx, claim)
    return refused is None


def _may_settle_1(tx: Tx, entry: Entry) -> bool:
    claim = _confirmed(tx, entry.act.payload["claim"])
    return not isinstance(claim, Refusal) and not policy.names_policy(tx) and _no_room(tx, claim) is None


# ---------------------------------------------------------------------------------------- expiry


def _refuse_expiry(tx: Tx, record: bytes, at: Instant) -> Refusal | None:
    claim = open_claim(tx, record)
    if isinstance(claim, Refusal):
        return claim
    return None if signing.is_over(tx, record, at) else Refusal(Code.NOT_YET, {}, (Action.WAIT,))


def _decide_expire(tx: Tx, command: ExpireClaim, asking: Asking) -> codec.Body | Refusal:
    return _refuse_expiry(tx, command.claim, asking.at) or {}


def _may_expire(tx: Tx, entry: Entry) -> bool:
    return _refuse_expiry(tx, entry.act.payload["claim"], entry.act.at) is None


def _apply_expire(tx: Tx, entry: Entry) -> None:
    claim = entry.act.payload["claim"]
    tx.update(Claim, {"id": claim}, state=EXPIRED, closed_entry=entry.number)
    telling.end(tx, entry, claim, LAPSED)


def overdue(tx: Tx, now: Instant, most: int = 50) -> tuple[RecordId, ...]:
    """Claims that wait although their time is over, the longest overdue first."""
    found = tx.select(_OVERDUE, dues.latest(tx, now), dues.MOST_LOOKED_AT)
    return dues.those_over(
        tx, [(RecordId(bytes(claim)), begun, until) for claim, begun, until in found], now, most
    )


_OVERDUE: Final = """
SELECT care_terms.claim, care_terms.entry, care_terms.until_ms FROM care_terms
JOIN claim ON claim.id = care_terms.claim AND claim.state = 'open'
WHERE care_terms.until_ms <= ? ORDER BY care_terms.until_ms LIMIT ?
"""

_CLAIM: Final = {"claim": shape.RECORD}

HANDLERS = (
    Handler(Settle, _decide_settle, _apply_settle, _may_settle, _CLAIM, ("hub",)),
    Handler(ExpireClaim, _decide_expire, _apply_expire, _may_expire, _CLAIM, ("hub",)),
)

OLD: Final = {("settle", 1): Handler(Settle, _decide_settle, _apply_settle, _may_settle_1, _CLAIM, ("hub",))}
"""How earlier versions are folded."""
