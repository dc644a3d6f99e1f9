"""A book that can only be read: every form of every page is refused in words, and nothing is written."""

import re

import pytest

from appliance.ledger.errors import BookClosed, BookLookedAt
from tests.web.conftest import OWN_SCREEN, forms

PAGES = 60
"""How many pages are walked through; the links of a page lead on."""

LINK = re.compile(r'href="(/[^"#]*)"')
TYPED = {
    "amount": "1",
    "number": "3",
    "to": "3",
    "pin": "2580",
    "words": "a reason",
    "reason": "a reason",
    "title": "eggs",
}


def everything(village) -> list[str]:
    with village.hub.reading() as tx:
        names = [name for (name,) in tx.select("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return [repr(tx.select(f'SELECT * FROM "{name}" ORDER BY 1')) for name in sorted(names)]


def walk(browser) -> list[str]:
    seen: list[str] = []
    waiting = ["/", "/desk", "/me", "/market"]
    while waiting and len(seen) < PAGES:
        path = waiting.pop(0)
        if path in seen or path.startswith(("/static", "/language", "/leave", "/signout")):
            continue
        page = browser.get(path)
        if page.status_code == 200 and page.mimetype == "text/html":
            seen.append(path)
            waiting += [link.replace("&amp;", "&") for link in LINK.findall(page.text)]
    return seen


@pytest.mark.parametrize("who", ["Alice", "Kira"])
@pytest.mark.parametrize(
    "why", [BookClosed("the book is damaged"), BookLookedAt("a power cut")], ids=["damaged", "looked at"]
)
def test_no_form_writes_anything_and_every_one_says_what_to_do(village, signed_in, who, why) -> None:
    village.pay("Alice", "Bob", 100)
    village.request("Bob", "Alice", 50)
    browser = signed_in(who, OWN_SCREEN if who == "Kira" else "192.168.4.20")
    village.hub.store.only_read(why)
    damaged = type(why) is BookClosed
    before = everything(village)
    refused = 0
    for path in walk(browser):
        page = browser.get(path)
        assert ("can only be read" if damaged else "looks at its book") in page.text, path
        for form in forms(page):
            if form.method != "post" or form.action.endswith(("/leave", "/signout")):
                continue
            typed = {name: value or TYPED.get(name, "x") for name, value in form.fields.items()}
            answer = browser.post(form.action, typed)
            assert answer.status_code < 504, form.action
            assert answer.status_code != 500, form.action
            assert "Traceback" not in answer.text
            if answer.status_code in (422, 503):
                told = (
                    "paper slip" in answer.text if damaged else "press the same button again" in answer.text
                )
                assert told or answer.status_code == 422, form.action  # 422: also for what was typed wrongly
                refused += told
    assert refused > 3
    assert everything(village) == before
    village.hub.store.only_read(None)
    village.pay("Alice", "Bob", 1)


@pytest.mark.parametrize(
    "why", [BookClosed("damaged"), BookLookedAt("a power cut")], ids=["damaged", "looked at"]
)
def test_who_pays_reads_why_not_beside_the_form(village, signed_in, why) -> None:
    alice = signed_in("Alice")
    check = alice.fill(f"/P/{village.account('Bob').compact}", "/pay/check", amount="1")
    village.hub.store.only_read(why)
    answer = alice.fill(check, "/pay/send", pin="2580")
    assert answer.status_code in (422, 503)
    assert "Nothing was moved" in answer.text
    assert ("paper slip" if type(why) is BookClosed else "minute or two") in answer.text
    health = alice.get("/health")
    assert health.json["status"] == ("book damaged" if type(why) is BookClosed else "looking")
    assert health.status_code == (503 if type(why) is BookClosed else 200)
    village.hub.store.only_read(None)
    assert alice.fill(check, "/pay/send", pin="2580").status_code == 302
