"""Everything about a run that is not in a row."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from repro.records.base import BundleClass, FileName, Record
from repro.records.machine import CodeIdentity, Image, Machine


class ModelFacts(Record):
    """What the loaded model said about itself, in its own environment.

    ``flops``: floating-point operations of one clip by stage, a multiply-add as two; those of
    ``denoising`` are of one call of the denoiser, the guidance's second half included. The card
    has them, for the paper's clip at full size; of others they are None.
    """

    libraries: dict[str, str]
    parameters: dict[str, int]
    dtype: str
    attention: str | None
    device: str
    sample_rate_hz: int
    channels: int
    weights: str
    weights_sha256: str | None = None
    latent_shape: tuple[int, ...] | None = None
    duration_mode: str | None = None
    flops: dict[str, int] | None = None


class Instrument(Record):
    """A meter that was used, by name and version.

    ``refresh_jitter_s`` is how irregular the refreshes are beyond what watching them explains, as a
    standard deviation; ``interval_s`` how often samples are taken; ``gain_tolerance`` what an
    absolute reading may be off by, as a share.
    """

    name: str
    version: str
    quantity: str
    refresh_period_s: float | None = None
    reads: str
    refresh_jitter_s: float | None = None
    interval_s: float | None = None
    gain_tolerance: float | None = None


class Origin(Record):
    """Where the measurements of an imported bundle come from."""

    layout: str
    source: str
    commit: str | None


class Environment(Record):
    """``environment.json``: everything about a run that is not in a row."""

    bundle_class: BundleClass = Field(serialization_alias="class", validation_alias="class")
    run_id: FileName
    tier: str
    protocol: FileName
    size: Literal["full", "tiny"]
    weights: str
    device: str
    deviations: tuple[str, ...]
    overrides: tuple[str, ...]
    challenge: str | None
    started_at: str
    machine: Machine
    source: CodeIdentity
    harness_libraries: dict[str, str]
    model: ModelFacts
    instruments: tuple[Instrument, ...]
    imported: bool = False
    origin: Origin | None = None
    image: Image | None = None
    #: Which of the known locks the model's environment was made from: `paper`, the model's own, or
    #: `current`, the newest releases; None where the environment does not say.
    stack: Literal["paper", "current"] | None = None

    model_config = ConfigDict(populate_by_name=True)
