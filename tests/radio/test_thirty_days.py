"""Thirty days without a neighbour, and 200 records that are owed each way: two real books, on air that loses 30 %.

River and Hill know each other and are parted. On both sides people go on: they pay each other, ask for
co-signatures and give those they were asked for; they change their offers, and show their names and hide
them. Then the hubs hear each other again.

`make test` has some days and some records; HUB_AWAY=200 (`make test-long`) is the whole story.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from appliance.ledger.book.records import Kind
from appliance.ledger.book.schema_far import AskedHere
from appliance.ledger.book.verify import verify
from appliance.ledger.hub import Hub
from appliance.ledger.market.changing import EditListing
from appliance.ledger.market.listings import OFFER, CloseListing, OpenListing
from appliance.ledger.people.showing import ShowName, unsaid
from appliance.ledger.values import Amount, RecordId
from appliance.radio.airtime import frame_airtime
from appliance.radio.bundle import split
from appliance.radio.frames import ASK, CODED, DATA, SUMMARY, read_header
from tests.ledger.care import across
from tests.ledger.care.caring import claim
from tests.support.two_radios import PRESET, TwoRadios, two_radios
from tests.support.two_villages import HILL, OF_HILL, OF_RIVER, RIVER
from tests.support.village import Village

OWED = int(os.environ.get("HUB_AWAY", "40"))
"""Records that each hub owes the other when they meet."""

SEED = int(os.environ.get("HUB_SEED", "101"))
LOSS = 0.3
HOUR, DAY = 3600.0, 86400.0

DAYS, TURN = (30.0, 60.0) if OWED >= 200 else (3.0, 120.0)
"""How long they are apart, and how often the two processes then have their turn, in seconds."""

ALONE = 2 * HOUR
"""So long nobody does anything after they parted: for the first hour the others might have missed a summary or two."""

CHANGES = OWED // 5
"""How often somebody on each side changes an offer or whether a name is shown, in the meantime."""

BEFORE = 4
"""Changes on each side that the other heard of before they parted."""

CLAIMS = OWED // 40
"""Claims of each side that the other was asked to co-sign before they parted; two people of it sign each."""

LATE = 900
"""From so many seconds on a payment is late, as docs/simulation.md counts; here from the moment on when one of them heard the other. When that
is, is a matter of luck: in silence a hub says a summary every seven minutes, and three of ten are lost."""

LATER = (Kind.PERSON, Kind.LISTING, Kind.UNLISTING)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


@dataclass
class Parted:
    """The two sides, and what was seen since they met again: the moments in seconds."""

    radios: TwoRadios
    dice: Random
    apart: bool = False
    begun: dict[int, int] = field(default_factory=dict)
    """The last record of each hub when they parted."""
    owed_to: dict[int, int] = field(default_factory=dict)
    """The last record of each hub when they met again."""
    claims: dict[str, int] = field(default_factory=dict)
    offers: dict[int, list[RecordId]] = field(default_factory=lambda: {RIVER: [], HILL: []})
    seen: dict[str, float] = field(default_factory=dict)
    met: float = 0.0
    open_when_told: int | None = None
    """Payments that were not accepted when the first name or listing was put on a feed."""
    by_then: list[bytes] = field(default_factory=list)
    """What had been sent since they met when every payment was accepted."""

    def __post_init__(self) -> None:
        for link in self.radios.links.values():
            link.hears = lambda _: self.hears()

    def hears(self) -> bool:
        """Whether a packet reaches the other one."""
        heard = not self.apart and self.dice.random() >= LOSS
        if self.met:
            self.note("one heard", heard)
        return heard

    def home(self, hub: int) -> Village:
        return self.radios.villages.at(hub)

    @property
    def now(self) -> float:
        return self.radios.villages.clock.uptime().ms / 1000

    def packets(self, *, keep: bool = False) -> list[bytes]:
        """What both radios have sent since this was asked last; it goes on being so if it is to ``keep``."""
        sent = [data for link in self.radios.links.values() for data in link.sent]
        if not keep:
            for link in self.radios.links.values():
                link.sent.clear()
        return sent

    # ------------------------------------------------------------------------------------------- while they are apart

    def pay(self, hub: int) -> None:
        """Somebody pays somebody of the other village."""
        here, there = people(hub)
        amount = self.dice.randint(1, 9)
        self.radios.villages.send(self.dice.choice(here), self.dice.choice(there), amount, again=True)

    def ask(self, hub: int) -> None:
        """Somebody has cared for Old Tom, and asks both people of the other village whether they saw it."""
        here, there = people(hub)
        carer = self.dice.choice(here)
        self.claims[carer] = ago = self.claims.get(carer, -1) + 1
        made = claim(self.home(hub), carer, 30, ago=ago)
        across.ask(self.radios.villages, made, carer, *there)

    def sign(self, hub: int) -> None:
        """Somebody signs what they were asked before the hubs parted."""
        home = self.home(hub)
        name, row = next((name, row) for name in people(hub)[0] for row in asked(home, name))
        home.do(name, across.signature(self.radios.villages, name, row))

    def change(self, hub: int, turn: int) -> None:
        """Somebody offers something, says it otherwise or takes it down; or shows the name, or hides it."""
        home, offers = self.home(hub), self.offers[hub]
        who = people(hub)[0][0]
        number = home.numbers[who]
        if turn % 8 == 3:
            home.do(who, ShowName(number, turn % 16 == 3))
        elif turn % 4 == 1 and offers:
            home.do(who, EditListing(self.dice.choice(offers), "food", f"Bread, now sort {turn}"))
        elif turn % 8 == 6 and offers:
            home.do(who, CloseListing(offers.pop(0)))
        else:
            made = home.do(who, OpenListing(number, OFFER, "food", f"Bread, sort {turn}", "", Amount(40)))
            offers.append(RecordId(made.record))

    def owe(self, hub: int, turn: int) -> None:
        """One more record that is owed: nine of ten are payments, the others are of care."""
        if turn % 10 != 9:
            self.pay(hub)
        elif turn % 20 == 9:
            self.ask(hub)
        else:
            self.sign(hub)

    def owing(self, hub: int) -> int:
        """Records that this hub has put on its feed since they parted."""
        return last(self.home(hub).hub) - self.begun[hub]

    # ------------------------------------------------------------------------------------------ when they meet again

    def numbers(self, hub: int, *kinds: Kind) -> list[int]:
        """Of the records of these kinds that ``hub`` has put on its feed since they parted."""
        return of_kinds(self.home(hub).hub, "outgoing WHERE", kinds, self.begun[hub])

    def arrived(self, hub: int, *kinds: Kind) -> list[int]:
        """Of those, the ones that the other village has."""
        where = f"record WHERE hub = {hub} AND"
        return of_kinds(self.home(other(hub)).hub, where, kinds, self.begun[hub])

    def accepted(self, hub: int) -> set[int]:
        """Payments of ``hub`` that the other hub has accepted, all of its book."""
        return crossings(self.home(other(hub)).hub, "NOT outgoing AND state = 'arrived'")

    def known(self, hub: int) -> set[int]:
        """Payments of ``hub`` of which it knows that they were accepted."""
        return crossings(self.home(hub).hub, "outgoing AND state = 'arrived'")

    def each(self, says: Callable[[int], bool]) -> bool:
        return all(says(hub) for hub in (RIVER, HILL))

    def held(self, hub: int) -> int:
        """Up to where the other hub holds the feed of ``hub``."""
        places = self.radios.villages.posts[other(hub)].places()
        return next(place.number for place in places if place.hub == hub)

    def in_step(self) -> bool:
        """Whether each holds all that the other has put on its feed, and has nothing left to put there."""
        done = self.each(lambda hub: self.held(hub) == last(self.home(hub).hub))
        return done and self.each(lambda hub: nothing_left(self.home(hub).hub))

    def note(self, name: str, happened: bool) -> bool:
        """The first moment at which something had happened."""
        if happened and name not in self.seen:
            self.seen[name] = self.now - self.met
        return name in self.seen

    def look(self) -> bool:
        """Look at both books, after each turn; whether all is over."""
        sent = {hub: set(self.numbers(hub, Kind.SENT)) for hub in (RIVER, HILL)}
        left = sum(len(sent[hub] - self.accepted(hub)) for hub in sent)
        if not left and not self.by_then:
            self.by_then = self.packets(keep=True)
        self.note("every payment accepted", left == 0)
        self.note("its payer's hub knows", self.each(lambda hub: sent[hub] <= self.known(hub)))
        self.note("all that was owed held", self.each(lambda hub: self.held(hub) >= self.owed_to[hub]))
        if self.note("a name or listing said", any(self.numbers(hub, *LATER) for hub in sent)):
            self.open_when_told = left if self.open_when_told is None else self.open_when_told
        self.note("a name or listing arrived", any(self.arrived(hub, *LATER) for hub in sent))
        return self.note("in step", left == 0 and self.in_step())


def other(hub: int) -> int:
    return HILL if hub == RIVER else RIVER


def people(hub: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Who pays and cares here, and who there."""
    return (OF_RIVER[1:], OF_HILL[1:]) if hub == RIVER else (OF_HILL[1:], OF_RIVER[1:])


