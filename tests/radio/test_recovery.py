"""River's card dies, it is restored from a backup, and its neighbours still know what crossed since."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.cli import main
from appliance.ledger.book.verify import verify
from appliance.ledger.errors import Code, Refusal
from appliance.ledger.money.crossings import Send
from appliance.ledger.money.transfers import Pay
from appliance.ledger.money.trunks import SetTrunk
from appliance.ledger.people.members import Approve
from appliance.ledger.people.restoring import NameRisk, missing
from appliance.ledger.reads import explaining
from appliance.ledger.values import AccountNumber, Amount
from tests.support.restoring import back_up, bring_all, give_back, lose_and_restore, meet, show_certificates
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
        waits = sum(held(valley, *pair) for pair in ((one, other), (other, one)))
        assert there + back == waits, "nothing is on its way but what waits for room"


def held(valley: Valley, at: int, of: int) -> int:
    """What one hub holds of another's payments, for want of room."""
    with valley.hubs[at].reading() as tx:
        return int((tx.first("SELECT held FROM neighbour WHERE hub = ?", of) or (0,))[0])


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


def test_why_a_recovered_payment_stands(valley: Valley, tmp_path: Path) -> None:
    backup = back_up(valley, tmp_path / "river.hubbackup")
    valley.send(RIVER, ALICE, HILL, BOB, 40, "eggs")
    valley.carry()
    lose_and_restore(valley, backup)
    meet(valley, RIVER, HILL)
    with valley.hubs[RIVER].reading() as tx:
        (record,) = tx.first("SELECT transfer FROM recovered") or (b"",)
        found = explaining.explain(tx, bytes(record))
    assert found is not None
    assert found.holds
    assert {name: found.links["recovered"][name] for name in ("hub", "life", "near", "claimed_by")} == {
        "hub": HILL,
        "life": 1,
        "near": ALICE,
        "claimed_by": None,
    }
    told = CliRunner().invoke(main, ["explain", bytes(record).hex(), "--data", str(valley.hubs[RIVER].data)])
    assert told.exit_code == 0, told.output
    assert f"posted again after a restore: hub {HILL} knew it" in told.output


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


def expected(valley: Valley) -> dict[int, int]:
    """What River's members must have, by the books of the others: they pay nobody at home in these stories."""
    sums: dict[int, int] = {ALICE: 0, BOB: 0}
    for hub in (HILL, LAKE):
        with valley.hubs[hub].reading() as tx:
            for outgoing, far, amount in tx.select(
                "SELECT outgoing, far, amount FROM crossing WHERE hub = ? AND (state = 'arrived' OR state = 'held')",
                RIVER,
            ):
                sums[far] += amount if outgoing else -amount
    return sums


ACT = st.one_of(
    st.tuples(
        st.just("pay"), st.sampled_from([HILL, LAKE]), st.sampled_from([ALICE, BOB]), st.integers(1, 90)
    ),
    st.tuples(
        st.just("paid"), st.sampled_from([HILL, LAKE]), st.sampled_from([ALICE, BOB]), st.integers(1, 90)
    ),
    st.tuples(st.just("out"), st.sampled_from([HILL, LAKE]), st.just(0), st.just(0)),
    st.tuples(st.just("in"), st.sampled_from([HILL, LAKE]), st.just(0), st.just(0)),
)


def act(valley: Valley, what: str, other: int, account: int, amount: int) -> None:
    if what == "pay":
        valley.ask(
            RIVER,
            account,
            Send(AccountNumber(account), other, AccountNumber(BOB), Amount(amount), "food", again=True),
        )
    elif what == "paid":
        valley.ask(
            other,
            ALICE,
            Send(AccountNumber(ALICE), RIVER, AccountNumber(account), Amount(amount), "food", again=True),
        )
    elif what == "out":
        for data in list(valley.frames_of(RIVER)):
            valley.deliver(data, other)
    else:
        for data in list(valley.frames_of(other)):
            valley.deliver(data, RIVER)


