"""Limits that follow the group: moving an account to another group, lapsing, following the rules.

Where an account stands between its limits is said in levels, on either side: past half of a
limit and past nine tenths of it the member is warned, before a payment is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import rules, shape
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.schema import AccountRow
from appliance.ledger.book.schema_credit import Terms
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless
from appliance.ledger.clock import Instant
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.money import accounts, dues, partings
from appliance.ledger.people import powers
from appliance.ledger.people.words import LONGEST_LINE, tidy, too_long
from appliance.ledger.values import AccountNumber


class Level(StrEnum):
    """How much of a limit is used."""

    NONE = "none"
    HALF = "half"
    NEAR = "near"
    OVER = "over"


def level(balance: int, limit: int | None) -> Level:
    """How much of ``limit`` (0 or its own sign) the part of ``balance`` on its side uses.

    ``half`` is past half, ``near`` past nine tenths, ``over`` past all of it.
    """
    if limit is None:
        return Level.NONE
    used, room = abs(balance), abs(limit)
    if used > room:
        return Level.OVER
    if used * 10 > room * 9:
        return Level.NEAR
    return Level.HALF if used * 2 > room else Level.NONE


def level_low(balance: int, low: int | None) -> Level:
    """The level on the side of what is owed."""
    return level(balance, low) if balance < 0 else Level.NONE


def level_high(balance: int, high: int | None) -> Level:
    """The level on the side of what one is owed."""
    return level(balance, high) if balance > 0 else Level.NONE


@dataclass(frozen=True, slots=True)
class MoveGroup:
    """A keeper puts somebody else's account into another group, and says why.

    The account gets the limits of that group now.
    """

    KIND: ClassVar[str] = "move_group"
    VERSION: ClassVar[int] = 1

    account: AccountNumber
    group: str
    reason: str

    def payload(self) -> codec.Body:
        return {"account": self.account, "group": self.group}

    def private(self) -> dict[str, str]:
        return {"reason": self.reason}


@dataclass(frozen=True, slots=True)
class LapseLimits(Wordless):
    """By rule: the time of limits that a keeper set for a while is over."""

    KIND: ClassVar[str] = "lapse_limits"
    VERSION: ClassVar[int] = 1

    account: AccountNumber

    def payload(self) -> codec.Body:
        return {"account": self.account}


def follow(tx: Tx, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Accounts that stand at the old limits of their group, for good, get the new ones."""
    for group in rules.GROUPS:
        old, new = rules.group_limits(before, group), rules.group_limits(after, group)
        if old == new:
            continue
        for (number,) in tx.select(_AT_LIMITS, *old, group):
            tx.update(AccountRow, {"number": number}, low=new[0], high=new[1])


_AT_LIMITS: Final = """
SELECT account.number FROM account LEFT JOIN terms ON terms.account = account.number
WHERE account.kind = 'member' AND account.low = ? AND account.high = ?
  AND COALESCE(terms.grp, 'person') = ? AND terms.until_ms IS NULL
"""


def _decide_group(tx: Tx, command: MoveGroup, asking: Asking) -> codec.Body | Refusal:
    if refusal := powers.refuse_unless_keeper(tx, asking.actor):
        return refusal
    account = accounts.get(tx, command.account)
    if account is None or account.kind != accounts.MEMBER:
        return Refusal(Code.UNKNOWN_ACCOUNT, {}, (Action.CHECK_NUMBER,))
    if accounts.reaches(tx, account, asking.actor):
        return Refusal(Code.PARTY, {}, (Action.ASK_KEEPER,))
    if command.group not in rules.GROUPS:
        return Refusal(Code.SETTING_WRONG, {}, (Action.TRY_AGAIN,))
    if not tidy("reason", command.reason):
        return Refusal(Code.TEXT_MISSING, {}, (Action.TRY_AGAIN,))
    low, high = asking.rules.credit.limits_of(command.group)
    return too_long(command.reason, LONGEST_LINE) or {"low": low, "high": high}


def _may_group(tx: Tx, entry: Entry) -> bool:
    account = accounts.get(tx, entry.act.payload["account"])
    if account is None or account.kind != accounts.MEMBER or accounts.reaches(tx, account, entry.actor):
        return False
    return powers.by_keeper(tx, entry) and _outcome_stands(tx, entry, entry.act.payload["group"])


def _outcome_stands(tx: Tx, entry: Entry, group: str) -> bool:
    limits = rules.group_limits(rules.kept(tx, "credit"), group)
    return (entry.outcome.get("low"), entry.outcome.get("high")) == limits


def _apply_group(tx: Tx, entry: Entry) -> None:
    p, outcome = entry.act.payload, entry.outcome
    partings.keep(tx, entry, p["account"])  # of a household's account that is one no more
    tx.update(AccountRow, {"number": p["account"]}, low=outcome["low"], high=outcome["high"])
    accounts.keep_terms(tx, p["account"], p["group"], None, entry.number)


def _lapsed(tx: Tx, account: int, at: Instant) -> bool:
    terms = tx.get(Terms, account=account)
    if terms is None or terms.until_ms is None:
        return False
    return dues.over(tx, terms.entry, terms.until_ms, at)


def _decide_lapse(tx: Tx, command: LapseLimits, asking: Asking) -> codec.Body | Refusal:
    if not _lapsed(tx, command.account, asking.at):
        return Refusal(Code.NOT_YET, {}, (Action.WAIT,))
    low, high = asking.rules.credit.limits_of(accounts.group_of(tx, command.account))
    return {"low": low, "high": high}


def _may_lapse(tx: Tx, entry: Entry) -> bool:
    account = entry.act.payload["account"]
    stands = _outcome_stands(tx, entry, accounts.group_of(tx, account))
    return stands and _lapsed(tx, account, entry.act.at)


def _apply_lapse(tx: Tx, entry: Entry) -> None:
    account, outcome = entry.act.payload["account"], entry.outcome
    tx.update(AccountRow, {"number": account}, low=outcome["low"], high=outcome["high"])
    accounts.keep_terms(tx, account, accounts.group_of(tx, account), None, entry.number)


def lapsing(tx: Tx, now: Instant, most: int = 50) -> tuple[tuple[AccountNumber, int], ...]:
    """Accounts whose limits were set until now or earlier, each with the entry that set them."""
    found = tx.select(_LAPSING, dues.latest(tx, now), dues.MOST_LOOKED_AT)
    waiting = [((AccountNumber(account), entry), entry, until) for account, entry, until in found]
    return dues.those_over(tx, waiting, now, most)


_LAPSING: Final = "SELECT account, entry, until_ms FROM terms WHERE until_ms <= ? ORDER BY until_ms LIMIT ?"


HANDLERS = (
    Handler(
        MoveGroup,
        _decide_group,
        _apply_group,
        _may_group,
        {"account": shape.MEMBER, "group": shape.one_of(*rules.GROUPS)},
    ),
    Handler(LapseLimits, _decide_lapse, _apply_lapse, _may_lapse, {"account": shape.MEMBER}, ("hub",)),
)
