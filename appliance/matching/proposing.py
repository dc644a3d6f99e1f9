"""Proposes trade loops: among all open listings that this hub knows, its own and those of the hubs it trades with.

Whoever has a loop to answer is left out; so are people of one household, members who are away or have left, terms that
are no match here, matches that one of the two has refused, two whose times never meet, and people who were asked together before in vain. Only loops with somebody of this hub are
proposed. The book looks once more at each (``market.loops``), and a refusal harms nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from appliance.ledger.book import rules
from appliance.ledger.book.command import Receipt
from appliance.ledger.book.feed import FarListing
from appliance.ledger.book.letters_loops import Leg
from appliance.ledger.book.schema import Listing, Member
from appliance.ledger.book.store import Tx
from appliance.ledger.hub import Hub
from appliance.ledger.market import loops as book
from appliance.ledger.market import marks
from appliance.ledger.market.matches import Node
from appliance.ledger.people import powers
from appliance.ledger.people.roster import own_place
from appliance.ledger.reads import trading
from appliance.ledger.reads.far_listings import minutes_on_foot, trading_hubs
from appliance.matching import times
from appliance.matching.apart import Apart
from appliance.matching.index import OWN, Index
from appliance.matching.listings_file import Edge, Listed
from appliance.matching.loops import TradeLoop, find_loops
from appliance.matching.meaning import from_text
from appliance.matching.pool import MOST_EACH, Match, May, Pool
from appliance.matching.ranking import AN_HOUR, households
from appliance.matching.times import Hours

RULE: Final = "loops"
WEEK_MS: Final = 7 * 86_400_000
LEG: Final = 0.001
"""What the way of a leg may cost it: it decides between equals, and between nothing else."""
_NOTE: Final = "loops_week"


def turn_ms(tx: Tx) -> int:
    """How long after the beginning of the week this hub's turn comes: one hub after the other, in the order of their admission.

    All see the same listings. If all looked at once, the same people would be asked about the same loop by each.
    """
    here, hubs = own_place(tx).hub, [int(hub) for (hub,) in tx.select("SELECT hub FROM roster ORDER BY seq")]
    return WEEK_MS * hubs.index(here) // len(hubs) if here in hubs else 0


def due(index: Index, now_ms: int) -> bool:
    """Whether this week's run is still to come, as far as the cache knows; ``now_ms`` without the time before one's turn."""
    return index.noted(_NOTE) != _week(now_ms)


def ran(index: Index, now_ms: int) -> None:
    """Note that this week's run has been: only once its loops stand in the book, so that one that failed is tried again."""
    index.note(_NOTE, _week(now_ms))


