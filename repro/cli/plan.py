"""``plan``: the grid of a tier, printed; nothing runs."""

from __future__ import annotations

from typing import Any

import click

from repro.cli.options import grid_options


@click.command()
@click.argument("tier", type=click.Choice(["smoke", "quick", "full"]))
@grid_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
def plan(*, as_json: bool, **options: Any) -> None:
    """Print what a tier would measure: windows, generations, minutes, disk. Runs nothing.

    Times are those of the paper's GPU, an NVIDIA A40, without loading models.
    """
    import json  # noqa: PLC0415

    from repro.preview import preview, render  # noqa: PLC0415

    grid = preview(**options)
    if as_json:
        click.echo(json.dumps(grid.model_dump(mode="json"), indent=2))
    else:
        click.echo(render(grid))
