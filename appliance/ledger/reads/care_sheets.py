"""Weekly sheets of care as those involved see them: their rows, and what a viewer can do with them."""

from dataclasses import dataclass

from appliance.ledger.book.store import Tx
from appliance.ledger.care import sheets, states
from appliance.ledger.clock import Instant
from appliance.ledger.errors import Action
from appliance.ledger.reads import care
from appliance.ledger.reads.care import ClaimView
from appliance.ledger.reads.people import Person


@dataclass(frozen=True, slots=True)
class SheetView:
    """A sheet. ``rows``: its claims in their order, each as the viewer sees it."""

    code: str
    rows: tuple[ClaimView, ...]

    @property
    def carer(self) -> Person:
        """Whose care it is, all of it."""
        return self.rows[0].carer

    @property
    def to_sign(self) -> tuple[ClaimView, ...]:
        """The rows that the viewer can confirm."""
        return tuple(row for row in self.rows if Action.COSIGN in row.actions)

    @property
    def to_decline(self) -> tuple[ClaimView, ...]:
        """The rows that name the viewer, who has not answered."""
        return tuple(row for row in self.rows if Action.DECLINE in row.actions)

    @property
    def open(self) -> tuple[ClaimView, ...]:
        """The rows that wait for somebody to confirm them."""
        return tuple(row for row in self.rows if row.state == states.OPEN)

    @property
    def done(self) -> int:
        """How many rows enough people have confirmed."""
        return sum(row.state in (states.CONFIRMED, states.PAID) for row in self.rows)

    @property
    def amount(self) -> int:
        """What the commons pays for the rows that were not taken back and did not lapse."""
        return sum(row.amount for row in self.rows if row.state in states.LIVE)


def sheet(tx: Tx, code: str, viewer: int, as_keeper: bool, now: Instant) -> SheetView | None:
    """The sheet with this code, as ``viewer`` sees it; None when there is none."""
    found = [care.claim(tx, record, viewer, as_keeper, now) for record in sheets.rows_of(tx, code)]
    rows = tuple(row for row in found if row is not None)
    return SheetView(code, rows) if rows else None
