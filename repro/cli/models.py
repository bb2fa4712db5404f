"""``models``: what there is to measure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from repro.cli.options import models_dir_option

if TYPE_CHECKING:
    from pathlib import Path


@click.command(short_help="List the models, or show all that is known of one.")
@click.argument("name", required=False)
@models_dir_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list and nothing else.")
def models(name: str | None, models_dirs: tuple[Path, ...], *, as_json: bool) -> None:
    """List the models, or show one: parameters, licence, weights, deviations."""
    import json  # noqa: PLC0415 - --help must answer at once

    from repro.catalog import find, read_catalog  # noqa: PLC0415
    from repro.cli.screen import echo, terminal_width  # noqa: PLC0415
    from repro.views.models import render, render_one, summarize  # noqa: PLC0415

    catalog = read_catalog(models_dirs)
    chosen = [find(catalog, name)] if name else list(catalog.values())
    summaries = [summarize(model) for model in chosen]
    if as_json:
        click.echo(json.dumps([item.model_dump(mode="json") for item in summaries], indent=2))
    else:
        width = terminal_width()
        echo(render_one(summaries[0]) if name else render(summaries, width), hang=13)
