"""Photos that phones bring: checked, made small, and written anew with nothing in them but the picture.

What comes is anybody's bytes. So only three formats are read, and the size is looked at before anything is
unpacked: a small file can claim a picture that fills the box's memory. What goes out is a JPEG
of our own making: place and time, the phone's name, a hidden second picture are not in it.

Pillow is loaded with the first photo, not with the portal.
"""

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from appliance.ledger.errors import HubError

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_UPLOADED: Final = 8 * 1024 * 1024
"""Bytes of a file that are looked at."""

FORMATS: Final = ("JPEG", "PNG", "WEBP")
_MOST_PIXELS: Final = {"JPEG": 40_000_000, "PNG": 12_000_000, "WEBP": 12_000_000}
"""More is refused unread. A JPEG is unpacked at an eighth of its size where that is enough."""

LARGE: Final = 800
SMALL: Final = 112
"""The longer side in pixels: on the page of a listing, and in a list."""

MOST_LARGE: Final = 100 * 1024
MOST_SMALL: Final = 8 * 1024
"""Bytes of what is made; ``market.photos.MOST_BYTES`` has room for both."""

_QUALITIES: Final = (72, 60, 45, 30)
_LEAST: Final = 28
"""Pixels: below it nobody sees anything."""


class BadPicture(HubError, ValueError):
    """Bytes that are no picture we read, or one that is too large."""


@dataclass(frozen=True, slots=True)
class Made:
    """The same picture twice, as JPEG."""

    large: bytes
    small: bytes


@cache
def can() -> bool:
    """Whether this box can look at pictures: Pillow is built for most boards, not for all."""
    return find_spec("PIL") is not None


def make(data: bytes) -> Made:
    """The picture in ``data``, upright, in two sizes.

    Raises:
        BadPicture: it is none, is damaged, or is too large to be looked at.
    """
    from PIL import Image, ImageOps

    if not data or len(data) > MOST_UPLOADED:
        raise BadPicture("no picture, or too long a file")
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as found:
            width, height = found.size
            most = _MOST_PIXELS[str(found.format)]
            if not (0 < width * height <= most) or (
                found.info.get("progressive") and width * height > most // 2
            ):
                raise BadPicture(f"{width} x {height} is too large")
            found.draft("RGB", (LARGE, LARGE))
            found.load()
            upright = ImageOps.exif_transpose(found)
            plain = _on_white(upright)
    except BadPicture:
        raise
    except Exception as error:  # a decoder may fail in any way on bytes that were made to make it fail
        raise BadPicture(str(error)) from error
    large = _jpeg(plain, LARGE, MOST_LARGE)
    return Made(large, _jpeg(plain, SMALL, MOST_SMALL))


def _on_white(found: "Image") -> "Image":
    """The picture in plain colours; what is transparent is white."""
    from PIL import Image

    found.thumbnail((LARGE, LARGE))
    if found.mode in ("RGBA", "LA", "P", "PA") or "transparency" in found.info:
        clear = found.convert("RGBA")
        ground = Image.new("RGB", clear.size, "white")
        ground.paste(clear, mask=clear.getchannel("A"))
        return ground
    return found.convert("RGB")


def _jpeg(picture: "Image", side: int, most: int) -> bytes:
    while side >= _LEAST:
        small = picture.copy()
        small.thumbnail((side, side))
        small.info.clear()
        for quality in _QUALITIES:
            out = BytesIO()
            options: dict[str, Any] = {"quality": quality, "optimize": True, "exif": b""}
            small.save(out, "JPEG", **options)
            if out.tell() <= most:
                return out.getvalue()
        side //= 2
    raise BadPicture("cannot be made small enough")
