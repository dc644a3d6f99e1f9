"""``hub bench ledger``: the whole run, and what it found.

Villages of 1,000, 24,000 and so on up to the size that was asked for grow out of one another, with the
same members and listings; each is kept at its size. What is measured runs on a copy, so that a
kept village stays as it was made, and the copy's book is verified in the end.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from appliance.bench import machine, rates
from appliance.bench.load import Unanswered
from appliance.bench.serving import served
from appliance.bench.village import SIZES, Made, Maker, Progress

STRESS: Final = (2_000, 10_000, 240_000)
"""Members, listings and transfers of the largest village that the hub is made for (docs/design.md, 1)."""

_SEED: Final = 5
_FEWEST_MEMBERS: Final = 50


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a run is asked for: the transfers of the largest village, clients, seconds for each figure."""

    size: int
    clients: int
    seconds: float


def run(wanted: Wanted, directory: Path | None, tell: Progress) -> dict[str, Any]:
    """Measure everything; the figures by name.

    Args:
        directory: where villages are made, and found again by the next run; a temporary one by default.

    Raises:
        HubError: a village cannot be made or served, or answers otherwise than it must.
    """
    with _room(directory) as room:
        villages = _villages(room, wanted, tell)
        found: dict[str, Any] = {"machine": machine.describe()}
        found["sync_p50_ms"], found["sync_p95_ms"] = (round(ms, 3) for ms in machine.sync_ms(room))
        found["clients"], found["seconds"] = wanted.clients, wanted.seconds
        curve = [_measured(room, data, wanted, tell, data is villages[-1]) for data in villages]
        _relate(curve)
        found |= curve[-1]
        found["curve"] = [{name: point[name] for name in _OF_CURVE} for point in curve]
    return found


_OF_CURVE: Final = (
    "transfers",
    "http_over_bare_commit",
    "home_p50_over_hello",
    "home_p95_over_hello",
    "statement_p95_over_hello",
    "home_over_first",
    "statement_over_first",
    "pay_over_first",
    "verify_seconds",
    "verify_peak_mb",
)


@contextmanager
def _room(directory: Path | None) -> Iterator[Path]:
    if directory is not None:
        directory.mkdir(parents=True, exist_ok=True)
        yield directory
        return
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as made:
        yield Path(made)


def _villages(room: Path, wanted: Wanted, tell: Progress) -> list[Path]:
    """The villages of the curve, made where they are not there yet."""
    members = max(_FEWEST_MEMBERS, STRESS[0] * wanted.size // STRESS[2])
    listings = STRESS[1] * wanted.size // STRESS[2]
    payers = max(2, wanted.clients)
    sizes = [size for size in SIZES if size < wanted.size] + [wanted.size]
    kept = room / f"villages-{members}-{listings}-{payers}"
    places = [kept / str(size) for size in sizes]
    if not all((place / "bench.json").exists() for place in places):
        shutil.rmtree(kept, ignore_errors=True)
        tell(f"making a village of {members} members and {listings} listings")
        with Maker(kept / "growing", members, listings, payers, _SEED, tell) as maker:
            maker.market()
            for place, size in zip(places, sizes, strict=True):
                maker.grow(size)
                maker.settle()
                shutil.copytree(kept / "growing", place)
        shutil.rmtree(kept / "growing")
    return places


def _measured(room: Path, village: Path, wanted: Wanted, tell: Progress, last: bool) -> dict[str, Any]:
    """All figures of one village; some only of the ``last``, largest one."""
    made = Made.load(village)
    tell(f"measuring with {made.transfers} transfers")
    with tempfile.TemporaryDirectory(prefix="run-", dir=room) as name:
        data, beside = Path(name) / "hub", Path(name)
        shutil.copytree(village, data)
        found: dict[str, Any] = {
            "transfers": made.transfers,
            "members": made.members,
            "listings": made.listings,
        }
        found["in_process"] = rates.of_sample(rates.in_process(data, made))
        with served(data, beside) as port:
            _through_http(found, rates.Served(port, made, wanted.clients), wanted, last)
        found |= verified(data)
    return found


def _through_http(found: dict[str, Any], phones: rates.Served, wanted: Wanted, last: bool) -> None:
    pages = phones.pages(wanted.seconds)
    for name, sample in (("hello", pages.hello), ("home", pages.home), ("statement", pages.statement)):
        found[name] = rates.of_sample(sample)
        for part, label in ((0.5, "p50"), (0.95, "p95")):
            if name != "hello":
                found[f"{name}_{label}_over_hello"] = _ratio(
                    sample.quantile(part), pages.hello.quantile(part)
                )
    found["home"]["bytes"], found["statement"]["bytes"] = pages.home_bytes, pages.statement_bytes
    paying = rates.in_turns({"bare": phones.bare(), "pays": phones.pays()}, wanted.seconds)
    found["bare_commit"], found["key_open"] = (rates.of_sample(paying[name]) for name in ("bare", "pays"))
    found["http_over_bare_commit"] = _ratio(paying["pays"].rate, paying["bare"].rate)
    if not last:
        return
    walking, walkers = phones.walks()
    walked = walking(wanted.seconds)
    found["with_all_pages"] = {
        "payments_per_second": round(sum(w.paid for w in walkers) / walked.seconds, 1),
        "pages_per_second": round(walked.rate, 1),
    }
    found["pin_each_time"] = rates.of_sample(phones.pays(with_pin=True)(wanted.seconds))
    found["pin_each_time"]["clients"] = rates.PIN_CLIENTS


def _ratio(one: float, other: float) -> float:
    return round(one / other, 3)


def _relate(curve: list[dict[str, Any]]) -> None:
    """What each size costs over the smallest. Costs are over the hello-world or the bare commit of
    their own turns, so that an hour of noise between two sizes is no cost.
    """
    first = curve[0]
    for point in curve:
        for page in ("home", "statement"):
            name = f"{page}_p50_over_hello"
            point[f"{page}_over_first"] = _ratio(point[name], first[name])
        name = "http_over_bare_commit"
        point["pay_over_first"] = _ratio(first[name], point[name])


# The process says its own peak: what its parent would read (ru_maxrss) is never below the parent's own size,
# which Linux carries over when a process becomes another program.
_VERIFYING: Final = """
import sys
from appliance.cli import main
try:
    main()
finally:
    sys.stderr.write(open("/proc/self/status").read())
"""


def verified(data: Path, *options: str) -> dict[str, Any]:
    """``hub verify`` of what the run left, in a process of its own: how long, and its largest memory.

    Args:
        options: what is typed besides, such as ``--quick``.

    Raises:
        Unanswered: the book does not verify.
    """
    command = [sys.executable, "-c", _VERIFYING, "verify", "--json", "--data", str(data), *options]
    begun = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - begun
    if done.returncode != 0:
        raise Unanswered(f"the book does not verify after the bench: {done.stdout.strip()}")
    entries = int(json.loads(done.stdout)["entries"])
    peak_kb = int(done.stderr.rpartition("VmHWM:")[2].split()[0])
    return {
        "verify_seconds": round(seconds, 2),
        "verify_entries_per_second": round(entries / seconds),
        "verify_peak_mb": round(peak_kb / 1024, 1),
        "entries": entries,
        "book_mb": round(sum(f.stat().st_size for f in data.glob("ledger.db*")) / (1 << 20), 1),
    }
