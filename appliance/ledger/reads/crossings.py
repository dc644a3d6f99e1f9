"""People and payments of other hubs, as members see them: who it is, and how far a payment has come.

A trunk stands in the ledger for everybody of another hub; here it is resolved again to the person
whom the crossing names. Names come from the other hubs' feeds (``FarPerson``) and are shown as
what they are: told by that hub. Where none was told, there is a number and nothing else.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from appliance.ledger.book import chain, feed
from appliance.ledger.book.feed import FarPerson
from appliance.ledger.book.letters import Why
from appliance.ledger.book.local import HubHeard
from appliance.ledger.book.schema import Crossing, NameConsent, Neighbour, RosterRow, Transfer
from appliance.ledger.book.schema_recovery import Recovered
from appliance.ledger.book.shape import ACCOUNT
from appliance.ledger.book.store import Tx
from appliance.ledger.clock import Instant, Millis, Quality
from appliance.ledger.errors import Action
from appliance.ledger.money import transfers
from appliance.ledger.people import powers
from appliance.ledger.reads.people import Person, fitting, person
from appliance.ledger.values import AccountNumber, RecordId


@dataclass(frozen=True, slots=True)
class OtherHub:
    """Another village of the community."""

    number: int
    name: str


class Leg(StrEnum):
    """How far a payment that is on its way has come, as far as this hub can know.

    ``heard`` is what the other hub says of itself; it moves nothing.
    """

    HERE = "here"
    SENT = "sent"
    HEARD = "heard"


@dataclass(frozen=True, slots=True)
class Way:
    """The way of a transfer between two hubs.

    Attributes:
        hub: the other one.
        outgoing: it left here, or was to come here.
        why: why it came back, or was sent back.
        recalled: its payer has asked for it back.
        ended: when this hub learned or decided how it ends.
        leg: how far it has come, while it is on its way.
        heard: when the other hub was last heard.
        recovered: it was found again after a restore, by what the other hub knew.
    """

    hub: OtherHub
    outgoing: bool
    why: Why | None
    recalled: bool
    ended: Instant | None
    leg: Leg | None
    heard: Instant | None
    recovered: bool = False


_CROSSES: Final = (transfers.SENT, transfers.RECEIVED)


def other_hubs(tx: Tx) -> tuple[OtherHub, ...]:
    """The hubs that trade with this one, in the order of their admission."""
    found = tx.select("SELECT hub, name FROM roster JOIN neighbour USING (hub) ORDER BY seq")
    return tuple(OtherHub(int(hub), str(name)) for hub, name in found)


def other_hub(tx: Tx, number: int) -> OtherHub | None:
    """The other hub of this number; None when it is of no hub, or this one's own."""
    row = tx.get(RosterRow, hub=number)
    if row is None or tx.get(Neighbour, hub=number) is None:
        return None
    return OtherHub(row.hub, row.name)


def far_person(tx: Tx, hub: int, number: int) -> Person | None:
    """Whoever has this number at another hub, with the name if it was told; None for no other hub,
    and for a number that no account can have.

    Whether there is such an account only the other hub knows.
    """
    there = other_hub(tx, hub)
    if there is None or not ACCOUNT(number):
        return None
    told = tx.get(FarPerson, hub=hub, number=number)
    name = told.name if told else ""
    return Person(AccountNumber(number), name, powers.ACTIVE, hub=hub, hub_name=there.name)


def far_named(tx: Tx, text: str, most: int = 20) -> tuple[Person, ...]:
    """People of other hubs whose told name has a word that begins with ``text``; the closest first."""
    hubs = {hub.number: hub.name for hub in other_hubs(tx)}
    told = tx.select("SELECT hub, number, name FROM far_person ORDER BY hub, number")
    everybody = (
        Person(AccountNumber(number), name, powers.ACTIVE, hub=hub, hub_name=hubs[hub])
        for hub, number, name in told
        if hub in hubs
    )
    return fitting(everybody, text, most)


@dataclass(frozen=True, slots=True)
class Standing:
    """What somebody who is about to pay there should know of another hub.

    ``stuck``: its feed tells two stories, so nothing more that it says takes effect here.
    """

    hub: OtherHub
    heard: Instant | None
    stuck: bool


def standing(tx: Tx, number: int) -> Standing | None:
    """How another hub stands; None for no other hub."""
    hub, row = other_hub(tx, number), tx.get(RosterRow, hub=number)
    if hub is None or row is None:
        return None
    return Standing(hub, last_heard(tx, number), bool(feed.state(tx, number, row.incarnation).forked))


def last_heard(tx: Tx, hub: int) -> Instant | None:
    """When another hub was last heard; None for never."""
    row = tx.get(HubHeard, hub=hub)
    return None if row is None else Instant(Millis(row.at_ms), Quality(row.quality))


