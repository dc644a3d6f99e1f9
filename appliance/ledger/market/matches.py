"""What people say of matches: an offer that could serve a want. Nothing here moves credit.

Each of the two says for themself: *accept*, *dismiss* (not for me), *wrong* (these two words are no match: from then on
the matcher of this hub knows, until a keeper takes it back) or *happened*. What was said last holds. When both have
accepted, each is shown how to reach and pay the other. Whether two listings fit is the matcher's word, not the book's.
What somebody of another hub says comes from there, and what is said here goes there (``matches_far``).
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import shape
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.feed import FarListing
from appliance.ledger.book.schema import AccountRow, Crossing, Listing, Transfer
from appliance.ledger.book.schema_trading import MatchAnswer, Unfit
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.market.listings import OFFER, OPEN, WANT
from appliance.ledger.money.trunks import HUB, NUMBER
from appliance.ledger.people import powers
from appliance.ledger.people.roster import own_place
from appliance.ledger.people.words import LONGEST_LINE, too_long
from appliance.ledger.values import RecordId

ACCEPT, DISMISS, WRONG, HAPPENED = "accept", "dismiss", "wrong", "happened"
KEPT, BACK = "kept", "back"

Node = tuple[int, int]
"""A listing: its hub, and its number there."""


@dataclass(frozen=True, slots=True)
class AnswerMatch:
    """Say something of a match. ``transfer``: what was paid for it; ``offered``, ``wanted``: the terms that do not fit."""

    KIND: ClassVar[str] = "answer_match"
    VERSION: ClassVar[int] = 1

    offer: Node
    want: Node
    answer: str
    transfer: RecordId | None = None
    offered: str = ""
    wanted: str = ""

    def payload(self) -> codec.Body:
        return {
            "offer": list(self.offer),
            "want": list(self.want),
            "answer": self.answer,
            "transfer": self.transfer,
        }

    def private(self) -> dict[str, str]:
        return {"offered": self.offered, "wanted": self.wanted} if self.offered and self.wanted else {}


@dataclass(frozen=True, slots=True)
class AllowMatch(Wordless):
    """A keeper takes back that two terms are no match."""

    KIND: ClassVar[str] = "allow_match"
    VERSION: ClassVar[int] = 1

    unfit: RecordId

    def payload(self) -> codec.Body:
        return {"unfit": self.unfit}


def _listing(tx: Tx, node: list[int], here: int) -> Listing | None:
    return tx.get(Listing, opened_entry=node[1]) if node[0] == here else None


def _refuse(tx: Tx, p: codec.Body, actor: int | None) -> Refusal | None:
    """Why the book does not let ``actor`` say this; of listings of other hubs it knows nothing."""
    if refusal := powers.refuse_unless_active(tx, actor):
        return refusal
    here = own_place(tx).hub
    sides = [(p["offer"], OFFER), (p["want"], WANT)]
    found = [_listing(tx, node, here) for node, _ in sides]
    for row, (node, kind) in zip(found, sides, strict=True):
        if node[0] == here and (row is None or row.kind != kind):
            return Refusal(Code.UNKNOWN_LISTING, {}, (Action.HOME,))
    owners = [row.owner for row in found if row is not None]
    if actor not in owners:
        return Refusal(Code.NOT_YOURS, {}, (Action.HOME,))
    if len(owners) == 2 and owners[0] == owners[1]:
        return Refusal(Code.OWN_ACCOUNT, {}, (Action.HOME,))
    if p["answer"] == ACCEPT and any(row is not None and row.state != OPEN for row in found):
        return Refusal(Code.LISTING_CLOSED, {}, (Action.HOME,))
    if p["transfer"] is not None and (p["answer"] != HAPPENED or not _paid(tx, p, found)):
        return Refusal(Code.UNKNOWN_TRANSFER, {}, (Action.HOME,))
    return None


def _paid(tx: Tx, p: codec.Body, found: list[Listing | None]) -> bool:
    """Whether the payment goes from who wants to who offers."""
    offer, want = found
    if want is None:
        return False
    giver = None if offer is None else offer.owner
    return goes(tx, p["transfer"], want.owner, p["offer"][0] if offer is None else None, giver)


def goes(tx: Tx, transfer: bytes, payer: int, hub: int | None, payee: int | None) -> bool:
    """Whether a payment goes from member ``payer`` to member ``payee`` of another hub, or of this one (``hub`` None).

    From and to any account of theirs; ``payee`` None: whoever it is there.
    """
    row, crossing = tx.get(Transfer, id=transfer), tx.get(Crossing, id=transfer)
    if row is None or row.payer is None or row.state in ("pending", "declined", "cancelled", "returned"):
        return False
    if _owner(tx, row.payer) != payer and row.payer != payer and crossing is None:
        return False
    if hub is None:
        return crossing is None and payee in (row.payee, _owner(tx, row.payee))
    if crossing is None or not crossing.outgoing or payer not in (crossing.near, _owner(tx, crossing.near)):
        return False
    return crossing.hub == hub and payee in (None, crossing.far)


def _owner(tx: Tx, account: int) -> int | None:
    row = tx.get(AccountRow, number=account)
    return row.owner if row else None


def _decide(tx: Tx, command: AnswerMatch, asking: Asking) -> codec.Body | Refusal:
    p = command.payload()
    if not _SHAPE["offer"](p["offer"]) or not _SHAPE["want"](p["want"]) or not _SHAPE["answer"](p["answer"]):
        return Refusal(Code.UNKNOWN_LISTING, {}, (Action.HOME,))
    if refusal := _refuse(tx, p, asking.actor):
        return refusal
    here = own_place(tx).hub
    for hub, number in (command.offer, command.want):
        if hub != here and command.answer == ACCEPT:
            far = tx.get(FarListing, hub=hub, listing=number)
            if far is None or not far.open:
                return Refusal(Code.LISTING_CLOSED, {}, (Action.HOME,))
    if command.answer == WRONG and not command.private():
        return Refusal(Code.TEXT_MISSING, {}, (Action.HOME,))
    return too_long(command.offered, LONGEST_LINE) or too_long(command.wanted, LONGEST_LINE) or {}


def _may(tx: Tx, entry: Entry) -> bool:
    return _refuse(tx, entry.act.payload, entry.actor) is None


def _apply(tx: Tx, entry: Entry) -> None:
    p = entry.act.payload
    key = {
        "offer_hub": p["offer"][0],
        "offer": p["offer"][1],
        "want_hub": p["want"][0],
        "want": p["want"][1],
        "member": entry.actor,
    }
    before = tx.get(MatchAnswer, **key)
    transfer = p["transfer"] if p["transfer"] is not None else before.transfer if before else None
    tx.put(MatchAnswer, **key, answer=p["answer"], transfer=transfer, entry=entry.number)
    if p["answer"] == WRONG:
        words = {"text_entry": entry.number, "state": KEPT, "entry": entry.number}
        tx.insert(Unfit, id=entry.record, member=entry.actor, **words)


def _unfit(tx: Tx, unfit: bytes, actor: int | None) -> Refusal | None:
    if refusal := powers.refuse_unless_keeper(tx, actor):
        return refusal
    row = tx.get(Unfit, id=unfit)
    if row is None or row.state != KEPT:
        return Refusal(Code.UNKNOWN_LISTING, {}, (Action.HOME,))
    return None


def _decide_allow(tx: Tx, command: AllowMatch, asking: Asking) -> codec.Body | Refusal:
    return _unfit(tx, command.unfit, asking.actor) or {}


def _may_allow(tx: Tx, entry: Entry) -> bool:
    return _unfit(tx, entry.act.payload["unfit"], entry.actor) is None


def _apply_allow(tx: Tx, entry: Entry) -> None:
    tx.update(Unfit, {"id": entry.act.payload["unfit"]}, state=BACK, entry=entry.number)


def _node(value: Any) -> bool:
    return type(value) is list and len(value) == 2 and HUB(value[0]) and NUMBER(value[1])


NODE: Final = _node
"""A listing in a payload: its hub, and its number there."""

_SHAPE: Final = {
    "offer": NODE,
    "want": NODE,
    "answer": shape.one_of(ACCEPT, DISMISS, WRONG, HAPPENED),
    "transfer": shape.or_none(shape.RECORD),
}

HANDLERS = (
    Handler(AnswerMatch, _decide, _apply, _may, _SHAPE),
    Handler(AllowMatch, _decide_allow, _apply_allow, _may_allow, {"unfit": shape.RECORD}),
)
