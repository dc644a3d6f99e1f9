"""What radios and lines do wrong, done to the real library: nothing of it may hang, leak or print."""

import fcntl
import random
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from meshtastic.protobuf import mesh_pb2

from appliance.radio.links.session import Patience, Trouble
from appliance.radio.ports import Airtime, Changed, Heard, Link, LinkEvent, LinkState, Refused, Sent
from tests.radio.links.benches import BRISK, link_to
from tests.radio.links.contract import HELLO, is_down, is_up, is_verdict, opened, until
from tests.support.stream_peer import BOB, LORA, ME, TcpPeer, lora, pty_peer, tcp_peer

pytestmark = pytest.mark.timeout(60)

# For faults that show by nothing happening.
HASTY = replace(BRISK, answer=0.4, probe=0.3, silence=1.5)


@pytest.fixture
def peer() -> Iterator[TcpPeer]:
    with tcp_peer() as peer:
        yield peer


@pytest.fixture(autouse=True)
def nothing_of_the_library_stays() -> Iterator[None]:
    """Not even daemon threads: every fault here is one from which the library can be freed."""
    before = set(threading.enumerate())
    yield
    left = [thread for thread in threading.enumerate() if thread not in before]
    for thread in left:
        if thread.name != "publishing":  # the library's own, one for the whole process
            thread.join(5)
    assert [t.name for t in left if t.is_alive() and t.name != "publishing"] == []


def sees(link: Link, event: LinkEvent) -> None:
    until(link, lambda seen: seen == event)


def goes_down(link: Link) -> str:
    down = until(link, is_down)[-1]
    assert isinstance(down, Changed)
    return down.reason


