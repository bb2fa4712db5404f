"""The environment of published measurements: what their logs say, and nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from repro import __version__
from repro.records import (
    BundleClass,
    CodeIdentity,
    Environment,
    Gpu,
    Instrument,
    Machine,
    ModelFacts,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from repro.catalog import ModelCard
    from repro.importers.emissions import Emission
    from repro.records import Origin, Window

    Emissions = Mapping[str, Sequence[Emission]]

#: Columns that say what was measured; a series of measurements has one value of each.
_HARDWARE = ("gpu_model", "gpu_count", "cpu_model", "cpu_count", "os")
_BYTES_PER_GIB = 2**30  # codecarbon 2.7, hardware.py: B_TO_GB = 1024**3
_GPU = re.compile(r"(?:\d+ x )?(.+)")
_KERNEL = re.compile(r"Linux-(.+?)-(?:x86_64|aarch64)\b.*")


def describe(
    emissions: Emissions, rows: Sequence[Window], card: ModelCard, origin: Origin, *,
    run_id: str, protocol: str, deviations: Sequence[str],
) -> Environment:  # fmt: skip
    """Return the environment of one model's measurements.

    Raises:
        TtaError: they were made on different hardware.

    """
    return Environment(
        bundle_class=BundleClass.MEASURED,
        run_id=run_id,
        tier="imported",
        protocol=protocol,
        size="full",
        weights="hub",
        device="cuda",
        deviations=tuple(deviations),
        overrides=(),
        challenge=None,
        started_at=min(row.started_at for row in rows),
        machine=_machine(emissions),
        source=CodeIdentity(version=__version__, commit=None, dirty=None),
        harness_libraries={"codecarbon": _versions(emissions, "codecarbon_version")},
        model=_model(emissions, card),
        instruments=tuple(_instruments(emissions, rows[0])),
        imported=True,
        origin=origin,
    )


def _machine(emissions: Emissions) -> Machine:
    every = [emission for found in emissions.values() for emission in found]
    first = every[0]
    for emission, column in ((one, name) for one in every for name in _HARDWARE):
        if emission[column] != first[column]:
            raise emission.line.wrong(column, f"{first[column]!r} as in {first.line}")
    return Machine(
        gpu=_gpu(first),
        cpu=first["cpu_model"],
        cpu_cores=int(first["cpu_count"]),
        ram_bytes=round(float(first["ram_total_size"]) * _BYTES_PER_GIB),
        os=first["os"],
        kernel=_KERNEL.sub(r"\1", first["os"]),
        container=None,
    )


def _gpu(emission: Emission) -> Gpu:
    match = _GPU.fullmatch(emission["gpu_model"])
    if match is None:
        raise emission.line.wrong("gpu_model", "the name of a GPU")
    return Gpu(
        name=match[1],
        identity=None,
        index=None,
        memory_bytes=None,
        driver=None,
        cuda_driver=None,
        vbios=None,
        power_limit_w=None,
        persistence=None,
        ecc=None,
        simulated=False,
    )


def _model(emissions: Emissions, card: ModelCard) -> ModelFacts:
    """Take the interpreter from the logs; type and sound are the scripts', as in the card."""
    return ModelFacts(
        libraries={"python": _versions(emissions, "python_version")},
        parameters={},
        dtype=card.dtype,
        attention=None,
        device="cuda",
        sample_rate_hz=card.sample_rate_hz,
        channels=card.channels,
        weights="hub",
    )


def _instruments(emissions: Emissions, row: Window) -> list[Instrument]:
    version = _versions(emissions, "codecarbon_version")
    reads = {
        "gpu": "column gpu_energy, from the energy counter of the GPU",
        "cpu": f"column cpu_energy, {'from RAPL' if row.cpu_source == 'measured' else 'a model'}",
        "ram": "column ram_energy, a model",
    }
    return [
        Instrument(name="codecarbon", version=version, quantity=quantity, reads=text)
        for quantity, text in reads.items()
    ]


def _versions(emissions: Emissions, column: str) -> str:
    """Return the version in a column; where there are several, each with its studies."""
    studies: dict[str, list[str]] = {}
    for study, found in emissions.items():
        for version in sorted({emission[column] for emission in found}):
            studies.setdefault(version, []).append(study)
    if len(studies) == 1:
        return next(iter(studies))
    return ", ".join(f"{version} ({', '.join(names)})" for version, names in studies.items())
