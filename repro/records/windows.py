"""What was measured: windows, the audio they made, and the captions it was made from."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from repro.records.base import STAGE, EnergySource, FileName, Record, Status
from repro.records.readings import Reading, Trace


class Clip(Record):
    """One piece of audio that a window produced, by name and content."""

    window: int
    name: FileName
    sha256: str
    seconds: float
    sample_rate_hz: int
    channels: int
    seed: int


class Window(Record):
    """One row of ``measurements.csv``; the fields are its columns, in order.

    ``window`` counts all windows of the run, warm-ups and failures included, from 0.
    ``steps`` is what was asked for, ``executed_steps`` what the denoiser was called for in one
    generation. ``generations`` is how often the same was generated within the window; energies,
    ``duration_s``, ``clips`` and ``audio_s`` are of all of them together. Where there is a
    ``stage``, its work alone was done, so often, and no clip was made.
    What is not known is None, and an empty cell.
    """

    study: Literal["steps", "batch", "quality", "sanity", "stages"]
    model: FileName
    checkpoint: str
    steps: int = Field(gt=0)
    executed_steps: int | None = Field(default=None, ge=0)
    executed_steps_source: Literal["counted", "derived"] | None = None
    batch_size: int = Field(gt=0)
    repeat: int = Field(ge=1)
    item: int = Field(ge=0)
    dataset: str | None = None
    seed: int | None = None
    status: Status
    warmup: bool
    started_at: str
    duration_s: float | None = Field(default=None, gt=0)
    clips: int = Field(ge=0)
    audio_s: float | None = Field(default=None, ge=0)
    gpu_energy_j: float | None = Field(default=None, gt=0)
    gpu_meter: str | None = None
    gpu_energy_codecarbon_j: float | None = Field(default=None, gt=0)
    gpu_energy_counter_j: float | None = Field(default=None, gt=0)
    gpu_energy_trace_j: float | None = Field(default=None, gt=0)
    uncertainty_j: float | None = Field(default=None, gt=0)
    cpu_energy_j: float | None = Field(default=None, gt=0)
    cpu_source: EnergySource | None = None
    ram_energy_j: float | None = Field(default=None, ge=0)
    ram_source: EnergySource | None = None
    disturbances: str | None = None
    window: int = Field(ge=0)
    detail: str | None = None
    generations: int = Field(default=1, ge=1)
    stage: str | None = Field(default=None, pattern=STAGE)

    @property
    def energy_j(self) -> float | None:
        """The GPU's energy, or the CPU's where no GPU was measured."""
        return self.gpu_energy_j if self.gpu_energy_j is not None else self.cpu_energy_j

    @property
    def energy_part(self) -> str:
        """What drew that energy."""
        return "GPU" if self.gpu_energy_j is not None else f"CPU {self.cpu_source}"


class Caption(Record):
    """One row of ``captions.csv``: which caption an item of a study was, never its text.

    ``id`` is the name of its audio file in the data set, ``recording`` what captions of one sound
    share, ``sha256`` the digest of the caption's text, ``seed`` the seed of the clip.
    """

    study: Literal["quality", "sanity"]
    dataset: str
    item: int = Field(ge=0)
    id: str
    recording: str
    sha256: str
    seed: int


class WindowEntry(Record):
    """A finished window as the journal holds it: the row, its raw reads, its audio, its trace."""

    row: Window
    readings: tuple[Reading, ...] = ()
    audio: tuple[Clip, ...] = ()
    trace: Trace | None = None
