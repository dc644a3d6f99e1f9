"""An emulated node, without sockets and in virtual time: what firmware and hardware were seen to do."""

import random
from dataclasses import replace

import pytest
from meshtastic.protobuf import admin_pb2, channel_pb2, mesh_pb2, telemetry_pb2

from appliance.radio.airtime import frame_airtime
from appliance.radio.emulated.node import Node, Session
from appliance.radio.emulated.packet import BROADCAST, Packet
from appliance.radio.emulated.settings import ADMIN_PORT, ROUTING_PORT, TELEMETRY_PORT, Settings, Setup
from appliance.radio.emulated.stream import Deframer, frame

PRIVATE = 256
RIVER = 0x10000001
HILL = 0x10000002


class Computer:
    """A client of one node, which asks and reads as the library does."""

    def __init__(self, node: Node, nonce: int | None = 69420) -> None:
        self.node = node
        self.session = Session(node)
        self.ident = 100
        if nonce is not None:
            self.session.receive(mesh_pb2.ToRadio(want_config_id=nonce).SerializeToString(), 0.0)
            self.greeting = self.read()

    def read(self) -> list:
        messages = []
        while (data := self.session.next()) is not None:
            messages.append(mesh_pb2.FromRadio.FromString(data))
        return messages

    def send(self, payload: bytes, now: float = 0.0, ident: int | None = None, **fields) -> int:
        if ident is None:
            self.ident += 1
            ident = self.ident
        port, asks = fields.pop("port", PRIVATE), fields.pop("asks", False)
        packet = mesh_pb2.MeshPacket(to=fields.pop("to", BROADCAST), id=ident, priority=64, **fields)
        packet.decoded.portnum = port
        packet.decoded.payload, packet.decoded.want_response = payload, asks
        self.session.receive(mesh_pb2.ToRadio(packet=packet).SerializeToString(), now)
        return ident

    def heartbeat(self) -> None:
        self.session.receive(mesh_pb2.ToRadio(heartbeat=mesh_pb2.Heartbeat()).SerializeToString(), 0.0)

    def ask(self, request, asks: bool = True) -> list:
        admin = {"to": self.node.number, "port": ADMIN_PORT, "want_ack": True, "asks": asks}
        self.send(request.SerializeToString(), **admin)
        return self.read()


def statuses(messages) -> list[tuple[int, int, int]]:
    return [
        (m.queueStatus.res, m.queueStatus.free, m.queueStatus.mesh_packet_id)
        for m in messages
        if m.HasField("queueStatus")
    ]


def routings(messages) -> list[tuple[int, str]]:
    return [
        (
            m.packet.decoded.request_id,
            mesh_pb2.Routing.Error.Name(mesh_pb2.Routing.FromString(m.packet.decoded.payload).error_reason),
        )
        for m in messages
        if m.HasField("packet") and m.packet.decoded.portnum == ROUTING_PORT
    ]


def payloads(messages, port: int = PRIVATE) -> list[bytes]:
    return [
        m.packet.decoded.payload
        for m in messages
        if m.HasField("packet") and m.packet.decoded.portnum == port
    ]


def a_node(**fields) -> Node:
    return Node(Setup(name="River", number=RIVER, **fields), random.Random(3))


def from_hill(number: int, payload: bytes = b"hello", hops: int = 0, port: int = PRIVATE) -> Packet:
    channel = Settings(Setup()).channel_hash(0)
    assert channel is not None
    return Packet(HILL, BROADCAST, number, hops, hops, port, payload, channel)


def reboots(node: Node) -> float | None:
    return node.reboot_at


def put_on_air(node: Node, now: float) -> Packet:
    packet = node.to_air()
    assert packet is not None
    node.began(now)
    node.left(frame_airtime(len(packet.payload), node.settings.preset), now)
    return packet


# ---------------------------------------------------------------------------------------------- greeting


def test_the_greeting_comes_in_the_order_of_the_firmware():
    kinds = [message.WhichOneof("payload_variant") for message in Computer(a_node()).greeting]
    compact = [kind for kind, before in zip(kinds, [None, *kinds], strict=False) if kind != before]
    assert compact == [
        "my_info",
        "deviceuiConfig",
        "node_info",
        "metadata",
        "channel",
        "config",
        "moduleConfig",
        "config_complete_id",
    ]
    assert kinds.count("channel") == 8


