"""``hub bench radio``: bytes and airtime of a payment on the air beside other ways to say it; time and memory of the engine.

Ours are made and measured here, by the code that ships, out of payments drawn like a village's. JSON and protobuf are made
here too, with one Ed25519 signature each. LXMF and tinySSB are computed from what they publish (``PUBLISHED``).
"""

import gc
import json
import statistics
import tracemalloc
from base64 import b64encode
from functools import partial
from random import Random
from time import process_time
from typing import Any, Final

from appliance.ledger import sealing
from appliance.ledger.book import letters
from appliance.ledger.book.letters import Sent
from appliance.ledger.book.records import Kind, Record
from appliance.ledger.keys import KeySigner
from appliance.ledger.sealing import BoxKey
from appliance.radio.airtime import frame_airtime
from appliance.radio.control import Mark, Summary, pack_summary
from appliance.radio.directory import Directory, Member
from appliance.radio.engine import Engine
from appliance.radio.events import Config
from appliance.radio.frames import LONGEST_DATA, DataFrame, open_data
from appliance.radio.simulation.library import Memory

PRESETS: Final = ("LONG_FAST", "MEDIUM_FAST", "SHORT_FAST")
HUBS: Final = 64
FULL: Final = 231
SIGNATURE: Final = 64

LXMF_MESSAGE, RNS_HEADER, RNS_TOKEN, RNS_KEY = 112, 19, 48, 32
"""Bytes that LXMF adds to a message, and Reticulum to a packet: header, and for an encrypted single packet token and ephemeral key."""
RNS_PART, RNS_PART_HEAD = 200, 2
"""RNS_Over_Meshtastic cuts packets into parts of 200 bytes and puts 2 before each."""
SSB_PACKET, SSB_CONTENT, SSB_CHAIN = 120, 48, 100
"""tinySSB: fixed packets with room for 48 bytes of content; what is longer goes on in a side chain of 100 a packet."""

PUBLISHED: Final = (
    "LXMF and Reticulum (112; 19, 48, 32 bytes), cut by RNS_Over_Meshtastic; without links, announces and proofs",
    "tinySSB: packets of 120 bytes, 48 of content, side chains of 100; without want and claim vectors",
)


def run(rounds: int) -> dict[str, Any]:
    """The figures, of ``rounds`` frames of each kind; for JSON."""
    village = _Village(rounds)
    alone = [village.frame(1) for _ in range(rounds)]
    full = [village.frame(None) for _ in range(rounds)]
    plain = [village.told(record) for frame in alone for record in frame.records]
    sizes = {
        "hub_alone": _ours(alone),
        "hub_full": _ours(full),
        "json": _each([len(_json(told)) for told in plain]),
        "protobuf": _each([len(_protobuf(told)) for told in plain]),
        "lxmf": _lxmf([len(_body(told)) for told in plain]),
        "tinyssb": _tinyssb([len(_body(told)) for told in plain]),
    }
    return {
        "hubs": HUBS,
        "records": {"hub_full": round(statistics.mean(len(frame.records) for frame in full), 2)},
        "sizes": sizes,
        "engine": _engine(village, alone, full),
        "published": list(PUBLISHED),
    }


