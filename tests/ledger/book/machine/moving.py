"""Moving to a neighbour: from then on an account only goes to zero, and is closed when it stands there."""

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from appliance.ledger import community
from appliance.ledger.book.command import Receipt
from appliance.ledger.book.subject import Command
from appliance.ledger.keys import Certificate, KeySigner, new_seed, public_of
from appliance.ledger.people.life import Unfreeze
from appliance.ledger.people.moving import CloseMoved, Move, Stay
from appliance.ledger.sealing import BoxKey
from appliance.ledger.values import AccountNumber
from tests.ledger.book.machine.base import ODDLY, PICK
from tests.ledger.book.machine.life import FEWEST, Life

HILL = 102
THERE = AccountNumber(4)


class Moving(Life):
    """Who goes to Hill. Nothing crosses here: what is owed is paid, and what is left spent, at home."""

    def _begin(self) -> None:
        super()._begin()
        self.goes: dict[int, bool] = {}
        self.earned: dict[int, int] = {}

    def _set_out(self) -> None:
        super()._set_out()
        place, root, signing = self.hub.box.place, new_seed(), new_seed()
        first = Certificate(place.community, HILL, 1, public_of(signing))
        signed = (public_of(signing), KeySigner("root:hill", root).sign(first.form()))
        applied = community.Application(
            place.community, HILL, "Hill", public_of(root), BoxKey(new_seed()).public, *signed
        )
        assert self.papers.community is not None
        community.admit(self.hub, [applied], self.papers.community)
        credit = self.hub.rules().credit
        self.balance[-HILL], self.held[-HILL] = 0, 0
        self.limits[-HILL] = (credit.trunk_low, credit.trunk_high)

    def _model(self, command: Command, signer: KeySigner, receipt: Receipt) -> None:
        who = self._who(signer)
        match command:
            case Move(member, _, _, told):
                assert self.status[member] in ("active", "away")
                assert who == member or (who in self.keepers and member not in self.keepers)
            case Stay(member):
                assert self.status[member] == "moving"
                assert who == member or (who in self.keepers and member not in self.keepers)
            case CloseMoved(member):
                assert (self.status[member], self.balance[member]) == ("moving", 0)
        super()._model(command, signer, receipt)
        match command:
            case Move(member, _, _, told):
                self.status[member], self.goes[member] = "moving", told
            case Stay(member):
                self.status[member] = "active"
                del self.goes[member]
            case CloseMoved(member):
                self._close(member)
            case Unfreeze(member) if member in self.goes:
                self.status[member] = "moving"

    def _close(self, member: int) -> None:
        super()._close(member)
        self.goes.pop(member, None)

    def _by_itself(self) -> None:
        """Care that was earned before is paid all the same, and goes along."""
        paid = {member: self.balance[member] for member in self.goes}
        super()._by_itself()
        self.earned = {member: self.balance[member] - was for member, was in paid.items()}

    def _nobody_further_out(self, before: dict[int, tuple[int, tuple[int | None, int | None]]]) -> None:
        super()._nobody_further_out(before)
        for member in self.goes:
            was, now = before[member][0], self.balance[member] - self.earned.get(member, 0)
            assert 0 <= now <= was or was <= now <= 0, f"account {member} moves, and went from {was} to {now}"

    @invariant()
    def who_moves_is_the_model(self) -> None:
        if not self.founded:
            return
        with self.hub.reading() as tx:
            rows = tx.select("SELECT member, told FROM departure WHERE closed_entry IS NULL")
        assert {member: bool(told) for member, told in rows} == self.goes

    def _mover(self, pick: int) -> int | None:
        """Somebody whom the village can do without."""
        able = [n for n in self._able() if n not in self.keepers]
        return able[pick % len(able)] if len(self._able()) > FEWEST and able else None

    @rule(pick=PICK, other=PICK, oddly=ODDLY, own=st.booleans(), told=st.booleans())
    def move(self, pick: int, other: int, oddly: bool, own: bool, told: bool) -> None:
        member = self._mover(pick)
        if member is None:
            return
        hub = HILL + 1 if oddly and pick % 2 else HILL
        signer = self.signers[member] if own else self._keeper(other, oddly, member)
        self._ask(Move(AccountNumber(member), hub, THERE, told, "" if own else "told me"), signer)

    @precondition(lambda self: "moving" in self.status.values())
    @rule(pick=PICK, other=PICK, oddly=ODDLY, own=st.booleans())
    def stay(self, pick: int, other: int, oddly: bool, own: bool) -> None:
        member = self._in_status(pick, oddly, "moving")
        if member is None:
            return
        own = own and member in self.signers
        signer = self.signers[member] if own else self._keeper(other, oddly, member)
        self._ask(Stay(AccountNumber(member), "" if own else "stays"), signer)

    @precondition(lambda self: "moving" in self.status.values())
    @rule(pick=PICK, oddly=ODDLY)
    def arrive_at_zero(self, pick: int, oddly: bool) -> None:
        member = self._in_status(pick, oddly, "moving")
        if member is None:
            return
        if not oddly and member in self.signers:
            self._even(member)
        self._by_rule(CloseMoved(AccountNumber(member)), "moved", 0)

    @rule(pick=PICK)
    def think_better_of_it(self, pick: int) -> None:
        """Somebody says that they go, and stays."""
        member = self._mover(pick)
        if member is None:
            return
        if self._ask(Move(AccountNumber(member), HILL, THERE, False, ""), self.signers[member]):
            self._ask(Stay(AccountNumber(member), ""), self.signers[member])

    @rule(pick=PICK, told=st.booleans())
    def move_away(self, pick: int, told: bool) -> None:
        """Somebody goes, is even, and is closed, without anything coming between."""
        member = self._mover(pick)
        if member is None or not self._ask(
            Move(AccountNumber(member), HILL, THERE, told, ""), self.signers[member]
        ):
            return
        self._even(member)
        self._by_rule(CloseMoved(AccountNumber(member)), "moved", 0)
