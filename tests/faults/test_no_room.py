"""A card that fills up while the hub runs: keepers are told in time, the reserve goes first, and nothing stops for good."""

import json
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from appliance.cli import main
from appliance.ledger import settings
from appliance.ledger.backups import Backups
from appliance.ledger.book import room
from appliance.ledger.book.room import FLOOR, LEAST, MB, RESERVE, Level
from appliance.ledger.book.verify import verify
from appliance.ledger.errors import BackupFailed, Code, Refusal
from appliance.ledger.hub import Hub
from appliance.ledger.money.transfers import Pay
from appliance.ledger.values import Amount
from tests.support.card import card, clear, fill
from tests.support.phone import Phone
from tests.support.portal import free_port
from tests.support.process import Process
from tests.support.village import Village, make_village

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

CARD_MB = 64


@dataclass
class Running:
    """A portal whose data lie on a card of their own."""

    data: Path
    card: Path
    port: int
    portal: Process
    alice: str
    bob: str


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as page:
            return bool(page.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with card(tmp_path / "card", CARD_MB) as here:
        data, port = here / "river", free_port()
        village = make_village(data, credit={"pin_above": 1_000})
        alice, bob = village.account("Alice").short, village.account("Bob").short
        village.hub.close()
        serve = ("-c", "from appliance.cli import main; main()", "serve", "--data", str(data))
        portal = Process("portal", (*serve, "--port", str(port)), tmp_path, lambda: _answers(port))
        portal.start()
        try:
            yield Running(data, here, port, portal, alice, bob)
        finally:
            portal.kill()
    assert "Traceback" not in portal.tail()


def _hub(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def _level(data: Path) -> tuple[str, int]:
    said = _hub("status", "--data", data, "--json")
    return json.loads(said.output)["card"], said.exit_code


def test_payments_go_on_on_the_reserve_then_are_refused_and_come_back(
    running: Running, tmp_path: Path
) -> None:
    phone = Phone(running.port, running.alice)
    phone.sign_in()
    assert phone.send(phone.fill_in(running.bob, "1.00")).status == 302
    assert (running.data / RESERVE).stat().st_size >= LEAST

    fill(running.card)
    form = phone.fill_in(running.bob, "2.00")
    paid = phone.send(form)
    if (
        paid.status != 302
    ):  # the first who finds the card full may be told so; the next one lives on the reserve
        paid = phone.send(form)
    assert paid.status == 302, paid.words
    assert not (running.data / RESERVE).exists()
    assert _level(running.data) == ("reserve", 1)

    fill(running.card, leaving=3 * FLOOR // 4)
    form = phone.fill_in(running.bob, "3.00")
    refused = phone.send(form)
    assert refused.status in (422, 503), refused.words
    assert "Nothing was moved" in refused.text
    assert _level(running.data) == ("full", 1)
    other = Phone(running.port, running.bob)
    other.sign_in()
    assert "Alice" in other.ask("GET", "/").text, "reading and signing in go on"
    other.hang_up()
    phone.hang_up()

    running.portal.kill()
    running.portal.start()
    phone = Phone(running.port, running.alice)
    phone.sign_in()
    assert "Bob" in phone.ask("GET", "/").text, "it starts again on a full card"
    stick = tmp_path / "stick"
    stick.mkdir()
    saved = _hub("backup", "--data", running.data, stick)
    assert saved.exit_code == 0, saved.output

    clear(running.card)
    again = phone.send(form | {"csrf_token": phone.fill_in(running.bob, "3.00")["csrf_token"]})
    assert again.status == 302, again.words
    phone.hang_up()
    running.portal.kill()
    running.portal.start()
    assert (running.data / RESERVE).stat().st_size >= LEAST, "the reserve is there again"
    hub = Hub.open(running.data)
    try:
        verify(hub.store, work=tmp_path)
    finally:
        hub.close()


@pytest.fixture
def village(tmp_path: Path) -> Iterator[Village]:
    with card(tmp_path / "card", CARD_MB) as here:
        made = make_village(here / "river")
        yield made
        made.hub.close()


def test_keepers_are_told_in_steps(village: Village) -> None:
    data, place = village.hub.data, village.hub.data.parent
    assert room.look(data, low_mb=10).level is Level.LOW or not (data / RESERVE).exists()
    room.tend(data, village.hub.store.path)
    assert room.look(data, low_mb=10).level is Level.WELL
    assert room.look(data, low_mb=60).level is Level.LOW
    fill(place, leaving=MB)
    assert room.look(data, low_mb=10).level is Level.LOW
    room.tend(data, village.hub.store.path)
    assert room.look(data, low_mb=60).level is Level.RESERVE
    fill(place, leaving=MB)
    assert room.look(data, low_mb=10).level is Level.FULL
    asked = Pay(village.numbers["Alice"], village.numbers["Bob"], Amount(5))
    refused = village.ask("Alice", asked)
    assert isinstance(refused, Refusal)
    assert refused.code is Code.CANNOT_WRITE
    clear(place)
    village.pay("Alice", "Bob", 5)
    room.tend(data, village.hub.store.path)
    assert room.look(data, low_mb=10).level is Level.WELL


def test_the_reserve_never_fills_a_card_that_is_nearly_full(village: Village) -> None:
    data = village.hub.data
    fill(data.parent, leaving=LEAST + 8 * MB)
    room.tend(data, village.hub.store.path)
    assert not (data / RESERVE).exists()


def test_the_reserve_grows_with_the_book(village: Village) -> None:
    data = village.hub.data
    room.tend(data, village.hub.store.path)
    before = (data / RESERVE).stat().st_size
    larger = data / "larger.db"
    with larger.open("wb") as file:
        file.truncate(village.hub.store.path.stat().st_size + 9 * MB)  # takes no room by itself
    room.tend(data, larger)
    assert (data / RESERVE).stat().st_size >= before + 8 * MB


def test_a_hub_opens_on_a_card_without_a_free_byte(village: Village) -> None:
    data = village.hub.data
    room.tend(data, village.hub.store.path)
    village.hub.close()
    fill(data.parent)
    assert shutil.disk_usage(data).free < MB
    hub = Hub.open(data)
    try:
        assert hub.head().number > 1
    finally:
        hub.close()


def test_past_a_full_card_a_backup_is_made_on_the_stick(village: Village, tmp_path: Path) -> None:
    data = village.hub.data
    media = tmp_path / "media"
    media.mkdir()
    (data / settings.FILE).write_text(f'[backup]\nsticks = ["{media}/*"]\n')
    room.tend(data, village.hub.store.path)
    fill(data.parent)
    village.pay("Alice", "Bob", 5)
    backups = Backups(village.hub)
    with pytest.raises(BackupFailed, match="no room"):
        backups.run()
    with card(media / "stick", CARD_MB) as stick:
        made = backups.run()
        assert made.path.parent.parent == stick
        assert made.header.head == village.hub.head()
        state = backups.state()
        assert [done.path for done in state.sticks] == [str(stick)]
        assert state.failed is not None, "the box's own backup is still told as missing"
    clear(data.parent)
    assert backups.run().path.parent == data / "backups"
    assert backups.state().failed is None
