"""Further reads of screens that show more than one person's own things."""

from dataclasses import dataclass
from typing import Final

from appliance.ledger import codec
from appliance.ledger.book import chain
from appliance.ledger.book.schema import Member, Transfer
from appliance.ledger.book.store import Tx
from appliance.ledger.clock import Instant
from appliance.ledger.money import transfers
from appliance.ledger.people import powers
from appliance.ledger.reads import proposals
from appliance.ledger.reads.acted import helper
from appliance.ledger.reads.people import Person, owner_of, person
from appliance.ledger.reads.told import words_of


@dataclass(frozen=True, slots=True)
class NewKey:
    """A member's key and PIN came from somebody else: from whom, and when; ``first``: there was none before."""

    by: Person | None
    at: Instant
    entry: int
    first: bool = False


def new_key(tx: Tx, number: int) -> NewKey | None:
    """How the member's present key came to be, when it is not the one the member joined with."""
    found = tx.first(_KEY, number)
    if found is None or found[2] == "join":  # nearly everybody's: the entry need not be read
        return None
    place, seq, _ = found
    entry = chain.by_number(tx, place)
    assert entry is not None  # a key is folded from its entry
    kind, _, name = entry.act.authority.partition(":")
    return NewKey(person(tx, int(name)) if kind == "member" else None, entry.act.at, place, seq == 1)


_KEY: Final = """
SELECT entry.number, member_key.seq, entry.kind FROM member_key JOIN entry ON entry.number = member_key.entry
WHERE member_key.member = ? AND member_key.ended_entry IS NULL
"""


@dataclass(frozen=True, slots=True)
class ByKeeper:
    """A payment was given back by a keeper who had not received it: who, and why."""

    keeper: Person
    reason: str


def given_back_by_keeper(tx: Tx, record: bytes) -> ByKeeper | None:
    """The keeper who made reversal ``record``; None when its giver gave it back, or it is no reversal."""
    row = tx.get(Transfer, id=record)
    if row is None or row.kind != transfers.REVERSAL:
        return None
    entry = chain.by_number(tx, row.opened_entry)
    assert entry is not None  # a reversal is folded from its entry
    kind, _, number = entry.act.authority.partition(":")
    keeper = person(tx, int(number)) if kind == "member" else None
    if keeper is None:
        return None
    if row.payer is not None and (
        keeper.number == owner_of(tx, row.payer) or helper(tx, row.payer, keeper.number)
    ):
        return None
    return ByKeeper(keeper, words_of(tx, row.text_entry, "reason"))


def end_of_open_request(tx: Tx, code: str) -> str | None:
    """How a request that asked nobody in particular ended: transfers.DONE or CANCELLED.

    That much, and not who answered it, may know who holds its code. None while it waits, for an
    unknown code, and for a request that named its payer: that one was never for everybody.
    """
    row = tx.get(Transfer, code=code)
    if row is None or row.state == transfers.PENDING:
        return None
    asked = chain.by_number(tx, row.opened_entry)
    assert asked is not None  # a request is folded from its entry
    return row.state if asked.act.payload["payer"] is None else None


def not_trading(tx: Tx) -> tuple[int, ...]:
    """Members who are away, are frozen, have left or were turned away: what they listed is not shown."""
    query = Member.select(Member.number).where(Member.status != powers.ACTIVE)
    return tuple(row.number for row in tx.rows(query))


def rules_before(tx: Tx, group: str, entry: int) -> codec.Body:
    """A group of rules as it was before ``entry`` changed it; empty before the founding."""
    values: codec.Body = {}
    for changed in chain.acts_of_kinds(tx, ("found", "change_rules", "agree"), entry - 1):
        payload = changed.act.payload
        if "proposal" in payload:  # two keepers agreed: on rules, or on something else
            found = proposals.terms(tx, payload["proposal"])
            payload = {} if found is None else found[1]
        if group in payload:  # the founding names every group
            values = dict(payload[group])
        elif payload.get("group") == group:
            values |= payload["changes"]
    return values
