"""What the engine says, when the radio can take a packet: the first of its turns that is due and that the governor
allows, and what rides along in the same packet (``riding``).

The turns stand in ``states.TURNS`` in words, in this order.
"""

from collections.abc import Callable
from functools import partial
from typing import Final, cast

from appliance.radio.certificates import open_certificate
from appliance.radio.control import USUAL_CONTROL, Mark
from appliance.radio.events import Packet, Sending
from appliance.radio.frames import LONGEST_DATA, open_data
from appliance.radio.parts import Parts
from appliance.radio.riding import with_riders

_NEVER: Final = float("inf")
_ANY: Final = Packet(Sending.DATA, b"")
_PACK_AGAIN_SECONDS: Final = 5.0


class Saying:
    """The engine's voice."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._free_after = float("-inf")
        self._unsent = self._inside = cast("Packet | None", None)
        # Whom the packet inside answers, where it is said for their sake or ours (``present``).
        self._waited: frozenset[int] | None = None

    # ------------------------------------------------------------------------------------------------- whose turn it is

    def transmit(self, now: float) -> Packet | None:
        """What to hand to the radio now; None when nothing is due or allowed."""
        parts = self._parts
        parts.look(now)
        parts.tick(now)
        self._waited = None
        for due, sending, make in self.turns():
            if self._from(due, sending, now) <= now and (packet := make(now)):
                kinds = (Sending.REPAIR, Sending.ASK, Sending.SUMMARY)
                makers = zip(kinds, (self._answer, self._ask, self._ride), strict=True)
                riders = [(w, partial(make, now)) for w, make in makers if parts.governor.when(w, now) <= now]
                index = parts.directory.index(parts.directory.hub) or 0
                self._inside = with_riders(packet, riders, index, parts.pace.bundle_bytes)
                return self._inside
        return None

    def turns(self) -> tuple[tuple[float, Sending, Callable[[float], Packet | None]], ...]:
        """What may be said, most important first: since when, as what, and by what it is made."""
        parts = self._parts
        return (
            (-_NEVER if self._unsent else _NEVER, (self._unsent or _ANY).sending, self._again),
            (parts.renewals.wake, Sending.CERTIFICATE, self._certify),
            (parts.company.due, Sending.DATA, self._own),
            (parts.presence.due, Sending.DATA, self.present),
            (parts.telling.due, Sending.SUMMARY, self.summary),
            (parts.owed.wake, Sending.ASK, self._receipt),
            (parts.asking.wake, Sending.ASK, self._ask),
            (parts.answering.wake, Sending.REPAIR, self._answer),
            (parts.telling.trickle.wake, Sending.SUMMARY, self._regular),
            (parts.proving.wake, Sending.PROOF, self._prove),
        )

    def next_wake(self, now: float) -> float:
        """When to call ``transmit`` next if nothing comes in until then; never infinite."""
        wake = _NEVER
        for due, sending, _ in self.turns():
            if due < wake:  # nothing is said before it is due
                wake = min(wake, self._from(due, sending, now))
        return wake

    def _from(self, due: float, sending: Sending, now: float) -> float:
        """From when on this may be said: when due, when the governor allows, and after a breath."""
        if due == _NEVER:
            return _NEVER
        return max(due, self._free_after, self._parts.governor.when(sending, now))

    # ------------------------------------------------------------------------------------------------- what became of it

    def sent(self, now: float, size: int) -> None:
        """The packet handed over last, of ``size`` bytes, has left the radio."""
        parts = self._parts
        seconds = parts.airtime(size)
        parts.governor.sent(now, seconds)
        parts.seconds["sent"] += seconds
        if self._inside:
            for sending, share in self._inside.shares:
                parts.counts[f"sent_{sending}"] += 1
                parts.seconds[f"sent_{sending}"] += seconds * share
        self._inside = None
        self._free_after = now + self._breath()

    def refused(self, now: float, wait: float = 0.0, *, hopeless: bool = False) -> None:
        """The packet handed over last was not sent, or the link was lost with it inside.

        Records are sent first thing when ``wait`` seconds are over; summaries and asks are
        decided anew. A ``hopeless`` packet makes room for others: who lacks it asks for it.
        """
        parts = self._parts
        parts.counts["refused"] += 1
        parts.governor.refused(now, wait)
        inside, self._inside = self._inside, None
        if inside is None:
            return
        if hopeless:
            parts.counts["given_up"] += 1
        elif inside.sending in (Sending.DATA, Sending.REPAIR, Sending.CERTIFICATE, Sending.PROOF):
            self._unsent = inside
        elif inside.sending is Sending.SUMMARY:
            parts.telling.not_taken()
            if self._waited is None:
                parts.telling.again = now + self._breath()
            else:
                parts.presence.refused(self._waited, now)
        else:
            parts.asking.news(parts.count(now), now)
        self._free_after = now + self._breath()

    def _breath(self) -> float:
        return self._parts.pace.breath.draw(self._parts.rng, self._parts.frame_time)

    # ------------------------------------------------------------------------------------------------- how each is made

    def _again(self, _now: float) -> Packet | None:
        again, self._unsent = self._unsent, None
        return again

    def _own(self, now: float) -> Packet | None:
        parts = self._parts
        hub = parts.directory.hub
        held = parts.feeds.held(hub)
        data = parts.library.pack(LONGEST_DATA)
        if data is None:
            parts.company.put_off(now + _PACK_AGAIN_SECONDS)
            return None
        frame = open_data(data, parts.directory)
        parts.known_frames.add(data[-64:])
        parts.answering.aired(frame, parts.count(now), now, ours=True)
        fresh = (r for r in frame.records if Mark(r.incarnation, r.number) > held)
        parts.owed.on_air(fresh, now, urgent=parts.company.waiting.urgent)
        parts.feeds.look()
        parts.news_of.unsaid({hub})
        parts.news(now)
        parts.look(now)
        return Packet(Sending.DATA, data)

    def _answer(self, now: float, room: int = LONGEST_DATA) -> Packet | None:
        parts = self._parts
        if (frame := parts.answering.take(parts.library, parts.directory, now, room)) is None:
            return None
        parts.answering.aired(frame, parts.count(now), now, ours=True)
        mixes = room == LONGEST_DATA and parts.answering.repeated < parts.pace.mix_tries
        coded = mixes and parts.mending.in_place_of(frame, parts.directory, now)
        return Packet(Sending.REPAIR, coded or frame.data)

    def _certify(self, now: float) -> Packet | None:
        parts = self._parts
        if (data := parts.renewals.take(parts.library, parts.directory, now)) is None:
            return None
        parts.renewals.aired(open_certificate(data, parts.directory).hub, now)
        return Packet(Sending.CERTIFICATE, data)

    def _ask(self, now: float, room: int = USUAL_CONTROL) -> Packet | None:
        parts = self._parts
        early = 0.0 if room == USUAL_CONTROL else parts.pace.ask_early_seconds
        if parts.asking.wake > now + early:
            return None
        parts.look_for_missing(now)
        spans = parts.mending.left_to_ask(parts.asking.take(now, early), now)
        if (told := parts.telling.ask(spans, parts.directory, room)) is None:
            return None
        data, spans = told
        parts.asking.asked(spans, parts.count(now), now)
        return Packet(Sending.ASK, data)

    def _prove(self, now: float) -> Packet | None:
        return None if (data := self._parts.proving.take(now)) is None else Packet(Sending.PROOF, data)

    def _regular(self, now: float) -> Packet | None:
        if self._parts.telling.trickle.due(now):
            return self.summary(now)
        self._parts.counts["yielded_summary"] += 1
        return None

    def summary(self, now: float) -> Packet | None:
        """A whole summary, or the next part of one."""
        parts = self._parts
        parts.feeds.look()
        return Packet(Sending.SUMMARY, parts.telling.whole(parts.feeds.vector, parts.directory, now))

    def present(self, now: float) -> Packet | None:
        """A whole summary that cannot wait for a quieter channel (``presence``)."""
        parts = self._parts
        parts.feeds.look()
        self._waited = parts.presence.waiting
        if not self._waited and parts.governor.when(Sending.SUMMARY, now) <= now:
            return self.summary(now)
        return Packet(Sending.SUMMARY, parts.telling.present(parts.feeds.vector, parts.directory, now))

    def _receipt(self, now: float) -> Packet:
        parts = self._parts
        parts.feeds.look()
        some = parts.telling.some(parts.feeds.vector, parts.owed.due(now), parts.directory, now)
        return Packet(Sending.SUMMARY, some)

    def _ride(self, now: float, room: int) -> Packet | None:
        parts = self._parts
        data = parts.telling.riding(parts.feeds.vector, parts.directory, now, room)
        return None if data is None else Packet(Sending.SUMMARY, data)
