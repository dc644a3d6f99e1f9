"""Limits of accounts: who sets them, what they allow, that zero is always open."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.schema import AccountRow
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.money import accounts
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.people.words import LONGEST_LINE
from appliance.ledger.values import COMMONS, MAX_AMOUNT, AccountNumber
from tests.support.village import Village

LOW = st.none() | st.integers(-3000, 0)
HIGH = st.none() | st.integers(0, 3000)


def limits(village: Village, number: int) -> tuple[int | None, int | None]:
    with village.hub.reading() as tx:
        row = tx.get(AccountRow, number=number)
        assert row is not None
        return row.low, row.high


def test_a_keeper_gives_other_limits_and_says_why(river: Village) -> None:
    alice = river.numbers["Alice"]
    river.do("Kira", SetLimits(alice, -2000, 5000, "she runs the mill"))
    assert limits(river, alice) == (-2000, 5000)
    river.do("Kira", SetLimits(alice, None, None, "no limit in the founding week"))
    assert limits(river, alice) == (None, None)
    river.pay("Alice", "Bob", 2400)
    assert river.balance("Alice") == -2400


def test_nobody_else_does(river: Village) -> None:
    alice = river.numbers["Alice"]
    refused = river.ask("Alice", SetLimits(alice, -9999, 9999, "I want more"))
    assert refused == Refusal(Code.NOT_KEEPER, {}, (Action.ASK_KEEPER,))
    assert limits(river, alice) == (-1200, 2400)


@pytest.mark.parametrize(
    ("low", "high"),
    [(1, None), (None, -1), (-MAX_AMOUNT - 1, None), (None, MAX_AMOUNT + 1), (500, 100)],
)
def test_zero_is_always_within_the_limits(river: Village, low: int | None, high: int | None) -> None:
    refused = river.ask("Kira", SetLimits(river.numbers["Alice"], low, high, "because"))
    assert refused == Refusal(Code.LIMITS_WRONG, {}, (Action.TRY_AGAIN,))


@pytest.mark.parametrize(
    ("reason", "code"),
    [("", Code.TEXT_MISSING), (" \n", Code.TEXT_MISSING), ("x" * (LONGEST_LINE + 1), Code.TEXT_TOO_LONG)],
)
def test_a_reason_is_given(river: Village, reason: str, code: Code) -> None:
    refused = river.ask("Kira", SetLimits(river.numbers["Alice"], -100, 100, reason))
    assert isinstance(refused, Refusal)
    assert refused.code is code


def test_an_account_that_is_not_there_has_no_limits(river: Village) -> None:
    emma = river.join("Emma")  # waits for approval: no account yet
    for number in (AccountNumber(99), emma):
        refused = river.ask("Kira", SetLimits(number, -100, 100, "because"))
        assert isinstance(refused, Refusal)
        assert refused.code is Code.UNKNOWN_ACCOUNT


def test_limits_may_be_set_below_where_the_account_stands(river: Village) -> None:
    """Nothing is taken from Alice: she may only move back toward zero."""
    river.pay("Alice", "Bob", 1000)
    river.do("Kira", SetLimits(river.numbers["Alice"], -500, 500, "too far out"))
    river.do("Kira", SetLimits(river.numbers["Bob"], -500, 500, "too far out"))
    assert (river.balance("Alice"), river.balance("Bob")) == (-1000, 1000)
    with river.hub.reading() as tx:
        alice, bob = (accounts.get(tx, river.numbers[name]) for name in ("Alice", "Bob"))
    assert alice is not None
    assert bob is not None
    assert (accounts.can_give(alice), accounts.can_receive(alice)) == (0, 1500)
    assert (accounts.can_give(bob), accounts.can_receive(bob)) == (1500, 0)


def test_the_floor_of_the_commons_is_among_the_rules(river: Village) -> None:
    refused = river.ask("Kira", SetLimits(COMMONS, -100, None, "poor year"))
    assert isinstance(refused, Refusal)
    assert refused.code is Code.UNKNOWN_ACCOUNT
    river.do("Kira", ChangeRules("credit", {"commons_low": -100}, "poor year"))
    river.do("Kira", ChangeRules("credit", {"pin_above": 50}, "small amounts"))
    assert limits(river, COMMONS) == (-100, None)


@given(st.integers(-4000, 4000), st.integers(0, 500), LOW, HIGH, st.integers(1, 4000))
def test_headroom_is_what_the_refusals_go_by(
    balance: int, held: int, low: int | None, high: int | None, amount: int
) -> None:
    account = AccountRow(
        number=1, kind="member", owner=1, balance=balance, held=held, low=low, high=high, entry=1
    )
    give, receive = accounts.can_give(account), accounts.can_receive(account)
    assert give is None or give >= 0
    assert receive is None or receive >= 0
    assert (accounts.refuse_giving(account, amount) is None) == (give is None or amount <= give)
    assert (accounts.refuse_receiving(account, amount, own=True) is None) == (
        receive is None or amount <= receive
    )
    # What is allowed never ends further outside than it began.
    if accounts.refuse_giving(account, amount) is None and low is not None:
        assert balance - amount >= low
    if accounts.refuse_receiving(account, amount, own=False) is None and high is not None:
        assert balance + held + amount <= high


def test_only_the_owner_reads_numbers_of_the_account() -> None:
    account = AccountRow(number=1, kind="member", owner=1, balance=900, held=50, low=-100, high=1000, entry=1)
    own, other = (accounts.refuse_receiving(account, 51, own=own) for own in (True, False))
    assert own is not None
    assert other is not None
    assert own.numbers == {"amount": 51, "can_receive": 50, "balance": 900, "held": 50, "limit": 1000}
    assert other.numbers == {"amount": 51}


def test_setting_limits_twice_with_one_key_is_done_once(river: Village) -> None:
    key = bytes(16)
    asked = SetLimits(river.numbers["Alice"], -2000, 2000, "mill")
    first, again = river.do("Kira", asked, key), river.do("Kira", asked, key)
    assert isinstance(again, Receipt)
    assert (again.replayed, again.entry) == (True, first.entry)
