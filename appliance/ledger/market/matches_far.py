"""What two hubs tell each other about a match between their members. All by rule; nothing here moves credit.

::

    a member here says something (``matches``) --tell_match (by rule, when payments, names and listings are said)--> a MATCH record
    a MATCH record of another hub --arrive_match--> what was said last holds, in the order of that hub's feed

A yes travels, that it happened, and a no where the other one has said yes or was told one; never why. Who takes a yes
back, or blocks the other one afterwards, says no. A block alone is not told (``talks_far``). What changed several
times before its turn is told once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import feed, letters_match, shape
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.feed import FarListing
from appliance.ledger.book.letters import Named
from appliance.ledger.book.letters_match import HAPPENED, NO, SAYINGS, YES, Saying
from appliance.ledger.book.records import Kind, position
from appliance.ledger.book.schema import Crossing, Listing, Neighbour
from appliance.ledger.book.schema_trading import MatchAnswer, MatchHeard, MatchTold
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless
from appliance.ledger.clock import Instant
from appliance.ledger.errors import Code, Refusal
from appliance.ledger.market import marks, matches
from appliance.ledger.market.listings import DAY_MS, OFFER, OPEN, WANT
from appliance.ledger.market.matches import NODE, Node
from appliance.ledger.money import trunks
from appliance.ledger.people import forks
from appliance.ledger.people.roster import own_place

MOST_A_DAY: Final = 10
"""What one member says of matches that is told to other hubs within a day."""

MOST_OF_HUB: Final = 40
"""What a hub tells of matches within a day, of all its members: about half a kilobyte on the air."""

MOST_FROM_HUB: Final = 200
"""Matches of which one other hub may say something within a day; a well hub speaks of a fifth of that."""

MOST_TIMES: Final = 50
"""How often another hub may change its mind about one match. A village does not, a mad hub would for ever."""

_SAYS: Final = {matches.ACCEPT: YES, matches.HAPPENED: HAPPENED}


@dataclass(frozen=True, slots=True)
class TellMatch(Wordless):
    """By rule: tell the other hub what a member here says of a match now."""

    KIND: ClassVar[str] = "tell_match"
    VERSION: ClassVar[int] = 1

    offer: Node
    want: Node
    said: str

    def payload(self) -> codec.Body:
        return {"offer": list(self.offer), "want": list(self.want), "said": self.said}


@dataclass(frozen=True, slots=True)
class ArriveMatch(Wordless, trunks.Arrival):
    """A member of another hub says something of a match: of listing ``theirs`` there with ``ours`` here."""

    KIND: ClassVar[str] = "arrive_match"
    VERSION: ClassVar[int] = 1

    saying: Saying

    def payload(self) -> codec.Body:
        s = self.saying
        paid = None if s.paid is None else [s.paid.incarnation, s.paid.number]
        return self.named() | {"theirs": s.mine, "ours": s.theirs, "said": s.said, "paid": paid}


# ------------------------------------------------------------------------------------ telling


@dataclass(frozen=True, slots=True)
class _Pair:
    """A match with another hub: its listings, which of them is whose, and who of this hub has answered it."""

    key: dict[str, int]
    own: int
    far: Node
    answer: MatchAnswer


def _pair(tx: Tx, p: codec.Body) -> _Pair | None:
    (one, offer), (other, want) = p["offer"], p["want"]
    here = own_place(tx).hub
    if (one == here) == (other == here):
        return None
    key = {"offer_hub": one, "offer": offer, "want_hub": other, "want": want}
    rows = tx.found(MatchAnswer, _ONE, *key.values())
    own, far = (offer, (other, want)) if one == here else (want, (one, offer))
    return _Pair(key, own, far, rows[0]) if rows else None


_ONE: Final = "offer_hub = ? AND offer = ? AND want_hub = ? AND want = ?"


def says(answer: MatchAnswer) -> str:
    """What an answer is to another hub."""
    return _SAYS.get(answer.answer, NO)


def to_tell(tx: Tx, at: Instant, most: int) -> tuple[TellMatch, ...]:
    """What other hubs have not been told yet and there is a budget for, the longest waiting first."""
    left = min(most, MOST_OF_HUB - _told_today(tx, at))
    if left <= 0:
        return ()
    spent: dict[int, int] = {}
    found: list[TellMatch] = []
    for member, command in _due(tx):
        spent.setdefault(member, _told_today(tx, at, member))
        if spent[member] < MOST_A_DAY and len(found) < left:
            spent[member] += 1
            found.append(command)
    return tuple(found)


def _due(tx: Tx) -> Iterator[tuple[int, TellMatch]]:
    place = own_place(tx)
    for one, offer, other, want in tx.select(_CHANGED, place.hub, place.incarnation):
        said = to_say(tx, {"offer": [one, offer], "want": [other, want]})
        if said is not None:
            member, word = said
            yield member, TellMatch((int(one), int(offer)), (int(other), int(want)), word)


# ``word``: what the answer is to another hub. ``stands``: whether both listings are there. After a restore the hubs are told again.
_CHANGED: Final = """
WITH one AS (
  SELECT said.*, CASE said.answer WHEN 'accept' THEN 'yes' WHEN 'happened' THEN 'happened' ELSE 'no' END AS word,
    own.state = 'open' AND far.open AS stands
  FROM match_answer AS said
  JOIN listing AS own ON own.opened_entry = CASE said.offer_hub WHEN ?1 THEN said.offer ELSE said.want END
  JOIN far_listing AS far ON far.hub = CASE said.offer_hub WHEN ?1 THEN said.want_hub ELSE said.offer_hub END
    AND far.listing = CASE said.offer_hub WHEN ?1 THEN said.want ELSE said.offer END
  WHERE said.offer_hub <> said.want_hub)
