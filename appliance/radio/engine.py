"""The sync engine: how hubs that hear each other now and then come to hold the same feeds.

Sans-IO: bytes and ``now`` go in, packets and events come out. There is no socket, clock, thread
or database in here; randomness is given, so a run with the same seed is the same run.

Rules:

1. *Who is behind asks, who is ahead is silent.* A hub says what it holds (a *summary*); whoever
   reads there that it lacks something asks; whoever has it answers. Nobody sends records on the
   suspicion that somebody may lack them.
2. *Decide at the last moment.* Nothing is queued for the radio but the one packet inside it.
   ``transmit`` decides what to say when it can be said: by then it may have been said by another,
   or be known. Engines that queued at once were seen to collapse.
3. *Hear before you speak.* Everything that several hubs might say is said after a drawn time and
   dropped when another says it first: summaries (Trickle, RFC 6206), asks and answers (the
   suppression of NORM, RFC 5740).
4. *Say only what is durable.* Own records are packed by the library, which keeps the frame before
   it returns; a summary is made from what the library holds at that moment.
5. *Nothing that comes in is obeyed.* Data frames are signed, and are for the ledger to judge.
   Summaries and asks prove the group key and no more: all they can do is make us ask or answer,
   within the bounds and the governor's allowance. Their beats must grow.
6. *Every state has a next moment.* ``next_wake`` is finite, and at that moment ``transmit`` either
   gives a packet or moves it on. Whatever is lost or forgotten, by the radio, the neighbours or a
   crash of this process, is found again by the Trickle timer, which never stops.

What wants to be said, most important first, and what answers what comes in, stands in ``states``, from which
``docs/engine.md`` is made. What would be said soon rides along in the same packet (``riding``). ``hearing`` is what
comes in, ``saying`` what goes out, ``parts`` what both work on.

``transmit`` takes the first of these that is due and that the *governor* allows. Own records do
not starve repairs: the limits are such that a crowded channel carries new records and summaries,
and a free one carries all.
"""

from collections.abc import Callable
from random import Random

from appliance.radio.control import AnyFrame, read
from appliance.radio.directory import Directory
from appliance.radio.events import Config, Event, Packet, Status
from appliance.radio.governor import Governor
from appliance.radio.hearing import Hearing
from appliance.radio.parts import Parts
from appliance.radio.ports import Airtime, Library
from appliance.radio.proving import Proving
from appliance.radio.saying import Saying
from appliance.radio.spans import by_hub


class Engine:
    """One hub's side of the conversation.

    The service calls ``receive`` for each packet, ``transmit`` when the link is ready and at
    ``next_wake``, ``sent`` or ``refused`` for each packet that ``transmit`` gave, and ``stored``
    whenever the library holds something new: a frame that came in by any way, or own records.

    Args:
        directory: whom to believe.
        library: frames and feeds.
        airtime: seconds on the air of a payload of so many bytes.
        rng: draws all waiting times.
        config: see ``Config``.
        now: the first moment; the clock only goes forward.
        opened: reads what came in, as ``control.read`` does; a simulation reads for all hubs at once.
    """

    def __init__(
        self,
        directory: Directory,
        library: Library,
        airtime: Callable[[int], float],
        rng: Random,
        config: Config | None = None,
        *,
        now: float,
        opened: Callable[[bytes, Directory], AnyFrame] = read,
    ) -> None:
        self._parts = Parts(directory, library, airtime, rng, config or Config(), now=now, opened=opened)
        self._hearing, self._saying = Hearing(self._parts), Saying(self._parts)

    @property
    def directory(self) -> Directory:
        """Whom this hub believes."""
        return self._parts.directory

    @property
    def governor(self) -> Governor:
        """What is on the air, and how much of it is ours."""
        return self._parts.governor

    @property
    def proving(self) -> Proving:
        """What is asked and said about proofs of care."""
        return self._parts.proving

    def receive(self, data: bytes, now: float) -> list[Event]:
        """A packet came in. Raises nothing, whatever it is."""
        return self._hearing.receive(data, now)

    def transmit(self, now: float) -> Packet | None:
        """What to hand to the radio now; None when nothing is due or allowed."""
        return self._saying.transmit(now)

    def next_wake(self, now: float) -> float:
        """When to call ``transmit`` next if nothing comes in until then; never infinite."""
        return self._saying.next_wake(now)

    def sent(self, now: float, size: int) -> None:
        """The packet handed over last, of ``size`` bytes, has left the radio."""
        self._saying.sent(now, size)

    def refused(self, now: float, wait: float = 0.0, *, hopeless: bool = False) -> None:
        """The packet handed over last was not sent, or the link was lost with it inside.

        Records are sent first thing when ``wait`` seconds are over, unless it is ``hopeless`` to try;
        summaries and asks are decided anew.
        """
        self._saying.refused(now, wait, hopeless=hopeless)

    def stored(self, now: float) -> None:
        """The library holds more than before, or own records wait: look again."""
        self._parts.stored(now)

    def tell_certificate(self, hub: int, now: float) -> None:
        """Two certificates of one life are here: say them to those who may know only one."""
        self._parts.renewals.unknown(hub, self._parts.count(now), now)

    def change_directory(self, directory: Directory, now: float) -> None:
        """The roster has changed. What was heard of hubs in an earlier life is forgotten."""
        self._parts.change_directory(directory, now)

    def retune(self, airtime: Callable[[int], float], duty_cycle: float, now: float) -> None:
        """The radio turned out to have another preset or region."""
        self._parts.retune(airtime, duty_cycle, now)

    def radio_measured(self, figures: Airtime, now: float) -> None:
        """The radio told its own figures."""
        self._parts.governor.figures(now, figures)

    def leisure(self, now: float) -> bool:
        """Whether what is no hurry may be put on the feed now: somebody is there, and nobody far behind."""
        return self._parts.leisure(now)

    def status(self, now: float) -> Status:
        """The engine as it is now."""
        parts = self._parts
        return Status(
            counts=dict(parts.counts),
            seconds=dict(parts.seconds),
            channel=parts.governor.channel_use(now),
            own=parts.governor.own_use(now),
            summary_interval=parts.telling.trickle.interval,
            neighbours=parts.neighbours.heard(now),
            missing=by_hub(parts.asking.missing),
            owed=parts.owed.owing(),
        )
