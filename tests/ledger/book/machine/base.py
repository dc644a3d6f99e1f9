"""The village itself: founding it, asking it, choosing people, and what holds after each step.

The model beside it knows nothing of the ledger's code: plain integers for balances, holds and
limits. Record ids are random, so nothing here may choose by their order.
"""

import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant

from appliance.ledger.book.command import Receipt, Refused
from appliance.ledger.book.rules import Care, Community, Credit, Rules
from appliance.ledger.book.store import Store
from appliance.ledger.book.subject import Command
from appliance.ledger.book.verify import verify
from appliance.ledger.clock import ManualClock, Millis
from appliance.ledger.errors import BookDamaged, Code, Refusal
from appliance.ledger.hub import Hub, new_key
from appliance.ledger.keys import KdfCost, KeySigner, new_seed
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.people.seconds import Agree, Propose
from appliance.ledger.values import RecordId
from tests.ledger.book import tampering

START = 1_760_000_000_000
DAY_MS = 86_400_000
PIN = "2580"
COST = KdfCost(1, 8 * 1024)
CARE = Care(
    expire_days=30,
    period_days=20,
    carer_most=2500,
    pair_most=1500,
    signer_most=12,
    cool_above=400,
    cool_days=3,
    object_days=10,
    ring_share=60,
    ring_people=1,
)
TALLY: Counter[tuple[str, bool]] = Counter()
"""(kind, accepted) over all villages of one process."""

BATCHES: Counter[tuple[str, bool]] = Counter()
"""As ``TALLY``, of batches: weeks that were written down, and weeks that were co-signed, at once."""

BROKEN_EACH = 6
"""One village of so many, by the number of its entries, has a link of its chain broken at its end: what sees it is the same in
all, and verifies the book twice more."""

BROKEN: list[int] = []
"""After how many entries that was, over all villages of one process."""

ODDLY = st.integers(0, 4).map(lambda n: n == 4)
"""True now and then: take anybody, anything, instead of what makes sense."""
PICK = st.integers(0, 10**6)
STANDING = ("active", "away", "moving")
"""Who can trade, whatever the offers and wants do."""
AMOUNT = st.one_of(
    st.integers(1, 60),
    st.integers(1, 200),
    st.integers(1, 500),
    st.integers(1, 2500),
    st.sampled_from([0, 10**13]),
)


class Keys(dict[int, KeySigner]):
    """Everybody's open key; who has none, or none any more, tries with one made up."""

    def __missing__(self, number: int) -> KeySigner:
        return KeySigner(f"member:{number}", new_seed())


