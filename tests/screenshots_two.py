"""The pages of the commons and of acts that need two keepers, with Kofi as River's second keeper."""

from playwright.sync_api import Page, Response

from appliance.ledger.people.seconds import Object
from appliance.ledger.values import Account, AccountNumber, RecordId
from tests.support.keepers import appoint, clearing, from_commons, give, payment, two
from tests.support.pictures import FORBIDDEN, REFUSED, Shot, at, send, sent
from tests.support.two_villages import RIVER, TwoVillages


def of_two(villages: TwoVillages, hub: int) -> list[Shot]:
    """River's pages; none of Hill's."""
    if hub != RIVER:
        return []
    river = villages.river
    appoint(river, "Kofi")
    kira, kofi, alice = (river.numbers[name] for name in ("Kira", "Kofi", "Alice"))
    river.pay("Alice", "Bob", 240)
    give(river, "Bob", 150)
    river.do("Kira", from_commons(river, "Bob", 120, "Seed potatoes for the school"))
    done = two(river, "Kira", "Kofi", payment(river, "Bob", 700, "A new roof for the school"))
    owes = _page(river.do("Kira", clearing(river, "Alice")).record)
    large = _page(river.do("Kofi", payment(river, "Bob", 600, "The well")).record)
    no = river.do("Kofi", payment(river, "Bob", 601, "The well, deeper")).record
    river.do("Kira", Object(RecordId(no), "Next year"))
    terms = {"whom": "Bob", "amount": "9", "reason": "A new roof for the school"}
    gift = f"/P/{Account(hub, AccountNumber(0)).compact}"

    def agreed(page: Page) -> Response | None:
        # Proposed only now: pages made before this one may have moved a balance, and then it cannot be done.
        page.goto(_page(river.do("Kira", clearing(river, "Bob")).record))
        return send(page, "form[action$=agree] button", pin="2580")

    return [
        Shot("commons", alice, at("/commons")),
        Shot("commons_gift", alice, at(gift)),
        Shot("commons_receipt", kira, at(f"/t/{done.record.hex()}")),
        Shot("two_desk", kira, at("/desk")),
        Shot("two_pay", kira, at("/desk/commons/pay")),
        Shot("two_pay_wrong", kira, sent("/desk/commons/pay", **{**terms, "whom": "Zebedee"}), REFUSED),
        Shot("two_pay_check", kira, sent("/desk/commons/pay", **terms)),
        Shot("two_waiting", kira, at("/desk/two")),
        Shot("two_mine", kira, at(owes)),
        Shot("two_to_answer", kira, at(large)),
        Shot("two_no", kira, at(_page(no))),
        Shot("two_clear", kira, at(f"/desk/people/{alice}/clear")),
        Shot("two_office", kira, at(f"/desk/people/{kofi}/office")),
        Shot("two_agreed", kofi, agreed),
        Shot("two_forbidden", alice, at("/desk/two"), FORBIDDEN),
    ]


def _page(record: bytes) -> str:
    return f"/desk/two/{record.hex()}"
