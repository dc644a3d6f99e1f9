"""Of those who fit: who comes first, and who is left out though the words fit."""

from appliance.ledger.market.listings import OpenListing
from appliance.ledger.money.disputes import Dispute
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.people.further import OpenAccount
from appliance.ledger.people.grants import HELPER, JOINT, AgreeGrant, AskGrant
from appliance.ledger.people.leaving import Leave
from appliance.ledger.people.life import Away, Back, Freeze
from appliance.ledger.values import AccountNumber, Amount
from tests.matching.market import Market


def owners(market: Market, name: str) -> list[str]:
    """Whom ``name`` could trade with, in the order they are told."""
    names = {number: who for who, number in market.village.numbers.items()}
    return [names[AccountNumber(told.owner)] for told in market.suggested(name)]


def test_who_holds_an_account_with_alice_is_of_her_household(market: Market) -> None:
    village, n = market.village, market.village.numbers
    market.wants("Alice", "food", "Honey")
    for name in ("Bob", "Chandra"):
        market.offers(name, "food", "Honey")
    opened = village.do("Kira", OpenAccount(n["Alice"], "household", "The mill", "as the assembly agreed"))
    home = AccountNumber(int(str(opened.outcome["number"])))
    village.do("Alice", AskGrant(home, n["Bob"], JOINT))
    assert sorted(owners(market, "Alice")) == ["Bob", "Chandra"]  # he was asked only
    village.do("Bob", AgreeGrant(home, JOINT))
    assert owners(market, "Alice") == ["Chandra"]
    assert owners(market, "Bob") == []
    # Who only helps is no household.
    village.do("Alice", AskGrant(n["Alice"], n["Chandra"]))
    village.do("Chandra", AgreeGrant(n["Alice"], HELPER))
    assert owners(market, "Alice") == ["Chandra"]


def test_a_household_that_wants_it_is_suggested_to_each_other(market: Market) -> None:
    village, n = market.village, market.village.numbers
    market.wants("Alice", "food", "Honey")
    market.offers("Bob", "food", "Honey")
    opened = village.do("Kira", OpenAccount(n["Alice"], "household", "The mill", "as the assembly agreed"))
    home = AccountNumber(int(str(opened.outcome["number"])))
    village.do("Alice", AskGrant(home, n["Bob"], JOINT))
    village.do("Bob", AgreeGrant(home, JOINT))
    assert owners(market, "Alice") == []
    village.do("Kira", ChangeRules("market", {"match_household": True}, "the mill is large"))
    assert owners(market, "Alice") == ["Bob"]


def test_who_is_away_frozen_or_gone_is_not_suggested(market: Market) -> None:
    village, n = market.village, market.village.numbers
    market.wants("Alice", "food", "Honey")
    for name in ("Bob", "Chandra", "Dina"):
        market.offers(name, "food", "Honey")
    village.do("Bob", Away(n["Bob"]))
    village.do("Kira", Freeze(n["Chandra"], "the phone was stolen"))
    village.do("Dina", Leave(n["Dina"]))
    assert owners(market, "Alice") == []
    village.do("Bob", Back(n["Bob"]))
    assert owners(market, "Alice") == ["Bob"]


def test_who_needs_something_of_alice_too_comes_first(market: Market) -> None:
    market.wants("Alice", "food", "Honey")
    market.offers("Alice", "crafts", "Knitting")
    market.offers("Bob", "food", "Honey")
    market.offers("Chandra", "food", "Honey")
    assert owners(market, "Alice") == ["Chandra", "Bob"]  # equals: the newer first
    market.wants("Bob", "crafts", "Somebody who knits")
    assert set(owners(market, "Alice")[:2]) == {"Bob"}


def test_who_has_traded_with_alice_before_comes_first(market: Market) -> None:
    market.wants("Alice", "food", "Honey")
    market.offers("Bob", "food", "Honey")
    market.offers("Chandra", "food", "Honey")
    assert owners(market, "Alice") == ["Chandra", "Bob"]
    market.village.pay("Alice", "Bob", 10)
    assert owners(market, "Alice") == ["Bob", "Chandra"]


def test_what_is_contested_or_was_given_back_is_no_good_trade(market: Market) -> None:
    village = market.village
    market.wants("Alice", "food", "Honey")
    market.offers("Bob", "food", "Honey")
    market.offers("Chandra", "food", "Honey")
    paid = village.pay("Alice", "Bob", 10)
    assert [told.known.traded for told in market.suggested("Alice")] == [True, False]
    village.do("Alice", Dispute(paid.record, "it was water"))
    assert owners(market, "Alice") == ["Chandra", "Bob"]
    village.do("Bob", Reverse(paid.record))
    assert owners(market, "Alice") == ["Chandra", "Bob"]


def test_who_has_no_room_for_the_price_comes_last_and_only_the_own_room_is_told(market: Market) -> None:
    village, n = market.village, market.village.numbers
    market.wants("Alice", "food", "Honey")
    for name, price in (("Chandra", 50), ("Bob", 200)):
        village.do(name, OpenListing(n[name], "offer", "food", "Honey", "", Amount(price)))

    def told() -> list[tuple[int, bool]]:
        return [(one.owner, one.known.room) for one in market.suggested("Alice")]

    assert told() == [(n["Bob"], True), (n["Chandra"], True)]
    village.request("Bob", "Dina", 2300)  # that much he keeps free for it
    assert told() == [(n["Chandra"], True), (n["Bob"], True)]
    village.pay("Alice", "Dina", 1100)
    assert told() == [(n["Chandra"], True), (n["Bob"], False)]


def test_who_owes_sees_first_whom_to_help_and_who_is_owed_what_to_ask_for(market: Market) -> None:
    market.wants("Alice", "food", "Honey")
    market.offers("Alice", "crafts", "Knitting")
    market.wants("Bob", "crafts", "Knitting")
    market.offers("Chandra", "food", "Honey")
    assert owners(market, "Alice") == ["Chandra", "Bob"]
    market.village.pay("Alice", "Dina", 900)
    assert owners(market, "Alice") == ["Bob", "Chandra"]
    market.village.pay("Dina", "Alice", 900)
    market.village.pay("Dina", "Alice", 850)
    assert owners(market, "Alice") == ["Chandra", "Bob"]


def test_what_the_ledger_knows_lifts_nothing_over_the_threshold(market: Market) -> None:
    market.wants("Alice", "tools", "Bicycle")
    market.offers("Alice", "food", "Honey")
    market.village.pay("Alice", "Bob", 10)
    market.wants("Bob", "food", "Honey")
    market.offers("Bob", "repair", "Bicycle repair")
    assert [told.kind for told in market.suggested("Alice")] == ["want"]
