"""From a planned window and what became of it to a row of ``measurements.csv``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from repro.energy.budget import combined_j, quantisation_j
from repro.energy.gate import Judged, dispute, without_tail_j
from repro.meter.disturbances import aliasing
from repro.records import Status, Window
from repro.workers.adapter import Replayed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repro.catalog import ModelCard
    from repro.meter.window import Measurement
    from repro.plan import PlannedWindow
    from repro.protocol import Protocol
    from repro.records import Reading
    from repro.workers.adapter import Generated

#: What a worker's misfortune is called in a row.
STATUS_OF_KIND = {
    "oom": Status.OOM,
    "crash": Status.FAILED,
    "hang": Status.FAILED,
    "error": Status.FAILED,
}


class Work(NamedTuple):
    """What was done in a window: how often, the denoiser's calls each time alike, what it made."""

    times: int
    denoiser_calls: tuple[int, ...]
    calls: int
    clips: int
    audio_s: float | None


def _work(done: Sequence[Generated] | Replayed) -> Work:
    if isinstance(done, Replayed):
        each = done.denoiser_calls
        return Work(done.replays, (each,), done.replays * each, clips=0, audio_s=None)
    calls = tuple(one.denoiser_calls for one in done)
    audio_s = sum(one.clips * one.seconds for one in done)
    return Work(len(done), calls, sum(calls), sum(one.clips for one in done), audio_s)


