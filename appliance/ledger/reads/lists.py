"""What needs a keeper's eye: accounts at their limits, people who fell silent, requests nobody answers."""

from dataclasses import dataclass
from typing import Final

from appliance.ledger.book import chain
from appliance.ledger.book.schema import AccountRow
from appliance.ledger.book.store import Tx
from appliance.ledger.clock import Instant, Millis, Quality
from appliance.ledger.money import accounts, transfers
from appliance.ledger.money.limits import Level, level_high, level_low
from appliance.ledger.people import powers
from appliance.ledger.reads.people import Person, person
from appliance.ledger.reads.radio import NeighbourView, neighbours
from appliance.ledger.values import RecordId

DAY_MS: Final = 86_400_000

INACTIVE_DAYS: Final = 90
"""Who has neither given nor received for so long is on the list: time for a visit."""

STALE_DAYS: Final = 7
"""A request without an answer for so long is on the list."""


@dataclass(frozen=True, slots=True)
class Standing:
    """An account, how far it has gone, and when credit last moved on it.

    ``used``: how much of the limit on its side is used, per cent; None without a limit there.
    ``last``: when it last gave or received; None: never.
    """

    who: Person
    balance: int
    low: int | None
    high: int | None
    used: int | None
    last: Millis | None


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A request that waits. ``payer`` is None when anybody may answer it.

    ``several``: how many people are asked, when it is a split; else 0.
    """

    id: RecordId
    payee: Person
    payer: Person | None
    amount: int
    at: Instant
    several: int = 0


@dataclass(frozen=True, slots=True)
class Lists:
    """All lists at one moment, each worst first.

    Attributes:
        over: accounts beyond a limit.
        near: accounts that have used more than nine tenths of a limit, not beyond it.
        half: accounts that have used more than half of a limit, not more than nine tenths.
        inactive: members let in more than ``INACTIVE_DAYS`` ago on whose accounts nothing moved since then.
        no_offers: members who offer nothing now.
        stale: requests older than ``STALE_DAYS``.
        trunks: neighbours toward which more than half of the trunk's limit is used.
    """

    over: tuple[Standing, ...]
    near: tuple[Standing, ...]
    half: tuple[Standing, ...]
    inactive: tuple[Standing, ...]
    no_offers: tuple[Person, ...]
    stale: tuple[Unanswered, ...]
    trunks: tuple[NeighbourView, ...]


def used(balance: int, low: int | None, high: int | None) -> int | None:
    """How much of the limit on the side where ``balance`` stands is used, per cent, rounded down.

    A limit of zero is used up as soon as something stands beyond it, and not at all before.
    """
    limit = low if balance < 0 else high
    if limit is None:
        return None
    if limit == 0:
        return 0 if balance == 0 else 1000
    return abs(balance) * 100 // abs(limit)


def lists(tx: Tx, hub: int, now: Instant) -> Lists:
    """Everything that needs an eye. ``hub`` is this hub's number."""
    standing = _standing(tx)
    judged = sorted(((_level(s), s) for s in standing), key=lambda found: -(found[1].used or 0))
    silent = now.ms - INACTIVE_DAYS * DAY_MS
    return Lists(
        over=tuple(s for level, s in judged if level is Level.OVER),
        near=tuple(s for level, s in judged if level is Level.NEAR),
        half=tuple(s for level, s in judged if level is Level.HALF),
        inactive=tuple(
            sorted(
                (
                    s
                    for s in standing
                    if s.who.status == powers.ACTIVE and (s.last or _let_in(tx, s.who.number)) < silent
                ),
                key=lambda s: s.last or 0,
            )
        ),
        no_offers=tuple(p for (n,) in tx.select(_NO_OFFERS) if (p := person(tx, n)) is not None),
        stale=_stale(tx, now),
        trunks=tuple(n for n in neighbours(tx, hub) if (used(n.balance, n.low, n.high) or 0) > 50),
    )


def _let_in(tx: Tx, number: int) -> int:
    account = accounts.get(tx, number)
    entry = chain.by_number(tx, account.entry) if account else None
    assert entry is not None  # asked of people with an account, which is folded from its entry
    return entry.act.at.ms


def _level(s: Standing) -> Level:
    """The same levels as the member reads on the first page."""
    return level_low(s.balance, s.low) if s.balance < 0 else level_high(s.balance, s.high)


def _standing(tx: Tx) -> list[Standing]:
    last = {number: Millis(at) for number, at in tx.select(_LAST_MOVED) if at is not None}
    found = []
    for row in tx.rows(AccountRow.select().where(AccountRow.kind == accounts.MEMBER)):
        who = person(tx, row.number)
        if who is not None and who.status != powers.CLOSED:
            share = used(row.balance, row.low, row.high)
            found.append(Standing(who, row.balance, row.low, row.high, share, last.get(row.number)))
    return found


def _stale(tx: Tx, now: Instant) -> tuple[Unanswered, ...]:
    found = []
    for record, payee, payer, amount, at, several in tx.select(
        _STALE, transfers.PENDING, now.ms - STALE_DAYS * DAY_MS
    ):
        asker = person(tx, payee)
        asked = None if payer is None else person(tx, payer)
        if asker is not None:
            when = Instant(Millis(at), Quality.NONE)
            found.append(Unanswered(RecordId(bytes(record)), asker, asked, amount, when, several))
    return tuple(found)


_LAST_MOVED: Final = """
SELECT account.number, (
    SELECT transfer.closed_ms FROM posting JOIN transfer ON transfer.id = posting.transfer
    WHERE posting.account = account.number ORDER BY posting.entry DESC LIMIT 1)
FROM account WHERE account.kind = 'member'
"""

_NO_OFFERS: Final = """
SELECT number FROM member WHERE status = 'active' AND NOT EXISTS (
    SELECT 1 FROM listing WHERE listing.owner = member.number AND listing.kind = 'offer' AND listing.state = 'open')
ORDER BY number
"""

_STALE: Final = """
SELECT id, payee, payer, amount, opened_ms,
  (SELECT COUNT(*) FROM share WHERE share.transfer = transfer.id AND share.state <> 'left_out') FROM transfer
WHERE state = ? AND opened_ms < ? ORDER BY opened_ms LIMIT 200
"""
