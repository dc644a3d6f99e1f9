"""River's card dies, it is restored from a backup, and its neighbours still know what crossed since."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.ledger.book.verify import verify
from appliance.ledger.errors import Code, Refusal
from appliance.ledger.money.crossings import Send
from appliance.ledger.money.transfers import Pay
from appliance.ledger.people.members import Approve
from appliance.ledger.people.restoring import NameRisk, missing
from appliance.ledger.values import AccountNumber, Amount
from tests.support.restoring import back_up, lose_and_restore, meet
from tests.support.valley import HILL, LAKE, RIVER, Valley, join

ALICE, BOB = 2, 3


@pytest.fixture
def valley(tmp_path: Path) -> Iterator[Valley]:
    made = Valley(tmp_path)
    yield made
    made.close()


def in_step(valley: Valley) -> None:
    """All three agree, to the last unit, and each book verifies."""
    for hub in valley.hubs:
        verify(valley.hubs[hub].store)
        assert sum(valley.balances(hub).values()) == 0
        with valley.hubs[hub].reading() as tx:
            assert tx.select("SELECT hub FROM neighbour WHERE mismatch_entry IS NOT NULL") == []
    for one, other in ((RIVER, HILL), (RIVER, LAKE), (HILL, LAKE)):
        there, back = valley.balances(one)[-other], valley.balances(other)[-one]
        assert there + back == 0, "nothing is on its way any more"


def test_what_crossed_since_the_backup_comes_back(valley: Valley, tmp_path: Path) -> None:
    valley.send(RIVER, ALICE, HILL, BOB, 30)
    valley.carry()
    backup = back_up(valley, tmp_path / "river.hubbackup")
    valley.send(RIVER, ALICE, HILL, BOB, 40, "eggs")
    valley.send(HILL, BOB, RIVER, BOB, 25, "a hen")
    valley.carry()
    before = valley.balances(RIVER)
    assert before[ALICE] == -70

    lose_and_restore(valley, backup)
    assert valley.balances(RIVER)[ALICE] == -30, "as it was when the backup was made"
    meet(valley, RIVER, HILL)
    meet(valley, RIVER, LAKE)
    after = valley.balances(RIVER)
    assert {n: after[n] for n in before} == before
    in_step(valley)


def test_members_who_joined_since_are_unresolved_until_claimed(valley: Valley, tmp_path: Path) -> None:
    backup = back_up(valley, tmp_path / "river.hubbackup")
    emeka, seed = join(valley.hubs[RIVER], "Emeka")
    keeper = valley.signers[RIVER][1]
    valley.signers[RIVER][emeka] = type(keeper)(f"member:{emeka}", seed)
    valley.do(RIVER, 1, Approve(AccountNumber(emeka)))
    valley.send(RIVER, emeka, HILL, BOB, 40)
    valley.send(HILL, BOB, RIVER, emeka, 15)
    valley.carry()

    lose_and_restore(valley, backup)
    meet(valley, RIVER, HILL)
    meet(valley, RIVER, LAKE)
    assert valley.balances(RIVER)[-1] == -25
    again, _ = join(valley.hubs[RIVER], "Emeka")
    assert again >= 200, "no number of the lost time is given again"
    in_step(valley)


def test_sends_wait_until_all_are_heard_or_a_keeper_names_the_risk(valley: Valley, tmp_path: Path) -> None:
    backup = back_up(valley, tmp_path / "river.hubbackup")
    valley.send(LAKE, BOB, RIVER, BOB, 15)
    valley.send(RIVER, ALICE, LAKE, BOB, 40)
    valley.carry()
    lose_and_restore(valley, backup)
    send = Send(AccountNumber(ALICE), HILL, AccountNumber(BOB), Amount(10), "food")
    result = valley.ask(RIVER, ALICE, send)
    assert isinstance(result, Refusal)
    assert (result.code, result.numbers["count"]) == (Code.RECOVERING, 2)
    valley.do(RIVER, ALICE, Pay(AccountNumber(ALICE), AccountNumber(BOB), Amount(10)))
    meet(valley, RIVER, HILL)
    assert isinstance(valley.ask(RIVER, ALICE, send), Refusal)
    valley.do(RIVER, 1, NameRisk(LAKE, "the bridge is down until spring"))
    valley.do(RIVER, ALICE, send)
    meet(valley, RIVER, HILL)
    valley.clock.advance(21 * 86_400_000)
    meet(valley, RIVER, LAKE)
    assert valley.balances(RIVER)[ALICE] == -10 - 10 - 40
    with valley.hubs[RIVER].reading() as tx:
        assert missing(tx) == ()
    in_step(valley)
