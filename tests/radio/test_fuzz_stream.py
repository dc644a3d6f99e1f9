"""Bytes over a StreamAPI line, from a radio gone mad or from a line with noise: the link lives, and nothing grows.

The real library reads them over a real connection, in the greeting and after it: half of them on the network, half
at a serial port. ``make test`` gives a share, ``make fuzz`` a million (``HUB_FUZZ`` is a share of that), and prints
how many there were on each line.
"""

import logging
import random
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest
from meshtastic import mesh_interface, node
from meshtastic.protobuf import (
    admin_pb2,
    channel_pb2,
    config_pb2,
    mesh_pb2,
    module_config_pb2,
    portnums_pb2,
    telemetry_pb2,
    xmodem_pb2,
)

from appliance.radio.emulated.stream import frame
from appliance.radio.ports import Heard, Link, LinkEvent
from tests.radio.links.benches import BRISK, link_to
from tests.radio.links.contract import HELLO, is_down, is_up, until
from tests.support.fuzzing import GROWTH, SEED, SHARE, resident
from tests.support.mutations import mutated
from tests.support.stream_peer import ME, PtyPeer, StreamPeer, lora, pty_peer, tcp_peer

EACH = round(250_000 * SHARE) or 500
"""In the greeting, and after it, on each of the two lines."""

QUICK = replace(BRISK, first_back_off=0.01, last_back_off=0.01, handshake=1.0)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7 * 24 * 3600)]


@pytest.fixture(autouse=True)
def nothing_is_logged() -> Iterator[None]:
    """pytest keeps every line of the log until the end; a million of them would be taken for growth."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def of_port(packet: Any, port: int, content: bytes) -> Any:
    """The packet with what another application says in it."""
    other = mesh_pb2.MeshPacket()
    other.CopyFrom(packet)
    other.decoded.portnum, other.decoded.payload = port, content
    return other


def applications() -> dict[int, bytes]:
    """By their port, what other applications of a mesh say: the library reads them before we could say no."""
    ports = portnums_pb2.PortNum
    return {
        ports.TEXT_MESSAGE_APP: b"good morning",
        ports.POSITION_APP: mesh_pb2.Position(latitude_i=1, longitude_i=2, time=3).SerializeToString(),
        ports.NODEINFO_APP: mesh_pb2.User(id="!0b0b0002", long_name="Hill").SerializeToString(),
        ports.ADMIN_APP: admin_pb2.AdminMessage(get_owner_request=True).SerializeToString(),
        ports.TRACEROUTE_APP: mesh_pb2.RouteDiscovery(route=[1, 2], snr_towards=[3]).SerializeToString(),
        ports.WAYPOINT_APP: mesh_pb2.Waypoint(id=1, name="well").SerializeToString(),
        ports.NEIGHBORINFO_APP: mesh_pb2.NeighborInfo(node_id=ME).SerializeToString(),
    }


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
    encrypted = mesh_pb2.MeshPacket(to=0xFFFFFFFF, id=8, encrypted=bytes(range(60)))
    setattr(encrypted, "from", 0x0B0B0003)
    said = [
        {"packet": packet},
        {"packet": own},
        {"packet": nak},
        *({"packet": of_port(packet, port, content)} for port, content in applications().items()),
        {"packet": encrypted},
        {"queueStatus": mesh_pb2.QueueStatus(res=0, free=15, maxlen=16, mesh_packet_id=77)},
        {"clientNotification": {"message": "You can send again in 12 mins", "level": 30}},
        {"log_record": {"message": "nothing to say", "level": 20}},
        {"my_info": mesh_pb2.MyNodeInfo(my_node_num=ME)},
        {"node_info": mesh_pb2.NodeInfo(num=4711, user=mesh_pb2.User(long_name="Hill"))},
        {"metadata": mesh_pb2.DeviceMetadata(firmware_version="2.7.26")},
        {"config": config_pb2.Config(lora=lora())},
        {"moduleConfig": module_config_pb2.ModuleConfig(mqtt={"address": "mqtt.example"})},
        {"channel": channel_pb2.Channel(index=0, role=1, settings={"name": "tch", "psk": bytes(32)})},
        {"fileInfo": mesh_pb2.FileInfo(file_name="/prefs/db.proto", size_bytes=9)},
        {"xmodemPacket": xmodem_pb2.XModem(control=1, seq=1, buffer=bytes(40))},
        {"mqttClientProxyMessage": mesh_pb2.MqttClientProxyMessage(topic="msh", data=bytes(40))},
        {"config_complete_id": 69420},
    ]
    good = [mesh_pb2.FromRadio(**one).SerializeToString() for one in said]
    framed = [frame(message) for message in good]
    while True:
        yield frame(mutated(dice, good)[:512]) if dice.random() < 0.7 else mutated(dice, framed)


FILL = bytes(600)
"""Whatever stopped short has now swallowed its fill."""


class Line:
    """A radio gone mad, and the library's link to it.

    Attributes:
        at_once: strings before each message of a greeting. A serial port takes longer to open, and then gets more.
        patience: of the link.
    """

    def __init__(self, name: str, peer: StreamPeer) -> None:
        self.name, self.peer = name, peer
        serial = isinstance(peer, PtyPeer)
        self.at_once = 100 if serial else 40
        self.patience = replace(QUICK, handshake=5.0) if serial else QUICK

    def link(self) -> Link:
        return link_to(self.peer.setting, self.patience)

    def anew(self) -> None:
        """The link that is up greets again."""
        if isinstance(self.peer, PtyPeer):
            self.peer.say(rebooted=True)
        else:
            self.peer.fin()


@pytest.fixture(params=["tcp", "serial"])
def line(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Line]:
    with tcp_peer() if request.param == "tcp" else pty_peer(tmp_path / "radio") as peer:
        yield Line(request.param, peer)


@pytest.fixture(autouse=True)
def the_library_does_not_end_the_program(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """It can (``our_exit``), and on the thread of its reader nobody would hear of it."""
    ends: list[str] = []

    def noted(message: str, return_value: int = 1) -> NoReturn:
        ends.append(message)
        raise SystemExit(return_value)

    for module in (mesh_interface, node):
        monkeypatch.setattr(module, "our_exit", noted)
    yield
    assert ends == []


class Count:
    """Strings given on a line, and what that cost."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self.given = self.lost = self._size = 0
        self._began, self._threads = time.monotonic(), threading.active_count()

    def look(self) -> None:
        """Begin to measure once a quarter is given: caches are full then."""
        if not self._size and self.given >= EACH // 4:
            self._size = resident()

    def end(self) -> None:
        grown, seconds = resident() - self._size, time.monotonic() - self._began
        print(
            f"\n{self._line.name}: {self.given} strings in {seconds:.0f} s, seed {SEED}, {self.lost} links lost, "
            f"grown by {grown} bytes"
        )
        assert grown < GROWTH
        assert threading.active_count() <= self._threads + 1  # the library's own for publishing


