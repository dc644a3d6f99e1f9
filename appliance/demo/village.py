"""The village of River: three months of life.

Chance is seeded, so that every village has the same people doing the same kind of things; keys
and ids are as random as in a real one. Who trades how much is heavy-tailed, as in a real
village: a few do most of it.
"""

import random
from collections.abc import Callable
from functools import partial
from typing import Final

from appliance.demo.calendar import DAY_MS, HOUR_MS, MINUTE_MS, Calendar
from appliance.demo.people import PIN, People
from appliance.demo.words import ASKED, BOUGHT, CARED, LISTINGS, NEWCOMER, SHOWN, VILLAGERS, WRITTEN
from appliance.ledger.book.command import Receipt
from appliance.ledger.book.rules import Care, Community, Credit, Rules
from appliance.ledger.book.taxonomy import for_payment
from appliance.ledger.care.claims import ClaimCare, WithdrawClaim
from appliance.ledger.care.signing import Cosign
from appliance.ledger.hub import Hub
from appliance.ledger.keys import KeySigner
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.money.requests import Accept, Cancel, Decline, Request
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.money.transfers import Pay
from appliance.ledger.values import COMMONS, AccountNumber, Amount, RecordId

RIVER: Final = Rules(Community("Valley", "River", 101, "hour", "h", 2), Credit(), Care())

KIRA, ALICE, BOB, MEERA, DINA, FATIMA, JUAN = map(AccountNumber, range(1, 8))
ROSA, AMINA = AccountNumber(10), AccountNumber(12)
CARERS: Final = (DINA, MEERA, AccountNumber(8), DINA, AccountNumber(14), ALICE, DINA, ROSA)


class River:
    """The people of River, and what they do in three months."""

    def __init__(self, hub: Hub, calendar: Calendar) -> None:
        self._hub, self._calendar, self._chance = hub, calendar, random.Random(101)
        self.people = People(hub, calendar, self._chance)
        self._do, self._on = self.people.do, self.people.on
        self._clock = calendar.clock

    def settle_in(self, root: KeySigner) -> None:
        """Kira joins and is appointed; the others join in the days after, approved by her."""
        self.people.begin(VILLAGERS[0].name, root)
        for place, villager in enumerate(VILLAGERS[1:], 1):
            self._clock.advance(self._chance.randint(2, 9) * HOUR_MS if place < 16 else 30 * HOUR_MS)
            self.people.welcome(villager.name)
        self.people.show(SHOWN)

    # ------------------------------------------------------------------------------ the plan

    def plan(self) -> None:
        """Put the three months on the calendar, from when the last have joined."""
        first = self._clock.now().ms // DAY_MS + 1
        last = self._calendar.now // DAY_MS
        self._on(first * DAY_MS, lambda: self._limits(FATIMA, -2000, 6000, "Bakes for the whole village"))
        self._on(first * DAY_MS, lambda: self._limits(AMINA, -1800, 2400, "Repairs need parts first"))
        # Half of the listings stand from the beginning, the others come one by one.
        for place, line in enumerate(LISTINGS):
            day = first if place % 2 else first + place * (last - 1 - first) // len(LISTINGS)
            self._on(day * DAY_MS, partial(self.people.list_, line))
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
            self._calendar.at(self._calendar.now - minutes * MINUTE_MS, act)

        before(1500, lambda: self._open_claim(MEERA, "elder", 90, (ALICE, FATIMA), ()))
        before(1400, lambda: self._open_request(FATIMA, BOB, 150, "food", "Bread and buns, the whole week"))
        before(1300, lambda: self._open_request(JUAN, ROSA, 100, "garden", "Papas, dos bolsas"))
        before(1100, lambda: self._open_claim(DINA, "sick", 150, (ALICE, BOB), (BOB,)))
        before(900, self._newcomer)
        before(300, lambda: self._open_request(ROSA, ALICE, 75, "household", "Lavado, una canasta"))
        before(200, lambda: self._open_request(BOB, ALICE, 100, "repair", "Bicycle, two punctures"))
        for line in WRITTEN:
            self.people.write(*line)
        before(60, lambda: self._open_request(ALICE, None, 75, "food", "Goat cheese at the market"))

    # ---------------------------------------------------------------------------- what people do

    def _somebody(self, without: int = 0) -> AccountNumber:
        numbers = [n for n in range(1, len(VILLAGERS) + 1) if n != without]
        weights = [VILLAGERS[n - 1].busy for n in numbers]
        return AccountNumber(self._chance.choices(numbers, weights)[0])

    def _limits(self, account: AccountNumber, low: int, high: int, reason: str) -> None:
        self._do(KIRA, SetLimits(account, low, high, reason))

    def _buy(self) -> None:
        payer = self._somebody()
        offers = [line for line in LISTINGS if line.kind == "offer" and line.price and line.who + 1 != payer]
        if self._chance.random() < 0.65:
            line = self._chance.choices(offers, [VILLAGERS[one.who].busy for one in offers])[0]
            payee, category, note = AccountNumber(line.who + 1), for_payment(line.category), line.title
            amount = (line.price or 25) * self._chance.choice((1, 1, 1, 2))
        else:
            payee = self._somebody(without=payer)
            category, note = self._chance.choice(BOUGHT)
            amount = 25 * min(24, max(1, round(self._chance.lognormvariate(0.9, 0.8))))
        if self.people.room(payer, amount):
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
            self.people.soon(30, lambda: self._answer(request, payer, payee, amount))
        elif luck < 0.92:
            self.people.soon(30, lambda: self._ignore(self._do(payer, Decline(request, payer))))
        else:
            self.people.soon(30, lambda: self._ignore(self._do(payee, Cancel(request))))

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
            self.people.soon(3, lambda: self._ignore(self._do(by, Reverse(paid.record, reason))))

    def _claim(
        self, carer: AccountNumber, kind: str, minutes: int, witnesses: tuple[AccountNumber, ...]
    ) -> Receipt | None:
        first_name = VILLAGERS[carer - 1].name.split()[0]
        fitting = [c for c in CARED if c[0] == kind and first_name not in c[1]]
        _, whom, what = self._chance.choice(fitting)
        day = self._clock.now().ms // DAY_MS
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
                self.people.soon(40, partial(self._cosign, witness, claim))

    def _cosign(self, witness: AccountNumber, claim: Receipt) -> None:
        self._do(witness, Cosign(claim.record, bytes(claim.outcome["terms"])))

    def _withdrawn(self) -> None:
        claim = self._claim(ROSA, "commons", 60, (BOB,))
        if claim:
            self.people.soon(5, lambda: self._ignore(self._do(ROSA, WithdrawClaim(claim.record))))

    def _open_claim(
        self,
        carer: AccountNumber,
        kind: str,
        minutes: int,
        asked: tuple[AccountNumber, ...],
        signed: tuple[AccountNumber, ...],
    ) -> None:
        claim = self.people.done_for_sure(self._claim(carer, kind, minutes, asked))
        for witness in signed:
            self._cosign(witness, claim)

    def _open_request(
        self, payee: AccountNumber, payer: AccountNumber | None, amount: int, category: str, note: str
    ) -> None:
        self.people.done_for_sure(self._do(payee, Request(payee, payer, Amount(amount), category, note)))

    def _newcomer(self) -> None:
        self.people.must(self._hub.join(NEWCOMER, PIN))
