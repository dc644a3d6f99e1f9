"""The post: what leaves this hub for others, and what takes effect here of what arrives.

Leaving: the book has put records on the feed (``outgoing``); ``pack`` seals them, has a frame
made of them and signed, and keeps both before anybody may send it. Arriving: ``take`` keeps a
frame whose signature has been checked; ``settle`` reads each feed in its order, up to where it
is linked, and what is for us becomes an entry of the own book, by rule. Reading a record twice
does no harm: its place in the feed is the idempotency key.

One process does this for a hub: the radio's. Frames themselves are the radio's matter; whoever
packs brings the functions that measure and make one.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from appliance.ledger import arriving, codec, hearsay, leaving, messengers, recovering
from appliance.ledger.book import feed
from appliance.ledger.book.chain import KEY_BYTES
from appliance.ledger.book.command import Receipt
from appliance.ledger.book.feed import Contradiction, FeedRow, Kept, Taken
from appliance.ledger.book.local import Suspect
from appliance.ledger.book.records import EVERYONE, Kind, Record
from appliance.ledger.book.schema import Outgoing, RosterRow
from appliance.ledger.book.schema_hubs import LifeRow, RivalRow
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Command
from appliance.ledger.errors import BadEncoding, BadSignature, Code, DataDirectoryError, Refusal
from appliance.ledger.hub import Hub
from appliance.ledger.keys import Certificate
from appliance.ledger.money import arrivals, trunks
from appliance.ledger.money.arrivals import TakeHeld
from appliance.ledger.people import lives, showing
from appliance.ledger.people.forks import RULE, FindFork
from appliance.ledger.people.lives import RULE as CERTIFICATE
from appliance.ledger.people.lives import SeeRenewal
from appliance.ledger.people.rivals import FindRival, is_rival
from appliance.ledger.people.roster import last
from appliance.ledger.recovering import Recovering
from appliance.ledger.sealing import group_seal_key, stream

_log = logging.getLogger(__name__)

_SEALED_AT_ONCE: Final = 40
"""More records than any frame holds."""

_READ_AT_ONCE: Final = 100
"""Records of a feed that one ``settle`` reads: a second or two of a small board's time."""

TELL_EVERY_MS: Final = 6 * 3_600_000
"""At most this often a neighbour is told where we stand toward it, and only after something crossed."""

_URGENT: Final = (
    *(Kind.SENT, Kind.ACCEPTED, Kind.RETURNED, Kind.RECALL),
    *(Kind.CARE_ASK, Kind.CARE_KEY, Kind.CARE_SIGN, Kind.CARE_NO, Kind.CARE_TOLD),
    *(Kind.LOOP, Kind.LOOP_ANSWER, Kind.LOOP_END, Kind.MATCH),
)

Fit = Callable[[Sequence[Record]], int]
"""How many of some records, from the first, one frame holds."""
Make = Callable[[Sequence[Record], bytes], Kept]
"""The frame of some records, given the 32-byte link of the record before them."""


class NotAdmitted(DataDirectoryError):
    """The hub has no community yet, or not all keys that trading with others needs."""


@dataclass(frozen=True, slots=True)
class Place:
    """Up to where a feed is held here without gaps, and the link there."""

    hub: int
    incarnation: int
    number: int
    link: bytes