class Base(RuleBasedStateMachine):
    """A founded hub, a model of its balances, and the hooks that each subject extends."""

    vouchers: int
    BEYOND_LIMITS: ClassVar[tuple[str, ...]] = ()
    """Kinds of this subject that may leave an account outside its limits, or change them."""

    def __init__(self) -> None:
        super().__init__()
        self.room = Path(tempfile.mkdtemp(prefix="village-"))

    @initialize()
    def found(self) -> None:
        self.clock = ManualClock(START)
        rules = Rules(Community("Valley", "River", 101, "hour", "h", 2), Credit(commons_low=-600), CARE)
        self.hub, self.papers = Hub.found(self.room / "river", rules, self.clock, COST)
        self.root = KeySigner("root:keeper", self.papers.hub.seed)
        self._begin()
        self._set_out()

    @property
    def founded(self) -> bool:
        return hasattr(self, "hub")

    def teardown(self) -> None:
        if self.founded:
            report = verify(self.hub.store, kept=[self.hub.head()], root_key=self.papers.hub.public)
            assert report.signatures == report.head.number
            with self.hub.reading() as tx:
                TALLY["settle", True] += int(
                    tx.select("SELECT COUNT(*) FROM entry WHERE kind = 'settle'")[0][0]
                )
            self.hub.close()
            if report.head.number % BROKEN_EACH == 0:
                BROKEN.append(report.head.number)
                self._a_broken_link_is_seen(report.head.number)
        shutil.rmtree(self.room)

    def _a_broken_link_is_seen(self, last: int) -> None:
        path = self.room / "river" / "ledger.db"
        with tampering.card_in_hand(path) as db:
            entry = tampering.entry_of(db, last // 2)
            tampering.store(db, replace(entry, previous=bytes(32)))
            tampering.rechain(db, last // 2)
        store = Store.open(path)
        try:
            with pytest.raises(BookDamaged, match="does not follow"):
                verify(store)
        finally:
            store.close()

    # -- what each subject extends ------------------------------------------------------------

    def _begin(self) -> None:
        """The model of an empty village."""
        self.signers = Keys()
        self.status: dict[int, str] = {}
        self.keepers: set[int] = set()
        self.balance: dict[int, int] = {0: 0}
        self.held: dict[int, int] = {0: 0}
        self.limits: dict[int, tuple[int | None, int | None]] = {0: (-600, None)}
        self.last: tuple[Command, KeySigner, bytes, Receipt] | None = None
        self.later_ms = 0

    def _set_out(self) -> None:
        """What stands before the first step."""

    def _model(self, command: Command, signer: KeySigner, receipt: Receipt) -> None:
        """What an accepted command changes in the model."""

    def _new_rules(self, changes: dict[str, int]) -> None:
        """What changed rules of credit do to the model, whoever changed them."""

    def _by_itself(self) -> None:
        """What the hub does by itself after each act."""

    def _close(self, member: int) -> None:
        """What ends in the model with somebody's membership."""
        self.status[member] = "closed"
        self.keepers.discard(member)
        self.signers.pop(member, None)

    # -- asking -------------------------------------------------------------------------------

    def _ask(self, command: Command, signer: KeySigner) -> Receipt | None:
        before = {n: (self.balance[n], self.limits[n]) for n in self.balance}
        key = new_key()
        answer = self.hub.submit(command, signer, key)
        TALLY[command.KIND, isinstance(answer, Receipt)] += 1
        if isinstance(answer, Refusal):
            assert isinstance(answer.code, Code)
            return None
        self.last = (command, signer, key, answer)
        self._model(command, signer, answer)
        self._by_itself()
        if not any(command.KIND in vars(part).get("BEYOND_LIMITS", ()) for part in type(self).__mro__):
            self._nobody_further_out(before)
        return answer

    def _ask_all(self, commands: Sequence[Command], signer: KeySigner) -> tuple[Receipt, ...] | None:
        """A batch of one signer's: all or nothing; what the hub does by itself follows once, at its end."""
        before = {n: (self.balance[n], self.limits[n]) for n in self.balance}
        answers = self.hub.submit_all(commands, signer)
        BATCHES[commands[0].KIND, not isinstance(answers, Refused)] += 1
        if isinstance(answers, Refused):
            TALLY[commands[answers.place].KIND, False] += 1
            return None
        for command, answer in zip(commands, answers, strict=True):
            TALLY[command.KIND, True] += 1
            self._model(command, signer, answer)
        self._by_itself()
        self._nobody_further_out(before)
        return answers

    def _by_rule(self, command: Command, rule: str, days: int) -> bool:
        """Let the hub do ``command`` by ``rule``, so many days from now; whether it did."""
        now = self.clock.now()
        late = replace(now, ms=Millis(now.ms + days * DAY_MS))
        answer = self.hub.book.by_rule(command, rule, new_key(), late)
        TALLY[command.KIND, isinstance(answer, Receipt)] += 1
        if isinstance(answer, Refusal):
            return False
        self._model(command, KeySigner(f"hub:{rule}", new_seed()), answer)
        self.later_ms = days * DAY_MS
        self._by_itself()
        self.later_ms = 0
        return True

    def _nobody_further_out(self, before: dict[int, tuple[int, tuple[int | None, int | None]]]) -> None:
        for number, (was, (low, high)) in before.items():
            now = self.balance[number]
            assert low is None or now >= min(low, was), f"account {number} fell to {now}, limit {low}"
            assert high is None or now <= max(high, was), f"account {number} rose to {now}, limit {high}"

    def _move(self, payer: int, payee: int, amount: int) -> None:
        self.balance[payer] -= amount
        self.balance[payee] += amount

    def _who(self, signer: KeySigner) -> int:
        """The member who signs, or 0."""
        return int(signer.authority.partition(":")[2]) if signer.authority.startswith("member") else 0

    def _owner(self, account: int) -> int:
        """Whose account it is: a member's first one has the member's number."""
        return account

    def _acts(self, who: int, account: int) -> bool:
        """Whether ``who`` may act on the account."""
        return who == self._owner(account)

    # -- choosing -----------------------------------------------------------------------------

    def _able(self) -> list[int]:
        """Who can do something: let in, here, with a key."""
        return [n for n, s in self.status.items() if s == "active" and n in self.signers]

    def _active(self, pick: int) -> int:
        people = self._able()
        return people[pick % len(people)]

    def _another(self, pick: int, than: int, oddly: bool) -> int:
        """Somebody who can be paid, with a phone or without."""
        others = [n for n, s in self.status.items() if s in STANDING and n != than]
        return self._anybody(pick, True) if oddly else others[pick % len(others)]

    def _anybody(self, pick: int, oddly: bool) -> int:
        if oddly:
            return ([*self.status, 0, 999, -1])[pick % (len(self.status) + 3)]
        return self._active(pick)

    def _keeper(self, pick: int, oddly: bool, *than: int) -> KeySigner:
        """A keeper, none of ``than`` where there is another; oddly anybody."""
        keepers = sorted(n for n in self.keepers if n in self.signers)
        others = [n for n in keepers if n not in than] or keepers
        return self.signers[self._active(pick) if oddly else others[pick % len(others)]]

    def _assembly(self, changes: dict[str, int], pick: int, oddly: bool) -> None:
        """A keeper changes rules that are guarded; where there are two, one proposes and one agrees."""
        keeper = self._keeper(pick, oddly)
        if len(self.keepers) < 2 or (oddly and pick % 3 == 0):
            self._ask(ChangeRules("credit", changes, "the assembly decided"), keeper)
            return
        terms = {"group": "credit", "changes": changes}
        proposed = self._ask(Propose("change_rules", terms, "the assembly decided"), keeper)
        if proposed is not None:
            second = self._keeper(pick, False, self._who(keeper))
            self._ask(Agree(RecordId(proposed.record)), second)

    # -- what always holds ----------------------------------------------------------------------

    @invariant()
    def the_accounts_are_the_model(self) -> None:
        if not self.founded:
            return
        with self.hub.reading() as tx:
            rows = tx.select("SELECT number, balance, held, low, high FROM account")
        assert {number: balance for number, balance, *_ in rows} == self.balance
        assert {number: held for number, _, held, *_ in rows} == self.held
        assert {number: (low, high) for number, _, _, low, high in rows} == self.limits
        assert sum(balance for _, balance, *_ in rows) == 0
