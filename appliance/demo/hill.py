"""The village of Hill: smaller than River, and quieter."""

import random
from functools import partial
from typing import Final

from appliance.demo.calendar import DAY_MS, HOUR_MS, Calendar
from appliance.demo.people import KEEPER, People
from appliance.demo.words_hill import BOUGHT, LISTINGS, SHOWN, VILLAGERS
from appliance.ledger.care.claims import ClaimCare
from appliance.ledger.care.signing import Cosign
from appliance.ledger.hub import Hub
from appliance.ledger.keys import KeySigner
from appliance.ledger.money.transfers import Pay
from appliance.ledger.values import AccountNumber, Amount

NUMBER: Final = 102
NAME: Final = "Hill"
HANA, CHANDRA, BHIM = KEEPER, AccountNumber(2), AccountNumber(3)


class Hill:
    """The people of Hill, and what they do in three months."""

    def __init__(self, hub: Hub, calendar: Calendar) -> None:
        self._calendar, self._chance = calendar, random.Random(102)
        self.people = People(hub, calendar, self._chance)

    def settle_in(self, root: KeySigner) -> None:
        """Hana joins and is appointed; the others follow within days."""
        self.people.begin(VILLAGERS[0].name, root)
        for villager in VILLAGERS[1:]:
            self._calendar.clock.advance(self._chance.randint(2, 9) * HOUR_MS)
            self.people.welcome(villager.name)
        self.people.show(SHOWN)

    def plan(self) -> None:
        """Put the three months on the calendar."""
        first = self._calendar.clock.now().ms // DAY_MS + 1
        last = self._calendar.now // DAY_MS
        for place, line in enumerate(LISTINGS):
            self.people.on((first + 4 * place) * DAY_MS, partial(self.people.list_, line))
        for day in range(first, last):
            for _ in range(self._chance.randint(0, 2)):
                self.people.on(day * DAY_MS, self._buy)
        for day in (first + 12, first + 33, first + 58):
            self.people.on(day * DAY_MS, self._care)

    def _somebody(self, without: int = 0) -> AccountNumber:
        numbers = [n for n in range(1, len(VILLAGERS) + 1) if n != without]
        return AccountNumber(self._chance.choices(numbers, [VILLAGERS[n - 1].busy for n in numbers])[0])

    def _buy(self) -> None:
        payer = self._somebody()
        payee = self._somebody(without=payer)
        category, note = self._chance.choice(BOUGHT)
        amount = 25 * self._chance.randint(1, 6)
        if self.people.room(payer, amount):
            self.people.do(payer, Pay(payer, payee, Amount(amount), category, note))

    def _care(self) -> None:
        day = self._calendar.clock.now().ms // DAY_MS
        claim = ClaimCare(BHIM, "elder", 120, day, "Old Tenzin", "Water and firewood", (HANA, CHANDRA))
        asked = self.people.do(BHIM, claim)
        if asked:
            for witness in (HANA, CHANDRA):
                self.people.do(witness, Cosign(asked.record, bytes(asked.outcome["terms"])))
