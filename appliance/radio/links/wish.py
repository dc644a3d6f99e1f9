"""How a Meshtastic node is to be for hubs, what of it differs, and the messages that would change it.

Nothing here talks to a node. What a node keeps is a mapping from the name of each part (``PARTS``: sections of
its configuration, of its modules, and the channel) to the library's message for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final

from meshtastic.protobuf import admin_pb2, channel_pb2, config_pb2

from appliance.radio.airtime import PRESETS
from appliance.radio.errors import BadSetting

ROLES: Final = ("CLIENT", "CLIENT_MUTE", "CLIENT_BASE")
"""What a hub's node may be: one that repeats, one that does not (indoors), one that favours its own."""

LONGEST_CHANNEL: Final = 11
"""Bytes of a channel's name."""

CHANNEL: Final = "channel"
"""The part that is the wish's channel."""

NODE_INFO_SECONDS: Final = 3 * 24 * 3600
"""How often a node says its name: Meshtastic's own is three hours, its least one. It has no greatest, but counts
in milliseconds and a sign bit, so that from 24 days on an older firmware goes wrong. Never would be too rare:
who stands before a hub with an app of Meshtastic's wants to see which node it is."""

_ADMIN: Final = admin_pb2.AdminMessage
_LORA: Final = config_pb2.Config.LoRaConfig
_DEVICE: Final = config_pb2.Config.DeviceConfig
_POSITION: Final = config_pb2.Config.PositionConfig
_CHANNEL: Final = channel_pb2.Channel

_RELAYING: Final = frozenset(
    _DEVICE.RebroadcastMode.Value(name) for name in ("ALL", "ALL_SKIP_DECODING", "LOCAL_ONLY")
)
"""Modes in which a node passes the hubs' packets on. In others it does not: with ``CORE_PORTNUMS_ONLY`` none that it
can read on a port of ours, with ``KNOWN_ONLY`` none of a node whose name it has not heard yet, with ``NONE`` none."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How a node is to be. ``region`` and ``hops`` None: as it is.

    Attributes:
        region, preset, role: by Meshtastic's names.
        hops: hop limit, 0 to 7.
        channel: index of the channel that the hubs share; 0 is the node's first.
        name: of the channel, at most 11 bytes.
        key: its key, 32 bytes.
    """

    preset: str
    role: str
    name: str
    key: bytes
    region: str | None = None
    hops: int | None = None
    channel: int = 0

    def __post_init__(self) -> None:
        regions = tuple(_LORA.RegionCode.keys())
        if self.region is not None and self.region not in regions:
            known = ", ".join(name for name in regions if name != "UNSET")
            raise BadSetting(f"no region is called {self.region!r:.40}; there are: {known}")
        if self.region == "UNSET":
            raise BadSetting("a radio without a region may not send")
        if self.preset not in PRESETS or self.role not in ROLES:
            raise BadSetting(f"no preset or role: {self.preset!r:.40}, {self.role!r:.40}")
        if self.hops is not None and not 0 <= self.hops <= 7:
            raise BadSetting(f"hop limit {self.hops}: 0 to 7")
        if not 0 < len(self.name.encode()) <= LONGEST_CHANNEL or len(self.key) != 32:
            raise BadSetting("a channel has a name of 1 to 11 bytes and a key of 32")


@dataclass(frozen=True, slots=True)
class Change:
    """A setting that is not as it is to be, in words. A key is never shown; ``mark`` tells two of them apart."""

    setting: str
    now: str
    then: str
    mark: bytes = field(default=b"", repr=False)


