"""Splits as people see them: the one, the several, and who has agreed.

Everybody who has a part in a split sees all parts: it is one agreement. A reversal of a split is
seen with the parts of the split that it undoes.
"""

from dataclasses import dataclass
from typing import Final

from appliance.ledger.book.schema import Posting, Transfer
from appliance.ledger.book.schema_credit import Share
from appliance.ledger.book.store import Tx
from appliance.ledger.errors import Action
from appliance.ledger.money import accounts, reversals, shares, splits, transfers
from appliance.ledger.reads.acted import actor_of, helper
from appliance.ledger.reads.people import Person, person
from appliance.ledger.values import COMMONS


@dataclass(frozen=True, slots=True)
class ShareView:
    """One person's part. ``state``: asked, accepted, declined, left_out or done.

    ``got`` is what that account really got when it was paid: the amount less the levy. ``by``: who
    answered, when that was a helper or joint holder and not the owner.
    """

    who: Person
    amount: int
    state: str
    phrase: str
    got: int
    by: Person | None = None


@dataclass(frozen=True, slots=True)
class SplitView:
    """A split as somebody with a part in it, or a keeper, sees it.

    Attributes:
        several_pay: several pay ``one``; otherwise ``one`` pays several.
        one: the one.
        total: the sum of all parts, without those who were left out.
        shares: all parts, those who were left out last.
        for_me: the viewer may act for ``one``.
        mine: the viewer's own part, or that of an account that the viewer may act on: first one that is
            still asked. None for the one and for keepers.
        others: how many more people than the viewer and ``one`` have a part.
    """

    several_pay: bool
    one: Person
    for_me: bool
    total: int
    shares: tuple[ShareView, ...]
    mine: ShareView | None
    others: int

    @property
    def agreed(self) -> int:
        """How many have agreed."""
        return sum(share.state == splits.ACCEPTED for share in self.shares)

    @property
    def asked(self) -> int:
        """How many are asked, whatever they have answered."""
        return len(self.shares) - sum(share.state == splits.LEFT_OUT for share in self.shares)

    @property
    def declined(self) -> tuple[ShareView, ...]:
        """Those who have said no and are not left out."""
        return tuple(share for share in self.shares if share.state == splits.DECLINED)


def view(tx: Tx, row: Transfer, viewer: int) -> SplitView | None:
    """The split that ``row`` is, or undoes; None when it is another kind of transfer."""
    split = _split_of(tx, row)
    if split is None:
        return None
    paid = row.state == transfers.DONE
    parts = tuple(
        _share(tx, split, share) if paid else _share(tx, None, share) for share in _rows(tx, split.id)
    )
    one = person(tx, split.payee)
    assert one is not None  # it has an account, and accounts are never removed
    # Who asks or pays reads it as such, also when helping somebody who has a part.
    mine = None if split.payee == viewer else _mine(tx, parts, viewer)
    with_a_part = sum(share.state != splits.LEFT_OUT for share in parts)
    return SplitView(
        splits.several_pay(split),
        one,
        split.payee == viewer or accounts.owned(tx, split.payee, viewer),
        split.amount,
        parts,
        mine,
        with_a_part - (mine is not None and mine.state != splits.LEFT_OUT),
    )


def _mine(tx: Tx, parts: tuple[ShareView, ...], viewer: int) -> ShareView | None:
    found = [s for s in parts if s.who.number == viewer or accounts.owned(tx, s.who.number, viewer)]
    found.sort(key=lambda s: (s.state != splits.ASKED, s.who.number != viewer))
    return found[0] if found else None


def _split_of(tx: Tx, row: Transfer) -> Transfer | None:
    if row.kind == transfers.REVERSAL and row.reverses is not None:
        undone = tx.get(Transfer, id=row.reverses)
        return undone if undone is not None and undone.kind == transfers.SPLIT else None
    return row if row.kind == transfers.SPLIT else None


def _rows(tx: Tx, record: bytes) -> list[Share]:
    rows = tx.rows(Share.select().where(Share.transfer == record).order_by(Share.account))
    return sorted(rows, key=lambda share: bool(share.state == splits.LEFT_OUT))


