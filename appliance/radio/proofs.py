"""Proofs of care on the air, for the service: opens and makes their frames, keeps parts until a proof is whole.

``proving`` says when; the ledger's ``proofpost`` says who may have what and whether what came holds; here is what
lies between: the keys of pairs, the objects that are being said, and those that are coming in.
"""

import logging
from collections import Counter, OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Final, cast

from appliance.ledger import proofpost
from appliance.ledger.book.local import ProofAsked
from appliance.ledger.errors import BadSignature
from appliance.ledger.proofpost import No
from appliance.radio.errors import BadFrame, CannotPack
from appliance.radio.frames import PROOF_ASK
from appliance.radio.pace import Pace
from appliance.radio.proofframes import (
    TAG_BYTES,
    ProofAsk,
    ProofFrame,
    ProofPart,
    beat_mark,
    object_id,
    open_body,
    pack_ask,
    pack_part,
    pieces,
    read_ask,
    read_part,
)
from appliance.radio.proving import Proving
from appliance.radio.shelf import Shelf

log = logging.getLogger(__name__)

_LOOK_SECONDS: Final = 2.0
_OBJECTS: Final = 16
"""Proofs kept in memory while others may lack parts of them; and stories of one proof that may be coming in."""
_COMING: Final = 3

_Key = tuple[int, bytes]
"""A proof that is asked for: of which hub, and what it is about."""


@dataclass(slots=True)
class _Said:
    """An object made for one hub; ``keys``: those it was made without."""

    data: bytes
    keys: frozenset[tuple[int, int]]
    until: float


@dataclass(slots=True)
class _Coming:
    """Parts that are here of one proof, by object: (how many it has, part by number). ``beat``: of our last ask."""

    objects: "OrderedDict[bytes, tuple[int, dict[int, bytes]]]" = field(default_factory=OrderedDict)
    beat: int = 0
    bare: bool = False


