"""Chooses loops with HiGHS: first as many people as can be served, then among those choices the best scores.

With very many loops the whole question takes too long. Then a good choice is improved neighbourhood by neighbourhood,
each solved exactly, and the bound is that of the question without whole numbers.

Importing this fails where highspy is not installed; ``loops.best_solver`` then takes our own.
"""

import ctypes
import os
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import highspy
import numpy as np

from appliance.matching.loops import Chosen, Loop
from appliance.matching.loops_own import Own, improved

SECONDS: Final = 6.0
"""For each of the two questions, at most; then the best so far is taken, and the bound says how far it may be off."""
MOST_AT_ONCE: Final = 8_000
"""With more loops the question is answered in neighbourhoods."""
_ROUNDS: Final = 40
_NEIGHBOURS: Final = 60
"""Chosen loops that are taken back at once."""
_NEIGHBOUR_SECONDS: Final = 0.5
_BOUND_SECONDS: Final = 8.0
_A_PERSON: Final = 1000.0
"""What a person is worth beside the score of a match, within a neighbourhood."""
_WHOLE: Final = 0.5
_SLACK: Final = 1e-6
_SLACK_LARGE: Final = 1e-3


class Highs:
    """The solver that finds the optimum, and says so."""

    name = "highs"

    def __init__(self, seconds: float = SECONDS, most_at_once: int = MOST_AT_ONCE) -> None:
        self._seconds, self._most_at_once = seconds, most_at_once

    def choose(self, loops: Sequence[Loop]) -> Chosen:
        """Choose among ``loops``; within the time, else optimal is false."""
        if not loops:
            return Own().choose(loops)
        start = improved(loops)
        if len(loops) > self._most_at_once:
            found = _in_neighbourhoods(loops, start)
            bound = _bound(loops)
            return Chosen(tuple(found), bound, optimal=False)
        people = [float(len(loop.people)) for loop in loops]
        most = self._solve(loops, people, None, start)
        served = round(sum(len(loop.people) for loop in most.loops))
        best = self._solve(loops, [loop.score for loop in loops], served, list(most.loops))
        return Chosen(best.loops, most.bound, most.optimal and best.optimal)

    def _solve(
        self, loops: Sequence[Loop], worth: Sequence[float], least: int | None, start: list[Loop]
    ) -> Chosen:
        known = set(start)
        solution = highspy.HighsSolution()
        solution.col_value = [float(loop in known) for loop in loops]
        with _quiet():
            model = _model(loops, worth, least, self._seconds)
            model.setSolution(solution)
            model.run()
        values = model.getSolution().col_value
        info = model.getInfo()
        optimal = model.getModelStatus() == highspy.HighsModelStatus.kOptimal
        chosen = tuple(loop for loop, value in zip(loops, values, strict=False) if value > _WHOLE)
        if not _disjoint(chosen) or _total(chosen, loops, worth) < _total(start, loops, worth):
            chosen, optimal = tuple(start), False
        bound = int(info.mip_dual_bound + _SLACK) if abs(info.mip_dual_bound) < 1e18 else len(_people(loops))
        return Chosen(chosen, min(bound, len(_people(loops))), optimal)


def _model(loops: Sequence[Loop], worth: Sequence[float], least: int | None, seconds: float) -> Any:
    """The program: a column a loop, 0 or 1; a row a person, at most 1; at least so many people where that is asked."""
    row = {person: n for n, person in enumerate(sorted(_people(loops)))}
    rows, more = len(row), least is not None
    index: list[int] = []
    value: list[float] = []
    starts = [0]
    for loop in loops:
        index += [row[person] for person in loop.people]
        value += [1.0] * len(loop.people)
        if more:
            index.append(rows)
            value.append(float(len(loop.people)))
        starts.append(len(index))
    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = len(loops), rows + more
    program.sense_ = highspy.ObjSense.kMaximize
    program.col_cost_ = np.array(worth, dtype=float)
    program.col_lower_, program.col_upper_ = np.zeros(len(loops)), np.ones(len(loops))
    program.row_lower_ = np.array([-highspy.kHighsInf] * rows + [float(least or 0)] * more)
    program.row_upper_ = np.array([1.0] * rows + [highspy.kHighsInf] * more)
    program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    program.a_matrix_.start_ = np.array(starts, dtype=np.int32)
    program.a_matrix_.index_ = np.array(index, dtype=np.int32)
    program.a_matrix_.value_ = np.array(value)
    program.integrality_ = [highspy.HighsVarType.kInteger] * len(loops)
    model = highspy.Highs()  # type: ignore[no-untyped-call]
    for option, setting in (
        ("output_flag", False),
        ("threads", 1),
        ("random_seed", 1),
        ("mip_rel_gap", 0.0),
        ("time_limit", seconds),
    ):
        model.setOptionValue(option, setting)
    model.passModel(program)
    return model


