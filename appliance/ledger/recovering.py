"""Learning from the neighbours after a restore: what the lost book knew, read out of what they kept.

A neighbour that sees this hub's new life says in one record of its feed, SEEN, up to where it had read
the old one; all its answers to that stand before it. So nothing of what it said since the backup is
taken up before that record is here, and before this hub has got back its own old records up to the
place that it names. Then the feed is read in its order, as always; but a payment or an answer that
the restored book does not know is looked up among the own old records, and becomes a *recovered*
entry instead of a new verdict and a second answer.

A hub may be restored a second time out of a backup that is older than the first restore. Then its book does
not know the life between. The neighbour has said SEEN for each life: what it had read of the lives that this
book knows comes back. Where it had read something of a life that this book does not know, whose key nobody
here has, that neighbour is not read at all (``decisions/0022``).

Reading is the radio process's (``post``); here it is worked out what a record asks of the book.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from appliance.ledger import codec
from appliance.ledger.book import feed, letters
from appliance.ledger.book.chain import KEY_BYTES
from appliance.ledger.book.letters import Named, Why
from appliance.ledger.book.records import Kind, Record
from appliance.ledger.book.schema import Crossing, RosterRow
from appliance.ledger.book.schema_hubs import LifeRow
from appliance.ledger.book.schema_recovery import Awaited
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Command
from appliance.ledger.errors import BadEncoding
from appliance.ledger.money.recovery import ArriveSeen, RecoverReceived, RecoverSent
from appliance.ledger.money.transfers import HELD
from appliance.ledger.people import restoring

_WHOLE_LIFE: Final = 1 << 40

Open = Callable[[Record], bytes]
"""The plain text of a record, own or for us."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a SEEN record says: it has seen our life ``incarnation``, and had read ``old`` up to ``read``."""

    incarnation: int
    old: int
    read: int


@dataclass(frozen=True, slots=True)
class Seen:
    """A neighbour's SEEN record: where it stands, and what it says."""

    life: int
    number: int
    letter: Said
    before: tuple[Said, ...] = ()
    """What it had said in the same way of lives that this book does not know to have begun."""

    @property
    def said(self) -> tuple[Said, ...]:
        return (*self.before, self.letter)


@dataclass(frozen=True, slots=True)
class Answered:
    """An own old record that answers a neighbour's payment."""

    record: Record
    why: Why | None


