"""A pile of paper slips as it is being typed in: its rows read, and tried against the book.

Nothing is changed here. What was typed is kept as it is, row by row, with what is not right beside it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from flask import request
from flask_babel import gettext as _
from flask_babel import ngettext

from appliance.ledger import codec
from appliance.ledger.book.store import Tx
from appliance.ledger.errors import BadAmount, Code, Refusal
from appliance.ledger.money import accounts
from appliance.ledger.money.limits import Level, level_high, level_low
from appliance.ledger.money.slips import EnterSlip
from appliance.ledger.reads.people import Person, folded, named, person
from appliance.ledger.values import COMMONS, AccountNumber, Amount, western_digits
from appliance.web.ground.days import SAID, BadDay, read_day
from appliance.web.ground.here import the_hub
from appliance.web.people.whom import account_in, fits_nobody, looks_like_number
from appliance.web.wording.amounts import levy_on, money, name_and_number, name_of, read_amount
from appliance.web.wording.labels import as_date, as_day, today
from appliance.web.wording.words import CATEGORY_WORDS, amount_refusal, sentence

FIELDS: Final = ("payer", "payee", "amount", "day", "kind", "note", "again")
"""The columns of the table, in their order; a field is called by a letter and its row: ``a1`` to ``g40``."""

LETTERS: Final = "abcdefg"

MOST_ROWS: Final = 40
"""Slips of one pile: a page of that many still is under 30 KB."""

ROWS_AT_FIRST: Final = 10
_LONGEST: Final = 200
_MOST_NAMES: Final = 5
_MOST_SAID: Final = 2


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it was typed."""

    payer: str = ""
    payee: str = ""
    amount: str = ""
    day: str = ""
    kind: str = ""
    note: str = ""
    again: str = ""

    @property
    def empty(self) -> bool:
        return not (self.payer or self.payee or self.amount or self.day or self.kind or self.note)


@dataclass(frozen=True, slots=True)
class Typed:
    """A pile as it was typed: its rows, and what the keeper counted by hand."""

    rows: tuple[Row, ...]
    count: str = ""
    total: str = ""

    def to_body(self) -> dict[str, Any]:
        """As it is kept in a draft: empty rows at the end are not."""
        rows = [[getattr(row, name) for name in FIELDS] for row in self.rows]
        while rows and not any(rows[-1]):
            rows.pop()
        return {"rows": rows, "size": len(self.rows), "count": self.count, "total": self.total}

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> "Typed":
        rows = [Row(*row) for row in body["rows"]]
        return cls(_filled(rows, int(body["size"])), body["count"], body["total"])

    def longer(self) -> "Typed":
        """With more rows, as far as a pile can have them."""
        size = min(MOST_ROWS, len(self.rows) + ROWS_AT_FIRST)
        return Typed(_filled(list(self.rows), size), self.count, self.total)


def _filled(rows: list[Row], size: int) -> tuple[Row, ...]:
    return (*rows, *(Row() for _n in range(min(size, MOST_ROWS) - len(rows))))


def nothing_typed() -> Typed:
    """A new pile."""
    return Typed(_filled([], ROWS_AT_FIRST))


def typed_in_form() -> Typed:
    """What the form says."""

    def text(name: str) -> str:
        return " ".join(request.form.get(name, "").split())[:_LONGEST]

    rows = [Row(*(text(f"{letter}{n}") for letter in LETTERS)) for n in range(1, MOST_ROWS + 1)]
    size = max([n for n in range(1, MOST_ROWS + 1) if f"a{n}" in request.form], default=ROWS_AT_FIRST)
    return Typed(tuple(rows[:size]), text("count"), text("total"))


