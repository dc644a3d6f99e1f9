"""``hub bench radio``: its figures are those of frames that were made, and say what the design promises."""

import json
from typing import Any

import pytest
from click.testing import CliRunner

from appliance.bench import radio
from appliance.cli import main
from appliance.radio.airtime import frame_airtime


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    return radio.run(20)


def test_a_full_frame_is_the_cheapest_by_far(found: dict[str, Any]) -> None:
    sizes = found["sizes"]
    assert set(sizes) == {"hub_alone", "hub_full", "json", "protobuf", "lxmf", "tinyssb"}
    assert sizes["hub_alone"]["bytes_a_record"] <= 100
    assert sizes["hub_full"]["bytes_a_record"] <= 200 / 9
    for name in ("json", "protobuf", "lxmf", "tinyssb"):
        assert sizes[name]["bytes_a_record"] > 4 * sizes["hub_full"]["bytes_a_record"]
        assert sizes[name]["bytes_a_record"] > sizes["hub_alone"]["bytes_a_record"]


def test_airtime_is_the_formula_s(found: dict[str, Any]) -> None:
    for preset in radio.PRESETS:
        assert found["sizes"]["tinyssb"]["air_ms_a_record"][preset] == pytest.approx(
            1000 * frame_airtime(120, preset), abs=0.1
        )
    two = radio._air(231 + 40)
    assert two["LONG_FAST"] == pytest.approx(
        1000 * (frame_airtime(231, "LONG_FAST") + frame_airtime(40, "LONG_FAST")), abs=0.1
    )


def test_json_and_protobuf_say_the_same_and_are_signed() -> None:
    village = radio._Village(1)
    (record,) = village.frame(1).records
    told = village.told(record)
    said = json.loads(radio._json(told))
    assert {name: said[name] for name in told} == told
    assert len(radio._protobuf(told)) == len(radio._body(told)) + 2 + 64


def test_as_it_is_typed() -> None:
    for words, begin in (((), "a payment without memo"), (("--json",), "{")):
        typed = CliRunner().invoke(main, ["bench", "radio", "--rounds", "10", *words])
        assert typed.exit_code == 0, typed.output
        assert typed.stdout.startswith(begin)
    engine = json.loads(typed.stdout)["engine"]
    assert engine["of_a_stranger_ms"] < engine["data_frame_alone_ms"]
    assert 100 < engine["memory_64_hubs_kb"] < 20_000
