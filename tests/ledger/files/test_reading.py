"""Files as people bring them: what is guessed, what is an error, and that no bytes do harm."""

import codecs
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.ledger.errors import BadAmount
from appliance.ledger.files import cells
from appliance.ledger.files.checking import check, name_of
from appliance.ledger.files.directory import HERE, NUMBERS
from appliance.ledger.files.reading import MOST_BYTES, Problem, Row, Sheet, read
from appliance.ledger.files.words import WORDS, sentence
from appliance.ledger.people.imports import WHAT
from appliance.ledger.values import Unit
from tests.support.lists import as_csv
from tests.support.village import Village, a_village

HOUR = Unit("hour", "h", 2)
PEOPLE = [["name", "kind"], ["Señora Núñez", "person"], ["The Mill", "business"]]


def sheet(data: bytes, what: str = "members") -> Sheet:
    found = read(data, what)
    assert isinstance(found, Sheet), found
    return found


def why(data: bytes, what: str = "members") -> str:
    found = read(data, what)
    assert isinstance(found, Problem), found
    assert sentence(found, HOUR)
    return found.why


class TestForm:
    @pytest.mark.parametrize(
        ("data", "encoding"),
        [
            (as_csv(PEOPLE), "UTF-8"),
            (codecs.BOM_UTF8 + as_csv(PEOPLE), "UTF-8"),
            (as_csv(PEOPLE, "utf-16"), "UTF-16"),
            (as_csv(PEOPLE, "utf-16-le"), "UTF-16"),
            (as_csv(PEOPLE, "utf-16-be"), "UTF-16"),
            (as_csv(PEOPLE, "cp1252"), "Windows-1252"),
        ],
    )
    @pytest.mark.parametrize("delimiter", [",", ";", "\t"])
    def test_encoding_and_separator_are_guessed_and_said(
        self, data: bytes, encoding: str, delimiter: str
    ) -> None:
        if delimiter != ",":
            form = {"UTF-8": "utf-8-sig", "UTF-16": "utf-16", "Windows-1252": "cp1252"}[encoding]
            data = as_csv(PEOPLE, form, delimiter)
        found = sheet(data)
        assert (found.encoding, found.delimiter) == (encoding, delimiter)
        rows = [row for row in found.rows() if isinstance(row, Row)]
        assert [(row.line, row.get("name")) for row in rows] == [(2, "Señora Núñez"), (3, "The Mill")]

    def test_headers_as_people_write_them(self) -> None:
        found = sheet(b" NAME ,Group,Old-Number,Shoe size,keeper\nEmma,person,17,40,yes\n")
        (row,) = found.rows()
        assert isinstance(row, Row)
        assert dict(row.cells) == {"name": "Emma", "kind": "person", "number": "17"}
        assert found.unknown == ("Shoe size",)  # and not what we write out ourselves

    def test_lines_are_those_of_the_file(self) -> None:
        data = b'owner,kind,title,text\n"2","offer","Bread","two\nlines"\n\n3,want,Roof,\n'
        assert [row.line for row in sheet(data, "listings").rows()] == [2, 5]

    @pytest.mark.parametrize(
        ("data", "reason"),
        [
            (b"", "empty"),
            (b"  \n \n", "empty"),
            (b"PK\x03\x04 and so on", "spreadsheet"),
            (b"\xd0\xcf\x11\xe0 and so on", "spreadsheet"),
            (b"number,kind\n1,person\n", "columns"),
            (b"name,name\nA,B\n", "column_twice"),
            (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "no_text"),
            (b"name\n" + b"x" * MOST_BYTES, "large"),
            (b"name\n" + b"a\n" * 200_001, "rows"),
        ],
    )
    def test_what_is_no_such_file(self, data: bytes, reason: str) -> None:
        assert why(data) == reason

    @pytest.mark.parametrize(
        ("row", "reason"),
        [(b"Emma,person,more", "cells"), (b'"Emma' + b"x" * 200_000, "row"), (b"E" * 2_001, "long")],
    )
    def test_rows_that_cannot_be(self, row: bytes, reason: str) -> None:
        (found,) = sheet(b"name,kind\n" + row + b"\n").rows()
        assert isinstance(found, Problem)
        assert (found.line, found.why) == (2, reason)


