"""Members' life: vouched for, registered without a phone, away, frozen, closed, and in again."""

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.subject import Command
from appliance.ledger.keys import KeySigner
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.money.transfers import Pay
from appliance.ledger.people.leaving import CloseMember, Leave
from appliance.ledger.people.life import Away, Back, Freeze, Register, Reopen, Unfreeze, Vouch
from appliance.ledger.people.members import Approve
from appliance.ledger.values import AccountNumber, Amount, RecordId
from tests.ledger.book.machine.base import ODDLY, PICK, STANDING
from tests.ledger.book.machine.care import Care
from tests.ledger.book.machine.limits import GROUP
from tests.ledger.book.machine.people import People
from tests.ledger.book.machine.trouble import Trouble

STEPS = {
    Away: ("active",),
    Back: ("away",),
    Freeze: STANDING,
    Unfreeze: ("frozen",),
    Reopen: ("closed",),
}
TO = {Away: "away", Back: "active", Freeze: "frozen", Unfreeze: "active", Reopen: "active"}
FEWEST = 4
"""So many people stay who can act, whatever happens to others."""


class Life(Trouble, Care, People):
    """What happens to a membership between joining and leaving."""

    def _begin(self) -> None:
        super()._begin()
        self.vouched: dict[int, set[int]] = {}
        self.vouchers = 0
        self.froze: dict[int, str] = {}

    def _set_out(self) -> None:
        super()._set_out()
        for step, name in ((Away, "Emeka"), (Freeze, "Fatima")):
            number = self._register(name, self.signers[1])
            assert self._ask(step(AccountNumber(number), "as they say"), self.signers[1])

    def _register(self, name: str, keeper: KeySigner) -> int:
        receipt = self._ask(Register(name, "has no phone"), keeper)
        assert receipt is not None
        return int(receipt.outcome["number"])

    def _model(self, command: Command, signer: KeySigner, receipt: Receipt) -> None:
        who = self._who(signer)
        match command:  # what the others make of it comes after what must have been so before
            case Approve(member) if who:
                word = [n for n in self.vouched.get(member, ()) if self.status[n] in STANDING]
                assert len(word) >= self.vouchers
            case Pay(payer, payee):
                assert self.status.get(self._owner(payer)) in STANDING
                assert payee == 0 or self.status[self._owner(payee)] in STANDING
            case Reverse(transfer):
                assert "closed" not in [self.status.get(self._owner(n)) for n in self.transfers[transfer][:2]]
        super()._model(command, signer, receipt)
        match command:
            case Register() if self.vouchers:  # no way around those who must vouch
                self.status[receipt.outcome["number"]] = "applied"
            case Register():
                self._admit(receipt.outcome["number"])
            case Away(member) | Back(member) | Freeze(member) | Unfreeze(member) | Reopen(member):
                assert self.status[member] in STEPS[type(command)]
                assert who in self.keepers or (who == member and isinstance(command, Away | Back))
                assert who != member or isinstance(command, Away | Back)
                if isinstance(command, Freeze):
                    self.froze[member] = self.status[member]
                away = isinstance(command, Unfreeze) and self.froze[member] == "away"
                self.status[member] = "away" if away else TO[type(command)]
            case Vouch(newcomer):
                assert self.status[newcomer] == "applied"
                assert who not in self.vouched.setdefault(newcomer, set())
                self.vouched[newcomer].add(who)
            case Leave(member):
                assert who == member
                self._close(member)
            case CloseMember(member):
                assert who in self.keepers
                assert member not in self.keepers
                self._close(member)

    def _new_rules(self, changes: dict[str, int]) -> None:
        super()._new_rules(changes)
        self.vouchers = changes.get("vouchers", self.vouchers)

    @invariant()
    def the_vouchers_are_the_model(self) -> None:
        if not self.founded:
            return
        with self.hub.reading() as tx:
            rows = tx.select("SELECT newcomer, member FROM voucher")
        assert {tuple(row) for row in rows} == {(n, m) for n, those in self.vouched.items() for m in those}

    # -- in, without a phone or with others' word ---------------------------------------------

    @rule(pick=PICK, oddly=ODDLY, group=GROUP)
    def register(self, pick: int, oddly: bool, group: str) -> None:
        if len(self.status) < 24:
            name = "" if oddly and pick % 2 else "Grandmother"
            self._ask(Register(name, "has no phone", group), self._keeper(pick, oddly))

    @rule(pick=PICK, other=PICK, oddly=ODDLY, name=st.sampled_from(["Grace", "Hugo", "हरि"]))
    def vouch(self, pick: int, other: int, oddly: bool, name: str) -> None:
        """Somebody new comes, and somebody says: I know this person."""
        waiting = [n for n, status in self.status.items() if status == "applied"]
        if not waiting:
            self._join(name)
            waiting = [max(self.status)]
        newcomer = self._anybody(pick, True) if oddly else waiting[pick % len(waiting)]
        if newcomer > 0:
            self._ask(Vouch(AccountNumber(newcomer)), self.signers[self._active(other)])

    @rule(pick=PICK, oddly=ODDLY, wanted=st.integers(0, 2))
    def change_vouchers(self, pick: int, oddly: bool, wanted: int) -> None:
        changes = {"vouchers": 11 if oddly and pick % 2 else wanted}
        self._assembly(changes, pick, oddly)

    # -- there and back ------------------------------------------------------------------------

    def _in_status(self, pick: int, oddly: bool, *wanted: str) -> int | None:
        found = [n for n, status in self.status.items() if status in wanted and n in self.balance]
        if not found:
            return None
        return self._anybody(pick, True) if oddly else found[pick % len(found)]

    def _spare(self, member: int | None) -> bool:
        return member not in self._able() or len(self._able()) > FEWEST

    @rule(pick=PICK, other=PICK, oddly=ODDLY, back=st.booleans(), own=st.booleans())
    def away_or_back(self, pick: int, other: int, oddly: bool, back: bool, own: bool) -> None:
        member = self._in_status(pick, oddly, "away" if back else "active")
        if member is None or not self._spare(member):
            return
        own = own and member in self.signers
        step = (Back if back else Away)(AccountNumber(member), "" if own else "she told me")
        self._ask(step, self.signers[member] if own else self._keeper(other, oddly, member))

    @rule(pick=PICK, other=PICK, oddly=ODDLY, free=st.booleans())
    def freeze_or_free(self, pick: int, other: int, oddly: bool, free: bool) -> None:
        member = self._in_status(pick, oddly, *(["frozen"] if free else [*STANDING]))
        if member is None or not self._spare(member):
            return
        why = "" if oddly and pick % 2 else "three disputes in a week"
        step = (Unfreeze if free else Freeze)(AccountNumber(member), why)
        self._ask(step, self._keeper(other, oddly, member))

    # -- out, and in again ---------------------------------------------------------------------

    def _even(self, member: int) -> None:
        """Bring an account to zero, as far as its owner can: who leaves pays, or is paid."""
        balance = self.balance.get(member, 0)
        others = [n for n in self._able() if n != member]
        payer, payee = (member, others[0]) if balance > 0 else (others[0], member)
        if balance and self.status[member] in STANDING:
            pay = Pay(AccountNumber(payer), AccountNumber(payee), Amount(abs(balance)), again=True)
            self._ask(pay, self.signers[payer])

    @rule(pick=PICK, other=PICK, oddly=ODDLY)
    def leave(self, pick: int, other: int, oddly: bool) -> None:
        able = [n for n in self._able() if n > 2]
        if len(self._able()) <= FEWEST or not able:
            return
        member = able[pick % len(able)]
        if not oddly:
            self._even(member)
        signer = self.signers[self._active(other) if oddly else member]
        if self._ask(Leave(AccountNumber(member)), signer):
            standing = [r for r, (a, b, _) in self.transfers.items() if member in (a, b)]
            for record in [r for r in standing if r not in self.reversed][:1]:
                self._ask(Reverse(RecordId(record), "a mistake"), self._keeper(other, oddly=False))

    @rule(pick=PICK, other=PICK, oddly=ODDLY, how=st.sampled_from(["left", "died"]))
    def close_member(self, pick: int, other: int, oddly: bool, how: str) -> None:
        member = self._in_status(pick, oddly, *STANDING, "frozen")
        if member is None or not self._spare(member) or member in (1, 2):
            return
        if not oddly and member in self.signers:
            self._even(member)
        command = CloseMember(AccountNumber(member), how, "the family came")
        self._ask(command, self._keeper(other, oddly, member))

    @precondition(lambda self: "closed" in self.status.values())
    @rule(pick=PICK, other=PICK, oddly=ODDLY)
    def reopen(self, pick: int, other: int, oddly: bool) -> None:
        member = self._in_status(pick, oddly, "closed")
        if member is not None:
            self._ask(Reopen(AccountNumber(member), "she is back"), self._keeper(other, oddly, member))

    @rule(other=PICK, how=st.sampled_from(["left", "died"]))
    def a_life(self, other: int, how: str) -> None:
        """Taken in without a phone, paid and paying nothing, gone, and back again."""
        if len(self.status) >= 24 or self.vouchers:
            return
        keeper = self._keeper(other, oddly=False)
        number = AccountNumber(self._register("Ines", keeper))
        assert self._ask(CloseMember(number, how, "the family came"), keeper)
        assert self._ask(Reopen(number, "it was somebody else"), keeper)
