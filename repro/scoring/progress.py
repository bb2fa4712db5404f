"""What a user sees while clips are scored: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from typing import NamedTuple, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class Work(NamedTuple):
    """A stage of a scoring: what is counted, and what becomes of each."""

    counted: str
    done: str


EMBEDDING = Work("clips to embed", "embedded")
COMPUTING = Work("scores and differences to compute", "computed")


class Listener(Protocol):
    """Hears how a scoring goes."""

    def begin(self, name: str, total: int, work: Work) -> None:
        """Hear how much there is to do in a stage."""

    def advance(self, count: int) -> None:
        """Hear that so many more are done."""

    def say(self, text: str) -> None:
        """Hear of something worth a line."""

    def end(self) -> None:
        """Hear that nothing more comes."""


class PlainLines:
    """A line for each advance."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._name, self._work = "", EMBEDDING
        self._done, self._total = 0, 0

    def begin(self, name: str, total: int, work: Work) -> None:
        """Say how much there is to do."""
        self._name, self._work = name, work
        self._done, self._total = 0, total
        self.say(f"{name}: {total} {work.counted}")

    def advance(self, count: int) -> None:
        """Say how much is done."""
        self._done += count
        self.say(f"{self._name}: [{self._done}/{self._total}] {self._work.done}")

    def say(self, text: str) -> None:
        """Print a line."""
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    def end(self) -> None:
        """Nothing is left to be put away."""


class Bar:
    """A bar with the time left."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
            TimeRemainingColumn(), console=console,
        )  # fmt: skip
        self._task = self._progress.add_task("", total=None, visible=False)
        self._progress.start()

    def begin(self, name: str, total: int, work: Work) -> None:
        """Start the bar of a stage of one run."""
        self._progress.reset(
            self._task, description=f"{name}: {work.counted}", total=total, visible=True
        )

    def advance(self, count: int) -> None:
        """Move on."""
        self._progress.update(self._task, advance=count)

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        self._progress.console.print(text, highlight=False, markup=False)

    def end(self) -> None:
        """Leave the terminal as it was."""
        self._progress.stop()


def make_listener() -> Listener:
    """Return what fits standard error; standard output is for results."""
    console = Console(file=sys.stderr)
    return Bar(console) if console.is_terminal else PlainLines(console)
