"""The pages of paper slips, in an order in which each finds what it needs."""

from datetime import UTC, datetime, timedelta

from playwright.sync_api import Page, Response

from appliance.demo import PIN
from appliance.demo.village import ALICE, BOB, DINA, KIRA
from appliance.ledger.clock import SystemClock
from appliance.ledger.values import Account
from tests.support.pictures import POST_BUTTON, REFUSED, Shot, at, click, send, sent

NEW = "/desk/slips/new"
CHECK, MORE, LATER = (f"button[value={word}]" for word in ("check", "more", "later"))


def shots(hub: int) -> list[Shot]:
    """Every kind of page of paper slips."""
    then = datetime.fromtimestamp(SystemClock().now().ms / 1000, UTC) - timedelta(days=2)
    day = f"{then.day}/{then.month}"
    alice, bob, dina = (Account(hub, who).short for who in (ALICE, BOB, DINA))
    bread = {"a1": alice, "b1": bob, "c1": "0.37", "d1": day, "e1": "food", "f1": "Bread for the week"}
    fence = {"a2": bob, "b2": dina, "c2": "0.21", "d2": day, "f2": "Fence posts"}
    own = {"a3": "Kira", "b3": bob, "c3": "1", "d3": "3/25"}
    good = {**bread, **fence, "count": "2", "total": "0.58"}

    def checked(page: Page) -> Response | None:
        return sent(NEW, CHECK, **good)(page)

    def typed_in(page: Page) -> Response | None:
        checked(page)
        return send(page, POST_BUTTON, pin=PIN)

    def begun(page: Page) -> Response | None:
        return sent(NEW, LATER, **own, count="40")(page)

    def throw(page: Page) -> Response | None:
        page.goto("/desk/slips")
        click(page, "a[href*='/draft/']")
        return click(page, "a[href$='/throw']")

    def receipt(page: Page) -> Response | None:
        page.goto("/")
        return click(page, "section.card ul.lines a")

    return [
        Shot("slips_blank", KIRA, at("/desk/slips/blank")),
        Shot("slips_new", KIRA, at(NEW)),
        Shot("slips_begun", KIRA, begun),
        Shot("slips_throw", KIRA, throw),
        Shot("slips_wrong", KIRA, sent(NEW, CHECK, **good, **own), REFUSED),
        Shot("slips_more", KIRA, sent(NEW, MORE, **good)),
        Shot("slips_check", KIRA, checked),
        Shot("slips_pile", KIRA, typed_in),
        Shot("slips_again", KIRA, sent(NEW, CHECK, **good), REFUSED),
        Shot("slips_desk", KIRA, at("/desk/slips")),
        Shot("slips_home", BOB, at("/")),
        Shot("slips_mine", BOB, at("/slips")),
        Shot("slips_receipt", ALICE, receipt),
        Shot("slips_right", BOB, sent("/slips")),
        Shot("slips_none", BOB, at("/slips")),
    ]
