"""Stories of helpers and households: consent of both, what it reaches, who it was, and its end."""

from collections.abc import Callable

import pytest

from appliance.ledger.book.subject import Command
from appliance.ledger.book.verify import verify
from appliance.ledger.care.claims import ClaimCare, WithdrawClaim
from appliance.ledger.care.signing import Cosign, DeclineCosign
from appliance.ledger.care.states import DAY_MS
from appliance.ledger.errors import Action, BookDamaged, Code, Refusal
from appliance.ledger.keys import KeySigner, new_seed, seal
from appliance.ledger.market.listings import OpenListing
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.money.disputes import Dispute, EndDispute, WithdrawDispute
from appliance.ledger.money.limits import MoveGroup
from appliance.ledger.money.requests import Accept, Cancel, Decline, Request
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.money.transfers import Pay
from appliance.ledger.money.undo import AskBack, KeepIt, WithdrawAsk
from appliance.ledger.people.grants import HELPER, JOINT, AgreeGrant, AskGrant, EndGrant, WriteGrant
from appliance.ledger.people.leaving import CloseMember, Leave
from appliance.ledger.people.life import Away, Freeze, Register, Unfreeze
from appliance.ledger.people.members import AppointKeeper, ReplaceKey
from appliance.ledger.people.showing import ShowName
from appliance.ledger.reads import desk
from appliance.ledger.reads.held import asked_of, done_by, granted, held, requests
from appliance.ledger.reads.member import statement, transfer
from appliance.ledger.reads.troubles import asked_back, open_disputes, trouble
from appliance.ledger.values import AccountNumber, Amount, RecordId
from tests.ledger.book import tampering
from tests.ledger.people.test_further import bakery
from tests.support.village import CHEAP, PIN, Village


def no(river: Village, name: str, command: Command) -> Code:
    result = river.ask(name, command)
    assert isinstance(result, Refusal), result
    return result.code


def emma(river: Village) -> AccountNumber:
    """An old woman without a phone."""
    number = AccountNumber(river.do("Kira", Register("Emma", "has no phone")).outcome["number"])
    river.numbers["Emma"] = number
    return number


@pytest.fixture
def helped(river: Village) -> AccountNumber:
    """Emma, for whom Bob acts: consent on paper, agreed by Bob."""
    number = emma(river)
    river.do("Kira", WriteGrant(number, river.numbers["Bob"], HELPER, "signed on paper, 1 June"))
    river.do("Bob", AgreeGrant(number, HELPER))
    return number


@pytest.fixture
def family(river: Village) -> AccountNumber:
    """The Okoros' account: Alice's, held jointly with Bob."""
    home = bakery(river, "Alice", "household")
    river.do("Alice", AskGrant(home, river.numbers["Bob"], JOINT))
    river.do("Bob", AgreeGrant(home, JOINT))
    return home


