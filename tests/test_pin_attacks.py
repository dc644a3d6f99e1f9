"""Who wants somebody else's PIN, or somebody else's peace: each attack twice, without the defence and with it.

Without: the one line that defends is taken out, and the attack succeeds, so that it is known to be one. With: it fails.
What is heard on the Wi-Fi: ``browser/test_air.py``.
"""

import itertools
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pytest

from appliance.ledger import keys
from appliance.ledger.book.command import Receipt
from appliance.ledger.book.local import Attempt
from appliance.ledger.errors import Code, Refusal
from appliance.ledger.hub import Hub
from appliance.ledger.keys import KdfCost, KeySigner, SealedKey
from appliance.ledger.people import pins
from appliance.ledger.people.pins import Counted
from appliance.web import create_app
from tests.support.village import PIN, Village, a_village
from tests.web.conftest import OWN_SCREEN, Browser

OWN = b"Alice's own phone"
CHEAPEST = KdfCost(1, 8 * 1024)
GUESSES = [f"25{n:02}" for n in range(60, 100)]
"""Forty PINs, the right one among them: what a thief who saw two digits would try."""


@pytest.fixture
def river(tmp_path: Path) -> Iterator[Village]:
    with a_village(tmp_path / "river") as village:
        # Cheap to open: what protects is not how long one PIN takes.
        sealed = keys.seal(village.signers["Alice"].seed(), PIN, village.hub.pepper, CHEAPEST)
        with sqlite3.connect(village.hub.data / "ledger.db") as db:
            row = (sealed.salt, sealed.cost.passes, sealed.cost.memory, sealed.box, village.numbers["Alice"])
            db.execute(
                "UPDATE sealed_key SET salt = ?, passes = ?, memory = ?, box = ? WHERE member = ?", row
            )
        yield village


@contextmanager
def counted(nothing: bool) -> Iterator[None]:
    """The defence off: attempts are not written down."""
    if not nothing:
        yield
        return
    with mock.patch.object(pins, "begin", return_value=Counted(3, 0)):
        yield


def failures(hub: Hub, member: int) -> int:
    with hub.reading() as tx:
        return sum(row.failures for row in tx.rows(Attempt.select()) if row.member == member)


def opened(said: KeySigner | Refusal) -> bool:
    return isinstance(said, KeySigner)


# ---------------------------------------------------------------------------------------- guessing a PIN


def guess_across_restarts(river: Village) -> int | None:
    """A new process and a new cookie after each try; after how many it was right."""
    for turn, pin in enumerate(GUESSES):
        hub = Hub.open(river.hub.data, river.clock)
        try:
            if opened(hub.unlock(river.numbers["Alice"], pin, f"cookie {turn}".encode(), f"10.0.0.{turn}")):
                return turn
        finally:
            hub.close()
        river.clock.reboot(f"boot-{turn + 2}")
    return None


def guess_at_once(river: Village) -> list[KeySigner | Refusal]:
    """All guesses in one moment, each from an address of its own, again while told to try again."""

    def one(turn: int, pin: str) -> KeySigner | Refusal:
        while True:
            said = river.hub.unlock(river.numbers["Alice"], pin, f"c{turn}".encode(), f"10.0.1.{turn}")
            if not (isinstance(said, Refusal) and said.code is Code.BUSY):
                return said
            time.sleep(0.005)  # a busy machine is slow, not a defence

    with ThreadPoolExecutor(len(GUESSES)) as pool:
        return list(pool.map(one, range(len(GUESSES)), GUESSES))


def test_guessing_across_restarts(river: Village) -> None:
    """Without the count on disk forty tries find it; with it three are tries, and each restart begins the wait anew."""
    with counted(nothing=True):
        assert guess_across_restarts(river) is not None
    pins.renewed(river.hub.store, river.numbers["Alice"])
    assert guess_across_restarts(river) is None
    assert failures(river.hub, river.numbers["Alice"]) == pins.FREE_TRIES


def test_guessing_in_parallel(river: Village) -> None:
    with counted(nothing=True):
        assert any(opened(said) for said in guess_at_once(river))
    pins.renewed(river.hub.store, river.numbers["Alice"])
    said = guess_at_once(river)
    codes = [one.code for one in said if isinstance(one, Refusal)]
    assert codes.count(Code.PIN_WRONG) == failures(river.hub, river.numbers["Alice"]) == pins.FREE_TRIES
    assert codes.count(Code.PIN_WAIT) == len(GUESSES) - pins.FREE_TRIES


def test_guessing_by_every_door(river: Village) -> None:
    """At the sign-in on a phone, at the hub's own screen, at a new PIN: three tries in all, whichever door; the tenth is right."""
    app = create_app(river.hub, TESTING=True)
    number = river.numbers["Alice"]

    def by_every_door() -> list[bool]:
        """Whether each try opened."""
        phone, screen = Browser(app.test_client()), Browser(app.test_client(), OWN_SCREEN)
        doors: list[Callable[[str], bool]] = [
            lambda pin: phone.sign_in(river.account("Alice").short, pin).status_code == 302,
            lambda pin: screen.sign_in(river.account("Alice").full, pin).status_code == 302,
            lambda pin: isinstance(river.hub.change_pin(number, pin, PIN, b"x", None, "10.0.0.9"), Receipt),
        ]
        wrong = [pin for pin in GUESSES if pin != PIN][:9]
        return [door(pin) for door, pin in zip(itertools.cycle(doors), [*wrong, PIN], strict=False)]

    with counted(nothing=True):
        assert by_every_door() == [False] * 9 + [True]
    pins.renewed(river.hub.store, number)
    assert by_every_door() == [False] * 10
    assert failures(river.hub, number) == pins.FREE_TRIES


