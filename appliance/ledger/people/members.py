"""Members: joining, being approved, keys.

::

    (nothing) --join--> applied --approve--> active
                        applied --turn_away--> closed

A newcomer's key pair is made and sealed when joining; the join is signed with it, so the book
knows from the first entry whose key it is. The number is given at once: the newcomer can sign
in and read that a keeper has still to say yes.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

import peewee as pw

from appliance.ledger import codec
from appliance.ledger.book import rules, shape
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.private import SealedKeyRow
from appliance.ledger.book.schema import Member, MemberKey
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless, always
from appliance.ledger.errors import Action, BookDamaged, Code, Refusal
from appliance.ledger.keys import SealedKey
from appliance.ledger.money import accounts
from appliance.ledger.people import powers
from appliance.ledger.people.words import LONGEST_LINE, LONGEST_NAME, tidy, too_long
from appliance.ledger.values import AccountNumber


@dataclass(frozen=True, slots=True)
class Join:
    """Ask to become a member. ``sealed`` is kept beside the book."""

    KIND: ClassVar[str] = "join"
    VERSION: ClassVar[int] = 1

    name: str
    sealed: SealedKey

    def payload(self) -> codec.Body:
        return {"key": self.sealed.public}

    def private(self) -> dict[str, str]:
        return {"name": self.name}


@dataclass(frozen=True, slots=True)
class Approve(Wordless):
    """A keeper admits somebody who has applied: the account opens at zero.

    Its limits are those of ``group`` (``rules.GROUPS``) now; they go into the outcome.
    """

    KIND: ClassVar[str] = "approve"
    VERSION: ClassVar[int] = 2

    member: AccountNumber
    group: str = accounts.PERSON

    def payload(self) -> codec.Body:
        return {"member": self.member, "group": self.group}


@dataclass(frozen=True, slots=True)
class TurnAway:
    """A keeper says no to somebody who has applied, and why."""

    KIND: ClassVar[str] = "turn_away"
    VERSION: ClassVar[int] = 1

    member: AccountNumber
    reason: str

    def payload(self) -> codec.Body:
        return {"member": self.member}

    def private(self) -> dict[str, str]:
        return {"reason": self.reason}


@dataclass(frozen=True, slots=True)
class AppointKeeper(Wordless):
    """The hub's root makes a member a keeper."""

    KIND: ClassVar[str] = "appoint_keeper"
    VERSION: ClassVar[int] = 1

    member: AccountNumber

    def payload(self) -> codec.Body:
        return {"member": self.member}


@dataclass(frozen=True, slots=True)
class DismissKeeper(Wordless):
    """The hub's root ends a keeper's office; two other keepers can, too (``seconds.py``)."""

    KIND: ClassVar[str] = "dismiss_keeper"
    VERSION: ClassVar[int] = 1

    member: AccountNumber

    def payload(self) -> codec.Body:
        return {"member": self.member}


@dataclass(frozen=True, slots=True)
class ChangePin(Wordless):
    """A member's key is sealed under another PIN. The key stays; the book knows that it happened."""

    KIND: ClassVar[str] = "change_pin"
    VERSION: ClassVar[int] = 1

    sealed: SealedKey

    def payload(self) -> codec.Body:
        return {"key": self.sealed.public}


@dataclass(frozen=True, slots=True)
class ReplaceKey(Wordless):
    """A keeper gives a member who forgot the PIN, or never had one, a new key.

    The old one signs nothing any more. Since version 2 never to a keeper: who could set another
    keeper's PIN would be two keepers alone. The office is ended first.
    """

    KIND: ClassVar[str] = "replace_key"
    VERSION: ClassVar[int] = 2

    member: AccountNumber
    sealed: SealedKey

    def payload(self) -> codec.Body:
        return {"member": self.member, "key": self.sealed.public}


def key_in_force(tx: Tx, member: int) -> MemberKey | None:
    """The public key that ``member`` signs with now."""
    return tx.get(MemberKey, member=member, ended_entry=None)


def _decide_join(tx: Tx, command: Join, asking: Asking) -> codec.Body | Refusal:
    if not tidy("name", command.name):
        return Refusal(Code.NAME_MISSING, {}, (Action.TRY_AGAIN,))
    if refusal := too_long(command.name, LONGEST_NAME):
        return refusal
    return {"number": next_number(tx)}


def next_number(tx: Tx) -> int:
    """The next free number: members and accounts share one sequence."""
    last = tx.first("SELECT (SELECT MAX(number) FROM member), (SELECT MAX(number) FROM account)")
    free = max(int(number or 0) for number in last or (0,)) + 1
    # After a restore, not the numbers that may have been given in the time that was lost (``restoring``).
    after = tx.first("SELECT MAX(numbers_from), (SELECT MAX(near) + 1 FROM recovered) FROM restored")
    return max(free, *(int(number or 0) for number in after or ()))


def _apply_join(tx: Tx, entry: Entry) -> None:
    number = entry.outcome["number"]
    if number != next_number(tx):
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
    tx.insert(MemberKey, member=number, seq=1, public=entry.act.payload["key"], entry=entry.number)


