"""Joining, being taken in or turned away, keys and keepers."""

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.subject import Command
from appliance.ledger.errors import Refusal
from appliance.ledger.keys import KeySigner, new_seed, seal
from appliance.ledger.money.transfers import Pay
from appliance.ledger.people.members import AppointKeeper, Approve, ChangePin, Join, ReplaceKey, TurnAway
from appliance.ledger.values import AccountNumber, Amount
from tests.ledger.book.machine.base import COST, ODDLY, PICK, PIN, Base


class People(Base):
    """Five people, two of them keepers, and up to sixteen in time."""

    def _set_out(self) -> None:
        super()._set_out()
        for name in ("Kira", "Alice", "Bob", "Chandra", "Dina"):
            self._join(name)
        for number in (1, 2, 3, 4, 5):
            assert self._ask(Approve(AccountNumber(number)), self.root)
        for keeper in (1, 2):
            assert self._ask(AppointKeeper(AccountNumber(keeper)), self.root)

    def _model(self, command: Command, signer: KeySigner, receipt: Receipt) -> None:
        super()._model(command, signer, receipt)
        match command:
            case Approve(member):
                assert self.status[member] == "applied"
                self._admit(member)
            case TurnAway(member):
                assert self.status[member] == "applied"
                self.status[member] = "closed"
                self.signers.pop(member, None)
            case AppointKeeper(member):
                self.keepers.add(member)

    def _admit(self, member: int) -> None:
        """Somebody new has an account at zero; its limits are for ``limits.py`` to say."""
        self.status[member], self.balance[member], self.held[member] = "active", 0, 0

    @invariant()
    def the_people_are_the_model(self) -> None:
        if not self.founded:
            return
        with self.hub.reading() as tx:
            rows = tx.select("SELECT number, status, keeper FROM member")
        assert {number: status for number, status, _ in rows} == self.status
        assert {number for number, _, keeper in rows if keeper} == self.keepers

    def _join(self, name: str) -> None:
        seed = new_seed()
        sealed = seal(seed, PIN, self.hub.pepper, COST)
        answer = self._ask(Join(name, sealed), KeySigner("newcomer", seed))
        if answer:
            number = answer.outcome["number"]
            self.status[number] = "applied"
            self.signers[number] = KeySigner(f"member:{number}", seed)

    @rule(name=st.sampled_from(["Emeka", "Fatima", "Grace", "हरि", "", "x" * 41]))
    def join(self, name: str) -> None:
        if len(self.status) < 16:
            self._join(name)

    def _newcomer(self, pick: int, oddly: bool) -> AccountNumber:
        waiting = [n for n, s in self.status.items() if s == "applied"]
        return AccountNumber(self._anybody(pick, True) if oddly else waiting[pick % len(waiting)])

    @precondition(lambda self: "applied" in self.status.values())
    @rule(pick=PICK, oddly=ODDLY)
    def approve(self, pick: int, oddly: bool) -> None:
        self._ask(Approve(self._newcomer(pick, oddly)), self._keeper(pick, oddly))

    @precondition(lambda self: "applied" in self.status.values())
    @rule(pick=PICK, oddly=ODDLY, reason=st.sampled_from(["nobody knows them", "moved away"]))
    def turn_away(self, pick: int, oddly: bool, reason: str) -> None:
        self._ask(
            TurnAway(self._newcomer(pick, oddly), "" if oddly and pick % 2 else reason),
            self._keeper(pick, oddly),
        )

    @rule(pick=PICK, oddly=ODDLY)
    def appoint(self, pick: int, oddly: bool) -> None:
        self._ask(AppointKeeper(AccountNumber(self._anybody(pick, oddly))), self.root)

    @rule(pick=PICK, oddly=ODDLY)
    def change_pin(self, pick: int, oddly: bool) -> None:
        signer = self.signers[self._active(pick)]
        seed = new_seed() if oddly else signer.seed()
        self._ask(ChangePin(seal(seed, PIN, self.hub.pepper, COST)), signer)

    @rule(pick=PICK, other=PICK, oddly=ODDLY)
    def replace_key(self, pick: int, other: int, oddly: bool) -> None:
        # Of no keeper: who could set another keeper's PIN would be two.
        others = [n for n, s in self.status.items() if s == "active" and n not in self.keepers]
        number = others[pick % len(others)] if others and not oddly else self._anybody(pick, oddly)
        seed = new_seed()
        sealed = seal(seed, PIN, self.hub.pepper, COST)
        if self._ask(ReplaceKey(AccountNumber(number), sealed), self._keeper(other, oddly)):
            old, self.signers[number] = self.signers[number], KeySigner(f"member:{number}", seed)
            refused = self.hub.submit(Pay(AccountNumber(number), AccountNumber(1), Amount(1)), old)
            assert isinstance(refused, Refusal), "a replaced key still signs"
