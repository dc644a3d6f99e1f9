"""A hub of the community that has gone mad, or was stolen: it has its good keys, and says what it likes."""

from collections.abc import Sequence
from dataclasses import dataclass

from appliance.ledger.book import feed, letters
from appliance.ledger.book.records import EVERYONE, Kind, Record
from appliance.ledger.hub import Hub
from appliance.ledger.sealing import group_seal_key, stream
from appliance.radio import frames
from appliance.radio.directory import Directory


@dataclass(frozen=True)
class Word:
    """A record to say. ``plain`` is sealed for whom it is to; ``sealed`` goes as it is."""

    kind: int
    to: int
    amount: int = 0
    plain: bytes = b""
    sealed: bytes | None = None


class MadHub:
    """Speaks on the feed of ``hub`` from where it stands, beside its book.

    Args:
        boxes: the public box key of every other hub.
    """

    def __init__(self, hub: Hub, directory: Directory, boxes: dict[int, bytes]) -> None:
        self.hub, self.directory, self.boxes = hub, directory, boxes
        with hub.reading() as tx:
            state = feed.state(tx, hub.number, 1)
        self.last, self.link = state.linked, bytes(state.link)

    def records(self, words: Sequence[Word]) -> list[Record]:
        """The records of ``words``, numbered on from the last."""
        return [self._record(self.last + place, word) for place, word in enumerate(words, 1)]

    def _record(self, number: int, word: Word) -> Record:
        sealed = word.sealed
        if sealed is None:
            sealed = stream(self._key(word.to), self.hub.number, 1, number, word.plain)
        return Record(self.hub.number, 1, number, word.kind, word.to, word.amount, sealed)

    def _key(self, to: int) -> bytes:
        box, group = self.hub.box.box_key, self.hub.box.group_key
        assert box is not None
        assert group is not None
        if to == EVERYONE:
            return group_seal_key(group)
        return box.pair_key(self.boxes[to], self.directory.community, sending=True)

    def frame(self, records: Sequence[Record], before: bytes | None = None) -> bytes:
        """A signed frame of any records; ``before`` is the link that it names."""
        return frames.pack(records, before or self.link, self.directory, self.hub.sign)

    def say(self, *words: Word) -> list[bytes]:
        """Say it, one frame after the other, and remember having said it."""
        out, records = [], self.records(words)
        while records:
            some = records[: frames.fit(records, self.directory)]
            out.append(self.frame(some))
            for record in some:
                self.link = record.link(self.directory.community, self.link)
            self.last, records = some[-1].number, records[len(some) :]
        return out

    def pay(self, to: int, payee: int, amount: int) -> Word:
        """A payment out of nothing."""
        return Word(Kind.SENT, to, amount, letters.sent(letters.Sent(2, payee, "food")))
