"""Who is at the other end: what every page of somebody signed in asks first, in one query."""

from dataclasses import dataclass
from typing import Final

from appliance.ledger.book.store import Tx
from appliance.ledger.reads.people import Person, person
from appliance.ledger.values import AccountNumber


@dataclass(frozen=True, slots=True)
class Visit:
    """A browser that has visited.

    Attributes:
        member: the number of the member who is signed in in it; None for a stranger.
        who: this member as others see it.
        salt: of the present seal of the member's key: another one after each new PIN or key; empty without one.
        data: what the portal remembers of it.
        boot, seen_ms: when that was written: the boot, and milliseconds since it.
    """

    member: int | None
    who: Person | None
    salt: bytes
    data: str
    boot: str
    seen_ms: int


def visit(tx: Tx, token: bytes) -> Visit | None:
    """The browser whose token has the digest ``token``."""
    found = tx.first(_VISIT, token)
    if found is None:
        return None
    number, data, boot, seen_ms, salt, status, keeper, name = found
    who = None
    if status is not None:
        who = Person(AccountNumber(number), name or "", status, bool(keeper))
    elif number is not None:
        who = person(tx, number)
    return Visit(number, who, b"" if salt is None else bytes(salt), data, boot, seen_ms)


_VISIT: Final = """
SELECT session.member, session.data, session.boot, session.seen_ms, sealed_key.salt,
  member.status, member.keeper, said.text
FROM session
LEFT JOIN sealed_key ON sealed_key.member = session.member
LEFT JOIN member ON member.number = session.member
LEFT JOIN private_text AS said ON said.entry = member.name_entry AND said.field = 'name'
WHERE session.token = ?
"""
