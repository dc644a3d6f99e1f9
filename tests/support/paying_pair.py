"""River and Hill with the real library, each at an emulated node of its own, and what can be done to the two.

River's node is on the network, Hill's at a serial line. Each radio's loop runs on a thread with
books of its own, as its process would; all in one program, so that whatever a link leaves behind
(threads, file handles) is left here, where it can be counted. Time runs ``SPEED`` times as fast.
"""

import faulthandler
import gc
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest
from meshtastic.mesh_interface import MeshInterface
from meshtastic.stream_interface import StreamInterface
from meshtastic.util import our_exit

from appliance.ledger.book.schema import AccountRow, Crossing, Posting
from appliance.ledger.book.verify import verify
from appliance.ledger.hub import Hub
from appliance.radio.emulated.background import BackgroundNode, emulated_ether, emulated_node
from appliance.radio.emulated.ether import Conditions
from appliance.radio.emulated.faults import Fault
from appliance.radio.emulated.settings import Setup
from appliance.radio.links.open import open_link
from appliance.radio.links.session import Patience
from appliance.radio.ports import Changed, LinkEvent, LinkState
from appliance.radio.service import Service
from tests.support.clocks import RunningClock
from tests.support.two_villages import HILL, RIVER, TwoVillages, make_two_villages
from tests.support.village import Village

SPEED = 20.0
LIVENESS = 90.0
"""Real seconds that anything may take which must happen some time. No figure: the machine may be busy."""

# In the clock's seconds. A handshake takes the library most of a real second, more when the machine is busy.
PATIENCE = Patience(
    handshake=200.0,
    answer=20.0,
    probe=20.0,
    silence=60.0,
    look=1.0,
    last_back_off=20.0,
    steady=10.0,
    goodbye=5.0,
)


@dataclass
class Station:
    """One hub's radio at work. ``changes`` counts what its link said of itself."""

    name: str
    data: Path
    setting: str
    clock: RunningClock
    node: BackgroundNode
    changes: Counter[str] = field(default_factory=Counter)
    up: bool = False
    firmware: str = ""
    error: BaseException | None = None

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"radio of {self.name}")

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._stop.set()
        self._thread.join()
        if self.error is not None:
            raise self.error

    def _run(self) -> None:
        try:
            hub = Hub.open(self.data, self.clock)
            try:
                self._live(hub)
            finally:
                hub.close()
        except BaseException as error:  # noqa: BLE001 raised again where it is waited for
            self.error = error

    def _live(self, hub: Hub) -> None:
        link = open_link(self.setting, self.clock, patience=PATIENCE)
        poll = link.poll

        def noted() -> tuple[LinkEvent, ...]:
            events = tuple(poll())
            for event in events:
                if isinstance(event, Changed):
                    self.up = event.state is LinkState.UP
                    self.changes[event.reason or event.state.value] += 1
                    radio = link.radio()
                    self.firmware = radio.firmware if radio else ""
            return events

        link.poll = noted  # type: ignore[method-assign]
        service = Service(hub, link, self.setting, Random(self.name))
        link.start()
        try:
            while not self._stop.is_set():
                link.wait(service.step() / SPEED)
        finally:
            link.close()


@dataclass
class PayingPair:
    """Both hubs. ``fault`` makes one of them fail, ``pay`` sends one payment each way."""

    villages: TwoVillages
    stations: tuple[Station, Station]
    tricks: "Tricks"
    paid: int = 0

    def fault(self, station: Station, kind: str, seconds: float) -> None:
        if kind in Tricks.KINDS:
            self.tricks.play(kind, station, seconds)
        else:
            ones = kind.split("+")
            for place, one in enumerate(ones):  # the first outlasts the others
                station.node.fault(Fault(one), seconds * (len(ones) - place))

    def pay(self) -> None:
        amount = 1 + self.paid % 50
        # Ten minutes in which an equal payment would be asked about are half a real one here.
        self.villages.send("Alice", "Chandra", amount, again=True)
        self.villages.send("Chandra", "Alice", amount, again=True)
        self.paid += 1

    def states(self) -> Counter[str]:
        """Of all payments that left either hub."""
        found: Counter[str] = Counter()
        for village in (self.villages.river, self.villages.hill):
            with village.hub.reading() as tx:
                found.update(row[0] for row in tx.select("SELECT state FROM crossing WHERE outgoing"))
        return found

    def settled(self, why: str) -> None:
        """Wait until every payment has arrived and its sender knows; the links are up then."""
        self.until(lambda: set(self.states()) <= {"arrived"}, why)

    def until(self, true: Callable[[], bool], why: str) -> None:
        end = time.monotonic() + LIVENESS
        while not true():
            for station in self.stations:
                assert station.error is None, station.error
            told = {station.name: dict(station.changes) for station in self.stations}
            if time.monotonic() >= end:
                faulthandler.dump_traceback(2)  # where every thread stands
                raise AssertionError(f"{why}: {dict(self.states())}, {told}")
            time.sleep(0.03)

    def check_books(self) -> None:
        """Nothing lost, nothing doubled, sums are zero, the trunks mirror each other, both books verify."""
        sides = {RIVER: self.villages.river.hub, HILL: self.villages.hill.hub}
        trunks = []
        for number, hub in sides.items():
            verify(hub.store)
            out, there = _crossings(hub, True), _crossings(sides[HILL if number == RIVER else RIVER], False)
            assert out == there, "a payment got lost, came twice, or came from nowhere"
            assert len(out) == self.paid
            with hub.reading() as tx:
                assert sum(row.amount for row in tx.rows(Posting.select())) == 0
                trunks.append(sum(r.balance for r in tx.rows(AccountRow.select()) if r.kind == "trunk"))
        assert sum(trunks) == 0


