"""The page of the commons: what everybody reads, and what only those concerned do."""

from collections.abc import Callable

from appliance.ledger.book.verify import verify
from appliance.ledger.care.claims import ClaimCare
from appliance.ledger.care.signing import Cosign
from appliance.ledger.care.states import DAY_MS
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.values import Account, AccountNumber, RecordId
from tests.support.keepers import appoint, clearing, commons, from_commons, give, payment, two
from tests.support.village import PIN, Village
from tests.web.conftest import Browser

SignedIn = Callable[..., Browser]


def read(browser: Browser, path: str = "/commons") -> str:
    """What a page says, with plain spaces in its amounts."""
    return browser.get(path).text.replace("\xa0", " ")


def test_every_member_reads_what_came_in_and_went_out(village: Village, signed_in: SignedIn) -> None:
    village.do("Kira", ChangeRules("credit", {"levy_rate": 100}, "assembly"))
    appoint(village, "Kofi")
    village.pay("Alice", "Bob", 300)
    give(village, "Dina", 250)
    day = village.clock.now().ms // DAY_MS
    claim = village.do("Dina", ClaimCare(village.numbers["Dina"], "elder", 90, day, "Old Tom", "Washed"))
    for witness in ("Alice", "Bob"):
        village.do(witness, Cosign(claim.record, claim.outcome["terms"]))
    village.do("Kira", from_commons(village, "Bob", 120, "Seed potatoes"))
    two(village, "Kira", "Kofi", payment(village, "Chandra", 900, "A new roof"))
    two(village, "Kira", "Kofi", clearing(village, "Alice"))
    page = read(signed_in("Chandra"))
    for words in (
        "−11.90 h",  # what it has
        "<p>It can still give ",  # apart from the sentence before it
        "Part of payments (the levy)",
        "+0.30 h",
        "Care: Dina",
        "Caring for an old person",
        "Paid by keepers: Bob",
        "Because: Seed potatoes",
        "By the keeper Kira",
        "Paid by keepers: Chandra",
        "Because: A new roof",
        "Agreed by the keepers Kira and Kofi",
        "A debt carried: Alice",
    ):
        assert words in page, words
    assert commons(village) == 30 + 250 - 150 - 120 - 900 - 300 == -1190
    verify(village.hub.store)


def test_nobody_reads_who_gave_who_was_cared_for_or_who_paid_whom(
    village: Village, signed_in: SignedIn
) -> None:
    village.do("Kira", ChangeRules("credit", {"levy_rate": 100}, "assembly"))
    village.pay("Alice", "Bob", 300, note="two loaves")
    give(village, "Dina", 250)
    day = village.clock.now().ms // DAY_MS
    claim = village.do("Bob", ClaimCare(village.numbers["Bob"], "elder", 90, day, "Old Tom", "Washed"))
    for witness in ("Alice", "Dina"):
        village.do(witness, Cosign(claim.record, claim.outcome["terms"]))
    page = read(signed_in("Chandra"))
    for secret in ("Dina", "Alice", "Old Tom", "Washed", "two loaves"):
        assert secret not in page, secret
    assert page.count("+0.30 h") == 1, "the levy is a sum, and no line"
    assert "A gift: Dina" in read(signed_in("Dina"))


def test_a_gift_given_back_is_struck_out_without_a_name(village: Village, signed_in: SignedIn) -> None:
    gift = give(village, "Dina", 250)
    village.do("Kira", Reverse(RecordId(gift.record), "one nought too many"))
    page = read(signed_in("Chandra"))
    assert "Given back" in page
    assert "Dina" not in page
    assert "one nought too many" not in page


def test_a_month_at_a_time_and_a_page_at_a_time(village: Village, signed_in: SignedIn) -> None:
    for _ in range(25):
        give(village, "Dina", 1)
    village.clock.advance(31 * DAY_MS)
    give(village, "Dina", 500)
    bob = signed_in("Bob")
    now = read(bob)
    assert "+5.00 h" in now
    assert "+0.25 h" not in now
    june = read(bob, "/commons?month=2026-06")
    assert "+0.25 h" in june
    assert june.count("A gift") == 20
    assert "Older ones of this month" in june
    assert "The month after" in june
    assert "The month before" not in june
    before = june.split("before=")[1].split('"')[0]
    rest = read(bob, f"/commons?month=2026-06&before={before}")
    assert rest.count("A gift") == 5
    assert "To the newest of this month" in rest


def test_no_month_that_is_typed_breaks_the_page(village: Village, signed_in: SignedIn) -> None:
    bob = signed_in("Bob")
    for month in ("", "x", "2026-13", "2026-00", "0000-01", "9999-12", "٢٠٢٦-٠٦", "2026-06-01", "-1"):
        assert bob.get("/commons", query_string={"month": month}).status_code == 404, month
    for month in ("2000-01", "2199-12"):
        assert bob.get("/commons", query_string={"month": month}).status_code == 200, month
    for before in ("x", "-1", "9" * 40, "0"):
        assert bob.get("/commons", query_string={"before": before}).status_code == 200, before


def test_strangers_and_newcomers_do_not_read_it(village: Village, phone: Callable[..., Browser]) -> None:
    assert phone().get("/commons").status_code == 302
    number = village.join("Emma")
    emma = phone()
    emma.sign_in(Account(village.hub.number, AccountNumber(number)).short)
    assert emma.get("/commons").status_code == 302


def test_anybody_gives_to_the_commons(village: Village, signed_in: SignedIn) -> None:
    alice = signed_in("Alice")
    form = alice.get(alice.get("/commons").text.split('href="/P/')[1].split('"')[0].join(("/P/", "")))
    assert "Give to the commons" in form.text
    check = alice.fill(form, "/pay/check", amount="2")
    done = alice.fill(check, "/pay/send", follow=True, pin=PIN)
    assert "You have given to the commons" in done.text
    assert commons(village) == 200
