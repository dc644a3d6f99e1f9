"""A proof as text: what the codes on its printed page say, and that text read again.

Each code has its part of the packed bytes in base 32, with which of how many it is::

    TCH:CARE:2/4:MFRGG...

Parts may be scanned or typed in any order; spaces and line ends in them do not matter.
"""

import base64
import re
import zlib
from typing import Final

from appliance.ledger.care.proof.form import LONGEST
from appliance.ledger.errors import BadProof

HEAD: Final = "TCH:CARE:"
LETTERS: Final = 480
"""Letters of a part: a code that an old camera still reads at four centimetres."""

_PART: Final = re.compile(r"([0-9]{1,3})/([0-9]{1,3}):([A-Z2-7\s]*)")


def parts(data: bytes) -> tuple[str, ...]:
    """What the codes of a proof's page say."""
    letters = base64.b32encode(zlib.compress(data, 9)).decode("ascii").rstrip("=")
    count = -(-len(letters) // LETTERS)
    each = -(-len(letters) // count)
    pieces = [letters[at : at + each] for at in range(0, len(letters), each)]
    return tuple(f"{HEAD}{number}/{len(pieces)}:{piece}" for number, piece in enumerate(pieces, 1))


def looks_like(data: bytes) -> bool:
    """Whether it is such text, and not a proof's bytes."""
    return data.lstrip()[: len(HEAD)].upper() == HEAD.encode("ascii")


def read(data: bytes) -> bytes:
    """The proof's bytes out of all its parts.

    Raises:
        BadProof: a part is missing, is of another proof, or was misread.
    """
    found: dict[int, str] = {}
    counts = set()
    for said in data.decode("ascii", "replace").upper().split(HEAD)[1:]:
        if (part := _PART.fullmatch(said)) is None:
            raise BadProof("damaged", "a part was misread")
        number, count, piece = part.groups()
        text = "".join(piece.split())
        if found.setdefault(int(number), text) != text:
            raise BadProof("damaged", f"part {number} is there twice, and not the same")
        counts.add(int(count))
    if len(counts) != 1:
        raise BadProof("damaged", "parts of several proofs")
    missing = [str(number) for number in range(1, counts.pop() + 1) if number not in found]
    if missing:
        raise BadProof("damaged", f"part {', '.join(missing)} is missing")
    letters = "".join(text for _number, text in sorted(found.items()))
    try:
        packed = base64.b32decode(letters + "=" * (-len(letters) % 8))
        unpacking = zlib.decompressobj()
        whole = unpacking.decompress(packed, LONGEST + 1)
    except (ValueError, zlib.error) as error:
        raise BadProof("damaged", "a part was misread") from error
    if not unpacking.eof or unpacking.unused_data or len(whole) > LONGEST:
        raise BadProof("damaged", "a part was misread")
    return whole
