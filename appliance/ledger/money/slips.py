"""Paper slips: two people without a phone write one and sign it, and a keeper types it in.

::

    (nothing) --enter_slip (by a keeper who is no party)--> done

A pile of slips is one batch (``Book.submit_all``): its slips carry the pile's id and their lines,
1, 2, 3, ..., of one keeper at one moment. Nothing is ever added to a pile afterwards.

Neither payer nor payee saw it on a screen. It is a transfer like any other: both can contest it
(``disputes.py``), the payee or a keeper can undo it. Limits, levy and standing are those of the
moment at which it is typed in, not of the day on the paper.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import rules, shape
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.schema import AccountRow
from appliance.ledger.book.schema_credit import Slip
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler
from appliance.ledger.clock import Instant
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.money import accounts
from appliance.ledger.money.transfers import SLIP, TERMS, insert, move, refuse_basics, refuse_payee, room
from appliance.ledger.people import powers, restoring
from appliance.ledger.values import AccountNumber, Amount

DAY_MS: Final = 86_400_000

DEFAULT_DAYS: Final = 60
"""How old a slip may be where the community's rules are older than this question."""

MOST_IN_PILE: Final = 1000
"""Far above any pile that somebody types in; a book that says more is not believed."""


@dataclass(frozen=True, slots=True)
class EnterSlip:
    """What stands on one slip, typed in by a keeper.

    Attributes:
        pile: 16 bytes that name the pile; the same for all its slips.
        line: its place in the pile, from 1.
        day: the day on the slip, days since 1970-01-01 (UTC).
        again: an equal slip that is in the book already is no mistake.
    """

    KIND: ClassVar[str] = "enter_slip"
    VERSION: ClassVar[int] = 1

    pile: bytes
    line: int
    payer: AccountNumber
    payee: AccountNumber
    amount: Amount
    day: int
    category: str = "other"
    note: str = ""
    again: bool = False

    def payload(self) -> codec.Body:
        return {
            "pile": self.pile,
            "line": self.line,
            "payer": self.payer,
            "payee": self.payee,
            "amount": self.amount,
            "category": self.category,
            "day": self.day,
        }

    def private(self) -> dict[str, str]:
        return {"note": self.note} if self.note else {}


def on_time(day: int, at: Instant, days: int) -> bool:
    """Whether a slip of ``day`` is neither of the future nor more than ``days`` old."""
    # One day of grace ahead: the village's own midnight may come before that of UTC.
    today = at.ms // DAY_MS
    return today - days <= day <= today + 1


def equal_slips(tx: Tx, payer: int, payee: int, amount: int, day: int) -> int:
    """How many slips of the same day, people and amount are in the book and were not undone."""
    found = tx.first(_EQUAL, payer, payee, day, amount)
    return int(found[0]) if found else 0


_EQUAL: Final = """
SELECT COUNT(*) FROM slip JOIN transfer ON transfer.id = slip.transfer
WHERE slip.payer = ? AND slip.payee = ? AND slip.day = ? AND transfer.amount = ? AND transfer.reversed_by IS NULL
"""


