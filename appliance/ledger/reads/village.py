"""Further reads of screens that show more than one person's own things."""

from dataclasses import dataclass

from appliance.ledger import codec
from appliance.ledger.book import chain
from appliance.ledger.book.schema import Entry, Member, MemberKey
from appliance.ledger.book.store import Tx
from appliance.ledger.clock import Instant
from appliance.ledger.people import powers
from appliance.ledger.reads.people import Person, person


@dataclass(frozen=True, slots=True)
class NewKey:
    """A member's key and PIN were replaced by somebody else: who did it, and when."""

    by: Person | None
    at: Instant
    entry: int


def new_key(tx: Tx, number: int) -> NewKey | None:
    """How the member's present key came to be, when it is not the one the member joined with."""
    key = tx.get(MemberKey, member=number, ended_entry=None)
    if key is None or key.seq == 1:
        return None
    entry = chain.by_number(tx, key.entry)
    assert entry is not None  # a key is folded from its entry
    kind, _, name = entry.act.authority.partition(":")
    return NewKey(person(tx, int(name)) if kind == "member" else None, entry.act.at, key.entry)


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
