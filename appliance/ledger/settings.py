"""What a box is told about its hardware: ``hub.toml`` in the data directory.

The community's rules are in the book, signed; this file only says which radio is plugged in, and
a keeper may write it with any editor. A missing file or line means: none.
"""

import re
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from appliance.ledger.errors import DataDirectoryError, HubError

FILE: Final = "hub.toml"
NO_RADIO: Final = "none"
OWN_CLOCK: Final = "own"
MACHINE_CLOCK: Final = "machine"
_MOST_MB: Final = 1_000_000

COMMENTED: Final = """\
# This box's hardware. The community's rules are not here: they are in the book, at the keeper's desk.

# The radio this hub speaks through. A Meshtastic node on USB:
#   radio = "serial:/dev/serial/by-id/usb-..."     (ls /dev/serial/by-id shows the name)
# a node in the network, or the firmware's own Linux build:
#   radio = "tcp://192.168.1.40:4403"
# an emulated channel, to try things out:
#   radio = "sim://127.0.0.1:4600"
radio = "none"

# The index of the node's channel that the hubs share, 0 to 7.
# channel = 0

# How many nodes may pass a packet on, 0 to 7; without this line it is as the node itself is set.
# hop_limit = 3

# Where the time comes from. By itself a hub knows the internet's, a clock with a battery, and what keepers
# set at the desk. On a computer whose own clock others keep right:
# clock = "machine"

# Keepers are told at the desk when fewer megabytes than this are free on the card.
# low_mb = 500

# Backups are made by themselves, to a folder here and to every stick that is plugged in.
# [backup]
# folder = "backups"
# sticks = ["/media/*", "/media/*/*", "/run/media/*/*"]
# daily = true
"""
"""What ``hub init`` writes."""

_SHAPES: Final = (
    re.compile(r"none"),
    re.compile(r"tcp://(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?"),
    re.compile(r"sim://(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}(/[^\s/]*)?"),
    re.compile(r"serial:/\S+"),
)


STICKS: Final = ("/media/*", "/media/*/*", "/run/media/*/*")
"""Where udisks, usbmount and desktops mount what is plugged in."""


class SettingsWrong(HubError, ValueError):
    """A setting that is unknown or cannot be; the text says which and what is possible."""


@dataclass(frozen=True, slots=True)
class BackupSettings:
    """The table ``[backup]``.

    Attributes:
        folder: where backups are kept; from the data directory, when it does not begin with ``/``.
        sticks: patterns of places where sticks are mounted.
        daily: whether one is made by itself each day.
    """

    folder: str = "backups"
    sticks: tuple[str, ...] = STICKS
    daily: bool = True


@dataclass(frozen=True, slots=True)
class Settings:
    """What ``hub.toml`` says.

    Attributes:
        radio: ``tcp://HOST:PORT``, ``serial:PATH``, ``sim://HOST:PORT`` or ``none``.
        channel: the index of the node's channel that the hubs share.
        hop_limit: how many nodes may pass a packet on; None: as the node itself is set.
        clock: ``own`` (``ledger.timekeeper``), or ``machine``: this machine's wall clock is kept right.
        low_mb: with fewer megabytes free on the card, keepers are told.
        backup: where copies of the book go.
    """

    radio: str = NO_RADIO
    channel: int = 0
    hop_limit: int | None = None
    clock: str = OWN_CLOCK
    low_mb: int = 500
    backup: BackupSettings = BackupSettings()

    @property
    def has_radio(self) -> bool:
        return self.radio != NO_RADIO


def check_radio(setting: str) -> str:
    """``setting``, when it names a radio or ``none``.

    Raises:
        SettingsWrong: it does not.
    """
    if any(shape.fullmatch(setting) for shape in _SHAPES):
        port = re.search(r":([0-9]+)(/[^/]*)?$", setting) if "://" in setting else None
        if port is None or 1 <= int(port[1]) <= 65535:
            return setting
    raise SettingsWrong(
        f"{setting!r} names no radio: tcp://HOST:PORT, serial:/dev/serial/by-id/NAME, sim://HOST:PORT or none"
    )


