"""A large file for the eyes of one X25519 key, written and read piece by piece.

Layout, the same for every version to come::

    magic 9 | version 2 | length 4 | header (canonical CBOR map) | check 8 | stream header 24 | pieces

Numbers are big-endian. ``check`` is the head of a digest over all that stands before it, so that a
damaged header is told from a newer one. Anybody can read the header: it says whose file this is. A
random file key, sealed for ``reader`` (libsodium's sealed box), stands in it. The pieces are
libsodium's *secretstream* (XChaCha20-Poly1305;
https://doc.libsodium.org/secret-key_cryptography/secretstream) under the file key: 64 KiB each and 17
bytes more, the last one shorter and marked as the last; the first is bound to everything before the
stream. Any changed, missing, doubled, moved or added byte is found. Memory: a few pieces, whatever
the file's length.
"""

import secrets
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

from nacl import bindings
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from appliance.ledger import codec
from appliance.ledger.errors import (
    BackupCutOff,
    BackupDamaged,
    BackupNewer,
    BadEncoding,
    NotABackup,
    PaperDoesNotFit,
)

MAGIC: Final = b"\x89TCHB\r\n\x1a\n"
"""As PNG's: the first byte is no text, and a copy that converts line ends destroys it visibly."""

VERSION: Final = 1
PIECE: Final = 64 * 1024

_MOST_HEADER: Final = 64 * 1024
_CHECK: Final = 8
_MORE: Final = bindings.crypto_secretstream_xchacha20poly1305_ABYTES
_STREAM_HEADER: Final = bindings.crypto_secretstream_xchacha20poly1305_HEADERBYTES
_KEY: Final = bindings.crypto_secretstream_xchacha20poly1305_KEYBYTES
_PLAIN: Final = bindings.crypto_secretstream_xchacha20poly1305_TAG_MESSAGE
_LAST: Final = bindings.crypto_secretstream_xchacha20poly1305_TAG_FINAL


@dataclass(frozen=True, slots=True)
class FileKey:
    """The key of one file; only in memory. Its ``repr`` does not tell it."""

    secret: bytes = field(repr=False)

    @classmethod
    def fresh(cls) -> "FileKey":
        return cls(secrets.token_bytes(_KEY))


def open_key(header: codec.Body, reader: bytes) -> FileKey:
    """The file key in ``header``, by the secret half of the reader's key.

    Raises:
        PaperDoesNotFit: the file was sealed for another key.
        BackupDamaged: it was sealed for this one, and does not open.
    """
    private = PrivateKey(reader)
    if bytes(private.public_key) != header.get("reader"):
        raise PaperDoesNotFit("the file was sealed for another root paper")
    sealed = header.get("key")
    try:
        key = SealedBox(private).decrypt(sealed if isinstance(sealed, bytes) else b"")
    except (CryptoError, ValueError, TypeError) as error:
        raise BackupDamaged("its key does not open") from error
    if len(key) != _KEY:
        raise BackupDamaged("its key is of the wrong length")
    return FileKey(key)


class SealedWriter:
    """Writes one sealed file: ``write`` what is to be sealed, then ``finish``.

    Raises what the file beneath raises (no room, a stick that was pulled).
    """

    def __init__(self, out: BinaryIO, header: codec.Body, reader: bytes, key: FileKey) -> None:
        """Begin a file on ``out`` for the public key ``reader``; ``header`` is readable by anybody."""
        sealed = SealedBox(PublicKey(reader)).encrypt(key.secret)
        before = _preamble(dict(header) | {"reader": reader, "key": sealed})
        self._out = out
        self._state = bindings.crypto_secretstream_xchacha20poly1305_state()
        begun = bindings.crypto_secretstream_xchacha20poly1305_init_push(self._state, key.secret)
        self._bound: bytes | None = codec.digest("tch.sealed.head", before)
        self._held = bytearray()
        out.write(before + begun)

    def write(self, data: bytes) -> int:
        """Seal ``data`` after what was written before."""
        self._held += data
        # One byte more than a piece must be there: the last piece is sealed by ``finish`` alone.
        while len(self._held) > PIECE:
            piece = bytes(self._held[:PIECE])
            del self._held[:PIECE]
            self._push(piece, _PLAIN)
        return len(data)

    def finish(self) -> None:
        """Seal the rest and mark the end."""
        self._push(bytes(self._held), _LAST)
        self._held.clear()

    def _push(self, piece: bytes, tag: int) -> None:
        self._out.write(
            bindings.crypto_secretstream_xchacha20poly1305_push(self._state, piece, self._bound, tag)
        )
        self._bound = None


