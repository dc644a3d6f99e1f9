"""A node is set up for hubs: what differs is shown, written in one transaction, and read back after it has restarted."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
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
from appliance.radio.links.provision import Limits, Provisioner
from appliance.radio.links.wish import Change, Wish

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
    return Provisioner(open_node(setting), SystemClock(), _wait, Limits(back=60))


def provisioned(node: BackgroundNode, wish: Wish = WISH) -> Sequence[Change]:
    """As at the terminal: it is shown, and yes is said."""
    return at(node).write(wish, at(node).look(wish))


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
    assert shown["device.node_info_broadcast_secs"] == ("10800", "259200")
    assert shown["lora.hop_limit"] == ("3", "2")
    assert shown["channel 0.name"] == ("", "hubs-c0ffee")
    assert shown["channel 0.key"] == ("the key that everybody knows", "this community's own")
    assert bytes(range(32)).hex() not in repr(found)
    assert settings_of(node).lora.SerializeToString() == before
    assert settings_of(node).reboots == 0


def test_it_is_written_in_one_transaction_and_read_back(node: BackgroundNode) -> None:
    changes = provisioned(node)
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
    assert provisioned(node) == ()
    assert kept.reboots == 1, "nothing to write, nothing written"


def test_a_node_that_would_not_pass_the_hubs_packets_on_is_told_to(node: BackgroundNode) -> None:
    provisioned(node, replace(WISH, role="CLIENT"))
    device = settings_of(node).config["device"].device
    assert (device.node_info_broadcast_secs, settings_of(node).passes_on(256, 0)) == (259_200, True)
    device.rebroadcast_mode = 5
    assert not settings_of(node).passes_on(256, 0)
    changes = provisioned(node, replace(WISH, role="CLIENT"))
    assert changes == (Change("device.rebroadcast_mode", "CORE_PORTNUMS_ONLY", "ALL"),)
    assert settings_of(node).passes_on(256, 0)


def test_what_is_as_it_is_to_be_stays(node: BackgroundNode) -> None:
    provisioned(node)
    other = replace(WISH, region=None, hops=None, preset="SHORT_FAST")
    assert [change.setting for change in at(node).look(other).changes] == ["lora.modem_preset"]


def test_a_node_without_a_region_needs_one(node: BackgroundNode) -> None:
    with pytest.raises(CannotProvision, match="--region"):
        at(node).look(replace(WISH, region=None))


def test_a_node_that_did_not_keep_a_setting_is_named(node: BackgroundNode) -> None:
    # This one takes nothing of that section, as an older firmware may not know what is in it.
    admin = node._server.node._admin
    write = admin._write

    def forgetful(kind: str, request: object) -> bool:
        if kind == "set_config" and request.set_config.HasField("device"):  # type: ignore[attr-defined]
            return False
        return write(kind, request)

    admin._write = forgetful  # type: ignore[method-assign]
    with pytest.raises(
        CannotProvision,
        match=r"not keep everything: device\.role is CLIENT, device\.node_info_broadcast_secs is 10800$",
    ):
        provisioned(node)


def test_a_node_that_is_pulled_out_half_way_is_finished_the_next_time(node: BackgroundNode) -> None:
    shown = at(node).look(WISH)
    admin = node._server.node._admin
    write, taken = admin._write, []

    def pulled(kind: str, request: object) -> bool:
        taken.append(kind)
        if len(taken) == 2:
            node._server.fault(Fault.UNPLUG, 0.3)
        return write(kind, request)

    admin._write = pulled  # type: ignore[method-assign]
    with pytest.raises(
        CannotProvision, match=r"not everything was written .* it shows what is left to write"
    ):
        at(node).write(WISH, shown)
    while True:
        with contextlib.suppress(CannotProvision):  # it is not back yet
            left = at(node).look(WISH)
            break
    assert 0 < len(left.changes) < len(shown.changes)
    assert set(left.changes) < set(shown.changes)
    assert at(node).write(WISH, left) == left.changes
    assert at(node).look(WISH).changes == ()


class TestWhatIsWrittenIsWhatWasShown:
    """Between the look and the yes a person thinks, and somebody else may be at the node with a phone."""

    def refused(self, node: BackgroundNode, changed: Callable[[], None], word: str) -> None:
        provisioner = at(node)
        found = provisioner.look(WISH)
        changed()
        before = settings_of(node).lora.SerializeToString()
        with pytest.raises(CannotProvision, match=f"{word}.*Nothing was written"):
            provisioner.write(WISH, found)
        assert settings_of(node).lora.SerializeToString() == before
        assert settings_of(node).channels[0].settings.name == ""

    def test_a_setting_that_is_not_any_more_as_it_was_shown(self, node: BackgroundNode) -> None:
        def changed() -> None:
            settings_of(node).lora.hop_limit = 5

        self.refused(node, changed, r"not as it was shown any more: lora\.hop_limit\.")
        assert settings_of(node).reboots == 0

    def test_a_setting_that_was_right_and_is_not_any_more(self, node: BackgroundNode) -> None:
        def changed() -> None:
            settings_of(node).lora.config_ok_to_mqtt = True

        self.refused(node, changed, r"any more: lora\.config_ok_to_mqtt\.")

    def test_one_key_for_another(self, node: BackgroundNode) -> None:
        settings_of(node).channels[0].settings.psk = b"k" * 32

        def changed() -> None:
            settings_of(node).channels[0].settings.psk = b"l" * 32

        self.refused(node, changed, r"any more: channel 0\.key\.")

    def test_another_node_in_its_place(self, node: BackgroundNode) -> None:
        found = replace(at(node).look(WISH), number=4711)
        with pytest.raises(CannotProvision, match=r"another node is there now, River\. Nothing was written"):
            at(node).write(WISH, found)
        assert settings_of(node).reboots == 0

    def test_a_setting_that_changes_when_the_transaction_has_begun(self, node: BackgroundNode) -> None:
        found = at(node).look(WISH)
        _when_begun(node, lambda settings: setattr(settings.lora, "hop_limit", 5))
        with pytest.raises(CannotProvision, match=r"any more: lora\.hop_limit\. Nothing was written"):
            at(node).write(WISH, found)
        assert settings_of(node).preset == "LONG_FAST"
        assert not node._server.node._admin._editing, "the transaction is over"

    def test_what_the_wish_says_nothing_of_stays_as_it_is_at_that_moment(self, node: BackgroundNode) -> None:
        found = at(node).look(WISH)
        _when_begun(node, lambda settings: setattr(settings.lora, "tx_power", 14))
        at(node).write(WISH, found)
        assert (settings_of(node).preset, settings_of(node).lora.tx_power) == ("MEDIUM_FAST", 14)


def _when_begun(node: BackgroundNode, change: Callable[[Settings], None]) -> None:
    """Somebody else is at the node the moment a transaction begins."""
    admin = node._server.node._admin
    answer = admin.answer

    def meanwhile(request: object) -> object:
        if request.begin_edit_settings:  # type: ignore[attr-defined]
            change(settings_of(node))
        return answer(request)

    admin.answer = meanwhile  # type: ignore[method-assign, assignment]


def test_a_node_that_is_not_there_is_named(node: BackgroundNode) -> None:
    node.fault(Fault.UNPLUG, 1.0)
    while node.pty.is_symlink() if node.pty else node._server._tcp._server is not None:  # type: ignore[union-attr]
        threading.Event().wait(0.01)
    with pytest.raises(CannotProvision, match="cannot be reached"):
        at(node).look(WISH)


@pytest.mark.parametrize("setting", ["none", "sim://127.0.0.1:4600"])
def test_what_is_no_node(setting: str) -> None:
    with pytest.raises(BadSetting, match="no Meshtastic node"):
        open_node(setting)
