"""Accounts and their hard limits.

The headroom of an account is counted on each side: it can give down to ``low`` and receive up
to ``high``, less what its own unanswered requests keep aside (``held``). Each movement is
checked only on the side toward which it moves, so an account outside its limits may always
move back toward zero. The account of somebody who moves to another hub does nothing else.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import rules, shape
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.schema import AccountRow, Member
from appliance.ledger.book.schema_credit import Aside, Further, Grant, Terms
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler
from appliance.ledger.book.tx import columns_of, row_of
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.people import powers
from appliance.ledger.people.words import LONGEST_LINE, tidy, too_long
from appliance.ledger.values import COMMONS, MAX_AMOUNT, AccountNumber

MEMBER = "member"
COMMONS_KIND = "commons"
UNRESOLVED_KIND = "unresolved"
PERSON = "person"

AGREED = "agreed"
"""State of a grant that both sides have agreed to."""

OPEN = "open"
"""State of a further account that can be used."""


def can_give(account: AccountRow) -> int | None:
    """How much the account can still give; None: no limit. Never negative."""
    if account.moving:
        return max(0, account.balance - account.aside)
    return None if account.low is None else max(0, account.balance - account.low - account.aside)


def can_receive(account: AccountRow) -> int | None:
    """How much the account can still receive; None: no limit. Never negative."""
    if account.moving:
        return max(0, -account.balance)  # what it asked for keeps nothing from what is owed
    return None if account.high is None else max(0, account.high - account.balance - account.held)


def refuse_giving(account: AccountRow, amount: int) -> Refusal | None:
    """The refusal when ``account`` cannot give ``amount``; with its own numbers."""
    room = can_give(account)
    if room is None or amount <= room:
        return None
    if account.moving:
        return Refusal(Code.MOVING, {"amount": amount, "can_give": room}, (Action.PAY_LESS, Action.HOME))
    numbers = {"amount": amount, "can_give": room, "balance": account.balance, "limit": account.low or 0}
    return Refusal(
        Code.PAYER_LIMIT, numbers, (Action.PAY_LESS, Action.ASK_KEEPER) if room else (Action.ASK_KEEPER,)
    )


def refuse_receiving(account: AccountRow, amount: int, own: bool) -> Refusal | None:
    """The refusal when ``account`` cannot receive ``amount``; numbers only to its owner."""
    room = can_receive(account)
    if room is None or amount <= room:
        return None
    if account.moving and own:
        return Refusal(Code.MOVING, {"amount": amount, "can_receive": room}, (Action.HOME,))
    numbers = {"amount": amount}
    if own:
        numbers |= {
            "can_receive": room,
            "balance": account.balance,
            "held": account.held,
            "limit": account.high or 0,
        }
    return Refusal(Code.PAYEE_LIMIT, numbers, (Action.PAY_LESS, Action.ASK_KEEPER))


def get(tx: Tx, number: int) -> AccountRow | None:
    """The account of this number at this hub, with what it keeps ``aside``, how its owner stands, and whether it is ``moving``."""
    found = tx.known((AccountRow, Aside, Member), _ONE_ACCOUNT, number)
    return _account(found[0]) if found else None


def several(tx: Tx, numbers: Iterable[int]) -> list[AccountRow]:
    """As ``get``, those of these numbers that there are, in one query."""
    asked = json.dumps([int(number) for number in numbers])
    return [_account(row) for row in tx.select(_SEVERAL_ACCOUNTS, asked)]


def _account(found: Sequence[Any]) -> AccountRow:
    *columns, aside, status = found
    account = row_of(AccountRow, columns)
    account.aside, account.owner_status, account.moving = aside, status, status == powers.MOVING
    return account


_ACCOUNT: Final = f"""
SELECT {columns_of(AccountRow)}, COALESCE(aside.amount, 0), member.status FROM account
LEFT JOIN aside ON aside.account = account.number LEFT JOIN member ON member.number = account.owner
WHERE account.number"""  # noqa: S608 - names are the models'
_ONE_ACCOUNT: Final = f"{_ACCOUNT} = ?"
_SEVERAL_ACCOUNTS: Final = f"{_ACCOUNT} IN (SELECT value FROM json_each(?))"  # noqa: S608 - as above


def reaches(tx: Tx, account: AccountRow, actor: int | None) -> bool:
    """Whether ``actor`` is the owner of ``account``, or somebody it was granted to: has a part in it.

    Acting on it takes more (``owned``).
    """
    if actor is None or account.owner is None:
        return False
    return account.owner == actor or _granted(tx, account.number, actor)


def _granted(tx: Tx, number: int, actor: int) -> bool:
    grant = tx.get(Grant, account=number, member=actor)
    return grant is not None and grant.state == AGREED


def owned(tx: Tx, number: int | None, actor: int | None) -> bool:
    """Whether ``actor`` may act on the account: owner, helper or joint holder.

    Owner and actor are both in, and neither is frozen; a further account is open.
    """
    account = None if number is None else get(tx, number)
    if account is None or not reaches(tx, account, actor) or not powers.active(tx, actor):
        return False
    return account.owner == account.number == actor or not isinstance(_standing(tx, account), Refusal)


def has_part(tx: Tx, owner: int, actor: int | None) -> bool:
    """Whether ``actor`` has a part in any account of member ``owner``."""
    if actor is None:
        return False
    return actor == owner or tx.first(_PART, owner, actor) is not None


_PART = """
SELECT 1 FROM account JOIN "grant" ON "grant".account = account.number
WHERE account.owner = ? AND "grant".member = ? AND "grant".state = 'agreed'
"""


def open_account(
    tx: Tx, number: int, kind: str, owner: int | None, low: int | None, high: int | None, entry: int
) -> None:
    """Add an account at zero: everyone starts there."""
    tx.insert(
        AccountRow, number=number, kind=kind, owner=owner, balance=0, held=0, low=low, high=high, entry=entry
    )


def move_floor(tx: Tx, low: int) -> None:
    """Give the commons another floor."""
    tx.update(AccountRow, {"number": COMMONS}, low=low)


def usable(tx: Tx, number: int) -> AccountRow | Refusal:
    """The account of somebody who can trade: an active member's, or the commons."""
    account = get(tx, number)
    if account is None:
        return Refusal(Code.UNKNOWN_ACCOUNT, {}, (Action.CHECK_NUMBER,))
    return _standing(tx, account)


