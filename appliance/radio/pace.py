"""How fast a hub speaks: every waiting time and every bound of the engine, with its reason.

Most times are counted in *frame times*: the airtime of the longest packet, so that one set of
numbers serves every preset (0.64 s at MEDIUM_FAST, 2.2 s at LONG_FAST). RFC 5740 counts in
round trips for the same purpose; between hubs that speak once in a while a round trip is never
known, the airtime always is.
"""

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Between:
    """A waiting time drawn anew each time, in frame times, so that two hubs seldom choose the same."""

    low: float
    high: float

    def draw(self, rng: Random, frame: float) -> float:
        """Seconds, where ``frame`` is the frame time in seconds."""
        return rng.uniform(self.low, self.high) * frame


@dataclass(frozen=True, slots=True)
class Pace:
    """Waiting times in frame times unless the name says seconds; bounds as counts."""

    # Own records that nobody waits for. Nine fit a frame (docs/design.md 9); one more that waits fills no second
    # frame. Of the quarter of an hour in which all should have them, a third at most goes by here.
    batch_seconds: float = 300.0
    full_records: int = 9

    # What is lost on the way, by the beats that are missing: of so many packets, not of gaps longer than this.
    beats_counted: int = 32
    beats_missed: int = 8
    loss_at_first: float = 0.5

    # Nobody has been heard for so long: what is said now is said to nobody, and will be said again as the
    # same frames. So they are made full, or once a day for those who may hear us while we are deaf.
    alone_seconds: float = 3600.0
    alone_records: int = 16
    alone_most_seconds: float = 86400.0

    # Somebody lacks so many records of ours, or we of others: names and listings wait, an hour at most.
    behind_records: int = 24
    behind_most_seconds: float = 3600.0

    # Summaries: Trickle's Imin, Imax and k (RFC 6206). The first one after a start tells the
    # neighbours who is back and what it lacks; its jitter grows with the number of hubs.
    summary_min: float = 20.0
    summary_least_each: float = 15.0
    summary_least: float = 120.0
    summary_max_seconds: float = 600.0
    summary_most_each: float = 75.0
    summary_most_least: float = 420.0
    summary_most_few: float = 100.0
    few_hubs: int = 3
    redundancy: int = 1
    # Up to so many hubs turns go round, and the longest interval is shorter by what is lost. Where there are more,
    # somebody speaks often anyway, and too many would speak at once.
    some_hubs: int = 16
    summary_turns: int = 3
    young: float = 40.0
    tell_again_seconds: float = 300.0
    tell_most_seconds: float = 3600.0
    first_summary: float = 1.0
    # One that cannot wait for a quieter channel: the first, again until it is answered; the answers of one hub
    # are so far apart; and after so long in which nobody told what they hold.
    presence_again_seconds: float = 60.0
    presence_answer_seconds: float = 60.0
    presence_answers: int = 3
    presence_first_beats: int = 8
    presence_seconds: float = 3600.0

    # Asks (NORM's back-off and hold-off). ``ask_each`` widens the back-off with every neighbour
    # who might ask for the same, up to ``ask_most``: two hubs alone have nobody to suppress.
    ask_least: float = 1.0
    ask_each: float = 1.5
    ask_most: float = 12.0
    # An ask is repeated when an answer has had time: of many neighbours those who step in wait longer.
    ask_again_least: float = 4.0
    ask_again_each: float = 0.5
    ask_again: float = 12.0
    ask_patience: float = 3.0
    ask_quiet: Between = Between(2.0, 4.0)
    ask_slow_seconds: tuple[float, float, float] = (5.0, 10.0, 45.0)
    ask_slow_again_seconds: float = 30.0
    ask_slow_tries: int = 8
    ask_hurry_seconds: float = 180.0
    ask_backlog: int = 24
    growth: float = 1.5
    ask_records: int = 64
    asks_remembered: int = 16
    asks_yielded: int = 3
    asks_in_vain: int = 12

    # Answers. The feed's own hub comes first; others leave it time, and spread by their number.
    answer_own: Between = Between(0.0, 1.5)
    answer_other_after: float = 2.5
    answer_other_most: float = 12.0
    answer_ready: float = 1.0
    repeat: Between = Between(4.0, 6.0)
    answer_frames: int = 6
    answers_waiting: int = 32
    answer_spans: int = 8
    behind_frames: float = 6.0
    behind_seconds: float = 15.0
    behind_growth: float = 1.5
    # Of another hub's feed, once it has been held for so long: so many of those who hold it are ready.
    late_seconds: float = 180.0
    late_ready: float = 6.0
    lookups: int = 16

    # Coded repairs: so many frames in one, asked for within so many seconds, none of them longer than what is
    # there by more than the slack, which every receiver pays; looks into the library for one ask.
    mix_most: int = 6
    mix_seconds: float = 90.0
    mix_slack: int = 24
    mix_looks: int = 24
    mix_rows: int = 64
    mix_tries: int = 2

    # What somebody waits for: our own records first, another hub's when we may be the only bridge.
    owed: Between = Between(8.0, 10.0)
    owed_patience: int = 2
    relayed: Between = Between(6.0, 14.0)
    relayed_tries: int = 6
    owed_numbers: int = 8
    owed_entries: int = 64
    receipt: Between = Between(3.0, 6.0)
    receipt_again: Between = Between(0.5, 2.0)
    receipt_memory: float = 40.0
    receipts: int = 3

    # Proofs of care: what a hub may ask of another at once and in the long run, and how many parts wait.
    proof_quiet: Between = Between(4.0, 8.0)
    proof_parts: int = 24
    proof_part_seconds: float = 30.0
    proof_waiting: int = 64
    proof_memory_seconds: float = 900.0
    proof_tries: int = 60

    # What goes along in one packet, and how much earlier than it would be said alone.
    bundle_bytes: int = 200
    ask_early_seconds: float = 60.0

    # A breath after each packet, so that whoever waited for the channel gets it.
    breath: Between = Between(0.05, 0.15)

    # Old beats are forgotten after this silence: a hub that came back from a backup counts from
    # lower, and a forged high beat must not make it unheard for good.
    beat_memory_seconds: float = 1200.0
    neighbour_seconds: float = 3600.0
    frames_remembered: int = 256

    def ask_after(self, neighbours: int, rng: Random, frame: float) -> float:
        """Seconds until an ask, with so many neighbours who may ask for the same."""
        spread = min(self.ask_most - self.ask_least, self.ask_each * neighbours)
        return Between(self.ask_least, self.ask_least + spread).draw(rng, frame)

    def answer_after(self, own: bool, neighbours: int, rng: Random, frame: float) -> float:
        """Seconds until an answer: of ``own`` records, or of another hub's with so many who may."""
        if own:
            return self.answer_own.draw(rng, frame)
        spread = min(self.answer_other_most, (neighbours + 1) / 2)
        return Between(self.answer_other_after, self.answer_other_after + spread).draw(rng, frame)
