"""No radio: the post goes by stick and by phone alone."""

import threading
from collections.abc import Sequence

from appliance.radio.airtime import LONGEST_PAYLOAD
from appliance.radio.ports import LinkEvent, Radio


class NoLink:
    """A ``Link`` that is never up. Its state is ``none`` from the beginning, so nothing is told."""

    def __init__(self) -> None:
        self._closed = threading.Event()

    def start(self) -> None:
        """There is nothing to connect to."""

    def ready(self) -> bool:
        return False

    def send(self, data: bytes) -> None:
        if len(data) > LONGEST_PAYLOAD:
            raise ValueError(f"{len(data)} bytes, a radio takes {LONGEST_PAYLOAD}")
        raise RuntimeError("this hub has no radio")

    def poll(self) -> Sequence[LinkEvent]:
        return ()

    def wait(self, seconds: float) -> None:
        self._closed.wait(max(0.0, seconds))

    def set_time(self, at_ms: int) -> None:
        """There is no node in between that keeps a time."""

    def radio(self) -> Radio | None:
        return None

    def close(self) -> None:
        self._closed.set()
