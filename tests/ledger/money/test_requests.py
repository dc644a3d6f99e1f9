"""Asking for credit: who may answer, what is kept aside, and that only one answer counts."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.schema import AccountRow, Transfer
from appliance.ledger.book.subject import Command
from appliance.ledger.book.verify import verify
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.hub import Hub
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.money.requests import Accept, Cancel, Decline, Request
from appliance.ledger.money.transfers import Pay
from appliance.ledger.values import COMMONS, AccountNumber, Amount, code_of
from tests.support.village import Village


def code(result: object) -> Code:
    assert isinstance(result, Refusal), result
    return result.code


def held(village: Village, name: str) -> int:
    with village.hub.reading() as tx:
        row = tx.get(AccountRow, number=village.numbers[name])
        assert row is not None
        return row.held


def state(village: Village, request: Receipt) -> tuple[str, int | None]:
    with village.hub.reading() as tx:
        row = tx.get(Transfer, id=request.record)
        assert row is not None
        return row.state, row.payer


def accept(village: Village, payer: str, request: Receipt, payee: str = "Bob", amount: int = 250) -> Accept:
    return Accept(request.record, village.numbers[payer], village.numbers[payee], Amount(amount))


# ------------------------------------------------------------------------------------------------ asking


def test_bob_asks_alice_and_she_pays(river: Village) -> None:
    request = river.request("Bob", "Alice", 250, note="the fence")
    assert request.outcome == {"code": code_of(request.record)}
    assert (held(river, "Bob"), river.balance("Bob"), state(river, request)) == (250, 0, ("pending", 2))
    river.accept("Alice", request, "Bob", 250)
    assert (held(river, "Bob"), river.balance("Bob"), river.balance("Alice")) == (0, 250, -250)
    assert state(river, request) == ("done", river.numbers["Alice"])


def test_alice_says_no(river: Village) -> None:
    request = river.request("Bob", "Alice", 250)
    river.do("Alice", Decline(request.record, river.numbers["Alice"]))
    assert (held(river, "Bob"), river.balance("Bob"), state(river, request)[0]) == (0, 0, "declined")


def test_bob_takes_it_back(river: Village) -> None:
    request = river.request("Bob", "Alice", 250)
    river.do("Bob", Cancel(request.record))
    assert (held(river, "Bob"), state(river, request)[0]) == (0, "cancelled")


@pytest.mark.parametrize("end", ["accept", "decline", "cancel"])
def test_what_has_ended_stays_ended(river: Village, end: str) -> None:
    request = river.request("Bob", "Alice", 250)
    answers: dict[str, tuple[str, Command]] = {
        "accept": ("Alice", accept(river, "Alice", request)),
        "decline": ("Alice", Decline(request.record, river.numbers["Alice"])),
        "cancel": ("Bob", Cancel(request.record)),
    }
    who, answer = answers[end]
    river.do(who, answer)
    before = river.hub.head()
    for who, answer in answers.values():
        assert river.ask(who, answer) == Refusal(Code.NOT_PENDING, {}, (Action.SHOW, Action.HOME))
    assert river.hub.head() == before


def test_whom_one_can_ask(river: Village) -> None:
    bob = river.numbers["Bob"]
    emma = river.join("Emma")
    assert code(river.ask("Bob", Request(bob, bob, Amount(1)))) is Code.OWN_ACCOUNT
    for nobody in (AccountNumber(99), COMMONS, emma):
        assert code(river.ask("Bob", Request(bob, nobody, Amount(1)))) is Code.UNKNOWN_ACCOUNT
    assert code(river.ask("Alice", Request(bob, None, Amount(1)))) is Code.NOT_YOURS
    for amount in (0, -1):
        assert code(river.ask("Bob", Request(bob, None, Amount(amount)))) is Code.AMOUNT_WRONG


def test_several_requests_share_one_headroom(river: Village) -> None:
    """Bob can receive 2400 in all: what is asked for already is kept aside."""
    first = river.request("Bob", "Alice", 1000)
    river.request("Bob", None, 1000)
    said = river.ask("Bob", Request(river.numbers["Bob"], None, Amount(401)))
    assert said == Refusal(
        Code.PAYEE_LIMIT,
        {"amount": 401, "can_receive": 400, "balance": 0, "held": 2000, "limit": 2400},
        (Action.PAY_LESS, Action.ASK_KEEPER),
    )
    river.request("Bob", None, 400)
    # Free payments do not take what is kept aside.
    assert (
        code(river.ask("Alice", Pay(river.numbers["Alice"], river.numbers["Bob"], Amount(1))))
        is Code.PAYEE_LIMIT
    )
    # The answer to a request does: its own hold is released by it.
    river.accept("Alice", first, "Bob", 1000)
    assert (river.balance("Bob"), held(river, "Bob")) == (1000, 1400)


def test_a_hold_does_not_lessen_what_one_can_give(river: Village) -> None:
    river.request("Bob", None, 2400)
    river.pay("Bob", "Chandra", 1200)
    assert (river.balance("Bob"), held(river, "Bob")) == (-1200, 2400)


# ------------------------------------------------------------------------------------------------ answering


def test_an_open_request_is_for_whoever_is_first(river: Village) -> None:
    request = river.request("Bob", None, 250)
    assert state(river, request) == ("pending", None)
    assert code(river.ask("Alice", Decline(request.record, river.numbers["Alice"]))) is Code.NOT_YOURS
    assert code(river.ask("Bob", accept(river, "Bob", request))) is Code.OWN_ACCOUNT
    river.accept("Dina", request, "Bob", 250)
    assert code(river.ask("Alice", accept(river, "Alice", request))) is Code.NOT_PENDING
    assert (state(river, request), river.balance("Bob")) == (("done", river.numbers["Dina"]), 250)


def test_only_who_was_asked_answers(river: Village) -> None:
    request = river.request("Bob", "Alice", 250)
    assert code(river.ask("Chandra", accept(river, "Chandra", request))) is Code.NOT_YOURS
    assert code(river.ask("Chandra", accept(river, "Alice", request))) is Code.NOT_YOURS
    assert code(river.ask("Kira", accept(river, "Alice", request))) is Code.NOT_YOURS
    for who, named in (("Chandra", "Chandra"), ("Chandra", "Alice"), ("Bob", "Alice"), ("Kira", "Alice")):
        assert code(river.ask(who, Decline(request.record, river.numbers[named]))) is Code.NOT_YOURS
    for who in ("Alice", "Chandra", "Kira"):
        assert code(river.ask(who, Cancel(request.record))) is Code.NOT_YOURS
    assert held(river, "Bob") == 250


def test_who_waits_for_approval_accepts_nothing(river: Village) -> None:
    request, emma = river.request("Bob", None, 250), river.join("Emma")
    said = river.ask("Emma", Accept(request.record, emma, river.numbers["Bob"], Amount(250)))
    assert code(said) is Code.NOT_ACTIVE


def test_other_terms_than_were_read_are_refused(river: Village) -> None:
    request = river.request("Bob", "Alice", 250)
    for other in (
        accept(river, "Alice", request, amount=249),
        accept(river, "Alice", request, payee="Chandra"),
    ):
        assert river.ask("Alice", other) == Refusal(Code.TERMS_CHANGED, {"amount": 250}, (Action.SHOW,))


def test_what_is_no_request_is_not_answered(river: Village) -> None:
    payment = river.pay("Alice", "Bob", 250)
    for record in (payment.record, bytes(16)):
        other = Receipt(payment.entry, payment.hash, record, payment.at, {}, False)  # type: ignore[arg-type]
        assert code(river.ask("Alice", accept(river, "Alice", other))) is Code.UNKNOWN_TRANSFER
        assert code(river.ask("Bob", Cancel(other.record))) is Code.UNKNOWN_TRANSFER
        assert (
            code(river.ask("Alice", Decline(other.record, river.numbers["Alice"]))) is Code.UNKNOWN_TRANSFER
        )


def test_the_limits_are_those_of_the_moment_of_the_answer(river: Village) -> None:
    request = river.request("Bob", "Alice", 250)
    river.do("Kira", SetLimits(river.numbers["Alice"], -249, 2400, "small account"))
    said = river.ask("Alice", accept(river, "Alice", request))
    assert isinstance(said, Refusal)
    assert (said.code, said.numbers["can_give"]) == (Code.PAYER_LIMIT, 249)
    river.do("Kira", SetLimits(river.numbers["Alice"], -250, 2400, "a bit more"))
    river.do("Kira", SetLimits(river.numbers["Bob"], -100, 249, "small account"))
    assert river.ask("Alice", accept(river, "Alice", request)) == Refusal(
        Code.PAYEE_LIMIT, {"amount": 250}, (Action.PAY_LESS, Action.ASK_KEEPER)
    )
    river.do("Kira", SetLimits(river.numbers["Bob"], -100, 250, "a bit more"))
    river.do("Alice", accept(river, "Alice", request))


# ------------------------------------------------------------------------------------------------ at once


def at_once(*asked: Callable[[], Receipt | Refusal]) -> list[Receipt | Refusal]:
    start = threading.Barrier(len(asked))

    def one(what: Callable[[], Receipt | Refusal]) -> Receipt | Refusal:
        start.wait(20)
        return what()

    with ThreadPoolExecutor(len(asked)) as pool:
        return [done.result() for done in [pool.submit(one, what) for what in asked]]


def test_eight_answers_at_once_post_once(river: Village) -> None:
    request = river.request("Bob", None, 250)
    answers = [("Alice", accept(river, "Alice", request)), ("Dina", accept(river, "Dina", request))] * 4
    said = at_once(*(partial(river.ask, who, answer) for who, answer in answers))
    assert sum(isinstance(one, Receipt) for one in said) == 1
    assert {code(one) for one in said if isinstance(one, Refusal)} == {Code.NOT_PENDING}
    assert (river.balance("Bob"), river.balance("Alice") + river.balance("Dina"), held(river, "Bob")) == (
        250,
        -250,
        0,
    )


def test_eight_taps_with_one_key_post_once_and_all_read_the_receipt(river: Village) -> None:
    request, key = river.request("Bob", "Alice", 250), bytes(16)
    tap = accept(river, "Alice", request)
    said = at_once(*[lambda: river.ask("Alice", tap, key)] * 8)
    receipts = [one for one in said if isinstance(one, Receipt)]
    assert len(receipts) == 8
    assert len({one.hash for one in receipts}) == 1
    assert sorted(one.replayed for one in receipts) == [False] + [True] * 7
    assert river.balance("Bob") == 250


def test_of_answer_and_taking_back_exactly_one_wins(river: Village) -> None:
    """Through two hubs on one file: two programs, one truth."""
    other = Hub.open(river.hub.data, river.clock)
    won = []
    try:
        for _ in range(10):
            request = river.request("Bob", "Alice", 10)
            yes, no = accept(river, "Alice", request, amount=10), Cancel(request.record)
            said = at_once(partial(other.submit, yes, river.signers["Alice"]), partial(river.ask, "Bob", no))
            assert sorted(type(one).__name__ for one in said) == ["Receipt", "Refusal"]
            won.append(isinstance(said[0], Receipt))
            assert state(river, request)[0] == ("done" if won[-1] else "cancelled")
    finally:
        other.close()
    assert (river.balance("Bob"), held(river, "Bob")) == (10 * sum(won), 0)
    verify(river.hub.store)
