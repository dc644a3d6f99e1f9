"""Paying: what moves, what the limits say and to whom, when the hub asks "again?"."""

import pytest

from appliance.ledger.book.schema import Transfer
from appliance.ledger.clock import Quality
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.money.transfers import Pay
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.people.words import LONGEST_LINE
from appliance.ledger.reads.people import text_of
from appliance.ledger.values import COMMONS, MAX_AMOUNT, AccountNumber, Amount
from tests.support.village import Village

MINUTE = 60_000


def pay(village: Village, payer: str, payee: str, amount: int, **also: object) -> Pay:
    return Pay(village.numbers[payer], village.numbers[payee], Amount(amount), **also)  # type: ignore[arg-type]


def refused(result: object) -> Refusal:
    assert isinstance(result, Refusal), result
    return result


# ------------------------------------------------------------------------------------------------ paying


def test_alice_pays_bob(river: Village) -> None:
    receipt = river.pay("Alice", "Bob", 200, category="food", note=" two loaves ")
    assert (river.balance("Alice"), river.balance("Bob")) == (-200, 200)
    with river.hub.reading() as tx:
        row = tx.get(Transfer, id=receipt.record)
        assert row is not None
        note = text_of(tx, row.text_entry, "note")
    assert (row.kind, row.state, row.amount, row.category, note) == (
        "payment",
        "done",
        200,
        "food",
        "two loaves",
    )
    assert (row.closed_ms, row.closed_quality) == (river.clock.now().ms, int(Quality.NTP))


def test_a_gift_to_the_commons(river: Village) -> None:
    river.do("Alice", Pay(river.numbers["Alice"], COMMONS, Amount(300)))
    assert river.balance("Alice") == -300


@pytest.mark.parametrize("amount", [0, -1, -200, MAX_AMOUNT + 1])
def test_an_amount_is_positive_and_has_a_bound(river: Village, amount: int) -> None:
    said = river.ask("Alice", pay(river, "Alice", "Bob", amount))
    assert said == Refusal(Code.AMOUNT_WRONG, {"amount": amount}, (Action.TRY_AGAIN,))


def test_whose_account_it_is(river: Village) -> None:
    for asks, payer, payee, code in (
        ("Bob", "Alice", "Bob", Code.NOT_YOURS),
        ("Kira", "Alice", "Bob", Code.NOT_YOURS),  # keepers have no second way to move credit
        ("Alice", "Alice", "Alice", Code.OWN_ACCOUNT),
    ):
        assert refused(river.ask(asks, pay(river, payer, payee, 100))).code is code
    for number in (COMMONS, AccountNumber(99), AccountNumber(-1)):
        said = refused(river.ask("Alice", Pay(number, river.numbers["Bob"], Amount(100))))
        assert said.code in {Code.NOT_YOURS, Code.UNKNOWN_ACCOUNT}
    said = refused(river.ask("Alice", Pay(river.numbers["Alice"], AccountNumber(99), Amount(100))))
    assert said == Refusal(Code.UNKNOWN_ACCOUNT, {}, (Action.CHECK_NUMBER,))


def test_category_and_note_have_bounds(river: Village) -> None:
    assert (
        refused(river.ask("Alice", pay(river, "Alice", "Bob", 1, category="gold"))).code
        is Code.UNKNOWN_CATEGORY
    )
    long = refused(river.ask("Alice", pay(river, "Alice", "Bob", 1, note="x" * (LONGEST_LINE + 1))))
    assert (long.code, long.numbers) == (Code.TEXT_TOO_LONG, {"longest": 140, "length": 141})
    river.pay("Alice", "Bob", 1, note="x" * LONGEST_LINE)


def test_a_refused_payment_leaves_nothing_behind(river: Village) -> None:
    before = river.hub.head()
    river.ask("Alice", pay(river, "Alice", "Bob", 5000, note="all I have"))
    assert river.hub.head() == before


# ------------------------------------------------------------------------------------------------ limits


def test_the_payer_reads_how_much_is_left_to_give(river: Village) -> None:
    river.pay("Alice", "Bob", 1000)
    assert refused(river.ask("Alice", pay(river, "Alice", "Bob", 201))) == Refusal(
        Code.PAYER_LIMIT,
        {"amount": 201, "can_give": 200, "balance": -1000, "limit": -1200},
        (Action.PAY_LESS, Action.ASK_KEEPER),
    )
    river.pay("Alice", "Bob", 200)
    at_the_end = refused(river.ask("Alice", pay(river, "Alice", "Bob", 1)))
    assert (at_the_end.numbers["can_give"], at_the_end.actions) == (0, (Action.ASK_KEEPER,))


