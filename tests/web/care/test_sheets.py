"""Stories of weekly sheets, of care that is begun and left, and of the printed sheet."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

from appliance.ledger.book.verify import verify
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.reads import care_sheets
from tests.support.village import PIN, Village
from tests.web.conftest import OWN_SCREEN, Browser

SignedIn = Callable[..., Browser]
SMALL = 30 * 1024
WEEK: dict[str, Any] = {"category": "elder", "hours": "0", "rest": "30", "cared_for": "old Marta"}


def hidden(page: TestResponse, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found, f"{name} on {page.request.path}"
    return found.group(1)


def days_of(page: TestResponse) -> list[str]:
    return re.findall(r'name="on" value="(\d+)"', page.text)


def send(browser: Browser, page: TestResponse, action: str, **typed: Any) -> TestResponse:
    """Send a form with fields that stand in it more than once."""
    carried = {name: hidden(page, name) for name in ("csrf_token", "key") if f'name="{name}"' in page.text}
    return browser.client.post(
        action,
        data={**carried, **typed},
        follow_redirects=True,
        environ_overrides={"REMOTE_ADDR": browser.address},
    )


def written(browser: Browser, count: int = 7, **typed: Any) -> TestResponse:
    """A sheet of the last ``count`` days."""
    page = browser.get("/care/week")
    days = days_of(page)[-count:]
    return send(browser, page, "/care/week", **{**WEEK, "on": days, **typed})


def confirmed(browser: Browser, code: str) -> None:
    """Somebody confirms all days of a sheet."""
    seen = browser.get(f"/W/{code}")
    thanks = send(browser, seen, f"/W/{code}/confirm", row=ticked(seen), pin=PIN)
    assert "Thank you" in thanks.text


def code_of(page: TestResponse) -> str:
    assert page.status_code == 200, page.text
    assert page.request.path.startswith("/W/"), page.request.path
    return page.request.path.rpartition("/")[2]


def rows_of(village: Village, code: str) -> care_sheets.SheetView:
    with village.hub.reading() as tx:
        found = care_sheets.sheet(tx, code, village.numbers["Dina"], False, village.clock.now())
    assert found is not None
    return found


def ticked(page: TestResponse) -> list[str]:
    return re.findall(r'name="row" value="([^"]+)" checked', page.text)


def test_a_week_is_written_down_confirmed_by_two_at_once_and_paid(
    village: Village, signed_in: SignedIn
) -> None:
    dina, alice, bob = signed_in("Dina"), signed_in("Alice"), signed_in("Bob")
    asked = [village.account("Alice").short, "", ""]
    last = days_of(dina.get("/care/week"))[-1]
    longer: dict[str, Any] = {f"long_{last}": "1:15"}
    mine = written(dina, witness=asked, **longer)
    code = code_of(mine)
    assert 'class="qr"' in mine.text
    assert f"{code[:4]}-{code[4:]}" in mine.text
    assert [row.minutes for row in rows_of(village, code).rows] == [30] * 6 + [75]

    home = alice.get("/")
    assert home.text.count("asks you to confirm a week of care") == 1
    assert f'href="/W/{code}"' in home.text
    seen = alice.get(f"/W/{code}")
    for words in ("Dina", "old Marta", "30 minutes", "1 hour 15 minutes", "4.25"):
        assert words in seen.text
    thanks = send(alice, seen, f"/W/{code}/confirm", row=ticked(seen), pin=PIN)
    assert "Thank you" in thanks.text
    assert "asks you to confirm" not in alice.get("/").text
    by_code = bob.fill("/care/code", "/care/code", follow=True, code=f"{code[:4]}-{code[4:]}")
    send(bob, by_code, f"/W/{code}/confirm", row=ticked(by_code), pin=PIN)
    assert village.balance("Dina") == 425
    assert "7 of 7 rows are confirmed" in dina.get(f"/W/{code}").text
    for page in (mine, seen, thanks):
        assert len(page.data) < SMALL
    verify(village.hub.store)


def test_a_row_that_somebody_does_not_know_is_left_out(village: Village, signed_in: SignedIn) -> None:
    code, alice = code_of(written(signed_in("Dina"), 3)), signed_in("Alice")
    seen = alice.get(f"/W/{code}")
    send(alice, seen, f"/W/{code}/confirm", row=ticked(seen)[1:], pin=PIN)
    assert [row.signed for row in rows_of(village, code).rows] == [0, 1, 1]
    assert len(ticked(alice.get(f"/W/{code}"))) == 1


def test_a_row_that_cannot_be_confirmed_says_so_and_none_is(village: Village, signed_in: SignedIn) -> None:
    village.do("Kira", ChangeRules("care", {"pair_most": 120}, "assembly of May"))
    code, alice = code_of(written(signed_in("Dina"), 3)), signed_in("Alice")
    seen = alice.get(f"/W/{code}")
    no = send(alice, seen, f"/W/{code}/confirm", row=ticked(seen), pin=PIN)
    assert no.status_code == 422
    assert "on the word of the same other person" in no.text
    assert no.text.count('aria-invalid="true"') == 1
    assert [row.signed for row in rows_of(village, code).rows] == [0, 0, 0]
    send(alice, no, f"/W/{code}/confirm", row=ticked(no)[:2], pin=PIN)
    assert [row.signed for row in rows_of(village, code).rows] == [1, 1, 0]


def test_who_cannot_count_for_a_day_reads_it_before_a_pin_is_typed(
    village: Village, signed_in: SignedIn
) -> None:
    """Alice has confirmed one day of Dina's, and the rule allows no more on her word."""
    code, alice = code_of(written(signed_in("Dina"), 3)), signed_in("Alice")
    seen = alice.get(f"/W/{code}")
    send(alice, seen, f"/W/{code}/confirm", row=ticked(seen)[:1], pin=PIN)
    amount = rows_of(village, code).rows[0].amount
    village.do("Kira", ChangeRules("care", {"pair_most": amount}, "assembly of May"))
    none = alice.get(f"/W/{code}")
    assert "on the word of the same other person" in none.text
    assert 'name="pin"' not in none.text.split("/decline")[0]
    assert ticked(none) == []
    village.do("Kira", ChangeRules("care", {"pair_most": 3 * amount}, "assembly of June"))
    assert len(ticked(alice.get(f"/W/{code}"))) == 2


