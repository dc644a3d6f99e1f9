"""What a hub learns by the way: that a record exists, from whoever speaks of it; and how much is lost on the way."""

from random import Random

from appliance.radio.answering import Answering
from appliance.radio.coding import pack_coded
from appliance.radio.control import Ask, Mark, read
from appliance.radio.events import Sending
from appliance.radio.pace import Pace
from appliance.radio.ports import Span
from tests.radio.test_engine import FRAME, HILL, LAKE, NOW, RIVER, Hub


def test_an_ask_of_another_tells_what_there_is() -> None:
    """River heard neither Hill's record nor a summary. Lake asks for it: that serves for River as well."""
    river, hill, lake = Hub(RIVER), Hub(HILL, seed=2), Hub(LAKE, seed=3)
    hill.write()
    (frame,) = hill.send_all()
    river.hear(lake.ask(1, Span(HILL, 1, 1, 1)))
    assert river.engine.status(river.now).missing == {HILL: 1}
    assert Sending.ASK not in [packet.sending for _, packet in river.until(river.now + 5 * FRAME)]
    assert river.next(Sending.ASK, within=60)
    river.hear(frame)
    assert river.engine.status(river.now).missing == {}


def test_a_sum_tells_what_there_is() -> None:
    """River can solve nothing of it, and asks for one of the two: the other follows."""
    river, hill, lake = Hub(RIVER), Hub(HILL, seed=2), Hub(LAKE, seed=3)
    for hub in (hill, lake):
        hub.write()
    frames = {(HILL, 1, 1): hill.send_all()[0], (LAKE, 1, 1): lake.send_all()[0]}
    river.hear(pack_coded(frames, hill.shelf.directory, Random(1)))
    assert river.engine.status(river.now).missing == {HILL: 1, LAKE: 1}
    ask = read(river.next(Sending.ASK, within=60)[1].data, river.shelf.directory)
    assert isinstance(ask, Ask)
    assert len(ask.spans) == 1
    river.hear(frames[ask.spans[0].hub, 1, 1])
    assert river.engine.status(river.now).missing == {}


def test_whose_feed_it_is_and_is_heard_is_asked_again_soon() -> None:
    """By its ask for something else: it is there, so asks need not have grown rare."""
    river, hill = Hub(RIVER), Hub(HILL, seed=2)
    hill.write()
    hill.send_all()
    river.hear(hill.urgent(1, HILL))
    river.until(NOW + 3600)  # all asks in vain
    river.hear(hill.ask(2, Span(RIVER, 1, 1, 1)))
    assert river.next(Sending.ASK)[0] <= 30


def test_what_is_lost_shows_by_the_beats_that_are_missing() -> None:
    """And records that nobody waits for leave the earlier: what has to be repaired needs the time."""
    waited = {}
    for every in (1, 2):
        river, hill = Hub(RIVER), Hub(HILL, seed=2)
        for beat in range(1, 200, every):
            river.hear(hill.summary(beat))
        river.write()
        waited[every], _ = river.next(Sending.DATA)
    assert waited[2] + 50 < waited[1] <= 300


def hills_record_at_river() -> tuple[Hub, Hub]:
    """River holds a record of Hill that Lake has never heard of."""
    river, hill, lake = Hub(RIVER), Hub(HILL, seed=2), Hub(LAKE, seed=3)
    hill.write()
    river.hear(hill.send_all()[0])
    return river, lake


def repairs(hub: Hub, seconds: float = 10) -> int:
    return sum(packet.sending is Sending.REPAIR for _, packet in hub.until(hub.now + seconds))


def test_who_lacks_what_is_old_here_and_does_not_ask_is_told_by_whoever_hears_that() -> None:
    """Lake's summary reached River alone: Hill, whose record it is, does not know that Lake lacks it."""
    river, lake = hills_record_at_river()
    river.until(river.now + 100)
    river.hear(lake.summary(1))
    assert repairs(river) == 0, "Hill may be about to say so itself"
    river.until(river.now + 100)
    river.hear(lake.summary(2))
    assert repairs(river) == 1
    river.hear(lake.summary(3))
    assert repairs(river) == 0, "it has just been said"


def test_who_asks_knows_what_it_lacks_and_is_not_told_unasked() -> None:
    river, lake = hills_record_at_river()
    river.until(river.now + 200)
    river.hear(lake.ask(1, Span(HILL, 1, 1, 1)))
    assert repairs(river, 60) == 1
    river.hear(lake.summary(2))
    assert repairs(river) == 0


def test_what_is_old_here_is_told_once_where_another_tells_it() -> None:
    river, lake = hills_record_at_river()
    river.until(river.now + 200)
    frame = river.shelf.frame_with(HILL, 1, 1)
    assert frame is not None
    river.hear(lake.summary(1))
    river.hear(frame)
    assert repairs(river) == 0


def test_of_many_who_hold_it_a_few_are_ready() -> None:
    """Forty hubs that all hear of it would else draw lots for the same moment."""
    ready = sum(
        Answering(RIVER, Random(seed), FRAME, Pace()).behind(
            LAKE, HILL, Mark(1, 0), Mark(1, 1), hills_record_at_river()[0].shelf, 41, NOW
        )
        for seed in range(100)
    )
    assert 5 <= ready <= 30
