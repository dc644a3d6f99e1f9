"""A node, or the library, that keeps ``hub radio provision`` waiting: each ends in words, and nothing is left running.

No time is asserted. Where something would wait for ever, the test's own time limit says so.
"""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from meshtastic.mesh_interface import MeshInterface
from meshtastic.protobuf import mesh_pb2
from meshtastic.stream_interface import StreamInterface
from meshtastic.util import our_exit

from appliance.ledger.clock import SystemClock
from appliance.radio.errors import CannotProvision
from appliance.radio.links import meshtastic
from appliance.radio.links.open import open_node
from appliance.radio.links.provision import Found, Limits, Provisioner
from appliance.radio.links.steps import THREAD
from appliance.radio.links.wish import Change
from tests.radio.links.test_provision import WISH
from tests.support.stream_peer import ME, StreamPeer, pty_peer, tcp_peer

pytestmark = pytest.mark.timeout(90)

EVER = 3600.0
LONG = Limits(EVER, EVER, EVER, EVER, 0.05, 0.5, EVER, EVER)
"""Each limit but that of the goodbye far beyond the test's; a test shortens the one that it is about."""

FOUND = Found(ME, "River", "2.7.26", (Change("lora.modem_preset", "LONG_FAST", "MEDIUM_FAST"),))


@pytest.fixture(params=["tcp", "serial"])
def peer(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StreamPeer]:
    with tcp_peer() if request.param == "tcp" else pty_peer(tmp_path / "ttyRiver") as made:
        yield made


@pytest.fixture
def nothing_left() -> Iterator[None]:
    """What the test's provisioning started has ended."""
    before = set(threading.enumerate())
    yield
    for _ in range(3000):
        if not ours() - before:
            return
        time.sleep(0.02)
    raise AssertionError(f"left running: {ours() - before}")


def ours() -> set[threading.Thread]:
    return {one for one in threading.enumerate() if one.name in {THREAD, "stream reader"}}


def at(peer: StreamPeer, **limits: float) -> Provisioner:
    short = {name: getattr(LONG, name) for name in LONG.__slots__} | limits
    return Provisioner(open_node(peer.setting), SystemClock(), time.sleep, Limits(**short))


class Chatter:
    """Says something again and again on a thread, as soon as it is begun, until the line is gone."""

    def __init__(self, say: Callable[[], None]) -> None:
        self._say = say
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="chatter", daemon=True)

    def begin(self) -> None:
        if not self._thread.is_alive():
            self._thread.start()

    def end(self) -> None:
        self._over.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            while not self._over.wait(0.002):
                self._say()
        except OSError:
            pass


@pytest.fixture
def chatter(peer: StreamPeer) -> Iterator[Callable[[Callable[[], None]], Chatter]]:
    made: list[Chatter] = []

    def make(say: Callable[[], None]) -> Chatter:
        made.append(Chatter(say))
        return made[-1]

    yield make
    for one in made:
        one.end()


def another_node(peer: StreamPeer) -> None:
    peer.say(node_info=mesh_pb2.NodeInfo(num=4711))


def cannot(run: Callable[[], object], *words: str) -> str:
    with pytest.raises(CannotProvision) as told:
        run()
    assert all(word in str(told.value) for word in words), told.value
    return str(told.value)


@pytest.mark.usefixtures("nothing_left")
class TestANodeThatKeepsUsWaiting:
    def test_it_says_a_first_byte_and_then_nothing(self, peer: StreamPeer) -> None:
        peer.handshake_stops, peer.on_stop = 0, lambda: peer.raw(b"\x94")
        cannot(
            lambda: at(peer, greeting=0.5).look(WISH), "cannot be reached", "Nothing was written: unplug it"
        )

    @pytest.mark.parametrize("limit", ["greeting", "look"])
    def test_it_trickles_for_ever(self, peer: StreamPeer, chatter: Any, limit: str) -> None:
        slow = chatter(lambda: peer.raw(b"\x94\xc3\x00\x10"[:1]))
        peer.handshake_stops, peer.on_stop = 2, slow.begin
        cannot(lambda: at(peer, **{limit: 0.5}).look(WISH), "cannot be reached", "unplug it")

    @pytest.mark.parametrize("limit", ["greeting", "look"])
    def test_it_tells_of_node_after_node_and_never_ends_its_greeting(
        self, peer: StreamPeer, chatter: Any, limit: str
    ) -> None:
        flood = chatter(lambda: another_node(peer))
        peer.handshake_stops, peer.on_stop = 4, flood.begin
        cannot(lambda: at(peer, **{limit: 0.5}).look(WISH), "cannot be reached", "unplug it")

    def test_it_hangs_up_in_the_middle_of_its_greeting(self, peer: StreamPeer) -> None:
        peer.handshake_stops, peer.on_stop = 3, peer.fin
        cannot(lambda: at(peer, greeting=1.0).look(WISH), "cannot be reached", "Nothing was written")

    @pytest.mark.parametrize("limit", ["answer", "write"])
    def test_it_talks_of_everything_but_what_it_was_told(
        self, peer: StreamPeer, chatter: Any, limit: str
    ) -> None:
        # Each of its messages would begin the waiting anew.
        began = time.monotonic()
        found = at(peer).look(WISH)
        greeted = time.monotonic() - began
        peer.answers = False
        chatter(lambda: peer.status(4711)).begin()
        seconds = 0.5 if limit == "answer" else 3 * greeted + 2
        cannot(
            lambda: at(peer, **{limit: seconds}).write(WISH, found), "not everything was written", "unplug it"
        )
        assert peer.packets, "it came to the transaction"

    def test_it_takes_what_it_is_told_and_does_not_say_how_it_is(self, peer: StreamPeer) -> None:
        found = at(peer).look(WISH)
        cannot(lambda: at(peer, answer=3.0).write(WISH, found), "not everything was written", "once more")
        assert len(peer.packets) == 2

    def test_it_hangs_up_in_the_middle_of_the_transaction(self, peer: StreamPeer) -> None:
        found = at(peer).look(WISH)
        peer.before_answer = lambda _packet: peer.fin()
        cannot(lambda: at(peer, answer=1.0).write(WISH, found), "not everything was written", "once more")

    def test_it_refuses_a_setting(self, peer: StreamPeer) -> None:
        found = at(peer).look(WISH)
        peer.res = 33
        cannot(lambda: at(peer).write(WISH, found), "NO_INTERFACES")

    def test_it_answers_another_question(self, peer: StreamPeer) -> None:
        found = at(peer).look(WISH)

        def answer(packet: int) -> None:
            message = mesh_pb2.MeshPacket(to=ME)
            setattr(message, "from", ME)
            message.decoded.portnum = 6
            message.decoded.request_id = packet
            peer.say(packet=message)

        peer.before_answer = answer
        cannot(lambda: at(peer).write(WISH, found), "asked for lora", "once more")