class TestTheLine:
    def test_a_reset_is_told_and_mended(self, peer: TcpPeer) -> None:
        with opened(link_to(peer.setting)) as link:
            peer.rst()
            assert goes_down(link) == Trouble.RESET
            until(link, is_up)
            assert peer.connections == 2

    def test_an_end_that_the_library_would_hide_is_told(self, peer: TcpPeer) -> None:
        # Left to itself it connects again after a second, with no event at all.
        with opened(link_to(peer.setting)) as link:
            peer.fin()
            assert goes_down(link) == Trouble.CLOSED
            until(link, is_up)
            assert peer.connections == 2

    def test_a_packet_given_to_a_line_that_has_ended_is_not_lost_in_silence(self, peer: TcpPeer) -> None:
        with opened(link_to(peer.setting)) as link:
            peer.answers = False
            peer.fin()
            if link.ready():
                link.send(HELLO)
            assert goes_down(link) in {Trouble.CLOSED, Trouble.RESET}
            peer.answers = True
            until(link, is_up)
            assert link.ready()

    def test_a_second_program_at_the_radio_is_named(self, peer: TcpPeer) -> None:
        # Each connection ends the one before, as at a real node. Both go on, neither in a frenzy.
        slow = replace(BRISK, first_back_off=0.2, last_back_off=0.8)
        with opened(link_to(peer.setting, slow)) as river, opened(link_to(peer.setting, slow)) as other:
            said: dict[Link, list[str]] = {river: [], other: []}
            while not all(Trouble.TAKEN in reasons for reasons in said.values()):
                for link, reasons in said.items():
                    link.wait(0.02)
                    reasons += [event.reason for event in link.poll() if is_down(event)]  # type: ignore[union-attr]
            assert all(reasons[0] == Trouble.CLOSED for reasons in said.values())
            assert peer.connections <= 12

    @pytest.mark.parametrize("how", ["fin", "rst"])
    @pytest.mark.parametrize("after", range(5))
    def test_a_radio_that_dies_in_the_handshake(self, peer: TcpPeer, how: str, after: int) -> None:
        peer.handshake_stops = after
        peer.on_stop = peer.fin if how == "fin" else peer.rst
        link = link_to(peer.setting)
        link.start()
        assert goes_down(link) in {Trouble.CLOSED, Trouble.RESET}
        peer.handshake_stops = None
        until(link, is_up)
        link.close()

    @pytest.mark.parametrize("after", [0, 4])
    def test_a_radio_that_falls_silent_in_the_handshake(self, peer: TcpPeer, after: int) -> None:
        peer.handshake_stops = after
        link = link_to(peer.setting, replace(BRISK, handshake=0.8))
        link.start()
        assert goes_down(link) == Trouble.NO_HANDSHAKE
        peer.handshake_stops = None
        until(link, is_up)
        link.close()

    def test_a_line_that_stands_and_says_nothing_is_dead(self, peer: TcpPeer) -> None:
        with opened(link_to(peer.setting, HASTY)) as link:
            peer.probed = False
            assert goes_down(link) == Trouble.SILENT
            peer.probed = True
            until(link, is_up)

    def test_probes_keep_a_quiet_radio_alive(self, peer: TcpPeer) -> None:
        with opened(link_to(peer.setting, HASTY)) as link:
            seen: list[LinkEvent] = []
            while peer.heartbeats < 8:  # beyond what counts as silence
                link.wait(0.1)
                seen += link.poll()
            assert seen == []

    def test_a_radio_that_rebooted_is_met_anew(self, peer: TcpPeer) -> None:
        with opened(link_to(peer.setting)) as link:
            peer.settings = lora(modem_preset=LORA.ModemPreset.SHORT_FAST)
            peer.say(rebooted=True)
            assert goes_down(link) == Trouble.REBOOTED
            until(link, is_up)
            radio = link.radio()
            assert radio is not None
            assert radio.preset == "SHORT_FAST"

    def test_nodes_without_end_are_not_kept(self, peer: TcpPeer) -> None:
        with opened(link_to(peer.setting)) as link:
            for number in range(300):
                peer.say(node_info=mesh_pb2.NodeInfo(num=1000 + number))
            peer.hear(HELLO)
            until(link, lambda e: isinstance(e, Heard))
            kept = link._crew._session._interface.nodesByNum  # type: ignore[attr-defined]
            assert len(kept) <= 2

    def test_noise_without_an_end_is_not_kept(self, peer: TcpPeer) -> None:
        # As of a serial port at the wrong speed: never a frame, and never the end of a line.
        with opened(link_to(peer.setting)) as link:
            peer.raw(b"x" * 200_000)
            peer.hear(HELLO)
            until(link, lambda e: isinstance(e, Heard))
            assert not link._crew._session._interface.cur_log_line  # type: ignore[attr-defined]

    def test_garbage_is_nothing(self, peer: TcpPeer, capfd: pytest.CaptureFixture[str]) -> None:
        noise = random.Random(7)
        with opened(link_to(peer.setting)) as link:
            for _ in range(30):
                peer.raw(noise.randbytes(noise.randrange(1, 200)).replace(b"\x94", b"\x95"))
                peer.raw(b"\x94\xc3\xff\xff")  # longer than anything
                body = noise.randbytes(noise.randrange(1, 60))
                peer.raw(b"\x94\xc3\x00" + bytes([len(body)]) + body)
                peer.raw(b"\x94\xc3\x00\x02\x12\x05")  # a packet that ends too soon
                peer.hear(b"not me", sender=0)
            peer.hear(HELLO)
            seen = until(link, lambda e: isinstance(e, Heard) and e.data == HELLO)
            assert not [event for event in seen if isinstance(event, Changed)]
            link.send(HELLO)
            sees(link, Sent())
        assert capfd.readouterr() == ("", "")

    def test_loss_after_loss_leaves_nothing_behind(self, peer: TcpPeer) -> None:
        quick = replace(BRISK, first_back_off=0.0, last_back_off=0.0)
        before = threading.active_count()
        with opened(link_to(peer.setting, quick)) as link:
            for number in range(12):
                (peer.rst, peer.fin, lambda: peer.say(rebooted=True))[number % 3]()
                until(link, is_down)
                until(link, is_up)
            assert threading.active_count() - before < 12
        assert peer.connections == 13


class TestTheSerialPort:
    def test_a_port_that_another_program_holds(self, tmp_path: Path) -> None:
        with pty_peer(tmp_path / "radio") as peer, (tmp_path / "radio").open("rb", buffering=0) as other:
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            link = link_to(peer.setting)
            link.start()
            assert goes_down(link) == Trouble.PORT_BUSY
            link.close()

    @pytest.mark.parametrize("name", ["missing", "notes.txt", "folder"])
    def test_what_is_no_port(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "notes.txt").write_text("no radio", "utf-8")
        (tmp_path / "folder").mkdir()
        link = link_to(f"serial:{tmp_path / name}")
        link.start()
        assert goes_down(link) == Trouble.UNREACHABLE
        link.close()

    def test_a_radio_pulled_out_in_the_handshake(self, tmp_path: Path) -> None:
        with pty_peer(tmp_path / "radio") as peer:
            peer.handshake_stops = 2
            half_way = threading.Event()
            peer.on_stop = half_way.set
            link = link_to(peer.setting)
            link.start()
            assert half_way.wait(10)
            peer.unplug()
            assert goes_down(link) == Trouble.UNPLUGGED
            peer.handshake_stops = None
            peer.plug()
            until(link, is_up)
            link.close()


