"""What strangers, broken radios and hubs gone mad put on the air: refused with a reason, or exactly what was sent.

Nothing but ``BadFrame`` ever comes out, whatever comes in. That no state changes is shown where there is state, in
the ledger's own stories.
"""

import json
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.radio import control, frames
from appliance.radio.certificates import CertificateFrame
from appliance.radio.coding import Coded
from appliance.radio.control import Ask, Mark, Summary, read
from appliance.radio.errors import BadFrame, Reason
from appliance.radio.frames import DataFrame
from appliance.radio.ports import Span
from appliance.radio.proofframes import ProofFrame, open_body
from appliance.radio.show import describe
from tests.radio.community import COMMUNITY, ROSTER, Villages, a_directory, pack, pair_key, signer_of
from tests.support.mutations import mutated

DIRECTORY = a_directory(hubs=Villages.hubs)
LARGER = a_directory(hubs=255)
FOREIGN = a_directory(hubs=Villages.hubs, community=bytes(reversed(COMMUNITY)))

MUTATED = {"data": 40_000, "summary": 30_000, "ask": 30_000}
ENDORSED = {"data": 6_000, "summary": 6_000, "ask": 6_000}
"""Mutated under a good signature or MAC: what a hub of the community could do."""


def a_data_frame(rng: random.Random) -> bytes:
    villages = Villages(rng.randrange(1 << 30))
    records, _ = villages.records(rng.randint(1, 8), mixed=rng.random() < 0.5)
    return pack(records, DIRECTORY)


def a_summary(rng: random.Random) -> bytes:
    start = rng.randint(101, 120)
    marks = {
        hub: Mark(rng.choice([1, 1, 1, 2, 300]), rng.randint(0, 3000))
        for hub in range(start, start + rng.randint(1, 40))
    }
    summary = Summary(start, rng.randint(1, 1 << 20), ROSTER, marks, rng.randbytes(8))
    return control.pack_summary(summary, DIRECTORY)


def an_ask(rng: random.Random) -> bytes:
    wanted = [
        Span(rng.randint(101, 164), rng.choice([1, 1, 2]), first, first + rng.randint(0, 9))
        for first in rng.sample(range(1, 5000), rng.randint(1, 12))
    ]
    return control.pack_ask(control.ask_for(rng.randint(1, 1 << 20), wanted, DIRECTORY), DIRECTORY)


MAKERS = {"data": a_data_frame, "summary": a_summary, "ask": an_ask}


def originals(kind: str, count: int = 60) -> list[bytes]:
    rng = random.Random(f"originals of {kind}")
    return [MAKERS[kind](rng) for _ in range(count)]


def opened(data: bytes) -> DataFrame | Summary | Ask | CertificateFrame | Coded:
    """What was read of it. A frame about a proof, which the hub that it is to opens, is nobody's here."""
    heard = read(data, DIRECTORY)
    if isinstance(heard, ProofFrame):
        open_body(heard, pair_key(heard.hub, heard.to or 101), DIRECTORY)
        pytest.fail("opened")
    return heard


@pytest.mark.parametrize("kind", MUTATED)
def test_mutated_frames_are_refused_or_were_never_changed(kind: str) -> None:
    rng = random.Random(f"mutated {kind}")
    good = originals(kind)
    genuine = set(good)
    counted: Counter[str] = Counter()
    for _ in range(MUTATED[kind]):
        data = mutated(rng, good)
        try:
            opened(data)
        except BadFrame as error:
            counted[error.reason.value] += 1
        else:
            assert data in genuine
            counted["as it was"] += 1
    print(f"\n{MUTATED[kind]} mutated {kind} frames: {dict(counted.most_common())}")
    assert sum(counted.values()) == MUTATED[kind]
    assert counted[Reason.UNSIGNED] > MUTATED[kind] // 2
    # Whatever nobody vouches for has not been parsed.
    assert not counted.keys() & {Reason.UNKNOWN_HUB}


def endorse(kind: str, content: bytes) -> bytes:
    """``content`` with what a hub of the community can put under it."""
    if kind == "data":
        hub = DIRECTORY.hub_at(content[1]) or 101
        return content + signer_of(hub)(frames.PURPOSE + COMMUNITY + content)
    return content + DIRECTORY.mac(content)


