"""Who hears whom in communities of a few usual shapes, for ``hub sim --shape``.

Whoever is not named as hearing another is hidden from it: the two do not sense each other's carrier.
"""

from collections.abc import Callable, Iterable, Mapping
from itertools import combinations
from types import MappingProxyType
from typing import Final

from appliance.radio.simulation.topology import Topology

_Pairs = Iterable[tuple[int, int]]


def _line(hubs: int) -> _Pairs:
    return ((hub, hub + 1) for hub in range(1, hubs))


def _star(hubs: int) -> _Pairs:
    return ((1, hub) for hub in range(2, hubs + 1))


def _clusters(hubs: int) -> _Pairs:
    half = hubs // 2
    near = [*combinations(range(1, half + 1), 2), *combinations(range(half + 1, hubs + 1), 2)]
    return [*near, (half, half + 1)]


def _hidden(hubs: int) -> _Pairs:
    half = 1 + hubs // 2
    near = [*combinations(range(2, half + 1), 2), *combinations(range(half + 1, hubs + 1), 2)]
    return [*_star(hubs), *near]


_SHAPES: Final[Mapping[str, Callable[[int], _Pairs]]] = MappingProxyType(
    {"line": _line, "star": _star, "clusters": _clusters, "hidden": _hidden}
)

SHAPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "line": "each hears the one before and the one after",
        "star": "hub 1 and each other hear each other; the others do not",
        "clusters": "two halves in which all hear all, and one link between two of them",
        "hidden": "hub 1 hears all; of the others each half hears itself and not the other half",
    }
)
"""The shapes and what they are."""


def shaped(shape: str, hubs: int, loss: float, hop_limit: int = 0) -> Topology:
    """So many hubs in one of ``SHAPES``, each link losing the same share both ways.

    Raises:
        KeyError: there is no such shape.
    """
    heard: dict[int, dict[int, float]] = {hub: {} for hub in range(1, hubs + 1)}
    for one, other in _SHAPES[shape](hubs):
        heard[one][other] = heard[other][one] = loss
    return Topology(heard, hop_limit)