class _Village:
    """Payments between 64 hubs, and who signs them."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)
        numbers = range(101, 101 + HUBS)
        self.signers = {hub: KeySigner(f"hub:{hub}", hub.to_bytes(32, "big")) for hub in numbers}
        members = {i: Member(hub, 1, self.signers[hub].public) for i, hub in enumerate(numbers, 1)}
        self.community, self.group = bytes(range(16)), bytes(range(32))
        self.directories = {
            hub: Directory(self.community, self.group, hub, members, b"head") for hub in numbers
        }
        self.boxes = {hub: BoxKey(hub.to_bytes(4, "big") * 8) for hub in numbers}
        self.letters: dict[bytes, Sent] = {}
        self.shelves = {hub: Memory(self.directories[hub], self.signers[hub]) for hub in numbers}

    def frame(self, count: int | None) -> DataFrame:
        """A frame of so many payments to one hub; None: as many as fit."""
        hub, to = self.rng.sample(sorted(self.shelves), 2)
        shelf = self.shelves[hub]
        for _ in range(count or 16):
            draw = self.rng.randint
            letter = Sent(draw(1, 150), draw(1, 150), "food", "")
            number = len(shelf.records[hub]) + 1
            key = self.boxes[hub].pair_key(self.boxes[to].public, self.community, sending=True)
            sealed = sealing.stream(key, hub, 1, number, letters.sent(letter))
            record = shelf.write(Kind.SENT, to, draw(50, 9999), sealed)
            self.letters[record.sealed] = letter
        frame = open_data(shelf.pack(LONGEST_DATA) or b"", self.directories[hub])
        while shelf.waiting().records:
            shelf.pack(LONGEST_DATA)
        return frame

    def told(self, record: Record) -> dict[str, Any]:
        """What a payment says, with names that people could read."""
        letter = self.letters[record.sealed]
        return {
            "type": "sent",
            "hub": record.hub,
            "incarnation": record.incarnation,
            "number": record.number,
            "to": record.to,
            "amount": record.amount,
            "payer": letter.payer,
            "payee": letter.payee,
            "category": letter.category,
            "previous": "00" * 8,
        }


def _json(told: dict[str, Any]) -> bytes:
    """Without a blank, its signature in base64."""
    signed = told | {"signature": b64encode(bytes(SIGNATURE)).decode()}
    return json.dumps(signed, separators=(",", ":")).encode()


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _body(told: dict[str, Any]) -> bytes:
    """The message in protobuf's encoding: numbers as varints, the category by its index, 8 bytes of the link before."""
    numbers = [told[name] for name in ("hub", "incarnation", "number", "to", "amount", "payer", "payee")]
    fields = b"".join(_varint(place << 3) + _varint(n) for place, n in enumerate([0, *numbers, 1], 1))
    return fields + _varint(10 << 3 | 2) + _varint(8) + bytes(8)


def _protobuf(told: dict[str, Any]) -> bytes:
    return _body(told) + _varint(11 << 3 | 2) + _varint(SIGNATURE) + bytes(SIGNATURE)


def _air(bytes_: float) -> dict[str, float]:
    """Milliseconds of so many bytes, in as many packets as they need."""
    whole, rest = divmod(round(bytes_), FULL)
    return {
        preset: round(
            1000 * (whole * frame_airtime(FULL, preset) + (frame_airtime(rest, preset) if rest else 0)), 1
        )
        for preset in PRESETS
    }


def _ours(frames: list[DataFrame]) -> dict[str, Any]:
    per = [len(frame.data) / len(frame.records) for frame in frames]
    share = statistics.mean(len(frame.records) for frame in frames)
    air = _air(statistics.mean(len(frame.data) for frame in frames))
    return {
        "bytes_a_record": round(statistics.mean(per), 1),
        "air_ms_a_record": {preset: round(ms / share, 1) for preset, ms in air.items()},
    }


def _each(sizes: list[int]) -> dict[str, Any]:
    mean = statistics.mean(sizes)
    return {"bytes_a_record": round(mean, 1), "air_ms_a_record": _air(mean)}


def _packets(sizes: list[int]) -> dict[str, float]:
    return {preset: round(1000 * sum(frame_airtime(size, preset) for size in sizes), 1) for preset in PRESETS}


def _lxmf(bodies: list[int]) -> dict[str, Any]:
    """To one other hub; it has no broadcast of records, so for all it is as often as there are others."""
    size = round(statistics.mean(bodies)) + LXMF_MESSAGE + RNS_HEADER + RNS_TOKEN + RNS_KEY
    parts = [min(RNS_PART, size - at) + RNS_PART_HEAD for at in range(0, size, RNS_PART)]
    air = _packets(parts)
    return {
        "bytes_a_record": sum(parts),
        "air_ms_a_record": air,
        "to_all_other_hubs_ms": {preset: round(ms * (HUBS - 1), 1) for preset, ms in air.items()},
    }


