"""The canonical form: one sequence of bytes for one meaning.

RFC 8949 section 4.2 (core deterministic encoding) over few types: integers of 64 bits,
text, bytes, booleans, null, arrays, and maps whose keys are text. No floats, no tags, no
indefinite lengths. Decoding encodes again and compares, so a second spelling of the same
value is refused. With text keys alone, cbor2's canonical order (shorter first, then
bytewise) is RFC 8949's order: the head byte of a text string grows with its length.

Digests are BLAKE2b (RFC 7693) with a *personalisation* per purpose, so that bytes made for
one purpose never pass for another; signed bytes begin with their purpose for the same reason.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import cbor2

from appliance.ledger.errors import BadEncoding

MAX_DEPTH: Final = 16

Value = int | str | bytes | bool | None | Sequence["Value"] | Mapping[str, "Value"]
"""What can stand in an entry or a record."""

Body = dict[str, Any]
"""A map of an entry: what was asked (payload), or what the hub decided (outcome). Its values
are ``Value``s; a fold takes out what its kind has, and what is missing or of another type
makes the book damaged (``book.fold``)."""

DIGEST_BYTES: Final = 32
_INT_LOW, _INT_HIGH = -(2**63), 2**63 - 1
_PLAIN: Final = frozenset({str, bytes, bool, type(None)})
"""What is right whatever it says."""


def _check(value: object, depth: int = 0) -> None:
    if depth > MAX_DEPTH:
        raise BadEncoding("nested too deep")
    if value is None or isinstance(value, (bool, str, bytes)):
        return
    if isinstance(value, int):
        if not _INT_LOW <= value <= _INT_HIGH:
            raise BadEncoding("integer beyond 64 bits")
        return
    items: Iterable[object]
    if isinstance(value, (dict, Mapping)):
        for key in value:
            if not isinstance(key, str):
                raise BadEncoding("map key that is not text")
        items = value.values()
    # Not any sequence: bytes that can change, or a view of them, would pass for a list of numbers.
    elif isinstance(value, (list, tuple)):
        items = value
    else:
        raise BadEncoding(f"type {type(value).__name__}")
    for item in items:
        # By exact type, and here: nearly everything is one of these, and a call for each costs more than the look.
        kind = type(item)
        if depth < MAX_DEPTH and (kind in _PLAIN or (kind is int and _INT_LOW <= item <= _INT_HIGH)):
            continue
        _check(item, depth + 1)


def encode(value: Value) -> bytes:
    """The canonical bytes of ``value``.

    Raises:
        BadEncoding: a type outside ``Value``, an integer beyond 64 bits, or text that has no UTF-8.
    """
    _check(value)
    try:
        return cbor2.dumps(value, canonical=True)
    except UnicodeEncodeError as error:
        raise BadEncoding(str(error)) from error


def decode(data: bytes) -> Value:
    """The value whose canonical bytes are exactly ``data``.

    Raises:
        BadEncoding: not CBOR, not canonical, trailing bytes, or a type outside ``Value``.
    """
    try:
        value: Value = cbor2.loads(data)
        if encode(value) != data:
            raise BadEncoding("not in canonical form")
    except BadEncoding:
        raise
    except (cbor2.CBORDecodeError, ValueError, TypeError, RecursionError, OverflowError) as error:
        raise BadEncoding(str(error)) from error
    return value


def decode_map(data: bytes) -> Body:
    """As ``decode``, for bytes that must be a map.

    Raises:
        BadEncoding: as ``decode``, or not a map.
    """
    value = decode(data)
    if not isinstance(value, dict):
        raise BadEncoding("not a map")
    return value


def digest(purpose: str, data: bytes, key: bytes = b"") -> bytes:
    """32 bytes of BLAKE2b over ``data``; ``purpose`` has at most 16 ASCII characters."""
    return hashlib.blake2b(data, digest_size=DIGEST_BYTES, key=key, person=purpose.encode("ascii")).digest()


def signed_form(purpose: str, value: Value) -> bytes:
    """The bytes that a signature covers: the purpose, a zero byte, the canonical value."""
    return purpose.encode("ascii") + b"\x00" + encode(value)
