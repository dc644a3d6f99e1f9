"""What an emulated node is and how it is set: identity, channels, configuration, and who may change it.

The messages are those of the `meshtastic` package. The start-up answers come in the order of the
firmware (PhoneAPI.cpp, 2.7.26); the library builds its picture of the node from them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

from meshtastic.protobuf import (
    admin_pb2,
    channel_pb2,
    config_pb2,
    device_ui_pb2,
    mesh_pb2,
    module_config_pb2,
    portnums_pb2,
)

from appliance.radio.airtime import PRESETS, duty_cycle, preset_named
from appliance.radio.emulated.packet import DEFAULT_KEY, channel_hash, preset_channel

CONFIG_ONLY: Final = 69420
"""The nonce of a client that wants no other nodes."""

NODES_ONLY: Final = 69421

REBOOT_AFTER: Final = 7.0
"""Seconds from a changed configuration to the reboot (DEFAULT_REBOOT_SECONDS)."""

_CHANNELS: Final = 8
_NODE_INFO: Final = 3 * 3600
_NODE_INFO_LEAST: Final = 3600  # AdminModule.cpp: what is asked to be more often is as often as this
_CORE_PORTS: Final = frozenset({1, 3, 4, 5, 6, 67})
"""What CORE_PORTNUMS_ONLY passes on: text, position, names, routing, admin, telemetry."""
_LONGEST_NAME: Final = 40
_NOT_SENT: Final = {"sessionkey", "device_ui"}


def number_of(name: str) -> int:
    """A node number for a name: the same on every start."""
    return int.from_bytes(blake2b(name.encode(), digest_size=4, person=b"tch.node").digest(), "big") | 1 << 16


@dataclass(frozen=True, slots=True)
class Setup:
    """An emulated node as it leaves the workshop.

    Attributes:
        number: its node number; derived from the name when 0.
        relays: whether it repeats what it hears (role CLIENT), or not (CLIENT_MUTE).
        signs: whether it is a firmware 2.8, which signs every broadcast that still fits.
        strict: whether its signature policy is STRICT: it takes no broadcast that a node has not signed.
            Only a firmware 2.8 has one.
        keys: whether it keeps the key of each node it hears, and so takes packets to that node alone.
        host_queue: packets kept for the computer.
        sent: seconds it has already sent within this hour.
        tx: whether sending is switched on.
    """

    name: str = "node"
    number: int = 0
    preset: str = "MEDIUM_FAST"
    region: str = "EU_868"
    hop_limit: int = 3
    relays: bool = True
    signs: bool = False
    strict: bool = False
    keys: bool = False
    host_queue: int = 32
    sent: float = 0.0
    tx: bool = True

    def __post_init__(self) -> None:
        preset_named(self.preset)
        if self.region not in config_pb2.Config.LoRaConfig.RegionCode.keys():  # noqa: SIM118 - no mapping
            raise ValueError(f"no region is called {self.region!r}")
        if not 0 <= self.hop_limit <= 7:
            raise ValueError(f"a hop limit lies between 0 and 7, not {self.hop_limit}")
        if self.strict and not self.signs:
            raise ValueError("only a firmware that signs can be strict about signatures")
        if not self.number:
            object.__setattr__(self, "number", number_of(self.name))


class Settings:
    """The node's memory: what survives a reboot."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.reboots = 0
        ident = f"!{setup.number:08x}"
        self.user = mesh_pb2.User(
            id=ident,
            long_name=setup.name,
            short_name=setup.name[:4],
            hw_model=mesh_pb2.HardwareModel.PORTDUINO,
        )
        self.config: dict[str, Any] = {}
        for field in config_pb2.Config.DESCRIPTOR.fields:
            item = config_pb2.Config()
            getattr(item, field.name).SetInParent()
            self.config[field.name] = item
        self.modules: dict[str, Any] = {}
        for field in module_config_pb2.ModuleConfig.DESCRIPTOR.fields:
            item = module_config_pb2.ModuleConfig()
            getattr(item, field.name).SetInParent()
            self.modules[field.name] = item
        kinds = config_pb2.Config.LoRaConfig
        lora = self.config["lora"].lora
        lora.use_preset = True
        lora.modem_preset = kinds.ModemPreset.Value(setup.preset)
        lora.region = kinds.RegionCode.Value(setup.region)
        lora.hop_limit = setup.hop_limit
        lora.tx_enabled = setup.tx
        roles = config_pb2.Config.DeviceConfig.Role
        device = self.config["device"].device
        device.role = roles.CLIENT if setup.relays else roles.CLIENT_MUTE
        device.node_info_broadcast_secs = _NODE_INFO
        self.channels = [channel_pb2.Channel(index=index) for index in range(_CHANNELS)]
        self.channels[0].role = channel_pb2.Channel.Role.PRIMARY
        self.channels[0].settings.psk = b"\x01"

    # ------------------------------------------------------------------------ what follows from them

    @property
    def lora(self) -> Any:
        """The radio's part of the configuration."""
        return self.config["lora"].lora

    @property
    def preset(self) -> str:
        """The modulation, by Meshtastic's name."""
        return str(config_pb2.Config.LoRaConfig.ModemPreset.Name(self.lora.modem_preset))

    @property
    def may_send(self) -> bool:
        """Whether sending is switched on and a region set; the firmware refuses otherwise."""
        return bool(self.lora.tx_enabled and self.lora.region)

    @property
    def duty_cycle(self) -> float:
        """The share of an hour that it may send."""
        if self.lora.override_duty_cycle:
            return 1.0
        return duty_cycle(config_pb2.Config.LoRaConfig.RegionCode.Name(self.lora.region))

    @property
    def relays(self) -> bool:
        """Whether it repeats what it hears, as far as its role goes."""
        return bool(self.config["device"].device.role != config_pb2.Config.DeviceConfig.Role.CLIENT_MUTE)

    def passes_on(self, port: int, channel: int | None) -> bool:
        """Whether it repeats a packet on ``port``, of its own ``channel`` or of one that it cannot read (None)."""
        modes, mode = (
            config_pb2.Config.DeviceConfig.RebroadcastMode,
            self.config["device"].device.rebroadcast_mode,
        )
        if not self.relays or mode in {
            modes.NONE,
            modes.KNOWN_ONLY,
        }:  # no emulated node says its name: none is known
            return False
        if channel is None:
            return bool(mode != modes.LOCAL_ONLY)
        return bool(mode != modes.CORE_PORTNUMS_ONLY or port in _CORE_PORTS)

    def channel_hash(self, index: int) -> int | None:
        """The byte that stands for a channel's name and key on the air; None for a channel switched off."""
        if not 0 <= index < _CHANNELS or self.channels[index].role == channel_pb2.Channel.Role.DISABLED:
            return None
        settings = self.channels[index].settings
        # A channel without a name goes by that of the preset; a key of one byte stands for a variant of the known one.
        name = settings.name or preset_channel(self.preset)
        key = settings.psk
        if len(key) == 1:
            key = DEFAULT_KEY[:-1] + bytes([(DEFAULT_KEY[-1] + key[0] - 1) % 256]) if key[0] else b""
        return channel_hash(name, bytes(key))

    def channel_with(self, channel_hash: int) -> int | None:
        """The index of the channel with this hash."""
        for index in range(_CHANNELS):
            if self.channel_hash(index) == channel_hash:
                return index
        return None

    # ------------------------------------------------------------------------ what a client is told

    def metadata(self) -> Any:
        """Firmware and hardware, as the client asks for them."""
        return mesh_pb2.DeviceMetadata(
            firmware_version="2.8.0.emulated" if self.setup.signs else "2.7.26.emulated",
            device_state_version=24,
            role=self.config["device"].device.role,
            hw_model=mesh_pb2.HardwareModel.PORTDUINO,
        )

    def node_info(self) -> Any:
        """The node's own entry in its list of nodes."""
        info = mesh_pb2.NodeInfo(num=self.setup.number)
        info.user.CopyFrom(self.user)
        return info

    def greeting(self, nonce: int, others: Sequence[int]) -> Iterator[Any]:
        """Everything a client is told after ``want_config_id``, in order. FromRadio messages without ids."""
        if nonce != NODES_ONLY:
            yield mesh_pb2.FromRadio(
                my_info=mesh_pb2.MyNodeInfo(
                    my_node_num=self.setup.number,
                    reboot_count=self.reboots,
                    min_app_version=30200,
                    nodedb_count=1 + len(others),
                )
            )
            yield mesh_pb2.FromRadio(deviceuiConfig=device_ui_pb2.DeviceUIConfig(version=1))
        yield mesh_pb2.FromRadio(node_info=self.node_info())
        if nonce != NODES_ONLY:
            yield mesh_pb2.FromRadio(metadata=self.metadata())
            for channel in self.channels:
                yield mesh_pb2.FromRadio(channel=channel)
            for name, config in self.config.items():
                if name not in _NOT_SENT:
                    yield mesh_pb2.FromRadio(config=config)
            for module in self.modules.values():
                yield mesh_pb2.FromRadio(moduleConfig=module)
        if nonce != CONFIG_ONLY:
            for number in others:
                yield mesh_pb2.FromRadio(node_info=mesh_pb2.NodeInfo(num=number))
        yield mesh_pb2.FromRadio(config_complete_id=nonce)


