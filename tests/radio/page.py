"""docs/wire.md, as tests read it: its CDDL, its tables, its worked examples."""

import re
from pathlib import Path

from tests.support.cbor import Cddl

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "wire.md").read_text("utf-8")


def block(name: str) -> str:
    """The fenced block whose opening line ends with ``name``."""
    found = re.findall(rf"^```{re.escape(name)}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    if not found:
        raise LookupError(f"no block {name} in docs/wire.md")
    return "".join(found)


def cddl() -> Cddl:
    """The rules of all CDDL blocks of the page."""
    return Cddl(block("cddl"))


def example(name: str) -> bytes:
    """The bytes of a worked example: hex at the beginning of each line, up to two spaces."""
    lines = block(f"hex {name}").splitlines()
    return bytes.fromhex("".join(line.split("  ")[0] for line in lines))


def table(heading: str) -> list[list[str]]:
    """The rows of the first table under a heading, without its head; code marks are taken off."""
    _, _, after = TEXT.partition(f"\n## {heading}\n")
    if not after:
        _, _, after = TEXT.partition(f"\n### {heading}\n")
    rows = re.findall(r"(?:^\|.*\|\n)+", after, re.MULTILINE)
    lines = rows[0].strip().splitlines()[2:]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]
