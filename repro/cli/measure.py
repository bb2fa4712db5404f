"""The tiers: commands that measure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from repro.cli.options import Function, grid_options


def measuring_options(function: Function) -> Function:
    """Add the options of a command that measures."""
    options = [
        click.option("--weights", metavar="hub|random|DIR",
                     help="Where weights come from.  [default: the tier's]"),
        click.option("--size", type=click.Choice(["full", "tiny"]),
                     help="The real architecture, or a small one of the same classes."),
        click.option("--device", metavar="cuda:N|cpu|simulated[:FILE]",
                     help="What to measure on.  [default: the tier's]"),
        click.option("--dtype", type=click.Choice(["float32", "float16", "bfloat16"]),
                     help="Precision.  [default: the paper's; float32 on a CPU]"),
        click.option("--attention", type=click.Choice(["sdpa", "eager"]), default="sdpa",
                     show_default=True, help="Attention back end."),
        click.option("--duration-mode", type=click.Choice(["paper", "exact"]), default="paper",
                     show_default=True,
                     help="Denoise as much as upstream does, or no more than is asked for."),
        click.option("--window-timeout", "window_timeout_s", type=click.FloatRange(min=0.1),
                     metavar="SECONDS", help="Give a generation up after this long."),
        click.option("--out", type=click.Path(file_okay=False, path_type=Path), default="out",
                     envvar="TTA_OUT", show_default=True, show_envvar=True,
                     help="Folder of journals and bundles."),
        click.option("--score/--no-score", default=True, show_default=True,
                     help="Score what was generated from captions right after."),
        click.option("--with-audio", is_flag=True, help="Put the audio into the bundle."),
        click.option("--key", type=click.Path(exists=True, dir_okay=False, path_type=Path),
                     help="Sign with this private key.  [default: one made for this bundle]"),
        click.option("--challenge", metavar="NONCE", help="A reviewer's nonce, to be signed."),
        click.option("--override", "overrides", multiple=True, metavar="CHECK",
                     help="Measure on a GPU although this check fails; may be repeated. Signed."),
        click.option("--restart", is_flag=True,
                     help="Set an earlier run of the same request aside and measure anew."),
    ]  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return grid_options(function)


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


@click.command()
@measuring_options
def full(**options: Any) -> None:
    """Measure the paper's protocol; write, sign and verify one bundle per model.

    The same command resumes what was interrupted. A finished run is only verified.
    """
    _measure("full", **options)


def _measure(tier: str, **options: Any) -> None:
    from repro.errors import ExitCode  # noqa: PLC0415
    from repro.tiers import run_tier  # noqa: PLC0415

    code = run_tier(tier, **options)
    if code is not ExitCode.GOOD:
        raise click.exceptions.Exit(code)
