"""Co-signing care that was given at another hub: what members here are asked from there, and what goes back.

::

    (CARE_ASK comes) --arrive--> asked (a number that nobody here has is answered at once)
                asked --sign_far (with the PIN)--> signed (CARE_KEY, when that hub lacks it, and CARE_SIGN go)
                asked --decline_far--> declined (CARE_NO goes)
               signed --CARE_TOLD comes--> refused: it does not count there, and why
    (the whole ask) --CARE_TOLD comes--> confirmed, withdrawn, lapsed, changed, refused

The rules that decide are those of the claim's hub. This hub adds what only it can know: two of one
household do not both sign, and nobody signs more often than the rules here let anybody.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import feed, letters_care, rules, shape
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.letters import Named
from appliance.ledger.book.letters_care import SIGNATURE_BYTES, Care, NoSigner, NotCounted, Words
from appliance.ledger.book.records import Kind
from appliance.ledger.book.rules import CARE_CATEGORIES
from appliance.ledger.book.rules import Care as CareRules
from appliance.ledger.book.schema import MemberKey, Neighbour
from appliance.ledger.book.schema_far import AskedHere, AskedOf, KeyTold
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless
from appliance.ledger.care import attest, policy
from appliance.ledger.care.households import household
from appliance.ledger.care.states import ASKED, CHANGED, DECLINED, ENDS, NOT_COUNTED, OPEN, SIGNED
from appliance.ledger.errors import Action, BookDamaged, Code, Refusal
from appliance.ledger.keys import KeySigner
from appliance.ledger.money import trunks
from appliance.ledger.people import forks, members, powers
from appliance.ledger.people.roster import own_place
from appliance.ledger.people.words import LONGEST_LINE, too_long
from appliance.ledger.values import MAX_AMOUNT, RecordId


@dataclass(frozen=True, slots=True)
class ArriveCareAsk(trunks.Arrival):
    """Another hub asks members here to co-sign care that was given there. ``words`` are for their eyes."""

    KIND: ClassVar[str] = "arrive_care_ask"
    VERSION: ClassVar[int] = 1

    care: Care
    members: tuple[int, ...]
    words: Words

    def payload(self) -> codec.Body:
        c = self.care
        return self.named() | {
            "terms": c.terms,
            "carer": c.carer,
            "category": c.category,
            "minutes": c.minutes,
            "day": c.day,
            "worth": c.amount,
            "until": c.until,
            "members": list(self.members),
        }

    def private(self) -> dict[str, str]:
        w = self.words
        said = {"name": w.name, "cared_for": w.cared_for, "what": w.what}
        return {name: text for name, text in said.items() if text}


@dataclass(frozen=True, slots=True)
class SignFar(Wordless):
    """Confirm care given at another hub, by a signature that stands by itself (``attested``)."""

    KIND: ClassVar[str] = "sign_far"
    VERSION: ClassVar[int] = 1

    ask: RecordId
    signature: bytes

    def payload(self) -> codec.Body:
        return {"ask": self.ask, "signature": self.signature}


@dataclass(frozen=True, slots=True)
class DeclineFar:
    """Say that one does not confirm it, and why, if one cares to; the carer and keepers there read it."""

    KIND: ClassVar[str] = "decline_far"
    VERSION: ClassVar[int] = 1

    ask: RecordId
    reason: str = ""

    def payload(self) -> codec.Body:
        return {"ask": self.ask}

    def private(self) -> dict[str, str]:
        return {"reason": self.reason} if self.reason else {}


@dataclass(frozen=True, slots=True)
class ArriveCareTold(Wordless, trunks.Arrival):
    """Another hub says how an ask ended; or, with ``member``, whose signature does not count, and why."""

    KIND: ClassVar[str] = "arrive_care_told"
    VERSION: ClassVar[int] = 1

    asked: Named
    how: str
    member: int | None = None
    why: NotCounted | None = None

    def payload(self) -> codec.Body:
        return self.named() | {
            "their_incarnation": self.asked.incarnation,
            "their_number": self.asked.number,
            "how": self.how,
            "member": self.member,
            "why": None if self.why is None else str(self.why),
        }


def care_asked(row: AskedHere) -> Care:
    """The care that an ask is about."""
    said = (row.carer, row.category, row.minutes, row.day, row.amount, row.until)
    return Care(bytes(row.terms), *said)


def attested(tx: Tx, row: AskedHere, member: int, signer: KeySigner) -> SignFar:
    """The command by which ``member``, whose key is open, confirms what an ask says."""
    return SignFar(RecordId(bytes(row.id)), signer.sign(_form(tx, row, member)))


def _form(tx: Tx, row: AskedHere, member: int) -> bytes:
    here = own_place(tx)
    return attest.form(here.community, row.hub, care_asked(row), here.hub, member)


# ---------------------------------------------------------------------------------------- it comes


def _decide_ask(tx: Tx, command: ArriveCareAsk, asking: Asking) -> codec.Body | Refusal:
    if tx.get(Neighbour, hub=command.hub) is None:
        return Refusal(Code.UNKNOWN_HUB, {"hub": command.hub}, ())
    return {"nobody": _nobody(tx, command.payload())}


def _nobody(tx: Tx, p: codec.Body) -> list[int]:
    """Who is asked and is nobody here who could answer."""
    return [member for member in p["members"] if not powers.active(tx, member)]


def _ask_stands(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    return tx.get(Neighbour, hub=p["hub"]) is not None and entry.outcome["nobody"] == _nobody(tx, p)


def _apply_ask(tx: Tx, entry: Entry) -> None:
    p = entry.act.payload
    names = ("hub", "incarnation", "number", "terms", "carer", "category", "minutes", "day", "until")
    said = {name: p[name] for name in names} | {"amount": p["worth"]}
    tx.insert(AskedHere, id=entry.record, state=OPEN, entry=entry.number, **said)
    asked = Named(p["incarnation"], p["number"])
    for member in p["members"]:
        if member in entry.outcome["nobody"]:
            feed.emit(tx, entry, Kind.CARE_NO, p["hub"], letters_care.no(asked, member, NoSigner.UNKNOWN))
        else:
            tx.insert(AskedOf, ask=entry.record, member=member, state=ASKED, why=None, entry=entry.number)


# ---------------------------------------------------------------------------------------- the answer


def _asked(tx: Tx, ask: bytes, actor: int | None) -> AskedHere | Refusal:
    """The ask that ``actor`` can still answer; or why not."""
    if refusal := powers.refuse_unless_active(tx, actor):
        return refusal
    row, of = tx.get(AskedHere, id=ask), tx.get(AskedOf, ask=ask, member=actor)
    if row is None or of is None:
        return Refusal(Code.UNKNOWN_CLAIM, {}, (Action.HOME,))
    if of.state != ASKED:
        return Refusal(Code.ALREADY_SIGNED, {}, (Action.SHOW, Action.HOME))
    if row.state == CHANGED:
        return Refusal(Code.TERMS_CHANGED, {"amount": row.amount}, (Action.HOME,))
    if row.state != OPEN:
        return Refusal(Code.CLAIM_CLOSED, {}, (Action.SHOW, Action.HOME))
    return row


def _refuse_signing(tx: Tx, care: CareRules, p: codec.Body, actor: int | None) -> Refusal | None:
    row = _asked(tx, p["ask"], actor)
    if isinstance(row, Refusal):
        return row
    if refusal := forks.refuse_forked(tx, row.hub):
        return refusal
    if care.household and household(tx, actor or 0, row.day) & _signed(tx, row):
        return Refusal(Code.HOUSEHOLD_SIGNED, {}, (Action.SHOW, Action.HOME))
    if refusal := policy.refuse_busy_signer(tx, care, actor or 0, row.day, bytes(row.id)):
        return refusal
    key = members.key_in_force(tx, actor or 0)
    if key is None or not attest.holds(bytes(key.public), p["signature"], _form(tx, row, actor or 0)):
        return Refusal(Code.TERMS_CHANGED, {"amount": row.amount}, (Action.SHOW,))
    return None


def _signed(tx: Tx, row: AskedHere) -> set[int]:
    """Who of here has co-signed this very claim, by whichever ask."""
    return {int(member) for (member,) in tx.select(_SIGNED, row.hub, bytes(row.terms))}


_SIGNED: Final = """
SELECT asked_of.member FROM asked_of JOIN asked_here ON asked_here.id = asked_of.ask
WHERE asked_here.hub = ? AND asked_here.terms = ? AND asked_of.state = 'signed'
"""


def _decide_sign(tx: Tx, command: SignFar, asking: Asking) -> codec.Body | Refusal:
    if len(command.signature) != SIGNATURE_BYTES:
        return Refusal(Code.TERMS_CHANGED, {}, (Action.SHOW,))
    return _refuse_signing(tx, asking.rules.care, command.payload(), asking.actor) or {}


def _may_sign(tx: Tx, entry: Entry) -> bool:
    return _refuse_signing(tx, rules.load(tx).care, entry.act.payload, entry.actor) is None


def _apply_sign(tx: Tx, entry: Entry) -> None:
    p, member = entry.act.payload, entry.actor or 0
    row, key = tx.get(AskedHere, id=p["ask"]), members.key_in_force(tx, member)
    if row is None or key is None:
        raise BookDamaged("co-signs what is not there", entry.number)
    tx.update(AskedOf, {"ask": p["ask"], "member": member}, state=SIGNED, entry=entry.number)
    _certify(tx, entry, row.hub, member, key)
    body = letters_care.signed(Named(row.incarnation, row.number), member, p["signature"])
    feed.emit(tx, entry, Kind.CARE_SIGN, row.hub, body)


def _certify(tx: Tx, entry: Entry, hub: int, member: int, key: MemberKey) -> None:
    """Tell ``hub`` the member's key, unless it is the one that it was told last."""
    public = bytes(key.public)
    told = tx.get(KeyTold, hub=hub, member=member)
    if told is None or bytes(told.public) != public:
        feed.emit(tx, entry, Kind.CARE_KEY, hub, letters_care.key(member, key.seq, public))
        tx.put(KeyTold, hub=hub, member=member, public=public, entry=entry.number)


