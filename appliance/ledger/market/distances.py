"""How far another village is on foot, as a keeper says it: for who looks for eggs, not for the ledger.

It is of this hub alone and goes on no feed: the way there may be longer than the way back, and each village says its own.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import shape
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.schema import Neighbour
from appliance.ledger.book.schema_market import HubDistance
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.people import powers
from appliance.ledger.values import HUB_NUMBERS

FARTHEST: Final = 1440
"""A day and a night on foot, in minutes."""


@dataclass(frozen=True, slots=True)
class SetDistance(Wordless):
    """A keeper says how many ``minutes`` another village is away on foot; None: nobody knows any more."""

    KIND: ClassVar[str] = "set_distance"
    VERSION: ClassVar[int] = 1

    hub: int
    minutes: int | None

    def payload(self) -> codec.Body:
        return {"hub": self.hub, "minutes": self.minutes}


def _decide(tx: Tx, command: SetDistance, asking: Asking) -> codec.Body | Refusal:
    if refusal := powers.refuse_unless_keeper(tx, asking.actor):
        return refusal
    if tx.get(Neighbour, hub=command.hub) is None:
        return Refusal(Code.UNKNOWN_HUB, {"hub": command.hub}, (Action.HOME,))
    if command.minutes is not None and not 1 <= command.minutes <= FARTHEST:
        return Refusal(Code.TIME_WRONG, {"longest_minutes": FARTHEST}, (Action.TRY_AGAIN,))
    return {}


def _apply(tx: Tx, entry: Entry) -> None:
    p = entry.act.payload
    if p["minutes"] is None:
        tx.delete(HubDistance, HubDistance.hub == p["hub"])
    else:
        tx.put(HubDistance, hub=p["hub"], minutes=p["minutes"], entry=entry.number)


def _may(tx: Tx, entry: Entry) -> bool:
    return tx.get(Neighbour, hub=entry.act.payload["hub"]) is not None and powers.by_keeper(tx, entry)


_SHAPE: Final = {
    "hub": shape.whole(HUB_NUMBERS.start, HUB_NUMBERS.stop - 1),
    "minutes": shape.or_none(shape.whole(1, FARTHEST)),
}

HANDLERS: Final = (Handler(SetDistance, _decide, _apply, _may, _SHAPE),)
