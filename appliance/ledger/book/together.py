"""Several who want to write at the same moment share one transaction, and so one sync of the disk.

Whoever finds nobody writing leads: it takes all who wait, does the work of each in the order in
which they came, and commits once. Only then does any of them get its answer, so an answer still
means that it is on the disk. Who comes meanwhile waits for the next turn, which the first of them
leads. On a card that takes ten milliseconds to sync, sixteen payments that come together take
one sync instead of sixteen.

Each work is still all or nothing. One that refuses has written nothing. When one raises, nothing
of the shared transaction stays: each of the group is then done alone, in its order, and only the
one that raises again fails. So nobody gets another's error, and what a work sees is always whole
works before it.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from appliance.ledger.book.store import Store, Tx, WriteBusy
from appliance.ledger.lane import THE_LANE

MOST: Final = 16
"""How many share one transaction: as many as the portal has threads. More would keep the first waiting."""

Done = TypeVar("Done")


class _Waiting:
    """One work, its answer, and the thread that waits for it."""

    def __init__(self, work: Callable[[Tx], Any]) -> None:
        self.work = work
        self.answered = False
        self._answer: Any = None
        self._error: BaseException | None = None
        self._call = THE_LANE.call()

    def wait(self) -> None:
        """Until it is answered, or its thread is to lead."""
        self._call.wait()

    def wake(self) -> None:
        self._call.end()

    def take(self, answer: Any = None, error: BaseException | None = None) -> None:
        self._answer, self._error, self.answered = answer, error, True

    def answer(self) -> Any:
        if self._error is not None:
            raise self._error
        return self._answer


class Together:
    """The writers of one process on one store. Threads share it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._queue: deque[_Waiting] = deque()
        self._led = False

    def do(self, work: Callable[[Tx], Done]) -> Done:
        """What ``work`` returns, once what it wrote is durable.

        ``work`` may be called a second time, when the transaction of the first time was rolled back; and by
        another thread than the one that asked.

        Raises:
            What ``work`` raises, or ``Store.write``; nothing of it was written.
        """
        self._store.refuse_nested()
        mine = _Waiting(work)
        with self._lock:
            self._queue.append(mine)
            leads, self._led = not self._led, True
        if leads:
            THE_LANE.let_pass()  # who waits to work may want to write as well, and then comes along
        else:
            mine.wait()
        if not mine.answered:
            self._lead()
        answer: Done = mine.answer()
        return answer

    def _lead(self) -> None:
        with self._lock:
            group = [self._queue.popleft() for _ in range(min(MOST, len(self._queue)))]
        try:
            self._write(group)
        except BaseException:
            # This thread was stopped in the middle. What it took up for others is done by nobody any more.
            for one in group[1:]:
                if not one.answered:
                    one.take(error=WriteBusy("the book is busy"))
            raise
        finally:
            with self._lock:
                if self._queue:
                    self._queue[0].wake()
                else:
                    self._led = False
            for one in group[1:]:  # the first is the leader's own
                one.wake()

    def _write(self, group: Sequence[_Waiting]) -> None:
        if len(group) == 1 or not self._at_once(group):
            for one in group:
                self._alone(one)

    def _at_once(self, group: Sequence[_Waiting]) -> bool:
        """Do all in one transaction; whether all are answered. If not, nothing was written."""
        try:
            with self._store.write() as tx:
                answers = [one.work(tx) for one in group]
        except WriteBusy as busy:
            for one in group:  # all have waited for as long as one may: none waits again
                one.take(error=WriteBusy(str(busy)))
            return True
        except Exception:  # noqa: BLE001 - whoever raised it raises it again, alone
            return False
        for one, answer in zip(group, answers, strict=True):
            one.take(answer)
        return True

    def _alone(self, one: _Waiting) -> None:
        try:
            with self._store.write() as tx:
                answer = one.work(tx)
        except BaseException as error:  # noqa: BLE001 - it belongs to the thread that waits for it
            one.take(error=error)
        else:
            one.take(answer)