def _standing(tx: Tx, account: AccountRow) -> AccountRow | Refusal:
    """``account``, when its owner can trade and it was not closed by itself."""
    if account.kind == MEMBER and (account.owner_status not in powers.STANDING or closed(tx, account)):
        return Refusal(Code.ACCOUNT_CLOSED, {}, (Action.CHECK_NUMBER, Action.ASK_KEEPER))
    return account


def closed(tx: Tx, account: AccountRow) -> bool:
    """Whether it is a further account that was closed by itself. First ones go with the membership."""
    if account.owner in (None, account.number):
        return False
    further = tx.get(Further, account=account.number)
    return further is None or further.state != OPEN


@dataclass(frozen=True, slots=True)
class SetLimits:
    """A keeper gives somebody else's account other hard limits, and says why.

    Beyond the widest limits of any kind of account, and beyond what the account has now, two
    keepers agree (``seconds.LIMITS``), where there are two.

    ``low``, ``high``: None for no limit on that side. ``until_ms``: when they lapse and the
    limits of the account's group hold again; None: they stay.
    """

    KIND: ClassVar[str] = "set_limits"
    VERSION: ClassVar[int] = 3

    account: AccountNumber
    low: int | None
    high: int | None
    reason: str
    until_ms: int | None = None

    def payload(self) -> codec.Body:
        return {"account": self.account, "low": self.low, "high": self.high, "until": self.until_ms}

    def private(self) -> dict[str, str]:
        return {"reason": self.reason}


def _decide_limits(tx: Tx, command: SetLimits, asking: Asking) -> codec.Body | Refusal:
    if refusal := powers.refuse_unless_keeper(tx, asking.actor):
        return refusal
    account = get(tx, command.account)
    if account is None or account.kind != MEMBER:  # the commons has its floor among the rules
        return Refusal(Code.UNKNOWN_ACCOUNT, {}, (Action.CHECK_NUMBER,))
    if reaches(tx, account, asking.actor):
        return Refusal(Code.PARTY, {}, (Action.ASK_KEEPER,))
    low, high = command.low, command.high
    if (low is not None and not -MAX_AMOUNT <= low <= 0) or (
        high is not None and not 0 <= high <= MAX_AMOUNT
    ):
        return Refusal(Code.LIMITS_WRONG, {}, (Action.TRY_AGAIN,))
    if command.until_ms is not None and command.until_ms <= asking.at.ms:
        return Refusal(Code.TIME_WRONG, {}, (Action.TRY_AGAIN,))
    if not tidy("reason", command.reason):
        return Refusal(Code.TEXT_MISSING, {}, (Action.TRY_AGAIN,))
    if too := too_long(command.reason, LONGEST_LINE):
        return too
    return (
        Refusal(Code.NEEDS_TWO, {}, (Action.PROPOSE,)) if _takes_two(tx, command.payload()) else None
    ) or {}


