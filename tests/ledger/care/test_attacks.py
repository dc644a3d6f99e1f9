"""What friends might try against the commons: each once without the defence, when it succeeds, and once with it.

Most defences are rules, and are left out of the rules. Three are how a claim is built (signatures are by
members, terms bind what was read): these are taken out of the code, to see that they are what holds.
"""

from typing import Any

import pytest

from appliance.ledger import codec
from appliance.ledger.book.verify import verify
from appliance.ledger.care import claims, policy, rings
from appliance.ledger.care.claims import ClaimCare
from appliance.ledger.care.signing import Cosign
from appliance.ledger.care.states import DAY_MS
from appliance.ledger.clock import Quality
from appliance.ledger.errors import Code, Refusal
from appliance.ledger.money.limits import MoveGroup
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.people.further import CloseAccount, OpenAccount
from appliance.ledger.people.grants import HELPER, JOINT, AgreeGrant, AskGrant, EndGrant, WriteGrant
from appliance.ledger.people.leaving import Leave
from appliance.ledger.people.life import Register
from appliance.ledger.values import AccountNumber, RecordId
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
    today,
)
from tests.support.clocks import HandMachine, live_on
from tests.support.village import MONDAY_NOON

BOTH = pytest.mark.parametrize("defended", [False, True], ids=["off", "on"])
RING: dict[str, Any] = {"ring_share": 60, "ring_people": 5}


def loose_terms(monkeypatch: pytest.MonkeyPatch) -> None:
    """Terms that say how much, and nothing of what was read."""
    by_the_rules = claims._by_the_rules

    def loose(rules: Any, amount: int, _digest: bytes) -> codec.Body:
        return by_the_rules(rules, amount, bytes(32))

    monkeypatch.setattr(claims, "_by_the_rules", loose)