def last(hub: Hub) -> int:
    with hub.reading() as tx:
        ((number,),) = tx.select("SELECT COALESCE(MAX(number), 0) FROM outgoing")
        return int(number)


def of_kinds(hub: Hub, where: str, kinds: tuple[Kind, ...], after: int) -> list[int]:
    named = ", ".join(str(int(kind)) for kind in kinds)
    with hub.reading() as tx:
        rows = tx.select(
            f"SELECT number FROM {where} kind IN ({named}) AND number > ? ORDER BY number", after
        )
        return [int(number) for (number,) in rows]


def crossings(hub: Hub, where: str) -> set[int]:
    with hub.reading() as tx:
        return {int(number) for (number,) in tx.select(f"SELECT number FROM crossing WHERE {where}")}


def nothing_left(hub: Hub) -> bool:
    with hub.reading() as tx:
        return not unsaid(tx, 1)


def asked(home: Village, name: str) -> list[AskedHere]:
    """What ``name`` was asked from the other village and has not answered."""
    where = "id IN (SELECT ask FROM asked_of WHERE member = ? AND state = 'asked') ORDER BY entry"
    with home.hub.reading() as tx:
        return tx.found(AskedHere, where, home.numbers[name])


def sums(hub: Hub) -> tuple[int, int]:
    """What all accounts hold together, trunks with them; and what all postings come to."""
    with hub.reading() as tx:
        ((accounts,),) = tx.select("SELECT SUM(balance) FROM account")
        ((postings,),) = tx.select("SELECT SUM(amount) FROM posting")
        return int(accounts), int(postings)


