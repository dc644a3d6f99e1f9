"""What a keeper sees of who confirms for whom: pairs, circles, sudden growth, and no verdict."""

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from appliance.ledger.reads.watching import LARGEST_CIRCLE, all_circles, circles, watch
from tests.ledger.care.caring import claim, cosign, let_in
from tests.support.village import Village

EDGES = st.sets(st.tuples(st.integers(0, 14), st.integers(0, 14)), max_size=50).map(
    lambda drawn: {(a, b) for a, b in drawn if a != b}
)


@given(EDGES)
def test_circles_are_the_strongly_connected_groups(edges: set[tuple[int, int]]) -> None:
    groups = nx.strongly_connected_components(nx.DiGraph(edges))
    assert circles(edges) == sorted(
        tuple(sorted(group)) for group in groups if 3 <= len(group) <= LARGEST_CIRCLE
    )


def test_five_who_confirm_for_each_other_are_seen_in_a_village_that_is_one_circle() -> None:
    """Each is signed for six times by the next two, and all thirty of the village sign once for the next."""
    village = {(n, (n + 1) % 30): (1, 100) for n in range(30)}
    five = {(n, (n + step) % 5): (6, 600) for n in range(5) for step in (1, 2)}
    assert circles(village | five) == []
    assert all_circles(village | five) == [(0, 1, 2, 3, 4)]
    assert all_circles(village) == []
    apart = {(one + 40, other + 40): edge for (one, other), edge in five.items()}
    assert all_circles(village | five | apart) == [(0, 1, 2, 3, 4), (40, 41, 42, 43, 44)]


@given(EDGES)
def test_where_all_confirm_once_these_are_all(edges: set[tuple[int, int]]) -> None:
    assert all_circles(dict.fromkeys(edges, (1, 100))) == circles(edges)


def test_who_is_new_and_is_paid_for_much_more_than_others_is_named(river: Village) -> None:
    for carer, ago in (("Alice", 3), ("Alice", 40), ("Alice", 59), ("Bob", 3), ("Bob", 40), ("Bob", 59)):
        cosign(river, claim(river, carer, 60, ago), "Kira", "Chandra")
    cosign(river, claim(river, "Chandra", 120, 2), "Kira", "Alice")
    for ago in range(3):
        cosign(river, claim(river, "Dina", 60, ago), "Kira", "Alice")
    river.clock.advance(5 * 86_400_000)
    with river.hub.reading() as tx:
        seen = watch(tx, river.clock.now())
    assert [(jump.who.number, jump.now, jump.before) for jump in seen.jumps] == [(5, 300, 0)]


def test_a_long_chain_of_villagers_is_looked_through() -> None:
    assert circles({(n, n + 1) for n in range(5000)}) == []


def test_what_may_be_worth_a_talk(river: Village) -> None:
    let_in(river, "Emma")
    for ago in range(3):
        cosign(river, claim(river, "Alice", 60, ago), "Bob", "Kira")
        cosign(river, claim(river, "Bob", 60, ago), "Alice", "Kira")
    for carer, signer, other in (
        ("Chandra", "Dina", "Kira"),
        ("Dina", "Emma", "Kira"),
        ("Emma", "Chandra", "Kira"),
    ):
        cosign(river, claim(river, carer, 60), signer, other)
    cosign(river, claim(river, "Emma", 60, 59), "Kira", "Alice")
    cosign(river, claim(river, "Emma", 120, 3), "Kira", "Bob")
    with river.hub.reading() as tx:
        seen = watch(tx, river.clock.now())
    (pair,) = seen.pairs
    assert ({pair.one.number, pair.other.number}, pair.for_one, pair.for_other) == ({2, 3}, 3, 3)
    assert pair.amount == 600
    (circle,) = seen.circles
    assert [who.number for who in circle.people] == [4, 5, river.numbers["Emma"]]
    assert (circle.amount, circle.share) == (300, 30)
    (jump,) = seen.jumps
    assert (jump.who.number, jump.now, jump.before) == (river.numbers["Emma"], 300, 100)


def test_one_who_confirms_for_another_is_no_pair(river: Village) -> None:
    for ago in range(5):
        cosign(river, claim(river, "Alice", 60, ago), "Bob", "Kira")
    with river.hub.reading() as tx:
        seen = watch(tx, river.clock.now())
    assert (seen.pairs, seen.circles, seen.jumps) == ((), (), ())
