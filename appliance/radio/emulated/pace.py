"""The time of the emulated ether, derived from the machine's: it may run faster, and never backwards."""

from typing import Final

from appliance.ledger.clock import Clock

FASTEST: Final = 10_000.0


def checked_speed(speed: object) -> float:
    """A speed that can be used.

    Raises:
        ValueError: it cannot.
    """
    if not isinstance(speed, int | float) or not 0 < speed <= FASTEST:
        raise ValueError(f"a speed lies above 0 and up to {FASTEST:.0f}, not {speed!r:.40}")
    return float(speed)


class Pace:
    """``speed`` seconds pass here while one passes on the clock."""

    def __init__(self, clock: Clock, speed: float = 1.0) -> None:
        self._clock = clock
        self._speed = checked_speed(speed)
        self._zero = clock.uptime().ms
        self._base = 0.0

    @property
    def speed(self) -> float:
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        speed = checked_speed(speed)
        self._base, self._zero = self.now(), self._clock.uptime().ms
        self._speed = speed

    def now(self) -> float:
        """Seconds since the beginning, at its pace."""
        return self._base + (self._clock.uptime().ms - self._zero) / 1000 * self._speed

    def real(self, seconds: float) -> float:
        """How long ``seconds`` here last on the clock."""
        return seconds / self._speed
