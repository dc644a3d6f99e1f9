"""A card that the system has mounted read-only: a real mount, a real portal, in words, and back when it can be written again."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.phone import Phone
from tests.support.portal import free_port
from tests.support.village import make_village

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

PROGRAM = """
import ctypes, os, sys
card, port, again = sys.argv[1:]
RDONLY, REMOUNT = 1, 32

def mounted(flags):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"card", card.encode(), b"tmpfs", flags, None):
        raise OSError(ctypes.get_errno(), "mount")

import shutil, threading, time
mounted(0)
shutil.copytree(card + ".before", card + "/hub")
mounted(REMOUNT | RDONLY)
if os.fork() == 0:  # whoever puts the card right: in the same mounts, as soon as the file is there
    while not os.path.exists(again):
        time.sleep(0.05)
    mounted(REMOUNT)
    os._exit(0)
from appliance.web import server
server._TRY_SECONDS = 1
sys.argv = ["hub", "serve", "--data", card + "/hub", "--host", "127.0.0.1", "--port", port]
from appliance.cli import main
main()
"""
"""The portal on a card of its own, which is read-only until the file ``again`` is there."""


@dataclass
class Card:
    """Where the card is mounted, the portal's port, and the file that makes it writable."""

    place: Path
    port: int
    again: Path
    alice: str
    bob: str
    entries: int
    log: Path

    def ask(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as got:
                return got.status, got.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except (urllib.error.URLError, ConnectionError):
            return 0, ""

    def until(self, path: str, status: int) -> str:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            found, text = self.ask(path)
            if found == status:
                return text
            time.sleep(0.1)
        raise AssertionError(f"{path} never answered {status}: {self.log.read_text()}")


@pytest.fixture
def card(tmp_path: Path) -> Iterator[Card]:
    village = make_village(tmp_path / "card.before", credit={"pin_above": 1_000})
    village.pay("Alice", "Bob", 150)
    entries = village.hub.head().number
    place = tmp_path / "card"
    place.mkdir()
    here = Card(
        place,
        free_port(),
        tmp_path / "again",
        village.account("Alice").short,
        village.account("Bob").short,
        entries,
        tmp_path / "log",
    )
    village.hub.close()
    command = ["unshare", "--mount", "--map-root-user", sys.executable, "-c", PROGRAM]
    with here.log.open("ab") as out:
        process = subprocess.Popen(
            [*command, str(place), str(here.port), str(here.again)],
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        time.sleep(0.5)
        said = here.log.read_text()
        if "unshare" in said or "OSError" in said:
            pytest.skip(f"nothing can be mounted here: {said}")
        yield here
    finally:
        here.again.touch()
        process.terminate()
        process.wait(30)
    assert "Traceback" not in here.log.read_text()


def test_every_page_says_so_also_signing_in_and_it_goes_on_by_itself_once_it_can_be_written(
    card: Card,
) -> None:
    for path in ("/", "/signin", "/desk", "/pay"):
        text = card.until(path, 503)
        assert "The card of this hub does not work now" in text, path
        assert "write payments on paper slips" in text
    form = urllib.request.Request(
        f"http://127.0.0.1:{card.port}/signin", data=f"number={card.alice}&pin=2580".encode()
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(form, timeout=10)
    assert refused.value.code == 503
    assert "The card of this hub does not work now" in refused.value.read().decode()
    assert json.loads(card.until("/health", 503))["status"] == "ledger down"

    card.again.touch()
    card.until("/signin", 200)
    phone = Phone(card.port, card.alice)
    phone.sign_in()
    assert phone.send(phone.fill_in(card.bob, "1.00")).status == 302
    phone.hang_up()

    health = json.loads(card.until("/health", 200))
    assert health["ledger"]["entries"] == card.entries + 1, "one payment more, and nothing lost"