def _share(tx: Tx, paid: Transfer | None, row: Share) -> ShareView:
    who = person(tx, row.account)
    assert who is not None  # it has an account, and accounts are never removed
    got = row.amount if paid is not None else 0
    if paid is not None and not splits.several_pay(paid) and row.account != COMMONS:
        posting = tx.get(Posting, transfer=paid.id, account=row.account)
        got = posting.amount if posting is not None else 0
    return ShareView(who, row.amount, row.state, row.phrase, got, _answered_by(tx, row))


def _answered_by(tx: Tx, row: Share) -> Person | None:
    entry = tx.first("SELECT authority, kind FROM entry WHERE number = ?", row.entry)
    if entry is None or entry[1] not in (shares.AcceptShare.KIND, shares.DeclineShare.KIND):
        return None
    return helper(tx, row.account, actor_of(entry[0]))


def has_a_part(tx: Tx, row: Transfer, viewer: int) -> bool:
    """Whether ``viewer`` has a part in the split that ``row`` is, or undoes; who was left out has none."""
    record = row.reverses if row.kind == transfers.REVERSAL else row.id
    share = None if record is None else tx.get(Share, transfer=record, account=viewer)
    return share is not None and share.state != splits.LEFT_OUT


def able(tx: Tx, viewer: int) -> list[int]:
    """The accounts that ``viewer`` may act on, the own first one among them."""
    mine = [number for (number,) in tx.select(_REACHED, viewer, viewer)]
    return [number for number in mine if number == viewer or accounts.owned(tx, number, viewer)]


_REACHED: Final = """
SELECT number FROM account WHERE owner = ?
UNION SELECT account FROM "grant" WHERE member = ? AND state = 'agreed'
"""


def other_side(tx: Tx, record: bytes, payer: int | None, payee: int, account: int) -> tuple[int, int]:
    """For a line on ``account``: the account to name beside it, and how many others there are.

    Args:
        record: the transfer, or the one that it undoes.
        payer, payee: as the line's transfer has them.
    """
    if payer is not None and payer != payee:
        return (payee if payer == account else payer), 0
    one = payee
    parts = [row.account for row in _rows(tx, record) if row.state != splits.LEFT_OUT]
    if not parts:  # what accounts began with has no sides
        return one, 0
    if account == one:
        return parts[0], len(parts) - 1
    return one, len(parts) - (account in parts)


def levy(tx: Tx, row: Transfer) -> int:
    """What the commons kept of a payment, of all parts of a split together; or gave back with its reversal."""
    if COMMONS in (row.payer, row.payee):
        return 0
    posted = tx.get(Posting, transfer=row.id, account=COMMONS)
    own = tx.get(Share, transfer=row.reverses or row.id, account=COMMONS)
    return (abs(posted.amount) if posted else 0) - (own.amount if own else 0)


_ANSWERS: Final = {
    splits.ASKED: (Action.ACCEPT, Action.DECLINE),
    splits.DECLINED: (Action.ACCEPT,),
    splits.ACCEPTED: (Action.WITHDRAW,),
}


def actions(tx: Tx, row: Transfer, viewer: int, keeper: bool) -> tuple[Action, ...]:
    """What ``viewer``, who can trade, may do with a split now."""
    split = view(tx, row, viewer)
    assert split is not None  # asked of splits only
    share = split.mine
    if row.state == transfers.PENDING:
        answers = _ANSWERS.get(share.state, ()) if share else ()
        asks = accounts.owned(tx, row.payee, viewer)
        return (*answers, Action.LEAVE_OUT, Action.CANCEL) if asks else answers
    if row.state != transfers.DONE or row.reversed_by is not None:
        return ()
    if reversals.gives_back(tx, row, viewer) or (keeper and not reversals.party(tx, row, viewer)):
        return (Action.REVERSE,)
    return (Action.PAY_BACK,) if share is not None and not splits.several_pay(row) else ()
