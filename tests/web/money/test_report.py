"""The village in numbers, on the screen and as a file; its charts."""

import csv
import io
import re

import pytest
from markupsafe import Markup

from appliance.web.ground.svg import Bar, bars
from tests.web.conftest import OWN_SCREEN

SMALL = 30 * 1024
BOXES = re.compile(r'<path d="([^"]*z)"([^>]*)/>')


@pytest.fixture
def traded(village):
    """Four people have traded."""
    for payer, payee in (("Alice", "Bob"), ("Bob", "Chandra"), ("Chandra", "Dina")):
        village.pay(payer, payee, 150)
    return village


def test_every_member_reads_it(traded, signed_in) -> None:
    page = signed_in("Alice").get("/report")
    assert page.status_code == 200
    assert len(page.data) < SMALL
    for words in ("The village in numbers", "4.50", "How fast credit goes round", "hidden", "Jun 2026"):
        assert words in page.text
    assert page.text.count('class="chart"') == 5
    assert page.text.count("<table") == 7
    assert "<details open>" not in page.text
    assert signed_in("Alice").get("/report?open=1").text.count("<details open>") == 7
    assert "/report" in signed_in("Kira", OWN_SCREEN).get("/desk").text
    assert "/report" in signed_in("Alice").get("/me").text


def test_nobody_reads_it_who_is_not_in(traded, phone, signed_in) -> None:
    assert phone().get("/report").status_code == 302
    traded.join("Emeka")
    newcomer = signed_in("Emeka")
    assert newcomer.get("/report").status_code == 302
    assert newcomer.get("/report.csv").status_code == 302


def test_no_name_and_no_balance_stands_in_it(traded, signed_in) -> None:
    page = signed_in("Alice").get("/report?open=1").text
    body = page[page.index("<article") : page.index("</article>")]
    for name in ("Alice", "Bob", "Chandra", "Dina", "Kira"):
        assert name not in body
    assert "1.50" not in body  # what Alice owes and Dina is owed


def test_it_grows_with_the_book(traded, signed_in) -> None:
    alice = signed_in("Alice")
    assert "4.50" in alice.get("/report").text
    traded.pay("Dina", "Alice", 100)
    assert "5.50" in alice.get("/report").text


def test_the_file(traded, signed_in) -> None:
    answer = signed_in("Alice").get("/report.csv")
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))
    assert len(rows) == 12
    assert [rows[-1][name] for name in ("month", "traded", "volume", "volume_minor")] == [
        "2026-06",
        "4",
        "4.50",
        "450",
    ]
    assert (rows[0]["volume"], rows[0]["traded"]) == ("0.00", "0")
    assert rows[-1]["velocity"] == ""  # one is owed: hidden


def test_a_chart_says_what_it_shows_to_who_cannot_see_it() -> None:
    chart = bars(
        "x", "Paid", "At most 9", [Bar(0, "a"), Bar(9, "b", "9"), Bar(None, "c"), Bar(1, "d", hollow=True)]
    )
    assert isinstance(chart, Markup)
    assert '<title id="x-t">Paid</title><desc id="x-d">At most 9</desc>' in chart
    assert 'role="img"' in chart
    assert ">?</text>" in chart
    assert [(re.findall("v-([0-9.]+)h", d), look) for d, look in BOXES.findall(chart)] == [
        (["114"], ""),
        (["12.7"], ' fill="none" stroke="currentColor" stroke-width="2"'),
        (["14"], ' fill="none" stroke="currentColor" stroke-dasharray="3 2"'),
    ], "all bars of one look in one path"
    assert "style" not in chart
    assert "script" not in chart


def test_a_chart_of_nothing_is_a_line_and_words_are_never_markup() -> None:
    assert not BOXES.findall(bars("x", "t", "d", []))
    assert not BOXES.findall(bars("x", "t", "d", [Bar(0), Bar(0)]))
    assert "<b>" not in bars("x", "<b>", "<b>", [Bar(1, "<b>", "<b>")])
    assert len(bars("x", "t", "d", [Bar(n, "Nov", "5.00 h") for n in range(12)])) < 2000
