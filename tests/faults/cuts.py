"""A recorded story, cut everywhere: every disk that could be found is opened, and held against what the world was told."""

import contextlib
import hashlib
import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

from appliance.ledger.book.chain import parse
from appliance.ledger.book.command import Receipt
from appliance.ledger.book.feed import Kept
from appliance.ledger.book.records import Record
from appliance.ledger.book.schema import Posting, Transfer
from appliance.ledger.book.verify import verify
from appliance.ledger.clock import ManualClock
from appliance.ledger.errors import HubError, Refusal
from appliance.ledger.hub import Hub
from appliance.ledger.keys import member_authority
from appliance.ledger.post import Post
from appliance.radio import frames
from tests.faults import story
from tests.faults.disk import Disk, Found, Model
from tests.faults.layer import MARK, Op, environment, read_log
from tests.faults.story import NAMES, Step
from tests.support.two_villages import HILL, RIVER, directory, make_two_villages

_SHM: Final = Path("/dev/shm")


class Violation(AssertionError):
    """A disk that breaks what was promised."""


@contextmanager
def in_memory() -> Iterator[Path]:
    """A folder that costs no real disk."""
    with tempfile.TemporaryDirectory(
        prefix="hub-cuts-", dir=_SHM if _SHM.is_dir() else None, ignore_cleanup_errors=True
    ) as room:
        yield Path(room)


@dataclass(frozen=True)
class Recording:
    """What happened: both hubs' disks before, all operations and marks, and who can sign."""

    base: dict[int, dict[str, bytes]]
    ops: list[Op]
    steps: list[Step]
    kept: dict[str, Any]

    def of(self, hub: int) -> list[Op]:
        """What concerns one hub, in order; its paths are relative to its data directory."""
        found = []
        for op in self.ops:
            if op.kind == MARK:
                if op.mark["hub"] == hub:
                    found.append(op)
            elif op.path == NAMES[hub] or op.path.startswith(NAMES[hub] + "/"):
                data = op.data
                if op.kind == b"R":
                    data = data.decode().lstrip("/").removeprefix(NAMES[hub]).encode()
                found.append(Op(op.kind, op.path.removeprefix(NAMES[hub]).lstrip("/"), op.at, data))
        return found


