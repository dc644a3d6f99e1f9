"""Proof of Care: a claim, from being written down to being taken back.

``signing`` and ``settling`` go on; ``asks`` and ``answers`` where a co-signer is of another hub.

::

    (nothing) --claim--> open --edit (before anybody signed)--> open
                         open --cosign--> open, or confirmed --settle--> paid
                         open --expire (by rule, too few signed in time)--> expired
                         open, confirmed --withdraw--> withdrawn
                         confirmed, paid --objection upheld--> refused

The carer writes it down, or who was cared for, or a keeper from paper who has no part in it. What a
co-signer signs is the digest of the claim's *terms*: the act with carer, recipient, kind of care, time,
day and the words beside the book, and what the rules in force made of it (amount, quorum, roles). So a
signature cannot be moved to another claim, and an edit leaves no signature behind. Silence never approves.

Care that recurs is a *sheet*: claims that are written down as one batch (``Book.submit_all``) and carry the
sheet's id. Each is a claim like any other, with its own rules, signatures and payment; a co-signer reads and
signs them together. Nothing is added to a sheet afterwards.
"""

from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import rules, shape
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.rules import CARE_CATEGORIES, Care
from appliance.ledger.book.schema import Claim, Member, Witness
from appliance.ledger.book.schema_care import CareObjection, CareTerms
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless
from appliance.ledger.care import policy, sheets, telling
from appliance.ledger.care.households import household
from appliance.ledger.care.states import (
    ASKED,
    CONFIRMED,
    DAY_MS,
    EXPIRED,
    MOOT,
    OBJECTED,
    OPEN,
    WITHDRAWN,
)
from appliance.ledger.clock import Instant
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.people import powers
from appliance.ledger.people.words import LONGEST_LINE, LONGEST_TEXT, tidy, too_long
from appliance.ledger.values import AccountNumber, RecordId, code_of

MOST_WITNESSES: Final = 12
LATEST_START: Final = 24 * 60 - 1


@dataclass(frozen=True, slots=True)
class ClaimCare:
    """Say what care was given.

    Attributes:
        carer: who gave it and will be paid.
        category: kind of care, one of ``CARE_CATEGORIES``.
        minutes: how long.
        day: days since 1970-01-01 (UTC).
        cared_for: whom, in words; may be empty when ``recipient`` says it.
        what: what was done, in words; may be empty.
        witnesses: members who are asked to co-sign; others may as well.
        recipient: the member who was cared for; None when it was nobody of this hub.
        start: the minute of the day at which it began; None when that was not said.
        place: where, in words; may be empty.
        sheet: 16 bytes that name the weekly sheet of which it is a row; None for a claim by itself.
    """

    KIND: ClassVar[str] = "claim_care"
    VERSION: ClassVar[int] = 3

    carer: AccountNumber
    category: str
    minutes: int
    day: int
    cared_for: str = ""
    what: str = ""
    witnesses: tuple[AccountNumber, ...] = field(default=())
    recipient: AccountNumber | None = None
    start: int | None = None
    place: str = ""
    sheet: bytes | None = None

    def payload(self) -> codec.Body:
        return {"carer": self.carer, **_said(self), "sheet": self.sheet}

    def private(self) -> dict[str, str]:
        return _words(self)


@dataclass(frozen=True, slots=True)
class EditClaim:
    """Say it otherwise, before anybody has co-signed; by who wrote it down. Attributes as of ``ClaimCare``."""

    KIND: ClassVar[str] = "edit_claim"
    VERSION: ClassVar[int] = 1

    claim: RecordId
    category: str
    minutes: int
    day: int
    cared_for: str = ""
    what: str = ""
    witnesses: tuple[AccountNumber, ...] = field(default=())
    recipient: AccountNumber | None = None
    start: int | None = None
    place: str = ""

    def payload(self) -> codec.Body:
        return {"claim": self.claim, **_said(self)}

    def private(self) -> dict[str, str]:
        return _words(self)