class TestAskedAndAgreed:
    def test_it_is_in_force_only_while_agreed(self, river: Village) -> None:
        alice, bob, chandra = (river.numbers[n] for n in ("Alice", "Bob", "Chandra"))
        pay = Pay(alice, chandra, Amount(100), again=True)
        assert no(river, "Bob", pay) is Code.NOT_YOURS
        river.do("Alice", AskGrant(alice, bob))
        assert no(river, "Bob", pay) is Code.NOT_YOURS, "asked is not agreed"
        with river.hub.reading() as tx:
            (waits,) = asked_of(tx, bob)
            assert held(tx, bob) == ()
        assert (waits.owner.name, waits.kind, waits.paper, waits.in_force) == ("Alice", HELPER, False, False)
        river.do("Bob", AgreeGrant(alice, HELPER))
        river.do("Bob", pay)
        with river.hub.reading() as tx:
            assert asked_of(tx, bob) == ()
            (mine,) = held(tx, bob)
            (may,) = granted(tx, alice)
        assert (mine.kind, mine.balance, mine.owner.name) == (HELPER, -100, "Alice")
        assert (may.member.name, may.state, may.in_force) == ("Bob", "agreed", True)
        river.do("Alice", EndGrant(alice, bob))
        assert no(river, "Bob", pay) is Code.NOT_YOURS
        with river.hub.reading() as tx:
            assert not granted(tx, alice)
            assert not held(tx, bob)
        river.do("Alice", AskGrant(alice, bob))
        assert no(river, "Bob", pay) is Code.NOT_YOURS, "the old yes is not a new one"
        verify(river.hub.store)

    def test_who_was_asked_says_no_and_either_ends_it(self, river: Village) -> None:
        alice, bob = river.numbers["Alice"], river.numbers["Bob"]
        river.do("Alice", AskGrant(alice, bob))
        river.do("Bob", EndGrant(alice, bob))
        assert no(river, "Bob", AgreeGrant(alice, HELPER)) is Code.NO_GRANT
        river.do("Alice", AskGrant(alice, bob))
        river.do("Bob", AgreeGrant(alice, HELPER))
        river.do("Bob", EndGrant(alice, bob))
        assert no(river, "Bob", Pay(alice, bob, Amount(1))) is Code.NOT_YOURS
        assert no(river, "Alice", EndGrant(alice, bob)) is Code.NOT_YOURS, (
            "there is none, and she is no keeper"
        )
        assert no(river, "Kira", EndGrant(alice, bob, "tidy")) is Code.NO_GRANT
        verify(river.hub.store)

    def test_asking_is_refused(self, river: Village) -> None:
        alice, bob = river.numbers["Alice"], river.numbers["Bob"]
        shop = bakery(river, "Chandra")
        assert no(river, "Alice", AskGrant(bob, alice)) is Code.NOT_YOURS
        assert no(river, "Alice", AskGrant(AccountNumber(99), bob)) is Code.NOT_YOURS
        assert no(river, "Alice", AskGrant(alice, alice)) is Code.OWN_ACCOUNT
        assert no(river, "Alice", AskGrant(alice, AccountNumber(99))) is Code.UNKNOWN_ACCOUNT
        assert no(river, "Alice", AskGrant(alice, shop)) is Code.UNKNOWN_ACCOUNT, "accounts help nobody"
        assert no(river, "Alice", AskGrant(alice, bob, "heir")) is Code.SETTING_WRONG
        river.do("Alice", AskGrant(alice, bob))
        assert no(river, "Alice", AskGrant(alice, bob, JOINT)) is Code.GRANT_STANDS
        assert no(river, "Bob", AgreeGrant(alice, JOINT)) is Code.TERMS_CHANGED
        assert no(river, "Chandra", AgreeGrant(alice, HELPER)) is Code.NO_GRANT
        river.do("Bob", AgreeGrant(alice, HELPER))
        assert no(river, "Bob", AgreeGrant(alice, HELPER)) is Code.GRANT_STANDS
        assert no(river, "Bob", AskGrant(alice, river.numbers["Dina"])) is Code.NOT_YOURS, "he asks nobody in"
        river.do("Kira", Freeze(river.numbers["Dina"], "a quarrel"))
        assert no(river, "Alice", AskGrant(alice, river.numbers["Dina"])) is Code.ACCOUNT_CLOSED
        assert no(river, "Dina", AskGrant(river.numbers["Dina"], bob)) is Code.FROZEN
        assert no(river, "Dina", AgreeGrant(alice, HELPER)) is Code.FROZEN


