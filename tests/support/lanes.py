"""How the tests spread over the workers of xdist, so that these end together: what is long is begun first.

xdist's own `loadgroup` keeps marked tests together by changing their names, which pytest 9.2 does not let it do any more
(pytest-xdist issue 1386): it spreads them as if no mark were there, and says nothing. A scheduler of our own knows the
files, which is all that is needed.
"""

import time
from collections import OrderedDict
from functools import cache
from pathlib import Path
from typing import Any, Final

from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

ROOT: Final = Path(__file__).resolve().parents[2]

BROWSER: Final = "browser "
"""Scopes of tests that drive a browser begin so; each is a file's. Two workers at most have a browser, so that few compete."""

WITH_BROWSER: Final = 2
"""So many workers begin with the browser's tests, where there is another one for the slow files."""


@cache
def lane(file: str) -> str | None:
    """What the tests of a file run in together: the file's own lane where it drives a browser or is slow, else None: each by itself."""
    text = (ROOT / file).read_text("utf-8")
    if "pytest.mark.browser" in text:
        return BROWSER + file
    return file if "pytest.mark.slow" in text else None


class Lanes(LoadScopeScheduling):
    """Some workers begin with the browser's tests, one with slow files; all go on with what is left, single tests last."""

    workqueue: OrderedDict[str, dict[str, bool]]

    def __init__(self, *also: Any) -> None:
        super().__init__(*also)
        self._last: dict[str, float] = {}

    def mark_test_complete(self, node: WorkerController, item_index: int, duration: float = 0) -> None:
        self._last[node.gateway.id] = time.monotonic()
        super().mark_test_complete(node, item_index, duration)

    def idle(self) -> str:
        """How long each worker had nothing to do at the end, while another was still at work."""
        end = max(self._last.values(), default=0.0)
        each = (f"{name} {end - last:.0f} s" for name, last in sorted(self._last.items()))
        return f"idle at the end: {', '.join(each) or 'nobody ran a test'}"

    def _split_scope(self, nodeid: str) -> str:
        return lane(nodeid.partition("::")[0]) or nodeid

    def _assign_work_unit(self, node: WorkerController) -> None:
        if not self.assigned_work.get(node) and not any(self.assigned_work.values()):
            for scope in sorted(self.workqueue, key=_turn):
                self.workqueue.move_to_end(scope)
        if not self._has_browser(node):
            other = next((scope for scope in self.workqueue if not scope.startswith(BROWSER)), None)
            if other is not None:
                self.workqueue.move_to_end(other, last=False)
        super()._assign_work_unit(node)

    def _has_browser(self, node: WorkerController) -> bool:
        return self.nodes.index(node) < max(1, min(WITH_BROWSER, len(self.nodes) - 1))


def _turn(scope: str) -> int:
    """Two villages that live for minutes, then other pages, slow files, single tests."""
    if scope.startswith(BROWSER):
        return 0 if "live_hubs" in (ROOT / scope.removeprefix(BROWSER)).read_text("utf-8") else 1
    return 3 if "::" in scope else 2
