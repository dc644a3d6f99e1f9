"""Claims of care as those involved see them: what they say, how far they have come, what they wait for."""

from dataclasses import dataclass
from typing import Final

from appliance.ledger.book import chain, rules
from appliance.ledger.book.schema import AccountRow, Claim, Witness
from appliance.ledger.book.schema_care import CareCooling, CareObjection
from appliance.ledger.book.store import Tx
from appliance.ledger.care import objections, policy, sheets, states
from appliance.ledger.clock import Instant, Millis, Quality
from appliance.ledger.errors import Action, Code
from appliance.ledger.money import accounts, dues
from appliance.ledger.people import powers
from appliance.ledger.reads.people import Person, names, person, text_of
from appliance.ledger.reads.told import words_of
from appliance.ledger.values import COMMONS, RecordId

PEOPLE, RECIPIENT, STANDS_IN, KEEPER, RING = "people", "recipient", "stands_in", "keeper", "ring"
TANGLED: Final = "tangled"
"""What an open claim waits for. *tangled*: a keeper, as the search for a ring did not end."""

OBJECTED, COOLING, BUDGET, FLOOR, LIMIT = "objected", "cooling", "budget", "floor", "limit"
QUEUE: Final = "queue"
"""What a confirmed claim waits for. *queue*: one that was written down before it and waits for the commons."""

_LONGEST_LIST: Final = 50


@dataclass(frozen=True, slots=True)
class WitnessView:
    """Somebody asked to confirm care: ``state`` asked, signed or declined (``reason``: why, if they said)."""

    who: Person
    state: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ObjectionView:
    """Somebody's word that a claim is not right. ``note`` and ``by`` are for those involved and keepers."""

    id: RecordId
    state: str
    by: Person | None
    note: str
    keeper: Person | None
    reason: str
    at: Instant


@dataclass(frozen=True, slots=True)
class ClaimView:
    """A care claim. What is personal is empty for those who are not involved.

    Attributes:
        signed: co-signers who count: a household once, the carer's not.
        cared_for, recipient: whom, in words or as a member.
        writer: who wrote it down, when that was not the carer.
        start: minute of the day at which it began, when that was said.
        waits: what it waits for; ``missing``: how many more people must confirm.
        until_ms: when an open claim expires, or a large one is paid; None: never, or nobody knows.
        objections: newest first.
        sheet: the code of the weekly sheet of which it is a row; empty when it is none.
    """

    id: RecordId
    code: str
    carer: Person
    category: str
    minutes: int
    day: int
    amount: int
    quorum: int
    signed: int
    state: str
    terms: bytes
    cared_for: str
    what: str
    at: Instant
    witnesses: tuple[WitnessView, ...]
    transfer: RecordId | None
    actions: tuple[Action, ...]
    recipient: Person | None = None
    writer: Person | None = None
    place: str = ""
    start: int | None = None
    waits: tuple[str, ...] = ()
    missing: int = 0
    until_ms: Millis | None = None
    objections: tuple[ObjectionView, ...] = ()
    sheet: str = ""


def claim(
    tx: Tx, record: bytes, viewer: int, as_keeper: bool = False, now: Instant | None = None
) -> ClaimView | None:
    """A care claim by its id. Without ``now`` it does not say until when, nor what time alone holds up."""
    row = tx.get(Claim, id=record)
    return None if row is None else view(tx, row, viewer, as_keeper, now)


def claim_by_code(
    tx: Tx, code: str, viewer: int, as_keeper: bool = False, now: Instant | None = None
) -> ClaimView | None:
    """A care claim by the code under its QR."""
    row = tx.get(Claim, code=code)
    return None if row is None else view(tx, row, viewer, as_keeper, now)


def my_claims(tx: Tx, number: int) -> tuple[ClaimView, ...]:
    """A member's own claims, newest first."""
    return tuple(view(tx, row, number) for row in _claims(tx, "carer = ?", number))


def my_unpaid(tx: Tx, number: int) -> tuple[ClaimView, ...]:
    """A member's own claims that wait, newest first."""
    return tuple(
        view(tx, row, number) for row in _claims(tx, "carer = ? AND state IN ('open', 'confirmed')", number)
    )