class TestOnPaper:
    def test_a_keeper_writes_it_down_and_the_helper_agrees(
        self, river: Village, helped: AccountNumber
    ) -> None:
        river.do("Bob", Pay(helped, river.numbers["Alice"], Amount(70)))
        with river.hub.reading() as tx:
            (may,) = granted(tx, helped)
            lines, _ = desk.log(tx)
            mine, _ = desk.log(tx, concerning=river.numbers["Bob"])
        assert may.paper
        assert (lines[0].kind, lines[0].reason) == ("write_grant", "signed on paper, 1 June")
        assert mine[0].kind == "write_grant"
        verify(river.hub.store)

    def test_it_is_refused(self, river: Village) -> None:
        number, alice, bob, kira = emma(river), *(river.numbers[n] for n in ("Alice", "Bob", "Kira"))
        assert no(river, "Alice", WriteGrant(number, bob, HELPER, "x")) is Code.NOT_KEEPER
        assert no(river, "Kira", WriteGrant(number, kira, HELPER, "x")) is Code.PARTY, "not the helper's own"
        assert no(river, "Kira", WriteGrant(number, bob, HELPER, " ")) is Code.TEXT_MISSING
        assert no(river, "Kira", WriteGrant(alice, bob, HELPER, "x")) is Code.HAS_KEY, "Alice asks herself"
        assert no(river, "Kira", WriteGrant(number, bob, "heir", "x")) is Code.SETTING_WRONG
        assert no(river, "Kira", WriteGrant(number, number, HELPER, "x")) is Code.OWN_ACCOUNT
        assert no(river, "Kira", WriteGrant(AccountNumber(0), bob, HELPER, "x")) is Code.UNKNOWN_ACCOUNT
        river.do("Kira", WriteGrant(number, bob, HELPER, "x"))
        assert no(river, "Kira", WriteGrant(number, bob, HELPER, "x")) is Code.GRANT_STANDS

    def test_a_keeper_ends_it_with_a_reason_that_stands_in_the_log(
        self, river: Village, helped: AccountNumber
    ) -> None:
        bob = river.numbers["Bob"]
        assert no(river, "Kira", EndGrant(helped, bob)) is Code.TEXT_MISSING
        assert no(river, "Alice", EndGrant(helped, bob, "x")) is Code.NOT_YOURS
        river.do("Kira", EndGrant(helped, bob, "on Emma's word"))
        assert no(river, "Bob", Pay(helped, bob, Amount(1))) is Code.NOT_YOURS
        with river.hub.reading() as tx:
            (line, *_), _ = desk.log(tx, concerning=helped)
        assert (line.kind, line.reason) == ("end_grant", "on Emma's word")
        verify(river.hub.store)

    def test_what_owner_or_helper_ended_is_no_keepers_act(
        self, river: Village, helped: AccountNumber
    ) -> None:
        river.do("Bob", EndGrant(helped, river.numbers["Bob"]))
        river.do("Alice", AskGrant(river.numbers["Alice"], river.numbers["Bob"]))
        river.do("Alice", EndGrant(river.numbers["Alice"], river.numbers["Bob"]))
        with river.hub.reading() as tx:
            lines, _ = desk.log(tx)
        assert "end_grant" not in [line.kind for line in lines]


