"""A command that measures: for each model from request to signed, verified bundle."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from repro import bundle
from repro.errors import BundleError, ExitCode
from repro.files import write_atomically
from repro.measuring import rundir
from repro.measuring.costs import ClipCost, clip_costs
from repro.measuring.journal import read_journal
from repro.measuring.modelrun import ModelRun
from repro.records import Record, Status
from repro.signing import TrustStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from repro.catalog import Model
    from repro.measuring.progress import Listener
    from repro.meter.device import Device
    from repro.records import Run
    from repro.request import Request
    from repro.signing import SigningKey


class Outcome(Record):
    """What became of one model; ``scores`` is the bundle of its scores."""

    model: str
    bundle: Path | None
    scores: Path | None = None
    verdict: str | None
    bundle_class: str | None
    counts: dict[str, int] = Field(default_factory=dict)
    costs: tuple[ClipCost, ...] = ()
    exit_code: ExitCode = ExitCode.GOOD


class Campaign:
    """Measures models one after the other into an output folder.

    Args:
        out: the output folder, prepared and locked by the caller.
        open_device: opens what is measured on, once something is to be measured.
        key: returns the key a bundle is signed with.
        listener: hears of every window.
        restart: whether earlier runs of the same request are set aside.

    """

    def __init__(
        self,
        out: Path,
        open_device: Callable[[], Device],
        key: Callable[[], SigningKey],
        listener: Listener,
        *,
        restart: bool,
    ) -> None:
        self._out = out
        self._open_device = open_device
        self._key = key
        self._listener = listener
        self._restart = restart

    def measure(self, model: Model, request: Request) -> Outcome:
        """Measure one model, or go on where it was left, and return its bundle.

        Raises:
            TtaError: the run cannot begin or go on.

        """
        found = self._earlier(model, request)
        if found is None or not found[1].complete:
            run = ModelRun(
                self._out, model, request, self._open_device(), self._listener, earlier=found
            )
            run.measure()
            folder = run.folder
        else:
            folder = found[0]
            self._listener.say(f"{model.name}: finished before; nothing is measured again")
        return self._finish(model, folder, request)

    def _earlier(self, model: Model, request: Request) -> tuple[Path, Run] | None:
        """Return folder and journal of the run to go on with; set aside those that are not."""
        folders = rundir.find_folders(self._out, request)
        if not self._restart:
            return (folders[0], read_journal(folders[0] / rundir.JOURNAL)) if folders else None
        for folder in folders:
            self._open_device()  # nothing is set aside for a run that cannot begin
            kept = rundir.set_aside(folder)
            self._listener.say(f"{model.name}: the earlier run is kept in {kept}")
        return None

    def _finish(self, model: Model, folder: Path, request: Request) -> Outcome:
        run = read_journal(folder / rundir.JOURNAL)
        path = folder.with_suffix(".zip")
        if not path.exists():
            audio_dir = folder / "audio" if request.with_audio else None
            write_atomically(path, bundle.seal(run, key=self._key(), audio_dir=audio_dir))
        verdict = bundle.examine(path, trust=TrustStore.shipped())
        if verdict.verdict == bundle.Verdict.INVALID:
            raise BundleError(f"{path.name}: is invalid: {'; '.join(verdict.reasons)}")
        return Outcome(
            model=model.name,
            bundle=path,
            verdict=str(verdict.verdict),
            bundle_class=str(run.header.environment.bundle_class),
            counts=count_statuses(run),
            costs=clip_costs(run),
            exit_code=ExitCode.ROW_FAILED if _failed(run) else ExitCode.GOOD,
        )


def count_statuses(run: Run) -> dict[str, int]:
    """Return how many windows, warm-ups apart, ended in which status."""
    counts: dict[str, int] = {}
    for entry in run.entries:
        if not entry.row.warmup:
            counts[str(entry.row.status)] = counts.get(str(entry.row.status), 0) + 1
    return counts


def _failed(run: Run) -> bool:
    return any(entry.row.status is Status.FAILED and not entry.row.warmup for entry in run.entries)
