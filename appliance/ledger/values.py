"""Identifiers, amounts and their written forms.

Everything here is permanent: an account number is printed on cards that are carried for
years, a record id is what signatures and neighbours refer to. Nothing here reads a clock,
a file or a database.

An account number has three parts: the hub (three digits, given at admission and never
reused), the number at that hub (four digits or more) and a Verhoeff check digit over both
(J. Verhoeff, *Error Detecting Decimal Codes*, 1969; computed by python-stdnum). It catches
every single wrong digit and every swap of neighbours, the two slips people make most. Digits
alone can be typed on any phone's number pad and read in every script::

    101-0042-2     full form, on cards, in QR codes, between hubs
    42-2           short form, at home

Amounts are integers in the unit's minor unit; never a float.
"""

import base64
import unicodedata
from dataclasses import dataclass
from typing import Final, NewType

from stdnum import verhoeff

from appliance.ledger.errors import BadNumber

Amount = NewType("Amount", int)
"""Credit in the unit's minor unit (hundredths of an hour, say). Signed where it is a posting."""

AccountNumber = NewType("AccountNumber", int)
"""The number of an account at its own hub. Members count from 1; see ``COMMONS``."""

EntryNumber = NewType("EntryNumber", int)
"""Place of an entry in the hub's book, from 1, without gaps."""

RecordId = NewType("RecordId", bytes)
"""16 bytes: the head of the BLAKE2b-256 digest of a signed act. Names what the act created."""

COMMONS: Final = AccountNumber(0)
"""The account of the commons, out of which care is paid."""

UNRESOLVED: Final = AccountNumber(-1)
"""Credit found in a recovery whose owner is not yet known. Trunks are ``-hub`` (-101 and below)."""

MAX_AMOUNT: Final = Amount(10**12)
"""The largest amount of one posting; far above any village, far below SQLite's 64 bits."""

HUB_NUMBERS: Final = range(101, 1000)


@dataclass(frozen=True, slots=True, order=True)
class Account:
    """An account anywhere in the community: its hub and its number there."""

    hub: int
    number: AccountNumber

    @property
    def check(self) -> str:
        """The Verhoeff check digit over hub and number."""
        return str(verhoeff.calc_check_digit(f"{self.hub:03d}{self.number:04d}"))

    @property
    def full(self) -> str:
        """As on a card: ``101-0042-2``."""
        return f"{self.hub:03d}-{self.number:04d}-{self.check}"

    @property
    def short(self) -> str:
        """As people say it at home: ``42-2``."""
        return f"{self.number}-{self.check}"

    @property
    def compact(self) -> str:
        """As in a QR code's address: ``10100422``."""
        return self.full.replace("-", "")


_UNSEEN: Final = dict.fromkeys(
    [0x061C, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), 0x2060, *range(0x2066, 0x206A), 0xFEFF]
)
"""Marks of direction and spaces without width: they come along when a number is copied from a right-to-left page."""


def western_digits(text: str) -> str:
    """``text`` with every decimal digit of any script (٤٢, ४२) as 0-9, and without marks of direction."""
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text.translate(_UNSEEN))


def parse_account(text: str, home: int) -> Account:
    """Read an account number as people type it: full or short form, with or without hyphens.

    Args:
        text: what was typed; digits of any script, spaces, dots and hyphens are accepted.
        home: the hub that a short form belongs to.

    Raises:
        BadNumber: it is no number, or its check digit does not fit.
    """
    digits = western_digits(text)
    for separator in " -–−ـ.\u00a0\u2010\u2011":
        digits = digits.replace(separator, "")
    if not digits.isascii() or not digits.isdigit() or not 2 <= len(digits) <= 18:
        raise BadNumber(text)
    if len(digits) >= 8:
        hub, number, check = int(digits[:3]), digits[3:-1], digits[-1]
    else:
        hub, number, check = home, digits[:-1], digits[-1]
    account = Account(hub, AccountNumber(int(number)))
    # 0's beyond the fourth place are no padding but a slip (0 for the 6 of 60001), and they
    # would be checked as the shorter number that the check digit was not made for.
    padded = number.zfill(4) == f"{account.number:04d}"
    if hub not in HUB_NUMBERS or account.check != check or not padded:
        raise BadNumber(text)
    return account


@dataclass(frozen=True, slots=True)
class Unit:
    """What a community counts in. ``decimals`` places make the minor unit."""

    name: str
    symbol: str
    decimals: int

    def plain(self, amount: int) -> str:
        """``amount`` with a point and no grouping, for logs and the command line: ``-1.50``."""
        sign, rest = ("-" if amount < 0 else ""), abs(amount)
        if not self.decimals:
            return f"{sign}{rest}"
        whole, part = divmod(rest, 10**self.decimals)
        return f"{sign}{whole}.{part:0{self.decimals}d}"


_RFC4648: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_TO_CROCKFORD: Final = str.maketrans(_RFC4648, _CROCKFORD)
_AS_TYPED: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


def code_of(record: bytes) -> str:
    """The code people type for a request or a claim: 8 characters of Crockford's base 32.

    It is the first 40 bits of the record id (https://www.crockford.com/base32.html: no I, L,
    O or U, so that it survives handwriting).
    """
    return base64.b32encode(record[:5]).decode("ascii").translate(_TO_CROCKFORD)


def parse_code(text: str) -> str | None:
    """A typed code in its one form, or None when it cannot be one."""
    code = western_digits(text).strip().upper().translate(_AS_TYPED)
    return code if len(code) == 8 and all(c in _CROCKFORD for c in code) else None


def show_code(code: str) -> str:
    """A code as it is printed: ``7K3M-9Q2F``."""
    return f"{code[:4]}-{code[4:]}"
