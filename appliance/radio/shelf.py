"""The shelf: the frames and feeds of a hub, as the engine asks for them, out of the ledger.

The engine asks often and the book is on an SD card, so answers are kept until something can
have changed them. Feeds change only through this object, in the one process that holds the
radio; what the portal's process adds (own records, a longer roster) is seen at the next
``look``.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from appliance.ledger.book import feed
from appliance.ledger.book.feed import Kept, Taken
from appliance.ledger.book.records import Record
from appliance.ledger.book.startup import CLEAN, last_stop, settled
from appliance.ledger.hub import Hub
from appliance.ledger.post import NotAdmitted, Post
from appliance.radio import frames
from appliance.radio.certificates import CertificateFrame, pack_certificate
from appliance.radio.control import Mark
from appliance.radio.directory import Directory, of_roster
from appliance.radio.frames import DataFrame
from appliance.radio.ports import Position, Span, Waiting


def directory_of(hub: Hub, post: Post) -> Directory:
    """Whom ``hub`` believes, from its roster and the lives of its hubs.

    Raises:
        NotAdmitted: it is of no community of hubs yet.
    """
    roster = post.roster()
    if hub.box.group_key is None or not any(row.hub == hub.number for row in roster):
        raise NotAdmitted("this hub has not been admitted to a community of hubs (see: hub community)")
    return of_roster(
        roster, hub.box.place.community, hub.box.group_key, hub.number, post.lives(), post.roster_head()
    )


class Shelf:
    """``ports.Library`` over one hub's ledger. For one thread.

    ``directory`` is the roster as it was last looked at. ``stale``: somebody sent on a frame that
    this hub signed and does not hold, so this box has lost part of its own feed (an old backup,
    a second box): it packs nothing more, or it would tell two stories under one number. ``quiet``: the
    box lost its power, or its card is in another board; until a neighbour has told how much it holds of
    this hub's feed, or a keeper says so, it packs nothing. ``voice``: another box speaks in its name.

    Raises:
        NotAdmitted: the hub is of no community of hubs yet.
    """

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.post = Post(hub)
        self.directory = directory_of(hub, self.post)
        self.stale = self.post.stale()
        self.quiet = self._must_wait()
        self.voice = False
        self._vector: Mapping[int, Position] | None = None
        self._waiting: Waiting | None = None
        self._suspects: Sequence[Span] | None = None
        self._earlier: Sequence[Span] | None = None
        self._turn = 0

    def look(self) -> None:
        """Look anew for own records that another process may have added, and for a keeper's word."""
        self._waiting = None
        if self.quiet and not self._must_wait():
            self.quiet = self.voice = False

    def _must_wait(self) -> bool:
        """Whether the box stopped in a way that may have lost what it said, and nobody has made sure since."""
        return len(self.directory.members) > 1 and last_stop(self.hub.store) is not CLEAN

    def heard_of_us(self, said: Mark) -> None:
        """A neighbour's summary says up to where it holds this hub's feed.

        When it holds no more than this box, nothing that was said is lost here, and a box that kept
        quiet speaks again. It proves nothing when it says more: a frame will.
        """
        if not self.quiet or self.voice or self.stale:
            return
        place = self.vector()[self.hub.number]
        if said <= Mark(place.incarnation, place.number):
            settled(self.hub.store)
            self.quiet = False

    def heard_ourselves(self, ahead: bool) -> None:
        """Something spoke in this hub's name. A box that keeps quiet goes on doing so until a keeper has
        looked; one that hears what it has yet to say knows that it has a twin.
        """
        if ahead or self.quiet:
            self.voice = True

    def look_at_roster(self) -> bool:
        """Whether the roster, or the lives of its hubs, are others than before; ``directory`` is new then."""
        fresh = directory_of(self.hub, self.post)
        if fresh == self.directory:
            return False
        self.directory = fresh
        self._vector = self._earlier = None
        return True

    # ------------------------------------------------------------------------- ports.Library

    def vector(self) -> Mapping[int, Position]:
        if self._vector is None:
            places = self.post.places()
            self._vector = MappingProxyType(
                {one.hub: Position(one.incarnation, one.number, one.link) for one in places}
            )
        return self._vector

    def holes(self, hub: int, up_to: int) -> Sequence[Span]:
        place = self.vector().get(hub)
        if place is None or (self.stale and hub == self.hub.number):
            return ()
        runs = self.post.holes(hub, place.incarnation, up_to)
        return [Span(hub, place.incarnation, first, last) for first, last in runs]

    def earlier(self) -> Sequence[Span]:
        if self._earlier is None:
            found = self.post.earlier_holes()
            self._earlier = tuple(Span(*hole) for hole in found)
        return self._earlier

    def certificate(self, hub: int, incarnation: int) -> bytes | None:
        found = [self.post.certificate(hub, incarnation), self.post.rival(hub, incarnation)]
        known = [pack_certificate(*one, self.directory) for one in found if one is not None]
        if len(known) > 1:
            self._turn += 1  # whoever knows one of the two needs the other, as with frames
        return known[self._turn % len(known)] if known else None

    def suspects(self) -> Sequence[Span]:
        if self._suspects is None:
            found = self.post.suspects()
            self._suspects = tuple(Span(hub, life, number, number) for hub, life, number in found)
        return self._suspects

    def frame_with(self, hub: int, incarnation: int, number: int) -> bytes | None:
        found = self.post.frames_with(hub, incarnation, number)
        if len(found) > 1:
            # Whoever asks has one of the stories, and we do not know which: each time another.
            self._turn += 1
        return found[self._turn % len(found)] if found else None

    def waiting(self) -> Waiting:
        if self._waiting is None:
            self._waiting = Waiting(*self.post.waiting())
        return self._waiting

    def pack(self, room: int) -> bytes | None:
        if self.stale or self.quiet:
            return None
        directory = self.directory

        def make(records: Sequence[Record], before: bytes) -> Kept:
            data = frames.pack(records, before, directory, self.hub.sign)
            return Kept(data, before[: frames.CUT_BYTES], tuple(records))

        self._vector = self._waiting = None
        return self.post.pack(lambda records: frames.fit(records, directory, room), make)

    # ------------------------------------------------------------------------------ arriving

    def take(self, frame: DataFrame) -> Taken:
        """Keep a frame that arrived; it is durable when this returns.

        An own frame of this life is not kept: either it is here, or this box is *stale*. One of a life
        before is what was lost with that box.

        Raises:
            HubError: the book is busy or cannot be written; nothing was kept.
        """
        if frame.hub == self.hub.number and frame.incarnation == self.hub.box.place.incarnation:
            if not self._is_ours(frame):
                self._not_ours(frame)
            return Taken.KNOWN
        self._vector = self._suspects = self._earlier = None
        return self.post.take(Kept(frame.data, frame.cut, frame.records))

    def _not_ours(self, frame: DataFrame) -> None:
        """A frame that this hub's key signed and this box does not hold: it is *stale*. Where it has
        signed that number itself, another box speaks in its name.
        """
        place = self.vector()[frame.hub]
        if frame.first <= place.number:
            self.post.found_clone(Kept(frame.data, frame.cut, frame.records))
        elif not self.stale:
            self.post.found_stale()
        self.stale = True

    def _is_ours(self, frame: DataFrame) -> bool:
        place = self.vector()[frame.hub]
        return frame.last <= place.number and self._holds(frame)

    def _holds(self, frame: DataFrame) -> bool:
        with self.hub.reading() as tx:
            held = [feed.record(tx, frame.hub, frame.incarnation, one.number) for one in frame.records]
        return held == list(frame.records)

    def renewed(self, frame: CertificateFrame) -> bool:
        """A hub's certificate arrived: whether the directory is another now.

        Raises:
            HubError: the book is busy or cannot be written.
        """
        self.post.renewed(frame.certificate, frame.signature)
        self.stale = self.post.stale()
        return self.look_at_roster()

    def has_rival(self, frame: CertificateFrame) -> bool:
        """Whether this is one of two certificates of one life, of which others should know both."""
        return self.post.rival(frame.hub, frame.certificate.incarnation) is not None

    def settle(self) -> int:
        """Let take effect what has arrived for this hub; how many records were read."""
        self._waiting = self._suspects = self._earlier = None
        return self.post.settle()
