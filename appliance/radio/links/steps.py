"""One session's steps for whoever waits for them: each within its time, all before one deadline.

For a command at a terminal; the radio's process has the supervisor. The steps run one after the other on a daemon
thread, because any of them may block inside the library, raise what it likes, or end the program. A step that is out
of time cuts the session; a thread that does not end even then is left behind, and does not keep the program.
"""

import contextlib
import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any, Final, Protocol, TypeVar

from appliance.ledger.clock import Clock
from appliance.radio.links.session import LinkLost, Trouble

log = logging.getLogger(__name__)

_Result = TypeVar("_Result")

THREAD: Final = "radio steps"


class Ending(Protocol):
    """What is asked here of a session, as in ``Session``."""

    def close(self) -> None: ...

    def cut(self) -> None: ...


class Deadline:
    """The end of the time for a whole undertaking: ``seconds`` from now. The clock must run."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._until = clock.uptime().ms + 1000 * seconds

    def left(self) -> float:
        """Seconds that are left, 0 when it has passed."""
        return max(0.0, (self._until - self._clock.uptime().ms) / 1000)


class Steps:
    """See the module. ``let_go`` ends them, whatever happened.

    Args:
        session: closed in the end, by the thread; cut when it does not go on.
        deadline: of all steps.
        goodbye: seconds for it to close, and as long again once it was cut.
    """

    def __init__(self, session: Ending, deadline: Deadline, goodbye: float) -> None:
        self._session, self._deadline, self._goodbye = session, deadline, goodbye
        self._jobs: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._live, name=THREAD, daemon=True)
        self._thread.start()

    def do(self, step: Callable[[], _Result], seconds: float) -> _Result:
        """What ``step`` returns.

        Raises:
            LinkLost: it does not within ``seconds`` or before the deadline, and the session was cut;
                or it raised that, or anything else, whose words are told.
        """
        future: Future[_Result] = Future()
        self._jobs.put((future, step))
        if not wait([future], min(seconds, self._deadline.left())).done:
            self._session.cut()
            raise LinkLost(Trouble.SILENT)
        try:
            return future.result()
        except LinkLost:
            raise
        except (Exception, SystemExit) as error:
            raise LinkLost(Trouble.FAILED, f"{type(error).__name__}: {error}") from error

    def let_go(self) -> bool:
        """Close the session; False when its thread had to be left behind."""
        self._jobs.put(None)
        self._thread.join(self._goodbye)
        if self._thread.is_alive():
            self._session.cut()
            self._thread.join(self._goodbye)
        if self._thread.is_alive():
            log.info("steps_thread_left_behind")
        return not self._thread.is_alive()

    def _live(self) -> None:
        while (job := self._jobs.get()) is not None:
            future, step = job
            try:
                future.set_result(step())
            except (Exception, SystemExit) as error:  # noqa: BLE001 a third party's code, told to who waits
                future.set_exception(error)
        with contextlib.suppress(Exception, SystemExit):  # its goodbye; it is over either way
            self._session.close()
