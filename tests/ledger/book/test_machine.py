"""A village that does anything, in any order: what must hold holds all the same.

A Hypothesis state machine drives every command through ``Hub.submit`` against a real SQLite
file, beside a model of its own that knows nothing of the ledger's code: plain integers for
balances, holds and limits. After each step it compares, and at the end the whole book is
verified. Half of the choices are sensible ones, so that commands of each kind are accepted
often enough to matter; the distribution is printed. Record ids are random, so nothing here
may choose by their order.
"""

import os
import shutil
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from appliance.ledger.book.command import HANDLERS, Receipt
from appliance.ledger.book.rules import Care, Community, Credit, Rules
from appliance.ledger.book.schema import AccountRow, Claim
from appliance.ledger.book.store import Store
from appliance.ledger.book.subject import Command
from appliance.ledger.book.verify import verify
from appliance.ledger.care import claims
from appliance.ledger.care.claims import ClaimCare, Cosign, DeclineCosign, WithdrawClaim
from appliance.ledger.clock import ManualClock, Millis
from appliance.ledger.errors import BookDamaged, Code, Refusal
from appliance.ledger.hub import Hub, new_key
from appliance.ledger.keys import KdfCost, KeySigner, new_seed, seal
from appliance.ledger.market.listings import CloseListing, OpenListing
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.money.disputes import Dispute, EndDispute, WithdrawDispute
from appliance.ledger.money.requests import Accept, Cancel, Decline, Expire, Request
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.money.transfers import Pay
from appliance.ledger.money.undo import AskBack, KeepIt, WithdrawAsk
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.people.members import AppointKeeper, Approve, ChangePin, Join, ReplaceKey, TurnAway
from appliance.ledger.values import AccountNumber, Amount, RecordId
from tests.ledger.book import tampering

START = 1_760_000_000_000
PIN = "2580"
COST = KdfCost(1, 8 * 1024)
TALLY: Counter[tuple[str, bool]] = Counter()
"""(kind, accepted) over all runs of this module in one process."""

BETWEEN_HUBS = {
    *("admit_hub", "show_name", "publish", "set_trunk", "tell_position", "send", "recall"),
    *("arrive_sent", "arrive_recall", "arrive_answer", "arrive_checkpoint", "take_held", "send_back"),
}
"""What one village alone cannot do; ``tests/radio/test_three_hubs.py`` has a machine for them."""

ODDLY = st.integers(0, 3).map(lambda n: n == 3)
"""True now and then: take anybody, anything, instead of what makes sense."""
PICK = st.integers(0, 10**6)
AMOUNT = st.one_of(
    st.integers(1, 60),
    st.integers(1, 200),
    st.integers(1, 500),
    st.integers(1, 2500),
    st.sampled_from([0, 10**13]),
)


