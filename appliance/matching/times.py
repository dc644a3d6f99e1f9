"""When two people could meet: the few words in which a listing says its times, read as hours of the week.

Days by name, weekends, parts of the day and spans of hours are understood, in the seven languages; *Friday mornings, Saturdays
2-5 pm* is ten hours. Anything else (*after the harvest*) says nothing here, and nothing is made of it: it costs nobody a match. Times order what
fits and are told in words; they hide no suggestion, for people can agree on another day. Only in a trade loop two who never meet do not follow
each other.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

from appliance.ledger.values import western_digits
from appliance.matching import text

Hours = int
"""Hours of a week as bits: bit 0 is Monday from midnight to one, bit 167 the last hour of Sunday."""

DAY: Final = 24
DAYS: Final = 7
ALL_DAY: Final = (1 << DAY) - 1
ALWAYS: Final = (1 << DAY * DAYS) - 1

MORNING, AFTERNOON, EVENING, NIGHT = "morning", "afternoon", "evening", "night"


def _span(start: int, end: int) -> Hours:
    """The hours of a day from ``start`` to before ``end``; over midnight where it ends earlier."""
    if end <= start:
        return _span(start, DAY) | (_span(0, end) if end else 0)
    return ((1 << end) - 1) & ~((1 << start) - 1)


PARTS: Final = {MORNING: _span(5, 12), AFTERNOON: _span(12, 18), EVENING: _span(17, 22), NIGHT: _span(21, 5)}
"""The parts of a day; afternoon and evening share an hour, as people do."""
_PARTS: Final = {**PARTS, "late": PARTS[EVENING] | PARTS[NIGHT]}
_SEVERAL: Final = {"weekend": (5, 6), "weekdays": (0, 1, 2, 3, 4), "daily": tuple(range(DAYS))}
_TO, _EXCEPT = "to", "except"
_WORDS_TOO: Final = frozenset(("mon", "sat", "sun", "mar", "mer", "ter", "sex", "sam", "si"))
"""Short for a day, and words of some language: a day only where what stands beside it is of time, too."""

_CLOCK: Final = re.compile(
    r"(?<![\d.:/])(\d{1,2})(?:[:.h](\d{2})|\s?h\b)?(?:\s?(am|pm)\b)?\s*(?:-|–|—|to|till|until|a|à|até|hasta|hadi|से|إلى)\s*"
    r"(\d{1,2})(?:[:.h](\d{2})|\s?h\b)?(?:\s?(am|pm)\b)?(?![\d.:/])"
)


@dataclass(slots=True)
class _Group:
    """Days and hours that are said together. ``first``: of which of the two it spoke first, ``last``: last."""

    days: set[int]
    hours: Hours = 0
    first: str = ""
    last: str = ""


def meeting(one: Hours | None, other: Hours | None) -> Hours | None:
    """The hours that two have in common, 0 for none; None when one of them has said nothing that is understood."""
    return None if one is None or other is None else one & other


@lru_cache(maxsize=4096)
def read(said: str) -> Hours | None:
    """The hours of the week that ``said`` speaks of; None when it says nothing that is understood."""
    groups, without = _groups(_tokens(said))
    found = 0
    for group in groups:
        for day in group.days or range(DAYS):
            found |= (group.hours or ALL_DAY) << day * DAY
    if without:
        found = found or ALWAYS
    for day in without:
        found &= ~(ALL_DAY << day * DAY)
    return found or None


def days_of(hours: Hours) -> tuple[int, ...]:
    """The days on which some of these hours are; Monday is 0."""
    return tuple(day for day in range(DAYS) if hours >> day * DAY & ALL_DAY)


def parts_of(hours: Hours) -> tuple[str, ...]:
    """The parts of the day of which some of these hours are, on whichever day; none where they are of all."""
    any_day = 0
    for day in range(DAYS):
        any_day |= hours >> day * DAY & ALL_DAY
    found = tuple(name for name, part in PARTS.items() if (any_day & part).bit_count() * 2 > part.bit_count())
    return () if len(found) == len(PARTS) else found


Token = tuple[str, Hours]
"""What a word is (a day's number, a part, *to*, *except*, *hours*), and the hours of a span."""


def _tokens(said: str) -> list[Token]:
    plain = western_digits(said).casefold().replace("a.m.", "am").replace("p.m.", "pm")
    clocks = [(clock.start(), _of_clock(clock, plain[clock.end() :])) for clock in _CLOCK.finditer(plain)]
    found: list[tuple[int, Token]] = [(start, ("hours", hours)) for start, hours in clocks if hours]
    plain = _CLOCK.sub(lambda clock: " " * len(clock.group()), plain)
    pieces = [(piece.start(), piece.group()) for piece in re.finditer(r"[^\s,;/()–—-]+|[–—-]", plain)]
    place = 0
    while place < len(pieces):
        length, name = _named([piece for _, piece in pieces[place : place + _LONGEST]])
        found.append((pieces[place][0], (name, 0)))
        place += length
    found.sort(key=lambda one: one[0])
    return list(_sure([token for _, token in found]))


_LONGEST: Final = 5
_DASHES: Final = ("-", "–", "—")


def _named(pieces: Sequence[str]) -> tuple[int, str]:
    """How many pieces make the longest word for a time, and which; a word of something else as it stands."""
    if pieces[0] in _DASHES:
        return 1, _TO
    for length in range(len(pieces), 0, -1):
        if pieces[length - 1] in _DASHES:
            continue
        if (
            name := _table().get(tuple(word for piece in pieces[:length] for word in text.words(piece)))
        ) is not None:
            short = length == 1 and text.fold(pieces[0]) in _WORDS_TOO
            return length, f"?{name}" if short else name
    return 1, ""


def _sure(tokens: Sequence[Token]) -> Iterator[Token]:
    """Without the short words that are none of time where they stand."""
    for place, (name, hours) in enumerate(tokens):
        if not name.startswith("?"):
            yield name, hours
            continue
        beside = [tokens[n][0] for n in (place - 1, place + 1) if 0 <= n < len(tokens)]
        if "" not in beside:
            yield name[1:], hours


@cache
def _table() -> dict[tuple[str, ...], str]:
    page = files("appliance.matching").joinpath("lexicon", "times.txt").read_text("utf-8")
    found: dict[tuple[str, ...], str] = {}
    for line in page.splitlines():
        if line and not line.startswith("#"):
            name, _, words = line.partition("|")
            for word in words.split(","):
                found.setdefault(tuple(text.words(word)), name.strip())
    return found


def _of_clock(clock: re.Match[str], rest: str) -> Hours:
    """The hours of *8-10*, *2 to 5 pm*, *14:00-17:30*; 0 when it is none: more than a day has, days of a month, so many bags.

    Args:
        rest: what follows: bare numbers before another word count something else than hours.
    """
    start, end = int(clock[1]), int(clock[4])
    half = clock[6] or clock[3]
    following = text.words(rest.lstrip(" ,;"))[:_LONGEST] if rest[:1].isspace() else []
    if (
        following
        and not any(clock.group(2, 3, 5, 6))
        and "h" not in clock.group()
        and not _named(following)[1]
    ):
        return 0
    if not half and not clock[2] and start < end <= _AFTER_NOON:
        half = "pm"
    if half:
        if not (1 <= start <= 12 and 1 <= end <= 12):
            return 0
        late = [(clock[3] or half) == "pm", (clock[6] or half) == "pm"]
        if not clock[3] and late[1] and start % 12 > end % 12:
            late[0] = False  # 10 to 2 pm
        start, end = (hour % 12 + DAY // 2 * pm for hour, pm in zip((start, end), late, strict=True))
    if start >= DAY or end > DAY or start == end:
        return 0
    if clock[5] and int(clock[5]):
        end = min(DAY, end + 1)
    return _span(start, end) if half or end > start else 0


_AFTER_NOON: Final = 6
"""*2-5*, without more, is in the afternoon."""


def _groups(tokens: Sequence[Token]) -> tuple[list[_Group], set[int]]:
    """What is said together: *Friday mornings, Saturday afternoons* is two; and the days that are taken back."""
    groups: list[_Group] = [_Group(set())]
    without: set[int] = set()
    denied, reach, last_day = False, False, -1
    for name, hours in tokens:
        if name == _EXCEPT:
            denied = True
        elif name == _TO:
            reach = True
        elif name.isdigit() or name in _SEVERAL:
            days = _SEVERAL.get(name) or (int(name),)
            if reach and last_day >= 0 and name.isdigit():
                days = tuple((last_day + n) % DAYS for n in range((int(name) - last_day) % DAYS + 1))
            if denied:
                without.update(days)
            else:
                _add(groups, "days").days.update(days)
            last_day, reach = (int(name) if name.isdigit() else -1), False
        elif name == "hours" or name in _PARTS:
            if not denied:
                _add(groups, "hours").hours |= hours or _PARTS[name]
            reach = False
    return [one for one in groups if one.first], without


def _add(groups: list[_Group], kind: str) -> _Group:
    """The group that is being said, or the next: each goes on until what it began with comes again after the other."""
    last = groups[-1]
    if last.first == kind and last.last not in ("", kind):
        groups.append(last := _Group(set()))
    last.first, last.last = last.first or kind, kind
    return last
