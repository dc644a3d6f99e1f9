"""Control frames: summaries, which say what a hub holds, and asks, which say what it misses.

They carry an 8-byte MAC under the community's group key: a stranger's are ignored, but any hub
could speak in another's name. So they change no state; at worst a hub is asked in vain or told
of records that are not there. ``beat`` counts up with every control frame of a sender; one that
does not is old, and ignored by the engine.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hmac import compare_digest
from typing import Final, NamedTuple

from appliance.ledger import codec
from appliance.radio.certificates import CertificateFrame, open_certificate
from appliance.radio.coding import Coded, open_coded
from appliance.radio.directory import HEADS_BYTES, INDEXES, ROSTER_BYTES, Directory
from appliance.radio.errors import BadFrame, CannotPack, Reason
from appliance.radio.frames import (
    ASK,
    CERTIFICATE,
    CODED,
    DATA,
    LONGEST_CONTROL,
    MAC_BYTES,
    PROOF_ASK,
    PROOF_PART,
    SUITE_BLAKE2B,
    SUMMARY,
    VERSION,
    DataFrame,
    Header,
    open_data,
    read_header,
)
from appliance.radio.ports import Position, Span
from appliance.radio.proofframes import ProofFrame, read_proof
from appliance.radio.varint import Reader

USUAL_CONTROL: Final = 200
"""Bytes that ``summaries`` and ``ask_for`` fill: longer packets are lost more often."""

FEW_FEEDS: Final = 8
"""A summary of at most so many, and not of all, says that somebody waits for what it names."""

_NUMBERS: Final = range(1 << 40)
_BEATS: Final = range(1, 1 << 40)
_INCARNATIONS: Final = range(1, 1 << 16)


class Mark(NamedTuple):
    """Up to where a hub holds a feed without gaps, as it claims. Later ones compare greater."""

    incarnation: int
    number: int


@dataclass(frozen=True, slots=True)
class Summary:
    """What ``hub`` claims to hold: ``positions`` by hub number.

    In a large community one summary covers only some hubs, those in ``positions``; ``heads``
    stands for the links at these positions, and equal positions with other heads are a fork.
    """

    hub: int
    beat: int
    roster: bytes
    positions: Mapping[int, Mark]
    heads: bytes


@dataclass(frozen=True, slots=True)
class Ask:
    """What ``hub`` misses, in the order of index, incarnation and number; spans never touch."""

    hub: int
    beat: int
    spans: tuple[Span, ...]


def says_that_somebody_waits(summary: Summary, vector: Mapping[int, Position]) -> bool:
    """Whether a summary is of so few feeds that it was said for the sake of these."""
    return len(summary.positions) <= min(FEW_FEEDS, len(vector) - 1)


def heads_of(positions: Iterable[Position], community: bytes) -> bytes:
    """The 8 bytes that stand for the links at these positions, given in the order of indexes."""
    links = b"".join(position.link for position in positions)
    return codec.digest("tch.heads", community + links)[:HEADS_BYTES]


def same_heads(summary: Summary, vector: Mapping[int, Position], directory: Directory) -> bool:
    """Whether a summary's heads are those of our feeds; asked when its positions are ours."""
    by_index = sorted(summary.positions, key=lambda hub: directory.index(hub) or 0)
    return heads_of((vector[hub] for hub in by_index if hub in vector), directory.community) == summary.heads


# ---------------------------------------------------------------------------------------------------------- summaries


def _indexed(hubs: Iterable[int], directory: Directory) -> dict[int, int]:
    """Hub number by index, in the order of indexes."""
    found = {directory.index(hub): hub for hub in hubs}
    if None in found:
        raise CannotPack("a hub that is not in the roster")
    return {index: found[index] for index in sorted(index for index in found if index)}


def pack_summary(summary: Summary, directory: Directory) -> bytes:
    """The frame of a summary, signed with the group key.

    Raises:
        CannotPack: a hub without an index, hubs whose indexes do not follow each other, a number
            out of range, or more than 231 bytes.
    """
    hubs = _indexed(summary.positions, directory)
    indexes = list(hubs)
    if not indexes or indexes != list(range(indexes[0], indexes[-1] + 1)):
        raise CannotPack("hubs that do not follow each other")
    marks = [summary.positions[hub] for hub in hubs.values()]
    for mark in marks:
        if mark.incarnation not in _INCARNATIONS or mark.number not in _NUMBERS:
            raise CannotPack("position out of range")
    if len(summary.roster) != ROSTER_BYTES or len(summary.heads) != HEADS_BYTES:
        raise CannotPack("digest of another length")
    vector = [m.number if m.incarnation == 1 else [m.incarnation, m.number] for m in marks]
    items: tuple[codec.Value, ...] = (summary.roster, indexes[0], vector, summary.heads)
    body = b"".join(codec.encode(item) for item in items)
    return _finish(SUMMARY, summary.hub, summary.beat, body, directory)


