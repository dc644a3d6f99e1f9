"""Which of the people who fit come first: what the ledger knows, added to the score of the words.

It orders what fits; it never lifts what does not over the threshold. What of it is said in words (``Known``) tells
nobody what another's account looks like.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from appliance.ledger.book.feed import FarListing
from appliance.ledger.book.schema import AccountRow, Listing
from appliance.ledger.book.store import Tx
from appliance.ledger.market.listings import OFFER
from appliance.ledger.money import accounts
from appliance.ledger.people.grants import JOINT
from appliance.ledger.reads.far_listings import minutes_on_foot
from appliance.ledger.reads.tradeable import enough, way_room
from appliance.matching.times import Hours

FRESH: Final = 0.08
HALF_DAYS: Final = 30
BOTH_WAYS: Final = 0.1
"""The other one also needs, or has, something of mine."""
TRADED: Final = 0.04
"""They have paid each other before, and it was good."""
TOWARD_ZERO: Final = 0.06
"""What brings my account toward zero: who owes sees first whom to help."""
NO_ROOM: Final = -0.12
"""One of the two could not pay, or not take, what the listing costs now."""

NEAR: Final = 0.05
"""Both say the same of where: the mill, the upper village."""
TIMES_MEET: Final = 0.05
"""Both have said when they could, and there is a time that suits both."""
TIMES_APART: Final = -0.15
"""There is none."""
WALK: Final = 0.025
"""What a village at the door is worth more, and one out of reach less: together less than a step between words (``scoring``)."""
AN_HOUR: Final = 60
"""Minutes on foot that count neither way, as where nobody said how far it is."""

_DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger knows of a match, as its reader may be told: nothing of it tells of another's account.

    Attributes:
        both_ways: the other one also needs, or has, something of the reader's.
        near: both name one place.
        traded: they have paid each other before, and it stands.
        room: whether the reader's own account has room for the price.
        minutes: how far the other's village is on foot; None: this one, or nobody said.
    """

    both_ways: bool = False
    near: bool = False
    traded: bool = False
    room: bool = True
    minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Theirs:
    """Another's listing. ``hub``: None for this one; ``number``: the entry that opened it there."""

    hub: int | None
    number: int
    owner: int
    kind: str


class Ranking:
    """What the ledger says of one member and others, read once a page."""

    def __init__(self, tx: Tx, member: int, now_ms: int) -> None:
        self._tx, self._now_ms = tx, now_ms
        self._mine = accounts.get(tx, member)
        self._rooms: dict[tuple[int | None, int, bool], int | None] = {}
        self._prices: dict[tuple[int | None, int], int | None] = {}
        self._minutes = minutes_on_foot(tx)
        self._partners = {int(row[0]) for row in tx.select(_PARTNERS, member, member)}
        self.household = household(tx, member)

    def read(self, those: Iterable[Theirs]) -> None:
        """Read what will be asked of these, in one query for each kind of fact."""
        found = list(those)
        numbers = json.dumps([one.number for one in found if one.hub is None])
        self._prices.update(
            ((None, int(number)), price) for number, price in self._tx.select(_OWN_PRICES, numbers)
        )
        for hub in {one.hub for one in found if one.hub is not None}:
            numbers = json.dumps([one.number for one in found if one.hub == hub])
            prices = self._tx.select(_FAR_PRICES, hub, numbers)
            self._prices.update(((hub, int(number)), price) for number, price in prices)
        owners = sorted({one.owner for one in found if one.hub is None})
        rows = {int(row.number): row for row in accounts.several(self._tx, owners)}
        for owner in owners:
            row = rows.get(owner)
            for buying in (True, False):
                self._rooms[None, owner, buying] = None if row is None else _room(row, gives=not buying)

    def known(self, theirs: Theirs, both_ways: bool, near: bool) -> Known:
        """What the reader may be told."""
        traded = theirs.hub is None and theirs.owner in self._partners
        room = self._mine is None or enough(
            _room(self._mine, gives=theirs.kind == OFFER), self._price(theirs)
        )
        minutes = None if theirs.hub is None else self._minutes.get(theirs.hub)
        return Known(both_ways, near, traded, room, minutes)

    def adds(self, theirs: Theirs, known: Known, opened_ms: int, hours: Hours | None = None) -> float:
        """What is added to the score of a listing.

        Args:
            hours: in which both could; 0: never, None: nobody knows.
        """
        age_days = max(0, self._now_ms - opened_ms) / _DAY_MS
        added = FRESH * HALF_DAYS / (HALF_DAYS + age_days) + BOTH_WAYS * known.both_ways
        stands = _stands(self._mine)
        added += TOWARD_ZERO * (stands if theirs.kind == OFFER else -stands)
        if not known.room or not enough(self._their_room(theirs), self._price(theirs)):
            added += NO_ROOM
        added += NEAR * known.near
        if known.minutes is not None:
            added += WALK * (AN_HOUR - known.minutes) / (AN_HOUR + known.minutes)
        if hours is not None:
            added += TIMES_MEET if hours else TIMES_APART
        return added + TRADED * known.traded

    def _price(self, theirs: Theirs) -> int | None:
        key = (theirs.hub, theirs.number)
        if key not in self._prices:
            row: Listing | FarListing | None = (
                self._tx.get(Listing, opened_entry=theirs.number)
                if theirs.hub is None
                else self._tx.get(FarListing, hub=theirs.hub, listing=theirs.number)
            )
            self._prices[key] = None if row is None else row.price
        return self._prices[key]

    def _their_room(self, theirs: Theirs) -> int | None:
        """Of somebody of another hub the room of the way there is all that is known."""
        buying = theirs.kind == OFFER
        key = (theirs.hub, theirs.owner if theirs.hub is None else 0, buying)
        if key not in self._rooms:
            if theirs.hub is None:
                account = accounts.get(self._tx, theirs.owner)
                self._rooms[key] = None if account is None else _room(account, gives=not buying)
            else:
                self._rooms[key] = way_room(self._tx, theirs.hub, buying)
        return self._rooms[key]


