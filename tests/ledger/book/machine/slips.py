"""Paper slips: one at a time, and piles that are typed in whole or not at all."""

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from appliance.ledger.book.command import Receipt, Refused
from appliance.ledger.book.subject import Command
from appliance.ledger.hub import new_key
from appliance.ledger.keys import KeySigner
from appliance.ledger.money.slips import DAY_MS, EnterSlip
from appliance.ledger.values import AccountNumber, Amount
from tests.ledger.book.machine.base import ODDLY, PICK, TALLY
from tests.ledger.book.machine.money import Money

SMALL = st.one_of(st.integers(1, 60), st.integers(1, 200), st.sampled_from([0, 5000]))
SLIP = st.tuples(PICK, PICK, SMALL, st.integers(0, 40), ODDLY)


class Slips(Money):
    """What people write on paper, and keepers who have no part in it type in."""

    def _begin(self) -> None:
        super()._begin()
        self.slips: dict[bytes, tuple[bytes, int, int, int, int]] = {}

    def _model(self, command: Command, signer: KeySigner, receipt: Receipt) -> None:
        super()._model(command, signer, receipt)
        match command:
            case EnterSlip(pile, line, payer, payee, amount, day):
                who = self._who(signer)
                assert who in self.keepers
                assert who not in (payer, payee)
                same = [
                    r
                    for r in self.slips
                    if self.slips[r][1:4] + self.transfers[r][2:] == (payer, payee, day, amount)
                ]
                assert command.again or all(r in self.reversed for r in same)
                assert self.clock.now().ms // DAY_MS - 60 <= day <= self.clock.now().ms // DAY_MS + 1
                self.slips[receipt.record] = (pile, payer, payee, day, line)
                self.transfers[receipt.record] = (payer, payee, amount)
                self._move(payer, payee, amount)

    def _slip(self, pile: bytes, line: int, drawn: tuple[int, int, int, int, bool], keeper: int) -> EnterSlip:
        a, b, amount, ago, oddly = drawn
        able = [n for n, s in self.status.items() if s == "active" and (n != keeper or oddly)]
        amount = amount if oddly or 0 < amount < 5000 else 1 + a % 60
        payer = able[a % len(able)]
        payee = [n for n in able if n != payer or oddly][b % (len(able) - (not oddly))]
        day = self.clock.now().ms // DAY_MS - (ago * 3 if oddly else ago)
        terms = (AccountNumber(payer), AccountNumber(payee), Amount(amount), day)
        return EnterSlip(pile, line, *terms, "food", "bread" if b % 2 else "", again=not oddly)

    @rule(drawn=SLIP, pick=PICK, oddly=ODDLY)
    def slip(self, drawn: tuple[int, int, int, int, bool], pick: int, oddly: bool) -> None:
        signer = self._keeper(pick, oddly)
        line = 2 if oddly and pick % 2 else 1
        self._ask(self._slip(new_key(), line, drawn, self._who(signer)), signer)

    @rule(drawn=st.lists(SLIP, min_size=2, max_size=6), pick=PICK)
    def pile(self, drawn: list[tuple[int, int, int, int, bool]], pick: int) -> None:
        """All of it, or nothing; and once, however often it is sent."""
        signer, pile, key = self._keeper(pick, oddly=False), new_key(), new_key()
        rows = [self._slip(pile, n, one, self._who(signer)) for n, one in enumerate(drawn, 1)]
        head = self.hub.head()
        done = self.hub.submit_all(rows, signer, key)
        if isinstance(done, Refused):
            TALLY[EnterSlip.KIND, False] += 1
            assert self.hub.head() == head
            return
        TALLY[EnterSlip.KIND, True] += len(rows)
        for row, receipt in zip(rows, done, strict=True):
            self._model(row, signer, receipt)
        self._by_itself()
        head = self.hub.head()
        again = self.hub.submit_all(rows, signer, key)
        assert not isinstance(again, Refused)
        assert [receipt.record for receipt in again] == [receipt.record for receipt in done]
        assert self.hub.head() == head

    @invariant()
    def slips_stand_in_their_piles(self) -> None:
        if not self.founded:
            return
        with self.hub.reading() as tx:
            rows = tx.select("SELECT transfer, pile, payer, payee, day, line FROM slip")
        assert {bytes(r[0]): (bytes(r[1]), *r[2:]) for r in rows} == self.slips