SELECT one.offer_hub, one.offer, one.want_hub, one.want FROM one
LEFT JOIN match_told AS told USING (offer_hub, offer, want_hub, want)
LEFT JOIN match_heard AS heard USING (offer_hub, offer, want_hub, want)
WHERE told.entry IS NULL AND (word = 'happened' OR word = 'yes' AND stands OR word = 'no' AND heard.said <> 'no')
  OR told.said <> word AND (word <> 'yes' OR stands)
  OR told.incarnation <> ?2 AND stands
  OR word = 'happened' AND one.transfer IS NOT NULL AND NOT told.paid
  OR told.said = 'yes' AND EXISTS (SELECT 1 FROM block WHERE block.member = one.member AND block.hub = told.hub)
ORDER BY one.entry LIMIT 500
"""


def to_say(tx: Tx, p: codec.Body) -> tuple[int, str] | None:
    """Who here has to say something new of a match to the other hub, and what; None when nothing is new or of use there."""
    pair = _pair(tx, p)
    if pair is None or tx.get(Neighbour, hub=pair.far[0]) is None:
        return None
    member, said = int(pair.answer.member), says(pair.answer)
    told, heard = tx.get(MatchTold, **pair.key), tx.get(MatchHeard, **pair.key)
    own = tx.get(Listing, opened_entry=pair.own)
    far = tx.get(FarListing, hub=pair.far[0], listing=pair.far[1])
    if own is None or far is None:
        return None
    if marks.blocks(tx, member, pair.far[0], int(far.owner)):
        if told is None:
            return None  # silence is all that a blocked one gets; a yes that was said is taken back
        said = NO
    if told is None:
        waits = heard is not None and heard.said != NO
        new = said != NO or waits
    else:
        again = told.incarnation != own_place(tx).incarnation and own.state == OPEN and bool(far.open)
        new = (
            said != told.said
            or again
            or (said == HAPPENED and _payment(tx, pair) is not None and not told.paid)
        )
    if not new or (said == YES and (own.state != OPEN or not far.open)):
        return None
    return member, said


def _payment(tx: Tx, pair: _Pair) -> Named | None:
    """The record by which a match was paid, when the payment has gone to that hub."""
    transfer = pair.answer.transfer
    row = None if transfer is None else tx.get(Crossing, id=bytes(transfer))
    if row is None or not row.outgoing or row.hub != pair.far[0]:
        return None
    return Named(int(row.incarnation), int(row.number))


def _told_today(tx: Tx, at: Instant, member: int | None = None) -> int:
    since = at.ms - DAY_MS
    if member is None:
        ((count,),) = tx.select("SELECT COUNT(*) FROM match_told WHERE at_ms > ?", since)
    else:
        ((count,),) = tx.select(
            "SELECT COUNT(*) FROM match_told WHERE at_ms > ? AND member = ?", since, member
        )
    return int(count)


def key_of(tx: Tx, command: TellMatch) -> bytes:
    """So that two processes tell it once: it changes with each answer, with each telling and each life of this hub."""
    pair = _pair(tx, command.payload())
    told = None if pair is None else tx.get(MatchTold, **pair.key)
    since = [0 if pair is None else int(pair.answer.entry), 0 if told is None else int(told.entry)]
    sides = [*command.offer, *command.want]
    return codec.digest(
        "tch.tell_match", codec.encode([sides, command.said, since, own_place(tx).incarnation])
    )[:16]


def _refuse_telling(tx: Tx, p: codec.Body, at: Instant) -> Refusal | None:
    pair = _pair(tx, p)
    if pair is None or tx.get(Listing, opened_entry=pair.own) is None:
        return Refusal(Code.NOT_PENDING, {}, ())
    if p["said"] not in (says(pair.answer), NO):
        return Refusal(Code.NOT_PENDING, {}, ())
    if tx.get(Neighbour, hub=pair.far[0]) is None:
        return Refusal(Code.UNKNOWN_HUB, {"hub": pair.far[0]}, ())
    if _told_today(tx, at) >= MOST_OF_HUB or _told_today(tx, at, int(pair.answer.member)) >= MOST_A_DAY:
        return Refusal(Code.TOO_MANY_MESSAGES, {"most": MOST_OF_HUB}, ())
    return forks.refuse_forked(tx, pair.far[0])


def _decide_tell(tx: Tx, command: TellMatch, asking: Asking) -> codec.Body | Refusal:
    p = command.payload()
    said = to_say(tx, p)
    if said is None or said[1] != command.said:
        return Refusal(Code.NOT_PENDING, {}, ())
    return _refuse_telling(tx, p, asking.at) or {}


def _may_tell(tx: Tx, entry: Entry) -> bool:
    return _refuse_telling(tx, entry.act.payload, entry.act.at) is None


def _apply_tell(tx: Tx, entry: Entry) -> None:
    p = entry.act.payload
    pair = _pair(tx, p)
    assert pair is not None  # the warrant has asked
    hub, theirs = pair.far
    paid = _payment(tx, pair) if p["said"] == HAPPENED else None
    body = letters_match.match(Saying(pair.own, theirs, p["said"], paid))
    number = feed.emit(tx, entry, Kind.MATCH, hub, body)
    tx.put(
        MatchTold,
        **pair.key,
        member=pair.answer.member,
        hub=hub,
        said=p["said"],
        paid=paid is not None,
        incarnation=entry.act.place.incarnation,
        number=number,
        at_ms=entry.act.at.ms,
        entry=entry.number,
    )


# ------------------------------------------------------------------------------------ arriving


def _nodes(p: codec.Body, own: Listing, here: int) -> dict[str, int]:
    """The match as it is named here."""
    mine, other = (here, p["ours"]), (p["hub"], p["theirs"])
    offer, want = (mine, other) if own.kind == OFFER else (other, mine)
    return {"offer_hub": offer[0], "offer": offer[1], "want_hub": want[0], "want": want[1]}


def _refuse_arrival(tx: Tx, p: codec.Body, at: Instant) -> Refusal | None:
    """Why something said by another hub is left out; then no entry is made of it, and nobody answers."""
    if tx.get(Neighbour, hub=p["hub"]) is None:
        return Refusal(Code.UNKNOWN_HUB, {"hub": p["hub"]}, ())
    own = tx.get(Listing, opened_entry=p["ours"])
    if own is None or own.kind not in (OFFER, WANT):
        return Refusal(Code.UNKNOWN_LISTING, {}, ())
    before = tx.get(MatchHeard, **_nodes(p, own, own_place(tx).hub))
    if before is None:
        ((count,),) = tx.select(_HEARD_TODAY, p["hub"], at.ms - DAY_MS)
        return (
            Refusal(Code.TOO_MANY_MESSAGES, {"most": MOST_FROM_HUB}, ()) if count >= MOST_FROM_HUB else None
        )
    late = position(p["incarnation"], p["number"]) <= position(before.incarnation, before.number)
    paid = None if before.paid_number is None else [before.paid_incarnation, before.paid_number]
    same = (before.said, before.incarnation, paid) == (p["said"], p["incarnation"], p["paid"])
    if late or same or before.times >= MOST_TIMES:
        return Refusal(Code.NOT_PENDING, {}, ())
    return None


_HEARD_TODAY: Final = "SELECT COUNT(*) FROM match_heard WHERE hub = ? AND at_ms > ?"


def _decide_arrival(tx: Tx, command: ArriveMatch, asking: Asking) -> codec.Body | Refusal:
    return _refuse_arrival(tx, command.payload(), asking.at) or {}


def _arrival_stands(tx: Tx, entry: Entry) -> bool:
    return _refuse_arrival(tx, entry.act.payload, entry.act.at) is None


def _apply_arrival(tx: Tx, entry: Entry) -> None:
    p = entry.act.payload
    own = tx.get(Listing, opened_entry=p["ours"])
    assert own is not None  # the warrant has asked
    key = _nodes(p, own, entry.act.place.hub)
    before = tx.get(MatchHeard, **key)
    life, number = p["paid"] or (None, None)
    tx.put(
        MatchHeard,
        **key,
        hub=p["hub"],
        said=p["said"],
        incarnation=p["incarnation"],
        number=p["number"],
        paid_incarnation=life,
        paid_number=number,
        times=1 if before is None else before.times + 1,
        at_ms=entry.act.at.ms,
        quality=int(entry.act.at.quality),
        entry=entry.number,
    )


def _paid(value: object) -> bool:
    return value is None or (
        type(value) is list and len(value) == 2 and trunks.INCARNATION(value[0]) and trunks.NUMBER(value[1])
    )


_SAID: Final = shape.one_of(*SAYINGS)
_TELL: Final = {"offer": NODE, "want": NODE, "said": _SAID}
_ARRIVE: Final = trunks.ARRIVED | {
    "theirs": trunks.NUMBER,
    "ours": trunks.NUMBER,
    "said": _SAID,
    "paid": _paid,
}

HANDLERS = (
    Handler(TellMatch, _decide_tell, _apply_tell, _may_tell, _TELL, ("hub",)),
    Handler(ArriveMatch, _decide_arrival, _apply_arrival, _arrival_stands, _ARRIVE, ("hub",)),
)
