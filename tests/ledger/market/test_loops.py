"""Trade loops: proposed by rule, answered by each, agreed when all say yes; across hubs by sealed records."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.letters import Named
from appliance.ledger.book.letters_loops import Leg
from appliance.ledger.book.schema import Listing
from appliance.ledger.book.schema_trading import LoopLeg, TradeLoop
from appliance.ledger.book.verify import verify
from appliance.ledger.errors import Code, Refusal
from appliance.ledger.market.listings import OFFER, WANT, CloseListing, OpenListing
from appliance.ledger.market.loops import DAY_MS, GRACE_DAYS, AnswerLoop, PayLeg, ProposeLoop
from appliance.ledger.market.loops_far import ArriveLoopAnswer, ArriveLoopEnd
from appliance.ledger.reads import trading
from appliance.ledger.tend import tend
from appliance.ledger.values import Amount, RecordId
from tests.support.two_villages import HILL, RIVER, TwoVillages, two_villages
from tests.support.village import Village


def lists(village: Village, name: str, kind: str, title: str, price: int | None = None) -> int:
    """A listing of ``name``: its number."""
    asked = None if price is None else Amount(price)
    made = village.do(name, OpenListing(village.numbers[name], kind, "food", title, "", asked))
    return int(made.entry)


def legs_of(village: Village, *names: str, price: int | None = 100) -> list[Leg]:
    """Each of ``names`` gives something that the next one wants."""
    offers = [lists(village, name, OFFER, f"what {name} has", price) for name in names]
    wants = [lists(village, name, WANT, f"what {name} needs") for name in names]
    number = village.hub.number
    return [
        Leg(number, village.numbers[name], offers[n], wants[(n + 1) % len(names)], price)
        for n, name in enumerate(names)
    ]


def propose(village: Village, legs: list[Leg], days: int = 7) -> RecordId:
    made = try_propose(village, legs, days)
    assert isinstance(made, Receipt), made
    return made.record


def try_propose(village: Village, legs: list[Leg], days: int = 7) -> Receipt | Refusal:
    until = village.clock.now().ms + days * DAY_MS
    return village.hub.by_rule(ProposeLoop(tuple(legs), until), "loops")


def state(village: Village, loop: bytes | None = None) -> tuple[str, list[str]]:
    """How the (only) loop stands at a hub, and what each has said."""
    with village.hub.reading() as tx:
        (row,) = [r for r in tx.rows(TradeLoop.select()) if loop is None or bytes(r.id) == loop]
        legs = tx.rows(LoopLeg.select().where(LoopLeg.loop == row.id).order_by(LoopLeg.place))
        return row.state, [leg.answer for leg in legs]


def loop_at(village: Village) -> RecordId:
    with village.hub.reading() as tx:
        (row,) = tx.rows(TradeLoop.select())
    return RecordId(bytes(row.id))


def code(result: object) -> Code:
    assert isinstance(result, Refusal), result
    return result.code


def test_all_say_yes_and_each_pays_their_own_leg(river: Village) -> None:
    loop = propose(river, legs_of(river, "Alice", "Bob", "Chandra"))
    assert state(river) == ("open", ["asked", "asked", "asked"])
    river.do("Alice", AnswerLoop(loop, True))
    river.do("Bob", AnswerLoop(loop, True, 150))
    assert code(river.ask("Bob", PayLeg(loop, RecordId(bytes(16))))) is Code.LOOP_CLOSED
    river.do("Chandra", AnswerLoop(loop, True))
    assert state(river) == ("agreed", ["yes", "yes", "yes"])
    assert river.balance("Alice") == river.balance("Bob") == 0, "a loop moves no credit by itself"
    wrong = river.pay("Bob", "Chandra", 100)
    assert code(river.ask("Bob", PayLeg(loop, wrong.record))) is Code.UNKNOWN_TRANSFER
    paid = river.pay("Bob", "Alice", 100)
    river.do("Bob", PayLeg(loop, paid.record))
    assert code(river.ask("Bob", PayLeg(loop, paid.record))) is Code.LOOP_CLOSED
    with river.hub.reading() as tx:
        leg = tx.get(LoopLeg, loop=loop, place=0)
        worth = tx.get(LoopLeg, loop=loop, place=1)
    assert leg is not None
    assert leg.transfer == paid.record
    assert worth is not None
    assert worth.amount == 150, "who gives says what it is worth"
    verify(river.hub.store)


def test_one_no_ends_it_and_nothing_has_moved(river: Village) -> None:
    loop = propose(river, legs_of(river, "Alice", "Bob", "Chandra"))
    river.do("Alice", AnswerLoop(loop, True))
    river.do("Bob", AnswerLoop(loop, False))
    assert state(river) == ("declined", ["yes", "no", "asked"])
    assert code(river.ask("Chandra", AnswerLoop(loop, True))) is Code.LOOP_CLOSED
    assert code(river.ask("Dina", AnswerLoop(loop, True))) is Code.UNKNOWN_LOOP


def test_who_does_not_answer_in_time_lets_it_lapse(river: Village) -> None:
    loop = propose(river, legs_of(river, "Alice", "Bob"))
    river.do("Alice", AnswerLoop(loop, True))
    river.clock.advance(6 * DAY_MS)
    tend(river.hub)
    assert state(river)[0] == "open"
    river.clock.advance(2 * DAY_MS)
    assert code(river.ask("Bob", AnswerLoop(loop, True))) is Code.LOOP_CLOSED
    tend(river.hub)
    assert state(river) == ("lapsed", ["yes", "asked"])


def test_only_what_is_there_can_be_proposed_and_nobody_is_in_two(river: Village) -> None:
    legs = legs_of(river, "Alice", "Bob")
    other = legs_of(river, "Bob", "Chandra")
    with river.hub.reading() as tx:
        row = tx.get(Listing, opened_entry=legs[0].offer)
    assert row is not None
    propose(river, other)
    assert code(try_propose(river, legs)) is Code.ALREADY_ASKED
    third = legs_of(river, "Alice", "Dina")
    river.do("Alice", CloseListing(RecordId(bytes(row.id))))
    with river.hub.reading() as tx:
        gone = tx.get(Listing, opened_entry=third[0].offer)
    assert gone is not None
    river.do("Alice", CloseListing(RecordId(bytes(gone.id))))
    assert code(try_propose(river, third)) is Code.UNKNOWN_LISTING
    assert code(try_propose(river, [Leg(RIVER, 9, 1, 1), Leg(RIVER, 8, 1, 1)])) is Code.UNKNOWN_LISTING


def people_tried(village: Village) -> set[frozenset[tuple[int, int]]]:
    with village.hub.reading() as tx:
        return trading.tried(tx)


def test_a_loop_that_is_being_paid_is_not_proposed_again(river: Village) -> None:
    legs = legs_of(river, "Alice", "Bob")
    loop = propose(river, legs)
    for name in ("Alice", "Bob"):
        river.do(name, AnswerLoop(loop, True))
    both = {frozenset((RIVER, river.numbers[name]) for name in ("Alice", "Bob"))}
    assert people_tried(river) == both
    river.do("Bob", PayLeg(loop, river.pay("Bob", "Alice", 100).record))
    assert people_tried(river) == both
    river.do("Alice", PayLeg(loop, river.pay("Alice", "Bob", 100).record))
    assert people_tried(river) == set(), (
        "they have traded: their listings stand, and it can go round once more"
    )


def test_an_agreed_loop_of_which_a_listing_is_gone_holds_nobody_up(river: Village) -> None:
    legs = legs_of(river, "Alice", "Bob")
    loop = propose(river, legs)
    for name in ("Alice", "Bob"):
        river.do(name, AnswerLoop(loop, True))
    with river.hub.reading() as tx:
        row = tx.get(Listing, opened_entry=legs[0].offer)
    assert row is not None
    river.do("Alice", CloseListing(RecordId(bytes(row.id))))
    assert people_tried(river) == set()


def test_its_page_closes_at_the_deadline_whatever_the_chore_has_done(river: Village) -> None:
    loop = propose(river, legs_of(river, "Alice", "Bob"))
    for days, says, waits in ((6, "open", True), (2, "lapsed", False)):
        river.clock.advance(days * DAY_MS)
        with river.hub.reading() as tx:
            view = trading.loop(tx, loop, river.numbers["Alice"], river.clock.now())
        assert view is not None
        assert (view.state, view.waits_for_me) == (says, waits)
    assert state(river)[0] == "open", "the entry comes with the chore"


# ------------------------------------------------------------------------------------ two villages


@pytest.fixture
def two(tmp_path: Path) -> Iterator[TwoVillages]:
    with two_villages(tmp_path) as made:
        yield made


def legs_between(v: TwoVillages) -> list[Leg]:
    """Alice of River serves Bob, Bob serves Chandra of Hill, Chandra serves Alice."""
    r, h = v.river, v.hill
    a, b = (lists(r, name, OFFER, "x", 100) for name in ("Alice", "Bob"))
    wa, wb = (lists(r, name, WANT, "y") for name in ("Alice", "Bob"))
    c, wc = lists(h, "Chandra", OFFER, "z", 50), lists(h, "Chandra", WANT, "w")
    return [
        Leg(RIVER, r.numbers["Alice"], a, wb, 100),
        Leg(RIVER, r.numbers["Bob"], b, wc, 100),
        Leg(HILL, h.numbers["Chandra"], c, wa, 50),
    ]


def across(v: TwoVillages) -> RecordId:
    """River has proposed that loop."""
    return propose(v.river, legs_between(v))


def both_verify(v: TwoVillages) -> None:
    for village in (v.river, v.hill):
        verify(village.hub.store)


def test_three_people_of_two_villages_agree(two: TwoVillages) -> None:
    loop = across(two)
    two.river.do("Alice", AnswerLoop(loop, True))
    two.river.do("Bob", AnswerLoop(loop, True))
    two.carry()
    assert state(two.hill) == ("open", ["asked", "asked", "asked"])
    at_hill = loop_at(two.hill)
    two.hill.do("Chandra", AnswerLoop(at_hill, True, 60))
    assert state(two.hill)[0] == "open", "only the hub that proposed it knows what all have said"
    two.carry()
    assert state(two.river) == ("agreed", ["yes", "yes", "yes"])
    assert state(two.hill)[0] == "agreed"
    with two.river.hub.reading() as tx:
        leg = tx.get(LoopLeg, loop=loop, place=2)
    assert leg is not None
    assert leg.amount == 60
    other = two.send("Alice", "Dina", 60)
    assert code(two.river.ask("Alice", PayLeg(loop, other.record))) is Code.UNKNOWN_TRANSFER
    paid = two.send("Alice", "Chandra", 60)
    two.river.do("Alice", PayLeg(loop, paid.record))
    back = two.send("Chandra", "Bob", 100)
    two.hill.do("Chandra", PayLeg(at_hill, back.record))
    assert len(people_tried(two.river)) == 1
    two.river.do("Bob", PayLeg(loop, two.river.pay("Bob", "Alice", 100).record))
    two.carry()
    with two.river.hub.reading() as tx:
        view = trading.loop(tx, loop, two.river.numbers["Bob"])
    assert view is not None
    assert [leg.paid for leg in view.legs] == [True, True, True], "also what came from the other village"
    assert people_tried(two.river) == set(), "they may be asked again"
    both_verify(two)


def test_a_no_from_the_other_village_ends_it_in_both(two: TwoVillages) -> None:
    loop = across(two)
    two.carry()
    two.hill.do("Chandra", AnswerLoop(loop_at(two.hill), False))
    two.carry()
    assert (state(two.river)[0], state(two.hill)[0]) == ("declined", "declined")
    assert code(two.river.ask("Alice", AnswerLoop(loop, True))) is Code.LOOP_CLOSED
    both_verify(two)


def test_who_is_not_there_any_more_is_answered_for_at_once(two: TwoVillages) -> None:
    across(two)
    with two.hill.hub.reading() as tx:
        mine = [RecordId(bytes(row.id)) for row in tx.rows(Listing.select())]
    two.hill.do("Chandra", CloseListing(mine[0]))
    two.carry()
    assert (state(two.river)[0], state(two.hill)[0]) == ("declined", "declined")
    both_verify(two)


def test_a_hub_that_never_answers_ends_in_words_on_both_sides(two: TwoVillages) -> None:
    loop = across(two)
    two.carry()
    two.clock.advance(8 * DAY_MS)
    tend(two.river.hub)
    assert state(two.river)[0] == "lapsed"
    tend(two.hill.hub)
    assert state(two.hill)[0] == "open", "River may have said how it ended; the post takes its time"
    two.clock.advance(GRACE_DAYS * DAY_MS)
    tend(two.hill.hub)
    assert state(two.hill)[0] == "lapsed"
    assert code(two.river.ask("Alice", AnswerLoop(loop, True))) is Code.LOOP_CLOSED
    both_verify(two)


def test_what_a_mad_hub_answers_changes_nothing(two: TwoVillages) -> None:
    """An answer about a loop that was not asked of it, or for somebody who is not in it."""
    across(two)
    place = (HILL, 1, 900, bytes(32))
    for said in (
        ArriveLoopAnswer(*place, asked=Named(1, 77), member=2, yes=True, amount=None),
        ArriveLoopAnswer(*place, asked=Named(1, 1), member=9, yes=False, amount=None),
        ArriveLoopEnd(*place, asked=Named(1, 1), how="agreed", amounts=(1, 1, 1)),
    ):
        assert isinstance(two.river.hub.by_rule(said, "arrival"), Receipt)
    assert state(two.river) == ("open", ["asked", "asked", "asked"])
    both_verify(two)


def both_look(v: TwoVillages) -> tuple[list[Leg], RecordId, RecordId]:
    """Both keepers look at one moment: River and Hill propose one loop before they hear of each other."""
    legs = legs_between(v)
    return legs, propose(v.river, legs), propose(v.hill, [*legs[1:], legs[0]])


def open_loops(v: TwoVillages, village: Village, name: str) -> list[tuple[str, list[str]]]:
    """The loops that somebody reads of, from whom, and the answers of the people in the order of River's loop."""
    with village.hub.reading() as tx:
        found = trading.loops_of(tx, village.numbers[name], village.clock.now())
    return [
        (view.by or village.hub.rules().community.hub_name, [leg.answer for leg in view.legs])
        for view in found
    ]


