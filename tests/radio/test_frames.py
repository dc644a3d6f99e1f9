"""Data frames: what River signs is what Hill reads, in one spelling, and nothing else is read at all."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.ledger.book.letters import LONGEST_MEMO
from appliance.ledger.book.records import EVERYONE, FEED_BEGIN, LONGEST_SEALED, Kind, Record
from appliance.ledger.keys import KeySigner
from appliance.ledger.values import MAX_AMOUNT
from appliance.radio import frames
from appliance.radio.control import Ask, Summary, read
from appliance.radio.directory import Directory, Member
from appliance.radio.errors import BadFrame, CannotPack, Reason
from appliance.radio.frames import DataFrame
from appliance.radio.varint import varint
from tests.radio.community import (
    COMMUNITY,
    HILL,
    LAKE,
    RIVER,
    a_directory,
    a_record,
    link_before,
    pack,
    signer_of,
)

DIRECTORY = a_directory()


def refusal(data: bytes, directory: Directory = DIRECTORY) -> Reason:
    """Why ``data`` is refused."""
    with pytest.raises(BadFrame) as caught:
        read(data, directory)
    return caught.value.reason


def signed(content: bytes, hub: int = RIVER, community: bytes = COMMUNITY) -> bytes:
    """``content`` with the hub's good signature, whatever it says."""
    return content + signer_of(hub)(frames.PURPOSE + community + content)


def frame_of(body: str, first: int = 1) -> bytes:
    """A frame of River with any body, given in hex, and a good signature."""
    head = bytes([0x41, 1]) + varint(1) + varint(first) + link_before(first)[:8]
    return signed(head + bytes.fromhex(body))


RECORD = st.builds(
    lambda kind, to, amount, sealed: (kind, to, amount, sealed),
    st.sampled_from([*Kind, 8, 23, 24, 300, 65535]),
    st.sampled_from([EVERYONE, HILL, LAKE]),
    st.one_of(st.integers(0, 30), st.integers(0, 70_000), st.just(int(MAX_AMOUNT))),
    st.binary(max_size=20),
)


@st.composite
def feeds(draw: st.DrawFn) -> list[Record]:
    """Records in a row of one feed; kinds of a later release among them."""
    first = draw(st.one_of(st.integers(1, 300), st.integers(1, (1 << 40) - 100)))
    incarnation = draw(st.sampled_from([1, 2, 127, 128, 65535]))
    drawn = draw(st.lists(RECORD, min_size=1, max_size=70))
    return [Record(RIVER, incarnation, first + at, *fields) for at, fields in enumerate(drawn)]


def directory_of(incarnation: int) -> Directory:
    """The community, with River in that incarnation and Hill in another than before."""
    river = Member(RIVER, incarnation, DIRECTORY.members[1].public)
    return replace(DIRECTORY, members={**DIRECTORY.members, 1: river})


