"""Every act of keepers, and who may do it: the table of ``acts_table.py``, in the ledger and through the portal.

Who may not is told why, and nothing changes. What was done is read in the log with who, what and
why, by the person concerned too, and by nobody whom it does not concern.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from appliance.ledger.book.command import HANDLERS, Receipt
from appliance.ledger.errors import Code, Refusal
from appliance.ledger.reads import desk as reads
from appliance.web import create_app
from tests.support.two_villages import TwoVillages
from tests.web.acts_table import (
    ACTS,
    BY_MEMBERS,
    BY_NO_KEEPER,
    SHOWN_ELSEWHERE,
    WHY,
    Asked,
    KeeperAct,
    new_number,
    settled,
)
from tests.web.conftest import OWN_SCREEN, PHONE, Browser

ROOT = Path(__file__).resolve().parent.parent.parent
EACH = pytest.mark.parametrize("act", ACTS, ids=lambda act: act.kind)


@pytest.fixture
def two(tmp_path: Path) -> Iterator[TwoVillages]:
    made = settled(tmp_path)
    yield made
    made.close()


def state(two: TwoVillages) -> list[str]:
    """All that stands in River's book and beside it, but for sign-ins and tries."""
    local = ("session", "attempt", "tried", "device", "hub_heard")
    with sqlite3.connect(two.river.hub.data / "ledger.db") as db:
        return [
            line for line in db.iterdump() if not line.startswith(tuple(f'INSERT INTO "{t}' for t in local))
        ]


def test_every_act_of_keepers_has_its_line() -> None:
    lines = [act.kind for act in ACTS]
    everything = [*lines, *BY_NO_KEEPER, *BY_MEMBERS, *SHOWN_ELSEWHERE]
    assert len(set(everything)) == len(everything)
    assert set(everything) == {*reads.KEEPER_ACTS, *reads.BY_OTHERS}
    for path in SHOWN_ELSEWHERE.values():
        assert (ROOT / path).is_file()
    for act in ACTS:
        assert "member" in HANDLERS[act.kind].authorities
    for kind in BY_NO_KEEPER:
        assert "member" not in HANDLERS[kind].authorities or kind == "settle", kind


def refused(two: TwoVillages, who: str, asked: Asked, code: Code) -> None:
    before = state(two)
    answer = two.river.ask(who, asked.command)
    assert isinstance(answer, Refusal), f"{who} did it"
    assert answer.code is code, (who, answer)
    assert state(two) == before


@EACH
def test_who_may_not_is_told_why_and_nothing_changes(two: TwoVillages, act: KeeperAct) -> None:
    asked = act.ready(two, "Alice")
    refused(two, "Dora", asked, act.member)
    if act.helper is not None:
        refused(two, "Emil", asked, act.helper)
    if act.helping is not None:
        refused(two, "Fatima", asked, act.helping)
    two.river.do("Kira", asked.command)


@pytest.mark.parametrize("act", [act for act in ACTS if act.helping is None], ids=lambda act: act.kind)
def test_a_second_keeper_may_where_she_has_no_part(two: TwoVillages, act: KeeperAct) -> None:
    two.river.do("Fatima", act.ready(two, "Alice").command)


@pytest.mark.parametrize("act", [act for act in ACTS if act.own != "-"], ids=lambda act: act.kind)
def test_a_keeper_does_nothing_to_herself_that_is_not_any_members(two: TwoVillages, act: KeeperAct) -> None:
    asked = act.ready(two, "Fatima")
    if isinstance(act.own, Code):
        refused(two, "Fatima", asked, act.own)
    else:
        two.river.do("Fatima", asked.command)


def logged(two: TwoVillages, act: KeeperAct, receipt: Receipt) -> None:
    """The log has it; who is concerned finds it among the own acts, and Dora only what is everybody's."""
    with two.river.hub.reading() as tx:
        (line, *_), _older = reads.log(tx)
        about = {"new": lambda: new_number(receipt), "": lambda: 0}.get(act.about)
        number = about() if about else two.river.numbers[act.about]
        read, _older = reads.log(tx, concerning=number)
        others, _older = reads.log(tx, concerning=two.river.numbers["Dora"])
    assert line.entry == receipt.entry
    assert line.who is not None
    assert line.who.name == "Kira"
    assert line.reason == act.why
    assert (receipt.entry in [one.entry for one in read]) == (bool(act.about) or act.everybody)
    assert (receipt.entry in [one.entry for one in others]) == act.everybody


@EACH
def test_the_log_has_who_what_and_why(two: TwoVillages, act: KeeperAct) -> None:
    logged(two, act, two.river.do("Kira", act.ready(two, "Alice").command))


# -- through the portal ---------------------------------------------------------------------------


@pytest.fixture
def app(two: TwoVillages) -> Flask:
    return create_app(two.river.hub, TESTING=True, PROPAGATE_EXCEPTIONS=False)


