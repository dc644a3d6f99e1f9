"""What one row of a file says: understood, left out, or wrong in one place or more."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from appliance.ledger.book.rules import CARE_CATEGORIES, CATEGORIES, GROUPS
from appliance.ledger.book.taxonomy import SHIPPED_PARENT, UNITS
from appliance.ledger.clock import Instant
from appliance.ledger.errors import BadAmount
from appliance.ledger.files import cells
from appliance.ledger.files.directory import COMMONS_WORD, Directory, Lost, old_key
from appliance.ledger.files.reading import Problem, Row, Sheet, shown
from appliance.ledger.market.imported import MOST_DAYS, ImportListing
from appliance.ledger.market.listings import (
    CLOSED,
    EXPIRED,
    HIDDEN,
    LONGEST_PLACE,
    LONGEST_TIMES,
    LONGEST_TITLE,
    MOST_LEFT,
    OFFER,
    WANT,
)
from appliance.ledger.money.imported import DAY_MS, ImportTransfer
from appliance.ledger.people import powers
from appliance.ledger.people.imports import LISTINGS, MEMBERS, OPENINGS
from appliance.ledger.people.words import LONGEST_LINE, LONGEST_NAME, LONGEST_TEXT, tidy
from appliance.ledger.reads.people import folded
from appliance.ledger.values import COMMONS, MAX_AMOUNT, AccountNumber, Amount, Unit, western_digits

_ZERO: Final = Amount(0)
_EMPTY: Final = "empty"
_NO_LIMIT: Final = "none"
_GONE: Final = (powers.CLOSED, powers.APPLIED)


@dataclass(frozen=True, slots=True)
class Account:
    """Whose account a row means; for somebody who is not here yet, the number to come."""

    number: AccountNumber
    name: str


@dataclass(slots=True)
class Understood:
    """A row as it was understood. What its file does not have stays empty.

    ``would_have``: the limits that a newcomer would have.
    """

    line: int
    name: str = ""
    kind: str = ""
    old: str = ""
    limits: tuple[int | None, int | None] | None = None
    would_have: tuple[int | None, int | None] = (None, None)
    account: Account | None = None
    other: Account | None = None
    amount: Amount = _ZERO
    levy: int = 0
    day: int = 0
    category: str = "other"
    title: str = ""
    text: str = ""
    price: Amount | None = None
    unit: str | None = None
    quantity: int | None = None
    times: str = ""
    place: str = ""
    until: int | None = None

    @property
    def beside(self) -> list[str]:
        """What a listing says beside title and price, as it is shown."""
        count = "" if self.quantity is None else f"{self.quantity} ×"
        until = "" if self.until is None else f"→ {cells.show_day(self.until)}"
        return [one for one in (count, self.times, self.place, until) if one]

    def in_words(self, what: str, money: Callable[[int], str]) -> str:
        """The row as it was understood, for a preview on a terminal."""
        mine = "the commons" if self.account and not self.account.number else self.account
        who = mine.name if isinstance(mine, Account) else str(mine)
        if what == MEMBERS:
            return f"{who}, {self.kind or 'commons'}" + (
                f", begins with {money(self.amount)}" if self.amount else ""
            )
        if what == OPENINGS:
            return f"{who} begins with {money(self.amount)}"
        if what == LISTINGS:
            price = "" if self.price is None else f", {money(self.price)}"
            price += f" / {self.unit}" if self.unit else ""
            return ", ".join([f"{who}: {self.kind}, {self.category}, {self.title}{price}", *self.beside])
        other = self.other.name if self.other and self.other.number else "the commons"
        return f"{cells.show_day(self.day)}: {who} paid {other} {money(self.amount)}"

    def terms(self, what: str) -> list[Any]:
        """What somebody agrees to who agrees to this row."""
        number = None if what == MEMBERS or self.account is None else self.account.number
        return [
            *(self.line, self.name, self.kind, self.old, None if self.limits is None else list(self.limits)),
            *(number, self.other.number if self.other else None, self.amount, self.levy, self.day),
            *(self.category, self.title, self.text, self.price),
            # What was agreed to before these columns came is agreed to still.
            *((self.unit, self.quantity, self.times, self.place, self.until) if what == LISTINGS else ()),
        ]


def same_name(name: str) -> str:
    """A name as it is compared with others."""
    return folded(tidy("name", name))


class Reader:
    """Reads the rows of one file; gathers what is wrong with the present one."""

    def __init__(self, sheet: Sheet, directory: Directory, unit: Unit, now: Instant) -> None:
        self.sheet = sheet
        self.directory = directory
        self.unit = unit
        self.now = now
        self.today = now.ms // DAY_MS + 1  # it may be tomorrow already where the village is
        self.seen: dict[str, int] = {}
        self._row = Row(0, {})
        self._problems: list[Problem] = []

    def read(self, row: Row) -> Understood | list[Problem] | None:
        """The row, or what is wrong with it; None when it is left out."""
        self._row, self._problems = row, []
        found = self.understand(row)
        return self._problems or found

    def understand(self, row: Row) -> Understood | None:
        raise NotImplementedError

    def wrong(self, column: str, why: str, **numbers: str | int) -> None:
        title = self.sheet.names.get(column, column)
        self._problems.append(Problem(self._row.line, title, shown(self._row.get(column)), why, numbers))

    def words(self, column: str, longest: int, field: str = "line", needed: bool = False) -> str:
        """Text as it would be kept."""
        text = tidy(field, self._row.get(column))
        if needed and not text:
            self.wrong(column, "missing")
        if len(text) > longest:
            self.wrong(column, "too_long", longest=longest, length=len(text))
        return text

    def choice(self, column: str, options: tuple[str, ...], otherwise: str | None = None) -> str:
        """One of ``options``; what an empty cell stands for."""
        text = self._row.get(column).strip().casefold()
        if not text and otherwise is not None:
            return otherwise
        if text not in options:
            self.wrong(column, "choice" if text else "missing", options=", ".join(options))
            return options[0]
        return text

    def amount(self, column: str) -> int | None:
        """A signed amount out of either column; None when both are empty."""
        both = (column, f"{column}_minor")
        found: list[int] = []
        for name in both:
            text = self._row.get(name)
            if not text:
                continue
            try:
                found.append(cells.minor(text) if name.endswith("_minor") else cells.amount(text, self.unit))
            except BadAmount as error:
                self.wrong(name, "minor" if name.endswith("_minor") else "amount", how=error.why)
                return None
            if abs(found[-1]) > MAX_AMOUNT:
                self.wrong(name, "too_much", ceiling=int(MAX_AMOUNT))
                return None
        if len(set(found)) > 1:
            self.wrong(both[1], "differ", other=self.sheet.names.get(column, column))
            return None
        return found[0] if found else None

    def positive(self, column: str) -> Amount:
        """An amount above zero."""
        before = len(self._problems)
        found = self.amount(column)
        named = column if column in self.sheet.names else f"{column}_minor"
        if found is None and len(self._problems) == before:
            self.wrong(named, "missing")
        elif found is not None and found <= 0:
            self.wrong(named, "not_positive")
        return Amount(found or 0)

    def who(self, column: str, name: str) -> Account | None:
        """Somebody here, or the commons."""
        text = self._row.get(column)
        if not text:
            self.wrong(column, "missing")
            return None
        found = self.directory.find(text, self._row.get(name))
        if isinstance(found, Lost):
            self.wrong(column, found.why, **found.numbers)
            return None
        return Account(found.number, found.name)

    def twice(self, column: str, key: str) -> None:
        """An error when an earlier row has the same."""
        if (before := self.seen.get(key)) is not None:
            self.wrong(column, "twice", before=before)
        self.seen[key] = self._row.line

    def gone(self) -> bool:
        return self._row.get("status").strip().casefold() in _GONE


class _Members(Reader):
    def understand(self, row: Row) -> Understood | None:
        if self.gone():
            return None
        opening = self.amount("opening") or 0
        if row.get("kind").strip().casefold() == COMMONS_WORD:
            if not opening:
                return None
            self.twice("kind", COMMONS_WORD)
            return Understood(row.line, account=Account(COMMONS, ""), amount=Amount(opening))
        group = self.choice("kind", GROUPS, "person")
        name = self.words("name", LONGEST_NAME, "name", needed=True)
        old = self.words("number", LONGEST_NAME)
        if old:
            self.twice("number", old_key(old))
            if old_key(old) in self.directory.old:
                self.wrong("number", "old_known")
        limits = self.limits()
        return Understood(row.line, name, group, old, limits, limits or (None, None), amount=Amount(opening))

    def limits(self) -> tuple[int | None, int | None] | None:
        """Low and high, when the file says any; a missing one makes neither count."""
        low, high = self.limit("low", -1), self.limit("high", 1)
        if low is _EMPTY and high is _EMPTY:
            return None
        if low is _EMPTY or high is _EMPTY:
            self.wrong("low" if low is _EMPTY else "high", "limit_missing")
            return None
        return _or_none(low), _or_none(high)

    def limit(self, column: str, side: int) -> int | str | None:
        """One limit, None for none, or that the cell is empty. ``side``: its sign."""
        text = self._row.get(column) or self._row.get(f"{column}_minor")
        if text.strip().casefold() == _NO_LIMIT:
            return None
        if not text:
            return _EMPTY
        amount = self.amount(column)
        if amount is not None and amount * side < 0:
            self.wrong(column, "limit_side")
        return amount


def _or_none(limit: int | str | None) -> int | None:
    return limit if isinstance(limit, int) else None


class _Openings(Reader):
    def understand(self, row: Row) -> Understood | None:
        amount = self.amount("amount") or 0
        if self.gone() and not amount:
            return None
        if row.get("kind").strip().casefold() == COMMONS_WORD:
            account: Account | None = Account(COMMONS, "")
        else:
            account = self.who("number" if row.get("number") else "name", "name")
        if account is not None:
            self.twice("number" if row.get("number") else "name", str(account.number))
            known = self.directory.accounts.get(account.number)
            if known is not None and known.moved and amount and account.number != COMMONS:
                self.wrong("number" if row.get("number") else "name", "has_moved", name=known.name)
        return Understood(row.line, account=account, amount=Amount(amount))


_NOT_OPEN: Final = (CLOSED, EXPIRED, HIDDEN)


class _Listings(Reader):
    def understand(self, row: Row) -> Understood | None:
        if row.get("state").strip().casefold() in _NOT_OPEN:
            return None
        owner = self.who("owner", "owner_name")
        if owner is not None and not self.directory.accounts[owner.number].first:
            self.wrong("owner", "nobody")
        price = self.amount("price")
        if price is not None and price < 0:
            self.wrong("price", "not_positive")
        return Understood(
            row.line,
            account=owner,
            kind=self.choice("kind", (OFFER, WANT)),
            category=self.choice("category", tuple(SHIPPED_PARENT), "other"),
            title=self.words("title", LONGEST_TITLE, needed=True),
            text=self.words("text", LONGEST_TEXT, "text"),
            price=None if price is None else Amount(price),
            unit=self.choice("unit", UNITS, "") or None,
            quantity=self.quantity(),
            times=self.words("times", LONGEST_TIMES),
            place=self.words("place", LONGEST_PLACE),
            until=self.until(),
        )

    def quantity(self) -> int | None:
        text = self._row.get("quantity")
        if not text:
            return None
        digits = western_digits(text.strip())
        if digits.isascii() and digits.isdigit() and len(digits) <= 9 and int(digits) <= MOST_LEFT:
            return int(digits)
        self.wrong("quantity", "quantity", most=MOST_LEFT)
        return None

    def until(self) -> int | None:
        """The day on which it expires."""
        text = self._row.get("until")
        found = cells.day(text) if text else None
        if text and found is None:
            self.wrong("until", "day")
        elif found is not None and found > self.today + MOST_DAYS - 1:
            self.wrong("until", "until_far", days=MOST_DAYS)
        elif found is not None and (found < 0 or cells.last_ms(found) <= self.now.ms):
            self.wrong("until", "until_over")
        return found


class _Transfers(Reader):
    def understand(self, row: Row) -> Understood | None:
        payer, payee = self.who("payer", "payer_name"), self.who("payee", "payee_name")
        if payer is not None and payer == payee:
            self.wrong("payee", "same")
        amount, levy = self.positive("amount"), self.amount("levy") or 0
        if levy and amount and (levy >= amount or COMMONS in {a.number for a in (payer, payee) if a}):
            self.wrong("levy", "levy")
        day = self.day()
        category = self.choice("category", (*CATEGORIES, *CARE_CATEGORIES), "other")
        note = self.words("note", LONGEST_LINE)
        return Understood(
            row.line,
            account=payer,
            other=payee,
            amount=amount,
            levy=levy,
            day=day,
            category=category,
            text=note,
        )

    def day(self) -> int:
        text = self._row.get("day")
        found = cells.day(text)
        if found is None:
            self.wrong("day", "day" if text else "missing")
        elif found < 0 or found > self.today:
            self.wrong("day", "day_range")
        return found or 0


Make = Callable[[Sheet, Directory, Unit, Instant], Reader]

of_member: Final[Make] = _Members
of_opening: Final[Make] = _Openings
of_listing: Final[Make] = _Listings
of_transfer: Final[Make] = _Transfers


def as_transfer(digest: bytes, one: Understood) -> ImportTransfer:
    """The command of a row of transfers that was understood."""
    assert one.account is not None  # a row without both sides is a problem
    assert one.other is not None
    sides = (one.account.number, one.other.number)
    return ImportTransfer(digest, one.line, one.day, *sides, one.amount, one.category, one.levy, one.text)


def as_listing(digest: bytes, one: Understood) -> ImportListing:
    """The command of a row of listings that was understood."""
    assert one.account is not None  # a row without an owner is a problem
    said = (
        one.kind,
        one.category,
        one.title,
        one.text,
        one.price,
        one.unit,
        one.quantity,
        one.times,
        one.place,
    )
    until = None if one.until is None else cells.last_ms(one.until)
    return ImportListing(digest, one.line, one.account.number, *said, until)
