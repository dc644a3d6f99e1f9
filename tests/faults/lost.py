"""A hub whose disk loses what a failed sync waited for: one sync of a seeded run fails, and the hub goes on, is killed, starts again.

``python -m tests.faults.lost ROOT CONTROL CASES`` runs under the file layer (``FAULTS_DISK``). For each place, the first
sync that fails, it founds nothing anew: a copy of one village is run by processes of its own, forked from this
one, as far as each lives. What they tell the world is kept outside the disk. In the end memory is evicted, or
the power goes, and what the disk has is held against what was told.
"""

import ctypes
import errno
import json
import logging
import os
import shutil
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import Any, Final

from appliance.ledger import start
from appliance.ledger.book import checkpoints
from appliance.ledger.book.chain import parse
from appliance.ledger.book.command import Receipt
from appliance.ledger.book.verify import verify
from appliance.ledger.clock import ManualClock
from appliance.ledger.errors import CannotWrite, Code, HubError
from appliance.ledger.hub import Hub
from appliance.ledger.keys import KeySigner, member_authority
from appliance.ledger.money.transfers import Pay
from appliance.ledger.values import AccountNumber, Amount
from tests.faults.layer import Faults, Job, library
from tests.support.village import MONDAY_NOON, make_village

STEPS: Final = 36
"""Payments of a whole run."""

BEFORE: Final = 120
"""Payments that the book has when it begins."""

LIVES: Final = 4
"""In how many processes, one after the other, they are made."""

SMALL: Final = 3
"""Writes after which a run brings its log into the file: many more checkpoints than a hub makes in so few writes."""


class Then(StrEnum):
    """What happens once a sync has failed."""

    GOES_ON = "the process goes on"
    KILLED = "the process is killed at once"
    KILLED_LATER = "the process is killed a few payments later"
    STOPS = "the process stops in order"


@dataclass(frozen=True)
class Case:
    """One run: which sync fails, of which file, and what then happens."""

    job: Job
    place: int
    then: Then
    evicting: bool

    @property
    def times(self) -> int:
        """How many syncs fail: all, until the process is killed; or a few, and then the disk is well again."""
        return 1_000 if self.then is Then.KILLED else Random(self.seed).choice((1, 1, 2, 3, 6))

    @property
    def seed(self) -> str:
        """Of this run's dice."""
        return f"{self.job}/{self.place}/{self.then}/{self.evicting}"


@dataclass(frozen=True)
class Village:
    """The copied village: its people and their keys."""

    base: Path
    members: list[int]
    seeds: dict[int, bytes]


class Loss(AssertionError):
    """A promise that was broken."""


