"""Making the sheet that a member keeps at home, and coming in again with it (``people.sheets``)."""

import secrets
from dataclasses import dataclass, field

from appliance.ledger import keys
from appliance.ledger.book.command import Receipt
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.hub import Hub
from appliance.ledger.keys import KeySigner, member_authority
from appliance.ledger.people import pins, restoring, sheets
from appliance.ledger.values import RecordId

_LARGEST = (1 << 63) - 1
"""SQLite knows no larger number."""


@dataclass(frozen=True, slots=True)
class Printed:
    """A sheet that was made. ``letters`` are on it and nowhere else: the hub forgets them at once."""

    receipt: Receipt
    letters: str = field(repr=False)


def make(hub: Hub, signer: KeySigner) -> Printed | Refusal:
    """A new sheet for the member whose key ``signer`` holds open; the one before opens nothing any more.

    It has no idempotency key: the letters of a sheet that was made before are known to nobody here, so a
    form that is sent again makes another, which takes the place of the first.
    """
    secret = secrets.token_bytes(keys.SHEET_BYTES)
    box = keys.seal_for_sheet(signer.seed(), secret, hub.pepper)
    result = hub.submit(sheets.MakeSheet(signer.public, box), signer)
    return result if isinstance(result, Refusal) else Printed(result, sheets.letters_of(secret))


def open_with(hub: Hub, member: int, letters: str) -> KeySigner | Refusal:
    """The member's key, opened with the sheet; the caller closes it.

    A member that is not, one without a sheet, and a wrong or old sheet look the same: ``sheet_wrong``.
    Nobody tries out 120 bits, so tries are not counted, and nobody can be locked out by them.
    """
    wrong = Refusal(Code.SHEET_WRONG, {}, (Action.TRY_AGAIN, Action.ASK_KEEPER))
    secret = sheets.parse_letters(letters)
    if secret is None or not 0 < member <= _LARGEST:
        return wrong
    with hub.reading() as tx:
        if refusal := restoring.refuse_sign_in(tx, member):
            return refusal
        found = sheets.sealed(tx, member)
    if found is None:
        return wrong
    public, box = found
    seed = keys.unseal_with_sheet(box, public, secret, hub.pepper)
    return wrong if seed is None else KeySigner(member_authority(member), seed)


def ask(hub: Hub, member: int, letters: str, key: bytes) -> Receipt | Refusal:
    """Ask to choose a new PIN with the sheet."""
    signer = open_with(hub, member, letters)
    if isinstance(signer, Refusal):
        return signer
    try:
        return hub.submit(sheets.AskReentry(signer.public), signer, key)
    finally:
        signer.close()


def choose_pin(
    hub: Hub, member: int, letters: str, pin: str, device: bytes, source: str
) -> Receipt | Refusal:
    """Give the member the new ``pin``, when a keeper has allowed it or a day has passed.

    All sign-ins from before end, and no device is known any more. Sent again, the first receipt comes, if
    it is the PIN that opens now; with another one nothing has changed, and the refusal says so.
    """
    if refusal := pins.refuse_weak(pin):
        return refusal
    signer = open_with(hub, member, letters)
    if isinstance(signer, Refusal):
        return signer
    try:
        with hub.reading() as tx:
            row = sheets.waiting(tx, member)
            done = tx.first(_DONE, member)
            soon = row is not None and not sheets.ready(tx, row, hub.clock.now())
        if soon:  # before an Argon2id is spent on it
            return Refusal(Code.REENTRY_WAITS, {}, (Action.WAIT, Action.ASK_KEEPER))
        record = bytes(row.id) if row is not None else bytes(done[0]) if done else b""
        if not record:
            return Refusal(Code.NO_REENTRY, {}, (Action.ASK, Action.HOME))
        sealed = hub.seal(signer.seed(), pin, source or None)
        if isinstance(sealed, Refusal):
            return sealed
        result = hub.submit(sheets.Reenter(RecordId(record), sealed), signer, record)
    finally:
        signer.close()
    return hub.renewed(result, member, pin, device, source)


_DONE = "SELECT id FROM reentry WHERE member = ? AND state = 'done' ORDER BY closed_entry DESC LIMIT 1"
