"""What the predecessor could do with accounts, transfers and as an admin, and we can too: an index of stories.

One test a row of the parity list in our notes on MCCS (*Accounts and transfers*, *Admin*, and what
of *People and sign-in* and *Directory* touches the ledger), named after the row. Where the design does it in
another way on purpose, the docstring says which.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from appliance.ledger.book import taxonomy
from appliance.ledger.book.schema import Posting, Transfer
from appliance.ledger.book.store import Store
from appliance.ledger.errors import Action, BadNumber, Code, Refusal
from appliance.ledger.market.categories import NEW, MergeCategory, SetCategory
from appliance.ledger.market.listings import OpenListing
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.money.requests import DAY_MS, Accept, Cancel, Decline, Request
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.money.sums import check
from appliance.ledger.money.transfers import Pay
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.people.further import OpenAccount
from appliance.ledger.people.grants import JOINT, AgreeGrant, AskGrant
from appliance.ledger.people.leaving import LEFT, CloseMember, Leave
from appliance.ledger.people.life import Freeze, Unfreeze, Vouch
from appliance.ledger.people.members import Approve, TurnAway
from appliance.ledger.reads import desk
from appliance.ledger.reads import member as reads
from appliance.ledger.reads.listings import listing
from appliance.ledger.reads.troubles import unanswered
from appliance.ledger.tend import tend
from appliance.ledger.values import Account, AccountNumber, Amount, parse_account
from appliance.web import create_app
from tests.ledger.book import tampering
from tests.support.village import PIN, Village, a_copied_village, a_village
from tests.web.conftest import OWN_SCREEN, PHONE, Browser

Enter = Callable[..., Browser]


@pytest.fixture
def river(tmp_path: Path) -> Iterator[Village]:
    with a_copied_village(tmp_path / "river") as village:
        yield village


@pytest.fixture
def app(river: Village) -> Flask:
    return create_app(river.hub, TESTING=True, PROPAGATE_EXCEPTIONS=False)


@pytest.fixture
def enter(river: Village, app: Flask) -> Enter:
    """``enter("Alice")``: a phone on which Alice is signed in; keepers sit at the own screen."""

    def new(name: str) -> Browser:
        browser = Browser(app.test_client(), OWN_SCREEN if name == "Kira" else PHONE)
        assert browser.sign_in(river.account(name).short).status_code == 302
        return browser

    return new


def code(answer: object) -> Code:
    assert isinstance(answer, Refusal), answer
    return answer.code


class TestPeopleAndSignIn:
    def test_sign_up_and_be_signed_in_at_once_while_one_waits(self, river: Village, app: Flask) -> None:
        """Successor: a person joins; a shop is a further account, which a keeper opens later."""
        phone = Browser(app.test_client())
        home = phone.fill("/join", "/join", follow=True, name="Emil", pin=PIN, pin2=PIN)
        assert home.status_code == 200
        number = max(river.numbers.values()) + 1
        assert Account(river.hub.number, AccountNumber(number)).short in phone.get("/").text
        assert phone.get("/market").status_code == 302
        assert code(river.ask("Alice", Pay(river.numbers["Alice"], AccountNumber(number), Amount(1)))) is (
            Code.UNKNOWN_ACCOUNT
        )

    def test_several_users_of_an_entity_and_several_entities_of_a_user(self, river: Village) -> None:
        alice, bob = river.numbers["Alice"], river.numbers["Bob"]
        shops = [
            AccountNumber(
                river.do("Kira", OpenAccount(alice, "business", name, "she runs it")).outcome["number"]
            )
            for name in ("The bakery", "The mill")
        ]
        river.do("Alice", AskGrant(shops[0], bob, JOINT))
        river.do("Bob", AgreeGrant(shops[0], JOINT))
        river.do("Bob", Pay(shops[0], river.numbers["Chandra"], Amount(100)))
        river.do("Alice", Pay(shops[0], river.numbers["Chandra"], Amount(50)))
        assert code(river.ask("Bob", Pay(shops[1], river.numbers["Chandra"], Amount(1)))) is Code.NOT_YOURS

    def test_apply_and_be_let_in_by_those_who_answer_for_it(self, tmp_path: Path) -> None:
        """Successor of six statuses and two approvals: members vouch where a village wants it, a keeper lets in."""
        with a_village(tmp_path / "wary") as wary:
            wary.do("Kira", ChangeRules("credit", {"vouchers": 1}, "we have become many"))
            emil = wary.join("Emil")
            assert code(wary.ask("Kira", Approve(emil))) is Code.VOUCHERS_MISSING
            wary.do("Alice", Vouch(emil))
            wary.do("Kira", Approve(emil))
            wary.pay("Emil", "Bob", 100)

    def test_a_lost_password_is_replaced(self, river: Village, enter: Enter) -> None:
        """Successor of the mail with a link: a new PIN beside a keeper; the old key signs nothing any more."""
        old = river.signers["Bob"]
        path = f"/desk/people/{river.numbers['Bob']}"
        done = enter("Kira").fill(path, "/pin", follow=True, new="7391", new2="7391", pin=PIN)
        assert "The new PIN counts" in done.text
        assert code(river.hub.submit(Pay(river.numbers["Bob"], river.numbers["Alice"], Amount(1)), old)) is (
            Code.NOT_YOURS
        )

    def test_the_sign_in_before_is_shown(self, river: Village, enter: Enter) -> None:
        enter("Alice")
        Browser(create_app(river.hub).test_client()).sign_in(river.account("Alice").short, "9999")
        assert "wrong PIN" in enter("Alice").get("/").text


class TestAccountsAndTransfers:
    def test_one_lasting_account_with_a_number_that_finds_slips_of_the_pen(self, river: Village) -> None:
        """Successor of sixteen digits: a short number at home, a full one for other villages, both checked."""
        full = river.account("Alice").full
        assert parse_account(full, river.hub.number) == river.account("Alice")
        digits = [c for c in full if c.isdigit()]
        for place in range(len(full)):
            if full[place].isdigit():
                wrong = full[:place] + str((int(full[place]) + 1) % 10) + full[place + 1 :]
                with pytest.raises(BadNumber):
                    parse_account(wrong, river.hub.number)
        assert len(digits) >= 5
        river.do("Alice", Leave(river.numbers["Alice"]))
        assert river.join("Emil") != river.numbers["Alice"], "a number is never given again"

    def test_a_balance_from_zero_in_a_named_unit_within_limits_of_each_account(self, river: Village) -> None:
        assert river.balance("Alice") == 0
        assert river.hub.rules().community.unit == "hour"
        river.do("Kira", SetLimits(river.numbers["Alice"], -300, 400, "as agreed"))
        assert code(river.ask("Alice", Pay(river.numbers["Alice"], river.numbers["Bob"], Amount(301)))) is (
            Code.PAYER_LIMIT
        )
        assert code(river.ask("Bob", Pay(river.numbers["Bob"], river.numbers["Alice"], Amount(401)))) is (
            Code.PAYEE_LIMIT
        )

    def test_propose_accept_reject_cancel(self, river: Village) -> None:
        """A payment out is done at once, as its payer wants it; a request waits for its payer."""
        n = river.numbers
        river.pay("Alice", "Bob", 100)
        river.accept("Alice", river.request("Bob", "Alice", 20), "Bob", 20)
        river.do("Alice", Decline(river.request("Bob", "Alice", 30).record, n["Alice"]))
        river.do("Bob", Cancel(river.request("Bob", "Alice", 40).record))
        assert river.balance("Bob") == 120

    def test_limits_are_checked_when_asked_and_when_answered_and_the_numbers_are_said(
        self, river: Village
    ) -> None:
        n = river.numbers
        refused = river.ask("Chandra", Request(n["Chandra"], n["Alice"], Amount(2401)))
        assert isinstance(refused, Refusal)
        assert (refused.code, refused.numbers["can_receive"]) == (Code.PAYEE_LIMIT, 2400)
        asked = river.request("Chandra", "Alice", 1000)
        river.pay("Alice", "Bob", 900)
        refused = river.ask("Alice", Accept(asked.record, n["Alice"], n["Chandra"], Amount(1000)))
        assert isinstance(refused, Refusal)
        assert (refused.code, refused.numbers["can_give"]) == (Code.PAYER_LIMIT, 300)

    def test_the_other_side_is_addressed_by_number_or_name(self, river: Village, enter: Enter) -> None:
        """Successor of the e-mail address: a name; or the QR code on a card."""
        alice = enter("Alice")
        for typed in (river.account("Bob").short, river.account("Bob").full, "Bob"):
            page = alice.get("/pay", query_string={"to": typed}, follow_redirects=True)
            assert "Bob" in page.text, typed

    def test_only_who_may_trade_and_not_to_oneself(self, river: Village) -> None:
        n = river.numbers
        assert code(river.ask("Alice", Pay(n["Alice"], n["Alice"], Amount(1)))) is Code.OWN_ACCOUNT
        river.do("Kira", Freeze(n["Bob"], "three disputes"))
        assert code(river.ask("Bob", Pay(n["Bob"], n["Alice"], Amount(1)))) is Code.FROZEN
        assert code(river.ask("Alice", Pay(n["Alice"], n["Bob"], Amount(1)))) is Code.ACCOUNT_CLOSED
        river.do("Kira", Unfreeze(n["Bob"], "it is settled"))
        river.pay("Alice", "Bob", 1)

    def test_transfers_by_state_newest_first_in_pages_and_by_date(self, river: Village, enter: Enter) -> None:
        first = river.pay("Alice", "Bob", 11).record
        river.clock.advance(40 * DAY_MS)
        last = [river.pay("Alice", "Bob", 10 + n).record for n in range(30)][-1]
        river.request("Bob", "Alice", 77)
        with river.hub.reading() as tx:
            page = reads.statement(tx, river.numbers["Alice"])
            home = reads.home(tx, river.numbers["Alice"])
        assert page.lines[0].transfer == last
        assert page.older is not None
        assert home is not None
        assert [one.amount for one in home.to_pay] == [77]
        alice = enter("Alice")
        june = alice.get(f"/statements/{river.numbers['Alice']}?from=2026-06-01&to=2026-06-30")
        assert "0.11" in june.text
        assert "0.39" not in june.text
        assert f"/t/{last.hex()}" in alice.get("/statement").text
        assert f"/t/{first.hex()}" not in alice.get("/statement").text

    def test_both_sides_are_told_of_everything_that_happens(self, river: Village, enter: Enter) -> None:
        """Successor of mail: the first page, at the next sign-in; nothing leaves the village."""
        n = river.numbers
        asked = river.request("Chandra", "Alice", 75)
        assert "asks you for" in enter("Alice").get("/").text
        river.do("Alice", Decline(asked.record, n["Alice"]))
        with river.hub.reading() as tx:
            seen = reads.transfer(tx, asked.record, n["Chandra"])
        assert seen is not None
        assert seen.state == "declined"
        silent = river.request("Chandra", "Bob", 60)
        river.clock.advance(15 * DAY_MS)
        tend(river.hub)
        with river.hub.reading() as tx:
            for who in ("Chandra", "Bob"):
                assert silent.record in unanswered(tx, n[who], 0)

    def test_two_lines_that_sum_to_zero_and_an_alarm_when_the_whole_does_not(
        self, river: Village, enter: Enter
    ) -> None:
        """Successor of the mail to the admin: the desk's first page says so, in red."""
        river.pay("Alice", "Bob", 100)
        with river.hub.reading() as tx:
            lines = tx.rows(Posting.select())
            assert check(tx) == 2
        assert sorted(line.amount for line in lines) == [-100, 100]
        kira = enter("Kira")
        assert "do not add up" not in kira.get("/desk").text
        with tampering.card_in_hand(river.hub.data / "ledger.db") as db:
            db.execute("UPDATE account SET balance = balance + 1 WHERE number = 3")
        assert "do not add up" in kira.get("/desk").text


