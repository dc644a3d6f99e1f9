"""Limits of groups: set for a while, lapsing, another group, levels; nobody's own."""

import pytest

from appliance.ledger.book.schema import AccountRow
from appliance.ledger.book.verify import verify
from appliance.ledger.clock import Quality
from appliance.ledger.errors import Code, Refusal
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.money.limits import LapseLimits, Level, MoveGroup, level_high, level_low
from appliance.ledger.money.requests import DAY_MS
from appliance.ledger.money.transfers import Pay
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.tend import tend
from appliance.ledger.values import Amount
from tests.support.village import Village


def limits(river: Village, name: str) -> tuple[int | None, int | None]:
    with river.hub.reading() as tx:
        account = tx.get(AccountRow, number=river.numbers[name])
    assert account is not None
    return account.low, account.high


@pytest.mark.parametrize(
    ("balance", "expected"),
    [
        (0, "none"),
        (-600, "none"),
        (-601, "half"),
        (-1080, "half"),
        (-1081, "near"),
        (-1200, "near"),
        (-1201, "over"),
    ],
)
def test_levels_begin_past_half_past_nine_tenths_and_past_all(balance: int, expected: str) -> None:
    assert level_low(balance, -1200) is Level(expected)
    assert level_high(-balance, 1200) is Level(expected)
    assert level_low(-balance, -1200) is Level.NONE
    assert level_low(balance, None) is Level.NONE


def test_limits_for_a_while_lapse_to_those_in_force_then(river: Village) -> None:
    bob = river.numbers["Bob"]
    until = river.clock.now().ms + 10 * DAY_MS
    river.do("Kira", SetLimits(bob, -5000, 5000, "a new roof", until))
    river.do("Kira", ChangeRules("credit", {"low": -800}, "poor year"))
    assert limits(river, "Bob") == (-5000, 5000)
    assert limits(river, "Alice") == (-800, 2400)
    river.clock.set(until, Quality.MESH)
    assert tend(river.hub) == 0
    river.clock.set(until - 1, Quality.KEEPER)
    assert tend(river.hub) == 0
    early = river.hub.by_rule(LapseLimits(bob), "lapse")
    assert isinstance(early, Refusal)
    assert early.code is Code.NOT_YET
    river.clock.advance(1)
    assert tend(river.hub) == 1
    assert tend(river.hub) == 0
    assert limits(river, "Bob") == (-800, 2400)
    verify(river.hub.store)


def test_who_is_left_outside_may_move_toward_zero(river: Village) -> None:
    river.pay("Alice", "Bob", 900)
    river.do("Kira", SetLimits(river.numbers["Alice"], -500, 2400, "agreed"))
    river.pay("Bob", "Alice", 100)
    assert river.balance("Alice") == -800


def test_toward_zero_in_parts_from_both_sides_beside_what_is_kept_aside(river: Village) -> None:
    alice, bob = river.numbers["Alice"], river.numbers["Bob"]
    river.pay("Alice", "Bob", 900)
    asked = river.request("Bob", "Chandra", 400)
    for name, low, high in (("Alice", -500, 2400), ("Bob", -1200, 600)):
        river.do("Kira", SetLimits(river.numbers[name], low, high, "a poor year"))
    for amount in (10, 20, 370):
        river.pay("Bob", "Alice", amount)
    assert (river.balance("Alice"), river.balance("Bob")) == (-500, 500)
    for payer, payee, amount in ((alice, bob, 1), (river.numbers["Chandra"], bob, 101)):
        result = river.ask("Alice" if payer == alice else "Chandra", Pay(payer, bob, Amount(amount)))
        assert isinstance(result, Refusal), (payee, amount)
    river.pay("Bob", "Dina", 300)
    river.accept("Chandra", asked, "Bob", 400)
    assert river.balance("Bob") == 600
    verify(river.hub.store)


def test_another_group_brings_its_limits(river: Village) -> None:
    river.do("Kira", MoveGroup(river.numbers["Bob"], "business", "opened the mill"))
    assert limits(river, "Bob") == (-5000, 10000)
    river.do("Kira", ChangeRules("credit", {"low_business": -6000}, "good year"))
    assert limits(river, "Bob") == (-6000, 10000)
    assert limits(river, "Alice") == (-1200, 2400)
    verify(river.hub.store)


def test_nobody_sets_the_own_limits_nor_the_own_group(river: Village) -> None:
    kira = river.numbers["Kira"]
    for command in (SetLimits(kira, -5000, 5000, "me"), MoveGroup(kira, "business", "me")):
        refusal = river.ask("Kira", command)
        assert isinstance(refusal, Refusal)
        assert refusal.code is Code.PARTY
    for command in (SetLimits(kira, -5000, 5000, "me"), MoveGroup(kira, "business", "me")):
        refusal = river.ask("Alice", command)
        assert isinstance(refusal, Refusal)
        assert refusal.code is Code.NOT_KEEPER


def test_an_end_that_is_over_is_no_end(river: Village) -> None:
    until = river.clock.now().ms
    refusal = river.ask("Kira", SetLimits(river.numbers["Bob"], -5000, 5000, "roof", until))
    assert isinstance(refusal, Refusal)
    assert refusal.code is Code.TIME_WRONG
