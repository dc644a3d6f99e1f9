"""What comes back from another hub of a claim here: signatures, keys, and noes. All by rule, as they arrive.

A signature counts when it is by the key that the co-signer's own hub has certified to us, over this very
claim as it was asked (``attest``), while the claim waits and is not over, once; and when the rules that
look at who co-signs let it (``policy.why_not_far``). A key is certified by standing in the feed of its
hub, signed with the key that the hub's root certifies. A signature under a key that is not here waits.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import rules, shape
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.letters import Named
from appliance.ledger.book.letters_care import SIGNATURE_BYTES, NoSigner, NotCounted
from appliance.ledger.book.schema import Claim, Neighbour
from appliance.ledger.book.schema_far import CareAsk, FarKey, FarWitness
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless
from appliance.ledger.care import attest, policy, signing, telling
from appliance.ledger.care.rings import Node
from appliance.ledger.care.states import ASKED, DECLINED, NOT_COUNTED, OPEN, SIGNED, UNKNOWN, WAITING
from appliance.ledger.clock import Instant
from appliance.ledger.errors import Code, Refusal
from appliance.ledger.money import trunks
from appliance.ledger.people.roster import own_place

AGAIN: Final = "again"
"""A verdict: it counts already, and nothing more is to be said of it."""


@dataclass(frozen=True, slots=True)
class ArriveCareSign(Wordless, trunks.Arrival):
    """A member of another hub has co-signed a claim here; the record says so."""

    KIND: ClassVar[str] = "arrive_care_sign"
    VERSION: ClassVar[int] = 1

    asked: Named
    member: int
    signature: bytes

    def payload(self) -> codec.Body:
        return self.named() | _asked(self.asked) | {"member": self.member, "signature": self.signature}


@dataclass(frozen=True, slots=True)
class ArriveCareNo(trunks.Arrival):
    """A member of another hub does not co-sign a claim here, or is not there."""

    KIND: ClassVar[str] = "arrive_care_no"
    VERSION: ClassVar[int] = 1

    asked: Named
    member: int
    why: NoSigner
    reason: str = ""

    def payload(self) -> codec.Body:
        return self.named() | _asked(self.asked) | {"member": self.member, "why": str(self.why)}

    def private(self) -> dict[str, str]:
        return {"reason": self.reason} if self.reason else {}


@dataclass(frozen=True, slots=True)
class ArriveCareKey(Wordless, trunks.Arrival):
    """Another hub certifies the key of one of its members."""

    KIND: ClassVar[str] = "arrive_care_key"
    VERSION: ClassVar[int] = 1

    member: int
    seq: int
    public: bytes

    def payload(self) -> codec.Body:
        return self.named() | {"member": self.member, "seq": self.seq, "public": self.public}


def _asked(asked: Named) -> codec.Body:
    return {"our_incarnation": asked.incarnation, "our_number": asked.number}


def speaks_for(p: codec.Body) -> int:
    """The hub whose members a record speaks for: the one in whose feed it stands, and no other."""
    return int(p["hub"])


def ask_of(tx: Tx, p: codec.Body) -> CareAsk | None:
    """Our ask that an answer names; None when that was never asked of the hub that answers."""
    row = tx.get(CareAsk, incarnation=p["our_incarnation"], number=p["our_number"])
    return row if row is not None and row.hub == speaks_for(p) else None


def _whose(p: codec.Body) -> Node:
    return Node(speaks_for(p), p["member"])


def _witness(tx: Tx, ask: CareAsk, node: Node) -> FarWitness | None:
    return tx.get(FarWitness, claim=bytes(ask.claim), hub=node.hub, member=node.member)


# ---------------------------------------------------------------------------------------- a signature


def _verdict(tx: Tx, p: codec.Body, at: Instant) -> str:
    """What becomes of a signature: *signed*, *waiting*, *again*, or why it does not count."""
    ask = ask_of(tx, p)
    claim = None if ask is None else tx.get(Claim, id=bytes(ask.claim))
    witness = None if ask is None else _witness(tx, ask, _whose(p))
    if ask is None or claim is None or witness is None:
        return NotCounted.UNKNOWN
    if witness.state == SIGNED:
        return AGAIN
    if bytes(ask.terms) != bytes(claim.terms):
        return NotCounted.CHANGED
    return _judged(tx, claim, _whose(p), p["signature"], at)


def _judged(tx: Tx, claim: Claim, node: Node, signature: bytes, at: Instant) -> str:
    """As ``_verdict``, of a signature on the claim as it stands."""
    if claim.state != OPEN:
        return NotCounted.OVER
    if signing.is_over(tx, claim.id, at):
        return NotCounted.LATE
    key = tx.get(FarKey, hub=node.hub, member=node.member)
    if key is None:
        return WAITING
    if not attest.holds(bytes(key.public), signature, _signed_form(tx, claim, node)):
        return NotCounted.FORGED
    return policy.why_not_far(tx, rules.load(tx).care, claim, node) or SIGNED


def _signed_form(tx: Tx, claim: Claim, node: Node) -> bytes:
    here = own_place(tx)
    return attest.form(here.community, here.hub, telling.care_of(tx, claim), *node)


def _outcome(tx: Tx, p: codec.Body, at: Instant) -> codec.Body:
    verdict = _verdict(tx, p, at)
    confirmed = False
    if verdict == SIGNED:
        ask = ask_of(tx, p)
        claim = None if ask is None else tx.get(Claim, id=bytes(ask.claim))
        if claim is not None:
            confirmed = policy.progress(tx, rules.load(tx).care, claim, far=_whose(p)).confirmed
    return {"verdict": str(verdict), "confirmed": confirmed}


def _decide_sign(tx: Tx, command: ArriveCareSign, asking: Asking) -> codec.Body | Refusal:
    if tx.get(Neighbour, hub=command.hub) is None:
        return Refusal(Code.UNKNOWN_HUB, {"hub": command.hub}, ())
    return _outcome(tx, command.payload(), asking.at)


def _sign_stands(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    known = tx.get(Neighbour, hub=p["hub"]) is not None
    return known and entry.outcome == _outcome(tx, p, entry.act.at)


def _apply_sign(tx: Tx, entry: Entry) -> None:
    p, verdict = entry.act.payload, entry.outcome["verdict"]
    asked, node, ask = Named(p["our_incarnation"], p["our_number"]), _whose(p), ask_of(tx, p)
    if verdict == AGAIN:
        return
    if ask is None or _witness(tx, ask, node) is None:
        telling.does_not_count(tx, entry, p["hub"], asked, p["member"], NotCounted.UNKNOWN)
        return
    _take(tx, entry, ask, node, p["signature"], verdict)


def _take(tx: Tx, entry: Entry, ask: CareAsk, node: Node, signature: bytes, verdict: str) -> None:
    """Keep what became of a signature, tell their hub when it does not count, and count it when it does."""
    claim, key = bytes(ask.claim), {"claim": bytes(ask.claim), "hub": node.hub, "member": node.member}
    if verdict not in (SIGNED, WAITING):
        asked = Named(ask.incarnation, ask.number)
        telling.does_not_count(tx, entry, node.hub, asked, node.member, verdict)
        if verdict != NotCounted.CHANGED:  # of what stands there now, they are asked anew
            tx.update(FarWitness, key, state=NOT_COUNTED, why=verdict, entry=entry.number)
        return
    public = tx.get(FarKey, hub=node.hub, member=node.member)
    kept = {"signature": signature, "public": None if public is None else bytes(public.public), "why": None}
    tx.update(FarWitness, key, state=verdict, entry=entry.number, **kept)
    if verdict == SIGNED:
        signing.recount(tx, entry, claim)


# ---------------------------------------------------------------------------------------- a key


def _decide_key(tx: Tx, command: ArriveCareKey, asking: Asking) -> codec.Body | Refusal:
    if tx.get(Neighbour, hub=command.hub) is None:
        return Refusal(Code.UNKNOWN_HUB, {"hub": command.hub}, ())
    return {}


def _key_stands(tx: Tx, entry: Entry) -> bool:
    return tx.get(Neighbour, hub=entry.act.payload["hub"]) is not None


def _apply_key(tx: Tx, entry: Entry) -> None:
    p = entry.act.payload
    node = _whose(p)
    tx.put(FarKey, hub=node.hub, member=node.member, seq=p["seq"], public=p["public"], entry=entry.number)
    for witness in tx.found(FarWitness, "state = 'waiting' AND hub = ? AND member = ? ORDER BY entry", *node):
        ask, claim = _open_ask(tx, witness), tx.get(Claim, id=bytes(witness.claim))
        if ask is not None and claim is not None and witness.signature is not None:
            signature = bytes(witness.signature)
            _take(tx, entry, ask, node, signature, _judged(tx, claim, node, signature, entry.act.at))


def _open_ask(tx: Tx, witness: FarWitness) -> CareAsk | None:
    """The last ask of a claim to the hub of ``witness``."""
    rows = tx.found(
        CareAsk,
        "claim = ? AND hub = ? ORDER BY incarnation DESC, number DESC LIMIT 1",
        bytes(witness.claim),
        witness.hub,
    )
    return rows[0] if rows else None


# ---------------------------------------------------------------------------------------- a no


def _fits(tx: Tx, p: codec.Body) -> bool:
    ask = ask_of(tx, p)
    if ask is None or ask.state != OPEN:
        return False
    witness = _witness(tx, ask, _whose(p))
    return witness is not None and witness.state == ASKED


def _decide_no(tx: Tx, command: ArriveCareNo, asking: Asking) -> codec.Body | Refusal:
    if tx.get(Neighbour, hub=command.hub) is None:
        return Refusal(Code.UNKNOWN_HUB, {"hub": command.hub}, ())
    return {"fits": _fits(tx, command.payload())}


def _no_stands(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    return tx.get(Neighbour, hub=p["hub"]) is not None and entry.outcome["fits"] is _fits(tx, p)


def _apply_no(tx: Tx, entry: Entry) -> None:
    p = entry.act.payload
    ask = ask_of(tx, p)
    if ask is None or not entry.outcome["fits"]:
        return
    key = {"claim": bytes(ask.claim), "hub": p["hub"], "member": p["member"]}
    state = DECLINED if p["why"] == NoSigner.DECLINED else UNKNOWN
    tx.update(FarWitness, key, state=state, entry=entry.number)


OUR_ASK: Final = {"our_incarnation": trunks.INCARNATION, "our_number": trunks.NUMBER, "member": shape.MEMBER}
_SIGN: Final = trunks.ARRIVED | OUR_ASK | {"signature": shape.blob(SIGNATURE_BYTES)}
_NO: Final = trunks.ARRIVED | OUR_ASK | {"why": shape.one_of(*NoSigner)}
_KEY: Final = trunks.ARRIVED | {
    "member": shape.MEMBER,
    "seq": shape.whole(1, 10**6),
    "public": shape.PUBLIC_KEY,
}

HANDLERS = (
    Handler(ArriveCareSign, _decide_sign, _apply_sign, _sign_stands, _SIGN, ("hub",)),
    Handler(ArriveCareNo, _decide_no, _apply_no, _no_stands, _NO, ("hub",)),
    Handler(ArriveCareKey, _decide_key, _apply_key, _key_stands, _KEY, ("hub",)),
)
