"""The supervisor alone: its clock stands still, its sessions do what the test says, or never end."""

import queue
import threading
from collections.abc import Callable, Iterator

import pytest

from appliance.ledger.clock import ManualClock
from appliance.radio.links.meshtastic import asked_wait, preset_of, refusal_name
from appliance.radio.links.session import (
    LinkLost,
    Lost,
    Opened,
    Patience,
    Queue,
    Tell,
    Told,
    Trouble,
    Written,
)
from appliance.radio.links.supervisor import Supervisor, signs
from appliance.radio.ports import Changed, Heard, LinkEvent, LinkState, Radio, Refused, Sent
from tests.radio.links.contract import HELLO
from tests.support.stream_peer import LORA, lora

pytestmark = pytest.mark.timeout(30)

RIVER = Radio("SHORT_TURBO", "River", "2.7.26", "EU_868", 2)


class Puppet:
    """A session on strings: it opens, or does not, and tells what it is told to tell."""

    def __init__(self, opens: Callable[["Puppet"], None]) -> None:
        self._opens = opens
        self.is_cut = threading.Event()
        self.is_closed = threading.Event()
        self.done: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.tell: Tell = lambda _told: None

    def open(self, tell: Tell) -> None:
        self.tell = tell
        self.done.put("open")
        self._opens(self)

    def send(self, data: bytes) -> None:
        self.done.put(f"send {data!r}")

    def set_time(self, at_ms: int) -> None:
        """Nobody asks it here."""

    def probe(self) -> None:
        self.done.put("probe")

    def close(self) -> None:
        self.is_closed.set()

    def cut(self) -> None:
        self.is_cut.set()


def up(puppet: Puppet) -> None:
    puppet.tell(Opened(RIVER))


def nobody(_puppet: Puppet) -> None:
    raise LinkLost(Trouble.UNREACHABLE)


def blocked_until(free: threading.Event) -> Callable[[Puppet], None]:
    def opens(_puppet: Puppet) -> None:
        free.wait(30)

    return opens


class Stage:
    """A supervisor, its clock, and every session it has begun."""

    def __init__(self, patience: Patience | None = None) -> None:
        self.clock = ManualClock(0)
        self.opens: Callable[[Puppet], None] = up
        self.puppets: list[Puppet] = []
        self.link = Supervisor("a stage", self._session, self.clock, patience)

    def _session(self) -> Puppet:
        self.puppets.append(Puppet(self.opens))
        return self.puppets[-1]

    @property
    def puppet(self) -> Puppet:
        return self.puppets[-1]

    def later(self, seconds: float) -> None:
        self.clock.up = type(self.clock.up)(self.clock.up.boot, self.clock.up.ms + round(seconds * 1000))

    def events(self, count: int = 1) -> list[LinkEvent]:
        """The next events; what runs on a thread may take a moment, though the clock stands still."""
        seen: list[LinkEvent] = []
        pause = threading.Event()
        while len(seen) < count:
            seen += self.link.poll()
            pause.wait(0.005)
        return seen

    def does(self, what: str) -> None:
        assert self.puppet.done.get(timeout=10) == what

    def told(self, told: Told) -> list[LinkEvent]:
        self.puppet.tell(told)
        return list(self.link.poll())

    def opened(self) -> "Stage":
        self.link.start()
        assert self.events(2)[-1] == Changed(LinkState.UP)
        self.does("open")
        return self


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.link.close()


class TestBackOff:
    def test_it_doubles_up_to_a_minute_while_nobody_answers(self, stage: Stage) -> None:
        stage.opens = nobody
        stage.link.start()
        assert stage.events(2)[-1] == Changed(LinkState.DOWN, Trouble.UNREACHABLE)
        for number, seconds in enumerate([1, 2, 4, 8, 16, 32, 60, 60], start=1):
            stage.later(seconds - 0.01)
            assert list(stage.link.poll()) == []
            assert len(stage.puppets) == number
            stage.later(0.01)
            stage.link.poll()
            assert len(stage.puppets) == number + 1
            assert stage.puppet.is_closed.wait(10)
            assert list(stage.link.poll()) == []  # the same trouble again is no news

    def test_a_link_that_was_steady_begins_anew(self, stage: Stage) -> None:
        stage.opened()
        for seconds in (1, 2, 4):  # taken away again and again, at once
            stage.puppet.tell(Lost(Trouble.RESET))
            assert stage.events() == [Changed(LinkState.DOWN, Trouble.RESET)]
            stage.later(seconds)
            assert stage.events() == [Changed(LinkState.UP)]
        for _ in range(7):
            stage.later(10)
            stage.puppet.tell(Heard(HELLO))
            assert stage.events() == [Heard(HELLO)]
        stage.puppet.tell(Lost(Trouble.RESET))
        assert stage.events() == [Changed(LinkState.DOWN, Trouble.RESET)]
        stage.later(1)
        assert stage.events() == [Changed(LinkState.UP)]

    def test_a_single_end_is_no_theft_two_in_a_row_are(self, stage: Stage) -> None:
        stage.opened()
        stage.puppet.tell(Lost(Trouble.CLOSED))
        assert stage.events() == [Changed(LinkState.DOWN, Trouble.CLOSED)]
        stage.later(1)
        assert stage.events() == [Changed(LinkState.UP)]
        stage.puppet.tell(Lost(Trouble.CLOSED))
        assert stage.events() == [Changed(LinkState.DOWN, Trouble.TAKEN)]


