"""What a user sees while windows are measured: a bar on a terminal, plain lines elsewhere.

Redrawn between windows only; nothing runs in the background while one is open.
"""

from __future__ import annotations

import sys
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Column

from repro.energy.units import kwh
from repro.measuring.forecast import Forecast
from repro.records import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repro.measuring.forecast import Left
    from repro.plan import PlannedWindow
    from repro.records import Window, WindowEntry


BAR_WIDTH = 10
#: Less of the window's own text says nothing.
LEAST_TEXT = 16


class Listener(Protocol):
    """Hears how a campaign goes."""

    def begin(self, model: str, pending: Sequence[PlannedWindow], total: int) -> None:
        """Hear that a model begins: the windows that are left of how many."""

    def window(self, entry: WindowEntry) -> None:
        """Hear that a window is on disk."""

    def say(self, text: str) -> None:
        """Hear of something worth a line."""

    def end(self) -> None:
        """Hear that nothing more comes."""


class PlainLines:
    """One line a window, for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._done = self._total = 0
        self._forecast = Forecast((), 0.0)

    def begin(self, model: str, pending: Sequence[PlannedWindow], total: int) -> None:
        """Say how much there is to do."""
        self._done, self._total = total - len(pending), total
        self._forecast = Forecast(pending, time.monotonic())
        self.say(f"{model}: {total} windows, {self._done} done before")

    def window(self, entry: WindowEntry) -> None:
        """Say what was measured."""
        self._done += not entry.row.warmup
        self._forecast.add(entry.row)
        left = describe_left(self._forecast.left(time.monotonic()))
        self.say(f"[{self._done}/{self._total}{left and ', '}{left}] {describe_window(entry.row)}")

    def say(self, text: str) -> None:
        """Print a line."""
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    def end(self) -> None:
        """Nothing is left to be put away."""


class Bar:
    """A bar with the time and the energy left, and the last window as far as there is room."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description}", table_column=Column(no_wrap=True)),
            BarColumn(bar_width=BAR_WIDTH),
            MofNCompleteColumn(),
            TextColumn("{task.fields[left]}", table_column=Column(no_wrap=True)),
            TextColumn("{task.fields[last]}", table_column=Column(no_wrap=True)),
            console=console,
            auto_refresh=False,
        )
        self._task = self._progress.add_task("", total=None, visible=False, left="", last="")
        self._forecast = Forecast((), 0.0)
        self._progress.start()

    def begin(self, model: str, pending: Sequence[PlannedWindow], total: int) -> None:
        """Start a bar of the windows of one model."""
        self._forecast = Forecast(pending, time.monotonic())
        self._progress.reset(
            self._task, description=model, completed=total - len(pending), total=total,
            visible=True, left="", last="",
        )  # fmt: skip
        self._progress.refresh()

    def window(self, entry: WindowEntry) -> None:
        """Move on by one window and show its figures."""
        advance = 0 if entry.row.warmup else 1
        self._forecast.add(entry.row)
        left = describe_left(self._forecast.left(time.monotonic()))
        last = self._fitting(describe_window(entry.row), left)
        self._progress.update(self._task, advance=advance, left=left, last=last)
        self._progress.refresh()

    def _fitting(self, text: str, left: str) -> str:
        """Return as much of a text as there is room for beside what must stay."""
        (task,) = self._progress.tasks
        counted = 2 * len(f"{task.total:g}") + 1
        room = self._progress.console.width - len(task.description) - BAR_WIDTH - counted
        room -= len(left) + 4  # a space between two columns
        if room < LEAST_TEXT:
            return ""
        return text if len(text) <= room else f"{text[: room - 1]}…"

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        self._progress.console.print(text, highlight=False, markup=False)

    def end(self) -> None:
        """Leave the terminal as it was."""
        self._progress.stop()


def make_progress() -> Listener:
    """Return what fits standard error; standard output is for results."""
    console = Console(file=sys.stderr)
    return Bar(console) if console.is_terminal else PlainLines(console)


def describe_window(row: Window) -> str:
    """Return a window in a few words: its setting and what it cost, or how it ended."""
    setting = f"{row.study}, {row.steps} steps"
    if row.study == "batch":
        setting += f", {row.batch_size} at a time"
    if row.stage is not None:
        setting += f", {row.stage.replace('_', ' ')}"
    if row.dataset is not None:
        setting += f", {row.dataset} {row.item}"
    setting += ", warm-up" if row.warmup else f", repeat {row.repeat}"
    energy_j = row.energy_j
    ended = "" if row.status is Status.OK else str(row.status)
    ended += f" ({row.detail})" if ended and row.detail else ""
    if row.duration_s is None or energy_j is None:
        return f"{setting}: {ended}"
    cost = f"{_figure(row.duration_s)} s, {_figure(energy_j)} J{_times(row)} {row.energy_part}"
    return f"{setting}: {cost}" + (f", {ended}" if ended else "")


def _times(row: Window) -> str:
    """Say what the joules are of where that is not one generation."""
    if row.generations == 1:
        return ""
    return f" in {row.generations} {'generations' if row.stage is None else 'replays'},"


def describe_left(left: Left | None) -> str:
    """Return the time and the energy left, or nothing as long as nothing is known of them."""
    if left is None:
        return ""
    whole_kwh = kwh(left.energy_j)
    amount, unit = (whole_kwh, "kWh") if whole_kwh >= 1 else (1000 * whole_kwh, "Wh")
    whole = timedelta(seconds=round(left.seconds))
    return f"{whole} and {_figure(amount)} {unit} left"


def _figure(value: float) -> str:
    """Return a number to one decimal, or to three digits where that says more."""
    return f"{value:.1f}" if value >= 10 else f"{value:.3g}"  # noqa: PLR2004
