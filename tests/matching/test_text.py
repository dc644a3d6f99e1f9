import pytest

from appliance.matching import text


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Árboles y NIÑOS", "arboles y ninos"),
        ("Straße", "strasse"),
        ("٣ كُتُب", "3 كتب"),
        ("أرز", "ارز"),
        ("हिन्दी", "हिन्दी"),
        ("½ Ærø", "1⁄2 ærø"),
    ],
)
def test_what_people_leave_out_is_folded_and_what_is_a_vowel_stays(written: str, folded: str) -> None:
    assert text.fold(written) == folded


@pytest.mark.parametrize(
    ("typed", "right", "odd"),
    [
        ("cuña", "cuna", True),
        ("papá", "papa", True),
        ("cocô", "coco", True),
        ("maçã", "maca", True),
        ("cuna", "cuña", False),  # left out
        ("jardin", "jardín", False),
        ("crème", "créme", False),
        ("élève", "eleve", False),  # within a word
        ("café", "cafe", True),
        ("niños", "niño", False),  # another form
    ],
)
def test_an_accent_that_is_typed_can_make_another_word_one_that_is_left_out_cannot(
    typed: str, right: str, odd: bool
) -> None:
    assert text.at_odds(typed, right) == odd


def test_words_with_accents_are_known_as_they_were_typed() -> None:
    assert text.marked("Cuña y MAÇÃ, pan; नमक") == {"cuna": "cuña", "maca": "maçã"}


def test_the_mark_of_swahili_is_part_of_its_letter() -> None:
    assert text.words("Ng'ombe, kung\u2019oa; rock 'n roll, king's") == [
        "ngombe",
        "kungoa",
        "rock",
        "n",
        "roll",
        "kings",
    ]


def test_words_are_cut_at_anything_that_is_no_letter() -> None:
    assert text.words('L\'eau; "bread"-OR* (2kg)') == ["l", "eau", "bread", "or", "2kg"]
    assert text.words("की का") == ["की", "का"]
    assert text.words("  ---  ") == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("bicycles", "bicycle"),
        ("boxes", "box"),
        ("berries", "berry"),
        ("flores", "flor"),
        ("luces", "luz"),
        ("clases", "clase"),
        ("painting", "paint"),
        ("knitting", "knit"),
        ("baking", "bake"),
        ("sewing", "sew"),
        ("gateaux", "gateau"),
    ],
)
def test_forms_of_one_word_meet(one: str, other: str) -> None:
    assert text.forms(one) & text.forms(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("painting", "printing"),
        ("care", "car"),
        ("plane", "plan"),
        ("bus", "bu"),
        ("glass", "glas"),
        ("की", "का"),
    ],
)
def test_different_words_do_not_meet(one: str, other: str) -> None:
    assert not text.forms(one) & text.forms(other)
