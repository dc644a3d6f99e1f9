"""More keepers than Kira: Kofi and Lena, whom the root paper appointed."""

from typing import Any

from appliance.ledger.book.command import Receipt
from appliance.ledger.money.commons import PayFromCommons
from appliance.ledger.money.transfers import Pay
from appliance.ledger.people.members import AppointKeeper, Approve
from appliance.ledger.people.seconds import Agree, Propose
from appliance.ledger.reads import member as reads
from appliance.ledger.values import COMMONS, Amount, RecordId
from tests.support.village import Village


def appoint(river: Village, *names: str) -> None:
    """Let these in, when they are new, and make them keepers."""
    for name in names:
        if name not in river.numbers:
            river.do("Kira", Approve(river.join(name)))
        river.root(AppointKeeper(river.numbers[name]))


def commons(river: Village) -> int:
    """The balance of the commons in hundredths."""
    with river.hub.reading() as tx:
        return reads.balance(tx, COMMONS) or 0


def give(river: Village, name: str, amount: int) -> Receipt:
    """``name`` gives to the commons."""
    return river.do(name, Pay(river.numbers[name], COMMONS, Amount(amount), again=True))


def from_commons(river: Village, payee: str, amount: int, reason: str = "seed for all") -> PayFromCommons:
    """A keeper's payment to ``payee``."""
    return PayFromCommons(river.numbers[payee], Amount(amount), "garden", reason)


def payment(river: Village, payee: str, amount: int, reason: str = "a new roof") -> Propose:
    """The proposal to pay ``payee`` from the commons."""
    terms = {"payee": river.numbers[payee], "amount": amount, "category": "building"}
    return Propose("pay_commons", terms, reason)


def clearing(river: Village, name: str, to: str | None = None, balance: int | None = None) -> Propose:
    """The proposal to bring the account of ``name`` to zero."""
    stands = river.balance(name) if balance is None else balance
    to_number = COMMONS if to is None else river.numbers[to]
    return Propose("clear", {"account": river.numbers[name], "balance": stands, "to": to_number}, "leaves")


def dismissal(river: Village, name: str) -> Propose:
    """The proposal to end the office of the keeper ``name``."""
    return Propose("dismiss_keeper", {"member": river.numbers[name]}, "has moved away")


def rules(**changes: Any) -> Propose:
    """The proposal to change rules of credit."""
    return Propose("change_rules", {"group": "credit", "changes": changes}, "assembly of May")


def two(river: Village, first: str, second: str, proposal: Propose) -> Receipt:
    """``first`` proposes and ``second`` agrees."""
    proposed = river.do(first, proposal)
    return river.do(second, Agree(RecordId(proposed.record)))