def test_a_day_of_guessing_is_a_few_dozen_tries(river: Village) -> None:
    """Somebody who waits as told, for a day, has tried 30 of 10,000."""
    tried, day = 0, 86_400_000
    begun = river.clock.uptime().ms
    while river.clock.uptime().ms - begun < day:
        said = river.hub.unlock(river.numbers["Alice"], "1357")
        assert isinstance(said, Refusal)
        tried += said.code is Code.PIN_WRONG
        river.clock.advance(max(1000, int(str(said.numbers["seconds"])) * 1000))
    assert tried <= 30


# -------------------------------------------------------------------------------------- locking out


def lock_out(river: Village) -> bool:
    """Bob types wrong PINs under Alice's number for hours. Whether Alice's own phone has to wait then."""
    alice = river.numbers["Alice"]
    assert opened(river.hub.unlock(alice, PIN, OWN, "10.0.0.2"))
    for turn in range(12):
        said = river.hub.unlock(alice, "1357", f"Bob's {turn}".encode(), "10.0.0.66")
        assert isinstance(said, Refusal)
        river.clock.advance(int(str(said.numbers.get("seconds", 0))) * 1000)
    said = river.hub.unlock(alice, "1357", b"", "10.0.0.66")
    assert not opened(river.hub.unlock(alice, PIN, b"a phone of nobody", "10.0.0.3")), "strangers wait"
    return not opened(river.hub.unlock(alice, PIN, OWN, "10.0.0.2"))


def test_nobody_is_locked_out_by_wrong_pins_of_others(river: Village) -> None:
    everybody_alike = mock.patch.object(pins, "_knows", return_value=False)
    with everybody_alike:
        assert lock_out(river)
    pins.renewed(river.hub.store, river.numbers["Alice"])
    assert not lock_out(river)


# ------------------------------------------------------------------------------- a stolen database, a card


def try_all(sealed: SealedKey, pepper: bytes) -> str | None:
    return next((pin for pin in GUESSES if keys.unseal(sealed, pin, pepper) is not None), None)


def test_a_stolen_database_without_the_pepper_opens_nothing(river: Village, tmp_path: Path) -> None:
    """With the pepper, which is the defence off, the right PIN is found; without it no PIN is the right one."""
    with (
        sqlite3.connect(river.hub.data / "ledger.db") as card,
        sqlite3.connect(tmp_path / "stolen.db") as db,
    ):
        card.backup(db)
        found = db.execute(
            "SELECT public, salt, passes, memory, box FROM sealed_key WHERE member = ?",
            (river.numbers["Alice"],),
        ).fetchone()
        everything = "\n".join(db.iterdump())
    sealed = SealedKey(found[0], found[1], KdfCost(found[2], found[3]), found[4])
    assert try_all(sealed, river.hub.pepper) == PIN
    assert river.hub.pepper.hex() not in everything.lower()
    for pepper in (bytes(32), found[0], found[1] * 2, river.papers.hub.public):
        assert try_all(sealed, pepper) is None


def opened_by(river: Village, seen: str) -> set[str]:
    """What of all that can be read on a card opens Alice's key; tried by a thief whose tries nobody counts."""
    tokens = re.sub(r'value="[0-9a-f]{32,}"', "", seen)  # a form's, which no paper shows
    read = set(re.findall(r"(?<![0-9A-Za-z])\d[\d -]*\d(?![0-9A-Za-z])", tokens))
    read |= {part for text in read for part in re.split(r"[ -]+", text)} | set(re.split(r"[<>\s]+", tokens))
    with counted(nothing=True):
        likely = {pins.normal(word) for word in read if 4 <= len(pins.normal(word)) <= 8}
        return {word for word in likely if opened(river.hub.unlock(river.numbers["Alice"], word))}


def test_a_photographed_card_signs_nobody_in(river: Village) -> None:
    """A card that carried the PIN would; ours carries number, name and where to pay, and is worth nothing without the PIN."""
    app = create_app(river.hub, TESTING=True)
    page = Browser(app.test_client(), OWN_SCREEN)
    assert page.sign_in(river.account("Kira").short).status_code == 302
    card = page.get("/desk/print/cards").text + page.get(f"/desk/people/{river.numbers['Alice']}/card").text
    account = river.account("Alice")
    assert account.short in card
    assert not opened_by(river, card)
    assert opened_by(river, card.replace("</h1>", f" PIN:{PIN}</h1>")) == {PIN}, "else nothing was looked for"
    thief = Browser(app.test_client())
    assert thief.sign_in(account.short, "").status_code == 422
    assert thief.get(f"/P/{account.compact}").location.startswith("/signin")
    # The defence off: with the PIN on it as well.
    pins.renewed(river.hub.store, account.number)
    assert thief.sign_in(account.short, PIN).status_code == 302
