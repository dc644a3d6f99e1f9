"""Moving from River to Hill: with credit, with a debt, in parts, called off, and what comes too late."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.ledger.book.private import SealedKeyRow
from appliance.ledger.book.schema import AccountRow, Claim, Member
from appliance.ledger.book.schema_credit import Departure
from appliance.ledger.book.subject import Command
from appliance.ledger.book.verify import verify
from appliance.ledger.care.claims import ClaimCare
from appliance.ledger.care.signing import Cosign
from appliance.ledger.clock import Quality
from appliance.ledger.errors import Code, Refusal
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.money.requests import Accept
from appliance.ledger.money.transfers import Pay
from appliance.ledger.people import powers
from appliance.ledger.people.leaving import MOVED, Leave
from appliance.ledger.people.life import Away, Freeze, Unfreeze
from appliance.ledger.people.members import AppointKeeper, Approve
from appliance.ledger.people.moving import CloseMoved, Left, Move, Stay, left
from appliance.ledger.reads.village import not_trading
from appliance.ledger.tend import tend
from appliance.ledger.values import COMMONS, AccountNumber, Amount
from tests.support.two_villages import HILL, RIVER, TwoVillages, two_villages

NEW = AccountNumber(4)
"""Alice's number at Hill, after Hana, Chandra and Dina."""


@pytest.fixture
def two(tmp_path: Path) -> Iterator[TwoVillages]:
    """Alice of River has joined Hill, too; there she is called after her new home."""
    with two_villages(tmp_path) as made:
        assert made.hill.join("Alice of Hill") == NEW
        made.hill.do("Hana", Approve(NEW))
        yield made
        verify(made.river.hub.store)
        verify(made.hill.hub.store)


def move(two: TwoVillages, told: bool = True) -> AccountNumber:
    alice = two.river.numbers["Alice"]
    two.river.do("Alice", Move(alice, HILL, NEW, told))
    return alice


def still_to_do(two: TwoVillages) -> Left | None:
    with two.river.hub.reading() as tx:
        return left(tx, two.river.numbers["Alice"])


def status(two: TwoVillages) -> str:
    with two.river.hub.reading() as tx:
        row = tx.get(Member, number=two.river.numbers["Alice"])
    assert row is not None
    return str(row.status)


def no(two: TwoVillages, name: str, command: Command) -> Code:
    result = two.home_of(name).ask(name, command)
    assert isinstance(result, Refusal), result
    return result.code


def between(two: TwoVillages) -> int:
    """What both trunks sum to: what is under way, nothing when all has arrived."""
    total = 0
    for village, other in ((two.river, HILL), (two.hill, RIVER)):
        with village.hub.reading() as tx:
            row = tx.get(AccountRow, number=-other)
        assert row is not None
        total += row.balance
    return total


def test_who_is_owed_sends_it_and_is_closed_when_it_has_arrived(two: TwoVillages) -> None:
    two.river.pay("Bob", "Alice", 750)
    alice = move(two)
    assert still_to_do(two) == Left(HILL, NEW, True, 750, 750, 0, False)
    two.send("Alice", "Alice of Hill", 750)
    assert tend(two.river.hub) == 0  # it is on its way: it could come back
    assert status(two) == powers.MOVING
    two.carry()
    assert tend(two.river.hub) == 1
    assert (status(two), two.river.balance("Alice"), two.hill.balance("Alice of Hill")) == ("closed", 0, 750)
    assert between(two) == 0
    with two.river.hub.reading() as tx:
        gone = tx.get(Departure, member=alice)
        assert tx.get(SealedKeyRow, member=alice) is None
    assert gone is not None
    assert (gone.how, gone.hub, gone.account, bool(gone.told)) == (MOVED, HILL, NEW, True)
    assert gone.closed_entry is not None
    assert tend(two.river.hub) == 0


def test_a_debt_is_taken_over_by_the_new_account(two: TwoVillages) -> None:
    two.river.pay("Alice", "Bob", 1150)
    move(two)
    refused = two.try_send("Alice of Hill", "Alice", 1250)
    assert isinstance(refused, Refusal)  # at Hill she has the room of any newcomer, until a keeper gives more
    until = two.clock.now().ms + 365 * 86_400_000
    two.hill.do("Hana", SetLimits(NEW, -2000, 2400, "comes from River with a debt", until))
    two.send("Alice of Hill", "Alice", 1150)
    two.carry()
    assert tend(two.river.hub) == 1
    assert (status(two), two.river.balance("Alice"), two.hill.balance("Alice of Hill")) == (
        "closed",
        0,
        -1150,
    )
    assert between(two) == 0