def _decide(tx: Tx, command: EnterSlip, asking: Asking) -> codec.Body | Refusal:
    if refusal := powers.refuse_unless_keeper(tx, asking.actor):
        return refusal
    if refusal := refuse_basics(command.amount, command.category, command.note):
        return refusal
    if not _fits_pile(tx, command.pile, command.line, asking.actor, asking.at):
        return Refusal(Code.PILE_CLOSED, {}, (Action.SHOW,))
    days = asking.rules.credit.slip_days
    if not on_time(command.day, asking.at, days):
        return Refusal(Code.TIME_WRONG, {"days_back": days}, (Action.TRY_AGAIN,))
    # A slip of an earlier day may be one that the lost book had: first what the neighbours know.
    if command.day < asking.at.ms // DAY_MS and (refusal := restoring.refuse_recovering(tx)):
        return refusal
    if command.payer == command.payee:
        return Refusal(Code.OWN_ACCOUNT, {}, (Action.CHECK_NUMBER,))
    sides = _sides(tx, command.payer, command.payee)
    if isinstance(sides, Refusal):
        return sides
    payer, payee = sides
    if accounts.reaches(tx, payer, asking.actor) or accounts.reaches(tx, payee, asking.actor):
        return Refusal(Code.PARTY, {}, (Action.ASK_KEEPER,))
    if accounts.refuse_giving(payer, command.amount):
        # The keeper is not the payer: no numbers of the payer's. The desk shows them, at the hub's own screen.
        return Refusal(Code.PAYER_LIMIT, {"amount": command.amount}, (Action.PAY_LESS, Action.ASK_KEEPER))
    if refusal := refuse_payee(tx, payee, command.amount):
        return refusal
    same = equal_slips(tx, command.payer, command.payee, command.amount, command.day)
    if same and not command.again:
        return Refusal(Code.SAME_SLIP, {"amount": command.amount, "count": same}, (Action.PAY_AGAIN,))
    return {}


def _sides(tx: Tx, payer: int, payee: int) -> tuple[AccountRow, AccountRow] | Refusal:
    """Both accounts, when they can trade: a member's pays, a member's or the commons is paid."""
    found = []
    for number, kinds in ((payer, (accounts.MEMBER,)), (payee, (accounts.MEMBER, accounts.COMMONS_KIND))):
        account = accounts.usable(tx, number)
        if isinstance(account, Refusal):
            return account
        if account.kind not in kinds:
            return Refusal(Code.UNKNOWN_ACCOUNT, {}, (Action.CHECK_NUMBER,))
        found.append(account)
    return found[0], found[1]


def _fits_pile(tx: Tx, pile: bytes, line: int, keeper: int | None, at: Instant) -> bool:
    """Whether the slip is the next one of its pile, of the same keeper at the same moment."""
    last = tx.first(_LAST_LINE, pile)
    if last is None:
        return line == 1
    return line == last[0] + 1 and (keeper, at.ms) == tuple(last[1:])


_LAST_LINE: Final = """
SELECT slip.line, slip.keeper, transfer.closed_ms FROM slip JOIN transfer ON transfer.id = slip.transfer
WHERE slip.pile = ? ORDER BY slip.line DESC LIMIT 1
"""


def _apply(tx: Tx, entry: Entry) -> None:
    p = entry.act.payload
    insert(tx, entry, SLIP, p["payer"], closed=True)
    tx.insert(
        Slip,
        transfer=entry.record,
        pile=p["pile"],
        line=p["line"],
        day=p["day"],
        payer=p["payer"],
        payee=p["payee"],
        keeper=entry.actor,
        entry=entry.number,
    )
    move(tx, entry, entry.record, p["payer"], p["payee"], p["amount"])


def _may_enter(tx: Tx, entry: Entry) -> bool:
    p, at = entry.act.payload, entry.act.at
    if not powers.by_keeper(tx, entry) or not _fits_pile(tx, p["pile"], p["line"], entry.actor, at):
        return False
    sides = _sides(tx, p["payer"], p["payee"])
    if isinstance(sides, Refusal) or any(accounts.reaches(tx, side, entry.actor) for side in sides):
        return False
    days = rules.kept(tx, "credit").get("slip_days", DEFAULT_DAYS)
    return on_time(p["day"], at, days) and room(tx, p["payer"], p["payee"], p["amount"])


_SHAPE: Final = {
    "pile": shape.blob(16),
    "line": shape.whole(1, MOST_IN_PILE),
    "payer": shape.MEMBER,
    "day": shape.whole(0, 10**6),
    **TERMS,
}

HANDLERS = (Handler(EnterSlip, _decide, _apply, _may_enter, _SHAPE),)
