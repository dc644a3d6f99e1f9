"""Makes the village of River: three months of life, every act signed and submitted.

A manual clock walks from three months ago to now. Chance is seeded, so that every village has
the same people doing the same kind of things; keys and ids are as random as in a real one.
Who trades how much is heavy-tailed, as in a real village: a few do most of it. Whatever the
ledger refuses (somebody is at a limit) is left undone, as it would be.
"""

import heapq
import itertools
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from appliance.demo.words import ASKED, BOUGHT, CARED, LISTINGS, NEWCOMER, VILLAGERS
from appliance.demo.words import Line as ListingLine
from appliance.ledger.book.command import Receipt
from appliance.ledger.book.rules import Care, Community, Credit, Rules
from appliance.ledger.book.subject import Command
from appliance.ledger.care.claims import DAY_MS, ClaimCare, Cosign, WithdrawClaim
from appliance.ledger.clock import ManualClock
from appliance.ledger.errors import BookDamaged, Refusal
from appliance.ledger.hub import Hub, Papers
from appliance.ledger.keys import KdfCost, KeySigner
from appliance.ledger.market.listings import OpenListing
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.money.transfers import Accept, Cancel, Decline, Pay, Request, Reverse
from appliance.ledger.people.members import AppointKeeper, Approve
from appliance.ledger.reads import member as member_reads
from appliance.ledger.values import COMMONS, AccountNumber, Amount, RecordId

PIN: Final = "2580"
"""Everybody's PIN in the sample village."""

DAYS: Final = 92
HOUR_MS: Final = 3_600_000
MINUTE_MS: Final = 60_000

RIVER: Final = Rules(Community("Valley", "River", 101, "hour", "h", 2), Credit(), Care())

KIRA, ALICE, BOB, CHANDRA, DINA, FATIMA, JUAN = map(AccountNumber, range(1, 8))
ROSA, AMINA = AccountNumber(10), AccountNumber(12)
CARERS: Final = (DINA, CHANDRA, AccountNumber(8), DINA, AccountNumber(14), ALICE, DINA, ROSA)

Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Made:
    """A village that has been made, still open.

    Attributes:
        hub, papers: as from ``Hub.found``; who asked for it closes the hub.
        done: how many of each kind of command were accepted.
        refused: how many were refused, by code.
    """

    hub: Hub
    papers: Papers
    done: Counter[str]
    refused: Counter[str]


class _Event(NamedTuple):
    """Something that will happen; ``order`` decides between equal times."""

    at: int
    order: int
    act: Callable[[], None]


