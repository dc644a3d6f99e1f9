"""Letting the signed-in member do something: the key, the PIN where it is needed, the command.

Signing in opens the member's key for a while. A payment above the community's ``pin_above``
asks for the PIN again; any act does when the key is not open any more (after idle minutes, or
because the box has started anew), on the same page, so that nobody is stranded.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from flask import abort, request

from appliance.ledger import codec
from appliance.ledger.book.chain import KEY_BYTES
from appliance.ledger.book.command import Receipt
from appliance.ledger.book.subject import Command
from appliance.ledger.errors import Refusal
from appliance.ledger.keys import KeySigner, member_authority
from appliance.ledger.values import MAX_AMOUNT
from appliance.web.ground.here import forget_rules, the_hub, the_keys, the_rules
from appliance.web.ground.session import this_session

REFUSED: Final = 422
"""The status of a page that says no: understood, and nothing was done."""

ALWAYS: Final = MAX_AMOUNT
"""As ``amount``: an act that asks for the PIN each time, whatever the key and ``pin_above`` say."""


@dataclass(frozen=True, slots=True)
class PinNeeded:
    """The form came without the PIN, and the act needs it. Nothing has happened."""


Problem = Refusal | PinNeeded


def pin_needed(amount: int | None = None) -> bool:
    """Whether the form must ask for the PIN: for a payment of ``amount``, or for another act."""
    return _pin_each_time(amount) or not the_keys().has(this_session().digest)


def _pin_each_time(amount: int | None) -> bool:
    """Whether an open key is not enough."""
    if amount is None:
        return False
    above = the_rules().credit.pin_above
    return above == 0 or amount > above or amount == ALWAYS


def acting_signer(amount: int | None = None) -> KeySigner | Problem:
    """The signed-in member's key, open; the caller closes it.

    With the form's ``pin`` when one was typed, which also keeps the key open from now on;
    otherwise with the key that is open, where that is enough for ``amount``.
    """
    session = this_session()
    assert session.member is not None  # views ask member_or_redirect() first
    pin = request.form.get("pin", "")
    if pin:
        signer = the_hub().unlock(session.member, pin, session.device, request.remote_addr or "")
        if isinstance(signer, KeySigner):
            the_keys().keep(session.digest, signer)
        return signer
    if _pin_each_time(amount):
        return PinNeeded()
    return the_keys().borrow(session.digest, member_authority(session.member)) or PinNeeded()


def act(command: Command, key: bytes, amount: int | None = None) -> Receipt | Problem:
    """Let the signed-in member do ``command`` once.

    Args:
        key: the idempotency key: the form's (``form_key``) or the object's own (``key_for``).
        amount: what moves out of the member's account, when something does.
    """
    return with_key(lambda signer: the_hub().submit(command, signer, key), amount)


def with_key(work: Callable[[KeySigner], Receipt | Refusal], amount: int | None = None) -> Receipt | Problem:
    """Do ``work`` with the signed-in member's open key, and close it."""
    signer = acting_signer(amount)
    if not isinstance(signer, KeySigner):
        return signer
    try:
        return work(signer)
    finally:
        signer.close()
        this_session().acted()
        forget_rules()


def fresh_key() -> str:
    """A new idempotency key as a form carries it, made when the page is drawn.

    So a double tap, and a form sent again after a power cut, give the one receipt.
    """
    return secrets.token_bytes(KEY_BYTES).hex()


def form_key() -> bytes:
    """The idempotency key that the form carries; without one the form is stale."""
    try:
        key = bytes.fromhex(request.form.get("key", ""))
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        abort(400)
    return key


def key_for(act: str, record: bytes) -> bytes:
    """The key of an act that can happen only once to an object: accepting a request, co-signing.

    A second device of the same person gets the first receipt, too.
    """
    return codec.digest("tch.web.once", act.encode("ascii") + b"\0" + record)[:KEY_BYTES]
