"""Kira brings files at the hub's own screen: what she reads, what happens, and what does not."""

import io
import re
import threading
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from appliance.ledger.book.verify import verify
from appliance.ledger.files.reading import MOST_BYTES, Problem
from appliance.ledger.files.words import WORDS, sentence
from appliance.ledger.people.members import AppointKeeper
from appliance.web import create_app
from appliance.web.desk.file_jobs import FOLDER, Jobs, Limited, State
from appliance.web.wording import file_words
from tests.support.lists import as_csv
from tests.support.village import PIN, Village
from tests.web.conftest import OWN_SCREEN, Browser, forms

SMALL = 30 * 1024
PEOPLE = [["name", "kind", "number"], ["Emma", "household", "17"], ["Farid", "", "18"]]


@pytest.fixture
def kira(signed_in) -> Browser:
    return signed_in("Kira", OWN_SCREEN)


def bring(who: Browser, what: str, data: bytes, name: str = "list.csv", **typed: str) -> TestResponse:
    """Bring a file, and wait until it was looked at."""
    page = who.get(f"/desk/files/in/{what}")
    fields = {**forms(page)[0].fields, **typed}
    fields["file"] = (io.BytesIO(data), name)  # type: ignore[assignment]  # as the test client takes files
    answer = who.post(f"/desk/files/in/{what}", fields)
    return follow(who, answer)


def follow(who: Browser, answer: TestResponse) -> TestResponse:
    """The page of the work, once it rests."""
    if answer.status_code != 302:
        return answer
    path = answer.headers["Location"]
    jobs: Jobs = who.client.application.extensions["files"]
    job = jobs.get(path.rpartition("/")[2])
    if job is not None:
        assert job.ended.wait(60)
    page = who.get(path)
    assert len(page.data) < SMALL
    return page


def take(who: Browser, page: TestResponse, **typed: str) -> TestResponse:
    return follow(
        who, who.fill(page, "/take", False, **{"reason": "the list of before", "pin": PIN, **typed})
    )


def names(village: Village) -> set[str]:
    with village.hub.reading() as tx:
        return {name for (name,) in tx.select("SELECT text FROM private_text WHERE field = 'name'")}


