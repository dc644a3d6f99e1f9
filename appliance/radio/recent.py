"""What was lately said or heard: a bounded memory, the oldest forgotten first."""

from collections import OrderedDict


class Recent:
    """The last ``most`` different packets, or signatures of packets."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[bytes, None] = OrderedDict()

    def add(self, key: bytes) -> None:
        """Remember ``key``, in place of the oldest when there is no more room."""
        self._kept[key] = None
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def __contains__(self, key: object) -> bool:
        return key in self._kept
