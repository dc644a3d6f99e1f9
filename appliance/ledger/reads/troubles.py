"""What is not plain about a transfer: until when it waits, that it was asked back, that it is contested.

The words beside an ask are read by its two sides and by keepers who are present, those beside a
dispute by all parties and these keepers.
"""

from dataclasses import dataclass
from typing import Final

from appliance.ledger.book import chain
from appliance.ledger.book.schema import Transfer
from appliance.ledger.book.schema_credit import Answered, Due, Share, UndoAsk
from appliance.ledger.book.schema_credit import Dispute as DisputeRow
from appliance.ledger.book.store import Tx
from appliance.ledger.clock import Instant, Millis, Quality
from appliance.ledger.errors import Action
from appliance.ledger.money import accounts, disputes, dues, reversals, transfers, undo
from appliance.ledger.money.splits import LEFT_OUT
from appliance.ledger.people import powers
from appliance.ledger.reads.people import Person, person
from appliance.ledger.reads.told import words_of
from appliance.ledger.values import RecordId

DAY_MS: Final = 86_400_000

SOON_DAYS: Final = 3
"""From so many days before its end on, a request says that it ends soon."""


MOST_ON_HOME: Final = 20
"""Of so many contested payments the first page tells, those that end first; the others have their receipts."""

_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Waits:
    """Until when a request waits.

    Attributes:
        until: when it expires.
        days_left: whole days until then, rounded up; 0 when that is over.
        doubtful: its time is over by a clock that nobody vouches for, so it stands.
    """

    until: Millis
    days_left: int
    doubtful: bool


@dataclass(frozen=True, slots=True)
class AskView:
    """A payment that its payer asks back. ``state``: open, agreed, declined or withdrawn."""

    by: Person | None
    state: str
    reason: str
    at: Instant


@dataclass(frozen=True, slots=True)
class DisputeView:
    """A contested transfer. ``state``: open, reversed, settled or withdrawn.

    ``noted_by``: the keeper who noted it for ``by``, who has no key; else None.
    ``late``: it is open and its deadline is over. ``ended_by`` and ``outcome`` when a keeper
    ended it in writing. ``amount``: the viewer's own part, when the transfer is a split.
    """

    transfer: RecordId
    by: Person | None
    state: str
    note: str
    at: Instant
    until: Millis
    late: bool
    ended_by: Person | None
    outcome: str
    amount: int
    noted_by: Person | None = None


@dataclass(frozen=True, slots=True)
class Trouble:
    """All of it, with what the viewer can do about it."""

    waits: Waits | None
    phrase: str
    ask: AskView | None
    dispute: DisputeView | None
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """For the first page: a payment that the viewer is asked to give back, since ``at``; ``of``: out of which account."""

    id: RecordId
    by: Person | None
    amount: int
    reason: str
    at: Instant
    of: Person | None = None


def trouble(tx: Tx, record: bytes, viewer: int, now: Instant, as_keeper: bool = False) -> Trouble:
    """What is not plain about a transfer that the viewer may see."""
    row = tx.get(Transfer, id=record)
    assert row is not None  # asked of transfers that were just read
    is_party = reversals.party(tx, row, viewer)
    inside = _reads(tx, row, viewer) or as_keeper
    ask = tx.get(UndoAsk, transfer=record) if inside else None
    dispute = tx.get(DisputeRow, transfer=record) if inside else None
    answered = tx.get(Answered, transfer=record) if inside else None
    return Trouble(
        waits(tx, row, now),
        answered.phrase if answered else "",
        _ask(tx, ask) if ask else None,
        _dispute(tx, dispute, row, now, viewer) if dispute else None,
        _actions(tx, row, ask, dispute, viewer, as_keeper and not is_party),
    )


