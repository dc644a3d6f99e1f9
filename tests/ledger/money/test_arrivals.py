"""What comes to Hill from River: taken up, held in its order, sent back; never lost, never twice."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.ledger.book.verify import verify
from appliance.ledger.clock import Quality
from appliance.ledger.errors import Code, Refusal
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.money.arrivals import ArriveSent, SendBack, TakeHeld
from appliance.ledger.money.crossings import Recall
from appliance.ledger.money.requests import Request
from appliance.ledger.people.further import OpenAccount
from appliance.ledger.people.grants import JOINT, AgreeGrant, AskGrant
from appliance.ledger.people.members import Approve
from appliance.ledger.values import AccountNumber, Amount, RecordId
from tests.support.two_villages import HILL, RIVER, TwoVillages, two_villages

DAY_MS = 86_400_000


@pytest.fixture
def both(tmp_path: Path) -> Iterator[TwoVillages]:
    with two_villages(tmp_path) as made:
        yield made
        for village in (made.river, made.hill):
            verify(village.hub.store)


def states(both: TwoVillages, hub: int = HILL) -> list[tuple[int, str, str | None]]:
    """Amount, state and reason of each crossing, in the order of their numbers."""
    with both.at(hub).hub.reading() as tx:
        rows = tx.select("SELECT amount, state, why FROM crossing ORDER BY number")
    return [(amount, state, why) for amount, state, why in rows]


def ends(both: TwoVillages, hub: int = HILL) -> str:
    """How each ended, by letters: arrived, returned, held, on the way."""
    return "".join(state[0] for _, state, _ in states(both, hub))


def held(both: TwoVillages, amount: int) -> RecordId:
    with both.hill.hub.reading() as tx:
        return RecordId(bytes(tx.select("SELECT id FROM crossing WHERE amount = ?", amount)[0][0]))


def statement(both: TwoVillages) -> list[tuple[str, str, int]]:
    with both.hill.hub.reading() as tx:
        rows = tx.select("SELECT kind, state, payee FROM transfer ORDER BY opened_entry")
    return [(kind, state, payee) for kind, state, payee in rows]


# ------------------------------------------------------------------------------------------------ at once


def test_it_is_taken_up_and_stands_on_the_statement(both: TwoVillages) -> None:
    both.send("Alice", "Chandra", 250)
    both.carry()
    assert states(both) == [(250, "arrived", None)]
    assert statement(both) == [("received", "arrived", both.hill.numbers["Chandra"])]


def test_the_commons_can_be_paid(both: TwoVillages) -> None:
    both.try_send("Alice", 0, 250)
    both.carry()
    with both.hill.hub.reading() as tx:
        assert tx.select("SELECT balance FROM account WHERE number = 0")[0][0] == 250


def test_an_account_that_is_not_there_or_waits_for_a_keeper(both: TwoVillages) -> None:
    emeka = both.hill.join("Emeka")
    both.try_send("Alice", 77, 10)
    both.try_send("Alice", emeka, 20)
    both.carry()
    assert states(both) == [(10, "returned", "unknown_account"), (20, "returned", "unknown_account")]
    assert statement(both) == [], "nobody's statement has what came for nobody"


def test_a_payees_own_limit_sends_it_back_at_once(both: TwoVillages) -> None:
    both.hill.do("Hana", SetLimits(both.hill.numbers["Chandra"], -100, 100, "to try"))
    both.send("Alice", "Chandra", 101)
    both.send("Alice", "Chandra", 100)
    both.send("Alice", "Chandra", 1)
    both.carry()
    assert states(both) == [
        (101, "returned", "payee_limit"),
        (100, "arrived", None),
        (1, "returned", "payee_limit"),
    ]


def test_what_a_request_keeps_aside_counts(both: TwoVillages) -> None:
    chandra, dina = both.hill.numbers["Chandra"], both.hill.numbers["Dina"]
    both.hill.do("Hana", SetLimits(chandra, -100, 100, "to try"))
    both.hill.do("Chandra", Request(chandra, dina, Amount(60)))
    both.send("Alice", "Chandra", 50)
    both.send("Alice", "Chandra", 40)
    both.carry()
    assert ends(both) == "ra"


# ------------------------------------------------------------------------------------------------ held


def test_beyond_the_trunks_limit_it_is_held_and_moves_nothing(both: TwoVillages) -> None:
    both.limit(HILL, low=-100)
    both.send("Alice", "Chandra", 101)
    both.carry()
    assert (ends(both), both.hill.balance("Chandra")) == ("h", 0)
    assert (ends(both, RIVER), both.river.balance("Alice")) == ("o", -101)
    assert statement(both) == [("received", "held", both.hill.numbers["Chandra"])]


def test_a_small_one_does_not_overtake_a_large_one(both: TwoVillages) -> None:
    both.limit(HILL, low=-100)
    for amount in (150, 20, 30):
        both.send("Alice", "Chandra", amount)
    both.carry()
    assert ends(both) == "hhh"
    both.limit(HILL, low=-180)
    assert ends(both) == "aah"
    both.limit(HILL, low=-200)
    assert ends(both) == "aaa"
    both.carry()
    assert ends(both, RIVER) == "aaa"


def test_paying_the_other_way_makes_room(both: TwoVillages) -> None:
    both.limit(HILL, low=-100)
    both.send("Alice", "Chandra", 150)
    both.carry()
    both.send("Dina", "Bob", 50)
    with both.hill.hub.reading() as tx:
        assert tx.select("SELECT state FROM crossing WHERE NOT outgoing")[0][0] == "arrived"
    assert both.hill.balance("Chandra") == 150


def test_a_larger_limit_after_a_restart(both: TwoVillages) -> None:
    both.limit(HILL, low=0)
    both.send("Alice", "Chandra", 10)
    both.carry()
    both.limit(HILL, low=-9)
    assert ends(both) == "h"
    both.limit(HILL, low=-10)
    assert ends(both) == "a"


def test_held_for_nobody_it_goes_back_when_its_turn_comes(both: TwoVillages) -> None:
    both.limit(HILL, low=0)
    both.try_send("Alice", 77, 10)
    both.carry()
    assert ends(both) == "h"
    both.limit(HILL, low=-10)
    assert states(both) == [(10, "returned", "unknown_account")]


def test_held_for_a_number_that_somebody_has_by_then(both: TwoVillages) -> None:
    """Emeka joined while it waited: what arrives stands on Emeka's statement."""
    both.limit(HILL, low=0)
    both.try_send("Alice", 4, 10, note="welcome")
    both.carry()
    assert both.hill.join("Emeka") == 4
    both.hill.do("Hana", Approve(both.hill.numbers["Emeka"]))
    both.limit(HILL, low=-10)
    assert (ends(both), both.hill.balance("Emeka")) == ("a", 10)
    assert statement(both) == [("received", "arrived", 4)]


