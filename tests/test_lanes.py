"""What is long is begun first, and browsers do not compete: how the suite spreads over its workers."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.lanes import BROWSER, ROOT, Lanes, lane

BROWSERS = [f"tests/browser/test_{name}.py::test_{n}" for name in ("care", "money", "taps") for n in range(3)]
KILLS, MACHINE = "tests/test_kill.py", "tests/ledger/book/test_machine.py"
SHORT = [f"tests/test_house.py::test_{n}" for n in range(40)]


@dataclass(eq=False)
class Worker:
    """What a scheduler sees of a worker: what it was told to run."""

    collection: list[str]
    told: list[str] = field(default_factory=list)
    gateway: Any = field(default_factory=lambda: SimpleNamespace(id="gw"))
    shutting_down: bool = False

    def send_runtest_some(self, indexes: list[int]) -> None:
        self.told += [self.collection[at] for at in indexes]

    def shutdown(self) -> None:
        self.shutting_down = True


def test_files_are_known_by_what_stands_in_them() -> None:
    for path in (ROOT / "tests" / "browser").glob("test_*.py"):
        file = str(path.relative_to(ROOT))
        assert lane(file) == BROWSER + file
    assert lane(KILLS) == KILLS
    assert lane(MACHINE) == MACHINE
    assert lane("tests/test_house.py") is None


def files(tests: list[str]) -> set[str]:
    return {test.partition("::")[0] for test in tests}


@pytest.mark.parametrize("turned", [False, True])
def test_the_long_ones_are_begun_first_and_the_short_ones_end_together(turned: bool) -> None:
    tests = [*SHORT[:20], f"{KILLS}::test_a", *BROWSERS, f"{MACHINE}::test_a", *SHORT[20:]]
    tests = tests[::-1] if turned else tests
    workers = [Worker(tests) for _ in range(3)]
    options = SimpleNamespace(loadscopereorder=True)
    scheduler: Any = Lanes(SimpleNamespace(option=options, getvalue=lambda _: ["popen"] * 3))
    for worker in workers:
        scheduler.add_node(worker)
    for worker in workers:
        scheduler.add_node_collection(worker, tests)
    scheduler.schedule()
    *with_browser, other = workers
    for worker in with_browser:
        assert files(worker.told[:3]) < files(BROWSERS), "a whole file, from its beginning"
        assert len(files(worker.told[:3])) == 1
    assert files(other.told[:2]) == {KILLS, MACHINE}
    assert not files(other.told) & files(BROWSERS)

    for _ in range(
        len(tests)
    ):  # the other is done with each at once, who has a browser has not finished its first
        at = next((at for at, name in enumerate(other.told) if name not in done(scheduler, other)), None)
        if at is None or files(other.told) & files(BROWSERS):
            break
        scheduler.mark_test_complete(other, tests.index(other.told[at]))
    told = sorted(name for worker in workers for name in worker.told)
    assert told == sorted(tests), "all is told, each to one"
    assert set(SHORT) <= set(other.told)


def done(scheduler: Any, worker: Worker) -> set[str]:
    return {
        name for unit in scheduler.assigned_work[worker].values() for name, is_done in unit.items() if is_done
    }


def test_it_is_told_who_had_nothing_to_do_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    tests = SHORT[:8]
    workers = [Worker(tests, gateway=SimpleNamespace(id=f"gw{n}")) for n in range(2)]
    options = SimpleNamespace(loadscopereorder=True)
    scheduler: Any = Lanes(SimpleNamespace(option=options, getvalue=lambda _: ["popen"] * 2))
    assert scheduler.idle() == "idle at the end: nobody ran a test"
    for worker in workers:
        scheduler.add_node(worker)
    for worker in workers:
        scheduler.add_node_collection(worker, tests)
    scheduler.schedule()
    for worker, now in zip(workers, (100.0, 107.0), strict=True):
        monkeypatch.setattr("tests.support.lanes.time.monotonic", lambda now=now: now)
        scheduler.mark_test_complete(worker, tests.index(worker.told[0]))
    assert scheduler.idle() == "idle at the end: gw0 7 s, gw1 0 s"
