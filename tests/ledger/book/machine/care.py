"""Care that is claimed, signed for by others, and paid by the commons."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.schema import Claim
from appliance.ledger.book.subject import Command
from appliance.ledger.care import claims
from appliance.ledger.care.claims import ClaimCare, Cosign, DeclineCosign, WithdrawClaim
from appliance.ledger.keys import KeySigner
from appliance.ledger.values import AccountNumber, RecordId
from tests.ledger.book.machine.base import ODDLY, PICK, STANDING, START, TALLY
from tests.ledger.book.machine.money import Money


class Care(Money):
    """Claims, their witnesses, and the queue at the commons."""

    def _begin(self) -> None:
        super()._begin()
        self.claims: dict[bytes, tuple[int, int, bytes, set[int], set[int]]] = {}
        self.confirmed: dict[bytes, tuple[int, int]] = {}
        self.claimed: list[bytes] = []
        self.waited: set[bytes] = set()
        self.paid_care: list[tuple[bytes, int, int]] = []

    def _set_out(self) -> None:
        super()._set_out()
        day = START // claims.DAY_MS
        asked = (AccountNumber(2), AccountNumber(3))
        for carer in (5, 4):
            assert self._ask(
                ClaimCare(AccountNumber(carer), "child", 90, day, "Tom", witnesses=asked), self.signers[carer]
            )

    def _model(self, command: Command, signer: KeySigner, receipt: Receipt) -> None:
        super()._model(command, signer, receipt)
        match command:
            case ClaimCare(carer):
                o = receipt.outcome
                self.claimed.append(receipt.record)
                self.claims[receipt.record] = (carer, o["amount"], o["terms"], set(), {*command.witnesses})
            case Cosign(claim):
                by, amount, _, signed, _ = self.claims[claim]
                who = self._who(signer)
                assert who != by
                assert who not in signed
                signed.add(who)
                if len(signed) == 2:
                    del self.claims[claim]
                    self.confirmed[claim] = (by, amount)
            case WithdrawClaim(claim):
                self.claims.pop(claim, None)
                self.confirmed.pop(claim, None)

    def _close(self, member: int) -> None:
        super()._close(member)
        self.claims = {record: claim for record, claim in self.claims.items() if claim[0] != member}
        assert member not in [carer for carer, _ in self.confirmed.values()]

    def _by_itself(self) -> None:
        """Pay confirmed care, oldest first.

        The first that the commons cannot pay holds up the rest; a carer without room only themselves.
        """
        super()._by_itself()
        for claim in [claim for claim in self.claimed if claim in self.confirmed]:
            carer, amount = self.confirmed[claim]
            if self.status[carer] not in STANDING:
                continue
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
        able = [n for n in self._able() if n != carer and n not in signed]
        who = self._active(other) if oddly or not able else able[other % len(able)]
        self._ask(Cosign(RecordId(record), bytes(32) if oddly and other % 2 else terms), self.signers[who])

    @precondition(lambda self: self.claims)
    @rule(pick=PICK, other=PICK, oddly=ODDLY)
    def decline_cosign(self, pick: int, other: int, oddly: bool) -> None:
        record = list(self.claims)[pick % len(self.claims)]
        _, _, _, signed, asked = self.claims[record]
        able = sorted(n for n in asked - signed if n in self.signers)
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
