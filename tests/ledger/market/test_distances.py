"""How far the other village is: what Kira says of the way to Hill, and who may say it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.ledger.book.verify import verify
from appliance.ledger.errors import BookDamaged, Code, Refusal
from appliance.ledger.market.distances import FARTHEST, SetDistance
from appliance.ledger.reads.far_listings import minutes_on_foot, trading_hubs
from tests.ledger.book import tampering
from tests.support.valley import HILL, LAKE, RIVER, Valley


@pytest.fixture
def valley(tmp_path: Path) -> Iterator[Valley]:
    made = Valley(tmp_path)
    yield made
    made.close()


def told(valley: Valley, hub: int = RIVER) -> dict[int, int]:
    with valley.hubs[hub].reading() as tx:
        return minutes_on_foot(tx)


def by_distance(valley: Valley) -> list[int]:
    with valley.hubs[RIVER].reading() as tx:
        return list(trading_hubs(tx))


def test_a_keeper_says_how_far_it_is_says_it_anew_and_takes_it_back(valley: Valley) -> None:
    assert told(valley) == {}
    valley.do(RIVER, 1, SetDistance(HILL, 40))
    valley.do(RIVER, 1, SetDistance(LAKE, 1))
    assert told(valley) == {HILL: 40, LAKE: 1}
    valley.do(RIVER, 1, SetDistance(HILL, FARTHEST))
    assert told(valley) == {HILL: 1440, LAKE: 1}
    valley.do(RIVER, 1, SetDistance(LAKE, None))
    valley.do(RIVER, 1, SetDistance(LAKE, None))
    assert told(valley) == {HILL: 1440}
    verify(valley.hubs[RIVER].store)


def test_the_other_village_hears_nothing_of_it(valley: Valley) -> None:
    before = len(list(valley.frames_of(RIVER)))
    valley.do(RIVER, 1, SetDistance(HILL, 40))
    valley.carry()
    assert len(list(valley.frames_of(RIVER))) == before
    assert told(valley, HILL) == {}


@pytest.mark.parametrize(
    ("who", "command", "code"),
    [
        (2, SetDistance(HILL, 40), Code.NOT_KEEPER),
        (2, SetDistance(HILL, None), Code.NOT_KEEPER),
        (1, SetDistance(RIVER, 40), Code.UNKNOWN_HUB),
        (1, SetDistance(999, 40), Code.UNKNOWN_HUB),
        (1, SetDistance(HILL, 0), Code.TIME_WRONG),
        (1, SetDistance(HILL, -5), Code.TIME_WRONG),
        (1, SetDistance(HILL, FARTHEST + 1), Code.TIME_WRONG),
    ],
)
def test_who_says_it_of_which_village_and_within_what(
    valley: Valley, who: int, command: SetDistance, code: Code
) -> None:
    valley.do(RIVER, 1, SetDistance(HILL, 90))
    no = valley.ask(RIVER, who, command)
    assert isinstance(no, Refusal)
    assert no.code is code
    assert told(valley) == {HILL: 90}


def test_villages_are_told_nearest_first_then_those_of_which_nobody_knows(valley: Valley) -> None:
    assert by_distance(valley) == [HILL, LAKE]
    valley.do(RIVER, 1, SetDistance(LAKE, 300))
    assert by_distance(valley) == [LAKE, HILL]
    valley.do(RIVER, 1, SetDistance(HILL, 299))
    assert by_distance(valley) == [HILL, LAKE]
    valley.do(RIVER, 1, SetDistance(HILL, 300))
    assert by_distance(valley) == [HILL, LAKE], "equally far: as they were admitted"


@pytest.mark.parametrize(
    ("who", "payload", "reason"),
    [
        (2, {"hub": HILL, "minutes": 40}, "may not"),
        (1, {"hub": 999, "minutes": 40}, "may not"),
        (1, {"hub": HILL, "minutes": 0}, "its fields"),
        (1, {"hub": HILL, "minutes": FARTHEST + 1}, "its fields"),
    ],
)
def test_an_entry_past_the_write_path_is_found(
    valley: Valley, who: int, payload: dict[str, object], reason: str
) -> None:
    """The thief has the card and somebody's key."""
    hub = valley.hubs[RIVER]
    key = valley.signers[RIVER][who]
    with tampering.card_in_hand(hub.store.path) as db:
        number = tampering.append_signed(db, "set_distance", payload, key)
    with pytest.raises(BookDamaged, match=reason) as caught:
        verify(hub.store)
    assert f"entry {number}: " in str(caught.value)
