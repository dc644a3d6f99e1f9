"""Looking for a PIN in what was heard on the air: in URLs, headers and bodies, as it is and in the usual spellings."""

import base64
import contextlib
import gzip
import hashlib
import html
import json
import urllib.parse
import zlib
from collections.abc import Iterable

from tests.support.listener import Heard


def spellings(pin: str) -> dict[str, bytes]:
    """``pin`` as it could stand on the air, by what that spelling is called. Hex and base 32 in capitals and small."""
    plain = pin.encode()
    found = {
        "plain": plain,
        "backwards": plain[::-1],
        "percent": "".join(f"%{byte:02X}" for byte in plain).encode(),
        "entities": "".join(f"&#{byte};" for byte in plain).encode(),
        "json": "".join(f"\\u{byte:04x}" for byte in plain).encode(),
        "utf-16": pin.encode("utf-16-le"),
        "utf-16 the other way": pin.encode("utf-16-be"),
        "hex of utf-16": pin.encode("utf-16-le").hex().encode(),
        "hex": plain.hex().encode(),
        "arabic digits": pin.translate(_ARABIC).encode(),
    }
    for shift in range(3):  # where in a longer text it stands decides which letters it gives
        found[f"base64 at {shift}"] = _middle(base64.b64encode(bytes(shift) + plain), shift, 4, 3)
    for shift in range(5):
        found[f"base32 at {shift}"] = _middle(base64.b32encode(bytes(shift) + plain), shift, 8, 5)
    for name in ("md5", "sha1", "sha256", "sha512"):
        digest = hashlib.new(name, plain).digest()
        found |= {name: digest.hex().encode(), f"{name} in base64": base64.b64encode(digest).rstrip(b"=")}
    return found


_ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


def _middle(text: bytes, shift: int, letters: int, of_bytes: int) -> bytes:
    """The letters that no byte before or after the PIN has a part in."""
    first = -(-shift * letters // of_bytes)
    last = (shift + 8) * letters // of_bytes
    return text[first:last]


def readings(data: bytes) -> Iterable[bytes]:
    """``data`` as it is, unpacked, and as its percent signs, entities and backslashes read."""
    yield data
    with contextlib.suppress(OSError, EOFError, zlib.error):
        yield gzip.decompress(data)
    with contextlib.suppress(zlib.error):
        yield zlib.decompress(data)
    yield urllib.parse.unquote_to_bytes(data.replace(b"+", b" "))
    text = data.decode("utf-8", "replace")
    yield html.unescape(text).encode()
    with contextlib.suppress(ValueError):
        yield json.dumps(json.loads(text), ensure_ascii=False).encode()


def places(one: Heard) -> Iterable[tuple[str, bytes]]:
    """Everything of one request and its answer that was on the air."""
    yield "url", f"{one.method} {one.path}".encode()
    for name, value in (*one.headers, *one.answer_headers):
        yield f"header {name}", value.encode("utf-8", "replace")
    yield "body", one.body
    yield "answer", one.answer


def overheard(heard: Iterable[Heard], pins: Iterable[str]) -> set[tuple[str, str, str]]:
    """(PIN, spelling, place) of each PIN that is found."""
    looked = [(pin, name, said) for pin in pins for name, said in spellings(pin).items()]
    small = {(pin, name): said.lower() for pin, name, said in looked if not name.startswith("base64")}
    found = set()
    for one in heard:
        for place, data in places(one):
            for reading in readings(data):
                lower = reading.lower()
                for pin, name, said in looked:
                    if said in reading or small.get((pin, name), b"\xff\xfe") in lower:
                        found.add((pin, name, place))
    return found
