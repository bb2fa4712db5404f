"""What is written down: frozen, typed, refusing unknown fields. SI units throughout.

Everything here can be imported without a measuring or drawing library.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Record(BaseModel):
    """A value that does not change and holds no field it does not name."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class BundleClass(StrEnum):
    """What the numbers of a bundle may be taken for."""

    MEASURED = "measured"
    DEMONSTRATION = "demonstration"


class Status(StrEnum):
    """How a window ended."""

    OK = "ok"
    OOM = "oom"
    UNSUPPORTED = "unsupported"
    FAILED = "failed"
    DISPUTED = "disputed"

    @property
    def is_done(self) -> bool:
        """Whether the work was done to its end: a dispute is about its energy alone."""
        return self in {Status.OK, Status.DISPUTED}


EnergySource = Literal["measured", "modelled"]

#: What a stage of a generation may be called.
STAGE = r"^[a-z][a-z0-9_]{0,31}$"


class Reading(Record):
    """Energy of one window by one instrument, with the raw reads it was derived from.

    Times are on the harness's monotonic clock, relative to the opening of the window;
    ``raw_...`` are in ``raw_unit``. A reading that reaches beyond the work says when the work began
    and ended, and with which idle power, in W, the time outside was taken off. For the counter that
    power comes from the refreshes ``before`` and ``after``. ``..._u_j`` are standard uncertainties
    in J; that of the sensor's gain is stated apart and enters no other.
    """

    instrument: Literal["codecarbon", "counter", "trace"]
    quantity: Literal["gpu", "cpu", "ram"]
    source: EnergySource
    energy_j: float
    raw_open: float
    raw_close: float
    raw_unit: Literal["mJ", "kWh", "J"]
    t_open_s: float
    t_close_s: float
    t_begin_s: float | None = None
    t_end_s: float | None = None
    idle_before_w: float | None = None
    idle_after_w: float | None = None
    raw_before: float | None = None
    t_before_s: float | None = None
    raw_after: float | None = None
    t_after_s: float | None = None
    tick_u_s: float | None = None
    timing_u_j: float | None = None
    idle_u_j: float | None = None
    gain_u_j: float | None = None


class Trace(Record):
    """Samples of one window, column by column, in whole units, on the clock of its readings.

    Instantaneous power at a stated interval, and now and then the conditions it was drawn under;
    what a GPU does not tell is None. ``event_reasons`` are NVML's bits.
    """

    t_ms: tuple[int, ...]
    power_mw: tuple[int, ...]
    condition_t_ms: tuple[int, ...] = ()
    temperature_c: tuple[int | None, ...] = ()
    sm_clock_mhz: tuple[int | None, ...] = ()
    memory_clock_mhz: tuple[int | None, ...] = ()
    event_reasons: tuple[int | None, ...] = ()


class Clip(Record):
    """One piece of audio that a window produced, by name and content."""

    window: int
    name: str
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
    model: str
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


class Score(Record):
    """One row of ``scores.csv``: the quality of a set of clips by one metric.

    ``metric`` ``fad_inf`` is the distance extrapolated to infinitely many frames.
    """

    dataset: str
    model: str
    steps: int = Field(gt=0)
    metric: Literal["fad", "fad_inf", "clap"]
    value: float
    n: int | None = Field(default=None, gt=0)
    reference: str | None = None
    embedding: str | None = None
    engine: str | None = None
    score_class: BundleClass = Field(serialization_alias="class", validation_alias="class")

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True
    )


Networks = Literal["random", "hub", "folder"]


class DetailedScore(Score):
    """A score with how it was come by and how far it is known; what does not apply is None.

    ``low`` to ``high`` cover 95 % over clips, ``se`` is the standard error. ``raw_value`` is the
    value before it was clamped at 0, ``r2`` how well the line of ``fad_inf`` fits, ``n_frames``
    how many embeddings ``fad`` is of. The digests are of the checkpoint, the list of captions
    and the list of reference clips.
    """

    n_frames: int | None = Field(default=None, gt=0)
    seed: int | None = None
    low: float | None = None
    high: float | None = None
    interval_method: str | None = None
    raw_value: float | None = None
    r2: float | None = None
    checkpoint_sha256: str | None = None
    captions_sha256: str | None = None
    reference_sha256: str | None = None
    networks: Networks | None = None
    se: float | None = Field(default=None, ge=0)


class ScoredClip(Record):
    """One row of ``clips.csv``: a clip of the parent, and its own CLAP score."""

    study: Literal["quality", "sanity"]
    dataset: str
    steps: int = Field(gt=0)
    item: int = Field(ge=0)
    window: int = Field(ge=0)
    name: str
    sha256: str
    clap: float | None = None