def _week(now_ms: int) -> str:
    return str(now_ms // WEEK_MS)


def propose(hub: Hub, index: Index) -> int:
    """Find loops and ask their people; how many loops.

    Args:
        index: has followed the ledger.
    """
    with hub.reading() as tx:
        found = tuple(_found(index, tx))
        days = hub.rules().market.loop_days
    until = hub.clock.now().ms + days * book.DAY_MS
    results = (hub.by_rule(book.ProposeLoop(legs, until), RULE) for legs in found)
    return sum(isinstance(result, Receipt) for result in results)


def _found(index: Index, tx: Tx) -> Iterable[tuple[Leg, ...]]:
    here, tried = own_place(tx).hub, trading.tried(tx)
    pool, hours = _pool(index, tx, here)
    blocked = {
        frozenset((here if hub == OWN else hub, member) for hub, member in two) for two in marks.all_apart(tx)
    }
    minutes = {here: 0} | minutes_on_foot(tx)
    found = pool.matches(MOST_EACH, _may(tx, pool, hours, blocked, here))
    edges = [replace(match.edge, score=match.score - LEG * _walk(match, minutes)) for match in found]
    for loop in find_loops(pool.listings.values(), edges).loops:
        people = frozenset((int(hub), int(member)) for hub, member in loop.people)
        together = any(two <= people for two in blocked)  # they would read of each other
        if any(hub == here for hub, _ in people) and people not in tried and not together:
            yield _legs(tx, loop, here)


def _walk(match: Match, minutes: Mapping[int, int]) -> float:
    """How long the way of a leg is, from 0 to 1. Between two other villages nobody here knows it: it counts as an hour."""
    one, other = int(match.offer.hub), int(match.want.hub)
    if one == other:
        return 0.0
    ends = minutes.get(one), minutes.get(other)
    far = next((end for end in ends if end), AN_HOUR) if 0 in ends else AN_HOUR
    return far / (AN_HOUR + far)


def _may(
    tx: Tx, pool: Pool, hours: Mapping[str, Hours], blocked: set[frozenset[tuple[int, int]]], here: int
) -> May:
    """Who may be in a loop one after the other. ``hours``: when, of the listings that say it."""
    refused = trading.refused(tx)
    apart = Apart((one.offered, one.wanted) for one in trading.unfit(tx))
    house = {} if rules.load(tx).market.match_household else households(tx)

    def may(offer: Listed, want: Listed) -> bool:
        if (_node(offer), _node(want)) in refused or _one_house(offer, want, house, str(here)):
            return False
        if frozenset((int(one.hub), int(one.member)) for one in (offer, want)) in blocked:
            return False
        if times.meeting(hours.get(offer.id), hours.get(want.id)) == 0:
            return False
        if not apart:
            return True
        why = pool.why(offer, want).why
        return not apart(why.offered, why.wanted)

    return may


def _node(listed: Listed) -> Node:
    hub, _, number = listed.id.partition(".")
    return int(hub), int(number)


def _pool(index: Index, tx: Tx, here: int) -> tuple[Pool, dict[str, Hours]]:
    """The listings of those who can be asked, and when they could be, of those that say it."""
    hubs = (OWN, *trading_hubs(tx))
    rows = index.rows(
        f"""SELECT hub, number, owner, kind, category, meaning, hours FROM listing
        WHERE hub IN ({", ".join("?" * len(hubs))}) ORDER BY place""",  # noqa: S608 - numbers of ours
        hubs,
    )
    pool, free, when = Pool(), dict[tuple[int, int], bool](), dict[str, Hours]()
    for hub, number, owner, kind, category, meaning, hours in rows:
        person = (here if hub == OWN else int(hub), int(owner))
        if person not in free:
            free[person] = _is_free(tx, person, here)
        if free[person]:
            listed = Listed(f"{person[0]}.{number}", str(owner), str(person[0]), kind, "", "", category)
            pool.add(listed, from_text(meaning))
            if hours is not None:
                when[listed.id] = int(hours, 16)
    return pool, when


def _is_free(tx: Tx, person: tuple[int, int], here: int) -> bool:
    if book.in_open_loop(tx, *person):
        return False
    if person[0] != here:
        return True
    who = tx.get(Member, number=person[1])
    return who is not None and who.status == powers.ACTIVE


def _one_house(offer: Listed, want: Listed, house: dict[int, frozenset[int]], here: str) -> bool:
    if not offer.hub == want.hub == here:
        return False
    return int(want.member) in house.get(int(offer.member), ())


def _legs(tx: Tx, loop: TradeLoop, here: int) -> tuple[Leg, ...]:
    return tuple(_leg(tx, edge, person, here) for person, edge in zip(loop.people, loop.trades, strict=True))


def _leg(tx: Tx, edge: Edge, person: tuple[str, str], here: int) -> Leg:
    hub, member = int(person[0]), int(person[1])
    offer, want = (int(name.partition(".")[2]) for name in (edge.offer_id, edge.want_id))
    row: Listing | FarListing | None = (
        tx.get(Listing, opened_entry=offer) if hub == here else tx.get(FarListing, hub=hub, listing=offer)
    )
    return Leg(hub, member, offer, want, None if row is None else row.price)