class TestWhatIsPackedIsRead:
    def test_hill_reads_what_river_signed(self) -> None:
        records = [a_record(n, to=HILL if n < 5 else LAKE) for n in range(3, 7)]
        data = pack(records, DIRECTORY)
        frame = frames.open_data(data, a_directory(me=HILL))
        assert frame == DataFrame(RIVER, 1, 3, link_before(3)[:8], tuple(records), data)
        assert frame.last == 6
        assert not isinstance(read(data, DIRECTORY), Summary | Ask)

    @given(feeds(), st.integers(60, 240))
    def test_any_records_that_fit_come_back(self, records: list[Record], room: int) -> None:
        directory = directory_of(records[0].incarnation)
        count = frames.fit(records, directory, room)
        if not count:
            return
        data = pack(records[:count], directory)
        assert len(data) <= min(room, frames.LONGEST_DATA)
        assert frames.open_data(data, directory).records == tuple(records[:count])

    @given(feeds())
    def test_what_fits_is_exactly_what_can_be_packed(self, records: list[Record]) -> None:
        directory = directory_of(records[0].incarnation)
        count = frames.fit(records, directory)
        assert count <= frames.MOST_RECORDS
        if 0 < count < len(records):
            with pytest.raises(CannotPack):
                pack(records[: count + 1], directory)

    @pytest.mark.parametrize(
        ("kind", "amount", "sealed"),
        [(Kind.CHECKPOINT, 0, LONGEST_SEALED), (Kind.SENT, int(MAX_AMOUNT), 5 + 5 + 1 + 2 + LONGEST_MEMO)],
    )
    def test_the_longest_record_of_a_hub_fits_a_frame(self, kind: int, amount: int, sealed: int) -> None:
        # After 268 million records in the 65535th life, toward the 255th hub.
        record = Record(RIVER, 65535, (1 << 28) - 1, kind, HILL, amount, bytes(sealed))
        river = Member(RIVER, 65535, KeySigner("", bytes(32)).public)
        directory = replace(DIRECTORY, members={200: river, 255: Member(HILL, 1, bytes(32))})
        assert frames.fit([record], directory) == 1
        data = frames.pack([record], link_before(2), directory, KeySigner("", bytes(32)).sign)
        assert frames.open_data(data, directory).records == (record,)

    def test_a_record_that_rides_again_is_the_same_record(self) -> None:
        records = [a_record(n) for n in range(5, 10)]
        earlier = frames.open_data(pack(records[:3], DIRECTORY), DIRECTORY)
        later = frames.open_data(pack(records[1:], DIRECTORY), DIRECTORY)
        assert earlier.records[1:] == later.records[:2]
        ids = [record.digest(COMMUNITY) for record in later.records]
        assert [record.digest(COMMUNITY) for record in earlier.records[1:]] == ids[:2]

    def test_a_kind_that_a_later_release_knows_is_kept(self) -> None:
        record = Record(RIVER, 1, 1, 40, EVERYONE, 0, b"what it says")
        assert frames.open_data(pack([record], DIRECTORY), DIRECTORY).records == (record,)

    def test_frames_of_a_life_before_are_still_read(self) -> None:
        old = pack([a_record(7)], DIRECTORY)
        again = Member(RIVER, 2, bytes(32), earlier=((1, DIRECTORY.members[1].public),))
        directory = replace(DIRECTORY, members={**DIRECTORY.members, 1: again})
        assert frames.open_data(old, directory).incarnation == 1


class TestWhatCannotBePacked:
    @pytest.mark.parametrize(
        "records",
        [
            [],
            [a_record(1), a_record(3)],
            [a_record(2), a_record(1)],
            [a_record(1), a_record(2, hub=HILL, to=RIVER)],
            [a_record(1), replace(a_record(2), incarnation=2)],
            [a_record(1, to=999)],
            [a_record(1, hub=998)],
            [a_record(n) for n in range(1, 20)],
        ],
        ids=["none", "gap", "order", "two hubs", "two lives", "unknown hub", "unknown sender", "too much"],
    )
    def test_it_is_our_mistake(self, records: list[Record]) -> None:
        with pytest.raises(CannotPack):
            frames.pack(records, FEED_BEGIN, DIRECTORY, signer_of(RIVER))

    @pytest.mark.parametrize(("number", "before"), [(1, b"x" * 32), (2, FEED_BEGIN), (2, b"x" * 8)])
    def test_the_link_before_fits_the_first_number(self, number: int, before: bytes) -> None:
        with pytest.raises(CannotPack):
            pack([a_record(number)], DIRECTORY, before)

    def test_nothing_fits_no_room(self) -> None:
        assert frames.fit([], DIRECTORY) == 0
        assert frames.fit([a_record()], DIRECTORY, 80) == 0


