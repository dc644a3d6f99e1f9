"""Trade loops: who serves whom in a ring, most people first; held against a search that knows nothing of ours."""

import json
import random
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from pathlib import Path

import networkx as nx
import pytest
from click.testing import CliRunner

from appliance.cli import main
from appliance.matching.listings_file import Edge, Listed
from appliance.matching.loops import Found, Solver, enumerate_loops, find_loops
from appliance.matching.loops_highs import Highs
from appliance.matching.loops_own import Own, improved

Wheel = tuple[list[Listed], list[Edge]]


def village(arcs: Iterable[tuple[str, str, float]]) -> Wheel:
    """People with one offer and one want each, and who serves whom how well."""
    arcs = list(arcs)
    names = sorted({name for one, other, _ in arcs for name in (one, other)})
    listings = [
        Listed(f"{name}-{kind}", name, "river", kind, "something")
        for name in names
        for kind in ("offer", "want")
    ]
    return listings, [Edge(f"{one}-offer", f"{other}-want", score) for one, other, score in arcs]


def some_graph(seed: int) -> list[tuple[str, str, float]]:
    lot = random.Random(seed)
    people = lot.randint(3, 40)
    arcs = lot.randint(people, min(people * (people - 1), people * 3))
    pairs = lot.sample([(a, b) for a in range(people) for b in range(people) if a != b], arcs)
    return [(f"p{a:02}", f"p{b:02}", lot.randint(50, 100) / 100) for a, b in pairs]


def best_by_search(arcs: list[tuple[str, str, float]], longest: int) -> tuple[int, int]:
    """People served and score (hundredths) at best: loops from networkx, then a search of its own over sets."""
    graph = nx.DiGraph()
    score = {(a, b): round(s * 100) for a, b, s in arcs}
    graph.add_edges_from(score)
    by_person: dict[str, list[tuple[frozenset[str], int]]] = {}
    for ring in nx.simple_cycles(graph, length_bound=longest):
        worth = sum(score[pair] for pair in pairwise([*ring, ring[0]]))
        for person in ring:
            by_person.setdefault(person, []).append((frozenset(ring), worth))

    @cache
    def best(left: frozenset[str]) -> tuple[int, int]:
        # The person with the fewest loops left: alone, or in one of them.
        options = {person: [loop for loop in by_person[person] if loop[0] <= left] for person in left}
        open_ones = [person for person in left if options[person]]
        if not open_ones:
            return 0, 0
        left = frozenset(open_ones)
        person = min(left, key=lambda one: (len(options[one]), one))
        found = best(left - {person})
        for ring, worth in options[person]:
            people, more = best(left - ring)
            found = max(found, (people + len(ring), more + worth))
        return found

    return best(frozenset(by_person))


def worth(found: Found) -> tuple[int, int]:
    return found.people_served, sum(round(edge.score * 100) for loop in found.loops for edge in loop.trades)


def check_whole(found: Found, arcs: list[tuple[str, str, float]], longest: int) -> None:
    """Loops are loops of the graph, nobody is in two, each offer serves the next one's want."""
    known = {(f"{a}-offer", f"{b}-want") for a, b, _ in arcs}
    people = [person for loop in found.loops for person in loop.people]
    assert len(people) == len(set(people)) == found.people_served <= found.upper_bound
    for loop in found.loops:
        assert 2 <= len(loop.people) == len(loop.trades) <= longest
        for (_, giver), (_, taker), edge in zip(
            loop.people, (*loop.people[1:], loop.people[0]), loop.trades, strict=True
        ):
            assert (edge.offer_id, edge.want_id) == (f"{giver}-offer", f"{taker}-want")
            assert (edge.offer_id, edge.want_id) in known


def test_alice_bob_and_chandra_close_a_loop() -> None:
    arcs = [("Alice", "Bob", 0.9), ("Bob", "Chandra", 0.8), ("Chandra", "Alice", 0.7), ("Alice", "Dina", 1.0)]
    found = find_loops(*village(arcs))
    (loop,) = found.loops
    assert loop.people == (("river", "Alice"), ("river", "Bob"), ("river", "Chandra"))
    assert (found.people_served, found.upper_bound, found.optimal) == (3, 3, True)
    assert find_loops(*village(arcs), max_length=2).loops == ()