def _tinyssb(bodies: list[int]) -> dict[str, Any]:
    more = max(0, round(statistics.mean(bodies)) - SSB_CONTENT)
    packets = [SSB_PACKET] * (1 + -(-more // SSB_CHAIN))
    return {"bytes_a_record": sum(packets), "air_ms_a_record": _packets(packets)}


# ------------------------------------------------------------------------------------------- the engine


def _engine(village: _Village, alone: list[DataFrame], full: list[DataFrame]) -> dict[str, Any]:
    """Processor milliseconds of one hub among 64 for what comes in, signatures checked; and what it keeps in memory."""
    engine, now, times = _fed(village, alone, full)
    times["transmit_ms"] = _transmit(engine, now)
    gc.collect()
    tracemalloc.start()  # makes everything slow: so nothing is timed in here
    kept = _fed(village, alone, full)
    gc.collect()
    kilobytes = tracemalloc.get_traced_memory()[0] / 1024
    tracemalloc.stop()
    del kept
    return times | {"memory_64_hubs_kb": round(kilobytes, 1)}


def _fed(
    village: _Village, alone: list[DataFrame], full: list[DataFrame]
) -> tuple[Engine, float, dict[str, float]]:
    """The engine of a hub that has heard frames, two summaries of each other hub, and a stranger; its clock; the times."""
    hub, now = 101, 0.0
    shelf = Memory(village.directories[hub], village.signers[hub])
    airtime = partial(frame_airtime, preset="MEDIUM_FAST")
    engine = Engine(shelf.directory, shelf, airtime, Random(1), Config(), now=now)
    claims = {other: Mark(1, 1000 + other) for other in list(village.directories)[:50]}

    def hear(packets: list[bytes]) -> float:
        nonlocal now
        begun = process_time()
        for data in packets:
            now += 0.1
            engine.receive(data, now)
        return round(1000 * (process_time() - begun) / len(packets), 3)

    def summary(beat: int, other: int) -> bytes:
        return pack_summary(Summary(other, beat, b"head", claims, bytes(8)), village.directories[other])

    said = [summary(beat, other) for beat in (1, 2) for other in village.directories if other != hub]
    times = {
        "data_frame_alone_ms": hear([frame.data for frame in alone if frame.hub != hub]),
        "data_frame_full_ms": hear([frame.data for frame in full if frame.hub != hub]),
        "summary_of_50_ms": hear(said),
        "of_a_stranger_ms": hear([data[:-1] + bytes([data[-1] ^ 1]) for data in said]),
    }
    return engine, now, times


def _transmit(engine: Engine, now: float) -> float:
    times: list[float] = []
    for _ in range(50):
        now = max(engine.next_wake(now), now)
        begun = process_time()
        packet = engine.transmit(now)
        times.append(process_time() - begun)
        if packet is not None:
            engine.sent(now + 0.5, len(packet.data))
            now += 0.5
    return round(1000 * statistics.mean(times), 3)


def text(found: dict[str, Any]) -> str:
    """The same for people."""
    heads = ("bytes", *PRESETS)
    lines = [
        f"a payment without memo, {found['hubs']} hubs; milliseconds on the air",
        f"{'':12}" + "".join(f"{head:>13}" for head in heads),
    ]
    for name, one in found["sizes"].items():
        cells = [one["bytes_a_record"], *one["air_ms_a_record"].values()]
        lines.append(f"{name:12}" + "".join(f"{cell:13.1f}" for cell in cells))
    lines += [f"{name}: {value:g}" for name, value in found["engine"].items()]
    return "\n".join(lines)
