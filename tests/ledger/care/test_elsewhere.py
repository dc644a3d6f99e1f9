"""Care of River that people of Hill confirm: the ask goes there, the signature comes back, and it counts."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from appliance.ledger.book.records import Kind
from appliance.ledger.book.schema_far import FarKey
from appliance.ledger.care import policy
from appliance.ledger.care.asks import AskFar
from appliance.ledger.care.claims import WithdrawClaim
from appliance.ledger.care.rings import Node
from appliance.ledger.care.states import DAY_MS
from appliance.ledger.errors import Code, Refusal
from appliance.ledger.keys import KeySigner, new_seed, seal
from appliance.ledger.people.leaving import Leave
from appliance.ledger.people.members import ReplaceKey
from appliance.ledger.reads import care_far
from appliance.ledger.tend import tend
from appliance.ledger.values import RecordId
from tests.ledger.care.across import (
    ask,
    asked,
    asks_of,
    at_home,
    both_verify,
    decline,
    nodes,
    said,
    sign,
    signature,
    stands,
    try_sign,
)
from tests.ledger.care.caring import claim, commons, cosign, edit, live_together, no, state
from tests.support.two_villages import HILL, RIVER, TwoVillages, two_villages
from tests.support.village import CHEAP

Made = Callable[..., TwoVillages]


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Made]:
    """``two(quorum=1, ...)``: River and Hill with these rules of care."""
    with ExitStack() as stack:

        def make(**rules: Any) -> TwoVillages:
            return stack.enter_context(two_villages(tmp_path, care=rules))

        yield make


def test_chandra_of_hill_confirms_what_alice_of_river_did(two: Made) -> None:
    """Who, what, when and how much stand in the ask; her word comes back, counts beside Bob's, and all is paid."""
    v = two(quorum=2)
    made = claim(v.river, "Alice", 90, ago=1, cared_for="Old Tom", what="cooked, and sat with him")
    ask(v, made, "Alice", "Chandra")
    v.carry()
    with v.hill.hub.reading() as tx:
        (view,) = care_far.asked_of_me(tx, v.hill.numbers["Chandra"])
        assert care_far.asked_of_me(tx, v.hill.numbers["Dina"]) == ()
    assert (view.carer.name, view.carer.hub_name, view.cared_for) == ("Alice", "River", "Old Tom")
    assert (view.what, view.minutes, view.amount) == ("cooked, and sat with him", 90, 150)
    assert view.day == v.clock.now().ms // DAY_MS - 1
    sign(v, "Chandra")
    v.carry()
    assert stands(v, made, "Chandra") == ("signed", None)
    assert state(v.river, made) == "open"
    cosign(v.river, made, "Bob")
    assert (state(v.river, made), commons(v.river), v.river.balance("Alice")) == ("paid", -150, 150)
    assert commons(v.hill) == 0
    v.carry()
    assert at_home(v, "Chandra") == ("confirmed", "signed", None)
    both_verify(v)


def test_her_word_is_the_last_one_that_was_missing(two: Made) -> None:
    v = two(quorum=2)
    made = claim(v.river, "Alice")
    ask(v, made, "Alice", "Chandra", "Dina")
    assert len(asks_of(v.river, made)) == 1, "one record asks both"
    v.carry()
    for name in ("Chandra", "Dina"):
        sign(v, name)
    v.carry()
    assert (state(v.river, made), v.river.balance("Alice")) == ("paid", 100)
    v.carry()
    assert at_home(v, "Dina") == ("confirmed", "signed", None)
    assert [r.kind for r in said(v.hill, Kind.CARE_KEY, Kind.CARE_SIGN)] == [11, 12, 11, 12]
    both_verify(v)


def test_the_key_goes_once(two: Made) -> None:
    v = two(quorum=1)
    for ago in (1, 2):
        made = claim(v.river, "Alice", ago=ago)
        ask(v, made, "Alice", "Chandra")
        v.carry()
        sign(v, "Chandra")
        v.carry()
        assert state(v.river, made) == "paid"
    assert len(said(v.hill, Kind.CARE_KEY)) == 1
    both_verify(v)


def test_whoever_it_is_nobody_at_hill_has_that_number(two: Made) -> None:
    v = two(quorum=1)
    made = claim(v.river, "Alice")
    v.river.do("Alice", AskFar(RecordId(made.record), (Node(HILL, 77), *nodes(v, "Chandra"))))
    v.carry()
    with v.river.hub.reading() as tx:
        views = care_far.far_witnesses(tx, made.record, told=True)
    assert [(w.who.number, w.state) for w in views] == [(2, "asked"), (77, "unknown")]
    both_verify(v)


