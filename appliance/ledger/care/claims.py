"""Proof of Care: a claim, its co-signatures, its payment from the commons.

::

    (nothing) --claim--> open --cosign (quorum not reached)--> open
                         open --cosign (quorum reached)--> confirmed --settle--> paid
                         open, confirmed --withdraw--> withdrawn

What a co-signer signs is the digest of the claim's *terms* (carer, kind of care, minutes, day,
amount, and the words beside the book), so a signature cannot be moved to another claim or
another amount. The amount is fixed from the rules in force when the claim is made. Silence
never approves. When the commons has reached its floor a confirmed claim waits.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Final

import peewee as pw

from appliance.ledger import codec
from appliance.ledger.book import rules, shape
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.rules import CARE_CATEGORIES
from appliance.ledger.book.schema import Claim, Transfer, Witness
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless
from appliance.ledger.errors import Action, BookDamaged, Code, Refusal
from appliance.ledger.money import accounts
from appliance.ledger.money.postings import post
from appliance.ledger.money.transfers import CARE, DONE
from appliance.ledger.people import powers
from appliance.ledger.people.words import LONGEST_LINE, LONGEST_TEXT, tidy, too_long
from appliance.ledger.values import COMMONS, AccountNumber, Amount, RecordId, code_of

OPEN = "open"
CONFIRMED = "confirmed"
PAID = "paid"
WITHDRAWN = "withdrawn"

ASKED = "asked"
SIGNED = "signed"
REFUSED = "declined"

MOST_WITNESSES = 12
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class ClaimCare:
    """Say what care was given.

    Attributes:
        carer: who gave it and will be paid.
        category: kind of care, one of ``CARE_CATEGORIES``.
        minutes: how long.
        day: days since 1970-01-01 (UTC).
        cared_for: whom, in words.
        what: what was done, in words; may be empty.
        witnesses: members who are asked to co-sign; others may as well.
    """

    KIND: ClassVar[str] = "claim_care"
    VERSION: ClassVar[int] = 1

    carer: AccountNumber
    category: str
    minutes: int
    day: int
    cared_for: str
    what: str = ""
    witnesses: tuple[AccountNumber, ...] = field(default=())

    def payload(self) -> codec.Body:
        return {
            "carer": self.carer,
            "category": self.category,
            "minutes": self.minutes,
            "day": self.day,
            "witnesses": list(self.witnesses),
        }

    def private(self) -> dict[str, str]:
        return (
            {"cared_for": self.cared_for, "what": self.what} if self.what else {"cared_for": self.cared_for}
        )


@dataclass(frozen=True, slots=True)
class Cosign(Wordless):
    """Confirm that the care was given as the claim says. ``terms`` binds the signature to it."""

    KIND: ClassVar[str] = "cosign"
    VERSION: ClassVar[int] = 1

    claim: RecordId
    terms: bytes

    def payload(self) -> codec.Body:
        return {"claim": self.claim, "terms": self.terms}


@dataclass(frozen=True, slots=True)
class DeclineCosign(Wordless):
    """Say that one does not confirm a claim."""

    KIND: ClassVar[str] = "decline_cosign"
    VERSION: ClassVar[int] = 1

    claim: RecordId

    def payload(self) -> codec.Body:
        return {"claim": self.claim}


@dataclass(frozen=True, slots=True)
class WithdrawClaim(Wordless):
    """The carer takes an unpaid claim back."""

    KIND: ClassVar[str] = "withdraw_claim"
    VERSION: ClassVar[int] = 1

    claim: RecordId

    def payload(self) -> codec.Body:
        return {"claim": self.claim}


@dataclass(frozen=True, slots=True)
class Settle(Wordless):
    """The hub pays a confirmed claim from the commons (rule *quorum*)."""

    KIND: ClassVar[str] = "settle"
    VERSION: ClassVar[int] = 1

    claim: RecordId

    def payload(self) -> codec.Body:
        return {"claim": self.claim}


def _decide_claim(tx: Tx, command: ClaimCare, asking: Asking) -> codec.Body | Refusal:
    if refusal := powers.refuse_unless_active(tx, asking.actor):
        return refusal
    if command.carer != asking.actor:
        return Refusal(Code.NOT_YOURS, {}, (Action.HOME,))
    care = asking.rules.care
    if command.category not in CARE_CATEGORIES:
        return Refusal(Code.UNKNOWN_CATEGORY, {}, (Action.TRY_AGAIN,))
    if not 0 < command.minutes <= care.longest_minutes:
        return Refusal(Code.TIME_WRONG, {"longest_minutes": care.longest_minutes}, (Action.TRY_AGAIN,))
    # One day of grace ahead: the village's own midnight may come before that of UTC.
    today = asking.at.ms // DAY_MS
    if not today - care.days_back <= command.day <= today + 1:
        return Refusal(Code.TIME_WRONG, {"days_back": care.days_back}, (Action.TRY_AGAIN,))
    if not tidy("cared_for", command.cared_for):
        return Refusal(Code.TEXT_MISSING, {}, (Action.TRY_AGAIN,))
    if refusal := too_long(command.cared_for, LONGEST_LINE) or too_long(command.what, LONGEST_TEXT):
        return refusal
    if refusal := _refuse_witnesses(tx, command):
        return refusal
    amount = care.pay_for(command.category, command.minutes)
    terms = _terms(asking.digest, amount, care.quorum)
    return {"code": code_of(asking.record), "amount": amount, "quorum": care.quorum, "terms": terms}


def _terms(act_digest: bytes, amount: int, quorum: int) -> bytes:
    """What co-signers sign: the claim as its carer signed it, and what the rules made of it."""
    return codec.digest("tch.claim", codec.encode([act_digest, amount, quorum]))


def _refuse_witnesses(tx: Tx, command: ClaimCare) -> Refusal | None:
    if command.carer in command.witnesses:
        return Refusal(Code.OWN_CLAIM, {}, (Action.TRY_AGAIN,))
    if len(set(command.witnesses)) != len(command.witnesses) or len(command.witnesses) > MOST_WITNESSES:
        return Refusal(Code.ALREADY_SIGNED, {"most": MOST_WITNESSES}, (Action.TRY_AGAIN,))
    for number in command.witnesses:
        if powers.refuse_unless_active(tx, number):
            return Refusal(Code.UNKNOWN_ACCOUNT, {"number": number}, (Action.CHECK_NUMBER,))
    return None


def _apply_claim(tx: Tx, entry: Entry) -> None:
    p, o, digest = entry.act.payload, entry.outcome, entry.act.digest()
    tx.insert(
        Claim,
        id=entry.record,
        code=code_of(entry.record),
        carer=p["carer"],
        category=p["category"],
        minutes=p["minutes"],
        day=p["day"],
        amount=o["amount"],
        quorum=o["quorum"],
        state=OPEN,
        terms=_terms(digest, o["amount"], o["quorum"]),
        text_entry=entry.number,
        opened_entry=entry.number,
        opened_ms=entry.act.at.ms,
    )
    for number in p["witnesses"]:
        tx.insert(Witness, claim=entry.record, member=number, state=ASKED, entry=entry.number)


def _open_claim(tx: Tx, record: bytes) -> Claim | Refusal:
    claim = tx.get(Claim, id=record)
    if claim is None:
        return Refusal(Code.UNKNOWN_CLAIM, {}, (Action.HOME,))
    if claim.state != OPEN:
        return Refusal(Code.CLAIM_CLOSED, {}, (Action.SHOW, Action.HOME))
    return claim


def signatures(tx: Tx, claim: bytes) -> int:
    """How many have co-signed."""
    query = Witness.select(pw.fn.COUNT(Witness.member)).where(Witness.claim == claim, Witness.state == SIGNED)
    return int(tx.scalar(query))


def _decide_cosign(tx: Tx, command: Cosign, asking: Asking) -> codec.Body | Refusal:
    if refusal := powers.refuse_unless_active(tx, asking.actor):
        return refusal
    claim = _open_claim(tx, command.claim)
    if isinstance(claim, Refusal):
        return claim
    if claim.carer == asking.actor:
        return Refusal(Code.OWN_CLAIM, {}, (Action.HOME,))
    if bytes(claim.terms) != command.terms:
        return Refusal(Code.TERMS_CHANGED, {"amount": claim.amount}, (Action.SHOW,))
    witness = tx.get(Witness, claim=command.claim, member=asking.actor)
    if witness is not None and witness.state == SIGNED:
        return Refusal(Code.ALREADY_SIGNED, {}, (Action.SHOW, Action.HOME))
    return {"confirmed": signatures(tx, command.claim) + 1 >= claim.quorum}


def _apply_cosign(tx: Tx, entry: Entry) -> None:
    claim = entry.act.payload["claim"]
    tx.put(Witness, claim=claim, member=entry.actor, state=SIGNED, entry=entry.number)
    row = tx.get(Claim, id=claim)
    if row is not None and signatures(tx, claim) >= row.quorum:
        tx.update(Claim, {"id": claim}, state=CONFIRMED)


def _decide_decline(tx: Tx, command: DeclineCosign, asking: Asking) -> codec.Body | Refusal:
    claim = _open_claim(tx, command.claim)
    if isinstance(claim, Refusal):
        return claim
    witness = tx.get(Witness, claim=command.claim, member=asking.actor)
    if witness is None or witness.state != ASKED:
        return Refusal(Code.NOT_YOURS, {}, (Action.SHOW, Action.HOME))
    return {}


def _apply_decline(tx: Tx, entry: Entry) -> None:
    claim = entry.act.payload["claim"]
    tx.put(Witness, claim=claim, member=entry.actor, state=REFUSED, entry=entry.number)


def _decide_withdraw(tx: Tx, command: WithdrawClaim, asking: Asking) -> codec.Body | Refusal:
    claim = tx.get(Claim, id=command.claim)
    if claim is None:
        return Refusal(Code.UNKNOWN_CLAIM, {}, (Action.HOME,))
    if claim.carer != asking.actor:
        return Refusal(Code.NOT_YOURS, {}, (Action.HOME,))
    if claim.state not in (OPEN, CONFIRMED):
        return Refusal(Code.CLAIM_CLOSED, {}, (Action.SHOW, Action.HOME))
    return {}


def _apply_withdraw(tx: Tx, entry: Entry) -> None:
    tx.update(Claim, {"id": entry.act.payload["claim"]}, state=WITHDRAWN, closed_entry=entry.number)


def _decide_settle(tx: Tx, command: Settle, asking: Asking) -> codec.Body | Refusal:
    claim = tx.get(Claim, id=command.claim)
    if claim is None:
        return Refusal(Code.UNKNOWN_CLAIM, {}, (Action.HOME,))
    if claim.state == OPEN:
        missing = claim.quorum - signatures(tx, command.claim)
        return Refusal(Code.QUORUM_MISSING, {"missing": missing}, (Action.COSIGN, Action.WAIT))
    if claim.state != CONFIRMED:
        return Refusal(Code.CLAIM_CLOSED, {}, (Action.SHOW, Action.HOME))
    return _no_room(tx, claim) or {}


def _no_room(tx: Tx, claim: Claim) -> Refusal | None:
    """Why the commons or the carer's account cannot take part in the payment now."""
    carer = accounts.usable(tx, claim.carer)
    if isinstance(carer, Refusal):
        return carer
    carer.moving = False  # what was earned before is paid, and goes along
    commons = accounts.get(tx, COMMONS)
    if commons is None or accounts.refuse_giving(commons, claim.amount):
        return Refusal(Code.COMMONS_FLOOR, {"amount": claim.amount}, (Action.WAIT,))
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