def to_confirm(tx: Tx, number: int) -> tuple[ClaimView, ...]:
    """Open claims that name a member as co-signer and have no answer yet, newest first; of a sheet its first row."""
    waiting = "id IN (SELECT claim FROM witness WHERE member = ? AND state = 'asked') AND state = 'open'"
    found = [view(tx, row, number) for row in _claims(tx, waiting, number)]
    once = {one.sheet or one.code: one for one in reversed(found)}
    return tuple(one for one in found if one in once.values())


def objected(tx: Tx, now: Instant) -> tuple[ClaimView, ...]:
    """For the desk: claims with an open objection, the one that waits longest first."""
    where = "id IN (SELECT claim FROM care_objection WHERE state = 'open') ORDER BY opened_entry"
    return tuple(view(tx, row, 0, now=now, desk=True) for row in tx.found(Claim, where))


def may_end(tx: Tx, objection: bytes) -> tuple[Person, ...]:
    """The keepers who can end an objection: none when each of them has a part in it, or when it is over."""
    found = (person(tx, number) for number in objections.who_may_end(tx, objection))
    return tuple(one for one in found if one is not None)


def of_objection(tx: Tx, objection: bytes) -> ClaimView | None:
    """The claim that an objection is about, as anybody sees it."""
    row = tx.get(CareObjection, id=objection)
    return None if row is None else claim(tx, row.claim, 0)


def _claims(tx: Tx, where: str, *values: object) -> list[Claim]:
    return tx.found(Claim, f"{where} ORDER BY opened_entry DESC LIMIT {_LONGEST_LIST}", *values)


def view(
    tx: Tx, row: Claim, viewer: int, as_keeper: bool = False, now: Instant | None = None, desk: bool = False
) -> ClaimView:
    """How ``viewer`` sees a claim; ``desk``: as a keeper at the desk does."""
    carer, me = person(tx, row.carer), person(tx, viewer)
    assert carer is not None  # members are never removed
    terms = policy.terms_of(tx, row.id)
    found = tx.found(Witness, "claim = ? ORDER BY entry, member", row.id)
    who = names(tx, {w.member for w in found})
    mine = next((w.state for w in found if w.member == viewer), None)
    active = me is not None and me.status in powers.STANDING
    keeper = desk or (as_keeper and me is not None and me.keeper and me.status in powers.STANDING)
    own = viewer in (
        row.carer,
        None if terms is None else terms.recipient,
        None if terms is None else terms.writer,
    )
    # Who holds the code of an open claim is asked to read it before signing, so may.
    involved = own or mine is not None or (row.state == states.OPEN and active) or keeper
    told = own or keeper
    witnesses = tuple(
        WitnessView(
            who[w.member],
            w.state,
            text_of(tx, w.entry, "reason") if told and w.state == states.DECLINED else "",
        )
        for w in found
    )
    said = ("cared_for", "what", "place")
    words = [text_of(tx, row.text_entry, name) if involved else "" for name in said]
    if involved and (terms is None or terms.recipient is None):
        words[0] = words_of(tx, row.text_entry, "cared_for")
    waits: tuple[str, ...] = ()
    counted = sum(w.state == states.SIGNED for w in found)
    if row.state == states.OPEN:
        reached = policy.progress(tx, rules.load(tx).care, row)
        counted, waits = reached.counted, _open_for(reached)
    else:
        counted += len(policy.far_signers(tx, row.id))
        if row.state == states.CONFIRMED and now is not None:
            waits = _held_up(tx, row, now)
    writer = None if terms is None or terms.writer == row.carer else person(tx, terms.writer)
    recipient = None if terms is None or terms.recipient is None else person(tx, terms.recipient)
    return ClaimView(
        RecordId(bytes(row.id)),
        row.code,
        carer,
        row.category,
        row.minutes,
        row.day,
        row.amount,
        row.quorum,
        counted,
        row.state,
        bytes(row.terms),
        words[0],
        words[1],
        Instant(Millis(row.opened_ms), Quality.NONE),
        witnesses if involved else (),
        None if row.transfer is None else RecordId(bytes(row.transfer)),
        _actions(tx, row, viewer, active, mine, now),
        recipient if involved else None,
        writer if involved else None,
        words[2],
        None if terms is None or not involved else terms.start,
        waits,
        max(0, row.quorum - counted),
        _until(tx, row),
        _objections(tx, row, told),
        sheets.sheet_of(tx, row.id) or "",
    )


