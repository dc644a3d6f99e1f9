"""A message and what it is about, by both hubs' radio processes: in one frame, through a lossy air, at both ends."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from appliance.ledger.book.records import Kind
from appliance.ledger.book.verify import verify
from appliance.ledger.hub import new_key
from appliance.ledger.market import talks, talks_far
from appliance.ledger.market.listings import OFFER, OpenListing
from appliance.ledger.market.talks_about import Of
from appliance.ledger.people.showing import ShowName
from appliance.ledger.reads import talks_far as reads
from appliance.ledger.reads.talks_far import Far
from appliance.radio.bundle import split
from appliance.radio.frames import DATA, open_data, read_header
from tests.support.everything_said import directory_of
from tests.support.two_radios import TwoRadios, two_radios
from tests.support.two_villages import HILL, RIVER

HOUR = 3600.0


@pytest.fixture
def radios(tmp_path: Path) -> Iterator[TwoRadios]:
    with two_radios(tmp_path) as made:
        for name in ("Alice", "Chandra"):
            home = made.villages.home_of(name)
            home.do(name, ShowName(home.numbers[name], True))
        yield made


def goat(radios: TwoRadios) -> Of:
    """Chandra lists one, and River hears of it."""
    villages = radios.villages
    made = villages.hill.do(
        "Chandra", OpenListing(villages.hill.numbers["Chandra"], OFFER, "animals", "Young goat")
    )
    of = Of(HILL, int(made.entry))

    def heard() -> bool:
        with villages.river.hub.reading() as tx:
            return bool(tx.select("SELECT 1 FROM far_listing WHERE listing = ?", of.listing))

    assert radios.live(HOUR, heard)
    return of


def write(radios: TwoRadios, of: Of) -> None:
    villages = radios.villages
    who = (villages.river.numbers["Alice"], HILL, villages.hill.numbers["Chandra"])
    now = villages.clock.now()
    sent = talks_far.write(villages.river.hub.store, *who, "Is it still there?", now, new_key(), of)
    assert isinstance(sent, talks.Sent)


def seen(radios: TwoRadios, name: str, other: str) -> list[tuple[str, str | None, Far | None]]:
    villages = radios.villages
    home, there = villages.home_of(name), villages.home_of(other)
    with home.hub.reading() as tx:
        who = home.numbers[name], there.hub.number, there.numbers[other]
        found = reads.thread(tx, *who, villages.clock.now())
    assert found is not None
    return [(m.text, m.about.title if m.about else None, m.far) for m in found.messages]


@pytest.mark.parametrize("loss", [0.0, 0.4])
def test_it_arrives_with_the_listing_that_it_is_about(radios: TwoRadios, loss: float) -> None:
    of = goat(radios)
    dice = Random(7)
    for link in radios.links.values():
        link.hears = lambda _data: dice.random() >= loss
    write(radios, of)

    def there() -> bool:
        return seen(radios, "Chandra", "Alice") == [("Is it still there?", "Young goat", None)]

    def told() -> bool:
        return seen(radios, "Alice", "Chandra") == [("Is it still there?", "Young goat", Far.ARRIVED)]

    assert radios.live(12 * HOUR, there)
    assert radios.live(12 * HOUR, told)
    for village in (radios.villages.river, radios.villages.hill):
        verify(village.hub.store)


def test_both_ride_in_one_frame(radios: TwoRadios) -> None:
    write(radios, goat(radios))
    assert radios.live(HOUR, lambda: bool(seen(radios, "Chandra", "Alice")))
    radios.live(60)
    here = directory_of(radios, RIVER)
    packets = [frame for packet in radios.links["river"].sent for frame in split(packet)]
    frames = [open_data(data, here) for data in packets if read_header(data).type == DATA]
    said = [[record.kind for record in frame.records] for frame in frames]
    assert [Kind.MESSAGE, Kind.ABOUT] in said, said
