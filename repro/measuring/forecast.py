"""How much time and energy a run still takes, from what it has taken so far."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from repro.plan import key_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repro.plan import PlannedWindow
    from repro.records import Window

#: What a generation costs besides its steps, in steps: the median of the paper's seven models
#: by the reference times on their cards.
FIXED_STEPS = 5


class Left(NamedTuple):
    """What is left to do; energy is the GPU's, or the CPU's where no GPU is measured."""

    seconds: float
    energy_j: float


class Forecast:
    """Expects what is left to cost as much a step as what was done.

    Windows of many steps come last, so that counting windows would promise too much.

    Args:
        pending: the windows to come, warm-ups apart.
        now_s: the time on any clock that runs evenly.

    """

    def __init__(self, pending: Sequence[PlannedWindow], now_s: float) -> None:
        self._begun_s = now_s
        self._clips = {window.key: window.clips for window in pending}
        self._left = sum(_work(window.steps, window.clips) for window in pending)
        self._done = self._energy_j = 0.0

    def add(self, row: Window) -> None:
        """Take note of a finished window."""
        # A call may make fewer clips than its batch has, and a row that failed has made none.
        work = _work(row.steps, self._clips.get(key_of(row), row.batch_size))
        energy_j = row.energy_j
        self._left -= 0 if row.warmup else work
        self._done += work if row.duration_s is not None else 0
        self._energy_j += energy_j or 0.0

    def left(self, now_s: float) -> Left | None:
        """Return what is left, or None before anything was measured."""
        if not self._done:
            return None
        share = max(self._left, 0) / self._done
        return Left((now_s - self._begun_s) * share, self._energy_j * share)


def _work(steps: int, clips: int) -> float:
    return float((steps + FIXED_STEPS) * clips)