def _index(name: str, value: object) -> int:
    if type(value) is not int or not 0 <= value <= 7:
        raise SettingsWrong(f"{name} must be a whole number from 0 to 7")
    return value


def read(data: Path) -> Settings:
    """The settings of the hub in ``data``.

    Raises:
        SettingsWrong: the file cannot be read as TOML, or a setting is unknown or wrong.
        DataDirectoryError: the file is there and cannot be read.
    """
    path = data / FILE
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        raise DataDirectoryError(f"{path}: {error.strerror or error}") from error
    except ValueError as error:  # not TOML, or not UTF-8
        raise SettingsWrong(f"{path}: {error}") from error
    try:
        return _settings(values)
    except SettingsWrong as error:
        raise SettingsWrong(f"{path}: {error}") from error


def _settings(values: dict[str, Any]) -> Settings:
    known = [one.name for one in fields(Settings)]
    if unknown := sorted(set(values) - set(known)):
        raise SettingsWrong(f"{unknown[0]} is no setting; there are {', '.join(known)}")
    found: dict[str, Any] = {}
    if "radio" in values:
        if not isinstance(values["radio"], str):
            raise SettingsWrong('radio must be a text in quotes, such as "none"')
        found["radio"] = check_radio(values["radio"])
    for name in ("channel", "hop_limit"):
        if name in values:
            found[name] = _index(name, values[name])
    if "clock" in values:
        if values["clock"] not in (OWN_CLOCK, MACHINE_CLOCK):
            raise SettingsWrong(f'clock must be "{OWN_CLOCK}" or "{MACHINE_CLOCK}"')
        found["clock"] = values["clock"]
    if "low_mb" in values:
        if type(values["low_mb"]) is not int or not 0 <= values["low_mb"] <= _MOST_MB:
            raise SettingsWrong(f"low_mb must be a whole number of megabytes, 0 to {_MOST_MB}")
        found["low_mb"] = values["low_mb"]
    if "backup" in values:
        found["backup"] = _backup(values["backup"])
    return Settings(**found)


def trusts_machine(data: Path) -> bool:
    """Whether the wall clock of this machine is kept right by others; not where the file cannot be read."""
    try:
        return read(data).clock == MACHINE_CLOCK
    except HubError:
        return False


def low_mb(data: Path) -> int:
    """Below how many free megabytes keepers are told; the usual number where the file cannot be read."""
    try:
        return read(data).low_mb
    except HubError:
        return Settings().low_mb


def _backup(values: object) -> BackupSettings:
    if not isinstance(values, dict):
        raise SettingsWrong("backup must be a table: a line [backup], its settings below")
    known = [one.name for one in fields(BackupSettings)]
    if unknown := sorted(set(values) - set(known)):
        raise SettingsWrong(f"{unknown[0]} is no setting of [backup]; there are {', '.join(known)}")
    found = dict(values)
    if not (isinstance(found.get("folder", "x"), str) and found.get("folder", "x").strip()):
        raise SettingsWrong('folder must be a text in quotes, such as "backups"')
    if type(found.get("daily", True)) is not bool:
        raise SettingsWrong("daily must be true or false")
    if "sticks" in found:
        places = found["sticks"]
        if not isinstance(places, list) or not all(isinstance(p, str) and p.startswith("/") for p in places):
            raise SettingsWrong('sticks must be a list of places that begin with /, such as ["/media/*"]')
        found["sticks"] = tuple(places)
    return BackupSettings(**found)


def write(data: Path, text: str = COMMENTED) -> None:
    """Put a first ``hub.toml`` into ``data``.

    Raises:
        DataDirectoryError: it is there already, or cannot be written.
    """
    try:
        with (data / FILE).open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise DataDirectoryError(f"{data / FILE}: {error.strerror or error}") from error
