"""Who is meant in a file: by account number, by the number in the list of before, or by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from appliance.ledger.book.store import Tx
from appliance.ledger.errors import BadNumber
from appliance.ledger.people import imports
from appliance.ledger.people.words import tidy
from appliance.ledger.reads.people import folded
from appliance.ledger.values import COMMONS, Account, AccountNumber, parse_account, western_digits

HERE: Final = "here"
OLD: Final = "old"
NUMBERS: Final = (HERE, OLD)
"""Which numbers a file has: of this hub, or of the list from which its members came."""

COMMONS_WORD: Final = "commons"


@dataclass(frozen=True, slots=True)
class Known:
    """An account here: whose, and where it stands. ``first``: it is the owner's first one."""

    number: AccountNumber
    name: str
    status: str
    balance: int
    low: int | None
    high: int | None
    moved: bool
    first: bool


@dataclass(frozen=True, slots=True)
class Lost:
    """Nobody, or nobody for certain: a word of ``files.words`` and what its sentence says."""

    why: str
    numbers: Mapping[str, str | int]


class Directory:
    """Everybody at this hub, as files may name them.

    Args:
        numbers: ``HERE`` or ``OLD``.
    """

    def __init__(self, tx: Tx, hub: int, numbers: str) -> None:
        self._hub = hub
        self._numbers = numbers
        self.accounts: dict[AccountNumber, Known] = {}
        for number, name, status, balance, low, high, moved, first in tx.stream(_ACCOUNTS):
            where = (balance, low, high, bool(moved), bool(first))
            known = Known(AccountNumber(number), name, status, *where)
            self.accounts[known.number] = known
        self.old = {old_key(old): found for old, found in imports.old_numbers(tx).items()}
        self._named: dict[str, list[AccountNumber]] = {}
        for known in self.accounts.values():
            if known.first and known.name:
                self._named.setdefault(folded(known.name), []).append(known.number)

    def named(self, name: str) -> list[AccountNumber]:
        """Members of just this name."""
        return self._named.get(folded(tidy("name", name)), [])

    def find(self, text: str, name: str = "") -> Known | Lost:
        """The account that ``text`` names, of somebody who can trade or of the commons.

        Args:
            name: what the file calls the person; another one is a mistake.
        """
        found = self._find(text.strip())
        if isinstance(found, Lost):
            return found
        known = self.accounts[found]
        if found == COMMONS:
            return known
        if known.status not in imports.CAN_TRADE:
            return Lost("left", {"name": known.name})
        if name and folded(tidy("name", name)) != folded(known.name):
            return Lost("other_name", {"name": known.name})
        return known

    def _find(self, text: str) -> AccountNumber | Lost:
        if folded(text) == COMMONS_WORD:
            return COMMONS
        looks_like_one = not western_digits(text).strip("0123456789-–. ")
        if looks_like_one:
            return self._old(text) if self._numbers == OLD else self._here(text)
        if self._numbers == OLD and old_key(text) in self.old:
            return self._old(text)
        found = self.named(text)
        if len(found) == 1:
            return found[0]
        return Lost("several", {"count": len(found)}) if found else Lost("nobody_named", {})

    def _here(self, text: str) -> AccountNumber | Lost:
        try:
            account = parse_account(text, self._hub)
        except BadNumber:
            return Lost("number", {"example": Account(self._hub, AccountNumber(42)).full})
        if account.hub != self._hub:
            return Lost("other_hub", {"hub": account.hub})
        return account.number if account.number in self.accounts else Lost("nobody", {})

    def _old(self, text: str) -> AccountNumber | Lost:
        found = self.old.get(old_key(text), [])
        if len(found) == 1:
            return AccountNumber(found[0])
        if found:
            return Lost("several", {"count": len(found)})
        try:
            commons = parse_account(text, self._hub).number == COMMONS
        except BadNumber:
            commons = False
        return COMMONS if commons else Lost("nobody_old", {})


def old_key(text: str) -> str:
    """A number of an old list as it is compared: no case, no spaces, digits of any script."""
    return "".join(western_digits(text).casefold().split())


_ACCOUNTS: Final = """
SELECT account.number, COALESCE(private_text.text, ''),
    CASE WHEN account.owner <> account.number AND COALESCE(further.state, '') <> 'open' THEN 'closed'
        ELSE COALESCE(member.status, '') END, account.balance,
    account.low, account.high, EXISTS (SELECT 1 FROM posting WHERE posting.account = account.number),
    account.owner = account.number
FROM account LEFT JOIN member ON member.number = account.owner
LEFT JOIN further ON further.account = account.number
LEFT JOIN private_text ON private_text.entry = member.name_entry AND private_text.field = 'name'
WHERE account.kind IN ('member', 'commons')
"""
