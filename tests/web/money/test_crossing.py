"""Alice of River pays Chandra of Hill with her browser, and reads how far it has come."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from appliance.ledger.book.letters import Why
from appliance.ledger.errors import Code, Refusal
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.money.transfers import RETURNED
from appliance.ledger.people.showing import ShowName
from appliance.ledger.values import Account, AccountNumber
from appliance.web.wording import way
from tests.support.two_villages import HILL, RIVER, two_villages
from tests.support.village import PIN
from tests.web.conftest import OWN_SCREEN, Browser, forms
from tests.web.villages import Portals, portals

NOBODY = Account(HILL, AccountNumber(77)).full


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Portals]:
    with two_villages(tmp_path) as two:
        yield portals(two)


@pytest.fixture
def alice(here: Portals) -> Browser:
    return here.at("Alice")


def show_names(here: Portals, *names: str) -> None:
    for name in names:
        home = here.two.home_of(name)
        home.do(name, ShowName(home.numbers[name], True))
    for hub in (RIVER, HILL):
        here.two.posts[hub].publish(8)
    here.two.carry()


def refreshes(page: TestResponse) -> int | None:
    found = re.search(r'http-equiv="refresh" content="(\d+)[;"]', page.text)
    return int(found[1]) if found else None


def found(pattern: str, text: str) -> str:
    """What the pattern's group is in ``text``; it must be there."""
    match = re.search(pattern, text)
    assert match is not None, f"{pattern} in {text}"
    return match[1]


def words(page: TestResponse) -> str:
    """What a page says, without markup, on one line."""
    main = page.text.split("<main", 1)[-1].split("</main>", 1)[0]
    return " ".join(re.sub(r"<[^>]*>", " ", main).replace("\u00a0", " ").split())


class TestWhom:
    @pytest.mark.parametrize("form", ["full", "compact"])
    def test_by_number(self, here, alice, form):
        chandra = here.two.hill.account("Chandra")
        answer = alice.get("/pay", query_string={"to": getattr(chandra, form)})
        assert answer.location == f"/P/{chandra.compact}"

    def test_by_the_address_of_a_card_of_the_other_village(self, here, alice):
        chandra = here.two.hill.account("Chandra")
        answer = alice.get("/pay", query_string={"to": f"http://hill.hub.internal/P/{chandra.compact}"})
        assert answer.location == f"/P/{chandra.compact}"

    def test_by_the_name_that_the_other_village_told(self, here, alice):
        assert alice.get("/pay?to=chandra").status_code == 422
        show_names(here, "Chandra")
        answer = alice.get("/pay?to=chandra", follow_redirects=True)
        assert "Pay Chandra of Hill" in words(answer)

    def test_people_of_both_villages_are_a_choice(self, here, alice):
        here.two.hill.join("Bobby")
        from appliance.ledger.people.members import Approve

        here.two.hill.do("Hana", Approve(here.two.hill.numbers["Bobby"]))
        show_names(here, "Bobby")
        page = words(alice.get("/pay?to=bob"))
        assert "Which one?" in page
        assert "Bobby of Hill 102-" in page

    def test_the_same_number_elsewhere_is_not_oneself(self, here, alice):
        mine = here.two.river.numbers["Alice"]
        there = Account(HILL, mine)
        assert alice.get(f"/P/{there.compact}").status_code == 200

    def test_an_unknown_village_is_told_with_those_there_are(self, alice):
        page = alice.get("/pay", query_string={"to": Account(105, AccountNumber(2)).full})
        assert page.status_code == 422
        assert "No village has the number 105. There are: River (101), Hill (102)." in words(page)

    def test_a_mistyped_digit(self, here, alice):
        right = here.number("Chandra")
        page = alice.get("/pay", query_string={"to": right[:-1] + str((int(right[-1]) + 1) % 10)})
        assert page.status_code == 422
        assert "A digit of this number is wrong" in words(page)

    def test_a_number_that_no_account_can_have(self, here, alice):
        huge = Account(HILL, AccountNumber(10**13))
        page = alice.get("/pay", query_string={"to": huge.full})
        assert page.status_code == 422
        assert "Nobody here has this number" in words(page)
        assert alice.get(f"/P/{huge.compact}").status_code == 422
        refused = here.two.try_send("Alice", 10**13, 100)
        assert isinstance(refused, Refusal)
        assert refused.code is Code.UNKNOWN_ACCOUNT

    def test_the_commons_of_the_other_village(self, here, alice):
        commons = Account(HILL, AccountNumber(0)).full
        page = here.pay(alice, commons, "1")
        here.two.carry()
        page = words(alice.get(page.request.path))
        assert "Arrived at Hill" in page
        assert "To the commons of Hill" in page

    def test_asking_is_for_people_at_home(self, here, alice):
        page = alice.fill("/ask", "/ask", amount="1", of=here.number("Chandra"))
        assert page.status_code == 422
        assert "Nobody here has this number" in words(page)


