"""Answers to matches, and trade loops, as the people in them read them. Nobody reads of a loop of others."""

from dataclasses import dataclass
from typing import Any, Final

from appliance.ledger.book import chain
from appliance.ledger.book.feed import FarListing
from appliance.ledger.book.letters_loops import AGREED, LAPSED
from appliance.ledger.book.schema import Listing, Transfer
from appliance.ledger.book.schema_market import NoMatchNews
from appliance.ledger.book.schema_talk import MatchNew
from appliance.ledger.book.schema_trading import LoopLeg, MatchAnswer, TradeLoop, Unfit
from appliance.ledger.book.store import Tx
from appliance.ledger.clock import Instant, Millis
from appliance.ledger.market import loops, marks, matches
from appliance.ledger.market.listings import OPEN
from appliance.ledger.market.matches import ACCEPT, HAPPENED, Node
from appliance.ledger.money import dues
from appliance.ledger.people.roster import own_place
from appliance.ledger.reads import matches_far
from appliance.ledger.reads.crossings import far_person
from appliance.ledger.reads.listings import title_for
from appliance.ledger.reads.people import Person, person, text_of
from appliance.ledger.reads.talks_far import Far
from appliance.ledger.values import RecordId

Pair = tuple[Node, Node]
"""An offer and a want."""

_MOST: Final = 30
MOST_NEWS: Final = _MOST
"""So many new matches of one member are kept and told."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What the two people of a match have said; None: nothing yet. ``transfer``: what was paid for it.

    Between hubs ``far`` is how far the own word has come, and ``doubtful`` that the other's hub was restored since its word.
    """

    mine: str | None = None
    theirs: str | None = None
    transfer: bytes | None = None
    far: Far | None = None
    doubtful: bool = False

    @property
    def both(self) -> bool:
        """Whether both want to trade."""
        return {self.mine, self.theirs} <= {ACCEPT, HAPPENED}

    @property
    def over(self) -> bool:
        """Whether it need not be suggested any more."""
        refused = self.far is not None and self.theirs == matches.DISMISS
        return self.mine is not None and (self.mine != ACCEPT or refused)


def answers(tx: Tx, pair: Pair, member: int) -> Answers:
    """What was said of one match, as ``member`` reads it. A payment that came back counts as none."""
    (offer_hub, offer), (want_hub, want) = pair
    rows = tx.found(
        MatchAnswer,
        "offer_hub = ? AND offer = ? AND want_hub = ? AND want = ?",
        *(offer_hub, offer, want_hub, want),
    )
    mine = next((row.answer for row in rows if row.member == member), None)
    theirs = next((row.answer for row in rows if row.member != member), None)
    paid = next((bytes(row.transfer) for row in rows if row.transfer is not None), None)
    if paid is not None and _came_back(tx, paid):
        paid = None
    if offer_hub == want_hub:
        return Answers(mine, theirs, paid)
    came = matches_far.heard(tx, pair)
    far = None if mine is None else matches_far.told(tx, pair, mine)
    if came is None:
        return Answers(mine, None, paid, far)
    return Answers(mine, came.answer, paid or came.paid, far, came.doubtful)


def _came_back(tx: Tx, transfer: bytes) -> bool:
    row = tx.get(Transfer, id=transfer)
    return row is not None and row.state == "returned"


def answered(tx: Tx, member: int) -> dict[Pair, Answers]:
    """The matches of which ``member``, or the other one to them, has said something; the latest first."""
    here = own_place(tx).hub
    rows = tx.select(_ANSWERED, member, here, member, here, member)
    pairs = [((int(a), int(b)), (int(c), int(d))) for a, b, c, d in rows]
    return {pair: answers(tx, pair, member) for pair in pairs}


_ANSWERED: Final = """
SELECT offer_hub, offer, want_hub, want FROM (
  SELECT offer_hub, offer, want_hub, want, member, entry FROM match_answer
  UNION ALL SELECT offer_hub, offer, want_hub, want, NULL, entry FROM match_heard) AS said
WHERE member = ? OR offer_hub = ? AND offer IN (SELECT opened_entry FROM listing WHERE owner = ?)
  OR want_hub = ? AND want IN (SELECT opened_entry FROM listing WHERE owner = ?)
GROUP BY offer_hub, offer, want_hub, want ORDER BY MAX(entry) DESC LIMIT 300
"""


def over(tx: Tx, node: Node) -> frozenset[tuple[int, Pair]]:
    """Of the matches with one listing: which need not be suggested any more, and to whom."""
    return _over(tx, tx.select(_OVER_OF_LISTING, *node, *node))


def over_of(tx: Tx, member: int) -> frozenset[Pair]:
    """Which matches need not be suggested to ``member`` any more, by the latest answers."""
    return frozenset(pair for _, pair in _over(tx, tx.select(_OVER_OF_MEMBER, member)))


