"""``tta-energy score``: the quality of the clips of a run, in a signed bundle beside it."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from repro.cli.options import key_option, read_key

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command(short_help="Score the clips of a run: FAD and CLAP.")
@click.argument("bundle", type=FILE)
@click.option(
    "--audio",
    type=FOLDER,
    metavar="DIR",
    help="The clips of the run.  [default: in the bundle, or in the folder beside it]",
)
@click.option(
    "--captions-dir",
    type=FOLDER,
    metavar="DIR",
    help="The captions that were generated from, and reference audio for FAD.",
)
@click.option(
    "--engine",
    type=click.Choice(["laion", "transformers"]),
    default="laion",
    show_default=True,
    help="laion scores as the paper did; transformers cross-checks.",
)
@click.option(
    "--weights",
    metavar="hub|random|DIR",
    default="hub",
    show_default=True,
    help="Where the networks' weights come from; random ones demonstrate the path.",
)
@click.option(
    "--device", metavar="cuda:N|cpu", default="cpu", show_default=True, help="What to embed on."
)
@key_option
@click.option("--challenge", metavar="NONCE", help="A reviewer's nonce, to be signed.")
def score(
    bundle: Path,
    *,
    audio: Path | None,
    captions_dir: Path | None,
    engine: str,
    weights: str,
    device: str,
    key: Path | None,
    challenge: str | None,
) -> None:
    """Score the clips of a run: FAD and CLAP, with intervals and paired differences.

    BUNDLE is that of a run with the study quality. Its scores get a bundle of their own beside it,
    signed, that names the run by digest. The same command goes on where it was interrupted.
    """
    from repro.measuring.tiers import interruptible  # noqa: PLC0415
    from repro.scoring.progress import make_listener  # noqa: PLC0415 - --help must answer at once
    from repro.scoring.scorebundle import EMBEDDINGS, Engine, score_bundle  # noqa: PLC0415

    signing = read_key(key)
    listener = make_listener()
    working = Engine(engine, weights=weights, device=device, folder=bundle.parent / EMBEDDINGS)
    try:
        with interruptible():
            scored = score_bundle(
                bundle, working, listener=listener, audio=audio, captions_dir=captions_dir,
                challenge=challenge, key=signing,
            )  # fmt: skip
    finally:
        working.close()
        listener.end()
    click.echo(scored.bundle)
    click.echo(f"class: {scored.environment.bundle_class}, {scored.verdict}")
    command = ["tta-energy", "report", bundle, scored.bundle, "--out", bundle.parent / "report"]
    click.echo(f"next: {shlex.join(map(str, command))}")
