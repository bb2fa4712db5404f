"""Options and value types that several commands share."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])

STUDIES = ("steps", "batch", "quality", "sanity")


class Counts(click.ParamType[tuple[int, ...]]):
    """Positive integers, ``10,25`` or ``1-10`` or both."""

    name = "N,N-N"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Read the list; the order is kept and a repetition dropped."""
        if isinstance(value, tuple):
            return value
        numbers: list[int] = []
        for part in str(value).split(","):
            match = re.fullmatch(r"\s*(\d+)(?:\s*-\s*(\d+))?\s*", part)
            first = int(match[1]) if match else 0
            last = int(match[2]) if match and match[2] else first
            if first < 1 or last < first:
                expected = "expected positive integers such as 10,25 or 1-10"
                self.fail(f"{expected}, found {value!r}", param, ctx)
            numbers += range(first, last + 1)
        return tuple(dict.fromkeys(numbers))


COUNTS = Counts()


models_dir_option = click.option(
    "--models-dir",
    "models_dirs",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with further model folders; may be repeated.",
)


def grid_options(function: Function) -> Function:
    """Add the options that choose models and cut the grid."""
    options = [
        click.option("--model", "models", multiple=True, metavar="NAME",
                     help="Measure this model; may be repeated.  [default: all of the paper's]"),
        click.option("--study", "studies", multiple=True, type=click.Choice(STUDIES),
                     help="Ask only this question; may be repeated.  [default: the tier's]"),
        click.option("--protocol", default="paper", show_default=True, metavar="NAME",
                     help="How windows are made."),
        click.option("--steps", type=COUNTS, help="Steps of the study steps, e.g. 10,25."),
        click.option("--batch-sizes", type=COUNTS, help="Sizes of the study batch, 1,2 or 1-10."),
        click.option("--repeats", type=click.IntRange(min=1), help="Measured windows per setting."),
        models_dir_option,
    ]  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function