class TestChecking:
    def test_it_says_what_is_different(self, here, alice):
        page = words(alice.fill(f"/P/{here.two.hill.account('Chandra').compact}", "/pay/check", amount="2"))
        assert "to 102-0002-7 of Hill" in page
        assert "We have no name for this number: compare it with the card." in page
        assert "Hill has not been heard yet. The payment waits until it is." in page
        assert "The credit leaves your account now. Only Hill can send it back." in page
        assert "If nobody there has this number, it comes back by itself." in page

    def test_a_name_that_was_told_needs_no_comparing(self, here, alice):
        show_names(here, "Chandra")
        here.two.hear(RIVER)
        here.two.clock.advance(5 * 60_000)
        page = words(alice.fill(f"/P/{here.two.hill.account('Chandra').compact}", "/pay/check", amount="2"))
        assert "to Chandra of Hill 102-0002-7" in page
        assert "Hill was last heard 5 minutes ago." in page
        assert "compare it with the card" not in page

    def test_when_the_clock_was_set_back_since(self, here, alice):
        here.two.hear(RIVER)
        here.two.clock.advance(-60_000)
        page = words(alice.fill(f"/P/{here.two.hill.account('Chandra').compact}", "/pay/check", amount="2"))
        assert "Hill was last heard 1 Jun 2026" in page

    def test_a_note_that_the_air_has_no_room_for(self, here, alice):
        note = " ".join(f"{n * 7919:x}" for n in range(25))
        page = alice.fill(
            f"/P/{here.two.hill.account('Chandra').compact}", "/pay/check", amount="2", note=note
        )
        assert page.status_code == 422
        assert "too long" in words(page)

    def test_the_limit_between_the_villages(self, here, alice):
        here.two.limit(RIVER, high=300)
        page = here.pay(alice, "Chandra", "9")
        assert page.status_code == 422
        assert "9.00 h is more than can go to Hill now: 3.00 h can" in words(page)
        assert "The credit leaves your account" not in words(page)
        here.two.limit(RIVER, high=0)
        assert "Nothing can go to Hill now" in words(here.pay(alice, "Chandra", "9"))

    def test_the_same_again_asks_first(self, here, alice):
        here.pay(alice, "Chandra", "1")
        assert "Pay again?" in words(here.pay(alice, "Chandra", "1"))

    def test_post_out_of_order_is_told(self, here, alice):
        from appliance.ledger.book import feed

        with here.two.river.hub.store.write() as tx:
            row = feed.state(tx, HILL, 1)
            row.forked = True
            feed.save(tx, row)
        page = words(alice.fill(f"/P/{here.two.hill.account('Chandra').compact}", "/pay/check", amount="2"))
        assert "The post from Hill is out of order" in page


