"""Taking a file in: checked once more, then all of it in one transaction, or nothing.

Reading, checking and signing are done outside the book's lock. While the rows are written,
others wait for the book as they wait for each other, and read on meanwhile.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from appliance.ledger import codec
from appliance.ledger.book.chain import KEY_BYTES
from appliance.ledger.book.command import Receipt, Refused
from appliance.ledger.book.schema_credit import Import
from appliance.ledger.errors import Code, Refusal
from appliance.ledger.files.checking import Plan, check, refuse_alone
from appliance.ledger.hub import Hub
from appliance.ledger.keys import KeySigner
from appliance.ledger.people import powers
from appliance.ledger.people.imports import AgreeImport, ImportFile
from appliance.ledger.values import AccountNumber

_TRIES: Final = 3
"""How often it is checked anew when somebody joins in the very moment it is taken in."""

CHECKING: Final = "checking"
WRITING: Final = "writing"

Progress = Callable[[str, int, int], None]
"""Called now and then with which of the two it is at, what is done and what is to be done."""


@dataclass(frozen=True, slots=True)
class Brought:
    """A file as somebody brought it: what it holds, its bytes, its name, which numbers it has."""

    what: str
    data: bytes
    name: str
    numbers: str


@dataclass(frozen=True, slots=True)
class Taken:
    """It is all there. ``receipt`` is that of the entry that announced it."""

    plan: Plan
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Changed:
    """It was not taken in: it, or the book, is not what was shown. ``plan`` is how it is now."""

    plan: Plan


@dataclass(frozen=True, slots=True)
class No:
    """It was not taken in: the hub refused it. ``line`` is where in the file, 0 for all of it."""

    refusal: Refusal
    line: int = 0


def take_in(
    hub: Hub,
    brought: Brought,
    terms: bytes,
    reason: str,
    keeper: KeySigner,
    second: KeySigner | None,
    key: bytes,
    progress: Progress | None = None,
) -> Taken | Changed | No:
    """Take in what ``brought`` says, as ``keeper``, once.

    Args:
        terms: of the plan that was looked at (``Plan.terms``).
        second: another keeper, who agrees; asked only where the file needs two.
        key: idempotency key.

    Raises:
        HubError: the book cannot be read or written; nothing was taken in.
    """
    actor = number_of(keeper)
    for _ in range(_TRIES):
        plan = check(
            hub, brought.what, brought.data, brought.name, brought.numbers, _told(progress, CHECKING)
        )
        if plan.problems or plan.terms != terms:
            return Changed(plan)
        agreed = _agree(hub, plan, actor, second, key)
        if agreed is not None:
            return No(agreed)
        begun = ImportFile(
            plan.what,
            plan.digest,
            plan.terms,
            plan.count,
            len(plan.commands),
            plan.moved,
            plan.name,
            reason,
        )
        result = hub.submit_all([begun, *plan.commands], keeper, key, _told(progress, WRITING))
        if not isinstance(result, Refused):
            return Taken(plan, result[0])
        line = getattr(plan.commands[result.place - 1], "line", 0) if result.place else 0
        refused = No(result.refusal, line)
        if result.refusal.code is not Code.TERMS_CHANGED:
            break
    return refused


def number_of(signer: KeySigner) -> AccountNumber:
    """The member whose key it is."""
    return AccountNumber(int(signer.authority.partition(":")[2]))


def _agree(hub: Hub, plan: Plan, actor: int, second: KeySigner | None, key: bytes) -> Refusal | None:
    """Let the second keeper agree where one is needed; the refusal when there is none or it is the same."""
    with hub.reading() as tx:
        alone = refuse_alone(tx, plan, actor)
        row = tx.get(Import, digest=plan.digest, what=plan.what)
        keepers = powers.keepers(tx)
    if row is not None and row.keeper is not None:
        return Refusal(Code.ALREADY_IMPORTED, {"entry": int(row.entry or 0)})
    seconds = [number for number in keepers if number != actor]
    agreed = row is not None and bytes(row.terms) == plan.terms and row.agreed in seconds
    if alone is None or agreed:
        return None
    if second is None or second.authority == f"member:{actor}":
        return alone
    asked = AgreeImport(plan.what, plan.digest, plan.terms, plan.count, plan.moved)
    own = codec.digest("tch.file.agree", key + plan.terms)[:KEY_BYTES]
    result = hub.submit(asked, second, own)
    return result if isinstance(result, Refusal) else None


def _told(progress: Progress | None, phase: str) -> Callable[[int, int], None] | None:
    if progress is None:
        return None
    tell = progress
    return lambda done, total: tell(phase, done, total)
