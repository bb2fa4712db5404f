"""One line of a CodeCarbon 2.7 log, every number of it checked, in joules and seconds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from repro.energy.units import JOULES_PER_KWH
from repro.errors import TtaError
from repro.importers.cells import number, positive

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repro.importers.source import Line, SourceFolder

#: EmissionsData of codecarbon 2.7.2 and 2.7.4, in its order.
COLUMNS = (
    "timestamp", "project_name", "run_id", "experiment_id", "duration", "emissions",
    "emissions_rate", "cpu_power", "gpu_power", "ram_power", "cpu_energy", "gpu_energy",
    "ram_energy", "energy_consumed", "country_name", "country_iso_code", "region",
    "cloud_provider", "cloud_region", "os", "python_version", "codecarbon_version", "cpu_count",
    "cpu_model", "gpu_count", "gpu_model", "longitude", "latitude", "ram_total_size",
    "tracking_mode", "on_cloud", "pue",
)  # fmt: skip

_NOT_NEGATIVE = ("emissions", "emissions_rate", "cpu_power", "gpu_power", "ram_power", "gpu_count")
_POSITIVE = (
    "duration", "cpu_energy", "gpu_energy", "ram_energy", "energy_consumed", "cpu_count",
    "ram_total_size", "pue",
)  # fmt: skip

# Mean power of a window: an idle board draws some 10 W, the largest accelerators 1.4 kW and a
# node of them 15 kW. kWh taken for Wh or J, or s for ms, is wrong by a thousand and more.
_PLAUSIBLE_W = (1.0, 20_000.0)
# CodeCarbon adds the parts in another order than they are added here.
_SAME = 1e-6


@dataclass(frozen=True, slots=True)
class Emission:
    """What one tracker measured. ``started_at`` is UTC, and the time its log was written.

    CodeCarbon writes the time of stopping, in whole seconds of local time; the tracker's own tail
    is in it, so that the start cannot be told from it and nothing is subtracted.
    """

    line: Line
    project: str
    started_at: str
    duration_s: float
    gpu_energy_j: float
    cpu_energy_j: float
    ram_energy_j: float
    cpu_power_w: float

    def __getitem__(self, column: str) -> str:
        return self.line.cells[column]


class EmissionLog:
    """Reads logs of one folder, in which no measurement may be there twice."""

    def __init__(self, source: SourceFolder, timezone: str) -> None:
        self._source = source
        self._zone = _zone(timezone)
        self._seen: dict[str, Line] = {}

    def read(self, path: str, *, projects: Sequence[str] = (), lines: int = 0) -> list[Emission]:
        """Return the measurements of a file.

        Args:
            path: of the file, relative to the folder.
            projects: its project names in their order, where that is fixed.
            lines: how many there are, where it is not.

        Raises:
            TtaError: naming file and line.

        """
        found = self._source.read(path, COLUMNS, lines=lines or len(projects))
        for line, project in zip(found, projects, strict=False):
            if line.cells["project_name"] != project:
                raise line.wrong("project_name", repr(project))
        return [self._emission(line) for line in found]

    def _emission(self, line: Line) -> Emission:
        self._check_once(line)
        _check(line)
        return Emission(
            line=line,
            project=line.cells["project_name"],
            started_at=_utc(line, self._zone),
            duration_s=positive(line, "duration"),
            gpu_energy_j=JOULES_PER_KWH * positive(line, "gpu_energy"),
            cpu_energy_j=JOULES_PER_KWH * positive(line, "cpu_energy"),
            ram_energy_j=JOULES_PER_KWH * positive(line, "ram_energy"),
            cpu_power_w=number(line, "cpu_power", least=0.0),
        )

    def _check_once(self, line: Line) -> None:
        run_id = line.cells["run_id"]
        first = self._seen.setdefault(run_id, line)
        if not run_id or first is not line:
            raise TtaError(
                f"{line}: run_id: expected one of its own, found "
                f"{f'that of {first}: the measurement is there twice' if run_id else 'none'}"
            )


def _check(line: Line) -> None:
    """Check the columns that are not carried over too: a damaged line shows anywhere."""
    values = {name: number(line, name, least=0.0) for name in _NOT_NEGATIVE}
    values |= {name: positive(line, name) for name in _POSITIVE}
    number(line, "longitude", least=-180.0, most=180.0)
    number(line, "latitude", least=-90.0, most=90.0)
    _check_units(line, values)


def _check_units(line: Line, values: dict[str, float]) -> None:
    parts = values["cpu_energy"] + values["gpu_energy"] + values["ram_energy"]
    if not math.isclose(values["energy_consumed"], parts, rel_tol=_SAME):
        raise line.wrong(
            "energy_consumed", f"the sum of cpu, gpu and ram, {parts:.6g}: units are mixed"
        )
    rate = values["emissions"] / values["duration"]
    if not math.isclose(values["emissions_rate"], rate, rel_tol=_SAME, abs_tol=1e-15):
        raise line.wrong("emissions_rate", f"emissions by duration, {rate:.6g}: units are mixed")
    least, most = _PLAUSIBLE_W
    for name in ("cpu_energy", "gpu_energy"):
        power_w = values[name] * JOULES_PER_KWH / values["duration"]
        if not least <= power_w <= most:
            raise line.wrong(name, f"kWh that give {least:g} to {most:g} W, not {power_w:.4g} W")


def _utc(line: Line, zone: ZoneInfo) -> str:
    try:
        local = datetime.strptime(line.cells["timestamp"], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=zone)
    except ValueError as error:
        raise line.wrong("timestamp", "local time as 2025-01-31T12:00:00") from error
    return local.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError as error:
        raise TtaError(
            f"time zone {name}: expected in the system's data, found none: install tzdata"
        ) from error
