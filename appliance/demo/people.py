"""The people of one sample village and what they do, every act signed and submitted.

Whatever the ledger refuses (somebody is at a limit) is left undone, as it would be.
"""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from appliance.demo.calendar import DAY_MS, MINUTE_MS, Calendar
from appliance.demo.words import Line
from appliance.ledger.book.command import Receipt
from appliance.ledger.book.subject import Command
from appliance.ledger.errors import BookDamaged, Refusal
from appliance.ledger.hub import Hub
from appliance.ledger.keys import KeySigner
from appliance.ledger.market import talks
from appliance.ledger.market.changing import EditListing
from appliance.ledger.market.listings import OpenListing
from appliance.ledger.people.members import AppointKeeper, Approve
from appliance.ledger.people.showing import ShowName
from appliance.ledger.reads import member as member_reads
from appliance.ledger.values import AccountNumber, Amount

PIN: Final = "2580"
"""Everybody's PIN in the sample villages."""

LOOKED_AT_DAYS: Final = 60
"""After so many days people look at what they offer and want: well before its time is over."""

KEEPER: Final = AccountNumber(1)
"""The first to join."""


@dataclass
class People:
    """A village's people, with everybody's key open.

    ``chance`` is the village's own, so that its life does not depend on its neighbour's.
    ``done`` and ``refused`` count what was accepted, by kind, and what was not, by code.
    """

    hub: Hub
    calendar: Calendar
    chance: random.Random
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    _signers: dict[int, KeySigner] = field(default_factory=dict)

    def on(self, day_ms: int, act: Callable[[], None]) -> None:
        """On this day, at some time between six and twenty o'clock."""
        self.calendar.on(day_ms, act, self.chance)

    def soon(self, hours: int, act: Callable[[], None]) -> None:
        """Within so many hours from the event that happens now."""
        self.calendar.soon(hours, act, self.chance)

    def join(self, name: str) -> AccountNumber:
        """``name`` asks to become a member."""
        joined = self.must(self.hub.join(name, PIN))
        number = AccountNumber(int(str(joined.outcome["number"])))
        signer = self.hub.unlock(number, PIN)
        if isinstance(signer, Refusal):
            raise BookDamaged(f"the sample village could not be made: {signer.code}")
        self._signers[number] = signer
        return number

    def begin(self, name: str, root: KeySigner) -> None:
        """The first of all, appointed keeper with the root paper."""
        self.join(name)
        self.must(self.hub.submit(Approve(KEEPER), root))
        self.must(self.hub.submit(AppointKeeper(KEEPER), root))
        root.close()

    def welcome(self, name: str) -> AccountNumber:
        """``name`` joins, and the keeper says yes within the hour or so."""
        number = self.join(name)
        self.calendar.clock.advance(self.chance.randint(4, 90) * MINUTE_MS)
        self.do(KEEPER, Approve(number))
        return number

    def show(self, numbers: tuple[int, ...]) -> None:
        """These let the other villages know their names."""
        for number in numbers:
            self.do(number, ShowName(AccountNumber(number), True))

    def must(self, result: Receipt | Refusal) -> Receipt:
        """A step without which there is no village."""
        if isinstance(result, Refusal):
            raise BookDamaged(f"the sample village could not be made: {result.code}")
        return result

    def do(self, who: int, command: Command) -> Receipt | None:
        """Submit what ``who`` asks, now; None when it was refused."""
        result = self.hub.submit(command, self._signers[who])
        if isinstance(result, Refusal):
            self.refused[str(result.code)] += 1
            return None
        self.done[command.KIND] += 1
        return result

    def done_for_sure(self, receipt: Receipt | None) -> Receipt:
        """What the documentation promises to be there in the village."""
        if receipt is None:
            raise BookDamaged(f"the sample village could not be made: {dict(self.refused)}")
        return receipt

    def list_(self, line: Line) -> None:
        """Somebody offers or wants something, and looks at the words again after two months."""
        owner = AccountNumber(line.who + 1)
        price = None if line.price is None else Amount(line.price)
        terms = (
            line.category,
            line.title,
            line.text,
            price,
            line.unit,
            line.quantity,
            line.times,
            line.place,
        )
        listed = self.do(owner, OpenListing(owner, line.kind, *terms))

        def again() -> None:
            if listed is not None:
                self.do(owner, EditListing(listed.record, *terms))

        self.calendar.at(self.calendar.clock.now().ms + LOOKED_AT_DAYS * DAY_MS, again)

    def write(self, minutes: int, sender: int, receiver: int, text: str) -> None:
        """Somebody writes to somebody, so many minutes before the end."""

        def now() -> None:
            key = self.calendar.now.to_bytes(8, "big") + minutes.to_bytes(4, "big")
            talks.send(self.hub.store, sender, receiver, text, self.calendar.clock.now(), key)

        self.calendar.at(self.calendar.now - minutes * MINUTE_MS, now)

    def room(self, number: int, amount: int) -> bool:
        """People keep some room below: they do not go to their limit for a bun."""
        with self.hub.reading() as tx:
            return (member_reads.balance(tx, number) or 0) - amount >= -900

    def close(self) -> None:
        """Everybody's key is closed."""
        for signer in self._signers.values():
            signer.close()