def make(data: Path, now_ms: int, cost: KdfCost | None = None, told: Told = lambda _: None) -> Made:
    """Make the village in the empty or missing directory ``data``, its past ending at ``now_ms``.

    Args:
        cost: Argon2id's cost, the product's by default.
        told: called with a line now and then, because it takes a while.
    """
    start = (now_ms // DAY_MS - DAYS) * DAY_MS
    clock = ManualClock(start + 8 * HOUR_MS)
    hub, papers = Hub.found(data, RIVER, clock, cost)
    try:
        life = _Life(hub, clock, start, now_ms, told)
        life.settle_in(KeySigner("root:keeper", papers.hub.seed))
        life.plan()
        life.live()
    except BaseException:
        hub.close()
        raise
    return Made(hub, papers, life.done, life.refused)


@dataclass
class _Life:
    hub: Hub
    clock: ManualClock
    start: int
    now: int
    told: Told
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    _events: list[_Event] = field(default_factory=list)
    _signers: dict[int, KeySigner] = field(default_factory=dict)
    # Not for secrets: the same village every time.
    _chance: random.Random = field(default_factory=lambda: random.Random(101))
    _order: Any = field(default_factory=itertools.count)

    def settle_in(self, root: KeySigner) -> None:
        """Kira joins and is appointed; the others join in the days after, approved by her."""
        self.told(f"making the village of River: {len(VILLAGERS)} people choose their PINs")
        self._join(VILLAGERS[0].name)
        self._must(self.hub.submit(Approve(KIRA), root))
        self._must(self.hub.submit(AppointKeeper(KIRA), root))
        root.close()
        for place, villager in enumerate(VILLAGERS[1:], 1):
            self.clock.advance(self._chance.randint(2, 9) * HOUR_MS if place < 16 else 30 * HOUR_MS)
            number = self._join(villager.name)
            self.clock.advance(self._chance.randint(4, 90) * MINUTE_MS)
            self._do(KIRA, Approve(number))

    def _join(self, name: str) -> AccountNumber:
        joined = self._must(self.hub.join(name, PIN))
        number = AccountNumber(int(str(joined.outcome["number"])))
        signer = self.hub.unlock(number, PIN)
        if isinstance(signer, Refusal):
            raise BookDamaged(f"the sample village could not be made: {signer.code}")
        self._signers[number] = signer
        return number

    def _must(self, result: Receipt | Refusal) -> Receipt:
        """A step without which there is no village."""
        if isinstance(result, Refusal):
            raise BookDamaged(f"the sample village could not be made: {result.code}")
        return result

    def _do(self, who: int, command: Command) -> Receipt | None:
        """Submit what ``who`` asks, now; None when it was refused."""
        result = self.hub.submit(command, self._signers[who])
        if isinstance(result, Refusal):
            self.refused[str(result.code)] += 1
            return None
        self.done[command.KIND] += 1
        return result

    # ------------------------------------------------------------------------------ the plan

    def plan(self) -> None:
        """Put the three months on the calendar, from when the last have joined."""
        first = self.clock.now().ms // DAY_MS + 1
        last = self.now // DAY_MS
        self._on(first * DAY_MS, lambda: self._limits(FATIMA, -2000, 6000, "Bakes for the whole village"))
        self._on(first * DAY_MS, lambda: self._limits(AMINA, -1800, 2400, "Repairs need parts first"))
        # Half of the listings stand from the beginning, the others come one by one.
        for place, line in enumerate(LISTINGS):
            day = first if place % 2 else first + place * (last - 1 - first) // len(LISTINGS)
            self._on(day * DAY_MS, partial(self._list, line))
        for day in range(first, last):
            market = day % 7 == 2  # 1970-01-01 was a Thursday: Saturday
            for _ in range(self._chance.randint(9, 16) if market else self._chance.randint(1, 6)):
                self._on(day * DAY_MS, self._buy)
            if self._chance.random() < 0.5:
                self._on(day * DAY_MS, self._ask)
            if self._chance.random() < 0.22:
                self._on(day * DAY_MS, self._care)
            if day % 30 == 0:
                self._on(day * DAY_MS, self._give_to_commons)
        self._on((first + 9) * DAY_MS, lambda: self._mistake(ROSA, FATIMA, 500, by=FATIMA))
        self._on((first + 23) * DAY_MS, lambda: self._mistake(BOB, JUAN, 300, by=JUAN))
        self._on((first + 40) * DAY_MS, lambda: self._mistake(JUAN, ALICE, 250, by=KIRA))
        self._on((first + 51) * DAY_MS, lambda: self._mistake(ALICE, ROSA, 100, by=ROSA))
        self._on((first + 30) * DAY_MS, self._withdrawn)
        self._plan_the_end()

    def _plan_the_end(self) -> None:
        """What is still open when somebody signs in: hours and minutes before now."""

        def before(minutes: int, act: Callable[[], None]) -> None:
            self._at(self.now - minutes * MINUTE_MS, act)

        before(1500, lambda: self._open_claim(CHANDRA, "elder", 90, (ALICE, FATIMA), ()))
        before(1400, lambda: self._open_request(FATIMA, BOB, 150, "food", "Bread and buns, the whole week"))
        before(1300, lambda: self._open_request(JUAN, ROSA, 100, "garden", "Papas, dos bolsas"))
        before(1100, lambda: self._open_claim(DINA, "sick", 150, (ALICE, BOB), (BOB,)))
        before(900, self._newcomer)
        before(300, lambda: self._open_request(ROSA, ALICE, 75, "household", "Lavado, una canasta"))
        before(200, lambda: self._open_request(BOB, ALICE, 100, "repair", "Bicycle, two punctures"))
        before(60, lambda: self._open_request(ALICE, None, 75, "food", "Goat cheese at the market"))

    def _on(self, day_ms: int, act: Callable[[], None]) -> None:
        """On this day, at some time between six and twenty o'clock."""
        self._at(day_ms + self._chance.randint(6 * 60, 20 * 60) * MINUTE_MS, act)

    def _at(self, ms: int, act: Callable[[], None]) -> None:
        heapq.heappush(self._events, _Event(ms, next(self._order), act))

    def _soon(self, hours: int, act: Callable[[], None]) -> None:
        """Within so many hours from the event that happens now."""
        self._at(self.clock.now().ms + self._chance.randint(5, hours * 60) * MINUTE_MS, act)

    def live(self) -> None:
        """Let everything happen in its order, up to now."""
        shown = -1
        while self._events:
            event = heapq.heappop(self._events)
            if event.at >= self.now:
                break  # answers that would come later than now stay open
            self.clock.set(max(event.at, self.clock.now().ms))
            month = (event.at - self.start) // (31 * DAY_MS)
            if month != shown:
                shown = month
                self.told(f"month {month + 1}: {sum(self.done.values())} acts so far")
            event.act()
        for signer in self._signers.values():
            signer.close()

    # ---------------------------------------------------------------------------- what people do

    def _somebody(self, without: int = 0) -> AccountNumber:
        numbers = [n for n in range(1, len(VILLAGERS) + 1) if n != without]
        weights = [VILLAGERS[n - 1].busy for n in numbers]
        return AccountNumber(self._chance.choices(numbers, weights)[0])

    def _room(self, number: int, amount: int) -> bool:
        """People keep some room below: they do not go to their limit for a bun."""
        with self.hub.reading() as tx:
            return (member_reads.balance(tx, number) or 0) - amount >= -900

    def _limits(self, account: AccountNumber, low: int, high: int, reason: str) -> None:
        self._do(KIRA, SetLimits(account, low, high, reason))

    def _list(self, line: ListingLine) -> None:
        owner = AccountNumber(line.who + 1)
        price = None if line.price is None else Amount(line.price)
        self._do(owner, OpenListing(owner, line.kind, line.category, line.title, line.text, price))

    def _buy(self) -> None:
        payer = self._somebody()
        offers = [line for line in LISTINGS if line.kind == "offer" and line.price and line.who + 1 != payer]
        if self._chance.random() < 0.65:
            line = self._chance.choices(offers, [VILLAGERS[one.who].busy for one in offers])[0]
            payee, category, note = AccountNumber(line.who + 1), line.category, line.title
            amount = (line.price or 25) * self._chance.choice((1, 1, 1, 2))
        else:
            payee = self._somebody(without=payer)
            category, note = self._chance.choice(BOUGHT)
            amount = 25 * min(24, max(1, round(self._chance.lognormvariate(0.9, 0.8))))
        if self._room(payer, amount):
            self._do(payer, Pay(payer, payee, Amount(amount), category, note))

    def _give_to_commons(self) -> None:
        for number in range(1, len(VILLAGERS) + 1):
            if self._chance.random() < 0.6:
                giver = AccountNumber(number)
                self._do(giver, Pay(giver, COMMONS, Amount(25), "other", "For the commons"))

    def _ask(self) -> None:
        payee = self._somebody()
        payer = self._somebody(without=payee)
        category, note = self._chance.choice(ASKED)
        amount = Amount(25 * self._chance.choice((1, 2, 2, 3, 4, 4, 6, 8)))
        asked = self._do(payee, Request(payee, payer, amount, category, note))
        if asked is None:
            return
        request, luck = asked.record, self._chance.random()
        if luck < 0.8:
            self._soon(30, lambda: self._answer(request, payer, payee, amount))
        elif luck < 0.92:
            self._soon(30, lambda: self._ignore(self._do(payer, Decline(request, payer))))
        else:
            self._soon(30, lambda: self._ignore(self._do(payee, Cancel(request))))

    def _ignore(self, _: Receipt | None) -> None:
        """Whether it was accepted is counted; nothing follows from it."""

    def _answer(self, request: RecordId, payer: AccountNumber, payee: AccountNumber, amount: Amount) -> None:
        if not self._do(payer, Accept(request, payer, payee, amount)):
            self._do(payer, Decline(request, payer))

    def _mistake(self, payer: AccountNumber, payee: AccountNumber, amount: int, by: int) -> None:
        """A payment with a wrong amount, given back by who received it, or by the keeper."""
        paid = self._do(payer, Pay(payer, payee, Amount(amount), "food", "Eggs, ten"))
        if paid:
            reason = "Typed one zero too many" if by != KIRA else "Paid the wrong Alice; both agree"
            self._soon(3, lambda: self._ignore(self._do(by, Reverse(paid.record, reason))))

    def _claim(
        self, carer: AccountNumber, kind: str, minutes: int, witnesses: tuple[AccountNumber, ...]
    ) -> Receipt | None:
        first_name = VILLAGERS[carer - 1].name.split()[0]
        fitting = [c for c in CARED if c[0] == kind and first_name not in c[1]]
        _, whom, what = self._chance.choice(fitting)
        day = self.clock.now().ms // DAY_MS
        return self._do(carer, ClaimCare(carer, kind, minutes, day, whom, what, witnesses))

    def _care(self) -> None:
        carer = self._chance.choice(CARERS)
        first_name = VILLAGERS[carer - 1].name.split()[0]
        kind = self._chance.choice([c[0] for c in CARED if first_name not in c[1]])
        one = self._somebody(without=carer)
        other = next(n for n in iter(lambda: self._somebody(without=carer), 0) if n != one)
        minutes = 30 * self._chance.choice((1, 2, 2, 3, 4, 6))
        claim = self._claim(carer, kind, minutes, (one, other))
        if claim:
            for witness in (one, other):
                self._soon(40, partial(self._cosign, witness, claim))

    def _cosign(self, witness: AccountNumber, claim: Receipt) -> None:
        self._do(witness, Cosign(claim.record, bytes(claim.outcome["terms"])))

    def _withdrawn(self) -> None:
        claim = self._claim(ROSA, "commons", 60, (BOB,))
        if claim:
            self._soon(5, lambda: self._ignore(self._do(ROSA, WithdrawClaim(claim.record))))

    def _open_claim(
        self,
        carer: AccountNumber,
        kind: str,
        minutes: int,
        asked: tuple[AccountNumber, ...],
        signed: tuple[AccountNumber, ...],
    ) -> None:
        claim = self._must_have(self._claim(carer, kind, minutes, asked))
        for witness in signed:
            self._cosign(witness, claim)

    def _open_request(
        self, payee: AccountNumber, payer: AccountNumber | None, amount: int, category: str, note: str
    ) -> None:
        self._must_have(self._do(payee, Request(payee, payer, Amount(amount), category, note)))

    def _must_have(self, receipt: Receipt | None) -> Receipt:
        """What the documentation promises to be open in the village."""
        if receipt is None:
            raise BookDamaged(f"the sample village could not be made: {dict(self.refused)}")
        return receipt

    def _newcomer(self) -> None:
        self._must(self.hub.join(NEWCOMER, PIN))