def signed(hub: Hub) -> int:
    """How many of the other village have signed what was asked of them, and it counts here."""
    with hub.reading() as tx:
        ((number,),) = tx.select("SELECT COUNT(*) FROM far_witness WHERE state = 'signed'")
        return int(number)


@pytest.fixture
def parted(tmp_path: Path) -> Iterator[Parted]:
    """River and Hill, who have met, have asked each other for co-signatures, and lose each other now."""
    with two_radios(tmp_path) as radios:
        made = Parted(radios, Random(SEED))
        for hub in (RIVER, HILL):
            for turn in range(BEFORE):
                made.change(hub, turn)
            for _ in range(CLAIMS):
                made.ask(hub)
        assert radios.live(HOUR, made.in_step)
        radios.live(HOUR / 4)
        made.begun = {hub: last(made.home(hub).hub) for hub in (RIVER, HILL)}
        made.apart = True
        radios.jump(ALONE, TURN)
        yield made


def go_on(parted: Parted) -> None:
    """Both villages go on alone until each owes the other ``OWED`` records, one after the other at even intervals."""
    for turn in range(OWED):
        for hub in (RIVER, HILL):
            parted.owe(hub, turn)
            if turn % (OWED // CHANGES) == 0:
                parted.change(hub, BEFORE + turn // (OWED // CHANGES))
        parted.radios.jump(DAYS * DAY / OWED, TURN)
    parted.owed_to = {hub: last(parted.home(hub).hub) for hub in (RIVER, HILL)}


def meet(parted: Parted) -> None:
    """They hear each other again, until neither has anything left to say."""
    parted.radios.live(2)  # in the long turns before, a packet seemed to be on the air for all of one
    parted.packets()
    parted.apart, parted.met = False, parted.now
    assert parted.radios.live(4 * HOUR, parted.look), parted.seen


def test_what_is_owed_is_accepted_before_a_name_or_listing_is_said(parted: Parted) -> None:
    go_on(parted)
    alone = parted.packets()
    payments = {hub: parted.numbers(hub, Kind.SENT) for hub in (RIVER, HILL)}
    owed = {hub: parted.owed_to[hub] - parted.begun[hub] for hub in payments}
    for hub, numbers in payments.items():
        # With the first signature of each of the two people goes the key to check it by.
        assert (owed[hub], len(numbers)) == (OWED + 2, OWED * 9 // 10)
        assert parted.held(hub) == parted.begun[hub]
        assert parted.numbers(hub, *LATER) == []  # nothing is put on a feed that nobody hears
        assert not nothing_left(parted.home(hub).hub)

    meet(parted)
    seen, spoken = parted.seen, parted.packets()
    print(
        f"\n{DAYS:g} days apart, {PRESET}, loss {LOSS:.0%}, seed {SEED}; owed {owed}, payments {OWED * 9 // 10} each"
    )
    print("seconds from the return: " + ", ".join(f"{what} {when:.0f}" for what, when in seen.items()))
    for what, packets in (("every payment accepted", parted.by_then), ("in step", spoken)):
        share = airtime(packets) / seen[what]
        print(f"until {what}: {airtime(packets):.1f} s on the air, {share:.1%}; {dict(frames_of(packets))}")
    print(
        f"while apart: {airtime(alone):.0f} s on the air, {airtime(alone) / (2 * DAYS * DAY):.3%} of the time each"
    )

    assert parted.open_when_told == 0
    assert seen["every payment accepted"] - seen["one heard"] < LATE
    assert seen["all that was owed held"] < seen["a name or listing said"] < seen["a name or listing arrived"]
    for hub, numbers in payments.items():
        assert parted.accepted(hub) == parted.known(hub) == set(numbers)
        assert min(parted.arrived(hub, *LATER)) > parted.owed_to[hub]
        here = parted.home(hub).hub
        assert signed(here) == 2 * CLAIMS
        assert sums(here) == (0, 0)
        verify(here.store)


def airtime(packets: list[bytes]) -> float:
    """Seconds on the air."""
    return sum(frame_airtime(len(data), PRESET) for data in packets)


def frames_of(packets: list[bytes]) -> Counter[str]:
    """How many frames of each kind these packets carry."""
    names = {DATA: "records", CODED: "coded repairs", SUMMARY: "summaries", ASK: "asks"}
    return Counter(names[read_header(frame).type] for packet in packets for frame in split(packet))
