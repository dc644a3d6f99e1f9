"""Certificate frames: the word of a hub's root that the hub goes on in another life.

One packet of some 140 bytes, in the same bytes from whoever says it. The signature is the one that
stands in the hub's own book: the root's over the certificate's canonical form, which has the
community and the hub's number in it. ``docs/wire.md`` describes every bit.
"""

from dataclasses import dataclass
from typing import Final

from appliance.ledger import codec, keys
from appliance.ledger.errors import BadSignature
from appliance.ledger.keys import Certificate
from appliance.radio.directory import Directory
from appliance.radio.errors import BadFrame, CannotPack, Reason
from appliance.radio.frames import CERTIFICATE, SIGNATURE_BYTES, SUITE_ED25519, VERSION, Header, read_header
from appliance.radio.varint import read_varint, varint

_KEY_BYTES: Final = 32
_INCARNATION_BYTES: Final = 3
_NUMBER_BYTES: Final = 6
LONGEST: Final = 2 + _INCARNATION_BYTES + _NUMBER_BYTES + _KEY_BYTES + codec.DIGEST_BYTES + SIGNATURE_BYTES
"""Bytes of the longest certificate frame."""

_TAIL: Final = _KEY_BYTES + codec.DIGEST_BYTES + SIGNATURE_BYTES


@dataclass(frozen=True, slots=True)
class CertificateFrame:
    """A certificate whose signature is that of a hub root of the roster; ``data`` its bytes on the air."""

    certificate: Certificate
    signature: bytes
    data: bytes

    @property
    def hub(self) -> int:
        return self.certificate.hub


def pack_certificate(certificate: Certificate, signature: bytes, directory: Directory) -> bytes:
    """The frame of a certificate.

    Raises:
        CannotPack: a hub without an index, or a first life, which the roster certifies.
    """
    c, index = certificate, directory.index(certificate.hub)
    if index is None or c.incarnation < 2 or len(signature) != SIGNATURE_BYTES:
        raise CannotPack("not a certificate for the air")
    head = Header(VERSION, CERTIFICATE, SUITE_ED25519, index).encode()
    return head + varint(c.incarnation) + varint(c.closed_number) + c.signing_key + c.closed_head + signature


def open_certificate(data: bytes, directory: Directory) -> CertificateFrame:
    """The certificate in a frame, once it is the word of the root that the roster names.

    Raises:
        BadFrame: anything else. Nothing but this is ever raised for what came in.
    """
    header = read_header(data)
    if header.type != CERTIFICATE:
        raise BadFrame(Reason.UNKNOWN_TYPE, str(header.type))
    member = directory.members.get(header.index)
    if member is None:
        raise BadFrame(Reason.UNKNOWN_SENDER, f"index {header.index}")
    incarnation, at = read_varint(data, 2, _INCARNATION_BYTES)
    closed, at = read_varint(data, at, _NUMBER_BYTES)
    tail = data[at:]
    if len(tail) != _TAIL:
        raise BadFrame(Reason.TRUNCATED if len(tail) < _TAIL else Reason.TOO_LONG, str(len(data)))
    if not 2 <= incarnation < 1 << 16 or closed >= 1 << 40:
        raise BadFrame(Reason.MALFORMED, "life or number out of range")
    key, head, signature = tail[:_KEY_BYTES], tail[_KEY_BYTES:-SIGNATURE_BYTES], tail[-SIGNATURE_BYTES:]
    certificate = Certificate(directory.community, member.hub, incarnation, key, closed, head)
    try:
        keys.check(member.root, certificate.form(), signature)
    except BadSignature as error:
        raise BadFrame(Reason.UNSIGNED) from error
    return CertificateFrame(certificate, signature, data)