class TestTheWay:
    def test_on_its_way_then_arrived(self, here, alice):
        page = here.pay(alice, "Chandra", "2.50", note="two loaves")
        address = page.request.path
        assert "On its way to Hill" in words(page)
        assert "It waits here for the radio." in words(page)
        assert refreshes(page) == 5
        on_air = list(here.two.frames_of(RIVER))
        assert "It is on the air. Hill has not answered yet." in words(alice.get(address))
        for frame in on_air:
            here.two.deliver(frame, HILL)
        here.two.hear(RIVER)
        assert "Hill has it, and has not answered yet." in words(alice.get(address))
        here.two.carry()
        page = alice.get(address)
        assert "Arrived at Hill" in words(page)
        assert refreshes(page) is None
        assert "two loaves" in words(page)

    def test_it_looks_again_less_and_less_often(self, here, alice):
        address = here.pay(alice, "Chandra", "1").request.path
        seen = []
        for minutes in (0, 3, 20, 61):
            here.two.clock.advance(minutes * 60_000)
            seen.append(refreshes(alice.get(address)))
        assert seen == [5, 15, 60, None]
        page = alice.get(address)
        (main,) = re.findall(r'<a class="button main".*?</a>', page.text)
        assert "Look again" in main

    def test_the_line_in_the_book_stays_and_a_second_one_says_the_end(self, here, alice):
        address = here.pay(alice, "Chandra", "2").request.path
        before = words(alice.get(address))
        paid = found(r"Line in the book (\d+)", before)
        assert "Line of its end" not in before
        here.pay(alice, "Bob", "1")
        here.two.carry()
        page = words(alice.get(address))
        ended = found(rf"Line in the book {paid} Line of its end (\d+)", page)
        assert int(ended) > int(paid)
        came = words(TestReceiving().receipt(here.at("Chandra")))
        assert "Line in the book" in came
        assert "Line of its end" not in came

    def test_to_a_number_that_nobody_has(self, here, alice):
        address = here.pay(alice, NOBODY, "1").request.path
        here.two.carry()
        page = words(alice.get(address))
        assert "Came back from Hill" in page
        assert "Nobody in Hill has this number." in page
        assert "The credit is on your account again." in page
        refund = alice.get(
            found(r'href="(/t/\w+)"[^>]*>[^/]*/?[^>]*>.*?How it came back', alice.get(address).text)
        )
        assert "The payment that came back" in words(refund)
        assert "State came back" in words(refund)
        assert here.two.river.balance("Alice") == 0

    def test_over_the_payees_limit_a_smaller_amount_is_offered(self, here, alice):
        here.two.hill.do("Hana", SetLimits(here.two.hill.numbers["Chandra"], -1200, 100, "to try it out"))
        address = here.pay(alice, "Chandra", "2").request.path
        here.two.carry()
        page = words(alice.get(address))
        assert "Came back from Hill This" not in page
        assert "This person cannot receive that much now. A smaller amount may work." in page
        assert "Choose a smaller amount" in page

    def test_the_first_page_and_the_statement_tell_it(self, here, alice):
        here.pay(alice, "Chandra", "2")
        home = words(alice.get("/"))
        assert "Between villages" in home
        assert "102-0002-7 of Hill on its way to Hill 2.00 h" in home
        here.pay(alice, NOBODY, "1")
        here.two.carry()
        home = words(alice.get("/"))
        assert "102-0077-6 of Hill new came back: Nobody in Hill has this number. 1.00 h" in home
        assert "on its way" not in home
        lines = words(alice.get("/statement"))
        assert lines.count("came back") == 2
        here.two.clock.advance(4 * 86_400_000)
        assert "Between villages" not in words(alice.get("/"))

    def test_nothing_is_undone_between_villages(self, here, alice):
        address = here.pay(alice, "Chandra", "2").request.path
        here.two.carry()
        kira = here.at("Kira", OWN_SCREEN)
        assert kira.get(f"{address}/undo").location == address
        assert "/undo" not in kira.get(address).text

    def test_nobody_else_reads_the_receipt(self, here, alice):
        address = here.pay(alice, "Chandra", "2").request.path
        assert here.at("Bob").get(address).status_code == 404
        assert here.at("Kira").get(address).status_code == 404
        assert "On its way to Hill" in words(here.at("Kira", OWN_SCREEN).get(address))


