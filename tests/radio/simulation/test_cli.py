"""``hub sim``, as it is typed."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from appliance.cli import main

SMALL = ("--hubs", "3", "--rate", "0.5", "--hours", "0.2", "--seed", "5")


def typed(*words: str) -> Result:
    return CliRunner().invoke(main, ["sim", *words])


def test_the_figures_as_json() -> None:
    result = typed(*SMALL, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert set(found) == {
        "scenario",
        "utilisation",
        "records",
        "delivered",
        "late",
        "latency_s",
        "frames",
        "airtime_s",
        "airtime_over_bound",
        "collisions",
        "finished_s",
        "busiest_hour",
        "own_hour",
        "radio_hour",
        "queue",
        "listings",
        "listings_held",
    }
    assert set(found["latency_s"]) == {"p50", "p95", "p99"}
    assert 0 < found["utilisation"] < 1
    assert found["records"] == found["delivered"] > 0
    assert found["frames"]["data"] > 0
    assert found["scenario"]["seed"] == 5
    assert typed(*SMALL, "--json").stdout == result.stdout


def test_the_same_in_words() -> None:
    result = typed(*SMALL)
    assert result.exit_code == 0, result.output
    assert "3 hubs, 0.5 payments a minute each, MEDIUM_FAST, loss 30%" in result.stdout
    assert "channel in use:" in result.stdout


def test_who_hears_whom_out_of_a_file_and_an_outage(tmp_path: Path) -> None:
    file = tmp_path / "valley.toml"
    file.write_text("hop_limit = 1\nlinks = [{ between = [1, 2] }, { between = [2, 3] }]", "utf-8")
    words = (*SMALL, "--topology", str(file), "--outage", "2:0.05:0.1", "--firmware", "2.8", "--json")
    result = typed(*words)
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["records"] == found["delivered"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--outage", "2"), "is not HUB:FROM:TO"),
        (("--outage", "9:0:1"), "an outage is of a hub from 1 to 8"),
        (("--outage", "2:1:3"), "within the run"),
        (("--hubs", "1"), "is not in the range"),
        (("--preset", "FAST"), "is not one of"),
        (("--loss", "1"), "is not in the range"),
        (("--topology", "nowhere.toml"), "No such file"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(words: tuple[str, ...], said: str) -> None:
    result = typed(*words)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_a_shape_in_place_of_a_file(tmp_path: Path) -> None:
    result = typed(*SMALL, "--shape", "line", "--hops", "1", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["records"] == found["delivered"]
    assert found != json.loads(typed(*SMALL, "--json").stdout)
    file = tmp_path / "valley.toml"
    file.write_text("links = []", "utf-8")
    assert "either --topology or --shape" in typed("--shape", "star", "--topology", str(file)).output
    assert "--hops goes with --shape" in typed("--hops", "2").output
    assert "'ring' is not one of" in typed("--shape", "ring").output
