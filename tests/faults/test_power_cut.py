"""The power goes while River and Hill pay each other: whatever the disk then holds, nothing acknowledged is lost.

200 commands are run once, by the real hubs on the shipped SQLite, with everything recorded that reaches
the disk. From that, disks are built as a power cut would leave them, and each is held against what
had been said by then: receipts, frames that the radio had, records that a summary may claim.
``make test`` cuts at a seeded sample of places; ``make test-long`` (``HUB_CUTS=all``) at every one.
"""

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from random import Random

import pytest

from tests.faults import story
from tests.faults.cuts import Count, Cutter, Recording, Violation, in_memory, record
from tests.support.two_villages import HILL, RIVER

SEED = 2026
COMMANDS = 200
EVERYWHERE = os.environ.get("HUB_CUTS") == "all"
SAMPLE = 80
"""Places of each hub that ``make test`` cuts at."""

PARTS = 4
"""In how many parts all places of a hub are cut, beside each other."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


def _cut(recording: Recording, hub: int, chosen: list[int], thorough: bool) -> Count:
    with in_memory() as room:
        return Cutter(recording, hub, room, SEED).run(chosen, thorough)


def _places(recording: Recording, hub: int) -> int:
    with in_memory() as room:
        return Cutter(recording, hub, room, SEED).places()


def _sample(recording: Recording, hub: int) -> list[int]:
    every = range(1, _places(recording, hub) + 1)
    return sorted(Random(SEED + hub).sample(every, min(SAMPLE, len(every))))


def test_power_cuts_lose_nothing_that_was_acknowledged(capsys: pytest.CaptureFixture[str]) -> None:
    recording = record(SEED, COMMANDS)
    told = [op.mark for op in recording.ops if op.kind == b"M"]
    receipts = sum("done" in mark for mark in told)
    sent = sum("frame" in mark for mark in told)
    assert receipts >= COMMANDS * 0.9, "a story of refusals would show little"
    assert sent >= 50
    count = Count()
    if EVERYWHERE:
        # In runs of neighbours: what they share is opened and verified once.
        with ProcessPoolExecutor(2, get_context("fork")) as pool:
            jobs = []
            for hub in (RIVER, HILL):
                every = list(range(1, _places(recording, hub) + 1))
                size = -(-len(every) // PARTS)
                parts = [every[at : at + size] for at in range(0, len(every), size)]
                jobs += [pool.submit(_cut, recording, hub, part, True) for part in parts]
            for job in jobs:
                count.add(job.result())
    else:
        for hub in (RIVER, HILL):
            count.add(_cut(recording, hub, _sample(recording, hub), True))
    with capsys.disabled():
        of = sum(_places(recording, hub) for hub in (RIVER, HILL))
        print(f"\n{COMMANDS} commands, {receipts} receipts, {sent} frames; {count}; {of} places in all")
    assert count.books > COMMANDS / 4, "hardly anything was cut"


@pytest.mark.parametrize(
    ("defect", "said"),
    [(story.NORMAL, "acknowledged command"), (story.EARLY, "a frame that the radio had is not kept")],
)
def test_the_sample_finds_a_planted_mistake(defect: str, said: str) -> None:
    recording = record(SEED, COMMANDS // 4, defect)
    for hub in (RIVER, HILL):
        with pytest.raises(Violation, match=said):
            _cut(recording, hub, _sample(recording, hub), thorough=False)
