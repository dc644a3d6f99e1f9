"""Acts that need two keepers: Kira proposes, Kofi agrees, and nobody goes around it."""

import pytest

from appliance.ledger.book.rules import CARE_CATEGORIES
from appliance.ledger.book.schema import AccountRow
from appliance.ledger.book.verify import verify
from appliance.ledger.clock import Quality
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.money.transfers import Pay
from appliance.ledger.people import seconds
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.people.grants import HELPER, AgreeGrant, AskGrant
from appliance.ledger.people.leaving import CloseMember, Leave
from appliance.ledger.people.members import AppointKeeper, DismissKeeper
from appliance.ledger.people.seconds import Agree, LapseProposal, Object, Propose, TakeBack
from appliance.ledger.reads import desk
from appliance.ledger.reads.village import rules_before
from appliance.ledger.tend import tend
from appliance.ledger.values import Amount, RecordId
from tests.support.keepers import (
    appoint,
    clearing,
    commons,
    dismissal,
    from_commons,
    give,
    payment,
    rules,
    two,
)
from tests.support.village import Village

DAY_MS = 86_400_000
CARE_OF_THREE = {"group": "care", "changes": {"quorum": 3}}


@pytest.fixture
def three(river: Village) -> Village:
    """River with the keepers Kira, Kofi and Lena."""
    appoint(river, "Kofi", "Lena")
    return river


def refused(answer: object) -> Refusal:
    assert isinstance(answer, Refusal), answer
    return answer


def propose(river: Village, who: str, proposal: Propose) -> RecordId:
    return RecordId(river.do(who, proposal).record)


def test_two_keepers_pay_what_one_cannot(three: Village) -> None:
    assert refused(three.ask("Kira", from_commons(three, "Bob", 900))).code is Code.NEEDS_TWO
    proposal = propose(three, "Kira", payment(three, "Bob", 900))
    assert commons(three) == 0, "nothing moves until the second agrees"
    three.do("Kofi", Agree(proposal))
    assert (three.balance("Bob"), commons(three)) == (900, -900)
    verify(three.hub.store)


def test_the_proposer_is_not_the_second_and_whoever_is_paid_is_neither(three: Village) -> None:
    proposal = propose(three, "Kira", payment(three, "Lena", 900))
    assert refused(three.ask("Kira", Agree(proposal))).code is Code.OWN_PROPOSAL
    assert refused(three.ask("Kira", Object(proposal, "no"))).code is Code.OWN_PROPOSAL
    assert refused(three.ask("Lena", Agree(proposal))).code is Code.PARTY
    assert refused(three.ask("Lena", Object(proposal, "no"))).code is Code.PARTY
    assert refused(three.ask("Alice", Agree(proposal))).code is Code.NOT_KEEPER
    assert refused(three.ask("Kofi", payment(three, "Kofi", 9))).code is Code.PARTY
    three.do("Kofi", Agree(proposal))
    assert refused(three.ask("Kofi", Agree(proposal))).code is Code.PROPOSAL_CLOSED
    assert three.balance("Lena") == 900


def test_a_keeper_who_helps_bob_neither_pays_him_nor_proposes_nor_agrees(three: Village) -> None:
    three.do("Bob", AskGrant(three.numbers["Bob"], three.numbers["Kofi"]))
    three.do("Kofi", AgreeGrant(three.numbers["Bob"], HELPER))
    three.pay("Bob", "Alice", 300)
    for command in (from_commons(three, "Bob", 1), payment(three, "Bob", 900), clearing(three, "Bob")):
        assert refused(three.ask("Kofi", command)).code is Code.PARTY
    proposal = propose(three, "Kira", payment(three, "Bob", 900))
    assert refused(three.ask("Kofi", Agree(proposal))).code is Code.PARTY
    three.do("Lena", Agree(proposal))


