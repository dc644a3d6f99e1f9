"""Alice of River and Chandra of Hill write to each other with their browsers, and read how far it has come."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.ledger.market.listings import OFFER, OpenListing
from appliance.ledger.people.showing import ShowName
from tests.support.two_villages import HILL, RIVER, two_villages
from tests.web.conftest import Browser
from tests.web.money.test_crossing import words
from tests.web.people.test_talks import press
from tests.web.villages import Portals, portals

SMALL = 30 * 1024


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Portals]:
    with two_villages(tmp_path) as two:
        made = portals(two)
        for name in ("Alice", "Chandra"):
            home = two.home_of(name)
            home.do(name, ShowName(home.numbers[name], True))
        hill = two.hill
        hill.do("Chandra", OpenListing(hill.numbers["Chandra"], OFFER, "animals", "Goat <young>", "", None))
        speak(made)
        yield made


@pytest.fixture
def alice(here: Portals) -> Browser:
    return here.at("Alice")


def speak(here: Portals) -> None:
    for post in here.two.posts.values():
        while post.publish(8):
            pass
    here.two.carry()


def test_alice_writes_about_the_goat_and_reads_that_it_has_arrived(here: Portals, alice: Browser) -> None:
    chandra = here.two.hill.numbers["Chandra"]
    page = f"/talks/{HILL}/{chandra}"
    assert f'href="{page}#last"' in alice.get(f"/people/{HILL}/{chandra}").text
    with here.two.river.hub.reading() as tx:
        ((listing,),) = tx.select("SELECT listing FROM far_listing")
    about = f"{page}?of={HILL}&amp;listing={listing}"
    assert f'href="{about}#last"' in alice.get(f"/market/{HILL}/{listing}").text
    asked = alice.get(about.replace("&amp;", "&"))
    assert "About: Goat &lt;young&gt;" in asked.text
    sent = alice.fill(asked, page, follow=True, text="Is it <still> there?")
    assert "Is it &lt;still&gt; there?" in sent.text
    assert f'<a href="/market/{HILL}/{listing}">Goat &lt;young&gt;</a>' in sent.text
    assert "waits until the radio has nothing else to say" in words(sent)
    assert len(sent.data) < SMALL
    here.two.posts[RIVER].publish(8)
    assert "is sent next" in words(alice.get(page))
    here.two.carry()
    assert "on its way to Hill" in words(alice.get(page))
    here.two.hear(RIVER)
    assert "has arrived in Hill" in words(alice.get(page))
    assert "Is it &lt;still&gt; there?" in alice.get("/talks").text

    hers = here.at("Chandra")
    home = hers.get("/")
    assert "Alice of River wrote to you" in words(home)
    back = f"/talks/{RIVER}/{here.two.river.numbers['Alice']}"
    assert f'href="{back}"' in home.text
    read = hers.get(back).text
    assert "Is it &lt;still&gt; there?" in read
    (goat,) = re.findall(r'<a href="(/market/[0-9a-f]{32})">Goat &lt;young&gt;</a>', read)
    assert "Goat &lt;young&gt;" in hers.get(goat).text
    assert "wrote to you" not in words(hers.get("/")), "it was read"
    hers.fill(back, back, follow=True, text="Yes")
    speak(here)
    assert "Chandra of Hill wrote to you" in words(alice.get("/"))


def test_taken_back_and_blocked_and_told_to_the_keepers(here: Portals, alice: Browser) -> None:
    chandra, number = here.two.hill.numbers["Chandra"], here.two.river.numbers["Alice"]
    page, back = f"/talks/{HILL}/{chandra}", f"/talks/{RIVER}/{number}"
    alice.fill(page, page, text="You goat")
    speak(here)
    hers = here.at("Chandra")
    assert "You goat" in hers.get(back).text
    said = press(hers, hers_complaint(hers, back), 'name="words"', words="rude")
    assert "keepers" in words(said)
    press(hers, back, "Block ")
    assert "You have blocked this person" in words(hers.get(back))
    gone = press(alice, page, "Take it back")
    assert "Your message is erased here. Hill erases it" in words(gone)
    assert "You goat" not in gone.text
    speak(here)
    assert "You goat" not in hers.get(back).text


def hers_complaint(hers: Browser, page: str) -> str:
    return (
        hers.get(page)
        .text.split("/complain/message/", 1)[1]
        .split('"', 1)[0]
        .replace("&amp;", "&")
        .join(("/complain/message/", ""))
    )


def test_what_cannot_be_written_is_said_and_nothing_is_lost(here: Portals, alice: Browser) -> None:
    chandra = here.two.hill.numbers["Chandra"]
    page = f"/talks/{HILL}/{chandra}"
    refused = alice.fill(page, page, text="x" * 121)
    assert refused.status_code == 422
    assert "x" * 121 in refused.text
    for path in (f"/talks/{HILL}/77", "/talks/555/1", f"/talks/{RIVER}/1"):
        assert alice.get(path).status_code == 404
    for _ in range(5):
        alice.fill(page, page, text="hello")
    assert "at most 5 within a day" in words(alice.get(page))


def test_only_what_one_of_the_two_lists_is_written_about(here: Portals, alice: Browser) -> None:
    hill, page = here.two.hill, f"/talks/{HILL}/{here.two.hill.numbers['Chandra']}"
    made = hill.do("Dina", OpenListing(hill.numbers["Dina"], OFFER, "food", "Honey", "", None))
    speak(here)
    for wrong in (f"of={HILL}&listing={made.entry}", f"of={HILL}&listing=99999", "of=x&listing=1", "of=1"):
        asked = alice.get(f"{page}?{wrong}")
        assert asked.status_code == 200
        assert "About:" not in asked.text
        assert 'name="listing"' not in asked.text
    refused = alice.fill(page, page, text="Hello", of=str(HILL), listing=str(made.entry))
    assert refused.status_code == 422
    assert "Hello" in refused.text