@BOTH
def test_own_care_under_the_number_of_a_further_account(
    found: Found, defended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    river = found(quorum=1)
    opened = river.do("Kira", OpenAccount(river.numbers["Dina"], "business", "Bakery", "she bakes"))
    bakery = AccountNumber(opened.outcome["number"])
    if not defended:
        monkeypatch.setattr(claims, "_refuse_writer", lambda *_: None)
    said = ClaimCare(bakery, "elder", 60, today(river), "Old Tom")
    answer = river.ask("Dina" if defended else "Kira", said)
    if defended:
        assert isinstance(answer, Refusal)
        assert answer.code is Code.NOT_YOURS
        assert no(river, "Kira", said).code is Code.UNKNOWN_ACCOUNT  # nor from paper
        own = claim(river, "Dina")
        assert refused(river, "Dina", own) is Code.OWN_CLAIM  # whatever accounts she has, she is one member
        verify(river.hub.store)
        return
    assert not isinstance(answer, Refusal)
    cosign(river, answer, "Dina")
    assert commons(river) == -100


@BOTH
def test_a_family_confirms_its_own(found: Found, defended: bool) -> None:
    river = found(quorum=2, household=defended)
    live_together(river, "Dina", "Alice")
    live_together(river, "Bob", "Alice")  # and so Bob is of Dina's as well
    made = claim(river, "Dina")
    if not defended:
        cosign(river, made, "Alice", "Bob")
        assert commons(river) == -100
        return
    assert refused(river, "Alice", made) is Code.SAME_HOUSEHOLD
    assert refused(river, "Bob", made) is Code.SAME_HOUSEHOLD
    assert commons(river) == 0


@BOTH
def test_two_of_one_household_count_once(found: Found, defended: bool) -> None:
    river = found(quorum=2, household=defended)
    live_together(river, "Bob", "Alice")
    made = claim(river, "Dina")
    cosign(river, made, "Alice")
    if not defended:
        cosign(river, made, "Bob")
        assert commons(river) == -100
        return
    assert refused(river, "Bob", made) is Code.HOUSEHOLD_SIGNED
    cosign(river, made, "Chandra")
    assert commons(river) == -100
    verify(river.hub.store)


@BOTH
def test_households_that_join_after_they_signed_count_once(found: Found, defended: bool) -> None:
    river = found(quorum=3, household=defended)
    made = claim(river, "Dina")
    cosign(river, made, "Alice", "Bob")
    live_together(river, "Bob", "Alice")
    cosign(river, made, "Chandra")
    assert state(river, made) == ("open" if defended else "paid")


@BOTH
def test_a_keeper_who_joins_the_carers_household_stands_in_for_nobody(found: Found, defended: bool) -> None:
    """Old Tom cannot sign, so a keeper must. Kira does, and lives with Dina before the others have signed."""
    river = found(quorum=2, need_recipient=True, household=defended)
    made = claim(river, "Dina")
    cosign(river, made, "Kira")
    live_together(river, "Dina", "Kira")
    cosign(river, made, "Alice")
    if defended:
        cosign(river, made, "Bob")  # two who count, and none of them is a keeper
    assert state(river, made) == ("open" if defended else "paid")


@BOTH
def test_a_helper_who_joins_the_carers_household_stands_in_for_nobody(found: Found, defended: bool) -> None:
    """Chandra helps Alice, who was cared for, signs in her place, and lives with Dina before the others have signed."""
    river = found(quorum=2, need_recipient=True, helper_stands_in=True, household=defended)
    alice, chandra = river.numbers["Alice"], river.numbers["Chandra"]
    river.do("Alice", AskGrant(alice, chandra))
    river.do("Chandra", AgreeGrant(alice, HELPER))
    made = claim(river, "Dina", whom="Alice")
    cosign(river, made, "Chandra")
    live_together(river, "Dina", "Chandra")
    cosign(river, made, "Bob")
    if defended:
        cosign(river, made, "Kira")
    assert state(river, made) == ("open" if defended else "paid")


@BOTH
def test_a_shared_account_that_ends_just_before_the_signature(found: Found, defended: bool) -> None:
    river = found(quorum=2, household=True, household_days=30 if defended else 0)
    live_together(river, "Dina", "Alice")
    live_together(river, "Bob", "Alice")
    river.do("Alice", EndGrant(river.numbers["Dina"], river.numbers["Alice"]))
    river.do("Bob", EndGrant(river.numbers["Bob"], river.numbers["Alice"]))
    made = claim(river, "Dina")
    if not defended:
        cosign(river, made, "Alice", "Bob")
        assert commons(river) == -100
        return
    assert refused(river, "Alice", made) is Code.SAME_HOUSEHOLD
    assert refused(river, "Bob", made) is Code.SAME_HOUSEHOLD  # over Alice, as while it stood
    river.clock.advance(29 * DAY_MS)
    assert refused(river, "Alice", claim(river, "Dina")) is Code.SAME_HOUSEHOLD
    river.clock.advance(DAY_MS)
    cosign(river, claim(river, "Dina"), "Alice", "Bob")  # a month of living apart
    assert refused(river, "Alice", made) is Code.SAME_HOUSEHOLD, "care of that time stays what it was"
    assert commons(river) == -100
    verify(river.hub.store)


@BOTH
def test_a_clock_set_back_for_the_moment_at_which_a_shared_account_ends(found: Found, defended: bool) -> None:
    river = found(quorum=1, household=True, household_days=30 if defended else 0)
    machine = HandMachine()
    live_on(river, machine)
    set_time(river, MONDAY_NOON + 200 * DAY_MS - river.hub.clock.now().ms)
    live_together(river, "Dina", "Alice")
    set_time(river, -90 * DAY_MS)
    river.do("Dina", EndGrant(river.numbers["Dina"], river.numbers["Alice"]))
    set_time(river, 90 * DAY_MS)
    made = claim(river, "Dina", day=river.hub.clock.now().ms // DAY_MS)
    if defended:
        assert refused(river, "Alice", made) is Code.SAME_HOUSEHOLD
        verify(river.hub.store)
        return
    cosign(river, made, "Alice")
    assert commons(river) == -100


def test_an_end_of_which_nobody_knows_when_it_was_has_not_passed(found: Found) -> None:
    river = found(quorum=1, household=True, household_days=30)
    live_together(river, "Dina", "Alice")
    river.clock.set(river.clock.now().ms, Quality.FLOOR)
    river.do("Alice", EndGrant(river.numbers["Dina"], river.numbers["Alice"]))
    river.clock.advance(60 * DAY_MS)
    assert refused(river, "Alice", claim(river, "Dina")) is Code.SAME_HOUSEHOLD


@BOTH
def test_a_household_whose_account_becomes_a_shop(found: Found, defended: bool) -> None:
    river = found(quorum=1, household=True, household_days=30 if defended else 0)
    home = river.numbers["Dina"]
    river.do("Kira", MoveGroup(home, "household", "they said so"))
    river.do("Dina", AskGrant(home, river.numbers["Alice"]))
    river.do("Alice", AgreeGrant(home, HELPER))
    assert refused(river, "Alice", claim(river, "Dina")) is Code.SAME_HOUSEHOLD
    river.do("Kira", MoveGroup(home, "business", "they bake"))
    made = claim(river, "Dina", 30)
    if defended:
        assert refused(river, "Alice", made) is Code.SAME_HOUSEHOLD
        verify(river.hub.store)
        return
    cosign(river, made, "Alice")
    assert commons(river) == -50


@BOTH
@pytest.mark.parametrize("goes", ["the account", "the one between"])
def test_a_household_whose_shared_account_is_closed(found: Found, defended: bool, goes: str) -> None:
    river = found(quorum=1, household=True, household_days=30 if defended else 0)
    ends: tuple[str, CloseAccount | Leave]
    if goes == "the account":  # a second account that Dina and Alice have for the house
        opened = river.do("Kira", OpenAccount(river.numbers["Dina"], "household", "the house", "they asked"))
        home = AccountNumber(opened.outcome["number"])
        river.do("Dina", AskGrant(home, river.numbers["Alice"], JOINT))
        river.do("Alice", AgreeGrant(home, JOINT))
        ends = "Dina", CloseAccount(home)
    else:  # both share Bob's, and Bob moves out of the village
        live_together(river, "Bob", "Alice")
        live_together(river, "Bob", "Dina")
        ends = "Bob", Leave(river.numbers["Bob"])
    assert refused(river, "Alice", claim(river, "Dina", 30)) is Code.SAME_HOUSEHOLD
    river.do(*ends)
    made = claim(river, "Dina", 30)
    if defended:
        assert refused(river, "Alice", made) is Code.SAME_HOUSEHOLD
        verify(river.hub.store)
        return
    cosign(river, made, "Alice")
    assert commons(river) == -50


@BOTH
def test_a_helper_who_cared_signs_for_the_one_who_was_cared_for(
    found: Found, defended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Emma cannot sign; her helpers may by this village's policy, but Dina not for the claim that is Dina's."""
    river = found(quorum=1, need_recipient=True, helper_stands_in=True, household=True)
    river.numbers["Emma"] = AccountNumber(river.do("Kira", Register("Emma", "no phone")).outcome["number"])
    for name in ("Dina", "Bob"):
        river.do("Kira", WriteGrant(river.numbers["Emma"], river.numbers[name], HELPER, "on paper"))
        river.do(name, AgreeGrant(river.numbers["Emma"], HELPER))
    if not defended:
        monkeypatch.setattr(policy, "refuse_signer", lambda *_: None)
        monkeypatch.setattr(policy, "household", lambda *_: frozenset())
        monkeypatch.setattr(policy, "stand_ins", lambda *_: frozenset({river.numbers["Dina"]}))
    made = claim(river, "Dina", whom="Emma")
    if not defended:
        cosign(river, made, "Dina")
        assert commons(river) == -100
        return
    assert refused(river, "Dina", made) is Code.OWN_CLAIM
    cosign(river, made, "Alice")
    assert state(river, made) == "open"
    cosign(river, made, "Bob")
    assert state(river, made) == "paid"
    verify(river.hub.store)


@BOTH
def test_a_tangle_in_which_the_search_for_a_ring_does_not_end(
    found: Found, defended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Farid signs for all of a ring and they for him: whoever begins with him does not come to an end."""
    if not defended:
        monkeypatch.setattr(policy, "names_households", lambda _tx: False)
    river = found(quorum=12, ring_share=60, ring_people=5)
    let_in(river, "Emma", "Farid")
    five = ("Alice", "Bob", "Chandra", "Dina", "Emma")
    for at, carer in enumerate(five):
        for ago in range(4):
            cosign(river, claim(river, carer, 30, ago), five[(at + 1) % 5], five[(at + 2) % 5], "Farid")
        cosign(river, claim(river, carer, 30, 5), "Farid")
    cosign(river, claim(river, "Farid", 30), *five)
    for ago in range(4):
        cosign(river, claim(river, "Farid", 30, ago), "Kira")
    river.do("Kira", ChangeRules("care", {"quorum": 1}, "assembly of May"))
    patience = rings.LOOKS
    monkeypatch.setattr(rings, "LOOKS", 10)
    made = claim(river, "Alice", 30)
    cosign(river, made, "Bob")
    assert ring(river, made) == set()
    if not defended:
        assert state(river, made) == "paid"
        return
    assert state(river, made) == "open"
    cosign(river, made, "Kira")  # a keeper has looked
    assert state(river, made) == "paid"
    verify(river.hub.store)
    monkeypatch.setattr(rings, "LOOKS", patience)
    ringed = claim(river, "Alice", 30)
    cosign(river, ringed, "Bob")
    assert ring(river, ringed) == {river.numbers[name] for name in five}, "there was one to be found"


@BOTH
def test_a_signature_on_what_stood_there_before_an_edit(
    found: Found, defended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not defended:
        loose_terms(monkeypatch)
    river = found(quorum=1)
    made = claim(river, "Dina", cared_for="Alice's mother")
    read = bytes(row(river, made).terms)
    river.do("Dina", edit(river, made, cared_for="somebody else", day=today(river) - 3))
    answer = river.ask("Alice", Cosign(RecordId(made.record), read))
    if defended:
        assert isinstance(answer, Refusal)
        assert answer.code is Code.TERMS_CHANGED
        assert state(river, made) == "open"
        cosign(river, made, "Alice")  # what stands there now, she can confirm
        verify(river.hub.store)
    assert state(river, made) == "paid"


@BOTH
def test_a_signature_that_is_moved_to_another_claim(
    found: Found, defended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not defended:
        loose_terms(monkeypatch)
    river = found(quorum=1)
    seen, other = claim(river, "Dina"), claim(river, "Dina", cared_for="nobody at all")
    answer = river.ask("Alice", Cosign(RecordId(other.record), bytes(row(river, seen).terms)))
    assert isinstance(answer, Refusal) is defended
    assert state(river, other) == ("open" if defended else "paid")
    if defended:
        assert isinstance(answer, Refusal)
        assert answer.code is Code.TERMS_CHANGED


@BOTH
def test_two_who_sign_for_each_other(found: Found, defended: bool) -> None:
    river = found(quorum=1, **(RING if defended else {}))
    made = []
    for ago in range(6):
        for carer, signer in (("Alice", "Bob"), ("Bob", "Alice")):
            made.append(claim(river, carer, 60, ago))
            cosign(river, made[-1], signer)
    if not defended:
        assert commons(river) == -1200
        return
    # The first one is paid: nobody had ever signed for Bob, so there was no ring yet.
    assert [state(river, one) for one in made] == ["paid"] + ["open"] * 11
    assert ring(river, made[-1]) == {river.numbers["Alice"], river.numbers["Bob"]}
    cosign(river, made[-1], "Kira")  # a keeper from outside has looked
    assert (state(river, made[-1]), commons(river)) == ("paid", -200)
    verify(river.hub.store)


@BOTH
def test_five_in_a_ring_each_signed_by_the_next_two(found: Found, defended: bool) -> None:
    river = found(quorum=2, **(RING if defended else {}))
    let_in(river, "Emma")
    five = ("Alice", "Bob", "Chandra", "Dina", "Emma")
    made = []
    for ago in range(3):
        for at, carer in enumerate(five):
            made.append(claim(river, carer, 60, ago))
            cosign(river, made[-1], five[(at + 1) % 5], five[(at + 2) % 5])
    if not defended:
        assert commons(river) == -1500
        return
    # The ring closes with the last claim of the first round: from there on nothing is paid.
    assert [state(river, one) for one in made] == ["paid"] * 4 + ["open"] * 11
    assert ring(river, made[-1]) == {river.numbers[name] for name in five}
    assert commons(river) == -400
    cosign(river, made[-1], "Kira")
    assert commons(river) == -500
    verify(river.hub.store)


@BOTH
def test_a_keeper_of_the_ring_is_not_the_one_it_waits_for(found: Found, defended: bool) -> None:
    river = found(quorum=1, **(RING if defended else {}))
    for carer, signer in (("Alice", "Kira"), ("Kira", "Alice")):
        cosign(river, claim(river, carer, 60, 1), signer)
    made = claim(river, "Alice")
    cosign(river, made, "Kira")
    assert state(river, made) == ("open" if defended else "paid")
    if defended:
        cosign(river, made, "Bob", "Chandra")  # no keepers, but now half of her co-signatures are theirs
        assert state(river, made) == "paid"


@BOTH
def test_a_day_that_is_split_under_a_cap(found: Found, defended: bool) -> None:
    river = found(quorum=1, caps={"elder": 300} if defended else {})
    for _part in range(2):
        cosign(river, claim(river, "Dina", 150), "Alice")
    assert commons(river) == (-300 if defended else -500)
    if defended:
        assert no(river, "Dina", care(river, "Dina", 30)).code is Code.CARE_CAP
        claim(river, "Dina", 30, category="child")  # another kind of care has a cap of its own
        verify(river.hub.store)


@BOTH
def test_more_hours_than_a_day_is_long_in_parts(found: Found, defended: bool) -> None:
    river = found(quorum=1, longest_minutes=600 if defended else 1440)
    claim(river, "Dina", 400)
    answer = river.ask("Dina", care(river, "Dina", 400))
    if defended:
        assert answer == no(river, "Dina", care(river, "Dina", 201))
        assert isinstance(answer, Refusal)
        assert (answer.code, answer.numbers["left"]) == (Code.CARE_DAY_FULL, 200)
        claim(river, "Dina", 200)
        claim(river, "Dina", 600, 1)
        return
    assert not isinstance(answer, Refusal)


@BOTH
def test_a_co_signature_that_comes_too_late(found: Found, defended: bool) -> None:
    river = found(quorum=1, expire_days=14 if defended else 0)
    made = claim(river, "Dina")
    river.clock.advance(14 * DAY_MS)  # nobody has tidied up yet
    if not defended:
        cosign(river, made, "Alice")
        assert commons(river) == -100
        return
    assert refused(river, "Alice", made) is Code.CLAIM_EXPIRED
    river.clock.set(river.clock.now().ms, Quality.FLOOR)  # a doubtful clock lapses nothing
    cosign(river, made, "Alice")
    assert commons(river) == -100


@BOTH
def test_a_clock_set_back_to_begin_a_period_anew(found: Found, defended: bool) -> None:
    river = found(quorum=1, carer_most=500 if defended else 0)
    now = today(river)
    cosign(river, claim(river, "Dina", 300), "Alice")
    river.clock.set(river.clock.now().ms - 40 * DAY_MS)  # "it is April"
    for ago in (-1, 0, 20):  # days that are less than a period before those that were paid, and others
        claim(river, "Dina", 60, ago)
    river.clock.set(river.clock.now().ms + 40 * DAY_MS)
    answer = river.ask("Dina", care(river, "Dina", 60, day=now))
    assert isinstance(answer, Refusal) is defended
    if defended:
        assert isinstance(answer, Refusal)
        assert answer.code is Code.CARER_CAP
        assert answer.numbers == {"most": 500, "left": 0, "days": 30}
        assert no(river, "Dina", care(river, "Dina", 60, day=now - 29)).code is Code.CARER_CAP
        claim(river, "Dina", 60, day=now - 30)
        verify(river.hub.store)