def test_who_begins_to_help_bob_after_proposing_is_no_first_any_more(three: Village) -> None:
    proposal = propose(three, "Kira", payment(three, "Bob", 900))
    three.do("Bob", AskGrant(three.numbers["Bob"], three.numbers["Kira"]))
    three.do("Kira", AgreeGrant(three.numbers["Bob"], HELPER))
    assert refused(three.ask("Kofi", Agree(proposal))).code is Code.PROPOSER_GONE


def test_what_the_commons_has_is_looked_at_when_the_second_agrees_and_a_no_leaves_it_open(
    three: Village,
) -> None:
    two(three, "Kira", "Kofi", rules(commons_low=-1000))
    proposal = propose(three, "Kira", payment(three, "Bob", 900))
    three.do("Lena", from_commons(three, "Dina", 200))
    answer = refused(three.ask("Kofi", Agree(proposal)))
    assert (answer.code, answer.numbers["can_give"]) == (Code.COMMONS_FLOOR, 800)
    give(three, "Alice", 100)
    three.do("Kofi", Agree(proposal))
    assert commons(three) == -1000


def test_the_second_says_no_and_why(three: Village) -> None:
    proposal = propose(three, "Kira", payment(three, "Bob", 900))
    assert refused(three.ask("Kofi", Object(proposal, " "))).code is Code.TEXT_MISSING
    three.do("Kofi", Object(proposal, "the roof can wait"))
    assert refused(three.ask("Lena", Agree(proposal))).code is Code.PROPOSAL_CLOSED


def test_only_the_proposer_takes_it_back(three: Village) -> None:
    proposal = propose(three, "Kira", payment(three, "Bob", 900))
    assert refused(three.ask("Kofi", TakeBack(proposal))).code is Code.NOT_YOURS
    three.do("Kira", TakeBack(proposal))
    assert refused(three.ask("Kofi", Agree(proposal))).code is Code.PROPOSAL_CLOSED
    assert refused(three.ask("Kofi", Agree(RecordId(bytes(16))))).code is Code.UNKNOWN_PROPOSAL


def test_silence_lapses_and_not_by_a_clock_that_nobody_vouches_for(three: Village) -> None:
    proposal = propose(three, "Kira", payment(three, "Bob", 900))
    early = three.hub.by_rule(LapseProposal(proposal), "lapse")
    assert refused(early).code is Code.NOT_YET
    three.clock.advance(14 * DAY_MS)
    three.clock.set(three.clock.now().ms, Quality.MESH)
    assert tend(three.hub) == 0
    assert refused(three.hub.by_rule(LapseProposal(proposal), "lapse")).code is Code.NOT_YET
    three.clock.set(three.clock.now().ms, Quality.KEEPER)
    assert tend(three.hub) == 1
    assert tend(three.hub) == 0
    assert refused(three.ask("Kofi", Agree(proposal))).code is Code.PROPOSAL_CLOSED
    assert commons(three) == 0
    verify(three.hub.store)


def test_the_same_is_not_proposed_twice_at_a_time(three: Village) -> None:
    proposal = propose(three, "Kira", payment(three, "Bob", 900))
    assert refused(three.ask("Kofi", payment(three, "Bob", 900))).code is Code.ALREADY_PROPOSED
    three.do("Kofi", Agree(proposal))
    propose(three, "Kofi", payment(three, "Bob", 900))


def test_who_is_no_keeper_any_more_proposed_nothing(three: Village) -> None:
    proposal = propose(three, "Kira", payment(three, "Bob", 900))
    three.root(DismissKeeper(three.numbers["Kira"]))
    answer = refused(three.ask("Kofi", Agree(proposal)))
    assert (answer.code, answer.actions) == (Code.PROPOSER_GONE, (Action.DECLINE,))
    three.do("Kofi", Object(proposal, "Kira has left the office"))


