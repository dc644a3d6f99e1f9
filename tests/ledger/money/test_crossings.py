"""Alice of River pays Chandra of Hill: it leaves at once, and only Hill ends it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.ledger.book.private import PrivateText
from appliance.ledger.book.verify import verify
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.money.crossings import Recall, Send
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.values import MAX_AMOUNT, AccountNumber, Amount, RecordId
from tests.support.two_villages import HILL, RIVER, TwoVillages, two_villages

ALICE = 2


@pytest.fixture
def both(tmp_path: Path) -> Iterator[TwoVillages]:
    with two_villages(tmp_path) as made:
        yield made
        for village in (made.river, made.hill):
            verify(village.hub.store)


def crossing(both: TwoVillages, hub: int = RIVER) -> tuple[object, ...]:
    """State, reason and amount of the last one."""
    with both.at(hub).hub.reading() as tx:
        found = tx.first("SELECT state, why, amount FROM crossing ORDER BY opened_entry DESC LIMIT 1")
    assert found is not None
    return tuple(found)


def trunk(both: TwoVillages, hub: int) -> int:
    with both.at(hub).hub.reading() as tx:
        return int(tx.select("SELECT balance FROM account WHERE kind = 'trunk'")[0][0])


def refused(result: object, code: Code) -> Refusal:
    assert isinstance(result, Refusal)
    assert result.code is code
    return result


# ------------------------------------------------------------------------------------------------ leaving


def test_the_credit_leaves_at_once_and_arrives_once(both: TwoVillages) -> None:
    both.send("Alice", "Chandra", 250)
    assert (both.river.balance("Alice"), trunk(both, RIVER)) == (-250, 250)
    assert crossing(both) == ("on_way", None, 250)
    assert both.hill.balance("Chandra") == 0
    both.carry()
    assert (both.hill.balance("Chandra"), trunk(both, HILL)) == (250, -250)
    assert crossing(both) == crossing(both, HILL) == ("arrived", None, 250)
    assert trunk(both, RIVER) + trunk(both, HILL) == 0


def test_a_wait_of_any_length_refunds_nothing(both: TwoVillages) -> None:
    both.send("Alice", "Chandra", 250)
    both.clock.advance(400 * 86_400_000)
    assert both.posts[RIVER].expire() == 0
    assert (crossing(both), both.river.balance("Alice")) == (("on_way", None, 250), -250)
    both.carry()
    assert both.hill.balance("Chandra") == 250


def test_both_ways_at_once_leaves_what_is_owed(both: TwoVillages) -> None:
    both.send("Alice", "Chandra", 250)
    both.send("Dina", "Bob", 100)
    both.carry()
    assert (trunk(both, RIVER), trunk(both, HILL)) == (150, -150)


def test_a_payment_comes_back_as_a_transfer_of_its_own(both: TwoVillages) -> None:
    sent = both.try_send("Alice", 77, 250)
    both.carry()
    assert crossing(both) == ("returned", "unknown_account", 250)
    assert (both.river.balance("Alice"), trunk(both, RIVER), trunk(both, HILL)) == (0, 0, 0)
    with both.river.hub.reading() as tx:
        back = tx.select("SELECT kind, state, payee, reverses FROM transfer WHERE kind = 'refund'")
    assert [tuple(row) for row in back] == [("refund", "done", ALICE, sent.record)]  # type: ignore[union-attr]


def test_a_refund_comes_outside_the_payers_limit(both: TwoVillages) -> None:
    """Meanwhile Alice has received up to her limit: the credit that comes back is hers all the same."""
    both.try_send("Alice", 77, 1000)
    for name in ("Bob", "Kira"):
        both.river.pay(name, "Alice", 1200)
    both.river.request("Alice", "Bob", 900)
    both.carry()
    assert both.river.balance("Alice") == 2400


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        (0, Code.AMOUNT_WRONG),
        (-5, Code.AMOUNT_WRONG),
        (MAX_AMOUNT + 1, Code.AMOUNT_WRONG),
        (1201, Code.PAYER_LIMIT),
    ],
)
def test_an_amount_that_cannot_be(both: TwoVillages, amount: int, code: Code) -> None:
    refused(both.try_send("Alice", "Chandra", amount), code)


def test_no_further_than_the_trunks_limit(both: TwoVillages) -> None:
    both.limit(RIVER, high=400)
    both.send("Alice", "Chandra", 300)
    no = refused(both.try_send("Bob", "Chandra", 200), Code.TRUNK_LIMIT)
    assert no.numbers == {"amount": 200, "can_send": 100, "hub": HILL}
    assert no.actions == (Action.PAY_LESS, Action.ASK_KEEPER)
    both.send("Bob", "Chandra", 100)
    no = refused(both.try_send("Bob", "Chandra", 1), Code.TRUNK_LIMIT)
    assert (no.numbers["can_send"], no.actions) == (0, (Action.ASK_KEEPER,))
    both.carry()
    both.send("Chandra", "Alice", 50)
    both.carry()
    both.send("Bob", "Chandra", 50)


@pytest.mark.parametrize("hub", [RIVER, 103, 999])
def test_a_hub_that_is_no_neighbour(both: TwoVillages, hub: int) -> None:
    terms = (AccountNumber(2), hub, AccountNumber(2), Amount(5))
    refused(both.river.ask("Alice", Send(*terms)), Code.UNKNOWN_HUB)


def test_nobody_sends_from_anothers_account(both: TwoVillages) -> None:
    terms = (both.river.numbers["Alice"], HILL, AccountNumber(2), Amount(5))
    refused(both.river.ask("Bob", Send(*terms)), Code.NOT_YOURS)
    refused(both.river.ask("Kira", Send(*terms)), Code.NOT_YOURS)


def test_the_same_again_is_asked_about(both: TwoVillages) -> None:
    both.send("Alice", "Chandra", 50)
    refused(both.try_send("Alice", "Chandra", 50), Code.SAME_AGAIN)
    both.send("Alice", "Dina", 50)
    both.send("Alice", "Chandra", 50, again=True)
    both.clock.advance(11 * 60_000)
    both.send("Alice", "Chandra", 50)


def test_what_came_back_may_be_sent_again(both: TwoVillages) -> None:
    both.try_send("Alice", 77, 50)
    both.carry()
    assert not isinstance(both.try_send("Alice", 77, 50), Refusal)


@pytest.mark.parametrize("note", ["x" * 600, "नमस्ते " * 40, "日本語" * 60])
def test_a_memo_must_have_room_on_the_air(both: TwoVillages, note: str) -> None:
    no = refused(both.try_send("Alice", "Chandra", 50, note=note), Code.TEXT_TOO_LONG)
    assert 0 < no.numbers["longest"] < no.numbers["length"]


def test_the_memo_arrives_as_it_was_written(both: TwoVillages) -> None:
    for place, note in enumerate(["two loaves", "नमस्ते", "Brot für die Oma 🍞", "a\u202eb", "  spaces  "], 1):
        both.send("Alice", "Chandra", place, note=note)
    both.carry()
    with both.hill.hub.reading() as tx:
        rows = tx.rows(PrivateText.select().where(PrivateText.field == "note").order_by(PrivateText.entry))
    assert [row.text for row in rows] == ["two loaves", "नमस्ते", "Brot für die Oma 🍞", "a b", "spaces"]


def test_a_payment_to_another_hub_is_not_reversed_at_home(both: TwoVillages) -> None:
    """The receiver can pay back; neither side can undo alone what both books say."""
    sent = both.send("Alice", "Chandra", 50)
    both.carry()
    refused(both.river.ask("Alice", Reverse(sent.record)), Code.NOT_YOURS)
    refused(both.river.ask("Kira", Reverse(sent.record, "by mistake")), Code.NOT_REVERSIBLE)
    with both.hill.hub.reading() as tx:
        came = RecordId(bytes(tx.select("SELECT id FROM crossing")[0][0]))
    refused(both.hill.ask("Chandra", Reverse(came)), Code.NOT_REVERSIBLE)
    refused(both.hill.ask("Hana", Reverse(came, "by mistake")), Code.NOT_REVERSIBLE)


# ------------------------------------------------------------------------------------------------ asked back


def test_asked_back_before_it_is_taken_up(both: TwoVillages) -> None:
    both.limit(HILL, low=0)
    sent = both.send("Alice", "Chandra", 50)
    both.carry()
    both.river.do("Alice", Recall(RecordId(sent.record)))
    assert crossing(both) == ("on_way", None, 50)
    assert both.river.balance("Alice") == -50, "asking is not having"
    both.carry()
    assert crossing(both) == crossing(both, HILL) == ("returned", "recalled", 50)
    assert both.river.balance("Alice") == 0


def test_asked_back_too_late(both: TwoVillages) -> None:
    """Hill had accepted before it heard: the acceptance stands, and neither is marked."""
    sent = both.send("Alice", "Chandra", 50)
    both.carry(RIVER)
    both.river.do("Alice", Recall(RecordId(sent.record)))
    both.carry()
    assert crossing(both) == crossing(both, HILL) == ("arrived", None, 50)
    for village in (both.river, both.hill):
        with village.hub.reading() as tx:
            assert tx.select("SELECT mismatch_entry FROM neighbour")[0][0] is None


def test_both_leave_together_and_the_payment_arrives(both: TwoVillages) -> None:
    """Records are read in order: the payment is accepted before the recall is read."""
    sent = both.send("Alice", "Chandra", 50)
    both.river.do("Alice", Recall(RecordId(sent.record)))
    assert len(list(both.frames_of(RIVER))) == 1
    (frame,) = both.posts[RIVER].frames_with(RIVER, 1, 1)
    both.deliver(frame, HILL)
    both.carry()
    assert crossing(both) == ("arrived", None, 50)


def test_who_may_ask_back_and_what(both: TwoVillages) -> None:
    sent = RecordId(both.send("Alice", "Chandra", 50).record)
    paid = both.river.pay("Alice", "Bob", 5)
    refused(both.river.ask("Bob", Recall(sent)), Code.NOT_YOURS)
    refused(both.river.ask("Alice", Recall(RecordId(paid.record))), Code.UNKNOWN_TRANSFER)
    refused(both.river.ask("Alice", Recall(RecordId(bytes(16)))), Code.UNKNOWN_TRANSFER)
    both.river.do("Kira", Recall(sent, "Alice mistyped"))
    refused(both.river.ask("Alice", Recall(sent)), Code.NOT_ON_WAY)
    both.carry()
    refused(both.river.ask("Alice", Recall(sent)), Code.NOT_ON_WAY)
    with both.hill.hub.reading() as tx:
        came = RecordId(bytes(tx.select("SELECT id FROM crossing")[0][0]))
    refused(both.hill.ask("Chandra", Recall(came)), Code.UNKNOWN_TRANSFER)