class Contrast(Record):
    """One row of ``contrasts.csv``: a metric at two numbers of steps, over the same clips.

    ``difference`` is the value at ``other_steps`` less that at ``steps``; ``low`` to ``high``
    cover 95 %, ``p`` is two-sided against no difference, ``n`` counts clips, ``se`` is the
    standard error and ``df`` the degrees of freedom it is known with.
    """

    dataset: str
    model: str
    metric: Literal["fad", "fad_inf", "clap"]
    steps: int = Field(gt=0)
    other_steps: int = Field(gt=0)
    difference: float
    low: float
    high: float
    n: int = Field(gt=1)
    p: float | None = Field(default=None, ge=0, le=1)
    method: str | None = None
    se: float | None = Field(default=None, ge=0)
    df: float | None = Field(default=None, gt=0)


class SourceFile(Record):
    """One file that an imported bundle was made from, relative to what was imported."""

    path: str
    sha256: str


class Origin(Record):
    """Where the measurements of an imported bundle come from."""

    layout: str
    source: str
    commit: str | None


class Gpu(Record):
    """The measured GPU. ``identity`` is a salted hash: no serial and no UUID is stored.

    Where a bundle is imported, what its source does not say is None.
    """

    name: str
    identity: str | None
    index: int | None
    memory_bytes: int | None
    driver: str | None
    cuda_driver: str | None
    vbios: str | None
    power_limit_w: float | None
    persistence: bool | None
    ecc: bool | None
    simulated: bool


class Machine(Record):
    """The machine, by allow-list: what is not named here is not recorded."""

    gpu: Gpu | None
    cpu: str
    cpu_cores: int
    ram_bytes: int
    os: str
    kernel: str
    container: str | None


class CodeIdentity(Record):
    """The code that measured."""

    version: str
    commit: str | None
    dirty: bool | None


#: How registries name an image by content.
DIGEST = r"^sha256:[0-9a-f]{64}$"


class Image(Record):
    """The container image a run was made in.

    ``lock_sha256`` is by ``environment/file``; ``digest`` is what the operator says it is.
    """

    base: str
    stack: str
    lock_sha256: dict[str, str]
    digest: str | None = Field(default=None, pattern=DIGEST)


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


class Environment(Record):
    """``environment.json``: everything about a run that is not in a row."""

    bundle_class: BundleClass = Field(serialization_alias="class", validation_alias="class")
    run_id: str
    tier: str
    protocol: str
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

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True
    )


class JournalHeader(Record):
    """First line of a journal. A bundle is a pure function of its journal."""

    format_version: Literal[1] = 1
    run_id: str
    request: dict[str, Any]
    environment: Environment
    protocol_toml: str
    model_toml: str
    requirements_lock: str
    planned_windows: int
    captions: tuple[Caption, ...] = ()


class IdleBaseline(Record):
    """What the GPU drew over ``seconds`` with the model loaded and nothing to do; raw in mJ."""

    power_w: float = Field(ge=0)
    seconds: float = Field(gt=0)
    raw_open: int
    raw_close: int


class Session(Record):
    """A worker process within a run: why it was started and which window it measured first.

    A ``process`` is started because the protocol asks for one, a ``restart`` because the one
    before was lost. ``overrides`` are failing checks of the machine that were overridden.
    """

    reason: Literal["start", "resume", "restart", "process"]
    started_at: str
    first_window: int
    idle: IdleBaseline | None = None
    overrides: tuple[str, ...] = ()


class Run(Record):
    """A whole journal, read: the header, its sessions, its finished windows in order."""

    header: JournalHeader
    sessions: tuple[Session, ...]
    entries: tuple[WindowEntry, ...]
    scores: tuple[Score, ...] = ()
    sources: tuple[SourceFile, ...] = ()

    @property
    def overrides(self) -> tuple[str, ...]:
        """Failing checks of the machine that were overridden, at the start or at a resume."""
        begun = self.header.environment.overrides
        later = (text for session in self.sessions for text in session.overrides)
        return tuple(dict.fromkeys((*begun, *later)))

    @property
    def complete(self) -> bool:
        """Whether every planned window, warm-ups apart, is there."""
        return sum(not entry.row.warmup for entry in self.entries) == self.header.planned_windows


class Parent(Record):
    """The run that scores are of: what its signature covers, and what the class follows from."""

    bundle: str
    run_id: str
    tag_manifest_sha256: str
    bundle_class: BundleClass = Field(serialization_alias="class", validation_alias="class")
    model: str
    weights: str

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True
    )


class ScoreEnvironment(Record):
    """``environment.json`` of a score bundle: who scored what with which networks, and where.

    ``remarks`` say what was not scored, and why.
    """

    bundle_class: BundleClass = Field(serialization_alias="class", validation_alias="class")
    run_id: str
    started_at: str
    finished_at: str
    parent: Parent
    engine: str
    networks: Networks
    device: str
    libraries: dict[str, str]
    machine: Machine
    source: CodeIdentity
    harness_libraries: dict[str, str]
    challenge: str | None = None
    remarks: tuple[str, ...] = ()

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True
    )


class ScoreRun(Record):
    """The scores of a run, with the clips they are of and the differences between them."""

    environment: ScoreEnvironment
    request: dict[str, Any]
    requirements_lock: str
    scores: tuple[DetailedScore, ...]
    clips: tuple[ScoredClip, ...]
    contrasts: tuple[Contrast, ...] = ()
