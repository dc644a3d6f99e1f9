"""How it stands with somebody: where a person has gone, who vouches for a newcomer."""

from dataclasses import dataclass

from appliance.ledger.book.schema import Member
from appliance.ledger.book.schema_credit import Departure
from appliance.ledger.book.store import Tx
from appliance.ledger.people import powers
from appliance.ledger.people.leaving import MOVED
from appliance.ledger.reads.crossings import OtherHub, other_hub
from appliance.ledger.reads.people import Person, fitting, people, person, text_of
from appliance.ledger.values import AccountNumber


@dataclass(frozen=True, slots=True)
class Gone:
    """Somebody who has left, or is moving: ``how`` left, died, moved, or turned_away.

    Attributes:
        there: the account at the other hub, under the name that is known here; None for who did
            not move. Whether others may read it is ``told``.
        finished: the account here is closed.
    """

    how: str
    there: Person | None
    hub: OtherHub | None
    told: bool
    finished: bool


def gone(tx: Tx, number: int) -> Gone | None:
    """Where ``number`` has gone or is going; None for who is simply here."""
    member, row = tx.get(Member, number=number), tx.get(Departure, member=number)
    if member is None:
        return None
    if row is None:
        return Gone("turned_away", None, None, False, True) if member.status == powers.CLOSED else None
    hub = None if row.hub is None else other_hub(tx, row.hub)
    there = None
    if row.how == MOVED and hub is not None and row.account is not None:
        name = text_of(tx, member.name_entry, "name")
        there = Person(AccountNumber(row.account), name, powers.ACTIVE, hub=hub.number, hub_name=hub.name)
    return Gone(str(row.how), there, hub, bool(row.told), row.closed_entry is not None)


def only_keeper(tx: Tx, number: int) -> bool:
    """Whether ``number`` is a keeper and nobody else is one."""
    rows = tx.rows(Member.select(Member.number).where(Member.keeper, Member.status.in_(powers.STANDING)))
    return [row.number for row in rows] == [number]


def moved_named(tx: Tx, text: str, most: int = 5) -> tuple[Person, ...]:
    """People who have moved, let others know it, and whose name has a word that begins with ``text``."""
    told = {n for (n,) in tx.select("SELECT member FROM departure WHERE how = 'moved' AND told")}
    closed = (who for who in people(tx, powers.CLOSED) if who.number in told)
    return fitting(closed, text, most)


def vouchers(tx: Tx, newcomer: int) -> tuple[Person, ...]:
    """Who vouches for a newcomer, in the order in which they did; of those whose word counts now."""
    found = tx.select("SELECT member FROM voucher WHERE newcomer = ? ORDER BY entry", newcomer)
    those = (person(tx, number) for (number,) in found)
    return tuple(who for who in those if who is not None and who.status in powers.STANDING)