def _decide_decline(tx: Tx, command: DeclineFar, asking: Asking) -> codec.Body | Refusal:
    row = _asked(tx, command.ask, asking.actor)
    return row if isinstance(row, Refusal) else too_long(command.reason, LONGEST_LINE) or {}


def _may_decline(tx: Tx, entry: Entry) -> bool:
    return not isinstance(_asked(tx, entry.act.payload["ask"], entry.actor), Refusal)


def _apply_decline(tx: Tx, entry: Entry) -> None:
    ask, member = entry.act.payload["ask"], entry.actor or 0
    row = tx.get(AskedHere, id=ask)
    if row is None:
        raise BookDamaged("declines what is not there", entry.number)
    tx.update(AskedOf, {"ask": ask, "member": member}, state=DECLINED, entry=entry.number)
    body = letters_care.no(Named(row.incarnation, row.number), member, NoSigner.DECLINED)
    feed.emit(tx, entry, Kind.CARE_NO, row.hub, body, text_field="reason")


# ---------------------------------------------------------------------------------------- how it ended there


def _named(tx: Tx, p: codec.Body) -> AskedHere | None:
    place = {"incarnation": p["their_incarnation"], "number": p["their_number"]}
    return tx.get(AskedHere, hub=p["hub"], **place)


def _told_fits(tx: Tx, p: codec.Body) -> bool:
    row = _named(tx, p)
    if row is None or p["member"] is None:
        return row is not None
    of = tx.get(AskedOf, ask=bytes(row.id), member=p["member"])
    return of is not None and of.state == SIGNED


