"""The pages of further accounts, households and helpers, in an order in which each finds what it needs."""

from collections.abc import Callable

from playwright.sync_api import Page, Response

from appliance.demo import PIN
from appliance.demo.village import ALICE, BOB, KIRA, MEERA
from appliance.ledger.values import Account, AccountNumber
from tests.support.pictures import MISSING, POST_BUTTON, REFUSED, Shot, at, click, send, sent, tapped

Go = Callable[[Page], Response | None]


def shots(hub: int) -> list[Shot]:
    """Every kind of page about acting for others."""
    new, ask = f"/desk/people/{ALICE}/account", "/me/helpers/ask"
    shop = {"name": "Family Okoro", "group": "household", "reason": "they keep house together"}

    def number(who: AccountNumber) -> str:
        return Account(hub, who).short

    def from_home(words: str, then: Go | None = None) -> Go:
        def go(page: Page) -> Response | None:
            page.goto("/")
            answer = click(page, f"main a:has-text('{words}')")
            return then(page) if then else answer

        return go

    def on(link: str, then: Go | None = None) -> Go:
        def go(page: Page) -> Response | None:
            answer = click(page, f"main a:has-text('{link}')")
            return then(page) if then else answer

        return go

    def filled(button: str = POST_BUTTON, **fields: str) -> Go:
        return lambda page: send(page, button, **fields)

    def chain(*steps: Go) -> Go:
        def go(page: Page) -> Response | None:
            answer = None
            for step in steps:
                answer = step(page)
            return answer

        return go

    opened = sent(new, **shop)
    family = from_home("Family Okoro")
    emma = chain(at("/desk/people?q=Emma"), on("Emma"))
    registered = sent("/desk/people/new", name="Emma", reason="has no phone")
    consent = chain(emma, on("Write down consent on paper"))
    written = chain(consent, filled(of=number(BOB), reason="signed at the desk on 1 June"))
    agreed = filled("form[action$=agree] button")
    pays = chain(from_home("Emma"), on("Pay"), filled("main form button", to=number(ALICE)))
    checked = chain(pays, filled("form[action$=check] button", amount="1.5", note="Eggs"))
    asks = chain(from_home("Emma"), on("Ask"))
    ending = chain(emma, on("acts as helper"))
    shop_page = chain(at(f"/desk/people/{ALICE}"), on("Family Okoro"))
    return [
        Shot("desk_account_new", KIRA, at(new)),
        Shot("desk_account_no", KIRA, sent(new, **{**shop, "name": " "}), REFUSED),
        Shot("desk_account", KIRA, opened),
        Shot("desk_account_close", KIRA, chain(shop_page, on("Close this account"))),
        Shot("home_accounts", ALICE, at("/")),
        Shot("account_own", ALICE, family),
        Shot("account_qr", ALICE, chain(family, on("QR code, to be paid"))),
        Shot("account_close", ALICE, chain(family, on("Close this account"))),
        Shot("helper_ask", ALICE, chain(family, on("Ask somebody"))),
        Shot("helper_ask_no", ALICE, sent(ask, of="Zebedee"), REFUSED),
        Shot("helper_ask_which", ALICE, sent(ask, of="j"), REFUSED),
        Shot(
            "helper_asking", ALICE, chain(family, on("Ask somebody"), filled(of=number(MEERA), kind="joint"))
        ),
        Shot("helper_asked", MEERA, from_home("to hold an account together")),
        Shot("account_joint", MEERA, chain(from_home("to hold an account together"), agreed)),
        Shot("desk_consent", KIRA, chain(registered, consent)),
        Shot(
            "desk_consent_no",
            KIRA,
            chain(consent, filled(of=number(KIRA), reason="signed at the desk")),
            REFUSED,
        ),
        Shot("desk_consented", KIRA, written),
        Shot("home_asked", BOB, at("/")),
        Shot("helper_asked_paper", BOB, from_home("asks you to act as helper")),
        Shot("account_helper", BOB, chain(from_home("asks you to act as helper"), agreed)),
        Shot("home_acting", BOB, at("/")),
        Shot("pay_whom_acting", BOB, chain(from_home("Emma"), on("Pay"))),
        Shot("pay_amount_acting", BOB, pays),
        Shot("pay_check_acting", BOB, checked),
        Shot("receipt_acting", BOB, chain(checked, filled("form[action$=send] button", pin=PIN))),
        Shot("pay_amount_which", BOB, at(f"/P/{Account(hub, MEERA).compact}")),
        Shot("ask_acting", BOB, asks),
        Shot("request_qr_acting", BOB, chain(asks, filled(amount="2", note="Knitting"))),
        Shot("account_statement", BOB, chain(from_home("Emma"), on("All payments"))),
        Shot("receipt_by_helper", ALICE, tapped("/statement", "/t/")),
        Shot("desk_person_helped", KIRA, emma),
        Shot("desk_grant_end", KIRA, ending),
        Shot("desk_grant_ended", KIRA, chain(ending, filled(reason="Emma said so"))),
        Shot("account_gone", BOB, at("/account/99"), MISSING),
        Shot("pay_acting_gone", BOB, at("/pay?acting=99"), REFUSED),
        Shot("home_helped", ALICE, at("/")),
        Shot("helpers", ALICE, at("/me/helpers")),
    ]
