"""A tier from its options to its exit code: what the commands ``smoke``, ``quick``, ``full`` do."""

from __future__ import annotations

import signal
import sys
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from repro import rundir
from repro.campaign import Campaign, Outcome
from repro.catalog import choose, read_catalog
from repro.errors import ExitCode, Interrupted, TtaError, UsageError
from repro.meter.device import Device, open_device
from repro.progress import make_progress
from repro.request import Options, Request, chosen_protocol, make_request
from repro.signing import ephemeral_key, load_signing_key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from repro.catalog import Model
    from repro.progress import Listener

#: Studies of a protocol that this version cannot measure yet.
NOT_MEASURED = ("quality", "sanity")


def run_tier(
    tier: str,
    *,
    models: tuple[str, ...],
    models_dirs: tuple[Path, ...],
    out: Path,
    key: Path | None,
    restart: bool,
    **options: Any,
) -> ExitCode:
    """Measure the chosen models one after the other and print what came of it.

    Raises:
        TtaError: nothing can be measured at all, or the run was interrupted.

    """
    chosen = _chosen_models(models, models_dirs)
    progress = make_progress()
    requests = _requests(Options(tier=tier, **options), chosen, progress)
    rundir.prepare(out)
    try:
        with interruptible(), rundir.locked(out / rundir.LOCK, f"out {out}"), ExitStack() as held:
            campaign = Campaign(
                out,
                open_device=cache(lambda: _open_locked(held, requests[0][1])),
                key=lambda: load_signing_key(key) if key else ephemeral_key(),
                listener=progress,
                restart=restart,
            )
            outcomes = [_attempt(campaign, *pair, progress) for pair in requests]
    finally:
        progress.end()
    print_summary(outcomes, out)
    return worst(outcomes)


def worst(outcomes: list[Outcome]) -> ExitCode:
    """Return the exit code of a run: an error outweighs a failed row, which outweighs good."""
    codes = {outcome.exit_code for outcome in outcomes}
    order = (ExitCode.METER, ExitCode.BUNDLE, ExitCode.USAGE, ExitCode.ERROR, ExitCode.ROW_FAILED)
    return next((code for code in order if code in codes), ExitCode.GOOD)


def print_summary(outcomes: list[Outcome], out: Path) -> None:
    """Print a line per model, the path of each bundle and the command to type next."""
    console = Console(file=sys.stdout)
    table = Table(box=None, pad_edge=False)
    for heading in ("model", "windows", "class", "verdict"):
        table.add_column(heading)
    for outcome in outcomes:
        counts = ", ".join(f"{count} {status}" for status, count in outcome.counts.items())
        table.add_row(
            outcome.model, counts or "-", outcome.bundle_class or "-", outcome.verdict or "error"
        )
    console.print(table)
    for outcome in outcomes:
        line = str(outcome.bundle) if outcome.bundle else f"{outcome.model}: {outcome.error}"
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    bundles = [outcome.bundle for outcome in outcomes if outcome.bundle]
    if bundles:
        listed = " ".join(str(path) for path in bundles)
        command = f"next: tta-energy report {listed} --out {out / 'report'}"
        console.print(command, highlight=False, markup=False, soft_wrap=True)


@contextmanager
def interruptible() -> Iterator[None]:
    """Turn SIGINT and SIGTERM into :class:`Interrupted` for the length of a run."""

    def stop(number: int, _: object) -> None:
        name = signal.Signals(number).name
        raise Interrupted(
            f"interrupted by {name}: every finished window is kept; the same command resumes"
        )

    previous = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _chosen_models(names: tuple[str, ...], extra: tuple[Path, ...]) -> list[Model]:
    catalog = read_catalog(extra)
    if names:
        return choose(catalog, names)
    installed = [model for model in catalog.values() if model.card.in_paper and not model.missing()]
    if not installed:
        reason = next(iter(catalog.values())).missing()
        raise UsageError(
            f"models: expected one of the paper's to be installed, found none: {reason}"
        )
    return installed


def _requests(
    options: Options, models: list[Model], progress: Listener
) -> list[tuple[Model, Request]]:
    """Return the requests, without the studies that cannot be measured, which are announced."""
    protocol, _ = chosen_protocol(options)
    asked = protocol.studies.names()
    kept = tuple(study for study in asked if study not in NOT_MEASURED)
    if not kept:
        raise UsageError(f"study: {', '.join(asked)} cannot be measured by this version")
    for study in asked:
        if study not in kept:
            progress.say(f"study {study}: unsupported by this version, left out; the rest runs")
    options = options.model_copy(update={"studies": kept})
    return [(model, make_request(options, model)) for model in models]


def _open_locked(held: ExitStack, request: Request) -> Device:
    name = request.device
    device = open_device(name, request.protocol.tracker)
    if device.gpu is not None and not device.gpu.simulated:
        held.enter_context(rundir.locked(rundir.gpu_lock(device.gpu.uuid), f"device {name}"))
    return device


def _attempt(campaign: Campaign, model: Model, request: Request, progress: Listener) -> Outcome:
    """Measure one model; what stops it does not stop the next one, except an interrupt."""
    try:
        return campaign.measure(model, request)
    except Interrupted:
        raise
    except TtaError as error:
        progress.say(f"error: {model.name}: {error}")
        return Outcome(
            model=model.name, bundle=None, verdict=None, bundle_class=None,
            error=str(error), exit_code=error.exit_code,
        )  # fmt: skip
