"""What a user sees while clips are scored: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class Listener(Protocol):
    """Hears how a scoring goes."""

    def begin(self, name: str, clips: int) -> None:
        """Hear how many clips there are to embed."""

    def advance(self, clips: int) -> None:
        """Hear that so many more are done."""

    def say(self, text: str) -> None:
        """Hear of something worth a line."""

    def end(self) -> None:
        """Hear that nothing more comes."""


class PlainLines:
    """A line for each set."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._name, self._done, self._total = "", 0, 0

    def begin(self, name: str, clips: int) -> None:
        """Say how much there is to do."""
        self._name, self._done, self._total = name, 0, clips
        self.say(f"{name}: {clips} clips to embed")

    def advance(self, clips: int) -> None:
        """Say how much is done."""
        self._done += clips
        self.say(f"{self._name}: [{self._done}/{self._total}] embedded")

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

    def begin(self, name: str, clips: int) -> None:
        """Start a bar of the clips of one run."""
        self._progress.reset(
            self._task, description=f"{name}, embedding", total=clips, visible=True
        )

    def advance(self, clips: int) -> None:
        """Move on."""
        self._progress.update(self._task, advance=clips)

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
