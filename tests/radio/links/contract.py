"""What every link promises, whatever radio stands behind it. Subclass ``LinkContract``, give ``bench``.

A bench is a radio one can make hear things, and break. Times here are only for liveness: nothing
asserts how long something took, but a link that hangs fails.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Protocol

import pytest

from appliance.radio.ports import Changed, Heard, Link, LinkEvent, LinkState, Refused, Sent

PATIENCE = 20.0
HELLO = b"hello, Hill"


class Bench(Protocol):
    """A radio and the means to torment it."""

    def link(self) -> Link:
        """A link to it, not started."""
        ...

    def lost_link(self) -> Link:
        """A link to a radio that is not there."""
        ...

    def hear(self, data: bytes) -> None:
        """Let the radio hear a packet of another hub."""
        ...

    def sent(self) -> list[bytes]:
        """The packets that the radio was given, or sent."""
        ...

    def go(self) -> None:
        """Let it vanish under the link."""
        ...

    def come(self) -> None:
        """Let it be there again."""
        ...


def until(link: Link, wanted: Callable[[LinkEvent], bool], seconds: float = PATIENCE) -> list[LinkEvent]:
    """Everything polled, up to and with the first event that is wanted."""
    seen: list[LinkEvent] = []
    for _ in range(round(seconds / 0.1)):
        link.wait(0.1)
        for event in link.poll():
            seen.append(event)
            if wanted(event):
                return seen
    raise AssertionError(f"never came; seen: {seen}")


def is_up(event: LinkEvent) -> bool:
    return isinstance(event, Changed) and event.state is LinkState.UP


def is_down(event: LinkEvent) -> bool:
    return isinstance(event, Changed) and event.state is LinkState.DOWN


def is_verdict(event: LinkEvent) -> bool:
    return isinstance(event, Sent | Refused)


@contextlib.contextmanager
def opened(link: Link) -> Iterator[Link]:
    """Started, up, and closed in the end."""
    link.start()
    try:
        until(link, is_up)
        yield link
    finally:
        link.close()


@pytest.mark.timeout(60)
class LinkContract:
    """The promises."""

    def test_before_it_is_started_it_does_nothing(self, bench: Bench) -> None:
        link = bench.link()
        assert not link.ready()
        assert list(link.poll()) == []
        assert link.radio() is None
        with pytest.raises(RuntimeError):
            link.send(HELLO)
        link.close()

    def test_it_connects_by_itself_and_then_knows_its_radio(self, bench: Bench) -> None:
        link = bench.link()
        link.start()
        seen = until(link, is_up)
        assert [e.state for e in seen if isinstance(e, Changed)] == [LinkState.CONNECTING, LinkState.UP]
        assert link.ready()
        radio = link.radio()
        assert radio is not None
        assert radio.preset
        link.close()

    def test_a_packet_goes_out_as_it_is_and_is_told_once(self, bench: Bench) -> None:
        with opened(bench.link()) as link:
            payload = bytes(range(231))
            link.send(payload)
            until(link, lambda e: isinstance(e, Sent))
            link.wait(0.3)
            assert not [e for e in link.poll() if is_verdict(e)]
            assert bench.sent() == [payload]

    def test_one_packet_is_inside_until_its_end_is_polled(self, bench: Bench) -> None:
        with opened(bench.link()) as link:
            for number in range(3):
                assert link.ready()
                link.send(HELLO + bytes([number]))
                assert not link.ready()
                with pytest.raises(RuntimeError):
                    link.send(b"one too many")
                until(link, lambda e: isinstance(e, Sent))
            assert bench.sent() == [HELLO + bytes([number]) for number in range(3)]

    def test_a_packet_too_long_is_our_mistake_and_changes_nothing(self, bench: Bench) -> None:
        with opened(bench.link()) as link:
            with pytest.raises(ValueError, match="232"):
                link.send(bytes(232))
            assert link.ready()
            assert bench.sent() == []

    def test_what_others_send_is_heard_in_order_as_it_was(self, bench: Bench) -> None:
        with opened(bench.link()) as link:
            packets = [bytes([number]) * (1 + 57 * number) for number in range(5)]
            for packet in packets:
                bench.hear(packet)
            seen = until(link, lambda e: isinstance(e, Heard) and e.data == packets[-1])
            assert [event.data for event in seen if isinstance(event, Heard)] == packets

    def test_waiting_ends_when_something_happens_and_after_its_time(self, bench: Bench) -> None:
        with opened(bench.link()) as link:
            link.wait(0)
            link.wait(0.05)
            bench.hear(HELLO)
            for _ in range(20):  # a long wait returns at the latest then, and earlier for other events
                link.wait(PATIENCE)
                if any(isinstance(event, Heard) for event in link.poll()):
                    return
            raise AssertionError("nothing heard")

    def test_a_radio_that_vanishes_is_missed_and_found_again(self, bench: Bench) -> None:
        with opened(bench.link()) as link:
            bench.go()
            down = until(link, is_down)[-1]
            assert isinstance(down, Changed)
            assert down.reason
            assert not link.ready()
            with pytest.raises(RuntimeError):
                link.send(HELLO)
            bench.come()
            until(link, is_up)
            link.send(HELLO)
            until(link, lambda e: isinstance(e, Sent))
            assert bench.sent()[-1] == HELLO

    def test_a_packet_inside_a_radio_that_vanishes_holds_nothing_up(self, bench: Bench) -> None:
        with opened(bench.link()) as link:
            link.send(HELLO)
            bench.go()
            until(link, is_down)
            bench.come()
            until(link, is_up)
            assert link.ready()
            link.send(b"again")
            until(link, is_verdict)
            assert bench.sent()[-1] == b"again"

    def test_it_goes_on_trying_when_nobody_is_there(self, bench: Bench) -> None:
        bench.go()
        link = bench.link()
        link.start()
        until(link, is_down)
        assert link.radio() is None
        bench.come()
        until(link, is_up)
        assert link.radio() is not None
        link.close()

    @pytest.mark.parametrize("state", ["fresh", "connecting", "unreachable", "up", "inside", "down"])
    def test_it_closes_in_every_state_and_is_closed_then(self, bench: Bench, state: str) -> None:
        link = bench.lost_link() if state == "unreachable" else bench.link()
        if state != "fresh":
            link.start()
        if state == "unreachable":
            until(link, is_down)
        if state in {"up", "inside", "down"}:
            until(link, is_up)
        if state == "inside":
            link.send(HELLO)
        if state == "down":
            bench.go()
            until(link, is_down)
        link.close()
        link.close()
        link.poll()
        assert not link.ready()
        with pytest.raises(RuntimeError):
            link.send(HELLO)
        link.wait(0)
