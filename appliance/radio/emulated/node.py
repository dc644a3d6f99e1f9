"""An emulated Meshtastic node, between its computer and the air. Sans-IO.

It behaves as firmware 2.7.26 does on hardware (PhoneAPI, MeshService, Router, RadioLibInterface),
also where that is unkind to the computer:

* A packet from the computer is answered by one ``QueueStatus`` with its id, when it is queued. None
  follows when it is sent; only after the queue was full, one with id 0 tells that there is room.
  A heartbeat is always answered by the state of the queue.
* What is too large, over the duty cycle or on no channel is refused with the reason as ``res`` and
  as a routing message; a full queue with ``res`` 32 and no word; a repeated id with no word at all.
* Toward the computer: 32 packets wait, then new ones are dropped (of text, old ones); two
  ``QueueStatus``, then the older is dropped.
* What it hears for others it repeats once, after a while, unless another did before.

A packet to one node needs that node's key: to a stranger it is refused with
``PKI_SEND_FAIL_PUBLIC_KEY``, and here everybody is one unless ``Setup.keys`` is set; then who was
heard has shown its key. A node that is strict about signatures (2.8) hands up no unsigned broadcast.

Left out: encryption itself, and the receiver's acknowledgement of what is for it alone; position, text and other
applications; roles beyond CLIENT and CLIENT_MUTE. Times are seconds of the ether.
"""

import logging
import random
from collections import OrderedDict, deque
from dataclasses import replace
from typing import Any, Final

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from meshtastic.protobuf import admin_pb2, mesh_pb2, telemetry_pb2

from appliance.radio.emulated.faults import Fault
from appliance.radio.emulated.packet import BROADCAST, Packet
from appliance.radio.emulated.settings import (
    ADMIN_PORT,
    ROUTING_PORT,
    TELEMETRY_PORT,
    TEXT_PORT,
    Admin,
    Settings,
    Setup,
)
from appliance.radio.emulated.traffic import Outbox, Own, Reliable, Repeats

log = logging.getLogger(__name__)

METRICS_EVERY: Final = 60.0
"""Seconds between two telemetry messages to the computer."""

REMEMBERED_IDS: Final = 20
"""Ids of the computer's packets that are remembered; a repeated one is ignored."""

STATUS_QUEUE: Final = 2
"""``QueueStatus`` messages kept for the computer."""

SEALED: Final = 0
"""In place of the channel's hash in a packet that is sealed for one node."""

RES_FULL: Final = 32
RES_DISABLED: Final = 34

_HEARD_IDS: Final = 200
_ERRORS: Final = mesh_pb2.Routing.Error
_PRIORITY_ACK: Final = 120


