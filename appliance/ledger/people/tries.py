"""Who came in when, and wrong PINs: kept on this box, so that a person sees what others tried.

It is no part of the book: nothing follows from it. Each member sees the own ones, keepers those
of keepers. Of each member the last few are kept, so that nobody fills the box with wrong PINs.
"""

from dataclasses import dataclass
from typing import Final

from appliance.ledger.book.local import Tried
from appliance.ledger.book.schema import Member
from appliance.ledger.book.store import Store, Tx
from appliance.ledger.clock import Instant, Millis, Quality

MOST: Final = 40
"""How many are kept of each member, wrong ones and others together."""


@dataclass(frozen=True, slots=True)
class Try:
    """A sign-in (``good``) or a wrong PIN for ``member``'s number. ``source`` is the address it came from."""

    member: int
    good: bool
    at: Instant
    source: str


@dataclass(frozen=True, slots=True)
class Since:
    """What a member reads after coming in: the time before, and the wrong PINs between then and now."""

    before: Instant | None
    wrong: int


def keep(store: Store, member: int, good: bool, at: Instant, source: str) -> None:
    """Remember a sign-in or a wrong PIN.

    Raises:
        WriteBusy, DataDirectoryError: it could not be written.
    """
    with store.write() as tx:
        (newest,) = tx.first('SELECT COALESCE(MAX("seq"), 0) FROM "tried" WHERE "member" = ?', member) or (0,)
        tx.insert(
            Tried,
            member=member,
            seq=newest + 1,
            good=good,
            at_ms=at.ms,
            quality=int(at.quality),
            source=source[:60],
        )
        tx.delete(Tried, (Tried.member == member) & (Tried.seq <= newest + 1 - MOST))


def since(tx: Tx, member: int) -> Since:
    """The sign-in before the present one, and how many wrong PINs there were in between (at most ``MOST``)."""
    rows = tx.found(Tried, "member = ? ORDER BY seq DESC", member)
    wrong, came = 0, 0
    for row in rows:
        if row.good:
            came += 1
            if came == 2:
                return Since(_try(row).at, wrong)
        elif came == 1:
            wrong += 1
    return Since(None, wrong)


def of_keepers(tx: Tx, limit: int = 50) -> tuple[Try, ...]:
    """Sign-ins and wrong PINs of those who are keepers now, newest first as the clock went."""
    query = (
        Tried.select()
        .join(Member, on=(Member.number == Tried.member))
        .where(Member.keeper)
        .order_by(Tried.at_ms.desc(), Tried.seq.desc())
        .limit(limit)
    )
    return tuple(_try(row) for row in tx.rows(query))


def _try(row: Tried) -> Try:
    at = Instant(Millis(row.at_ms), Quality(row.quality))
    return Try(row.member, bool(row.good), at, row.source)