def _over(tx: Tx, rows: list[tuple[Any, ...]]) -> frozenset[tuple[int, Pair]]:
    found = set()
    for member, answer, *nodes in rows:
        offer_hub, offer, want_hub, want = map(int, nodes)
        pair = ((offer_hub, offer), (want_hub, want))
        # Of two of this hub the own word says it.
        if answer != ACCEPT or (offer_hub != want_hub and answers(tx, pair, member).over):
            found.add((int(member), pair))
    return frozenset(found)


_OVER_OF_LISTING: Final = """
SELECT member, answer, offer_hub, offer, want_hub, want FROM match_answer
WHERE offer_hub = ? AND offer = ? OR want_hub = ? AND want = ?
"""
_OVER_OF_MEMBER: Final = """
SELECT member, answer, offer_hub, offer, want_hub, want FROM match_answer WHERE member = ? ORDER BY entry DESC LIMIT 300
"""


def refused(tx: Tx) -> frozenset[Pair]:
    """The matches to which one of the two has said no, or that they are none; here, or at another hub."""
    return frozenset(((int(a), int(b)), (int(c), int(d))) for a, b, c, d in tx.select(_REFUSED))


_REFUSED: Final = """
SELECT offer_hub, offer, want_hub, want FROM match_answer WHERE answer IN ('dismiss', 'wrong')
UNION SELECT offer_hub, offer, want_hub, want FROM match_heard WHERE said = 'no'
"""


NEW_DAYS: Final = 14
"""How long a match is news."""


@dataclass(frozen=True, slots=True)
class NewMatch:
    """A match that came about lately: who the other one is, and the title of theirs."""

    pair: Pair
    who: Person
    title: str
    at: Instant


def new_matches(tx: Tx, member: int, now: Instant) -> tuple[NewMatch, ...]:
    """What the first page tells of, the latest first: both listings stand, and nobody has said yes, nor ``member`` anything.

    Nothing to who does not want to be told (``NoMatchNews``).
    """
    rows = tx.found(
        MatchNew,
        "member = ? AND at_ms >= ? ORDER BY at_ms DESC LIMIT ?",
        member,
        now.ms - NEW_DAYS * 86_400_000,
        _MOST,
    )
    if not rows or tx.get(NoMatchNews, member=member) is not None:
        return ()
    here, apart, found = own_place(tx).hub, marks.apart(tx, member), []
    for row in rows:
        pair = ((int(row.offer_hub), int(row.offer)), (int(row.want_hub), int(row.want)))
        sides = [_listed(tx, here, *node) for node in pair]
        theirs = next(
            (node for node, side in zip(pair, sides, strict=True) if side and side != (0, member)), None
        )
        said = answers(tx, pair, member)
        spoken = said.mine is not None or said.theirs in (ACCEPT, HAPPENED)
        if None in sides or theirs is None or spoken:
            continue
        hub, owner = next(side for side in sides if side is not None and side != (0, member))
        who = far_person(tx, hub, owner) if hub else person(tx, owner)
        if who is not None and (hub, owner) not in apart:
            at = Instant(Millis(row.at_ms), now.quality)
            found.append(NewMatch(pair, who, _title(tx, here, *theirs, member), at))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class SaidYes:
    """Somebody else has spoken about a match: with ``yes``, or with no to the reader's yes.

    ``waits``: the reader has said nothing yet; ``title``: of what is the other's.
    """

    pair: Pair
    who: Person
    title: str
    at: Instant
    yes: bool
    waits: bool


def said_yes(tx: Tx, member: int, now: Instant) -> tuple[SaidYes, ...]:
    """What the first page tells of others' words about matches, the latest first, while both listings stand."""
    here, since = own_place(tx).hub, now.ms - NEW_DAYS * 86_400_000
    rows = tx.select(_SAID_YES, here, member)
    if not rows:
        return ()
    apart, found = marks.apart(tx, member), []
    for one, offer, other, want, entry in rows:
        pair = ((int(one), int(offer)), (int(other), int(want)))
        sides = [_listed(tx, here, *node) for node in pair]
        theirs = next((n for n, side in enumerate(sides) if side is not None and side != (0, member)), None)
        said = answers(tx, pair, member)
        yes = said.theirs in (ACCEPT, HAPPENED)
        waits = said.mine is None and yes
        told = waits or (said.mine == ACCEPT and (yes or said.far is not None))  # at home a no is not told
        if None in sides or theirs is None or not told:
            continue
        hub, owner = sides[theirs] or (0, 0)
        at = chain.time_of(tx, int(entry))
        who = far_person(tx, hub, owner) if hub else person(tx, owner)
        if who is not None and (hub, owner) not in apart and (waits or at.ms >= since):
            found.append(SaidYes(pair, who, _title(tx, here, *pair[theirs], member), at, yes, waits))
    return tuple(found)


