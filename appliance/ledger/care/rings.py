"""Rings: a few people who sign for one another, and hardly anybody else for them.

A *closed set* around a carer is a set of people, the carer among them, each of whom got more than a
share of all their co-signatures from others of the set. A nurse who cares for a village is in none:
those who sign for her are carers of nobody, or signed for by others as well. The search is a pure
function of who signed for whom and how often, and always gives the same answer: it is part of the
fold, so what it does for a given question never changes.

A person is a *node* (hub, member): co-signers from other hubs are nodes like everybody else.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

LOOKS: Final = 20_000
"""How many sets are looked at. Where that is not enough, the answer says so (``Found.finished``)."""


class Node(NamedTuple):
    """Somebody who cares or co-signs."""

    hub: int
    member: int


class Found(NamedTuple):
    """What a search found.

    Attributes:
        ring: a closed set, the carer in it; empty when none was found.
        finished: whether every set that could be closed was looked at. If not, an empty ``ring`` means
            *nobody knows*, and one that was found is closed, but there may be a smaller one.
    """

    ring: frozenset["Node"]
    finished: bool


NONE: Final = Found(frozenset(), True)

Received = Callable[[Node], Mapping[Node, int]]
"""Who co-signed for a node, and how many of its claims. Asked only of nodes that the search reaches."""


def look(carer: Node, received: Received, share: int, people: int) -> Found:
    """The smallest closed set around ``carer`` with at most ``people`` others.

    Args:
        share: percent; each of the set got more than that from inside the set.
        people: how many others, at most.

    Of several sets of the same size it is the first that the search comes to: those who signed most
    come first, then the lower number.
    """
    search = _Search(received, share)
    if not share or not search.could(carer, frozenset((carer,)), people):
        return NONE
    greedy = search.greedily(carer, people)
    largest = len(greedy) - 1 if greedy else people + 1
    for size in range(2, largest + 1):
        found = search.closed(frozenset((carer,)), size)
        if found:
            return Found(found, True)
        if search.tired:
            return Found(greedy, False)
    return Found(greedy, True)


class _Search:
    """One search: what it has asked, and how many sets it has looked at."""

    def __init__(self, received: Received, share: int) -> None:
        self._ask, self._share = received, share
        self._known: dict[Node, Mapping[Node, int]] = {}
        self._left = LOOKS
        self._seen: set[tuple[int, frozenset[Node]]] = set()

    @property
    def tired(self) -> bool:
        """Whether it has looked at as many sets as it may."""
        return self._left <= 0

    def _of(self, node: Node) -> Mapping[Node, int]:
        found = self._known.get(node)
        if found is None:
            found = {by: n for by, n in self._ask(node).items() if by != node and n > 0}
            self._known[node] = found
        return found

    def _inside(self, node: Node, chosen: frozenset[Node]) -> int:
        return sum(n for by, n in self._of(node).items() if by in chosen)

    def _enough(self, node: Node, inside: int) -> bool:
        total = sum(self._of(node).values())
        return total > 0 and inside * 100 > self._share * total

    def _closed(self, node: Node, chosen: frozenset[Node]) -> bool:
        return self._enough(node, self._inside(node, chosen))

    def could(self, node: Node, chosen: frozenset[Node], more: int) -> bool:
        """Whether ``node`` gets enough from inside once the best ``more`` of the others are in as well."""
        outside = sorted((n for by, n in self._of(node).items() if by not in chosen), reverse=True)
        return self._enough(node, self._inside(node, chosen) + sum(outside[:more]))

    def _to_add(self, node: Node, chosen: frozenset[Node]) -> list[Node]:
        """Who signed for ``node`` from outside: first those who are signed for from inside, then who signed most."""
        rated = (
            (-self._inside(by, chosen), -n, by)
            for by, n in self._of(node).items()
            if by not in chosen and self._of(by)
        )
        return [by for _, _, by in sorted(rated)]

    def _open(self, chosen: frozenset[Node]) -> Iterator[Node]:
        return (node for node in sorted(chosen) if not self._closed(node, chosen))

    def greedily(self, carer: Node, people: int) -> frozenset[Node]:
        """A closed set that is found without trying anything twice; empty when that finds none."""
        chosen = frozenset((carer,))
        while (node := next(self._open(chosen), None)) is not None:
            add = self._to_add(node, chosen)
            if not add or len(chosen) > people:
                return frozenset()
            chosen |= {add[0]}
        return chosen

    def closed(self, chosen: frozenset[Node], size: int) -> frozenset[Node]:
        """A closed set of at most ``size`` people with all of ``chosen`` in it; empty when there is none."""
        self._left -= 1
        if self.tired or (size, chosen) in self._seen:
            return frozenset()
        self._seen.add((size, chosen))
        node = next(self._open(chosen), None)
        if node is None:
            return chosen
        more = size - len(chosen)
        if more <= 0 or not all(self.could(one, chosen, more) for one in chosen):
            return frozenset()
        # A closed set with these in it has at least one more of those who signed for this one.
        for add in self._to_add(node, chosen):
            if found := self.closed(chosen | {add}, size):
                return found
        return frozenset()
