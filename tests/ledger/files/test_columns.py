"""docs/files.md says what the files have, column by column."""

import re
from pathlib import Path

import pytest

from appliance.ledger.book.rules import CARE_CATEGORIES, CATEGORIES
from appliance.ledger.book.taxonomy import SHIPPED, UNITS
from appliance.ledger.files.columns import COLUMNS, Column

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "files.md").read_text("utf-8")
TITLES = {
    "members": "Members",
    "openings": "Opening balances",
    "listings": "Listings",
    "transfers": "Transfers",
}


def section(title: str) -> str:
    return re.split(rf"^## {title}$", PAGE, flags=re.MULTILINE)[1].split("\n## ")[0]


def as_row(column: Column) -> tuple[str, ...]:
    into = "needed" if column.needed else "yes" if column.into else ""
    also = "".join(f", also `{name}`" for name in column.also)
    return f"`{column.name}`", "yes" if column.out else "", into, column.meaning + also


@pytest.mark.parametrize("what", sorted(COLUMNS))
def test_the_page_has_every_column_with_its_meaning_and_no_other(what: str) -> None:
    lines = [line for line in section(TITLES[what]).splitlines() if line.startswith("| `")]
    documented = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]
    assert documented == [as_row(column) for column in COLUMNS[what]]


def test_categories_are_those_of_the_rules() -> None:
    text = section("Categories")
    own, care = re.findall(r"^(?:Of payments|Kinds of care).*: (`.*`)\.$", text, re.MULTILINE)
    groups = [re.findall(r"`(\w+)`", line) for line in text.splitlines() if line.startswith("* ")]
    assert groups == [[group, *kinds] for group, kinds in SHIPPED.items()]
    (units,) = re.findall(r"^Units: (.*)$", text, re.MULTILINE)
    assert tuple(re.findall(r"`(\w+)`", units)) == UNITS
    assert re.findall(r"`(\w+)`", own) == list(CATEGORIES)
    assert re.findall(r"`(\w+)`", care) == list(CARE_CATEGORIES)


def test_no_name_means_two_columns_of_one_file() -> None:
    for columns in COLUMNS.values():
        own = [column.name for column in columns]
        assert len(own) == len(set(own))
        others = [name for column in columns for name in column.also]
        assert len(others) == len(set(others))
