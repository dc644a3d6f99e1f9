"""A keeper lets a box speak that keeps quiet since it lost its power or its card came into another board.

Such a box may have lost what it said last; if it went on, it would give numbers twice. It waits for a
neighbour's word of how much of its feed is there (``radio.shelf``). Where no neighbour can be heard,
a keeper who knows that nothing was said meanwhile, and that no other box runs with a copy of the
card, says so, with a reason; the act stands in the log.
"""

from dataclasses import dataclass
from typing import ClassVar

from appliance.ledger import codec
from appliance.ledger.book import startup
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.people import powers
from appliance.ledger.people.words import LONGEST_LINE, tidy, too_long


@dataclass(frozen=True, slots=True)
class Speak:
    """Let the hub say its own records again, on the keeper's word."""

    KIND: ClassVar[str] = "speak"
    VERSION: ClassVar[int] = 1

    reason: str

    def payload(self) -> codec.Body:
        return {}

    def private(self) -> dict[str, str]:
        return {"reason": self.reason}


def _decide(tx: Tx, command: Speak, asking: Asking) -> codec.Body | Refusal:
    if refusal := powers.refuse_unless_keeper(tx, asking.actor):
        return refusal
    if not tidy("reason", command.reason):
        return Refusal(Code.TEXT_MISSING, {}, (Action.TRY_AGAIN,))
    return too_long(command.reason, LONGEST_LINE) or {}


def _apply(_tx: Tx, _entry: Entry) -> None:
    """Nothing of the truth changes: the radio's process looks at a note of this box."""


def _let(tx: Tx, _entry: Entry, _command: Speak) -> None:
    startup.settled_in(tx)


HANDLERS = (Handler(Speak, _decide, _apply, powers.by_keeper, {}, attach=_let),)
