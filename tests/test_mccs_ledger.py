"""Beyond ``test_mccs.py``: the faults of the predecessor's ledger that a second program, a size or an order could bring back.

MCCS is the mutual-credit software whose users asked for this one; the numbers are those of our
notes on it. What is held by which test:

====  =======================================================  ==================================================
MCCS  what holds                                               where
====  =======================================================  ==================================================
22    two acceptances of one request post once                 test_mccs.py::test_22_two_simultaneous_accepts_of_one_request_post_once
22    ... also through two programs                            test_mccs_ledger.py::test_two_programs_that_accept_at_once_post_once
23    of acceptance and taking back exactly one counts         test_mccs.py::test_23_of_accept_and_cancel_at_the_same_moment_exactly_one_takes_effect
23    ... also through two programs                            ledger/money/test_requests.py::test_of_answer_and_taking_back_exactly_one_wins
24    acceptances at once carry nobody past a limit            test_mccs_ledger.py::test_acceptances_at_once_never_carry_an_account_past_its_limits
24    ... nor payments, the one who gets them                  test_mccs_ledger.py::test_payments_at_once_never_carry_the_one_who_gets_them_past_the_limits
24    ... nor two hundred phones, anybody                      test_ring.py::test_two_hundred_phones_pay_around_a_ring
25    the same sent twice posts once                           ledger/book/test_command.py::test_the_same_key_and_content_give_the_first_receipt
25    ... also when all come at once                           test_mccs.py::test_25_the_same_request_sent_twice_posts_once
26    the store refuses a doubled line or transfer             test_mccs_ledger.py::test_the_store_itself_refuses_what_would_post_twice
26    ... and no line is posted without its account            test_mccs_ledger.py::test_no_line_is_posted_without_its_account
27    whatever the search does, a payment stands               test_mccs.py::test_27_when_the_search_index_is_gone_the_answer_still_says_that_the_credit_moved
28    what cannot be paid can be declined or taken back        test_mccs.py::test_28_what_has_become_unaffordable_can_still_be_declined_or_cancelled_by_who_does_it
29    who may not trade now completes nothing                  test_mccs.py::test_29_what_was_asked_before_is_not_completed_with_who_may_not_trade_now
30    accounts of one owner pay each other                     test_mccs.py::test_30_a_payment_between_two_accounts_of_one_owner_is_completed
31    closing leaves nothing pending                           test_mccs.py::test_31_closing_an_account_leaves_nothing_pending
32    beyond a limit, a part of the way back                   test_mccs.py::test_32_an_account_beyond_its_limit_may_move_a_part_of_the_way_back
33    nobody learns the other side's headroom                  test_mccs.py::test_33_a_refusal_does_not_reveal_the_other_sides_headroom
34    what is asked for is kept aside                          test_mccs.py::test_34_several_requests_cannot_be_made_against_the_same_headroom
34    ... also when all is asked for at once                   test_mccs_ledger.py::test_requests_at_once_do_not_share_the_same_headroom
35    a million and more is an amount                          web/wording/test_amounts.py::test_millions_are_amounts
35    ... and is paid through the portal                       test_mccs.py::test_35_a_million_and_more_is_an_amount
36    amounts are exact at every size                          test_mccs_ledger.py::test_an_amount_of_any_size_is_exact
36    ... so are balances beyond what a float tells apart      test_mccs_ledger.py::test_a_balance_beyond_what_a_float_tells_apart_is_exact
36    ... and so are limits                                    test_mccs_ledger.py::test_a_limit_of_any_size_is_exact
37    the sums raise no alarm for cents in any order           test_mccs_ledger.py::test_the_sums_hold_for_cents_in_any_order
37    they cover all history                                   test_mccs_ledger.py::test_the_sums_cover_the_oldest_line_and_every_balance
37    ... and compare every balance                            test_mccs_ledger.py::test_a_balance_that_is_not_the_sum_of_its_lines_is_found
38    a note too long is refused with its length               test_mccs.py::test_38_a_note_that_is_too_long_is_refused_with_its_length
39    who is new can pay at once                               test_mccs.py::test_39_a_newly_approved_member_can_pay_at_once
40    both sides see what a keeper moved                       test_mccs.py::test_40_what_a_keeper_moved_both_sides_see_with_who_and_why
41    both sides see what the hub ended                        test_mccs.py::test_41_what_the_hub_ended_by_itself_both_sides_see
42    who has a balance is not closed                          test_mccs.py::test_42_who_has_a_balance_is_not_closed_by_anybody
64    every answer is in the book                              test_mccs.py::test_64_every_answer_is_in_the_book_under_the_one_who_gave_it
65    a keeper's failed sign-in is shown                       test_mccs.py::test_65_a_keepers_failed_sign_in_is_noted_and_shown
66    a changed or removed entry is seen                       test_mccs.py::test_66_a_changed_or_removed_entry_is_detected
====  =======================================================  ==================================================
"""

