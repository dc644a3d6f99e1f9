"""Where the sample villages live, and how they get there whole or not at all.

They share one directory, with a data directory for each village in it. It is made in a *cradle*
beside its place and moved when it is complete; a cradle left by an interrupted start is
recognised and used again from the beginning. Whatever carries no marker of ours is somebody's
real data, and a village of an earlier release is somebody's too: neither is opened or deleted.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from appliance.ledger.errors import DataDirectoryError

MARKER: Final = "demo.json"
_CRADLE_MARK: Final = "being-made"


@dataclass(frozen=True, slots=True)
class SignIn:
    """A person of the village, the number as it is read, and why to look."""

    name: str
    number: str
    why: str


@dataclass(frozen=True, slots=True)
class Village:
    """A village: its name, its data directory inside ours, and whom to sign in as."""

    name: str
    directory: str
    people: tuple[SignIn, ...]
    keeper: SignIn

    @classmethod
    def from_map(cls, value: dict[str, Any]) -> "Village":
        """Raises KeyError, TypeError, AttributeError when it is none."""
        people = tuple(SignIn(**one) for one in value.pop("people"))
        return cls(**{**value, "people": people, "keeper": SignIn(**value.pop("keeper"))})


@dataclass(frozen=True, slots=True)
class Marker:
    """What made villages say about themselves: enough to start again without opening a ledger.

    ``pay`` is the full number of somebody in the last village whom somebody of the first may pay.
    """

    pin: str
    made_ms: int
    villages: tuple[Village, ...]
    pay: SignIn

    def save(self, data: Path) -> None:
        (data / MARKER).write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n", "utf-8")

    @classmethod
    def load(cls, data: Path) -> "Marker":
        """Raises DataDirectoryError when there is none that can be read."""
        try:
            value = json.loads((data / MARKER).read_text("utf-8"))
            if "village" in value:
                raise DataDirectoryError(
                    f"{data} is a sample village of an earlier release, with no neighbour; it is left"
                    " alone: choose another --data"
                )
            villages = tuple(Village.from_map(one) for one in value.pop("villages"))
            pay = SignIn(**value.pop("pay"))
            return cls(**value, villages=villages, pay=pay)
        except DataDirectoryError:
            raise
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataDirectoryError(
                f"{data} has no readable {MARKER}, so it is no sample village: choose another --data"
            ) from error


def default_data(environment: Mapping[str, str]) -> Path:
    """The sample villages among the person's own data (XDG base directory specification)."""
    named = Path(environment.get("XDG_DATA_HOME", ""))
    # The specification: a path that is not absolute is to be ignored.
    base = named if named.is_absolute() else Path.home() / ".local" / "share"
    return base / "technocommune-hub" / "valley"


def is_empty(data: Path) -> bool:
    """Whether nothing is at ``data``, or an empty directory."""
    return not data.exists() or (data.is_dir() and not any(data.iterdir()))


@contextmanager
def in_use(data: Path) -> Iterator[None]:
    """Hold the village in ``data``, so that nobody replaces it meanwhile.

    Raises:
        DataDirectoryError: another process holds it, or it is no sample village.
    """
    Marker.load(data)
    with _locked(data / MARKER, f"{data} is in use by another `hub demo`"):
        yield


def put(data: Path, make: Callable[[Path], None]) -> None:
    """Make a village with ``make`` and put it at ``data``, in place of a sample village there.

    Raises:
        DataDirectoryError: something at ``data`` is not ours to replace, or cannot be written.
    """
    cradle = data.parent / f".{data.name}.making"
    try:
        cradle.mkdir(parents=True, exist_ok=True)
        if not is_empty(cradle) and not (cradle / _CRADLE_MARK).exists():
            raise DataDirectoryError(f"{cradle} is in the way, and it is not ours to remove")
        with _locked(cradle / _CRADLE_MARK, f"another `hub demo` is making {data}"):
            made, before = cradle / "village", cradle / "before"
            for left in (made, before):
                shutil.rmtree(left, ignore_errors=True)
            make(made)
            if is_empty(data):
                made.rename(data)
            else:
                with in_use(data):
                    data.rename(before)
                    made.rename(data)
            shutil.rmtree(cradle)
    except DataDirectoryError:
        raise
    except OSError as error:
        raise DataDirectoryError(f"{data} cannot be made: {error}") from error


@contextmanager
def _locked(path: Path, taken: str) -> Iterator[None]:
    """Hold ``path``, made when it is missing, as long as this process lives or the block lasts."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DataDirectoryError(taken) from error
        yield
    finally:
        os.close(descriptor)
