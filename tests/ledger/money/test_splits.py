"""Paying several people at once: who may be named, limits, the levy, the same again, giving it back."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.ledger.book.schema import Posting, Transfer
from appliance.ledger.book.verify import verify
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.money.disputes import Dispute, EndDispute
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.money.splits import MOST, PaySplit, Shares, equal
from appliance.ledger.money.undo import AskBack
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.people.life import Freeze
from appliance.ledger.values import COMMONS, MAX_AMOUNT, AccountNumber, Amount
from tests.support.village import Village


def parts(village: Village, **amounts: int) -> Shares:
    """``parts(river, Bob=100, Dina=50)``; ``commons=`` is a part for the commons."""
    numbers = {**village.numbers, "commons": COMMONS}
    return tuple((numbers[name], Amount(amount)) for name, amount in amounts.items())


def paying(village: Village, payer: str, again: bool = False, **amounts: int) -> PaySplit:
    return PaySplit(village.numbers[payer], parts(village, **amounts), "food", "for the feast", again)


def no(result: object) -> Refusal:
    assert isinstance(result, Refusal), result
    return result


def lines(village: Village, record: bytes) -> dict[int, int]:
    with village.hub.reading() as tx:
        return {
            row.account: row.amount for row in tx.rows(Posting.select().where(Posting.transfer == record))
        }


def balances(village: Village, *names: str) -> list[int]:
    return [village.balance(name) for name in names]


@pytest.fixture(autouse=True)
def sound(river: Village) -> Iterator[None]:
    """However a story ends: the book replays, and every sum holds."""
    yield
    verify(river.hub.store)


# ------------------------------------------------------------------------------------------- dividing


@given(st.integers(1, 10**9), st.integers(1, MOST))
def test_equal_parts_sum_exactly_and_differ_by_at_most_one(whole: int, count: int) -> None:
    found = equal(whole, count)
    assert len(found) == count
    assert sum(found) == whole
    assert max(found) - min(found) <= 1
    assert list(found) == sorted(found, reverse=True), "the first ones get the rest"


# ------------------------------------------------------------------------------------------- paying


def test_alice_pays_three_at_once(river: Village) -> None:
    paid = river.do("Alice", paying(river, "Alice", Bob=100, Dina=50, commons=7))
    assert balances(river, "Alice", "Bob", "Dina") == [-157, 100, 50]
    n = river.numbers
    assert lines(river, paid.record) == {n["Alice"]: -157, n["Bob"]: 100, n["Dina"]: 50, COMMONS: 7}
    with river.hub.reading() as tx:
        row = tx.get(Transfer, id=paid.record)
    assert row is not None
    assert (row.kind, row.state, row.amount, row.payer, row.payee) == (
        "split",
        "done",
        157,
        n["Alice"],
        n["Alice"],
    )


def test_the_levy_is_taken_of_each_part(river: Village) -> None:
    river.do("Kira", ChangeRules("credit", {"levy_rate": 15, "levy_from": 50}, "assembly of May"))
    paid = river.do("Alice", paying(river, "Alice", Bob=100, Chandra=200, Dina=49, commons=70))
    # 1.5 of 100 and 3 of 200, each rounded down; 49 is below, and what goes to the commons pays none.
    n = river.numbers
    assert lines(river, paid.record) == {
        n["Alice"]: -419,
        n["Bob"]: 99,
        n["Chandra"]: 197,
        n["Dina"]: 49,
        COMMONS: 74,
    }


# ------------------------------------------------------------------------------------------- refusals


def test_nobody_twice_nor_oneself_nor_somebody_unknown(river: Village) -> None:
    n = river.numbers
    bob, dina = (n["Bob"], Amount(10)), (n["Dina"], Amount(10))
    for shares, code, row in (
        ((bob, dina, bob), Code.SHARES_WRONG, 3),
        ((bob, (n["Alice"], Amount(10))), Code.OWN_ACCOUNT, 2),
        ((bob, (AccountNumber(999), Amount(10))), Code.UNKNOWN_ACCOUNT, 2),
        (((AccountNumber(-102), Amount(10)), bob), Code.UNKNOWN_ACCOUNT, 1),
        ((bob, (n["Dina"], Amount(0))), Code.AMOUNT_WRONG, 2),
        ((bob, (n["Dina"], Amount(-5))), Code.AMOUNT_WRONG, 2),
        ((bob, (n["Dina"], Amount(MAX_AMOUNT + 1))), Code.AMOUNT_WRONG, 2),
    ):
        said = no(river.ask("Alice", PaySplit(n["Alice"], shares)))
        assert (said.code, said.numbers["row"]) == (code, row)
    assert balances(river, "Alice", "Bob", "Dina") == [0, 0, 0]


def test_two_to_twenty_people(river: Village) -> None:
    one = no(river.ask("Alice", paying(river, "Alice", Bob=10)))
    assert (one.code, dict(one.numbers)) == (Code.SHARES_WRONG, {"fewest": 2, "most": 20})
    many = tuple((AccountNumber(100 + i), Amount(1)) for i in range(21))
    assert no(river.ask("Alice", PaySplit(river.numbers["Alice"], many))).code is Code.SHARES_WRONG


def test_a_sum_that_cannot_be_counted(river: Village) -> None:
    said = no(river.ask("Alice", paying(river, "Alice", Bob=MAX_AMOUNT, Dina=1)))
    assert said.code is Code.AMOUNT_WRONG


def test_only_from_the_own_account(river: Village) -> None:
    assert no(river.ask("Bob", paying(river, "Alice", Chandra=10, Dina=10))).code is Code.NOT_YOURS
    assert no(river.ask("Kira", paying(river, "Alice", Chandra=10, Dina=10))).code is Code.NOT_YOURS


def test_the_payer_stays_within_the_limit_with_the_sum(river: Village) -> None:
    said = no(river.ask("Alice", paying(river, "Alice", Bob=700, Dina=501)))
    assert (said.code, said.numbers["can_give"], said.numbers["amount"]) == (Code.PAYER_LIMIT, 1200, 1201)
    river.do("Alice", paying(river, "Alice", Bob=700, Dina=500))


def test_each_payee_stays_within_the_limit_with_the_own_part(river: Village) -> None:
    """After the levy; and the refusal says which row, and nothing of what that person can still receive."""
    river.do("Kira", SetLimits(river.numbers["Dina"], -100, 97, "for the test"))
    said = no(river.ask("Alice", paying(river, "Alice", Bob=100, Dina=98)))
    assert (said.code, dict(said.numbers)) == (Code.PAYEE_LIMIT, {"amount": 98, "row": 2})
    river.do("Kira", ChangeRules("credit", {"levy_rate": 20}, "assembly of May"))
    river.do("Alice", paying(river, "Alice", Bob=100, Dina=98))
    assert river.balance("Dina") == 97


def test_who_is_frozen_neither_pays_nor_is_paid(river: Village) -> None:
    river.do("Kira", Freeze(river.numbers["Dina"], "a quarrel about the well"))
    said = no(river.ask("Alice", paying(river, "Alice", Bob=1, Dina=1)))
    assert (said.code, said.numbers["row"]) == (Code.ACCOUNT_CLOSED, 2)
    assert no(river.ask("Dina", paying(river, "Dina", Bob=1, Alice=1))).code is Code.FROZEN


def test_the_same_people_the_same_again(river: Village) -> None:
    river.do("Alice", paying(river, "Alice", Bob=100, Dina=50))
    said = no(river.ask("Alice", paying(river, "Alice", Dina=50, Bob=100)))
    assert (said.code, said.numbers["amount"], said.actions[0]) == (Code.SAME_AGAIN, 150, Action.PAY_AGAIN)
    river.do("Alice", paying(river, "Alice", Bob=50, Dina=100))
    river.do("Alice", paying(river, "Alice", again=True, Bob=100, Dina=50))
    river.pay("Alice", "Bob", 100)  # a part of a split is no equal payment
    river.clock.advance(11 * 60_000)
    river.do("Alice", paying(river, "Alice", Bob=100, Dina=50))


def test_too_long_a_note_and_no_such_kind(river: Village) -> None:
    n, two = river.numbers, parts(river, Bob=1, Dina=1)
    assert no(river.ask("Alice", PaySplit(n["Alice"], two, "food", "x" * 141))).code is Code.TEXT_TOO_LONG
    assert no(river.ask("Alice", PaySplit(n["Alice"], two, "gold"))).code is Code.UNKNOWN_CATEGORY


# ------------------------------------------------------------------------------------------- undoing


def test_a_keeper_gives_all_of_it_back_with_the_levy(river: Village) -> None:
    river.do("Kira", ChangeRules("credit", {"levy_rate": 20}, "assembly of May"))
    paid = river.do("Alice", paying(river, "Alice", Bob=100, Dina=50, commons=7))
    river.do("Kira", ChangeRules("credit", {"levy_rate": 300}, "assembly of June"))
    back = river.do("Kira", Reverse(paid.record, "the wood was never brought"))
    assert balances(river, "Alice", "Bob", "Dina") == [0, 0, 0]
    assert lines(river, back.record) == {n: -amount for n, amount in lines(river, paid.record).items()}
    assert no(river.ask("Kira", Reverse(paid.record, "again"))).code is Code.ALREADY_REVERSED
    assert no(river.ask("Kira", Reverse(back.record, "again"))).code is Code.NOT_REVERSIBLE


def test_neither_payer_nor_one_of_the_payees_undoes_it_for_all(river: Village) -> None:
    paid = river.do("Alice", paying(river, "Alice", Bob=100, Dina=50))
    for name in ("Alice", "Bob", "Dina", "Chandra"):
        assert no(river.ask(name, Reverse(paid.record, "mine"))).code is Code.NOT_YOURS
    assert no(river.ask("Alice", AskBack(paid.record, "wrong"))).code is Code.NOT_REVERSIBLE
    assert balances(river, "Alice", "Bob", "Dina") == [-150, 100, 50]


def test_a_keeper_with_a_part_has_no_power_over_it(river: Village) -> None:
    to_kira = river.do("Alice", paying(river, "Alice", Bob=10, Kira=20))
    by_kira = river.do("Kira", paying(river, "Kira", Bob=10, Dina=20))
    for paid in (to_kira, by_kira):
        assert no(river.ask("Kira", Reverse(paid.record, "mine"))).code is Code.PARTY


def test_everybody_with_a_part_can_contest_it(river: Village) -> None:
    for name in ("Alice", "Bob", "Dina"):
        paid = river.do("Alice", paying(river, "Alice", again=True, Bob=10, Dina=5))
        assert no(river.ask("Chandra", Dispute(paid.record, "odd"))).code is Code.NOT_YOURS
        river.do(name, Dispute(paid.record, "we said something else"))
        river.do("Kira", EndDispute(paid.record, "they have talked"))
