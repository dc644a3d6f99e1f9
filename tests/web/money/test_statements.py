"""The statement of a period on the screen, on paper and as a file."""

import csv
import io
import re

import pytest
from werkzeug.test import TestResponse

from appliance.ledger.clock import Quality
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.people.grants import HELPER, AgreeGrant, AskGrant, EndGrant
from appliance.ledger.people.life import Freeze
from appliance.ledger.people.members import Approve
from appliance.ledger.reads.statements import LINES
from appliance.web.money.statements import HEAD
from tests.web.conftest import OWN_SCREEN

SMALL = 30 * 1024
DAY = 86_400_000
JUNE = "from=2026-06-01&to=2026-06-30"


def rows(answer: TestResponse) -> list[dict[str, str]]:
    assert answer.status_code == 200
    assert answer.data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))


def path(village, who: str) -> str:
    return f"/statements/{village.numbers[who]}"


def test_alice_chooses_a_month_and_reads_it(village, signed_in) -> None:
    village.pay("Alice", "Bob", 250, note="two loaves", category="food")
    village.pay("Bob", "Alice", 100)
    alice = signed_in("Alice")
    assert "/statements" in alice.get("/statement").text
    chosen = alice.get("/statements")
    assert len(chosen.data) < SMALL
    asked = {"account": village.numbers["Alice"], "from": "2026-06-01", "to": "2026-06-30"}
    page = alice.get("/statements/go", query_string=asked, follow_redirects=True)
    for words in ("Balance before", "two loaves", "−2.50", "+1.00", "Balance after", "−1.50", "1 June 2026"):
        assert words in page.text
    assert "Is something wrong?" in page.text
    assert len(page.data) < SMALL


def test_a_month_ends_with_its_last_moment(village, signed_in) -> None:
    village.pay("Alice", "Bob", 250)
    village.clock.set(1_782_864_000_000 - 1)  # the last millisecond of June, UTC as the tests run
    village.pay("Alice", "Bob", 11)
    village.clock.advance(1)
    village.pay("Alice", "Bob", 12)
    alice = signed_in("Alice")
    june = rows(alice.get(f"{path(village, 'Alice')}.csv?{JUNE}"))
    assert [row["amount_minor"] for row in june] == ["", "-250", "-11", ""]
    july = rows(alice.get(f"{path(village, 'Alice')}.csv?from=2026-07-01&to=2026-07-31"))
    assert [row["amount_minor"] for row in july] == ["", "-12", ""]
    assert july[0]["balance_minor"] == june[-1]["balance_minor"] == "-261"


@pytest.mark.parametrize(
    "asked",
    [
        "from=2026-06-30&to=2026-06-01",
        "from=yesterday&to=2026-06-01",
        "from=2026-06-01",
        "from=0001-01-01&to=9999-12-31",
        "from=2026-02-30&to=2026-03-01",
    ],
)
def test_days_that_are_none_are_asked_again(village, signed_in, asked: str) -> None:
    alice = signed_in("Alice")
    page = alice.get(f"{path(village, 'Alice')}?{asked}")
    assert page.status_code == 422
    assert "Other days" in page.text
    assert alice.get(f"{path(village, 'Alice')}.csv?{asked}").status_code == 404


@pytest.mark.parametrize(
    "asked", ["first=9&end=2", "first=x&end=y", "sheet=99999999999999", "sheet=-3", "first=0&end=0"]
)
def test_addresses_that_somebody_made_up_are_no_trouble(village, signed_in, asked: str) -> None:
    village.pay("Alice", "Bob", 250)
    assert signed_in("Alice").get(f"{path(village, 'Alice')}?{asked}").status_code == 200


def test_nobody_reads_the_statement_of_somebody_else(village, signed_in, phone) -> None:
    kira_on_a_phone, bob = signed_in("Kira"), signed_in("Bob")
    for someone in (kira_on_a_phone, bob):
        for tail in ("", ".csv"):
            assert someone.get(path(village, "Alice") + tail).status_code == 404
    assert bob.get("/statements/0").status_code == 404
    assert bob.get("/statements/999").status_code == 404
    assert bob.get(f"/desk/people/{village.numbers['Alice']}/statements").status_code == 403
    assert phone().get(path(village, "Alice")).status_code == 302
    assert signed_in("Kira", OWN_SCREEN).get(path(village, "Alice")).status_code == 200


def test_a_helper_reads_the_statement_as_long_as_the_grant_is_in_force(village, signed_in) -> None:
    n = village.numbers
    dina = signed_in("Dina")
    village.do("Alice", AskGrant(n["Alice"], n["Dina"], HELPER))
    assert dina.get(path(village, "Alice")).status_code == 404
    village.do("Dina", AgreeGrant(n["Alice"], HELPER))
    assert dina.get(path(village, "Alice")).status_code == 200
    assert "Which account" in dina.get("/statements").text
    asked = {"account": n["Alice"], "from": "2026-06-01", "to": "2026-06-30"}
    page = dina.get("/statements/go", query_string=asked, follow_redirects=True)
    assert village.account("Alice").full in page.text
    village.do("Alice", EndGrant(n["Alice"], n["Dina"]))
    assert dina.get(path(village, "Alice")).status_code == 404
    assert dina.get(f"{path(village, 'Alice')}.csv").status_code == 404


