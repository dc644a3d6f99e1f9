"""What a keeper reads after a restore: what came out of the backup, what came back, what waits, what is lost."""

from dataclasses import dataclass

from appliance.ledger.book import chain
from appliance.ledger.book.schema import Crossing
from appliance.ledger.book.schema_recovery import Awaited, Recovered
from appliance.ledger.book.store import Tx
from appliance.ledger.clock import Instant
from appliance.ledger.people import restoring
from appliance.ledger.reads.crossings import OtherHub, far_person, other_hub
from appliance.ledger.reads.people import Person
from appliance.ledger.values import UNRESOLVED, AccountNumber, RecordId


@dataclass(frozen=True, slots=True)
class AwaitedView:
    """A neighbour after a restore: heard, or not; ``named``: a keeper named the risk of going on without it.

    ``came``, ``out`` and ``in_``: how many payments it gave back, and what they moved, minor units.
    """

    hub: OtherHub
    heard: Instant | None
    named: Instant | None
    waits: bool
    came: int
    out: int
    in_: int


@dataclass(frozen=True, slots=True)
class UnresolvedView:
    """A recovered payment whose owner nobody has named. ``outgoing``: the owner paid it; else was paid."""

    id: RecordId
    hub: OtherHub
    outgoing: bool
    near: AccountNumber
    far: Person | None
    amount: int
    at: Instant


@dataclass(frozen=True, slots=True)
class RestoredView:
    """How it stands after the last restore.

    ``last``: when the last entry of the backup was written, ``entries`` how many there were;
    ``begun`` the moment of the restore; ``between`` how many lives the hub had since the backup, of which
    this book knows nothing; ``done``: nothing waits for a keeper or a neighbour any more.
    """

    incarnation: int
    last: Instant
    entries: int
    begun: Instant
    between: int
    numbers_from: int
    sign_in_waits: bool
    neighbours: tuple[AwaitedView, ...]
    unresolved: tuple[UnresolvedView, ...]

    @property
    def done(self) -> bool:
        return not (
            self.sign_in_waits or self.unresolved or any(one.heard is None for one in self.neighbours)
        )


def restored(tx: Tx) -> RestoredView | None:
    """The last restore; None when there was none."""
    row = restoring.last_restored(tx)
    if row is None:
        return None
    return RestoredView(
        row.incarnation,
        _at(tx, row.last_entry),
        row.last_entry,
        _at(tx, row.entry),
        row.incarnation - row.old - 1,
        row.numbers_from,
        restoring.sign_in_waits(tx),
        tuple(_awaited(tx, one) for one in tx.rows(_rows(row.incarnation))),
        unresolved(tx),
    )


def _rows(incarnation: int) -> object:
    return Awaited.select().where(Awaited.incarnation == incarnation).order_by(Awaited.hub)


def _at(tx: Tx, number: int) -> Instant:
    entry = chain.by_number(tx, number)
    assert entry is not None  # what was folded from it is there
    return entry.act.at


def _awaited(tx: Tx, row: Awaited) -> AwaitedView:
    hub = other_hub(tx, row.hub)
    assert hub is not None  # hubs are never removed from the roster
    sums = {
        bool(outgoing): (int(n), int(amount))
        for outgoing, n, amount in tx.select(_CAME_BACK, row.hub, row.entry)
    }
    out, in_ = sums.get(True, (0, 0)), sums.get(False, (0, 0))
    return AwaitedView(
        hub,
        None if row.heard_entry is None else _at(tx, row.heard_entry),
        None if row.named_entry is None else _at(tx, row.named_entry),
        row.hub in restoring.missing(tx),
        out[0] + in_[0],
        out[1],
        in_[1],
    )


_CAME_BACK = """
SELECT crossing.outgoing, COUNT(*), SUM(crossing.amount) FROM recovered
JOIN crossing ON crossing.id = recovered.transfer
WHERE recovered.hub = ? AND recovered.entry > ? GROUP BY crossing.outgoing
"""


def unresolved(tx: Tx) -> tuple[UnresolvedView, ...]:
    """What waits for its owner, oldest first."""
    query = Recovered.select().where((Recovered.account == UNRESOLVED) & Recovered.claimed_by.is_null())
    return tuple(_unresolved(tx, row) for row in tx.rows(query.order_by(Recovered.entry)))


def unresolved_one(tx: Tx, transfer: bytes) -> UnresolvedView | None:
    """One of them; None when it does not wait (any more)."""
    return next((one for one in unresolved(tx) if one.id == transfer), None)


def _unresolved(tx: Tx, row: Recovered) -> UnresolvedView:
    crossing, hub = tx.get(Crossing, id=bytes(row.transfer)), other_hub(tx, row.hub)
    assert crossing is not None  # it is folded with the row
    assert hub is not None  # hubs are never removed from the roster
    return UnresolvedView(
        RecordId(bytes(row.transfer)),
        hub,
        bool(crossing.outgoing),
        AccountNumber(row.near),
        far_person(tx, row.hub, crossing.far),
        crossing.amount,
        _at(tx, row.entry),
    )
