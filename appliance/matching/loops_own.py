"""Chooses loops without a solver library: exactly where people hang together in small groups, else greedily, improved.

Exactly: take the first person; either nobody serves that one, or one of the loops through that one is chosen; what is
left is the same question with fewer people, and is answered once for each set of people left. Greedily: the loops one by
one, those first that take least from others; then each chosen loop in turn is taken out, and what fits better into the
gap is put in, until nothing gets better.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from appliance.matching.loops import Chosen, Loop

MOST_STATES: Final = 60_000
"""Sets of people looked at before a group counts as large."""
MOST_ROUNDS: Final = 30
_WIDEST_GAP: Final = 14
"""People whose places are searched exactly when a gap is filled."""
_MOST_IN_GAP: Final = 60
"""Loops that are looked at for a gap."""

Worth = tuple[int, float]
"""People, then scores."""


class TooLarge(Exception):
    """A group is too large to be searched exactly."""


class Own:
    """The solver that every box has."""

    name = "own"

    def choose(self, loops: Sequence[Loop]) -> Chosen:
        """Choose among ``loops``; optimal when every group was small."""
        chosen: list[Loop] = []
        bound, optimal = 0, True
        for group in _groups(loops):
            try:
                picked = exactly(group)
                bound += sum(len(loop.people) for loop in picked)
            except TooLarge:
                picked = improved(group)
                bound += len({person for loop in group for person in loop.people})
                optimal = False
            chosen += picked
        return Chosen(tuple(chosen), bound, optimal)


def _groups(loops: Sequence[Loop]) -> Iterable[list[Loop]]:
    """Loops that hang together by the people in them."""
    leader: dict[int, int] = {}

    def find(person: int) -> int:
        while leader[person] != person:
            leader[person] = leader[leader[person]]
            person = leader[person]
        return person

    for loop in loops:
        for person in loop.people:
            leader.setdefault(person, person)
        first = find(loop.people[0])
        for person in loop.people[1:]:
            leader[find(person)] = first
    grouped: dict[int, list[Loop]] = defaultdict(list)
    for loop in loops:
        grouped[find(loop.people[0])].append(loop)
    return grouped.values()


def exactly(loops: Sequence[Loop]) -> list[Loop]:
    """The best choice.

    Raises:
        TooLarge: it would take too long.
    """
    place = {person: n for n, person in enumerate(sorted({p for loop in loops for p in loop.people}))}
    through: dict[int, list[tuple[int, Loop]]] = defaultdict(list)
    for loop in loops:
        mask = sum(1 << place[person] for person in loop.people)
        through[min(place[person] for person in loop.people)].append((mask, loop))
    known: dict[int, tuple[Worth, Loop | None, int]] = {0: ((0, 0.0), None, 0)}

    def best(left: int) -> Worth:
        if left in known:
            return known[left][0]
        if len(known) > MOST_STATES:
            raise TooLarge
        first = (left & -left).bit_length() - 1
        rest = left & ~(1 << first)
        choice: tuple[Worth, Loop | None, int] = (best(rest), None, rest)
        for mask, loop in through[first]:
            if mask & left == mask:
                people, score = best(left & ~mask)
                worth = (people + len(loop.people), score + loop.score)
                if worth > choice[0]:
                    choice = (worth, loop, left & ~mask)
        known[left] = choice
        return choice[0]

    left = (1 << len(place)) - 1
    if len(place) > 400:  # it would call itself once a person
        raise TooLarge
    best(left)
    chosen = []
    while left:
        _, picked, left = known[left]
        if picked is not None:
            chosen.append(picked)
    return chosen


def improved(loops: Sequence[Loop]) -> list[Loop]:
    """A good choice: greedy, then better in the gap of each chosen loop, in rounds."""
    of_person: dict[int, list[Loop]] = defaultdict(list)
    for loop in loops:
        for person in loop.people:
            of_person[person].append(loop)
    chosen: dict[int, Loop] = {}  # by person
    for loop in sorted(loops, key=lambda one: _asked_for(one, of_person)):
        if not any(person in chosen for person in loop.people):
            chosen.update(dict.fromkeys(loop.people, loop))
    for _ in range(MOST_ROUNDS):
        better = False
        for loop in sorted(set(chosen.values()), key=lambda one: one.people):
            if chosen.get(loop.people[0]) == loop and _fill(loop, chosen, of_person):
                better = True
        if not better:
            break
    return sorted(set(chosen.values()), key=lambda one: one.people)


def _asked_for(loop: Loop, of_person: dict[int, list[Loop]]) -> tuple[float, float, tuple[int, ...]]:
    """How many other loops its people could be in, a person; who has few comes first."""
    return sum(len(of_person[person]) for person in loop.people) / len(loop.people), -loop.score, loop.people


def _fill(loop: Loop, chosen: dict[int, Loop], of_person: dict[int, list[Loop]]) -> bool:
    """Take ``loop`` out and put in what is better; True when something was."""
    free = set(loop.people)
    fits = dict.fromkeys(
        other
        for person in loop.people
        for other in of_person[person]
        if all(p in free or p not in chosen for p in other.people)
    )
    options = sorted(fits, key=lambda one: (-len(one.people), -one.score, one.people))[:_MOST_IN_GAP]
    best = _packed(options)
    if (sum(len(one.people) for one in best), sum(one.score for one in best) - 1e-9) <= (
        len(loop.people),
        loop.score,
    ):
        return False
    for person in loop.people:
        del chosen[person]
    for one in best:
        chosen.update(dict.fromkeys(one.people, one))
    return True


def _packed(options: Sequence[Loop]) -> list[Loop]:
    """The best disjoint loops of few."""
    try:
        return exactly(options)
    except TooLarge:
        return exactly(options[:_WIDEST_GAP])