def test_a_limit_of_the_payee_is_looked_at_when_its_turn_comes(both: TwoVillages) -> None:
    both.limit(HILL, low=0)
    both.send("Alice", "Chandra", 50)
    both.carry()
    both.hill.do("Hana", SetLimits(both.hill.numbers["Chandra"], -10, 10, "to try"))
    both.limit(HILL, low=-50)
    both.carry()
    assert states(both) == states(both, RIVER) == [(50, "returned", "payee_limit")]
    assert both.river.balance("Alice") == 0


def test_asking_back_the_first_lets_the_next_have_its_turn(both: TwoVillages) -> None:
    both.limit(HILL, low=-100)
    big = both.send("Alice", "Chandra", 150)
    both.send("Bob", "Chandra", 20)
    both.carry()
    both.river.do("Alice", Recall(RecordId(big.record)))
    both.carry()
    assert ends(both) == ends(both, RIVER) == "ra"


# ------------------------------------------------------------------------------------------------ back


def test_a_keeper_sends_back_with_a_reason(both: TwoVillages) -> None:
    both.limit(HILL, low=0)
    both.send("Alice", "Chandra", 50)
    both.carry()
    for who, reason, code in (
        ("Chandra", "mine", Code.NOT_KEEPER),
        ("Hana", "", Code.TEXT_MISSING),
        ("Hana", "x" * 900, Code.TEXT_TOO_LONG),
    ):
        no = both.hill.ask(who, SendBack(held(both, 50), reason))
        assert isinstance(no, Refusal)
        assert no.code is code
    both.hill.do("Hana", SendBack(held(both, 50), "Chandra has left the village"))
    again = both.hill.ask("Hana", SendBack(held(both, 50), "once more"))
    assert isinstance(again, Refusal)
    assert again.code is Code.NOT_HELD
    both.carry()
    assert states(both, RIVER) == [(50, "returned", "keeper")]


