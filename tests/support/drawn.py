"""A QR code of a page as a picture, drawn from its path as a browser would."""

import re

from PIL import Image, ImageDraw

_DOT = 8


def drawn(page: str) -> Image.Image:
    """The first QR code in ``page``, eight pixels a module."""
    (svg, *_) = re.findall(r'<svg class="qr".*?</svg>', page, re.DOTALL)
    (side,) = re.findall(r'viewBox="0 0 (\d+)', svg)
    (path,) = re.findall(r'<path stroke="#000" d="([^"]+)"', svg)
    picture = Image.new("L", (int(side) * _DOT, int(side) * _DOT), 255)
    pen = ImageDraw.Draw(picture)
    x = y = 0
    for move, first, second in re.findall(r"([Mmh])(\d+)(?: (\d+))?", path):
        if move == "M":
            x, y = int(first), int(second)
        elif move == "m":
            x += int(first)
        else:
            pen.rectangle((x * _DOT, y * _DOT, (x + int(first)) * _DOT - 1, (y + 1) * _DOT - 1), fill=0)
            x += int(first)
    return picture
