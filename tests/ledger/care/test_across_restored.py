"""Care between hubs, and a card that dies; and a year that is closed while somebody elsewhere thinks about it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.ledger import yearly
from appliance.ledger.book.command import Receipt
from appliance.ledger.book.schema import Claim
from appliance.ledger.book.schema_far import AskedHere, FarWitness
from appliance.ledger.book.verify import verify
from appliance.ledger.care.asks import AskFar
from appliance.ledger.care.claims import ClaimCare
from appliance.ledger.care.elsewhere import attested
from appliance.ledger.care.rings import Node
from appliance.ledger.care.states import DAY_MS
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.values import AccountNumber, RecordId
from tests.ledger.care.across import ask, both_verify, sign
from tests.ledger.care.caring import claim, state
from tests.support.restoring import back_up, lose_and_restore, meet
from tests.support.two_villages import two_villages
from tests.support.valley import HILL, RIVER, Valley

KIRA, ALICE, BOB = 1, 2, 3


@pytest.fixture
def valley(tmp_path: Path) -> Iterator[Valley]:
    made = Valley(tmp_path)
    made.do(RIVER, KIRA, ChangeRules("care", {"quorum": 1}, "one is enough to try it out"))
    yield made
    made.close()


def asks(valley: Valley) -> Receipt:
    """Alice of River cared, and asks Bob of Hill."""
    day = valley.clock.now().ms // DAY_MS
    made = valley.do(RIVER, ALICE, ClaimCare(AccountNumber(ALICE), "elder", 60, day, "Old Tom"))
    valley.do(RIVER, ALICE, AskFar(RecordId(made.record), (Node(HILL, BOB),)))
    return made


def signs(valley: Valley) -> None:
    with valley.hubs[HILL].reading() as tx:
        (row,) = tx.found(
            AskedHere, "state = 'open' AND id IN (SELECT ask FROM asked_of WHERE state = 'asked')"
        )
        command = attested(tx, row, BOB, valley.signers[HILL][BOB])
    valley.do(HILL, BOB, command)


def ended(valley: Valley, made: Receipt) -> tuple[str, str]:
    """How the claim and Bob's part in it stand at River."""
    with valley.hubs[RIVER].reading() as tx:
        row = tx.get(Claim, id=made.record)
        (witness,) = tx.found(FarWitness, "claim = ?", made.record)
    assert row is not None
    return row.state, witness.state


def all_verify(valley: Valley) -> None:
    for hub in (RIVER, HILL):
        verify(valley.hubs[hub].store)


def test_an_ask_that_had_not_left_when_the_card_died_is_asked_again(valley: Valley, tmp_path: Path) -> None:
    made = asks(valley)  # in the book, and in no frame yet
    backup = back_up(valley, tmp_path / "river.hubbackup")
    lose_and_restore(valley, backup)
    meet(valley, RIVER, HILL)
    signs(valley)
    meet(valley, RIVER, HILL)
    assert ended(valley, made) == ("paid", "signed")
    all_verify(valley)


def test_an_answer_to_a_hub_that_was_restored_meanwhile_counts(valley: Valley, tmp_path: Path) -> None:
    """The backup is from before the answer; Hill's feed is read anew, key and signature with it."""
    made = asks(valley)
    valley.carry()
    backup = back_up(valley, tmp_path / "river.hubbackup")
    signs(valley)
    valley.carry()
    assert ended(valley, made) == ("paid", "signed")
    lose_and_restore(valley, backup)
    assert ended(valley, made) == ("open", "asked")
    meet(valley, RIVER, HILL)
    assert ended(valley, made) == ("paid", "signed")
    all_verify(valley)


def test_an_answer_that_had_not_left_when_its_card_died_is_said_again(valley: Valley, tmp_path: Path) -> None:
    made = asks(valley)
    valley.carry()
    signs(valley)
    backup = back_up(valley, tmp_path / "hill.hubbackup", HILL)
    lose_and_restore(valley, backup, HILL)
    meet(valley, HILL, RIVER)
    assert ended(valley, made) == ("paid", "signed")
    all_verify(valley)


def test_an_answer_to_a_claim_that_is_lost_does_not_count(valley: Valley, tmp_path: Path) -> None:
    backup = back_up(valley, tmp_path / "river.hubbackup")
    asks(valley)
    valley.carry()
    lose_and_restore(valley, backup)
    signs(valley)
    meet(valley, RIVER, HILL)
    with valley.hubs[HILL].reading() as tx:
        assert tx.select("SELECT state, why FROM asked_of") == [("refused", "unknown")]
    all_verify(valley)


def test_the_year_is_closed_while_chandra_thinks_about_it(tmp_path: Path) -> None:
    with two_villages(tmp_path, care={"quorum": 1}) as v:
        made = claim(v.river, "Alice")
        ask(v, made, "Alice", "Chandra")
        v.carry()
        for village, keeper in ((v.river, "Kira"), (v.hill, "Hana")):
            closed = yearly.close(village.hub, village.signers[keeper])
            assert isinstance(closed, yearly.Closed), closed
        sign(v, "Chandra")
        v.carry()
        assert state(v.river, made) == "paid"
        both_verify(v)