class Village(RuleBasedStateMachine):
    """Up to a dozen people, two of them keepers in time, and every command there is."""

    def __init__(self) -> None:
        super().__init__()
        self.room = Path(tempfile.mkdtemp(prefix="village-"))

    @initialize()
    def found(self) -> None:
        self.clock = ManualClock(START)
        rules = Rules(Community("Valley", "River", 101, "hour", "h", 2), Credit(commons_low=-600), Care())
        self.hub, self.papers = Hub.found(self.room / "river", rules, self.clock, COST)
        self.root = KeySigner("root:keeper", self.papers.hub.seed)
        self.signers: dict[int, KeySigner] = {}
        self.status: dict[int, str] = {}
        self.keepers: set[int] = set()
        self.balance: dict[int, int] = {0: 0}
        self.held: dict[int, int] = {0: 0}
        self.limits: dict[int, tuple[int | None, int | None]] = {0: (-600, None)}
        self.transfers: dict[bytes, tuple[int, int, int]] = {}
        self.requests: dict[bytes, tuple[int | None, int, int]] = {}
        self.reversed: set[bytes] = set()
        self.asked_back: dict[bytes, str] = {}
        self.contested: dict[bytes, tuple[int, str]] = {}
        self.claims: dict[bytes, tuple[int, int, bytes, set[int], set[int]]] = {}
        self.confirmed: dict[bytes, tuple[int, int]] = {}
        self.claimed: list[bytes] = []
        self.waited: set[bytes] = set()
        self.paid_care: list[tuple[bytes, int, int]] = []
        self.listings: dict[bytes, int] = {}
        self.last: tuple[Command, KeySigner, bytes, Receipt] | None = None
        for name in ("Kira", "Alice", "Bob", "Chandra", "Dina"):
            self._join(name)
        for number in (1, 2, 3, 4, 5):
            assert self._ask(Approve(AccountNumber(number)), self.root)
        assert self._ask(AppointKeeper(AccountNumber(1)), self.root)
        assert self._ask(Request(AccountNumber(2), AccountNumber(3), Amount(50)), self.signers[2])
        assert self._ask(Request(AccountNumber(3), AccountNumber(4), Amount(70)), self.signers[3])
        assert self._ask(Request(AccountNumber(4), None, Amount(20)), self.signers[4])
        day = START // claims.DAY_MS
        asked = (AccountNumber(2), AccountNumber(3))
        for carer in (5, 4):
            assert self._ask(
                ClaimCare(AccountNumber(carer), "child", 90, day, "Tom", witnesses=asked), self.signers[carer]
            )

    def teardown(self) -> None:
        if hasattr(self, "hub"):
            report = verify(self.hub.store, kept=[self.hub.head()], root_key=self.papers.hub.public)
            assert report.signatures == report.head.number
            with self.hub.reading() as tx:
                TALLY["settle", True] += int(
                    tx.select("SELECT COUNT(*) FROM entry WHERE kind = 'settle'")[0][0]
                )
            self.hub.close()
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

    # -- the model --------------------------------------------------------------------------

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
        self._settle()
        if command.KIND not in ("reverse", "set_limits", "change_rules"):
            self._nobody_further_out(before)
        return answer

    def _nobody_further_out(self, before: dict[int, tuple[int, tuple[int | None, int | None]]]) -> None:
        for number, (was, (low, high)) in before.items():
            now = self.balance[number]
            assert low is None or now >= min(low, was), f"account {number} fell to {now}, limit {low}"
            assert high is None or now <= max(high, was), f"account {number} rose to {now}, limit {high}"

    def _move(self, payer: int, payee: int, amount: int) -> None:
        self.balance[payer] -= amount
        self.balance[payee] += amount

    def _model(self, command: Command, signer: KeySigner, receipt: Receipt) -> None:
        self._model_people(command)
        self._model_money(command, receipt)
        self._model_care(command, signer, receipt)
        self._model_trouble(command, signer)
        match command:
            case OpenListing(owner):
                self.listings[receipt.record] = owner
            case CloseListing(listing):
                del self.listings[listing]

    def _model_people(self, command: Command) -> None:
        match command:
            case Approve(member):
                self.status[member], self.balance[member], self.held[member] = "active", 0, 0
                credit = self.hub.rules().credit
                self.limits[member] = (credit.low, credit.high)
            case TurnAway(member):
                self.status[member] = "closed"
            case AppointKeeper(member):
                self.keepers.add(member)
            case SetLimits(account, low, high):
                self.limits[account] = (low, high)
            case ChangeRules("credit", changes):
                self.limits[0] = (changes.get("commons_low", self.limits[0][0]), None)

    def _model_money(self, command: Command, receipt: Receipt) -> None:
        match command:
            case Pay(payer, payee, amount):
                self._move(payer, payee, amount)
                self.transfers[receipt.record] = (payer, payee, amount)
            case Request(payee, payer_asked, amount):
                self.requests[receipt.record] = (payer_asked, payee, amount)
                self.held[payee] += amount
            case Accept(request, payer):
                _, asker, asked = self.requests.pop(request)
                self.held[asker] -= asked
                self._move(payer, asker, asked)
                self.transfers[request] = (payer, asker, asked)
            case Decline(request) | Cancel(request):
                _, asker, asked = self.requests.pop(request)
                self.held[asker] -= asked
            case Reverse(transfer):
                gave, got, moved = self.transfers[transfer]
                assert transfer not in self.reversed
                self.reversed.add(transfer)
                if self.asked_back.get(transfer) == "open":
                    self.asked_back[transfer] = "agreed"
                if transfer in self.contested and self.contested[transfer][1] == "open":
                    self.contested[transfer] = (self.contested[transfer][0], "reversed")
                self._move(got, gave, moved)

    def _model_trouble(self, command: Command, signer: KeySigner) -> None:
        who = int(signer.authority.partition(":")[2] or 0) if signer.authority.startswith("member") else 0
        match command:
            case AskBack(transfer):
                assert transfer not in self.asked_back
                assert who == self.transfers[transfer][0]
                self.asked_back[transfer] = "open"
            case KeepIt(transfer) | WithdrawAsk(transfer):
                assert self.asked_back[transfer] == "open"
                self.asked_back[transfer] = "over"
            case Dispute(transfer):
                assert who in self.transfers[transfer][:2]
                assert self.contested.get(transfer, (0, "withdrawn"))[1] == "withdrawn"
                self.contested[transfer] = (who, "open")
            case WithdrawDispute(transfer):
                assert self.contested[transfer] == (who, "open")
                self.contested[transfer] = (who, "withdrawn")
            case EndDispute(transfer):
                assert self.contested[transfer][1] == "open"
                assert who in self.keepers
                assert who not in self.transfers[transfer][:2]
                self.contested[transfer] = (self.contested[transfer][0], "settled")

    def _model_care(self, command: Command, signer: KeySigner, receipt: Receipt) -> None:
        match command:
            case ClaimCare(carer):
                o = receipt.outcome
                self.claimed.append(receipt.record)
                self.claims[receipt.record] = (carer, o["amount"], o["terms"], set(), {*command.witnesses})
            case Cosign(claim):
                by, amount, _, signed, _ = self.claims[claim]
                who = int(signer.authority.partition(":")[2])
                assert who != by
                assert who not in signed
                signed.add(who)
                if len(signed) == 2:
                    del self.claims[claim]
                    self.confirmed[claim] = (by, amount)
            case WithdrawClaim(claim):
                self.claims.pop(claim, None)
                self.confirmed.pop(claim, None)

    def _settle(self) -> None:
        """What the hub does by itself after each act: pay confirmed care, oldest first.

        The first that the commons cannot pay holds up the rest; a carer without room only themselves.
        """
        for claim in [claim for claim in self.claimed if claim in self.confirmed]:
            carer, amount = self.confirmed[claim]
            low, high = self.limits[0][0], self.limits[carer][1]
            if high is not None and amount > max(0, high - self.balance[carer] - self.held[carer]):
                continue
            if low is not None and amount > max(0, self.balance[0] - low):
                TALLY["settle", False] += claim not in self.waited  # each once, not once a command
                self.waited.add(claim)
                break
            del self.confirmed[claim]
            self._move(0, carer, amount)
            self.paid_care += [(claim, carer, amount)] if amount else []

    def _join(self, name: str) -> None:
        seed = new_seed()
        sealed = seal(seed, PIN, self.hub.pepper, COST)
        answer = self._ask(Join(name, sealed), KeySigner("newcomer", seed))
        if answer:
            number = answer.outcome["number"]
            self.status[number] = "applied"
            self.signers[number] = KeySigner(f"member:{number}", seed)

    def _active(self, pick: int) -> int:
        people = [n for n, s in self.status.items() if s == "active"]
        return people[pick % len(people)]

    def _another(self, pick: int, than: int, oddly: bool) -> int:
        others = [n for n, s in self.status.items() if s == "active" and n != than]
        return self._anybody(pick, True) if oddly else others[pick % len(others)]

    def _anybody(self, pick: int, oddly: bool) -> int:
        if oddly:
            return ([*self.status, 0, 999, -1])[pick % (len(self.status) + 3)]
        return self._active(pick)

    def _keeper(self, pick: int, oddly: bool) -> KeySigner:
        who = self._active(pick) if oddly else sorted(self.keepers)[pick % len(self.keepers)]
        return self.signers[who]

    # -- people -----------------------------------------------------------------------------

    @rule(name=st.sampled_from(["Emeka", "Fatima", "Grace", "हरि", "", "x" * 41]))
    def join(self, name: str) -> None:
        if len(self.status) < 12:
            self._join(name)

    def _newcomer(self, pick: int, oddly: bool) -> AccountNumber:
        waiting = [n for n, s in self.status.items() if s == "applied"]
        return AccountNumber(self._anybody(pick, True) if oddly else waiting[pick % len(waiting)])

    @precondition(lambda self: "applied" in self.status.values())
    @rule(pick=PICK, oddly=ODDLY)
    def approve(self, pick: int, oddly: bool) -> None:
        self._ask(Approve(self._newcomer(pick, oddly)), self._keeper(pick, oddly))

    @precondition(lambda self: "applied" in self.status.values())
    @rule(pick=PICK, oddly=ODDLY, reason=st.sampled_from(["nobody knows them", "moved away"]))
    def turn_away(self, pick: int, oddly: bool, reason: str) -> None:
        self._ask(
            TurnAway(self._newcomer(pick, oddly), "" if oddly and pick % 2 else reason),
            self._keeper(pick, oddly),
        )

    @rule(pick=PICK, oddly=ODDLY)
    def appoint(self, pick: int, oddly: bool) -> None:
        self._ask(AppointKeeper(AccountNumber(self._anybody(pick, oddly))), self.root)

    @rule(pick=PICK, oddly=ODDLY)
    def change_pin(self, pick: int, oddly: bool) -> None:
        signer = self.signers[self._active(pick)]
        seed = new_seed() if oddly else signer.seed()
        self._ask(ChangePin(seal(seed, PIN, self.hub.pepper, COST)), signer)

    @rule(pick=PICK, other=PICK, oddly=ODDLY)
    def replace_key(self, pick: int, other: int, oddly: bool) -> None:
        number, seed = self._anybody(pick, oddly), new_seed()
        sealed = seal(seed, PIN, self.hub.pepper, COST)
        if self._ask(ReplaceKey(AccountNumber(number), sealed), self._keeper(other, oddly)):
            old, self.signers[number] = self.signers[number], KeySigner(f"member:{number}", seed)
            refused = self.hub.submit(Pay(AccountNumber(number), AccountNumber(1), Amount(1)), old)
            assert isinstance(refused, Refusal), "a replaced key still signs"

    @rule(pick=PICK, other=PICK, oddly=ODDLY, low=st.integers(-3000, 0), high=st.integers(0, 3000))
    def set_limits(self, pick: int, other: int, oddly: bool, low: int, high: int) -> None:
        account = AccountNumber(self._anybody(pick, oddly))
        self._ask(SetLimits(account, 5 if oddly else low, high, "agreed"), self._keeper(other, oddly))

    @rule(pick=PICK, oddly=ODDLY, floor=st.integers(-2000, 0))
    def change_rules(self, pick: int, oddly: bool, floor: int) -> None:
        changes = {"commons_low": 7 if oddly else floor}
        self._ask(ChangeRules("credit", changes, "the assembly decided"), self._keeper(pick, oddly))

    # -- money ------------------------------------------------------------------------------

    @rule(a=PICK, b=PICK, amount=AMOUNT, oddly=ODDLY, again=st.booleans())
    def one_payment(self, a: int, b: int, amount: int, oddly: bool, again: bool) -> None:
        self._pay(a, b, amount, oddly, again)

    def _pay(self, a: int, b: int, amount: int, oddly: bool, again: bool) -> None:
        payer = self._active(a)
        payee = self._another(b, payer, oddly)
        signer = self.signers[self._active(b) if oddly else payer]
        self._ask(Pay(AccountNumber(payer), AccountNumber(payee), Amount(amount), again=again), signer)

    @rule(trades=st.lists(st.tuples(PICK, PICK, AMOUNT, ODDLY, st.booleans()), min_size=3, max_size=8))
    def market_day(self, trades: list[tuple[int, int, int, bool, bool]]) -> None:
        for trade in trades:
            self._pay(*trade)

    @rule(a=PICK, b=PICK, amount=AMOUNT, oddly=ODDLY, everyone=ODDLY)
    def request(self, a: int, b: int, amount: int, oddly: bool, everyone: bool) -> None:
        payee = self._active(a)
        payer = None if everyone else AccountNumber(self._another(b, payee, oddly))
        self._ask(Request(AccountNumber(payee), payer, Amount(amount)), self.signers[payee])

    def _some_request(self, pick: int, oddly: bool) -> tuple[RecordId, int | None, int, int]:
        if oddly and self.transfers:
            record = list(self.transfers)[pick % len(self.transfers)]
            payer, payee, amount = self.transfers[record]
        else:
            record = list(self.requests)[pick % len(self.requests)]
            payer, payee, amount = self.requests[record]  # type: ignore[assignment]
        return RecordId(record), payer, payee, amount

    @precondition(lambda self: self.requests)
    @rule(pick=PICK, other=PICK, oddly=ODDLY)
    def accept(self, pick: int, other: int, oddly: bool) -> None:
        record, payer, payee, amount = self._some_request(pick, oddly)
        who = payer if payer is not None and not oddly else self._active(other)
        if who in self.signers:
            asked = Accept(
                record, AccountNumber(who), AccountNumber(payee), Amount(amount + (other % 2 if oddly else 0))
            )
            self._ask(asked, self.signers[who])

    @precondition(lambda self: any(payer is not None for payer, _, _ in self.requests.values()))
    @rule(pick=PICK, other=PICK, oddly=ODDLY)
    def decline(self, pick: int, other: int, oddly: bool) -> None:
        named = [record for record, (payer, _, _) in self.requests.items() if payer is not None]
        record, payer, _, _ = self._some_request(pick, oddly)
        if not oddly:
            record = RecordId(named[pick % len(named)])
            payer = self.requests[record][0]
        who = payer if payer in self.signers and not oddly else self._active(other)
        self._ask(Decline(record, AccountNumber(who)), self.signers[who])

    @precondition(lambda self: self.requests)
    @rule(pick=PICK, other=PICK, oddly=ODDLY)
    def cancel(self, pick: int, other: int, oddly: bool) -> None:
        record, _, payee, _ = self._some_request(pick, oddly)
        self._ask(Cancel(record), self.signers[self._active(other) if oddly else payee])

    @precondition(lambda self: self.paid_care)
    @rule()
    def care_is_a_transfer(self) -> None:
        """Care that was paid can be given back like anything else."""
        claim, carer, amount = self.paid_care.pop()
        with self.hub.reading() as tx:
            row = tx.get(Claim, id=claim)
        assert row is not None
        assert row.transfer is not None
        self.transfers[bytes(row.transfer)] = (0, carer, amount)

    @precondition(lambda self: self.transfers)
    @rule(pick=PICK, other=PICK, oddly=ODDLY)
    def reverse(self, pick: int, other: int, oddly: bool) -> None:
        fresh = [r for r in self.transfers if r not in self.reversed]
        record = (
            fresh[pick % len(fresh)]
            if fresh and not oddly
            else list(self.transfers)[pick % len(self.transfers)]
        )
        payee = self.transfers[record][1]
        # Nobody signs for the commons: what was given to it, a keeper gives back.
        own = other % 2 == 0 and payee in self.signers
        if not own and not oddly:
            others = sorted(self.keepers - set(self.transfers[record][:2]))
            if not others:
                return
            self._ask(Reverse(RecordId(record), "a mistake"), self.signers[others[other % len(others)]])
            return
        signer = self.signers[payee] if own else self._keeper(other, oddly)
        self._ask(Reverse(RecordId(record), "a mistake" if other % 3 else ""), signer)

    # -- trouble -------------------------------------------------------------------------------

    def _standing(self, pick: int, of_people: bool) -> RecordId | None:
        found = [
            record
            for record, (payer, payee, _) in self.transfers.items()
            if record not in self.reversed and (not of_people or (payer and payee))
        ]
        return RecordId(found[pick % len(found)]) if found else None

    @rule(pick=PICK, other=PICK, oddly=ODDLY, reason=st.sampled_from(["wrong person", "too much", "twice"]))
    def ask_back(self, pick: int, other: int, oddly: bool, reason: str) -> None:
        record = self._standing(pick, of_people=True)
        if record is not None and (oddly or record not in self.asked_back):
            who = self._active(other) if oddly else self.transfers[record][0]
            self._ask(AskBack(record, "" if oddly and pick % 2 else reason), self.signers[who])

    @precondition(lambda self: "open" in self.asked_back.values())
    @rule(pick=PICK, other=PICK, oddly=ODDLY, keep=st.booleans())
    def end_ask(self, pick: int, other: int, oddly: bool, keep: bool) -> None:
        asked = [record for record, state in self.asked_back.items() if state == "open" or oddly]
        record = RecordId(asked[pick % len(asked)])
        who = self._active(other) if oddly else self.transfers[record][keep]
        self._ask(KeepIt(record) if keep else WithdrawAsk(record), self.signers[who])

    @rule(pick=PICK, other=PICK, oddly=ODDLY)
    def dispute(self, pick: int, other: int, oddly: bool) -> None:
        record = self._standing(pick, of_people=True)
        if record is not None and (oddly or self.contested.get(record, (0, "withdrawn"))[1] == "withdrawn"):
            who = self._active(other) if oddly else self.transfers[record][other % 2]
            self._ask(Dispute(record, "" if oddly and pick % 2 else "it never came"), self.signers[who])

    @precondition(lambda self: any(state == "open" for _, state in self.contested.values()))
    @rule(pick=PICK, other=PICK, oddly=ODDLY, well=st.booleans())
    def end_dispute(self, pick: int, other: int, oddly: bool, well: bool) -> None:
        found = [r for r, (_, state) in self.contested.items() if state == "open" or oddly]
        record = RecordId(found[pick % len(found)])
        if well:
            who = self._active(other) if oddly else self.contested[record][0]
            self._ask(WithdrawDispute(record), self.signers[who])
            return
        parties = self.transfers[record][:2]
        able = sorted(self.keepers - set(parties))
        if able or oddly:
            signer = self._keeper(other, oddly) if oddly else self.signers[able[other % len(able)]]
            self._ask(EndDispute(record, "they agreed on half a day"), signer)

    @precondition(lambda self: self.requests)
    @rule(pick=PICK, oddly=ODDLY)
    def nobody_answers(self, pick: int, oddly: bool) -> None:
        """The hub ends a request by its rule, not before its time."""
        record = RecordId(list(self.requests)[pick % len(self.requests)])
        now = self.clock.now()
        late = now if oddly else replace(now, ms=Millis(now.ms + 15 * claims.DAY_MS))
        answer = self.hub.book.by_rule(Expire(record), "expire", new_key(), late)
        TALLY[Expire.KIND, isinstance(answer, Receipt)] += 1
        assert isinstance(answer, Receipt) != oddly
        if not oddly:
            _, asker, asked = self.requests.pop(record)
            self.held[asker] -= asked
            self._settle()

    # -- market and care ---------------------------------------------------------------------

    @rule(
        pick=PICK,
        kind=st.sampled_from(["offer", "want", "offer", "gift"]),
        title=st.sampled_from(["Bread", "Maíz", "خبز", ""]),
    )
    def open_listing(self, pick: int, kind: str, title: str) -> None:
        owner = self._active(pick)
        self._ask(OpenListing(AccountNumber(owner), kind, "food", title), self.signers[owner])

    @precondition(lambda self: self.listings)
    @rule(pick=PICK, other=PICK, oddly=ODDLY)
    def close_listing(self, pick: int, other: int, oddly: bool) -> None:
        record = list(self.listings)[pick % len(self.listings)]
        who = self._active(other) if oddly else self.listings[record]
        self._ask(CloseListing(RecordId(record)), self.signers[who])

    @rule(
        pick=PICK,
        other=PICK,
        minutes=st.one_of(st.integers(1, 300), st.sampled_from([0, 10_000])),
        oddly=ODDLY,
    )
    def claim(self, pick: int, other: int, minutes: int, oddly: bool) -> None:
        carer, witness = self._active(pick), self._active(other)
        day = START // claims.DAY_MS - (500 if oddly and other % 2 else 1)
        witnesses = (AccountNumber(witness),) if witness != carer or oddly else ()
        asked = ClaimCare(AccountNumber(carer), "elder", minutes, day, "Old Tom", witnesses=witnesses)
        self._ask(asked, self.signers[carer])

    @rule(pick=PICK, other=PICK, minutes=st.integers(1, 400), oddly=ODDLY)
    def care_day(self, pick: int, other: int, minutes: int, oddly: bool) -> None:
        """Somebody cares, and others say so the same day."""
        carer, day = self._active(pick), START // claims.DAY_MS
        claim = self._ask(ClaimCare(AccountNumber(carer), "sick", minutes, day, "Ana"), self.signers[carer])
        if claim is not None:
            self.cosign_one(claim.record, other, oddly)
            self.cosign_one(claim.record, other + 1, oddly)

    @precondition(lambda self: self.claims)
    @rule(pick=PICK, other=PICK, oddly=ODDLY)
    def cosign(self, pick: int, other: int, oddly: bool) -> None:
        self.cosign_one(list(self.claims)[pick % len(self.claims)], other, oddly)

    def cosign_one(self, record: bytes, other: int, oddly: bool) -> None:
        if record not in self.claims:
            return
        carer, _, terms, signed, _ = self.claims[record]
        able = [n for n, s in self.status.items() if s == "active" and n != carer and n not in signed]
        who = self._active(other) if oddly or not able else able[other % len(able)]
        self._ask(Cosign(RecordId(record), bytes(32) if oddly and other % 2 else terms), self.signers[who])

    @precondition(lambda self: self.claims)
    @rule(pick=PICK, other=PICK, oddly=ODDLY)
    def decline_cosign(self, pick: int, other: int, oddly: bool) -> None:
        record = list(self.claims)[pick % len(self.claims)]
        _, _, _, signed, asked = self.claims[record]
        able = sorted(asked - signed)
        if not able and not oddly:
            return
        who = self._active(other) if oddly else able[0]
        if self._ask(DeclineCosign(RecordId(record)), self.signers[who]):
            asked.discard(who)

    @precondition(lambda self: self.claims or self.confirmed)
    @rule(pick=PICK, other=PICK, oddly=ODDLY)
    def withdraw(self, pick: int, other: int, oddly: bool) -> None:
        records = [*self.claims, *self.confirmed]
        record = records[pick % len(records)]
        carer = self.claims[record][0] if record in self.claims else self.confirmed[record][0]
        self._ask(WithdrawClaim(RecordId(record)), self.signers[self._active(other) if oddly else carer])

    @rule()
    def what_waits_is_what_cannot_be_paid(self) -> None:
        query = Claim.select(Claim.id).where(Claim.state == "confirmed")
        with self.hub.reading() as tx:
            assert {bytes(row.id) for row in tx.rows(query)} == set(self.confirmed)

    # -- time, repetition ---------------------------------------------------------------------

    @rule(minutes=st.integers(0, 600))
    def time_passes(self, minutes: int) -> None:
        self.clock.advance(minutes * 60_000)

    @precondition(lambda self: self.last is not None)
    @rule()
    def send_again(self) -> None:
        assert self.last is not None
        command, signer, key, first = self.last
        head = self.hub.head()
        again = self.hub.submit(command, signer, key)
        assert isinstance(again, Receipt)
        assert (again.replayed, again.record) == (True, first.record)
        assert self.hub.head() == head

    @rule()
    def restart(self) -> None:
        self.hub.close()
        self.hub = Hub.open(self.room / "river", self.clock)

    @invariant()
    def the_state_is_the_model(self) -> None:
        if not hasattr(self, "hub"):
            return
        with self.hub.reading() as tx:
            rows = tx.rows(AccountRow.select())
        assert {row.number: row.balance for row in rows} == self.balance
        assert {row.number: row.held for row in rows} == self.held
        assert {row.number: (row.low, row.high) for row in rows} == self.limits
        assert sum(row.balance for row in rows) == 0


@pytest.mark.timeout(600)
def test_a_village_that_does_anything_stays_whole(capsys: pytest.CaptureFixture[str]) -> None:
    # The same examples every time: the shares below are figures of this test, not of a day.
    # HUB_EXPLORE=1 tries others.
    always_the_same = "HUB_EXPLORE" not in os.environ
    run_state_machine_as_test(
        Village,
        settings=settings(
            max_examples=70,
            stateful_step_count=80,
            deadline=None,
            derandomize=always_the_same,
            suppress_health_check=list(HealthCheck),
        ),
    )
    shares = {kind: TALLY[kind, True] / (TALLY[kind, True] + TALLY[kind, False]) for kind, _ in TALLY}
    with capsys.disabled():
        print()
        for kind, share in sorted(shares.items()):
            print(f"{kind:16} accepted {TALLY[kind, True]:5}, refused {TALLY[kind, False]:5}: {share:4.0%}")
    assert {*shares, "found"} == set(HANDLERS) - BETWEEN_HUBS
    if always_the_same:
        rare = [kind for kind, share in shares.items() if share < 0.3]
        assert not rare, f"too few of these are accepted to tell anything: {rare}"