class TestDirectory:
    def test_people_by_name_offers_wants_and_favourites_in_pages_with_totals(
        self, river: Village, enter: Enter
    ) -> None:
        """Successor of the search for entities; *tagged since* and *category* are filters of the market."""
        river.do("Bob", OpenListing(river.numbers["Bob"], "offer", "food", "Bread"))
        river.do("Dina", OpenListing(river.numbers["Dina"], "want", "food", "Honey"))
        alice = enter("Alice")
        assert "5 people, by name" in alice.get("/people").text
        assert "Page 1 of 3" in alice.get("/people?size=2").text
        for query, shown in (("q=din", "Dina"), ("kind=offer", "Bob"), ("kind=want", "Dina")):
            page = alice.get(f"/people?{query}").text
            assert "1 person, by name" in page
            assert f">{shown}<" in page
        for query in ("category=food&q=bread", "new=1", "now=1"):
            assert "Bread" in alice.get(f"/market?{query}").text

    def test_favourites_are_added_taken_away_and_filtered(self, river: Village, enter: Enter) -> None:
        """Successor of a flag of an entity: it is a member's own, and of offers, too."""
        alice, bob = enter("Alice"), f"/people/{river.numbers['Bob']}"
        for button, marked in (("Make a favourite", True), ("No favourite any more", False)):
            page = alice.get(bob).text
            assert button in page
            alice.fill(bob, "/marks")
            assert (">Bob<" in alice.get("/people?marked=1").text) == marked

    def test_a_first_message_to_another_member(self, river: Village, enter: Enter) -> None:
        """Successor of the mail: within the hub, bounded, without a copy to the keepers; who is troubled shows it to them."""
        path = f"/talks/{river.numbers['Bob']}"
        enter("Alice").fill(path, path, text="Is the bread still there?")
        assert "Is the bread still there?" in enter("Bob").get("/").text
        assert "Is the bread still there?" not in enter("Kira").get("/desk").text

    def test_what_waits_is_told_on_the_first_page_until_it_is_done(
        self, river: Village, enter: Enter
    ) -> None:
        """Successor of the mails: nothing leaves the hub, so none can fail to go out; *new* until it was shown."""
        river.request("Bob", "Alice", 100)
        alice = enter("Alice")
        first, again = alice.get("/").text, alice.get("/").text
        assert "1 thing waits for you" in first
        assert ('class="new"' in first, 'class="new"' in again) == (True, False)
        assert "Bob asks you for" in again


