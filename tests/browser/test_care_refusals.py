"""Each rule of care as people meet it on a phone without script: who cannot confirm, what waits, what cannot be claimed.

Which walk shows what stands in `SHOWN`: rules by their names in `Care`, refusals by their codes, and what a claim waits
for by its name. A rule, a refusal or a wait that no walk shows, and a walk that does not show what it is down for, fails.
"""

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Final

import pytest

from appliance.ledger.book.rules import Care
from appliance.ledger.care.states import DAY_MS
from appliance.ledger.clock import TRIAL
from appliance.web.wording.care_words import WAITS
from tests.browser import care_refusals
from tests.browser.care_refusals import Claims
from tests.browser.conftest import Phone
from tests.support.portal import Portal
from tests.support.village import PIN, Village

pytestmark = pytest.mark.browser
Phones = Callable[..., Phone]
DaysPass = Callable[[Portal, int], None]
Shows = Callable[[Phone, str, str], None]

SHOWN: Final[dict[str, str]] = {
    "test_whose_word_does_not_count": (
        "same_household household household_days household_signed pair_cap pair_most period_days signer_cap signer_most"
        " party own_claim already_signed terms_changed claim_signed claim_closed claim_expired expire_days unknown_claim"
    ),
    "test_what_cannot_be_written_down": (
        "time_wrong longest_minutes days_back care_day_full care_cap caps carer_cap carer_most own_claim sheet_closed"
    ),
    "test_what_a_claim_waits_for": (
        "people quorum quorum_missing recipient need_recipient helper_stands_in stands_in keeper need_keeper"
        " ring ring_share ring_people ring_days tangled"
        " objected care_objected cooling care_cooling cool_above cool_days budget care_budget"
        " floor commons_floor queue limit beyond_limit"
    ),
    "test_saying_that_it_is_not_right": (
        "object_days not_objectable already_objected not_objected party hub_not_admitted"
    ),
}
ELSEWHERE: Final = {
    "far_most": "a word of another village: test_care_week_apart",
    "rates": "nobody is refused by what an hour is paid",
}
DOCS: Final = Path(__file__).resolve().parents[2] / "docs" / "refusals.md"


@pytest.fixture
def claims() -> Claims:
    return Claims()


@pytest.fixture
def village(tmp_path: Path, claims: Claims) -> Village:
    """River as it is just before somebody meets each of the rules."""
    made, codes = care_refusals.copied(tmp_path / "river")
    claims.update(codes)
    return made


@pytest.fixture
def days_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Portal, int], None]:
    """``days_pass(portal, 3)``: the box is off for three days. Asked for before any phone: the portal starts with it."""
    clocks = tmp_path / "clocks.json"

    def say(days: int) -> None:
        said = {"shift_ms": days * DAY_MS, "synchronised": True, "boot": f"boot after {days}"}
        clocks.write_text(json.dumps(said), "utf-8")

    def off(portal: Portal, days: int) -> None:
        # What waits gets its whole time where a clock only jumps, so the days must pass.
        portal.kill()
        say(days)
        portal.start()

    say(0)
    monkeypatch.setenv(TRIAL, str(clocks))
    return off


@pytest.fixture
def shows(request: pytest.FixtureRequest) -> Iterator[Shows]:
    """``shows(phone, words, "a b")``: the page says these words, which is how people meet *a* and *b*."""
    seen: set[str] = set()
    failed = request.session.testsfailed

    def check(phone: Phone, words: str, what: str) -> None:
        phone.page.get_by_text(re.compile(re.escape(words[:40]).replace("\\ ", r"\s+"))).first.wait_for()
        assert phone.reads(words), phone.text()
        seen.update(what.split())

    yield check
    if request.session.testsfailed == failed:
        assert seen == set(SHOWN[request.node.originalname].split())


