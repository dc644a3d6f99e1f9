"""A market on which anything happens, in any order: the book replays to the same rows, and the search shows what is open.

Beside it a model of its own of what is open, under which kind, and whose; the machine of the whole village has
offers and wants that open and close (``tests/ledger/book/machine/market.py``).
"""

import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from appliance.ledger.book import taxonomy
from appliance.ledger.book.command import Receipt
from appliance.ledger.book.schema_market import ListingPhoto, Photo
from appliance.ledger.book.subject import Command
from appliance.ledger.book.verify import verify
from appliance.ledger.market import listings
from appliance.ledger.market.categories import NEW, MergeCategory, SetCategory
from appliance.ledger.market.changing import EditListing, RenewListing
from appliance.ledger.market.keeping import HideListing, MergeListing, MoveListing, ShowListing
from appliance.ledger.market.listings import DAY_MS, CloseListing, OpenListing
from appliance.ledger.market.photos import DropPhoto, SetPhoto
from appliance.ledger.tend import tend
from appliance.ledger.values import RecordId
from appliance.matching import Index, Query, find
from tests.support.village import copied_village

WHO = st.sampled_from(["Alice", "Bob", "Kira"])
PICK = st.integers(0, 20)
KINDS = ("food", "bread", "bee", "garden", "other")


