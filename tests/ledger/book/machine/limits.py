"""Limits that a keeper sets."""

from hypothesis import strategies as st
from hypothesis.stateful import rule

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.subject import Command
from appliance.ledger.keys import KeySigner
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.values import AccountNumber
from tests.ledger.book.machine.base import ODDLY, PICK, Base


class Limits(Base):
    """Keepers give somebody more room, or less."""

    BEYOND_LIMITS = ("set_limits",)

    def _model(self, command: Command, signer: KeySigner, receipt: Receipt) -> None:
        super()._model(command, signer, receipt)
        match command:
            case SetLimits(account, low, high):
                self.limits[account] = (low, high)

    @rule(pick=PICK, other=PICK, oddly=ODDLY, low=st.integers(-3000, 0), high=st.integers(0, 3000))
    def set_limits(self, pick: int, other: int, oddly: bool, low: int, high: int) -> None:
        account = AccountNumber(self._anybody(pick, oddly))
        self._ask(SetLimits(account, 5 if oddly else low, high, "agreed"), self._keeper(other, oddly))
