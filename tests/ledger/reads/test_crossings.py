"""What people read of payments to and from another village: who, how far, why; and what may be done with it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.ledger.book.letters import Why
from appliance.ledger.clock import Quality
from appliance.ledger.errors import Action
from appliance.ledger.money.crossings import Recall
from appliance.ledger.people.showing import ShowName
from appliance.ledger.reads import crossings, desk, member
from appliance.ledger.reads.crossings import Leg, OtherHub
from appliance.ledger.reads.people import person
from tests.support.two_villages import HILL, RIVER, TwoVillages, two_villages
from tests.support.village import Village

HILL_HUB = OtherHub(HILL, "Hill")


@pytest.fixture
def two(tmp_path: Path) -> Iterator[TwoVillages]:
    with two_villages(tmp_path) as made:
        yield made


def see(village: Village, what: Any, *args: Any) -> Any:
    with village.hub.reading() as tx:
        return what(tx, *args)


def home(two: TwoVillages, name: str) -> member.Home:
    village = two.home_of(name)
    found = see(village, member.home, village.numbers[name])
    assert found is not None
    return found


def receipt(two: TwoVillages, name: str, place: int = 0) -> member.TransferView:
    """A line of somebody's statement, opened."""
    village = two.home_of(name)
    line = see(village, member.statement, village.numbers[name]).lines[place]
    found = see(village, member.transfer, line.transfer, village.numbers[name])
    assert found is not None
    return found


# ------------------------------------------------------------------------------------------------ people


def test_the_other_hubs_are_known_by_name(two: TwoVillages) -> None:
    assert see(two.river, crossings.other_hubs) == (HILL_HUB,)
    assert see(two.river, crossings.other_hub, HILL) == HILL_HUB
    for number in (RIVER, 105):  # its own, and nobody's
        assert see(two.river, crossings.other_hub, number) is None
        assert see(two.river, crossings.far_person, number, 2) is None


def test_somebody_far_is_a_number_until_a_name_is_told(two: TwoVillages) -> None:
    chandra = two.hill.numbers["Chandra"]
    before = see(two.river, crossings.far_person, HILL, chandra)
    assert (before.far, before.unchecked, before.hub_name) == (True, True, "Hill")
    two.hill.do("Chandra", ShowName(chandra, True))
    two.posts[HILL].publish(8)
    two.carry()
    after = see(two.river, crossings.far_person, HILL, chandra)
    assert (after.name, after.unchecked) == ("Chandra", False)
    assert see(two.river, crossings.far_named, "chan") == (after,)
    assert see(two.river, crossings.far_named, "dina") == ()
    assert see(two.hill, crossings.name_shown, chandra)


def test_one_number_at_two_hubs_is_two_people(two: TwoVillages) -> None:
    alice = see(two.river, person, two.river.numbers["Alice"])
    other = see(two.river, crossings.far_person, HILL, two.river.numbers["Alice"])
    assert alice.number == other.number
    assert not alice.same(other)
    assert alice.same(alice)
    assert not alice.same(None)


# ------------------------------------------------------------------------------------------------ the way


def test_a_payment_is_followed_from_one_end_to_the_other(two: TwoVillages) -> None:
    two.send("Alice", "Chandra", 250, note="bread")
    t = receipt(two, "Alice")
    assert (t.state, t.payer.name if t.payer else "", t.payee.hub, t.text) == (
        "on_way",
        "Alice",
        HILL,
        "bread",
    )
    assert t.way is not None
    assert (t.way.hub, t.way.outgoing, t.way.leg, t.way.heard) == (HILL_HUB, True, Leg.HERE, None)
    assert home(two, "Alice").on_way == (t,)

    frames = list(two.frames_of(RIVER))
    assert (way := receipt(two, "Alice").way) is not None
    assert way.leg is Leg.SENT
    for frame in frames:
        two.deliver(frame, HILL)
    two.hear(RIVER)
    assert (way := receipt(two, "Alice").way) is not None
    assert way.leg is Leg.HEARD
    assert way.heard == two.clock.now()

    two.clock.advance(60_000)
    two.carry()
    t = receipt(two, "Alice")
    assert t.way is not None
    assert (t.state, t.way.leg, t.way.why, t.way.ended) == ("arrived", None, None, two.clock.now())
    assert home(two, "Alice").on_way == ()

    came = receipt(two, "Chandra")
    assert (came.kind, came.state, came.text) == ("received", "arrived", "bread")
    assert came.payer is not None
    assert (came.payer.hub, came.payer.number) == (RIVER, two.river.numbers["Alice"])
    assert came.payee.name == "Chandra"


def test_what_came_back_has_a_reason_and_two_linked_lines(two: TwoVillages) -> None:
    two.try_send("Alice", 77, 100)
    since = two.clock.now().ms
    two.carry()
    back, sent = receipt(two, "Alice", 0), receipt(two, "Alice", 1)
    assert (back.kind, back.undoes, sent.state, sent.reversal) == ("refund", sent.id, "returned", back.id)
    for t in (back, sent):
        assert t.way is not None
        assert t.way.why is Why.UNKNOWN_ACCOUNT
        assert t.actions == ()
    assert back.payer is not None
    assert (back.payer.hub, back.payer.number, back.payee.name) == (HILL, 77, "Alice")
    assert all(line.cancelled for line in home(two, "Alice").recent)
    alice = two.river.numbers["Alice"]
    assert see(two.river, crossings.came_back, alice, since) == (sent.id,)
    assert see(two.river, crossings.came_back, alice, since + 1) == ()
    assert see(two.river, crossings.came_back, two.river.numbers["Bob"], since) == ()


