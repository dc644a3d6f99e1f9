"""Proof of care: claimed by who gave it, confirmed by enough others, paid from the commons."""

import pytest

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.rules import Care
from appliance.ledger.book.schema import Claim, Transfer, Witness
from appliance.ledger.book.verify import verify
from appliance.ledger.care.claims import MOST_WITNESSES, ClaimCare, WithdrawClaim
from appliance.ledger.care.settling import Settle
from appliance.ledger.care.signing import Cosign, DeclineCosign
from appliance.ledger.care.states import DAY_MS
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.keys import KeySigner
from appliance.ledger.money import accounts
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.money.transfers import Pay
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.people.words import LONGEST_LINE, LONGEST_TEXT
from appliance.ledger.values import COMMONS, AccountNumber, Amount, RecordId, code_of
from tests.support.village import Village


def today(village: Village) -> int:
    return village.clock.now().ms // DAY_MS


def care(
    village: Village, carer: str = "Dina", minutes: int = 90, *witnesses: str, **also: object
) -> ClaimCare:
    asked = tuple(village.numbers[name] for name in witnesses)
    said = {"category": "elder", "day": today(village), "cared_for": "Old Tom", "what": "cooked", **also}
    return ClaimCare(carer=village.numbers[carer], minutes=minutes, witnesses=asked, **said)  # type: ignore[arg-type]


def row(village: Village, claim: Receipt) -> Claim:
    with village.hub.reading() as tx:
        found = tx.get(Claim, id=claim.record)
    assert found is not None
    return found


def witnesses(village: Village, claim: Receipt) -> dict[int, str]:
    with village.hub.reading() as tx:
        return {w.member: w.state for w in tx.rows(Witness.select().where(Witness.claim == claim.record))}


def sign(village: Village, claim: Receipt) -> Cosign:
    return Cosign(claim.record, bytes(row(village, claim).terms))


def confirm(village: Village, claim: Receipt, *names: str) -> None:
    for name in names:
        village.do(name, sign(village, claim))


def code(result: object) -> Code:
    assert isinstance(result, Refusal), result
    return result.code


def commons(village: Village) -> int:
    with village.hub.reading() as tx:
        found = accounts.get(tx, COMMONS)
    assert found is not None
    return found.balance


# ------------------------------------------------------------------------------------------------ the story


def test_dina_cares_two_confirm_the_commons_pays(river: Village) -> None:
    claim = river.do("Dina", care(river, "Dina", 90, "Alice", "Bob"))
    assert claim.outcome["code"] == code_of(claim.record)
    assert (claim.outcome["amount"], claim.outcome["quorum"]) == (150, 2)
    confirm(river, claim, "Alice")
    assert (row(river, claim).state, river.balance("Dina")) == ("open", 0)
    # Chandra was not asked, but was there: she confirms as well.
    confirm(river, claim, "Chandra")
    assert (row(river, claim).state, river.balance("Dina"), commons(river)) == ("paid", 150, -150)
    assert witnesses(river, claim) == {2: "signed", 3: "asked", 4: "signed"}
    with river.hub.reading() as tx:
        paid = tx.get(Transfer, claim=claim.record)
    assert paid is not None
    assert (paid.kind, paid.payer, paid.payee, paid.amount) == ("care", COMMONS, river.numbers["Dina"], 150)
    assert bytes(row(river, claim).transfer or b"") == bytes(paid.id)
    verify(river.hub.store)


def test_payment_and_last_signature_are_one_transaction(river: Village) -> None:
    claim = river.do("Dina", care(river))
    confirm(river, claim, "Alice")
    last = river.do("Bob", sign(river, claim))
    assert row(river, claim).closed_entry == last.entry + 1 == river.hub.head().number


def test_paid_care_may_be_given_back(river: Village) -> None:
    claim = river.do("Dina", care(river))
    confirm(river, claim, "Alice", "Bob")
    river.do("Dina", Reverse(RecordId(bytes(row(river, claim).transfer or b""))))
    assert (river.balance("Dina"), commons(river), row(river, claim).state) == (0, 0, "paid")


# ------------------------------------------------------------------------------------------------ claiming


@pytest.mark.parametrize(
    ("minutes", "code_"), [(0, Code.TIME_WRONG), (-5, Code.TIME_WRONG), (721, Code.TIME_WRONG)]
)
def test_minutes_have_bounds(river: Village, minutes: int, code_: Code) -> None:
    said = river.ask("Dina", care(river, "Dina", minutes))
    assert said == Refusal(code_, {"longest_minutes": 720}, (Action.TRY_AGAIN,))


def test_the_first_and_the_last_minute_count(river: Village) -> None:
    river.do("Dina", care(river, "Dina", 1))
    river.do("Dina", care(river, "Dina", 720, day=today(river) - 1))


def test_the_day_has_bounds(river: Village) -> None:
    now = today(river)
    for day in (now - 60, now, now + 1):  # the village's own midnight may come before that of UTC
        river.do("Dina", care(river, day=day))
    for day in (now - 61, now + 2, 0, -1, 10**9):
        said = river.ask("Dina", care(river, day=day))
        assert said == Refusal(Code.TIME_WRONG, {"days_back": 60}, (Action.TRY_AGAIN,))