_SAID_YES: Final = """
SELECT offer_hub, offer, want_hub, want, MAX(entry) AS last FROM (
  SELECT said.* FROM listing JOIN match_answer AS said ON said.offer_hub = ?1 AND said.offer = listing.opened_entry
    WHERE listing.owner = ?2 AND listing.state = 'open' AND said.want_hub = ?1 AND said.member <> ?2
  UNION ALL SELECT said.* FROM listing JOIN match_answer AS said ON said.want_hub = ?1 AND said.want = listing.opened_entry
    WHERE listing.owner = ?2 AND listing.state = 'open' AND said.offer_hub = ?1 AND said.member <> ?2) AS here
GROUP BY offer_hub, offer, want_hub, want
UNION ALL SELECT heard.offer_hub, heard.offer, heard.want_hub, heard.want, heard.entry
  FROM listing JOIN match_heard AS heard ON heard.offer_hub = ?1 AND heard.offer = listing.opened_entry
  WHERE listing.owner = ?2 AND listing.state = 'open'
UNION ALL SELECT heard.offer_hub, heard.offer, heard.want_hub, heard.want, heard.entry
  FROM listing JOIN match_heard AS heard ON heard.want_hub = ?1 AND heard.want = listing.opened_entry
  WHERE listing.owner = ?2 AND listing.state = 'open'
ORDER BY last DESC LIMIT 30
"""


def _listed(tx: Tx, here: int, hub: int, number: int) -> tuple[int, int] | None:
    """Hub (0 for this one) and owner of a listing that stands; None for one that does not."""
    if hub == here:
        row = tx.get(Listing, opened_entry=number)
        return (0, int(row.owner)) if row is not None and row.state == OPEN else None
    far = tx.get(FarListing, hub=hub, listing=number)
    return (hub, int(far.owner)) if far is not None and far.open else None


@dataclass(frozen=True, slots=True)
class UnfitTerms:
    """Two terms that are no match at this hub, and who has said so."""

    id: RecordId
    offered: str
    wanted: str
    who: Person | None


def unfit(tx: Tx) -> tuple[UnfitTerms, ...]:
    """The terms that are kept apart, the latest first; those whose words were erased are not."""
    found = []
    for row in tx.found(Unfit, "state = ? ORDER BY entry DESC", matches.KEPT):
        offered, wanted = (text_of(tx, row.text_entry, field) for field in ("offered", "wanted"))
        if offered and wanted:
            found.append(UnfitTerms(RecordId(bytes(row.id)), offered, wanted, person(tx, row.member)))
    return tuple(found)


def unfit_words(tx: Tx, unfit_id: bytes) -> tuple[str, str]:
    """The two terms of which somebody said that they are no match; empty once they were erased."""
    row = tx.get(Unfit, id=unfit_id)
    if row is None:
        return "", ""
    return text_of(tx, row.text_entry, "offered"), text_of(tx, row.text_entry, "wanted")


# ------------------------------------------------------------------------------------ loops


@dataclass(frozen=True, slots=True)
class LegView:
    """One person's place: gives ``offer`` (its title; empty: not known here) to ``taker``.

    ``paid``: whether the taker has paid, as far as this hub knows; ``transfer``: by which payment, where it was made here.
    """

    giver: Person | None
    taker: Person | None
    offer: str
    amount: int | None
    answer: str
    mine: bool
    i_pay: bool
    paid: bool
    transfer: bytes | None


@dataclass(frozen=True, slots=True)
class LoopView:
    """A loop as one of its people reads it. ``by``: the other hub that proposed it; None: this one. ``at``: since when."""

    id: RecordId
    state: str
    until_ms: int
    legs: tuple[LegView, ...]
    by: str | None
    at: Instant

    @property
    def mine(self) -> LegView:
        """What the reader gives."""
        return next(leg for leg in self.legs if leg.mine)

    @property
    def to_pay(self) -> LegView:
        """What the reader gets, and pays."""
        return next(leg for leg in self.legs if leg.i_pay)

    @property
    def waits_for_me(self) -> bool:
        """Whether the reader has something to do: answer, or pay."""
        if self.state == "open":
            return self.mine.answer == loops.ASKED
        return self.state == "agreed" and not self.to_pay.paid


