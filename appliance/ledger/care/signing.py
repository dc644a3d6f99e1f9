"""Co-signing a claim, or saying that one does not.

Whose word counts, and when it is enough, is the community's policy (``policy.py``), asked by the rules
in force at each co-signature. A claim that all others have confirmed waits for a keeper outside the ring
that was found around its carer, when there is one (``rings.py``).
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import rules, shape
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.rules import Care
from appliance.ledger.book.schema import Claim, Witness
from appliance.ledger.book.schema_care import CareCooling, CareRing
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless
from appliance.ledger.care import policy, telling
from appliance.ledger.care.claims import open_claim
from appliance.ledger.care.states import ASKED, CONFIRMED, DAY_MS, DECLINED, OPEN, SIGNED
from appliance.ledger.clock import Instant
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.money import dues
from appliance.ledger.people import powers
from appliance.ledger.people.words import LONGEST_LINE, too_long
from appliance.ledger.values import RecordId


@dataclass(frozen=True, slots=True)
class Cosign(Wordless):
    """Confirm that the care was given as the claim says. ``terms`` binds the signature to it."""

    KIND: ClassVar[str] = "cosign"
    VERSION: ClassVar[int] = 2

    claim: RecordId
    terms: bytes

    def payload(self) -> codec.Body:
        return {"claim": self.claim, "terms": self.terms}


@dataclass(frozen=True, slots=True)
class DeclineCosign:
    """Say that one does not confirm a claim, and why, if one cares to; the carer and keepers read it."""

    KIND: ClassVar[str] = "decline_cosign"
    VERSION: ClassVar[int] = 1

    claim: RecordId
    reason: str = ""

    def payload(self) -> codec.Body:
        return {"claim": self.claim}

    def private(self) -> dict[str, str]:
        return {"reason": self.reason} if self.reason else {}


def refuse(
    tx: Tx, care: Care, record: bytes, terms: bytes, actor: int | None, at: Instant
) -> Claim | Refusal:
    """The claim that ``actor`` can co-sign as ``terms`` has it; or why not."""
    if refusal := powers.refuse_unless_active(tx, actor):
        return refusal
    claim = open_claim(tx, record)
    if isinstance(claim, Refusal):
        return claim
    if is_over(tx, record, at):
        return Refusal(Code.CLAIM_EXPIRED, {}, (Action.SHOW, Action.HOME))
    if bytes(claim.terms) != terms and claim.carer != actor:
        return Refusal(Code.TERMS_CHANGED, {"amount": claim.amount}, (Action.SHOW,))
    witness = tx.get(Witness, claim=record, member=actor)
    if witness is not None and witness.state == SIGNED:
        return Refusal(Code.ALREADY_SIGNED, {}, (Action.SHOW, Action.HOME))
    said = policy.terms_of(tx, record)
    return policy.refuse_signer(tx, care, claim, said, actor or 0) or claim


def is_over(tx: Tx, claim: bytes, at: Instant) -> bool:
    """Whether the time in which a claim can be co-signed is over; never by a clock that nobody vouches for."""
    terms = policy.terms_of(tx, claim)
    return terms is not None and terms.until_ms is not None and dues.over(tx, terms.entry, terms.until_ms, at)


def _decide_cosign(tx: Tx, command: Cosign, asking: Asking) -> codec.Body | Refusal:
    care = asking.rules.care
    claim = refuse(tx, care, command.claim, command.terms, asking.actor, asking.at)
    if isinstance(claim, Refusal):
        return claim
    return {"confirmed": policy.progress(tx, care, claim, asking.actor).confirmed}


def _apply_cosign(tx: Tx, entry: Entry) -> None:
    claim = entry.act.payload["claim"]
    tx.put(Witness, claim=claim, member=entry.actor, state=SIGNED, entry=entry.number)
    recount(tx, entry, claim)


def recount(tx: Tx, entry: Entry, claim: bytes) -> None:
    """Somebody has co-signed with ``entry``: the ring around the carer, and whether that is enough."""
    row, care = tx.get(Claim, id=claim), rules.load(tx).care
    if row is None:
        return
    progress = policy.progress(tx, care, row)
    tx.delete(CareRing, CareRing.claim == claim)
    for node in sorted(progress.ring):
        tx.insert(CareRing, claim=claim, hub=node.hub, member=node.member, entry=entry.number)
    if not progress.confirmed:
        return
    tx.update(Claim, {"id": claim}, state=CONFIRMED)
    telling.end(tx, entry, claim, CONFIRMED)
    if care.cool_days and row.amount > care.cool_above:
        until = entry.act.at.ms + care.cool_days * DAY_MS
        tx.insert(CareCooling, claim=claim, until_ms=until, entry=entry.number)


def _may_cosign(tx: Tx, entry: Entry) -> bool:
    p, care = entry.act.payload, rules.load(tx).care
    claim = refuse(tx, care, p["claim"], p["terms"], entry.actor, entry.act.at)
    if isinstance(claim, Refusal):
        return False
    confirmed = policy.progress(tx, care, claim, entry.actor).confirmed
    return entry.outcome.get("confirmed") is confirmed


def _decide_decline(tx: Tx, command: DeclineCosign, asking: Asking) -> codec.Body | Refusal:
    claim = open_claim(tx, command.claim)
    if isinstance(claim, Refusal):
        return claim
    witness = tx.get(Witness, claim=command.claim, member=asking.actor)
    if witness is None or witness.state != ASKED:
        return Refusal(Code.NOT_YOURS, {}, (Action.SHOW, Action.HOME))
    return too_long(command.reason, LONGEST_LINE) or {}


def _apply_decline(tx: Tx, entry: Entry) -> None:
    claim = entry.act.payload["claim"]
    tx.put(Witness, claim=claim, member=entry.actor, state=DECLINED, entry=entry.number)


def _was_asked(tx: Tx, entry: Entry) -> bool:
    claim = tx.get(Claim, id=entry.act.payload["claim"])
    witness = tx.get(Witness, claim=entry.act.payload["claim"], member=entry.actor)
    return claim is not None and claim.state == OPEN and witness is not None and witness.state == ASKED


# ---------------------------------------------------------------------------------------- version 1


def _apply_cosign_1(tx: Tx, entry: Entry) -> None:
    claim = entry.act.payload["claim"]
    tx.put(Witness, claim=claim, member=entry.actor, state=SIGNED, entry=entry.number)
    row = tx.get(Claim, id=claim)
    if row is not None and len(policy.signers(tx, claim)) >= row.quorum:
        tx.update(Claim, {"id": claim}, state=CONFIRMED)


def _may_cosign_1(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    claim = tx.get(Claim, id=p["claim"])
    if claim is None or claim.state != OPEN or bytes(claim.terms) != p["terms"]:
        return False
    witness = tx.get(Witness, claim=p["claim"], member=entry.actor)
    fresh = witness is None or witness.state != SIGNED
    # Nobody goes around a policy by writing what an older release wrote.
    before = policy.terms_of(tx, p["claim"]) is None and not policy.names_policy(tx)
    return before and fresh and claim.carer != entry.actor and powers.active(tx, entry.actor)


_CLAIM: Final = {"claim": shape.RECORD}
_SIGN: Final = _CLAIM | {"terms": shape.DIGEST}

HANDLERS = (
    Handler(Cosign, _decide_cosign, _apply_cosign, _may_cosign, _SIGN),
    Handler(DeclineCosign, _decide_decline, _apply_decline, _was_asked, _CLAIM),
)

OLD: Final = {("cosign", 1): Handler(Cosign, _decide_cosign, _apply_cosign_1, _may_cosign_1, _SIGN)}
"""How earlier versions are folded."""