class Proofs:
    """The proofs that one hub says and asks for. For one thread.

    Args:
        first_beat: above every beat of earlier processes of this hub.
    """

    def __init__(self, shelf: Shelf, proving: Proving, pace: Pace, first_beat: int) -> None:
        self._shelf, self._proving, self._pace = shelf, proving, pace
        self._hub, self._post = shelf.hub, shelf.post
        self._beat = first_beat
        self._beats: dict[int, tuple[int, float]] = {}
        self._said: OrderedDict[tuple[int, bytes], _Said] = OrderedDict()
        self._coming: dict[_Key, _Coming] = {}
        self._look_at = float("-inf")
        self.counts: Counter[str] = Counter()
        proving.ask = self._ask

    # ------------------------------------------------------------------------------------------- asking

    def look(self, now: float) -> None:
        """See what has been asked for, or taken back, by another process; and give up what brings nothing.

        Raises:
            HubError: the book is busy or cannot be written.
        """
        if now < self._look_at:
            return
        self._look_at = now + _LOOK_SECONDS
        with self._hub.reading() as tx:
            rows = {(int(row.hub), bytes(row.about)): row for row in proofpost.waiting(tx)}
        for key in [key for key in self._coming if key not in rows]:
            self._forget(key)
        for key, row in rows.items():
            if self._proving.vain(key) >= self._pace.proof_tries:
                self._end(row, proofpost.SILENT)
                continue
            if key not in self._coming:
                self._coming[key] = _Coming()
            self._coming[key].bare = bool(row.bare)
            self._proving.want(key, now)

    def _forget(self, key: _Key) -> None:
        self._coming.pop(key, None)
        self._proving.drop(key)

    def _end(self, row: ProofAsked, state: str, why: str = "") -> None:
        with self._hub.store.write() as tx:
            proofpost.ended(tx, row, state, why)
        self._forget((int(row.hub), bytes(row.about)))
        log.info("radio=proof hub=%s state=%s why=%s", row.hub, state, why)

    def _ask(self, key: Hashable) -> bytes | None:
        """The frame that asks for what is missing of a proof."""
        hub, about = cast("_Key", key)
        coming = self._coming.get((hub, about))
        if coming is None:
            return None
        coming.beat = self._beat
        self._beat += 1
        named = b""
        missing: tuple[int, ...] = ()
        if coming.objects:
            named, (count, here) = next(reversed(coming.objects.items()))
            missing = tuple(number for number in range(count) if number not in here)
        keys: tuple[tuple[int, int], ...] = ()
        if not coming.bare:
            with self._hub.reading() as tx:
                keys = proofpost.names(proofpost.keys_here(tx, hub))
        ask = ProofAsk(coming.beat, about, named, missing, keys)
        try:
            return pack_ask(ask, hub, self._post.pair_key(hub, sending=True), self._shelf.directory)
        except (CannotPack, BadSignature):
            return None

    # -------------------------------------------------------------------------------------- what came in

    def heard(self, frame: ProofFrame, now: float) -> str:
        """A frame for this hub; in one word, for the counters, what became of it.

        Raises:
            HubError: the book is busy or cannot be written; the part is lost, as if the air had lost it.
        """
        if frame.hub == self._hub.number:
            return "echo"
        try:
            key = self._post.pair_key(frame.hub, sending=False)
            body = open_body(frame, key, self._shelf.directory)
            if frame.type == PROOF_ASK:
                return self._asked(frame.hub, read_ask(body), now)
            return self._came(frame.hub, read_part(body), now)
        except BadSignature:
            return "unsigned"
        except BadFrame as error:
            return error.reason.value

    def _asked(self, hub: int, ask: ProofAsk, now: float) -> str:
        last, at = self._beats.get(hub, (0, now))
        if ask.beat <= last and now - at < self._pace.beat_memory_seconds:
            return "old_beat"
        self._beats[hub] = ask.beat, now
        if self._shelf.stale or self._shelf.quiet:
            return "quiet"
        if not self._proving.afford(hub, max(1, len(ask.parts)), now):
            return "too_many"
        data = self._object(hub, ask, now)
        if data is No.NOT_FOR_YOU:
            proofpost.note_wanted(self._hub, hub, ask.about)
        if isinstance(data, No):
            self._no(hub, ask, data, now)
            return "refused"
        try:
            parts = pieces(data)
        except CannotPack:
            self._no(hub, ask, No.NO_FORM, now)
            return "refused"
        named = object_id(data)
        wanted = ask.parts if named == ask.object else tuple(range(len(parts)))
        if named != ask.object and len(parts) > 1 and not self._proving.afford(hub, len(parts) - 1, now):
            return "too_many"
        for number in wanted:
            if number < len(parts):
                self._say(
                    hub, ProofPart(ask.about[:TAG_BYTES], named, number, len(parts), parts[number]), now
                )
        return "answered"

    def _object(self, hub: int, ask: ProofAsk, now: float) -> bytes | No:
        """The proof that is being said to ``hub``, or one made now."""
        keys, place = frozenset(ask.keys), (hub, ask.about)
        said = self._said.get(place)
        if said is not None and said.until <= now:
            said = None  # what is true of the claim may have changed since
        if said is not None and ask.object == object_id(said.data):
            return said.data
        if said is not None and not ask.object and said.keys == keys:
            return said.data  # its ask crossed our answer, or all of that was lost
        data = proofpost.answer(self._hub, hub, ask.about, keys)
        self.counts["made"] += 1
        if isinstance(data, No):
            return data
        self._said[place] = _Said(data, keys, now + self._pace.proof_memory_seconds)
        self._said.move_to_end(place)
        while len(self._said) > _OBJECTS:
            self._said.popitem(last=False)
        return data

    def _no(self, hub: int, ask: ProofAsk, why: No, now: float) -> None:
        self._say(hub, ProofPart(ask.about[:TAG_BYTES], beat_mark(ask.beat), 0, 0, bytes([why])), now)

    def _say(self, hub: int, part: ProofPart, now: float) -> None:
        key = self._post.pair_key(hub, sending=True)
        self._proving.answer(pack_part(part, hub, key, self._shelf.directory), now)

    def _came(self, hub: int, part: ProofPart, now: float) -> str:
        found = [key for key in self._coming if key[0] == hub and key[1][:TAG_BYTES] == part.tag]
        if not found:
            return "not_asked"
        key, coming = found[0], self._coming[found[0]]
        with self._hub.reading() as tx:
            row = tx.get(ProofAsked, hub=hub, about=key[1])
        if row is None or row.state != proofpost.ASKED:
            self._forget(key)
            return "not_asked"
        if part.count == 0:
            if part.object != beat_mark(coming.beat):
                return "old_beat"
            whys = {one.value: one.name.lower() for one in No}
            self._end(row, proofpost.REFUSED, whys.get(part.piece[0], "other"))
            return "no"
        return self._part(key, coming, row, part, now)

    def _part(self, key: _Key, coming: _Coming, row: ProofAsked, part: ProofPart, now: float) -> str:
        count, here = coming.objects.setdefault(part.object, (part.count, {}))
        if count != part.count or part.number in here:
            return "known"
        while len(coming.objects) > _COMING:
            coming.objects.popitem(last=False)
        here[part.number] = part.piece
        coming.objects.move_to_end(part.object)
        self._proving.came(key, now)
        with self._hub.store.write() as tx:
            proofpost.came(tx, row, len(here), count)
        if len(here) < count:
            return "part"
        data = b"".join(here[number] for number in range(count))
        del coming.objects[part.object]
        if object_id(data) != part.object:
            return "mixed"
        with self._hub.store.write() as tx:
            row = cast("ProofAsked", tx.get(ProofAsked, hub=row.hub, about=key[1]))
            outcome = proofpost.take_in(tx, row, data)
        if outcome.state == proofpost.ASKED:
            coming.bare = True
            coming.objects.clear()
            return "lacks_keys"
        self._forget(key)
        log.info("radio=proof hub=%s state=%s why=%s", key[0], outcome.state, outcome.why)
        return outcome.state
