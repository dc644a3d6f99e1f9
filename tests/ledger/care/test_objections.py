"""Somebody says that a claim is not right, and a keeper without any part in it ends that."""

import pytest

from appliance.ledger.book.schema import Transfer
from appliance.ledger.book.verify import verify
from appliance.ledger.care.claims import WithdrawClaim
from appliance.ledger.care.objections import EndObjection, ObjectClaim
from appliance.ledger.care.settling import Settle
from appliance.ledger.care.states import DAY_MS, DISMISSED, UPHELD
from appliance.ledger.clock import Quality
from appliance.ledger.errors import Code, Refusal
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.people.leaving import Leave
from appliance.ledger.tend import tend
from appliance.ledger.values import RecordId
from tests.ledger.care.caring import Found, claim, commons, cosign, live_together, no, objection, row, state
from tests.support.keepers import appoint
from tests.support.village import Village

COOL = {"quorum": 1, "cool_above": 0, "cool_days": 3, "object_days": 14}


def end(village: Village, made: object, verdict: str, why: str = "we asked all three") -> EndObjection:
    return EndObjection(RecordId(bytes(objection(village, made).id)), verdict, why)  # type: ignore[arg-type]


def test_upheld_before_it_is_paid_it_is_never_paid(found: Found) -> None:
    river = found(**COOL)
    made = claim(river, "Dina")
    cosign(river, made, "Alice")
    river.do("Bob", ObjectClaim(RecordId(made.record), "she was with me that day"))
    river.clock.advance(4 * DAY_MS)
    waits = river.hub.by_rule(Settle(RecordId(made.record)), "quorum")
    assert isinstance(waits, Refusal)
    assert waits.code is Code.CARE_OBJECTED
    river.do("Kira", end(river, made, UPHELD))
    assert (state(river, made), commons(river)) == ("refused", 0)
    assert objection(river, made).keeper == river.numbers["Kira"]
    verify(river.hub.store)


def test_dismissed_it_goes_on_where_it_waited(found: Found) -> None:
    river = found(**COOL)
    made = claim(river, "Dina")
    cosign(river, made, "Alice")
    river.do("Bob", ObjectClaim(RecordId(made.record), "I do not believe it"))
    assert no(river, "Chandra", ObjectClaim(RecordId(made.record), "nor I")).code is Code.ALREADY_OBJECTED
    river.clock.advance(4 * DAY_MS)
    river.do("Kira", end(river, made, DISMISSED))
    assert (state(river, made), commons(river)) == ("paid", -100)
    # Once each: a no is final, but another may know more.
    assert no(river, "Bob", ObjectClaim(RecordId(made.record), "still")).code is Code.ALREADY_OBJECTED
    river.do("Chandra", ObjectClaim(RecordId(made.record), "I saw her elsewhere"))
    verify(river.hub.store)


def test_upheld_after_the_payment_it_goes_back_to_the_commons(found: Found) -> None:
    river = found(quorum=1, object_days=14)
    made = claim(river, "Dina")
    cosign(river, made, "Alice")
    river.pay("Dina", "Bob", 80)  # she has spent it
    river.do("Bob", ObjectClaim(RecordId(made.record), "she was with me that day"))
    ended = river.do("Kira", end(river, made, UPHELD))
    assert (state(river, made), commons(river), river.balance("Dina")) == ("refused", 0, -80)
    with river.hub.reading() as tx:
        back = tx.get(Transfer, id=ended.record)
    assert back is not None
    assert (back.kind, bytes(back.reverses or b"")) == ("reversal", bytes(row(river, made).transfer or b""))
    claim(river, "Dina", 720)  # what was refused keeps nothing of her day
    verify(river.hub.store)


def test_what_was_given_back_already_is_not_given_back_twice(found: Found) -> None:
    river = found(quorum=1, object_days=14)
    made = claim(river, "Dina")
    cosign(river, made, "Alice")
    river.do("Bob", ObjectClaim(RecordId(made.record), "she was with me that day"))
    river.do("Dina", Reverse(RecordId(bytes(row(river, made).transfer or b""))))
    river.do("Kira", end(river, made, UPHELD))
    assert (state(river, made), commons(river), river.balance("Dina")) == ("refused", 0, 0)


