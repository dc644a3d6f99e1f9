"""``hub match evaluate``: listings in, matches out, or a clear word on the line that is wrong and nothing written."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.cli import main
from appliance.matching.listings_file import Listed
from appliance.matching.pool import Pool
from appliance.matching.reading import read
from appliance.matching.scoring import THRESHOLD, fit
from tests.matching.pairs import all_pairs


def listing(name: str, member: object, kind: str, title: str, **also: object) -> dict[str, object]:
    return {"id": name, "member": member, "hub": "river", "kind": kind, "title": title, **also}


VILLAGE = [
    listing(
        "o1", "alice", "offer", "Fresh tomatoes", description="from my garden", category="food", lang="en"
    ),
    listing("w1", "bob", "want", "Verduras", description="", category="food", lang="es"),
    listing("w2", "alice", "want", "Vegetables"),
    listing("o2", 7, "offer", "Bicycle repair", category=None, lang=None),
    listing("w3", "dina", "want", "बाइसिकल की मरम्मत", lang="hi"),
    listing("w4", "dina", "want", "Bicycle", lang="xx", category="no such"),
]


def write(path: Path, lines: list[object]) -> Path:
    path.write_text("\n".join(x if isinstance(x, str) else json.dumps(x) for x in lines) + "\n", "utf-8")
    return path


def evaluate(listings: Path, out: Path) -> Result:
    return CliRunner().invoke(main, ["match", "evaluate", str(listings), "--out", str(out)])


def test_alice_serves_bob_and_not_herself_and_bikes_are_no_repairs(tmp_path: Path) -> None:
    out = tmp_path / "predictions.jsonl"
    result = evaluate(write(tmp_path / "listings.jsonl", [*VILLAGE, ""]), out)
    assert result.exit_code == 0, result.output
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert {(line["offer_id"], line["want_id"]) for line in lines} == {("o1", "w1"), ("o2", "w3")}
    assert all(set(line) == {"offer_id", "want_id", "score"} for line in lines)
    assert all(THRESHOLD <= line["score"] <= 1 for line in lines)


BAD = {
    "no JSON": ('{"id": 1,', "no JSON"),
    "a list": ([1], "no JSON object"),
    "no kind": ({"id": 1, "member": 2, "title": "x"}, "kind"),
    "another kind": (listing("x", 1, "gift", "Bread"), "kind"),
    "no title": ({"id": "x", "member": 1, "kind": "offer"}, "title"),
    "an empty title": (listing("x", 1, "offer", "  "), "title"),
    "no id": ({"member": 1, "kind": "offer", "title": "Bread"}, "id"),
    "no member": ({"id": "x", "kind": "offer", "title": "Bread"}, "member"),
    "a title that is a number": (listing("x", 1, "offer", 5), "title"),  # type: ignore[arg-type]
    "a description that is none": (listing("x", 1, "offer", "Bread", description=["a"]), "description"),
    "an id twice": (listing("o1", 1, "offer", "Bread"), "was there before"),
    "true for a member": (listing("x", True, "offer", "Bread"), "member"),
    "a page for a title": (listing("x", 1, "offer", "a" * 5000), "title"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_line_is_named_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    line, word = BAD[name]
    out = tmp_path / "predictions.jsonl"
    out.write_text("as it was", "utf-8")
    result = evaluate(write(tmp_path / "listings.jsonl", [*VILLAGE, line]), out)
    assert result.exit_code == 2
    assert f"line {len(VILLAGE) + 1}" in result.output
    assert word in result.output
    assert len(result.output.strip().splitlines()) == 1
    assert out.read_text("utf-8") == "as it was"
    assert {path.name for path in tmp_path.iterdir()} == {"listings.jsonl", "predictions.jsonl"}


def test_bytes_that_are_no_text_and_files_that_are_not_there_are_told(tmp_path: Path) -> None:
    bad = tmp_path / "listings.jsonl"
    bad.write_bytes(b'{"id": "\xff"}\n')
    assert "line 1" in evaluate(bad, tmp_path / "out").output
    assert "cannot be read" in evaluate(tmp_path / "none", tmp_path / "out").output
    good = write(tmp_path / "good.jsonl", list(VILLAGE))
    result = evaluate(good, tmp_path / "no" / "such" / "out")
    assert result.exit_code == 2
    assert "cannot be written" in result.output


def test_names_come_back_as_they_were_numbers_too(tmp_path: Path) -> None:
    lines: list[object] = [{**listing("", 1, "offer", "Bread"), "id": 7}, listing("007", 2, "want", "Bread")]
    assert evaluate(write(tmp_path / "in", lines), tmp_path / "out").exit_code == 0
    (line,) = map(json.loads, (tmp_path / "out").read_text("utf-8").splitlines())
    assert (line["offer_id"], line["want_id"]) == (7, "007")


def test_half_a_letter_in_a_name_is_told_and_in_a_title_does_no_harm(tmp_path: Path) -> None:
    named = write(tmp_path / "in", [listing("\ud800", 1, "offer", "Bread")])
    result = evaluate(named, tmp_path / "out")
    assert (result.exit_code, "line 1" in result.output, "id" in result.output) == (2, True, True)
    titled = write(
        tmp_path / "in", [listing("o", 1, "offer", "Bread \ud800"), listing("w", 2, "want", "Bread")]
    )
    assert evaluate(titled, tmp_path / "out").exit_code == 0
    assert CliRunner().invoke(main, ["match", "loops", str(titled)]).exit_code == 0


def test_what_a_link_or_a_pipe_leads_to_is_written_and_the_link_stays(tmp_path: Path) -> None:
    listings, real = write(tmp_path / "in", list(VILLAGE)), tmp_path / "real"
    link, pipe = tmp_path / "link", tmp_path / "pipe"
    link.symlink_to(real)
    assert evaluate(listings, link).exit_code == 0
    assert link.is_symlink()
    assert len(real.read_text("utf-8").splitlines()) == 2
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert evaluate(listings, pipe).exit_code == 0
        assert os.read(reading, 100_000) == real.read_bytes()
    finally:
        os.close(reading)
    assert pipe.is_fifo()


@pytest.mark.parametrize(("lang", "fits"), [("spa", True), ("es-MX", True), ("arn", True), ("en_GB", False)])
def test_a_language_is_said_in_two_letters_or_three(tmp_path: Path, lang: str, fits: bool) -> None:
    """*Pan* is bread in Spanish and no bread in English; Mapudungun (arn) is no Arabic."""
    lines: list[object] = [
        listing("o", 1, "offer", "Pan", lang=lang),
        listing("w", 2, "want", "Bread", lang="en"),
    ]
    assert evaluate(write(tmp_path / "in", lines), tmp_path / "out").exit_code == 0
    assert bool((tmp_path / "out").read_text("utf-8")) is fits


def test_a_word_of_one_sign_meets_itself(tmp_path: Path) -> None:
    lines: list[object] = [
        listing("o", 1, "offer", "米"),
        listing("w", 2, "want", "米"),
        listing("x", 2, "want", "肉"),
    ]
    assert evaluate(write(tmp_path / "in", lines), tmp_path / "out").exit_code == 0
    (line,) = map(json.loads, (tmp_path / "out").read_text("utf-8").splitlines())
    assert line["want_id"] == "w"


TITLES = ["Bread", "Pan", "Tomatoes", "Vegetables", "Bike repair", "Fix my bicycle", "Kombucha", "", "Food"]
SOME = st.lists(
    st.tuples(
        st.sampled_from(("offer", "want")), st.integers(1, 5), st.sampled_from([t for t in TITLES if t])
    ),
    max_size=14,
)


def listed(rows: list[tuple[str, int, str]]) -> list[Listed]:
    return [Listed(str(n), str(who), "river", kind, title) for n, (kind, who, title) in enumerate(rows)]


@settings(max_examples=40, deadline=None)
@given(SOME, st.data())
def test_what_came_and_went_leaves_the_same_matches_as_if_it_had_never_been(
    rows: list[tuple[str, int, str]], data: st.DataObject
) -> None:
    all_of_them = listed(rows)
    gone = data.draw(st.sets(st.sampled_from(all_of_them))) if all_of_them else set()
    pool = Pool(all_of_them)
    for one in gone:
        pool.remove(one.id)
    left = Pool(one for one in all_of_them if one not in gone)
    assert {m.edge for m in pool.matches()} == {m.edge for m in left.matches()}


@settings(max_examples=40, deadline=None)
@given(SOME)
def test_one_by_one_gives_what_all_at_once_gives_and_never_oneself(rows: list[tuple[str, int, str]]) -> None:
    pool = Pool(listed(rows))
    at_once = {m.edge for m in pool.matches()}
    assert {m.edge for one in pool.listings for m in pool.matches_of(one, None)} == at_once
    assert all(m.offer.person != m.want.person for m in pool.matches())
    assert {m.edge for m in pool.matches(2)} <= at_once


def test_the_index_finds_whatever_fits() -> None:
    """Candidates come by keys; no pair that fits may be lost on that way."""
    lost = []
    for pair in all_pairs():
        offer = Listed("o", "alice", "river", "offer", *pair.offer)
        want = Listed("w", "bob", "hill", "want", *pair.want)
        found = fit(read(*pair.offer), read(*pair.want))
        fits = found is not None and found.score >= THRESHOLD
        pool = Pool((offer, want))
        if {m.score for m in pool.matches()} != ({found.score} if fits and found else set()):
            lost.append(pair)
        if len(pool.matches_of("o")) != fits or len(pool.matches_of("w")) != fits:
            lost.append(pair)
    assert lost == []
