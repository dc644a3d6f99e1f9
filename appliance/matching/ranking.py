"""Which of the people who fit come first: what the ledger knows, added to the score of the words.

It orders what fits; it never lifts what does not over the threshold. And it is never shown: the order tells nobody
what another's account looks like.
"""

from dataclasses import dataclass
from typing import Any, Final

from appliance.ledger.book.schema import AccountRow
from appliance.ledger.book.store import Tx
from appliance.ledger.market.listings import OFFER
from appliance.ledger.people.grants import JOINT

FRESH: Final = 0.08
HALF_DAYS: Final = 30
BOTH_WAYS: Final = 0.1
"""The other one also needs, or has, something of mine."""
TRADED: Final = 0.04
"""They have paid each other before."""
TOWARD_ZERO: Final = 0.06
"""What brings my account toward zero: who owes sees first whom to help."""
NO_ROOM: Final = -0.12
"""One of the two could not pay, or not take, anything now."""

_DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class _Room:
    """Where an account stands: -1 at its lowest, 1 at its highest, 0 at zero or where there is no limit."""

    stands: float
    can_pay: bool
    can_take: bool


_FREE: Final = _Room(0.0, True, True)


class Ranking:
    """What the ledger says of one member and others, read once a page."""

    def __init__(self, tx: Tx, member: int, now_ms: int) -> None:
        self._tx, self._member, self._now_ms = tx, member, now_ms
        self._rooms: dict[int, _Room] = {}
        self._partners = {int(row[0]) for row in tx.select(_PARTNERS, member, member)}
        self.household = frozenset(int(row[0]) for row in tx.select(_HOUSEHOLD, JOINT, member, member))

    def adds(self, kind: str, opened_ms: int, owner: int | None, both_ways: bool) -> float:
        """What is added to the score of a listing.

        Args:
            kind: of the other's listing.
            owner: the other member; None: of another hub, of whose account nothing is known.
        """
        age_days = max(0, self._now_ms - opened_ms) / _DAY_MS
        added = FRESH * HALF_DAYS / (HALF_DAYS + age_days) + BOTH_WAYS * both_ways
        mine, theirs = self._room(self._member), self._room(owner) if owner is not None else _FREE
        payer, payee = (mine, theirs) if kind == OFFER else (theirs, mine)
        added += TOWARD_ZERO * (mine.stands if kind == OFFER else -mine.stands)
        if not payer.can_pay or not payee.can_take:
            added += NO_ROOM
        return added + TRADED * (owner in self._partners)

    def _room(self, member: int) -> _Room:
        if member not in self._rooms:
            row = self._tx.get(AccountRow, number=member)
            self._rooms[member] = _FREE if row is None else _room_of(row)
        return self._rooms[member]


def _room_of(row: Any) -> _Room:
    balance, low, high = int(row.balance), row.low, row.high
    end = low if balance < 0 else high
    stands = 0.0 if not end else max(-1.0, min(1.0, abs(balance / end))) * (-1 if balance < 0 else 1)
    return _Room(stands, low is None or balance > low, high is None or balance + int(row.held) < high)


_PARTNERS: Final = """
SELECT DISTINCT other.account FROM posting AS other WHERE other.account != ? AND other.transfer IN (
    SELECT transfer FROM posting WHERE account = ? ORDER BY entry DESC LIMIT 300
)
"""
_HOUSEHOLD: Final = """
WITH house (account, person) AS (
    SELECT account, member FROM "grant" WHERE kind = ? AND state = 'agreed'
), shared (account, person) AS (
    SELECT account, person FROM house
    UNION SELECT account.number, account.owner FROM account JOIN house ON house.account = account.number
)
SELECT DISTINCT others.person FROM shared AS own
JOIN shared AS others ON others.account = own.account AND others.person != ?
WHERE own.person = ?
"""
"""The people who hold an account together with a member."""