def packed_again(heard: DataFrame | Summary | Ask | Coded) -> bytes:
    match heard:
        case DataFrame():
            before = heard.cut + bytes(24) if heard.first > 1 else bytes(32)
            return pack(heard.records, DIRECTORY, before)
        case Summary():
            return control.pack_summary(heard, DIRECTORY)
        case Ask():
            return control.pack_ask(heard, DIRECTORY)
        case Coded():
            pytest.fail("no summary and no ask is one")


@pytest.mark.parametrize("kind", ENDORSED)
def test_mutated_under_a_good_signature_there_is_still_one_spelling(kind: str) -> None:
    rng = random.Random(f"endorsed {kind}")
    end = frames.SIGNATURE_BYTES if kind == "data" else frames.MAC_BYTES
    good = [data[:-end] for data in originals(kind)]
    counted: Counter[str] = Counter()
    for _ in range(ENDORSED[kind]):
        content = mutated(rng, good)
        if len(content) < 3:
            continue
        data = endorse(kind, content)
        try:
            heard = opened(data)
        except BadFrame as error:
            counted[error.reason.value] += 1
        else:
            unknown = isinstance(heard, Summary | Ask) and _passes_over(heard, data)
            assert not isinstance(heard, CertificateFrame), "of which test_certificates.py tells"
            assert unknown or packed_again(heard) == data
            counted["another frame"] += 1
    print(f"\n{ENDORSED[kind]} endorsed {kind} frames: {dict(counted.most_common())}")
    assert counted[Reason.MALFORMED]
    assert counted[Reason.NOT_CANONICAL]


def _passes_over(heard: Summary | Ask, data: bytes) -> bool:
    """Whether the frame speaks of hubs that are not in the roster, which the value then leaves out."""
    return read(data, LARGER) != heard


@pytest.mark.parametrize("kind", MAKERS)
def test_cut_off_at_each_byte(kind: str) -> None:
    for data in originals(kind, 3):
        for length in range(len(data)):
            with pytest.raises(BadFrame):
                read(data[:length], DIRECTORY)


@pytest.mark.parametrize("kind", MAKERS)
def test_each_bit_counts(kind: str) -> None:
    data = originals(kind, 1)[0]
    for bit in range(8 * len(data)):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(BadFrame):
            read(bytes(changed), DIRECTORY)


@pytest.mark.parametrize("kind", MAKERS)
def test_of_another_community(kind: str) -> None:
    for data in originals(kind, 5):
        with pytest.raises(BadFrame) as caught:
            read(data, FOREIGN)
        assert caught.value.reason is Reason.UNSIGNED


@pytest.mark.parametrize("kind", MAKERS)
def test_in_the_name_of_another_hub(kind: str) -> None:
    """A data frame has one author. A control frame any hub can write, so only strangers are kept out."""
    for data in originals(kind, 5):
        other = bytes([data[0], data[1] % 64 + 1]) + data[2:]
        with pytest.raises(BadFrame) as caught:
            read(other, DIRECTORY)
        assert caught.value.reason is Reason.UNSIGNED


@pytest.mark.parametrize("kind", MAKERS)
def test_heard_again_it_is_the_same(kind: str) -> None:
    """A replay is no forgery: it says what it said, and whoever keeps count sees the number or beat again."""
    for data in originals(kind, 5):
        assert read(data, DIRECTORY) == read(data, DIRECTORY)


@given(st.binary(max_size=260), st.sampled_from([b"", b"\x41\x01", b"\x4a\x02", b"\x52\x03"]))
def test_any_bytes(data: bytes, head: bytes) -> None:
    with pytest.raises(BadFrame):
        read(head + data, DIRECTORY)


class TestDescribe:
    """A trace shows whatever comes, and never stumbles over it."""

    @given(st.binary(max_size=260), st.sampled_from([b"", b"\x41\x01", b"\x4a\x02", b"\x52\x03"]))
    def test_any_bytes_are_shown_with_the_reason(self, data: bytes, head: bytes) -> None:
        shown = describe(head + data, DIRECTORY)
        assert shown["refused"] in set(Reason)
        assert shown["hex"] == (head + data).hex()
        assert shown["bytes"] == len(head + data)

    @pytest.mark.parametrize("kind", MAKERS)
    def test_a_frame_is_shown_as_plain_values(self, kind: str) -> None:
        for data in originals(kind, 5):
            shown = describe(data, DIRECTORY)
            assert json.loads(json.dumps(shown)) == shown
            assert (shown["type"], shown["bytes"]) == (kind, len(data))
            assert shown["from"] == 100 + data[1]
            assert "refused" not in shown
