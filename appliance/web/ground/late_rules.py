"""Routes that are made ready when they are first used.

For each route the routing library writes two small programs that build its address, and compiles them: for all routes of
the portal that is a good part of its start on a small board, and most of them are never asked for.
"""

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule

Build = Callable[..., tuple[str, str]]


class LateRule(Rule):
    """A route as the library's, whose address builders are compiled when an address is first built."""

    def _compile_builder(self, append_unknown: bool = True) -> Build:
        compiled: list[Build] = []
        compile_now = super()._compile_builder

        def build(rule: Rule, *args: Any, **values: Any) -> tuple[str, str]:
            if not compiled:  # two threads may both do it: what they get is alike
                compiled.append(compile_now(append_unknown))
            return compiled[0](rule, *args, **values)

        return build
