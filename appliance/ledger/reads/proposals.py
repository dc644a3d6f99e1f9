"""Acts that wait for a second keeper, and how they ended; which keepers paid something from the commons."""

from dataclasses import dataclass
from typing import Final

from appliance.ledger import codec
from appliance.ledger.book import chain
from appliance.ledger.book.schema_credit import Proposal, Spending
from appliance.ledger.book.store import Tx
from appliance.ledger.clock import Instant, Millis
from appliance.ledger.errors import Action
from appliance.ledger.money import dues
from appliance.ledger.people import powers, seconds
from appliance.ledger.reads.people import Person, person
from appliance.ledger.reads.told import words_of
from appliance.ledger.values import RecordId


@dataclass(frozen=True, slots=True)
class ProposalView:
    """A proposal as a keeper sees it.

    Attributes:
        kind, terms: what exactly (``people.seconds``).
        keeper: who proposes it, ``reason`` why.
        second: who agreed or said no, ``answer`` why not.
        seconds: who could agree: every other keeper without a part in it.
        late: its time is over, and nobody has ended it yet.
        transfer: what it paid.
        actions: what the viewer can do about it.
    """

    id: RecordId
    kind: str
    terms: codec.Body
    keeper: Person | None
    reason: str
    at: Instant
    until: Millis
    state: str
    second: Person | None
    answer: str
    ended: Instant | None
    late: bool
    seconds: tuple[Person, ...]
    transfer: RecordId | None
    actions: tuple[Action, ...]


_MOST: Final = 100


def waiting(tx: Tx, viewer: int, now: Instant) -> tuple[ProposalView, ...]:
    """What waits for a second keeper, the earliest end first."""
    query = Proposal.select().where(Proposal.state == seconds.OPEN).order_by(Proposal.until_ms).limit(_MOST)
    return tuple(_view(tx, row, viewer, now) for row in tx.rows(query))


def ended(tx: Tx, viewer: int, now: Instant, most: int = 10) -> tuple[ProposalView, ...]:
    """What did not wait any more, the last one first."""
    query = (
        Proposal.select()
        .where(Proposal.state != seconds.OPEN)
        .order_by(Proposal.closed_entry.desc())
        .limit(most)
    )
    return tuple(_view(tx, row, viewer, now) for row in tx.rows(query))


def count(tx: Tx) -> int:
    """How many wait for a second keeper."""
    found = tx.first("SELECT COUNT(*) FROM proposal WHERE state = ?", seconds.OPEN)
    return int(found[0]) if found else 0


def proposal(tx: Tx, record: bytes, viewer: int, now: Instant) -> ProposalView | None:
    """One of them; None when there is none of this id."""
    row = tx.get(Proposal, id=record)
    return None if row is None else _view(tx, row, viewer, now)


def terms(tx: Tx, record: bytes) -> tuple[str, codec.Body, int] | None:
    """Kind and terms of a proposal, and the entry that proposed it."""
    row = tx.get(Proposal, id=record)
    return None if row is None else (row.kind, seconds.terms_of(row), row.entry)


def _view(tx: Tx, row: Proposal, viewer: int, now: Instant) -> ProposalView:
    begun, over = chain.by_number(tx, row.entry), chain.by_number(tx, row.closed_entry or 0)
    assert begun is not None  # a proposal is folded from its entry
    terms_, is_open = seconds.terms_of(row), row.state == seconds.OPEN
    able = seconds.could_be_second(tx, row.kind, terms_, row.keeper) if is_open else ()
    paid = tx.first("SELECT transfer FROM spending WHERE entry = ?", row.closed_entry) if over else None
    return ProposalView(
        RecordId(bytes(row.id)),
        row.kind,
        terms_,
        person(tx, row.keeper),
        words_of(tx, row.entry, "reason"),
        begun.act.at,
        Millis(row.until_ms),
        row.state,
        None if row.second is None else person(tx, row.second),
        words_of(tx, row.closed_entry, "reason") if row.state == seconds.DECLINED else "",
        None if over is None else over.act.at,
        is_open and dues.over(tx, row.entry, row.until_ms, now),
        tuple(one for number in able if (one := person(tx, number)) is not None),
        None if paid is None else RecordId(bytes(paid[0])),
        _actions(tx, row, viewer, able),
    )


def _actions(tx: Tx, row: Proposal, viewer: int, able: tuple[int, ...]) -> tuple[Action, ...]:
    if row.state != seconds.OPEN or powers.refuse_unless_keeper(tx, viewer):
        return ()
    if row.keeper == viewer:
        return (Action.CANCEL,)
    return (Action.AGREE, Action.DECLINE) if viewer in able else ()


def keepers_of(tx: Tx, transfer: bytes) -> tuple[Person, ...]:
    """The keepers who paid a transfer from the commons or cleared an account by it: one, two or none."""
    row = tx.get(Spending, transfer=transfer)
    if row is None:
        return ()
    numbers = [row.keeper] if row.second is None else [row.keeper, row.second]
    return tuple(one for number in numbers if (one := person(tx, number)) is not None)
