"""CodeCarbon: one tracker for the process with a task a window, or a tracker for each window.

Construction costs 0.2 to 1.8 s by release, a task about 1 ms; the value of ``stop_task`` is that
of the task alone, while ``stop`` adds what came after it.
"""

from __future__ import annotations

import importlib
import logging
import time
import warnings
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal

from repro.energy.alignment import Span
from repro.energy.units import JOULES_PER_KWH
from repro.errors import MeterError
from repro.meter.instrument import Found
from repro.records import Instrument, Reading

if TYPE_CHECKING:
    from repro.records import EnergySource

#: The second is for a counter that moved in none of the first.
WARM_UP_TASKS_S = (0.3, 2.0)


class CodeCarbon:
    """One offline tracker; each window is a task of it.

    Args:
        gpu_index: NVML index of the measured GPU, or None without one. Never a UUID, which
            CodeCarbon 3.3.2 misreads.
        nvml: a stand-in for ``pynvml`` that CodeCarbon is to read instead, or None.

    Raises:
        MeterError: a configuration file or variable of CodeCarbon would change its results, or
            its first task measures no energy.

    """

    prompt = True
    _gpu_manner = "task delta of the energy counter of NVML"

    def __init__(self, gpu_index: int | None, nvml: Any = None) -> None:
        refuse_configuration()
        logging.getLogger("codecarbon").setLevel(logging.CRITICAL)  # importing it resets this
        self._gpu_index = gpu_index
        self._since = self._opened_at = 0.0
        if nvml is not None:
            _substitute(nvml)
        self._tracker = _make_tracker(gpu_index)
        self._discard_first_task()

    def describe(self) -> tuple[Instrument, ...]:
        """Return the quantities CodeCarbon reads and how."""
        name, release = "codecarbon", version("codecarbon")
        instruments = [
            Instrument(name=name, version=release, quantity="cpu", reads=self._cpu_manner()),
            Instrument(name=name, version=release, quantity="ram", reads="modelled by size"),
        ]
        if self._gpu_index is not None:
            gpu = Instrument(name=name, version=release, quantity="gpu", reads=self._gpu_manner)
            instruments.insert(0, gpu)
        return tuple(instruments)

    def open(self, since: float) -> None:
        """Start the task of this window."""
        self._since = since
        self._opened_at = time.perf_counter()
        self._tracker.start_task()

    def close(self, work: Span) -> Found:  # noqa: ARG002 - CodeCarbon has edges of its own
        """Stop the task and return its energies.

        Raises:
            MeterError: CodeCarbon returned nothing.

        """
        data = self._stop()
        closed_at = time.perf_counter()
        if data is None:
            raise MeterError("codecarbon: stopping returned nothing; is another tracker running?")
        source: EnergySource = "measured" if self._measures_cpu() else "modelled"
        values: list[tuple[Literal["gpu", "cpu", "ram"], float, EnergySource]] = [
            ("cpu", data.cpu_energy, source),
            ("ram", data.ram_energy, "modelled"),
        ]
        if self._gpu_index is not None:
            values.insert(0, ("gpu", data.gpu_energy, "measured"))
        readings = tuple(
            Reading(
                instrument="codecarbon",
                quantity=quantity,
                source=origin,
                energy_j=kwh * JOULES_PER_KWH,
                raw_open=0.0,
                raw_close=kwh,
                raw_unit="kWh",
                t_open_s=self._opened_at - self._since,
                t_close_s=closed_at - self._since,
            )
            for quantity, kwh, origin in values
        )
        return Found(readings=readings)

    def _stop(self) -> Any:
        return self._tracker.stop_task()

    def _discard_first_task(self) -> None:
        """Let hardware detection happen outside every window, and see that energy is read."""
        if any(self._empty_task_j(seconds) > 0 for seconds in WARM_UP_TASKS_S):
            return
        quantity = "cpu" if self._gpu_index is None else "gpu"
        raise MeterError(
            f"codecarbon: expected {quantity} energy in {WARM_UP_TASKS_S[-1]} s, found 0; check "
            "that `nvidia-smi` runs in this environment"
        )

    def _empty_task_j(self, seconds: float) -> float:
        begun = time.perf_counter()
        self.open(begun)
        time.sleep(seconds)
        return self.close(Span(begun, begun + seconds)).readings[0].energy_j

    def _measures_cpu(self) -> bool:
        return self._cpu_mode() == "intel_rapl"

    def _cpu_mode(self) -> str | None:
        modes = (getattr(part, "_mode", None) for part in self._tracker._hardware)  # noqa: SLF001 - CodeCarbon does not say elsewhere whether the CPU is measured
        return next((mode for mode in modes if mode), None)

    def _cpu_manner(self) -> str:
        return "RAPL" if self._measures_cpu() else f"modelled ({self._cpu_mode()})"


class CodeCarbonPerWindow(CodeCarbon):
    """A tracker made for each window, whose total counts, as in the scripts of the paper.

    A window begins after its tracker was made, on a GPU that has cooled meanwhile. The total
    goes on to a second reading after that of the task: the tail. CodeCarbon 2.7, which the
    authors had, always takes it; 3.3.2 leaves it out within 50 ms of the first, and is made to.
    """

    _gpu_manner = "total of a tracker per window, with the tail after its task"

    def open(self, since: float) -> None:
        """Make the tracker and start its only task."""
        self._tracker = _make_tracker(self._gpu_index)
        super().open(since)

    def _stop(self) -> Any:
        """Stop the task, then the tracker, and return the tracker's total."""
        if self._tracker.stop_task() is None:
            return None
        self._tracker._measure_power_and_energy()  # noqa: SLF001 - the reading that 3.3.2 leaves out
        self._tracker.stop()
        return getattr(self._tracker, "final_emissions_data", None)


def refuse_configuration() -> None:
    """Raise where a file or variable would silently change what CodeCarbon reports.

    Raises:
        MeterError: there is such a setting; ``pue`` for one multiplies the energy.

    """
    config = importlib.import_module("codecarbon.core.config")
    _, sources = config.get_hierarchical_config_with_sources()
    if sources:
        found = ", ".join(f"{key} from {origin}" for key, origin in sorted(sources.items()))
        raise MeterError(
            f"codecarbon: expected no configuration of its own, found {found}; unset it"
        )


def _make_tracker(gpu_index: int | None) -> Any:
    codecarbon = importlib.import_module("codecarbon")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return codecarbon.OfflineEmissionsTracker(
            country_iso_code="ITA",  # only CO2 depends on it, and CO2 is not reported
            gpu_ids=[] if gpu_index is None else [gpu_index],
            tracking_mode="machine",
            pue=1.0,
            allow_multiple_runs=True,  # a stale lock file must not make a tracker measure nothing
            api_call_interval=-1,
            output_methods=[],
            measure_power_secs=1,
            log_level="critical",
        )


def _substitute(nvml: Any) -> None:
    """Make CodeCarbon read a simulated GPU through its own code."""
    nvidia: Any = importlib.import_module("codecarbon.core.gpu_nvidia")
    gpu: Any = importlib.import_module("codecarbon.core.gpu")
    nvidia.pynvml = nvml
    for module in (nvidia, gpu):
        module.PYNVML_AVAILABLE = True
        module.is_nvidia_system = lambda: True
