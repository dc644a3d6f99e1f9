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
