"""When proofs of care are asked for and said: never twice at once, ever more rarely in vain, within a purse."""

from itertools import pairwise
from random import Random

from appliance.radio.pace import Pace
from appliance.radio.proving import Proving

PACE = Pace()


def proving() -> Proving:
    """Frame times are seconds."""
    return Proving(Random(1), 1.0, PACE)


def test_a_part_that_was_just_said_is_said_again_after_four_to_six_frames() -> None:
    hub = proving()
    hub.answer(b"part", 0.0)
    assert hub.wake <= 1.5
    assert hub.take(1.5) == b"part"
    hub.answer(b"part", 1.6)
    assert hub.take(5.4) is None
    assert 5.5 <= hub.wake <= 7.5
    assert hub.take(7.5) == b"part"
    assert hub.take(60.0) is None


def test_asked_for_twice_before_it_was_said_it_is_said_once() -> None:
    hub = proving()
    hub.answer(b"part", 0.0)
    hub.answer(b"part", 0.1)
    assert [hub.take(2.0), hub.take(20.0)] == [b"part", None]


def test_asks_grow_rare_and_a_part_that_comes_makes_them_soon_again() -> None:
    hub = proving()
    hub.ask = lambda _key: b"ask"
    hub.want("claim", 0.0)
    times: list[float] = []
    now = 0.0
    while len(times) < 20:
        now = hub.wake
        assert hub.take(now) == b"ask"
        times.append(now)
    waits = [after - before for before, after in pairwise(times)]
    assert waits[0] >= PACE.ask_again
    assert all(after > before for before, after in pairwise(waits[:8]))
    assert max(waits) <= 1.1 * PACE.summary_max_seconds
    assert hub.vain("claim") == 20
    hub.came("claim", now)
    assert now + 4 <= hub.wake <= now + 8
    assert hub.vain("claim") == 0


def test_what_is_wanted_no_more_is_not_asked_for() -> None:
    hub = proving()
    hub.ask = lambda _key: b"ask"
    hub.want("claim", 0.0)
    hub.drop("claim")
    assert hub.wake == float("inf")
    assert hub.take(1e9) is None


def test_each_hub_has_a_purse_of_its_own_that_fills_slowly() -> None:
    hub = proving()
    assert hub.afford(102, PACE.proof_parts, 0.0)
    assert not hub.afford(102, 1, 1.0)
    assert hub.afford(103, 3, 1.0)
    assert not hub.afford(102, 2, 1.5 * PACE.proof_part_seconds)
    assert hub.afford(102, 2, 2 * PACE.proof_part_seconds)
    assert not hub.afford(102, PACE.proof_parts + 1, 1e9)


def test_only_so_many_parts_wait() -> None:
    hub = proving()
    for number in range(1000):
        hub.answer(number.to_bytes(2, "big"), 0.0)
    said = 0
    while hub.take(10.0) is not None:
        said += 1
    assert said == PACE.proof_waiting
