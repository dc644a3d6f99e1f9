"""Care between three hubs that do anything, with frames in any order, doubled, late: nobody is paid on a word not given.

A Hypothesis state machine lets people of River, Hill and Lake claim care, alone and by the week, ask members of the other
hubs, confirm, decline, edit and take back, while real frames come when they come. It notes who confirmed which terms, and
knows nothing else of the ledger's code. After every step each hub's credit sums to zero, the commons has paid each claim
once, and only what enough people have confirmed as it stands; at the end both sides of every ask tell the same story, no
words are left where nobody needs them, and all books verify.
"""

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run

from appliance.ledger.book.command import Receipt, Refused
from appliance.ledger.book.schema import Claim
from appliance.ledger.book.schema_far import AskedHere, FarWitness
from appliance.ledger.book.subject import Command
from appliance.ledger.book.verify import verify
from appliance.ledger.care.asks import AskFar
from appliance.ledger.care.claims import ClaimCare, EditClaim, WithdrawClaim
from appliance.ledger.care.elsewhere import DeclineFar, SignFar, attested
from appliance.ledger.care.rings import Node
from appliance.ledger.care.signing import Cosign
from appliance.ledger.care.states import DAY_MS
from appliance.ledger.hub import new_key
from appliance.ledger.tend import tend
from appliance.ledger.values import AccountNumber, RecordId
from tests.support.valley import NAMES, Valley

HUBS = list(NAMES)
PEOPLE = (1, 2, 3)
QUORUM = 2
ODDLY = st.integers(0, 5).map(lambda n: n == 4)
PICK = st.integers(0, 10**6)
HUB = st.sampled_from(HUBS)
TALLY: Counter[tuple[str, bool]] = Counter()
"""(what, whether it was accepted or counted) over all runs of one process."""


