"""Closing the year at any moment: all that follows must go on as if nothing had been moved."""

from dataclasses import replace

import pytest

from appliance.ledger import yearly
from appliance.ledger.book.command import Receipt
from appliance.ledger.book.store import Store
from appliance.ledger.book.subject import Command
from appliance.ledger.book.verify import verify
from appliance.ledger.errors import BookDamaged
from appliance.ledger.keys import KeySigner
from tests.ledger.book import tampering
from tests.ledger.book.machine.base import TALLY, Base


class Closing(Base):
    """Keepers close; at the end the book is checked from there too, and what is broken after it is seen from there."""

    def _begin(self) -> None:
        super()._begin()
        self.closed = 0
        self.asked = 0

    def _ask(self, command: Command, signer: KeySigner) -> Receipt | None:
        """Now and then, after whatever it was, somebody closes: no rule of its own, so that the others are drawn as often."""
        receipt = super()._ask(command, signer)
        self.asked += 1
        if self.asked % 61 == 0:
            self._close_year(oddly=self.asked % 305 == 0)
        return receipt

    def _close_year(self, oddly: bool) -> None:
        before, signer = self.hub.head().number, self._keeper(self.asked, oddly)
        answer = yearly.close(self.hub, signer)
        TALLY["close_year", isinstance(answer, yearly.Closed)] += 1
        assert isinstance(answer, yearly.Closed) is (self._who(signer) in self.keepers)
        if isinstance(answer, yearly.Closed):
            assert answer.upto == before
            self.closed = before
            self._by_itself()

    def teardown(self) -> None:
        if self.founded:
            quick = verify(self.hub.store, quick=True)
            assert quick.closing == self.closed
            assert quick.signatures == self.hub.head().number - self.closed
        super().teardown()

    def _a_broken_link_is_seen(self, last: int) -> None:
        path = self.room / "river" / "ledger.db"
        at = max(last // 2, self.closed + 1)
        with tampering.card_in_hand(path) as db:
            entry = tampering.entry_of(db, at)
            tampering.store(db, replace(entry, previous=bytes(32)))
            tampering.rechain(db, at)
        store = Store.open(path)
        try:
            for quick in (False, True):
                with pytest.raises(BookDamaged, match="does not follow"):
                    verify(store, quick=quick)
        finally:
            store.close()
