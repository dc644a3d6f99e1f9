"""The desk's page about backups, in plain words."""

import threading
import time

import pytest

from appliance.ledger import papers
from appliance.ledger.backups import Backups, State, Working
from appliance.ledger.errors import BackupFailed
from tests.web.conftest import OWN_SCREEN


@pytest.fixture
def kira(signed_in):
    return signed_in("Kira", OWN_SCREEN)


def backups_of(app) -> Backups:
    return app.extensions["backups"]


def test_only_a_keeper_at_the_hubs_screen_reads_it(signed_in) -> None:
    assert signed_in("Alice").get("/desk/backups").status_code in (302, 403)


def test_one_is_made_by_a_button_and_told(village, app, kira) -> None:
    assert "There is no backup on this box yet" in kira.get("/desk/backups").text
    kira.fill("/desk/backups", "/desk/backups/now")
    deadline = time.monotonic() + 20
    while backups_of(app).state().good is None or backups_of(app).working is not None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    told = kira.get("/desk/backups").text
    assert "The last good backup: just now" in told
    assert "Read back and right" in told
    assert str(village.hub.data / "backups") in told


def test_what_failed_is_told_on_the_desk_too(village, app, kira, tmp_path) -> None:
    with pytest.raises(BackupFailed):
        backups_of(app).run(tmp_path / "no" / "file")
    assert "The last backup could not be made." in kira.get("/desk").text
    assert "Older ones are as they were" in kira.get("/desk/backups").text
    backups_of(app).run()
    assert "The last backup could not be made." not in kira.get("/desk").text


def test_while_one_is_made_the_page_says_how_far_and_asks_again(app, kira) -> None:
    backups_of(app).working = Working("sealing", 3, 4)
    page = kira.get("/desk/backups").text
    assert 'http-equiv="refresh"' in page
    assert "A backup is being made." in page
    assert "Back up now" not in page
    backups_of(app).working = Working("stick", 1, 4)
    assert "Leave it in." in kira.get("/desk/backups").text


def test_a_paper_that_was_never_checked_is_said_until_it_was(village, kira) -> None:
    assert "The root paper was never checked." in kira.get("/desk").text
    assert "root paper was never checked." in kira.get("/desk/backups").text
    papers.check(village.hub, village.papers.hub)
    assert "never checked" not in kira.get("/desk").text
    assert "was typed in and was right: just now" in kira.get("/desk/backups").text


def test_the_portal_makes_what_is_due_by_itself(village, app, monkeypatch) -> None:
    monkeypatch.setattr("appliance.web.desk.backups.TEND_SECONDS", 0.01)
    from appliance.web.desk import backups as desk_backups

    ended = threading.Event()
    thread = threading.Thread(target=desk_backups.tend, args=(backups_of(app), ended))
    thread.start()
    deadline = time.monotonic() + 20
    while backups_of(app).state().good is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    ended.set()
    thread.join(20)
    assert len(backups_of(app).copies()) == 1


def test_the_page_right_after_the_button_says_that_one_is_made(app, kira, monkeypatch) -> None:
    """Though the thread that makes it has not begun: without script, a page that does not ask again never changes."""
    monkeypatch.setattr(threading.Thread, "start", lambda _self: None)
    page = kira.fill("/desk/backups", "/desk/backups/now", follow=True)
    assert "A backup is being made." in page.text
    assert 'http-equiv="refresh"' in page.text


def test_until_it_is_noted_the_page_goes_on_saying_so(app, kira, monkeypatch) -> None:
    seen: list[bool] = []
    note = Backups._note

    def noted(self: Backups, state: State) -> None:
        seen.append(self.working is not None)
        note(self, state)

    monkeypatch.setattr(Backups, "_note", noted)
    backups_of(app).run()
    assert seen
    assert all(seen)
    assert backups_of(app).working is None
