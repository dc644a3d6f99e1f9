"""The plain text of what hubs tell each other about trade loops: part of ``letters.py``.

============ ==================================================================================
LOOP         day until which it can be answered, then for each person: hub, member, number of the offer,
             number of the want of the next one, amount or null
LOOP_ANSWER  the LOOP record, member, 0 no or 1 yes, amount or null
LOOP_END     the LOOP record, how it ended (0 agreed, 1 declined, 2 lapsed), then the amount of each person or null
============ ==================================================================================

Each person serves the next one, the last the first. Sizes are in ``docs/wire.md``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from appliance.ledger.book.letters import Named, name_of, named, read_items, record_name, sequence
from appliance.ledger.book.records import LONGEST_SEALED
from appliance.ledger.book.shape import Check, or_none, whole
from appliance.ledger.errors import BadEncoding
from appliance.ledger.values import HUB_NUMBERS, MAX_AMOUNT

FEWEST: Final = 2
MOST: Final = 4
"""People in a loop."""

AGREED, DECLINED, LAPSED = "agreed", "declined", "lapsed"
ENDS: Final = (AGREED, DECLINED, LAPSED)
"""How a loop ends. Stable: the wire has its place in this list."""


@dataclass(frozen=True, slots=True)
class Leg:
    """Member ``member`` of ``hub`` gives ``offer`` for the next one's ``want``; ``amount`` minor units, None: to be agreed."""

    hub: int
    member: int
    offer: int
    want: int
    amount: int | None = None


def loop(until: int, legs: Sequence[Leg]) -> bytes:
    """Of a LOOP record."""
    return sequence(
        until, *(item for leg in legs for item in (leg.hub, leg.member, leg.offer, leg.want, leg.amount))
    )


def fits(until: int, legs: Sequence[Leg]) -> bool:
    """Whether a record has room for the loop; prices beyond any village's leave none."""
    return len(loop(until, legs)) <= LONGEST_SEALED


def answer(asked: Named, member: int, amount: int | None, *, yes: bool) -> bytes:
    """Of a LOOP_ANSWER record."""
    return sequence(name_of(asked), member, int(yes), amount)


def end(asked: Named, how: str, amounts: Sequence[int | None]) -> bytes:
    """Of a LOOP_END record."""
    return sequence(name_of(asked), ENDS.index(how), *amounts)


_HUB: Final = whole(HUB_NUMBERS.start, HUB_NUMBERS.stop - 1)
_MEMBER: Final = whole(1, 10**9)
_NUMBER: Final = whole(1, (1 << 40) - 1)
_AMOUNT: Final = or_none(whole(0, MAX_AMOUNT))
_LEG: Final[tuple[Check, ...]] = (_HUB, _MEMBER, _NUMBER, _NUMBER, _AMOUNT)


def read_loop(plain: bytes) -> tuple[int, tuple[Leg, ...]]:
    """The last day and the people of a LOOP record.

    Raises BadEncoding, as all of these, when it is not what its kind holds.
    """
    for people in range(FEWEST, MOST + 1):
        try:
            until, *items = read_items(plain, whole(0, 10**6), *(_LEG * people))
        except BadEncoding:
            continue
        legs = tuple(Leg(*items[n : n + 5]) for n in range(0, len(items), 5))
        if len({(leg.hub, leg.member) for leg in legs}) == people:
            return int(until), legs
    raise BadEncoding("not a loop of two to four people")


def read_answer(plain: bytes) -> tuple[Named, int, bool, int | None]:
    """The loop, the member, yes or no, and the amount of a LOOP_ANSWER record."""
    item, member, yes, amount = read_items(plain, record_name, _MEMBER, whole(0, 1), _AMOUNT)
    return named(item), int(member), bool(yes), amount


def read_end(plain: bytes) -> tuple[Named, str, tuple[int | None, ...]]:
    """The loop, how it ended, and the amounts of a LOOP_END record; an end of a later release is *lapsed*."""
    for people in range(FEWEST, MOST + 1):
        try:
            item, how, *amounts = read_items(plain, record_name, whole(0, 1 << 16), *((_AMOUNT,) * people))
        except BadEncoding:
            continue
        return named(item), ENDS[how] if how < len(ENDS) else LAPSED, tuple(amounts)
    raise BadEncoding("not the end of a loop")
