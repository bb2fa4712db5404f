"""Options and value types that several commands share."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from repro.signing import SigningKey

Function = TypeVar("Function", bound=Callable[..., Any])

DEVICES = "cuda:N|cpu|simulated[:FILE]"
SIMULATED_HELP = (
    "FILE says what a simulated GPU is like: artifact/simulated.toml of the repository has every "
    "setting."
)
STUDIES = ("steps", "batch", "quality", "sanity", "stages")


def counts(value: str) -> tuple[int, ...]:
    """Read positive integers, ``10,25`` or ``1-10`` or both, in their order and each once."""
    numbers: list[int] = []
    for part in value.split(","):
        match = re.fullmatch(r"\s*(\d+)(?:\s*-\s*(\d+))?\s*", part)
        first = int(match[1]) if match else 0
        last = int(match[2]) if match and match[2] else first
        if first < 1 or last < first:
            expected = "expected positive integers such as 10,25 or 1-10"
            raise click.BadParameter(f"{expected}, found {value!r}")
        numbers += range(first, last + 1)
    return tuple(dict.fromkeys(numbers))


def device_name(value: str) -> str:
    """Take the name of what is measured on; whether it is there is found out later."""
    if not re.fullmatch(r"cpu|cuda:\d+|simulated(:.+)?", value):
        raise click.BadParameter(f"expected {DEVICES}, found {value!r}")
    return value


models_dir_option = click.option(
    "--models-dir",
    "models_dirs",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with further model folders; may be repeated.",
)


key_option = click.option(
    "--key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Sign with this private key; its passphrase is in TTA_KEY_PASSPHRASE or is asked for.  "
    "[default: one made for this bundle and forgotten]",
)


def read_key(path: Path | None) -> Callable[[], SigningKey]:
    """Return what gives the key to sign with: that of the file, read now, or a new one each time.

    Read before hours of work, so that a wrong passphrase, or nobody there to type it, shows first.
    """
    from repro.signing import ephemeral_key, load_signing_key  # noqa: PLC0415

    if path is None:
        return ephemeral_key
    ask = partial(click.prompt, f"passphrase of {path}", hide_input=True, err=True)
    key = load_signing_key(path, ask=ask if sys.stdin.isatty() else None)
    return lambda: key


def grid_options(function: Function) -> Function:
    """Add the options that choose models and cut the grid."""
    options = [
        click.option("--model", "models", multiple=True, metavar="NAME", envvar="TTA_MODELS",
                     show_envvar=True,
                     help="Measure this model; may be repeated.  [default: all of the paper's]"),
        click.option("--study", "studies", multiple=True, type=click.Choice(STUDIES),
                     help="Ask only this question; may be repeated.  [default: the tier's]"),
        click.option("--protocol", default="paper", show_default=True, metavar="NAME",
                     help="How windows are made."),
        click.option("--steps", type=counts, metavar="N,N-N", help="Inference steps, e.g. 10,25."),
        click.option("--batch-sizes", type=counts, metavar="N,N-N",
                     help="Sizes of the study batch, 1,2 or 1-10."),
        click.option("--repeats", type=click.IntRange(min=1), help="Measured windows per setting."),
        models_dir_option,
    ]  # fmt: skip
    function = caption_options(function)
    for option in reversed(options):
        function = option(function)
    return function


CAPTIONS_DIR_HELP = """Folder with the captions of the studies quality and sanity. For each data
set DIR/DATASET.csv, or DATASET_ and anything: a list with the columns file_name,caption,duration,
AudioCaps' own test.csv (version 1), or Clotho's own evaluation captions. Beside it a folder
DIR/DATASET with the recordings (WAV or FLAC), which only FAD needs; they may have any rate, and
channels are averaged."""


def caption_options(function: Function) -> Function:
    """Add the options that choose what the studies ``quality`` and ``sanity`` generate from."""
    options = [
        click.option("--captions-dir", metavar="DIR", help=CAPTIONS_DIR_HELP,
                     type=click.Path(exists=True, file_okay=False, path_type=Path)),
        click.option("--caption-set", type=click.Choice(["paper", "seeded"]),
                     help="The paper's captions, or one each of as many recordings by a fixed "
                          "seed.  [default: a list as it is; paper from a data set's own file]"),
        click.option("--dataset", "datasets", multiple=True, metavar="NAME",
                     help="Captions of this data set; may be repeated. 'synthetic' comes with the "
                          "program.  [default: the protocol's]"),
        click.option("--captions", type=click.IntRange(min=1), metavar="N",
                     help="Only the first N captions of each data set."),
    ]  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


def measuring_options(function: Function) -> Function:
    """Add the options of a command that measures."""
    options = [
        click.option("--weights", metavar="hub|random|DIR",
                     help="Where weights come from.  [default: the tier's]"),
        click.option("--size", type=click.Choice(["full", "tiny"]),
                     help="The real architecture, or a small one of the same classes."),
        click.option("--device", type=device_name, metavar=DEVICES,
                     help=f"What to measure on. {SIMULATED_HELP}  [default: the tier's]"),
        click.option("--dtype", type=click.Choice(["float32", "float16", "bfloat16"]),
                     help="Precision.  [default: the paper's; float32 on a CPU]"),
        click.option("--attention", type=click.Choice(["sdpa", "eager"]), default="sdpa",
                     show_default=True, help="Attention back end."),
        click.option("--duration-mode", type=click.Choice(["paper", "exact"]), default="paper",
                     show_default=True,
                     help="Denoise as much as upstream does, or no more than is asked for."),
        click.option("--window-timeout", "window_timeout_s", type=click.FloatRange(min=0.1),
                     metavar="SECONDS", help="Give a generation up after this long."),
        click.option("--out", type=click.Path(file_okay=False, path_type=Path), default="out",
                     envvar="TTA_OUT", show_default=True, show_envvar=True,
                     help="Folder of journals and bundles."),
        click.option("--score/--no-score", default=True, show_default=True,
                     help="Score what was generated from captions right after."),
        click.option("--with-audio", is_flag=True, help="Put the audio into the bundle."),
        key_option,
        click.option("--challenge", metavar="NONCE", help="A reviewer's nonce, to be signed."),
        click.option("--override", "overrides", multiple=True, metavar="CHECK",
                     help="Measure on a GPU although this check fails; may be repeated. Signed."),
        click.option("--restart", is_flag=True,
                     help="Set an earlier run of the same request aside and measure anew."),
    ]  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return grid_options(function)
