"""What hubs seal for each other: both ends make one key, each way another, and nobody else has it."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl import bindings

from appliance.ledger import sealing
from appliance.ledger.errors import BadEncoding, BadSignature
from appliance.ledger.sealing import BoxKey, check_public, gift, group_seal_key, stream

COMMUNITY = bytes(range(16))
RIVER, HILL, LAKE = (BoxKey(bytes([n]) * 32) for n in (1, 2, 3))
LOW_ORDER = [
    bytes(32),
    bytes([1]) + bytes(31),
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
]
"""Points with which every secret has the same outcome: zero (RFC 7748 section 6.1)."""


def key(sender: BoxKey, to: BoxKey) -> bytes:
    return sender.pair_key(to.public, COMMUNITY, sending=True)


def opening(to: BoxKey, sender: BoxKey) -> bytes:
    return to.pair_key(sender.public, COMMUNITY, sending=False)


def test_both_ends_make_the_same_key() -> None:
    assert key(RIVER, HILL) == opening(HILL, RIVER)


def test_each_way_each_pair_and_each_community_has_its_own() -> None:
    found = [key(a, b) for a in (RIVER, HILL, LAKE) for b in (RIVER, HILL, LAKE) if a is not b]
    found.append(RIVER.pair_key(HILL.public, bytes(16), sending=True))
    found.append(group_seal_key(COMMUNITY * 2))
    assert len(set(found)) == len(found)


def test_the_key_is_what_the_standards_say() -> None:
    """X25519 of RFC 7748 6.1 under a personal BLAKE2b: what another implementation would make."""
    shared = bindings.crypto_scalarmult(RIVER.secret, HILL.public)
    ends = COMMUNITY + RIVER.public + HILL.public
    assert (
        key(RIVER, HILL)
        == hashlib.blake2b(ends, digest_size=32, key=shared, person=b"tch.pair\0\0\0\0\0\0\0\0").digest()
    )


def test_the_stream_is_rfc_8439s() -> None:
    """Its own test vector (section 2.4.2): counter 1, the first block being the tag's key."""
    secret = bytes(range(32))
    plain = (
        b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future,"
        b" sunscreen would be it."
    )
    expected = bytes.fromhex("6e2e359a2568f98041ba0728dd0d6981e97e7aec1d4360c20a27afccfd9fae0b")
    nonce = bytes.fromhex("000000000000004a00000000")
    made = bindings.crypto_aead_chacha20poly1305_ietf_encrypt(plain, None, nonce, secret)
    assert made[:32] == expected
    # The nonce is hub, incarnation and number: 2, 4 and 6 bytes.
    assert stream(secret, 0, 0x4A, 0, plain) != made[:-16]
    assert (
        stream(secret, 0x0102, 0x03040506, 0x0708090A0B0C, plain)
        == (
            bindings.crypto_aead_chacha20poly1305_ietf_encrypt(
                plain, None, bytes.fromhex("0102030405060708090a0b0c"), secret
            )[:-16]
        )
    )


@given(st.binary(max_size=112), st.integers(101, 999), st.integers(1, 65535), st.integers(1, (1 << 40) - 1))
def test_what_was_sealed_opens_and_no_other_place_does(
    text: bytes, hub: int, incarnation: int, number: int
) -> None:
    secret = key(RIVER, HILL)
    sealed = stream(secret, hub, incarnation, number, text)
    assert len(sealed) == len(text)
    assert stream(secret, hub, incarnation, number, sealed) == text
    if len(text) > 8:
        assert stream(secret, hub, incarnation, number + 1, sealed) != text
        assert stream(secret, hub, incarnation + 1, number, sealed) != text
        assert stream(key(HILL, RIVER), hub, incarnation, number, sealed) != text


@pytest.mark.parametrize(
    "point", [*LOW_ORDER, b"", bytes(31), bytes(33)], ids=lambda p: p.hex()[:8] or "empty"
)
def test_a_key_that_seals_for_everybody_is_refused(point: bytes) -> None:
    with pytest.raises(BadSignature):
        RIVER.pair_key(point, COMMUNITY, sending=True)
    with pytest.raises(BadSignature):
        check_public(point)


def test_a_hubs_own_key_is_good() -> None:
    check_public(HILL.public)


def test_a_gift_opens_for_one_hub() -> None:
    sealed = gift(b"the group's key", HILL.public)
    assert HILL.open_gift(sealed) == b"the group's key"
    with pytest.raises(BadEncoding, match="not sealed for this hub"):
        LAKE.open_gift(sealed)


@given(st.binary(max_size=120))
def test_anything_else_is_no_gift(data: bytes) -> None:
    with pytest.raises(BadEncoding):
        HILL.open_gift(data)


def test_a_changed_gift_does_not_open() -> None:
    sealed = gift(bytes(32), HILL.public)
    for at in range(0, len(sealed), 7):
        changed = bytearray(sealed)
        changed[at] ^= 1
        with pytest.raises(BadEncoding):
            HILL.open_gift(bytes(changed))


def test_secrets_are_not_shown() -> None:
    assert "secret" not in repr(RIVER)
    assert RIVER.secret.hex() not in repr(RIVER)
    assert sealing.GROUP_KEY_BYTES == 32
