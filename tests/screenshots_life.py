"""The pages of members' life: away, leaving, vouching, a membership's steps at the desk; moving between villages."""

from collections.abc import Callable

from playwright.sync_api import Page, Response

from appliance.demo.village import ALICE, BOB, KIRA
from appliance.ledger.values import Account, AccountNumber
from tests.support.pictures import REFUSED, Shot, at, click, send, sent
from tests.support.two_villages import HILL, RIVER, TwoVillages
from tests.support.village import PIN

OF_RIVER_ALICE, OF_RIVER_BOB, OF_HILL_HANA = (AccountNumber(number) for number in (2, 3, 1))
NEW = AccountNumber(9)
"""A number at Hill that nobody has."""


def shots(newcomer: AccountNumber, short: str, to_bob: str) -> list[Shot]:
    """Of one village, last of all: from here on members must vouch, and Bob is away.

    Args:
        newcomer: somebody who waits to be let in.
        short: that number as it is typed.
        to_bob: the address that leads to paying Bob.
    """
    bob = f"/desk/people/{BOB}"

    def gita_left(page: Page) -> Response | None:
        page.goto("/desk/people?q=Gita")
        click(page, "main ul.lines a")
        return page.goto(f"{page.url}/left")

    desk = [
        Shot("desk_lists", KIRA, at("/desk/lists")),
        Shot("desk_newcomers", KIRA, at("/desk/newcomers")),
        Shot("desk_register", KIRA, at("/desk/people/new")),
        Shot("desk_register_no", KIRA, sent("/desk/people/new", name="   ", reason="no phone"), REFUSED),
        Shot("desk_registered", KIRA, sent("/desk/people/new", name="Gita", reason="has no phone")),
        Shot("desk_card", KIRA, at(f"{bob}/card")),
        Shot("desk_step_freeze", KIRA, at(f"{bob}/freeze")),
        Shot("desk_step_died", KIRA, at(f"{bob}/died")),
        Shot("desk_step_left", KIRA, gita_left),
        Shot("desk_step_group", KIRA, at(f"{bob}/group")),
        Shot("desk_rules_groups", KIRA, at("/desk/rules/groups")),
        Shot("desk_rules_joining", KIRA, at("/desk/rules/joining")),
        Shot("desk_rules_times", KIRA, at("/desk/rules/times")),
        Shot("desk_rules_levy", KIRA, at("/desk/rules/levy")),
        Shot(
            "desk_rules_changed",
            KIRA,
            sent("/desk/rules/joining", vouchers="2", reason="we have grown"),
        ),
    ]
    vouching = [
        Shot("waiting_vouch", newcomer, at("/")),
        Shot("vouch", ALICE, at("/me/vouch")),
        Shot("vouch_nobody", ALICE, at("/me/vouch?number=9999-1"), REFUSED),
        Shot("vouch_sure", ALICE, at(f"/me/vouch?number={short}")),
        Shot("vouched", ALICE, sent(f"/me/vouch?number={short}")),
        Shot("desk_newcomer_vouched", KIRA, at(f"/desk/people/{newcomer}")),
        Shot("desk_newcomers_vouched", KIRA, at("/desk/newcomers")),
    ]
    away = [
        Shot("me_away", BOB, at("/me/away")),
        Shot("me_away_now", BOB, sent("/me/away")),
        Shot("home_away", BOB, at("/")),
        Shot("pay_away", ALICE, at(to_bob)),
        Shot("desk_member_away", KIRA, at(bob)),
        Shot("me_leave", ALICE, at("/me/close")),
        Shot("me_leave_no", ALICE, sent("/me/close", pin=PIN), REFUSED),
    ]
    return [*desk, *vouching, *away]


def of_two(two: TwoVillages, hub: int) -> list[Shot]:
    """Alice and Bob of River move to Hill, one with a debt and one with credit."""
    there = Account(HILL, NEW).full

    def moved(page: Page) -> Response | None:
        sent("/me/move", there=there)(page)
        return send(page, "main form[method=post] button", pin=PIN)

    def owed() -> None:
        two.river.pay("Kira", "Bob", 750, again=True)
        two.limit(RIVER, high=900)

    def then(
        first: Callable[[], object], go: Callable[[Page], Response | None]
    ) -> Callable[[Page], Response | None]:
        def gone(page: Page) -> Response | None:
            first()
            return go(page)

        return gone

    def to_moving(page: Page) -> Response | None:
        page.goto("/")
        return click(page, "a[href$='/me/move']")

    if hub == HILL:
        path = f"/desk/people/{two.hill.numbers['Dina']}"
        return [
            Shot("between_desk_member", OF_HILL_HANA, at(path)),
            Shot("between_comes", OF_HILL_HANA, at(f"{path}/comes")),
        ]
    return [
        Shot("between_move", OF_RIVER_ALICE, at("/me/move")),
        Shot("between_move_no", OF_RIVER_ALICE, sent("/me/move", there="2-4"), REFUSED),
        Shot("between_move_check", OF_RIVER_ALICE, sent("/me/move", there=there)),
        Shot("between_moving_debt", OF_RIVER_ALICE, moved),
        Shot("between_home_moving", OF_RIVER_ALICE, at("/")),
        Shot("between_moving", OF_RIVER_BOB, then(owed, moved)),
        Shot("between_moving_sent", OF_RIVER_BOB, sent("/me/move", "form[action$=send] button", pin=PIN)),
        Shot("between_moving_under_way", OF_RIVER_BOB, to_moving),
        Shot("between_desk_moving", AccountNumber(1), at(f"/desk/people/{OF_RIVER_BOB}")),
        Shot("between_desk_move", AccountNumber(1), at(f"/desk/people/{OF_RIVER_BOB}/move")),
        Shot("between_pay_moving", AccountNumber(1), at(f"/P/{two.river.account('Bob').compact}")),
        Shot(
            "between_stayed",
            OF_RIVER_BOB,
            then(lambda: two.limit(RIVER), sent("/me/move", "form[action$=stay] button")),
        ),
    ]