@pytest.mark.parametrize(
    ("act", "terms", "code"),
    [
        ("fly", {}, Code.SETTING_WRONG),
        ("pay_commons", {"payee": 2}, Code.SETTING_WRONG),
        ("pay_commons", {"payee": 2, "amount": 0, "category": "food"}, Code.AMOUNT_WRONG),
        ("pay_commons", {"payee": 2, "amount": 10**13, "category": "food"}, Code.AMOUNT_WRONG),
        ("pay_commons", {"payee": 2, "amount": 5, "category": "gold"}, Code.UNKNOWN_CATEGORY),
        ("pay_commons", {"payee": 99, "amount": 5, "category": "food"}, Code.UNKNOWN_ACCOUNT),
        ("dismiss_keeper", {"member": 99}, Code.UNKNOWN_ACCOUNT),
        ("dismiss_keeper", {"member": 2}, Code.WRONG_STATUS),
        ("change_rules", {"group": "credit", "changes": {"commons_low": 5}}, Code.SETTING_WRONG),
        ("change_rules", {"group": "credit", "changes": {"gold": 5}}, Code.SETTING_WRONG),
        ("change_rules", {"group": "care", "changes": {}}, Code.SETTING_WRONG),
        ("clear", {"account": 99, "balance": 5, "to": 0}, Code.UNKNOWN_ACCOUNT),
        ("clear", {"account": 2, "balance": 0, "to": 0}, Code.ACCOUNT_ZERO),
    ],
)
def test_what_cannot_be_is_not_proposed(
    three: Village, act: str, terms: dict[str, object], code: Code
) -> None:
    assert refused(three.ask("Kira", Propose(act, terms, "so"))).code is code


def test_a_reason_is_asked_and_only_keepers_propose(three: Village) -> None:
    silent = Propose("dismiss_keeper", {"member": three.numbers["Kofi"]}, " ")
    assert refused(three.ask("Kira", silent)).code is Code.TEXT_MISSING
    assert refused(three.ask("Alice", payment(three, "Bob", 5))).code is Code.NOT_KEEPER


