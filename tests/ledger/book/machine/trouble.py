"""Asking for a payment back, and disputes about it."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.subject import Command
from appliance.ledger.keys import KeySigner
from appliance.ledger.money.disputes import Dispute, DisputeFor, EndDispute, WithdrawDispute
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.money.transfers import Pay
from appliance.ledger.money.undo import AskBack, KeepIt, WithdrawAsk
from appliance.ledger.values import AccountNumber, Amount, RecordId
from tests.ledger.book.machine.base import ODDLY, PICK
from tests.ledger.book.machine.money import Money


class Trouble(Money):
    """What people do about a payment that went wrong."""

    def _begin(self) -> None:
        super()._begin()
        self.asked_back: dict[bytes, str] = {}
        self.contested: dict[bytes, tuple[int, str]] = {}

    def _model(self, command: Command, signer: KeySigner, receipt: Receipt) -> None:
        super()._model(command, signer, receipt)
        who = self._who(signer)
        match command:
            case AskBack(transfer):
                assert transfer not in self.asked_back
                assert self._acts(who, self.transfers[transfer][0])
                self.asked_back[transfer] = "open"
            case KeepIt(transfer) | WithdrawAsk(transfer):
                assert self.asked_back[transfer] == "open"
                self.asked_back[transfer] = "over"
            case Dispute(transfer):
                assert any(self._contests(who, side) for side in self.transfers[transfer][:2])
                assert self.contested.get(transfer, (0, "withdrawn"))[1] == "withdrawn"
                self.contested[transfer] = (who, "open")
            case DisputeFor(transfer, member):
                assert who in self.keepers
                assert who not in self.transfers[transfer][:2]
                assert member in [self._owner(side) for side in self.transfers[transfer][:2]]
                assert member not in self.signers
                assert self.contested.get(transfer, (0, "withdrawn"))[1] == "withdrawn"
                self.contested[transfer] = (member, "open")
            case WithdrawDispute(transfer):
                assert self.contested[transfer][1] == "open"
                assert any(self._contests(who, side) for side in self.transfers[transfer][:2])
                self.contested[transfer] = (who, "withdrawn")
            case EndDispute(transfer):
                assert self.contested[transfer][1] == "open"
                assert who in self.keepers
                assert who not in self.transfers[transfer][:2]
                self.contested[transfer] = (self.contested[transfer][0], "settled")
            case Reverse(transfer):
                if self.asked_back.get(transfer) == "open":
                    self.asked_back[transfer] = "agreed"
                if self.contested.get(transfer, (0, ""))[1] == "open":
                    self.contested[transfer] = (self.contested[transfer][0], "reversed")

    def _contests(self, who: int, account: int) -> bool:
        """Whether ``who`` may say that a payment of the account is wrong: whoever is frozen may, too."""
        return self._acts(who, account) or (who == self._owner(account) and self.status[who] == "frozen")

    def _close(self, member: int) -> None:
        super()._close(member)
        for record, state in self.asked_back.items():
            if state == "open" and member in self.transfers[record][:2]:
                self.asked_back[record] = "over"
        for record, (_, state) in self.contested.items():
            assert state != "open" or member not in self.transfers[record][:2]

    def _standing(self, pick: int, of_people: bool) -> RecordId | None:
        found = [
            record
            for record, (payer, payee, _) in self.transfers.items()
            if record not in self.reversed and (not of_people or (payer and payee))
        ]
        return RecordId(found[pick % len(found)]) if found else None

    @rule(pick=PICK, other=PICK, oddly=ODDLY, reason=st.sampled_from(["wrong person", "too much", "twice"]))
    def ask_back(self, pick: int, other: int, oddly: bool, reason: str) -> None:
        record = self._standing(pick, of_people=True)
        if record is not None and (oddly or record not in self.asked_back):
            who = self._active(other) if oddly else self.transfers[record][0]
            self._ask(AskBack(record, "" if oddly and pick % 2 else reason), self.signers[who])

    @precondition(lambda self: "open" in self.asked_back.values())
    @rule(pick=PICK, other=PICK, oddly=ODDLY, keep=st.booleans())
    def end_ask(self, pick: int, other: int, oddly: bool, keep: bool) -> None:
        asked = [record for record, state in self.asked_back.items() if state == "open" or oddly]
        record = RecordId(asked[pick % len(asked)])
        who = self._active(other) if oddly else self.transfers[record][keep]
        self._ask(KeepIt(record) if keep else WithdrawAsk(record), self.signers[who])

    @rule(pick=PICK, other=PICK, oddly=ODDLY)
    def dispute(self, pick: int, other: int, oddly: bool) -> None:
        record = self._standing(pick, of_people=True)
        if record is not None and (oddly or self.contested.get(record, (0, "withdrawn"))[1] == "withdrawn"):
            who = self._active(other) if oddly else self.transfers[record][other % 2]
            self._ask(Dispute(record, "" if oddly and pick % 2 else "it never came"), self.signers[who])

    @rule(
        a=PICK,
        b=PICK,
        oddly=ODDLY,
        how=st.sampled_from(["keep", "withdraw", "give back", "contest", "make up"]),
    )
    def quarrel_day(self, a: int, b: int, oddly: bool, how: str) -> None:
        """A payment, asked back at once, and what comes of it the same day."""
        payer = self._active(a)
        others = [n for n in self._able() if n != payer]
        payee = others[b % len(others)]
        paid = self._ask(
            Pay(AccountNumber(payer), AccountNumber(payee), Amount(5), again=True), self.signers[payer]
        )
        if paid is None or self._ask(AskBack(paid.record, "wrong person"), self.signers[payer]) is None:
            return
        odd = self.signers[payer if oddly else payee]
        match how:
            case "keep":
                self._ask(KeepIt(paid.record), odd)
            case "withdraw":
                self._ask(WithdrawAsk(paid.record), self.signers[payee if oddly else payer])
            case "give back":
                self._ask(Reverse(paid.record, ""), odd)
            case "make up" if self._ask(Dispute(paid.record, "it never came"), self.signers[payer]):
                self._ask(WithdrawDispute(paid.record), odd if oddly else self.signers[payer])
            case "contest" if self._ask(Dispute(paid.record, "it never came"), self.signers[payer]):
                keeper = self._keeper(b, oddly, payer, payee)
                self._ask(EndDispute(paid.record, "they agreed on half a day"), keeper)

    @rule(pick=PICK, other=PICK, oddly=ODDLY)
    def contest_by_word(self, pick: int, other: int, oddly: bool) -> None:
        """Somebody is paid who has no key, and says at the desk that it was not so."""
        without = [n for n, s in self.status.items() if s in ("active", "away") and n not in self.signers]
        if not without:
            return
        payer, payee = self._active(pick), without[other % len(without)]
        pay = Pay(AccountNumber(payer), AccountNumber(payee), Amount(5), again=True)
        if (paid := self._ask(pay, self.signers[payer])) is not None:
            who = AccountNumber(payer if oddly and pick % 2 else payee)
            keeper = self._keeper(other, oddly, payer, payee)
            self._ask(DisputeFor(paid.record, who, "it was two baskets"), keeper)

    @precondition(lambda self: any(state == "open" for _, state in self.contested.values()))
    @rule(pick=PICK, other=PICK, oddly=ODDLY, well=st.booleans())
    def end_dispute(self, pick: int, other: int, oddly: bool, well: bool) -> None:
        found = [r for r, (_, state) in self.contested.items() if state == "open" or oddly]
        record = RecordId(found[pick % len(found)])
        if well:
            who = self._active(other) if oddly else self.contested[record][0]
            self._ask(WithdrawDispute(record), self.signers[who])
            return
        parties = self.transfers[record][:2]
        able = sorted(self.keepers - set(parties))
        if able or oddly:
            signer = self._keeper(other, oddly) if oddly else self.signers[able[other % len(able)]]
            self._ask(EndDispute(record, "they agreed on half a day"), signer)
