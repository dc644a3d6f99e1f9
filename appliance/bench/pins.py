"""``hub bench pins``: what checking a PIN costs this box, and what twenty phones that ask at once read.

All is measured in a process of its own, so that its peak of memory is that of this alone.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Final

from appliance.bench import machine
from appliance.ledger import keys
from appliance.ledger.book.rules import Care, Community, Credit, Rules
from appliance.ledger.errors import Code, Refusal
from appliance.ledger.hub import Hub
from appliance.ledger.keys import KdfCost, KeySigner
from appliance.ledger.people.pins import MOST_WAITING

_PIN: Final = "7391"
_AGAIN_SECONDS: Final = 0.25
"""How soon a person taps again who was told to: nobody is quicker, so it is the worst for the queue."""

_ALONE_TRIES: Final = 7


def run(phones: int, passes: int, memory_mb: int) -> dict[str, Any]:
    """Measure in a process of its own; the figures by name.

    Args:
        phones: how many sign in at one moment, each from its own address.
        passes, memory_mb: Argon2id's cost.
    """
    command = [sys.executable, "-m", "appliance.bench.pins", str(phones), str(passes), str(memory_mb)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = {"machine": machine.describe(), **json.loads(done.stdout)}
    return found


def _memory_mb(what: str) -> float:
    """Megabytes that this process has now (``VmRSS``) or had at its peak (``VmHWM``).

    ``getrusage`` would tell the peak of whoever started us, when that was higher.
    """
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what)) / 1024


def measure(phones: int, cost: KdfCost, folder: Path) -> dict[str, Any]:
    """One derivation alone, then ``phones`` at once on a hub in ``folder``; seconds and megabytes."""
    before = _memory_mb("VmRSS")
    walls, processors = [], []
    sealed = keys.seal(keys.new_seed(), _PIN, b"p" * 32, cost)
    for _ in range(_ALONE_TRIES):
        wall, processor = time.perf_counter(), time.process_time()
        keys.unseal(sealed, _PIN, b"p" * 32)
        walls.append(time.perf_counter() - wall)
        processors.append(time.process_time() - processor)
    alone = _memory_mb("VmHWM")
    hub, _papers = Hub.found(
        folder / "hub", Rules(Community("Valley", "River", 101, "hour", "h", 2), Credit(), Care()), None, cost
    )
    try:
        numbers = []
        for place in range(phones):
            joined = hub.join(f"Phone {place}", _PIN)
            assert not isinstance(joined, Refusal)
            numbers.append(int(str(joined.outcome["number"])))
        queued = _at_once(hub, numbers)
    finally:
        hub.close()
    one = statistics.median(walls)
    return {
        "cost": {"passes": cost.passes, "memory_mb": cost.memory // (1 << 20)},
        "alone": {
            "seconds": round(one, 4),
            "processor_seconds": round(statistics.median(processors), 4),
            "peak_mb": round(alone - before, 1),
        },
        "at_once": {
            **queued,
            "last_over_one": round(queued["last_seconds"] / one, 1),
            "peak_mb": round(_memory_mb("VmHWM") - before, 1),
        },
    }


def _at_once(hub: Hub, numbers: list[int]) -> dict[str, Any]:
    """Everybody types the right PIN in one moment, and again when told to."""
    start, lock = threading.Barrier(len(numbers)), threading.Lock()
    took: list[float] = []
    busy = [0, 0]  # first answers that said so, and all

    def one(number: int, place: int) -> None:
        start.wait()
        begun, first = time.perf_counter(), True
        while True:
            said = hub.unlock(number, _PIN, b"", f"192.168.4.{place + 10}")
            if isinstance(said, KeySigner):
                said.close()
                with lock:
                    took.append(time.perf_counter() - begun)
                return
            if said.code is not Code.BUSY:
                raise RuntimeError(f"a right PIN was refused: {said.code}")
            with lock:
                busy[0] += first
                busy[1] += 1
            first = False
            time.sleep(_AGAIN_SECONDS)

    threads = [threading.Thread(target=one, args=(number, i)) for i, number in enumerate(numbers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(took) != len(numbers):
        raise RuntimeError("somebody did not come in")
    return {
        "phones": len(numbers),
        "served_or_waiting_at_first": len(numbers) - busy[0],
        "told_to_try_again_at_first": busy[0],
        "told_to_try_again": busy[1],
        "places": MOST_WAITING + 1,
        "median_seconds": round(statistics.median(took), 2),
        "last_seconds": round(max(took), 2),
    }


def text(found: dict[str, Any]) -> str:
    """The figures as lines to read."""
    alone, queue, cost = found["alone"], found["at_once"], found["cost"]
    return "\n".join(
        [
            f"Argon2id, {cost['memory_mb']} MiB, {cost['passes']} passes; load of the machine {found['machine']['load']}",
            f"one PIN: {alone['seconds']} s ({alone['processor_seconds']} s of the processor), {alone['peak_mb']} MB more at its peak",
            (
                f"{queue['phones']} phones at once: {queue['told_to_try_again_at_first']} are told to try again at first; "
                f"half are in after {queue['median_seconds']} s, the last after {queue['last_seconds']} s"
            ),
            f"that is {queue['last_over_one']} times one PIN; {queue['peak_mb']} MB more at the peak",
        ]
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as _folder:
        _phones, _passes, _memory = (int(argument) for argument in sys.argv[1:4])
        print(json.dumps(measure(_phones, KdfCost(_passes, _memory << 20), Path(_folder))))
