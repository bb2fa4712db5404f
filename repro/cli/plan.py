"""``plan``: the grid of a tier, printed; nothing runs."""

from __future__ import annotations

from typing import Any

import click

from repro.cli.options import measuring_options

#: Options of a tier that do not change what is measured.
BESIDE_THE_GRID = ("out", "score", "key", "overrides", "restart")


@click.command(short_help="Print what a tier would measure; runs nothing.")
@click.argument("tier", type=click.Choice(["smoke", "quick", "full"]))
@measuring_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
def plan(*, as_json: bool, **options: Any) -> None:
    """Print what a tier would measure: windows, clips, minutes, GPU energy, disk. Runs nothing.

    It takes every option of a tier, so that `plan` can be put before any command that measures.
    Times and energies are those of the paper's GPU, an NVIDIA A40, without loading models.
    """
    import json  # noqa: PLC0415

    from repro.cli.screen import echo  # noqa: PLC0415
    from repro.views.plan import preview, render  # noqa: PLC0415

    grid = preview(**{name: options[name] for name in options if name not in BESIDE_THE_GRID})
    if as_json:
        click.echo(json.dumps(grid.model_dump(mode="json"), indent=2))
    else:
        echo(render(grid), hang=4)
