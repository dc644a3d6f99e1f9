"""Sets a Meshtastic node up for hubs: what differs is shown first, written in one transaction, and read back.

A session of its own, used by a person at a terminal while no radio process runs. Nothing here waits
without an end: each step has its time, and a node that says nothing is named as such.
"""

import contextlib
import queue
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from meshtastic.protobuf import admin_pb2, channel_pb2, config_pb2, portnums_pb2

from appliance.ledger.clock import Clock
from appliance.radio.airtime import PRESETS
from appliance.radio.errors import BadSetting, CannotProvision
from appliance.radio.links.meshtastic import MeshtasticSession
from appliance.radio.links.session import LinkLost, Lost, Opened, Queue, Told, Trouble

ROLES: Final = ("CLIENT", "CLIENT_MUTE", "CLIENT_BASE")
"""What a hub's node may be: one that repeats, one that does not (indoors), one that favours its own."""

LONGEST_CHANNEL: Final = 11
"""Bytes of a channel's name."""

_ANSWER: Final = 15.0
_REBOOTS_WITHIN: Final = 25.0
_BACK_WITHIN: Final = 120.0
_AGAIN: Final = 2.0

_LORA: Final = config_pb2.Config.LoRaConfig
_DEVICE: Final = config_pb2.Config.DeviceConfig
_POSITION: Final = config_pb2.Config.PositionConfig
_CHANNEL: Final = channel_pb2.Channel


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
        if self.region is not None and self.region not in _LORA.RegionCode.keys():  # noqa: SIM118 - no mapping
            known = ", ".join(name for name in _LORA.RegionCode.keys() if name != "UNSET")  # noqa: SIM118
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
    """A setting that is not as it is to be, in words; a key is never shown."""

    setting: str
    now: str
    then: str


@dataclass(frozen=True, slots=True)
class Found:
    """A node as it is now: its name, firmware, and what is to change."""

    name: str
    firmware: str
    changes: tuple[Change, ...]


def _fields(wish: Wish) -> dict[str, dict[str, Any]]:
    """By section, what the configuration is to say."""
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
    return {
        "lora": lora,
        "device": {"role": _DEVICE.Role.Value(wish.role)},
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


def _word(message: Any, field: str) -> str:
    value, kind = getattr(message, field), message.DESCRIPTOR.fields_by_name[field]
    if kind.enum_type is not None:
        named = kind.enum_type.values_by_number.get(value)
        return str(named.name) if named is not None else str(value)
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)


def _apply(message: Any, section: str, wanted: dict[str, Any]) -> list[Change]:
    """Set ``wanted`` in ``message``; what that changed."""
    changes = []
    for field, value in wanted.items():
        before = getattr(message, field)
        if before != value:
            now = _word(message, field)
            setattr(message, field, value)
            changes.append(Change(f"{section}.{field}", now, _word(message, field)))
    return changes


def _key_word(key: bytes) -> str:
    return f"a key of {len(key)} bytes" if len(key) != 1 else "the key that everybody knows"