class TestThePacketInside:
    def test_it_is_a_broadcast_on_our_port_with_an_explicit_hop_limit(self, peer: TcpPeer) -> None:
        with opened(link_to(peer.setting, hops=0)) as link:
            link.send(HELLO)
            sees(link, Sent())
        packet = peer.packets[0]
        assert (packet.to, packet.decoded.portnum, packet.hop_limit) == (0xFFFFFFFF, 256, 0)
        assert (packet.want_ack, packet.decoded.want_response, packet.channel) == (False, False, 0)
        assert packet.priority == 64

    def test_the_radios_own_hop_limit_is_the_default(self, peer: TcpPeer) -> None:
        with opened(link_to(peer.setting)) as link:
            link.send(HELLO)
            sees(link, Sent())
        assert peer.packets[0].hop_limit == 2

    @pytest.mark.parametrize(
        ("res", "reason"), [(7, "TOO_LARGE"), (32, "QUEUE_FULL"), (6, "NO_CHANNEL"), (77, "ERROR_77")]
    )
    def test_a_refusal_has_the_radios_name(self, peer: TcpPeer, res: int, reason: str) -> None:
        with opened(link_to(peer.setting)) as link:
            peer.res = res
            link.send(HELLO)
            verdict = until(link, is_verdict)[-1]
            assert isinstance(verdict, Refused)
            assert verdict.reason == reason
            assert (verdict.wait > 0) is (reason == "QUEUE_FULL")
            peer.res = 0
            link.send(HELLO)
            sees(link, Sent())

    @pytest.mark.parametrize("order", ["notice first", "refusal first"])
    def test_the_duty_cycle_says_how_long(self, peer: TcpPeer, order: str) -> None:
        text = "Duty cycle limit exceeded. You can send again in 12 mins"
        with opened(link_to(peer.setting, replace(BRISK, verdict=10))) as link:
            peer.res = 9
            if order == "notice first":
                peer.before_answer = lambda _packet: peer.say(clientNotification={"message": text})
            link.send(HELLO)
            if order == "refusal first":
                assert peer.taken.wait(10)
                peer.say(clientNotification={"message": text})
            sees(link, Refused("DUTY_CYCLE_LIMIT", 720.0))

    def test_the_duty_cycle_without_a_word(self, peer: TcpPeer) -> None:
        with opened(link_to(peer.setting)) as link:
            peer.res = 9
            link.send(HELLO)
            sees(link, Refused("DUTY_CYCLE_LIMIT", 60.0))

    def test_a_routing_error_is_a_refusal_too(self, peer: TcpPeer) -> None:
        with opened(link_to(peer.setting)) as link:
            peer.waiting = 1
            link.send(HELLO)
            assert peer.taken.wait(10)
            peer.nak(peer.packets[0].id ^ 1, "TIMEOUT")  # of another packet
            peer.nak(peer.packets[0].id, "NONE")  # somebody was heard passing it on
            peer.nak(peer.packets[0].id, "NO_INTERFACE")
            sees(link, Refused("NO_INTERFACE", 60.0))

    def test_it_counts_as_sent_when_the_radios_queue_is_empty(self, peer: TcpPeer) -> None:
        with opened(link_to(peer.setting)) as link:
            peer.waiting = 1
            link.send(HELLO)
            asked = peer.heartbeats + 4
            while peer.heartbeats < asked:
                link.wait(0.05)
                assert not link.poll()
                assert not link.ready()
            peer.waiting = 0
            sees(link, Sent())

    def test_a_radio_that_is_full_blocks_nobody(self, peer: TcpPeer) -> None:
        # The library waits without end while the last QueueStatus says free=0, and close() with it.
        with opened(link_to(peer.setting, replace(BRISK, leave=0.3))) as link:
            peer.waiting = 16
            for _ in range(3):
                link.send(HELLO)
                sees(link, Sent())  # it was taken; we do not wait for a queue that never moves
            link.send(HELLO)
            peer.rst()
            # Which of the two it reads as depends on whether the library was just reading or writing.
            assert goes_down(link) in (Trouble.RESET, Trouble.CLOSED)

    def test_no_word_on_a_packet_from_a_radio_that_lives(self, peer: TcpPeer) -> None:
        with opened(link_to(peer.setting, HASTY)) as link:
            peer.answers = False
            link.send(HELLO)
            sees(link, Refused("NO_ANSWER"))
            assert link.ready()

    def test_no_word_on_a_packet_and_none_on_a_probe(self, peer: TcpPeer) -> None:
        with opened(link_to(peer.setting, replace(HASTY, silence=60))) as link:
            peer.answers = peer.probed = False
            link.send(HELLO)
            assert goes_down(link) == Trouble.SILENT

    def test_words_on_packets_that_are_not_inside_are_nothing(self, peer: TcpPeer) -> None:
        with opened(link_to(peer.setting)) as link:
            peer.status(4711)
            peer.status(4711, 9)
            peer.nak(4711, "TIMEOUT")
            link.wait(0.2)
            assert not link.poll()
            peer.answers = False
            link.send(HELLO)
            assert peer.taken.wait(10)
            peer.status(4711)
            peer.status(4711, 7)
            link.wait(0.2)
            assert not link.poll()
            peer.status(peer.packets[0].id)
            sees(link, Sent())


