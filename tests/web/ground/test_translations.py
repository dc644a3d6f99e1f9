"""Every word that people read is there in every language."""

import re
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

import appliance.web
from appliance.web.ground.i18n import LANGUAGES, direction_of

WEB = Path(appliance.web.__file__).parent
HOLE = re.compile(r"%\((\w+)\)[sd]")


@cache
def source() -> Catalog:
    """What the code and the templates say, in English."""
    found = Catalog()
    with (WEB / "babel.cfg").open(encoding="utf-8") as config:
        methods, options = parse_mapping_cfg(config)
    for name, line, words, _comments, context in extract_from_dir(WEB, methods, options):
        found.add(words, None, [(name, line)], context=context)
    return found


@cache
def catalog(language: str) -> Catalog:
    with (WEB / "translations" / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=language)


def forms(value: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    return (value or "",) if isinstance(value, str | None) else tuple(value)


def translated(message: Message | None) -> bool:
    return message is not None and not message.fuzzy and all(forms(message.string))


TRANSLATED = [language for language in LANGUAGES if language != "en"]


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_word_is_missing(language: str) -> None:
    there = catalog(language)
    missing = [
        f"{message.locations[0][0]}: {forms(message.id)[0]}"
        for message in source()
        if message.id and not translated(there.get(message.id, message.context))
    ]
    assert missing == [], "run `make translations`, then translate"


@pytest.mark.parametrize("language", TRANSLATED)
def test_nothing_is_translated_that_nobody_says(language: str) -> None:
    said = source()
    assert [m.id for m in catalog(language) if m.id and said.get(m.id, m.context) is None] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_numbers_and_names_keep_their_places(language: str) -> None:
    wrong = []
    for message in catalog(language):
        wanted = set().union(*(HOLE.findall(text) for text in forms(message.id)))
        for text in forms(message.string):
            holes = set(HOLE.findall(text))
            # One of something may be said in words, so a plural's forms need not name the number.
            if text and (holes - wanted or (wanted - holes) - {"num"}):
                wrong.append(text)
    assert wrong == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_number_has_its_form_and_what_stands_around_words_stays(language: str) -> None:
    there, wrong = catalog(language), []
    for message in there:
        if not message.id:
            continue
        said, meant = forms(message.string), forms(message.id)
        if len(said) != (there.num_plurals if message.pluralizable else 1):
            wrong.append(f"{len(said)} forms: {meant[0]}")
        for text in said:
            if "%" in HOLE.sub("", text).replace("%%", "") and "%" not in HOLE.sub("", meant[0]).replace(
                "%%", ""
            ):
                wrong.append(f"a stray %: {text}")
            if (text[:1].isspace(), text[-1:].isspace()) != (meant[0][:1].isspace(), meant[0][-1:].isspace()):
                wrong.append(f"a space at an end: {text}")
            if re.findall(r"</?\w+", text) != re.findall(r"</?\w+", meant[0]):
                wrong.append(f"another tag: {text}")
    assert wrong == []


@pytest.mark.parametrize("language", [one for one in TRANSLATED if direction_of(one) == "rtl"])
def test_numbers_with_a_hyphen_are_held_together_where_one_reads_from_the_right(language: str) -> None:
    texts = [text for message in catalog(language) if message.id for text in forms(message.string)]
    bare = [re.sub("\u2066[^\u2069]*\u2069", "", text) for text in texts]
    assert [text for text in bare if re.search(r"(?<![\w-])(?:\d+-\d|-\d)", text)] == []
