"""Bytes from anywhere, given to Hill's whole radio process: nothing falls over, nothing grows, no row of the books changes.

Frames are those that River and Hill really said, mutated; control frames carry a good MAC under what
was changed, as a hub of the community gone mad could write; StreamAPI bytes reach the real library
over a real connection. Between the parts River pays Hill, and the payment arrives.

``make test`` gives each a share; ``make fuzz`` ten million frames, a million control frames, a million
strings (``HUB_FUZZ`` is a share of that), and prints how many there were.
"""

import gc
import logging
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from meshtastic.protobuf import config_pb2, mesh_pb2, telemetry_pb2

from appliance.ledger.book.feed import POST_TABLES
from appliance.ledger.book.schema import TRUTH_TABLES, primary_key
from appliance.radio.bundle import split
from appliance.radio.control import Ask, Mark, Summary, pack_ask, pack_summary
from appliance.radio.directory import Directory
from appliance.radio.emulated.stream import frame
from appliance.radio.frames import MAC_BYTES
from appliance.radio.ports import Heard, LinkEvent, Span
from tests.radio.links.benches import link_to
from tests.radio.links.contract import HELLO, is_down, is_up, until
from tests.support.mutations import mutated
from tests.support.stream_peer import ME, lora, tcp_peer
from tests.support.two_radios import TwoRadios, two_radios
from tests.support.two_villages import HILL, RIVER, directory

SHARE = float(os.environ.get("HUB_FUZZ", "0"))
FRAMES = round(10_000_000 * SHARE) or 8_000
CONTROL = round(1_000_000 * SHARE) or 2_000
STRINGS = round(1_000_000 * SHARE) or 600
SEED = int(os.environ.get("HUB_SEED", "1"))

PARTS = 4
"""After each of them time passes, a payment is made, and the rows are compared anew."""

GROWTH = 6_000_000
"""Bytes that the process may grow after the first part, whatever the number: caches fill, nothing adds up."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7 * 24 * 3600)]

BATCH = 500


def resident() -> int:
    """Bytes of memory that this process holds."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def rows(radios: TwoRadios) -> dict[str, Any]:
    """Every row of Hill's truth and post, and where its book ends."""
    with radios.villages.hill.hub.reading() as tx:
        found: dict[str, Any] = {
            model._meta.table_name: list(tx.dump(model, primary_key(model)))
            for model in (*TRUTH_TABLES, *POST_TABLES)
        }
    return found | {"head": radios.villages.hill.hub.head()}


@pytest.fixture(autouse=True)
def nothing_is_logged() -> Iterator[None]:
    """pytest keeps every line of the log until the end; a million of them would be taken for growth."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def radios(tmp_path: Path) -> Iterator[TwoRadios]:
    with two_radios(tmp_path) as made:
        made.live(120)
        for turn in range(3):
            made.villages.send("Alice", "Chandra", 10 + turn)
            made.villages.send("Chandra", "Alice", 20 + turn)
            assert made.live(3600, lambda: arrived(made))
        made.live(700)
        yield made


def arrived(radios: TwoRadios) -> bool:
    return {state for name in ("river", "hill") for state, _ in radios.state(name)} == {"arrived"}


def directory_of(radios: TwoRadios, hub: int) -> Directory:
    return directory(radios.villages.at(hub).hub, radios.villages.posts[hub])


def fuzzed(radios: TwoRadios, number: int, draw: Callable[[], bytes]) -> Counter[str]:
    """Let Hill hear ``number`` packets of ``draw``, in parts; what its engine counted."""
    hill, link = radios.services["hill"], radios.links["hill"]
    grown, began, given = 0, time.monotonic(), 0
    for part in range(PARTS):
        hill.step()
        before, size = rows(radios), resident()
        until_here = number * (part + 1) // PARTS
        while given < until_here:
            some = min(BATCH, until_here - given)
            link.events.extend(Heard(draw(), 5.0, -90, 0) for _ in range(some))
            given += some
            hill.step()
        assert rows(radios) == before
        grown += resident() - size if part else 0
        radios.villages.send("Alice", "Chandra", 1 + part)
        radios.villages.send("Chandra", "Alice", 1 + part)
        assert radios.live(6 * 3600, lambda: arrived(radios)), f"after {given}: no payment arrives"
    seconds = time.monotonic() - began
    counts = Counter({k: v for k, v in hill.status()["engine"]["counts"].items() if v})
    print(
        f"\n{given} packets in {seconds:.0f} s, seed {SEED}, grown by {grown} bytes: {dict(counts.most_common())}"
    )
    assert grown < GROWTH
    return counts


def test_mutated_frames(radios: TwoRadios) -> None:
    dice = random.Random(f"frames {SEED}")
    said = [*radios.links["river"].sent, *radios.links["hill"].sent]
    good = [*said, *(frame for packet in said for frame in split(packet))]
    genuine = set(good)

    def draw() -> bytes:
        while (data := mutated(dice, good)) in genuine:
            pass
        return data

    counts = fuzzed(radios, FRAMES, draw)
    assert counts["ignored_unsigned"] > FRAMES // 4


BEAT_BYTES = 5
"""Of a beat from 2**16 on."""


def drawn(dice: random.Random, beat: int, here: Directory) -> bytes:
    """A summary or an ask of River's with any claim, without its MAC."""
    far = dice.choice([3, 300, 1 << 20, 1 << 39])
    if dice.random() < 0.5:
        marks = {hub: Mark(dice.choice([1, 1, 1, 2, 900]), dice.randrange(far)) for hub in (RIVER, HILL)}
        return pack_summary(Summary(RIVER, beat, here.roster, marks, dice.randbytes(8)), here)[:-MAC_BYTES]
    spans = [
        Span(hub, dice.choice([1, 1, 2]), 1 + dice.randrange(far), far + dice.randrange(far))
        for hub in (RIVER, HILL)
    ]
    return pack_ask(Ask(RIVER, beat, tuple(spans)), here)[:-MAC_BYTES]


