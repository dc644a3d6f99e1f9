"""River and Hill as they say and hear frames about proofs of care, one by one, without a radio."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from appliance.ledger import proofpost
from appliance.ledger.book.command import Receipt
from appliance.ledger.book.local import ProofAsked
from appliance.ledger.book.schema import Claim
from appliance.radio.frames import PROOF_PART, read_header
from appliance.radio.pace import Pace
from appliance.radio.proofframes import read_proof
from appliance.radio.proofs import Proofs
from appliance.radio.proving import Proving
from appliance.radio.shelf import Shelf
from tests.support.two_villages import HILL, RIVER, TwoVillages, two_villages

FRAME = 0.64
"""Seconds of the longest packet on the air, at MEDIUM_FAST."""


def let(villages: TwoVillages, made: Receipt, hub: int = HILL) -> None:
    """A keeper of River lets ``hub`` have the proof."""
    river = villages.river.hub
    with river.store.write() as tx:
        claim = tx.get(Claim, id=made.record)
        assert claim is not None
        proofpost.let(tx, claim, hub, river.clock.now())


def ask(villages: TwoVillages, about: bytes) -> None:
    """A keeper of Hill asks River for a proof."""
    hill = villages.hill.hub
    with hill.store.write() as tx:
        assert proofpost.ask(tx, RIVER, about, hill.clock.now())


def stands(villages: TwoVillages, about: bytes) -> ProofAsked:
    """How it stands at Hill."""
    with villages.hill.hub.reading() as tx:
        row = tx.get(ProofAsked, hub=RIVER, about=about)
    assert row is not None
    return row


@dataclass
class Desks:
    """Both hubs' ``Proofs``, and what passes between them."""

    villages: TwoVillages
    now: float = 1000.0
    proofs: dict[int, Proofs] = field(default_factory=dict)
    timing: dict[int, Proving] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for number in (RIVER, HILL):
            self.start(number)

    def start(self, hub: int, beat: int = 1) -> None:
        """Its radio process begins, or begins again."""
        self.timing[hub] = Proving(Random(hub), FRAME, Pace())
        self.proofs[hub] = Proofs(Shelf(self.villages.at(hub).hub), self.timing[hub], Pace(), beat)

    def says(self, hub: int, seconds: float = 60.0) -> list[bytes]:
        """What ``hub`` says in so many seconds, in which it hears nothing."""
        said, end = [], self.now + seconds
        while self.now < end:
            self.proofs[hub].look(self.now)
            if (data := self.timing[hub].take(self.now)) is not None:
                said.append(data)
            self.now += FRAME
        return said

    def ask(self) -> bytes:
        """The next ask of Hill."""
        end = self.now + 3600
        while self.now < end:
            self.proofs[HILL].look(self.now)
            if (data := self.timing[HILL].take(self.now)) is not None:
                return data
            self.now += FRAME
        raise AssertionError("Hill asks no more")

    def hears(self, hub: int, data: bytes) -> str:
        """``hub`` hears a frame; in one word, what came of it."""
        proofs = self.proofs[hub]
        return proofs.heard(read_proof(data, proofs._shelf.directory), self.now)

    def parts(self) -> list[bytes]:
        """Hill asks, River hears it: what River says."""
        self.hears(RIVER, self.ask())
        return [data for data in self.says(RIVER) if read_header(data).type == PROOF_PART]


@contextmanager
def desks(path: Path, **rules: Any) -> Iterator[Desks]:
    with two_villages(path, **rules) as villages:
        yield Desks(villages)
