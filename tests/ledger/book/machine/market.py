"""Offers and wants."""

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

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

    def _close(self, member: int) -> None:
        super()._close(member)
        self.listings = {record: owner for record, owner in self.listings.items() if owner != member}

    @invariant()
    def the_listings_are_the_model(self) -> None:
        if not self.founded:
            return
        with self.hub.reading() as tx:
            rows = tx.select("SELECT id, owner FROM listing WHERE state = 'open'")
        assert {bytes(record): owner for record, owner in rows} == self.listings

    @rule(
        pick=PICK,
        kind=st.sampled_from(["offer", "want"]),
        title=st.sampled_from(["Bread", "Maíz", "خبز"]),
        oddly=ODDLY,
    )
    def open_listing(self, pick: int, kind: str, title: str, oddly: bool) -> None:
        owner = self._active(pick)
        kind, title = ("gift", title) if oddly and pick % 2 else (kind, "" if oddly else title)
        self._ask(OpenListing(AccountNumber(owner), kind, "food", title), self.signers[owner])

    @precondition(lambda self: self.listings)
    @rule(pick=PICK, other=PICK, oddly=ODDLY)
    def close_listing(self, pick: int, other: int, oddly: bool) -> None:
        record = list(self.listings)[pick % len(self.listings)]
        who = self._active(other) if oddly else self.listings[record]
        self._ask(CloseListing(RecordId(record), "not allowed here"), self.signers[who])
