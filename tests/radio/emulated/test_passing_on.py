"""Which packets an emulated node repeats, by its rebroadcast mode; and how often it may be told to say its name."""

import pytest
from meshtastic.protobuf import admin_pb2, config_pb2

from appliance.radio.emulated.packet import BROADCAST, Packet
from tests.radio.emulated.test_node import HILL, PRIVATE, Computer, a_node, from_hill, reboots

TEXT = 1
MODES = config_pb2.Config.DeviceConfig.RebroadcastMode

OURS = from_hill(4, hops=3)
A_TEXT = from_hill(5, hops=3, port=TEXT)
A_STRANGERS = Packet(HILL, BROADCAST, 6, 3, 3, PRIVATE, b"secret", 99)
"""On a channel that River's node has not."""


@pytest.mark.parametrize(
    ("mode", "repeated"),
    [
        ("ALL", [OURS, A_TEXT, A_STRANGERS]),
        ("ALL_SKIP_DECODING", [OURS, A_TEXT, A_STRANGERS]),
        ("LOCAL_ONLY", [OURS, A_TEXT]),
        ("CORE_PORTNUMS_ONLY", [A_TEXT, A_STRANGERS]),
        ("KNOWN_ONLY", []),
        ("NONE", []),
    ],
)
def test_a_mode_says_what_is_passed_on(mode: str, repeated: list[Packet]) -> None:
    for packet in (OURS, A_TEXT, A_STRANGERS):
        node = a_node()
        node.settings.config["device"].device.rebroadcast_mode = MODES.Value(mode)
        node.from_air(packet, 5.0, -90, 0.0)
        node.tick(20.0)
        assert (node.to_air() is not None) is (packet in repeated)


@pytest.mark.parametrize(("asked", "kept"), [(60, 3600), (0, 3600), (259_200, 259_200)])
def test_its_name_goes_out_once_an_hour_at_most(asked: int, kept: int) -> None:
    node = a_node()
    change = admin_pb2.AdminMessage()
    change.set_config.device.CopyFrom(node.settings.config["device"].device)
    assert change.set_config.device.node_info_broadcast_secs == 10_800, "of the box"
    change.set_config.device.node_info_broadcast_secs = asked
    Computer(node).ask(change)
    assert node.settings.config["device"].device.node_info_broadcast_secs == kept
    assert reboots(node) == 7.0
