"""A full, failing or read-only card while the portal runs: clear refusals, nothing lost, reading goes on, and writing again."""

import contextlib
import errno
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from appliance.ledger.book.verify import verify
from appliance.ledger.hub import Hub
from tests.faults.layer import Faults, Job, environment
from tests.support.phone import Phone
from tests.support.portal import free_port
from tests.support.village import make_village

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

FAULTS = {
    "the card is full": (errno.ENOSPC, (Job.WRITES,)),
    "writes fail": (errno.EIO, (Job.WRITES,)),
    "syncs fail": (errno.EIO, (Job.SYNCS,)),
    "the file system is read-only": (
        errno.EROFS,
        (Job.WRITES, Job.OPENS, Job.TRUNCATES, Job.NAMES, Job.SYNCS),
    ),
}


@dataclass
class Running:
    """A portal over the file layer."""

    data: Path
    port: int
    faults: Faults
    log: Path
    alice: str
    bob: str
    process: "subprocess.Popen[bytes]"


PROGRAM = """
from appliance.ledger.book import checkpoints
from appliance.web import server
checkpoints.WRITES, server._TRY_SECONDS = 4, 1
from appliance.cli import main
main()
"""
"""The portal, with more to do in a short time."""


def _serve(data: Path, port: int, faults: Faults, log: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-c", PROGRAM, "serve", "--data", str(data), "--host", "127.0.0.1"]
    with log.open("ab") as out:
        return subprocess.Popen(
            [*command, "--port", str(port)],
            env=environment(data, control=faults.path),
            stdout=out,
            stderr=out,
            start_new_session=True,
        )


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    data = tmp_path / "river"
    village = make_village(data, credit={"pin_above": 1_000})
    alice, bob = village.account("Alice").short, village.account("Bob").short
    village.hub.close()
    faults, port, log = Faults(tmp_path / "control"), free_port(), tmp_path / "log"
    here = Running(data, port, faults, log, alice, bob, _serve(data, port, faults, log))
    try:
        _wait(port)
        yield here
    finally:
        faults.heal()
        here.process.terminate()
        assert here.process.wait(30) == 0
    assert "Traceback" not in log.read_text()


def _wait(port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise AssertionError("the portal does not answer")


def _entries(data: Path) -> int:
    hub = Hub.open(data)
    try:
        return hub.head().number
    finally:
        hub.close()


@pytest.mark.parametrize("fault", list(FAULTS))
def test_payments_are_refused_in_words_and_go_on_when_there_is_room_again(
    fault: str, running: Running
) -> None:
    phone = Phone(running.port, running.alice)
    phone.sign_in()
    first = phone.send(phone.fill_in(running.bob, "1.00"))
    assert first.status == 302, first.words
    form = phone.fill_in(running.bob, "2.00")
    before = _entries(running.data)
    error, jobs = FAULTS[fault]
    running.faults.fail(error, *jobs)
    for _ in range(3):
        page = phone.send(form)
        assert page.status in (422, 503), page.words
        if fault == "syncs fail":
            assert "It is not known yet whether this was done" in page.text, page.words
            assert "Press the same button again" in page.text
            assert "Nothing was moved" not in page.text
        else:
            assert "cannot write now" in page.text, page.words
            assert "Nothing was moved" in page.text
        home = phone.ask("GET", "/")
        assert home.status == 200, home.words
        assert "Bob" in home.text, "reading goes on"
    running.faults.heal()
    again = phone.send(form)
    assert again.status == 302, again.words
    once_more = phone.send(form)
    assert once_more.where == again.where, "one receipt"
    phone.hang_up()
    assert _entries(running.data) == before + 1
    hub = Hub.open(running.data)
    try:
        verify(hub.store)
    finally:
        hub.close()


def test_a_failed_sync_of_the_file_itself_lets_the_portal_start_again_and_refuses_nobody(
    running: Running,
) -> None:
    phone = Phone(running.port, running.alice)
    phone.sign_in()
    running.faults.fail(errno.EIO, Job.BOOK_SYNCS, times=1)
    for number in range(1, 5):
        paid = phone.send(phone.fill_in(running.bob, f"1.0{number}"))
        assert paid.status == 302, paid.words
    phone.hang_up()
    until = time.monotonic() + 60
    while "book_in_doubt" not in running.log.read_text() or (running.data / "ledger.db-doubt").exists():
        assert time.monotonic() < until, "nobody has made the book sure again"
        time.sleep(0.2)
    _wait(running.port)
    again = Phone(running.port, running.alice)
    again.sign_in()
    assert again.send(again.fill_in(running.bob, "2.00")).status == 302
    again.hang_up()
    hub = Hub.open(running.data)
    try:
        verify(hub.store)
    finally:
        hub.close()


def test_a_card_that_lets_nobody_open_the_book_is_told_on_a_page_and_tried_again(running: Running) -> None:
    phone = Phone(running.port, running.alice)
    phone.sign_in()
    assert phone.send(phone.fill_in(running.bob, "1.00")).status == 302
    phone.hang_up()
    os.killpg(running.process.pid, signal.SIGKILL)
    running.process.wait()
    running.faults.fail(errno.EIO, Job.SYNCS)
    running.process = _serve(running.data, running.port, running.faults, running.log)
    until, page = time.monotonic() + 60, ""
    while "The card of this hub does not work now" not in page:
        assert time.monotonic() < until, page
        time.sleep(0.1)
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{running.port}/", timeout=5)
            except urllib.error.HTTPError as error:
                page = error.read().decode()
    time.sleep(2)
    assert running.process.poll() is None, "it waits, and is not started again and again"
    running.faults.heal()
    _wait(running.port)
    again = Phone(running.port, running.alice)
    again.sign_in()
    assert "Bob" in again.ask("GET", "/").text
    again.hang_up()
