"""A village's list comes in at the keeper's desk: errors read, corrected, progress, done. Script off."""

from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.ledger.book import chain
from appliance.ledger.book.verify import verify
from tests.browser.conftest import Phone
from tests.support import lists, taps
from tests.support.portal import Portal
from tests.support.village import PIN, Village

pytestmark = pytest.mark.browser

COUNT = 2_800
"""So many that the file is larger than any form may be elsewhere, and that taking them in takes a while."""


def bring(kira: Phone, what: str, file: Path) -> None:
    kira.open("/desk/files")
    kira.press(f"a[href$='/in/{what}']")
    kira.page.set_input_files("[name=file]", str(file))
    kira.tap("Look at it")


def until(kira: Phone, words: str) -> list[str]:
    """What the page said on the way, until it says ``words``; it comes again by itself."""
    said: list[str] = []
    for _ in range(200):
        if kira.reads(words):
            return said
        said.append(kira.text())
        kira.page.wait_for_timeout(150)
    raise AssertionError(f"it never said {words!r}: {kira.text()}")


def test_a_list_with_errors_is_corrected_and_taken_in(
    phone: Callable[..., Phone], village: Village, tmp_path: Path
) -> None:
    good = lists.members(COUNT)
    wrong = lists.spoiled(good, 700, 2, ("ship", "", "gang"))
    wrong[1_400][1] = ""
    files = {"wrong": tmp_path / "people.csv", "good": tmp_path / "people-corrected.csv"}
    files["wrong"].write_bytes(lists.as_csv(wrong, "cp1252", ";"))
    files["good"].write_bytes(lists.as_csv(good, "cp1252", ";"))
    assert files["good"].stat().st_size > 64 * 1024

    kira = phone("Kira", desk=True)
    kira.open("/desk")
    kira.tap("Files in and out")
    bring(kira, "members", files["wrong"])
    until(kira, "people.csv cannot be taken in yet")
    assert kira.reads("4 errors, in 4 rows. Nothing has changed.")
    assert kira.reads("Line 701, kind: “ship” Write one of: person, household, business, organisation.")
    assert kira.reads("Line 1401, name This cell must not be empty.")
    file = taps.fetch(kira.named("The file with its errors, to correct")).path()
    marked = file.read_text("utf-8-sig").splitlines()
    assert marked[700].endswith("kind: Write one of: person, household, business, organisation.")

    kira.tap("Bring the corrected file")
    kira.page.set_input_files("[name=file]", str(files["good"]))
    kira.tap("Look at it")
    until(kira, f"Take in {COUNT} people?")
    assert kira.reads("Bela Abara 1: Person")
    kira.type(reason="we move in", pin=PIN)
    kira.tap("Take in all of it")
    said = until(kira, "It is done")
    assert any("Taking in people-corrected.csv" in text for text in said)
    assert kira.reads(f"Taken in: {COUNT} people.")
    kira.tap("Who did what, and why")
    assert kira.reads(f"Kira took in {COUNT} people from the file “people-corrected.csv”")
    assert kira.reads("Because: we move in")

    verify(village.hub.store)
    with village.hub.reading() as tx:
        assert tx.first("SELECT COUNT(*) FROM member") == (COUNT + 5,)


def test_the_portal_is_killed_while_a_list_is_taken_in(
    phone: Callable[..., Phone], portal: Portal, village: Village, tmp_path: Path
) -> None:
    """Nothing of it is there, the page says so, and it is taken in when it is brought again."""
    file = tmp_path / "people.csv"
    file.write_bytes(lists.as_csv(lists.members(COUNT)))
    kira = phone("Kira", desk=True)
    bring(kira, "members", file)
    until(kira, f"Take in {COUNT} people?")
    with village.hub.reading() as tx:
        before = chain.head(tx)
    kira.type(reason="we move in", pin=PIN)
    kira.tap("Take in all of it")
    assert kira.reads("Taking in people.csv")
    portal.kill()
    with village.hub.reading() as tx:
        assert chain.head(tx) == before

    portal.start()
    kira.page.reload()
    assert kira.reads("Nothing of it was taken in.")
    bring(kira, "members", file)
    until(kira, f"Take in {COUNT} people?")
    kira.type(reason="we move in", pin=PIN)
    kira.tap("Take in all of it")
    until(kira, f"Taken in: {COUNT} people.")
    verify(village.hub.store)
