"""A village with its portal, and people with browsers.

Forms are filled in as a browser would: the page is fetched, its hidden fields are sent back
with what the person typed. So the form token is checked in every test.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from appliance.web import create_app
from tests.support.village import PIN, Village, copied_village

PHONE = "192.168.4.20"
OWN_SCREEN = "127.0.0.1"


@dataclass
class Form:
    """A form of a page: where it goes, and what it carries already."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[str] = field(default_factory=list)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._select: str | None = None
        self._area: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        a = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Form(a.get("action", ""), a.get("method", "get")))
        if not self.found:
            return
        fields = self.found[-1].fields
        if tag == "input" and "name" in a:
            if a.get("type") not in ("radio", "checkbox") or "checked" in a:
                fields[a["name"]] = a.get("value", "")
        elif tag == "select":
            self._select = a["name"]
        elif tag == "textarea":
            self._area = a["name"]
            fields[a["name"]] = ""
        elif tag == "option" and self._select and ("selected" in a or self._select not in fields):
            fields[self._select] = a.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = None
        elif tag == "textarea":
            self._area = None

    def handle_data(self, data: str) -> None:
        if self._area:
            self.found[-1].fields[self._area] += data


def forms(page: TestResponse) -> list[Form]:
    """The forms of a page."""
    parser = _Forms()
    parser.feed(page.text)
    return parser.found


def without_our_scripts(text: str) -> str:
    """A page without the two scripts that go to phones (``web/ground/air.py``), in their one place, and nothing of them in the page itself."""
    return re.sub(r'<script src="/static/(?:nacl\.min|air)\.js\?v=[^"]*"[^>]*></script>', "", text, count=2)


@dataclass
class Browser:
    """Somebody's phone: a test client that fills in the forms it sees."""

    client: FlaskClient
    address: str = PHONE

    def get(self, path: str, **also: Any) -> TestResponse:
        return self.client.get(path, **self._from(also))

    def post(self, path: str, data: dict[str, str], **also: Any) -> TestResponse:
        return self.client.post(path, data=data, **self._from(also))

    def fill(
        self, page: TestResponse | str, to: str | None = None, follow: bool = False, **typed: str
    ) -> TestResponse:
        """Send the page's form (the one whose action ends with ``to``) with what is typed."""
        if isinstance(page, str):
            page = self.get(page)
        found = [form for form in forms(page) if to is None or form.action.endswith(to)]
        assert found, f"no form {to or ''} on {page.request.path}: {page.text}"
        form = found[0]
        data = {**form.fields, **typed}
        if form.method == "get":
            return self.get(form.action, query_string=data, follow_redirects=follow)
        return self.post(form.action, data, follow_redirects=follow)

    def sign_in(self, number: str, pin: str = PIN) -> TestResponse:
        return self.fill("/signin", "/signin", number=number, pin=pin)

    def _from(self, also: dict[str, Any]) -> dict[str, Any]:
        return {"environ_overrides": {"REMOTE_ADDR": self.address}, **also}


@pytest.fixture
def village(tmp_path: Path) -> Iterator[Village]:
    """River with Alice, Bob, Chandra and Dina, and the keeper Kira. PIN 2580 each."""
    made = copied_village(tmp_path / "river")
    yield made
    made.hub.close()


@pytest.fixture
def app(village: Village) -> Flask:
    return create_app(village.hub, TESTING=True, PROPAGATE_EXCEPTIONS=False)


@pytest.fixture
def phone(app: Flask) -> Callable[..., Browser]:
    """A fresh phone on the hub's Wi-Fi; ``phone(OWN_SCREEN)`` is the hub's own screen."""

    def new(address: str = PHONE) -> Browser:
        return Browser(app.test_client(), address)

    return new


@pytest.fixture
def signed_in(village: Village, phone: Callable[..., Browser]) -> Callable[..., Browser]:
    """``signed_in("Alice")``: a phone on which Alice has just signed in."""

    def new(name: str, address: str = PHONE) -> Browser:
        browser = phone(address)
        answer = browser.sign_in(village.account(name).short)
        assert answer.status_code == 302, answer.text
        return browser

    return new