class TestWhatItReaches:
    def test_everything_about_payments(self, river: Village, helped: AccountNumber) -> None:
        alice, bob = river.numbers["Alice"], river.numbers["Bob"]
        paid = RecordId(river.do("Bob", Pay(helped, alice, Amount(70))).record)
        asked = RecordId(river.do("Bob", Request(helped, alice, Amount(20))).record)
        river.do("Bob", Cancel(asked))
        first, second = (
            RecordId(river.do("Alice", Request(alice, helped, Amount(n))).record) for n in (5, 6)
        )
        with river.hub.reading() as tx:
            assert {one.amount for one in requests(tx, helped, bob, asked=False)} == {5, 6}
            assert Action.ACCEPT in requests(tx, helped, bob, asked=False)[0].actions
        river.do("Bob", Accept(first, helped, alice, Amount(5)))
        river.do("Bob", Decline(second, helped, "not_now"))
        river.do("Bob", AskBack(paid, "it was meant for Dina"))
        river.do("Bob", WithdrawAsk(paid))
        river.do("Bob", Dispute(paid, "the bread never came"))
        river.do("Bob", WithdrawDispute(paid))
        got, other = (RecordId(river.do("Alice", Pay(alice, helped, Amount(n))).record) for n in (30, 31))
        river.do("Alice", AskBack(other, "meant for Dina"))
        with river.hub.reading() as tx:
            (back,) = asked_back(tx, bob)
        assert back.of is not None
        assert back.of.name == "Emma"
        river.do("Bob", KeepIt(other))
        given = river.do("Bob", Reverse(got))
        with river.hub.reading() as tx:
            lines = statement(tx, helped).lines
            log, _ = desk.log(tx)
            receipt = transfer(tx, given.record, alice)
            done = done_by(tx, helped, bob, helped)
        assert {line.amount: None if line.by is None else line.by.name for line in lines} == {
            -70: "Bob",
            -5: "Bob",
            30: None,
            31: None,
            -30: "Bob",
        }
        assert receipt is not None
        assert [(a.who.name, a.account.name) for a in receipt.acted] == [("Bob", "Emma")]
        assert "reverse" not in [line.kind for line in log], "a helper's act is no keeper's"
        assert sorted(t.amount for t in done) == [5, 6, 20, 30, 70]
        verify(river.hub.store)

    def test_care_stays_personal(self, river: Village, helped: AccountNumber) -> None:
        """Bob cared for Emma: neither can he claim as her, nor confirm in her name."""
        bob, day = river.numbers["Bob"], river.clock.now().ms // DAY_MS
        claim = river.do("Bob", ClaimCare(bob, "elder", 60, day, "Emma", "cooked", (helped,)))
        record, terms = RecordId(claim.record), claim.outcome["terms"]
        assert no(river, "Bob", Cosign(record, terms)) is Code.OWN_CLAIM
        assert no(river, "Bob", DeclineCosign(record)) is Code.NOT_YOURS, "that is for Emma to say"
        assert no(river, "Bob", ClaimCare(helped, "elder", 60, day, "Tom")) is Code.NOT_YOURS
        signer = _phone(river, "Emma")
        hers = river.hub.submit(ClaimCare(helped, "elder", 30, day, "Tom"), signer)
        assert not isinstance(hers, Refusal)
        assert no(river, "Bob", WithdrawClaim(RecordId(hers.record))) is Code.NOT_YOURS

    def test_nothing_else_that_is_the_owners(self, river: Village, helped: AccountNumber) -> None:
        bob = river.numbers["Bob"]
        sealed = seal(new_seed(), PIN, river.hub.pepper, CHEAP)
        commands: tuple[Command, ...] = (
            OpenListing(helped, "offer", "food", "Bread"),
            ShowName(helped, True),
            Away(helped, "x"),
            Leave(helped),
            ReplaceKey(helped, sealed),
            SetLimits(helped, -9, 9, "x"),
            MoveGroup(helped, "business", "x"),
            AskGrant(helped, river.numbers["Dina"]),
            WriteGrant(helped, river.numbers["Dina"], HELPER, "x"),
        )
        for command in commands:
            assert no(river, "Bob", command) in (Code.NOT_YOURS, Code.NOT_KEEPER), command.KIND
        assert no(river, "Bob", Pay(helped, bob, Amount(1300))) is Code.PAYER_LIMIT, "Emma's limits hold"

    def test_two_people_pay_from_one_household(self, river: Village, family: AccountNumber) -> None:
        dina = river.numbers["Dina"]
        first = river.do("Alice", Pay(family, dina, Amount(40)))
        second = river.do("Bob", Pay(family, dina, Amount(41)))
        with river.hub.reading() as tx:
            lines = statement(tx, family).lines
            seen = [transfer(tx, r.record, dina) for r in (first, second)]
            (mine,) = held(tx, river.numbers["Bob"])
        assert [line.by.name if line.by else None for line in lines] == ["Bob", None]
        assert [[a.who.name for a in t.acted] for t in seen if t] == [[], ["Bob"]]
        assert (mine.kind, mine.group) == (JOINT, "household")
        verify(river.hub.store)