def _preamble(header: codec.Body) -> bytes:
    body = codec.encode(header)
    before = MAGIC + VERSION.to_bytes(2, "big") + len(body).to_bytes(4, "big") + body
    return before + codec.digest("tch.sealed.check", before)[:_CHECK]


class SealedReader:
    """Reads one sealed file: ``header`` for anybody, ``read`` once it has been given the key.

    What ``read`` returns is whole and unchanged as far as it goes; that nothing is missing is known
    when it has returned ``b""``.
    """

    def __init__(self, source: BinaryIO) -> None:
        """Read the header from ``source``.

        Raises:
            NotABackup, BackupCutOff, BackupDamaged, BackupNewer: what is wrong with it.
        """
        self._source = source
        self._before = b""
        self.header = self._read_header()
        self._state: Any = None
        self._bound: bytes | None = None
        self._held = b""
        self._ended = False

    def _read_header(self) -> codec.Body:
        if self._take(len(MAGIC)) != MAGIC:
            raise NotABackup("not a hub's backup")
        version = int.from_bytes(self._take(2), "big")
        length = int.from_bytes(self._take(4), "big")
        if length > _MOST_HEADER:
            raise BackupDamaged("its header is damaged")
        body = self._take(length)
        check = codec.digest("tch.sealed.check", self._before)[:_CHECK]
        if self._take(_CHECK) != check:
            raise BackupDamaged("its header is damaged")
        if version != VERSION:
            raise BackupNewer(f"written in form {version} by a newer release: this one reads form {VERSION}")
        try:
            return codec.decode_map(body)
        except BadEncoding as error:
            raise BackupDamaged("its header is damaged") from error

    def _take(self, length: int) -> bytes:
        data = self._source.read(length)
        if len(data) < length:
            if not MAGIC.startswith((self._before + data)[: len(MAGIC)]) or not self._before + data:
                raise NotABackup("not a hub's backup")
            raise BackupCutOff("cut off in its header")
        self._before += data
        return data

    def use(self, key: FileKey) -> None:
        """Begin to read the content with ``key``.

        Raises:
            BackupCutOff: there is none.
        """
        bound = codec.digest("tch.sealed.head", self._before)
        begun = self._source.read(_STREAM_HEADER)
        if len(begun) < _STREAM_HEADER:
            raise BackupCutOff("cut off after its header")
        self._state = bindings.crypto_secretstream_xchacha20poly1305_state()
        bindings.crypto_secretstream_xchacha20poly1305_init_pull(self._state, begun, key.secret)
        self._bound = bound

    def read(self, most: int) -> bytes:
        """The next bytes, at most ``most``; empty at the end, which has then been checked.

        Raises:
            BackupDamaged: a byte is not what was written.
            BackupCutOff: the end is missing.
        """
        while len(self._held) < most and not self._ended:
            self._held += self._pull()
        piece, self._held = self._held[:most], self._held[most:]
        return piece

    def _pull(self) -> bytes:
        sealed = self._source.read(PIECE + _MORE)
        whole = len(sealed) == PIECE + _MORE
        if len(sealed) < _MORE:
            raise BackupCutOff("cut off: its end is missing")
        try:
            piece, tag = bindings.crypto_secretstream_xchacha20poly1305_pull(self._state, sealed, self._bound)
        except (CryptoError, RuntimeError, ValueError) as error:
            if whole:
                raise BackupDamaged("damaged: its bytes are not those that were written") from error
            raise BackupCutOff("cut off, or damaged at its end") from error
        self._bound = None
        if tag == _LAST:
            if self._source.read(1):
                raise BackupDamaged("damaged: something stands after its end")
            self._ended = True
        elif not whole:
            raise BackupCutOff("cut off: its end is missing")
        return bytes(piece)
