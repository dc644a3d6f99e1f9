"""The lexicon holds together: nothing in it points to what is not there."""

import pytest

from appliance.ledger.book.rules import CATEGORIES
from appliance.matching.lexicon import LANGUAGES, MODE, ROOT, lexicon
from appliance.matching.meaning import from_text, to_text
from appliance.matching.reading import read
from appliance.matching.stems import stem

LEXICON = lexicon()


def test_every_concept_has_words_in_every_language_and_parents_that_exist() -> None:
    assert len(LEXICON.concepts) >= 400
    for concept in LEXICON.concepts.values():
        assert all(concept.words[language] for language in LANGUAGES), concept.id
        assert set(concept.parents) <= set(LEXICON.concepts), concept.id
        assert concept.id not in LEXICON.above(concept.id)


def test_every_concept_but_acts_modes_and_places_is_under_a_heading() -> None:
    free = {
        concept.id
        for concept in LEXICON.concepts.values()
        if not concept.sorts & {"act", MODE, "ctx", ROOT}
        and not any(ROOT in LEXICON.sorts(name) for name in LEXICON.above(concept.id))
    }
    assert free == set()
    headings = {concept.id for concept in LEXICON.concepts.values() if ROOT in concept.sorts}
    assert {"food", "garden", "animals", "household", "building", "tools", "transport", "crafts"} <= headings
    assert {"teaching", "health", "digital"} <= headings
    assert {"food", "garden", "teaching"} <= set(CATEGORIES)


def test_blends_are_made_of_concepts() -> None:
    for blend in LEXICON.blends:
        assert set(blend) <= set(LEXICON.concepts), blend


def test_the_words_of_a_concept_are_read_as_that_concept() -> None:
    # Not all: a word may have two meanings, and what is under a mode or an act may be blended.
    lost = []
    for concept in LEXICON.concepts.values():
        if concept.sorts & {MODE, "ctx"} or concept.id.startswith("@"):
            continue
        for language in LANGUAGES:
            first = concept.words[language][0]
            read_as = {key for one in read(first, language=language) for key in one.head.keys}
            if not any(key == concept.id or concept.id in LEXICON.above(key) for key in read_as):
                lost.append((concept.id, language, first))
    assert len(lost) <= 0.02 * len(LEXICON.concepts) * len(LANGUAGES), lost


@pytest.mark.parametrize("written", ["Goat cheese, eggs and honey", "Clases de guitarra", "日本語", "", "!!"])
def test_a_meaning_kept_as_text_comes_back(written: str) -> None:
    assert from_text(to_text(read(written, "also jam"))) == read(written, "also jam")


@pytest.mark.parametrize(
    ("one", "other", "language"),
    [
        ("bicycles", "bicycle", "en"),
        ("reparaciones", "reparacion", "es"),
        ("llevarte", "llevar", "es"),
        ("السباكه", "سباكة", "ar"),
        ("ninafundisha", "kufundisha", "sw"),
        ("सब्ज़ी", "सब्जी", "hi"),
    ],
)
def test_forms_of_a_word_have_one_stem(one: str, other: str, language: str) -> None:
    assert stem(one, language) == stem(other, language)
