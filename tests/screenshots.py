"""`make screenshots`: every kind of page of a fresh sample village, as a cheap phone without script shows it.

Starts ``hub serve`` on a village of its own, walks through the pages as Alice, Bob, Dina, Kira, the newcomer and a
stranger, and takes a picture of each: 360x640, script off. Then the pages between villages, of River and Hill, whose post
is carried by hand. The few that the documentation shows go to docs/images/, all of them to --to (default
build/screenshots, which git ignores). Prints a table of page, status and bytes, and fails when a page with its style
sheet is over 30 KB, or when one has another status than it should.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, Response, TimeoutError, sync_playwright  # noqa: A004

from appliance.demo import PIN, prepare
from appliance.demo.village import ALICE, BOB, DINA, KIRA
from appliance.ledger.clock import SystemClock
from appliance.ledger.hub import Hub
from appliance.ledger.keys import KdfCost
from appliance.ledger.reads import desk, listings, member
from appliance.ledger.values import Account, AccountNumber
from tests import screenshots_between as between
from tests import screenshots_care as caring
from tests import screenshots_files as files
from tests import screenshots_grants as grants
from tests import screenshots_life as life
from tests import screenshots_market as trade
from tests import screenshots_slips as slips
from tests import screenshots_splits as splits
from tests import screenshots_talks as talked
from tests import screenshots_trouble as trouble
from tests import screenshots_two as seconds
from tests.support.chromium import launch
from tests.support.pictures import (
    FORBIDDEN,
    MISSING,
    REFUSED,
    Shot,
    Taken,
    Visitors,
    at,
    click,
    paid,
    sent,
    serving,
    take,
    tapped,
    wrong_pin,
)
from tests.support.two_villages import HILL, RIVER, TwoVillages, two_villages

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
IN_THE_DOCS = ("home", "pay_check", "claim_confirm", "between_on_way")


def shots(data: Path) -> list[Shot]:
    """Every kind of page, with what the village in ``data`` has for it."""
    hub = Hub.open(data)
    try:
        with hub.reading() as tx:
            alice, bob = member.home(tx, ALICE), member.home(tx, BOB)
            newcomer = desk.account_lines(tx, "applied")[0].who.number
            last = max(line.who.number for line in desk.account_lines(tx))
            wants = [one for one in listings.listings_of(tx, BOB, ALICE) if one.kind == "want"]
            offer = next(one for one in listings.listings_of(tx, BOB, ALICE) if one.kind == "offer")
        emma = Account(hub.number, AccountNumber(last + 1))  # who will be taken in at the desk
        to_bob = f"/P/{Account(hub.number, BOB).compact}"
    finally:
        hub.close()
    assert alice is not None
    assert bob is not None
    bobs = next(one for one in alice.to_pay if one.payee.number == BOB)
    other = next(one for one in alice.to_pay if one.payee.number != BOB)
    open_to_all = next(one for one in alice.asked if one.payer is None)
    dinas = next(one for one in alice.to_confirm if one.carer.number == DINA)
    return [
        # a stranger, a newcomer
        Shot("welcome", None, at("/")),
        Shot("languages", None, at("/languages")),
        Shot("join", None, at("/join")),
        Shot("join_refused", None, sent("/join", name="Moses", pin="1234", pin2="1234"), REFUSED),
        Shot("signin", None, at("/signin")),
        Shot("signin_wrong", None, sent("/signin", number="4-9", pin="8642"), REFUSED),
        Shot("keepers", None, at("/keepers")),
        Shot("missing", None, at("/nowhere"), MISSING),
        Shot("waiting", newcomer, at("/")),
        # Alice at home
        Shot("home", ALICE, at("/")),
        Shot("home_es", ALICE, at("/"), language="es"),
        Shot("statement", ALICE, at("/statement")),
        Shot("statements", ALICE, at("/statements")),
        Shot("statement_sheet", ALICE, at(f"/statements/{ALICE}")),
        Shot("statement_no_days", ALICE, at(f"/statements/{ALICE}?from=yesterday"), REFUSED),
        Shot("report", ALICE, at("/report")),
        Shot("report_open", ALICE, at("/report?open=1")),
        Shot("me", ALICE, at("/me")),
        Shot("my_qr", ALICE, at("/me/qr")),
        Shot("pin", ALICE, at("/me/pin")),
        Shot("forbidden", ALICE, at("/desk"), FORBIDDEN),
        # paying and asking
        Shot("pay_whom", ALICE, at("/pay")),
        Shot("pay_which", ALICE, at("/pay?to=a")),
        Shot("pay_nobody", ALICE, at("/pay?to=9999-1"), REFUSED),
        Shot("pay_amount", ALICE, at(to_bob)),
        Shot(
            "pay_check", ALICE, sent(to_bob, amount="1.25", category="repair", note="Bicycle, two punctures")
        ),
        Shot("pay_wrong_pin", ALICE, wrong_pin(to_bob, amount="1.25"), REFUSED),
        Shot("pay_over_limit", ALICE, paid(to_bob, amount="90"), REFUSED),
        Shot("receipt", ALICE, paid(to_bob, amount="1.25", category="repair", note="Bicycle, two punctures")),
        Shot("pay_again", ALICE, paid(to_bob, amount="1.25", category="repair"), REFUSED),
        Shot("receipt_bob", BOB, tapped("/statement", "/t/")),
        Shot("undo", BOB, undo_first),
        Shot("ask", ALICE, at("/ask")),
        Shot("request_qr", ALICE, at(f"/R/{open_to_all.code}")),
        Shot("request", ALICE, at(f"/R/{bobs.code}")),
        Shot("request_paid", ALICE, sent(f"/R/{bobs.code}", "form[action$=accept] button", pin=PIN)),
        Shot("request_declined", ALICE, sent(f"/R/{other.code}", "form[action$=decline] button")),
        # several at once
        *splits.shots(hub.number),
        # the market
        Shot("market", ALICE, at("/market")),
        Shot("market_wants", ALICE, at("/market?kind=want")),
        Shot("market_search", ALICE, at("/market?q=bread")),
        Shot("market_nothing", ALICE, at("/market?q=submarine")),
        Shot("market_listing", ALICE, at(f"/market/{offer.id.hex()}")),
        Shot("market_want", ALICE, at(f"/market/{wants[0].id.hex()}")),
        Shot("market_which", ALICE, at("/market/new")),
        Shot("market_new", ALICE, at("/market/new?kind=offer")),
        Shot("market_kinds", ALICE, at("/market/kinds")),
        Shot("market_kinds_food", ALICE, at("/market/kinds/food")),
        Shot("market_mine", ALICE, at("/market/mine")),
        Shot("market_suggestions", ALICE, at("/market/suggestions")),
        # care
        Shot("care", DINA, at("/care")),
        Shot("care_new", DINA, at("/care/new")),
        Shot("care_for_me", DINA, at("/care/new?for=me")),
        Shot("care_week", DINA, at("/care/week")),
        Shot("care_rules", DINA, at("/care/rules")),
        Shot("care_code", ALICE, at("/care/code")),
        Shot("claim_qr", DINA, at(f"/C/{dinas.code}")),
        Shot("claim_confirm", ALICE, at(f"/C/{dinas.code}")),
        Shot("claim_confirmed", ALICE, sent(f"/C/{dinas.code}", "form[action$=confirm] button", pin=PIN)),
        Shot("claim_paid", DINA, at(f"/C/{dinas.code}")),
        *caring.shots(dinas.code, Account(hub.number, ALICE).short),
        # the desk
        Shot("desk", KIRA, at("/desk")),
        Shot("desk_people", KIRA, at("/desk/people")),
        Shot("desk_newcomer", KIRA, at(f"/desk/people/{newcomer}")),
        Shot("desk_member", KIRA, at(f"/desk/people/{BOB}")),
        Shot("desk_card_new", KIRA, sent("/desk/people/new", name="Ines", reason="has no phone")),
        Shot("desk_statements", KIRA, at(f"/desk/people/{BOB}/statements")),
        Shot("receipt_emma", ALICE, paid(f"/P/{emma.compact}", amount="0.25")),
        Shot("desk_on_word", KIRA, on_word(emma)),
        Shot("printing", KIRA, at("/desk/print")),
        Shot("printing_choose", KIRA, at("/desk/print/cards/choose")),
        Shot("printing_cards", KIRA, at("/desk/print/cards")),
        Shot("printing_list", KIRA, at("/desk/print/list")),
        Shot("printing_people", KIRA, at("/desk/print/list?of=people")),
        Shot("desk_log", KIRA, at("/desk/log")),
        Shot("desk_log_search", KIRA, at("/desk/log?about=limits&q=kira")),
        Shot("desk_payments", KIRA, at("/desk/payments")),
        Shot("desk_payments_search", KIRA, at("/desk/payments?q=bob&stands=done&from=2026-01-01")),
        Shot("desk_payments_wrong", KIRA, at("/desk/payments?from=yesterday")),
        Shot("desk_rules", KIRA, at("/desk/rules")),
        Shot("desk_rules_credit", KIRA, at("/desk/rules/credit")),
        Shot("desk_rules_care", KIRA, at("/desk/rules/care")),
        Shot("desk_care_begin", KIRA, at("/desk/rules/care/begin")),
        Shot("desk_care_watch", KIRA, at("/desk/care")),
        Shot("desk_objections", KIRA, at("/desk/objections")),
        *slips.shots(hub.number),
        # for others, and together; after those who are taken in above: accounts and people share numbers
        *grants.shots(hub.number),
        *files.shots(hub.number),
        # members' life: last, as it changes the rules
        *life.shots(newcomer, Account(hub.number, newcomer).short, to_bob),
    ]


def on_word(emma: Account) -> Callable[[Page], Response | None]:
    """Emma, who has a card and no PIN, says at the desk that her last payment is wrong."""

    def go(page: Page) -> Response | None:
        tapped(f"/desk/people/{emma.number}", "/t/")(page)
        return click(page, "main a[href$='/on-word']")

    return go


def undo_first(page: Page) -> Response | None:
    tapped("/statement", "/t/")(page)
    return click(page, "main a[href$='/undo']")


def of_one_village(browser: Browser, folder: Path, stack: ExitStack) -> tuple[Visitors, list[Shot]]:
    """River with three months of life in it."""
    villages = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "valley"
    prepare(villages, cost=KdfCost(1, 8 * 1024 * 1024))  # cheap keys: nobody looks at how long a PIN takes
    data = villages / "river"
    address = stack.enter_context(serving(data, folder / "server.log"))
    return Visitors(browser, address, RIVER), shots(data)


def of_two(browser: Browser, folder: Path, stack: ExitStack) -> dict[int, tuple[Visitors, list[Shot]]]:
    """River and Hill, and what passes between them."""
    two: TwoVillages = stack.enter_context(
        two_villages(Path(stack.enter_context(tempfile.TemporaryDirectory())))
    )
    two.clock.set(SystemClock().now().ms)
    found = {}
    for hub in (RIVER, HILL):
        address = stack.enter_context(serving(two.at(hub).hub.data, folder / f"server-{hub}.log"))
        found[hub] = (
            Visitors(browser, address, hub),
            [
                *seconds.of_two(two, hub),
                *trouble.of_two(two, hub),
                *talked.of_two(two, hub),
                *between.shots(two, hub),
                *caring.of_two(two, hub),
                *life.of_two(two, hub),
            ],
        )
    return found


def of_market(browser: Browser, folder: Path, stack: ExitStack) -> tuple[Visitors, list[Shot]]:
    """River again, where people have found each other; what Hill does happens beside."""
    two = stack.enter_context(two_villages(Path(stack.enter_context(tempfile.TemporaryDirectory()))))
    two.clock.set(SystemClock().now().ms)
    address = stack.enter_context(serving(two.river.hub.data, folder / "server-market.log"))
    return Visitors(browser, address, RIVER), trade.of_river(two)


def spoken(shot: Shot, language: str) -> Shot:
    """``shot`` in ``language``, unless it is there to show another one."""
    return replace(shot, language=language) if shot.language == "en" else shot


def main() -> int:
    words = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    words.add_argument(
        "--to", type=Path, default=ROOT / "build" / "screenshots", help="where all pictures go"
    )
    words.add_argument(
        "--full", action="store_true", help="the whole length of each page, not the first 640 pixels"
    )
    words.add_argument(
        "--only", default="", help="only pages whose name contains this (states made on the way are missing)"
    )
    words.add_argument(
        "--language", default="en", help="which language the pages are in, when they show none of their own"
    )
    asked = words.parse_args()
    asked.to.mkdir(parents=True, exist_ok=True)
    taken: list[Taken] = []
    with ExitStack() as stack:
        browser = launch(stack.enter_context(sync_playwright()).chromium)
        groups = [of_one_village(browser, asked.to, stack)] if not asked.only.startswith("between") else []
        groups += of_two(browser, asked.to, stack).values()
        groups.append(of_market(browser, asked.to, stack))
        for visitors, wanted in groups:
            for shot in wanted:
                if asked.only not in shot.name:
                    continue
                try:
                    taken.append(take(visitors, spoken(shot, asked.language), asked.to, asked.full))
                except TimeoutError:
                    if asked.language == "en":
                        raise
                    print(f"{shot.name}: found by English words, so not in this language", file=sys.stderr)
        browser.close()
    print(f"{'page':<20}{'status':>7}{'html':>8}{'with style':>12}")
    for one in taken:
        print(f"{one.shot.name:<20}{one.status:>7}{one.html:>8}{one.all:>12}  {one.wrong}".rstrip())
    if not asked.full and asked.language == "en":
        IMAGES.mkdir(parents=True, exist_ok=True)
        for name in IN_THE_DOCS:
            picture = asked.to / f"{name}.png"
            if picture.exists():
                # Few colours are enough for a page, and a third of the bytes.
                with Image.open(picture) as image:
                    image.convert("RGB").quantize(96).save(IMAGES / picture.name, optimize=True)
    wrong = [one.shot.name for one in taken if one.wrong]
    if wrong:
        print(f"screenshots: not as they should be: {', '.join(wrong)}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
