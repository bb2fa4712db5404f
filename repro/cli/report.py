"""``tta-energy report``: bundles turned into tables, figures and one page."""

from __future__ import annotations

from pathlib import Path

import click

PATH = click.Path(exists=True, path_type=Path)
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.argument("bundles", metavar="BUNDLE...", nargs=-1, required=True, type=PATH)
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write the report into DIR; files of an earlier report there are replaced.",
)
@click.option(
    "--trust-dir",
    "trust_dirs",
    multiple=True,
    type=FOLDER,
    metavar="DIR",
    help="Trust the keys in DIR (*.pem) too; may be repeated.",
)
@click.option("--require-trusted", is_flag=True, help="Fail unless every signer is trusted.")
@click.option("--strict", is_flag=True, help="Exit with 6 where a claim of the paper fails.")
def report(
    bundles: tuple[Path, ...],
    out: Path,
    trust_dirs: tuple[Path, ...],
    *,
    require_trusted: bool,
    strict: bool,
) -> None:
    """Make tables, figures and a page from bundles.

    BUNDLE is a bundle or a folder of them. Bundles that do not verify are refused.
    """
    from repro.analysis.report import write_report  # noqa: PLC0415 - --help must answer at once
    from repro.analysis.summary import summary_lines  # noqa: PLC0415
    from repro.bundle import examine, find_bundles  # noqa: PLC0415
    from repro.errors import ClaimError  # noqa: PLC0415
    from repro.signing import TrustStore  # noqa: PLC0415

    trust = TrustStore.load(directories=trust_dirs)
    examinations = (examine(path, trust=trust) for path in find_bundles(bundles))
    summary = write_report(examinations, out, require_trusted=require_trusted)
    for line in summary_lines(summary):
        click.echo(line)
    if strict and summary.failing_claims:
        listed = ", ".join(summary.failing_claims)
        raise ClaimError(f"claims: expected all to hold, found failing: {listed}")