class Recovering:
    """What is known of one neighbour while it is read, after a restore.

    Attributes:
        until: the last record of its feed that is read this way; 0 for none.
        waits: it may not be read on yet.
    """

    def __init__(self, tx: Tx, me: int, community: bytes, hub: int, life: int, open_record: Open) -> None:
        self.hub, self.life, self._me, self._community, self._open = hub, life, me, community, open_record
        self.until = 0
        self._answers: dict[tuple[int, int], Answered] | None = None
        self.seen = _next_seen(tx, me, hub, life, open_record)
        if self.seen is not None and _own_are_here(tx, me, self.seen):
            self.until = self.seen.number if self.seen.life == life else _WHOLE_LIFE
        self.waits = restoring.unheard(tx, hub) and not self.until

    def held(self, tx: Tx) -> list[RecoverReceived]:
        """What the backup held of this neighbour and this hub had answered since."""
        found = []
        for (life, number), answered in sorted(self._answered(tx).items()):
            crossing = tx.get(
                Crossing, hub=self.hub, outgoing=False, incarnation=life, number=number, state=HELD
            )
            record = None if crossing is None else feed.record(tx, self.hub, life, number)
            if record is not None:
                found.append(self._received(record, answered))
        return found

    def command(self, tx: Tx, record: Record, plain: bytes) -> "Command | Normal | None":
        """What a record asks of the book; ``NORMAL`` when it asks what it always does.

        Raises:
            BadEncoding: its sealed part is not what its kind holds.
        """
        if record.kind == Kind.CHECKPOINT:
            return None  # its sums are of what we are still learning; the next one is compared
        if record.kind == Kind.ACCEPTED:
            return self._answer(tx, record, letters.read_answer(plain), None)
        if record.kind == Kind.RETURNED:
            return self._answer(tx, record, *letters.read_returned(plain))
        if record.kind == Kind.SENT and record.amount:
            known = tx.get(
                Crossing, hub=self.hub, outgoing=False, incarnation=record.incarnation, number=record.number
            )
            answered = self._answered(tx).get((record.incarnation, record.number))
            return NORMAL if known is not None or answered is None else self._received(record, answered)
        if (
            record.kind == Kind.SEEN
            and self.seen is not None
            and (self.life, record.number) == (self.seen.life, self.seen.number)
        ):
            place = (record.hub, record.incarnation, record.number, record.digest(self._community))
            old, read = _known_end(tx, self._me, self.seen)
            return ArriveSeen(*place, self.seen.letter.incarnation, old, read)
        return NORMAL

    def _answer(self, tx: Tx, record: Record, named: Named, why: Why | None) -> "RecoverSent | Normal":
        crossing = tx.get(
            Crossing, hub=self.hub, outgoing=True, incarnation=named.incarnation, number=named.number
        )
        own = feed.record(tx, self._me, named.incarnation, named.number)
        if crossing is not None or own is None or own.kind != Kind.SENT or own.to != self.hub:
            return NORMAL
        letter = letters.read_sent(self._open(own))
        return RecoverSent(
            record.hub,
            record.incarnation,
            record.number,
            record.digest(self._community),
            named,
            own.digest(self._community),
            letter.payer,
            letter.payee,
            own.amount,
            why,
            letter.category,
            letter.memo,
        )

    def _received(self, record: Record, answered: Answered) -> RecoverReceived:
        letter = letters.read_sent(self._open(record))
        own = answered.record
        return RecoverReceived(
            record.hub,
            record.incarnation,
            record.number,
            record.digest(self._community),
            Named(own.incarnation, own.number),
            own.digest(self._community),
            letter.payee,
            letter.payer,
            record.amount,
            answered.why,
            letter.category,
            letter.memo,
        )

    def _answered(self, tx: Tx) -> dict[tuple[int, int], Answered]:
        """The own old records that answer this neighbour and that it has read, by what they answer."""
        if self._answers is None:
            self._answers = {}
            for letter in () if self.seen is None else self.seen.said:
                for record in _own_answers(tx, self._me, self.hub, letter.old, letter.read):
                    self._note(record)
        return self._answers

    def _note(self, record: Record) -> None:
        assert self._answers is not None  # whoever calls has just made it
        try:
            plain = self._open(record)
            named, why = (
                letters.read_returned(plain)
                if record.kind == Kind.RETURNED
                else (letters.read_answer(plain), None)
            )
        except BadEncoding:
            return  # an own record that cannot be read answers nothing that anybody could have read
        self._answers[named.incarnation, named.number] = Answered(record, why)


class Normal:
    """A record that asks what it always does."""


NORMAL: Final = Normal()


def arrival_key(hub: int, incarnation: int, number: int) -> bytes:
    """Under which a record takes effect once, whichever way it is read."""
    return codec.digest("tch.arrival", codec.encode([hub, incarnation, number]))[:KEY_BYTES]


def own_key(me: int, answered: RecoverReceived) -> bytes:
    """Under which an own old answer to a payment that the backup held takes effect once."""
    return arrival_key(me, answered.ours.incarnation, answered.ours.number)


def _next_seen(tx: Tx, me: int, hub: int, life: int, open_record: Open) -> Seen | None:
    """The neighbour's record that is waited for; or, once it has taken effect, that very one.

    It may stand in a later life of the neighbour's than the one that is read: both boxes were lost.
    """
    waits = tx.first(_WAITS, hub)
    waited: int | None = None if waits is None else waits[0]
    heard = tx.first(_HEARD, hub, life) if waited is None else None
    if heard is not None:
        waited = heard[2]
    if waited is None:
        return None
    begun = restoring.closing(tx, waited - 1)
    before: list[Said] = []
    for there, number, said in _seen_said(tx, me, hub, life, open_record):
        if said.incarnation >= waited:
            return Seen(there, number, said, tuple(before))
        if begun is not None and said.incarnation > begun.old:
            before.append(said)
    return None


def _seen_said(tx: Tx, me: int, hub: int, life: int, open_record: Open) -> Iterator[tuple[int, int, Said]]:
    """What a neighbour has said of lives of ours that it saw: where it stands, and what it is."""
    for there, number in tx.select(_SEEN_RECORDS, hub, life, int(Kind.SEEN), me):
        record = feed.record(tx, hub, there, number)
        try:
            said = Said(*letters.read_seen(open_record(record))) if record else None
        except BadEncoding:
            continue
        if said is not None:
            yield there, number, said


_WAITS: Final = "SELECT MIN(incarnation) FROM awaited WHERE hub = ? AND heard_entry IS NULL"
_HEARD: Final = """
SELECT life, number, incarnation, old, read FROM awaited WHERE hub = ? AND life >= ?
ORDER BY incarnation DESC LIMIT 1
"""
_SEEN_RECORDS: Final = """
SELECT incarnation, number FROM record WHERE hub = ? AND incarnation >= ? AND kind = ? AND "to" = ?
  AND link IS NOT NULL
ORDER BY incarnation, number
"""


