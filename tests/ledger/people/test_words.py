"""Words are kept as people meant them, without what a screen would hide."""

import pytest

from appliance.ledger.money.reversals import Reverse
from appliance.ledger.people.words import tidy
from tests.support.village import Village


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Alice  Martin ", "Alice Martin"),
        ("Alice\nBob", "Alice Bob"),
        ("Alice\u202eecilA", "Alice ecilA"),
        ("A\u200blice\x00", "A lice"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("हरि", "हरि"),
        ("Łódź 24/7", "Łódź 24/7"),
    ],
)
def test_a_name_is_one_line_that_shows_all_of_itself(typed: str, kept: str) -> None:
    assert tidy("name", typed) == kept


def test_a_description_keeps_its_lines() -> None:
    assert tidy("what", " washed him\r\n cooked \n") == "washed him\ncooked"


def test_a_name_of_nothing_visible_is_no_name(river: Village) -> None:
    refused = river.hub.join("\u202e\u200b \n", "2580")
    assert getattr(refused, "code", None) == "name_missing"


@pytest.mark.parametrize("nothing", ["\u200c", "\u3164", "\u2800", "Alice\u200d", "\u200cAlice"])
def test_what_cannot_be_seen_tells_no_two_names_apart(nothing: str) -> None:
    assert tidy("name", nothing) in ("", "Alice")


def test_a_reason_that_cannot_be_read_is_no_reason(river: Village) -> None:
    paid = river.pay("Alice", "Bob", 100)
    refused = river.ask("Kira", Reverse(paid.record, "\u200b"))
    assert getattr(refused, "code", None) == "text_missing"
