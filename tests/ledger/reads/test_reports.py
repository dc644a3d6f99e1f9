"""The village in numbers, and nobody in them."""

import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.ledger.care.claims import ClaimCare
from appliance.ledger.care.signing import Cosign
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.money.requests import Decline
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.money.transfers import Pay
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.people.further import OpenAccount
from appliance.ledger.people.leaving import Leave
from appliance.ledger.people.members import Approve
from appliance.ledger.reads import reports
from appliance.ledger.reads.reports import FEWEST, Known, Report, hide, report
from appliance.ledger.tend import tend
from appliance.ledger.values import COMMONS, AccountNumber, Amount, RecordId
from tests.support.village import MONDAY_NOON, Village

DAY = 86_400_000
NOON = MONDAY_NOON - 1


def told(river: Village, starts: Sequence[int] = (NOON,), known: Known | None = None) -> Report:
    with river.hub.reading() as tx:
        return report(tx, list(starts), known)


def test_volume_payments_and_who_traded(river: Village) -> None:
    river.pay("Alice", "Bob", 200)
    river.pay("Bob", "Chandra", 150)
    wrong = river.pay("Alice", "Dina", 90)
    river.do("Dina", Reverse(wrong.record))
    (month,) = told(river).months
    # Dina got something and gave it back: nothing of that counts.
    assert (month.payments, month.volume, month.traded, month.members) == (2, 350, 3, 5)
    # Alice -200, Bob +50, Chandra +150: two are owed, of whom nothing is told.
    assert month.velocity is None
    river.pay("Bob", "Dina", 10)
    (month,) = told(river).months
    assert (month.volume, month.velocity, month.traded) == (360, 360 * 100 // 200, 4)


def test_what_only_two_did_is_hidden(river: Village) -> None:
    river.pay("Alice", "Bob", 200)
    (month,) = told(river).months
    assert (month.traded, month.payments, month.volume, month.velocity) == (None, None, None, None)
    assert month.members == 5


def test_months_share_no_payment_and_miss_none(river: Village) -> None:
    for _ in range(3):
        river.pay("Alice", "Bob", 10, again=True)
        river.pay("Bob", "Chandra", 20, again=True)
        river.clock.advance(30 * DAY)
    months = told(river, [NOON, NOON + 30 * DAY, NOON + 60 * DAY]).months
    assert [month.volume for month in months] == [30, 30, 30]
    assert [month.newcomers for month in months] == [5, 0, 0]


def test_a_month_that_is_over_is_read_once_unless_something_in_it_was_undone(river: Village) -> None:
    river.pay("Bob", "Chandra", 20)
    paid = river.pay("Alice", "Bob", 10)
    river.clock.advance(30 * DAY)
    starts, known = [NOON, NOON + 30 * DAY], Known()
    first = told(river, starts, known)
    river.pay("Alice", "Bob", 5)
    again = told(river, starts, known)
    assert again.months[0] is first.months[0]
    assert again == told(river, starts)
    river.do("Bob", Reverse(paid.record))
    assert told(river, starts, known) == told(river, starts)
    assert told(river, starts, known).months[0].volume is None  # only Bob and Chandra are left


def test_a_levy_is_no_volume_of_its_own_and_comes_into_the_commons(river: Village) -> None:
    river.do("Kira", ChangeRules("credit", {"levy_rate": 100}, "the assembly"))
    for payer, payee in (("Alice", "Bob"), ("Bob", "Chandra"), ("Chandra", "Dina")):
        river.pay(payer, payee, 200)
    (month,) = told(river).months
    assert (month.volume, month.payments, month.commons_in, month.commons_out) == (600, 3, 60, 0)


def test_care_is_told_of_three_carers_and_not_of_two(river: Village) -> None:
    river.do("Kira", ChangeRules("care", {"quorum": 1}, "the assembly"))
    for count, carer in enumerate(("Alice", "Chandra", "Dina"), 1):
        day = river.clock.now().ms // DAY
        claim = river.do(
            carer, ClaimCare(river.numbers[carer], "elder", 60, day, "Tom", "", (river.numbers["Bob"],))
        )
        river.do("Bob", Cosign(RecordId(claim.record), claim.outcome["terms"]))
        (month,) = told(river).months
        assert (month.care_minutes, month.commons_out) == (
            (180, month.care_paid) if count == 3 else (None, None)
        )


def test_coming_going_asking_and_answering(river: Village) -> None:
    river.do("Kira", Approve(river.join("Emeka")))
    river.do("Dina", Leave(river.numbers["Dina"]))
    asked = [river.request("Bob", "Alice", 10 + n).record for n in range(3)]
    river.do("Alice", Decline(RecordId(asked[0]), river.numbers["Alice"]))
    river.clock.advance(40 * DAY)
    assert tend(river.hub) == 2
    (month,) = told(river).months
    assert (month.newcomers, month.leavers, month.answered, month.lapsed) == (6, 1, 1, 2)
    assert month.members == 5


def test_the_spread_counts_who_owes_and_who_is_owed(river: Village) -> None:
    for name in ("Emeka", "Fatima", "Grace", "Hari", "Ines"):
        river.do("Kira", Approve(river.join(name)))
    for payer, payee in (("Alice", "Bob"), ("Chandra", "Dina"), ("Emeka", "Fatima")):
        river.pay(payer, payee, 1200)
    spread = told(river).spread
    assert (spread.people, spread.owing, spread.even, spread.owed) == (10, 3, 4, 3)
    # Those who owe stand at their limit, those who are owed at half of theirs (2400).
    assert spread.bands == (3, 0, 0, 0, 4, 0, 3, 0, 0)
    assert spread.median == 0


def shop(river: Village, owner: str) -> AccountNumber:
    opened = river.do("Kira", OpenAccount(river.numbers[owner], "business", "Bakery", "sells bread"))
    return AccountNumber(int(str(opened.outcome["number"])))


def test_people_are_counted_and_not_their_accounts(river: Village) -> None:
    """Three accounts of one person that owe would tell what that person has."""
    first, second = shop(river, "Alice"), shop(river, "Alice")
    river.pay("Alice", "Bob", 600)
    for account in (first, second):
        river.do("Alice", Pay(account, river.numbers["Chandra"], Amount(300)))
    spread = told(river).spread
    assert spread.people == 5
    assert (spread.owing, spread.owed) == (None, None)
    assert all(count is None for count in spread.bands if count != spread.even)


def test_what_the_commons_paid_to_three_accounts_of_one_person_is_hidden(river: Village) -> None:
    accounts = (river.numbers["Alice"], shop(river, "Alice"), shop(river, "Alice"))
    for account in accounts:
        river.do("Alice", Pay(account, COMMONS, Amount(10)))
    (month,) = told(river).months
    assert (month.commons_in, month.commons_out) == (None, None)
    for name in ("Bob", "Chandra"):
        river.do(name, Pay(river.numbers[name], COMMONS, Amount(10)))
    assert told(river).months[0].commons_in == 50


def test_an_account_without_a_limit_uses_the_least_part_of_it(river: Village) -> None:
    for name in ("Bob", "Chandra", "Dina"):
        river.do("Kira", SetLimits(river.numbers[name], -1200, None, "shops"))
        river.pay("Alice", name, 400)
    river.do("Kira", Approve(river.join("Emeka")))
    spread = told(river).spread
    # Alice alone owes, Kira and Emeka are even: neither is told, and nothing of where they stand.
    assert (spread.owing, spread.even, spread.owed) == (None, None, 3)
    assert spread.bands == (None, None, None, 3, 0)


def test_nothing_is_read_but_the_months_asked_for(river: Village) -> None:
    told = {reports._MOVED: 2, reports._TRADED: 6, reports._OWED: 1, reports._COMMONS: 2}
    with river.hub.reading() as tx:
        for sql, values in told.items():
            plan = [row[3] for row in tx.select(f"EXPLAIN QUERY PLAN {sql}", *range(values))]
            assert any("posting_account_entry (account=? AND entry" in step for step in plan), plan
            # Accounts are few; their postings are the history.
            assert not [step for step in plan if re.match(r"SCAN (p|q|o|t|posting|transfer)\b", step)], plan


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        ((0, 5, 3), (0, 5, 3)),
        ((1, 5, 3), (None, 5, None)),
        ((2, 2, 9), (None, None, 9)),
        ((1, 1, 9), (None, None, None)),
        ((1, 0, 0), (None, 0, 0)),
        ((), ()),
    ],
)
def test_few_are_hidden_and_cannot_be_found_by_subtracting(
    counts: tuple[int, ...], shown: tuple[int | None, ...]
) -> None:
    assert hide(counts) == shown


@given(st.lists(st.integers(0, 9), max_size=9))
def test_whatever_is_hidden_is_of_several(counts: list[int]) -> None:
    shown = hide(counts)
    hidden = [count for count, seen in zip(counts, shown, strict=True) if seen is None]
    assert all(seen is None or seen == 0 or seen >= FEWEST for seen in shown)
    assert 0 not in hidden
    if hidden and len(hidden) < len([c for c in counts if c]):
        assert len(hidden) > 1
        assert sum(hidden) >= FEWEST
