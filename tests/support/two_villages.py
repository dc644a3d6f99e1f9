"""Two villages of one community: River with Alice, Bob and the keeper Kira; Hill with Chandra, Dina and Hana.

Everybody's PIN is 2580. The post between them is carried by hand: ``carry`` moves the real signed
frames from one hub's books to the other's, as a radio would, without one. They share one clock.
"""

import atexit
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from appliance.ledger import community
from appliance.ledger.book.command import Receipt
from appliance.ledger.book.feed import Kept, Taken
from appliance.ledger.book.local import HubHeard
from appliance.ledger.book.records import Record
from appliance.ledger.book.rules import Care, Credit, Rules
from appliance.ledger.clock import ManualClock
from appliance.ledger.errors import Refusal
from appliance.ledger.hub import Hub
from appliance.ledger.keys import KeySigner
from appliance.ledger.money.crossings import Send
from appliance.ledger.money.trunks import SetTrunk
from appliance.ledger.people.members import AppointKeeper, Approve
from appliance.ledger.post import Post
from appliance.ledger.values import AccountNumber, Amount
from appliance.radio import frames
from appliance.radio.directory import Directory, of_roster
from tests.support.village import CHEAP, MONDAY_NOON, Village, river

RIVER, HILL = 101, 102
OF_RIVER = ("Kira", "Alice", "Bob")
OF_HILL = ("Hana", "Chandra", "Dina")
"""In the order of their numbers, from 1; the first is the keeper."""


