"""Trade loops: Alice serves Bob, Bob serves Chandra, Chandra serves Alice, and nobody needs credit.

People are the points of a graph; an edge says that somebody's offer serves somebody's want (the matcher's word). Wanted
are disjoint loops of at most ``max_length`` people that serve as many people as can be, and of those the best matches:
the cycle formulation of kidney exchange (Abraham, Blum and Sandholm 2007). Every loop is a column, every person a row.

HiGHS solves it to the optimum where it is installed (``loops_highs``). Without it ``loops_own`` does: exactly on small
parts, on large ones by improving greedily. Both stand behind ``Solver``.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from appliance.matching.listings_file import Edge, Listed

SHORTEST: Final = 2
LONGEST: Final = 4
"""One who drops out breaks a loop, so they are short."""
MOST_LOOPS: Final = 60_000
"""With more loops than this the weakest edges of the busiest people are left out."""

Person = tuple[str, str]
"""Hub and member."""


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop in a graph, by the numbers of its people, the smallest first, each serving the next; what its matches are worth."""

    people: tuple[int, ...]
    score: float


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a solver found: loops without a person in common; ``bound``: no choice serves more people."""

    loops: tuple[Loop, ...]
    bound: int
    optimal: bool


class Solver(Protocol):
    """Chooses disjoint loops that serve most people, of those the best matches."""

    name: str

    def choose(self, loops: Sequence[Loop]) -> Chosen:
        """Choose among ``loops``."""


@dataclass(frozen=True, slots=True)
class TradeLoop:
    """A loop as people read it: each of ``people`` serves the next, the last the first, by the trade of the same place."""

    people: tuple[Person, ...]
    trades: tuple[Edge, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """All loops that are proposed.

    Attributes:
        people_served: how many people are in one.
        upper_bound: no disjoint loops of that length serve more.
        optimal: nothing better exists, in people and then in scores.
        edges, considered: between people; loops the solver had to choose from.
        solver: its name.
    """

    loops: tuple[TradeLoop, ...]
    people_served: int
    upper_bound: int
    optimal: bool
    edges: int
    considered: int
    solver: str


def find_loops(
    listings: Iterable[Listed], edges: Iterable[Edge], max_length: int = LONGEST, solver: Solver | None = None
) -> Found:
    """The loops among the people of ``listings``.

    Args:
        edges: offers that serve wants, both of ``listings``; those of one person with oneself are left out.
        max_length: people in a loop, 2 to 4.
        solver: the best there is by default.
    """
    assert SHORTEST <= max_length <= LONGEST
    chooser = solver if solver is not None else best_solver()
    owner = {listed.id: listed.person for listed in listings}
    between = _between(owner, edges)
    people = sorted({person for pair in between for person in pair})
    number = {person: place for place, person in enumerate(people)}
    graph: dict[int, dict[int, float]] = defaultdict(dict)
    for (giver, taker), edge in between.items():
        graph[number[giver]][number[taker]] = edge.score
    whole = enumerate_loops(graph, max_length, MOST_LOOPS)
    if len(whole) <= MOST_LOOPS:
        loops, on_a_loop = whole, None
    else:
        loops, on_a_loop = _thinned(graph, max_length), _on_some_loop(graph, max_length)
    chosen = chooser.choose(loops)
    found = tuple(
        TradeLoop(tuple(people[p] for p in loop.people), _trades(loop, people, between))
        for loop in sorted(chosen.loops, key=lambda one: (-len(one.people), -one.score, one.people))
    )
    served = sum(len(loop.people) for loop in found)
    bound = chosen.bound if on_a_loop is None else on_a_loop
    optimal = chosen.optimal and on_a_loop is None
    return Found(found, served, max(bound, served), optimal, len(between), len(loops), chooser.name)


def best_solver() -> Solver:
    """HiGHS where it is installed, else our own."""
    from appliance.matching.loops_own import Own

    try:
        from appliance.matching.loops_highs import Highs
    except ImportError:
        return Own()
    return Highs()


def _between(owner: Mapping[str, Person], edges: Iterable[Edge]) -> dict[tuple[Person, Person], Edge]:
    """The best edge from each person to each other."""
    best: dict[tuple[Person, Person], Edge] = {}
    for edge in edges:
        pair = owner[edge.offer_id], owner[edge.want_id]
        known = best.get(pair)
        if pair[0] != pair[1] and (known is None or _better(edge, known)):
            best[pair] = edge
    return best


def _better(one: Edge, other: Edge) -> bool:
    return (-one.score, one.offer_id, one.want_id) < (-other.score, other.offer_id, other.want_id)


def enumerate_loops(
    graph: Mapping[int, Mapping[int, float]], max_length: int, enough: int | None = None
) -> list[Loop]:
    """All loops of 2 to ``max_length`` people, each once; a little more than ``enough`` when there are more."""
    back: dict[int, set[int]] = defaultdict(set)
    for giver, takers in graph.items():
        for taker in takers:
            back[taker].add(giver)
    found: list[Loop] = []
    for first in sorted(graph):
        later = {giver for giver in back[first] if giver > first}
        if not later:
            continue
        _from(graph, first, later, max_length, found)
        if enough is not None and len(found) > enough:
            break
    return found


def _from(
    graph: Mapping[int, Mapping[int, float]],
    first: int,
    closing: set[int],
    max_length: int,
    found: list[Loop],
) -> None:
    """The loops whose smallest person is ``first``; ``closing`` are those who serve ``first``."""
    for second, score in graph[first].items():
        if second < first:
            continue
        after = graph.get(second, {})
        if second in closing:
            found.append(Loop((first, second), score + after[first]))
        if max_length == SHORTEST:
            continue
        found += [
            Loop((first, second, third), score + after[third] + graph[third][first])
            for third in after.keys() & closing
        ]
        if max_length < LONGEST:
            continue
        for third, further in after.items():
            if third <= first:
                continue
            last = graph.get(third, {})
            for fourth in last.keys() & closing:
                if fourth != second:
                    worth = score + further + last[fourth] + graph[fourth][first]
                    found.append(Loop((first, second, third, fourth), worth))


def _thinned(graph: Mapping[int, Mapping[int, float]], max_length: int) -> list[Loop]:
    """As many loops as can be handled: of each person the best edges in and out, fewer until they are few enough."""
    for degree in (24, 16, 12, 10, 8, 6, 5, 4, 3, 2, 1):
        kept = _best_edges(graph, degree)
        loops = enumerate_loops(kept, max_length, MOST_LOOPS)
        if len(loops) <= MOST_LOOPS:
            return loops
    return loops[:MOST_LOOPS]


def _best_edges(graph: Mapping[int, Mapping[int, float]], degree: int) -> dict[int, dict[int, float]]:
    arriving: dict[int, list[tuple[float, int]]] = defaultdict(list)
    kept: set[tuple[int, int]] = set()
    for giver, takers in graph.items():
        best = sorted(takers.items(), key=lambda one: (-one[1], _spread(giver, one[0])))
        kept.update((giver, taker) for taker, _ in best[:degree])
        for taker, score in takers.items():
            arriving[taker].append((score, giver))
    for taker, givers in arriving.items():
        givers.sort(key=lambda one: (-one[0], _spread(one[1], taker)))
        kept.update((giver, taker) for _, giver in givers[:degree])
    return {
        giver: {taker: score for taker, score in takers.items() if (giver, taker) in kept}
        for giver, takers in graph.items()
    }


def _spread(one: int, other: int) -> int:
    """An order among equals that is another for each person, so that not all choose the same one."""
    return (one * 2654435761 ^ other * 40503) % 1_000_003


def _on_some_loop(graph: Mapping[int, Mapping[int, float]], max_length: int) -> int:
    """How many people are on a loop at all: nobody else can be served."""
    back: dict[int, set[int]] = defaultdict(set)
    for giver, takers in graph.items():
        for taker in takers:
            back[taker].add(giver)
    return sum(_is_on_loop(graph, back, person, max_length) for person in graph)


def _is_on_loop(
    graph: Mapping[int, Mapping[int, float]], back: Mapping[int, set[int]], person: int, max_length: int
) -> bool:
    served, serving = set(graph[person]), back.get(person, set())
    if served & serving:
        return True
    if max_length == SHORTEST:
        return False
    beyond = {taker for one in served for taker in graph.get(one, {})} - {person}
    if beyond & serving:
        return True
    # Of four: one served, somebody beyond, one who serves.
    return max_length == LONGEST and any(
        last in serving for one in beyond for last in graph.get(one, {}) if last != person
    )


def _trades(
    loop: Loop, people: Sequence[Person], between: Mapping[tuple[Person, Person], Edge]
) -> tuple[Edge, ...]:
    members = loop.people
    nexts = (*members[1:], members[0])
    return tuple(between[people[one], people[other]] for one, other in zip(members, nexts, strict=True))
