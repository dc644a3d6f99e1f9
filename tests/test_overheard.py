"""What looks for PINs in the recorded air finds them, however they are written: else it could find nothing and say so."""

import base64
import gzip
import hashlib
import json
import zlib
from collections.abc import Callable

import pytest

from tests.support.listener import Heard
from tests.support.overheard import overheard

PIN = "83920571"
WRITTEN: dict[str, Callable[[str], bytes]] = {
    "plain": str.encode,
    "backwards": lambda pin: pin[::-1].encode(),
    "percent": lambda pin: "".join(f"%{ord(c):02x}" for c in pin).encode(),
    "some percent": lambda pin: f"%38{pin[1:]}".encode(),
    "entities": lambda pin: "".join(f"&#x{ord(c):x};" for c in pin).encode(),
    "json": lambda pin: json.dumps({"pin": pin}).replace("8", "\\u0038").encode(),
    "utf-16": lambda pin: f"pin={pin}".encode("utf-16-le"),
    "hex": lambda pin: f"pin={pin}".encode().hex().encode(),
    "capital hex": lambda pin: f"pin={pin}".encode().hex().upper().encode(),
    "base64": lambda pin: base64.b64encode(f"pin={pin}&x=1".encode()),
    "base64 a byte on": lambda pin: base64.b64encode(f"pin:={pin}&x=1".encode()),
    "base64 two on": lambda pin: base64.urlsafe_b64encode(f"pin: ={pin}&x=1".encode()),
    "base32": lambda pin: base64.b32encode(f"the pin={pin}&x=1".encode()),
    "sha256": lambda pin: hashlib.sha256(pin.encode()).hexdigest().encode(),
    "gzip": lambda pin: gzip.compress(f"pin={pin}".encode()),
    "deflate": lambda pin: zlib.compress(f"pin={pin}".encode()),
    "arabic": lambda pin: pin.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")).encode(),
}


def air(path: str = "/", header: str = "", body: bytes = b"", answer: bytes = b"", told: str = "") -> Heard:
    return Heard("POST", path, (("Cookie", header),), body, 200, answer, (("Set-Cookie", told),))


@pytest.mark.parametrize("how", WRITTEN)
def test_a_pin_is_found_in_whatever_it_is_written(how: str) -> None:
    said = WRITTEN[how](PIN)
    assert {pin for pin, _, _ in overheard([air(body=said)], [PIN, "60417395"])} == {PIN}
    assert {place for _, _, place in overheard([air(answer=said)], [PIN])} == {"answer"}


def test_it_is_found_in_urls_and_headers_both_ways() -> None:
    for heard, place in (
        (air(path=f"/signin?pin={PIN}"), "url"),
        (air(header=f"a={base64.b64encode(PIN.encode()).decode()}"), "header Cookie"),
        (air(told=f"a={PIN}"), "header Set-Cookie"),
    ):
        assert {where for _, _, where in overheard([heard], [PIN])} == {place}


def test_where_there_is_none_none_is_found() -> None:
    assert (
        overheard([air("/pay/send", "tch101=abc", b"pin=83920572&air_box=00ff", b"<p>8392 0571</p>")], [PIN])
        == set()
    )
