"""Credit out of files: opening balances, and payments of before.

Everybody starts at zero here, and the sum is always zero: so opening balances come as one
transfer whose lines sum to zero, on accounts on which nothing has ever moved. Payments of
before come one by one, each with its own day.

Neither is held to limits: what was is not for today's rules to refuse. Who ends outside may
always move toward zero. Who may do it: ``people.imports``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import shape
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.rules import CARE_CATEGORIES, CATEGORIES
from appliance.ledger.book.schema import Transfer
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless
from appliance.ledger.clock import Quality
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.money import accounts
from appliance.ledger.money.postings import post
from appliance.ledger.money.transfers import DONE, IMPORTED, OPENING
from appliance.ledger.people import imports
from appliance.ledger.people.words import LONGEST_LINE, too_long
from appliance.ledger.values import COMMONS, MAX_AMOUNT, AccountNumber, Amount, RecordId

DAY_MS: Final = 86_400_000
_NOON_MS: Final = DAY_MS // 2

_OPENED_BY: Final = (imports.OPENINGS, imports.MEMBERS)
_MOVED_BY: Final = (imports.TRANSFERS,)


@dataclass(frozen=True, slots=True)
class ImportOpening(Wordless):
    """What accounts begin with, out of a file: account and signed amount each, in all zero.

    What the commons gets or gives is a line like any other: nothing is made up for it.
    """

    KIND: ClassVar[str] = "import_opening"
    VERSION: ClassVar[int] = 1

    digest: bytes
    amounts: tuple[tuple[AccountNumber, Amount], ...]

    def payload(self) -> codec.Body:
        return {"digest": self.digest, "amounts": [list(pair) for pair in self.amounts]}


@dataclass(frozen=True, slots=True)
class ImportTransfer:
    """A payment of before, out of a file. ``levy``: what the commons kept of it, or gave back with it."""

    KIND: ClassVar[str] = "import_transfer"
    VERSION: ClassVar[int] = 1

    digest: bytes
    line: int
    day: int
    payer: AccountNumber
    payee: AccountNumber
    amount: Amount
    category: str = "other"
    levy: int = 0
    note: str = ""

    def payload(self) -> codec.Body:
        return {
            "digest": self.digest,
            "line": self.line,
            "day": self.day,
            "payer": self.payer,
            "payee": self.payee,
            "amount": self.amount,
            "category": self.category,
            "levy": self.levy,
        }

    def private(self) -> dict[str, str]:
        return {"note": self.note} if self.note else {}


def moved(tx: Tx, number: int) -> bool:
    """Whether anything has ever moved on an account."""
    return tx.first("SELECT 1 FROM posting WHERE account = ? LIMIT 1", number) is not None


def _decide_opening(tx: Tx, command: ImportOpening, asking: Asking) -> codec.Body | Refusal:
    file = imports.asked(tx, command.digest, _OPENED_BY, asking)
    if isinstance(file, Refusal):
        return file
    total = sum(amount for _, amount in command.amounts)
    if total:
        return Refusal(Code.NOT_BALANCED, {"difference": total}, (Action.TRY_AGAIN,))
    if not _amounts([list(pair) for pair in command.amounts]):
        return Refusal(Code.AMOUNT_WRONG, {}, (Action.TRY_AGAIN,))
    numbers = [number for number, _ in command.amounts]
    return _refuse_opening(tx, numbers) or _refuse_moving(tx, file, asking.actor, numbers) or {}


def _refuse_opening(tx: Tx, numbers: Iterable[int]) -> Refusal | None:
    for number in numbers:
        if refusal := _refuse_account(tx, number):
            return refusal
        if number != COMMONS and moved(tx, number):
            return Refusal(Code.HAS_MOVED, {"number": number}, (Action.CHECK_NUMBER,))
    return None


def _refuse_account(tx: Tx, number: int) -> Refusal | None:
    """The refusal unless it is the account of somebody here who can trade, or of the commons."""
    found = tx.first(_OWNER, number)
    if found is None or found[0] not in (accounts.MEMBER, accounts.COMMONS_KIND):
        return Refusal(Code.UNKNOWN_ACCOUNT, {}, (Action.CHECK_NUMBER,))
    if found[0] == accounts.MEMBER and (found[1] not in imports.CAN_TRADE or found[2] == "closed"):
        return Refusal(Code.ACCOUNT_CLOSED, {}, (Action.CHECK_NUMBER, Action.ASK_KEEPER))
    return None


# As ``accounts.usable``, for thousands of rows.
_OWNER: Final = """
SELECT account.kind, member.status,
    CASE WHEN account.owner <> account.number AND COALESCE(further.state, '') <> 'open' THEN 'closed' END
