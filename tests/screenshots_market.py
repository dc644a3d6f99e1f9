"""The pages of matches, trade loops, listings with a photo, and what keepers do about listings and kinds."""

from collections.abc import Callable, Iterable
from io import BytesIO

from PIL import Image, ImageDraw
from playwright.sync_api import Page, Response

from appliance.ledger.book.schema_trading import TradeLoop
from appliance.ledger.market.distances import SetDistance
from appliance.ledger.market.keeping import HideListing
from appliance.ledger.market.listings import OFFER, WANT, OpenListing
from appliance.ledger.market.loops import AnswerLoop
from appliance.ledger.market.matches import ACCEPT, DISMISS, HAPPENED, WRONG, AnswerMatch, Node
from appliance.ledger.market.photos import SetPhoto
from appliance.ledger.people.showing import ShowName
from appliance.ledger.values import AccountNumber, Amount, RecordId
from appliance.matching import CACHE_FILE, Index
from appliance.matching.proposing import propose
from appliance.web.market import pictures
from tests.support.pictures import REFUSED, Shot, at, click, sent
from tests.support.two_villages import HILL, RIVER, TwoVillages

KIRA, ALICE, BOB = (AccountNumber(number) for number in (1, 2, 3))

_FAR_BUTTON = "main form[action$='/distance'] button"

HAVE = {"Alice": "Pan de centeno", "Bob": "Haircut for old and young", "Chandra": "Bicycle repair"}
NEED = {"Alice": "Somebody to cut my hair", "Bob": "Fix my bycicle", "Chandra": "Bread, once a week"}


def of_river(two: TwoVillages) -> list[Shot]:
    """Alice's and Bob's pages, and Kira's at the own screen."""
    river = two.river
    listed = {name: _lists(two, name) for name in HAVE}
    also = OpenListing(
        ALICE, OFFER, "preserve", "Honey", "", Amount(450), "piece", 12, "Fridays", "By the mill"
    )
    honey = RecordId(river.do("Alice", also).record)
    snake = RecordId(river.do("Bob", OpenListing(BOB, OFFER, "health", "Snake oil", "Cures all")).record)
    river.do("Bob", OpenListing(BOB, WANT, "preserve", "Honey"))
    made = pictures.make(_jar())
    river.do("Alice", SetPhoto(honey, made.large, made.small, bytes(16)))
    two.posts[HILL].publish(9)
    two.carry()
    river.do("Kira", SetDistance(HILL, 40))
    offer, want = listed["Bob"][0], listed["Alice"][1]
    match = f"/market/match/{RIVER}/{offer}/{RIVER}/{want}"
    far = f"/market/match/{HILL}/{listed['Chandra'][0]}/{RIVER}/{listed['Bob'][1]}"
    pair = (RIVER, offer), (RIVER, want)

    def says(name: str, answer: str, *terms: str) -> Callable[[], object]:
        return lambda: river.do(name, AnswerMatch(*pair, answer, None, *terms))

    def says_far(name: str, answer: str) -> Callable[[], object]:
        return lambda: _says_far(two, name, answer, (HILL, listed["Chandra"][0]), (RIVER, listed["Bob"][1]))

    def asked() -> None:
        index = Index.open(river.hub.data / CACHE_FILE)
        try:
            with river.hub.reading() as tx:
                index.follow(tx)
            assert propose(river.hub, index) == 1
        finally:
            index.close()
        two.carry()

    def answers(*names: str, yes: bool = True) -> Callable[[], None]:
        def go() -> None:
            for name in names:
                home = two.home_of(name)
                home.do(name, AnswerLoop(_loop(two, home.hub.number), yes))
                two.carry()

        return go

    def the_loop(page: Page) -> Response | None:
        return page.goto(f"/market/loops/{_loop(two, RIVER).hex()}")

    def hidden() -> None:
        river.do("Kira", HideListing(snake, "it cures nothing"))

    return [
        Shot("market_suggestions_two", ALICE, at("/market/suggestions")),
        Shot("market_suggestions_es", ALICE, at("/market/suggestions"), language="es"),
        Shot("match", ALICE, at(match)),
        Shot("match_es", ALICE, at(match), language="es"),
        Shot("match_far", BOB, at(far)),
        Shot("match_far_yes", BOB, _then(says_far("Bob", ACCEPT), at(far))),
        Shot("match_far_no", BOB, _then(says_far("Chandra", DISMISS), at(far))),
        Shot("match_far_both", BOB, _then(says_far("Chandra", ACCEPT), at(far))),
        Shot("match_far_both_es", BOB, at(far), language="es"),
        Shot("match_far_home", BOB, at("/")),
        Shot("match_far_happened", BOB, _then(says_far("Chandra", HAPPENED), at(far))),
        Shot("match_yes", ALICE, _then(says("Alice", ACCEPT), at(match))),
        Shot("match_asked", BOB, at(match)),
        Shot("match_both", ALICE, _then(says("Bob", ACCEPT), at(match))),
        Shot("match_both_es", ALICE, at(match), language="es"),
        Shot("loops_none", ALICE, at("/market/loops")),
        Shot("loop_home", ALICE, _then(asked, at("/"))),
        Shot("loops", ALICE, at("/market/loops")),
        Shot("loop", ALICE, the_loop),
        Shot("loop_es", ALICE, the_loop, language="es"),
        Shot("loop_yes", ALICE, _then(answers("Alice"), the_loop)),
        Shot("loop_agreed", ALICE, _then(answers("Bob", "Chandra"), the_loop)),
        Shot("loop_agreed_es", ALICE, the_loop, language="es"),
        Shot("market_photo", BOB, at(f"/market/{honey.hex()}")),
        Shot("market_photo_list", BOB, at("/market")),
        Shot("market_photo_list_es", BOB, at("/market"), language="es"),
        Shot("market_near", BOB, at("/market?q=bycicle")),
        Shot("listing_edit", ALICE, at(f"/market/{honey.hex()}/edit")),
        Shot("listing_edit_price", ALICE, at(f"/market/{honey.hex()}/edit/price")),
        Shot("listing_edit_when_es", ALICE, at(f"/market/{honey.hex()}/edit/when"), language="es"),
        Shot("listing_sort", ALICE, sent("/market/new?kind=offer", title="Arreglo bicis")),
        Shot("listing_sort_group", ALICE, _then_opens("food")),
        Shot("market_useful", BOB, at("/market")),
        Shot("market_useful_ar", BOB, at("/market"), language="ar"),
        Shot("market_useful_hi", BOB, at("/market"), language="hi"),
        Shot("people_found", ALICE, at("/people?q=bycicle")),
        Shot("people_found_hi", ALICE, at("/people?q=bread"), language="hi"),
        Shot("listing_photo", ALICE, at(f"/market/{honey.hex()}/photo")),
        Shot("listing_photo_new_es", ALICE, at(f"/market/{honey.hex()}/photo?new=1"), language="es"),
        Shot("listing_photo_drop", KIRA, at(f"/market/{honey.hex()}/photo/drop")),
        Shot("listing_keeper", KIRA, at(f"/market/{snake.hex()}")),
        Shot("listing_hide", KIRA, at(f"/market/{snake.hex()}/hide")),
        Shot("listing_move", KIRA, at(f"/market/{snake.hex()}/move")),
        Shot("listing_merge", KIRA, at(f"/market/{snake.hex()}/merge")),
        Shot("listing_hidden", ALICE, _then(hidden, at(f"/market/{snake.hex()}"))),
        Shot("listing_hidden_own_es", BOB, at(f"/market/{snake.hex()}"), language="es"),
        Shot("listing_show", KIRA, at(f"/market/{snake.hex()}/show")),
        Shot("desk_kinds", KIRA, at("/desk/kinds")),
        Shot("desk_kind_new", KIRA, at("/desk/kinds/of/new")),
        Shot("desk_kind", KIRA, at("/desk/kinds/of/preserve")),
        Shot("desk_kind_merge", KIRA, at("/desk/kinds/of/bread/merge")),
        Shot("desk_rules_market", KIRA, at("/desk/rules/market")),
        Shot("match_wrong", ALICE, _then(says("Bob", WRONG, "haircut", "hair"), at("/market/suggestions"))),
        Shot("desk_matching", KIRA, at("/desk/matching")),
        Shot("desk_matching_es", KIRA, at("/desk/matching"), language="es"),
        Shot("printing_list_two", KIRA, at("/desk/print/list")),
        Shot("market_far", BOB, at("/market?where=others")),
        Shot("market_far_ar", BOB, at("/market?near=1"), language="ar"),
        Shot("desk_neighbour_far", KIRA, at(f"/desk/neighbours/{HILL}")),
        Shot(
            "desk_neighbour_far_wrong",
            KIRA,
            sent(f"/desk/neighbours/{HILL}", _FAR_BUTTON, minutes="2000"),
            REFUSED,
        ),
        Shot("desk_neighbours_far_es", KIRA, at("/desk/neighbours"), language="es"),
        Shot("desk_neighbour_far_ar", KIRA, at(f"/desk/neighbours/{HILL}"), language="ar"),
        Shot("people_two_es", ALICE, at("/people"), language="es"),
        Shot("person_far", BOB, at(f"/people/{HILL}/2")),
    ]


