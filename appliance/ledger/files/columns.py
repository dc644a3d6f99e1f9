"""The columns of every file: their names, what they mean and in which unit. ``docs/files.md`` has the same tables.

Amounts stand twice: as a decimal with a point in the community's unit (``12.50``) for people,
and as a whole number of its minor unit (``1250``) for programs. Either is enough to bring in.
"""

from dataclasses import dataclass
from typing import Final

from appliance.ledger.people.imports import LISTINGS, MEMBERS, OPENINGS, TRANSFERS


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        meaning: what stands there, with its unit.
        out: it is written.
        into: it is read. Others are passed over.
        needed: a file without it is not read.
        also: further names under which it is read.
    """

    name: str
    meaning: str
    out: bool = True
    into: bool = True
    needed: bool = False
    also: tuple[str, ...] = ()


def _amount(
    name: str, meaning: str, out: bool = True, into: bool = True, also: tuple[str, ...] = ()
) -> tuple[Column, ...]:
    minor = tuple(f"{other}_minor" for other in also)
    return (
        Column(name, f"{meaning}, in the community's unit, with a point", out, into, also=also),
        Column(f"{name}_minor", "the same in minor units, a whole number", out, into, also=minor),
    )


COLUMNS: Final[dict[str, tuple[Column, ...]]] = {
    MEMBERS: (
        Column("number", "account number in full; read as the number in the old list", also=("old_number",)),
        Column("name", "the name, at most 40 characters", needed=True),
        Column(
            "kind", "person, household, business, organisation, or commons; empty: person", also=("group",)
        ),
        Column("status", "active, away, frozen, closed or applied; rows of closed and applied are left out"),
        Column("keeper", "yes or no", into=False),
        Column("joined", "the day the account was opened, YYYY-MM-DD", into=False),
        *_amount("balance", "what stands on the account, negative when it owes", into=False),
        *_amount("low", "how far the account may go down, or none; empty: as usual for its kind"),
        *_amount("high", "how far the account may go up, or none; empty: as usual for its kind"),
        Column("limits_until", "the day these limits end, YYYY-MM-DD; empty: they stay", into=False),
        *_amount("opening", "what the account begins with; all of them are zero together", out=False),
    ),
    OPENINGS: (
        Column(
            "number",
            "account number, or the number in the old list",
            out=False,
            also=("account", "old_number"),
        ),
        Column("name", "the name; enough when one member alone has it", out=False),
        Column("kind", "commons: the row is the commons'; anything else is passed over", out=False),
        Column("status", "rows of closed and applied are left out", out=False),
        *_amount(
            "amount",
            "what the account begins with, negative when it owes",
            out=False,
            also=("balance", "opening"),
        ),
    ),
    LISTINGS: (
        Column("id", "names the listing at the hub it comes from", into=False),
        Column("owner", "account number, number in the old list, or name", needed=True, also=("number",)),
        Column("owner_name", "the owner's name; compared when it is read"),
        Column("kind", "offer or want", needed=True),
        Column("category", "one of the kinds below; empty: other"),
        Column("title", "at most 60 characters", needed=True),
        Column("text", "at most 500 characters, may have several lines"),
        *_amount("price", "the price; empty: to be agreed"),
        Column("unit", "what the price is for, one of the units below; empty: for all of it"),
        Column("quantity", "how many are left, a whole number up to 9999; empty: not counted"),
        Column("times", "when, in words, at most 60 characters"),
        Column("place", "where, in words, at most 40 characters"),
        Column(
            "until",
            "the last day it stays, YYYY-MM-DD, at most 366 days from now; empty: as the village's rules say",
        ),
        Column("state", "open, expired, hidden or closed; rows of all but open are left out"),
        Column("opened", "the day it was opened, YYYY-MM-DD", into=False),
    ),
    TRANSFERS: (
        Column("id", "names the transfer at the hub it comes from; parts of one have the same", into=False),
        Column("day", "the day it was paid, YYYY-MM-DD", needed=True, also=("date",)),
        Column("kind", "payment, request, care, reversal, split, opening, imported and others", into=False),
        Column(
            "payer", "account number, number in the old list, or name; commons for the commons", needed=True
        ),
        Column("payer_name", "the payer's name; compared when it is read"),
        Column("payee", "as payer", needed=True),
        Column("payee_name", "the payee's name; compared when it is read"),
        *_amount("amount", "what the payer gave"),
        *_amount("levy", "what the commons kept of it; negative: gave back with it; empty: nothing"),
        Column("category", "one of the categories below, or a kind of care; empty: other"),
        Column("note", "what the payer wrote, at most 140 characters", also=("text", "description")),
        Column("cancelled", "yes when it was given back later", into=False),
    ),
}
"""By what a file holds."""

NAMES: Final = frozenset(name for columns in COLUMNS.values() for c in columns for name in (c.name, *c.also))
"""Every name that some file of ours has: passed over without a word where it is not read."""

ERROR: Final = "error"
"""The further column of a file of errors; passed over when it is read."""


def out(what: str) -> tuple[str, ...]:
    """The names of the columns that are written."""
    return tuple(column.name for column in COLUMNS[what] if column.out)


def plain(name: str) -> str:
    """A column's name as it is compared: no case, spaces and hyphens as underscores."""
    return "_".join(name.strip().strip("\ufeff").casefold().replace("-", " ").replace("_", " ").split())


def known(what: str) -> dict[str, Column]:
    """The columns by all names under which they may stand."""
    found: dict[str, Column] = {}
    for column in COLUMNS[what]:
        found[column.name] = column
    for column in COLUMNS[what]:
        for name in column.also:
            found.setdefault(name, column)
    return found