class Stuck:
    """A place inside the library from which nobody comes back, until the test ends."""

    def __init__(self) -> None:
        self._free = threading.Event()
        self.reached = 0

    def __call__(self, *_: object, **__: object) -> None:
        self.reached += 1
        self._free.wait()

    def end(self) -> None:
        self._free.set()


@pytest.fixture
def stuck(nothing_left: None) -> Iterator[Stuck]:
    place = Stuck()
    yield place
    place.end()


class TestALibraryThatNeverReturns:
    def left_behind(self) -> int:
        return sum(one.name == THREAD and one.daemon for one in ours())

    def test_its_goodbye(self, peer: StreamPeer, stuck: Stuck, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(StreamInterface, "close", stuck)
        assert at(peer).look(WISH).name == "River"
        assert (stuck.reached, self.left_behind()) == (1, 1)

    def test_its_picture_of_the_node(
        self, peer: StreamPeer, stuck: Stuck, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("appliance.radio.links.provision._FOR_LOOKING", 1.0)
        monkeypatch.setattr("appliance.radio.links.provision.MeshtasticSession.close", lambda _self: None)

        class Local:
            def __get__(self, interface: Any, _kind: object) -> Any:
                if interface.hub_greeted and threading.current_thread().name == THREAD:
                    stuck()
                return interface.__dict__["localNode"]

            def __set__(self, interface: Any, node: Any) -> None:
                interface.__dict__["localNode"] = node

        monkeypatch.setattr(meshtastic._Hooked, "localNode", Local(), raising=False)
        cannot(lambda: at(peer).look(WISH), "cannot be reached", "Nothing was written")
        assert (stuck.reached, self.left_behind()) == (1, 1)

    def test_its_sending(self, peer: StreamPeer, stuck: Stuck, monkeypatch: pytest.MonkeyPatch) -> None:
        found = at(peer).look(WISH)
        monkeypatch.setattr(MeshInterface, "sendData", stuck)
        cannot(lambda: at(peer, answer=1.0).write(WISH, found), "not everything was written", "once more")
        assert (stuck.reached, self.left_behind()) == (1, 1)

    def test_its_connecting(self, peer: StreamPeer, stuck: Stuck, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(StreamInterface, "connect", stuck)
        cannot(lambda: at(peer, greeting=1.0).look(WISH), "cannot be reached", "unplug it")
        assert (stuck.reached, self.left_behind()) == (1, 1)

    @pytest.mark.usefixtures("nothing_left")
    @pytest.mark.parametrize("how", ["SystemExit", "MeshInterfaceError", "AttributeError"])
    def test_what_it_raises_comes_out_in_words(
        self, peer: StreamPeer, how: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        found = at(peer).look(WISH)

        def fails(*_: object, **__: object) -> None:
            match how:
                case "SystemExit":
                    our_exit("Warning: No myInfo found.")
                case "MeshInterfaceError":
                    raise MeshInterface.MeshInterfaceError("Timed out")
                case _:
                    raise AttributeError("no such thing")

        monkeypatch.setattr(MeshInterface, "_sendPacket", fails)
        cannot(lambda: at(peer).write(WISH, found), "not everything was written", how)
        monkeypatch.setattr(StreamInterface, "connect", fails)
        cannot(lambda: at(peer).look(WISH), "cannot be reached", "Nothing was written")
