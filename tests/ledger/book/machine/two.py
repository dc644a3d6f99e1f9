"""The commons and its keepers: what one pays alone, and what two must agree on."""

from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.subject import Command
from appliance.ledger.keys import KeySigner
from appliance.ledger.money.commons import PayFromCommons
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.money.transfers import Pay
from appliance.ledger.people.founding import ChangeRules, guarded
from appliance.ledger.people.members import AppointKeeper, DismissKeeper
from appliance.ledger.people.seconds import Agree, LapseProposal, Object, Propose, TakeBack
from appliance.ledger.values import COMMONS, AccountNumber, Amount, RecordId
from tests.ledger.book.machine.base import ODDLY, PICK
from tests.ledger.book.machine.money import Money

DAY_MS = 86_400_000


class Two(Money):
    """Gifts, payments of keepers, and proposals that wait for a second.

    ``agree`` may move the floor, and then care that waited is paid; that nothing which two agree on
    goes below the floor is looked at in ``_from_commons``.
    """

    BEYOND_LIMITS: ClassVar[tuple[str, ...]] = ("agree",)

    def _begin(self) -> None:
        super()._begin()
        self.two = 500
        self.proposals: dict[bytes, tuple[str, dict[str, object], int, str]] = {}
        self.alone: list[tuple[int, int, int, bytes]] = []
        self.agreed: set[bytes] = set()

    def _set_out(self) -> None:
        super()._set_out()
        assert self._ask(AppointKeeper(AccountNumber(2)), self.root)
        assert self._ask(Pay(AccountNumber(3), COMMONS, Amount(400)), self.signers[3])

    def _model(self, command: Command, signer: KeySigner, receipt: Receipt) -> None:
        in_force = {"vouchers": self.vouchers, "commons_two": self.two, "commons_low": self.limits[0][0]}
        super()._model(command, signer, receipt)
        who = self._who(signer)
        match command:
            case PayFromCommons(payee, amount):
                assert who in self.keepers
                assert who != payee
                self._take_alone(who, amount, receipt.record)
                self._from_commons(payee, amount, receipt.record)
            case Reverse(transfer) if self.transfers[transfer][1] == COMMONS:
                # A keeper took a gift out again, and not below the floor.
                self._take_alone(who, self.transfers[transfer][2], receipt.record)
                self._above_the_floor()
            case Reverse(transfer):
                assert transfer not in self.agreed or who == self.transfers[transfer][1]
            case DismissKeeper(member):
                self.keepers.discard(member)
            case ChangeRules("credit", changes):
                lone = len(self.keepers) == 1
                # What is written as it stands already changes nothing, and one keeper may.
                other = {name: value for name, value in changes.items() if in_force.get(name) != value}
                assert lone or not guarded("credit", other)
            case Propose(act, terms):
                self.proposals[receipt.record] = (act, dict(terms), who, "open")
            case Agree(proposal):
                self._agreed(*self._ended(proposal, who, "done"), receipt.record)
            case Object(proposal):
                self._ended(proposal, who, "declined")
            case LapseProposal(proposal):
                assert self.proposals[proposal][3] == "open"
                self.proposals[proposal] = (*self.proposals[proposal][:3], "expired")
            case TakeBack(proposal):
                assert self.proposals[proposal][2:] == (who, "open")
                self.proposals[proposal] = (*self.proposals[proposal][:3], "withdrawn")

    def _take_alone(self, keeper: int, amount: int, transfer: bytes) -> None:
        since = self.clock.now().ms - 30 * DAY_MS
        spent = [n for k, n, at, t in self.alone if k == keeper and at > since and t not in self.reversed]
        assert sum(spent) + amount <= self.two, "one keeper passed what one keeper may pay"
        self.alone.append((keeper, amount, self.clock.now().ms, transfer))

    def _from_commons(self, payee: int, amount: int, transfer: bytes) -> None:
        self._move(0, payee, amount)
        self._above_the_floor()
        self.transfers[transfer] = (0, payee, amount)

    def _above_the_floor(self) -> None:
        low = self.limits[0][0]
        assert low is not None
        assert self.balance[0] >= low, "a keeper took the commons below its floor"

    def _ended(self, proposal: bytes, who: int, state: str) -> tuple[str, dict[str, object]]:
        act, terms, proposer, before = self.proposals[proposal]
        assert before == "open"
        assert who != proposer
        assert {who, proposer} <= self.keepers or (state == "declined" and who in self.keepers)
        assert who not in terms.values()
        self.proposals[proposal] = (act, terms, proposer, state)
        return act, terms

    def _agreed(self, act: str, terms: dict[str, object], record: bytes) -> None:
        match act, terms:
            case "pay_commons", {"payee": int(payee), "amount": int(amount)}:
                self._from_commons(payee, amount, record)
                self.agreed.add(record)
            case "clear", {"account": int(account), "balance": int(balance), "to": int(to)}:
                assert self.balance[account] == balance
                if balance < 0:
                    self._from_commons(account, -balance, record)
                else:
                    self._move(account, to, balance)
                    self.transfers[record] = (account, to, balance)
                assert self.balance[account] == 0
                self.agreed.add(record)
            case "dismiss_keeper", {"member": int(member)}:
                self.keepers.discard(member)
            case "change_rules", {"changes": dict(changes)}:
                self._new_rules(dict(changes))

    def _new_rules(self, changes: dict[str, int]) -> None:
        super()._new_rules(changes)
        self.two = changes.get("commons_two", self.two)

    # -- keepers ------------------------------------------------------------------------------

    @rule(days=st.integers(1, 20), a=PICK, amount=st.integers(1, 300))
    def weeks_pass_and_somebody_gives(self, days: int, a: int, amount: int) -> None:
        self.clock.advance(days * DAY_MS)
        giver = self._active(a)
        self._ask(Pay(AccountNumber(giver), COMMONS, Amount(amount), again=True), self.signers[giver])

    @rule(pick=PICK, other=PICK, amount=st.integers(1, 250), oddly=ODDLY)
    def keeper_pays(self, pick: int, other: int, amount: int, oddly: bool) -> None:
        keeper = self._who(self._keeper(pick, oddly))
        payee = AccountNumber(self._another(other, keeper, oddly))
        self._ask(PayFromCommons(payee, Amount(amount), "food", "so agreed"), self.signers[keeper])

    @precondition(lambda self: len(self.keepers) > 1)
    @rule(pick=PICK, other=PICK, act=st.integers(0, 3), amount=st.integers(1, 900), oddly=ODDLY)
    def propose(self, pick: int, other: int, act: int, amount: int, oddly: bool) -> None:
        keeper = self._who(self._keeper(pick, oddly))
        about = self._another(other, keeper, oddly)
        self._ask(self._proposal(act, about, amount), self.signers[keeper])

    def _proposal(self, act: int, about: int, amount: int) -> Propose:
        standing = [n for n, b in sorted(self.balance.items()) if n > 0 and b]
        if act == 0 and standing:
            about = standing[about % len(standing)] if about in self.balance else about
            terms = {"account": about, "balance": self.balance.get(about, 0), "to": 0}
            return Propose("clear", terms, "has moved away")
        if act == 1:
            guarded = [{"commons_low": -amount}, {"commons_two": amount}, {"vouchers": amount % 2}]
            changes = guarded[amount % 3]
            return Propose("change_rules", {"group": "credit", "changes": changes}, "assembly of May")
        if act == 2 and len(self.keepers) > 3 and about != 1:  # others count on a keeper of the number 1
            return Propose("dismiss_keeper", {"member": about}, "asked for it")
        return Propose("pay_commons", {"payee": about, "amount": amount, "category": "food"}, "a new roof")

    def _open(self, pick: int, oddly: bool) -> RecordId | None:
        found = [p for p, row in self.proposals.items() if row[3] == "open" or oddly]
        return RecordId(found[pick % len(found)]) if found else None

    def _second(self, record: bytes, pick: int, oddly: bool) -> KeySigner | None:
        _, terms, proposer, _ = self.proposals[record]
        able = sorted(n for n in self.keepers if n != proposer and n not in terms.values())
        if oddly:
            return self._keeper(pick, oddly)
        return self.signers[able[pick % len(able)]] if able else None

    def _proposed(self, pick: int, other: int, amount: int) -> RecordId | None:
        """Something that one keeper has just proposed to another."""
        if len(self.keepers) < 2:
            self._ask(AppointKeeper(AccountNumber(self._active(pick))), self.root)
        keeper = self._who(self._keeper(pick, False))
        outsiders = [n for n, s in self.status.items() if s == "active" and n not in self.keepers]
        about = outsiders[other % len(outsiders)] if outsiders else self._another(other, keeper, False)
        proposed = self._ask(self._proposal(amount % 4, about, amount), self.signers[keeper])
        return RecordId(proposed.record) if proposed else None

    @rule(
        pick=PICK,
        other=PICK,
        amount=st.integers(1, 900),
        oddly=ODDLY,
        what=st.sampled_from(["agree", "agree", "object", "back"]),
    )
    def answer(self, pick: int, other: int, amount: int, oddly: bool, what: str) -> None:
        record = self._open(pick, oddly) or self._proposed(pick, other, amount)
        if record is None:
            return
        if what == "back":
            who = self._active(other) if oddly else self.proposals[record][2]
            self._ask(TakeBack(record), self.signers[who])
        elif (second := self._second(record, other, oddly)) is not None:
            reason = "" if oddly and pick % 2 else "it can wait"
            self._ask(Agree(record) if what == "agree" else Object(record, reason), second)

    @rule(pick=PICK, other=PICK, amount=st.integers(1, 900))
    def two_meet(self, pick: int, other: int, amount: int) -> None:
        """One proposes, and the second agrees at once."""
        record = self._proposed(pick, other, amount)
        if record and (second := self._second(record, other, False)) is not None:
            self._ask(Agree(record), second)

    @rule(pick=PICK, other=PICK, amount=st.integers(1, 900), oddly=ODDLY)
    def nobody_seconds(self, pick: int, other: int, amount: int, oddly: bool) -> None:
        """The hub ends a proposal by its rule, and by no clock that stands still."""
        record = self._open(pick, False) or self._proposed(pick, other, amount)
        if record is None:
            return
        # Whatever has passed since, fifteen days more are enough; a year back is too early.
        assert self._by_rule(LapseProposal(record), "lapse", -400 if oddly else 15) != oddly

    @rule(pick=PICK, oddly=ODDLY)
    def root_dismisses(self, pick: int, oddly: bool) -> None:
        others = sorted(self.keepers - {1})  # the other subjects count on a keeper of the number 1
        number = self._anybody(pick, True) if oddly else others[pick % len(others)] if others else 1
        if number != 1:
            self._ask(DismissKeeper(AccountNumber(number)), self.root)

    @invariant()
    def proposals_are_the_model(self) -> None:
        if not self.founded:
            return
        with self.hub.reading() as tx:
            states = tx.select("SELECT id, state FROM proposal")
            keepers = {number for (number,) in tx.select("SELECT number FROM member WHERE keeper")}
        assert {bytes(record): state for record, state in states} == {
            record: row[3] for record, row in self.proposals.items()
        }
        assert keepers == self.keepers