def _decide_told(tx: Tx, command: ArriveCareTold, asking: Asking) -> codec.Body | Refusal:
    if tx.get(Neighbour, hub=command.hub) is None:
        return Refusal(Code.UNKNOWN_HUB, {"hub": command.hub}, ())
    return {"fits": _told_fits(tx, command.payload())}


def _told_stands(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    return tx.get(Neighbour, hub=p["hub"]) is not None and entry.outcome["fits"] is _told_fits(tx, p)


def _apply_told(tx: Tx, entry: Entry) -> None:
    p, row = entry.act.payload, _named(tx, entry.act.payload)
    if row is None or not entry.outcome["fits"]:
        return
    if p["member"] is None:
        tx.update(AskedHere, {"id": bytes(row.id)}, state=p["how"])
        return
    key = {"ask": bytes(row.id), "member": p["member"]}
    tx.update(AskedOf, key, state=NOT_COUNTED, why=p["why"], entry=entry.number)


_DAY: Final = shape.whole(0, 10**6)


def _numbers(value: object) -> bool:
    return shape.members(value) and isinstance(value, list) and bool(value)


_ASK: Final = trunks.ARRIVED | {
    "terms": shape.DIGEST,
    "carer": shape.ACCOUNT,
    "category": shape.one_of(*CARE_CATEGORIES),
    "minutes": shape.whole(1, 24 * 60),
    "day": _DAY,
    "worth": shape.whole(0, MAX_AMOUNT),
    "until": shape.or_none(_DAY),
    "members": _numbers,
}
_TOLD: Final = trunks.ARRIVED | {
    "their_incarnation": trunks.INCARNATION,
    "their_number": trunks.NUMBER,
    "how": shape.one_of(*ENDS, OPEN),
    "member": shape.or_none(shape.MEMBER),
    "why": shape.or_none(shape.one_of(*NotCounted)),
}
_SIGN: Final = {"ask": shape.RECORD, "signature": shape.blob(SIGNATURE_BYTES)}

HANDLERS = (
    Handler(ArriveCareAsk, _decide_ask, _apply_ask, _ask_stands, _ASK, ("hub",)),
    Handler(SignFar, _decide_sign, _apply_sign, _may_sign, _SIGN),
    Handler(DeclineFar, _decide_decline, _apply_decline, _may_decline, {"ask": shape.RECORD}),
    Handler(ArriveCareTold, _decide_told, _apply_told, _told_stands, _TOLD, ("hub",)),
)