def summaries(
    beat: int, vector: Mapping[int, Position], directory: Directory, room: int = USUAL_CONTROL
) -> tuple[Summary, ...]:
    """What this hub holds, in as many summaries of about ``room`` bytes as it takes: one for up to 50 hubs.

    They are to be sent in turn, each with a ``beat`` of its own (``dataclasses.replace``).

    Args:
        beat: that of the first; the following count on from it.
        vector: as ``Library.vector`` gives it.
        directory: gives the hubs their indexes; a hub of ``vector`` that has none is left out.
    """
    known = _indexed((hub for hub in vector if directory.index(hub) is not None), directory)
    parts: list[list[int]] = []
    size, last = room + 1, 0
    # Header, beat, roster, first index, head of the array, heads and MAC; the middle ones at their longest.
    fixed = 2 + len(codec.encode(beat)) + 1 + ROSTER_BYTES + 2 + 2 + 1 + HEADS_BYTES + MAC_BYTES
    for index, hub in known.items():
        more = len(codec.encode(vector[hub].number))
        if vector[hub].incarnation != 1:
            more += 1 + len(codec.encode(vector[hub].incarnation))
        if size + more > room or index != last + 1:
            parts.append([])
            size = fixed
        parts[-1].append(hub)
        size, last = size + more, index
    return tuple(
        Summary(
            directory.hub,
            beat + place,
            directory.roster,
            {hub: Mark(vector[hub].incarnation, vector[hub].number) for hub in part},
            heads_of((vector[hub] for hub in part), directory.community),
        )
        for place, part in enumerate(parts)
    )


def part_of(beat: int, vector: Mapping[int, Position], hubs: Iterable[int], directory: Directory) -> Summary:
    """A summary of a few ``hubs``, and of those between them in the order of indexes; the first part of all where that is too long."""
    indexes = [index for hub in hubs if hub in vector and (index := directory.index(hub)) is not None]
    between = range(min(indexes, default=1), max(indexes, default=255) + 1)
    wanted = {hub: place for hub, place in vector.items() if directory.index(hub) in between}
    return summaries(beat, wanted, directory)[0]


def _open_summary(hub: int, beat: int, reader: Reader, directory: Directory) -> Summary:
    roster = reader.octets()
    start = reader.uint()
    length = reader.array()
    if start not in INDEXES or not 1 <= length <= INDEXES[-1] + 1 - start:
        raise BadFrame(Reason.MALFORMED, "indexes out of range")
    positions = {}
    for index in range(start, start + length):
        incarnation = 1
        if reader.at_array():
            if reader.array() != 2:
                raise BadFrame(Reason.MALFORMED, "position")
            incarnation = reader.uint()
            if incarnation == 1:
                raise BadFrame(Reason.NOT_CANONICAL, "the first incarnation, named")
        number = reader.uint()
        if incarnation not in _INCARNATIONS or number not in _NUMBERS:
            raise BadFrame(Reason.MALFORMED, "position out of range")
        # A hub that is ahead of us in the roster tells of hubs that we do not know yet; the
        # roster's digest says so, and what it holds of those we know is as good.
        about = directory.hub_at(index)
        if about is not None:
            positions[about] = Mark(incarnation, number)
    heads = reader.octets()
    if len(roster) != ROSTER_BYTES or len(heads) != HEADS_BYTES or not reader.done:
        raise BadFrame(Reason.MALFORMED, "summary")
    return Summary(hub, beat, roster, positions, heads)


# --------------------------------------------------------------------------------------------------------------- asks


def ask_for(beat: int, spans: Sequence[Span], directory: Directory, room: int = USUAL_CONTROL) -> Ask:
    """An ask of this hub for as many of ``spans``, from the first, as ``room`` bytes hold.

    Spans are put in order, and joined where they touch or overlap. What is left out is asked
    for another time. With no spans, or none of a known hub, the ask is empty and cannot be packed.
    """
    known = [span for span in spans if directory.index(span.hub) is not None]
    best: tuple[Span, ...] = ()
    for count in range(1, len(known) + 1):
        joined = _joined(known[:count], directory)
        if 2 + len(codec.encode(beat)) + len(_ask_body(joined, directory)) + MAC_BYTES > room:
            break
        best = joined
    return Ask(directory.hub, beat, best)


def _joined(spans: Iterable[Span], directory: Directory) -> tuple[Span, ...]:
    out: list[Span] = []
    for span in sorted(spans, key=lambda s: (directory.index(s.hub) or 0, s.incarnation, s.first)):
        last = out[-1] if out else None
        if (
            last
            and (last.hub, last.incarnation) == (span.hub, span.incarnation)
            and span.first <= last.last + 1
        ):
            out[-1] = Span(last.hub, last.incarnation, last.first, max(last.last, span.last))
        else:
            out.append(span)
    return tuple(out)


