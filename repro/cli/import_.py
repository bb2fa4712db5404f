"""``tta-energy import``: measurements made elsewhere, as bundles that say so."""

from __future__ import annotations

from pathlib import Path

import click

from repro.cli.options import key_option, read_key


@click.command("import")
@click.argument(
    "folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option(
    "--layout", required=True, metavar="NAME", help="How the files are laid out: passoni2025."
)
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where the bundles go; nothing there is replaced.",
)
@key_option
@click.option(
    "--source",
    metavar="TEXT",
    help="Where the files come from.  [default: what a checkout of the publication says]",
)
@click.option("--commit", metavar="SHA", help="Commit of the publication.  [default: likewise]")
def import_(
    folder: Path,
    *,
    layout: str,
    out: Path,
    key: Path | None,
    source: str | None,
    commit: str | None,
) -> None:
    """Turn measurements that others published into bundles.

    One bundle per model, marked imported, with the digest of every file it was made of. What the
    files do not say stays empty. Parts that are not there whole are left out and named.
    """
    from repro.importers import import_folder  # noqa: PLC0415 - --help must answer at once

    found = import_folder(
        folder, layout=layout, out=out, key=read_key(key), source=source, commit=commit
    )
    for notice in found.notices:
        click.echo(f"note: {notice}", err=True)
    for path in found.bundles:
        click.echo(path)
    click.echo(f"source: {found.origin.source}, commit {found.origin.commit or 'not stated'}")
    click.echo(f"next: tta-energy report {out} --out report")