@settings(
    max_examples=int(os.environ.get("HUB_RESTORES", "12")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(
    before=st.lists(ACT, max_size=10),
    lost=st.lists(ACT, max_size=14),
    late=st.lists(ACT, max_size=4),
    first=st.sampled_from([HILL, LAKE]),
    again=st.lists(st.sampled_from([HILL, LAKE]), max_size=2),
)
def test_any_cut_of_any_history_ends_alike_at_both_sides(
    before: list[Any], lost: list[Any], late: list[Any], first: int, again: list[int]
) -> None:
    """``again``: the restored box dies, too, before it says anything; these had seen its certificate."""
    with tempfile.TemporaryDirectory() as room:
        valley = Valley(Path(room))
        try:
            for one in before:
                act(valley, *one)
            backup = back_up(valley, Path(room) / "river.hubbackup")
            for one in lost:
                act(valley, *one)
            lose_and_restore(valley, backup)
            for other in again:
                show_certificates(valley, RIVER, other)
                lose_and_restore(valley, backup)
            for one in late:
                if one[0] == "paid":  # the others do not know yet
                    act(valley, *one)
            for other in (first, HILL + LAKE - first, first):
                meet(valley, RIVER, other)
            after = valley.balances(RIVER)
            assert {n: after[n] for n in (ALICE, BOB)} == expected(valley)
            for post in valley.posts.values():
                post.tell()
            for other in (HILL, LAKE):
                meet(valley, RIVER, other)
            meet(valley, HILL, LAKE)
            in_step(valley)
        finally:
            valley.close()


def test_what_the_backup_held_ends_as_it_was_answered_since(valley: Valley, tmp_path: Path) -> None:
    """The second payment was beyond River's limit toward Hill; then a keeper raised it."""
    valley.send(HILL, ALICE, RIVER, ALICE, 170)
    valley.send(HILL, ALICE, RIVER, BOB, 30)
    valley.carry()
    assert held(valley, RIVER, HILL) == 30
    backup = back_up(valley, tmp_path / "river.hubbackup")
    valley.do(RIVER, 1, SetTrunk(HILL, -500, 700, "they are good for it"))
    valley.carry()
    assert valley.balances(RIVER)[BOB] == 30
    lose_and_restore(valley, backup)
    valley.do(RIVER, 1, SetTrunk(HILL, -500, 700, "they are good for it"))
    assert held(valley, RIVER, HILL) == 30, "it is not answered again before Hill was heard"
    meet(valley, RIVER, HILL)
    meet(valley, RIVER, LAKE)
    assert valley.balances(RIVER)[BOB] == 30
    in_step(valley)


def test_what_nobody_had_read_is_said_again(valley: Valley, tmp_path: Path) -> None:
    valley.send(RIVER, ALICE, HILL, BOB, 40)
    backup = back_up(valley, tmp_path / "river.hubbackup")
    lose_and_restore(valley, backup)
    meet(valley, RIVER, HILL)
    meet(valley, RIVER, LAKE)
    assert valley.balances(HILL)[BOB] == 40
    in_step(valley)


def test_own_old_records_are_asked_for_as_far_as_a_neighbour_had_read(valley: Valley, tmp_path: Path) -> None:
    backup = back_up(valley, tmp_path / "river.hubbackup")
    for amount in (40, 10):
        valley.send(RIVER, ALICE, HILL, BOB, amount)
    valley.carry()
    lose_and_restore(valley, backup)
    assert valley.posts[RIVER].earlier_holes() == [], "nobody has said yet that anything is missing"
    show_certificates(valley, RIVER, HILL)
    list(valley.frames_of(HILL))
    bring_all(valley, HILL, RIVER)
    assert valley.posts[RIVER].earlier_holes() == [(RIVER, 1, 1, 2)]
    assert valley.balances(RIVER)[ALICE] == 0, "nothing is taken up without them"
    give_back(valley, HILL)
    valley.posts[RIVER].settle()
    assert valley.posts[RIVER].earlier_holes() == []
    assert valley.balances(RIVER)[ALICE] == -50


def test_a_second_restore_out_of_the_same_backup_gets_back_what_the_first_one_did(
    valley: Valley, tmp_path: Path
) -> None:
    """The box that was restored died before it had said anything; Hill and Lake had seen its certificate."""
    valley.send(RIVER, ALICE, HILL, BOB, 10)
    valley.carry()
    valley.send(RIVER, BOB, HILL, ALICE, 5, "said by nobody yet when the backup was made")
    backup = back_up(valley, tmp_path / "river.hubbackup")
    valley.send(RIVER, ALICE, HILL, BOB, 40)
    valley.send(HILL, BOB, RIVER, BOB, 7)
    valley.send(RIVER, ALICE, LAKE, BOB, 20)
    valley.carry()
    before = valley.balances(RIVER)
    lose_and_restore(valley, backup)
    for other in (HILL, LAKE):
        show_certificates(valley, RIVER, other)
    lose_and_restore(valley, backup)
    assert valley.hubs[RIVER].box.place.incarnation == 3
    for other in (HILL, LAKE):
        meet(valley, RIVER, other)
    after = valley.balances(RIVER)
    assert {n: after[n] for n in before} == before
    with valley.hubs[RIVER].reading() as tx:
        assert missing(tx) == ()
    in_step(valley)

    valley.send(HILL, BOB, RIVER, BOB, 3)
    valley.send(RIVER, ALICE, HILL, BOB, 2)
    for other in (HILL, LAKE, HILL):
        meet(valley, RIVER, other)
    in_step(valley)
    assert valley.posts[HILL].earlier_holes() == [], "of the life between nothing is asked for"


def test_what_nobody_had_read_in_the_first_life_is_said_in_the_third(valley: Valley, tmp_path: Path) -> None:
    valley.send(RIVER, ALICE, HILL, BOB, 40)
    backup = back_up(valley, tmp_path / "river.hubbackup")
    lose_and_restore(valley, backup)
    show_certificates(valley, RIVER, HILL)
    lose_and_restore(valley, backup)
    for other in (HILL, LAKE):
        meet(valley, RIVER, other)
    assert valley.balances(HILL)[BOB] == 40
    in_step(valley)


def test_a_village_that_had_heard_the_life_between_is_not_read_wrongly(
    valley: Valley, tmp_path: Path
) -> None:
    """What Hill knows of that life cannot be told from a forgery: its key is in no book. Nothing of Hill's is
    taken up then, nothing is made up, and Lake, which had heard nothing of that life, gives back what it knew.
    """
    backup = back_up(valley, tmp_path / "river.hubbackup")
    valley.send(RIVER, ALICE, HILL, BOB, 40)
    valley.send(RIVER, ALICE, LAKE, BOB, 20)
    valley.carry()
    lose_and_restore(valley, backup)
    for other in (HILL, LAKE):
        meet(valley, RIVER, other)
    valley.send(RIVER, ALICE, HILL, BOB, 6)
    list(valley.frames_of(RIVER))
    bring_all(valley, RIVER, HILL)
    lose_and_restore(valley, backup)
    for other in (HILL, LAKE):
        show_certificates(valley, RIVER, other)
        list(valley.frames_of(other))
        bring_all(valley, other, RIVER)
    give_back(valley, LAKE)
    valley.posts[RIVER].settle()
    with valley.hubs[RIVER].reading() as tx:
        assert missing(tx) == (HILL,)
        assert tx.select("SELECT hub FROM neighbour WHERE mismatch_entry IS NOT NULL") == []
    assert valley.balances(RIVER)[ALICE] == -20, "by what Lake knew"
    verify(valley.hubs[RIVER].store)
    valley.do(RIVER, ALICE, Pay(AccountNumber(ALICE), AccountNumber(BOB), Amount(10)))
    valley.do(RIVER, 1, NameRisk(HILL, "it cannot be read any more"))
    valley.send(RIVER, ALICE, LAKE, BOB, 1)
    meet(valley, RIVER, LAKE)
    assert valley.balances(LAKE)[BOB] == 21
