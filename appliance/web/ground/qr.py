"""QR codes as small inline SVG: one path, one stroke for each run of dark modules in a row.

Addresses are written in capitals, because a QR code packs capitals and digits ("alphanumeric
mode") into half the space: bigger dots for an old camera. Error level M (15 %).

A code of an address is of version 3 at most (29 dots a side). The portal does not start with an address for
phones that is too long for the codes on cards and claims (``fits``). What is longer all the same (the sheet for
home, with its secret; a name that somebody typed into a browser) stands there in letters, and a sentence says so.
"""

import base64
import zlib
from itertools import groupby
from typing import Any, Final

import qrcode
from flask import current_app, request, url_for
from flask_babel import gettext as _
from markupsafe import Markup
from qrcode.constants import ERROR_CORRECT_M

_QUIET = 4  # modules of white around it, as the standard asks

MOST_VERSION: Final = 3
"""Of a code of an address: 29 dots a side, 61 characters of capitals and digits at level M."""

LONGEST_PATH: Final = "/P/101999999"
"""Of all codes but the sheet's: to pay somebody whose number has five digits. A claim's is a letter shorter."""


def _code(text: str, correction: int = ERROR_CORRECT_M, border: int = 0) -> "qrcode.QRCode[Any]":
    code = qrcode.QRCode(error_correction=correction, border=border)
    code.add_data(text, optimize=0)
    code.make(fit=True)
    return code


def fits(address: str) -> bool:
    """Whether an address is short enough for a code that every camera reads."""
    if len(address) > _SURELY_TOO_LONG:
        return False
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M)
    code.add_data(address, optimize=0)
    return bool(code.best_fit() <= MOST_VERSION)  # reckoned, not drawn


_SURELY_TOO_LONG: Final = 100


def of_address(address: str) -> Markup:
    """The code of an address; where that is too long, a sentence that says so. In letters it stands below either way."""
    if fits(address):
        return svg(address)
    words = _("This address is too long for a code that every camera reads: type it as it stands here.")
    return Markup('<p class="card">{}</p>').format(words)


def svg(text: str, correction: int = ERROR_CORRECT_M) -> Markup:
    """``text`` as a QR code, of whatever version it takes."""
    code = _code(text, correction)
    rows = code.get_matrix()
    side = len(rows) + 2 * _QUIET
    path = "".join(_strokes(y, row) for y, row in enumerate(rows))
    return Markup(
        '<svg class="qr" role="img" viewBox="0 0 {0} {0}" shape-rendering="crispEdges" aria-label="{1}">'
        '<path fill="#fff" d="M0 0h{0}v{0}H0z"/><path stroke="#000" d="{2}"/></svg>'
    ).format(side, "QR: " + text, path)


def picture(text: str) -> Markup:
    """``text`` as a QR code of a tenth of the bytes: a PNG of one bit a dot, for pages with many large ones."""
    rows = _code(text, border=_QUIET).get_matrix()
    side = len(rows)
    lines = bytearray()
    for row in rows:
        bits = "".join("0" if dark else "1" for dark in row).ljust(-(-side // 8) * 8, "1")
        lines += b"\x00" + int(bits, 2).to_bytes(len(bits) // 8, "big")
    head = side.to_bytes(4, "big") * 2 + bytes([1, 0, 0, 0, 0])
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(lines), 9)), (b"IEND", b""))
    png = b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)
    source = base64.b64encode(png).decode("ascii")
    return Markup('<img class="qr" alt="QR" src="data:image/png;base64,{}">').format(source)


def _chunk(name: bytes, data: bytes) -> bytes:
    """A part of a PNG file (ISO/IEC 15948, 5.3)."""
    return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")


def _strokes(y: int, row: list[bool]) -> str:
    """The dark runs of a row, each from where the last one ended: a third fewer bytes than by their places."""
    found, light = "", 0
    for dark, run in groupby(row):
        length = len(list(run))
        if not dark:
            light = length
            continue
        if not found:
            found = f"M{_QUIET + light} {y + _QUIET}.5h{length}"
        else:
            found += f"m{light} 0h{length}"
    return found


def for_this_box_only() -> bool:
    """Whether codes made now lead to the box itself: phones would find nothing there."""
    if current_app.config["ADDRESS"]:
        return False
    host = request.host.rpartition(":")[0] if ":" in request.host.rpartition("]")[2] else request.host
    return host.strip("[]") in ("localhost", "::1") or host.startswith("127.")


def address(endpoint: str, **values: Any) -> str:
    """The whole address of a page, in capitals, as a QR code carries it."""
    base: str = current_app.config["ADDRESS"] or request.host_url.rstrip("/")
    return (base + url_for(endpoint, **values)).upper()
