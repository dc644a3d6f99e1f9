"""What the browser tests stand on: after a tap the phone is on the new page, however late that one comes."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, Page

from tests.support import taps

pytestmark = pytest.mark.browser

LATE = 0.8
"""Seconds from the tap until the browser sets out, and again until the answer comes."""

BOTH_SAY = "It can only be read."

FIRST = f"""<!doctype html><title>first</title><p>{BOTH_SAY} First page.</p>
<a id=link href=/second>On</a> <a id=anchor href='#below'>Below</a> <a id=file href=/file>The file</a>
<form id=form method=post action=/second><button id=send>Send</button></form>
<form method=post action=/second><input name=must required><button id=held>Send this</button></form>
<form method=post action=/nobody><button id=vain>Send in vain</button></form>
<details><summary>More</summary>inside</details>
<script>
for (const [name, act] of [['link', () => location.assign('/second')], ['send', () => form.submit()]])
    document.getElementById(name).addEventListener('click', tapped => {{
        tapped.preventDefault(); setTimeout(act, {LATE * 1000}); }});
</script><p id=below>Below</p>"""

SECOND = f"<!doctype html><title>second</title><p>{BOTH_SAY} Second page.</p>"


class Slow(BaseHTTPRequestHandler):
    """A portal on a busy machine."""

    def do_GET(self) -> None:
        if self.path == "/file":
            self.answer(b"in it", "Content-Disposition", "attachment; filename=file.txt")
        elif self.path == "/second":
            time.sleep(LATE)
            self.answer(SECOND.encode(), "Content-Type", "text/html")
        else:
            self.answer(FIRST.encode(), "Content-Type", "text/html")

    def do_POST(self) -> None:
        if self.path != "/nobody":
            self.do_GET()

    def answer(self, body: bytes, header: str, value: str) -> None:
        self.send_response(200)
        self.send_header(header, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A browser with script, which sets out late, on the first page of a slow portal."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    context = chromium.new_context()
    try:
        opened = context.new_page()
        opened.goto(f"http://127.0.0.1:{server.server_port}/")
        yield opened
    finally:
        context.close()
        server.shutdown()
        server.server_close()
        serving.join()


@pytest.mark.parametrize("what", ["#link", "#send"])
def test_after_a_tap_the_new_page_is_there(page: Page, what: str) -> None:
    answer = taps.tap(page.locator(what))
    assert page.locator("p").inner_text() == f"{BOTH_SAY} Second page."
    assert answer is not None
    assert answer.status == 200


@pytest.mark.parametrize("what", ["#anchor", "summary", "#held"])
def test_a_tap_that_leads_nowhere_else_waits_for_nothing(page: Page, what: str) -> None:
    assert taps.tap(page.locator(what)) is None
    assert page.title() == "first"
    assert page.evaluate("document.querySelector('details').open") == (what == "summary")


def test_a_file_is_fetched_and_the_page_stays(page: Page) -> None:
    assert taps.fetch(page.locator("#file")).path().read_text("utf-8") == "in it"
    assert page.title() == "first"


def test_where_nobody_answers_the_browser_says_so(page: Page) -> None:
    taps.tap_in_vain(page.locator("#vain"))
    assert page.url.startswith("chrome-error://")


def test_an_answer_that_should_not_have_come_is_noticed(page: Page) -> None:
    with pytest.raises(AssertionError, match="there was an answer"):
        taps.tap_in_vain(page.locator("#send"))
