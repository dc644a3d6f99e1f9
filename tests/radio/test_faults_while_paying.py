"""Every fault that radios, lines and the library were seen to have, while River and Hill pay each other.

One fault after the other, by turns at a node on the network and at one on a serial line. Payments
are made while it lasts. Then the link comes back by itself, all payments arrive, once; and in the
end no thread and no file handle is left that was not there at the start.
"""

import os
import random
import time
from collections import Counter
from pathlib import Path

import pytest

from appliance.radio.emulated.faults import Fault
from tests.support.paying_pair import Tricks, left_open, paying_pair

FAULTS = int(os.environ.get("HUB_RADIO_FAULTS", "8"))
"""How many are injected. ``make test`` does some, ``make test-long`` 200."""

SECONDS = (0.1, 0.5) if FAULTS < 30 else (0.1, 0.5, 3.5)
"""How long one lasts that lasts, in real seconds: 2, 10 or 70 of the hubs', who take 60 of silence for death."""

FOLLOWED = 0.3
"""How often the next fault comes before the hubs are well again."""

OF_TCP = (Fault.DROP, Fault.RESET)
OF_SERIAL = (Fault.CLOGGED,)
FULL_THEN_RESET = "full+reset"
"""The connection breaks while the queue is full, and the queue stays full behind it."""
FULL_AND_UNPLUGGED = "full+unplug"
"""The line is pulled while the queue is full, and it is full when the line is back."""
KINDS = [kind for kind in Fault if kind is not Fault.SPEAK]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


def course(count: int, dice: random.Random) -> list[tuple[int, str]]:
    """Which station fails, and how: each kind at each line that has it, before any comes again."""
    every = [(0, str(kind)) for kind in (*KINDS, *Tricks.KINDS) if kind not in OF_SERIAL]
    every += [(0, FULL_THEN_RESET), (0, FULL_AND_UNPLUGGED), (1, FULL_AND_UNPLUGGED)]
    every += [(1, str(kind)) for kind in (*KINDS, *Tricks.KINDS) if kind not in OF_TCP]
    found: list[tuple[int, str]] = []
    while len(found) < count:
        dice.shuffle(every)
        found += every
    return found[:count]


def test_the_link_comes_back_and_no_payment_is_lost_or_doubled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed = int(os.environ.get("HUB_SEED", "4"))
    dice = random.Random(seed)
    todo = course(FAULTS, dice)
    done: Counter[str] = Counter()
    began = time.monotonic()
    with paying_pair(tmp_path, monkeypatch) as pair:
        threads, handles = left_open()
        for number, (which, kind) in enumerate(todo, 1):
            station = pair.stations[which]
            pair.fault(station, kind, dice.choice(SECONDS))
            pair.pay()
            time.sleep(dice.uniform(0, 0.3))
            pair.pay()
            if dice.random() >= FOLLOWED:
                pair.settled(f"fault {number}, {kind} at {station.name}, seed {seed}")
            done[f"{kind} at {station.name}"] += 1
        pair.until(lambda: all(station.up for station in pair.stations), "a link did not come back")
        pair.pay()
        pair.settled("after the last fault")
        pair.check_books()
        pair.until(lambda: left_open()[0] == threads and left_open()[1] <= handles, f"{threads}, {handles}")
        told = {station.name: dict(sorted(station.changes.items())) for station in pair.stations}
        paid = 2 * pair.paid
        print(
            f"\n{sum(done.values())} faults in {time.monotonic() - began:.0f} s, {paid} payments, seed {seed}"
        )
        print(f"faults: {dict(sorted(done.items()))}\nthe links said: {told}")
        print(f"threads {len(left_open()[0])} of {len(threads)}, handles {left_open()[1]} of {handles}")
