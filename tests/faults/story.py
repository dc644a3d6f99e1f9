"""200 commands at River and Hill, payments at home and across, by seed: as one process runs them under the file layer.

``python -m tests.faults.story ROOM LOG SEED COUNT DEFECT`` runs them on the hubs in ROOM and adds to the
log what it tells the world: a command is asked for, its receipt is given, a frame is handed to the
radio, a summary may claim a record. DEFECT plants one mistake, or none.
"""

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final
from unittest import mock

from appliance.ledger.book import store as storing
from appliance.ledger.book.command import Receipt
from appliance.ledger.book.connections import Connections
from appliance.ledger.book.feed import Kept
from appliance.ledger.book.records import Record
from appliance.ledger.book.subject import Command
from appliance.ledger.clock import ManualClock
from appliance.ledger.hub import Hub
from appliance.ledger.keys import KeySigner, member_authority
from appliance.ledger.money.crossings import Send
from appliance.ledger.money.transfers import Pay
from appliance.ledger.post import Post
from appliance.ledger.values import AccountNumber, Amount
from appliance.radio import frames
from tests.faults.layer import Marks
from tests.support.two_villages import HILL, RIVER, directory
from tests.support.village import MONDAY_NOON

NAMES: Final = {RIVER: "river", HILL: "hill"}
PEOPLE: Final = (1, 2, 3)
"""Kira, Alice and Bob at River; Hana, Chandra and Dina at Hill."""

A_QUARTER: Final = 15 * 60_000
NORMAL, EARLY = "synchronous-normal", "send-before-commit"
"""Defects that can be planted."""


@dataclass(frozen=True)
class Step:
    """One command of the story: ``payer`` of ``hub`` pays, at home or across."""

    number: int
    hub: int
    payer: AccountNumber
    command: Command
    key: bytes

    @property
    def at_ms(self) -> int:
        """When it is asked for: a quarter of an hour after the one before."""
        return MONDAY_NOON + 60 * 60_000 + self.number * A_QUARTER


def steps(seed: int, count: int, members: dict[int, list[int]]) -> list[Step]:
    """The commands of a seed.

    Args:
        members: the numbers of each hub's people.
    """
    dice = Random(seed)
    made = []
    for number in range(count):
        hub = dice.choice((RIVER, HILL))
        payer, payee = dice.sample(members[hub], 2)
        amount = Amount(dice.randint(1, 60))
        note = dice.choice(("", "eggs", "two days of work at the roof"))
        command: Command = Pay(AccountNumber(payer), AccountNumber(payee), amount, note=note)
        if dice.random() < 0.4:
            other = HILL if hub == RIVER else RIVER
            command = Send(
                AccountNumber(payer), other, AccountNumber(dice.choice(members[other])), amount, note=note
            )
        made.append(Step(number, hub, AccountNumber(payer), command, dice.randbytes(16)))
    return made


def signer(hub: int, member: int, seeds: dict[str, str]) -> KeySigner:
    """A member's open key."""
    return KeySigner(member_authority(member), bytes.fromhex(seeds[f"{hub}:{member}"]))


class Teller:
    """Runs the story and says in the log what the world is told."""

    def __init__(self, room: Path, marks: Marks, early: bool) -> None:
        self._room, self._marks, self._early = room, marks, early
        self.clock = ManualClock(MONDAY_NOON)
        self.hubs: dict[int, Hub] = {}
        self.posts: dict[int, Post] = {}

    def open(self) -> None:
        """Open both hubs."""
        for number, name in NAMES.items():
            self.hubs[number] = Hub.open(self._room / name, self.clock)
            self.posts[number] = Post(self.hubs[number])

    def close(self) -> None:
        """Close both in order."""
        for hub in self.hubs.values():
            hub.close()

    def ask(self, step: Step, key: KeySigner) -> None:
        """Ask for one command; its receipt is given when it has returned."""
        self.clock.set(step.at_ms)
        self._marks.add(hub=step.hub, asked=step.number)
        result = self.hubs[step.hub].submit(step.command, key, step.key)
        if isinstance(result, Receipt):
            self._marks.add(hub=step.hub, done=step.number, record=result.record.hex())
        else:
            self._marks.add(hub=step.hub, refused=step.number)

    def carry(self) -> None:
        """Bring the post over both ways until none waits."""
        while sum(self._carry(source) for source in NAMES):
            pass

    def _carry(self, source: int) -> int:
        target = HILL if source == RIVER else RIVER
        carried = 0
        for data in self._frames(source):
            carried += 1
            if not self._early:
                self._marks.add(hub=source, frame=data.hex())
            frame = frames.open_data(data, directory(self.hubs[target], self.posts[target]))
            self.posts[target].take(Kept(frame.data, frame.cut, frame.records))
            self._marks.add(hub=target, claims=[source, frame.records[-1].number])
            self.posts[target].settle()
        return carried

    def _frames(self, source: int) -> Iterator[bytes]:
        here = directory(self.hubs[source], self.posts[source])

        def fit(records: Sequence[Record]) -> int:
            return frames.fit(records, here)

        def make(records: Sequence[Record], before: bytes) -> Kept:
            data = frames.pack(records, before, here, self.hubs[source].sign)
            if self._early:
                # The planted mistake: the radio has it, and the commit has not been.
                self._marks.add(hub=source, frame=data.hex())
            return Kept(data, before[: frames.CUT_BYTES], tuple(records))

        while (data := self.posts[source].pack(fit, make)) is not None:
            yield data


@contextmanager
def _normal() -> Iterator[None]:
    """The planted mistake: commits that are not synced."""
    made = Connections

    def careless(path: str, **also: Any) -> Any:
        return made(path, **(also | {"pragmas": also["pragmas"] | {"synchronous": "normal"}}))

    with mock.patch.object(storing, "Connections", careless):
        yield


def tell(room: Path, log: Path, seed: int, count: int, defect: str, kept: dict[str, Any]) -> None:
    """Run the whole story; twice on the way, both boxes are stopped in order and started again."""
    members = {int(hub): list(numbers) for hub, numbers in kept["members"].items()}
    teller = Teller(room, Marks(log), defect == EARLY)
    dice = Random(seed + 1)
    with _normal() if defect == NORMAL else contextlib.nullcontext():
        teller.open()
        for step in steps(seed, count, members):
            key = signer(step.hub, step.payer, kept["seeds"])
            teller.ask(step, key)
            if dice.random() < 0.3:
                teller.carry()
            if step.number in (count // 3, 2 * count // 3):
                teller.close()
                teller.open()
        teller.carry()
        teller.close()


def main() -> None:
    """Run it as the command line says."""
    import json

    room, log, seed, count, defect = sys.argv[1:6]
    kept = json.loads(os.environ["FAULTS_STORY"])
    tell(Path(room), Path(log), int(seed), int(count), defect, kept)


if __name__ == "__main__":
    main()