def concerns(tx: Tx, hub: int) -> bool:
    """Whether what a neighbour says is, or was, read with a restore of this hub in mind."""
    return tx.get(Awaited, hub=hub) is not None


def _own_are_here(tx: Tx, me: int, seen: Seen) -> bool:
    """Whether this hub has its own old records again, up to where the neighbour had read them.

    Of a life that this book does not know no record can be told from a forged one: there has to be none.
    """
    return all(
        one.read == 0 or (_known(tx, me, one.old) and int(feed.state(tx, me, one.old).linked) >= one.read)
        for one in seen.said
    )


def _known(tx: Tx, me: int, life: int) -> bool:
    """Whether this book knows that the hub has had that life."""
    return tx.get(LifeRow, hub=me, incarnation=life) is not None


def _known_end(tx: Tx, me: int, seen: Seen) -> tuple[int, int]:
    """The last life that this book knows and the neighbour had read, and up to where: beyond that nothing
    of what is in this book has come there.
    """
    for one in reversed(seen.said):
        if _known(tx, me, one.old):
            return one.old, one.read
    begun = restoring.closing(tx, seen.letter.incarnation - 1)
    return (begun.old if begun is not None else seen.letter.old), 0


def _own_answers(tx: Tx, me: int, hub: int, life: int, read: int) -> list[Record]:
    """Own answers that the book may not know: those of the closed life beyond its end."""
    ended = restoring.closing(tx, life)
    above = ended.closed if ended is not None and ended.old == life else 0
    numbers = tx.select(_OWN_ANSWERS, me, life, hub, int(Kind.ACCEPTED), int(Kind.RETURNED), above, read)
    found = (feed.record(tx, me, life, number) for (number,) in numbers)
    return [record for record in found if record is not None]


_OWN_ANSWERS: Final = """
SELECT number FROM record WHERE hub = ? AND incarnation = ? AND "to" = ? AND kind IN (?, ?) AND number > ? AND number <= ?
ORDER BY number
"""


def own_ends(tx: Tx, me: int, open_record: Open) -> dict[int, int]:
    """Up to which number of each earlier life of its own this hub has to get its records back: as far as
    the neighbours that are still to be heard had read. What is here already is left out.
    """
    wanted: dict[int, int] = {}
    for (hub,) in tx.select("SELECT DISTINCT hub FROM awaited WHERE heard_entry IS NULL ORDER BY hub"):
        seen = _next_seen(tx, me, hub, 1, open_record)
        if seen is not None and not _own_are_here(tx, me, seen):
            for one in seen.said:
                wanted[one.old] = max(wanted.get(one.old, 0), one.read)
    return wanted


def to_read(tx: Tx, hub: int) -> tuple[int, int | None]:
    """The life of a hub's feed to read on in, and where that one ends.

    A life that was closed is read to where it ends first; unless it told two stories, which nobody
    can tell apart.
    """
    known = tx.rows(LifeRow.select().where(LifeRow.hub == hub).order_by(LifeRow.incarnation))
    for before, after in pairwise(known):
        state = feed.state(tx, hub, before.incarnation)
        if not state.forked and state.read < after.closed_number and closes(tx, before, after):
            return before.incarnation, after.closed_number
    row = tx.get(RosterRow, hub=hub)
    return (row.incarnation if row else 1), None


def closes(tx: Tx, before: LifeRow, after: LifeRow) -> bool:
    """Whether the certificate of ``after`` says where ``before`` ended.

    A hub that was restored twice, the second time out of an older backup, does not know the life between:
    its certificate names a place in an earlier one. Of the life between nobody reads on.
    """
    place = (after.closed_number, bytes(after.closed_head))
    if place == (before.closed_number, bytes(before.closed_head)):
        return not after.closed_number
    return tx.first(_IN_EARLIER, before.hub, before.incarnation, *place) is None


_IN_EARLIER: Final = (
    "SELECT 1 FROM record WHERE hub = ? AND incarnation < ? AND number = ? AND link = ? LIMIT 1"
)


def all_read(tx: Tx, hub: int) -> bool:
    """Whether all that has come of a hub has taken effect here, so that totals may be compared."""
    row = tx.get(RosterRow, hub=hub)
    if row is None or restoring.unheard(tx, hub) or to_read(tx, hub)[1] is not None:
        return False
    state = feed.state(tx, hub, row.incarnation)
    return state.read >= state.linked