class Node:
    """One node. A front hands in what the computer sends through a ``Session``; the driver asks
    ``to_air`` for packets, tells what became of them, and calls ``tick`` when ``due``.
    """

    def __init__(self, setup: Setup, rng: random.Random, now: float = 0.0) -> None:
        self.setup = setup
        self.settings = Settings(setup)
        self.number = setup.number
        self.channel_use = 0.0
        self.dropped = 0
        """Packets that the computer did not fetch in time."""
        self.failing: Fault | None = None
        """What it does wrong with every packet of the computer, one of ``MOODS``."""
        self._rng = rng
        self._now = now
        self._ident = rng.randrange(1 << 32)
        self._keys: set[int] = set()
        self._begin(now)
        self._own.add(now, setup.sent)

    def _begin(self, now: float) -> None:
        self._started = now
        self._admin = Admin(self.settings, self._rng.randbytes(8))
        self._own = Own()
        self._outbox = Outbox()
        self._reliable = Reliable()
        self._repeats = Repeats()
        self._heard: OrderedDict[tuple[int, int], None] = OrderedDict()
        self._from_host: deque[int] = deque(maxlen=REMEMBERED_IDS)
        self._statuses: deque[Any] = deque(maxlen=STATUS_QUEUE)
        self._notices: deque[Any] = deque(maxlen=4)
        self._packets: deque[Any] = deque()
        self._told_full = False
        self._neighbours: dict[int, None] = {}
        self._told_time: tuple[float, int] | None = None
        self._metrics_due = now + METRICS_EVERY
        self.reboot_at: float | None = None
        """When the node will reboot by itself; the driver sees to it."""

    def reboot(self, now: float) -> None:
        """Start anew: what waits is lost, the settings remain."""
        self.settings.reboots += 1
        self._now = now
        self._begin(now)
        log.info("node_rebooted name=%s", self.setup.name)

    # ------------------------------------------------------------------------ to the computer

    def next_live(self) -> Any | None:
        """What the computer is told next, once it has been greeted."""
        if self._statuses:
            return mesh_pb2.FromRadio(queueStatus=self._statuses.popleft())
        if self._notices:
            return mesh_pb2.FromRadio(clientNotification=self._notices.popleft())
        if self._packets:
            return mesh_pb2.FromRadio(packet=self._packets.popleft())
        return None

    def time(self) -> int:
        """Seconds since 1970 as the node has been told them; 0: it does not know, as after each start."""
        if self._told_time is None:
            return 0
        when, seconds = self._told_time
        return seconds + int(self._now - when)

    def status(self, res: int = 0, ident: int = 0) -> Any:
        """A ``QueueStatus`` of this moment."""
        free = 0 if self.failing is Fault.FULL else self._outbox.free
        self._told_full = free == 0
        return mesh_pb2.QueueStatus(res=res, free=free, maxlen=self._outbox.SIZE, mesh_packet_id=ident)

    def neighbours(self) -> tuple[int, ...]:
        """Numbers of the nodes heard since the start."""
        return tuple(self._neighbours)

    def _hand_up(self, packet: Any) -> None:
        if len(self._packets) >= self.setup.host_queue:
            self.dropped += 1
            if packet.decoded.portnum != TEXT_PORT:
                log.info("node_host_queue_full name=%s", self.setup.name)
                return
            self._packets.popleft()
        self._packets.append(packet)

    def _local(self, port: int, payload: bytes, request: int = 0) -> None:
        packet = self._mesh_packet(self.number, self.number, self._next_ident(), port, payload)
        packet.decoded.request_id = request
        if port == ROUTING_PORT:
            packet.priority = _PRIORITY_ACK
        self._hand_up(packet)

    def _routing(self, reason: int, request: int) -> None:
        self._local(ROUTING_PORT, mesh_pb2.Routing(error_reason=reason).SerializeToString(), request)

    def _next_ident(self) -> int:
        self._ident = (self._ident + 1) % (1 << 32) or 1
        return self._ident

    @staticmethod
    def _mesh_packet(sender: int, to: int, ident: int, port: int, payload: bytes) -> Any:
        packet = mesh_pb2.MeshPacket(to=to, id=ident)
        setattr(packet, "from", sender)
        packet.decoded.portnum = port
        packet.decoded.payload = payload
        return packet

    # ------------------------------------------------------------------------ from the computer

    def from_host(self, packet: Any, now: float) -> None:
        """A ``MeshPacket`` of the computer."""
        self._now = max(self._now, now)
        if packet.WhichOneof("payload_variant") != "decoded":
            return
        ident = packet.id or self._next_ident()
        if ident in self._from_host or (self.failing is Fault.SWALLOW and packet.to != self.number):
            return
        self._from_host.append(ident)
        if packet.to == self.number:
            self._statuses.append(self.status(ident=ident))
            self._for_itself(packet, ident)
        else:
            self._statuses.append(self.status(self._enqueue(packet, ident), ident))

    def _for_itself(self, packet: Any, ident: int) -> None:
        if packet.want_ack:
            self._routing(_ERRORS.NONE, ident)
        if packet.decoded.portnum != ADMIN_PORT:
            return
        try:
            request = admin_pb2.AdminMessage.FromString(packet.decoded.payload)
        except DecodeError:
            return
        if request.set_time_only:
            self._told_time = (self._now, request.set_time_only)
        reply, reboot_in = self._admin.answer(request)
        if reply is not None and packet.decoded.want_response:
            self._local(ADMIN_PORT, reply.SerializeToString(), ident)
        if reboot_in is not None:
            self.reboot_at = self._now + reboot_in

    def _enqueue(self, packet: Any, ident: int) -> int:
        """Queue a packet for the air. What the ``QueueStatus`` says of it: 0 for yes."""
        error = self._may_not(packet)
        if error:
            self._routing(error, ident)
            return int(error)
        hops = min(packet.hop_limit, 7)
        if packet.want_ack and not hops:
            hops = self.settings.lora.hop_limit
        made = Packet(
            self.number,
            packet.to or BROADCAST,
            ident,
            hops,
            hops,
            packet.decoded.portnum,
            packet.decoded.payload,
            (self.settings.channel_hash(packet.channel) or 0) if packet.to in {BROADCAST, 0} else SEALED,
            request=packet.decoded.request_id,
            relay=self.number & 0xFF,
        )
        if not made.fits:
            self._routing(_ERRORS.TOO_LARGE, ident)
            return int(_ERRORS.TOO_LARGE)
        if self.setup.signs:
            made = made.as_signed()
        if not self.settings.may_send:
            return RES_DISABLED
        if self.failing is Fault.NAK:
            self._routing(_ERRORS.NO_INTERFACE, ident)
            return 0
        if self.failing is Fault.FULL or not self._outbox.put(made, packet.priority):
            return RES_FULL
        if packet.want_ack:
            self._reliable.expect(made, packet.priority)
        return 0

    def _has_key(self, number: int) -> bool:
        return self.setup.keys and number in self._keys

    def _may_not(self, packet: Any) -> int:
        if packet.to not in {BROADCAST, 0} and not self._has_key(packet.to):
            return int(_ERRORS.PKI_SEND_FAIL_PUBLIC_KEY)
        allowed = self.settings.duty_cycle
        spent = allowed < 1 and self._own.share(self._now) > allowed
        if spent or self.failing is Fault.DUTY:
            minutes = self._own.minutes_until(self._now, allowed) if spent else 1
            self._notices.append(
                mesh_pb2.ClientNotification(
                    level=30,
                    message=f"Duty cycle limit exceeded. Can send again in {minutes} mins",
                    reply_id=packet.id,
                )
            )
            return int(_ERRORS.DUTY_CYCLE_LIMIT)
        if self.settings.channel_hash(packet.channel) is None:
            return int(_ERRORS.NO_CHANNEL)
        return 0

    # ------------------------------------------------------------------------ the air

    def to_air(self) -> Packet | None:
        """The next packet to be put on the air, while none is there."""
        return self._outbox.take()

    def began(self, now: float) -> None:
        """The packet taken is on the air: its place in the queue is free."""
        self._now = max(self._now, now)
        self._outbox.begun()
        if self._told_full and self._outbox.free:
            self._statuses.append(self.status())

    def left(self, seconds: float, now: float) -> None:
        """The packet taken has left; it was ``seconds`` on the air."""
        self._now = max(self._now, now)
        packet = self._outbox.done()
        self._own.add(now - seconds, seconds)
        if packet is not None:
            self._reliable.sent(packet, seconds, self.settings.preset, self.channel_use, now)

    def off_air(self) -> None:
        """The ether is gone, and with it the packet taken: it will be taken again."""
        self._outbox.put_back()

    def from_air(self, packet: Packet, snr: float, rssi: int, now: float) -> None:
        """A packet heard."""
        self._now = max(self._now, now)
        key = (packet.sender, packet.ident)
        if packet.sender == self.number:
            # Somebody repeated ours: the one acknowledgement that a broadcast gets.
            if self._reliable.heard(packet.ident):
                self._routing(_ERRORS.NONE, packet.ident)
            return
        readable = self._has_key(packet.sender)
        self._neighbours[packet.sender] = None
        if packet.to == BROADCAST:  # a node shows its key to all, or not at all
            self._keys.add(packet.sender)
        if key in self._heard:
            self._repeats.cancel(key)
            self._outbox.cancel(key)
            return
        self._heard[key] = None
        if len(self._heard) > _HEARD_IDS:
            self._heard.popitem(last=False)
        own = self.settings.channel_with(packet.channel) if packet.to == BROADCAST else None
        passed_on = packet.to != self.number and self.settings.passes_on(packet.port, own)
        if packet.hop_limit and passed_on:
            again = replace(packet, hop_limit=packet.hop_limit - 1, relay=self.number & 0xFF)
            self._repeats.plan(again, snr, self.settings.preset, now, self._rng)
        if packet.to == BROADCAST:
            channel = own
            readable = packet.signed or not self.setup.strict
        else:
            channel = 0 if packet.to == self.number else None
        if channel is None or not readable:
            return
        up = self._mesh_packet(packet.sender, packet.to, packet.ident, packet.port, packet.payload)
        up.decoded.request_id = packet.request
        up.decoded.bitfield = 0
        up.channel, up.rx_snr, up.rx_rssi = channel, snr, rssi
        up.rx_time = self.time()
        up.hop_limit, up.hop_start, up.relay_node = packet.hop_limit, packet.hop_start, packet.relay
        self._hand_up(up)

    # ------------------------------------------------------------------------ time

    def due(self) -> float:
        """When ``tick`` should be called next."""
        times = [self._metrics_due, self._repeats.due(), self._reliable.due(), self.reboot_at]
        return min(time for time in times if time is not None)

    def tick(self, now: float) -> None:
        """Do what is due."""
        self._now = max(self._now, now)
        for packet in self._repeats.ripe(now):
            self._outbox.put(packet, 0)
        for packet, priority in self._reliable.again(now):
            if not self._outbox.put(packet, priority) and self._reliable.heard(packet.ident):
                self._routing(_ERRORS.MAX_RETRANSMIT, packet.ident)
        for ident in self._reliable.given_up(now):
            self._routing(_ERRORS.MAX_RETRANSMIT, ident)
        if now >= self._metrics_due:
            self._metrics_due = now + METRICS_EVERY
            if self._packets:
                return  # a computer that does not fetch is not there; its place is for others' packets
            metrics = telemetry_pb2.Telemetry()
            metrics.device_metrics.uptime_seconds = int(now - self._started)
            metrics.device_metrics.channel_utilization = 100 * self.channel_use
            metrics.device_metrics.air_util_tx = 100 * self._own.share(now)
            self._local(TELEMETRY_PORT, metrics.SerializeToString())


