"""What a member sees: home, statement, transfers, claims.

Every object comes with the actions its viewer may take now, so that no screen needs the
rules. Amounts are in minor units, signed from the viewer's side where it says so.

``as_keeper``: the viewer is present as a keeper, which the screen knows. A keeper who is not
sees what any member sees; somebody who is no keeper gains nothing by it.
"""

from dataclasses import dataclass
from typing import Final

from appliance.ledger.book.schema import AccountRow, Transfer
from appliance.ledger.book.store import Tx
from appliance.ledger.clock import Instant, Millis, Quality
from appliance.ledger.errors import Action
from appliance.ledger.money import accounts, reversals, transfers
from appliance.ledger.people import powers
from appliance.ledger.reads import crossings, openings, splits
from appliance.ledger.reads.acted import BY_KEEPERS, Acted, acted, actor_of, helper
from appliance.ledger.reads.care import ClaimView, my_unpaid, to_confirm
from appliance.ledger.reads.care_far import AskView, asked_of_me
from appliance.ledger.reads.crossings import Way
from appliance.ledger.reads.people import Person, names, owner_of, person
from appliance.ledger.reads.splits import SplitView
from appliance.ledger.reads.told import words, words_of
from appliance.ledger.values import COMMONS, UNRESOLVED, AccountNumber, RecordId


@dataclass(frozen=True, slots=True)
class Line:
    """One posting on a statement.

    Attributes:
        transfer: its id.
        entry: the entry that posted it; lines are ordered by it.
        other: the other side, wherever it lives.
        amount: what it did to this account, signed.
        balance: the account's balance after it.
        kind: payment, request (one that was accepted), reversal or care; sent, received or
            refund when the other side is another hub's.
        state: the transfer's state now.
        cancelled: it undoes another or was undone: one cancelled movement to people.
        by: who moved it on this account, when that was a helper or joint holder and not the owner.
        others: how many more people than this account and ``other`` had a part in it (a split).
        recovered: it was found again after a restore, and ``at`` is when.
    """

    transfer: RecordId
    entry: int
    at: Instant
    other: Person
    amount: int
    balance: int
    kind: str
    category: str
    note: str
    state: str
    cancelled: bool
    by: Person | None = None
    others: int = 0
    recovered: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Some lines, newest first; ``older`` continues after them, None at the end."""

    lines: tuple[Line, ...]
    older: int | None


@dataclass(frozen=True, slots=True)
class TransferView:
    """A transfer or request as ``viewer`` sees it.

    ``text`` is the note, or the reason of a reversal. ``at`` is when it was opened, ``closed``
    when it was done or ended. ``reversal`` is the transfer that undid this one, ``undoes`` the
    one that this undid, ``claim`` the care that it paid. ``entry`` is the entry that paid it, or the
    last one of what was not paid. ``way`` is there when it crosses between hubs; then ``entry`` is
    the one with which it left or came in, and ``ended_entry`` the later one that ended it, if any.
    ``levy`` is what the commons kept of it. ``acted``: who acted on whose account, where that was
    not the owner. ``split`` is there when it is a split, or undoes one; then ``amount`` is the
    viewer's own part, the whole to its one and to keepers.
    """

    id: RecordId
    code: str | None
    kind: str
    state: str
    payer: Person | None
    payee: Person
    amount: int
    category: str
    text: str
    at: Instant
    closed: Instant | None
    entry: int
    reversal: RecordId | None
    undoes: RecordId | None
    claim: RecordId | None
    actions: tuple[Action, ...]
    way: Way | None = None
    ended_entry: int | None = None
    levy: int = 0
    acted: tuple[Acted, ...] = ()
    split: SplitView | None = None


@dataclass(frozen=True, slots=True)
class Home:
    """A member's first page.

    ``can_give`` and ``can_receive`` are None without a limit. ``to_pay``: requests to answer;
    ``to_confirm``: care that names the member as co-signer; ``asked``: own unanswered requests;
    ``my_care``: own claims not yet paid; ``on_way``: payments to other hubs that neither arrived
    nor came back; ``coming``: payments from there that are
    held. ``to_share``: splits of which the own part waits for an answer; ``agreed``: those that wait
    for others; ``far_asks``: care of other hubs to confirm. A newcomer who waits for a keeper has balance None.
    """

    me: Person
    balance: int | None
    can_give: int | None
    can_receive: int | None
    low: int | None
    high: int | None
    held: int
    to_pay: tuple[TransferView, ...]
    to_confirm: tuple[ClaimView, ...]
    asked: tuple[TransferView, ...]
    my_care: tuple[ClaimView, ...]
    recent: tuple[Line, ...]
    on_way: tuple[TransferView, ...] = ()
    coming: tuple[TransferView, ...] = ()
    to_share: tuple[TransferView, ...] = ()
    agreed: tuple[TransferView, ...] = ()
    aside: int = 0
    far_asks: tuple[AskView, ...] = ()


_LONGEST_LIST = 50


def home(tx: Tx, number: int) -> Home | None:
    """The first page of member ``number``; None for nobody."""
    me = person(tx, number)
    if me is None or number in (COMMONS, UNRESOLVED):
        return None
    account = accounts.get(tx, number)
    if account is None:
        return Home(me, None, None, None, None, None, 0, (), (), (), (), ())
    mine = splits.able(tx, number)
    marks = ", ".join("?" * len(mine))
    having = (
        f"id IN (SELECT transfer FROM share WHERE account IN ({marks}) AND state = ?) AND state = 'pending'"  # noqa: S608 - marks alone
    )
    asking = f"((payee = ? OR (kind = 'split' AND payee IN ({marks}))) AND state = 'pending')"
    # Nearly nobody has a part in a split just now: one look tells.
    any_part = f"SELECT 1 FROM share WHERE account IN ({marks}) AND state IN ('asked', 'accepted') LIMIT 1"  # noqa: S608 - marks alone
    shares = tx.first(any_part, *mine) is not None
    return Home(
        me,
        account.balance,
        accounts.can_give(account),
        accounts.can_receive(account),
        account.low,
        account.high,
        account.held,
        _transfers(tx, number, "payer = ? AND state = 'pending'", number),
        to_confirm(tx, number),
        _transfers(tx, number, asking, number, *mine),
        my_unpaid(tx, number),
        statement(tx, number, limit=5).lines,
        _transfers(tx, number, "payer = ? AND state = 'on_way'", number),
        _transfers(tx, number, "payee = ? AND state = 'held'", number),
        _transfers(tx, number, having, *mine, "asked") if shares else (),
        _transfers(tx, number, having, *mine, "accepted") if shares else (),
        account.aside,
        asked_of_me(tx, number),
    )


def statement(tx: Tx, account: int, before: int | None = None, limit: int = 20) -> Page:
    """The account's lines, newest first, from before entry ``before``; ``limit`` 1 to 200."""
    limit = max(1, min(limit, 200))
    from_here = (account, limit + 1) if before is None else (account, before, limit + 1)
    rows = tx.select(_LINES if before is None else _OLDER_LINES, *from_here)
    sides = {
        row[3]: splits.other_side(tx, row[11] or row[3], row[5], row[6], account) for row in rows[:limit]
    }
    others = names(tx, {number for number, _ in sides.values()})
    crossed = [row[3] for row in rows[:limit] if row[4] in transfers.CROSSING]
    far, again = crossings.far_sides(tx, crossed), crossings.recovered(tx, crossed)
    owner = owner_of(tx, account)
    lines = tuple(
        _line(tx, row, (account, owner), sides[row[3]], (others, far, again)) for row in rows[:limit]
    )
    return Page(lines, lines[-1].entry if len(rows) > limit else None)


