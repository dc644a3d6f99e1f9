"""The keeper at the hub's own screen looks after backups, and after a restore puts right what is left to put right.

Script is off, the screen is 1024x768. `HUB_PICTURES` names a folder for pictures of the pages.
"""

import io
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser

from appliance.ledger import papers, restore
from appliance.ledger.book import backup_make
from appliance.ledger.book.verify import verify
from appliance.ledger.hub import Hub
from appliance.ledger.people.members import Approve
from appliance.ledger.post import Post
from tests.browser.conftest import DESK, LARGEST_PAGE, Phone
from tests.support.portal import Portal
from tests.support.two_villages import RIVER, TwoVillages, two_villages
from tests.support.village import PIN, Village, a_village
from tests.web.desk.test_restored import meet

pytestmark = pytest.mark.browser

WHY = "asked at the market"


class Desk(Phone):
    """The hub's own screen."""

    def looked_at(self, name: str) -> str:
        """What the page says; it fits the screen, is small, and nothing on it is cut off."""
        assert len(self.page.content().encode()) < LARGEST_PAGE
        picture = self.page.screenshot(full_page=True)
        assert Image.open(io.BytesIO(picture)).width == DESK["width"], "wider than the screen"
        if folder := os.environ.get("HUB_PICTURES"):
            (Path(folder) / f"{name}.png").write_bytes(picture)
        targets = self.page.locator("main a.button, main button")
        for at in range(targets.count()):
            box = targets.nth(at).bounding_box()
            assert box is not None
            assert box["height"] >= 44, "too small for a finger"
        return self.text()


@pytest.fixture
def at_desk(chromium: Browser) -> Iterator[object]:
    contexts = []

    def sits_down(portal: Portal, keeper: str) -> Desk:
        context = chromium.new_context(viewport=DESK, java_script_enabled=False, locale="en")
        context.set_default_timeout(20_000)
        contexts.append(context)
        desk = Desk(context.new_page(), portal)
        desk.sign_in(keeper)
        return desk

    yield sits_down
    for context in contexts:
        context.close()


def test_a_keeper_makes_a_backup_and_is_reminded_of_the_paper(tmp_path: Path, at_desk) -> None:
    with a_village(tmp_path / "river") as river:
        kira = river.account("Kira").short
        papers.printed(river.hub, ("hub", "community"), asked=True)
        river.hub.close()
        portal = Portal(river.hub.data)
        portal.start()
        try:
            desk = at_desk(portal, kira)
            desk.open("/desk/backups")
            said = desk.looked_at("backups-before")
            assert "Some words of the hub's root paper were asked and were right" in said
            assert "All of it has not been typed in yet." in said
            desk.tap("Back up now")
            for _ in range(120):  # the page loads itself anew, without script
                if not desk.reads("A backup is being made."):
                    break
                desk.page.wait_for_timeout(500)
            assert "just now" in desk.looked_at("backups-after")
            assert len(list((river.hub.data / "backups").glob("*.hubbackup"))) == 1
            opened = Hub.open(river.hub.data)
            papers.check(opened, river.papers.hub)
            opened.close()
            desk.open("/desk/backups")
            assert "The hub's root paper was typed in and was right" in desk.text()
        finally:
            portal.kill()


def test_a_keeper_closes_the_year_after_a_backup(tmp_path: Path, at_desk) -> None:
    with a_village(tmp_path / "river") as river:
        for amount in range(1, 30):
            river.pay("Alice", "Bob", amount, note="eggs")
        kira = river.account("Kira").short
        river.hub.close()
        portal = Portal(river.hub.data)
        portal.start()
        try:
            desk = at_desk(portal, kira)
            desk.open("/desk")
            desk.tap("Close the year")
            said = desk.looked_at("year-backup-first")
            assert "First a backup: the last one is missing, or older than a day." in said
            desk.tap("Backups")
            desk.tap("Back up now")
            desk.page.get_by_text("The last good backup").first.wait_for(timeout=60_000)
            desk.open("/desk/year")
            said = desk.looked_at("year-ready")
            assert "Lines that move to the archive" in said
            desk.type(pin=PIN)
            desk.tap("Close the year")
            # Without script: the page asks again by itself until it is done.
            desk.page.get_by_text("The year is closed.").first.wait_for(timeout=60_000)
            said = desk.looked_at("year-closed")
            assert "Make a backup now: it takes the archive along." in said
            desk.tap("Back up now")
            desk.page.get_by_text("The last good backup").first.wait_for(timeout=60_000)
        finally:
            portal.kill()
        verify(river.hub.store)
        with river.hub.reading() as tx:
            assert tx.first("SELECT count(*) FROM closing") == (1,)


@pytest.fixture
def restored(tmp_path: Path) -> Iterator[tuple[TwoVillages, Village]]:
    """River was restored: Emeka joined, and paid Chandra at Hill, after the backup was made."""
    with two_villages(tmp_path) as two:
        river, file = two.river, tmp_path / "river.hubbackup"
        paper = river.papers.hub
        backup_make.make(river.hub.data, river.hub.box.place, paper.backup_public, file, two.clock.now())
        river.do("Kira", Approve(river.join("Emeka")))
        two.send("Emeka", "Chandra", 250)
        two.send("Dina", "Bob", 100)
        two.carry()
        river.hub.close()
        restore.restore(file, paper, tmp_path / "again", 2, two.clock, lambda *_: None)
        river.hub = Hub.open(tmp_path / "again", two.clock)
        two.posts[RIVER] = Post(river.hub)
        yield two, river


def test_after_a_restore_the_desk_says_what_waits_what_came_back_and_whose_it_is(
    restored: tuple[TwoVillages, Village], at_desk
) -> None:
    two, river = restored
    portal = Portal(river.hub.data)
    portal.start()
    try:
        desk = at_desk(portal, river.account("Kira").short)
        desk.open("/desk/restored")
        said = desk.looked_at("recovering")
        assert re.search(r"What was paid at home after .* is lost\.", said)
        assert "Members cannot sign in yet." in said
        assert "Payments to other villages, and slips of earlier days, wait for it." in said
        desk.tap("Let members sign in")
        desk.looked_at("let-sign-in")
        desk.type(reason=WHY)
        desk.press("main form[method=post] button")
        assert desk.reads("Members can sign in again.")

        meet(two)
        desk.open("/desk/restored")
        said = desk.looked_at("unresolved")
        assert "2 payments came back." in said
        assert "Whose is it?" in said
        emeka = river.join("Emeka")
        river.do("Kira", Approve(emeka))
        desk.tap("Say whose it is")
        desk.looked_at("whose")
        desk.type(account=river.account("Emeka").short, reason=WHY)
        desk.press("main form[method=post] button")
        assert "It stands on the account now." in desk.looked_at("all-done")
        assert desk.reads("Nothing waits any more")

        bob = at_desk(portal, river.account("Bob").short)
        bob.open("/statement")
        assert "found again after the restore" in bob.looked_at("statement")
        bob.press("ul.lines a")
        assert "It was paid before this day." in bob.looked_at("receipt")
        bob.open(f"/statements/{river.numbers['Bob']}?from=2026-05-01&to=2027-12-31")
        assert "found again after the restore" in bob.looked_at("sheet")
    finally:
        portal.kill()
