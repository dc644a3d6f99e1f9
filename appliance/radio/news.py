"""What is news to the neighbours, and what they have said for us.

A summary is *consistent* with ours, in Trickle's sense, when it and those before it in this
interval reach at least as far as we do in every feed: whoever would learn from ours has learnt it
already. So a hub which holds something that it has heard nobody else claim is not silenced.
Foreign feeds that grew within the last Imin do not count: their own hub is about to say so, and
in a large community somebody always lacks the newest, so that nobody would ever be silenced. A
new interval begins when we sent or stored a record that we did not know to be missing, and when a
hub is found to lack what is not so new, for the first time since we hold it; not each time, since
one deaf neighbour would keep all others talking.
"""

from collections.abc import Iterable

from appliance.radio.pace import Pace


class News:
    """Of which feeds it has been said in this interval of Trickle's that they go as far as we hold them."""

    def __init__(self, pace: Pace, frame: float) -> None:
        self._pace = pace
        self.frame_time = frame
        self._said: set[int] = set()
        self._grown: dict[int, float] = {}

    def clear(self) -> None:
        """Another interval has begun."""
        self._said.clear()

    def said(self, hubs: Iterable[int]) -> None:
        """Somebody claims to hold as much of these feeds as we do."""
        self._said.update(hubs)

    def unsaid(self, hubs: Iterable[int]) -> None:
        """These feeds go further now than anybody has said."""
        self._said.difference_update(hubs)

    def grew(self, hubs: Iterable[int], now: float) -> None:
        """These foreign feeds have grown here."""
        self._grown.update((hub, now) for hub in hubs)

    def young(self, hub: int, now: float) -> bool:
        """Whether a foreign feed grew here so lately that its own hub has yet to say so."""
        grown = self._grown.get(hub)
        return grown is not None and now - grown < self._pace.young * self.frame_time

    def old(self, hub: int, now: float) -> bool:
        """Whether all that is held of a foreign feed has been here for minutes: who lacks it has had time to ask."""
        return now - self._grown.get(hub, float("-inf")) >= self._pace.late_seconds

    def all_said(self, hubs: Iterable[int], now: float) -> bool:
        """Whether there is nothing in these feeds that our summary would add."""
        return all(hub in self._said or self.young(hub, now) for hub in hubs)
