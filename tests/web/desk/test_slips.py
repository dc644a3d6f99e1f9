"""Stories of paper slips at the desk and on the phones of those whose slips they are."""

import re

import pytest

from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.hub import new_key
from appliance.ledger.money import piles
from appliance.ledger.money.slips import DAY_MS, EnterSlip
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.people.members import AppointKeeper, Approve
from appliance.ledger.reads import slips as reads
from appliance.ledger.values import COMMONS, Account, AccountNumber, Amount
from appliance.web.desk import slip_rows
from tests.support.village import PIN
from tests.web.conftest import OWN_SCREEN, forms

SMALL = 30 * 1024
BREAD = {"a1": "Alice", "b1": "Bob", "c1": "1.50", "d1": "31/5", "e1": "fo", "f1": "bread"}
FENCE = {"a2": "Bob", "b2": "Chandra", "c2": "2", "d2": "30.5.2026", "f2": "fence"}
COUNTED = {"count": "2", "total": "3.50"}
TWO = {**BREAD, **FENCE, **COUNTED}


@pytest.fixture
def kira(signed_in):
    """Kira, signed in at the hub's own screen."""
    return signed_in("Kira", OWN_SCREEN)


def table(kira, do="check", page=None, follow=True, **typed):
    """Fill in a new table, or the one on ``page``, and send it."""
    page = page or kira.get("/desk/slips/new")
    form = next(form for form in forms(page) if "/draft/" in form.action)
    return kira.post(form.action, {**form.fields, **typed, "do": do}, follow_redirects=follow)


def row(page, number: int) -> str:
    """What is said under a row."""
    found = re.search(rf"id=e{number}>(.*?)(<tr|</table)", page.text, re.DOTALL)
    return "" if found is None else re.sub(r"<[^>]+>", " ", found[1])


def sign(kira, page, pin: str = PIN, follow: bool = True):
    return kira.fill(page, "/check", follow, pin=pin)


def pile_of(page) -> bytes:
    found = re.search(r"/desk/slips/draft/([0-9a-f]{32})", page.text)
    assert found is not None
    return bytes.fromhex(found[1])


def told(village, name: str) -> list[int]:
    with village.hub.reading() as tx:
        return [one.amount for one in reads.not_seen(tx, village.numbers[name])]


def test_kira_types_in_two_slips(village, kira, signed_in) -> None:
    page = table(kira, **TWO)
    assert "Type this pile in?" in page.text
    assert "2 slips, 3.50" in page.text
    assert "Food" in page.text
    assert village.balance("Bob") == 0, "nothing before the PIN"
    done = sign(kira, page)
    assert "2 slips are in the book" in done.text
    assert (village.balance("Alice"), village.balance("Bob"), village.balance("Chandra")) == (-150, -50, 200)
    overview = kira.get("/desk/slips").text
    assert "typed in by Kira on" in overview
    assert "3.50" in overview
    assert "Begun" not in overview
    assert "Kira typed in 2 paper slips, 3.50" in kira.get("/desk/log").text
    assert "Kira typed in a paper slip: Alice paid Bob 1.50" in signed_in("Bob").get("/me/acts").text


