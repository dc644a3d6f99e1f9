"""Files for spreadsheets: comma-separated (RFC 4180), UTF-8, and nothing in them that a spreadsheet would run.

They begin with a byte order mark, without which Excel reads names in other scripts as noise;
everything else skips it. A text that begins like a formula gets an apostrophe before it
(``cells.safe``), or somebody's note could read other cells, or the web, on a keeper's computer.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

from flask import Response, stream_with_context

from appliance.ledger.files.cells import safe
from appliance.web.ground.here import the_unit
from appliance.web.ground.i18n import readable

_ROWS_AT_ONCE: Final = 100


def decimal(amount: int) -> str:
    """An amount with a point and no unit: ``-1.50``. Beside it a file has the minor unit, as a whole number."""
    return format(Decimal(amount).scaleb(-the_unit().decimals), "f")


def answer(name: str, rows: Iterable[Iterable[str | int]]) -> Response:
    """A file called ``name``, sent row by row as ``rows`` gives them. Texts in them are made safe here.

    What is an ``Amount`` in the unit comes as ``Figure``, which stays a number.
    """
    answered = Response(stream_with_context(_pieces(rows)), mimetype="text/csv")
    answered.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answered


class Figure(str):
    """A text that is a number of ours, and stays one: a negative amount is no formula."""

    __slots__ = ()


def _pieces(rows: Iterable[Iterable[str | int]]) -> Iterator[bytes]:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    yield b"\xef\xbb\xbf"
    for count, row in enumerate(rows, 1):
        writer.writerow([_cell(value) for value in row])
        if count % _ROWS_AT_ONCE == 0:
            yield _drained(buffer)
    yield _drained(buffer)


def _cell(value: str | int) -> str | int:
    return value if isinstance(value, (int, Figure)) else safe(readable(value))


def _drained(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode("utf-8")
