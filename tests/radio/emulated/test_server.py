"""The ether in real time: two hubs on sim links, a control, and peers of any behaviour."""

import asyncio
import random
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from appliance.ledger.clock import SystemClock
from appliance.radio.emulated.background import emulated_ether
from appliance.radio.emulated.control import EtherControl
from appliance.radio.emulated.ether import Conditions
from appliance.radio.emulated.packet import BadMessage, Messages, Packet, encode_message
from appliance.radio.emulated.server import EtherServer
from appliance.radio.links.sim import SimLink, parse
from appliance.radio.ports import Airtime, Changed, Heard, LinkEvent, LinkState, Refused, Sent

QUICK = 200.0
"""Seconds on the ether in a second of the test."""


def until(link: SimLink, enough: Callable[[list[LinkEvent]], bool], seconds: float = 20.0) -> list[LinkEvent]:
    """Poll until it is enough; what was polled."""
    clock = SystemClock()
    events: list[LinkEvent] = []
    end = clock.uptime().ms + seconds * 1000
    while not enough(events):
        assert clock.uptime().ms < end, f"waited in vain; polled {events}"
        link.wait(1.0)
        events += link.poll()
    return events


def has(kind: type, count: int = 1) -> Callable[[Sequence[LinkEvent]], bool]:
    return lambda events: sum(isinstance(event, kind) for event in events) >= count


def is_up(events: list[LinkEvent]) -> bool:
    return any(isinstance(event, Changed) and event.state is LinkState.UP for event in events)


def is_down(events: list[LinkEvent]) -> bool:
    return any(isinstance(event, Changed) and event.state is LinkState.DOWN for event in events)


@pytest.fixture
def links():
    opened: list[SimLink] = []

    def open_link(port: int, name: str) -> SimLink:
        link = SimLink.at(f"sim://127.0.0.1:{port}/{name}")
        opened.append(link)
        link.start()
        until(link, is_up)
        return link

    yield open_link
    for link in opened:
        link.close()


def test_what_river_sends_hill_hears(links):
    with emulated_ether(speed=QUICK) as server:
        river, hill = links(server.port, "River"), links(server.port, "Hill")
        assert river.ready()
        river.send(b"a frame" * 20)
        assert not river.ready()
        events = until(hill, has(Heard))
        heard = next(event for event in events if isinstance(event, Heard))
        assert heard.data == b"a frame" * 20
        assert heard.snr is not None
        assert heard.rssi is not None
        until(river, lambda events: has(Sent)(events) and has(Airtime)(events))
        assert river.ready()
        radio = river.radio()
        assert radio is not None
        assert radio.preset == "MEDIUM_FAST"


def test_losses_and_cuts_can_be_set_while_it_runs(links):
    with emulated_ether(speed=QUICK) as server, EtherControl("127.0.0.1", server.port) as control:
        river, hill = links(server.port, "River"), links(server.port, "Hill")
        for change, back in (
            (lambda: control.set(loss=1.0), lambda: control.set(loss=0.0)),
            (lambda: control.cut("Hill"), lambda: control.cut("Hill", False)),
            (lambda: control.audible("River", "Hill", False), lambda: control.audible("River", "Hill", True)),
        ):
            change()
            river.send(b"not heard")
            until(river, has(Sent))
            back()
            river.send(b"heard")
            until(river, has(Sent))
            events = until(hill, has(Heard))
            assert [event.data for event in events if isinstance(event, Heard)] == [b"heard"]
        status = control.status()
        assert status["tally"]["lost"] == 1
        assert set(status["stations"]) == {"River", "Hill"}


def test_preset_and_speed_can_be_set_while_it_runs(links):
    with emulated_ether(speed=QUICK) as server, EtherControl("127.0.0.1", server.port) as control:
        river = links(server.port, "River")
        status = control.set(preset="LONG_FAST", speed=1000.0)
        assert (status["preset"], status["speed"]) == ("LONG_FAST", 1000.0)
        river.send(b"x" * 231)
        until(river, has(Sent))
        radio = river.radio()
        assert radio is not None
        assert radio.preset == "LONG_FAST"
        assert control.status()["tally"]["seconds"] == pytest.approx(2.157, abs=0.001)


@pytest.mark.parametrize(
    "wrong", [{"loss": 2}, {"loss": "much"}, {"preset": "SHOUT"}, {"speed": 0}, {"colour": 1}, {"preset": 5}]
)
def test_an_impossible_setting_is_refused_and_changes_nothing(wrong):
    with emulated_ether() as server, EtherControl("127.0.0.1", server.port) as control:
        before = {name: value for name, value in control.status().items() if name != "stations"}
        with pytest.raises(ValueError, match=r"."):
            control.set(**wrong)
        assert {name: value for name, value in control.status().items() if name != "stations"} == before


