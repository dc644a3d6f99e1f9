"""One sender talks without end, old packets are played again, a life that is over speaks: River and Hill go on trading.

The flood is given to Hill's and River's radios as heard, at a sixth of what the channel carries: more
would fill it, and then nobody may speak, by law and by the governor.
"""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.radio.bundle import split
from appliance.radio.control import Ask, Mark, Summary, pack_ask, pack_summary
from appliance.radio.frames import DATA, read_header
from appliance.radio.ports import Heard, Span
from tests.radio.test_next_life import HOURS, Lives
from tests.support.valley import HILL, LAKE, RIVER

pytestmark = pytest.mark.slow

EVERY = 2.0
"""Seconds between two packets of the flood; one is on the air for some 0.3 s."""


@pytest.fixture
def lives(tmp_path: Path) -> Iterator[Lives]:
    """River is in its second life, and Hill has said all that there was to say."""
    made = Lives(tmp_path, loss=0.0)
    made.begin("river", "hill", "lake")
    for amount in (20, 21, 22):
        made.valley.send(RIVER, 2, HILL, 3, amount)
        made.radios.live(60)
    assert made.radios.live(2 * HOURS, lambda: made.balance(HILL, 3) == 63)
    made.radios.live(HOURS / 4)
    made.end("river")
    made.renew()
    made.begin("river")
    assert made.radios.live(4 * HOURS, lambda: made.learned(HILL, LAKE))
    made.radios.live(HOURS / 4)
    yield made
    made.close()


class Flood:
    """What comes at both, in turn: replays of all that was ever said, the old life's frames, and Lake's tales."""

    def __init__(self, lives: Lives) -> None:
        self.lives, self.dice, self.beat, self.given = lives, random.Random(5), 1 << 30, 0
        self.said = [data for link in lives.radios.links.values() for data in link.sent]
        self.old = [
            frame
            for packet in lives.radios.links["river"].sent
            for frame in split(packet)
            if read_header(frame).type == DATA
        ]
        self.lake = lives.valley.directory(LAKE)

    def draw(self) -> bytes:
        self.beat += 1
        match self.given % 4:
            case 0:
                return self.dice.choice(self.said)
            case 1:
                return self.dice.choice(self.old)
            case 2:
                spans = (Span(RIVER, 1, 1, 1 << 30), Span(HILL, 1, 1, 1 << 30))
                return pack_ask(Ask(LAKE, self.beat, spans), self.lake)
            case _:
                marks = {hub: Mark(1, 1 << 30) for hub in (RIVER, HILL, LAKE)}
                return pack_summary(
                    Summary(LAKE, self.beat, self.lake.roster, marks, self.dice.randbytes(8)), self.lake
                )

    def pour(self, seconds: float) -> None:
        for _ in range(round(seconds / EVERY)):
            data = self.draw()
            for name in ("river", "hill"):
                self.lives.radios.links[name].events.append(Heard(data, 5.0, -90, 0))
            self.given += 1
            self.lives.radios.live(EVERY)


def test_payments_go_on_in_a_flood(lives: Lives) -> None:
    lives.end("lake")  # it is mad: what it says comes out of the flood
    before = lives.balance(HILL, 3), lives.balance(RIVER, 3)
    flood = Flood(lives)
    flood.pour(120)
    assert (lives.balance(HILL, 3), lives.balance(RIVER, 3)) == before, "a replay paid again"
    for turn in range(1, 6):
        lives.valley.send(RIVER, 2, HILL, 3, 1)
        lives.valley.send(HILL, 2, RIVER, 3, 1)
        for _ in range(60):
            flood.pour(20)
            if (lives.balance(HILL, 3), lives.balance(RIVER, 3)) == (before[0] + turn, before[1] + turn):
                break
        else:
            raise AssertionError(f"payment {turn} did not arrive within {flood.given} packets of flood")
    print(f"\n{flood.given} packets of flood, ten payments arrived")
