"""How a node is to be: what differs from it, in words, and the messages that would change it."""

from dataclasses import replace
from typing import Any

import pytest
from meshtastic.protobuf import admin_pb2, channel_pb2, config_pb2, module_config_pb2

from appliance.radio.errors import BadSetting
from appliance.radio.links.wish import (
    CHANNEL,
    MODULES,
    NODE_INFO_SECONDS,
    PARTS,
    SECTIONS,
    Wish,
    ask,
    differing,
    told,
)

_DEVICE = config_pb2.Config.DeviceConfig

WISH = Wish("MEDIUM_FAST", "CLIENT_MUTE", "hubs-c0ffee", bytes(range(32)), "EU_868", 2)


def kept() -> dict[str, Any]:
    """As a node comes out of its box."""
    config, modules = config_pb2.Config(), module_config_pb2.ModuleConfig()
    parts = {part: getattr(config, part) for part in SECTIONS} | {
        part: getattr(modules, part) for part in MODULES
    }
    return parts | {CHANNEL: channel_pb2.Channel()}


def written(parts: dict[str, Any], wish: Wish = WISH) -> dict[str, Any]:
    """What a node keeps that takes every message."""
    after = dict(parts)
    for message in differing(parts, wish)[1]:
        kind = message.WhichOneof("payload_variant")
        value = getattr(message, kind)
        part = CHANNEL if kind == "set_channel" else value.WhichOneof("payload_variant")
        after[part] = value if part == CHANNEL else getattr(value, part)
    return after


def shown(parts: dict[str, Any], wish: Wish = WISH) -> dict[str, tuple[str, str]]:
    return {change.setting: (change.now, change.then) for change in differing(parts, wish)[0]}


def test_once_written_nothing_differs() -> None:
    assert differing(written(kept()), WISH) == ((), [])


def test_only_what_differs_is_written_and_the_rest_of_its_part_is_kept() -> None:
    parts = written(kept())
    parts["lora"].hop_limit, parts["lora"].tx_power = 7, 14
    changes, (message,) = differing(parts, WISH)
    assert [(change.setting, change.now, change.then) for change in changes] == [("lora.hop_limit", "7", "2")]
    assert (message.set_config.lora.hop_limit, message.set_config.lora.tx_power) == (2, 14)
    assert parts["lora"].hop_limit == 7, "what the node keeps is looked at, not changed"


def test_what_the_wish_leaves_open_stays() -> None:
    parts = written(kept())
    parts["lora"].region, parts["lora"].hop_limit = 1, 7
    assert shown(parts, replace(WISH, region=None, hops=None)) == {}


def test_a_value_that_this_release_does_not_know_is_a_number() -> None:
    parts = written(kept())
    parts["device"].role = 99
    assert shown(parts) == {"device.role": ("99", "CLIENT_MUTE")}


def test_modules_that_would_speak_are_switched_off() -> None:
    parts = written(kept())
    parts["neighbor_info"].enabled = parts["telemetry"].device_telemetry_enabled = True
    assert shown(parts) == {
        "telemetry.device_telemetry_enabled": ("on", "off"),
        "neighbor_info.enabled": ("on", "off"),
    }


def test_a_node_says_its_name_rarely() -> None:
    parts = written(kept())
    assert parts["device"].node_info_broadcast_secs == NODE_INFO_SECONDS
    parts["device"].node_info_broadcast_secs = 10_800
    assert shown(parts) == {"device.node_info_broadcast_secs": ("10800", str(NODE_INFO_SECONDS))}
    assert 3600 < NODE_INFO_SECONDS < 2**31 / 1000, "what the firmware keeps, and counts in milliseconds"


@pytest.mark.parametrize("mode", _DEVICE.RebroadcastMode.keys())
def test_who_passes_the_hubs_packets_on_is_left_to_treat_strangers_as_before(mode: str) -> None:
    parts = written(kept())
    parts["device"].rebroadcast_mode = _DEVICE.RebroadcastMode.Value(mode)
    for_hubs = {"ALL", "ALL_SKIP_DECODING", "LOCAL_ONLY"}
    assert shown(parts) == ({} if mode in for_hubs else {"device.rebroadcast_mode": (mode, "ALL")})


def test_a_further_channel_is_a_secondary_one() -> None:
    _, messages = differing(kept(), replace(WISH, channel=3))
    channel = messages[-1].set_channel
    assert (channel.index, channel.role) == (3, channel_pb2.Channel.Role.SECONDARY)


def test_two_keys_that_look_alike_are_told_apart_and_never_shown() -> None:
    parts, other = written(kept()), written(kept())
    parts[CHANNEL].settings.psk, other[CHANNEL].settings.psk = b"k" * 32, b"l" * 32
    assert shown(parts) == shown(other) == {"channel 0.key": ("a key of 32 bytes", "this community's own")}
    assert differing(parts, WISH)[0] != differing(other, WISH)[0]
    assert b"k" * 8 not in repr(differing(parts, WISH)[0]).encode()


@pytest.mark.parametrize("part", PARTS)
def test_each_part_is_asked_for_and_its_answer_read(part: str) -> None:
    question, answer = ask(part, replace(WISH, channel=2)), admin_pb2.AdminMessage()
    assert question.WhichOneof("payload_variant"), "also where the number asked for is 0"
    if part == CHANNEL:
        assert question.get_channel_request == 3
        answer.get_channel_response.index = 2
    elif part in SECTIONS:
        getattr(answer.get_config_response, part).SetInParent()
    else:
        getattr(answer.get_module_config_response, part).SetInParent()
    assert told(part, answer) is not None
    for other in set(PARTS) - {part}:
        assert told(other, answer) is None
    assert told(part, admin_pb2.AdminMessage()) is None


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"region": "MOON"}, "EU_868"),
        ({"region": "UNSET"}, "may not send"),
        ({"hops": 8}, "0 to 7"),
        ({"name": "much too long"}, "11 bytes"),
        ({"key": b"short"}, "32"),
        ({"role": "ROUTER"}, "role"),
    ],
)
def test_a_wish_that_cannot_be(fields: dict[str, object], word: str) -> None:
    with pytest.raises(BadSetting, match=word):
        replace(WISH, **fields)  # type: ignore[arg-type]