import re
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from random import Random

import peewee as pw
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.schema import AccountRow, Posting, Transfer
from appliance.ledger.book.verify import verify
from appliance.ledger.errors import BookDamaged, Code, Refusal
from appliance.ledger.hub import Hub
from appliance.ledger.money import accounts, sums
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.money.postings import post
from appliance.ledger.money.requests import Accept, Request
from appliance.ledger.money.transfers import Pay
from appliance.ledger.values import MAX_AMOUNT, AccountNumber, Amount, RecordId
from tests.ledger.book import tampering
from tests.support.village import Village, a_copied_village

SOME = RecordId(b"some transfer...")

SIZES = (1, 99, 2**24 + 1, 2**31 - 1, 2**32 + 1, 123_456_789_01, MAX_AMOUNT - 1, MAX_AMOUNT)
"""One of them is lost by a real of 32 bits, others by an integer of 32."""


@pytest.fixture
def river(tmp_path: Path) -> Iterator[Village]:
    with a_copied_village(tmp_path / "river") as village:
        yield village


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Village]:
    """A village without limits in which examples pay one after the other."""
    with a_copied_village(tmp_path_factory.mktemp("lasting") / "river") as village:
        for name in ("Alice", "Bob", "Chandra", "Dina"):
            village.do("Kira", SetLimits(village.numbers[name], None, None, "to try sizes"))
        yield village


@pytest.fixture
def second(river: Village) -> Iterator[Hub]:
    """River in another program: the same file, opened again."""
    hub = Hub.open(river.hub.data, river.clock)
    try:
        yield hub
    finally:
        hub.close()


def at_once(*asked: Callable[[], Receipt | Refusal]) -> list[Receipt | Refusal]:
    start = threading.Barrier(len(asked))

    def one(what: Callable[[], Receipt | Refusal]) -> Receipt | Refusal:
        start.wait(20)
        return what()

    with ThreadPoolExecutor(len(asked)) as pool:
        return [done.result() for done in [pool.submit(one, what) for what in asked]]


def refusals(said: list[Receipt | Refusal]) -> list[Code]:
    return [one.code for one in said if isinstance(one, Refusal)]


def accept(village: Village, payer: str, request: Receipt, payee: str, amount: int) -> Accept:
    return Accept(request.record, village.numbers[payer], village.numbers[payee], Amount(amount))


def lines_of(village: Village, transfer: bytes) -> list[tuple[int, int, int]]:
    with village.hub.reading() as tx:
        rows = tx.rows(Posting.select().where(Posting.transfer == transfer).order_by(Posting.amount))
    return [(row.account, row.amount, row.balance_after) for row in rows]


# ------------------------------------------------------------------------------------------- at once


def test_two_programs_that_accept_at_once_post_once(river: Village, second: Hub) -> None:
    """MCCS 22: two simultaneous acceptances of one transfer post once."""
    for turn in range(1, 11):
        request = river.request("Bob", "Alice", 10)
        yes, alice = accept(river, "Alice", request, "Bob", 10), river.signers["Alice"]
        said = at_once(partial(second.submit, yes, alice), partial(river.hub.submit, yes, alice))
        assert refusals(said) == [Code.NOT_PENDING]
        assert len(lines_of(river, request.record)) == 2
        assert (river.balance("Alice"), river.balance("Bob")) == (-10 * turn, 10 * turn)
    verify(river.hub.store)


