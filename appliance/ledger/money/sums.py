"""What must hold of credit at any time: postings, balances, holds and the village as a whole."""

import peewee as pw

from appliance.ledger.book.schema import AccountRow, Neighbour, Posting, Transfer
from appliance.ledger.book.schema_credit import Aside
from appliance.ledger.book.store import Tx
from appliance.ledger.errors import BookDamaged
from appliance.ledger.money import transfers


def check(tx: Tx) -> int:
    """How many postings there are, once every sum holds.

    The postings of each transfer sum to zero; each balance is the sum of its account's
    postings; each hold is what the account's unanswered requests and splits ask for; what is kept
    aside is what was agreed to of splits that wait; the parts of each split are its amount; all
    balances sum to zero; what is counted with each neighbour is the sum of its crossings, and its
    trunk stands where they put it.

    Raises:
        BookDamaged: a sum does not hold.
    """
    amount = pw.fn.SUM(Posting.amount)
    for row in tx.rows(
        Posting.select(Posting.transfer).group_by(Posting.transfer).having(amount != 0).limit(1)
    ):
        raise BookDamaged(f"the postings of transfer {bytes(row.transfer).hex()} do not sum to zero")
    posted = dict(tx.rows(Posting.select(Posting.account, amount).group_by(Posting.account).tuples()))
    held_query = (
        Transfer.select(Transfer.payee, pw.fn.SUM(Transfer.amount))
        .where(Transfer.state == transfers.PENDING)
        .group_by(Transfer.payee)
    )
    held = dict(tx.rows(held_query.tuples()))
    total = 0
    for account in tx.each(AccountRow.select()):
        total += account.balance
        if account.balance != posted.pop(account.number, 0):
            raise BookDamaged(f"account {account.number}: its balance is not the sum of its postings")
        if account.held != held.pop(account.number, 0):
            raise BookDamaged(f"account {account.number}: what is held is not what its requests ask for")
    if posted or held:
        raise BookDamaged(f"postings or requests of accounts that are not there: {sorted({*posted, *held})}")
    if total:
        raise BookDamaged(f"the balances sum to {total}, not to zero")
    _check_splits(tx)
    _check_neighbours(tx)
    return int(tx.scalar(Posting.select(pw.fn.COUNT(Posting.account))))


def _check_splits(tx: Tx) -> None:
    asides = {row.account: row.amount for row in tx.rows(Aside.select())}
    if any(amount <= 0 for amount in asides.values()) or asides != dict(tx.select(_AGREED)):
        raise BookDamaged("what is kept aside is not what was agreed to of splits that wait")
    if (found := tx.first(_UNEVEN)) is not None:
        raise BookDamaged(f"the parts of split {bytes(found[0]).hex()} are not its amount")


_AGREED = """
SELECT share.account, SUM(share.amount) FROM share JOIN transfer ON transfer.id = share.transfer
WHERE transfer.state = 'pending' AND share.state = 'accepted' GROUP BY share.account
"""
_UNEVEN = """
SELECT transfer.id FROM transfer LEFT JOIN share ON share.transfer = transfer.id AND share.state <> 'left_out'
WHERE transfer.kind = 'split' GROUP BY transfer.id HAVING COALESCE(SUM(share.amount), 0) <> transfer.amount LIMIT 1
"""


def _check_neighbours(tx: Tx) -> None:
    for row in tx.rows(Neighbour.select()):
        found = dict.fromkeys(("sent", "arrived", "refunded", "accepted", "returned", "held"), 0)
        for outgoing, state, amount in tx.select(_CROSSED, row.hub):
            found[_COUNTED[bool(outgoing), state]] += amount
        found["sent"] += found["arrived"] + found["refunded"]
        if any(getattr(row, name) != amount for name, amount in found.items()):
            raise BookDamaged(f"hub {row.hub}: what is counted is not the sum of what crossed")
        account = tx.get(AccountRow, number=-row.hub)
        if account is None or account.balance != row.sent - row.refunded - row.accepted:
            raise BookDamaged(f"hub {row.hub}: its trunk does not stand where what crossed puts it")


_CROSSED = "SELECT outgoing, state, SUM(amount) FROM crossing WHERE hub = ? GROUP BY outgoing, state"
_COUNTED = {
    (True, transfers.ON_WAY): "sent",
    (True, transfers.ARRIVED): "arrived",
    (True, transfers.RETURNED): "refunded",
    (False, transfers.HELD): "held",
    (False, transfers.ARRIVED): "accepted",
    (False, transfers.RETURNED): "returned",
}