def test_a_client_is_told_of_other_nodes_unless_it_wants_the_configuration_only():
    node = a_node()
    node.from_air(from_hill(1), 5.0, -90, 0.0)

    def told(nonce: int) -> list[str | None]:
        return [m.WhichOneof("payload_variant") for m in Computer(node, nonce).greeting]

    assert told(69420).count("node_info") == 1
    assert told(7).count("node_info") == 2
    assert told(69421) == ["node_info", "node_info", "config_complete_id"]


def test_nothing_is_told_to_who_has_not_asked():
    node = a_node()
    stranger = Computer(node, nonce=None)
    node.from_air(from_hill(1), 5.0, -90, 0.0)
    assert stranger.read() == []
    stranger.session.receive(mesh_pb2.ToRadio(want_config_id=69420).SerializeToString(), 0.0)
    assert payloads(stranger.read()) == [b"hello"]


def test_a_channel_on_the_air_is_its_known_hash():
    """The default channel of LONG_FAST has hash 8, as every Meshtastic node in the world shows."""
    assert Settings(Setup(preset="LONG_FAST")).channel_hash(0) == 8


# ---------------------------------------------------------------------------------------------- sending


def test_one_status_when_queued_none_when_sent():
    node = a_node()
    river = Computer(node)
    ident = river.send(b"x" * 200)
    assert statuses(river.read()) == [(0, 15, ident)]
    packet = put_on_air(node, 1.0)
    assert (packet.payload, packet.sender, packet.hop_limit) == (b"x" * 200, RIVER, 0)
    assert river.read() == []
    river.heartbeat()
    assert statuses(river.read()) == [(0, 16, 0)]


def test_231_bytes_go_and_232_are_refused():
    node = a_node()
    river = Computer(node)
    ident = river.send(b"x" * 231)
    assert statuses(river.read()) == [(0, 15, ident)]
    for size in (232, 233):
        ident = river.send(b"x" * size)
        answer = river.read()
        assert statuses(answer) == [(7, 15, ident)]
        assert routings(answer) == [(ident, "TOO_LARGE")]


def test_a_full_queue_drops_without_a_word_and_the_status_queue_holds_two():
    node = a_node()
    river = Computer(node)
    for number in range(16):
        river.send(b"x")
        assert statuses(river.read())[0][:2] == (0, 15 - number)
    idents = [river.send(b"too many") for _ in range(8)]
    answer = river.read()
    assert statuses(answer) == [(32, 0, idents[-2]), (32, 0, idents[-1])]
    assert routings(answer) == []
    put_on_air(node, 1.0)
    assert statuses(river.read()) == [(0, 1, 0)], "there is room again, it tells once"
    put_on_air(node, 2.0)
    assert river.read() == []


def test_what_matters_more_goes_first_and_takes_the_place_of_what_matters_less():
    node = a_node()
    river = Computer(node)
    for number in range(16):
        river.send(bytes([number]))
    packet = mesh_pb2.MeshPacket(to=BROADCAST, id=5, priority=100)
    packet.decoded.portnum = PRIVATE
    packet.decoded.payload = b"alert"
    river.session.receive(mesh_pb2.ToRadio(packet=packet).SerializeToString(), 0.0)
    assert statuses(river.read())[-1] == (0, 0, 5)
    sent = [put_on_air(node, float(number)).payload for number in range(16)]
    assert sent == [b"alert", *(bytes([number]) for number in range(15))]


def test_a_repeated_id_is_ignored_without_a_word():
    node = a_node()
    river = Computer(node)
    river.send(b"once", ident=77)
    river.read()
    river.send(b"twice", ident=77)
    assert river.read() == []
    put_on_air(node, 1.0)
    assert node.to_air() is None
    for _ in range(20):
        river.send(b"others")
        put_on_air(node, 2.0)
    river.send(b"forgotten by now", ident=77)
    assert put_on_air(node, 3.0).payload == b"forgotten by now"


def test_over_the_duty_cycle_everything_is_refused_with_a_notice():
    node = a_node(sent=0.11 * 3600)
    river = Computer(node)
    ident = river.send(b"x" * 50, now=1.0)
    answer = river.read()
    assert statuses(answer) == [(9, 16, ident)]
    assert routings(answer) == [(ident, "DUTY_CYCLE_LIMIT")]
    notices = [m.clientNotification.message for m in answer if m.HasField("clientNotification")]
    assert notices == ["Duty cycle limit exceeded. Can send again in 60 mins"]
    ident = river.send(b"x" * 50, now=3601.0)
    assert statuses(river.read()) == [(0, 15, ident)]


