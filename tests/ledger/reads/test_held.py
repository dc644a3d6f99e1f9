"""Stories of the lists of accounts beside the first one: in their order, with what waits, and for nobody else."""

import pytest

from appliance.ledger.errors import Action
from appliance.ledger.money.requests import Accept, Request
from appliance.ledger.money.transfers import Pay
from appliance.ledger.people.further import CloseAccount
from appliance.ledger.people.grants import HELPER, JOINT, AgreeGrant, AskGrant
from appliance.ledger.reads.held import done_by, held, look, of_account, one, requests
from appliance.ledger.values import AccountNumber, Amount, RecordId
from tests.ledger.people.test_further import bakery
from tests.support.village import Village


@pytest.fixture
def accounts(river: Village) -> tuple[AccountNumber, AccountNumber, AccountNumber]:
    """Bob's bakery, Alice's household that he holds with her, and Chandra whom he helps."""
    shop, home, chandra = bakery(river), bakery(river, "Alice", "household"), river.numbers["Chandra"]
    for owner, account, kind in (("Alice", home, JOINT), ("Chandra", chandra, HELPER)):
        river.do(owner, AskGrant(account, river.numbers["Bob"], kind))
        river.do("Bob", AgreeGrant(account, kind))
    return shop, home, chandra


def test_own_ones_come_first_then_joint_ones_then_those_of_others(
    river: Village, accounts: tuple[AccountNumber, ...]
) -> None:
    shop, home, chandra = accounts
    river.do("Dina", Request(river.numbers["Dina"], chandra, Amount(5)))
    bob = river.numbers["Bob"]
    with river.hub.reading() as tx:
        found = held(tx, bob)
        assert [(a.account.number, a.kind, a.waiting) for a in found] == [
            (shop, "own", 0),
            (home, JOINT, 0),
            (chandra, HELPER, 1),
        ]
        assert look(tx, bob, bob) is None, "the first one is home"
        assert look(tx, 0, bob) is look(tx, 99, bob) is look(tx, river.numbers["Dina"], bob) is None
        assert [a.account.number for a in held(tx, river.numbers["Alice"])] == [home]
        assert held(tx, chandra) == ()
        assert [g.member.name for g in of_account(tx, home)] == ["Bob"]
        assert one(tx, shop, bob) is None
    river.do("Bob", CloseAccount(shop))
    with river.hub.reading() as tx:
        assert shop not in [a.account.number for a in held(tx, bob)]


def test_what_somebody_did_is_told_without_what_the_owner_did(
    river: Village, accounts: tuple[AccountNumber, ...]
) -> None:
    chandra, dina, bob = accounts[2], river.numbers["Dina"], river.numbers["Bob"]
    river.do("Chandra", Pay(chandra, dina, Amount(1)))
    river.do("Bob", Pay(chandra, dina, Amount(2)))
    river.do("Bob", Pay(bob, dina, Amount(3)))
    river.do("Bob", Pay(bob, chandra, Amount(4)))
    asked = RecordId(river.do("Dina", Request(dina, chandra, Amount(5))).record)
    mine = RecordId(river.do("Bob", Request(chandra, dina, Amount(6))).record)
    with river.hub.reading() as tx:
        (to_answer,) = requests(tx, chandra, bob, asked=False)
        (asks,) = requests(tx, chandra, bob, asked=True)
    assert (to_answer.id, to_answer.actions) == (asked, (Action.ACCEPT, Action.DECLINE))
    assert (asks.id, asks.actions) == (mine, (Action.CANCEL,))
    river.do("Bob", Accept(asked, chandra, dina, Amount(5)))
    with river.hub.reading() as tx:
        assert [t.amount for t in done_by(tx, chandra, bob, chandra)] == [6, 5, 2]
        assert done_by(tx, chandra, dina, chandra) == ()