def test_streamapi_strings(line: Line) -> None:
    """The real library reads them; whenever a link went down in between, those of that batch do not count."""
    source, count = strings(random.Random(f"strings {SEED} {line.name}")), Count(line)
    peer, link = line.peer, line.link()
    link.start()
    until(link, is_up)
    while count.given < EACH:
        for _ in range(50):
            peer.raw(next(source))
        peer.raw(FILL)
        peer.hear(HELLO)
        seen: list[LinkEvent] = []
        while not any(isinstance(e, Heard) and e.data == HELLO for e in seen):
            link.wait(0.1)
            seen += link.poll()
            if any(is_down(event) for event in seen):
                count.lost += 1
                if not any(is_up(event) for event in seen[-1:]):
                    until(link, is_up)
                peer.hear(HELLO)
                seen.clear()
                count.given -= 50
        count.given += 50
        count.look()
    link.close()
    count.end()


def test_streamapi_strings_in_the_greeting(line: Line) -> None:
    """Before each message of the handshake; then, over a good line, the link comes up and hears."""
    source, count = strings(random.Random(f"greeting {SEED} {line.name}")), Count(line)
    peer, link = line.peer, line.link()

    def noise() -> bytes:
        count.given += line.at_once
        return b"".join(next(source) for _ in range(line.at_once)) + FILL

    peer.noise = noise
    link.start()
    while True:
        enough, up = count.given + 5 * line.at_once, False
        while count.given < enough or not up:
            link.wait(0.1)
            for event in link.poll():
                up = is_up(event) or (up and not is_down(event))
        count.look()
        if count.given >= EACH:
            break
        line.anew()
        count.lost += 1
    peer.noise = bytes
    line.anew()
    seen: list[LinkEvent] = []
    for _ in range(600):
        peer.hear(HELLO)  # again: a connection of before may be there for another moment
        link.wait(0.1)
        seen += link.poll()
        if any(isinstance(event, Heard) and event.data == HELLO for event in seen):
            break
    else:
        raise AssertionError(f"it hears nothing over a good line: {seen}")
    link.close()
    count.end()