def test_what_the_trunk_cannot_carry_at_once_goes_in_parts(two: TwoVillages) -> None:
    two.river.pay("Bob", "Alice", 750)
    two.limit(RIVER, high=500)
    move(two)
    found = still_to_do(two)
    assert found is not None
    assert (found.balance, found.can_go) == (750, 500)
    whole = two.try_send("Alice", "Alice of Hill", 750)
    assert isinstance(whole, Refusal)
    assert whole.code is Code.TRUNK_LIMIT
    two.send("Alice", "Alice of Hill", 500)
    two.carry()
    assert tend(two.river.hub) == 0
    found = still_to_do(two)
    assert found is not None
    assert (found.balance, found.can_go) == (250, 0)
    two.send("Dina", "Bob", 300)  # somebody of Hill pays somebody of River: room again
    two.carry()
    two.send("Alice", "Alice of Hill", 250)
    two.carry()
    assert tend(two.river.hub) == 1
    assert two.hill.balance("Alice of Hill") == 750


def test_from_then_on_it_only_goes_to_zero(two: TwoVillages) -> None:
    bob = two.river.numbers["Bob"]
    two.river.pay("Alice", "Bob", 300)
    alice = move(two)
    assert no(two, "Alice", Pay(alice, bob, Amount(1))) is Code.MOVING
    too_much = two.river.ask("Bob", Pay(bob, alice, Amount(301)))
    assert isinstance(too_much, Refusal)
    assert (too_much.code, dict(too_much.numbers)) == (
        Code.PAYEE_LIMIT,
        {"amount": 301},
    )  # not how much she owes
    two.river.pay("Bob", "Alice", 100)
    two.send("Chandra", "Alice", 201)
    two.carry()
    assert two.river.balance("Alice") == -200  # one too many: it went back whole
    assert two.hill.balance("Chandra") == 0
    two.send("Chandra", "Alice", 150)
    two.carry()
    assert two.river.balance("Alice") == -50
    assert between(two) == 0


def test_what_she_asked_for_does_not_stand_in_the_way_of_her_debt(two: TwoVillages) -> None:
    two.river.pay("Alice", "Bob", 300)
    asked = two.river.request("Alice", "Bob", 200)
    move(two)
    two.send("Alice of Hill", "Alice", 300)
    two.carry()
    assert two.river.balance("Alice") == 0
    accept = Accept(asked.record, two.river.numbers["Bob"], two.river.numbers["Alice"], Amount(200))
    assert no(two, "Bob", accept) is Code.PAYEE_LIMIT
    assert tend(two.river.hub) == 1
    assert between(two) == 0


def test_called_off_everything_is_as_before(two: TwoVillages) -> None:
    two.river.pay("Bob", "Alice", 100)
    alice = move(two)
    with two.river.hub.reading() as tx:
        assert alice in not_trading(tx)
    two.river.do("Alice", Stay(alice))
    with two.river.hub.reading() as tx:
        assert alice not in not_trading(tx)
        assert tx.get(Departure, member=alice) is None
    assert no(two, "Alice", Stay(alice)) is Code.WRONG_STATUS
    two.river.pay("Bob", "Alice", 150)
    two.river.pay("Alice", "Bob", 300)
    assert tend(two.river.hub) == 0


def test_what_comes_after_the_closing_goes_back(two: TwoVillages) -> None:
    move(two)
    two.send("Chandra", "Alice", 200)
    assert tend(two.river.hub) == 1
    two.carry()
    assert two.hill.balance("Chandra") == 0
    assert two.river.balance("Alice") == 0
    assert between(two) == 0