@pytest.fixture
def of(phone: Phones) -> Callable[[str], Phone]:
    """``of("Bob")``: Bob's phone, the same one each time."""
    phones: dict[str, Phone] = {}

    def get(name: str) -> Phone:
        phones[name] = phones.get(name) or phone(name)
        return phones[name]

    return get


def another_tab(phone: Phone) -> Phone:
    """The same page once more in the same browser."""
    other = Phone(phone.page.context.new_page(), phone.portal)
    other.open(phone.page.url)
    return other


def confirm(phone: Phone) -> None:
    phone.type(pin=PIN)
    phone.tap("Yes, I confirm this")


def test_every_rule_every_refusal_and_every_wait_has_its_walk() -> None:
    shown = {what for row in SHOWN.values() for what in row.split()} | set(ELSEWHERE)
    section = DOCS.read_text("utf-8").split("### Care\n")[1].split("###")[0]
    codes = set(re.findall(r"^\| `(\w+)`", section, re.MULTILINE))
    rules = {field.name for field in fields(Care)}
    assert len(codes) > 20
    assert (codes | rules | set(WAITS)) - shown == set()
    assert set(SHOWN) <= set(globals())


def test_whose_word_does_not_count(
    days_pass: DaysPass,
    of: Callable[[str], Phone],
    village: Village,
    claims: Claims,
    shows: Shows,
) -> None:
    one_household = (
        "You share an account with the one who cared, or did until lately, so you are one household."
    )
    for name, what, words, rules in (
        ("Alice", "parted", one_household, "household_days"),
        ("Emma", "of Bob", one_household, "same_household household"),
        ("Emma", "signed by Bob", "Somebody of your household has confirmed this.", "household_signed"),
        (
            "Chandra",
            "too much for Chandra",
            "to one person on the word of the same other person",
            "pair_cap pair_most period_days",
        ),
        (
            "Farid",
            "too often for Farid",
            "One person confirms care at most 4 times within 30 days.",
            "signer_cap signer_most",
        ),
    ):
        of(name).open(f"/C/{claims[what]}")
        shows(of(name), words, rules)
        assert of(name).page.locator("form[action$='/confirm']").count() == 0, "no PIN is typed for nothing"
    kira = of("Kira")
    kira.open(f"/C/{claims['from paper']}")
    shows(kira, "You wrote this down from paper, so you do not confirm it yourself.", "party")
    assert kira.page.locator("form[action$='/confirm']").count() == 0
    of("Farid").open(f"/C/{claims['changed']}")
    shows(of("Farid"), "Now others confirm it", "own_claim")
    assert of("Farid").page.locator("form[action$='/confirm']").count() == 0
    _what_changed(of("Farid"), of("Bob"), f"/C/{claims['changed']}", shows)
    _what_is_over(of("Farid"), of("Bob"), claims, shows, days_pass)


def _what_changed(farid: Phone, bob: Phone, address: str, shows: Shows) -> None:
    """Somebody confirms what is not what they have read any more; and then it cannot be changed, nor confirmed again."""
    bob.open(address)
    farid.open(address)
    farid.tap("Change it")
    later = another_tab(farid)
    farid.type(what="and cooked")
    farid.tap("Write it down")
    farid.page.get_by_text("Now others confirm it").wait_for()
    assert farid.reads("and cooked")
    confirm(bob)
    shows(bob, "has changed since you looked", "terms_changed")
    assert bob.reads("and cooked")
    again = another_tab(bob)
    again.open(address)
    confirm(bob)
    bob.page.get_by_text("Thank you").wait_for()
    confirm(again)
    shows(again, "1 of 2 have confirmed.", "already_signed")
    assert again.reads("Thank you"), "it is done, and counts once"
    later.type(what="and washed")
    later.tap("Write it down")
    shows(later, "Somebody has confirmed this already, so it cannot be changed.", "claim_signed")