def test_a_link_comes_back_by_itself(links):
    with emulated_ether(speed=QUICK) as server:
        port = server.port
        river = links(port, "River")
        assert river.ready()
    until(river, is_down)
    assert not river.ready()
    with pytest.raises(RuntimeError):
        river.send(b"too early")
    with emulated_ether(speed=QUICK, port=port):
        until(river, is_up)
        assert river.ready()
        river.send(b"again")
        until(river, has(Sent))


def test_a_packet_given_to_a_connection_that_is_gone_ends_with_the_change(links):
    with emulated_ether(speed=QUICK) as server:
        river = links(server.port, "River")
        other = links(server.port, "River")  # takes its place
        while not is_down([event for _, event in list(river._events)]):
            river.wait(0.1)
        assert river.ready()  # nothing has been polled yet
        river.send(b"into the void")
        assert not river.ready()
        until(river, is_up)
        assert river.ready()
        other.close()


def test_a_packet_too_long_is_our_mistake(links):
    with emulated_ether() as server:
        river = links(server.port, "River")
        with pytest.raises(ValueError, match="231"):
            river.send(b"x" * 232)


def test_a_station_that_does_not_wait_is_refused(links):
    with emulated_ether() as server, socket.create_connection(("127.0.0.1", server.port)) as raw:
        raw.sendall(encode_message("join", "Rush") + encode_message("send", b"1", 40) * 2)
        messages = Messages()
        got: list[list[Any]] = []
        raw.settimeout(10)
        while not any(message[0] == "refused" for message in got):
            got += messages.feed(raw.recv(4096))


def test_peers_of_any_behaviour_do_no_harm(links):
    rng = random.Random(5)
    with emulated_ether(speed=QUICK) as server:
        river, hill = links(server.port, "River"), links(server.port, "Hill")
        for number in range(60):
            with socket.create_connection(("127.0.0.1", server.port)) as raw:
                junk = rng.choice(
                    [
                        rng.randbytes(rng.randrange(1, 3000)),
                        encode_message("join", "x" * 41),
                        encode_message("send", b"not joined", 40),
                        encode_message("join", f"junk{number}")
                        + encode_message("send", rng.randbytes(300), 20),
                        encode_message("join", f"junk{number}") + encode_message("send", b"", 0),
                        encode_message("cut", 5, True),
                        encode_message("status")[:-1],
                        b"\x00\x01\x80",
                    ]
                )
                raw.sendall(junk)
        river.send(b"still here")
        events = until(hill, has(Heard))
        assert [event.data for event in events if isinstance(event, Heard)] == [b"still here"]


@pytest.mark.parametrize("turns", range(5))
def test_it_ends_however_it_was_just_woken(turns):
    """A packet comes, and a few turns of the loop later it is closed."""

    async def wake_and_close() -> None:
        async with EtherServer(speed=0.01) as server:
            server.ether.join("River")
            server.ether.offer("River", b"on the air for long", 200, server.now())
            server._kick.set()
            await asyncio.sleep(0.01)
            server._kick.set()
            for _ in range(turns):
                await asyncio.sleep(0)

    async def in_time() -> None:
        async with asyncio.timeout(10):
            await wake_and_close()

    with ThreadPoolExecutor(1) as thread:  # a browser of other tests may have a loop in this one
        thread.submit(lambda: asyncio.run(in_time())).result()


def test_every_packet_of_a_lossy_hour_is_accounted_for(links):
    conditions = Conditions(loss=0.3, duplicate=0.1, late=0.1)
    with (
        emulated_ether(conditions, seed=9, speed=2000.0) as server,
        EtherControl("127.0.0.1", server.port) as control,
    ):
        river, hill = links(server.port, "River"), links(server.port, "Hill")
        for number in range(100):
            river.send(number.to_bytes(2, "big") * 50)
            assert not has(Refused)(until(river, has(Sent)))
        tally = control.status()["tally"]
        assert tally["sent"] == 100
        assert 10 < tally["lost"] < 60
        hill.wait(0.5)
        heard = [event.data for event in hill.poll() if isinstance(event, Heard)]
        assert 40 < len(set(heard)) <= 100 - tally["lost"]


def test_packets_survive_the_ether_and_nothing_else_is_taken_for_one():
    packet = Packet(1, 2, 3, 3, 3, 256, b"abc", 7, want_ack=True, request=9, relay=4, signed=True)
    assert Packet.unpack(packet.pack()) == packet
    rng = random.Random(1)
    for _ in range(2000):
        data = bytearray(packet.pack())
        data[rng.randrange(len(data))] = rng.randrange(256)
        try:
            Packet.unpack(bytes(data)).pack()
        except BadMessage:
            continue


@pytest.mark.parametrize("url", ["sim://", "sim://host", "tcp://127.0.0.1:1", "127.0.0.1:99", ""])
def test_an_address_that_is_none(url):
    with pytest.raises(ValueError, match="sim"):
        parse(url)


def test_an_address():
    assert parse("sim://127.0.0.1:4600") == ("127.0.0.1", 4600, "")
    assert parse("sim://127.0.0.1:4600/River%20East") == ("127.0.0.1", 4600, "River East")