def test_who_is_frozen_still_reads_the_own_statement(village, signed_in) -> None:
    alice = signed_in("Alice")
    village.do("Kira", Freeze(village.numbers["Alice"], "asked for"))
    assert alice.get(path(village, "Alice")).status_code == 200


def test_a_cancelled_payment_is_one_line_and_the_file_has_both_days(village, signed_in) -> None:
    wrong = village.pay("Alice", "Bob", 250, note="wrong person")
    village.clock.advance(2 * DAY)
    village.do("Bob", Reverse(wrong.record))
    alice = signed_in("Alice")
    page = alice.get(f"{path(village, 'Alice')}?{JUNE}").text
    assert page.count("2.50") == 1
    assert "paid on 1 Jun 2026, cancelled" in page
    found = rows(alice.get(f"{path(village, 'Alice')}.csv?{JUNE}"))
    assert [(row["date"], row["amount"], row["balance"]) for row in found[1:-1]] == [
        ("2026-06-01", "-2.50", "-2.50"),
        ("2026-06-03", "2.50", "0.00"),
    ]
    assert (found[1]["undone"], found[2]["undoes"]) == ("2026-06-03", "2026-06-01")


def test_more_lines_than_a_sheet_go_on_with_the_next(village, signed_in) -> None:
    for step in range(LINES + 3):
        village.pay(*(("Alice", "Bob") if step % 2 else ("Bob", "Alice")), 10 + step, note="न" * 140)
    alice = signed_in("Alice")
    first = alice.get(f"{path(village, 'Alice')}?{JUNE}")
    assert "Sheet 1 of 2" in first.text
    assert "To the next sheet" in first.text
    assert len(first.data) < SMALL
    (link,) = set(re.findall(r'href="([^"]*sheet=2[^"]*)"', first.text))
    second = alice.get(link.replace("&amp;", "&"))
    assert "From the sheet before" in second.text
    assert "Balance after" in second.text


def test_a_doubtful_clock_is_told_on_paper(village, signed_in) -> None:
    village.clock.set(village.clock.now().ms, Quality.NONE)
    village.pay("Alice", "Bob", 10)
    alice = signed_in("Alice")
    assert "the day is not certain" in alice.get(f"{path(village, 'Alice')}?{JUNE}").text
    assert rows(alice.get(f"{path(village, 'Alice')}.csv?{JUNE}"))[1]["clock"] == "doubtful"


NASTY = ('=HYPERLINK("http://x","y")', "+1+1", "-2+3", "@SUM(A1)", "＝1+1", "＠x")


def test_nothing_in_a_file_is_run_by_a_spreadsheet(village, signed_in) -> None:
    for step, note in enumerate(NASTY):
        village.pay("Alice", "Bob", 10 + step, note=note)
    found = rows(signed_in("Alice").get(f"{path(village, 'Alice')}.csv?{JUNE}"))
    assert tuple(found[0]) == HEAD
    for row in found:
        for name, value in row.items():
            if name not in ("amount", "amount_minor", "balance", "balance_minor"):
                assert not value.lstrip().startswith(("=", "+", "-", "@", "\t", "＝", "＠")), (name, value)
            else:
                assert re.fullmatch(r"-?[0-9]+(\.[0-9]+)?|", value)
    assert found[1]["note"] == "'" + NASTY[0]


def test_what_follows_an_arabic_name_stays_after_it_and_files_have_the_name_alone(village, signed_in) -> None:
    name, mark = "عبد الرحمن", "\u200e"
    village.do("Kira", Approve(village.join(name)))
    village.pay("Alice", name, 250)
    alice = signed_in("Alice")
    page = alice.get(f"{path(village, 'Alice')}?{JUNE}").text
    assert name + mark in page
    assert f"Bob{mark}" not in alice.get(f"/P/{village.account('Bob').compact}").text
    assert rows(alice.get(f"{path(village, 'Alice')}.csv?{JUNE}"))[1]["with_name"] == name


def test_since_the_last_one_printed(village, signed_in) -> None:
    village.pay("Alice", "Bob", 250)
    kira = signed_in("Kira", OWN_SCREEN)
    desk = f"/desk/people/{village.numbers['Alice']}/statements"
    assert desk in kira.get(f"/desk/people/{village.numbers['Alice']}").text
    page = kira.get(desk)
    assert "None was printed yet" in page.text
    first = kira.fill(page, "/statements", follow=True)
    assert "−2.50" in first.text
    assert "up to line" in kira.get(desk).text
    again = kira.fill(desk, "/statements")
    assert again.location == first.request.full_path.replace("/?", "?")
    village.clock.advance(DAY)
    village.pay("Bob", "Alice", 70)
    second = kira.fill(desk, "/statements", follow=True)
    assert "+0.70" in second.text
    assert second.text.count("2.50") == 1  # the balance before; the line is on the other sheet


def test_the_box_remembers_nothing_for_who_may_not(village, signed_in) -> None:
    desk = f"/desk/people/{village.numbers['Alice']}/statements"
    kira = signed_in("Kira", OWN_SCREEN)
    assert signed_in("Alice", OWN_SCREEN).get(desk).status_code == 403
    assert kira.get("/desk/people/0/statements").status_code == 404
    assert kira.get("/desk/people/99/statements").status_code == 404
    assert kira.post(desk, {}).status_code == 400
