"""Routes that all portals of a test process share: what the routing library works out of them, it works out once.

Nearly every test of a page has a portal of its own, with some three hundred routes each; to read their addresses anew, and to
put them in order, was a fifth of such a test's time.
"""

import threading
from typing import Any, ClassVar

from werkzeug.routing import Map, Rule, RuleFactory
from werkzeug.routing.matcher import StateMachineMatcher

Ready = tuple[StateMachineMatcher, dict[Any, list[Rule]]]


class SharedMap(Map):
    """A map that takes over what another with the same routes has made ready; routes are made ready at the first question."""

    _known: ClassVar[dict[tuple[Any, ...], Ready]] = {}
    _one_at_a_time: ClassVar = threading.Lock()

    def __init__(self, *rules: Any, **how: Any) -> None:
        self._given: list[RuleFactory] = []
        super().__init__(*rules, **how)

    def add(self, rulefactory: RuleFactory) -> None:
        self._given.append(rulefactory)
        self._remap = True

    def update(self) -> None:
        with self._one_at_a_time:
            if not self._remap:
                return
            alike = self._alike()
            if alike is not None and alike in self._known:
                self._matcher, self._rules_by_endpoint = self._known[alike]
                self._remap = False
                return
            self._matcher, self._rules_by_endpoint = StateMachineMatcher(self.merge_slashes), {}
            for given in self._given:
                super().add(_unbound(given))
            super().update()
            if alike is not None:
                self._known[alike] = self._matcher, self._rules_by_endpoint

    def _alike(self) -> tuple[Any, ...] | None:
        """Equal for maps that answer alike; None where that is not known."""
        rules = []
        for rule in self._given:
            if not isinstance(rule, Rule):
                return None
            if rule.defaults or rule.subdomain or rule.host or rule.redirect_to is not None:
                return None
            about = vars(rule)
            plain = (
                "rule",
                "endpoint",
                "build_only",
                "strict_slashes",
                "merge_slashes",
                "alias",
                "websocket",
            )
            rules.append(
                (
                    type(rule),
                    None if rule.methods is None else frozenset(rule.methods),
                    about.get("provide_automatic_options"),
                    *(about[name] for name in plain),
                )
            )
        own = (self.merge_slashes, self.strict_slashes, self.redirect_defaults, self.host_matching)
        more = (self.default_subdomain, self.sort_parameters, self.sort_key)
        return (*rules, frozenset(self.converters.items()), *own, *more)


def _unbound(given: RuleFactory) -> RuleFactory:
    """The same rule, which no map has yet."""
    if not isinstance(given, Rule) or given.map is None:
        return given
    again = given.empty()
    if "provide_automatic_options" in vars(given):
        vars(again)["provide_automatic_options"] = vars(given)["provide_automatic_options"]
    return again
