"""Moving to another hub: the old account goes to zero, and is closed when it stands there.

::

    active, away --move--> moving --stay--> active
    moving --close_moved (by rule: at zero, nothing under way)--> closed

No credit jumps. Somebody who is owed something sends it to the own account at the new hub, by
an ordinary payment between hubs; who owes something pays it from there, and the new account
stands where the old one stood. So both books balance at any time, and the trunk's limits hold:
what does not go at once goes in parts. From the move on the old account only moves toward zero
(``accounts``), and offers and wants rest.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import chain, shape
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.private import SealedKeyRow, SealedSheet
from appliance.ledger.book.schema import AccountRow, Member, Neighbour
from appliance.ledger.book.schema_credit import Departure
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.money import accounts, trunks
from appliance.ledger.people import leaving, powers
from appliance.ledger.people.life import refuse_reason
from appliance.ledger.values import AccountNumber


@dataclass(frozen=True, slots=True)
class Move:
    """A member, or a keeper with a reason, says where the member moves: to an account of another hub.

    ``told``: people here who look for the member may read it.
    """

    KIND: ClassVar[str] = "move"
    VERSION: ClassVar[int] = 1

    member: AccountNumber
    hub: int
    account: AccountNumber
    told: bool
    reason: str = ""

    def payload(self) -> codec.Body:
        # ``to_...``, as *account* is one of this hub wherever acts are told.
        return {
            "member": self.member,
            "to_hub": self.hub,
            "to_account": self.account,
            "told": self.told,
        }

    def private(self) -> dict[str, str]:
        return {"reason": self.reason} if self.reason else {}


@dataclass(frozen=True, slots=True)
class Stay:
    """The move is called off, by the member, or by a keeper with a reason."""

    KIND: ClassVar[str] = "stay"
    VERSION: ClassVar[int] = 1

    member: AccountNumber
    reason: str = ""

    def payload(self) -> codec.Body:
        return {"member": self.member}

    def private(self) -> dict[str, str]:
        return {"reason": self.reason} if self.reason else {}


@dataclass(frozen=True, slots=True)
class CloseMoved(Wordless):
    """By rule: the old account of somebody who moved stands at zero, and is closed."""

    KIND: ClassVar[str] = "close_moved"
    VERSION: ClassVar[int] = 1

    member: AccountNumber

    def payload(self) -> codec.Body:
        return {"member": self.member}


def _refuse_actor(tx: Tx, command: Move | Stay, asking: Asking) -> Refusal | None:
    """The refusal unless it is the member, or a keeper who says why; keepers are moved by nobody else."""
    if asking.actor == command.member:
        return powers.refuse_unless_active(tx, asking.actor)
    if refusal := powers.refuse_unless_keeper(tx, asking.actor) or refuse_reason(command.reason):
        return refusal
    member = tx.get(Member, number=command.member)
    if member is None:
        return Refusal(Code.UNKNOWN_ACCOUNT, {}, (Action.CHECK_NUMBER,))
    if accounts.has_part(tx, command.member, asking.actor):
        return Refusal(Code.PARTY, {}, (Action.ASK_KEEPER,))
    return Refusal(Code.STILL_KEEPER, {}, (Action.ASK_KEEPER,)) if member.keeper else None


def _may_act(tx: Tx, entry: Entry, member: Member) -> bool:
    if entry.actor == member.number:
        return powers.active(tx, entry.actor)
    apart = not accounts.has_part(tx, member.number, entry.actor)
    return apart and powers.by_keeper(tx, entry) and not member.keeper


def _decide_move(tx: Tx, command: Move, asking: Asking) -> codec.Body | Refusal:
    if refusal := _refuse_actor(tx, command, asking):
        return refusal
    member = tx.get(Member, number=command.member)
    if member is None or member.status not in (powers.ACTIVE, powers.AWAY):
        return Refusal(Code.WRONG_STATUS, {}, (Action.SHOW,))
    if tx.get(Neighbour, hub=command.hub) is None:
        return Refusal(Code.UNKNOWN_HUB, {"hub": command.hub}, (Action.CHECK_NUMBER,))
    if not shape.MEMBER(command.account):
        return Refusal(Code.UNKNOWN_ACCOUNT, {}, (Action.CHECK_NUMBER,))
    return {}


def _may_move(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    member = tx.get(Member, number=p["member"])
    if member is None or member.status not in (powers.ACTIVE, powers.AWAY):
        return False
    return _may_act(tx, entry, member) and tx.get(Neighbour, hub=p["to_hub"]) is not None


def _apply_move(tx: Tx, entry: Entry) -> None:
    p = entry.act.payload
    tx.update(Member, {"number": p["member"]}, status=powers.MOVING, status_entry=entry.number)
    tx.put(
        Departure,
        member=p["member"],
        how=leaving.MOVED,
        hub=p["to_hub"],
        account=p["to_account"],
        told=p["told"],
        entry=entry.number,
        closed_entry=None,
    )


def _decide_stay(tx: Tx, command: Stay, asking: Asking) -> codec.Body | Refusal:
    if refusal := _refuse_actor(tx, command, asking):
        return refusal
    member = tx.get(Member, number=command.member)
    if member is None or member.status != powers.MOVING:
        return Refusal(Code.WRONG_STATUS, {}, (Action.SHOW,))
    return {}


def _may_stay(tx: Tx, entry: Entry) -> bool:
    member = tx.get(Member, number=entry.act.payload["member"])
    return member is not None and member.status == powers.MOVING and _may_act(tx, entry, member)


def _apply_stay(tx: Tx, entry: Entry) -> None:
    number = entry.act.payload["member"]
    tx.update(Member, {"number": number}, status=powers.ACTIVE, status_entry=entry.number)
    tx.delete(Departure, Departure.member == number)


def _refuse_ending(tx: Tx, number: int) -> Refusal | None:
    member = tx.get(Member, number=number)
    if member is None or member.status != powers.MOVING:
        return Refusal(Code.WRONG_STATUS, {}, ())
    return leaving.refuse_closing(tx, number)


def _decide_end(tx: Tx, command: CloseMoved, asking: Asking) -> codec.Body | Refusal:
    return _refuse_ending(tx, command.member) or {}


def _may_end(tx: Tx, entry: Entry) -> bool:
    return _refuse_ending(tx, entry.act.payload["member"]) is None


def _apply_end(tx: Tx, entry: Entry) -> None:
    leaving.close(tx, entry, entry.act.payload["member"], leaving.MOVED)


def _forget_key(tx: Tx, entry: Entry, command: CloseMoved) -> None:
    tx.delete(SealedKeyRow, SealedKeyRow.member == command.member)
    tx.delete(SealedSheet, SealedSheet.member == command.member)


def arrived(tx: Tx, most: int = 20) -> tuple[tuple[AccountNumber, bytes], ...]:
    """Who has moved and can be closed now, each with the key under which that is done once."""
    ready: list[tuple[AccountNumber, bytes]] = []
    for number, entry in tx.select(_AT_ZERO):
        if len(ready) < most and _refuse_ending(tx, number) is None:
            once = codec.digest("tch.moved", entry.to_bytes(8, "big"))[: chain.KEY_BYTES]
            ready.append((AccountNumber(number), once))
    return tuple(ready)


_AT_ZERO: Final = """
SELECT member.number, departure.entry FROM member JOIN departure ON departure.member = member.number
WHERE member.status = 'moving'
  AND NOT EXISTS (SELECT 1 FROM account WHERE account.owner = member.number AND account.balance <> 0)