def _then_opens(group: str) -> Callable[[Page], Response | None]:
    """The page of kinds, with one group's open."""

    def go(page: Page) -> Response | None:
        sent("/market/new?kind=offer", title="Something of mine")(page)
        return click(page, f"button[value={group}]")

    return go


def _then(
    first: Callable[[], object], go: Callable[[Page], Response | None]
) -> Callable[[Page], Response | None]:
    """Something happens in the village, then one goes to the page."""

    def gone(page: Page) -> Response | None:
        first()
        return go(page)

    return gone


def _lists(two: TwoVillages, name: str) -> tuple[int, int]:
    """The numbers of what somebody has and needs."""
    home = two.home_of(name)
    number = home.numbers[name]
    home.do(name, ShowName(number, True))
    asked: Iterable[OpenListing] = (
        OpenListing(number, OFFER, "other", HAVE[name], "", Amount(150)),
        OpenListing(number, WANT, "other", NEED[name]),
    )
    offer, want = (int(home.do(name, one).entry) for one in asked)
    return offer, want


def _loop(two: TwoVillages, hub: int) -> RecordId:
    with two.at(hub).hub.reading() as tx:
        (row,) = tx.rows(TradeLoop.select())
    return RecordId(bytes(row.id))


def _jar() -> bytes:
    """A picture to show: a jar on a table."""
    picture = Image.new("RGB", (1200, 900), "#c9b48a")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 640, 1200, 900), fill="#6b4a2b")
    draw.rounded_rectangle((430, 260, 770, 760), 60, fill="#d98e04")
    draw.rectangle((450, 200, 750, 270), fill="#e8e4da")
    out = BytesIO()
    picture.save(out, "JPEG")
    return out.getvalue()


def _says_far(two: TwoVillages, name: str, answer: str, offer: Node, want: Node) -> None:
    """Said, and told to the other village."""
    two.home_of(name).do(name, AnswerMatch(offer, want, answer))
    for post in two.posts.values():
        while post.publish(9):
            pass
    two.carry()
