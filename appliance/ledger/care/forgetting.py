"""Words of care that went to another hub are forgotten there, as soon as nobody there needs them.

At the co-signer's hub, by rule::

    (an ask is here) --everybody here has answered, or CARE_TOLD says that it ended--> forget_ask
    (an ask is here) --its last day and a month are over, and nobody told how it ended--> forget_ask, and it has lapsed

At the claim's hub, by rule: an ask that still waits elsewhere ends once the claim's own words were erased
(``unask_far``; a CARE_TOLD goes there). A signature that is on its way meanwhile counts: it rests on the terms.

What is forgotten is the words: the carer's name, for whom it was, what was done. Numbers, kind of care, minutes
and day stay, and so do the signatures. As with an erasure the entry says whose words are gone (``Erased``), so that
a replay gives the same rows, and words that come back with an older file go again (``book.wiping``).
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import shape, wiping
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.schema import Claim
from appliance.ledger.book.schema_erased import Erased
from appliance.ledger.book.schema_far import AskedHere
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless
from appliance.ledger.care import telling
from appliance.ledger.care.states import DAY_MS, LAPSED, OPEN
from appliance.ledger.clock import Instant
from appliance.ledger.errors import Action, BookDamaged, Code, Refusal
from appliance.ledger.money import dues
from appliance.ledger.values import RecordId

GRACE_DAYS: Final = 30
"""After the last day on which an ask could be confirmed: how long the other hub has to say how it ended."""


@dataclass(frozen=True, slots=True)
class ForgetAsk(Wordless):
    """By rule: the words of an ask from another hub go, as nobody here needs them any more."""

    KIND: ClassVar[str] = "forget_ask"
    VERSION: ClassVar[int] = 1

    ask: RecordId

    def payload(self) -> codec.Body:
        return {"ask": self.ask}


@dataclass(frozen=True, slots=True)
class UnaskFar(Wordless):
    """By rule: nobody elsewhere is asked any longer about a claim whose words were erased here."""

    KIND: ClassVar[str] = "unask_far"
    VERSION: ClassVar[int] = 1

    claim: RecordId

    def payload(self) -> codec.Body:
        return {"claim": self.claim}


# ---------------------------------------------------------------------------------------- at the co-signer's hub


def to_forget(tx: Tx, now: Instant, most: int = 50) -> tuple[RecordId, ...]:
    """Asks from other hubs whose words are to go, the oldest first."""
    found = [RecordId(bytes(ask)) for (ask,) in tx.select(_NEEDLESS, most)]
    waiting = (
        (RecordId(bytes(ask)), entry, _last_moment(until)) for ask, entry, until in tx.select(_MAY_BE_OVER)
    )
    return (*found, *dues.those_over(tx, waiting, now, most - len(found)))


_NEEDLESS: Final = """
SELECT id FROM asked_here
WHERE entry NOT IN (SELECT entry FROM erased) AND entry IN (SELECT entry FROM private_salt)
  AND (state <> 'open' OR NOT EXISTS (
    SELECT 1 FROM asked_of JOIN member ON member.number = asked_of.member
    WHERE asked_of.ask = asked_here.id AND asked_of.state = 'asked' AND member.status <> 'closed'))
ORDER BY entry LIMIT ?
"""
_MAY_BE_OVER: Final = """
SELECT id, entry, until FROM asked_here
WHERE entry NOT IN (SELECT entry FROM erased) AND entry IN (SELECT entry FROM private_salt)
  AND state = 'open' AND until IS NOT NULL
