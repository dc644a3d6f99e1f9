"""The newer pages of care: the weekly sheet, the proof, co-signers of another village, the desk's pages."""

from collections.abc import Callable

from playwright.sync_api import Page, Response

from appliance.demo import PIN
from appliance.demo.village import ALICE, DINA, KIRA
from appliance.ledger.values import AccountNumber
from tests.ledger.care.across import ask
from tests.ledger.care.caring import claim
from tests.support.pictures import REFUSED, Shot, at, send, sent, tapped
from tests.support.two_villages import HILL, RIVER, TwoVillages

CHANDRA = AccountNumber(2)
WRITE = "main form button.main"


def shots(paid: str, number: str) -> list[Shot]:
    """Of one village; ``paid``: the code of a claim of Dina's that is paid by then, ``number``: Alice's."""
    return [
        Shot("care_proof", DINA, at(f"/C/{paid}/proof")),
        Shot("care_proof_es", DINA, at(f"/C/{paid}/proof?words=1"), language="es"),
        Shot("care_sheet", DINA, _week),
        Shot("care_sheet_confirm", ALICE, tapped("/care", "/W/")),
        Shot("care_sheet_confirm_es", ALICE, tapped("/care", "/W/"), language="es"),
        Shot("care_sheet_paper", DINA, _on_paper),
        Shot("care_no_date", DINA, _no_date, REFUSED),
        Shot("care_no_date_es", DINA, _no_date, REFUSED, "es"),
        Shot("desk_proofs", KIRA, at("/desk/proofs")),
        Shot("signin_shared", None, _shared(number)),
    ]


def _week(page: Page) -> Response | None:
    page.goto("/care/week")
    for box in page.locator("[name=on]").all()[:5]:
        box.check()
    page.locator("[name=witness]").first.fill("Alice")
    return send(page, WRITE, category="elder", hours="0", rest="30", cared_for="old Tom", what="washed him")


def _on_paper(page: Page) -> Response | None:
    tapped("/care", "/C/")(page)
    tapped(page.url, "/W/")(page)
    return tapped(page.url, "/print")(page)


def _no_date(page: Page) -> Response | None:
    page.goto("/care/new")
    page.locator("#f-date").evaluate("it => { it.type = 'text'; }")  # a phone without a calendar to tap
    return send(page, WRITE, category="elder", hours="1", date="last week", cared_for="old Tom")


def _shared(number: str) -> Callable[[Page], Response | None]:
    """On a phone that is not one's own: the big *Leave*."""

    def go(page: Page) -> Response | None:
        page.goto("/signin")
        page.check("[name=shared]")
        return send(page, "main form button", number=number, pin=PIN)

    return go


def of_two(two: TwoVillages, hub: int) -> list[Shot]:
    """Care of Alice of River that Chandra of Hill is asked to confirm."""
    if hub == HILL:
        return [
            Shot("between_care_waits", CHANDRA, _carried(two, at("/"))),
            Shot("between_care_confirm", CHANDRA, tapped("/care", "/care/elsewhere/")),
            Shot("between_care_confirm_es", CHANDRA, tapped("/care", "/care/elsewhere/"), language="es"),
            Shot("between_care_signed", CHANDRA, _signed),
        ]
    assert hub == RIVER
    made = claim(two.river, "Alice", 90, 1, what="cooked, and sat with him")
    page = f"/C/{made.outcome['code']}"

    def asked(page_: Page) -> Response | None:
        ask(two, made, "Alice", "Chandra")
        return page_.goto(page)

    return [
        Shot("between_care_whom", CHANDRA, at(f"{page}/elsewhere")),
        Shot(
            "between_care_sure",
            CHANDRA,
            sent(f"{page}/elsewhere", "main form button.main", who=two.hill.account("Chandra").full),
        ),
        Shot("between_care_asked", CHANDRA, asked),
        Shot("between_care_asked_es", CHANDRA, at(page), language="es"),
    ]


def _carried(two: TwoVillages, go: Callable[[Page], Response | None]) -> Callable[[Page], Response | None]:
    def gone(page: Page) -> Response | None:
        two.carry()
        return go(page)

    return gone


def _signed(page: Page) -> Response | None:
    tapped("/care", "/care/elsewhere/")(page)
    return send(page, "form[action$=confirm] button", pin=PIN)
