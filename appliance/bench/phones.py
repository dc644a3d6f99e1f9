"""What the bench's phones ask for: the forms and pages of the portal, byte for byte as a browser sends them."""

import re
import secrets
import urllib.parse
from collections.abc import Mapping
from typing import Final

from appliance.bench.load import HOST, Answer, Line, Unanswered

_TOKEN: Final = re.compile(rb'name="csrf_token" value="([^"]+)"')
_KEY: Final = re.compile(rb'name="key" value="([0-9a-f]{32})"')
_FORM: Final = "application/x-www-form-urlencoded"
_BUSY_TRIES: Final = 600


class Browser:
    """Cookies, and how a request is written."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._cookies: dict[str, str] = {}

    def get(self, path: str) -> bytes:
        """The bytes that ask for a page."""
        return self._request("GET", path, "")

    def post(self, path: str, form: Mapping[str, str]) -> bytes:
        """The bytes that send a form."""
        body = urllib.parse.urlencode(form)
        return self._request("POST", path, f"Content-Type: {_FORM}\r\nContent-Length: {len(body)}\r\n", body)

    def _request(self, method: str, path: str, more: str, body: str = "") -> bytes:
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: {HOST}:{self.port}\r\n"
            "User-Agent: Mozilla/5.0 (Linux; Android 5.1; rv:1) Chrome/67.0\r\n"
            "Accept: text/html,application/xhtml+xml\r\nAccept-Language: en\r\n"
            "Accept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\n"
        )
        return f"{head}Cookie: {cookies}\r\n{more}\r\n{body}".encode("ascii")

    def keep(self, answer: Answer) -> None:
        """Take in the cookies of an answer."""
        for cookie in answer.header(b"set-cookie"):
            name, _, rest = cookie.decode("ascii").partition("=")
            self._cookies[name] = rest.partition(";")[0]


class Phone(Browser):
    """A member's phone: signed in, and with a form token, as every page with a form brings one."""

    def __init__(self, port: int, number: str, pin: str) -> None:
        super().__init__(port)
        self.number, self.pin, self.token = number, pin, ""

    def sign_in(self) -> None:
        """Sign in; from then on the key is open.

        Raises:
            Unanswered: the portal does not let us in.
        """
        line = Line(self.port)
        try:
            page = line.fetch(self.get("/signin"))
            self.keep(page)
            form = {"csrf_token": _found(_TOKEN, page), "number": self.number, "pin": self.pin, "next": "/"}
            answer = line.fetch(self.post("/signin", form))
            self.keep(answer)
            expect(answer, 302)
            self.token = _found(_TOKEN, line.fetch(self.get("/me")))
        finally:
            line.close()


def _found(what: re.Pattern[bytes], page: Answer) -> str:
    match = what.search(page.body)
    if match is None:
        raise Unanswered(f"a page without the form that was looked for (status {page.status})")
    return match[1].decode("ascii")


def expect(answer: Answer, status: int, leads_to: bytes = b"") -> None:
    """Raise ``Unanswered`` unless the answer has this status and leads there."""
    where = (answer.header(b"location") or [b""])[0]
    if answer.status != status or not where.startswith(leads_to):
        words = b" ".join(re.sub(rb"<[^>]+>", b" ", answer.body).split())[:300]
        raise Unanswered(f"status {answer.status} instead of {status}: {words.decode('utf-8', 'replace')}")


class Asks:
    """A client that asks for one page again and again."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self.bytes = 0

    def ask(self) -> bytes:
        """See ``load.Client``."""
        return self._request

    def hear(self, answer: Answer) -> None:
        """Only a page counts."""
        expect(answer, 200)
        self.bytes = len(answer.body)


class Pays:
    """A client that pays: sends the form of the check page, with a fresh idempotency key each time.

    The key is drawn here: the check page does nothing else than draw one (``web.acting.fresh_key``).
    Every amount is another, so that nobody is asked "again?".

    Args:
        with_pin: type the PIN each time.
    """

    def __init__(self, phone: Phone, payee: str, with_pin: bool = False, begin: int = 1) -> None:
        self._phone, self._payee, self._with_pin = phone, payee, with_pin
        self._amount = begin - 1

    def ask(self) -> bytes:
        """See ``load.Client``."""
        return self._phone.post("/pay/send", self._form() | {"key": secrets.token_hex(16)})

    def _form(self) -> dict[str, str]:
        self._amount += 1
        form = {
            "csrf_token": self._phone.token,
            "to": self._payee,
            "amount": f"{self._amount // 100}.{self._amount % 100:02}",
            "category": "food",
            "note": "",
        }
        return form | ({"pin": self._phone.pin} if self._with_pin else {})

    def hear(self, answer: Answer) -> None:
        """Only what leads to a receipt counts."""
        expect(answer, 302, b"/t/")


class Walks(Pays):
    """A client that pays as a person does: how much, is this right, pay, receipt; four pages a payment."""

    def __init__(self, phone: Phone, payee: str, begin: int = 1) -> None:
        super().__init__(phone, payee, begin=begin)
        self.paid = 0
        self._step, self._sent, self._receipt = 0, dict[str, str](), ""

    def ask(self) -> bytes:
        """See ``load.Client``."""
        if self._step == 0:
            return self._phone.get(f"/P/{self._payee}")
        if self._step == 1:
            self._sent = self._form()
            return self._phone.post("/pay/check", self._sent)
        if self._step == 2:
            return self._phone.post("/pay/send", self._sent)
        return self._phone.get(self._receipt)

    def hear(self, answer: Answer) -> None:
        """Follow the pages; each must be the one that comes next."""
        if self._step == 2:
            expect(answer, 302, b"/t/")
            self._receipt = answer.header(b"location")[0].decode("ascii")
        else:
            expect(answer, 200)
        if self._step == 1:
            self._sent["key"] = _found(_KEY, answer)
        self.paid += self._step == 2
        self._step = (self._step + 1) % 4
