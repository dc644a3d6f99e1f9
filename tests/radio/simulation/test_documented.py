"""The commands that the documents give for their figures can be typed as they stand, and each names its seed."""

import re
import shlex
from pathlib import Path

import click
import pytest

from appliance.cli import main

DOCS = Path(__file__).parents[3] / "docs"
PAGES = ("presets.md", "simulation.md")


def commands(page: str) -> list[str]:
    """Whole commands: lines of their own, and those within a sentence."""
    text = (DOCS / page).read_text("utf-8")
    return re.findall(r"^ {4,}(hub sim .+)$", text, re.MULTILINE) + re.findall(r"`(hub sim -[^`]+)`", text)


def changes(page: str) -> list[str]:
    """Options that a sentence puts in place of others, or adds."""
    return re.findall(r"`(--[a-z-]+ [^`]+)`", (DOCS / page).read_text("utf-8"))


def taken(words: str) -> dict[str, object]:
    """What ``hub sim`` understands by them. Nothing runs."""
    sim = main.get_command(click.Context(main), "sim")
    assert sim is not None
    return sim.make_context("sim", shlex.split(words)).params


@pytest.mark.parametrize("page", PAGES)
def test_a_command_can_be_typed_and_names_its_seed(page: str) -> None:
    found = commands(page)
    assert found, page
    for command in found:
        assert "--seed" in command, command
        assert taken(command.removeprefix("hub sim "))["hubs"]


def test_what_a_sentence_changes_in_one_can_be_typed_too() -> None:
    found = changes("presets.md")
    assert {"--untold 600", "--rate 0.167 --hours 10"} <= set(found)
    for words in found:
        assert taken(words)