ORDER BY departure.entry
"""


@dataclass(frozen=True, slots=True)
class Left:
    """What is left to do of a move.

    Attributes:
        hub, account: where to.
        told: whether others here may know.
        balance: of the old account.
        can_go: how much of it can be sent there now; less than the balance when the trunk has no room.
        can_come: how much of the debt can arrive from there now, by what this hub knows of the trunk.
        under_way: something else is not finished yet.
        others: another account of the same owner is not at zero.
    """

    hub: int
    account: int
    told: bool
    balance: int
    can_go: int
    can_come: int
    under_way: bool
    others: bool = False


def left(tx: Tx, number: int) -> Left | None:
    """What is left to do of the move of ``number``; None when nobody moves."""
    member, row = tx.get(Member, number=number), tx.get(AccountRow, number=number)
    goes = tx.get(Departure, member=number)
    if goes is None or member is None or row is None or member.status != powers.MOVING:
        return None
    hub = int(goes.hub or 0)
    return Left(
        hub,
        int(goes.account or 0),
        bool(goes.told),
        row.balance,
        min(max(0, row.balance), trunks.can_send(tx, hub)),
        min(max(0, -row.balance), trunks.can_take(tx, hub)),
        leaving.under_way(tx, number),
        tx.first(_OTHERS, number, number) is not None,
    )


_OTHERS: Final = "SELECT 1 FROM account WHERE owner = ? AND number <> ? AND balance <> 0 LIMIT 1"


_MEMBER: Final = {"member": shape.MEMBER}

HANDLERS = (
    Handler(
        Move,
        _decide_move,
        _apply_move,
        _may_move,
        _MEMBER | {"to_hub": trunks.HUB, "to_account": shape.MEMBER, "told": shape.yes_or_no},
    ),
    Handler(Stay, _decide_stay, _apply_stay, _may_stay, _MEMBER),
    Handler(CloseMoved, _decide_end, _apply_end, _may_end, _MEMBER, ("hub",), _forget_key),
)
