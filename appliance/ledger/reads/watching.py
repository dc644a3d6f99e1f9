"""For keepers: who confirms for whom, over the whole history. What may be worth a talk; never a verdict."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from appliance.ledger.book.store import Tx
from appliance.ledger.care.states import DAY_MS
from appliance.ledger.clock import Instant
from appliance.ledger.reads.people import Person, names

OFTEN: Final = 3
"""Two who confirm for each other are named from so many times on, each way."""

LARGEST_CIRCLE: Final = 12
"""A larger group is the village itself: in it those are looked for who confirm for each other more often."""

MONTH: Final = 30
JUMP: Final = 3
"""Care of the last thirty days that is so many times that of a usual month before is named. Who is new is compared
with what half of all others' months before were worth at most."""

ENOUGH: Final = 4
"""How many months of others it takes to compare somebody new with."""

_MOST_NAMED: Final = 30


@dataclass(frozen=True, slots=True)
class Pair:
    """Two who confirm for each other: how often for the one, for the other, and what that was worth."""

    one: Person
    other: Person
    for_one: int
    for_other: int
    amount: int


@dataclass(frozen=True, slots=True)
class Circle:
    """People each of whom is confirmed, over some steps, by each other; ``share`` in percent came from inside."""

    people: tuple[Person, ...]
    share: int
    amount: int


@dataclass(frozen=True, slots=True)
class Growth:
    """Whose care is worth much more in the last thirty days than in a usual month before."""

    who: Person
    now: int
    before: int


@dataclass(frozen=True, slots=True)
class Watched:
    """What may be worth a talk, the largest first."""

    pairs: tuple[Pair, ...]
    circles: tuple[Circle, ...]
    jumps: tuple[Growth, ...]


def watch(tx: Tx, now: Instant) -> Watched:
    """What the whole history of co-signatures shows."""
    edges = {(int(c), int(s)): (int(n), int(a)) for c, s, n, a in tx.select(_EDGES)}
    pairs = _pairs(edges)
    found = all_circles(edges)
    jumps = _jumps(tx.select(_PAID), now.ms // DAY_MS)
    who = names(
        tx, {n for pair in pairs for n in pair[:2]} | {n for c in found for n in c} | {j[0] for j in jumps}
    )
    return Watched(
        tuple(Pair(who[a], who[b], first, second, amount) for a, b, first, second, amount in pairs),
        tuple(sorted((_circle(group, edges, who) for group in found), key=_largest_first))[:_MOST_NAMED],
        tuple(Growth(who[member], last, usual) for member, last, usual in jumps),
    )


_EDGES: Final = """
SELECT claim.carer, witness.member, COUNT(*), SUM(claim.amount) FROM claim
JOIN witness ON witness.claim = claim.id AND witness.state = 'signed'
WHERE claim.state IN ('open', 'confirmed', 'paid') GROUP BY claim.carer, witness.member
"""

_PAID: Final = "SELECT carer, day, amount FROM claim WHERE state IN ('confirmed', 'paid')"

Edges = Mapping[tuple[int, int], tuple[int, int]]


def _pairs(edges: Edges) -> list[tuple[int, int, int, int, int]]:
    both = [
        (a, b, edges[a, b][0], edges[b, a][0], edges[a, b][1] + edges[b, a][1])
        for a, b in edges
        if a < b and (b, a) in edges and min(edges[a, b][0], edges[b, a][0]) >= OFTEN
    ]
    return sorted(both, key=lambda pair: (-pair[4], pair))[:_MOST_NAMED]


def circles(edges: Iterable[tuple[int, int]]) -> list[tuple[int, ...]]:
    """Groups of three to ``LARGEST_CIRCLE`` in which each is confirmed by each other over some steps; by number."""
    return sorted(group for group in _groups(edges) if 3 <= len(group) <= LARGEST_CIRCLE)


def all_circles(edges: Edges) -> list[tuple[int, ...]]:
    """As ``circles``; and of a larger group those inside it, by what was confirmed twice, three times, ... at least.

    In a village where people help each other nearly everybody is in one large group, and a few who confirm for
    each other every week would be hidden in it by a single signature from outside.
    """
    found: list[tuple[int, ...]] = []
    left = dict(edges)
    for times in sorted({n for n, _ in edges.values()}):
        left = {pair: edge for pair, edge in left.items() if edge[0] >= times}
        groups = list(_groups(left))
        found += [group for group in groups if 3 <= len(group) <= LARGEST_CIRCLE]
        large = {one: at for at, group in enumerate(groups) if len(group) > LARGEST_CIRCLE for one in group}
        left = {(a, b): edge for (a, b), edge in left.items() if a in large and large[a] == large.get(b)}
        if not left:
            break
    return sorted(found)


def _groups(edges: Iterable[tuple[int, int]]) -> list[tuple[int, ...]]:
    """The strongly connected components (R. Tarjan, 1972), found without recursion."""
    signers: dict[int, list[int]] = defaultdict(list)
    for carer, signer in sorted(edges):
        signers[carer].append(signer)
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    found: list[tuple[int, ...]] = []
    for root in sorted(signers):
        work = [(root, iter(signers[root]))] if root not in index else []
        while work:
            node, left = work[-1]
            if node not in index:
                index[node] = low[node] = len(index)
                stack.append(node)
            for other in left:
                if other not in index:
                    work.append((other, iter(signers.get(other, ()))))
                    break
                if other in stack:
                    low[node] = min(low[node], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    at = stack.index(node)
                    found.append(tuple(sorted(stack[at:])))
                    del stack[at:]
    return found


def _largest_first(circle: Circle) -> tuple[int, list[int]]:
    return -circle.amount, [who.number for who in circle.people]


def _circle(group: tuple[int, ...], edges: Edges, who: Mapping[int, Person]) -> Circle:
    into = [(signer, n, amount) for (carer, signer), (n, amount) in edges.items() if carer in group]
    inside = sum(n for signer, n, _ in into if signer in group)
    amount = sum(amount for signer, _, amount in into if signer in group)
    return Circle(tuple(who[n] for n in group), inside * 100 // sum(n for _, n, _ in into), amount)


def _jumps(paid: Iterable[tuple[int, int, int]], today: int) -> list[tuple[int, int, int]]:
    months: dict[int, Counter[int]] = defaultdict(Counter)
    for carer, day, amount in paid:
        months[carer][max(0, today - day) // MONTH] += amount
    past = sorted(much for by_month in months.values() for ago, much in by_month.items() if ago)
    middle = past[(len(past) - 1) // 2] if len(past) >= ENOUGH else 0
    grown = []
    for carer, by_month in months.items():
        before = [by_month[ago] for ago in range(1, max(by_month) + 1)]
        usual = sum(before) // len(before) if before else 0
        if by_month[0] >= JUMP * (usual or middle) > 0:
            grown.append((carer, by_month[0], usual))
    return sorted(grown, key=lambda one: (-one[1], one[0]))[:_MOST_NAMED]