class TestCells:
    @pytest.mark.parametrize(
        ("text", "amount"),
        [
            ("2.5", 250),
            ("-2,50", -250),
            ("1500.00", 150000),
            ("+3", 300),
            ("0", 0),
            ("-0,00", 0),
            ("−1", -100),
        ],
    )
    def test_amounts(self, text: str, amount: int) -> None:
        assert cells.amount(text, HOUR) == amount

    @pytest.mark.parametrize(
        "text", ["1,500", "--2", "+-2", "1.005", "two", ".", "", "1e3", "-", "12 34", "5-"]
    )
    def test_what_is_no_amount_for_certain(self, text: str) -> None:
        with pytest.raises(BadAmount):
            cells.amount(text, HOUR)

    @pytest.mark.parametrize("text", ["1.0", "", "0x1", "9" * 19, "1 000"])
    def test_minor_units_are_whole(self, text: str) -> None:
        with pytest.raises(BadAmount):
            cells.minor(text)

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("2024-05-31", "2024-05-31"),
            ("2024-5-1", "2024-05-01"),
            ("31.5.2024", "2024-05-31"),
            ("2024-05-31 18:30", "2024-05-31"),
            ("٢٠٢٤-٠٥-٣١", "2024-05-31"),
        ],
    )
    def test_days(self, text: str, shown: str) -> None:
        found = cells.day(text)
        assert found is not None
        assert cells.show_day(found) == shown

    @pytest.mark.parametrize("text", ["5/6/2024", "2024-02-30", "31.2.2024", "yesterday", "", "20240531"])
    def test_what_is_no_day_for_certain(self, text: str) -> None:
        assert cells.day(text) is None

    @given(st.text(max_size=20))
    def test_no_text_is_a_formula_and_each_comes_back(self, text: str) -> None:
        kept = cells.safe(text)
        assert not kept.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
        assert cells.plain(kept) == text

    def test_an_apostrophe_of_somebody_elses_stays(self) -> None:
        assert cells.plain("'tis bread") == "'tis bread"

    def test_a_name_of_a_file_is_a_name(self) -> None:
        assert name_of("C:\\lists\\..\\people.csv") == "people.csv"
        assert name_of("/tmp/\u202epeople.csv") == "people.csv"
        assert name_of("///") == "file"
        assert len(name_of("x" * 500)) == 140


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> "Village":
    """A village in which nothing happens while files are looked at."""
    with a_village(tmp_path_factory.mktemp("quiet") / "river") as made:
        made.hub.close()
        return made


_HEADS = (
    "name,kind,opening,low,high,number",
    "number;name;amount;kind",
    "owner,kind,title,price",
    "day,payer,payee,amount,levy,note,category",
)
_CELL = st.one_of(
    st.sampled_from(
        ("Alice", "2-0", "101-0002-0", "commons", "person", "offer", "2024-05-31", "-1.5", "none", "=1")
    ),
    st.text(max_size=6),
)
_LINES = st.lists(st.lists(_CELL, max_size=8).map(",".join), max_size=6).map("\n".join)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.one_of(
        st.binary(max_size=300),
        st.builds(lambda head, rest: f"{head}\n{rest}".encode(), st.sampled_from(_HEADS), _LINES),
        st.builds(
            lambda head, rest: head.encode() + b"\n" + rest, st.sampled_from(_HEADS), st.binary(max_size=200)
        ),
    ),
    what=st.sampled_from(WHAT),
    numbers=st.sampled_from(NUMBERS),
)
def test_no_bytes_crash_or_change_anything(quiet: Village, data: bytes, what: str, numbers: str) -> None:
    before = quiet.hub.head()
    plan = check(quiet.hub, what, data, "file.csv", numbers)
    assert plan.clean or all(problem.why in WORDS and sentence(problem, HOUR) for problem in plan.problems)
    assert not plan.clean or (plan.commands and plan.count and len(plan.terms) == 32)
    assert quiet.hub.head() == before


