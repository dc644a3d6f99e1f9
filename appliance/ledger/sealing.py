"""What hubs seal for each other, without a byte of overhead.

A record's sealed part travels in a frame that its origin signed, so it needs no tag of its
own: it is the plain text under the ChaCha20 stream (RFC 8439; libsodium) of a key and a nonce
that is never used twice: hub, incarnation and number of the record name it.

* For a neighbour: a key of the pair and direction, from the X25519 keys (RFC 7748) that both
  derive from their root papers. Who holds the root paper of the destination can read what was
  meant for it, whatever became of the box; a third hub, or a phone that carries the post, can not.
* For everyone of the community: the group's key, which each hub is given when it is admitted.

The frame's own authenticator (``frames.py``) is what makes a changed bit show; never open a
sealed part whose frame has not been checked.
"""

from dataclasses import dataclass, field
from typing import Final

from nacl import bindings
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from appliance.ledger import codec
from appliance.ledger.errors import BadEncoding, BadSignature

_TAG_BYTES: Final = bindings.crypto_aead_chacha20poly1305_ietf_ABYTES

GROUP_KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class BoxKey:
    """A hub's X25519 key pair; derived from its root paper, kept on the box as well."""

    secret: bytes = field(repr=False)

    @property
    def public(self) -> bytes:
        return bytes(PrivateKey(self.secret).public_key)

    def pair_key(self, their_public: bytes, community: bytes, sending: bool) -> bytes:
        """The 32-byte key of one direction between this hub and another.

        Raises:
            BadSignature: the other's key is no key (another length, or a point of low order).
        """
        if len(their_public) != 32:
            # The binding hands over a bare pointer: fewer bytes, and it reads what lies behind them.
            raise BadSignature("not a key that anybody can seal for")
        try:
            shared = bindings.crypto_scalarmult(self.secret, their_public)
        except (CryptoError, RuntimeError, TypeError) as error:
            raise BadSignature("not a key that anybody can seal for") from error
        ends = (self.public, their_public) if sending else (their_public, self.public)
        return codec.digest("tch.pair", community + b"".join(ends), key=shared)

    def open_gift(self, sealed: bytes) -> bytes:
        """What was sealed with ``gift`` for this hub.

        Raises:
            BadEncoding: it was sealed for another hub, or changed.
        """
        try:
            return SealedBox(PrivateKey(self.secret)).decrypt(sealed)
        except (CryptoError, ValueError, TypeError) as error:
            raise BadEncoding("not sealed for this hub") from error


def check_public(their_public: bytes) -> None:
    """Return when ``their_public`` is a key that things can be sealed for.

    Raises:
        BadSignature: not 32 bytes, or a point of low order. One such key in the roster, and
            neither the group's key nor a payment could be sealed for its hub.
    """
    BoxKey(bytes(range(32))).pair_key(their_public, b"", sending=True)


def gift(secret: bytes, box_public: bytes) -> bytes:
    """``secret`` for the eyes of one hub (an anonymous sealed box of libsodium)."""
    return SealedBox(PublicKey(box_public)).encrypt(secret)


def group_seal_key(group_key: bytes) -> bytes:
    """The key for what everyone of the community may read; not the one that MACs use."""
    return codec.digest("tch.group.seal", b"", key=group_key)


def stream(key: bytes, hub: int, incarnation: int, number: int, text: bytes) -> bytes:
    """Seal ``text``, or open it: the same step both ways, and the same length."""
    nonce = hub.to_bytes(2, "big") + incarnation.to_bytes(4, "big") + number.to_bytes(6, "big")
    sealed = bindings.crypto_aead_chacha20poly1305_ietf_encrypt(text, None, nonce, key)
    return sealed[:-_TAG_BYTES]
