"""Whom a new listing concerns is found from the listing: by the rules of the suggestions, at a cost that is its own."""

import threading
from collections import Counter
from collections.abc import Callable

import pytest

from appliance.bench.matching import made
from appliance.ledger.book.schema_talk import MatchNew
from appliance.ledger.book.tx import Tx
from appliance.ledger.market import marks
from appliance.ledger.market.listings import OFFER, WANT, OpenListing
from appliance.ledger.market.matches import ACCEPT, DISMISS, WRONG, AnswerMatch
from appliance.ledger.people.further import OpenAccount
from appliance.ledger.people.grants import JOINT, AgreeGrant, AskGrant
from appliance.ledger.people.life import Away
from appliance.ledger.reads.trading import MOST_NEWS, Pair
from appliance.ledger.values import AccountNumber
from appliance.matching import Index
from appliance.matching.concerned import COLUMNS, Looking
from appliance.matching.matcher import MOST_FITTING, fitting
from appliance.matching.telling import tell_new
from tests.matching.market import Market
from tests.support.village import PEOPLE


def a_market_of_the_bench(market: Market, size: int) -> None:
    for n, one in enumerate(made(size)):
        name = PEOPLE[n % len(PEOPLE)]
        category = ("food", "tools", "other")[n % 3]
        market.lists(name, one.kind, category, one.title, one.description)
    market.follow()


def told_of_each(market: Market) -> Counter[tuple[int, Pair]]:
    with market.village.hub.reading() as tx:
        looking = Looking(market.index, tx)
        rows = market.index.rows(f"SELECT {COLUMNS} FROM listing l")
        return Counter((one.member, one.pair) for row in rows for one in looking.concerned(looking.one(row)))


def suggested_to_each(market: Market) -> set[tuple[int, Pair]]:
    found: set[tuple[int, Pair]] = set()
    with market.village.hub.reading() as tx:
        for member in market.village.numbers.values():
            now = market.village.clock.now().ms
            for kind in (OFFER, WANT):
                told = fitting(market.index, tx, member, now, kind)
                assert len(told) < MOST_FITTING, "else the worst are left out"
                found.update((int(member), one.pair) for one in told)
    return found


def answers(market: Market, name: str, pair: Pair, said: str) -> None:
    terms = ("figs", "nails") if said == WRONG else ("", "")
    market.village.do(name, AnswerMatch(pair[0], pair[1], said, None, *terms))


def test_who_is_told_of_a_listing_is_who_is_suggested_it_and_nobody_else(market: Market) -> None:
    village, n = market.village, market.village.numbers
    a_market_of_the_bench(market, 120)
    first = suggested_to_each(market)
    assert len(first) > 20
    names = {number: name for name, number in n.items()}
    for place, (member, pair) in enumerate(sorted(first)):
        if place % 4 < 2:
            answers(market, names[AccountNumber(member)], pair, (DISMISS, WRONG, ACCEPT)[place % 3])
    marks.block(village.hub.store, n["Alice"], marks.OWN, n["Bob"], village.clock.now())
    home = village.do("Kira", OpenAccount(n["Bob"], "household", "The mill", "as the assembly agreed"))
    account = AccountNumber(int(str(home.outcome["number"])))
    village.do("Bob", AskGrant(account, n["Chandra"], JOINT))
    village.do("Chandra", AgreeGrant(account, JOINT))
    village.do("Dina", Away(n["Dina"]))
    market.follow()
    left = suggested_to_each(market)
    assert 5 < len(left) < len(first)
    assert told_of_each(market) == dict.fromkeys(left, 2), "of both listings each, and of nothing else"


def asked(monkeypatch: pytest.MonkeyPatch, does: Callable[[], object]) -> int:
    """How many questions are put to ledger and index."""
    counted: Counter[str] = Counter()
    ledger, cache = Tx._run, Index._run
    with monkeypatch.context() as patch:
        patch.setattr(Tx, "_run", lambda *args: (counted.update(["asked"]), ledger(*args))[1])
        patch.setattr(Index, "_run", lambda *args: (counted.update(["asked"]), cache(*args))[1])
        does()
    return counted["asked"]


def test_what_is_asked_for_one_more_listing_does_not_grow_with_the_market(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = market.village.hub

    def one_more() -> int:
        market.offers("Alice", "food", "Honey")
        market.follow()
        return asked(monkeypatch, lambda: tell_new(hub, market.index))

    for name in ("Bob", "Chandra", "Dina"):
        market.wants(name, "food", "Honey")
    market.follow()
    tell_new(hub, market.index)
    one_more()
    few = one_more()
    for n in range(30):
        for name in ("Bob", "Chandra", "Dina"):
            market.lists(name, ("offer", "want")[n % 2], "food", ("Bread", "Eggs", "Figs")[n % 3])
    market.follow()
    for _ in range(9):
        tell_new(hub, market.index)
    with hub.store.write() as tx:  # so that there is room for news
        tx.delete(MatchNew, MatchNew.member > 0)
    assert one_more() == few


def test_nobody_is_kept_from_writing_while_it_is_looked_whom_a_listing_concerns(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    village = market.village
    market.wants("Bob", "food", "Honey")
    market.follow()
    tell_new(village.hub, market.index)
    market.offers("Alice", "food", "Honey")
    market.follow()
    real, paid = Looking.concerned, []

    def meanwhile(*args: object) -> object:
        payer = threading.Thread(target=lambda: paid.append(village.pay("Chandra", "Dina", 10)))
        payer.start()
        payer.join(8)
        assert paid, "a payment waits for it"
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(Looking, "concerned", meanwhile)
    assert tell_new(village.hub, market.index) == 2


def test_of_much_news_the_best_is_kept_and_of_equals_the_newest(market: Market) -> None:
    village = market.village
    bob = village.numbers["Bob"]
    market.wants("Bob", "food", "Goat cheese")
    market.follow()
    tell_new(village.hub, market.index)
    offers = [OpenListing(village.numbers["Alice"], "offer", "food", "Cheese") for _ in range(MOST_NEWS)]
    best = market.offers("Alice", "food", "Goat cheese")
    for some in (offers[:15], offers[15:]):
        village.hub.submit_all(some, village.signers["Alice"])
        market.follow()
        for _ in range(2):
            tell_new(village.hub, market.index)
    with village.hub.reading() as tx:
        rows = tx.found(MatchNew, "member = ? ORDER BY offer", bob)
        (first,) = tx.first("SELECT opened_entry FROM listing WHERE id = ?", best) or (0,)
        cheese = [
            n
            for (n,) in tx.select(
                "SELECT opened_entry FROM listing WHERE kind = 'offer' ORDER BY opened_entry"
            )
        ]
    assert len(rows) == MOST_NEWS
    assert [row.offer for row in rows] == [first, *cheese[2:]], (
        "the best, though oldest, and not the next one"
    )
