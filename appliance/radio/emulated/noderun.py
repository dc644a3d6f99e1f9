"""An emulated node in real time: between its fronts and the ether. Also how it is made to fail."""

import asyncio
import logging
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Self

from appliance.ledger.clock import Clock, SystemClock
from appliance.radio.airtime import PRESETS
from appliance.radio.emulated.faults import MOODS, Fault, garbage
from appliance.radio.emulated.fronts import Front, PtyFront, TcpFront
from appliance.radio.emulated.node import Node, Session
from appliance.radio.emulated.pace import Pace
from appliance.radio.emulated.packet import BadMessage, Messages, Packet, encode_message
from appliance.radio.emulated.settings import Setup

log = logging.getLogger(__name__)

AGAIN: Final = 0.5
"""Real seconds until the node looks for a lost ether again."""

BOOT: Final = 2.0
"""Real seconds a reboot takes, when nobody says otherwise."""


class NodeServer:
    """Runs a ``Node``. Use as ``async with``; then ``tcp_port`` is known and ``pty`` exists."""

    def __init__(
        self,
        setup: Setup,
        ether: tuple[str, int],
        *,
        tcp: int | None = None,
        pty: Path | None = None,
        host: str = "127.0.0.1",
        seed: int | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._pace = Pace(clock or SystemClock())
        # Without a seed its own: two nodes that draw alike would repeat a packet at the same moment.
        self.node = Node(setup, random.Random(setup.number if seed is None else seed), self._pace.now())  # noqa: S311 - waits
        self._ether = ether
        self._tcp = TcpFront(self, host, tcp) if tcp is not None else None
        self._pty = PtyFront(self, pty) if pty is not None else None
        self._writer: asyncio.StreamWriter | None = None
        self._preset = ""
        self._silent = self._stalled = self._clogged = self._down = False
        self._noise = random.Random(setup.number)  # noqa: S311 - nonsense for the line
        self._timer: asyncio.TimerHandle | None = None
        self._pumping = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._fault: asyncio.Task[None] | None = None
        self._mood: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        try:
            for front in self._fronts():
                await front.open()
        except OSError:
            await self._close_fronts()
            raise
        self._start(self._listen())
        self.pump()
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._timer is not None:
            self._timer.cancel()
        await self._close_fronts()
        await asyncio.sleep(0)  # lets the transports see their end

    def _start(self, coroutine: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    @property
    def tcp_port(self) -> int:
        """The TCP port; 0 without one."""
        return self._tcp.port if self._tcp is not None else 0

    @property
    def pty(self) -> Path | None:
        """The serial line, if it has one."""
        return self._pty.path if self._pty is not None else None

    # ------------------------------------------------------------------------ fronts

    def _fronts(self) -> list[Front]:
        return [front for front in (self._tcp, self._pty) if front is not None]

    async def _close_fronts(self, reset: bool = False) -> None:
        for front in self._fronts():
            await front.close(reset)

    def session(self) -> Session:
        return Session(self.node)

    def received(self, session: Session, message: bytes) -> bool:
        if self._silent:
            return True
        return session.receive(message, self._pace.now())

    def pump(self) -> None:
        """Pass on what there is, in all directions, and look again when something is due."""
        if self._pumping:
            return  # a front that writes may call back into us
        self._pumping = True
        try:
            now = self._pace.now()
            self.node.tick(now)
            if self.node.reboot_at is not None and self.node.reboot_at <= now:
                self.node.reboot_at = None
                self.fault(Fault.REBOOT, BOOT)
            self._to_air()
            if not (self._silent or self._stalled or self._down):
                for front in self._fronts():
                    front.pump()
        finally:
            self._pumping = False
        if self._timer is not None:
            self._timer.cancel()
        wait = max(0.001, self._pace.real(self.node.due() - self._pace.now()))
        self._timer = asyncio.get_running_loop().call_later(wait, self.pump)

    # ------------------------------------------------------------------------ the ether

    def _to_air(self) -> None:
        if self._down or self._writer is None or self._writer.is_closing():
            return
        packet = self.node.to_air()
        if packet is None:
            return
        length = packet.length
        if self.node.settings.preset == self._preset:
            self._writer.write(encode_message("send", packet.pack(), length))
        else:
            # On another modulation: it sends as ever, and nobody here hears it.
            seconds = PRESETS[self.node.settings.preset].on_air(length)
            self.node.began(self._pace.now())
            self._start(self._alone(seconds))

    async def _alone(self, seconds: float) -> None:
        await asyncio.sleep(self._pace.real(seconds))
        self.node.left(seconds, self._pace.now())
        self.pump()

    async def _listen(self) -> None:
        while True:
            if not self._down:
                try:
                    await self._converse()
                except (OSError, BadMessage) as error:
                    log.debug("node_no_ether name=%s reason=%s", self.node.setup.name, error)
            await asyncio.sleep(AGAIN)

    async def _converse(self) -> None:
        reader, writer = await asyncio.open_connection(*self._ether)
        messages = Messages()
        try:
            writer.write(encode_message("join", self.node.setup.name))
            while data := await reader.read(4096):
                for message in messages.feed(data):
                    self._understand(message, writer)
                self.pump()
        finally:
            if self._writer is not None:
                log.info("node_off_air name=%s", self.node.setup.name)
            self._writer = None
            self.node.off_air()
            writer.transport.abort()

    def _understand(self, message: list[Any], writer: asyncio.StreamWriter) -> None:
        now = self._pace.now()
        match message:
            case ["welcome", str(preset), int() | float() as speed]:
                self._pace.speed = speed
                self._preset = preset
                if preset != self.node.settings.preset:
                    log.warning("node_deaf own=%s ether=%s", self.node.settings.preset, preset)
                if self._writer is None:
                    log.info("node_on_air name=%s", self.node.setup.name)
                self._writer = writer
            case ["began"]:
                self.node.began(now)
            case ["left", int() | float() as seconds]:
                self.node.left(float(seconds), now)
            case ["air", int() | float() as channel, int() | float()]:
                self.node.channel_use = float(channel)
            case ["refused", *_]:
                self.node.off_air()
            case ["heard", bytes(data), int() | float() as snr, int(rssi)]:
                if self._preset == self.node.settings.preset:
                    self._heard(data, float(snr), rssi, now)
            case ["fault", str(kind), int() | float() as seconds]:
                self._foreign_fault(kind, float(seconds))
            case _:
                raise BadMessage(f"unknown message {message[0]!r:.40}")

    def _heard(self, data: bytes, snr: float, rssi: int, now: float) -> None:
        try:
            packet = Packet.unpack(data)
        except BadMessage as error:
            log.info("node_heard_nonsense reason=%s", error)
            return
        self.node.from_air(packet, snr, rssi, now)

    # ------------------------------------------------------------------------ faults

    def _foreign_fault(self, kind: str, seconds: float) -> None:
        try:
            self.fault(Fault(kind), seconds)
        except ValueError as error:
            log.warning("node_fault_unknown reason=%s", error)

    def fault(self, kind: Fault, seconds: float = 0.0) -> None:
        """Fail. To be called on the node's own event loop.

        Raises:
            ValueError: a duration below 0 or above a day.
        """
        if not 0 <= seconds <= 86_400:
            raise ValueError(f"no duration: {seconds}")
        log.info("node_fault name=%s kind=%s seconds=%s", self.node.setup.name, kind, seconds)
        if kind in {Fault.DROP, Fault.RESET, Fault.IDLE, Fault.GARBAGE}:
            self._at_once(kind)
            return
        if kind in MOODS:
            self._cheer()
            self.node.failing = kind
            if seconds:
                self._mood = self._start(self._moody(seconds))
            return
        doing = {
            Fault.REBOOT: self._reboot,
            Fault.REBOOTED: self._rebooted,
            Fault.UNPLUG: self._unplug,
            Fault.SILENT: self._hush,
            Fault.STALL: self._stall,
            Fault.CLOGGED: self._clog,
            Fault.SPEAK: self._speak,
            Fault.STOLEN: self._stolen,
        }[kind]
        before, self._fault = self._fault, None
        self._fault = self._start(self._one_after_another(before, doing, seconds))

    def _at_once(self, kind: Fault) -> None:
        if kind is Fault.DROP or kind is Fault.RESET:
            if self._tcp is not None:
                self._tcp.hang_up(reset=kind is Fault.RESET)
            return
        for front in self._fronts():
            if kind is Fault.IDLE:
                front.idle()
            else:
                front.say(garbage(self._noise))
        self.pump()

    async def _one_after_another(
        self, before: "asyncio.Task[None] | None", doing: Callable[[float], Any], seconds: float
    ) -> None:
        # What may last without end does so until the next fault; anything else has its time first.
        if before is not None and not before.done():
            if self._silent or self._stalled or self._clogged:
                before.cancel()
            await asyncio.wait({before})
        self._calm()
        await doing(seconds)

    def _cheer(self) -> None:
        """Toward packets it is well again; lines may fail meanwhile, and go on to."""
        if self._mood is not None:
            self._mood.cancel()
        self._mood, self.node.failing = None, None

    async def _moody(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self.node.failing = None
        self.pump()

    def _calm(self) -> None:
        self._silent = False
        if self._stalled or self._clogged:
            self._stalled = self._clogged = False
            for front in self._fronts():
                front.stall(False)

    async def _lasting(self, seconds: float) -> None:
        if seconds:
            await asyncio.sleep(seconds)
            self._calm()
            self.pump()
        else:
            await asyncio.Event().wait()

    async def _reboot(self, seconds: float) -> None:
        self._down = True
        await self._close_fronts()
        if self._writer is not None:
            self._writer.transport.abort()
        self._cheer()
        self.node.reboot(self._pace.now())
        await asyncio.sleep(seconds)
        await self._open_again()
        self._down = False
        self.pump()

    async def _rebooted(self, _seconds: float) -> None:
        self._cheer()
        self.node.reboot(self._pace.now())
        for front in self._fronts():
            front.rebooted()
        self.pump()

    async def _unplug(self, seconds: float) -> None:
        await self._close_fronts(reset=True)
        await asyncio.sleep(seconds)
        await self._open_again()
        self.pump()

    async def _open_again(self) -> None:
        for front in self._fronts():
            # Somebody may have taken the port meanwhile: it is tried until it is free again.
            while True:
                try:
                    await front.open()
                    break
                except OSError as error:
                    log.warning("node_cannot_open reason=%s", error)
                    await asyncio.sleep(AGAIN)

    async def _hush(self, seconds: float) -> None:
        self._silent = True
        await self._lasting(seconds)

    async def _stall(self, seconds: float) -> None:
        self._stalled = True
        for front in self._fronts():
            front.stall(True)
        await self._lasting(seconds)

    async def _clog(self, seconds: float) -> None:
        self._clogged = True
        for front in self._fronts():
            await front.clog()
        await self._lasting(seconds)

    async def _speak(self, _seconds: float) -> None:
        self._calm()
        self._cheer()
        self.pump()

    async def _stolen(self, seconds: float) -> None:
        await asyncio.gather(*(front.steal(seconds) for front in self._fronts()))
        self.pump()