def test_two_villages_that_look_at_once_ask_their_people_once(two: TwoVillages) -> None:
    _, ours, theirs = both_look(two)
    two.hill.do("Chandra", AnswerLoop(theirs, True, 60))
    two.river.do("Alice", AnswerLoop(ours, True))
    two.carry()
    assert open_loops(two, two.river, "Alice") == [("River", ["yes", "asked", "yes"])], (
        "what Chandra said holds"
    )
    assert open_loops(two, two.hill, "Chandra") == [("River", ["asked", "asked", "yes"])]
    two.river.do("Bob", AnswerLoop(ours, True))
    two.carry()
    assert [said for said, _ in (state(two.river, ours), state(two.hill, theirs))] == ["agreed", "joined"]
    ((by, said),) = open_loops(two, two.hill, "Chandra")
    assert by == "River"
    assert "no" not in said
    with two.river.hub.reading() as tx:
        leg = tx.get(LoopLeg, loop=ours, place=2)
        assert trading.loop_counts(tx) == {"agreed": 1}
    assert leg is not None
    assert leg.amount == 60
    with two.hill.hub.reading() as tx:
        assert trading.loop_counts(tx) == {"agreed": 1}
        assert trading.loop(tx, theirs, two.hill.numbers["Chandra"]) is None
    assert code(two.hill.ask("Chandra", AnswerLoop(theirs, False))) is Code.LOOP_CLOSED
    both_verify(two)


def test_what_was_said_of_another_trade_is_asked_again(two: TwoVillages) -> None:
    legs = legs_between(two)
    propose(two.river, legs)
    other = replace(legs[2], offer=lists(two.hill, "Chandra", OFFER, "something else", 50))
    theirs = propose(two.hill, [*legs[:2], other])
    two.hill.do("Chandra", AnswerLoop(theirs, True))
    two.carry()
    assert open_loops(two, two.river, "Alice") == [("River", ["asked", "asked", "asked"])]
    assert open_loops(two, two.hill, "Chandra") == [("River", ["asked", "asked", "asked"])]
    both_verify(two)


def test_other_people_may_be_asked_by_both(two: TwoVillages) -> None:
    legs = legs_between(two)
    propose(two.river, legs)
    mine = [replace(legs[0], want=legs[1].want), legs[2]]
    propose(two.hill, mine)
    two.carry()
    assert len(open_loops(two, two.river, "Alice")) == len(open_loops(two, two.hill, "Chandra")) == 2
    assert len(open_loops(two, two.river, "Bob")) == 1
    both_verify(two)