class TestRecalling:
    def test_it_explains_then_asks_then_comes_back(self, here, alice):
        here.two.limit(HILL, low=0)
        address = here.pay(alice, "Chandra", "2").request.path
        here.two.carry()
        page = alice.get(f"{address}/recall")
        assert "That works only while it has not been taken there." in words(page)
        page = alice.fill(page, "/recall", follow=True)
        assert page.request.path == address
        assert "It was asked back." in words(page)
        assert "Ask for it back" not in words(page)
        here.two.carry()
        page = words(alice.get(address))
        assert "Came back from Hill" in page
        assert "The payer asked for it back." in page
        assert here.two.river.balance("Alice") == 0

    def test_too_late_is_plain(self, here, alice):
        address = here.pay(alice, "Chandra", "2").request.path
        page = alice.get(f"{address}/recall")
        here.two.carry()
        answer = alice.fill(page, "/recall")
        assert answer.status_code == 422
        assert "not on its way any more" in words(answer)
        assert "Yes, ask for it back" not in words(answer)
        assert alice.get(f"{address}/recall").location == address

    def test_that_it_came_too_late_stands_on_the_receipt(self, here, alice):
        """Hill took the payment before it read that River wants it back."""
        address = here.pay(alice, "Chandra", "2").request.path
        on_air = list(here.two.frames_of(RIVER))
        alice.fill(alice.get(f"{address}/recall"), "/recall")
        for frame in on_air:
            here.two.deliver(frame, HILL)
        here.two.carry()
        page = words(alice.get(address))
        assert "Arrived at Hill" in page
        assert "It was asked back; Hill had taken it already." in page
        assert "Ask 102-0002-7 of Hill to pay it back: between villages that is a new payment." in page
        assert "A mistake?" not in page
        assert here.two.hill.balance("Chandra") == 200
        keeper = words(here.at("Kira", OWN_SCREEN).get(address))
        assert "It was asked back; Hill had taken it already." in keeper
        assert "Only 102-0002-7 of Hill can pay it back" in keeper

    def test_nothing_of_it_where_nobody_asked(self, here, alice):
        address = here.pay(alice, "Chandra", "2").request.path
        here.two.carry()
        page = words(alice.get(address))
        assert "asked back" not in page
        assert "A mistake? Ask 102-0002-7 of Hill to pay it back" in page

    def test_a_second_tap_is_no_mistake(self, here, alice):
        address = here.pay(alice, "Chandra", "2").request.path
        page = alice.get(f"{address}/recall")
        assert alice.fill(page, "/recall").location == address
        assert alice.fill(page, "/recall").location == address

    def test_not_by_others(self, here, alice):
        address = here.pay(alice, "Chandra", "2").request.path
        assert here.at("Bob").get(f"{address}/recall").status_code == 404
        assert here.at("Kira").get(f"{address}/recall").status_code == 403
        assert here.at("Kira", OWN_SCREEN).get(f"{address}/recall").status_code == 200

    @pytest.mark.parametrize("what", ["local", "received", "refund"])
    def test_only_what_left_here_can_be_asked_back(self, here, alice, what):
        """Whoever sends the form for anything else learns nothing of it, a keeper with a phone neither."""
        payee = {"local": "Bob", "received": "Chandra", "refund": NOBODY}[what]
        address = here.pay(alice, payee, "2").request.path
        here.two.carry()
        mine, keeper = alice, here.at("Kira")
        if what == "received":
            mine, keeper = here.at("Chandra"), here.at("Hana")
        if what != "local":
            address = found(r'href="(/t/[0-9a-f]+)"', mine.get("/statement").text)
        for someone in (mine, keeper):
            token = forms(someone.get("/me"))[-1].fields["csrf_token"]
            answer = someone.post(f"{address}/recall", {"csrf_token": token})
            assert (answer.status_code, answer.location) == (302, address)