class TestItStops:
    @pytest.mark.parametrize("who", ["owner", "helper"])
    def test_while_either_is_frozen(self, river: Village, who: str) -> None:
        alice, bob, chandra = (river.numbers[n] for n in ("Alice", "Bob", "Chandra"))
        river.do("Alice", AskGrant(alice, bob))
        river.do("Bob", AgreeGrant(alice, HELPER))
        asked = RecordId(river.do("Chandra", Request(chandra, alice, Amount(5))).record)
        paid = RecordId(river.do("Bob", Pay(alice, chandra, Amount(7))).record)
        frozen = alice if who == "owner" else bob
        river.do("Kira", Freeze(frozen, "a quarrel"))
        for command in (
            Pay(alice, chandra, Amount(1)),
            Accept(asked, alice, chandra, Amount(5)),
            Decline(asked, alice),
            AskBack(paid, "x"),
            Dispute(paid, "x"),
            Request(alice, chandra, Amount(1)),
        ):
            assert no(river, "Bob", command) in (Code.ACCOUNT_CLOSED, Code.FROZEN, Code.NOT_YOURS)
        with river.hub.reading() as tx:
            assert held(tx, bob) == ()
            assert transfer(tx, paid, bob) is None
            assert open_disputes(tx, river.clock.now(), bob) == ()
        river.do("Kira", Unfreeze(frozen, "settled"))
        river.do("Bob", Pay(alice, chandra, Amount(1)))
        verify(river.hub.store)

    def test_for_good_when_either_leaves(self, river: Village) -> None:
        alice, bob, dina = (river.numbers[n] for n in ("Alice", "Bob", "Dina"))
        for owner, helper in (("Alice", bob), ("Bob", dina)):
            river.do(owner, AskGrant(river.numbers[owner], helper))
            river.do("Bob" if helper == bob else "Dina", AgreeGrant(river.numbers[owner], HELPER))
        river.do("Bob", Leave(bob))
        with river.hub.reading() as tx:
            assert not [*granted(tx, alice), *granted(tx, bob), *held(tx, dina)]
        verify(river.hub.store)

    def test_a_helper_of_old_says_nothing_more(self, river: Village, helped: AccountNumber) -> None:
        bob = river.numbers["Bob"]
        paid = RecordId(river.do("Bob", Pay(helped, river.numbers["Alice"], Amount(70))).record)
        river.do("Bob", Dispute(paid, "the bread never came"))
        river.do("Kira", EndGrant(helped, bob, "on Emma's word"))
        assert no(river, "Bob", WithdrawDispute(paid)) is Code.NOT_YOURS
        with river.hub.reading() as tx:
            assert transfer(tx, paid, bob) is None
            assert trouble(tx, paid, bob, river.clock.now()).dispute is None
            lines = statement(tx, helped).lines
        assert lines[0].by is not None, "but receipts go on saying who it was"
        signer = _phone(river, "Emma")
        assert not isinstance(river.hub.submit(WithdrawDispute(paid), signer), Refusal), "Emma can"
        verify(river.hub.store)


class TestAKeeperWhoHelpsIsAParty:
    @pytest.fixture
    def kira_helps(self, river: Village) -> AccountNumber:
        number = emma(river)
        river.root(AppointKeeper(river.numbers["Dina"]))
        river.do("Dina", WriteGrant(number, river.numbers["Kira"], HELPER, "on paper"))
        river.do("Kira", AgreeGrant(number, HELPER))
        return number

    def test_and_decides_nothing_about_it(self, river: Village, kira_helps: AccountNumber) -> None:
        alice = river.numbers["Alice"]
        paid = RecordId(river.do("Kira", Pay(kira_helps, alice, Amount(70))).record)
        river.do("Alice", Dispute(paid, "who paid this?"))
        sealed = seal(new_seed(), PIN, river.hub.pepper, CHEAP)
        commands: tuple[Callable[[], Command], ...] = (
            lambda: Reverse(paid, "x"),
            lambda: EndDispute(paid, "x"),
            lambda: SetLimits(kira_helps, -9, 9, "x"),
            lambda: MoveGroup(kira_helps, "business", "x"),
            lambda: Away(kira_helps, "x"),
            lambda: Freeze(kira_helps, "x"),
            lambda: CloseMember(kira_helps, "died", "x"),
            lambda: ReplaceKey(kira_helps, sealed),
            lambda: WriteGrant(kira_helps, river.numbers["Bob"], HELPER, "x"),
        )
        for command in commands:
            assert no(river, "Kira", command()) is Code.PARTY, command().KIND
        river.do("Dina", Freeze(kira_helps, "a quarrel"))
        assert no(river, "Kira", Unfreeze(kira_helps, "x")) is Code.PARTY
        assert no(river, "Kira", Reverse(paid, "x")) is Code.PARTY, "also while nothing moves"
        verify(river.hub.store)


