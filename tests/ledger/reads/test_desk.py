"""What a keeper sees: counts, accounts and limits, and every act with who, what and why."""

from typing import Any

import pytest

from appliance.ledger.care.claims import ClaimCare
from appliance.ledger.care.signing import Cosign
from appliance.ledger.care.states import DAY_MS
from appliance.ledger.market.listings import OFFER, CloseListing, OpenListing
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.people.members import AppointKeeper, Approve, TurnAway
from appliance.ledger.reads import care, desk, people
from appliance.ledger.values import COMMONS
from tests.support.village import Village


def see(village: Village, what: Any, *args: Any, **named: Any) -> Any:
    with village.hub.reading() as tx:
        return what(tx, *args, **named)


def whole_log(village: Village, limit: int) -> list[desk.LogLine]:
    lines: list[desk.LogLine] = []
    before = None
    for _ in range(200):
        page, older = see(village, desk.log, before, limit)
        assert len(page) <= limit
        lines += page
        if older is None:
            return lines
        before = older
    raise AssertionError("a log without an end")


# ------------------------------------------------------------------------------------------------ counts


def test_the_counts_of_the_desk(river: Village) -> None:
    river.join("Emma")
    river.request("Bob", None, 10)
    day = river.clock.now().ms // DAY_MS
    for _ in range(2):
        made = river.do("Dina", ClaimCare(river.numbers["Dina"], "elder", 60, day, "Old Tom"))
    with river.hub.reading() as tx:
        view = care.claim(tx, made.record, river.numbers["Alice"])
    assert view is not None
    river.do("Kira", ChangeRules("credit", {"commons_low": 0}, "poor year"))
    for name in ("Alice", "Bob"):
        river.do(name, Cosign(made.record, view.terms))
    now = see(river, lambda tx: desk.overview(tx, river.clock.now()))
    assert (now.applied, now.active, now.pending, now.care_open, now.care_waiting) == (1, 5, 1, 1, 1)
    assert (now.commons, now.commons_low, now.entries) == (0, 0, river.hub.head().number)


def test_accounts_with_their_limits(river: Village) -> None:
    emma = river.join("Emma")
    river.pay("Alice", "Bob", 200)
    river.request("Bob", None, 10)
    lines = {line.who.name: line for line in see(river, desk.account_lines)}
    bob, waits = lines["Bob"], lines["Emma"]
    assert (bob.balance, bob.low, bob.high, bob.held) == (200, -1200, 2400, 10)
    assert (waits.balance, waits.low, waits.high, waits.held) == (None, None, None, 0)
    assert [line.who.number for line in see(river, desk.account_lines, "applied")] == [emma]
    assert see(river, desk.account_line, river.numbers["Bob"]) == bob
    assert see(river, desk.account_line, 99) is None


# ------------------------------------------------------------------------------------------------ the log


def test_every_act_with_who_whom_and_why(river: Village) -> None:
    emma, fred = river.join("Emma"), river.join("Fred")
    begun = river.hub.head().number
    river.do("Kira", Approve(emma))
    river.do("Kira", TurnAway(fred, "Nobody knows him"))
    river.do("Kira", SetLimits(river.numbers["Bob"], -500, 500, "small account"))
    river.do("Kira", ChangeRules("credit", {"high": 3000}, "harvest"))
    river.root(AppointKeeper(river.numbers["Dina"]))
    river.hub.reset_pin(river.numbers["Alice"], "9641", river.signers["Kira"])
    lines = [line for line in whole_log(river, 30) if line.entry > begun]
    told = [
        (line.kind, line.who.name if line.who else None, line.about.name if line.about else None, line.reason)
        for line in reversed(lines)
    ]
    assert told == [
        ("approve", "Kira", "Emma", ""),
        ("turn_away", "Kira", "Fred", "Nobody knows him"),
        ("set_limits", "Kira", "Bob", "small account"),
        ("change_rules", "Kira", None, "harvest"),
        ("appoint_keeper", None, "Dina", ""),
        ("replace_key", "Kira", "Alice", ""),
    ]
    assert lines[1].authority == "root:setup"
    assert lines[2].payload == {"group": "credit", "changes": {"high": 3000}}