class Admin:
    """Answers the admin messages of the own computer: reading and changing the configuration."""

    def __init__(self, settings: Settings, passkey: bytes) -> None:
        self._settings = settings
        self._passkey = passkey
        self._editing = False
        self._changed = False

    def answer(self, request: Any) -> tuple[Any | None, float | None]:
        """The answer if there is one, and in how many seconds the node reboots if it does."""
        kind = request.WhichOneof("payload_variant") or ""
        reply = self._read(kind, request)
        if reply is not None:
            reply.session_passkey = self._passkey
            return reply, None
        match kind:
            case "reboot_seconds":
                # A negative number cancels, as in the firmware.
                return None, float(request.reboot_seconds) if request.reboot_seconds >= 0 else None
            case "begin_edit_settings":
                self._editing, self._changed = True, False
            case "commit_edit_settings":
                self._editing = False
                return None, REBOOT_AFTER if self._changed else None
            case _:
                if self._write(kind, request):
                    self._changed = True
                    return None, None if self._editing else REBOOT_AFTER
        return None, None

    def _read(self, kind: str, request: Any) -> Any | None:
        settings = self._settings
        reply = admin_pb2.AdminMessage()
        match kind:
            case "get_owner_request":
                reply.get_owner_response.CopyFrom(settings.user)
            case "get_device_metadata_request":
                reply.get_device_metadata_response.CopyFrom(settings.metadata())
            case "get_channel_request":
                index = request.get_channel_request - 1  # one more on the wire, so that 0 can be asked for
                if not 0 <= index < _CHANNELS:
                    return None
                reply.get_channel_response.CopyFrom(settings.channels[index])
            case "get_config_request":
                items = list(settings.config.values())
                if not 0 <= request.get_config_request < len(items):
                    return None
                reply.get_config_response.CopyFrom(items[request.get_config_request])
            case "get_module_config_request":
                items = list(settings.modules.values())
                if not 0 <= request.get_module_config_request < len(items):
                    return None
                reply.get_module_config_response.CopyFrom(items[request.get_module_config_request])
            case _:
                return None
        return reply

    def _write(self, kind: str, request: Any) -> bool:
        """Take a change; whether it makes a reboot necessary."""
        settings = self._settings
        match kind:
            case "set_owner" if len(request.set_owner.long_name.encode()) < _LONGEST_NAME:
                settings.user.MergeFrom(request.set_owner)
            case "set_channel" if 0 <= request.set_channel.index < _CHANNELS:
                settings.channels[request.set_channel.index].CopyFrom(request.set_channel)
            case "set_config" if _known(request.set_config.lora):
                device = request.set_config.device
                if (
                    request.set_config.HasField("device")
                    and device.node_info_broadcast_secs < _NODE_INFO_LEAST
                ):
                    device.node_info_broadcast_secs = _NODE_INFO_LEAST
                return _replace(settings.config, request.set_config)
            case "set_module_config":
                return _replace(settings.modules, request.set_module_config)
            case _:
                pass
        return False


def _known(lora: Any) -> bool:
    kinds = config_pb2.Config.LoRaConfig
    return (
        lora.region in kinds.RegionCode.values()
        and lora.modem_preset in kinds.ModemPreset.values()
        and kinds.ModemPreset.Name(lora.modem_preset) in PRESETS
    )


def _replace(kept: dict[str, Any], new: Any) -> bool:
    name = new.WhichOneof("payload_variant")
    if name is None or kept[name] == new:
        return False
    kept[name].CopyFrom(new)
    return True


ADMIN_PORT: Final = int(portnums_pb2.PortNum.ADMIN_APP)
ROUTING_PORT: Final = int(portnums_pb2.PortNum.ROUTING_APP)
TELEMETRY_PORT: Final = int(portnums_pb2.PortNum.TELEMETRY_APP)
TEXT_PORT: Final = int(portnums_pb2.PortNum.TEXT_MESSAGE_APP)
