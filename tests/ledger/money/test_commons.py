"""Payments from the commons by one keeper: what one pays alone, the floor, one's own account."""

import pytest

from appliance.ledger.book.verify import verify
from appliance.ledger.clock import Quality
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.people.life import Freeze
from appliance.ledger.values import COMMONS, RecordId
from tests.support.keepers import appoint, commons, from_commons, give, payment, two
from tests.support.village import Village

DAY_MS = 86_400_000


def refused(answer: object) -> Refusal:
    assert isinstance(answer, Refusal), answer
    return answer


def test_a_keeper_pays_a_small_amount_alone(river: Village) -> None:
    give(river, "Alice", 300)
    river.do("Kira", from_commons(river, "Bob", 200))
    assert (river.balance("Bob"), commons(river)) == (200, 100)
    verify(river.hub.store)


def test_small_payments_one_after_another_do_not_walk_around_the_amount(river: Village) -> None:
    river.do("Kira", from_commons(river, "Bob", 300))
    river.do("Kira", from_commons(river, "Alice", 150))
    answer = refused(river.ask("Kira", from_commons(river, "Dina", 51)))
    assert answer.code is Code.NEEDS_TWO
    assert answer.numbers == {"amount": 51, "alone": 50, "days": 30}
    assert answer.actions[0] is Action.PROPOSE
    river.do("Kira", from_commons(river, "Dina", 50))
    river.clock.advance(30 * DAY_MS)
    river.do("Kira", from_commons(river, "Dina", 500))


def test_days_do_not_pass_by_a_clock_that_nobody_vouches_for(river: Village) -> None:
    river.do("Kira", from_commons(river, "Bob", 500))
    river.clock.advance(40 * DAY_MS)
    river.clock.set(river.clock.now().ms, Quality.FLOOR)
    assert refused(river.ask("Kira", from_commons(river, "Bob", 1))).code is Code.NEEDS_TWO
    river.clock.set(river.clock.now().ms, Quality.KEEPER)
    river.do("Kira", from_commons(river, "Bob", 1))


def test_each_keeper_has_an_amount_of_the_own_and_what_two_agreed_on_does_not_count(river: Village) -> None:
    appoint(river, "Kofi")
    river.do("Kira", from_commons(river, "Bob", 500))
    river.do("Kofi", from_commons(river, "Bob", 400))
    two(river, "Kofi", "Kira", payment(river, "Dina", 900))
    river.do("Kofi", from_commons(river, "Bob", 100))
    assert refused(river.ask("Kofi", from_commons(river, "Bob", 1))).code is Code.NEEDS_TWO


def test_what_bob_gives_back_counts_no_more(river: Village) -> None:
    paid = river.do("Kira", from_commons(river, "Bob", 500))
    river.do("Bob", Reverse(RecordId(paid.record)))
    assert commons(river) == 0
    river.do("Kira", from_commons(river, "Bob", 500))
    verify(river.hub.store)


def test_nobody_but_a_keeper_pays_from_the_commons(river: Village) -> None:
    assert refused(river.ask("Alice", from_commons(river, "Bob", 10))).code is Code.NOT_KEEPER


def test_a_keeper_never_pays_to_the_own_account(river: Village) -> None:
    assert refused(river.ask("Kira", from_commons(river, "Kira", 10))).code is Code.PARTY


def test_the_floor_holds_and_says_how_much_is_left(river: Village) -> None:
    river.do("Kira", ChangeRules("credit", {"commons_low": -100}, "assembly"))
    answer = refused(river.ask("Kira", from_commons(river, "Bob", 101)))
    assert answer.code is Code.COMMONS_FLOOR
    assert answer.numbers == {"amount": 101, "can_give": 100, "balance": 0, "limit": -100}
    river.do("Kira", from_commons(river, "Bob", 100))
    assert refused(river.ask("Kira", from_commons(river, "Bob", 1))).code is Code.COMMONS_FLOOR


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"amount": 0}, Code.AMOUNT_WRONG),
        ({"category": "gold"}, Code.UNKNOWN_CATEGORY),
        ({"reason": "  "}, Code.TEXT_MISSING),
        ({"reason": "x" * 141}, Code.TEXT_TOO_LONG),
        ({"payee": 99}, Code.UNKNOWN_ACCOUNT),
        ({"payee": COMMONS}, Code.UNKNOWN_ACCOUNT),
    ],
)
def test_terms_that_cannot_be_are_refused(river: Village, change: dict[str, object], code: Code) -> None:
    command = from_commons(river, "Bob", 10)
    wrong = type(command)(
        **({"payee": command.payee, "amount": command.amount, "category": "food", "reason": "so"} | change)  # type: ignore[arg-type]
    )
    assert refused(river.ask("Kira", wrong)).code is code


def test_bobs_own_limit_counts_and_a_frozen_account_gets_nothing(river: Village) -> None:
    river.do("Kira", SetLimits(river.numbers["Bob"], -100, 50, "so agreed"))
    answer = refused(river.ask("Kira", from_commons(river, "Bob", 51)))
    assert (answer.code, dict(answer.numbers)) == (Code.PAYEE_LIMIT, {"amount": 51})
    river.do("Kira", Freeze(river.numbers["Dina"], "asked for"))
    assert refused(river.ask("Kira", from_commons(river, "Dina", 5))).code is Code.ACCOUNT_CLOSED


def test_neither_a_gift_nor_what_keepers_pay_pays_a_levy(river: Village) -> None:
    river.do("Kira", ChangeRules("credit", {"levy_rate": 500}, "assembly"))
    give(river, "Alice", 300)
    river.do("Kira", from_commons(river, "Bob", 200))
    assert (river.balance("Bob"), commons(river)) == (200, 100)


def test_a_keeper_gives_back_a_small_gift_alone_and_no_large_one(river: Village) -> None:
    small, large = give(river, "Alice", 200), give(river, "Bob", 400)
    river.do("Kira", Reverse(RecordId(small.record), "typed one nought too many"))
    answer = refused(river.ask("Kira", Reverse(RecordId(large.record), "regrets it")))
    assert (answer.code, answer.numbers["alone"]) == (Code.NEEDS_TWO, 300)
    assert commons(river) == 400
    verify(river.hub.store)


def test_giving_back_a_gift_does_not_take_the_commons_below_its_floor(river: Village) -> None:
    river.do("Kira", ChangeRules("credit", {"commons_low": 0}, "assembly"))
    gift = give(river, "Alice", 100)
    river.do("Kira", from_commons(river, "Bob", 60))
    answer = refused(river.ask("Kira", Reverse(RecordId(gift.record), "regrets it")))
    assert (answer.code, answer.numbers["can_give"]) == (Code.COMMONS_FLOOR, 40)


def test_one_keeper_puts_right_what_one_paid_but_not_what_two_did(river: Village) -> None:
    appoint(river, "Kofi")
    alone = river.do("Kira", from_commons(river, "Bob", 100))
    agreed = two(river, "Kofi", "Kira", payment(river, "Dina", 900))
    river.do("Kofi", Reverse(RecordId(alone.record), "meant for Dina"))
    assert refused(river.ask("Kira", Reverse(RecordId(agreed.record), "no"))).code is Code.TWO_AGREED
    river.do("Dina", Reverse(RecordId(agreed.record)))
    assert commons(river) == 0
    verify(river.hub.store)