_WITH_REASON: Final = ", ".join(f"'{kind}'" for kind in sorted(transfers.WITH_REASON))


def _lines_where(condition: str) -> str:
    return f"""
SELECT posting.entry, posting.amount, posting.balance_after, transfer.id, transfer.kind, transfer.payer,
  transfer.payee, transfer.category, said.text, transfer.closed_ms, transfer.closed_quality,
  transfer.reverses, transfer.reversed_by, transfer.state, erased.entry, entry.authority
FROM posting JOIN transfer ON transfer.id = posting.transfer JOIN entry ON entry.number = posting.entry
LEFT JOIN private_text AS said ON said.entry = transfer.text_entry
  AND said.field = CASE WHEN transfer.kind IN ({_WITH_REASON}) THEN 'reason' ELSE 'note' END
LEFT JOIN erased ON erased.entry = transfer.text_entry
WHERE {condition} ORDER BY posting.entry DESC LIMIT ?
"""  # noqa: S608 - the two conditions below


_LINES: Final = _lines_where("posting.account = ?")
_OLDER_LINES: Final = _lines_where("posting.account = ? AND posting.entry < ?")


def _line(
    tx: Tx,
    row: tuple[object, ...],
    of: tuple[int, int | None],
    side: tuple[int, int],
    people: tuple[dict[int, Person], dict[bytes, Person], frozenset[bytes]],
) -> Line:
    entry, amount, balance, record, kind, payer, _, category = row[:8]
    text, ms, quality, undoes, undone, state, gone = row[8:-1]
    account, owner = of
    others, far, again = people
    # Credit leaves an account by an act on it; what comes in was moved by somebody else.
    actor = actor_of(str(row[-1])) if payer == account else None
    record = bytes(record)  # type: ignore[call-overload]  # the id, a blob
    return Line(
        RecordId(record),
        int(str(entry)),
        Instant(Millis(int(str(ms))), Quality(int(str(quality)))),
        far[record] if record in far else others[side[0]],
        int(str(amount)),
        int(str(balance)),
        str(kind),
        str(category),
        words(text, gone),
        str(state),
        undoes is not None or undone is not None,
        None if actor in (None, owner) or kind in BY_KEEPERS else helper(tx, account, actor),
        side[1],
        record in again,
    )