def _said(command: ClaimCare | EditClaim) -> codec.Body:
    return {
        "recipient": command.recipient,
        "category": command.category,
        "minutes": command.minutes,
        "start": command.start,
        "day": command.day,
        "witnesses": list(command.witnesses),
    }


def _words(command: ClaimCare | EditClaim) -> dict[str, str]:
    words = {"cared_for": command.cared_for, "what": command.what, "place": command.place}
    return {name: text for name, text in words.items() if text}


@dataclass(frozen=True, slots=True)
class WithdrawClaim(Wordless):
    """The carer, or who wrote it down, takes an unpaid claim back."""

    KIND: ClassVar[str] = "withdraw_claim"
    VERSION: ClassVar[int] = 2

    claim: RecordId

    def payload(self) -> codec.Body:
        return {"claim": self.claim}


# ---------------------------------------------------------------------------------------- claim and edit


def _decide_claim(tx: Tx, command: ClaimCare, asking: Asking) -> codec.Body | Refusal:
    if refusal := powers.refuse_unless_active(tx, asking.actor):
        return refusal
    if refusal := _refuse_writer(tx, command.carer, command.recipient, asking.actor, command.day):
        return refusal
    if command.sheet is not None and not sheets.fits(
        tx, command.sheet, command.carer, asking.actor, asking.at
    ):
        return Refusal(Code.SHEET_CLOSED, {}, (Action.SHOW, Action.HOME))
    worth = _worth(tx, command, command.carer, b"", asking)
    return worth if isinstance(worth, Refusal) else {"code": code_of(asking.record), **worth}


def _refuse_writer(tx: Tx, carer: int, recipient: int | None, actor: int | None, day: int) -> Refusal | None:
    """Who may write down what: the own care, care that one was given, and as a keeper what is on paper."""
    member = tx.get(Member, number=carer)
    if member is None and actor != carer and powers.refuse_unless_keeper(tx, actor) is not None:
        return Refusal(Code.NOT_YOURS, {}, (Action.HOME,))
    if not powers.active(tx, carer):
        return Refusal(Code.UNKNOWN_ACCOUNT, {"number": carer}, (Action.CHECK_NUMBER,))
    if recipient == carer:
        return Refusal(Code.OWN_CLAIM, {"recipient": carer}, (Action.TRY_AGAIN,))
    if recipient is not None and tx.get(Member, number=recipient) is None:
        return Refusal(Code.UNKNOWN_ACCOUNT, {"number": recipient}, (Action.CHECK_NUMBER,))
    if actor in (carer, recipient):
        return None
    if powers.refuse_unless_keeper(tx, actor):
        return Refusal(Code.NOT_YOURS, {}, (Action.HOME,))
    near = household(tx, actor or 0, day)
    if carer in near or recipient in near:
        return Refusal(Code.PARTY, {}, (Action.ASK_KEEPER,))
    return None


def _worth(
    tx: Tx, command: ClaimCare | EditClaim, carer: int, own: bytes, asking: Asking
) -> codec.Body | Refusal:
    """What the rules make of what is said: amount, quorum and roles, and the terms; or why it cannot be."""
    care = asking.rules.care
    if command.category not in CARE_CATEGORIES:
        return Refusal(Code.UNKNOWN_CATEGORY, {}, (Action.TRY_AGAIN,))
    if not 0 < command.minutes <= care.longest_minutes:
        return Refusal(Code.TIME_WRONG, {"longest_minutes": care.longest_minutes}, (Action.TRY_AGAIN,))
    if command.start is not None and not 0 <= command.start <= LATEST_START:
        return Refusal(Code.TIME_WRONG, {}, (Action.TRY_AGAIN,))
    if not _day_counts(care, command.day, asking.at):
        return Refusal(Code.TIME_WRONG, {"days_back": care.days_back}, (Action.TRY_AGAIN,))
    if command.recipient is None and not tidy("cared_for", command.cared_for):
        return Refusal(Code.TEXT_MISSING, {}, (Action.TRY_AGAIN,))
    if refusal := (
        too_long(command.cared_for, LONGEST_LINE)
        or too_long(command.place, LONGEST_LINE)
        or too_long(command.what, LONGEST_TEXT)
        or _refuse_witnesses(tx, carer, command.witnesses)
    ):
        return refusal
    said = policy.Said(carer, command.category, command.minutes, command.day, own)
    amount = policy.worth(tx, care, said)
    if isinstance(amount, Refusal):
        return amount
    return _by_the_rules(care, amount, asking.digest)