def _own_claim(tx: Tx, entry: Entry) -> bool:
    p, o, care = entry.act.payload, entry.outcome, rules.load(tx).care
    if p["carer"] != entry.actor or p["carer"] in p["witnesses"] or not powers.active(tx, entry.actor):
        return False
    by_the_rules = (o.get("amount"), o.get("quorum")) == (
        care.pay_for(p["category"], p["minutes"]),
        care.quorum,
    )
    return by_the_rules and p["minutes"] <= care.longest_minutes


def _may_cosign(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    claim = tx.get(Claim, id=p["claim"])
    if claim is None or claim.state != OPEN or bytes(claim.terms) != p["terms"]:
        return False
    witness = tx.get(Witness, claim=p["claim"], member=entry.actor)
    fresh = witness is None or witness.state != SIGNED
    return fresh and claim.carer != entry.actor and powers.active(tx, entry.actor)


def _was_asked(tx: Tx, entry: Entry) -> bool:
    claim = tx.get(Claim, id=entry.act.payload["claim"])
    witness = tx.get(Witness, claim=entry.act.payload["claim"], member=entry.actor)
    return claim is not None and claim.state == OPEN and witness is not None and witness.state == ASKED


def _may_withdraw(tx: Tx, entry: Entry) -> bool:
    claim = tx.get(Claim, id=entry.act.payload["claim"])
    return claim is not None and claim.state in (OPEN, CONFIRMED) and claim.carer == entry.actor


def _is_confirmed(tx: Tx, entry: Entry) -> bool:
    claim = tx.get(Claim, id=entry.act.payload["claim"])
    return claim is not None and claim.state == CONFIRMED and _no_room(tx, claim) is None


_CLAIM: Final = {"claim": shape.RECORD}
_CARE: Final = {
    "carer": shape.MEMBER,
    "category": shape.one_of(*CARE_CATEGORIES),
    "minutes": shape.whole(1, 24 * 60),
    "day": shape.whole(-(10**6), 10**6),
    "witnesses": shape.members,
}

HANDLERS = (
    Handler(ClaimCare, _decide_claim, _apply_claim, _own_claim, _CARE),
    Handler(Cosign, _decide_cosign, _apply_cosign, _may_cosign, _CLAIM | {"terms": shape.DIGEST}),
    Handler(DeclineCosign, _decide_decline, _apply_decline, _was_asked, _CLAIM),
    Handler(WithdrawClaim, _decide_withdraw, _apply_withdraw, _may_withdraw, _CLAIM),
    Handler(Settle, _decide_settle, _apply_settle, _is_confirmed, _CLAIM, ("hub",)),
)
