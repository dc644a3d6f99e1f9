"""Care that is co-signed at another hub, as both sides see it: who is asked there, and what is asked of us."""

from dataclasses import dataclass
from typing import Final

from appliance.ledger.book import chain
from appliance.ledger.book.letters_care import Words
from appliance.ledger.book.local import HubHeard
from appliance.ledger.book.schema import Claim
from appliance.ledger.book.schema_far import AskedHere, AskedOf, FarWitness
from appliance.ledger.book.store import Tx
from appliance.ledger.care import policy, states
from appliance.ledger.clock import Instant
from appliance.ledger.errors import Action
from appliance.ledger.people import powers
from appliance.ledger.reads.crossings import far_person
from appliance.ledger.reads.people import Person, person, text_of
from appliance.ledger.reads.told import words_of
from appliance.ledger.values import AccountNumber, RecordId

_WAITS_FOR: Final = "state = 'open' AND id IN (SELECT ask FROM asked_of WHERE member = ? AND state = 'asked') ORDER BY entry DESC LIMIT 50"


def words_to_tell(tx: Tx, text_entry: int | None) -> Words:
    """What another hub is told in words of the claim whose words stand with this entry."""
    claim = None if text_entry is None else tx.get(Claim, text_entry=text_entry)
    if claim is None:
        return Words()
    terms, carer = policy.terms_of(tx, claim.id), person(tx, claim.carer)
    recipient = None if terms is None or terms.recipient is None else person(tx, terms.recipient)
    whom = text_of(tx, text_entry, "cared_for") if recipient is None else recipient.name
    return Words("" if carer is None else carer.name, whom, text_of(tx, text_entry, "what"))


@dataclass(frozen=True, slots=True)
class FarWitnessView:
    """Somebody of another hub who is asked to confirm care here.

    Attributes:
        state: asked, signed, waiting (for the key), declined, unknown, or refused (``why``).
        there: the question has come to their hub, as that hub says of itself.
        reason: what they said when they declined, for those whose care it is and keepers.
    """

    who: Person
    state: str
    why: str = ""
    reason: str = ""
    there: bool = False


@dataclass(frozen=True, slots=True)
class AskView:
    """Care given at another hub that a member here is asked to confirm.

    Attributes:
        what: in words; ``told.ERASED`` once the words have been forgotten here.
        mine: asked, signed, declined, or refused there (``why``).
        state: open, or how it ended there.
        day, until: days since 1970-01-01; until when it can be confirmed, as the other hub said.
        at: when it came.
    """

    id: RecordId
    carer: Person
    category: str
    minutes: int
    day: int
    amount: int
    until: int | None
    cared_for: str
    what: str
    mine: str
    state: str
    why: str
    actions: tuple[Action, ...]
    at: Instant


def far_witnesses(tx: Tx, claim: bytes, told: bool) -> tuple[FarWitnessView, ...]:
    """Who of other hubs is asked about a claim; ``told``: with the reasons they gave."""
    found = []
    for row in tx.found(FarWitness, "claim = ? ORDER BY hub, member", claim):
        who = far_person(tx, row.hub, row.member)
        reason = text_of(tx, row.entry, "reason") if told and row.state == states.DECLINED else ""
        if who is not None:
            found.append(FarWitnessView(who, row.state, row.why or "", reason, _there(tx, claim, row.hub)))
    return tuple(found)


def _there(tx: Tx, claim: bytes, hub: int) -> bool:
    """Whether another hub says that it holds our last question about a claim."""
    asked = tx.first(_LAST_ASK, claim, hub)
    heard = tx.get(HubHeard, hub=hub)
    return asked is not None and heard is not None and heard.ours >= asked[0]


_LAST_ASK: Final = """
SELECT number FROM care_ask WHERE claim = ? AND hub = ? ORDER BY incarnation DESC, number DESC LIMIT 1
"""


def asked_of_me(tx: Tx, member: int) -> tuple[AskView, ...]:
    """What a member is asked to confirm for other hubs and has not answered, newest first."""
    found = (_view(tx, row, member) for row in tx.found(AskedHere, _WAITS_FOR, member))
    return tuple(view for view in found if view is not None)


def all_asked_of_me(tx: Tx, member: int) -> tuple[AskView, ...]:
    """What a member was asked to confirm for other hubs and has answered, or that has ended; newest first."""
    found = (_view(tx, row, member) for row in tx.found(AskedHere, _NO_LONGER, member))
    return tuple(view for view in found if view is not None and not view.actions)


_NO_LONGER: Final = "id IN (SELECT ask FROM asked_of WHERE member = ?) ORDER BY entry DESC LIMIT 20"


def ask_view(tx: Tx, ask: bytes, member: int) -> AskView | None:
    """One ask, as the member who is asked sees it; None for everybody else."""
    row = tx.get(AskedHere, id=ask)
    return None if row is None else _view(tx, row, member)


def _view(tx: Tx, row: AskedHere, member: int) -> AskView | None:
    of, carer = tx.get(AskedOf, ask=bytes(row.id), member=member), far_person(tx, row.hub, row.carer)
    if of is None or carer is None:
        return None
    if name := text_of(tx, row.entry, "name"):
        carer = Person(AccountNumber(row.carer), name, powers.ACTIVE, hub=row.hub, hub_name=carer.hub_name)
    can = of.state == states.ASKED and row.state == states.OPEN and powers.active(tx, member)
    return AskView(
        RecordId(bytes(row.id)),
        carer,
        row.category,
        row.minutes,
        row.day,
        row.amount,
        row.until,
        text_of(tx, row.entry, "cared_for"),
        words_of(tx, row.entry, "what"),
        of.state,
        row.state,
        of.why or "",
        (Action.COSIGN, Action.DECLINE) if can else (),
        chain.time_of(tx, row.entry),
    )
