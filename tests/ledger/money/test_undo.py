"""Stories of asking a payment back."""

import pytest

from appliance.ledger.book.verify import verify
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.money.undo import AskBack, KeepIt, WithdrawAsk
from appliance.ledger.reads.troubles import Trouble, asked_back, trouble
from appliance.ledger.values import RecordId
from tests.support.village import Village


def look(river: Village, record: RecordId, who: str, as_keeper: bool = False) -> Trouble:
    with river.hub.reading() as tx:
        return trouble(tx, record, river.numbers[who], river.clock.now(), as_keeper)


def code(answer: object) -> Code:
    assert isinstance(answer, Refusal), answer
    return answer.code


@pytest.fixture
def paid(river: Village) -> RecordId:
    """Alice paid Bob what was meant for Chandra."""
    return river.pay("Alice", "Bob", 200).record


def test_alice_asks_and_bob_gives_it_back(river: Village, paid: RecordId) -> None:
    river.do("Alice", AskBack(paid, "it was for Chandra"))
    with river.hub.reading() as tx:
        (waiting,) = asked_back(tx, river.numbers["Bob"])
        assert asked_back(tx, river.numbers["Alice"]) == ()
    assert (waiting.id, waiting.amount, waiting.reason) == (paid, 200, "it was for Chandra")
    assert river.balance("Bob") == 200
    river.do("Bob", Reverse(paid))
    assert (river.balance("Alice"), river.balance("Bob")) == (0, 0)
    seen = look(river, paid, "Alice").ask
    assert seen is not None
    assert (seen.state, seen.by and seen.by.name) == ("agreed", "Alice")
    verify(river.hub.store)


def test_bob_keeps_what_was_right(river: Village, paid: RecordId) -> None:
    river.do("Alice", AskBack(paid, "it was for Chandra"))
    river.do("Bob", KeepIt(paid))
    assert river.balance("Bob") == 200
    assert code(river.ask("Alice", AskBack(paid, "but really"))) is Code.ALREADY_ASKED
    assert look(river, paid, "Alice").actions == (Action.DISPUTE,)
    river.do("Bob", Reverse(paid))
    seen = look(river, paid, "Bob").ask
    assert seen is not None
    assert seen.state == "declined"


def test_alice_asks_no_more(river: Village, paid: RecordId) -> None:
    river.do("Alice", AskBack(paid, "it was for Chandra"))
    river.do("Alice", WithdrawAsk(paid))
    assert code(river.ask("Bob", KeepIt(paid))) is Code.NOT_PENDING
    with river.hub.reading() as tx:
        assert asked_back(tx, river.numbers["Bob"]) == ()


def test_only_the_two_sides_have_a_say(river: Village, paid: RecordId) -> None:
    assert code(river.ask("Bob", AskBack(paid, "mine"))) is Code.NOT_YOURS
    assert code(river.ask("Kira", AskBack(paid, "a keeper"))) is Code.NOT_YOURS
    assert code(river.ask("Alice", AskBack(paid, " "))) is Code.TEXT_MISSING
    assert code(river.ask("Alice", KeepIt(paid))) is Code.NOT_YOURS
    river.do("Alice", AskBack(paid, "it was for Chandra"))
    for who, command in (("Alice", KeepIt(paid)), ("Bob", WithdrawAsk(paid)), ("Kira", KeepIt(paid))):
        assert code(river.ask(who, command)) is Code.NOT_YOURS


def test_what_was_given_back_or_never_paid_is_not_asked_back(river: Village, paid: RecordId) -> None:
    river.do("Bob", Reverse(paid))
    assert code(river.ask("Alice", AskBack(paid, "please"))) is Code.ALREADY_REVERSED
    pending = river.request("Bob", "Alice", 10).record
    assert code(river.ask("Alice", AskBack(pending, "please"))) is Code.NOT_REVERSIBLE
    assert code(river.ask("Alice", AskBack(RecordId(bytes(16)), "please"))) is Code.UNKNOWN_TRANSFER


def test_nobody_else_reads_the_words(river: Village, paid: RecordId) -> None:
    river.do("Alice", AskBack(paid, "it was for Chandra"))
    assert look(river, paid, "Chandra").ask is None
    assert look(river, paid, "Kira").ask is None
    assert look(river, paid, "Kira", as_keeper=True).ask is not None


def test_a_keeper_has_no_power_over_the_own_payments(river: Village) -> None:
    paid = river.pay("Kira", "Bob", 100).record
    assert code(river.ask("Kira", Reverse(paid, "I want it back"))) is Code.PARTY
    got = river.pay("Bob", "Kira", 40).record
    river.do("Kira", Reverse(got))
    assert river.balance("Kira") == -100