@pytest.mark.parametrize(
    ("words", "code_"),
    [
        ({"cared_for": ""}, Code.TEXT_MISSING),
        ({"cared_for": " \t"}, Code.TEXT_MISSING),
        ({"cared_for": "x" * (LONGEST_LINE + 1)}, Code.TEXT_TOO_LONG),
        ({"what": "x" * (LONGEST_TEXT + 1)}, Code.TEXT_TOO_LONG),
        ({"category": "cooking"}, Code.UNKNOWN_CATEGORY),
    ],
)
def test_words_have_bounds(river: Village, words: dict[str, str], code_: Code) -> None:
    assert code(river.ask("Dina", care(river, **words))) is code_  # type: ignore[arg-type]


def test_nobody_claims_for_another(river: Village) -> None:
    for name in ("Alice", "Bob"):
        assert code(river.ask(name, care(river, "Dina"))) is Code.NOT_YOURS


def test_whom_one_can_ask_to_confirm(river: Village) -> None:
    emma = river.join("Emma")
    assert code(river.ask("Dina", care(river, "Dina", 90, "Dina"))) is Code.OWN_CLAIM
    assert code(river.ask("Dina", care(river, "Dina", 90, "Alice", "Alice"))) is Code.ALREADY_SIGNED
    assert river.ask("Dina", care(river, "Dina", 90, "Emma")) == Refusal(
        Code.UNKNOWN_ACCOUNT, {"number": emma}, (Action.CHECK_NUMBER,)
    )
    many = tuple(AccountNumber(n) for n in range(100, 101 + MOST_WITNESSES))
    crowd = ClaimCare(river.numbers["Dina"], "elder", 90, today(river), "Old Tom", witnesses=many)
    assert code(river.ask("Dina", crowd)) is Code.ALREADY_SIGNED


# ------------------------------------------------------------------------------------------------ confirming


def test_nobody_confirms_an_own_claim(river: Village) -> None:
    claim = river.do("Dina", care(river))
    assert code(river.ask("Dina", sign(river, claim))) is Code.OWN_CLAIM


def test_one_person_is_one_signature(river: Village) -> None:
    claim = river.do("Dina", care(river))
    confirm(river, claim, "Alice")
    assert river.ask("Alice", sign(river, claim)) == Refusal(
        Code.ALREADY_SIGNED, {}, (Action.SHOW, Action.HOME)
    )
    assert row(river, claim).state == "open"


def test_who_waits_for_approval_confirms_nothing(river: Village) -> None:
    river.join("Emma")
    claim = river.do("Dina", care(river))
    assert code(river.ask("Emma", sign(river, claim))) is Code.NOT_ACTIVE


def test_a_signature_covers_what_was_read(river: Village) -> None:
    one = river.do("Dina", care(river, "Dina", 90))
    other = river.do("Dina", care(river, "Dina", 600))
    swapped = Cosign(one.record, sign(river, other).terms)
    assert river.ask("Alice", swapped) == Refusal(Code.TERMS_CHANGED, {"amount": 150}, (Action.SHOW,))
    assert code(river.ask("Alice", Cosign(one.record, b""))) is Code.TERMS_CHANGED


def test_chandra_declines_and_then_remembers(river: Village) -> None:
    claim = river.do("Dina", care(river, "Dina", 90, "Chandra"))
    river.do("Chandra", DeclineCosign(claim.record))
    assert witnesses(river, claim) == {4: "declined"}
    assert code(river.ask("Chandra", DeclineCosign(claim.record))) is Code.NOT_YOURS
    confirm(river, claim, "Chandra", "Bob")
    assert row(river, claim).state == "paid"


def test_only_who_was_asked_and_has_not_signed_declines(river: Village) -> None:
    claim = river.do("Dina", care(river, "Dina", 90, "Chandra"))
    confirm(river, claim, "Chandra")
    for name in ("Chandra", "Bob", "Dina", "Kira"):
        assert code(river.ask(name, DeclineCosign(claim.record))) is Code.NOT_YOURS


def test_what_is_closed_stays_closed(river: Village) -> None:
    paid, withdrawn = river.do("Dina", care(river)), river.do("Dina", care(river, "Dina", 60, "Chandra"))
    confirm(river, paid, "Alice", "Bob")
    river.do("Dina", WithdrawClaim(withdrawn.record))
    for claim in (paid, withdrawn):
        assert code(river.ask("Chandra", sign(river, claim))) is Code.CLAIM_CLOSED
        assert code(river.ask("Chandra", DeclineCosign(claim.record))) is Code.CLAIM_CLOSED
        assert code(river.ask("Dina", WithdrawClaim(claim.record))) is Code.CLAIM_CLOSED
    assert commons(river) == -150