def _takes_two(tx: Tx, terms: codec.Body) -> bool:
    """Whether these limits are more than one keeper gives alone, and there is a second one.

    One alone goes as far as the widest limits that any kind of account has: those are the rules,
    which two keepers change. What the account has already, for as long, is not given anew.
    """
    if len(powers.keepers(tx)) < 2:
        return False
    account, kept = get(tx, terms["account"]), tx.get(Terms, account=terms["account"])
    if account is None:
        return False
    until = None if kept is None else kept.until_ms
    lasts = until is None or (terms["until"] is not None and terms["until"] <= until)
    widest = [rules.group_limits(rules.kept(tx, "credit"), group) for group in rules.GROUPS]
    lows, highs = [low for low, _ in widest], [high for _, high in widest]
    low = _wider(terms["low"], min(lows), account.low, lasts, -1)
    return low or _wider(terms["high"], max(highs), account.high, lasts, 1)


def _wider(limit: int | None, widest: int, now: int | None, lasts: bool, sign: int) -> bool:
    """Whether a limit is beyond the widest of the rules, and beyond the present one if that ``lasts`` as long."""
    if limit is not None and sign * limit <= sign * widest:
        return False
    return not (lasts and (now is None or (limit is not None and sign * limit <= sign * now)))


def give_limits(tx: Tx, entry: int, terms: codec.Body) -> None:
    """Give an account the limits of ``terms`` (``LIMITS_SHAPE``): the fold, by one keeper or by two."""
    number = terms["account"]
    tx.update(AccountRow, {"number": number}, low=terms["low"], high=terms["high"])
    keep_terms(tx, number, group_of(tx, number), terms["until"], entry)


def _apply_limits_1(tx: Tx, entry: Entry) -> None:
    """Version 1 knew no end of limits."""
    p = entry.act.payload
    tx.update(AccountRow, {"number": p["account"]}, low=p["low"], high=p["high"])


def _apply_limits(tx: Tx, entry: Entry) -> None:
    give_limits(tx, entry.number, entry.act.payload)


def _may_limit_3(tx: Tx, entry: Entry) -> bool:
    return _may_limit(tx, entry) and not _takes_two(tx, entry.act.payload)


def _may_limit(tx: Tx, entry: Entry) -> bool:
    account = get(tx, entry.act.payload["account"])
    if account is None or account.kind != MEMBER or reaches(tx, account, entry.actor):
        return False
    until = entry.act.payload["until"]
    return powers.by_keeper(tx, entry) and (until is None or until > entry.act.at.ms)


def group_of(tx: Tx, account: int) -> str:
    """Which kind of account it is: person, household, business or organisation."""
    terms = tx.get(Terms, account=account)
    return PERSON if terms is None else str(terms.grp)


def keep_terms(tx: Tx, account: int, group: str, until_ms: int | None, entry: int) -> None:
    """Keep the group of an account, and until when its present limits hold (None: they stay)."""
    tx.put(Terms, account=account, grp=group, until_ms=until_ms, entry=entry)


_SHAPE: Final = {
    "account": shape.MEMBER,
    "low": shape.or_none(shape.whole(-MAX_AMOUNT, 0)),
    "high": shape.or_none(shape.whole(0, MAX_AMOUNT)),
}

_UNTIL: Final = {"until": shape.or_none(shape.whole(0, 1 << 50))}

LIMITS_SHAPE: Final = _SHAPE | _UNTIL
"""What limits are, as one keeper sets them or two agree to them."""

HANDLERS = (Handler(SetLimits, _decide_limits, _apply_limits, _may_limit_3, LIMITS_SHAPE),)

OLD: Final = {
    ("set_limits", 1): Handler(SetLimits, _decide_limits, _apply_limits_1, powers.by_keeper, _SHAPE),
    ("set_limits", 2): Handler(SetLimits, _decide_limits, _apply_limits, _may_limit, LIMITS_SHAPE),
}
"""How earlier versions are folded."""
