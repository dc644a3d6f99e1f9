"""An ether and nodes inside a running program, in a thread of their own: for tests and trials."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from appliance.radio.emulated.ether import Conditions
from appliance.radio.emulated.faults import Fault
from appliance.radio.emulated.noderun import NodeServer
from appliance.radio.emulated.server import EtherServer
from appliance.radio.emulated.settings import Setup

_Served = TypeVar("_Served")


@contextmanager
def in_background(make: Callable[[], AbstractAsyncContextManager[_Served]]) -> Iterator[_Served]:
    """Enter what ``make`` returns on an event loop in a thread; leave it when the block ends.

    Raises:
        Whatever entering or leaving raised.
    """
    started = threading.Event()
    held: dict[str, Any] = {}

    async def serve() -> None:
        held["loop"], held["stop"] = asyncio.get_running_loop(), asyncio.Event()
        async with make() as served:
            held["served"] = served
            started.set()
            await held["stop"].wait()

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            held["error"] = error
        finally:
            started.set()

    thread = threading.Thread(target=run, name="emulated radio")
    thread.start()
    started.wait()
    try:
        if "served" in held:
            yield held["served"]
    finally:
        if "stop" in held:
            with contextlib.suppress(RuntimeError):  # the loop has ended already
                held["loop"].call_soon_threadsafe(held["stop"].set)
        thread.join()
        if "error" in held:
            raise held["error"]


@contextmanager
def emulated_ether(
    conditions: Conditions | None = None, *, seed: int = 0, speed: float = 1.0, port: int = 0
) -> Iterator[EtherServer]:
    """An ether on a loopback port (``.port``). Talk to it through ``EtherControl``, not directly."""

    @contextlib.asynccontextmanager
    async def make() -> AsyncIterator[EtherServer]:
        async with EtherServer(conditions, seed=seed, speed=speed, port=port) as server:
            yield server

    with in_background(make) as server:
        yield server


class BackgroundNode:
    """A node on an event loop of its own, as another thread sees it."""

    def __init__(self, server: NodeServer, loop: asyncio.AbstractEventLoop) -> None:
        self._server = server
        self._loop = loop
        self.tcp_port = server.tcp_port
        self.pty = server.pty
        self.number = server.node.number

    def fault(self, kind: Fault, seconds: float = 0.0) -> None:
        """Make it fail; returns at once."""
        self._loop.call_soon_threadsafe(self._server.fault, kind, seconds)

    @property
    def time(self) -> int:
        """Seconds since 1970 as the node has been told them; 0: by nobody."""
        return self._server.node.time()

    @property
    def dropped(self) -> int:
        """Packets that the computer did not fetch in time."""
        return self._server.node.dropped


@contextmanager
def emulated_node(
    ether_port: int,
    setup: Setup,
    *,
    tcp: int | None = None,
    pty: Path | None = None,
    seed: int | None = None,
) -> Iterator[BackgroundNode]:
    """A node on the ether at a loopback port; ``tcp=0`` chooses a free port (``.tcp_port``)."""

    @contextlib.asynccontextmanager
    async def make() -> AsyncIterator[BackgroundNode]:
        async with NodeServer(setup, ("127.0.0.1", ether_port), tcp=tcp, pty=pty, seed=seed) as server:
            yield BackgroundNode(server, asyncio.get_running_loop())

    with in_background(make) as node:
        yield node
