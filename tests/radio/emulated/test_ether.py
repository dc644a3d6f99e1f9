"""The channel itself, in virtual time: River, Hill and Lake, who may not hear each other."""

import pytest

from appliance.radio.airtime import frame_airtime, frame_bytes
from appliance.radio.emulated.ether import Arrival, Began, Conditions, Ether, Left


def ether(*stations: str, seed: int = 7, **conditions) -> Ether:
    made = Ether(Conditions(**conditions), seed)
    for station in stations:
        made.join(station)
    return made


def say(channel: Ether, station: str, data: bytes, now: float = 0.0) -> None:
    channel.advance(now)
    channel.offer(station, data, frame_bytes(len(data)), now)


def run(channel: Ether, until: float = 1000.0) -> list:
    return channel.advance(until)


def who_heard(events, data: bytes) -> list[str]:
    return [event.station for event in events if isinstance(event, Arrival) and event.data == data]


def test_everybody_but_the_sender_hears_a_packet_when_its_airtime_is_over():
    channel = ether("River", "Hill", "Lake")
    say(channel, "River", b"x" * 200)
    events = run(channel)
    began = next(event for event in events if isinstance(event, Began))
    left = next(event for event in events if isinstance(event, Left))
    assert who_heard(events, b"x" * 200) == ["Hill", "Lake"]
    assert left.seconds == pytest.approx(frame_airtime(200, "MEDIUM_FAST"))
    assert {event.at for event in events if isinstance(event, Arrival)} == {left.at}
    assert left.at == pytest.approx(began.at + left.seconds)
    assert began.at < 8 * channel.preset.slot
    assert channel.due() is None


def test_a_station_holds_one_packet():
    channel = ether("River", "Hill")
    say(channel, "River", b"one")
    assert not channel.free("River")
    with pytest.raises(ValueError, match="River"):
        say(channel, "River", b"two")
    run(channel)
    assert channel.free("River")


def test_who_listens_waits_until_the_channel_is_free():
    channel = ether("River", "Hill", "Lake")
    say(channel, "River", b"r" * 200)
    channel.advance(0.2)
    say(channel, "Hill", b"h" * 200, now=0.2)
    events = run(channel)
    assert who_heard(events, b"r" * 200) == ["Hill", "Lake"]
    assert who_heard(events, b"h" * 200) == ["River", "Lake"]
    assert channel.tally.collided == 0


def test_hidden_nodes_collide_at_the_hub_between_them():
    channel = ether("River", "Hill", "Lake")
    for one, other in (("River", "Lake"), ("Lake", "River")):
        channel.audible(one, other, False)
    say(channel, "River", b"r" * 200)
    say(channel, "Lake", b"l" * 200)
    events = run(channel)
    assert who_heard(events, b"r" * 200) == []
    assert who_heard(events, b"l" * 200) == []
    assert channel.tally.collided == 2


def test_a_station_the_receiver_does_not_hear_does_not_disturb_it():
    channel = ether("River", "Hill", "Lake", "Wood", listen=False)
    for one, other in (("Lake", "Hill"), ("Hill", "Lake")):
        channel.audible(one, other, False)
    say(channel, "River", b"r" * 200)
    say(channel, "Lake", b"l" * 200)
    events = run(channel)
    assert who_heard(events, b"r" * 200) == ["Hill"]
    assert who_heard(events, b"l" * 200) == []


def test_who_sends_hears_nothing():
    channel = ether("River", "Hill", listen=False)
    say(channel, "River", b"r" * 200)
    say(channel, "Hill", b"h" * 10)
    events = run(channel)
    assert not [event for event in events if isinstance(event, Arrival)]
    assert channel.tally.missed == 2


