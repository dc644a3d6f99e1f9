"""Three hubs of one community: River (101), Hill (102) and Lake (103), each with a keeper and people.

Founding them takes a second, so it is done once in a process; every test works on a copy. What
passes between them are the real signed frames, and who asks decides when they pass, to whom,
and how often.
"""

import atexit
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from appliance.ledger import community
from appliance.ledger.book import feed
from appliance.ledger.book.command import Receipt
from appliance.ledger.book.feed import Kept, Taken
from appliance.ledger.book.records import Record
from appliance.ledger.book.rules import Care, Community, Credit, Rules
from appliance.ledger.book.subject import Command
from appliance.ledger.clock import ManualClock
from appliance.ledger.errors import Refusal
from appliance.ledger.hub import Hub
from appliance.ledger.keys import KdfCost, KeySigner, RootPaper, new_seed, seal
from appliance.ledger.money.crossings import Send
from appliance.ledger.people.members import AppointKeeper, Approve, Join
from appliance.ledger.post import Post
from appliance.ledger.values import AccountNumber, Amount
from appliance.radio import frames
from appliance.radio.directory import Directory
from tests.support.mad_hub import MadHub
from tests.support.two_villages import directory
from tests.support.village import MONDAY_NOON

NAMES = {101: "River", 102: "Hill", 103: "Lake"}
RIVER, HILL, LAKE = NAMES
PEOPLE = ("Kira", "Alice", "Bob")
"""Of every hub, in the order of their numbers, from 1; the first is the keeper."""
CHEAP = KdfCost(1, 8 * 1024)
CREDIT = Credit(low=-600, high=900, trunk_low=-180, trunk_high=700, held_days=2)


@dataclass(frozen=True)
class Made:
    """What was founded once: the directories to copy, the papers, and everybody's key."""

    room: Path
    papers: dict[int, RootPaper]
    founders: RootPaper
    seeds: dict[int, dict[int, bytes]]


def join(hub: Hub, name: str) -> tuple[int, bytes]:
    """``name`` asks to become a member, without the wait for a costly key: number and key seed."""
    seed = new_seed()
    sealed = seal(seed, "2580", hub.pepper, CHEAP)
    joined = hub.submit(Join(name, sealed), KeySigner("newcomer", seed))
    assert isinstance(joined, Receipt), joined
    return int(str(joined.outcome["number"])), seed


def _settle_in(hub: Hub, paper: RootPaper) -> dict[int, bytes]:
    seeds, root = {}, KeySigner("root:setup", paper.seed)
    for name in PEOPLE:
        number, seeds_of = join(hub, name)
        seeds[number] = seeds_of
        assert isinstance(hub.submit(Approve(AccountNumber(number)), root), Receipt)
    assert isinstance(hub.submit(AppointKeeper(AccountNumber(1)), root), Receipt)
    return seeds


@cache
def made() -> Made:
    """The three hubs as they were founded and admitted."""
    room = Path(tempfile.mkdtemp(prefix="valley-"))
    atexit.register(shutil.rmtree, room, ignore_errors=True)
    clock = ManualClock(MONDAY_NOON)
    first = Rules(Community("Valley", "River", RIVER, "hour", "h", 2), CREDIT, Care())
    river, papers = Hub.found(room / "101", first, clock, CHEAP)
    assert papers.community is not None  # the first hub of its community
    hubs, roots = {RIVER: river}, {RIVER: papers.hub}
    for number in (HILL, LAKE):
        letter = community.invite(river, number, NAMES[number])
        rules = Rules(letter.community, CREDIT, Care())
        hub, paper = Hub.found(room / str(number), rules, clock, CHEAP, letter.community_key)
        hubs[number], roots[number] = hub, paper.hub
    roster = community.admit(
        river, [community.apply_for(hubs[number]) for number in (HILL, LAKE)], papers.community
    )
    for hub in hubs.values():
        community.join(hub, roster)
    seeds = {number: _settle_in(hub, roots[number]) for number, hub in hubs.items()}
    for hub in hubs.values():
        hub.close()
    return Made(room, roots, papers.community, seeds)


