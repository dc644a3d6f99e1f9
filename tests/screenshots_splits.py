"""The pages of payments that several share, in an order in which each finds what it needs."""

from playwright.sync_api import Page, Response

from appliance.demo import PIN
from appliance.demo.village import ALICE, BOB, DINA, MEERA
from appliance.ledger.values import Account, AccountNumber
from tests.support.pictures import POST_BUTTON, REFUSED, Shot, at, click, paid, send, sent, tapped

PAY, ASK = "/pay/several", "/ask/several"


def shots(hub: int) -> list[Shot]:
    """Every kind of page of a split."""

    def number(who: AccountNumber) -> str:
        return Account(hub, who).short

    three = {"who1": number(BOB), "who2": number(MEERA), "who3": number(DINA)}
    wood = {**three, "amount1": "0.50", "amount2": "0.25", "amount3": "0.25", "note": "Wood for the fence"}
    feast = {**three, "whole": "2", "category": "events", "note": "The feast of June"}
    # whatever else waits stands above or below: its own words find it
    asked = "main a:has-text('asks you for your part')"

    def opened(page: Page, link: str = asked) -> Response | None:
        page.goto("/")
        return click(page, link)

    def asks(page: Page) -> Response | None:
        sent(ASK, **feast)(page)
        return send(page, POST_BUTTON)

    def agrees(page: Page) -> Response | None:
        opened(page)
        return send(page, "form[action$=agree] button", pin=PIN)

    def says_no(page: Page) -> Response | None:
        opened(page)
        return send(page, "form[action$='/no'] button", phrase="not_now")

    def goes_on(page: Page) -> Response | None:
        opened(page, "main a:has-text('how shall it go on')")
        return send(page, "form[action$=without] button")

    def gives_back(page: Page) -> Response | None:
        tapped("/statement", "/t/")(page)
        return click(page, "main a[href$='/undo']")

    return [
        Shot("split_form", ALICE, at(PAY)),
        Shot("split_wrong", ALICE, sent(PAY, **{**wood, "who2": "j", "amount3": "1,5,0"}), REFUSED),
        Shot("split_check", ALICE, sent(PAY, **wood)),
        Shot("split_paid", ALICE, paid(PAY, **wood)),
        Shot("split_again", ALICE, paid(PAY, **wood), REFUSED),
        Shot("split_got", DINA, tapped("/statement", "/t/")),
        Shot("split_ask", ALICE, at(ASK)),
        Shot("split_ask_check", ALICE, sent(ASK, **feast)),
        Shot("split_asked", ALICE, asks),
        Shot("split_home", BOB, at("/")),
        Shot("split_share", BOB, opened),
        Shot("split_agreed", BOB, agrees),
        Shot("split_no", DINA, says_no),
        Shot("split_home_no", ALICE, at("/")),
        Shot("split_how_on", ALICE, lambda page: opened(page, "main a:has-text('how shall it go on')")),
        Shot("split_without", ALICE, goes_on),
        Shot("split_done", MEERA, agrees),
        Shot("split_statement", ALICE, at("/statement")),
        Shot("split_undo", ALICE, gives_back),
    ]
