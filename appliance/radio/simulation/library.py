"""A hub's frames and feeds in memory, behind the port that the service's shelf serves.

Records, links, frames and signatures are real: they are made by the same functions, and what is
packed here a hub would take in. Only the ledger is missing, and with it the disk.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from appliance.ledger.book.records import FEED_BEGIN, Kind, Record
from appliance.ledger.keys import KeySigner
from appliance.radio.directory import Directory
from appliance.radio.frames import LONGEST_DATA, DataFrame, fit, open_data, pack
from appliance.radio.ports import Position, Span, Waiting

_LIFE: Final = 1


class Memory:
    """``ports.Library`` of one hub. ``write`` adds an own record, ``keep`` takes in a frame.

    Args:
        directory: the community as this hub knows it.
        signer: the key of this hub's feed.
    """

    def __init__(self, directory: Directory, signer: KeySigner) -> None:
        self.directory, self.hub, self._signer = directory, directory.hub, signer
        hubs = [member.hub for member in directory.members.values()]
        self.records: dict[int, dict[int, Record]] = {hub: {} for hub in hubs}
        self._links: dict[int, list[bytes]] = {hub: [FEED_BEGIN] for hub in hubs}
        self._frames: dict[tuple[int, int], tuple[int, bytes]] = {}
        self._vector = {hub: Position(_LIFE, 0, FEED_BEGIN) for hub in hubs}
        self._shared: Mapping[int, Position] | None = None
        self._packed = 0
        self._urgent = 0

    # -------------------------------------------------------------------------- what is written

    def write(self, kind: Kind, to: int, amount: int, sealed: bytes, *, urgent: bool = False) -> Record:
        """Another record of this hub; somebody waits for it when it is ``urgent``."""
        own = self.records[self.hub]
        record = Record(self.hub, _LIFE, len(own) + 1, kind, to, amount, sealed)
        own[record.number] = record
        links = self._links[self.hub]
        links.append(record.link(self.directory.community, links[-1]))
        if urgent:
            self._urgent = record.number
        return record

    def keep(self, frame: DataFrame) -> list[Record]:
        """Take in a frame; the records that took effect by it, in their order: those without a gap before."""
        feed, links = self.records[frame.hub], self._links[frame.hub]
        for record in frame.records:
            if feed.setdefault(record.number, record) != record:
                raise AssertionError("two records of one number: the simulated hubs do not fork")
        self._index(frame)
        linked = []
        while (following := feed.get(len(links))) is not None:
            links.append(following.link(self.directory.community, links[-1]))
            linked.append(following)
        if linked:
            self._at(frame.hub, len(links) - 1)
        return linked

    def _index(self, frame: DataFrame) -> None:
        for record in frame.records:
            key = frame.hub, record.number
            if frame.last > self._frames.get(key, (0, b""))[0]:
                self._frames[key] = (frame.last, frame.data)

    def _at(self, hub: int, number: int) -> None:
        self._vector[hub] = Position(_LIFE, number, self._links[hub][number])
        self._shared = None

    # -------------------------------------------------------------------------- ports.Library

    def vector(self) -> Mapping[int, Position]:
        if self._shared is None:
            self._shared = dict(self._vector)
        return self._shared

    def holes(self, hub: int, up_to: int) -> Sequence[Span]:
        feed, first = self.records[hub], len(self._links[hub])
        spans: list[Span] = []
        if hub == self.hub:
            return spans
        for number in range(first, min(up_to, max(feed, default=0)) + 1):
            if number in feed:
                if first < number:
                    spans.append(Span(hub, _LIFE, first, number - 1))
                first = number + 1
        if first <= up_to:
            spans.append(Span(hub, _LIFE, first, up_to))
        return spans

    def suspects(self) -> Sequence[Span]:
        return ()

    def earlier(self) -> Sequence[Span]:
        return ()

    def certificate(self, hub: int, incarnation: int) -> bytes | None:  # noqa: ARG002 - all are in their first life
        return None

    def frame_with(self, hub: int, incarnation: int, number: int) -> bytes | None:
        found = self._frames.get((hub, number)) if incarnation == _LIFE else None
        return found[1] if found else None

    def waiting(self) -> Waiting:
        return Waiting(len(self.records[self.hub]) - self._packed, self._urgent > self._packed)

    def pack(self, room: int) -> bytes | None:
        own = self.records[self.hub]
        new = [own[number] for number in range(self._packed + 1, len(own) + 1)]
        if not new:
            return None
        records = new[: fit(new, self.directory, min(room, LONGEST_DATA))]
        before = self._links[self.hub][records[0].number - 1]
        data = pack(records, before, self.directory, self._signer.sign)
        self._packed = records[-1].number
        self._at(self.hub, self._packed)
        self._index(open_data(data, self.directory))
        return data

    @property
    def held(self) -> dict[int, int]:
        """Up to which record each feed is held without a gap; own ones that no frame carries yet do not count."""
        return {hub: place.number for hub, place in self._vector.items()}
