"""Further reads of screens that show more than one person's own things."""

from appliance.ledger.book.schema import Member
from appliance.ledger.book.store import Tx
from appliance.ledger.people import powers


def not_trading(tx: Tx) -> tuple[int, ...]:
    """Members who have left or were turned away: what they listed is not shown."""
    query = Member.select(Member.number).where(Member.status == powers.CLOSED)
    return tuple(row.number for row in tx.rows(query))
