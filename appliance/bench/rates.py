"""What is measured on one village: payments, pages, and what they are compared with.

Whatever is compared is measured in turns, a slice of each and again: what else the machine does
meanwhile hits all of them alike.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from appliance.bench.load import Answer, Client, Sample, run
from appliance.bench.phones import Asks, Browser, Pays, Phone, Walks, expect
from appliance.bench.portal import COMMIT, HELLO
from appliance.bench.village import PIN, Made
from appliance.ledger.book.command import Receipt
from appliance.ledger.hub import Hub
from appliance.ledger.keys import KeySigner
from appliance.ledger.money.transfers import Pay
from appliance.ledger.values import AccountNumber, Amount

_TURNS: Final = 4
PIN_CLIENTS: Final = 2
"""A PIN is derived one at a time and few may wait, so more phones would only be told to come again."""

_IN_PROCESS: Final = 200
_WARM_SECONDS: Final = 0.3

Slice = Callable[[float], Sample]


class Turn:
    """One client in the turn of many phones: asks for the same page as the next of them each time."""

    def __init__(self, requests: Sequence[bytes]) -> None:
        self._requests = itertools.cycle(requests)
        self.largest = 0

    def ask(self) -> bytes:
        """See ``load.Client``."""
        return next(self._requests)

    def hear(self, answer: Answer) -> None:
        """Only a page counts."""
        expect(answer, 200)
        self.largest = max(self.largest, len(answer.body))


@dataclass(frozen=True, slots=True)
class Pages:
    """How long pages take one reader at a time, and how large the largest was."""

    hello: Sample
    home: Sample
    statement: Sample
    home_bytes: int
    statement_bytes: int


class Served:
    """The phones of a village's payers, signed in at the portal on ``port``."""

    def __init__(self, port: int, made: Made, clients: int) -> None:
        self._port, self._made = port, made
        self._amounts = itertools.count(20_000, 20_000)
        # Two at least: somebody must be paid.
        self._phones = [Phone(port, made.typed(i), PIN) for i in range(max(2, clients))]
        self._clients = clients
        for phone in self._phones:
            phone.sign_in()

    def _payee(self, place: int) -> str:
        return self._made.typed((place + 1) % len(self._phones)).replace("-", "")

    def _run(self, clients: Sequence[Client]) -> Slice:
        return lambda seconds: run(self._port, clients, seconds)

    def pays(self, with_pin: bool = False) -> Slice:
        """Payments with the key open; or with the PIN typed each time, by few phones."""
        phones = self._phones[: PIN_CLIENTS if with_pin else self._clients]
        return self._run(
            [Pays(p, self._payee(i), with_pin, next(self._amounts)) for i, p in enumerate(phones)]
        )

    def walks(self) -> tuple[Slice, Sequence[Walks]]:
        """Payments with all pages a person sees on the way; ask the clients how many were paid."""
        phones = self._phones[: self._clients]
        walkers = [Walks(p, self._payee(i), next(self._amounts)) for i, p in enumerate(phones)]
        return self._run(walkers), walkers

    def bare(self) -> Slice:
        """The endpoint that commits one row, with as many clients as pay."""
        asked = Browser(self._port).post(COMMIT, {})
        return self._run([Asks(asked) for _ in range(self._clients)])

    def pages(self, seconds: float) -> Pages:
        """The hello-world, home pages and statements of all payers in turn, one request at a time."""
        hello = Turn([Browser(self._port).get(HELLO)])
        home = Turn([phone.get("/") for phone in self._phones])
        statement = Turn([phone.get("/statement") for phone in self._phones])
        of_each = {
            name: self._run([turn]) for name, turn in (("hello", hello), ("home", home), ("stmt", statement))
        }
        found = in_turns(of_each, seconds)
        return Pages(found["hello"], found["home"], found["stmt"], home.largest, statement.largest)


def in_turns(slices: Mapping[str, Slice], seconds: float) -> dict[str, Sample]:
    """Measure each for about ``seconds``, a slice at a time, all in turn."""
    found = {name: Sample() for name in slices}
    for one in slices.values():
        one(min(_WARM_SECONDS, seconds))
    for _ in range(_TURNS):
        for name, one in slices.items():
            found[name].add(one(seconds / _TURNS))
    return found


def in_process(data: Path, made: Made) -> Sample:
    """Payments through the write path alone, one after another, each durable before the next."""
    hub, sample = Hub.open(data), Sample()
    try:
        payer, payee = (AccountNumber(n) for n in made.payers[:2])
        signer = hub.unlock(payer, PIN)
        assert isinstance(signer, KeySigner)  # the village was made with this PIN
        for amount in range(_IN_PROCESS):
            _timed(hub, Pay(payer, payee, Amount(1 + amount), again=True), signer, sample)
    finally:
        hub.close()
    return sample


def _timed(hub: Hub, payment: Pay, signer: KeySigner, sample: Sample) -> None:
    with sample.one():
        receipt = hub.submit(payment, signer)
    assert isinstance(receipt, Receipt)  # nobody has a limit there


def of_sample(sample: Sample) -> dict[str, Any]:
    """A sample as it is reported."""
    return {
        "per_second": round(sample.rate, 1),
        "p50_ms": round(sample.quantile(0.5), 3),
        "p95_ms": round(sample.quantile(0.95), 3),
        "answers": len(sample.took),
    }