def waits(tx: Tx, row: Transfer, now: Instant) -> Waits | None:
    """Until when a pending transfer waits; None when it does not, waits for ever, or nobody knows yet."""
    due = tx.get(Due, transfer=row.id) if row.state == transfers.PENDING else None
    until = None if due is None else dues.ends(tx, due.entry, due.until_ms)
    if until is None:
        return None
    left = max(0, -(-(until - now.ms) // DAY_MS))
    return Waits(Millis(until), left, left == 0 and now.quality < Quality.KEEPER)


def _ask(tx: Tx, row: UndoAsk) -> AskView:
    entry = chain.by_number(tx, row.entry)
    assert entry is not None  # an ask is folded from its entry
    return AskView(person(tx, row.member), row.state, words_of(tx, row.entry, "reason"), entry.act.at)


def _dispute(tx: Tx, row: DisputeRow, transfer: Transfer, now: Instant, viewer: int | None) -> DisputeView:
    entry = chain.by_number(tx, row.entry)
    assert entry is not None  # a dispute is folded from its entry
    share = None if viewer is None else tx.get(Share, transfer=transfer.id, account=viewer)
    ended = chain.by_number(tx, row.closed_entry) if row.closed_entry else None
    return DisputeView(
        RecordId(bytes(row.transfer)),
        person(tx, row.member),
        row.state,
        words_of(tx, row.entry, "text"),
        entry.act.at,
        Millis(row.until_ms),
        row.state == disputes.OPEN and now.ms > row.until_ms and now.quality >= Quality.KEEPER,
        person(tx, ended.actor) if ended is not None and ended.actor is not None else None,
        words_of(tx, row.closed_entry, "text"),
        transfer.amount if share is None else share.amount,
        person(tx, entry.actor) if entry.actor not in (None, row.member) else None,
    )


def _actions(
    tx: Tx, row: Transfer, ask: UndoAsk | None, dispute: DisputeRow | None, viewer: int, outside_keeper: bool
) -> tuple[Action, ...]:
    if not powers.active(tx, viewer):
        return _of_somebody_frozen(tx, row, dispute, viewer)
    found: list[Action] = []
    contested = dispute is not None and dispute.state == disputes.OPEN
    again = (dispute is None or dispute.state == disputes.WITHDRAWN) and disputes.can_be_disputed(row)
    if ask is not None and ask.state == undo.OPEN:
        if accounts.owned(tx, row.payee, viewer):
            found.append(Action.KEEP)
        elif accounts.owned(tx, row.payer, viewer):
            found.append(Action.WITHDRAW)
    elif (
        ask is None
        and undo.can_be_asked_back(row)
        and accounts.owned(tx, row.payer, viewer)
        and not reversals.of_somebody_gone(tx, row)
    ):
        found.append(Action.ASK_BACK)
    if contested and outside_keeper and disputes.can_judge(tx, row, viewer):
        found.append(Action.END)
    if contested and dispute is not None and disputes.may_withdraw(tx, dispute, viewer):
        found.append(Action.CLOSE)
    if again:
        if reversals.acts_on(tx, row, viewer):
            found.append(Action.DISPUTE)
        elif outside_keeper and disputes.without_key(tx, row):
            found.append(Action.DISPUTE_FOR)
    return tuple(found)


def _of_somebody_frozen(tx: Tx, row: Transfer, dispute: DisputeRow | None, viewer: int) -> tuple[Action, ...]:
    """Who is frozen can say that something is wrong, and that all is well; others who are not active nothing."""
    if dispute is not None and dispute.state == disputes.OPEN:
        return (Action.CLOSE,) if disputes.may_withdraw(tx, dispute, viewer) else ()
    again = (dispute is None or dispute.state == disputes.WITHDRAWN) and disputes.can_be_disputed(row)
    return (Action.DISPUTE,) if again and disputes.may_contest(tx, row, viewer) else ()


def asked_back(tx: Tx, viewer: int) -> tuple[Asked, ...]:
    """Payments to accounts of the viewer that somebody asks back, the oldest ask first."""
    return tuple(
        Asked(
            RecordId(bytes(record)),
            person(tx, by),
            amount,
            words_of(tx, entry, "reason"),
            chain.time_of(tx, entry),
            person(tx, payee),
        )
        for record, by, amount, entry, payee in tx.select(_ASKED_BACK, viewer, viewer)
    )


def open_disputes(tx: Tx, now: Instant, viewer: int | None = None) -> tuple[DisputeView, ...]:
    """Open disputes, the earliest deadline first: all of them, or those the viewer is a party to."""
    rows = tx.select(_OPEN, _MOST) if viewer is None else tx.select(_OPEN_OF, *[viewer] * 6, _MOST)
    found: list[DisputeView] = []
    for (record,) in rows:
        row, transfer = tx.get(DisputeRow, transfer=record), tx.get(Transfer, id=record)
        if row is None or transfer is None or (viewer is not None and not _reads(tx, transfer, viewer)):
            continue
        found.append(_dispute(tx, row, transfer, now, viewer))
        if viewer is not None and len(found) == MOST_ON_HOME:
            break
    return tuple(found)


def _reads(tx: Tx, row: Transfer, viewer: int) -> bool:
    """Whether the viewer is a side of the transfer, or acts now for one; who was left out is none."""
    share = tx.get(Share, transfer=row.id, account=viewer)
    mine = viewer in (row.payer, row.payee) or (share is not None and share.state != LEFT_OUT)
    return mine or reversals.acts_on(tx, row, viewer)


def unanswered(tx: Tx, viewer: int, since: int) -> tuple[RecordId, ...]:
    """Requests and splits of or to the viewer that expired after ``since``, newest first."""
    rows = tx.select(_UNANSWERED, since, *[viewer] * 6)
    return tuple(RecordId(bytes(record)) for (record,) in rows)


_MINE: Final = """(SELECT number FROM account WHERE owner = ? UNION
  SELECT account FROM "grant" JOIN account ON account.number = "grant".account
  JOIN member ON member.number = account.owner AND member.status IN ('active', 'away', 'moving')
  WHERE "grant".member = ? AND "grant".state = 'agreed')"""

_OPEN: Final = "SELECT transfer FROM dispute WHERE state = 'open' ORDER BY until_ms, entry LIMIT ?"

_OPEN_OF: Final = f"""
SELECT dispute.transfer FROM dispute JOIN transfer ON transfer.id = dispute.transfer
WHERE dispute.state = 'open' AND (transfer.payer IN {_MINE} OR transfer.payee IN {_MINE}
  OR transfer.id IN (SELECT transfer FROM share WHERE account IN {_MINE}))
ORDER BY dispute.until_ms, dispute.entry LIMIT ?
"""  # noqa: S608 - no value of anybody is written into it

_ASKED_BACK: Final = f"""
SELECT transfer.id, undo_ask.member, transfer.amount, undo_ask.entry, transfer.payee
FROM undo_ask JOIN transfer ON transfer.id = undo_ask.transfer
WHERE undo_ask.state = 'open' AND transfer.payee IN {_MINE} ORDER BY undo_ask.entry LIMIT 50
"""  # noqa: S608 - no value of anybody is written into it

_UNANSWERED: Final = f"""
SELECT id FROM transfer WHERE state = 'expired' AND closed_ms > ?
  AND (payee IN {_MINE} OR payer IN {_MINE}
    OR id IN (SELECT transfer FROM share WHERE state <> 'left_out' AND account IN {_MINE})) ORDER BY closed_entry DESC LIMIT 10
"""  # noqa: S608 - no value of anybody is written into it