def _what_is_over(farid: Phone, bob: Phone, claims: Claims, shows: Shows, days_pass: DaysPass) -> None:
    """It was taken back, or its time was over, while somebody had the page open."""
    bob.open(f"/C/{claims['taken back']}")
    farid.open(f"/C/{claims['taken back']}")
    farid.tap("Take it back")
    farid.page.get_by_text("You took this back").wait_for()
    confirm(bob)
    shows(bob, "has already been confirmed, paid or taken back.", "claim_closed")
    farid.open(f"/C/{claims['expired']}")
    bob.open("/care/code")
    bob.type(code="AAAA AAAA")
    bob.tap("Show it to me")
    shows(bob, "There is no care with this code.", "unknown_claim")
    bob.open(f"/C/{claims['late']}")
    shows(bob, "Then it is over.", "expire_days")
    days_pass(bob.portal, 2)
    confirm(bob)
    shows(bob, "The time in which this could be confirmed is over.", "claim_expired")


def write(phone: Phone, date: str = "", kind: str = "elder", **typed: str) -> None:
    """Write care down; ``date`` as people type it where a phone has no calendar to tap."""
    phone.open("/care/new")
    phone.page.check(f"[name=category][value={kind}]")
    # Neither the browser's own checks nor its calendar are there.
    phone.page.locator("#f-date").evaluate("it => { it.type = 'text'; it.min = it.max = ''; }")
    phone.type(**({"hours": "1", "cared_for": "Tom", "date": date} | typed))
    phone.tap("Write it down")
    phone.page.locator(".why-not").wait_for()


def test_what_cannot_be_written_down(
    of: Callable[[str], Phone], village: Village, claims: Claims, shows: Shows
) -> None:
    dina, alice = of("Dina"), of("Alice")
    days_ago = [time.strftime("%d.%m.%Y", time.gmtime(time.time() - ago * 86400)) for ago in range(70)]
    too_old = "The day must not be in the future, and at most 60 days ago."
    for phone, typed, words, rules in (
        (dina, {"hours": "9"}, "at most 8 hours", "time_wrong longest_minutes"),
        (dina, {"date": days_ago[65]}, too_old, "days_back"),
        (dina, {"date": "last week"}, "This is no date. Type it in digits", "time_wrong"),
        (dina, {"begun": "8:30"}, "Type both: from when and to when.", "time_wrong"),
        (dina, {"recipient": "Dina", "cared_for": ""}, "cannot be the same person.", "own_claim"),
        (dina, {"date": days_ago[22], "hours": "6"}, "For this day 5 hours are left.", "care_day_full"),
        (dina, {"hours": "7", "kind": "child"}, "is paid to one person for care", "carer_cap carer_most"),
        (alice, {"date": days_ago[25]}, "at most 3.00 h is paid for one day", "care_cap caps"),
    ):
        write(phone, **typed)
        shows(phone, words, rules)
        assert phone.page.locator("#f-hours").input_value() == typed.get("hours", "1"), "nothing is lost"
    dina.open("/care/new")
    dina.page.check("[name=category][value=elder]")
    dina.type(hours="1", cared_for="Tom")
    dina.page.locator("[name=witness]").first.fill("Dina")
    dina.tap("Write it down")
    shows(dina, "Nobody confirms their own care. Name others who were there.", "own_claim")
    _twice_the_same_sheet(alice, shows)


def _twice_the_same_sheet(alice: Phone, shows: Shows) -> None:
    """A sheet that is open in two tabs is written down in one; with more days ticked the other one is too late."""
    alice.open("/care/week")
    alice.page.check("[name=category][value=child]")
    alice.type(hours="0", rest="15", cared_for="Mia")
    alice.tap("Keep it for later")
    alice.page.locator("a[href*='draft=']").first.click()
    alice.page.get_by_text("On which days?").wait_for()
    other = another_tab(alice)
    alice.page.locator("[name=on]").first.check()
    alice.tap("Write it down")
    alice.page.get_by_text("Now others confirm it").wait_for()
    for box in other.page.locator("[name=on]").all()[:2]:
        box.check()
    other.tap("Write it down")
    shows(other, "This sheet is written down already. What is missing goes on a new one.", "sheet_closed")