class TestClearing:
    def test_a_debt_is_carried_by_the_commons_and_the_account_can_be_closed(self, three: Village) -> None:
        three.pay("Alice", "Bob", 900)
        close = CloseMember(three.numbers["Alice"], "left", "moves to the coast")
        answer = refused(three.ask("Kira", close))
        assert (answer.code, answer.actions[0]) == (Code.ACCOUNT_NOT_ZERO, Action.CLEAR)
        two(three, "Kira", "Kofi", clearing(three, "Alice"))
        assert (three.balance("Alice"), commons(three)) == (0, -900)
        three.do("Kira", close)
        verify(three.hub.store)

    @pytest.mark.parametrize("to", [None, "Dina"])
    def test_credit_of_who_has_died_goes_to_the_commons_or_to_an_heir(
        self, three: Village, to: str | None
    ) -> None:
        two(three, "Kira", "Kofi", rules(levy_rate=100))
        three.pay("Alice", "Bob", 1000)
        before = commons(three)
        two(three, "Kira", "Kofi", clearing(three, "Bob", to))
        assert three.balance("Bob") == 0
        assert (commons(three) - before, three.balance("Dina")) == ((900, 0) if to is None else (0, 900))
        three.do("Kofi", CloseMember(three.numbers["Bob"], "died", "rest in peace"))
        verify(three.hub.store)

    def test_two_agree_to_an_amount_so_a_balance_that_moved_is_asked_anew(self, three: Village) -> None:
        three.pay("Alice", "Bob", 900)
        proposal = propose(three, "Kira", clearing(three, "Alice"))
        three.pay("Dina", "Alice", 100)
        assert refused(three.ask("Kofi", Agree(proposal))).code is Code.TERMS_CHANGED
        assert refused(three.ask("Kira", clearing(three, "Alice", balance=-1))).code is Code.TERMS_CHANGED

    def test_a_debt_beyond_the_floor_is_not_carried(self, three: Village) -> None:
        two(three, "Kira", "Kofi", rules(commons_low=-500))
        three.pay("Alice", "Bob", 900)
        assert refused(three.ask("Kira", clearing(three, "Alice"))).code is Code.COMMONS_FLOOR

    def test_a_debt_goes_to_nobody_else_and_credit_not_to_a_keeper_who_agrees(self, three: Village) -> None:
        three.pay("Alice", "Bob", 900)
        assert refused(three.ask("Kira", clearing(three, "Alice", "Dina"))).code is Code.UNKNOWN_ACCOUNT
        assert refused(three.ask("Kira", clearing(three, "Bob", "Kira"))).code is Code.PARTY
        assert refused(three.ask("Kira", clearing(three, "Bob", "Bob"))).code is Code.OWN_ACCOUNT
        proposal = propose(three, "Kira", clearing(three, "Bob", "Kofi"))
        assert refused(three.ask("Kofi", Agree(proposal))).code is Code.PARTY
        three.do("Lena", Agree(proposal))
        assert three.balance("Kofi") == 900

    def test_an_heirs_limit_counts(self, three: Village) -> None:
        three.pay("Alice", "Bob", 900)
        three.do("Kira", SetLimits(three.numbers["Dina"], -100, 899, "so"))
        assert refused(three.ask("Kira", clearing(three, "Bob", "Dina"))).code is Code.PAYEE_LIMIT

    def test_one_keeper_alone_does_not_put_a_debt_back(self, three: Village) -> None:
        three.pay("Alice", "Bob", 900)
        cleared = two(three, "Kira", "Kofi", clearing(three, "Alice"))
        assert refused(three.ask("Lena", Reverse(RecordId(cleared.record), "no"))).code is Code.TWO_AGREED

    def test_a_closed_account_stays_at_zero(self, three: Village) -> None:
        paid = three.pay("Alice", "Bob", 900)
        two(three, "Kira", "Kofi", clearing(three, "Alice"))
        three.do("Kira", CloseMember(three.numbers["Alice"], "left", "moves to the coast"))
        assert refused(three.ask("Bob", Reverse(RecordId(paid.record)))).code is Code.ACCOUNT_CLOSED
        assert refused(three.ask("Kira", Reverse(RecordId(paid.record), "so"))).code is Code.ACCOUNT_CLOSED
        closed = Propose("clear", {"account": three.numbers["Alice"], "balance": -1, "to": 0}, "so")
        assert refused(three.ask("Kira", closed)).code is Code.WRONG_STATUS


class TestOffice:
    def test_two_end_the_office_of_a_third(self, three: Village) -> None:
        proposal = propose(three, "Kira", dismissal(three, "Lena"))
        assert refused(three.ask("Lena", Agree(proposal))).code is Code.PARTY
        three.do("Kofi", Agree(proposal))
        assert refused(three.ask("Lena", from_commons(three, "Bob", 1))).code is Code.NOT_KEEPER
        three.do("Kira", CloseMember(three.numbers["Lena"], "left", "has moved away"))

    def test_with_two_keepers_only_the_root_paper_can(self, river: Village) -> None:
        appoint(river, "Kofi")
        answer = refused(river.ask("Kira", dismissal(river, "Kofi")))
        assert (answer.code, answer.numbers) == (Code.NO_SECOND, {"keepers": 2})
        river.root(DismissKeeper(river.numbers["Kofi"]))
        assert refused(river.ask("Kofi", from_commons(river, "Bob", 1))).code is Code.NOT_KEEPER
        verify(river.hub.store)

    def test_the_root_paper_dismisses_nobody_who_is_no_keeper(self, river: Village) -> None:
        signer = river.signers["Kira"]
        assert refused(river.hub.submit(DismissKeeper(river.numbers["Bob"]), signer)).code is Code.NOT_YOURS
        with pytest.raises(AssertionError, match="wrong_status"):
            river.root(DismissKeeper(river.numbers["Bob"]))

    def test_a_keeper_who_could_set_anothers_pin_would_be_two(self, three: Village) -> None:
        kofi = three.numbers["Kofi"]
        answer = refused(three.hub.reset_pin(kofi, "9641", three.signers["Kira"]))
        assert answer.code is Code.STILL_KEEPER
        two(three, "Kira", "Lena", dismissal(three, "Kofi"))
        assert not isinstance(three.hub.reset_pin(kofi, "9641", three.signers["Kira"]), Refusal)
        three.root(AppointKeeper(kofi))