def test_every_row_that_is_wrong_is_named_with_what_to_do(tmp_path: Path) -> None:
    with a_village(tmp_path / "river") as river:
        alice, bob = (river.account(name).full for name in ("Alice", "Bob"))
        rows = [
            ["day", "payer", "payer_name", "payee", "amount", "amount_minor", "levy", "category", "note"],
            ["2024-05-31", alice, "Alice", "Bob", "2.50", "250", "", "food", "bread"],
            ["5/6/2024", alice, "", bob, "2.50", "", "", "", ""],
            ["2999-01-01", alice, "Bob", bob, "1,500", "", "", "", ""],
            ["2024-05-31", "101-0002-7", "", "102-0004-8", "", "", "", "", ""],
            ["2024-05-31", "Zoe", "", alice, "-1", "", "", "nonsense", "x" * 141],
            ["2024-05-31", alice, "", alice, "1", "200", "", "", ""],
            ["2024-05-31", alice, "", bob, "1", "", "1", "", ""],
        ]
        plan = check(river.hub, "transfers", as_csv(rows), "paid.csv", HERE)
    found = [(p.line, p.column, p.why) for p in plan.problems]
    assert found == [
        (3, "day", "day"),
        (4, "payer", "other_name"),
        (4, "amount", "amount"),
        (4, "day", "day_range"),
        (5, "payer", "number"),
        (5, "payee", "number"),
        (5, "amount", "missing"),
        (6, "payer", "nobody_named"),
        (6, "amount", "not_positive"),
        (6, "category", "choice"),
        (6, "note", "too_long"),
        (7, "payee", "same"),
        (7, "amount_minor", "differ"),
        (8, "levy", "levy"),
    ]
    assert plan.problems[1].found == alice
    assert (
        sentence(plan.problems[1], HOUR) == "This account is that of Alice. Correct the number or the name."
    )


def test_what_a_list_of_offers_says_wrongly_is_named_cell_by_cell(tmp_path: Path) -> None:
    with a_village(tmp_path / "river") as river:
        today = date.fromisoformat(cells.day_of(river.clock.now().ms))
        soon, last, far, over = (str(today + timedelta(days)) for days in (3, 365, 369, -2))
        rows = [
            ["owner", "kind", "title", "price", "unit", "quantity", "times", "place", "until"],
            ["Alice", "offer", "Bread", "0.50", "Piece", "१२", "Fridays", "by the mill", soon],
            ["Alice", "offer", "Free bread", "0", "", "", "", "", last],
            ["Alice", "offer", "Eggs", "1", "crate", "a few", "x" * 61, "y" * 41, "in May"],
            ["Alice", "want", "Hay", "", "", "-3", "", "", over],
            ["Alice", "want", "Straw", "", "", "10000", "", "", far],
        ]
        plan = check(river.hub, "listings", as_csv(rows), "offers.csv", HERE)
        assert [(p.line, p.column, p.why) for p in plan.problems] == [
            *((4, "unit", "choice"), (4, "quantity", "quantity"), (4, "times", "too_long")),
            *((4, "place", "too_long"), (4, "until", "day")),
            *((5, "quantity", "quantity"), (5, "until", "until_over")),
            *((6, "quantity", "quantity"), (6, "until", "until_far")),
        ]
        assert sentence(plan.problems[1], HOUR) == "Write a whole number from 0 to 9999, or nothing."
        good = check(river.hub, "listings", as_csv(rows[:3]), "offers.csv", HERE)
        bread, free = (one.in_words("listings", HOUR.plain) for one in good.first)
        assert bread == f"Alice: offer, other, Bread, 0.50 / piece, 12 ×, Fridays, by the mill, → {soon}"
        assert free == f"Alice: offer, other, Free bread, 0.00, → {last}"