def test_acceptances_at_once_never_carry_an_account_past_its_limits(river: Village, second: Hub) -> None:
    """MCCS 24: Alice can give for five of ten requests, and answers all of them in one moment."""
    river.do("Kira", SetLimits(river.numbers["Alice"], -500, 500, "for the test"))
    asked = [
        (name, river.request(name, "Alice", 100)) for name in ("Bob", "Chandra", "Dina", "Bob", "Dina") * 2
    ]
    hubs = (river.hub, second)
    said = at_once(
        *(
            partial(hubs[i % 2].submit, accept(river, "Alice", request, name, 100), river.signers["Alice"])
            for i, (name, request) in enumerate(asked)
        )
    )
    assert refusals(said) == [Code.PAYER_LIMIT] * 5
    assert river.balance("Alice") == -500
    the_limits_were_never_passed(river)


def test_payments_at_once_never_carry_the_one_who_gets_them_past_the_limits(
    river: Village, second: Hub
) -> None:
    """MCCS 24, from the other side: three pay Bob, who has room for four payments of nine."""
    river.do("Kira", SetLimits(river.numbers["Bob"], -500, 400, "for the test"))
    hubs, payers = (river.hub, second), ("Alice", "Chandra", "Dina") * 3
    said = at_once(
        *(
            partial(
                hubs[i % 2].submit,
                Pay(river.numbers[payer], river.numbers["Bob"], Amount(100), again=True),
                river.signers[payer],
            )
            for i, payer in enumerate(payers)
        )
    )
    assert refusals(said) == [Code.PAYEE_LIMIT] * 5
    assert river.balance("Bob") == 400
    the_limits_were_never_passed(river)


def test_requests_at_once_do_not_share_the_same_headroom(river: Village, second: Hub) -> None:
    """MCCS 34: Bob has room for 2400 and asks eight people for 1000 each in one moment."""
    hubs, bob = (river.hub, second), river.signers["Bob"]
    ask = Request(river.numbers["Bob"], None, Amount(1000))
    said = at_once(*(partial(hubs[i % 2].submit, ask, bob) for i in range(8)))
    assert refusals(said) == [Code.PAYEE_LIMIT] * 6
    with river.hub.reading() as tx:
        row = accounts.get(tx, river.numbers["Bob"])
        assert row is not None
        assert (row.held, accounts.can_receive(row)) == (2000, 400)
    answered = [request for request in said if isinstance(request, Receipt)]
    for payer, request in zip(("Alice", "Dina"), answered, strict=True):
        river.accept(payer, request, "Bob", 1000)
    the_limits_were_never_passed(river)


def the_limits_were_never_passed(village: Village) -> None:
    """After each line that was ever posted, the account stood within its present limits."""
    verify(village.hub.store)
    with village.hub.reading() as tx:
        limits = {row.number: (row.low, row.high) for row in tx.rows(AccountRow.select())}
        for line in tx.rows(Posting.select()):
            low, high = limits[line.account]
            assert low is None or line.balance_after >= low
            assert high is None or line.balance_after <= high


# ----------------------------------------------------------------------------------- what the store refuses


