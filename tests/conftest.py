"""What holds for every test: no network, no thread left behind, no deadline that a slow machine would miss."""

import gc
import ipaddress
import os
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import settings
from hypothesis.internal.conjecture import providers

from appliance.ledger.book.store import Store
from tests.support import memory
from tests.support.lanes import Lanes
from tests.support.routes import SharedMap
from tests.support.tables import copying
from tests.support.templates import CompiledTemplates

# A board or a busy build machine is slow, not wrong; pytest's own timeout catches what hangs.
settings.register_profile("house", deadline=None, print_blob=True)
settings.load_profile("house")
if "HUB_EXPLORE" not in os.environ:
    # Hypothesis also tries numbers that it reads in whatever modules are loaded: what "the same examples every time"
    # are would depend on which tests came before.
    providers._get_local_constants = lambda: providers._local_constants

THREAD_GRACE_SECONDS = 2.0
LANES = pytest.StashKey[Lanes]()


def pytest_configure(config: pytest.Config) -> None:
    """Puts the files of tests into memory, where this machine has room there."""
    if (room := memory.room()) is not None:
        os.environ.setdefault(memory.PYTEST_ROOM, str(room))


def pytest_collection_finish(session: pytest.Session) -> None:
    """What was imported and collected is there to the end: looked through for garbage again and again, it cost a tenth."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000)


@pytest.fixture(scope="session", autouse=True)
def rooms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What tests make with `tempfile` lies beside their other files, and goes with them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("rooms")))
        yield


@pytest.fixture(scope="session", autouse=True)
def compiled_templates() -> Iterator[None]:
    """The templates are compiled once a process; a portal of its own for each test would do it hundreds of times."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flask, "jinja_options", {"bytecode_cache": CompiledTemplates()})
        yield


@pytest.fixture(scope="session", autouse=True)
def shared_routes() -> Iterator[None]:
    """Likewise the addresses of the portal's routes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flask, "url_map_class", SharedMap)
        yield


@pytest.fixture(scope="session", autouse=True)
def copied_tables(rooms: None) -> Iterator[None]:
    """Likewise the tables of an empty book."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Store, "create", copying(Store.create))
        yield


@pytest.fixture
def on_disk() -> Iterator[Path]:
    """A fresh directory on the machine's disk, for what must not lie in memory."""
    with tempfile.TemporaryDirectory(prefix="hub-test-", dir=memory.DISK) as made:
        yield Path(made)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Spreads the tests over the workers as ``tests/support/lanes.py`` says."""
    if config.getvalue("dist") != "loadscope":
        return None
    config.stash[LANES] = lanes = Lanes(config, log)
    return lanes


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Says how well the tests were spread."""
    if (lanes := config.stash.get(LANES, None)) is not None:
        terminalreporter.write_line(lanes.idle())


def is_local(family: int, address: object) -> bool:
    """Whether an address stays on this machine."""
    if family == socket.AF_UNIX:
        return True
    host = address[0] if isinstance(address, tuple) and address else address
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(str(host).partition("%")[0]).is_loopback
    except ValueError:
        return False


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """The product works without any network, so do its tests: only this machine can be reached."""

    def guarded(original: Callable[..., Any]) -> Callable[..., Any]:
        def connect(self: socket.socket, address: Any) -> Any:
            if not is_local(self.family, address):
                raise AssertionError(f"a test tried to reach {address!r}")
            return original(self, address)

        return connect

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded(socket.socket.connect))
        patch.setattr(socket.socket, "connect_ex", guarded(socket.socket.connect_ex))
        yield


@pytest.fixture(autouse=True)
def no_threads_left() -> Iterator[None]:
    """Whoever starts a thread ends it. Threads of wider fixtures are there before the test and may stay."""
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + THREAD_GRACE_SECONDS
    left = [thread for thread in threading.enumerate() if thread not in before and not thread.daemon]
    for thread in left:
        thread.join(max(0.0, deadline - time.monotonic()))
    names = sorted(thread.name for thread in left if thread.is_alive())
    assert not names, f"threads left behind: {', '.join(names)}"
