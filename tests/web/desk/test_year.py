"""The desk's page that closes the year: a backup first, the PIN, and what came of it."""

import shutil
import threading
from collections.abc import Callable

import pytest
from flask import Flask

from appliance.ledger import yearly
from appliance.ledger.book.verify import verify
from appliance.ledger.clock import Millis
from appliance.ledger.errors import CannotWrite
from appliance.web.desk.year import Year
from tests.support.village import PIN, Village
from tests.web.conftest import OWN_SCREEN, Browser, forms

PAGE = "/desk/year"


@pytest.fixture
def kira(village: Village, signed_in: Callable[..., Browser]) -> Browser:
    village.pay("Alice", "Bob", 30, note="two loaves")
    return signed_in("Kira", OWN_SCREEN)


@pytest.fixture
def backed_up(app: Flask, kira: Browser) -> Browser:
    app.extensions["backups"].run()
    return kira


def year_of(app: Flask) -> Year:
    found: Year = app.extensions["year"]
    return found


def wait(app: Flask) -> None:
    for thread in threading.enumerate():
        if thread.name == "year":
            thread.join(60)
    assert year_of(app).working is None


def can_close(browser: Browser) -> bool:
    return any(form.action.endswith(PAGE) for form in forms(browser.get(PAGE)))


def closings(village: Village) -> int:
    with village.hub.reading() as tx:
        found = tx.first("SELECT count(*) FROM closing")
    return 0 if found is None else int(found[0])


def test_a_backup_comes_first(village: Village, app: Flask, kira: Browser) -> None:
    page = kira.get(PAGE)
    assert "First a backup: the last one is missing, or older than a day." in page.text
    assert not can_close(kira)
    token = forms(kira.get("/desk/backups"))[0].fields
    assert kira.post(PAGE, {**token, "after": "0", "pin": PIN}).location == PAGE
    wait(app)
    assert (closings(village), year_of(app).working) == (0, None)
    app.extensions["backups"].run()
    assert can_close(kira)
    village.pay("Alice", "Bob", 5)
    assert can_close(kira), "it is less than a day old"
    village.clock.advance(Millis(25 * 3_600_000))
    assert not can_close(kira)
    app.extensions["backups"].run()
    shutil.rmtree(village.hub.data / "backups")
    assert not can_close(kira), "it is not there any more"


def test_it_is_closed_with_the_pin_and_says_what_came_of_it(
    village: Village, app: Flask, backed_up: Browser
) -> None:
    upto = village.hub.head().number
    assert "Lines that move to the archive" in backed_up.get(PAGE).text
    wrong = backed_up.fill(PAGE, PAGE, pin="9999")
    assert wrong.status_code == 422
    assert closings(village) == 0
    sent = backed_up.fill(PAGE, PAGE, pin=PIN)
    assert (sent.status_code, sent.location) == (302, PAGE)
    wait(app)
    page = backed_up.get(PAGE).text
    assert "The year is closed." in page
    assert "Make a backup now: it takes the archive along." in page
    assert (
        f"Kira closed the year: the book up to line {upto} is in the archive."
        in backed_up.get("/desk/log").text
    )
    assert verify(village.hub.store, quick=True).closing == upto
    village.pay("Alice", "Bob", 5)
    assert "The year is closed." not in backed_up.get(PAGE).text
    assert "Closed last" in backed_up.get(PAGE).text


def test_a_form_that_is_sent_again_closes_nothing_more(
    village: Village, app: Flask, backed_up: Browser
) -> None:
    form = next(form for form in forms(backed_up.get(PAGE)) if form.action.endswith(PAGE))
    for _ in range(2):
        backed_up.post(PAGE, {**form.fields, "pin": PIN})
        wait(app)
    assert closings(village) == 1


def test_two_taps_close_once_and_the_page_says_how_far_it_is(
    village: Village, app: Flask, backed_up: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on, close = threading.Event(), yearly.close

    def slowly(hub: object, signer: object, tell: yearly.Progress) -> object:
        tell(yearly.CHECKING, 3, 4)
        assert goes_on.wait(60)
        return close(hub, signer, tell)  # type: ignore[arg-type]

    monkeypatch.setattr(yearly, "close", slowly)
    form = next(form for form in forms(backed_up.get(PAGE)) if form.action.endswith(PAGE))
    try:
        for _ in range(2):
            backed_up.post(PAGE, {**form.fields, "pin": PIN})
        page = backed_up.get(PAGE).text
        assert 'http-equiv="refresh"' in page
        assert "Step 1 of 3: the book is checked." in page
        assert not can_close(backed_up)
    finally:
        goes_on.set()
    wait(app)
    assert closings(village) == 1


def test_a_book_that_does_not_hold_is_not_closed_and_the_page_says_what_to_do(
    village: Village, app: Flask, backed_up: Browser
) -> None:
    with village.hub.store.write() as tx:
        tx.select("UPDATE account SET balance = balance + 1 WHERE number = 2")
    backed_up.fill(PAGE, PAGE, pin=PIN)
    wait(app)
    page = backed_up.get(PAGE).text
    assert "does not hold. Nothing was closed." in page
    assert "table account" in page
    assert "Traceback" not in page
    assert closings(village) == 0


def test_what_fails_after_the_entry_is_no_failed_closing(
    village: Village, app: Flask, backed_up: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object) -> None:
        raise CannotWrite("the card refused")

    with monkeypatch.context() as patched:
        patched.setattr(yearly, "_check", refuses)
        backed_up.fill(PAGE, PAGE, pin=PIN)
        wait(app)
    page = backed_up.get(PAGE).text
    assert "The year is closed." in page
    assert "is done by itself within minutes" in page
    assert closings(village) == 1
    assert yearly.finish(village.hub)
    verify(village.hub.store, quick=True)


def test_members_and_phones_do_not_get_there(signed_in: Callable[..., Browser], village: Village) -> None:
    assert signed_in("Alice", OWN_SCREEN).get(PAGE).status_code in (302, 403)
    assert signed_in("Kira").get(PAGE).status_code in (302, 403)


def test_the_desk_leads_there_when_a_year_has_passed(
    village: Village, signed_in: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yearly, "FEW", 5)
    village.clock.advance(yearly.YEAR_MS)
    page = signed_in("Kira", OWN_SCREEN).get("/desk").text
    assert "A year has passed since the book was closed, or begun." in page
    assert page.count('href="/desk/year"') == 2
