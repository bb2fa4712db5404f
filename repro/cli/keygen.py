"""``tta-energy keygen``: a key pair of one's own."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where the two files go; nothing there is replaced.",
)
@click.option(
    "--passphrase-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Encrypt the private key with the first line of FILE.",
)
def keygen(out: Path, passphrase_file: Path | None) -> None:
    """Make a P-256 key pair to sign bundles with.

    Keep the private file to yourself and pass it with --key. Give the public one to those who
    should trust your bundles.
    """
    from repro.signing import generate_key_files, read_passphrase  # noqa: PLC0415 - --help must answer at once

    passphrase = None if passphrase_file is None else read_passphrase(passphrase_file)
    private, public = generate_key_files(out, passphrase=passphrase)
    click.echo(f"private key  {private}")
    click.echo(f"public key   {public}")