def _phone(river: Village, name: str) -> KeySigner:
    """Give somebody a PIN at the desk; the open key."""
    result = river.hub.reset_pin(river.numbers[name], "7415", river.signers["Kira"])
    assert not isinstance(result, Refusal)
    signer = river.hub.unlock(river.numbers[name], "7415")
    assert not isinstance(signer, Refusal)
    return signer


class TestABookWrittenByHand:
    """Signed well and chained well, but by somebody without the power: verify refuses it."""

    def forged(
        self, river: Village, who: str, kind: str, payload: dict[str, object], outcome: dict[str, object]
    ) -> str:
        store = river.hub.store
        with tampering.card_in_hand(store.path) as db:
            number = tampering.append_signed(db, kind, payload, river.signers[who], outcome)
        with pytest.raises(BookDamaged) as found:
            verify(store)
        assert found.value.entry == number
        return str(found.value)

    def test_a_helper_without_a_grant_pays(self, river: Village) -> None:
        number = emma(river)
        paying: dict[str, object] = {
            "payer": number,
            "payee": river.numbers["Bob"],
            "amount": 5,
            "category": "other",
        }
        assert "may not pay" in self.forged(river, "Bob", "pay", paying, {})

    def test_a_helper_of_old_pays(self, river: Village, helped: AccountNumber) -> None:
        river.do("Kira", EndGrant(helped, river.numbers["Bob"], "on Emma's word"))
        paying: dict[str, object] = {
            "payer": helped,
            "payee": river.numbers["Bob"],
            "amount": 5,
            "category": "other",
        }
        assert "may not pay" in self.forged(river, "Bob", "pay", paying, {})

    @pytest.mark.parametrize(
        ("who", "kind", "payload", "outcome"),
        [
            ("Bob", "ask_grant", {"account": 2, "member": 3, "kind": HELPER}, {}),
            ("Alice", "ask_grant", {"account": 2, "member": 2, "kind": HELPER}, {}),
            ("Kira", "write_grant", {"account": 2, "member": 3, "kind": HELPER}, {}),
            ("Kira", "write_grant", {"account": 6, "member": 1, "kind": HELPER}, {}),
            ("Alice", "write_grant", {"account": 6, "member": 3, "kind": HELPER}, {}),
            ("Dina", "agree_grant", {"account": 2, "kind": HELPER}, {}),
            ("Dina", "end_grant", {"account": 2, "member": 4}, {}),
            (
                "Alice",
                "open_account",
                {"owner": 2, "group": "business"},
                {"number": 7, "low": -5000, "high": 10000},
            ),
            (
                "Kira",
                "open_account",
                {"owner": 1, "group": "business"},
                {"number": 7, "low": -5000, "high": 10000},
            ),
            (
                "Kira",
                "open_account",
                {"owner": 2, "group": "business"},
                {"number": 7, "low": -9000, "high": 10000},
            ),
            (
                "Kira",
                "open_account",
                {"owner": 2, "group": "business"},
                {"number": 9, "low": -5000, "high": 10000},
            ),
            ("Kira", "close_account", {"account": 2}, {}),
            ("Alice", "close_account", {"account": 6}, {}),
        ],
    )
    def test_so_are_the_acts_around_it(
        self, river: Village, who: str, kind: str, payload: dict[str, object], outcome: dict[str, object]
    ) -> None:
        assert emma(river) == 6
        river.do("Alice", AskGrant(river.numbers["Alice"], river.numbers["Chandra"]))
        says = self.forged(river, who, kind, payload, outcome)
        assert f"may not {kind}" in says or "not the next" in says