def _day_counts(care: Care, day: int, at: Instant) -> bool:
    """Whether care of ``day`` can be written down: not too long ago, nor before it was given."""
    today = at.ms // DAY_MS
    # One day of grace ahead: the village's own midnight may come before that of UTC.
    return today - care.days_back <= day <= today + 1


def _by_the_rules(care: Care, amount: int, digest: bytes) -> codec.Body:
    roles = [care.need_recipient, care.need_keeper]
    terms = codec.digest("tch.claim.2", codec.encode([digest, amount, care.quorum, *roles]))
    names = ("amount", "quorum", "need_recipient", "need_keeper", "terms")
    return dict(zip(names, (amount, care.quorum, *roles, terms), strict=True))


def _refuse_witnesses(tx: Tx, carer: int, witnesses: tuple[AccountNumber, ...]) -> Refusal | None:
    if carer in witnesses:
        return Refusal(Code.OWN_CLAIM, {}, (Action.TRY_AGAIN,))
    if len(set(witnesses)) != len(witnesses) or len(witnesses) > MOST_WITNESSES:
        return Refusal(Code.ALREADY_SIGNED, {"most": MOST_WITNESSES}, (Action.TRY_AGAIN,))
    for number in witnesses:
        if powers.refuse_unless_active(tx, number):
            return Refusal(Code.UNKNOWN_ACCOUNT, {"number": number}, (Action.CHECK_NUMBER,))
    return None


def _apply_claim(tx: Tx, entry: Entry) -> None:
    tx.insert(
        Claim,
        id=entry.record,
        code=code_of(entry.record),
        carer=entry.act.payload["carer"],
        state=OPEN,
        opened_entry=entry.number,
        opened_ms=entry.act.at.ms,
        **_row(entry),
    )
    _keep_terms(tx, entry, entry.record, entry.actor or 0)
    _ask(tx, entry, entry.record)
    sheet = entry.act.payload.get("sheet")  # version 2 knew none
    if sheet is not None:
        sheets.keep(tx, sheet, entry.record)


def _row(entry: Entry) -> dict[str, Any]:
    p, o = entry.act.payload, entry.outcome
    said = {name: p[name] for name in ("category", "minutes", "day")}
    return {**said, **{n: o[n] for n in ("amount", "quorum", "terms")}, "text_entry": entry.number}


def _keep_terms(tx: Tx, entry: Entry, claim: bytes, writer: int) -> None:
    p, o = entry.act.payload, entry.outcome
    days = rules.load(tx).care.expire_days
    tx.put(
        CareTerms,
        claim=claim,
        recipient=p["recipient"],
        writer=writer,
        start=p["start"],
        need_recipient=o["need_recipient"],
        need_keeper=o["need_keeper"],
        until_ms=entry.act.at.ms + days * DAY_MS if days else None,
        entry=entry.number,
    )


def _ask(tx: Tx, entry: Entry, claim: bytes) -> None:
    for number in entry.act.payload["witnesses"]:
        tx.put(Witness, claim=claim, member=number, state=ASKED, entry=entry.number)


