"""The pages of a payment that somebody contests, up to how it ended."""

from playwright.sync_api import Page, Response

from appliance.ledger.values import AccountNumber
from tests.support.pictures import REFUSED, Shot, at, send, sent
from tests.support.two_villages import RIVER, TwoVillages
from tests.support.village import PIN

POST = "main form[method=post] button"


def of_two(villages: TwoVillages, hub: int) -> list[Shot]:
    """River's pages; none of Hill's."""
    if hub != RIVER:
        return []
    river = villages.river
    kira, bob, alice = (AccountNumber(river.numbers[name]) for name in ("Kira", "Bob", "Alice"))
    paid = f"/t/{river.pay('Alice', 'Bob', 110, note='Two loaves').record.hex()}"

    def ended(page: Page) -> Response | None:
        page.goto(f"{paid}/end")
        pin = {"pin": PIN} if page.locator("main [name=pin]").count() else {}
        return send(page, POST, words="One loaf more on Friday", **pin)

    return [
        Shot("trouble_ask_back", alice, at(f"{paid}/ask-back")),
        Shot("trouble_wrong", alice, at(f"{paid}/wrong")),
        Shot("trouble_wrong_no", alice, sent(f"{paid}/wrong", words=" "), REFUSED),
        Shot("trouble_told", alice, sent(f"{paid}/wrong", words="It was one loaf")),
        Shot("trouble_home", bob, at("/")),
        Shot("trouble_receipt", bob, at(paid)),
        Shot("desk_disputes", kira, at("/desk/disputes")),
        Shot("trouble_keeper", kira, at(paid)),
        Shot("trouble_end", kira, at(f"{paid}/end")),
        Shot("trouble_ended", kira, ended),
        Shot("trouble_how_it_ended", alice, at(paid)),
    ]