def test_own_sending_adds_up_to_the_duty_cycle():
    node = a_node(preset="LONG_FAST")
    river = Computer(node)
    now = 0.0
    for _ in range(168):  # 167 packets of 2.157 s are 360.2 s, a tenth of the hour
        now += 2.2
        ident = river.send(b"x" * 231, now=now)
        answer = river.read()
        if statuses(answer)[-1][0]:
            break
        put_on_air(node, now)
    assert statuses(answer) == [(9, 16, ident)]
    assert 360 < now < 370


def test_where_there_is_no_duty_cycle_nothing_is_refused():
    river = Computer(a_node(sent=2000.0, region="US"))
    ident = river.send(b"x")
    assert statuses(river.read()) == [(0, 15, ident)]


def test_without_a_region_nothing_is_sent():
    node = a_node(region="UNSET")
    river = Computer(node)
    ident = river.send(b"x")
    assert statuses(river.read()) == [(34, 16, ident)]
    assert node.to_air() is None


def test_a_channel_switched_off_and_a_message_to_a_stranger_are_refused():
    river = Computer(a_node())
    ident = river.send(b"x", channel=3)
    answer = river.read()
    assert (statuses(answer), routings(answer)) == ([(6, 16, ident)], [(ident, "NO_CHANNEL")])
    ident = river.send(b"x", to=HILL)
    answer = river.read()
    assert routings(answer) == [(ident, "PKI_SEND_FAIL_PUBLIC_KEY")]


def test_who_was_heard_has_shown_its_key_and_takes_219_bytes_for_itself_alone():
    node = a_node(keys=True)
    river = Computer(node)
    ident = river.send(b"x", to=HILL)
    assert routings(river.read()) == [(ident, "PKI_SEND_FAIL_PUBLIC_KEY")]
    node.from_air(from_hill(1), 6.0, -80, 0.0)
    river.read()
    ident = river.send(b"x" * 220, to=HILL)
    assert routings(river.read()) == [(ident, "TOO_LARGE")]
    river.send(b"x" * 219, to=HILL)
    assert routings(river.read()) == []
    packet = put_on_air(node, 0.0)
    assert (len(packet.payload), packet.length) == (219, 255)
    hill = Node(Setup(name="Hill", number=HILL, keys=True), random.Random(4))
    chandra = Computer(hill)
    hill.from_air(packet, 6.0, -80, 1.0)
    assert payloads(chandra.read()) == [], "sealed by somebody whose key it does not have"
    hill.from_air(replace(from_hill(3), sender=RIVER), 6.0, -80, 2.0)
    hill.from_air(replace(packet, ident=2), 6.0, -80, 3.0)
    assert payloads(chandra.read()) == [b"hello", b"x" * 219]


def test_who_is_strict_takes_only_what_a_node_has_signed():
    strict, balanced = a_node(signs=True, strict=True), a_node(signs=True)
    sender = Node(Setup(name="Hill", number=HILL, signs=True), random.Random(4))
    of_hill = Computer(sender)
    for size in (165, 166):
        of_hill.send(b"x" * size, now=float(size))
    short, long = put_on_air(sender, 170.0), put_on_air(sender, 180.0)
    assert [packet.length for packet in (short, long)] == [255, 190]
    for node, sizes in ((strict, [165]), (balanced, [165, 166, 5])):
        river = Computer(node)
        for packet in (short, long, from_hill(1)):
            node.from_air(packet, 6.0, -80, 200.0)
        assert [len(data) for data in payloads(river.read())] == sizes
    with pytest.raises(ValueError, match="signs"):
        Setup(strict=True)


def test_a_lost_ether_loses_no_packet():
    node = a_node()
    river = Computer(node)
    river.send(b"x")
    assert node.to_air() is not None
    assert node.to_air() is None
    node.off_air()
    assert put_on_air(node, 1.0).payload == b"x"


# ---------------------------------------------------------------------------------------------- reliable


def test_who_wants_an_acknowledgement_is_sent_three_times_and_told_that_nobody_repeated_it():
    node = a_node(preset="LONG_FAST")
    river = Computer(node)
    ident = river.send(b"x" * 231, want_ack=True)
    river.read()
    now, begun = 0.0, []
    while not (answer := routings(river.read())):
        if (packet := node.to_air()) is not None:
            assert packet.hop_limit == 3, "0 hops and an acknowledgement do not go together"
            node.began(now)
            begun.append(now)
            now += 2.157
            node.left(2.157, now)
        now = max(now, node.due())
        node.tick(now)
    assert answer == [(ident, "MAX_RETRANSMIT")]
    assert [round(at, 1) for at in begun] == [0.0, 10.4, 20.8]
    assert round(now, 1) == 31.2