def _fields(wish: Wish, kept: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """By section, what the configuration is to say. Whether strangers' packets are passed on stays as it is."""
    lora: dict[str, Any] = {
        "use_preset": True,
        "modem_preset": _LORA.ModemPreset.Value(wish.preset),
        "tx_enabled": True,
        "channel_num": 0,
        "ignore_mqtt": True,
        "config_ok_to_mqtt": False,
        "override_duty_cycle": False,
    }
    if wish.region is not None:
        lora["region"] = _LORA.RegionCode.Value(wish.region)
    if wish.hops is not None:
        lora["hop_limit"] = wish.hops
    device: dict[str, Any] = {
        "role": _DEVICE.Role.Value(wish.role),
        "node_info_broadcast_secs": NODE_INFO_SECONDS,
    }
    if kept["device"].rebroadcast_mode not in _RELAYING:
        device["rebroadcast_mode"] = _DEVICE.RebroadcastMode.Value("ALL")
    return {
        "lora": lora,
        "device": device,
        "position": {
            "gps_mode": _POSITION.GpsMode.Value("NOT_PRESENT"),
            "position_broadcast_smart_enabled": False,
            "fixed_position": False,
        },
    }


_QUIET: Final[dict[str, tuple[str, ...]]] = {
    "telemetry": (
        "device_telemetry_enabled",
        "environment_measurement_enabled",
        "air_quality_enabled",
        "power_measurement_enabled",
        "health_measurement_enabled",
    ),
    "neighbor_info": ("enabled",),
    "mqtt": ("enabled",),
    "range_test": ("enabled",),
}
"""Modules that would speak on the air by themselves, by the settings that make them."""

SECTIONS: Final = ("lora", "device", "position")
MODULES: Final = tuple(_QUIET)
PARTS: Final = (*SECTIONS, *MODULES, CHANNEL)


def ask(part: str, wish: Wish) -> Any:
    """The admin message that asks a node for ``part``."""
    kind = f"{part.replace('_', '').upper()}_CONFIG"
    if part in SECTIONS:
        return _ADMIN(get_config_request=_ADMIN.ConfigType.Value(kind))
    if part in MODULES:
        return _ADMIN(get_module_config_request=_ADMIN.ModuleConfigType.Value(kind))
    return _ADMIN(get_channel_request=wish.channel + 1)  # one more on the wire, so that 0 can be asked for


def told(part: str, answer: Any) -> Any | None:
    """``part`` as the node's answer to ``ask`` has it; None when it is no answer to that."""
    match answer.WhichOneof("payload_variant"):
        case "get_config_response" if answer.get_config_response.WhichOneof("payload_variant") == part:
            return getattr(answer.get_config_response, part)
        case "get_module_config_response" if (
            answer.get_module_config_response.WhichOneof("payload_variant") == part
        ):
            return getattr(answer.get_module_config_response, part)
        case "get_channel_response" if part == CHANNEL:
            return answer.get_channel_response
    return None


def differing(kept: Mapping[str, Any], wish: Wish) -> tuple[tuple[Change, ...], list[Any]]:
    """What of a node that keeps ``kept`` is not as ``wish``, and the admin messages that would change it.

    A message has its whole part, as the node kept it but for what is changed.
    """
    changes: list[Change] = []
    messages: list[Any] = []
    wanted = _fields(wish, kept) | {module: dict.fromkeys(names, False) for module, names in _QUIET.items()}
    for section, values in wanted.items():
        message = _ADMIN()
        setting = message.set_config if section in SECTIONS else message.set_module_config
        part = getattr(setting, section)
        part.CopyFrom(kept[section])
        if found := _apply(part, section, values):
            changes += found
            messages.append(message)
    found, message = _channel(kept[CHANNEL], wish)
    if found:
        changes += found
        messages.append(message)
    return tuple(changes), messages


def _channel(kept: Any, wish: Wish) -> tuple[list[Change], Any]:
    place = f"channel {wish.channel}"
    channel = _CHANNEL()
    channel.CopyFrom(kept)
    channel.index = wish.channel
    role = "SECONDARY" if wish.channel else "PRIMARY"
    changes = _apply(channel, place, {"role": _CHANNEL.Role.Value(role)})
    quiet = {"name": wish.name, "uplink_enabled": False, "downlink_enabled": False}
    changes += _apply(channel.settings, place, quiet)
    changes += _apply(channel.settings.module_settings, place, {"position_precision": 0})
    key = channel.settings.psk
    if key != wish.key:
        mark = blake2b(key, digest_size=16, person=b"tch.mesh.mark").digest()
        changes.append(Change(f"{place}.key", _key_word(key), "this community's own", mark))
        channel.settings.psk = wish.key
    return changes, _ADMIN(set_channel=channel)


def _apply(message: Any, section: str, wanted: dict[str, Any]) -> list[Change]:
    """Set ``wanted`` in ``message``; what that changed."""
    changes = []
    for name, value in wanted.items():
        if getattr(message, name) != value:
            now = _word(message, name)
            setattr(message, name, value)
            changes.append(Change(f"{section}.{name}", now, _word(message, name)))
    return changes


def _word(message: Any, name: str) -> str:
    value, kind = getattr(message, name), message.DESCRIPTOR.fields_by_name[name]
    if kind.enum_type is not None:
        named = kind.enum_type.values_by_number.get(value)
        return str(named.name) if named is not None else str(value)
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)


def _key_word(key: bytes) -> str:
    return f"a key of {len(key)} bytes" if len(key) != 1 else "the key that everybody knows"