def test_what_the_hub_did_by_rule_is_there_as_well(river: Village) -> None:
    day = river.clock.now().ms // DAY_MS
    river.do("Kira", ChangeRules("care", {"quorum": 1}, "we are few"))
    made = river.do("Dina", ClaimCare(river.numbers["Dina"], "elder", 60, day, "Old Tom"))
    with river.hub.reading() as tx:
        view = care.claim(tx, made.record, river.numbers["Alice"])
    assert view is not None
    river.do("Alice", Cosign(made.record, view.terms))
    line = whole_log(river, 30)[0]
    assert (line.kind, line.authority, line.about and line.about.name) == ("settle", "hub:quorum", "Dina")


def test_the_log_begins_with_the_founding(river: Village) -> None:
    last = whole_log(river, 30)[-1]
    assert (last.kind, last.entry, last.authority) == ("found", 1, "root:founding")


def test_undoing_and_closing_are_acts_of_keepers_when_it_was_not_their_own(river: Village) -> None:
    begun = river.hub.head().number
    paid, other = river.pay("Alice", "Bob", 200), river.pay("Alice", "Bob", 201)
    river.do("Bob", Reverse(paid.record))
    river.do("Kira", Reverse(other.record, "wrong Bob"))
    listing = [
        river.do("Alice", OpenListing(river.numbers["Alice"], OFFER, "food", t)) for t in ("Jam", "Gin")
    ]
    river.do("Alice", CloseListing(listing[0].record))
    river.do("Kira", CloseListing(listing[1].record, "not allowed here"))
    kira = river.pay("Alice", "Kira", 5)
    river.do("Kira", Reverse(kira.record))
    lines = [line for line in whole_log(river, 30) if line.entry > begun]
    assert [(line.kind, line.reason) for line in reversed(lines)] == [
        ("reverse", "wrong Bob"),
        ("close_listing", "not allowed here"),
    ]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 30])
def test_the_log_is_read_page_by_page_without_a_gap(river: Village, limit: int) -> None:
    """Acts that are left out (the payees' own undoings) neither end a page nor the log."""
    for amount in range(1, 8):
        paid = [river.pay("Alice", "Bob", 10 * amount + place) for place in range(3)]
        for receipt in paid[:2]:
            river.do("Bob", Reverse(receipt.record))
        river.do("Kira", Reverse(paid[2].record, "again"))
    lines = whole_log(river, limit)
    assert [line.entry for line in lines] == [line.entry for line in see(river, desk.log, None, 200)[0]]
    assert sum(line.kind == "reverse" for line in lines) == 7
    assert [line.entry for line in lines] == sorted({line.entry for line in lines}, reverse=True)


# ------------------------------------------------------------------------------------------------ people


def test_people_are_found_by_the_beginning_of_a_name(river: Village) -> None:
    for name in ("José Álvarez", "Alicia", "de la Cruz Ana"):
        river.do("Kira", Approve(river.join(name)))
    waiting = river.join("Alina")

    def found(text: str) -> list[str]:
        return [someone.name for someone in see(river, people.named, text)]

    assert found("alice") == ["Alice"]
    assert found("ALI") == ["Alice", "Alicia"]
    assert found("jose") == ["José Álvarez"]
    assert found("alva") == ["José Álvarez"]
    assert found("cruz") == ["de la Cruz Ana"]
    assert (found(""), found("  "), found("%"), found("_")) == ([], [], [], [])
    assert len(see(river, people.named, "a", 1)) == 1
    assert waiting not in {someone.number for someone in see(river, people.named, "al")}


def test_the_commons_is_somebody_without_a_name(river: Village) -> None:
    commons = see(river, people.person, COMMONS)
    assert (commons.commons, commons.name) == (True, "")
    assert see(river, people.person, 99) is None
    assert [someone.name for someone in see(river, people.people)] == [
        "Kira",
        "Alice",
        "Bob",
        "Chandra",
        "Dina",
    ]