def _room(account: AccountRow, gives: bool) -> int | None:
    return accounts.can_give(account) if gives else accounts.can_receive(account)


def _stands(account: AccountRow | None) -> float:
    """Where an account stands: -1 at its lowest, 1 at its highest, 0 at zero or where there is no limit."""
    if account is None:
        return 0.0
    balance = int(account.balance)
    end = account.low if balance < 0 else account.high
    return 0.0 if not end else min(1.0, abs(balance / end)) * (-1 if balance < 0 else 1)


_OWN_PRICES: Final = """
SELECT opened_entry, price FROM listing WHERE opened_entry IN (SELECT value FROM json_each(?))
"""
_FAR_PRICES: Final = """
SELECT listing, price FROM far_listing WHERE hub = ? AND listing IN (SELECT value FROM json_each(?))
"""
_PARTNERS: Final = """
SELECT DISTINCT other.account FROM posting AS other JOIN transfer ON transfer.id = other.transfer
WHERE other.account != ? AND other.transfer IN (
    SELECT transfer FROM posting WHERE account = ? ORDER BY entry DESC LIMIT 300
)
AND transfer.kind IN ('payment', 'request', 'split', 'slip', 'imported') AND transfer.reversed_by IS NULL
AND NOT EXISTS (SELECT 1 FROM dispute WHERE dispute.transfer = transfer.id AND dispute.state = 'open')
"""
"""With whom a member has traded, and nobody has given it back or contests it."""
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


def household(tx: Tx, member: int) -> frozenset[int]:
    """The people who hold an account together with ``member``."""
    return frozenset(int(row[0]) for row in tx.select(_HOUSEHOLD, JOINT, member, member))


def households(tx: Tx) -> dict[int, frozenset[int]]:
    """For each member who holds an account together with others: those others."""
    found: dict[int, set[int]] = {}
    for account, person in tx.select(_SHARED, JOINT):
        found.setdefault(int(account), set()).add(int(person))
    together: dict[int, set[int]] = {}
    for house in found.values():
        for one in house:
            together.setdefault(one, set()).update(house - {one})
    return {member: frozenset(others) for member, others in together.items()}


_SHARED: Final = """
WITH house (account, person) AS (
    SELECT account, member FROM "grant" WHERE kind = ? AND state = 'agreed'
)
SELECT account, person FROM house
UNION SELECT account.number, account.owner FROM account JOIN house ON house.account = account.number
"""
