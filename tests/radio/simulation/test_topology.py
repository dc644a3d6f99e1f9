"""Who hears whom, out of a file."""

from pathlib import Path

import pytest

from appliance.radio.simulation.topology import BadTopology, one_domain, read

GOOD = """
hop_limit = 2
loss = 0.1
links = [
    { between = [1, 2] },
    { from = 2, to = 3, loss = 0.5 },
]
"""


def written(path: Path, text: str, name: str = "valley.toml") -> Path:
    file = path / name
    file.write_text(text, "utf-8")
    return file


def test_links_go_both_ways_or_one(tmp_path: Path) -> None:
    topology = read(written(tmp_path, GOOD), 4, 0.3)
    assert topology.heard == {1: {2: 0.1}, 2: {1: 0.1, 3: 0.5}, 3: {}, 4: {}}
    assert topology.hop_limit == 2


def test_who_is_joined_in_one_way_senses_in_both(tmp_path: Path) -> None:
    senses = read(written(tmp_path, GOOD), 4, 0.3).senses()
    assert senses == {1: {2}, 2: {1, 3}, 3: {2}, 4: set()}


def test_json_says_the_same(tmp_path: Path) -> None:
    text = '{"hop_limit": 2, "loss": 0.1, "links": [{"between": [1, 2]}, {"from": 2, "to": 3, "loss": 0.5}]}'
    assert read(written(tmp_path, text, "valley.json"), 4, 0.3) == read(written(tmp_path, GOOD), 4, 0.3)


def test_the_loss_of_the_command_is_that_of_links_that_name_none(tmp_path: Path) -> None:
    assert read(written(tmp_path, "links = [{ between = [1, 2] }]"), 2, 0.3) == one_domain(2, 0.3)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("links = [", "Invalid"),
        ("hop_limit = 1", "a list of links"),
        ("links = [{ between = [1, 5] }]", "from 1 to 4, not [1, 5]"),
        ("links = [{ between = [1, 1] }]", "two different hubs"),
        ("links = [{ between = [1, true] }]", "two different hubs"),
        ("links = [{ from = 1 }]", "two different hubs"),
        ("links = [{ between = [1, 2], from = 1 }]", "either between or from"),
        ("links = [{ between = [1, 2] }, { from = 2, to = 1 }]", "the link from 2 to 1 stands there twice"),
        ("links = [{ between = [1, 2], loss = 1.5 }]", "from 0 to 1, not 1.5"),
        ("links = [{ between = [1, 2], lost = 0.5 }]", "'lost', which means nothing"),
        ("loss = true\nlinks = []", "from 0 to 1, not True"),
        ("hop_limit = 8\nlinks = []", "from 0 to 7, not 8"),
        ("hops = 1\nlinks = []", "'hops', which means nothing"),
        ("links = [3]", "a link is a table"),
    ],
)
def test_what_makes_no_sense_is_named(tmp_path: Path, text: str, said: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(BadTopology) as raised:
        read(file, 4, 0.3)
    assert said in str(raised.value)
    assert str(raised.value).startswith(str(file))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadTopology, match="No such file"):
        read(tmp_path / "none.toml", 4, 0.3)