@pytest.mark.parametrize(
    "path", ["", "/new", "/blank", "/draft/{0}", "/draft/{0}/check", "/draft/{0}/throw", "/pile/{0}"]
)
def test_the_slips_open_for_a_keeper_at_the_hubs_own_screen_alone(village, signed_in, kira, path) -> None:
    path = "/desk/slips" + path.format("00" * 16)
    assert kira.get(path).status_code in (200, 404)
    assert signed_in("Kira").get(path).status_code == 403
    assert signed_in("Alice", OWN_SCREEN).get(path).status_code == 403
    assert kira.get(path, headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 403


@pytest.mark.parametrize("path", ["/draft/{0}", "/draft/{0}/check", "/draft/{0}/throw"])
def test_nor_can_anything_be_sent_to_them_from_elsewhere(signed_in, path) -> None:
    for browser in (signed_in("Kira"), signed_in("Alice", OWN_SCREEN)):
        token = browser.get("/me").text.split('csrf_token" value="')[1].split('"')[0]
        data = {"csrf_token": token, "pin": PIN, **TWO}
        assert browser.post("/desk/slips" + path.format("00" * 16), data).status_code == 403


@pytest.mark.parametrize("pile", ["x", "00", "zz" * 16, "00" * 17, "00" * 16])
def test_a_pile_that_is_not_there_is_a_plain_page(kira, pile: str) -> None:
    token = kira.get("/me").text.split('csrf_token" value="')[1].split('"')[0]
    for path in ("draft/{0}", "draft/{0}/check", "draft/{0}/throw", "pile/{0}"):
        assert kira.get(f"/desk/slips/{path.format(pile)}").status_code == 404
    assert kira.post(f"/desk/slips/draft/{pile}/check", {"csrf_token": token, "pin": PIN}).status_code == 404


def test_rows_that_are_not_right_keep_what_was_typed(village, kira) -> None:
    village.do("Kira", Approve(village.join("Bobby")))
    page = table(
        kira,
        a1="42-1",
        b1="Bob",
        c1="1.50",
        d1="yesterday",
        a2="Zoe",
        b2="Alice",
        c2="lots",
        d2="3/25",
        a3="Alice",
        b3="Dina",
        c3="1",
        d3="31/5",
        e3="gold",
        f3="x" * 150,
        b4="",
        c4="5",
        a5=Account(102, AccountNumber(2)).full,
        b5=village.account("Bob").short,
        c5="1,5000",
        d5="31/5",
        count="5",
        total="7.50",
    )
    assert page.status_code == 422
    assert "5 rows are not right yet" in page.text
    assert "a digit is wrong" in row(page, 1)
    assert f"Bobby {village.account('Bobby').short}" in row(page, 1)
    assert "Nobody here fits “Zoe”" in row(page, 2)
    assert "Choose the kind" in row(page, 3)
    assert "Who gave?" in row(page, 4)
    assert "Who got it?" in row(page, 4)
    assert "another village" in row(page, 5)
    for typed in ("42-1", "yesterday", "lots", "3/25", "gold", "x" * 150, "1,5000"):
        assert f'value="{typed}"' in page.text
    jumps = re.findall(r'href="#(x\d)"', page.text)
    assert jumps == [f"x{n}" for n in range(1, 6)]
    assert re.findall(r"name=(\w)\d[^>]* id=x\d", page.text) == ["a", "a", "e", "a", "a"], (
        "the first field that is wrong"
    )
    assert len(page.data) < SMALL


def test_each_rule_of_the_book_says_its_word_beside_the_row(village, kira) -> None:
    page = table(
        kira,
        a1="Kira",
        b1="Bob",
        c1="1",
        d1="31/5",
        a2="Alice",
        b2="Bob",
        c2="12.01",
        d2="31/5",
        a3="Alice",
        b3="Alice",
        c3="1",
        d3="31/5",
        a4="Alice",
        b4="Bob",
        c4="1",
        d4="1/1",
        a5="Alice",
        b5="Bob",
        c5="1",
        d5="31/5",
        f5="x" * 150,
        a6="Alice",
        b6="the commons",
        c6="1",
        d6="31/5",
        a7="the commons",
        b7="Bob",
        c7="1",
        d7="31/5",
        a8="Alice",
        b8="Bob",
        c8="11.5",
        d8="31/5",
        count="8",
        total="29.51",
    )
    assert page.status_code == 422
    assert "another keeper must type it in" in row(page, 1)
    assert "Alice can give only 12.00" in row(page, 2)
    assert "are the same" in row(page, 3)
    assert "at most 60 days ago" in row(page, 4)
    assert "too long" in row(page, 5)
    assert row(page, 6) == ""
    assert "no account that a slip can move" in row(page, 7)
    assert "Alice can give only 11.00" in row(page, 8), "row 6 took one hour already"


def test_what_was_counted_by_hand_must_be_what_was_typed(village, kira) -> None:
    for count, total, words in [
        ("3", "3.50", "You counted 3, but 2 slips are typed in."),
        ("", "3.50", "Count the slips by hand"),
        ("two", "3.50", "Count the slips by hand"),
        ("2", "3.05", "The rows add up to 3.50\xa0h: 0.45\xa0h more"),
        ("2", "35", "31.50\xa0h less"),
        ("2", "", "Add the amounts up"),
    ]:
        page = table(kira, **{**TWO, "count": count, "total": total})
        assert page.status_code == 422
        assert words in page.text
        assert "does not add up yet" in page.text
    assert "Nothing is typed in yet" in table(kira).text


def test_an_equal_slip_needs_a_tick(village, kira) -> None:
    sign(kira, table(kira, **BREAD, count="1", total="1.5"))
    twice = {letter + "2": BREAD[letter + "1"] for letter in "abcdef"}
    page = table(kira, **BREAD, **twice, count="2", total="3")
    assert "An equal slip is in the book" in row(page, 1)
    page = table(kira, page=page, g1="1")
    assert "Row 1 says the same" in row(page, 2)
    assert "checked" in page.text
    assert village.balance("Bob") == 150
    done = sign(kira, table(kira, page=page, g2="1"))
    assert "2 slips are in the book" in done.text
    assert village.balance("Bob") == 450


def test_a_draft_is_kept_resumed_and_thrown_away(village, kira, signed_in) -> None:
    village.root(AppointKeeper(village.numbers["Dina"]))
    left = table(kira, "later", **BREAD, count="40")
    assert "1 slip" in left.text
    assert "of 40 counted" in left.text
    path = f"/desk/slips/draft/{pile_of(left).hex()}"
    again = kira.get(path)
    assert 'value="bread"' in again.text
    assert "alert" not in again.text, "nothing is wrong before it is checked"
    dina = signed_in("Dina", OWN_SCREEN)
    assert "Begun" not in dina.get("/desk/slips").text
    assert dina.get(path).status_code == 404
    form = dina.get("/desk/slips/new")
    token = forms(form)[0].fields["csrf_token"]
    assert dina.post(path, {"csrf_token": token, "a1": "mine now"}).status_code == 404
    dina.post(f"{path}/throw", {"csrf_token": token})
    assert 'value="bread"' in kira.get(path).text
    question = kira.get(f"{path}/throw")
    assert "1 slip was typed in" in question.text
    gone = kira.fill(question, "/throw", follow=True)
    assert "It is thrown away" in gone.text
    assert "Begun" not in gone.text
    assert kira.get(path).status_code == 404


def test_more_rows_up_to_forty(village, kira) -> None:
    page = table(kira, "more", **BREAD)
    assert "name=a20" in page.text
    assert "name=a21" not in page.text
    for _tap in range(2):
        page = table(kira, "more", page)
    assert "name=a40" in page.text
    assert "name=a41" not in page.text
    assert "at most 40 slips" in page.text
    assert "More rows" not in page.text
    assert 'value="bread"' in page.text


def test_forty_rows_full_of_words_and_mistakes_stay_small(village, kira, capsys) -> None:
    rows: dict[str, str] = {}
    for n in range(1, 41):
        rows |= {
            f"a{n}": "Alice",
            f"b{n}": "Chandra",
            f"c{n}": "0.25",
            f"d{n}": "31.05.2026",
            f"e{n}": "Food",
        }
        rows |= {f"f{n}": "two loaves of bread, one with seeds"}
    page = table(kira, **rows, count="39", total="1")
    assert page.status_code == 422
    assert "39 rows are not right yet" in page.text
    with capsys.disabled():
        print(f"\n40 rows, 39 of them marked: {len(page.data)} bytes", end=" ")
    assert len(page.data) < SMALL
    plain = {name: text for name, text in rows.items() if name[0] != "d"}
    plain |= {f"d{n}": f"{n - 10}/4/26" if n > 12 else f"{n}/5/26" for n in range(1, 41)}
    page = table(kira, **plain, count="40", total="10")
    assert page.status_code == 200
    with capsys.disabled():
        print(f"check page {len(page.data)}", end=" ")
    assert len(page.data) < SMALL
    done = sign(kira, page)
    with capsys.disabled():
        print(f"pile page {len(done.data)} bytes")
    assert "40 slips are in the book" in done.text
    assert len(done.data) < SMALL
    assert village.balance("Chandra") == 1000


def test_forty_rows_with_the_longest_sentences_stay_small_and_each_is_said_once(village, kira) -> None:
    for i in range(6):
        village.do("Kira", Approve(village.join(f"Maria Fernandez-Gutierrez {i}")))
    rows: dict[str, str] = {}
    for n in range(1, 41):
        rows |= {f"a{n}": "Maria Fern", f"b{n}": f"Maria{'  '[: n % 2]}F", f"c{n}": "0.25", f"d{n}": "31/5"}
        rows |= {f"e{n}": "food", f"f{n}": "two loaves of bread"}
    page = table(kira, **rows, count="40", total="10")
    assert "40 rows are not right yet" in page.text
    assert len(page.data) < SMALL
    assert page.text.count("More than one fits “Maria Fern”") == 1
    assert row(page, 40).count("As in row 1.") == 1
    # Sentences that all differ are cut short where there is no room, and said after the first are mended.
    different = {**rows, **{f"a{n}": f"Nobody called {n} Fernandez-Gutierrez" for n in range(1, 41)}}
    different |= {f"b{n}": f"Nobody called {n} Gutierrez-Soto" for n in range(1, 41)}
    page = table(kira, **different, count="40", total="10")
    assert len(page.data) < SMALL
    assert "40 rows are not right yet" in page.text
    assert "Not right yet." in row(page, 40)
    mended = {
        **different,
        **{f"a{n}": "Alice" for n in range(1, 39)},
        **{f"b{n}": "Bob" for n in range(1, 39)},
    }
    mended |= {f"g{n}": "1" for n in range(1, 41)}
    page = table(kira, **mended, count="40", total="10")
    assert "Nobody called 40" in row(page, 40)


def test_a_full_table_in_hindi_comes_in_at_the_own_screen_alone(kira, signed_in) -> None:
    words, name = ("दो रोटियाँ, एक बीज वाली " * 6)[:140], "अलीशा मार्टिन-ओकाफ़ोर श्रीवास्तव सोरेनसेन"
    rows = {
        f"{letter}{n}": text
        for n in range(1, 41)
        for letter, text in (("a", name), ("b", name), ("f", words))
    }
    page = table(kira, **rows)
    assert page.status_code == 422
    assert "40 rows are not right yet" in page.text
    assert "clock today is 1 Jun 2026" in page.text
    elsewhere = signed_in("Kira")
    token = elsewhere.get("/me").text.split('csrf_token" value="')[1].split('"')[0]
    assert elsewhere.post(forms(page)[0].action, {**rows, "csrf_token": token}).status_code == 413


def test_the_check_page_says_who_comes_near_a_limit(village, kira) -> None:
    village.do("Kira", ChangeRules("credit", {"levy_rate": 100}, "assembly"))
    page = table(kira, a1="Alice", b1="Bob", c1="11", d1="31/5", count="1", total="11")
    assert "Near a limit after this" in page.text
    assert "−11.00" in page.text
    assert "Of it 1.10" in page.text
    calm = table(kira, **TWO)
    assert "Near a limit" not in calm.text


def test_a_wrong_pin_moves_nothing_and_keeps_the_pile(village, kira) -> None:
    page = table(kira, **TWO)
    for pin in ("", "8642"):
        wrong = sign(kira, page, pin)
        assert wrong.status_code == 422
        assert "Type this pile in?" in wrong.text
    assert village.balance("Bob") == 0
    assert "2 slips are in the book" in sign(kira, wrong).text


def test_the_same_pile_sent_twice_is_typed_in_once(village, kira) -> None:
    page = table(kira, **TWO)
    first = sign(kira, page, follow=False)
    head = village.hub.head()
    for _tap in range(2):
        again = sign(kira, page, follow=False)
        assert (again.status_code, again.location.split("?")[0]) == (302, first.location.split("?")[0])
    pile = pile_of(page)
    edited = table(kira, page=page, a1="Dina", follow=False)
    assert edited.status_code in (302, 404)
    assert kira.get(f"/desk/slips/draft/{pile.hex()}").location.endswith(f"/pile/{pile.hex()}")
    assert village.hub.head() == head


def test_only_what_was_saved_can_be_thrown_away(village, kira) -> None:
    new = kira.get("/desk/slips/new")
    assert "/throw" not in new.text
    saved = table(kira, do="more", page=new, **TWO)
    throw = f"/desk/slips/draft/{pile_of(saved).hex()}/throw"
    assert throw in saved.text
    assert "2 slips were typed in" in kira.get(throw).text


def test_a_draft_that_outlived_the_commit_leads_to_the_pile(village, kira, monkeypatch) -> None:
    """The power goes between the commit and the tidying."""

    def cut(*_args: object) -> None:
        raise SystemExit

    page = table(kira, **TWO)
    monkeypatch.setattr(piles, "drop_draft", cut)
    with pytest.raises(SystemExit):
        sign(kira, page)
    monkeypatch.undo()
    pile, head = pile_of(page), village.hub.head()
    assert "Begun" not in kira.get("/desk/slips").text
    assert sign(kira, page, follow=False).location.endswith(f"/pile/{pile.hex()}")
    assert village.hub.head() == head
    assert village.balance("Chandra") == 200


def test_what_was_changed_in_another_tab_is_shown_again_before_it_is_signed(village, kira) -> None:
    page = table(kira, **TWO)
    draft = kira.get(f"/desk/slips/draft/{pile_of(page).hex()}")
    table(kira, page=draft, c1="2.50", total="4.50")
    stale = sign(kira, page)
    assert stale.status_code == 422
    assert "has changed since you looked" in stale.text
    assert "4.50" in stale.text
    assert village.balance("Bob") == 0
    assert "2 slips are in the book" in sign(kira, stale).text
    assert village.balance("Bob") == 50


def test_a_payment_that_comes_between_is_said_beside_its_row(village, kira) -> None:
    page = table(kira, a1="Alice", b1="Bob", c1="5", d1="31/5", count="1", total="5")
    village.pay("Alice", "Dina", 1000)
    refused = sign(kira, page)
    assert refused.status_code == 422
    assert "Alice can give only 2.00" in row(refused, 1)
    assert village.balance("Bob") == 0


def test_a_refusal_at_the_last_moment_is_said_too(village, kira, monkeypatch) -> None:
    """Between check and commit within one request: the batch itself is the judge."""
    page = table(kira, a1="Alice", b1="Bob", c1="5", d1="31/5", count="1", total="5")
    submit = village.hub.submit_all

    def late(self, *args):
        village.pay("Alice", "Dina", 1000)
        return submit(*args)

    monkeypatch.setattr(type(village.hub), "submit_all", late)
    refused = sign(kira, page)
    assert refused.status_code == 422
    assert "Alice can give only 2.00" in row(refused, 1)


def test_a_busy_book_keeps_what_was_typed(village, kira, monkeypatch) -> None:
    busy = Refusal(Code.BUSY, {}, (Action.TRY_AGAIN,))
    monkeypatch.setattr(type(village.hub), "rehearse", lambda *_args: busy)
    page = table(kira, **TWO)
    assert page.status_code == 422
    assert "The hub is busy" in page.text
    assert 'value="bread"' in page.text


def test_numbers_names_and_the_commons(village, kira) -> None:
    village.root(AppointKeeper(village.numbers["Dina"]))
    page = table(
        kira,
        a1=village.account("Alice").full,
        b1=village.account("Bob").short,
        c1="1",
        d1="31/5",
        a2="chand",
        b2="THE COMMONS",
        c2="٢",
        d2="٣١/٥",
        count="٢",
        total="3",
    )
    assert "2 slips are in the book" in sign(kira, page).text
    with village.hub.reading() as tx:
        (pile,), _ = reads.piles(tx)
        first, second = reads.slips_of(tx, pile.id)
    assert (first.payer.name, first.payee.name, second.payer.name) == ("Alice", "Bob", "Chandra")
    assert second.payee.number == COMMONS


def test_a_pile_is_read_in_the_keepers_language(village, kira) -> None:
    kira.get("/language/es")
    page = table(kira, **{**TWO, "c1": "1,50", "total": "3,50", "e1": "", "e2": ""})
    assert page.status_code == 200
    assert "3,50" in page.text


def _typed_in(village, *rows: tuple[str, str, int]) -> list[bytes]:
    today = village.clock.now().ms // DAY_MS
    commands = [
        EnterSlip(
            b"p" * 16, n, village.numbers[a], village.numbers[b], Amount(amount), today - 1, note=f"note {n}"
        )
        for n, (a, b, amount) in enumerate(rows, 1)
    ]
    done = village.hub.submit_all(commands, village.signers["Kira"], new_key())
    return [receipt.record for receipt in done]


def test_both_read_their_slips_and_say_that_they_are_right(village, signed_in) -> None:
    _typed_in(village, ("Alice", "Bob", 150), ("Bob", "Chandra", 50))
    bob, alice = signed_in("Bob"), signed_in("Alice")
    home = bob.get("/")
    assert "The keeper Kira typed in 2 paper slips of yours" in home.text
    assert "Alice paid you" in home.text
    assert "You paid Chandra" in home.text
    assert len(home.data) < SMALL
    for _visit in range(2):
        assert "paper slip" in bob.get("/").text, "until it is answered it stays"
    after = bob.fill(home, "/slips/right", follow=True)
    assert "typed in 2 paper slips" not in after.text
    again = bob.post("/slips/right", {"csrf_token": forms(home)[0].fields["csrf_token"], "slip": "zz"})
    assert again.status_code == 302
    assert "The keeper Kira typed in 1 paper slip of yours" in alice.get("/").text
    assert told(village, "Chandra") == [50]


def test_one_of_them_is_wrong_and_is_contested_from_its_receipt(village, signed_in) -> None:
    record = _typed_in(village, ("Alice", "Bob", 150), ("Alice", "Bob", 70))[1].hex()
    alice = signed_in("Alice")
    receipt = alice.get(f"/t/{record}")
    assert "From a paper slip of" in receipt.text
    assert "Kira typed it in" in receipt.text
    assert receipt.text.count(f'href="/t/{record}/wrong"') == 1
    done = alice.fill(f"/t/{record}/wrong", "/wrong", follow=True, words="it was 0.07", pin=PIN)
    assert "The keepers have until" in done.text
    assert "It is right" not in done.text
    assert told(village, "Alice") == [150]
    home = alice.get("/").text
    assert "You said that something is wrong" in home
    assert "contested" in signed_in("Kira", OWN_SCREEN).get(f"/desk/slips/pile/{(b'p' * 16).hex()}").text


def test_right_from_the_receipt(village, signed_in) -> None:
    record = _typed_in(village, ("Alice", "Bob", 150))[0].hex()
    alice = signed_in("Alice")
    alice.fill(f"/t/{record}", "/slips/right")
    receipt = alice.get(f"/t/{record}").text
    assert "From a paper slip of" in receipt
    assert "/slips/right" not in receipt
    assert "Something is wrong" in receipt, "it can be contested all the same"
    assert told(village, "Bob") == [150]


def test_nobody_answers_for_others(village, signed_in) -> None:
    record = _typed_in(village, ("Alice", "Bob", 150))[0].hex()
    chandra = signed_in("Chandra")
    assert "paper slip" not in chandra.get("/").text
    token = chandra.get("/me").text.split('csrf_token" value="')[1].split('"')[0]
    chandra.post("/slips/right", {"csrf_token": token, "slip": record})
    with village.hub.reading() as tx:
        assert not tx.select("SELECT * FROM slip_seen")
    assert (told(village, "Alice"), told(village, "Bob")) == ([150], [150])


def test_many_slips_are_a_few_on_the_first_page_and_all_behind_it(village, signed_in) -> None:
    _typed_in(village, *(("Alice", "Bob", 10 + n) for n in range(9)))
    alice = signed_in("Alice")
    home = alice.get("/")
    assert "The keeper Kira typed in 9 paper slips of yours" in home.text
    assert home.text.count("You paid Bob") == 5
    assert "These 5 are right" in home.text
    everything = alice.get("/slips")
    assert everything.text.count("You paid Bob") == 9
    for page, left in ((home, 4), (everything, 0)):
        shown = re.findall(r'name="slip" value="([0-9a-f]{32})"', page.text)
        token = forms(page)[0].fields["csrf_token"]
        alice.post("/slips/right", {"csrf_token": token, "slip": shown})
        assert len(told(village, "Alice")) == left
    assert "Nothing waits to be read" in alice.get("/slips").text


def test_the_statement_says_that_it_is_from_paper(village, signed_in) -> None:
    _typed_in(village, ("Alice", "Bob", 150))
    assert "from paper" in signed_in("Alice").get("/statement").text


def test_the_pile_shows_what_was_given_back_and_leads_there(village, kira) -> None:
    record = _typed_in(village, ("Alice", "Bob", 150), ("Bob", "Chandra", 50))[0].hex()
    path = f"/desk/slips/pile/{(b'p' * 16).hex()}"
    assert f'href="/t/{record}"' in kira.get(path).text
    done = kira.fill(f"/t/{record}/undo", "/undo", follow=True, reason="read badly", pin=PIN)
    assert "Cancelled by the keeper Kira" in done.text
    page = kira.get(path).text
    assert "given back" in page
    assert "2 slips, 2.00" in page


def test_a_sheet_of_empty_slips_in_the_readers_language(kira) -> None:
    page = kira.get("/desk/slips/blank")
    assert page.text.count('class="slip"') == 8
    assert page.text.count("River · slip") == 8
    assert "(hour)" in page.text
    assert len(page.data) < SMALL


def test_how_old_a_slip_may_be_is_a_rule_that_keepers_change(village, kira) -> None:
    assert "A paper slip may be 60 days old" in kira.get("/desk/rules").text
    done = kira.fill("/desk/rules/times", "/rules/times", follow=True, slip_days="30", reason="assembly")
    assert "A paper slip may be 30 days old" in done.text
    assert village.hub.rules().credit.slip_days == 30
    assert "a paper slip may be 30 days old" in kira.get("/desk/log").text
    assert kira.fill("/desk/rules/times", "/rules/times", slip_days="0", reason="x").status_code == 422


def test_drafts_survive_a_body_of_any_words(village) -> None:
    typed = slip_rows.Typed((slip_rows.Row("Ана", "\u200f٤٢", "1", note='"<b>'), slip_rows.Row()), "1", "2")
    village_now = village.clock.now()
    piles.keep_draft(village.hub.store, b"d" * 16, AccountNumber(1), typed.to_body(), village_now)
    with village.hub.reading() as tx:
        kept = piles.draft(tx, b"d" * 16, 1)
    assert kept is not None
    assert slip_rows.Typed.from_body(kept.body) == typed