def _decide_edit(tx: Tx, command: EditClaim, asking: Asking) -> codec.Body | Refusal:
    if refusal := powers.refuse_unless_active(tx, asking.actor):
        return refusal
    claim = open_claim(tx, command.claim)
    if isinstance(claim, Refusal):
        return claim
    terms = policy.terms_of(tx, command.claim)
    if terms is None or terms.writer != asking.actor:
        return Refusal(Code.NOT_YOURS, {}, (Action.HOME,))
    if policy.anybody_signed(tx, command.claim):
        return Refusal(Code.CLAIM_SIGNED, {}, (Action.SHOW, Action.WITHDRAW))
    if refusal := _refuse_writer(tx, claim.carer, command.recipient, asking.actor, command.day):
        return refusal
    return _worth(tx, command, claim.carer, bytes(claim.id), asking)


def _apply_edit(tx: Tx, entry: Entry) -> None:
    claim = entry.act.payload["claim"]
    tx.update(Claim, {"id": claim}, **_row(entry))
    tx.delete(Witness, Witness.claim == claim, Witness.state == ASKED)
    _keep_terms(tx, entry, claim, entry.actor or 0)
    _ask(tx, entry, claim)
    telling.ask_anew(tx, entry, claim)


def open_claim(tx: Tx, record: bytes) -> Claim | Refusal:
    """The claim that waits for co-signers, or why it does not."""
    claim = tx.get(Claim, id=record)
    if claim is None:
        return Refusal(Code.UNKNOWN_CLAIM, {}, (Action.HOME,))
    if claim.state != OPEN:
        over = Code.CLAIM_EXPIRED if claim.state == EXPIRED else Code.CLAIM_CLOSED
        return Refusal(over, {}, (Action.SHOW, Action.HOME))
    return claim


def _outcome_fits(tx: Tx, entry: Entry, carer: int, own: bytes) -> bool:
    """Whether what the rules made of it is what they make of it: amount, quorum, roles, terms."""
    p, care = entry.act.payload, rules.load(tx).care
    amount = policy.worth(tx, care, policy.Said(carer, p["category"], p["minutes"], p["day"], own))
    if isinstance(amount, Refusal) or p["minutes"] > care.longest_minutes:
        return False
    if not _day_counts(care, p["day"], entry.act.at):
        return False
    made = _by_the_rules(care, amount, entry.act.digest())
    asked = tuple(AccountNumber(n) for n in p["witnesses"])
    fits = {name: entry.outcome.get(name) for name in made} == made
    return fits and _refuse_witnesses(tx, carer, asked) is None


