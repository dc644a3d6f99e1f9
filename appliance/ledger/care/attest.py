"""What somebody signs who co-signs care that was given at another hub.

At home a co-signature is the member's act, and its terms are looked at by the hub that holds the claim.
Over the air it has to stand by itself: it names the community, the claim's hub, the claim's terms (its
content, to the letter), everything of the care that the co-signer was shown, and whose word it is. None
of that travels with it: the claim's hub knows it all, so an answer is 64 bytes.
"""

from typing import Final

from appliance.ledger import codec, keys
from appliance.ledger.book.letters_care import Care
from appliance.ledger.errors import BadSignature

_PURPOSE: Final = "tch/cosign/1"


def form(community: bytes, at: int, care: Care, hub: int, member: int) -> bytes:
    """The bytes to sign.

    Args:
        at: the hub of the claim.
        hub, member: who co-signs, and where that is known.
    """
    said: list[codec.Value] = [care.terms, care.carer, care.category, care.minutes, care.day, care.amount]
    return codec.signed_form(_PURPOSE, [community, at, *said, hub, member])


def holds(public: bytes, signature: bytes, signed: bytes) -> bool:
    """Whether ``signature`` is that of ``public`` over ``signed``."""
    try:
        keys.check(public, signed, signature)
    except BadSignature:
        return False
    return True
