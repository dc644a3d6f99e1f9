"""One setting names the radio; what names none is refused in words."""

import subprocess
import sys

import pytest

from appliance.ledger.clock import SystemClock
from appliance.radio.errors import BadSetting
from appliance.radio.links.none import NoLink
from appliance.radio.links.open import open_link
from appliance.radio.links.sim import SimLink
from appliance.radio.links.supervisor import Supervisor


@pytest.mark.parametrize(
    ("setting", "kind"),
    [
        ("none", NoLink),
        (" none\n", NoLink),
        ("tcp://192.0.2.7", Supervisor),
        ("tcp://river-node.local:4404", Supervisor),
        ("tcp://[2001:db8::7]:4403/", Supervisor),
        ("serial:/dev/serial/by-id/usb-River", Supervisor),
        ("serial:///dev/ttyUSB0", Supervisor),
        ("sim://127.0.0.1:4600", SimLink),
        ("sim://127.0.0.1:4600/River", SimLink),
    ],
)
def test_a_setting_opens_its_link(setting: str, kind: type) -> None:
    link = open_link(setting, SystemClock())
    assert isinstance(link, kind)
    link.close()


@pytest.mark.parametrize(
    "setting",
    [
        "",
        "radio",
        "none:1",
        "tcp:",
        "tcp://",
        "tcp://:4403",
        "tcp://node:port",
        "tcp://node:99999",
        "tcp://node:4403/path",
        "tcp://me@node:4403",
        "serial:",
        "serial:ttyUSB0",
        "serial://ttyUSB0",
        "sim://",
        "sim://127.0.0.1",
        "http://node",
        "ble:AA:BB",
    ],
)
def test_what_names_no_radio_is_refused(setting: str) -> None:
    with pytest.raises(BadSetting):
        open_link(setting, SystemClock())


@pytest.mark.parametrize(("channel", "hops"), [(8, None), (-1, None), (0, 8), (0, -1)])
def test_channels_and_hops_are_0_to_7(channel: int, hops: int | None) -> None:
    with pytest.raises(BadSetting, match="0 to 7"):
        open_link("none", SystemClock(), channel=channel, hops=hops)


def test_no_radio_is_no_trouble() -> None:
    link = open_link("none", SystemClock())
    link.start()
    assert not link.ready()
    assert list(link.poll()) == []
    assert link.radio() is None
    with pytest.raises(ValueError, match="232"):
        link.send(bytes(232))
    with pytest.raises(RuntimeError):
        link.send(b"")
    link.wait(0.01)
    link.close()
    link.wait(3600)  # closed: returns at once


def test_a_hub_without_a_meshtastic_radio_does_not_load_its_library() -> None:
    code = (
        "import sys; from appliance.radio.links.open import open_link; "
        "from appliance.ledger.clock import SystemClock; open_link('none', SystemClock()); "
        "sys.exit('meshtastic' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
