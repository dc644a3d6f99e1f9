"""How long a packet is on the air: the formula of Meshtastic's firmware, with everything it adds.

A payload of ours travels inside a ``Data`` protobuf behind a 16-byte radio header. The firmware
counts a preamble of 16 symbols, an explicit header and a CRC (RadioInterface::getPacketTime,
2.7.26; Semtech AN1200.13):

    T = (16 + 4.25 + 8 + max(ceil((8 L - 4 SF + 44) / (4 (SF - 2 DE))) * CR, 0)) * 2^SF / BW

L is every byte on the air. DE, the low data rate optimisation, is on where a symbol takes more
than 16 ms. All times here are seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from types import MappingProxyType
from typing import Final

RADIO_HEADER_BYTES: Final = 16
"""to, from and id of 4 bytes each; flags, channel hash, next hop, relay node."""

LONGEST_FRAME: Final = 255
"""Bytes of the longest LoRa frame, radio header included."""

LONGEST_PAYLOAD: Final = 231
"""Bytes of the longest payload of a broadcast on a private port (256 to 511)."""

SIGNATURE_BYTES: Final = 66
"""What firmware 2.8 adds to a broadcast that still fits: an XEdDSA signature, its tag and length."""

_PREAMBLE_SYMBOLS: Final = 16 + 4.25
_SYNC_SYMBOLS: Final = 8
_SLOW_SYMBOL: Final = 0.016
# What passes between a radio's look at the channel and its first symbol (RadioInterface.cpp: propagation, turnaround, MAC).
_TURNAROUND: Final = 0.0076
_LOOK_SYMBOLS: Final = 2.5


@dataclass(frozen=True, slots=True)
class Preset:
    """Modulation of one of Meshtastic's presets: ``coding`` is 5 for 4/5 up to 8 for 4/8."""

    name: str
    spreading: int
    bandwidth_hz: int
    coding: int

    @property
    def symbol(self) -> float:
        """Seconds of one symbol."""
        return float(2**self.spreading / self.bandwidth_hz)

    @property
    def slot(self) -> float:
        """Seconds of one slot of the contention window: to look at the channel and begin to send."""
        return _LOOK_SYMBOLS * self.symbol + _TURNAROUND

    def on_air(self, length: int) -> float:
        """Seconds on the air of a frame of ``length`` bytes, radio header included."""
        spared = 2 if self.symbol > _SLOW_SYMBOL else 0
        bits = 8 * length - 4 * self.spreading + 44
        symbols = max(ceil(bits / (4 * (self.spreading - spared))) * self.coding, 0)
        return (_PREAMBLE_SYMBOLS + _SYNC_SYMBOLS + symbols) * self.symbol


PRESETS: Final[Mapping[str, Preset]] = MappingProxyType(
    {
        preset.name: preset
        for preset in (
            Preset("SHORT_TURBO", 7, 500_000, 5),
            Preset("SHORT_FAST", 7, 250_000, 5),
            Preset("SHORT_SLOW", 8, 250_000, 5),
            Preset("MEDIUM_FAST", 9, 250_000, 5),
            Preset("MEDIUM_SLOW", 10, 250_000, 5),
            Preset("LONG_TURBO", 11, 500_000, 8),
            Preset("LONG_FAST", 11, 250_000, 5),
            Preset("LONG_MODERATE", 11, 125_000, 8),
            Preset("LONG_SLOW", 12, 125_000, 8),
            Preset("LITE_FAST", 9, 125_000, 5),
            Preset("NARROW_FAST", 7, 62_500, 6),
            Preset("NARROW_SLOW", 8, 62_500, 6),
        )
    }
)
"""The presets by Meshtastic's names."""

_DUTY_CYCLES: Final[Mapping[str, float]] = MappingProxyType(
    {
        "EU_433": 0.10,
        "EU_868": 0.10,
        "EU_N_868": 0.10,
        "EU_866": 0.025,
        "UA_433": 0.10,
        "UA_868": 0.01,
        "TH": 0.10,
    }
)


def duty_cycle(region: str) -> float:
    """The share of an hour that a radio may send in one of Meshtastic's regions (RadioInterface.cpp, 2.7.26).

    Where the firmware knows no limit, or the region is unknown, it is 1.
    """
    return _DUTY_CYCLES.get(region, 1.0)


def preset_named(name: str) -> Preset:
    """The preset of this name.

    Raises:
        ValueError: there is none.
    """
    try:
        return PRESETS[name]
    except KeyError:
        raise ValueError(f"no preset is called {name!r}; there are {', '.join(PRESETS)}") from None


def _varint_bytes(value: int) -> int:
    return max(1, ceil(value.bit_length() / 7))


def frame_bytes(payload_bytes: int, *, port: int = 256, firmware28: bool = False) -> int:
    """Bytes on the air of a broadcast that carries ``payload_bytes`` on ``port``.

    Counts the radio header and the ``Data`` protobuf: port number, payload with its length, the
    bitfield the firmware always adds, and with ``firmware28`` the signature where it still fits.
    """
    data = 1 + _varint_bytes(port) + 1 + _varint_bytes(payload_bytes) + payload_bytes + 2
    length = RADIO_HEADER_BYTES + data
    if firmware28 and length + SIGNATURE_BYTES <= LONGEST_FRAME:
        length += SIGNATURE_BYTES
    return length


def frame_airtime(payload_bytes: int, preset: str, firmware28: bool = False) -> float:
    """Seconds on the air of a broadcast of ``payload_bytes`` on the private port, all overhead included.

    Raises:
        ValueError: there is no such preset.
    """
    return preset_named(preset).on_air(frame_bytes(payload_bytes, firmware28=firmware28))
