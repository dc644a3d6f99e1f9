"""Pairs by strangers, who had not seen the lexicon: what the matcher makes of words that nobody chose for it.

What was found at first sight, before anything was learnt from a set, stands in ``docs/bench.md``. Rules and words were learnt from
all of them since, so the figures that are printed here flatter: a new stranger is needed for a new figure.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from appliance.matching.reading import read
from appliance.matching.scoring import THRESHOLD, fit, with_category
from tests.matching import mccs_rule
from tests.matching.test_pairs import Count

SETS = {
    "stranger": 100,
    "stranger_2": 200,
    "stranger_3": 200,
    "stranger_4": 240,
    "stranger_5": 210,
    "stranger_6": 140,
}
"""Each written by another one; the second in languages of Europe, the third mostly Swahili, Hindi and Arabic."""


def pairs(name: str) -> list[dict[str, Any]]:
    lines = (Path(__file__).parent / "pairs" / f"{name}.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def says(pair: dict[str, Any], *, hints: bool) -> bool:
    """Whether the matcher says that they fit; ``hints``: told the languages, as in a file (``hub match evaluate``)."""
    sides = [pair["offer"], pair["want"]]
    read_ = [read(s["title"], s["description"], s["lang"] if hints else None) for s in sides]
    found = fit(*read_)
    if found is None:
        return False
    return with_category(found.score, sides[0]["category"], sides[1]["category"]) >= THRESHOLD


def counted(those: list[dict[str, Any]], *, hints: bool) -> dict[str, Count]:
    found: dict[str, Count] = {}
    for pair in those:
        for name in (pair["tag"], "all"):
            found.setdefault(name, Count()).add(pair["match"], says(pair, hints=hints))
    return found


def by_tags(those: list[dict[str, Any]]) -> dict[str, Count]:
    """What MCCS's rule makes of them."""
    found: dict[str, Count] = {}
    for pair in those:
        said = mccs_rule.fits(pair["offer"]["title"], pair["want"]["title"])
        for name in (pair["tag"], "all"):
            found.setdefault(name, Count()).add(pair["match"], said)
    return found


@pytest.mark.parametrize("name", SETS)
def test_words_that_nobody_chose_for_it(name: str) -> None:
    those = pairs(name)
    assert len(those) == len({pair["id"] for pair in those}) == SETS[name]
    told, untold, theirs = counted(those, hints=True), counted(those, hints=False), by_tags(those)
    head = f"{'pairs':>5} {'F1':>6} {'missed':>6} {'silly':>5}   without the language: F1   MCCS: F1 missed silly"
    print(f"\n{name:15} {head}")
    for tag, one in told.items():
        mccs = theirs[tag]
        print(
            f"{tag:15} {one.pairs:5} {one.f1:6.2f} {one.missed:6} {one.silly:5}   {untold[tag].f1:24.2f}"
            f"   {mccs.f1:8.2f} {mccs.missed:6} {mccs.silly:5}"
        )
    assert told["all"].f1 >= theirs["all"].f1 + 0.3
    assert told["all"].f1 >= 0.8
    assert untold["all"].f1 >= 0.8
