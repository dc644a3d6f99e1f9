"""The rules of the community, time that passes, and whatever comes twice."""

from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.subject import Command
from appliance.ledger.hub import Hub
from appliance.ledger.keys import KeySigner
from appliance.ledger.people.founding import ChangeRules
from tests.ledger.book.machine.base import ODDLY, PICK, Base


class Rules(Base):
    """Assemblies, and the days between them."""

    BEYOND_LIMITS: ClassVar[tuple[str, ...]] = ("change_rules",)

    def _model(self, command: Command, signer: KeySigner, receipt: Receipt) -> None:
        super()._model(command, signer, receipt)
        match command:
            case ChangeRules("credit", changes):
                self._new_rules(changes)

    def _new_rules(self, changes: dict[str, int]) -> None:
        super()._new_rules(changes)
        self.limits[0] = (changes.get("commons_low", self.limits[0][0]), None)

    @rule(pick=PICK, oddly=ODDLY, floor=st.integers(-2000, 0))
    def change_rules(self, pick: int, oddly: bool, floor: int) -> None:
        # Where there are two keepers, the floor needs both (``two.py``).
        alone = {"commons_low": floor} if len(self.keepers) == 1 else {"pin_above": -floor}
        changes = {"commons_low": 7} if oddly else alone
        self._ask(ChangeRules("credit", changes, "the assembly decided"), self._keeper(pick, oddly))

    @rule(minutes=st.integers(0, 600))
    def time_passes(self, minutes: int) -> None:
        self.clock.advance(minutes * 60_000)

    @precondition(lambda self: self.last is not None)
    @rule()
    def send_again(self) -> None:
        assert self.last is not None
        command, signer, key, first = self.last
        head = self.hub.head()
        again = self.hub.submit(command, signer, key)
        assert isinstance(again, Receipt)
        assert (again.replayed, again.record) == (True, first.record)
        assert self.hub.head() == head

    @rule()
    def restart(self) -> None:
        self.hub.close()
        self.hub = Hub.open(self.room / "river", self.clock)
