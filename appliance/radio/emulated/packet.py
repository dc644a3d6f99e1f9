"""A mesh packet on the emulated ether, and the messages between the ether and its stations.

Each message is one CBOR item (a list: the message's name, then its fields) behind a length of two
bytes. Both ends treat what they read as foreign: a message that does not fit closes the
connection and nothing else.
"""

import io
from dataclasses import dataclass, replace
from functools import reduce
from operator import xor
from typing import Any, Final

import cbor2

from appliance.ledger.errors import HubError
from appliance.radio.airtime import (
    LONGEST_FRAME,
    RADIO_HEADER_BYTES,
    SIGNATURE_BYTES,
    frame_bytes,
)

BROADCAST: Final = 0xFFFFFFFF
PRIVATE_APP: Final = 256

DEFAULT_KEY: Final = bytes.fromhex("d4f1bb3a20290759f0bcffabcf4e6901")
"""The key everybody knows: of a channel nobody has set."""

KEY_BYTES: Final = 12
"""What a packet to one node takes more: it is sealed with that node's key (2.5 and later)."""

LONGEST_MESSAGE: Final = 4096


def channel_hash(name: str, key: bytes) -> int:
    """The byte that stands for a channel on the air (Channels::generateHash)."""
    return reduce(xor, name.encode() + key, 0)


def preset_channel(preset: str) -> str:
    """The name of a channel that has none of its own: ``MediumFast``."""
    return "".join(part.capitalize() for part in preset.split("_"))


class BadMessage(HubError, ValueError):
    """Bytes between ether and station that are none of their messages."""


@dataclass(frozen=True, slots=True)
class Packet:
    """What a node puts on the air, fields as in Meshtastic's radio header and ``Data``.

    ``channel`` is the hash of the channel's name and key: who has another one cannot read it.
    """

    sender: int
    to: int
    ident: int
    hop_limit: int
    hop_start: int
    port: int
    payload: bytes
    channel: int = 0
    want_ack: bool = False
    request: int = 0
    relay: int = 0
    signed: bool = False

    @property
    def length(self) -> int:
        """Bytes on the air, radio header included; ``request`` takes five where it is set."""
        extra = 5 if self.request else 0
        length = frame_bytes(len(self.payload) + extra, port=self.port)
        return length + (SIGNATURE_BYTES if self.signed else 0) + (KEY_BYTES if self.to != BROADCAST else 0)

    def as_signed(self) -> "Packet":
        """The packet as a firmware 2.8 sends it: a broadcast is signed where the signature still fits."""
        signed = replace(self, signed=True)
        return signed if self.to == BROADCAST and signed.fits else self

    @property
    def fits(self) -> bool:
        """Whether a radio can send it."""
        return self.length <= LONGEST_FRAME

    def pack(self) -> bytes:
        """The packet as it travels through the emulated ether."""
        return cbor2.dumps([getattr(self, name) for name in self.__slots__])

    @classmethod
    def unpack(cls, data: bytes) -> "Packet":
        """The packet that was packed.

        Raises:
            BadMessage: it is none.
        """
        match decode(data):
            case [
                int(sender),
                int(to),
                int(ident),
                int(hop_limit),
                int(hop_start),
                int(port),
                bytes(payload),
                int(channel),
                bool(want_ack),
                int(request),
                int(relay),
                bool(signed),
            ] if (
                all(0 <= number <= BROADCAST for number in (sender, to, ident, request))
                and all(0 <= hops <= 7 for hops in (hop_limit, hop_start))
                and all(0 <= small <= 255 for small in (channel, relay))
                and 0 <= port <= 511
                and len(payload) <= LONGEST_FRAME - RADIO_HEADER_BYTES
            ):
                return cls(
                    sender,
                    to,
                    ident,
                    hop_limit,
                    hop_start,
                    port,
                    payload,
                    channel,
                    want_ack,
                    request,
                    relay,
                    signed,
                )
        raise BadMessage("not a packet")


def decode(data: bytes) -> Any:
    """One CBOR item and nothing after it.

    Raises:
        BadMessage: these bytes are none.
    """
    stream = io.BytesIO(data)
    try:
        item = cbor2.load(stream)
    except (cbor2.CBORDecodeError, RecursionError, ValueError, OverflowError, MemoryError) as error:
        raise BadMessage(f"not CBOR: {type(error).__name__}") from None
    if stream.read(1):
        raise BadMessage("bytes after the message")
    return item


def encode_message(name: str, *fields: Any) -> bytes:
    """A message ready to be written."""
    body = cbor2.dumps([name, *fields])
    assert len(body) <= LONGEST_MESSAGE
    return len(body).to_bytes(2, "big") + body


class Messages:
    """Cuts a stream of bytes into messages."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[list[Any]]:
        """The messages that are complete now: the name, then the fields.

        Raises:
            BadMessage: the stream is not one of messages; nothing more can be read from it.
        """
        self._rest += data
        found: list[list[Any]] = []
        while len(self._rest) >= 2:
            size = int.from_bytes(self._rest[:2], "big")
            if size > LONGEST_MESSAGE:
                raise BadMessage(f"a message of {size} bytes")
            if len(self._rest) < 2 + size:
                break
            item = decode(self._rest[2 : 2 + size])
            self._rest = self._rest[2 + size :]
            match item:
                case [str(), *_]:
                    found.append(item)
                case _:
                    raise BadMessage("a message has a name first")
        return found