def test_she_cannot_confirm_it_and_says_why(two: Made) -> None:
    v = two(quorum=1)
    made = claim(v.river, "Alice")
    ask(v, made, "Alice", "Chandra")
    v.carry()
    decline(v, "Chandra", "I was away that day")
    assert no(v.hill, "Chandra", signature(v, "Chandra", asked(v, "Chandra")[0])).code is Code.ALREADY_SIGNED
    v.carry()
    assert stands(v, made, "Chandra") == ("declined", None)
    with v.river.hub.reading() as tx:
        (view,) = care_far.far_witnesses(tx, made.record, told=True)
        (hidden,) = care_far.far_witnesses(tx, made.record, told=False)
    assert (view.reason, hidden.reason) == ("I was away that day", "")
    again = no(v.river, "Alice", AskFar(RecordId(made.record), nodes(v, "Chandra")))
    assert again.code is Code.ALREADY_SIGNED
    both_verify(v)


def test_taken_back_while_she_thinks_about_it(two: Made) -> None:
    v = two(quorum=1)
    made = claim(v.river, "Alice")
    ask(v, made, "Alice", "Chandra")
    v.carry()
    v.river.do("Alice", WithdrawClaim(RecordId(made.record)))
    late = signature(v, "Chandra", asked(v, "Chandra")[0])
    v.carry()
    assert no(v.hill, "Chandra", late).code is Code.CLAIM_CLOSED
    assert at_home(v, "Chandra") == ("withdrawn", "asked", None)
    both_verify(v)


def test_she_signs_before_she_hears_that_it_was_taken_back(two: Made) -> None:
    v = two(quorum=1)
    made = claim(v.river, "Alice")
    ask(v, made, "Alice", "Chandra")
    v.carry()
    v.river.do("Alice", WithdrawClaim(RecordId(made.record)))
    sign(v, "Chandra")
    v.carry()
    assert stands(v, made, "Chandra") == ("refused", "over")
    assert at_home(v, "Chandra") == ("withdrawn", "refused", "over")
    assert commons(v.river) == 0
    both_verify(v)


def test_an_edit_asks_her_anew_and_what_she_signed_before_does_not_count(two: Made) -> None:
    v = two(quorum=1)
    made = claim(v.river, "Alice", 60)
    ask(v, made, "Alice", "Chandra")
    v.carry()
    first = asked(v, "Chandra")[0]
    v.river.do("Alice", edit(v.river, made, 120))
    sign(v, "Chandra")  # what she read: an hour
    v.carry()
    assert [row.state for row in asked(v, "Chandra")] == ["open", "changed"]
    assert state(v.river, made) == "open"
    assert stands(v, made, "Chandra") == ("asked", None)
    second = asked(v, "Chandra")[0]
    assert (first.minutes, second.minutes, second.state) == (60, 120, "open")
    sign(v, "Chandra")
    v.carry()
    assert (state(v.river, made), v.river.balance("Alice")) == ("paid", 200)
    both_verify(v)


def test_nobody_edits_what_somebody_of_hill_has_signed(two: Made) -> None:
    v = two(quorum=2)
    made = claim(v.river, "Alice")
    ask(v, made, "Alice", "Chandra")
    v.carry()
    sign(v, "Chandra")
    v.carry()
    assert no(v.river, "Alice", edit(v.river, made, 120)).code is Code.CLAIM_SIGNED


def test_who_said_no_to_wrong_hours_can_be_asked_about_the_right_ones(two: Made) -> None:
    villages = two(quorum=1)
    made = claim(villages.river, "Alice", 90)
    ask(villages, made, "Alice", "Chandra", "Dina")
    villages.carry()
    decline(villages, "Chandra", "it was half an hour")
    villages.carry()
    again = AskFar(RecordId(made.record), nodes(villages, "Chandra"))
    assert no(villages.river, "Alice", again).code is Code.ALREADY_SIGNED, "of the same she has said it"
    villages.river.do("Alice", edit(villages.river, made, 30))
    villages.carry()
    assert len(asked(villages, "Chandra")) == 1, "nobody is asked again by themselves who has said no"
    assert len(asked(villages, "Dina")) == 2
    villages.river.do("Alice", again)
    villages.carry()
    assert no(villages.river, "Alice", again).code is Code.ALREADY_SIGNED
    sign(villages, "Chandra")
    villages.carry()
    assert state(villages.river, made) == "paid"
    both_verify(villages)


def test_she_thinks_about_it_while_alice_leaves_the_village(two: Made) -> None:
    villages = two(quorum=1)
    made = claim(villages.river, "Alice")
    ask(villages, made, "Alice", "Chandra")
    villages.carry()
    villages.river.do("Alice", Leave(villages.river.numbers["Alice"]))
    villages.carry()
    assert at_home(villages, "Chandra")[0] == "withdrawn"
    assert isinstance(answer := try_sign(villages, "Chandra"), Refusal), answer
    assert answer.code is Code.CLAIM_CLOSED
    both_verify(villages)


def test_it_lapses_and_hill_hears_of_it(two: Made) -> None:
    v = two(quorum=1, expire_days=7)
    made = claim(v.river, "Alice")
    ask(v, made, "Alice", "Chandra")
    v.carry()
    assert asked(v, "Chandra")[0].until == v.clock.now().ms // DAY_MS + 7
    v.clock.advance(8 * DAY_MS)
    sign(v, "Chandra")
    v.carry(HILL)
    assert stands(v, made, "Chandra") == ("refused", "late"), "whatever the time is at Hill"
    tend(v.river.hub)
    assert state(v.river, made) == "expired"
    v.carry()
    assert at_home(v, "Chandra") == ("lapsed", "refused", "late")
    both_verify(v)


