"""The formula, against the table that was drawn up from the firmware's own source and measurements."""

import pytest
from meshtastic.protobuf import config_pb2, mesh_pb2

from appliance.radio.airtime import (
    LONGEST_FRAME,
    LONGEST_PAYLOAD,
    PRESETS,
    RADIO_HEADER_BYTES,
    duty_cycle,
    frame_airtime,
    frame_bytes,
)
from appliance.radio.emulated.settings import Settings, Setup


def ms(seconds: float) -> int:
    return round(seconds * 1000)


@pytest.mark.parametrize(
    ("preset", "length", "expected"),
    [
        ("LONG_FAST", 255, 2157),
        ("LONG_FAST", 200, 1747),
        ("LONG_FAST", 117, 1133),
        ("LONG_FAST", 40, 559),
        ("MEDIUM_FAST", 255, 642),
        ("MEDIUM_FAST", 200, 519),
        ("MEDIUM_FAST", 117, 334),
        ("MEDIUM_FAST", 40, 160),
        ("SHORT_FAST", 255, 204),
        ("SHORT_FAST", 200, 163),
        ("SHORT_FAST", 117, 102),
        ("SHORT_FAST", 40, 45),
        ("SHORT_TURBO", 255, 102),
        ("SHORT_TURBO", 200, 81),
        ("SHORT_TURBO", 117, 51),
        ("SHORT_TURBO", 40, 23),
        ("MEDIUM_SLOW", 255, 1181),
        ("SHORT_SLOW", 255, 362),
        ("LONG_TURBO", 255, 1656),
        ("LONG_MODERATE", 255, 7934),
        ("LONG_SLOW", 255, 14295),
        ("LITE_FAST", 255, 1283),
        ("NARROW_FAST", 255, 967),
        ("NARROW_SLOW", 255, 1713),
    ],
)
def test_a_frame_takes_as_long_as_the_firmware_says(preset, length, expected):
    assert ms(PRESETS[preset].on_air(length)) == expected


@pytest.mark.parametrize(
    ("preset", "expected"),
    [("LONG_FAST", 28.1), ("MEDIUM_FAST", 12.7), ("SHORT_FAST", 8.9), ("SHORT_TURBO", 8.2)],
)
def test_a_slot_takes_as_long_as_the_firmware_says(preset, expected):
    assert round(PRESETS[preset].slot * 1000, 1) == expected


def test_the_longest_payload_fills_the_longest_frame():
    assert frame_bytes(LONGEST_PAYLOAD) == LONGEST_FRAME
    assert ms(frame_airtime(LONGEST_PAYLOAD, "MEDIUM_FAST")) == 642


def test_a_registered_port_spares_one_byte():
    assert frame_bytes(232, port=127) == LONGEST_FRAME


def test_a_newer_firmware_signs_what_still_fits():
    """Measured on 2.8: 165 bytes take the time of a full frame, 166 are sent as they are."""
    assert frame_bytes(165, firmware28=True) == LONGEST_FRAME
    assert ms(frame_airtime(165, "LONG_FAST", firmware28=True)) == 2157
    assert ms(frame_airtime(166, "LONG_FAST", firmware28=True)) == 1665
    assert frame_airtime(166, "LONG_FAST", firmware28=True) == frame_airtime(166, "LONG_FAST")


def test_an_unknown_preset_is_named_in_the_error():
    with pytest.raises(ValueError, match="WALKIE_TALKIE"):
        frame_airtime(100, "WALKIE_TALKIE")


@pytest.mark.parametrize("port", [1, 127, 256, 511])
def test_the_overhead_is_that_of_the_real_protobuf(port):
    for size in range(1, 232):
        data = mesh_pb2.Data(portnum=port, payload=bytes(size), bitfield=1)
        assert frame_bytes(size, port=port) == RADIO_HEADER_BYTES + len(data.SerializeToString())


TENTH = {"EU_433", "EU_868", "EU_N_868", "UA_433", "TH"}
LESS = {"EU_866": 0.025, "UA_868": 0.01}
FREE = [
    "UNSET",
    "US",
    "CN",
    "JP",
    "ANZ",
    "KR",
    "TW",
    "RU",
    "IN",
    "NZ_865",
    "LORA_24",
    "MY_433",
    "MY_919",
    "SG_923",
    "PH_433",
    "PH_868",
    "PH_915",
    "ANZ_433",
    "KZ_433",
    "KZ_863",
    "NP_865",
    "BR_902",
    "ITU1_2M",
    "ITU2_2M",
    "EU_874",
    "EU_917",
    "ITU3_2M",
]


@pytest.mark.parametrize(
    "region", config_pb2.Config.LoRaConfig.RegionCode.keys()
)  # one new there needs its share here
def test_every_region_of_the_library_has_its_share_of_an_hour(region):
    expected = LESS | dict.fromkeys(TENTH, 0.1) | dict.fromkeys(FREE, 1.0)
    node = Settings(Setup(region=region))
    assert duty_cycle(region) == node.duty_cycle == expected[region]