@pytest.mark.parametrize("solver", [Own(), Highs()], ids=["own", "highs"])
def test_more_people_come_before_better_matches_and_of_equals_the_better(solver: Solver) -> None:
    # Two by two all four are served; the pair in the middle fits best and leaves two alone.
    arcs = [
        ("a", "b", 0.5),
        ("b", "a", 0.5),
        ("c", "d", 0.5),
        ("d", "c", 0.5),
        ("b", "c", 1.0),
        ("c", "b", 1.0),
    ]
    assert worth(find_loops(*village(arcs), solver=solver)) == (4, 200)
    either = [("a", "b", 0.6), ("b", "a", 0.6), ("b", "c", 0.7), ("c", "b", 0.7)]
    assert worth(find_loops(*village(either), solver=solver)) == (2, 140)


@pytest.mark.parametrize("solver", [Own(), Highs()], ids=["own", "highs"])
@pytest.mark.parametrize("seed", range(50))
def test_it_is_the_optimum_on_fifty_graphs(seed: int, solver: Solver) -> None:
    arcs, longest = some_graph(seed), 2 + seed % 3
    found = find_loops(*village(arcs), longest, solver)
    check_whole(found, arcs, longest)
    best = best_by_search(arcs, longest)
    assert found.optimal
    assert worth(found) == best
    assert found.upper_bound == found.people_served


@pytest.mark.parametrize("seed", range(12))
def test_greedy_and_improved_is_close_to_the_best(seed: int) -> None:
    arcs = some_graph(seed)
    found = find_loops(*village(arcs), 4, _Improved())
    check_whole(found, arcs, 4)
    assert found.people_served >= 0.8 * best_by_search(arcs, 4)[0]


class _Improved(Own):
    """Our own solver as it goes about large groups."""

    name = "improved"

    def choose(self, loops):
        people = len({person for loop in loops for person in loop.people})
        return type(super().choose([]))(tuple(improved(loops)), people, False)


@pytest.mark.parametrize("seed", range(12))
def test_in_neighbourhoods_it_is_as_close_and_the_bound_holds(seed: int) -> None:
    arcs = some_graph(seed)
    found = find_loops(*village(arcs), 4, Highs(most_at_once=0))
    check_whole(found, arcs, 4)
    best = best_by_search(arcs, 4)[0]
    assert 0.9 * best <= found.people_served <= best <= found.upper_bound


@pytest.mark.parametrize("longest", [2, 3, 4])
def test_every_loop_is_found_once(longest: int) -> None:
    for seed in range(10):
        graph: dict[int, dict[int, float]] = {}
        drawn = nx.gnp_random_graph(12, 0.25, seed=seed, directed=True)
        for one, other in drawn.edges:
            graph.setdefault(one, {})[other] = 1.0
        mine = [loop.people for loop in enumerate_loops(graph, longest)]
        assert len(mine) == len(set(mine))
        assert len(mine) == len(list(nx.simple_cycles(drawn, length_bound=longest)))


def test_one_person_with_many_listings_is_in_one_loop() -> None:
    listings = [
        Listed("a1", "Alice", "river", "offer", "Bread"),
        Listed("a2", "Alice", "river", "offer", "Guitar lessons"),
        Listed("aw", "Alice", "river", "want", "Eggs"),
        Listed("aw2", "Alice", "river", "want", "Haircut"),
        Listed("bo", "Bob", "hill", "offer", "Eggs"),
        Listed("bw", "Bob", "hill", "want", "Bread"),
        Listed("co", "Bob", "river", "offer", "Haircut"),
        Listed("cw", "Bob", "river", "want", "Guitar lessons"),
    ]
    edges = [Edge("a1", "bw", 1.0), Edge("bo", "aw", 1.0), Edge("a2", "cw", 0.9), Edge("co", "aw2", 0.9)]
    found = find_loops(listings, edges)
    (loop,) = found.loops
    assert set(loop.people) == {("river", "Alice"), ("hill", "Bob")}


