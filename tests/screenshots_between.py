"""The pages between villages: paying somebody of Hill from River, every end that can have, the desk's neighbours."""

from collections.abc import Callable

from playwright.sync_api import Page, Response

from appliance.ledger.money.crossings import Recall
from appliance.ledger.people.showing import ShowName
from appliance.ledger.reads.radio import RadioState, keep_radio_state
from appliance.ledger.values import Account, AccountNumber
from tests.support.pictures import REFUSED, Shot, at, click, paid, sent
from tests.support.two_villages import HILL, RIVER, TwoVillages

KIRA, ALICE, BOB = (AccountNumber(number) for number in (1, 2, 3))
HANA, CHANDRA, DINA = KIRA, ALICE, BOB


def shots(two: TwoVillages, hub: int) -> list[Shot]:
    """The pages of one of the two, in an order in which each finds what it needs."""
    return _of_river(two) if hub == RIVER else _of_hill(two)


def _then(
    first: Callable[[], object], go: Callable[[Page], Response | None]
) -> Callable[[Page], Response | None]:
    """Something happens in the village, then one goes to the page."""

    def gone(page: Page) -> Response | None:
        first()
        return go(page)

    return gone


def _of_river(two: TwoVillages) -> list[Shot]:
    to_chandra = f"/P/{two.hill.account('Chandra').compact}"
    to_dina = f"/P/{two.hill.account('Dina').compact}"
    to_nobody = f"/P/{Account(HILL, AccountNumber(77)).compact}"

    def told() -> None:
        two.hill.do("Chandra", ShowName(CHANDRA, True))
        two.posts[HILL].publish(8)
        two.carry()
        two.hear(RIVER)

    def came_back() -> str:
        two.carry()
        return "/statement"

    def recalled() -> None:
        two.limit(HILL, low=0)
        receipt = two.send("Alice", "Dina", 300, note="seeds", again=True)
        two.carry()
        two.hear(RIVER)
        two.river.do("Alice", Recall(receipt.record))

    def radio_up() -> None:
        now = two.clock.now()
        with two.river.hub.store.write() as tx:
            keep_radio_state(
                tx,
                RadioState(
                    "up", "", now.ms, int(now.quality), "tcp://127.0.0.1:4403", "River", "MEDIUM_FAST"
                ),
            )

    newest = "ul.lines li:first-child a[href*='/t/']"

    def newest_receipt(page: Page) -> Response | None:
        page.goto("/statement")
        return click(page, newest)

    def to_recall(page: Page) -> Response | None:
        page.goto("/")
        click(page, "ul.lines a[href*='/t/']")
        return click(page, "a[href$='/recall']")

    return [
        Shot("between_check_unchecked", ALICE, sent(to_dina, amount="1.25", note="seeds")),
        Shot("between_amount_unchecked", ALICE, at(to_dina)),
        Shot("between_check_named", ALICE, _then(told, sent(to_chandra, amount="2.5", category="food"))),
        Shot("between_whom", ALICE, at("/pay?to=chan")),
        Shot("between_unknown_hub", ALICE, at(f"/pay?to={Account(105, AccountNumber(2)).full}"), REFUSED),
        Shot("between_mistyped", ALICE, at("/pay?to=102-0002-1"), REFUSED),
        Shot(
            "between_over_trunk",
            ALICE,
            _then(lambda: two.limit(RIVER, high=300), paid(to_chandra, amount="9")),
            REFUSED,
        ),
        Shot(
            "between_on_way",
            ALICE,
            _then(
                lambda: two.limit(RIVER),
                paid(to_chandra, amount="2.5", category="food", note="two loaves of bread"),
            ),
        ),
        Shot("between_home", ALICE, at("/")),
        Shot("between_recall", ALICE, to_recall),
        Shot("between_arrived", ALICE, _then(two.carry, newest_receipt)),
        Shot("between_nobody", ALICE, paid(to_nobody, amount="1")),
        Shot("between_came_back", ALICE, _then(came_back, newest_receipt)),
        Shot("between_home_back", ALICE, at("/")),
        Shot("between_statement", ALICE, at("/statement")),
        Shot("between_recalled", ALICE, _then(recalled, newest_receipt)),
        Shot("between_es", ALICE, newest_receipt, language="es"),
        Shot("between_me", ALICE, at("/me")),
        Shot(
            "between_talk",
            ALICE,
            sent(
                f"/talks/{HILL}/{CHANDRA}",
                f"form[action='/talks/{HILL}/{CHANDRA}'] button",
                text="Is it still there?",
            ),
        ),
        Shot("between_talks", ALICE, at("/talks")),
        Shot("between_me_shown", ALICE, sent("/me", "form[action$=name] button")),
        Shot("between_desk", KIRA, at("/desk")),
        Shot("between_neighbours", KIRA, at("/desk/neighbours")),
        Shot("between_neighbours_es", KIRA, at("/desk/neighbours"), language="es"),
        Shot("between_neighbour", KIRA, _then(radio_up, at(f"/desk/neighbours/{HILL}"))),
        Shot("between_log", KIRA, at("/desk/log")),
    ]


def _of_hill(two: TwoVillages) -> list[Shot]:
    def waits() -> None:
        two.limit(HILL, low=-400)
        two.send("Bob", "Chandra", 350, note="fence posts")
        two.carry(RIVER)
        two.hear(HILL)

    def held(page: Page) -> Response | None:
        page.goto(f"/desk/neighbours/{RIVER}")
        return click(page, "a[href*='/held/']")

    def waiting(page: Page) -> Response | None:
        page.goto("/")
        return click(page, "ul.lines a[href*='/t/']")

    def received(page: Page) -> Response | None:
        page.goto("/statement")
        return click(page, "ul.lines a[href*='/t/']")

    def pay_back(page: Page) -> Response | None:
        received(page)
        return click(page, "a[href*='back=1']")

    def sent_back(page: Page) -> Response | None:
        held(page)
        page.locator("main [name=reason]").fill("Chandra does not know of it")
        return click(page, "main form[method=post] button")

    return [
        Shot("between_held", CHANDRA, _then(waits, waiting)),
        Shot("between_home_held", CHANDRA, at("/")),
        Shot("between_received", CHANDRA, received),
        Shot("between_pay_back", CHANDRA, pay_back),
        Shot("between_keeper_held", HANA, at(f"/desk/neighbours/{RIVER}")),
        Shot("between_send_back", HANA, held),
        Shot("between_sent_back", HANA, sent_back),
        Shot("between_log_hill", HANA, at("/desk/log")),
    ]
