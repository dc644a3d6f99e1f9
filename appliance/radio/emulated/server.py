"""The ether in real time: an asyncio server on loopback TCP that stations and a control connect to.

From a station:   ``["join", name]`` · ``["send", data, length]``
To a station:     ``["welcome", preset, speed]`` (again whenever one of them changes) · ``["began"]``
                  · ``["left", seconds]`` · ``["heard", data, snr, rssi]`` · ``["refused", why]``
                  · ``["air", channel, own]`` every few seconds, also as a sign of life
                  · ``["fault", kind, seconds]`` passed on from a control
From a control:   ``["set", {...}]`` · ``["audible", sender, receiver, yes]`` · ``["cut", name, yes]``
                  · ``["fault", name, kind, seconds]`` · ``["status"]``
To a control:     ``["ok", {...status}]`` · ``["no", why]``

``speed`` is how many seconds pass on the ether in one real second; what is said above is in
seconds of the ether. A station that joins under a name in use takes its place.
"""

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, Final, Self

from appliance.ledger.clock import Clock, SystemClock
from appliance.radio.airtime import LONGEST_FRAME
from appliance.radio.emulated.ether import AirEvent, Arrival, Began, Conditions, Ether, Left
from appliance.radio.emulated.pace import Pace, checked_speed
from appliance.radio.emulated.packet import BadMessage, Messages, encode_message

log = logging.getLogger(__name__)

AIR_EVERY: Final = 3.0
"""Real seconds between two signs of life to each station."""

_UNREAD_LIMIT: Final = 1 << 20
_SETTINGS: Final = ("preset", "loss", "duplicate", "late", "lateness", "listen")


