"""Alice lists 🥚 and nothing else; Bob needs eggs."""

from importlib.resources import files

import pytest

from appliance.matching import Query, find, near
from appliance.matching.kinds import proposed
from appliance.matching.lexicon import lexicon
from appliance.matching.reading import read
from appliance.matching.scoring import THRESHOLD, fit


@pytest.mark.parametrize(
    ("offer", "want"),
    [
        ("🥚", "Huevos"),
        ("🥚🥚🥚", "12 🥚"),
        ("Fresh 🥚", "eggs"),
        ("🍅🥕", "carrots"),
        ("🚲 repair", "Reparación de bicicletas"),
        ("🔧🚲", "bicycle repair"),
        ("💇🏾\u200d♀\ufe0f", "haircut"),
        ("☕\ufe0f", "coffee"),
    ],
)
def test_a_picture_that_names_a_thing_is_that_thing(offer: str, want: str) -> None:
    for one, other in ((offer, want), (want, offer)):
        found = fit(read(one), read(other))
        assert found is not None
        assert found.score >= THRESHOLD


@pytest.mark.parametrize(
    ("offer", "want"),
    [
        ("🚲", "bicycle repair"),
        ("Garden help 🌻", "flowers"),
        ("No 🥚", "eggs"),
        ("❌🥚", "eggs"),
        ("👨\u200d🌾", "grain"),
        ("🌟😀", "🌟😀"),
        ("12345", "12345"),
        ("24", "24 🥚"),
    ],
)
def test_what_decorates_what_is_denied_and_digits_name_nothing(offer: str, want: str) -> None:
    found = fit(read(offer), read(want))
    assert found is None or found.score < THRESHOLD


def test_every_picture_is_one_thing_of_the_lexicon() -> None:
    lex = lexicon()
    assert len(lex.signs) >= 150
    for sign, names in lex.signs.items():
        assert len(sign) == 1, "marks of colour and form are left out"
        assert set(names) <= set(lex.concepts), sign
    page = files("appliance.matching").joinpath("lexicon", "signs.txt").read_text("utf-8")
    listed = [sign for line in page.splitlines() if line[0] != "#" for sign in line.partition("|")[2].split()]
    assert sorted(listed) == sorted(lex.signs), "each stands there once"


def test_on_the_market_it_is_matched_found_and_gets_its_kind(market) -> None:
    eggs = market.offers("Alice", "food", "🥚")
    bread = market.offers("Bob", "food", "Bread")
    market.wants("Chandra", "food", "Eggs")
    (told,) = market.suggested("Chandra")
    assert told.theirs == eggs
    assert (told.why.offered, told.why.wanted) == ("🥚", "eggs")
    for typed, meant in (("eggs", eggs), ("🥚", eggs), ("🍞", bread)):
        assert find(market.index, Query(typed, "offer")).hits == ()
        assert [hit.id for hit in near(market.index, Query(typed, "offer")).hits] == [meant]
    assert proposed("🍞") == ("bread",)
