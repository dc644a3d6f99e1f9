"""Further accounts: a bakery's, a family's, beside the one that everybody has.

::

    (nothing) --open_account (by a keeper)--> open --close_account (by the owner or a keeper)--> closed

Its owner is one member; others come in by grants (``grants.py``). It has a name of its own, which
is private text, and the limits of its group. It is closed at zero, with nothing under way; what
merely waits for an answer is cancelled. It closes with its owner's membership, and stays closed.
"""

from dataclasses import dataclass
from typing import ClassVar

from appliance.ledger import codec
from appliance.ledger.book import rules, shape
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.schema import AccountRow
from appliance.ledger.book.schema_credit import Further
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler
from appliance.ledger.errors import Action, BookDamaged, Code, Refusal
from appliance.ledger.money import accounts
from appliance.ledger.people import leaving, members, powers
from appliance.ledger.people.life import refuse_reason
from appliance.ledger.people.words import LONGEST_LINE, LONGEST_NAME, tidy, too_long
from appliance.ledger.values import AccountNumber


@dataclass(frozen=True, slots=True)
class OpenAccount:
    """A keeper opens one more account for somebody else, and says why."""

    KIND: ClassVar[str] = "open_account"
    VERSION: ClassVar[int] = 1

    owner: AccountNumber
    group: str
    name: str
    reason: str

    def payload(self) -> codec.Body:
        return {"owner": self.owner, "group": self.group}

    def private(self) -> dict[str, str]:
        return {"name": self.name, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class CloseAccount:
    """The owner closes a further account; or a keeper does, and says why."""

    KIND: ClassVar[str] = "close_account"
    VERSION: ClassVar[int] = 1

    account: AccountNumber
    reason: str = ""

    def payload(self) -> codec.Body:
        return {"account": self.account}

    def private(self) -> dict[str, str]:
        return {"reason": self.reason} if self.reason else {}


def _decide_open(tx: Tx, command: OpenAccount, asking: Asking) -> codec.Body | Refusal:
    if refusal := powers.refuse_unless_keeper(tx, asking.actor):
        return refusal
    if accounts.has_part(tx, command.owner, asking.actor):
        return Refusal(Code.PARTY, {}, (Action.ASK_KEEPER,))
    owner = accounts.usable(tx, command.owner)
    if isinstance(owner, Refusal):
        return owner
    if owner.owner != command.owner:  # accounts have no accounts
        return Refusal(Code.UNKNOWN_ACCOUNT, {}, (Action.CHECK_NUMBER,))
    if not tidy("name", command.name):
        return Refusal(Code.NAME_MISSING, {}, (Action.TRY_AGAIN,))
    if refusal := too_long(command.name, LONGEST_NAME) or refuse_reason(command.reason):
        return refusal
    if command.group not in rules.GROUPS:
        return Refusal(Code.SETTING_WRONG, {}, (Action.TRY_AGAIN,))
    low, high = asking.rules.credit.limits_of(command.group)
    return {"number": members.next_number(tx), "low": low, "high": high}


def _may_open(tx: Tx, entry: Entry) -> bool:
    owner = entry.act.payload["owner"]
    account = accounts.usable(tx, owner)
    if isinstance(account, Refusal) or account.owner != owner:
        return False
    if accounts.has_part(tx, owner, entry.actor):
        return False
    return powers.by_keeper(tx, entry) and members.limits_stand(tx, entry)


def _apply_open(tx: Tx, entry: Entry) -> None:
    p, o = entry.act.payload, entry.outcome
    if o["number"] != members.next_number(tx):
        raise BookDamaged(f"gives the number {o['number']}, which is not the next", entry.number)
    accounts.open_account(tx, o["number"], accounts.MEMBER, p["owner"], o["low"], o["high"], entry.number)
    accounts.keep_terms(tx, o["number"], p["group"], None, entry.number)
    tx.insert(Further, account=o["number"], name_entry=entry.number, state=accounts.OPEN, closed_entry=None)


def refuse_closing(tx: Tx, number: int) -> Refusal | None:
    """Why a further account cannot be closed now."""
    account, further = accounts.get(tx, number), tx.get(Further, account=number)
    if account is None or further is None:  # the first account goes with the membership
        return Refusal(Code.UNKNOWN_ACCOUNT, {}, (Action.CHECK_NUMBER,))
    if further.state != accounts.OPEN:
        return Refusal(Code.ACCOUNT_CLOSED, {}, (Action.HOME,))
    if account.balance:
        return Refusal(Code.ACCOUNT_NOT_ZERO, {"balance": account.balance}, (Action.CLEAR, Action.ASK_KEEPER))
    if leaving.account_under_way(tx, number):
        return Refusal(Code.UNDER_WAY, {}, (Action.WAIT, Action.ASK_KEEPER))
    return None


def _decide_close(tx: Tx, command: CloseAccount, asking: Asking) -> codec.Body | Refusal:
    account = accounts.get(tx, command.account)
    if account is not None and account.owner == asking.actor:
        refusal = powers.refuse_unless_active(tx, asking.actor) or too_long(command.reason, LONGEST_LINE)
        return refusal or refuse_closing(tx, command.account) or {}
    if powers.refuse_unless_keeper(tx, asking.actor):
        return Refusal(Code.NOT_YOURS, {}, (Action.ASK_KEEPER,))
    if account is not None and accounts.reaches(tx, account, asking.actor):
        return Refusal(Code.PARTY, {}, (Action.ASK_KEEPER,))
    return refuse_reason(command.reason) or refuse_closing(tx, command.account) or {}


def _may_close(tx: Tx, entry: Entry) -> bool:
    account: AccountRow | None = accounts.get(tx, entry.act.payload["account"])
    if account is None or refuse_closing(tx, account.number):
        return False
    if account.owner == entry.actor:
        return powers.active(tx, entry.actor)
    return powers.by_keeper(tx, entry) and not accounts.reaches(tx, account, entry.actor)


def _apply_close(tx: Tx, entry: Entry) -> None:
    leaving.close_account(tx, entry, entry.act.payload["account"])


HANDLERS = (
    Handler(
        OpenAccount,
        _decide_open,
        _apply_open,
        _may_open,
        {"owner": shape.MEMBER, "group": shape.one_of(*rules.GROUPS)},
    ),
    Handler(CloseAccount, _decide_close, _apply_close, _may_close, {"account": shape.MEMBER}),
)