LINES = [
    ("1", "Alice", "offer", "Bread"), ("2", "Alice", "want", "Haircut"),
    ("3", "Bob", "offer", "Peluquero"), ("4", "Bob", "want", "Bicycle repair"),
    ("5", "Chandra", "offer", "Réparation de vélos"), ("6", "Chandra", "want", "Pan casero"),
    ("7", "Dina", "want", "Bread"),
]  # fmt: skip


def files(tmp_path: Path) -> Path:
    path = tmp_path / "listings.jsonl"
    keys = ("id", "member", "kind", "title")
    path.write_text(
        "\n".join(json.dumps({**dict(zip(keys, line, strict=True)), "hub": "river"}) for line in LINES),
        "utf-8",
    )
    return path


def test_the_command_finds_the_loop_that_the_matcher_sees(tmp_path: Path) -> None:
    listings = files(tmp_path)
    # In a process of its own: what a library says on the standard output would break the JSON.
    command = [
        sys.executable,
        "-m",
        "appliance.cli",
        "match",
        "loops",
        str(listings),
        "--json",
        "--max-length",
        "3",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert found["people_served"] == 3
    assert found["optimal"] is True
    (loop,) = found["loops"]
    assert [person["member"] for person in loop["people"]] == ["Alice", "Chandra", "Bob"]
    assert [trade["offer_id"] for trade in loop["trades"]] == ["1", "5", "3"]
    shown = CliRunner().invoke(main, ["match", "loops", str(listings)]).output
    assert "Alice gives “Bread”, wanted as “Pan casero”, to" in shown
    assert "3 people in 1 loop; nothing better exists." in shown


def test_a_loop_that_closes_through_the_twelfth_offer_of_a_want_is_found(tmp_path: Path) -> None:
    path = tmp_path / "listings.jsonl"
    said = [("alice", "offer", "Honey", "honey"), ("alice", "want", "Bread", "bread")]
    # Eleven who want nothing have bread of the very kind; Bob, who alone wants what Alice has, has listed his elsewhere.
    said += [("bob", "offer", "Bread", "tools"), ("bob", "want", "Honey", "honey")]
    said += [(f"baker {number}", "offer", "Bread", "bread") for number in range(11)]
    lines = [
        {"id": str(n), "member": member, "hub": "river", "kind": kind, "title": title, "category": category}
        for n, (member, kind, title, category) in enumerate(said)
    ]
    path.write_text("\n".join(json.dumps(line) for line in lines), "utf-8")
    found = json.loads(CliRunner().invoke(main, ["match", "loops", str(path), "--json"]).stdout)
    assert (found["people_served"], found["optimal"]) == (2, True)


def test_of_more_listings_than_are_asked_about_nobody_says_that_nothing_better_exists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.matching.cli.WHOLE", 5)
    found = json.loads(CliRunner().invoke(main, ["match", "loops", str(files(tmp_path)), "--json"]).stdout)
    assert (found["people_served"], found["optimal"], found["upper_bound"]) == (3, False, 3)


def test_edges_of_a_file_stand_for_the_matcher(tmp_path: Path) -> None:
    listings, edges = files(tmp_path), tmp_path / "edges.jsonl"
    lines = [{"offer_id": "1", "want_id": "4", "score": 0.5}, {"offer_id": "3", "want_id": "2", "score": 1}]
    edges.write_text("\n".join(json.dumps(line) for line in lines), "utf-8")
    words = ["match", "loops", str(listings), "--json", "--edges", str(edges)]
    found = json.loads(CliRunner().invoke(main, words).stdout)
    assert found["people_served"] == 2
    for bad, word in (
        ({"offer_id": "1", "want_id": "9", "score": 1}, "no listing"),
        ({"offer_id": "2", "want_id": "4", "score": 1}, "is no offer"),
        ({"offer_id": "1", "want_id": "2", "score": 1}, "one person"),
        ({"offer_id": "1", "want_id": "4", "score": 7}, "score"),
        ({"offer_id": "1", "want_id": "4"}, "score"),
    ):
        edges.write_text("\n".join(json.dumps(line) for line in [*lines, bad]), "utf-8")
        result = CliRunner().invoke(main, words)
        assert result.exit_code == 2
        assert "line 3" in result.output
        assert word in result.output
