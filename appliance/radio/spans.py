"""Arithmetic on spans of records. Nothing here counts record by record: a span may be forged and huge."""

from collections.abc import Iterable, Sequence

from appliance.radio.ports import Span


def without(spans: Iterable[Span], hole: Span) -> tuple[Span, ...]:
    """``spans`` less what lies in ``hole``."""
    out: list[Span] = []
    for span in spans:
        other = (span.hub, span.incarnation) != (hole.hub, hole.incarnation)
        if other or span.last < hole.first or hole.last < span.first:
            out.append(span)
            continue
        if span.first < hole.first:
            out.append(Span(span.hub, span.incarnation, span.first, hole.first - 1))
        if hole.last < span.last:
            out.append(Span(span.hub, span.incarnation, hole.last + 1, span.last))
    return tuple(out)


def minus(spans: Iterable[Span], holes: Iterable[Span]) -> tuple[Span, ...]:
    """``spans`` less all of ``holes``."""
    left = tuple(spans)
    for hole in holes:
        left = without(left, hole)
        if not left:
            break
    return left


def oldest(spans: Sequence[Span], records: int) -> tuple[Span, ...]:
    """The first of ``spans`` of one feed, in order, up to so many records."""
    out: list[Span] = []
    for span in spans:
        if records <= 0:
            break
        last = min(span.last, span.first + records - 1)
        out.append(Span(span.hub, span.incarnation, span.first, last))
        records -= last - span.first + 1
    return tuple(out)


def by_hub(spans: Iterable[Span]) -> dict[int, int]:
    """How many records of each hub ``spans`` name, where they do not overlap."""
    found: dict[int, int] = {}
    for span in spans:
        found[span.hub] = found.get(span.hub, 0) + records_in([span])
    return found


def records_in(spans: Iterable[Span]) -> int:
    """How many records ``spans`` name, where they do not overlap."""
    return sum(span.last - span.first + 1 for span in spans)
