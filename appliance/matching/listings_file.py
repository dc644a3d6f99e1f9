"""Files of listings, predictions and edges, a JSON object a line: read whole or not at all."""

import json
import math
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TextIO

from appliance.ledger.errors import HubError
from appliance.ledger.market.listings import OFFER, WANT

LONGEST_TITLE: Final = 1_000
LONGEST_DESCRIPTION: Final = 20_000


class BadListings(HubError):
    """A file of listings or edges cannot be used; the message names file and line."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A listing out of a file. ``member`` and ``hub`` together name the person; ``whole``: the id is a number there."""

    id: str
    member: str
    hub: str
    kind: str
    title: str
    description: str = ""
    category: str | None = None
    lang: str | None = None
    whole: bool = False

    @property
    def person(self) -> tuple[str, str]:
        """Who it is of: hub and member."""
        return self.hub, self.member


@dataclass(frozen=True, slots=True)
class Edge:
    """An offer that serves a want, by its score (0 to 1)."""

    offer_id: str
    want_id: str
    score: float


def read_listings(path: Path) -> tuple[Listed, ...]:
    """The listings of a file, in its order.

    Raises:
        BadListings: a line is none, an id comes twice, or the file cannot be read.
    """
    found: dict[str, Listed] = {}
    for number, values in _objects(path):
        with _line(path, number):
            listed = _listed(values)
        if listed.id in found:
            raise BadListings(f"{path.name}, line {number}: the id {listed.id!r} was there before")
        found[listed.id] = listed
    return tuple(found.values())


def read_edges(path: Path, listings: Iterable[Listed]) -> tuple[Edge, ...]:
    """The edges of a file, between offers and wants of ``listings``; those of one person with oneself are refused.

    Raises:
        BadListings: a line is none, names what is not there, or the file cannot be read.
    """
    by_id = {listed.id: listed for listed in listings}
    found: dict[tuple[str, str], Edge] = {}
    for number, values in _objects(path):
        with _line(path, number):
            edge = _edge(values, by_id)
        kept = found.get((edge.offer_id, edge.want_id))
        if kept is None or edge.score > kept.score:
            found[edge.offer_id, edge.want_id] = edge
    return tuple(found.values())


def said_names(listings: Iterable[Listed]) -> dict[str, str | int]:
    """The ids as the file says them: a number where it has one."""
    return {listed.id: int(listed.id) if listed.whole else listed.id for listed in listings}


def write_edges(path: Path, edges: Iterable[Edge], names: Mapping[str, str | int]) -> int:
    """Write edges as lines, whole or not at all; how many. Through a link, what it leads to; into a pipe, as they come.

    Args:
        names: the ids as they are written.

    Raises:
        BadListings: the file cannot be written.
    """
    try:
        real = path.resolve()
        if real.exists() and not real.is_file():
            with real.open("w", encoding="utf-8") as out:
                return _write(out, edges, names)
        handle, name = tempfile.mkstemp(prefix=f".{real.name}.", dir=real.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as out:
                count = _write(out, edges, names)
            Path(name).chmod(0o644)
            Path(name).replace(real)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise BadListings(f"{path} cannot be written: {error.strerror}") from error
    return count


def _write(out: TextIO, edges: Iterable[Edge], names: Mapping[str, str | int]) -> int:
    count = 0
    for edge in edges:
        out.write(json.dumps(edge_said(edge, names), ensure_ascii=False) + "\n")
        count += 1
    return count


def edge_said(edge: Edge, names: Mapping[str, str | int]) -> dict[str, Any]:
    """An edge as a JSON object."""
    return {
        "offer_id": names[edge.offer_id],
        "want_id": names[edge.want_id],
        "score": round(edge.score, 4),
    }


def _objects(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BadListings(f"{path} cannot be read: {error.strerror}") from error
    # Only a line feed ends a line: text may hold other separators of Unicode.
    for number, line in enumerate(raw.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            values = json.loads(line.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise BadListings(f"{path.name}, line {number}: this is no JSON ({error})") from error
        if not isinstance(values, dict):
            raise BadListings(f"{path.name}, line {number}: this is no JSON object")
        yield number, values


@contextmanager
def _line(path: Path, number: int) -> Iterator[None]:
    """What is wrong with a line is told with its number."""
    try:
        yield
    except ValueError as error:
        raise BadListings(f"{path.name}, line {number}: {error}") from error


def _listed(values: Mapping[str, Any]) -> Listed:
    kind = values.get("kind")
    if kind not in (OFFER, WANT):
        raise ValueError(f"kind must be offer or want, not {kind!r}")
    title = _words(values, "title", LONGEST_TITLE)
    if not title.strip():
        raise ValueError("title is empty")
    return Listed(
        _name(values, "id"),
        _name(values, "member"),
        _name(values, "hub", missing=""),
        kind,
        title,
        _words(values, "description", LONGEST_DESCRIPTION, missing=""),
        _words(values, "category", 100, missing="") or None,
        _words(values, "lang", 40, missing="") or None,
        isinstance(values["id"], int),
    )


def _edge(values: Mapping[str, Any], by_id: Mapping[str, Listed]) -> Edge:
    offer, want = (_name(values, name) for name in ("offer_id", "want_id"))
    for name, kind in ((offer, OFFER), (want, WANT)):
        if name not in by_id:
            raise ValueError(f"there is no listing {name!r}")
        if by_id[name].kind != kind:
            raise ValueError(f"the listing {name!r} is no {kind}")
    if by_id[offer].person == by_id[want].person:
        raise ValueError(f"{offer!r} and {want!r} are of one person")
    score = values.get("score")
    if isinstance(score, bool) or not isinstance(score, (int, float)) or not math.isfinite(score):
        raise ValueError(f"score must be a number from 0 to 1, not {score!r}")
    if not 0 <= score <= 1:
        raise ValueError(f"score must be from 0 to 1, not {score!r}")
    return Edge(offer, want, float(score))


def _name(values: Mapping[str, Any], field: str, missing: str | None = None) -> str:
    """A name, which may be a number."""
    value = values.get(field)
    if value is None and missing is not None:
        return missing
    if isinstance(value, bool) or not isinstance(value, (str, int)) or not str(value).strip():
        raise ValueError(f"{field} must be a text or a whole number, not {value!r}")
    if _HALF.search(str(value)):
        raise ValueError(f"{field} has half a letter in it (a lone surrogate)")
    return str(value)


_HALF: Final = re.compile("[\ud800-\udfff]")
"""What JSON can say and no file can hold."""


def _words(values: Mapping[str, Any], field: str, longest: int, missing: str | None = None) -> str:
    value = values.get(field)
    if value is None and missing is not None:
        return missing
    if not isinstance(value, str):
        raise ValueError(f"{field} must be a text, not {value!r}")  # noqa: TRY004 - as every wrong value of a line
    if len(value) > longest:
        raise ValueError(f"{field} has {len(value)} signs; at most {longest} are read")
    return _HALF.sub("\ufffd", value)