def _actions(
    tx: Tx, row: Claim, viewer: int, active: bool, mine: str | None, now: Instant | None
) -> tuple[Action, ...]:
    terms = policy.terms_of(tx, row.id)
    wrote = terms is not None and terms.writer == viewer
    unsigned = row.state == states.OPEN and not policy.anybody_signed(tx, row.id)
    found: list[Action] = []
    if wrote and unsigned and active:
        found.append(Action.EDIT)
    if (row.carer == viewer and row.state in (states.OPEN, states.CONFIRMED)) or (wrote and unsigned):
        found.append(Action.CANCEL)
    if active and row.state == states.OPEN and mine != states.SIGNED and row.carer != viewer:
        if not wrote or (terms is not None and terms.recipient == viewer):
            found.append(Action.COSIGN)
        if mine == states.ASKED:
            found.append(Action.DECLINE)
    if now is not None and active and objections.refuse_objecting(tx, row.id, viewer, now) is None:
        found.append(Action.OBJECT)
    return tuple(found)


def _open_for(reached: policy.Progress) -> tuple[str, ...]:
    """What an open claim waits for; the ring is looked at when all else is there."""
    awaited = (
        (PEOPLE, reached.counted < reached.quorum),
        (RECIPIENT, reached.recipient),
        (STANDS_IN, reached.stands_in),
        (KEEPER, reached.keeper),
        (RING, reached.outside and bool(reached.ring)),
        (TANGLED, reached.outside and not reached.ring),
    )
    return tuple(name for name, missing in awaited if missing)


_HELD_UP: Final = {Code.CARE_OBJECTED: OBJECTED, Code.CARE_COOLING: COOLING, Code.CARE_BUDGET: BUDGET}


def _held_up(tx: Tx, row: Claim, now: Instant) -> tuple[str, ...]:
    """What holds up a confirmed claim. One before it in the queue holds it up as the commons does."""
    refused = policy.refuse_paying(tx, rules.load(tx).care, row, now)
    if refused is not None:
        return (_HELD_UP[refused.code],)
    carer = accounts.usable(tx, row.carer)
    beyond = rules.load(tx).care.beyond_limit
    full = isinstance(carer, AccountRow) and accounts.refuse_receiving(carer, row.amount, own=False)
    if full and not beyond:
        return (LIMIT,)
    commons = accounts.get(tx, COMMONS)
    if commons is not None and accounts.refuse_giving(commons, row.amount):
        return (FLOOR,)
    return (QUEUE,)


def _until(tx: Tx, row: Claim) -> Millis | None:
    """When an open claim expires, or a large one has waited long enough."""
    end = None
    if row.state == states.OPEN:
        terms = policy.terms_of(tx, row.id)
        if terms is not None and terms.until_ms is not None:
            end = dues.ends(tx, terms.entry, terms.until_ms)
    elif row.state == states.CONFIRMED:
        cooling = tx.get(CareCooling, claim=row.id)
        end = None if cooling is None else dues.ends(tx, cooling.entry, cooling.until_ms)
    return None if end is None else Millis(end)


def _objections(tx: Tx, row: Claim, told: bool) -> tuple[ObjectionView, ...]:
    found = tx.found(CareObjection, "claim = ? ORDER BY entry DESC", row.id)
    return tuple(_objection(tx, one, told) for one in found)


def _objection(tx: Tx, row: CareObjection, told: bool) -> ObjectionView:
    entry = chain.by_number(tx, row.entry)
    assert entry is not None
    return ObjectionView(
        RecordId(bytes(row.id)),
        row.state,
        person(tx, row.member) if told else None,
        text_of(tx, row.entry, "reason") if told else "",
        None if row.keeper is None else person(tx, row.keeper),
        text_of(tx, row.closed_entry, "reason") if told and row.closed_entry and row.keeper else "",
        entry.act.at,
    )