def loop(tx: Tx, record: bytes, member: int, now: Instant | None = None) -> LoopView | None:
    """One loop; None when ``member`` is not in it, or it was joined with another one. With ``now`` one whose time is over has lapsed, entry or not."""
    row, here = tx.get(TradeLoop, id=record), own_place(tx).hub
    legs = loops.legs_of(tx, record)
    if (
        row is None
        or row.state == loops.JOINED
        or (here, member) not in {(leg.hub, leg.member) for leg in legs}
    ):
        return None
    people = [_person(tx, here, leg.hub, leg.member) for leg in legs]
    views = []
    for n, leg in enumerate(legs):
        after = legs[(n + 1) % len(legs)]
        views.append(
            LegView(
                people[n],
                people[(n + 1) % len(legs)],
                _title(tx, here, leg.hub, leg.offer, member),
                leg.amount,
                leg.answer,
                mine=(leg.hub, leg.member) == (here, member),
                i_pay=(after.hub, after.member) == (here, member),
                paid=leg.transfer is not None or _came(tx, here, row, leg, after),
                transfer=None if leg.transfer is None else bytes(leg.transfer),
            )
        )
    by = None if row.hub == here else far_person(tx, row.hub, 1)
    at = chain.time_of(tx, row.entry)
    late = now is not None and row.state == OPEN and dues.over(tx, row.entry, row.until_ms, now)
    state = LAPSED if late else row.state
    return LoopView(
        RecordId(bytes(row.id)), state, row.until_ms, tuple(views), by.hub_name if by else None, at
    )


def loops_of(tx: Tx, member: int, now: Instant | None = None) -> tuple[LoopView, ...]:
    """The loops that ``member`` is in, the latest first; ``now`` as for ``loop``."""
    if tx.first("SELECT 1 FROM loop_leg WHERE member = ? LIMIT 1", member) is None:
        return ()  # nearly nobody is in one, and each first page asks
    here = own_place(tx).hub
    rows = tx.select(_LOOPS, here, member, _MOST)
    found = (loop(tx, bytes(record), member, now) for (record,) in rows)
    return tuple(view for view in found if view is not None)


_LOOPS: Final = """
SELECT trade_loop.id FROM trade_loop JOIN loop_leg ON loop_leg.loop = trade_loop.id
WHERE loop_leg.hub = ? AND loop_leg.member = ? AND trade_loop.state != 'joined' ORDER BY trade_loop.entry DESC LIMIT ?
"""


def loop_counts(tx: Tx) -> dict[str, int]:
    """How many loops this hub knows of, by state; for keepers, who read no more of them."""
    return {
        str(state): int(n)
        for state, n in tx.select(
            "SELECT state, COUNT(*) FROM trade_loop WHERE state != 'joined' GROUP BY state"
        )
    }


def tried(tx: Tx) -> set[frozenset[tuple[int, int]]]:
    """The people of loops that are not asked the same again: loops that were declined, have lapsed, or are being paid."""
    here, found = own_place(tx).hub, set()
    for row in tx.found(TradeLoop, "state IN ('declined', 'lapsed', 'agreed')"):
        legs = loops.legs_of(tx, bytes(row.id))
        if row.state != AGREED or _being_paid(tx, here, row, legs):
            found.add(frozenset((int(leg.hub), int(leg.member)) for leg in legs))
    return found


def _being_paid(tx: Tx, here: int, row: TradeLoop, legs: list[LoopLeg]) -> bool:
    """Whether the listings of a loop that all agreed to stand here, and somebody has yet to pay as far as is known here."""
    own = [tx.get(Listing, opened_entry=number) for number in _own_listings(here, legs)]
    if any(one is None or one.state != OPEN for one in own):
        return False
    takers = [legs[(n + 1) % len(legs)] for n in range(len(legs))]
    return any(
        leg.transfer is None and not _came(tx, here, row, leg, taker)
        for leg, taker in zip(legs, takers, strict=True)
        if here in (leg.hub, taker.hub)  # of the others this hub never learns
    )


def _own_listings(here: int, legs: list[LoopLeg]) -> list[int]:
    offers = [int(leg.offer) for leg in legs if leg.hub == here]
    return offers + [int(legs[n - 1].want) for n, leg in enumerate(legs) if leg.hub == here]


def _person(tx: Tx, here: int, hub: int, member: int) -> Person | None:
    return person(tx, member) if hub == here else far_person(tx, hub, member)


def _title(tx: Tx, here: int, hub: int, number: int, reader: int) -> str:
    if hub == here:
        row = tx.get(Listing, opened_entry=number)
        return "" if row is None else title_for(tx, row, reader)
    far = tx.get(FarListing, hub=hub, listing=number)
    return "" if far is None else str(far.title)


def _came(tx: Tx, here: int, row: TradeLoop, leg: LoopLeg, taker: LoopLeg) -> bool:
    """Whether a payment has come from the taker, of another hub, since all agreed."""
    if leg.hub != here or taker.hub == here or row.state != "agreed" or row.closed_entry is None:
        return False
    return tx.first(_CAME, taker.hub, taker.member, leg.member, row.closed_entry) is not None


_CAME: Final = """
SELECT 1 FROM crossing WHERE NOT outgoing AND hub = ? AND far = ? AND near = ? AND opened_entry > ? AND state = 'arrived' LIMIT 1
"""