class Session:
    """One client of the StreamAPI: TCP and the serial line have one each, and share what arrives."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._greeting: deque[Any] = deque()
        self._live = False
        self._heartbeat = False
        self._ident = 0

    def receive(self, message: bytes, now: float) -> bool:
        """Take one ToRadio message. False when the client says goodbye. Garbage is ignored."""
        try:
            to_radio = mesh_pb2.ToRadio.FromString(message)
        except DecodeError:
            log.info("node_garbage bytes=%d", len(message))
            return True
        match to_radio.WhichOneof("payload_variant"):
            case "want_config_id":
                nonce = to_radio.want_config_id
                node = self._node
                self._greeting = deque(node.settings.greeting(nonce, node.neighbours()))
                self._live = False
            case "packet":
                self._node.from_host(to_radio.packet, now)
            case "heartbeat":
                self._heartbeat = True
            case "disconnect":
                self.close()
                return False
            case _:
                pass
        return True

    def rebooted(self) -> None:
        """The node has rebooted under this client, which is told and must ask for everything anew."""
        self.close()
        self._greeting.append(mesh_pb2.FromRadio(rebooted=True))

    def close(self) -> None:
        """The client is gone."""
        self._greeting.clear()
        self._live = self._heartbeat = False

    def next(self) -> bytes | None:
        """The next FromRadio message for this client, if there is one."""
        message = self._next()
        if message is None:
            return None
        self._ident += 1
        message.id = self._ident
        return bytes(message.SerializeToString())

    def _next(self) -> Any | None:
        if self._heartbeat:
            self._heartbeat = False
            return mesh_pb2.FromRadio(queueStatus=self._node.status())
        if self._greeting:
            message = self._greeting.popleft()
            # Nothing is live until the greeting is complete, nor after a reboot before the next one.
            self._live = message.HasField("config_complete_id")
            return message
        return self._node.next_live() if self._live else None
