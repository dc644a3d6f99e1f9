"""A serial line that is full: of what a computer writes next, only a few bytes go out.

As when a node's firmware hangs while the computer's buffer is full already. The kernel says nowhere how much a pty
takes, and it depends on what went through it before; so it is filled to the brim and emptied until it took as much
as the time before, and then filled again.
"""

import asyncio
import os
from collections.abc import Callable
from typing import Final

from appliance.radio.emulated.stream import START

ROOM: Final = 4
"""Bytes that still go out: the head of any message, and nothing of the message."""

_FILLING: Final = START[1:2]
"""The byte with which the library wakes a node: to whoever looks for the start of a message it is nothing."""

_AT_ONCE: Final = 64
_SETTLES: Final = 0.01
_FULL_AFTER: Final = 4  # tries in a row: the kernel moves what is written on to the reader's side in between


async def clog(line: int, far: int, take: Callable[[bytes], object]) -> None:
    """Fill what ``line``, the computer's end, takes in, but for ``ROOM`` bytes. Neither end may block.

    What the computer had written before is read from ``far``, the node's end, and given to ``take``. Nobody else may
    read there meanwhile.
    """
    before, holds = 0, await _fill(line, None)
    while holds != before:
        await _empty(far, take)
        before, holds = holds, await _fill(line, None)
    await _empty(far, take)
    await _fill(line, holds - ROOM)


async def _fill(line: int, most: int | None) -> int:
    """Write until it takes no more, or ``most`` bytes; how many it took."""
    taken = refused = 0
    size = _AT_ONCE
    while refused < _FULL_AFTER and (most is None or taken < most):
        left = size if most is None else min(size, most - taken)
        try:
            taken += os.write(line, _FILLING * left)
            refused = 0
        except BlockingIOError:
            refused += size == 1
            size = 1
            await asyncio.sleep(_SETTLES)
    return taken


async def _empty(far: int, take: Callable[[bytes], object]) -> None:
    """Read until twice nothing comes."""
    nothing = 0
    while nothing < 2:
        try:
            take(os.read(far, 1 << 16))
            nothing = 0
        except BlockingIOError:
            nothing += 1
            await asyncio.sleep(_SETTLES)