class TestReceiving:
    def receipt(self, browser: Browser, path: str = "/statement") -> TestResponse:
        found = re.search(r'href="(/t/\w+)"', browser.get(path).text)
        assert found
        return browser.get(found[1])

    def test_who_it_is_from(self, here, alice):
        show_names(here, "Alice")
        here.pay(alice, "Chandra", "2", note="bread")
        here.two.carry()
        chandra = here.at("Chandra")
        assert "Alice of River" in words(chandra.get("/"))
        page = words(self.receipt(chandra))
        for said in ("Arrived from River", "From Alice of River 101-0002-0", "bread"):
            assert said in page

    def test_paying_back_is_a_new_payment(self, here, alice):
        here.pay(alice, "Chandra", "2.50", category="food")
        here.two.carry()
        chandra = here.at("Chandra")
        receipt = self.receipt(chandra)
        back = found(r'href="(/P/[^"]+back=1)"', receipt.text).replace("&amp;", "&")
        page = chandra.get(back)
        assert "to pay it back is a new payment" in words(page)
        chandra.fill(chandra.fill(page, "/pay/check"), "/pay/send", pin=PIN)
        here.two.carry()
        assert here.two.river.balance("Alice") == 0
        assert here.two.hill.balance("Chandra") == 0

    def test_what_waits_says_so(self, here, alice):
        here.two.limit(HILL, low=-100)
        here.pay(alice, "Chandra", "2")
        here.two.carry()
        chandra = here.at("Chandra")
        assert "waits: the limit between the villages is reached" in words(chandra.get("/"))
        page = words(self.receipt(chandra, "/"))
        assert "Waits: a payment from River" in page
        assert "Between Hill and River the limit is reached." in page
        assert "Nothing has been credited yet." in page

    def test_what_went_back_says_why(self, here, alice):
        here.two.limit(HILL, low=-100)
        address = here.pay(alice, "Chandra", "2").request.path
        here.two.carry()
        chandra = here.at("Chandra")
        receipt = self.receipt(chandra, "/").request.path
        alice.fill(alice.get(f"{address}/recall"), "/recall")
        here.two.carry()
        page = words(chandra.get(receipt))
        assert "Went back to River" in page
        assert "The payer asked for it back." in page
        assert "Nothing was credited here." in page


class TestMyName:
    def test_let_others_find_me_and_hide_again(self, here, alice):
        page = alice.get("/me")
        assert "People of other villages pay you by your number." in words(page)
        page = alice.fill(page, "/me/name", follow=True)
        assert "Other villages can find you by name." in words(page)
        here.two.posts[RIVER].publish(8)
        here.two.carry()
        assert "Pay Alice of River" in words(here.at("Chandra").get("/pay?to=alice", follow_redirects=True))
        page = alice.fill(page, "/me/name", follow=True)
        assert "told to forget your name" in words(page)
        here.two.posts[RIVER].publish(8)
        here.two.carry()
        assert here.at("Chandra").get("/pay?to=alice").status_code == 422

    def test_with_the_pin_when_the_key_is_not_open(self, here, alice):
        here.two.clock.advance(11 * 60_000)
        page = alice.get("/me")
        assert alice.fill(page, "/me/name").status_code == 422
        assert alice.fill(page, "/me/name", pin=PIN).status_code == 302

    def test_the_qr_has_the_full_number(self, here, alice):
        page = alice.get("/me/qr")
        assert f"/P/{here.two.river.account('Alice').compact}" in page.text
        assert "From other villages: 101-0002-0" in words(page)
        assert "the whole number, like 102-0042-5" in words(alice.get("/pay"))


def test_a_village_alone_has_none_of_it(village, signed_in):
    alice = signed_in("Alice")
    assert "Other villages" not in alice.get("/me").text
    assert "other villages" not in alice.get("/me/qr").text
    assert "another village" not in alice.get("/pay").text
    page = alice.get("/pay", query_string={"to": Account(102, AccountNumber(3)).full})
    assert "no other village is connected with this one yet" in words(page)


@pytest.mark.parametrize("why", Why)
def test_every_reason_has_words_in_both_languages(here, why):
    from dataclasses import replace

    from appliance.ledger.reads import member

    receipt = here.two.send("Alice", "Chandra", 100)
    with here.two.river.hub.reading() as tx:
        t = member.transfer(tx, receipt.record, here.two.river.numbers["Alice"])
    assert t is not None
    assert t.way is not None
    back = replace(t.way, why=why, leg=None)
    gone = replace(t, state=RETURNED, way=back)
    said = []
    for language in ("en", "es"):
        with here.apps[RIVER].test_request_context(headers={"Accept-Language": language}):
            said.append(way.told(gone, back).sentence)
    assert all(sentence.endswith(".") and "_" not in sentence for sentence in said)
    assert len({*said}) == 2