def _crossings(hub: Hub, outgoing: bool) -> dict[int, tuple[int, str]]:
    with hub.reading() as tx:
        rows = tx.rows(Crossing.select().where(Crossing.outgoing == outgoing))
    found = {row.number: (row.amount, row.state) for row in rows}
    assert len(found) == len(rows), "one record, two payments"
    return found


class Tricks:
    """What nothing at the node's side brings about: the library ends the program, or its ``close`` hangs by itself.

    For the first the library has reasons enough (``our_exit``), but none that our use of it or a node's bytes meet; a
    ``close`` that waits for the line is ``Fault.CLOGGED``, and this one is deaf to being cut.
    """

    KINDS = ("exit", "stuck_close")

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._due: dict[str, str] = {}
        self._seconds = 0.0
        self.played: Counter[str] = Counter()
        send, close = MeshInterface._sendPacket, StreamInterface.close

        def exits(interface: Any, *args: Any, **more: Any) -> Any:
            if self._due.get(_where(interface)) == "exit":
                del self._due[_where(interface)]
                self.played["exit"] += 1
                our_exit("Warning: No myInfo found.")
            return send(interface, *args, **more)

        def hangs(interface: Any) -> None:
            if self._due.get(_where(interface)) == "stuck_close":
                del self._due[_where(interface)]
                self.played["stuck_close"] += 1
                time.sleep(self._seconds)
            close(interface)

        patch.setattr(MeshInterface, "_sendPacket", exits)
        patch.setattr(StreamInterface, "close", hangs)

    def play(self, kind: str, station: Station, seconds: float) -> None:
        self._due[station.setting] = kind
        self._seconds = seconds
        if kind == "stuck_close":
            station.node.fault(Fault.UNPLUG, 0.05)


def _where(interface: Any) -> str:
    port = getattr(interface, "portNumber", None)
    return f"serial:{interface.devPath}" if port is None else f"tcp://{interface.hostname}:{port}"


@contextmanager
def paying_pair(path: Path, patch: pytest.MonkeyPatch, signs: bool = False) -> Iterator[PayingPair]:
    """Both links up and a payment each way arrived. ``signs``: Hill's node has firmware 2.8, River's 2.7."""
    first = make_two_villages(path)
    first.close()
    clock = RunningClock(SPEED)

    def again(village: Village) -> Village:
        hub = Hub.open(village.hub.data, clock)
        return Village(hub, village.papers, clock, village.numbers, village.signers)

    with ExitStack() as stack:
        villages = TwoVillages(again(first.river), again(first.hill), clock)
        stack.callback(villages.close)
        at_river = Setup("River", preset="SHORT_TURBO", region="US", relays=False)
        at_hill = Setup("Hill", preset="SHORT_TURBO", region="US", relays=False, signs=signs)
        ether = stack.enter_context(emulated_ether(Conditions(preset="SHORT_TURBO"), speed=SPEED))
        tcp = stack.enter_context(emulated_node(ether.port, at_river, tcp=0, seed=1))
        pty = stack.enter_context(emulated_node(ether.port, at_hill, pty=path / "ttyHill", seed=2))
        setting = f"tcp://127.0.0.1:{tcp.tcp_port}"
        river = Station("River", path / "river", setting, clock, tcp)
        hill = Station("Hill", path / "hill", f"serial:{pty.pty}", clock, pty)
        for station in (river, hill):
            station.start()
            stack.callback(station.end)
        pair = PayingPair(villages, (river, hill), Tricks(patch))
        pair.pay()
        pair.settled("never began")
        yield pair


def left_open() -> tuple[list[str], int]:
    """Threads by name, and how many file handles this process has."""
    gc.collect()
    names = sorted(thread.name for thread in threading.enumerate())
    return names, len(os.listdir("/proc/self/fd"))  # noqa: PTH208 a count of names
