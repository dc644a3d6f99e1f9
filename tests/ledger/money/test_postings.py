"""The one place that moves credit: lines that sum to zero, all or nothing."""

import pytest

from appliance.ledger.book.schema import AccountRow, Posting
from appliance.ledger.errors import BookDamaged, UnbalancedPosting
from appliance.ledger.money.postings import post
from appliance.ledger.money.sums import check
from appliance.ledger.values import COMMONS, MAX_AMOUNT, AccountNumber, Amount, RecordId
from tests.support.village import Village

SOME = RecordId(b"some transfer...")


def test_the_worked_example(river: Village) -> None:
    """Alice (0) pays Bob (0) 2.00: Alice stands at -200, Bob at +200, the village at 0."""
    receipt = river.pay("Alice", "Bob", 200)
    with river.hub.reading() as tx:
        lines = tx.rows(Posting.select().where(Posting.transfer == receipt.record).order_by(Posting.account))
        total = sum(row.balance for row in tx.rows(AccountRow.select()))
        postings = check(tx)
    assert [(line.account, line.amount, line.balance_after, line.entry) for line in lines] == [
        (river.numbers["Alice"], -200, -200, receipt.entry),
        (river.numbers["Bob"], 200, 200, receipt.entry),
    ]
    assert (river.balance("Alice"), river.balance("Bob"), total, postings) == (-200, 200, 0, 2)


def lines(*pairs: tuple[int, int]) -> list[tuple[AccountNumber, Amount]]:
    return [(AccountNumber(account), Amount(amount)) for account, amount in pairs]


@pytest.mark.parametrize(
    "unbalanced",
    [
        [],
        [(1, 0)],
        [(1, 0), (2, 0)],
        [(1, -200), (2, 201)],
        [(1, -200), (1, 200)],
        [(1, -200), (2, 100), (2, 100)],
        [(1, -200), (2, 200), (3, 0)],
        [(1, -MAX_AMOUNT - 1), (2, MAX_AMOUNT + 1)],
    ],
    ids=str,
)
def test_lines_that_do_not_sum_to_zero_are_our_mistake_and_post_nothing(
    river: Village, unbalanced: list[tuple[int, int]]
) -> None:
    with pytest.raises(UnbalancedPosting), river.hub.store.write() as tx:
        post(tx, SOME, lines(*unbalanced), 99)
    with river.hub.reading() as tx:
        assert check(tx) == 0


def test_a_line_to_nobody_posts_nothing_at_all(river: Village) -> None:
    with pytest.raises(BookDamaged, match="account 77"), river.hub.store.write() as tx:
        post(tx, SOME, lines((river.numbers["Alice"], -200), (77, 200)), 99)
    with river.hub.reading() as tx:
        assert check(tx) == 0
    assert river.balance("Alice") == 0


def test_more_than_two_lines_may_share_one_transfer(river: Village) -> None:
    alice, bob = river.numbers["Alice"], river.numbers["Bob"]
    with river.hub.store.write() as tx:
        post(tx, SOME, lines((alice, -300), (bob, 200), (COMMONS, 100)), 99)
        assert check(tx) == 3
    assert (river.balance("Alice"), river.balance("Bob")) == (-300, 200)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"balance": 5}, "balance is not the sum"),
        ({"held": 5}, "held is not what"),
    ],
    ids=["balance", "held"],
)
def test_a_sum_that_does_not_hold_is_named(river: Village, change: dict[str, int], says: str) -> None:
    with river.hub.store.write() as tx:
        tx.update(AccountRow, {"number": river.numbers["Alice"]}, **change)
    with river.hub.reading() as tx, pytest.raises(BookDamaged, match=f"account 2: .*{says}"):
        check(tx)


def test_a_posting_without_its_counterpart_is_named(river: Village) -> None:
    receipt = river.pay("Alice", "Bob", 200)
    with river.hub.store.write() as tx:
        tx.delete(Posting, (Posting.transfer == receipt.record) & (Posting.account == river.numbers["Bob"]))
    with river.hub.reading() as tx, pytest.raises(BookDamaged, match=receipt.record.hex()):
        check(tx)
