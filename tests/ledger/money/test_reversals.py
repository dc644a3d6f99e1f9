"""Undoing: a new transfer back, by the payee or by a keeper with a reason, once."""

import pytest

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.schema import Transfer
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.money.transfers import Pay
from appliance.ledger.people.words import LONGEST_LINE
from appliance.ledger.values import COMMONS, Amount, RecordId
from tests.support.village import Village


def code(result: object) -> Code:
    assert isinstance(result, Refusal), result
    return result.code


def transfer(village: Village, receipt: Receipt) -> Transfer:
    with village.hub.reading() as tx:
        row = tx.get(Transfer, id=receipt.record)
    assert row is not None
    return row


def test_bob_gives_back_what_alice_paid(river: Village) -> None:
    paid = river.pay("Alice", "Bob", 200)
    undone = river.do("Bob", Reverse(paid.record))
    assert (river.balance("Alice"), river.balance("Bob")) == (0, 0)
    original, reversal = transfer(river, paid), transfer(river, undone)
    assert (original.state, bytes(original.reversed_by or b"")) == ("done", undone.record)
    assert (reversal.kind, bytes(reversal.reverses or b"")) == ("reversal", paid.record)
    assert (reversal.payer, reversal.payee, reversal.amount) == (
        river.numbers["Bob"],
        river.numbers["Alice"],
        200,
    )


def test_who_paid_can_not_take_it_back(river: Village) -> None:
    paid = river.pay("Alice", "Bob", 200)
    for name in ("Alice", "Chandra"):
        assert river.ask(name, Reverse(paid.record)) == Refusal(Code.NOT_YOURS, {}, (Action.ASK_KEEPER,))


def test_a_keeper_undoes_with_a_reason(river: Village) -> None:
    paid = river.pay("Alice", "Bob", 200)
    assert code(river.ask("Kira", Reverse(paid.record))) is Code.TEXT_MISSING
    assert code(river.ask("Kira", Reverse(paid.record, " "))) is Code.TEXT_MISSING
    assert code(river.ask("Kira", Reverse(paid.record, "x" * (LONGEST_LINE + 1)))) is Code.TEXT_TOO_LONG
    river.do("Kira", Reverse(paid.record, "wrong Bob"))
    assert (river.balance("Alice"), river.balance("Bob")) == (0, 0)


def test_nothing_is_undone_twice(river: Village) -> None:
    paid = river.pay("Alice", "Bob", 200)
    undone = river.do("Bob", Reverse(paid.record))
    assert river.ask("Bob", Reverse(paid.record)) == Refusal(
        Code.ALREADY_REVERSED, {}, (Action.SHOW, Action.HOME)
    )
    assert code(river.ask("Kira", Reverse(paid.record, "again"))) is Code.ALREADY_REVERSED
    # Nor is the undoing undone, by neither side.
    assert code(river.ask("Alice", Reverse(undone.record))) is Code.NOT_REVERSIBLE
    assert code(river.ask("Kira", Reverse(undone.record, "sorry"))) is Code.NOT_REVERSIBLE
    assert (river.balance("Alice"), river.balance("Bob")) == (0, 0)


def test_a_request_is_undone_once_it_was_paid(river: Village) -> None:
    request = river.request("Bob", "Alice", 200)
    assert code(river.ask("Bob", Reverse(request.record))) is Code.NOT_REVERSIBLE
    river.accept("Alice", request, "Bob", 200)
    river.do("Bob", Reverse(request.record))
    assert (river.balance("Alice"), river.balance("Bob")) == (0, 0)


def test_limits_do_not_stand_in_the_way_of_putting_right(river: Village) -> None:
    """Bob has spent what came by mistake. A keeper puts it right: he goes below his limit, Alice above hers."""
    paid = river.pay("Alice", "Bob", 1200)
    river.pay("Bob", "Chandra", 2400)
    river.do("Kira", SetLimits(river.numbers["Alice"], -1300, 0, "small account"))
    river.pay("Dina", "Alice", 1200)
    assert (river.balance("Alice"), river.balance("Bob")) == (0, -1200)
    assert code(river.ask("Bob", Reverse(paid.record))) is Code.PAYER_LIMIT
    river.do("Kira", Reverse(paid.record, "paid by mistake, and spent"))
    assert (river.balance("Alice"), river.balance("Bob")) == (1200, -2400)
    # From there both may move toward zero only.
    assert (
        code(river.ask("Bob", Pay(river.numbers["Bob"], river.numbers["Dina"], Amount(1))))
        is Code.PAYER_LIMIT
    )
    river.pay("Alice", "Bob", 1200)


def test_a_friends_payment_given_back_does_not_pass_the_own_limit(river: Village) -> None:
    """Bob lends Alice room: he pays, she spends his and hers, and would give his back."""
    lent = river.pay("Bob", "Alice", 1200)
    river.pay("Alice", "Chandra", 2400)
    assert code(river.ask("Alice", Reverse(lent.record))) is Code.PAYER_LIMIT
    assert (river.balance("Alice"), river.balance("Bob")) == (-1200, -1200)
    river.pay("Dina", "Alice", 1200)
    river.do("Alice", Reverse(lent.record))
    assert (river.balance("Alice"), river.balance("Bob")) == (-1200, 0)


def test_a_gift_to_the_commons_is_given_back_by_a_keeper(river: Village) -> None:
    gift = river.do("Alice", Pay(river.numbers["Alice"], COMMONS, Amount(300)))
    assert code(river.ask("Alice", Reverse(gift.record))) is Code.NOT_YOURS
    river.do("Kira", Reverse(gift.record, "she mistyped"))
    assert river.balance("Alice") == 0


def test_a_keeper_gives_back_own_receipts_without_a_reason(river: Village) -> None:
    paid = river.pay("Alice", "Kira", 50)
    river.do("Kira", Reverse(paid.record))
    assert river.balance("Kira") == 0


@pytest.mark.parametrize("record", [bytes(16), b"", b"x" * 16])
def test_what_is_not_there_is_not_undone(river: Village, record: bytes) -> None:
    for name in ("Alice", "Kira"):
        assert code(river.ask(name, Reverse(RecordId(record), "why"))) is Code.UNKNOWN_TRANSFER
