"""Paying, asking to be paid, and reversing it."""

from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.subject import Command
from appliance.ledger.keys import KeySigner
from appliance.ledger.money.requests import Accept, Cancel, Decline, Expire, Request
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.money.transfers import Pay
from appliance.ledger.values import AccountNumber, Amount, RecordId
from tests.ledger.book.machine.base import AMOUNT, ODDLY, PICK, Base


class Money(Base):
    """Payments and requests between two, and one whole that is paid back."""

    BEYOND_LIMITS: ClassVar[tuple[str, ...]] = ("reverse",)

    def _begin(self) -> None:
        super()._begin()
        self.transfers: dict[bytes, tuple[int, int, int]] = {}
        self.requests: dict[bytes, tuple[int | None, int, int]] = {}
        self.reversed: set[bytes] = set()

    def _set_out(self) -> None:
        super()._set_out()
        assert self._ask(Request(AccountNumber(2), AccountNumber(3), Amount(50)), self.signers[2])
        assert self._ask(Request(AccountNumber(3), AccountNumber(4), Amount(70)), self.signers[3])
        assert self._ask(Request(AccountNumber(4), None, Amount(20)), self.signers[4])

    def _model(self, command: Command, signer: KeySigner, receipt: Receipt) -> None:
        super()._model(command, signer, receipt)
        match command:
            case Pay(payer, payee, amount):
                self._move(payer, payee, amount)
                self.transfers[receipt.record] = (payer, payee, amount)
            case Request(payee, payer_asked, amount):
                self.requests[receipt.record] = (payer_asked, payee, amount)
                self.held[payee] += amount
            case Accept(request, payer):
                _, asker, asked = self.requests.pop(request)
                self.held[asker] -= asked
                self._move(payer, asker, asked)
                self.transfers[request] = (payer, asker, asked)
            case Decline(request) | Cancel(request) | Expire(request):
                self._drop(request)
            case Reverse(transfer):
                gave, got, moved = self.transfers[transfer]
                assert transfer not in self.reversed
                self.reversed.add(transfer)
                self._move(got, gave, moved)

    def _drop(self, request: bytes) -> None:
        _, asker, asked = self.requests.pop(request)
        self.held[asker] -= asked

    def _close(self, member: int) -> None:
        super()._close(member)
        assert self.balance[member] == 0
        for record, (payer, payee, _) in list(self.requests.items()):
            if member in (payer, payee):
                self._drop(record)

    @rule(a=PICK, b=PICK, amount=AMOUNT, oddly=ODDLY, again=st.booleans())
    def one_payment(self, a: int, b: int, amount: int, oddly: bool, again: bool) -> None:
        self._pay(a, b, amount, oddly, again)

    def _pay(self, a: int, b: int, amount: int, oddly: bool, again: bool) -> None:
        payer = self._active(a)
        payee = self._another(b, payer, oddly)
        signer = self.signers[self._active(b) if oddly else payer]
        self._ask(Pay(AccountNumber(payer), AccountNumber(payee), Amount(amount), again=again), signer)

    @rule(trades=st.lists(st.tuples(PICK, PICK, AMOUNT, ODDLY, st.booleans()), min_size=3, max_size=8))
    def market_day(self, trades: list[tuple[int, int, int, bool, bool]]) -> None:
        for trade in trades:
            self._pay(*trade)

    @rule(a=PICK, b=PICK, amount=AMOUNT, oddly=ODDLY, everyone=ODDLY)
    def request(self, a: int, b: int, amount: int, oddly: bool, everyone: bool) -> None:
        payee = self._active(a)
        payer = None if everyone else AccountNumber(self._another(b, payee, oddly))
        self._ask(Request(AccountNumber(payee), payer, Amount(amount)), self.signers[payee])

    def _some_request(self, pick: int, oddly: bool) -> tuple[RecordId, int | None, int, int]:
        if oddly and self.transfers:
            record = list(self.transfers)[pick % len(self.transfers)]
            payer, payee, amount = self.transfers[record]
        else:
            record = list(self.requests)[pick % len(self.requests)]
            payer, payee, amount = self.requests[record]  # type: ignore[assignment]
        return RecordId(record), payer, payee, amount

    @precondition(lambda self: self.requests)
    @rule(pick=PICK, other=PICK, oddly=ODDLY)
    def accept(self, pick: int, other: int, oddly: bool) -> None:
        record, payer, payee, amount = self._some_request(pick, oddly)
        who = payer if payer is not None and not oddly else self._active(other)
        if who in self.signers:
            asked = Accept(
                record, AccountNumber(who), AccountNumber(payee), Amount(amount + (other % 2 if oddly else 0))
            )
            self._ask(asked, self.signers[who])

    @precondition(lambda self: any(payer is not None for payer, _, _ in self.requests.values()))
    @rule(pick=PICK, other=PICK, oddly=ODDLY)
    def decline(self, pick: int, other: int, oddly: bool) -> None:
        named = [record for record, (payer, _, _) in self.requests.items() if payer is not None]
        record, payer, _, _ = self._some_request(pick, oddly)
        if not oddly:
            record = RecordId(named[pick % len(named)])
            payer = self.requests[record][0]
        who = payer if payer is not None and payer in self.signers and not oddly else self._active(other)
        self._ask(Decline(record, AccountNumber(who)), self.signers[who])

    @precondition(lambda self: self.requests)
    @rule(pick=PICK, other=PICK, oddly=ODDLY)
    def cancel(self, pick: int, other: int, oddly: bool) -> None:
        record, _, payee, _ = self._some_request(pick, oddly)
        self._ask(Cancel(record), self.signers[self._active(other) if oddly else payee])

    @precondition(lambda self: self.transfers)
    @rule(pick=PICK, other=PICK, oddly=ODDLY)
    def reverse(self, pick: int, other: int, oddly: bool) -> None:
        fresh = [r for r in self.transfers if r not in self.reversed]
        record = (
            fresh[pick % len(fresh)]
            if fresh and not oddly
            else list(self.transfers)[pick % len(self.transfers)]
        )
        payee = self.transfers[record][1]
        # Nobody signs for the commons: what was given to it, a keeper gives back.
        own = other % 2 == 0 and payee in self.signers
        if not own and not oddly:
            others = sorted(self.keepers - set(self.transfers[record][:2]))
            if not others:
                return
            self._ask(Reverse(RecordId(record), "a mistake"), self.signers[others[other % len(others)]])
            return
        signer = self.signers[payee] if own else self._keeper(other, oddly)
        self._ask(Reverse(RecordId(record), "a mistake" if other % 3 else ""), signer)

    @precondition(lambda self: self.requests)
    @rule(pick=PICK, oddly=ODDLY)
    def nobody_answers(self, pick: int, oddly: bool) -> None:
        """The hub ends a request by its rule, not before its time."""
        record = RecordId(list(self.requests)[pick % len(self.requests)])
        assert self._by_rule(Expire(record), "expire", -400 if oddly else 15) != oddly
