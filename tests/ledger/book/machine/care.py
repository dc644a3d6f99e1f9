"""Care that is claimed, signed for by others, waits, is objected to, and is paid by the commons.

The model knows the policy of ``base.CARE`` by itself: caps of periods, the ring of two, what cools down.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.schema import Claim
from appliance.ledger.book.subject import Command
from appliance.ledger.care import sheets
from appliance.ledger.care.claims import ClaimCare, EditClaim, WithdrawClaim
from appliance.ledger.care.objections import EndObjection, ObjectClaim
from appliance.ledger.care.settling import ExpireClaim
from appliance.ledger.care.signing import Cosign, DeclineCosign
from appliance.ledger.hub import new_key
from appliance.ledger.keys import KeySigner
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.values import AccountNumber, RecordId, code_of
from tests.ledger.book.machine.base import CARE, DAY_MS, ODDLY, PICK, STANDING, START, TALLY
from tests.ledger.book.machine.money import Money

TODAY = START // DAY_MS
LIVE = ("open", "confirmed", "paid")


@dataclass
class Care_:  # noqa: N801 - the machine's part is called Care
    """A claim, as the model has it."""

    carer: int
    writer: int
    recipient: int | None
    day: int
    minutes: int
    amount: int
    terms: bytes
    asked: set[int]
    state: str = "open"
    signed: set[int] = field(default_factory=set)
    confirmed_ms: int = 0
    paid_ms: int = 0
    objected: tuple[bytes, int] | None = None
    objectors: set[int] = field(default_factory=set)
    transfer: bytes | None = None


def most(values: Iterable[tuple[int, int]], period: int) -> int:
    """The most that so many days in a row hold."""
    all_of = list(values)
    return max((sum(n for day, n in all_of if 0 <= day - first < period) for first, _ in all_of), default=0)


class Care(Money):
    """Claims, their witnesses, what is said against them, and the queue at the commons."""

    BEYOND_LIMITS: ClassVar[tuple[str, ...]] = ("end_objection",)

    def _begin(self) -> None:
        super()._begin()
        self.care: dict[bytes, Care_] = {}
        self.waited: set[bytes] = set()
        self.paid_care: list[bytes] = []

    def _set_out(self) -> None:
        super()._set_out()
        asked = (AccountNumber(2), AccountNumber(3))
        for carer in (5, 4):
            assert self._ask(
                ClaimCare(AccountNumber(carer), "child", 90, TODAY, "Tom", witnesses=asked),
                self.signers[carer],
            )

    def _model(self, command: Command, signer: KeySigner, receipt: Receipt) -> None:
        super()._model(command, signer, receipt)
        who = self._who(signer)
        match command:
            case ClaimCare(carer):
                assert who in (carer, command.recipient) or who in self.keepers
                asked, o = {*command.witnesses}, receipt.outcome
                self.care[receipt.record] = Care_(
                    carer,
                    who,
                    command.recipient,
                    command.day,
                    command.minutes,
                    o["amount"],
                    o["terms"],
                    {*asked},
                )
                self._within_caps(carer)
            case EditClaim(claim):
                care, o = self.care[claim], receipt.outcome
                assert (care.state, care.writer, care.signed) == ("open", who, set())
                care.recipient, care.day, care.minutes = command.recipient, command.day, command.minutes
                care.amount, care.terms, care.asked = o["amount"], o["terms"], {*command.witnesses}
                self._within_caps(care.carer)
            case Cosign(claim, terms):
                care = self.care[claim]
                assert (care.state, care.terms) == ("open", terms)
                assert who != care.carer
                assert who not in care.signed
                assert who != care.writer or who == care.recipient
                care.signed.add(who)
                self._within_signers_caps(care.carer, who)
                enough = len(care.signed) >= 2 and self._outside_the_ring(care)
                assert receipt.outcome["confirmed"] is enough
                if enough:
                    care.state, care.confirmed_ms = "confirmed", self.clock.now().ms
            case WithdrawClaim(claim):
                care = self.care[claim]
                assert care.state in ("open", "confirmed")
                assert who == care.carer or (who == care.writer and not care.signed)
                care.state, care.objected = "withdrawn", None
            case ExpireClaim(claim):
                assert self.care[claim].state == "open"
                self.care[claim].state = "expired"
            case ObjectClaim(claim):
                care = self.care[claim]
                assert care.state in ("confirmed", "paid")
                assert care.objected is None
                assert who not in care.objectors | {care.carer}
                if care.state == "paid":
                    assert self.clock.now().ms < care.paid_ms + 10 * DAY_MS
                care.objected = receipt.record, who
                care.objectors.add(who)
            case EndObjection(objection, verdict):
                found = {c.objected[0]: r for r, c in self.care.items() if c.objected}
                care = self.care[found[objection]]
                assert care.objected is not None
                assert who in self.keepers - {care.carer, care.writer, care.recipient, care.objected[1]}
                assert who not in care.signed
                care.objected = None
                if verdict == "upheld":
                    self._uphold(found[objection], care, signer, receipt)

    def _uphold(self, claim: bytes, care: Care_, signer: KeySigner, receipt: Receipt) -> None:
        if care.state == "paid" and care.amount:
            if claim in self.paid_care:
                self._as_transfer(claim)
            assert care.transfer is not None
            if care.transfer not in self.reversed:
                self._model(Reverse(RecordId(care.transfer)), signer, receipt)
        care.state = "refused"

    def _live(self, carer: int) -> list[Care_]:
        return [care for care in self.care.values() if care.carer == carer and care.state in LIVE]

    def _within_caps(self, carer: int) -> None:
        live = self._live(carer)
        for day in {care.day for care in live}:
            assert sum(care.minutes for care in live if care.day == day) <= CARE.longest_minutes
        assert most(((care.day, care.amount) for care in live), CARE.period_days) <= CARE.carer_most

    def _within_signers_caps(self, carer: int, signer: int) -> None:
        pair = [care for care in self._live(carer) if signer in care.signed]
        assert most(((care.day, care.amount) for care in pair), CARE.period_days) <= CARE.pair_most
        given = [care for care in self.care.values() if signer in care.signed and care.state in LIVE]
        assert most(((care.day, 1) for care in given), CARE.period_days) <= CARE.signer_most

    def _outside_the_ring(self, care: Care_) -> bool:
        """Whether no two sign mostly for each other here, or a keeper has signed who is neither."""
        for signer in self.status:
            if self._mostly(care.carer, signer) and self._mostly(signer, care.carer):
                keepers = {n for n in self.keepers if self.status[n] in STANDING}
                return bool(care.signed & keepers - {care.carer, signer})
        return True

    def _mostly(self, carer: int, signer: int) -> bool:
        signed = [by for care in self._live(carer) for by in care.signed]
        return signer != carer and signed.count(signer) * 100 > CARE.ring_share * len(signed)

    def _close(self, member: int) -> None:
        super()._close(member)
        for care in self.care.values():
            if care.carer == member:
                assert care.state != "confirmed"
                assert care.objected is None
                care.state = "withdrawn" if care.state == "open" else care.state

    def _by_itself(self) -> None:
        """Pay confirmed care, oldest first.

        The first that the commons cannot pay holds up the rest; what is objected to, cools down, or
        has a carer without room only itself.
        """
        super()._by_itself()
        now = self.clock.now().ms + self.later_ms
        for claim, care in self.care.items():
            carer, amount = care.carer, care.amount
            if care.state != "confirmed" or self.status[carer] not in STANDING or care.objected:
                continue
            if amount > CARE.cool_above and now < care.confirmed_ms + CARE.cool_days * DAY_MS:
                continue
            low, high = self.limits[0][0], self.limits[carer][1]
            if high is not None and amount > max(0, high - self.balance[carer] - self.held[carer]):
                continue
            if low is not None and amount > max(0, self.balance[0] - low):
                TALLY["settle", False] += claim not in self.waited  # each once, not once a command
                self.waited.add(claim)
                break
            care.state, care.paid_ms = "paid", now
            self._move(0, carer, amount)
            self.paid_care += [claim] if amount else []

    @precondition(lambda self: self.paid_care)
    @rule()
    def care_is_a_transfer(self) -> None:
        """Care that was paid can be given back like anything else."""
        self._as_transfer(self.paid_care[-1])

    def _as_transfer(self, claim: bytes) -> None:
        self.paid_care.remove(claim)
        with self.hub.reading() as tx:
            row = tx.get(Claim, id=claim)
        assert row is not None
        assert row.transfer is not None
        care = self.care[claim]
        care.transfer = bytes(row.transfer)
        self.transfers[care.transfer] = (0, care.carer, care.amount)

    @rule(
        pick=PICK,
        other=PICK,
        minutes=st.one_of(st.integers(1, 300), st.sampled_from([0, 10_000])),
        oddly=ODDLY,
    )
    def claim(self, pick: int, other: int, minutes: int, oddly: bool) -> None:
        carer, witness = self._active(pick), self._active(other)
        day = TODAY - (500 if oddly and other % 2 else other % 40)
        witnesses = (AccountNumber(witness),) if witness != carer or oddly else ()
        recipient = AccountNumber(witness) if other % 3 == 0 and (witness != carer or oddly) else None
        asked = ClaimCare(
            AccountNumber(carer), "elder", minutes, day, "Old Tom", "", witnesses, recipient, other % 1440
        )
        writer = witness if other % 6 == 0 or (oddly and other % 5 == 0) else carer
        self._ask(asked, self.signers[writer])

    @rule(pick=PICK, other=PICK, minutes=st.integers(1, 400), oddly=ODDLY)
    def care_day(self, pick: int, other: int, minutes: int, oddly: bool) -> None:
        """Somebody cares, and others say so the same day; then somebody may say that it was not so."""
        carer, day = self._active(pick), TODAY - other % 50
        claim = self._ask(ClaimCare(AccountNumber(carer), "sick", minutes, day, "Ana"), self.signers[carer])
        if claim is None:
            return
        if other % 4 == 0:
            edited = EditClaim(RecordId(claim.record), "child", minutes + 60, day, "Ana and Tom")
            self._ask(edited, self.signers[self._active(other) if oddly else carer])
        self.cosign_one(claim.record, other, oddly)
        self.cosign_one(claim.record, other + 1, oddly)
        if other % 3 == 0:
            self.object_to(claim.record, other + 2, oddly)

    @rule(pick=PICK, other=PICK, days=st.integers(2, 5), minutes=st.integers(10, 90), oddly=ODDLY)
    def week(self, pick: int, other: int, days: int, minutes: int, oddly: bool) -> None:
        """Care of every morning: a sheet that is written down at once, and confirmed at once by two; all or nothing."""
        carer, first, sheet = self._active(pick), TODAY - other % 40, new_key()
        rows = [
            ClaimCare(AccountNumber(carer), "child", minutes, first - ago, "Tom", sheet=sheet)
            for ago in range(days)
        ]
        if oddly:
            rows[other % days] = replace(rows[other % days], minutes=10_000)
        made = self._ask_all(rows, self.signers[carer])
        assert made is None or not oddly, "one morning that cannot be is none of the week"
        if made is None:
            return
        with self.hub.reading() as tx:
            assert sheets.rows_of(tx, code_of(sheet)) == [bytes(one.record) for one in made]
        for more in range(2):
            able = [n for n in self._able() if n != carer and n not in self.care[made[0].record].signed]
            if able:
                asked = [
                    Cosign(RecordId(one.record), self.care[one.record].terms)
                    for one in made
                    if self.care[one.record].state == "open"
                ]
                if asked and other % 5 == 0:
                    asked[-1] = replace(asked[-1], terms=bytes(32))  # one morning that stands there otherwise
                if asked:
                    self._ask_all(asked, self.signers[able[(other + more) % len(able)]])

    def _some(self, pick: int, *states: str) -> bytes | None:
        found = [record for record, care in self.care.items() if care.state in states]
        return found[pick % len(found)] if found else None

    @rule(pick=PICK, other=PICK, oddly=ODDLY)
    def cosign(self, pick: int, other: int, oddly: bool) -> None:
        if (record := self._some(pick, "open")) is not None:
            self.cosign_one(record, other, oddly)

    def cosign_one(self, record: bytes, other: int, oddly: bool) -> None:
        care = self.care[record]
        if care.state != "open" and not oddly:
            return
        able = self._rather_no_keepers({care.carer, care.writer, *care.signed})
        who = self._active(other) if oddly or not able else able[other % len(able)]
        terms = bytes(32) if oddly and other % 2 else care.terms
        self._ask(Cosign(RecordId(record), terms), self.signers[who])

    def _rather_no_keepers(self, without: set[int]) -> list[int]:
        """Who can act, but for these; keepers only where nobody else can: who has a part in it ends no objection."""
        able = [n for n in self._able() if n not in without]
        return [n for n in able if n not in self.keepers] or able

    @rule(pick=PICK, other=PICK)
    def two_for_each_other(self, pick: int, other: int) -> None:
        """Two who sign for each other, one after the other, and for nobody else."""
        one = self._active(pick)
        two = next((n for n in self._able() if n != one and not self._live(n)), None)
        if two is None:
            return
        for carer, signer in ((one, two), (two, one), (one, two), (two, one)):
            said = ClaimCare(AccountNumber(carer), "company", 30, TODAY - other % 40, "Tom")
            claim = self._ask(said, self.signers[carer])
            if claim is not None:
                self._ask(Cosign(RecordId(claim.record), self.care[claim.record].terms), self.signers[signer])
        if claim is not None:
            for more in range(3):
                self.cosign_one(claim.record, other + more, False)

    @rule(pick=PICK, other=PICK, oddly=ODDLY)
    def edit(self, pick: int, other: int, oddly: bool) -> None:
        record = self._some(pick, "open", *(LIVE if oddly else ()))
        if record is None or (self.care[record].signed and not oddly):
            return
        care = self.care[record]
        said = EditClaim(RecordId(record), "elder", 1 + other % 200, care.day, "Old Tom")
        self._ask(said, self.signers[self._active(other) if oddly else care.writer])

    @rule(pick=PICK, other=PICK, oddly=ODDLY)
    def decline_cosign(self, pick: int, other: int, oddly: bool) -> None:
        record = self._some(pick, "open")
        if record is None:
            return
        care = self.care[record]
        able = sorted(n for n in care.asked - care.signed if n in self.signers)
        if not able and not oddly:
            return
        who = self._active(other) if oddly else able[0]
        if self._ask(DeclineCosign(RecordId(record), "I was away" if other % 2 else ""), self.signers[who]):
            care.asked.discard(who)

    @rule(pick=PICK, other=PICK, oddly=ODDLY)
    def withdraw(self, pick: int, other: int, oddly: bool) -> None:
        if (record := self._some(pick, "open", "confirmed")) is not None:
            carer = self.care[record].carer
            self._ask(WithdrawClaim(RecordId(record)), self.signers[self._active(other) if oddly else carer])

    @rule(pick=PICK, oddly=ODDLY)
    def nobody_confirms(self, pick: int, oddly: bool) -> None:
        """The hub ends a claim by its rule, not before its time."""
        if (record := self._some(pick, "open")) is not None:
            assert self._by_rule(ExpireClaim(RecordId(record)), "expire", -400 if oddly else 31) != oddly

    @rule(pick=PICK, other=PICK, oddly=ODDLY)
    def somebody_objects(self, pick: int, other: int, oddly: bool) -> None:
        oddly = oddly and other % 3 == 0  # most of what is odd here is refused for the same reason
        if (record := self._some(pick, "confirmed", "paid", *(("open",) if oddly else ()))) is not None:
            self.object_to(record, other, oddly)

    def object_to(self, record: bytes, other: int, oddly: bool) -> None:
        care = self.care[record]
        if care.state not in ("confirmed", "paid") and not oddly:
            return
        able = self._rather_no_keepers(care.objectors | {care.carer})
        if not able or (care.objected and not oddly):
            return
        who = self._active(other) if oddly else able[other % len(able)]
        made = self._ask(ObjectClaim(RecordId(record), "it was another day"), self.signers[who])
        if made is not None and other % 2:
            self.end(record, other, oddly)

    @rule(pick=PICK, other=PICK, oddly=ODDLY)
    def end_objection(self, pick: int, other: int, oddly: bool) -> None:
        found = [record for record, care in self.care.items() if care.objected]
        if found:
            self.end(found[pick % len(found)], other, oddly)

    def end(self, record: bytes, other: int, oddly: bool) -> None:
        care = self.care[record]
        if care.objected is None:
            return
        objection, objector = care.objected
        concerned = {care.carer, care.writer, care.recipient, objector, *care.signed}
        keepers = sorted(n for n in self.keepers - concerned if n in self.signers)
        if not keepers and not oddly:
            return
        who = self._active(other) if oddly else keepers[other % len(keepers)]
        verdict = "upheld" if other % 3 else "dismissed"
        self._ask(EndObjection(RecordId(objection), verdict, "we asked them all"), self.signers[who])

    @invariant()
    def the_claims_are_the_model(self) -> None:
        if not self.founded:
            return
        with self.hub.reading() as tx:
            rows = {bytes(record): state for record, state in tx.select("SELECT id, state FROM claim")}
            open_ = {bytes(i) for (i,) in tx.select("SELECT id FROM care_objection WHERE state = 'open'")}
        assert rows == {record: care.state for record, care in self.care.items()}
        assert open_ == {care.objected[0] for care in self.care.values() if care.objected}
