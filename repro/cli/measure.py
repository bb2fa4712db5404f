"""The tiers: commands that measure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from repro.cli.options import measuring_options, read_key

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@measuring_options
def smoke(**options: Any) -> None:
    """Run the whole path at tiny size: no GPU, no weights, no network.

    What it writes is a demonstration and not a measurement.
    """
    _measure("smoke", **options)


@click.command()
@measuring_options
def quick(**options: Any) -> None:
    """Measure a smaller grid on a GPU, in about an hour for all models."""
    _measure("quick", **options)


@click.command(short_help="Measure the paper's protocol: one signed bundle per model.")
@measuring_options
def full(**options: Any) -> None:
    """Measure the paper's protocol; write, sign and verify one bundle per model.

    The same command resumes what was interrupted. A finished run is only verified.
    """
    _measure("full", **options)


def _measure(tier: str, *, key: Path | None, **options: Any) -> None:
    from repro.errors import ExitCode  # noqa: PLC0415
    from repro.measuring.tiers import run_tier  # noqa: PLC0415

    code = run_tier(tier, key=read_key(key), **options)
    if code is not ExitCode.GOOD:
        raise click.exceptions.Exit(code)
