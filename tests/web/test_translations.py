"""Every word that people read is there in every language."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

import appliance.web
from appliance.web.i18n import LANGUAGES

WEB = Path(appliance.web.__file__).parent
HOLE = re.compile(r"%\((\w+)\)[sd]")


def source() -> Catalog:
    """What the code and the templates say, in English."""
    found = Catalog()
    with (WEB / "babel.cfg").open(encoding="utf-8") as config:
        methods, options = parse_mapping_cfg(config)
    for name, line, words, _comments, context in extract_from_dir(WEB, methods, options):
        found.add(words, None, [(name, line)], context=context)
    return found


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
