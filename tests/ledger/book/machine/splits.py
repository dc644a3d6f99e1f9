"""Splits: one pays several, several pay one when all have agreed, and what is kept aside until then."""

from collections import Counter

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.subject import Command
from appliance.ledger.keys import KeySigner
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.money.shares import (
    AcceptShare,
    AskSplit,
    CancelSplit,
    DeclineShare,
    ExpireSplit,
    LeaveOut,
    TakeBackShare,
)
from appliance.ledger.money.splits import PaySplit, Shares
from appliance.ledger.money.transfers import Pay
from appliance.ledger.values import AccountNumber, Amount, RecordId
from tests.ledger.book.machine.base import ODDLY, PICK
from tests.ledger.book.machine.money import Money

PARTS = st.lists(st.tuples(PICK, st.integers(1, 120)), min_size=2, max_size=4)
STANDING = ("active", "away", "moving")


class Splits(Money):
    """Comes before all who know of transfers between two: a reversal of a split is none of theirs."""

    def _begin(self) -> None:
        super()._begin()
        self.splits: dict[bytes, tuple[int, dict[int, tuple[int, str]]]] = {}
        self.shared: dict[bytes, dict[int, int]] = {}
        self.asked_by: dict[bytes, int] = {}
        self.shared_back: set[bytes] = set()

    def _set_out(self) -> None:
        super()._set_out()
        parts = ((AccountNumber(2), Amount(30)), (AccountNumber(3), Amount(20)))
        assert self._ask(AskSplit(AccountNumber(5), parts), self.signers[5])
        assert self._ask(PaySplit(AccountNumber(4), parts), self.signers[4])

    # -- the model ----------------------------------------------------------------------------

    def _asides(self) -> dict[int, int]:
        found: Counter[int] = Counter()
        for _, parts in self.splits.values():
            for account, (amount, state) in parts.items():
                found[account] += amount if state == "accepted" else 0
        return {account: amount for account, amount in found.items() if amount}

    def _model(self, command: Command, signer: KeySigner, receipt: Receipt) -> None:
        if isinstance(command, Reverse) and command.transfer in self.shared:
            self._give_back(command.transfer, self._who(signer))
            return
        super()._model(command, signer, receipt)
        match command:
            case Pay(payer):
                self._nothing_given_twice(payer)
            case PaySplit(payer, parts):
                lines = Counter({int(account): int(amount) for account, amount in parts})
                lines[payer] -= lines.total()
                self._post(receipt.record, lines)
                self._nothing_given_twice(payer)
            case AskSplit(payee, parts):
                self.splits[receipt.record] = (payee, {int(n): (int(amount), "asked") for n, amount in parts})
                self.held[payee] += sum(amount for _, amount in parts)
            case AcceptShare(split, payer):
                assert self._answer(split, payer, signer, "accepted") in ("asked", "declined")
                self._nothing_given_twice(payer)
                self._complete(split)
            case DeclineShare(split, payer):
                assert self._answer(split, payer, signer, "declined") in ("asked", "accepted")
            case TakeBackShare(split, payer):
                assert self._answer(split, payer, signer, "asked") == "accepted"
            case LeaveOut(split, payer):
                asker, those = self.splits[split]
                assert self._acts(self._who(signer), asker)
                self.held[asker] -= those.pop(payer)[0]
                assert those
                self._complete(split)
            case CancelSplit(split):
                assert self._acts(self._who(signer), self.splits[split][0])
                self._end(split)
            case ExpireSplit(split):
                self._end(split)

    def _answer(self, split: bytes, payer: int, signer: KeySigner, state: str) -> str:
        """Let a part stand at ``state``; how it stood."""
        parts = self.splits[split][1]
        assert self._acts(self._who(signer), payer)
        amount, before = parts[payer]
        parts[payer] = (amount, state)
        return before

    def _nothing_given_twice(self, payer: int) -> None:
        """What is kept aside is there, beside what was given."""
        low = self.limits[payer][0]
        assert low is None or self.balance[payer] - self._asides().get(payer, 0) >= low

    def _complete(self, split: bytes) -> None:
        asker, parts = self.splits[split]
        if any(state != "accepted" for _, state in parts.values()):
            return
        assert all(self.status[n] in STANDING for n in (asker, *parts))
        self._end(split)
        lines = Counter({account: -amount for account, (amount, _) in parts.items()})
        lines[asker] = -lines.total()
        self._post(split, lines)
        self.asked_by[split] = asker

    def _end(self, split: bytes) -> None:
        asker, parts = self.splits.pop(split)
        self.held[asker] -= sum(amount for amount, _ in parts.values())

    def _post(self, record: bytes, lines: Counter[int]) -> None:
        assert lines.total() == 0
        self.shared[record] = dict(lines)
        for account, amount in lines.items():
            self.balance[account] += amount

    def _give_back(self, record: bytes, who: int) -> None:
        assert record not in self.shared_back
        assert who == self.asked_by.get(record) or (who in self.keepers and who not in self.shared[record])
        self.shared_back.add(record)
        for account, amount in self.shared[record].items():
            self.balance[account] -= amount

    def _close(self, member: int) -> None:
        super()._close(member)
        for record, (asker, parts) in list(self.splits.items()):
            if member == asker or member in parts:
                self._end(record)

    @invariant()
    def what_is_kept_aside_is_the_model(self) -> None:
        if not self.founded:
            return
        with self.hub.reading() as tx:
            asides = tx.select("SELECT account, amount FROM aside")
            waiting = tx.select("SELECT id, amount FROM transfer WHERE kind = 'split' AND state = 'pending'")
        assert dict(asides) == self._asides()
        assert {bytes(record): amount for record, amount in waiting} == {
            record: sum(amount for amount, _ in parts.values()) for record, (_, parts) in self.splits.items()
        }

    # -- what people do -------------------------------------------------------------------------

    def _parts(self, one: int, picks: list[tuple[int, int]], oddly: bool) -> Shares:
        """Some others, each once; oddly also oneself, twice the same, nobody, the commons."""
        found: dict[int, int] = {}
        for pick, amount in picks:
            found.setdefault(self._another(pick, one, False), amount)
        parts = [(AccountNumber(n), Amount(amount)) for n, amount in found.items()]
        if oddly:
            parts.append((AccountNumber(self._anybody(picks[0][0], True)), Amount(picks[0][1] - 1)))
        return tuple(parts)

    @rule(a=PICK, picks=PARTS, oddly=ODDLY, again=st.booleans())
    def pay_several(self, a: int, picks: list[tuple[int, int]], oddly: bool, again: bool) -> None:
        payer = self._active(a)
        signer = self.signers[self._active(a + 1) if oddly else payer]
        self._ask(PaySplit(AccountNumber(payer), self._parts(payer, picks, oddly), again=again), signer)

    @rule(a=PICK, picks=PARTS, oddly=ODDLY)
    def ask_several(self, a: int, picks: list[tuple[int, int]], oddly: bool) -> None:
        payee = self._active(a)
        self._ask(AskSplit(AccountNumber(payee), self._parts(payee, picks, oddly)), self.signers[payee])

    @rule(a=PICK, picks=PARTS, oddly=ODDLY)
    def a_feast(self, a: int, picks: list[tuple[int, int]], oddly: bool) -> None:
        """Somebody asks those who can answer, and they do, one after the other; oddly one says no."""
        payee = self._active(a)
        parts = tuple(part for part in self._parts(payee, picks, False) if part[0] in self._able())
        asked = self._ask(AskSplit(AccountNumber(payee), parts), self.signers[payee])
        if asked is None:
            return
        for n, (account, amount) in enumerate(parts):
            if oddly and n == 0:
                self._ask(DeclineShare(asked.record, account, "not_now"), self.signers[account])
            else:
                yes = AcceptShare(asked.record, account, AccountNumber(payee), amount)
                self._ask(yes, self.signers[account])
        if oddly:
            self._ask(LeaveOut(asked.record, parts[0][0]), self.signers[payee])

    @rule(pick=PICK, other=PICK, amount=st.integers(20, 120))
    def what_is_promised_is_not_spent(self, pick: int, other: int, amount: int) -> None:
        """Somebody who can give just that much agrees to it, and then can give nothing to anybody."""
        payer = self._active(pick)
        asker, third, *_ = (n for n in self._able() if n != payer)
        low = self.balance[payer] - self._asides().get(payer, 0) - amount
        if low > 0:
            return
        limits = SetLimits(AccountNumber(payer), low, 10**6, "agreed")
        parts = ((AccountNumber(payer), Amount(amount)), (AccountNumber(third), Amount(1)))
        if self._ask(limits, self._keeper(other, False, payer)) is None:
            return
        asked = self._ask(AskSplit(AccountNumber(asker), parts), self.signers[asker])
        yes = asked and AcceptShare(asked.record, AccountNumber(payer), AccountNumber(asker), Amount(amount))
        if yes and self._ask(yes, self.signers[payer]):
            more = Pay(AccountNumber(payer), AccountNumber(third), Amount(1), again=True)
            assert self._ask(more, self.signers[payer]) is None

    def _some_part(self, pick: int, *states: str) -> tuple[RecordId, int, int, int] | None:
        """A split that waits, who asked, and a part that stands at one of ``states`` and its amount."""
        found = [
            (RecordId(record), asker, account, amount)
            for record, (asker, parts) in self.splits.items()
            for account, (amount, state) in parts.items()
            if state in states and account in self._able()
        ]
        return found[pick % len(found)] if found else None

    @precondition(lambda self: self.splits)
    @rule(pick=PICK, other=PICK, oddly=ODDLY)
    def agree(self, pick: int, other: int, oddly: bool) -> None:
        part = self._some_part(pick, "asked", "declined", *(["accepted"] if oddly else []))
        if part is not None:
            split, asker, account, amount = part
            who = self._active(other) if oddly else account
            wrong = other % 2 if oddly else 0
            yes = AcceptShare(split, AccountNumber(who), AccountNumber(asker), Amount(amount + wrong))
            self._ask(yes, self.signers[who])

    @precondition(lambda self: self.splits)
    @rule(pick=PICK, other=PICK, oddly=ODDLY)
    def say_no(self, pick: int, other: int, oddly: bool) -> None:
        part = self._some_part(pick, "asked", "accepted", *(["declined"] if oddly else []))
        if part is not None:
            split, _, account, _ = part
            signer = self.signers[self._active(other) if oddly else account]
            self._ask(DeclineShare(split, AccountNumber(account), "talk_first"), signer)

    @precondition(lambda self: self.splits)
    @rule(pick=PICK, other=PICK, oddly=ODDLY)
    def take_a_yes_back(self, pick: int, other: int, oddly: bool) -> None:
        if not oddly:
            self._say_yes_to_one_of_two(pick)
        part = self._some_part(pick, *(["asked"] if oddly else []), "accepted")
        if part is not None:
            split, _, account, _ = part
            signer = self.signers[self._active(other) if oddly else account]
            self._ask(TakeBackShare(split, AccountNumber(account)), signer)

    def _say_yes_to_one_of_two(self, pick: int) -> None:
        """A split of which one part is agreed to and one is not, so that there is a yes to take back."""
        able = self._able()
        if len(able) < 3:
            return
        asker, first, second, *_ = able[pick % len(able) :] + able[: pick % len(able)]
        parts = ((AccountNumber(first), Amount(1)), (AccountNumber(second), Amount(1)))
        asked = self._ask(AskSplit(AccountNumber(asker), parts), self.signers[asker])
        if asked is not None:
            yes = AcceptShare(asked.record, AccountNumber(first), AccountNumber(asker), Amount(1))
            self._ask(yes, self.signers[first])

    @precondition(lambda self: self.splits)
    @rule(pick=PICK, other=PICK, oddly=ODDLY)
    def go_on_without(self, pick: int, other: int, oddly: bool) -> None:
        able = self._able()
        found = [
            record
            for record, (asker, parts) in self.splits.items()
            if oddly or (asker in able and len(parts) > 1)
        ]
        if not found:
            return
        split = RecordId(found[pick % len(found)])
        asker, parts = self.splits[split]
        account = self._anybody(other, True) if oddly else list(parts)[other % len(parts)]
        if account >= 0:
            self._ask(LeaveOut(split, AccountNumber(account)), self.signers[asker])

    @precondition(lambda self: self.splits)
    @rule(pick=PICK, other=PICK, oddly=ODDLY)
    def take_all_back(self, pick: int, other: int, oddly: bool) -> None:
        split = RecordId(list(self.splits)[pick % len(self.splits)])
        signer = self.signers[self._active(other) if oddly else self.splits[split][0]]
        self._ask(CancelSplit(split), signer)

    @precondition(lambda self: self.splits)
    @rule(pick=PICK, oddly=ODDLY)
    def not_all_agree_in_time(self, pick: int, oddly: bool) -> None:
        split = RecordId(list(self.splits)[pick % len(self.splits)])
        assert self._by_rule(ExpireSplit(split), "expire", -400 if oddly else 15) != oddly

    @precondition(lambda self: len(self.shared) > len(self.shared_back))
    @rule(pick=PICK, other=PICK, oddly=ODDLY)
    def give_all_of_it_back(self, pick: int, other: int, oddly: bool) -> None:
        found = [record for record in self.shared if oddly or record not in self.shared_back]
        record = RecordId(found[pick % len(found)])
        asker = self.asked_by.get(record)
        own = other % 2 == 0 and asker in self._able()
        signer = self.signers[asker] if own and asker else self._keeper(other, oddly, *self.shared[record])
        self._ask(Reverse(record, "there was no feast"), signer)
