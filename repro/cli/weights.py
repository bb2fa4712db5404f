"""``weights``: fetch and check checkpoints."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from repro.cli.options import models_dir_option


@click.group(short_help="Fetch and check the checkpoints of models and scorer.")
def weights() -> None:
    """Fetch and check the checkpoints of models, and of the scorer (scorer, scorer-tokenizer)."""


@weights.command(short_help="Fetch a checkpoint by its pinned revision.")
@click.argument("name")
@click.option(
    "--token-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File that holds a token of the hub, for a gated model.  [default: this machine's login]",
)
@models_dir_option
@click.option("--yes", is_flag=True, help="Accept the licence without being asked.")
def fetch(name: str, token_file: Path | None, models_dirs: tuple[Path, ...], *, yes: bool) -> None:
    """Fetch a checkpoint by its pinned revision; resumes what was interrupted.

    Its licence and size are shown first: several allow no commercial use.
    """
    from repro import weights as store  # noqa: PLC0415 - --help must answer at once
    from repro.catalog import find_checkpoint  # noqa: PLC0415

    card = find_checkpoint(name, models_dirs)
    note = f" ({card.licence_note})" if card.licence_note else ""
    click.echo(f"{card.checkpoint} at {card.revision}, licence {card.licence}{note}", err=True)
    for one in card.companions:
        click.echo(f"{one.checkpoint} at {one.revision}, licence {one.licence}", err=True)
    size = f"{card.weights_bytes / 1e9:.1f} GB" if card.weights_bytes else "not known beforehand"
    click.echo(f"size {size}", err=True)
    if not yes:
        _ask()
    token = token_file.read_text(encoding="utf-8").strip() if token_file else None
    click.echo(store.fetch(card, token))


def _ask() -> None:
    from repro.errors import TtaError, UsageError  # noqa: PLC0415 - --help must answer at once

    try:
        agreed = click.confirm("fetch it under this licence?", err=True)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        click.echo(err=True)
        raise UsageError("no terminal to ask on: pass --yes") from None
    if not agreed:
        raise TtaError("declined: nothing was fetched")


@weights.command()
@click.argument("name")
@click.option(
    "--weights",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Check this folder.  [default: the cache of the hub]",
)
@models_dir_option
def check(name: str, folder: Path | None, models_dirs: tuple[Path, ...]) -> None:
    """Compare every file of a checkpoint with its digest."""
    from repro import weights as store  # noqa: PLC0415 - --help must answer at once
    from repro.catalog import find_checkpoint  # noqa: PLC0415

    card = find_checkpoint(name, models_dirs)
    files = store.check(card, folder)
    for item in files:
        click.echo(f"{item.state:<8} {item.file}")
    store.refuse_damaged(card, files)