class TestTime:
    def test_a_handshake_has_its_time(self, stage: Stage) -> None:
        stage.opens = lambda _puppet: None
        stage.link.start()
        assert stage.events() == [Changed(LinkState.CONNECTING)]
        stage.later(39.9)
        assert list(stage.link.poll()) == []
        stage.later(0.1)
        assert list(stage.link.poll()) == [Changed(LinkState.DOWN, Trouble.NO_HANDSHAKE)]
        assert stage.puppet.is_cut.is_set()
        assert stage.puppet.is_closed.wait(10)

    def test_it_probes_every_minute_and_gives_up_after_ninety_seconds(self, stage: Stage) -> None:
        stage.opened()
        stage.later(60)
        assert list(stage.link.poll()) == []
        stage.does("probe")
        stage.later(29.9)
        assert list(stage.link.poll()) == []
        stage.later(0.1)
        assert list(stage.link.poll()) == [Changed(LinkState.DOWN, Trouble.SILENT)]

    def test_what_an_old_session_says_is_nothing(self, stage: Stage) -> None:
        stage.opened()
        old = stage.puppet
        old.tell(Lost(Trouble.RESET))
        stage.events()
        stage.later(1)
        assert stage.events() == [Changed(LinkState.UP)]
        old.tell(Heard(b"from the grave"))
        old.tell(Lost(Trouble.CLOSED))
        assert list(stage.link.poll()) == []
        assert stage.link.ready()


class TestThePacketInside:
    def test_it_is_sent_when_its_airtime_after_leaving_has_passed(self, stage: Stage) -> None:
        stage.opened()
        stage.link.send(bytes(231))
        stage.does(f"send {bytes(231)!r}")
        assert stage.told(Queue(77, 1)) == []  # before we know the id
        assert stage.told(Written(77)) == []
        stage.later(0.2)
        assert list(stage.link.poll()) == []
        stage.does("probe")
        assert stage.told(Queue(0, 1)) == []
        stage.later(0.3)
        assert list(stage.link.poll()) == []
        stage.does("probe")
        stage.later(0.05)
        assert stage.told(Queue(0, 0)) == [
            Sent()
        ]  # 102 ms on the air since 0.2, when it was last seen waiting
        assert not [e for e in stage.link.poll() if isinstance(e, Sent)]

    def test_it_stays_inside_while_it_is_on_the_air(self, stage: Stage) -> None:
        stage.opened()
        stage.link.send(bytes(231))
        stage.puppet.tell(Written(77))
        assert stage.told(Queue(77, 1)) == []
        assert stage.told(Queue(0, 0)) == []
        assert not stage.link.ready()
        stage.later(0.11)
        assert not stage.link.ready()  # not before it is polled
        assert list(stage.link.poll()) == [Sent()]
        assert stage.link.ready()

    def test_a_queue_that_never_empties_does_not_hold_us_for_ever(self, stage: Stage) -> None:
        stage.opened()
        stage.link.send(HELLO)
        stage.puppet.tell(Written(5))
        stage.told(Queue(5, 3))
        for _ in range(59):
            stage.later(1)
            assert stage.told(Queue(0, 2)) == []
        stage.later(1)
        assert stage.told(Queue(0, 2)) == [Sent()]

    def test_a_refusal_without_a_wait_is_told_at_once_one_with_a_wait_a_little_later(
        self, stage: Stage
    ) -> None:
        stage.opened()
        stage.link.send(HELLO)
        stage.puppet.tell(Written(5))
        assert stage.told(Queue(5, 0, "TOO_LARGE")) == [Refused("TOO_LARGE")]
        stage.link.send(HELLO)
        stage.puppet.tell(Written(6))
        assert stage.told(Queue(6, 0, "DUTY_CYCLE_LIMIT", 60.0)) == []
        stage.later(0.5)
        assert list(stage.link.poll()) == [Refused("DUTY_CYCLE_LIMIT", 60.0)]

    def unanswered(self, stage: Stage, packet: int) -> list[LinkEvent]:
        """A packet, and no word on it; a probe that is answered."""
        stage.link.send(HELLO)
        stage.puppet.tell(Written(packet))
        stage.later(10)
        assert list(stage.link.poll()) == []
        return stage.told(Queue(0, 0))

    def test_a_radio_that_answers_probes_and_no_packet_is_met_anew(self, stage: Stage) -> None:
        # As over a serial line after a restart, or fifteen minutes of silence, that nobody saw: heartbeats are
        # answered, and nothing that is heard comes through until the client asks for everything again.
        stage.opened()
        assert self.unanswered(stage, 5) == [Refused("NO_ANSWER")]
        assert stage.link.ready()
        assert self.unanswered(stage, 6) == [Changed(LinkState.DOWN, Trouble.SILENT)]
        stage.later(1)
        assert stage.events() == [Changed(LinkState.UP)]

    def test_one_answer_forgives_what_went_unanswered(self, stage: Stage) -> None:
        stage.opened()
        for packet in range(1, 20, 2):
            assert self.unanswered(stage, packet) == [Refused("NO_ANSWER")]
            stage.link.send(HELLO)
            stage.puppet.tell(Written(packet + 1))
            assert stage.told(Queue(packet + 1, 0, "TOO_LARGE")) == [Refused("TOO_LARGE")]