def test_mutated_control_frames_under_a_good_mac(radios: TwoRadios) -> None:
    dice = random.Random(f"control {SEED}")
    here = directory_of(radios, RIVER)
    hills = here.index(HILL)
    beats = count(1 << 20)
    shapes = [drawn(dice, 1 << 19, here) for _ in range(40)]

    def draw() -> bytes:
        """With a beat that has not been: otherwise nothing after the first high one would be looked at."""
        content = drawn(dice, next(beats), here)
        head = 2 + BEAT_BYTES
        if dice.random() < 0.2:
            return content + here.mac(content)
        whole = mutated(dice, [content, *shapes])
        if whole[2:head] != content[2:head] or whole[1] == hills:
            # In Hill's own name it would rightly keep quiet until a keeper has looked: tests/radio/test_quiet.py.
            whole = content[:head] + mutated(
                dice, [content[head:], *(shape[head:] for shape in shapes if shape[0] == content[0])]
            )
        return whole + here.mac(whole)

    counts = fuzzed(radios, CONTROL, draw)
    assert counts["heard_summary"] + counts["heard_ask"] > CONTROL // 10
    assert counts["ignored_malformed"]


def strings(dice: random.Random) -> Iterator[bytes]:
    """What may come over a StreamAPI line: frames of all that radios say, mutated inside and around."""
    packet = mesh_pb2.MeshPacket(to=0xFFFFFFFF, id=7, rx_snr=6.25, rx_rssi=-80, hop_limit=1, hop_start=2)
    setattr(packet, "from", 0x0B0B0002)
    packet.decoded.portnum, packet.decoded.payload = 256, bytes(range(60))
    own = mesh_pb2.MeshPacket()
    own.CopyFrom(packet)
    setattr(own, "from", ME)
    own.decoded.portnum = 67
    own.decoded.payload = telemetry_pb2.Telemetry(
        device_metrics=telemetry_pb2.DeviceMetrics(channel_utilization=9.5, air_util_tx=1.5)
    ).SerializeToString()
    nak = mesh_pb2.MeshPacket()
    nak.CopyFrom(own)
    nak.decoded.portnum, nak.decoded.request_id = 5, 99
    nak.decoded.payload = mesh_pb2.Routing(error_reason=5).SerializeToString()
    said = [
        {"packet": packet},
        {"packet": own},
        {"packet": nak},
        {"queueStatus": mesh_pb2.QueueStatus(res=0, free=15, maxlen=16, mesh_packet_id=77)},
        {"clientNotification": {"message": "You can send again in 12 mins", "level": 30}},
        {"log_record": {"message": "nothing to say", "level": 20}},
        {"my_info": mesh_pb2.MyNodeInfo(my_node_num=ME)},
        {"node_info": mesh_pb2.NodeInfo(num=4711, user=mesh_pb2.User(long_name="Hill"))},
        {"metadata": mesh_pb2.DeviceMetadata(firmware_version="2.7.26")},
        {"config": config_pb2.Config(lora=lora())},
    ]
    good = [mesh_pb2.FromRadio(**one).SerializeToString() for one in said]
    framed = [frame(message) for message in good]
    while True:
        yield frame(mutated(dice, good)[:512]) if dice.random() < 0.7 else mutated(dice, framed)


def test_streamapi_strings() -> None:
    """The real library reads them, over TCP; whenever a link went down in between, those of that batch do not count."""
    dice = random.Random(f"strings {SEED}")
    source, given, lost, size, began = strings(dice), 0, 0, 0, time.monotonic()
    threads = threading.active_count()
    with tcp_peer() as peer:
        link = link_to(peer.setting)
        link.start()
        until(link, is_up)
        while given < STRINGS:
            for _ in range(50):
                peer.raw(next(source))
            peer.raw(bytes(600))  # whatever stopped short has now swallowed its fill
            peer.hear(HELLO)
            seen: list[LinkEvent] = []
            while not any(isinstance(e, Heard) and e.data == HELLO for e in seen):
                link.wait(0.1)
                seen += link.poll()
                if any(is_down(event) for event in seen):
                    lost += 1
                    if not any(is_up(event) for event in seen[-1:]):
                        until(link, is_up)
                    peer.hear(HELLO)
                    seen.clear()
                    given -= 50
            given += 50
            if not size and given >= STRINGS // 4:
                size = resident()
        grown = resident() - size
        link.close()
    print(
        f"\n{given} strings in {time.monotonic() - began:.0f} s, seed {SEED}, {lost} links lost, grown by {grown} bytes"
    )
    assert grown < GROWTH
    assert threading.active_count() <= threads + 1  # the library's own for publishing