def test_the_store_itself_refuses_what_would_post_twice(river: Village) -> None:
    """MCCS 26: a second line of one transfer on one account, a second transfer of one id."""
    paid = river.pay("Alice", "Bob", 200)
    before = lines_of(river, paid.record)
    for again in (
        "INSERT INTO posting SELECT * FROM posting WHERE transfer = ?",
        "INSERT INTO posting SELECT transfer, account, amount * 2, 0, entry + 1 FROM posting WHERE transfer = ?",
        "INSERT INTO transfer SELECT * FROM transfer WHERE id = ?",
    ):
        with (
            tampering.card_in_hand(river.hub.data / "ledger.db") as db,
            pytest.raises(sqlite3.IntegrityError, match="UNIQUE"),
        ):
            db.execute(again, (paid.record,))
    lines = [(river.numbers["Alice"], Amount(-200)), (river.numbers["Bob"], Amount(200))]
    with pytest.raises(pw.IntegrityError), river.hub.store.write() as tx:
        post(tx, paid.record, lines, paid.entry)
    assert lines_of(river, paid.record) == before
    assert (river.balance("Alice"), river.balance("Bob")) == (-200, 200)
    verify(river.hub.store)


def test_no_line_is_posted_without_its_account(river: Village) -> None:
    """MCCS 26: nor one that names an account which is not there; written past us, it is found."""
    with (
        tampering.card_in_hand(river.hub.data / "ledger.db") as db,
        pytest.raises(sqlite3.IntegrityError, match="NOT NULL"),
    ):
        db.execute("INSERT INTO posting VALUES (?, NULL, 200, 200, 1)", (SOME,))
    lines = [(river.numbers["Alice"], Amount(-200)), (AccountNumber(77), Amount(200))]
    with pytest.raises(BookDamaged, match="account 77"), river.hub.store.write() as tx:
        post(tx, SOME, lines, 99)
    assert lines_of(river, SOME) == []
    with tampering.card_in_hand(river.hub.data / "ledger.db") as db:
        db.execute("INSERT INTO posting VALUES (?, 77, 200, 200, 1), (?, 78, -200, -200, 1)", (SOME, SOME))
    with river.hub.reading() as tx, pytest.raises(BookDamaged, match=r"not there: \[77, 78\]"):
        sums.check(tx)


# -------------------------------------------------------------------------------------------- exact numbers


@given(amount=st.integers(1, MAX_AMOUNT))
@example(amount=2**24 + 1)
@example(amount=MAX_AMOUNT - 1)
@settings(max_examples=30)
def test_an_amount_of_any_size_is_exact(lasting: Village, amount: int) -> None:
    """MCCS 36: transfer, lines and balances hold what was typed, to the last cent."""
    alice, bob = lasting.balance("Alice"), lasting.balance("Bob")
    paid = lasting.pay("Alice", "Bob", amount, again=True)
    assert (lasting.balance("Alice"), lasting.balance("Bob")) == (alice - amount, bob + amount)
    assert [(of, after) for _, of, after in lines_of(lasting, paid.record)] == [
        (-amount, alice - amount),
        (amount, bob + amount),
    ]
    with lasting.hub.reading() as tx:
        row = tx.get(Transfer, id=paid.record)
        kinds = tx.first("SELECT group_concat(DISTINCT typeof(amount) || typeof(balance_after)) FROM posting")
        assert row is not None
        assert row.amount == amount
        assert kinds == ("integerinteger",)
        sums.check(tx)


def test_a_balance_beyond_what_a_float_tells_apart_is_exact(river: Village) -> None:
    """MCCS 36: at 2**53 one cent more is still one cent more."""
    alice, bob = river.numbers["Alice"], river.numbers["Bob"]
    with river.hub.store.write() as tx:
        tx.update(AccountRow, {"number": alice}, balance=-(2**53))
        tx.update(AccountRow, {"number": bob}, balance=2**53)
        post(tx, SOME, [(alice, Amount(-1)), (bob, Amount(1))], 99)
    assert (river.balance("Alice"), river.balance("Bob")) == (-(2**53) - 1, 2**53 + 1)
    assert lines_of(river, SOME) == [(alice, -1, -(2**53) - 1), (bob, 1, 2**53 + 1)]


