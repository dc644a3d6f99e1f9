"""A damaged book: the portal stays up, says so in words, and shows what can be read."""

import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from appliance.web.serving.closed_book import CARD, DAMAGED
from appliance.web.serving.closed_book import create_app as closed_app
from tests.support.portal import free_port
from tests.support.process import Process
from tests.support.village import a_village


def _answer(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as page:
            return page.status, page.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return 0, ""


def test_every_address_of_a_closed_book_says_what_to_do() -> None:
    client = closed_app().test_client()
    for path in ("/", "/pay/send", "/desk"):
        page = client.get(path) if path != "/pay/send" else client.post(path)
        assert page.status_code == 503
        assert "hub restore" in page.text
        assert "Traceback" not in page.text


@pytest.mark.parametrize(("page", "status"), [(DAMAGED, "book damaged"), (CARD, "ledger down")])
def test_a_machine_that_asks_is_told_in_its_own_form(page: tuple[str, str, str], status: str) -> None:
    health = closed_app(page).test_client().get("/health")
    assert health.status_code == 503
    assert json.loads(health.text)["status"] == status


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["torn", "no database"])
def test_the_portal_of_a_damaged_book_stays_up_and_says_so(damage: str, tmp_path: Path) -> None:
    data, port = tmp_path / "river", free_port()
    with a_village(data) as village:
        if damage == "torn":
            last = village.hub.head().number
            with village.hub.store.write() as tx:
                list(tx.stream(f"UPDATE entry SET body = zeroblob(9) WHERE number = {last}"))
    book = data / "ledger.db"
    if damage == "no database":
        book.write_bytes(b"not a database at all " * 400)
        for more in data.glob("ledger.db-*"):
            more.unlink()
    serve = (
        "-c",
        "from appliance.cli import main; main()",
        "serve",
        "--data",
        str(data),
        "--port",
        str(port),
    )
    portal = Process("portal", serve, tmp_path, lambda: _answer(port, "/health")[0] != 0)
    portal.start()
    try:
        assert _answer(port, "/health")[0] == 503
        status, words = _answer(port, "/signin" if damage == "torn" else "/")
        assert status == (200 if damage == "torn" else 503)
        assert "hub restore" in words
        assert portal.running
    finally:
        portal.kill()
    assert "Traceback" not in portal.tail()
    assert (data / "damaged" / "1" / "ledger.db").exists()
