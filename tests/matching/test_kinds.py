"""Under which kind of the shipped taxonomy a listing belongs, by what it says."""

import pytest

from appliance.ledger.book.taxonomy import SHIPPED_PARENT
from appliance.matching.kinds import CONCEPTS, MOST, _led_to, _nearest, proposed
from appliance.matching.lexicon import CONTEXT, MODE, VAGUE, lexicon


def test_the_lexicon_and_the_taxonomy_know_each_other() -> None:
    assert set(CONCEPTS) == set(SHIPPED_PARENT)
    named = [concept for concepts in CONCEPTS.values() for concept in concepts.split()]
    assert len(named) == len(set(named)), "no concept leads to two kinds"
    assert set(named) <= set(lexicon().concepts)


def test_every_thing_that_the_lexicon_knows_has_a_kind() -> None:
    lost = [name for name in lexicon().concepts if _nearest(name, _led_to()) is None]
    said_of_others = {name for name in lost if lexicon().sorts(name) & {CONTEXT, MODE, VAGUE}}
    # What is done with a thing, or to no thing in particular: the thing has the kind.
    assert set(lost) - said_of_others <= {"look_after", "cut", "make", "walk", "install"}


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("Fix bicycles", "bicycle_repair"),
        ("Reparación de bicicletas", "bicycle_repair"),
        ("repair washing machine", "machine_repair"),
        ("Shoe repair", "shoe_repair"),
        ("Clases de guitarra", "music_lessons"),
        ("Guitar", "music"),
        ("English lessons", "language"),
        ("Teach computer", "computer_lessons"),
        ("Computer", "computer"),
        ("fontaneria", "plumbing"),
        ("Plomberie", "plumbing"),
        ("mkate", "bread"),
        ("रोटी", "bread"),
        ("خبز طازج", "bread"),
        ("gallinas ponedoras", "poultry"),
        ("huevos", "dairy"),
    ],
)
def test_the_likeliest_kind_comes_first_in_any_language(title: str, kind: str) -> None:
    assert proposed(title)[0] == kind
    assert len(proposed(title)) <= MOST


def test_what_nobody_understands_is_of_no_kind() -> None:
    assert proposed("日本語") == ()
    assert proposed("") == ()
