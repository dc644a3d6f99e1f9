"""Hindi as people type it: in Latin letters, each in their own way, and in several spellings of Devanagari."""

import pytest

from appliance.matching import hindi
from appliance.matching.reading import read
from appliance.matching.scoring import THRESHOLD, fit
from appliance.matching.spelling import languages_of


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("doodh", "दूध"),
        ("dudh", "दूध"),
        ("bhains", "भैंस"),
        ("silai", "सिलाई"),
        ("chahiye", "चाहिये"),
        ("angreji", "अंग्रेज़ी"),
        ("gaadi", "गाड़ी"),
        ("gadi", "गाड़ी"),
        ("ghadi", "घड़ी"),
        ("ghadee", "घड़ी"),
        ("kambal", "कम्बल"),
        ("साइकील", "साइकिल"),
        ("मरमत", "मरम्मत"),
    ],
)
def test_what_sounds_like_a_word_is_put_as_the_lexicon_spells_it(typed: str, meant: str) -> None:
    def plain(word: str) -> str:
        return word.replace("\u093c", "").replace("ाँ", "ां")

    assert plain(hindi.spelled(typed)) == plain(meant)


@pytest.mark.parametrize("typed", ["sikhata", "sikhati", "sikhane", "sikhwana", "sikhani"])
def test_whoever_does_it_it_is_one_work(typed: str) -> None:
    (taught,) = read(f"{typed} hu", "", "hi")
    assert taught.head.keys == ("@teach",)


@pytest.mark.parametrize("word", ["पंचर", "नहीं", "tanker", "zzzz", "7", "ك"])
def test_what_the_lexicon_spells_so_or_nothing_sounds_like_stays(word: str) -> None:
    assert hindi.spelled(word) == word


def test_a_text_in_latin_letters_is_hindi_by_its_small_words_not_by_one_that_others_have() -> None:
    assert languages_of(["mujhe", "doodh", "chahiye"]) == ("hi",)
    assert languages_of(["ghar", "ka", "kaam"]) == ("hi",)
    assert languages_of(["fresh", "milk", "ka"])[0] == "en"
    assert languages_of(["mujhe", "doodh", "chahiye"], "en")[0] != "hi", "what is said to be English is"
    assert "hi" not in languages_of(["maziwa", "ya", "ngombe", "ke"])


@pytest.mark.parametrize(
    ("offer", "want"),
    [
        ("भैंस का दूध", "bhains ka doodh chahiye"),
        ("Makan ki putai", "मकान की पुताई"),
        ("Tabla sikhata hu", "संगीत सीखना है"),
        ("pyaz", "प्याज"),
        ("Sewing clothes", "kapde silwane hai"),
    ],
)
def test_who_types_it_in_latin_letters_is_found_by_who_does_not(offer: str, want: str) -> None:
    found = fit(read(offer), read(want))
    assert found is not None
    assert found.score >= THRESHOLD


@pytest.mark.parametrize(
    ("offer", "want"), [("gaadi bechni hai", "घड़ी"), ("doodh chahiye", "दवाई"), ("kapde", "किताबें")]
)
def test_what_only_nearly_sounds_like_it_is_something_else(offer: str, want: str) -> None:
    found = fit(read(offer, "", "hi"), read(want))
    assert found is None or found.score < THRESHOLD