def test_what_comes_back_is_sent_again_before_the_closing(two: TwoVillages) -> None:
    two.river.pay("Bob", "Alice", 750)
    alice = two.river.numbers["Alice"]
    two.river.do("Alice", Move(alice, HILL, AccountNumber(77), False))  # nobody's number at Hill
    two.send("Alice", 77, 750)
    two.carry()
    assert tend(two.river.hub) == 0
    assert two.river.balance("Alice") == 750
    two.river.do("Alice", Stay(alice))
    two.river.do("Alice", Move(alice, HILL, NEW, False))
    two.send("Alice", "Alice of Hill", 750)
    two.carry()
    assert tend(two.river.hub) == 1


def test_care_that_was_confirmed_before_is_paid_and_goes_along(tmp_path: Path) -> None:
    with two_villages(tmp_path, credit={"commons_low": 0}, care={"quorum": 1}) as two:
        alice = two.river.numbers["Alice"]
        day = two.clock.now().ms // 86_400_000
        claim = two.river.do("Alice", ClaimCare(alice, "elder", 60, day, "Omar"))
        with two.river.hub.reading() as tx:
            row = tx.get(Claim, id=claim.record)
        assert row is not None
        two.river.do("Bob", Cosign(claim.record, bytes(row.terms)))
        move(two)
        assert no(two, "Alice", Leave(alice)) is Code.UNDER_WAY
        assert tend(two.river.hub) == 0
        two.river.do("Bob", Pay(two.river.numbers["Bob"], COMMONS, Amount(100)))
        assert two.river.balance("Alice") == 100
        assert status(two) == powers.MOVING
        verify(two.river.hub.store)


def test_frozen_meanwhile_she_goes_on_moving_when_freed(two: TwoVillages) -> None:
    two.river.pay("Bob", "Alice", 100)
    alice = move(two)
    two.river.do("Kira", Freeze(alice, "the phone was stolen"))
    assert no(two, "Alice", Stay(alice)) is Code.FROZEN
    two.river.do("Kira", Unfreeze(alice, "found again"))
    assert status(two) == powers.MOVING
    two.send("Alice", "Alice of Hill", 100)
    two.carry()
    assert tend(two.river.hub) == 1


def test_she_may_close_it_herself_without_waiting_for_the_hub(two: TwoVillages) -> None:
    alice = move(two)
    two.river.do("Alice", Leave(alice))
    with two.river.hub.reading() as tx:
        gone = tx.get(Departure, member=alice)
    assert gone is not None
    assert (gone.how, gone.account) == (MOVED, NEW)


def test_it_needs_no_clock_and_nobody_else_can_say_it(two: TwoVillages) -> None:
    move(two)
    result = two.river.ask("Kira", CloseMoved(two.river.numbers["Alice"]))
    assert isinstance(result, Refusal)
    two.river.clock.set(two.clock.now().ms, Quality.NONE)
    assert tend(two.river.hub) == 1


def test_who_may_say_so_and_where_to(two: TwoVillages) -> None:
    alice, bob, kira = (two.river.numbers[name] for name in ("Alice", "Bob", "Kira"))
    assert no(two, "Bob", Move(alice, HILL, NEW, True, "go away")) is Code.NOT_KEEPER
    assert no(two, "Kira", Move(alice, HILL, NEW, True)) is Code.TEXT_MISSING
    assert no(two, "Alice", Move(alice, 103, NEW, True)) is Code.UNKNOWN_HUB
    assert no(two, "Alice", Move(alice, RIVER, NEW, True)) is Code.UNKNOWN_HUB
    assert no(two, "Alice", Move(alice, HILL, AccountNumber(0), True)) is Code.UNKNOWN_ACCOUNT
    assert no(two, "Kira", Move(AccountNumber(99), HILL, NEW, True, "who?")) is Code.UNKNOWN_ACCOUNT
    two.river.do("Kira", Move(alice, HILL, NEW, False, "she told me on the phone"))
    assert no(two, "Alice", Move(alice, HILL, NEW, True)) is Code.WRONG_STATUS
    assert no(two, "Alice", Away(alice)) is Code.WRONG_STATUS
    two.river.do("Kira", Stay(alice, "she comes back"))
    two.river.root(AppointKeeper(bob))
    assert no(two, "Kira", Move(bob, HILL, NEW, True, "he went")) is Code.STILL_KEEPER
    two.river.do("Kira", Move(kira, HILL, NEW, True))  # a keeper may go as everybody may