def test_a_repetition_by_somebody_is_the_acknowledgement():
    node = a_node()
    river = Computer(node)
    ident = river.send(b"x", want_ack=True)
    river.read()
    packet = put_on_air(node, 1.0)
    node.from_air(packet, 5.0, -90, 2.0)
    assert routings(river.read()) == [(ident, "NONE")]
    node.tick(50.0)
    assert node.to_air() is None


# ---------------------------------------------------------------------------------------------- hearing


def test_what_is_heard_reaches_the_computer_once():
    node = a_node()
    river = Computer(node)
    node.from_air(from_hill(9, b"news"), 6.25, -88, 1.0)
    node.from_air(from_hill(9, b"news"), 1.0, -95, 1.5)
    (message,) = river.read()
    packet = message.packet
    assert (getattr(packet, "from"), packet.to, packet.id) == (HILL, BROADCAST, 9)
    assert (packet.rx_snr, packet.rx_rssi, packet.hop_limit) == (6.25, -88, 0)
    assert packet.decoded.payload == b"news"


def test_the_computer_finds_32_packets_when_it_comes_back_and_the_newest_are_gone():
    node = a_node()
    for number in range(40):
        node.from_air(from_hill(number + 1, bytes([number])), 5.0, -90, 0.0)
    assert node.dropped == 8
    assert payloads(Computer(node).read()) == []
    node = a_node()
    for number in range(40):
        node.from_air(from_hill(number + 1, bytes([number])), 5.0, -90, 0.0)
    river = Computer(node)
    assert payloads(river.greeting) == [bytes([number]) for number in range(32)]


def test_of_text_the_oldest_are_dropped():
    node = a_node(host_queue=4)
    for number in range(6):
        node.from_air(from_hill(number + 1, b"t%d" % number, port=1), 5.0, -90, 0.0)
    assert payloads(Computer(node).greeting, port=1) == [b"t2", b"t3", b"t4", b"t5"]


def test_another_channel_is_not_understood_and_still_repeated():
    node = a_node()
    river = Computer(node)
    foreign = Packet(HILL, BROADCAST, 4, 2, 3, PRIVATE, b"secret", 99)
    node.from_air(foreign, 5.0, -90, 0.0)
    assert river.read() == []
    node.tick(node.due())
    assert put_on_air(node, 5.0).hop_limit == 1


def test_a_packet_with_hops_left_is_repeated_once_after_a_while():
    node = a_node()
    node.from_air(from_hill(4, hops=3), 5.0, -90, 0.0)
    at = node.due()
    slot = 0.01272
    assert 16 * slot <= at < (16 + 256) * slot
    node.tick(at)
    again = put_on_air(node, at)
    assert (again.sender, again.ident, again.hop_limit, again.hop_start) == (HILL, 4, 2, 3)
    assert again.relay == RIVER & 0xFF
    assert node.to_air() is None


@pytest.mark.parametrize("hops", [0, 3])
def test_nothing_is_repeated_with_no_hops_left_or_when_another_was_quicker_or_by_a_mute_node(hops):
    node = a_node(relays=hops == 0)
    node.from_air(from_hill(4, hops=hops), 5.0, -90, 0.0)
    node.tick(20.0)
    assert node.to_air() is None
    quick = a_node()
    quick.from_air(from_hill(5, hops=3), 5.0, -90, 0.0)
    quick.from_air(from_hill(5, hops=2), 5.0, -90, 0.1)
    quick.tick(20.0)
    assert quick.to_air() is None


# ---------------------------------------------------------------------------------------------- settings, reboot


def test_the_configuration_can_be_read_and_metadata_asked_for():
    river = Computer(a_node())
    answers = river.ask(admin_pb2.AdminMessage(get_config_request=5))
    (reply,) = [admin_pb2.AdminMessage.FromString(data) for data in payloads(answers, ADMIN_PORT)]
    assert reply.get_config_response.lora.hop_limit == 3
    assert len(reply.session_passkey) == 8
    assert [reason for _, reason in routings(answers)] == ["NONE"]
    for request, field in (
        (admin_pb2.AdminMessage(get_device_metadata_request=True), "get_device_metadata_response"),
        (admin_pb2.AdminMessage(get_owner_request=True), "get_owner_response"),
        (admin_pb2.AdminMessage(get_channel_request=1), "get_channel_response"),
        (admin_pb2.AdminMessage(get_module_config_request=5), "get_module_config_response"),
    ):
        (data,) = payloads(river.ask(request), ADMIN_PORT)
        assert admin_pb2.AdminMessage.FromString(data).HasField(field)
        assert payloads(river.ask(request, asks=False), ADMIN_PORT) == [], "who wants no answer gets none"