class Provisioning(MeshtasticSession):
    """One session with a node that is set up. Not threaded but for the library's reader."""

    def __init__(self, make: Callable[[], Any]) -> None:
        super().__init__(make)
        self._told: queue.SimpleQueue[Told] = queue.SimpleQueue()

    def begin(self) -> Opened:
        """Connect, and hear everything about the node.

        Raises:
            LinkLost: it did not come to that.
        """
        self.open(self._told.put)
        while True:
            told = self._next(_ANSWER)
            if isinstance(told, Opened):
                return told

    def _next(self, seconds: float) -> Told:
        try:
            told = self._told.get(timeout=seconds)
        except queue.Empty:
            raise LinkLost(Trouble.SILENT) from None
        if isinstance(told, Lost):
            raise LinkLost(told.trouble, told.detail)
        return told

    def writes(self, wish: Wish) -> tuple[list[Change], list[Any]]:
        """What differs from ``wish``, and the messages that would change it."""
        changes: list[Change] = []
        messages: list[Any] = []
        node = self._interface.localNode
        for section, wanted in _fields(wish).items():
            message = admin_pb2.AdminMessage()
            kept = getattr(message.set_config, section)
            kept.CopyFrom(getattr(node.localConfig, section))
            if found := _apply(kept, section, wanted):
                changes += found
                messages.append(message)
        for section, names in _QUIET.items():
            message = admin_pb2.AdminMessage()
            kept = getattr(message.set_module_config, section)
            kept.CopyFrom(getattr(node.moduleConfig, section))
            if found := _apply(kept, section, dict.fromkeys(names, False)):
                changes += found
                messages.append(message)
        found, message = self._channel_change(wish)
        if found:
            changes += found
            messages.append(message)
        return changes, messages

    def _channel_change(self, wish: Wish) -> tuple[list[Change], Any]:
        place = f"channel {wish.channel}"
        channels = self._interface.localNode.channels or []
        channel = _CHANNEL(index=wish.channel)
        if wish.channel < len(channels):
            channel.CopyFrom(channels[wish.channel])
        role = "SECONDARY" if wish.channel else "PRIMARY"
        changes = _apply(channel, place, {"role": _CHANNEL.Role.Value(role)})
        quiet = {"name": wish.name, "uplink_enabled": False, "downlink_enabled": False}
        changes += _apply(channel.settings, place, quiet)
        changes += _apply(channel.settings.module_settings, place, {"position_precision": 0})
        if channel.settings.psk != wish.key:
            changes.append(Change(f"{place}.key", _key_word(channel.settings.psk), "this community's own"))
            channel.settings.psk = wish.key
        return changes, admin_pb2.AdminMessage(set_channel=channel)

    def admin(self, message: Any) -> None:
        """Tell the node, and wait until it says that it has the message.

        Raises:
            LinkLost: it does not, or is gone.
        """
        data = message.SerializeToString()
        sent = self._interface.sendData(data, self._me, portNum=portnums_pb2.PortNum.ADMIN_APP)
        while True:
            told = self._next(_ANSWER)
            if isinstance(told, Queue) and told.packet == sent.id:
                return

    def until_gone(self, seconds: float) -> bool:
        """Wait until the node starts anew; whether it did within ``seconds`` without a word."""
        try:
            while True:
                self._next(seconds)
        except LinkLost as lost:
            return lost.trouble is not Trouble.SILENT


class Provisioner:
    """Looks at a node, and sets it up.

    Args:
        make: makes the library's object, as for a session; each is used once.
        clock: for its uptime.
        pause: waits for so many seconds.
    """

    def __init__(
        self,
        make: Callable[[], Any],
        clock: Clock,
        pause: Callable[[float], None],
        back: float = _BACK_WITHIN,
    ) -> None:
        self._make, self._clock, self._pause, self._back = make, clock, pause, back

    def look(self, wish: Wish) -> Found:
        """How the node is, beside ``wish``. Changes nothing.

        Raises:
            CannotProvision: it cannot be reached, or has no region and ``wish`` names none.
        """
        try:
            return self._look(wish)
        except LinkLost as lost:
            raise CannotProvision(f"the node cannot be reached: {lost}") from lost

    def _look(self, wish: Wish) -> Found:
        session = Provisioning(self._make)
        try:
            about = session.begin().radio
            if about.region == "UNSET" and wish.region is None:
                raise CannotProvision("the node has no region yet: name that of your country with --region")
            return Found(about.name, about.firmware, tuple(session.writes(wish)[0]))
        finally:
            _let_go(session)

    def write(self, wish: Wish) -> Sequence[Change]:
        """Set the node up in one transaction, wait until it is back, and read it again.

        Returns:
            What was changed.

        Raises:
            CannotProvision: it cannot be reached, or is not as it was set; the text says what differs.
        """
        session = Provisioning(self._make)
        try:
            session.begin()
            changes, messages = session.writes(wish)
            if not changes:
                return ()
            session.admin(admin_pb2.AdminMessage(begin_edit_settings=True))
            for message in messages:
                session.admin(message)
            session.admin(admin_pb2.AdminMessage(commit_edit_settings=True))
            session.until_gone(_REBOOTS_WITHIN)
        except LinkLost as lost:
            raise CannotProvision(
                f"the node went away before all was written: {lost}; look at it again"
            ) from lost
        except OSError as error:
            raise CannotProvision(f"the node cannot be reached: {error}") from error
        finally:
            _let_go(session)
        left = self._read_back(wish)
        if left:
            kept = ", ".join(f"{one.setting} is {one.now}" for one in left)
            raise CannotProvision(f"the node did not keep everything: {kept}")
        return changes

    def _read_back(self, wish: Wish) -> tuple[Change, ...]:
        until = self._clock.uptime().ms + 1000 * self._back
        while True:
            try:
                return self._look(wish).changes
            except LinkLost as lost:
                if self._clock.uptime().ms >= until:
                    raise CannotProvision(f"the node did not come back: {lost}") from lost
                self._pause(_AGAIN)


def _let_go(session: Provisioning) -> None:
    with contextlib.suppress(Exception, SystemExit):  # a third party's goodbye; it is over either way
        session.close()
