"""Makes the valley: River and Hill, admitted to one community, with three months of life and trade.

A manual clock walks from three months ago to now. Every act is signed and submitted, and what
passes between the villages passes as it will on the air: as signed frames, packed by one hub
and taken in by the other.
"""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from appliance.demo import hill
from appliance.demo.calendar import DAY_MS, DAYS, HOUR_MS, MINUTE_MS, Calendar
from appliance.demo.hill import Hill
from appliance.demo.people import KEEPER, People
from appliance.demo.village import ALICE, RIVER, River
from appliance.demo.words_hill import CROSSED, Crossing
from appliance.ledger import community, settings
from appliance.ledger.book.rules import Care, Credit, Rules
from appliance.ledger.clock import ManualClock
from appliance.ledger.community import Application, Invitation
from appliance.ledger.hub import Hub, Papers
from appliance.ledger.keys import KdfCost, KeySigner
from appliance.ledger.market.distances import SetDistance
from appliance.ledger.money.crossings import Send
from appliance.ledger.money.transfers import Pay
from appliance.ledger.reads import member as member_reads
from appliance.ledger.values import COMMONS, AccountNumber, Amount
from appliance.radio.frames import LONGEST_DATA, open_data
from appliance.radio.shelf import Shelf

Told = Callable[[str], None]

RIVER_DIRECTORY: Final = "river"
HILL_DIRECTORY: Final = "hill"

_PUBLISHED_AT_ONCE: Final = 20


@dataclass(frozen=True, slots=True)
class Made:
    """A village that has been made, still open.

    Attributes:
        hub, papers: as from ``Hub.found``.
        done: how many of each kind of command were accepted.
        refused: how many were refused, by code.
    """

    hub: Hub
    papers: Papers
    done: Counter[str]
    refused: Counter[str]


@dataclass(frozen=True, slots=True)
class Valley:
    """Both villages, still open; who asked for them closes them."""

    river: Made
    hill: Made

    def close(self) -> None:
        """Close both hubs."""
        self.river.hub.close()
        self.hill.hub.close()


def make(data: Path, now_ms: int, cost: KdfCost | None = None, told: Told = lambda _: None) -> Valley:
    """Make both villages in the empty or missing directory ``data``, their past ending at ``now_ms``.

    Args:
        cost: Argon2id's cost, the product's by default.
        told: called with a line now and then, because it takes a while.
    """
    start = (now_ms // DAY_MS - DAYS) * DAY_MS
    calendar = Calendar(ManualClock(start + 8 * HOUR_MS), now_ms)
    data.mkdir(parents=True, exist_ok=True)
    opened: list[Hub] = []
    try:
        return _make(data, calendar, cost, told, opened)
    except BaseException:
        for hub in opened:
            hub.close()
        raise


def _make(data: Path, calendar: Calendar, cost: KdfCost | None, told: Told, opened: list[Hub]) -> Valley:
    clock = calendar.clock
    here, here_papers = Hub.found(data / RIVER_DIRECTORY, RIVER, clock, cost)
    opened.append(here)
    letter = Invitation.from_bytes(community.invite(here, hill.NUMBER, hill.NAME).to_bytes())
    rules = Rules(letter.community, Credit(), Care())
    there, there_papers = Hub.found(data / HILL_DIRECTORY, rules, clock, cost, letter.community_key)
    opened.append(there)
    founders = here_papers.community
    assert founders is not None  # River is the first of its community
    asked = Application.from_bytes(community.apply_for(there).to_bytes())
    community.join(there, community.admit(here, [asked], founders))
    for directory in (RIVER_DIRECTORY, HILL_DIRECTORY):
        settings.write(data / directory, f'clock = "{settings.MACHINE_CLOCK}"\n')

    river, far = River(here, calendar), Hill(there, calendar)
    mule = Mule(here, there)
    told("making the villages of River and Hill: twenty-eight people choose their PINs")
    begin = clock.now().ms
    far.settle_in(KeySigner("root:keeper", there_papers.hub.seed))
    clock.set(begin)  # both settle in during the same days
    river.settle_in(KeySigner("root:keeper", here_papers.hub.seed))
    for those, other, minutes in (
        (river.people, hill.NUMBER, 50),
        (far.people, RIVER.community.hub, 40),
    ):
        those.done_for_sure(those.do(KEEPER, SetDistance(other, minutes)))  # the way up takes longer
    river.plan()
    far.plan()
    chance = random.Random(203)
    for crossing in CROSSED:
        day = (calendar.now // DAY_MS - crossing.days) * DAY_MS
        calendar.on(day, partial(_cross, river, far, crossing), chance)
        calendar.at(day + 21 * HOUR_MS, mule.carry)
    calendar.at(calendar.now - 45 * MINUTE_MS, partial(_make_room, river.people, ALICE, -400, 1500))
    calendar.at(calendar.now - 44 * MINUTE_MS, partial(_make_room, far.people, hill.CHANDRA, -400, 1200))
    calendar.at(calendar.now - 30 * MINUTE_MS, mule.carry_all)
    people = (river.people, far.people)
    calendar.live(
        lambda month: told(f"month {month}: {sum(sum(p.done.values()) for p in people)} acts so far")
    )
    for one in people:
        one.close()
    return Valley(
        Made(here, here_papers, river.people.done, river.people.refused),
        Made(there, there_papers, far.people.done, far.people.refused),
    )


def _cross(river: River, far: Hill, crossing: Crossing) -> None:
    people, to = (river.people, hill.NUMBER) if crossing.to_hill else (far.people, RIVER.community.hub)
    payee, amount = AccountNumber(crossing.payee), Amount(crossing.amount)
    # Whoever is at the limit on that day lets somebody else pay.
    payers = (crossing.payer, *(number for number in range(1, 9) if number != crossing.payer))
    tried = (Send(AccountNumber(one), to, payee, amount, crossing.category, crossing.note) for one in payers)
    people.done_for_sure(next(filter(None, (people.do(one.payer, one) for one in tried)), None))


def _make_room(people: People, who: AccountNumber, low: int, high: int) -> None:
    """See that a visitor can try a payment: ``who`` neither owes nor has too much for it."""
    with people.hub.reading() as tx:
        balance = member_reads.balance(tx, who) or 0
    if balance > high:
        people.do(who, Pay(who, COMMONS, Amount(balance - high), "other", "For the commons"))
    givers = iter(range(1, 9))
    while balance < low and (giver := next(givers, None)) is not None:
        gift = Pay(AccountNumber(giver), who, Amount(low - balance), "other", "Thank you for everything!")
        if giver != who and people.room(giver, low - balance) and people.do(giver, gift):
            balance = low


class Mule:
    """Brings the post over while the villages have no radio yet: the very frames, by hand."""

    def __init__(self, here: Hub, there: Hub) -> None:
        self._shelves = (Shelf(here), Shelf(there))

    def carry(self) -> None:
        """Bring all that waits, and the answers to it, until nothing waits."""
        here, there = self._shelves
        while self._one_way(here, there) + self._one_way(there, here):
            pass

    def carry_all(self) -> None:
        """Names, listings and positions too."""
        for shelf in self._shelves:
            while shelf.post.publish(_PUBLISHED_AT_ONCE):
                pass
        self.carry()
        for shelf in self._shelves:
            shelf.post.tell()
        self.carry()

    def _one_way(self, origin: Shelf, target: Shelf) -> int:
        carried = 0
        while (data := origin.pack(LONGEST_DATA)) is not None:
            target.take(open_data(data, target.directory))
            target.settle()
            carried += 1
        return carried
