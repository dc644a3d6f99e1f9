"""A phone that pays, as far as the portal can tell: pages are fetched, forms are filled in and sent."""

import http.client
import re
import time
import urllib.parse
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from tests.support.village import PIN

HOST = "127.0.0.1"
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
KEY = re.compile(r'name="key" value="([0-9a-f]{32})"')
TAGS = re.compile(r"<[^>]+>")

LOST = (OSError, http.client.HTTPException)
"""What a phone sees of a portal that is gone."""


class Page(NamedTuple):
    """What came back: the status, where it leads, the text."""

    status: int
    where: str
    text: str

    @property
    def words(self) -> str:
        """The beginning of what people read, for a failure's message."""
        return " ".join(TAGS.sub(" ", self.text).split()[:40])


class Phone:
    """One browser, with its cookies, signed in under one number.

    Every method raises one of ``LOST`` when the portal is gone; call ``hang_up`` then.
    """

    def __init__(self, port: int, number: str) -> None:
        self.port = port
        self.number = number
        self.waited: Counter[str] = Counter()
        self._cookies: dict[str, str] = {}
        self._line: http.client.HTTPConnection | None = None

    def hang_up(self) -> None:
        """Let go of the connection; the cookies stay."""
        if self._line is not None:
            self._line.close()
            self._line = None

    def ask(self, method: str, path: str, form: Mapping[str, str] | None = None) -> Page:
        """Fetch a page, or send a form."""
        if self._line is None:
            self._line = http.client.HTTPConnection(HOST, self.port, timeout=20)
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self._cookies.items())}
        body = None
        if form is not None:
            body = urllib.parse.urlencode(form)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self._line.request(method, path, body, headers)
        answer = self._line.getresponse()
        text = answer.read().decode()
        for cookie in answer.headers.get_all("Set-Cookie") or ():
            name, _, rest = cookie.partition("=")
            self._cookies[name] = rest.partition(";")[0]
        return Page(answer.status, answer.headers.get("Location", ""), text)

    def sign_in(self) -> None:
        """Until the portal has a turn for it: only a few may wait for a key derivation (BUSY)."""
        while True:
            page = self.ask("GET", "/signin")
            form = {"csrf_token": TOKEN.findall(page.text)[0], "number": self.number, "pin": PIN, "next": "/"}
            if self.ask("POST", "/signin", form).status == 302:
                return
            self.waited["sign-in busy"] += 1
            time.sleep(0.05)

    def fill_in(self, payee: str, amount: str) -> dict[str, str]:
        """The form of a payment, up to the check page, with its idempotency key."""
        page = self.ask("GET", f"/P/{payee}")
        form = {"csrf_token": TOKEN.findall(page.text)[0], "to": payee, "amount": amount, "category": "other"}
        page = self.ask("POST", "/pay/check", form)
        return form | {"key": KEY.findall(page.text)[0], "again": "1", "note": ""}

    def send(self, form: Mapping[str, str]) -> Page:
        """Pay. It leads to the receipt, ``/t/RECORD``, when it was done."""
        return self.ask("POST", "/pay/send", form)