class TestAdmin:
    def test_users_are_found_seen_changed_closed_and_given_a_password(
        self, river: Village, enter: Enter
    ) -> None:
        """A keeper changes no name and no profile: they are their owner's. Links are a member's own grants."""
        kira = enter("Kira")
        assert "Chandra" in kira.get("/desk/people?q=chan").text
        path = f"/desk/people/{river.numbers['Chandra']}"
        assert "A new PIN" in kira.get(path).text
        assert "has left" in kira.fill(f"{path}/left", "/life/left", follow=True, reason="moved").text

    def test_people_by_name_number_status_balance_and_limits(self, river: Village, enter: Enter) -> None:
        """By name, number and status in the list of people; by balance and limits in what needs an eye."""
        kira = enter("Kira")
        river.pay("Alice", "Bob", 1150)
        river.do("Kira", SetLimits(river.numbers["Alice"], -1000, 2400, "less room"))
        river.do("Kira", Freeze(river.numbers["Dina"], "three disputes"))
        assert "Alice" in kira.get("/desk/lists/over").text
        assert "Bob" not in kira.get("/desk/lists/over").text
        frozen = kira.get("/desk/people?status=frozen").text
        assert "Dina" in frozen
        assert "Alice" not in frozen
        assert "−11.50" in kira.get("/desk/people").text

    def test_who_has_a_balance_is_not_deleted(self, river: Village) -> None:
        river.pay("Alice", "Bob", 1)
        for name in ("Alice", "Bob"):
            refused = river.ask("Kira", CloseMember(river.numbers[name], LEFT, "moved away"))
            assert code(refused) is Code.ACCOUNT_NOT_ZERO

    def test_approve_or_reject(self, river: Village) -> None:
        river.do("Kira", Approve(river.join("Emil")))
        river.do("Kira", TurnAway(river.join("Fadi"), "nobody knows him"))
        with river.hub.reading() as tx:
            found = {line.who.name: line.who.status for line in desk.account_lines(tx)}
        assert (found["Emil"], found["Fadi"]) == ("active", "closed")

    def test_new_limits_that_do_not_cover_the_balance_are_shown_as_such(
        self, river: Village, enter: Enter
    ) -> None:
        """The design allows them: the account may then only move toward zero, and the desk says so."""
        river.pay("Alice", "Bob", 1000)
        kira, path = enter("Kira"), f"/desk/people/{river.numbers['Alice']}"
        page = kira.fill(path, "/limits", follow=True, low="5", high="10", reason="less room")
        assert "outside these limits" in page.text
        river.pay("Bob", "Alice", 100)

    def test_create_rename_and_delete_tags_and_categories(self, river: Village) -> None:
        """Successor: kinds in two levels, which keepers add, rename, hide and put together; every listing
        follows. Villages understand each other by the shipped ones. Words are free, and nobody's to keep in order."""
        alice = river.numbers["Alice"]
        made = river.do("Kira", SetCategory(NEW, "food", "Sauerteig", "food"))
        key = f"own{made.entry}"
        bread = river.do("Alice", OpenListing(alice, "offer", key, "Brot, 3 Sorten"))
        river.do("Kira", SetCategory(key, "food", "Sauerteigbrot", "food"))
        assert self.kind_of(river, bread.record) == (key, "Sauerteigbrot")
        river.do("Kira", MergeCategory(key, "bread"))
        assert self.kind_of(river, bread.record) == ("bread", "")
        for gone in (key, "no such"):
            wrong = OpenListing(alice, "offer", gone, "x")
            assert code(river.ask("Alice", wrong)) is Code.UNKNOWN_CATEGORY
        assert code(river.ask("Alice", MergeCategory("bread", "meal"))) is Code.NOT_KEEPER

    @staticmethod
    def kind_of(village: Village, record: bytes) -> tuple[str, str]:
        """The key of a listing's kind, and what keepers have called it."""
        with village.hub.reading() as tx:
            view = listing(tx, record, 0)
            assert view is not None
            assert view.title == "Brot, 3 Sorten"
            return view.category, taxonomy.of(tx).get(view.category).name

    def test_an_offer_is_asked_for_when_somebody_is_new_and_has_its_date(
        self, river: Village, enter: Enter
    ) -> None:
        """At least one of each was required there; here it is asked for, and "not now" is an answer."""
        alice = enter("Alice")
        assert "What can you offer?" in alice.get("/").text
        alice.fill("/", "/market/later")
        assert "What can you offer?" not in alice.get("/").text
        made = river.do("Alice", OpenListing(river.numbers["Alice"], "offer", "food", "Bread"))
        with river.hub.reading() as tx:
            view = listing(tx, made.record, 0)
        assert view is not None
        assert (view.at, view.until) == (river.clock.now().ms, river.clock.now().ms + 90 * DAY_MS)

    def test_a_transfer_on_behalf_of_two_members(self, river: Village) -> None:
        """Successor: only what both have signed on paper (slips), or a payment given back, with a reason.
        A keeper alone moves nobody's credit."""
        n = river.numbers
        assert code(river.ask("Kira", Pay(n["Alice"], n["Bob"], Amount(100)))) is Code.NOT_YOURS
        paid = river.pay("Alice", "Bob", 100)
        assert code(river.ask("Kira", Reverse(paid.record))) is Code.TEXT_MISSING
        river.do("Kira", Reverse(paid.record, "wrong Bob"))
        assert river.balance("Bob") == 0

    def test_all_transfers_by_status_account_and_date_and_each_one(
        self, river: Village, enter: Enter
    ) -> None:
        paid = river.pay("Alice", "Bob", 100)
        river.clock.advance(3 * DAY_MS)
        asked = river.request("Chandra", "Dina", 55)
        kira = enter("Kira")
        for query, there, missing in (
            ("stands=done", paid, asked),
            ("stands=waiting", asked, paid),
            ("q=alice", paid, asked),
            ("q=dina", asked, paid),
            ("to=2026-06-02", paid, asked),
            ("from=2026-06-03", asked, paid),
        ):
            page = kira.get(f"/desk/payments?{query}").text
            assert there.record.hex() in page, query
            assert missing.record.hex() not in page, query
        assert kira.get(f"/t/{paid.record.hex()}").status_code == 200

    def test_one_accounts_history_and_an_end_of_what_waits(self, river: Village, enter: Enter) -> None:
        """A keeper does not cancel a request: it moves nothing, its two people end it, or silence does;
        whoever leaves ends their own."""
        river.pay("Alice", "Bob", 100)
        river.pay("Bob", "Alice", 100)
        asked = river.request("Chandra", "Alice", 75)
        page = enter("Kira").get("/desk/payments?q=2").text
        assert page.count('href="/t/') == 3
        assert code(river.ask("Kira", Cancel(asked.record))) is Code.NOT_YOURS
        river.do("Alice", Leave(river.numbers["Alice"]))
        with river.hub.reading() as tx:
            row = tx.get(Transfer, id=asked.record)
        assert row is not None
        assert row.state == "cancelled"

    def test_a_log_with_old_and_new_values_searched_by_who_what_detail_and_date(
        self, river: Village, enter: Enter
    ) -> None:
        """What a rule was before is what the last change of it said; each entry is signed and chained."""
        kira, n = enter("Kira"), river.numbers
        for low in (-100, -200):
            river.do("Kira", SetLimits(n["Alice"], low, 300, f"down to {low}"))
            river.clock.advance(2 * DAY_MS)
        river.do("Kira", Freeze(n["Bob"], "three disputes"))
        log = kira.get("/desk/log?q=alice&about=limits").text
        assert "down to −1.00" in log
        assert "down to −2.00" in log
        assert "froze" not in log
        late = kira.get("/desk/log?from=2026-06-03&about=limits").text
        assert "down to −2.00" in late
        assert "down to −1.00" not in late

    def test_a_message_about_each_sign_up(self, river: Village, enter: Enter) -> None:
        """Successor of mail: the desk's first page."""
        kira = enter("Kira")
        assert "wants to join" not in kira.get("/desk").text
        river.join("Emil")
        assert "1 person wants to join" in kira.get("/desk").text


def test_what_may_be_done_comes_with_each_object(river: Village) -> None:
    """API: a transfer says who may do what with it now."""
    asked = river.request("Chandra", "Alice", 75)
    with river.hub.reading() as tx:
        actions = {
            name: set(view.actions)
            for name in ("Alice", "Chandra", "Bob")
            if (view := reads.transfer(tx, asked.record, river.numbers[name])) is not None
        }
    assert {Action.ACCEPT, Action.DECLINE} <= actions["Alice"]
    assert Action.CANCEL in actions["Chandra"]
    assert "Bob" not in actions


def test_the_book_of_all_this_is_whole(river: Village) -> None:
    river.pay("Alice", "Bob", 100)
    assert isinstance(river.hub.store, Store)
    with river.hub.reading() as tx:
        assert check(tx) == 2