class TestOneSpelling:
    """Each of these is well signed by River, so only the spelling can be at fault."""

    GOOD = "8400021901f4420102"

    def test_the_good_one_is_read(self) -> None:
        frame = frames.open_data(frame_of(self.GOOD), DIRECTORY)
        assert frame.records == (Record(RIVER, 1, 1, Kind.SENT, HILL, 500, b"\x01\x02"),)

    BODIES = {
        "a length with a needless byte": ("980400021901f4420102", Reason.NOT_CANONICAL),
        "a kind with a needless byte": ("841800021901f4420102", Reason.NOT_CANONICAL),
        "an amount with needless bytes": ("8400021a000001f4420102", Reason.NOT_CANONICAL),
        "an amount with more needless bytes": ("8400021b00000000000001f4420102", Reason.NOT_CANONICAL),
        "a length of bytes with a needless byte": ("8400021901f458020102", Reason.NOT_CANONICAL),
        "an array of no known length": ("9f00021901f4420102ff", Reason.NOT_CANONICAL),
        "bytes in pieces": ("8400021901f45f41014102ff", Reason.NOT_CANONICAL),
        "a reserved head": ("8400021c01f4420102", Reason.NOT_CANONICAL),
        "two runs that are one": ("84000205420102" + "84000206420102", Reason.NOT_CANONICAL),
        "a run of nothing": ("820002" + GOOD, Reason.MALFORMED),
        "an empty array": ("80" + GOOD, Reason.MALFORMED),
        "a run that ends halfway": ("8500021901f442010205", Reason.MALFORMED),
        "a byte too many": (GOOD + "00", Reason.MALFORMED),
        "an array too many": (GOOD + "80", Reason.MALFORMED),
        "a negative amount": ("84000220420102", Reason.MALFORMED),
        "an amount as a big number": ("840002c24201f4420102", Reason.MALFORMED),
        "an amount as a float": ("840002f95fd0420102", Reason.MALFORMED),
        "text for bytes": ("8400021901f4620102", Reason.MALFORMED),
        "a map for an array": ("a400021901f4420102", Reason.MALFORMED),
        "a tag before the run": ("c18400021901f4420102", Reason.MALFORMED),
        "null for the amount": ("840002f6420102", Reason.MALFORMED),
        "more bytes than there are": ("8400021901f4590fff0102", Reason.MALFORMED),
        "more items than there are": ("9b7fffffffffffffff00021901f4420102", Reason.MALFORMED),
        "an amount beyond any": ("8400021b000000e8d4a51001420102", Reason.MALFORMED),
        "a kind beyond any": ("841a00010000021901f4420102", Reason.MALFORMED),
        "a sealed part too long": ("8400021901f4" + "5871" + "00" * 113, Reason.MALFORMED),
        "a hub that is not in the roster": ("8400091901f4420102", Reason.UNKNOWN_HUB),
        "an index beyond any": ("84001901001901f4420102", Reason.UNKNOWN_HUB),
    }

    @pytest.mark.parametrize("name", BODIES)
    def test_every_other_one_is_refused(self, name: str) -> None:
        body, why = self.BODIES[name]
        assert refusal(frame_of(body)) is why

    def test_60_records_are_the_most_there_is_room_for(self) -> None:
        # The least a record takes is two bytes: an amount below 24 and nothing sealed.
        assert len(frames.open_data(frame_of("987a0002" + "0140" * 60), DIRECTORY).records) == 60
        assert refusal(frame_of("987c0002" + "0140" * 61)) is Reason.TOO_LONG

    HEADS = {
        "an incarnation with a needless byte": ("4101810001" + "00" * 8, Reason.NOT_CANONICAL),
        "a number with a needless byte": ("4101018100" + "00" * 8, Reason.NOT_CANONICAL),
        "number 0": ("41010100" + "00" * 8, Reason.MALFORMED),
        "a link before record 1": ("41010101" + "07" * 8, Reason.MALFORMED),
        "no link before record 2": ("41010102" + "00" * 8, Reason.MALFORMED),
        "a number beyond any": ("410101ffffffffff7f" + "07" * 8, Reason.MALFORMED),
        "a number that does not end": ("410101" + "ff" * 12, Reason.MALFORMED),
        "an incarnation that does not end": ("4101" + "ff" * 12, Reason.MALFORMED),
    }

    @pytest.mark.parametrize("name", HEADS)
    def test_a_header_has_one_spelling_too(self, name: str) -> None:
        head, why = self.HEADS[name]
        assert refusal(signed(bytes.fromhex(head + self.GOOD))) is why

    @given(st.binary(min_size=5, max_size=100), st.integers(1, 3))
    def test_any_signed_body_is_refused_or_has_one_spelling(self, body: bytes, first: int) -> None:
        data = frame_of(body.hex(), first)
        try:
            frame = frames.open_data(data, DIRECTORY)
        except BadFrame:
            return
        assert pack(frame.records, DIRECTORY) == data