def test_what_a_claim_waits_for(
    of: Callable[[str], Phone], village: Village, claims: Claims, shows: Shows
) -> None:
    after = "is paid first. Then it is the turn of this."
    for name, what, words, rules in (
        ("Farid", "changed", "2 more people must confirm.", "people quorum quorum_missing"),
        (
            "Farid",
            "recipient",
            "Alice, who was cared for, must still confirm.",
            "recipient need_recipient helper_stands_in",
        ),
        ("Farid", "stands in", "A keeper must still confirm, for who was cared for and cannot.", "stands_in"),
        ("Farid", "keeper", "A keeper must still confirm.", "keeper need_keeper"),
        (
            "Farid",
            "ring of Farid",
            "Here a few people confirm mostly for each other.",
            "ring ring_share ring_people ring_days",
        ),
        ("Kira", "tangle", "it cannot be seen whether a few confirm mostly for each other.", "tangled"),
        (
            "Emma",
            "large",
            "This is a large amount, so it waits some days before it is paid.",
            "cooling care_cooling cool_above",
        ),
        ("Emma", "large", "It is paid on", "cool_days"),
        (
            "Emma",
            "objected",
            "Somebody has objected. It waits until a keeper has looked into it.",
            "objected care_objected",
        ),
        (
            "Emma",
            "budget",
            "The commons has paid what it pays for care in thirty days.",
            "budget care_budget",
        ),
        ("Emma", "floor", "The commons has not enough left for it now.", "floor commons_floor"),
        ("Emma", "queue", after, "queue"),
        ("Chandra", "limit", "The account has no room for it now.", "limit"),
        ("Chandra", "limit", "Give some of it away, and this is paid.", "beyond_limit"),
    ):
        of(name).open(f"/C/{claims[what]}")
        shows(of(name), words, rules)
    of("Emma").open(f"/C/{claims['expired']}")
    assert of("Emma").reads("Too few confirmed this in time")
    of("Kira").open("/care/rules")
    assert of("Kira").reads("a keeper who is none of them must confirm too")


def test_saying_that_it_is_not_right(
    phone: Phones,
    days_pass: DaysPass,
    of: Callable[[str], Phone],
    village: Village,
    claims: Claims,
    shows: Shows,
) -> None:
    emma, farid = of("Emma"), of("Farid")
    emma.open(f"/C/{claims['paid']}/proof")
    shows(emma, "There is no proof yet: this hub has not been admitted", "hub_not_admitted")
    farid.open(f"/C/{claims['paid']}/object")
    other, much_later = another_tab(farid), another_tab(of("Dina"))
    much_later.open(f"/C/{claims['paid']}/object")
    for tab in (farid, other, much_later):
        tab.type(reason="Emma was with me that day")
    farid.tap("Tell the keepers")
    farid.page.get_by_text("Somebody says that this is not right.").wait_for()
    other.tap("Tell the keepers")
    shows(other, "Somebody has objected already, or you have before.", "already_objected")

    desk = phone("Kira", desk=True)
    desk.open(f"/desk/objections/{claims['objected']}")  # care that she confirmed
    shows(desk, "You have a part in this yourself, so another keeper must answer.", "party")
    desk.open(f"/desk/objections/{claims['paid']}")
    late = another_tab(desk)
    for tab in (desk, late):
        tab.type(reason="We asked all three")
    desk.tap("It is right: it stands")
    desk.page.get_by_text("This is ended.").wait_for()
    late.tap("It is right: it stands")
    shows(late, "Nobody objects to this now: it was ended or taken back.", "not_objected")

    days_pass(farid.portal, 3)
    much_later.tap("Tell the keepers")
    much_later.page.get_by_text("Please type your PIN to do this.").wait_for()
    much_later.type(pin=PIN)
    much_later.tap("Tell the keepers")
    shows(much_later, "until 2 days after it was paid.", "object_days not_objectable")
