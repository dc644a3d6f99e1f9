"""The community's rules of care, one by one: who writes down, whose word counts, when the commons pays."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.ledger.book.rules import CARE_CATEGORIES, Care
from appliance.ledger.book.verify import verify
from appliance.ledger.care import policy
from appliance.ledger.care.claims import LATEST_START, WithdrawClaim
from appliance.ledger.care.presets import PRESETS, preset
from appliance.ledger.care.settling import ExpireClaim, Settle
from appliance.ledger.care.signing import DeclineCosign
from appliance.ledger.care.states import DAY_MS
from appliance.ledger.clock import Quality
from appliance.ledger.errors import Code, Refusal
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.money.transfers import Pay
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.people.grants import HELPER, AgreeGrant, AskGrant
from appliance.ledger.people.life import Register
from appliance.ledger.reads.people import text_of
from appliance.ledger.tend import tend
from appliance.ledger.values import COMMONS, AccountNumber, Amount, RecordId
from tests.ledger.care.caring import (
    Found,
    care,
    claim,
    commons,
    cosign,
    edit,
    let_in,
    live_together,
    no,
    refused,
    ring,
    row,
    set_time,
    state,
    terms,
    today,
)
from tests.support.clocks import HandMachine, live_on
from tests.support.keepers import appoint
from tests.support.village import MONDAY_NOON, Village

# ------------------------------------------------------------------------------------------------ writing down


def test_who_was_cared_for_writes_it_down_as_well(found: Found) -> None:
    river = found(quorum=1)
    made = claim(river, "Dina", 90, whom="Alice", by="Alice", place="at home", start=8 * 60)
    said = terms(river, made)
    assert (row(river, made).carer, said.recipient, said.writer, said.start) == (5, 2, 2, 480)
    with river.hub.reading() as tx:
        assert text_of(tx, made.entry, "place") == "at home"
    cosign(river, made, "Alice")
    assert river.balance("Dina") == 150
    verify(river.hub.store)


def test_a_keeper_writes_down_what_is_on_paper_and_has_no_part_in_it(found: Found) -> None:
    river = found(quorum=1)
    made = claim(river, "Dina", by="Kira")
    assert refused(river, "Kira", made) is Code.PARTY  # who took it from paper does not confirm it
    cosign(river, made, "Alice")
    assert river.balance("Dina") == 100
    live_together(river, "Kira", "Alice")
    assert no(river, "Kira", care(river, "Alice")).code is Code.PARTY
    assert no(river, "Kira", care(river, "Dina", whom="Alice")).code is Code.PARTY
    assert no(river, "Bob", care(river, "Dina")).code is Code.NOT_YOURS
    assert no(river, "Dina", care(river, "Dina", whom="Dina")).code is Code.OWN_CLAIM
    assert no(river, "Dina", care(river, "Dina", recipient=AccountNumber(99))).code is Code.UNKNOWN_ACCOUNT
    assert no(river, "Dina", care(river, "Dina", start=LATEST_START + 1)).code is Code.TIME_WRONG


def test_an_edit_makes_new_terms_until_somebody_has_signed(found: Found) -> None:
    river = found(quorum=2)
    made = claim(river, "Dina", 60, witnesses=(river.numbers["Alice"],))
    before = bytes(row(river, made).terms)
    assert no(river, "Alice", edit(river, made)).code is Code.NOT_YOURS
    river.do(
        "Dina", edit(river, made, 120, witnesses=(river.numbers["Bob"],), recipient=river.numbers["Alice"])
    )
    assert (row(river, made).amount, terms(river, made).recipient) == (200, 2)
    assert bytes(row(river, made).terms) != before
    assert no(river, "Alice", DeclineCosign(RecordId(made.record))).code is Code.NOT_YOURS  # asked no more
    assert no(river, "Dina", edit(river, made, 721)).code is Code.TIME_WRONG
    cosign(river, made, "Bob")
    assert no(river, "Dina", edit(river, made)).code is Code.CLAIM_SIGNED
    verify(river.hub.store)


def test_the_amount_is_that_of_the_rules_at_the_last_edit(found: Found) -> None:
    river = found(quorum=1)
    kept, edited = claim(river, "Dina", 60), claim(river, "Dina", 60, 1)
    river.do("Kira", ChangeRules("care", {"rates": dict.fromkeys(CARE_CATEGORIES, 200)}, "good year"))
    river.do("Dina", edit(river, edited, 60, day=today(river) - 1))
    assert (row(river, kept).amount, row(river, edited).amount) == (100, 200)


def test_who_wrote_it_down_takes_it_back_before_anybody_signed(found: Found) -> None:
    river = found(quorum=2)
    first, second = claim(river, "Dina", by="Kira"), claim(river, "Dina", by="Kira")
    river.do("Kira", WithdrawClaim(RecordId(first.record)))
    cosign(river, second, "Alice")
    assert no(river, "Kira", WithdrawClaim(RecordId(second.record))).code is Code.NOT_YOURS
    river.do("Dina", WithdrawClaim(RecordId(second.record)))
    assert (state(river, first), state(river, second)) == ("withdrawn", "withdrawn")


def test_a_no_has_a_reason_if_one_cares_to_say(found: Found) -> None:
    river = found()
    made = claim(river, "Dina", witnesses=(river.numbers["Alice"],))
    assert no(river, "Alice", DeclineCosign(RecordId(made.record), "x" * 200)).code is Code.TEXT_TOO_LONG
    told = river.do("Alice", DeclineCosign(RecordId(made.record), "I was away that day"))
    with river.hub.reading() as tx:
        assert text_of(tx, told.entry, "reason") == "I was away that day"


def test_an_open_claim_expires_and_never_by_a_doubtful_clock(found: Found) -> None:
    river = found(quorum=1, expire_days=7)
    made = claim(river, "Dina")
    river.clock.set(river.clock.now().ms + 30 * DAY_MS, Quality.FLOOR)
    assert tend(river.hub) == 0
    river.clock.set(river.clock.now().ms - 24 * DAY_MS, Quality.NTP)
    early = river.hub.by_rule(ExpireClaim(RecordId(made.record)), "expire")
    assert isinstance(early, Refusal)
    assert early.code is Code.NOT_YET
    river.clock.advance(DAY_MS)
    assert tend(river.hub) == 1
    assert state(river, made) == "expired"
    assert refused(river, "Alice", made) is Code.CLAIM_EXPIRED
    claim(river, "Dina", 720)  # what expired keeps nothing of the day
    verify(river.hub.store)


# ------------------------------------------------------------------------------------------------ whose word


def test_who_was_cared_for_must_confirm(found: Found) -> None:
    river = found(quorum=2, need_recipient=True)
    made = claim(river, "Dina", whom="Alice")
    cosign(river, made, "Bob", "Chandra")
    assert state(river, made) == "open"
    cosign(river, made, "Alice")
    assert state(river, made) == "paid"


def test_a_keeper_stands_in_for_who_cannot_confirm(found: Found) -> None:
    river = found(quorum=1, need_recipient=True)
    river.numbers["Emma"] = AccountNumber(river.do("Kira", Register("Emma", "no phone")).outcome["number"])
    whoever: tuple[dict[str, Any], ...] = ({"cared_for": "my neighbour's child"}, {"whom": "Emma"})
    for said in whoever:
        made = claim(river, "Dina", **said)
        cosign(river, made, "Bob")
        assert state(river, made) == "open"
        cosign(river, made, "Kira")
        assert state(river, made) == "paid"


def test_a_keeper_must_confirm_who_is_not_the_one_cared_for(found: Found) -> None:
    river = found(quorum=2, need_keeper=True)
    appoint(river, "Kofi")
    made = claim(river, "Dina", whom="Kira")
    cosign(river, made, "Bob", "Kira")
    assert state(river, made) == "open"
    cosign(river, made, "Kofi")
    assert state(river, made) == "paid"


def test_who_was_cared_for_at_home_signs_and_adds_nothing_to_the_number(found: Found) -> None:
    river = found(quorum=1, household=True, need_recipient=True)
    live_together(river, "Dina", "Alice")
    made = claim(river, "Dina", whom="Alice")
    cosign(river, made, "Alice")
    assert state(river, made) == "open"
    cosign(river, made, "Bob")
    assert state(river, made) == "paid"
    verify(river.hub.store)


def test_a_keeper_of_the_carers_household_is_no_keeper_here(found: Found) -> None:
    river = found(quorum=1, household=True, need_keeper=True)
    live_together(river, "Dina", "Kira")
    made = claim(river, "Dina")
    assert refused(river, "Kira", made) is Code.SAME_HOUSEHOLD


# ------------------------------------------------------------------------------------------------ caps


def test_a_pair_has_a_cap_and_others_can_still_confirm(found: Found) -> None:
    river = found(quorum=1, pair_most=250, period_days=10)
    for ago in (0, 9):
        cosign(river, claim(river, "Dina", 60, ago), "Alice")
    between = claim(river, "Dina", 60, 5)
    assert refused(river, "Alice", between) is Code.PAIR_CAP
    cosign(river, claim(river, "Dina", 60, 19), "Alice")  # no ten days hold three of them
    cosign(river, between, "Bob")
    assert river.balance("Dina") == 400


def test_nobody_confirms_more_than_so_often(found: Found) -> None:
    river = found(quorum=1, signer_most=2)
    for carer in ("Dina", "Bob"):
        cosign(river, claim(river, carer), "Alice")
    third = claim(river, "Chandra")
    assert refused(river, "Alice", third) is Code.SIGNER_CAP
    cosign(river, third, "Bob")
    cosign(river, claim(river, "Chandra", 60, 30), "Alice")


def test_a_carer_has_a_cap_of_a_period(found: Found) -> None:
    river = found(quorum=1, carer_most=300, period_days=7)
    first = claim(river, "Dina", 120)
    assert no(river, "Dina", care(river, "Dina", 120, 6)).code is Code.CARER_CAP
    claim(river, "Dina", 120, 7)
    river.do("Dina", WithdrawClaim(RecordId(first.record)))
    claim(river, "Dina", 60, 6)


DAYS = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 50)), max_size=25)


@given(DAYS, st.integers(0, 60), st.integers(1, 40))
def test_the_heaviest_window_is_what_trying_each_window_says(
    values: list[tuple[int, int]], day: int, period: int
) -> None:
    windows = range(day - period + 1, day + 1)
    each = [sum(much for when, much in values if start <= when < start + period) for start in windows]
    assert policy.heaviest(values, day, period) == max(each)


# ------------------------------------------------------------------------------------------------ when it is paid


def test_large_care_cools_down_and_not_by_a_doubtful_clock(found: Found) -> None:
    river = found(quorum=1, cool_above=200, cool_days=3)
    large, small = claim(river, "Dina", 180), claim(river, "Dina", 120, 1)
    cosign(river, large, "Alice")
    cosign(river, small, "Alice")  # the large one holds up nobody else
    assert (state(river, large), state(river, small)) == ("confirmed", "paid")
    river.clock.set(river.clock.now().ms + 9 * DAY_MS, Quality.MESH)
    assert tend(river.hub) == 0
    early = river.hub.by_rule(Settle(RecordId(large.record)), "quorum")
    assert isinstance(early, Refusal)
    assert early.code is Code.CARE_COOLING
    river.clock.set(river.clock.now().ms - 6 * DAY_MS, Quality.NTP)
    assert tend(river.hub) == 1
    assert state(river, large) == "paid"
    verify(river.hub.store)


def test_the_budget_of_the_commons_makes_care_wait_in_its_order(found: Found) -> None:
    river = found(quorum=1, budget=300)
    made = [claim(river, name, minutes) for name, minutes in (("Dina", 120), ("Bob", 120), ("Chandra", 60))]
    for one in made:
        cosign(river, one, "Alice")
    # The smaller one that would fit does not overtake.
    assert [state(river, one) for one in made] == ["paid", "confirmed", "confirmed"]
    river.clock.advance(30 * DAY_MS - 1)
    assert tend(river.hub) == 0
    river.clock.advance(1)
    assert tend(river.hub) == 1
    assert [state(river, one) for one in made] == ["paid"] * 3
    verify(river.hub.store)


def test_care_larger_than_the_budget_is_paid_when_nothing_else_was(found: Found) -> None:
    river = found(quorum=1, budget=100)
    made = claim(river, "Dina", 240)
    cosign(river, made, "Alice")
    assert state(river, made) == "paid"


def test_what_was_given_back_is_in_the_budget_again(found: Found) -> None:
    river = found(quorum=1, budget=200)
    first, second = claim(river, "Dina", 120), claim(river, "Bob", 120)
    for one in (first, second):
        cosign(river, one, "Alice")
    assert state(river, second) == "confirmed"
    river.do("Dina", Reverse(RecordId(bytes(row(river, first).transfer or b""))))
    assert state(river, second) == "paid"


@pytest.mark.parametrize("days", [-40, 40], ids=["back", "forward"])
def test_a_budget_is_not_begun_anew_by_setting_the_clock(found: Found, days: int) -> None:
    river = found(quorum=1, budget=200)
    machine = HandMachine()
    live_on(river, machine)
    set_time(river, MONDAY_NOON + 60 * DAY_MS - river.hub.clock.now().ms)
    cosign(river, claim(river, "Dina", 120), "Alice")
    second = claim(river, "Bob", 120)
    cosign(river, second, "Alice")
    assert state(river, second) == "confirmed"
    set_time(river, days * DAY_MS)
    tend(river.hub)
    river.pay("Alice", "Bob", 1)  # whatever anybody does, what waits is looked at again
    assert state(river, second) == "confirmed"
    machine.pass_ms(30 * DAY_MS)
    river.pay("Alice", "Bob", 2)
    assert state(river, second) == "paid"
    verify(river.hub.store)


def test_by_a_clock_that_nobody_vouches_for_no_month_passes(found: Found) -> None:
    river = found(quorum=1, budget=200)
    cosign(river, claim(river, "Dina", 120), "Alice")
    second = claim(river, "Bob", 120)
    cosign(river, second, "Alice")
    river.clock.set(river.clock.now().ms + 90 * DAY_MS, Quality.FLOOR)
    river.pay("Alice", "Bob", 1)
    assert state(river, second) == "confirmed"
    river.clock.set(river.clock.now().ms, Quality.KEEPER)
    river.pay("Alice", "Bob", 2)
    assert state(river, second) == "paid"


# ------------------------------------------------------------------------------------------------ presets


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_within_the_bounds_and_names_the_whole_policy(river: Village, name: str) -> None:
    changes = preset(name, river.hub.rules().care)
    assert set(changes) == set(Care().to_map()) - {"rates", "days_back"}
    river.do("Kira", ChangeRules("care", changes, "assembly of May"))
    made = claim(river, "Dina", whom="Alice")
    for signer in ("Alice", "Bob", "Kira"):
        if state(river, made) == "open":
            cosign(river, made, signer)
    assert state(river, made) == "paid"
    verify(river.hub.store)


def test_a_small_village_where_everybody_signs_for_everybody_is_not_stopped(found: Found) -> None:
    rules: dict[str, Any] = preset("small_village", Care())
    river = found(**rules)
    let_in(river, "Emma")
    people = ("Kira", "Alice", "Bob", "Chandra", "Dina", "Emma")
    made = []
    for ago in range(4):
        for at, carer in enumerate(people):
            made.append(claim(river, carer, 60, ago))
            cosign(
                river, made[-1], people[(at + 1 + ago) % 6], people[(at + 2 + ago) % 6]
            ) if ago < 3 else None
            if ago == 3:
                cosign(river, made[-1], people[(at + 4) % 6], people[(at + 5) % 6])
    waiting = [one for one in made if state(river, one) == "open"]
    assert waiting == []
    assert not any(ring(river, one) for one in made)


def test_rules_of_care_have_bounds() -> None:
    for wrong in (
        {"caps": {"cooking": 1}},
        {"caps": {"elder": -1}},
        {"need_keeper": 1},
        {"ring_share": 100},
        {"ring_people": 0},
        {"ring_people": 13},
        {"period_days": 0},
        {"expire_days": 367},
        {"budget": -1},
        {"signer_most": 10_001},
        {"object_days": True},
    ):
        with pytest.raises(ValueError, match="must"):
            Care(**wrong)


def test_a_book_that_says_nothing_of_the_policy_asks_for_nothing_new() -> None:
    plain = Care.from_map({"quorum": 2, "longest_minutes": 720, "days_back": 60, "rates": Care().rates})
    assert plain == Care()
    off = {"caps": {}, "household": False, "expire_days": 0, "budget": 0, "ring_share": 0, "object_days": 0}
    assert {name: getattr(plain, name) for name in off} == off


def test_the_commons_pays_in_order_once_it_has_enough_again(found: Found) -> None:
    river = found(quorum=1)
    river.do("Kira", ChangeRules("credit", {"commons_low": 0}, "poor year"))
    made = claim(river, "Dina")
    cosign(river, made, "Alice")
    assert (state(river, made), commons(river)) == ("confirmed", 0)
    river.do("Kira", Pay(river.numbers["Kira"], COMMONS, Amount(100)))
    assert state(river, made) == "paid"


def test_care_is_paid_beyond_the_upper_limit_where_the_village_says_so(found: Found) -> None:
    river = found(quorum=1)
    river.do("Kira", ChangeRules("credit", {"high": 150}, "to share"))
    made = claim(river, "Dina", 120)
    cosign(river, made, "Alice")
    assert (state(river, made), river.balance("Dina")) == ("confirmed", 0)
    river.do("Kira", ChangeRules("care", {"beyond_limit": True}, "care is kept"))
    river.pay("Alice", "Bob", 1)
    assert (state(river, made), river.balance("Dina")) == ("paid", 200)
    paid = river.ask("Alice", Pay(river.numbers["Alice"], river.numbers["Dina"], Amount(1)))
    assert isinstance(paid, Refusal)
    assert paid.code is Code.PAYEE_LIMIT, "for any other payment the limit stands"
    river.pay("Dina", "Alice", 120)  # and she gives away what she earned
    river.do("Dina", Pay(river.numbers["Dina"], COMMONS, Amount(80)))
    assert (river.balance("Dina"), commons(river)) == (0, -120)
    verify(river.hub.store)


def test_a_helper_stands_in_for_who_was_cared_for_only_where_the_village_says_so(found: Found) -> None:
    river = found(need_recipient=True, quorum=1, helper_stands_in=True)
    river.do("Alice", AskGrant(river.numbers["Alice"], river.numbers["Bob"]))
    river.do("Bob", AgreeGrant(river.numbers["Alice"], HELPER))
    made = claim(river, "Dina", whom="Alice")  # who is confused, and has a phone all the same
    cosign(river, made, "Bob")
    assert state(river, made) == "paid"
    river.do("Kira", ChangeRules("care", {"helper_stands_in": False}, "assembly of May"))
    made = claim(river, "Dina", whom="Alice")
    cosign(river, made, "Bob")
    assert state(river, made) == "open"
