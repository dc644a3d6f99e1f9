"""Sets a Meshtastic node up for hubs: what differs is shown first, written in one transaction, and read back.

Used by a person at a terminal while no radio process runs. Nothing here waits without an end: each step has its time,
and looking and writing each have one deadline (``Limits``), whatever the node says meanwhile.
"""

import queue
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from meshtastic.protobuf import admin_pb2, channel_pb2, portnums_pb2

from appliance.ledger.clock import Clock
from appliance.radio.errors import CannotProvision
from appliance.radio.links.meshtastic import MeshtasticSession
from appliance.radio.links.session import LinkLost, Lost, Opened, Queue, Told, Trouble
from appliance.radio.links.steps import Deadline, Steps
from appliance.radio.links.wish import CHANNEL, PARTS, SECTIONS, Change, Wish, ask, differing, told


@dataclass(frozen=True, slots=True)
class Limits:
    """How long is waited for what, in seconds."""

    greeting: float = 45.0
    """For a node to tell all about itself. (The library gives up 10 for connecting, 30 for hearing.)"""
    answer: float = 15.0
    """For its word on one message."""
    gone: float = 25.0
    """For it to start anew after the last one; who does not, had no need to."""
    back: float = 120.0
    """For it to be back after that."""
    again: float = 2.0
    """Between two tries."""
    goodbye: float = 3.0
    """For a session to end, and as long again after it was cut."""
    look: float = 60.0
    """For a whole look."""
    write: float = 300.0
    """For all of the writing, the new start and the reading included."""


LIMITS: Final = Limits()

_FOR_LOOKING: Final = 5.0
"""For what is only read from memory, through the library."""

_AGAIN: Final = "unplug it, count to ten, plug it in again, then give this command once more"

_NEXT: Final[Mapping[Trouble, str]] = MappingProxyType(
    {
        Trouble.UNREACHABLE: "check plug, cable and address",
        Trouble.PORT_BUSY: "another program uses its port: stop that program",
        Trouble.NO_HANDSHAKE: f"is it a Meshtastic node? If so, {_AGAIN}",
        Trouble.CLOSED: "it restarts, or another program took it: wait a minute, then give this command once more",
        Trouble.REBOOTED: "it has just started anew: wait a minute, then give this command once more",
        Trouble.UNPLUGGED: "plug it in again",
    }
)
"""What a keeper can do about a trouble; else ``_AGAIN``."""


