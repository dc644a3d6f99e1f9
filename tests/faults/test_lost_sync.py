"""A sync fails, and what it waited for is lost: nothing acknowledged is, whatever memory still shows.

``make test`` lets a sample of the syncs of a run fail; ``make test-long`` (``HUB_CUTS=all``) every one.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from appliance.ledger.book.local import Note
from appliance.ledger.book.store import LEDGER_FILE, Store
from appliance.ledger.errors import BookDamaged
from tests.faults.cuts import in_memory
from tests.faults.layer import Faults, Job, environment
from tests.faults.lost import Then

EVERYWHERE = os.environ.get("HUB_CUTS") == "all"
SAMPLE = 20
PLACES = {Job.LOG_SYNCS: 70, Job.BOOK_SYNCS: 16, Job.SYNCS: 90}
"""About how many syncs a run has, of each kind."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

Asked = list[tuple[int, int, str, bool]]


def every() -> Asked:
    """Each place, with each thing that may follow; whether memory is evicted or the power goes takes turns."""
    return [
        (int(job), place, then.value, (place + turn) % 2 == 0)
        for job, places in PLACES.items()
        for place in range(places)
        for turn, then in enumerate(Then)
    ]


def run(asked: Asked) -> tuple[int, list[str]]:
    with in_memory() as room:
        return _run(room, asked)


def _run(room: Path, asked: Asked) -> tuple[int, list[str]]:
    root, disk, control, cases = room / "root", room / "disk", room / "control", room / "cases"
    root.mkdir()
    disk.mkdir()
    Faults(control)
    cases.write_text(json.dumps(asked))
    command = [sys.executable, "-m", "tests.faults.lost", str(root), str(control), str(cases)]
    env = environment(root, control=control, disk=disk)
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    said = json.loads(done.stdout)
    return said["failed"], said["losses"]


def test_a_failed_sync_loses_nothing_that_was_acknowledged() -> None:
    asked = every()
    if not EVERYWHERE:
        asked = Random(2026).sample(asked, SAMPLE)
    failed, losses = run(asked)
    assert losses == []
    assert failed > len(asked) / 2, "hardly any sync failed"


COMMON = """
import ctypes, errno, os, signal, sys, threading
from pathlib import Path
from appliance.ledger.book import checkpoints, presence, recheck
from appliance.ledger.book.local import Note
from appliance.ledger.book.store import LEDGER_FILE, Store
from appliance.ledger.errors import BookDamaged
from appliance.ledger.errors import NotSure
from tests.faults.layer import Faults, Job, library

path, control, defect = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
faults = Faults(control, keep=True)
for module in (presence, recheck):
    if hasattr(module, defect):
        setattr(module, defect, lambda _: None)

def put(name, value):
    with store.write() as tx:
        tx.update(Note, {"name": name}, value=value * 1000)

"""

BEGUN = """
store = Store.create(path)
with store.write() as tx:
    for number in range(300):
        tx.insert(Note, name=f"n{number:03}", value="x" * 1000)
assert store.truncate_log()
checkpoints.WRITES = 1
"""

PARTS = """
begun, ends = threading.Event(), threading.Event()

def read():
    with store.read() as tx:
        tx.first("SELECT count(*) FROM note")
        begun.set()
        ends.wait()

checkpoints.WRITES = 1_000
put("n001", "a")
reader = threading.Thread(target=read)
reader.start()
begun.wait()
checkpoints.WRITES = 1
put("n299", "b")          # takes the first page in, without a sync: somebody reads what was before the second
ends.set()
reader.join()
faults.fail(errno.EIO, Job.BOOK_SYNCS, times=1)
put("n299", "c")          # all of the log, and that sync fails
assert faults.left(Job.BOOK_SYNCS) == 0
assert store.in_doubt is not bool(defect)
put("n299", "d")
put("n299", "e")
store.close()
"""


KILLED = """
checkpoints.WRITES = 1_000
put("n150", "y")  # the log has its head
faults.fail(errno.EIO, Job.SYNCS)
try:
    put("n001", "a")
except NotSure:
    os.kill(os.getpid(), signal.SIGKILL)
"""

SETTLED = """
checkpoints.WRITES = 1_000
put("n150", "y")
faults.fail(errno.EIO, Job.SYNCS)
try:
    put("n001", "a")
except NotSure:
    faults.heal()
with store.write():
    pass  # somebody else is told no: from here on it is known
os.kill(os.getpid(), signal.SIGKILL)
"""

AFTER = """
checkpoints.WRITES = 1_000
faults.heal()
store = Store.open(path)
put("n299", "b")
if os.fork() == 0:  # memory forgets; in a process of its own, as closing a file drops locks
    ctypes.CDLL(str(library())).faults_evict(str(path).encode() + b"-wal")
    os._exit(0)
os.wait()
store.close()
"""


def script(room: Path, text: str, defect: str = "") -> int:
    """Run it under the layer; how it ended."""
    env = environment(room / "root", control=room / "control", disk=room / "disk")
    command = [
        sys.executable,
        "-c",
        COMMON + text,
        str(room / "root" / LEDGER_FILE),
        str(room / "control"),
        defect,
    ]
    return subprocess.run(command, env=env, check=False).returncode


@pytest.fixture
def room() -> Iterator[Path]:
    with in_memory() as made:
        (made / "root").mkdir()
        (made / "disk").mkdir()
        Faults(made / "control")
        yield made


def the_power_goes(room: Path) -> None:
    for kept in (room / "disk").glob("%ledger.db*"):
        if not kept.name.endswith(".pages"):
            (room / "root" / kept.name.lstrip("%")).write_bytes(kept.read_bytes())


def first_and_last(room: Path) -> str:
    """What the two rows say after the next start."""
    store = Store.open(room / "root" / LEDGER_FILE)
    try:
        with store.read() as tx:
            assert tx.first("PRAGMA quick_check(1)") == ("ok",)
            rows = [tx.get(Note, name=name) for name in ("n001", "n299")]
        assert not store.in_doubt
    finally:
        store.close()
    return "".join(row.value[0] for row in rows if row is not None)


@pytest.mark.parametrize("defect", ["", "put_in_doubt"])
def test_pages_that_were_taken_in_before_a_sync_that_failed_are_taken_in_again(
    defect: str, room: Path
) -> None:
    assert script(room, BEGUN + PARTS, defect) == 0
    the_power_goes(room)
    assert first_and_last(room) == ("xe" if defect else "ae"), (
        "the planted mistake loses what was acknowledged"
    )


@pytest.mark.parametrize("defect", ["", "write_log_again"])
def test_a_log_that_only_memory_has_is_not_built_upon(defect: str, room: Path) -> None:
    assert script(room, BEGUN + KILLED) == -signal.SIGKILL
    assert script(room, AFTER, defect) == 0
    the_power_goes(room)
    if defect:
        with pytest.raises((BookDamaged, AssertionError)):
            first_and_last(room)
    else:
        assert first_and_last(room) == "ab", "what was not known came true, and stays"


@pytest.mark.parametrize("defect", ["", "settle"])
def test_once_somebody_has_been_answered_it_is_known_what_became_of_it(defect: str, room: Path) -> None:
    assert script(room, BEGUN + SETTLED, defect) == -signal.SIGKILL
    assert first_and_last(room) == ("ax" if defect else "xx"), "the planted mistake lets it come true later"
