"""How well the matcher tells what fits from what does not, on labelled pairs in many languages, beside MCCS's rule."""

from collections import defaultdict
from collections.abc import Callable

import pytest

from appliance.matching.reading import read
from appliance.matching.scoring import THRESHOLD, fit
from tests.matching import mccs_rule
from tests.matching.pairs import Pair, all_pairs

PAIRS = all_pairs()

Rule = Callable[[Pair], bool]


def ours(pair: Pair) -> bool:
    found = fit(read(*pair.offer), read(*pair.want))
    return found is not None and found.score >= THRESHOLD


def mccs(pair: Pair) -> bool:
    return mccs_rule.fits(pair.offer[0], pair.want[0])


class Count:
    def __init__(self) -> None:
        self.right = self.missed = self.silly = self.pairs = 0

    def add(self, fits: bool, said: bool) -> None:
        self.pairs += 1
        self.right += fits and said
        self.missed += fits and not said
        self.silly += said and not fits

    @property
    def f1(self) -> float:
        return 2 * self.right / max(1, 2 * self.right + self.missed + self.silly)

    @property
    def agreed(self) -> float:
        return 1 - (self.missed + self.silly) / max(1, self.pairs)


def counted(rule: Rule) -> dict[str, Count]:
    found: dict[str, Count] = defaultdict(Count)
    for pair in PAIRS:
        for name in (pair.tag, "all"):
            found[name].add(pair.fits, rule(pair))
    return found


def test_there_are_enough_pairs_of_every_kind() -> None:
    assert len(PAIRS) >= 400
    assert len({(pair.offer, pair.want) for pair in PAIRS}) == len(PAIRS)
    assert sum(not pair.fits for pair in PAIRS) >= 150


def test_it_tells_apart_far_better_than_names_of_tags_do() -> None:
    mine, theirs = counted(ours), counted(mccs)
    print(f"\n{'':12} {'pairs':>6} {'ours F1':>8} {'MCCS F1':>8} {'ours right':>11} {'MCCS right':>11}")
    for name in mine:
        one, other = mine[name], theirs[name]
        print(
            f"{name:12} {one.pairs:6} {one.f1:8.2f} {other.f1:8.2f} {one.agreed:11.2f} {other.agreed:11.2f}"
        )
    assert mine["all"].f1 >= 0.95
    assert mine["all"].f1 >= theirs["all"].f1 + 0.3
    for name, count in mine.items():
        assert count.agreed >= (0.97 if name in {"trap", "negation"} else 0.9), name


# What must hold whatever the figures are.
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Painting", "Printing"),
        ("Baking", "Biking"),
        ("Massage", "Message"),
        ("Sewing", "Serving"),
        ("Art", "Martial arts"),
        ("Car", "Care"),
        ("Bread", "Breed"),
        ("Bike", "Bike repair"),
        ("Guitar", "Guitar lessons"),
        ("Tomatoes", "Tomato seedlings"),
        ("Bike tyre", "Bicycle"),
        ("Sewing machine", "Sewing machine repair"),
        ("Ladder to lend", "Ladder repair"),
        ("I do not need a plumber", "Plumber"),
    ],
)
def test_what_only_sounds_alike_does_not_fit_either_way(one: str, other: str) -> None:
    for offer, want in ((one, other), (other, one)):
        assert not ours(Pair("", (offer, ""), (want, ""), False))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Plumber", "Plumbing"),
        ("Bicycle repair", "Bike repair"),
        ("Childcare", "Babysitting"),
        ("Organic vegetables", "Vegetables"),
        ("3D printing", "3D printer"),
        ("Café", "cafe"),
        ("Łódź bread", "Łódź bread"),
        ("24/7 plumber", "Plumber"),
        ("日本語", "日本語"),
    ],
)
def test_what_is_one_thing_fits_both_ways(one: str, other: str) -> None:
    for offer, want in ((one, other), (other, one)):
        assert ours(Pair("", (offer, ""), (want, ""), True))


def test_a_tomato_serves_who_wants_vegetables_better_than_the_other_way() -> None:
    tomato, vegetable = read("Tomatoes"), read("Vegetables")
    serves, covers = fit(tomato, vegetable), fit(vegetable, tomato)
    assert serves is not None
    assert covers is not None
    assert serves.score > covers.score
    assert (serves.why.relation, covers.why.relation) == ("kind", "covers")


def test_a_title_counts_more_than_a_description() -> None:
    want = read("Honey")
    in_title, in_text = fit(read("Honey"), want), fit(read("Bread", "also honey"), want)
    assert in_title is not None
    assert in_text is not None
    assert in_title.score > in_text.score >= THRESHOLD


def test_the_language_of_a_listing_decides_between_two_meanings() -> None:
    bread = read("Bread", language="en")
    for language, fits in (("es", True), ("en", False)):
        found = fit(read("Pan", language=language), bread)
        assert (found is not None and found.score >= THRESHOLD) is fits
