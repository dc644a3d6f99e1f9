"""Certificates of hubs' next lives, for those who have not seen them.

Frames of a life whose certificate a hub does not know are nobody's to it: it cannot ask for what
it cannot read. But its summaries name the life that it knows. Who knows a later one says its
certificate, which is one packet: the hub itself first, others after a drawn time, nobody when it has
just been on the air. It is signed by the hub's root, so it may be said by anybody, any number of
times.
"""

from random import Random

from appliance.radio.certificates import CertificateFrame
from appliance.radio.directory import Directory
from appliance.radio.pace import Pace
from appliance.radio.ports import Library


class Renewals:
    """The certificates that one hub is about to say."""

    def __init__(self, hub: int, rng: Random, frame: float, pace: Pace) -> None:
        self._hub, self._rng, self._pace = hub, rng, pace
        self.frame_time = frame
        self._due: dict[int, float] = {}
        # When a hub's certificate may be said again.
        self._free: dict[int, float] = {}

    @property
    def wake(self) -> float:
        """When the next certificate is due; infinite when none is."""
        return min(self._due.values(), default=float("inf"))

    def unknown(self, hub: int, neighbours: int, now: float) -> None:
        """Somebody was heard that knows an earlier life of ``hub`` than we do."""
        if hub in self._due:
            return
        wait = self._pace.answer_after(hub == self._hub, neighbours, self._rng, self.frame_time)
        self._due[hub] = max(now + wait, self._free.get(hub, now))

    def aired(self, hub: int, now: float) -> bool:
        """The certificate of ``hub`` has been on the air; whether one less has to be said by us."""
        self._free[hub] = now + self._pace.repeat.draw(self._rng, self.frame_time)
        return self._due.pop(hub, None) is not None

    def heard(
        self, frame: CertificateFrame, library: Library, directory: Directory, now: float
    ) -> tuple[bool, bool]:
        """A certificate came in: whether one less has to be said by us, and whether it is for the ledger.

        It is when it is of a later life than the directory knows; or of one that it knows by another
        certificate, which is a fork.
        """
        life = frame.certificate.incarnation
        known = directory.members[directory.index(frame.hub) or 0].incarnation
        yielded = life >= known and self.aired(frame.hub, now)
        if life > known:
            return yielded, True
        # When two are held it is either of them, and both are known.
        held = {library.certificate(frame.hub, life) for _ in range(2)}
        return yielded, not (frame.data in held or held == {None})

    def take(self, library: Library, directory: Directory, now: float) -> bytes | None:
        """The certificate to say now, if one is due. Whoever sends it calls ``aired``."""
        for hub, due in sorted(self._due.items(), key=lambda item: item[1]):
            if due > now:
                break
            index = directory.index(hub)
            member = None if index is None else directory.members[index]
            data = None if member is None else library.certificate(hub, member.incarnation)
            if data is not None:
                return data
            del self._due[hub]
        return None