def test_a_wrong_pin_or_none_confirms_nothing(village: Village, signed_in: SignedIn) -> None:
    code, alice = code_of(written(signed_in("Dina"), 2)), signed_in("Alice")
    seen = alice.get(f"/W/{code}")
    for pin in ("", "9753"):
        assert send(alice, seen, f"/W/{code}/confirm", row=ticked(seen), pin=pin).status_code == 422
    assert send(alice, seen, f"/W/{code}/confirm", row=["zz"], pin=PIN).status_code == 400
    assert (
        send(alice, seen, f"/W/{code}/confirm", row=["00" * 16 + ":" + "00" * 32], pin=PIN).status_code == 400
    )
    assert [row.signed for row in rows_of(village, code).rows] == [0, 0]


def test_who_is_named_can_say_no_to_all_of_it(village: Village, signed_in: SignedIn) -> None:
    code = code_of(written(signed_in("Dina"), 2, witness=[village.account("Alice").short]))
    alice = signed_in("Alice")
    noted = alice.fill(f"/W/{code}", "/decline", follow=True, reason="I was away")
    assert "Noted" in noted.text
    row = rows_of(village, code).rows[0]
    assert "I was away" in signed_in("Dina").get(f"/C/{row.code}").text


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"on": []}, "Tick the days"),
        ({"rest": "", "hours": ""}, "not a time we can count"),
        ({"cared_for": " "}, "must not be empty"),
        ({"witness": ["Zoe"]}, "Nobody here fits “Zoe”"),
        ({"rest": "0", "hours": "13"}, "at most 12 hours"),
    ],
)
def test_a_sheet_that_cannot_be_comes_back_as_it_was(
    village: Village, signed_in: SignedIn, typed: dict[str, Any], words: str
) -> None:
    no = written(signed_in("Dina"), 3, **typed)
    assert no.status_code == 422
    assert words in no.text
    if typed.get("on") != []:
        assert len(re.findall(r'name="on" value="\d+" checked', no.text)) == 3
    with village.hub.reading() as tx:
        assert tx.first("SELECT COUNT(*) FROM claim") == (0,)


def test_a_sheet_that_is_sent_twice_is_written_down_once(village: Village, signed_in: SignedIn) -> None:
    dina = signed_in("Dina")
    page = dina.get("/care/week")
    typed = {**WEEK, "on": days_of(page)[-2:]}
    first, second = (send(dina, page, "/care/week", **typed) for _tap in range(2))
    assert code_of(first) == code_of(second)
    assert len(rows_of(village, code_of(first)).rows) == 2


def test_a_week_from_paper_by_a_keeper_and_by_who_was_cared_for(
    village: Village, signed_in: SignedIn
) -> None:
    kira, alice = signed_in("Kira", OWN_SCREEN), signed_in("Alice")
    page = kira.get("/care/week?for=paper")
    number = village.account("Dina").short
    paper = send(kira, page, "/care/week", **WEEK, on=days_of(page)[-2:], by="paper", carer=number)
    page = alice.get("/care/week?for=me")
    mine = send(
        alice, page, "/care/week", **{**WEEK, "cared_for": ""}, on=days_of(page)[:1], by="me", carer=number
    )
    for found, writer in ((paper, "Kira"), (mine, "Alice")):
        row = rows_of(village, code_of(found)).rows[0]
        assert row.writer is not None
        assert (row.carer.name, row.writer.name) == ("Dina", writer)