class TestGuardedRules:
    @pytest.mark.parametrize(
        "change",
        [
            *({"commons_two": 10**6}, {"commons_two": 1}, {"commons_low": -1}, {"vouchers": 1}),
            *({"low": -(10**9)}, {"high_business": 1}, {"levy_rate": 100}, {"trunk_low": -1}),
        ],
    )
    def test_with_others_there_one_keeper_changes_none(self, three: Village, change: dict[str, int]) -> None:
        answer = refused(three.ask("Kira", ChangeRules("credit", change, "so")))
        assert (answer.code, answer.actions) == (Code.NEEDS_TWO, (Action.PROPOSE,))
        two(three, "Kira", "Kofi", rules(**change))
        now = three.hub.rules().credit
        assert {name: getattr(now, name) for name in change} == change
        verify(three.hub.store)

    def test_nor_how_care_is_paid(self, three: Village) -> None:
        generous = dict.fromkeys(CARE_CATEGORIES, 10**6)
        for change in ({"rates": generous}, {"quorum": 1}, {"longest_minutes": 24 * 60}):
            assert refused(three.ask("Kira", ChangeRules("care", change, "so"))).code is Code.NEEDS_TWO
        two(three, "Kira", "Kofi", Propose("change_rules", CARE_OF_THREE, "assembly"))
        assert three.hub.rules().care.quorum == 3
        verify(three.hub.store)

    def test_a_keepers_own_limit_does_not_follow_what_one_alone_decides(self, three: Village) -> None:
        assert isinstance(three.ask("Kira", ChangeRules("credit", {"low": -(10**9)}, "so")), Refusal)
        three.pay("Kira", "Alice", 1200)
        more = Pay(three.numbers["Kira"], three.numbers["Alice"], Amount(1), again=True)
        assert refused(three.ask("Kira", more)).code is Code.PAYER_LIMIT

    def test_the_new_floor_holds_at_once(self, three: Village) -> None:
        two(three, "Kira", "Kofi", rules(commons_low=-100))
        assert refused(three.ask("Kira", from_commons(three, "Bob", 101))).code is Code.COMMONS_FLOOR

    def test_other_rules_and_the_value_that_holds_already_need_one(self, three: Village) -> None:
        three.do("Kira", ChangeRules("credit", {"request_days": 7, "low": -1200, "commons_two": 500}, "so"))

    def test_a_lone_keeper_lowers_what_one_pays_alone_and_never_raises_it(self, river: Village) -> None:
        river.do("Kira", ChangeRules("credit", {"commons_two": 100, "commons_low": -5000}, "so"))
        answer = refused(river.ask("Kira", ChangeRules("credit", {"commons_two": 101}, "so")))
        assert (answer.code, answer.numbers) == (Code.NO_SECOND, {"keepers": 1})


@pytest.mark.parametrize("what", ["payment", "clearing"])
def test_a_lone_keeper_reads_that_a_second_is_missing(river: Village, what: str) -> None:
    river.pay("Bob", "Alice", 900)
    proposal = clearing(river, "Bob") if what == "clearing" else payment(river, "Alice", 900)
    answer = refused(river.ask("Kira", proposal))
    assert (answer.code, answer.numbers) == (Code.NO_SECOND, {"keepers": 1})


