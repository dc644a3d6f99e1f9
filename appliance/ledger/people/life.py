"""Members' life between joining and leaving: registered by a keeper, away, frozen, vouched for.

::

    (nothing) --register (by a keeper)--> active        without a phone, without a key
    active --away--> away --back--> active              by the member or a keeper
    active, away --freeze--> frozen --unfreeze--> what it was
    closed --reopen--> active                           once more a member, with a new PIN

Who is away can be paid and can act; only the offers and wants rest. Who is frozen signs in and
reads, contests what is wrong, and neither pays nor is paid. Moving to another hub is in ``moving.py``;
who was frozen meanwhile goes on moving when freed, and who was away is away.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import rules, shape
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.schema import AccountRow, Member
from appliance.ledger.book.schema_credit import Departure, Voucher
from appliance.ledger.book.schema_erased import Erasure
from appliance.ledger.book.schema_frozen import Frozen
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless
from appliance.ledger.errors import Action, BookDamaged, Code, Refusal
from appliance.ledger.money import accounts
from appliance.ledger.people import members, powers
from appliance.ledger.people.words import LONGEST_LINE, LONGEST_NAME, tidy, too_long
from appliance.ledger.values import AccountNumber


@dataclass(frozen=True, slots=True)
class Register:
    """A keeper takes in somebody who has no phone: member and account at once, and no key.

    Where members must vouch for newcomers this is no way around it: then the person has a number
    and waits to be let in, as everybody does.
    """

    KIND: ClassVar[str] = "register"
    VERSION: ClassVar[int] = 1

    name: str
    reason: str
    group: str = accounts.PERSON

    def payload(self) -> codec.Body:
        return {"group": self.group}

    def private(self) -> dict[str, str]:
        return {"name": self.name, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Standing:
    """One step of a member's life; a keeper who takes it for another says why."""

    KIND: ClassVar[str]
    VERSION: ClassVar[int] = 1

    member: AccountNumber
    reason: str = ""

    def payload(self) -> codec.Body:
        return {"member": self.member}

    def private(self) -> dict[str, str]:
        return {"reason": self.reason} if self.reason else {}


class Away(Standing):
    """The member, or a keeper with a reason, lets offers and wants rest."""

    __slots__ = ()
    KIND: ClassVar[str] = "away"


class Back(Standing):
    """The member, or a keeper with a reason, says that the member is back."""

    __slots__ = ()
    KIND: ClassVar[str] = "back"


class Freeze(Standing):
    """A keeper stops everything that moves on somebody's accounts, and says why."""

    __slots__ = ()
    KIND: ClassVar[str] = "freeze"
    VERSION: ClassVar[int] = 2


class Unfreeze(Standing):
    """A keeper lets a frozen member trade again, and says why: the member is then what it was before."""

    __slots__ = ()
    KIND: ClassVar[str] = "unfreeze"
    VERSION: ClassVar[int] = 2


class Reopen(Standing):
    """A keeper takes somebody who had left in again, and says why. The old key stays ended."""

    __slots__ = ()
    KIND: ClassVar[str] = "reopen"


@dataclass(frozen=True, slots=True)
class Vouch(Wordless):
    """A member says of somebody who has applied: I know this person."""

    KIND: ClassVar[str] = "vouch"
    VERSION: ClassVar[int] = 1

    newcomer: AccountNumber

    def payload(self) -> codec.Body:
        return {"newcomer": self.newcomer}


_STEPS: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    Away.KIND: ((powers.ACTIVE,), powers.AWAY),
    Back.KIND: ((powers.AWAY,), powers.ACTIVE),
    Freeze.KIND: (powers.STANDING, powers.FROZEN),
    Unfreeze.KIND: ((powers.FROZEN,), powers.ACTIVE),
    Reopen.KIND: ((powers.CLOSED,), powers.ACTIVE),
}
"""From which status each step leads to which."""

_BY_MEMBER: Final = (Away.KIND, Back.KIND)
"""Steps that members take themselves; others take them only as keepers."""


def refuse_reason(reason: str) -> Refusal | None:
    """The refusal of a reason that is missing or too long."""
    if not tidy("reason", reason):
        return Refusal(Code.TEXT_MISSING, {}, (Action.TRY_AGAIN,))
    return too_long(reason, LONGEST_LINE)


def _decide_register(tx: Tx, command: Register, asking: Asking) -> codec.Body | Refusal:
    if refusal := powers.refuse_unless_keeper(tx, asking.actor):
        return refusal
    if not tidy("name", command.name):
        return Refusal(Code.NAME_MISSING, {}, (Action.TRY_AGAIN,))
    if refusal := too_long(command.name, LONGEST_NAME) or refuse_reason(command.reason):
        return refusal
    if command.group not in rules.GROUPS:
        return Refusal(Code.SETTING_WRONG, {}, (Action.TRY_AGAIN,))
    number = members.next_number(tx)
    if asking.rules.credit.vouchers:
        return {"number": number}
    low, high = asking.rules.credit.limits_of(command.group)
    return {"number": number, "low": low, "high": high}


def _may_register(tx: Tx, entry: Entry) -> bool:
    if not powers.by_keeper(tx, entry):
        return False
    if rules.kept(tx, "credit").get("vouchers", 0):
        return entry.outcome.keys() == {"number"}
    return members.limits_stand(tx, entry)


def _apply_register(tx: Tx, entry: Entry) -> None:
    number = entry.outcome["number"]
    if number != members.next_number(tx):
        raise BookDamaged(f"gives the number {number}, which is not the next", entry.number)
    tx.insert(
        Member,
        number=number,
        status=powers.APPLIED,
        keeper=False,
        name_entry=entry.number,
        applied_entry=entry.number,
        status_entry=entry.number,
    )
    if "low" in entry.outcome:
        members.admit(tx, entry, number, entry.act.payload["group"])


