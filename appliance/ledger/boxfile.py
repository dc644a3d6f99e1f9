"""What the box keeps in ``keys/`` so that it starts alone after a power cut; the roots do not.

The pepper and the box key come from the hub's root paper, the signing key is of this
incarnation, the group key was given by the community when the hub was admitted.
"""

import json
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from appliance.ledger.book.chain import Place
from appliance.ledger.errors import DataDirectoryError, HubError
from appliance.ledger.keys import KdfCost, RootPaper
from appliance.ledger.sealing import GROUP_KEY_BYTES, BoxKey

KEYS: Final = "keys"
_FILE: Final = "box.json"
_NEXT: Final = "box.next.json"


@dataclass(frozen=True, slots=True)
class Box:
    """The secrets of a running hub.

    Attributes:
        place: community, hub and incarnation.
        signing: seed of the signing key.
        root_public: the hub root's public key.
        box_key: opens what other hubs seal for this one; None in a directory that was made
            before hubs had neighbours, until the root paper is at hand (``with_paper``).
        group_key: the community's, for MACs and for what every hub may read; None until the hub
            has been admitted.
        backup_public: what backups are sealed for; the box cannot open them. None in a directory
            that was made before hubs had backups, until the root paper is at hand.
    """

    place: Place
    signing: bytes = field(repr=False)
    pepper: bytes = field(repr=False)
    root_public: bytes
    cost: KdfCost
    box_key: BoxKey | None = field(default=None, repr=False)
    group_key: bytes | None = field(default=None, repr=False)
    backup_public: bytes | None = None

    def with_paper(self, paper: RootPaper) -> "Box":
        """This box, with what can be made out of its root paper."""
        return replace(self, box_key=BoxKey(paper.box_secret), backup_public=paper.backup_public)

    def with_group(self, group_key: bytes) -> "Box":
        """This box in its community."""
        return replace(self, group_key=group_key)


def read(data: Path) -> Box:
    """The secrets in the data directory ``data``.

    Raises:
        DataDirectoryError: they are missing or cannot be read.
    """
    return _read(data, _FILE)


def _read(data: Path, name: str) -> Box:
    try:
        kept = json.loads((data / KEYS / name).read_text("utf-8"))
        secret, group, backup = (kept.get(name) for name in ("box_secret", "group_key", "backup_public"))
        box = Box(
            Place(bytes.fromhex(kept["community"]), kept["hub"], kept["incarnation"]),
            bytes.fromhex(kept["signing_key"]),
            bytes.fromhex(kept["pepper"]),
            bytes.fromhex(kept["root_public"]),
            KdfCost(kept["kdf_passes"], kept["kdf_memory"]),
            None if secret is None else BoxKey(bytes.fromhex(secret)),
            None if group is None else bytes.fromhex(group),
            None if backup is None else bytes.fromhex(backup),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataDirectoryError(f"{data}: its keys cannot be read ({error})") from error
    lengths = ((box.group_key, GROUP_KEY_BYTES), (box.backup_public, 32))
    if any(key is not None and len(key) != length for key, length in lengths):
        raise DataDirectoryError(f"{data}: its keys cannot be read (a key of the wrong length)")
    return box


def prepare(data: Path, box: Box) -> None:
    """Keep the secrets of a life that is about to begin beside those of the present one, durable.

    Raises:
        DataDirectoryError: it cannot be written.
    """
    _put(data, _NEXT, box)


def prepared(data: Path) -> Box | None:
    """What ``prepare`` kept, until ``write`` has made it the present one; None when there is nothing."""
    if not (data / KEYS / _NEXT).exists():
        return None
    return _read(data, _NEXT)


def make(data: Path, box: Box) -> None:
    """Make a data directory in the empty or missing ``data`` and put the secrets there.

    Raises:
        DataDirectoryError: it is not empty, or cannot be written.
    """
    try:
        if data.exists() and any(data.iterdir()):
            raise DataDirectoryError(f"{data} is not empty: a new hub needs an empty directory")
        data.mkdir(parents=True, mode=0o700, exist_ok=True)
        (data / KEYS).mkdir(mode=0o700)
    except HubError:
        raise
    except OSError as error:
        raise DataDirectoryError(f"{data}: {error}") from error
    write(data, box)


def write(data: Path, box: Box) -> None:
    """Keep the secrets in place of those before: all or nothing, and durable.

    Raises:
        DataDirectoryError: it cannot be written; what was there is there still.
    """
    _put(data, _FILE, box)
    try:
        (data / KEYS / _NEXT).unlink(missing_ok=True)
    except OSError as error:
        raise DataDirectoryError(f"{data}: {error}") from error


def _put(data: Path, name: str, box: Box) -> None:
    keep(data / KEYS / name, json.dumps(_as_map(box), indent=1) + "\n")


def keep(path: Path, text: str) -> None:
    """Put ``text`` into a file of ``keys/`` that the box alone may read: all or nothing, and durable.

    Raises:
        DataDirectoryError: it cannot be written; what was there is there still.
    """
    data = path.parent.parent
    fresh = path.with_suffix(".new")
    try:
        fresh.unlink(missing_ok=True)
        fresh.touch(mode=0o600)
        fresh.write_text(text, "utf-8")
        _sync(fresh)
        fresh.rename(path)
        # Durable before the book is: without its pepper no member's key ever opens again.
        for written in (path.parent, data):
            _sync(written)
    except OSError as error:
        raise DataDirectoryError(f"{data}: {error}") from error


def _as_map(box: Box) -> dict[str, Any]:
    kept: dict[str, Any] = {
        "community": box.place.community.hex(),
        "hub": box.place.hub,
        "incarnation": box.place.incarnation,
        "signing_key": box.signing.hex(),
        "pepper": box.pepper.hex(),
        "root_public": box.root_public.hex(),
        "kdf_passes": box.cost.passes,
        "kdf_memory": box.cost.memory,
    }
    if box.box_key is not None:
        kept["box_secret"] = box.box_key.secret.hex()
    if box.group_key is not None:
        kept["group_key"] = box.group_key.hex()
    if box.backup_public is not None:
        kept["backup_public"] = box.backup_public.hex()
    return kept


def _sync(path: Path) -> None:
    """Return when what ``path`` names would survive a power cut."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