class Caring(RuleBasedStateMachine):
    """River, Hill and Lake under the rules of old: two must confirm, and nothing else is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.room = Path(tempfile.mkdtemp(prefix="three-hubs-care-"))

    @initialize()
    def begin(self) -> None:
        self.valley = Valley(self.room)
        self.air: list[tuple[int, bytes]] = []
        self.missing: list[tuple[int, int]] = []
        self.claims: list[tuple[int, bytes, int]] = []
        self.given: set[tuple[bytes, int, int]] = set()
        """(terms, hub, member): whose word was given on what."""

    def teardown(self) -> None:
        if hasattr(self, "valley"):
            self._the_end()
            self.valley.close()
        shutil.rmtree(self.room)

    # ---------------------------------------------------------------------------------- helpers

    def _do(self, hub: int, who: int, command: Command) -> Receipt | None:
        answer = self.valley.ask(hub, who, command)
        TALLY[command.KIND, isinstance(answer, Receipt)] += 1
        return answer if isinstance(answer, Receipt) else None

    def _do_all(self, hub: int, who: int, commands: Sequence[Command]) -> tuple[Receipt, ...]:
        answers = self.valley.hubs[hub].submit_all(commands, self.valley.signers[hub][who])
        TALLY[f"week of {commands[0].KIND}", not isinstance(answers, Refused)] += 1
        return () if isinstance(answers, Refused) else answers

    def _claim(self, pick: int, oddly: bool) -> tuple[int, bytes, int] | None:
        """A claim that waits; oddly any."""
        found = [one for one in self.claims if oddly or self._row(one[0], one[1]).state == "open"]
        return found[pick % len(found)] if found else None

    def _row(self, hub: int, claim: bytes) -> Claim:
        with self.valley.hubs[hub].reading() as tx:
            row = tx.get(Claim, id=claim)
        assert row is not None
        return row

    def _waiting(self) -> list[tuple[int, int, AskedHere]]:
        """Who is asked from elsewhere and has not answered: hub, member, and what."""
        found = []
        for hub in HUBS:
            with self.valley.hubs[hub].reading() as tx:
                for ask, member in tx.select(
                    "SELECT ask, member FROM asked_of WHERE state = 'asked' ORDER BY entry"
                ):
                    row = tx.get(AskedHere, id=ask)
                    if row is not None and row.state == "open":
                        found.append((hub, int(member), row))
        return found

    # ---------------------------------------------------------------------------------- what people do

    @rule(hub=HUB, who=st.sampled_from(PEOPLE), minutes=st.integers(1, 120), ago=st.integers(0, 9))
    def claim(self, hub: int, who: int, minutes: int, ago: int) -> None:
        """Written down, asked elsewhere, and now and then said otherwise at once."""
        for claim in self._write(hub, who, minutes, ago, 1):
            others = [other for other in HUBS if other != hub]
            nodes = tuple(
                {Node(others[minutes % 2], PEOPLE[ago % 3]), Node(others[ago % 2], PEOPLE[minutes % 3])}
            )
            self._do(hub, who, AskFar(RecordId(claim), nodes))
            if minutes % 4 == 0:
                said = ("elder", 1 + minutes // 2, self._row(hub, claim).day, "Old Tom", "and cooked")
                self._do(hub, who, EditClaim(RecordId(claim), *said))

    @rule(hub=HUB, who=st.sampled_from(PEOPLE), minutes=st.integers(1, 60), days=st.integers(2, 3), pick=PICK)
    def week(self, hub: int, who: int, minutes: int, days: int, pick: int) -> None:
        """A sheet, of which every row is asked elsewhere, and confirmed at once by somebody here."""
        made = self._write(hub, who, minutes, pick % 5, days)
        other, far = HUBS[(HUBS.index(hub) + 1 + pick % 2) % 3], PEOPLE[pick % 3]
        for claim in made:
            self._do(hub, who, AskFar(RecordId(claim), (Node(other, far),)))
        signer = PEOPLE[(PEOPLE.index(who) + 1 + pick % 2) % 3]
        rows = [self._row(hub, claim) for claim in made]
        asked = [Cosign(RecordId(bytes(row.id)), bytes(row.terms)) for row in rows]
        if asked and pick % 3 and self._do_all(hub, signer, asked):
            self.given |= {(bytes(row.terms), hub, signer) for row in rows}

    def _write(self, hub: int, who: int, minutes: int, ago: int, days: int) -> list[bytes]:
        day = self.valley.clock.now().ms // DAY_MS - ago
        sheet = new_key() if days > 1 else None
        said = ("elder", minutes)
        rows = [
            ClaimCare(AccountNumber(who), *said, day - n, "Old Tom", "washed him", sheet=sheet)
            for n in range(days)
        ]
        if days > 1:
            made = [one.record for one in self._do_all(hub, who, rows)]
        else:
            one = self._do(hub, who, rows[0])
            made = [one.record] if one else []
        self.claims += [(hub, bytes(claim), who) for claim in made]
        return [bytes(claim) for claim in made]

    @rule(pick=PICK, far=PICK, more=st.booleans(), oddly=ODDLY)
    def ask(self, pick: int, far: int, more: bool, oddly: bool) -> None:
        """The carer asks one or two people elsewhere; oddly one of the own hub, or a number that nobody has."""
        if (found := self._claim(pick, oddly)) is None:
            return
        hub, claim, carer = found
        others = [other for other in HUBS if other != hub]
        nodes = {Node(others[far % 2], PEOPLE[far // 2 % 3])}
        if more:
            nodes.add(Node(others[far // 7 % 2], PEOPLE[far // 11 % 3]))
        if oddly:
            nodes.add(Node(hub, 2) if far % 2 else Node(others[0], 77))
        self._do(hub, carer, AskFar(RecordId(claim), tuple(nodes)))

    @rule(picks=st.lists(PICK, min_size=3, max_size=8), oddly=ODDLY)
    def answer(self, picks: list[int], oddly: bool) -> None:
        """Some who are asked from elsewhere confirm, or do not; oddly with a signature of another's."""
        for pick in picks:
            if waiting := self._waiting():
                self._answer(*waiting[pick % len(waiting)], pick, oddly)

    def _answer(self, hub: int, who: int, row: AskedHere, pick: int, oddly: bool) -> None:
        if pick % 3 == 0:
            self._do(hub, who, DeclineFar(RecordId(row.id), "I was away" if pick % 2 else ""))
            return
        signer = PEOPLE[pick // 4 % 3] if oddly else who
        with self.valley.hubs[hub].reading() as tx:
            command: SignFar = attested(tx, row, signer, self.valley.signers[hub][signer])
        if self._do(hub, who, command):
            assert signer == who
            self.given.add((bytes(row.terms), hub, who))
            if pick % 7 == 1:
                self._edit_meanwhile(row)

    def _edit_meanwhile(self, read: AskedHere) -> None:
        """The carer, who does not know yet that somebody has confirmed it, says it otherwise."""
        for hub, claim, carer in self.claims:
            row = self._row(hub, claim)
            if bytes(row.terms) == bytes(read.terms) and row.state == "open":
                self._do(hub, carer, EditClaim(RecordId(claim), "elder", 120, row.day, "Old Tom", "longer"))

    @rule(picks=st.lists(PICK, min_size=2, max_size=4), who=st.sampled_from(PEOPLE), oddly=ODDLY)
    def cosign(self, picks: list[int], who: int, oddly: bool) -> None:
        for pick in picks:
            self._cosign(pick, who, oddly)

    def _cosign(self, pick: int, who: int, oddly: bool) -> None:
        if (found := self._claim(pick, oddly)) is None:
            return
        hub, claim, carer = found
        signer = who if oddly else PEOPLE[PEOPLE.index(carer) - 1 - pick % 2]
        row = self._row(hub, claim)
        if self._do(hub, signer, Cosign(RecordId(claim), bytes(row.terms))):
            assert signer != carer
            self.given.add((bytes(row.terms), hub, signer))

    @rule(pick=PICK, minutes=st.integers(1, 120), oddly=ODDLY)
    def edit(self, pick: int, minutes: int, oddly: bool) -> None:
        if (found := self._claim(pick, oddly)) is not None:
            hub, claim, carer = found
            row = self._row(hub, claim)
            self._do(
                hub, carer, EditClaim(RecordId(claim), "elder", minutes, row.day, "Old Tom", "and cooked")
            )

    @rule(pick=PICK, oddly=ODDLY)
    def withdraw(self, pick: int, oddly: bool) -> None:
        if pick % 4 == 0 and (found := self._claim(pick, oddly)) is not None:
            hub, claim, carer = found
            self._do(hub, carer, WithdrawClaim(RecordId(claim)))

    # ---------------------------------------------------------------------------------- the air, and the hubs

    @rule(hub=HUB, restart=ODDLY)
    def tends(self, hub: int, restart: bool) -> None:
        if restart:
            self.valley.restart(hub)
        tend(self.valley.hubs[hub])

    def _pack(self) -> None:
        for hub in HUBS:
            for data in self.valley.frames_of(hub):
                self.air.append((hub, data))
                self.missing += [(len(self.air) - 1, target) for target in HUBS if target != hub]

    @rule(seed=PICK, share=st.integers(1, 9), again=PICK)
    def deliver(self, seed: int, share: int, again: int) -> None:
        """Some frames come over, in any order; one comes again."""
        self._pack()
        drawn = Random(seed)
        drawn.shuffle(self.missing)
        for _ in range(len(self.missing) * share // 10):
            at, target = self.missing.pop()
            self.valley.deliver(self.air[at][1], target)
        if self.air:
            origin, data = self.air[again % len(self.air)]
            self.valley.deliver(data, HUBS[HUBS.index(origin) - 1])

    @precondition(lambda self: self.claims)
    @rule()
    def a_good_day(self) -> None:
        """All that has not come over comes, until nobody has anything to say."""
        self._pack()
        while self.missing:
            at, target = self.missing.pop()
            self.valley.deliver(self.air[at][1], target)
            self._pack()

    # ---------------------------------------------------------------------------------- what must hold

    @invariant()
    def nobody_is_paid_but_once_and_on_words_that_were_given(self) -> None:
        if not hasattr(self, "valley"):
            return
        for hub in HUBS:
            with self.valley.hubs[hub].reading() as tx:
                balances = dict(tx.select("SELECT number, balance FROM account"))
                claims = tx.found(Claim, "1")
                paid = tx.select("SELECT payee, amount FROM transfer WHERE kind = 'care'")
                here = {
                    (bytes(claim), hub, member)
                    for claim, member in tx.select("SELECT claim, member FROM witness WHERE state = 'signed'")
                }
                afar = {
                    (bytes(row.claim), row.hub, row.member)
                    for row in tx.found(FarWitness, "state = 'signed'")
                }
            assert sum(balances.values()) == 0
            owed = [(row.carer, row.amount) for row in claims if row.state == "paid"]
            assert Counter(map(tuple, paid)) == Counter(owed), NAMES[hub]
            assert balances[0] == -sum(amount for _, amount in owed)
            for who in PEOPLE:
                assert balances[who] == sum(amount for carer, amount in owed if carer == who)
            for row in claims:
                signed = {(at, who) for claim, at, who in here | afar if claim == bytes(row.id)}
                assert (hub, row.carer) not in signed
                assert {(bytes(row.terms), at, who) for at, who in signed} <= self.given
                if row.state in ("open", "confirmed", "paid"):  # confirmed: the carer's account has no room
                    assert (row.state != "open") == (len(signed) >= QUORUM), NAMES[hub]

    def _the_end(self) -> None:
        self.a_good_day()
        for hub in HUBS:
            tend(self.valley.hubs[hub])
        self.nobody_is_paid_but_once_and_on_words_that_were_given()
        for hub in HUBS:
            self._both_sides_agree(hub)
            verify(self.valley.hubs[hub].store)

    def _both_sides_agree(self, hub: int) -> None:
        """What ``hub`` knows of its asks is what those who were asked know, and they keep no words in vain."""
        with self.valley.hubs[hub].reading() as tx:
            asks = tx.select("SELECT hub, incarnation, number, state FROM care_ask")
            for state, count in tx.select("SELECT state, COUNT(*) FROM far_witness GROUP BY state"):
                TALLY["counts", state == "signed"] += count if state in ("signed", "refused") else 0
        for other, incarnation, number, state in asks:
            with self.valley.hubs[other].reading() as tx:
                row = tx.get(AskedHere, hub=hub, incarnation=incarnation, number=number)
                assert row is not None
                assert row.state == state, (NAMES[hub], NAMES[other])
                waits = tx.first("SELECT 1 FROM asked_of WHERE ask = ? AND state = 'asked'", bytes(row.id))
                words = tx.first("SELECT 1 FROM private_text WHERE entry = ?", row.entry)
                if state != "open" or waits is None:
                    assert words is None
                    TALLY["words", False] += 1
                else:
                    assert words is not None
                    TALLY["words", True] += 1


@pytest.mark.timeout(600)
def test_whatever_the_air_does_care_is_paid_once_and_on_words_that_were_given(
    capsys: pytest.CaptureFixture[str],
) -> None:
    always_the_same = "HUB_EXPLORE" not in os.environ
    run(
        Caring,
        settings=settings(
            max_examples=18 if always_the_same else 300,
            stateful_step_count=40,
            deadline=None,
            derandomize=always_the_same,
            database=None,
            phases=(Phase.generate, Phase.shrink) if "HUB_SHRINK" in os.environ else (Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )
    kinds = sorted({kind for kind, _ in TALLY})
    with capsys.disabled():
        print()
        for kind in kinds:
            yes, no = TALLY[kind, True], TALLY[kind, False]
            print(f"{kind:20} yes {yes:5}, no {no:5}: {yes / (yes + no):4.0%}")
    if always_the_same:
        told = {
            "ask_far",
            "sign_far",
            "decline_far",
            "cosign",
            "claim_care",
            "week of claim_care",
            "week of cosign",
        }
        assert told <= set(kinds)
        rare = [
            kind
            for kind in told | {"counts"}
            if TALLY[kind, True] < 5 or TALLY[kind, False] > 4 * TALLY[kind, True]
        ]
        assert not rare, f"too few of these are accepted to tell anything: {rare}"
        assert TALLY["counts", False], "no signature came too late, or for what was changed"