@dataclass
class Valley:
    """A copy of the three hubs in ``room``. Close it afterwards."""

    room: Path
    clock: ManualClock = field(default_factory=lambda: ManualClock(MONDAY_NOON))
    hubs: dict[int, Hub] = field(default_factory=dict)
    posts: dict[int, Post] = field(default_factory=dict)
    signers: dict[int, dict[int, KeySigner]] = field(default_factory=dict)
    directories: dict[int, Directory] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for number, seeds in made().seeds.items():
            shutil.copytree(made().room / str(number), self.room / str(number))
            self.signers[number] = {n: KeySigner(f"member:{n}", seed) for n, seed in seeds.items()}
            self.start(number)

    def start(self, number: int) -> None:
        """Open a hub's book and its post, as a process does that begins."""
        self.hubs[number] = Hub.open(self.room / str(number), self.clock)
        self.posts[number] = Post(self.hubs[number])

    def restart(self, number: int) -> None:
        """End that process and begin another."""
        self.hubs[number].close()
        self.start(number)

    def directory(self, number: int) -> Directory:
        """Whom a hub believes; nobody is admitted after the founding."""
        if number not in self.directories:
            self.directories[number] = directory(self.hubs[number], self.posts[number])
        return self.directories[number]

    def frames_of(self, number: int) -> Iterator[bytes]:
        """What a hub has to say, frame by frame: packed, signed and kept there."""
        here = self.directory(number)

        def fit(records: Sequence[Record]) -> int:
            return frames.fit(records, here)

        def make(records: Sequence[Record], before: bytes) -> Kept:
            data = frames.pack(records, before, here, self.hubs[number].sign)
            return Kept(data, before[: frames.CUT_BYTES], tuple(records))

        while (data := self.posts[number].pack(fit, make)) is not None:
            yield data

    def told_again(self, number: int, first: int, last: int) -> bytes:
        """A frame of records that have been in other frames before."""
        hub, here = self.hubs[number], self.directory(number)
        with hub.reading() as tx:
            found = [feed.record(tx, number, 1, n) for n in range(first, last + 1)]
            before = feed.link_before(tx, feed.state(tx, number, 1), first)
        records = [record for record in found if record is not None]
        return frames.pack(records[: frames.fit(records, here)], before, here, hub.sign)

    def take(self, data: bytes, target: int) -> Taken:
        """Hand one frame to a hub, which keeps it and reads it later."""
        frame = frames.open_data(data, self.directory(target))
        return self.posts[target].take(Kept(frame.data, frame.cut, frame.records))

    def deliver(self, data: bytes, target: int) -> Taken:
        """Hand one frame to a hub, which keeps it, reads it and does what it asks for."""
        taken = self.take(data, target)
        self.posts[target].settle()
        return taken

    def carry(self) -> int:
        """Everything that any hub has to say comes to all others; how many frames."""
        carried = 0
        while found := [(origin, data) for origin in self.hubs for data in self.frames_of(origin)]:
            for origin, data in found:
                for target in self.hubs:
                    if target != origin:
                        self.deliver(data, target)
            carried += len(found)
        return carried

    def ask(self, hub: int, who: int, command: Command) -> Receipt | Refusal:
        """Let a member try something."""
        return self.hubs[hub].submit(command, self.signers[hub][who])

    def do(self, hub: int, who: int, command: Command) -> Receipt:
        """Let a member do something that must succeed."""
        result = self.ask(hub, who, command)
        assert isinstance(result, Receipt), result
        return result

    def send(self, hub: int, payer: int, to: int, payee: int, amount: int, note: str = "") -> Receipt:
        """A payment leaves ``hub``."""
        terms = (AccountNumber(payer), to, AccountNumber(payee), Amount(amount))
        return self.do(hub, payer, Send(*terms, "food", note, again=True))

    def balances(self, hub: int) -> dict[int, int]:
        """Every account of a hub; trunks under minus the other's number."""
        with self.hubs[hub].reading() as tx:
            return dict(tx.select("SELECT number, balance FROM account"))

    def mad(self, hub: int) -> MadHub:
        """The hub, gone mad."""
        boxes = {row.hub: bytes(row.box_key) for row in self.posts[hub].roster()}
        return MadHub(self.hubs[hub], self.directory(hub), boxes)

    def close(self) -> None:
        """Close all books."""
        for hub in self.hubs.values():
            hub.close()
