"""What is no match as a village said it is no match in other forms of the same words, and in no others."""

import pytest

from appliance.matching.apart import Apart, one_word


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("saw", "saws"),
        ("haircuts", "Haircut"),
        ("bicicletas", "bicicleta"),
        ("réparations", "reparation"),
        ("clases de inglés", "clase de ingles"),
        ("साइकिल", "साइकिलें"),
        ("دراجة", "دراجات"),
        ("mkate", "mikate"),
        ("widgets", "widget"),  # in no lexicon
        ("tomato plants", "tomato plant"),
    ],
)
def test_forms_of_one_word(one: str, other: str) -> None:
    assert one_word(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("care", "cars"),  # one stem in French
        ("printing", "painting"),
        ("pan", "bread"),  # one thing, two words
        ("tomato plants", "tomatoes"),
        ("wali", "mali"),  # rice is no wealth: unknown words keep their beginnings
        ("", "saw"),
    ],
)
def test_other_words(one: str, other: str) -> None:
    assert not one_word(one, other)


def test_both_terms_count_in_both_directions() -> None:
    apart = Apart([("saw", "bread")])
    assert apart("saws", "bread")
    assert apart("breads", "saws")
    assert not apart("saws", "eggs")
    assert not Apart([])("saw", "bread")
