"""A file that somebody brings, as rows of cells: which encoding, which separator, which columns.

What is guessed is said. Nothing here raises on any bytes: what cannot be read is a ``Problem``
of line 0, which is the file as a whole.
"""

import codecs
import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from appliance.ledger.files import cells
from appliance.ledger.files.columns import ERROR, NAMES, Column, known, plain
from appliance.ledger.people.imports import MOST_ROWS

MOST_BYTES: Final = 8 * 1024 * 1024
LONGEST_CELL: Final = 2_000
_SHOWN: Final = 60
_DELIMITERS: Final = (",", ";", "\t")
_NO_NUMBERS: Final[Mapping[str, str | int]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a row, or with the file (``line`` 0).

    Attributes:
        column: where, as the file calls it; empty for the whole row.
        found: what stands there, cut short.
        why: one of the words of ``files.words``.
        numbers: what its sentence says besides.
    """

    line: int
    column: str
    found: str
    why: str
    numbers: Mapping[str, str | int] = field(default_factory=lambda: _NO_NUMBERS)


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its line in the file and its cells by our names of the columns; an empty one is missing."""

    line: int
    cells: Mapping[str, str]

    def get(self, name: str) -> str:
        return self.cells.get(name, "")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file whose header was understood.

    Attributes:
        encoding, delimiter: as they were guessed.
        header: the first line, as it stands there.
        names: what each of our columns is called there.
        unknown: columns that are passed over.
    """

    text: str
    encoding: str
    delimiter: str
    header: tuple[str, ...]
    names: Mapping[str, str]
    unknown: tuple[str, ...]
    places: tuple[str | None, ...]

    def raw(self) -> Iterator[tuple[int, list[str]] | Problem]:
        """The rows after the header with their lines, as they stand there; empty ones are passed over."""
        reader = csv.reader(io.StringIO(self.text, newline=""), delimiter=self.delimiter)
        line = 1
        try:
            for number, row in enumerate(reader):
                if number and any(cell.strip() for cell in row):
                    yield line, row
                line = reader.line_num + 1
        except csv.Error:
            yield Problem(line, "", "", "row")

    def rows(self) -> Iterator[Row | Problem]:
        """As ``raw``, with the cells under our names; a row that cannot be is a problem."""
        for one in self.raw():
            if isinstance(one, Problem):
                yield one
                continue
            line, row = one
            if len(row) > len(self.places) and any(cell.strip() for cell in row[len(self.places) :]):
                numbers = {"cells": len(row), "columns": len(self.places)}
                yield Problem(line, "", shown(row[len(self.places)]), "cells", numbers)
                continue
            long = next((i for i, cell in enumerate(row) if len(cell) > LONGEST_CELL), None)
            if long is not None:
                yield Problem(line, self.header[long], shown(row[long]), "long", {"longest": LONGEST_CELL})
                continue
            found = zip(self.places, row, strict=False)
            yield Row(
                line, {name: cells.plain(cell.strip()) for name, cell in found if name and cell.strip()}
            )


def shown(text: str) -> str:
    """A cell for a message: one line, cut short."""
    flat = " ".join(text.split())
    return flat if len(flat) <= _SHOWN else flat[: _SHOWN - 1] + "…"


def read(data: bytes, what: str) -> Sheet | Problem:
    """The file ``data`` that should hold ``what``; or why it cannot be read."""
    if len(data) > MOST_BYTES:
        return Problem(0, "", "", "large", {"most": MOST_BYTES // (1024 * 1024)})
    if data[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"):
        return Problem(0, "", "", "spreadsheet")
    decoded = _decode(data)
    if decoded is None:
        return Problem(0, "", "", "no_text")
    text, encoding = decoded
    if not text.strip():
        return Problem(0, "", "", "empty")
    if text.count("\n") > MOST_ROWS * 4:
        return Problem(0, "", "", "rows", {"most": MOST_ROWS})
    columns = known(what)
    delimiter, header = _header(text, columns)
    return _sheet(text, encoding, delimiter, header, columns)


def _sheet(
    text: str, encoding: str, delimiter: str, header: list[str], columns: Mapping[str, Column]
) -> Sheet | Problem:
    names: dict[str, str] = {}
    places: list[str | None] = []
    unknown = []
    for title in header:
        column = columns.get(plain(title))
        if column is None:
            places.append(None)
            if title.strip() and plain(title) not in (ERROR, *NAMES):
                unknown.append(shown(title))
        elif not column.into or (column.name in names and plain(title) != column.name):
            places.append(None)  # our own name goes before another one for the same
        else:
            if column.name in names and column.name in places:
                if plain(names[column.name]) == column.name:
                    return Problem(0, shown(title), "", "column_twice")
                places[places.index(column.name)] = None
            names[column.name] = shown(title)
            places.append(column.name)
    missing = [c.name for c in dict.fromkeys(columns.values()) if c.needed and c.name not in names]
    if missing:
        return Problem(0, "", shown(delimiter.join(header)), "columns", {"missing": ", ".join(missing)})
    return Sheet(text, encoding, delimiter, tuple(header), names, tuple(unknown), tuple(places))


def _decode(data: bytes) -> tuple[str, str] | None:
    """The text and the name of its encoding: by its mark, as UTF-8, else as Windows writes it."""
    if data.startswith(codecs.BOM_UTF8):
        return _try(data, "utf-8-sig", "UTF-8")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _try(data, "utf-16", "UTF-16")
    head = data[:1000]
    if head.count(0) * 3 > len(head):
        return _try(data, "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be", "UTF-16")
    return _try(data, "utf-8", "UTF-8") or _try(data, "cp1252", "Windows-1252")


def _try(data: bytes, codec: str, name: str) -> tuple[str, str] | None:
    try:
        text = data.decode(codec)
    except UnicodeError:
        return None
    return None if "\0" in text else (text, name)


def _header(text: str, columns: Mapping[str, Column]) -> tuple[str, list[str]]:
    """The separator under which most columns are known, and the first line's cells."""
    best: tuple[int, str, list[str]] = (-1, ",", [])
    for delimiter in _DELIMITERS:
        try:
            cells_found = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
        except csv.Error:
            continue
        count = sum(plain(cell) in columns for cell in cells_found)
        if count > best[0]:
            best = (count, delimiter, cells_found)
    return best[1], best[2]
