"""Which radio a hub uses: one setting, ``radio`` in its ``hub.toml`` or ``--radio``.

tcp://HOST[:PORT]   a Meshtastic node on the network, or the firmware as a Linux process (4403)
serial:PATH         a Meshtastic node on USB; take ``/dev/serial/by-id/...``, which stays
sim://HOST:PORT     the emulated ether, without a node in between
none                no radio
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from appliance.ledger.clock import Clock
from appliance.radio.errors import BadSetting
from appliance.radio.links.none import NoLink
from appliance.radio.links.session import Patience
from appliance.radio.links.supervisor import Supervisor
from appliance.radio.ports import Link

DEFAULT_TCP_PORT = 4403
KINDS = "tcp://HOST:PORT, serial:/dev/serial/by-id/NAME, sim://HOST:PORT or none"


def open_link(
    setting: str,
    clock: Clock,
    *,
    channel: int = 0,
    hops: int | None = None,
    patience: Patience | None = None,
) -> Link:
    """The link that ``setting`` names, not yet started.

    Args:
        setting: as in this module's docstring.
        clock: for its uptime.
        channel: index of the Meshtastic channel to send on.
        hops: hop limit, 0 to 7; None takes what the radio is set to.
        patience: how long to wait for a radio; the default is right for all that exist.

    Raises:
        BadSetting: it names no radio we know.
    """
    if not 0 <= channel <= 7:
        raise BadSetting(f"channel {channel}: a radio has channels 0 to 7")
    if hops is not None and not 0 <= hops <= 7:
        raise BadSetting(f"hop limit {hops}: 0 to 7")
    kind, _, rest = setting.strip().partition(":")
    match kind:
        case "none" if not rest:
            return NoLink()
        case "tcp":
            host, port = _address(setting)
            from appliance.radio.links import meshtastic  # its library costs 28 MB, so only who uses it pays

            return Supervisor(
                setting, lambda: meshtastic.over_tcp(host, port, channel, hops), clock, patience
            )
        case "serial":
            path = _path(setting)
            from appliance.radio.links import meshtastic

            return Supervisor(setting, lambda: meshtastic.over_serial(path, channel, hops), clock, patience)
        case "sim":
            from appliance.radio.links.sim import SimLink

            try:
                return SimLink.at(setting.strip(), patience)
            except ValueError as error:
                raise BadSetting(str(error)) from error
    raise BadSetting(f"{setting!r} names no radio; it is one of {KINDS}")


def open_node(setting: str) -> Callable[[], Any]:
    """What makes the library's object for the Meshtastic node that ``setting`` names.

    Raises:
        BadSetting: it names no Meshtastic node.
    """
    kind = setting.strip().partition(":")[0]
    if kind not in {"tcp", "serial"}:
        raise BadSetting(f"{setting!r} is no Meshtastic node: tcp://HOST:PORT or serial:PATH")
    where = _address(setting) if kind == "tcp" else _path(setting)
    from appliance.radio.links import meshtastic

    return meshtastic.make_serial(where) if isinstance(where, str) else meshtastic.make_tcp(*where)


def _path(setting: str) -> str:
    rest = setting.strip().partition(":")[2]
    path = rest.removeprefix("//") if rest.startswith("///") else rest
    if not path.startswith("/") or path.startswith("//"):
        raise BadSetting(f"{setting!r}: a serial radio is named by a path, serial:/dev/serial/by-id/NAME")
    return path


def _address(setting: str) -> tuple[str, int]:
    """Host and port of a setting like an address in a browser."""
    try:
        parts = urlsplit(setting.strip())
        host, port = parts.hostname, parts.port or DEFAULT_TCP_PORT
    except ValueError as error:
        raise BadSetting(f"{setting!r}: {error}") from error
    extra = parts.path not in {"", "/"} or parts.query or parts.fragment or parts.username is not None
    if not host or extra:
        raise BadSetting(f"{setting!r} is not of the form {parts.scheme}://HOST:PORT")
    return host, port
