"""The desk after a restore: members wait, a keeper opens sign-in, names a risk, says whose a payment was."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from appliance.cli import main
from appliance.ledger import restore
from appliance.ledger.book import backup_make
from appliance.ledger.book.feed import FrameRow, Kept
from appliance.ledger.hub import Hub
from appliance.ledger.money.crossings import Send
from appliance.ledger.people.members import Approve
from appliance.ledger.post import Post
from appliance.ledger.reads.restored import unresolved
from appliance.ledger.values import Amount
from appliance.radio import frames
from tests.support.two_villages import HILL, RIVER, TwoVillages, directory, two_villages
from tests.web.conftest import OWN_SCREEN, PHONE, Browser
from tests.web.money.test_crossing import words
from tests.web.villages import Portals, portals

WHY = "asked at the market"


def meet(two: TwoVillages) -> None:
    """River and Hill are in reach of each other for a while; certificates and old frames pass too."""
    for _ in range(3):
        for source, target in ((RIVER, HILL), (HILL, RIVER)):
            list(two.frames_of(source))
            for row in two.posts[source].lives():
                if found := two.posts[source].certificate(row.hub, row.incarnation):
                    two.posts[target].renewed(*found)
            with two.at(source).hub.reading() as tx:
                kept = [bytes(row.data) for row in tx.rows(FrameRow.select().order_by(FrameRow.first))]
            for data in kept:
                frame = frames.open_data(data, directory(two.at(target).hub, two.posts[target]))
                if (frame.hub, frame.incarnation) != (target, two.at(target).hub.box.place.incarnation):
                    two.posts[target].take(Kept(frame.data, frame.cut, frame.records))
            two.posts[target].settle()


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Portals]:
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
        yield portals(two)


def kira(here: Portals) -> Browser:
    return here.at("Kira", OWN_SCREEN)


def alice(here: Portals) -> Browser:
    return Browser(here.apps[RIVER].test_client(), PHONE)


def test_members_wait_until_a_keeper_opens_sign_in(here: Portals) -> None:
    number = here.two.river.account("Alice").short
    answer = alice(here).sign_in(number)
    assert answer.status_code == 422
    assert "Nobody can sign in until a keeper has asked" in words(answer)
    away = Browser(here.apps[RIVER].test_client(), PHONE).sign_in(here.two.river.account("Kira").short)
    assert away.status_code == 422, "keepers at the hub's own screen only"

    desk = kira(here)
    assert "This hub was restored" in words(desk.get("/desk"))
    assert "Members cannot sign in yet" in words(desk.get("/desk/restored"))
    empty = desk.fill("/desk/restored/sign-in", "/sign-in", reason="")
    assert empty.status_code == 422
    done = desk.fill("/desk/restored/sign-in", "/sign-in", follow=True, reason=WHY)
    assert "Members can sign in again" in words(done)
    assert alice(here).sign_in(number).status_code == 302, "the old PIN is right"
    log = words(desk.get("/desk/log"))
    assert "Kira let members sign in again after the restore." in log
    assert WHY in log
    assert "The root paper restored this hub out of a backup." in log


def test_sends_wait_and_go_on_when_a_keeper_names_the_risk(here: Portals) -> None:
    desk = kira(here)
    desk.fill("/desk/restored/sign-in", "/sign-in", reason=WHY)
    phone = here.at("Alice")
    said = words(here.pay(phone, "Dina", "1"))
    assert "This waits until it has heard Hill." in said
    assert "Go on without Hill" in words(desk.get("/desk/restored"))
    done = desk.fill(f"/desk/restored/risk/{HILL}", f"/risk/{HILL}", follow=True, reason="the bridge is down")
    assert "The hub goes on without that village" in words(done)
    assert "Kira let the hub go on without Hill after the restore." in words(desk.get("/desk/log"))
    again = desk.post(f"/desk/restored/risk/{HILL}", {})
    assert again.status_code in (400, 422)
    assert here.two.try_send("Alice", "Dina", 100) is not None
    terms = (here.two.river.numbers["Alice"], HILL, here.two.hill.numbers["Dina"], Amount(10))
    here.two.river.do("Alice", Send(*terms, again=True))


def test_what_came_back_is_told_and_given_to_whose_it_is(here: Portals) -> None:
    meet(here.two)
    desk = kira(here)
    desk.fill("/desk/restored/sign-in", "/sign-in", reason=WHY)
    page = words(desk.get("/desk/restored"))
    assert "2 payments came back." in page
    assert "Whose is it?" in page
    with here.two.river.hub.reading() as tx:
        (waits,) = unresolved(tx)
    statement = words(here.at("Bob").get("/statement"))
    assert "+1.00" in statement
    assert "found again after the restore" in statement

    river = here.two.river
    emeka = river.join("Emeka")
    river.do("Kira", Approve(emeka))
    assert emeka >= 200
    path = f"/desk/restored/claim/{waits.id.hex()}"
    for typed in ("77-1", river.account("Kira").short):
        wrong = desk.fill(path, path, account=typed, reason=WHY)
        assert wrong.status_code == 422, typed
    done = desk.fill(path, path, follow=True, account=river.account("Emeka").short, reason=WHY)
    assert "It stands on the account now." in words(done)
    assert river.balance("Emeka") == -250
    assert "Nothing waits any more" in words(desk.get("/desk/restored"))
    assert desk.get(path).status_code == 404
    assert "on the account of Emeka" in words(desk.get("/desk/log"))
    his = here.at("Emeka")
    assert "2.50" in words(his.get("/statement"))
    transfer = desk.get(f"/t/{waits.id.hex()}")
    assert transfer.status_code in (200, 404)


def test_a_payment_that_was_found_again_says_so_wherever_it_stands(here: Portals) -> None:
    """Its time is that of the finding, so nobody must take it for a new one. Bob is also paid anew."""
    meet(here.two)
    river = here.two.river
    desk = kira(here)
    desk.fill("/desk/restored/sign-in", "/sign-in", reason=WHY)
    here.two.send("Chandra", "Bob", 300)
    meet(here.two)
    bob = here.at("Bob")
    page = bob.get("/statement").text
    for amount in ("+1.00", "+3.00"):
        assert amount in page
    assert page.count("found again after the restore") == 1
    sheet = words(bob.get(f"/statements/{river.numbers['Bob']}"))
    assert sheet.count("found again after the restore") == 1
    (record,) = [
        one
        for one in re.findall(r'href="/t/([0-9a-f]{32})"', page)
        if "Hill had kept it. It was paid before this day." in words(bob.get(f"/t/{one}"))
    ]
    told = CliRunner().invoke(main, ["explain", record, "--data", str(river.hub.data)]).output
    assert "It was posted again after a restore: hub 102 knew it" in told
    assert "Every signature and link holds." in told


@pytest.mark.parametrize("life", [2, 3])
def test_a_backup_older_than_a_restore_before_is_said(tmp_path: Path, life: int) -> None:
    with two_villages(tmp_path) as two:
        river, file = two.river, tmp_path / "river.hubbackup"
        paper = river.papers.hub
        backup_make.make(river.hub.data, river.hub.box.place, paper.backup_public, file, two.clock.now())
        river.hub.close()
        restore.restore(file, paper, tmp_path / "again", life, two.clock, lambda *_: None)
        river.hub = Hub.open(tmp_path / "again", two.clock)
        two.posts[RIVER] = Post(river.hub)
        here = portals(two)
        older = "This hub had been restored before, and the backup is older than that."
        assert (older in words(kira(here).get("/desk/restored"))) == (life == 3)
        meet(two)  # Hill had heard nothing of a life between: so nothing is lost
        assert older not in words(kira(here).get("/desk/restored"))


@pytest.mark.parametrize("path", ["", "/sign-in", f"/risk/{HILL}", f"/claim/{'00' * 16}"])
def test_keepers_at_the_own_screen_only(here: Portals, path: str) -> None:
    kira(here).fill("/desk/restored/sign-in", "/sign-in", reason=WHY)
    assert here.at("Kira", PHONE).get(f"/desk/restored{path}").status_code == 403
    assert here.at("Alice", OWN_SCREEN).get(f"/desk/restored{path}").status_code == 403


def test_a_hub_that_was_never_restored_has_no_such_page(tmp_path: Path) -> None:
    with two_villages(tmp_path) as two:
        assert portals(two).at("Kira", OWN_SCREEN).get("/desk/restored").status_code == 404