def _ask_body(spans: Sequence[Span], directory: Directory) -> bytes:
    """One array for each feed: index, incarnation, then for each span how far on and how many."""
    feeds: dict[tuple[int, int], list[int]] = {}
    ends: dict[tuple[int, int], int] = {}
    for span in spans:
        index = directory.index(span.hub)
        if index is None:
            raise CannotPack(f"no hub {span.hub} in the roster")
        feed = (index, span.incarnation)
        start = ends.get(feed, 0)
        ok = span.incarnation in _INCARNATIONS and start < span.first <= span.last and span.last in _NUMBERS
        if not ok:
            raise CannotPack("spans out of order or range")
        feeds.setdefault(feed, [*feed]).extend((span.first - start - 1, span.last - span.first))
        ends[feed] = span.last + 1
    if not feeds or list(feeds) != sorted(feeds):
        raise CannotPack("an ask without spans, or spans out of order")
    return b"".join(codec.encode(feed) for feed in feeds.values())


def pack_ask(ask: Ask, directory: Directory) -> bytes:
    """The frame of an ask.

    Raises:
        CannotPack: no spans, spans out of order or that touch, a hub without an index, or too many.
    """
    return _finish(ASK, ask.hub, ask.beat, _ask_body(ask.spans, directory), directory)


def _open_ask(hub: int, beat: int, reader: Reader, directory: Directory) -> Ask:
    spans: list[Span] = []
    last = (0, 0)
    while not reader.done:
        items = reader.array()
        if items < 4 or items % 2:
            raise BadFrame(Reason.MALFORMED, f"feed of {items} items")
        feed = (reader.uint(), reader.uint())
        if feed <= last:
            raise BadFrame(Reason.NOT_CANONICAL, "feeds out of order")
        last = feed
        index, incarnation = feed
        start = 0
        about = directory.hub_at(index)
        for _ in range(items // 2 - 1):
            first = start + reader.uint() + 1
            end = first + reader.uint()
            if incarnation not in _INCARNATIONS or index not in INDEXES or end not in _NUMBERS:
                raise BadFrame(Reason.MALFORMED, "span out of range")
            # What an ask wants of a hub that we do not know we cannot answer; the rest we may.
            if about is not None:
                spans.append(Span(about, incarnation, first, end))
            start = end + 1
    if last == (0, 0):
        raise BadFrame(Reason.MALFORMED, "an ask for nothing")
    return Ask(hub, beat, tuple(spans))


# --------------------------------------------------------------------------------------------------------------- both


def _finish(kind: int, hub: int, beat: int, body: bytes, directory: Directory) -> bytes:
    index = directory.index(hub)
    if index is None or beat not in _BEATS:
        raise CannotPack("no such sender or beat")
    data = Header(VERSION, kind, SUITE_BLAKE2B, index).encode() + codec.encode(beat) + body
    if len(data) + MAC_BYTES > LONGEST_CONTROL:
        raise CannotPack(f"{len(data) + MAC_BYTES} bytes")
    return data + directory.mac(data)


def open_control(data: bytes, directory: Directory) -> Summary | Ask:
    """A summary or ask whose MAC is the community's.

    Raises:
        BadFrame: anything else. Nothing but this is ever raised for what came in.
    """
    header = read_header(data)
    if header.type not in (SUMMARY, ASK):
        raise BadFrame(Reason.UNKNOWN_TYPE, str(header.type))
    if len(data) > LONGEST_CONTROL:
        raise BadFrame(Reason.TOO_LONG, str(len(data)))
    if len(data) <= 2 + MAC_BYTES:
        raise BadFrame(Reason.TRUNCATED)
    hub = directory.hub_at(header.index)
    if hub is None:
        raise BadFrame(Reason.UNKNOWN_SENDER, f"index {header.index}")
    content, mac = data[:-MAC_BYTES], data[-MAC_BYTES:]
    if not compare_digest(directory.mac(content), mac):
        raise BadFrame(Reason.UNSIGNED)
    reader = Reader(content[2:])
    beat = reader.uint()
    if beat not in _BEATS:
        raise BadFrame(Reason.MALFORMED, "beat out of range")
    if header.type == SUMMARY:
        return _open_summary(hub, beat, reader, directory)
    return _open_ask(hub, beat, reader, directory)


AnyFrame = DataFrame | Summary | Ask | CertificateFrame | ProofFrame | Coded


def read(data: bytes, directory: Directory) -> AnyFrame:
    """What came in, whatever it is.

    Raises:
        BadFrame: it is no frame of this community. Nothing else is ever raised.
    """
    kind = read_header(data).type
    if kind == DATA:
        return open_data(data, directory)
    if kind == CERTIFICATE:
        return open_certificate(data, directory)
    if kind in (PROOF_ASK, PROOF_PART):
        return read_proof(data, directory)
    if kind == CODED:
        return open_coded(data, directory)
    return open_control(data, directory)
