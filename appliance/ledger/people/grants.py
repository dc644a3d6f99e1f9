"""Grants: somebody who may act on an account that is another's, because both have said so.

::

    (nothing), ended --ask_grant (by the owner)--> asked --agree_grant (by who was asked)--> agreed
    (nothing), ended --write_grant (by a keeper, consent on paper)--> asked
    asked, agreed --end_grant (by the owner, by who was asked, or by a keeper with a reason)--> ended

A *helper* acts for the owner; a *joint* holder holds the account together with the owner. Either
may pay, ask, answer, give back, ask back and contest on that account, and each such act carries
their own signature, so that everybody reads who it was. Nothing else is the owner's that a grant
reaches: not care, which is signed by oneself only, not the PIN, the limits or the membership, and
no further grant. In force only while it is agreed and both are in (``accounts.owned``).
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import shape
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.schema import AccountRow, Member
from appliance.ledger.book.schema_credit import Grant
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.money import accounts, partings
from appliance.ledger.people import members, powers
from appliance.ledger.people.life import refuse_reason
from appliance.ledger.people.words import LONGEST_LINE, too_long
from appliance.ledger.values import AccountNumber

ASKED: Final = "asked"
AGREED: Final = accounts.AGREED
ENDED: Final = "ended"

HELPER: Final = "helper"
JOINT: Final = "joint"
KINDS: Final = (HELPER, JOINT)


@dataclass(frozen=True, slots=True)
class AskGrant(Wordless):
    """The owner asks a member to help with an account, or to hold it jointly."""

    KIND: ClassVar[str] = "ask_grant"
    VERSION: ClassVar[int] = 1

    account: AccountNumber
    member: AccountNumber
    kind: str = HELPER

    def payload(self) -> codec.Body:
        return {"account": self.account, "member": self.member, "kind": self.kind}


@dataclass(frozen=True, slots=True)
class WriteGrant:
    """A keeper writes down the consent that an owner without a key gave on paper, and why.

    Who is to help has still to agree.
    """

    KIND: ClassVar[str] = "write_grant"
    VERSION: ClassVar[int] = 1

    account: AccountNumber
    member: AccountNumber
    kind: str
    reason: str

    def payload(self) -> codec.Body:
        return {"account": self.account, "member": self.member, "kind": self.kind}

    def private(self) -> dict[str, str]:
        return {"reason": self.reason}


@dataclass(frozen=True, slots=True)
class AgreeGrant(Wordless):
    """Who was asked says yes, to just what was asked."""

    KIND: ClassVar[str] = "agree_grant"
    VERSION: ClassVar[int] = 1

    account: AccountNumber
    kind: str

    def payload(self) -> codec.Body:
        return {"account": self.account, "kind": self.kind}


@dataclass(frozen=True, slots=True)
class EndGrant:
    """It ends: the owner takes it back, who was asked says no or no more, or a keeper says why."""

    KIND: ClassVar[str] = "end_grant"
    VERSION: ClassVar[int] = 1

    account: AccountNumber
    member: AccountNumber
    reason: str = ""

    def payload(self) -> codec.Body:
        return {"account": self.account, "member": self.member}

    def private(self) -> dict[str, str]:
        return {"reason": self.reason} if self.reason else {}


def find(tx: Tx, account: int, member: int | None) -> Grant | None:
    """The grant that is asked for or in force between an account and a member."""
    row = tx.get(Grant, account=account, member=member)
    return row if row is not None and row.state != ENDED else None


def _to_ask_of(tx: Tx, account: int, member: int, kind: str) -> AccountRow | Refusal:
    """The account, when ``member`` can be asked to act on it."""
    row = accounts.usable(tx, account)
    if isinstance(row, Refusal):
        return row
    if row.kind != accounts.MEMBER:
        return Refusal(Code.UNKNOWN_ACCOUNT, {}, (Action.CHECK_NUMBER,))
    if kind not in KINDS:
        return Refusal(Code.SETTING_WRONG, {}, (Action.TRY_AGAIN,))
    if row.owner == member:
        return Refusal(Code.OWN_ACCOUNT, {}, (Action.CHECK_NUMBER,))
    helper = tx.get(Member, number=member)
    if helper is None:
        return Refusal(Code.UNKNOWN_ACCOUNT, {}, (Action.CHECK_NUMBER,))
    if helper.status not in powers.STANDING:
        return Refusal(Code.ACCOUNT_CLOSED, {}, (Action.CHECK_NUMBER, Action.ASK_KEEPER))
    if find(tx, account, member) is not None:
        return Refusal(Code.GRANT_STANDS, {}, (Action.SHOW, Action.HOME))
    return row


def _decide_ask(tx: Tx, command: AskGrant, asking: Asking) -> codec.Body | Refusal:
    if refusal := powers.refuse_unless_active(tx, asking.actor):
        return refusal
    account = accounts.get(tx, command.account)
    if account is None or account.owner != asking.actor:  # who acts for somebody asks nobody else to
        return Refusal(Code.NOT_YOURS, {}, (Action.HOME,))
    found = _to_ask_of(tx, command.account, command.member, command.kind)
    return found if isinstance(found, Refusal) else {}


def _may_ask(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    account = _to_ask_of(tx, p["account"], p["member"], p["kind"])
    mine = not isinstance(account, Refusal) and account.owner == entry.actor
    return mine and powers.active(tx, entry.actor)


def _apply_ask(tx: Tx, entry: Entry) -> None:
    p = entry.act.payload
    before = tx.get(Grant, account=p["account"], member=p["member"])
    tx.put(
        Grant,
        account=p["account"],
        member=p["member"],
        kind=p["kind"],
        state=ASKED,
        asked_entry=entry.number,
        # Kept, so that receipts of an earlier time still say for whom somebody acted.
        agreed_entry=before.agreed_entry if before is not None else None,
        ended_entry=None,
    )


def _decide_write(tx: Tx, command: WriteGrant, asking: Asking) -> codec.Body | Refusal:
    if refusal := powers.refuse_unless_keeper(tx, asking.actor):
        return refusal
    account = _to_ask_of(tx, command.account, command.member, command.kind)
    if isinstance(account, Refusal):
        return account
    if command.member == asking.actor or accounts.reaches(tx, account, asking.actor):
        return Refusal(Code.PARTY, {}, (Action.ASK_KEEPER,))
    if members.key_in_force(tx, account.owner or 0) is not None:
        return Refusal(Code.HAS_KEY, {}, (Action.HOME,))
    return refuse_reason(command.reason) or {}


def _may_write(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    account = _to_ask_of(tx, p["account"], p["member"], p["kind"])
    if isinstance(account, Refusal) or p["member"] == entry.actor:
        return False
    apart = not accounts.reaches(tx, account, entry.actor)
    return apart and powers.by_keeper(tx, entry) and members.key_in_force(tx, account.owner or 0) is None


def _decide_agree(tx: Tx, command: AgreeGrant, asking: Asking) -> codec.Body | Refusal:
    if refusal := powers.refuse_unless_active(tx, asking.actor):
        return refusal
    grant = find(tx, command.account, asking.actor)
    if grant is None:
        return Refusal(Code.NO_GRANT, {}, (Action.HOME,))
    if grant.state == AGREED:
        return Refusal(Code.GRANT_STANDS, {}, (Action.HOME,))
    if grant.kind != command.kind:
        return Refusal(Code.TERMS_CHANGED, {}, (Action.SHOW,))
    account = accounts.usable(tx, command.account)
    return account if isinstance(account, Refusal) else {}


def _may_agree(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    grant = find(tx, p["account"], entry.actor)
    waits = grant is not None and grant.state == ASKED and grant.kind == p["kind"]
    usable = not isinstance(accounts.usable(tx, p["account"]), Refusal)
    return waits and usable and powers.active(tx, entry.actor)


def _apply_agree(tx: Tx, entry: Entry) -> None:
    key = {"account": entry.act.payload["account"], "member": entry.actor}
    tx.update(Grant, key, state=AGREED, agreed_entry=entry.number)


def _of_both(tx: Tx, grant: Grant, actor: int | None) -> bool:
    """Whether ``actor`` is the owner or who was asked: both end it without a reason."""
    account = accounts.get(tx, grant.account)
    return actor is not None and actor in (grant.member, account.owner if account else None)


def _decide_end(tx: Tx, command: EndGrant, asking: Asking) -> codec.Body | Refusal:
    grant = find(tx, command.account, command.member)
    both = grant is not None and _of_both(tx, grant, asking.actor)
    if not both and powers.refuse_unless_keeper(tx, asking.actor):
        return Refusal(Code.NOT_YOURS, {}, (Action.HOME,))
    if grant is None:
        return Refusal(Code.NO_GRANT, {}, (Action.HOME,))
    if not both and _has_part(tx, grant, asking.actor):
        return Refusal(Code.PARTY, {}, (Action.ASK_KEEPER,))
    return (too_long(command.reason, LONGEST_LINE) if both else refuse_reason(command.reason)) or {}


def _may_end(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    grant = find(tx, p["account"], p["member"])
    if grant is None or _of_both(tx, grant, entry.actor):
        return grant is not None
    return powers.by_keeper(tx, entry) and not _has_part(tx, grant, entry.actor)


def _has_part(tx: Tx, grant: Grant, actor: int | None) -> bool:
    """Whether ``actor`` has a part in what the grant is about: another helper sends nobody away."""
    account = accounts.get(tx, grant.account)
    return account is not None and accounts.has_part(tx, account.owner or 0, actor)


def _apply_end(tx: Tx, entry: Entry) -> None:
    end(tx, entry, entry.act.payload["account"], entry.act.payload["member"])


def end(tx: Tx, entry: Entry, account: int, member: int) -> None:
    """End a grant: the fold of every way in which one ends."""
    partings.keep(tx, entry, account, member)
    tx.update(Grant, {"account": account, "member": member}, state=ENDED, ended_entry=entry.number)


_PAIR: Final = {"account": shape.MEMBER, "member": shape.MEMBER}
_KIND: Final = {"kind": shape.one_of(*KINDS)}

HANDLERS = (
    Handler(AskGrant, _decide_ask, _apply_ask, _may_ask, _PAIR | _KIND),
    Handler(WriteGrant, _decide_write, _apply_ask, _may_write, _PAIR | _KIND),
    Handler(AgreeGrant, _decide_agree, _apply_agree, _may_agree, {"account": shape.MEMBER} | _KIND),
    Handler(EndGrant, _decide_end, _apply_end, _may_end, _PAIR),
)