def test_the_payer_reads_nothing_of_the_payees_account(river: Village) -> None:
    river.do("Kira", SetLimits(river.numbers["Bob"], -100, 150, "small account"))
    assert refused(river.ask("Alice", pay(river, "Alice", "Bob", 151))) == Refusal(
        Code.PAYEE_LIMIT, {"amount": 151}, (Action.PAY_LESS, Action.ASK_KEEPER)
    )
    river.pay("Alice", "Bob", 150)


def test_exactly_to_the_limit_on_both_sides(river: Village) -> None:
    river.do("Kira", SetLimits(river.numbers["Bob"], -100, 1200, "small account"))
    river.pay("Alice", "Bob", 1200)
    assert (river.balance("Alice"), river.balance("Bob")) == (-1200, 1200)


def test_who_stands_outside_may_come_back_but_not_go_further(river: Village) -> None:
    river.pay("Alice", "Bob", 1000)
    for name in ("Alice", "Bob"):
        river.do("Kira", SetLimits(river.numbers[name], -100, 100, "too far out"))
    assert refused(river.ask("Alice", pay(river, "Alice", "Chandra", 1))).code is Code.PAYER_LIMIT
    assert refused(river.ask("Chandra", pay(river, "Chandra", "Bob", 1))).code is Code.PAYEE_LIMIT
    # Toward zero, even when it ends outside still.
    river.pay("Bob", "Alice", 300)
    assert (river.balance("Alice"), river.balance("Bob")) == (-700, 700)


# ------------------------------------------------------------------------------------------------ again?


def again(village: Village, **also: object) -> Code | None:
    said = village.ask("Alice", pay(village, "Alice", "Bob", 100, **also))
    return said.code if isinstance(said, Refusal) else None


def test_an_equal_payment_a_moment_later_asks_again(river: Village) -> None:
    river.pay("Alice", "Bob", 100)
    river.clock.advance(95_500)
    assert river.ask("Alice", pay(river, "Alice", "Bob", 100, note="other words")) == Refusal(
        Code.SAME_AGAIN, {"amount": 100, "seconds": 95}, (Action.PAY_AGAIN, Action.HOME)
    )
    assert again(river, again=True) is None
    assert river.balance("Bob") == 200


def test_what_is_not_equal_asks_nothing(river: Village) -> None:
    river.pay("Alice", "Bob", 100)
    river.pay("Alice", "Bob", 101)
    river.pay("Alice", "Chandra", 100)
    river.pay("Chandra", "Bob", 100)
    river.pay("Bob", "Alice", 100)


def test_the_window_ends(river: Village) -> None:
    river.pay("Alice", "Bob", 100)
    river.clock.advance(10 * MINUTE - 1)
    assert again(river) is Code.SAME_AGAIN
    river.clock.advance(1)
    assert again(river) is None


def test_a_payment_that_was_undone_is_not_the_same_again(river: Village) -> None:
    receipt = river.pay("Alice", "Bob", 100)
    river.do("Bob", Reverse(receipt.record))
    assert again(river) is None


def test_an_accepted_request_is_no_free_payment(river: Village) -> None:
    request = river.request("Bob", "Alice", 100)
    river.accept("Alice", request, "Bob", 100)
    assert again(river) is None


def test_a_community_may_do_without_the_question(river: Village) -> None:
    river.do("Kira", ChangeRules("credit", {"again_minutes": 0}, "we can count"))
    river.pay("Alice", "Bob", 100)
    assert again(river) is None


def test_a_clock_that_jumps_back_refuses_nobody(river: Village) -> None:
    """A better source sets the clock back: payments of the 'future' must not stand in the way."""
    river.pay("Alice", "Bob", 100)
    river.clock.set(river.clock.now().ms - 3 * 24 * 60 * MINUTE)
    assert again(river) is None
    # From here on the window counts by the corrected clock.
    river.clock.advance(MINUTE)
    assert again(river) is Code.SAME_AGAIN
    river.clock.advance(10 * MINUTE)
    assert again(river) is None


def test_a_clock_that_jumps_ahead_refuses_nobody(river: Village) -> None:
    river.pay("Alice", "Bob", 100)
    river.clock.set(river.clock.now().ms + 10**10)
    assert again(river) is None
