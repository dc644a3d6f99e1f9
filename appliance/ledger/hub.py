"""One hub: its data directory, its keys, its book. What the portal and the command line open.

A data directory holds ``ledger.db``, and ``keys/`` with what the box needs to start alone
after a power cut (``boxfile``). The root itself is only on paper.
"""

import contextlib
import secrets
from collections.abc import Callable, Hashable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path

from appliance.ledger import boxfile, keys, settings
from appliance.ledger.book import chain, feed, rules, wiping
from appliance.ledger.book.chain import Place
from appliance.ledger.book.command import Book, Progress, Receipt, Refused
from appliance.ledger.book.private import PrivateText, SealedKeyRow
from appliance.ledger.book.rehearse import Rehearsal, Seen, rehearse
from appliance.ledger.book.rules import Rules
from appliance.ledger.book.store import LEDGER_FILE, Store, Tx, WriteBusy
from appliance.ledger.book.subject import Command
from appliance.ledger.boxfile import Box
from appliance.ledger.clock import Clock
from appliance.ledger.errors import (
    Action,
    BadEncoding,
    BadPaper,
    BookDamaged,
    Code,
    DataDirectoryError,
    HubError,
    Refusal,
)
from appliance.ledger.keys import Certificate, KdfCost, KeySigner, RootPaper, SealedKey, Signer
from appliance.ledger.people import founding, lives, members, pins, restoring, roster, seconds, timing, tries
from appliance.ledger.people.words import tidy
from appliance.ledger.timekeeper import HubClock
from appliance.ledger.values import AccountNumber


def new_key() -> bytes:
    """A fresh idempotency key."""
    return secrets.token_bytes(chain.KEY_BYTES)


@dataclass(frozen=True, slots=True)
class Papers:
    """What is printed at the founding and then forgotten by the box.

    ``community`` is None for a hub that joins a community which others have founded.
    """

    hub: RootPaper
    community: RootPaper | None


