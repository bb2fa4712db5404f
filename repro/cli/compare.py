"""``tta-energy compare``: hardware against hardware, or a campaign against another."""

from __future__ import annotations

import json
from pathlib import Path

import click

PATH = click.Path(exists=True, path_type=Path)
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
SHARE = click.FloatRange(0, 1, min_open=True, max_open=True)


@click.command(short_help="Compare the energy of two or more sides, each a hardware.")
@click.argument("bundles", metavar="BUNDLE...", nargs=-1, required=True, type=PATH)
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write tables, figures and compare.html into DIR; a report there is left alone.",
)
@click.option(
    "--margin",
    type=SHARE,
    default=0.05,
    show_default=True,
    metavar="SHARE",
    help="Call energies the same within this share; 0.05 is 5 %, up or down as a factor.",
)
@click.option(
    "--reference",
    metavar="HARDWARE",
    help="Compare with this side: a word of its hardware or folder.  [default: the first named]",
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
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
def compare(
    bundles: tuple[Path, ...],
    out: Path,
    margin: float,
    reference: str | None,
    trust_dirs: tuple[Path, ...],
    *,
    require_trusted: bool,
    as_json: bool,
) -> None:
    """Compare the energy of two or more sides.

    Of different hardware: how many times the energy and the time the one needs of the other. And
    always whether the energies are the same: reproduced, not reproduced, inconclusive.

    BUNDLE is a bundle or a folder of them. A side is all bundles of one hardware in one folder;
    where everything named is one side that has a model twice, each bundle becomes one.

    \b
      tta-energy compare a40/ h200/ --out out       two kinds of hardware
      tta-energy compare all/*.zip --out out        the same, told apart by hardware
      tta-energy compare first/ second/ --out out   two campaigns on the same hardware
      tta-energy compare a.zip b.zip --out out      two runs

    All sides are compared with the first. Whatever the answer, the exit code is 0.
    """  # noqa: D301 - click's mark for lines that stay as they are is the character itself
    from repro.analysis.compare.answers import answer_lines  # noqa: PLC0415 - --help must answer at once
    from repro.analysis.compare.document import document  # noqa: PLC0415
    from repro.analysis.compare.files import write_comparison  # noqa: PLC0415
    from repro.analysis.compare.sides import folders  # noqa: PLC0415
    from repro.bundle import examine  # noqa: PLC0415
    from repro.signing import TrustStore  # noqa: PLC0415

    trust = TrustStore.load(directories=trust_dirs)
    sets = {
        name: (examine(path, trust=trust) for path in paths)
        for name, paths in folders(bundles).items()
    }
    written = write_comparison(
        sets, out, margin=margin, reference=reference, require_trusted=require_trusted
    )
    if as_json:
        click.echo(json.dumps(document(written.comparisons), indent=2, allow_nan=False))
        return
    for one in written.comparisons:
        for note in one.notes:
            click.echo(f"note: {note}", err=True)
        for text, models in one.loud.items():
            click.echo(f"differs: {text} ({', '.join(models)})", err=True)
    for one in written.comparisons:
        for line in answer_lines(one):
            click.echo(line)
    click.echo(f"open {written.page}")