class TestThreads:
    def test_what_never_ends_is_left_behind_and_bounded(self) -> None:
        free = threading.Event()
        stage = Stage(Patience(goodbye=0.05))
        stage.opens = blocked_until(free)
        stage.link.start()
        assert stage.events() == [Changed(LinkState.CONNECTING)]
        seen: list[LinkEvent] = []
        for _ in range(10):
            stage.later(40)  # the handshake's time
            seen += stage.link.poll()
            stage.later(60)  # the back-off
            seen += stage.link.poll()
        assert seen == [Changed(LinkState.DOWN, Trouble.NO_HANDSHAKE), Changed(LinkState.DOWN, Trouble.STUCK)]
        assert len(stage.puppets) == 4
        stuck = [t for t in threading.enumerate() if t.name == "radio session"]
        assert len(stuck) == 4
        assert all(thread.daemon for thread in stuck)
        free.set()
        for thread in stuck:
            thread.join(10)
        stage.opens = up
        stage.later(60)
        assert stage.events()[-1] == Changed(LinkState.UP)
        stage.link.close()

    def test_closing_does_not_wait_for_what_never_ends(self) -> None:
        free = threading.Event()
        stage = Stage(Patience(goodbye=0.05))
        stage.opens = blocked_until(free)
        stage.link.start()
        stage.link.close()
        assert stage.puppet.is_cut.is_set()
        assert not stage.puppet.is_closed.is_set()
        free.set()
        assert stage.puppet.is_closed.wait(10)

    @pytest.mark.parametrize(
        "error", [SystemExit(1), ZeroDivisionError("a bug of theirs"), OSError(5, "EIO")]
    )
    def test_whatever_a_session_raises_is_a_loss(self, stage: Stage, error: BaseException) -> None:
        def opens(_puppet: Puppet) -> None:
            raise error

        stage.opens = opens
        stage.link.start()
        assert stage.events(2)[-1] == Changed(LinkState.DOWN, Trouble.FAILED)

    def test_a_peaceful_end_is_not_cut(self, stage: Stage) -> None:
        stage.opened()
        stage.link.close()
        assert stage.puppet.is_closed.is_set()
        assert not stage.puppet.is_cut.is_set()
        assert list(stage.link.poll()) == [Changed(LinkState.DOWN, Trouble.LET_GO)]


class TestWords:
    def test_a_notice_that_asks_to_wait(self) -> None:
        assert asked_wait("Duty cycle limit exceeded. You can send again in 7 mins") == 420
        assert asked_wait("Duty cycle limit exceeded. You can send again in 999 mins") == 3600
        assert asked_wait("Low battery in 7 mins") == 0

    def test_what_a_radio_calls_its_refusals(self) -> None:
        words = ["", "TOO_LARGE", "DUTY_CYCLE_LIMIT", "QUEUE_FULL", "TX_DISABLED", ""]
        assert [refusal_name(res) for res in (0, 7, 9, 32, 34, 35)] == words

    @pytest.mark.parametrize(
        ("fields", "preset"),
        [
            ({}, "SHORT_TURBO"),
            ({"modem_preset": LORA.ModemPreset.MEDIUM_FAST}, "MEDIUM_FAST"),
            ({"modem_preset": LORA.ModemPreset.VERY_LONG_SLOW}, "LONG_SLOW"),
            ({"use_preset": False, "spread_factor": 9, "bandwidth": 250, "coding_rate": 5}, "MEDIUM_FAST"),
            ({"use_preset": False, "spread_factor": 9, "bandwidth": 250, "coding_rate": 8}, "MEDIUM_SLOW"),
            ({"use_preset": False, "spread_factor": 12, "bandwidth": 62, "coding_rate": 8}, "LONG_SLOW"),
            ({"use_preset": False}, "LONG_SLOW"),
        ],
    )
    def test_a_modem_we_do_not_know_counts_as_no_faster_than_it_is(
        self, fields: dict[str, object], preset: str
    ) -> None:
        assert preset_of(lora(**fields)) == preset

    def test_which_firmware_signs(self) -> None:
        versions = ("2.8.0.7239fe8", "2.7.26.54e0d8d", "3.0", "", "emulated")
        assert [signs(version) for version in versions] == [True, False, True, False, False]
