"""What another hub is told of a claim here: that its members are asked, and how it ended.

Part of the fold of whatever ends a claim: withdrawn, lapsed, confirmed, changed, refused.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from appliance.ledger.book import feed, letters_care
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.letters import Named
from appliance.ledger.book.letters_care import Care, NotCounted
from appliance.ledger.book.records import Kind
from appliance.ledger.book.schema import Claim, Outgoing
from appliance.ledger.book.schema_care import CareTerms
from appliance.ledger.book.schema_far import CareAsk, FarWitness
from appliance.ledger.book.store import Tx
from appliance.ledger.care.states import ASKED, CHANGED, DAY_MS, DECLINED, ENDS, OPEN, UNKNOWN, WITHDRAWN

WORDS: Final = "care"
"""In ``outgoing.text_field``: the words of an ask are put together from more than one text (``post``)."""


def care_of(tx: Tx, claim: Claim) -> Care:
    """A claim as other hubs are told it."""
    terms = tx.get(CareTerms, claim=claim.id)
    until = None if terms is None or terms.until_ms is None else max(0, terms.until_ms // DAY_MS)
    said = (claim.carer, claim.category, claim.minutes, claim.day, claim.amount)
    return Care(bytes(claim.terms), *said, until)


def ask(tx: Tx, entry: Entry, claim: Claim, hub: int, members: Sequence[int]) -> None:
    """Ask members of another hub for their word on ``claim`` as it stands."""
    care = care_of(tx, claim)
    for some in letters_care.asks(care, members):
        number = feed.emit(tx, entry, Kind.CARE_ASK, hub, letters_care.ask(care, some))
        tx.update(Outgoing, {"number": number}, text_entry=claim.text_entry, text_field=WORDS)
        place = {"incarnation": entry.act.place.incarnation, "number": number}
        tx.insert(
            CareAsk, hub=hub, claim=claim.id, terms=claim.terms, state=OPEN, entry=entry.number, **place
        )
        for member in some:
            tx.put(
                FarWitness,
                claim=claim.id,
                hub=hub,
                member=member,
                state=ASKED,
                why=None,
                signature=None,
                public=None,
                entry=entry.number,
            )


def end(tx: Tx, entry: Entry, claim: bytes, how: str) -> None:
    """Tell every hub whose members are asked for ``claim`` how that ended: one of ``ENDS``."""
    for row in tx.found(CareAsk, _LIVE, claim):
        named = Named(row.incarnation, row.number)
        feed.emit(tx, entry, Kind.CARE_TOLD, row.hub, letters_care.told(named, ENDS.index(how)))
        tx.update(CareAsk, {"incarnation": row.incarnation, "number": row.number}, state=how)


def unask(tx: Tx, entry: Entry, claim: bytes) -> None:
    """Tell every hub whose members are still asked for ``claim`` that they are not: its words were taken back."""
    for row in tx.found(CareAsk, "claim = ? AND state = 'open' ORDER BY incarnation, number", claim):
        named = Named(row.incarnation, row.number)
        feed.emit(tx, entry, Kind.CARE_TOLD, row.hub, letters_care.told(named, ENDS.index(WITHDRAWN)))
        tx.update(CareAsk, {"incarnation": row.incarnation, "number": row.number}, state=WITHDRAWN)


_LIVE: Final = "claim = ? AND state IN ('open', 'confirmed') ORDER BY incarnation, number"
"""Also of what was confirmed: it may be taken back before it is paid, or an objection to it be upheld."""


def ask_anew(tx: Tx, entry: Entry, claim: bytes) -> None:
    """The claim was said otherwise: who was asked and has not said no is asked about what stands there now."""
    end(tx, entry, claim, CHANGED)
    row = tx.get(Claim, id=claim)
    again: dict[int, list[int]] = {}
    for witness in tx.found(FarWitness, "claim = ? ORDER BY hub, member", claim):
        if witness.state not in (DECLINED, UNKNOWN):
            again.setdefault(witness.hub, []).append(witness.member)
    if row is not None:
        for hub, members in again.items():
            ask(tx, entry, row, hub, members)


def does_not_count(tx: Tx, entry: Entry, hub: int, asked: Named, member: int, why: str) -> None:
    """Tell a hub that a signature of its member does not count, and why."""
    body = letters_care.not_counted(asked, member, NotCounted(why))
    feed.emit(tx, entry, Kind.CARE_TOLD, hub, body)


_ENDED: Final[Mapping[int, str]] = dict(enumerate(ENDS))


def ended(how: int) -> str:
    """How an ask ended, by its place on the wire; what a later release knows is *lapsed*."""
    return _ENDED.get(how, "lapsed")