def record(seed: int, count: int, defect: str = "none") -> Recording:
    """Found the villages, let a process tell the story under the layer, and read its log."""
    with in_memory() as room:
        villages = make_two_villages(room / "hubs")
        pairs = ((RIVER, villages.river), (HILL, villages.hill))
        kept: dict[str, Any] = {
            "members": {hub: [int(n) for n in village.numbers.values()] for hub, village in pairs},
            "seeds": {
                f"{hub}:{int(village.numbers[who])}": key.seed().hex()
                for hub, village in pairs
                for who, key in village.signers.items()
            },
        }
        villages.close()
        base = {hub: _files(room / "hubs" / name) for hub, name in NAMES.items()}
        log = room / "log"
        command = [sys.executable, "-m", "tests.faults.story", str(room / "hubs"), str(log), str(seed)]
        env = environment(room / "hubs", log=log) | {"FAULTS_STORY": json.dumps(kept)}
        done = subprocess.run(
            [*command, str(count), defect], env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        ops = list(read_log(log))
    return Recording(base, ops, story.steps(seed, count, kept["members"]), kept)


def _files(room: Path) -> dict[str, bytes]:
    return {str(p.relative_to(room)): p.read_bytes() for p in room.rglob("*") if p.is_file()}


# ---------------------------------------------------------------------------------------- told


@dataclass
class Told:
    """What the world knows of one hub at some moment: what must be there, and what may be."""

    done: dict[int, str] = field(default_factory=dict)
    asked: int | None = None
    refused: set[int] = field(default_factory=set)
    frames: list[bytes] = field(default_factory=list)
    claims: dict[int, int] = field(default_factory=dict)

    def hear(self, mark: dict[str, Any]) -> None:
        """Something was said."""
        if "asked" in mark:
            self.asked = mark["asked"]
        elif "done" in mark:
            self.done[mark["done"]], self.asked = mark["record"], None
        elif "refused" in mark:
            self.refused.add(mark["refused"])
            self.asked = None
        elif "frame" in mark:
            self.frames.append(bytes.fromhex(mark["frame"]))
        elif "claims" in mark:
            hub, number = mark["claims"]
            self.claims[hub] = max(number, self.claims.get(hub, 0))


@dataclass(frozen=True)
class Content:
    """What a database says, as far as every cut asks: commands by key, frames, how far feeds are linked."""

    keys: dict[tuple[str, bytes], bytes]
    frames: frozenset[bytes]
    linked: dict[int, int]


@dataclass
class Count:
    """How much was tried."""

    places: int = 0
    cuts: int = 0
    disks: int = 0
    books: int = 0
    resent: int = 0
    models: dict[str, int] = field(default_factory=dict)

    def add(self, other: "Count") -> None:
        """Put another part's figures to these."""
        for name in ("places", "cuts", "disks", "books", "resent"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for model, number in other.models.items():
            self.models[model] = self.models.get(model, 0) + number

    def __str__(self) -> str:
        return (
            f"{self.cuts} cuts at {self.places} writes, syncs and names, under {len(self.models)} models; {self.disks} different"
            f" disks opened, {self.books} different books verified and gone on with, {self.resent} commands sent again"
        )


# ---------------------------------------------------------------------------------------- cutting


class Cutter:
    """Cuts one hub's recording. ``room`` must be a folder of its own."""

    def __init__(self, recording: Recording, hub: int, room: Path, seed: int) -> None:
        self._recording, self._hub, self._room = recording, hub, room
        self._seed = seed
        self._contents: dict[bytes, Content] = {}
        self._verified: set[bytes] = set()
        self._tried: set[tuple[bytes, int | None, int]] = set()
        self._disks: dict[tuple[object, ...], bytes] = {}
        self.count = Count()

    def run(self, chosen: Sequence[int] | None = None, thorough: bool = True) -> Count:
        """Cut after each operation, or after those whose places are in ``chosen``.

        Args:
            thorough: verify and go on with each different book; without it only what was told is looked for.

        Raises:
            Violation: the first disk that breaks a promise.
        """
        ops = self._recording.of(self._hub)
        told, disk = Told(), Disk(self._recording.base[self._hub])
        wanted = None if chosen is None else set(chosen)
        place = 0
        for index, op in enumerate(ops):
            if op.kind == MARK:
                told.hear(op.mark)
            else:
                disk.apply(op)
                place += 1
            # What is told between two operations must hold before the second: cut as late as can be.
            if index + 1 < len(ops) and ops[index + 1].kind == MARK:
                continue
            if wanted is None or place in wanted:
                self._cut(disk, told, place, thorough)
        return self.count

    def places(self) -> int:
        """How many places there are to cut at."""
        return sum(op.kind != MARK for op in self._recording.of(self._hub))

    def _cut(self, disk: Disk, told: Told, place: int, thorough: bool) -> None:
        self.count.places += 1
        for model in Model:
            dice = Random(f"{self._seed}/{self._hub}/{place}/{model}")
            name, found = disk.after_cut(model, dice)
            self.count.cuts += 1
            self.count.models[model] = self.count.models.get(model, 0) + 1
            try:
                self._look(name, found, told, thorough)
            except (Violation, HubError, sqlite3.Error, AssertionError) as error:
                where = f"{NAMES[self._hub]}, cut after operation {place}, {model.value}"
                raise Violation(f"{where}: {type(error).__name__}: {error}") from error

    def _look(self, name: tuple[object, ...], found: Found, told: Told, thorough: bool) -> None:
        print_of = self._disks.get(name)
        if print_of is None:
            if len(self._disks) > 5_000:
                self._disks.clear()
            data = self._fresh(found, "disk")
            print_of = self._disks[name] = self._open(data)
            self.count.disks += 1
        content = self._contents[print_of]
        self._hold_against(content, told)
        what = (print_of, told.asked, len(told.frames))
        if thorough and what not in self._tried:
            self._tried.add(what)
            self._go_on(self._fresh(found, "hub"), print_of, told)

    def _fresh(self, found: Found, name: str) -> Path:
        data = self._room / name
        shutil.rmtree(data, ignore_errors=True)
        found.write(data)
        return data

    def _open(self, data: Path) -> bytes:
        """Let SQLite recover; a print of what the database then is, page by page."""
        with contextlib.closing(sqlite3.connect(data / "ledger.db")) as db:
            print_of = hashlib.blake2b(db.serialize(), digest_size=16).digest()
            if print_of not in self._contents:
                self._contents[print_of] = _content(db)
        return print_of

    def _hold_against(self, content: Content, told: Told) -> None:
        for number, record_id in told.done.items():
            step = self._recording.steps[number]
            found = content.keys.get((member_authority(step.payer), step.key))
            if found is None:
                raise Violation(f"the acknowledged command {number} is gone")
            if found.hex() != record_id:
                raise Violation(f"the acknowledged command {number} is another one")
        for number in told.refused:
            step = self._recording.steps[number]
            if (member_authority(step.payer), step.key) in content.keys:
                raise Violation(f"the refused command {number} is there")
        for data in told.frames:
            if data not in content.frames:
                raise Violation("a frame that the radio had is not kept")
        for hub, number in told.claims.items():
            if content.linked.get(hub, 0) < number:
                raise Violation(f"a record {number} of hub {hub} that was claimed is gone")

    # ------------------------------------------------------------------------- going on after it

    def _go_on(self, data: Path, print_of: bytes, told: Told) -> None:
        """The hub as it starts again on this disk: opened by its own code, verified, and used."""
        clock = ManualClock(self._recording.steps[-1].at_ms + story.A_QUARTER)
        hub = Hub.open(data, clock)
        try:
            if print_of not in self._verified:
                self._verified.add(print_of)
                self.count.books += 1
                verify(hub.store, work=self._room)
                _no_half_payment(hub)
            if told.asked is not None:
                self._resend(hub, self._recording.steps[told.asked])
            self._say_more(hub, told)
        finally:
            hub.close()

    def _resend(self, hub: Hub, step: Step) -> None:
        self.count.resent += 1
        key = story.signer(step.hub, step.payer, self._recording.kept["seeds"])
        before = hub.head().number
        there = (member_authority(step.payer), step.key) in self._contents_of(hub)
        first = hub.submit(step.command, key, step.key)
        if isinstance(first, Refusal):
            if there:
                raise Violation(f"command {step.number} stands in the book, and sent again it is refused")
            return
        if first.replayed is not there:
            raise Violation(f"command {step.number} was half-done: there {there}, replayed {first.replayed}")
        second = hub.submit(step.command, key, step.key)
        if not isinstance(second, Receipt) or second.record != first.record or not second.replayed:
            raise Violation(f"command {step.number} has two receipts")
        if hub.head().number - before != (0 if there else 1):
            raise Violation(f"command {step.number} made more than one entry")

    def _contents_of(self, hub: Hub) -> set[tuple[str, bytes]]:
        with hub.reading() as tx:
            return {(a, bytes(k)) for a, k in tx.select("SELECT authority, key FROM entry")}

    def _say_more(self, hub: Hub, told: Told) -> None:
        """What is packed from now on contradicts nothing that the radio had."""
        post = Post(hub)
        here = directory(hub, post)
        said = {}
        for data in told.frames:
            for item in frames.open_data(data, here).records:
                said[item.incarnation, item.number] = item

        def make(records: Sequence[Record], before: bytes) -> Kept:
            data = frames.pack(records, before, here, hub.sign)
            return Kept(data, before[: frames.CUT_BYTES], tuple(records))

        while (more := post.pack(lambda records: frames.fit(records, here), make)) is not None:
            for item in frames.open_data(more, here).records:
                if said.setdefault((item.incarnation, item.number), item) != item:
                    raise Violation(f"the number {item.number} is used again for something else")


def _content(db: sqlite3.Connection) -> Content:
    stored = "SELECT authority, key, body FROM entry WHERE authority LIKE 'member:%'"
    keys = {(a, bytes(k)): bytes(parse(bytes(body)).record) for a, k, body in db.execute(stored)}
    entries = int(db.execute("SELECT count(*) FROM entry").fetchone()[0])
    last = int(db.execute("SELECT max(number) FROM entry").fetchone()[0])
    if entries != last:
        raise Violation("the book has a gap")
    data = frozenset(bytes(row[0]) for row in db.execute("SELECT data FROM frame"))
    linked = {int(hub): int(n) for hub, n in db.execute("SELECT hub, max(linked) FROM feed GROUP BY hub")}
    return Content(keys, data, linked)


def _no_half_payment(hub: Hub) -> None:
    with hub.reading() as tx:
        lines: dict[bytes, list[int]] = {}
        for row in tx.rows(Posting.select()):
            lines.setdefault(bytes(row.transfer), []).append(row.amount)
        moved = {bytes(row.id) for row in tx.rows(Transfer.select())}
    if not lines.keys() <= moved or any(sum(each) or len(each) < 2 for each in lines.values()):
        raise Violation("a half-done payment")