@dataclass(frozen=True, slots=True)
class Line:
    """A row that could be read."""

    place: int
    payer: Person
    payee: Person
    amount: Amount
    day: int
    category: str
    note: str
    again: bool

    def command(self, pile: bytes, line: int) -> EnterSlip:
        return EnterSlip(
            pile,
            line,
            AccountNumber(self.payer.number),
            AccountNumber(self.payee.number),
            self.amount,
            self.day,
            self.category,
            self.note,
            self.again,
        )

    def same(self, other: "Line") -> bool:
        """Whether both slips say the same of the same day."""
        mine, theirs = ((x.payer.number, x.payee.number, x.amount, x.day) for x in (self, other))
        return mine == theirs


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is not right about a row, at which field; ``tick``: unless the keeper ticks that it is."""

    at: str
    words: str
    tick: bool = False


@dataclass(frozen=True, slots=True)
class Near:
    """An account that the pile brings near to a limit, and where it will stand."""

    who: Person
    balance: int
    limit: int


@dataclass(slots=True)
class Checked:
    """A pile, read and tried.

    Attributes:
        lines: the rows that could be read, in their order.
        wrong: what is not right, by row; of each row the first few things.
        count, amount: how many rows there are, and the sum of the amounts that could be read.
        about_pile: what is not right about the pile as a whole, by field.
        levy: what of it goes to the commons.
        near: who will be near a limit.
        busy: why it could not be tried at all.
    """

    lines: list[Line] = field(default_factory=list)
    wrong: dict[int, tuple[Wrong, ...]] = field(default_factory=dict)
    count: int = 0
    amount: int = 0
    about_pile: dict[str, str] = field(default_factory=dict)
    levy: int = 0
    near: tuple[Near, ...] = ()
    busy: Refusal | None = None

    @property
    def ready(self) -> bool:
        """Whether it can be typed in as it is."""
        return bool(self.lines) and not self.wrong and not self.about_pile and self.busy is None

    def commands(self, pile: bytes) -> list[EnterSlip]:
        return [line.command(pile, number) for number, line in enumerate(self.lines, 1)]

    def digest(self) -> str:
        """What the check page showed, in short: it is sent back with the PIN."""
        told: list[codec.Value] = [[c.payload(), c.note, c.again] for c in self.commands(bytes(16))]
        return codec.digest("tch.web.slips", codec.encode(told)).hex()


def check(typed: Typed, pile: bytes, keeper: int) -> Checked:
    """Read every row that is not empty and try them all, in their order."""
    found = Checked()
    with the_hub().reading() as tx:
        for place, row in enumerate(typed.rows, 1):
            if not row.empty:
                found.count += 1
                _read_row(tx, place, row, found)
    _try(found, pile, keeper)
    _compare(typed, found)
    found.wrong = _shortened(found.wrong)
    found.levy = sum(levy_on(line.amount, line.payee) for line in found.lines)
    return found


def _shortened(wrong: Mapping[int, tuple[Wrong, ...]]) -> dict[int, tuple[Wrong, ...]]:
    """What is wrong, each sentence once and all together no longer than a page has room for.

    Later rows refer to the one that says it; where no room is left they are marked, and the next
    check says what it is.
    """
    said: dict[str, int] = {}
    room, short = _ROOM_FOR_WORDS, {}
    for place, ones in sorted(wrong.items()):
        kept: list[Wrong] = []
        for one in ones:
            words = one.words
            if words in said:
                words = _("As in row %(row)s.", row=said[words])
            elif len(words) > _SHORT and len(words.encode()) > room:
                words = _("Not right yet.")
            else:
                said[words] = place
                room -= len(words.encode())
            # Of one row nothing is said twice: both fields are marked.
            kept.append(replace(one, words="" if any(words == other.words for other in kept) else words))
        short[place] = tuple(kept)
    return short


_ROOM_FOR_WORDS: Final = 2400
"""Bytes of sentences about rows, before they are cut short."""

_SHORT: Final = 40
"""Letters of a sentence that is not worth cutting."""


def _read_row(tx: Tx, place: int, row: Row, found: Checked) -> None:
    """Into ``found``: a line, or what is not right."""
    wrong: list[Wrong] = []
    payer, payee = (_whom(tx, getattr(row, name), name, wrong) for name in ("payer", "payee"))
    amount = _amount(row.amount, wrong)
    found.amount += amount or 0
    day, category = _day(row.day, wrong), _category(row.kind, wrong)
    if wrong or payer is None or payee is None or amount is None or day is None:
        found.wrong[place] = tuple(wrong[:_MOST_SAID])
        return
    found.lines.append(Line(place, payer, payee, amount, day, category, row.note, bool(row.again)))


def _whom(tx: Tx, text: str, at: str, wrong: list[Wrong]) -> Person | None:
    """Whose number or name it is; more than one are named with their numbers."""
    if not text:
        words = _("Who gave? Type the number or the name.")
        wrong.append(Wrong(at, words if at == "payer" else _("Who got it? Type the number or the name.")))
        return None
    if looks_like_number(text):
        account = account_in(text)
        if account is None:
            wrong.append(
                Wrong(at, _("Nobody can have the number %(number)s: a digit is wrong.", number=text))
            )
        elif account.hub != the_hub().number:
            wrong.append(Wrong(at, _("%(number)s is a number of another village.", number=text)))
        elif (someone := person(tx, account.number)) is not None:
            return someone
        else:
            wrong.append(Wrong(at, _("Nobody here has the number %(number)s.", number=text)))
        return None
    if folded(text) == folded(name_of(person(tx, COMMONS))):
        return person(tx, COMMONS)
    people = named(tx, text, _MOST_NAMES + 1)
    if len(people) == 1:
        return people[0]
    if not people:
        wrong.append(Wrong(at, fits_nobody(text)))
        return None
    names = ", ".join(name_and_number(someone) for someone in people[:_MOST_NAMES])
    more = ", …" if len(people) > _MOST_NAMES else ""
    wrong.append(
        Wrong(
            at, _("More than one fits “%(text)s”. Type the number: %(names)s", text=text, names=names + more)
        )
    )
    return None


def _amount(text: str, wrong: list[Wrong]) -> Amount | None:
    try:
        return read_amount(text)
    except BadAmount as error:
        wrong.append(Wrong("amount", sentence(amount_refusal(error))))
        return None


def _day(text: str, wrong: list[Wrong]) -> int | None:
    try:
        return as_day(read_day(text, as_date(today())))
    except BadDay as error:
        wrong.append(Wrong("day", SAID[error.why]()))
        return None


def _category(text: str, wrong: list[Wrong]) -> str:
    """The kind whose word begins like that; nothing typed is *other*."""
    if not text:
        return "other"
    words = {name: folded(word()) for name, word in CATEGORY_WORDS.items()}
    fitting = [name for name, word in words.items() if word == folded(text)]
    fitting = fitting or [name for name, word in words.items() if word.startswith(folded(text))]
    if len(fitting) != 1:
        wrong.append(Wrong("kind", _("Choose the kind from the list, or leave it empty.")))
        return ""
    return fitting[0]


def _try(found: Checked, pile: bytes, keeper: int) -> None:
    """Let each line meet what the lines before it leave behind, by the rules of the book."""
    room: dict[int, tuple[int, int]] = {}

    def turn(line: Line) -> Callable[[int], EnterSlip]:
        def made(number: int) -> EnterSlip:
            with the_hub().reading() as tx:  # in the rehearsal: as the lines before have left it
                payer, payee = (accounts.get(tx, who.number) for who in (line.payer, line.payee))
            gives = accounts.can_give(payer) if payer is not None else 0
            gets = accounts.can_receive(payee) if payee is not None else 0
            room[line.place] = (gives or 0, gets or 0)
            return line.command(pile, number)

        return made

    people: dict[int, Person] = {who.number: who for line in found.lines for who in (line.payer, line.payee)}
    shown = the_hub().rehearse([turn(line) for line in found.lines], keeper, lambda tx: _near(tx, people))
    if isinstance(shown, Refusal):
        found.busy = shown
        return
    found.near = shown.seen
    for line, no in zip(found.lines, shown.refusals, strict=True):
        if no is not None:
            found.wrong[line.place] = (_said(line, no, room[line.place], found.lines),)


def _near(tx: Tx, people: Mapping[int, Person]) -> tuple[Near, ...]:
    found = []
    for number, who in sorted(people.items()):
        account = accounts.get(tx, number)
        if account is None or who.commons:
            continue
        if level_low(account.balance, account.low) in (Level.NEAR, Level.OVER):
            found.append(Near(who, account.balance, account.low or 0))
        elif level_high(account.balance, account.high) in (Level.NEAR, Level.OVER):
            found.append(Near(who, account.balance, account.high or 0))
    return tuple(found)


def _said(line: Line, no: Refusal, room: tuple[int, int], lines: list[Line]) -> Wrong:
    """Why a row is refused, in words that name its people; a keeper sees their numbers at the desk anyway."""
    if no.code is Code.PARTY:
        return Wrong("payer", _("You have a part in this slip yourself: another keeper must type it in."))
    if no.code is Code.OWN_ACCOUNT:
        return Wrong("payee", _("Who gave and who got it are the same."))
    if no.code is Code.PAYER_LIMIT:
        words = _("%(name)s can give only %(room)s here.", name=name_of(line.payer), room=money(room[0]))
        return Wrong("amount", words)
    if no.code is Code.PAYEE_LIMIT:
        words = _("%(name)s can receive only %(room)s here.", name=name_of(line.payee), room=money(room[1]))
        return Wrong("amount", words)
    if no.code is Code.ACCOUNT_CLOSED:
        return Wrong("payer", _("One of the two cannot trade here now."))
    if no.code is Code.UNKNOWN_ACCOUNT:
        return Wrong("payer", _("One of the two has no account that a slip can move."))
    if no.code is Code.SAME_SLIP:
        return Wrong("again", _already(line, lines), tick=True)
    at = {Code.TIME_WRONG: "day", Code.TEXT_TOO_LONG: "note"}.get(no.code, "amount")
    return Wrong(at, sentence(no))


def _already(line: Line, lines: list[Line]) -> str:
    before = [other.place for other in lines if other.place < line.place and other.same(line)]
    if before:
        return _("Already there? Row %(row)s says the same.", row=before[0])
    return _("Already there? An equal slip is in the book: the same people, amount and day.")


def _compare(typed: Typed, found: Checked) -> None:
    """What was counted by hand against what was typed in."""
    if not found.count:
        found.about_pile["rows"] = _("Nothing is typed in yet.")
        return
    digits = western_digits(typed.count)
    if not (digits.isascii() and digits.isdigit() and len(digits) < 5):
        found.about_pile["count"] = _("Count the slips by hand, and type how many there are.")
    elif int(digits) != found.count:
        found.about_pile["count"] = ngettext(
            "You counted %(counted)s, but %(num)s slip is typed in.",
            "You counted %(counted)s, but %(num)s slips are typed in.",
            found.count,
            counted=int(digits),
        )
    try:
        total = read_amount(typed.total)
    except BadAmount:
        found.about_pile["total"] = _("Add the amounts up by hand, and type the sum.")
        return
    if total != found.amount:
        words = (
            _("By hand you added up %(total)s. The rows add up to %(amount)s: %(less)s less.")
            if total > found.amount
            else _("By hand you added up %(total)s. The rows add up to %(amount)s: %(less)s more.")
        )
        found.about_pile["total"] = words % {
            "total": money(total),
            "amount": money(found.amount),
            "less": money(abs(total - found.amount)),
        }
