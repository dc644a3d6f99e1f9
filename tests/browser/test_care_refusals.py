"""Each rule of care as people meet it on a phone without script: who cannot confirm, what waits, what cannot be claimed."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.ledger.book.command import Receipt
from appliance.ledger.care.objections import ObjectClaim
from appliance.ledger.care.states import DAY_MS
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.people.grants import EndGrant
from appliance.ledger.tend import tend
from appliance.ledger.values import RecordId
from tests.browser.conftest import Phone
from tests.ledger.care.caring import claim, commons, cosign, let_in, live_together
from tests.support.village import PIN, Village, a_village

pytestmark = pytest.mark.browser
Phones = Callable[..., Phone]

PLAIN: dict[str, Any] = {"quorum": 2, "longest_minutes": 480}
STRICT: dict[str, Any] = {
    "household": True,
    "household_days": 30,
    "pair_most": 300,
    "signer_most": 4,
    "caps": {"elder": 300},
    "carer_most": 700,
    "object_days": 14,
}
RING: dict[str, Any] = {"ring_share": 60, "ring_people": 3, "ring_days": 20}


class Claims(dict[str, str]):
    """Codes of claims by what they are for."""

    def add(self, name: str, made: Receipt) -> Receipt:
        self[name] = str(made.outcome["code"])
        return made


CLAIMS = Claims()


@pytest.fixture
def village(tmp_path: Path) -> Iterator[Village]:
    """River with a claim for each rule, as it is just before somebody meets the rule."""
    with a_village(tmp_path / "river", care=PLAIN) as river:
        river.clock.set(int(time.time() * 1000) - 9 * DAY_MS)
        let_in(river, "Emma", "Farid")
        rule(river, expire_days=7)
        CLAIMS.add("expired", claim(river, "Emma"))
        rule(river, expire_days=0)
        river.clock.set(int(time.time() * 1000))
        _of_signers(river)
        _that_wait(river)
        assert tend(river.hub) == 1
        river.hub.close()
        yield river


def rule(river: Village, **changes: Any) -> None:
    river.do("Kira", ChangeRules("care", changes, "assembly of May"))


def _of_signers(river: Village) -> None:
    live_together(river, "Dina", "Alice")
    river.do("Alice", EndGrant(river.numbers["Dina"], river.numbers["Alice"]))
    live_together(river, "Bob", "Emma")
    CLAIMS.add("parted", claim(river, "Dina", 30, 20))
    cosign(river, CLAIMS.add("signed by Bob", claim(river, "Dina", 30, 21)), "Bob")
    CLAIMS.add("of Bob", claim(river, "Bob", 30, 20))
    cosign(river, claim(river, "Dina", 180, 22, category="sick"), "Chandra")
    CLAIMS.add("too much for Chandra", claim(river, "Dina", 60, 23))
    for ago in range(4):
        cosign(river, claim(river, "Chandra", 15, ago), "Farid")
    CLAIMS.add("too often for Farid", claim(river, "Alice", 15, 5))
    CLAIMS.add("changed", claim(river, "Farid", 15, 6))


def _that_wait(river: Village) -> None:
    asked = {"whom": "Alice"}
    rule(river, need_recipient=True, quorum=1)
    cosign(river, CLAIMS.add("recipient", claim(river, "Farid", 15, 1, **asked)), "Kira")
    cosign(river, CLAIMS.add("stands in", claim(river, "Farid", 15, 2)), "Chandra")
    rule(river, need_recipient=False, need_keeper=True)
    cosign(river, CLAIMS.add("keeper", claim(river, "Farid", 15, 3)), "Chandra")
    rule(river, need_keeper=False, **RING)
    for ago in (40, 41):
        for carer, signer in (("Farid", "Alice"), ("Alice", "Farid")):
            cosign(river, CLAIMS.add(f"ring of {carer}", claim(river, carer, 15, ago)), signer)
    rule(river, ring_share=0, cool_above=100, cool_days=3)
    cosign(river, CLAIMS.add("large", claim(river, "Emma", 120, 1)), "Kira")
    rule(river, cool_days=0, budget=10 - commons(river))
    objected = CLAIMS.add("objected", claim(river, "Emma", 30, 2))
    cosign(river, objected, "Kira")
    rule(river, object_days=14)
    river.do("Dina", ObjectClaim(RecordId(objected.record), "she was with me"))
    cosign(river, CLAIMS.add("budget", claim(river, "Emma", 30, 3)), "Kira")
    river.do("Kira", SetLimits(river.numbers["Chandra"], -100, 0, "as she asked"))
    cosign(river, CLAIMS.add("limit", claim(river, "Chandra", 1, 9)), "Kira")
    rule(river, quorum=2, **STRICT, **RING)


CANNOT_CONFIRM = (
    ("Alice", "parted", "You share an account with the one who cared, so you are one household."),
    ("Emma", "of Bob", "You share an account with the one who cared, so you are one household."),
    ("Emma", "signed by Bob", "Somebody of your household has confirmed this."),
    ("Chandra", "too much for Chandra", "to one person on the word of the same other person"),
    ("Farid", "too often for Farid", "One person confirms care at most 4 times within 30 days."),
)
WAITS = (
    ("Farid", "recipient", "Alice, who was cared for, must still confirm."),
    ("Farid", "stands in", "A keeper must still confirm, for who was cared for and cannot."),
    ("Farid", "keeper", "A keeper must still confirm."),
    ("Farid", "ring of Farid", "Here a few people confirm mostly for each other."),
    ("Emma", "large", "This is a large amount, so it waits some days before it is paid."),
    ("Emma", "objected", "Somebody has objected. It waits until a keeper has looked into it."),
    ("Emma", "budget", "The commons has paid what it pays for care in thirty days."),
    ("Emma", "expired", "Too few confirmed this in time"),
    ("Chandra", "limit", "The account has no room for it now."),
)
CANNOT_CLAIM: tuple[tuple[dict[str, str], str], ...] = (
    ({"hours": "9"}, "at most 8 hours"),
    ({"witness": "Dina"}, "You cannot confirm your own care."),
    ({"hours": "7", "category": "child"}, "is paid to one person for care"),
)


def test_each_rule_says_in_plain_words_why_not(phone: Phones, village: Village) -> None:
    phones: dict[str, Phone] = {}

    def of(name: str) -> Phone:
        phones[name] = phones.get(name) or phone(name)
        return phones[name]

    for name, what, words in CANNOT_CONFIRM:
        one = of(name)
        one.open(f"/C/{CLAIMS[what]}")
        one.type(pin=PIN)
        one.tap("Yes, I confirm this")
        one.page.locator("#why-not").wait_for()
        assert one.reads(words), (what, one.text())
    for name, what, words in WAITS:
        of(name).open(f"/C/{CLAIMS[what]}")
        assert of(name).reads(words), (what, of(name).text())
    dina = of("Dina")
    for typed, words in CANNOT_CLAIM:
        dina.open("/care/new")
        dina.page.check(f"[name=category][value={typed.get('category', 'elder')}]")
        dina.page.check("[name=day][value='0']")
        dina.type(cared_for="Tom", **{"hours": "1", **{n: t for n, t in typed.items() if n == "hours"}})
        if "witness" in typed:
            dina.page.locator("[name=witness]").first.fill(typed["witness"])
        dina.tap("Write it down")
        dina.page.locator("#why-not").wait_for()
        assert dina.reads(words), (typed, dina.text())
    _what_changed(of("Farid"), of("Bob"))


def _what_changed(farid: Phone, bob: Phone) -> None:
    """Somebody confirms what is not what they have read any more; and then once more."""
    address = f"/C/{CLAIMS['changed']}"
    bob.open(address)
    farid.open(address)
    farid.tap("Change it")
    farid.type(what="and cooked")
    farid.tap("Write it down")
    farid.page.get_by_text("Now others confirm it").wait_for()
    assert farid.reads("and cooked")
    bob.type(pin=PIN)
    bob.tap("Yes, I confirm this")
    bob.page.locator("#why-not").wait_for()
    assert bob.reads("has changed since you looked")
    assert bob.reads("and cooked")
    bob.type(pin=PIN)
    bob.tap("Yes, I confirm this")
    bob.page.get_by_text("Thank you").wait_for()
