"""What people type for an amount, language by language: docs/amounts.md is the table."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
from babel import Locale, numbers
from hypothesis import given
from hypothesis import strategies as st

from appliance.ledger.amounts import Notation, Why, parse_amount
from appliance.ledger.errors import BadAmount
from appliance.ledger.values import MAX_AMOUNT, Unit
from appliance.web.wording.amounts import notation_of

HOURS = Unit("hour", "h", 2)
LANGUAGES = {
    "English": "en",
    "Spanish": "es",
    "French": "fr",
    "Portuguese": "pt",
    "Swahili": "sw",
    "Hindi": "hi",
    "Arabic": "ar",
}
PAGE = (Path(__file__).parents[3] / "docs" / "amounts.md").read_text("utf-8")


def table() -> list[tuple[str, str, str]]:
    """Language, typed and meant, of every row of the page."""
    rows = []
    for section in PAGE.split("\n## ")[1:]:
        language = section.partition("\n")[0].strip()
        for typed, meant in re.findall(r"^\| `([^`]+)` \| ([^|]+) \|$", section, re.MULTILINE):
            rows.append((LANGUAGES[language], typed, meant.strip()))
    return rows


def test_the_page_has_every_language() -> None:
    assert {language for language, _, _ in table()} == set(LANGUAGES.values())
    assert len(table()) > 70


@pytest.mark.parametrize(("language", "typed", "meant"), table())
def test_what_is_typed_is_what_is_meant(language: str, typed: str, meant: str) -> None:
    notation = notation_of(Locale.parse(language))
    if meant == "refused":
        with pytest.raises(BadAmount):
            parse_amount(typed, HOURS, notation)
    else:
        assert HOURS.plain(parse_amount(typed, HOURS, notation)) == meant


@pytest.mark.parametrize("language", LANGUAGES.values())
@given(amount=st.integers(1, MAX_AMOUNT), decimals=st.integers(0, 4))
def test_what_the_hub_writes_in_a_language_is_read_back_in_it(
    language: str, amount: int, decimals: int
) -> None:
    locale, unit = Locale.parse(language), Unit("hour", "h", decimals)
    places = f".{'0' * decimals}" if decimals else ""
    for pattern in ("#,##0", "0"):
        written = numbers.format_decimal(
            Decimal(amount).scaleb(-decimals), format=pattern + places, locale=locale
        )
        for text in (written, f"{written}\u00a0h", f"\u200f{written}", f"\u202b {written}\u202c\ufeff"):
            assert parse_amount(text, unit, notation_of(locale)) == amount


@pytest.mark.parametrize("language", LANGUAGES.values())
@given(
    text=st.one_of(
        st.text(alphabet="0123456789.,' -٫٬،١२hDG\u200b\u202f", max_size=14), st.text(max_size=14)
    ),
    decimals=st.integers(0, 4),
)
def test_anything_typed_is_an_amount_or_refused(language: str, text: str, decimals: int) -> None:
    try:
        amount = parse_amount(text, Unit("hour", "h", decimals), notation_of(Locale.parse(language)))
    except BadAmount:
        return
    assert 0 < amount <= MAX_AMOUNT


@given(
    text=st.text(alphabet="0123456789.,٫٬، ", max_size=10), letter=st.characters(categories=["L", "Sc", "So"])
)
def test_a_letter_among_the_digits_is_never_read_over(text: str, letter: str) -> None:
    with pytest.raises(BadAmount):
        parse_amount(f"1{letter}{text}5", Unit("hour", "h", 2), Notation(".", ","))


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", Why.NOTHING),
        ("h", Why.NOTHING),
        ("two", Why.NO_NUMBER),
        ("−2", Why.NEGATIVE),
        ("2-", Why.NEGATIVE),
        ("0.00", Why.ZERO),
        ("2.505", Why.TOO_FINE),
        ("10000000000.01", Why.TOO_LARGE),
        ("9" * 300, Why.TOO_LARGE),
        ("1.2.3", Why.UNCLEAR),
        ("1,2.3", Why.UNCLEAR),
        ("1..5", Why.UNCLEAR),
        (",,", Why.UNCLEAR),
    ],
)
def test_it_is_said_what_is_not_right(typed: str, why: Why) -> None:
    with pytest.raises(BadAmount) as error:
        parse_amount(typed, HOURS, Notation(".", ","))
    assert error.value.why == why


def test_a_sign_that_could_be_either_is_refused_in_a_unit_of_three_decimals() -> None:
    fine = Unit("kilo", "kg", 3)
    with pytest.raises(BadAmount):
        parse_amount("1.500", fine, Notation(",", "."))
    assert parse_amount("1,500", fine, Notation(",", ".")) == 1500
    assert parse_amount("1.500,000", fine, Notation(",", ".")) == 1_500_000


def test_millions_are_amounts() -> None:
    """MCCS 35: amounts of 1,000,000 and more are valid."""
    for typed, meant in (("1,500,000", 150_000_000), ("1,234,567", 123_456_700), ("1234567.89", 123_456_789)):
        assert parse_amount(typed, HOURS, Notation(".", ",")) == meant


@pytest.mark.parametrize(
    ("typed", "meant"), [("0" * 5000 + "2", 200), ("0" * 5000, None), ("9" * 5000, None)]
)
def test_thousands_of_digits_are_read_or_refused_like_any(typed: str, meant: int | None) -> None:
    if meant is not None:
        assert parse_amount(typed, HOURS) == meant
        return
    with pytest.raises(BadAmount):
        parse_amount(typed, HOURS)
