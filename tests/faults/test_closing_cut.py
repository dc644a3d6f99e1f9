"""The power goes while the year is closed: there is no closing, or all of one, and no entry is ever lost.

As in ``test_power_cut.py``: the story is run once under the file layer, and from what it recorded disks are built as
cuts would leave them. A seeded sample of places; ``HUB_CUTS=all`` cuts at every one.
"""

import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest

from appliance.ledger import yearly
from appliance.ledger.book import chain
from appliance.ledger.book.verify import verify
from appliance.ledger.clock import ManualClock
from appliance.ledger.errors import HubError
from appliance.ledger.hub import Hub
from appliance.ledger.tend import tend
from tests.faults import closing_story as story
from tests.faults.cuts import Violation, in_memory
from tests.faults.disk import Disk, Found, Model
from tests.faults.layer import MARK, Op, environment, read_log
from tests.support.village import make_village

SEED = 2027
EVERYWHERE = os.environ.get("HUB_CUTS") == "all"
SAMPLE = 6
"""Places that are cut at, besides those where a name changes."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


@dataclass(frozen=True)
class Recorded:
    """River's disk before, and all that happened; paths are relative to its data directory."""

    base: dict[str, bytes]
    ops: list[Op]


def record(defect: str = story.NONE) -> Recorded:
    with in_memory() as room:
        village = make_village(room / "hubs" / story.NAME)
        seeds = {str(int(n)): village.signers[who].seed().hex() for who, n in village.numbers.items()}
        village.hub.close()
        root = room / "hubs" / story.NAME
        base = {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}
        log = room / "log"
        env = environment(room / "hubs", log=log) | {"FAULTS_STORY": json.dumps(seeds)}
        command = [sys.executable, "-m", "tests.faults.closing_story", str(room / "hubs"), str(log), defect]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return Recorded(base, [_relative(op) for op in read_log(log)])


def _relative(op: Op) -> Op:
    if op.kind == MARK:
        return op
    data = op.data
    if op.kind == b"R":
        data = data.decode().lstrip("/").removeprefix(story.NAME).lstrip("/").encode()
    return Op(op.kind, op.path.removeprefix(story.NAME).lstrip("/"), op.at, data)


@dataclass
class Told:
    """What the world knows: receipts by entry, and closings."""

    paid: dict[int, str]
    asked: int
    closed: int

    def hear(self, mark: dict[str, Any]) -> None:
        if "paid" in mark:
            self.paid[mark["paid"]] = mark["hash"]
        elif "closing" in mark:
            self.asked = mark["closing"]
        else:
            self.closed = mark["closed"]


def cut_everywhere(recorded: Recorded, sample: int | None) -> int:
    """Cut after operations, under every model; how many different books were opened.

    A disk that SQLite makes the same book of, with the same files beside it, is not looked at again.

    Raises:
        Violation: the first disk that breaks a promise.
    """
    ops = recorded.ops
    places = [i for i, op in enumerate(ops) if op.kind != MARK]
    names = {i for i in places if ops[i].kind == b"R" or (ops[i].kind == b"U" and "-state-" in ops[i].path)}
    near = {i + d for i in names for d in (-1, 0)}
    # And what is durable soon after the files have their names: the entry, and the first entries that are moved.
    near |= {i for i in places if ops[i].kind == b"S" and any(0 < i - name < 100 for name in names)}
    wanted = (
        set(places) if sample is None else near | set(Random(SEED).sample(places, min(sample, len(places))))
    )
    told, disk = Told({}, 0, 0), Disk(recorded.base)
    disks, books = set(), set()
    with in_memory() as room:
        for i, op in enumerate(ops):
            if op.kind == MARK:
                told.hear(op.mark)
                continue
            disk.apply(op)
            if i not in wanted:
                continue
            for model in Model:
                name, found = disk.after_cut(model, Random(f"{SEED}/{i}/{model}"))
                said = told.asked, told.closed, len(told.paid)
                if (name, said) in disks:
                    continue
                disks.add((name, said))
                try:
                    book = _book(_fresh(room / "disk", found))
                    if (book, said) not in books:
                        books.add((book, said))
                        _look(_fresh(room / "hub", found), told)
                except (HubError, sqlite3.Error, AssertionError) as error:
                    where = f"cut after operation {i} ({op.kind.decode()} {op.path}), {model.value}"
                    raise Violation(f"{where}: {type(error).__name__}: {error}") from error
    return len(books)


def _fresh(data: Path, found: Found) -> Path:
    shutil.rmtree(data, ignore_errors=True)
    found.write(data)
    return data


def _book(data: Path) -> bytes:
    """A print of what SQLite makes of the database, page by page, and of the files beside it."""
    print_of = hashlib.blake2b(digest_size=16)
    with contextlib.closing(sqlite3.connect(data / "ledger.db")) as db:
        print_of.update(db.serialize())
    for path in sorted(data.rglob("*")):
        if path.is_file() and not path.name.startswith("ledger.db"):
            print_of.update(f"{path.relative_to(data)} {path.stat().st_size} ".encode() + path.read_bytes())
    return print_of.digest()


def _look(data: Path, told: Told) -> None:
    """The hub as it starts again: whole at once, after what was left is finished, and after the next closing."""
    hub = Hub.open(data, ManualClock(story.LATER + 1))
    try:
        closings = _closings(hub)
        assert not told.closed or told.closed in closings, "a closing that was told of is gone"
        assert closings in (
            [],
            [told.asked],
            *([told.closed],) * bool(told.closed),
            [*closings[:1], told.asked],
        )
        _whole(hub, told)
        unfinished = yearly.outlook(hub).unfinished
        tend(hub)
        if unfinished:
            _whole(hub, told)
        else:
            verify(hub.store, quick=True)  # nothing was to be done: it is the book that was looked at
        assert not yearly.outlook(hub).unfinished
        there = {path.name for path in (data / "archive").glob("*")}
        kept = {f"{n:04}-entries-to-{upto}.db" for n, upto in enumerate(closings, 1)}
        kept |= {f"{len(closings):04}-state-at-{closings[-1]}.db.gz"} if closings else set()
        assert {name for name in there if not name.startswith(".making-")} == kept
    finally:
        hub.close()


def _closings(hub: Hub) -> list[int]:
    with hub.reading() as tx:
        return [upto for (upto,) in tx.select("SELECT upto FROM closing ORDER BY seq")]


def _whole(hub: Hub, told: Told) -> None:
    verify(hub.store)
    verify(hub.store, quick=True)
    with hub.reading() as tx:
        for number, link in told.paid.items():
            entry = chain.by_number(tx, number)
            assert entry is not None, f"the acknowledged payment {number} is gone"
            assert entry.hash().hex() == link


def test_a_cut_while_closing_leaves_none_or_all_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    recorded = record()
    opened = cut_everywhere(recorded, None if EVERYWHERE else SAMPLE)
    with capsys.disabled():
        print(
            f"\n{sum(op.kind != MARK for op in recorded.ops)} operations, {opened} different books opened and verified"
        )
    assert opened > SAMPLE


@pytest.mark.parametrize("defect", [story.UNSYNCED, story.EARLY])
def test_the_sample_finds_a_planted_mistake(defect: str) -> None:
    with pytest.raises(Violation):
        cut_everywhere(record(defect), SAMPLE)
