"""Several frames in one packet: what it may hold, and that it adds no authority."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.ledger.book.records import Kind
from appliance.radio.bundle import MOST_FRAMES, bundle, is_bundle, split
from appliance.radio.control import read
from appliance.radio.errors import BadFrame, CannotPack, Reason
from appliance.radio.events import Arrived, HeardHub, Ignored, Sending
from tests.radio.test_engine import HILL, NOW, RIVER, Hub, airtime

ONE, TWO = b"\x41\x01one", b"\x4a\x01two"


def refusal(data: bytes) -> Reason:
    with pytest.raises(BadFrame) as raised:
        split(data)
    return raised.value.reason


frames = st.lists(
    st.binary(min_size=2, max_size=60).filter(lambda data: not is_bundle(data)),
    min_size=2,
    max_size=MOST_FRAMES,
).filter(lambda many: sum(len(one) + 1 for one in many) <= 229)


class TestTheForm:
    @given(frames, st.integers(1, 255))
    def test_what_was_put_in_comes_out(self, inside: list[bytes], index: int) -> None:
        data = bundle(inside, index)
        assert is_bundle(data)
        assert split(data) == tuple(inside)
        assert data[1] == index

    @given(st.binary(max_size=240))
    def test_of_anything_there_is_one_spelling_or_a_reason(self, data: bytes) -> None:
        try:
            inside = split(data)
        except BadFrame:
            return
        assert inside == (data,) or bundle(inside, data[1]) == data

    def test_a_packet_of_one_frame_is_that_frame(self) -> None:
        assert split(ONE) == (ONE,)
        assert split(b"") == (b"",)

    @pytest.mark.parametrize(
        "inside", [(ONE,), (ONE,) * 9, (bytes(120), bytes(120)), (ONE, bundle((ONE, TWO), 1))]
    )
    def test_what_cannot_be_packed(self, inside: tuple[bytes, ...]) -> None:
        with pytest.raises(CannotPack):
            bundle(inside, 1)

    @pytest.mark.parametrize(
        ("data", "why"),
        [
            (b"\x60", Reason.TRUNCATED),
            (b"\x60\x01", Reason.MALFORMED),
            (b"\x61\x01" + bytes([5]) + ONE, Reason.UNKNOWN_SUITE),
            (b"\x60\x01" + bytes([5]) + ONE, Reason.MALFORMED),
            (b"\x60\x01" + (bytes([5]) + ONE) * 9, Reason.MALFORMED),
            (b"\x60\x01" + (bytes([5]) + ONE) * 2 + b"\x00", Reason.MALFORMED),
            (b"\x60\x01" + bytes([5]) + ONE + bytes([6]) + TWO, Reason.MALFORMED),
            (
                b"\x60\x01" + bytes([5]) + ONE + bytes([200]) + bytes(200) + bytes([40]) + bytes(40),
                Reason.TOO_LONG,
            ),
            (b"\x60\x01" + bytes([5]) + ONE + bytes([5]) + b"\x60\x01abc", Reason.MALFORMED),
        ],
    )
    def test_what_is_none(self, data: bytes, why: Reason) -> None:
        assert refusal(data) is why


class TestInTheEngine:
    def test_a_payment_takes_the_summary_along(self) -> None:
        river = Hub(RIVER)
        river.write(Kind.SENT, HILL)
        packet = river.engine.transmit(NOW)
        assert packet is not None
        assert packet.sending is Sending.DATA
        assert [why for why, _ in packet.parts] == [Sending.DATA, Sending.SUMMARY]
        river.engine.sent(NOW + 1, len(packet.data))
        counts = river.engine.status(NOW + 1).counts
        assert (counts["sent_data"], counts["sent_summary"] >= 1) == (1, True)
        seconds = river.engine.status(NOW + 1).seconds
        assert seconds["sent_data"] < airtime(len(packet.data))

    def test_each_frame_is_judged_alone(self) -> None:
        """A frame of a stranger spoils nothing that stands beside it, and gains nothing by it."""
        river, hill = Hub(RIVER), Hub(HILL, seed=2)
        hill.write()
        (data,) = hill.send_all()
        forged = data[:-1] + bytes([data[-1] ^ 1])
        events = river.hear(bundle((forged, hill.summary(1), data), 2))
        assert [type(event) for event in events] == [Ignored, HeardHub, HeardHub, Arrived]
        assert events[0] == Ignored("unsigned")
        assert river.shelf.held[HILL] == 1

    def test_one_that_is_none_is_counted_and_ignored(self) -> None:
        river, hill = Hub(RIVER), Hub(HILL, seed=2)
        hill.write()
        (data,) = hill.send_all()
        broken = bundle((data, hill.summary(1)), 2)[:-1]
        assert river.hear(broken) == [Ignored("malformed")]
        assert river.shelf.held[HILL] == 0

    def test_a_bundle_is_no_frame(self) -> None:
        hill = Hub(HILL)
        with pytest.raises(BadFrame):
            read(bundle((hill.summary(1), hill.summary(2)), 2), hill.shelf.directory)