def test_losses_are_drawn_for_every_receiver_by_itself():
    channel = ether("River", "Hill", "Lake", loss=0.3)
    heard = {"Hill": 0, "Lake": 0}
    both = 0
    for number in range(1000):
        say(channel, "River", number.to_bytes(2, "big"), now=number * 2.0)
        stations = [e.station for e in channel.advance(number * 2.0 + 1.9) if isinstance(e, Arrival)]
        both += len(stations) == 2
        for station in stations:
            heard[station] += 1
    assert 650 < heard["Hill"] < 750
    assert 650 < heard["Lake"] < 750
    assert 440 < both < 540
    assert channel.tally.lost == 2000 - sum(heard.values())


def test_duplicates_and_late_packets():
    channel = ether("River", "Hill", duplicate=1.0)
    say(channel, "River", b"twice")
    assert who_heard(run(channel, 9.0), b"twice") == ["Hill", "Hill"]

    channel = ether("River", "Hill", late=0.5, lateness=30.0, seed=3)
    order = []
    for number in range(40):
        say(channel, "River", bytes([number]), now=number * 1.0)
        order += [event.data[0] for event in channel.advance(number + 0.99) if isinstance(event, Arrival)]
    order += [event.data[0] for event in run(channel) if isinstance(event, Arrival)]
    assert sorted(order) == list(range(40))
    assert order != sorted(order)


def test_a_station_cut_off_hears_nothing_and_is_not_heard():
    channel = ether("River", "Hill", "Lake")
    channel.cut("Hill", True)
    say(channel, "River", b"one")
    assert who_heard(run(channel, 5.0), b"one") == ["Lake"]
    say(channel, "Hill", b"two", now=5.0)
    assert who_heard(run(channel, 10.0), b"two") == []
    channel.cut("Hill", False)
    say(channel, "River", b"three", now=10.0)
    assert who_heard(run(channel, 15.0), b"three") == ["Hill", "Lake"]


def test_a_station_switched_off_breaks_off_and_may_come_back():
    channel = ether("River", "Hill")
    say(channel, "River", b"x" * 200)
    channel.advance(0.2)
    channel.leave("River")
    assert who_heard(run(channel, 5.0), b"x" * 200) == []
    channel.join("River")
    say(channel, "River", b"again", now=5.0)
    assert who_heard(run(channel, 9.0), b"again") == ["Hill"]


def test_use_is_measured_over_a_minute_and_own_sending_over_an_hour():
    channel = ether("River", "Hill")
    seconds = frame_airtime(200, "MEDIUM_FAST")
    for number in range(10):
        say(channel, "River", b"x" * 200, now=number * 2.0)
        run(channel, number * 2.0 + 1.9)
    assert channel.use("Hill", 20.0) == pytest.approx(10 * seconds / 60)
    assert channel.use("River", 20.0) == pytest.approx(10 * seconds / 60)
    assert channel.own("River", 20.0) == pytest.approx(10 * seconds / 3600)
    assert channel.own("Hill", 20.0) == 0.0
    assert channel.use("Hill", 200.0) == 0.0
    assert channel.own("River", 4000.0) == 0.0


def test_one_seed_one_course_of_events():
    def course(seed: int) -> list:
        channel = ether("River", "Hill", "Lake", seed=seed, loss=0.2, duplicate=0.2, late=0.2)
        events = []
        for number in range(50):
            for station in ("River", "Hill"):
                if channel.free(station):
                    say(channel, station, bytes([number]) * 100, now=number * 0.7)
            events += channel.advance(number * 0.7 + 0.7)
        return events + run(channel)

    assert course(1) == course(1)
    assert course(1) != course(2)


def test_a_crowd_at_once_goes_out_one_by_one_with_few_collisions():
    names = [f"hub{number}" for number in range(16)]
    channel = ether(*names)
    for name in names:
        channel.offer(name, name.encode(), 200, 0.0)
    run(channel)
    assert channel.tally.sent == 16
    assert channel.tally.heard + channel.tally.collided + channel.tally.missed == 16 * 15


@pytest.mark.parametrize("wrong", [{"loss": 1.5}, {"duplicate": -1}, {"preset": "SHOUT"}, {"lateness": -2}])
def test_impossible_conditions_are_refused(wrong):
    with pytest.raises(ValueError, match=r"share|preset|lateness"):
        Conditions(**wrong)
