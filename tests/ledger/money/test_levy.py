"""The levy: what the commons keeps of payments at home."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.ledger.book.rules import Credit
from appliance.ledger.book.verify import verify
from appliance.ledger.errors import Code, Refusal
from appliance.ledger.money import levy
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.money.transfers import Pay
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.reads import member as reads
from appliance.ledger.values import COMMONS, Amount
from tests.support.keepers import from_commons
from tests.support.village import Village, a_village


def commons(river: Village) -> int:
    with river.hub.reading() as tx:
        return reads.balance(tx, COMMONS) or 0


def switch(river: Village, **rules: object) -> None:
    river.do("Kira", ChangeRules("credit", dict(rules), "assembly of May"))


@pytest.mark.parametrize(
    ("amount", "rate", "rounding", "from_amount", "taken"),
    [
        (100, 0, "up", 0, 0),
        (100, 30, "down", 0, 3),
        (150, 30, "down", 0, 4),
        (150, 30, "half", 0, 5),
        (150, 30, "up", 0, 5),
        (149, 30, "half", 0, 4),
        (10, 30, "down", 0, 0),
        (10, 30, "up", 0, 1),
        (199, 500, "up", 200, 0),
        (200, 500, "up", 200, 100),
        (1, 500, "up", 0, 0),
        (2, 500, "up", 0, 1),
        (10**12, 25, "down", 0, 25 * 10**9),
    ],
)
def test_how_much_is_taken(amount: int, rate: int, rounding: str, from_amount: int, taken: int) -> None:
    assert levy.of(amount, rate, rounding, from_amount) == taken


@given(st.integers(1, 10**12), st.integers(0, 500), st.sampled_from(levy.ROUNDINGS), st.integers(0, 10**12))
def test_something_is_always_left_for_whoever_is_paid(amount: int, rate: int, how: str, start: int) -> None:
    taken = levy.of(amount, rate, how, start)
    assert 0 <= taken < amount
    exact = amount * rate / 1000
    assert taken in (0, amount - 1) or abs(taken - exact) <= 1


def test_there_is_none_until_the_village_decides_so(river: Village) -> None:
    river.pay("Alice", "Bob", 100)
    assert (river.balance("Bob"), commons(river)) == (100, 0)


def test_alice_pays_what_was_agreed_bob_gets_less_and_the_commons_the_rest(river: Village) -> None:
    switch(river, levy_rate=30)
    river.pay("Alice", "Bob", 150)
    asked = river.request("Chandra", "Alice", 100)
    river.accept("Alice", asked, "Chandra", 100)
    assert [river.balance(who) for who in ("Alice", "Bob", "Chandra")] == [-250, 146, 97]
    assert commons(river) == 7
    switch(river, levy_rate=0)
    river.pay("Alice", "Bob", 150, again=True)
    assert commons(river) == 7
    verify(river.hub.store)


def test_given_back_the_levy_comes_back_too(river: Village) -> None:
    switch(river, levy_rate=100)
    first, second = river.pay("Alice", "Bob", 150), river.pay("Alice", "Chandra", 200)
    switch(river, levy_rate=500)
    river.do("Bob", Reverse(first.record))
    river.do("Kira", Reverse(second.record, "paid twice"))
    assert [river.balance(who) for who in ("Alice", "Bob", "Chandra")] == [0, 0, 0]
    assert commons(river) == 0
    verify(river.hub.store)


def test_given_back_it_comes_back_though_the_commons_has_spent_it_and_stands_at_its_floor(
    river: Village,
) -> None:
    """Whoever paid by mistake is made whole: the floor guards what the commons gives, and this was never its own."""
    n = river.numbers
    switch(river, levy_rate=500)
    kept, wrong = river.pay("Alice", "Bob", 100), river.pay("Alice", "Chandra", 200)
    switch(river, levy_rate=0, commons_low=0)
    river.do("Kira", from_commons(river, "Dina", 150))
    assert commons(river) == 0
    river.do("Chandra", Reverse(wrong.record))
    assert (river.balance("Alice"), river.balance("Chandra"), commons(river)) == (-100, 0, -100)
    river.do("Kira", Reverse(kept.record, "paid twice"))
    assert (river.balance("Alice"), commons(river)) == (0, -150)
    refused = river.ask("Kira", from_commons(river, "Dina", 1))
    assert isinstance(refused, Refusal)
    assert refused.code is Code.COMMONS_FLOOR
    river.do("Dina", Pay(n["Dina"], COMMONS, Amount(150)))
    assert commons(river) == 0
    verify(river.hub.store)


def test_what_goes_to_the_commons_pays_no_levy(river: Village) -> None:
    switch(river, levy_rate=100)
    river.do("Alice", Pay(river.numbers["Alice"], COMMONS, Amount(100)))
    assert (river.balance("Alice"), commons(river)) == (-100, 100)


def test_what_bob_really_gets_counts_against_his_limit(river: Village) -> None:
    switch(river, levy_rate=100)
    river.do("Kira", SetLimits(river.numbers["Bob"], -100, 90, "so agreed"))
    n = river.numbers
    refused = river.ask("Alice", Pay(n["Alice"], n["Bob"], Amount(101)))
    assert isinstance(refused, Refusal)
    assert refused.code is Code.PAYEE_LIMIT
    river.pay("Alice", "Bob", 100)
    assert river.balance("Bob") == 90


def test_a_hold_is_freed_whole_though_the_levy_changed_meanwhile(river: Village) -> None:
    asked = river.request("Chandra", "Alice", 100)
    switch(river, levy_rate=200)
    river.accept("Alice", asked, "Chandra", 100)
    with river.hub.reading() as tx:
        home = reads.home(tx, river.numbers["Chandra"])
    assert home is not None
    assert (home.balance, home.held) == (80, 0)
    verify(river.hub.store)


@pytest.mark.parametrize(
    "wrong",
    [{"levy_rate": 501}, {"levy_rate": -1}, {"levy_round": "away"}, {"levy_from": -1}],
)
def test_a_levy_that_makes_no_sense_is_refused(river: Village, wrong: dict[str, object]) -> None:
    refused = river.ask("Kira", ChangeRules("credit", wrong, "a slip"))
    assert isinstance(refused, Refusal)
    assert refused.code is Code.SETTING_WRONG
    with pytest.raises(ValueError, match="levy"):
        Credit(**wrong)  # type: ignore[arg-type]


@settings(max_examples=12, deadline=None)
@given(
    st.integers(0, 500),
    st.sampled_from(levy.ROUNDINGS),
    st.lists(st.tuples(st.sampled_from(["Alice", "Bob", "Chandra"]), st.integers(1, 400)), max_size=6),
)
def test_the_village_sums_to_zero_at_any_levy(
    tmp_path_factory: pytest.TempPathFactory, rate: int, how: str, trades: list[tuple[str, int]]
) -> None:
    room: Path = tmp_path_factory.mktemp("levy")
    with a_village(room / "river", credit={"levy_rate": rate, "levy_round": how}) as river:
        for payer, amount in trades:
            river.ask(payer, Pay(river.numbers[payer], river.numbers["Dina"], Amount(amount), again=True))
        verify(river.hub.store)
        everybody = sum(river.balance(who) for who in ("Kira", "Alice", "Bob", "Chandra", "Dina"))
        assert everybody + commons(river) == 0