def name_shown(tx: Tx, member: int) -> bool:
    """Whether a member lets other hubs know the name."""
    return tx.get(NameConsent, member=member) is not None


def crossing_of(tx: Tx, row: Transfer) -> Crossing | None:
    """The crossing that a transfer is, or that a refund undoes; None for one inside the hub."""
    if row.kind in _CROSSES:
        return tx.get(Crossing, id=bytes(row.id))
    if row.kind == transfers.REFUND and row.reverses is not None:
        return tx.get(Crossing, id=bytes(row.reverses))
    return None


def sides(tx: Tx, row: Transfer) -> tuple[Person | None, Person]:
    """Payer and payee of a transfer, wherever they live; an open request has no payer yet."""
    crossing = crossing_of(tx, row)
    if crossing is None:
        payer = None if row.payer is None else person(tx, row.payer)
        payee = person(tx, row.payee)
    else:
        here = row.payer if row.kind == transfers.SENT else row.payee
        # Found after a restore, for a number that nobody has: it stands where it was posted.
        near = person(tx, crossing.near) or (None if here is None else person(tx, here))
        far = far_person(tx, crossing.hub, crossing.far)
        payer, payee = (near, far) if row.kind == transfers.SENT else (far, near)
    assert payee is not None  # a transfer's payee has an account, and accounts are never removed
    return payer, payee


def for_nobody(tx: Tx, row: Transfer) -> bool:
    """Whether a transfer came from another hub for a number that nobody has here, or could not be read."""
    crossing = crossing_of(tx, row)
    return crossing is not None and person(tx, crossing.near) is None


def way(tx: Tx, row: Transfer) -> Way | None:
    """How a transfer crosses; None for one inside the hub."""
    crossing = crossing_of(tx, row)
    if crossing is None:
        return None
    hub = other_hub(tx, crossing.hub)
    assert hub is not None  # hubs are never removed from the roster
    ended = None if crossing.closed_entry is None else chain.by_number(tx, crossing.closed_entry)
    return Way(
        hub,
        bool(crossing.outgoing),
        None if crossing.why is None else Why(crossing.why),
        bool(crossing.recalled),
        None if ended is None else ended.act.at,
        _leg(tx, crossing) if crossing.state == transfers.ON_WAY else None,
        last_heard(tx, crossing.hub),
        bytes(crossing.id) in recovered(tx, [bytes(crossing.id)]),
    )


def _leg(tx: Tx, crossing: Crossing) -> Leg:
    heard = tx.get(HubHeard, hub=crossing.hub)
    if heard is not None and heard.ours >= crossing.number:
        return Leg.HEARD
    entry = chain.by_number(tx, crossing.opened_entry)
    assert entry is not None  # a crossing is folded from its entry
    packed = feed.state(tx, entry.act.place.hub, crossing.incarnation).linked
    return Leg.SENT if packed >= crossing.number else Leg.HERE


def recovered(tx: Tx, records: Collection[bytes]) -> frozenset[bytes]:
    """Those of some transfers that were found again after a restore: their time is that of the finding."""
    return frozenset(record for record in records if tx.get(Recovered, transfer=record) is not None)


def far_sides(tx: Tx, records: Collection[bytes]) -> dict[bytes, Person]:
    """Who stands at the other hub of some transfers: of crossings, and of refunds by their own id."""
    found: dict[bytes, Person] = {}
    known: dict[tuple[int, int], Person | None] = {}
    for record in records:
        row = tx.get(Transfer, id=record)
        crossing = None if row is None else crossing_of(tx, row)
        if crossing is None:
            continue
        key = (crossing.hub, crossing.far)
        if key not in known:
            known[key] = far_person(tx, *key)
        if (someone := known[key]) is not None:
            found[record] = someone
    return found


def actions(row: Transfer, crossing: Crossing, mine: bool, keeper: bool) -> tuple[Action, ...]:
    """What the person at this hub may do with a crossing now; ``mine``: its account here is the viewer's."""
    if row.kind == transfers.SENT and row.state == transfers.ON_WAY and not crossing.recalled:
        return (Action.RECALL,) if mine or keeper else ()
    if row.kind == transfers.RECEIVED and row.state == transfers.ARRIVED and mine and crossing.far >= 0:
        return (Action.PAY_BACK,)
    if row.kind == transfers.RECEIVED and row.state == transfers.HELD and keeper:
        return (Action.SEND_BACK,)
    return ()


def came_back(tx: Tx, member: int, since_ms: int) -> tuple[RecordId, ...]:
    """Payments of a member that came back since a moment, newest first: the ids of what was sent."""
    found = tx.select(
        "SELECT reverses FROM transfer WHERE payee = ? AND state = 'done' AND kind = 'refund' AND opened_ms >= ?"
        " ORDER BY opened_entry DESC LIMIT 20",
        member,
        since_ms,
    )
    return tuple(RecordId(bytes(row[0])) for row in found)
