"""``tta-energy doctor``: is this machine fit to measure, and what to do where it is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from repro.cli.options import DEVICES, SIMULATED_HELP, device_name, grid_options


@click.command(short_help="Check whether this machine is fit to measure.")
@grid_options
@click.option(
    "--device",
    default="cuda:0",
    show_default=True,
    type=device_name,
    metavar=DEVICES,
    help=f"What is to be measured on. {SIMULATED_HELP}",
)
@click.option("--weights", metavar="hub|random|DIR", help="Where weights come from.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default="out",
    envvar="TTA_OUT",
    show_default=True,
    show_envvar=True,
    help="Folder of journals and bundles.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
def doctor(*, as_json: bool, **options: Any) -> None:
    """Check whether this machine is fit to measure; exit with 4 where a check fails.

    The checks are those that a run on a GPU makes first. The options that choose models and cut
    the grid say what is to be measured.
    """
    import json  # noqa: PLC0415 - --help must answer at once

    from repro.cli.screen import echo  # noqa: PLC0415
    from repro.errors import ExitCode  # noqa: PLC0415
    from repro.views.doctor import consult, render  # noqa: PLC0415

    answer = consult(**options)
    if as_json:
        click.echo(json.dumps(answer.model_dump(mode="json"), indent=2))
    else:
        echo(render(answer), hang=24)
    if not answer.fit:
        raise click.exceptions.Exit(ExitCode.METER)
