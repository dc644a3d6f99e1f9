"""What a title is about, where several things are named."""

import pytest

from appliance.matching.reading import LISTED, TOLD, read
from appliance.matching.scoring import THRESHOLD, fit


def about(title: str, language: str | None = None) -> str:
    return read(title, "", language)[0].head.keys[0]


def fits(offer: str, want: str) -> bool:
    found = fit(read(*offer.split(" / ")), read(*want.split(" / ")))
    return found is not None and found.score >= THRESHOLD


@pytest.mark.parametrize(
    ("title", "thing"),
    [
        ("Sack of potatoes", "potato"),
        ("Saco de papas", "potato"),
        ("Eggs from our farm", "egg"),
        ("Farm eggs", "egg"),
        ("Huevos frescos de granja", "egg"),
        ("Empty potato sacks", "bag"),
        ("Sacs de pommes de terre vides", "bag"),
        ("Potato crates", "container"),
        ("Farm work", "farming"),
    ],
)
def test_food_is_food_whatever_it_is_packed_in_and_wherever_it_grew(title: str, thing: str) -> None:
    assert about(title) == thing


@pytest.mark.parametrize(
    ("title", "thing"),
    [
        ("Gardening books", "book"),
        ("Piano tuner", "tuning"),
        ("Libro de jardinería", "book"),
        ("Faço faxina", "house_cleaning"),
    ],
)
def test_work_that_comes_last_is_the_work_and_what_comes_before_a_thing_says_which(
    title: str, thing: str
) -> None:
    assert about(title) == thing


def test_a_sentence_about_oneself_is_no_list_of_things() -> None:
    assert [one.weight for one in read("Coop", "I have my own hens")][1:] == [TOLD]
    assert [one.weight for one in read("Vegetables", "also eggs, honey")][1:] == [LISTED, LISTED]
    assert not fits("Galinhas", "chicken coop / for six birds, I have my own hens")
    assert fits("From our farm / Fresh milk and eggs every morning", "Eggs")


@pytest.mark.parametrize(
    ("offer", "want"),
    [
        ("Unga wa mhogo", "unga wa ngano"),
        ("Aceite de oliva", "Aceite de coco"),
        ("Pilha de tijolos", "preciso pilhas AA"),
        ("Cuña para puerta", "cuna"),
        ("Papá Noel a domicilio", "papa"),
        ("Coco seco", "cocô de galinha"),
        ("Piano à donner", "piano tuner"),
        ("Kusuka mikeka", "Kusukwa nywele"),
    ],
)
def test_what_shares_a_word_and_is_something_else_does_not_fit(offer: str, want: str) -> None:
    assert not fits(offer, want)


@pytest.mark.parametrize(
    ("offer", "want"),
    [
        ("cuna", "Cuna"),
        ("cama y cuna", "cuna"),
        ("Jardin", "jardín"),
        ("bocal", "bocaux"),
        ("Wool jumpers", "Warm winter clothes"),
        ("Kung'oa meno", "kungoa meno"),
        ("Ng’ombe wa maziwa", "ngombe"),
        ("Conejos", "mascota"),
    ],
)
def test_an_accent_left_out_a_plural_and_how_it_should_be_hide_nothing(offer: str, want: str) -> None:
    assert fits(offer, want)


@pytest.mark.parametrize(
    ("title", "language", "other"),
    [
        ("Rasta", "sw", "pasta"),
        ("vêtements chauds", "fr", "spinach"),
        ("Manteau d'hiver", "fr", "bee"),
        ("Piano à vendre", "fr", "ride"),
    ],
)
def test_a_word_of_one_language_is_no_slip_in_another(title: str, language: str, other: str) -> None:
    assert all(other not in topic.keys for one in read(title, "", language) for topic in one.topics)


@pytest.mark.parametrize(
    ("offer", "want"),
    [
        ("Sewing machine / my old treadle, hardly used", "Sewing machine / jammed. need someone to fix it"),
        ("Simu / nafundisha wazee kutumia whatsapp", "simu / nanunua ndogo"),
        ("Bicycle / blue, three gears", "Bicycle / who repairs it?"),
    ],
)
def test_the_text_can_say_that_something_is_done_with_what_the_title_names(offer: str, want: str) -> None:
    assert not fits(offer, want)


def test_what_is_done_with_another_thing_says_nothing_of_the_title() -> None:
    assert read("Bread", "I repair bicycles, too")[0].modes == frozenset()
    assert fits("Bread / I repair bicycles, too", "Bread")
    assert fits("Ladder / can lend", "Ladder to borrow")


@pytest.mark.parametrize(
    ("offer", "want"),
    [
        ("Nakamua ng'ombe", "kukamuliwa ng'ombe"),
        ("Kusuka nywele", "kusukwa nywele"),
        ("खटिया बुनते हैं", "खटिया बुनवानी है"),
        ("J'affûte couteaux et outils", "affutage de sécateurs"),
    ],
)
def test_who_does_it_serves_who_has_it_done(offer: str, want: str) -> None:
    assert fits(offer, want)
