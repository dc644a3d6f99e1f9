"""The plain text of what hubs tell each other about matches: part of ``letters.py``.

===== ==================================================================================
MATCH the sender's listing, the destination's listing, what the sender's member says (0 no, 1 yes, 2 it happened),
      [the SENT record by which it was paid]
===== ==================================================================================

Which of the two is the offer the destination knows: one of them is its own. Who says it is not named: a listing has one
owner. Sizes are in ``docs/wire.md``.
"""

from dataclasses import dataclass
from typing import Final

from appliance.ledger.book.letters import Named, name_of, named, read_items, record_name, sequence
from appliance.ledger.book.shape import whole
from appliance.ledger.errors import BadEncoding

NO, YES, HAPPENED = "no", "yes", "happened"
SAYINGS: Final = (NO, YES, HAPPENED)
"""What somebody says of a match. Stable: the wire has its place in this list."""


@dataclass(frozen=True, slots=True)
class Saying:
    """What the owner of the sender's listing ``mine`` says of a match with ``theirs``; ``paid``: by which SENT record."""

    mine: int
    theirs: int
    said: str
    paid: Named | None = None


def match(saying: Saying) -> bytes:
    """Of a MATCH record."""
    head = sequence(saying.mine, saying.theirs, SAYINGS.index(saying.said))
    return head if saying.paid is None else head + sequence(name_of(saying.paid))


_NUMBER: Final = whole(1, (1 << 40) - 1)


def read_match(plain: bytes) -> Saying:
    """What a MATCH record says; what only a later release knows is *no*, as nothing may be built on it.

    Raises:
        BadEncoding: it is not what its kind holds.
    """
    try:
        mine, theirs, said = read_items(plain, _NUMBER, _NUMBER, whole(0, 1 << 16))
        paid = None
    except BadEncoding:
        mine, theirs, said, item = read_items(plain, _NUMBER, _NUMBER, whole(0, 1 << 16), record_name)
        paid = named(item)
    return Saying(int(mine), int(theirs), SAYINGS[said] if said < len(SAYINGS) else NO, paid)