def _attach_join(tx: Tx, entry: Entry, command: Join) -> None:
    keep_sealed(tx, int(str(entry.outcome["number"])), command.sealed)


def keep_sealed(tx: Tx, member: int, sealed: SealedKey) -> None:
    """Keep a member's sealed key in place of the one before."""
    tx.put(
        SealedKeyRow,
        member=member,
        public=sealed.public,
        salt=sealed.salt,
        passes=sealed.cost.passes,
        memory=sealed.cost.memory,
        box=sealed.box,
    )


def _applied(tx: Tx, number: int) -> Member | Refusal:
    member = tx.get(Member, number=number)
    if member is None:
        return Refusal(Code.UNKNOWN_ACCOUNT, {}, (Action.CHECK_NUMBER,))
    if member.status != powers.APPLIED:
        return Refusal(Code.NOT_APPLIED, {}, (Action.SHOW,))
    return member


def _decide_approve(tx: Tx, command: Approve, asking: Asking) -> codec.Body | Refusal:
    if asking.actor is not None and (refusal := powers.refuse_unless_keeper(tx, asking.actor)):
        return refusal
    member = _applied(tx, command.member)
    if isinstance(member, Refusal):
        return member
    if command.group not in rules.GROUPS:
        return Refusal(Code.SETTING_WRONG, {}, (Action.TRY_AGAIN,))
    wanted = 0 if asking.actor is None else asking.rules.credit.vouchers  # the first keepers know each other
    if (have := vouched(tx, command.member)) < wanted:
        numbers = {"have": have, "wanted": wanted}
        return Refusal(Code.VOUCHERS_MISSING, numbers, (Action.WAIT,))
    low, high = asking.rules.credit.limits_of(command.group)
    return {"low": low, "high": high}


def vouched(tx: Tx, newcomer: int) -> int:
    """How many members vouch for a newcomer: of those whose word counts now, not frozen and not gone."""
    found = tx.first(_VOUCHED, newcomer)
    return int(found[0]) if found else 0


_VOUCHED: Final = """
SELECT COUNT(*) FROM voucher JOIN member ON member.number = voucher.member
WHERE voucher.newcomer = ? AND member.status IN ('active', 'away', 'moving')
"""


def _apply_approve(tx: Tx, entry: Entry) -> None:
    admit(tx, entry, entry.act.payload["member"], entry.act.payload["group"])


def admit(tx: Tx, entry: Entry, number: int, group: str) -> None:
    """Make ``number`` active, with an account of ``group`` at zero and the limits in the outcome."""
    low, high = entry.outcome["low"], entry.outcome["high"]
    tx.update(Member, {"number": number}, status=powers.ACTIVE, status_entry=entry.number)
    accounts.open_account(tx, number, accounts.MEMBER, number, low, high, entry.number)
    accounts.keep_terms(tx, number, group, None, entry.number)


def _apply_approve_1(tx: Tx, entry: Entry) -> None:
    """Version 1 knew persons only, and looked up their limits when it was folded."""
    number, credit = entry.act.payload["member"], rules.kept(tx, "credit")
    tx.update(Member, {"number": number}, status=powers.ACTIVE, status_entry=entry.number)
    accounts.open_account(tx, number, accounts.MEMBER, number, credit["low"], credit["high"], entry.number)


def _decide_turn_away(tx: Tx, command: TurnAway, asking: Asking) -> codec.Body | Refusal:
    if refusal := powers.refuse_unless_keeper(tx, asking.actor):
        return refusal
    member = _applied(tx, command.member)
    if isinstance(member, Refusal):
        return member
    if not tidy("reason", command.reason):
        return Refusal(Code.TEXT_MISSING, {}, (Action.TRY_AGAIN,))
    return too_long(command.reason, LONGEST_LINE) or {}


def _apply_turn_away(tx: Tx, entry: Entry) -> None:
    number = entry.act.payload["member"]
    tx.update(Member, {"number": number}, status=powers.CLOSED, status_entry=entry.number)
    tx.update(MemberKey, {"member": number, "ended_entry": None}, ended_entry=entry.number)


def _decide_appoint(tx: Tx, command: AppointKeeper, asking: Asking) -> codec.Body | Refusal:
    return powers.refuse_unless_active(tx, command.member) or {}


def _apply_appoint(tx: Tx, entry: Entry) -> None:
    tx.update(Member, {"number": entry.act.payload["member"]}, keeper=True)


def _decide_dismiss(tx: Tx, command: DismissKeeper, asking: Asking) -> codec.Body | Refusal:
    member = tx.get(Member, number=command.member)
    if member is None:
        return Refusal(Code.UNKNOWN_ACCOUNT, {}, (Action.CHECK_NUMBER,))
    return {} if member.keeper else Refusal(Code.WRONG_STATUS, {}, (Action.SHOW,))


def _is_keeper(tx: Tx, entry: Entry) -> bool:
    member = tx.get(Member, number=entry.act.payload["member"])
    return member is not None and bool(member.keeper)


def _apply_dismiss(tx: Tx, entry: Entry) -> None:
    tx.update(Member, {"number": entry.act.payload["member"]}, keeper=False)


