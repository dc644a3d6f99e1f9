"""The community's rules: their bounds, who changes them, from when on they count."""

from typing import Any

import pytest

from appliance.ledger.book import chain, rules
from appliance.ledger.book.rules import CARE_CATEGORIES, Care, Community, Credit, Rules
from appliance.ledger.book.schema import AccountRow, Setting
from appliance.ledger.errors import Action, BookDamaged, Code, Refusal
from appliance.ledger.keys import Certificate, KeySigner
from appliance.ledger.money import disputes, requests, slips
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.people import seconds
from appliance.ledger.people.founding import ChangeRules, Found
from appliance.ledger.values import COMMONS, MAX_AMOUNT, Unit
from tests.support.village import Village

RIVER = Community("Valley", "River", 101, "hour", "h", 2)
RATES = dict.fromkeys(CARE_CATEGORIES, 100)


def code(result: object) -> Code:
    assert isinstance(result, Refusal), result
    return result.code


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": " Valley"},
        {"name": "x" * 41},
        {"name": None},
        {"hub_name": "  "},
        {"unit": "x" * 21},
        {"symbol": ""},
        {"hub": 100},
        {"hub": 1000},
        {"hub": True},
        {"decimals": -1},
        {"decimals": 5},
        {"decimals": 2.0},
        {"colour": "green"},
    ],
    ids=str,
)
def test_a_community_within_bounds(change: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        Community.from_map(RIVER.to_map() | change)


@pytest.mark.parametrize(
    "change",
    [
        {"low": 1},
        {"low": -MAX_AMOUNT - 1},
        {"low": False},
        {"low": "-5"},
        {"low": None},
        {"high": -1},
        {"high": MAX_AMOUNT + 1},
        {"commons_low": 1},
        {"pin_above": -1},
        {"again_minutes": 1441},
        {"again_minutes": 0.5},
        {"generous": 1},
    ],
    ids=str,
)
def test_credit_within_bounds(change: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        Credit.from_map(Credit().to_map() | change)


@pytest.mark.parametrize(
    "change",
    [
        {"quorum": 0},
        {"quorum": 13},
        {"longest_minutes": 0},
        {"longest_minutes": 1441},
        {"days_back": -1},
        {"days_back": 367},
        {"rates": {}},
        {"rates": 5},
        {"rates": [["child", 100]]},
        {"rates": RATES | {"cooking": 1}},
        {"rates": RATES | {"child": -1}},
        {"rates": RATES | {"child": 10**9 + 1}},
        {"rates": RATES | {"child": True}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_care_within_bounds(change: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        Care.from_map(Care().to_map() | change)


def test_rules_are_read_back_as_they_were_kept(river: Village) -> None:
    in_force = river.hub.rules()
    assert in_force == Rules(RIVER, Credit(), Care())
    assert in_force.community.counted_in == Unit("hour", "h", 2)
    maps = {name: group.to_map() for name, group in in_force.groups().items()}
    assert rules.from_maps(maps) == in_force


def test_rules_that_cannot_be_read_are_a_damaged_book(river: Village) -> None:
    with river.hub.store.write() as tx:
        tx.update(Setting, {"name": "credit"}, body=b"\xa1\x63low\x01")
        with pytest.raises(BookDamaged, match="rules"):
            rules.load(tx)
        tx.update(Setting, {"name": "credit"}, body=b"\xff")
        with pytest.raises(BookDamaged, match="rules"):
            rules.load(tx)


def test_a_keeper_changes_some_rules_and_says_why(river: Village) -> None:
    river.do("Kira", ChangeRules("credit", {"high": 3000, "again_minutes": 5}, "harvest"))
    assert river.hub.rules().credit == Credit(high=3000, again_minutes=5)
    river.do("Kira", ChangeRules("care", {"quorum": 3}, "more eyes"))
    assert (river.hub.rules().care.quorum, river.hub.rules().credit.high) == (3, 3000)


def test_accounts_at_the_old_limits_follow_and_others_stay(river: Village) -> None:
    river.do("Kira", SetLimits(river.numbers["Bob"], -1200, 3000, "a good season"))
    river.do("Kira", ChangeRules("credit", {"low": -10, "commons_low": -50}, "poor year"))
    with river.hub.reading() as tx:
        alice, bob, commons = (
            tx.get(AccountRow, number=n) for n in (river.numbers["Alice"], river.numbers["Bob"], COMMONS)
        )
    assert alice is not None
    assert bob is not None
    assert commons is not None
    assert (alice.low, alice.high, bob.low, commons.low) == (-10, 2400, -1200, -50)


@pytest.mark.parametrize(
    ("group", "changes"),
    [
        ("community", {"name": "Other"}),
        ("community", {"decimals": 0}),
        ("weather", {"rain": 1}),
        ("credit", {"low": 5}),
        ("credit", {"lows": -5}),
        ("care", {"rates": {"child": 5}}),
    ],
)
def test_what_is_fixed_unknown_or_out_of_bounds_is_not_changed(
    river: Village, group: str, changes: dict[str, Any]
) -> None:
    before = river.hub.head()
    said = river.ask("Kira", ChangeRules(group, changes, "because"))
    assert said == Refusal(Code.SETTING_WRONG, {}, (Action.TRY_AGAIN,))
    assert river.hub.head() == before


def test_nobody_else_changes_rules_and_nobody_without_a_reason(river: Village) -> None:
    assert code(river.ask("Alice", ChangeRules("credit", {"high": 1}, "because"))) is Code.NOT_KEEPER
    assert code(river.ask("Kira", ChangeRules("credit", {"high": 1}, " "))) is Code.TEXT_MISSING
    assert code(river.ask("Kira", ChangeRules("credit", {"high": 1}, "x" * 141))) is Code.TEXT_TOO_LONG


def test_a_hub_is_founded_once(river: Village) -> None:
    with river.hub.reading() as tx:
        first = chain.by_number(tx, 1)
    assert first is not None
    root = KeySigner("root:founding", river.papers.hub.seed)
    certificate = Certificate(first.act.place.community, 101, 1, first.act.payload["signing_key"])
    again = Found(
        river.founders.public,
        river.papers.hub.public,
        certificate,
        root.sign(certificate.form()),
        Rules(RIVER, Credit(), Care()),
    )
    assert code(river.hub.submit(again, root)) is Code.SETTING_WRONG


def test_where_a_book_says_nothing_deciding_and_folding_mean_the_same() -> None:
    """An act is decided by today's defaults and warranted by those of then: were they two, no old book could go on."""
    now = Credit()
    for group in rules.GROUPS:
        assert rules.group_limits({}, group) == now.limits_of(group)
    assert now.commons_two == rules.COMMONS_TWO_0004
    assert (now.request_days, now.dispute_days) == (requests.DEFAULT_DAYS, disputes.DEFAULT_DAYS)
    assert (now.proposal_days, now.slip_days) == (seconds.DEFAULT_DAYS, slips.DEFAULT_DAYS)
    assert (now.levy_rate, now.levy_round, now.levy_from, now.vouchers) == (0, "down", 0, 0)