class Run:
    """One case, in the folder that the layer watches."""

    def __init__(self, root: Path, faults: Faults, village: Village, case: Case) -> None:
        self._root, self._faults, self._village, self._case = root, faults, village, case
        self._data = root / "hub"
        self._told = root.parent / "told"
        self._disk = Path(os.environ["FAULTS_DISK"])
        self._layer = ctypes.CDLL(str(library()))
        self._steps = list(_steps(village))

    def go(self) -> int:
        """Run it; how often the sync failed.

        Raises:
            Loss: what was told is not what is there.
        """
        for room in (self._data, self._disk):
            shutil.rmtree(room, ignore_errors=True)
        self._disk.mkdir()
        shutil.copytree(self._village.base, self._data)
        for path in self._disk.iterdir():
            path.unlink()  # the copy is the disk's own content, not something that waits
        self._told.write_text("")
        self._faults.heal()
        self._faults.fail(errno.EIO, self._case.job, passing=self._case.place, times=self._case.times)
        for life in range(LIVES):
            _child(lambda life=life: self._live(life))  # type: ignore[misc]
            if self._said("killed"):
                self._faults.heal()
            if self._failed() and Random(f"{self._case.seed}/early").random() < 0.5:
                break  # before later payments write the same pages again, and hide what was lost
        failed = self._failed()
        self._faults.heal()
        if self._case.evicting:
            self._evict()
        else:
            self._power_off()
        _child(self._look)
        return failed

    def _failed(self) -> bool:
        return self._faults.left(self._case.job) < self._case.times

    # --------------------------------------------------------------------------------- the hub

    def _live(self, life: int) -> None:
        """A process of the hub: its share of the payments."""
        checkpoints.WRITES = SMALL  # type: ignore[misc]
        dice = Random(f"{self._case.seed}/{life}")
        try:
            hub = Hub.open(self._data, ManualClock(MONDAY_NOON + 3_600_000 * (1 + life)))
        except CannotWrite:
            return  # a daemon that is started again
        start.begin(hub, "portal")
        if self._ends_now(life):
            self._stop(hub)
        if life and self._case.evicting:
            self._evict()  # what SQLite has just read of its log is in its account of it; the pages go
        left = dice.randrange(1, 4)
        with _reading_now_and_then(hub, dice) as turn:
            for number in range(life * STEPS // LIVES, (life + 1) * STEPS // LIVES):
                turn()
                self._ask(hub, number)
                if dice.random() < 0.3 and self._case.evicting:
                    self._evict()
                if self._failed():
                    left -= 1
                    if self._case.then is Then.KILLED or (self._case.then is Then.KILLED_LATER and left <= 0):
                        self._stop(hub)
                    if self._case.then is Then.STOPS and left <= 0:
                        break
        hub.close()

    def _ends_now(self, life: int) -> bool:
        return self._case.then is Then.KILLED and self._failed() and not self._said("killed")

    def _stop(self, hub: Hub) -> None:
        if self._said("killed"):
            return
        self._tell(killed=True)
        os.kill(os.getpid(), signal.SIGKILL)

    def _ask(self, hub: Hub, number: int) -> None:
        command, key = self._steps[number]
        self._tell(asked=number)
        signer = KeySigner(member_authority(command.payer), self._village.seeds[command.payer])
        for _ in range(2):  # somebody presses the button again
            result = hub.submit(command, signer, key)
            if isinstance(result, Receipt):
                self._tell(done=number, record=result.record.hex(), entry=result.entry)
                return
            if result.code not in (Code.CANNOT_WRITE, Code.NOT_SURE):
                raise Loss(f"payment {number} was refused: {result}")
            self._tell(no=number, code=result.code.value)

    def _tell(self, **what: Any) -> None:
        with self._told.open("a") as file:
            file.write(json.dumps(what) + "\n")

    def _said(self, word: str) -> bool:
        return any(word in one for one in self._all_told())

    def _all_told(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._told.read_text().splitlines()]

    # --------------------------------------------------------------------------------- the disk

    def _evict(self) -> None:
        """Pages that a failed sync has lost leave memory. In a child: closing a file drops a process's locks on it."""
        child = os.fork()
        if child == 0:
            for path in self._data.iterdir():
                if path.is_file():
                    self._layer.faults_evict(str(path).encode())
            os._exit(0)
        os.waitpid(child, 0)

    def _power_off(self) -> None:
        """Memory is gone: files are what the disk has of them."""
        for path in list(self._data.iterdir()):
            kept = self._disk / f"%hub%{path.name}"
            if path.name.endswith("-shm"):
                path.unlink()
            elif path.is_file() and kept.exists():
                shutil.copyfile(kept, path)
                kept.with_name(kept.name + ".pages").unlink(missing_ok=True)

    def _look(self) -> None:
        """The hub starts once more: all that was told is there, once, whole, and can be asked for again."""
        hub = Hub.open(self._data, ManualClock(MONDAY_NOON + 3_600_000 * 24))
        start.begin(hub, "portal")
        if hub.store.closed:
            raise Loss(hub.store.closed)
        verify(hub.store, work=self._data)
        with hub.reading() as tx:
            rows = tx.select("SELECT authority, key, body FROM entry WHERE authority LIKE 'member:%'")
        there = {(who, bytes(key)): parse(bytes(body)).record.hex() for who, key, body in rows}
        told = self._all_told()
        asked = {one["asked"] for one in told if "asked" in one}
        done = {one["done"]: one["record"] for one in told if "done" in one}
        for number, (command, key) in enumerate(self._steps):
            found = there.get((member_authority(command.payer), key))
            if number in done and found != done[number]:
                raise Loss(f"payment {number} was acknowledged, and is {'another' if found else 'gone'}")
            if number not in asked and found:
                raise Loss(f"payment {number} was never asked for")
            if number in asked and number not in done:
                self._ask(hub, number)
        again = {one["done"]: one["record"] for one in self._all_told() if "done" in one}
        if asked - again.keys():
            raise Loss(f"asked again, they are refused: {sorted(asked - again.keys())}")
        verify(hub.store, work=self._data)
        hub.close()


@contextmanager
def _reading_now_and_then(hub: Hub, dice: Random) -> Iterator[Callable[[], None]]:
    """Somebody reads for a while, over several payments, so that the log cannot be taken into the file whole."""
    begun, ends = threading.Event(), threading.Event()

    def read() -> None:
        with hub.reading() as tx:
            tx.first("SELECT count(*) FROM entry")
            begun.set()
            ends.wait(60)

    reader: list[threading.Thread] = []

    def turn() -> None:
        if not reader and dice.random() < 0.5:
            begun.clear()
            ends.clear()
            reader.append(threading.Thread(target=read))
            reader[0].start()
            begun.wait(60)
        elif reader and dice.random() < 0.3:
            ends.set()
            reader.pop().join()

    try:
        yield turn
    finally:
        ends.set()
        for one in reader:
            one.join()


def _steps(village: Village) -> Iterator[tuple[Pay, bytes]]:
    dice = Random(2026)
    for _ in range(STEPS):
        payer, payee = dice.sample(village.members, 2)
        note = dice.choice(("", "eggs", "two days of work at the roof"))
        yield (
            Pay(AccountNumber(payer), AccountNumber(payee), Amount(dice.randint(1, 60)), note=note),
            dice.randbytes(16),
        )


def _child(work: Callable[[], None]) -> None:
    """Let a process of its own do this. What it raises is raised here, in words; that it was killed is no failure."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        code = 0
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - told to the parent
            kind = "" if isinstance(error, Loss | HubError) else traceback.format_exc()
            os.write(into, f"{type(error).__name__}: {error}\n{kind}".encode()[-4000:])
            code = 1
        os._exit(code)
    os.close(into)
    with os.fdopen(out, "rb") as said:
        words = said.read().decode()
    _, status = os.waitpid(child, 0)
    if status not in (0, signal.SIGKILL):
        raise Loss(words.strip())


def _found(room: Path) -> Village:
    made = make_village(room)
    for number in range(BEFORE):  # tables of several pages, of which one payment changes a few
        made.pay(("Alice", "Bob")[number % 2], ("Bob", "Alice")[number % 2], 5, again=True)
    seeds = {int(made.numbers[who]): key.seed() for who, key in made.signers.items()}
    made.hub.close()
    return Village(room, sorted(seeds), seeds)


def run(root: Path, control: Path, cases: list[Case]) -> tuple[int, list[str]]:
    """Run the cases; in how many a sync failed, and what each broke promise was."""
    faults = Faults(control, keep=True)
    village = _found(root.parent / "village")
    failed, losses = 0, []
    for case in cases:
        try:
            failed += Run(root, faults, village, case).go()
        except Loss as loss:
            losses.append(
                f"{case.job.name} {case.place}, {case.then.value}, evicting={case.evicting}: {loss}"
            )
    return failed, losses


def main() -> None:
    """Run the cases of the command line."""
    logging.disable()
    root, control, asked = sys.argv[1:4]
    cases = [Case(Job(j), p, Then(t), e) for j, p, t, e in json.loads(Path(asked).read_text())]
    failed, losses = run(Path(root), Path(control), cases)
    print(json.dumps({"failed": failed, "losses": losses}))


if __name__ == "__main__":
    main()