def test_a_week_without_the_radio(two: Made) -> None:
    """The ask waits at River for a week, the answer at Hill for another: nothing is lost, and nothing paid before."""
    v = two(quorum=2, expire_days=30)
    made = claim(v.river, "Alice")
    cosign(v.river, made, "Bob")
    ask(v, made, "Alice", "Chandra")
    for _ in range(7):
        v.clock.advance(DAY_MS)
        for village in (v.river, v.hill):
            tend(village.hub)
    assert asked(v, "Chandra") == []
    assert stands(v, made, "Chandra") == ("asked", None)
    v.carry(RIVER)
    sign(v, "Chandra")
    for _ in range(7):
        v.clock.advance(DAY_MS)
        for village in (v.river, v.hill):
            tend(village.hub)
    assert (state(v.river, made), commons(v.river)) == ("open", 0)
    v.carry()
    assert (state(v.river, made), v.river.balance("Alice")) == ("paid", 100)
    v.carry()
    assert at_home(v, "Chandra") == ("confirmed", "signed", None)
    both_verify(v)


def test_two_of_one_household_do_not_both_sign(two: Made) -> None:
    """Who lives together at Hill only Hill knows, so Hill looks at it."""
    v = two(quorum=2, household=True)
    live_together(v.hill, "Chandra", "Dina")
    made = claim(v.river, "Alice")
    ask(v, made, "Alice", "Chandra", "Dina")
    v.carry()
    sign(v, "Chandra")
    refused = try_sign(v, "Dina")
    assert getattr(refused, "code", None) is Code.HOUSEHOLD_SIGNED
    both_verify(v)


@pytest.mark.parametrize(
    ("rule", "why"), [("pair_most", "pair_cap"), ("signer_most", "signer_cap"), ("far_most", "far_cap")]
)
def test_the_caps_count_the_words_of_hill(
    two: Made, rule: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 1 if rule == "signer_most" else 150
    v = two(quorum=1, **{rule: most})
    for ago, end in ((1, "paid"), (2, "open")):
        made = claim(v.river, "Alice", ago=ago)
        ask(v, made, "Alice", "Chandra")
        v.carry()
        if rule == "signer_most" and end == "open":
            assert getattr(try_sign(v, "Chandra"), "code", None) is Code.SIGNER_CAP
            # Her own hub stops her; one that does not care would send it.
            monkeypatch.setattr(policy, "refuse_busy_signer", lambda *_: None)
        sign(v, "Chandra")
        v.carry()
        assert state(v.river, made) == end
    assert stands(v, made, "Chandra") == ("refused", why)
    assert at_home(v, "Chandra") == ("open", "refused", why)
    both_verify(v)


def test_who_may_ask(two: Made) -> None:
    v = two(quorum=1)
    made = claim(v.river, "Alice")
    record = RecordId(made.record)
    assert no(v.river, "Bob", AskFar(record, nodes(v, "Chandra"))).code is Code.NOT_YOURS
    assert no(v.river, "Alice", AskFar(record, (Node(103, 2),))).code is Code.UNKNOWN_HUB
    assert no(v.river, "Alice", AskFar(record, (Node(RIVER, 2),))).code is Code.UNKNOWN_HUB
    assert no(v.river, "Alice", AskFar(record, ())).code is Code.UNKNOWN_ACCOUNT
    many = tuple(Node(HILL, number) for number in range(1, 14))
    assert no(v.river, "Alice", AskFar(record, many)).code is Code.UNKNOWN_ACCOUNT
    v.river.do("Alice", WithdrawClaim(record))
    assert no(v.river, "Alice", AskFar(record, nodes(v, "Chandra"))).code is Code.CLAIM_CLOSED


def test_a_new_key_is_told_before_what_is_signed_with_it(two: Made) -> None:
    """Chandra forgot her PIN, and has another key since: River learns it with her next word."""
    v = two(quorum=1)
    for ago in (1, 2):
        made = claim(v.river, "Alice", ago=ago)
        ask(v, made, "Alice", "Chandra")
        v.carry()
        sign(v, "Chandra")
        v.carry()
        assert state(v.river, made) == "paid"
        if ago == 1:
            seed = new_seed()
            sealed = seal(seed, "1379", v.hill.hub.pepper, CHEAP)
            v.hill.do("Hana", ReplaceKey(v.hill.numbers["Chandra"], sealed))
            v.hill.signers["Chandra"] = KeySigner(v.hill.signers["Chandra"].authority, seed)
    assert len(said(v.hill, Kind.CARE_KEY)) == 2
    with v.river.hub.reading() as tx:
        (key,) = tx.found(FarKey, "hub = ?", HILL)
    assert (key.seq, bytes(key.public)) == (2, v.hill.signers["Chandra"].public)
    both_verify(v)
