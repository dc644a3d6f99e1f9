"""People as others see them: number and name."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

import peewee as pw

from appliance.ledger.book.private import PrivateText
from appliance.ledger.book.schema import AccountRow, Member
from appliance.ledger.book.schema_credit import Further
from appliance.ledger.book.store import Tx
from appliance.ledger.money import accounts
from appliance.ledger.people import powers
from appliance.ledger.values import COMMONS, UNRESOLVED, AccountNumber


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account. The commons has number 0 and an empty name: screens have a
    word for it; so has somebody whose name was erased.

    ``hub`` is None for people of this hub. For somebody of another hub (``reads.crossings``) it
    is that hub's number, and ``hub_name`` its name; the name is empty when the other hub has
    told none: then nobody here can say whether the number is anybody's.

    ``owner`` is there when it is a further account of a member: ``number`` and ``name`` are then
    the account's own, and ``status`` says whether it can be used.
    """

    number: AccountNumber
    name: str
    status: str
    keeper: bool = False
    hub: int | None = None
    hub_name: str = ""
    owner: "Person | None" = None

    @property
    def commons(self) -> bool:
        return self.number == COMMONS

    @property
    def unresolved(self) -> bool:
        """Whether it stands for whoever it turns out to be (after a restore)."""
        return self.number == UNRESOLVED

    @property
    def far(self) -> bool:
        """Whether the account is at another hub."""
        return self.hub is not None

    @property
    def unchecked(self) -> bool:
        """Whether nothing but the number is known: no name says whose it is."""
        return self.far and not self.name and not self.commons

    def same(self, other: "Person | None") -> bool:
        """Whether both are one account: numbers begin anew at every hub."""
        return other is not None and (self.hub, self.number) == (other.hub, other.number)


def text_of(tx: Tx, entry: int | None, field: str) -> str:
    """One field of personal text; empty when there is none or it was erased."""
    if entry is None:
        return ""
    row = tx.get(PrivateText, entry=entry, field=field)
    return row.text if row else ""


def person(tx: Tx, number: int) -> Person | None:
    """The member of this number, the further account, the commons, or *unresolved*."""
    if number in (COMMONS, UNRESOLVED):
        return Person(AccountNumber(number), "", powers.ACTIVE)
    found = tx.first(_PERSON, number)
    if found is None:
        return _further(tx, number)
    _, status, keeper, name = found
    return Person(AccountNumber(number), name or "", status, bool(keeper))


_PEOPLE = """
SELECT member.number, member.status, member.keeper, private_text.text FROM member
LEFT JOIN private_text ON private_text.entry = member.name_entry AND private_text.field = 'name'
"""
_PERSON = f"{_PEOPLE} WHERE member.number = ?"


def _further(tx: Tx, number: int) -> Person | None:
    row, further = tx.get(AccountRow, number=number), tx.get(Further, account=number)
    owner = person(tx, row.owner) if row is not None and row.owner is not None and further else None
    if owner is None or further is None:
        return None
    name = text_of(tx, further.name_entry, "name")
    status = owner.status if further.state == accounts.OPEN else powers.CLOSED
    return Person(AccountNumber(number), name, status, owner=owner)


def further_accounts(tx: Tx) -> tuple[Person, ...]:
    """All further accounts in the order of their numbers."""
    found = (_further(tx, number) for (number,) in tx.select("SELECT account FROM further ORDER BY account"))
    return tuple(account for account in found if account is not None)


def people(tx: Tx, status: str | None = None) -> tuple[Person, ...]:
    """All members in the order of their numbers, or those of one status."""
    query = (
        Member.select(Member.number, Member.status, Member.keeper, PrivateText.text)
        .join(
            PrivateText,
            pw.JOIN.LEFT_OUTER,
            on=(PrivateText.entry == Member.name_entry) & (PrivateText.field == "name"),
        )
        .order_by(Member.number)
    )
    if status is not None:
        query = query.where(Member.status == status)
    return tuple(
        Person(AccountNumber(number), name or "", state, bool(keeper))
        for number, state, keeper, name in tx.rows(query.tuples())
    )


def folded(text: str) -> str:
    """``text`` for comparing: no case, no accents."""
    if text.isascii():  # most names are, and thousands are compared when somebody pays by name
        return text.lower().strip()
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold().strip()


def named(tx: Tx, text: str, most: int = 20, accounts_too: bool = False) -> tuple[Person, ...]:
    """Members who can be paid whose name has a word that begins with ``text``; the closest first.

    ``accounts_too``: further accounts, by their own names, as well.
    """
    everybody = (*people(tx), *further_accounts(tx)) if accounts_too else people(tx)
    return fitting((who for who in everybody if who.status in powers.STANDING), text, most)


def fitting(candidates: Iterable[Person], text: str, most: int = 20) -> tuple[Person, ...]:
    """Those of ``candidates`` whose name has a word that begins with ``text``; the closest first."""
    wanted = folded(text)
    if not wanted:
        return ()
    found = []
    for someone in candidates:
        name = folded(someone.name)
        if name == wanted:
            found.append((0, someone))
        elif name.startswith(wanted):
            found.append((1, someone))
        elif any(word.startswith(wanted) for word in name.split()):
            found.append((2, someone))
    found.sort(key=lambda pair: (pair[0], folded(pair[1].name), pair[1].hub or 0, pair[1].number))
    return tuple(someone for _, someone in found[:most])


def names(tx: Tx, numbers: set[int]) -> dict[int, Person]:
    """The people of these numbers, by number."""
    marks = ", ".join("?" * len(numbers))
    rows = tx.select(f"{_PEOPLE} WHERE member.number IN ({marks})", *numbers)
    found = {
        number: Person(AccountNumber(number), name or "", status, bool(keeper))
        for number, status, keeper, name in rows
    }
    # The commons and further accounts.
    others = {number: person(tx, number) for number in numbers - found.keys()}
    return found | {number: someone for number, someone in others.items() if someone is not None}


def owner_of(tx: Tx, account: int) -> int | None:
    """Whose account it is; None for the commons and unknown ones."""
    row = tx.get(AccountRow, number=account)
    return row.owner if row else None
