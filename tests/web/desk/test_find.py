"""Stories of a keeper who looks for something: a payment, an act in the log, somebody who left."""

import pytest

from appliance.ledger.clock import Quality
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.money.requests import Decline
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.people.leaving import Leave
from appliance.ledger.people.life import Freeze
from appliance.ledger.reads import desk as reads
from appliance.web.desk.find import TOPICS, kinds_of
from tests.support.village import MONDAY_NOON
from tests.web.conftest import OWN_SCREEN

SMALL = 30 * 1024
DAY_MS = 86_400_000


@pytest.fixture
def kira(signed_in):
    """Kira, signed in at the hub's own screen."""
    return signed_in("Kira", OWN_SCREEN)


def found(page) -> list[str]:
    """Who paid whom, line by line."""
    assert page.status_code == 200
    assert len(page.data) < SMALL
    lines = page.text.split('<span class="what">')[1:]
    return [line.split("<small>")[0].strip() for line in lines]


@pytest.fixture
def week(village):
    """Some days of payments: done, waiting, given back, declined."""
    village.pay("Alice", "Bob", 100, note="goat cheese")
    village.clock.advance(DAY_MS)
    asked = village.request("Chandra", "Alice", 75)
    village.do("Alice", Decline(asked.record, village.numbers["Alice"]))
    village.request("Dina", "Bob", 60)
    village.clock.advance(DAY_MS)
    wrong = village.pay("Bob", "Dina", 40)
    village.do("Kira", Reverse(wrong.record, "wrong person"))
    return village


def test_all_payments_the_newest_first(week, kira) -> None:
    page = kira.fill("/desk/payments", "/desk/payments", q="", stands="")
    assert found(page) == [
        "Bob to Dina",
        "Bob to Dina",
        "Alice to Chandra",
        "Alice to Bob",
    ]
    assert "goat cheese" not in page.text


@pytest.mark.parametrize(
    ("asked", "lines"),
    [
        ({"stands": "waiting"}, ["Bob to Dina"]),
        ({"stands": "done"}, ["Alice to Bob"]),
        ({"stands": "undone"}, ["Bob to Dina"]),
        ({"stands": "unpaid"}, ["Alice to Chandra"]),
        ({"q": "alice"}, ["Alice to Chandra", "Alice to Bob"]),
        ({"q": "2"}, ["Alice to Chandra", "Alice to Bob"]),
        ({"q": "٢"}, ["Alice to Chandra", "Alice to Bob"]),
        ({"q": "alice", "stands": "done"}, ["Alice to Bob"]),
        ({"from": "2026-06-02"}, ["Bob to Dina", "Bob to Dina", "Alice to Chandra"]),
        ({"to": "2026-06-01"}, ["Alice to Bob"]),
        ({"from": "2026-06-02", "to": "2026-06-02"}, ["Bob to Dina", "Alice to Chandra"]),
        ({"q": "nobody of this name"}, []),
        ({"q": "9" * 60}, []),
        (
            {"stands": "no such"},
            ["Bob to Dina", "Bob to Dina", "Alice to Chandra", "Alice to Bob"],
        ),
    ],
)
def test_payments_by_how_they_stand_whose_they_are_and_when(week, kira, asked, lines) -> None:
    assert found(kira.get("/desk/payments", query_string=asked)) == lines


@pytest.mark.parametrize("typed", ["yesterday", "2026-13-01", "9999-12-31", "0001-01-01", "2026-06-01x"])
@pytest.mark.parametrize("page", ["/desk/payments", "/desk/log"])
def test_a_day_that_is_none_is_said(week, kira, page: str, typed: str) -> None:
    for field in ("from", "to"):
        answer = kira.get(page, query_string={field: typed})
        assert answer.status_code == 200
        assert "Please give days like" in answer.text


def test_a_line_leads_to_the_payment_and_older_ones_follow(village, kira) -> None:
    for cents in range(1, 24):
        village.pay("Alice", "Bob", cents)
    first = kira.get("/desk/payments?q=alice")
    assert len(found(first)) == 20
    older = first.text.split("before=")[1].split('"')[0].replace("&amp;", "&")
    assert "q=alice" in older
    second = kira.get(f"/desk/payments?before={older}")
    assert len(found(second)) == 3
    receipt = second.text.split('href="/t/')[1].split('"')[0]
    assert "Give it back" in kira.get(f"/t/{receipt}").text