def _may_claim(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    if not powers.active(tx, entry.actor):
        return False
    if _refuse_writer(tx, p["carer"], p["recipient"], entry.actor, p["day"]):
        return False
    sheet = p.get("sheet")
    if sheet is not None and not sheets.fits(tx, sheet, p["carer"], entry.actor, entry.act.at):
        return False
    return entry.outcome["code"] == code_of(entry.record) and _outcome_fits(tx, entry, p["carer"], b"")


def _may_edit(tx: Tx, entry: Entry) -> bool:
    p, claim = entry.act.payload, open_claim(tx, entry.act.payload["claim"])
    terms = policy.terms_of(tx, p["claim"])
    if isinstance(claim, Refusal) or terms is None or terms.writer != entry.actor:
        return False
    if policy.anybody_signed(tx, p["claim"]) or not powers.active(tx, entry.actor):
        return False
    fine = _refuse_writer(tx, claim.carer, p["recipient"], entry.actor, p["day"]) is None
    return fine and _outcome_fits(tx, entry, claim.carer, p["claim"])


# ---------------------------------------------------------------------------------------- taking it back


def _decide_withdraw(tx: Tx, command: WithdrawClaim, asking: Asking) -> codec.Body | Refusal:
    return _refuse_withdrawal(tx, command.claim, asking.actor) or {}


def _refuse_withdrawal(tx: Tx, record: bytes, actor: int | None) -> Refusal | None:
    claim = tx.get(Claim, id=record)
    if claim is None:
        return Refusal(Code.UNKNOWN_CLAIM, {}, (Action.HOME,))
    terms = policy.terms_of(tx, record)
    wrote = terms is not None and terms.writer == actor and not policy.anybody_signed(tx, record)
    if claim.carer != actor and not wrote:
        return Refusal(Code.NOT_YOURS, {}, (Action.HOME,))
    if claim.state not in (OPEN, CONFIRMED):
        return Refusal(Code.CLAIM_CLOSED, {}, (Action.SHOW, Action.HOME))
    return None


def _apply_withdraw(tx: Tx, entry: Entry) -> None:
    claim, closed = entry.act.payload["claim"], {"closed_entry": entry.number}
    tx.update(Claim, {"id": claim}, state=WITHDRAWN, **closed)
    tx.update(CareObjection, {"claim": claim, "state": OBJECTED}, state=MOOT, **closed)
    telling.end(tx, entry, claim, WITHDRAWN)


def _may_withdraw(tx: Tx, entry: Entry) -> bool:
    return _refuse_withdrawal(tx, entry.act.payload["claim"], entry.actor) is None


def _may_withdraw_1(tx: Tx, entry: Entry) -> bool:
    claim = tx.get(Claim, id=entry.act.payload["claim"])
    return claim is not None and claim.state in (OPEN, CONFIRMED) and claim.carer == entry.actor


# ---------------------------------------------------------------------------------------- version 1


def _apply_claim_1(tx: Tx, entry: Entry) -> None:
    """Version 1 knew no recipient, no roles and no end."""
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
        terms=codec.digest("tch.claim", codec.encode([digest, o["amount"], o["quorum"]])),
        text_entry=entry.number,
        opened_entry=entry.number,
        opened_ms=entry.act.at.ms,
    )
    for number in p["witnesses"]:
        tx.insert(Witness, claim=entry.record, member=number, state=ASKED, entry=entry.number)


def _may_claim_1(tx: Tx, entry: Entry) -> bool:
    p, o, care = entry.act.payload, entry.outcome, rules.load(tx).care
    if p["carer"] != entry.actor or p["carer"] in p["witnesses"] or not powers.active(tx, entry.actor):
        return False
    worth = (care.pay_for(p["category"], p["minutes"]), care.quorum)
    fits = (o.get("amount"), o.get("quorum")) == worth and p["minutes"] <= care.longest_minutes
    return fits and not policy.names_policy(tx)


_CLAIM: Final = {"claim": shape.RECORD}
_CARE_1: Final = {
    "carer": shape.MEMBER,
    "category": shape.one_of(*CARE_CATEGORIES),
    "minutes": shape.whole(1, 24 * 60),
    "day": shape.whole(-(10**6), 10**6),
    "witnesses": shape.members,
}
_CARE: Final = _CARE_1 | {
    "recipient": shape.or_none(shape.MEMBER),
    "start": shape.or_none(shape.whole(0, LATEST_START)),
}
_EDIT: Final = _CLAIM | {name: check for name, check in _CARE.items() if name != "carer"}
_CARE_3: Final = _CARE | {"sheet": shape.or_none(shape.blob(sheets.ID_BYTES))}

HANDLERS = (
    Handler(ClaimCare, _decide_claim, _apply_claim, _may_claim, _CARE_3),
    Handler(EditClaim, _decide_edit, _apply_edit, _may_edit, _EDIT),
    Handler(WithdrawClaim, _decide_withdraw, _apply_withdraw, _may_withdraw, _CLAIM),
)

OLD: Final = {
    ("claim_care", 2): Handler(ClaimCare, _decide_claim, _apply_claim, _may_claim, _CARE),
    ("claim_care", 1): Handler(ClaimCare, _decide_claim, _apply_claim_1, _may_claim_1, _CARE_1),
    ("withdraw_claim", 1): Handler(WithdrawClaim, _decide_withdraw, _apply_withdraw, _may_withdraw_1, _CLAIM),
}
"""How earlier versions are folded."""