class TestStrangers:
    """Nothing of what they say is looked at."""

    def test_a_frame_that_another_key_signed(self) -> None:
        data = pack([a_record()], DIRECTORY)
        content = data[: -frames.SIGNATURE_BYTES]
        assert refusal(signed(content, hub=HILL)) is Reason.UNSIGNED

    def test_a_frame_in_the_name_of_another_hub(self) -> None:
        data = bytearray(pack([a_record()], DIRECTORY))
        data[1] = 2
        assert refusal(bytes(data)) is Reason.UNSIGNED

    def test_a_frame_of_another_community_with_the_same_keys(self) -> None:
        other = a_directory(community=bytes(16))
        assert refusal(pack([a_record()], other)) is Reason.UNSIGNED

    def test_a_signature_of_another_purpose(self) -> None:
        content = pack([a_record()], DIRECTORY)[: -frames.SIGNATURE_BYTES]
        assert refusal(content + signer_of(RIVER)(COMMUNITY + content)) is Reason.UNSIGNED

    def test_a_hub_that_was_never_admitted(self) -> None:
        larger = a_directory(hubs=9)
        assert refusal(pack([a_record(hub=109)], larger)) is Reason.UNKNOWN_SENDER

    def test_a_life_that_the_roster_does_not_know(self) -> None:
        data = pack([replace(a_record(), incarnation=2)], directory_of(2))
        assert refusal(data) is Reason.UNKNOWN_SENDER

    def test_a_body_that_nobody_signed_is_not_parsed(self) -> None:
        forged = frame_of("ff" * 20)[:-1] + b"\x00"
        assert refusal(forged) is Reason.UNSIGNED

    @pytest.mark.parametrize(
        ("first", "why"),
        [
            (0x01, Reason.UNKNOWN_VERSION),
            (0x81, Reason.UNKNOWN_VERSION),
            (0xC1, Reason.UNKNOWN_VERSION),
            (0x79, Reason.UNKNOWN_SUITE),
            (0x40, Reason.UNKNOWN_SUITE),
            (0x42, Reason.UNKNOWN_SUITE),
            (0x47, Reason.UNKNOWN_SUITE),
            (0x49, Reason.UNKNOWN_SUITE),
            (0x51, Reason.UNKNOWN_SUITE),
            (0x69, Reason.UNKNOWN_SUITE),
            (0x71, Reason.UNKNOWN_SUITE),
        ],
    )
    def test_another_version_type_or_suite(self, first: int, why: Reason) -> None:
        content = bytes([first]) + pack([a_record()], DIRECTORY)[1 : -frames.SIGNATURE_BYTES]
        assert refusal(signed(content)) is why

    def test_a_frame_longer_than_any(self) -> None:
        assert refusal(frame_of("8400021901f4" + "00" * 200)) is Reason.TOO_LONG
        assert refusal(b"") is Reason.TRUNCATED

    def test_open_data_wants_data_and_read_takes_all(self) -> None:
        with pytest.raises(BadFrame, match="unknown_type"):
            frames.open_data(bytes.fromhex("4a01") + bytes(90), DIRECTORY)
