"""Tell a running ether what to do: lose packets, cut a station off, make a node fail."""

import socket
from collections.abc import Mapping
from typing import Any, Final, Self

from appliance.radio.emulated.packet import BadMessage, Messages, encode_message

_PATIENCE: Final = 10.0


class EtherControl:
    """A control connection to the ether at ``host:port``. A context manager.

    Every method returns the ether's status.

    Raises:
        OSError: it cannot be reached, or does not answer.
        ValueError: the ether said no, with its reason.
    """

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.create_connection((host, port), timeout=_PATIENCE)
        self._messages = Messages()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def set(self, **settings: float | str | bool) -> Mapping[str, Any]:
        """Change settings: preset, loss, duplicate, late, lateness, listen, speed."""
        return self._ask("set", settings)

    def audible(self, sender: str, receiver: str, yes: bool) -> Mapping[str, Any]:
        """Whether ``receiver`` hears ``sender`` from now on."""
        return self._ask("audible", sender, receiver, yes)

    def cut(self, station: str, yes: bool = True) -> Mapping[str, Any]:
        """Take a station out of everybody's reach, or put it back."""
        return self._ask("cut", station, yes)

    def fault(self, station: str, kind: str, seconds: float = 0.0) -> Mapping[str, Any]:
        """Make an emulated node fail; the kinds are ``appliance.radio.emulated.faults.Fault``."""
        return self._ask("fault", station, kind, seconds)

    def status(self) -> Mapping[str, Any]:
        """Settings, stations, tally."""
        return self._ask("status")

    def _ask(self, name: str, *fields: Any) -> Mapping[str, Any]:
        self._socket.sendall(encode_message(name, *fields))
        while True:
            data = self._socket.recv(4096)
            if not data:
                raise ConnectionError("the ether hung up")
            for message in self._messages.feed(data):
                match message:
                    case ["ok", dict(status)]:
                        return status
                    case ["no", str(why)]:
                        raise ValueError(why)
                    case _:
                        raise BadMessage(f"the ether answered {message[0]!r:.40}")