ORDER BY until LIMIT 1000
"""
_STILL_ASKED: Final = """
SELECT 1 FROM asked_of JOIN member ON member.number = asked_of.member
WHERE asked_of.ask = ? AND asked_of.state = 'asked' AND member.status <> 'closed' LIMIT 1
"""


def _waits(tx: Tx, row: AskedHere) -> bool:
    """Whether somebody here can still answer it."""
    return row.state == OPEN and tx.first(_STILL_ASKED, bytes(row.id)) is not None


def _last_moment(until: int) -> int:
    return (until + 1 + GRACE_DAYS) * DAY_MS


def _refuse_forgetting(tx: Tx, ask: bytes, at: Instant) -> Refusal | None:
    row = tx.get(AskedHere, id=ask)
    if row is None:
        return Refusal(Code.UNKNOWN_CLAIM, {}, ())
    if tx.get(Erased, entry=row.entry) is not None:
        return Refusal(Code.NOT_PENDING, {}, ())
    if not _waits(tx, row):
        return None
    if row.until is not None and dues.over(tx, row.entry, _last_moment(row.until), at):
        return None
    return Refusal(Code.NOT_YET, {}, (Action.WAIT,))


def _decide_forget(tx: Tx, command: ForgetAsk, asking: Asking) -> codec.Body | Refusal:
    return _refuse_forgetting(tx, command.ask, asking.at) or {}


def _may_forget(tx: Tx, entry: Entry) -> bool:
    return _refuse_forgetting(tx, entry.act.payload["ask"], entry.act.at) is None


def _apply_forget(tx: Tx, entry: Entry) -> None:
    ask = entry.act.payload["ask"]
    row = tx.get(AskedHere, id=ask)
    if row is None:
        raise BookDamaged("forgets what was never asked", entry.number)
    tx.insert(Erased, entry=row.entry, erasure=entry.record)
    if _waits(tx, row):
        tx.update(AskedHere, {"id": ask}, state=LAPSED)  # nobody confirms what one cannot read


def _wipe(tx: Tx, entry: Entry, command: ForgetAsk) -> None:
    row = tx.get(AskedHere, id=command.ask)
    if row is not None:
        wiping.remove(tx, row.entry)


# ---------------------------------------------------------------------------------------- at the claim's hub


def to_unask(tx: Tx, most: int = 50) -> tuple[tuple[RecordId, int], ...]:
    """Claims whose words were erased here while somebody elsewhere is asked still, and the entry of the last ask."""
    return tuple((RecordId(bytes(claim)), int(entry)) for claim, entry in tx.select(_WORDLESS, most))


_WORDLESS: Final = """
SELECT claim.id, MAX(care_ask.entry) FROM claim
JOIN care_ask ON care_ask.claim = claim.id AND care_ask.state = 'open'
WHERE claim.state = 'open' AND claim.text_entry IN (SELECT entry FROM erased)
GROUP BY claim.id ORDER BY claim.opened_entry LIMIT ?
"""


def _refuse_unasking(tx: Tx, claim: bytes) -> Refusal | None:
    row = tx.get(Claim, id=claim)
    if row is None:
        return Refusal(Code.UNKNOWN_CLAIM, {}, ())
    asked = tx.first("SELECT 1 FROM care_ask WHERE claim = ? AND state = 'open'", claim)
    erased = tx.get(Erased, entry=row.text_entry) is not None
    fits = row.state == OPEN and asked is not None and erased
    return None if fits else Refusal(Code.NOT_PENDING, {}, ())


def _decide_unask(tx: Tx, command: UnaskFar, asking: Asking) -> codec.Body | Refusal:
    return _refuse_unasking(tx, command.claim) or {}


def _may_unask(tx: Tx, entry: Entry) -> bool:
    return _refuse_unasking(tx, entry.act.payload["claim"]) is None


def _apply_unask(tx: Tx, entry: Entry) -> None:
    telling.unask(tx, entry, entry.act.payload["claim"])


HANDLERS = (
    Handler(ForgetAsk, _decide_forget, _apply_forget, _may_forget, {"ask": shape.RECORD}, ("hub",), _wipe),
    Handler(UnaskFar, _decide_unask, _apply_unask, _may_unask, {"claim": shape.RECORD}, ("hub",)),
)
