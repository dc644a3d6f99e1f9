"""The archive is gone, and so is the search index: people sign in, pay and read; what needs old lines says so."""

import shutil
from collections.abc import Callable

from appliance.ledger import yearly
from appliance.ledger.market.listings import OFFER, OpenListing
from tests.support.village import Village
from tests.web.conftest import OWN_SCREEN, Browser

MUST = ("/", "/pay", "/ask", "/me", "/statement", "/statements", "/me/words", "/keepers", "/care")
MAY = ("/market", "/market/suggestions", "/me/acts", "/commons", "/report")
DESK = ("/desk", "/desk/people", "/desk/payments", "/desk/year", "/desk/backups", "/desk/words", "/desk/two")
DESK_MAY = ("/desk/log", "/desk/lists")
WORDS = "This page needs old lines that are not here"


def test_nobody_reads_that_the_book_cannot_be_read(
    village: Village, signed_in: Callable[..., Browser]
) -> None:
    village.do("Alice", OpenListing(village.numbers["Alice"], OFFER, "food", "honey", "from the forest"))
    old = village.pay("Alice", "Bob", 30, note="two loaves")
    assert isinstance(yearly.close(village.hub, village.signers["Kira"]), yearly.Closed)
    shutil.rmtree(village.hub.data / "archive")
    village.hub.store.archive.close()
    for left in village.hub.data.glob("cache.db*"):
        left.unlink()
    new = village.pay("Alice", "Bob", 20)
    alice, kira = signed_in("Alice"), signed_in("Kira", OWN_SCREEN)
    for browser, pages in ((alice, (*MUST, f"/t/{new.record.hex()}")), (kira, DESK)):
        for page in pages:
            assert browser.get(page, follow_redirects=True).status_code == 200, page
    told = 0
    old_ones: tuple[tuple[Browser, tuple[str, ...]], ...] = (
        (alice, (*MAY, f"/t/{old.record.hex()}")),
        (kira, DESK_MAY),
    )
    for browser, some in old_ones:
        for page in some:
            answer = browser.get(page, follow_redirects=True)
            assert answer.status_code == 200 or (answer.status_code == 503 and WORDS in answer.text), page
            told += answer.status_code == 503
    assert told
