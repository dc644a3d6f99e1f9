"""Rings, as a pure question of who signed for whom: which are found, and who is left in peace."""

import random
from collections import defaultdict
from collections.abc import Iterable
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.ledger.care import rings
from appliance.ledger.care.rings import Found, Node, look


class Edges(defaultdict[Node, dict[Node, int]]):
    """Who signed for whom; ``sign(1, 2, 3)``: 2 and 3 signed for a claim of 1."""

    def __init__(self) -> None:
        super().__init__(dict)

    def sign(self, carer: int, *signers: int, times: int = 1) -> "Edges":
        for signer in signers:
            got = self[river(carer)]
            got[river(signer)] = got.get(river(signer), 0) + times
        return self

    def ring(self, carer: int, share: int, people: int) -> set[int]:
        return {node.member for node in self.look(carer, share, people).ring}

    def look(self, carer: int, share: int, people: int) -> Found:
        return look(river(carer), lambda node: self.get(node, {}), share, people)


def river(member: int) -> Node:
    return Node(101, member)


def everybody(edges: Edges, people: Iterable[int]) -> Edges:
    """Everybody signs once for everybody else."""
    for one in people:
        edges.sign(one, *(other for other in people if other != one))
    return edges


def test_a_pair_that_sign_for_each_other() -> None:
    edges = Edges().sign(1, 2, times=5).sign(2, 1, times=5)
    assert edges.ring(1, 60, 1) == {1, 2}
    assert edges.ring(2, 60, 5) == {1, 2}
    assert edges.ring(1, 0, 5) == set()


def test_a_triangle_needs_two_others() -> None:
    edges = everybody(Edges(), (1, 2, 3))
    assert edges.ring(1, 60, 2) == {1, 2, 3}
    assert edges.ring(1, 60, 1) == set()


def test_five_in_a_ring_each_signed_by_the_next_two() -> None:
    """No two of them sign for each other, and each set of less than five is open."""
    edges = Edges()
    for one in range(5):
        edges.sign(one, (one + 1) % 5, (one + 2) % 5, times=4)
    for one in range(5):
        assert edges.ring(one, 60, 4) == {0, 1, 2, 3, 4}
        assert edges.ring(one, 60, 3) == set()


def test_seven_in_a_ring_among_a_village() -> None:
    edges = Edges()
    for one in range(7):
        edges.sign(one, (one + 1) % 7, (one + 3) % 7, times=4)
    for one in range(20, 50):
        edges.sign(one, 20 + (one + 3) % 30, 20 + (one + 11) % 30, 20 + (one + 17) % 30)
    assert edges.ring(3, 60, 6) == set(range(7))
    assert edges.ring(33, 60, 6) == set()


def test_decoys_below_the_rest_of_the_share_do_not_help() -> None:
    edges = Edges()
    for one in range(5):
        edges.sign(one, (one + 1) % 5, (one + 2) % 5, times=4)  # eight from inside
        edges.sign(one, *range(100 + 10 * one, 103 + 10 * one))  # three from all over
    assert edges.ring(0, 60, 4) == {0, 1, 2, 3, 4}
    for one in range(5):
        edges.sign(one, 200 + one, times=3)  # now six of fourteen: more than the rest of the share
    assert edges.ring(0, 60, 4) == set()


def test_decoys_who_are_signed_for_themselves_do_not_help_either() -> None:
    """The best-looking next person is one from outside; the search comes back from there."""
    edges = Edges()
    for one in range(5):
        edges.sign(one, (one + 1) % 5, (one + 2) % 5, times=4)
        edges.sign(one, 50, times=5)
    edges.sign(50, 0, 1, 2, 3, 4, times=1).sign(50, *range(60, 90), times=1)
    assert edges.ring(0, 60, 4) == {0, 1, 2, 3, 4}


def test_a_nurse_who_cares_for_a_village_of_thirty_is_in_no_ring() -> None:
    edges, village = Edges(), range(1, 31)
    for one in village:
        edges.sign(0, one, 1 + one % 30, times=3)  # each whom she cares for, and a neighbour
    for one in village:  # who care for one another, and she signs for many of them
        edges.sign(one, 0, 1 + (one + 4) % 30, 1 + (one + 12) % 30)
    for one in range(31):
        assert edges.ring(one, 60, 5) == set()


def test_a_carer_for_whom_one_family_signs_is_in_no_ring_when_they_care_for_nobody() -> None:
    assert Edges().sign(0, 1, 2, times=30).ring(0, 60, 5) == set()


def test_a_village_of_six_where_everybody_signs_for_everybody() -> None:
    edges = everybody(Edges(), range(6))
    assert len(edges.ring(0, 60, 5)) == 5  # by the usual rule they would be one
    assert edges.ring(0, 67, 2) == set()  # by that of a small village they are not


def test_the_smallest_ring_is_found_not_the_first() -> None:
    edges = everybody(Edges(), range(5)).sign(0, 9, times=30).sign(9, 0, times=30)
    assert edges.ring(0, 60, 5) == {0, 9}


def test_somebody_of_another_hub_is_somebody_else() -> None:
    here, there = Node(101, 7), Node(102, 7)
    received = {here: {there: 4}, there: {here: 4}}
    assert look(here, lambda node: received.get(node, {}), 60, 1).ring == {here, there}
    assert look(here, lambda node: {Node(101, 8): 4} if node == here else {}, 60, 5) == rings.NONE


def crowd() -> Edges:
    """Three hundred, each signed for by twenty of all the others: no few of them close, and all look as if they could."""
    chance, edges = random.Random(7), Edges()
    for one in range(300):
        edges.sign(one, *chance.sample([other for other in range(300) if other != one], 20))
    return edges


def test_a_crowd_made_to_tire_the_search_ends_and_says_that_nobody_knows() -> None:
    edges = crowd()
    found = edges.look(3, 20, 8)
    assert found == Found(frozenset(), False)
    assert edges.look(3, 20, 8) == found, "always alike: books are folded with it"


def test_what_was_looked_through_to_the_end_is_known() -> None:
    assert crowd().look(3, 60, 8) == rings.NONE
    pair = Edges().sign(1, 2, times=5).sign(2, 1, times=5)
    assert pair.look(1, 60, 5) == Found(frozenset((river(1), river(2))), True)


SIGNED = st.dictionaries(st.tuples(st.integers(0, 6), st.integers(0, 6)), st.integers(1, 4), max_size=30).map(
    lambda drawn: {pair: n for pair, n in drawn.items() if pair[0] != pair[1]}
)


@settings(max_examples=300, deadline=None)
@given(SIGNED, st.integers(1, 99), st.integers(1, 6))
def test_it_finds_what_trying_every_set_finds(
    signed: dict[tuple[int, int], int], share: int, people: int
) -> None:
    edges = Edges()
    for (carer, signer), times in signed.items():
        edges.sign(carer, signer, times=times)

    def closed(group: tuple[int, ...]) -> bool:
        for one in group:
            got = {signer: n for (carer, signer), n in signed.items() if carer == one}
            inside = sum(n for signer, n in got.items() if signer in group)
            if not got or inside * 100 <= share * sum(got.values()):
                return False
        return True

    sizes = [
        1 + others
        for others in range(1, people + 1)
        if any(closed((0, *group)) for group in combinations(range(1, 7), others))
    ]
    found = edges.ring(0, share, people)
    assert len(found) == (min(sizes) if sizes else 0)
    assert not found or (0 in found and closed(tuple(found)))
