"""``tta-energy verify``: is a bundle what it was when it was signed, and by whom."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repro.bundle import Examination

PATH = click.Path(exists=True, path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
HEADING = ("bundle", "verdict", "class", "signer", "why")
#: How a key that is not trusted begins, and how much of it is shown; --json has all of it.
FINGERPRINT, SHOWN = "sha256:", 19
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.argument("bundles", metavar="BUNDLE...", nargs=-1, required=True, type=PATH)
@click.option(
    "--trust-dir",
    "trust_dirs",
    multiple=True,
    type=FOLDER,
    metavar="DIR",
    help="Trust the keys in DIR (*.pem) too; may be repeated.",
)
@click.option(
    "--public-key",
    type=FILE,
    metavar="FILE",
    help="Trust this key and not the shipped ones, and require it.",
)
@click.option("--require-trusted", is_flag=True, help="Fail unless every signer is trusted.")
@click.option("--challenge", metavar="NONCE", help="Fail unless the run was made for this nonce.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list and nothing else.")
def verify(
    bundles: tuple[Path, ...],
    trust_dirs: tuple[Path, ...],
    public_key: Path | None,
    *,
    require_trusted: bool,
    challenge: str | None,
    as_json: bool,
) -> None:
    """Verify bundles: TRUSTED, INTEGRITY_ONLY or INVALID, and why.

    BUNDLE is a bundle or a folder of them.

    TRUSTED means that a key you trust signed exactly this; INTEGRITY_ONLY that nothing changed
    since somebody signed it. Neither shows that a measurement was honest. Scores are compared
    with the run they are of where both are named.
    """
    from repro.bundle import examine, find_bundles  # noqa: PLC0415 - --help must answer at once
    from repro.bundle.family import compared  # noqa: PLC0415
    from repro.bundle.verify import require  # noqa: PLC0415
    from repro.signing import TrustStore  # noqa: PLC0415

    keys = () if public_key is None else (public_key,)
    trust = TrustStore.load(directories=trust_dirs, files=keys, shipped=public_key is None)
    paths = find_bundles(bundles)
    found = compared([examine(path, trust=trust, challenge=challenge) for path in paths])
    if as_json:
        click.echo(json.dumps([_document(one) for one in found], indent=2))
    else:
        click.echo(_table(found))
    require(found, trusted=require_trusted or public_key is not None)


def _document(one: Examination) -> dict[str, Any]:
    return {
        "bundle": one.bundle,
        "verdict": one.verdict,
        "reasons": list(one.reasons),
        "signer": one.signer,
        "class": one.bundle_class,
        "imported": one.imported,
    }


def _table(examinations: Sequence[Examination]) -> str:
    """Return a line for each bundle under a heading; the last column is as long as it is."""
    rows = [HEADING, *(_row(one) for one in examinations)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)][:-1]
    lines = (
        [*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]
        for row in rows
    )
    return "\n".join("  ".join(line).rstrip() for line in lines)


def _row(one: Examination) -> tuple[str, ...]:
    signer = one.signer or "-"
    if signer.startswith(FINGERPRINT) and len(signer) > SHOWN:
        signer = f"{signer[:SHOWN]}…"
    reasons = "; ".join(one.reasons)
    return one.bundle, one.verdict.value, one.bundle_class or "-", signer, reasons
