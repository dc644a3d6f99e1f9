"""What is long is begun first, and browsers do not compete: how the suite spreads over two workers."""

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
    assert {lane(one.partition("::")[0]) for one in BROWSERS} == {BROWSER}
    for path in (ROOT / "tests" / "browser").glob("test_*.py"):
        assert lane(str(path.relative_to(ROOT))) == BROWSER, path.name
    assert lane(KILLS) == KILLS
    assert lane(MACHINE) == MACHINE
    assert lane("tests/test_house.py") is None


@pytest.mark.parametrize("turned", [False, True])
def test_the_long_ones_are_begun_first_and_the_short_ones_end_together(turned: bool) -> None:
    tests = [*SHORT[:20], f"{KILLS}::test_a", *BROWSERS, f"{MACHINE}::test_a", *SHORT[20:]]
    tests = tests[::-1] if turned else tests
    one, other = Worker(tests), Worker(tests)
    options = SimpleNamespace(loadscopereorder=True)
    scheduler: Any = Lanes(SimpleNamespace(option=options, getvalue=lambda _: ["popen"] * 2))
    for worker in (one, other):
        scheduler.add_node(worker)
    for worker in (one, other):
        scheduler.add_node_collection(worker, tests)
    scheduler.schedule()
    assert sorted(one.told) == sorted(BROWSERS), "one worker has all of the browser's, and nothing else yet"
    assert [test.partition("::")[0] for test in other.told[:2]] in ([KILLS, MACHINE], [MACHINE, KILLS])

    while (
        not scheduler.tests_finished
    ):  # the other is done with each at once, the one has not finished its first
        at = next(at for at, name in enumerate(other.told) if name not in done(scheduler, other))
        scheduler.mark_test_complete(other, tests.index(other.told[at]))
        if len(other.told) == len(SHORT) + 2 and at == len(other.told) - 1:
            break
    assert set(other.told) == set(tests) - set(BROWSERS)


def done(scheduler: Any, worker: Worker) -> set[str]:
    return {
        name for unit in scheduler.assigned_work[worker].values() for name, is_done in unit.items() if is_done
    }
