"""The desk says that a year has passed, who closed it, and when a file of the archive is missing; old pages work on."""

import shutil
from collections.abc import Callable

import pytest

from appliance.ledger import yearly
from tests.support.village import Village
from tests.web.conftest import OWN_SCREEN, Browser

DUE = "A year has passed since the book was closed, or begun."


@pytest.fixture
def kira(signed_in: Callable[..., Browser]) -> Browser:
    return signed_in("Kira", OWN_SCREEN)


def test_the_desk_reminds_until_it_is_closed(
    village: Village, signed_in: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yearly, "FEW", 5)
    assert DUE not in signed_in("Kira", OWN_SCREEN).get("/desk").text
    village.clock.advance(yearly.YEAR_MS)
    assert DUE in signed_in("Kira", OWN_SCREEN).get("/desk").text
    village.pay("Alice", "Bob", 30)
    assert isinstance(yearly.close(village.hub, village.signers["Kira"]), yearly.Closed)
    village.clock.advance(yearly.YEAR_MS // 2)
    assert DUE not in signed_in("Kira", OWN_SCREEN).get("/desk").text


def test_the_log_says_who_closed_and_receipts_and_statements_are_as_before(
    village: Village, kira: Browser, signed_in: Callable[..., Browser]
) -> None:
    alice = signed_in("Alice")
    paid = village.pay("Alice", "Bob", 30, note="two loaves")
    pages = ("/me", f"/t/{paid.record.hex()}", "/me/acts", "/statement", "/statements", "/")
    before = {page: alice.get(page) for page in pages}
    closed = yearly.close(village.hub, village.signers["Kira"])
    assert isinstance(closed, yearly.Closed)
    said = f"Kira closed the year: the book up to line {closed.upto} is in the archive."
    assert said in kira.get("/desk/log").text
    for page, was in before.items():
        now = alice.get(page)
        assert (now.status_code, now.text) == (was.status_code, was.text), page
    assert "two loaves" in before[f"/t/{paid.record.hex()}"].text


def test_a_missing_file_is_told_and_people_trade(village: Village, kira: Browser) -> None:
    assert isinstance(yearly.close(village.hub, village.signers["Kira"]), yearly.Closed)
    shutil.rmtree(village.hub.data / "archive")
    village.hub.store.archive.close()
    page = kira.get("/desk")
    assert page.status_code == 200
    assert "A file of the archive is missing." in page.text
    assert "0001-entries-to-" in page.text
    village.pay("Alice", "Bob", 30)