class TestWhatTheRadioTells:
    def test_a_packet_comes_with_how_it_was_received(self, peer: TcpPeer) -> None:
        with opened(link_to(peer.setting)) as link:
            peer.hear(HELLO)
            sees(link, Heard(HELLO, snr=6.25, rssi=-80, hops=1))

    def test_what_is_not_ours_to_hear(self, peer: TcpPeer) -> None:
        with opened(link_to(peer.setting)) as link:
            peer.hear(b"my own", sender=ME)
            peer.hear(b"a text", port=1)
            peer.hear(b"another private port", port=257)
            peer.hear(b"a position that is none", port=3)
            peer.hear(HELLO, sender=BOB)
            assert until(link, lambda e: isinstance(e, Heard)) == [Heard(HELLO, snr=6.25, rssi=-80, hops=1)]

    def test_its_own_measure_of_the_channel(self, peer: TcpPeer) -> None:
        peer.metrics = (12.5, 1.0)
        link = link_to(peer.setting)
        link.start()
        sees(link, Airtime(0.125, 0.01))
        peer.measure(99.0, 99.0, sender=BOB)  # another node's
        peer.measure(31.25, 2.5)
        assert until(link, lambda e: isinstance(e, Airtime)) == [Airtime(0.3125, 0.025)]
        link.close()

    def test_who_it_is(self, peer: TcpPeer) -> None:
        with opened(link_to(peer.setting)) as link:
            radio = link.radio()
            assert radio is not None
            assert (radio.preset, radio.region, radio.hop_limit) == ("SHORT_TURBO", "EU_868", 2)
            assert (radio.name, radio.firmware) == ("River", "2.7.26.54e0d8d")

    @pytest.mark.parametrize(
        ("fields", "reason"),
        [({"region": 0}, Trouble.REGION_UNSET), ({"tx_enabled": False}, Trouble.TX_DISABLED)],
    )
    def test_a_radio_that_will_not_send_says_why(
        self, peer: TcpPeer, fields: dict[str, object], reason: Trouble
    ) -> None:
        peer.settings = lora(**fields)
        link = link_to(peer.setting)
        link.start()
        assert until(link, is_up)[-1] == Changed(LinkState.UP, reason)
        link.close()

    def test_two_radios_in_one_process_do_not_hear_each_other(self, peer: TcpPeer) -> None:
        with (
            tcp_peer() as other,
            opened(link_to(peer.setting)) as river,
            opened(link_to(other.setting)) as hill,
        ):
            for number in range(10):
                peer.hear(b"for River %d" % number)
                other.hear(b"for Hill %d" % number)
            river.send(HELLO)
            at_river = until(river, lambda e: isinstance(e, Sent))
            peer.rst()
            at_river += until(river, is_down)
            other.hear(b"the last for Hill")
            at_hill = until(hill, lambda e: isinstance(e, Heard) and e.data.startswith(b"the last"))
            assert [e.data for e in at_river if isinstance(e, Heard)] == [
                b"for River %d" % n for n in range(10)
            ]
            assert [isinstance(e, Heard) and b"for Hill" in e.data for e in at_hill] == [True] * 11
            assert hill.ready()


def test_closing_a_link_whose_radio_is_silent_in_the_handshake(peer: TcpPeer) -> None:
    peer.handshake_stops = 1
    link = link_to(peer.setting, Patience())
    link.start()
    link.wait(0.3)
    link.close()
    assert not link.ready()