FROM account LEFT JOIN member ON member.number = account.owner
LEFT JOIN further ON further.account = account.number
WHERE account.number = ?
"""


def _refuse_moving(tx: Tx, file: imports.Begun, actor: int | None, numbers: Iterable[int]) -> Refusal | None:
    return None if file.agreed else imports.refuse_alone(tx, file.others, actor, numbers)


def _may_open(tx: Tx, entry: Entry) -> bool:
    file, pairs = imports.by_importer(tx, entry, _OPENED_BY), entry.act.payload["amounts"]
    numbers = [number for number, _ in pairs]
    if file is None or sum(amount for _, amount in pairs) or _refuse_opening(tx, numbers):
        return False
    return _refuse_moving(tx, file, entry.actor, numbers) is None


def _apply_opening(tx: Tx, entry: Entry) -> None:
    pairs, at = entry.act.payload["amounts"], entry.act.at
    tx.insert(
        Transfer,
        id=entry.record,
        kind=OPENING,
        state=DONE,
        # Of everybody together there is no payer and no payee; the commons stands for all.
        payer=COMMONS,
        payee=COMMONS,
        amount=sum(amount for _, amount in pairs if amount > 0),
        category="other",
        opened_entry=entry.number,
        opened_ms=at.ms,
        closed_entry=entry.number,
        closed_ms=at.ms,
        closed_quality=int(at.quality),
    )
    lines = tuple((AccountNumber(number), Amount(amount)) for number, amount in pairs)
    post(tx, RecordId(entry.record), lines, entry.number)
    imports.count_row(tx, entry, _OPENED_BY)


def _decide_transfer(tx: Tx, command: ImportTransfer, asking: Asking) -> codec.Body | Refusal:
    file = imports.asked(tx, command.digest, _MOVED_BY, asking)
    if isinstance(file, Refusal):
        return file
    kept = command.amount - command.levy
    if not 0 < command.amount <= MAX_AMOUNT or not 0 < kept <= MAX_AMOUNT:
        return Refusal(Code.AMOUNT_WRONG, {"amount": command.amount}, (Action.TRY_AGAIN,))
    if command.category not in (*CATEGORIES, *CARE_CATEGORIES):
        return Refusal(Code.UNKNOWN_CATEGORY, {}, (Action.TRY_AGAIN,))
    if command.payer == command.payee:
        return Refusal(Code.OWN_ACCOUNT, {}, (Action.CHECK_NUMBER,))
    if not 0 <= command.day <= asking.at.ms // DAY_MS + 1:
        return Refusal(Code.TIME_WRONG, {}, (Action.TRY_AGAIN,))
    sides = (command.payer, command.payee)
    for number in sides:
        if refusal := _refuse_account(tx, number):
            return refusal
    if command.levy and COMMONS in sides:
        return Refusal(Code.AMOUNT_WRONG, {"amount": command.levy}, (Action.TRY_AGAIN,))
    credit = _refuse_moving(tx, file, asking.actor, sides)
    return credit or too_long(command.note, LONGEST_LINE) or {}


def _may_transfer(tx: Tx, entry: Entry) -> bool:
    file, p = imports.by_importer(tx, entry, _MOVED_BY), entry.act.payload
    sides = (p["payer"], p["payee"])
    if file is None or sides[0] == sides[1] or any(_refuse_account(tx, number) for number in sides):
        return False
    fits = 0 < p["amount"] - p["levy"] <= MAX_AMOUNT and not (p["levy"] and COMMONS in sides)
    timely = p["day"] <= entry.act.at.ms // DAY_MS + 1
    return fits and timely and _refuse_moving(tx, file, entry.actor, sides) is None


def _apply_transfer(tx: Tx, entry: Entry) -> None:
    p = entry.act.payload
    noon = p["day"] * DAY_MS + _NOON_MS
    tx.insert(
        Transfer,
        id=entry.record,
        kind=IMPORTED,
        state=DONE,
        payer=p["payer"],
        payee=p["payee"],
        amount=p["amount"],
        category=p["category"],
        text_entry=entry.number if entry.act.private_digest else None,
        opened_entry=entry.number,
        opened_ms=noon,
        closed_entry=entry.number,
        closed_ms=noon,
        # The day is what the file says; nobody here saw it.
        closed_quality=int(Quality.NONE),
    )
    payer, payee = AccountNumber(p["payer"]), AccountNumber(p["payee"])
    lines = [(payer, Amount(-p["amount"])), (payee, Amount(p["amount"] - p["levy"]))]
    if p["levy"]:
        lines.append((COMMONS, Amount(p["levy"])))
    post(tx, RecordId(entry.record), lines, entry.number)
    imports.count_row(tx, entry, _MOVED_BY)


def _amounts(value: Any) -> bool:
    """Two accounts or more, each once, each with an amount that is not zero."""
    if type(value) is not list or len(value) < 2:
        return False
    if not all(type(pair) is list and len(pair) == 2 for pair in value):
        return False
    amount = shape.whole(-MAX_AMOUNT, MAX_AMOUNT)
    if not all(shape.ACCOUNT(number) and amount(moved) and moved for number, moved in value):
        return False
    return len({number for number, _ in value}) == len(value)


HANDLERS = (
    Handler(
        ImportOpening,
        _decide_opening,
        _apply_opening,
        _may_open,
        {"digest": shape.DIGEST, "amounts": _amounts},
    ),
    Handler(
        ImportTransfer,
        _decide_transfer,
        _apply_transfer,
        _may_transfer,
        {
            "digest": shape.DIGEST,
            "line": imports.LINE,
            "day": shape.whole(0, 100_000),
            "payer": shape.ACCOUNT,
            "payee": shape.ACCOUNT,
            "amount": shape.AMOUNT,
            "category": shape.word,
            "levy": shape.whole(-MAX_AMOUNT, MAX_AMOUNT),
        },
    ),
)
