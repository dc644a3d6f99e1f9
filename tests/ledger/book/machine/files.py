"""Files that keepers take in: all of one, or nothing; and what a second keeper has to agree to."""

import hashlib
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from appliance.ledger.book.command import Receipt, Refused
from appliance.ledger.book.subject import Command
from appliance.ledger.hub import new_key
from appliance.ledger.keys import KeySigner
from appliance.ledger.market.imported import ImportListing
from appliance.ledger.money.imported import DAY_MS, ImportOpening, ImportTransfer
from appliance.ledger.people.imports import AgreeImport, ImportFile, ImportMember
from appliance.ledger.values import AccountNumber, Amount
from tests.ledger.book.machine.base import ODDLY, PICK, STANDING, TALLY
from tests.ledger.book.machine.care import Care
from tests.ledger.book.machine.life import Life
from tests.ledger.book.machine.limits import Limits
from tests.ledger.book.machine.market import Market
from tests.ledger.book.machine.money import Money
from tests.ledger.book.machine.people import People
from tests.ledger.book.machine.trouble import Trouble

TERMS = bytes(32)


class Files(Life, Limits, Trouble, Care, Market, Money, People):
    """People, opening balances, listings and payments of before."""

    BEYOND_LIMITS: ClassVar[tuple[str, ...]] = ("import_opening", "import_transfer")

    def _begin(self) -> None:
        super()._begin()
        self.files: dict[tuple[bytes, str], tuple[int | None, int | None, int]] = {}
        self.count = 0

    def _model(self, command: Command, signer: KeySigner, receipt: Receipt) -> None:
        super()._model(command, signer, receipt)
        who = self._who(signer)
        match command:
            case AgreeImport(what, digest):
                assert self.files.get((digest, what), (None, None, 0))[1] is None
                self.files[digest, what] = (who, None, 0)
            case ImportFile(what, digest):
                agreed, taken, _ = self.files.get((digest, what), (None, None, 0))
                assert taken is None
                self.files[digest, what] = (None if agreed == who else agreed, who, command.entries)
            case ImportMember(digest, _, number, _, group):
                assert not self.vouchers or self.files[digest, "members"][0] is not None
                self._came(digest, "members", who)
                self._admit(number)
                self._usual(number, group)
            case ImportOpening(digest, amounts):
                self._came(digest, "openings", who)
                self._two(digest, "openings", who, [number for number, _ in amounts])
                assert sum(amount for _, amount in amounts) == 0
                for number, amount in amounts:
                    self.balance[number] += amount
            case ImportListing(digest, _, owner):
                self._came(digest, "listings", who)
                self.listings[receipt.record] = owner
            case ImportTransfer(digest, _, _, payer, payee, amount):
                self._came(digest, "transfers", who)
                self._two(digest, "transfers", who, [payer, payee])
                self._move(payer, payee, amount)
                self.transfers[receipt.record] = (payer, payee, amount)

    def _came(self, digest: bytes, what: str, who: int) -> None:
        agreed, taken, left = self.files[digest, what]
        assert taken == who
        assert left > 0
        self.files[digest, what] = (agreed, taken, left - 1)

    def _two(self, digest: bytes, what: str, who: int, touched: list[int]) -> None:
        """Another keeper agreed; or there is none, and the one has no part in it."""
        others = [n for n in self.keepers if n != who and self.status[n] in STANDING]
        assert self.files[digest, what][0] is not None or (not others and who not in touched)

    def _take_in(self, what: str, rows: list[Command], digest: bytes, signer: KeySigner) -> None:
        begun = ImportFile(what, digest, TERMS, len(rows), len(rows), 0, "list.csv", "the list of before")
        head, batch = self.hub.head(), [begun, *rows]
        done = self.hub.submit_all(batch, signer, new_key())
        if isinstance(done, Refused):
            TALLY[batch[done.place].KIND, False] += 1
            assert self.hub.head() == head
            return
        for command, receipt in zip(batch, done, strict=True):
            TALLY[command.KIND, True] += 1
            self._model(command, signer, receipt)
        self._by_itself()

    def _new(self) -> bytes:
        self.count += 1
        return hashlib.sha256(self.count.to_bytes(8, "big")).digest()

    def _keepers(self, pick: int, oddly: bool, what: str, digest: bytes) -> KeySigner:
        """Who takes it in, once a second one has agreed where there is one."""
        signer = self._keeper(pick, oddly=False)
        second = self._keeper(pick + 1, oddly, self._who(signer))
        if second.authority != signer.authority:
            self._ask(AgreeImport(what, digest, TERMS, 1, 1), second)
        return signer

    def _trades(self, pick: int) -> AccountNumber:
        able = [n for n, s in self.status.items() if s in ("active", "away")]
        return AccountNumber(able[pick % len(able)])

    @rule(
        pick=PICK,
        names=st.lists(st.sampled_from(["Emma", "Farid", "हरि"]), min_size=1, max_size=3),
        oddly=ODDLY,
    )
    def list_of_people(self, pick: int, names: list[str], oddly: bool) -> None:
        if len(self.status) > 14:
            return
        digest = self._new()
        signer = self._keepers(pick, oddly, "members", digest)
        last = max(self.balance.keys() | self.status.keys())
        rows: list[Command] = [
            ImportMember(digest, n, last + n, "" if oddly and pick % 2 else name)
            for n, name in enumerate(names, 1)
        ]
        self._take_in("members", rows, digest, signer)

    @rule(pick=PICK, amount=st.integers(1, 1300), oddly=ODDLY)
    def balances_of_newcomers(self, pick: int, amount: int, oddly: bool) -> None:
        """Two who have just come in, and what they bring."""
        if len(self.status) > 14:
            return
        first = max(self.balance.keys() | self.status.keys()) + 1
        self.list_of_people(pick, ["Emma", "Farid"], False)
        digest = self._new()
        signer = self._keepers(pick, oddly, "openings", digest)
        pairs = [(first, amount), (first + 1 if not oddly else self._trades(pick), -amount)]
        rows = tuple((AccountNumber(number), Amount(moved)) for number, moved in pairs)
        if first in self.balance:
            self._take_in("openings", [ImportOpening(digest, rows)], digest, signer)

    @rule(pick=PICK, other=PICK, oddly=ODDLY)
    def list_of_offers(self, pick: int, other: int, oddly: bool) -> None:
        digest, owner = self._new(), self._trades(other)
        kind = "gift" if oddly else "offer"
        self._take_in(
            "listings",
            [ImportListing(digest, 2, owner, kind, "food", "Bread")],
            digest,
            self._keeper(pick, oddly),
        )

    @rule(
        pick=PICK,
        trades=st.lists(st.tuples(PICK, PICK, st.integers(0, 250)), min_size=1, max_size=4),
        oddly=ODDLY,
    )
    def payments_of_before(self, pick: int, trades: list[tuple[int, int, int]], oddly: bool) -> None:
        digest, day = self._new(), self.clock.now().ms // DAY_MS - 30
        signer = self._keepers(pick, oddly, "transfers", digest)
        rows: list[Command] = []
        for a, b, amount in trades:
            payer, payee = self._trades(a), self._trades(b)
            if payer == payee and not oddly:
                continue
            rows.append(
                ImportTransfer(digest, len(rows) + 2, day, payer, payee, Amount(amount + (not oddly)))
            )
        if rows:
            self._take_in("transfers", rows, digest, signer)

    @invariant()
    def the_files_are_the_model(self) -> None:
        if not self.founded:
            return
        with self.hub.reading() as tx:
            rows = tx.select('SELECT digest, what, agreed, keeper, "left" FROM import')
        assert {
            (bytes(d), what): (agreed, keeper, left) for d, what, agreed, keeper, left in rows
        } == self.files