@dataclass(slots=True)
class Hub:
    """A hub at work. Threads may share it."""

    data: Path
    book: Book
    clock: Clock
    box: Box
    _queue: pins.KdfQueue = field(default_factory=pins.KdfQueue)

    @property
    def pepper(self) -> bytes:
        return self.box.pepper

    @property
    def cost(self) -> KdfCost:
        return self.box.cost

    @property
    def store(self) -> Store:
        return self.book.store

    @property
    def number(self) -> int:
        """The hub's number: the first three digits of every account here."""
        return self.book.place.hub

    @classmethod
    def found(
        cls,
        data: Path,
        in_force: Rules,
        clock: Clock | None = None,
        cost: KdfCost | None = None,
        community_key: bytes | None = None,
    ) -> tuple["Hub", Papers]:
        """Make a new hub in the empty or missing directory ``data``.

        Args:
            community_key: the public key of the community that it will be admitted to
                (``ledger.community``). Without it, it is the first hub of a new community.

        Returns the hub and the papers to print; the box does not keep them.

        Raises:
            DataDirectoryError: the directory is not empty or cannot be written.
        """
        cost = cost or KdfCost()
        papers = Papers(RootPaper.fresh(), RootPaper.fresh() if community_key is None else None)
        founders = papers.community
        public = community_key or (founders.public if founders else b"")
        signing = keys.new_seed()
        place = Place(keys.community_id(public), in_force.community.hub, 1)
        box = Box(place, signing, papers.hub.pepper, papers.hub.public, cost).with_paper(papers.hub)
        box = box if founders is None else box.with_group(founders.group_key)
        boxfile.make(data, box)
        certificate = Certificate(place.community, place.hub, 1, keys.public_of(signing))
        root = KeySigner("root:founding", papers.hub.seed)
        book = Book(Store.create(data / LEDGER_FILE), place, signing)
        clock = clock or HubClock(book)
        hub = cls(data, book, clock, box)
        begun = founding.Found(
            public, papers.hub.public, certificate, root.sign(certificate.form()), in_force
        )
        try:
            if isinstance(hub.book.submit(begun, root, new_key(), clock.now()), Refusal):
                raise BookDamaged("a new book refused its founding")
        except BaseException:
            hub.close()
            raise
        return hub, papers

    @classmethod
    def open(cls, data: Path, clock: Clock | None = None) -> "Hub":
        """The hub whose data directory is ``data``.

        Raises:
            DataDirectoryError: it is missing, incomplete, not readable, or its keys are another hub's.
            BookDamaged: the database is none, or has no founding.
        """
        store = Store.open(data / LEDGER_FILE)
        try:
            box = _present(data, store)
            wiping.catch_up(store)
        except HubError:
            store.close()
            raise
        book = Book(store, box.place, box.signing)
        return cls(data, book, clock or HubClock(book, trust_wall=settings.trusts_machine(data)), box)

    def renew(self, paper: RootPaper, incarnation: int | None = None) -> Certificate:
        """Go on in a new life with a new signing key, after this box was put together out of a backup.

        The feed before it is closed at the last record that a kept frame carries. No other process
        may work on the hub meanwhile. A power cut in the middle leaves the hub in its old life, or
        in the new one.

        Args:
            incarnation: of the new life; by default the one after the present.

        Raises:
            BadPaper: it is another hub's root paper.
            ValueError: ``incarnation`` is not later than the present one.
        """
        if paper.public != self.box.root_public:
            raise BadPaper("the root paper of another hub, or the community's")
        here, signing = self.box.place, keys.new_seed()
        life = here.incarnation + 1 if incarnation is None else incarnation
        if not here.incarnation < life < 1 << 16:
            raise ValueError(f"a life after {here.incarnation}")
        with self.store.read() as tx:
            closed = feed.state(tx, here.hub, here.incarnation)
        certificate = Certificate(
            here.community, here.hub, life, keys.public_of(signing), closed.linked, bytes(closed.link)
        )
        root = KeySigner("root:incarnation", paper.seed)
        box = replace(self.box, place=replace(here, incarnation=life), signing=signing).with_paper(paper)
        boxfile.prepare(self.data, box)
        asked = lives.Renew(certificate, root.sign(certificate.form()))
        result = Book(self.store, box.place, signing).submit(asked, root, new_key(), self.clock.now())
        if isinstance(result, Refusal):
            raise BookDamaged("the book refused its next life")
        boxfile.write(self.data, box)
        self.box, self.book = box, Book(self.store, box.place, signing)
        if isinstance(self.clock, HubClock):
            self.clock.book = self.book
        return certificate

    def keep_box(self, box: Box) -> None:
        """Keep other secrets than before: a group key that was given, a box key out of the paper."""
        boxfile.write(self.data, box)
        self.box = box

    def sign(self, data: bytes) -> bytes:
        """64 bytes of Ed25519 by this incarnation's signing key: for frames."""
        return KeySigner("hub:frames", self.box.signing).sign(data)

    def by_rule(self, asked: Command, rule: str, key: bytes | None = None) -> Receipt | Refusal:
        """Do what the hub does by itself under a named rule, now."""
        return self.book.by_rule(asked, rule, key or new_key(), self.clock.now())

    def close(self) -> None:
        """Close the database."""
        self.store.close()

    def rules(self) -> Rules:
        """The rules in force."""
        with self.store.read() as tx:
            return rules.load(tx)

    def reading(self) -> AbstractContextManager[Tx]:
        """One state to read from; see ``ledger.reads``."""
        return self.store.read()

    def submit(self, asked: Command, signer: Signer, key: bytes | None = None) -> Receipt | Refusal:
        """Do what is asked, now. Without ``key`` it is asked for the first time."""
        result = self.book.submit(asked, signer, key or new_key(), self.clock.now())
        if isinstance(asked, timing.SetTime | seconds.Agree):
            self.clock.look(at_once=True)
        return result

    def submit_all(
        self,
        asked: Sequence[Command],
        signer: Signer,
        key: bytes | None = None,
        progress: Progress | None = None,
    ) -> tuple[Receipt, ...] | Refused:
        """Do all that is asked, now, in one transaction, or nothing of it."""
        return self.book.submit_all(asked, signer, key or new_key(), self.clock.now(), progress)

    def rehearse(
        self, made: Sequence[Callable[[int], Command]], member: int, look: Callable[[Tx], Seen]
    ) -> Rehearsal[Seen] | Refusal:
        """What would happen if ``member`` asked for all this now; nothing does (``book.rehearse``)."""
        return rehearse(self.book, made, member, self.clock.now(), look)

    def unlock(self, member: int, pin: str, device: bytes = b"", source: str = "") -> KeySigner | Refusal:
        """Open a member's key with its PIN. The caller closes it.

        Args:
            device: what the browser has carried since its first visit, or empty.
            source: the address that asks, so that nobody takes all the turns; empty for the box.

        Wrong PIN and unknown member look and last the same. The attempt is on disk before
        it is checked.
        """
        with self.reading() as tx:
            if refusal := restoring.refuse_sign_in(tx, member):
                return refusal
        with self._queue.place(self._caller(member, device, source)) as turn:
            if not turn:
                return Refusal(Code.BUSY, {}, (Action.TRY_AGAIN,))
            try:
                return self._unlock(member, pin, device, source)
            except WriteBusy:
                return Refusal(Code.BUSY, {}, (Action.TRY_AGAIN,))

    def came_in(self, member: int, source: str) -> None:
        """Remember that ``member`` has signed in now. Without it if the book is busy: nobody waits for that."""
        with contextlib.suppress(WriteBusy):
            tries.keep(self.store, member, True, self.clock.now(), source)

    def _caller(self, member: int, device: bytes, source: str) -> Hashable | None:
        """Whose turn it is: the member's from a phone that is known, otherwise the address's.

        What an unknown phone says of itself is anybody's to make up.
        """
        if not source:
            return None
        if _possible(member) and pins.knows(self.store, member, device):
            return member
        return source

    def _unlock(self, member: int, pin: str, device: bytes, source: str) -> KeySigner | Refusal:
        sealed = self._sealed(member) if _possible(member) else None
        counted = pins.begin(
            self.store, pins.NOBODY if sealed is None else member, device, self.clock.uptime()
        )
        if isinstance(counted, Refusal):
            return counted
        # Nobody's key has everybody's cost: the answer takes as long as for a member.
        nobodys = SealedKey(bytes(32), bytes(keys.SALT_BYTES), self.cost, bytes(72))
        seed = keys.unseal(sealed or nobodys, pins.normal(pin), self.pepper)
        if sealed is None or seed is None:
            if sealed is not None:
                tries.keep(self.store, member, False, self.clock.now(), source)
            left = counted.tries_left
            numbers = {"tries_left": left, "seconds": counted.wait_ms // 1000}
            return Refusal(
                Code.PIN_WRONG, numbers, (Action.TRY_AGAIN if left else Action.WAIT, Action.ASK_KEEPER)
            )
        pins.succeeded(self.store, member, device)
        return KeySigner(keys.member_authority(member), seed)

    def _sealed(self, member: int) -> SealedKey | None:
        with self.store.read() as tx:
            row = tx.get(SealedKeyRow, member=member)
        if row is None:
            return None
        return SealedKey(bytes(row.public), bytes(row.salt), KdfCost(row.passes, row.memory), bytes(row.box))

    def seal(self, seed: bytes, pin: str, caller: Hashable | None = None) -> SealedKey | Refusal:
        """A member's seed sealed under a new PIN, or why the PIN will not do; waits for its turn."""
        if refusal := pins.refuse_weak(pin):
            return refusal
        with self._queue.place(caller) as turn:
            if not turn:
                return Refusal(Code.BUSY, {}, (Action.TRY_AGAIN,))
            return keys.seal(seed, pins.normal(pin), self.pepper, self.cost)

    def join(self, name: str, pin: str, key: bytes | None = None, source: str = "") -> Receipt | Refusal:
        """Take in somebody's wish to become a member, with a new key under ``pin``.

        The receipt's outcome has the number. The same key again gives the first receipt only
        for the same name; the PIN of the first time stays.
        """
        key = key or new_key()

        def same(tx: Tx, entry: chain.Entry) -> bool:
            kept = tx.get(PrivateText, entry=entry.number, field="name")
            return kept is not None and kept.text == tidy("name", name)

        def ask() -> Receipt | Refusal:
            seed = keys.new_seed()
            sealed = self.seal(seed, pin, source or None)
            if isinstance(sealed, Refusal):
                return sealed
            return self.submit(members.Join(name, sealed), KeySigner("newcomer", seed), key)

        return self._once("newcomer", key, same, ask)

    def _once(
        self,
        authority: str,
        key: bytes,
        same: Callable[[Tx, chain.Entry], bool],
        ask: Callable[[], Receipt | Refusal],
    ) -> Receipt | Refusal:
        """``ask``, or the first receipt under this key. For commands that bring a new key each
        time they are sent, so that the write path cannot see that two are the same.
        """
        if (first := self._first(authority, key, same)) is not None:
            return first
        result = ask()
        if isinstance(result, Refusal) and result.code is Code.KEY_REUSED:
            # A double tap: the other one was quicker between our look and our turn.
            return self._first(authority, key, same) or result
        return result

    def _first(
        self, authority: str, key: bytes, same: Callable[[Tx, chain.Entry], bool]
    ) -> Receipt | Refusal | None:
        with self.store.read() as tx:
            found = chain.by_key(tx, authority, key)
            if found is None:
                return None
            entry, link = found
            if not same(tx, entry):
                return Refusal(Code.KEY_REUSED, {}, (Action.HOME,))
        return Receipt(entry.number, link, entry.record, entry.act.at, entry.outcome, replayed=True)

    def change_pin(
        self,
        member: int,
        old: str,
        new: str,
        device: bytes = b"",
        key: bytes | None = None,
        source: str = "",
    ) -> Receipt | Refusal:
        """Seal a member's key under another PIN; the old one must be right.

        All devices but this one have to be made known anew. The same key again gives the first
        receipt when the new PIN is the one that opens now, without asking for the old one.
        """
        key = key or new_key()

        def same(_tx: Tx, entry: chain.Entry) -> bool:
            return entry.act.kind == members.ChangePin.KIND

        def ask() -> Receipt | Refusal:
            if refusal := pins.refuse_weak(new):
                return refusal
            signer = self.unlock(member, old, device, source)
            if isinstance(signer, Refusal):
                # A double tap: the other one may have changed the PIN while this one waited.
                return self._first(keys.member_authority(member), key, same) or signer
            try:
                sealed = self.seal(signer.seed(), new, self._caller(member, device, source))
                if isinstance(sealed, Refusal):
                    return sealed
                return self.submit(members.ChangePin(sealed), signer, key)
            finally:
                signer.close()

        result = self._once(keys.member_authority(member), key, same, ask)
        return self.renewed(result, member, new, device, source)

    def reset_pin(self, member: int, pin: str, keeper: Signer, key: bytes | None = None) -> Receipt | Refusal:
        """Give a member who forgot the PIN a new key under a new PIN, by a keeper.

        No device is known any more. The same key again gives the first receipt for the same
        member, when the new PIN is the one that opens now.
        """
        key = key or new_key()

        def same(tx: Tx, entry: chain.Entry) -> bool:
            return entry.act.kind == members.ReplaceKey.KIND and entry.act.payload["member"] == member

        def ask() -> Receipt | Refusal:
            sealed = self.seal(keys.new_seed(), pin)
            if isinstance(sealed, Refusal):
                return sealed
            return self.submit(members.ReplaceKey(AccountNumber(member), sealed), keeper, key)

        return self.renewed(self._once(keeper.authority, key, same, ask), member, pin)

    def renewed(
        self, result: Receipt | Refusal, member: int, pin: str, device: bytes = b"", source: str = ""
    ) -> Receipt | Refusal:
        """The result of giving a member the new ``pin``, and what follows from it."""
        if isinstance(result, Refusal):
            return result
        if result.replayed:
            # The book does not know which PIN the first form had. As this could be used to guess
            # one, it is counted like any other try.
            opened = self.unlock(member, pin, device, source)
            if isinstance(opened, Refusal):
                reused = Refusal(Code.KEY_REUSED, {}, (Action.HOME,))
                return reused if opened.code is Code.PIN_WRONG else opened
            opened.close()
        # Also when it is sent again: the box may have gone off before it came to this.
        pins.renewed(self.store, member, device)
        return result

    def head(self) -> chain.Head:
        """Where the book ends now."""
        with self.store.read() as tx:
            return chain.head(tx)


def _possible(member: int) -> bool:
    """Whether anybody could have the number: SQLite knows none of more than 63 bits."""
    return 0 < member < 1 << 63


def _present(data: Path, store: Store) -> Box:
    """The secrets of the life that the book is in.

    What a hub writes with keys that its book does not name could never be verified. A power cut
    while a new life was opened leaves the keys of both: the book says which it was.
    """
    try:
        with store.read() as tx:
            place, public = roster.own_place(tx), roster.own_signing_key(tx)
    except BadEncoding as error:
        raise BookDamaged(str(error), 1) from error
    box = boxfile.read(data)
    if not _names(box, place, public):
        coming = boxfile.prepared(data)
        if coming is None or not _names(coming, place, public):
            raise DataDirectoryError(f"{data}: its keys are those of another hub than its book's")
        boxfile.write(data, coming)
        box = coming
    return box


def _names(box: Box, place: Place, public: bytes) -> bool:
    return box.place == place and keys.public_of(box.signing) == public