class RowMaker:
    """Writes the rows of one run.

    Args:
        protocol: whose headline reading becomes ``gpu_energy_j``.
        card: the model.
        on_gpu: whether a GPU is measured; else the CPU's energy is what must not be missing.
        refresh_period_s: of the GPU's energy counter, for the uncertainty; None without one.
        gpu_name: what NVML calls the GPU; empty without one.

    """

    def __init__(
        self,
        protocol: Protocol,
        card: ModelCard,
        *,
        on_gpu: bool,
        refresh_period_s: float | None,
        gpu_name: str = "",
    ) -> None:
        self._protocol = protocol
        self._card = card
        self._on_gpu = on_gpu
        self._refresh_period_s = refresh_period_s
        self._gpu_name = gpu_name

    def measured(
        self,
        number: int,
        planned: PlannedWindow,
        measurement: Measurement,
        generated: Sequence[Generated] | Replayed,
        *,
        warmup: bool,
    ) -> Window:
        """Return the row of a window in which the same was done once or more.

        Its status is ``failed`` where the reading that counts is zero or missing, where its
        generations were not alike or none called the denoiser, and ``disputed`` where the readings
        of the GPU disagree.
        """
        energies = self._energies(measurement)
        work = _work(generated)
        executed = sorted(set(work.denoiser_calls))
        problem = self._missing_energy(energies) or _unlike(executed) or _uncounted(planned, work)
        disputed = dispute(self._judged(measurement), measurement.duration_s)
        return Window(
            **self._plan_fields(number, planned, warmup=warmup),
            **energies,
            executed_steps=executed[0] if len(executed) == 1 else None,
            executed_steps_source="counted",
            status=_status(problem, disputed),
            started_at=measurement.started_at,
            duration_s=measurement.duration_s,
            clips=work.clips,
            audio_s=work.audio_s,
            generations=work.times,
            disturbances="; ".join(self._disturbances(measurement, work.calls)) or None,
            detail=problem or disputed,
        )

    def unmeasured(
        self,
        number: int,
        planned: PlannedWindow,
        status: Status,
        detail: str,
        *,
        started_at: str,
        warmup: bool,
    ) -> Window:
        """Return the row of a window that was refused or went wrong."""
        return Window(
            **self._plan_fields(number, planned, warmup=warmup),
            status=status,
            started_at=started_at,
            clips=0,
            detail=detail,
        )

    def _plan_fields(self, number: int, planned: PlannedWindow, *, warmup: bool) -> dict[str, Any]:
        return {
            "window": number,
            "study": planned.study,
            "model": self._card.name,
            "checkpoint": self._card.checkpoint,
            "steps": planned.steps,
            "batch_size": planned.batch_size,
            "repeat": planned.repeat,
            "item": planned.item,
            "dataset": planned.dataset,
            "seed": self._protocol.seed + planned.item,
            "warmup": warmup,
            "stage": planned.stage,
        }

    def _energies(self, measurement: Measurement) -> dict[str, Any]:
        """Return the energy columns; a reading of nothing is left empty, never written as 0."""
        found = {(item.instrument, item.quantity): item for item in measurement.readings}
        fields: dict[str, Any] = {}
        for instrument in ("codecarbon", "counter", "trace"):
            reading = found.get((instrument, "gpu"))
            fields[f"gpu_energy_{instrument}_j"] = _joules(reading)
        for quantity in ("cpu", "ram"):
            reading = found.get(("codecarbon", quantity))
            joules = _joules(reading)
            fields[f"{quantity}_energy_j"] = joules
            fields[f"{quantity}_source"] = reading.source if reading and joules else None
        return {**fields, **self._headline(fields, measurement)}

    def _headline(self, fields: dict[str, Any], measurement: Measurement) -> dict[str, Any]:
        headline = self._protocol.headline
        energy_j = fields[f"gpu_energy_{headline}_j"]
        if energy_j is None:
            return {}
        readings = measurement.readings
        reading = next(
            one for one in readings if (one.instrument, one.quantity) == (headline, "gpu")
        )
        return {
            "gpu_energy_j": energy_j,
            "gpu_meter": headline,
            "uncertainty_j": self._uncertainty_j(reading, measurement.duration_s) or None,
        }

    def _uncertainty_j(self, reading: Reading, duration_s: float) -> float:
        """Return the standard uncertainty of a reading, without the sensor's gain.

        CodeCarbon reads the counter wherever it stands, and so knows each edge to one refresh.
        """
        if reading.timing_u_j is not None:
            return combined_j(reading.timing_u_j, reading.idle_u_j)
        return quantisation_j(reading.energy_j / duration_s, self._refresh_period_s or 0.0)

    def _judged(self, measurement: Measurement) -> list[Judged]:
        gpu = [one for one in measurement.readings if one.quantity == "gpu" and one.energy_j > 0]
        return [
            Judged(
                reading.instrument,
                _of_the_work_j(reading, gpu),
                self._uncertainty_j(reading, measurement.duration_s),
            )
            for reading in gpu
        ]

    def _disturbances(self, measurement: Measurement, calls: int) -> list[str]:
        found = [*measurement.disturbances, *self._silent_instruments(measurement)]
        if measurement.trace is not None and calls:
            found += filter(None, [aliasing(self._gpu_name, measurement.duration_s / calls)])
        return found

    def _silent_instruments(self, measurement: Measurement) -> list[str]:
        """Name the instruments beside the headline that read nothing; their cells are empty."""
        headline = (self._protocol.headline, "gpu")
        return [
            f"{item.instrument} read no {item.quantity} energy"
            for item in measurement.readings
            if item.energy_j <= 0 and (item.instrument, item.quantity) != headline
        ]

    def _missing_energy(self, fields: dict[str, Any]) -> str | None:
        if self._on_gpu and fields.get("gpu_energy_j") is None:
            return f"{self._protocol.headline}: expected GPU energy above 0 J, found none"
        if not self._on_gpu and fields.get("cpu_energy_j") is None:
            return "codecarbon: expected CPU energy above 0 J, found none"
        return None


def _of_the_work_j(reading: Reading, gpu: Sequence[Reading]) -> float:
    """Return the energy without the tail, where a reading beside it knows when the work ended."""
    for other in gpu if reading.t_end_s is None else ():
        if other.t_end_s is not None and other.idle_after_w is not None:
            tail_s = reading.t_close_s - other.t_end_s
            return without_tail_j(reading.energy_j, tail_s, other.idle_after_w)
    return reading.energy_j


def _unlike(executed: Sequence[int]) -> str | None:
    if len(executed) == 1:
        return None
    return f"expected generations alike, found {' and '.join(map(str, executed))} executed steps"


def _uncounted(planned: PlannedWindow, work: Work) -> str | None:
    """Say that nothing of a generation was counted: the hook hangs on another module."""
    if work.calls or planned.stage is not None:
        return None
    return (
        f"expected {planned.steps} denoiser calls, found 0: is adapter.denoiser the module that "
        "generate calls?"
    )


def _status(problem: str | None, disputed: str | None) -> Status:
    if problem:
        return Status.FAILED
    return Status.DISPUTED if disputed else Status.OK


def _joules(reading: Reading | None) -> float | None:
    return reading.energy_j if reading is not None and reading.energy_j > 0 else None
