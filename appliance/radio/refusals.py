"""What a radio's refusals come to: how long it is left alone, what is logged, and the word for keepers.

Most refusals carry no wait: a channel that is switched off, a packet too large, an error newer than our library. To ask
again at once would ask several times a second for as long as nobody mends the radio, and write a line of log each time.
"""

from typing import Final

from appliance.radio.ports import Refused

DUTY_CYCLE: Final = "duty_cycle"
NO_CHANNEL: Final = "no_channel"
TX_DISABLED: Final = "tx_disabled"
REFUSED: Final = "refused"

HELD_BACK: Final = frozenset({DUTY_CYCLE, NO_CHANNEL, TX_DISABLED, REFUSED})
"""Why a radio that is up sends nothing, in stable words that the portal explains."""

FIRST_WAIT: Final = 10.0
LONGEST_WAIT: Final = 60.0

_WORDS: Final = {
    "DUTY_CYCLE_LIMIT": DUTY_CYCLE,
    "NO_CHANNEL": NO_CHANNEL,
    "TX_DISABLED": TX_DISABLED,
}
_TRIES: Final = 3


class Refusals:
    """The refusals since a packet last went out."""

    def __init__(self) -> None:
        self._reason = ""
        self.row = 0
        """How many with the same reason there were, one after the other."""
        self.word = ""
        """One of ``HELD_BACK``, or empty: a full queue or the like, once or twice, is no news for a keeper."""

    def over(self) -> None:
        """A packet went out, or the link is another one."""
        self._reason, self.row, self.word = "", 0, ""

    def refused(self, refused: Refused) -> float:
        """Count one more; the seconds to leave the radio alone, never fewer than it asked for."""
        self.row = self.row + 1 if refused.reason == self._reason else 1
        self._reason = refused.reason
        if refused.reason in _WORDS:
            self.word = _WORDS[refused.reason]
        elif self.row >= _TRIES:
            self.word = REFUSED
        if self.row == 1 and refused.wait > 0:
            return refused.wait
        return max(refused.wait, min(LONGEST_WAIT, FIRST_WAIT * (1 << min(self.row - 1, 10))))

    @property
    def worth_a_line(self) -> bool:
        """Whether to log it: the 1st, 2nd, 4th, ... A card wears out by writing."""
        return self.row.bit_count() == 1

    @property
    def hopeless(self) -> bool:
        """Whether this packet should make room for others: the radio has called it too large three times."""
        return self._reason == "TOO_LARGE" and self.row % _TRIES == 0