class TestIn:
    def test_errors_are_read_corrected_and_it_is_done(self, village: Village, kira: Browser) -> None:
        wrong = [*PEOPLE, ["", "ship", "17"]]
        page = bring(kira, "members", as_csv(wrong))
        assert "list.csv cannot be taken in yet" in page.text
        assert "3 errors" in page.text
        assert "Line 4, kind" in page.text
        assert "“ship”" in page.text
        assert "Write one of: person, household" in page.text
        marked = kira.get(re.findall(r'href="([^"]+errors\.csv)"', page.text)[0])
        assert marked.data.decode("utf-8-sig").splitlines()[1:3] == ["Emma,household,17,", "Farid,,18,"]
        assert "Emma" not in names(village)

        page = bring(kira, "members", as_csv(PEOPLE))
        assert "Take in 2 people?" in page.text
        assert "Emma: Household" in page.text
        assert "Emma" not in names(village)
        page = take(kira, page)
        assert "Taken in: 2 people." in page.text
        assert {"Emma", "Farid"} <= names(village)
        log = kira.get("/desk/log").text
        assert re.search(r"took in 2 people from the file “list.csv” \(check sum [0-9a-f]{8}\)", log)
        assert "Because: the list of before" in log
        assert not list((village.hub.data / FOLDER).iterdir())
        verify(village.hub.store)

    @pytest.mark.parametrize("people", [PEOPLE, [*PEOPLE, ["", "ship", "17"]]])
    def test_a_page_is_of_one_moment_though_the_work_ends_while_it_is_made(
        self, kira: Browser, people: list[list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The page reads the state several times; between two of them the file may have been read."""
        bring(kira, "members", as_csv(people))
        jobs: Jobs = kira.client.application.extensions["files"]
        (rested,) = jobs.waiting()
        job = jobs.get(rested.id)
        assert job is not None
        plan, state = job.plan, job.state
        job.plan, job.state = None, State.CHECKING

        def ends(words: str = file_words.TITLES["members"]()) -> str:
            assert job is not None
            job.plan, job.state = plan, state
            return words

        monkeypatch.setitem(file_words.TITLES, "members", ends)
        page = kira.get(f"/desk/files/job/{job.id}")
        assert page.status_code == 200
        assert "Looking at list.csv" in page.text
        assert 'http-equiv="refresh"' in page.text

    def test_payments_by_old_numbers_and_who_ends_outside(
        self, village: Village, kira: Browser, signed_in
    ) -> None:
        take(kira, bring(kira, "members", as_csv(PEOPLE)))
        paid = [["day", "payer", "payee", "amount", "note"], ["2024-05-31", "17", "18", "90", "a roof"]]
        page = bring(kira, "transfers", as_csv(paid), numbers="old")
        assert "Emma paid 90.00" in page.text
        assert "2 accounts would end outside their limits" in page.text
        page = take(kira, page)
        assert "Taken in: 1 payment." in page.text
        with village.hub.reading() as tx:
            assert tx.first("SELECT SUM(ABS(balance)) FROM account") == (18000,)

    def test_offers_out_of_a_file_are_found_on_the_market(
        self, village: Village, kira: Browser, signed_in
    ) -> None:
        rows = [
            ["owner", "kind", "category", "title", "price", "unit", "quantity", "times", "place"],
            ["Bob", "offer", "crafts", "Willow baskets", "2.5", "piece", "7", "Saturdays", "the mill"],
        ]
        page = bring(kira, "listings", as_csv(rows))
        assert "Bob offers: Willow baskets (Crafts, 2.50" in page.text
        assert "Taken in: 1 offer or want." in take(kira, page).text
        alice = signed_in("Alice")
        found = alice.get("/market?q=basket")
        assert "Willow baskets" in found.text
        (path,) = set(re.findall(r'href="(/market/[0-9a-f]{32})"', found.text))
        page = alice.get(path).text
        for words in ("a piece", "<dd>7</dd>", "<dd>Saturdays</dd>", "<dd>the mill</dd>"):
            assert words in page

    def test_on_phones_it_says_what_came_out_of_a_file(
        self, village: Village, kira: Browser, signed_in
    ) -> None:
        alice, bob = (village.account(name).full for name in ("Alice", "Bob"))
        take(kira, bring(kira, "openings", as_csv([["number", "amount"], [alice, "-5"], [bob, "5"]])))
        paid = [["day", "payer", "payee", "amount", "note"], ["2024-05-31", alice, bob, "2", "a roof"]]
        take(kira, bring(kira, "transfers", as_csv(paid)))
        phone = signed_in("Alice")
        home = phone.get("/").text
        assert "Opening balance" in home
        assert "from before" in home
        pages = [phone.get(path).text for path in re.findall(r'href="(/t/[0-9a-f]+)"', home)]
        assert any("What your account began with" in page for page in pages)
        assert any("a keeper took it in out of a file" in page for page in pages)
        assert "Kira set what 2 accounts begin with, out of a file." in phone.get("/me/acts").text

    def test_a_wrong_pin_or_no_reason_does_nothing(self, village: Village, kira: Browser) -> None:
        page = bring(kira, "members", as_csv(PEOPLE))
        assert "The PIN is not right" in take(kira, page, pin="1379").text
        assert "must not be empty" in take(kira, page, reason=" ").text
        assert "Emma" not in names(village)
        assert "Taken in:" in take(kira, page).text

    def test_sent_twice_is_taken_in_once(self, village: Village, kira: Browser) -> None:
        page = bring(kira, "members", as_csv(PEOPLE))
        first, again = take(kira, page), take(kira, page)
        assert "Taken in:" in first.text
        assert "Taken in:" in again.text
        with village.hub.reading() as tx:
            assert tx.first("SELECT COUNT(*) FROM member") == (7,)
        assert "This very file has been taken in already" in bring(kira, "members", as_csv(PEOPLE)).text

    def test_what_is_no_file_says_so(self, kira: Browser) -> None:
        assert "save it as CSV" in bring(kira, "members", b"PK\x03\x04....").text
        assert "The file is empty" in bring(kira, "members", b"").text
        assert "Missing: name" in bring(kira, "members", b"who\nEmma\n").text
        page = kira.fill("/desk/files/in/members", "/in/members")
        assert page.status_code == 422
        assert kira.get("/desk/files/in/nonsense").status_code == 404
        assert kira.get("/desk/files/out/nonsense.csv").status_code == 404

    def test_one_that_is_too_large_says_so(self, kira: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
        for module in ("appliance.web.desk.file_jobs", "appliance.ledger.files.reading"):
            monkeypatch.setattr(f"{module}.MOST_BYTES", 100_000)
        assert "The file is too large" in bring(kira, "members", b"name\n" + b"x" * 100_001).text
        monkeypatch.undo()
        limited = Limited()
        assert limited.write(b"x" * (MOST_BYTES + 99)) == MOST_BYTES + 99
        assert len(limited.getvalue()) == MOST_BYTES + 1

    def test_many_errors_fit_on_a_page(self, kira: Browser) -> None:
        rows = [["name", "kind"], *(["x" * 60, "ship" * 20] for _ in range(3_000))]
        page = bring(kira, "members", as_csv(rows))
        assert "6000 errors" in page.text
        assert "And 5940 more" in page.text

    def test_the_book_changed_since(self, village: Village, kira: Browser) -> None:
        rows = [
            ["number", "amount"],
            [village.account("Alice").full, "-5"],
            [village.account("Bob").full, "5"],
        ]
        page = bring(kira, "openings", as_csv(rows))
        village.pay("Alice", "Dina", 100)
        page = take(kira, page)
        assert "The book has changed since you looked" in page.text
        assert "Something has been paid on the account of Alice already" in page.text
        assert village.balance("Bob") == 0


class TestTwoKeepers:
    def test_the_second_one_types_number_and_pin(self, village: Village, kira: Browser) -> None:
        village.root(AppointKeeper(village.numbers["Dina"]))
        rows = [
            ["number", "amount"],
            [village.account("Alice").full, "-5"],
            [village.account("Bob").full, "5"],
        ]
        page = bring(kira, "openings", as_csv(rows))
        assert "The second keeper" in page.text
        dina = village.account("Dina").short
        assert "Please type your PIN" in take(kira, page, second=dina, second_pin="").text
        assert "The PIN is not right" in take(kira, page, second=dina, second_pin="1379").text
        kiras = village.account("Kira").short
        assert "A second keeper must agree" in take(kira, page, second=kiras, second_pin=PIN).text
        alice = village.account("Alice").short
        assert "Only a keeper can do this." in take(kira, page, second=alice, second_pin=PIN).text
        assert village.balance("Bob") == 0
        page = take(kira, page, second=dina, second_pin=PIN)
        assert "Taken in: 2 opening balances." in page.text
        assert village.balance("Bob") == 500
        log = kira.get("/desk/log").text
        assert "Dina agreed to a file: 2 opening balances, 5.00" in log
        assert "Kira set what 2 accounts begin with" in log

    def test_a_lone_keeper_reads_that_the_own_account_is_in_it(self, village: Village, kira: Browser) -> None:
        rows = [
            ["number", "amount"],
            [village.account("Kira").full, "5"],
            [village.account("Bob").full, "-5"],
        ]
        page = bring(kira, "openings", as_csv(rows))
        assert "You have a part in this file yourself" in page.text
        assert "/take" not in page.text


class TestOut:
    def test_files_come_out_for_keepers_at_the_own_screen(self, village: Village, kira: Browser) -> None:
        village.pay("Alice", "Bob", 250, note="=cmd|' /C calc'!A0")
        text = kira.get("/desk/files/out/transfers.csv").data.decode("utf-8-sig")
        assert "2.50,250" in text
        assert "'=cmd|" in text
        assert "Alice" in kira.get("/desk/files/out/members.csv").text
        assert kira.get("/desk/files/out/listings.csv").status_code == 200
        assert "Files in and out" in kira.get("/desk").text
        assert len(kira.get("/desk/files").data) < SMALL

    @pytest.mark.parametrize("path", ["", "/out/members.csv", "/in/members", "/job/members-00"])
    def test_nobody_else_and_nowhere_else(self, signed_in, path: str) -> None:
        assert signed_in("Alice", OWN_SCREEN).get(f"/desk/files{path}").status_code == 403
        assert signed_in("Kira").get(f"/desk/files{path}").status_code == 403

    def test_a_phone_cannot_send_a_large_form(self, signed_in, village: Village) -> None:
        phone = signed_in("Kira")
        answer = phone.post("/desk/files/in/members", {"file": "x" * 200_000})
        assert answer.status_code == 413


class TestTrouble:
    def test_a_full_disk_says_so_and_keeps_nothing(
        self, village: Village, kira: Browser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("appliance.web.desk.file_jobs.os.open", full)
        page = bring(kira, "members", as_csv(PEOPLE))
        assert page.status_code == 507
        assert "no room on its disk" in page.text
        monkeypatch.undo()
        assert not list((village.hub.data / FOLDER).iterdir())

    def test_a_disk_that_fills_while_it_is_written(self, village: Village, kira: Browser) -> None:
        page = bring(kira, "members", as_csv([["name"], *([f"Emma {n}"] for n in range(300))]))
        database = village.hub.store._db
        with database.connection_context():
            (pages,) = database.execute_sql("PRAGMA page_count").fetchone()
        begin = village.hub.store._begin

        def small(mode: str) -> None:
            database.execute_sql(f"PRAGMA max_page_count = {pages + 20}")
            begin(mode)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(village.hub.store, "_begin", small)
            page = take(kira, page)
        assert "cannot write now" in page.text
        assert "Emma 1" not in names(village)

    def test_a_portal_that_was_started_anew_says_what_became_of_it(
        self, village: Village, kira: Browser, signed_in
    ) -> None:
        page = bring(kira, "members", as_csv(PEOPLE))
        waits = page.request.path
        again = Browser(create_app(village.hub, TESTING=True).test_client(), OWN_SCREEN)
        again.sign_in(village.account("Kira").short)
        page = again.get(waits)
        assert page.status_code == 404
        assert "Nothing of it was taken in" in page.text
        assert not list((village.hub.data / FOLDER).iterdir())
        take(again, bring(again, "members", as_csv(PEOPLE)))
        third = Browser(create_app(village.hub, TESTING=True).test_client(), OWN_SCREEN)
        third.sign_in(village.account("Kira").short)
        assert "This file was taken in" in third.get(waits).text
        assert third.get("/desk/files/job/members-zz").status_code == 404

    def test_the_page_shows_how_far_it_is(self, village: Village, kira: Browser) -> None:
        """While somebody else holds the book, it says that it has begun, and comes again by itself."""
        page = bring(kira, "members", as_csv(PEOPLE))
        let_go, held = threading.Event(), threading.Event()

        def hold() -> None:
            with village.hub.store.write():
                held.set()
                let_go.wait(30)

        holder = threading.Thread(target=hold)
        kira_took = kira.get(page.request.path)
        holder.start()
        held.wait(10)
        try:
            form = next(f for f in forms(kira_took) if f.action.endswith("/take"))
            assert form is not None
            jobs: Jobs = kira.client.application.extensions["files"]
            job = jobs.get(page.request.path.rpartition("/")[2])
            assert job is not None
            assert job.plan is not None
            assert jobs.take(job, job.plan.terms, "why", village.signers["Kira"], None, bytes(16))
            shown = kira.get(page.request.path)
            assert 'http-equiv="refresh" content="2"' in shown.text
            assert "Taking in list.csv" in shown.text
            assert "Nobody can pay until it is done" in shown.text
        finally:
            let_go.set()
            holder.join()
        assert job.ended.wait(30)
        assert "Taken in:" in kira.get(page.request.path).text

    def test_files_are_for_nobody_else_to_read(self, village: Village, kira: Browser) -> None:
        bring(kira, "members", as_csv(PEOPLE))
        folder = village.hub.data / FOLDER
        (kept,) = folder.iterdir()
        assert (folder.stat().st_mode & 0o777, kept.stat().st_mode & 0o777) == (0o700, 0o600)
        page = kira.get("/desk/files")
        assert "list.csv: look at it" in page.text
        kira.fill(kira.get(re.findall(r'href="(/desk/files/job/[^"]+)"', page.text)[0]), "/drop")
        assert not list(folder.iterdir())


def test_the_portal_says_what_the_command_line_says(app: Flask, village: Village) -> None:
    assert file_words._WORDS.keys() == WORDS.keys()
    unit = village.hub.rules().community.counted_in
    told = {name: 5 for text in WORDS.values() for name in re.findall(r"%\((\w+)\)s", text)}
    with app.test_request_context("/"):
        for why in WORDS:
            problem = Problem(2, "", "", why, told)
            said = file_words.problem_words(problem).replace("\u00a0", " ").replace("−", "-")
            assert said == sentence(problem, unit)


def test_the_folder_of_an_older_portal_is_emptied(village: Village) -> None:
    folder = Path(village.hub.data) / FOLDER
    folder.mkdir(mode=0o700)
    (folder / "members-00.csv").write_text("name\nEmma\n")
    create_app(village.hub)
    assert list(folder.iterdir()) == []