@dataclass(frozen=True, slots=True)
class Found:
    """A node as it was seen: its number, name and firmware, and what is to change."""

    number: int
    name: str
    firmware: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the node said to the admin message with this packet id."""

    packet: int
    message: Any


class Provisioning(MeshtasticSession):
    """One session with a node that is set up. All but ``cut`` on one thread, which may be left behind."""

    def __init__(self, make: Callable[[], Any]) -> None:
        super().__init__(make)
        self._heard: queue.SimpleQueue[Told | _Answer] = queue.SimpleQueue()

    def begin(self) -> Opened:
        """Connect, and hear everything about the node.

        Raises:
            LinkLost: it did not come to that.
        """
        self.open(self._heard.put)
        while True:
            heard = self._next()
            if isinstance(heard, Opened):
                return heard

    def found(self, wish: Wish, opened: Opened) -> Found:
        """How the node said it is when it was greeted, beside ``wish``."""
        node = self._interface.localNode
        kept = {
            part: getattr(node.localConfig if part in SECTIONS else node.moduleConfig, part)
            for part in PARTS[:-1]
        }
        channels = node.channels or []
        kept[CHANNEL] = channels[wish.channel] if wish.channel < len(channels) else channel_pb2.Channel()
        changes, _ = differing(kept, wish)
        return Found(self._me, opened.radio.name, opened.radio.firmware, changes)

    def admin(self, message: Any) -> None:
        """Tell the node, and wait until it says that it has the message.

        Raises:
            LinkLost: it refuses it, or is gone.
        """
        packet = self._say(message)
        while True:
            heard = self._next()
            if isinstance(heard, Queue) and heard.packet == packet:
                if heard.refusal:
                    raise LinkLost(Trouble.FAILED, f"the node refuses a setting: {heard.refusal}")
                return

    def ask(self, part: str, wish: Wish) -> Any:
        """``part`` of the node's settings as it is now.

        Raises:
            LinkLost: the node answers something else, or is gone.
        """
        packet = self._say(ask(part, wish), answer=True)
        while True:
            heard = self._next()
            if isinstance(heard, _Answer) and heard.packet == packet:
                if (found := told(part, heard.message)) is None:
                    raise LinkLost(Trouble.FAILED, f"the node was asked for {part} and told something else")
                return found

    def until_gone(self) -> None:
        """Wait until the node starts anew, without an end."""
        with suppress(LinkLost):
            while True:
                self._next()

    def cut(self) -> None:
        super().cut()
        self._heard.put(Lost(Trouble.LET_GO))  # for who waits where no reader lives to tell of its end

    def _say(self, message: Any, answer: bool = False) -> int:
        data, port = message.SerializeToString(), portnums_pb2.PortNum.ADMIN_APP
        return int(self._interface.sendData(data, self._me, portNum=port, wantResponse=answer).id)

    def _next(self) -> Told | _Answer:
        heard = self._heard.get()
        if isinstance(heard, Lost):
            raise LinkLost(heard.trouble, heard.detail)
        return heard

    def _packet(self, packet: Any) -> None:
        decoded = packet.decoded
        own = getattr(packet, "from") in {0, self._me}
        if own and decoded.portnum == portnums_pb2.PortNum.ADMIN_APP and decoded.request_id:
            answer = admin_pb2.AdminMessage.FromString(decoded.payload)
            self._heard.put(_Answer(decoded.request_id, answer))
        else:
            super()._packet(packet)


class Provisioner:
    """Looks at a node, and sets it up.

    Args:
        make: makes the library's object, as for a session; each is used once.
        clock: for its uptime, which must run.
        pause: waits for so many seconds.
        limits: how long is waited for what; ``LIMITS`` is right for all nodes that exist.
    """

    def __init__(
        self,
        make: Callable[[], Any],
        clock: Clock,
        pause: Callable[[float], None],
        limits: Limits | None = None,
    ) -> None:
        self._make, self._clock, self._pause, self._limits = make, clock, pause, limits or LIMITS

    def look(self, wish: Wish) -> Found:
        """How the node is, beside ``wish``. Changes nothing.

        Raises:
            CannotProvision: it cannot be reached, or has no region and ``wish`` names none.
        """
        try:
            return self._look(wish, Deadline(self._clock, self._limits.look))
        except LinkLost as lost:
            raise _unreached(lost) from lost

    def _look(self, wish: Wish, deadline: Deadline) -> Found:
        with self._session(deadline) as (session, steps):
            return self._greeted(session, steps, wish)

    @contextmanager
    def _session(self, deadline: Deadline) -> Iterator[tuple[Provisioning, Steps]]:
        session = Provisioning(self._make)
        steps = Steps(session, deadline, self._limits.goodbye)
        try:
            yield session, steps
        finally:
            steps.let_go()

    def _greeted(self, session: Provisioning, steps: Steps, wish: Wish) -> Found:
        opened = steps.do(session.begin, self._limits.greeting)
        if opened.radio.region == "UNSET" and wish.region is None:
            raise CannotProvision("the node has no region yet: name that of your country with --region")
        return steps.do(lambda: session.found(wish, opened), _FOR_LOOKING)

    def write(self, wish: Wish, found: Found) -> Sequence[Change]:
        """Write what ``found`` shows, no more and no less, in one transaction; wait until the node is back, and
        read it again.

        Returns:
            What was changed.

        Raises:
            CannotProvision: the node is not any more as ``found`` shows it, cannot be reached, or is afterwards not
                as it was set. The text says what was written and what to do.
        """
        if not found.changes:
            return ()
        deadline = Deadline(self._clock, self._limits.write)
        with self._session(deadline) as (session, steps):
            try:
                now = self._greeted(session, steps, wish)
            except LinkLost as lost:
                raise _unreached(lost) from lost
            if (now.number, now.changes) != (found.number, found.changes):
                raise _other(found, now)
            try:
                self._transaction(session, steps, wish, found)
            except LinkLost as lost:
                raise CannotProvision(
                    f"not everything was written ({_said(lost)}). Some of it may have been kept: {_AGAIN}; "
                    "it shows what is left to write"
                ) from lost
            with suppress(LinkLost):  # it had no need to start anew
                steps.do(session.until_gone, self._limits.gone)
        left = self._read_back(wish, deadline)
        if left:
            kept = ", ".join(f"{one.setting} is {one.now}" for one in left)
            raise CannotProvision(f"the node did not keep everything: {kept}")
        return found.changes

    def _transaction(self, session: Provisioning, steps: Steps, wish: Wish, found: Found) -> None:
        """Once begun, the settings are read anew: what is written rests on that, not on what was told before."""

        def admin(message: Any) -> None:
            steps.do(lambda: session.admin(message), self._limits.answer)

        admin(admin_pb2.AdminMessage(begin_edit_settings=True))
        kept = {}
        for part in PARTS:
            kept[part] = steps.do(partial(session.ask, part, wish), self._limits.answer)
        changes, messages = differing(kept, wish)
        same = changes == found.changes
        for message in messages if same else ():
            admin(message)
        admin(admin_pb2.AdminMessage(commit_edit_settings=True))
        if not same:
            raise _other(found, Found(found.number, found.name, found.firmware, changes))

    def _read_back(self, wish: Wish, deadline: Deadline) -> tuple[Change, ...]:
        back = Deadline(self._clock, min(self._limits.back, deadline.left()))
        while True:
            try:
                return self._look(wish, back).changes
            except LinkLost as lost:
                if not back.left():
                    raise CannotProvision(
                        f"all was written, but the node did not come back ({_said(lost)}). Is it lit? If not, {_AGAIN}"
                    ) from lost
                self._pause(min(self._limits.again, back.left()))


def _unreached(lost: LinkLost) -> CannotProvision:
    return CannotProvision(
        f"the node cannot be reached ({_said(lost)}). Nothing was written: {_NEXT.get(lost.trouble, _AGAIN)}"
    )


def _said(lost: LinkLost) -> str:
    words = lost.trouble.value.replace("_", " ")
    return f"{words}: {lost.detail}" if lost.detail else words


def _other(shown: Found, now: Found) -> CannotProvision:
    """The node is not what the keeper said yes to."""
    if shown.number != now.number:
        why = f"another node is there now, {now.name or 'without a name'}"
    else:
        names = dict.fromkeys(one.setting for one in (*shown.changes, *now.changes))
        differs = (
            name
            for name in names
            if [one for one in shown.changes if one.setting == name]
            != [one for one in now.changes if one.setting == name]
        )
        why = f"the node is not as it was shown any more: {', '.join(differs)}"
    return CannotProvision(f"{why}. Nothing was written: give this command once more, and look at it again")
