"""Asking members of another hub for their word on care that was given here.

::

    (nothing) --ask_far--> asked (a CARE_ASK record goes to their hub)
    asked --CARE_SIGN comes--> signed, waiting (the key is not here yet), or refused (it does not count)
    waiting --CARE_KEY comes--> signed, or refused
    asked --CARE_NO comes--> declined, or unknown (nobody there has the number)

The carer asks, or who wrote the claim down. Who was asked is asked anew when the claim is said otherwise,
and their hub is told when it ends (``telling``). What comes back is ``answers``; the other side of it all,
at the co-signer's hub, is ``elsewhere``.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import shape
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.schema import Claim, Neighbour, Witness
from appliance.ledger.book.schema_far import FarWitness
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless
from appliance.ledger.care import policy, signing, telling
from appliance.ledger.care.claims import MOST_WITNESSES, open_claim
from appliance.ledger.care.rings import Node
from appliance.ledger.care.states import DECLINED
from appliance.ledger.clock import Instant
from appliance.ledger.errors import Action, BookDamaged, Code, Refusal
from appliance.ledger.money.trunks import HUB
from appliance.ledger.people import forks, powers
from appliance.ledger.values import RecordId


@dataclass(frozen=True, slots=True)
class AskFar(Wordless):
    """Ask members of other hubs to co-sign a claim that waits; ``asked``: (hub, account number) of each."""

    KIND: ClassVar[str] = "ask_far"
    VERSION: ClassVar[int] = 1

    claim: RecordId
    asked: tuple[Node, ...]

    def payload(self) -> codec.Body:
        return {"claim": self.claim, "asked": [list(node) for node in sorted(set(self.asked))]}


def _nodes(payload: codec.Body) -> list[Node]:
    return [Node(*pair) for pair in payload["asked"]]


def _refuse(tx: Tx, payload: codec.Body, actor: int | None, at: Instant) -> Refusal | None:
    if refusal := powers.refuse_unless_active(tx, actor):
        return refusal
    claim = open_claim(tx, payload["claim"])
    if isinstance(claim, Refusal):
        return claim
    terms = policy.terms_of(tx, claim.id)
    if actor != claim.carer and (terms is None or terms.writer != actor):
        return Refusal(Code.NOT_YOURS, {}, (Action.HOME,))
    if signing.is_over(tx, claim.id, at):
        return Refusal(Code.CLAIM_EXPIRED, {}, (Action.SHOW, Action.HOME))
    if terms is None or claim.day < 0:
        return Refusal(Code.TIME_WRONG, {}, (Action.HOME,))
    nodes = _nodes(payload)
    for node in nodes:
        if refusal := _refuse_node(tx, claim, node):
            return refusal
    here = tx.found(Witness, "claim = ?", claim.id)
    afar = tx.found(FarWitness, "claim = ?", claim.id)
    others = [one for one in afar if Node(one.hub, one.member) not in nodes]
    if not nodes or len(here) + len(others) + len(nodes) > MOST_WITNESSES:
        return Refusal(Code.ALREADY_SIGNED, {"most": MOST_WITNESSES}, (Action.TRY_AGAIN,))
    return None


def _refuse_node(tx: Tx, claim: Claim, node: Node) -> Refusal | None:
    if tx.get(Neighbour, hub=node.hub) is None:
        return Refusal(Code.UNKNOWN_HUB, {"hub": node.hub}, (Action.CHECK_NUMBER,))
    if refusal := forks.refuse_forked(tx, node.hub):
        return refusal
    witness = tx.get(FarWitness, claim=claim.id, hub=node.hub, member=node.member)
    if witness is not None and not _said_no_to_other_words(tx, claim, witness):
        return Refusal(Code.ALREADY_SIGNED, {"most": MOST_WITNESSES}, (Action.SHOW,))
    return None


def _said_no_to_other_words(tx: Tx, claim: Claim, witness: FarWitness) -> bool:
    """Whether somebody has declined the claim as it stood before: of what stands there now they can be asked."""
    terms = policy.terms_of(tx, claim.id)
    return witness.state == DECLINED and terms is not None and witness.entry < terms.entry


def _decide(tx: Tx, command: AskFar, asking: Asking) -> codec.Body | Refusal:
    payload = command.payload()
    if not _pairs(payload["asked"]):
        return Refusal(Code.UNKNOWN_ACCOUNT, {}, (Action.CHECK_NUMBER,))
    return _refuse(tx, payload, asking.actor, asking.at) or {}


def _may(tx: Tx, entry: Entry) -> bool:
    return _refuse(tx, entry.act.payload, entry.actor, entry.act.at) is None


def _apply(tx: Tx, entry: Entry) -> None:
    claim = tx.get(Claim, id=entry.act.payload["claim"])
    if claim is None:
        raise BookDamaged("asks about a claim that is not there", entry.number)
    by_hub: dict[int, list[int]] = {}
    for node in _nodes(entry.act.payload):
        by_hub.setdefault(node.hub, []).append(node.member)
    for hub, members in by_hub.items():
        telling.ask(tx, entry, claim, hub, members)


def _pairs(value: Any) -> bool:
    """A list of (hub, member), in order, none twice."""
    if type(value) is not list or not 1 <= len(value) <= MOST_WITNESSES:
        return False
    fine = all(
        type(pair) is list and len(pair) == 2 and HUB(pair[0]) and shape.MEMBER(pair[1]) for pair in value
    )
    return fine and value == sorted(value) and all(a != b for a, b in pairwise(value))


_SHAPE: Final = {"claim": shape.RECORD, "asked": _pairs}

HANDLERS = (Handler(AskFar, _decide, _apply, _may, _SHAPE),)