class _Peer:
    """One connection: a station once it has joined, or a control."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.name: str | None = None

    def tell(self, name: str, *fields: Any) -> None:
        """Write a message; whoever does not read is cut off, not waited for."""
        if self.writer.is_closing():
            return
        transport = self.writer.transport
        if transport.get_write_buffer_size() > _UNREAD_LIMIT:
            log.warning("ether_peer_unread station=%s", self.name)
            transport.abort()
            return
        self.writer.write(encode_message(name, *fields))


class EtherServer:
    """Runs an ``Ether`` for stations over TCP. Use as ``async with``; then ``port`` is known."""

    def __init__(
        self,
        conditions: Conditions | None = None,
        *,
        seed: int = 0,
        speed: float = 1.0,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Clock | None = None,
    ) -> None:
        self.ether = Ether(conditions, seed)
        self.host = host
        self.port = port
        self._pace = Pace(clock or SystemClock(), speed)
        self._peers: set[_Peer] = set()
        self._stations: dict[str, _Peer] = {}
        self._kick = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        self._tasks = [asyncio.create_task(self._run()), asyncio.create_task(self._breathe())]
        log.info("ether_up host=%s port=%d preset=%s", self.host, self.port, self.ether.conditions.preset)
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._server is not None:
            self._server.close()
        for peer in tuple(self._peers):
            peer.writer.transport.abort()
        # The handlers see the end of their streams and return; so nothing is left when we do.
        while self._peers:  # noqa: ASYNC110 - a few turns of the loop at most
            await asyncio.sleep(0)
        log.info("ether_down port=%d", self.port)

    # ------------------------------------------------------------------------ time

    def now(self) -> float:
        """Seconds on the ether."""
        return self._pace.now()

    async def _run(self) -> None:
        while True:
            self._dispatch(self.ether.advance(self.now()))
            due = self.ether.due()
            self._kick.clear()
            wait = None if due is None else max(0.001, self._pace.real(due - self.now()))
            # Not wait_for(): until Python 3.12 it loses a cancellation that comes as the event is set.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._kick.wait()

    async def _breathe(self) -> None:
        while True:
            await asyncio.sleep(AIR_EVERY)
            for name in tuple(self._stations):
                self._tell_air(name)

    # ------------------------------------------------------------------------ stations

    def _dispatch(self, events: list[AirEvent]) -> None:
        for event in events:
            peer = self._stations.get(event.station)
            if peer is None:
                continue
            match event:
                case Began():
                    peer.tell("began")
                case Left(seconds=seconds):
                    peer.tell("left", seconds)
                    self._tell_air(event.station)
                case Arrival(data=data, snr=snr, rssi=rssi):
                    peer.tell("heard", data, snr, rssi)

    def _tell_air(self, name: str) -> None:
        now = self.now()
        self._stations[name].tell("air", self.ether.use(name, now), self.ether.own(name, now))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = _Peer(writer)
        self._peers.add(peer)
        messages = Messages()
        try:
            while data := await reader.read(4096):
                for message in messages.feed(data):
                    self._take(peer, message)
        except BadMessage as error:
            log.warning("ether_peer_refused station=%s reason=%s", peer.name, error)
        except OSError as error:
            log.info("ether_peer_lost station=%s reason=%s", peer.name, error)
        finally:
            self._forget(peer)
            self._peers.discard(peer)
            writer.transport.abort()

    def _forget(self, peer: _Peer) -> None:
        if peer.name is not None and self._stations.get(peer.name) is peer:
            del self._stations[peer.name]
            self.ether.leave(peer.name)
            log.info("ether_left station=%s", peer.name)
        peer.name = None

    def _take(self, peer: _Peer, message: list[Any]) -> None:
        match message:
            case ["join", str(name)] if peer.name is None and 0 < len(name) <= 40:
                self._join(peer, name)
            case ["send", bytes(data), int(length)] if peer.name is not None and 0 < length <= LONGEST_FRAME:
                self._send(peer, peer.name, data, length)
            case _:
                self._control(peer, message)

    def _join(self, peer: _Peer, name: str) -> None:
        before = self._stations.get(name)
        if before is not None:
            self._forget(before)
            before.writer.close()
        peer.name = name
        self._stations[name] = peer
        self.ether.join(name)
        peer.tell("welcome", self.ether.conditions.preset, self._pace.speed)
        log.info("ether_joined station=%s", name)

    def _send(self, peer: _Peer, name: str, data: bytes, length: int) -> None:
        now = self.now()
        self._dispatch(self.ether.advance(now))
        if self.ether.free(name):
            self.ether.offer(name, data, length, now)
            self._kick.set()
        else:
            peer.tell("refused", "busy")

    # ------------------------------------------------------------------------ control

    def _control(self, peer: _Peer, message: list[Any]) -> None:
        match message:
            case ["set", dict(settings)]:
                try:
                    self._set(settings)
                except (TypeError, ValueError) as error:
                    peer.tell("no", str(error))
                    return
            case ["audible", str(sender), str(receiver), bool(yes)]:
                self.ether.audible(sender, receiver, yes)
            case ["cut", str(name), bool(yes)]:
                self.ether.cut(name, yes)
            case ["fault", str(name), str(kind), int() | float() as seconds]:
                station = self._stations.get(name)
                if station is None:
                    peer.tell("no", f"no station is called {name}")
                    return
                station.tell("fault", kind, seconds)
            case ["status"]:
                pass
            case _:
                raise BadMessage(f"unknown message {message[0]!r:.40}")
        peer.tell("ok", self.status())

    def _set(self, settings: Mapping[Any, Any]) -> None:
        """Change how the channel is from now on.

        Raises:
            ValueError, TypeError: there is no such setting, or it cannot have this value.
        """
        unknown = [name for name in settings if name not in {*_SETTINGS, "speed"}]
        if unknown:
            raise ValueError(f"no such setting: {unknown[0]!r:.40}")
        speed = checked_speed(settings.get("speed", self._pace.speed))
        changes = {name: value for name, value in settings.items() if name != "speed"}
        conditions = replace(self.ether.conditions, **changes)
        self._pace.speed = speed
        self.ether.conditions = conditions
        for station in self._stations.values():
            station.tell("welcome", conditions.preset, speed)
        self._kick.set()
        log.info("ether_set %s", " ".join(f"{name}={value}" for name, value in settings.items()))

    def status(self) -> dict[str, Any]:
        """Settings, stations, and what became of the packets so far."""
        now = self.now()
        return {
            **asdict(self.ether.conditions),
            "speed": self._pace.speed,
            "stations": {name: self.ether.use(name, now) for name in self._stations},
            "tally": asdict(self.ether.tally),
        }
