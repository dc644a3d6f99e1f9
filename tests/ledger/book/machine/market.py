"""Offers and wants."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.subject import Command
from appliance.ledger.keys import KeySigner
from appliance.ledger.market.listings import CloseListing, OpenListing
from appliance.ledger.values import AccountNumber, RecordId
from tests.ledger.book.machine.base import ODDLY, PICK, Base


class Market(Base):
    """Listings that open and close."""

    def _begin(self) -> None:
        super()._begin()
        self.listings: dict[bytes, int] = {}

    def _model(self, command: Command, signer: KeySigner, receipt: Receipt) -> None:
        super()._model(command, signer, receipt)
        match command:
            case OpenListing(owner):
                self.listings[receipt.record] = owner
            case CloseListing(listing):
                del self.listings[listing]

    @rule(
        pick=PICK,
        kind=st.sampled_from(["offer", "want", "offer", "gift"]),
        title=st.sampled_from(["Bread", "Maíz", "خبز", ""]),
    )
    def open_listing(self, pick: int, kind: str, title: str) -> None:
        owner = self._active(pick)
        self._ask(OpenListing(AccountNumber(owner), kind, "food", title), self.signers[owner])

    @precondition(lambda self: self.listings)
    @rule(pick=PICK, other=PICK, oddly=ODDLY)
    def close_listing(self, pick: int, other: int, oddly: bool) -> None:
        record = list(self.listings)[pick % len(self.listings)]
        who = self._active(other) if oddly else self.listings[record]
        self._ask(CloseListing(RecordId(record)), self.signers[who])
