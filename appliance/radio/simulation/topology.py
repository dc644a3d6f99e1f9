"""Who hears whom: a small file, or one domain in which all do.

```toml
hop_limit = 1                # a packet is relayed so often; 0 by default
loss = 0.1                   # of each link that does not say its own
links = [
    { between = [1, 2] },                 # both ways
    { from = 2, to = 3, loss = 0.5 },     # one way
]
```

Hubs are counted from 1. JSON with the same keys will do as well. Where a topology is given, hubs
that no link joins in either way do not sense each other's carrier: they may speak at once, and whoever
hears both hears neither.
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from appliance.ledger.errors import HubError

MOST_HOPS: Final = 7
"""Meshtastic's largest hop limit."""


class BadTopology(HubError, ValueError):
    """A topology file that cannot be read, or says what makes no sense."""


@dataclass(frozen=True, slots=True)
class Topology:
    """``heard[a][b]``: the share of what hub ``a`` sends that is lost on its way to hub ``b``, for all that hear it."""

    heard: Mapping[int, Mapping[int, float]]
    hop_limit: int = 0

    def senses(self) -> dict[int, frozenset[int]]:
        """For each hub, whose carrier it senses: those that a link joins to it, in either way."""
        joined: dict[int, set[int]] = {hub: set(ears) for hub, ears in self.heard.items()}
        for hub, ears in self.heard.items():
            for other in ears:
                joined[other].add(hub)
        return {hub: frozenset(others) for hub, others in joined.items()}


def one_domain(hubs: int, loss: float) -> Topology:
    """All hear all, each receiver losing its own share."""
    every = range(1, hubs + 1)
    return Topology({a: {b: loss for b in every if b != a} for a in every})


def read(path: Path, hubs: int, loss: float) -> Topology:
    """The topology of a TOML or JSON file (by its ending) for so many hubs.

    Args:
        loss: of links that name none, where the file names none either.

    Raises:
        BadTopology: it cannot be read, names another key, a hub that is not there or a number out
            of range, or the same link twice.
    """
    try:
        text = path.read_text("utf-8")
        told = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise BadTopology(f"{path}: {error}") from error
    try:
        return _understood(told, hubs, loss)
    except BadTopology as error:
        raise BadTopology(f"{path}: {error}") from None


def _understood(told: Any, hubs: int, loss: float) -> Topology:
    if not isinstance(told, dict) or not isinstance(told.get("links"), list):
        raise BadTopology("a table with a list of links")
    _only(told, {"links", "loss", "hop_limit"}, "the file")
    hops = told.get("hop_limit", 0)
    if type(hops) is not int or not 0 <= hops <= MOST_HOPS:
        raise BadTopology(f"hop_limit is a number from 0 to {MOST_HOPS}, not {hops!r}")
    usual = _share(told.get("loss", loss))
    heard: dict[int, dict[int, float]] = {hub: {} for hub in range(1, hubs + 1)}
    for link in told["links"]:
        if not isinstance(link, dict):
            raise BadTopology(f"a link is a table, not {link!r}")
        _only(link, {"between", "from", "to", "loss"}, "a link")
        lost = _share(link.get("loss", usual))
        for a, b in _ends(link, hubs):
            if b in heard[a]:
                raise BadTopology(f"the link from {a} to {b} stands there twice")
            heard[a][b] = lost
    return Topology(heard, hops)


def _only(table: Mapping[str, Any], known: set[str], what: str) -> None:
    other = sorted(set(table) - known)
    if other:
        raise BadTopology(
            f"{what} has {other[0]!r}, which means nothing; there are: {', '.join(sorted(known))}"
        )


def _share(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise BadTopology(f"a loss is a number from 0 to 1, not {value!r}")
    return float(value)


def _ends(link: Mapping[str, Any], hubs: int) -> list[tuple[int, int]]:
    both = "between" in link
    if both == ("from" in link or "to" in link):
        raise BadTopology(f"a link has either between or from and to: {dict(link)!r}")
    ends = link["between"] if both else [link.get("from"), link.get("to")]
    fits = isinstance(ends, list) and len(ends) == 2 and ends[0] != ends[1]
    if not fits or not all(type(end) is int and 1 <= end <= hubs for end in ends):
        raise BadTopology(f"a link joins two different hubs from 1 to {hubs}, not {ends!r}")
    a, b = map(int, ends)
    return [(a, b), (b, a)] if both else [(a, b)]