def test_a_day_that_was_ticked_before_midnight_is_written_down_after_it(
    village: Village, signed_in: SignedIn
) -> None:
    dina = signed_in("Dina")
    page = dina.get("/care/week")
    days = days_of(page)
    village.clock.advance(86_400_000)
    assert days_of(dina.get("/care/week"))[0] == days[1]
    code = code_of(send(dina, page, "/care/week", **{**WEEK, "on": days, "pin": PIN}))
    assert [str(row.day) for row in rows_of(village, code).rows] == days


@pytest.mark.parametrize("day", ["99999999999", "-3", "1e3", "٣", "", "19000 ", "999999"])
def test_a_day_that_is_none_or_lies_far_away_is_no_row(
    village: Village, signed_in: SignedIn, day: str
) -> None:
    dina = signed_in("Dina")
    page = dina.get("/care/week")
    head = village.hub.head()
    assert send(dina, page, "/care/week", **{**WEEK, "on": [day]}).status_code == 422
    assert village.hub.head() == head


def test_care_that_is_begun_is_kept_for_its_writer_alone(village: Village, signed_in: SignedIn) -> None:
    dina = signed_in("Dina")
    page = dina.get("/care/new")
    kept = send(dina, page, "/care/new", do="later", cared_for="old Marta", what="soup", hours="1")
    assert "Begun, not yet written down" in kept.text
    link = re.search(r'href="(/care/new\?draft=[0-9a-f]+)"', kept.text)
    assert link
    assert "soup" not in signed_in("Alice").get(link.group(1)).text
    again = dina.get(link.group(1))
    assert "old Marta" in again.text
    assert "soup" in again.text
    done = send(dina, again, "/care/new", category="elder", hours="1", day="0", cared_for="old Marta")
    assert done.request.path.startswith("/C/")
    assert "Begun" not in dina.get("/care").text, "what is written down is no draft any more"

    page = dina.get("/care/week")
    kept = send(dina, page, "/care/week", do="later", on=days_of(page)[-1:], cared_for="Tom")
    link = re.search(r'href="(/care/week\?draft=[0-9a-f]+)"', kept.text)
    assert link
    assert len(re.findall(r'name="on" value="\d+" checked', dina.get(link.group(1)).text)) == 1
    assert "Begun" not in dina.fill(kept, "/throw", follow=True).text


def test_the_printed_sheet_has_the_qr_its_code_and_nothing_private(
    village: Village, signed_in: SignedIn
) -> None:
    dina = signed_in("Dina")
    code = code_of(written(dina, 2))
    paper = dina.get(f"/W/{code}/print")
    assert 'class="qr"' in paper.text
    assert f"{code[:4]}-{code[4:]}" in paper.text
    assert f"/W/{code}" in paper.text
    assert "old Marta" not in paper.text
    row = rows_of(village, code).rows[0]
    assert f"/C/{row.code}" in dina.get(f"/C/{row.code}/print").text


def test_the_part_that_the_script_asks_for_is_that_of_the_page(village: Village, signed_in: SignedIn) -> None:
    dina = signed_in("Dina")
    code = code_of(written(dina, 1))
    row = rows_of(village, code).rows[0]
    for path, words in (
        (f"/C/{row.code}", "0 of 2 have confirmed"),
        (f"/W/{code}", "0 of 1 row is confirmed"),
    ):
        page, part = dina.get(path), dina.get(path + "/progress")
        assert words in part.text
        for one in re.split(r'(?=<div id="[a-z]+")', part.text.strip()):
            assert one.strip() in page.text
        assert page.text.index(words) < page.text.index('class="qr"'), (
            "what it waits for is seen before the QR"
        )
        assert "<html" not in part.text
        assert re.search(r'<script src="/static/care.js[^"]*" defer></script>', page.text)
    assert dina.get("/C/0000-0000/progress").status_code == 404


def test_a_week_says_what_its_days_wait_for_when_enough_have_confirmed(
    village: Village, signed_in: SignedIn
) -> None:
    village.do("Kira", ChangeRules("care", {"need_keeper": True, "cool_above": 10, "cool_days": 3}, "May"))
    dina = signed_in("Dina")
    code = code_of(written(dina, 2))
    assert dina.get(f"/W/{code}").text.count("A keeper must still confirm.") == 1
    for name in ("Alice", "Bob"):
        confirmed(signed_in(name), code)
    for path in (f"/W/{code}", f"/W/{code}/progress"):
        page = dina.get(path).text
        assert page.count("2 of 2 have confirmed") == 2
        assert page.count("A keeper must still confirm.") == 1, path
    confirmed(signed_in("Kira"), code)
    assert "it waits some days before it is paid" in dina.get(f"/W/{code}").text


def test_the_small_address_of_a_sheet_leads_to_it_and_an_unknown_one_says_so(signed_in: SignedIn) -> None:
    dina = signed_in("Dina")
    code = code_of(written(dina, 1))
    assert "old Marta" in dina.get(f"/w/{code.lower()}", follow_redirects=True).text
    unknown = dina.get("/W/AAAA-0000")
    assert unknown.status_code == 404
    assert "no care with this code" in unknown.text
