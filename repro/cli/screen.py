"""Text for a terminal, as wide as it is; a file or a program gets every line whole."""

from __future__ import annotations

import shutil
import sys
import textwrap

import click


def terminal_width() -> int | None:
    """Return the columns of the terminal that standard output is; None where it is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def echo(text: str, *, hang: int) -> None:
    """Print text; lines that are too long go on below themselves, ``hang`` columns in."""
    width = terminal_width()
    click.echo(text if width is None else folded(text, width, hang=hang))


def folded(text: str, width: int, *, hang: int) -> str:
    """Return text with its lines folded at spaces."""
    fold = textwrap.TextWrapper(
        width, subsequent_indent=" " * hang, break_long_words=False, break_on_hyphens=False
    )
    return "\n".join(line if len(line) <= width else fold.fill(line) for line in text.split("\n"))
