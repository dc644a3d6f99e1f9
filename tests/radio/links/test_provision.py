"""A node is set up for hubs: what differs is shown, written in one transaction, and read back after it has restarted."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.ledger.clock import SystemClock
from appliance.radio.emulated.background import BackgroundNode, emulated_ether, emulated_node
from appliance.radio.emulated.ether import Conditions
from appliance.radio.emulated.faults import Fault
from appliance.radio.emulated.settings import Settings, Setup
from appliance.radio.errors import BadSetting, CannotProvision
from appliance.radio.links.open import open_node
from appliance.radio.links.provision import Provisioner, Wish

pytestmark = pytest.mark.timeout(120)

NEW = Setup("River", preset="LONG_FAST", region="UNSET")
"""As a node comes out of its box."""
WISH = Wish("MEDIUM_FAST", "CLIENT_MUTE", "hubs-c0ffee", bytes(range(32)), "EU_868", 2)


@pytest.fixture(params=["tcp", "serial"])
def node(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BackgroundNode]:
    pty = tmp_path / "ttyRiver" if request.param == "serial" else None
    with (
        emulated_ether(Conditions(preset="LONG_FAST"), speed=20) as ether,
        emulated_node(ether.port, NEW, tcp=None if pty else 0, pty=pty, seed=1) as made,
    ):
        yield made


def _wait(_seconds: float) -> None:
    threading.Event().wait(0.1)


def at(node: BackgroundNode) -> Provisioner:
    setting = f"serial:{node.pty}" if node.pty else f"tcp://127.0.0.1:{node.tcp_port}"
    return Provisioner(open_node(setting), SystemClock(), _wait, back=60)


def settings_of(node: BackgroundNode) -> Settings:
    return node._server.node.settings


def test_it_is_shown_and_nothing_is_written(node: BackgroundNode) -> None:
    before = settings_of(node).lora.SerializeToString()
    found = at(node).look(WISH)
    shown = {change.setting: (change.now, change.then) for change in found.changes}
    assert (found.name, found.firmware) == ("River", "2.7.26.emulated")
    assert shown["lora.region"] == ("UNSET", "EU_868")
    assert shown["lora.modem_preset"] == ("LONG_FAST", "MEDIUM_FAST")
    assert shown["device.role"] == ("CLIENT", "CLIENT_MUTE")
    assert shown["lora.hop_limit"] == ("3", "2")
    assert shown["channel 0.name"] == ("", "hubs-c0ffee")
    assert shown["channel 0.key"] == ("the key that everybody knows", "this community's own")
    assert bytes(range(32)).hex() not in repr(found)
    assert settings_of(node).lora.SerializeToString() == before
    assert settings_of(node).reboots == 0


def test_it_is_written_in_one_transaction_and_read_back(node: BackgroundNode) -> None:
    changes = at(node).write(WISH)
    kept = settings_of(node)
    assert kept.preset == "MEDIUM_FAST"
    assert (kept.lora.region, kept.lora.hop_limit, kept.lora.ignore_mqtt) == (3, 2, True)
    assert not kept.relays
    assert kept.config["position"].position.gps_mode == 2
    assert kept.modules["telemetry"].telemetry.device_telemetry_enabled is False
    assert (kept.channels[0].settings.name, kept.channels[0].settings.psk) == (
        "hubs-c0ffee",
        bytes(range(32)),
    )
    assert kept.reboots == 1, "one restart for all of it"
    assert len(changes) >= 6
    assert at(node).look(WISH).changes == ()
    assert at(node).write(WISH) == ()
    assert kept.reboots == 1, "nothing to write, nothing written"


def test_what_is_as_it_is_to_be_stays(node: BackgroundNode) -> None:
    at(node).write(WISH)
    other = replace(WISH, region=None, hops=None, preset="SHORT_FAST")
    assert [change.setting for change in at(node).look(other).changes] == ["lora.modem_preset"]


def test_a_node_without_a_region_needs_one(node: BackgroundNode) -> None:
    with pytest.raises(CannotProvision, match="--region"):
        at(node).look(replace(WISH, region=None))


def test_a_node_that_did_not_keep_a_setting_is_named(node: BackgroundNode) -> None:
    # This one takes no role, as an older firmware may not know one.
    admin = node._server.node._admin
    write = admin._write

    def forgetful(kind: str, request: object) -> bool:
        if kind == "set_config" and request.set_config.HasField("device"):  # type: ignore[attr-defined]
            return False
        return write(kind, request)

    admin._write = forgetful  # type: ignore[method-assign]
    with pytest.raises(CannotProvision, match=r"did not keep everything: device\.role is CLIENT$"):
        at(node).write(WISH)


def test_a_node_that_is_not_there_is_named(node: BackgroundNode) -> None:
    node.fault(Fault.UNPLUG, 1.0)
    while node.pty.is_symlink() if node.pty else node._server._tcp._server is not None:  # type: ignore[union-attr]
        threading.Event().wait(0.01)
    with pytest.raises(CannotProvision, match="cannot be reached"):
        at(node).look(WISH)


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"region": "MOON"}, "EU_868"),
        ({"region": "UNSET"}, "may not send"),
        ({"hops": 8}, "0 to 7"),
        ({"name": "much too long"}, "11 bytes"),
        ({"key": b"short"}, "32"),
        ({"role": "ROUTER"}, "role"),
    ],
)
def test_a_wish_that_cannot_be(fields: dict[str, object], word: str) -> None:
    with pytest.raises(BadSetting, match=word):
        replace(WISH, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("setting", ["none", "sim://127.0.0.1:4600"])
def test_what_is_no_node(setting: str) -> None:
    with pytest.raises(BadSetting, match="no Meshtastic node"):
        open_node(setting)
