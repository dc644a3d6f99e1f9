"""A node that has gone from the network without a word. Run by ``test_half_open.py``, as root of a network of its own.

River's node lives in a second network, at the far end of a cable. "Gone" is: both ends have another address for the
other than it has, so that every packet is carried and none is taken. Nobody says FIN or RST, and no kernel answers.
"""

import ctypes
import socket
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from appliance.ledger.clock import SystemClock
from appliance.radio.emulated.background import in_background
from appliance.radio.emulated.ether import Conditions
from appliance.radio.emulated.noderun import NodeServer
from appliance.radio.emulated.server import EtherServer
from appliance.radio.emulated.settings import Setup
from appliance.radio.errors import CannotProvision
from appliance.radio.links import meshtastic
from appliance.radio.links.open import open_node
from appliance.radio.links.provision import Limits, Provisioner, Provisioning
from appliance.radio.links.session import Trouble
from appliance.radio.links.wish import Wish
from appliance.radio.ports import Changed, Link, LinkState, Sent
from tests.radio.links.benches import BRISK, link_to
from tests.radio.links.contract import HELLO, is_down, is_up, is_verdict, until
from tests.radio.links.test_provision import WISH

pytestmark = pytest.mark.timeout(120)

HERE, THERE, NOBODY = "10.77.0.1", "10.77.0.2", "02:00:00:00:00:99"
NODE = f"tcp://{THERE}:4403"
_NEW_NETWORK = 0x40000000
"""CLONE_NEWNET."""


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


class Cable:
    """Between this network and the one in which the thread lives that has made this."""

    def __init__(self) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        assert libc.unshare(_NEW_NETWORK) == 0, ctypes.get_errno()
        self.far = threading.get_native_id()
        ip("link", "set", "lo", "up")

    def plug(self) -> None:
        """From the near side."""
        ip("link", "add", "near", "type", "veth", "peer", "name", "far")
        ip("link", "set", "far", "netns", str(self.far))
        ip("addr", "add", f"{HERE}/24", "dev", "near")
        ip("link", "set", "near", "up")
        self.there("addr", "add", f"{THERE}/24", "dev", "far")
        self.there("link", "set", "far", "up")

    def there(self, *words: str) -> None:
        subprocess.run(["nsenter", f"--net=/proc/{self.far}/ns/net", "ip", *words], check=True)

    def gone(self) -> None:
        ip("neigh", "replace", THERE, "lladdr", NOBODY, "dev", "near", "nud", "permanent")
        self.there("neigh", "replace", HERE, "lladdr", NOBODY, "dev", "far", "nud", "permanent")

    def back(self) -> None:
        ip("neigh", "del", THERE, "dev", "near")
        self.there("neigh", "del", HERE, "dev", "far")


@pytest.fixture(autouse=True)
def no_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whom a test reaches here is in this network or the other, and no cable leads out of them."""
    assert {name for _, name in socket.if_nameindex()} <= {"lo", "near"}
    monkeypatch.setattr("tests.conftest.is_local", lambda *_: True)


@pytest.fixture
def cable() -> Iterator[Cable]:
    made: list[Cable] = []

    @asynccontextmanager
    async def there() -> AsyncIterator[Cable]:
        made.append(Cable())
        setup = Setup("River", preset="SHORT_TURBO", relays=False)
        async with (
            EtherServer(Conditions(preset="SHORT_TURBO"), speed=10) as ether,
            NodeServer(setup, ("127.0.0.1", ether.port), tcp=4403, host="0.0.0.0"),
        ):
            yield made[0]

    with in_background(there) as cable:
        cable.plug()
        yield cable
        ip("link", "del", "near")


@pytest.fixture
def nothing_left() -> Iterator[None]:
    before = threading.active_count()
    yield
    for _ in range(3000):
        if threading.active_count() <= before:
            return
        time.sleep(0.02)
    raise AssertionError(f"left running: {threading.enumerate()}")


def went_down(link: Link) -> str:
    event = until(link, is_down)[-1]
    assert isinstance(event, Changed)
    return event.reason


def comes_back(link: Link, cable: Cable) -> None:
    """By itself, and it works."""
    cable.back()
    until(link, is_up)
    link.send(HELLO)
    assert until(link, is_verdict)[-1] == Sent()


@pytest.mark.usefixtures("nothing_left")
class TestTheSupervisor:
    def test_it_notices_by_the_silence_and_comes_back(self, cable: Cable) -> None:
        link = link_to(NODE, replace(BRISK, probe=0.3, silence=2.0, handshake=5.0))
        link.start()
        until(link, is_up)
        cable.gone()
        assert went_down(link) == Trouble.SILENT
        link.wait(1.0)
        assert not link.ready()
        comes_back(link, cable)
        link.close()

    def test_a_packet_that_is_under_way_is_not_waited_for(self, cable: Cable) -> None:
        link = link_to(NODE, replace(BRISK, answer=1.0))
        link.start()
        until(link, is_up)
        cable.gone()
        link.send(HELLO)
        assert went_down(link) == Trouble.SILENT
        comes_back(link, cable)
        link.close()

    @pytest.mark.parametrize("probe", [0.3, 3600.0], ids=["while it is asked", "while nobody asks"])
    def test_the_kernel_notices_too(
        self, cable: Cable, monkeypatch: pytest.MonkeyPatch, probe: float
    ) -> None:
        # What is unacknowledged is given up by TCP_USER_TIMEOUT; where nothing is written, by keepalive.
        monkeypatch.setattr(meshtastic, "_UNACKNOWLEDGED_MS", 2000)
        monkeypatch.setattr(meshtastic, "_ASKED_AFTER", 1)
        monkeypatch.setattr(meshtastic, "_ASKED_EACH", 1)
        link = link_to(NODE, replace(BRISK, probe=probe, silence=3600.0))
        link.start()
        until(link, is_up)
        cable.gone()
        assert went_down(link) in {Trouble.RESET, Trouble.CLOSED}
        comes_back(link, cable)
        link.close()

    def test_closing_a_link_whose_radio_is_gone(self, cable: Cable) -> None:
        link = link_to(NODE)
        link.start()
        until(link, is_up)
        cable.gone()
        link.close()
        assert link.poll()[-1] == Changed(LinkState.DOWN, Trouble.LET_GO)


@pytest.mark.usefixtures("nothing_left")
def test_a_node_that_goes_while_it_is_set_up(cable: Cable, monkeypatch: pytest.MonkeyPatch) -> None:
    def provisioner() -> Provisioner:
        return Provisioner(open_node(NODE), SystemClock(), time.sleep, Limits(answer=1.0))

    found = provisioner().look(WISH)
    ask = Provisioning.ask

    def gone(session: Provisioning, part: str, wish: Wish) -> object:
        cable.gone()
        return ask(session, part, wish)

    monkeypatch.setattr(Provisioning, "ask", gone)
    with pytest.raises(CannotProvision, match="not everything was written"):
        provisioner().write(WISH, found)