def test_only_the_carer_withdraws(river: Village) -> None:
    claim = river.do("Dina", care(river))
    for name in ("Alice", "Kira"):
        assert code(river.ask(name, WithdrawClaim(claim.record))) is Code.NOT_YOURS
    nowhere = RecordId(bytes(16))
    for asked in (WithdrawClaim(nowhere), Cosign(nowhere, b""), DeclineCosign(nowhere)):
        assert code(river.ask("Alice", asked)) is Code.UNKNOWN_CLAIM


def test_nobody_settles_but_the_hub(river: Village) -> None:
    claim = river.do("Dina", care(river))
    for name in ("Dina", "Kira"):
        assert code(river.ask(name, Settle(claim.record))) is Code.NOT_YOURS
    forged = KeySigner("hub:quorum", river.signers["Dina"].seed())
    assert code(river.hub.submit(Settle(claim.record), forged)) is Code.NOT_YOURS


def test_the_quorum_is_that_of_the_day_of_the_claim(river: Village) -> None:
    claim = river.do("Dina", care(river))
    river.do("Kira", ChangeRules("care", {"quorum": 1}, "we are few"))
    confirm(river, claim, "Alice")
    assert row(river, claim).state == "open"
    quick = river.do("Dina", care(river, "Dina", 60))
    confirm(river, quick, "Alice")
    assert row(river, quick).state == "paid"


def test_care_that_is_worth_nothing_is_closed_without_a_transfer(river: Village) -> None:
    rates = dict(river.hub.rules().care.rates, company=0)
    river.do("Kira", ChangeRules("care", {"rates": rates}, "company is its own reward"))
    claim = river.do("Dina", care(river, category="company"))
    confirm(river, claim, "Alice", "Bob")
    assert (row(river, claim).state, row(river, claim).transfer, river.balance("Dina")) == ("paid", None, 0)
    verify(river.hub.store)


# ------------------------------------------------------------------------------------------------ waiting


def test_the_floor_of_the_commons_makes_it_wait_and_the_oldest_is_paid_first(river: Village) -> None:
    river.do("Kira", ChangeRules("credit", {"commons_low": 0}, "poor year"))
    claims = [river.do(name, care(river, name, 60)) for name in ("Dina", "Chandra", "Dina")]
    # Confirmed in another order than claimed.
    for claim in reversed(claims):
        confirm(river, claim, "Alice", "Bob")
    assert [row(river, claim).state for claim in claims] == ["confirmed"] * 3
    river.do("Kira", Pay(river.numbers["Kira"], COMMONS, Amount(150)))
    assert [row(river, claim).state for claim in claims] == ["paid", "confirmed", "confirmed"]
    river.do("Kira", Pay(river.numbers["Kira"], COMMONS, Amount(150), again=True))
    assert [row(river, claim).state for claim in claims] == ["paid"] * 3
    assert (river.balance("Dina"), river.balance("Chandra"), commons(river)) == (200, 100, 0)
    verify(river.hub.store)


def test_a_carer_at_the_limit_waits_and_the_others_do_not(river: Village) -> None:
    river.do("Kira", SetLimits(river.numbers["Dina"], -100, 99, "small account"))
    dina, chandra = river.do("Dina", care(river, "Dina", 60)), river.do("Chandra", care(river, "Chandra", 60))
    for claim in (dina, chandra):
        confirm(river, claim, "Alice", "Bob")
    assert (row(river, dina).state, row(river, chandra).state) == ("confirmed", "paid")
    river.pay("Dina", "Bob", 1)
    assert river.balance("Dina") == 99


def test_a_confirmed_claim_that_waits_may_be_withdrawn(river: Village) -> None:
    river.do("Kira", ChangeRules("credit", {"commons_low": 0}, "poor year"))
    claim = river.do("Dina", care(river))
    confirm(river, claim, "Alice", "Bob")
    assert code(river.ask("Chandra", sign(river, claim))) is Code.CLAIM_CLOSED
    river.do("Dina", WithdrawClaim(claim.record))
    river.do("Kira", Pay(river.numbers["Kira"], COMMONS, Amount(500)))
    assert row(river, claim).state == "withdrawn"


# ------------------------------------------------------------------------------------------------ rounding


@pytest.mark.parametrize(
    ("rate", "minutes", "amount"),
    [
        (100, 60, 100),
        (100, 90, 150),
        (100, 1, 2),  # 1.67
        (100, 20, 33),  # 33.33
        (100, 40, 67),  # 66.67
        (1, 29, 0),
        (1, 30, 0),  # 0.5 to the even 0
        (1, 31, 1),
        (1, 90, 2),  # 1.5 to the even 2
        (1, 150, 2),  # 2.5 to the even 2
        (1, 210, 4),  # 3.5 to the even 4
        (5, 30, 2),  # 2.5
        (7, 30, 4),  # 3.5
        (0, 720, 0),
        (10**9, 1440, 24 * 10**9),
    ],
)
def test_a_half_is_rounded_to_the_even_one(rate: int, minutes: int, amount: int) -> None:
    rules = Care(rates=dict.fromkeys(Care().rates, rate))
    assert rules.pay_for("elder", minutes) == amount