def test_a_keeper_with_a_part_in_the_account_sends_nothing_back(both: TwoVillages) -> None:
    hill = both.hill
    opened = hill.do("Hana", OpenAccount(hill.numbers["Chandra"], "business", "Bakery", "sells bread"))
    hill.numbers["Bakery"] = shop = AccountNumber(int(str(opened.outcome["number"])))
    hill.do("Chandra", AskGrant(shop, hill.numbers["Hana"], JOINT))
    hill.do("Hana", AgreeGrant(shop, JOINT))
    both.limit(HILL, low=0)
    both.send("Alice", "Bakery", 50)
    both.carry()
    no = hill.ask("Hana", SendBack(held(both, 50), "no bread today"))
    assert isinstance(no, Refusal)
    assert no.code is Code.PARTY


def test_what_was_held_for_long_goes_back_by_itself(both: TwoVillages) -> None:
    both.limit(HILL, low=0)
    both.send("Alice", "Chandra", 50)
    both.carry()
    both.clock.advance(30 * DAY_MS - 1)
    assert both.posts[HILL].expire() == 0
    both.clock.advance(2)
    assert both.posts[HILL].expire() == 1
    assert both.posts[HILL].expire() == 0
    both.carry()
    assert states(both, RIVER) == [(50, "returned", "expired")]
    assert both.river.balance("Alice") == 0


@pytest.mark.parametrize("quality", [Quality.NONE, Quality.FLOOR, Quality.MESH])
def test_nothing_expires_on_a_doubtful_clock(both: TwoVillages, quality: Quality) -> None:
    both.limit(HILL, low=0)
    both.send("Alice", "Chandra", 50)
    both.carry()
    both.clock.set(both.clock.now().ms + 400 * DAY_MS, quality)
    assert both.posts[HILL].expire() == 0
    no = both.hill.hub.by_rule(SendBack(held(both, 50)), "expiry")
    assert isinstance(no, Refusal)
    assert no.code is Code.NOT_YET
    both.clock.set(both.clock.now().ms, Quality.KEEPER)
    assert both.posts[HILL].expire() == 1


def test_the_box_cannot_take_out_of_turn_or_without_room(both: TwoVillages) -> None:
    both.limit(HILL, low=0)
    both.send("Alice", "Chandra", 50)
    both.send("Alice", "Chandra", 1)
    both.carry()
    first = both.hill.hub.by_rule(TakeHeld(held(both, 50)), "room")
    second = both.hill.hub.by_rule(TakeHeld(held(both, 1)), "room")
    nothing = both.hill.hub.by_rule(TakeHeld(RecordId(bytes(16))), "room")
    codes = [found.code for found in (first, second, nothing) if isinstance(found, Refusal)]
    assert codes == [Code.TRUNK_LIMIT, Code.NOT_HELD, Code.NOT_HELD]


def test_a_payment_of_no_neighbour_is_refused(both: TwoVillages) -> None:
    no = both.hill.hub.by_rule(ArriveSent(103, 1, 1, bytes(32), 2, 2, 5), "arrival")
    assert isinstance(no, Refusal)
    assert no.code is Code.UNKNOWN_HUB