def enter(app: Flask, two: TwoVillages, name: str, address: str) -> Browser:
    browser = Browser(app.test_client(), address)
    assert browser.sign_in(two.river.account(name).short).status_code == 302
    return browser


def token(browser: Browser) -> str:
    return browser.get("/me").text.split('csrf_token" value="')[1].split('"')[0]


ON_PAGES = [act for act in ACTS if not act.walk]


@pytest.mark.parametrize("act", ON_PAGES, ids=lambda act: act.kind)
def test_it_is_done_at_the_hubs_own_screen_alone(app: Flask, two: TwoVillages, act: KeeperAct) -> None:
    dora, far = enter(app, two, "Dora", OWN_SCREEN), enter(app, two, "Kira", PHONE)
    helper, alice = enter(app, two, "Emil", OWN_SCREEN), enter(app, two, "Alice", PHONE)
    asked = act.ready(two, "Alice")
    where = asked.page if asked.page.endswith(asked.to) else asked.page + asked.to
    if "/life/" in asked.to:
        where = asked.page.rsplit("/", 1)[0] + asked.to
    before = state(two)
    for browser in (dora, far, *([helper] if act.helper is not None else [])):
        page = browser.get(asked.page)
        assert page.status_code in (403, 404) or asked.page.startswith(("/t/", "/market/"))
        sent = browser.post(
            where, {"csrf_token": token(browser), "key": "00" * 16, "pin": "2580", **asked.typed}
        )
        assert sent.status_code in (302, 403, 404, 422), sent.text
        assert "Traceback" not in sent.text
        assert state(two) == before
    kira = enter(app, two, "Kira", OWN_SCREEN)
    assert kira.post(where, {"key": "00" * 16, **asked.typed}).status_code == 400, "a form without its token"
    assert kira.post(where, {"csrf_token": token(kira), "key": "zz", **asked.typed}).status_code in (
        302,
        400,
        422,
    )
    if act.kind not in ONCE:
        assert state(two) == before
        done = kira.fill(asked.page, asked.to, follow=True, **asked.typed)
        assert done.status_code == 200, done.text
    assert state(two) != before
    told(two, app, kira, alice, act)


ONCE = {"approve", "recall", "close_listing"}
"""Acts that can happen only once to their object: the object is their key, and no form is too old for them."""


def told(two: TwoVillages, app: Flask, kira: Browser, alice: Browser, act: KeeperAct) -> None:
    log = kira.get("/desk/log").text
    first = log.split("<li value=")[1]
    assert act.says in first, first
    assert "Kira" in first
    assert not act.why or f"Because: {act.why}" in first
    others = enter(app, two, "Dora", PHONE).get("/me/acts").text
    assert (act.says in others) == act.everybody or act.says in ("", "Alice", "Greta")
    if act.reads and act.about:
        mine = alice if act.about == "Alice" else enter(app, two, act.about, PHONE)
        read = mine.get("/me/acts").text
        assert act.says in read, read
        assert not act.why or act.why in read


def desk_routes(app: Flask) -> list[str]:
    """Where forms of the desk go; what a route names is somebody, or something that is not there."""
    values: dict[str, Any] = {"number": 2, "member": 3, "account": 2, "group": "credit", "step": "freeze"}
    values |= {"answer": "agree"}
    adapter = app.url_map.bind("localhost")
    forms = [
        r for r in app.url_map.iter_rules() if "POST" in (r.methods or ()) and r.rule.startswith("/desk")
    ]
    return [
        adapter.build(r.endpoint, {a: values.get(a, "00" * 16) for a in r.arguments}, "POST") for r in forms
    ]


def test_nothing_is_sent_to_the_desk_by_others_from_elsewhere_or_without_its_form(
    app: Flask, two: TwoVillages
) -> None:
    paths = desk_routes(app)
    assert len(paths) > 15
    dora, far = enter(app, two, "Dora", OWN_SCREEN), enter(app, two, "Kira", PHONE)
    kira, stranger = enter(app, two, "Kira", OWN_SCREEN), Browser(app.test_client(), OWN_SCREEN)
    form = {"key": "00" * 16, "reason": WHY, "pin": "2580", "low": "1", "high": "1"}
    before = state(two)
    for path in paths:
        for browser in (dora, far):
            answer = browser.post(path, {"csrf_token": token(browser), **form})
            assert answer.status_code == 403, (path, answer.status_code)
        passed_on = kira.post(
            path, {"csrf_token": token(kira), **form}, headers={"X-Forwarded-For": "127.0.0.1"}
        )
        assert passed_on.status_code == 403, path
        assert kira.post(path, form).status_code == 400, path
        assert stranger.post(path, form).status_code in (302, 400), path
    assert state(two) == before
