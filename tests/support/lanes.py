"""How the tests spread over the workers of xdist, so that these end together: what is long is begun first.

xdist's own `loadgroup` keeps marked tests together by changing their names, which pytest 9.2 does not let it do any more
(pytest-xdist issue 1386): it spreads them as if no mark were there, and says nothing. A scheduler of our own knows the
files, which is all that is needed.
"""

from collections import OrderedDict
from functools import cache
from pathlib import Path
from typing import Final

from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

ROOT: Final = Path(__file__).resolve().parents[2]

BROWSER: Final = "browser"
"""The scope of all tests that drive a browser: one worker has the one browser, and they do not compete."""


@cache
def lane(file: str) -> str | None:
    """What the tests of a file run in together: the browser's, the file's own where it is slow, None for a test by itself."""
    text = (ROOT / file).read_text("utf-8")
    if "pytest.mark.browser" in text:
        return BROWSER
    return file if "pytest.mark.slow" in text else None


class Lanes(LoadScopeScheduling):
    """One worker begins with the browser's tests, the others with slow files; all go on with slow files, then single tests."""

    workqueue: OrderedDict[str, dict[str, bool]]

    def _split_scope(self, nodeid: str) -> str:
        return lane(nodeid.partition("::")[0]) or nodeid

    def _assign_work_unit(self, node: WorkerController) -> None:
        if not self.assigned_work.get(node) and not any(self.assigned_work.values()):
            for scope in sorted(self.workqueue, key=_turn):
                self.workqueue.move_to_end(scope)
        super()._assign_work_unit(node)


def _turn(scope: str) -> int:
    if scope == BROWSER:
        return 0
    return 2 if "::" in scope else 1