@dataclass
class TwoVillages:
    """River and Hill, admitted to each other."""

    river: Village
    hill: Village
    clock: ManualClock
    posts: dict[int, Post] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.posts = {village.hub.number: Post(village.hub) for village in (self.river, self.hill)}

    def at(self, hub: int) -> Village:
        """The village of this hub."""
        return self.river if hub == RIVER else self.hill

    def home_of(self, name: str) -> Village:
        """Where ``name`` lives."""
        return self.river if name in self.river.numbers else self.hill

    def send(self, payer: str, payee: str | int, amount: int, **also: Any) -> Receipt:
        """``payer`` pays ``amount`` hundredths to ``payee`` of the other village; it must leave."""
        result = self.try_send(payer, payee, amount, **also)
        assert isinstance(result, Receipt), result
        return result

    def try_send(self, payer: str, payee: str | int, amount: int, **also: Any) -> Receipt | Refusal:
        """``payer`` tries to. ``payee`` may be a number that nobody has."""
        home = self.home_of(payer)
        other = self.hill if home is self.river else self.river
        number = payee if isinstance(payee, int) else other.numbers[payee]
        terms = (home.numbers[payer], other.hub.number, AccountNumber(number), Amount(amount))
        return home.ask(payer, Send(*terms, **also))

    def limit(self, hub: int, low: int = -10_000, high: int = 10_000) -> None:
        """The keeper of ``hub`` gives its trunk toward the other one these limits."""
        village = self.at(hub)
        keeper = OF_RIVER[0] if hub == RIVER else OF_HILL[0]
        other = HILL if hub == RIVER else RIVER
        village.do(keeper, SetTrunk(other, low, high, "to try it out"))

    def carry(self, *sources: int) -> int:
        """Bring the post over, from all hubs or from ``sources`` alone, until none waits; how many frames."""
        carried = 0
        while True:
            moved = sum(self._carry_from(hub) for hub in sources or (RIVER, HILL))
            carried += moved
            if not moved:
                return carried

    def _carry_from(self, source: int) -> int:
        target = HILL if source == RIVER else RIVER
        found = list(self.frames_of(source))
        for data in found:
            self.deliver(data, target)
        return len(found)

    def frames_of(self, source: int) -> Iterator[bytes]:
        """What ``source`` has to say and has not said yet, frame by frame: packed, signed and kept there."""
        here = directory(self.at(source).hub, self.posts[source])

        def fit(records: Sequence[Record]) -> int:
            return frames.fit(records, here)

        def make(records: Sequence[Record], before: bytes) -> Kept:
            data = frames.pack(records, before, here, self.at(source).hub.sign)
            return Kept(data, before[: frames.CUT_BYTES], tuple(records))

        while (data := self.posts[source].pack(fit, make)) is not None:
            yield data

    def deliver(self, data: bytes, target: int) -> Taken:
        """Hand one frame to ``target``: kept, read, and whatever it asks for done."""
        post = self.posts[target]
        frame = frames.open_data(data, directory(self.at(target).hub, post))
        taken = post.take(Kept(frame.data, frame.cut, frame.records))
        post.settle()
        return taken

    def hear(self, hub: int, **also: Any) -> None:
        """``hub`` notes that it hears the other one now, which holds what it holds."""
        other = HILL if hub == RIVER else RIVER
        held = {place.hub: place.number for place in self.posts[other].places()}
        now = self.clock.now()
        row = {"ours": held[hub], "theirs": held[other], "beat": now.ms // 1000, "snr": None, "hops": None}
        with self.at(hub).hub.store.write() as tx:
            tx.put(HubHeard, hub=other, at_ms=now.ms, quality=int(now.quality), **(row | also))

    def close(self) -> None:
        """Close both books."""
        self.river.hub.close()
        self.hill.hub.close()


def directory(hub: Hub, post: Post) -> Directory:
    """Whom ``hub`` believes, out of its roster."""
    rows, group = post.roster(), hub.box.group_key
    assert group is not None  # Post asks for it
    return of_roster(rows, hub.box.place.community, group, hub.number, post.lives(), post.roster_head())


def _settle_in(village: Village, names: Sequence[str]) -> None:
    keeper = names[0]
    village.root(Approve(village.join(keeper)))
    village.root(AppointKeeper(village.numbers[keeper]))
    for name in names[1:]:
        village.do(keeper, Approve(village.join(name)))


def _found(path: Path, **rules: Any) -> TwoVillages:
    clock = ManualClock(MONDAY_NOON)
    hub, papers = Hub.found(path / "river", river(**rules), clock, CHEAP)
    assert papers.community is not None  # River is the first of its community
    letter = community.Invitation.from_bytes(community.invite(hub, HILL, "Hill").to_bytes())
    of_hill = Rules(letter.community, Credit(**rules.get("credit", {})), Care(**rules.get("care", {})))
    far, far_papers = Hub.found(path / "hill", of_hill, clock, CHEAP, letter.community_key)
    applied = community.Application.from_bytes(community.apply_for(far).to_bytes())
    community.join(far, community.admit(hub, [applied], papers.community))
    here, there = Village(hub, papers, clock), Village(far, far_papers, clock)
    _settle_in(here, OF_RIVER)
    _settle_in(there, OF_HILL)
    return TwoVillages(here, there, clock)


@cache
def _founded_once() -> tuple[Path, TwoVillages]:
    """Villages under the default rules, closed: founding takes longer than most tests."""
    room = Path(tempfile.mkdtemp(prefix="two-villages-"))
    atexit.register(shutil.rmtree, room, ignore_errors=True)
    made = _found(room)
    made.close()
    return room, made


def make_two_villages(path: Path, **rules: Any) -> TwoVillages:
    """River in ``path``/river and Hill in ``path``/hill, as founders make them. Close them afterwards.

    Under the default rules they are copies of two that were founded once: their keys are the
    same in every test of a process.

    Args:
        rules: maps ``credit`` and ``care`` with what differs from the defaults, for both.
    """
    if rules:
        return _found(path, **rules)
    room, made = _founded_once()
    clock = ManualClock(MONDAY_NOON)
    villages = []
    for name, village in (("river", made.river), ("hill", made.hill)):
        shutil.copytree(room / name, path / name)
        copy = Village(Hub.open(path / name, clock), village.papers, clock, dict(village.numbers))
        # A test may close a key that it is done with; the next one needs it.
        copy.signers = {who: KeySigner(key.authority, key.seed()) for who, key in village.signers.items()}
        villages.append(copy)
    here, there = villages
    return TwoVillages(here, there, clock)


@contextmanager
def two_villages(path: Path, **rules: Any) -> Iterator[TwoVillages]:
    """``make_two_villages``, closed at the end."""
    made = make_two_villages(path, **rules)
    try:
        yield made
    finally:
        made.close()