def test_only_a_keeper_without_a_part_in_it_ends_it(found: Found) -> None:
    river = found(quorum=2, object_days=14)
    appoint(river, "Kofi", "Lena", "Mona", "Nila", "Omar", "Pita")
    live_together(river, "Omar", "Alice")
    made = claim(river, "Dina", whom="Kofi", by="Pita")
    cosign(river, made, "Alice", "Lena")
    river.do("Mona", ObjectClaim(RecordId(made.record), "it was another day"))
    live_together(river, "Nila", "Mona")
    for name in ("Kofi", "Lena", "Mona", "Nila", "Omar", "Pita"):
        assert no(river, name, end(river, made, UPHELD)).code is Code.PARTY, name
    assert no(river, "Bob", end(river, made, UPHELD)).code is Code.NOT_KEEPER
    assert no(river, "Kira", end(river, made, UPHELD, " ")).code is Code.TEXT_MISSING
    assert no(river, "Kira", end(river, made, "perhaps")).code is Code.SETTING_WRONG
    river.do("Kira", end(river, made, DISMISSED))
    assert no(river, "Kira", end(river, made, UPHELD)).code is Code.NOT_OBJECTED


def test_when_and_by_whom_it_can_be_objected_to(found: Found) -> None:
    river = found(quorum=1, object_days=14)
    made = claim(river, "Dina")
    said = ObjectClaim(RecordId(made.record), "it was another day")
    assert no(river, "Bob", said).code is Code.NOT_OBJECTABLE  # who does not agree does not confirm
    cosign(river, made, "Alice")
    assert no(river, "Dina", said).code is Code.OWN_CLAIM
    assert no(river, "Bob", ObjectClaim(RecordId(made.record), "")).code is Code.TEXT_MISSING
    assert no(river, "Bob", ObjectClaim(RecordId(bytes(16)), "what")).code is Code.UNKNOWN_CLAIM
    river.clock.advance(14 * DAY_MS)
    assert no(river, "Bob", said).code is Code.NOT_OBJECTABLE
    river.clock.set(river.clock.now().ms, Quality.FLOOR)  # nobody knows that fourteen days are over
    river.do("Bob", said)


def test_without_a_time_for_it_there_are_no_objections(found: Found) -> None:
    river = found(quorum=1, object_days=0)
    made = claim(river, "Dina")
    cosign(river, made, "Alice")
    assert no(river, "Bob", ObjectClaim(RecordId(made.record), "why not")).code is Code.NOT_OBJECTABLE


def test_taken_back_the_objection_has_nothing_left_to_say(found: Found) -> None:
    river = found(**COOL)
    made = claim(river, "Dina")
    cosign(river, made, "Alice")
    river.do("Bob", ObjectClaim(RecordId(made.record), "it was another day"))
    river.do("Dina", WithdrawClaim(RecordId(made.record)))
    assert (state(river, made), objection(river, made).state) == ("withdrawn", "moot")
    assert no(river, "Kira", end(river, made, UPHELD)).code is Code.NOT_OBJECTED
    verify(river.hub.store)


@pytest.mark.parametrize("ended", [False, True])
def test_nobody_leaves_while_somebody_objects(found: Found, ended: bool) -> None:
    river = found(quorum=1, object_days=14)
    made = claim(river, "Dina")
    cosign(river, made, "Alice")
    river.pay("Dina", "Bob", 100)
    river.do("Bob", ObjectClaim(RecordId(made.record), "it was another day"))
    if ended:
        river.do("Kira", end(river, made, DISMISSED))
        river.do("Dina", Leave(river.numbers["Dina"]))
        return
    assert no(river, "Dina", Leave(river.numbers["Dina"])).code is Code.UNDER_WAY


def test_care_that_somebody_objects_to_holds_up_nobody_else(found: Found) -> None:
    river = found(quorum=1, object_days=14, cool_above=10, cool_days=3)
    first, second = claim(river, "Dina"), claim(river, "Alice")
    cosign(river, first, "Chandra")
    cosign(river, second, "Chandra")
    river.do("Bob", ObjectClaim(RecordId(first.record), "it was another day"))
    river.clock.advance(4 * DAY_MS)
    tend(river.hub)
    assert (state(river, first), state(river, second)) == ("confirmed", "paid")
