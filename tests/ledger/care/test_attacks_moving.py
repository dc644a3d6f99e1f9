"""Who moves to the other village, has an account in both, and confirms as two: each once without the defence, and with it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from appliance.ledger.care import moved
from appliance.ledger.errors import Code
from appliance.ledger.people.moving import Move, Stay
from tests.ledger.care.across import ask, at_home, both_verify, sign, stands
from tests.ledger.care.caring import claim, commons, cosign, live_together, refused, state
from tests.support.two_villages import HILL, TwoVillages, two_villages

BOTH = pytest.mark.parametrize("defended", [False, True], ids=["off", "on"])
Made = Callable[..., TwoVillages]


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Made]:
    """``two(defended, quorum=1, ...)``: River and Hill with these rules of care."""
    with ExitStack() as stack:

        def make(defended: bool, **rules: Any) -> TwoVillages:
            if not defended:
                monkeypatch.setattr(moved, "who", lambda *_: frozenset())
                monkeypatch.setattr(moved, "where", lambda *_: None)
            return stack.enter_context(two_villages(tmp_path, care=rules))

        yield make


def moves(v: TwoVillages, name: str, to: str) -> None:
    """``name`` of River is the one whom Hill knows as ``to``, and says so: the move has begun."""
    v.river.do(name, Move(v.river.numbers[name], HILL, v.hill.numbers[to], True))


@BOTH
def test_the_own_care_is_confirmed_from_the_account_one_moves_to(two: Made, defended: bool) -> None:
    v = two(defended, quorum=1)
    made = claim(v.river, "Alice")
    ask(v, made, "Alice", "Chandra")
    v.carry()
    moves(v, "Alice", "Chandra")
    sign(v, "Chandra")
    v.carry()
    assert state(v.river, made) == ("open" if defended else "paid")
    if defended:
        v.carry()
        assert stands(v, made, "Chandra") == ("refused", "party")
        assert at_home(v, "Chandra") == ("open", "refused", "party")
        both_verify(v)


@BOTH
def test_a_wife_confirms_from_the_village_she_moves_to(two: Made, defended: bool) -> None:
    v = two(defended, quorum=1, household=True, household_days=30)
    live_together(v.river, "Alice", "Bob")
    moves(v, "Bob", "Chandra")
    made = claim(v.river, "Alice")
    ask(v, made, "Alice", "Chandra")
    v.carry()
    sign(v, "Chandra")
    v.carry()
    assert state(v.river, made) == ("open" if defended else "paid")
    if defended:
        assert stands(v, made, "Chandra") == ("refused", "party")
        both_verify(v)


@pytest.mark.parametrize("first", ["here", "there"])
@BOTH
def test_one_who_moves_is_counted_in_both_villages(two: Made, defended: bool, first: str) -> None:
    v = two(defended, quorum=2)
    made = claim(v.river, "Alice")
    ask(v, made, "Alice", "Chandra")
    v.carry()
    moves(v, "Bob", "Chandra")
    if first == "here":
        cosign(v.river, made, "Bob")
    sign(v, "Chandra")
    v.carry()
    if first == "there":
        if defended:
            assert refused(v.river, "Bob", made) is Code.HOUSEHOLD_SIGNED
        else:
            cosign(v.river, made, "Bob")
    assert state(v.river, made) == ("open" if defended else "paid")
    if defended:
        assert stands(v, made, "Chandra") == (("refused", "party") if first == "here" else ("signed", None))
        cosign(v.river, made, "Kira")
        assert state(v.river, made) == "paid"
        both_verify(v)


@pytest.mark.parametrize(
    ("rules", "why", "code"),
    [
        ({"pair_most": 150}, "pair_cap", Code.PAIR_CAP),
        ({"signer_most": 1}, "signer_cap", Code.SIGNER_CAP),
    ],
    ids=["pair", "signer"],
)
@BOTH
def test_a_cap_that_begins_anew_in_the_other_village(
    two: Made, defended: bool, rules: dict[str, int], why: str, code: Code
) -> None:
    """Bob has said as much as one may for Alice; then he says it again from Hill. And the other way about."""
    v = two(defended, quorum=1, period_days=30, **rules)
    cosign(v.river, claim(v.river, "Alice", ago=1), "Bob")
    moves(v, "Bob", "Chandra")
    made = claim(v.river, "Alice")
    ask(v, made, "Alice", "Chandra")
    v.carry()
    sign(v, "Chandra")
    v.carry()
    assert commons(v.river) == (-100 if defended else -200)
    if not defended:
        return
    assert stands(v, made, "Chandra") == ("refused", why)
    v.river.do("Bob", Stay(v.river.numbers["Bob"]))
    assert refused(v.river, "Bob", claim(v.river, "Alice", ago=2)) is code
    both_verify(v)


@BOTH
def test_a_cap_that_begins_anew_back_at_home(two: Made, defended: bool) -> None:
    v = two(defended, quorum=1, period_days=30, pair_most=150)
    moves(v, "Bob", "Chandra")
    first = claim(v.river, "Alice", ago=1)
    ask(v, first, "Alice", "Chandra")
    v.carry()
    sign(v, "Chandra")
    v.carry()
    assert commons(v.river) == -100
    made = claim(v.river, "Alice")
    if defended:
        assert refused(v.river, "Bob", made) is Code.PAIR_CAP
        both_verify(v)
        return
    cosign(v.river, made, "Bob")
    assert commons(v.river) == -200
