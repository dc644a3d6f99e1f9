"""The levy: what the commons keeps of each payment at home, when the community has one.

The payer pays what was agreed; the payee gets it less the levy. Off by default.
"""

from typing import Final

from appliance.ledger.book import rules
from appliance.ledger.book.store import Tx
from appliance.ledger.values import COMMONS

DOWN: Final = "down"
UP: Final = "up"
HALF: Final = "half"
ROUNDINGS: Final = (DOWN, UP, HALF)


def on(tx: Tx, payee: int, amount: int) -> int:
    """The levy on a payment of ``amount`` to ``payee``, minor units; zero on what goes to the commons."""
    if payee == COMMONS:
        return 0
    credit = rules.kept(tx, "credit")
    # By name and with what held before there was a levy: this is part of the fold.
    return of(amount, credit.get("levy_rate", 0), credit.get("levy_round", DOWN), credit.get("levy_from", 0))


def of(amount: int, rate: int, rounding: str, from_amount: int) -> int:
    """The levy at ``rate`` per mille, rounded; always less than ``amount``.

    Args:
        rounding: down, up, or half (to the nearest; a half goes up).
        from_amount: payments below it pay nothing.
    """
    if not rate or amount < from_amount:
        return 0
    whole, rest = divmod(amount * rate, 1000)
    up = (rounding == UP and rest > 0) or (rounding == HALF and rest * 2 >= 1000)
    return min(whole + up, amount - 1)