class Post:
    """The post of one hub.

    Raises:
        NotAdmitted: the hub is of no community of hubs yet.
    """

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        if hub.box.box_key is None or hub.box.group_key is None:
            raise NotAdmitted("this hub has not been admitted to a community of hubs (see: hub community)")
        self._box_key = hub.box.box_key
        self._group = group_seal_key(hub.box.group_key)
        self._community = hub.box.place.community
        self._pairs: dict[tuple[bytes, bool], bytes] = {}

    # ------------------------------------------------------------------------------ what is held

    def roster(self) -> list[RosterRow]:
        """All hubs of the community, in the order of admission."""
        with self.hub.reading() as tx:
            return _roster(tx)

    def roster_head(self) -> bytes:
        """The 32-byte hash of the roster's last entry."""
        with self.hub.reading() as tx:
            return last(tx)[1]

    def places(self) -> list[Place]:
        """Up to where each hub's feed is held, in the order of the roster."""
        with self.hub.reading() as tx:
            found = []
            for row in _roster(tx):
                state = feed.state(tx, row.hub, row.incarnation)
                found.append(Place(row.hub, row.incarnation, state.linked, bytes(state.link)))
            return found

    def holes(self, hub: int, incarnation: int, up_to: int) -> Sequence[tuple[int, int]]:
        """What is missing of a feed up to ``up_to``, as (first, last) runs in order."""
        with self.hub.reading() as tx:
            return feed.holes(tx, hub, incarnation, up_to)

    def frames_with(self, hub: int, incarnation: int, number: int) -> list[bytes]:
        """The kept frame that carries this record and reaches furthest; of a forked feed, each story's."""
        with self.hub.reading() as tx:
            if feed.state(tx, hub, incarnation).forked:
                return feed.frames_with(tx, hub, incarnation, number)
            found = feed.frame_with(tx, hub, incarnation, number)
        return [] if found is None else [found]

    # ----------------------------------------------------------------------------------- leaving

    def waiting(self) -> tuple[int, bool]:
        """How many own records no frame carries yet, and whether somebody waits for one of them."""
        with self.hub.reading() as tx:
            linked = self._own(tx).linked
            kinds = [int(k) for (k,) in tx.select("SELECT kind FROM outgoing WHERE number > ?", linked)]
        return len(kinds), any(kind in _URGENT for kind in kinds)

    def pack(self, fit: Fit, make: Make) -> bytes | None:
        """The next frame of own records; durable when this returns. None when nothing waits, or
        when this box is *stale*.
        """
        with self.hub.store.write() as tx:
            own = self._own(tx)
            if own.forked:
                return None
            rows = tx.rows(
                Outgoing.select()
                .where(Outgoing.number > own.linked)
                .order_by(Outgoing.number)
                .limit(_SEALED_AT_ONCE)
            )
            records, link = [], bytes(own.link)
            for row in rows:
                record = self._sealed(tx, row, link)
                link = record.link(self._community, link)
                records.append(record)
            count = fit(records) if records else 0
            if not count:
                return None
            kept = make(records[:count], bytes(own.link))
            feed.keep_own(tx, self._community, kept)
        return kept.data

    def stale(self) -> bool:
        """Whether this box has lost part of its own feed (``found_stale``)."""
        with self.hub.reading() as tx:
            return bool(self._own(tx).forked)

    def found_stale(self) -> None:
        """Remember, over restarts too, that there are frames which this hub signed and does not hold.

        Nothing more is packed in this incarnation, or it would tell two stories under one number.
        """
        with self.hub.store.write() as tx:
            own = self._own(tx)
            own.forked = True
            feed.save(tx, own)

    def _own(self, tx: Tx) -> FeedRow:
        place = self.hub.box.place
        return feed.state(tx, place.hub, place.incarnation)

    def _sealed(self, tx: Tx, row: Outgoing, link: bytes) -> Record:
        plain = leaving.plain_text(tx, row, link)
        place = self.hub.box.place
        key = self._key(tx, row.to, sending=True)
        sealed = stream(key, place.hub, place.incarnation, row.number, plain)
        return Record(place.hub, place.incarnation, row.number, row.kind, row.to, row.amount, sealed)

    def _key(self, tx: Tx, other: int, sending: bool) -> bytes:
        """The key for what we seal for ``other``, or open from it; the group's for everyone."""
        if other == EVERYONE:
            return self._group
        row = tx.get(RosterRow, hub=other)
        if row is None:
            raise BadSignature(f"hub {other} is not in the roster")
        public = bytes(row.box_key)
        if (public, sending) not in self._pairs:
            self._pairs[public, sending] = self._box_key.pair_key(public, self._community, sending)
        return self._pairs[public, sending]

    def pair_key(self, other: int, sending: bool) -> bytes:
        """The 32-byte key for what this hub seals for ``other``, or opens from it.

        Raises:
            BadSignature: ``other`` is not in the roster.
        """
        with self.hub.reading() as tx:
            return self._key(tx, other, sending)

    def publish(self, most: int) -> int:
        """Put on the feed what is new of names and listings, or else messages, at most ``most`` items; how many."""
        with self.hub.reading() as tx:
            if not feed.neighbours(tx, self.hub.number):
                return 0
            items = showing.unsaid(tx, most)
        done = sum(isinstance(self.hub.by_rule(item, "publish"), Receipt) for item in items)
        return done or messengers.carry(self.hub, most)

    def tell(self) -> int:
        """Tell neighbours where we stand toward them, those with whom something has crossed; how many.

        What we say we have seen must be all that we have counted, so everything is read first:
        after a power cut the book may be ahead of the cursor.
        """
        self.settle()
        now = self.hub.clock.now().ms
        with self.hub.reading() as tx:
            due = [int(hub) for (hub,) in tx.select(trunks.POSITION_DUE, now - TELL_EVERY_MS, now)]
            due = [hub for hub in due if recovering.all_read(tx, hub)]
        told = (self.hub.by_rule(trunks.TellPosition(hub), "checkpoint") for hub in due)
        return sum(isinstance(result, Receipt) for result in told)

    def expire(self) -> int:
        """Send back what has been held for longer than the rules allow; how many."""
        now = self.hub.clock.now()
        with self.hub.reading() as tx:
            old = arrivals.overdue(tx, now, self.hub.rules().credit.held_days)
        back = (self.hub.by_rule(arrivals.SendBack(item), "expiry", bytes(item)) for item in old)
        return sum(isinstance(result, Receipt) for result in back)

    def take_up(self) -> bool:
        """Take up held payments that there is room for, when there were too many for the act that
        made it; whether there were any. Each call takes up a few (``Book.submit``).
        """
        with self.hub.reading() as tx:
            found = arrivals.next_with_room(tx)
        return found is not None and isinstance(
            self.hub.by_rule(TakeHeld(found), "room", bytes(found)), Receipt
        )

    # ---------------------------------------------------------------------------------- arriving

    def renewed(self, certificate: Certificate, root_signature: bytes) -> bool:
        """A neighbour's certificate has come: whether its hub is in that life now, or was already.

        One that does not hold, or that the founders must look at first, changes nothing. A second
        one of a life that is known, our own too, is a fork (``people.rivals``).
        """
        with self.hub.reading() as tx:
            row = tx.get(RosterRow, hub=certificate.hub)
            rival = row is not None and is_rival(tx, certificate, root_signature)
        if rival:
            self._rival(certificate, root_signature)
            return False
        if row is None:
            return False
        if certificate.hub == self.hub.number:
            if certificate.incarnation > self.hub.box.place.incarnation:
                # Its own root has put the hub together elsewhere: this box is the old one.
                self.found_stale()
            return False
        if row.incarnation >= certificate.incarnation:
            return row.incarnation == certificate.incarnation
        # All that has come is read first: after a power cut the book may be ahead of the cursor, and what
        # we say that we had read must not be less than what took effect.
        while self.settle():
            pass
        asked = SeeRenewal(certificate, root_signature)
        key = codec.digest("tch.certificate", certificate.form())[:KEY_BYTES]
        result = self.hub.by_rule(asked, CERTIFICATE, key)
        if isinstance(result, Refusal):
            _log.warning("post=certificate hub=%s code=%s", certificate.hub, result.code)
            return False
        _log.warning("post=renewed hub=%s incarnation=%s", certificate.hub, certificate.incarnation)
        return True

    def _rival(self, certificate: Certificate, root_signature: bytes) -> None:
        key = codec.digest("tch.rival", codec.encode([certificate.hub, certificate.incarnation]))[:KEY_BYTES]
        result = self.hub.by_rule(FindRival(certificate, root_signature), RULE, key)
        if isinstance(result, Receipt) and not result.replayed:
            _log.error("post=rival hub=%s incarnation=%s", certificate.hub, certificate.incarnation)
        for_feed = (certificate.hub, certificate.incarnation)
        with self.hub.store.write() as tx:
            # What either of the two says from now on is nobody's.
            state = feed.state(tx, *for_feed)
            state.forked = True
            feed.save(tx, state)

    def rival(self, hub: int, incarnation: int) -> tuple[Certificate, bytes] | None:
        """The second certificate of a life, with its signature, when there is one."""
        with self.hub.reading() as tx:
            row = tx.get(RivalRow, hub=hub, incarnation=incarnation)
        if row is None:
            return None
        return lives.certificate_of(row, self._community), bytes(row.certificate)

    def certificate(self, hub: int, incarnation: int) -> tuple[Certificate, bytes] | None:
        """What opened a life of a hub, with the hub root's signature; None for a first life, and what is not known."""
        with self.hub.reading() as tx:
            row = tx.get(LifeRow, hub=hub, incarnation=incarnation)
        if row is None or not bytes(row.certificate):
            return None
        return lives.certificate_of(row, self._community), bytes(row.certificate)

    def earlier_holes(self) -> list[tuple[int, int, int, int]]:
        """(hub, incarnation, first, last) of what is missing of lives that were closed, in order; of our own
        ones up to where neighbours say that they had read them (``recovering``).
        """
        holes = []
        with self.hub.reading() as tx:
            rows = tx.rows(LifeRow.select().order_by(LifeRow.hub, LifeRow.incarnation))
            lost = recovering.own_ends(tx, self.hub.number, lambda record: self._plain(tx, record))
            for before, after in pairwise(rows):
                if before.hub != after.hub:
                    continue
                end = after.closed_number if recovering.closes(tx, before, after) else 0
                if before.hub == self.hub.number:
                    # What this hub said after its backup stands with others alone.
                    end = max(end, lost.get(before.incarnation, 0))
                runs = feed.holes(tx, before.hub, before.incarnation, end)
                holes += [(before.hub, before.incarnation, first, until) for first, until in runs]
        return holes

    def lives(self) -> list[LifeRow]:
        """All lives of all hubs that have had more than one, in their order."""
        with self.hub.reading() as tx:
            return tx.rows(LifeRow.select().order_by(LifeRow.hub, LifeRow.incarnation))

    def take(self, kept: Kept) -> Taken:
        """Keep a frame that arrived. Its signature has been checked against the roster's key.

        When it makes the feed forked, that becomes an entry of the book (``people.forks``).
        """
        with self.hub.store.write() as tx:
            taken = feed.take(tx, self._community, kept)
            found = feed.contradiction(tx, kept) if taken is Taken.FORKED else None
        if found is not None:
            self._forked(found)
        return taken

    def found_clone(self, kept: Kept) -> None:
        """Keep a frame in this hub's own name that it did not sign though it has signed that number:
        another box runs with its keys. From now on this one is *stale*.
        """
        with self.hub.store.write() as tx:
            feed.keep_clone(tx, kept)
            own = self._own(tx)
            own.forked = True
            feed.save(tx, own)
            found = feed.contradiction(tx, kept)
        if found is not None:
            self._forked(found)

    def _forked(self, found: Contradiction) -> None:
        """Write a fork down. A second finding of the same life is refused, and adds nothing."""
        asked = FindFork(found)
        result = self.hub.by_rule(asked, RULE, asked.key)
        if isinstance(result, Receipt) and not result.replayed:
            _log.error(
                "post=forked hub=%s incarnation=%s number=%s", found.hub, found.incarnation, found.number
            )
        with self.hub.store.write() as tx:
            tx.delete(Suspect, Suspect.hub == found.hub)

    def suspects(self) -> list[tuple[int, int, int]]:
        """(hub, incarnation, number) of records of which another content may exist, as others say."""
        with self.hub.reading() as tx:
            rows = tx.rows(Suspect.select().order_by(Suspect.hub))
            return [(row.hub, row.incarnation, row.number) for row in rows]

    def settle(self) -> int:
        """Read what has arrived, feed by feed, in order; what is for us takes effect. How many records.

        A hundred of each feed at most, so that who calls can do something else between.
        """
        with self.hub.reading() as tx:
            hubs = [row.hub for row in feed.neighbours(tx, self.hub.number)]
            lives_of = {hub: recovering.to_read(tx, hub) for hub in hubs}
        return sum(self._settle(hub, *life) for hub, life in lives_of.items())

    def _settle(self, hub: int, incarnation: int, end: int | None) -> int:
        with self.hub.reading() as tx:
            state = feed.state(tx, hub, incarnation)
            last = state.linked if end is None else min(end, state.linked)
            if state.forked or state.read >= last:
                return 0
            numbers = range(state.read + 1, min(last, state.read + _READ_AT_ONCE) + 1)
            records = [feed.record(tx, hub, incarnation, number) for number in numbers]
            learning = self._learning(tx, hub, incarnation)
            if learning is not None and learning.waits:
                return 0
            held = learning.held(tx) if learning is not None and learning.until > state.read else []
        for answered in held:
            if not self._asked(answered, recovering.own_key(self.hub.number, answered)):
                return 0
        # When the book is busy, the rest waits for the next time.
        return self._read(state, [r for r in records if r is not None], learning)

    def _learning(self, tx: Tx, hub: int, incarnation: int) -> Recovering | None:
        """How to read a neighbour after a restore of this hub; None when it is read as always."""
        if not recovering.concerns(tx, hub):
            return None
        me, community = self.hub.number, self._community
        return Recovering(tx, me, community, hub, incarnation, lambda record: self._plain(tx, record))

    def _read(self, state: FeedRow, records: Sequence[Record], learning: Recovering | None) -> int:
        """Take up some records in their order; how many. The cursor is kept behind what was done."""
        seen: list[tuple[Record, bytes]] = []
        done = 0
        for record in records:
            plain = self._opened(record)
            if record.to == self.hub.number and not self._took_effect(record, plain, learning):
                break
            if plain is not None and (record.to == EVERYONE or record.kind in hearsay.OF_PEOPLE):
                seen.append((record, plain))
            done += 1
        if done:
            with self.hub.store.write() as tx:
                for record, plain in seen:
                    hearsay.take_in(tx, record, plain, self.hub.clock.now())
                now = feed.state(tx, state.hub, state.incarnation)
                now.read = max(now.read, records[done - 1].number)
                feed.save(tx, now)
        return done

    def _opened(self, record: Record) -> bytes | None:
        if record.to not in (EVERYONE, self.hub.number):
            return None
        with self.hub.reading() as tx:
            try:
                return self._plain(tx, record)
            except BadSignature:
                return None

    def _plain(self, tx: Tx, record: Record) -> bytes:
        """What is sealed in a record of ours, or in one that is for us or for everyone.

        Raises:
            BadSignature: it is of, or for, a hub that is not in the roster.
        """
        own = record.hub == self.hub.number
        other = record.to if own or record.to == EVERYONE else record.hub
        key = self._key(tx, other, sending=own)
        return stream(key, record.hub, record.incarnation, record.number, record.sealed)

    def _took_effect(self, record: Record, plain: bytes | None, learning: Recovering | None) -> bool:
        """Whether a record for us stands in the book now, or never will; False: try again later."""
        try:
            command = self._command(record, plain or b"", learning)
        except BadEncoding as error:
            _log.warning(
                "post=unreadable hub=%s number=%s kind=%s reason=%s",
                record.hub,
                record.number,
                record.kind,
                error,
            )
            command = arriving.unreadable(record, record.digest(self._community))
        if command is None:
            return True
        return self._asked(command, recovering.arrival_key(record.hub, record.incarnation, record.number))

    def _asked(self, command: Command, key: bytes) -> bool:
        """Do what has arrived, once; False when the book is busy."""
        result = self.hub.by_rule(command, "arrival", key)
        if isinstance(result, Refusal):
            _log.warning("post=refused kind=%s code=%s", command.KIND, result.code)
            return result.code is not Code.BUSY
        return True

    def _command(self, record: Record, plain: bytes, learning: Recovering | None) -> Command | None:
        """What a record for us asks of the book; None for a kind that this release does not know.

        Raises:
            BadEncoding: its sealed part is not what its kind holds.
        """
        if learning is not None and record.number <= learning.until:
            with self.hub.reading() as tx:
                found = learning.command(tx, record, plain)
            if not isinstance(found, recovering.Normal):
                return found
        return arriving.asked(record, record.digest(self._community), plain)


def _roster(tx: Tx) -> list[RosterRow]:
    return tx.rows(RosterRow.select().order_by(RosterRow.seq))
