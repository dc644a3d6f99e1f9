"""What a subject (money, people, market, care) offers to the write path.

A *command* is what somebody asks for. ``decide`` looks at the state and answers with an
outcome or a refusal; it changes nothing. ``apply`` folds an entry into the state; it looks at
nothing but the state and the entry, so that a replay gives the same rows. Only
``book.command`` knows all subjects.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from appliance.ledger import codec
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.rules import Rules
from appliance.ledger.book.shape import Shape
from appliance.ledger.book.store import Tx
from appliance.ledger.clock import Instant
from appliance.ledger.errors import Refusal
from appliance.ledger.values import RecordId


class Command(Protocol):
    """Something that changes the truth when it is accepted."""

    KIND: ClassVar[str]
    VERSION: ClassVar[int]

    def payload(self) -> codec.Body:
        """What goes into the book and under the signature."""
        ...

    def private(self) -> dict[str, str]:
        """Personal text, of which the book holds only a salted digest. Empty when there is none."""
        ...


class Wordless:
    """A command without personal text."""

    __slots__ = ()

    def private(self) -> dict[str, str]:
        return {}


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks, when, under which rules.

    Attributes:
        authority: as it will stand in the book.
        actor: the member's number; None for the hub, the root and a newcomer.
        record: the id that what is created will carry.
        digest: the whole digest of the signed act.
    """

    authority: str
    actor: int | None
    at: Instant
    record: RecordId
    digest: bytes
    rules: Rules


Decide = Callable[[Tx, Any, Asking], codec.Body | Refusal]
Apply = Callable[[Tx, Entry], None]
Warrant = Callable[[Tx, Entry], bool]


def always(_tx: Tx, _entry: Entry) -> bool:
    """The warrant of what needs none beyond the right kind of authority."""
    return True


@dataclass(frozen=True, slots=True)
class Handler:
    """How one kind of command is decided and applied. ``authorities`` who may ask for it.

    ``warrant`` says, of the state just before an entry, whether whoever signed it could move
    what it moves. ``decide`` has refused such a command long before; the warrant is what a
    replay can still check of a book that somebody wrote by hand.

    ``shape`` says what the fields of its payload may be.

    ``attach`` keeps what is private and not in the book (a sealed key); it runs in the same
    transaction after ``apply``, and never in a replay.
    """

    command: type[Command]
    decide: Decide
    apply: Apply
    warrant: Warrant
    shape: Shape
    authorities: tuple[str, ...] = ("member",)
    attach: Callable[[Tx, Entry, Any], None] | None = None