def test_a_keeper_who_leaves_by_the_own_wish_is_no_second_any_more(three: Village) -> None:
    proposal = propose(three, "Kira", payment(three, "Bob", 900))
    three.do("Kofi", Leave(three.numbers["Kofi"]))
    assert isinstance(three.ask("Kofi", Agree(proposal)), Refusal)


def test_everybody_reads_which_rules_two_keepers_changed_and_from_what(three: Village) -> None:
    done = two(three, "Kira", "Kofi", Propose("change_rules", CARE_OF_THREE, "assembly"))
    with three.hub.reading() as tx:
        read, _older = desk.log(tx, concerning=three.numbers["Dina"])
        before = rules_before(tx, "care", done.entry)
        after = rules_before(tx, "care", done.entry + 1)
    assert done.entry in [line.entry for line in read]
    assert (before["quorum"], after["quorum"]) == (2, 3)


class TestLimitsBeyondAnyKind:
    """Or one keeper alone could give a friend without end what two are needed to pay from the commons."""

    def limits(self, river: Village, name: str) -> tuple[int | None, int | None]:
        with river.hub.reading() as tx:
            row = tx.get(AccountRow, number=river.numbers[name])
        assert row is not None
        return row.low, row.high

    def test_one_keeper_alone_goes_as_far_as_the_widest_kind_and_two_go_further(self, river: Village) -> None:
        appoint(river, "Kofi")
        dina = river.numbers["Dina"]
        river.do("Kira", SetLimits(dina, -5000, 10000, "runs the mill"))
        for low, high in ((-5001, 10000), (-5000, 10001), (None, 0), (0, None)):
            refused = river.ask("Kira", SetLimits(dina, low, high, "more"))
            assert isinstance(refused, Refusal)
            assert refused.code is Code.NEEDS_TWO
        assert self.limits(river, "Dina") == (-5000, 10000)
        terms = {"account": dina, "low": -9000, "high": None, "until": None}
        two(river, "Kira", "Kofi", Propose(seconds.LIMITS, terms, "the mill burned down"))
        assert self.limits(river, "Dina") == (-9000, None)
        # What two have given one keeper may keep, and narrow, and not widen.
        river.do("Kira", SetLimits(dina, -9000, 20000, "less is enough"))
        assert isinstance(river.ask("Kira", SetLimits(dina, -9000, 20001, "more again")), Refusal)
        verify(river.hub.store)

    def test_what_two_gave_for_a_while_one_does_not_give_for_good(self, river: Village) -> None:
        appoint(river, "Kofi")
        dina, soon = river.numbers["Dina"], river.clock.now().ms + 86_400_000
        terms = {"account": dina, "low": -9000, "high": 0, "until": soon}
        two(river, "Kira", "Kofi", Propose(seconds.LIMITS, terms, "the mill burned down"))
        for until in (None, soon + 1):
            assert isinstance(river.ask("Kira", SetLimits(dina, -9000, 0, "longer", until)), Refusal)
        river.do("Kira", SetLimits(dina, -9000, 0, "not longer", soon - 1))
        verify(river.hub.store)

    def test_a_lone_keeper_does_it_alone_with_a_reason(self, river: Village) -> None:
        river.do("Kira", SetLimits(river.numbers["Dina"], -9000, None, "there is nobody else"))
        assert self.limits(river, "Dina") == (-9000, None)

    def test_no_keeper_has_a_part_in_it_nor_is_it_for_the_commons(self, river: Village) -> None:
        appoint(river, "Kofi")
        kofi = river.numbers["Kofi"]
        own = Propose(seconds.LIMITS, {"account": kofi, "low": -9000, "high": 0, "until": None}, "for me")
        assert isinstance(river.ask("Kofi", own), Refusal)
        assert isinstance(river.ask("Kira", own), Refusal), "there is no second without a part in it"
        past = {"account": river.numbers["Dina"], "low": -9000, "high": 0, "until": 5}
        assert isinstance(river.ask("Kira", Propose(seconds.LIMITS, past, "over already")), Refusal)
