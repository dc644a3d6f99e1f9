"""The radio's process, with a power cut at a named moment: ``python -m tests.support.dying_radio``.

Arguments: flag file, then those of ``hub``. Moments of a frame that carries a payment (with
``answer_`` before the name: one that carries answers and no payment):

* ``queued``: its records wait; the frame is made and signed, and not committed;
* ``packed``: it is committed, and the link has not got it;
* ``inside``: the link has just taken it, alone or with what rides along in the same packet;
* ``on_air``: so many of its airtimes later as the flag's number says.

And of what has arrived: ``before_accept``, ``after_accept`` around the commit that takes a payment
up (the frame is kept; the cursor behind what was read is not), ``before_answered``,
``after_answered`` around the commit that takes an answer up.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from appliance.cli import main as hub
from appliance.ledger.book.feed import Kept
from appliance.ledger.book.records import Kind, Record
from appliance.ledger.money.arrivals import ArriveSent
from appliance.ledger.money.crossings import ArriveAnswer
from appliance.ledger.post import Fit, Make, Post
from appliance.radio.airtime import frame_airtime
from appliance.radio.bundle import split
from appliance.radio.links.sim import SimLink
from appliance.radio.links.supervisor import Supervisor
from tests.support.power_cut import PowerCut, around_commits

_ANSWERS = (Kind.ACCEPTED, Kind.RETURNED)


class Frames:
    """The moments of own frames, from the record that waits to the air."""

    def __init__(self, cut: PowerCut) -> None:
        self._cut = cut
        self._prefixes: dict[bytes, str] = {}
        """Of the frames of this life; those of an earlier one are known to others, or asked for."""

    def _made(self, kept: Kept) -> Kept:
        kinds = {record.kind for record in kept.records}
        if Kind.SENT in kinds:
            self._prefixes[kept.data] = ""
        elif kinds.intersection(_ANSWERS):
            self._prefixes[kept.data] = "answer_"
        self._at("queued", kept.data)
        return kept

    def _at(self, moment: str, data: bytes) -> None:
        if data in self._prefixes:
            self._cut.at(self._prefixes[data] + moment)

    def _taken(self, link: Supervisor | SimLink, data: bytes) -> None:
        inside = next((frame for frame in split(data) if frame in self._prefixes), b"")
        self._at("inside", inside)
        fraction = self._cut.asked(self._prefixes.get(inside, "no_") + "on_air")
        radio = link.radio()
        if fraction is not None and radio is not None:
            self._cut.after(fraction * frame_airtime(len(data), radio.preset))

    @contextmanager
    def watched(self) -> Iterator[None]:
        """As long as the block lasts, frames of this process have their moments."""
        pack, over_node, over_ether = Post.pack, Supervisor.send, SimLink.send

        def packing(post: Post, fit: Fit, make: Make) -> bytes | None:
            def making(records: Sequence[Record], before: bytes) -> Kept:
                return self._made(make(records, before))

            data = pack(post, fit, making)
            if data is not None:
                self._at("packed", data)
            return data

        def to_node(link: Supervisor, data: bytes) -> None:
            over_node(link, data)
            self._taken(link, data)

        def to_ether(link: SimLink, data: bytes) -> None:
            over_ether(link, data)
            self._taken(link, data)

        with (
            mock.patch.object(Post, "pack", packing),
            mock.patch.object(Supervisor, "send", to_node),
            mock.patch.object(SimLink, "send", to_ether),
        ):
            yield


def main(flag: str, *arguments: str) -> None:
    """Run ``hub`` with ``arguments`` until the cut."""
    cut = PowerCut(Path(flag))
    arrivals = {ArriveSent.KIND: "accept", ArriveAnswer.KIND: "answered"}
    with around_commits(cut, arrivals), Frames(cut).watched():
        hub(args=arguments, prog_name="hub")


if __name__ == "__main__":
    main(*sys.argv[1:])