class Market(RuleBasedStateMachine):
    """Everything of the market."""

    def __init__(self) -> None:
        super().__init__()
        self.room = Path(tempfile.mkdtemp())
        self.river = copied_village(self.room / "river")
        self.index = Index.open(self.room / "cache.db")
        self.made: list[RecordId] = []
        self.state: dict[RecordId, str] = {}
        self.owner: dict[RecordId, str] = {}
        self.kind: dict[RecordId, str] = {}
        self.until: dict[RecordId, int] = {}
        self.keys = list(KINDS)

    def teardown(self) -> None:
        assert verify(self.river.hub.store).head == self.river.hub.head()
        with self.river.hub.reading() as tx:
            shown = {row.entry for row in tx.rows(ListingPhoto.select())}
            kept = {row.entry for row in tx.rows(Photo.select())}
        assert shown <= kept
        self.index.close()
        self.river.hub.close()
        shutil.rmtree(self.room)

    def ask(self, who: str, command: Command) -> Receipt | None:
        result = self.river.ask(who, command)
        return result if isinstance(result, Receipt) else None

    def one(self, pick: int) -> RecordId | None:
        return self.made[pick % len(self.made)] if self.made else None

    def begin_anew(self, record: RecordId) -> None:
        self.until[record] = self.river.clock.now().ms + 90 * DAY_MS
        if self.state[record] == listings.EXPIRED:
            self.state[record] = listings.OPEN

    @rule(who=WHO, pick=PICK)
    def opens(self, who: str, pick: int) -> None:
        kind = self.keys[pick % len(self.keys)]
        done = self.ask(who, OpenListing(self.river.numbers[who], "offer", kind, "Bread"))
        with self.river.hub.reading() as tx:
            assert (done is not None) == taxonomy.of(tx).offered(kind)
        if done is not None:
            self.made.append(done.record)
            self.state[done.record], self.owner[done.record] = listings.OPEN, who
            self.kind[done.record] = kind
            self.begin_anew(done.record)

    @rule(who=WHO, pick=PICK, kind=st.sampled_from(KINDS))
    def edits(self, who: str, pick: int, kind: str) -> None:
        if (record := self.one(pick)) is None:
            return
        if self.ask(who, EditListing(record, kind, "Better bread")) is not None:
            assert (who, self.state[record] != listings.CLOSED) == (self.owner[record], True)
            self.kind[record] = kind
            self.begin_anew(record)

    @rule(who=WHO, pick=PICK)
    def renews(self, who: str, pick: int) -> None:
        if (record := self.one(pick)) is not None and self.ask(who, RenewListing(record)) is not None:
            assert (who, self.state[record] in (listings.OPEN, listings.EXPIRED)) == (
                self.owner[record],
                True,
            )
            self.begin_anew(record)

    @rule(who=WHO, pick=PICK)
    def closes(self, who: str, pick: int) -> None:
        if (record := self.one(pick)) is not None and self.ask(who, CloseListing(record, "old")) is not None:
            assert who in (self.owner[record], "Kira")
            self.state[record] = listings.CLOSED

    @rule(pick=PICK, show=st.booleans())
    def hides_or_shows(self, pick: int, show: bool) -> None:
        if (record := self.one(pick)) is None:
            return
        command = ShowListing(record, "fresh") if show else HideListing(record, "mouldy")
        if self.ask("Kira", command) is not None:
            assert self.owner[record] != "Kira"
            assert (self.state[record] == listings.HIDDEN) == show
            self.state[record] = listings.OPEN if show else listings.HIDDEN

    @rule(pick=PICK, other=PICK, kind=st.sampled_from(KINDS))
    def moves_or_merges(self, pick: int, other: int, kind: str) -> None:
        record, into = self.one(pick), self.one(other)
        if record is None or into is None:
            return
        if other % 2 and self.ask("Kira", MoveListing(record, kind, "it belongs there")) is not None:
            self.kind[record] = kind
        elif not other % 2 and self.ask("Kira", MergeListing(record, into, "twice")) is not None:
            assert self.owner[record] == self.owner[into]
            self.state[record] = listings.CLOSED

    @rule(pick=PICK, into=PICK)
    def changes_kinds(self, pick: int, into: int) -> None:
        key = self.keys[pick % len(self.keys)]
        if into % 2 == 0:
            done = self.ask("Kira", SetCategory(NEW, key, f"Kind {len(self.keys)}", "food"))
            if done is not None:
                self.keys.append(f"own{done.entry}")
        else:
            self.ask(
                "Kira",
                SetCategory(key, None if key in ("food", "garden") else "food", key, "food", pick % 2 == 0),
            )

    @rule(pick=PICK, into=PICK)
    def puts_kinds_together(self, pick: int, into: int) -> None:
        used = list(dict.fromkeys(self.kind.values())) or self.keys
        key, other = used[pick % len(used)], self.keys[into % len(self.keys)]
        if self.ask("Kira", MergeCategory(key, other)) is not None:
            self.kind = {record: other if kind == key else kind for record, kind in self.kind.items()}

    @rule(who=WHO, pick=PICK, drop=st.booleans())
    def photos(self, who: str, pick: int, drop: bool) -> None:
        if (record := self.one(pick)) is not None:
            self.ask(
                who, DropPhoto(record, "a face") if drop else SetPhoto(record, b"large", b"s", bytes(16))
            )

    @rule(days=st.sampled_from([1, 40, 84, 91]))
    def days_pass(self, days: int) -> None:
        self.river.clock.advance(days * DAY_MS)
        while tend(self.river.hub):
            pass
        now = self.river.clock.now().ms
        for record, state in self.state.items():
            if state == listings.OPEN and self.until[record] <= now:
                self.state[record] = listings.EXPIRED

    @invariant()
    def what_is_open_is_found_under_its_kind_and_nothing_else(self) -> None:
        open_now = {record for record, state in self.state.items() if state == listings.OPEN}
        with self.river.hub.reading() as tx:
            self.index.follow(tx)
            rows = {bytes(record): state for record, state in tx.select("SELECT id, state FROM listing")}
        assert rows == {bytes(record): state for record, state in self.state.items()}
        hits = find(self.index, Query("bread"), limit=50).hits
        assert {hit.id: hit.category for hit in hits} == {record: self.kind[record] for record in open_now}


def test_a_market_on_which_anything_happens_stays_whole() -> None:
    run_state_machine_as_test(
        Market,
        settings=settings(
            deadline=None,
            derandomize=True,
            database=None,
            max_examples=25,
            stateful_step_count=25,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )
