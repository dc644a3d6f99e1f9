"""The one write path: every change of the truth goes through ``Book.submit``.

Before the transaction: canonical form, digest of the personal text, signature (and, by the
caller, PIN and key derivation). Inside it, under SQLite's write lock: the idempotency key, the
authority, the subject's decision, the entry, the fold, the personal text; then what follows
from it by the hub's own rules (a claim that has reached its quorum is paid, a payment that was
held for want of room is taken up). Then the commit.
A refusal leaves nothing behind, not even its key.
"""

import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from appliance.ledger import codec, keys
from appliance.ledger.book import chain, fold, recheck, room, rules
from appliance.ledger.book.chain import Act, Entry, Place
from appliance.ledger.book.clock_changes import last_change
from appliance.ledger.book.private import PrivateSalt, PrivateText, private_digest
from appliance.ledger.book.schema import Claim
from appliance.ledger.book.schema_hubs import LifeRow
from appliance.ledger.book.store import Store, Tx, WriteBusy
from appliance.ledger.book.subject import Asking, Command, Handler
from appliance.ledger.book.together import Together
from appliance.ledger.care import answers, asks, claims, elsewhere, forgetting, objections, settling, signing
from appliance.ledger.clock import Instant
from appliance.ledger.errors import (
    Action,
    BadSignature,
    BookClosed,
    BookLookedAt,
    CannotWrite,
    Code,
    DataDirectoryError,
    HubError,
    NotSure,
    Refusal,
)
from appliance.ledger.keys import KeySigner, Signer
from appliance.ledger.market import (
    categories,
    changing,
    complaints,
    distances,
    keeping,
    listings,
    loops,
    loops_far,
    matches,
    matches_far,
    photos,
    talks_far,
)
from appliance.ledger.market import imported as imported_listings
from appliance.ledger.money import (
    accounts,
    arrivals,
    commons,
    crossings,
    disputes,
    imported,
    limits,
    recovery,
    requests,
    reversals,
    shares,
    slips,
    splits,
    sums,
    transfers,
    trunks,
    undo,
    unresolved,
)
from appliance.ledger.people import (
    closing,
    erasing,
    forks,
    founding,
    further,
    grants,
    imports,
    leaving,
    life,
    lives,
    members,
    moving,
    restoring,
    rivals,
    roster,
    rulings,
    seconds,
    sheets,
    showing,
    speaking,
    timing,
)
from appliance.ledger.people.words import tidy
from appliance.ledger.values import EntryNumber, RecordId

_SUBJECTS: Final = (
    founding,
    members,
    sheets,
    life,
    leaving,
    erasing,
    moving,
    further,
    grants,
    accounts,
    limits,
    transfers,
    slips,
    requests,
    splits,
    shares,
    reversals,
    undo,
    disputes,
    commons,
    seconds,
    listings,
    changing,
    keeping,
    categories,
    photos,
    matches,
    matches_far,
    loops,
    loops_far,
    talks_far,
    complaints,
    distances,
    claims,
    signing,
    settling,
    objections,
    asks,
    answers,
    elsewhere,
    forgetting,
    roster,
    rulings,
    forks,
    lives,
    rivals,
    showing,
    speaking,
    trunks,
    crossings,
    arrivals,
    restoring,
    recovery,
    unresolved,
    imports,
    imported,
    imported_listings,
    timing,
    closing,
)

HANDLERS: Final[Mapping[str, Handler]] = {
    handler.command.KIND: handler for subject in _SUBJECTS for handler in subject.HANDLERS
}

_OLD: Final[Mapping[tuple[str, int], Handler]] = {
    key: handler for subject in _SUBJECTS for key, handler in getattr(subject, "OLD", {}).items()
}

FOLDS: Final[fold.Folds] = {
    **{(kind, handler.command.VERSION): handler for kind, handler in HANDLERS.items()},
    **_OLD,
}
"""How each kind and version is folded. An old version keeps a handler of its own (``OLD`` of its subject)."""

CHECKS: Final = (sums.check,)
"""What must hold of the folded state, besides being the fold; each raises BookDamaged."""

_log = logging.getLogger(__name__)

_SALT_BYTES: Final = 16
_TAKEN_UP_AT_ONCE: Final = 20
_TELL_EVERY: Final = 200

Progress = Callable[[int, int], None]
"""Called now and then with what is done and what is to be done in all."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A command that took effect, or had already (``replayed``) under the same key.

    Attributes:
        entry: its number in the book.
        hash: its hash.
        record: the id of what it created (the transfer of a payment, the claim, ...).
        at: when, as the hub believed it.
        outcome: what the hub decided (a newcomer's number, a request's code, ...).
    """

    entry: EntryNumber
    hash: bytes
    record: RecordId
    at: Instant
    outcome: codec.Body
    replayed: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """A batch of which nothing took effect: the place of the first command that was refused, and why."""

    place: int
    refusal: Refusal


class _Undo(HubError):
    """Rolls a batch back."""

    def __init__(self, refused: Refused) -> None:
        super().__init__("a command of a batch was refused")
        self.refused = refused


class Book:
    """The book of one hub, open for writing.

    Args:
        store: its database.
        place: community, hub and incarnation.
        hub_key: seed of the signing key.
    """

    def __init__(self, store: Store, place: Place, hub_key: bytes) -> None:
        self.store = store
        self.place = place
        self._data = store.path.parent
        self._hub_key = hub_key
        self._together = Together(store)

    def submit(self, command: Command, signer: Signer, key: bytes, at: Instant) -> Receipt | Refusal:
        """Do what ``command`` asks, once.

        Another process may have the same book open: SQLite's lock orders them.

        Args:
            signer: who asks; its key is open.
            key: idempotency key, 16 bytes, scoped to the signer. The same key with the same
                content gives the first receipt again; with other content it is refused.
            at: the present time and its quality.

        Raises:
            DataDirectoryError: the disk refused; nothing was written.
            BookDamaged: the book contradicts itself; nothing was written.
        """
        if len(key) != chain.KEY_BYTES:
            raise ValueError(f"an idempotency key has {chain.KEY_BYTES} bytes")
        prepared = _prepare(command, signer, key, at, self.place)

        def work(tx: Tx) -> Receipt | Refusal:
            result = self._accept(tx, command, prepared)
            if isinstance(result, Receipt) and not result.replayed:
                self._settle_waiting(tx, at)
                self._take_held(tx, at)
            return result

        try:
            result = self._written(work)
        except WriteBusy:
            return Refusal(Code.BUSY, {}, (Action.TRY_AGAIN,))
        except CannotWrite as error:
            return _cannot_write(error)
        if isinstance(result, Receipt):
            self.store.acknowledge(result.entry, result.hash)
        return result

    def _written(self, work: Callable[[Tx], Receipt | Refusal]) -> Receipt | Refusal:
        """``work``, durably; on a card that has just become full once more, on the reserve (``room``)."""
        try:
            return self._together.do(work)
        except CannotWrite as error:
            if not recheck.is_full(error) or not room.give_up(self._data):
                raise
            _log.warning("reserve=given_up")
            return self._together.do(work)

    def submit_all(
        self,
        commands: Sequence[Command],
        signer: Signer,
        key: bytes,
        at: Instant,
        progress: Progress | None = None,
    ) -> tuple[Receipt, ...] | Refused:
        """Do all that ``commands`` ask in one transaction, or nothing.

        Args:
            key: as for ``submit``; each command's own is derived from it and its place.
            progress: told now and then how many are done, of how many.

        Raises:
            DataDirectoryError, BookDamaged: as ``submit``; nothing was written.
        """
        keyed = [codec.digest("tch.batch", key + i.to_bytes(4, "big")) for i in range(len(commands))]
        prepared = [
            _prepare(command, signer, own[: chain.KEY_BYTES], at, self.place)
            for command, own in zip(commands, keyed, strict=True)
        ]
        done: list[Receipt] = []
        try:
            with self.store.write() as tx:
                for i, (command, ready) in enumerate(zip(commands, prepared, strict=True)):
                    result = self._accept(tx, command, ready)
                    if isinstance(result, Refusal):
                        raise _Undo(Refused(i, result))
                    done.append(result)
                    if progress and len(done) % _TELL_EVERY == 0:
                        progress(len(done), len(commands))
                self._settle_waiting(tx, at)
                self._take_held(tx, at)
        except _Undo as undo:
            return undo.refused
        except WriteBusy:
            return Refused(0, Refusal(Code.BUSY, {}, (Action.TRY_AGAIN,)))
        except CannotWrite as error:
            return Refused(0, _cannot_write(error))
        if done:
            self.store.acknowledge(done[-1].entry, done[-1].hash)
        return tuple(done)

    def by_rule(self, command: Command, rule: str, key: bytes, at: Instant) -> Receipt | Refusal:
        """As ``submit``, by the hub itself under a named rule: ``arrival``, ``publish``, ``expiry``."""
        return self.submit(command, KeySigner(f"hub:{rule}", self._hub_key), key, at)

    def _accept(self, tx: Tx, command: Command, prepared: "_Prepared") -> Receipt | Refusal:
        act = prepared.act
        if found := chain.by_key(tx, act.authority, act.key):
            return _repeated(tx, command, *found)
        if room.full(self._data):
            return Refusal(Code.CANNOT_WRITE, {}, (Action.TRY_AGAIN, Action.ASK_KEEPER))
        digest = act.digest()
        actor = check_authority(tx, prepared, HANDLERS[act.kind])
        if isinstance(actor, Refusal):
            return actor
        in_force = command.rules if isinstance(command, founding.Found) else rules.load(tx)
        asking = Asking(act.authority, actor, act.at, chain.record_id(digest), digest, in_force)
        outcome = HANDLERS[act.kind].decide(tx, command, asking)
        if isinstance(outcome, Refusal):
            return outcome
        last = chain.head(tx)
        entry = Entry(EntryNumber(last.number + 1), last.hash, act, outcome, prepared.signature)
        link = chain.append(tx, entry)
        fold.apply(tx, entry, FOLDS)
        _keep_private(tx, entry.number, prepared)
        if attach := HANDLERS[act.kind].attach:
            attach(tx, entry, command)
        return Receipt(entry.number, link, asking.record, act.at, outcome, replayed=False)

    def _settle_waiting(self, tx: Tx, at: Instant) -> None:
        """By rule: confirmed claims are paid, oldest first, as soon as both sides have room.

        When the commons cannot pay one, those behind it wait too: a small claim does not
        overtake a large one. What holds up one claim alone holds up nobody else (``care.settling``).
        The entry that moves the hub's time bears the time before: nothing is paid by it.
        """
        if not tx.known((Claim,), _ANY_CONFIRMED):
            return
        if (change := last_change(tx)) is not None and change.entry == chain.head(tx).number:
            return
        while (found := settling.next_to_pay(tx, at)) is not None:
            if isinstance(self._settle(tx, found, at), Refusal):
                break

    def _take_held(self, tx: Tx, at: Instant) -> None:
        """By rule: payments of other hubs that were held are taken up as soon as there is room.

        A few at a time, as nobody else can write meanwhile and a mad hub may have sent a hundred
        thousand: the radio's process goes on with the others (``Post.take_up``).
        """
        for _ in range(_TAKEN_UP_AT_ONCE):
            if (found := arrivals.next_with_room(tx)) is None:
                break
            command, signer = arrivals.TakeHeld(found), KeySigner("hub:room", self._hub_key)
            if isinstance(
                self._accept(tx, command, _prepare(command, signer, found, at, self.place)), Refusal
            ):
                break

    def _settle(self, tx: Tx, claim: RecordId, at: Instant) -> Receipt | Refusal:
        command = settling.Settle(claim)
        signer = KeySigner("hub:quorum", self._hub_key)
        return self._accept(tx, command, _prepare(command, signer, claim, at, self.place))


_ANY_CONFIRMED = "SELECT 1 FROM claim WHERE state = 'confirmed' LIMIT 1"


@dataclass(frozen=True, slots=True)
class _Prepared:
    """An act, signed, with the personal text that its digest stands for."""

    act: Act
    signature: bytes
    salt: bytes
    words: dict[str, str]


def _prepare(command: Command, signer: Signer, key: bytes, at: Instant, place: Place) -> _Prepared:
    words = _tidied(command)
    salt = secrets.token_bytes(_SALT_BYTES) if words else b""
    kept = private_digest(salt, words) if words else None
    act = Act(place, at, signer.authority, key, command.KIND, command.VERSION, command.payload(), kept)
    return _Prepared(act, signer.sign(act.form()), salt, words)


def _tidied(command: Command) -> dict[str, str]:
    return {name: tidy(name, text) for name, text in command.private().items()}


def _repeated(tx: Tx, command: Command, entry: Entry, link: bytes) -> Receipt | Refusal:
    """The first receipt again, when the content is the same as then."""
    words = {
        row.field: row.text for row in tx.rows(PrivateText.select().where(PrivateText.entry == entry.number))
    }
    same = (
        entry.act.kind == command.KIND
        and entry.act.payload == command.payload()
        and words == _tidied(command)
    )
    if not same:
        return Refusal(Code.KEY_REUSED, {}, (Action.HOME,))
    return Receipt(entry.number, link, entry.record, entry.act.at, entry.outcome, replayed=True)


def _keep_private(tx: Tx, number: int, prepared: _Prepared) -> None:
    if not prepared.words:
        return
    tx.insert(PrivateSalt, entry=number, salt=prepared.salt)
    for name, text in prepared.words.items():
        tx.insert(PrivateText, entry=number, field=name, text=text)


def check_authority(tx: Tx, prepared: _Prepared, handler: Handler) -> int | Refusal | None:
    """The acting member's number (None for root, hub and newcomer), once key and kind fit.

    A member's key may have been replaced between signing and now, so the signature is
    checked against the key in force, inside the transaction. Root and hub are held to the keys
    that the founding names: the wrong root paper must not leave an entry that never verifies.
    """
    act = prepared.act
    kind, _, name = act.authority.partition(":")
    ((latest,),) = tx.known((LifeRow,), "SELECT MAX(incarnation) FROM life WHERE hub = ?", act.place.hub)
    if latest not in (None, act.place.incarnation) and act.kind != lives.Renew.KIND:
        # Another process has opened a new life meanwhile (``hub restore``): this one must begin anew.
        raise DataDirectoryError("this hub goes on in a new life: start its processes again")
    if kind not in handler.authorities:
        return Refusal(Code.NOT_YOURS, {}, (Action.HOME,))
    public = _key_in_force(tx, act, kind, name)
    if public is None and kind == "member":
        return Refusal(Code.NOT_ACTIVE, {}, (Action.ASK_KEEPER,))
    try:
        keys.check(public or b"", act.form(), prepared.signature)
    except BadSignature:
        return Refusal(Code.NOT_YOURS, {}, (Action.HOME,))
    return int(name) if kind == "member" else None


def _key_in_force(tx: Tx, act: Act, kind: str, name: str) -> bytes | None:
    if kind == "member":
        row = members.key_in_force(tx, int(name))
        return bytes(row.public) if row else None
    if kind == "newcomer":
        brought: bytes = act.payload["key"]
        return brought
    founded = chain.by_number(tx, 1)
    if kind == "hub" and founded is not None:
        return roster.own_signing_key(tx)
    begun = founded.act.payload if founded else act.payload
    key: bytes | None = begun.get("root_key" if kind == "root" else "signing_key")
    return key


def _cannot_write(error: CannotWrite) -> Refusal:
    _log.error("book=cannot_write reason=%s", error)
    code = next(code for kind, code in _CODES if isinstance(error, kind))
    return Refusal(code, {}, (Action.TRY_AGAIN, Action.ASK_KEEPER))


_CODES: Final[tuple[tuple[type[CannotWrite], Code], ...]] = (
    (NotSure, Code.NOT_SURE),
    (BookLookedAt, Code.LOOKED_AT),
    (BookClosed, Code.BOOK_DAMAGED),
    (CannotWrite, Code.CANNOT_WRITE),
)