def transfer(tx: Tx, record: bytes, viewer: int, as_keeper: bool = False) -> TransferView | None:
    """A transfer by its id, for those who may see it: its sides and keepers; a pending
    open request for everybody who has its id. None too for what another hub sent to nobody:
    it has no two sides, and ``desk.held`` tells of it.
    """
    return _if_seen(tx, tx.get(Transfer, id=record), viewer, as_keeper)


def request_by_code(tx: Tx, code: str, viewer: int, as_keeper: bool = False) -> TransferView | None:
    """A request by the code that its maker shows."""
    return _if_seen(tx, tx.get(Transfer, code=code), viewer, as_keeper)


def _if_seen(tx: Tx, row: Transfer | None, viewer: int, as_keeper: bool) -> TransferView | None:
    if row is None or crossings.for_nobody(tx, row):
        return None
    keeper = as_keeper and _is_keeper(person(tx, viewer))
    open_to_all = row.state == transfers.PENDING and row.payer is None and row.kind == transfers.REQUEST
    seen = keeper or open_to_all or viewer in (row.payer, row.payee) or reversals.acts_on(tx, row, viewer)
    seen = seen or splits.has_a_part(tx, row, viewer)
    return _transfer_view(tx, row, viewer, keeper) if seen else None


def _is_keeper(who: Person | None) -> bool:
    return who is not None and who.keeper and who.status in powers.STANDING


def _transfers(tx: Tx, viewer: int, where: str, *values: object) -> tuple[TransferView, ...]:
    rows = tx.found(Transfer, f"{where} ORDER BY opened_entry DESC LIMIT {_LONGEST_LIST}", *values)
    return tuple(_transfer_view(tx, row, viewer) for row in rows)


def _transfer_view(tx: Tx, row: Transfer, viewer: int, keeper: bool = False) -> TransferView:
    payer, payee, amount = openings.own_part(tx, row, viewer, (*crossings.sides(tx, row), row.amount))
    text = words_of(tx, row.text_entry, "reason" if row.kind in transfers.WITH_REASON else "note")
    closed = None
    if row.closed_ms is not None:
        closed = Instant(Millis(row.closed_ms), Quality(row.closed_quality or 0))
    opened = Instant(Millis(row.opened_ms), Quality.NONE if closed is None else closed.quality)
    way, last = crossings.way(tx, row), row.closed_entry or row.opened_entry
    split = splits.view(tx, row, viewer)
    return TransferView(
        RecordId(bytes(row.id)),
        row.code,
        row.kind,
        row.state,
        payer,
        payee,
        split.mine.amount if split and split.mine else amount,
        row.category,
        text,
        opened,
        closed,
        last if way is None else row.opened_entry,
        None if row.reversed_by is None else RecordId(bytes(row.reversed_by)),
        None if row.reverses is None else RecordId(bytes(row.reverses)),
        None if row.claim is None else RecordId(bytes(row.claim)),
        _transfer_actions(tx, row, viewer, keeper),
        way,
        None if way is None or last == row.opened_entry else last,
        splits.levy(tx, row),
        acted(tx, row),
        split,
    )


def _transfer_actions(tx: Tx, row: Transfer, viewer: int, keeper: bool) -> tuple[Action, ...]:
    who = person(tx, viewer)
    if who is None or who.status not in powers.STANDING:
        return ()
    mine = accounts.owned(tx, row.payee, viewer)
    if (crossing := crossings.crossing_of(tx, row)) is not None:
        return crossings.actions(row, crossing, accounts.owned(tx, crossing.near, viewer), keeper)
    if row.kind == transfers.SPLIT:
        return splits.actions(tx, row, viewer, keeper)
    if row.state == transfers.PENDING:
        if mine:
            return (Action.CANCEL,)
        if row.payer is None:
            return (Action.ACCEPT,)
        return (Action.ACCEPT, Action.DECLINE) if accounts.owned(tx, row.payer, viewer) else ()
    undoable = row.state == transfers.DONE and row.kind not in transfers.FINAL and row.reversed_by is None
    if not undoable or reversals.of_somebody_gone(tx, row):
        return ()
    return (Action.REVERSE,) if mine or (keeper and not reversals.party(tx, row, viewer)) else ()


def balance(tx: Tx, account: int) -> int | None:
    """The balance of an account; None when there is none."""
    row = tx.get(AccountRow, number=AccountNumber(account))
    return row.balance if row else None