def test_a_changed_radio_setting_takes_effect_with_a_reboot_in_seven_seconds():
    node = a_node()
    river = Computer(node)
    change = admin_pb2.AdminMessage()
    change.set_config.lora.CopyFrom(node.settings.lora)
    river.ask(change)
    assert reboots(node) is None, "nothing has changed"
    change.set_config.lora.modem_preset = 6
    river.ask(change)
    assert reboots(node) == 7.0
    assert node.due() == 7.0
    river.send(b"lost in the reboot")
    node.reboot(7.0)
    assert node.settings.preset == "SHORT_FAST"
    assert node.to_air() is None
    assert Computer(node).greeting[0].my_info.reboot_count == 1


def test_several_changes_are_one_reboot_and_a_channel_is_none():
    node = a_node()
    river = Computer(node)
    river.ask(admin_pb2.AdminMessage(begin_edit_settings=True))
    change = admin_pb2.AdminMessage()
    change.set_config.lora.CopyFrom(node.settings.lora)
    change.set_config.lora.hop_limit = 1
    river.ask(change)
    assert reboots(node) is None
    river.ask(admin_pb2.AdminMessage(commit_edit_settings=True))
    assert reboots(node) == 7.0
    other = a_node()
    private = channel_pb2.Channel(index=0, role=channel_pb2.Channel.Role.PRIMARY)
    private.settings.name = "villages"
    private.settings.psk = bytes(range(32))
    Computer(other).ask(admin_pb2.AdminMessage(set_channel=private))
    assert reboots(other) is None
    other.from_air(from_hill(1), 5.0, -90, 0.0)
    assert payloads(Computer(other).greeting) == [], "on another channel now"


def test_the_computer_gets_the_measures_every_minute_while_it_reads():
    node = a_node()
    river = Computer(node)
    node.channel_use = 0.125
    node.tick(60.0)
    (data,) = payloads(river.read(), TELEMETRY_PORT)
    assert telemetry_pb2.Telemetry.FromString(data).device_metrics.channel_utilization == 12.5
    for minute in range(2, 50):
        node.tick(60.0 * minute)
    assert len(payloads(river.read(), TELEMETRY_PORT)) == 1


def test_a_client_told_of_a_reboot_asks_anew():
    node = a_node()
    river = Computer(node)
    node.reboot(1.0)
    river.session.rebooted()
    assert [m.rebooted for m in river.read()] == [True]
    node.from_air(from_hill(1), 5.0, -90, 0.0)
    assert river.read() == []


# ---------------------------------------------------------------------------------------------- the line


def test_frames_are_found_in_any_pieces_and_between_any_noise():
    rng = random.Random(4)
    messages = [rng.randbytes(rng.randrange(0, 513)).replace(b"\x94", b"_") for _ in range(50)]
    stream = b"\xc3" * 32
    for message in messages:
        stream += frame(message) + rng.choice([b"", b"debug\r\n", b"\x94\xc3\xff\xff", b"\x94\x01"])
    deframer, found = Deframer(), []
    while stream:
        size = rng.randrange(1, 40)
        found += deframer.feed(stream[:size])
        stream = stream[size:]
    assert found == messages


def test_a_message_too_long_for_the_line_is_our_mistake():
    with pytest.raises(ValueError, match="513"):
        frame(bytes(513))


def test_garbage_from_the_computer_changes_nothing():
    rng = random.Random(8)
    node = a_node()
    river = Computer(node)
    good = mesh_pb2.MeshPacket(to=BROADCAST, id=9)
    good.decoded.portnum = PRIVATE
    good.decoded.payload = b"x" * 100
    wire = mesh_pb2.ToRadio(packet=good).SerializeToString()
    for _ in range(5000):
        data = bytearray(wire)
        for _ in range(rng.randrange(1, 6)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        river.session.receive(bytes(data), 0.0)
        river.session.receive(rng.randbytes(rng.randrange(0, 60)), 0.0)
        river.read()
        if (packet := node.to_air()) is not None:
            packet.pack()
            node.began(0.0)
            node.left(0.0, 0.0)
        node.reboot_at = None
    assert len(river.read()) <= 40
    fresh = Computer(node)
    assert fresh.greeting[0].my_info.my_node_num == RIVER
