"""The one place that moves credit.

Sign: an account's balance is the sum of its postings. Paying posts a negative amount to the
payer and the same positive amount to the payee. Alice (0) pays Bob (0) 2.00: the lines are
(Alice, -200), (Bob, +200); Alice stands at -200, Bob at +200, the village at 0.
"""

from collections.abc import Sequence

from appliance.ledger.book.schema import AccountRow, Posting
from appliance.ledger.book.store import Tx
from appliance.ledger.errors import BookDamaged, UnbalancedPosting
from appliance.ledger.values import MAX_AMOUNT, AccountNumber, Amount, RecordId


def post(tx: Tx, transfer: RecordId, lines: Sequence[tuple[AccountNumber, Amount]], entry: int) -> None:
    """Post ``lines`` for ``transfer`` and move the balances, all or nothing.

    Raises:
        UnbalancedPosting: the lines do not sum to zero, name an account twice, or one is zero.
        BookDamaged: an account is not there.
    """
    accounts = {account for account, _ in lines}
    if sum(amount for _, amount in lines) != 0 or len(accounts) != len(lines) or len(lines) < 2:
        raise UnbalancedPosting(f"entry {entry}: lines that do not sum to zero, or name an account twice")
    for account, amount in lines:
        if amount == 0 or abs(amount) > MAX_AMOUNT:
            raise UnbalancedPosting(f"entry {entry}: a line of {amount}")
        after = tx.add(AccountRow, {"number": account}, "balance", amount)
        if after is None:
            raise BookDamaged(f"posts to account {account}, which is not there", entry)
        tx.insert(
            Posting, transfer=transfer, account=account, amount=amount, balance_after=after, entry=entry
        )