def _in_neighbourhoods(loops: Sequence[Loop], start: Sequence[Loop]) -> list[Loop]:
    """Improve a choice: around somebody who is left out, take loops back and choose there anew, in many places."""
    of_person: dict[int, list[Loop]] = defaultdict(list)
    for loop in loops:
        for person in loop.people:
            of_person[person].append(loop)
    chosen = {person: loop for loop in start for person in loop.people}
    for turn in range(_ROUNDS):
        alone = [person for person in sorted(of_person) if person not in chosen]
        if not alone:
            break
        taken = _around(alone[turn * len(alone) // _ROUNDS], of_person, chosen)
        free = {person for loop in taken for person in loop.people}.union(alone)
        options = [
            loop
            for loop in dict.fromkeys(loop for person in sorted(free) for loop in of_person[person])
            if free.issuperset(loop.people)
        ]
        worth = [_A_PERSON * len(loop.people) + loop.score for loop in options]
        with _quiet():
            model = _model(options, worth, None, _NEIGHBOUR_SECONDS)
            model.run()
        values = model.getSolution().col_value
        found = [loop for loop, value in zip(options, values, strict=False) if value > _WHOLE]
        if _disjoint(found) and _total(found, options, worth) > _total(taken, options, worth):
            for person in (person for loop in taken for person in loop.people):
                del chosen[person]
            chosen.update((person, loop) for loop in found for person in loop.people)
    return sorted(set(chosen.values()), key=lambda one: one.people)


def _around(person: int, of_person: Mapping[int, Sequence[Loop]], chosen: Mapping[int, Loop]) -> list[Loop]:
    """Chosen loops near ``person``: those that stand in the way of loops through people met so far."""
    queue, seen, taken = [person], {person}, dict[Loop, None]()
    for one in queue:
        if one in chosen:
            taken[chosen[one]] = None
        if len(taken) >= _NEIGHBOURS:
            break
        some = of_person[one]
        for loop in some[:: len(some) // 12 + 1]:
            for other in loop.people:
                for near in chosen[other].people if other in chosen else (other,):
                    if near not in seen:
                        seen.add(near)
                        queue.append(near)
    return list(taken)


def _bound(loops: Sequence[Loop]) -> int:
    """No choice serves more people: the best with fractions of loops, by an interior point."""
    with _quiet():
        model = _model(loops, [float(len(loop.people)) for loop in loops], None, _BOUND_SECONDS)
        program = model.getLp()
        program.integrality_ = []
        model.passModel(program)
        model.setOptionValue("solver", "ipm")
        model.run()
    people = len(_people(loops))
    if model.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return people
    return min(people, int(model.getInfo().objective_function_value + _SLACK_LARGE))


@contextmanager
def _quiet() -> Iterator[None]:
    """HiGHS greets on the standard output whatever it is told; there a reader of JSON waits."""
    sys.stdout.flush()
    kept = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        yield
        ctypes.CDLL(None).fflush(None)
    finally:
        os.dup2(kept, 1)
        os.close(nowhere)
        os.close(kept)


def _people(loops: Sequence[Loop]) -> set[int]:
    return {person for loop in loops for person in loop.people}


def _disjoint(loops: Sequence[Loop]) -> bool:
    return len(_people(loops)) == sum(len(loop.people) for loop in loops)


def _total(chosen: Sequence[Loop], loops: Sequence[Loop], worth: Sequence[float]) -> float:
    known = set(chosen)
    return sum(value for loop, value in zip(loops, worth, strict=True) if loop in known)