def _decide_change_pin(tx: Tx, command: ChangePin, asking: Asking) -> codec.Body | Refusal:
    key = key_in_force(tx, asking.actor or 0)
    if key is None or bytes(key.public) != command.sealed.public:
        return Refusal(Code.NOT_YOURS, {}, (Action.HOME,))
    return {}


def _apply_nothing(tx: Tx, entry: Entry) -> None:
    """The act is remembered; no row of the truth changes."""


def _attach_change_pin(tx: Tx, entry: Entry, command: ChangePin) -> None:
    keep_sealed(tx, entry.actor or 0, command.sealed)


def _decide_replace(tx: Tx, command: ReplaceKey, asking: Asking) -> codec.Body | Refusal:
    if refusal := powers.refuse_unless_keeper(tx, asking.actor):
        return refusal
    member = tx.get(Member, number=command.member)
    if member is None or member.status == powers.CLOSED:
        return Refusal(Code.UNKNOWN_ACCOUNT, {}, (Action.CHECK_NUMBER,))
    if command.member != asking.actor and accounts.has_part(tx, command.member, asking.actor):
        return Refusal(Code.PARTY, {}, (Action.ASK_KEEPER,))  # a helper must not come by the owner's PIN
    return Refusal(Code.STILL_KEEPER, {}, (Action.ASK_KEEPER,)) if member.keeper else {}


def _apply_replace(tx: Tx, entry: Entry) -> None:
    number = entry.act.payload["member"]
    last = tx.scalar(MemberKey.select(pw.fn.MAX(MemberKey.seq)).where(MemberKey.member == number))
    tx.update(MemberKey, {"member": number, "ended_entry": None}, ended_entry=entry.number)
    tx.insert(
        MemberKey, member=number, seq=(last or 0) + 1, public=entry.act.payload["key"], entry=entry.number
    )


def _attach_replace(tx: Tx, entry: Entry, command: ReplaceKey) -> None:
    keep_sealed(tx, command.member, command.sealed)


def _of_newcomer(tx: Tx, entry: Entry) -> bool:
    waiting = not isinstance(_applied(tx, entry.act.payload["member"]), Refusal)
    return waiting and powers.by_keeper(tx, entry)


def _of_active(tx: Tx, entry: Entry) -> bool:
    return powers.active(tx, entry.act.payload["member"])


def _of_present(tx: Tx, entry: Entry) -> bool:
    member = tx.get(Member, number=entry.act.payload["member"])
    if member is None or member.status == powers.CLOSED:
        return False
    own = entry.actor == member.number  # as books of the first releases have it
    return powers.by_keeper(tx, entry) and (own or not accounts.has_part(tx, member.number, entry.actor))


def _of_no_keeper(tx: Tx, entry: Entry) -> bool:
    return _of_present(tx, entry) and not _is_keeper(tx, entry)


def _of_vouched(tx: Tx, entry: Entry) -> bool:
    credit = rules.kept(tx, "credit")
    wanted = 0 if entry.actor is None else credit.get("vouchers", 0)
    enough = vouched(tx, entry.act.payload["member"]) >= wanted
    return enough and _of_newcomer(tx, entry) and limits_stand(tx, entry)


def limits_stand(tx: Tx, entry: Entry) -> bool:
    """Whether the limits in an outcome are those of the group that the payload names."""
    found = rules.group_limits(rules.kept(tx, "credit"), entry.act.payload["group"])
    return (entry.outcome.get("low"), entry.outcome.get("high")) == found


def _own_key(tx: Tx, entry: Entry) -> bool:
    key = key_in_force(tx, entry.actor or 0)
    return key is not None and bytes(key.public) == entry.act.payload["key"]


_MEMBER: Final = {"member": shape.MEMBER}
_KEY: Final = {"key": shape.PUBLIC_KEY}

HANDLERS = (
    Handler(Join, _decide_join, _apply_join, always, _KEY, ("newcomer",), _attach_join),
    Handler(
        Approve,
        _decide_approve,
        _apply_approve,
        _of_vouched,
        _MEMBER | {"group": shape.one_of(*rules.GROUPS)},
        ("member", "root"),
    ),
    Handler(TurnAway, _decide_turn_away, _apply_turn_away, _of_newcomer, _MEMBER),
    Handler(AppointKeeper, _decide_appoint, _apply_appoint, _of_active, _MEMBER, ("root",)),
    Handler(DismissKeeper, _decide_dismiss, _apply_dismiss, _is_keeper, _MEMBER, ("root",)),
    Handler(ChangePin, _decide_change_pin, _apply_nothing, _own_key, _KEY, attach=_attach_change_pin),
    Handler(
        ReplaceKey, _decide_replace, _apply_replace, _of_no_keeper, _MEMBER | _KEY, attach=_attach_replace
    ),
)

OLD: Final = {
    ("approve", 1): Handler(
        Approve, _decide_approve, _apply_approve_1, _of_newcomer, _MEMBER, ("member", "root")
    ),
    ("replace_key", 1): Handler(ReplaceKey, _decide_replace, _apply_replace, _of_present, _MEMBER | _KEY),
}
"""How earlier versions are folded."""
