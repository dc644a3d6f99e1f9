"""Which browser the tests drive: Debian's chromium, without a window of its own where there is that one.

``chromium-headless-shell`` is the same engine from the same source, without the frame around the pages, which the tests never
see: what a phone's browser does with our pages is the same, and a page costs half of the processor's time, a fresh profile a
quarter. Where it is missing, ``chromium`` does.
"""

from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, BrowserType

SHELL: Final = Path("/usr/bin/chromium-headless-shell")
WHOLE: Final = Path("/usr/bin/chromium")

_QUIET: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Processes that only a real screen, or a second site, would need.
    "--in-process-gpu",
    "--disable-site-isolation-trials",
    "--disable-features=PaintHolding,SpareRendererForSitePerProcess,BackForwardCache",
)


def launch(kind: BrowserType, *words: str) -> Browser:
    """A browser with no profile yet; close it afterwards.

    Args:
        words: more for its command line.
    """
    there = SHELL if SHELL.exists() else WHOLE
    return kind.launch(executable_path=there, args=[*_QUIET, *words])