def test_one_persons_payments_from_the_persons_page(week, kira) -> None:
    page = kira.get("/desk/people/2").text
    assert 'href="/desk/payments?q=2"' in page
    assert 'href="/desk/log?q=2"' in page


def test_acts_by_what_they_were_about_whose_and_when(week, kira) -> None:
    week.do("Kira", SetLimits(week.numbers["Alice"], -500, 500, "she asked"))
    week.clock.advance(DAY_MS)
    week.do("Kira", Freeze(week.numbers["Chandra"], "three disputes"))
    log = kira.fill("/desk/log", "/desk/log", about="limits").text
    assert "set the limits of Alice" in log
    assert "froze the account" not in log
    of_bob = kira.get("/desk/log?q=bob").text
    assert "gave back" in of_bob
    assert "set the limits" not in of_bob
    today = kira.get("/desk/log?from=2026-06-04").text
    assert "froze the account of Chandra" in today
    assert "set the limits" not in today
    assert "froze" not in kira.get("/desk/log?to=2026-06-03").text
    both = kira.get("/desk/log?about=members&q=chandra&from=2026-06-04").text
    assert "Because: three disputes" in both
    assert "let Chandra in" not in both
    assert "Nothing fits" in kira.get("/desk/log?q=zoe").text
    by_kira = kira.get("/desk/log?q=kira").text
    assert "froze the account of Chandra" in by_kira


def test_the_search_in_the_log_goes_on_with_the_older_ones(village, kira) -> None:
    for _ in range(22):
        village.do("Kira", SetLimits(village.numbers["Alice"], -500, 500, "again"))
        village.do("Kira", SetLimits(village.numbers["Bob"], -500, 500, "and again"))
    first = kira.get("/desk/log?q=alice&about=limits").text
    assert first.count("set the limits of Alice") == 20
    assert "of Bob" not in first
    link = first.split('href="/desk/log?before=')[1].split('"')[0].replace("&amp;", "&")
    second = kira.get(f"/desk/log?before={link}").text
    assert second.count("set the limits of Alice") == 2


def test_every_kind_of_act_is_about_something() -> None:
    everything = {kind for topic in TOPICS if topic for kind in kinds_of(topic)} - {"none", "enter_pile"}
    assert everything == {*reads.KEEPER_ACTS, *reads.BY_OTHERS}


def test_people_by_how_it_stands_with_them(village, kira) -> None:
    village.do("Dina", Leave(village.numbers["Dina"]))
    village.do("Kira", Freeze(village.numbers["Bob"], "three disputes"))
    village.join("Emil")

    def names(status: str) -> list[str]:
        text = kira.get("/desk/people", query_string={"status": status}).text
        return [
            name
            for name in ("Kira", "Alice", "Bob", "Chandra", "Dina", "Emil")
            if name in text.split("<main")[1]
        ]

    assert names("") == ["Kira", "Alice", "Bob", "Chandra", "Emil"]
    assert names("applied") == ["Emil"]
    assert names("active") == ["Kira", "Alice", "Chandra"]
    assert names("frozen") == ["Bob"]
    assert names("closed") == ["Dina"]
    assert names("away") == []
    assert names("no such") == ["Kira", "Alice", "Bob", "Chandra", "Emil"]


@pytest.mark.parametrize("path", ["/desk/payments", "/desk/log"])
def test_the_pages_are_for_keepers_at_the_own_screen(signed_in, path: str) -> None:
    assert signed_in("Alice", OWN_SCREEN).get(path).status_code == 403
    assert signed_in("Kira").get(path).status_code == 403


def test_a_doubtful_clock_changes_no_order(village, kira) -> None:
    village.pay("Alice", "Bob", 100)
    village.clock.set(MONDAY_NOON - 90 * DAY_MS, Quality.NONE)
    village.pay("Alice", "Chandra", 200)
    assert found(kira.get("/desk/payments")) == ["Alice to Chandra", "Alice to Bob"]