@pytest.mark.parametrize("limit", SIZES)
def test_a_limit_of_any_size_is_exact(river: Village, limit: int) -> None:
    """MCCS 36: to the limit is allowed, and one cent more is not, on either side."""
    alice, bob = river.numbers["Alice"], river.numbers["Bob"]
    river.do("Kira", SetLimits(alice, -limit, limit, "as large as this"))
    river.do("Kira", SetLimits(bob, -limit, limit, "as large as this"))
    if limit < MAX_AMOUNT:
        assert refusals([river.ask("Alice", Pay(alice, bob, Amount(limit + 1)))]) == [Code.PAYER_LIMIT]
    river.pay("Alice", "Bob", limit)
    assert (river.balance("Alice"), river.balance("Bob")) == (-limit, limit)
    assert refusals([river.ask("Alice", Pay(alice, bob, Amount(1)))]) == [Code.PAYER_LIMIT]
    assert refusals([river.ask("Chandra", Pay(river.numbers["Chandra"], bob, Amount(1)))]) == [
        Code.PAYEE_LIMIT
    ]
    verify(river.hub.store)


# ------------------------------------------------------------------------------------------------ the sums


@given(cents=st.lists(st.integers(1, 33), min_size=1, max_size=6), order=st.randoms(use_true_random=False))
@settings(max_examples=15)
def test_the_sums_hold_for_cents_in_any_order(lasting: Village, cents: list[int], order: Random) -> None:
    """MCCS 37: tenths and thirds of an hour, there and back in another order, raise no alarm."""
    before = lasting.balance("Chandra"), lasting.balance("Dina")
    back = order.sample(cents, len(cents))
    for amount in cents:
        lasting.pay("Chandra", "Dina", amount, again=True)
    for amount in back:
        lasting.pay("Dina", "Chandra", amount, again=True)
    assert (lasting.balance("Chandra"), lasting.balance("Dina")) == before
    with lasting.hub.reading() as tx:
        sums.check(tx)


@pytest.mark.parametrize("place", ["first", "middle", "last"])
@pytest.mark.parametrize("column", ["amount", "balance_after"])
def test_the_sums_cover_the_oldest_line_and_every_balance(river: Village, place: str, column: str) -> None:
    """MCCS 37: a cent that is changed anywhere in the history is found."""
    paid = [river.pay("Alice", "Bob", 10 + n) for n in range(9)]
    found = {"first": paid[0], "middle": paid[4], "last": paid[-1]}[place]
    verify(river.hub.store)
    with tampering.card_in_hand(river.hub.data / "ledger.db") as db:
        changed = db.execute(
            f"UPDATE posting SET {column} = {column} + 1 WHERE transfer = ? AND account = ?",
            (found.record, river.numbers["Bob"]),
        )
        assert changed.rowcount == 1
    with pytest.raises(BookDamaged, match=found.record.hex()):
        verify(river.hub.store)
    if column == "amount":
        with river.hub.reading() as tx, pytest.raises(BookDamaged, match=found.record.hex()):
            sums.check(tx)


@pytest.mark.parametrize("name", ["Alice", "Bob", "Dina"])
def test_a_balance_that_is_not_the_sum_of_its_lines_is_found(river: Village, name: str) -> None:
    """MCCS 37: stored balances are compared with the lines, also of who never traded."""
    river.pay("Alice", "Bob", 10)
    with tampering.card_in_hand(river.hub.data / "ledger.db") as db:
        db.execute("UPDATE account SET balance = balance + 1 WHERE number = ?", (river.numbers[name],))
    with (
        river.hub.reading() as tx,
        pytest.raises(BookDamaged, match=f"account {river.numbers[name]}: its bal"),
    ):
        sums.check(tx)


# ----------------------------------------------------------------------------------------------- the table


def test_what_the_table_names_is_there() -> None:
    named = re.findall(r" (\S+\.py)::(test_\w+)$", __doc__ or "", re.MULTILINE)
    numbers = {int(line[:2]) for line in (__doc__ or "").splitlines() if re.match(r"\d\d  ", line)}
    assert numbers == {*range(22, 43), *range(64, 67)}
    assert len(named) == 36
    for path, test in named:
        source = (Path(__file__).parent / path).read_text("utf-8")
        assert f"\ndef {test}(" in source, f"{path}::{test}"