def test_a_held_payment_is_seen_by_its_payee_and_by_keepers(two: TwoVillages) -> None:
    two.limit(HILL, low=-200)
    two.send("Alice", "Chandra", 250, note="bread")
    two.try_send("Alice", 77, 300)
    two.carry()
    (coming,) = home(two, "Chandra").coming
    assert (coming.state, coming.amount, coming.actions) == ("held", 250, ())
    first, second = see(two.hill, desk.held, RIVER)
    assert (first.id, first.amount, first.note) == (coming.id, 250, "bread")
    assert first.payer is not None
    assert first.payee is not None
    assert (first.payer.hub, first.payer.number, first.payee.name) == (RIVER, 2, "Chandra")
    assert second.payee is None
    hana = two.hill.numbers["Hana"]
    as_keeper = see(two.hill, member.transfer, coming.id, hana, True)
    assert as_keeper.actions == (Action.SEND_BACK,)
    assert see(two.hill, member.transfer, coming.id, hana) is None
    two.limit(HILL)
    two.carry()
    assert see(two.hill, desk.held, RIVER) == ()
    assert see(two.hill, desk.held_one, coming.id) is None
    assert two.hill.balance("Chandra") == 250


def test_the_entry_that_paid_it_stays_when_another_ends_it(two: TwoVillages) -> None:
    sent = two.send("Alice", "Chandra", 250)
    t = receipt(two, "Alice")
    assert (t.entry, t.ended_entry) == (sent.entry, None)
    two.try_send("Alice", 77, 100)
    two.carry()
    t = receipt(two, "Alice", 2)
    assert t.state == "arrived"
    assert t.entry == sent.entry
    assert t.ended_entry is not None
    assert t.ended_entry > t.entry
    back = receipt(two, "Alice", 0)
    assert (back.kind, back.ended_entry) == ("refund", None)
    assert receipt(two, "Alice", 1).ended_entry == back.entry
    assert receipt(two, "Chandra").ended_entry is None


# ------------------------------------------------------------------------------------------------ actions


def test_the_payer_may_recall_once_and_while_it_is_on_its_way(two: TwoVillages) -> None:
    two.send("Alice", "Chandra", 250)
    t = receipt(two, "Alice")
    assert t.actions == (Action.RECALL,)
    kira = two.river.numbers["Kira"]
    assert see(two.river, member.transfer, t.id, kira, True).actions == (Action.RECALL,)
    two.river.do("Alice", Recall(t.id))
    t = receipt(two, "Alice")
    assert (t.actions, t.way.recalled if t.way else None) == ((), True)


def test_the_payee_may_pay_back_what_has_arrived(two: TwoVillages) -> None:
    two.send("Alice", "Chandra", 250)
    two.carry()
    assert receipt(two, "Alice").actions == ()
    t = receipt(two, "Chandra")
    assert t.actions == (Action.PAY_BACK,)
    hana = two.hill.numbers["Hana"]
    assert see(two.hill, member.transfer, t.id, hana, True).actions == ()


# ------------------------------------------------------------------------------------------------ the hub


def test_how_a_hub_stands(two: TwoVillages) -> None:
    standing = see(two.river, crossings.standing, HILL)
    assert (standing.hub, standing.heard, standing.stuck) == (HILL_HUB, None, False)
    assert see(two.river, crossings.standing, 105) is None
    two.hear(RIVER)
    heard = see(two.river, crossings.last_heard, HILL)
    assert (heard.ms, heard.quality) == (two.clock.now().ms, Quality.NTP)


def test_the_log_has_acts_between_hubs(two: TwoVillages) -> None:
    from appliance.ledger.money.arrivals import SendBack

    two.limit(HILL, low=0)
    sent = two.send("Alice", "Chandra", 250)
    two.carry()
    (waits,) = see(two.hill, desk.held, RIVER)
    two.hill.do("Hana", SendBack(waits.id, "not known here"))
    lines, _ = see(two.hill, desk.log)
    assert [(line.kind, line.reason) for line in lines[:2]] == [
        ("send_back", "not known here"),
        ("set_trunk", "to try it out"),
    ]
    assert lines[0].about is not None
    assert lines[0].about.name == "Chandra"
    assert [line.kind for line in lines].count("admit_hub") == 2
    two.river.do("Kira", Recall(sent.record, "Alice mistyped"))
    (newest, *_), _ = see(two.river, desk.log)
    assert (newest.kind, newest.about.name) == ("recall", "Alice")
    two.send("Alice", "Chandra", 100)
    mine = two.send("Bob", "Chandra", 100)
    two.river.do("Bob", Recall(mine.record))
    lines, _ = see(two.river, desk.log)
    assert [line.kind for line in lines].count("recall") == 1
