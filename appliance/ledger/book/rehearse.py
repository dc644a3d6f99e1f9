"""What would happen if: commands are decided and folded one after the other, and all of it is taken back.

A pile of paper slips is checked like this before a keeper signs it: each row against the state
that the rows before it leave behind, by the very rules that will count in earnest. Nobody signs
anything, no entry is chained, nothing stays.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from appliance.ledger.book import chain, fold, rules
from appliance.ledger.book.chain import Act, Entry
from appliance.ledger.book.command import FOLDS, HANDLERS, Book
from appliance.ledger.book.store import Tx, WriteBusy
from appliance.ledger.book.subject import Asking, Command
from appliance.ledger.clock import Instant
from appliance.ledger.errors import Action, Code, HubError, Refusal
from appliance.ledger.values import EntryNumber

Seen = TypeVar("Seen")


@dataclass(frozen=True, slots=True)
class Rehearsal(Generic[Seen]):
    """What would have happened.

    Attributes:
        refusals: for each command why it would be refused, or None.
        seen: what ``look`` saw at the end, after all that would be accepted.
    """

    refusals: tuple[Refusal | None, ...]
    seen: Seen


class _Over(HubError):
    """Ends the rehearsal and takes everything back."""


def rehearse(
    book: Book,
    made: Sequence[Callable[[int], Command]],
    member: int,
    at: Instant,
    look: Callable[[Tx], Seen],
) -> Rehearsal[Seen] | Refusal:
    """Try each command of ``member``'s in its turn; those that would be refused are left out.

    Args:
        made: each makes its command, told which place it has among those accepted (from 1).
        look: reads the state that would be there at the end.

    Raises:
        DataDirectoryError, BookDamaged: as ``Book.submit``.
    """
    authority = f"member:{member}"
    refusals: list[Refusal | None] = []
    seen: list[Seen] = []
    try:
        with book.store.write() as tx:
            in_force, last, accepted = rules.load(tx), chain.head(tx).number, 0
            for make in made:
                command = make(accepted + 1)
                key = len(refusals).to_bytes(chain.KEY_BYTES, "big")
                act = Act(
                    book.place, at, authority, key, command.KIND, command.VERSION, command.payload(), None
                )
                digest = act.digest()
                asking = Asking(authority, member, at, chain.record_id(digest), digest, in_force)
                outcome = HANDLERS[act.kind].decide(tx, command, asking)
                if isinstance(outcome, Refusal):
                    refusals.append(outcome)
                    continue
                accepted += 1
                fold.apply(tx, Entry(EntryNumber(last + accepted), b"", act, outcome, b""), FOLDS)
                refusals.append(None)
            seen.append(look(tx))
            raise _Over
    except _Over:
        return Rehearsal(tuple(refusals), seen[0])
    except WriteBusy:
        return Refusal(Code.BUSY, {}, (Action.TRY_AGAIN,))
