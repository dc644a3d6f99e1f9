"""Further reads of screens that show more than one person's own things."""

from appliance.ledger import codec
from appliance.ledger.book import chain
from appliance.ledger.book.schema import Entry, Member
from appliance.ledger.book.store import Tx
from appliance.ledger.people import powers


def not_trading(tx: Tx) -> tuple[int, ...]:
    """Members who have left or were turned away: what they listed is not shown."""
    query = Member.select(Member.number).where(Member.status == powers.CLOSED)
    return tuple(row.number for row in tx.rows(query))


def rules_before(tx: Tx, group: str, entry: int) -> codec.Body:
    """A group of rules as it was before ``entry`` changed it; empty before the founding."""
    query = (
        Entry.select(Entry.body)
        .where(Entry.kind.in_(("found", "change_rules")), Entry.number < entry)
        .order_by(Entry.number)
    )
    values: codec.Body = {}
    for row in tx.each(query):
        payload = chain.parse(bytes(row.body)).act.payload
        if group in payload:  # the founding names every group
            values = dict(payload[group])
        elif payload.get("group") == group:
            values |= payload["changes"]
    return values