def _decide_step(tx: Tx, command: Standing, asking: Asking) -> codec.Body | Refusal:
    member = tx.get(Member, number=command.member)
    own = asking.actor == command.member
    if not (own and command.KIND in _BY_MEMBER):
        if refusal := powers.refuse_unless_keeper(tx, asking.actor):
            return refusal
        if accounts.has_part(tx, command.member, asking.actor):
            return Refusal(Code.PARTY, {}, (Action.ASK_KEEPER,))
        if refusal := refuse_reason(command.reason):
            return refusal
    if member is None:
        return Refusal(Code.UNKNOWN_ACCOUNT, {}, (Action.CHECK_NUMBER,))
    if not _fits(tx, member, command.KIND):
        return Refusal(Code.WRONG_STATUS, {}, (Action.SHOW,))
    if command.KIND == Freeze.KIND and member.keeper:
        return Refusal(Code.STILL_KEEPER, {}, (Action.ASK_KEEPER,))
    return {}


def _fits(tx: Tx, member: Member, kind: str) -> bool:
    if kind == Reopen.KIND and tx.get(AccountRow, number=member.number) is None:
        return False  # was turned away, and never had an account
    if kind == Reopen.KIND and tx.first(_ERASED, member.number) is not None:
        return False  # nobody knows any more who that was: the person joins anew
    return member.status in _STEPS[kind][0]


_ERASED: Final = "SELECT 1 FROM erasure WHERE member = ? AND entry = 0 AND state = 'done'"


def _may_step(tx: Tx, entry: Entry) -> bool:
    number, kind = entry.act.payload["member"], entry.act.kind
    member = tx.get(Member, number=number)
    if member is None or not _fits(tx, member, kind):
        return False
    if entry.actor == number:
        return kind in _BY_MEMBER
    if accounts.has_part(tx, number, entry.actor):
        return False
    return powers.by_keeper(tx, entry) and not (kind == Freeze.KIND and member.keeper)


def _apply_freeze(tx: Tx, entry: Entry) -> None:
    number = entry.act.payload["member"]
    member = tx.get(Member, number=number)
    assert member is not None  # the warrant has looked
    tx.put(Frozen, member=number, before=member.status, entry=entry.number)
    _apply_step(tx, entry)


def _apply_unfreeze(tx: Tx, entry: Entry) -> None:
    """Back to what it was; who was frozen by version 1, which did not remember, is active."""
    number = entry.act.payload["member"]
    frozen = tx.get(Frozen, member=number)
    _apply_step(tx, entry)
    if frozen is not None:
        tx.delete(Frozen, Frozen.member == number)
        if frozen.before == powers.AWAY:
            tx.update(Member, {"number": number}, status=powers.AWAY)


def _apply_step(tx: Tx, entry: Entry) -> None:
    number, kind = entry.act.payload["member"], entry.act.kind
    goes = kind == Unfreeze.KIND and tx.get(Departure, member=number) is not None
    status = powers.MOVING if goes else _STEPS[kind][1]
    tx.update(Member, {"number": number}, status=status, status_entry=entry.number)
    if kind == Reopen.KIND:
        tx.delete(Departure, Departure.member == number)
        for state in ("asked", "waiting"):
            mine = {"member": number, "entry": 0, "state": state}
            tx.update(Erasure, mine, state="kept", closed_entry=entry.number)


def _decide_vouch(tx: Tx, command: Vouch, asking: Asking) -> codec.Body | Refusal:
    if refusal := powers.refuse_unless_active(tx, asking.actor):
        return refusal
    newcomer = tx.get(Member, number=command.newcomer)
    if newcomer is None:
        return Refusal(Code.UNKNOWN_ACCOUNT, {}, (Action.CHECK_NUMBER,))
    if newcomer.status != powers.APPLIED:
        return Refusal(Code.NOT_APPLIED, {}, (Action.SHOW,))
    if tx.get(Voucher, newcomer=command.newcomer, member=asking.actor) is not None:
        return Refusal(Code.ALREADY_SIGNED, {}, (Action.HOME,))
    return {}


def _may_vouch(tx: Tx, entry: Entry) -> bool:
    number = entry.act.payload["newcomer"]
    newcomer = tx.get(Member, number=number)
    waits = newcomer is not None and newcomer.status == powers.APPLIED
    return (
        waits and powers.active(tx, entry.actor) and not tx.get(Voucher, newcomer=number, member=entry.actor)
    )


def _apply_vouch(tx: Tx, entry: Entry) -> None:
    tx.insert(Voucher, newcomer=entry.act.payload["newcomer"], member=entry.actor, entry=entry.number)


_MEMBER: Final = {"member": shape.MEMBER}

HANDLERS = (
    Handler(
        Register, _decide_register, _apply_register, _may_register, {"group": shape.one_of(*rules.GROUPS)}
    ),
    *(Handler(step, _decide_step, _apply_step, _may_step, _MEMBER) for step in (Away, Back, Reopen)),
    Handler(Freeze, _decide_step, _apply_freeze, _may_step, _MEMBER),
    Handler(Unfreeze, _decide_step, _apply_unfreeze, _may_step, _MEMBER),
    Handler(Vouch, _decide_vouch, _apply_vouch, _may_vouch, {"newcomer": shape.MEMBER}),
)

OLD: Final = {
    ("freeze", 1): Handler(Freeze, _decide_step, _apply_step, _may_step, _MEMBER),
    ("unfreeze", 1): Handler(Unfreeze, _decide_step, _apply_step, _may_step, _MEMBER),
}
"""How earlier versions are folded."""
